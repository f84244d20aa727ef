"""Records and their fields found in the bytes of a text file, in compiled loops.

A record is normally one physical line. A field that begins with a quote may hold separators,
doubled quotes and line breaks; a quote elsewhere is an ordinary character. A record of several
lines must close its quote just before a separator or the end of a line, have as many fields as the
heading and be at most `QUOTED_LIMIT` bytes; otherwise the quote was a slip, the first line alone is
a faulty record, and reading goes on with the next line, so that one stray quote never swallows the
rest of a file. Whether a record begins at a byte thus depends on nothing far away.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from geodata.calls.table import ROW_FAULTS
from geodata.calls.words import integer
from geodata.jit import compiled

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]

LINE_LIMIT: Final = 1 << 20
"""Bytes of the longest line that is read."""
QUOTED_LIMIT: Final = 1 << 16
"""Bytes of the longest record that spans lines."""

TOO_LONG, NUL, OPEN_QUOTE, FIELDS, ENCODING = range(1, len(ROW_FAULTS) + 1)
"""Codes of `table.ROW_FAULTS` in the loops; 0 is none."""

_BLOCK: Final = 4096
_QUOTE, _CR, _LF, _SPACE, _TAB = (ord(c) for c in '"\r\n \t')


@compiled
def count_of(buffer: Bytes, byte: int) -> int:
    """Return how often `byte` occurs."""
    found = 0
    for i in range(len(buffer)):
        found += buffer[i] == byte
    return found


@compiled
def counts_of(buffer: Bytes, one: int, other: int) -> tuple[int, int]:
    """Return how often each of two bytes occurs."""
    ones, others = 0, 0
    for i in range(len(buffer)):
        ones += buffer[i] == one
        others += buffer[i] == other
    return ones, others


@compiled
def first_record(
    buffer: Bytes,
    begin: int,
    limit: int,
    separator: int,
    newline: int,
    wide: bool,
    columns: int,
) -> int:
    """Return the start of the first record at or after `limit`, given that one begins at `begin`.

    Args:
        buffer: bytes that reach at least `LINE_LIMIT` beyond `limit`, or to the end of the file.
        separator, newline: the bytes that end a field and a line.
        wide: whether a byte from 0x81 up takes the next one with it (a separator that may be the
            second half of a GB18030 character).
        columns: number of fields of the heading.

    Returns:
        An index in `buffer`; its length if no record ends before it does.
    """
    no_slot = np.full(columns, -1, np.int64)
    none = np.zeros(1, np.int64)
    quoted = np.zeros(1, np.uint8)
    at = begin
    while at < limit and at < len(buffer):
        # Lines without a quote are records; only those with one need be looked into.
        quote = at
        while quote < len(buffer) and buffer[quote] != _QUOTE:
            quote += 1
        line = min(quote, limit)
        while line > at and buffer[line - 1] != newline:
            line -= 1
        if line >= limit:
            return line
        at = _record(buffer, line, separator, newline, wide, columns, no_slot, none, none, quoted)[
            0
        ]
    return at


@compiled
def split(
    buffer: Bytes,
    at: int,
    limit: int,
    line: int,
    row: int,
    separator: int,
    newline: int,
    wide: bool,
    slots: Integers,
    starts: Integers,
    ends: Integers,
    lines: Integers,
    faults: NDArray[np.uint8],
) -> tuple[int, int, int]:
    """Find the wanted fields of the records that begin before `limit`.

    Doubled quotes are undone in `buffer`. Records without content (separators, quotes and blanks
    only) are left out.

    Args:
        buffer: whole records; a last line may be cut off beyond `LINE_LIMIT`.
        at: byte at which a record begins.
        limit: byte before which the last record begins.
        line: number of the physical line at `at`.
        row: the first row to fill.
        slots: for each column of the file where it goes, or -1.
        starts, ends: filled, shape (wanted columns, rows), start -1 where the record is faulty.
        lines: filled, line of each record.
        faults: filled, fault of each record.

    Returns:
        Byte, line and row that come next.
    """
    n_slots = starts.shape[0]
    quoted = np.zeros(n_slots, np.uint8)
    marks = _marks(buffer, at, 0 if wide else limit, separator, newline)
    mark = 0
    while at < limit:
        while mark < len(marks) and marks[mark] < at:
            mark += 1
        if not wide:
            plain, after = _plain_records(
                buffer, at, marks, mark, separator, newline, slots, starts, ends, row
            )
            for _ in range(plain):
                lines[row], faults[row] = line, 0
                row, line = row + 1, line + 1
            if plain > 0:
                at, mark = after, mark + plain * len(slots)
                continue
        quoted[:] = 0
        end, fault, breaks = _record(
            buffer,
            at,
            separator,
            newline,
            wide,
            len(slots),
            slots,
            starts[:, row],
            ends[:, row],
            quoted,
        )
        if not _is_empty(buffer, at, end, separator):
            lines[row], faults[row] = line, fault
            for slot in range(n_slots):
                if fault:
                    starts[slot, row], ends[slot, row] = -1, -1
                elif quoted[slot]:
                    ends[slot, row] = _unquoted(buffer, starts[slot, row], ends[slot, row])
            row += 1
        at, line = end, line + breaks
    return at, line, row


@compiled
def _marks(
    buffer: Bytes, start: int, limit: int, separator: int, newline: int
) -> NDArray[np.int32]:
    """Return where separators, line ends, quotes and NUL bytes stand from `start` to `limit`.

    The comparisons of a block become vector instructions; its words without a mark are skipped.
    """
    # Bytes compared with bytes stay bytes, many to a vector.
    one, two, three, four = np.uint8(separator), np.uint8(newline), np.uint8(_QUOTE), np.uint8(0)
    count = 0
    for byte in buffer[start:limit]:
        count += (byte == one) | (byte == two) | (byte == three) | (byte == four)
    # Eight more, so that a word's bytes are noted without a branch for each.
    marks = np.empty(count + 8, np.int32)
    block = np.zeros(_BLOCK, np.uint8)
    words = block.view(np.uint64)
    found = 0
    for begin in range(start, limit, _BLOCK):
        piece = buffer[begin : min(begin + _BLOCK, limit)]
        for i in range(len(piece)):
            byte = piece[i]
            block[i] = (byte == one) | (byte == two) | (byte == three) | (byte == four)
        block[len(piece) :] = 0
        for word in range(_BLOCK // 8):
            if words[word]:
                for i in range(word * 8, word * 8 + 8):
                    marks[found] = begin + i
                    found += block[i]
    return marks[:count]


@compiled
def _plain_records(
    buffer: Bytes,
    begin: int,
    marks: NDArray[np.int32],
    mark: int,
    separator: int,
    newline: int,
    slots: Integers,
    starts: Integers,
    ends: Integers,
    row: int,
) -> tuple[int, int]:
    """Find the fields of whole lines without quotes, NUL bytes or a fault, from `begin` on.

    Most lines are like that; the loop hands no array on, which would count references to it.

    Returns:
        How many there are until one that `_record` must look at, and the byte after the last.
    """
    columns, done, return_too = len(slots), 0, newline != _CR
    last = slots[columns - 1]
    while mark + columns <= len(marks) and columns > 1:
        if buffer[begin] in (separator, _SPACE, _TAB, _CR, _LF):
            # Perhaps a line without content.
            break
        start, good = begin, marks[mark + columns - 1] - begin <= LINE_LIMIT
        for field in range(columns):
            end = integer(marks[mark + field])
            good &= buffer[end] == (newline if field == columns - 1 else separator)
            slot = slots[field]
            if slot >= 0:
                starts[slot, row], ends[slot, row] = start, end
            start = end + 1
        if not good:
            break
        returned = return_too and start - 1 > begin and buffer[start - 2] == _CR
        if returned and last >= 0 and ends[last, row] > starts[last, row]:
            ends[last, row] -= 1
        begin, mark, row, done = start, mark + columns, row + 1, done + 1
    return done, begin


@compiled
def _record(
    buffer: Bytes,
    begin: int,
    separator: int,
    newline: int,
    wide: bool,
    columns: int,
    slots: Integers,
    starts: Integers,
    ends: Integers,
    quoted: NDArray[np.uint8],
) -> tuple[int, int, int]:
    """Return where the next record begins, the fault of this one and the lines that it spans."""
    size = len(buffer)
    at, field, breaks, nul = begin, 0, 0, False
    extra = -1
    while True:
        # A field begins at `at`.
        start, has_quote = at, False
        if at < size and buffer[at] == _QUOTE:
            has_quote = True
            at, crossed, nul_inside = _closing(buffer, at + 1, begin, separator, newline)
            if at < 0:
                return _stray(buffer, begin, newline)
            breaks += crossed
            nul |= nul_inside
        while at < size:
            byte = buffer[at]
            if byte in (separator, newline):
                break
            if byte == 0:
                nul = True
            if wide and byte >= 0x81 and at + 1 < size and buffer[at + 1] >= 0x40:
                at += 1
            at += 1
        end = min(at, size)
        if end == size or buffer[end] == newline:
            last = True
            if newline != _CR and end > start and buffer[end - 1] == _CR:
                end -= 1
        else:
            last = False
        if field < columns:
            slot = slots[field]
            if slot >= 0:
                starts[slot], ends[slot], quoted[slot] = start, end, has_quote
        elif extra < 0:
            extra = start
        field += 1
        if last:
            break
        at += 1
    stop = at if at < size else size
    after = min(stop + 1, size)
    breaks += 1
    wrong = field < columns or (field > columns and not _is_empty(buffer, extra, stop, separator))
    if breaks > 1 and (wrong or stop - begin > QUOTED_LIMIT):
        return _stray(buffer, begin, newline)
    if stop - begin > LINE_LIMIT:
        return after, TOO_LONG, breaks
    return after, NUL if nul else FIELDS if wrong else 0, breaks


@compiled
def _closing(
    buffer: Bytes, at: int, begin: int, separator: int, newline: int
) -> tuple[int, int, bool]:
    """Return what follows the closing quote, the line breaks before it, and whether NUL was met.

    -1 where the quote is never closed as it must be.
    """
    size, breaks, nul = len(buffer), 0, False
    while at < size:
        byte = buffer[at]
        if byte == _QUOTE:
            if at + 1 < size and buffer[at + 1] == _QUOTE:
                at += 2
                continue
            following = buffer[at + 1] if at + 1 < size else newline
            if breaks > 0 and following not in (separator, newline, _CR):
                return -1, 0, nul
            return at + 1, breaks, nul
        if byte == newline:
            breaks += 1
        elif byte == 0:
            nul = True
        at += 1
        if at - begin > (QUOTED_LIMIT if breaks else LINE_LIMIT):
            return -1, 0, nul
    return -1, 0, nul


@compiled
def _stray(buffer: Bytes, begin: int, newline: int) -> tuple[int, int, int]:
    """Return the physical line at `begin` as a record whose quote is never closed."""
    at = begin
    while at < len(buffer) and buffer[at] != newline:
        at += 1
    return min(at + 1, len(buffer)), TOO_LONG if at - begin > LINE_LIMIT else OPEN_QUOTE, 1


@compiled
def _is_empty(buffer: Bytes, begin: int, end: int, separator: int) -> bool:
    for i in range(begin, end):
        byte = buffer[i]
        if byte not in (separator, _QUOTE, _CR, _LF, _SPACE, _TAB):
            return False
    return True


@compiled
def _unquoted(buffer: Bytes, start: int, end: int) -> int:
    """Move the content of a quoted field to its start; return its new end."""
    inside, at, out = True, start + 1, start
    while at < end:
        byte = buffer[at]
        if inside and byte == _QUOTE:
            if at + 1 < end and buffer[at + 1] == _QUOTE:
                at += 1
            else:
                inside = False
                at += 1
                continue
        buffer[out] = byte
        out += 1
        at += 1
    return out
