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
def verdicts(
    values: NDArray[Any],
    dropped: NDArray[np.bool_],
    zones: NDArray[Any],
    targets: NDArray[np.uint8],
    bounds_s: NDArray[np.int64],
    out: NDArray[np.uint8],
) -> None:
    """Tell of each row how it stands to its target: 2 t beyond the t-th, 2 t + 1 within it.

    Args:
        values, dropped: as for `tally`.
        zones: code of each row's zone, shape (n,).
        targets: target that binds each code, ``len(bounds_s)`` where none does.
        bounds_s: bound of each target; a value is within when value <= bound, shape (t,).
        out: filled in; ``2 * len(bounds_s)`` for rows that no target binds or that do not count.
    """
    none = len(bounds_s)
    for i in range(len(values)):
        which = np.int64(targets[zones[i]])
        verdict = 2 * none
        if which < none and values[i] >= 0 and not dropped[i]:
            verdict = 2 * which + (values[i] <= bounds_s[which])
        out[i] = verdict


@compiled
def number_by(
    groups: NDArray[np.uint16], codes: NDArray[np.uint8], found: NDArray[np.int64]
) -> None:
    """Add the rows of each group and code to `found`, shape (groups, codes)."""
    for i in range(len(groups)):
        found[groups[i], codes[i]] += 1


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
