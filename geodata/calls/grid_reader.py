"""The columns of a part whose cells are all texts, read rows by rows.

A reader that hands over some rows at a time has their bytes read while they are in the processor's
cache: for text files that halves the time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.calls import frame, stamps, value_loops
from geodata.calls.columns import Columns, Integers, Spans
from geodata.calls.frame import Found, Grid, Stamped, StampReader
from geodata.calls.reading import NONE, Part
from geodata.calls.table import TEXTS


class GridReader:
    """Reads the cells of a part.

    Args:
        part: what is read.
        grid: texts of its wanted columns, in their order; may be filled in meanwhile.
    """

    def __init__(self, part: Part, grid: Grid) -> None:
        self.part, self.grid = part, grid
        reading, rows = part.reading, grid.starts.shape[1]
        slot = {column: k for k, column in enumerate(reading.wanted)}
        self._columns, forms = frame.stamped_in(reading)
        self._stamps = Stamped.room(len(self._columns), rows)
        self._days = Stamped.room(len(reading.days), rows)
        own, days = ([slot[c] for c in columns] for columns in (self._columns, reading.days))
        self._stamped = (
            StampReader(grid, own, forms, self._stamps),
            StampReader(grid, days, [0] * len(days), self._days),
        )
        there = reading.lon != NONE and reading.lat != NONE
        self._degrees = [
            (slot[c], np.empty(rows), np.empty(rows, np.uint8))
            for c in ((reading.lon, reading.lat) if there else ())
        ]
        self._id = slot.get(reading.call_id, NONE)
        self._ids = np.empty((2, rows if self._id != NONE else 0), np.int64)
        self._plain = True
        named = zip(TEXTS, reading.texts, strict=True)
        self._texts = {name: slot[c] for name, c in named if c != NONE}
        self._chosen = np.array([*self._texts.values()], np.int64)
        self._few = value_loops.few(len(self._texts), rows)

    def take(self, first: int, last: int) -> None:
        """Read some rows, which must follow those read before."""
        grid = self.grid
        for reader in self._stamped:
            reader.take(first, last)
        rows = slice(first, last)
        for slot, values, odd in self._degrees:
            limits = grid.starts[slot, rows], grid.ends[slot, rows]
            value_loops.numbers(grid.buffer, *limits, values[rows], odd[rows])
        if self._id != NONE and self._plain:
            self._ids[:, rows] = grid.starts[self._id, rows], grid.ends[self._id, rows]
            ids = self._ids[0, rows], self._ids[1, rows]
            self._plain = frame.take_blanks_away(grid.buffer, *ids, feeds=False)
        value_loops.encode_few(
            grid.buffer, grid.starts, grid.ends, self._chosen, first, last, *self._few
        )

    def columns(
        self,
        lines: Integers,
        faults: NDArray[np.uint8],
        midnights: dict[int, Integers] | None = None,
    ) -> Columns:
        """Return the columns, once all rows are read.

        Args:
            lines, faults: of each row; see `frame.Found`. The grid may have room for more rows.
            midnights: rows of columns whose date stands for its midnight.
        """
        rows = len(lines)
        found = Found(lines, faults, self._stamps.cut(rows), self._days.cut(rows))
        for k, column in enumerate(self._columns):
            found.stamps.kinds[k, (midnights or {}).get(column, [])] = stamps.MIDNIGHT
        if self._degrees:
            found.lon, found.lat = (
                frame.degrees(self._spans(slot, rows), values[:rows], odd[:rows])
                for slot, values, odd in self._degrees
            )
        if self._id != NONE:
            found.call_id = self._identifiers(found, rows)
        for k, (name, slot) in enumerate(self._texts.items()):
            spans = self._spans(slot, rows)
            codes, firsts, _, counts = self._few
            if counts[k] < 0:
                found.texts[name], bad = frame.categories_of(spans)
            else:
                numbers = codes[k, :rows], firsts[k, : counts[k]]
                found.texts[name], bad = frame.categories(spans, *numbers)
            frame.mark_undecodable(found, bad)
        return frame.columns(self.part, found)

    def _identifiers(self, found: Found, rows: int) -> Spans:
        if self._plain:
            return Spans(self.grid.buffer, self._ids[0, :rows], self._ids[1, :rows])
        ids, bad = frame.identifiers_of(self._spans(self._id, rows))
        frame.mark_undecodable(found, bad)
        return ids

    def _spans(self, slot: int, rows: int) -> Spans:
        grid = self.grid
        return Spans(grid.buffer, grid.starts[slot, :rows], grid.ends[slot, :rows], grid.encoding)


def read(
    part: Part,
    grid: Grid,
    lines: Integers,
    faults: NDArray[np.uint8],
    midnights: dict[int, Integers] | None = None,
) -> Columns:
    """Return the columns of a part whose cells are all there; see `GridReader.columns`."""
    reader = GridReader(part, grid)
    reader.take(0, len(lines))
    return reader.columns(lines, faults, midnights)
