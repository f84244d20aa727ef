"""Coordinate systems: GCJ-02 and BD-09 to WGS84 and back, and the choice of a metric CRS.

GCJ-02 is the offset system of Chinese online maps (AMap, Tencent), BD-09 Baidu's on top of it. Both
are plain functions of longitude and latitude; their published form has no closed inverse, so the
inverse is found by fixed-point iteration to well below a millimetre.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer

Floats = NDArray[np.float64]
Shape = TypeVar("Shape", bound=shapely.Geometry)

# Krasovsky 1940 ellipsoid, on which the offset is defined.
_SEMI_MAJOR_M = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323
_BD_TURN = np.pi * 3000.0 / 180.0
_FIXED_POINT_STEPS = 12


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return GCJ-02 longitude and latitude of WGS84 points.

    Args:
        lon, lat: degrees on WGS84, any shape; meant for China, where the offset is defined.
    """
    x, y = np.asarray(lon, float), np.asarray(lat, float)
    east_m, north_m = _offset_m(x - 105.0, y - 35.0)
    sin_lat = np.sin(np.radians(y))
    w2 = 1.0 - _ECCENTRICITY_2 * sin_lat**2
    meridian_m = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY_2) / w2**1.5
    parallel_m = _SEMI_MAJOR_M / np.sqrt(w2) * np.cos(np.radians(y))
    return x + np.degrees(east_m / parallel_m), y + np.degrees(north_m / meridian_m)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return WGS84 longitude and latitude of GCJ-02 points (degrees, any shape)."""
    return _inverse(wgs84_to_gcj02, lon, lat)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return BD-09 longitude and latitude of GCJ-02 points (degrees, any shape)."""
    x, y = np.asarray(lon, float), np.asarray(lat, float)
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return WGS84 longitude and latitude of BD-09 points (degrees, any shape)."""
    return gcj02_to_wgs84(*_inverse(gcj02_to_bd09, lon, lat))


def geometry_to_wgs84(
    geometry: Shape,
    convert: Callable[[ArrayLike, ArrayLike], tuple[Floats, Floats]] = gcj02_to_wgs84,
) -> Shape:
    """Return `geometry` with every vertex converted; GCJ-02 unless another `convert` is given."""

    def vertices(coordinates: Floats) -> Floats:
        return np.column_stack(convert(coordinates[:, 0], coordinates[:, 1]))

    return shapely.transform(geometry, vertices)


def metric_crs_for(lon: float, lat: float) -> str:
    """Return the UTM zone on WGS84 that holds a point, as ``EPSG:326xx`` or ``EPSG:327xx``."""
    zone = int((lon + 180.0) // 6.0) % 60 + 1
    return f"EPSG:{32600 + zone if lat >= 0 else 32700 + zone}"


def is_metric(name: str) -> bool:
    """Return whether `name` is a projected CRS in metres."""
    try:
        crs = CRS.from_user_input(name)
    except Exception:
        return False
    return bool(crs.is_projected and crs.axis_info[0].unit_name == "metre")


def to_metric(lon: ArrayLike, lat: ArrayLike, metric_crs: str) -> Floats:
    """Return WGS84 points as metric coordinates, shape (n, 2)."""
    transformer = Transformer.from_crs("EPSG:4326", metric_crs, always_xy=True)
    return np.column_stack(transformer.transform(np.asarray(lon, float), np.asarray(lat, float)))


def to_wgs84(xy: Floats, metric_crs: str) -> Floats:
    """Return metric coordinates, shape (n, 2), as WGS84 longitude and latitude, shape (n, 2)."""
    transformer = Transformer.from_crs(metric_crs, "EPSG:4326", always_xy=True)
    return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))


def _offset_m(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    common = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    root = np.sqrt(np.abs(x))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * root + common
    north += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * root + common
    east += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    return east, north


def _inverse(
    forward: Callable[[ArrayLike, ArrayLike], tuple[Floats, Floats]],
    lon: ArrayLike,
    lat: ArrayLike,
) -> tuple[Floats, Floats]:
    goal_x, goal_y = np.asarray(lon, float), np.asarray(lat, float)
    x, y = goal_x.copy(), goal_y.copy()
    for _ in range(_FIXED_POINT_STEPS):
        fx, fy = forward(x, y)
        x, y = x + (goal_x - fx), y + (goal_y - fy)
    return x, y
