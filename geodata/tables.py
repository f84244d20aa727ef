"""Safe writers: CSV that Excel opens with Chinese intact and no live formula, and GeoPackages.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-`` or ``@``; names in a region come from
strangers. Such texts get a leading apostrophe, which `plain` takes off again.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

# The full-width forms count too: East Asian spreadsheets read them as operators.
_LIVE = re.compile(r"^[\s']*[=+\-@＝＋－＠\t\r]")
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
_TIME_STAMP = "2000-01-01T00:00:00.000Z"
_RESERVED = ("fid", "geom", "geometry")
_DEGREE_DECIMALS = 6


def neutral(text: str) -> str:
    """Return `text` as a cell that no spreadsheet takes for a formula.

    Example:
        >>> neutral("=1+1"), neutral("Dinghai")
        ("'=1+1", 'Dinghai')
    """
    return f"'{text}" if _LIVE.match(text) else text


def plain(cell: str) -> str:
    """Return the text that `neutral` made into `cell`; other cells are returned as they are."""
    return cell[1:] if cell.startswith("'") and _LIVE.match(cell[1:]) else cell


def cell(value: object) -> str:
    """Return one value as CSV text: blank for missing, ``yes``/``no`` for flags, else neutral."""
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return number(float(value))
    return neutral(_UNWRITABLE.sub("�", str(value)))


def number(value: float) -> str:
    """Return the shortest text that reads back as the same float; blank for NaN."""
    if math.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def write_csv(table: pd.DataFrame, path: Path, *, decimals: int | None = None) -> None:
    """Write a table as CSV in UTF-8 with a byte order mark.

    Args:
        table: any table. Of a GeoDataFrame, points become the columns ``lon`` and ``lat`` (unless
            the table has them); other geometries are left out.
        path: file to write, replaced if it exists.
        decimals: digits after the point of floats, or None for all of them; degrees keep at least
            six, which is a decimetre.
    """
    columns = list(_columns(table).items())
    forms = [_rounding(_decimals_of(name, decimals)) for name, _ in columns]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([cell(name) for name, _ in columns])
        cells = [
            [form(v) for v in values] for form, (_, values) in zip(forms, columns, strict=True)
        ]
        writer.writerows(zip(*cells, strict=True))


def write_json(data: object, path: Path) -> None:
    """Write plain data as JSON in UTF-8; NaN and infinity, which JSON lacks, become null."""
    text = json.dumps(_json(data), ensure_ascii=False, allow_nan=False, indent=2)
    path.write_text(_UNWRITABLE.sub("�", text) + "\n", encoding="utf-8", newline="\n")


def write_json_rows(rows: Iterable[object], path: Path) -> None:
    """Write many rows as one JSON list, a row on each line; otherwise as `write_json`."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        between = "[\n"
        for row in rows:
            text = json.dumps(_json(row), ensure_ascii=False, allow_nan=False)
            file.write(between + _UNWRITABLE.sub("�", text))
            between = ",\n"
        file.write("[]\n" if between == "[\n" else "\n]\n")


def write_geopackage(
    layers: Mapping[str, pd.DataFrame],
    path: Path,
    *,
    geometry_types: Mapping[str, str | None] | None = None,
) -> None:
    """Write tables as the layers of one GeoPackage, in the order given.

    The same tables give the same bytes: GDAL's time stamp is fixed. `path` is replaced only once
    the new file is whole.

    Args:
        layers: layer name to table; GeoDataFrames carry their CRS, other tables have no geometry.
        path: file to write; its folder must exist.
        geometry_types: declared type of a layer, for instance ``MultiPolygon``; without one, the
            type that all its geometries share.
    """
    part = path.with_name(f"{path.stem}.partial.gpkg")
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _TIME_STAMP})
    try:
        part.unlink(missing_ok=True)
        for name, table in layers.items():
            _append_layer(storable(table), name, part, (geometry_types or {}).get(name))
        part.replace(path)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
        part.unlink(missing_ok=True)


def multipolygons(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a table of polygons, whole or of several pieces, with one multipolygon a row."""
    shapes = [
        shapely.MultiPolygon([shape]) if isinstance(shape, shapely.Polygon) else shape
        for shape in table.geometry
    ]
    return table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))


def storable(table: pd.DataFrame) -> pd.DataFrame:
    """Return a copy that SQLite takes: column names that differ, texts without NUL, kinds plain."""
    table = table.copy()
    geometry = table.geometry.name if isinstance(table, gpd.GeoDataFrame) else None
    taken = {str(geometry).lower()} if geometry else set()
    names: dict[str, str] = {}
    for column in table.columns:
        if column == geometry:
            continue
        names[column] = _free_name(str(column), taken)
        taken.add(names[column].lower())
        if table[column].dtype == object or isinstance(table[column].dtype, pd.StringDtype):
            table[column] = table[column].map(_storable_text).astype(object)
    return table.rename(columns=names)


def _columns(table: pd.DataFrame) -> dict[str, pd.Series]:
    if not isinstance(table, gpd.GeoDataFrame):
        return {str(c): table[c] for c in table.columns}
    found = {str(c): table[c] for c in table.columns if c != table.geometry.name}
    geometry = table.geometry.to_numpy()
    if np.isin(shapely.get_type_id(geometry), (-1, 0)).all():
        found.setdefault("lon", pd.Series(shapely.get_x(geometry)))
        found.setdefault("lat", pd.Series(shapely.get_y(geometry)))
    return found


def _decimals_of(name: str, decimals: int | None) -> int | None:
    is_degrees = name.rpartition("_")[2] in ("lon", "lat")
    return max(decimals, _DEGREE_DECIMALS) if is_degrees and decimals is not None else decimals


def _rounding(decimals: int | None) -> Callable[[object], str]:
    if decimals is None:
        return cell

    def rounded(value: object) -> str:
        if isinstance(value, (float, np.floating)) and math.isfinite(value):
            return number(round(float(value), decimals))
        return cell(value)

    return rounded


def _append_layer(table: pd.DataFrame, name: str, path: Path, geometry_type: str | None) -> None:
    options: dict[str, object] = {"layer": name, "driver": "GPKG", "append": path.exists()}
    if isinstance(table, gpd.GeoDataFrame):
        options["geometry_type"] = geometry_type or _geometry_type(table)
        options["promote_to_multi"] = False
    pyogrio.write_dataframe(table, path, **options)


def _geometry_type(table: gpd.GeoDataFrame) -> str:
    kinds = sorted(set(table.geometry.dropna().geom_type))
    return kinds[0] if len(kinds) == 1 else "Unknown"


def _free_name(name: str, taken: set[str]) -> str:
    name = _UNWRITABLE.sub("�", name)
    base, count = (f"{name}_" if name.lower() in _RESERVED else name), 1
    free = base
    while free.lower() in taken:
        count += 1
        free = f"{base}_{count}"
    return free


def _json(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _json(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_json(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is pd.NA or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, (str, int, float, type(None))) else str(value)


def _storable_text(value: object) -> object:
    if isinstance(value, (bool, np.bool_, int, float, np.integer, np.floating)):
        return value
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    return _UNWRITABLE.sub("�", str(value))
