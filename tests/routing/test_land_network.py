"""The ambulance network of a region: cuts, access, local streets and ferries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from geodata import region
from geodata.region import Region
from routing import config, land_network, paths
from routing.land_network import LandNetwork
from tests.routing import toy


def drive(land: LandNetwork, start: tuple[str, str], end: tuple[str, str]) -> float:
    nodes = [land.node_of(layer, [place])[0] for layer, place in (start, end)]
    return float(paths.tree(land.graph, int(nodes[0])).travel_min[nodes[1]])


def built(place: Region) -> LandNetwork:
    return land_network.build(place, toy.parameters())


def test_a_cut_road_keeps_its_stated_length() -> None:
    place = toy.archipelago()
    land = built(place.replace(roads=place.roads.assign(length_km=27.0)))
    road = land.edges[land.edges["kind"] == "road"]
    assert road["length_km"].sum() == pytest.approx(2 * 27.0)
    # Half way along a road that is half as long again as its line: 13.5 km at 60 km/h.
    assert drive(land, ("posts", "P1"), ("demand", "D1")) == pytest.approx(13.5, abs=1e-3)


def test_one_way_roads_are_driven_one_way() -> None:
    one_way = toy.roads(
        [{"link_id": "R1", "ends": ((1, 5), (19, 5)), "nodes": ("a0", "a1")}], oneway=True
    )
    land = built(toy.archipelago(roads=one_way))
    out, back = (
        drive(land, *pair)
        for pair in (
            (("posts", "P1"), ("demand", "D1")),
            (("demand", "D1"), ("posts", "P1")),
        )
    )
    assert out == pytest.approx(9.0, abs=1e-3)
    assert back > out + 1.0


@pytest.mark.parametrize("status", ["under_construction", "planned", "closed", "uncertain"])
def test_links_that_are_not_open_are_not_driven(status: str) -> None:
    place = toy.archipelago()
    land = built(place.replace(roads=place.roads.assign(status=status)))
    assert (land.edges["kind"] != "road").all()


def test_places_join_motorways_at_their_ends_only_and_never_bridges() -> None:
    motorway = toy.roads(
        [{"link_id": "R1", "ends": ((1, 5), (19, 5)), "nodes": ("a0", "a1")}],
        road_class="motorway", speed_kmh=120.0,
    )  # fmt: skip
    land = built(toy.archipelago(roads=motorway))
    assert (land.nodes["layer"] != "joins").all()
    bridge = built(toy.archipelago(roads=motorway.assign(road_class="primary", structure="bridge")))
    assert (bridge.edges["kind"] != "access").all()


def test_an_island_without_roads_is_joined_by_local_edges() -> None:
    demand = toy.points(
        [
            {"demand_id": "E1", "island_id": "b", "zone": "rural", "at": (31, 1)},
            {"demand_id": "E2", "island_id": "b", "zone": "rural", "at": (33, 3)},
        ],
        name_zh="村", population=1.0,
    )  # fmt: skip
    land = built(toy.archipelago(demand=demand))
    # Straight line of 2 sqrt 2 km, 1.3 times as long, at 30 km/h.
    expected = 2 * np.sqrt(2) * 1.3 * 2
    assert drive(land, ("demand", "E1"), ("demand", "E2")) == pytest.approx(expected, rel=1e-3)


def test_real_roads_get_local_edges_only_where_an_island_has_none() -> None:
    place = toy.archipelago()
    meta = place.layers["meta"].copy()
    meta.loc[meta["key"] == "network", "value"] = "osm"
    land = built(place.replace(meta=meta))
    local = (land.edges["kind"] == "local").to_numpy()
    islands = land.nodes["island_id"].to_numpy()[land.graph.edge_from[local]]
    assert set(islands) == {"b"}


def test_places_that_no_edge_reaches_are_counted() -> None:
    land = built(toy.archipelago())
    assert land.unjoined == {"demand": 1}  # D4 is alone on its island


def test_speed_factor_scales_roads_alone() -> None:
    slow = toy.parameters()
    slow = replace(slow, ambulance=replace(slow.ambulance, speed_factor=0.5))
    land = land_network.build(toy.archipelago(), slow)
    assert drive(land, ("posts", "P1"), ("demand", "D1")) == pytest.approx(18.0, abs=1e-3)


@pytest.mark.parametrize(
    ("sailings", "first", "last", "expected"),
    [
        (13.0, "06:00", "18:00", 30.0),  # one an hour
        (2.0, "09:20", "15:20", 180.0),
        (6.0, None, None, 60.0),  # a service day of 720 min over 6 sailings
        (1.0, "08:30", "08:30", 360.0),
        (np.nan, None, None, 60.0),  # unknown: assumed headway of 120 min
        (0.5, None, None, 1440.0),  # every other day
        (0.0, "06:00", "18:00", np.inf),  # none
    ],
)
def test_the_wait_is_half_the_headway(
    sailings: float, first: str | None, last: str | None, expected: float
) -> None:
    table = pd.DataFrame(
        {
            "departures_per_day": [sailings],
            "first_departure": pd.Series([first], dtype=object),
            "last_departure": pd.Series([last], dtype=object),
        }
    )
    assert land_network.ferry_wait_min(table, toy.parameters()).tolist() == [expected]


def test_a_bridge_that_is_an_islands_only_road_joins_it() -> None:
    """A motorway bridge from a1 ends on island B, which has no road of its own."""
    bridge = toy.roads(
        [
            {"link_id": "R1", "ends": ((1, 5), (19, 5)), "nodes": ("a0", "a1")},
            {"link_id": "R2", "ends": ((19, 5), (30.5, 2)), "nodes": ("a1", "b1")},
        ]
    )
    bridge.loc[1, ["road_class", "structure"]] = ["motorway", "bridge"]
    bridge.loc[1, ["island_id", "to_island_id"]] = [None, "b"]
    land = built(toy.archipelago(roads=bridge, ferries=toy.ferries(status="withdrawn")))
    expected = 18.0 + np.hypot(11.5, 3.0)
    assert drive(land, ("posts", "P1"), ("demand", "D3")) == pytest.approx(expected, abs=0.05)


def test_each_landmass_of_zhoushan_is_one_piece_of_network() -> None:
    """Islands that open links join on paper are joined on the road."""
    place = region.load("zhoushan")
    land = land_network.build(place, config.load())
    roads = land.without_ferries()
    landmass = place.islands.set_index("island_id")["landmass_id"]
    demand = place.demand.assign(
        node=land.node_of("demand", place.demand["demand_id"]),
        landmass=place.demand["island_id"].map(landmass),
    )
    for name, group in demand.groupby("landmass"):
        reached = paths.tree(roads, int(group["node"].iloc[0])).travel_min[group["node"]]
        assert np.isfinite(reached).all(), f"{name} falls apart"


def test_islands_never_fall_apart_where_points_are_collinear_or_coincide() -> None:
    at = [(31, 1), (32, 1), (33, 1), (31, 1), (33.5, 1)]
    demand = toy.points(
        [
            {"demand_id": f"E{k}", "island_id": "b", "zone": "rural", "at": spot}
            for k, spot in enumerate(at)
        ],
        name_zh="村", population=1.0,
    )  # fmt: skip
    land = built(toy.archipelago(demand=demand))
    times = [drive(land, ("demand", "E0"), ("demand", f"E{k}")) for k in range(len(at))]
    assert np.isfinite(times).all()
    assert times[3] == pytest.approx(0.0, abs=1e-6)
