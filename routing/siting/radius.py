"""The small core that Lagrangian bounds leave of a p-median problem, solved by OR-Tools.

Radius formulation (García, Labbé & Marín 2011, doi:10.1287/ijoc.1100.0418; Elloumi 2010, Journal of
Combinatorial Optimization 19): for point i let ``D_1 < D_2 < ...`` be the distinct costs at which
the free sites could serve it, ending with what it costs without any of them. With ``z_ik = 1`` when
no open site serves it at ``D_k`` or less,

    minimize  sum_i D_i1 + sum_ik (D_i,k+1 - D_ik) z_ik
    with      z_ik + sum(y_j: c_ij = D_ik) >= z_i,k-1,    z_i0 = 1,    sum_j y_j = q.

A level dearer than ``limit[i]`` cannot be used by any solution that matters, so the levels end
there and the last one must serve.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.math_opt.python import mathopt

from routing.siting.solver import solved

Ints = NDArray[np.int64]

_REASON = mathopt.TerminationReason


@dataclass(frozen=True)
class Core:
    """What is left to decide.

    Attributes:
        costs: shape (demand, free site), whole numbers.
        cap: shape (demand,), cost of each point without any free site.
        limit: shape (demand,), largest cost that any solution that matters pays for the point.
        q: number of free sites to open.
    """

    costs: Ints
    cap: Ints
    limit: Ints
    q: int

    def n_entries(self) -> int:
        """Return the number of usable pairs of point and site, a measure of how hard it is."""
        return int((self.costs <= np.minimum(self.cap - 1, self.limit)[:, None]).sum())


@dataclass(frozen=True)
class CoreAnswer:
    """What OR-Tools found.

    Attributes:
        bound: proven lower bound on the cost of the core, inf when it has no solution within the
            limits.
        chosen: positions of the opened free sites, None without a solution.
        complete: whether the search came to its end; else the clock or the node limit stopped it.
    """

    bound: float
    chosen: Ints | None
    complete: bool


def solve_core(
    core: Core,
    *,
    scale: float,
    gap: float,
    node_limit: int,
    time_limit_s: float,
    seed: int = 0,
) -> CoreAnswer:
    """Solve a core with SCIP through MathOpt.

    Args:
        core: what to solve.
        scale: the costs are divided by it to bring them near 1.
        gap: absolute gap, in divided costs, at which the search may end.
        node_limit: largest number of nodes of branch and bound.
        time_limit_s: wall-time limit.
        seed: passed to the solver.
    """
    model = mathopt.Model(name="radius")
    open_ = [model.add_binary_variable() for _ in range(core.costs.shape[1])]
    model.add_linear_constraint(mathopt.fast_sum(open_) == core.q)
    terms: list[mathopt.LinearTypes] = []
    for row, cap, limit in zip(core.costs, core.cap.tolist(), core.limit.tolist(), strict=True):
        terms += _demand_terms(model, open_, row, cap, limit, scale)
    model.minimize(mathopt.fast_sum(terms))
    parameters = mathopt.SolveParameters(
        relative_gap_tolerance=0.0,
        absolute_gap_tolerance=gap,
        node_limit=node_limit,
        random_seed=seed,
        time_limit=datetime.timedelta(seconds=time_limit_s),
    )
    found = solved(model, mathopt.SolverType.GSCIP, parameters)
    reason = found.termination.reason
    if reason in (_REASON.INFEASIBLE, _REASON.INFEASIBLE_OR_UNBOUNDED):
        return CoreAnswer(float("inf"), None, True)
    bound = float(found.termination.objective_bounds.dual_bound) * scale
    if not found.has_primal_feasible_solution():
        return CoreAnswer(bound, None, False)
    values = np.array(found.variable_values(open_))
    chosen = np.sort(np.argsort(-values, kind="stable")[: core.q])
    return CoreAnswer(bound, chosen, reason == _REASON.OPTIMAL)


def _demand_terms(
    model: mathopt.Model,
    open_: list[mathopt.Variable],
    row: Ints,
    cap: int,
    limit: int,
    scale: float,
) -> list[mathopt.LinearTypes]:
    """Add the levels of one demand point; return its terms of the objective."""
    order = np.argsort(row, kind="stable")
    order = order[row[order] <= min(cap - 1, limit)]
    levels, starts = np.unique(row[order], return_index=True)
    must_serve = cap > limit
    if not len(levels):
        if must_serve:
            model.add_linear_constraint(lb=1.0)
        return [cap / scale]
    terms: list[mathopt.LinearTypes] = [float(levels[0]) / scale]
    before: mathopt.LinearTypes = 1.0
    next_levels = np.append(levels[1:], cap)
    for k, sites in enumerate(np.split(order, starts[1:])):
        reached = mathopt.fast_sum([open_[j] for j in sites.tolist()])
        if must_serve and k == len(levels) - 1:
            model.add_linear_constraint(reached - before >= 0.0)
            break
        unserved = model.add_variable(lb=0.0, ub=1.0)
        model.add_linear_constraint(unserved + reached - before >= 0.0)
        terms.append(float(next_levels[k] - levels[k]) / scale * unserved)
        before = unserved
    return terms
