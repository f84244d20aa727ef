"""A region as a folder that people fill in with a spreadsheet and QGIS.

Each layer is one file: ``posts.csv`` (points by the columns ``lon`` and ``lat``), ``roads.csv``
(lines by the coordinates of their ends and the points between), ``islands.geojson`` (polygons).
Any layer with a geometry may be GeoJSON instead, or a CSV with a column ``wkt``.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
import shapely.geometry

from geodata import csv_geometry, schemas, sheet, tables
from geodata.errors import Cause, Fault, InputError
from geodata.findings import Findings, Origin
from geodata.region import WGS84, Region, conform

log = logging.getLogger(__name__)

LISTS = ("vehicles", "capabilities", "source_ids", "departures", "departures_back")
TIMES = ("hours", "first_departure", "last_departure", "departures", "departures_back")
_OTHER_FORMATS = (".xlsx", ".xls", ".ods", ".et", ".shp", ".kml", ".gpkg", ".txt", ".json")
_BAD_SHAPE = (LookupError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError)
_TIME = re.compile(r"\b(\d{1,2})[:：](\d{2})(?:[:：]00)?\b")
_ALL_DAY = re.compile(r"24\s*(h|H|小时|时)|全天")


def read_folder(path: Path) -> Region:
    """Read a region from a folder.

    Args:
        path: folder of files as `geodata.template.write_template` makes them: CSV in UTF-8 or
            GB18030, GeoJSON. Coordinates are WGS84 unless the meta table says otherwise, see
            `geodata.csv_geometry.converter`.

    Raises:
        InputError: with every fault of form: what cannot be read as what the schema declares.
    """
    region, found = read_leniently(path)
    if found.faults:
        raise InputError(found.faults)
    return region


def read_leniently(path: Path) -> tuple[Region, Findings]:
    """Read a folder as far as it goes and return it with the faults met; see `read_folder`.

    Raises:
        InputError: if the folder cannot be listed or holds no file of any layer.
    """
    files = _list_files(path)
    found = Findings()
    digest = hashlib.sha256()
    given: dict[str, pd.DataFrame] = {}
    origins: dict[str, Origin] = {}
    for layer in schemas.LAYERS:
        file = _file_of(layer, files, found)
        if file is None:
            continue
        digest.update(
            f"{file.name.lower()}\0".encode() + hashlib.sha256(file.read_bytes()).digest()
        )
        given[layer.name], origins[layer.name] = _read_layer(file, layer, given, found)
    if not given and not found.faults:
        raise InputError(Fault("folder_without_layers", str(path)))
    if "meta" in given:
        given["meta"] = csv_geometry.converted_meta(given["meta"])
    region = conform(given, found, content_hash=digest.hexdigest(), origins=origins)
    return region, found


def write_folder(region: Region, path: Path) -> list[Path]:
    """Write a region as a folder that `read_folder` reads back as the same region.

    A CSV file does not tell numbers from texts: columns that its layer does not declare come back
    as texts, 1.1 as ``1.1`` and a flag as ``yes`` or ``no``, without blanks around them. To guess
    would turn ids such as 007 into numbers. GeoJSON and a GeoPackage (`region.save`) keep kinds.

    Args:
        region: any valid region.
        path: existing folder; files in it with the names of layers are replaced.

    Returns:
        The files written. Layers that are not required and empty are left out.
    """
    written = []
    for layer in schemas.LAYERS:
        table = region.layers[layer.name]
        if not (layer.required or len(table)):
            continue
        if layer.geometry == "MultiPolygon":
            written.append(path / f"{layer.name}.geojson")
            write_geojson(table, written[-1])
        else:
            written.append(path / f"{layer.name}.csv")
            tables.write_csv(csv_geometry.from_geometry(table, layer), written[-1])
    return written


def write_geojson(table: gpd.GeoDataFrame, path: Path) -> None:
    """Write a table in EPSG:4326 as GeoJSON (RFC 7946) with every digit of its coordinates."""
    columns = [c for c in table.columns if c != "geometry"]
    features = [
        {
            "type": "Feature",
            "properties": {c: _json_value(v) for c, v in zip(columns, values, strict=True)},
            "geometry": None if shape is None else shapely.geometry.mapping(shape),
        }
        for shape, values in zip(
            table.geometry, table[columns].itertuples(index=False), strict=True
        )
    ]
    text = ",\n".join(json.dumps(f, ensure_ascii=False, allow_nan=False) for f in features)
    whole = f'{{"type": "FeatureCollection", "features": [\n{text}\n]}}\n'
    path.write_text(whole, encoding="utf-8", newline="\n")


def _list_files(path: Path) -> dict[str, Path]:
    """Return the files of a folder by name in lower case, without editors' lock files."""
    try:
        return {
            file.name.lower(): file
            for file in sorted(path.iterdir())
            if file.is_file() and not file.name.startswith(("~", "."))
        }
    except OSError as error:
        fault = Fault("region_unreadable", str(path), params={"reason": Cause.of(error)})
        raise InputError(fault) from error


def _file_of(layer: schemas.Layer, files: Mapping[str, Path], found: Findings) -> Path | None:
    names = [f"{layer.name}.csv"] + ([f"{layer.name}.geojson"] if layer.geometry else [])
    here = [files[name] for name in names if name in files]
    if len(here) > 1:
        found.add("two_files", layer.name, value=" + ".join(file.name for file in here))
    elif not here:
        for ending in _OTHER_FORMATS:
            if f"{layer.name}{ending}" in files:
                found.add("wrong_format", layer.name, value=f"{layer.name}{ending}", name=names[-1])
        return None
    return here[0]


def _read_layer(
    file: Path, layer: schemas.Layer, given: Mapping[str, pd.DataFrame], found: Findings
) -> tuple[pd.DataFrame, Origin]:
    """Read one file; a file that cannot be read gives an empty table and a fault."""
    try:
        if file.suffix.lower() == ".geojson":
            return _read_geojson(file, layer, given, found)
        return _read_csv(file, layer, given, found)
    except OSError as error:
        fault = Fault("region_unreadable", str(file), params={"reason": Cause.of(error)})
        raise InputError(fault) from error


def _read_csv(
    file: Path, layer: schemas.Layer, given: Mapping[str, pd.DataFrame], found: Findings
) -> tuple[pd.DataFrame, Origin]:
    names = [column.name for column in layer.columns]
    read = sheet.read(file, layer.name, [*names, *csv_geometry.columns(layer)], found)
    if read is None:
        read = sheet.Sheet(tuple(names), (), ())
    table = pd.DataFrame(list(read.rows), columns=list(read.columns), dtype=object)
    table = _tidy(table.where(table != "", None), layer)
    if layer.geometry is not None:
        table = csv_geometry.to_geometry(table, layer, given, found)
    return table, Origin(file.name, read.numbers)


def _tidy(table: pd.DataFrame, layer: schemas.Layer) -> pd.DataFrame:
    """Bring lists, times and choices to their one spelling where the meaning is plain."""
    for column in layer.columns:
        if column.name not in table:
            continue
        if column.name in LISTS:
            table[column.name] = table[column.name].map(_list, na_action="ignore")
        if column.name in TIMES:
            table[column.name] = table[column.name].map(_hours, na_action="ignore")
        if column.choices:
            spelled = {choice.lower(): choice for choice in column.choices}
            table[column.name] = table[column.name].map(
                lambda v, spelled=spelled: spelled.get(v.strip().lower(), v), na_action="ignore"
            )
    return table


def _list(text: str) -> str:
    return ";".join(i.strip() for i in re.split("[;；,，、]", text) if i.strip())


def _hours(text: str) -> str:
    if _ALL_DAY.fullmatch(text.strip()):
        return "24h"
    text = _TIME.sub(lambda m: f"{int(m[1]):02d}:{m[2]}", text)
    return re.sub(r"\s*[-–—~～至]\s*", "-", text)


def _read_geojson(
    file: Path, layer: schemas.Layer, given: Mapping[str, pd.DataFrame], found: Findings
) -> tuple[pd.DataFrame, Origin]:
    found.stands_in(layer.name, Origin(file.name, ()))
    features = _features(file, layer, found)
    origin = Origin(file.name, tuple(range(1, len(features) + 1)))
    found.stands_in(layer.name, origin)
    shapes = [_shape(f.get("geometry"), layer, row, found) for row, f in enumerate(features)]
    records = [f.get("properties") or {} for f in features]
    table = pd.DataFrame(records, index=range(len(records))).astype(object)
    table = table.drop(columns="geometry", errors="ignore")
    table = table.where(table.notna(), None)
    convert = csv_geometry.layer_converter(given, layer.name, found)
    shapes = csv_geometry.convert_shapes(shapes, convert, layer.name, found)
    geo = gpd.GeoDataFrame(_tidy_texts(table, layer), geometry=shapes, crs=WGS84)
    return geo, origin


def _tidy_texts(table: pd.DataFrame, layer: schemas.Layer) -> pd.DataFrame:
    texts = table.map(lambda v: v if v is None or isinstance(v, (bool, int, float)) else str(v))
    return _tidy(texts, layer) if all(isinstance(c, str) for c in table.columns) else texts


def _features(file: Path, layer: schemas.Layer, found: Findings) -> list[dict[str, Any]]:
    text = sheet.decode(file.read_bytes(), file.name)
    try:
        whole = json.loads(text or "")
    except (json.JSONDecodeError, RecursionError) as error:
        found.add("geojson_broken", layer.name, reason=str(error))
        return []
    if not isinstance(whole, dict) or whole.get("type") != "FeatureCollection":
        found.add("geojson_no_collection", layer.name)
        return []
    crs = json.dumps(whole.get("crs") or {})
    if whole.get("crs") and not re.search(r"CRS84|4326", crs):
        found.add("wrong_crs", layer.name, value=crs)
        return []
    features = whole.get("features")
    return [f for f in features if isinstance(f, dict)] if isinstance(features, list) else []


def _shape(geometry: Any, layer: schemas.Layer, row: int, found: Findings) -> Any:
    if geometry is None:
        return None
    try:
        return shapely.geometry.shape(geometry)
    except _BAD_SHAPE as error:
        found.add("geometry_unreadable", layer.name, row, "geometry", reason=str(error))
        return None


def _json_value(value: object) -> object:
    if value is None or value is pd.NA or value != value:
        return None
    return value.item() if hasattr(value, "item") else value
