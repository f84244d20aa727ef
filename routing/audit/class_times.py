"""Minutes on each class of road along the modelled way from a post to a node."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata import schemas
from geodata.jit import compiled
from routing import paths
from routing.land_network import LandNetwork

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SYNTHETIC: Final = "synthetic"
FERRY: Final = "ferry"
CLASSES: Final = (*schemas.ROAD_CLASSES, SYNTHETIC, FERRY)
"""Classes of road, then the synthetic edges that stand in for streets, then ferries."""


def split(land: LandNetwork, starts: Ints, nodes: Ints) -> NDArray[np.float32]:
    """Return the minutes on each class along the fastest way at no hour of its own.

    Args:
        land: the network; ways are those of its speeds without an hour.
        starts: node of the post of each call, shape (n,).
        nodes: node of the call, shape (n,).

    Returns:
        minutes, shape (n, classes), in the order of `CLASSES`; waiting and boarding count to the
        ferry. NaN throughout where there is no way.
    """
    kind = class_of_edges(land)
    minutes = land.graph.travel_min
    found = np.full((len(starts), len(CLASSES)), np.nan, np.float32)
    for start in np.unique(starts):
        tree = paths.tree(land.graph, int(start))
        order = np.argsort(tree.travel_min, kind="stable")
        order = order[~np.isnan(tree.travel_min[order])].astype(np.int64)
        sums = np.full((land.graph.n_nodes, len(CLASSES)), np.nan, np.float32)
        _accumulate(order, tree.last_edge, land.graph.edge_from, kind, minutes, sums)
        mine = starts == start
        found[mine] = sums[nodes[mine]]
    return found


def class_of_edges(land: LandNetwork) -> Ints:
    """Return the place in `CLASSES` of each edge."""
    number = {name: k for k, name in enumerate(CLASSES)}
    edges = land.edges
    name = edges["road_class"].where(edges["kind"] == "road", edges["kind"])
    name = name.replace({"access": SYNTHETIC, "local": SYNTHETIC})
    return np.asarray(pd.Series(name).map(number), dtype=np.int64)


@compiled
def _accumulate(
    order: Ints,
    last_edge: Ints,
    edge_from: NDArray[np.int32],
    kind: Ints,
    minutes: Floats,
    sums: NDArray[np.float32],
) -> None:
    """Fill minutes by class from the source outwards; a node comes after the one it is reached by.

    Nodes at equal minutes may come in the wrong order (edges of no length), so that rows which are
    not ready yet are filled by walking back.
    """
    for i in range(order.shape[0]):
        node = order[i]
        sums[node, :] = 0.0
        here = node
        while last_edge[here] >= 0:
            edge = last_edge[here]
            sums[node, kind[edge]] += minutes[edge]
            here = edge_from[edge]
            if here != node and sums[here, 0] == sums[here, 0] and minutes[edge] > 0:
                sums[node, :] += sums[here, :]
                break
