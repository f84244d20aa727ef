"""The network an ambulance drives on: a region's roads, access edges and vehicle ferries.

A trunk skeleton does not reach people's doors. Two kinds of synthetic edges close the gap, both
marked in the edge table: ``access`` joins a place to the nearest point of the nearest road of its
island, and ``local`` joins neighbouring places of one island (Delaunay triangulation) in place of
the streets that the skeleton lacks; where the roads are real, only on islands that have none. Both
are `access_detour` times their straight line long. Bridges are never joined in between, and
motorways neither; on an island that has motorways and nothing else, places join at their ends.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import Delaunay, QhullError

from geodata.region import Region
from routing import mutual_aid
from routing.conditions import Condition
from routing.config import Parameters
from routing.network import Network

log = logging.getLogger(__name__)

PLACE_LAYERS = {
    "demand": "demand_id",
    "posts": "post_id",
    "ports": "port_id",
    "helipads": "helipad_id",
    "hospitals": "hospital_id",
    "settlements": "settlement_id",
}
EDGE_KINDS = ("road", "access", "local", "ferry")
_LOCAL_REACH_M = 3_000.0
_LOCAL_OVER_WATER = 0.15
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
        mine = self.nodes[self.nodes["layer"] == layer]
        return mine.reset_index().set_index("place_id")["index"].loc[list(ids)].to_numpy(np.int64)

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
        ferry = (self.edges["kind"] == "ferry").to_numpy()
        return self.graph.with_travel_min(np.where(ferry, np.inf, self.graph.travel_min))


def build(region: Region, parameters: Parameters) -> LandNetwork:
    """Return the ambulance network of a region under the default condition.

    Args:
        region: a valid region; only ``open`` roads and ``in_service`` vehicle ferries are used.
        parameters: speeds, detour and ferry headways.

    The minutes of a road are ``60 length_km / (speed_kmh speed_factor)``. A ferry takes its
    duration, boarding, and a wait of half its headway: the service day divided by its sailings, or
    the assumed headway where no source gives a frequency.
    """
    builder = _Builder(region, parameters)
    builder.add_places()
    builder.add_roads()
    builder.add_local_edges()
    builder.add_ferries()
    builder.add_crews_outside()
    return builder.finish()


def ferry_wait_min(ferries: pd.DataFrame, parameters: Parameters) -> NDArray[np.float64]:
    """Return the mean wait for each ferry, minutes: half the headway.

    Args:
        ferries: rows with `departures_per_day` (nullable) and `first_departure`, `last_departure`
            (``HH:MM``, nullable).

    With n >= 2 sailings between the first and the last the headway is their distance over n - 1;
    without clock times it is the service day over n; one sailing a day gives the whole service day,
    fewer than one a day 24 hours over n; an unknown frequency gives the assumed headway; none at
    all is no ferry (inf).
    """
    sailings = ferries["departures_per_day"].to_numpy(float)
    first = ferries["first_departure"].map(minute_of_day).to_numpy(float)
    last = ferries["last_departure"].map(minute_of_day).to_numpy(float)
    span = np.where((last > first) & (sailings >= 2), last - first, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        headway = np.where(
            np.isfinite(span), span / (sailings - 1), parameters.ferry.service_day_min / sailings
        )
        headway = np.where(sailings < 1, 1440.0 / sailings, headway)
    headway = np.where(np.isnan(sailings), parameters.ferry.assumed_headway_min, headway)
    return np.asarray(headway / 2.0)


def _factors(edges: pd.DataFrame, limits: Condition) -> NDArray[np.float64]:
    """Return the speed factor of each edge; 0 where it is closed."""
    link = edges["link_id"].astype(str)
    by_road = limits.road_factors(edges["structure"], edges["road_class"], link)
    by_ferry = limits.ferry_factors(edges["ferry_kind"], link)
    kind = edges["kind"].to_numpy()
    synthetic = np.isin(kind, ("access", "local"))
    by_road = np.where(synthetic, limits.road_speed_factor, by_road)
    return np.where(kind == "ferry", by_ferry, by_road)


def minute_of_day(clock: object) -> float:
    """Return ``HH:MM`` as minutes after midnight, NaN where blank."""
    if not isinstance(clock, str) or ":" not in clock:
        return float("nan")
    hours, minutes = clock.split(":")[:2]
    return int(hours) * 60.0 + int(minutes)


class _Builder:
    def __init__(self, region: Region, parameters: Parameters) -> None:
        self.region, self.parameters = region, parameters
        self.crs = region.metric_crs
        self.node_rows: list[pd.DataFrame] = []
        self.edge_rows: list[pd.DataFrame] = []
        self.n_nodes = 0

    def add_places(self) -> None:
        frames = []
        for layer, key in PLACE_LAYERS.items():
            table = self.region.layers[layer]
            if len(table):
                xy = shapely.get_coordinates(table.to_crs(self.crs).geometry)
                frames.append(_node_frame(layer, table[key], table, xy))
        self.places = pd.concat(frames, ignore_index=True)
        self._append_nodes(self.places)

    def add_roads(self) -> None:
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
        for island_id, group in nodes.groupby("island_id", sort=True):
            pairs = _neighbours(group[["x", "y"]].to_numpy(float), shapes.get(island_id))
            tail, head = (group.index.to_numpy()[pairs[:, k]] for k in (0, 1))
            self._append_synthetic(tail, head, "local")

    def add_ferries(self) -> None:
        ferries = self.region.layers["ferries"]
        ferries = ferries[(ferries["kind"] == "car_ferry") & (ferries["status"] == "in_service")]
        port = self.places[self.places["layer"] == "ports"]
        node = pd.Series(port.index, index=port["place_id"])
        tail = node.loc[ferries["from_port_id"]].to_numpy(np.int64)
        head = node.loc[ferries["to_port_id"]].to_numpy(np.int64)
        wait = ferry_wait_min(ferries, self.parameters) + self.parameters.ferry.boarding_min
        frame = pd.DataFrame(
            {
                "tail": tail,
                "head": head,
                "link_id": ferries["link_id"].to_numpy(),
                "kind": "ferry",
                "ferry_kind": ferries["kind"].to_numpy(),
                "length_km": ferries["length_km"].to_numpy(float),
                "travel_min": ferries["duration_min"].to_numpy(float),
                "wait_min": wait,
            }
        )
        self._append_edges(frame)

    def add_crews_outside(self) -> None:
        """Join posts outside the region to the mainland's bridge heads and quays."""
        nodes, posts = pd.concat([self.places, self.road_nodes]), self.region.layers["posts"]
        edges = mutual_aid.crew_edges(nodes, posts, self.parameters)
        if len(edges):
            self._append_edges(edges)

    def finish(self) -> LandNetwork:
        nodes = pd.concat(self.node_rows, ignore_index=True)
        one_way = pd.concat(self.edge_rows, ignore_index=True)
        back = one_way[~one_way["oneway"]].rename(columns={"tail": "head", "head": "tail"})
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
        return LandNetwork(graph, nodes, edges[list(_EDGE_COLUMNS)], self._unjoined(edges))

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
        plain = usable & ~roads["road_class"].isin(_JOINS)
        only_motorway = ~roads["island_id"].isin(roads.loc[plain, "island_id"])
        rows = []
        for island_id, group in self.places.groupby("island_id", sort=True):
            mine = roads["island_id"] == island_id
            here = roads.index[mine & (plain | (usable & only_motorway))]
            if not len(here):
                continue
            spots = shapely.points(group[["x", "y"]].to_numpy(float))
            nearest = shapely.STRtree(lines[here]).nearest(spots)
            road = here.to_numpy()[nearest]
            along = shapely.line_locate_point(lines[road], spots, normalized=True)
            ends_only = roads["road_class"].isin(_JOINS).to_numpy()[road]
            along = np.where(ends_only, np.round(along), along)
            rows.append(pd.DataFrame({"place": group.index, "road": road, "along": along.round(6)}))
        if not rows:
            return pd.DataFrame({"place": [], "road": [], "along": []}, dtype=float)
        return pd.concat(rows, ignore_index=True)

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


def _neighbours(xy: NDArray[np.float64], land: shapely.Geometry | None) -> NDArray[np.int64]:
    """Return pairs of neighbouring points of one island, shape (k, 2).

    Delaunay edges are kept when they are short and run over land; of the others only those that the
    minimum spanning tree needs, so that an island never falls apart.
    """
    pairs = _triangulated(xy)
    if not len(pairs):
        return pairs
    length_m = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    lines = shapely.linestrings(xy[pairs])
    dry = np.ones(len(pairs), dtype=bool)
    if land is not None:
        wet = shapely.length(shapely.difference(lines, land))
        dry = wet <= _LOCAL_OVER_WATER * np.maximum(length_m, 1.0)
    size = len(xy)
    cost = np.where(dry, length_m, 3.0 * length_m) + 1e-3
    graph = sparse.coo_array((cost, (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    tree = csgraph.minimum_spanning_tree(graph.tocsr()).tocoo()
    needed = set(zip(*(np.sort([tree.row, tree.col], axis=0)).tolist(), strict=True))
    in_tree = np.array([tuple(sorted(p)) in needed for p in pairs.tolist()])
    return np.asarray(pairs[in_tree | (dry & (length_m <= _LOCAL_REACH_M))])


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
