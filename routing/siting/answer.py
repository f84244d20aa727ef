"""Answer checked siting questions with OR-Tools."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from importlib import metadata

import numpy as np

from routing.siting import large
from routing.siting.clock import Clock
from routing.siting.frame import Frame
from routing.siting.goal import Effort, Outcome
from routing.siting.master import Master
from routing.siting.objectives import covering, crews, minutes, survival, worst
from routing.siting.problem import Flags, Floats, Ints, SitingProblem, nearest_min
from routing.siting.proof import minimize
from routing.siting.question import Question
from routing.siting.result import SitingResult, Ties
from routing.siting.rules import Barred
from routing.siting.task import Solved, Task, mean_goal, reach_goal
from routing.siting.thrift import changes_goal, least_changed

log = logging.getLogger(__name__)

# Telling equally good answers apart is proven in problems of at most so many pairs; in larger ones
# it is worth a search of so many nodes, and in models of more variables, or with whole ones beside
# the sites, none.
_TIES_PROVEN_PAIRS = 20_000
_TIES_NODES, _TIES_GAP = 500, 0.05
_TIES_MOST_VARIABLES = 5_000
_NO_TIES: Ties = "none"

PROCEDURES: dict[str, Callable[[Task], Solved]] = {
    "min-sites": minutes.min_sites,
    "max-coverage": covering.max_coverage,
    "set-cover": covering.set_cover,
    "min-mean": minutes.min_mean,
    "min-worst": worst.min_worst,
    "double-standard": crews.double_standard,
    "backup": crews.backup,
    "expected-coverage": crews.expected_coverage,
    "survival": survival.survival,
    "equity": worst.equity,
}


def answer(
    problem: SitingProblem,
    question: Question,
    *,
    clock: Clock | None = None,
    seed: int = 0,
    barred: Sequence[Barred] = (),
    break_ties: bool = True,
) -> SitingResult:
    """Answer a checked question.

    Args:
        problem: the problem that the question was checked with.
        question: what is asked.
        clock: wall time left; no limit unless given.
        seed: passed to the solvers.
        barred: answers that are not wanted.
        break_ties: whether to tell equally good answers apart.
    """
    clock = clock or Clock()
    if not barred and large.is_large_coverage(problem, question):
        outcome, sites = large.max_coverage(problem, question, clock, seed)
        return _result(problem, question, outcome, sites, _NO_TIES, clock.spent_s(), seed)
    frame = Frame(problem)
    task = Task(frame, question, clock, seed, tuple(barred))
    solved = PROCEDURES[question.objective](task)
    opened, ties = solved.outcome.opened, _NO_TIES
    if solved.outcome.is_answer:
        if break_ties:
            opened, ties = _untied(solved)
            opened = least_changed(solved.master, np.sort(opened), solved.goal)
        if not barred:
            opened = _first_of_same(frame, opened)
    log.info("%s: %s in %.1f s", question.objective, solved.outcome.status, clock.spent_s())
    sites = np.sort(np.concatenate([frame.kept, frame.free[opened]]))
    return _result(problem, question, solved.outcome, sites, ties, clock.spent_s(), seed)


def _untied(solved: Solved) -> tuple[Ints, Ties]:
    """Return, of equally good answers, the one that reaches most, then has the least mean."""
    master, outcome = solved.master, solved.outcome
    if not solved.breaks_ties or outcome.status != "optimal":
        return outcome.opened, "none"
    if solved.goal is not None:
        master.fix(solved.goal, outcome)
    master.start, unreached = outcome.opened, 0.0
    # Where cost is what counts, a move costs nothing on balance, so it has to be counted too.
    changes = changes_goal(master) if solved.counts else None
    if changes is not None:
        fewest = minimize(master, changes)
        if fewest.status != "optimal":
            return (fewest.opened if fewest.is_answer else outcome.opened), "best_found"
        master.fix(changes, fewest)
        master.start = fewest.opened
    reach = reach_goal(master)
    if reach is not None:
        most = minimize(master, reach)
        if most.status != "optimal":
            return (most.opened if most.is_answer else outcome.opened), "best_found"
        master.fix(reach, most)
        master.start, unreached = most.opened, most.value
    goal = mean_goal(master, unreached)
    least = minimize(master, goal, effort=_effort_on_ties(master))
    if not least.is_answer:
        return master.start, "best_found"
    return least.opened, "proven" if least.status == "optimal" else "best_found"


def _effort_on_ties(master: Master) -> Effort:
    if master.frame.times.size <= _TIES_PROVEN_PAIRS:
        return Effort()
    is_small = master.model.get_num_variables() <= _TIES_MOST_VARIABLES and not master.has_whole
    return Effort(most_nodes=_TIES_NODES, most_gap=_TIES_GAP if is_small else 0.0)


def _first_of_same(frame: Frame, opened: Ints) -> Ints:
    """Exchange open sites for earlier ones that are the same in everything."""
    problem = frame.problem
    marked = {site for group in problem.exclusive for site in group}
    classes: dict[object, list[int]] = {}
    for position, site in enumerate(frame.free.tolist()):
        if problem.existing[site] or problem.required[site] or site in marked:
            continue
        key = (
            problem.times_min[:, site].tobytes(), problem.kinds[site], problem.areas[site],
            problem.site_costs[site], problem.crews[site],
        )  # fmt: skip
        classes.setdefault(key, []).append(position)
    taken = set(opened.tolist())
    for members in classes.values():
        mine = [position for position in members if position in taken]
        taken.difference_update(mine)
        taken.update(members[: len(mine)])
    return np.array(sorted(taken), dtype=np.int64)


def _result(
    problem: SitingProblem,
    question: Question,
    outcome: Outcome,
    sites: Ints,
    ties: Ties,
    runtime_s: float,
    seed: int,
) -> SitingResult:
    sites = sites if outcome.is_answer else np.empty(0, np.int64)
    gone = problem.existing & ~problem.forbidden & outcome.is_answer
    assignment, times = _assigned(problem, sites)
    return SitingResult(
        objective=question.objective,
        status=outcome.status,
        objective_value=question.sign * outcome.value + 0.0,
        bound=question.sign * outcome.bound + 0.0,
        runtime_s=runtime_s,
        sites=sites,
        new_sites=sites[~problem.existing[sites]],
        assignment=assignment,
        times_min=times,
        solver=f"OR-Tools {metadata.version('ortools')} MathOpt (GLOP, HiGHS, SCIP)",
        seed=seed,
        closed_sites=np.setdiff1d(np.flatnonzero(gone), sites),
        unreachable=_named(problem),
        ties=ties,
    )


def _assigned(problem: SitingProblem, sites: Ints) -> tuple[Ints, Floats]:
    times = nearest_min(problem.times_min, sites)
    if not len(sites):
        return np.full(len(times), -1, np.int64), times
    mine = problem.times_min[:, sites]
    choice = sites[np.where(np.isnan(mine), math.inf, mine).argmin(axis=1)]
    return np.where(np.isnan(times), -1, choice), times


def _named(problem: SitingProblem) -> Ints:
    nobody = problem.unreachable()
    heavy: Flags = problem.weights[nobody] > 0
    return nobody[heavy]
