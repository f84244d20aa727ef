"""A first proposal: the fewest new ambulance posts that meet both targets, or the best few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.names import latin
from geodata.region import WGS84
from routing import response, statistics
from routing.brief.state import HEADLINE, State
from routing.siting import candidates
from routing.siting.problem import SitingProblem, nearest_min
from routing.siting.result import SitingResult
from routing.siting.solve import solve


@dataclass(frozen=True)
class Proposal:
    """A siting answer with the candidates it chose from.

    Attributes:
        statement: ``met_today``, ``reached``, ``best_of_k`` (proven that no number of candidates
            meets the targets, as `routing.statistics.verdict` judges them), ``undecided`` (time ran
            out first) or ``not_asked``.
        outcome: the solver's answer, None where it was not asked.
        after_min: response with the proposed posts, minutes, shape (demand points,).
        sites: the proposed sites, EPSG:4326; may be empty.
        candidates: number of candidates.
        new_min: response of the fastest proposed post alone, minutes, shape (demand points,); NaN
            where none reaches the point.
    """

    statement: str
    outcome: SitingResult | None
    after_min: NDArray[np.float64]
    sites: gpd.GeoDataFrame
    candidates: int
    new_min: NDArray[np.float64]

    @classmethod
    def nothing(cls, state: State) -> Proposal:
        """Return the proposal of a run that asked for none."""
        nowhere = np.full(len(state.demand), np.nan)
        return cls("not_asked", None, state.best.response_min, no_sites(), 0, nowhere)

    @classmethod
    def find(cls, state: State, *, fallback_new: int, limit_s: float, seed: int) -> Proposal:
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
        outcome = _fewest(state, problem, target, limit_s=limit_s, seed=seed)
        statement = "met_today" if not len(outcome.new_sites) else "reached"
        solved = outcome.is_answer
        beyond = solved and _cuts_off(state, outcome.times_min)
        if beyond or not solved:
            # Only a proof says that no number of posts will do; a time limit says nothing, and
            # neither does a question that asks for more than the share that may be out of reach.
            tolerant = state.parameters.target.unreachable_share > 0
            proven = (beyond or outcome.status == "infeasible") and not tolerant
            statement = "best_of_k" if proven else "undecided"
            new = min(fallback_new, len(sites))
            outcome = solve(problem, objective="min-mean", new=new, time_limit_s=limit_s, seed=seed)
        chosen = _site_table(state, sites, outcome)
        new_min = nearest_min(problem.times_min, outcome.new_sites)
        return cls(statement, outcome, outcome.times_min, chosen, len(sites), new_min)


def _fewest(
    state: State,
    problem: SitingProblem,
    target: dict[str, float],
    *,
    limit_s: float,
    seed: int,
) -> SitingResult:
    """Return the fewest posts that meet the targets.

    Whoever some candidate reaches has to be reached, as a mean over the others falls when the
    slowest are cut off; where a share may be out of reach, only if the targets fail without it.
    """
    tolerant = state.parameters.target.unreachable_share > 0
    for reach_all in (False, True) if tolerant else (True,):
        found = solve(
            problem,
            objective="min-sites",
            target_min=target,
            time_limit_s=limit_s,
            seed=seed,
            reach_all=reach_all,
        )
        if not found.is_answer or not _cuts_off(state, found.times_min):
            break
    return found


def _cuts_off(state: State, response_min: NDArray[np.float64]) -> bool:
    """Return whether more residents of a zone are out of reach than its target allows."""
    demand = state.demand.assign(response_min=response_min)
    zones = statistics.zones(demand, state.parameters.target).values()
    return any(z["target_met_reason"] in (statistics.CUT_OFF, statistics.BOTH) for z in zones)


def _siting_problem(state: State, sites: pd.DataFrame) -> SitingProblem:
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


def _site_table(state: State, sites: pd.DataFrame, outcome: SitingResult) -> gpd.GeoDataFrame:
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
        return no_sites()
    table = pd.DataFrame(rows).sort_values(["serves_population", "id"], ascending=[False, True])
    names = state.region.islands.set_index("island_id")["name_zh"]
    table["island"] = table["island_id"].map(names)
    spots = gpd.points_from_xy(table["lon"], table["lat"])
    return gpd.GeoDataFrame(table.reset_index(drop=True), geometry=spots, crs=WGS84)


def no_sites() -> gpd.GeoDataFrame:
    """Return a table of proposed sites without a row."""
    names = ("id", "name_zh", "name_en", "lon", "lat", "kind", "island_id", "new")
    columns: dict[str, Any] = {n: [] for n in (*names, "serves_population", "gain_min", "island")}
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy([], []), crs=WGS84)
