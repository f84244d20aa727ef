"""Figures by group of any table of durations, counted as the audit counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from geodata.errors import Fault, InputError
from routing.audit import count_loops, loops, summary
from routing.audit.codes import Coded, encode, fixed
from routing.audit.tally import MOST_CROSSED, Counts

_SHARE_BEYOND = 0.001
_LEAST_WIDTH = 64
_SAMPLE = 65_536

Ints = NDArray[np.int64]


def by(
    table: pl.DataFrame,
    keys: Sequence[str],
    *,
    seconds: str,
    bounds_s: Mapping[str, int] | None = None,
    zone: str = "zone",
    workers: int = 2,
    confidence: float = 0.95,
) -> pl.DataFrame:
    """Return n, mean, median, p90 and share within the bound of each group.

    Args:
        table: rows with `keys`, `seconds` and, where there are bounds, `zone`.
        keys: columns to group by: texts, categories or small numbers; null is a group.
        seconds: column of durations in whole seconds; null and negative ones do not count.
        bounds_s: zone to its bound in seconds; a row is within when seconds <= bound.
        zone: column of the zone.
        workers: threads.
        confidence: level of the intervals.

    Returns:
        `keys`, then the figures of `summary.describe` and `summary.against_targets`, sorted.

    Raises:
        InputError: if there are more groups than can be counted.
    """
    coded = {
        key: _coded(table[key]) for key in dict.fromkeys((*keys, *([zone] if bounds_s else [])))
    }
    sizes = [len(coded[key].labels) + 1 for key in keys]
    size = int(np.prod(sizes, dtype=np.int64))
    if size > MOST_CROSSED:
        params: dict[str, object] = {"groups": size, "most": MOST_CROSSED}
        raise InputError(Fault("audit_many_groups", "keys", ",".join(keys), params))
    group = np.zeros(len(table), np.uint16)
    for key, many in zip(keys, sizes, strict=True):
        count_loops.crossed(coded[key].codes, np.arange(many, dtype=np.uint16), many, group)
    values = table[seconds].fill_null(-1).to_numpy()
    target, bounds = _targets(coded.get(zone), bounds_s or {}, len(table))
    counts, judged, within = _counted(values, group, target, bounds, size, workers)
    found = summary.describe(counts, confidence=confidence)
    if bounds_s:
        found |= summary.against_targets(judged, within, bounds_s, confidence=confidence)
    held = np.flatnonzero(found["n"])
    numbers = np.unravel_index(held, sizes)
    labels = {
        key: pl.Series([None, *coded[key].labels], dtype=pl.String).gather(number)
        for key, number in zip(keys, numbers, strict=True)
    }
    figures = {name: column[held] for name, column in found.items()}
    return pl.DataFrame({**labels, **figures})


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


def _coded(column: pl.Series) -> Coded:
    """Return a key as codes; whole numbers stand for themselves where they are few."""
    if column.dtype.is_integer():
        column = column.cast(pl.Int64)
        least, most = column.min(), column.max()
        if isinstance(least, int) and isinstance(most, int) and most - least < MOST_CROSSED:
            shifted = (column - (least - 1)).fill_null(0).cast(pl.UInt32)
            return Coded(shifted.to_numpy(), tuple(map(str, range(least, most + 1))))
    return encode(column)


def _targets(
    zones: Coded | None, bounds_s: Mapping[str, int], count: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return which bound holds for each row, their number where none does, and the bounds."""
    names = list(bounds_s)
    bounds = np.array(list(bounds_s.values()), np.int64)
    if zones is None:
        return np.zeros(count, np.uint8), bounds
    of_label = [names.index(z) if z in bounds_s else len(names) for z in zones.labels]
    return np.asarray(np.array([len(names), *of_label], np.uint8)[zones.codes]), bounds


def _counted(
    values: NDArray[Any],
    group: NDArray[np.uint16],
    target: NDArray[np.uint8],
    bounds: NDArray[np.int64],
    size: int,
    workers: int,
) -> tuple[Counts, Ints, Ints]:
    """Return the counts of all rows, made in threads."""
    seen = np.sort(values[:: max(len(values) // _SAMPLE, 1)])
    likely = int(seen[int((1 - _SHARE_BEYOND) * (len(seen) - 1))]) if len(seen) else 0
    width = max(likely + 1, _LEAST_WIDTH)

    def piece(begin: int, end: int) -> tuple[Counts, Ints, Ints]:
        mine, groups = values[begin:end], group[begin:end]
        counts, kept = Counts.empty(size, width), np.zeros(end - begin, np.bool_)
        beyond = int(np.count_nonzero(mine >= width))
        over = np.empty(beyond, np.uint16), np.empty(beyond, np.int32)
        count_loops.tally(mine, groups, kept, counts.table, *over)
        counts.add_over(np.column_stack([*over, np.ones(beyond, np.int64)]))
        judged, within = (np.zeros((size, len(bounds)), np.int64) for _ in range(2))
        count_loops.tally_within(mine, groups, kept, target[begin:end], bounds, judged, within)
        return counts, judged, within

    edges = np.linspace(0, len(values), workers + 1).astype(int).tolist()
    with ThreadPoolExecutor(workers) as pool:
        pieces = list(pool.map(piece, edges[:-1], edges[1:]))
    for other in pieces[1:]:
        pieces[0][0].add(other[0])
    _, judged, within = (list(column) for column in zip(*pieces, strict=True))
    return pieces[0][0], np.sum(judged, axis=0), np.sum(within, axis=0)
