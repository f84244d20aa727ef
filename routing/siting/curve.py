"""The trade-off curve: what the best answer reaches with 0, 1, 2 ... new sites."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from routing.siting.alternatives import is_worse
from routing.siting.answer import answer
from routing.siting.clock import Clock
from routing.siting.describe import Figures, figures
from routing.siting.problem import SitingProblem
from routing.siting.question import Question
from routing.siting.result import SitingResult

# What a curve asks instead of objectives that decide the number of sites themselves, or that take
# long for what a curve shows of them.
_INSTEAD = {"min-sites": "min-mean", "set-cover": "max-coverage", "equity": "min-worst"}

# Steps worked on at a time, where there are cores: solvers and compiled loops run side by side.
_AT_ONCE = min(2, os.cpu_count() or 1)


@dataclass(frozen=True)
class Step:
    """One point of the curve.

    Attributes:
        new: largest number of new sites.
        result: the best answer with so many.
        figures: what it means for zones and islands; None without an answer.
    """

    new: int
    result: SitingResult
    figures: Figures | None


def curve_objective(objective: str) -> str:
    """Return the objective that the curve of `objective` is made with."""
    return _INSTEAD.get(objective, objective)


def trade_off(
    problem: SitingProblem,
    question: Question,
    *,
    most_new: int,
    clock: Clock | None = None,
    seed: int = 0,
    progress: Callable[[float], None] = lambda _: None,
) -> list[Step]:
    """Return the curve from no new site, or from those required, to `most_new`.

    Bounds on means, shares and islands are left out: the curve shows them. With more sites the
    objective is never worse, as no number has to be used up; where a time limit leaves a worse
    answer, the one with fewer sites stands in its place, with the bound found for more.

    Args:
        problem: the problem.
        question: what is asked; its number of new sites does not matter.
        most_new: end of the curve; not more than there are candidates.
        clock: wall time for the whole curve; each step may use an equal part of what is left,
            times the steps worked on at a time.
        seed: passed to the solvers.
        progress: called with the share done.
    """
    clock = clock or Clock()
    asked = replace(
        question,
        objective=curve_objective(question.objective),
        mean_min={},
        share_within={},
        worst_island_min=None,
        reach_all=False,
    )
    numbers = list(_numbers(problem, most_new))

    def one(place: int) -> SitingResult:
        rounds_left = -(-(len(numbers) - place) // _AT_ONCE)
        part = Clock(clock.left_s() / rounds_left)
        step = replace(asked, new=numbers[place])
        return answer(problem, step, clock=part, seed=seed, break_ties=False)

    steps: list[Step] = []
    with ThreadPoolExecutor(_AT_ONCE) as workers:
        answers = [workers.submit(one, place) for place in range(len(numbers))]
        try:
            for done, new in enumerate(numbers):
                progress(done / len(numbers))
                found = answers[done].result()
                if steps:
                    found = _no_worse(problem, asked, found, steps[-1].result)
                shown = None
                if found.is_answer:
                    shown = figures(problem, found.times_min, question.target_min)
                steps.append(Step(new, found, shown))
        except BaseException:
            # Steps that run already come to their end first.
            workers.shutdown(cancel_futures=True)
            raise
    return steps


def _no_worse(
    problem: SitingProblem, question: Question, found: SitingResult, before: SitingResult
) -> SitingResult:
    if found.status in ("optimal", "infeasible") or not before.is_answer:
        return found
    if found.is_answer and not is_worse(problem, question, found, before, 0.0):
        return found
    return replace(before, status="feasible", bound=found.bound, runtime_s=found.runtime_s)


def _numbers(problem: SitingProblem, most_new: int) -> Iterator[int]:
    fresh = ~problem.existing
    least = int((problem.required & fresh).sum())
    most = min(most_new, int((problem.undecided & fresh).sum()))
    yield from range(least, most + 1)
