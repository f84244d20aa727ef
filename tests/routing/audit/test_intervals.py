from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from routing.audit import intervals


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=50))
@settings(deadline=None)
def test_interval_of_the_mean_is_students(values: list[int]) -> None:
    x = np.array(values, float)
    sums = [len(values)], [sum(values)], [sum(v * v for v in values)]
    low, high = intervals.of_mean(*sums, confidence=0.95)
    half = stats.t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x))
    if half == 0 and len(x) < 5:
        assert np.isnan([*low, *high]).all()
        return
    assert low[0] == pytest.approx(max(x.mean() - half, 0), abs=1e-6)
    assert high[0] == pytest.approx(x.mean() + half, abs=1e-6)


@pytest.mark.parametrize("n", [2, 4, 5, 50])
def test_few_calls_of_the_same_time_have_no_interval(n: int) -> None:
    low, high = intervals.of_mean([n], [720 * n], [720 * 720 * n], confidence=0.95)
    if n < 5:
        assert np.isnan([*low, *high]).all()
    else:
        assert (low[0], high[0]) == (720, 720)


def test_no_mean_of_times_is_negative() -> None:
    # 0 and 600 s: 300 ± 12.7 × 300
    low, high = intervals.of_mean([2], [600], [360_000], confidence=0.95)
    assert low[0] == 0
    assert high[0] == pytest.approx(300 + 12.7062 * 300, abs=1e-2)


def test_one_call_has_no_interval() -> None:
    low, high = intervals.of_mean([1, 0], [600, 0], [360_000, 0], confidence=0.95)
    assert np.isnan([*low, *high]).all()


def test_the_variance_keeps_its_digits_in_large_numbers() -> None:
    n, value = 10**9, 10_000
    _, variance = intervals.moments([n], [n * value + 1], [n * value * value + 2 * value + 1])
    assert variance[0] == pytest.approx(1 / n, rel=1e-6)


@given(st.integers(1, 400), st.data())
@settings(deadline=None)
def test_interval_of_a_share_is_wilsons(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    low, high = intervals.of_share([hits], [n], confidence=0.95)
    expected = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("q", [0.5, 0.9])
@pytest.mark.parametrize("n", [1, 2, 3, 9, 10, 50, 51, 1_000, 12_345, 5_000_000, 300_000_000])
def test_bounds_of_a_quantile_are_the_narrowest_that_hold(n: int, q: float) -> None:
    low, high = (int(r[0]) for r in intervals.ranks_of_quantile([n], q, confidence=0.95))

    def misses_below(rank: int) -> float:
        # The value of this rank is above the quantile where at most `rank` calls are up to it.
        return float(stats.binom.cdf(rank, n, q))

    def misses_above(rank: int) -> float:
        return float(stats.binom.sf(rank, n, q))

    assert misses_below(low) < 0.025 <= misses_below(low + 1)
    assert misses_above(high) <= 0.025 < misses_above(high - 1)


# Ranks of the 95 % interval of the median, from 1, as tables of the sign test have them.
@pytest.mark.parametrize(
    ("n", "first", "last"), [(6, 1, 6), (10, 2, 9), (20, 6, 15), (100, 40, 61)]
)
def test_bounds_of_the_median_by_known_tables(n: int, first: int, last: int) -> None:
    low, high = intervals.ranks_of_quantile([n], 0.5, confidence=0.95)
    assert (low[0] + 1, high[0] + 1) == (first, last)


def test_too_few_calls_have_no_bounds_of_quantiles() -> None:
    low, high = intervals.ranks_of_quantile([5, 6], 0.5, confidence=0.95)
    assert (low.tolist(), high.tolist()) == ([-1, 0], [5, 5])
    _, high = intervals.ranks_of_quantile([35, 36], 0.9, confidence=0.95)
    assert high.tolist() == [35, 35]


@pytest.mark.parametrize("n", [8, 10, 40, 60])
def test_intervals_of_quantiles_cover_what_they_promise(n: int) -> None:
    rng = np.random.default_rng(5)
    draws = np.sort(rng.exponential(size=(20_000, n)), axis=1)
    for q in (0.5, 0.9):
        low, high = (int(r[0]) for r in intervals.ranks_of_quantile([n], q, confidence=0.95))
        truth = -np.log(1 - q)
        above = (draws[:, low] > truth).mean() if low >= 0 else 0.0
        below = (draws[:, high] < truth).mean() if high < n else 0.0
        # 0.025 and four standard errors of 20,000 draws
        assert max(above, below) < 0.0295
