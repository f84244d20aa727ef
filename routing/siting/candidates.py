"""Where a new post could stand: health centres, settlements, ports, a lattice on built land."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata.region import Region
from routing.config import Parameters
from routing.land_network import LandNetwork

SOURCES = ("health_centres", "settlements", "ports")
COLUMNS = (
    "id", "layer", "name_zh", "name_en", "kind", "island_id", "lon", "lat", "node", "access_min",
)  # fmt: skip
_LAYERS = {
    "health_centres": ("posts", "post_id", "health_centre"),
    "settlements": ("settlements", "settlement_id", "settlement"),
    "ports": ("ports", "port_id", "port"),
}
# Where the road table is a skeleton, an island with so many residents has streets that it lacks.
STREETS_PEOPLE = 1_000.0


def ambulance_posts(
    region: Region,
    land: LandNetwork,
    *,
    counted: pd.Series,
    apart_m: float = 500.0,
    sources: Sequence[str] = SOURCES,
    lattice_m: float | None = None,
) -> pd.DataFrame:
    """Return candidate sites of ambulance posts.

    Health centres that do not count as posts come first, then settlements, then ports with a
    confirmed or listed position; a candidate within `apart_m` of an earlier one, or of a post that
    counts, is left out. Assumed landings are no candidates, neither is a place that the network
    does not join to anything, nor one on an islet without roads (`ambulance_islands`).

    Args:
        region: a valid region.
        land: its ambulance network.
        counted: `post_id` of the posts that count as sending crews already.
        apart_m: smallest distance between candidates, metres.
        sources: which of `SOURCES` to take places from.
        lattice_m: spacing of further candidates on built land, metres, or None for none.

    Returns:
        One row a candidate: `id`, `layer`, `name_zh`, `name_en`, `kind`, `island_id`, `lon`, `lat`,
        `node`, and `access_min`, the minutes from the site to that node.
    """
    allowed = ambulance_islands(region)
    frames = [_of_layer(region, land, source, counted, allowed) for source in sources]
    found = (
        [_thinned(pd.concat(frames), land, _taken(region, land, counted), apart_m)]
        if frames
        else []
    )
    if lattice_m is not None:
        found.append(_lattice(region, land, lattice_m, allowed))
    table = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(COLUMNS))
    return table.drop_duplicates("node").reset_index(drop=True)


def ambulance_islands(region: Region) -> set[str]:
    """Return the islands that an ambulance can be stationed on.

    Those with an open road or bridge, those where a vehicle ferry lands, and, where the roads are a
    schematic skeleton, those with at least `STREETS_PEOPLE` residents.
    """
    roads = region.roads[region.roads["status"] == "open"]
    found = {i for c in ("island_id", "from_island_id", "to_island_id") for i in roads[c].dropna()}
    ferries = region.ferries
    ferries = ferries[(ferries["kind"] == "car_ferry") & (ferries["status"] == "in_service")]
    quays = {*ferries["from_port_id"], *ferries["to_port_id"]}
    ports = region.ports
    found |= set(ports.loc[ports["port_id"].isin(quays), "island_id"].dropna())
    if region.network == "schematic":
        residents = region.demand.groupby("island_id")["population"].sum()
        found |= set(residents.index[residents >= STREETS_PEOPLE])
    return {str(island) for island in found}


def joined_to_network(
    places: gpd.GeoDataFrame, region: Region, land: LandNetwork, parameters: Parameters
) -> pd.DataFrame:
    """Return for places anywhere on an island the network node they join, and how far it is.

    Args:
        places: points in EPSG:4326 with `island_id`.
        region: a valid region.
        land: its ambulance network.
        parameters: detour and speed of access edges.

    Returns:
        In the order of `places`: `node` (-1 where the island has none), `access_min`, `access_m`.
    """
    xy = shapely.get_coordinates(places.to_crs(region.metric_crs).geometry)
    used = np.unique(np.concatenate([land.graph.edge_from, land.graph.edge_to]))
    nodes = land.nodes.iloc[used]
    rows = []
    for spot, island in zip(xy, places["island_id"], strict=True):
        here = used[(nodes["island_id"] == island).to_numpy()]
        if not len(here):
            rows.append((-1, np.nan, np.nan))
            continue
        away = np.hypot(*(land.nodes[["x", "y"]].to_numpy(float)[here] - spot).T)
        nearest = int(away.argmin())
        length_km = away[nearest] / 1000.0 * parameters.ambulance.access_detour
        minutes = 60.0 * length_km / parameters.ambulance.access_speed_kmh
        rows.append((int(here[nearest]), minutes, float(away[nearest])))
    return pd.DataFrame(rows, columns=["node", "access_min", "access_m"], index=places.index)


def _of_layer(
    region: Region, land: LandNetwork, source: str, counted: pd.Series, allowed: set[str]
) -> pd.DataFrame:
    layer, key, kind = _LAYERS[source]
    places = region.layers[layer]
    places = places[places["island_id"].isin(allowed)]
    if source == "health_centres":
        vehicles = places["vehicles"].fillna("").str.split(";")
        ambulance = vehicles.map(lambda kinds: "ambulance" in kinds)
        places = places[ambulance.astype(bool) & ~places["post_id"].isin(counted)]
    if source == "ports":
        places = places[~places["port_id"].str.startswith("landing-")]
    table = _rows(places, places[key], layer, kind, land.node_of(layer, places[key]))
    joined = np.isin(table["node"], land.graph.edge_from)
    return table[joined]


def _rows(
    places: gpd.GeoDataFrame, ids: Iterable[str], layer: str, kind: str, node: NDArray[np.int64]
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": list(ids),
            "layer": layer,
            "name_zh": places["name_zh"].to_numpy(),
            "name_en": places["name_en"].to_numpy(),
            "kind": kind,
            "island_id": places["island_id"].to_numpy(),
            "lon": shapely.get_x(places.geometry),
            "lat": shapely.get_y(places.geometry),
            "node": node,
            "access_min": 0.0,
        }
    )


def _lattice(
    region: Region, land: LandNetwork, spacing_m: float, allowed: set[str]
) -> pd.DataFrame:
    """Return, for each lattice square of an island with demand, the demand point at its middle.

    Demand points stand on built land, so a lattice site does too; points off their island's shore
    are left out.
    """
    demand = region.demand[region.demand["island_id"].isin(allowed)]
    land_of = region.islands.set_index("island_id").geometry
    ashore = shapely.covers(land_of.loc[demand["island_id"]].to_numpy(), demand.geometry.to_numpy())
    demand = demand[ashore]
    xy = shapely.get_coordinates(demand.to_crs(region.metric_crs).geometry)
    square = np.floor(xy / spacing_m)
    order = pd.DataFrame(
        {
            "east": square[:, 0],
            "north": square[:, 1],
            "island_id": demand["island_id"].to_numpy(),
            "away": np.hypot(*(xy - (square + 0.5) * spacing_m).T),
            "id": demand["demand_id"].to_numpy(),
        },
        index=demand.index,
    ).sort_values(["away", "id"])
    middle = order.drop_duplicates(["east", "north", "island_id"]).index.sort_values()
    chosen = demand.loc[middle]
    node = land.node_of("demand", chosen["demand_id"])
    table = _rows(chosen, "lattice-" + chosen["demand_id"], "demand", "lattice", node)
    return table[np.isin(table["node"], land.graph.edge_from)]


def _taken(region: Region, land: LandNetwork, counted: pd.Series) -> NDArray[np.float64]:
    posts = region.posts[region.posts["post_id"].isin(counted)]
    ambulance = posts["vehicles"].fillna("").str.contains("ambulance")
    node = land.node_of("posts", posts.loc[ambulance, "post_id"])
    return np.asarray(land.nodes[["x", "y"]].to_numpy(float)[node])


def _thinned(
    table: pd.DataFrame, land: LandNetwork, taken: NDArray[np.float64], apart_m: float
) -> pd.DataFrame:
    xy = land.nodes[["x", "y"]].to_numpy(float)[table["node"].to_numpy(np.int64)]
    kept: list[int] = []
    occupied = list(taken)
    for k, spot in enumerate(xy):
        if all(np.hypot(*(spot - other)) >= apart_m for other in occupied):
            kept.append(k)
            occupied.append(spot)
    return table.iloc[kept].reset_index(drop=True)
