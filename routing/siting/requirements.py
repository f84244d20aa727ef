"""What an answer has to satisfy beside the rules for its sites: bounds on means and on shares.

Each requirement knows two things: whether a set of open sites meets it, and its rows in a model.
A bound is met when it is exceeded by no more than `SLACK`, which is there for rounding alone; the
rows of a model get twice as much, so that no answer is lost between the two, unless a variable says
by how much the bound is relaxed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from routing.siting.frame import Frame, Scope
from routing.siting.problem import Floats
from routing.siting.question import Question
from routing.statistics import ROUNDING_MIN

if TYPE_CHECKING:
    from routing.siting.master import Master

SLACK = ROUNDING_MIN


@dataclass(frozen=True)
class MeanBound:
    """The mean over some rows is **at most** a bound: ``sum_i w_i t_i <= T sum_i w_i``.

    Rows that no open site reaches are left out on both sides, as in the statistics.

    Attributes:
        of: what is bounded: ``zone``, ``island`` or ``all``.
        label: which one.
        condition: condition in which it has to hold by itself, or blank.
        weights: shape (rows of the frame,), 0 for rows that do not count.
        bound_min: minutes.
    """

    of: str
    label: str
    condition: str
    weights: Floats
    bound_min: float

    def excess(self, times: Floats) -> float:
        """Return by how many minutes the mean exceeds the bound; negative where it does not."""
        reached = np.isfinite(times)
        weight = float(self.weights[reached].sum())
        if not weight > 0:
            return -np.inf
        return float((self.weights[reached] * times[reached]).sum()) / weight - self.bound_min

    def add_to(self, master: Master, *, relaxed_by: Any = None) -> None:
        """Add the row to a model; `relaxed_by`, a variable, is added to the bound."""
        weights = self.weights / float(self.weights.sum())
        minutes = master.minutes(weights, less=self.bound_min)
        if relaxed_by is None:
            master.at_most(minutes, 2 * SLACK)
        else:
            master.at_most(minutes - master.where_reached(weights, relaxed_by), SLACK)


@dataclass(frozen=True)
class ShareBound:
    """The share of weight reached within a time is **at least** a bound.

    ``sum(w_i: t_i <= r_i) >= x sum(w_i)``; rows that nobody reaches count on the right.

    Attributes:
        of, label, condition: as of `MeanBound`.
        weights: shape (rows of the frame,).
        within_min: shape (rows of the frame,), the time that counts as within.
        total: the weight of all rows, those that nobody can reach included.
        bound: the share.
    """

    of: str
    label: str
    condition: str
    weights: Floats
    within_min: Floats
    total: float
    bound: float

    def excess(self, times: Floats) -> float:
        """Return by how much the share falls short of the bound; negative where it does not."""
        within = float(self.weights[times <= self.within_min].sum())
        return self.bound - within / self.total

    def add_to(self, master: Master, *, relaxed_by: Any = None) -> None:
        """Add the row to a model; `relaxed_by`, a variable, is taken off the bound."""
        covered = master.covered(self.weights / self.total, self.within_min)
        if relaxed_by is None:
            master.at_least(covered, self.bound - 2 * SLACK)
        else:
            master.at_least(covered + relaxed_by, self.bound - SLACK)


@dataclass(frozen=True)
class EveryoneReached:
    """Everybody whom some site can reach is reached by an open one."""

    def excess(self, times: Floats) -> float:
        """Return the number of rows that nobody reaches."""
        return float(np.isinf(times).sum())

    def add_to(self, master: Master) -> None:
        """Add the rows to a model."""
        for _, sites in master.frame.reach:
            master.at_least(master.pick(np.flatnonzero(sites)), 1.0)


class Requirement(Protocol):
    """What an answer has to satisfy."""

    def excess(self, times: Floats) -> float:
        """Return what these times lack of it; at most `SLACK` where it is met."""

    def add_to(self, master: Master) -> None:
        """Add its rows to a model."""


def requirements(frame: Frame, question: Question) -> list[Requirement]:
    """Return what an answer to the question has to satisfy, zones first, then islands."""
    everyone: list[Requirement] = [EveryoneReached()] if question.reach_all else []
    return everyone + bounds(frame, question)


def bounds(frame: Frame, question: Question) -> list[MeanBound | ShareBound]:
    """Return the bounds on means and shares."""
    return [
        one
        for scope in frame.scopes
        for one in (*_zones(frame, question, scope), *_islands(frame, question, scope))
    ] + _covered(frame, question)


def _covered(frame: Frame, question: Question) -> list[MeanBound | ShareBound]:
    """Return the bound of ``double-standard`` on the share of all weight within the targets."""
    share, total = question.covered_share, float(frame.problem.importance.sum())
    if question.objective != "double-standard" or not (share > 0 and total > 0):
        return []
    within = question.radius(frame.problem)[frame.rows]
    return [ShareBound("all", "", "", frame.weights, within, total, share)]


def _zones(frame: Frame, question: Question, scope: Scope) -> Iterator[MeanBound | ShareBound]:
    for zone in sorted({*question.mean_min, *question.share_within}):
        weights = np.where(frame.zones == zone, scope.weights, 0.0)
        total = frame.total_weight(zone, scope.condition)
        if zone in question.mean_min and weights.any():
            bound = question.mean_min[zone]
            yield MeanBound("zone", zone, scope.condition, weights, bound)
        if question.share_within.get(zone, 0.0) > 0 and total > 0:
            within = np.full(len(weights), question.target_min[zone])
            share = question.share_within[zone]
            yield ShareBound("zone", zone, scope.condition, weights, within, total, share)


def _islands(frame: Frame, question: Question, scope: Scope) -> Iterator[MeanBound | ShareBound]:
    bound = question.worst_island_min
    if bound is None:
        return
    for island in range(int(frame.islands.max(initial=-1)) + 1):
        weights = np.where(frame.islands == island, scope.weights, 0.0)
        if weights.any():
            row = frame.rows[np.flatnonzero(weights)[0]]
            label = str(frame.problem.islands[row]) or str(row)
            yield MeanBound("island", label, scope.condition, weights, bound)


def worst_excess(needed: Sequence[Requirement], times: Floats) -> float:
    """Return the sum of what all requirements lack, 0 where every one is met."""
    lacking = (one.excess(times) for one in needed)
    return float(sum(value for value in lacking if value > SLACK))
