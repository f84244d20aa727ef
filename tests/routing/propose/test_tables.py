"""Who gains how much."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from routing.propose import tables


def demand(**columns: list[object]) -> pd.DataFrame:
    n = len(columns["response_min"])
    base: dict[str, object] = {
        "island_id": ["a"] * n, "county_zh": ["甲"] * n, "township_zh": ["镇"] * n,
        "population": [100.0] * n, "calls_per_year": [1.0] * n,
    }  # fmt: skip
    return pd.DataFrame(base | columns)


def test_a_gain_is_weighted_by_calls_and_summed_over_residents() -> None:
    before = demand(response_min=[20.0, 10.0], calls_per_year=[3.0, 1.0], population=[300.0, 100.0])
    (row,) = tables.gains(before, np.array([12.0, 10.0]), "island_id").to_dict("records")
    assert row["gain_min"] == pytest.approx(6.0)  # (3 x 8 + 1 x 0) / 4
    assert row["gain_people_min"] == pytest.approx(2400.0)


def test_whoever_is_reached_for_the_first_time_leads_and_is_no_negative_gain() -> None:
    """The island's mean rises from 10 to 25, as people are reached whom nobody reached before."""
    before = demand(response_min=[30.0, 10.0, np.nan], island_id=["a", "b", "b"])
    found = tables.gains(before, np.array([5.0, 10.0, 40.0]), "island_id")
    assert found["island_id"].tolist() == ["b", "a"]
    assert found["newly_reached_population"].tolist() == [100.0, 0.0]
    assert found["gain_min"].tolist() == [0.0, 25.0]
    assert found["after_min"].tolist() == [25.0, 5.0]


def test_whoever_is_cut_off_is_counted() -> None:
    found = tables.gains(demand(response_min=[10.0]), np.array([np.nan]), "island_id")
    assert found["cut_off_population"].tolist() == [100.0]
    assert np.isnan(found["gain_min"].iloc[0])


def test_townships_of_one_name_in_two_counties_stay_apart() -> None:
    before = demand(response_min=[10.0, 20.0], county_zh=["甲", "乙"])
    found = tables.gains(before, np.array([5.0, 5.0]), "township_zh")
    assert found["county_zh"].tolist() == ["乙", "甲"]


@pytest.mark.parametrize("by", ["island_id", "township_zh"])
def test_demand_without_places_gives_an_empty_table_with_its_columns(by: str) -> None:
    before = demand(response_min=[10.0], island_id=[None], township_zh=[None])
    found = tables.gains(before, np.array([10.0]), by)
    assert len(found) == 0
    assert {by, "gain_min", "gain_people_min", "newly_reached_population"} <= set(found)


def test_points_without_calls_count_alike() -> None:
    before = demand(response_min=[10.0, 20.0], calls_per_year=[0.0, 0.0], population=[0.0, 0.0])
    (row,) = tables.gains(before, np.array([8.0, 10.0]), "island_id").to_dict("records")
    assert row["gain_min"] == pytest.approx(6.0)
