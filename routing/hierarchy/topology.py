"""Symbolic elimination: which shortcuts an order of the nodes calls for, whatever the minutes.

Customizable contraction hierarchy (Dibbelt, Strasser & Wagner 2016, doi:10.1145/2886843). Nodes
are named by position, 0 the most important. An *arc* joins a node to a more important one, in
both directions; shortcuts are arcs too. Contracting a node joins all its more important
neighbours pairwise, so they form a clique, and the least important of them is its *parent* in the
elimination forest, which has one tree for each component.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.jit import compiled
from routing.hierarchy.ordering import Neighbours
from routing.network import Network


@dataclass(frozen=True, eq=False)
class Topology:
    """Arcs of a contraction hierarchy; positions everywhere, save where a name says node.

    Attributes:
        position: position of each node, shape (n,).
        node: node at each position, shape (n,).
        arc_ptr: the arcs of position p are ``arc_ptr[p]`` up to ``arc_ptr[p + 1]``, shape (n + 1,).
        arc_head: the more important end of each arc, rising within a position, shape (arcs,).
        parent: parent in the elimination forest, -1 for the root of a component, shape (n,).
        root: root of the component each position lies in, shape (n,).
        edge_arc: arc that each edge of the network lies on, -1 for a self loop, shape (m,).
        edge_rises: whether the edge leads to its more important end, shape (m,).
    """

    position: NDArray[np.int32]
    node: NDArray[np.int32]
    arc_ptr: NDArray[np.int64]
    arc_head: NDArray[np.int32]
    parent: NDArray[np.int32]
    root: NDArray[np.int32]
    edge_arc: NDArray[np.int64]
    edge_rises: NDArray[np.bool_]

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.node)

    @property
    def n_arcs(self) -> int:
        """Number of arcs, shortcuts included."""
        return len(self.arc_head)


def eliminate(network: Network, joined: Neighbours, position: NDArray[np.int32]) -> Topology:
    """Return the arcs that contracting the nodes of `network` from the last position up creates."""
    node = np.empty_like(position)
    node[position] = np.arange(len(position), dtype=np.int32)
    arc_ptr, arc_head, parent = eliminated(joined.ptr, joined.node, position, node)
    edge_arc, edge_rises = located(network.edge_from, network.edge_to, position, arc_ptr, arc_head)
    root = roots(parent)
    return Topology(position, node, arc_ptr, arc_head, parent, root, edge_arc, edge_rises)


@compiled
def eliminated(
    ptr: NDArray[np.int64],
    joined: NDArray[np.int32],
    position: NDArray[np.int32],
    node: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Return `arc_ptr`, `arc_head` and `parent` of the elimination."""
    n = len(position)
    first_child = np.full(n, -1, np.int32)
    next_child = np.full(n, -1, np.int32)
    parent = np.full(n, -1, np.int32)
    seen = np.full(n, -1, np.int32)
    arc_ptr = np.zeros(n + 1, np.int64)
    at = np.zeros(n, np.int64)
    pool = np.empty(4 * len(joined) + 16, np.int32)
    found = np.empty(n, np.int32)
    used = 0
    for v in range(n - 1, -1, -1):
        count = 0
        seen[v] = v
        for e in range(ptr[node[v]], ptr[node[v] + 1]):
            u = position[joined[e]]
            if u < v and seen[u] != v:
                seen[u] = v
                found[count] = u
                count += 1
        child = first_child[v]
        while child != -1:
            for i in range(at[child], at[child] + arc_ptr[child + 1]):
                u = pool[i]
                if seen[u] != v:
                    seen[u] = v
                    found[count] = u
                    count += 1
            child = next_child[child]
        if used + count > len(pool):
            larger = np.empty(2 * len(pool) + count, np.int32)
            larger[:used] = pool[:used]
            pool = larger
        heads = np.sort(found[:count])
        pool[used : used + count] = heads
        at[v] = used
        arc_ptr[v + 1] = count
        used += count
        if count > 0:
            p = heads[-1]
            parent[v] = p
            next_child[v] = first_child[p]
            first_child[p] = v
    arc_ptr = np.cumsum(arc_ptr)
    arc_head = np.empty(used, np.int32)
    for v in range(n):
        size = arc_ptr[v + 1] - arc_ptr[v]
        arc_head[arc_ptr[v] : arc_ptr[v + 1]] = pool[at[v] : at[v] + size]
    return arc_ptr, arc_head, parent


@compiled
def located(
    edge_from: NDArray[np.int32],
    edge_to: NDArray[np.int32],
    position: NDArray[np.int32],
    arc_ptr: NDArray[np.int64],
    arc_head: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the arc of every edge (-1 for a self loop) and whether the edge rises along it."""
    edge_arc = np.full(len(edge_from), -1, np.int64)
    edge_rises = np.zeros(len(edge_from), np.bool_)
    for e in range(len(edge_from)):
        tail = position[edge_from[e]]
        head = position[edge_to[e]]
        if tail == head:
            continue
        edge_rises[e] = head < tail
        low, high = max(tail, head), min(tail, head)
        first, last = arc_ptr[low], arc_ptr[low + 1]
        while first < last:
            middle = (first + last) // 2
            if arc_head[middle] < high:
                first = middle + 1
            else:
                last = middle
        edge_arc[e] = first
    return edge_arc, edge_rises


@compiled
def roots(parent: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the root above every position; parents lie before their children."""
    root = np.empty(len(parent), np.int32)
    for v in range(len(parent)):
        root[v] = v if parent[v] == -1 else root[parent[v]]
    return root
