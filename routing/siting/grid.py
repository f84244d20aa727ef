"""Costs as whole numbers on a fine grid, so that bounds can be summed without rounding."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Grid steps per unit of whole costs, as a power of two: how finely multipliers can be set.
_UNIT_BITS = 10
# Bits of the sum of the largest costs where the costs are not whole.
_SUM_BITS = 44
_WORD_BITS = 61


@dataclass(frozen=True)
class Grid:
    """A cost table in grid steps, each point's smallest cost taken off.

    ``cost = offset + step * grid cost``; costs that are not whole are rounded down, so that a
    lower bound on the grid is one on the costs.

    Attributes:
        costs: shape (site, demand), from 0; `far` where service is not allowed.
        costs_by_demand: the same, transposed.
        dearest: shape (demand,), largest allowed cost of each point.
        far: more than any solution costs that serves everybody.
        unit: two different sums of costs differ by at least so many steps.
        whole: whether all costs are whole multiples of one number.
        step: cost of one grid step.
        offset: sum of the smallest costs.
        servable: whether every point has a site that may serve it.
    """

    costs: Ints
    costs_by_demand: Ints
    dearest: Ints
    far: int
    unit: int
    whole: bool
    step: float
    offset: float
    servable: bool

    def to_cost(self, steps: int) -> float:
        """Return the cost of so many grid steps, rounded down where costs are not whole."""
        cost = self.offset + self.step * steps
        return cost if self.whole else cost - 1e-15 * len(self.dearest) * abs(cost)


def lay_grid(costs: Floats) -> Grid:
    """Return the grid for `costs`, shape (demand, site), finite or inf."""
    n = len(costs)
    allowed = np.isfinite(costs)
    servable = bool(allowed.any(axis=1).all())
    lowest = np.where(allowed.any(axis=1), np.min(costs, axis=1, initial=np.inf), 0.0)
    above = np.where(allowed, costs - lowest[:, None], 0.0)
    total = float(above.max(axis=1, initial=0.0).sum())
    divisor = _common_divisor(costs, above, total)
    whole = divisor > 0
    if whole:
        room = _WORD_BITS - n.bit_length() - int(total / divisor).bit_length() - 2
        unit = 1 << max(0, min(_UNIT_BITS, room))
        steps = np.rint(above / divisor).astype(np.int64) * unit
        step = divisor / unit
    else:
        unit = 1
        bits = min(_SUM_BITS, _WORD_BITS - n.bit_length() - 2)
        step = 2.0 ** (math.frexp(total)[1] - bits)
        steps = np.floor(above / step).astype(np.int64)
    dearest = steps.max(axis=1, initial=0)
    far = 2 * int(dearest.sum()) + 2 * unit
    steps[~allowed] = far
    return Grid(
        costs=np.ascontiguousarray(steps.T),
        costs_by_demand=np.ascontiguousarray(steps),
        dearest=dearest,
        far=far,
        unit=unit,
        whole=whole,
        step=step,
        offset=math.fsum(lowest.tolist()),
        servable=servable,
    )


def _common_divisor(costs: Floats, above: Floats, total: float) -> float:
    """Return the largest whole number that divides all of `above`; 0 if they are not whole."""
    finite = np.where(np.isfinite(costs), costs, 0.0)
    if total >= 2.0**40 or np.abs(finite).max(initial=0.0) >= 2.0**52:
        return 0.0
    if not (finite == np.rint(finite)).all():
        return 0.0
    divisor = 0
    for row in above:
        divisor = math.gcd(divisor, int(np.gcd.reduce(row.astype(np.int64))))
        if divisor == 1:
            break
    return float(max(divisor, 1))
