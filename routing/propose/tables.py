"""The tables of a proposal: sites, gains in minutes, the curve, alternatives, firmness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata import catalogue
from geodata.region import WGS84, Region
from routing import statistics
from routing.brief.state import State
from routing.propose.after import World
from routing.propose.columns import Columns, Ints
from routing.propose.conditions import OVERALL, Held
from routing.propose.plan import Plan
from routing.siting.alternatives import differences
from routing.siting.describe import Figures
from routing.siting.describe import figures as described
from routing.siting.problem import Floats
from routing.siting.result import SitingResult

_SITE_COLUMNS = (
    "id", "name_zh", "name_en", "lon", "lat", "kind", "place", "island", "island_id", "county",
    "new", "cost", "serves_population", "serves_calls", "gain_min", "chosen_share",
)  # fmt: skip
_GAIN_COLUMNS = (
    "population", "calls_per_year", "before_min", "after_min", "gain_min", "gain_people_min",
    "newly_reached_population", "cut_off_population",
)  # fmt: skip


def sites(
    plan: Plan, columns: Columns, region: Region, before: pd.DataFrame, after_min: Floats
) -> gpd.GeoDataFrame:
    """Return the new sites, those that serve most people first, EPSG:4326.

    `serves_population` counts residents whom the site reaches first; `gain_min` is their mean gain,
    weighted by calls, over those reached before too.

    Args:
        plan: the plan.
        columns: its sites.
        region: the region.
        before: today's demand table of the condition that is shown.
        after_min: response with the plan, shape (demand points,).
    """
    served = plan.result.assignment[: len(before)]
    names = region.islands.set_index("island_id")["name_zh"]
    rows = []
    for column in plan.result.new_sites.tolist():
        site, mine = columns.table.iloc[column], served == column
        gain = (before["response_min"].to_numpy(float) - after_min)[mine]
        share = np.nan if plan.chosen_share is None else plan.chosen_share[column]
        rows.append(
            {
                **{
                    name: site[name] for name in ("id", "name_zh", "name_en", "island_id", "county")
                },
                "lon": round(float(site["lon"]), 6),
                "lat": round(float(site["lat"]), 6),
                "kind": site["facility"],
                "place": site["kind"],
                "island": names.get(site["island_id"]),
                "new": True,
                "cost": float(site["cost"]),
                "serves_population": float(before["population"].to_numpy(float)[mine].sum()),
                "serves_calls": float(before["calls_per_year"].to_numpy(float)[mine].sum()),
                "gain_min": statistics.weighted_mean(gain, before["calls_per_year"][mine]),
                "chosen_share": share,
            }
        )
    table = pd.DataFrame(rows, columns=list(_SITE_COLUMNS))
    table = table.sort_values(["serves_population", "id"], ascending=[False, True])
    spots = gpd.points_from_xy(table["lon"].astype(float), table["lat"].astype(float))
    return gpd.GeoDataFrame(table.reset_index(drop=True), geometry=spots, crs=WGS84)


def sheets(plan: Plan, world: World, after_min: Floats) -> dict[str, pd.DataFrame]:
    """Return the further tables of a plan by name; only those that were asked for.

    Args:
        plan: the plan.
        world: what it is for.
        after_min: response with the plan under the first condition, shape (demand points,).
    """
    state, columns = world.before[world.first.name], world.columns
    islands = world.region.islands.set_index("island_id")[["name_zh", "name_en"]]
    names = islands["name_zh"].fillna("").astype(str).to_dict()
    by_island = gains(state.demand, after_min, "island_id")
    for column in ("name_en", "name_zh"):
        by_island.insert(1, column, by_island["island_id"].map(islands[column]))
    found = {
        "gains_by_island": by_island,
        "gains_by_township": gains(state.demand, after_min, "township_zh"),
    }
    if plan.steps:
        found["curve"] = curve(plan, columns, names)
    if plan.others is not None:
        found["alternatives"] = alternatives(plan, columns, names)
    if plan.runs:
        found["sensitivity_runs"] = sensitivity_runs(plan, columns, names)
        found["sensitivity_sites"] = sensitivity_sites(plan, columns)
    if plan.relaxation is not None:
        found["blocking"] = blocking(plan, state, islands)
    return found


def demand(before: pd.DataFrame, after_min: Floats) -> pd.DataFrame:
    """Return the response of each demand point before and after."""
    kept = ["demand_id", "island_id", "county_zh", "township_zh", "zone", "population",
            "calls_per_year", "response_min"]  # fmt: skip
    table = before[kept].rename(columns={"response_min": "before_min"})
    return table.assign(after_min=after_min, gain_min=table["before_min"] - after_min)


def conditions(zones: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> pd.DataFrame:
    """Return the statistics of each zone before and after, one row a condition, time and zone.

    Args:
        zones: condition, then ``before`` or ``after``, then zone.
    """
    return pd.DataFrame(
        [
            {"condition": name, "time": time, "zone": zone, **figures_}
            for name, times in zones.items()
            for time, by_zone in times.items()
            for zone, figures_ in by_zone.items()
        ]
    )


def with_names(table: pd.DataFrame, held: Sequence[Held]) -> pd.DataFrame:
    """Return a table with the names of its conditions for people beside their keys."""
    place = list(table.columns).index("condition") + 1
    for lang in ("en", "zh"):
        names = {one.name: one.named(lang) for one in held}
        names[OVERALL] = catalogue.text("propose.all_conditions", lang)
        table.insert(place, f"condition_{lang}", table["condition"].map(names))
    return table


def candidates(plan: Plan, columns: Columns) -> gpd.GeoDataFrame:
    """Return every site that could be decided on, with what became of it, EPSG:4326."""
    table = columns.table
    decided = ~table["existing"] | table["closable"] | table["movable"] | table["forbidden"]
    keep = ["id", "name_zh", "name_en", "facility", "kind", "island_id", "county", "lon", "lat",
            "cost", "existing", "required", "forbidden"]  # fmt: skip
    found = table.loc[decided, keep].rename(columns={"kind": "place", "facility": "kind"})
    index = found.index.to_numpy()
    found["open_after"] = np.isin(index, plan.result.sites)
    if plan.chosen_share is not None:
        found["chosen_share"] = plan.chosen_share[index]
    spots = gpd.points_from_xy(found["lon"].astype(float), found["lat"].astype(float))
    return gpd.GeoDataFrame(found.reset_index(drop=True), geometry=spots, crs=WGS84)


def gains(before: pd.DataFrame, after_min: Floats, by: str) -> pd.DataFrame:
    """Return who gains how many minutes, by island or township, the largest gain first.

    Args:
        before: today's demand table.
        after_min: response with the plan.
        by: ``island_id`` or ``township_zh``.

    `before_min` and `after_min` are means over whoever is reached then; `gain_min` is the mean gain
    of those who are reached both times, weighted by calls, and `gain_people_min` the sum of gains
    over residents. Who is reached for the first time shows in `newly_reached_population` and leads
    the table; who is reached no longer, as a post closes, in `cut_off_population`.
    """
    demand = before.assign(after_min=after_min).dropna(subset=by)
    demand = demand.assign(gain_min=demand["response_min"] - demand["after_min"])
    keys = [by] if by == "island_id" else ["county_zh", by]
    found = [
        {**dict(zip(keys, label, strict=True)), **_gain(rows)}
        for label, rows in demand.groupby(keys, sort=True, dropna=False)
    ]
    order = ["newly_reached_population", "gain_people_min", keys[-1]]
    table = pd.DataFrame(found, columns=[*keys, *_GAIN_COLUMNS])
    return table.sort_values(order, ascending=[False, False, True]).reset_index(drop=True)


def _gain(rows: pd.DataFrame) -> dict[str, float]:
    calls, people = rows["calls_per_year"], rows["population"]
    weight = calls if calls.sum() > 0 else pd.Series(1.0, index=rows.index)
    first = rows["response_min"].isna() & rows["after_min"].notna()
    lost = rows["response_min"].notna() & rows["after_min"].isna()
    values = (
        float(people.sum()),
        float(calls.sum()),
        statistics.weighted_mean(rows["response_min"], weight),
        statistics.weighted_mean(rows["after_min"], weight),
        statistics.weighted_mean(rows["gain_min"], weight),
        float((rows["gain_min"] * people).sum()),
        float(people[first].sum()),
        float(people[lost].sum()),
    )
    return dict(zip(_GAIN_COLUMNS, values, strict=True))


def curve(plan: Plan, columns: Columns, names: dict[str, str]) -> pd.DataFrame:
    """Return the trade-off curve, one row a number of new sites.

    Args:
        plan: the plan.
        columns: its sites.
        names: name of each island by id.
    """
    return pd.DataFrame(
        [
            {
                "new": step.new,
                **_result_columns(step.result),
                **figures(step.figures, names),
                **_sites(columns, "sites", step.result.new_sites),
            }
            for step in plan.steps
        ]
    )


def alternatives(plan: Plan, columns: Columns, names: dict[str, str]) -> pd.DataFrame:
    """Return the answer and its alternatives, with what differs from the first."""
    if plan.others is None:
        return pd.DataFrame()
    rows = []
    changes = differences(plan.others.answers)
    for rank, (one, (more, less)) in enumerate(zip(plan.others.answers, changes, strict=True)):
        shown = described(plan.problem, one.times_min, plan.question.target_min)
        rows.append(
            {
                "rank": rank,
                **_result_columns(one),
                **figures(shown, names),
                **_sites(columns, "sites", one.new_sites),
                **_sites(columns, "instead", np.array(more, dtype=np.int64)),
                **_sites(columns, "without", np.array(less, dtype=np.int64)),
            }
        )
    return pd.DataFrame(rows)


def sensitivity_runs(plan: Plan, columns: Columns, names: dict[str, str]) -> pd.DataFrame:
    """Return each state of the world: the answer as it is there, and the best one there."""
    return pd.DataFrame(
        [
            {
                "state": run.variant.name,
                "slower": run.variant.slower,
                "demand_shift": run.variant.shift,
                **{f"held_{k}": v for k, v in figures(run.held, names).items()},
                **_result_columns(run.result),
                **{f"best_{k}": v for k, v in figures(run.best, names).items()},
                **_sites(columns, "sites", run.result.new_sites),
            }
            for run in plan.runs
        ]
    )


def sensitivity_sites(plan: Plan, columns: Columns) -> pd.DataFrame:
    """Return the sites that any state of the world chose, with the share of states."""
    names = ["id", "name_zh", "name_en", "proposed", "chosen_share"]
    if plan.chosen_share is None:
        return pd.DataFrame(columns=names)
    share = np.nan_to_num(plan.chosen_share)
    chosen = {site for run in plan.runs for site in run.result.new_sites.tolist()}
    shown = np.array(sorted(chosen | set(plan.result.new_sites.tolist())), dtype=np.int64)
    table = columns.table.iloc[shown][["id", "name_zh", "name_en"]].assign(
        proposed=np.isin(shown, plan.result.new_sites), chosen_share=share[shown]
    )
    order = ["chosen_share", "proposed", "id"]
    return table.sort_values(order, ascending=[False, False, True]).reset_index(drop=True)


def blocking(plan: Plan, state: State, islands: pd.DataFrame) -> pd.DataFrame:
    """Return the islands that keep the request from having an answer, the worst first.

    Args:
        plan: a plan without an answer.
        state: today's responses.
        islands: `name_zh` and `name_en` by `island_id`.
    """
    columns = ["island_id", "name_zh", "name_en", "bound", "zone_or_island", "condition", "asked",
               "needed", "population", "mean_min", "soonest_min", "excess_min"]  # fmt: skip
    if plan.relaxation is None:
        return pd.DataFrame(columns=columns)
    people, n = state.demand["population"].to_numpy(float), len(state.demand)
    rows = [
        {
            "island_id": one.label,
            "name_zh": islands["name_zh"].get(one.label),
            "name_en": islands["name_en"].get(one.label),
            "bound": one.bound.what,
            "zone_or_island": one.bound.label,
            "condition": one.bound.condition,
            "asked": one.bound.asked,
            "needed": one.bound.needed,
            "population": float(people[np.unique(one.rows % n)].sum()),
            "mean_min": one.mean_min,
            "soonest_min": one.soonest_min,
            "excess_min": one.excess_min,
        }
        for one in plan.relaxation.blocking
    ]
    return pd.DataFrame(rows, columns=columns)


def figures(shown: Figures | None, names: dict[str, str]) -> dict[str, Any]:
    """Return figures as the columns of one row."""
    if shown is None:
        return {}
    found: dict[str, Any] = {}
    for zone, one in shown.zones.items():
        found[f"{zone}_mean_min"] = one.mean_min
        found[f"{zone}_share_within_target"] = one.share_within_target
    found["worst_island"] = names.get(shown.worst_island, shown.worst_island)
    found["worst_island_min"] = shown.worst_island_min
    found["longest_min"] = shown.longest_min
    return found


def _result_columns(result: SitingResult) -> dict[str, Any]:
    return {
        "status": result.status,
        "objective_value": result.objective_value,
        "bound": result.bound,
        "gap": result.gap,
        "runtime_s": result.runtime_s,
    }


def _sites(columns: Columns, name: str, sites: Ints) -> dict[str, str]:
    """Return the ids and names of some sites as the columns `name`, ``name_zh``, ``name_en``."""
    chosen = columns.table.iloc[sites]
    by_column = {name: "id", f"{name}_zh": "name_zh", f"{name}_en": "name_en"}
    return {key: ";".join(map(str, chosen[column])) for key, column in by_column.items()}
