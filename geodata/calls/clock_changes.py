"""One clock for each record, though those of its zone were changed while the call went on.

Stamps are seconds of the wall clock, and durations are their differences. Where clocks go forward
or back in the middle of a call, that is an hour off: 55 minutes past and 5 minutes past are ten
minutes apart. So all stamps of a record are told by the clock as it stood at its first one. Zones
that keep one clock all year, as China's has since 1992, never get here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata.calls.stamps import DAY_S, UTC
from geodata.jit import compiled

Integers = NDArray[np.int64]

_LONGEST_DAYS = 7
"""Stamps farther apart are of no one call: they stay as they are."""


@compiled
def keep_first_clock(
    kinds: NDArray[np.uint8],
    seconds: Integers,
    switches: Integers,
    offsets: Integers,
    out: Integers,
    valid: NDArray[np.uint8],
) -> None:
    """Tell every stamp of a row by the clock that stood at the first stamp of the row, in place.

    A reading of the clock that occurs twice, as clocks go back, is taken so that the stamps of the
    row rise and lie as near to each other as can be. One that never occurs, as clocks go forward,
    is taken by the clock before the change.

    Args:
        kinds, seconds: stamps in phase order, shape (stamps, rows), as parsed.
        switches, offsets: seconds UTC from which the zone is so many seconds ahead.
        out, valid: seconds of the wall clock, shape (stamps, rows), and where there are any.
    """
    n_stamps, rows = kinds.shape
    early, late = np.empty(n_stamps, np.int64), np.empty(n_stamps, np.int64)
    for row in range(rows):
        low, high = 0, -1
        for k in range(n_stamps):
            if valid[k, row]:
                low = min(low, out[k, row]) if high >= low else out[k, row]
                high = max(high, out[k, row])
        # Wall clocks are less than a day from UTC.
        near = np.searchsorted(switches, low - DAY_S)
        if near == len(switches) or switches[near] > high + DAY_S:
            continue
        if high - low > _LONGEST_DAYS * DAY_S or high < low:
            continue
        first, latest, rises = -1, 0, True
        for k in range(n_stamps):
            if valid[k, row]:
                if kinds[k, row] == UTC:
                    early[k] = late[k] = seconds[k, row]
                else:
                    early[k], late[k] = _readings(out[k, row], switches, offsets)
                latest = late[k] if first < 0 else latest
                first = k if first < 0 else first
                rises &= late[k] >= latest
                latest = max(latest, late[k])
        at = late[first] if rises else early[first]
        shift = out[first, row] - at
        for k in range(first + 1, n_stamps):
            if valid[k, row]:
                at = early[k] if early[k] >= at else late[k]
                out[k, row] = at + shift


@compiled
def _readings(value: int, switches: Integers, offsets: Integers) -> tuple[int, int]:
    """Return the earliest and the latest second UTC at which the wall clock read `value`."""
    begins: Any = np.searchsorted(switches, value, side="right") - 2
    at = max(begins, 0)
    begun = value - offsets[at]
    early, late, found = begun, begun, False
    for i in range(at, min(at + 4, len(switches))):
        moment = value - offsets[i]
        if moment < switches[i]:
            continue
        begun = moment
        if i + 1 == len(switches) or moment < switches[i + 1]:
            early, late, found = min(early, moment) if found else moment, moment, True
    return (early, late) if found else (begun, begun)
