"""Customization: the minutes of one condition and hour on a hierarchy's arcs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.jit import compiled
from routing.hierarchy.topology import Topology


@dataclass(frozen=True, eq=False)
class Metric:
    """Minutes along every arc of a topology, shape (arcs,); ``inf`` where there is no way.

    Attributes:
        rise_min: from the less to the more important end.
        fall_min: from the more to the less important end.
    """

    rise_min: NDArray[np.float64]
    fall_min: NDArray[np.float64]


def customize(topology: Topology, travel_min: NDArray[np.float64]) -> Metric:
    """Return the arcs' minutes such that, for any two nodes, some fastest way rises, then falls.

    Every arc takes the least of its edges and, over all lower triangles v - a - b with v less
    important than both, of the way through v (basic customization of Dibbelt, Strasser & Wagner
    2016, doi:10.1145/2886843).

    Args:
        topology: the hierarchy.
        travel_min: minutes of every edge of its network, shape (m,), at least 0, not NaN.
    """
    rise_min, fall_min = edge_minutes(
        topology.n_arcs, topology.edge_arc, topology.edge_rises, travel_min
    )
    relax_triangles(topology.arc_ptr, topology.arc_head, rise_min, fall_min)
    return Metric(rise_min, fall_min)


@compiled
def edge_minutes(
    n_arcs: int,
    edge_arc: NDArray[np.int64],
    edge_rises: NDArray[np.bool_],
    travel_min: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the fastest edge on every arc, rising and falling."""
    rise_min = np.full(n_arcs, np.inf)
    fall_min = np.full(n_arcs, np.inf)
    for e in range(len(edge_arc)):
        arc = edge_arc[e]
        if arc < 0:
            continue
        if edge_rises[e]:
            rise_min[arc] = min(rise_min[arc], travel_min[e])
        else:
            fall_min[arc] = min(fall_min[arc], travel_min[e])
    return rise_min, fall_min


@compiled
def relax_triangles(
    arc_ptr: NDArray[np.int64],
    arc_head: NDArray[np.int32],
    rise_min: NDArray[np.float64],
    fall_min: NDArray[np.float64],
) -> None:
    """Lower every arc to the ways through less important nodes, from the last position up."""
    for v in range(len(arc_ptr) - 2, -1, -1):
        start, stop = arc_ptr[v], arc_ptr[v + 1]
        for k in range(start + 1, stop):
            b = arc_head[k]
            to_b, from_b = rise_min[k], fall_min[k]
            if to_b == np.inf and from_b == np.inf:
                continue
            arc = arc_ptr[b]
            if arc_ptr[b + 1] - arc == k - start:
                # b has exactly the heads that come before it here, so they pair off in order.
                for i in range(k - start):
                    rise_min[arc + i] = min(rise_min[arc + i], from_b + rise_min[start + i])
                    fall_min[arc + i] = min(fall_min[arc + i], fall_min[start + i] + to_b)
            else:
                for i in range(start, k):
                    while arc_head[arc] < arc_head[i]:
                        arc += 1
                    rise_min[arc] = min(rise_min[arc], from_b + rise_min[i])
                    fall_min[arc] = min(fall_min[arc], fall_min[i] + to_b)
