"""Whole columns of stamps read from bytes or numbers, in compiled loops.

`geodata.calls.stamps` says what stamps mean; tests hold the two together.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from geodata.calls.jit import compiled, integer, word_at
from geodata.calls.stamp_grammar import parse
from geodata.calls.stamp_signs import (
    CAP_T,
    COLON,
    DAY,
    DOT,
    HOUR,
    HYPHEN,
    MINUTE,
    MONTH,
    NINE,
    ROOM,
    SECOND,
    SLASH,
    SPACE,
    YEAR,
    ZERO,
    plain,
)
from geodata.calls.stamp_values import days_of, number
from geodata.calls.stamps import BAD, BLANK, DAY_S, LOCAL

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]

# A layout: runs of digits, and at most so many bytes between two of them.
_RUNS, _LITERAL = 7, 8
_OVERRUN: Final = 32


@compiled
def parse_spans(
    buffer: Bytes,
    starts: Integers,
    ends: Integers,
    gb: bool,
    signs: Bytes,
    nothing: Bytes,
    form: int,
    kinds: NDArray[np.uint8],
    seconds: Integers,
) -> None:
    """Read one stamp a row from bytes `starts[i]` to `ends[i]` into `kinds` and `seconds`.

    Args:
        buffer: bytes in GB18030 (`gb`) or UTF-8.
        starts, ends: limits of each row's text; a negative start is blank.
        signs: from `signs_of` for the encoding.
        nothing: from `blanks`.
        form: index in `stamps.FORMATS`.
        kinds, seconds: filled, one a row.
    """
    scratch = np.empty(ROOM, np.uint8)
    layout = np.zeros((3, _RUNS), np.uint64)
    memo = np.zeros(2, np.int64)
    runs = 0
    for row in range(len(starts)):
        start, end = starts[row], ends[row]
        if start < 0 or start == end:
            kinds[row], seconds[row] = BLANK, 0
            continue
        if runs > 0:
            value = _follow(buffer, start, end, layout, runs, memo)
            if value >= 0:
                kinds[row], seconds[row] = LOCAL, value
                continue
        length = plain(buffer, start, end, gb, signs, scratch)
        kind, value = parse(scratch, length, nothing, form)
        kinds[row], seconds[row] = kind, value
        if kind == LOCAL:
            runs = _learn(buffer, start, end, gb, signs, scratch, layout)


@compiled
def parse_numbers(
    values: NDArray[np.float64], form: int, kinds: NDArray[np.uint8], seconds: Integers
) -> None:
    """Read one stamp a row from numbers (NaN is blank), as `stamps.number` does."""
    for row in range(len(values)):
        value = values[row]
        if value != value:
            kinds[row], seconds[row] = BLANK, 0
            continue
        if not 0.0 <= value < 1e17:
            kinds[row], seconds[row] = BAD, 0
            continue
        whole = integer(np.floor(value))
        tail = integer(np.floor((value - np.floor(value)) * 1e9))
        size, rest = 1, whole // 10
        while rest > 0:
            size, rest = size + 1, rest // 10
        kind, found = number(whole, size, tail, 1_000_000_000, 9 if tail else 0, form)
        kinds[row], seconds[row] = kind, found


@compiled
def _learn(
    buffer: Bytes, start: int, end: int, gb: bool, signs: Bytes, scratch: Bytes, layout: Words
) -> int:
    """Write what follows each run of digits of a plain local stamp into `layout`.

    `layout` has three rows, one column a run: the bytes as a word, its mask, and their number.

    The next stamp is most likely written alike, and is then read by `_follow` without the grammar.
    Only layouts in which every run of digits can mean but one thing are learnt.

    Returns:
        How many runs of digits there are: year, month, day, hour, minute, and perhaps second and
        its fraction; 0 for any other layout.
    """
    at, runs = start, 0
    while runs < _RUNS and at < end:
        count = 0
        while at < end and ZERO <= buffer[at] <= NINE:
            at, count = at + 1, count + 1
        if (runs == 0) != (count == 4) or count == 0 or (count > 2 and 0 < runs < _RUNS - 1):
            return 0
        begin = at
        while at < end and not ZERO <= buffer[at] <= NINE:
            if gb and buffer[at] >= 0x80:
                at += 1
            at += 1
        at = min(at, end)
        if at - begin > _LITERAL or (at == begin and at < end):
            return 0
        size = plain(buffer, begin, at, gb, signs, scratch)
        for i in range(size):
            if not _is_joint(scratch[i]):
                return 0
        if size < 0 or (runs == _RUNS - 2 and at < end and (size != 1 or scratch[0] != DOT)):
            return 0
        layout[:, runs] = 0
        for i in range(at - begin):
            layout[0, runs] |= np.uint64(buffer[begin + i]) << np.uint64(8 * i)
            layout[1, runs] |= np.uint64(255) << np.uint64(8 * i)
        layout[2, runs] = at - begin
        runs += 1
    return runs if at == end and runs >= 5 else 0


@compiled
def _is_joint(sign: int) -> bool:
    return sign in (SPACE, HYPHEN, DOT, SLASH, COLON, CAP_T, YEAR, MONTH, DAY, HOUR, MINUTE, SECOND)


@compiled
def _follow(buffer: Bytes, start: int, end: int, layout: Words, runs: int, memo: Integers) -> int:
    """Return the seconds of a stamp written as `layout` says, or -1 if it is not.

    Reading runs on past `end` by a few bytes and is then found out, which saves most checks.

    Args:
        buffer: bytes; the last `_OVERRUN` are left to the grammar.
        start, end: limits of the text.
        layout, runs: from `_learn`.
        memo: the date last met, as yyyymmdd, and its day number: records come in order.
    """
    if end + _OVERRUN > len(buffer):
        return -1
    at, date_8, clock = start, 0, 0
    for run in range(min(runs, _RUNS - 1)):
        value = integer(buffer[at]) - ZERO
        second = integer(buffer[at + 1]) - ZERO
        if value < 0 or value > 9:
            return -1
        at += 1
        if 0 <= second <= 9:
            value = value * 10 + second
            at += 1
        if run == 0:
            third, fourth = integer(buffer[at]) - ZERO, integer(buffer[at + 1]) - ZERO
            if at - start != 2 or not 0 <= third <= 9 or not 0 <= fourth <= 9:
                return -1
            value = value * 100 + third * 10 + fourth
            at += 2
        if run < 3:
            date_8 = date_8 * 100 + value
        else:
            if value > (23 if run == 3 else 59):
                return -1
            clock = clock * 60 + value
        if (word_at(buffer, at) ^ layout[0, run]) & layout[1, run]:
            return -1
        at += integer(layout[2, run])
        if at > end:
            return -1
    if runs == _RUNS:
        begin = at
        while at < end and ZERO <= buffer[at] <= NINE:
            at += 1
        if at == begin or (word_at(buffer, at) ^ layout[0, runs - 1]) & layout[1, runs - 1]:
            return -1
        at += integer(layout[2, runs - 1])
    if at != end:
        return -1
    if runs == 5:
        clock *= 60
    if date_8 != memo[0]:
        days = days_of(date_8 // 10_000, date_8 // 100 % 100, date_8 % 100)
        if days < 0:
            return -1
        memo[0], memo[1] = date_8, days
    found: int = memo[1] * DAY_S + clock
    return found
