"""Coverage of more demand than a model of every row could hold: rows are merged when read."""

from __future__ import annotations

import math

import numpy as np

from routing.siting.clock import Clock
from routing.siting.coverage import solve_max_coverage
from routing.siting.goal import Outcome
from routing.siting.merging import CoverGroups, CoverMerger
from routing.siting.problem import Ints, SitingProblem
from routing.siting.question import Question

MANY_ROWS = 50_000
_CHUNK = 1 << 16


def is_large_coverage(problem: SitingProblem, question: Question) -> bool:
    """Whether this is ``max-coverage`` of many rows with no rule but the number of new sites."""
    rules = (
        problem.closable.any(),
        problem.movable.any(),
        problem.required.any(),
        problem.exclusive,
        problem.budget is not None,
        problem.max_new_by_kind,
        problem.min_new_by_area,
        problem.min_open_by_area,
        problem.must_hold,
        not question.is_plain,
    )
    wanted = question.objective == "max-coverage" and problem.n_demand > MANY_ROWS
    return wanted and not any(rules)


def max_coverage(
    problem: SitingProblem, question: Question, clock: Clock, seed: int
) -> tuple[Outcome, Ints]:
    """Return the outcome, its value negative, and the open sites, kept ones included.

    ``max sum(w_i: min_{j open} t_ij <= T_z(i))`` (Church & ReVelle 1974, doi:10.1007/BF01942293);
    rows with the same cover set are merged before anything else.
    """
    usable = np.flatnonzero(problem.kept | problem.undecided)
    groups = _merged(problem, question, usable)
    kept = np.flatnonzero(problem.kept[usable])
    p = min(len(kept) + (question.new or 0), len(usable))
    covered = float(groups.weights.sum())
    if p == 0 or not len(groups.weights):
        value = -covered if p else 0.0
        return Outcome("optimal", value, value), usable[kept]
    left = clock.left_s()
    found = solve_max_coverage(
        groups,
        p,
        fixed_open=kept.tolist(),
        time_limit_s=None if math.isinf(left) else max(0.01, left),
        seed=seed,
    )
    if found.status not in ("optimal", "feasible"):
        return Outcome(found.status), usable[kept]
    sites = usable[found.sites]
    value = -_weight_within(problem, question, sites)
    bound = value if found.status == "optimal" else min(value, -found.bound)
    return Outcome(found.status, value, bound, found.sites), sites


def _merged(problem: SitingProblem, question: Question, usable: Ints) -> CoverGroups:
    merger, radius, weights = CoverMerger(len(usable)), question.radius(problem), problem.importance
    everything = len(usable) == problem.n_sites
    for first in range(0, problem.n_demand, _CHUNK):
        part = slice(first, first + _CHUNK)
        times = problem.times_min[part] if everything else problem.times_min[part][:, usable]
        merger.add_table(times <= radius[part, None], weights[part])
    return merger.finish()


def _weight_within(problem: SitingProblem, question: Question, sites: Ints) -> float:
    within = (problem.times_min[:, sites] <= question.radius(problem)[:, None]).any(axis=1)
    return float(problem.importance[within].sum())
