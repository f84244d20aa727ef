"""Numbers, dates and times of day made into kinds and seconds, in compiled loops."""

from __future__ import annotations

from datetime import date
from typing import Final

from geodata.calls import stamps
from geodata.calls.stamps import (
    BAD,
    DATE,
    DAY_S,
    EPOCH_FROM,
    EPOCH_MS,
    EPOCH_S,
    EPOCH_TO,
    EXCEL_1900,
    EXCEL_1904,
    FIRST_YEAR,
    HMS,
    LAST_YEAR,
    LOCAL,
    SERIAL_FROM,
    SERIAL_TO,
    TIME,
    UTC,
)
from geodata.jit import compiled

NEVER: Final = -(1 << 40)
"""Day number of what is no date."""
_DAYS_1900, _DAYS_1904 = stamps.EXCEL_DAYS[1900], stamps.EXCEL_DAYS[1904]
_EPOCH = date(1970, 1, 1).toordinal()
_ZERO_1, _ZERO_2, _ZERO_3, _ZERO_4 = sorted(d.toordinal() - _EPOCH for d in stamps.ZERO_DATES)


@compiled
def number(
    whole: int, size: int, tail: int, scale: int, decimals: int, form: int
) -> tuple[int, int]:
    """Return kind and seconds of a number, as `stamps.parse` does.

    Args:
        whole, size: integer part and its digits.
        tail, scale, decimals: decimals as `tail` / `scale`, and how many there are.
        form: index in `stamps.FORMATS`.
    """
    if size > 17:
        return BAD, 0
    if form == HMS:
        clock = of_day(whole // 10_000, whole // 100 % 100, whole % 100, 0)
        return (TIME, clock) if size <= 6 and decimals == 0 and clock >= 0 else (BAD, 0)
    if form == EPOCH_S:
        return (UTC, whole) if whole < EPOCH_TO * 2 else (BAD, 0)
    if form == EPOCH_MS:
        return (UTC, whole // 1000) if whole < EPOCH_TO * 2000 else (BAD, 0)
    if form in (EXCEL_1900, EXCEL_1904) and whole < SERIAL_TO:
        return _serial(whole, tail, scale, _DAYS_1904 if form == EXCEL_1904 else _DAYS_1900)
    if size in (14, 17) or (size == 12 and decimals == 0):
        unit = 1000 if size == 17 else 1
        value = whole // unit if size != 12 else whole * 100
        clock = of_day(value // 10_000 % 100, value // 100 % 100, value % 100, 0)
        value //= 1_000_000
        return joined(days_of(value // 10_000, value // 100 % 100, value % 100), clock, False, 0)
    if size == 8 and decimals == 0:
        return bare(days_of(whole // 10_000, whole // 100 % 100, whole % 100))
    if size in (10, 13, 16):
        seconds = whole // (1 if size == 10 else 1000 if size == 13 else 1_000_000)
        return (UTC, seconds) if EPOCH_FROM <= seconds < EPOCH_TO else (BAD, 0)
    if size == 5 and SERIAL_FROM <= whole < SERIAL_TO:
        return _serial(whole, tail, scale, _DAYS_1900)
    if whole == 0 and size == 1 and decimals > 0:
        return _serial(0, tail, scale, _DAYS_1900)
    return BAD, 0


@compiled
def _serial(days: int, tail: int, scale: int, epoch_days: int) -> tuple[int, int]:
    seconds = (tail * DAY_S * 2 + scale) // (scale * 2)
    if days == 0:
        return TIME, seconds % DAY_S
    return LOCAL, (days - epoch_days) * DAY_S + seconds


@compiled
def of_day(hour: int, minute: int, second: int, half: int) -> int:
    """Return the second of the day, -1 for none; `half` is 1 before noon, 2 after, 0 unsaid."""
    if hour > 23 or minute > 59 or second > 59:
        return -1
    if half == 2 and hour < 12:
        hour += 12
    elif half == 1 and hour >= 12:
        if hour > 12:
            return -1
        hour = 0
    return hour * 3600 + minute * 60 + second


@compiled
def days_of(year: int, month: int, day: int) -> int:
    """Return days since 1970-01-01, or a very low number if there is no such date.

    Howard Hinnant, "chrono-compatible low-level date algorithms" (2014), days_from_civil.
    """
    if month < 1 or month > 12 or day < 1 or year < FIRST_YEAR - 1 or year > LAST_YEAR:
        return NEVER
    last = 31
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        last = 29 if leap else 28
    elif month in (4, 6, 9, 11):
        last = 30
    if day > last:
        return NEVER
    shifted = year - (1 if month <= 2 else 0)
    era, of_era = shifted // 400, shifted % 400
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    found = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    if year < FIRST_YEAR and not _is_zero(found):
        return NEVER
    return found


@compiled
def _is_zero(days: int) -> bool:
    return days in (_ZERO_1, _ZERO_2, _ZERO_3, _ZERO_4)


@compiled
def bare(days: int) -> tuple[int, int]:
    """Return a date without a time as kind and seconds."""
    if days == NEVER or _is_zero(days):
        return BAD, 0
    return DATE, days * DAY_S


@compiled
def joined(days: int, clock: int, zoned: bool, away: int) -> tuple[int, int]:
    """Return a date with a time, `away` seconds ahead of UTC if `zoned`, as kind and seconds."""
    if days == NEVER or clock < 0:
        return BAD, 0
    if zoned:
        return UTC, days * DAY_S + clock - away
    if _is_zero(days):
        return TIME, clock
    return LOCAL, days * DAY_S + clock
