"""Response over the year: every condition weighed by its time, and what each island is left with.

The mean over the year is taken over the time in which help comes at all; the time in which it does
not stands beside it in days and is never averaged away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.region import Region
from geodata.schemas import VEHICLES
from routing import response, statistics
from routing.brief import tables
from routing.brief.result import named
from routing.brief.state import HEADLINE, expected_calls, latin_names, pick
from routing.conditions import Condition, Likely
from routing.config import Parameters
from routing.land_network import LandNetwork

Floats = NDArray[np.float64]

# Response and cut-off differ by less than any input is known to.
_SAME_MIN = 1e-6


@dataclass(frozen=True)
class Outcome:
    """The responses under one condition.

    Attributes:
        likely: the condition, and how much of the year it takes.
        demand: one row a demand point: the layer's columns, `calls_per_year`, `response_min` (NaN
            where nobody can come), `vehicle` and the post (`post_id`, `post_zh`, `post_en`).
        reach: by vehicle, which points it can reach at all, shape (demand points,) each.
    """

    likely: Likely
    demand: pd.DataFrame
    reach: Mapping[str, NDArray[np.bool_]]

    @property
    def key(self) -> str:
        """Name and light of the condition, for instance ``fog@night``."""
        return self.likely.key

    @property
    def response_min(self) -> Floats:
        """The response of each demand point, minutes."""
        return self.demand["response_min"].to_numpy(float)


def outcomes(
    region: Region,
    land: LandNetwork,
    parameters: Parameters,
    likely: Sequence[Likely],
    *,
    evidence: Sequence[str] = HEADLINE,
    progress: Callable[[float], None] = lambda _: None,
) -> list[Outcome]:
    """Return the responses under each condition.

    Args:
        region: a valid region.
        land: its ambulance network, built once; each condition re-weights it.
        parameters: the response model, in calm weather.
        likely: the conditions.
        evidence: kinds of evidence of the posts that count.
        progress: called with the share of the conditions done.

    Conditions that come to the same for the engine, as fog by day and by night where helicopters
    fly in neither, are computed once.
    """
    known: dict[Condition, Outcome] = {}
    found = []
    hours: dict[int, LandNetwork] = {}
    for number, one in enumerate(likely):
        effect = _effect(one.condition, parameters)
        if effect not in known:
            if effect.when_min is None:
                there = land
            else:
                hour = int(effect.when_min // 60) % 24
                there = hours.setdefault(hour, land.at_hour(hour, parameters))
            known[effect] = _outcome(region, there, parameters, one, evidence)
        found.append(replace(known[effect], likely=one))
        progress((number + 1) / len(likely))
    return found


def _effect(condition: Condition, parameters: Parameters) -> Condition:
    """Return the condition without what makes no difference."""
    flies = "helicopter" in condition.vehicles
    light_counts = flies and not parameters.helicopter.night_allowed
    return replace(condition.effect(), daylight=condition.daylight if light_counts else "day")


def _outcome(
    region: Region,
    land: LandNetwork,
    parameters: Parameters,
    likely: Likely,
    evidence: Sequence[str],
) -> Outcome:
    found = response.options(
        region, land, parameters, evidence=evidence, condition=likely.condition
    )
    winner = response.best(found)
    demand = pd.DataFrame(region.demand.drop(columns="geometry")).assign(
        calls_per_year=expected_calls(region, parameters),
        response_min=winner.response_min,
        vehicle=pick(found.table["vehicle"], winner.option),
        post_id=pick(found.table["post_id"], winner.option),
        post_zh=pick(found.table["name_zh"], winner.option),
        post_en=pick(latin_names(found.table), winner.option),
    )
    kind = found.table["vehicle"].to_numpy()
    reached = ~np.isnan(found.response_min)
    return Outcome(likely, demand, {v: reached[kind == v].any(axis=0) for v in VEHICLES})


def expected(found: Sequence[Outcome]) -> pd.DataFrame:
    """Return the response over the year of each demand point.

    Columns: `expected_min`, the mean over the time in which somebody can come, minutes, NaN where
    nobody ever can; and `unreachable_days_per_year`, full days in which nobody can.

    ``expected_min = sum over reached c of P(c) t(c) / sum over reached c of P(c)``
    """
    minutes, probability, days = _stacked(found)
    reached = ~np.isnan(minutes)
    time = probability @ reached
    with np.errstate(invalid="ignore"):
        mean = probability @ np.nan_to_num(minutes) / np.where(time > 0, time, np.nan)
    return pd.DataFrame({"expected_min": mean, "unreachable_days_per_year": days @ ~reached})


def zones(found: Sequence[Outcome], parameters: Parameters) -> dict[str, dict[str, Any]]:
    """Return the statistics of each zone over the year: calls weighed by the time of conditions.

    As `statistics.zones`, but `unreachable_population` gives way to `unreachable_call_share` (share
    of all calls that come when nobody can answer; they count as not within the target),
    `unreachable_resident_days_per_year` and `most_unreachable_population` (in any one condition).
    """
    minutes, probability, days = _stacked(found)
    demand = found[0].demand
    result = {}
    for zone in ("main_urban", "rural"):
        mine = (demand["zone"] == zone).to_numpy()
        people, calls = (
            demand.loc[mine, c].to_numpy(float) for c in ("population", "calls_per_year")
        )
        values = minutes[:, mine]
        weight = probability[:, None] * calls
        target = parameters.target.of(zone)
        mean = statistics.weighted_mean(values.ravel(), weight.ravel())
        nobody = np.isnan(values)
        unreached = nobody @ people
        all_calls = float(weight.sum())
        result[zone] = {
            "population": float(people.sum()),
            "calls_per_year": float(calls.sum()),
            "mean_min": mean,
            "median_min": statistics.weighted_quantile(values.ravel(), weight.ravel(), 0.5),
            "p90_min": statistics.weighted_quantile(values.ravel(), weight.ravel(), 0.9),
            "share_within_target": statistics.share_within(values.ravel(), weight.ravel(), target),
            "target_min": target,
            **statistics.verdict(
                mean,
                target_min=target,
                population=float(people.sum()),
                # Over the year a resident counts by the time in which nobody can come.
                unreachable_population=float(probability @ unreached),
                unreachable_share=parameters.target.unreachable_share,
            ),
            "unreachable_call_share": float(weight[nobody].sum()) / all_calls
            if all_calls > 0
            else float("nan"),
            "unreachable_resident_days_per_year": float(days @ unreached),
            "most_unreachable_population": float(unreached.max()),
        }
    return result


def zones_of(one: Outcome, parameters: Parameters) -> dict[str, dict[str, Any]]:
    """Return the statistics of each zone under one condition."""
    return statistics.zones(one.demand, parameters.target)


def states(found: Sequence[Outcome], parameters: Parameters) -> pd.DataFrame:
    """Return one row a condition, in order.

    Columns: `key`, `condition`, `daylight`, `name_zh`, `name_en`, `probability`, `days_per_year`,
    the means by zone (`mean_min__main_urban`, `mean_min__rural`), `share_within_target__…`,
    `unreachable_population`.
    """
    rows = []
    for one in found:
        condition = one.likely.condition
        by_zone = zones_of(one, parameters)
        rows.append(
            {
                "key": one.key,
                "condition": condition.name,
                "daylight": condition.daylight,
                **{f"name_{lang}": named(condition, lang) for lang in ("zh", "en")},
                "probability": one.likely.probability,
                "days_per_year": one.likely.days_per_year,
                **{f"mean_min__{z}": by_zone[z]["mean_min"] for z in by_zone},
                **{f"share_within_target__{z}": by_zone[z]["share_within_target"] for z in by_zone},
                "unreachable_population": sum(
                    by_zone[z]["unreachable_population"] for z in by_zone
                ),
            }
        )
    return pd.DataFrame(rows)


def islands(region: Region, found: Sequence[Outcome]) -> pd.DataFrame:
    """Return the resilience table: one row for each island with demand points.

    Columns:
        `island_id`, `name_zh`, `name_en`, `county_zh`, `landmass_id`, `population` (NaN where
        unknown), `clinics` (posts on it that give first aid and send no crew);
        `expected_min` and `unreachable_call_share` over the year;
        `cut_off_days_per_year`, time in which nobody can come to some place of it;
        `cut_off_resident_days_per_year`, the same times the residents whom it concerns;
        `most_cut_off_population` in any one condition;
        `ambulance_days_per_year`, `boat_days_per_year`, `helicopter_days_per_year`, time in which
        such a vehicle can reach some place of it;
        `worst_condition`, where most residents (or places) are cut off, of these the slowest;
        `last_condition`, the slowest in which help still comes, `last_min` its mean and
        `last_vehicle` who then comes to most calls;
        and for each condition `mean_min__KEY`, `best_vehicle__KEY`, `unreachable_population__KEY`.

    Where residents are unknown, places count alike in means and shares.
    """
    # Equal outcomes, as fog by day and by night, are summed up once.
    summaries: dict[int, pd.DataFrame] = {}
    by_state = {}
    for one in found:
        if id(one.demand) not in summaries:
            summaries[id(one.demand)] = by_island(one.demand)
        by_state[one.key] = summaries[id(one.demand)]
    first = next(iter(by_state.values()))
    year = _over_the_year(found, first.index)
    extremes = _all_extremes(by_state)
    wide = {
        f"{column}__{key}": table[column]
        for key, table in by_state.items()
        for column in ("mean_min", "best_vehicle", "unreachable_population")
    }
    head = _head(region, found[0].demand, first.index)
    whole = pd.concat([head, year, extremes, pd.DataFrame(wide)], axis=1)
    order = ["cut_off_resident_days_per_year", "cut_off_days_per_year", "expected_min"]
    return (
        whole.rename_axis("island_id")
        .reset_index()
        .sort_values(
            [*order, "island_id"], ascending=[False, False, False, True], ignore_index=True
        )
    )


def _head(region: Region, demand: pd.DataFrame, order: pd.Index) -> pd.DataFrame:
    place = region.islands.set_index("island_id").reindex(order)
    by_name = demand.groupby("island_id")
    unknown = demand["population_kind"].eq("unknown_residents")
    known = ~unknown.groupby(demand["island_id"]).all()
    clinics = region.posts[region.posts["evidence"] == "clinic"].groupby("island_id").size()
    names: pd.DataFrame = place[["name_zh", "name_en", "county_zh", "landmass_id"]]
    return names.assign(
        population=by_name["population"].sum().reindex(order).where(known),
        clinics=clinics.reindex(order).fillna(0).astype(int),
    )


def by_island(demand: pd.DataFrame) -> pd.DataFrame:
    """Return by `island_id` what one condition comes to.

    Columns: `population`, `mean_min`, `best_vehicle`, `post_zh`, `post_en` (of most calls),
    `unreachable_population`, `unreachable_places`.
    """
    table = statistics.by_group(demand, "island_id").set_index("island_id")
    lead = tables.leading(demand).set_index("island_id").reindex(table.index)
    nobody = demand["response_min"].isna().groupby(demand["island_id"]).sum()
    return table[["population", "mean_min", "unreachable_population"]].assign(
        best_vehicle=lead["vehicle"],
        post_zh=lead["post_zh"],
        post_en=lead["post_en"],
        unreachable_places=nobody,
    )


def _over_the_year(found: Sequence[Outcome], order: pd.Index) -> pd.DataFrame:
    demand = found[0].demand
    minutes, probability, days = _stacked(found)
    places = {i: np.asarray(at) for i, at in demand.groupby("island_id").indices.items()}
    people, calls = (demand[c].to_numpy(float) for c in ("population", "calls_per_year"))
    rows = []
    for island in order:
        at = places[island]
        values = minutes[:, at]
        mine = calls[at] if calls[at].sum() > 0 else np.ones(len(at))
        weight = probability[:, None] * mine
        nobody = np.isnan(values)
        rows.append(
            {
                "expected_min": statistics.weighted_mean(values.ravel(), weight.ravel()),
                "unreachable_call_share": float(weight[nobody].sum() / weight.sum()),
                "cut_off_days_per_year": float(days @ nobody.any(axis=1)),
                "cut_off_resident_days_per_year": float(days @ (nobody @ people[at])),
                "most_cut_off_population": float((nobody @ people[at]).max()),
                **{
                    f"{vehicle}_days_per_year": float(
                        days @ np.array([one.reach[vehicle][at].any() for one in found])
                    )
                    for vehicle in VEHICLES
                },
            }
        )
    return pd.DataFrame(rows, index=order)


def _all_extremes(by_state: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    rows = {key: table.to_dict("records") for key, table in by_state.items()}
    index = next(iter(by_state.values())).index
    found = [
        _extremes({key: {str(k): v for k, v in mine[i].items()} for key, mine in rows.items()})
        for i in range(len(index))
    ]
    return pd.DataFrame(found, index=index)


def _extremes(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the worst condition, and the slowest in which help still comes; the first of equals.

    Args:
        rows: one island's row of `by_island` under each condition.
    """

    def slowness(key: str) -> float:
        mean = float(rows[key]["mean_min"])
        # Conditions that differ by rounding alone count as equal.
        return np.inf if np.isnan(mean) else round(mean / _SAME_MIN) * _SAME_MIN

    def badness(key: str) -> tuple[float, float, float]:
        row = rows[key]
        lost = float(row["unreachable_population"]), float(row["unreachable_places"])
        return *lost, slowness(key)

    reached = [key for key in rows if np.isfinite(slowness(key))]
    last = max(reached, key=slowness) if reached else None
    return {
        "worst_condition": max(rows, key=badness),
        "last_condition": last,
        "last_min": np.nan if last is None else float(rows[last]["mean_min"]),
        "last_vehicle": None if last is None else rows[last]["best_vehicle"],
    }


def _stacked(found: Sequence[Outcome]) -> tuple[Floats, Floats, Floats]:
    """Return minutes, shape (conditions, points), and probability and days, shape (conditions,)."""
    return (
        np.vstack([one.response_min for one in found]),
        np.array([one.likely.probability for one in found]),
        np.array([one.likely.days_per_year for one in found]),
    )
