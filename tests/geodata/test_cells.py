"""The piece of land that each demand point stands for."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import shapely.affinity

from geodata import cells
from geodata.region import WGS84, Region

METRIC = "EPSG:32651"
# Metres from a corner in the middle of zone 51, so that the numbers below stay small.
EAST_M, NORTH_M = 400_000.0, 3_320_000.0

Spot = tuple[str, float, float, float | None]


def here(geometry: shapely.Geometry) -> shapely.Geometry:
    """Return a geometry in metres from the corner as metric coordinates."""
    return shapely.affinity.translate(geometry, EAST_M, NORTH_M)


def cells_of(
    islands: dict[str, shapely.Polygon], spots: Sequence[Spot], index: list[int] | None = None
) -> list[shapely.Polygon]:
    """Return the cells of a small region, in metres from the corner.

    Args:
        islands: island id to shape, metres from the corner.
        spots: island id, x and y in metres from the corner, and `cell_size_m` or None for blank.
        index: row labels of the demand table.
    """
    shapes = gpd.GeoSeries([here(g) for g in islands.values()], crs=METRIC).to_crs(WGS84)
    points = gpd.GeoSeries([here(shapely.Point(x, y)) for _, x, y, _ in spots], crs=METRIC)
    demand = {
        "island_id": [island for island, *_ in spots],
        "cell_size_m": pd.Series([size for *_, size in spots], dtype=float).to_numpy(),
    }
    layers = {
        "meta": pd.DataFrame({"key": ["metric_crs"], "value": [METRIC]}),
        "islands": gpd.GeoDataFrame({"island_id": list(islands)}, geometry=shapes),
        "demand": gpd.GeoDataFrame(demand, geometry=points.to_crs(WGS84)).set_axis(
            index or range(len(spots))
        ),
    }
    found = cells.polygons(Region(layers))
    assert found.crs == WGS84
    assert found.index.tolist() == layers["demand"].index.tolist()
    metric = found.to_crs(METRIC)
    return [shapely.affinity.translate(g, -EAST_M, -NORTH_M) for g in metric]


def assert_same_shape(found: shapely.Geometry, expected: shapely.Geometry) -> None:
    """Two shapes agree but for rounding in the projections."""
    assert found.symmetric_difference(expected).area < 1.0


BIG = shapely.box(0, 0, 4_000, 3_000)


def test_a_cell_inland_is_the_whole_square_of_its_size() -> None:
    found = cells_of({"a": BIG}, [("a", 1_000, 1_000, 500.0), ("a", 2_000, 1_000, 200.0)])
    assert_same_shape(found[0], shapely.box(750, 750, 1_250, 1_250))
    assert_same_shape(found[1], shapely.box(1_900, 900, 2_100, 1_100))


def test_a_blank_size_is_500_m() -> None:
    found = cells_of({"a": BIG}, [("a", 1_000, 1_000, None), ("a", 2_000, 1_000, 100.0)])
    assert_same_shape(found[0], shapely.box(750, 750, 1_250, 1_250))


def test_a_square_is_cut_by_its_island() -> None:
    found = cells_of({"a": BIG}, [("a", 100, 50, 500.0), ("a", 1_000, 1_000, 500.0)])
    assert_same_shape(found[0], shapely.box(0, 0, 350, 300))


def test_a_square_is_not_cut_to_a_neighbouring_island() -> None:
    islands = {"a": BIG, "b": shapely.box(4_100, 0, 8_100, 3_000)}
    found = cells_of(islands, [("a", 3_950, 1_000, 500.0), ("a", 1_000, 1_000, 500.0)])
    assert_same_shape(found[0], shapely.box(3_700, 750, 4_000, 1_250))


def test_the_only_point_of_a_small_island_stands_for_all_of_it() -> None:
    small = shapely.box(0, 0, 3_000, 1_900)  # 5.7 km2
    (found,) = cells_of({"a": small}, [("a", 500, 500, 500.0)])
    assert_same_shape(found, small)


def test_the_only_point_of_a_large_island_stands_for_its_square() -> None:
    large = shapely.box(0, 0, 3_000, 2_100)  # 6.3 km2
    (found,) = cells_of({"a": large}, [("a", 500, 500, 500.0)])
    assert_same_shape(found, shapely.box(250, 250, 750, 750))


def test_two_points_of_a_small_island_share_it_by_squares() -> None:
    small = shapely.box(0, 0, 1_000, 500)
    found = cells_of({"a": small}, [("a", 250, 250, 500.0), ("a", 750, 250, 500.0)])
    assert_same_shape(found[0], shapely.box(0, 0, 500, 500))
    assert_same_shape(found[1], shapely.box(500, 0, 1_000, 500))


def test_a_point_off_the_shore_keeps_its_square() -> None:
    found = cells_of({"a": BIG}, [("a", -600, 1_000, 500.0), ("a", 1_000, 1_000, 500.0)])
    assert_same_shape(found[0], shapely.box(-850, 750, -350, 1_250))


def test_the_outline_of_a_whole_island_is_within_20_m() -> None:
    """A round island of many vertices is drawn with fewer."""
    disc = shapely.Point(0, 0).buffer(800, quad_segs=200)
    (found,) = cells_of({"a": disc}, [("a", 0, 0, 500.0)])
    assert len(shapely.get_coordinates(found)) < 60
    assert shapely.hausdorff_distance(found, disc) == pytest.approx(0, abs=20.5)


def test_order_and_row_labels_are_those_of_the_demand() -> None:
    small = shapely.box(9_000, 0, 9_500, 500)
    spots: list[Spot] = [
        ("b", 9_100, 100, 500.0),
        ("a", 1_000, 1_000, 500.0),
        ("a", 2_000, 1_000, 500.0),
    ]
    found = cells_of({"a": BIG, "b": small}, spots, index=[9, 4, 7])
    assert_same_shape(found[0], small)
    assert_same_shape(found[1], shapely.box(750, 750, 1_250, 1_250))
    assert_same_shape(found[2], shapely.box(1_750, 750, 2_250, 1_250))
