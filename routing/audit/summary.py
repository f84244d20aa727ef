"""From counts to figures: n, mean, median, p90, share within target, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing.audit import count_loops, intervals
from routing.audit.tally import Counts, joined

QUANTILES = (("median", 1, 2), ("p90", 9, 10))
"""Name, numerator and denominator of each quantile."""

_MINUTE = 60.0
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Sums:
    """Exact sums of a table of counts, shape (groups,): number, seconds, squared seconds."""

    n: Ints
    total: Ints
    squares: Ints


def sums(counts: Counts) -> Sums:
    """Return the exact sums of each group."""
    n, total, squares = count_loops.sums(counts.table)
    group, value, number = counts.over.T
    np.add.at(n, group, number)
    np.add.at(total, group, number * value)
    np.add.at(squares, group, number * value * value)
    return Sums(n, total, squares)


def values_at(counts: Counts, ranks: Ints) -> Ints:
    """Return the values at ranks (from 0) of each group, in seconds.

    Args:
        counts: a table of counts.
        ranks: rising, shape (groups, r); ranks >= n give -1.
    """
    found = np.full(ranks.shape, -1, np.int64)
    count_loops.ranked(counts.table, ranks, found)
    over = joined(counts.over)
    if not len(over):
        return found
    passed = np.concatenate([[0], np.cumsum(over[:, 2])])
    everyone = np.arange(len(ranks))
    begin = passed[np.searchsorted(over[:, 0], everyone, side="left")]
    size = passed[np.searchsorted(over[:, 0], everyone, side="right")] - begin
    beyond = ranks - counts.table.sum(axis=1, dtype=np.int64)[:, None]
    rows, columns = np.nonzero((beyond >= 0) & (beyond < size[:, None]))
    place = np.searchsorted(passed, begin[rows] + beyond[rows, columns], side="right") - 1
    found[rows, columns] = over[place, 1]
    return found


def _ranks_of(n: Ints, numerator: int, denominator: int) -> tuple[Ints, Ints, Floats]:
    """Return the two ranks that a quantile lies between, and how far from the first.

    Hyndman & Fan (1996, doi:10.1080/00031305.1996.10473566), definition 7, which is that of Excel's
    MEDIAN and PERCENTILE.INC: with h = (n - 1) q on a straight line between the values of ranks
    floor(h) and floor(h) + 1, counted from 0.
    """
    last = np.maximum(n - 1, 0)
    low = last * numerator // denominator
    return low, np.minimum(low + 1, last), (last * numerator % denominator) / denominator


def describe(counts: Counts, *, confidence: float) -> dict[str, NDArray[Any]]:
    """Return n, mean, median, p90 with their intervals, in minutes, shape (groups,) each.

    Names: ``n``; ``mean_min``, ``mean_low_min``, ``mean_high_min``; likewise ``median`` and
    ``p90``; ``sd_min``. NaN where there is nothing to tell: no call, or too few for a bound.
    """
    s = sums(counts)
    mean, variance = intervals.moments(s.n, s.total, s.squares)
    low, high = intervals.of_mean(s.n, s.total, s.squares, confidence=confidence)
    found: dict[str, Any] = {
        "n": s.n,
        "mean_min": mean / _MINUTE,
        "mean_low_min": low / _MINUTE,
        "mean_high_min": high / _MINUTE,
        "sd_min": np.sqrt(variance) / _MINUTE,
    }
    columns: list[Ints] = []
    parts = []
    for _, numerator, denominator in QUANTILES:
        first, second, part = _ranks_of(s.n, numerator, denominator)
        share = numerator / denominator
        columns += [first, second, *intervals.ranks_of_quantile(s.n, share, confidence=confidence)]
        parts.append(part)
    ranks = np.column_stack(columns)
    last = s.n[:, None] - 1
    values = _at(counts, np.clip(ranks, 0, np.maximum(last, 0))) / _MINUTE
    values[(ranks < 0) | (ranks > last)] = np.nan
    for place, ((name, _, _), part) in enumerate(zip(QUANTILES, parts, strict=True)):
        before, after, lower, upper = values[:, 4 * place : 4 * place + 4].T
        found[f"{name}_min"] = before + (after - before) * part
        found[f"{name}_low_min"], found[f"{name}_high_min"] = lower, upper
    return found


def _at(counts: Counts, ranks: Ints) -> Floats:
    """Return the values at ranks in any order, by one pass over the table."""
    order = np.argsort(ranks, axis=1, kind="stable")
    rising = values_at(counts, np.take_along_axis(ranks, order, axis=1))
    found = np.empty(ranks.shape, float)
    np.put_along_axis(found, order, rising.astype(float), axis=1)
    return found


def against_targets(
    judged: Ints, within: Ints, bounds_s: Mapping[str, int], *, confidence: float
) -> dict[str, Floats]:
    """Return the share within target and the target of each group.

    Each call is judged by the target of its own zone. The bound of a group that lies in both
    zones is the mean of its calls' targets, so that ``mean <= bound`` says whether the calls
    keep to their targets on average; NaN where no call has a target.

    Args:
        judged, within: calls that each target binds and those within it, shape (groups, targets).
        bounds_s: targets in the order of the columns.
        confidence: level of the interval.

    Returns:
        ``share_within``, ``share_low``, ``share_high``, ``bound_min``: the target.
    """
    bound, hits = judged.sum(axis=1), within.sum(axis=1)
    low, high = intervals.of_share(hits, bound, confidence=confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        target = judged @ np.array(list(bounds_s.values()), np.int64) / bound
        return {
            "share_within": hits / bound,
            "share_low": low,
            "share_high": high,
            "bound_min": target / _MINUTE,
        }


def share_within(counts: Counts, bound_s: int, *, confidence: float) -> dict[str, Floats]:
    """Return the share of each group with value <= `bound_s`; names as of `against_targets`."""
    width = counts.table.shape[1]
    hits = counts.table[:, : min(bound_s + 1, width)].sum(axis=1, dtype=np.int64)
    inside = counts.over[:, 1] <= bound_s
    np.add.at(hits, counts.over[inside, 0], counts.over[inside, 2])
    n = sums(counts).n
    low, high = intervals.of_share(hits, n, confidence=confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "share_within": hits / n,
            "share_low": low,
            "share_high": high,
            "bound_min": np.full(len(n), bound_s / _MINUTE),
        }
