"""The columns of a part put together from what a reader found, and the fast way there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from geodata.calls import (
    arrow,
    record_loops,
    stamp_loops,
    stamp_signs,
    stamps,
    texts,
    value_loops,
    zones,
)
from geodata.calls.columns import MISSING, Bytes, Columns, Integers, Numbered, Spans
from geodata.calls.reading import NONE, Part, Reading
from geodata.calls.table import STAMPS, TEXTS

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
    stamp_loops.parse_spans(
        grid.buffer,
        grid.starts,
        grid.ends,
        np.array(chosen, np.int64),
        grid.encoding == "gb18030",
        stamp_signs.signs_of(grid.encoding),
        stamp_signs.blanks(),
        np.array(forms, np.int64),
        into.kinds,
        into.seconds,
    )


def degrees_of(spans: Spans) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return a column of coordinates, NaN where blank or unread, and which are unread."""
    starts, ends = spans.starts.copy(), spans.ends.copy()
    value_loops.trim(spans.buffer, starts, ends)
    values, odd = np.empty(len(starts)), np.empty(len(starts), np.uint8)
    value_loops.numbers(spans.buffer, starts, ends, values, odd)
    for row in np.flatnonzero(odd):
        content = spans.buffer[starts[row] : ends[row]].tobytes()
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
    plain = plain_identifiers(spans, feeds=False)
    if plain is not None:
        return plain, bad
    content = value_loops.joined(spans.buffer, spans.starts, spans.ends).tobytes()[:-1]
    try:
        series = pl.Series([content.decode(spans.encoding)]).str.split("\n").explode()
    except UnicodeDecodeError:
        decoded = [_decoded(line, spans.encoding) for line in content.split(b"\n")]
        bad = np.array([text is None for text in decoded])
        series = pl.Series(decoded, dtype=pl.String())
    return arrow.spans(clean_identifiers(series)), bad


def plain_identifiers(spans: Spans, *, feeds: bool) -> Spans | None:
    """Return identifiers without blanks around them, none where nothing is said, if all are ASCII.

    Args:
        spans: texts of a column.
        feeds: whether they may hold line feeds.
    """
    starts, ends = spans.starts.copy(), spans.ends.copy()
    if not value_loops.plain_identifiers(spans.buffer, starts, ends, _BLANK_WORDS, feeds):
        return None
    return Spans(spans.buffer, starts, ends)


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
    if not value_loops.plain_seconds(found.stamps.kinds, seconds, faults):
        seconds, valid = np.empty_like(seconds), np.empty_like(found.stamps.kinds)
        value_loops.local_seconds(
            found.stamps.kinds,
            found.stamps.seconds,
            found.days.kinds,
            found.days.seconds,
            np.array([reading.day_of[k] for k in present], np.int64),
            reading.shared,
            *zones.switches(reading.tz),
            seconds,
            valid,
            faults,
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


def from_grid(
    part: Part,
    grid: Grid,
    lines: Integers,
    faults: NDArray[np.uint8],
    midnights: dict[int, Integers] | None = None,
) -> Columns:
    """Return the columns of a part whose cells are all texts.

    Args:
        part: what is read.
        grid: texts of its wanted columns, in their order.
        lines, faults: of each row; see `Found`.
        midnights: rows of columns whose date stands for its midnight.
    """
    reading, rows = part.reading, len(lines)
    slot = {column: k for k, column in enumerate(reading.wanted)}
    stamped, forms = stamped_in(reading)
    found = Found(
        lines, faults, Stamped.room(len(stamped), rows), Stamped.room(len(reading.days), rows)
    )
    stamps_of(grid, [slot[c] for c in stamped], forms, found.stamps)
    for k, column in enumerate(stamped):
        found.stamps.kinds[k, (midnights or {}).get(column, [])] = stamps.MIDNIGHT
    stamps_of(grid, [slot[c] for c in reading.days], [0] * len(reading.days), found.days)
    if reading.lon != NONE and reading.lat != NONE:
        found.lon, found.lat = (
            degrees_of(grid.column(slot[c])) for c in (reading.lon, reading.lat)
        )
    if reading.call_id != NONE:
        found.call_id, bad = identifiers_of(grid.column(slot[reading.call_id]))
        mark_undecodable(found, bad)
    wanted = {n: slot[c] for n, c in zip(TEXTS, reading.texts, strict=True) if c != NONE}
    for name, (numbered, bad) in zip(
        wanted, _all_categories(grid, [*wanted.values()]), strict=True
    ):
        found.texts[name] = numbered
        mark_undecodable(found, bad)
    return columns(part, found)


def _all_categories(
    grid: Grid, chosen: Sequence[int]
) -> Iterator[tuple[Numbered, NDArray[np.bool_]]]:
    """Yield what `categories_of` does for the columns `chosen`."""
    codes, firsts, counts = value_loops.encode_few(
        grid.buffer, grid.starts, grid.ends, np.array(chosen, np.int64)
    )
    for k, slot in enumerate(chosen):
        spans, count = grid.column(slot), counts[k]
        yield categories_of(spans) if count < 0 else categories(spans, codes[k], firsts[k, :count])
