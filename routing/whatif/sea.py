"""The waters of a region, made ready once: passages of a boat that is new or moves.

A lattice of 300 m takes a second or two to lay over an archipelago, and one search on it a fraction
of that. Passages are those of `geodata.searoute.paths`: the lattice depends on the extent of bases
and ports alone, so while a boat moves among the ports it stays; beyond them it is laid anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csgraph
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from geodata import searoute
from geodata.region import WGS84, Region

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

CELL_M = 300.0
MARGIN_M = 5_000.0
_LATTICES, _PASSAGES = 2, 512
Extent = tuple[float, ...]


class _Lattice:
    """Open water around some points as a graph, and the ports on it; see `geodata.searoute`."""

    def __init__(self, land: BaseGeometry, grid: searoute._Grid, water: Flags, goal: Floats):
        self.land, self.grid, self.goal = land, grid, goal
        self.graph = searoute._moves(water, grid)
        self.sea = searoute._largest_component(self.graph, water)
        self.shore = land.buffer(-0.25 * CELL_M)
        shapely.prepare(self.shore)
        self.cells = cKDTree(grid.centres(self.sea))
        corners = grid.centres(np.array([0, grid.columns * grid.rows - 1])).ravel()
        bodies = shapely.get_parts(shapely.difference(shapely.box(*corners), land))
        self.bodies, self.largest = shapely.STRtree(bodies), np.argmax(shapely.area(bodies))
        self.goal_cells, self.goal_at_sea = self.nearest_cells(goal), self.at_sea(goal)

    @classmethod
    def over(cls, land: BaseGeometry, points: Floats, goal: Floats) -> _Lattice | None:
        grid = searoute._Grid.over(points, cell_m=CELL_M, margin_m=MARGIN_M)
        water = ~searoute._land_cells(land, grid)
        return cls(land, grid, water, goal) if water.any() else None

    def nearest_cells(self, points: Floats) -> Ints:
        return np.asarray(self.sea[self.cells.query(points)[1]], dtype=np.int64)

    def at_sea(self, points: Floats) -> Flags:
        """Return whether the water nearest to each point is the open sea, not a lagoon."""
        return np.asarray(self.bodies.nearest(shapely.points(points)) == self.largest)

    def lengths_km(self, here: Floats) -> Floats:
        """Return kilometres from one point, shape (1, 2), to each port; NaN where none."""
        found = np.full(len(self.goal), np.nan)
        if not self.at_sea(here)[0]:
            return found
        cell = int(self.nearest_cells(here)[0])
        length_m, before = csgraph.dijkstra(self.graph, indices=cell, return_predecessors=True)
        afloat = searoute._where_afloat(here, self.land)[0]
        for j in np.flatnonzero(self.goal_at_sea & np.isfinite(length_m[self.goal_cells])):
            way = searoute._walk_back(before, cell, int(self.goal_cells[j]))
            route = np.vstack([*afloat, self.grid.centres(way), self.goal[j]])
            found[j] = searoute._straightened(route, self.shore).length_km
        return found


class Sea:
    """The waters of a region.

    Args:
        region: a valid region; its islands and ports do not change.
    """

    def __init__(self, region: Region) -> None:
        metric = region.metric_crs
        self._metric, self._ports = metric, region.ports
        self._posts, self._stored = region.posts, region.sea_links
        self._goal = shapely.get_coordinates(region.ports.to_crs(metric).geometry)
        self._islands = region.islands
        self._lattices: OrderedDict[Extent, _Lattice | None] = OrderedDict()
        self._known: OrderedDict[tuple[Extent, float, float], Floats] = OrderedDict()
        self._lock = threading.RLock()

    def prepare(self) -> None:
        """Do now what the first boat that moves would wait for."""
        if not len(self._goal):
            return
        if len(self._stored):
            self._lattice(self._goal)
        else:
            self.links(self._posts, moved=set(), added=set())

    def links(
        self, posts: gpd.GeoDataFrame, *, moved: set[str], added: set[str]
    ) -> gpd.GeoDataFrame:
        """Return the layer ``sea_links`` for other posts.

        Args:
            posts: the posts as they are now.
            moved: ids of those that have moved; the passages of the others stay as stored.
            added: ids of those that are new.

        A region that stores none gets all of them, as `routing.response.sea_links` finds them.
        """
        stored, boats = self._stored, posts[posts["vehicles"].fillna("").str.contains("boat")]
        if not len(self._ports) or not len(boats):
            return stored[stored["from_post_id"].isin(posts["post_id"])].reset_index(drop=True)
        if not len(stored):
            return self._table(stored, boats, least_straight=False)
        stays = stored["from_post_id"].isin(posts["post_id"]) & ~stored["from_post_id"].isin(moved)
        kept = stored[stays].reset_index(drop=True)
        bases = boats[boats["post_id"].isin((moved | added) - set(kept["from_post_id"]))]
        return self._table(kept, bases, least_straight=True) if len(bases) else kept

    def _table(
        self, kept: gpd.GeoDataFrame, bases: gpd.GeoDataFrame, *, least_straight: bool
    ) -> gpd.GeoDataFrame:
        start = shapely.get_coordinates(bases.to_crs(self._metric).geometry)
        length_km = self.passages(start)
        if least_straight:  # a base inland of its water must not come nearer by that
            apart = start[:, None] - self._goal[None]
            length_km = np.maximum(length_km, np.hypot(apart[..., 0], apart[..., 1]) / 1000.0)
        row, column = np.nonzero(~np.isnan(length_km))
        base_id, port_id = bases["post_id"].to_numpy(), self._ports["port_id"].to_numpy()
        new = {
            "link_id": [f"{base_id[i]}__{port_id[j]}" for i, j in zip(row, column, strict=True)],
            "from_post_id": base_id[row].tolist(),
            "to_port_id": port_id[column].tolist(),
            "length_km": length_km[row, column].tolist(),
        }
        blank = [None] * len(row)
        columns = {c: [*kept[c].tolist(), *new.get(c, blank)] for c in kept.columns}
        return gpd.GeoDataFrame(columns, geometry="geometry", crs=WGS84)

    def passages(self, start: Floats) -> Floats:
        """Return kilometres over water to each port, shape (n, ports), NaN where none.

        Args:
            start: bases in the metric CRS, shape (n, 2), metres.
        """
        with self._lock:
            extent, lattice = self._lattice(np.vstack([start, self._goal]))
            if lattice is None:
                return np.full((len(start), len(self._goal)), np.nan)
            return np.vstack([self._from(extent, lattice, x, y) for x, y in start.tolist()])

    def _lattice(self, points: Floats) -> tuple[Extent, _Lattice | None]:
        extent: Extent = (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())
        with self._lock:
            if extent not in self._lattices:
                self._lattices[extent] = _Lattice.over(self._land, points, self._goal)
                _keep(self._lattices, _LATTICES)
            self._lattices.move_to_end(extent)
            return extent, self._lattices[extent]

    def _from(self, extent: Extent, lattice: _Lattice, x: float, y: float) -> Floats:
        key = (extent, x, y)
        if key not in self._known:
            self._known[key] = lattice.lengths_km(np.array([[x, y]]))
            _keep(self._known, _PASSAGES)
        self._known.move_to_end(key)
        return self._known[key]

    @cached_property
    def _land(self) -> BaseGeometry:
        land: BaseGeometry = self._islands.to_crs(self._metric).union_all()
        shapely.prepare(land)
        return land


def _keep(memo: OrderedDict[Any, Any], size: int) -> None:
    while len(memo) > size:
        memo.popitem(last=False)
