"""Of equally good answers, one that changes less: no needless closure, move or new site."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from routing.siting.goal import Goal
from routing.siting.master import Master
from routing.siting.problem import Flags, Ints
from routing.siting.task import weighted_sum

_ROUNDING = 1e-9


def least_changed(master: Master, opened: Ints, goal: Goal | None) -> Ints:
    """Return open sites that do as well as these and leave more as it is today.

    A new site that nobody needs is left out, and a post that closes or moves for no gain stays,
    one at a time until none is left; the value, the weight reached and the mean stay what they are
    or, for the last two, get better. Each step leaves one change fewer, so this ends.

    Args:
        master: rules, requirements and goals that were held before.
        opened: the answer's open free sites (positions).
        goal: what it was the answer to; None where `master` holds that already.
    """
    if not master.is_answer(opened):
        return opened
    while True:
        fewer = next(filter(_Judge(master, opened, goal).as_good, _changes(master, opened)), None)
        if fewer is None:
            return opened
        opened = fewer


def changes_goal(master: Master) -> Goal | None:
    """Return the goal of the fewest posts that close or move; None where none may."""
    frame = master.frame
    there = np.flatnonzero(frame.problem.existing[frame.free])
    if not len(there):
        return None

    def value(opened: Ints) -> float:
        return float(len(np.setdiff1d(there, opened)))

    return Goal(float(len(there)) - master.pick(there), value, unit=1.0)


class _Judge:
    """Whether other open sites do as well as some."""

    def __init__(self, master: Master, opened: Ints, goal: Goal | None) -> None:
        self.master, self.goal = master, goal.sized() if goal is not None else None
        self.weights = master.frame.weights / (float(master.frame.weights.sum()) or 1.0)
        self.least = self._figures(opened)
        self.value = self.goal.value(opened) if self.goal is not None else 0.0

    def as_good(self, opened: Ints) -> bool:
        pairs = zip(self._figures(opened), self.least, strict=True)
        if any(mine > least + _ROUNDING * max(1.0, abs(least)) for mine, least in pairs):
            return False
        if self.goal is not None:
            off = abs(self.goal.value(opened) - self.value)
            if off > _ROUNDING * max(1.0, abs(self.value)):
                return False
        return self.master.is_answer(opened)

    def _figures(self, opened: Ints) -> tuple[float, float]:
        """Return the share of weight that is not reached, and what the others add to the mean."""
        times = self.master.frame.open_times(opened)
        return float(self.weights[np.isinf(times)].sum()), weighted_sum(self.weights, times)


def _changes(master: Master, opened: Ints) -> Iterator[Ints]:
    """Yield sets of open sites with one change less, in a fixed order."""
    frame = master.frame
    there = frame.problem.existing[frame.free]
    fresh = opened[~there[opened]]
    shut = np.setdiff1d(np.flatnonzero(there), opened)
    for site in shut:
        with_it = np.union1d(opened, [site])
        yield with_it
        for other in fresh:
            yield np.setdiff1d(with_it, [other])
    for other in fresh[~_needed(master, opened, fresh)]:
        yield np.setdiff1d(opened, [other])


def _needed(master: Master, opened: Ints, sites: Ints) -> Flags:
    """Return which sites are alone in being the fastest for some row with weight."""
    frame = master.frame
    rows = np.flatnonzero(frame.weights > 0)
    if not len(sites) or not len(rows):
        return np.zeros(len(sites), dtype=bool)
    every = np.column_stack([frame.base, frame.times[:, opened]])[rows]
    if every.shape[1] < 2:
        return np.ones(len(sites), dtype=bool)
    two = np.partition(every, 1, axis=1)
    first = every.argmin(axis=1)[two[:, 0] < two[:, 1]]
    return np.asarray(np.isin(np.searchsorted(opened, sites) + 1, first))
