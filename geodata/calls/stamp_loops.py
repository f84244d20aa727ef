"""Whole columns of stamps read from bytes or numbers, in compiled loops.

`geodata.calls.stamps` says what stamps mean; tests hold the two together.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

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
from geodata.calls.words import integer, word_at
from geodata.jit import compiled, inlined

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]

# A layout: runs of digits, and at most so many bytes between two of them.
_RUNS, _LITERAL = 7, 8
_DATE_WORDS = 3
# What a column's array of words holds: literals and their masks by run, the bytes of the date last
# met and their masks; and its array of whole numbers.
_LITERALS, _MASKS, _DATES, _DATE_MASKS = 0, _RUNS, 2 * _RUNS, 2 * _RUNS + _DATE_WORDS
_WORDS = 2 * _RUNS + 2 * _DATE_WORDS
_LENGTHS, _HAS, _DATE_LENGTH, _DAY = 0, _RUNS, _RUNS + 1, _RUNS + 2
_NUMBERS = _RUNS + 3
_OVERRUN: Final = 128
# Rows whose bytes stay in the processor's cache from one column to the next.
_BLOCK: Final = 1024


def memory(columns: int) -> tuple[Words, Integers]:
    """Return room for what `parse_spans` has learnt of columns of stamps."""
    return np.zeros((columns, _WORDS), np.uint64), np.zeros((columns, _NUMBERS), np.int64)


@compiled
def parse_spans(
    buffer: Bytes,
    starts: Integers,
    ends: Integers,
    chosen: Integers,
    begin: int,
    stop: int,
    gb: bool,
    signs: Bytes,
    nothing: Bytes,
    forms: Integers,
    words: Words,
    numbers: Integers,
    kinds: NDArray[np.uint8],
    seconds: Integers,
) -> None:
    """Read columns of stamps from bytes `starts[c, i]` to `ends[c, i]`, c being `chosen[k]`.

    Args:
        buffer: bytes in GB18030 (`gb`) or UTF-8.
        starts, ends: limits of each text, shape (all columns, rows); a negative start is blank.
        chosen: the columns to read.
        begin, stop: the rows to read.
        signs: from `signs_of` for the encoding.
        nothing: from `blanks`.
        forms: index in `stamps.FORMATS` of each.
        words, numbers: from `memory`; kept from one call to the next.
        kinds, seconds: filled, shape (chosen columns, rows).
    """
    columns = kinds.shape[0]
    scratch = np.empty(ROOM, np.uint8)
    for first in range(begin, stop, _BLOCK):
        last = min(first + _BLOCK, stop)
        for k in range(columns):
            row, c = first, chosen[k]
            while row < last:
                row = _same_day(
                    buffer, starts[c], ends[c], row, last, words[k], numbers[k], kinds[k],
                    seconds[k],
                )  # fmt: skip
                if row < last:
                    start, end = starts[c, row], ends[c, row]
                    value = _follow(buffer, start, end, words[k], numbers[k])
                    kind = LOCAL
                    if value < 0:
                        length = plain(buffer, start, end, gb, signs, scratch)
                        kind, value = parse(scratch, length, nothing, forms[k])
                        if kind == LOCAL:
                            _learn(buffer, start, end, gb, signs, scratch, words[k], numbers[k])
                    kinds[k, row], seconds[k, row] = kind, value
                    row += 1


@compiled
def _same_day(
    buffer: Bytes,
    starts: Integers,
    ends: Integers,
    row: int,
    last: int,
    layout: Words,
    known: Integers,
    kinds: NDArray[np.uint8],
    seconds: Integers,
) -> int:
    """Read stamps from `row` on as long as they are blank or `_follow` would find the same day.

    Records come in order: most stamps begin with the same bytes as the one before, up to the hour.
    This is most of the work of reading a log: all that stays the same is looked up before the loop,
    and no array is handed on, which would count references to it.

    Returns:
        The first row that is not read, or `last`.
    """
    runs, size, midnight = known[_HAS], known[_DATE_LENGTH], known[_DAY] * DAY_S
    day_1, day_2, day_3 = layout[_DATES], layout[_DATES + 1], layout[_DATES + 2]
    of_1, of_2, of_3 = layout[_DATE_MASKS], layout[_DATE_MASKS + 1], layout[_DATE_MASKS + 2]
    after_3, after_4, after_5 = layout[_LITERALS + 3], layout[_LITERALS + 4], layout[_LITERALS + 5]
    mask_3, mask_4, mask_5 = layout[_MASKS + 3], layout[_MASKS + 4], layout[_MASKS + 5]
    size_3, size_4, size_5 = known[_LENGTHS + 3], known[_LENGTHS + 4], known[_LENGTHS + 5]
    limit = len(buffer) - _OVERRUN if size > 0 and runs < _RUNS else -1
    while row < last:
        start, end = starts[row], ends[row]
        if start < 0 or start == end:
            kinds[row], seconds[row] = BLANK, 0
            row += 1
            continue
        if end > limit:
            break
        other = (word_at(buffer, start) ^ day_1) & of_1
        other |= (word_at(buffer, start + 8) ^ day_2) & of_2
        other |= (word_at(buffer, start + 16) ^ day_3) & of_3
        if other:
            break
        at = start + size
        hour, digits = _one_or_two(buffer, at)
        at += digits
        wrong = (digits == 0) | (hour > 23)
        wrong |= ((word_at(buffer, at) ^ after_3) & mask_3) != 0
        at += size_3
        minute, digits = _one_or_two(buffer, at)
        at += digits
        wrong |= (digits == 0) | (minute > 59)
        wrong |= ((word_at(buffer, at) ^ after_4) & mask_4) != 0
        at += size_4
        second = 0
        if runs > 5:
            second, digits = _one_or_two(buffer, at)
            at += digits
            wrong |= (digits == 0) | (second > 59)
            wrong |= ((word_at(buffer, at) ^ after_5) & mask_5) != 0
            at += size_5
        if wrong | (at != end):
            break
        kinds[row], seconds[row] = LOCAL, midnight + hour * 3600 + minute * 60 + second
        row += 1
    return row


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
    buffer: Bytes,
    start: int,
    end: int,
    gb: bool,
    signs: Bytes,
    scratch: Bytes,
    layout: Words,
    known: Integers,
) -> None:
    """Write what follows each run of digits of a plain local stamp into `layout` and `known`.

    The next stamp is most likely written alike, and is then read by `_follow` without the grammar.
    Only layouts in which every run of digits can mean but one thing are learnt: year, month, day,
    hour, minute, and perhaps second and its fraction. Any other leaves no layout.
    """
    known[_HAS], known[_DATE_LENGTH] = 0, 0
    at, runs = start, 0
    while runs < _RUNS and at < end:
        count = 0
        while at < end and ZERO <= buffer[at] <= NINE:
            at, count = at + 1, count + 1
        if (runs == 0) != (count == 4) or count == 0 or (count > 2 and 0 < runs < _RUNS - 1):
            return
        begin = at
        while at < end and not ZERO <= buffer[at] <= NINE:
            if gb and buffer[at] >= 0x80:
                at += 1
            at += 1
        at = min(at, end)
        if at - begin > _LITERAL or (at == begin and at < end):
            return
        size = plain(buffer, begin, at, gb, signs, scratch)
        for i in range(size):
            if not _is_joint(scratch[i]):
                return
        if size < 0 or (runs == _RUNS - 2 and at < end and (size != 1 or scratch[0] != DOT)):
            return
        layout[_LITERALS + runs] = layout[_MASKS + runs] = 0
        for i in range(at - begin):
            layout[_LITERALS + runs] |= np.uint64(buffer[begin + i]) << np.uint64(8 * i)
            layout[_MASKS + runs] |= np.uint64(255) << np.uint64(8 * i)
        known[_LENGTHS + runs] = at - begin
        runs += 1
    if at == end and runs >= 5:
        known[_HAS] = runs


@compiled
def _is_joint(sign: int) -> bool:
    return sign in (SPACE, HYPHEN, DOT, SLASH, COLON, CAP_T, YEAR, MONTH, DAY, HOUR, MINUTE, SECOND)


@compiled
def _follow(buffer: Bytes, start: int, end: int, layout: Words, known: Integers) -> int:
    """Return the seconds of a stamp written as `layout` says, or -1 if it is not.

    Reading runs on past `end` by a few bytes and is then found out, which saves most checks.

    Args:
        buffer: bytes; the last `_OVERRUN` are left to the grammar.
        start, end: limits of the text.
        layout, known: from `_learn`.
    """
    if known[_HAS] == 0 or end + _OVERRUN > len(buffer) or not _date(buffer, start, layout, known):
        return -1
    at, runs = start + known[_DATE_LENGTH], known[_HAS]
    clock, wrong = 0, False
    for run in range(3, min(runs, _RUNS - 1)):
        value, digits = _one_or_two(buffer, at)
        at += digits
        wrong |= digits == 0 or value > (23 if run == 3 else 59)
        clock = clock * 60 + value
        literal = word_at(buffer, at) ^ layout[_LITERALS + run]
        wrong |= literal & layout[_MASKS + run] != 0
        at += known[_LENGTHS + run]
    if runs == _RUNS:
        begin = at
        while at < end and ZERO <= buffer[at] <= NINE:
            at += 1
        literal = word_at(buffer, at) ^ layout[_LITERALS + _RUNS - 1]
        wrong |= at == begin or literal & layout[_MASKS + _RUNS - 1] != 0
        at += known[_LENGTHS + _RUNS - 1]
    if wrong or at != end:
        return -1
    if runs == 5:
        clock *= 60
    found: int = known[_DAY] * DAY_S + clock
    return found


@inlined
def _one_or_two(buffer: Bytes, at: int) -> tuple[int, int]:
    """Return the number that one or two digits write, and how many they are; 0 if there is none."""
    value = integer(buffer[at]) - ZERO
    second = integer(buffer[at + 1]) - ZERO
    two = integer((second >= 0) & (second <= 9))
    digits = (1 + two) * integer((value >= 0) & (value <= 9))
    return value + two * (value * 9 + second), digits


@compiled
def _date(buffer: Bytes, start: int, layout: Words, known: Integers) -> bool:
    """Read the date of a stamp and note its bytes and its day; return whether there is one."""
    known[_DATE_LENGTH] = 0
    at, date_8 = start, 0
    for run in range(3):
        value, digits = _one_or_two(buffer, at)
        at += digits
        if run == 0:
            rest, more = _one_or_two(buffer, at)
            at += more
            value, digits = value * 100 + rest, digits * (more == digits == 2)
        literal = word_at(buffer, at) ^ layout[_LITERALS + run]
        if digits == 0 or literal & layout[_MASKS + run]:
            return False
        date_8 = date_8 * 100 + value
        at += known[_LENGTHS + run]
    days, size = days_of(date_8 // 10_000, date_8 // 100 % 100, date_8 % 100), at - start
    if days < 0 or size > 8 * _DATE_WORDS:
        return False
    for i in range(_DATE_WORDS):
        bytes_here = min(max(size - 8 * i, 0), 8)
        layout[_DATES + i] = word_at(buffer, start + 8 * i)
        layout[_DATE_MASKS + i] = _ones(bytes_here)
    known[_DATE_LENGTH], known[_DAY] = size, days
    return True


@compiled
def _ones(count: int) -> np.uint64:
    """Return a word whose first `count` bytes are all ones."""
    word = np.uint64(0)
    for i in range(count):
        word |= np.uint64(255) << np.uint64(8 * i)
    return word
