"""Merge demand points that the same sites cover, while they stream past.

A maximal covering problem only needs to know, for each set of covering sites, how much demand has
it. Twenty million points on a plane with a hundred sites have a few thousand such sets.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geodata.errors import Fault, InputError
from geodata.jit import compiled

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Words = NDArray[np.uint64]
Bools = NDArray[np.bool_]

# Cells a side of the lattice that saves most distance tests.
_CELLS = 160
# The words that stand for the sites are always the same, so results are too.
_WORD_SEED = 20240229
_CHUNK = 1 << 18


@dataclass(frozen=True)
class CoverGroups:
    """Demand merged by its set of covering sites.

    Attributes:
        n_sites: number of sites.
        starts: shape (group + 1,); the sites of group g are ``sites[starts[g]:starts[g + 1]]``.
        sites: site numbers, ascending within a group; no group is without one.
        weights: shape (group,), demand.
        out_of_reach: demand that no site covers.
        n_points: number of points merged.
    """

    n_sites: int
    starts: Ints
    sites: Ints
    weights: Floats
    out_of_reach: float
    n_points: int

    def covered(self, open_sites: ArrayLike) -> float:
        """Return the demand that at least one of `open_sites` covers."""
        is_open = np.zeros(self.n_sites, dtype=np.int64)
        is_open[np.asarray(open_sites, dtype=np.int64)] = 1
        if not len(self.weights):
            return 0.0
        hit = np.add.reduceat(is_open[self.sites], self.starts[:-1]) > 0
        return float(self.weights[hit].sum())

    def without(self, taken: ArrayLike, dropped: ArrayLike) -> CoverGroups:
        """Return the groups that `taken` sites leave, told apart by the sites not `dropped` only.

        Site numbers stay. Groups that only dropped sites cover count as out of reach.
        """
        state = np.zeros(self.n_sites, dtype=np.int64)
        state[np.asarray(dropped, dtype=np.int64)] = 1
        state[np.asarray(taken, dtype=np.int64)] = 2
        merger = CoverMerger(self.n_sites)
        if len(self.weights):
            done = np.maximum.reduceat(state[self.sites], self.starts[:-1]) == 2
            lengths = np.diff(self.starts)
            keep = (state[self.sites] == 0) & ~np.repeat(done, lengths)
            sizes = np.add.reduceat(keep.astype(np.int64), self.starts[:-1])[~done]
            merger.add_sets(np.r_[0, np.cumsum(sizes)], self.sites[keep], self.weights[~done])
        found = merger.finish()
        return CoverGroups(
            n_sites=self.n_sites,
            starts=found.starts,
            sites=found.sites,
            weights=found.weights,
            out_of_reach=self.out_of_reach + found.out_of_reach,
            n_points=self.n_points,
        )


@dataclass
class _Table:
    """Open-addressing table from 128-bit signatures to groups."""

    high: Words = field(default_factory=lambda: np.zeros(1 << 12, np.uint64))
    low: Words = field(default_factory=lambda: np.zeros(1 << 12, np.uint64))
    group: Ints = field(default_factory=lambda: np.full(1 << 12, -1, np.int64))
    weights: Floats = field(default_factory=lambda: np.zeros(1 << 11))
    n_groups: int = 0

    def grow(self) -> None:
        old = (self.high, self.low, self.group)
        size = 2 * len(self.group)
        self.high, self.low = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
        self.group = np.full(size, -1, np.int64)
        _rehash(*old, self.high, self.low, self.group)
        self.weights = np.concatenate([self.weights, np.zeros(len(self.weights))])


class CoverMerger:
    """Takes demand chunk by chunk and keeps one entry per set of covering sites.

    Each site stands for a random 128-bit word and a set for the exclusive or of its words (Zobrist
    1970); two different sets among a million share a signature with a chance below 1e-26.

    Example:
        >>> merger = CoverMerger(2)
        >>> merger.add_table([[True, False], [True, False], [True, True]], [1, 2, 3])
        >>> merger.finish().weights
        array([3., 3.])
    """

    def __init__(self, n_sites: int) -> None:
        words = np.random.default_rng(_WORD_SEED)
        self.n_sites = n_sites
        self._words = words.integers(0, 2**64, (2, n_sites), dtype=np.uint64)
        self._table = _Table()
        self._sizes: list[Ints] = []
        self._sites: list[Ints] = []
        self._out_of_reach = 0.0
        self._n_points = 0

    def add_table(self, covers: ArrayLike, weights: ArrayLike) -> None:
        """Add points by a table of which sites cover them, shape (point, site) of bool."""
        table = np.asarray(covers, dtype=np.bool_)
        if table.ndim != 2 or table.shape[1] != self.n_sites:
            raise InputError(Fault("solver_table", "covers", str(table.shape)))
        sizes = table.sum(axis=1)
        self.add_sets(np.r_[0, np.cumsum(sizes)], np.nonzero(table)[1], weights)

    def add_sets(self, starts: ArrayLike, sites: ArrayLike, weights: ArrayLike) -> None:
        """Add points by their covering sites, ``sites[starts[i]:starts[i + 1]]`` for point i."""
        begin, listed = np.asarray(starts, np.int64), np.asarray(sites, np.int64)
        demand = _weights(weights, len(begin) - 1)
        high, low, sizes = _set_signatures(begin, listed, *self._words)
        for chosen in self._absorb(high, low, sizes, demand):
            counts = sizes[chosen]
            offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            self._sizes.append(counts)
            self._sites.append(listed[np.repeat(begin[chosen], counts) + offsets])

    def add_plane(
        self,
        points: ArrayLike,
        weights: ArrayLike,
        sites: ArrayLike,
        radius: float,
        *,
        inclusive: bool = True,
    ) -> None:
        """Add points on a plane that a site covers within `radius`.

        Args:
            points: shape (point, 2), any metric unit.
            weights: shape (point,), demand.
            sites: shape (site, 2), the same in every call.
            radius: in the same unit.
            inclusive: whether a point at exactly `radius` is covered: ``<=`` if so, ``<`` if not.
        """
        place = np.ascontiguousarray(np.asarray(points, dtype=np.float64))
        at = np.ascontiguousarray(np.asarray(sites, dtype=np.float64))
        demand = _weights(weights, len(place))
        # Nobody outside this box is covered, so cells are needed inside it only.
        corner = at.min(axis=0, initial=np.inf) - 1.01 * radius
        span = at.max(axis=0, initial=-np.inf) + 1.01 * radius - corner
        n_cells = int(min(_CELLS, 1 + math.isqrt(len(place)) // 8))
        cell = np.maximum(span / n_cells, 1e-300)
        cells = _cell_lists(corner, cell, n_cells, at, radius, *self._words)
        for first in range(0, len(place), _CHUNK):
            part = slice(first, first + _CHUNK)
            high, low, sizes = _plane_signatures(
                place[part], at, radius * radius, inclusive, corner, cell, n_cells, *cells,
                *self._words,
            )  # fmt: skip
            for chosen in self._absorb(high, low, sizes, demand[part]):
                total = int(sizes[chosen].sum())
                near = place[part][chosen]
                self._sites.append(_plane_sets(near, at, radius * radius, inclusive, total))
                self._sizes.append(sizes[chosen])

    def finish(self) -> CoverGroups:
        """Return the groups, in the order in which their sets first came."""
        sizes = np.concatenate([np.zeros(0, np.int64), *self._sizes])
        return CoverGroups(
            n_sites=self.n_sites,
            starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            sites=np.concatenate([np.zeros(0, np.int64), *self._sites]),
            weights=self._table.weights[: self._table.n_groups].copy(),
            out_of_reach=self._out_of_reach,
            n_points=self._n_points,
        )

    def _absorb(self, high: Words, low: Words, sizes: Ints, weights: Floats) -> Iterable[Ints]:
        """Add a chunk; yield the places in it of the points that start new groups."""
        self._n_points += len(sizes)
        self._out_of_reach += float(weights[sizes == 0].sum())
        done = 0
        new = np.empty(len(sizes), np.int64)
        while done < len(sizes):
            table = self._table
            done, n_groups = _insert(
                high, low, sizes, weights, done,
                table.high, table.low, table.group, table.weights, table.n_groups, new,
            )  # fmt: skip
            if n_groups > table.n_groups:
                yield new[: n_groups - table.n_groups].copy()
            table.n_groups = n_groups
            if done < len(sizes):
                table.grow()


def merge_plane(
    sites: ArrayLike,
    chunks: Iterable[tuple[ArrayLike, ArrayLike]],
    radius: float,
    *,
    inclusive: bool = True,
) -> CoverGroups:
    """Merge a stream of (points, weights) chunks on a plane; see `CoverMerger.add_plane`."""
    at = np.asarray(sites, dtype=np.float64)
    merger = CoverMerger(len(at))
    for points, weights in chunks:
        merger.add_plane(points, weights, at, radius, inclusive=inclusive)
    return merger.finish()


def _weights(weights: ArrayLike, expected: int) -> Floats:
    demand = np.asarray(weights, dtype=np.float64)
    if demand.shape != (expected,):
        raise InputError(
            Fault("solver_length", "weights", str(demand.shape), {"expected": expected})
        )
    wrong = ~(np.isfinite(demand) & (demand >= 0))
    if wrong.any():
        raise InputError(Fault("solver_weight", "weights", float(demand[wrong][0])))
    return demand


@compiled
def _set_signatures(
    starts: Ints, sites: Ints, word_high: Words, word_low: Words
) -> tuple[Words, Words, Ints]:
    n = len(starts) - 1
    high, low = np.zeros(n, np.uint64), np.zeros(n, np.uint64)
    sizes = np.empty(n, np.int64)
    for i in range(n):
        for k in range(starts[i], starts[i + 1]):
            high[i] ^= word_high[sites[k]]
            low[i] ^= word_low[sites[k]]
        sizes[i] = starts[i + 1] - starts[i]
    return high, low, sizes


@compiled
def _cell_lists(
    corner: Floats,
    cell: Floats,
    n_cells: int,
    sites: Floats,
    radius: float,
    word_high: Words,
    word_low: Words,
) -> tuple[Words, Words, Ints, Ints, Ints]:
    """Return for each cell the signature and number of the sites that cover all of it, and the
    sites that cover part of it."""
    total = n_cells * n_cells
    high, low = np.zeros(total, np.uint64), np.zeros(total, np.uint64)
    surely = np.zeros(total, np.int64)
    starts = np.zeros(total + 1, np.int64)
    maybe = np.empty(max(16, 4 * total), np.int64)
    count = 0
    inner, outer = (radius * (1 - 1e-9)) ** 2, (radius * (1 + 1e-9)) ** 2
    for c in range(total):
        x0 = corner[0] + (c // n_cells) * cell[0]
        y0 = corner[1] + (c % n_cells) * cell[1]
        # A little larger than the cell: rounding may put a point just outside its own cell.
        x1, y1 = x0 + cell[0] * (1 + 1e-6), y0 + cell[1] * (1 + 1e-6)
        x0, y0 = x0 - cell[0] * 1e-6, y0 - cell[1] * 1e-6
        for j in range(len(sites)):
            x, y = sites[j, 0], sites[j, 1]
            far_x, far_y = max(abs(x - x0), abs(x - x1)), max(abs(y - y0), abs(y - y1))
            near_x, near_y = max(x0 - x, 0.0, x - x1), max(y0 - y, 0.0, y - y1)
            if far_x * far_x + far_y * far_y < inner:
                high[c] ^= word_high[j]
                low[c] ^= word_low[j]
                surely[c] += 1
            elif near_x * near_x + near_y * near_y <= outer:
                if count == len(maybe):
                    maybe = np.concatenate((maybe, np.empty(len(maybe), np.int64)))
                maybe[count] = j
                count += 1
        starts[c + 1] = count
    return high, low, surely, starts, maybe[:count]


@compiled
def _plane_signatures(
    points: Floats,
    sites: Floats,
    limit: float,
    inclusive: bool,
    corner: Floats,
    cell: Floats,
    n_cells: int,
    cell_high: Words,
    cell_low: Words,
    surely: Ints,
    starts: Ints,
    maybe: Ints,
    word_high: Words,
    word_low: Words,
) -> tuple[Words, Words, Ints]:
    n = len(points)
    high, low = np.empty(n, np.uint64), np.empty(n, np.uint64)
    sizes = np.empty(n, np.int64)
    for i in range(n):
        x, y = points[i, 0], points[i, 1]
        row, column = (x - corner[0]) / cell[0], (y - corner[1]) / cell[1]
        if not (0.0 <= row < n_cells and 0.0 <= column < n_cells):
            high[i], low[i], sizes[i] = 0, 0, 0
            continue
        c = int(row) * n_cells + int(column)
        a, b, size = cell_high[c], cell_low[c], surely[c]
        for k in range(starts[c], starts[c + 1]):
            j = maybe[k]
            dx, dy = x - sites[j, 0], y - sites[j, 1]
            square = dx * dx + dy * dy
            if square < limit or (inclusive and square == limit):
                a ^= word_high[j]
                b ^= word_low[j]
                size += 1
        high[i], low[i], sizes[i] = a, b, size
    return high, low, sizes


@compiled
def _plane_sets(points: Floats, sites: Floats, limit: float, inclusive: bool, total: int) -> Ints:
    listed = np.empty(total, np.int64)
    count = 0
    for i in range(len(points)):
        for j in range(len(sites)):
            dx, dy = points[i, 0] - sites[j, 0], points[i, 1] - sites[j, 1]
            square = dx * dx + dy * dy
            if square < limit or (inclusive and square == limit):
                listed[count] = j
                count += 1
    return listed


@compiled
def _insert(
    high: Words,
    low: Words,
    sizes: Ints,
    weights: Floats,
    first: int,
    table_high: Words,
    table_low: Words,
    table_group: Ints,
    group_weights: Floats,
    n_groups: int,
    new: Ints,
) -> tuple[int, int]:
    """Add points from `first` on; stop when the table is half full.

    Returns the first point not added and the number of groups.
    """
    mask = np.uint64(len(table_group) - 1)
    before = n_groups
    for i in range(first, len(sizes)):
        if sizes[i] == 0:
            continue
        slot = low[i] & mask
        while table_group[slot] >= 0 and (table_high[slot] != high[i] or table_low[slot] != low[i]):
            slot = (slot + np.uint64(1)) & mask
        if table_group[slot] < 0:
            if n_groups == len(group_weights):
                return i, n_groups
            table_high[slot], table_low[slot] = high[i], low[i]
            table_group[slot] = n_groups
            new[n_groups - before] = i
            n_groups += 1
        group_weights[table_group[slot]] += weights[i]
    return len(sizes), n_groups


@compiled
def _rehash(
    old_high: Words, old_low: Words, old_group: Ints, high: Words, low: Words, group: Ints
) -> None:
    mask = np.uint64(len(group) - 1)
    for k in range(len(old_group)):
        if old_group[k] >= 0:
            slot = old_low[k] & mask
            while group[slot] >= 0:
                slot = (slot + np.uint64(1)) & mask
            high[slot], low[slot], group[slot] = old_high[k], old_low[k], old_group[k]
