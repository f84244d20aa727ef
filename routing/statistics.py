"""Statistics of response times, weighted by expected calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from routing.config import Target

GROUP_COLUMNS = (
    "population",
    "calls_per_year",
    "mean_min",
    "median_min",
    "p90_min",
    "worst_min",
    "unreachable_population",
)


def weighted_mean(values: ArrayLike, weights: ArrayLike) -> float:
    """Return ``sum(w v) / sum(w)`` over the known values; NaN where no weight is left.

    Args:
        values: shape (n,), NaN = unknown.
        weights: shape (n,), not negative.
    """
    value, weight = _known(values, weights)
    return float((value * weight).sum() / weight.sum()) if weight.sum() > 0 else float("nan")


def weighted_quantile(values: ArrayLike, weights: ArrayLike, q: float) -> float:
    """Return the smallest value v for which the weight of values <= v is at least q of the whole.

    Args:
        values: shape (n,), NaN = unknown and left out.
        weights: shape (n,), not negative.
        q: share, 0 < q <= 1.

    Example:
        >>> weighted_quantile([10.0, 20.0, 30.0], [1.0, 1.0, 2.0], 0.5)
        20.0
    """
    value, weight = _known(values, weights)
    if not weight.sum() > 0:
        return float("nan")
    order = np.argsort(value, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    # The tolerance keeps a share that equals q but for rounding from jumping to the next value.
    position = int(np.searchsorted(reached, q - 1e-12))
    return float(value[order][min(position, len(value) - 1)])


def share_within(values: ArrayLike, weights: ArrayLike, bound: float) -> float:
    """Return the share of weight whose value is known and <= `bound`.

    Unknown (unreachable) values count in the denominator: whoever cannot be reached is not within
    the target.
    """
    value, weight = np.asarray(values, float), np.asarray(weights, float)
    if not weight.sum() > 0:
        return float("nan")
    return float(weight[np.nan_to_num(value, nan=np.inf) <= bound].sum() / weight.sum())


def zones(demand: pd.DataFrame, target: Target) -> dict[str, dict[str, Any]]:
    """Return the statistics of each zone as the outputs hold them.

    Args:
        demand: rows with `zone`, `population`, `calls_per_year` and `response_min` (NaN where
            unreachable).
        target: bounds on the means; met when mean <= bound.
    """
    found = {}
    for zone in ("main_urban", "rural"):
        rows = demand[demand["zone"] == zone]
        bound = target.of(zone)
        found[zone] = summary(rows, bound)
    return found


def summary(rows: pd.DataFrame, target_min: float) -> dict[str, Any]:
    """Return population, calls, mean, median, p90, share within target and verdict of some rows.

    The mean, median and p90 are over calls that can be reached; `unreachable_population` says how
    many residents they leave out. `target_met` is null where there is no mean to judge.
    """
    minutes, calls = rows["response_min"], rows["calls_per_year"]
    mean = weighted_mean(minutes, calls)
    unreachable = float(rows.loc[minutes.isna(), "population"].sum())
    return {
        "population": float(rows["population"].sum()),
        "calls_per_year": float(calls.sum()),
        "mean_min": mean,
        "median_min": weighted_quantile(minutes, calls, 0.5),
        "p90_min": weighted_quantile(minutes, calls, 0.9),
        "share_within_target": share_within(minutes, calls, target_min),
        "target_min": target_min,
        "target_met": None if np.isnan(mean) else bool(mean <= target_min),
        "unreachable_population": unreachable,
    }


def by_group(demand: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return population, calls, mean, median, p90 and worst response of each group of `key`.

    Groups without calls (residents unknown) get the plain mean over their points.
    """
    rows = []
    for name, group in demand.groupby(key, sort=True):
        calls = group["calls_per_year"]
        weight = calls if calls.sum() > 0 else pd.Series(1.0, index=group.index)
        minutes = group["response_min"]
        rows.append(
            {
                key: name,
                "population": float(group["population"].sum()),
                "calls_per_year": float(calls.sum()),
                "mean_min": weighted_mean(minutes, weight),
                "median_min": weighted_quantile(minutes, weight, 0.5),
                "p90_min": weighted_quantile(minutes, weight, 0.9),
                "worst_min": float(minutes.max()),
                "unreachable_population": float(group.loc[minutes.isna(), "population"].sum()),
            }
        )
    return pd.DataFrame(rows, columns=[key, *GROUP_COLUMNS])


def _known(
    values: ArrayLike, weights: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    value, weight = np.asarray(values, float), np.asarray(weights, float)
    known = ~np.isnan(value)
    return value[known], weight[known]
