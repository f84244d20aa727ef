"""Road-like test networks for the travel-time benchmarks: jittered, thinned street grids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from routing.network import Network

SPACING_M = 150.0
JITTER_SHARE = 0.35
WAYS_PER_NODE = 75_000 / 60_025
ARTERIAL_EVERY, ARTERIAL_KMH = 16, 60.0
COLLECTOR_EVERY, COLLECTOR_KMH = 4, 45.0
STREET_KMH = 30.0
ASYMMETRY_SHARE = 0.05


def street_grid(side: int, *, seed: int = 0) -> Network:
    """Return a connected street network of ``side * side`` nodes and about 2.5 directed edges each.

    Nodes lie on a grid of 150 m, each moved by up to 35 % of the spacing. Two-way streets between
    neighbours are thinned at random to 1.25 per node while the network stays connected. Every 16th
    line is an arterial (60 km/h), every 4th a collector (45 km/h), the rest are streets (30 km/h);
    the two directions of a street differ by up to 5 %. `side` 245 gives 60,025 nodes and 150,000
    directed edges.
    """
    rng = np.random.default_rng(seed)
    column, row = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    grid = np.column_stack([column.ravel(), row.ravel()]).astype(np.float64)
    node_xy = SPACING_M * (grid + rng.uniform(-JITTER_SHARE, JITTER_SHARE, grid.shape))
    tail, head, line = _grid_ways(side)
    keep = _thin(side * side, tail, head, round(WAYS_PER_NODE * side * side), rng)
    tail, head, line = tail[keep], head[keep], line[keep]
    speed_kmh = np.full(len(line), STREET_KMH)
    speed_kmh[line % COLLECTOR_EVERY == 0] = COLLECTOR_KMH
    speed_kmh[line % ARTERIAL_EVERY == 0] = ARTERIAL_KMH
    length_m = np.hypot(*(node_xy[head] - node_xy[tail]).T)
    travel_min = np.tile(length_m / 1000 / speed_kmh * 60, 2)
    travel_min *= 1 + rng.uniform(-ASYMMETRY_SHARE, ASYMMETRY_SHARE, len(travel_min))
    return Network(
        n_nodes=side * side,
        edge_from=np.concatenate([tail, head]).astype(np.int32),
        edge_to=np.concatenate([head, tail]).astype(np.int32),
        travel_min=travel_min,
        node_xy=node_xy,
    )


def _grid_ways(side: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return tail, head and line number of every way between neighbours of the full grid."""
    node = np.arange(side * side).reshape(side, side)
    column, row = np.divmod(node, side)
    tail = np.concatenate([node[:-1].ravel(), node[:, :-1].ravel()])
    head = np.concatenate([node[1:].ravel(), node[:, 1:].ravel()])
    line = np.concatenate([row[:-1].ravel(), column[:, :-1].ravel()])
    return tail, head, line


def _thin(
    n_nodes: int,
    tail: NDArray[np.int64],
    head: NDArray[np.int64],
    n_ways: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Return the indices of `n_ways` ways: a random spanning tree, and random others."""
    priority = rng.permutation(len(tail)) + 1.0
    tree = minimum_spanning_tree(coo_array((priority, (tail, head)), shape=(n_nodes, n_nodes)))
    rank = priority.copy()
    rank[np.isin(priority, tree.data)] = 0.0
    return np.sort(np.argsort(rank, kind="stable")[: max(n_ways, n_nodes - 1)])
