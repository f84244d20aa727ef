"""Objectives on coverage: a point counts when an open site reaches it within its zone's target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from routing.siting.frame import groups
from routing.siting.goal import Goal, size_of
from routing.siting.master import Master
from routing.siting.objectives.minutes import cost_goal
from routing.siting.problem import Floats, Ints
from routing.siting.proof import minimize
from routing.siting.task import Solved, Task


@dataclass(frozen=True)
class CoverAll:
    """Every row is reached within a time: ``t_i <= r_i``.

    Attributes:
        within_min: shape (rows of the frame,); NaN asks nothing of a row.
    """

    within_min: Floats

    def excess(self, times: Floats) -> float:
        """Return the number of rows that are not reached in time."""
        return float((times > self.within_min).sum())

    def add_to(self, master: Master) -> None:
        """Add the rows to a model: each needs an open site among those that are near enough."""
        frame = master.frame
        rows = np.flatnonzero(frame.base > self.within_min)
        for _, sites in groups(frame.times[rows] <= self.within_min[rows, None]):
            master.at_least(master.pick(np.flatnonzero(sites)), 1.0)


def max_coverage(task: Task) -> Solved:
    """At most `new` sites that reach the most weight within the target (MCLP).

    ``max sum(w_i: min_{j open} t_ij <= T_z(i))``: a time **equal to** the target is within (Church
    & ReVelle 1974, doi:10.1007/BF01942293).
    """
    master = task.master()
    goal = coverage_goal(master, task.question.radius(task.frame.problem)[task.frame.rows])
    return Solved(minimize(master, goal), master, goal)


def set_cover(task: Task) -> Solved:
    """Fewest or cheapest sites that reach every point with weight within the target (LSCP).

    ``min sum_j c_j y_j`` subject to ``min_{j open} t_ij <= T_z(i)`` for every i (Toregas et al.
    1971, doi:10.1287/opre.19.6.1363). Points that no site can reach at all are set aside and told;
    one that is reached, but never in time, makes the question infeasible.
    """
    within = task.question.radius(task.frame.problem)[task.frame.rows]
    master = task.master([CoverAll(within)])
    goal = cost_goal(master)
    return Solved(minimize(master, goal), master, goal, counts=True)


def coverage_goal(master: Master, within_min: Floats) -> Goal:
    """Return the goal of the most weight within times; its value is the weight, negative.

    Args:
        master: the model.
        within_min: shape (rows of the frame,), minutes.
    """
    frame = master.frame

    def value(opened: Ints) -> float:
        return -float(frame.weights[frame.open_times(opened) <= within_min].sum())

    expression = -1.0 * master.covered(frame.weights, within_min)
    return Goal(expression, value, size=size_of(expression))
