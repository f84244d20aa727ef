"""Lay out the nodes and edges of the network that an ambulance drives on."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata.region import Region
from routing import headway, mutual_aid, neighbours
from routing.config import Parameters
from routing.network import Network

PLACE_LAYERS = {
    "demand": "demand_id",
    "posts": "post_id",
    "ports": "port_id",
    "helipads": "helipad_id",
    "hospitals": "hospital_id",
    "settlements": "settlement_id",
}
_JOINS = ("motorway",)
_EDGE_COLUMNS = (
    "link_id",
    "kind",
    "road_class",
    "structure",
    "ferry_kind",
    "length_km",
    "travel_min",
    "wait_min",
)


class Builder:
    """Collects nodes and edges kind by kind, in the order of `routing.land_network.build`.

    Args:
        region: a valid region.
        parameters: speeds, detour and ferry headways.
    """

    def __init__(self, region: Region, parameters: Parameters) -> None:
        self.region, self.parameters = region, parameters
        self.crs = region.metric_crs
        self.node_rows: list[pd.DataFrame] = []
        self.edge_rows: list[pd.DataFrame] = []
        self.n_nodes = 0

    def add_places(self) -> None:
        """Give each place of `PLACE_LAYERS` a node."""
        frames = []
        for layer, key in PLACE_LAYERS.items():
            table = self.region.layers[layer]
            if len(table):
                xy = shapely.get_coordinates(table.to_crs(self.crs).geometry)
                frames.append(_node_frame(layer, table[key], table, xy))
        # A change may touch an island that has no place left.
        self.places = pd.concat(frames, ignore_index=True) if frames else _no_nodes()
        self._append_nodes(self.places)

    def add_roads(self) -> None:
        """Add the open roads, cut where places join them, and the places' access edges."""
        roads = self.region.layers["roads"]
        roads = roads[roads["status"] == "open"].reset_index(drop=True)
        lines = roads.to_crs(self.crs).geometry.to_numpy()
        self._add_road_nodes(roads, lines)
        joins = self._joins(roads, lines)
        stops = self._stops(roads, lines, joins)
        self._append_edges(self._pieces(roads, stops))
        joined = joins.merge(stops, on=["road", "along"], how="left").dropna(subset="node")
        self._append_synthetic(
            joined["place"].to_numpy(np.int64), joined["node"].to_numpy(np.int64), "access"
        )

    def add_local_edges(self) -> None:
        """Join neighbouring places of each island, and its road ends that are no motorway's.

        Where the roads are real, only islands that have none need such edges.
        """
        plain = ~self.road_nodes["motorway_only"]
        # A motorway or bridge that is an island's only road does join it at its end.
        alone = ~self.road_nodes["island_id"].isin(self.road_nodes.loc[plain, "island_id"])
        nodes = pd.concat([self.places, self.road_nodes[plain | alone]])
        shapes = self.region.layers["islands"].to_crs(self.crs).set_index("island_id").geometry
        if self.region.network != "schematic":
            nodes = nodes[~nodes["island_id"].isin(self.road_nodes["island_id"])]
        joined = [np.empty((0, 2), dtype=np.int64)]
        xy, number = nodes[["x", "y"]].to_numpy(float), nodes.index.to_numpy()
        land = dict(zip(shapes.index, shapes.to_numpy(), strict=True))
        for island_id, here in _by_island(nodes):
            joined.append(number[here[neighbours.pairs(xy[here], land.get(island_id))]])
        tail, head = np.concatenate(joined).T
        self._append_synthetic(tail, head, "local")

    def add_ferries(self) -> None:
        """Join the ports of vehicle ferries in service."""
        ferries = self.region.layers["ferries"]
        ferries = ferries[(ferries["kind"] == "car_ferry") & (ferries["status"] == "in_service")]
        port = self.places[self.places["layer"] == "ports"]
        node = pd.Series(port.index, index=port["place_id"])
        tail = node.loc[ferries["from_port_id"]].to_numpy(np.int64)
        head = node.loc[ferries["to_port_id"]].to_numpy(np.int64)
        out, home = (
            headway.ferry_wait_min(ferries, self.parameters, back=back) for back in (False, True)
        )
        boarding_min = self.parameters.ferry.boarding_min
        frame = pd.DataFrame(
            {
                "tail": tail,
                "head": head,
                "link_id": ferries["link_id"].to_numpy(),
                "kind": "ferry",
                "ferry_kind": ferries["kind"].to_numpy(),
                "length_km": ferries["length_km"].to_numpy(float),
                "travel_min": ferries["duration_min"].to_numpy(float),
                "wait_min": out + boarding_min,
                "wait_back_min": home + boarding_min,
            }
        )
        self._append_edges(frame)

    def add_crews_outside(self) -> None:
        """Join posts outside the region to the mainland's bridge heads and quays."""
        nodes, posts = pd.concat([self.places, self.road_nodes]), self.region.layers["posts"]
        edges = mutual_aid.crew_edges(nodes, posts, self.parameters)
        if len(edges):
            self._append_edges(edges)

    def finish(self) -> tuple[Network, pd.DataFrame, pd.DataFrame, dict[str, int]]:
        """Return graph, nodes, edges and places that no road reaches, as of `LandNetwork`."""
        nodes = pd.concat(self.node_rows, ignore_index=True)
        one_way = pd.concat(self.edge_rows, ignore_index=True)
        back = one_way[~one_way["oneway"]].rename(columns={"tail": "head", "head": "tail"})
        if "wait_back_min" in back:
            back["wait_min"] = back["wait_back_min"].fillna(back["wait_min"])
        edges = pd.concat([one_way, back], ignore_index=True)
        for name in ("structure", "ferry_kind"):
            edges[name] = edges[name].fillna("") if name in edges else ""
        graph = Network(
            len(nodes),
            edges["tail"].to_numpy(np.int32),
            edges["head"].to_numpy(np.int32),
            (edges["travel_min"] + edges["wait_min"]).to_numpy(float),
            nodes[["x", "y"]].to_numpy(float),
        )
        return graph, nodes, edges[list(_EDGE_COLUMNS)], self._unjoined(edges)

    def _unjoined(self, edges: pd.DataFrame) -> dict[str, int]:
        used = np.zeros(self.n_nodes, dtype=bool)
        used[edges["tail"]] = used[edges["head"]] = True
        lonely = self.places[~used[: len(self.places)]]
        return {str(k): int(n) for k, n in lonely.groupby("layer").size().items()}

    def _append_nodes(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        first, self.n_nodes = self.n_nodes, self.n_nodes + len(frame)
        self.node_rows.append(frame)
        return np.arange(first, self.n_nodes)

    def _append_edges(self, frame: pd.DataFrame) -> None:
        frame = frame.copy()
        frame["oneway"] = frame["oneway"].astype(bool) if "oneway" in frame else False
        self.edge_rows.append(frame)

    def _add_road_nodes(self, roads: pd.DataFrame, lines: NDArray[np.object_]) -> None:
        """Give each named road end one node; a land link says which island it is on."""
        ends = []
        for end, position in (("from", 0), ("to", -1)):
            spots = shapely.get_point(lines, position)
            ends.append(
                pd.DataFrame(
                    {
                        "layer": "roads",
                        "place_id": roads[f"{end}_node"],
                        "name_zh": roads[f"{end}_node"],
                        "name_en": None,
                        "island_id": roads[f"{end}_island_id"].fillna(roads["island_id"]),
                        "x": shapely.get_x(spots),
                        "y": shapely.get_y(spots),
                        "motorway": roads["road_class"].isin(_JOINS),
                    }
                )
            )
        both = pd.concat(ends, ignore_index=True)
        only = both.groupby("place_id")["motorway"].all()
        nodes = both.sort_values("island_id").drop_duplicates("place_id").sort_index()
        nodes = nodes.assign(motorway_only=nodes["place_id"].map(only)).drop(columns="motorway")
        nodes.index = self._append_nodes(nodes.drop(columns="motorway_only"))
        self.road_nodes = nodes
        self.road_node = pd.Series(nodes.index, index=nodes["place_id"])

    def _joins(self, roads: pd.DataFrame, lines: NDArray[np.object_]) -> pd.DataFrame:
        """Return for each place its nearest road of the same island and where along it."""
        usable = roads["island_id"].notna() & (roads["structure"] == "none")
        motorway = roads["road_class"].isin(_JOINS)
        plain = usable & ~motorway
        only_motorway = ~roads["island_id"].isin(roads.loc[plain, "island_id"])
        joinable = roads[plain | (usable & only_motorway)]
        roads_of = dict(_by_island(joinable))
        xy = self.places[["x", "y"]].to_numpy(float)
        place, road, along = [], [], []
        for island_id, here in _by_island(self.places):
            if island_id not in roads_of:
                continue
            mine = joinable.index.to_numpy()[roads_of[island_id]]
            spots = shapely.points(xy[here])
            nearest = mine[shapely.STRtree(lines[mine]).nearest(spots)]
            place.append(self.places.index.to_numpy()[here])
            road.append(nearest)
            along.append(shapely.line_locate_point(lines[nearest], spots, normalized=True))
        if not place:
            return pd.DataFrame({"place": [], "road": [], "along": []}, dtype=float)
        which, where = np.concatenate(road), np.concatenate(along)
        where = np.where(motorway.to_numpy(bool)[which], np.round(where), where).round(6)
        return pd.DataFrame({"place": np.concatenate(place), "road": which, "along": where})

    def _stops(
        self, roads: pd.DataFrame, lines: NDArray[np.object_], joins: pd.DataFrame
    ) -> pd.DataFrame:
        """Return the nodes along each road in order: its ends and, between them, its joins."""
        inner = joins[["road", "along"]].drop_duplicates()
        inner = inner[(inner["along"] > 0) & (inner["along"] < 1)].reset_index(drop=True)
        road = inner["road"].to_numpy(np.int64)
        spots = shapely.line_interpolate_point(
            lines[road], inner["along"].to_numpy(float), normalized=True
        )
        along = roads.iloc[road].reset_index(drop=True)
        frame = pd.DataFrame(
            {
                "layer": "joins",
                "place_id": along["link_id"] + inner["along"].map("@{:.6f}".format),
                "name_zh": along["name_zh"],
                "name_en": along["name_en"],
                "island_id": along["island_id"],
                "x": shapely.get_x(spots),
                "y": shapely.get_y(spots),
            }
        )
        inner["node"] = self._append_nodes(frame)
        ends = [
            pd.DataFrame({"road": roads.index, "along": at, "node": self._road_node(roads[name])})
            for at, name in ((0.0, "from_node"), (1.0, "to_node"))
        ]
        both = pd.concat([*ends, inner], ignore_index=True)
        return both.sort_values(["road", "along"], kind="stable").reset_index(drop=True)

    def _road_node(self, names: pd.Series) -> NDArray[np.int64]:
        return self.road_node.loc[names].to_numpy(np.int64)

    def _pieces(self, roads: pd.DataFrame, stops: pd.DataFrame) -> pd.DataFrame:
        """Cut each road at its stops; the pieces share its stated length in proportion."""
        road, along = stops["road"].to_numpy(np.int64), stops["along"].to_numpy(float)
        node = stops["node"].to_numpy(np.int64)
        same = road[:-1] == road[1:]
        mine = roads.iloc[road[:-1][same]].reset_index(drop=True)
        length_km = mine["length_km"].to_numpy(float) * np.diff(along)[same]
        speed = mine["speed_kmh"].to_numpy(float) * self.parameters.ambulance.speed_factor
        return pd.DataFrame(
            {
                "tail": node[:-1][same],
                "head": node[1:][same],
                "link_id": mine["link_id"],
                "kind": "road",
                "road_class": mine["road_class"],
                "structure": mine["structure"].replace("none", ""),
                "length_km": length_km,
                "travel_min": 60.0 * length_km / speed,
                "wait_min": 0.0,
                "oneway": mine["oneway"].astype(bool),
            }
        )

    def _append_synthetic(
        self, tail: NDArray[np.int64], head: NDArray[np.int64], kind: str
    ) -> None:
        xy = pd.concat(self.node_rows, ignore_index=True)[["x", "y"]].to_numpy(float)
        straight_km = np.hypot(*(xy[tail] - xy[head]).T) / 1000.0
        length_km = straight_km * self.parameters.ambulance.access_detour
        frame = pd.DataFrame(
            {
                "tail": tail,
                "head": head,
                "link_id": kind,
                "kind": kind,
                "road_class": "residential",
                "length_km": length_km,
                "travel_min": 60.0 * length_km / self.parameters.ambulance.access_speed_kmh,
                "wait_min": 0.0,
            }
        )
        self._append_edges(frame)


def _by_island(table: pd.DataFrame) -> list[tuple[str, NDArray[np.int64]]]:
    """Return every island of a table, in order, with the positions of its rows."""
    rows = table.groupby("island_id").indices
    return [(str(island), np.asarray(rows[island], np.int64)) for island in sorted(map(str, rows))]


def _no_nodes() -> pd.DataFrame:
    names = ("layer", "place_id", "name_zh", "name_en", "island_id")
    columns = {name: pd.Series(dtype=object) for name in names}
    return pd.DataFrame({**columns, "x": pd.Series(dtype=float), "y": pd.Series(dtype=float)})


def _node_frame(
    layer: str, ids: pd.Series, table: gpd.GeoDataFrame, xy: NDArray[np.float64]
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "layer": layer,
            "place_id": ids.to_numpy(),
            "name_zh": table["name_zh"].to_numpy(),
            "name_en": table["name_en"].to_numpy(),
            "island_id": table["island_id"].to_numpy(),
            "x": xy[:, 0],
            "y": xy[:, 1],
        }
    )
