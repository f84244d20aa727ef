"""A region: its layers in memory, loaded from and saved to a GeoPackage."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from geodata import schemas, tables
from geodata.errors import Cause, Fault, InputError
from geodata.findings import Findings, Origin, place

__all__ = ["EMBEDDED", "WGS84", "Region", "examine", "from_tables", "load", "place", "read", "save"]

log = logging.getLogger(__name__)

WGS84 = "EPSG:4326"
EMBEDDED = ("zhoushan",)

_FLAGS = {"true": True, "yes": True, "1": True, "1.0": True, "是": True}
_FLAGS |= {"false": False, "no": False, "0": False, "0.0": False, "否": False}
# A point this far from the islands is not near the region at all.
_FAR_DEG = 1.0
_SQLITE_MAGIC = b"SQLite format 3\x00"


@dataclass(frozen=True, eq=False)
class Region:
    """An archipelago as tables.

    Attributes:
        layers: every layer of `geodata.schemas.LAYERS` by name; those with geometry are
            GeoDataFrames in EPSG:4326, the others DataFrames; a layer that a region lacks is empty.
        content_hash: SHA-256 of the file or files it came from, or "" for one made in memory.
        origins: for a region read from a folder, the file and row numbers of each layer.
    """

    layers: Mapping[str, gpd.GeoDataFrame]
    content_hash: str = ""
    origins: Mapping[str, Origin] = field(default_factory=dict)

    def __getattr__(self, name: str) -> gpd.GeoDataFrame:
        """Return the layer `name`, so that ``region.islands`` reads well."""
        if name.startswith("_") or name not in self.__dict__.get("layers", {}):
            raise AttributeError(name)
        return self.layers[name]

    def meta_value(self, key: str, default: str = "") -> str:
        """Return the meta entry `key`, or `default` where it is blank or missing."""
        meta = self.layers["meta"]
        found = meta.loc[meta["key"] == key, "value"].dropna()
        return str(found.iloc[0]) if len(found) else default

    @property
    def metric_crs(self) -> str:
        """Metric CRS in which this region's distances are computed, for instance EPSG:32651."""
        return self.meta_value("metric_crs")

    @property
    def network(self) -> str:
        """Kind of the road network: ``schematic`` or ``osm``."""
        return self.meta_value("network", "schematic")

    def replace(self, **layers: pd.DataFrame) -> Region:
        """Return a copy with the given layers replaced; their rows no longer stand in a file."""
        kept = {name: origin for name, origin in self.origins.items() if name not in layers}
        return Region({**self.layers, **layers}, origins=kept)


def load(path_or_name: str | Path = "zhoushan") -> Region:
    """Load and validate a region.

    Args:
        path_or_name: ``zhoushan`` for the embedded region, or the path of a GeoPackage or of a
            folder of CSV/GeoJSON files made from the template.

    Raises:
        InputError: if the file is missing or unreadable, or the region breaks any rule; the error
            carries every fault found.

    Example:
        >>> load("zhoushan").network
        'schematic'
    """
    region, faults = examine(path_or_name)
    if faults:
        raise InputError(faults)
    return region


def examine(path_or_name: str | Path) -> tuple[Region, list[Fault]]:
    """Read a region and return it with all its faults: of form and of content, in one go.

    Raises:
        InputError: if nothing can be read at all: the path is missing or holds no region.
    """
    from geodata import validate

    region, found = _read_leniently(path_or_name)
    return region, found.faults + validate.faults(region, silent=found.cells)


def read(path_or_name: str | Path) -> Region:
    """Read a region without judging its content; see `load`.

    Raises:
        InputError: if the file is missing, no GeoPackage, truncated or in another CRS, or a layer
            or column cannot be read as what the schema declares.
    """
    region, found = _read_leniently(path_or_name)
    if found.faults:
        raise InputError(found.faults)
    return region


def save(region: Region, path: Path) -> None:
    """Write `region` as a GeoPackage that QGIS opens; replaces `path` only once it is whole.

    The same region gives the same bytes. Layers that are not required and empty are left out.
    """
    kept = [one for one in schemas.LAYERS if one.required or len(region.layers[one.name])]
    tables.write_geopackage(
        {one.name: region.layers[one.name] for one in kept},
        path,
        geometry_types={one.name: one.geometry for one in kept},
    )


def from_tables(given: Mapping[str, pd.DataFrame], *, content_hash: str = "") -> Region:
    """Build a region from tables: missing optional columns and layers are added as blank.

    Raises:
        InputError: if a required layer or column is missing or a value is not of its kind.
    """
    found = Findings()
    region = conform(given, found, content_hash=content_hash)
    if found.faults:
        raise InputError(found.faults)
    return region


def conform(
    given: Mapping[str, pd.DataFrame],
    found: Findings,
    *,
    content_hash: str = "",
    origins: Mapping[str, Origin] | None = None,
) -> Region:
    """Build a region from tables as far as they go, adding what is wrong to `found`.

    A value that is not of its kind, a missing column and a layer in another CRS become blank.
    """
    layers = {}
    for layer in schemas.LAYERS:
        table = given.get(layer.name)
        if table is None and layer.required and (layer.name, None, "") not in found.cells:
            found.add("layer_missing", layer.name)
        layers[layer.name] = _conform(_empty(layer) if table is None else table, layer, found)
    return Region(layers, content_hash, origins or {})


def _read_leniently(path_or_name: str | Path) -> tuple[Region, Findings]:
    if str(path_or_name) in EMBEDDED:
        resource = resources.files("seeds").joinpath(f"{path_or_name}.gpkg")
        with resources.as_file(resource) as file:
            return _read_geopackage(file)
    path = Path(path_or_name)
    if not _exists(path):
        known = ", ".join(EMBEDDED)
        raise InputError(Fault("region_missing", str(path), params={"known": known}))
    if path.is_dir():
        from geodata import folder

        return folder.read_leniently(path)
    return _read_geopackage(path)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have: over-long, or with a NUL
        return False


def _read_geopackage(path: Path) -> tuple[Region, Findings]:
    try:
        content_hash = _hash_of_whole_file(path)
        there = {str(row[0]) for row in pyogrio.list_layers(path)}
        given = {
            layer.name: pyogrio.read_dataframe(path, layer=layer.name)
            for layer in schemas.LAYERS
            if layer.name in there
        }
    except (OSError, ValueError, RuntimeError) as error:  # pyogrio's errors are RuntimeErrors
        fault = Fault("region_unreadable", str(path), params={"reason": Cause.of(error)})
        raise InputError(fault) from error
    if not given:
        raise InputError(Fault("region_without_layers", str(path)))
    found = Findings()
    return conform(given, found, content_hash=content_hash), found


def _hash_of_whole_file(path: Path) -> str:
    """Return the SHA-256 of a GeoPackage after a look at whether all of it is there.

    SQLite counts its pages at bytes 28-31; a file that is shorter was cut off, and a reader would
    meet that only where it needs a missing page.
    """
    content = path.read_bytes()
    if not content.startswith(_SQLITE_MAGIC):
        raise InputError(Fault("not_a_geopackage", str(path)))
    page_size = int.from_bytes(content[16:18], "big")
    pages = int.from_bytes(content[28:32], "big")
    if len(content) < (65536 if page_size == 1 else page_size) * pages:
        raise InputError(Fault("geopackage_truncated", str(path)))
    return hashlib.sha256(content).hexdigest()


def _empty(layer: schemas.Layer) -> pd.DataFrame:
    names = [column.name for column in layer.columns]
    if layer.geometry is None:
        return pd.DataFrame(columns=names)
    table: pd.DataFrame = gpd.GeoDataFrame({name: [] for name in names}, geometry=[], crs=WGS84)
    return table


def _conform(table: pd.DataFrame, layer: schemas.Layer, found: Findings) -> pd.DataFrame:
    if layer.geometry is not None:
        if not isinstance(table, gpd.GeoDataFrame):
            found.add("no_geometry", layer.name)
            return _conform(_empty(layer), layer, found)
        if table.crs is None or table.crs.to_epsg() != 4326:
            found.add("wrong_crs", layer.name, value=table.crs.name if table.crs else "-")
            return _conform(_empty(layer), layer, found)
        if table.geometry.name != "geometry":
            table = table.rename_geometry("geometry")
    # Columns are put together once: one at a time, a table with geometries takes them slowly.
    given = pd.DataFrame(table).reset_index(drop=True)
    if layer.key in given:
        found.name_rows(layer.name, layer.key, given[layer.key].tolist())
    columns: dict[Any, pd.Series] = {}
    for column in layer.columns:
        if column.name in given:
            values = given[column.name]
        else:
            if not column.optional and len(given):
                found.add("column_missing", layer.name, column=column.name)
            values = pd.Series(None, index=given.index, dtype=object)
        columns[column.name] = _as_kind(values, column, layer, found)
    for name in given.columns:
        if name not in columns and name != "geometry":
            columns[name] = _as_extra(given[name])
    if layer.geometry is None:
        return pd.DataFrame(columns)
    columns["geometry"] = _as_geometry(given["geometry"], layer.geometry)
    whole: pd.DataFrame = gpd.GeoDataFrame(columns, crs=WGS84)
    return whole


def _as_extra(values: pd.Series) -> pd.Series:
    """Return a column that no layer declares: as it is, but texts that are blank as None."""
    if not isinstance(values.dtype, pd.StringDtype):
        return values
    texts = [None if _blank(v) else v for v in values]
    return pd.Series(texts, index=values.index, dtype=object)


def _as_kind(
    values: pd.Series, column: schemas.Column, layer: schemas.Layer, found: Findings
) -> pd.Series:
    if column.kind == "text":
        texts = [_text(v) for v in values.tolist()]
        return pd.Series(texts, index=values.index, dtype=object)
    if column.kind != "flag" and pd.api.types.is_numeric_dtype(values.dtype):
        return values.astype(float)
    parse, key = (_flag, "not_a_flag") if column.kind == "flag" else (_number, "not_a_number")
    parsed = [parse(v) for v in values]
    for row, (value, result) in enumerate(zip(values, parsed, strict=True)):
        if result is None and not _blank(value):
            found.add(key, layer.name, row, column.name, value=value)
    kind = "boolean" if column.kind == "flag" else float
    return pd.Series(parsed, index=values.index, dtype=kind)


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    if _blank(value):
        return None
    # An id that a spreadsheet or QGIS keeps as a number: 7.0 is 7.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _blank(value: object) -> bool:
    return value is None or value is pd.NA or value != value or str(value).strip() == ""


def _flag(value: object) -> bool | None:
    return None if _blank(value) else _FLAGS.get(str(value).strip().lower())


def _number(value: object) -> float | None:
    text = str(value).strip().lower()
    if _blank(value) or "_" in text or text == "nan":
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _as_geometry(values: gpd.GeoSeries, kind: str) -> gpd.GeoSeries:
    """Return geometries in the plane, a single part as the layer's own type.

    QGIS saves points and lines as multi-part types with one part, and polygons as either.
    """
    flat = np.asarray(shapely.force_2d(values.to_numpy()))
    other = np.flatnonzero(shapely.get_type_id(flat) != shapely.GeometryType[kind.upper()])
    flat[other] = [_as_type(geometry, kind) for geometry in flat[other]]
    return gpd.GeoSeries(flat, index=values.index, crs=WGS84)


def _as_type(geometry: Any, kind: str) -> Any:
    if geometry is None:
        return None
    if kind == "MultiPolygon" and geometry.geom_type == "Polygon":
        return shapely.MultiPolygon([geometry])
    if geometry.geom_type == f"Multi{kind}" and len(geometry.geoms) == 1:
        return geometry.geoms[0]
    return geometry


def far_outside(region: Region, lon: float, lat: float) -> dict[str, str] | None:
    """Return the bounds of the islands, as messages name them, if a point is far outside of them.

    So far away a distance in the region's metres means nothing, and nobody is helped by it.

    Args:
        region: a region with islands.
        lon, lat: degrees on WGS84.
    """
    west, south, east, north = region.islands.total_bounds
    across = west - _FAR_DEG <= lon <= east + _FAR_DEG
    if across and south - _FAR_DEG <= lat <= north + _FAR_DEG:
        return None
    bounds = {"west": west, "east": east, "south": south, "north": north}
    return {name: f"{value:.2f}" for name, value in bounds.items()}
