from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from routing.audit import trend
from routing.audit.trend import Sample

YEAR = [202_301 + i for i in range(12)]
THREE_YEARS = [100 * year + month for year in (2022, 2023, 2024) for month in range(1, 13)]


def sample(values: list[int], bound: int = 660) -> Sample:
    within = sum(v <= bound for v in values)
    return Sample(len(values), sum(values), sum(v * v for v in values), within, len(values))


def test_a_steady_rise_is_found() -> None:
    found = trend.of_months(YEAR, [10 + 0.1 * i for i in range(12)], confidence=0.95)
    assert found is not None
    assert not found.seasonal
    assert found.slope_min_per_year == pytest.approx(1.2)
    assert found.p_value < 1e-4


@given(st.lists(st.integers(0, 30), min_size=6, max_size=12))
@settings(deadline=None)
def test_slope_and_test_are_those_of_theil_sen_and_kendall(values: list[int]) -> None:
    found = trend.of_months(YEAR[: len(values)], [float(v) for v in values], confidence=0.95)
    assert found is not None
    told = stats.theilslopes(values, np.arange(len(values)))
    assert found.slope_min_per_year == pytest.approx(12 * told.slope)
    # Ranks between whole numbers are taken outwards here, and to the nearest there.
    if len(set(values)) > 1:
        assert found.low_min_per_year <= 12 * told.low_slope + 1e-9
        assert found.high_min_per_year >= 12 * told.high_slope - 1e-9
    if len(set(values)) > 1:
        # Kendall's asymptotic test without the continuity correction is a little more eager.
        assert found.p_value >= stats.kendalltau(
            np.arange(len(values)), values, method="asymptotic"
        ).pvalue - 1e-9  # fmt: skip
    assert found.low_min_per_year <= found.slope_min_per_year <= found.high_min_per_year


def test_a_season_is_no_trend() -> None:
    winter = [5.0 * (month % 100 in (12, 1, 2)) for month in THREE_YEARS]
    found = trend.of_months(THREE_YEARS, winter, confidence=0.95)
    assert found is not None
    assert found.seasonal
    assert (found.slope_min_per_year, found.p_value) == (0.0, 1.0)


def test_a_single_month_of_another_year_makes_no_interval_without_width() -> None:
    months = [*YEAR[:5], 202_501]
    found = trend.of_months(months, [9, 9.5, 9.2, 9.4, 9.1, 10], confidence=0.95)
    assert found is not None
    assert not found.seasonal
    assert found.low_min_per_year < 0 < found.high_min_per_year


@pytest.mark.parametrize(
    "after", [[24], [12, 24], [12, 13, 24], [12, 13, 14, 15, 23], [*range(12, 24)]]
)
def test_where_there_is_no_trend_hardly_one_in_twenty_intervals_shows_one(
    after: list[int],
) -> None:
    rng = np.random.default_rng(4)
    months = [100 * (2023 + m // 12) + m % 12 + 1 for m in (*range(12), *after)]
    missed = 0
    for _ in range(400):
        found = trend.of_months(months, rng.normal(10, 1, len(months)).tolist(), confidence=0.95)
        assert found is not None
        missed += not found.low_min_per_year <= 0 <= found.high_min_per_year
    # Five in a hundred and three standard errors of 400 draws.
    assert missed / 400 < 0.05 + 0.033


def test_bounds_that_months_are_too_few_for_are_unknown() -> None:
    found = trend.of_months(YEAR[:6], [9, 9.5, 9.2, 9.4, 9.1, 10], confidence=0.9999)
    assert found is not None
    assert np.isnan([found.low_min_per_year, found.high_min_per_year]).all()


def test_gaps_count_as_time() -> None:
    months = [202_301, 202_302, 202_303, 202_310, 202_311, 202_312]
    means = [(m % 100) / 10 for m in months]
    found = trend.of_months(months, means, confidence=0.95)
    assert found is not None
    assert found.slope_min_per_year == pytest.approx(1.2)


def test_few_months_tell_no_trend() -> None:
    assert trend.of_months(YEAR[:5], [1.0] * 5, confidence=0.95) is None
    assert trend.of_months(YEAR, [float("nan")] * 12, confidence=0.95) is None


def test_change_of_means_is_welchs() -> None:
    rng = np.random.default_rng(1)
    one, two = (rng.integers(200, high, n).tolist() for high, n in ((900, 40), (1200, 90)))
    found = trend.between(sample(one), sample(two), confidence=0.95)
    assert found is not None
    told = stats.ttest_ind(two, one, equal_var=False)
    low, high = told.confidence_interval(0.95)
    assert found.mean_min == pytest.approx((np.mean(two) - np.mean(one)) / 60)
    assert (found.mean_low_min, found.mean_high_min) == pytest.approx((low / 60, high / 60))
    assert found.p_value == pytest.approx(told.pvalue)


def test_change_of_shares_is_newcombes() -> None:
    # Newcombe (1998), table II, row (a), method 10: 56/70 against 48/80, 0.0524 to 0.3339.
    earlier, later = Sample(80, 80, 200, 48, 80), Sample(70, 70, 200, 56, 70)
    found = trend.between(earlier, later, confidence=0.95)
    assert found is not None
    assert found.share == pytest.approx(0.2)
    assert (found.share_low, found.share_high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_equal_constants_have_not_changed() -> None:
    found = trend.between(sample([600] * 5), sample([600] * 6), confidence=0.95)
    assert found is not None
    assert (found.mean_min, found.p_value) == (0.0, 1.0)
    assert trend.between(sample([600]), sample([600] * 6), confidence=0.95) is None


def test_years_are_compared_over_the_months_that_both_have() -> None:
    months = [202_211, 202_212, *YEAR, 202_401, 202_402, 202_601]
    assert trend.years(months) == [
        ((202_211, 202_212), (202_311, 202_312)),
        ((202_301, 202_302), (202_401, 202_402)),
    ]
