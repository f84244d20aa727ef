"""Statistics of response times, weighted by expected calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from routing.config import Target

MET, MEAN, CUT_OFF, BOTH = "met", "mean", "cut_off", "mean_and_cut_off"

ROUNDING_MIN = 1e-6
"""By how much a mean may exceed its target and meet it: far less than anybody measures."""

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


def meets(mean_min: float, target_min: float) -> bool:
    """Return whether ``mean <= target``, but for the rounding of a sum; never for NaN.

    A mean of responses that all equal the target may come out above it in its last digits, and
    must meet it. Siting takes bounds as met within the same `ROUNDING_MIN`.
    """
    return bool(mean_min <= target_min + ROUNDING_MIN)


def verdict(
    mean_min: float,
    *,
    target_min: float,
    population: float,
    unreachable_population: float,
    unreachable_share: float = 0.0,
) -> dict[str, Any]:
    """Return whether a target on a mean counts as met, and why not; the one rule of all outputs.

    A target is met where ``mean <= bound`` (see `meets`) and ``unreachable / population`` is at
    most the tolerated share. The mean is over those who can be reached, so it falls when the
    slowest are cut off; the mean over all calls then has no bound. Therefore nobody may be cut off
    unless a share is tolerated.

    Args:
        mean_min: mean response over the calls that can be reached, minutes; NaN where none is.
        target_min: bound on it, minutes.
        population: residents of the zone.
        unreachable_population: those whom nobody can reach.
        unreachable_share: largest share of residents who may be out of reach, 0 to 1.

    Returns:
        `target_met`: True, False, or None where there is neither a mean nor anybody cut off; and
        `target_met_reason`: ``met``, ``mean`` (above the bound), ``cut_off`` (too many out of
        reach), ``mean_and_cut_off``, or None where there is no verdict.

    Example:
        >>> verdict(12.0, target_min=14.0, population=900.0, unreachable_population=1.0)
        {'target_met': False, 'target_met_reason': 'cut_off'}
    """
    slow = bool(mean_min > target_min) and not meets(mean_min, target_min)
    cut_off = bool(unreachable_population > unreachable_share * population)
    if np.isnan(mean_min) and not cut_off:
        return {"target_met": None, "target_met_reason": None}
    reason = {(False, False): MET, (True, False): MEAN, (False, True): CUT_OFF}.get(
        (slow, cut_off), BOTH
    )
    return {"target_met": reason == MET, "target_met_reason": reason}


def zones(demand: pd.DataFrame, target: Target) -> dict[str, dict[str, Any]]:
    """Return the statistics of each zone as the outputs hold them.

    Args:
        demand: rows with `zone`, `population`, `calls_per_year` and `response_min` (NaN where
            unreachable).
        target: bounds on the means, and the share of residents who may be out of reach; `verdict`
            says when a target is met.
    """
    found = {}
    for zone in ("main_urban", "rural"):
        rows = demand[demand["zone"] == zone]
        found[zone] = summary(rows, target.of(zone), unreachable_share=target.unreachable_share)
    return found


def summary(
    rows: pd.DataFrame, target_min: float, *, unreachable_share: float = 0.0
) -> dict[str, Any]:
    """Return population, calls, mean, median, p90, share within target and verdict of some rows.

    The mean, median and p90 are over calls that can be reached; `unreachable_population` says how
    many residents they leave out. `target_met` and `target_met_reason` are those of `verdict`.
    """
    minutes, calls = rows["response_min"], rows["calls_per_year"]
    mean = weighted_mean(minutes, calls)
    population = float(rows["population"].sum())
    unreachable = float(rows.loc[minutes.isna(), "population"].sum())
    return {
        "population": population,
        "calls_per_year": float(calls.sum()),
        "mean_min": mean,
        "median_min": weighted_quantile(minutes, calls, 0.5),
        "p90_min": weighted_quantile(minutes, calls, 0.9),
        "share_within_target": share_within(minutes, calls, target_min),
        "target_min": target_min,
        **verdict(
            mean,
            target_min=target_min,
            population=population,
            unreachable_population=unreachable,
            unreachable_share=unreachable_share,
        ),
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
