"""Coordinate systems: published points of GCJ-02 and BD-09, inverses, and metric zones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata import crs

# (wgs_lon, wgs_lat, gcj_lon, gcj_lat): the test vectors that the public implementations quote
# (coordtransform's README for the first, eviltransform's tests for the others).
PUBLISHED_GCJ02 = [
    (116.404, 39.915, 116.41024449916938, 39.91640428150164),
    (121.5272106, 31.1774276, 121.531541859215, 31.17530398364597),
    (113.912316, 22.543847, 113.9171764808363, 22.540796131694766),
    (116.377817, 39.911954, 116.38404722455657, 39.91334545536069),
]
# Dinghai, Shenjiamen, Jintang, Gaoting, Caiyuan.
ZHOUSHAN = [(122.10, 30.00), (122.30, 29.95), (121.90, 30.05), (122.20, 30.25), (122.45, 30.72)]
CONVERSIONS = [crs.gcj02_to_wgs84, crs.bd09_to_wgs84]

lons_in_china = st.floats(73.0, 135.0)
lats_in_china = st.floats(18.0, 53.5)
untimed = settings(deadline=None)


@pytest.mark.parametrize(("lon", "lat", "gcj_lon", "gcj_lat"), PUBLISHED_GCJ02)
def test_wgs84_to_gcj02_gives_the_published_points(
    lon: float, lat: float, gcj_lon: float, gcj_lat: float
) -> None:
    assert crs.wgs84_to_gcj02(lon, lat) == pytest.approx((gcj_lon, gcj_lat), abs=1e-9)


@pytest.mark.parametrize(("lon", "lat", "gcj_lon", "gcj_lat"), PUBLISHED_GCJ02)
def test_gcj02_to_wgs84_gives_the_published_points(
    lon: float, lat: float, gcj_lon: float, gcj_lat: float
) -> None:
    assert crs.gcj02_to_wgs84(gcj_lon, gcj_lat) == pytest.approx((lon, lat), abs=1e-9)


def test_bd09_gives_the_published_points() -> None:
    """The vectors of coordtransform's README, of one step and of both steps together."""
    one_step = crs.gcj02_to_bd09(116.404, 39.915)
    assert one_step == pytest.approx((116.41036949371029, 39.92133699351021), abs=1e-9)
    both_steps = crs.gcj02_to_bd09(*crs.wgs84_to_gcj02(116.404, 39.915))
    assert both_steps == pytest.approx((116.41662724378733, 39.922699552216216), abs=1e-9)
    back = crs.bd09_to_wgs84(116.41662724378733, 39.922699552216216)
    assert back == pytest.approx((116.404, 39.915), abs=1e-9)


@pytest.mark.parametrize(("lon", "lat"), ZHOUSHAN)
def test_gcj02_lies_about_400_m_east_and_265_m_south_in_zhoushan(lon: float, lat: float) -> None:
    gcj = crs.wgs84_to_gcj02(lon, lat)
    true, shown = crs.to_metric([lon, gcj[0]], [lat, gcj[1]], "EPSG:32651")
    assert shown - true == pytest.approx((400.0, -265.0), abs=35.0)


@untimed
@given(lon=lons_in_china, lat=lats_in_china)
def test_gcj02_round_trips_both_ways(lon: float, lat: float) -> None:
    there = crs.gcj02_to_wgs84(*crs.wgs84_to_gcj02(lon, lat))
    assert there == pytest.approx((lon, lat), abs=1e-9, rel=0)
    back = crs.wgs84_to_gcj02(*crs.gcj02_to_wgs84(lon, lat))
    assert back == pytest.approx((lon, lat), abs=1e-9, rel=0)


@untimed
@given(lon=lons_in_china, lat=lats_in_china)
def test_bd09_round_trips_both_ways(lon: float, lat: float) -> None:
    there = crs.bd09_to_wgs84(*crs.gcj02_to_bd09(*crs.wgs84_to_gcj02(lon, lat)))
    assert there == pytest.approx((lon, lat), abs=1e-9, rel=0)
    back = crs.gcj02_to_bd09(*crs.wgs84_to_gcj02(*crs.bd09_to_wgs84(lon, lat)))
    assert back == pytest.approx((lon, lat), abs=1e-9, rel=0)


@untimed
@given(lon=lons_in_china, lat=lats_in_china)
def test_offset_is_real_but_below_two_kilometres(lon: float, lat: float) -> None:
    gcj_lon, gcj_lat = crs.wgs84_to_gcj02(lon, lat)
    offset_m = 111_320.0 * np.hypot((gcj_lon - lon) * np.cos(np.radians(lat)), gcj_lat - lat)
    assert 1.0 < offset_m < 2_000.0


@pytest.mark.parametrize("convert", [*CONVERSIONS, crs.wgs84_to_gcj02, crs.gcj02_to_bd09])
def test_arrays_keep_their_shape_and_convert_point_by_point(
    convert: Callable[..., tuple[crs.Floats, crs.Floats]],
) -> None:
    lon, lat = np.array(ZHOUSHAN[:4]).T.reshape(2, 2, 2)
    x, y = convert(lon, lat)
    assert x.shape == y.shape == (2, 2)
    for place in np.ndindex(2, 2):
        assert (x[place], y[place]) == pytest.approx(convert(lon[place], lat[place]), abs=1e-12)


def test_geometry_is_converted_vertex_by_vertex_with_its_holes() -> None:
    shell = [(122.0, 30.0), (122.1, 30.0), (122.1, 30.1), (122.0, 30.1), (122.0, 30.0)]
    hole = [(122.04, 30.04), (122.06, 30.04), (122.06, 30.06), (122.04, 30.04)]
    island = shapely.MultiPolygon([shapely.Polygon(shell, [hole])])
    shown = shapely.transform(island, lambda xy: np.column_stack(crs.wgs84_to_gcj02(*xy.T)))
    assert not shapely.equals_exact(shown, island, tolerance=1e-3)
    assert shapely.equals_exact(crs.geometry_to_wgs84(shown), island, tolerance=1e-9)


def test_geometry_takes_another_conversion() -> None:
    point = crs.geometry_to_wgs84(
        shapely.Point(116.41662724378733, 39.922699552216216), crs.bd09_to_wgs84
    )
    assert point.coords[0] == pytest.approx((116.404, 39.915), abs=1e-9)


@pytest.mark.parametrize(
    ("lon", "lat", "expected"),
    [
        (122.2, 30.0, "EPSG:32651"),
        (119.999, 30.0, "EPSG:32650"),
        (120.0, 30.0, "EPSG:32651"),
        (14.4, 35.9, "EPSG:32633"),
        (-7.0, 57.5, "EPSG:32629"),
        (174.8, -36.8, "EPSG:32760"),
        (-180.0, 0.0, "EPSG:32601"),
        (180.0, -1.0, "EPSG:32701"),
        (179.999, 1.0, "EPSG:32660"),
    ],
)
def test_metric_crs_is_the_utm_zone_of_the_place(lon: float, lat: float, expected: str) -> None:
    assert crs.metric_crs_for(lon, lat) == expected
    assert crs.is_metric(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("EPSG:32651", True),
        ("EPSG:4549", True),
        ("EPSG:4326", False),
        ("EPSG:4978", False),
        ("EPSG:2263", False),
        ("EPSG:99999", False),
        ("no such system", False),
        ("", False),
    ],
)
def test_only_a_projected_crs_in_metres_is_metric(name: str, expected: bool) -> None:
    """EPSG:4978 is geocentric and EPSG:2263 counts in feet."""
    assert crs.is_metric(name) is expected


def test_metric_coordinates_of_a_known_point() -> None:
    """On zone 51's central meridian, 123 E, easting is 500 km.

    Northing is 0.9996 times the meridian arc from the equator to 30 N on WGS84, 3,320,113.398 m.
    """
    xy = crs.to_metric([123.0], [30.0], "EPSG:32651")
    assert xy.shape == (1, 2)
    assert xy[0] == pytest.approx((500_000.0, 0.9996 * 3_320_113.398), abs=0.01)


@untimed
@given(st.lists(st.tuples(st.floats(119.0, 126.0), st.floats(20.0, 40.0)), min_size=1, max_size=5))
def test_metric_coordinates_round_trip(points: list[tuple[float, float]]) -> None:
    lonlat = np.array(points)
    xy = crs.to_metric(lonlat[:, 0], lonlat[:, 1], "EPSG:32651")
    np.testing.assert_allclose(crs.to_wgs84(xy, "EPSG:32651"), lonlat, rtol=0, atol=1e-9)
