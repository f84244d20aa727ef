"""Seconds of the local clock out of stamps as parsed, in compiled loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.calls.columns import MISSING
from geodata.calls.stamps import BLANK, DATE, DAY_S, LOCAL, MIDNIGHT, TIME, UTC
from geodata.calls.words import integer
from geodata.jit import compiled, inlined

Integers = NDArray[np.int64]

_HALF_DAY = DAY_S // 2


@compiled
def plain_seconds(
    kinds: NDArray[np.uint8], seconds: Integers, faults: NDArray[np.uint16], steady_s: int
) -> bool:
    """Do in place what `local_seconds` does, where every stamp has its date and is local.

    Args:
        kinds: as parsed, shape (stamps, rows).
        seconds: as parsed, shape (stamps, rows); becomes `MISSING` where there is none.
        faults: filled; bit k is set where stamp k cannot be read.
        steady_s: from when on the clocks of the zone are not changed any more.

    Returns:
        Whether it was done; if not, nothing is changed. It is not where a stamp is before
        `steady_s`.
    """
    n_stamps, rows = kinds.shape
    for k in range(n_stamps):
        other = np.uint8(0)
        for row in range(rows):
            kind = kinds[k, row]
            good = (kind == LOCAL) | (kind == MIDNIGHT)
            other |= (kind == TIME) | (kind == UTC) | (good & (seconds[k, row] < steady_s))
        if other:
            return False
    for k in range(n_stamps):
        for row in range(rows):
            kind = kinds[k, row]
            good = (kind == LOCAL) | (kind == MIDNIGHT)
            seconds[k, row] = seconds[k, row] if good else MISSING
            faults[row] |= integer((not good) & (kind != BLANK)) << k
    return True


@compiled
def local_seconds(
    kinds: NDArray[np.uint8],
    seconds: Integers,
    day_kinds: NDArray[np.uint8],
    days: Integers,
    day_of: Integers,
    shared: int,
    switches: Integers,
    offsets: Integers,
    out: Integers,
    valid: NDArray[np.uint8],
    faults: NDArray[np.uint16],
) -> None:
    """Make seconds of the local clock of every stamp in phase order.

    A time of day without a date takes, in this order: the date of its own date column; the day that
    puts it nearest to the last stamp before it in the row; the row's shared date; the day that puts
    it nearest to the next stamp after it.

    Args:
        kinds, seconds: stamps by phase, shape (stamps, rows), as parsed.
        day_kinds, days: date columns, shape (date columns, rows), as parsed.
        day_of: for each stamp its own date column, or -1.
        shared: the date column of all stamps, or -1.
        switches, offsets: seconds UTC from which the zone is so many seconds ahead.
        out, valid: filled, shape (stamps, rows); `valid` is 1 where there is a stamp.
        faults: filled; bit k is set where stamp k cannot be read.
    """
    n_stamps, rows = kinds.shape
    for row in range(rows):
        fault = 0
        for k in range(n_stamps):
            kind, value = kinds[k, row], seconds[k, row]
            valid[k, row] = 0
            out[k, row] = 0
            if kind == UTC:
                at = np.searchsorted(switches, value, side="right") - 1
                out[k, row], valid[k, row] = value + offsets[max(at, 0)], 1
            elif kind in (LOCAL, MIDNIGHT):
                out[k, row], valid[k, row] = value, 1
            elif kind == TIME:
                if day_of[k] >= 0 and _is_date(day_kinds[day_of[k], row]):
                    midnight = days[day_of[k], row] // DAY_S * DAY_S
                    out[k, row], valid[k, row] = midnight + value, 1
            elif kind != BLANK:
                fault |= 1 << k
        last = -1
        for k in range(n_stamps):
            if kinds[k, row] == TIME and not valid[k, row]:
                if last >= 0:
                    out[k, row], valid[k, row] = _nearest(seconds[k, row], out[last, row]), 1
                elif shared >= 0 and _is_date(day_kinds[shared, row]):
                    midnight = days[shared, row] // DAY_S * DAY_S
                    out[k, row], valid[k, row] = midnight + seconds[k, row], 1
            if valid[k, row]:
                last = k
        last = -1
        for k in range(n_stamps - 1, -1, -1):
            if kinds[k, row] == TIME and not valid[k, row]:
                if last >= 0:
                    out[k, row], valid[k, row] = _nearest(seconds[k, row], out[last, row]), 1
                else:
                    fault |= 1 << k
            if valid[k, row]:
                last = k
        faults[row] = fault


@inlined
def _is_date(kind: int) -> bool:
    return kind in (DATE, LOCAL, MIDNIGHT)


@inlined
def _nearest(clock: int, anchor: int) -> int:
    """Return the time of day `clock` on the day that puts it within half a day of `anchor`."""
    found = anchor // DAY_S * DAY_S + clock
    if found - anchor <= -_HALF_DAY:
        return found + DAY_S
    return found - DAY_S if found - anchor > _HALF_DAY else found
