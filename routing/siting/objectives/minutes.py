"""Objectives on means: the fewest sites that meet them, and the least mean."""

from __future__ import annotations

import math

import numpy as np

from routing.siting.frame import Frame
from routing.siting.goal import Goal, Outcome, size_of
from routing.siting.master import Master
from routing.siting.pmedian import solve_pmedian
from routing.siting.problem import Floats, Ints
from routing.siting.proof import minimize
from routing.siting.rules import net_cost
from routing.siting.task import Solved, Task, is_bare, mean_goal, mean_of, reach_goal

_COST_DIGITS = 6


def min_sites(task: Task) -> Solved:
    """Fewest or cheapest sites under which every bound on means and shares holds.

    ``min sum_j c_j y_j`` subject to ``sum_i w_i t_i <= T_z sum_i w_i`` over the reached points i of
    each zone z with a target: a mean **equal to** its target meets it. Where no site is open today
    everybody whom some site can reach has to be reached, as a mean over nobody meets any target;
    else those who are reached today, unless `reach_all` says otherwise. Closing a closable or
    movable site saves its cost. Set covering (Toregas et al. 1971, doi:10.1287/opre.19.6.1363)
    with means in place of radii.
    """
    master = task.master()
    goal = cost_goal(master)
    return Solved(minimize(master, goal), master, goal, counts=True)


def min_mean(task: Task) -> Solved:
    """At most `new` sites that reach as much weight as can be and, of those, have the least mean.

    ``min sum_i w_i min_{j open} t_ij``: the p-median problem with existing sites (Hakimi 1964,
    doi:10.1287/opre.12.3.450).
    """
    master = task.master()
    plain = _as_p_median(task, master)
    if plain is not None:
        return Solved(plain, master, breaks_ties=False)
    unreached = 0.0
    reach = reach_goal(master)
    if reach is not None:
        most = minimize(master, reach)
        if most.status != "optimal":
            return Solved(_without_proof(most, master), master, breaks_ties=False)
        unreached, master.start = most.value, most.opened
        master.fix(reach, most)
    goal = mean_goal(master, unreached)
    return Solved(minimize(master, goal), master, goal, breaks_ties=False)


def cost_goal(master: Master) -> Goal:
    """Return the goal of the least net cost."""
    factors, constant = net_cost(master.frame)

    def value(opened: Ints) -> float:
        return float(factors[opened].sum()) - constant

    expression = master.pick(np.arange(len(factors)), factors) - constant
    return Goal(expression, value, unit=common_unit(factors), size=size_of(expression))


def common_unit(costs: Floats) -> float:
    """Return the largest number that all costs are whole multiples of; 0 if none is found."""
    scaled = costs * 10**_COST_DIGITS
    if not len(scaled) or scaled.max() > 2.0**52 or (scaled != np.rint(scaled)).any():
        return 0.0
    return float(np.gcd.reduce(scaled.astype(np.int64)) / 10**_COST_DIGITS)


def _without_proof(most: Outcome, master: Master) -> Outcome:
    """Return the answer of a first stage that was cut short, with its mean and no bound on it."""
    if not most.is_answer:
        return most
    return Outcome("feasible", mean_of(master, most.opened), math.nan, most.opened)


def _as_p_median(task: Task, master: Master) -> Outcome | None:
    """Solve by the p-median core where nothing but the number of sites matters; None elsewhere."""
    frame, new = task.frame, task.question.new
    if new is None or not is_bare(task):
        return None
    # In the core no row may stay unreached, and one that does not count must not decide that.
    rows = frame.heavy
    useful = np.flatnonzero((frame.times[rows] < frame.base[rows, None]).any(axis=0))
    p, kept = min(new, len(useful)), int(len(frame.kept) > 0)
    if p == 0:
        return None
    found = solve_pmedian(
        _median_costs(frame, rows, useful),
        p + kept,
        fixed_open=range(kept),
        time_limit_s=None if math.isinf(task.clock.left_s()) else task.clock.left_s() + 0.01,
        seed=task.seed,
    )
    if found.status not in ("optimal", "feasible"):
        return None
    opened = useful[found.sites[kept:] - kept]
    value = mean_of(master, opened)
    bound = value if found.status == "optimal" else min(found.bound, value)
    return Outcome(found.status, value, bound, opened)


def _median_costs(frame: Frame, rows: Ints, useful: Ints) -> Floats:
    """Return weighted minutes of rows; first what the kept sites give, if there are any."""
    times, base = frame.times[np.ix_(rows, useful)], frame.base[rows]
    times = np.where(times < base[:, None], times, np.inf)
    if len(frame.kept):
        times = np.column_stack([base, times])
    weights = frame.weights[rows] / frame.weights.sum()
    costs = np.full(times.shape, np.inf)
    np.multiply(weights[:, None], times, out=costs, where=np.isfinite(times))
    return costs
