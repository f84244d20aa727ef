"""Posts, places and lines of an interactive map, for its data block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd

from geodata import hospital_level
from maps.cartography import in_service
from maps.packing import path, shape
from maps.words import Words, clean, number

ISLAND_TOLERANCE_DEG = 0.00008
TIERS = ("peak", "sub_centre", "node", "basic")
STANDINGS = ("planned", "unknown", "closed")


def minutes(value: object) -> float | None:
    """Return minutes with two decimals, None where there are none."""
    found = number(value)
    return None if found is None else round(found, 2)


def posts(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    """Yield the posts with their kind, evidence and vehicles."""
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


def hospitals(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    """Yield the hospitals with their tier and capabilities; an unknown tier is ``other``."""
    for row, found in _points(table):
        tier = clean(row.get("tier"))
        able = [c.strip() for c in clean(row.get("capabilities")).split(";") if c.strip()]
        level = clean(hospital_level.text(row.get("level"), words.lang))
        yield found | {
            "name": words.named(row),
            "kind": tier if tier in TIERS else "other",
            "facts": [text for text in (
                level, words("list_mark").join(words.code("capability", c) for c in able),
                *_standing(row, words),
            ) if text],
            "accuracy_m": number(row["position_accuracy_m"]),
        }  # fmt: skip


def places(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    """Yield helipads or ports; ``kind`` is ``planned`` where they do not stand yet."""
    for row, found in _points(table):
        planned = clean(row.get("status")).startswith("planned")
        yield found | {
            "name": words.named(row),
            "kind": "planned" if planned else "",
            "facts": _standing(row, words),
            "accuracy_m": number(row["position_accuracy_m"]),
        }


def sites(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    """Yield the posts that the proposal adds."""
    for row, found in _points(table):
        yield found | {
            "name": words.named(row),
            "kind_text": words.code("kind", row["kind"]),
            "people": number(row["serves_population"]),
            "gain": minutes(row["gain_min"]),
        }


def roads(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    """Yield the roads in service; bridges and tunnels join islands and have a name."""
    table = in_service(table)
    for structure, name, geometry in zip(
        table.get("structure", ()), table.get("name_zh", ()), table.geometry, strict=True
    ):
        crossing = structure in ("bridge", "tunnel")
        found: dict[str, Any] = {"path": path(geometry)}
        if crossing:
            found["name"] = words.name(name, None)
            found["structure"] = words.code("structure", structure)
        yield found


def ferries(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    """Yield the ferries in service."""
    for row in in_service(table).to_dict("records"):
        yield {
            "path": path(row["geometry"]),
            "name": words.named(row),
            "kind": clean(row["kind"]),
            "kind_text": words.code("ferry", row["kind"]),
            "duration": minutes(row["duration_min"]),
            "departures": number(row["departures_per_day"]),
            "status": words.code("ferry_status", row["status"]),
        }


def zones(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    """Yield the planning zones."""
    for row in table.to_dict("records"):
        yield {
            "shape": shape(row["geometry"], tolerance_deg=ISLAND_TOLERANCE_DEG),
            "zone": clean(row["zone"]),
            "name": words.named(row),
            "target": minutes(row["target_min"]),
        }


def _points(table: gpd.GeoDataFrame) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for row in table.to_dict("records"):
        point = row.pop("geometry")
        if point is not None and not point.is_empty:
            yield row, {"at": [round(point.y, 5), round(point.x, 5)]}


def _standing(row: dict[str, Any], words: Words) -> list[str]:
    """Return in words that a place is planned or unverified; an existing one needs none."""
    status = clean(row.get("status"))
    return [words.code("standing", status)] if status in STANDINGS else []
