"""Objectives on those who wait longest: the longest time, and all times from the longest down."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from ortools.math_opt.python import mathopt

from routing.siting.frame import groups
from routing.siting.goal import Goal, Outcome, nothing
from routing.siting.master import Master
from routing.siting.objectives.covering import CoverAll, coverage_goal
from routing.siting.pcenter import solve_pcenter
from routing.siting.problem import Flags, Floats, Ints
from routing.siting.proof import minimize
from routing.siting.result import Status
from routing.siting.task import Solved, Task, is_bare, reach_goal


@dataclass(frozen=True)
class NobodyLater:
    """Every row with weight that is reached is reached within a time: ``t_i <= bound_min``.

    Attributes:
        bound_min: minutes.
        counts: flags of the rows with weight, shape (rows of the frame,).
    """

    bound_min: float
    counts: Flags

    def excess(self, times: Floats) -> float:
        """Return the number of rows that are reached later."""
        return float((self.counts & np.isfinite(times) & (times > self.bound_min)).sum())

    def add_to(self, master: Master) -> None:
        """Add the rows to a model: who is reached needs an open site that is near enough."""
        frame = master.frame
        late = self.counts & np.isfinite(frame.base) & (frame.base > self.bound_min)
        self._ask(master, np.flatnonzero(late), 1.0)
        for (rows, _), reached in zip(frame.reach, master.reached, strict=True):
            self._ask(master, rows[self.counts[rows]], reached)

    def _ask(self, master: Master, rows: Ints, reached: mathopt.Variable | float) -> None:
        for _, sites in groups(master.frame.times[rows] <= self.bound_min):
            master.at_least(master.pick(np.flatnonzero(sites)) - reached, 0.0)


def min_worst(task: Task) -> Solved:
    """At most `new` sites that reach as much weight as can be, the last of it as soon as can be.

    ``min max_i min_{j open} t_ij`` over the reached points with weight (p-center: Hakimi 1964,
    doi:10.1287/opre.12.3.450; solved by bisection over set covers, Minieka 1970,
    doi:10.1137/1012016). Points in a condition of weight 0 do not count, even if it must hold: that
    binds targets, not objectives.
    """
    search = _Bisection(task)
    outcome = search.run()
    return Solved(outcome, search.master(search.high))


def equity(task: Task) -> Solved:
    """At most `new` sites for which nobody can wait less unless somebody worse off waits longer.

    Among the answers of ``min-worst``, the least weight that waits more than v, for each v from the
    longest time downwards in classes of `step_min` minutes (lexicographic minimax: Ogryczak 1997,
    doi:10.1016/S0377-2217(96)00154-3); a time **equal to** v does not wait more than v. With a
    `step_min` of 0 every time is a class. The value is the longest time.
    """
    search = _Bisection(task)
    outcome = search.run()
    if outcome.status != "optimal":
        return Solved(outcome, search.master(search.high))
    master = search.master(search.high)
    opened, proven = outcome.opened, True
    for within in _levels(task, outcome.value):
        goal = coverage_goal(master, np.full(len(task.frame.rows), within))
        opened, proven = _hold_best(master, goal, opened, within)
        if not proven:
            break
    status: Status = "optimal" if proven else "feasible"
    return Solved(Outcome(status, outcome.value, outcome.value, opened), master)


class _Bisection:
    """Search for the least longest time."""

    def __init__(self, task: Task) -> None:
        self.task, self.frame = task, task.frame
        self.reached: Outcome | None = None
        self.high = math.inf
        self.best = Outcome("unknown")

    def master(self, bound_min: float) -> Master:
        """Return a model in which nobody waits longer and reaching fewer is not allowed."""
        counts = self.frame.weights > 0
        late = [NobodyLater(bound_min, counts)] if math.isfinite(bound_min) else []
        master = self.task.master(late)
        reach = reach_goal(master)
        if reach is not None and self.reached is not None:
            master.fix(reach, self.reached)
        return master

    def run(self) -> Outcome:
        first = self._reach()
        if first.status != "optimal":
            return self._stopped(first)
        self._take(first.opened)
        core = self._as_p_center()
        if core is not None:
            return core
        values = self._values()
        low, high = 0, len(values)  # the answer is values[low : high] or self.high
        while low < high:
            middle = (low + high) // 2
            found = self._within(float(values[middle]))
            if found.status == "infeasible":
                low = middle + 1
            elif found.is_answer:
                self._take(found.opened)
                high = int(np.searchsorted(values, self.high))
            else:
                bound = float(values[low])
                return Outcome("feasible", self.high, bound, self.best.opened)
        return Outcome("optimal", self.high, self.high, self.best.opened)

    def _reach(self) -> Outcome:
        master = self.master(math.inf)
        reach = reach_goal(master)
        found = minimize(master, reach or nothing())
        if reach is not None and found.status == "optimal":
            self.reached = found
        return found

    def _as_p_center(self) -> Outcome | None:
        """Solve by the p-center core where only the number of sites matters and all are reached."""
        frame, new, rows = self.frame, self.task.question.new, self.frame.heavy
        useful = np.flatnonzero((frame.times[rows] < frame.base[rows, None]).any(axis=0))
        kept = int(len(frame.kept) > 0)
        lost = self.reached is not None and self.reached.value > 0
        if new is None or lost or not is_bare(self.task) or not len(useful):
            return None
        times = np.minimum(frame.times[np.ix_(rows, useful)], frame.base[rows, None])
        if kept:
            times = np.column_stack([frame.base[rows], times])
        left = self.task.clock.left_s()
        found = solve_pcenter(
            times,
            min(new, len(useful)) + kept,
            fixed_open=range(kept),
            time_limit_s=None if math.isinf(left) else left + 0.01,
            seed=self.task.seed,
        )
        if found.status not in ("optimal", "feasible"):
            return None
        opened = useful[found.sites[kept:] - kept]
        if found.objective <= self.high:
            self._take(opened)
        bound = self.high if found.status == "optimal" else found.bound
        return Outcome(found.status, self.high, bound, self.best.opened)

    def _stopped(self, first: Outcome) -> Outcome:
        """Return the answer of a first stage that was cut short."""
        if not first.is_answer:
            return first
        self._take(first.opened)
        return Outcome("feasible", self.high, math.nan, first.opened)

    def _take(self, opened: Ints) -> None:
        times = self.frame.open_times(opened)[self.frame.heavy]
        self.high = float(times[np.isfinite(times)].max(initial=0.0))
        self.best = Outcome("feasible", self.high, opened=opened)

    def _values(self) -> Floats:
        """Return the times that could be the longest one and are less than the best so far."""
        frame, rows = self.frame, self.frame.heavy
        sure = rows[np.isfinite(frame.today[rows])]
        least = float(frame.soonest[sure].max(initial=0.0))
        every = np.unique(np.concatenate([frame.base[rows], frame.times[rows].ravel()]))
        return every[(every >= least) & (every < self.high)]

    def _within(self, bound_min: float) -> Outcome:
        return minimize(self.master(bound_min), nothing())


def _levels(task: Task, worst_min: float) -> Iterator[float]:
    """Yield the times, falling, for which the weight that waits longer is to be told apart."""
    frame, rows, step = task.frame, task.frame.heavy, task.question.step_min
    least = float(frame.soonest[rows].min(initial=np.inf))
    if step > 0:
        top = math.ceil(worst_min / step) - 1
        yield from (level * step for level in range(top, 0, -1) if level * step >= least)
        return
    every = np.unique(np.concatenate([frame.base[rows], frame.times[rows].ravel()]))
    yield from every[(every < worst_min) & (every >= least)][::-1].tolist()


def _hold_best(master: Master, goal: Goal, opened: Ints, within: float) -> tuple[Ints, bool]:
    """Find and hold the best value of a goal; return its answer and whether it is proven."""
    frame = master.frame
    possible = (frame.weights > 0) & (frame.soonest <= within)
    everyone = CoverAll(np.where(possible, within, np.nan))
    if everyone.excess(frame.open_times(opened)) == 0:
        everyone.add_to(master)
        master.required.append(everyone)
        return opened, True
    master.start = opened
    found = minimize(master, goal)
    if found.status != "optimal":
        return found.opened if found.is_answer else opened, False
    master.fix(goal, found)
    return found.opened, True
