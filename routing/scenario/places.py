"""What the parts of a scenario share: islands by position, rows added, ids that are missing."""

from __future__ import annotations

import difflib
from collections.abc import Collection

import geopandas as gpd
import pandas as pd
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from geodata import region as regions
from geodata.errors import Fault
from geodata.region import WGS84, Region
from routing.scenario.model import HelipadAdded, PostAdded, PostMoved

LEAST_TOLERANCE_M = 200.0


class Islands:
    """The islands of a region in its metric CRS."""

    def __init__(self, region: Region) -> None:
        table = region.islands
        self.ids: list[str] = table["island_id"].tolist()
        self._counties = dict(zip(self.ids, table["county_zh"], strict=True))
        accuracy = table["position_accuracy_m"].fillna(0.0).tolist()
        self._accuracy_m = dict(zip(self.ids, accuracy, strict=True))
        self._tree = shapely.STRtree(table.to_crs(region.metric_crs).geometry.to_numpy())
        self.region = region
        self._project = pyproj.Transformer.from_crs(WGS84, region.metric_crs, always_xy=True)

    def point(self, lon: float, lat: float) -> BaseGeometry:
        """Return a place in metres."""
        return shapely.Point(*self._project.transform(lon, lat))

    def nearest(self, lon: float, lat: float) -> tuple[str, float]:
        """Return the nearest island of a place and how far off it lies, metres (0 on land)."""
        index, distance = self._tree.query_nearest(
            self.point(lon, lat), return_distance=True, all_matches=False
        )
        return self.ids[int(index[0])], float(distance[0])

    def at(self, lon: float, lat: float) -> str | None:
        """Return the island that a place counts to, or None off the region."""
        found, distance_m = self.nearest(lon, lat)
        return found if distance_m <= self.tolerance_m(found) else None

    def tolerance_m(self, island_id: str) -> float:
        """Return how far off an island a place may lie: its coast's accuracy, at least 200 m."""
        return max(LEAST_TOLERANCE_M, float(self._accuracy_m.get(island_id, 0.0)))

    def county(self, island_id: str | None) -> str | None:
        """Return the county of an island where it is one."""
        county = self._counties.get(island_id) if island_id else None
        return county if isinstance(county, str) and "/" not in county else None


def island_of(
    entry: HelipadAdded | PostAdded | PostMoved, islands: Islands, where: str, faults: list[Fault]
) -> str | None:
    """Return the island of an entry's place; off the region there is none.

    Args:
        entry: what the scenario says of the place.
        islands: of the region.
        where: what messages call the entry.
        faults: gets one where the island is unknown or the place too far off it.
    """
    if entry.outside:
        return None
    if entry.island_id is not None:
        if entry.island_id not in islands.ids:
            faults.append(missing(entry.island_id, islands.ids, "islands", f"{where}.island_id"))
        return entry.island_id
    found, distance_m = islands.nearest(entry.lon, entry.lat)
    value = f"{entry.lon:.5f}, {entry.lat:.5f}"
    if bounds := regions.far_outside(islands.region, entry.lon, entry.lat):
        faults.append(Fault("outside_region", where, value, dict(bounds)))
    elif distance_m > islands.tolerance_m(found):
        params: dict[str, object] = {
            "distance": f"{distance_m / 1000.0:.1f}",
            "tolerance": f"{islands.tolerance_m(found):.0f}",
        }
        faults.append(Fault("scenario_off_islands", where, value, params))
    return found


def missing(value: str, known: Collection[str], layer: str, where: str) -> Fault:
    """Return the fault of an id that a layer lacks, with the closest one it has."""
    close = difflib.get_close_matches(value, sorted(known), 1)
    params: dict[str, object] = {"target": layer, "close": close[0] if close else ""}
    return Fault("dangling_close" if close else "dangling", where, value, params)


def appended(table: gpd.GeoDataFrame, rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return `table` with `rows` below, each column in the table's own type and blank as None."""
    columns = {}
    for name in table.columns:
        own, extra = table[name], rows[name]
        values = [*own.tolist(), *extra.tolist()]
        if name != "geometry" and own.dtype == object:
            values = [None if v is None or v != v else v for v in values]
        columns[name] = pd.Series(values, dtype=None if name == "geometry" else own.dtype)
    return gpd.GeoDataFrame(columns, crs=WGS84)
