"""Which places of one island are neighbours: a planar graph over land that never falls apart."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import Delaunay, QhullError

REACH_M = 3_000.0
OVER_WATER = 0.15


def pairs(xy: NDArray[np.float64], land: shapely.Geometry | None) -> NDArray[np.int64]:
    """Return pairs of neighbouring points of one island, rows of `xy`, shape (k, 2).

    Delaunay edges are kept when they are no longer than `REACH_M` and at most `OVER_WATER` of them
    runs over water; of the others only those that the minimum spanning tree needs, so that an
    island never falls apart.

    Args:
        xy: points in metres, shape (n, 2).
        land: the island in the same CRS; None counts every edge as over land.
    """
    found = _triangulated(xy)
    if not len(found):
        return found
    length_m = np.hypot(*(xy[found[:, 0]] - xy[found[:, 1]]).T)
    lines = np.asarray(shapely.linestrings(xy[found]))
    dry = np.ones(len(found), dtype=bool)
    if land is not None:
        # Most lines stay inland, which is told far sooner than what of the others runs over water.
        shapely.prepare(land)
        shore = np.flatnonzero(~shapely.contains_properly(land, lines))
        wet = shapely.length(shapely.difference(lines[shore], land))
        dry[shore] = wet <= OVER_WATER * np.maximum(length_m[shore], 1.0)
    size = len(xy)
    cost = np.where(dry, length_m, 3.0 * length_m) + 1e-3
    graph = sparse.coo_array((cost, (found[:, 0], found[:, 1])), shape=(size, size))
    tree = csgraph.minimum_spanning_tree(graph.tocsr()).tocoo()
    needed = np.sort(np.column_stack([tree.row, tree.col]), axis=1) @ [size, 1]
    in_tree = np.isin(np.sort(found, axis=1) @ [size, 1], needed)
    return np.asarray(found[in_tree | (dry & (length_m <= REACH_M))])


def _triangulated(xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the Delaunay edges of points, or where they are flat the chain along them."""
    if len(xy) < 2:
        return np.empty((0, 2), np.int64)
    order = np.lexsort((xy[:, 1], xy[:, 0]))
    chain = np.column_stack([order[:-1], order[1:]]).astype(np.int64)
    if len(xy) < 4:
        return chain
    try:
        found = Delaunay(xy)
    except QhullError:
        return chain
    corners = found.simplices
    edges = np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
    # Qhull leaves out points that coincide with a vertex; they join that vertex.
    twins = found.coplanar[:, [0, 2]] if len(found.coplanar) else np.empty((0, 2), np.int64)
    return np.unique(np.sort(np.vstack([edges, twins]), axis=1), axis=0).astype(np.int64)
