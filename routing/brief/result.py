"""The content of ``result.json``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata import catalogue
from geodata.errors import shorten
from geodata.region import Region
from routing import known_times, legs, scenario, statistics
from routing.brief.proposal import Proposal
from routing.brief.state import HEADLINE, State
from routing.conditions import Condition
from routing.conditions.describe import effects
from routing.config import Parameters

SCHEMA = "island-response/brief/1"
# The default parameters and targets are those of this region.
_HOME = "舟山市"


def assemble(
    state: State,
    variants: Mapping[str, NDArray[np.float64]],
    proposal: Proposal,
    islands: gpd.GeoDataFrame,
    townships: pd.DataFrame,
    *,
    condition_values: Sequence[Mapping[str, Any]] = (),
    conditions_file: str = "conditions.toml",
) -> dict[str, Any]:
    """Return the result: zones, variants, islands, proposal, assumptions, notices and sources.

    Args:
        state: today's responses, with the parts of each.
        variants: response of each demand point under other views of what counts, minutes.
        proposal: the siting answer.
        islands, townships: tables of `routing.brief.tables`.
        condition_values: what the condition stops and slows, each value with its source.
        conditions_file: where these values are from, for people.
    """
    region, parameters, demand = state.region, state.parameters, state.demand
    condition = state.condition
    counted = region.posts[region.posts["evidence"].isin(HEADLINE)]
    kinds = region.posts["evidence"].value_counts()
    return {
        "schema": SCHEMA,
        "region": {k: region.meta_value(k) for k in ("name_zh", "name_en")},
        "condition": condition.name,
        **{f"condition_{lang}": named(condition, lang) for lang in ("zh", "en")},
        "daylight": condition.daylight,
        "when": None if condition.when_min is None else clock(condition.when_min),
        "start_stamp": parameters.clock.start_stamp,
        "network": region.network,
        "zones": _zones(state, state.best.response_min),
        "variants": {name: _zones(state, minutes) for name, minutes in variants.items()},
        "parts": _mean_parts(demand),
        "vehicles": _by_vehicle(demand),
        "scenarios": scenario.scenarios_of(region),
        "posts": len(counted),
        "posts_by_evidence": {k: int(kinds.get(k, 0)) for k in ("confirmed", "assumed", "clinic")},
        "islands": _island_rows(islands),
        "townships": _rows(townships),
        "proposal": _proposal_dict(state, proposal, variants),
        "known_times": known_times.compare(region, state.land.calm(), parameters),
        "assumptions": _assumptions(parameters),
        "condition_values": [dict(row) for row in condition_values],
        "unlocated": _rows(region.unlocated[["name_zh", "name_en", "kind", "note", "note_zh"]]),
        "unjoined_places": state.land.unjoined,
        "notices": _notices(state, conditions_file),
        "sources": _rows(_cited(region, parameters, condition_values)),
    }


def _mean_parts(demand: pd.DataFrame) -> dict[str, dict[str, float]]:
    return {
        str(zone): {
            p: statistics.weighted_mean(rows[p], rows["calls_per_year"]) for p in legs.PARTS
        }
        for zone, rows in demand.groupby("zone", sort=True)
    }


def _by_vehicle(demand: pd.DataFrame) -> dict[str, dict[str, float]]:
    vehicle = demand["vehicle"].fillna("none")
    sums = demand.groupby(vehicle)[["population", "calls_per_year"]].sum()
    kinds = ("ambulance", "boat", "helicopter", "none")
    return {
        kind: {c: float(sums[c].get(kind, 0.0)) for c in ("population", "calls_per_year")}
        for kind in kinds
    }


def _island_rows(islands: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return the islands that people live on, or may, worst first; unreachable ones lead."""
    peopled = islands[islands["worst_min"].notna() | islands["unreachable_population"].notna()]
    order = peopled["mean_min"].fillna(np.inf)
    peopled = peopled.assign(order=order).sort_values(
        ["order", "island_id"], ascending=[False, True], kind="stable"
    )
    columns = {
        "island_id": "island_id",
        "name_zh": "name_zh",
        "name_en": "name_en",
        "county": "county_zh",
        "landmass_id": "landmass_id",
        "zone": "zone",
        "population": "population",
        "calls_per_year": "calls_per_year",
        "mean_min": "mean_min",
        "p90_min": "p90_min",
        "worst_min": "worst_min",
        "best_vehicle": "best_vehicle",
        "post": "post_zh",
        "post_en": "post_en",
    }
    return _rows(peopled[list(columns.values())].set_axis(list(columns), axis=1))


def _zones(state: State, response_min: NDArray[np.float64]) -> dict[str, Any]:
    demand = state.demand.assign(response_min=response_min)
    return statistics.zones(demand, state.parameters.target)


def named(condition: Condition, lang: str) -> str:
    """Return the name of a condition for people."""
    known = catalogue.strings(lang).get(f"brief.condition.{condition.name}", condition.name)
    return (condition.name_zh if lang == "zh" else condition.name_en) or known


def _proposal_dict(
    state: State, proposal: Proposal, variants: Mapping[str, NDArray[np.float64]]
) -> dict[str, Any]:
    before = _zones(state, state.best.response_min)
    outcome = proposal.outcome
    if outcome is None:
        return {"statement": "not_asked", "sites": [], "before": before, "after": before}
    return {
        "statement": proposal.statement,
        "objective": outcome.objective,
        "status": outcome.status,
        "objective_value": outcome.objective_value,
        "bound": outcome.bound,
        "gap": outcome.gap,
        "runtime_s": outcome.runtime_s,
        "solver": outcome.solver,
        "seed": outcome.seed,
        "candidates": proposal.candidates,
        "new_posts": len(outcome.new_sites),
        "sites": _rows(pd.DataFrame(proposal.sites.drop(columns="geometry"))),
        "before": before,
        "after": _zones(state, proposal.after_min),
        "after_variants": {
            name: _zones(state, np.fmin(minutes, proposal.new_min))
            for name, minutes in variants.items()
        },
    }


def _assumptions(parameters: Parameters) -> list[dict[str, Any]]:
    kinds = {"assumed": "assumed", "estimate": "estimate", "user": "user"}
    return [{**row, "status": kinds.get(row["source"], "sourced")} for row in parameters.as_rows()]


def _notices(state: State, conditions_file: str) -> list[dict[str, str]]:
    """Return what a reader has to know before trusting a figure, in both languages."""
    keys = _caveats(state)
    cut_off = float(state.demand.loc[state.demand["response_min"].isna(), "population"].sum())
    share = f"{100 * state.parameters.target.unreachable_share:g}"
    first = [notice("cut_off", people=f"{cut_off:,.0f}", share=share)] if cut_off else []
    head = [*scenario.notices(state.region), *condition_notice(state.condition, conditions_file)]
    head += first
    return [*head, *(notice(k, **p) for k, p in keys.items())]


def condition_notice(condition: Condition, file: str) -> list[dict[str, str]]:
    """Return what a condition stops and slows as a notice; none for calm weather.

    Args:
        condition: the condition.
        file: where its rules are from, for people.
    """
    if not effects(condition, "en"):
        return []
    texts = {
        f"text_{lang}": catalogue.text(
            "caveat.condition",
            lang,
            name=named(condition, lang),
            effects=catalogue.text("conditions.semicolon", lang).join(effects(condition, lang)),
            file=shorten(file),
        )
        for lang in ("zh", "en")
    }
    return [{"key": "condition", **texts}]


def notice(key: str, **params: object) -> dict[str, str]:
    """Return the caveat `key` as the result holds it, in both languages."""
    texts = {
        f"text_{lang}": catalogue.text(f"caveat.{key}", lang, **params) for lang in ("zh", "en")
    }
    return {"key": key, **texts}


def _caveats(state: State) -> dict[str, dict[str, Any]]:
    region, demand = state.region, state.demand
    keys: dict[str, dict[str, Any]] = {}
    if region.network == "schematic":
        error = state.parameters.schematic
        keys["schematic_network"] = {
            "links": len(region.roads),
            "median": f"{error.error_median_min:g}",
            "p90": f"{error.error_p90_min:g}",
            "mean": f"{error.error_mean_min:g}",
        }
    estimated = float(demand.loc[demand["population_kind"] == "estimate", "population"].sum())
    if estimated:
        keys["estimated_population"] = {"people": f"{estimated:,.0f}"}
    if len(region.counties):
        years = sorted({f"{year:.0f}" for year in region.counties["population_year"].dropna()})
        keys["county_totals"] = {"year": ", ".join(years) or "–"}
    assumed = int((region.posts["evidence"] == "assumed").sum())
    if assumed:
        keys["assumed_posts"] = {"posts": assumed}
    flown = float(demand.loc[demand["vehicle"] == "helicopter", "calls_per_year"].sum())
    if flown:
        keys["helicopter_share"] = {"calls": f"{flown:,.0f}"}
    keys["free_crew"] = {}
    if len(region.unlocated):
        keys["unlocated"] = {"places": len(region.unlocated)}
    unknown = int((demand["population_kind"] == "unknown_residents").sum())
    if unknown:
        keys["unknown_residents"] = {"points": unknown}
    if state.condition.daylight == "night" and state.condition.when_min is None:
        keys["night_without_clock"] = {}
    sources = {row["source"] for row in state.parameters.as_rows()}
    if region.meta_value("name_zh") != _HOME and "rmlt2025" in sources:
        keys["foreign_parameters"] = {}
    if region.zones["status"].isin(("estimate", "assumed")).any():
        keys["estimated_zones"] = {}
    return keys


def _cited(
    region: Region, parameters: Parameters, condition_values: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    cited = {str(row["source"]) for row in parameters.as_rows()}
    for row in condition_values:
        cited |= set(str(row.get("source", "")).split(";"))
    for table in region.layers.values():
        if "source_ids" in table:
            for text in table["source_ids"].dropna().unique():
                cited |= set(str(text).split(";"))
    sources: pd.DataFrame = region.sources[region.sources["source_id"].isin(cited)]
    return sources[["source_id", "title", "publisher", "date", "url", "licence"]]


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def plain(value: Any, *, digits: int = 4) -> Any:
    """Return `value` as JSON can hold it: NaN as null, numbers rounded, numpy and NA types gone."""
    if isinstance(value, dict):
        return {str(k): plain(v, digits=digits) for k, v in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [plain(v, digits=digits) for v in value]
    if value is None or value is pd.NA:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return None if not np.isfinite(value) else _tidy(round(float(value), digits))
    return str(value)


def _tidy(value: float) -> float | int:
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def clock(minute_of_day: float) -> str:
    """Return minutes after midnight as ``HH:MM``.

    Example:
        >>> clock(150.0)
        '02:30'
    """
    return f"{int(minute_of_day) // 60 % 24:02d}:{int(minute_of_day) % 60:02d}"
