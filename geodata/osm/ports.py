"""Ports: landings of ferry lines, terminals, harbours; and the ferries layer between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree
from shapely.ops import nearest_points

from geodata import catalogue, crs
from geodata.osm import naming, points
from geodata.osm.assumptions import Assumptions
from geodata.osm.extract import Feature, Floats, point_array
from geodata.osm.ferries import Found, Line
from geodata.osm.islands import Ground
from geodata.region import WGS84

_NAME_REACH_M = 300.0
_MARINA = 2
_DIGITS = 7


@dataclass
class Counts:
    """What was dropped or guessed, for the import report."""

    inside_one_port: list[str] = field(default_factory=list)
    same_line_twice: list[str] = field(default_factory=list)
    terminals_off_islands: int = 0
    assumed_landings: int = 0


@dataclass(frozen=True)
class Built:
    """The ports and ferries layers, and the lines in the order of the latter."""

    ports: gpd.GeoDataFrame
    ferries: gpd.GeoDataFrame
    lines: list[Line]
    counts: Counts


@dataclass
class _Port:
    xy: Floats
    lonlat: Floats
    island: int
    landings: set[int]
    car: bool = False
    tags: list[Feature] = field(default_factory=list)
    evidence: str = "confirmed"


def build(
    found: Found,
    features: Sequence[Feature],
    settlements: gpd.GeoDataFrame,
    ground: Ground,
    *,
    source_id: str,
    assumptions: Assumptions,
) -> Built:
    """Return the ports and the ferries between them.

    Landings and terminals near to each other on one island are one port, but never both ends of
    one line. Ferry terminals and harbours without a line are ports too: a boat can land there;
    marinas are assumed ones.

    Args:
        found: ferry lines.
        features: places and facilities inside the area.
        settlements: names of places for ports without a name of their own.
        ground: the islands.
        source_id: id of the source that each row names.
        assumptions: see `Assumptions`.
    """
    counts = Counts()
    ports = _of_landings(found, ground, assumptions.port_cluster_m)
    counts.terminals_off_islands = _add_terminals(ports, features, ground, assumptions)
    table = _ports_table(ports, settlements, ground, source_id=source_id, assumptions=assumptions)
    port_of = {ref: k for k, port in enumerate(ports) for ref in port.landings}
    lines = _distinct_lines(found.lines, port_of, counts)
    ferries = _ferries_table(lines, port_of, table, source_id=source_id, assumptions=assumptions)
    return Built(table, ferries, lines, counts)


def with_landings(
    ports: gpd.GeoDataFrame,
    islands: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    ground: Ground,
    *,
    source_id: str,
) -> gpd.GeoDataFrame:
    """Return the ports with an assumed landing on each island that has people but no port.

    The landing is the point of the shore nearest to where the people live.
    """
    lacking = [
        i for i in dict.fromkeys(demand["island_id"]) if i not in set(ports["island_id"].dropna())
    ]
    if not lacking:
        return ports
    homes = ground.metres(shapely.get_coordinates(demand.geometry.to_numpy()))
    rows = []
    names = islands.set_index("island_id")
    for island_id in lacking:
        centre = homes[(demand["island_id"] == island_id).to_numpy()].mean(axis=0)
        shore = ground.shapes[ground.ids.index(island_id)].boundary
        spot = nearest_points(shore, shapely.Point(centre))[0]
        name = names.loc[island_id]
        rows.append(
            {
                "port_id": f"landing-{island_id}",
                "name_zh": _called("osm.landing", "zh", name["name_zh"]),
                "name_en": _called("osm.landing", "en", name["name_en"]),
                "island_id": island_id,
                "car_ferry": False,
                "evidence": "assumed",
                "position_accuracy_m": 1000.0,
                "source_ids": source_id,
                "note": "no port mapped: nearest shore to where people live",
                "geometry": _point(
                    crs.to_wgs84(np.array([[spot.x, spot.y]]), ground.metric_crs)[0]
                ),
            }
        )
    both = (
        [ports, gpd.GeoDataFrame(rows, crs=WGS84)]
        if len(ports)
        else [gpd.GeoDataFrame(rows, crs=WGS84)]
    )
    return gpd.GeoDataFrame(pd.concat(both, ignore_index=True), crs=WGS84)


def _of_landings(found: Found, ground: Ground, reach_m: float) -> list[_Port]:
    """Return the ports of the ferry lines; the busiest landing stands for those around it."""
    refs = list(found.landings)
    lonlat = np.array([found.landings[r] for r in refs], dtype=float).reshape(-1, 2)
    if not refs:
        return []
    xy = ground.metres(lonlat)
    island = _island_or_nearest(xy, ground)
    opposite: dict[int, set[int]] = {r: set() for r in refs}
    for line in found.lines:
        a, b = line.ends
        opposite[a].add(b)
        opposite[b].add(a)
    cars = {ref for line in found.lines if line.kind == "car_ferry" for ref in line.ends}
    ports: list[_Port] = []
    order = sorted(
        range(len(refs)), key=lambda k: (refs[k] not in cars, -len(opposite[refs[k]]), refs[k])
    )
    for k in order:
        here = [
            p
            for p in ports
            if p.island == island[k]
            and float(np.hypot(*(p.xy - xy[k]))) <= reach_m
            and not p.landings & opposite[refs[k]]
        ]
        if here:
            port = min(here, key=lambda p: float(np.hypot(*(p.xy - xy[k]))))
        else:
            port = _Port(xy[k], lonlat[k], int(island[k]), set())
            ports.append(port)
        port.landings.add(refs[k])
        port.car |= refs[k] in cars
    return ports


def _island_or_nearest(xy: Floats, ground: Ground) -> list[int]:
    """Return the island of each landing: the one it is on, or at the end of a pier, the nearest."""
    nearest = shapely.STRtree(ground.shapes).nearest(point_array(xy))
    return [int(k) for k in np.atleast_1d(nearest)]


def _add_terminals(
    ports: list[_Port], features: Sequence[Feature], ground: Ground, assumptions: Assumptions
) -> int:
    """Name ports after the terminals on them, and add terminals and harbours of their own."""
    mapped = [f for f in features if _port_rank(f) is not None]
    mapped.sort(key=lambda f: (_port_rank(f), not naming.both(f.tags)[0], f.ident))
    if not mapped:
        return 0
    xy = ground.metres(points.lonlat(mapped))
    island = ground.island_number(xy)
    off = 0
    for k, feature in enumerate(mapped):
        rank = _port_rank(feature)
        reach_m = _NAME_REACH_M if rank else assumptions.port_cluster_m
        apart = [(float(np.hypot(*(p.xy - xy[k]))), n) for n, p in enumerate(ports)]
        if apart and min(apart)[0] <= reach_m:
            port = ports[min(apart)[1]]
            here = feature.ident[0] == "n" and int(feature.ident[1:]) in port.landings
            port.tags.insert(0 if here else len(port.tags), feature)
            continue
        if island[k] < 0:
            off += 1
            continue
        assumed = "assumed" if rank == _MARINA else "confirmed"
        lonlat = np.array([feature.lon, feature.lat])
        ports.append(_Port(xy[k], lonlat, int(island[k]), set(), False, [feature], assumed))
    return off


def _port_rank(feature: Feature) -> int | None:
    tags = feature.tags
    if tags.get("amenity") == "ferry_terminal":
        return 0
    if tags.get("harbour", "no") != "no" or tags.get("seamark:type") == "harbour":
        return 1
    return _MARINA if tags.get("leisure") == "marina" else None


def _ports_table(
    ports: list[_Port],
    settlements: gpd.GeoDataFrame,
    ground: Ground,
    *,
    source_id: str,
    assumptions: Assumptions,
) -> gpd.GeoDataFrame:
    if not ports:
        columns = ["port_id", "name_zh", "name_en", "island_id", "car_ferry", "evidence"]
        return gpd.GeoDataFrame(pd.DataFrame(columns=columns), geometry=[], crs=WGS84)
    names = [_port_name(port, settlements, ground) for port in ports]
    off_m = [float(shapely.distance(ground.shapes[p.island], shapely.Point(p.xy))) for p in ports]
    accuracy = [max(assumptions.position_accuracy_m, math.ceil(m)) for m in off_m]
    far = [m > assumptions.place_tolerance_m for m in off_m]
    return gpd.GeoDataFrame(
        {
            "port_id": naming.unique(
                f"port-{naming.slug(en)}" if naming.slug(en) else "port" for _, en in names
            ),
            "name_zh": [zh for zh, _ in names],
            "name_en": [en for _, en in names],
            "island_id": [ground.ids[p.island] for p in ports],
            "car_ferry": [p.car for p in ports],
            "evidence": [p.evidence for p in ports],
            "position_accuracy_m": accuracy,
            "source_ids": source_id,
            "note": [f"on a pier, {m:.0f} m off the mapped coast" if f else None
                     for m, f in zip(off_m, far, strict=True)],
        },
        geometry=[_point(p.lonlat) for p in ports],
        crs=WGS84,
    )  # fmt: skip


def _port_name(port: _Port, settlements: gpd.GeoDataFrame, ground: Ground) -> tuple[str, str]:
    for feature in port.tags:
        zh, en = naming.both(feature.tags)
        if zh:
            return zh, en
    mine = settlements[settlements["island_id"] == ground.ids[port.island]]
    if not len(mine):
        return tuple(catalogue.text("osm.unnamed.port", lang) for lang in ("zh", "en"))  # type: ignore[return-value]
    xy = ground.metres(shapely.get_coordinates(mine.geometry.to_numpy()))
    nearest = mine.iloc[int(cKDTree(xy).query(port.xy)[1])]
    return (
        _called("osm.port_near", "zh", nearest["name_zh"]),
        _called("osm.port_near", "en", nearest["name_en"]),
    )


def _called(key: str, lang: str, name: str) -> str:
    """Return a name made of another, no longer than names may be."""
    whole = catalogue.text(key, lang, name=name)
    return catalogue.text(key, lang, name=name[: naming.NAME_LIMIT + len(name) - len(whole)])


def _distinct_lines(lines: Sequence[Line], port_of: dict[int, int], counts: Counts) -> list[Line]:
    """Leave out lines within one port, and the same line mapped once for each direction."""
    kept: dict[object, Line] = {}
    for line in sorted(lines, key=lambda one: (not one.tagged, one.length_km, one.ident)):
        a, b = (port_of[end] for end in line.ends)
        if a == b:
            counts.inside_one_port.append(line.label)
            continue
        words = tuple(sorted(line.name[0].casefold().replace("-", " ").replace("–", " ").split()))
        key = (min(a, b), max(a, b), line.kind, words)
        if key in kept:
            counts.same_line_twice.append(line.label)
        else:
            kept[key] = line
    return sorted(kept.values(), key=lambda one: one.ident)


def _ferries_table(
    lines: list[Line],
    port_of: dict[int, int],
    ports: gpd.GeoDataFrame,
    *,
    source_id: str,
    assumptions: Assumptions,
) -> gpd.GeoDataFrame:
    ids, zh, en = (ports[c].tolist() for c in ("port_id", "name_zh", "name_en"))
    rows = []
    for line in lines:
        a, b = (port_of[end] for end in line.ends)
        rows.append(
            {
                "link_id": f"ferry-{line.ident}",
                "name_zh": line.name[0] or naming.tidy(f"{zh[a]}—{zh[b]}"),
                "name_en": line.name[1] or naming.tidy(f"{en[a]} – {en[b]}"),
                "from_port_id": ids[a],
                "to_port_id": ids[b],
                "kind": line.kind,
                "duration_min": line.duration_min,
                "length_km": line.length_km,
                "departures_per_day": line.departures_per_day,
                "status": "in_service",
                "evidence": "duration mapped" if line.tagged else "duration estimated",
                "position_accuracy_m": assumptions.position_accuracy_m,
                "source_ids": source_id,
                "note": _note(line),
                "geometry": shapely.LineString(line.points.round(_DIGITS)),
            }
        )
    if not rows:
        return gpd.GeoDataFrame(
            pd.DataFrame(columns=["link_id", "duration_min"]), geometry=[], crs=WGS84
        )
    return gpd.GeoDataFrame(rows, crs=WGS84)


def _note(line: Line) -> str:
    said = ["duration: mapped" if line.tagged else "duration: estimate from the length"]
    if not line.kind_known:
        said.append("vehicles: not mapped, taken as passengers only")
    if line.oneway:
        said.append("mapped as one-way, taken as running both ways")
    if line.seasonal:
        said.append(f"seasonal: {naming.tidy(line.seasonal)}")
    return "; ".join(said)


def _point(lonlat: Floats) -> shapely.Point:
    return shapely.Point(np.round(lonlat, _DIGITS))
