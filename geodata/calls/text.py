"""Text files: cut into parts at the starts of records, and parts read into the canonical table."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from geodata.calls import record_loops
from geodata.calls.columns import Bytes, Columns
from geodata.calls.frame import Grid
from geodata.calls.grid_reader import GridReader
from geodata.calls.reading import Part, Reading, TextForm
from geodata.calls.record_loops import LINE_LIMIT

BYTES_PER_PART = 16 << 20
_THREADS = 2
_SKIM = 1 << 19
# Bytes whose records are split and read while they are in the processor's cache.
_WINDOW = 1 << 19


def parts(
    path: str,
    *,
    file: int,
    begin: int,
    line: int,
    reading: Reading,
    form: TextForm,
    bytes_per_part: int = BYTES_PER_PART,
) -> list[Part]:
    """Return a file's parts, each a whole number of records.

    One pass over the bytes finds where records begin and counts lines; pieces are skimmed side by
    side on the guess that the first line break in a piece ends a record, and again where the piece
    before proves that wrong.

    Args:
        path: the file.
        file: its index in the source.
        begin: byte at which the records begin, behind the heading.
        line: number of the physical line at `begin`.
        reading, form: how to read it.
        bytes_per_part: size of a part, give or take a record.
    """
    size = Path(path).stat().st_size
    step = max(bytes_per_part, 1)
    goals = list(range(begin, size, step))
    skim = _Skim(path, size, reading.columns, form)
    with ThreadPoolExecutor(_THREADS) as pool:
        guesses = list(pool.map(lambda goal: skim.piece(goal, goal + step), goals))
    starts, counts, start = [begin], [], begin
    for goal, (guess, after, lines) in zip(goals, guesses, strict=True):
        known = None
        if start < goal + step:
            known = lines if start == guess else None
            start = after if start == guess else skim.first(start, goal + step)
        starts.append(start)
        counts.append(known)
    breaks = [
        skim.breaks(start, stop) if known is None else known
        for start, stop, known in zip(starts[:-1], starts[1:], counts, strict=True)
    ]
    made = []
    for start, stop, count in zip(starts[:-1], starts[1:], breaks, strict=True):
        if stop > start:
            limit = min(stop - start, step + LINE_LIMIT + 2)
            made.append(Part(file, "text", path, start, stop, reading, line, limit, "", form))
        line += count
    return made


def read(part: Part) -> Columns:
    """Return the columns of a part of a text file."""
    buffer = load(part.path, part.start, part.start + (part.limit or part.stop - part.start))
    wanted, form = part.reading.wanted, part.form
    slots = np.full(part.reading.columns, -1, np.int64)
    slots[list(wanted)] = range(len(wanted))
    rows = record_loops.count_of(buffer, form.newline)
    rows += bool(len(buffer)) and buffer[-1] != form.newline
    starts, ends = np.empty((len(wanted), rows), np.int64), np.empty((len(wanted), rows), np.int64)
    lines, faults = np.empty(rows, np.int64), np.empty(rows, np.uint8)
    reader = GridReader(part, Grid(buffer, starts, ends, form.encoding))
    signs = form.separator, form.newline, form.is_wide
    at, line, row = 0, part.line, 0
    while at < len(buffer):
        first, limit = row, min(at + _WINDOW, len(buffer))
        at, line, row = record_loops.split(
            buffer, at, limit, line, row, *signs, slots, starts, ends, lines, faults
        )
        reader.take(first, row)
    return reader.columns(lines[:row], faults[:row])


def load(path: str, start: int, stop: int) -> Bytes:
    """Return bytes `start` to `stop` of a file, fewer at its end."""
    return np.fromfile(path, np.uint8, count=max(stop - start, 0), offset=start)


class _Skim:
    """Finds the starts of records in pieces of a file."""

    def __init__(self, path: str, size: int, columns: int, form: TextForm) -> None:
        self.path, self.size, self.columns, self.form = path, size, columns, form

    def piece(self, goal: int, limit: int) -> tuple[int, int, int | None]:
        """Return the guessed start of the first record from `goal`, and the first from `limit`.

        Also the number of line breaks between them, where it is known.
        """
        guess = self._after_break(goal)
        plain = self._plain(guess, limit)
        return (guess, *plain) if plain else (guess, self._looked_into(guess, limit), None)

    def first(self, start: int, limit: int) -> int:
        """Return the start of the first record at or after `limit`, given one at `start`."""
        plain = self._plain(start, limit)
        return plain[0] if plain else self._looked_into(start, limit)

    def _looked_into(self, start: int, limit: int) -> int:
        """Return what `first` does, record by record."""
        while start < min(limit, self.size):
            stop = min(limit, start + _SKIM)
            buffer = load(self.path, start, stop + LINE_LIMIT + 2)
            form = self.form
            at = record_loops.first_record(
                buffer,
                0,
                stop - start,
                form.separator,
                form.newline,
                form.is_wide,
                self.columns,
            )
            if at == len(buffer) and start + at < self.size and buffer[-1] != form.newline:
                # The last line is longer than what was loaded: it ends at its first line break.
                at = self._after_break(start + at + 1) - start
            start += at
        return start

    def _plain(self, start: int, limit: int) -> tuple[int, int] | None:
        """Return what `first` does, and the line breaks up to there, if no quote comes before."""
        after, lines = self._after_break(limit), 0
        for piece in self._pieces(start, after):
            quotes, breaks = record_loops.counts_of(piece, ord('"'), self.form.newline)
            if quotes:
                return None
            lines += breaks
        return max(after, start), lines

    def breaks(self, start: int, stop: int) -> int:
        """Return the number of line breaks between two bytes."""
        newline = self.form.newline
        return sum(record_loops.count_of(piece, newline) for piece in self._pieces(start, stop))

    def _pieces(self, start: int, stop: int) -> Iterator[Bytes]:
        """Yield bytes `start` to `stop` in pieces, each gone when the next one comes."""
        room = np.empty(_SKIM, np.uint8)
        with Path(self.path).open("rb", buffering=0) as file:
            file.seek(start)
            while start < stop and (got := file.readinto(room[: min(_SKIM, stop - start)])):
                yield room[:got]
                start += got

    def _after_break(self, goal: int) -> int:
        """Return the byte after the first line break from the byte before `goal` on."""
        at = max(goal - 1, 0)
        while at < self.size:
            buffer = load(self.path, at, at + (1 << 16))
            hits = np.flatnonzero(buffer == self.form.newline)
            if len(hits):
                return at + int(hits[0]) + 1
            at += len(buffer)
        return self.size
