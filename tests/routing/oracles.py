"""Slow, obvious answers to travel-time questions, and networks to ask them of."""

from __future__ import annotations

import heapq
import math

import numpy as np
from hypothesis import strategies as st

from routing.network import Network

MINUTES = (
    st.sampled_from([0.0, 1.0, 2.0, math.inf])
    | st.integers(0, 9).map(float)
    | st.floats(0.0, 100.0, allow_nan=False)
)


@st.composite
def networks(draw: st.DrawFn, *, max_nodes: int = 12) -> Network:
    """Small networks with all that can go wrong.

    Parallel edges, self loops, zero minutes, closed edges, one-way edges, isolated nodes and
    several components; few distinct minutes, so that ties are common.
    """
    n_nodes = draw(st.integers(1, max_nodes))
    node = st.integers(0, n_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node, MINUTES), max_size=3 * n_nodes))
    return network_of(n_nodes, edges)


def network_of(n_nodes: int, edges: list[tuple[int, int, float]]) -> Network:
    """Return a network from (from, to, minutes) triples."""
    return Network(
        n_nodes=n_nodes,
        edge_from=np.array([u for u, _, _ in edges], dtype=np.int32),
        edge_to=np.array([v for _, v, _ in edges], dtype=np.int32),
        travel_min=np.array([minutes for _, _, minutes in edges], dtype=np.float64),
    )


def archipelago(seed: int, *, sides: tuple[int, ...] = (14, 9, 3, 1)) -> Network:
    """Return several street grids, one for each island, with a ferry one way between the first two.

    A tenth of the streets is closed, a tenth takes no time and a fifth is one-way; a twentieth has
    a slower parallel one.
    """
    rng = np.random.default_rng(seed)
    edges: list[tuple[int, int, float]] = []
    start = 0
    starts = []
    for side in sides:
        starts.append(start)
        for i in range(side * side):
            ahead = [start + i + 1] if (i + 1) % side else []
            ahead += [start + i + side] if i + side < side * side else []
            for j in ahead:
                minutes = rng.choice([0.0, math.inf, rng.uniform(1, 5)], p=[0.1, 0.1, 0.8])
                edges.append((start + i, j, float(minutes)))
                if rng.random() < 0.8:
                    edges.append((j, start + i, float(minutes * 1.05)))
                if rng.random() < 0.05:
                    edges.append((start + i, j, float(minutes + 1)))
        start += side * side
    edges.append((starts[0], starts[1], 30.0))
    return network_of(start, [edges[e] for e in rng.permutation(len(edges))])


def travel_times(network: Network, source: int) -> list[float]:
    """Return minutes from `source` to every node by the textbook algorithm, NaN for no way."""
    outgoing: list[list[tuple[int, float]]] = [[] for _ in range(network.n_nodes)]
    triples = zip(network.edge_from, network.edge_to, network.travel_min, strict=True)
    for u, v, minutes in triples:
        outgoing[int(u)].append((int(v), float(minutes)))
    best = [math.inf] * network.n_nodes
    best[source] = 0.0
    heap = [(0.0, source)]
    while heap:
        reached, u = heapq.heappop(heap)
        if reached > best[u]:
            continue
        for v, minutes in outgoing[u]:
            if reached + minutes < best[v]:
                best[v] = reached + minutes
                heapq.heappush(heap, (best[v], v))
    return [minutes if minutes < math.inf else math.nan for minutes in best]


def all_travel_times(network: Network) -> np.ndarray:
    """Return minutes between all pairs of nodes, shape (n, n)."""
    return np.array([travel_times(network, u) for u in range(network.n_nodes)]).reshape(
        network.n_nodes, network.n_nodes
    )


def reversed_network(network: Network) -> Network:
    """Return the network with every edge turned round."""
    return Network(network.n_nodes, network.edge_to, network.edge_from, network.travel_min)
