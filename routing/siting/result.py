"""What a siting solver found, with nothing invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Status = Literal["optimal", "feasible", "infeasible", "unknown"]
Ties = Literal["proven", "best_found", "none"]


def relative_gap(value: float, bound: float) -> float:
    """Return ``|value - bound| / max(|value|, 1e-12)``; 0 when equal, NaN where one is unknown."""
    return 0.0 if value == bound else abs(value - bound) / max(abs(value), 1e-12)


@dataclass(frozen=True, eq=False)
class SitingResult:
    """Answer to a siting problem.

    Attributes:
        objective: name of the objective.
        status: ``optimal`` only when proven: no other answer is better by more than 1e-7 of the
            value or, of minutes, of one minute, whatever the unit of weights and costs;
            ``feasible`` when a time limit or the precision of the solvers stopped the proof;
            ``infeasible`` when proven that no answer exists; ``unknown`` when neither an answer nor
            a proof was found in time.
        objective_value: value of the answer, NaN without one.
        bound: proven bound on the best value: from below where the objective is minimized, from
            above where it is maximized; NaN where none is proven.
        runtime_s: wall time in seconds.
        sites: all open sites, existing ones included, ascending.
        new_sites: the opened ones among them.
        assignment: for each demand point the open site that reaches it first, -1 where none does.
        times_min: for each demand point the time from that site, NaN where none reaches it.
        solver: name and version of the solver.
        seed: the seed given.
        closed_sites: existing sites that the answer closes.
        unreachable: demand points with weight that no site of the problem can reach.
        ties: whether, among equally good answers, the one with the smallest weighted mean is proven
            to have been taken (``proven``), is the best found (``best_found``), or was not looked
            for (``none``).
    """

    objective: str
    status: Status
    objective_value: float
    bound: float
    runtime_s: float
    sites: NDArray[np.int64]
    new_sites: NDArray[np.int64]
    assignment: NDArray[np.int64]
    times_min: NDArray[np.float64]
    solver: str
    seed: int
    closed_sites: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    unreachable: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    ties: Ties = "none"

    @property
    def gap(self) -> float:
        """Relative distance of the value from the bound: |value - bound| / max(|value|, 1e-12).

        Zero when both are equal; NaN where either is unknown.
        """
        return relative_gap(self.objective_value, self.bound)

    @property
    def is_answer(self) -> bool:
        """Whether there is an answer, proven or not."""
        return self.status in ("optimal", "feasible")
