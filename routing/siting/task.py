"""One question about one problem on its way through a solver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from routing.siting.clock import Clock
from routing.siting.frame import Frame
from routing.siting.goal import Goal, Outcome, size_of
from routing.siting.master import Master
from routing.siting.problem import Floats, Ints
from routing.siting.question import Question
from routing.siting.requirements import Requirement, requirements
from routing.siting.rules import Barred, rules


@dataclass(frozen=True)
class Task:
    """What a solver needs to know.

    Attributes:
        frame: the sites to be decided on and the rows that matter.
        question: what is asked.
        clock: wall time left.
        seed: passed to the solvers.
        barred: answers that are not wanted.
    """

    frame: Frame
    question: Question
    clock: Clock = field(default_factory=Clock)
    seed: int = 0
    barred: tuple[Barred, ...] = ()

    def master(self, extra: Sequence[Requirement] = ()) -> Master:
        """Return a model with every rule and requirement of the question, and some more."""
        return Master(
            self.frame,
            new=self.question.new,
            required=[*requirements(self.frame, self.question), *extra],
            extra=[one.rule(self.frame) for one in self.barred],
            clock=self.clock,
            seed=self.seed,
        )


@dataclass(frozen=True)
class Solved:
    """What an objective found.

    Attributes:
        outcome: the answer; its value is to be minimized.
        master: the model, in which everything but `goal` is held already.
        goal: what has to be held while ties are broken; None where the answer leaves no ties that
            matter, or the model holds it already.
        breaks_ties: whether equally good answers are worth telling apart by their means.
        counts: whether the value is a number or cost of sites.
    """

    outcome: Outcome
    master: Master
    goal: Goal | None = None
    breaks_ties: bool = True
    counts: bool = False


def is_bare(task: Task) -> bool:
    """Whether nothing matters but the objective and the number of new sites."""
    problem, question = task.frame.problem, task.question
    only_numbers = all(rule.key == "new" for rule in rules(task.frame, question.new))
    unchanged = not (problem.closable.any() or task.barred)
    return only_numbers and unchanged and question.is_plain and not question.reach_all


def reach_goal(master: Master) -> Goal | None:
    """Return the goal of reaching as much weight as can be; None where nothing is to be decided.

    Its value is the weight that is not reached.
    """
    frame = master.frame
    terms = [
        float(frame.weights[rows].sum()) * (1.0 - reached)
        for (rows, _), reached in zip(frame.reach, master.reached, strict=True)
        if not isinstance(reached, float) and frame.weights[rows].any()
    ]
    if not terms:
        return None

    def value(opened: Ints) -> float:
        return float(frame.weights[np.isinf(frame.open_times(opened))].sum())

    expression = sum(terms[1:], terms[0])
    return Goal(expression, value, size=size_of(expression))


def mean_goal(master: Master, unreached: float = 0.0) -> Goal:
    """Return the goal of the least weighted mean over the reached rows.

    Args:
        master: where `unreached` is held already, if it is not 0.
        unreached: weight of the rows that no answer reaches more of.
    """
    frame = master.frame
    scale = float(frame.weights.sum()) - unreached
    weights = frame.weights / scale if scale > 0 else np.zeros(len(frame.weights))

    def value(opened: Ints) -> float:
        return weighted_sum(weights, frame.open_times(opened))

    return Goal(master.minutes(weights), value)


def mean_of(master: Master, opened: Ints) -> float:
    """Return the weighted mean over the reached rows when these free sites (positions) open."""
    times, weights = master.frame.open_times(opened), master.frame.weights
    total = float(weights[np.isfinite(times)].sum())
    return weighted_sum(weights, times) / total if total > 0 else float("nan")


def weighted_sum(weights: Floats, times: Floats) -> float:
    """Return ``sum(w t)`` over finite times."""
    reached = np.isfinite(times)
    return float(weights[reached] @ times[reached])
