"""Definitive care: shares and gaps from minutes, by hand and by order."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from routing import care
from routing.conditions import Condition
from routing.itinerary.router import Router
from tests.routing.itinerary import isles


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Router:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ISLAND_RESPONSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        return Router(isles.toy_with_hospitals(), isles.parameters())


@pytest.fixture(scope="module")
def found(router: Router) -> care.Care:
    return care.compute(router, [Condition(), Condition(daylight="night")])


def row(found: care.Care, level: str, key: str = "calm@day", variant: str = care.ALL) -> pd.Series:
    shares = found.shares
    mine = (shares["level"] == level) & (shares["condition"] == key)
    return shares[mine & (shares["variant"] == variant)].iloc[0]


def test_minutes_are_those_of_the_itineraries(found: care.Care) -> None:
    day = found.demand[found.demand["condition"] == "calm@day"].set_index("demand_id")
    assert day.loc["D1", "stroke_min"] == pytest.approx(34.0)
    assert day.loc["D1", "stroke_hospital_id"] == "HA"
    assert day.loc["D1", "trauma_hospital_id"] == "HB"


def test_shares_count_residents_within_each_bound(found: care.Care) -> None:
    day = found.demand[found.demand["condition"] == "calm@day"]
    for level in care.LEVELS:
        told = row(found, level)
        minutes = day[f"{level}_min"].to_numpy(float)
        assert told["within_60"] == pytest.approx((minutes <= 60).mean())  # 1,000 people each
        assert told["within_60"] <= told["within_90"] <= told["within_120"]


def test_a_minute_on_the_bound_is_within(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(care, "BOUNDS_MIN", (34.0, 90.0, 120.0))
    found = care.compute(router, [Condition()])
    day = found.demand.set_index("demand_id")
    exact = float(day.loc["D1", "stroke_min"])
    monkeypatch.setattr(care, "BOUNDS_MIN", (exact, 90.0, 120.0))
    told = row(care.compute(router, [Condition()]), "stroke")
    within = (day["stroke_min"] <= exact).mean()
    assert within > 0
    assert told["within_34"] == pytest.approx(within)


def test_out_of_reach_is_nan_and_beyond_every_bound(found: care.Care) -> None:
    night = found.demand[found.demand["condition"] == "calm@night"].set_index("demand_id")
    assert np.isnan(night.loc["D4", "stroke_min"])  # helicopter only
    told = row(found, "stroke", "calm@night")
    assert told["unreachable_population"] == 1000.0
    gap = found.gaps[(found.gaps["condition"] == "calm@night") & (found.gaps["level"] == "stroke")]
    assert gap.set_index("island_id").loc["c", "beyond_120"] == 1000.0


def test_no_capability_anywhere_leaves_everybody_out_of_reach(found: care.Care) -> None:
    assert row(found, "maternal")["unreachable_population"] == 4000.0
    assert row(found, "maternal")["within_120"] == 0.0


def test_without_the_helicopter_nobody_is_sooner(found: care.Care) -> None:
    for level in care.LEVELS:
        every, grounded = row(found, level), row(found, level, variant=care.GROUNDED)
        assert grounded["within_120"] <= every["within_120"] + 1e-12
        assert grounded["unreachable_population"] >= every["unreachable_population"]


def test_gaps_add_up_to_the_shares(found: care.Care) -> None:
    for level in care.LEVELS:
        gaps = found.gaps[(found.gaps["condition"] == "calm@day") & (found.gaps["level"] == level)]
        told = row(found, level)
        beyond = (1 - told["within_60"]) * told["population"]
        assert gaps["beyond_60"].sum() == pytest.approx(beyond)


def test_a_lower_tier_is_never_farther(found: care.Care) -> None:
    day = found.demand
    for better, worse in (("node", "sub_centre"), ("sub_centre", "peak")):
        a, b = day[f"{better}_min"].fillna(np.inf), day[f"{worse}_min"].fillna(np.inf)
        assert (a <= b).all()


def test_result_is_plain_json(found: care.Care, router: Router) -> None:
    told = found.result(router)
    text = json.dumps(told, allow_nan=False)
    assert told["schema"] == care.SCHEMA
    assert json.loads(text)["levels"][0] == {
        "level": "stroke",
        "hospitals": ["HA"],
        "by_assumption": [],
    }
