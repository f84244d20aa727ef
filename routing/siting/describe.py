"""What open sites mean for the zones and islands of a siting problem, as planners read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from routing.siting.problem import Floats, SitingProblem


@dataclass(frozen=True)
class ZoneFigures:
    """Figures of one zone.

    Attributes:
        mean_min: weighted mean over the reached rows; NaN where there is none.
        share_within_target: share of weight reached within the target, unreached weight counting in
            the whole; NaN without a target.
        unreached: weight that nobody reaches.
    """

    mean_min: float
    share_within_target: float
    unreached: float


@dataclass(frozen=True)
class Figures:
    """Figures of one answer.

    Attributes:
        zones: by label.
        worst_island: label of the island with weight whose mean is longest, blank without one.
        worst_island_min: that mean; NaN without one.
        longest_min: longest time of a row with weight; NaN without one.
    """

    zones: Mapping[str, ZoneFigures]
    worst_island: str
    worst_island_min: float
    longest_min: float


def figures(problem: SitingProblem, times_min: Floats, targets: Mapping[str, float]) -> Figures:
    """Return the figures of one answer.

    Args:
        problem: the problem.
        times_min: shape (demand,), minutes from the nearest open site; NaN where nobody comes.
        targets: target of each zone that has one, minutes.
    """
    weights = problem.importance
    zones = {
        zone: _zone(times_min[mine], weights[mine], targets.get(zone, np.nan))
        for zone in sorted(set(problem.zones.tolist()))
        for mine in [problem.zones == zone]
    }
    worst, worst_min = _worst_island(problem, times_min, weights)
    known = times_min[(weights > 0) & ~np.isnan(times_min)]
    return Figures(zones, worst, worst_min, float(known.max()) if len(known) else np.nan)


def means_by(labels: np.ndarray, times_min: Floats, weights: Floats) -> dict[str, float]:
    """Return the weighted mean over the reached rows by label, of labels that have any."""
    known = ~np.isnan(times_min) & (weights > 0)
    names, which = np.unique(labels[known], return_inverse=True)
    total = np.bincount(which, weights=weights[known], minlength=len(names))
    minutes = np.bincount(which, weights=(weights * times_min)[known], minlength=len(names))
    return dict(zip(names.tolist(), (minutes / total).tolist(), strict=True))


def _zone(times_min: Floats, weights: Floats, target: float) -> ZoneFigures:
    known = ~np.isnan(times_min) & (weights > 0)
    total = float(weights.sum())
    mean = float(np.average(times_min[known], weights=weights[known])) if known.any() else np.nan
    within = float(weights[known & (times_min <= target)].sum())
    share = within / total if total > 0 and not np.isnan(target) else np.nan
    return ZoneFigures(mean, share, float(weights[np.isnan(times_min)].sum()))


def _worst_island(problem: SitingProblem, times_min: Floats, weights: Floats) -> tuple[str, float]:
    labels = problem.islands
    if (labels == "").any():
        labels = np.where(labels == "", np.arange(len(labels)).astype(np.str_), labels)
    means = means_by(labels, times_min, weights)
    if not means:
        return "", np.nan
    worst = max(means, key=lambda name: (means[name], name))
    return worst, means[worst]
