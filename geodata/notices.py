"""Things to know about a region that breaks no rule: what is assumed, unlocated, coarse or odd."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from pyproj import Geod

from geodata import catalogue, schemas
from geodata.errors import Fault, shorten
from geodata.findings import place
from geodata.region import Region
from geodata.rules_columns import items

EXAMPLE = "EXAMPLE"
COARSE_M = 1000.0
_SHOWN = 5
_UNIT_RATIO = 20.0
_FERRY_LIMIT_KMH = 100.0
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Notice(Fault):
    """One thing to know; its text is below ``notice.`` in the catalogue."""

    def text(self, lang: str) -> str:
        """Return the notice as one line."""
        value = "" if self.value is None else shorten(self.value)
        said = catalogue.text(f"notice.{self.key}", lang, value=value, **self.params)
        return f"{self.where}: {said}"


def notices(region: Region) -> list[Notice]:
    """Return all notices of a region, which must be free of faults of form.

    Args:
        region: a region whose layers have their columns, for instance from `geodata.region.read`.
    """
    groups = (_evidence, _coverage, _accuracy, _links, _odd_links, _text, _columns, _references)
    return [notice for group in groups for notice in group(region)]


def _evidence(region: Region) -> Iterator[Notice]:
    if region.network == "schematic" and len(region.layers["roads"]):
        yield Notice("schematic_network", "roads", len(region.layers["roads"]))
    posts = region.layers["posts"]
    for kind in ("assumed", "clinic"):
        if count := int((posts["evidence"] == kind).sum()):
            yield Notice(f"posts_{kind}", "posts", count, {"total": len(posts)})
    if len(posts) and (posts["evidence"] == "clinic").all():
        yield Notice("no_crewed_post", "posts")
    if len(unlocated := region.layers["unlocated"]):
        yield Notice("unlocated", "unlocated", len(unlocated), {"names": _listed(unlocated)})
    if str(region.layers["islands"]["island_id"].iloc[:1].squeeze()).startswith(EXAMPLE):
        yield Notice("template_untouched", "islands")


def _coverage(region: Region) -> Iterator[Notice]:
    """Yield what the region lacks for a full picture."""
    crews = {item for cell in region.layers["posts"]["vehicles"].dropna() for item in items(cell)}
    for vehicle in schemas.VEHICLES:
        if vehicle not in crews:
            yield Notice("no_vehicle", "posts", vehicle)
    islands, demand = region.layers["islands"], region.layers["demand"]
    served = set(demand["island_id"])
    bare = islands[(islands["inhabited"] == "yes") & ~islands["island_id"].isin(served)]
    if len(bare):
        yield Notice("island_without_demand", "islands", len(bare), {"names": _listed(bare)})
    blank = int(demand["calls_per_year"].isna().sum())
    if 0 < blank < len(demand):
        yield Notice("calls_partly_blank", "demand", blank, {"total": len(demand)})
    zones = _zones_that_differ(region)
    if zones:
        yield Notice("zone_differs", "demand", zones, {"total": len(demand)})


def _zones_that_differ(region: Region) -> int:
    """Return how many demand points lie in another zone's polygon than their column says."""
    demand, zones = region.layers["demand"], region.layers["zones"]
    points = demand.geometry.to_numpy()
    own, any_zone = np.zeros(len(demand), bool), np.zeros(len(demand), bool)
    for zone, polygon in zip(zones["zone"], zones.geometry, strict=True):
        shapely.prepare(polygon)
        inside = shapely.intersects(polygon, points)
        any_zone |= inside
        own |= inside & (demand["zone"] == zone).to_numpy(bool)
    return int((any_zone & ~own).sum())


def _accuracy(region: Region) -> Iterator[Notice]:
    for layer in schemas.LAYERS:
        table = region.layers[layer.name]
        if "position_accuracy_m" in table:
            coarse = table["position_accuracy_m"][table["position_accuracy_m"] > COARSE_M]
            if len(coarse):
                params = {"total": len(table), "worst": f"{coarse.max():.0f}"}
                yield Notice("coarse", layer.name, len(coarse), params)


def _links(region: Region) -> Iterator[Notice]:
    for layer in ("roads", "ferries"):
        status = region.layers[layer]["status"]
        for state in ("uncertain", "under_construction", "planned", "closed", "withdrawn"):
            if count := int((status == state).sum()):
                yield Notice(f"links_{state}", layer, count, {"total": len(status)})
    ferries = region.layers["ferries"]
    blank = int(ferries[["departures_per_day", "departures"]].isna().all(axis=1).sum())
    if blank:
        yield Notice("ferry_without_frequency", "ferries", blank, {"total": len(ferries)})


def _odd_links(region: Region) -> Iterator[Notice]:
    """Yield lengths and speeds that a mistaken unit would explain."""
    for layer in ("roads", "ferries"):
        table = region.layers[layer]
        line_km = np.array([_GEOD.geometry_length(g) / 1000.0 for g in table.geometry])
        odd = table["length_km"].to_numpy(float) > _UNIT_RATIO * line_km + 1.0
        for row in np.flatnonzero(odd):
            value = f"{table['length_km'][row]:g}"
            params: dict[str, object] = {"line": f"{line_km[row]:.2f}"}
            yield Notice("length_unit", _where(region, layer, int(row), "length_km"), value, params)
        if layer == "ferries":
            speed = line_km / (table["duration_min"].to_numpy(float) / 60.0)
            for row in np.flatnonzero(speed > _FERRY_LIMIT_KMH):
                where = _where(region, layer, int(row), "duration_min")
                value = f"{table['duration_min'][row]:g}"
                yield Notice("ferry_speed", where, value, {"speed": f"{speed[row]:.0f}"})


def _text(region: Region) -> Iterator[Notice]:
    """Yield texts with characters that do not print; they are shown with a mark in their place."""
    for layer in schemas.LAYERS:
        for column in layer.columns:
            if column.kind == "text":
                for row, value in enumerate(region.layers[layer.name][column.name]):
                    if value is not None and not value.replace("\n", "").isprintable():
                        where = _where(region, layer.name, row, column.name)
                        yield Notice("control_characters", where, value)


def _columns(region: Region) -> Iterator[Notice]:
    """Yield columns that no layer declares: perhaps a heading with a slip."""
    for layer in schemas.LAYERS:
        declared = [column.name for column in layer.columns]
        for name in region.layers[layer.name].columns:
            if name not in (*declared, "geometry"):
                close = difflib.get_close_matches(str(name), declared, 1, cutoff=0.8)
                key = "unknown_column_close" if close else "unknown_column"
                params: dict[str, object] = {"close": close[0] if close else ""}
                yield Notice(key, _where(region, layer.name), str(name), params)


def _references(region: Region) -> Iterator[Notice]:
    """Yield sources that rows name but the sources table lacks."""
    sources = region.layers["sources"]
    if not len(sources):
        return
    known = set(sources["source_id"])
    named = {
        item
        for layer in schemas.LAYERS
        if "source_ids" in region.layers[layer.name]
        for cell in region.layers[layer.name]["source_ids"].dropna()
        for item in items(cell)
    }
    if missing := sorted(named - known):
        names = ", ".join(shorten(m, limit=30) for m in missing[:_SHOWN])
        yield Notice("unknown_sources", "sources", len(missing), {"names": names})


def _where(region: Region, layer: str, row: int | None = None, column: str = "") -> str:
    return place(layer, row, column, origin=region.origins.get(layer))


def _listed(table: pd.DataFrame) -> str:
    names = [shorten(name, limit=30) for name in table["name_zh"].head(_SHOWN)]
    return ", ".join(names) + (" …" if len(table) > _SHOWN else "")
