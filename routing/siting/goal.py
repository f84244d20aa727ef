"""What is minimized, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ortools.math_opt.python import mathopt

from routing.siting.problem import Ints
from routing.siting.result import Status

# An expression of MathOpt, which carries no types.
Terms = Any


@dataclass(frozen=True)
class Goal:
    """What to minimize.

    Attributes:
        expression: in the variables of a `Master`.
        value: the true value for a set of open free sites (positions in the frame).
        unit: the value takes whole multiples of this only, up to a constant; 0 if it may be
            anything.
    """

    expression: Terms
    value: Callable[[Ints], float]
    unit: float = 0.0


def nothing() -> Goal:
    """Return the goal under which any answer is as good as any other."""
    return Goal(mathopt.LinearSum([0.0]), lambda _: 0.0)


@dataclass(frozen=True)
class Effort:
    """When a proof is given up: limits of work that, unlike time, are the same on every machine.

    Attributes:
        most_nodes: search nodes of one run of the solver; None for any number.
        most_gap: no search at all where the relaxation is farther than this from the best answer.
    """

    most_nodes: int | None = None
    most_gap: float = math.inf


@dataclass(frozen=True)
class Outcome:
    """What `Master.minimize` found.

    Attributes:
        status: as of a result.
        value: value of the answer, NaN without one.
        bound: proven lower bound, NaN where there is none.
        opened: open free sites (positions), ascending.
        never, always: free sites (positions) that no answer as good as a proven one has open, and
            those that each has open, as far as the proof came across them.
    """

    status: Status
    value: float = math.nan
    bound: float = math.nan
    opened: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    never: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    always: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def is_answer(self) -> bool:
        """Whether there is an answer."""
        return self.status in ("optimal", "feasible")
