"""The simple route to travel times: Dijkstra searches of scipy, on any machine."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from routing.network import Network

CHUNK_BYTES = 2**26
NO_SOURCE = -1
_MEMO = "compressed"


class Dijkstra:
    """Travel times on one network by one search per place; see `routing.travel_time`."""

    name = "scipy"

    def __init__(self, network: Network) -> None:
        self._n_nodes = network.n_nodes
        self._forward = compressed(network)
        self._backward: csr_array | None = None

    def reweighted(self, network: Network) -> Dijkstra:
        """Return the same for other minutes on the same edges."""
        return Dijkstra(network)

    def matrix(
        self, sources: NDArray[np.int32], targets: NDArray[np.int32], limit_min: float
    ) -> NDArray[np.float64]:
        """Return minutes from every source to every target, NaN where there is no way."""
        by_target = len(targets) < len(sources)
        starts, ends = (targets, sources) if by_target else (sources, targets)
        found = np.empty((len(starts), len(ends)))
        for chunk, travel_min in self._searches(starts, backwards=by_target, limit_min=limit_min):
            found[chunk] = travel_min[:, ends]
        found[np.isinf(found)] = np.nan
        return np.ascontiguousarray(found.T) if by_target else found

    def nearest(
        self, places: NDArray[np.int32], *, towards_places: bool, limit_min: float
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return minutes and position in `places` of the nearest place of every node."""
        if len(places) == 0 or self._n_nodes == 0:
            nothing = np.full(self._n_nodes, np.nan)
            return nothing, np.full(self._n_nodes, NO_SOURCE, np.int64)
        distinct, first = np.unique(places, return_index=True)
        travel_min, _, node = dijkstra(
            self._graph(backwards=towards_places),
            indices=distinct,
            min_only=True,
            return_predecessors=True,
            limit=limit_min,
        )
        reached = np.isfinite(travel_min)
        place_of = np.full(self._n_nodes, NO_SOURCE, np.int64)
        place_of[distinct] = first
        place = np.full(self._n_nodes, NO_SOURCE, np.int64)
        place[reached] = place_of[node[reached]]
        travel_min[~reached] = np.nan
        return travel_min, place

    def k_nearest(
        self,
        places: NDArray[np.int32],
        asking: NDArray[np.int32],
        k: int,
        *,
        towards_places: bool,
        limit_min: float,
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return minutes and positions of the k nearest places of every asking node."""
        best_min = np.full((k, len(asking)), np.inf)
        best = np.full((k, len(asking)), NO_SOURCE, np.int64)
        searches = self._searches(places, backwards=towards_places, limit_min=limit_min)
        for chunk, travel_min in searches:
            labels = np.arange(chunk.start, chunk.stop)[:, None]
            both_min = np.vstack([best_min, travel_min[:, asking]])
            both = np.vstack([best, np.broadcast_to(labels, (len(labels), len(asking)))])
            # Stable, so of equally near places the first in the list ranks first.
            kept = np.argsort(both_min, axis=0, kind="stable")[:k]
            best_min = np.take_along_axis(both_min, kept, axis=0)
            best = np.take_along_axis(both, kept, axis=0)
        lost = np.isinf(best_min)
        best_min[lost] = np.nan
        best[lost] = NO_SOURCE
        return np.ascontiguousarray(best_min.T), np.ascontiguousarray(best.T)

    def _searches(
        self, starts: NDArray[np.int32], *, backwards: bool, limit_min: float
    ) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield slices of `starts` and their minutes to all nodes, `inf` where there is no way."""
        graph = self._graph(backwards=backwards)
        rows = max(1, CHUNK_BYTES // (8 * max(1, self._n_nodes)))
        for first in range(0, len(starts), rows):
            chunk = slice(first, min(first + rows, len(starts)))
            yield chunk, dijkstra(graph, indices=starts[chunk], limit=limit_min)

    def _graph(self, *, backwards: bool) -> csr_array:
        if not backwards:
            return self._forward
        if self._backward is None:
            self._backward = self._forward.T.tocsr()
        return self._backward


def compressed(network: Network) -> csr_array:
    """Return the open edges of `network` as a matrix: the fastest of parallel ones, zeros kept.

    The network keeps it; nobody may write to it.
    """
    if _MEMO not in network.condition_memo:
        network.condition_memo[_MEMO] = _compressed(network)
    return network.condition_memo[_MEMO]


def _compressed(network: Network) -> csr_array:
    """Build the matrix row by row: scipy adds parallel entries up when it converts from a list."""
    usable = np.isfinite(network.travel_min) & (network.edge_from != network.edge_to)
    tail, head = network.edge_from[usable], network.edge_to[usable]
    travel_min = network.travel_min[usable]
    order = np.lexsort((travel_min, head, tail))
    tail, head, travel_min = tail[order], head[order], travel_min[order]
    fastest = np.ones(len(order), bool)
    fastest[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    tail, head, travel_min = tail[fastest], head[fastest], travel_min[fastest]
    row_ptr = np.searchsorted(tail, np.arange(network.n_nodes + 1)).astype(np.int32)
    shape = (network.n_nodes, network.n_nodes)
    return csr_array((travel_min, head, row_ptr), shape=shape)


def shortest_path_tree(
    network: Network, source: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return minutes from `source` to every node, and the edge each node is reached by.

    Of several fastest ways to a node the one with the fewest edges is taken; of those, the one
    whose last edge comes first in the network. Unreachable nodes have ``inf`` and the edge -1,
    which the source has too.
    """
    travel_min = dijkstra(compressed(network), indices=source)
    arrival_min = travel_min[network.edge_from] + network.travel_min
    tight = np.flatnonzero((arrival_min == travel_min[network.edge_to]) & np.isfinite(arrival_min))
    tail, head = network.edge_from[tight], network.edge_to[tight]
    shape = (network.n_nodes, network.n_nodes)
    hops = dijkstra(
        csr_array((np.ones(len(tight)), (tail, head)), shape=shape), indices=source, unweighted=True
    )
    # Each step back loses a hop, so edges of zero minutes cannot lead round in a circle.
    last = tight[hops[tail] + 1 == hops[head]]
    none = network.n_edges
    reached_by = np.full(network.n_nodes, none, np.int64)
    np.minimum.at(reached_by, network.edge_to[last], last)
    reached_by[reached_by == none] = -1
    return travel_min, reached_by
