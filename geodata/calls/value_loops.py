"""Texts and numbers out of bytes, in compiled loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.calls.words import integer, word_at
from geodata.jit import compiled, inlined

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]

# Rows whose bytes stay in the processor's cache from one column to the next, and as many distinct
# texts as a column of names has.
_BLOCK, _FEW = 1024, 1024
_SPREAD = 4
_BEYOND_ASCII, _SHORT = 0x80, 4
_A, _Z, _SMALL = ord("A"), ord("Z"), ord("a") - ord("A")
_NEWLINE, _SPACE, _TAB, _CR, _MINUS, _PLUS, _DOT, _0, _9 = (ord(c) for c in "\n \t\r-+.09")
# Integers below 2^53 and powers of ten to 10^22 are exact floats, and so is one division of them.
_EXACT = 1 << 53
_TENS = np.array([10.0**k for k in range(23)])


@compiled
def encode(
    buffer: Bytes, starts: Integers, ends: Integers
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the distinct texts in the order of their first appearance.

    Returns:
        The number of each row's text, -1 where its start is negative or it is empty; and the first
        row of each number.
    """
    rows = len(starts)
    codes = np.empty(rows, np.int32)
    firsts = np.empty(_FEW, np.int64)
    table = np.full(_SPREAD * _FEW, -1, np.int32)
    row, count = _number(buffer, starts, ends, 0, rows, codes, firsts, table, 0)
    while row < rows:
        firsts = np.concatenate((firsts, np.empty(len(firsts), np.int64)))
        table = np.full(_SPREAD * len(firsts), -1, np.int32)
        for code in range(count):
            other = firsts[code]
            place = _hash(buffer, starts[other], ends[other]) & (len(table) - 1)
            while table[place] >= 0:
                place = (place + 1) & (len(table) - 1)
            table[place] = code
        row, count = _number(buffer, starts, ends, row, rows, codes, firsts, table, count)
    return codes, firsts[:count]


def few(columns: int, rows: int) -> tuple[NDArray[np.int32], Integers, NDArray[np.int32], Integers]:
    """Return room for `encode_few`.

    Returns:
        The number of each row's text, shape (columns, rows); the first row of each number; a table
        of numbers by hash; how many there are, -1 for a column with more than `_FEW`, whose numbers
        say nothing.
    """
    return (
        np.empty((columns, rows), np.int32),
        np.empty((columns, _FEW), np.int64),
        np.full((columns, _SPREAD * _FEW), -1, np.int32),
        np.zeros(columns, np.int64),
    )


@compiled
def encode_few(
    buffer: Bytes,
    starts: Integers,
    ends: Integers,
    chosen: Integers,
    begin: int,
    stop: int,
    codes: NDArray[np.int32],
    firsts: Integers,
    tables: NDArray[np.int32],
    counts: Integers,
) -> None:
    """Number the distinct texts of several columns, as `encode` does, as long as they are few.

    Args:
        buffer: bytes.
        starts, ends: shape (all columns, rows).
        chosen: the columns to number.
        begin, stop: the rows to number, after those of earlier calls.
        codes, firsts, tables, counts: of `few`; kept from one call to the next.
    """
    for first in range(begin, stop, _BLOCK):
        last = min(first + _BLOCK, stop)
        for k in range(len(chosen)):
            if counts[k] >= 0:
                c = chosen[k]
                row, counts[k] = _number(
                    buffer, starts[c], ends[c], first, last, codes[k], firsts[k], tables[k],
                    counts[k],
                )  # fmt: skip
                if row < last:
                    counts[k] = -1


@compiled
def _number(
    buffer: Bytes,
    starts: Integers,
    ends: Integers,
    begin: int,
    stop: int,
    codes: NDArray[np.int32],
    firsts: Integers,
    table: NDArray[np.int32],
    count: int,
) -> tuple[int, int]:
    """Number the texts of rows `begin` to `stop`, until `firsts` is full.

    No array is set anew in here: the loop would count references to it.

    Args:
        codes, firsts: filled.
        table: the number of a text by its hash, -1 where none is; its length is a power of two.
        count: distinct texts so far.

    Returns:
        The first row that is not done, and the number of distinct texts.
    """
    mask = len(table) - 1
    for row in range(begin, stop):
        start, end = starts[row], ends[row]
        if start < 0 or start >= end:
            codes[row] = -1
            continue
        place = _hash(buffer, start, end) & mask
        while True:
            code = table[place]
            if code < 0:
                if count == len(firsts):
                    return row, count
                firsts[count], table[place] = row, count
                code = count
                count += 1
                break
            if _same(buffer, start, end, starts[firsts[code]], ends[firsts[code]]):
                break
            place = (place + 1) & mask
        codes[row] = code
    return stop, count


@compiled
def plain_identifiers(
    buffer: Bytes, starts: Integers, ends: Integers, blanks: Integers, feeds: bool
) -> bool:
    """Move the limits of identifiers inwards over blanks, and take away those that say nothing.

    Args:
        buffer: bytes.
        starts, ends: limits; both become -1 where nothing is said.
        blanks: words of up to four bytes that say nothing, in small letters: their bytes from the
            lowest, and their length above.
        feeds: whether line feeds inside are let pass.

    Returns:
        Whether all are ASCII, and without line feeds where these do not pass; if not, the limits
        mean nothing.
    """
    for row in range(len(starts)):
        start, end = starts[row], ends[row]
        seen, fed = np.uint8(0), False
        for at in range(start, end):
            seen |= buffer[at]
            fed |= buffer[at] == _NEWLINE
        if seen >= _BEYOND_ASCII or (fed and not feeds):
            return False
        while start < end and (buffer[start] <= _SPACE and _is_space(buffer[start])):
            start += 1
        while end > start and (buffer[end - 1] <= _SPACE and _is_space(buffer[end - 1])):
            end -= 1
        if end - start <= _SHORT:
            word = (end - start) << (8 * _SHORT)
            for at in range(start, end):
                byte = integer(buffer[at])
                word |= (byte | (_SMALL if _A <= byte <= _Z else 0)) << (8 * (at - start))
            for blank in blanks:
                if start < 0 or word == blank:
                    start = end = -1
        starts[row], ends[row] = start, end
    return True


@compiled
def joined(buffer: Bytes, starts: Integers, ends: Integers) -> Bytes:
    """Return all texts with a line feed after each; line feeds inside become spaces."""
    size = 0
    for row in range(len(starts)):
        size += max(ends[row] - starts[row], 0) + 1
    out = np.empty(size, np.uint8)
    at = 0
    for row in range(len(starts)):
        for i in range(max(starts[row], 0), max(ends[row], 0)):
            out[at] = _SPACE if buffer[i] == _NEWLINE else buffer[i]
            at += 1
        out[at] = _NEWLINE
        at += 1
    return out


@compiled
def numbers(
    buffer: Bytes, starts: Integers, ends: Integers, values: NDArray[np.float64], odd: Bytes
) -> None:
    """Read a decimal number a row, with blanks around it or not, to the nearest float.

    Args:
        values: filled; NaN where blank or not read.
        odd: filled; 1 where there is text that this loop does not read.
    """
    for row in range(len(starts)):
        values[row], odd[row] = np.nan, 0
        at, end = starts[row], ends[row]
        while at < end and (buffer[at] <= _SPACE and _is_space(buffer[at])):
            at += 1
        while end > at and (buffer[end - 1] <= _SPACE and _is_space(buffer[end - 1])):
            end -= 1
        if at < 0 or at >= end:
            continue
        negative = buffer[at] == _MINUS
        if negative or buffer[at] == _PLUS:
            at += 1
        whole, digits, decimals = 0, 0, -1
        while at < end:
            byte = buffer[at]
            if byte == _DOT and decimals < 0:
                decimals = 0
            elif _0 <= byte <= _9 and whole < _EXACT // 16:
                whole = whole * 10 + (integer(byte) - _0)
                digits += 1
                decimals += decimals >= 0
            else:
                break
            at += 1
        if at < end or digits == 0 or decimals > 22:
            odd[row] = 1
        else:
            value = whole / _TENS[max(decimals, 0)]
            values[row] = -value if negative else value


@inlined
def _is_space(byte: int) -> bool:
    return byte in (_SPACE, _TAB, _CR, _NEWLINE)


@inlined
def _hash(buffer: Bytes, start: int, end: int) -> int:
    """Return a hash: Fowler, Noll and Vo's FNV-1a (1991) by words, with a mix after each."""
    value = np.uint64(14_695_981_039_346_656_037)
    at = start
    while at + 8 <= end:
        value = (value ^ word_at(buffer, at)) * np.uint64(0x9E3779B97F4A7C15)
        value ^= value >> np.uint64(32)
        at += 8
    tail = np.uint64(end - at)
    while at < end:
        tail = tail << np.uint64(8) | np.uint64(buffer[at])
        at += 1
    value = (value ^ tail) * np.uint64(0x9E3779B97F4A7C15)
    value ^= value >> np.uint64(32)
    code: int = integer(value & np.uint64(0x7FFFFFFFFFFFFFFF))
    return code


@inlined
def _same(buffer: Bytes, start: int, end: int, start_2: int, end_2: int) -> bool:
    if end - start != end_2 - start_2:
        return False
    i, size = 0, end - start
    while i + 8 <= size:
        if word_at(buffer, start + i) != word_at(buffer, start_2 + i):
            return False
        i += 8
    while i < size:
        if buffer[start + i] != buffer[start_2 + i]:
            return False
        i += 1
    return True
