"""A real archipelago: Malta, Gozo and Comino, as mapped in August 2018.

The extract is not part of the project; it is looked up in the folder that ISLAND_RESPONSE_SHARED
names, else beside the checkout.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import networkx as nx
import numpy as np
import osmium
import osmnx
import pandas as pd
import pytest
import shapely
from numpy.typing import NDArray

from geodata import validate
from geodata.osm import access, build, coast, islands, reading, roads
from geodata.osm.assumptions import Assumptions
from geodata.osm.build import Imported
from geodata.osm.extract import Extract, Ways

SHARED = Path(os.environ.get("ISLAND_RESPONSE_SHARED") or Path(__file__).parents[4] / "shared")
FILE = SHARED / "extracts" / "malta.osm.pbf"
GOZO = shapely.box(14.17, 35.99, 14.36, 36.09)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FILE.exists(), reason=f"no extract of Malta at {FILE}"),
]


@pytest.fixture(scope="module")
def malta() -> Imported:
    return build.import_region(FILE)


def test_the_region_is_valid(malta: Imported) -> None:
    assert validate.faults(malta.region) == []
    assert malta.region.metric_crs == "EPSG:32633"


def test_the_islands_have_their_names_and_areas(malta: Imported) -> None:
    table = malta.region.islands.set_index("island_id")
    assert table["named"].sum() == 15
    assert {"malta", "gozo", "comino", "manoel-island", "filfla"} <= set(table.index)
    assert table.loc["malta", "area_km2"] == pytest.approx(246.0, rel=0.01)
    assert table.loc["gozo", "area_km2"] == pytest.approx(67.0, rel=0.02)
    assert table.loc["gozo", "name_zh"] == "Għawdex"


def test_manoel_island_hangs_on_malta_by_its_bridge(malta: Imported) -> None:
    landmass = malta.region.islands.set_index("island_id")["landmass_id"]
    assert landmass["manoel-island"] == "malta"
    assert landmass["gozo"] == "gozo"
    assert landmass["comino"] == "comino"


def test_the_vehicle_ferry_between_malta_and_gozo_is_kept(malta: Imported) -> None:
    """This extract gives it no duration; the estimate must be near the 25 min of the timetable."""
    cars = malta.region.ferries[malta.region.ferries["kind"] == "car_ferry"]
    (line,) = cars.to_dict("records")
    assert line["name_zh"] == "Malta-Gozo"
    assert line["length_km"] == pytest.approx(5.3, abs=0.1)
    assert line["duration_min"] == pytest.approx(25.0, abs=2.0)
    assert line["evidence"] == "duration estimated"
    ports = malta.region.ports.set_index("port_id")
    ends = [ports.loc[line[f"{end}_port_id"]] for end in ("from", "to")]
    assert {end["island_id"] for end in ends} == {"malta", "gozo"}
    mgarr = next(end for end in ends if end["island_id"] == "gozo")
    assert mgarr["name_en"] == "Mġarr pier"


def test_every_ferry_of_the_map_is_kept_or_accounted_for(malta: Imported) -> None:
    """The map has 12 ways and 2 relations of ferries."""
    kept = set(malta.region.ferries["link_id"].str.removeprefix("ferry-").str.split("-").str[0])
    found = malta.report["ferries"]
    others = " ".join([*found["leaving"], *found["round_trips"], *found["same_line_twice"]])
    for service in (
        "w38991823",
        "w47419374",
        "w176522568",
        "w255841598",
        "w591132569",
        "w593393957",
    ):
        assert service in kept
    for service in ("w216267459", "w38991822"):
        assert service in others
    assert {"r1812656", "r1812657"} <= kept
    assert malta.region.ferries["length_km"].max() < 60.0
    valletta = malta.region.ferries.set_index("name_zh").loc["Sliema-Valletta Ferry"]
    assert (valletta["duration_min"], valletta["evidence"]) == (5.0, "duration mapped")


GOLDEN_KM = {
    "trunk": 154.7,
    "primary": 100.6,
    "secondary": 209.5,
    "tertiary": 228.9,
    "residential": 1477.9,
    "service": 425.7,
    "track": 708.4,
}


@pytest.mark.parametrize("road_class", GOLDEN_KM)
def test_the_length_of_roads_by_class(malta: Imported, road_class: str) -> None:
    found = malta.region.roads.groupby("road_class")["length_km"].sum()
    assert found[road_class] == pytest.approx(GOLDEN_KM[road_class], rel=0.01)


def test_nearly_all_roads_hang_together(malta: Imported) -> None:
    found = malta.report["roads"]
    assert found["largest_share"] > 0.995
    assert found["fragments_km"] < 0.02 * found["km"]


def test_the_hospitals_are_there(malta: Imported) -> None:
    hospitals = malta.region.hospitals.set_index("hospital_id")
    assert 15 <= len(hospitals) <= 19
    mater_dei = hospitals.loc["mater-dei-hospital"]
    assert (mater_dei["name_zh"], mater_dei["island_id"]) == ("Sptar Mater Dei", "malta")
    assert mater_dei.geometry.distance(shapely.Point(14.4765, 35.9015)) < 0.003
    evidence = malta.region.posts.set_index("post_id")["evidence"]
    assert evidence["mater-dei-hospital"] == "assumed"
    assert evidence["sptar-san-luqa"] == "clinic"  # emergency=no


def test_residents_are_those_of_the_population_tags_and_the_estimates(malta: Imported) -> None:
    """Sum of the 64 population tags on islands, against the 417,432 of the 2011 census."""
    found = malta.report["settlements"]
    assert found["mapped_people"] == 422_429.0
    assert found["mapped_people"] == pytest.approx(417_432, rel=0.02)
    assert found["estimated_people"] < 0.04 * found["mapped_people"]
    total = malta.region.demand["population"].sum()
    assert total == found["mapped_people"] + found["estimated_people"]
    by_island = malta.region.demand.groupby("island_id")["population"].sum()
    assert by_island["gozo"] == pytest.approx(31_375, rel=0.2)  # census 2011, Gozo and Comino


def test_nobody_lives_in_the_sea_or_far_from_a_road(malta: Imported) -> None:
    places = malta.report["places"]
    assert places["demand"]["over_500_m_off"] == 0
    assert places["posts"]["on_islands_without_roads"] == 0


@pytest.fixture(scope="module")
def gozo(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, nx.MultiDiGraph]:
    """Return Gozo's roads by us and by OSMnx, from the same ways and without barriers."""
    whole = reading.read(FILE)
    same_ways = whole.roads.subset(_driven_inside(whole))
    extract = dataclasses.replace(whole, roads=same_ways, blocking=np.empty(0, np.int64))
    assumptions = Assumptions(fragment_km=0.0)
    land = coast.assemble(whole.coast, GOZO, file="gozo", assumptions=assumptions)
    crs = islands.metric_crs_of(land.shapes)
    table = islands.named(land, [], GOZO, metric_crs=crs, assumptions=assumptions).table
    ground = islands.Ground(table, crs, assumptions.place_tolerance_m)
    ours = roads.build(
        extract, GOZO, ground, file="gozo", source_id="osm", assumptions=assumptions
    ).table
    path = tmp_path_factory.mktemp("gozo") / "gozo.osm"
    _write_ways(same_ways, path)
    theirs = osmnx.graph_from_xml(path, simplify=True, retain_all=True)
    return ours, theirs


def _driven_inside(extract: Extract) -> NDArray[np.int64]:
    """Return the positions of the driven ways that lie in the box as a whole."""
    ways = extract.roads
    inside = shapely.intersects_xy(GOZO, ways.lon, ways.lat)
    return np.array(
        [
            k
            for k, tags in enumerate(ways.tags)
            if inside[ways.slice(k)].all() and isinstance(access.drive(tags), access.Drive)
        ]
    )


def _write_ways(ways: Ways, path: Path) -> None:
    """Write ways with all their nodes as OpenStreetMap XML."""
    places = zip(ways.lon.tolist(), ways.lat.tolist(), strict=True)
    nodes = dict(zip(ways.refs.tolist(), places, strict=True))
    new = osmium.osm.mutable
    with osmium.SimpleWriter(str(path)) as writer:
        for ref, place in sorted(nodes.items()):
            writer.add_node(new.Node(id=ref, location=place, version=1))
        for k, tags in enumerate(ways.tags):
            refs = ways.refs[ways.slice(k)].tolist()
            writer.add_way(new.Way(id=int(ways.ids[k]), nodes=refs, tags=tags, version=1))


def test_no_junction_of_osmnx_is_lost(gozo: tuple[pd.DataFrame, nx.MultiDiGraph]) -> None:
    ours, theirs = gozo
    nodes = set(ours["from_node"]) | set(ours["to_node"])
    assert {f"n{node}" for node in theirs.nodes} <= nodes


def test_further_nodes_stand_only_where_something_changes(
    gozo: tuple[pd.DataFrame, nx.MultiDiGraph],
) -> None:
    ours, theirs = gozo
    ends = pd.concat([ours["from_node"], ours["to_node"]])
    degree = ends.value_counts()
    further = set(degree.index) - {f"n{node}" for node in theirs.nodes}
    assert len(further) < 0.1 * theirs.number_of_nodes()
    assert (degree.loc[sorted(further)] <= 2).all()


def test_the_length_of_all_roads_agrees(gozo: tuple[pd.DataFrame, nx.MultiDiGraph]) -> None:
    """Ours is on the ellipsoid, OSMnx's on a sphere: up to 0.5 % apart."""
    ours, theirs = gozo
    both = osmnx.convert.to_undirected(theirs)
    km = sum(length for *_, length in both.edges(data="length")) / 1000.0
    assert ours["length_km"].sum() == pytest.approx(km, rel=0.01)


def test_shortest_paths_agree(gozo: tuple[pd.DataFrame, nx.MultiDiGraph]) -> None:
    ours, theirs = gozo
    graph = nx.MultiDiGraph()
    for road in ours.itertuples():
        graph.add_edge(road.from_node, road.to_node, length=road.length_km * 1000.0)
        if not road.oneway:
            graph.add_edge(road.to_node, road.from_node, length=road.length_km * 1000.0)
    common = sorted(int(n[1:]) for n in graph.nodes if int(n[1:]) in theirs.nodes)
    starts = np.random.default_rng(7).choice(common, 12, replace=False)
    compared = 0
    for start in starts.tolist():
        far = nx.single_source_dijkstra_path_length(theirs, start, weight="length")
        own = nx.single_source_dijkstra_path_length(graph, f"n{start}", weight="length")
        for node in common[:: max(1, len(common) // 200)]:
            assert (node in far) == (f"n{node}" in own), (start, node)
            if node in far:
                assert own[f"n{node}"] == pytest.approx(far[node], rel=0.006, abs=2.0)
                compared += 1
    assert compared > 1_000
