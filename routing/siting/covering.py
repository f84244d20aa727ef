"""Can p sites reach everybody? The cover question, answered with proof."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from routing.siting.grid import lay_grid
from routing.siting.result import Status
from routing.siting.search import Search

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class CoverAnswer:
    """Answer to a cover question.

    Attributes:
        status: ``optimal`` with a cover, ``infeasible`` when proven that there is none, ``unknown``
            when the time limit came first.
        sites: p sites that reach everybody, ascending; empty without an answer.
    """

    status: Status
    sites: Ints


def find_cover(
    reaches: Bools, p: int, *, kept: Ints, deadline: float = math.inf, seed: int = 0
) -> CoverAnswer:
    """Find p sites, the kept ones among them, of which every point is reached by at least one.

    Easy questions are settled by interchange and a Lagrangian bound. The others are first reduced:
    a point goes if whoever reaches some other point reaches it too, a site goes if another reaches
    all that it does. CP-SAT then looks for a smallest cover of what is left (Toregas et al. 1971,
    doi:10.1287/opre.19.6.1363).

    Args:
        reaches: shape (demand, site).
        p: number of sites, the kept ones included.
        kept: sites that must be among them.
        deadline: value of ``time.perf_counter()`` at which to give up.
        seed: passed on.
    """
    search = Search(lay_grid(np.where(reaches, 0.0, np.inf)), p, kept, seed, deadline)
    if not search.grid.servable:
        return CoverAnswer("infeasible", np.empty(0, np.int64))
    search.run(node_limit=1)
    if search.answered:
        return CoverAnswer("optimal", np.sort(search.best))
    if search.proven:
        return CoverAnswer("infeasible", np.empty(0, np.int64))
    return _find_by_cp_sat(reaches, p, kept, deadline, seed)


def _find_by_cp_sat(reaches: Bools, p: int, kept: Ints, deadline: float, seed: int) -> CoverAnswer:
    core = reduce_cover(reaches, kept)
    none = CoverAnswer("infeasible", np.empty(0, np.int64))
    left = p - len(core.taken)
    if left < 0:
        return none
    chosen = np.empty(0, np.int64)
    if len(core.points):
        table = reaches[np.ix_(core.points, core.sites)]
        status, opened = _smallest_cover(table, left, deadline, seed)
        if status != "optimal":
            return CoverAnswer(status, np.empty(0, np.int64))
        chosen = core.sites[opened]
    sites = np.union1d(core.taken, chosen)
    spare = np.setdiff1d(np.arange(reaches.shape[1]), sites)[: p - len(sites)]
    return CoverAnswer("optimal", np.sort(np.concatenate([sites, spare])).astype(np.int64))


def _smallest_cover(table: Bools, left: int, deadline: float, seed: int) -> tuple[Status, Ints]:
    """Look for the smallest cover until it has at most `left` sites or must have more.

    Asked for the smallest cover, CP-SAT is steadier than asked for any of that size.
    """
    model = cp_model.CpModel()
    open_ = [model.new_bool_var("") for _ in range(table.shape[1])]
    for row in table:
        model.add_bool_or([open_[j] for j in np.flatnonzero(row).tolist()])
    model.minimize(sum(open_))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    solver.parameters.random_seed = seed
    if math.isfinite(deadline):
        solver.parameters.max_time_in_seconds = max(0.0, deadline - time.perf_counter())
    solver.best_bound_callback = lambda bound: solver.stop_search() if bound > left + 0.5 else None
    status = solver.solve(model, _StopAt(left))
    if solver.best_objective_bound > left + 0.5:
        return "infeasible", np.empty(0, np.int64)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE) or solver.objective_value > left + 0.5:
        return "unknown", np.empty(0, np.int64)
    return "optimal", np.flatnonzero([solver.boolean_value(y) for y in open_])


class _StopAt(cp_model.CpSolverSolutionCallback):
    """Stops the search at the first cover of at most so many sites."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def on_solution_callback(self) -> None:
        """Look at a cover that was found."""
        if self.objective_value <= self.most + 0.5:
            self.stop_search()


@dataclass(frozen=True)
class CoverCore:
    """What reductions leave of a cover question.

    Attributes:
        points: the demand points still to be reached.
        sites: the sites to choose from.
        taken: the sites already decided on, the kept ones included.
    """

    points: Ints
    sites: Ints
    taken: Ints


def reduce_cover(reaches: Bools, kept: Ints) -> CoverCore:
    """Drop dominated points and sites, take sites that alone reach a point, again and again.

    Some smallest cover that holds the kept sites is made of `taken` and a smallest cover of
    `points` by `sites`.
    """
    taken = np.asarray(kept, dtype=np.int64)
    points = np.flatnonzero(~reaches[:, taken].any(axis=1))
    sites = np.setdiff1d(np.arange(reaches.shape[1]), taken)
    while True:
        before = (len(points), len(sites))
        points = points[~_is_contained(~reaches[np.ix_(points, sites)])]
        sites = sites[~_is_contained(reaches[np.ix_(points, sites)].T)]
        table = reaches[np.ix_(points, sites)]
        alone = table.sum(axis=1) == 1
        if alone.any():
            forced = sites[np.unique(table[alone].argmax(axis=1))]
            taken = np.union1d(taken, forced)
            points = points[~reaches[np.ix_(points, forced)].any(axis=1)]
            sites = np.setdiff1d(sites, forced)
        if (len(points), len(sites)) == before:
            return CoverCore(points, sites, taken)


def _is_contained(sets: Bools) -> Bools:
    """Return which rows are subsets of another row; of equal rows all but the first."""
    counts = sets.astype(np.float32)
    shared = counts @ counts.T
    inside = shared >= counts.sum(axis=1)[:, None] - 0.5
    equal = inside & inside.T
    later = np.arange(len(sets))[:, None] > np.arange(len(sets))[None, :]
    return np.asarray((inside & (~equal | later)).any(axis=1))
