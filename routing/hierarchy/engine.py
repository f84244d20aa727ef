"""The fast route to travel times: one hierarchy per topology, re-weighted in milliseconds."""

from __future__ import annotations

import os
from typing import cast

import numpy as np
from numpy.typing import NDArray

from routing.hierarchy import cache, ordering
from routing.hierarchy.customization import Metric, customize
from routing.hierarchy.labels import nearest_labels
from routing.hierarchy.sweeps import many_to_many
from routing.hierarchy.topology import Topology, eliminate
from routing.network import Network

LEAST_CACHED_NODES = 1000


class Hierarchy:
    """Travel times on one network by a customized hierarchy; see `routing.travel_time`."""

    name = "hierarchy"

    def __init__(self, topology: Topology, metric: Metric) -> None:
        self.topology = topology
        self.metric = metric

    @classmethod
    def of(cls, network: Network, *, order: str = "auto", cached: bool = True) -> Hierarchy:
        """Return the hierarchy of `network`, from memory or disk where its topology is known.

        Args:
            network: the network.
            order: how to order the nodes: ``metis``, ``hops``, or the better one available.
            cached: whether to look on disk for the order, and to keep it there.
        """
        topology = _topology(network, ordering.choose_method(order), cached=cached)
        return cls(topology, customize(topology, network.travel_min))

    def reweighted(self, network: Network) -> Hierarchy:
        """Return the same for other minutes on the same edges."""
        return Hierarchy(self.topology, customize(self.topology, network.travel_min))

    def matrix(
        self, sources: NDArray[np.int32], targets: NDArray[np.int32], limit_min: float
    ) -> NDArray[np.float64]:
        """Return minutes from every source to every target, NaN where there is no way."""
        position = self.topology.position
        return many_to_many(
            self.topology,
            self.metric,
            position[sources],
            position[targets],
            limit_min=limit_min,
            threads=usable_processors(),
        )

    def nearest(
        self, places: NDArray[np.int32], *, towards_places: bool, limit_min: float
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return minutes and position in `places` of the nearest place of every node."""
        everyone = np.arange(self.topology.n_nodes, dtype=np.int32)
        travel_min, place = self.k_nearest(
            places, everyone, 1, towards_places=towards_places, limit_min=limit_min
        )
        return travel_min[:, 0], place[:, 0]

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
        position = self.topology.position
        return nearest_labels(
            self.topology,
            self.metric,
            position[places],
            position[asking],
            k,
            towards_places=towards_places,
            limit_min=limit_min,
        )


def usable_processors() -> int:
    """Return the number of processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _topology(network: Network, method: str, *, cached: bool) -> Topology:
    memo = network.topology_memo
    name = f"hierarchy by {method}"
    if name not in memo:
        memo[name] = _eliminated(network, method, cached=cached)
    return cast(Topology, memo[name])


def _eliminated(network: Network, method: str, *, cached: bool) -> Topology:
    joined = ordering.neighbours(network.n_nodes, network.edge_from, network.edge_to)
    cached = cached and network.n_nodes >= LEAST_CACHED_NODES
    key = f"{network.topology_hash()}-{method}"
    position = cache.load_order(key, network.n_nodes) if cached else None
    if position is None:
        position = ordering.order(joined, method)
        if cached:
            cache.save_order(key, position)
    return eliminate(network, joined, position)
