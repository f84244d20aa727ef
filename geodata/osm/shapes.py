"""Polygons out of whatever an operation on them returns."""

from __future__ import annotations

from collections.abc import Iterator

import shapely
from shapely.geometry.base import BaseGeometry


def polygons(shape: BaseGeometry) -> Iterator[shapely.Polygon]:
    """Yield the polygons of a shape, made valid; lines and points that came along are left out."""
    for part in shapely.get_parts(shapely.make_valid(shape)):
        if part.geom_type == "Polygon":
            yield part
        elif part.geom_type in ("MultiPolygon", "GeometryCollection"):
            yield from polygons(part)


def areal(shape: BaseGeometry) -> BaseGeometry:
    """Return the polygons of a shape as one geometry, empty where it has none."""
    return shapely.union_all(list(polygons(shape)))


def multi(shape: BaseGeometry, *, least_area: float = 0.0) -> shapely.MultiPolygon:
    """Return the polygons of a shape that are larger than `least_area`, in its own unit."""
    return shapely.MultiPolygon([p for p in polygons(shape) if p.area > least_area])
