"""The next site of each kind on the toy isles, worked out by hand; 15 calls a year at each place.

* X1, an ambulance post beside D1: D1 and D2 save 9 min each, 2 x 9 x 15 = **270** call-minutes
* X2, a helipad beside D3: 2 + 25 + 6.419 + 6 + 3 = 42.419 loses to the boat's 42; when no boat runs
  it saves the 5 min of an unprepared site, 5 x 15 = **75**, at a cost of 0.3: 250 per unit
* X4, an ambulance post beside D3: 42 - 4 = 38 min, 38 x 15 = **570**; where neither boat nor
  helicopter nor ferry runs it reaches the **1,000** people there for the first time
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from routing.propose import Request
from routing.propose.conditions import Held
from routing.response import Condition
from tests.routing.propose import isles

PLACES = {"X1": (10, 5), "X2": (30.5, 2), "X4": (30.5, 2)}
KINDS = ["ambulance_post", "helipad", "ambulance_post"]
NO_BOAT = Held("no_boat@day", Condition("no_boat", vehicles=("ambulance", "helicopter")), 0.25)
CALM = Held("calm@day", Condition(), 0.75)
ALONE = Held("g@day", Condition("g", vehicles=("ambulance",), stopped_ferry_kinds=("car_ferry",)))


def table(folder: Path, *held: Held, **asked: Any) -> pd.DataFrame:
    sheet = isles.sheet(folder, PLACES, kind=KINDS)
    request = Request(
        objective="min-mean",
        new=0,
        candidates=sheet,
        next_best=True,
        kinds={"ambulance_post": None},
        **asked,
    )
    return isles.ask(request, held=held).sheets["next_by_kind"]


def row(found: pd.DataFrame, condition: str, kind: str, best_for: str = "minutes") -> pd.Series:
    mine = found[(found["condition"] == condition) & (found["kind"] == kind)]
    mine = mine[mine["best_for"] == best_for]
    assert len(mine) == 1
    return mine.iloc[0]


def test_each_kind_in_each_condition_and_over_all(tmp_path: Path) -> None:
    found = table(tmp_path, CALM, NO_BOAT)
    post = row(found, "calm@day", "ambulance_post")
    assert (post["id"], post["saved_call_min_per_year"]) == ("X4", pytest.approx(570.0, abs=0.5))
    assert post["mean_fall_min"] == pytest.approx(570 / 60, abs=0.01)
    assert pd.isna(row(found, "calm@day", "helipad")["id"])
    pad = row(found, "no_boat@day", "helipad")
    assert (pad["id"], pad["cost"]) == ("X2", 0.3)
    assert pad["saved_call_min_per_year"] == pytest.approx(75.0, abs=0.1)
    assert pad["saved_call_min_per_cost"] == pytest.approx(250.0, abs=0.5)
    year = row(found, "all", "helipad")
    assert year["saved_call_min_per_year"] == pytest.approx(75.0 / 4, abs=0.1)
    assert "各条件按权重合计" in set(found["condition_zh"])


def test_whom_nobody_reaches_today_is_counted_beside_the_minutes(tmp_path: Path) -> None:
    found = table(tmp_path, ALONE)
    first = row(found, "g@day", "ambulance_post", "reach")
    assert (first["id"], first["newly_reached_population"]) == ("X4", 1000.0)
    assert first["newly_reached_calls_per_year"] == pytest.approx(15.0)
    assert row(found, "g@day", "ambulance_post")["id"] == "X1"
    assert row(found, "g@day", "ambulance_post")["saved_call_min_per_year"] == pytest.approx(
        270.0, abs=0.5
    )


def test_money_decides_between_sites_of_one_kind(tmp_path: Path) -> None:
    sheet = isles.sheet(tmp_path, PLACES, kind=KINDS, cost=[1.0, 0.3, 3.0])
    asked = Request(objective="min-mean", new=0, candidates=sheet, next_best=True)
    found = isles.ask(asked).sheets["next_by_kind"]
    best = row(found, "calm@day", "ambulance_post")
    assert (best["id"], best["saved_call_min_per_cost"]) == ("X1", pytest.approx(270.0, abs=0.5))


def test_costs_are_those_of_the_parameters_unless_given(tmp_path: Path) -> None:
    base = isles.parameters()
    assert Request().cost_of("boat_berth", base) == base.cost.boat_berth == 2.0
    assert Request(costs={"helipad": 5.0}).cost_of("helipad", base) == 5.0
    pad = row(table(tmp_path, NO_BOAT, costs={"helipad": 5.0}), "no_boat@day", "helipad")
    assert pad["saved_call_min_per_cost"] == pytest.approx(15.0, abs=0.1)


def test_it_is_told_only_where_asked(tmp_path: Path) -> None:
    request = Request(objective="min-mean", new=0, candidates=isles.sheet(tmp_path))
    assert "next_by_kind" not in isles.ask(request).sheets
