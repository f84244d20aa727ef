"""Confidence intervals: analytic, hence the same at every run; all assume independent calls."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]
Ranks = NDArray[np.int64]

LEAST_EQUAL: Final = 5
"""Least number of calls whose interval of the mean may be without any width."""


def of_mean(
    n: ArrayLike, total: ArrayLike, squares: ArrayLike, *, confidence: float
) -> tuple[Floats, Floats]:
    """Return the interval of the mean by Student's t (1908, doi:10.1093/biomet/6.1.1).

    ``mean ± t(n - 1) s / sqrt(n)`` with the variance s² from exact sums; no time is negative, so
    the lower bound is cut at 0. NaN where n < 2, and where n < 5 calls all took the same time:
    that they do not spread is chance, and would pass for certainty. By the central limit theorem
    the interval holds well for skewed response times where n is some dozens or more.

    Args:
        n, total, squares: number, sum and sum of squares of whole seconds >= 0, shape (g,).
        confidence: level, such as 0.95.
    """
    count = np.asarray(n, float)
    mean, variance = moments(n, total, squares)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = special.stdtrit(np.maximum(count - 1, 1), 0.5 + confidence / 2)
        told = (count >= LEAST_EQUAL) | ((count >= 2) & (variance > 0))
        half = np.where(told, t * np.sqrt(variance / count), np.nan)
    return np.maximum(mean - half, 0.0), mean + half


def moments(n: ArrayLike, total: ArrayLike, squares: ArrayLike) -> tuple[Floats, Floats]:
    """Return mean and sample variance from exact sums; NaN where n is 0, or 1 for the variance.

    ``s² = (n Σx² - (Σx)²) / (n (n - 1))``, the numerator in whole numbers of any size.
    """
    counts = [int(v) for v in np.asarray(n).ravel()]
    totals = [int(v) for v in np.asarray(total).ravel()]
    seconds = [int(v) for v in np.asarray(squares).ravel()]
    rows = list(zip(counts, totals, seconds, strict=True))
    mean = np.array([t / c if c else np.nan for c, t, _ in rows], float)
    variance = np.array(
        [(c * q - t * t) / (c * (c - 1)) if c > 1 else np.nan for c, t, q in rows], float
    )
    return mean, variance


def ranks_of_quantile(n: ArrayLike, q: float, *, confidence: float) -> tuple[Ranks, Ranks]:
    """Return the ranks (from 0) of the order statistics that bound a quantile.

    Conover (1999, Practical Nonparametric Statistics, 3.2): with B ~ Binomial(n, q), the number of
    calls up to the quantile, the lower rank is the greatest l with ``P(B <= l) < a/2``, the upper
    the least u with ``P(B <= u) >= 1 - a/2`` (a = 1 - confidence). No assumption on the
    distribution.

    Args:
        n: numbers of calls, shape (g,).
        q: share, 0 < q < 1.
        confidence: level.

    Returns:
        lower ranks, -1 where n is too small for a lower bound; upper ranks, n where it is too small
        for an upper one: at 95 % the median has bounds from 6 calls on, p90 an upper one from 36.
    """
    count = np.asarray(n, np.int64)
    tail = (1 - confidence) / 2
    return _binomial_inverse(count, q, tail) - 1, _binomial_inverse(count, q, 1 - tail)


def of_share(within: ArrayLike, n: ArrayLike, *, confidence: float) -> tuple[Floats, Floats]:
    """Return the score interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    ``(p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)``; NaN where n is 0.
    """
    count, hits = np.asarray(n, float), np.asarray(within, float)
    z = float(special.ndtri(0.5 + confidence / 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / count
        centre = (share + z * z / (2 * count)) / (1 + z * z / count)
        spread = z * np.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
        half = spread / (1 + z * z / count)
    lower = np.where(hits == 0, np.where(count > 0, 0.0, np.nan), centre - half)
    upper = np.where(hits == count, np.where(count > 0, 1.0, np.nan), centre + half)
    return lower, upper


def _binomial_inverse(n: Ranks, q: float, level: float) -> Ranks:
    """Return the least k with P(B <= k) >= level: a normal guess, then exact steps."""
    number, back = np.unique(np.maximum(n, 1), return_inverse=True)
    z, sd = special.ndtri(level), np.sqrt(number * q * (1 - q))
    guess = number * q + z * sd + (z * z - 1) * (1 - 2 * q) / 6 - 0.5
    found = np.clip(np.ceil(guess), 0, number).astype(np.int64)
    moved = True
    while moved:
        low = (found < number) & (special.bdtr(found.astype(float), number, q) < level)
        found += low
        before = np.maximum(found - 1, 0).astype(float)
        high = (found > 0) & ~low & (special.bdtr(before, number, q) >= level)
        found -= high
        moved = bool(low.any() or high.any())
    return np.asarray(found[back], np.int64)
