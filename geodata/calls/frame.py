"""The canonical table put together from what a reader found, and the fast way from bytes to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from geodata.calls import record_loops, stamp_loops, stamp_signs, stamps, texts, value_loops, zones
from geodata.calls.reading import NONE, Part
from geodata.calls.table import ROW_FAULT_TYPE, ROW_FAULTS, SCHEMA, STAMPS, TEXTS

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
Stamped = tuple[NDArray[np.uint8], Integers]


@dataclass(frozen=True)
class Spans:
    """Texts of one column as limits in a buffer; a negative start is none.

    Attributes:
        buffer: bytes.
        starts, ends: one a row.
        encoding: ``utf-8`` or ``gb18030``.
    """

    buffer: Bytes
    starts: Integers
    ends: Integers
    encoding: str = "utf-8"


@dataclass
class Found:
    """What a reader found, one entry a row in every array.

    Attributes:
        lines: number of the line or row.
        faults: code of the record's fault, 0 for none.
        stamps: kinds and seconds by phase; absent stamps are left out.
        days: kinds and seconds of each date column.
        call_id: texts.
        lon, lat: degrees as read, with rows whose text is no number.
        texts: descriptive columns.
    """

    lines: Integers
    faults: NDArray[np.uint8]
    stamps: dict[int, Stamped] = field(default_factory=dict)
    days: list[Stamped] = field(default_factory=list)
    call_id: pl.Series | None = None
    lon: tuple[NDArray[np.float64], NDArray[np.bool_]] | None = None
    lat: tuple[NDArray[np.float64], NDArray[np.bool_]] | None = None
    texts: dict[str, pl.Series] = field(default_factory=dict)


def table(part: Part, found: Found) -> pl.DataFrame:
    """Return the canonical table of what was found in a part."""
    rows = len(found.lines)
    columns: dict[str, pl.Series] = {
        "file": pl.Series([part.file], dtype=pl.UInt16()).new_from_index(0, rows),
        "line": pl.Series(found.lines),
    }
    columns["call_id"] = _or_null(found.call_id, rows, pl.String())
    columns |= _stamp_columns(part, found)
    columns |= _place_columns(part, found)
    for name in TEXTS:
        columns[name] = _or_null(found.texts.get(name), rows, pl.Categorical())
    faults = pl.Series(ROW_FAULTS, dtype=ROW_FAULT_TYPE)
    codes = pl.Series(found.faults.astype(np.int64) - 1)
    columns["row_fault"] = faults.gather(_index(codes))
    return pl.DataFrame({name: columns[name].alias(name) for name in SCHEMA}).cast(
        {"file": pl.UInt16(), "line": pl.Int64()}
    )


def stamps_of(spans: Spans, form: int) -> Stamped:
    """Return kinds and seconds of a column of stamps in text."""
    kinds = np.empty(len(spans.starts), np.uint8)
    seconds = np.empty(len(spans.starts), np.int64)
    stamp_loops.parse_spans(
        spans.buffer,
        spans.starts,
        spans.ends,
        spans.encoding == "gb18030",
        stamp_signs.signs_of(spans.encoding),
        stamp_signs.blanks(),
        form,
        kinds,
        seconds,
    )
    return kinds, seconds


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


def categories_of(spans: Spans) -> tuple[pl.Series, NDArray[np.bool_]]:
    """Return a column of descriptive texts, and the rows that cannot be decoded.

    Each distinct text is decoded once.
    """
    codes, firsts = value_loops.encode(spans.buffer, spans.starts, spans.ends)
    names: dict[str, int] = {}
    meaning = np.full(len(firsts) + 1, -1, np.int64)
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
    dictionary = pl.Series(list(names), dtype=pl.String()).cast(pl.Categorical())
    return dictionary.gather(_index(pl.Series(meaning[codes]))), undecodable[codes]


def identifiers_of(spans: Spans) -> tuple[pl.Series, NDArray[np.bool_]]:
    """Return a column of identifiers, null where blank, and the rows that cannot be decoded."""
    rows = len(spans.starts)
    bad = np.zeros(rows, bool)
    if not rows:
        return pl.Series([], dtype=pl.String()), bad
    content = value_loops.joined(spans.buffer, spans.starts, spans.ends).tobytes()[:-1]
    try:
        series = pl.Series([content.decode(spans.encoding)]).str.split("\n").explode()
    except UnicodeDecodeError:
        decoded = [_decoded(line, spans.encoding) for line in content.split(b"\n")]
        bad = np.array([text is None for text in decoded])
        series = pl.Series(decoded, dtype=pl.String())
    return clean_identifiers(series), bad


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


def _index(codes: pl.Series) -> pl.Series:
    """Return codes as positions, null where negative."""
    return codes.to_frame("c").select(pl.when(pl.col("c") >= 0).then(pl.col("c"))).to_series()


def _or_null(series: pl.Series | None, rows: int, kind: pl.DataType) -> pl.Series:
    if series is None:
        return pl.Series([None], dtype=kind).new_from_index(0, rows)
    return series


def _stamp_columns(part: Part, found: Found) -> dict[str, pl.Series]:
    """Return the seconds on the local clock of every stamp, and the faults."""
    rows, reading = len(found.lines), part.reading
    present = sorted(found.stamps)
    kinds = _stack([found.stamps[k][0] for k in present], rows, np.uint8)
    seconds = _stack([found.stamps[k][1] for k in present], rows, np.int64)
    day_kinds = _stack([kind for kind, _ in found.days], rows, np.uint8)
    days = _stack([value for _, value in found.days], rows, np.int64)
    day_of = np.array([reading.day_of[k] for k in present], np.int64)
    out, valid = np.empty_like(seconds), np.empty_like(kinds)
    faults = np.zeros(rows, np.uint16)
    switches, offsets = zones.switches(reading.tz)
    value_loops.local_seconds(
        kinds,
        seconds,
        day_kinds,
        days,
        day_of,
        reading.shared,
        switches,
        offsets,
        out,
        valid,
        faults,
    )
    columns, mask = {}, np.zeros(rows, np.uint16)
    for k, stamp in enumerate(STAMPS):
        series = None
        if k in found.stamps:
            at = present.index(k)
            series = _nullable(pl.Series(out[at]), valid[at].view(bool))
            mask |= ((faults >> at) & 1) << k
        columns[f"{stamp}_s"] = _or_null(series, rows, pl.Int64())
    columns["stamp_fault"] = pl.Series(mask)
    return columns


def _place_columns(part: Part, found: Found) -> dict[str, pl.Series]:
    rows = len(found.lines)
    nothing = np.full(rows, np.nan), np.zeros(rows, bool)
    (lon, odd_lon), (lat, odd_lat) = found.lon or nothing, found.lat or nothing
    x, y, fault = texts.positions(lon, lat, odd_lon | odd_lat, part.reading.crs)
    return {
        "lon": pl.Series(x, nan_to_null=True),
        "lat": pl.Series(y, nan_to_null=True),
        "place_fault": pl.Series(fault),
    }


def _nullable(values: pl.Series, valid: NDArray[np.bool_]) -> pl.Series:
    if valid.all():
        return values
    frame = pl.DataFrame({"v": values, "m": pl.Series(valid)})
    return frame.select(pl.when(pl.col("m")).then(pl.col("v"))).to_series()


def _stack(arrays: Sequence[NDArray[Any]], rows: int, kind: type) -> NDArray[Any]:
    return np.stack(arrays).astype(kind, copy=False) if arrays else np.empty((0, rows), kind)


def from_spans(
    part: Part,
    columns: dict[int, Spans],
    found: Found,
    midnights: dict[int, Integers] | None = None,
) -> pl.DataFrame:
    """Return the canonical table of a part whose columns are all texts.

    Args:
        part: what is read.
        columns: texts of every wanted column of the file.
        found: lines and faults; the rest is filled in.
        midnights: rows of columns whose date stands for its midnight.
    """
    reading = part.reading
    for k, column in enumerate(reading.stamps):
        if column != NONE:
            found.stamps[k] = stamps_of(columns[column], reading.formats[k])
            found.stamps[k][0][(midnights or {}).get(column, [])] = stamps.MIDNIGHT
    found.days = [stamps_of(columns[column], 0) for column in reading.days]
    if reading.lon != NONE and reading.lat != NONE:
        found.lon, found.lat = degrees_of(columns[reading.lon]), degrees_of(columns[reading.lat])
    if reading.call_id != NONE:
        found.call_id, bad = identifiers_of(columns[reading.call_id])
        mark_undecodable(found, bad)
    for name, column in zip(TEXTS, reading.texts, strict=True):
        if column != NONE:
            found.texts[name], bad = categories_of(columns[column])
            mark_undecodable(found, bad)
    return table(part, found)
