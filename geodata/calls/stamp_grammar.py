"""The forms that a stamp's plain signs may have, in compiled loops; see `geodata.calls.stamps`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.calls.stamp_signs import (
    AFTERNOON,
    CAP_A,
    CAP_C,
    CAP_M,
    CAP_P,
    CAP_T,
    CAP_U,
    CAP_Z,
    COLON,
    COMMA,
    DAY,
    DOT,
    HOUR,
    HYPHEN,
    MINUTE,
    MONTH,
    MORNING,
    NINE,
    NOON,
    PLUS,
    SECOND,
    SLASH,
    SPACE,
    YEAR,
    ZERO,
    is_blank,
)
from geodata.calls.stamp_values import NEVER, bare, days_of, joined, number, of_day
from geodata.calls.stamps import BAD, BLANK, DMY, MDY, TIME, YMD
from geodata.calls.words import integer
from geodata.jit import compiled

Bytes = NDArray[np.uint8]


@compiled
def parse(signs: Bytes, size: int, nothing: Bytes, form: int) -> tuple[int, int]:
    """Return kind and seconds of plain signs, as `stamps.parse` does.

    Args:
        signs, size: from `stamp_signs.plain`.
        nothing: from `stamp_signs.blanks`.
        form: index in `stamps.FORMATS`.
    """
    if size < 0:
        return BAD, 0
    first = _sign(signs, 0, size)
    if not (ZERO < first <= NINE) and is_blank(signs, size, nothing):
        return BLANK, 0
    value, count = _digits(signs, 0, size)
    following = _sign(signs, count, size)
    if first in (MORNING, AFTERNOON) or (0 < count <= 2 and following in (COLON, HOUR)):
        clock, at = _clock(signs, 0, size)
        return (TIME, clock) if clock >= 0 and at == size else (BAD, 0)
    if count == 0:
        return BAD, 0
    if following == 0:
        return number(value, count, 0, 1, 0, form)
    if following == DOT:
        _, decimals = _digits(signs, count + 1, size)
        if count + 1 + decimals == size:
            tail, scale = 0, 1
            for i in range(min(decimals, 12)):
                tail = tail * 10 + (integer(signs[count + 1 + i]) - ZERO)
                scale *= 10
            return number(value, count, tail, scale, decimals, form)
    if count == 8 and following in (SPACE, CAP_T):
        return _compact(signs, size, value)
    if count <= 4:
        return _full(signs, size, value, count, form)
    return BAD, 0


@compiled
def _compact(signs: Bytes, size: int, day: int) -> tuple[int, int]:
    value, count = _digits(signs, 9, size)
    if count == 6:
        clock, at = of_day(value // 10_000, value // 100 % 100, value % 100, 0), 15
    else:
        clock, at = _clock(signs, 9, size)
    zoned, away, at = _zone(signs, at, size)
    if at != size:
        return BAD, 0
    return joined(days_of(day // 10_000, day // 100 % 100, day % 100), clock, zoned, away)


@compiled
def _full(signs: Bytes, size: int, first: int, count: int, form: int) -> tuple[int, int]:
    mark = _sign(signs, count, size)
    if mark not in (HYPHEN, SLASH, DOT, YEAR):
        return BAD, 0
    at = count + 1
    second, count_2 = _digits(signs, at, size)
    at += count_2
    if count_2 not in (1, 2) or _sign(signs, at, size) != (MONTH if mark == YEAR else mark):
        return BAD, 0
    third, count_3 = _digits(signs, at + 1, size)
    at += 1 + count_3
    if count_3 < 1 or count_3 > (2 if mark == YEAR else 4):
        return BAD, 0
    closed = mark == YEAR and _sign(signs, at, size) == DAY
    at += 1 if closed else 0
    days = _ordered(first, count, second, third, count_3, mark == YEAR, form)
    if at == size:
        return bare(days)
    join = _sign(signs, at, size)
    if join in (SPACE, CAP_T):
        at += 1
    elif not closed and join not in (MORNING, AFTERNOON):
        return BAD, 0
    clock, at = _clock(signs, at, size)
    if clock < 0:
        return BAD, 0
    zoned, away, at = _zone(signs, at, size)
    return joined(days, clock, zoned, away) if at == size else (BAD, 0)


@compiled
def _ordered(
    first: int, count: int, second: int, third: int, count_3: int, chinese: bool, form: int
) -> int:
    """Return the day number of three parts of a date in the order that is plain or was told."""
    if count == 4 and count_3 <= 2:
        return days_of(first, second, third)
    if chinese or count > 2:
        return NEVER
    if form == YMD and count == 2 and count_3 <= 2:
        return days_of(2000 + first, second, third)
    if form in (DMY, MDY) and count_3 in (2, 4):
        year = third if count_3 == 4 else 2000 + third
        return days_of(year, first, second) if form == MDY else days_of(year, second, first)
    return NEVER


@compiled
def _clock(signs: Bytes, at: int, size: int) -> tuple[int, int]:
    """Return the second of the day of the clock time at `at` (-1: none) and where it ends."""
    half = 0
    if _sign(signs, at, size) in (MORNING, AFTERNOON) and _sign(signs, at + 1, size) == NOON:
        half = 1 if signs[at] == MORNING else 2
        at += 2
    hour, count = _digits(signs, at, size)
    at += count
    mark = _sign(signs, at, size)
    if count not in (1, 2) or mark not in (COLON, HOUR):
        return -1, at
    minute, count = _digits(signs, at + 1, size)
    at += 1 + count
    if count not in (1, 2):
        return -1, at
    second = 0
    if mark == COLON:
        if _sign(signs, at, size) == COLON:
            second, count = _digits(signs, at + 1, size)
            at += 1 + count
            if count not in (1, 2):
                return -1, at
            if _sign(signs, at, size) in (DOT, COMMA):
                _, count = _digits(signs, at + 1, size)
                at += 1 + count
                if count == 0:
                    return -1, at
    elif _sign(signs, at, size) == MINUTE:
        second, count = _digits(signs, at + 1, size)
        at += 1 + count
        if count > 2:
            return -1, at
        if count > 0 and _sign(signs, at, size) == DOT:
            _, count = _digits(signs, at + 1, size)
            at += 1 + count
            if count == 0:
                return -1, at
            count = 1
        if count > 0 and _sign(signs, at, size) == SECOND:
            at += 1
    after = at + 1 if _sign(signs, at, size) == SPACE else at
    later = _half_day(signs, after, size)
    if later > 0:
        if half > 0:
            return -1, at
        half, at = later, after + 2
    return of_day(hour, minute, second, half), at


@compiled
def _half_day(signs: Bytes, at: int, size: int) -> int:
    """Return 1 for a mark of the morning at `at`, 2 for the afternoon, 0 for neither."""
    mark, follower = _sign(signs, at, size), _sign(signs, at + 1, size)
    if (mark == MORNING and follower == NOON) or (mark == CAP_A and follower == CAP_M):
        return 1
    if (mark == AFTERNOON and follower == NOON) or (mark == CAP_P and follower == CAP_M):
        return 2
    return 0


@compiled
def _zone(signs: Bytes, at: int, size: int) -> tuple[bool, int, int]:
    """Return whether a zone stands at `at`, its seconds ahead of UTC, and where it ends."""
    begin = at
    if _sign(signs, at, size) == SPACE:
        at += 1
    mark = _sign(signs, at, size)
    if mark == CAP_Z:
        return True, 0, at + 1
    if (
        mark == CAP_U
        and _sign(signs, at + 1, size) == CAP_T
        and _sign(signs, at + 2, size) == CAP_C
    ):
        return True, 0, at + 3
    if mark in (PLUS, HYPHEN):
        value, count = _digits(signs, at + 1, size)
        end = at + 1 + count
        hours, minutes = value, 0
        if count == 4:
            hours, minutes = value // 100, value % 100
        elif count == 2 and _sign(signs, end, size) == COLON:
            minutes, count = _digits(signs, end + 1, size)
            end += 1 + count
        if count not in (2, 4) or hours > 14 or minutes > 59:
            return False, 0, begin
        if end - at == 8:
            return False, 0, begin
        away = hours * 3600 + minutes * 60
        return True, away if mark == PLUS else -away, end
    return False, 0, begin


@compiled
def _digits(signs: Bytes, at: int, size: int) -> tuple[int, int]:
    """Return the value and the number of the digits at `at`; digits beyond 18 only count."""
    value, count = 0, 0
    while at + count < size and ZERO <= signs[at + count] <= NINE:
        if count < 18:
            value = value * 10 + (integer(signs[at + count]) - ZERO)
        count += 1
    return value, count


@compiled
def _sign(signs: Bytes, at: int, size: int) -> int:
    found: int = integer(signs[at]) if at < size else integer(0)
    return found
