"""What is minimized, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from ortools.math_opt.python import mathopt

from routing.siting.problem import Ints
from routing.siting.result import Status

# An expression of MathOpt, which carries no types.
Terms = Any

# An answer is proven when no other is better by more than this, relative to its value.
PROOF = 1e-7


@dataclass(frozen=True)
class Goal:
    """What to minimize.

    Attributes:
        expression: in the variables of a `Master`.
        value: the true value for a set of open free sites (positions in the frame).
        unit: the value takes whole multiples of this only, up to a constant; 0 if it may be
            anything.
        size: a power of two; what the solvers take for one, so that their absolute tolerances mean
            the same whatever the unit that weights or costs are given in. `size_of` tells it.
        rounding: by how much, relative to the value, the expression may fall short of it.
    """

    expression: Terms
    value: Callable[[Ints], float]
    unit: float = 0.0
    size: float = 1.0
    rounding: float = PROOF

    def sized(self) -> Goal:
        """Return the goal in multiples of its size, which is exact."""
        if self.size == 1.0:
            return self
        value, size = self.value, self.size
        return replace(
            self,
            expression=self.expression * (1.0 / size),
            value=lambda at: value(at) / size,
            unit=self.unit / size,
            size=1.0,
        )


def size_of(expression: Terms) -> float:
    """Return the power of two just below the most that one variable changes of an expression.

    The constant stands in where no variable changes anything; 1 for an expression that is 0.
    """
    flat = mathopt.as_flat_linear_expression(expression)
    most = max((abs(c) * v.upper_bound for v, c in flat.terms.items()), default=0.0)
    return power_of_two(most or abs(flat.offset))


def power_of_two(number: float) -> float:
    """Return the largest power of two that is at most a positive number; 1 for 0.

    Example:
        >>> power_of_two(5.0), power_of_two(0.3)
        (4.0, 0.25)
    """
    return math.ldexp(1.0, math.frexp(number)[1] - 1) if number > 0 else 1.0


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
