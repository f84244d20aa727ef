"""Clocks of time zones as tables, so that loops can use them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from geodata.errors import Fault, InputError

DEFAULT = "Asia/Shanghai"
_FIRST = datetime(1900, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_YEAR = 2200
# No zone has changed its clock and changed it back within a week.
_STEP = timedelta(days=7)


@cache
def switches(tz: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return when the clocks of zone `tz` change, and to how far ahead of UTC.

    Returns:
        Seconds UTC since 1970 in rising order, and the seconds ahead of UTC from each on.

    Raises:
        InputError: if there is no such zone.
    """
    try:
        zone = ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(Fault("calls_zone", "tz", tz)) from error
    at, ahead = _FIRST, _ahead(zone, _FIRST)
    found = [(at, ahead)]
    while at.year < _LAST_YEAR:
        after = at + _STEP
        if (then := _ahead(zone, after)) != ahead:
            found.append((_change(zone, at, after, ahead), then))
            ahead = then
        at = after
    when = [int((moment - _EPOCH).total_seconds()) for moment, _ in found]
    return np.array(when, np.int64), np.array([seconds for _, seconds in found], np.int64)


def _ahead(zone: ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _change(zone: ZoneInfo, before: datetime, after: datetime, ahead: int) -> datetime:
    """Return the first second at which the clock is no longer `ahead` of UTC."""
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if _ahead(zone, before + timedelta(seconds=middle)) == ahead:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)
