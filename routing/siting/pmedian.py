"""The p-median problem solved to proven optimality.

Lagrangian bounds with reduced-cost fixing and a fast interchange in compiled loops, branch and
bound, and OR-Tools on a small core where that is the faster prover (`routing.siting.lagrangian`,
`routing.siting.swap`, `routing.siting.radius`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geodata.errors import Fault, InputError
from routing.siting.grid import lay_grid
from routing.siting.result import Status, relative_gap
from routing.siting.search import Search

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MedianSolution:
    """Answer to a p-median problem.

    Attributes:
        status: ``optimal`` only when proven: no solution is cheaper by more than the smallest
            difference that whole costs allow, or by more than
            `routing.siting.search.PROOF_TOLERANCE` of the objective, whichever is larger.
            ``feasible`` when the time limit stopped the proof, ``infeasible`` when proven that p
            sites cannot serve everybody, ``unknown`` when the time limit came before any answer.
        objective: sum over the demand points of the cost from the nearest open site; NaN without an
            answer.
        bound: proven lower bound on the optimum; NaN when infeasible.
        sites: the p open sites, ascending; empty without an answer.
        assignment: for each demand point the open site that serves it most cheaply, the lowest
            number winning ties; -1 without an answer.
        runtime_s: wall time in seconds.
        nodes: nodes of branch and bound.
    """

    status: Status
    objective: float
    bound: float
    sites: Ints
    assignment: Ints
    runtime_s: float
    nodes: int

    @property
    def gap(self) -> float:
        """Relative distance of the objective from the bound; NaN without an answer."""
        return relative_gap(self.objective, self.bound)


def solve_pmedian(
    costs: ArrayLike,
    p: int,
    *,
    fixed_open: Sequence[int] = (),
    time_limit_s: float | None = None,
    seed: int = 0,
) -> MedianSolution:
    """Open exactly p sites so that the sum of every point's cost from its nearest one is smallest.

    ``min sum_i min_{j open} c_ij`` (Hakimi 1964, doi:10.1287/opre.12.3.450). Weight the costs
    before: ``weights[:, None] * times_min``. Costs that are all whole numbers are recognised, and
    proven faster than others.

    Args:
        costs: shape (demand, site); inf where the site may not serve the point.
        p: number of open sites, the fixed ones included.
        fixed_open: sites that are open in every solution.
        time_limit_s: wall-time limit; the best answer so far is returned with its true bound.
        seed: of the first set of sites; the same seed gives the same answer on every machine unless
            a time limit stops the search.

    Raises:
        InputError: if the costs are no table or hold NaN or -inf, if p is out of range, or if a
            fixed site does not exist.

    Example:
        >>> solve_pmedian([[0, 4, 9], [4, 0, 5], [9, 5, 0]], 2).objective
        4.0
    """
    started = time.perf_counter()
    table = np.asarray(costs, dtype=np.float64)
    kept = check_costs(table, p, fixed_open)
    deadline = math.inf if time_limit_s is None else started + time_limit_s
    grid = lay_grid(table)
    search = Search(grid, p, kept, seed, deadline)
    if grid.servable:
        search.run()
    return _solution(search, table, started)


def check_costs(costs: Floats, p: int, fixed_open: Sequence[int]) -> Ints:
    """Return the fixed sites, ascending and each once, after checking what a solver is given.

    Raises:
        InputError: with every fault found.
    """
    kept = np.unique(np.asarray(fixed_open, dtype=np.int64))
    if costs.ndim != 2 or costs.shape[1] == 0:
        raise InputError(Fault("solver_table", "costs", str(costs.shape)))
    faults = []
    if np.isnan(costs).any() or np.isneginf(costs).any():
        wrong = np.argwhere(np.isnan(costs) | np.isneginf(costs))[0]
        where = f"costs[{wrong[0]}, {wrong[1]}]"
        faults.append(Fault("solver_not_a_cost", where, costs[wrong[0], wrong[1]]))
    outside = kept[(kept < 0) | (kept >= costs.shape[1])]
    if len(outside):
        faults.append(
            Fault("solver_no_such_site", "fixed_open", int(outside[0]), {"sites": costs.shape[1]})
        )
    low, high = max(1, len(kept)), costs.shape[1]
    if not low <= p <= high:
        faults.append(Fault("solver_p_range", "p", p, {"low": low, "high": high}))
    if faults:
        raise InputError(faults)
    return kept


def _solution(search: Search, costs: Floats, started: float) -> MedianSolution:
    answered, proven = search.answered, search.proven
    sites = np.sort(search.best) if answered else np.empty(0, np.int64)
    assignment = np.full(len(costs), -1, np.int64)
    objective = bound = math.nan
    if answered:
        status: Status = "optimal" if proven else "feasible"
        assignment = sites[np.argmin(costs[:, sites], axis=1)].astype(np.int64)
        objective = math.fsum(costs[np.arange(len(costs)), assignment].tolist())
        bound = min(search.grid.to_cost(search.bound()), objective)
    elif proven:
        status = "infeasible"
    else:
        status, bound = "unknown", search.grid.to_cost(search.bound())
    return MedianSolution(
        status=status,
        objective=objective,
        bound=bound,
        sites=sites,
        assignment=assignment,
        runtime_s=time.perf_counter() - started,
        nodes=search.nodes,
    )
