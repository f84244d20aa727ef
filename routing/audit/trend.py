"""Has it become better or worse? Trend over months, and change between two periods.

All tests take months, or calls, as independent; calls of one storm are not, so a small p-value near
the threshold proves little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from scipy import special

from routing.audit import intervals

SEASONAL_MONTHS = 24
"""From this many known months on, each is compared with the same month of other years only: there
are at least twelve such pairs then, enough for an interval."""

LEAST_MONTHS = 6
"""With fewer months a trend is not told."""


@dataclass(frozen=True)
class Trend:
    """A monotonic trend of monthly means.

    Attributes:
        months: how many months.
        seasonal: whether only equal months of different years were compared.
        slope_min_per_year: median of the slopes between pairs of months.
        low_min_per_year, high_min_per_year: its interval; NaN where months are too few for one.
        p_value: two-sided, of no trend.
    """

    months: int
    seasonal: bool
    slope_min_per_year: float
    low_min_per_year: float
    high_min_per_year: float
    p_value: float


@dataclass(frozen=True)
class Sample:
    """Exact sums of the calls of a period: number, seconds, squared seconds, within, judged."""

    n: int
    total: int
    squares: int
    within: int
    judged: int


@dataclass(frozen=True)
class Change:
    """Later period minus earlier period.

    Attributes:
        mean_min, mean_low_min, mean_high_min: difference of the means and its interval.
        p_value: two-sided, of equal means.
        share, share_low, share_high: difference of the shares within target and its interval.
    """

    mean_min: float
    mean_low_min: float
    mean_high_min: float
    p_value: float
    share: float
    share_low: float
    share_high: float


def of_months(
    months: Sequence[int], means_min: Sequence[float], *, confidence: float
) -> Trend | None:
    """Return the trend of monthly means, or None with fewer than `LEAST_MONTHS`.

    The test is that of Mann (1945, doi:10.2307/1907187) and Kendall (1975), with `SEASONAL_MONTHS`
    or more its seasonal form (Hirsch, Slack & Smith 1982, doi:10.1029/WR018i001p00107): S sums the
    signs of all differences (of equal months of different years), its variance is corrected for
    ties, and ``z = (|S| - 1) / sqrt(var S)``. The slope is the median of all pairwise slopes, its
    interval the order statistics of ranks ``(N ± z_a sqrt(var S)) / 2`` (Sen 1968,
    doi:10.1080/01621459.1968.10480934). Differences are over the distance in months, gaps included.

    Args:
        months: YYYYMM, rising.
        means_min: mean of each month; NaN is left out.
        confidence: level of the slope's interval.
    """
    known = [
        (m // 100 * 12 + m % 100 - 1, v)
        for m, v in zip(months, means_min, strict=True)
        if not math.isnan(v)
    ]
    if len(known) < LEAST_MONTHS:
        return None
    seasonal = len(known) >= SEASONAL_MONTHS
    groups: dict[int, list[tuple[int, float]]] = {}
    for month, value in known:
        groups.setdefault(month % 12 if seasonal else 0, []).append((month, value))
    slopes = sorted(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for group in groups.values()
        for earlier, later in combinations(group, 2)
    )
    if not slopes:
        return None
    score = sum((slope > 0) - (slope < 0) for slope in slopes)
    variance = sum(_variance([value for _, value in group]) for group in groups.values())
    z = (abs(score) - 1) / math.sqrt(variance) if score and variance else 0.0
    half = float(special.ndtri(0.5 + confidence / 2)) * math.sqrt(variance)
    low = math.floor((len(slopes) - half) / 2) - 1
    high = math.ceil((len(slopes) + half) / 2)
    bounds = [slopes[k] if 0 <= k < len(slopes) else math.nan for k in (low, high)]
    return Trend(
        months=len(known),
        seasonal=seasonal,
        slope_min_per_year=12 * float(np.median(slopes)),
        low_min_per_year=12 * bounds[0],
        high_min_per_year=12 * bounds[1],
        p_value=_two_sided(z),
    )


def between(earlier: Sample, later: Sample, *, confidence: float) -> Change | None:
    """Return the change of the mean and of the share within target, or None without enough calls.

    Means: unequal variances (Welch 1947, doi:10.1093/biomet/34.1-2.28), ``d ± t(v) se`` with
    ``se² = s1²/n1 + s2²/n2`` and Satterthwaite's degrees of freedom v. Shares: Newcombe's (1998,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I) method 10, from the two
    Wilson intervals.
    """
    if min(earlier.n, later.n) < 2:
        return None
    samples = (earlier, later)
    n = np.array([s.n for s in samples])
    mean, variance = intervals.moments(n, [s.total for s in samples], [s.squares for s in samples])
    part = variance / n
    se, d = math.sqrt(part.sum()), float(mean[1] - mean[0])
    freedom = part.sum() ** 2 / (part**2 / (n - 1)).sum() if se else 1.0
    half = float(special.stdtrit(freedom, 0.5 + confidence / 2)) * se
    p_value = float(2 * special.stdtr(freedom, -abs(d) / se)) if se else (1.0 if d == 0 else 0.0)
    share, low, high = _share_change(earlier, later, confidence)
    return Change(d / 60, (d - half) / 60, (d + half) / 60, p_value, share, low, high)


def years(months: Sequence[int]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return, for each two years in succession, the months that both have.

    Comparing equal months keeps a season that one of the years lacks from looking like a change.

    Args:
        months: YYYYMM.
    """
    found = []
    for before, after in pairwise(sorted({month // 100 for month in months})):
        both = sorted({m % 100 for m in months if m // 100 == before}
                      & {m % 100 for m in months if m // 100 == after})  # fmt: skip
        if both and after == before + 1:
            earlier = tuple(before * 100 + m for m in both)
            found.append((earlier, tuple(after * 100 + m for m in both)))
    return found


def _share_change(earlier: Sample, later: Sample, confidence: float) -> tuple[float, float, float]:
    if not (earlier.judged and later.judged):
        return math.nan, math.nan, math.nan
    hits, n = np.array([later.within, earlier.within]), np.array([later.judged, earlier.judged])
    p = hits / n
    low, high = intervals.of_share(hits, n, confidence=confidence)
    d = float(p[0] - p[1])
    below = math.sqrt((p[0] - low[0]) ** 2 + (high[1] - p[1]) ** 2)
    above = math.sqrt((high[0] - p[0]) ** 2 + (p[1] - low[1]) ** 2)
    return d, d - below, d + above


def _variance(values: Sequence[float]) -> float:
    n = len(values)
    _, ties = np.unique(values, return_counts=True)
    tied = sum(int(t) * (int(t) - 1) * (2 * int(t) + 5) for t in ties)
    return (n * (n - 1) * (2 * n + 5) - tied) / 18


def _two_sided(z: float) -> float:
    return float(2 * special.ndtr(-abs(z)))
