"""Solve siting problems with OR-Tools (MathOpt, HiGHS).

Two objectives are implemented: ``min-sites`` and ``min-mean``.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata

import numpy as np
from numpy.typing import NDArray
from ortools.math_opt.python import mathopt

from geodata.errors import Fault, InputError
from routing.siting.problem import Floats, SitingProblem, nearest_min
from routing.siting.result import SitingResult, Status

OBJECTIVES = ("min-sites", "min-mean")
# Slack of a target in weighted minutes, relative: solvers work to about 1e-6.
_TOLERANCE = 1e-7


def solve(
    problem: SitingProblem,
    *,
    objective: str,
    new: int | None = None,
    target_min: float | Mapping[str, float] | None = None,
    time_limit_s: float | None = None,
    seed: int = 0,
) -> SitingResult:
    """Solve a siting problem.

    Every demand point is served by the open site that reaches it first; a point that no open site
    reaches is left out of the means, here as in the statistics.

    ``min-sites``: the cheapest new sites for which the mean of every zone with a target is **at most**
    its target, ``sum_i w_i t_i <= T_z sum_i w_i`` over the reached points i of zone z; among those the
    smallest weighted mean over all zones. `new`, if given, bounds the number of new sites.

    ``min-mean``: at most `new` new sites that reach as much weight as can be and, among those, have
    the smallest weighted mean (p-median with existing sites; Hakimi 1964,
    doi:10.1287/opre.12.3.450), subject to the targets where given.

    Args:
        problem: what to solve.
        objective: one of `OBJECTIVES`.
        new: largest number of new sites; required for ``min-mean``.
        target_min: bound on the mean of each zone, minutes; one number serves all zones.
        time_limit_s: wall-time limit; the best answer so far is returned with its true gap.
        seed: passed to the solver.

    Raises:
        InputError: if the objective is unknown or what it needs is missing or out of range.
    """
    started = time.perf_counter()
    targets = _targets(problem, target_min)
    _check(problem, objective, new, targets)
    stage = _Model(problem, targets, new=new, seed=seed)
    first = stage.minimize_cost if objective == "min-sites" else stage.minimize_total
    status, value, bound, opened = first(_left(time_limit_s, started))
    if objective == "min-sites" and status == "optimal" and len(opened):
        again = _Model(problem, targets, new=new, seed=seed, cost_limit=value)
        tie_status, _, _, chosen = again.minimize_total(_left(time_limit_s, started))
        opened = chosen if tie_status in ("optimal", "feasible") else opened
    return _result(problem, objective, status, value, bound, opened, time.perf_counter() - started, seed)


def _left(time_limit_s: float | None, started: float) -> float | None:
    if time_limit_s is None:
        return None
    return max(0.01, time_limit_s - (time.perf_counter() - started))


def _targets(
    problem: SitingProblem, target_min: float | Mapping[str, float] | None
) -> dict[str, float]:
    if target_min is None:
        return {}
    if isinstance(target_min, Mapping):
        return {zone: float(bound) for zone, bound in target_min.items()}
    return dict.fromkeys(problem.zones.tolist(), float(target_min))


def _check(
    problem: SitingProblem, objective: str, new: int | None, targets: Mapping[str, float]
) -> None:
    faults = []
    free = int((~problem.existing).sum())
    if objective not in OBJECTIVES:
        choices = ", ".join(OBJECTIVES)
        faults.append(Fault("not_a_choice", "objective", objective, {"choices": choices}))
    if objective == "min-sites" and not targets:
        faults.append(Fault("siting_needs_target", "target_min"))
    if objective == "min-mean" and new is None:
        faults.append(Fault("siting_needs_new", "new"))
    if new is not None and not 0 <= new <= free:
        faults.append(Fault("siting_new_range", "new", new, {"candidates": free}))
    unknown = sorted(set(targets) - set(problem.zones.tolist()))
    faults += [Fault("siting_no_such_zone", "target_min", zone) for zone in unknown]
    faults += [
        Fault("siting_negative", f"target_min[{zone}]", bound)
        for zone, bound in targets.items()
        if not bound >= 0
    ]
    if faults:
        raise InputError(faults)


@dataclass(frozen=True)
class _Gains:
    """Pairs of demand point and new site that would be faster than today, or the first to reach it."""

    point: NDArray[np.int64]
    site: NDArray[np.int64]
    time_min: Floats
    today_min: Floats


def _gains(problem: SitingProblem) -> _Gains:
    today = problem.today_min()
    heavy = problem.weights > 0
    faster = problem.times_min < np.where(np.isnan(today), np.inf, today)[:, None]
    faster &= heavy[:, None] & ~problem.existing[None, :]
    point, site = np.nonzero(faster)
    return _Gains(point, site, problem.times_min[point, site], today)


class _Model:
    """Assignment model over the gains only: ``x <= y``, one new site a point.

    Everybody is served by the nearest open site. The model may leave a point with its time of today;
    that is never better than a faster site, so the optimum is the same. A point that nobody reaches
    today must be taken by a site that is opened and reaches it.
    """

    def __init__(
        self,
        problem: SitingProblem,
        targets: Mapping[str, float],
        *,
        new: int | None,
        seed: int,
        cost_limit: float | None = None,
    ) -> None:
        self.problem, self.seed = problem, seed
        self.gains = _gains(problem)
        self.model = mathopt.Model(name="siting")
        self.candidates = np.flatnonzero(~problem.existing)
        self.open = {int(j): self.model.add_binary_variable(name=f"y{j}") for j in self.candidates}
        pairs = range(len(self.gains.point))
        self.take = [self.model.add_variable(lb=0.0, ub=1.0, name=f"x{k}") for k in pairs]
        self._link()
        self._bound_means(targets)
        if new is not None:
            self.model.add_linear_constraint(mathopt.fast_sum(self.open.values()) <= new)
        if cost_limit is not None:
            self.model.add_linear_constraint(self._cost() <= cost_limit * (1 + 1e-9) + 1e-9)

    def minimize_cost(self, limit_s: float | None) -> tuple[Status, float, float, NDArray[np.int64]]:
        """Minimize the cost of the opened sites."""
        self.model.minimize(self._cost())
        return self._run(limit_s)

    def minimize_total(self, limit_s: float | None) -> tuple[Status, float, float, NDArray[np.int64]]:
        """Minimize the weighted minutes, after reaching as much weight as can be.

        The value returned is the weighted mean over the reached points. A point that nobody reaches
        costs more than any gain inside the model only: without that, reaching it would look like a
        loss. Where such a point remains, the solver's bound is not one on the mean and is not given.
        """
        gains, weights = self.gains, self.problem.weights
        base = np.where(np.isnan(gains.today_min), _far(self.problem), gains.today_min)
        scale = max(float(weights.sum()), 1e-12)
        change = weights[gains.point] / scale * (gains.time_min - base[gains.point])
        terms = (c * x for c, x in zip(change.tolist(), self.take, strict=True))
        self.model.minimize(mathopt.fast_sum(terms) + float((weights * base).sum()) / scale)
        status, _, bound, opened = self._run(limit_s)
        if status not in ("optimal", "feasible"):
            return status, float("nan"), float("nan"), opened
        sites = np.r_[np.flatnonzero(self.problem.existing), opened].astype(np.int64)
        times = nearest_min(self.problem.times_min, sites)
        reached = ~np.isnan(times) & (weights > 0)
        total = float(weights[reached].sum())
        value = float((weights * times)[reached].sum() / total) if total > 0 else float("nan")
        everyone = bool(reached[weights > 0].all())
        return status, value, bound if everyone else float("nan"), opened

    def _cost(self) -> mathopt.LinearTypes:
        cost = self.problem.site_costs
        return mathopt.fast_sum(float(cost[j]) * y for j, y in self.open.items())

    def _link(self) -> None:
        by_point: dict[int, list[mathopt.Variable]] = {}
        unreached = np.isnan(self.gains.today_min)
        for k, (i, j) in enumerate(zip(self.gains.point.tolist(), self.gains.site.tolist(), strict=True)):
            self.model.add_linear_constraint(self.take[k] - self.open[j] <= 0.0)
            by_point.setdefault(i, []).append(self.take[k])
        for taken in by_point.values():
            self.model.add_linear_constraint(mathopt.fast_sum(taken) <= 1.0)
        for i, j in zip(self.gains.point.tolist(), self.gains.site.tolist(), strict=True):
            if unreached[i]:
                self.model.add_linear_constraint(mathopt.fast_sum(by_point[i]) - self.open[j] >= 0.0)

    def _bound_means(self, targets: Mapping[str, float]) -> None:
        gains, weights, zones = self.gains, self.problem.weights, self.problem.zones
        reached = ~np.isnan(gains.today_min)
        for zone, bound in sorted(targets.items()):
            mine = (zones == zone) & reached
            excess = float((weights[mine] * (gains.today_min[mine] - bound)).sum())
            before = np.where(reached[gains.point], gains.today_min[gains.point], bound)
            change = weights[gains.point] * (gains.time_min - before)
            pairs = np.flatnonzero(zones[gains.point] == zone)
            slack = _TOLERANCE * max(float(weights[zones == zone].sum()), 1e-12)
            self.model.add_linear_constraint(
                mathopt.fast_sum(float(change[k]) * self.take[k] for k in pairs) <= slack - excess
            )

    def _run(self, limit_s: float | None) -> tuple[Status, float, float, NDArray[np.int64]]:
        limit = None if limit_s is None else datetime.timedelta(seconds=limit_s)
        parameters = mathopt.SolveParameters(
            time_limit=limit, random_seed=self.seed, relative_gap_tolerance=1e-9
        )
        found = mathopt.solve(self.model, mathopt.SolverType.HIGHS, params=parameters)
        reason = mathopt.TerminationReason
        status: Status = "unknown"
        if found.termination.reason in (reason.INFEASIBLE, reason.INFEASIBLE_OR_UNBOUNDED):
            return "infeasible", float("nan"), float("nan"), np.empty(0, np.int64)
        bound = float(found.termination.objective_bounds.dual_bound)
        bound = bound if np.isfinite(bound) else float("nan")
        if not found.has_primal_feasible_solution():
            return status, float("nan"), bound, np.empty(0, np.int64)
        status = "optimal" if found.termination.reason == reason.OPTIMAL else "feasible"
        value = found.variable_values()
        opened = [j for j, y in self.open.items() if value[y] > 0.5]
        return status, float(found.objective_value()), bound, np.array(opened, dtype=np.int64)


def _far(problem: SitingProblem) -> float:
    """Return minutes so long that no gain elsewhere makes up for leaving any weight unreached."""
    heavy = problem.weights[problem.weights > 0]
    longest = float(np.nanmax(problem.times_min, initial=0.0))
    return (longest + 1.0) * (1.0 + float(heavy.sum()) / float(heavy.min())) if len(heavy) else 1.0


def _result(
    problem: SitingProblem,
    objective: str,
    status: Status,
    value: float,
    bound: float,
    opened: NDArray[np.int64],
    runtime_s: float,
    seed: int,
) -> SitingResult:
    answered = status in ("optimal", "feasible")
    sites = np.sort(np.r_[np.flatnonzero(problem.existing), opened]) if answered else opened
    times = nearest_min(problem.times_min, sites)
    filled = np.where(np.isnan(problem.times_min[:, sites]), np.inf, problem.times_min[:, sites])
    choice = sites[filled.argmin(axis=1)] if len(sites) else np.full(len(times), -1)
    return SitingResult(
        objective=objective,
        status=status,
        objective_value=value,
        bound=value if status == "optimal" else bound,
        runtime_s=runtime_s,
        sites=sites.astype(np.int64),
        new_sites=np.sort(opened),
        assignment=np.where(np.isnan(times), -1, choice).astype(np.int64),
        times_min=times,
        solver=f"OR-Tools {metadata.version('ortools')} MathOpt HiGHS",
        seed=seed,
    )
