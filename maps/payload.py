"""The data block of the coverage page: compact, rounded and inert."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from maps import layers, views
from maps import legs as legs_module
from maps.layers import ISLAND_TOLERANCE_DEG, minutes
from maps.packing import UNITS_PER_DEGREE, Pool, column, inert_json, path, shape, whole
from maps.tables import CoverageTables, has_name
from maps.words import Words, clean, is_missing, number, pinyin

__all__ = [
    "CELL_TOLERANCE_DEG",
    "ISLAND_TOLERANCE_DEG",
    "UNITS_PER_DEGREE",
    "build",
    "inert_json",
    "initials",
    "path",
    "search_text",
    "shape",
]

CELL_TOLERANCE_DEG = 0.00003


def build(
    tables: CoverageTables,
    *,
    lang: str,
    result: Mapping[str, Any] | None = None,
    shown: Sequence[views.View] | None = None,
) -> dict[str, Any]:
    """Return all that the page's script needs, every text in language `lang`.

    Shapes are lists of polygons, a polygon a list of rings, a ring a flat list of whole numbers:
    the first point in units of 1/100,000 degree (lon, lat), then the steps from point to point.
    Minutes of cells and islands are whole hundredths, see `maps.views.packed`.

    Args:
        tables: what to draw.
        lang: ``zh`` or ``en``.
        result: the run's result, for its conditions.
        shown: the views to offer; those of the result unless given.
    """
    words, given = Words(lang), result or {}
    names, parts = Pool(), Pool()
    names.number("")
    shown = shown or views.build(tables, given, words)
    return {
        "lang": lang,
        "bands": [
            {"colour": b.colour, "ink": b.ink, "upper": b.upper_min, "label": b.label(lang)}
            for b in tables.scale.bands
        ],
        "bounds": [round(value, 5) for value in tables.bounds()],
        "cells": _cells(tables, words, names, parts),
        "islands": list(_islands(tables, words)),
        "townships": list(_townships(tables, given, words)),
        "posts": list(layers.posts(tables.posts, words)),
        "helipads": list(layers.places(tables.helipads, words)),
        "hospitals": list(layers.hospitals(tables.hospitals, words)),
        "ports": list(layers.places(tables.ports, words)),
        "sites": list(layers.sites(tables.proposal_sites, words)),
        "roads": list(layers.roads(tables.roads, words)),
        "ferries": list(layers.ferries(tables.ferries, words)),
        "zones": list(layers.zones(tables.zones, words)),
        **views.packed(shown, tables, given, words, names),
        "legs": parts.values,
        "names": names.values,
        "has_after": tables.has_after,
    }


def search_text(*texts: object) -> str:
    """Return what a search box compares with: the texts and their pinyin, in small letters."""
    given = [clean(text) for text in texts if not is_missing(text)]
    return " ".join(dict.fromkeys([*given, *(pinyin(text) for text in given)])).lower()


def initials(*texts: object) -> str:
    """Return the first letters of the pinyin of each text: 岱山 gives ``ds``."""
    # Its dictionaries take long to load, and a page without a search box needs none of them.
    from pypinyin import Style, lazy_pinyin

    given = [clean(text) for text in texts if not is_missing(text)]
    found = ("".join(lazy_pinyin(text, style=Style.FIRST_LETTER)) for text in given)
    return " ".join(dict.fromkeys(found)).lower()


def _cells(tables: CoverageTables, words: Words, names: Pool, parts: Pool) -> dict[str, Any]:
    cells = tables.cells
    rows = cells.drop(columns="geometry").to_dict("records")
    breaks = [band.upper_min for band in tables.scale.bands if band.upper_min is not None]
    townships = _township_numbers(tables)
    return {
        "shape": [shape(g, tolerance_deg=CELL_TOLERANCE_DEG) for g in cells.geometry],
        "island": [names.number(clean(row["island_id"])) for row in rows],
        "township": [townships.get(clean(row["township_zh"])) for row in rows],
        "title": [names.number(_cell_title(row, words)) for row in rows],
        "zone": [names.number(words.code("zone", row["zone"])) for row in rows],
        "target": [minutes(row["target_min"]) for row in rows],
        "people": [number(row["population"]) for row in rows],
        "vehicle": [names.number(words.vehicle(row["best_vehicle"])) for row in rows],
        "post": [names.number(_post(row, "post", words)) for row in rows],
        "second": column(whole(cells["second_min"].to_numpy(float), breaks), None),
        "second_vehicle": [names.number(words.vehicle(row["second_vehicle"])) for row in rows],
        "second_post": [names.number(_post(row, "second_post", words)) for row in rows],
        "legs": [_legs(row["legs"], words, names, parts) for row in rows],
    }


def _township_numbers(tables: CoverageTables) -> dict[str, int]:
    known = dict.fromkeys(map(clean, tables.cells["township_zh"]))
    return {name: place for place, name in enumerate(name for name in known if name)}


def _townships(
    tables: CoverageTables, result: Mapping[str, Any], words: Words
) -> Iterator[dict[str, Any]]:
    """Yield the townships that cells name, with what the run's result says of them."""
    told = {clean(row.get("name_zh")): row for row in result.get("townships") or ()}
    for name in _township_numbers(tables):
        row = told.get(name, {})
        yield {
            "name": words.place(name),
            "county": words.place(row.get("county")),
            "people": number(row.get("population")),
            "mean": minutes(row.get("mean_min")),
            "p90": minutes(row.get("p90_min")),
            "search": search_text(name),
            "initials": initials(name),
        }


def _cell_title(row: dict[str, Any], words: Words) -> str:
    place = words.name(row["place_zh"], row["place_en"])
    island = words.name(row["island_zh"], row["island_en"])
    known = [name for name in (place, island) if name != words("unnamed")]
    return " · ".join(dict.fromkeys(known)) or words("unnamed")


def _post(row: dict[str, Any], prefix: str, words: Words) -> str:
    zh, en = row[f"{prefix}_zh"], row[f"{prefix}_en"]
    return "" if is_missing(zh) and is_missing(en) else words.name(zh, en)


def _legs(text: object, words: Words, names: Pool, parts: Pool) -> list[int]:
    def place(zh: str, en: str) -> int:
        return names.number(words.name(zh, en) if zh or en else "")

    return [
        parts.number(
            (
                names.number(words.code("leg", leg.kind)),
                place(leg.from_zh, leg.from_en),
                place(leg.to_zh, leg.to_en),
                minutes(leg.minutes),
                int(leg.schematic),
            )
        )
        for leg in legs_module.parse(text)
    ]


def _islands(tables: CoverageTables, words: Words) -> Iterator[dict[str, Any]]:
    served = set(map(clean, tables.cells["island_id"]))
    islands = tables.islands
    rows = islands.drop(columns="geometry").to_dict("records")
    for row, geometry in zip(rows, islands.geometry, strict=True):
        found: dict[str, Any] = {
            "id": clean(row["island_id"]),
            "shape": shape(geometry, tolerance_deg=ISLAND_TOLERANCE_DEG),
        }
        if has_name(row):
            found["name"] = words.named(row)
        if found["id"] in served:
            found["county"] = words.place(row["county_zh"])
            found["people"] = number(row["population"])
        yield found


def served_townships(tables: CoverageTables) -> dict[str, list[str]]:
    """Return by island id the townships on it, in Chinese, so that either name finds the island."""
    pairs = zip(map(clean, tables.cells["island_id"]), map(clean, tables.cells["township_zh"]),
                strict=True)  # fmt: skip
    found: dict[str, list[str]] = {}
    for island, township in dict.fromkeys(pairs):
        if township:
            found.setdefault(island, []).append(township)
    return found
