"""The columns of a part put together from what a reader found, and the fast way there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from geodata.calls import (
    arrow,
    clock_changes,
    clock_loops,
    record_loops,
    stamp_loops,
    stamp_signs,
    texts,
    value_loops,
    zones,
)
from geodata.calls.columns import MISSING, Bytes, Columns, Integers, Numbered, Spans
from geodata.calls.reading import NONE, Part, Reading
from geodata.calls.stamps import DAY_S
from geodata.calls.table import STAMPS

# Cells of up to four bytes that say nothing, as numbers: their bytes, and their length above.
_BLANK_WORDS = np.array(
    sorted(int.from_bytes(w.encode(), "little") | len(w) << 32 for w in texts.BLANKS), np.int64
)


@dataclass(frozen=True)
class Grid:
    """Texts of several columns as limits in one buffer.

    Attributes:
        buffer: bytes.
        starts, ends: shape (columns, rows); a negative start is none.
        encoding: ``utf-8`` or ``gb18030``.
    """

    buffer: Bytes
    starts: Integers
    ends: Integers
    encoding: str = "utf-8"

    def column(self, k: int) -> Spans:
        """Return one column."""
        return Spans(self.buffer, self.starts[k], self.ends[k], self.encoding)


@dataclass(frozen=True)
class Stamped:
    """Columns of stamps as parsed.

    Attributes:
        kinds: of `geodata.calls.stamps`, shape (columns, rows).
        seconds: shape (columns, rows).
    """

    kinds: NDArray[np.uint8]
    seconds: Integers

    @classmethod
    def room(cls, columns: int, rows: int) -> Stamped:
        """Return room for columns of stamps, still to be filled in."""
        return cls(np.empty((columns, rows), np.uint8), np.empty((columns, rows), np.int64))

    def cut(self, rows: int) -> Stamped:
        """Return the first rows."""
        if rows == self.kinds.shape[1]:
            return self
        return Stamped(self.kinds[:, :rows].copy(), self.seconds[:, :rows].copy())


@dataclass
class Found:
    """What a reader found, one entry a row in every array.

    Attributes:
        lines: number of the line or row.
        faults: code of the record's fault, 0 for none.
        stamps: of the phases whose stamps there are, in their order.
        days: date columns.
        call_id: clean texts in UTF-8.
        lon, lat: degrees as read, with rows whose text is no number.
        texts: descriptive columns.
    """

    lines: Integers
    faults: NDArray[np.uint8]
    stamps: Stamped
    days: Stamped
    call_id: Spans | None = None
    lon: tuple[NDArray[np.float64], NDArray[np.bool_]] | None = None
    lat: tuple[NDArray[np.float64], NDArray[np.bool_]] | None = None
    texts: dict[str, Numbered] = field(default_factory=dict)


def columns(part: Part, found: Found) -> Columns:
    """Return the columns of what was found in a part."""
    rows = len(found.lines)
    stamps, stamp_fault = _stamps(part.reading, found)
    nothing = np.full(rows, np.nan), np.zeros(rows, bool)
    (lon, odd_lon), (lat, odd_lat) = found.lon or nothing, found.lat or nothing
    lon, lat, place_fault = texts.positions(lon, lat, odd_lon | odd_lat, part.reading.crs)
    return Columns(
        file=np.full(rows, part.file, np.uint16),
        line=found.lines,
        call_id=found.call_id or Spans.none(rows),
        stamps=stamps,
        stamp_fault=stamp_fault,
        lon=lon,
        lat=lat,
        place_fault=place_fault,
        texts=found.texts,
        row_fault=found.faults,
    )


def stamps_of(grid: Grid, chosen: Sequence[int], forms: Sequence[int], into: Stamped) -> None:
    """Read columns of stamps in text.

    Args:
        grid: texts.
        chosen: its columns that are wanted, one a column of `into`.
        forms: index in `stamps.FORMATS` of each.
        into: filled.
    """
    StampReader(grid, chosen, forms, into).take(0, grid.starts.shape[1])


class StampReader:
    """Reads columns of stamps in text, rows by rows; see `stamps_of`."""

    def __init__(
        self, grid: Grid, chosen: Sequence[int], forms: Sequence[int], into: Stamped
    ) -> None:
        self.grid, self.into = grid, into
        self.chosen, self.forms = np.array(chosen, np.int64), np.array(forms, np.int64)
        self.known = stamp_loops.memory(len(chosen))

    def take(self, first: int, last: int) -> None:
        """Read some rows."""
        grid = self.grid
        signs, nothing = stamp_signs.signs_of(grid.encoding), stamp_signs.blanks()
        stamp_loops.parse_spans(
            grid.buffer, grid.starts, grid.ends, self.chosen, first, last,
            grid.encoding == "gb18030", signs, nothing, self.forms, *self.known,
            self.into.kinds, self.into.seconds,
        )  # fmt: skip


def degrees_of(spans: Spans) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return a column of coordinates, NaN where blank or unread, and which are unread."""
    values, odd = np.empty(len(spans.starts)), np.empty(len(spans.starts), np.uint8)
    value_loops.numbers(spans.buffer, spans.starts, spans.ends, values, odd)
    return degrees(spans, values, odd)


def degrees(
    spans: Spans, values: NDArray[np.float64], odd: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return what `degrees_of` does, of the rows that `value_loops.numbers` read and did not."""
    for row in np.flatnonzero(odd):
        content = spans.buffer[spans.starts[row] : spans.ends[row]].tobytes()
        value = texts.coordinate(content.decode(spans.encoding, errors="replace"))
        values[row] = np.nan if value is None else value
        odd[row] = value is not None and np.isnan(value)
    return values, odd.astype(bool)


def categories_of(spans: Spans) -> tuple[Numbered, NDArray[np.bool_]]:
    """Return a column of descriptive texts, and the rows that cannot be decoded.

    Each distinct text is decoded once.
    """
    codes, firsts = value_loops.encode(spans.buffer, spans.starts, spans.ends)
    return categories(spans, codes, firsts)


def categories(
    spans: Spans, codes: NDArray[np.int32], firsts: Integers
) -> tuple[Numbered, NDArray[np.bool_]]:
    """Return a column of descriptive texts whose like ones are numbered; see `categories_of`.

    Args:
        spans: the texts.
        codes: number of each row's text, -1 where it has none.
        firsts: a row of each number.
    """
    names: dict[str, int] = {}
    meaning = np.full(len(firsts) + 1, -1, np.int32)
    undecodable = np.zeros(len(firsts) + 1, bool)
    for code, row in enumerate(firsts):
        content = spans.buffer[spans.starts[row] : spans.ends[row]].tobytes()
        try:
            text = texts.category(content.decode(spans.encoding))
        except UnicodeDecodeError:
            undecodable[code] = True
            continue
        if text is not None:
            meaning[code] = names.setdefault(text, len(names))
    bad = undecodable[codes] if undecodable.any() else np.zeros(len(codes), bool)
    return Numbered(meaning[codes], tuple(names)), bad


def identifiers_of(spans: Spans) -> tuple[Spans, NDArray[np.bool_]]:
    """Return a column of identifiers, none where blank, and the rows that cannot be decoded.

    Line feeds inside become spaces.
    """
    rows = len(spans.starts)
    bad = np.zeros(rows, bool)
    if not rows:
        return spans, bad
    content = value_loops.joined(spans.buffer, spans.starts, spans.ends).tobytes()[:-1]
    try:
        series = pl.Series([content.decode(spans.encoding)]).str.split("\n").explode()
    except UnicodeDecodeError:
        decoded = [_decoded(line, spans.encoding) for line in content.split(b"\n")]
        bad = np.array([text is None for text in decoded])
        series = pl.Series(decoded, dtype=pl.String())
    return arrow.spans(clean_identifiers(series)), bad


def take_blanks_away(buffer: Bytes, starts: Integers, ends: Integers, *, feeds: bool) -> bool:
    """Move the limits of identifiers inwards over blanks, if all of them are ASCII.

    Args:
        buffer: bytes.
        starts, ends: limits, changed; negative where nothing is said.
        feeds: whether line feeds inside are let pass.

    Returns:
        Whether it was done; if not, the limits mean nothing.
    """
    return bool(value_loops.plain_identifiers(buffer, starts, ends, _BLANK_WORDS, feeds))


def clean_identifiers(series: pl.Series) -> pl.Series:
    """Return identifiers without blanks around them, null where nothing is said."""
    stripped = series.str.strip_chars(texts.SPACES)
    short = stripped.str.len_bytes() <= 4
    if not short.any():
        return stripped
    frame = pl.DataFrame({"id": stripped, "short": short})
    says = ~pl.col("id").str.to_lowercase().is_in(sorted(texts.BLANKS))
    return frame.select(pl.when(~pl.col("short") | says).then(pl.col("id"))).to_series()


def mark_undecodable(found: Found, rows: NDArray[np.bool_]) -> None:
    """Note that records hold a wanted text that cannot be decoded."""
    found.faults[rows & (found.faults == 0)] = record_loops.ENCODING


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _stamps(reading: Reading, found: Found) -> tuple[Integers, NDArray[np.uint16]]:
    """Return the seconds on the local clock of all stamps, shape (8, rows), and their faults."""
    rows, present = len(found.lines), _present(reading)
    faults = np.zeros(rows, np.uint16)
    seconds = found.stamps.seconds
    switches, offsets = zones.switches(reading.tz)
    steady_s = int(switches[-1]) + DAY_S
    if not clock_loops.plain_seconds(found.stamps.kinds, seconds, faults, steady_s):
        seconds, valid = np.empty_like(seconds), np.empty_like(found.stamps.kinds)
        clock_loops.local_seconds(
            found.stamps.kinds,
            found.stamps.seconds,
            found.days.kinds,
            found.days.seconds,
            np.array([reading.day_of[k] for k in present], np.int64),
            reading.shared,
            switches,
            offsets,
            seconds,
            valid,
            faults,
        )
        clock_changes.keep_first_clock(
            found.stamps.kinds, found.stamps.seconds, switches, offsets, seconds, valid
        )
        seconds[valid == 0] = MISSING
    if len(present) == len(STAMPS):
        return seconds, faults
    every, mask = np.full((len(STAMPS), rows), MISSING), np.zeros(rows, np.uint16)
    every[present] = seconds
    for at, k in enumerate(present):
        mask |= ((faults >> at) & 1) << k
    return every, mask


def _present(reading: Reading) -> list[int]:
    return [k for k, column in enumerate(reading.stamps) if column != NONE]


def stamped_in(reading: Reading) -> tuple[list[int], list[int]]:
    """Return the columns of the stamps that there are, in phase order, and their formats."""
    present = _present(reading)
    return [reading.stamps[k] for k in present], [reading.formats[k] for k in present]
