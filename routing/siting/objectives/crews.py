"""Objectives that count crews: a second one near, one near that may be busy.

Each open site counts with all of its crews.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from ortools.math_opt.python import mathopt

from routing.siting.dominance import dispensable
from routing.siting.frame import Frame, groups
from routing.siting.goal import Goal, Outcome, size_of
from routing.siting.master import Master
from routing.siting.objectives.covering import CoverAll
from routing.siting.problem import Flags, Floats, Ints
from routing.siting.proof import minimize
from routing.siting.question import by_row
from routing.siting.requirements import Requirement
from routing.siting.task import Solved, Task, is_bare
from routing.siting.two_crews import exchanged


def double_standard(task: Task) -> Solved:
    """At most `new` sites that put the most weight within the target of two crews (DSM).

    ``max sum(w_i: at least two crews within T_z)`` subject to everybody being within the outer time
    of one crew, and at least `covered_share` of all weight within T_z of one; times **equal to** a
    bound are within it (Gendreau, Laporte & Semet 1997, doi:10.1016/S0966-8349(97)00015-6).
    """
    master, goal = _double_standard(task)
    fewer = _without_dispensable(task)
    if fewer is None:
        master.start = _start(task)
        return Solved(minimize(master, goal), master, goal)
    smaller, its_goal = _double_standard(fewer)
    smaller.start = _start(fewer)
    found = minimize(smaller, its_goal)
    opened = task.frame.positions(fewer.frame.free[found.opened])
    return Solved(Outcome(found.status, found.value, found.bound, opened), master, goal)


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
    goal = two_crews_goal(master, within, first, 1.0 - first)
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
    goal = free_crew_goal(master, within, busy)
    return Solved(minimize(master, goal), master, goal)


def two_crews_goal(master: Master, within_min: Floats, first: float, second: float) -> Goal:
    """Return the goal of the most weight near one crew and near two; its value is negative.

    Where the second crew is worth more than the first, the model has to be told when there are two.

    Args:
        master: the model.
        within_min: shape (rows of the frame,), minutes that count as near.
        first, second: worth of the first and of the second crew.
    """
    near = _Near.of(master.frame, within_min)
    worth = np.array([0.0, first, first + second])
    terms: list[object] = [float(near.weights @ worth[np.minimum(near.already, 2)])]
    for rows, sites in near.alike(near.already):
        weight, already = float(near.weights[rows].sum()), int(near.already[rows[0]])
        if already == 0 and first >= second:
            terms += _counted(master, sites, near.crews, [weight * first, weight * second])
        elif already == 0:
            terms.append(weight * first * master.cover(sites))
            terms.append(weight * second * master.covered_twice(sites, near.crews))
        elif already == 1:
            terms.append(weight * second * master.cover(sites))

    def value(opened: Ints) -> float:
        return -float(near.weights @ worth[np.minimum(near.count(opened), 2)])

    expression = -1.0 * mathopt.fast_sum(terms)
    return Goal(expression, value, size=size_of(expression))


def free_crew_goal(master: Master, within_min: Floats, busy: Floats) -> Goal:
    """Return the goal of the most weight that finds a free crew; its value is negative.

    The k-th crew near is worth ``(1 - q) q^(k-1)``, which falls with k: no order needs to be asked
    of the variables that count crews.

    Args:
        master: the model.
        within_min: shape (rows of the frame,), minutes that count as near.
        busy: shape (rows of the frame,), busy fraction q of the crews near a row.
    """
    near = _Near.of(master.frame, within_min)
    terms: list[object] = [float(near.weights @ (1.0 - busy**near.already))]
    kinds = np.unique(np.column_stack([near.already, busy]), axis=0, return_inverse=True)[1]
    for rows, sites in near.alike(kinds):
        weight, q = float(near.weights[rows].sum()), float(busy[rows[0]])
        already = int(near.already[rows[0]])
        steps = [(1.0 - q) * q ** (already + k) for k in range(near.most(master, sites))]
        terms += _counted(master, sites, near.crews, [weight * one for one in steps if one > 0])

    def value(opened: Ints) -> float:
        return -float(near.weights @ (1.0 - busy ** near.count(opened)))

    expression = -1.0 * mathopt.fast_sum(terms)
    return Goal(expression, value, size=size_of(expression))


def _double_standard(task: Task) -> tuple[Master, Goal]:
    frame, question = task.frame, task.question
    within = question.radius(frame.problem)[frame.rows]
    extra: list[Requirement] = []
    if question.outer_min:
        extra.append(CoverAll(by_row(frame.problem, question.outer_min)[frame.rows]))
    master = task.master(extra)
    return master, two_crews_goal(master, within, 0.0, 1.0)


def _start(task: Task) -> Ints | None:
    """Return good sites (positions) to start from; None where more counts than their number."""
    frame, question = task.frame, task.question
    n_open = min(question.new or 0, len(frame.free))
    if not n_open or not is_bare(task):
        return None
    near = _Near.of(frame, question.radius(frame.problem)[frame.rows])
    alike = [one for one in near.alike(np.minimum(near.already, 2)) if near.already[one[0][0]] < 2]
    if not alike:
        return None
    return exchanged(
        np.array([sites for _, sites in alike]),
        lack=np.array([2 - near.already[rows[0]] for rows, _ in alike]),
        weights=np.array([near.weights[rows].sum() for rows, _ in alike]),
        crews=near.crews,
        n_open=n_open,
        seed=task.seed,
        clock=task.clock,
    )


def _without_dispensable(task: Task) -> Task | None:
    """Return the task without the sites that others stand in for; None where all may matter."""
    frame, question = task.frame, task.question
    if not question.new or not is_bare(task):
        return None
    near = _Near.of(frame, question.radius(frame.problem)[frame.rows])
    outer = by_row(frame.problem, question.outer_min)[frame.rows]
    late = frame.base > outer
    table = np.vstack([near.table[near.already < 2], frame.times[late] <= outer[late, None]])
    idle = dispensable(table, near.crews, enough=min(2, question.new))
    forbidden = frame.problem.forbidden.copy()
    forbidden[frame.free[idle]] = True
    fewer = Frame(replace(frame.problem, forbidden=forbidden))
    # Rows that only dispensable sites reach at all have a say in whether there is an answer.
    same_rows = len(fewer.rows) == len(frame.rows)
    return replace(task, frame=fewer) if idle.any() and same_rows else None


@dataclass(frozen=True)
class _Near:
    """Who is near whom.

    Attributes:
        weights: weight of each row of the frame.
        table: shape (rows, free), whether a site is near a row.
        already: crews of kept sites near each row.
        crews: crews of each free site.
    """

    weights: Floats
    table: Flags
    already: Ints
    crews: Ints

    @classmethod
    def of(cls, frame: Frame, within_min: Floats) -> _Near:
        crews = frame.problem.crews
        kept = frame.problem.times_min[np.ix_(frame.rows, frame.kept)] <= within_min[:, None]
        table = frame.times <= within_min[:, None]
        return cls(frame.weights, table, kept @ crews[frame.kept], crews[frame.free])

    def count(self, opened: Ints) -> Ints:
        """Return the crews near each row when these free sites open."""
        return np.asarray(self.already + self.table[:, opened] @ self.crews[opened])

    def alike(self, kinds: Ints) -> Iterator[tuple[Ints, Flags]]:
        """Yield rows of one kind that the same free sites are near, with these sites."""
        for kind in np.unique(kinds):
            rows = np.flatnonzero((kinds == kind) & (self.weights > 0))
            for members, sites in groups(self.table[rows]):
                if sites.any():
                    yield rows[members], sites

    def most(self, master: Master, sites: Flags) -> int:
        """Return a number of crews that no answer adds near rows that these sites are near."""
        there = np.sort(self.crews[sites])[::-1]
        limits = [rule.high for rule in master.rules if rule.key == "new"]
        new = len(there) if not limits else int(min(limits[0], len(there)))
        present = int(master.frame.problem.existing[master.frame.free][sites].sum())
        return int(there[: new + present].sum())


def _counted(master: Master, sites: Flags, crews: Ints, worth: list[float]) -> list[object]:
    """Add a variable for each further crew near some rows: ``sum_k z_k <= sum_j crews_j y_j``."""
    if not worth:
        return []
    counted = [master.model.add_variable(lb=0.0, ub=1.0) for _ in worth]
    near = np.flatnonzero(sites)
    master.at_most(mathopt.fast_sum(counted) - master.pick(near, crews[near].astype(float)), 0.0)
    return [step * one for step, one in zip(worth, counted, strict=True)]
