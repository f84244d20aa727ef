"""Solve siting problems with OR-Tools: one entry for every objective."""

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
from routing.siting.question import DE_MAIO, OBJECTIVES, ByZone, Question, ask
from routing.siting.result import SitingResult, Ties
from routing.siting.rules import Barred
from routing.siting.task import Solved, Task, mean_goal, reach_goal
from routing.siting.thrift import changes_goal, least_changed

__all__ = ["OBJECTIVES", "answer", "solve"]

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


def solve(
    problem: SitingProblem,
    *,
    objective: str,
    new: int | None = None,
    target_min: ByZone = None,
    time_limit_s: float | None = None,
    seed: int = 0,
    mean_min: ByZone = None,
    share_within: ByZone = None,
    worst_island_min: float | None = None,
    outer_min: ByZone = None,
    covered_share: float = 0.0,
    first_share: float = 0.5,
    busy: ByZone = None,
    survival: tuple[float, float] = DE_MAIO,
    step_min: float = 1.0,
    reach_all: bool | None = None,
) -> SitingResult:
    """Solve a siting problem.

    Every demand point is served by the open site that reaches it first. A point that no open site
    reaches is left out of means, here as in the statistics; closing or moving a site never cuts off
    a point that is reached today. Points without weight do not count.

    =====================  =================================================
    ``min-sites``          fewest (cheapest) sites that meet the bounds
    ``max-coverage``       most weight within the target
    ``set-cover``          fewest sites that put everybody within the target
    ``min-mean``           least weighted mean
    ``min-worst``          least longest time
    ``double-standard``    most weight within the target of two crews
    ``backup``             most weight within the target of one and of two
    ``expected-coverage``  most weight that finds a free crew in the target
    ``survival``           most expected survivors
    ``equity``             all times, from the longest down
    =====================  =================================================

    All but ``min-sites`` and ``set-cover`` need `new`; those on coverage need `target_min`, and
    ``expected-coverage`` needs `busy`.
    Their formulas are in `routing.siting.objectives`. Of equally good answers the one that reaches
    the most weight and then has the smallest weighted mean is taken, without new sites, closures
    and moves that gain nothing, and of sites that are the same in everything the first. For the two
    that count sites, the fewest closures and moves come before both.

    Args:
        problem: what to solve.
        objective: one of `OBJECTIVES`.
        new: largest number of new sites; where not needed, any number unless given.
        target_min: minutes, one number for all zones or one for each. For objectives on coverage
            the time within which a point counts as covered; for all others a bound on the mean.
        time_limit_s: wall-time limit; the best answer so far is returned with its true gap.
        seed: passed to the solvers.
        mean_min: bound on the mean of zones, for objectives on coverage too.
        share_within: least share of each zone's weight within its target.
        worst_island_min: bound on the mean of every island with weight.
        outer_min: of ``double-standard``, the time within which everybody has to be.
        covered_share: of ``double-standard``, least share of all weight within the target.
        first_share: of ``backup``, what being covered once is worth, against covered twice; 0 to 1.
        busy: of ``expected-coverage``, busy fraction of the crews serving a zone; 0 to 1.
        survival: of ``survival``, a and b of ``1 / (1 + exp(a + b t))``.
        step_min: of ``equity``, width of a class of times that count as equal.
        reach_all: of ``min-sites``, whether everybody whom some site can reach has to be reached;
            unless given only where no site is open today, as a mean over nobody meets any bound.

    Raises:
        InputError: if the objective is unknown or what it needs is missing or out of range.

    Example:
        >>> problem = SitingProblem.from_matrix([[20.0, 9.0], [16.0, 17.0]], existing=[0])
        >>> solve(problem, objective="min-sites", target_min=14.0).new_sites.tolist()
        [1]
    """
    clock = Clock(time_limit_s)
    question = ask(
        problem,
        objective=objective,
        new=new,
        target_min=target_min,
        mean_min=mean_min,
        share_within=share_within,
        worst_island_min=worst_island_min,
        outer_min=outer_min,
        covered_share=covered_share,
        first_share=first_share,
        busy=busy,
        survival=survival,
        step_min=step_min,
        reach_all=reach_all,
    )
    return answer(problem, question, clock=clock, seed=seed)


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
