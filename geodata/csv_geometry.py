"""Geometry in the cells of a CSV file: points, ends of lines, WKT; and what coordinates mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from geodata import crs, schemas
from geodata.errors import shorten
from geodata.findings import Findings
from geodata.region import WGS84
from geodata.tables import number

Floats = NDArray[np.float64]
Convert = Callable[[Floats, Floats], tuple[Floats, Floats]]
Vertex = tuple[float, float]

POINT = ("lon", "lat")
START, END = ("from_lon", "from_lat"), ("to_lon", "to_lat")
VIA, WKT = "via", "wkt"
COORDINATES = "coordinates"
# Outside this box no map service shifts its coordinates: west, south, east, north.
_CHINA = (72.0, 0.8, 138.0, 56.0)
_SAME_DEG = 1e-7
# Lines of these layers start and end at named places, so their own ends may be left blank.
_ENDS_AT = {
    "ferries": (("ports", "from_port_id"), ("ports", "to_port_id")),
    "sea_links": (("posts", "from_post_id"), ("ports", "to_port_id")),
}


def columns(layer: schemas.Layer) -> tuple[str, ...]:
    """Return the columns that hold the geometry of a layer in a CSV file."""
    if layer.geometry == "Point":
        return (*POINT, WKT)
    if layer.geometry == "LineString":
        return (*START, *END, VIA, WKT)
    return (WKT,) if layer.geometry else ()


def from_geometry(table: pd.DataFrame, layer: schemas.Layer) -> pd.DataFrame:
    """Return a table of points or lines with its geometry as cells; plain tables as they are."""
    if layer.geometry is None:
        return table
    shapes = table.geometry.to_numpy()
    plain = pd.DataFrame(table.drop(columns="geometry"))
    if layer.geometry == "Point":
        return plain.assign(lon=shapely.get_x(shapes), lat=shapely.get_y(shapes))
    for at, names in ((0, START), (-1, END)):
        ends = shapely.get_point(shapes, at)
        plain[names[0]], plain[names[1]] = shapely.get_x(ends), shapely.get_y(ends)
    plain[VIA] = [_via_text(shape) for shape in shapes]
    return plain


def to_geometry(
    table: pd.DataFrame,
    layer: schemas.Layer,
    given: Mapping[str, pd.DataFrame],
    found: Findings,
) -> gpd.GeoDataFrame:
    """Return a table of texts as one with geometry in EPSG:4326, without the geometry columns.

    Args:
        table: texts, None where blank.
        layer: its declaration.
        given: layers read so far: ``meta`` says what the coordinates mean, ports and posts give the
            ends of lines that leave them blank.
        found: faults; unreadable, missing and contradictory coordinates are added.
    """
    convert = layer_converter(given, layer.name, found)
    shapes: list[Any] = [None] * len(table)
    if layer.geometry == "Point":
        shapes = _points(table, layer, convert, found)
    elif layer.geometry == "LineString":
        shapes = _lines(table, layer, given, convert, found)
    written = [_wkt(text, layer.name, row, found) for row, text in enumerate(_column(table, WKT))]
    written = convert_shapes(written, convert, layer.name, found)
    chosen = []
    for row, (own, other) in enumerate(zip(shapes, written, strict=True)):
        if own is not None and other is not None and not own.equals_exact(other, _SAME_DEG):
            found.add("two_geometries", layer.name, row, WKT)
        chosen.append(own if other is None else other)
        if chosen[-1] is None:
            _report_missing(layer, row, found)
    plain = table.drop(columns=[c for c in columns(layer) if c in table])
    return gpd.GeoDataFrame(plain, geometry=chosen, crs=WGS84)


def layer_converter(
    given: Mapping[str, pd.DataFrame], layer: str, found: Findings
) -> Convert | None:
    """Return how to convert the coordinates of `layer`, or None where they are WGS84.

    The meta table may hold a row ``coordinates`` for all layers and rows such as
    ``coordinates.posts`` for one.
    """
    meta = given.get("meta", pd.DataFrame(columns=["key", "value"]))
    if not {"key", "value"} <= set(meta.columns):
        return None
    for key in (f"{COORDINATES}.{layer}", COORDINATES):
        for row in np.flatnonzero((meta["key"] == key).to_numpy(bool)):
            value = meta["value"].iloc[int(row)]
            if value is not None:
                return _converter(str(value), int(row), found)
    return None


def converter(name: str) -> Convert | None:
    """Return the conversion to WGS84 from coordinates called `name`; None where none is needed.

    Args:
        name: ``wgs84``, ``gcj02``, ``bd09``, or ``EPSG:`` and a number (easting first).

    Raises:
        ValueError: if there is no such system.
    """
    plain = re.sub(r"[-_ ]", "", name.strip().lower())
    if plain in ("wgs84", "epsg:4326"):
        return None
    if plain == "gcj02":
        return crs.gcj02_to_wgs84
    if plain == "bd09":
        return crs.bd09_to_wgs84
    if not re.fullmatch(r"epsg:\d+", plain):
        raise ValueError(name)
    try:
        transformer = pyproj.Transformer.from_crs(plain, WGS84, always_xy=True)
    except pyproj.exceptions.ProjError as error:
        raise ValueError(name) from error

    def project(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        lon, lat = transformer.transform(x, y)
        return np.asarray(lon, float), np.asarray(lat, float)

    return project


def converted_meta(meta: pd.DataFrame) -> pd.DataFrame:
    """Return the meta table of a region whose coordinates have become WGS84, with a word on it."""
    if not {"key", "value"} <= set(meta.columns):
        return meta
    meta = meta.copy()
    ours = meta["key"].map(lambda k: str(k) == COORDINATES or str(k).startswith(f"{COORDINATES}."))
    other = ours & meta["value"].map(lambda v: v is not None and not _is_wgs84(v))
    if other.any():
        said = "; ".join(f"{k} {v}" for k, v in meta.loc[other, ["key", "value"]].to_numpy())
        meta.loc[other, "value"] = "wgs84"
        meta.loc[len(meta)] = {"key": "converted_from", "value": said}
    return meta


def convert_shapes(
    shapes: Sequence[Any], convert: Convert | None, layer: str, found: Findings
) -> list[Any]:
    """Return shapes with every vertex converted; see `converter`."""
    array = np.array(shapes, dtype=object)
    if convert is None or not len(array):
        return list(shapes)

    def vertices(points: Floats) -> Floats:
        return convert_points(points, convert, layer, found)

    return list(shapely.transform(array, vertices))


def convert_points(points: Floats, convert: Convert | None, layer: str, found: Findings) -> Floats:
    """Return points, shape (n, 2), converted to WGS84; outside China a shift is a fault."""
    if convert is None or not len(points):
        return points
    if convert in (crs.gcj02_to_wgs84, crs.bd09_to_wgs84):
        west, south, east, north = _CHINA
        lon, lat = points[np.isfinite(points).all(axis=1)].T
        outside = (lon < west) | (lon > east) | (lat < south) | (lat > north)
        if outside.any() and (layer, None, "") not in found.cells:
            found.add("shift_outside_china", layer)
    lon, lat = convert(points[:, 0], points[:, 1])
    return np.column_stack((lon, lat))


def _converter(name: str, row: int, found: Findings) -> Convert | None:
    try:
        return converter(name)
    except ValueError:
        if ("meta", row, "value") not in found.cells:
            found.add("bad_coordinates", "meta", row, "value", value=name)
        return None


def _is_wgs84(name: object) -> bool:
    try:
        return converter(str(name)) is None
    except ValueError:
        return False


def _column(table: pd.DataFrame, name: str) -> list[Any]:
    return table[name].tolist() if name in table else [None] * len(table)


def _vertices(
    table: pd.DataFrame, names: tuple[str, str], layer: schemas.Layer, found: Findings
) -> list[Vertex | None]:
    """Return the point that two columns give for each row, None where both are blank."""
    pairs = zip(_column(table, names[0]), _column(table, names[1]), strict=True)
    return [_vertex(pair, names, layer.name, row, found) for row, pair in enumerate(pairs)]


def _points(
    table: pd.DataFrame, layer: schemas.Layer, convert: Convert | None, found: Findings
) -> list[Any]:
    read = _vertices(table, POINT, layer, found)
    points = np.array([v or (np.nan, np.nan) for v in read], dtype=float).reshape(-1, 2)
    points = convert_points(points, convert, layer.name, found)
    return [
        None if vertex is None else shapely.Point(point)
        for vertex, point in zip(read, points, strict=True)
    ]


def _lines(
    table: pd.DataFrame,
    layer: schemas.Layer,
    given: Mapping[str, pd.DataFrame],
    convert: Convert | None,
    found: Findings,
) -> list[Any]:
    starts, ends = (_vertices(table, names, layer, found) for names in (START, END))
    via = [_via(text, layer.name, row, found) for row, text in enumerate(_column(table, VIA))]
    named = [_named_ends(table, layer, given, which) for which in (0, 1)]
    lines = []
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        own = [v for v in (start, *via[row], end) if v is not None]
        points = np.array(own, dtype=float).reshape(-1, 2)
        inner = [tuple(p) for p in convert_points(points, convert, layer.name, found)]
        before = [] if start else [named[0][row]]
        after = [] if end else [named[1][row]]
        vertices: list[Any] = [*before, *inner, *after]
        whole = len(vertices) >= 2 and all(v is not None for v in vertices)
        lines.append(shapely.LineString(vertices) if whole else None)
    return lines


def _named_ends(
    table: pd.DataFrame, layer: schemas.Layer, given: Mapping[str, pd.DataFrame], which: int
) -> list[Vertex | None]:
    """Return the place of the port or post that each line names for one end, None where unknown."""
    if layer.name not in _ENDS_AT:
        return [None] * len(table)
    target, column = _ENDS_AT[layer.name][which]
    places = given.get(target)
    key = schemas.layer(target).key
    if not isinstance(places, gpd.GeoDataFrame) or key not in places:
        return [None] * len(table)
    known = dict(zip(places[key], places.geometry, strict=True))
    shapes = [known.get(name) for name in _column(table, column)]
    return [(s.x, s.y) if s is not None and s.geom_type == "Point" else None for s in shapes]


def _vertex(
    pair: tuple[Any, Any], names: tuple[str, str], layer: str, row: int, found: Findings
) -> Vertex | None:
    if pair[0] is None and pair[1] is None:
        return None
    values = []
    for text, name in zip(pair, names, strict=True):
        try:
            values.append(float(str(text)))
        except ValueError:
            key = "coordinate_missing" if text is None else "not_degrees"
            found.add(key, layer, row, name, value=text)
            found.cells.add((layer, row, "geometry"))
    return (values[0], values[1]) if len(values) == 2 else None


def _via(text: Any, layer: str, row: int, found: Findings) -> list[Vertex]:
    vertices = []
    for pair in re.split("[;；\n]", str(text or "")):
        numbers = re.split(r"[,，\s]+", pair.strip())
        if numbers == [""]:
            continue
        try:
            lon, lat = (float(n) for n in numbers)
        except ValueError:
            found.add("bad_via", layer, row, VIA, value=pair)
        else:
            vertices.append((lon, lat))
    return vertices


def _via_text(line: Any) -> str | None:
    inner = list(line.coords)[1:-1] if line is not None else []
    return "; ".join(f"{number(x)} {number(y)}" for x, y in inner) or None


def _wkt(text: Any, layer: str, row: int, found: Findings) -> Any:
    if text is None:
        return None
    try:
        return shapely.from_wkt(text)
    except shapely.errors.ShapelyError as error:
        found.add("geometry_unreadable", layer, row, WKT, reason=shorten(error))
        found.cells.add((layer, row, "geometry"))
        return None


def _report_missing(layer: schemas.Layer, row: int, found: Findings) -> None:
    # A line between named places lacks its ends only where a name is wrong, which is reported.
    if (layer.name, row, "geometry") not in found.cells and layer.name not in _ENDS_AT:
        place = {"Point": "lon", "LineString": "from_lon"}.get(str(layer.geometry), WKT)
        found.add("coordinate_missing", layer.name, row, place)
    found.cells.add((layer.name, row, "geometry"))
