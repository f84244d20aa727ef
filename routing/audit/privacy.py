"""Small cells are not published, nor those that could be had by taking one figure from another.

A cell with fewer calls than the least number is suppressed. Where a line of cells adds up to a
figure that is published too (a column of a table to its total, the townships of a county to the
county), a single suppressed cell, or several that together hold fewer calls than the least number,
could be worked out; then the smallest other cells of the line are suppressed as well (complementary
suppression; Hundepool et al. 2012, Statistical Disclosure Control, 4.2). Lines are treated one
after the other until nothing changes. Calls of which a key is unknown are no group of people: their
figures are blanked where they are few, but take no other cell with them. Not covered: the zones
against the whole (a notice tells of a zone that follows from it), and what a reader learns by
combining several tables, or several runs over different months, in other ways.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def suppressed(
    n: ArrayLike,
    lines: Sequence[NDArray[np.int64]],
    *,
    least: int,
    closed: ArrayLike | None = None,
) -> NDArray[np.bool_]:
    """Return which cells are not published.

    Args:
        n: calls of each cell, shape (g,); empty cells are published.
        lines: positions of cells whose sum is published.
        least: a cell with 0 < n < least is suppressed.
        closed: cells that are suppressed for other reasons, whatever their calls, shape (g,).

    Example:
        >>> suppressed([3, 20, 8], [np.arange(3)], least=5).tolist()
        [True, False, True]
    """
    count = np.asarray(n, np.int64)
    hidden = (count > 0) & (count < least)
    if closed is not None:
        hidden |= np.asarray(closed, np.bool_)
    changed = bool(hidden.any())
    while changed:
        changed = False
        for line in lines:
            extra = complement(count[line], hidden[line], least=least)
            if len(extra):
                hidden[line[extra]] = True
                changed = True
    return hidden


def grid_lines(rows: int, columns: int) -> list[NDArray[np.int64]]:
    """Return the lines of a table whose row and column totals are published too."""
    cells = np.arange(rows * columns).reshape(rows, columns)
    return [*cells, *cells.T]


def complement(
    n: NDArray[np.int64],
    hidden: NDArray[np.bool_],
    *,
    least: int,
    distinct: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Return the cells of a line to suppress besides those that are hidden.

    The smallest ones are taken until the hidden cells are two or more and hold `least` calls, or
    until none is left. Hidden cells without calls alone need no company, but are company for
    others: a reader does not know that they are empty.

    Args:
        n: calls of each cell, shape (g,).
        hidden: which are suppressed already, shape (g,).
        least: least number of calls.
        distinct: where a call may stand in several cells: calls of each that stand in no other by
            this count, shape (g,); `n` by default.

    Example:
        >>> complement(np.array([3, 0, 20, 8]), np.array([True, False, False, False]), least=5)
        array([3])
    """
    gone = hidden & (n > 0)
    free = np.flatnonzero(~hidden & (n > 0))
    free = free[np.argsort(n[free], kind="stable")]
    alone = n if distinct is None else distinct
    taken = 0
    while gone.any() and taken < len(free):
        # No fewer calls than these are in the hidden cells, however many of them share a call.
        held = max(int(alone[gone].sum()), int(n[gone].max()))
        if hidden.sum() + taken >= 2 and held >= least:
            break
        gone[free[taken]] = True
        taken += 1
    return free[:taken]
