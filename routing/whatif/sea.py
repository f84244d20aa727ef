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
from shapely.geometry.base import BaseGeometry

from geodata.region import WGS84, Region
from geodata.searoute import Waters

Floats = NDArray[np.float64]

CELL_M = 300.0
MARGIN_M = 5_000.0
_LATTICES, _PASSAGES = 2, 512
Extent = tuple[float, ...]


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
        self._lattices: OrderedDict[Extent, Waters] = OrderedDict()
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
            extent, waters = self._lattice(np.vstack([start, self._goal]))
            return np.vstack([self._from(extent, waters, x, y) for x, y in start.tolist()])

    def _lattice(self, points: Floats) -> tuple[Extent, Waters]:
        extent: Extent = (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())
        with self._lock:
            if extent not in self._lattices:
                self._lattices[extent] = Waters(
                    self._land, self._goal, around=points, cell_m=CELL_M, margin_m=MARGIN_M
                )
                _keep(self._lattices, _LATTICES)
            self._lattices.move_to_end(extent)
            return extent, self._lattices[extent]

    def _from(self, extent: Extent, waters: Waters, x: float, y: float) -> Floats:
        key = (extent, x, y)
        if key not in self._known:
            found = np.full(len(self._goal), np.nan)
            for port, way in waters.paths_from(np.array([x, y])).items():
                found[port] = way.length_km
            self._known[key] = found
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
