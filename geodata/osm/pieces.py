"""Ways cut at junctions, and the pieces joined again where nothing but a bend is between them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from shapely.geometry.base import BaseGeometry

from geodata.osm.extract import Ints, Ways

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Pieces:
    """Pieces of road between nodes where a turn is possible or something changes.

    Attributes:
        way: position of the way in the `Ways` that each was cut from, shape (n,).
        tail, head: number of the node at each end; nodes are counted from 0, shape (n,).
        path: flat positions of the vertices of each piece, in driving order for one-way pieces.
        node_ref: map number of each node, shape (nodes,).
        node_at: flat position of one vertex of each node, shape (nodes,).
        node_blocked: whether the node is an end made by a barrier, shape (nodes,).
    """

    way: Ints
    tail: Ints
    head: Ints
    path: list[Ints]
    node_ref: Ints
    node_at: Ints
    node_blocked: Flags

    def __len__(self) -> int:
        return len(self.way)

    def keep(self, rows: Ints) -> Pieces:
        """Return the pieces at the positions `rows`; the nodes stay as they are."""
        path = [self.path[k] for k in rows.tolist()]
        return replace(
            self, way=self.way[rows], tail=self.tail[rows], head=self.head[rows], path=path
        )


def cut(ways: Ways, usable: Flags, blocking: Ints, area: BaseGeometry) -> Pieces:
    """Cut ways at every node that two of them share, that ends one, or that a barrier blocks.

    Nodes that the file lacks or that lie outside the area interrupt a way. At a blocking node the
    pieces end apart from each other, so that nothing passes; no node where a turn is possible is
    lost. Nodes at one place that a way joins without any length are one node, which has the lowest
    of their numbers.

    Args:
        ways: roads.
        usable: which of them to use, shape (ways,).
        blocking: map numbers of nodes that no emergency vehicle passes.
        area: the area to import, degrees.
    """
    inside = _inside(ways, usable, area)
    way_of = np.repeat(np.arange(len(ways)), np.diff(ways.start))
    runs = _runs(way_of, inside)
    flat = np.flatnonzero(inside)
    refs, index, times = np.unique(ways.refs[flat], return_inverse=True, return_counts=True)
    shared = np.zeros(len(ways.refs), bool)
    shared[flat] = times[index] > 1
    blocked = np.zeros(len(ways.refs), bool)
    blocked[flat] = np.isin(refs, blocking)[index]
    number = np.full(len(ways.refs), -1, np.int64)
    number[flat] = index
    return _pieces(ways, way_of, runs, shared | blocked, blocked, number, refs)


def joined(pieces: Pieces, same: Ints, oneway: Flags) -> tuple[list[Ints], Ints, Ints, list[Ints]]:
    """Join pieces end to end where exactly two meet and agree.

    Two pieces are joined at a node where no third ends, when their entries in `same` are equal and,
    if they are one-way, one leads into the other.

    Args:
        pieces: pieces of road.
        same: a number for everything that must agree, shape (n,).
        oneway: whether each is one-way along its path, shape (n,).

    Returns:
        For each chain the rows of its pieces in order, its tail and head node, and its vertices as
        flat positions.
    """
    partner = _partners(pieces, same, oneway)
    used = np.zeros(len(pieces), bool)
    rows, tails, heads, paths = [], [], [], []
    # Chains start where there is no partner; what is left after those are closed rings.
    open_ends = [(k, e) for k in range(len(pieces)) for e in (0, 1) if partner[k, e, 0] < 0]
    rings = [(k, 0) for k in range(len(pieces))]
    for k, end in [*open_ends, *rings]:
        if used[k] or (end == 1 and oneway[k]):
            continue
        chain = _walk(k, end, partner, used)
        rows.append(np.array([row for row, _ in chain]))
        paths.append(_path(pieces, chain))
        tails.append(_end(pieces, *chain[0], first=True))
        heads.append(_end(pieces, *chain[-1], first=False))
    return rows, np.array(tails, np.int64), np.array(heads, np.int64), paths


def _inside(ways: Ways, usable: Flags, area: BaseGeometry) -> Flags:
    """Return which nodes belong to a usable way, are known, and lie in the area."""
    known = np.isfinite(ways.lon) & np.repeat(usable, np.diff(ways.start))
    at = np.flatnonzero(known)
    shapely.prepare(area)
    known[at] = shapely.intersects_xy(area, ways.lon[at], ways.lat[at])
    return known


def _runs(way_of: Ints, inside: Flags) -> Ints:
    """Return first and last flat position of each unbroken run of a way, shape (r, 2)."""
    if not len(inside):
        return np.empty((0, 2), np.int64)
    follows = inside[1:] & inside[:-1] & (way_of[1:] == way_of[:-1])
    linked_before = np.r_[False, follows]
    linked_after = np.r_[follows, False]
    first = np.flatnonzero(inside & ~linked_before & linked_after)
    last = np.flatnonzero(inside & linked_before & ~linked_after)
    return np.column_stack((first, last))


def _pieces(
    ways: Ways,
    way_of: Ints,
    runs: Ints,
    breaks: Flags,
    blocked: Flags,
    number: Ints,
    refs: Ints,
) -> Pieces:
    way, tail, head, path = [], [], [], []
    extra_ref, extra_at = [], []
    same: list[tuple[int, int]] = []
    at = np.full(len(refs), -1, np.int64)

    def node(position: int) -> int:
        if blocked[position]:
            extra_ref.append(int(refs[number[position]]))
            extra_at.append(position)
            return len(refs) + len(extra_ref) - 1
        at[number[position]] = position
        return int(number[position])

    for first, last in runs.tolist():
        inner = first + 1 + np.flatnonzero(breaks[first + 1 : last])
        ends = [first, *inner.tolist(), last]
        for begin, end in itertools.pairwise(ends):
            span = _without_repeats(ways, begin, end)
            if len(span) >= 2:
                way.append(int(way_of[first]))
                tail.append(node(begin))
                head.append(node(end))
                path.append(span)
            elif breaks[[begin, end]].all() and not blocked[[begin, end]].any():
                same.append((node(begin), node(end)))
    one = _merged(same, len(refs) + len(extra_ref))
    return Pieces(
        np.array(way, np.int64),
        one[np.array(tail, np.int64)],
        one[np.array(head, np.int64)],
        path,
        np.concatenate([refs, np.array(extra_ref, np.int64)]),
        np.concatenate([at, np.array(extra_at, np.int64)]),
        np.r_[np.zeros(len(refs), bool), np.ones(len(extra_ref), bool)],
    )


def _merged(same: list[tuple[int, int]], n: int) -> Ints:
    """Return for each of n nodes the lowest of those that it is one with, shape (n,)."""
    if not same:
        return np.arange(n)
    a, b = np.array(same, np.int64).reshape(-1, 2).T
    graph = sparse.coo_array((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    _, label = csgraph.connected_components(graph, directed=False)
    _, lowest, of = np.unique(label, return_index=True, return_inverse=True)
    return np.asarray(lowest[of], np.int64)


def _without_repeats(ways: Ways, begin: int, end: int) -> Ints:
    """Return the positions from begin to end without vertices on top of the one before."""
    span = np.arange(begin, end + 1)
    moved = (np.diff(ways.lon[span]) != 0) | (np.diff(ways.lat[span]) != 0)
    if moved.all():
        return span
    kept = span[np.r_[True, moved]]
    if len(kept) >= 2:
        kept[-1] = end
    return kept


def _partners(pieces: Pieces, same: Ints, oneway: Flags) -> NDArray[np.int64]:
    """Return for each end of each piece the piece and end it joins, or -1; shape (n, 2, 2)."""
    n = len(pieces)
    partner = np.full((n, 2, 2), -1, np.int64)
    node = np.concatenate([pieces.tail, pieces.head])
    order = np.argsort(node, kind="stable")
    sorted_node = node[order]
    first = np.flatnonzero(np.r_[True, sorted_node[1:] != sorted_node[:-1]]) if n else order
    count = np.diff(np.r_[first, len(order)])
    pair = first[count == 2]
    a, b = order[pair], order[pair + 1]
    piece_a, end_a, piece_b, end_b = a % max(n, 1), a // max(n, 1), b % max(n, 1), b // max(n, 1)
    fits = (piece_a != piece_b) & (same[piece_a] == same[piece_b])
    fits &= oneway[piece_a] == oneway[piece_b]
    fits &= ~oneway[piece_a] | (end_a != end_b)
    piece_a, end_a, piece_b, end_b = (x[fits] for x in (piece_a, end_a, piece_b, end_b))
    partner[piece_a, end_a] = np.column_stack((piece_b, end_b))
    partner[piece_b, end_b] = np.column_stack((piece_a, end_a))
    return partner


def _walk(start: int, end: int, partner: NDArray[np.int64], used: Flags) -> list[tuple[int, int]]:
    """Return (piece, end it is entered by) from `start` on, until no partner is left."""
    chain = []
    k, entered = start, end
    while k >= 0 and not used[k]:
        used[k] = True
        chain.append((k, entered))
        k, entered = partner[k, 1 - entered].tolist()
    return chain


def _path(pieces: Pieces, chain: Sequence[tuple[int, int]]) -> Ints:
    parts = [pieces.path[k] if entered == 0 else pieces.path[k][::-1] for k, entered in chain]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def _end(pieces: Pieces, k: int, entered: int, *, first: bool) -> int:
    at_tail = (entered == 0) == first
    return int(pieces.tail[k] if at_tail else pieces.head[k])
