"""Statistics against hand-worked numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import statistics
from routing.config import Target

TARGET = Target(main_urban_min=11.0, rural_min=14.0)


def demand(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"zone": "rural", **columns})


def test_mean_is_weighted_by_calls_and_leaves_unknown_times_out() -> None:
    # (10 * 1 + 20 * 3) / 4 = 17.5; the unreachable point adds neither minutes nor weight.
    assert statistics.weighted_mean([10.0, 20.0, np.nan], [1.0, 3.0, 5.0]) == 17.5


def test_mean_without_weight_is_unknown() -> None:
    assert np.isnan(statistics.weighted_mean([10.0], [0.0]))
    assert np.isnan(statistics.weighted_mean([np.nan], [1.0]))


@pytest.mark.parametrize(
    ("q", "expected"),
    # Weights 1, 1, 2 of 4: shares reached at 10, 20, 30 are 0.25, 0.5, 1.
    [(0.25, 10.0), (0.26, 20.0), (0.5, 20.0), (0.51, 30.0), (1.0, 30.0)],
)
def test_quantile_is_the_smallest_value_that_reaches_the_share(q: float, expected: float) -> None:
    assert statistics.weighted_quantile([30.0, 10.0, 20.0], [2.0, 1.0, 1.0], q) == expected


def test_share_that_equals_the_quantile_but_for_rounding_counts_as_reached() -> None:
    # Ten weights of 0.1 sum to 0.9999999999999999: the ninth value is still the 0.9 quantile.
    assert statistics.weighted_quantile(np.arange(10.0), np.full(10, 0.1), 0.9) == 8.0


def test_share_within_counts_the_bound_itself_and_never_the_unreachable() -> None:
    assert statistics.share_within([11.0, 11.0001, np.nan], [1.0, 1.0, 2.0], 11.0) == 0.25


def test_a_mean_equal_to_the_target_meets_it() -> None:
    rows = demand(response_min=[13.0, 15.0], calls_per_year=[1.0, 1.0], population=[10.0, 10.0])
    found = statistics.summary(rows, 14.0)
    assert found["mean_min"] == 14.0
    assert found["target_met"] is True
    assert statistics.summary(rows, 13.999)["target_met"] is False


@pytest.mark.parametrize("target", [11.0, 14.0])
def test_a_mean_of_responses_that_all_equal_the_target_meets_it(target: float) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        calls = 0.015 * rng.integers(1, 5_000, rng.integers(1, 60))
        mean = statistics.weighted_mean(np.full(len(calls), target), calls)
        assert statistics.verdict(
            mean, target_min=target, population=1.0, unreachable_population=0.0
        )["target_met"]
    assert not statistics.meets(target + 1e-5, target)
    assert not statistics.meets(float("nan"), target)


def test_unreachable_residents_are_counted_beside_the_mean() -> None:
    rows = demand(response_min=[10.0, np.nan], calls_per_year=[1.0, 1.0], population=[7.0, 3.0])
    found = statistics.summary(rows, 14.0)
    assert found["mean_min"] == 10.0
    assert found["unreachable_population"] == 3.0
    assert found["share_within_target"] == 0.5


def test_a_zone_without_calls_has_no_verdict() -> None:
    found = statistics.zones(demand(response_min=[], calls_per_year=[], population=[]), TARGET)
    assert found["main_urban"]["target_met"] is None
    assert np.isnan(found["main_urban"]["mean_min"])


def test_groups_without_calls_get_the_plain_mean() -> None:
    rows = pd.DataFrame(
        {
            "island_id": ["a", "a", "b"],
            "response_min": [10.0, 20.0, 30.0],
            "calls_per_year": [0.0, 0.0, 1.0],
            "population": [0.0, 0.0, 5.0],
        }
    )
    means = statistics.by_group(rows, "island_id").set_index("island_id")["mean_min"]
    assert means.to_dict() == {"a": 15.0, "b": 30.0}


@given(
    st.lists(st.tuples(st.floats(0, 1e3), st.floats(0.01, 1e3)), min_size=1, max_size=30),
    st.floats(0.01, 1.0),
)
def test_quantile_agrees_with_the_definition(pairs: list[tuple[float, float]], q: float) -> None:
    values, weights = (np.array(column) for column in zip(*pairs, strict=True))
    found = statistics.weighted_quantile(values, weights, q)
    reached = weights[values <= found].sum() / weights.sum()
    before = weights[values < found].sum() / weights.sum()
    assert reached >= q - 1e-9
    assert before < q + 1e-9


@pytest.mark.parametrize(
    ("mean", "lost", "tolerated", "met", "reason"),
    [
        (14.0, 0.0, 0.0, True, "met"),
        (14.001, 0.0, 0.0, False, "mean"),
        (13.0, 1.0, 0.0, False, "cut_off"),
        (15.0, 1.0, 0.0, False, "mean_and_cut_off"),
        (13.0, 10.0, 0.1, True, "met"),
        (13.0, 10.5, 0.1, False, "cut_off"),
        (float("nan"), 100.0, 0.0, False, "cut_off"),
        (float("nan"), 0.0, 0.0, None, None),
    ],
)
def test_one_rule_says_when_a_target_is_met(
    mean: float, lost: float, tolerated: float, met: bool | None, reason: str | None
) -> None:
    found = statistics.verdict(
        mean,
        target_min=14.0,
        population=100.0,
        unreachable_population=lost,
        unreachable_share=tolerated,
    )
    assert found == {"target_met": met, "target_met_reason": reason}


def test_a_target_is_not_met_by_giving_residents_up_in_any_weather() -> None:
    rows = demand(response_min=[10.0, np.nan], calls_per_year=[1.0, 1.0], population=[7.0, 3.0])
    assert statistics.summary(rows, 14.0)["target_met_reason"] == "cut_off"
    assert statistics.summary(rows, 14.0, unreachable_share=0.3)["target_met"] is True
    assert statistics.summary(rows, 14.0, unreachable_share=0.29)["target_met"] is False
