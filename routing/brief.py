"""The brief: today's response times, the verdict, the islands worst first, and a first proposal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata import catalogue, cells
from geodata.names import latin
from geodata.region import WGS84, Region
from routing import known_times, land_network, legs, response, statistics
from routing.config import Parameters
from routing.land_network import LandNetwork
from routing.response import Best, Condition, Options
from routing.siting import candidates
from routing.siting.problem import SitingProblem
from routing.siting.result import SitingResult
from routing.siting.solve import solve

HEADLINE = ("confirmed", "assumed")
VARIANTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "confirmed": (("confirmed",), ("ambulance", "boat", "helicopter")),
    "confirmed_assumed": (HEADLINE, ("ambulance", "boat", "helicopter")),
    "with_clinics": (("confirmed", "assumed", "clinic"), ("ambulance", "boat", "helicopter")),
    "without_helicopter": (HEADLINE, ("ambulance", "boat")),
}
SCHEMA = "island-response/brief/1"
STAGES = ("network", "response", "variants", "proposal", "tables")

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Brief:
    """Everything a brief has to say.

    Attributes:
        result: the content of ``result.json``.
        cells: one polygon a demand point with its best and second-best response, EPSG:4326.
        islands: every island with its statistics, EPSG:4326.
        posts: the posts that count first, then the clinics, EPSG:4326.
        proposal_sites: the sites proposed, EPSG:4326; may be empty.
        townships: statistics by township.
    """

    result: dict[str, Any]
    cells: gpd.GeoDataFrame
    islands: gpd.GeoDataFrame
    posts: gpd.GeoDataFrame
    proposal_sites: gpd.GeoDataFrame
    townships: pd.DataFrame


@dataclass(frozen=True)
class _State:
    region: Region
    parameters: Parameters
    land: LandNetwork
    condition: Condition
    demand: pd.DataFrame
    options: Options
    best: Best


def compute(
    region: Region,
    parameters: Parameters,
    *,
    condition: Condition | None = None,
    propose: bool = True,
    fallback_new: int = 5,
    time_limit_s: float = 30.0,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> Brief:
    """Return the brief of a region.

    Args:
        region: a valid region.
        parameters: the response model.
        condition: default calm day.
        propose: whether to look for new posts.
        fallback_new: how many posts to propose where no number of them meets the targets.
        time_limit_s: wall-time limit of each optimization.
        seed: passed to the solver.
        progress: called with the name of each stage as it starts.
    """
    condition = condition or Condition()
    progress("network")
    land = land_network.build(region, parameters)
    if condition.when_min is not None:
        land = land.at_hour(int(condition.when_min // 60) % 24, parameters)
    progress("response")
    state = _respond(region, parameters, land, condition)
    traced = legs.of_best(region, land, parameters, state.options, state.best, condition=condition)
    state = replace(state, demand=pd.concat([state.demand, legs.parts(traced)], axis=1))
    progress("variants")
    variants = _variants(state, condition)
    progress("proposal")
    proposal = (
        _Proposal.find(state, fallback_new=fallback_new, limit_s=time_limit_s, seed=seed)
        if propose
        else _Proposal.nothing(state)
    )
    progress("tables")
    islands, townships = _islands(state, proposal), _townships(state)
    result = _result(state, condition, variants, proposal, islands, townships)
    table = _cells(state, traced, proposal)
    return Brief(result, table, islands, _posts(region), proposal.sites, townships)


def _respond(
    region: Region, parameters: Parameters, land: LandNetwork, condition: Condition
) -> _State:
    found = response.options(region, land, parameters, evidence=HEADLINE, condition=condition)
    winner = response.best(found)
    demand = pd.DataFrame(region.demand.drop(columns="geometry"))
    demand["calls_per_year"] = expected_calls(region, parameters)
    demand["response_min"] = winner.response_min
    demand["vehicle"] = _pick(found.table["vehicle"], winner.option)
    demand["post_id"] = _pick(found.table["post_id"], winner.option)
    demand["post_zh"] = _pick(found.table["name_zh"], winner.option)
    demand["post_en"] = _pick(_latin(found.table), winner.option)
    return _State(region, parameters, land, condition, demand, found, winner)


def clock(minute_of_day: float) -> str:
    """Return minutes after midnight as ``HH:MM``.

    Example:
        >>> clock(150.0)
        '02:30'
    """
    return f"{int(minute_of_day) // 60 % 24:02d}:{int(minute_of_day) % 60:02d}"


def expected_calls(region: Region, parameters: Parameters) -> pd.Series:
    """Return the expected calls a year of each demand point: as given, else from its residents."""
    rate = parameters.demand.runs_per_1000_per_year / 1000.0
    calls: pd.Series = region.demand["calls_per_year"].fillna(region.demand["population"] * rate)
    return calls


def _pick(values: pd.Series, rows: NDArray[np.int64]) -> NDArray[np.object_]:
    table = np.array([*values, None], dtype=object)
    return np.asarray(table[rows])


def _latin(table: pd.DataFrame) -> pd.Series:
    names = [
        en if isinstance(en, str) else latin(str(zh))
        for zh, en in zip(table["name_zh"], table["name_en"], strict=True)
    ]
    return pd.Series(names, index=table.index, dtype=object)


def _variants(state: _State, condition: Condition) -> dict[str, Any]:
    """Return zone statistics under other views of which posts and vehicles count."""
    found = {}
    for name, (evidence, vehicles) in VARIANTS.items():
        running = tuple(v for v in condition.vehicles if v in vehicles)
        other = replace(condition, vehicles=running)
        choice = response.best(
            response.options(
                state.region, state.land, state.parameters, evidence=evidence, condition=other
            )
        )
        demand = state.demand.assign(response_min=choice.response_min)
        found[name] = statistics.zones(demand, state.parameters.target)
    return found


@dataclass(frozen=True)
class _Proposal:
    """A siting answer with the candidates it chose from."""

    statement: str
    outcome: SitingResult | None
    after_min: NDArray[np.float64]
    sites: gpd.GeoDataFrame
    candidates: int

    @classmethod
    def nothing(cls, state: _State) -> _Proposal:
        return cls("not_asked", None, state.best.response_min, _no_sites(), 0)

    @classmethod
    def find(cls, state: _State, *, fallback_new: int, limit_s: float, seed: int) -> _Proposal:
        """Ask for the fewest new ambulance posts that meet both targets, else for the best k."""
        counted = state.region.posts["evidence"].isin(HEADLINE)
        sites = candidates.ambulance_posts(
            state.region, state.land, counted=state.region.posts.loc[counted, "post_id"]
        )
        problem = _siting_problem(state, sites)
        target = {
            zone: state.parameters.target.of(zone)
            for zone, mean in problem.mean_min(state.best.response_min).items()
            if not np.isnan(mean)
        }
        outcome = solve(
            problem, objective="min-sites", target_min=target, time_limit_s=limit_s, seed=seed
        )
        statement = "met_today" if not len(outcome.new_sites) else "reached"
        if outcome.status not in ("optimal", "feasible"):
            new = min(fallback_new, len(sites))
            outcome = solve(problem, objective="min-mean", new=new, time_limit_s=limit_s, seed=seed)
            statement = "best_of_k"
        chosen = _site_table(state, sites, outcome)
        return cls(statement, outcome, outcome.times_min, chosen, len(sites))


def _siting_problem(state: _State, sites: pd.DataFrame) -> SitingProblem:
    """Column 0 is the whole system of today; the others are ambulance posts at the candidates."""
    node = state.land.node_of("demand", state.region.demand["demand_id"])
    drive = response.ambulance_min(
        state.region,
        state.land,
        state.parameters,
        sites["node"].to_numpy(np.int64),
        node,
        state.condition,
    ).T
    before = state.parameters.clock.before_dispatch_min() + state.parameters.ambulance.turnout_min
    return SitingProblem.from_matrix(
        np.column_stack([state.best.response_min, drive + before]),
        weights=state.demand["calls_per_year"].to_numpy(float),
        zones=state.demand["zone"].tolist(),
        existing=(0,),
    )


def _site_table(state: _State, sites: pd.DataFrame, outcome: SitingResult) -> gpd.GeoDataFrame:
    demand, rows = state.demand, []
    for column in outcome.new_sites:
        site = sites.iloc[int(column) - 1]
        mine = outcome.assignment == column
        gain = demand["response_min"].to_numpy()[mine] - outcome.times_min[mine]
        rows.append(
            {
                "id": site["id"],
                "name_zh": site["name_zh"],
                "name_en": site["name_en"] or latin(site["name_zh"]),
                "lon": round(float(site["lon"]), 6),
                "lat": round(float(site["lat"]), 6),
                "kind": site["kind"],
                "island_id": site["island_id"],
                "new": True,
                "serves_population": float(demand["population"].to_numpy()[mine].sum()),
                "gain_min": statistics.weighted_mean(gain, demand["calls_per_year"][mine]),
            }
        )
    if not rows:
        return _no_sites()
    table = pd.DataFrame(rows).sort_values(["serves_population", "id"], ascending=[False, True])
    names = state.region.islands.set_index("island_id")["name_zh"]
    table["island"] = table["island_id"].map(names)
    spots = gpd.points_from_xy(table["lon"], table["lat"])
    return gpd.GeoDataFrame(table.reset_index(drop=True), geometry=spots, crs=WGS84)


def _no_sites() -> gpd.GeoDataFrame:
    names = ("id", "name_zh", "name_en", "lon", "lat", "kind", "island_id", "new")
    columns: dict[str, Any] = {n: [] for n in (*names, "serves_population", "gain_min", "island")}
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy([], []), crs=WGS84)


def _islands(state: _State, proposal: _Proposal) -> gpd.GeoDataFrame:
    """Return every island; those with demand points carry the statistics of their response.

    `population` is that of the demand points (NaN where unknown); the count that the region's own
    table states, of another year and kind, moves to `stated_population`.
    """
    stats = statistics.by_group(state.demand, "island_id").drop(columns="population")
    after = statistics.by_group(
        state.demand.assign(response_min=proposal.after_min), "island_id"
    ).rename(columns={"mean_min": "after_min"})[["island_id", "after_min"]]
    lead = _leading(state.demand)
    table = state.region.islands.rename(columns={"population": "stated_population"})
    for more in (stats, lead, after):
        table = table.merge(more, on="island_id", how="left")
    residents = state.demand.groupby("island_id")["population"].sum()
    counted = state.demand["population_kind"].ne("unknown_residents")
    known = table["island_id"].isin(state.demand.loc[counted, "island_id"])
    table["population"] = table["island_id"].map(residents).where(known)
    return table.rename(columns={"vehicle": "best_vehicle"})


def _leading(demand: pd.DataFrame) -> pd.DataFrame:
    """Return for each island the vehicle and post of most of its calls (else of its points)."""
    weight = demand["calls_per_year"].where(demand["calls_per_year"] > 0, 1e-9)
    table = demand.assign(weight=weight).dropna(subset="post_id")
    sums = table.groupby(["island_id", "vehicle", "post_id", "post_zh", "post_en", "zone"])[
        "weight"
    ]
    total = sums.sum().reset_index().sort_values(["weight", "post_id"], ascending=[False, True])
    return total.drop_duplicates("island_id").drop(columns="weight")


def _townships(state: _State) -> pd.DataFrame:
    demand = state.demand.dropna(subset="township_zh")
    county = demand.groupby("township_zh")["county_zh"].first()
    table = statistics.by_group(demand, "township_zh").rename(columns={"township_zh": "name_zh"})
    table.insert(1, "county", table["name_zh"].map(county))
    return table.sort_values("mean_min", ascending=False, kind="stable").reset_index(drop=True)


def _posts(region: Region) -> gpd.GeoDataFrame:
    order = {kind: i for i, kind in enumerate(("confirmed", "assumed", "clinic"))}
    return region.posts.sort_values("evidence", key=lambda s: s.map(order), kind="stable")


def _cells(state: _State, traced: list[list[legs.Leg]], proposal: _Proposal) -> gpd.GeoDataFrame:
    demand, islands = state.demand, state.region.islands.set_index("island_id")
    second = state.best.second
    table = pd.DataFrame(
        {
            "demand_id": demand["demand_id"],
            "island_id": demand["island_id"],
            "place_zh": demand["name_zh"],
            "place_en": _latin(demand),
            "island_zh": demand["island_id"].map(islands["name_zh"]),
            "island_en": demand["island_id"].map(islands["name_en"]),
            "county_zh": demand["county_zh"],
            "township_zh": demand["township_zh"],
            "zone": demand["zone"],
            "population": demand["population"],
            "population_kind": demand["population_kind"],
            "calls_per_year": demand["calls_per_year"],
            "response_min": demand["response_min"],
            "target_min": demand["zone"].map(state.parameters.target.of),
            "best_vehicle": demand["vehicle"],
            "post_id": demand["post_id"],
            "post_zh": demand["post_zh"],
            "post_en": demand["post_en"],
            **{part: demand[part] for part in legs.PARTS},
            "second_min": state.best.second_min,
            "second_vehicle": _pick(state.options.table["vehicle"], second),
            "second_post_zh": _pick(state.options.table["name_zh"], second),
            "second_post_en": _pick(_latin(state.options.table), second),
            "legs": [
                json.dumps([leg.as_dict() for leg in one], ensure_ascii=False) for one in traced
            ],
        }
    )
    if proposal.outcome is not None:
        table["after_min"] = proposal.after_min
    return gpd.GeoDataFrame(table, geometry=cells.polygons(state.region), crs=WGS84)


def _result(
    state: _State,
    condition: Condition,
    variants: dict[str, Any],
    proposal: _Proposal,
    islands: gpd.GeoDataFrame,
    townships: pd.DataFrame,
) -> dict[str, Any]:
    region, parameters, demand = state.region, state.parameters, state.demand
    counted = region.posts[region.posts["evidence"].isin(HEADLINE)]
    kinds = region.posts["evidence"].value_counts()
    return {
        "schema": SCHEMA,
        "region": {k: region.meta_value(k) for k in ("name_zh", "name_en")},
        "condition": condition.name,
        "daylight": condition.daylight,
        "when": None if condition.when_min is None else clock(condition.when_min),
        "start_stamp": parameters.clock.start_stamp,
        "network": region.network,
        "zones": statistics.zones(demand, parameters.target),
        "variants": variants,
        "parts": _mean_parts(demand),
        "vehicles": _by_vehicle(demand),
        "posts": len(counted),
        "posts_by_evidence": {k: int(kinds.get(k, 0)) for k in ("confirmed", "assumed", "clinic")},
        "islands": _island_rows(islands),
        "townships": _rows(townships),
        "proposal": _proposal_dict(state, proposal),
        "known_times": known_times.compare(region, state.land, parameters),
        "assumptions": _assumptions(parameters),
        "unlocated": _rows(region.unlocated[["name_zh", "name_en", "kind", "note"]]),
        "unjoined_places": state.land.unjoined,
        "notices": _notices(state),
        "sources": _rows(_cited(region, parameters)),
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


def _proposal_dict(state: _State, proposal: _Proposal) -> dict[str, Any]:
    before = statistics.zones(state.demand, state.parameters.target)
    outcome = proposal.outcome
    if outcome is None:
        return {"statement": "not_asked", "sites": [], "before": before, "after": before}
    after = state.demand.assign(response_min=proposal.after_min)
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
        "after": statistics.zones(after, state.parameters.target),
    }


def _assumptions(parameters: Parameters) -> list[dict[str, Any]]:
    kinds = {"assumed": "assumed", "estimate": "estimate", "user": "user"}
    return [{**row, "status": kinds.get(row["source"], "sourced")} for row in parameters.as_rows()]


def _notices(state: _State) -> list[dict[str, str]]:
    """Return what a reader has to know before trusting a figure, in both languages."""
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
    if (region.zones["status"] == "estimate").any():
        keys["estimated_zones"] = {}
    return [
        {
            "key": key,
            **{f"text_{lang}": catalogue.text(f"caveat.{key}", lang, **p) for lang in ("zh", "en")},
        }
        for key, p in keys.items()
    ]


def _cited(region: Region, parameters: Parameters) -> pd.DataFrame:
    cited = {str(row["source"]) for row in parameters.as_rows()}
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
