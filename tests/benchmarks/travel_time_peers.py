"""The same travel-time questions put to every library at hand, each the way its manual suggests.

An adapter is built from a network; its methods take node arrays and return minutes, ``inf`` or NaN
for no way. `searches(starts, backwards)` returns rows of minutes to (backwards: from) all nodes;
libraries that answer a whole table at once implement `table` as well.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing import travel_time
from routing.network import Network

Table = NDArray[np.float64]


class Adapter:
    """Base of the adapters: tables by one search per place of the shorter side."""

    module = ""

    def __init__(self, network: Network) -> None:
        self.network = network

    @classmethod
    def version(cls) -> str:
        return str(importlib.import_module(cls.module).__version__)

    def searches(self, starts: NDArray[np.int32], *, backwards: bool = False) -> Table:
        raise NotImplementedError

    def table(self, sources: NDArray[np.int32], targets: NDArray[np.int32]) -> Table:
        if len(targets) < len(sources):
            return self.searches(targets, backwards=True)[:, sources].T
        rows = self.searches(sources)
        return rows if len(targets) == self.network.n_nodes else rows[:, targets]

    def nearest(self, sources: NDArray[np.int32]) -> Table:
        raise NotImplementedError


class NetworkX(Adapter):
    """A MultiDiGraph, which osmnx works on too."""

    module = "networkx"

    def __init__(self, network: Network) -> None:
        import networkx as nx

        super().__init__(network)
        self.nx, self.reversed = nx, None
        self.graph = nx.MultiDiGraph()
        self.graph.add_nodes_from(range(network.n_nodes))
        edges = zip(network.edge_from, network.edge_to, network.travel_min, strict=True)
        self.graph.add_weighted_edges_from(((int(u), int(v), float(w)) for u, v, w in edges))

    def searches(self, starts: NDArray[np.int32], *, backwards: bool = False) -> Table:
        if backwards and self.reversed is None:
            self.reversed = self.graph.reverse(copy=False)
        graph = self.reversed if backwards else self.graph
        return np.array([self._row(graph, [int(start)]) for start in starts])

    def nearest(self, sources: NDArray[np.int32]) -> Table:
        return self._row(self.graph, [int(source) for source in sources])

    def _row(self, graph: Any, starts: list[int]) -> Table:
        row = np.full(self.network.n_nodes, np.inf)
        found = self.nx.multi_source_dijkstra_path_length(graph, starts)
        row[list(found)] = list(found.values())
        return row


class Rustworkx(Adapter):
    module = "rustworkx"

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.forward, self.backward = self._graph(network.edge_from, network.edge_to), None

    def _graph(self, tail: NDArray[np.int32], head: NDArray[np.int32]) -> Any:
        import rustworkx as rx

        graph = rx.PyDiGraph(multigraph=True)
        graph.add_nodes_from(range(self.network.n_nodes))
        minutes = self.network.travel_min.tolist()
        graph.add_edges_from(list(zip(tail.tolist(), head.tolist(), minutes, strict=True)))
        return graph

    def searches(self, starts: NDArray[np.int32], *, backwards: bool = False) -> Table:
        import rustworkx as rx

        if backwards and self.backward is None:
            self.backward = self._graph(self.network.edge_to, self.network.edge_from)
        graph = self.backward if backwards else self.forward
        rows = np.full((len(starts), self.network.n_nodes), np.inf)
        for row, start in zip(rows, starts.tolist(), strict=True):
            found = rx.digraph_dijkstra_shortest_path_lengths(graph, start, float)
            row[list(found.keys())] = list(found.values())
            row[start] = 0.0
        return rows


class Igraph(Adapter):
    module = "igraph"

    def __init__(self, network: Network) -> None:
        import igraph

        super().__init__(network)
        edges = np.column_stack([network.edge_from, network.edge_to])
        self.graph = igraph.Graph(network.n_nodes, edges.tolist(), directed=True)
        self.minutes = network.travel_min.tolist()

    def searches(self, starts: NDArray[np.int32], *, backwards: bool = False) -> Table:
        mode = "in" if backwards else "out"
        found = self.graph.distances(starts.tolist(), None, weights=self.minutes, mode=mode)
        return np.array(found)


class Networkit(Adapter):
    module = "networkit"

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.forward, self.backward = self._graph(network.edge_from, network.edge_to), None

    def _graph(self, tail: NDArray[np.int32], head: NDArray[np.int32]) -> Any:
        import networkit as nk
        from scipy.sparse import coo_matrix

        triples = coo_matrix((self.network.travel_min, (tail, head)))
        return nk.GraphFromCoo(triples, n=self.network.n_nodes, weighted=True, directed=True)

    def searches(self, starts: NDArray[np.int32], *, backwards: bool = False) -> Table:
        import networkit as nk

        if backwards and self.backward is None:
            self.backward = self._graph(self.network.edge_to, self.network.edge_from)
        search = nk.distance.SPSP(self.backward if backwards else self.forward, starts.tolist())
        found = np.array(search.run().getDistances(asarray=True), dtype=np.float64)
        found[found > 1e300] = np.inf
        return found


class Scipy(Adapter):
    module = "scipy"

    def __init__(self, network: Network) -> None:
        from scipy.sparse import csr_array

        super().__init__(network)
        # scipy would add the minutes of parallel edges up: only the fastest of each pair is kept.
        order = np.lexsort((network.travel_min, network.edge_to, network.edge_from))
        tail, head = network.edge_from[order], network.edge_to[order]
        first = np.r_[True, (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])]
        shape = (network.n_nodes, network.n_nodes)
        minutes = network.travel_min[order][first]
        self.forward = csr_array((minutes, (tail[first], head[first])), shape=shape)
        self.backward = None

    def searches(self, starts: NDArray[np.int32], *, backwards: bool = False) -> Table:
        from scipy.sparse.csgraph import dijkstra

        if backwards and self.backward is None:
            self.backward = self.forward.T.tocsr()
        found: Table = dijkstra(self.backward if backwards else self.forward, indices=starts)
        return found

    def nearest(self, sources: NDArray[np.int32]) -> Table:
        from scipy.sparse.csgraph import dijkstra

        found: Table = dijkstra(self.forward, indices=sources, min_only=True)
        return found


class Pandana(Adapter):
    """Contraction hierarchies with one query for each pair."""

    module = "pandana"

    def __init__(self, network: Network) -> None:
        import pandana
        import pandas as pd

        super().__init__(network)
        assert network.node_xy is not None
        x, y = (pd.Series(values) for values in network.node_xy.T)
        minutes = pd.DataFrame({"minutes": network.travel_min})
        ends = (pd.Series(network.edge_from), pd.Series(network.edge_to))
        self.graph = pandana.Network(x, y, *ends, minutes, twoway=False)

    @classmethod
    def version(cls) -> str:
        return importlib.metadata.version("pandana")

    def searches(self, starts: NDArray[np.int32], *, backwards: bool = False) -> Table:
        everyone = np.arange(self.network.n_nodes, dtype=np.int32)
        return self.table(everyone, starts).T if backwards else self.table(starts, everyone)

    def table(self, sources: NDArray[np.int32], targets: NDArray[np.int32]) -> Table:
        pairs = np.repeat(sources, len(targets)), np.tile(targets, len(sources))
        found = np.array(self.graph.shortest_path_lengths(*pairs), dtype=np.float64)
        found[found > 1e6] = np.inf
        return found.reshape(len(sources), len(targets))


class Ours(Adapter):
    """This project's engines; nothing is read from disk, so that building counts in full."""

    module = "numba"
    engine = "hierarchy"

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.prepared = travel_time.prepare(network, engine=self.engine, cached=False)

    def searches(self, starts: NDArray[np.int32], *, backwards: bool = False) -> Table:
        everyone = np.arange(self.network.n_nodes, dtype=np.int32)
        return self.table(everyone, starts).T if backwards else self.table(starts, everyone)

    def table(self, sources: NDArray[np.int32], targets: NDArray[np.int32]) -> Table:
        return travel_time.matrix(self.prepared, sources, targets)

    def nearest(self, sources: NDArray[np.int32]) -> Table:
        return travel_time.nearest(self.prepared, sources).travel_min


class OursSimple(Ours):
    module = "scipy"
    engine = "scipy"


ADAPTERS: dict[str, type[Adapter]] = {
    "networkx": NetworkX,
    "rustworkx": Rustworkx,
    "igraph": Igraph,
    "networkit": Networkit,
    "scipy": Scipy,
    "pandana": Pandana,
    "ours, scipy engine": OursSimple,
    "ours, hierarchy": Ours,
}
