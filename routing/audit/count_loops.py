"""Compiled loops that count: whole numbers only, and the GIL released."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata.jit import compiled


@compiled
def tally(
    values: NDArray[Any],
    groups: NDArray[np.uint16],
    dropped: NDArray[np.bool_],
    counts: NDArray[np.uint32],
    over_group: NDArray[np.uint16],
    over_value: NDArray[np.int32],
) -> int:
    """Count each value in the row of its group; return how many were too great for the table.

    Args:
        values: seconds, `NONE` where unknown, shape (n,).
        groups: group of each row, shape (n,).
        dropped: rows that do not count, shape (n,).
        counts: shape (groups, width): raised by one at ``[group, value]``.
        over_group, over_value: where values >= width go, with room for all of them.
    """
    width = counts.shape[1]
    over = 0
    for i in range(len(values)):
        value = values[i]
        if value >= 0 and not dropped[i]:
            if value < width:
                counts[groups[i], value] += np.uint32(1)
            else:
                over_group[over] = groups[i]
                over_value[over] = value
                over += 1
    return over


@compiled
def tally_within(
    values: NDArray[Any],
    groups: NDArray[np.uint16],
    dropped: NDArray[np.bool_],
    target: NDArray[np.uint8],
    bounds_s: NDArray[np.int64],
    judged: NDArray[np.int64],
    within: NDArray[np.int64],
) -> None:
    """Count, for each group and target, the calls it binds and those within it (value <= bound).

    Args:
        values, groups, dropped: as for `tally`.
        target: which target binds each row, ``len(bounds_s)`` where none does, shape (n,).
        bounds_s: bound of each target, shape (t,).
        judged, within: results, shape (groups, t), added to.
    """
    for i in range(len(values)):
        which = target[i]
        if not dropped[i] and values[i] >= 0 and which < len(bounds_s):
            judged[groups[i], which] += 1
            if values[i] <= bounds_s[which]:
                within[groups[i], which] += 1


@compiled
def number_of(
    groups: NDArray[np.uint16], dropped: NDArray[np.bool_], found: NDArray[np.int64]
) -> None:
    """Add the rows of each group that are not dropped to `found`, shape (groups,)."""
    for i in range(len(groups)):
        found[groups[i]] += not dropped[i]


@compiled
def crossed(
    codes: NDArray[Any], lookup: NDArray[np.uint16], size: int, group: NDArray[np.uint16]
) -> None:
    """Set ``group = group * size + lookup[codes]`` in place: one more key joins a cross of keys."""
    for i in range(len(group)):
        group[i] = group[i] * np.uint16(size) + lookup[codes[i]]


@compiled
def sums(
    counts: NDArray[np.uint32],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return n, sum and sum of squares of each row of a table of counts, shape (groups,)."""
    number = np.zeros(counts.shape[0], np.int64)
    total, squares = np.zeros_like(number), np.zeros_like(number)
    for g in range(counts.shape[0]):
        for value in range(counts.shape[1]):
            count = np.int64(counts[g, value])
            if count:
                number[g] += count
                total[g] += count * value
                squares[g] += count * value * value
    return number, total, squares


@compiled
def ranked(counts: NDArray[np.uint32], ranks: NDArray[np.int64], found: NDArray[np.int64]) -> None:
    """Fill the values at given ranks of each row of a table of counts.

    Args:
        counts: shape (groups, width).
        ranks: rising ranks from 0, shape (groups, r); those >= the row's n are left as they are.
        found: result, shape (groups, r).
    """
    for g in range(counts.shape[0]):
        passed = np.int64(0)
        r = 0
        for value in range(counts.shape[1]):
            passed += np.int64(counts[g, value])
            while r < ranks.shape[1] and ranks[g, r] < passed:
                found[g, r] = value
                r += 1
            if r == ranks.shape[1]:
                break
