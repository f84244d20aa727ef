"""Definitive care: how long until residents are in a hospital that can do what they need.

For each of the five centres and each tier of hospital: minutes from the start stamp to the arrival
at the nearest hospital that receives the patient (`routing.itinerary.receiving`), by the fastest
itinerary, for every demand point under every condition asked; the share of residents within 60, 90
and 120 minutes; and the gap list: the islands whose residents are beyond.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.names import english
from routing.itinerary import ways
from routing.itinerary.receiving import NEEDS, TIER_LEVELS
from routing.itinerary.router import Journeys, Router
from routing.response import Condition

Floats = NDArray[np.float64]

SCHEMA = "island-response/care/1"
LEVELS = (*NEEDS, *TIER_LEVELS)
BOUNDS_MIN = (60.0, 90.0, 120.0)
DIGITS = 2  # minutes are told to the hundredth
# There is one helicopter: what it alone makes possible must be seen.
ALL, GROUNDED = "all_vehicles", "without_helicopter"


@dataclass(frozen=True)
class Care:
    """Definitive care under some conditions.

    Attributes:
        demand: one row a demand point and condition: `demand_id`, `condition` (key), `island_id`,
            `name_zh`, `population`, `scene_min` (first crew on scene), and for each level
            ``<level>_min`` (NaN: out of reach), ``<level>_vehicle`` and ``<level>_hospital_id``;
            points in EPSG:4326.
        shares: one row a condition, variant (`ALL`, or `GROUNDED`: no helicopter) and level:
            `population`, ``within_60`` and so on (shares of residents, 0 to 1; a minute that equals
            the bound is within), `mean_min` (over those in reach), `unreachable_population`.
        gaps: one row a condition, level and island with residents beyond the least bound: their
            number beyond each bound, `unreachable_population`, `mean_min`, `worst_min`; most
            residents beyond the least bound first.
    """

    demand: gpd.GeoDataFrame
    shares: pd.DataFrame
    gaps: pd.DataFrame

    def result(self, router: Router) -> dict[str, Any]:
        """Return the content of ``result.json``."""
        region = router.region
        return {
            "schema": SCHEMA,
            "region": {
                "name_zh": region.meta_value("name_zh"),
                "name_en": region.meta_value("name_en"),
            },
            "network": region.network,
            "start_stamp": router.parameters.clock.start_stamp,
            "mutual_aid": router.parameters.mutual_aid.enabled,
            "bounds_min": list(BOUNDS_MIN),
            "levels": [_level_row(router, level) for level in LEVELS],
            "shares": _records(self.shares),
            "gaps": _records(self.gaps),
        }


def compute(
    router: Router,
    conditions: Sequence[Condition],
    *,
    progress: Callable[[float], None] = lambda _: None,
) -> Care:
    """Return definitive care under each of `conditions`.

    Args:
        router: the region.
        conditions: their keys must differ.
        progress: called with the share done.
    """
    scenes = router.demand_scenes()
    parts, shares, gaps = [], [], []
    for done, condition in enumerate(conditions):
        journeys = router.journeys(scenes, condition)
        table = _points(router, journeys)
        parts.append(table)
        grounded = _points(router, router.journeys(scenes, _without_helicopter(condition)))
        for variant, points in ((ALL, table), (GROUNDED, grounded)):
            shares += [_share_row(points, level, condition.key, variant) for level in LEVELS]
        gaps += [_gap_rows(router, table, level, condition.key) for level in LEVELS]
        progress((done + 1) / len(conditions))
    demand = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=router.region.demand.crs)
    return Care(demand, pd.DataFrame(shares), pd.concat(gaps, ignore_index=True))


def _without_helicopter(condition: Condition) -> Condition:
    return replace(condition, vehicles=tuple(v for v in condition.vehicles if v != "helicopter"))


def arrivals(
    router: Router, journeys: Journeys, level: str
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Return the earliest arrival of each scene at a hospital of `level`, by what, and where.

    Returns:
        minutes (NaN: out of reach), vehicle (of `ways.VEHICLES`) and row of the hospital.
    """
    allowed = router.receiving.allowed(journeys.scenes.table["island_id"], level)
    by_vehicle = np.stack([journeys.ways.arrival_min[v] for v in ways.VEHICLES], axis=1)
    n, _, hospitals = by_vehicle.shape
    nowhere = np.zeros(n, np.int64)
    if not hospitals:
        return np.full(n, np.nan), nowhere, nowhere
    flat = np.where(allowed[:, None, :], by_vehicle, np.inf).reshape(n, -1)
    at = flat.argmin(axis=1)
    minutes = flat[np.arange(n), at]
    return np.where(np.isfinite(minutes), minutes, np.nan), at // hospitals, at % hospitals


def _points(router: Router, journeys: Journeys) -> gpd.GeoDataFrame:
    demand = router.region.demand.reset_index(drop=True)
    kept = ["demand_id", "island_id", "name_zh", "name_en", "population", "geometry"]
    table = demand[kept].copy()
    table.insert(1, "condition", journeys.state.condition.key)
    table["scene_min"] = journeys.crews.best.response_min
    ids = np.array([*router.region.hospitals["hospital_id"], None], dtype=object)
    names = np.array([*ways.VEHICLES, None], dtype=object)
    for level in LEVELS:
        minutes, vehicle, hospital = arrivals(router, journeys, level)
        reached = ~np.isnan(minutes)
        # Shares are counted of the figures that the table shows, so that it bears them out.
        table[f"{level}_min"] = minutes.round(DIGITS)
        table[f"{level}_vehicle"] = names[np.where(reached, vehicle, -1)]
        table[f"{level}_hospital_id"] = ids[np.where(reached, hospital, -1)]
    return table


def _share_row(table: pd.DataFrame, level: str, key: str, variant: str) -> dict[str, Any]:
    minutes = table[f"{level}_min"].to_numpy(float)
    people = table["population"].to_numpy(float)
    total = people.sum()
    row: dict[str, Any] = {"condition": key, "variant": variant, "level": level}
    row["population"] = total
    for bound in BOUNDS_MIN:
        within = people[minutes <= bound].sum()
        row[f"within_{bound:.0f}"] = within / total if total else np.nan
    row["mean_min"] = _mean(minutes, people)
    row["unreachable_population"] = people[np.isnan(minutes)].sum()
    return row


def _gap_columns() -> list[str]:
    return [
        "condition", "level", "island_id", "name_zh", "name_en", "county_zh", "population",
        *(f"beyond_{bound:.0f}" for bound in BOUNDS_MIN), "unreachable_population", "mean_min",
        "worst_min", "vehicle", "hospital_id",
    ]  # fmt: skip


def _gap_rows(router: Router, table: pd.DataFrame, level: str, key: str) -> pd.DataFrame:
    """Return the islands with residents beyond the least bound, most of them first."""
    minutes, people = table[f"{level}_min"], table["population"]
    # NaN compares false, so those out of reach are beyond every bound.
    frame = pd.DataFrame(
        {
            "island_id": table["island_id"],
            "population": people,
            **{f"beyond_{b:.0f}": people.where(~(minutes <= b), 0.0) for b in BOUNDS_MIN},
            "unreachable_population": people.where(minutes.isna(), 0.0),
            "reached": people.where(minutes.notna(), 0.0),
            "minutes": (people * minutes).fillna(0.0),
        }
    )
    found = frame.groupby("island_id", sort=True).sum()
    found["mean_min"] = (found["minutes"] / found["reached"]).where(found["reached"] > 0)
    lived_in = table[(people > 0).to_numpy()]
    found["worst_min"] = lived_in.groupby("island_id")[f"{level}_min"].max()
    most = table.loc[people.groupby(table["island_id"]).idxmax()].set_index("island_id")
    found["vehicle"], found["hospital_id"] = most[f"{level}_vehicle"], most[f"{level}_hospital_id"]
    least = f"beyond_{BOUNDS_MIN[0]:.0f}"
    found = found[found[least] > 0].sort_values(least, ascending=False, kind="stable")
    islands = router.region.islands.set_index("island_id").loc[found.index]
    names = zip(islands["name_zh"], islands["name_en"], strict=True)
    found["name_zh"], found["county_zh"] = islands["name_zh"], islands["county_zh"]
    found["name_en"] = [english(zh, en) for zh, en in names]
    return found.reset_index().assign(condition=key, level=level)[_gap_columns()]


def _mean(minutes: Floats, people: Floats) -> float:
    reached = ~np.isnan(minutes) & (people > 0)
    return float(np.average(minutes[reached], weights=people[reached])) if reached.any() else np.nan


def _level_row(router: Router, level: str) -> dict[str, Any]:
    can, assumed = router.receiving.can[level], router.receiving.assumed[level]
    ids = router.region.hospitals["hospital_id"]
    return {
        "level": level,
        "hospitals": ids[can].tolist(),
        "by_assumption": ids[assumed].tolist(),
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    found = []
    for row in table.to_dict("records"):
        clean = {}
        for name, value in row.items():
            number = isinstance(value, float)
            missing = value is None or value is pd.NA or (number and np.isnan(value))
            digits = 4 if str(name).startswith("within") else 2
            clean[str(name)] = None if missing else round(value, digits) if number else value
        found.append(clean)
    return found
