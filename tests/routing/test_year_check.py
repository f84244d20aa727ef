"""The numbers of a year, worked out by hand.

Three places: one whose road leads to the peak tier, one with a sub-centre, one with nothing. With
1,000 runs a year each, 0.9 patients a run, 0.5 of them for a hospital, 0.2 for the peak tier, 0.1
critical, and helicopters that fly half of the year::

    no hospital      900 x 0.5 = 450 island transfers,  900 x 0.1 x 0.5 = 45 by air (no way at all)
    sub-centre       900 x 0.2 = 180 onward transfers,  45 by air where the way takes over 60 min
    peak by road     nobody
    sea              40 operations x 0.25 = 10
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata import region as regions
from routing import conditions, config, year_check
from routing.config import Parameters, Year
from routing.itinerary.router import Router
from routing.year_check import Places

YEAR = Year(
    patient_share=0.9,
    hospital_share=0.5,
    peak_share=0.2,
    critical_share=0.1,
    air_after_min=60.0,
    sea_operations=40.0,
    sea_medical_share=0.25,
    reported_transfers=320.0,
    reported_air_rescues=180.0,
)


def parameters(**year: float) -> Parameters:
    return replace(config.load(), year=replace(YEAR, **year))


def places(peak_min: tuple[float, float, float], calls: float = 1000.0) -> Places:
    return Places(
        island_id=np.array(["main", "centre", "bare"], dtype=object),
        calls=np.full(3, calls),
        hospital_by_road=np.array([True, True, False]),
        peak_by_road=np.array([True, False, False]),
        peak_min=np.array(peak_min),
    )


def test_the_rules_by_hand() -> None:
    found = year_check.count(places((20.0, 61.0, np.nan)), parameters(), flying_share=0.5)
    assert found.components == pytest.approx(
        {
            "island_transfers": 450.0,
            "onward_transfers": 180.0,
            "sea_tasks": 10.0,
            "air_rescues": 90.0,
        }
    )
    assert found.transfers == pytest.approx(640.0)
    assert found.islands["island_id"].tolist() == ["bare", "centre"]


def test_a_way_that_takes_the_bound_exactly_needs_no_helicopter() -> None:
    found = year_check.count(places((90.0, 60.0, 60.0)), parameters(), flying_share=0.5)
    assert found.components["air_rescues"] == 0.0


def test_off_by_a_factor_whichever_way() -> None:
    assert year_check.compared(640.0, 320.0)["factor_off"] == 2.0
    assert year_check.compared(90.0, 180.0)["factor_off"] == 2.0
    assert year_check.compared(90.0, 180.0)["factor"] == 0.5
    assert year_check.compared(90.0, 0.0) == {
        "modelled": 90.0, "reported": None, "factor": None, "factor_off": None,
    }  # fmt: skip


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_air_rescues_are_part_of_the_patients_and_more_runs_give_more(
    critical: float, hospital: float, flying: float
) -> None:
    asked = parameters(critical_share=critical, hospital_share=hospital)
    few = year_check.count(places((20.0, 99.0, 99.0), 10.0), asked, flying_share=flying)
    many = year_check.count(places((20.0, 99.0, 99.0), 20.0), asked, flying_share=flying)
    assert few.components["air_rescues"] <= few.islands["patients"].sum() + 1e-9
    for name in ("island_transfers", "onward_transfers", "air_rescues"):
        assert many.components[name] == pytest.approx(2 * few.components[name])


def test_helicopters_fly_by_day_but_in_fog_and_typhoon() -> None:
    """Half the hours, less 7.5 days of fog and 1.5 of typhoon in daylight."""
    share = year_check.flying_share(conditions.load(), config.load())
    assert share == pytest.approx(0.5 - (7.5 + 1.5) / 365.25)


def test_zhoushan_comes_to_the_magnitude_that_was_reported() -> None:
    """Golden: 1,673 tasks against 928, and 83 air rescues against 27, with nothing fitted."""
    router = Router(regions.load("zhoushan"), config.load())
    told = year_check.result(router, year_check.compute(router, conditions.load()))
    transfers, air = told["numbers"]["transfers"], told["numbers"]["air_rescues"]
    assert transfers["modelled"] == pytest.approx(1673, rel=0.03)
    assert air["modelled"] == pytest.approx(83, rel=0.1)
    assert transfers["factor_off"] < 2.5
    assert air["factor_off"] < 4.0
    top = [row["name_zh"] for row in told["islands"]][:3]
    assert top == ["六横岛", "桃花岛", "衢山岛"]
    assert "zhoushan" not in {row["island_id"] for row in told["islands"]}
    assert "jintang" not in {row["island_id"] for row in told["islands"]}
