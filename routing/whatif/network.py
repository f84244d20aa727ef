"""The land network after a small change, built anew on the islands that the change touches alone.

What `routing.land_network.build` does on one island depends on the places and roads of that island:
places join their nearest road, neighbours join each other. So the islands where posts came, went or
moved, helipads came, or roads opened or closed, are built as a region of their own and spliced into
the network of the rest. Order of nodes and edges differs from a network built whole; travel times
do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.region import Region
from routing import land_network, mutual_aid
from routing.config import Parameters
from routing.land_network import PLACE_LAYERS, LandNetwork
from routing.network import Network
from routing.scenario import Scenario

_ROAD_ISLANDS = ("island_id", "from_island_id", "to_island_id")
_OWN = ("access", "local")

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Touched:
    """What a change touches: islands, roads (by id) and ferries (by id)."""

    islands: set[str]
    roads: set[str]
    ferries: set[str]


def updated(
    base: LandNetwork, before: Region, after: Region, asked: Scenario, parameters: Parameters
) -> LandNetwork:
    """Return the network of `after`, in calm weather.

    Args:
        base: network of `before` in calm weather.
        before: a valid region.
        after: the same under `asked`.
        asked: posts added, moved or removed, helipads added, links of the region opened or closed;
            no more.
        parameters: those that `base` was built with.
    """
    touched = _touched(before, after, asked)
    if not (touched.islands or touched.roads or touched.ferries):
        return base
    part = land_network.build(_part(after, touched), parameters)
    nodes, of_base, of_part = _joined_nodes(base, part, touched.islands)
    edges = _joined_edges(base, part, of_base, of_part, touched)
    edges = _with_crews_outside(edges, nodes, after, parameters)
    graph = Network(
        len(nodes),
        edges["tail"].to_numpy(np.int32),
        edges["head"].to_numpy(np.int32),
        (edges["travel_min"] + edges["wait_min"]).to_numpy(float),
        nodes[["x", "y"]].to_numpy(float),
    )
    table = edges[base.edges.columns].reset_index(drop=True)
    return LandNetwork(graph, nodes, table, _unjoined(nodes, edges))


def _touched(before: Region, after: Region, asked: Scenario) -> _Touched:
    posts = {one.post_id for one in asked.posts_added}
    posts |= {one.post_id for one in asked.posts_moved}
    posts |= {one.post_id for one in asked.posts_removed}
    links = {one.link_id for one in asked.links_closed}
    links |= {one.link_id for one in asked.links_opened}
    islands: set[str] = set()
    for region in (before, after):
        islands |= set(region.posts.loc[region.posts["post_id"].isin(posts), "island_id"].dropna())
    pads = {one.helipad_id for one in asked.helipads_added}
    new = after.helipads["helipad_id"].isin(pads)
    islands |= set(after.helipads.loc[new, "island_id"].dropna())
    roads = after.roads[after.roads["link_id"].isin(links)]
    for name in _ROAD_ISLANDS:
        islands |= set(roads[name].dropna())
    ferries = links & set(after.ferries["link_id"])
    return _Touched(islands, _roads_of(after.roads, islands) | set(roads["link_id"]), ferries)


def _roads_of(roads: pd.DataFrame, islands: set[str]) -> set[str]:
    mine = np.zeros(len(roads), dtype=bool)
    for name in _ROAD_ISLANDS:
        mine |= roads[name].isin(islands).to_numpy(bool)
    return set(roads.loc[mine, "link_id"])


def _part(region: Region, touched: _Touched) -> Region:
    """Return the touched islands as a region: their places, their roads and what these join."""
    ferries = region.ferries[region.ferries["link_id"].isin(touched.ferries)]
    quays = {*ferries["from_port_id"], *ferries["to_port_id"]}
    roads = region.roads
    mine = roads["link_id"].isin(touched.roads)
    nodes = {*roads.loc[mine, "from_node"], *roads.loc[mine, "to_node"]}
    # A node belongs to an island by all roads that meet there.
    joined = mine | roads["from_node"].isin(nodes) | roads["to_node"].isin(nodes)
    layers = {"roads": roads[joined], "ferries": ferries}
    for layer in PLACE_LAYERS:
        table = region.layers[layer]
        keep = table["island_id"].isin(touched.islands)
        layers[layer] = table[keep | table["port_id"].isin(quays) if layer == "ports" else keep]
    islands = region.islands[region.islands["island_id"].isin(touched.islands)]
    tables = {**layers, "islands": islands}
    return region.replace(**{name: t.reset_index(drop=True) for name, t in tables.items()})


def _joined_nodes(
    base: LandNetwork, part: LandNetwork, islands: set[str]
) -> tuple[pd.DataFrame, Ints, Ints]:
    """Return the nodes of both, and where those of each went (-1: nowhere).

    The part speaks for the touched islands, the base for the others; what only one of them knows
    stays, unless it stood on a touched island.
    """
    kept = base.nodes[~base.nodes["island_id"].isin(islands)]
    known = pd.MultiIndex.from_frame(kept[["layer", "place_id"]])
    its = pd.MultiIndex.from_frame(part.nodes[["layer", "place_id"]])
    new = part.nodes[~np.asarray(its.isin(known))]
    nodes = pd.concat([kept, new], ignore_index=True)
    place = pd.MultiIndex.from_frame(nodes[["layer", "place_id"]])
    of_base = place.get_indexer(pd.MultiIndex.from_frame(base.nodes[["layer", "place_id"]]))
    return nodes, of_base.astype(np.int64), place.get_indexer(its).astype(np.int64)


def _joined_edges(
    base: LandNetwork, part: LandNetwork, of_base: Ints, of_part: Ints, touched: _Touched
) -> pd.DataFrame:
    old, new = _edges(base, of_base), _edges(part, of_part)
    both_ends = (old["tail"] >= 0) & (old["head"] >= 0)
    again = touched.roads | touched.ferries
    theirs = _on(base, touched.islands) & old["kind"].isin(_OWN).to_numpy()
    crews = old["link_id"] == mutual_aid.EDGE_ID
    stays = both_ends & ~old["link_id"].isin(again) & ~theirs & ~crews
    mine = _on(part, touched.islands) & new["kind"].isin(_OWN).to_numpy()
    comes = mine | new["link_id"].isin(again).to_numpy()
    return pd.concat([old[stays], new[comes]], ignore_index=True)


def _edges(land: LandNetwork, place: Ints) -> pd.DataFrame:
    return land.edges.assign(tail=place[land.graph.edge_from], head=place[land.graph.edge_to])


def _on(land: LandNetwork, islands: set[str]) -> Flags:
    """Return which edges begin on one of some islands."""
    at = land.nodes["island_id"].isin(islands).to_numpy(bool)
    return np.asarray(at[land.graph.edge_from])


def _with_crews_outside(
    edges: pd.DataFrame, nodes: pd.DataFrame, region: Region, parameters: Parameters
) -> pd.DataFrame:
    drives = mutual_aid.crew_edges(nodes, region.posts, parameters)
    if not len(drives):
        return edges
    drives = drives.drop(columns="oneway").assign(structure="", ferry_kind="")
    return pd.concat([edges, drives], ignore_index=True)


def _unjoined(nodes: pd.DataFrame, edges: pd.DataFrame) -> dict[str, int]:
    used = np.zeros(len(nodes), dtype=bool)
    used[edges["tail"]] = used[edges["head"]] = True
    lonely = nodes[~used & nodes["layer"].isin(PLACE_LAYERS).to_numpy()]
    return {str(layer): int(n) for layer, n in lonely.groupby("layer").size().items()}
