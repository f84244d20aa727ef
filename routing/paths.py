"""Shortest-path trees: which edges the fastest routes from one place take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.dijkstra import shortest_path_tree
from routing.network import Network


@dataclass(frozen=True)
class Tree:
    """Fastest routes from one node to all others.

    Attributes:
        network: the network they are in.
        source: the node they start at.
        travel_min: minutes to each node, shape (n_nodes,); NaN where there is no route.
        last_edge: edge that each node is reached by, shape (n_nodes,); -1 at the source and where
            there is no route.
    """

    network: Network
    source: int
    travel_min: NDArray[np.float64]
    last_edge: NDArray[np.int64]

    def edges_to(self, node: int) -> NDArray[np.int64]:
        """Return the edges of the fastest route to `node`, in driving order.

        Raises:
            ValueError: if there is no route.
        """
        if np.isnan(self.travel_min[node]):
            raise ValueError(f"no route from node {self.source} to node {node}")
        edges: list[int] = []
        while node != self.source:
            edges.append(int(self.last_edge[node]))
            node = int(self.network.edge_from[edges[-1]])
        return np.array(edges[::-1], dtype=np.int64)


def tree(network: Network, source: int) -> Tree:
    """Return the fastest routes from `source`; ties are broken the same way every time."""
    travel_min, last_edge = shortest_path_tree(network, source)
    return Tree(network, source, np.where(np.isfinite(travel_min), travel_min, np.nan), last_edge)
