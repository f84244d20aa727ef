"""The area that an import is limited to: a bounding box or a polygon on WGS84."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from geodata.errors import Cause, Fault, InputError

_UNREADABLE = (
    *(OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError),
    shapely.errors.ShapelyError,
)
_LIMITS = (180.0, 90.0, 180.0, 90.0)


def parse_bbox(text: str, *, where: str = "--bbox") -> shapely.Polygon:
    """Return the box that ``W,S,E,N`` describes, degrees.

    Args:
        text: four numbers, west, south, east, north, with commas between them.
        where: what the message calls the place of the fault.

    Raises:
        InputError: if they are not four numbers, out of range or in another order.

    Example:
        >>> parse_bbox("14.1,35.7,14.6,36.1").bounds
        (14.1, 35.7, 14.6, 36.1)
    """
    try:
        west, south, east, north = (round(float(part), 7) for part in text.split(","))
    except ValueError as error:
        raise InputError(Fault("osm_bbox", where, text)) from error
    numbers = (west, south, east, north)
    if not all(abs(n) <= limit for n, limit in zip(numbers, _LIMITS, strict=True)):
        raise InputError(Fault("osm_bbox", where, text))
    if not (west < east and south < north):
        raise InputError(Fault("osm_bbox_order", where, text))
    return shapely.box(west, south, east, north)


def read_polygon(path: Path) -> BaseGeometry:
    """Return the area of a GeoJSON file: the union of its polygons, WGS84.

    Raises:
        InputError: if the file is missing, no GeoJSON, holds no polygon, or is not in degrees.
    """
    try:
        content = json.loads(path.read_text("utf-8-sig"))
        parts = [shape(one) for one in _geometries(content)]
    except _UNREADABLE as error:
        fault = Fault("osm_polygon", str(path), params={"reason": Cause.of(error)})
        raise InputError(fault) from error
    polygons = [one for one in parts if one.geom_type in ("Polygon", "MultiPolygon")]
    if not polygons:
        kinds = ", ".join(sorted({one.geom_type for one in parts})) or "-"
        raise InputError(Fault("osm_polygon_kind", str(path), kinds))
    area = shapely.union_all([shapely.make_valid(shapely.force_2d(one)) for one in polygons])
    west, south, east, north = area.bounds
    if area.area == 0.0 or max(-west, east) > 180.0 or max(-south, north) > 90.0:
        value = ",".join(f"{n:g}" for n in area.bounds)
        raise InputError(Fault("osm_polygon_degrees", str(path), value))
    return area


def within(area: BaseGeometry | None, box: BaseGeometry, *, file: str) -> BaseGeometry:
    """Return the part of the file's box that `area` asks for; all of it without one.

    Raises:
        InputError: if the area and the box do not overlap.
    """
    if area is None:
        return box
    inside = area.intersection(box)
    if inside.area == 0.0:
        said: dict[str, object] = {"file_box": bbox_text(box), "area": bbox_text(area)}
        raise InputError(Fault("osm_area_outside", file, params=said))
    return inside


def bbox_text(area: BaseGeometry) -> str:
    """Return the bounding box of `area` as ``W,S,E,N``."""
    return ",".join(f"{n:.4f}" for n in area.bounds)


def _geometries(content: Any) -> list[Any]:
    kind = content["type"]
    if kind == "FeatureCollection":
        return [g for feature in content["features"] for g in _geometries(feature)]
    if kind == "Feature":
        return _geometries(content["geometry"]) if content["geometry"] else []
    if kind == "GeometryCollection":
        return [g for one in content["geometries"] for g in _geometries(one)]
    return [content]
