"""Figures by group of any table of durations, counted as the audit counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from geodata.errors import Fault, InputError
from routing.audit import count_loops, loops, summary
from routing.audit.codes import encode, fixed
from routing.audit.tally import MOST_CROSSED, Counts

_SHARE_BEYOND = 0.001
_LEAST_WIDTH = 64
_SAMPLE = 65_536
ROWS_AT_ONCE: Final = 2_000_000
"""Most rows that a thread reads at once of a table that is still to be read."""
_ROWS_A_PIECE = 131_072

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

    Args:
        table: rows with `keys`, `seconds` and, where there are bounds, `zone`.
        keys: columns to group by: texts, categories or small numbers; null is a group.
        seconds: column of durations in whole seconds; null and negative ones do not count.
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
    """
    lazy, coded = table.lazy(), tuple(dict.fromkeys((*keys, *([zone] if bounds_s else []))))
    rows = int(lazy.select(pl.len()).collect().item())

    names = lazy.collect_schema()
    used = {*coded, *([seconds] if seconds else []), *(between or ())} & {*names}
    wanted = lazy.select(
        pl.col(name).cast(pl.Categorical) if names[name] == pl.String else pl.col(name)
        for name in sorted(used)
    )
    step = min(max(-(-rows // (2 * workers)), 1), ROWS_AT_ONCE)

    def read(first: int) -> list[_Piece]:
        some = wanted.slice(first, step).collect()
        cuts = range(0, max(len(some), 1), _ROWS_A_PIECE)
        return [_piece(some[k : k + _ROWS_A_PIECE], coded, seconds, between) for k in cuts]

    with ThreadPoolExecutor(workers) as pool:
        pieces = [*chain.from_iterable(pool.map(read, range(0, max(rows, 1), step)))]
        labels = {key: _merged(pieces, key) for key in coded}
        sizes = [len(labels[key]) + 1 for key in keys]
        size = math.prod(sizes)
        if size > MOST_CROSSED:
            params: dict[str, object] = {"groups": size, "most": MOST_CROSSED}
            raise InputError(Fault("audit_many_groups", "keys", ",".join(keys), params))
        plan = _Plan(tuple(keys), labels, zone, bounds_s or {}, size, _width(pieces))
        shares = [pieces[k::workers] for k in range(workers)]
        counted = list(pool.map(plan.count, shares))
    counts, judged, within = counted[0]
    for other in counted[1:]:
        counts.add(other[0])
        judged, within = judged + other[1], within + other[2]
    found = summary.describe(counts, confidence=confidence)
    if bounds_s:
        found |= summary.against_targets(judged, within, bounds_s, confidence=confidence)
    held = np.flatnonzero(found["n"])
    numbers = np.unravel_index(held, sizes)
    named = {
        key: pl.Series([None, *labels[key]], dtype=pl.String).gather(number)
        for key, number in zip(keys, numbers, strict=True)
    }
    return pl.DataFrame({**named, **{name: column[held] for name, column in found.items()}})


def timed(table: pl.DataFrame, *, start: str, end: str) -> pl.DataFrame:
    """Return a table with ``seconds`` from start to end, and the ``hour`` of the start.

    Args:
        table: rows with two columns of date-times without a zone.
        start, end: these columns, which are taken out.
    """
    ticks = [
        table[name].cast(pl.Datetime("ms")).to_physical().fill_null(loops.NO_STAMP).to_numpy()
        for name in (start, end)
    ]
    seconds, hour = np.empty(len(table), np.int32), np.empty(len(table), np.uint8)
    loops.clocked(fixed(ticks[0]), fixed(ticks[1]), 1_000, seconds, hour)
    return table.drop(start, end).with_columns(seconds=seconds, hour=hour)


@dataclass(frozen=True)
class _Piece:
    """Some rows as numbers: keys by name, and seconds, -1 for unknown."""

    keys: Mapping[str, _Key]
    seconds: NDArray[Any]


def _piece(
    table: pl.DataFrame,
    coded: Sequence[str],
    seconds: str | None,
    between: tuple[str, str] | None,
) -> _Piece:
    if between is not None:
        table = timed(table, start=between[0], end=between[1])
    values = table[seconds or "seconds"].fill_null(-1).to_numpy()
    return _Piece({key: _coded(table[key]) for key in coded}, fixed(values))


def _merged(pieces: Sequence[_Piece], key: str) -> tuple[str, ...]:
    """Return the labels of a key in order; whole numbers by size."""
    found = {label for piece in pieces for label in piece.keys[key].labels}
    whole = all(piece.keys[key].numeric for piece in pieces)
    return tuple(sorted(found, key=int) if whole else sorted(found))


@dataclass(frozen=True)
class _Key:
    """A key as numbers: see `codes.Coded`; `numeric` where the labels are whole numbers."""

    codes: NDArray[np.integer]
    labels: tuple[str, ...]
    numeric: bool


def _coded(column: pl.Series) -> _Key:
    """Return a key as codes; whole numbers stand for themselves where they are few."""
    if column.dtype.is_integer():
        column = column.cast(pl.Int64)
        least, most = column.min(), column.max()
        if isinstance(least, int) and isinstance(most, int) and most - least < MOST_CROSSED:
            shifted = (column - (least - 1)).fill_null(0).cast(pl.UInt16)
            return _Key(shifted.to_numpy(), tuple(map(str, range(least, most + 1))), numeric=True)
    found = encode(column)
    kind = np.min_scalar_type(len(found.labels))
    return _Key(found.codes.astype(kind), found.labels, numeric=column.dtype.is_integer())


def _width(pieces: Sequence[_Piece]) -> int:
    """Return how many seconds a table should hold, so that few calls lie beyond."""
    step = max(sum(len(piece.seconds) for piece in pieces) // _SAMPLE, 1)
    seen = np.sort(np.concatenate([piece.seconds[::step] for piece in pieces]))
    likely = int(seen[int((1 - _SHARE_BEYOND) * (len(seen) - 1))]) if len(seen) else 0
    return max(likely + 1, _LEAST_WIDTH)


@dataclass(frozen=True)
class _Plan:
    """What pieces are counted into."""

    keys: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]
    zone: str
    bounds_s: Mapping[str, int]
    size: int
    width: int

    def count(self, pieces: Sequence[_Piece]) -> tuple[Counts, Ints, Ints]:
        """Return the counts of pieces, and the rows judged and within by group and bound."""
        counts = Counts.empty(self.size, self.width)
        bounds = np.array(list(self.bounds_s.values()), np.int64)
        judged, within = (np.zeros((self.size, len(bounds)), np.int64) for _ in range(2))
        for piece in pieces:
            values, group = piece.seconds, self._group(piece)
            kept = np.zeros(len(values), np.bool_)
            beyond = int(np.count_nonzero(values >= self.width))
            over = np.empty(beyond, np.uint16), np.empty(beyond, np.int32)
            count_loops.tally(values, group, kept, counts.table, *over)
            counts.add_over(np.column_stack([*over, np.ones(beyond, np.int64)]))
            if self.bounds_s:
                target = self._target(piece)
                count_loops.tally_within(values, group, kept, target, bounds, judged, within)
        return counts, judged, within

    def _group(self, piece: _Piece) -> NDArray[np.uint16]:
        group = np.zeros(len(piece.seconds), np.uint16)
        for key in self.keys:
            place = {label: k for k, label in enumerate(self.labels[key], start=1)}
            codes, labels = piece.keys[key].codes, piece.keys[key].labels
            lookup = np.array([0, *(place[label] for label in labels)], np.uint16)
            count_loops.crossed(codes, lookup, len(place) + 1, group)
        return group

    def _target(self, piece: _Piece) -> NDArray[np.uint8]:
        """Return which bound holds for each row, their number where none does."""
        names, zones = list(self.bounds_s), piece.keys[self.zone]
        of_label = [names.index(z) if z in names else len(names) for z in zones.labels]
        return np.asarray(np.array([len(names), *of_label], np.uint8)[zones.codes])
