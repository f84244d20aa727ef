"""Roads and ferries of a scenario: closed, opened, or new."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata.errors import Fault
from geodata.region import WGS84, Region
from routing.headway import listed_departures
from routing.scenario.model import LinkOpened, Scenario
from routing.scenario.places import Islands, appended, missing

_ROAD_ENDS = ("from", "to")
_FERRY_NEEDS = ("from_port_id", "to_port_id", "duration_min")
_SERVICE = ("departures_per_day", "first_departure", "last_departure")


def changed(
    region: Region, islands: Islands, scenario: Scenario, faults: list[Fault]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the roads and the ferries after every entry of a scenario, adding to `faults`."""
    roads, ferries = region.roads.copy(), region.ferries.copy()
    known = {*roads["link_id"], *ferries["link_id"]}
    _check_twice(scenario, faults)
    for k, gone in enumerate(scenario.links_closed, start=1):
        if gone.link_id not in known:
            where = f"{scenario.place}: link.close[{k}].link_id"
            faults.append(_no_link(gone.link_id, known, where))
    closed = [entry.link_id for entry in scenario.links_closed]
    roads.loc[roads["link_id"].isin(closed), "status"] = "closed"
    ferries.loc[ferries["link_id"].isin(closed), "status"] = "withdrawn"
    for k, entry in enumerate(scenario.links_opened, start=1):
        where = f"{scenario.place}: link.open[{k}]"
        if entry.link_id in known:
            _open(roads, ferries, entry)
        elif entry.kind is not None:
            ferries = _with_ferry(region, ferries, entry, scenario, where, faults)
        else:
            roads = _with_road(region, roads, islands, entry, scenario, where, faults)
    return roads, ferries


def _check_twice(scenario: Scenario, faults: list[Fault]) -> None:
    named = [
        *(("close", k, one.link_id) for k, one in enumerate(scenario.links_closed, start=1)),
        *(("open", k, one.link_id) for k, one in enumerate(scenario.links_opened, start=1)),
    ]
    seen: set[str] = set()
    for kind, k, link_id in named:
        if link_id in seen:
            where = f"{scenario.place}: link.{kind}[{k}].link_id"
            faults.append(Fault("scenario_twice", where, link_id))
        seen.add(link_id)


def _no_link(link_id: str, known: set[str], where: str) -> Fault:
    close = difflib.get_close_matches(link_id, sorted(known), 1)
    if close:
        params: dict[str, object] = {"target": "roads, ferries", "close": close[0]}
        return Fault("dangling_close", where, link_id, params)
    return Fault("scenario_no_link", where, link_id)


def _open(roads: gpd.GeoDataFrame, ferries: gpd.GeoDataFrame, entry: LinkOpened) -> None:
    road, ferry = roads["link_id"] == entry.link_id, ferries["link_id"] == entry.link_id
    roads.loc[road, "status"] = "open"
    ferries.loc[ferry, "status"] = "in_service"
    if any(getattr(entry, name) is not None for name in _SERVICE):
        _unlist(ferries, ferry)
    given = {
        "speed_kmh": (roads, road),
        "length_km": (roads, road),
        "duration_min": (ferries, ferry),
        **dict.fromkeys(_SERVICE, (ferries, ferry)),
    }
    for name, (table, row) in given.items():
        if (value := getattr(entry, name)) is not None:
            table.loc[row, name] = value


def _unlist(ferries: gpd.GeoDataFrame, chosen: pd.Series) -> None:
    """Put number, first and last of the listed sailings in place of the lists.

    A list overrules the three, so it cannot stay where a scenario sets one of them; the two others
    stay those of the list.
    """
    for row in ferries.index[chosen]:
        sails = listed_departures(ferries.loc[row].to_dict())
        if sails is not None:
            ferries.loc[row, "departures_per_day"] = float(len(sails))
            ferries.loc[row, "first_departure"] = _clock(sails[0])
            ferries.loc[row, "last_departure"] = _clock(sails[-1])
        for name in ("departures", "departures_back"):
            ferries.loc[row, name] = None


def _clock(minute: float) -> str:
    return f"{int(minute) // 60 % 24:02d}:{int(minute) % 60:02d}"


@dataclass(frozen=True)
class _End:
    """One end of a new road: its node, its place in degrees and its island (None off them)."""

    node: str
    lon: float
    lat: float
    island_id: str | None


def _with_road(
    region: Region,
    roads: gpd.GeoDataFrame,
    islands: Islands,
    entry: LinkOpened,
    scenario: Scenario,
    where: str,
    faults: list[Fault],
) -> gpd.GeoDataFrame:
    nodes = _nodes(roads)
    ends = [_end(entry, end, nodes, islands) for end in _ROAD_ENDS]
    lacks = [
        f"{end}_node / {end}_lon, {end}_lat"
        for end, at in zip(_ROAD_ENDS, ends, strict=True)
        if at is None
    ]
    if entry.speed_kmh is None:
        lacks.append("speed_kmh")
    if entry == LinkOpened(entry.link_id):
        known = {*region.roads["link_id"], *region.ferries["link_id"]}
        faults.append(_no_link(entry.link_id, known, f"{where}.link_id"))
        return roads
    if lacks or ends[0] is None or ends[1] is None:
        params: dict[str, object] = {"missing": "; ".join(lacks)}
        faults.append(Fault("scenario_link_missing", where, entry.link_id, params))
        return roads
    return _append(roads, _road_row(entry, ends[0], ends[1], islands, scenario))


def _road_row(
    entry: LinkOpened, start: _End, end: _End, islands: Islands, scenario: Scenario
) -> dict[str, Any]:
    joins = start.island_id != end.island_id
    structure = entry.structure or ("bridge" if joins else "none")
    points = [(start.lon, start.lat), (end.lon, end.lat)]
    straight_km = islands.point(*points[0]).distance(islands.point(*points[1])) / 1000.0
    return {
        "link_id": entry.link_id,
        "name_zh": entry.name_zh or scenario.name_zh,
        "name_en": entry.name_en or scenario.name_en,
        "road_class": entry.road_class,
        "structure": structure,
        "from_node": start.node,
        "to_node": end.node,
        "length_km": straight_km if entry.length_km is None else entry.length_km,
        "speed_kmh": entry.speed_kmh,
        "oneway": entry.oneway,
        "status": "open",
        "opened_year": None if scenario.date is None else float(scenario.date.year),
        "island_id": None if joins else start.island_id,
        "from_island_id": start.island_id,
        "to_island_id": end.island_id,
        "length_kind": "estimate" if entry.length_km is None else "given",
        "note": scenario.name_en,
        "geometry": shapely.LineString(points),
    }


def _nodes(roads: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the named ends of all roads: place in degrees, island, and whether one is open."""
    lines = roads.geometry.to_numpy()
    ends = []
    for end, position in zip(_ROAD_ENDS, (0, -1), strict=True):
        spots = shapely.get_point(lines, position)
        ends.append(
            pd.DataFrame(
                {
                    "node": roads[f"{end}_node"].to_numpy(),
                    "lon": shapely.get_x(spots),
                    "lat": shapely.get_y(spots),
                    "island_id": roads[f"{end}_island_id"].fillna(roads["island_id"]).to_numpy(),
                    "open": (roads["status"] == "open").to_numpy(),
                }
            )
        )
    both = pd.concat(ends, ignore_index=True)
    both = both.sort_values(["open", "island_id"], ascending=[False, True], kind="stable")
    return both.drop_duplicates("node").set_index("node", drop=False)


def _end(entry: LinkOpened, end: str, nodes: pd.DataFrame, islands: Islands) -> _End | None:
    """Return an end of a new road, or None where the entry does not say where it is."""
    name = getattr(entry, f"{end}_node")
    lon, lat = getattr(entry, f"{end}_lon"), getattr(entry, f"{end}_lat")
    if name in nodes.index:
        return _of(nodes.loc[name])
    if lon is None or lat is None:
        return None
    here = islands.point(lon, lat)
    usable = nodes[nodes["open"]]
    apart = [
        here.distance(islands.point(*at)) for at in usable[["lon", "lat"]].itertuples(index=False)
    ]
    if name is None and apart and min(apart) <= entry.join_m:
        return _of(usable.iloc[int(np.argmin(apart))])
    return _End(name or f"{entry.link_id}@{end}", lon, lat, islands.at(lon, lat))


def _of(row: pd.Series) -> _End:
    island = row["island_id"]
    known = isinstance(island, str)
    return _End(
        str(row["node"]), float(row["lon"]), float(row["lat"]), str(island) if known else None
    )


def _with_ferry(
    region: Region,
    ferries: gpd.GeoDataFrame,
    entry: LinkOpened,
    scenario: Scenario,
    where: str,
    faults: list[Fault],
) -> gpd.GeoDataFrame:
    lacks = [name for name in _FERRY_NEEDS if getattr(entry, name) is None]
    if lacks:
        params: dict[str, object] = {"missing": ", ".join(lacks)}
        faults.append(Fault("scenario_link_missing", where, entry.link_id, params))
        return ferries
    ports = region.ports.set_index("port_id").geometry
    ends = [entry.from_port_id, entry.to_port_id]
    unknown = [end for end in ends if end not in ports.index]
    faults += [missing(str(end), ports.index.tolist(), "ports", where) for end in unknown]
    if unknown:
        return ferries
    line = shapely.LineString([ports[end] for end in ends])
    straight_km = float(gpd.GeoSeries([line], crs=WGS84).to_crs(region.metric_crs).length[0]) / 1e3
    names = ("kind", *_FERRY_NEEDS, *_SERVICE)
    row = {
        "link_id": entry.link_id,
        "name_zh": entry.name_zh or scenario.name_zh,
        "name_en": entry.name_en or scenario.name_en,
        **{name: getattr(entry, name) for name in names},
        "length_km": straight_km if entry.length_km is None else entry.length_km,
        "status": "in_service",
        "evidence": "scenario",
        "note": scenario.name_en,
        "geometry": line,
    }
    return _append(ferries, row)


def _append(table: gpd.GeoDataFrame, row: dict[str, Any]) -> gpd.GeoDataFrame:
    rows = gpd.GeoDataFrame([row], geometry="geometry", crs=WGS84).reindex(columns=table.columns)
    return appended(table, rows)
