"""How firm an answer is: solved again for slower vehicles and shifted demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from routing.siting.answer import answer
from routing.siting.clock import Clock
from routing.siting.describe import Figures, figures
from routing.siting.problem import Floats, SitingProblem, Texts, nearest_min
from routing.siting.question import Question
from routing.siting.result import SitingResult


@dataclass(frozen=True)
class Variant:
    """One state of the world to try the answer in.

    Attributes:
        name: short name, for tables.
        problem: the problem there; sites are those of the original one.
        slower: how much longer travel takes, 0.1 for 10 %.
        shift: spread of the factors that demand was multiplied with, 0.2 for 0.8 to 1.2.
    """

    name: str
    problem: SitingProblem
    slower: float = 0.0
    shift: float = 0.0


@dataclass(frozen=True)
class Run:
    """What one variant gave.

    Attributes:
        variant: the state of the world.
        result: the best answer there.
        best: its figures, None without an answer.
        held: figures of the original answer there.
    """

    variant: Variant
    result: SitingResult
    best: Figures | None
    held: Figures


def runs(
    variants: Iterable[Variant],
    question: Question,
    original: SitingResult,
    *,
    clock: Clock | None = None,
    seed: int = 0,
    progress: Callable[[float], None] = lambda _: None,
) -> list[Run]:
    """Solve the question in every variant, and try the original answer there.

    Args:
        variants: states of the world.
        question: what is asked.
        original: the answer whose firmness is asked for.
        clock: wall time for all of them.
        seed: passed to the solvers.
        progress: called with the share done.
    """
    clock, todo, found = clock or Clock(), list(variants), []
    for done, variant in enumerate(todo):
        progress(done / len(todo))
        part = Clock(clock.left_s() / (len(todo) - done))
        result = answer(variant.problem, question, clock=part, seed=seed)
        best = (
            figures(variant.problem, result.times_min, question.target_min)
            if result.is_answer
            else None
        )
        times = nearest_min(variant.problem.times_min, original.sites)
        held = figures(variant.problem, times, question.target_min)
        found.append(Run(variant, result, best, held))
    return found


def share_chosen(
    done: Sequence[Run], n_sites: int, near: NDArray[np.bool_] | None = None
) -> Floats:
    """Return the share of answered runs in which each site, or one near it, is new.

    Args:
        done: the runs.
        n_sites: number of sites.
        near: shape (sites, sites), whether two sites are as good as the same place; None counts the
            very site alone.

    Returns:
        Shape (sites,); NaN where no run has an answer.
    """
    answered = [run.result for run in done if run.result.is_answer]
    if not answered:
        return np.full(n_sites, np.nan)
    chosen = np.zeros((len(answered), n_sites), dtype=bool)
    for row, result in enumerate(answered):
        chosen[row, result.new_sites] = True
    if near is not None:
        chosen |= (chosen.astype(np.int64) @ near.astype(np.int64)) > 0
    return np.asarray(chosen.mean(axis=0))


def lengthened(
    times_min: Floats, slower: float, start_min: Floats, slow_start_min: Floats
) -> Floats:
    """Return longer times: ``t' = slow start + (1 + slower) (t - start)``.

    Args:
        times_min: minutes from the call, NaN where nobody comes.
        slower: how much longer travel takes, 0.1 for 10 %.
        start_min: minutes from the call until the vehicle moves, of a shape that fits.
        slow_start_min: the same where travel is slower; more where a boat waits for its crew.
    """
    return np.asarray(slow_start_min + (1.0 + slower) * (times_min - start_min))


def shifted(
    problem: SitingProblem, groups: Texts, spread: float, random: np.random.Generator
) -> SitingProblem:
    """Return the problem with the demand of each group times a factor from 1 - spread to 1 +
    spread.

    Args:
        problem: the problem.
        groups: label of each demand row, for instance its township.
        spread: half the width of the factors' range, uniform; less than 1.
        random: source of the factors.
    """
    names, which = np.unique(groups, return_inverse=True)
    factor = random.uniform(1.0 - spread, 1.0 + spread, len(names))
    return replace(problem, weights=problem.weights * factor[which])
