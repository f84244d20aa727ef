"""Before and after: what scenarios change, zone by zone and island by island."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.region import Region
from routing import land_network, mutual_aid, resilience, scenario
from routing.conditions import Likely
from routing.config import Parameters
from routing.land_network import LandNetwork
from routing.resilience import Outcome
from routing.scenario import Scenario

Floats = NDArray[np.float64]

SCHEMA = "island-response/compare/1"
# The whole year: every condition weighed by its time.
YEAR = "year"
# Less than this is no gain and no loss to speak of.
NOTICED_MIN = 0.1
# Means that differ by less are equal in every table.
_SAME_MIN = 5e-4

ZONE_COLUMNS = (
    "scenario", "condition", "zone", "population_before", "population_after", "before_min",
    "after_min", "change_min", "p90_before_min", "p90_after_min", "share_before", "share_after",
    "target_min", "met_before", "met_after", "reason_before", "reason_after",
    "unreachable_before", "unreachable_after", "gaining_population", "losing_population",
    "newly_reached_population", "newly_cut_off_population",
)  # fmt: skip
ISLAND_COLUMNS = (
    "scenario", "condition", "island_id", "name_zh", "name_en", "county", "population_before",
    "population_after", "before_min", "after_min", "change_min", "unreachable_before",
    "unreachable_after", "vehicle_before", "vehicle_after", "post_before", "post_before_en",
    "post_after", "post_after_en", "gaining_population", "losing_population",
    "newly_reached_population", "newly_cut_off_population",
)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """What scenarios change.

    Attributes:
        scenarios: one entry a case: `name` and `parts`, as `routing.scenario.scenarios_of`.
        zones: `ZONE_COLUMNS`, one row a case, condition (and `YEAR` where there are several) and
            zone. Means are over those who are reached then, weighted by the calls of then.
        islands: `ISLAND_COLUMNS`, one row a case, condition and island with demand points, those
            that change most residents' minutes first.
        demand: by case: one row a demand point, with `before_min` and `after_min` under the first
            condition.
        land: the network of the region as it is.
    """

    scenarios: list[dict[str, Any]]
    zones: pd.DataFrame
    islands: pd.DataFrame
    demand: dict[str, pd.DataFrame]
    land: LandNetwork


def compute(
    region: Region,
    parameters: Parameters,
    cases: Sequence[Sequence[Scenario]],
    likely: Sequence[Likely],
    *,
    progress: Callable[[float], None] = lambda _: None,
) -> Comparison:
    """Return what each case changes under each condition.

    Args:
        region: as it is today, or under scenarios already.
        parameters: the response model.
        cases: each some scenarios taken together.
        likely: the conditions, with what they weigh in the year; one or more.
        progress: called with the share done.

    Raises:
        InputError: if a scenario does not fit the region.
    """
    regions = [scenario.applied(region, case) for case in cases]
    land = land_network.build(region, parameters)
    before = resilience.outcomes(
        mutual_aid.responding(region, parameters), land, parameters, likely
    )
    progress(1 / (len(cases) + 1))
    told, zones, islands, demand = [], [], [], {}
    for number, (case, changed) in enumerate(zip(cases, regions, strict=True), start=1):
        name = " + ".join(one.name for one in case)
        own = land if changed is region else land_network.build(changed, parameters)
        there = mutual_aid.responding(changed, parameters)
        after = resilience.outcomes(there, own, parameters, likely)
        told.append({"name": name, "parts": scenario.scenarios_of(changed)})
        zones += [{"scenario": name, **row} for row in _zone_rows(before, after, parameters)]
        islands.append(_island_rows(region, before, after).assign(scenario=name))
        demand[name] = _points(before[0], after[0])
        progress((number + 1) / (len(cases) + 1))
    return Comparison(
        scenarios=told,
        zones=pd.DataFrame(zones, columns=list(ZONE_COLUMNS)),
        islands=pd.concat(islands, ignore_index=True)[list(ISLAND_COLUMNS)],
        demand=demand,
        land=land,
    )


def _zone_rows(
    before: Sequence[Outcome], after: Sequence[Outcome], parameters: Parameters
) -> list[dict[str, Any]]:
    rows = []
    for one, other in zip(before, after, strict=True):
        old, new = (resilience.zones_of(o, parameters) for o in (one, other))
        moves = _moves(one, other)
        for zone in old:
            mine = moves[(one.demand["zone"] == zone).to_numpy()]
            people = {str(name): float(value) for name, value in mine.sum().items()}
            rows.append({"condition": one.key, **_zone_row(zone, old, new), **people})
    if len(before) > 1:
        old, new = (resilience.zones(o, parameters) for o in (before, after))
        rows += [{"condition": YEAR, **_zone_row(zone, old, new)} for zone in old]
    return rows


def _zone_row(zone: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"zone": zone, "target_min": new[zone]["target_min"]}
    for time, one in (("before", old[zone]), ("after", new[zone])):
        found |= {
            f"population_{time}": one["population"],
            f"{time}_min": one["mean_min"],
            f"p90_{time}_min": one["p90_min"],
            f"share_{time}": one["share_within_target"],
            f"met_{time}": one["target_met"],
            f"reason_{time}": one["target_met_reason"],
            f"unreachable_{time}": one.get("unreachable_population"),
        }
    return {**found, "change_min": found["after_min"] - found["before_min"]}


def _moves(before: Outcome, after: Outcome) -> pd.DataFrame:
    """Return for each demand point how many of its residents of then gain, lose, and so on."""
    old, new = before.response_min, after.response_min
    people = after.demand["population"].to_numpy(float)
    change = new - old
    return pd.DataFrame(
        {
            "gaining_population": people * (change < -NOTICED_MIN),
            "losing_population": people * (change > NOTICED_MIN),
            "newly_reached_population": people * (np.isnan(old) & ~np.isnan(new)),
            "newly_cut_off_population": people * (~np.isnan(old) & np.isnan(new)),
        }
    )


def _points(before: Outcome, after: Outcome) -> pd.DataFrame:
    kept = ["demand_id", "island_id", "county_zh", "township_zh", "zone"]
    return before.demand[kept].assign(
        population_before=before.demand["population"],
        population_after=after.demand["population"],
        before_min=before.response_min,
        after_min=after.response_min,
        change_min=after.response_min - before.response_min,
        vehicle_before=before.demand["vehicle"],
        vehicle_after=after.demand["vehicle"],
    )


def _island_rows(
    region: Region, before: Sequence[Outcome], after: Sequence[Outcome]
) -> pd.DataFrame:
    names = region.islands.set_index("island_id")[["name_zh", "name_en", "county_zh"]]
    names = names.rename(columns={"county_zh": "county"})
    frames = [
        _islands_of(one, other).assign(condition=one.key)
        for one, other in zip(before, after, strict=True)
    ]
    if len(before) > 1:
        frames.append(_islands_of_year(region, before, after).assign(condition=YEAR))
    return pd.concat([frame.join(names).reset_index() for frame in frames], ignore_index=True)


def _islands_of(before: Outcome, after: Outcome) -> pd.DataFrame:
    old, new = (resilience.by_island(one.demand) for one in (before, after))
    columns = {
        "population": "population",
        "mean_min": "{}_min",
        "unreachable_population": "unreachable",
        "best_vehicle": "vehicle",
        "post_zh": "post",
        "post_en": "post_{}_en",
    }
    parts = [
        one[list(columns)].set_axis(
            [c.format(time) if "{}" in c else f"{c}_{time}" for c in columns.values()], axis=1
        )
        for time, one in (("before", old), ("after", new))
    ]
    moves = _moves(before, after).groupby(before.demand["island_id"].to_numpy()).sum()
    table = pd.concat([*parts, moves], axis=1)
    return _sorted(table.assign(change_min=table["after_min"] - table["before_min"]))


def _islands_of_year(
    region: Region, before: Sequence[Outcome], after: Sequence[Outcome]
) -> pd.DataFrame:
    """Return the islands over the year; whoever is cut off counts by the share of the time."""
    tables = [resilience.islands(region, one).set_index("island_id") for one in (before, after)]
    days = sum(one.likely.days_per_year for one in before)
    found: dict[str, pd.Series] = {}
    for time, one in zip(("before", "after"), tables, strict=True):
        found |= {
            f"population_{time}": one["population"],
            f"{time}_min": one["expected_min"],
            f"unreachable_{time}": one["cut_off_resident_days_per_year"] / days,
        }
    table = pd.DataFrame(found)
    return _sorted(table.assign(change_min=table["after_min"] - table["before_min"]))


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    """Return islands with those that change most residents' minutes first."""
    moved = (table["change_min"] * table["population_after"]).abs().fillna(0.0)
    reach = (table["unreachable_after"] - table["unreachable_before"]).abs().fillna(0.0)
    order = pd.DataFrame({"reach": -reach.round(6), "moved": -moved.round(6)})
    found = table.assign(**order).rename_axis("island_id")
    found = found.sort_values(["reach", "moved", "island_id"])
    return found.drop(columns=["reach", "moved"])


def changed_islands(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `Comparison.islands` where anything changes."""
    minutes = table["change_min"].abs() > _SAME_MIN
    people = table["population_after"] != table["population_before"]
    reach = table["unreachable_after"] != table["unreachable_before"]
    return table[minutes | (people & table["population_after"].notna()) | reach]
