"""A proposal as maps show it: today and after, under each of its conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import geopandas as gpd
import pandas as pd

from routing import resilience
from routing.brief import Brief
from routing.brief.result import named
from routing.propose import after
from routing.propose.after import Change, World
from routing.propose.conditions import Held
from routing.propose.result import Zones
from routing.siting.result import SitingResult

# Kinds of new site as the maps know posts.
DRAWN_KINDS = {
    "ambulance_post": "ambulance_station",
    "boat_berth": "boat_base",
    "helipad": "air_base",
}
_TOLD = ("objective", "status", "statement", "new_posts", "closed")
# What a demand point or an island comes to, and what its column is called.
_CELL = {"response_min": "response_min", "vehicle": "best_vehicle", "post_zh": "post_zh",
         "post_en": "post_en"}  # fmt: skip
_CELL_AFTER = {"response_min": "after_min", "vehicle": "after_vehicle", "post_zh": "after_post_zh",
               "post_en": "after_post_en"}  # fmt: skip
_ISLAND = {name: name for name in ("mean_min", "best_vehicle", "unreachable_population")}
_ISLAND_AFTER = {"mean_min": "after_min", "best_vehicle": "after_vehicle",
                 "post_zh": "after_post_zh", "post_en": "after_post_en",
                 "unreachable_population": "after_unreachable_population"}  # fmt: skip


def today(
    drawn: Brief,
    told: Mapping[str, Any],
    world: World,
    zones: Mapping[str, Mapping[str, Zones]],
) -> Brief:
    """Return the brief with today's responses under every condition, where there are several.

    Args:
        drawn: the brief of the first condition.
        told: the proposal's ``result.json``.
        world: the region, its conditions and today's responses.
        zones: of `routing.propose.result.zones_by_condition`.

    Cells get ``response_min__KEY``, ``best_vehicle__KEY``, ``post_zh__KEY`` and ``post_en__KEY``,
    islands ``mean_min__KEY``, ``best_vehicle__KEY`` and ``unreachable_population__KEY``; the result
    gets ``conditions`` with the zones and islands of each.
    """
    drawn = replace(drawn, result={**drawn.result, "notices": told["notices"]})
    if len(world.held) == 1:
        return drawn
    cells: dict[str, Any] = {}
    islands: dict[str, Any] = {}
    rows = []
    for one in world.held:
        demand = world.before[one.name].demand
        by_island = resilience.by_island(demand)
        cells |= _columns(demand, _CELL, f"__{one.name}")
        islands |= _columns(_of(drawn.islands, by_island), _ISLAND, f"__{one.name}")
        rows.append(_row(one, by_island, zones[one.name]["before"]))
    return replace(
        drawn,
        result={**drawn.result, "conditions": rows},
        cells=drawn.cells.assign(**cells),
        islands=drawn.islands.assign(**islands),
    )


def with_plan(
    drawn: Brief,
    told: Mapping[str, Any],
    sites: gpd.GeoDataFrame,
    world: World,
    changes: Mapping[str, Change],
    answer: SitingResult,
) -> Brief:
    """Return the brief of `today` with what a plan changes under every condition.

    Args:
        drawn: of `today`.
        told: the proposal's ``result.json``.
        sites: the new sites.
        world: the region and its conditions.
        changes: of `routing.propose.after.changes`.
        answer: the plan.

    Cells and islands get ``after_min``, ``after_vehicle``, ``after_post_zh``, ``after_post_en``,
    islands ``after_unreachable_population`` too, of the first condition; those of another one have
    ``__KEY`` behind their name.
    """
    cells: dict[str, Any] = {}
    islands: dict[str, Any] = {}
    for one in world.held:
        own = "" if one is world.first else f"__{one.name}"
        demand = after.demand(world, changes[one.name], answer)
        cells |= _columns(demand, _CELL_AFTER, own)
        by_island = _of(drawn.islands, resilience.by_island(demand))
        islands |= _columns(by_island, _ISLAND_AFTER, own)
    shown = sites.assign(kind=sites["kind"].map(DRAWN_KINDS).fillna(sites["kind"]))
    result = drawn.result
    if "conditions" in result:
        zones = {one["name"]: one["after"] for one in told["conditions"]}
        rows = [{**row, "after": zones[row["key"]]} for row in result["conditions"]]
        result = {**result, "conditions": rows}
    return replace(
        drawn,
        result={**result, "proposal": _proposal(told, shown)},
        cells=drawn.cells.assign(**cells),
        islands=drawn.islands.assign(**islands),
        proposal_sites=shown,
    )


def _proposal(told: Mapping[str, Any], sites: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return the part of the result that a map shows; its zones are of the first condition."""
    first = told["conditions"][0]
    return {
        **{key: told[key] for key in _TOLD},
        "sites": sites.drop(columns="geometry").to_dict("records"),
        "before": first["before"],
        "after": first["after"],
    }


def _row(one: Held, by_island: pd.DataFrame, zones: Zones) -> dict[str, Any]:
    posts = by_island[["post_zh", "post_en"]].set_axis(["post", "post_en"], axis=1)
    return {
        "key": one.name,
        "condition": one.condition.name,
        "daylight": one.condition.daylight,
        **{f"name_{lang}": named(one.condition, lang) for lang in ("zh", "en")},
        "zones": zones,
        "islands": posts.reset_index().to_dict("records"),
    }


def _of(islands: gpd.GeoDataFrame, table: pd.DataFrame) -> pd.DataFrame:
    return table.reindex(islands["island_id"])


def _columns(table: pd.DataFrame, names: Mapping[str, str], own: str) -> dict[str, Any]:
    return {f"{name}{own}": table[column].to_numpy() for column, name in names.items()}
