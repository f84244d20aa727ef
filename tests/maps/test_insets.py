"""Insets: small far groups are enlarged, over nothing that people live on."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from maps import cartography, insets
from maps.cartography import Frame

METRIC = "EPSG:32651"
# One large island and, far to the north-east, three small ones near each other.
TYPICAL = [(0, 0, 12, 100_000), (80, 70, 1, 900), (84, 72, 1, 700), (82, 66, 1, 50)]


def archipelago(places: list[tuple[float, float, float, float]]) -> gpd.GeoDataFrame:
    """Return discs: x, y and radius in kilometres, residents."""
    return gpd.GeoDataFrame(
        {
            "island_id": [f"i{n}" for n in range(len(places))],
            "population": [float(people) for *_, people in places],
            "shows_band": True,
        },
        geometry=[shapely.Point(1000 * x, 1000 * y).buffer(1000 * r) for x, y, r, _ in places],
        crs=METRIC,
    )


def chosen(islands: gpd.GeoDataFrame, **more: object) -> tuple[Frame, list[insets.Inset]]:
    frame = cartography.fit(islands.total_bounds, aspect=1.2)
    return frame, insets.choose(islands, frame, **more)  # type: ignore[arg-type]


def area(frame: Frame, box: insets.Box) -> shapely.Polygon:
    """Return what of the ground a box of the map covers."""
    west, south = frame.west + box[0] * frame.width_m, frame.south + box[1] * frame.height_m
    return shapely.box(west, south, west + box[2] * frame.width_m, south + box[3] * frame.height_m)


def test_a_small_far_group_gets_one_inset_of_all_its_islands() -> None:
    _, found = chosen(archipelago(TYPICAL))
    assert [inset.island_ids for inset in found] == [("i1", "i2", "i3")]
    assert found[0].letter == "A"


def test_an_inset_shows_its_islands_larger_than_the_map() -> None:
    islands = archipelago(TYPICAL)
    frame, (inset,) = chosen(islands)
    magnified = (inset.box[2] * frame.width_m) / inset.frame.width_m
    assert magnified == pytest.approx((inset.box[3] * frame.height_m) / inset.frame.height_m)
    assert magnified >= min(insets.MAGNIFICATIONS) - 1e-9
    for island in islands.geometry.iloc[1:]:
        assert inset.frame.box().contains(island)


def test_large_near_and_uninhabited_islands_get_none() -> None:
    near = [(0, 0, 12, 100_000), (14, 0, 1, 900), (60, 60, 12, 1)]
    assert chosen(archipelago(near))[1] == []
    empty = archipelago(TYPICAL).assign(shows_band=[True, False, False, False])
    assert chosen(empty)[1] == []
    assert chosen(archipelago(TYPICAL).assign(population=np.nan))[1] == []


def test_without_empty_sea_there_is_no_inset() -> None:
    islands = archipelago(TYPICAL)
    frame = cartography.fit(islands.total_bounds, aspect=1.2)
    assert insets.choose(islands, frame, keep_free=[frame.box()]) == []


def test_the_group_of_most_people_comes_first_and_the_number_is_bounded() -> None:
    far = [(100 * np.cos(a), 100 * np.sin(a), 1, 10 * n + 1) for n, a in enumerate(np.arange(5))]
    _, found = chosen(archipelago([(0, 0, 8, 100_000), *far]))
    assert len(found) == insets.INSETS_MAX
    assert found[0].island_ids == ("i5",)
    assert [inset.letter for inset in found] == ["A", "B", "C"]


places = st.tuples(st.floats(-90, 90), st.floats(-90, 90), st.floats(0.3, 6), st.integers(1, 5000))


@settings(deadline=None, max_examples=30)
@given(st.lists(places, min_size=1, max_size=14))
def test_insets_cover_nobody_and_not_each_other(
    found_places: list[tuple[float, float, float, float]],
) -> None:
    islands = archipelago([(0, 0, 9, 100_000), *found_places])
    reserved = (0.0, 0.0, 0.27, 0.2)
    frame, found = chosen(islands, reserved=[reserved])
    covers = [area(frame, inset.box) for inset in found]
    frames = [inset.frame.box() for inset in found]
    for cover, inset in zip(covers, found, strict=True):
        assert frame.box().buffer(1).contains(cover)
        assert not islands.intersects(cover).any()
        assert not cover.intersects(area(frame, reserved))
        assert max(inset.box[2:]) <= insets.LONGEST_SIDE
    assert not any(a.intersects(b) for a, b in itertools.combinations(covers, 2))
    assert not any(a.intersects(b) for a in covers for b in frames)
