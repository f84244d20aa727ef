"""Graphs that OSMnx saved, against the same roads read from the map itself."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import osmnx
import pytest

from geodata import region
from geodata.errors import InputError
from geodata.osm import build, graphml
from tests.geodata.osm.drawing import WORLD


@pytest.fixture(scope="module")
def world() -> region.Region:
    return build.import_region(WORLD).region


def graph() -> nx.MultiDiGraph:
    """Return a square of streets: one two-way, one one-way, a bridge, a merged one, a footpath."""
    made = nx.MultiDiGraph(crs="epsg:4326", simplified=True)
    corners = {1: (122.005, 30.01), 2: (122.015, 30.01), 3: (122.015, 30.02), 4: (122.005, 30.02)}
    for node, (x, y) in corners.items():
        made.add_node(node, x=x, y=y)
    two_way = {"osmid": 10, "highway": "primary", "oneway": False, "maxspeed": "50", "name": "A"}
    made.add_edge(1, 2, **two_way, reversed=False, length=966.0)
    made.add_edge(2, 1, **two_way, reversed=True, length=966.0)
    made.add_edge(2, 3, osmid=11, highway="residential", oneway=True, length=1109.0)
    made.add_edge(4, 3, osmid=12, highway="tertiary", bridge="yes", oneway=False, length=966.0)
    made.add_edge(3, 4, osmid=12, highway="tertiary", bridge="yes", oneway=False, length=966.0)
    merged = {"highway": ["primary", "residential"], "maxspeed": ["60", "40"], "name": ["B", "C"]}
    made.add_edge(4, 1, osmid=[13, 14], **merged, oneway=True, length=1109.0)
    made.add_edge(1, 3, osmid=15, highway="footway", oneway=False, length=1500.0)
    return made


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "streets.graphml"
    osmnx.save_graphml(graph(), path)
    return path


def test_a_graph_replaces_the_roads_of_a_region(saved: Path, world: region.Region) -> None:
    made = build.import_roads(saved, world).region
    roads = made.roads.set_index("link_id")
    assert sorted(roads.index) == ["w10-1", "w11-1", "w12-1", "w13-1"]
    assert roads["oneway"].to_dict() == {
        "w10-1": False,
        "w11-1": True,
        "w12-1": False,
        "w13-1": True,
    }
    assert roads.loc["w10-1", "speed_kmh"] == 50.0
    assert roads.loc["w12-1", "structure"] == "bridge"
    assert made.network == "osm"


def test_of_merged_values_the_slowest_counts(saved: Path, world: region.Region) -> None:
    merged = build.import_roads(saved, world).region.roads.set_index("link_id").loc["w13-1"]
    assert (merged["road_class"], merged["speed_kmh"]) == ("residential", 40.0)
    assert merged["name_zh"] == "B / C"
    assert (merged["from_node"], merged["to_node"]) == ("n4", "n1")


def test_the_map_and_its_graph_give_the_same_roads(tmp_path: Path, world: region.Region) -> None:
    """OSMnx reads the same file, unsimplified; every link of ours has its length there."""
    streets = osmnx.graph_from_xml(WORLD, simplify=False, retain_all=True)
    path = tmp_path / "world.graphml"
    osmnx.save_graphml(streets, path)
    made = build.import_roads(path, world).region.roads
    ours, theirs = world.roads, made
    # OSMnx drops what the map says of emergency access and of barriers.
    for way in (200, 201, 202, 203, 204, 206, 207, 213, 214, 219, 220, 230):
        mine = ours[ours["link_id"].str.startswith(f"w{way}-")]["length_km"].sum()
        other = theirs[theirs["link_id"].str.startswith(f"w{way}-")]["length_km"].sum()
        assert other == pytest.approx(mine, rel=1e-6), way


def test_a_projected_graph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "utm.graphml"
    osmnx.save_graphml(osmnx.project_graph(graph()), path)
    with pytest.raises(InputError) as error:
        graphml.read(path)
    assert error.value.faults[0].key == "osm_graphml_crs"


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_a_truncated_graph_is_refused(saved: Path, tmp_path: Path, share: float) -> None:
    text = saved.read_text("utf-8")
    path = tmp_path / "cut.graphml"
    path.write_text(text[: int(len(text) * share)], "utf-8")
    with pytest.raises(InputError) as error:
        graphml.read(path)
    assert error.value.faults[0].key in ("osm_truncated", "osm_unreadable")


def test_a_graph_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.graphml"
    nx.write_graphml(nx.path_graph(3), path)
    with pytest.raises(InputError) as error:
        graphml.read(path)
    assert error.value.faults[0].key == "osm_unreadable"


def test_a_graph_without_roads_is_refused(tmp_path: Path, world: region.Region) -> None:
    empty = nx.MultiDiGraph(crs="epsg:4326")
    for node in (1, 2):
        empty.add_node(node, x=122.0 + node / 100, y=30.01)
    empty.add_edge(1, 2, osmid=1, highway="footway", oneway=False, length=10.0)
    path = tmp_path / "feet.graphml"
    osmnx.save_graphml(empty, path)
    with pytest.raises(InputError) as error:
        build.import_roads(path, world)
    assert error.value.faults[0].key == "osm_no_roads"
