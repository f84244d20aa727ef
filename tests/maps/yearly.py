"""The made-up archipelago of the fixtures under four conditions of the year.

Fog slows everything by half, a typhoon leaves all but the first three islands cut off, and at night
in calm weather nothing changes. Every value follows from that of the calm day.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np

from maps.tables import CoverageTables
from tests.maps.conftest import zones

FACTORS = {"calm@day": 1.0, "calm@night": 1.0, "fog@day": 1.5, "typhoon@day": 1.2}
NAMES = {"calm": ("平静天气", "calm weather"), "fog": ("浓雾", "dense fog"),
         "typhoon": ("台风", "typhoon")}  # fmt: skip
DAYS = {"calm@day": 170.25, "calm@night": 170.0, "fog@day": 20.0, "typhoon@day": 5.0}
CUT_OFF = {f"i{number}" for number in range(3, 12)}


def with_year(
    tables: CoverageTables, result: dict[str, Any]
) -> tuple[CoverageTables, dict[str, Any]]:
    """Return tables and result with the columns and entries of all conditions."""
    cells, islands = tables.cells.copy(), tables.islands.copy()
    calm = cells["response_min"].to_numpy(float)
    lost = cells["island_id"].isin(CUT_OFF).to_numpy()
    for key, factor in FACTORS.items():
        gone = lost & (key == "typhoon@day")
        cells[f"response_min__{key}"] = np.where(gone, np.nan, calm * factor)
        vehicle = cells["best_vehicle"].where(~gone, None)
        cells[f"best_vehicle__{key}"] = vehicle
        away = islands["island_id"].isin(CUT_OFF).to_numpy() & (key == "typhoon@day")
        mean = islands["mean_min"].to_numpy(float)
        islands[f"mean_min__{key}"] = np.where(away, np.nan, mean * factor)
        islands[f"best_vehicle__{key}"] = islands["best_vehicle"].where(~away, None)
        islands[f"unreachable_population__{key}"] = np.where(away, islands["population"], 0.0)
    cells["expected_min"] = calm * 1.03
    cells["unreachable_days_per_year"] = np.where(lost, 5.0, 0.0)
    ferries = tables.ferries.assign(
        **{f"stopped__{key}": key.startswith(("fog", "typhoon")) for key in FACTORS}
    )
    roads = tables.roads.assign(**{f"stopped__{key}": "typhoon" in key for key in FACTORS})
    posts = tables.posts.assign(**{f"stopped__{key}": "typhoon" in key for key in FACTORS})
    posts.loc[posts["kind"] != "boat_base", "stopped__typhoon@day"] = False
    whole = replace(tables, cells=cells, islands=islands, ferries=ferries, roads=roads, posts=posts)
    return whole, copy.deepcopy(result) | _entries(whole, result)


def _entries(tables: CoverageTables, result: dict[str, Any]) -> dict[str, Any]:
    conditions = []
    for key, factor in FACTORS.items():
        name, light = key.split("@")
        conditions.append(
            {
                "key": key, "condition": name, "daylight": light, "name_zh": NAMES[name][0],
                "name_en": NAMES[name][1], "probability": DAYS[key] / 365.25,
                "days_per_year": DAYS[key], "unreachable_population": 0,
                "zones": zones(10.4 * factor, 18.2 * factor), "vehicles": {},
                "islands": [
                    {"island_id": row["island_id"], "post": row["post"], "post_en": row["post_en"]}
                    for row in result["islands"]
                ],
            }
        )  # fmt: skip
    year = zones(10.8, 18.9)
    for zone in year.values():
        del zone["unreachable_population"]
        zone |= {"unreachable_call_share": 0.0026, "most_unreachable_population": 129}
    resilience = [
        {
            "island_id": row["island_id"],
            "expected_min": None if row["mean_min"] is None else row["mean_min"] * 1.03,
            "cut_off_days_per_year": 5.0 if row["island_id"] in CUT_OFF else 0.0,
            "most_cut_off_population": row["population"] or 0,
            "last_vehicle": "boat",
        }
        for row in result["islands"]
    ]
    return {"conditions": conditions, "expected": {"zones": year}, "resilience": resilience}


def with_plan(
    tables: CoverageTables, result: dict[str, Any]
) -> tuple[CoverageTables, dict[str, Any]]:
    """Return the tables and result of `with_year` with a proposal known under every condition.

    After it a boat from 新泊位 reaches every cell in 0.4 of the time of today, and what nobody
    reached in 30 minutes.
    """
    whole, told = with_year(tables, result)
    cells, islands = whole.cells.copy(), whole.islands.copy()
    for key in FACTORS:
        own = "" if key == "calm@day" else f"__{key}"
        for table, name in ((cells, "response_min"), (islands, "mean_min")):
            table[f"after_min{own}"] = (table[f"{name}__{key}"] * 0.4).fillna(30.0)
            table[f"after_vehicle{own}"] = "boat"
            table[f"after_post_zh{own}"], table[f"after_post_en{own}"] = "新泊位", "New berth"
        islands[f"after_unreachable_population{own}"] = 0.0
    told["conditions"] = [
        {**row, "after": zones(10.4 * FACTORS[row["key"]] * 0.4, 18.2 * FACTORS[row["key"]] * 0.4)}
        for row in told["conditions"]
    ]
    told["proposal"]["after"] = told["conditions"][0]["after"]
    return replace(whole, cells=cells, islands=islands), told
