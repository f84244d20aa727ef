"""Land from coastlines. Squares are drawn in degrees near (0, 0); land is left of the line."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geodata.errors import InputError
from geodata.osm import coast
from geodata.osm.assumptions import Assumptions
from geodata.osm.coast import Land
from geodata.osm.extract import Ways
from tests.geodata.osm import drawing

AREA = shapely.box(-1, -1, 2, 2)
SQUARE = {1: (0.0, 0.0), 2: (1.0, 0.0), 3: (1.0, 1.0), 4: (0.0, 1.0)}


def land(drawn: Ways, area: shapely.Polygon = AREA, *, forgive: bool = False) -> Land:
    return coast.assemble(drawn, area, file="x.osm", assumptions=Assumptions(), forgive=forgive)


def test_a_closed_way_is_an_island() -> None:
    found = land(drawing.ways((7, [1, 2, 3, 4, 1], {}), at=SQUARE))
    assert [s.equals(shapely.box(0, 0, 1, 1)) for s in found.shapes] == [True]
    assert found.ways == [frozenset({7})]
    assert found.cut == [False]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_pieces_are_joined_in_whatever_order_they_stand(order: tuple[int, ...]) -> None:
    pieces = [(7, [1, 2], {}), (8, [2, 3], {}), (9, [3, 4, 1], {})]
    found = land(drawing.ways(*(pieces[k] for k in order), at=SQUARE))
    assert len(found.shapes) == 1
    assert found.shapes[0].equals(shapely.box(0, 0, 1, 1))
    assert found.ways == [frozenset({7, 8, 9})]


def test_a_ring_that_runs_clockwise_is_water() -> None:
    at = SQUARE | {5: (0.2, 0.2), 6: (0.2, 0.4), 7: (0.4, 0.4), 8: (0.4, 0.2)}
    found = land(drawing.ways((1, [1, 2, 3, 4, 1], {}), (2, [5, 6, 7, 8, 5], {}), at=at))
    assert len(found.shapes) == 1
    assert found.shapes[0].area == pytest.approx(1.0 - 0.04)


def test_a_lone_lagoon_is_no_land() -> None:
    assert land(drawing.ways((1, [4, 3, 2, 1, 4], {}), at=SQUARE)).shapes == []


def test_an_island_in_a_lagoon_is_an_island() -> None:
    at = SQUARE | {5: (0.2, 0.2), 6: (0.2, 0.8), 7: (0.8, 0.8), 8: (0.8, 0.2)}
    at |= {11: (0.4, 0.4), 12: (0.6, 0.4), 13: (0.6, 0.6), 14: (0.4, 0.6)}
    rings = ((1, [1, 2, 3, 4, 1], {}), (2, [5, 6, 7, 8, 5], {}), (3, [11, 12, 13, 14, 11], {}))
    found = land(drawing.ways(*rings, at=at))
    assert [round(s.area, 6) for s in found.shapes] == [0.64, 0.04]


def test_land_drawn_inside_land_is_left_out() -> None:
    at = SQUARE | {11: (0.4, 0.4), 12: (0.6, 0.4), 13: (0.6, 0.6), 14: (0.4, 0.6)}
    found = land(drawing.ways((1, [1, 2, 3, 4, 1], {}), (3, [11, 12, 13, 14, 11], {}), at=at))
    assert len(found.shapes) == 1


def test_a_small_gap_is_closed_and_counted() -> None:
    at = SQUARE | {5: (0.0, 0.0005)}  # 56 m north of node 1
    found = land(drawing.ways((7, [1, 2, 3, 4, 5], {}), at=at))
    assert found.shapes[0].area == pytest.approx(1.0)
    assert found.gaps_closed == 1
    assert found.gap_m == pytest.approx(55.7, abs=0.1)


def test_small_gaps_between_pieces_are_closed() -> None:
    at = SQUARE | {5: (1.0, 0.0004), 6: (0.0, 0.0004)}
    found = land(drawing.ways((7, [1, 2], {}), (8, [5, 3, 4, 6], {}), at=at))
    assert len(found.shapes) == 1
    assert found.gaps_closed == 2


def test_a_coast_that_does_not_close_is_a_fault_at_both_ends() -> None:
    with pytest.raises(InputError) as error:
        land(drawing.ways((7, [1, 2, 3, 4], {}), at=SQUARE))
    assert [f.key for f in error.value.faults] == ["osm_coast_open", "osm_coast_open"]
    said = error.value.text("en")
    assert "0.00000, 0.00000" in said
    assert "way 7" in said
    assert "111,320 m apart" in said


def test_a_coast_that_does_not_close_is_left_out_on_request() -> None:
    at = SQUARE | {11: (1.4, 1.4), 12: (1.6, 1.4), 13: (1.6, 1.6), 14: (1.4, 1.6)}
    drawn = drawing.ways((7, [1, 2, 3, 4], {}), (8, [11, 12, 13, 14, 11], {}), at=at)
    found = land(drawn, forgive=True)
    assert found.dropped == 1
    assert [round(s.area, 6) for s in found.shapes] == [0.04]


def test_an_island_is_cut_at_the_edge_and_says_so() -> None:
    area = shapely.box(-1, -1, 0.5, 2)
    found = land(drawing.ways((7, [1, 2, 3, 4, 1], {}), at=SQUARE), area)
    assert found.shapes[0].equals(shapely.box(0, 0, 0.5, 1))
    assert found.cut == [True]


def test_a_mainland_coast_is_closed_along_the_edge_on_its_left() -> None:
    """The line runs west along y = 0.5 right across the area: land is to its left, the south."""
    at = {1: (3.0, 0.5), 2: (-2.0, 0.5)}
    found = land(drawing.ways((7, [1, 2], {}), at=at))
    assert found.shapes[0].equals(shapely.box(-1, -1, 2, 0.5))
    east = land(drawing.ways((7, [2, 1], {}), at=at))
    assert east.shapes[0].equals(shapely.box(-1, 0.5, 2, 2))


def test_a_line_torn_by_the_extract_is_drawn_on_to_the_edge() -> None:
    """Nodes 9 and 10 lie beyond the edge and are missing from the file."""
    at = {1: (1.9, 0.5), 2: (-0.9, 0.5)}
    found = land(drawing.ways((7, [9, 1, 2, 10], {}), at=at))
    assert found.drawn_out == 2
    assert found.shapes[0].area == pytest.approx(3.0 * 1.5)


def test_a_line_that_stops_just_before_the_edge_is_drawn_on_to_it() -> None:
    at = {1: (1.99, 0.5), 2: (-0.99, 0.5)}
    found = land(drawing.ways((7, [1, 2], {}), at=at))
    assert found.drawn_out == 2
    assert found.shapes[0].area == pytest.approx(4.5)


def test_without_coastlines_there_is_no_land() -> None:
    assert land(drawing.ways(at={})).shapes == []


def test_a_ring_that_crosses_itself_still_gives_valid_land() -> None:
    at = {1: (0.0, 0.0), 2: (1.0, 1.0), 3: (1.0, 0.0), 4: (0.0, 1.0), 5: (-0.5, 0.5)}
    found = land(drawing.ways((7, [1, 2, 3, 4, 5, 1], {}), at=at))
    assert all(s.is_valid for s in found.shapes)


stars = st.lists(st.floats(0.3, 1.0), min_size=5, max_size=24)
# The map gives coordinates to seven digits.
boxes = st.tuples(*[st.floats(-1.2, 1.2).map(lambda x: round(x, 6))] * 4)


@settings(max_examples=60, deadline=None)
@given(stars, boxes, st.integers(1, 5))
def test_the_land_in_any_box_is_the_island_cut_by_the_box(
    radii: list[float], corners: tuple[float, ...], parts: int
) -> None:
    """Oracle: a star-shaped island cut with shapely, against its coast drawn as open pieces."""
    (x0, x1), (y0, y1) = sorted(corners[:2]), sorted(corners[2:])
    assume(x1 - x0 > 0.1 and y1 - y0 > 0.1)
    angle = np.linspace(0.0, 2.0 * np.pi, len(radii), endpoint=False)
    points = np.column_stack((np.cos(angle), np.sin(angle))) * np.array(radii)[:, None]
    points = points.round(6)
    island, box = shapely.Polygon(points), shapely.box(x0, y0, x1, y1)
    expected = island.intersection(box)
    # A box inside the island sees no coast at all; one that grazes it is a matter of rounding.
    assume(not island.contains(box) and (expected.area > 1e-3 or not island.intersects(box)))
    at = {k: (float(x), float(y)) for k, (x, y) in enumerate(points, start=1)}
    ring = [*at, 1]
    cuts = np.unique(np.linspace(0, len(ring) - 1, parts + 1).astype(int))
    pieces = [(int(a), ring[a : b + 1], {}) for a, b in itertools.pairwise(cuts)]
    found = shapely.union_all(land(drawing.ways(*pieces, at=at), box).shapes)
    assert found.symmetric_difference(expected).area < 1e-6
