"""Compiled loops of figures by group: whole numbers only, and the GIL released."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata.calls.columns import MISSING
from geodata.jit import compiled

#: A stamp that is not there; inside these loops alone, never in an output.
NO_STAMP = MISSING
NONE = -1

_U = np.uint64
# As many whole days before 1970 as 64 bits hold; `NO_STAMP` lies before that.
_EARLIEST_MS = -(2**63 // 86_400_000) * 86_400_000
_SECOND_MS, _HOUR_S, _DAY_H = _U(1_000), _U(3_600), _U(24)
_TOO_LONG_S = _U(2**31)


@compiled
def clocked(
    start_ms: NDArray[np.int64],
    end_ms: NDArray[np.int64],
    seconds: NDArray[np.int32],
    hour: NDArray[np.int8],
) -> None:
    """Fill the whole seconds from start to end, and the hour of the start.

    Args:
        start_ms, end_ms: milliseconds of the wall clock since 1970-01-01, `NO_STAMP` where missing,
            shape (n,).
        seconds: result, shape (n,); `NONE` where unknown, negative or beyond 32 bits.
        hour: result, shape (n,): 0 to 23, `NONE` where unknown.
    """
    for i in range(len(start_ms)):
        seconds[i], hour[i] = NONE, NONE
        if start_ms[i] >= _EARLIEST_MS:
            # Counted from there no number is negative, and division without a sign is faster.
            begin = (_U(start_ms[i]) - _U(_EARLIEST_MS)) // _SECOND_MS
            hour[i] = begin // _HOUR_S % _DAY_H
            if end_ms[i] >= _EARLIEST_MS:
                # A negative length wraps round to a great one.
                length = (_U(end_ms[i]) - _U(_EARLIEST_MS)) // _SECOND_MS - begin
                if length < _TOO_LONG_S:
                    seconds[i] = length


@compiled
def crossed(group: NDArray[Any], codes: NDArray[Any], size: int) -> None:
    """Set ``group = group * size + codes + 1`` in place: one more key joins a cross of keys.

    Args:
        group: shape (n,).
        codes: `NONE` where missing, else below ``size - 1``, shape (n,).
        size: groups of the key, the missing one included.
    """
    for i in range(len(group)):
        group[i] = group[i] * size + codes[i] + 1


@compiled
def occurring(group: NDArray[Any], seconds: NDArray[np.int32], found: NDArray[np.bool_]) -> None:
    """Set `found` of each group that has a row whose seconds are known (not negative)."""
    for i in range(len(group)):
        if seconds[i] >= 0:
            found[group[i]] = True


@compiled
def tally(
    group: NDArray[Any],
    seconds: NDArray[np.int32],
    row_of: NDArray[np.int32],
    counts: NDArray[np.uint32],
    over: NDArray[np.int64],
) -> int:
    """Count each row's seconds; return how many were too great for the table.

    Args:
        group: shape (n,).
        seconds: negative where unknown, shape (n,).
        row_of: row of the table of each group that occurs.
        counts: shape (rows, width): raised by one at ``[row, seconds]``.
        over: filled with row and seconds where seconds >= width, shape (at least n, 2).
    """
    width = counts.shape[1]
    many = 0
    for i in range(len(group)):
        value = seconds[i]
        if value >= 0:
            row = row_of[group[i]]
            if value < width:
                counts[row, value] += np.uint32(1)
            else:
                over[many, 0], over[many, 1] = row, value
                many += 1
    return many


@compiled
def heads(counts: NDArray[np.uint32], stops: NDArray[np.int64], found: NDArray[np.int64]) -> None:
    """Fill the sum of the first `stops` cells of each row; a stop beyond the row means all."""
    for row in range(len(stops)):
        total = np.int64(0)
        for value in range(min(stops[row], counts.shape[1])):
            total += np.int64(counts[row, value])
        found[row] = total
