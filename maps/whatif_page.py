"""The what-if page: a map on which a planner changes things and sees what follows.

The page holds the places; minutes come from the server that it was loaded from, and from nowhere
else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import geopandas as gpd
from markupsafe import Markup

from geodata import catalogue
from geodata.errors import Fault, InputError
from maps import assets
from maps.packing import Pool, inert_json, path, shape
from maps.scale import scale
from maps.words import Words, clean, is_missing, number

STYLES = ("page.css", "whatif.css")
SCRIPTS = (
    "shapes.js", "whatif_edits.js", "whatif_map.js", "whatif_marks.js", "whatif_panel.js",
    "whatif_start.js",
)  # fmt: skip
CELL_TOLERANCE_DEG, ISLAND_TOLERANCE_DEG = 0.00003, 0.00008
# name -> columns that the page reads
COLUMNS: dict[str, tuple[str, ...]] = {
    "cells": ("demand_id", "island_id", "name_zh", "name_en", "zone", "population", "target_min"),
    "islands": ("island_id", "name_zh", "name_en"),
    "posts": ("post_id", "name_zh", "name_en", "kind", "evidence", "vehicles", "outside"),
    "helipads": ("helipad_id", "name_zh", "name_en", "status"),
    "roads": ("link_id", "name_zh", "name_en", "structure", "status"),
    "ferries": ("link_id", "name_zh", "name_en", "status"),
    "zones": ("zone",),
}


@dataclass(frozen=True, kw_only=True)
class WhatIfTables:
    """What the page shows before it asks, every table a GeoDataFrame in EPSG:4326.

    Attributes:
        cells: polygons, one a demand point, in the order of the server's answers.
        islands: multipolygons of the land.
        posts: points; those that are ``outside`` are left out.
        helipads: points; shown are those where helicopters land today.
        roads, ferries: lines that may be closed and opened.
        zones: multipolygons of the planning zones.

    Raises:
        InputError: with one fault for each missing column.
    """

    cells: gpd.GeoDataFrame
    islands: gpd.GeoDataFrame
    posts: gpd.GeoDataFrame
    helipads: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    ferries: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame

    def __post_init__(self) -> None:
        faults = [
            Fault("maps_missing_columns", f"table {field.name}", ", ".join(missing))
            for field in fields(self)
            if (
                missing := [
                    c for c in COLUMNS[field.name] if c not in getattr(self, field.name).columns
                ]
            )
        ]
        if faults:
            raise InputError(faults)


@dataclass(frozen=True)
class Page:
    """A page and the content security policy to serve it with."""

    html: str
    policy: str


def page(tables: WhatIfTables, setting: dict[str, Any], *, lang: str) -> Page:
    """Return the what-if page.

    Leaflet, styles, scripts and places are inside; by the policy the browser runs these scripts and
    styles alone and asks nobody but the server of the page.

    Args:
        tables: what to show.
        setting: ``region`` (`name_zh`, `name_en`), ``network``, ``start_stamp``, ``conditions``
            (`name`, `label`, `effects`) and ``shown`` (`condition`, `daylight`).
        lang: ``zh`` or ``en``.

    Raises:
        KeyError: if `setting` lacks an entry.
    """
    words = Words(lang)
    say = _Say(lang)
    region = words.named(setting["region"])
    data = _data(tables, words) | {
        "ui": _texts(lang),
        "conditions": setting["conditions"],
        "shown": setting["shown"],
        "lang": lang,
    }
    style = "\n".join([assets.leaflet_style(), *map(assets.text, STYLES)])
    source = "\n".join(map(assets.text, SCRIPTS))
    html = (
        assets.environment()
        .get_template("whatif.html.j2")
        .render(
            lang="zh-CN" if lang == "zh" else "en",
            other="en" if lang == "zh" else "zh",
            title=say("title", region=region),
            say=say,
            words=words,
            setting=setting,
            start_stamp=words.code("start_stamp", setting["start_stamp"]),
            schematic=setting["network"] == "schematic",
            style=Markup(style),  # noqa: S704 - our own files
            library=Markup(assets.leaflet_script()),  # noqa: S704
            source=Markup(source),  # noqa: S704
            data=Markup(inert_json(data)),  # noqa: S704 - inert_json leaves no markup
        )
    )
    return _guarded(html)


def door(*, lang: str) -> Page:
    """Return the page that asks for the token of a server that is not for this machine alone."""
    html = (
        assets.environment()
        .get_template("whatif_door.html.j2")
        .render(
            lang="zh-CN" if lang == "zh" else "en",
            say=_Say(lang),
            style=Markup(assets.text("page.css") + assets.text("whatif_door.css")),  # noqa: S704
            source=Markup(assets.text("whatif_door.js")),  # noqa: S704
        )
    )
    return _guarded(html)


class _Say:
    """Texts below ``whatif.``."""

    def __init__(self, lang: str) -> None:
        self._lang = lang

    def __call__(self, key: str, **params: object) -> str:
        return catalogue.text(f"whatif.{key}", self._lang, **params)


def _guarded(html: str) -> Page:
    inside = html.split("<style>", 1)[1].split("</style>", 1)[0]
    style = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode("ascii")
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(assets.script_hashes(html))}",
            f"style-src 'sha256-{style}'",
            "img-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )
    return Page(html, policy)


def _texts(lang: str) -> dict[str, str]:
    prefix = "whatif.ui."
    return {k[len(prefix) :]: v for k, v in catalogue.strings(lang).items() if k.startswith(prefix)}


def _data(tables: WhatIfTables, words: Words) -> dict[str, Any]:
    names = Pool()
    cells = tables.cells
    bands = scale(cells["target_min"].dropna().unique()).bands
    edges = cells.total_bounds if len(cells) else tables.islands.total_bounds
    return {
        "bands": [
            {"colour": b.colour, "ink": b.ink, "upper": b.upper_min, "label": b.label(words.lang)}
            for b in bands
        ],
        "bounds": [round(float(edge), 5) for edge in edges],
        "cells": {
            "shape": [shape(g, tolerance_deg=CELL_TOLERANCE_DEG) for g in cells.geometry],
            "name": [names.number(_name(row, words)) for row in cells.to_dict("records")],
            "island": [names.number(clean(i)) for i in cells["island_id"]],
            "zone": [names.number(words.code("zone", z)) for z in cells["zone"]],
            "target": [number(t) for t in cells["target_min"]],
            "people": [number(p) for p in cells["population"]],
        },
        "islands": list(_islands(tables.islands, words)),
        "posts": list(_posts(tables.posts, words)),
        "helipads": list(_helipads(tables.helipads, words)),
        "roads": list(_links(tables.roads, words)),
        "ferries": list(_links(tables.ferries, words)),
        "zones": [
            shape(g, tolerance_deg=ISLAND_TOLERANCE_DEG)
            for g, zone in zip(tables.zones.geometry, tables.zones["zone"], strict=True)
            if zone != "rural"  # all that is not urban: an outline would only repeat the coast
        ],
        "zone_names": {z: words.code("zone", z) for z in ("main_urban", "rural")},
        "vehicles": {v: words.vehicle(v) for v in ("ambulance", "boat", "helicopter")},
        "names": names.values,
    }


def _name(row: dict[str, Any], words: Words) -> str:
    blank = is_missing(row["name_zh"]) and is_missing(row["name_en"])
    return "" if blank else words.named(row)


def _id(value: object) -> str:
    """Return an id as it is, for the server must know it again; no page can hold half a pair."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _islands(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    for row in table.to_dict("records"):
        named = row.get("named", True) is not False
        yield {
            "id": clean(row["island_id"]),
            "name": _name(row, words) if named else "",
            "shape": shape(row["geometry"], tolerance_deg=ISLAND_TOLERANCE_DEG),
        }


def _posts(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    for row in table.to_dict("records"):
        if row["outside"] is True or row["geometry"] is None or row["geometry"].is_empty:
            continue
        vehicles = [v.strip() for v in clean(row["vehicles"]).split(";") if v.strip()]
        yield {
            "id": _id(row["post_id"]),
            "name": words.named(row),
            "kind": clean(row["kind"]),
            "kind_text": words.code("kind", row["kind"]),
            "evidence": clean(row["evidence"]),
            "evidence_text": words.code("evidence_long", row["evidence"]),
            "vehicles": words("list_mark").join(words.vehicle(v) for v in vehicles),
            "at": [round(row["geometry"].y, 5), round(row["geometry"].x, 5)],
        }


def _helipads(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    for row in table.to_dict("records"):
        if row["status"] != "existing" or row["geometry"] is None or row["geometry"].is_empty:
            continue
        yield {
            "id": _id(row["helipad_id"]),
            "name": words.named(row),
            "at": [round(row["geometry"].y, 5), round(row["geometry"].x, 5)],
        }


def _links(table: gpd.GeoDataFrame, words: Words) -> Iterator[dict[str, Any]]:
    """Yield roads or ferries with whether they carry anybody today."""
    for row in table.to_dict("records"):
        structure = clean(row.get("structure"))
        yield {
            "id": _id(row["link_id"]),
            "name": _name(row, words) or clean(row["link_id"]),
            "structure": structure if structure != "none" else "",
            "open": row["status"] in ("open", "in_service"),
            "path": path(row["geometry"]),
        }
