"""What open sites gain each demand row, in a linear model, by cuts that are added as needed.

The gain of row i under the open sites S is ``max(0, max(g_ij: j in S))``. In the model it is a
variable ``theta_i`` under cuts, one for each threshold r >= 0:

    theta_i <= r + sum_j max(0, g_ij - r) y_j

which hold for every set of sites and, for the r of the site at which the open ones add up to 1, are
tight: the closed form of Benders cuts for facility location (Fischetti, Ljubić & Sinnl 2017,
doi:10.1287/mnsc.2016.2461; Duran-Mateluna, Ales & Elloumi 2023, doi:10.1016/j.ejor.2022.11.033).
"""

from __future__ import annotations

import numpy as np
from ortools.math_opt.python import mathopt

from routing.siting.problem import Floats, Ints

# By how much of its largest gain a row has to violate a cut for the cut to be added.
_VIOLATION = 1e-8


class Gains:
    """Variables for the gains of rows, and the cuts that bind them to the open sites.

    Args:
        model: the model to add them to.
        opened: its variable of each site, in [0, 1].
        table: shape (rows, sites), the gain of a row from a site; not negative.
    """

    def __init__(self, model: mathopt.Model, opened: list[mathopt.Variable], table: Floats) -> None:
        self.model, self.opened = model, opened
        self.rows = np.flatnonzero(table.any(axis=1))
        gains = table[self.rows]
        self.order = np.argsort(-gains, axis=1, kind="stable").astype(np.int32)
        self.sorted = np.take_along_axis(gains, self.order, axis=1)
        self.gains = gains
        self.largest = self.sorted[:, 0] if gains.shape[1] else np.zeros(0)
        self.theta = [model.add_variable(lb=0.0, ub=float(most)) for most in self.largest]
        self.n_cuts = 0

    def total(self, weights: Floats) -> mathopt.LinearBase:
        """Return ``sum_i weights_i gain_i`` as an expression; `weights` of all rows."""
        mine = weights[self.rows]
        terms = [float(w) * t for w, t in zip(mine, self.theta, strict=True) if w != 0]
        return mathopt.fast_sum(terms)

    def cut(self, point: Floats, theta: Floats, *, near: Floats | None = None) -> int:
        """Add the cuts that `point` violates, found at `near` where given; return their number.

        Args:
            point: value of each site's variable.
            theta: value of each gain.
            near: a point that cuts are made tight at; of those only the violated ones are added.
        """
        at = self._critical(point if near is None else near)
        threshold = np.where(
            at < self.sorted.shape[1], np.take_along_axis(self._padded, at[:, None], 1)[:, 0], 0.0
        )
        bound = threshold + np.maximum(self.gains - threshold[:, None], 0.0) @ point
        wrong = np.flatnonzero(theta > bound + _VIOLATION * self.largest)
        for row in wrong:
            self._add(int(row), int(at[row]), float(threshold[row]))
        self.n_cuts += len(wrong)
        return len(wrong)

    def values(self, found: dict[mathopt.Variable, float]) -> Floats:
        """Return the gains in a solution."""
        return np.array([found[t] for t in self.theta])

    @property
    def _padded(self) -> Floats:
        return np.pad(self.sorted, ((0, 0), (0, 1)))

    def _critical(self, point: Floats) -> Ints:
        """Return how many of the best sites of each row it takes for less than one open site."""
        if not self.sorted.shape[1]:
            return np.zeros(len(self.rows), np.int64)
        filled = np.cumsum(point[self.order], axis=1) >= 1.0 - 1e-9
        return np.asarray(np.where(filled[:, -1], filled.argmax(axis=1), filled.shape[1]))

    def _add(self, row: int, count: int, threshold: float) -> None:
        sites, gains = self.order[row, :count], self.sorted[row, :count] - threshold
        cut = self.model.add_linear_constraint(ub=threshold)
        cut.set_coefficient(self.theta[row], 1.0)
        for site, gain in zip(sites.tolist(), gains.tolist(), strict=True):
            if gain > 0:
                cut.set_coefficient(self.opened[site], -gain)
