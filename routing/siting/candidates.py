"""Where a new ambulance post could stand: existing health centres, settlements and ports."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata.region import Region
from routing.land_network import LandNetwork

_LAYERS = (("posts", "post_id"), ("settlements", "settlement_id"), ("ports", "port_id"))


def ambulance_posts(
    region: Region, land: LandNetwork, *, counted: pd.Series, apart_m: float = 500.0
) -> pd.DataFrame:
    """Return candidate sites of ambulance posts.

    Health centres that do not count as posts come first, then settlements, then ports with a
    confirmed or listed position; a candidate within `apart_m` of an earlier one, or of a post that
    counts, is left out. Assumed landings are no candidates, and neither is a place that the network
    does not join to anything.

    Args:
        region: a valid region.
        land: its ambulance network.
        counted: `post_id` of the posts that count as sending crews already.
        apart_m: smallest distance between candidates, metres.

    Returns:
        One row a candidate: `id`, `layer`, `name_zh`, `name_en`, `kind`, `island_id`, `lon`, `lat`,
        `node`.
    """
    frames = [_of_layer(region, land, layer, key, counted) for layer, key in _LAYERS]
    table = pd.concat(frames, ignore_index=True)
    return _thinned(table, land, _taken(region, land, counted), apart_m)


def _of_layer(
    region: Region, land: LandNetwork, layer: str, key: str, counted: pd.Series
) -> pd.DataFrame:
    places = region.layers[layer]
    places = places[places["island_id"].notna()]
    if layer == "posts":
        ambulance = places["vehicles"].fillna("").str.split(";").map(lambda kinds: "ambulance" in kinds)
        places = places[ambulance.astype(bool) & ~places["post_id"].isin(counted)]
    if layer == "ports":
        places = places[~places["port_id"].str.startswith("landing-")]
    node = land.node_of(layer, places[key])
    kinds = {"posts": "health_centre", "settlements": "settlement", "ports": "port"}
    table = pd.DataFrame(
        {
            "id": places[key].to_numpy(),
            "layer": layer,
            "name_zh": places["name_zh"].to_numpy(),
            "name_en": places["name_en"].to_numpy(),
            "kind": kinds[layer],
            "island_id": places["island_id"].to_numpy(),
            "lon": shapely.get_x(places.geometry),
            "lat": shapely.get_y(places.geometry),
            "node": node,
        }
    )
    joined = np.isin(node, land.graph.edge_from)
    return table[joined]


def _taken(region: Region, land: LandNetwork, counted: pd.Series) -> NDArray[np.float64]:
    posts = region.posts[region.posts["post_id"].isin(counted)]
    ambulance = posts["vehicles"].fillna("").str.contains("ambulance")
    node = land.node_of("posts", posts.loc[ambulance, "post_id"])
    return land.nodes.loc[node, ["x", "y"]].to_numpy(float)


def _thinned(
    table: pd.DataFrame, land: LandNetwork, taken: NDArray[np.float64], apart_m: float
) -> pd.DataFrame:
    xy = land.nodes.loc[table["node"], ["x", "y"]].to_numpy(float)
    kept: list[int] = []
    occupied = list(taken)
    for k, spot in enumerate(xy):
        if all(np.hypot(*(spot - other)) >= apart_m for other in occupied):
            kept.append(k)
            occupied.append(spot)
    return table.iloc[kept].reset_index(drop=True)
