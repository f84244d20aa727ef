"""Whether a second crew is near some rows, in a linear model, by cuts that are added as needed.

Of rows near which no kept crew stands, let D be the free sites near them with two crews or more and
N those with one. With y = 1 for open sites a variable ``u`` for "two crews near" obeys

    u <= sum(y_k: k in D) + sum(y_k: k in N, k != j)      for every j in N

which, unlike ``2 u <= sum y``, gives a fraction of u nothing for a single open site. The variables
are whole ones in the end, for which the latter is enough.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from ortools.math_opt.python import mathopt

from routing.siting.problem import Flags, Floats, Ints

_VIOLATION = 1e-8


class SecondCrew:
    """Variables for "two crews near", one a group of rows, and the cuts that bind them.

    Args:
        model: the model to add them to.
        opened: its variable of each site, in [0, 1].
    """

    def __init__(self, model: mathopt.Model, opened: list[mathopt.Variable]) -> None:
        self.model, self.opened = model, opened
        self.variables: list[mathopt.Variable] = []
        self._single: list[Ints] = []
        self._double: list[Ints] = []

    def add(self, near: Flags, crews: Ints) -> mathopt.Variable:
        """Return the variable of rows that these sites, with these crews, are near."""
        variable = self.model.add_variable(lb=0.0, ub=1.0)
        single, double = np.flatnonzero(near & (crews == 1)), np.flatnonzero(near & (crews > 1))
        row = self.model.add_linear_constraint(ub=0.0)
        row.set_coefficient(variable, 2.0)
        for site in np.concatenate([single, double]).tolist():
            row.set_coefficient(self.opened[site], -float(min(crews[site], 2)))
        self.variables.append(variable)
        self._single.append(single)
        self._double.append(double)
        return variable

    @property
    def whole(self) -> list[mathopt.Variable]:
        """Variables that have to be whole in an answer."""
        return self.variables

    @property
    def largest(self) -> Floats:
        """The largest value of each variable."""
        return np.ones(len(self.variables))

    def values(self, found: Mapping[mathopt.Variable, float]) -> Floats:
        """Return the variables' values in a solution."""
        return np.array([found[one] for one in self.variables])

    def cut(self, point: Floats, value: Floats, *, near: Floats | None = None) -> int:
        """Add the cuts that `point` violates; return their number. `near` makes no difference."""
        del near
        added = 0
        for k, single in enumerate(self._single):
            if not len(single):
                continue
            left_out = int(single[point[single].argmax()])
            bound = point[self._double[k]].sum() + point[single].sum() - point[left_out]
            if value[k] > bound + _VIOLATION:
                self._add(k, left_out)
                added += 1
        return added

    def _add(self, k: int, left_out: int) -> None:
        row = self.model.add_linear_constraint(ub=0.0)
        row.set_coefficient(self.variables[k], 1.0)
        for site in np.concatenate([self._single[k], self._double[k]]).tolist():
            if site != left_out:
                row.set_coefficient(self.opened[site], -1.0)
