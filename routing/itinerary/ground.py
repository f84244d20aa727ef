"""What an itinerary stands on: the network with mainland drives, and who runs under a condition."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geodata.region import Region
from routing.config import Parameters
from routing.itinerary.receiving import flags
from routing.land_network import LandNetwork
from routing.network import Network
from routing.response import Condition, is_open

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NOWHERE = -1
_SAME_SPOT_M = 1.0


def with_mainland(region: Region, land: LandNetwork, parameters: Parameters) -> LandNetwork:
    """Return the calm network with drives on the mainland to the hospitals outside the region.

    The network holds no mainland roads. From every bridge head, quay and helipad outside all
    islands an edge runs to each outside hospital within ``mutual_aid.reach_km``. It is
    ``mutual_aid.detour`` times the straight line long and driven at ``mutual_aid.speed_kmh``. The
    edges lead to hospitals alone, so that nobody crosses the mainland from one quay to another and
    responses stay as they are.

    Args:
        region: a valid region.
        land: its network in calm weather.
        parameters: the rules of mutual aid.
    """
    aid, hospitals = parameters.mutual_aid, region.hospitals
    outside = hospitals["hospital_id"][flags(hospitals["outside"])]
    if not aid.enabled or not len(outside):
        return land
    heads = land.node_of("hospitals", outside)
    tails = mainland_gates(land.nodes)
    km = mainland_km(land.nodes, tails, heads, parameters)
    row, column = np.nonzero(np.isfinite(km))
    length_km = km[row, column]
    added = pd.DataFrame(
        {
            "link_id": "mainland",
            "kind": "access",
            "road_class": "residential",
            "structure": "",
            "ferry_kind": "",
            "length_km": length_km,
            "travel_min": 60.0 * length_km / aid.speed_kmh,
            "wait_min": 0.0,
        }
    )
    old = land.graph
    graph = Network(
        old.n_nodes,
        np.concatenate([old.edge_from, tails[row].astype(np.int32)]),
        np.concatenate([old.edge_to, heads[column].astype(np.int32)]),
        np.concatenate([old.travel_min, added["travel_min"].to_numpy(float)]),
        old.node_xy,
    )
    edges = pd.concat([land.edges, added[list(land.edges.columns)]], ignore_index=True)
    return replace(land, graph=graph, edges=edges)


def mainland_gates(nodes: pd.DataFrame) -> Ints:
    """Return the bridge heads, quays and helipads outside all islands."""
    at = nodes["layer"].isin(("roads", "ports", "helipads")) & nodes["island_id"].isna()
    return np.flatnonzero(at.to_numpy())


def mainland_km(
    nodes: pd.DataFrame, tails: Ints, heads: Ints, parameters: Parameters
) -> NDArray[np.float64]:
    """Return the length of the mainland drive between nodes, shape (tails, heads); NaN too far."""
    aid = parameters.mutual_aid
    xy = nodes[["x", "y"]].to_numpy(float)
    km = np.hypot(*(xy[tails][:, None, :] - xy[heads][None, :, :]).transpose(2, 0, 1)) / 1000.0
    return np.asarray(np.where(km <= aid.reach_km, km * aid.detour, np.nan))


def idle_because(
    posts: pd.DataFrame, vehicle: str, condition: Condition, parameters: Parameters
) -> list[str]:
    """Return why the `vehicle` of each post does not run under `condition`; ``""`` where it does.

    Args:
        posts: rows of the layer ``posts``; those without such a vehicle give ``no_such_vehicle``.
        vehicle: kind of vehicle.
        condition: what is stopped; with a clock time posts count in their hours.
        parameters: whether helicopters fly at night.
    """
    night = (
        vehicle == "helicopter"
        and condition.daylight == "night"
        and not parameters.helicopter.night_allowed
    )
    found = []
    for kinds, kind, post, hours in zip(
        posts["vehicles"], posts["kind"], posts["post_id"], posts["hours"], strict=True
    ):
        if not isinstance(kinds, str) or vehicle not in kinds.split(";"):
            found.append("no_such_vehicle")
        elif vehicle not in condition.vehicles:
            found.append("vehicle_stopped")
        elif condition.stops_post(kind, post):
            found.append("post_stopped")
        elif condition.when_min is not None and not is_open(hours, condition.when_min):
            found.append("post_closed")
        else:
            found.append("night" if night else "")
    return found


def running(
    posts: pd.DataFrame, vehicle: str, condition: Condition, parameters: Parameters
) -> pd.DataFrame:
    """Return the posts whose `vehicle` runs under `condition`."""
    why = idle_because(posts, vehicle, condition, parameters)
    return posts[np.array([not one for one in why], dtype=bool)]


class Anchors:
    """Where scenes join the network: the nearest node of their own island that has a link.

    Args:
        land: the network.
    """

    def __init__(self, land: LandNetwork) -> None:
        self._nodes = land.nodes
        linked = np.zeros(land.graph.n_nodes, dtype=bool)
        linked[land.graph.edge_from] = linked[land.graph.edge_to] = True
        self._linked = linked
        self._xy = land.nodes[["x", "y"]].to_numpy(float)
        islands = land.nodes["island_id"].reset_index(drop=True)
        self._of_island = {
            str(island): np.asarray(rows, dtype=np.int64)
            for island, rows in islands.groupby(islands).groups.items()
        }
        self._demand = (land.nodes["layer"] == "demand").to_numpy()

    def find(self, xy: Floats, island_ids: list[str]) -> tuple[Ints, Floats]:
        """Return the node of each scene, -1 where its island has none, and its distance in metres.

        Args:
            xy: scenes, metres, shape (n, 2).
            island_ids: their islands.

        A demand point within a metre goes before any other node, even one without a link: there
        the answer is that of the coverage tables.
        """
        node = np.full(len(xy), NOWHERE)
        apart = np.full(len(xy), np.nan)
        islands = np.array(island_ids, dtype=object)
        for island in sorted(set(island_ids)):
            mine = np.flatnonzero(islands == island)
            every = self._of_island.get(island, np.empty(0, np.int64))
            for kept, within in (
                (every[self._linked[every]], np.inf),
                (every[self._demand[every]], _SAME_SPOT_M),
            ):
                if len(kept):
                    distance, at = cKDTree(self._xy[kept]).query(xy[mine])
                    near = distance <= within
                    node[mine[near]], apart[mine[near]] = kept[at[near]], distance[near]
        return node, apart


def places_at(
    region: Region, land: LandNetwork, scenes: gpd.GeoDataFrame, node: Ints
) -> LandNetwork:
    """Return the network with scenes as demand points at nodes that exist already.

    The node table gets rows whose index is the node of each scene, so that `LandNetwork.node_of`
    finds it; the graph, and all that was derived from it, stays the same. A scene without a node
    gets a new one without links, where only a helicopter can come.
    """
    lost = np.flatnonzero(node == NOWHERE)
    at = node.copy()
    at[lost] = land.graph.n_nodes + np.arange(len(lost))
    xy = shapely.get_coordinates(scenes.to_crs(region.metric_crs).geometry)
    rows = pd.DataFrame(
        {
            "layer": "demand",
            "place_id": scenes["demand_id"].to_numpy(),
            "name_zh": scenes["name_zh"].to_numpy(),
            "name_en": scenes["name_en"].to_numpy(),
            "island_id": scenes["island_id"].to_numpy(),
            "x": xy[:, 0],
            "y": xy[:, 1],
        },
        index=at,
    )
    order = np.concatenate([lost, np.flatnonzero(node != NOWHERE)])
    nodes = pd.concat([land.nodes, rows.iloc[order]])
    if not len(lost):
        return replace(land, nodes=nodes)
    old = land.graph
    graph = Network(
        old.n_nodes + len(lost), old.edge_from, old.edge_to, old.travel_min, node_xy=None
    )
    return replace(land, nodes=nodes, graph=graph)
