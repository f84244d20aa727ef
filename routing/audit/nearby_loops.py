"""Compiled loops that find which places are nearest to a spot, or nearly so."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata.jit import compiled

Array = NDArray[Any]


@compiled
def reaches(
    x: Array, y: Array, spot_x: Array, spot_y: Array, slack: float, reach: Array, count: Array
) -> None:
    """Fill in how far from each spot its nearest place is, plus `slack`, and the places within.

    Args:
        x, y: at least one place, metres, by rising `x`.
        spot_x, spot_y: spots, metres, shape (n,).
        slack: metres, 0 or greater.
        reach: metres, the distance itself included, shape (n,); filled in.
        count: number of places within reach, shape (n,); filled in.
    """
    for s in range(spot_x.shape[0]):
        at_x, at_y = spot_x[s], spot_y[s]
        middle = np.searchsorted(x, at_x)
        nearest_2 = np.inf
        # Outwards on either side, until x alone is farther than the nearest place.
        for k in range(middle, x.shape[0]):
            dx, dy = x[k] - at_x, y[k] - at_y
            if dx * dx >= nearest_2:
                break
            nearest_2 = min(nearest_2, dx * dx + dy * dy)
        for k in range(middle - 1, -1, -1):
            dx, dy = x[k] - at_x, y[k] - at_y
            if dx * dx >= nearest_2:
                break
            nearest_2 = min(nearest_2, dx * dx + dy * dy)
        reach[s] = np.sqrt(nearest_2) + slack
        found = 0
        for k in range(np.searchsorted(x, at_x - reach[s]), x.shape[0]):
            dx, dy = x[k] - at_x, y[k] - at_y
            if dx > reach[s]:
                break
            found += np.sqrt(dx * dx + dy * dy) <= reach[s]
        count[s] = found


@compiled
def within(
    x: Array, y: Array, number: Array, spot_x: Array, spot_y: Array, reach: Array, out: Array
) -> None:
    """List the numbers of the places within reach of each spot, spot by spot, the nearest first.

    Equally near places come in the order of their numbers. The nearest of a cell's middle is mostly
    that of its other points as well: who looks for that one goes on to no better one.

    Args:
        x, y, spot_x, spot_y, reach: as of `reaches`.
        number: of each place.
        out: as many as `reaches` counted; filled in.
    """
    far = np.empty(out.shape[0])
    first = 0
    for s in range(spot_x.shape[0]):
        at_x, at_y = spot_x[s], spot_y[s]
        end = first
        for k in range(np.searchsorted(x, at_x - reach[s]), x.shape[0]):
            dx, dy = x[k] - at_x, y[k] - at_y
            if dx > reach[s]:
                break
            metres = np.sqrt(dx * dx + dy * dy)
            if metres <= reach[s]:
                at = end
                while at > first and (
                    far[at - 1] > metres or (far[at - 1] == metres and out[at - 1] > number[k])
                ):
                    out[at], far[at] = out[at - 1], far[at - 1]
                    at -= 1
                out[at], far[at] = number[k], metres
                end += 1
        first = end
