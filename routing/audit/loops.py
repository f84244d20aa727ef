"""Compiled loops over the rows of a part: whole numbers only, and the GIL released."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata.calls.columns import MISSING
from geodata.calls.words import word_at
from geodata.jit import compiled, inlined
from routing.audit import phases, reasons

#: A stamp that is not there; inside these loops alone, never in an output.
NO_STAMP = MISSING
NONE = -1

_STAMPS = len(phases.STAMPS)
_ARRIVE = phases.ARRIVE
_DISPATCH = phases.DISPATCH
_LEAVE, _HOSPITAL, _CLEAR = (phases.STAMPS.index(name) for name in ("leave", "hospital", "clear"))
_CANCELLED = reasons.CODE["cancelled"]
_UNREADABLE_START = reasons.CODE["unreadable_start"]
_MISSING_START = reasons.CODE["missing_start"]
_UNREADABLE_ARRIVAL = reasons.CODE["unreadable_arrival"]
_MISSING_ARRIVAL = reasons.CODE["missing_arrival"]
_NEGATIVE = reasons.CODE["negative_response"]
_OUT_OF_ORDER = reasons.CODE["out_of_order"]
_TOO_LONG = reasons.CODE["too_long"]
_UNREADABLE_PLACE = reasons.CODE["unreadable_place"]
# Stamps beyond these (years 1 and 9999) are no stamps; differences within them cannot overflow.
_EARLIEST_S = -62_135_596_800
_LATEST_S = 253_402_300_799
# MurmurHash3 x64 128 (Austin Appleby, public domain).
_U = np.uint64
_C1 = np.uint64(0x87C37B91114253D5)
_C2 = np.uint64(0x4CF5AD432745937F)
_M1 = np.uint64(0xFF51AFD7ED558CCD)
_M2 = np.uint64(0xC4CEB9FE1A85EC53)
_FIVE = np.uint64(5)
_N1 = np.uint64(0x52DCE729)
_N2 = np.uint64(0x38495AB5)


@compiled
def judge(
    stamps: NDArray[np.int64],
    stamp_fault: NDArray[np.uint16],
    place_fault: NDArray[np.bool_],
    early: NDArray[np.uint8],
    start: int,
    limit_s: int,
    reason: NDArray[np.uint8],
) -> None:
    """Fill `reason` of each row: `early` where not 0, else the first fault of its stamps or place.

    Args:
        stamps: seconds of the wall clock, `NO_STAMP` where missing, shape (8, n).
        stamp_fault: bit k where stamp k has unreadable text, shape (n,).
        place_fault: where the place has unreadable text, shape (n,).
        early: reason found before, or 0, shape (n,).
        start: which stamp starts the clock.
        limit_s: a response time is too long when > limit_s.
        reason: result, shape (n,).
    """
    for i in range(len(reason)):
        code = early[i]
        if code == 0:
            begin, arrive = stamps[start, i], stamps[_ARRIVE, i]
            if begin == NO_STAMP or begin < _EARLIEST_S or begin > _LATEST_S:
                faulty = (stamp_fault[i] >> start) & 1 or begin != NO_STAMP
                code = _UNREADABLE_START if faulty else _MISSING_START
            elif arrive == NO_STAMP or arrive < _EARLIEST_S or arrive > _LATEST_S:
                faulty = (stamp_fault[i] >> _ARRIVE) & 1 or arrive != NO_STAMP
                code = _UNREADABLE_ARRIVAL if faulty else _MISSING_ARRIVAL
            elif arrive < begin:
                code = _NEGATIVE
            else:
                last = NO_STAMP
                for k in range(_STAMPS):
                    stamp = stamps[k, i]
                    if stamp != NO_STAMP:
                        if stamp < last:
                            code = _OUT_OF_ORDER
                        last = stamp
                if code == 0 and arrive - begin > limit_s:
                    code = _TOO_LONG
                if code == 0 and place_fault[i]:
                    code = _UNREADABLE_PLACE
        reason[i] = code


@compiled
def counts_of(
    stamps: NDArray[np.int64], faults: NDArray[np.uint16]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many rows have each stamp, and how many have text that is none, shape (8,).

    Args:
        stamps: as for `judge`.
        faults: bit k where stamp k has unreadable text, shape (n,).
    """
    known, bad = np.zeros(_STAMPS, np.int64), np.zeros(_STAMPS, np.int64)
    for k in range(_STAMPS):
        there, unread = 0, 0
        for i in range(stamps.shape[1]):
            there += stamps[k, i] != NO_STAMP
            unread += (faults[i] >> k) & 1
        known[k], bad[k] = there, unread
    return known, bad


@compiled
def measure(
    stamps: NDArray[np.int64],
    rows: NDArray[np.int64],
    start: int,
    limit_s: int,
    start_s: NDArray[np.int64],
    dispatch_after_s: NDArray[Any],
    measures: NDArray[Any],
    hour: NDArray[np.uint8],
    weekday: NDArray[np.uint8],
    month: NDArray[np.int32],
    over_limit: NDArray[np.int64],
) -> None:
    """Fill the durations and the calendar of the rows in use.

    Args:
        stamps: as for `judge`.
        rows: row numbers in use, shape (m,).
        start: which stamp starts the clock.
        limit_s: a phase longer than this is left out and counted in `over_limit`.
        start_s: result, shape (m,): stamp that starts the clock.
        dispatch_after_s: result, shape (m,): from the start to dispatch, `NONE` where unknown.
        measures: result, shape (8, m), in the order of `phases.MEASURES`; `NONE` where unknown; of
            a type that holds `limit_s`.
        hour, weekday: results, shape (m,), of the start stamp; Monday is 0.
        month: result, shape (m,): year and month as YYYYMM.
        over_limit: result, shape (8,): phases left out.
    """
    known_day = NO_STAMP
    known_weekday, known_month = 0, 0
    for j in range(len(rows)):
        i = rows[j]
        begin = stamps[start, i]
        start_s[j] = begin
        measures[0, j] = stamps[_ARRIVE, i] - begin
        dispatch = stamps[_DISPATCH, i]
        dispatch_after_s[j] = dispatch - begin if dispatch != NO_STAMP else NONE
        before = stamps[0, i]
        for k in range(1, _STAMPS):
            stamp = stamps[k, i]
            length = np.int64(NONE)
            if stamp != NO_STAMP and before != NO_STAMP:
                if stamp - before <= limit_s:
                    length = stamp - before
                else:
                    over_limit[k] += 1
            measures[k, j] = length
            before = stamp
        days = begin // 86_400
        hour[j] = (begin - days * 86_400) // 3_600
        if days != known_day:
            known_day, known_weekday, known_month = days, (days + 3) % 7, _month(days)
        weekday[j] = known_weekday
        month[j] = known_month


@compiled
def _month(days: int) -> int:
    """Return the month, YYYYMM, of a day counted from 1970-01-01.

    Howard Hinnant (2021), "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    """
    shifted = days + 719_468
    era = shifted // 146_097
    of_era = shifted - era * 146_097
    year_of_era = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    from_march = (5 * of_year + 2) // 153
    month = from_march + 3 if from_march < 10 else from_march - 9
    return (year_of_era + era * 400 + (1 if month <= 2 else 0)) * 100 + month


@inlined
def _mixed(value: Any) -> Any:
    value ^= value >> _U(33)
    value *= _M1
    value ^= value >> _U(33)
    value *= _M2
    value ^= value >> _U(33)
    return value


@inlined
def _word(text: NDArray[np.uint8], at: int, size: int) -> Any:
    """Return `size` bytes, at most eight, from byte `at` on as one little-endian number."""
    if at + 8 <= len(text):
        return word_at(text, at) & (~_U(0) >> (_U(64) - _U(8 * size)))
    word = _U(0)
    for k in range(size):
        word |= _U(text[at + k]) << _U(8 * k)
    return word


@compiled
def digests(
    text: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    rows: NDArray[np.int64],
    seed: NDArray[np.uint64],
    high: NDArray[np.uint64],
    low: NDArray[np.uint64],
    has_id: NDArray[np.bool_],
) -> None:
    """Fill the 128-bit MurmurHash3 (x64) of ids; the same on every machine and version.

    Two different ids of a billion share one with a probability below 1e-20 (birthday bound).

    Args:
        text: bytes of all ids.
        starts, ends: limits of each id in them, a negative start where there is none, shape (n,).
        rows: the rows wanted, shape (m,).
        seed: shape (m,): ids count as equal only with equal seeds.
        high, low: results, shape (m,); those of an empty text where there is no id.
        has_id: result, shape (m,).
    """
    for i in range(len(rows)):
        at, left = starts[rows[i]], ends[rows[i]] - starts[rows[i]]
        has_id[i] = at >= 0
        length = _U(left)
        h1 = h2 = seed[i]
        while left >= 16:
            k1, k2 = _word(text, at, 8) * _C1, _word(text, at + 8, 8) * _C2
            h1 ^= ((k1 << _U(31)) | (k1 >> _U(33))) * _C2
            h1 = (((h1 << _U(27)) | (h1 >> _U(37))) + h2) * _FIVE + _N1
            h2 ^= ((k2 << _U(33)) | (k2 >> _U(31))) * _C1
            h2 = (((h2 << _U(31)) | (h2 >> _U(33))) + h1) * _FIVE + _N2
            at += 16
            left -= 16
        if left > 8:
            k2 = _word(text, at + 8, left - 8) * _C2
            h2 ^= ((k2 << _U(33)) | (k2 >> _U(31))) * _C1
        if left > 0:
            k1 = _word(text, at, min(left, 8)) * _C1
            h1 ^= ((k1 << _U(31)) | (k1 >> _U(33))) * _C2
        h1 ^= length
        h2 ^= length
        h1 += h2
        h2 += h1
        h1, h2 = _mixed(h1), _mixed(h2)
        h1 += h2
        high[i] = h1
        low[i] = h2 + h1


@compiled
def jobs(
    stamps: NDArray[np.int64], post: NDArray[np.int32], lasts_s: tuple[int, int, int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows in which a crew of a post was sent, and from when until when it was out.

    Args:
        stamps: as for `judge`.
        post: code of the post, negative where unknown, shape (n,).
        lasts_s: of `crews.JobParameters.seconds`.
    """
    after_hospital_s, after_scene_s, unknown_s, longest_s = lasts_s
    n = stamps.shape[1]
    row, from_s, until_s = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    found = 0
    for i in range(n):
        start = stamps[_DISPATCH, i]
        if start == NO_STAMP or post[i] < 0:
            continue
        scene = max(stamps[_LEAVE, i], stamps[_ARRIVE, i])
        if stamps[_CLEAR, i] > start:
            until = stamps[_CLEAR, i]
        elif stamps[_HOSPITAL, i] > start:
            until = stamps[_HOSPITAL, i] + after_hospital_s
        elif scene > start:
            until = scene + after_scene_s
        else:
            until = start + unknown_s
        row[found], from_s[found] = i, start
        until_s[found] = min(until, start + longest_s)
        found += 1
    return row[:found], from_s[:found], until_s[:found]


@compiled
def look_up(codes: NDArray[np.int32], table: NDArray[Any], found: NDArray[Any]) -> None:
    """Fill in the entry of `table` for each code, the last one for -1."""
    for i in range(len(codes)):
        found[i] = table[codes[i]]


@compiled
def see(codes: NDArray[np.int32], seen: NDArray[np.bool_]) -> None:
    """Mark the codes that occur, -1 at the end of `seen`."""
    for i in range(len(codes)):
        seen[codes[i]] = True


@compiled
def firsts(codes: NDArray[np.uint32], first: NDArray[np.int64]) -> None:
    """Fill the first row of each code; `first` must hold -1, shape (greatest code + 1,)."""
    for i in range(len(codes)):
        if first[codes[i]] < 0:
            first[codes[i]] = i


@compiled
def bucketed(
    high: NDArray[np.uint64], has_id: NDArray[np.bool_], buckets: int
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Return rows that have an id, ordered by bucket (top bits of `high`), and where each begins.

    Args:
        high: shape (n,).
        has_id: shape (n,); rows without are left out.
        buckets: a power of two, at most 65,536.

    Returns:
        begin of each bucket and the end of the last, shape (buckets + 1,); row numbers.
    """
    shift = np.uint64(64)
    size = buckets
    while size > 1:
        shift -= np.uint64(1)
        size //= 2
    begins = np.zeros(buckets + 1, np.int64)
    for i in range(len(high)):
        if has_id[i]:
            begins[(high[i] >> shift) + np.uint64(1)] += 1
    for b in range(buckets):
        begins[b + 1] += begins[b]
    free = begins[:-1].copy()
    rows = np.empty(begins[-1], np.uint32)
    for i in range(len(high)):
        if has_id[i]:
            bucket = high[i] >> shift
            rows[free[bucket]] = i
            free[bucket] += 1
    return begins, rows


@compiled
def repeated(keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which keys occur more than once, by an open-addressed table.

    Args:
        keys: shape (n,), already well mixed.
    """
    size = 16
    while size < 2 * len(keys):
        size *= 2
    mask = np.uint64(size - 1)
    table = np.full(size, -1, np.int32)
    found = np.zeros(len(keys), np.bool_)
    for i in range(len(keys)):
        slot = keys[i] & mask
        while table[slot] >= 0 and keys[table[slot]] != keys[i]:
            slot = (slot + np.uint64(1)) & mask
        if table[slot] >= 0:
            found[i] = True
            found[table[slot]] = True
        else:
            table[slot] = i
    return found
