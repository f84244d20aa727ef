"""Parquet files: columns by name, stamps native, as text or as numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from geodata.calls import arrow, frame, stamp_loops, stamps
from geodata.calls.columns import Columns, Integers, Numbered, Spans
from geodata.calls.frame import Found, Grid, Stamped
from geodata.calls.reading import NONE, Part, Reading
from geodata.calls.sniff import SAMPLE_ROWS
from geodata.calls.table import TEXTS
from geodata.errors import Fault, InputError

BYTES_PER_ROW = 192
"""About what a record takes in a text file: so parts of either kind have about as many rows."""
# So many parts are looked into for row groups.
_GROUPS_SEEN = 5
_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_ZERO_DAYS = np.array(sorted(d.toordinal() - 719_163 for d in stamps.ZERO_DATES))
_FIRST = (np.datetime64("1900-01-01") - np.datetime64("1970-01-01")).astype(int) * stamps.DAY_S
_LAST = (np.datetime64("2200-01-01") - np.datetime64("1970-01-01")).astype(int) * stamps.DAY_S


def headings(path: Path, name: str) -> list[str]:
    """Return the names of a file's columns.

    Raises:
        InputError: if the file is no whole Parquet file.
    """
    try:
        return list(pl.read_parquet_schema(path))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise InputError(Fault("calls_parquet", name, None, {"reason": _reason(error)})) from error


def faults(path: Path, name: str, reading: Reading) -> list[Fault]:
    """Return faults of wanted columns whose type holds nothing that can be read."""
    schema = pl.read_parquet_schema(path)
    found = []
    for column in reading.wanted:
        kind = schema[reading.name(column)]
        timed = column in reading.stamps or column in reading.days
        known = kind.is_numeric() or isinstance(kind, (pl.String, pl.Categorical, pl.Enum, pl.Null))
        if not (known or (timed and kind.is_temporal() and kind != pl.Duration)):
            place = f"{name}, {reading.name(column)}"
            found.append(Fault("calls_column_type", place, str(kind)))
    return found


def sample(path: Path, reading: Reading) -> list[list[str]]:
    """Return the first rows of a file as text; columns that hold no text are left blank."""
    names = [reading.name(column) for column in reading.wanted]
    head = pl.scan_parquet(path).head(SAMPLE_ROWS).select(names).collect()
    found = [[""] * reading.columns for _ in range(len(head))]
    for column, name in zip(reading.wanted, names, strict=True):
        if isinstance(head[name].dtype, (pl.String, pl.Categorical, pl.Enum)):
            for row, cell in enumerate(head[name].cast(pl.String)):
                found[row][column] = cell or ""
    return found


def parts(path: str, *, file: int, reading: Reading, bytes_per_part: int) -> list[Part]:
    """Return a file's parts, each of about `bytes_per_part` / `BYTES_PER_ROW` rows."""
    rows = int(pl.scan_parquet(path).select(pl.len()).collect().item())
    step = max(bytes_per_part // BYTES_PER_ROW, 1)
    if rows > step:
        step = _whole_groups(path, reading, step)
    return [
        Part(file, "parquet", path, start, min(start + step, rows), reading)
        for start in range(0, rows, step)
    ]


def _whole_groups(path: str, reading: Reading, step: int) -> int:
    """Return at most `step` rows that are whole row groups, or a whole share of one.

    A group that two parts share is taken out of its compression twice. The groups are the chunks of
    a column that is read for this; where they are not, parts are merely slower to read.
    """
    schema = pl.read_parquet_schema(path)
    names = [reading.name(column) for column in reading.wanted]
    cheapest = next((name for name in names if schema[name].is_numeric()), names[0])
    scan = pl.scan_parquet(path).select(cheapest).head(_GROUPS_SEEN * step)
    whole = scan.collect()[cheapest].chunk_lengths()[:-1]
    if not whole or min(whole) != max(whole):
        return step
    group = whole[0]
    return step // group * group if group <= step else -(-group // -(-group // step))


def read(part: Part) -> Columns:
    """Return the columns of a part of a Parquet file.

    Raises:
        InputError: if the file breaks off.
    """
    reading = part.reading
    names = {column: reading.name(column) for column in reading.wanted}
    rows = part.stop - part.start
    scan = pl.scan_parquet(part.path).slice(part.start, rows).select(names.values())
    try:
        data = scan.collect()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        name = Path(part.path).name
        raise InputError(Fault("calls_parquet", name, None, {"reason": _reason(error)})) from error
    stamped, forms = frame.stamped_in(reading)
    found = Found(
        np.arange(rows, dtype=np.int64) + part.start + 2,
        np.zeros(rows, np.uint8),
        Stamped.room(len(stamped), rows),
        Stamped.room(len(reading.days), rows),
    )
    for k, (column, form) in enumerate(zip(stamped, forms, strict=True)):
        _stamps(data[names[column]], form, found.stamps, k)
    for k, column in enumerate(reading.days):
        _stamps(data[names[column]], 0, found.days, k)
    if reading.lon != NONE and reading.lat != NONE:
        found.lon, found.lat = (_degrees(data[names[c]]) for c in (reading.lon, reading.lat))
    if reading.call_id != NONE:
        found.call_id = _identifiers(_text(data[names[reading.call_id]]))
    for text, column in zip(TEXTS, reading.texts, strict=True):
        if column != NONE:
            found.texts[text] = _categories(_text(data[names[column]]))
    return frame.columns(part, found)


def _stamps(series: pl.Series, form: int, into: Stamped, k: int) -> None:
    """Read a column of stamps into column `k` of `into`."""
    kind = series.dtype
    if isinstance(kind, pl.Datetime):
        unit = _SECOND[kind.time_unit]
        found = _native(series, unit, stamps.LOCAL if kind.time_zone is None else stamps.UTC)
    elif isinstance(kind, pl.Date):
        days = series.to_physical().cast(pl.Int64) * stamps.DAY_S
        found = _native(days, 1, stamps.DATE)
    elif isinstance(kind, pl.Time):
        found = _native(series, _SECOND["ns"], stamps.TIME)
    elif kind.is_numeric():
        values = series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        stamp_loops.parse_numbers(values, form, into.kinds[k], into.seconds[k])
        return
    else:

        def read(rows: slice, texts: Spans) -> None:
            grid = Grid(texts.buffer, texts.starts[None], texts.ends[None])
            room = Stamped(into.kinds[k : k + 1, rows], into.seconds[k : k + 1, rows])
            frame.stamps_of(grid, [0], [form], room)

        arrow.visit(series.cast(pl.String), read)
        return
    into.kinds[k], into.seconds[k] = found


def _identifiers(series: pl.Series) -> Spans:
    ids = arrow.spans(series)
    if frame.take_blanks_away(ids.buffer, ids.starts, ids.ends, feeds=True):
        return ids
    return arrow.spans(frame.clean_identifiers(series))


def _categories(series: pl.Series) -> Numbered:
    """Return texts as numbers: like ones are mostly told by where polars has them."""
    codes, firsts = arrow.numbers(series)
    few = series.gather(firsts)
    found, _ = frame.categories(arrow.spans(few), codes, np.arange(len(few)))
    return found


def _native(series: pl.Series, unit: int, kind: int) -> tuple[NDArray[np.uint8], Integers]:
    """Return native stamps as kinds and seconds; fractions are cut off."""
    null = series.is_null().to_numpy()
    seconds = series.to_physical().cast(pl.Int64).fill_null(0).to_numpy() // unit
    kinds = np.full(len(series), kind, np.uint8)
    if kind != stamps.TIME:
        kinds[(seconds < _FIRST) | (seconds >= _LAST)] = stamps.BAD
        if kind == stamps.LOCAL:
            zero = np.isin(seconds // stamps.DAY_S, _ZERO_DAYS)
            kinds[zero] = stamps.TIME
            seconds = np.where(zero, seconds % stamps.DAY_S, seconds)
    kinds[null] = stamps.BLANK
    return kinds, np.where(kinds == stamps.BAD, 0, seconds)


def _degrees(series: pl.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    if series.dtype.is_numeric():
        values = series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return values, np.zeros(len(values), bool)
    return frame.degrees_of(arrow.spans(series.cast(pl.String)))


def _text(series: pl.Series) -> pl.Series:
    """Return a column as text; whole floats, which numbers become beside blanks, lose their .0."""
    if series.dtype.is_float():
        whole = series.cast(pl.Int64, strict=False)
        if (whole.cast(series.dtype) == series).fill_null(True).all():
            series = whole
    return series.cast(pl.String)


def _reason(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
