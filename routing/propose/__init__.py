"""Proposals: where new posts, berths and helipads should go, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd

from geodata.region import Region
from routing import brief, land_network, mutual_aid
from routing.brief import Brief, plain
from routing.conditions import Catalogue
from routing.config import Parameters
from routing.propose import after, columns, following, result, shown, tables
from routing.propose.after import World
from routing.propose.conditions import Held
from routing.propose.plan import Plan, Report, make
from routing.propose.request import Request
from routing.response import Condition

__all__ = ["STAGES", "Proposal", "Request", "compute", "plain"]

STAGES = ("network", "response", "solve", "curve", "alternatives", "sensitivity", "tables")


@dataclass(frozen=True)
class Proposal:
    """Everything a proposal has to say.

    Attributes:
        result: the content of ``result.json``.
        plan: the answers, by site number.
        today: the brief of today under the first condition, for maps; with the other conditions
            beside it and, where there is an answer, what changes (see `routing.propose.shown`).
        sites: the new sites, EPSG:4326; may be empty.
        candidates: every site that could be decided on, EPSG:4326.
        demand: before and after by demand point, under the first condition.
        sheets: further tables by name: gains, figures by condition, and those that were asked for.
    """

    result: dict[str, Any]
    plan: Plan
    today: Brief
    sites: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    demand: pd.DataFrame
    sheets: dict[str, pd.DataFrame]


def compute(
    region: Region,
    parameters: Parameters,
    request: Request,
    *,
    conditions: Sequence[Held] = (Held("calm@day", Condition()),),
    catalogue: Catalogue | None = None,
    report: Report = lambda *_: None,
) -> Proposal:
    """Answer a request for a region.

    Args:
        region: a valid region.
        parameters: the response model and the targets.
        request: what is asked.
        conditions: what the answer has to hold under; maps and tables show the first.
        catalogue: the weather conditions that they come from, whose sources are then cited.
        report: called with the name of each stage and the share of it that is done.

    Raises:
        InputError: if the request does not fit the region.
        NoAnswerError: if there is no candidate.
    """
    held = list(conditions)
    report("network", 0.0)
    land = land_network.build(region, parameters)
    region = mutual_aid.responding(region, parameters)
    sites = columns.build(region, land, parameters, request)
    report("response", 0.0)
    world = after.world(region, parameters, land, held, sites)
    plan = make(world, request, report=report)
    report("tables", 0.0)
    return _told(world, plan, request, catalogue)


def _told(world: World, plan: Plan, request: Request, catalogue: Catalogue | None) -> Proposal:
    changes = after.changes(world, plan.result)
    first = changes[world.first.name]
    today = world.before[world.first.name].demand
    drawn = brief.compute(
        world.region,
        world.parameters,
        condition=world.first.condition,
        catalogue=catalogue,
        land=world.land,
        propose=False,
    )
    sites = tables.sites(plan, world.columns, world.region, today, first.after_min)
    zones = result.zones_by_condition(world, changes)
    sheets = {**tables.sheets(plan, world, first.after_min), "conditions": tables.conditions(zones)}
    sheets["conditions"] = tables.with_names(sheets["conditions"], world.held)
    if request.next_best:
        following_ = following.table(world, request)
        sheets["next_by_kind"] = tables.with_names(following_, world.held)
    told = result.assemble(
        world, plan, request, zones, sites, sheets, drawn.result, catalogue=catalogue
    )
    drawn = shown.today(drawn, told, world, zones)
    if plan.result.is_answer:
        drawn = shown.with_plan(drawn, told, sites, world, changes, plan.result)
    return Proposal(
        result=told,
        plan=plan,
        today=drawn,
        sites=sites,
        candidates=tables.candidates(plan, world.columns),
        demand=tables.demand(today, first.after_min),
        sheets=sheets,
    )
