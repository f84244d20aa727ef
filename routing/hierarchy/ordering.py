"""Nested dissection: which nodes of a network matter most, judged by its topology alone.

A node's *position* is 0 for the most important one. Small sets of nodes that split the network
into halves (a bridge, the crossings along a river) come first, then the same inside each half
(George 1973, doi:10.1137/0710032). Any order gives exact travel times; a good one gives few
shortcuts.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from geodata.errors import Fault, InputError
from geodata.jit import compiled

SMALL_COMPONENT = 32
LEAF_NODES = 12
N_DIRECTIONS = 8
LEAST_SHARE = 0.3
_DIRECTIONS = np.pi / N_DIRECTIONS * np.arange(N_DIRECTIONS)
_COS_SIN = np.column_stack([np.cos(_DIRECTIONS), np.sin(_DIRECTIONS)])


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Symmetric adjacency without loops or repeats: those of v are `node[ptr[v]:ptr[v + 1]]`."""

    ptr: NDArray[np.int64]
    node: NDArray[np.int32]

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.ptr) - 1


def neighbours(
    n_nodes: int, edge_from: NDArray[np.int32], edge_to: NDArray[np.int32]
) -> Neighbours:
    """Return who is joined to whom by an edge in either direction, closed edges included."""
    proper = edge_from != edge_to
    ends = (edge_from[proper], edge_to[proper])
    one_way = csr_array((np.ones(len(ends[0]), np.int64), ends), shape=(n_nodes, n_nodes))
    both_ways = one_way + one_way.T
    both_ways.sort_indices()
    return Neighbours(both_ways.indptr.astype(np.int64), both_ways.indices.astype(np.int32))


def choose_method(wanted: str = "auto") -> str:
    """Return the ordering to use: `wanted`, or for ``auto`` the better one available.

    Raises:
        InputError: if `wanted` is unknown, or is ``metis`` and pymetis is missing.
    """
    with_metis = importlib.util.find_spec("pymetis") is not None
    available = {"metis": with_metis, "hops": True, "auto": True}
    if not available.get(wanted, False):
        raise InputError(Fault("travel_time_ordering", "order", wanted))
    if wanted == "auto":
        return "metis" if with_metis else "hops"
    return wanted


def order(joined: Neighbours, method: str) -> NDArray[np.int32]:
    """Return the position of every node, shape (n_nodes,), component after component.

    Args:
        joined: the neighbours of every node.
        method: ``metis`` (multilevel nested dissection, Karypis & Kumar 1998,
            doi:10.1137/S1064827595287997) or ``hops`` (halving along hop counts from outlying
            nodes, which makes about a third more arcs but needs nothing installed).
    """
    n_nodes = joined.n_nodes
    links = csr_array(
        (np.ones(len(joined.node), np.int8), joined.node, joined.ptr), shape=(n_nodes, n_nodes)
    )
    n_components, component = connected_components(links, directed=False)
    by_component = np.argsort(component, kind="stable").astype(np.int32)
    starts = np.searchsorted(component[by_component], np.arange(n_components + 1))
    position = np.empty(n_nodes, np.int32)
    position[by_component] = np.arange(n_nodes, dtype=np.int32)
    for c in np.flatnonzero(np.diff(starts) > SMALL_COMPONENT):
        members = by_component[starts[c] : starts[c + 1]]
        part = _part(joined, members, position)
        inner = _metis(part) if method == "metis" else _halved(part, _hop_xy(part))
        position[members] = starts[c] + inner
    return position


def _part(
    joined: Neighbours, members: NDArray[np.int32], renumbered: NDArray[np.int32]
) -> Neighbours:
    """Return the neighbours within one component, its members numbered from 0."""
    degree = np.diff(joined.ptr)[members]
    ptr = np.concatenate([[0], np.cumsum(degree)])
    within = np.arange(ptr[-1]) - np.repeat(ptr[:-1], degree)
    node = joined.node[np.repeat(joined.ptr[members], degree) + within]
    return Neighbours(ptr, renumbered[node] - renumbered[members[0]])


def _metis(part: Neighbours) -> NDArray[np.int32]:
    import pymetis

    # METIS eliminates its first node first; here the last to be eliminated has position 0.
    _, elimination_rank = pymetis.nested_dissection(pymetis.CSRAdjacency(part.ptr, part.node))
    return (part.n_nodes - 1 - np.asarray(elimination_rank)).astype(np.int32)


def _hop_xy(part: Neighbours) -> NDArray[np.float64]:
    """Return stand-in coordinates: differences of hop counts from two pairs of far-apart nodes."""
    links = csr_array((np.ones(len(part.node)), part.node, part.ptr))

    def hops(start: int) -> NDArray[np.float64]:
        found: NDArray[np.float64] = dijkstra(links, indices=start, unweighted=True)
        return found

    west = hops(int(np.argmax(hops(0))))
    east = hops(int(np.argmax(west)))
    # An outlying node about equally far from both ends starts the second axis.
    south = hops(int(np.argmax(np.minimum(west, east))))
    north = hops(int(np.argmax(south + np.minimum(west, east))))
    return np.column_stack([west - east, south - north])


def _halved(part: Neighbours, xy: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return positions by halving along straight lines through `xy`."""
    along = _COS_SIN @ xy.T
    sequence = dissect(part.ptr, part.node, np.argsort(along, axis=1, kind="stable"))
    position = np.empty(part.n_nodes, np.int32)
    position[sequence] = np.arange(part.n_nodes, dtype=np.int32)
    return position


@compiled
def dissect(
    ptr: NDArray[np.int64], node: NDArray[np.int32], along: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the nodes by falling importance: separator, one half, other half, and so on inside.

    Args:
        ptr: see `Neighbours`.
        node: see `Neighbours`.
        along: the nodes sorted along each of several directions, shape (directions, n); used up.

    Of all cuts of a cell that leave at least `LEAST_SHARE` of it on each side, along any
    direction, the one with the smallest separator for its smaller side is taken.
    """
    n_directions, n_nodes = along.shape
    cell = np.zeros(n_nodes, np.int32)
    place = np.zeros(n_nodes, np.int32)
    side = np.zeros(n_nodes, np.int8)
    todo = np.zeros((2 * n_nodes + 2, 2), np.int64)
    todo[0] = (0, n_nodes)
    waiting, cells = 1, 0
    while waiting > 0:
        waiting -= 1
        start, stop = todo[waiting]
        if stop - start <= LEAF_NODES:
            continue
        cells += 1
        for i in range(start, stop):
            cell[along[0, i]] = cells
        best_cut, best_score, best = 0, np.inf, 0
        for d in range(n_directions):
            cut, score = best_cut_along(ptr, node, along[d, start:stop], cell, place, cells)
            if score < best_score:
                best_cut, best_score, best = cut, score, d
        sizes = mark_sides(ptr, node, along[best, start:stop], cell, place, cells, best_cut, side)
        for d in range(n_directions):
            regroup(along[d, start:stop], side, sizes)
        middle = start + sizes[0] + sizes[1]
        todo[waiting] = (start + sizes[0], middle)
        todo[waiting + 1] = (middle, stop)
        waiting += 2
    sequence: NDArray[np.int64] = along[0]
    return sequence


@compiled
def best_cut_along(
    ptr: NDArray[np.int64],
    node: NDArray[np.int32],
    members: NDArray[np.int64],
    cell: NDArray[np.int32],
    place: NDArray[np.int32],
    cell_id: int,
) -> tuple[int, float]:
    """Return how many of the sorted `members` to cut off, and the cut's score (lower is better)."""
    size = len(members)
    for i in range(size):
        place[members[i]] = i
    # near[c] counts near-side nodes with a neighbour beyond cut c, kept as differences over c;
    # far[c] the same for the far side.
    near = np.zeros(size + 2, np.int32)
    far = np.zeros(size + 2, np.int32)
    for i in range(size):
        v = members[i]
        first, last = i, i
        for e in range(ptr[v], ptr[v + 1]):
            if cell[node[e]] == cell_id:
                last = max(last, place[node[e]])
                first = min(first, place[node[e]])
        near[i + 1] += 1
        near[last + 1] -= 1
        far[first + 1] += 1
        far[i + 1] -= 1
    least = max(1, int(size * LEAST_SHARE))
    best_cut, best_score = least, np.inf
    n_near, n_far = 0, 0
    for cut in range(size - least + 1):
        n_near += near[cut]
        n_far += far[cut]
        if cut >= least:
            score = min(n_near, n_far) / min(cut, size - cut)
            if score < best_score:
                best_cut, best_score = cut, score
    return best_cut, best_score


@compiled
def mark_sides(
    ptr: NDArray[np.int64],
    node: NDArray[np.int32],
    members: NDArray[np.int64],
    cell: NDArray[np.int32],
    place: NDArray[np.int32],
    cell_id: int,
    cut: int,
    side: NDArray[np.int8],
) -> NDArray[np.int64]:
    """Mark the separator 0, the near half 1, the far half 2; return how many there are of each."""
    for i in range(len(members)):
        place[members[i]] = i
    border = np.zeros(3, np.int64)
    for i in range(len(members)):
        v = members[i]
        half = 1 if i < cut else 2
        side[v] = half
        for e in range(ptr[v], ptr[v + 1]):
            u = node[e]
            if cell[u] == cell_id and (place[u] < cut) != (i < cut):
                # On the border, for now: whichever half has fewer such nodes gives them up.
                side[v] = -half
                border[half] += 1
                break
    given_up = -1 if border[1] <= border[2] else -2
    sizes = np.zeros(3, np.int64)
    for v in members:
        side[v] = 0 if side[v] == given_up else abs(side[v])
        sizes[side[v]] += 1
    return sizes


@compiled
def regroup(members: NDArray[np.int64], side: NDArray[np.int8], sizes: NDArray[np.int64]) -> None:
    """Sort `members` by side, in place, keeping the order within each."""
    at = np.array([0, sizes[0], sizes[0] + sizes[1]])
    before = members.copy()
    for v in before:
        members[at[side[v]]] = v
        at[side[v]] += 1
