"""The content of a proposal's ``result.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata import catalogue as strings
from routing import statistics
from routing.brief.result import condition_notice, notice
from routing.conditions import Catalogue
from routing.conditions import load as load_conditions
from routing.propose.after import Change, World, closed_ids, variants
from routing.propose.conditions import OVERALL, Held
from routing.propose.plan import SHIFT, Plan
from routing.propose.request import Request
from routing.siting import curve as curves
from routing.siting.problem import Floats
from routing.siting.result import SitingResult

SCHEMA = "island-response/propose/1"
_SHARED = (
    "region", "condition", "daylight", "when", "start_stamp", "network", "scenarios", "posts",
    "posts_by_evidence", "assumptions", "sources",
)  # fmt: skip

Zones = dict[str, dict[str, Any]]


def assemble(
    world: World,
    plan: Plan,
    request: Request,
    zones: Mapping[str, Mapping[str, Zones]],
    sites: gpd.GeoDataFrame,
    sheets: Mapping[str, pd.DataFrame],
    today: Mapping[str, Any],
    *,
    catalogue: Catalogue | None = None,
) -> dict[str, Any]:
    """Return the result.

    Args:
        world: the region, its sites and conditions.
        plan: the answers.
        request: what was asked.
        zones: of `zones_by_condition`.
        sites, sheets: tables of `routing.propose.tables`.
        today: result of the brief under the first condition.
        catalogue: the weather conditions that the request's come from.
    """
    found, held = plan.result, {one.name: one for one in world.held}
    answered = found.is_answer
    records = {name: _records(table) for name, table in sheets.items() if name != "conditions"}
    return {
        "schema": SCHEMA,
        **{key: today[key] for key in _SHARED if key in today},
        "objective": request.objective,
        "status": found.status,
        "statement": _statement(plan, zones, held),
        "objective_value": found.objective_value,
        "bound": found.bound,
        "gap": found.gap,
        "runtime_s": found.runtime_s,
        "solver": found.solver,
        "seed": found.seed,
        "ties": found.ties,
        **({"fewest": _fewest(plan.fewest)} if plan.fewest is not None else {}),
        "asked": _asked(plan, request, world),
        "candidates": len(world.columns.candidates),
        "new_posts": len(found.new_sites),
        "sites": _records(pd.DataFrame(sites.drop(columns="geometry"))),
        "closed": _closed(world, plan),
        "before": zones[OVERALL]["before"],
        "after": zones[OVERALL]["after"],
        "conditions": [
            {
                "name": name,
                "name_zh": one.named("zh"),
                "name_en": one.named("en"),
                "share": one.share,
                "must_hold": one.must_hold,
                **zones[name],
            }
            for name, one in held.items()
        ],
        "condition_values": _condition_values(world, catalogue),
        **({"variants": _variants(world, plan)} if answered else {}),
        "unreachable": _unreachable(world, plan),
        **records,
        **({"curve_objective": curves.curve_objective(request.objective)} if plan.steps else {}),
        **({"alternatives_complete": plan.others.complete} if plan.others is not None else {}),
        **({"relaxation": _relaxation(plan, world)} if plan.relaxation is not None else {}),
        "notices": [
            *today["notices"],
            *_condition_notices(world, catalogue),
            *_notices(world, plan, request),
        ],
    }


def _condition_values(world: World, catalogue: Catalogue | None) -> list[dict[str, Any]]:
    """Return what each weather condition stops and slows, each value with its source."""
    if catalogue is None:
        return []
    named = dict.fromkeys(one.condition.name for one in world.held)
    return [dict(row) for name in named for row in catalogue.rows_of(name)]


def _condition_notices(world: World, catalogue: Catalogue | None) -> list[dict[str, str]]:
    """Return what the conditions other than the first stop and slow; each is told once."""
    weather = catalogue or load_conditions()
    others = {one.condition.name: one.condition for one in world.held}
    others.pop(world.first.condition.name)
    known = [one for name, one in others.items() if name in weather.names]
    found = [told for one in known for told in condition_notice(one, weather.file)]
    return [*found, notice("condition_days")] if len(known) > 1 else found


def zones_by_condition(world: World, changes: Mapping[str, Change]) -> dict[str, dict[str, Zones]]:
    """Return the statistics of each zone before and after: over all conditions, then in each.

    Over all conditions each counts by its share, as it does for targets on means; with a single
    condition both are the same. A resident who is cut off in one condition counts by its share.
    """
    every = {one.name: _zones(world, {one.name: 1.0}, changes) for one in world.held}
    if len(every) == 1:
        return {OVERALL: every[world.first.name], **every}
    return {OVERALL: _zones(world, world.shares, changes), **every}


def _zones(
    world: World, shares: Mapping[str, float], changes: Mapping[str, Change]
) -> dict[str, Zones]:
    found = {}
    for time in ("before", "after"):
        tables = [
            _weighed(world.before[name].demand, share, getattr(changes[name], f"{time}_min"))
            for name, share in shares.items()
            if share > 0
        ]
        found[time] = statistics.zones(pd.concat(tables), world.parameters.target)
    return found


def _weighed(demand: pd.DataFrame, share: float, response_min: Floats) -> pd.DataFrame:
    return demand.assign(
        response_min=response_min,
        population=demand["population"] * share,
        calls_per_year=demand["calls_per_year"] * share,
    )


def _variants(world: World, plan: Plan) -> dict[str, dict[str, Zones]]:
    """Return the figures under other views of which posts count, for the first condition."""
    found: dict[str, dict[str, Zones]] = {}
    name = world.first.name
    for variant, change in variants(world, plan.result).items():
        found[variant] = _zones(world, {name: 1.0}, {name: change})
    return found


def _statement(
    plan: Plan, zones: Mapping[str, Mapping[str, Zones]], held: Mapping[str, Held]
) -> str:
    """Return how the proposal reads: a key of ``propose.statement``."""
    if not plan.result.is_answer:
        return plan.result.status
    judged = [OVERALL, *(name for name, one in held.items() if one.must_hold)]

    def met(time: str) -> bool:
        every = (zone for name in judged for zone in zones[name][time].values())
        return all(zone["target_met"] is not False for zone in every)

    if not len(plan.result.new_sites) and not len(plan.result.closed_sites):
        return "met_today" if met("before") else "nothing_new"
    return "reached" if met("after") else "best_found"


def missed(told: Mapping[str, Any]) -> list[str]:
    """Return the zones that miss their target after a plan, where a condition must hold in it too.

    Args:
        told: a result.
    """
    judged = [told["after"], *(one["after"] for one in told["conditions"] if one["must_hold"])]
    wrong = {
        name for zones in judged for name, zone in zones.items() if zone["target_met"] is False
    }
    return sorted(wrong)


def _fewest(first: SitingResult) -> dict[str, Any]:
    """Return how many new sites it takes to meet the targets, with the proof."""
    return {
        "status": first.status,
        "new_posts": len(first.new_sites),
        "objective_value": first.objective_value,
        "bound": first.bound,
        "gap": first.gap,
        "runtime_s": first.runtime_s,
    }


def _asked(plan: Plan, request: Request, world: World) -> dict[str, Any]:
    """Return the question as it was put to the solver."""
    question = plan.question
    return {
        "new": question.new,
        "until_target": request.until_target,
        "target_min": dict(question.target_min),
        "mean_min": dict(question.mean_min),
        "share_within": request.share_within,
        "worst_island_min": question.worst_island_min,
        "outer_min": request.outer_min,
        "busy": dict(question.busy),
        "budget": request.budget,
        "kinds": {kind: request.kinds.get(kind) for kind in request.wanted},
        "costs": {kind: request.cost_of(kind, world.parameters) for kind in request.wanted},
        "keep": list(request.keep),
        "close": list(request.close),
        "closable": _flagged(world, "closable"),
        "movable": _flagged(world, "movable"),
        "exclusive": [list(group) for group in request.exclusive],
        "min_new_by_county": dict(request.min_new_by_county),
        "sources": list(request.sources) if request.candidates is None else [],
        "lattice_km": request.lattice_km,
        "time_limit_s": request.time_limit_s,
    }


def _flagged(world: World, flag: str) -> list[str]:
    table = world.columns.table
    return [str(site) for site in table.loc[table[flag], "id"]]


def _closed(world: World, plan: Plan) -> list[dict[str, Any]]:
    table = world.columns.table
    gone = table["id"].isin(closed_ids(world, plan.result))
    return _records(table.loc[gone, ["id", "name_zh", "name_en", "island_id", "county"]])


def _unreachable(world: World, plan: Plan) -> list[dict[str, Any]]:
    """Return, island by island, the people whom no site can reach under any condition."""
    problem, today = plan.problem, world.before[world.first.name].demand
    nobody = np.isnan(problem.times_min[:, ~problem.forbidden]).all(axis=1)
    demand = today[nobody.reshape(-1, len(today)).all(axis=0)]
    names = world.region.islands.set_index("island_id")[["name_zh", "name_en"]]
    return [
        {
            "island_id": island,
            "name_zh": names["name_zh"].get(island),
            "name_en": names["name_en"].get(island),
            "population": float(rows["population"].sum()),
            "demand_ids": rows["demand_id"].tolist(),
        }
        for island, rows in demand.groupby("island_id", sort=True)
    ]


def _relaxation(plan: Plan, world: World) -> dict[str, Any]:
    why = plan.relaxation
    assert why is not None
    names = world.region.islands.set_index("island_id")[["name_zh", "name_en"]]
    table = world.columns.table.iloc[why.sites]
    return {
        "proven": why.proven,
        "rules": list(why.rules),
        "relaxed": [
            {
                "what": one.what,
                "of": one.of,
                "label": one.label,
                "name_zh": names["name_zh"].get(one.label) if one.of == "island" else None,
                "name_en": names["name_en"].get(one.label) if one.of == "island" else None,
                "condition": one.condition,
                "asked": one.asked,
                "needed": one.needed,
            }
            for one in why.relaxed
        ],
        "sites": _records(table.loc[~table["existing"], ["id", "name_zh", "name_en"]]),
    }


def _notices(world: World, plan: Plan, request: Request) -> list[dict[str, str]]:
    """Return what holds for a proposal beside what holds for the brief, in both languages."""
    keys: dict[str, dict[str, Any]] = {}
    lost = _unreachable(world, plan)
    if lost:
        people = sum(one["population"] for one in lost)
        keys["unreachable_by_any"] = {"islands": len(lost), "people": f"{people:,.0f}"}
    if set(world.columns.candidates["facility"]) != {"ambulance_post"}:
        keys["kinds_by_themselves"] = {}
    closed = closed_ids(world, plan.result)
    if closed:
        keys["closed_posts"] = {"posts": len(closed)}
    if request.candidates is not None:
        keys["given_candidates"] = {}
    if plan.runs:
        keys["sensitivity"] = {"runs": len(plan.runs), "shift": f"{SHIFT:.0%}".rstrip("%")}
    return [
        {
            "key": key,
            **{f"text_{lang}": strings.text(f"caveat.{key}", lang, **p) for lang in ("zh", "en")},
        }
        for key, p in keys.items()
    ]


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
