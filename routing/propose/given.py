"""Candidates that a user brings: a CSV file, or a layer that QGIS saves."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from geodata import crs, sheet
from geodata import region as regions
from geodata.errors import Fault, InputError
from geodata.findings import Findings
from geodata.region import WGS84, Region
from routing.config import Parameters
from routing.land_network import LandNetwork
from routing.siting import candidates
from routing.siting.candidates import ambulance_islands, joined_to_network

KINDS = ("ambulance_post", "boat_berth", "helipad")
COLUMNS = ("id", "name_zh", "name_en", "lon", "lat", "kind", "cost")
_LAYER = "candidates"
# A site may stand so far off the shore as mapped, which is smoothed in places.
_SHORE_M = 200.0
_FAR_M = 5_000.0


def read(
    path: Path,
    region: Region,
    land: LandNetwork,
    parameters: Parameters,
    *,
    coordinates: str = "wgs84",
) -> pd.DataFrame:
    """Return a user's candidates, joined to the network.

    Args:
        path: CSV with the columns `id`, `lon` and `lat` (WGS84 degrees) and, if wanted, `name_zh`,
            `name_en`, `kind` (one of `KINDS`; default ``ambulance_post``) and `cost`; or a
            GeoPackage or GeoJSON of points with the same columns but for lon and lat.
        region: a valid region.
        land: its ambulance network.
        parameters: detour and speed of access edges.
        coordinates: system of lon and lat in a CSV file: ``wgs84``, ``gcj02`` or ``bd09``.

    Returns:
        As `routing.siting.candidates.ambulance_posts`, with `kind` ``given``, and further
        `facility` (one of `KINDS`), `cost` (NaN where not stated) and `access_m`.

    Raises:
        InputError: with every fault: no such file, no row, a column missing, an id twice or blank,
            coordinates off every island, an ambulance post on an islet without roads, a cost
            that is negative or infinite, a site that no network is near.
    """
    if not path.is_file():
        raise InputError(Fault("propose_no_file", str(path)))
    found = Findings()
    table = _from_csv(path, found) if path.suffix.lower() == ".csv" else _from_layer(path, found)
    if table is None or not len(table):
        if not found.faults:
            found.add("propose_no_rows", _LAYER, value=path.name)
        raise InputError(found.faults)
    if coordinates != "wgs84" and path.suffix.lower() == ".csv":
        table = _shifted(table, coordinates)
    places = _checked(table, region, found)
    if found.faults:
        raise InputError(found.faults)
    joined = joined_to_network(places, region, land, parameters)
    for row in np.flatnonzero(~(joined["access_m"].to_numpy(float) <= _FAR_M)):
        found.add("propose_far_from_network", _LAYER, int(row), km=_FAR_M / 1000.0)
    if found.faults:
        raise InputError(found.faults)
    return _told(places, joined)


def _from_csv(path: Path, found: Findings) -> pd.DataFrame | None:
    read = sheet.read(path, _LAYER, COLUMNS, found)
    if read is None:
        return None
    table = pd.DataFrame(list(read.rows), columns=list(read.columns), dtype=object)
    return table.replace("", None)


def _from_layer(path: Path, found: Findings) -> pd.DataFrame | None:
    try:
        table = pyogrio.read_dataframe(path)
    except (OSError, ValueError, RuntimeError) as error:
        found.add("region_unreadable", _LAYER, reason=str(error).split("\n")[0])
        return None
    if not isinstance(table, gpd.GeoDataFrame) or table.crs is None:
        found.add("propose_no_points", _LAYER, value=path.name)
        return None
    points = table.to_crs(WGS84).geometry
    single = points.map(_first_point)
    if not (single.geom_type == "Point").all() or single.is_empty.any():
        found.add("propose_no_points", _LAYER, value=path.name)
        return None
    flat = pd.DataFrame(table.drop(columns=table.geometry.name))
    return flat.assign(lon=shapely.get_x(single), lat=shapely.get_y(single))


def _first_point(shape: shapely.Geometry | None) -> shapely.Geometry | None:
    if isinstance(shape, shapely.MultiPoint) and len(shape.geoms):
        return shape.geoms[0]
    return shape


def _shifted(table: pd.DataFrame, coordinates: str) -> pd.DataFrame:
    """Return the table with lon and lat as WGS84; what is no number is left for the check."""
    convert = crs.gcj02_to_wgs84 if coordinates == "gcj02" else crs.bd09_to_wgs84
    if not {"lon", "lat"} <= set(table.columns):
        return table
    lon, lat = (pd.to_numeric(table[c], errors="coerce").to_numpy(float) for c in ("lon", "lat"))
    known = np.isfinite(lon) & np.isfinite(lat)
    table = table.copy()
    for column, values in zip(("lon", "lat"), convert(lon[known], lat[known]), strict=True):
        table.loc[known, column] = values
    return table


def _checked(table: pd.DataFrame, region: Region, found: Findings) -> gpd.GeoDataFrame:
    for column in ("id", "lon", "lat"):
        if column not in table:
            found.add("column_missing", _LAYER, None, column)
    if found.faults:
        return gpd.GeoDataFrame(table, geometry=[None] * len(table), crs=WGS84)
    table = table.reset_index(drop=True).copy()
    table["id"] = [_text(value) for value in table["id"]]
    for column in ("name_zh", "name_en", "kind"):
        table[column] = table.get(column)
    table["facility"] = table["kind"].fillna(KINDS[0])
    table["cost"] = _numbers(table, "cost", found) if "cost" in table else math.nan
    table["lon"], table["lat"] = _numbers(table, "lon", found), _numbers(table, "lat", found)
    _check_rows(table, found)
    spots = gpd.points_from_xy(table["lon"].fillna(0.0), table["lat"].fillna(0.0))
    places = gpd.GeoDataFrame(table, geometry=spots, crs=WGS84)
    if not found.faults:
        places["island_id"] = _islands(places, region, found)
    return places


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value).strip()  # type: ignore[call-overload]


def _numbers(table: pd.DataFrame, column: str, found: Findings) -> pd.Series:
    given = table[column]
    parsed = pd.to_numeric(given, errors="coerce").astype(float)
    for row in np.flatnonzero((parsed.isna() & given.notna()).to_numpy()):
        found.add("not_a_number", _LAYER, int(row), column, value=given.iloc[int(row)])
    return parsed


def _check_rows(table: pd.DataFrame, found: Findings) -> None:
    for row, one in enumerate(table.to_dict("records")):
        if not _text(one["id"]):
            found.add("blank", _LAYER, row, "id")
        if one["facility"] not in KINDS:
            known = ", ".join(KINDS)
            found.add("not_a_choice", _LAYER, row, "kind", value=one["facility"], choices=known)
        if one["cost"] < 0 or math.isinf(one["cost"]):
            found.add("siting_negative", _LAYER, row, "cost", value=one["cost"])
        for column, most in (("lon", 180.0), ("lat", 90.0)):
            value = one[column]
            if math.isnan(value):
                if (_LAYER, row, column) not in found.cells:
                    found.add("blank", _LAYER, row, column)
            elif abs(value) > most:
                found.add(f"{column}_out_of_range", _LAYER, row, column, value=value)
    ids = [_text(value) for value in table["id"]]
    first = {name: row for row, name in reversed(list(enumerate(ids)))}
    for row, name in enumerate(ids):
        if name and first[name] != row:
            place = found.place(_LAYER, first[name])
            found.add("duplicate", _LAYER, row, "id", value=name, first=place)


def _islands(places: gpd.GeoDataFrame, region: Region, found: Findings) -> list[str | None]:
    land = region.islands.to_crs(region.metric_crs)
    spots = places.to_crs(region.metric_crs).geometry.to_numpy()
    index = shapely.STRtree(land.geometry.to_numpy())
    nearest = index.nearest(spots)
    away = shapely.distance(spots, land.geometry.to_numpy()[nearest])
    allowed = ambulance_islands(region)
    names: list[str | None] = []
    for row, (which, metres) in enumerate(zip(nearest, away, strict=True)):
        island = str(land["island_id"].iloc[int(which)])
        names.append(island)
        lon, lat = (float(places[axis].iloc[row]) for axis in ("lon", "lat"))
        if bounds := regions.far_outside(region, lon, lat):
            found.add("outside_region", _LAYER, row, value=f"{lon:g},{lat:g}", **bounds)
        elif metres > _SHORE_M:
            found.add("propose_in_the_sea", _LAYER, row, island=island, km=f"{metres / 1000:.1f}")
        elif places["facility"].iloc[row] == KINDS[0] and island not in allowed:
            found.add("propose_no_road", _LAYER, row, value=island)
    return names


def _told(places: gpd.GeoDataFrame, joined: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "id": places["id"].to_numpy(),
            "layer": "given",
            "name_zh": places["name_zh"].fillna(places["name_en"]).fillna(places["id"]).to_numpy(),
            "name_en": places["name_en"].to_numpy(),
            "kind": "given",
            "island_id": places["island_id"].to_numpy(),
            "lon": places["lon"].to_numpy(float),
            "lat": places["lat"].to_numpy(float),
            "node": joined["node"].to_numpy(np.int64),
            "access_min": joined["access_min"].to_numpy(float),
        }
    )
    assert list(table.columns) == list(candidates.COLUMNS)
    return table.assign(
        facility=places["facility"].to_numpy(),
        cost=places["cost"].to_numpy(float),
        access_m=joined["access_m"].to_numpy(float),
    )
