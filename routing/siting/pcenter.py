"""The p-center problem solved to proven optimality: nobody farther than the smallest radius."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from routing.siting.covering import find_cover
from routing.siting.pmedian import check_costs
from routing.siting.result import Status, relative_gap

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CenterSolution:
    """Answer to a p-center problem.

    Attributes:
        status: ``optimal`` when proven that no p sites reach everybody sooner; ``feasible`` when
            the time limit stopped the proof; ``infeasible`` when proven that p sites cannot reach
            everybody; ``unknown`` when the time limit came first.
        objective: largest time of any demand point from its nearest open site; NaN without an
            answer.
        bound: proven lower bound on it, one of the times in the table; NaN when infeasible.
        sites: the p open sites, ascending; empty without an answer.
        assignment: for each demand point the open site that reaches it first, the lowest number
            winning ties; -1 without an answer.
        runtime_s: wall time in seconds.
        decisions: how many cover questions were answered.
    """

    status: Status
    objective: float
    bound: float
    sites: Ints
    assignment: Ints
    runtime_s: float
    decisions: int

    @property
    def gap(self) -> float:
        """Relative distance of the objective from the bound; NaN without an answer."""
        return relative_gap(self.objective, self.bound)


def solve_pcenter(
    times: ArrayLike,
    p: int,
    *,
    fixed_open: Sequence[int] = (),
    time_limit_s: float | None = None,
    seed: int = 0,
) -> CenterSolution:
    """Open exactly p sites so that the largest time from the nearest one is smallest.

    ``min max_i min_{j open} t_ij`` (Hakimi 1964, doi:10.1287/opre.12.3.450). The optimum is one of
    the times in the table, found by binary search (Minieka 1970, doi:10.1137/1012016): for a radius
    r, can p sites reach every point with ``t_ij <= r`` (`routing.siting.covering`)?

    Args:
        times: shape (demand, site); inf where the site cannot reach the point.
        p: number of open sites, the fixed ones included.
        fixed_open: sites that are open in every solution.
        time_limit_s: wall-time limit; the best answer so far is returned with its true bound.
        seed: passed to the cover questions.

    Raises:
        InputError: as `routing.siting.pmedian.solve_pmedian`.

    Example:
        >>> solve_pcenter([[0, 4, 9], [4, 0, 5], [9, 5, 0]], 1).objective
        5.0
    """
    started = time.perf_counter()
    table = np.asarray(times, dtype=np.float64)
    kept = check_costs(table, p, fixed_open)
    deadline = math.inf if time_limit_s is None else started + time_limit_s
    search = _RadiusSearch(table, p, kept, seed, deadline)
    search.run()
    return search.solution(started)


class _RadiusSearch:
    """Binary search over the distinct times: `high` can be reached, nothing below `low` can.

    Attributes:
        radii: the times that can be the answer, ascending.
        low, high: places in `radii`; high is ``len(radii)`` as long as no answer is known.
        sites: the best answer.
    """

    def __init__(self, times: Floats, p: int, kept: Ints, seed: int, deadline: float) -> None:
        self.times, self.p, self.kept, self.seed, self.deadline = times, p, kept, seed, deadline
        # Nobody is served sooner than by the nearest site of all, nor later than by the kept ones.
        nearest = times.min(axis=1, initial=np.inf)
        floor = float(nearest.max(initial=-np.inf))
        known = np.unique(times[np.isfinite(times) & (times >= floor)])
        self.radii = known if len(times) else np.zeros(1)
        self.low, self.high = 0, len(self.radii)
        self.sites: Ints = np.empty(0, np.int64)
        self.decisions = 0
        self.settled = True

    def run(self) -> None:
        """Search until the answer is proven or the time is up."""
        if len(self.radii):
            self._decide(len(self.radii) - 1)
        while self.settled and self.low < self.high and len(self.sites):
            self._decide((self.low + self.high) // 2)

    def solution(self, started: float) -> CenterSolution:
        """Return what was found."""
        answered = len(self.sites) > 0
        assignment = np.full(len(self.times), -1, np.int64)
        objective = bound = math.nan
        if answered:
            assignment = self.sites[np.argmin(self.times[:, self.sites], axis=1)].astype(np.int64)
            objective = float(self._radius(self.sites))
            status: Status = "optimal" if self.settled else "feasible"
        else:
            status = "infeasible" if self.settled else "unknown"
        if status != "infeasible" and len(self.radii):
            bound = float(self.radii[self.low])
        return CenterSolution(
            status=status,
            objective=objective,
            bound=bound,
            sites=self.sites,
            assignment=assignment,
            runtime_s=time.perf_counter() - started,
            decisions=self.decisions,
        )

    def _radius(self, sites: Ints) -> float:
        nearest = self.times[:, sites].min(axis=1, initial=np.inf)
        return float(nearest.max(initial=self.radii[0]))

    def _decide(self, place: int) -> None:
        """Answer the cover question for one radius and move `low` or `high`."""
        self.decisions += 1
        found = find_cover(
            self.times <= self.radii[place],
            self.p,
            kept=self.kept,
            deadline=self.deadline,
            seed=self.seed,
        )
        if found.status == "optimal":
            self.sites = found.sites
            self.high = int(np.searchsorted(self.radii, self._radius(self.sites)))
        elif found.status == "infeasible":
            self.low = place + 1
        else:
            self.settled = False
