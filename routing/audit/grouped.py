"""Figures by group of any table of durations, counted as the audit counts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from geodata.calls import arrow
from geodata.errors import Fault, InputError
from routing.audit import grouped_loops, summary
from routing.audit.codes import encode, fixed
from routing.audit.tally import CELLS, MOST_CROSSED, Counts

_SHARE_BEYOND = 0.001
_LEAST_WIDTH = 64
_SAMPLE = 65_536
ROWS_AT_ONCE: Final = 2_000_000
"""Most rows that a thread reads at once of a table that is still to be read."""
_ROWS_A_PIECE = 131_072
_FEWEST_A_PIECE = 8_192
_HOURS = tuple(str(hour) for hour in range(24))
# The key that tells calls with unlike bounds apart where their zone is not a key.
_BOUND = "\0bound"

Ints = NDArray[np.int64]


def by(
    table: pl.DataFrame | pl.LazyFrame,
    keys: Sequence[str],
    *,
    seconds: str | None = None,
    between: tuple[str, str] | None = None,
    bounds_s: Mapping[str, int] | None = None,
    zone: str = "zone",
    workers: int = 2,
    confidence: float = 0.95,
) -> pl.DataFrame:
    """Return n, mean, median, p90 and share within the bound of each group.

    A table that is still to be read is read in pieces by threads, of which only small numbers stay.
    Texts should come as they are: those of a Parquet dictionary lie in one place each, which tells
    them apart faster than a conversion to categories does.

    Args:
        table: rows with `keys`, `seconds` and, where there are bounds, `zone`.
        keys: columns to group by: texts, categories or small numbers; null is a group.
        seconds: column of durations in whole seconds; null and negative ones do not count, nor
            do those beyond 32 bits.
        between: in place of `seconds` two columns of date-times, see `timed`; then ``hour`` may be
            a key.
        bounds_s: zone to its bound in seconds; a row is within when seconds <= bound.
        zone: column of the zone.
        workers: threads.
        confidence: level of the intervals.

    Returns:
        `keys`, then the figures of `summary.describe` and `summary.against_targets`, sorted.

    Raises:
        InputError: if there are more groups than can be counted.
        TypeError: if `seconds` does not hold whole numbers.
    """
    columns = _Columns(tuple(keys), seconds or "seconds", between, bounds_s or {}, zone)
    lazy = table.lazy()
    rows = int(lazy.select(pl.len()).collect().item())
    wanted = lazy.select(columns.read())
    step = min(max(-(-rows // (2 * workers)), 1), ROWS_AT_ONCE)

    def read(first: int) -> list[_Piece]:
        return [columns.piece(part) for part in _parts(wanted.slice(first, step).collect())]

    with ThreadPoolExecutor(workers) as pool:
        pieces = [*chain.from_iterable(pool.map(read, range(0, max(rows, 1), step)))]
        cross = _Cross.of(pieces)
        size = math.prod(cross.sizes(keys))
        if size > MOST_CROSSED:
            params: dict[str, object] = {"groups": size, "most": MOST_CROSSED}
            raise InputError(Fault("audit_many_groups", "keys", ",".join(keys), params))
        numbers = [cross.numbers(piece) for piece in pieces]
        held = _held(pieces, numbers, math.prod(cross.sizes(cross.labels)))
        width = _width(pieces, len(held))

        def count(k: int) -> Counts:
            return _counted(pieces[k::workers], numbers[k::workers], held, width)

        counts, *others = pool.map(count, range(workers))
    for other in others:
        counts.add(other)
    return _figures(counts, cross, held, columns, confidence)


def timed(table: pl.DataFrame, *, start: str, end: str) -> pl.DataFrame:
    """Return a table with ``seconds`` from start to end, and the ``hour`` of the start.

    Args:
        table: rows with two columns of date-times without a zone.
        start, end: these columns, which are taken out.

    Returns:
        ``seconds`` is -1 where unknown or negative, ``hour`` 24 where unknown.
    """
    seconds, hour = _clocked(table[start], table[end])
    hour = np.where(hour < 0, 24, hour).astype(np.uint8)
    return table.drop(start, end).with_columns(seconds=seconds, hour=hour)


def _clocked(start: pl.Series, end: pl.Series) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    ticks = []
    for column in (start, end):
        stamps = column.cast(pl.Datetime("ms")).to_physical()
        if stamps.null_count():
            stamps = stamps.fill_null(grouped_loops.NO_STAMP)
        ticks.append(fixed(stamps.to_numpy()))
    seconds, hour = np.empty(len(start), np.int32), np.empty(len(start), np.int8)
    grouped_loops.clocked(ticks[0], ticks[1], seconds, hour)
    return seconds, hour


@dataclass(frozen=True)
class _Key:
    """A key as numbers.

    Attributes:
        codes: -1 for missing, else a position in `labels`, shape (n,).
        labels: different texts.
        numeric: whether the labels are whole numbers.
    """

    codes: NDArray[Any]
    labels: tuple[str, ...]
    numeric: bool


@dataclass(frozen=True)
class _Piece:
    """Some rows as numbers.

    Attributes:
        group: number in the cross of the piece's own labels, missing first, shape (n,); empty where
            there are more groups than can be counted.
        seconds: -1 where unknown, shape (n,).
        occurs: which groups have a row that counts.
        labels: by key, as of `_Key`.
        numeric: keys whose labels are whole numbers.
    """

    group: NDArray[Any]
    seconds: NDArray[np.int32]
    occurs: NDArray[np.bool_]
    labels: Mapping[str, tuple[str, ...]]
    numeric: frozenset[str]


@dataclass(frozen=True)
class _Columns:
    """Which columns of a table say what."""

    keys: tuple[str, ...]
    seconds: str
    between: tuple[str, str] | None
    bounds_s: Mapping[str, int]
    zone: str

    def read(self) -> list[str]:
        """Return the columns to read."""
        made = {"hour"} if self.between else set()
        zones = {self.zone} if self.bounds_s else set()
        return sorted({*self.keys} - made | zones | {*(self.between or (self.seconds,))})

    def piece(self, table: pl.DataFrame) -> _Piece:
        """Return rows as numbers."""
        keys: dict[str, _Key] = {}
        if self.between:
            seconds, hour = _clocked(*(table[name] for name in self.between))
            keys["hour"] = _Key(hour, _HOURS, numeric=True)
        else:
            seconds = _whole(table[self.seconds])
        for name in {*self.keys, *([self.zone] if self.bounds_s else [])} - {*keys}:
            keys[name] = _coded(table[name])
        if self.bounds_s and self.zone not in self.keys:
            keys[_BOUND] = self._bound(keys[self.zone])
        crossed = [*self.keys, *({_BOUND} & {*keys})]
        most = MOST_CROSSED * (len(self.bounds_s) + 1)
        return _crossed({name: keys[name] for name in crossed}, fixed(seconds), most)

    def _bound(self, zones: _Key) -> _Key:
        """Return the key of the zones that have a bound; all others are missing."""
        names = tuple(self.bounds_s)
        places = [names.index(z) if z in self.bounds_s else -1 for z in zones.labels]
        return _Key(np.array([*places, -1], np.int32)[zones.codes], names, numeric=False)


def _whole(column: pl.Series) -> NDArray[np.int32]:
    """Return whole seconds, -1 where there are none that 32 bits hold."""
    if not (column.dtype.is_integer() or column.dtype == pl.Null):
        raise TypeError(f"{column.name} is {column.dtype}, not whole seconds: cast it to Int32")
    return column.cast(pl.Int32, strict=False).fill_null(-1).to_numpy()


def _parts(table: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Return a table in pieces that fit the processor's cache, each in one run of memory.

    Cut where the table has been put together of parts, no value needs to be copied.
    """
    sizes = [len(chunk) for chunk in table.to_series(0).get_chunks()]
    if len(sizes) * _FEWEST_A_PIECE > len(table):
        sizes = [len(table)]
    first = 0
    for size in sizes:
        pieces = max(-(-size // _ROWS_A_PIECE), 1)
        cuts = [first + size * k // pieces for k in range(pieces + 1)]
        yield from (table[low:high].rechunk() for low, high in pairwise(cuts))
        first += size


def _coded(column: pl.Series) -> _Key:
    """Return a key as codes; whole numbers stand for themselves where they are few."""
    if column.dtype.is_integer():
        column = column.cast(pl.Int64)
        least, most = column.min(), column.max()
        if isinstance(least, int) and isinstance(most, int) and most - least < MOST_CROSSED:
            shifted = (column - least).fill_null(-1).cast(pl.Int32)
            labels = tuple(map(str, range(least, most + 1)))
            return _Key(fixed(shifted.to_numpy()), labels, numeric=True)
    if column.dtype == pl.String and (found := arrow.numbers_by_place(column)) is not None:
        codes, firsts = found
        texts = column.gather(firsts).to_list()
        unlike = {text: code for code, text in enumerate(dict.fromkeys(texts))}
        if len(unlike) < len(texts):
            codes = np.array([*(unlike[text] for text in texts), -1], np.int32)[codes]
        return _Key(fixed(codes), tuple(unlike), numeric=False)
    coded = encode(column)
    codes = coded.codes.astype(np.int32) - np.int32(1)
    return _Key(fixed(codes), coded.labels, numeric=column.dtype.is_integer())


def _crossed(keys: Mapping[str, _Key], seconds: NDArray[np.int32], most: int) -> _Piece:
    """Return rows with their number in the cross of `keys`, if that has at most `most` groups."""
    labels = {name: key.labels for name, key in keys.items()}
    numeric = frozenset(name for name, key in keys.items() if key.numeric)
    size = math.prod(len(texts) + 1 for texts in labels.values())
    if size > most:
        return _Piece(np.empty(0, np.uint16), seconds, np.zeros(0, np.bool_), labels, numeric)
    group = np.zeros(len(seconds), np.uint16 if size <= 1 << 16 else np.uint32)
    for key in keys.values():
        grouped_loops.crossed(group, key.codes, len(key.labels) + 1)
    occurs = np.zeros(size, np.bool_)
    grouped_loops.occurring(group, seconds, occurs)
    return _Piece(group, seconds, occurs, labels, numeric)


@dataclass(frozen=True)
class _Cross:
    """The cross of the labels of all pieces; of each key the first group is that of missing."""

    labels: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, pieces: Sequence[_Piece]) -> _Cross:
        """Return the labels of pieces in order; whole numbers by size."""
        found = {}
        for key in pieces[0].labels:
            texts = {text for piece in pieces for text in piece.labels[key]}
            whole = all(key in piece.numeric for piece in pieces)
            found[key] = tuple(sorted(texts, key=int) if whole else sorted(texts))
        return cls(found)

    def sizes(self, keys: Iterable[str]) -> list[int]:
        """Return the number of groups of keys."""
        return [len(self.labels[key]) + 1 for key in keys]

    def numbers(self, piece: _Piece) -> Ints:
        """Return the number in this cross of each group of a piece."""
        number = np.zeros(1, np.int64)
        for key, texts in self.labels.items():
            place = {text: k for k, text in enumerate(texts, start=1)}
            there = np.array([0, *(place[text] for text in piece.labels[key])], np.int64)
            number = (number[:, None] * (len(texts) + 1) + there).ravel()
        return number


def _held(pieces: Sequence[_Piece], numbers: Sequence[Ints], size: int) -> Ints:
    """Return the groups of a cross that have a row that counts."""
    occurs = np.zeros(size, np.bool_)
    for piece, number in zip(pieces, numbers, strict=True):
        occurs[number[piece.occurs]] = True
    return np.flatnonzero(occurs)


def _width(pieces: Sequence[_Piece], groups: int) -> int:
    """Return how many seconds a table should hold, so that few calls lie beyond."""
    step = max(sum(len(piece.seconds) for piece in pieces) // _SAMPLE, 1)
    seen = np.sort(np.concatenate([piece.seconds[::step] for piece in pieces]))
    likely = int(seen[int((1 - _SHARE_BEYOND) * (len(seen) - 1))]) if len(seen) else 0
    return max(min(likely + 1, CELLS // max(groups, 1)), _LEAST_WIDTH)


def _counted(pieces: Sequence[_Piece], numbers: Sequence[Ints], held: Ints, width: int) -> Counts:
    """Return the counts of pieces in the groups `held`."""
    table = np.zeros((len(held), width), np.uint32)
    counts = Counts(table, np.empty((0, 3), np.int64))
    over = np.empty((max((len(piece.seconds) for piece in pieces), default=0), 2), np.int64)
    for piece, number in zip(pieces, numbers, strict=True):
        row_of = np.searchsorted(held, number).astype(np.int32)
        many = grouped_loops.tally(piece.group, piece.seconds, row_of, counts.table, over)
        if many:
            counts.add_over(np.column_stack([over[:many], np.ones(many, np.int64)]))
    return counts


def _figures(
    counts: Counts, cross: _Cross, held: Ints, columns: _Columns, confidence: float
) -> pl.DataFrame:
    """Return the figures of counts in the groups `held` of a cross."""
    sizes, bounds_s = cross.sizes(cross.labels), columns.bounds_s
    number = dict(zip(cross.labels, np.unravel_index(held, sizes), strict=True))
    judged = within = np.zeros((len(held), 0), np.int64)
    if bounds_s:
        key = _BOUND if _BOUND in cross.labels else columns.zone
        names = list(bounds_s)
        places = [names.index(text) if text in bounds_s else -1 for text in cross.labels[key]]
        judged, within = _judged(counts, np.array([-1, *places])[number[key]], bounds_s)
    if _BOUND in cross.labels and len(held):
        # The last key of the cross is no key of the result: its groups are neighbours.
        _, firsts, group = np.unique(held // sizes[-1], return_index=True, return_inverse=True)
        counts.over[:, 0] = group[counts.over[:, 0]]
        counts = Counts(np.add.reduceat(counts.table, firsts), counts.over)
        judged, within = (np.add.reduceat(table, firsts) for table in (judged, within))
        number = {name: places[firsts] for name, places in number.items()}
    found: dict[str, NDArray[Any]] = summary.describe(counts, confidence=confidence)
    if bounds_s:
        found |= summary.against_targets(judged, within, bounds_s, confidence=confidence)
    named = {
        key: pl.Series([None, *cross.labels[key]], dtype=pl.String).gather(number[key])
        for key in columns.keys
    }
    return pl.DataFrame({**named, **found})


def _judged(counts: Counts, which: Ints, bounds_s: Mapping[str, int]) -> tuple[Ints, Ints]:
    """Return the rows that each bound judges and those within it, shape (groups, bounds).

    Args:
        counts: of groups of which a bound judges all rows or none.
        which: place of that bound in `bounds_s`, -1 for none, shape (groups,).
        bounds_s: as of `by`.
    """
    bound = np.array([*bounds_s.values(), -1], np.int64)[which]
    group, value, many = counts.over.T
    found = []
    for most in (np.full(len(which), np.iinfo(np.int64).max - 1), bound):
        rows = np.zeros(len(which), np.int64)
        grouped_loops.heads(counts.table, np.maximum(most + 1, 0), rows)
        np.add.at(rows, group, np.where(value <= most[group], many, 0))
        found.append(np.where(which[:, None] == np.arange(len(bounds_s)), rows[:, None], 0))
    return found[0], found[1]
