"""The data block of an interactive page: compact, rounded and inert."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from maps import legs as legs_module
from maps.cartography import in_service
from maps.tables import CoverageTables, has_name
from maps.words import Words, clean, is_missing, number, pinyin

UNITS_PER_DEGREE = 100_000  # five decimals, about a metre
ISLAND_TOLERANCE_DEG = 0.00008
CELL_TOLERANCE_DEG = 0.00003


@dataclass
class _Pool:
    """Gives each distinct value a number, so that a page carries it once."""

    values: list[Any] = field(default_factory=list)
    _numbers: dict[Any, int] = field(default_factory=dict)

    def number(self, value: Any) -> int:
        if value not in self._numbers:
            self._numbers[value] = len(self.values)
            self.values.append(value)
        return self._numbers[value]


def inert_json(value: object) -> str:
    """Return JSON that is safe inside a ``<script>`` element: no markup, no line separators.

    Raises:
        ValueError: if `value` holds NaN or infinity, which JSON has not.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def build(tables: CoverageTables, *, lang: str) -> dict[str, Any]:
    """Return all that the page's script needs, every text in language `lang`.

    Shapes are lists of polygons, a polygon a list of rings, a ring a flat list of whole numbers:
    the first point in units of 1/100,000 degree (lon, lat), then the steps from point to point.

    Args:
        tables: what to draw.
        lang: ``zh`` or ``en``.
    """
    words = Words(lang)
    names, parts = _Pool(), _Pool()
    names.number("")
    cells = _cells(tables, words, names, parts)
    return {
        "lang": lang,
        "bands": [
            {"colour": b.colour, "ink": b.ink, "upper": b.upper_min, "label": b.label(lang)}
            for b in tables.scale.bands
        ],
        "bounds": [round(value, 5) for value in tables.bounds()],
        "cells": cells,
        "legs": parts.values,
        "islands": list(_islands(tables, words)),
        "posts": list(_posts(tables.posts, words)),
        "helipads": list(_places(tables.helipads, words)),
        "hospitals": list(_places(tables.hospitals, words)),
        "ports": list(_places(tables.ports, words)),
        "sites": list(_sites(tables.proposal_sites, words)),
        "roads": list(_roads(tables.roads, words)),
        "ferries": list(_ferries(tables.ferries, words)),
        "zones": list(_zones(tables.zones, words)),
        "names": names.values,
        "has_after": tables.has_after,
    }


def shape(geometry: Any, *, tolerance_deg: float = 0.0) -> list[list[list[int]]]:
    """Return a polygon or multipolygon as rings of whole-number steps; empty ones give ``[]``."""
    if geometry is None or geometry.is_empty:
        return []
    if tolerance_deg:
        geometry = geometry.simplify(tolerance_deg, preserve_topology=True)
    polygons = [g for g in shapely.get_parts(geometry) if g.geom_type == "Polygon"]
    rings = [[_ring(r) for r in (p.exterior, *p.interiors)] for p in polygons]
    kept = [[ring for ring in polygon if len(ring) >= 6] for polygon in rings]
    return [polygon for polygon in kept if polygon]


def path(geometry: Any) -> list[list[int]]:
    """Return a line or multiline as flat lists of whole-number steps."""
    if geometry is None or geometry.is_empty:
        return []
    lines = [g for g in shapely.get_parts(geometry) if g.geom_type == "LineString"]
    found = [_steps(np.asarray(line.coords)) for line in lines]
    return [line for line in found if len(line) >= 4]


def search_text(*texts: object) -> str:
    """Return what a search box compares with: the texts and their pinyin, in small letters."""
    given = [clean(text) for text in texts if not is_missing(text)]
    return " ".join([*given, *(pinyin(text) for text in given)]).lower()


def _ring(ring: Any) -> list[int]:
    return _steps(np.asarray(ring.coords)[:-1])  # Leaflet closes rings itself


def _steps(coordinates: Any) -> list[int]:
    units = np.rint(coordinates[:, :2] * UNITS_PER_DEGREE).astype(np.int64)
    moved = np.ones(len(units), dtype=bool)
    moved[1:] = (np.diff(units, axis=0) != 0).any(axis=1)
    units = units[moved]
    units[1:] = np.diff(units, axis=0)
    return [int(value) for value in units.ravel()]


def _minutes(value: object) -> float | None:
    found = number(value)
    return None if found is None else round(found, 2)


def _cells(tables: CoverageTables, words: Words, names: _Pool, parts: _Pool) -> dict[str, Any]:
    cells, scale = tables.cells, tables.scale
    rows = cells.drop(columns="geometry").to_dict("records")
    columns: dict[str, Any] = {
        "shape": [shape(g, tolerance_deg=CELL_TOLERANCE_DEG) for g in cells.geometry],
        "island": [names.number(clean(row["island_id"])) for row in rows],
        "title": [names.number(_cell_title(row, words)) for row in rows],
        "zone": [names.number(words.code("zone", row["zone"])) for row in rows],
        "target": [_minutes(row["target_min"]) for row in rows],
        "people": [number(row["population"]) for row in rows],
        "now": [_minutes(row["response_min"]) for row in rows],
        "now_band": scale.index(cells["response_min"]).tolist(),
        "vehicle": [names.number(words.vehicle(row["best_vehicle"])) for row in rows],
        "post": [names.number(_post(row, "post", words)) for row in rows],
        "second": [_minutes(row["second_min"]) for row in rows],
        "second_vehicle": [names.number(words.vehicle(row["second_vehicle"])) for row in rows],
        "second_post": [names.number(_post(row, "second_post", words)) for row in rows],
        "legs": [_legs(row["legs"], words, names, parts) for row in rows],
    }
    if tables.has_after:
        columns["after"] = [_minutes(row["after_min"]) for row in rows]
        columns["after_band"] = scale.index(cells["after_min"]).tolist()
    return columns


def _cell_title(row: dict[str, Any], words: Words) -> str:
    place = words.name(row["place_zh"], row["place_en"])
    island = words.name(row["island_zh"], row["island_en"])
    known = [name for name in (place, island) if name != words("unnamed")]
    return " · ".join(dict.fromkeys(known)) or words("unnamed")


def _post(row: dict[str, Any], prefix: str, words: Words) -> str:
    zh, en = row[f"{prefix}_zh"], row[f"{prefix}_en"]
    return "" if is_missing(zh) and is_missing(en) else words.name(zh, en)


def _legs(text: object, words: Words, names: _Pool, parts: _Pool) -> list[int]:
    def place(zh: str, en: str) -> int:
        return names.number(words.name(zh, en) if zh or en else "")

    return [
        parts.number(
            (
                names.number(words.code("leg", leg.kind)),
                place(leg.from_zh, leg.from_en),
                place(leg.to_zh, leg.to_en),
                _minutes(leg.minutes),
                int(leg.schematic),
            )
        )
        for leg in legs_module.parse(text)
    ]


def _islands(tables: CoverageTables, words: Words) -> Iterator[dict[str, Any]]:
    inhabited = set(tables.cells["island_id"])
    islands, scale = tables.islands, tables.scale
    bands: Any = scale.index(islands["mean_min"]) if len(islands) else []
    later = scale.index(islands["after_min"]) if "after_min" in islands.columns else None
    rows = islands.drop(columns="geometry").to_dict("records")
    for place, (row, geometry, band) in enumerate(zip(rows, islands.geometry, bands, strict=True)):
        named = has_name(row)
        served = row["island_id"] in inhabited
        found: dict[str, Any] = {
            "id": clean(row["island_id"]),
            "shape": shape(geometry, tolerance_deg=ISLAND_TOLERANCE_DEG),
        }
        if named:
            found["name"] = words.named(row)
        if served:
            found |= {
                "county": words.place(row["county_zh"]),
                "people": number(row["population"]),
                "now": _minutes(row["mean_min"]),
                "now_band": int(band),
                "vehicle": words.vehicle(row["best_vehicle"]),
                "post": _post(row, "post", words),
            }
            if later is not None:
                found |= {"after": _minutes(row["after_min"]), "after_band": int(later[place])}
        yield found


def _points(table: gpd.GeoDataFrame) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for row in table.to_dict("records"):
        point = row.pop("geometry")
        if point is not None and not point.is_empty:
            yield row, {"at": [round(point.y, 5), round(point.x, 5)]}


def _places(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    for row, found in _points(table):
        yield found | {
            "name": words.named(row),
            "accuracy_m": number(row["position_accuracy_m"]),
        }


def _posts(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    for row, found in _points(table):
        vehicles = clean(row.get("vehicles")).split(";")
        yield found | {
            "name": words.named(row),
            "kind": clean(row["kind"]),
            "kind_text": words.code("kind", row["kind"]),
            "evidence": clean(row["evidence"]),
            "evidence_text": words.code("evidence_long", row["evidence"]),
            "vehicles": words("list_mark").join(
                words.vehicle(v.strip()) for v in vehicles if v.strip()
            ),
            "accuracy_m": number(row["position_accuracy_m"]),
        }


def _sites(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    for row, found in _points(table):
        yield found | {
            "name": words.named(row),
            "kind_text": words.code("kind", row["kind"]),
            "people": number(row["serves_population"]),
            "gain": _minutes(row["gain_min"]),
        }


def _roads(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    table = in_service(table)
    for structure, name, geometry in zip(
        table.get("structure", ()), table.get("name_zh", ()), table.geometry, strict=True
    ):
        crossing = structure in ("bridge", "tunnel")
        found: dict[str, Any] = {"path": path(geometry)}
        if crossing:  # bridges and tunnels join islands: worth a name on the map
            found["name"] = words.name(name, None)
            found["structure"] = words.code("structure", structure)
        yield found


def _ferries(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    rows = in_service(table)
    for row in rows.to_dict("records"):
        yield {
            "path": path(row["geometry"]),
            "name": words.named(row),
            "kind": words.code("ferry", row["kind"]),
            "duration": _minutes(row["duration_min"]),
            "departures": number(row["departures_per_day"]),
            "status": words.code("ferry_status", row["status"]),
            "car": row["kind"] == "car_ferry",
        }


def _zones(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    for row in table.to_dict("records"):
        yield {
            "shape": shape(row["geometry"], tolerance_deg=ISLAND_TOLERANCE_DEG),
            "zone": clean(row["zone"]),
            "name": words.named(row),
            "target": _minutes(row["target_min"]),
        }
