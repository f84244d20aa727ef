"""The network an ambulance drives on: a region's roads, access edges and vehicle ferries.

A trunk skeleton does not reach people's doors. Two kinds of synthetic edges close the gap, both
marked in the edge table: ``access`` joins a place to the nearest point of the nearest road of its
island, and ``local`` joins neighbouring places of one island (Delaunay triangulation) in place of
the streets that the skeleton lacks; where the roads are real, only on islands that have none. Both
are `access_detour` times their straight line long. Bridges are never joined in between, and
motorways neither; on an island that has motorways and nothing else, places join at their ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.region import Region
from routing.conditions import Condition
from routing.config import Parameters
from routing.headway import ferry_wait_min, minute_of_day
from routing.land_builder import PLACE_LAYERS, Builder
from routing.network import Network

__all__ = [
    "EDGE_KINDS",
    "PLACE_LAYERS",
    "LandNetwork",
    "build",
    "ferry_wait_min",
    "minute_of_day",
]

EDGE_KINDS = ("road", "access", "local", "ferry")
_CALM = Condition().on_land()


@dataclass(frozen=True)
class LandNetwork:
    """Network of an ambulance, with what each node and edge stands for.

    Attributes:
        graph: the directed graph; its minutes hold waiting and boarding of ferries too.
        nodes: one row a node: `layer`, `place_id`, `name_zh`, `name_en`, `island_id` (nullable) and
            metric `x`, `y` (metres).
        edges: one row a directed edge, in the order of the graph: `link_id`, `kind` (one of
            `EDGE_KINDS`), `road_class` (blank for ferries), `structure` (blank but for roads),
            `ferry_kind` (blank but for ferries), `length_km`, `travel_min` (moving; inf where the
            condition closes the edge), `wait_min` (waiting and boarding).
        unjoined: places that no road reaches, by layer: they stand on islands without roads, or off
            every island.
        limits: what of a condition roads and ferries feel here.
        open_land: the same network in calm weather, or None where this is it.
    """

    graph: Network
    nodes: pd.DataFrame
    edges: pd.DataFrame
    unjoined: dict[str, int]
    limits: Condition = _CALM
    open_land: LandNetwork | None = None

    def node_of(self, layer: str, ids: Iterable[str]) -> NDArray[np.int64]:
        """Return the nodes of places of `layer` in the order of `ids`."""
        known = self._places.get(layer, pd.Series(dtype=np.int64))
        return known.loc[list(ids)].to_numpy(np.int64)

    @cached_property
    def _places(self) -> dict[str, pd.Series]:
        """Nodes of each layer by the id of their place; rows may stand for the nodes they name."""
        node, ids = self.nodes.index.to_numpy(), self.nodes["place_id"].to_numpy()
        rows = self.nodes.groupby("layer").indices
        return {str(layer): pd.Series(node[mine], ids[mine]) for layer, mine in rows.items()}

    def calm(self) -> LandNetwork:
        """Return the network in calm weather."""
        return self.open_land or self

    def under(self, condition: Condition) -> LandNetwork:
        """Return the network with what `condition` stops closed and what it slows slowed.

        It always starts from the calm network, so that nothing is slowed twice; a network under the
        same limits already is returned as it is. Synthetic edges are slowed as roads are and never
        closed; waiting for a ferry and boarding it take as long as ever.
        """
        limits = condition.on_land()
        if limits == self.limits:
            return self
        calm = self.calm()
        if limits == _CALM:
            return calm
        factor = _factors(calm.edges, limits)
        slowed = calm.edges["travel_min"].to_numpy(float) / np.where(factor > 0, factor, 1.0)
        travel_min = np.where(factor > 0, slowed, np.inf)
        return replace(calm._reweighted(travel_min), limits=limits, open_land=calm)

    def at_hour(self, hour: int, parameters: Parameters) -> LandNetwork:
        """Return the network at the speeds of the hour that begins at `hour` (0 to 23)."""
        if self.open_land is not None:
            return self.open_land.at_hour(hour, parameters).under(self.limits)
        classes = self.edges["road_class"].fillna("")
        factor = {c: parameters.traffic.factor(c, hour) for c in classes.unique() if c}
        travel_min = self.edges["travel_min"] / classes.map(factor).fillna(1.0)
        return self._reweighted(travel_min.to_numpy(float))

    def _reweighted(self, travel_min: NDArray[np.float64]) -> LandNetwork:
        """Return the network with other minutes in motion; a closed edge stays closed."""
        minutes = travel_min + self.edges["wait_min"].to_numpy(float)
        minutes = np.where(np.isinf(self.graph.travel_min), np.inf, minutes)
        edges = self.edges.assign(travel_min=travel_min)
        return replace(self, graph=self.graph.with_travel_min(minutes), edges=edges)

    def without_ferries(self) -> Network:
        """Return the same graph with every ferry closed."""
        return self._roads_only

    @cached_property
    def _roads_only(self) -> Network:
        ferry = (self.edges["kind"] == "ferry").to_numpy()
        return self.graph.with_travel_min(np.where(ferry, np.inf, self.graph.travel_min))


def build(region: Region, parameters: Parameters) -> LandNetwork:
    """Return the ambulance network of a region under the default condition.

    Args:
        region: a valid region; only ``open`` roads and ``in_service`` vehicle ferries are used.
        parameters: speeds, detour and ferry headways.

    The minutes of a road are ``60 length_km / (speed_kmh speed_factor)``. A ferry takes its
    duration, boarding, and a wait of half its headway, see `routing.headway.ferry_wait_min`.
    """
    builder = Builder(region, parameters)
    builder.add_places()
    builder.add_roads()
    builder.add_local_edges()
    builder.add_ferries()
    builder.add_crews_outside()
    return LandNetwork(*builder.finish())


def _factors(edges: pd.DataFrame, limits: Condition) -> NDArray[np.float64]:
    """Return the speed factor of each edge; 0 where it is closed."""
    link = edges["link_id"].astype(str)
    by_road = limits.road_factors(edges["structure"], edges["road_class"], link)
    by_ferry = limits.ferry_factors(edges["ferry_kind"], link)
    kind = edges["kind"].to_numpy()
    synthetic = np.isin(kind, ("access", "local"))
    by_road = np.where(synthetic, limits.road_speed_factor, by_road)
    return np.where(kind == "ferry", by_ferry, by_road)
