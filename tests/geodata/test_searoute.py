"""Paths over water against hand-worked detours and a slow visibility graph.

Lengths are metres on a plane unless the name says km. A path may cut land by a quarter of a cell,
the corner of a block by a third (where a knight's move passes it), and keeps up to about two cells
off; the bounds below say the same.
"""

from __future__ import annotations

import itertools
import math

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geodata import searoute

CELL_M = 200.0
CUT_M = 0.35 * CELL_M
FRAME = {"cell_m": CELL_M, "margin_m": 4_000.0}
NOWHERE = shapely.box(90_000, 90_000, 91_000, 91_000)
# Angles of the sixteen moves: a lattice path is at most this much longer than a straight one.
LATTICE_EXCESS = 1.0275

Point = tuple[float, float]
untimed = settings(deadline=None, max_examples=40)


def path(
    land: shapely.Geometry, origin: Point, target: Point, **options: float
) -> searoute.SeaPath | None:
    """Return the path from one point to one other, or None."""
    found = searoute.paths(land, np.array([origin]), np.array([target]), **{**FRAME, **options})
    assert set(found) <= {(0, 0)}
    return found.get((0, 0))


def length_m(land: shapely.Geometry, origin: Point, target: Point, **options: float) -> float:
    """Return the length of the path between two points that have one."""
    found = path(land, origin, target, **options)
    assert found is not None
    return 1000.0 * found.length_km


def detour_m(obstacles: shapely.Geometry, origin: Point, target: Point) -> float:
    """The slow way: Dijkstra over all pairs of corners that see each other."""
    spots = [origin, target, *map(tuple, shapely.get_coordinates(obstacles).tolist())]
    inside = obstacles.buffer(-1e-3)
    graph = nx.Graph()
    graph.add_nodes_from(spots)
    for a, b in itertools.combinations(set(spots), 2):
        if not shapely.LineString([a, b]).intersects(inside):
            graph.add_edge(a, b, weight=math.dist(a, b))
    return float(nx.dijkstra_path_length(graph, origin, target))


def grown(land: shapely.Geometry, by_m: float) -> shapely.Geometry:
    """Return `land` grown (or, where negative, shrunk) with its corners kept square."""
    return land.buffer(by_m, join_style="mitre")


sea_points = st.tuples(st.integers(0, 10_000), st.integers(-4_000, 4_000))


@untimed
@given(sea_points, sea_points)
def test_over_open_water_the_path_is_the_straight_line(origin: Point, target: Point) -> None:
    found = path(NOWHERE, origin, target)
    assert found is not None
    assert found.length_km == pytest.approx(math.dist(origin, target) / 1000.0, abs=1e-9)
    assert found.xy.tolist() == [list(origin), list(target)]


def test_land_beside_the_straight_line_does_not_matter() -> None:
    beside = shapely.box(4_000, 500, 6_000, 3_000)
    assert length_m(beside, (0, 0), (10_000, 0)) == pytest.approx(10_000.0)


def test_an_island_in_between_costs_the_hand_worked_detour() -> None:
    """From (0, 0) to (10, 0) km round a block from x = 4 to 6 and y = -3 to 3 km.

    The corners (4, 3) and (6, 3) are 5 km from their ends (3-4-5 triangles) and 2 km apart: 12 km.
    Cutting the corners by a quarter of a cell (50 m) saves 79 m: 2 * hypot(4050, 2950) + 1900.
    """
    block = shapely.box(4_000, -3_000, 6_000, 3_000)
    found = length_m(block, (0, 0), (10_000, 0))
    assert 2 * math.hypot(4_050, 2_950) + 1_900 <= found <= 12_000 + CELL_M
    assert length_m(block, (0, 0), (10_000, 0), cell_m=50.0) == pytest.approx(12_000, abs=60)


def test_the_shorter_side_of_an_island_is_chosen() -> None:
    """The block reaches 1 km south and 3 km north: 2 * hypot(4, 1) + 2 = 10.25 km by the south."""
    block = shapely.box(4_000, -1_000, 6_000, 3_000)
    found = path(block, (0, 0), (10_000, 0))
    assert found is not None
    assert found.length_km == pytest.approx(10.246, abs=0.15)
    assert found.xy[:, 1].min() < -900
    assert found.xy[:, 1].max() <= 0


def test_a_bay_is_left_by_its_mouth() -> None:
    """A U of land open to the west; from its inside to a point just east of it.

    Out of the mouth at x = 0, round the corner (0, 2) km, along 5 km to (5, 2), then south:
    hypot(3, 2 - 1) from (3, 0) past the inner corner (0, 1), 1 up, 5 along, hypot(1, 2) down.
    """
    bay = shapely.box(0, -2_000, 5_000, 2_000) - shapely.box(-1, -1_000, 4_000, 1_000)
    expected = math.hypot(3_000, 1_000) + 1_000 + 5_000 + math.hypot(1_000, 2_000)
    found = length_m(bay, (3_000, 0), (6_000, 0), cell_m=100.0)
    assert detour_m(bay, (3_000, 0), (6_000, 0)) == pytest.approx(expected)
    assert found == pytest.approx(expected, rel=0.03)


blocks = st.builds(
    lambda x, y, width, height: shapely.box(x, y, x + width, y + height),
    st.integers(1_500, 7_000),
    st.integers(-3_000, 2_000),
    st.integers(600, 2_500),
    st.integers(600, 3_000),
)
archipelagos = st.lists(blocks, min_size=1, max_size=3).map(shapely.union_all)
west, east = (st.tuples(st.just(x), st.integers(-2_500, 2_500)) for x in (0, 11_000))


@untimed
@given(archipelagos, west, east)
def test_length_lies_between_those_of_the_visibility_graphs(
    land: shapely.Geometry, origin: Point, target: Point
) -> None:
    """Not shorter than round the land less what a path may cut.

    Not longer than a lattice path (and three cells to get onto and off the lattice) round the land
    grown by two cells.
    """
    found = length_m(land, origin, target)
    assert found >= detour_m(grown(land, -CUT_M), origin, target) - 1e-6
    slow = detour_m(grown(land, 2 * CELL_M), origin, target)
    assert found <= LATTICE_EXCESS * slow + 3 * CELL_M


@untimed
@given(archipelagos, west, east)
def test_a_path_starts_and_ends_at_its_points_and_stays_off_the_land(
    land: shapely.Geometry, origin: Point, target: Point
) -> None:
    found = path(land, origin, target)
    assert found is not None
    assert found.xy[0].tolist() == list(origin)
    assert found.xy[-1].tolist() == list(target)
    line = shapely.LineString(found.xy)
    assert found.length_km == pytest.approx(line.length / 1000.0)
    assert line.intersection(grown(land, -CUT_M)).length == 0.0
    straight = shapely.LineString([origin, target])
    if straight.intersects(land.buffer(-0.25 * CELL_M)):
        assert line.length > straight.length
    else:
        assert line.length == pytest.approx(straight.length)


@pytest.mark.parametrize("offset_m", [0, 30, 70, 110, 150, 190])
@pytest.mark.parametrize("slant_m", [0, 900, 3_000])
def test_a_wall_wider_than_a_cell_is_never_sailed_through(offset_m: int, slant_m: int) -> None:
    """However it lies on the lattice: the way leads round one of its ends, 4 km off the line."""
    x = 5_000 + offset_m
    wall = shapely.LineString([(x - slant_m, -4_000), (x + slant_m, 4_000)])
    wall = wall.buffer(0.55 * CELL_M, cap_style="flat")
    found = path(wall, (0, 0), (10_000, 0), margin_m=7_000.0)
    assert found is not None
    assert found.length_km > 12.0
    assert not shapely.LineString(found.xy).intersects(grown(wall, -0.5 * CELL_M))


@untimed
@given(archipelagos, west, st.tuples(st.integers(0, 11_000), st.integers(3_800, 5_000)), east)
def test_a_stop_on_the_way_never_makes_the_path_shorter(
    land: shapely.Geometry, origin: Point, stop: Point, target: Point
) -> None:
    """The triangle inequality, but for what the lattice adds to the direct path."""
    assume(land.distance(shapely.Point(stop)) > 2 * CELL_M)
    points = np.array([origin, stop, target], float)
    found = searoute.paths(land, points, points, **FRAME)
    direct, first, then = (1000 * found[pair].length_km for pair in [(0, 2), (0, 1), (1, 2)])
    assert direct <= LATTICE_EXCESS * (first + then) + 6 * CELL_M
    back = 1000 * found[2, 0].length_km
    assert back == pytest.approx(direct, rel=LATTICE_EXCESS - 1, abs=2 * CELL_M)


def test_a_point_on_land_starts_at_the_nearest_open_water() -> None:
    """The origin stands 500 m inland of a west coast: the 500 m over land are no passage."""
    island = shapely.box(4_500, -3_000, 9_000, 3_000)
    found = path(island, (5_000, 0), (0, 0))
    assert found is not None
    assert found.length_km == pytest.approx(4.5, abs=CELL_M / 1000.0)
    assert found.xy[0].tolist() != [5_000, 0]


def test_all_pairs_are_keyed_by_origin_and_target() -> None:
    origins = np.array([[0.0, 0.0], [0.0, 1_000.0]])
    targets = np.array([[3_000.0, 0.0], [0.0, 5_000.0], [4_000.0, 4_000.0]])
    found = searoute.paths(NOWHERE, origins, targets, **FRAME)
    assert set(found) == set(itertools.product(range(2), range(3)))
    for (i, j), one in found.items():
        assert one.length_km == pytest.approx(math.dist(origins[i], targets[j]) / 1000.0)


def test_a_lagoon_has_no_path_to_the_sea() -> None:
    lagoon = shapely.Point(10_000, 0)
    atoll = lagoon.buffer(3_000) - lagoon.buffer(1_500)
    assert path(atoll, (0, 0), (10_000, 0)) is None
    assert path(atoll, (10_000, 0), (0, 0)) is None
    opened = atoll - shapely.box(6_000, -400, 10_000, 400)
    assert length_m(opened, (0, 0), (10_000, 0)) == pytest.approx(10_000)


def test_only_the_pairs_of_a_lagoon_are_absent() -> None:
    lagoon = shapely.Point(10_000, 0)
    atoll = lagoon.buffer(3_000) - lagoon.buffer(1_500)
    points = np.array([[0.0, 0.0], [10_000.0, 0.0], [0.0, 3_000.0]])
    found = searoute.paths(atoll, points, points, **FRAME)
    assert set(found) == {(0, 0), (0, 2), (2, 0), (2, 2)}


def test_a_wall_across_the_whole_frame_leaves_no_path() -> None:
    wall = shapely.box(4_000, -1e5, 6_000, 1e5)
    assert path(wall, (0, 0), (10_000, 0)) is None


def test_without_any_water_there_is_no_path() -> None:
    assert path(shapely.box(-1e5, -1e5, 1e5, 1e5), (0, 0), (10_000, 0)) is None


def test_too_many_cells_are_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"1801 x 1401 sea cells of 10 m: choose larger cells"):
        path(NOWHERE, (0, 0), (10_000, 6_000), cell_m=10.0)


@untimed
@given(archipelagos, st.lists(west, min_size=1, max_size=3), st.lists(east, min_size=1, max_size=2))
def test_waters_laid_once_give_the_paths_of_a_search_by_itself(
    land: shapely.Geometry, origins: list[Point], targets: list[Point]
) -> None:
    start, goal = np.array(origins, float), np.array(targets, float)
    around = np.vstack([start, goal])
    waters = searoute.Waters(land, goal, around=around, **FRAME)
    expected = searoute.paths(land, start, goal, **FRAME)
    for i, origin in enumerate(start):
        found = waters.paths_from(origin)
        assert set(found) == {j for i_, j in expected if i_ == i}
        for j, one in found.items():
            np.testing.assert_array_equal(one.xy, expected[i, j].xy)
            assert one.length_km == expected[i, j].length_km
