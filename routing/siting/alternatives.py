"""Other answers that are as good, or nearly: room for land, money and politics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.siting.answer import answer
from routing.siting.clock import Clock
from routing.siting.problem import SitingProblem
from routing.siting.question import COUNTING, MAXIMIZED, REACH_FIRST, Question
from routing.siting.result import SitingResult
from routing.siting.rules import Barred

Near = NDArray[np.bool_]

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Alternatives:
    """Answers, best first.

    Attributes:
        answers: the best one, then the others in the order of their values where all are proven;
            all within the tolerance, and none reaches less weight where the objective puts that
            first.
        complete: whether it is proven that there are no others within the tolerance; False also
            where as many as asked for were found.
    """

    answers: list[SitingResult]
    complete: bool


def find(
    problem: SitingProblem,
    question: Question,
    best: SitingResult,
    *,
    count: int,
    within: float = 0.01,
    near: Near | None = None,
    clock: Clock | None = None,
    seed: int = 0,
    progress: Callable[[float], None] = lambda _: None,
) -> Alternatives:
    """Return the best answer and up to `count` others whose value is at most `within` worse.

    After each answer a cut bars it and the question is asked again (no-good cuts: Balas & Jeroslow
    1972, doi:10.1137/0123007).

    Args:
        problem: the problem.
        question: what is asked.
        best: its answer.
        count: how many others.
        within: how much worse the value may be, relative to the best.
        near: shape (sites, sites), whether two sites are as good as the same place; then fewer of
            an answer's new sites are near those of an earlier one than that one has. None takes any
            other set.
        clock: wall time left.
        seed: passed to the solvers.
        progress: called with the share done.
    """
    clock = clock or Clock()
    answers = [best]
    while len(answers) <= count:
        progress((len(answers) - 1) / max(count, 1))
        barred = [_bar(one, near) for one in answers]
        part = Clock(clock.left_s() / (count + 1 - len(answers)))
        found = answer(problem, question, clock=part, seed=seed, barred=barred)
        if not found.is_answer or is_worse(problem, question, found, best, within):
            proven = found.status in ("optimal", "infeasible")
            return Alternatives(answers, complete=proven)
        answers.append(found)
    return Alternatives(answers, complete=False)


def differences(answers: Iterable[SitingResult]) -> list[tuple[list[int], list[int]]]:
    """Return for each answer the new sites that the first one lacks, and those it has alone."""
    listed = list(answers)
    first = set(listed[0].new_sites.tolist()) if listed else set()
    return [
        (sorted(mine - first), sorted(first - mine))
        for mine in (set(one.new_sites.tolist()) for one in listed)
    ]


def is_worse(
    problem: SitingProblem,
    question: Question,
    found: SitingResult,
    other: SitingResult,
    within: float,
) -> bool:
    """Return whether an answer reaches less weight than another, where that comes first, or its
    value is worse by more than `within`, relative to the other's.
    """
    if question.objective in REACH_FIRST:
        lost = _unreached(problem, found) - _unreached(problem, other)
        if lost > _ROUNDING * float(problem.importance.sum()):
            return True
    loss = question.sign * (found.objective_value - other.objective_value)
    return loss > within * abs(other.objective_value) + _ROUNDING * _size(problem, question)


def _size(problem: SitingProblem, question: Question) -> float:
    """Return what the value of an objective is large or small against: weight, cost, a minute."""
    if question.objective in MAXIMIZED:
        return float(problem.importance.sum())
    return float(problem.site_costs.max()) if question.objective in COUNTING else 1.0


def _bar(one: SitingResult, near: Near | None) -> Barred:
    if near is None or not len(one.new_sites):
        return Barred(one.sites)
    there: Near = np.asarray(near[:, one.new_sites].any(axis=1))
    there[one.new_sites] = True
    return Barred(one.sites, there)


def _unreached(problem: SitingProblem, found: SitingResult) -> float:
    return float(problem.importance[np.isnan(found.times_min)].sum())
