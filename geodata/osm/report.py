"""The import report: what was read, dropped and guessed, as plain data and as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geodata import catalogue
from geodata.errors import shorten
from geodata.osm import area as areas
from geodata.osm.assumptions import Assumptions
from geodata.osm.coast import Land
from geodata.osm.extract import Extract
from geodata.osm.ferries import Counts as FerryCounts
from geodata.osm.islands import Ground, Named
from geodata.osm.ports import Built
from geodata.osm.roads import Counts as RoadCounts
from geodata.osm.source import Source

SCHEMA = "island-response/osm-import/1"
_SHOWN = 5
_FAR_M = 500.0
_PLACES = ("demand", "posts", "hospitals", "helipads", "ports")

Report = dict[str, Any]


def start(source: Source, extract: Extract, area: BaseGeometry, assumptions: Assumptions) -> Report:
    """Return a report of what was read."""
    return {
        "schema": SCHEMA,
        "file": {
            "name": source.path.name,
            "sha256": source.sha256,
            "timestamp": source.timestamp,
            "area": areas.bbox_text(area),
            **extract.counts,
        },
        "assumptions": assumptions.as_dict(),
    }


def islands(named: Named, land: Land, table: gpd.GeoDataFrame, roads: pd.DataFrame) -> Report:
    """Return what to know about the islands layer."""
    with_roads = set(roads["from_island_id"].dropna()) | set(roads["to_island_id"].dropna())
    bare = table[table["named"].astype(bool) & ~table["island_id"].isin(with_roads)]
    peopled = bare[bare["inhabited"] == "yes"]
    return {
        "count": len(table),
        "named": int(table["named"].sum()),
        "unnamed": int((~table["named"].astype(bool)).sum()),
        "left_out_too_small": named.too_small,
        "names_without_land": named.names_without_land,
        "cut_at_edge": int(sum(land.cut)),
        "landmasses": int(table["landmass_id"].nunique()),
        "coast_gaps_closed": land.gaps_closed,
        "coast_longest_gap_m": land.gap_m,
        "coast_drawn_to_edge": land.drawn_out,
        "coast_chains_left_out": land.dropped,
        "without_roads": bare["name_en"].fillna(bare["name_zh"]).tolist(),
        "peopled_without_roads": peopled["name_en"].fillna(peopled["name_zh"]).tolist(),
    }


def roads(table: pd.DataFrame, counts: RoadCounts) -> Report:
    """Return what to know about the roads layer; lengths in kilometres."""
    by_class: Report = {}
    for name, group in table.groupby("road_class", sort=True):
        km = group["length_km"]
        assumed = group["assumed"].astype(bool)
        by_class[str(name)] = {
            "links": len(group),
            "km": round(float(km.sum()), 3),
            "km_speed_assumed": round(float(km[assumed].sum()), 3),
        }
    structure = table.groupby("structure")["length_km"].sum().round(3)
    nodes = set(table["from_node"]) | set(table["to_node"])
    return {
        "links": len(table),
        "nodes": len(nodes),
        "km": round(float(table["length_km"].sum()), 3),
        "by_class": by_class,
        "km_by_structure": {str(k): float(v) for k, v in structure.items()},
        "oneway_links": int(table["oneway"].sum()),
        **asdict(counts),
    }


def ferries(built: Built, left_out: FerryCounts) -> Report:
    """Return what to know about ferries and ports; lines by name."""
    kinds = Counter(line.kind for line in built.lines)
    return {
        "lines": len(built.lines),
        "by_kind": dict(kinds),
        "durations_mapped": sum(line.tagged for line in built.lines),
        "without_duration": [line.label for line in built.lines if not line.tagged],
        "kind_unknown": [line.label for line in built.lines if not line.kind_known],
        "one_way": [line.label for line in built.lines if line.oneway],
        **asdict(left_out),
        **asdict(built.counts),
    }


def places(
    layers: Mapping[str, gpd.GeoDataFrame], roads: gpd.GeoDataFrame, ground: Ground
) -> Report:
    """Return how many places are off the road network: on no road's island, or far from any."""
    lines = shapely.transform(roads.geometry.to_numpy(), ground.metres)
    by_island = {i: rows.to_numpy() for i, rows in roads.groupby("island_id").groups.items()}
    found: Report = {}
    for layer in _PLACES:
        table = layers[layer]
        without, far = 0, 0
        for island, rows in table.groupby("island_id").groups.items():
            if island not in by_island:
                without += len(rows)
                continue
            xy = ground.metres(shapely.get_coordinates(table.geometry.loc[rows].to_numpy()))
            tree = shapely.STRtree(lines[by_island[island]])
            _, metres = tree.query_nearest(
                shapely.points(xy), return_distance=True, all_matches=False
            )
            far += int((metres > _FAR_M).sum())
        found[layer] = {
            "count": len(table),
            "on_islands_without_roads": without,
            "over_500_m_off": far,
        }
    return found


def lines(report: Report, lang: str) -> list[str]:
    """Return the summary of a report as lines of text in `lang`."""
    return list(_lines(report, lang))


def _lines(report: Report, lang: str) -> Iterator[str]:
    def say(key: str, **params: object) -> str:
        return catalogue.text(f"osm.report.{key}", lang, **params)

    file = report["file"]
    stamp = shorten(file["timestamp"]) or say("no_date")
    yield say("file", name=shorten(file["name"]), date=stamp, area=file["area"])
    if "islands" in report:
        yield from _island_lines(report["islands"], say, lang)
    yield from _road_lines(report["roads"], say, lang)
    if "ferries" in report:
        yield from _ferry_lines(report["ferries"], say, lang)
    if "posts" in report:
        yield from _people_lines(report, say, lang)
    if turns := file.get("turn_restrictions"):
        yield say("turn_restrictions", count=turns)


def _island_lines(found: Report, say: Any, lang: str) -> Iterator[str]:
    yield say("islands", count=found["count"], named=found["named"], landmasses=found["landmasses"])
    if found["left_out_too_small"]:
        yield say("islets_left_out", count=found["left_out_too_small"])
    if found["cut_at_edge"]:
        yield say("cut_at_edge", count=found["cut_at_edge"])
    if found["coast_gaps_closed"] or found["coast_drawn_to_edge"]:
        yield say(
            "coast_mended",
            gaps=found["coast_gaps_closed"],
            metres=found["coast_longest_gap_m"],
            drawn=found["coast_drawn_to_edge"],
        )
    if found["coast_chains_left_out"]:
        yield say("coast_left_out", count=found["coast_chains_left_out"])
    if found["names_without_land"]:
        names = _listed(found["names_without_land"], lang)
        yield say("names_without_land", count=len(found["names_without_land"]), names=names)
    if found["peopled_without_roads"]:
        names = _listed(found["peopled_without_roads"], lang)
        yield say("peopled_without_roads", count=len(found["peopled_without_roads"]), names=names)


def _road_lines(found: Report, say: Any, lang: str) -> Iterator[str]:
    yield say(
        "roads", links=f"{found['links']:,}", nodes=f"{found['nodes']:,}", km=f"{found['km']:,.0f}"
    )
    assumed = sum(one["km_speed_assumed"] for one in found["by_class"].values())
    share = 100.0 * assumed / max(found["km"], 1e-9)
    worst = sorted(found["by_class"].items(), key=lambda item: -item[1]["km_speed_assumed"])
    classes = [f"{name} {one['km_speed_assumed']:,.0f} km" for name, one in worst]
    yield say("speeds_assumed", share=f"{share:.0f}", classes=_listed(classes, lang))
    if found["unreadable_limits"]:
        yield say("unreadable_limits", values=_listed(list(found["unreadable_limits"]), lang))
    if found["forgiven_limits"]:
        yield say("forgiven_limits", count=found["forgiven_limits"])
    if found["barred"]:
        tags = [f"{tag} {count}" for tag, count in found["barred"].items()]
        yield say("barred", count=sum(found["barred"].values()), tags=_listed(tags, lang))
    if found["blocked_nodes"]:
        yield say("blocked_nodes", count=found["blocked_nodes"])
    if found["missing_nodes"]:
        yield say("missing_nodes", count=found["missing_nodes"])
    if found["off_islands_km"]:
        yield say("off_islands", km=f"{found['off_islands_km']:,.1f}")
    if found["over_water_untagged"]:
        yield say("over_water", count=found["over_water_untagged"])
    yield say(
        "components",
        count=found["components"],
        share=f"{100.0 * found['largest_share']:.1f}",
        fragments=found["fragments"],
        km=f"{found['fragments_km']:,.1f}",
    )
    if found["outside_main_circuit"]:
        yield say("outside_main_circuit", count=found["outside_main_circuit"])


def _ferry_lines(found: Report, say: Any, lang: str) -> Iterator[str]:
    yield say(
        "ferries",
        count=found["lines"],
        cars=found["by_kind"].get("car_ferry", 0),
        mapped=found["durations_mapped"],
    )
    for key in (
        "without_duration",
        "kind_unknown",
        "one_way",
        "leaving",
        "round_trips",
        "ends_at_sea",
        "inside_one_port",
        "same_line_twice",
        "forgiven",
    ):
        if found[key]:
            yield say(f"ferry_{key}", count=len(found[key]), names=_listed(found[key], lang))
    if found["unreadable_durations"]:
        values = _listed(list(found["unreadable_durations"]), lang)
        yield say("unreadable_durations", values=values)
    if found["assumed_landings"]:
        yield say("assumed_landings", count=found["assumed_landings"])


def _people_lines(report: Report, say: Any, lang: str) -> Iterator[str]:
    posts, people = report["posts"], report["settlements"]
    evidence = posts["by_evidence"]
    yield say("posts", **{k: evidence.get(k, 0) for k in ("confirmed", "assumed", "clinic")})
    if posts["fire_stations"]:
        yield say("fire_stations", count=len(posts["fire_stations"]))
    if posts["off_islands"]:
        names = _listed(posts["off_islands"], lang)
        yield say("facilities_off", count=len(posts["off_islands"]), names=names)
    yield say(
        "people",
        points=f"{report['demand']['points']:,}",
        mapped=f"{people['mapped_people']:,.0f}",
        places=people["mapped"],
        estimated=f"{people['estimated_people']:,.0f}",
        guessed=sum(people["estimated"].values()),
    )
    if people["suburbs_in_towns"]:
        yield say("suburbs", count=people["suburbs_in_towns"])
    if people["unreadable"]:
        yield say("unreadable_people", values=_listed(list(people["unreadable"].values()), lang))
    places = report["places"]
    off = {k: one["on_islands_without_roads"] for k, one in places.items()}
    far = {k: one["over_500_m_off"] for k, one in places.items()}
    for key, counts in (("no_roads_there", off), ("far_from_road", far)):
        if any(counts.values()):
            listed = [f"{layer} {n}" for layer, n in counts.items() if n]
            yield say(key, layers=_listed(listed, lang))


def _listed(names: Sequence[str], lang: str) -> str:
    mark = catalogue.text("osm.report.list_mark", lang)
    more = " …" if len(names) > _SHOWN else ""
    return mark.join(shorten(name, limit=60) for name in names[:_SHOWN]) + more
