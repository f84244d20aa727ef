"""Objectives that count crews: a second one near, one near that may be busy.

Each open site counts with all of its crews.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from ortools.math_opt.python import mathopt

from routing.siting.frame import Frame, groups
from routing.siting.goal import Goal
from routing.siting.master import Master
from routing.siting.objectives.covering import CoverAll
from routing.siting.problem import Flags, Floats, Ints
from routing.siting.proof import minimize
from routing.siting.requirements import Requirement, ShareBound
from routing.siting.task import Solved, Task


def double_standard(task: Task) -> Solved:
    """At most `new` sites that put the most weight within the target of two crews (DSM).

    ``max sum(w_i: at least two crews within T_z)`` subject to everybody being within the outer time
    of one crew, and at least `covered_share` of all weight within T_z of one; times **equal to** a
    bound are within it (Gendreau, Laporte & Semet 1997, doi:10.1016/S0966-8349(97)00015-6).
    """
    frame, question = task.frame, task.question
    within = question.radius(frame.problem)[frame.rows]
    extra: list[Requirement] = []
    if question.outer_min:
        outer = np.full(frame.problem.n_demand, np.nan)
        for zone, minutes in question.outer_min.items():
            outer[frame.problem.zones == zone] = minutes
        extra.append(CoverAll(outer[frame.rows]))
    total = float(frame.problem.importance.sum())
    if question.covered_share > 0 and total > 0:
        share = question.covered_share
        extra.append(ShareBound("all", "", "", frame.weights, within, total, share))
    master = task.master(extra)
    goal = crews_goal(master, within, _Worth(counts=(0.0, 1.0)))
    return Solved(minimize(master, goal), master, goal)


def backup(task: Task) -> Solved:
    """At most `new` sites that put the most weight within the target of one and of two crews
    (BACOP).

    ``max f sum(w_i: one crew within T_z) + (1 - f) sum(w_i: two crews within T_z)`` with f the
    `first_share`; times **equal to** the target are within it (second model of Hogan & ReVelle
    1986, doi:10.1287/mnsc.32.11.1434).
    """
    frame, first = task.frame, task.question.first_share
    within = task.question.radius(frame.problem)[frame.rows]
    master = task.master()
    goal = crews_goal(master, within, _Worth(counts=(first, 1.0 - first)))
    return Solved(minimize(master, goal), master, goal)


def expected_coverage(task: Task) -> Solved:
    """At most `new` sites with the most weight that finds a free crew within the target (MEXCLP).

    ``max sum_i w_i (1 - q_z^n_i)`` with n_i the crews within the target (times **equal to** it
    included) and q_z the busy fraction of the crews that serve zone z, taken as independent (Daskin
    1983, doi:10.1287/trsc.17.1.48).
    """
    frame, question = task.frame, task.question
    within = question.radius(frame.problem)[frame.rows]
    busy = np.zeros(len(frame.rows))
    for zone, fraction in question.busy.items():
        busy[frame.zones == zone] = fraction
    master = task.master()
    goal = crews_goal(master, within, _Worth(busy=busy))
    return Solved(minimize(master, goal), master, goal)


@dataclass(frozen=True)
class _Worth:
    """What the k-th crew near a row is worth, per weight.

    Attributes:
        counts: worth of the first, second ... crew; crews beyond are worth nothing.
        busy: busy fraction of each row's crews: the k-th is worth ``(1 - q) q^(k-1)``; replaces
            `counts`.
    """

    counts: tuple[float, ...] = ()
    busy: Floats | None = None

    def of(self, crews: Ints) -> Floats:
        """Return the worth of so many crews near each row."""
        if self.busy is not None:
            return np.asarray(1.0 - self.busy**crews)
        total = np.concatenate([[0.0], np.cumsum(self.counts)])
        return np.asarray(total[np.minimum(crews, len(self.counts))])

    def steps(self, row: int, already: int, most: int) -> Iterator[float]:
        """Yield what each further crew adds, from `already` up to `most`."""
        if self.busy is None:
            yield from self.counts[already:most]
            return
        q = float(self.busy[row])
        for k in range(already + 1, most + 1):
            worth = (1.0 - q) * q ** (k - 1)
            if worth <= 0:
                return
            yield worth

    @property
    def falls(self) -> bool:
        """Whether each further crew is worth no more than the one before."""
        return self.busy is not None or all(a >= b for a, b in pairwise(self.counts))


def crews_goal(master: Master, within_min: Floats, worth: _Worth) -> Goal:
    """Return the goal of the most weight times worth of the crews near; negative as a value."""
    frame = master.frame
    crews = frame.problem.crews
    near = frame.times <= within_min[:, None]
    already = _kept_crews(frame, within_min)
    there = crews[frame.free]

    def value(opened: Ints) -> float:
        count = already + near[:, opened] @ there[opened]
        return -float(frame.weights @ worth.of(count))

    terms: list[object] = [float(frame.weights @ worth.of(already))]
    for rows, sites in _alike(near, already, worth):
        weight = float(frame.weights[rows].sum())
        steps = worth.steps(
            int(rows[0]), int(already[rows[0]]), _most(master, sites, already[rows[0]])
        )
        terms += _further(master, sites, there, weight, list(steps), whole=not worth.falls)
    return Goal(-1.0 * mathopt.fast_sum(terms), value)


def _kept_crews(frame: Frame, within_min: Floats) -> Ints:
    times = frame.problem.times_min[np.ix_(frame.rows, frame.kept)]
    return np.asarray((times <= within_min[:, None]) @ frame.problem.crews[frame.kept], np.int64)


def _alike(near: Flags, already: Ints, worth: _Worth) -> Iterator[tuple[Ints, Flags]]:
    """Yield rows alike in the free sites near and the crews of kept ones, with those sites."""
    kind = (
        already
        if worth.busy is None
        else np.unique(np.column_stack([already, worth.busy]), axis=0, return_inverse=True)[1]
    )
    for one in np.unique(kind):
        rows = np.flatnonzero(kind == one)
        for members, sites in groups(near[rows]):
            if sites.any():
                yield rows[members], sites


def _most(master: Master, sites: Flags, already: int) -> int:
    """Return a number of crews that no answer exceeds near a row."""
    there = np.sort(master.frame.problem.crews[master.frame.free][sites])[::-1]
    new = [rule.high for rule in master.rules if rule.key == "new"]
    limit = len(there) if not new or not math.isfinite(new[0]) else int(new[0])
    closable = int(master.frame.problem.existing[master.frame.free][sites].sum())
    return int(already + there[: limit + closable].sum())


def _further(
    master: Master, sites: Flags, crews: Ints, weight: float, steps: list[float], *, whole: bool
) -> list[object]:
    """Add a variable for each further crew near some rows: ``sum_k z_k <= sum_j crews_j y_j``."""
    if not steps or weight <= 0:
        return []
    counted = [master.model.add_variable(lb=0.0, ub=1.0) for _ in steps]
    if whole:
        master.whole_variables += counted
    for one, after in pairwise(counted):
        master.at_most(after - one, 0.0)
    near = np.flatnonzero(sites)
    open_crews = master.pick(near, crews[near].astype(float))
    master.at_most(mathopt.fast_sum(counted) - open_crews, 0.0)
    return [weight * step * one for step, one in zip(steps, counted, strict=True)]
