"""The embedded region against what is known of Zhoushan."""

from __future__ import annotations

import csv
import ipaddress
import re
import sqlite3
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

import seeds
from geodata import landmass, schemas
from geodata.region import Region, load
from routing import config

HERE = Path(seeds.__file__).parent
FILE = HERE / "zhoushan.gpkg"
TABLES = sorted((HERE / "tables").glob("*.csv"))
CENSUS_2020 = {"定海区": 500_030, "普陀区": 382_902, "岱山县": 207_982, "嵊泗县": 66_903}
BRIDGED = ["zhujiajian", "jintang", "cezi", "daishan", "dayushan", "xiushan"]
NOT_BRIDGED = ["liuheng", "qushan", "sijiao"]
# No source places a point better than this against the coastlines in use.
LEAST_ACCURACY_M = 200.0
PLACED_LAYERS = ["posts", "ports", "helipads", "hospitals", "settlements"]
SOURCED_LAYERS = [
    layer.name for layer in schemas.LAYERS if "source_ids" in {c.name for c in layer.columns}
]


@pytest.fixture(scope="module")
def zhoushan() -> Region:
    return load("zhoushan")


@pytest.fixture(scope="module")
def shapes(zhoushan: Region) -> gpd.GeoSeries:
    """Island polygons in the metric CRS by island id."""
    return zhoushan.islands.to_crs(zhoushan.metric_crs).set_index("island_id").geometry


@pytest.fixture(scope="module")
def landmass_of(zhoushan: Region) -> dict[str, str]:
    return dict(zip(zhoushan.islands["island_id"], zhoushan.islands["landmass_id"], strict=True))


def rows(table: Path) -> list[dict[str, str]]:
    """Return the rows of one of the tables that the region is built from."""
    with table.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def accuracy_m(table: pd.DataFrame) -> np.ndarray:
    """Return the stated position accuracy of each row, at least `LEAST_ACCURACY_M`."""
    return np.fmax(table["position_accuracy_m"].to_numpy(float), LEAST_ACCURACY_M)


# The file.


def test_file_is_at_most_4_mib() -> None:
    assert FILE.stat().st_size <= 4 * 2**20


def test_file_opens_with_the_declared_layers() -> None:
    found = {str(name): kind for name, kind in pyogrio.list_layers(FILE)}
    assert found == {layer.name: layer.geometry for layer in schemas.LAYERS}
    for layer in schemas.LAYERS:
        info = pyogrio.read_info(FILE, layer=layer.name)
        assert info["features"] > 0
        assert info["crs"] == ("EPSG:4326" if layer.geometry else None)
        assert {column.name for column in layer.columns} <= set(info["fields"])


def test_file_is_a_sound_geopackage() -> None:
    """What QGIS reads first: the application id GPKG, the contents table, whole pages."""
    database = sqlite3.connect(f"{FILE.as_uri()}?mode=ro", uri=True)
    try:
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (integrity,) = database.execute("PRAGMA integrity_check").fetchone()
        kinds = dict(database.execute("SELECT table_name, data_type FROM gpkg_contents"))
    finally:
        database.close()
    assert application.to_bytes(4, "big") == b"GPKG"
    assert integrity == "ok"
    expected = {one.name: "features" if one.geometry else "attributes" for one in schemas.LAYERS}
    assert kinds == expected


def test_region_says_what_it_is(zhoushan: Region) -> None:
    assert zhoushan.metric_crs == "EPSG:32651"
    assert zhoushan.network == "schematic"
    assert zhoushan.meta_value("name_zh") == "舟山市"
    assert zhoushan.meta_value("timezone") == "Asia/Shanghai"


# Land.


def test_the_airport_lies_on_zhujiajian(zhoushan: Region) -> None:
    """ZSZS, 29.9342 N 122.362 E."""
    airport = shapely.Point(122.362, 29.9342)
    holding = zhoushan.islands["island_id"][zhoushan.islands.contains(airport)]
    assert holding.tolist() == ["zhujiajian"]


@pytest.mark.parametrize("layer", PLACED_LAYERS)
def test_places_lie_within_their_accuracy_of_their_island(
    zhoushan: Region, shapes: gpd.GeoSeries, layer: str
) -> None:
    table = zhoushan.layers[layer].to_crs(zhoushan.metric_crs)
    ours = table[table["island_id"].notna()]
    off_m = shapely.distance(ours.geometry.to_numpy(), shapes[ours["island_id"]].to_numpy())
    astray = ours.assign(off_m=off_m)[off_m > accuracy_m(ours)]
    assert not len(astray), astray[["name_en", "island_id", "off_m"]].to_string()


@pytest.mark.parametrize("layer", PLACED_LAYERS)
def test_only_places_outside_the_region_have_no_island(zhoushan: Region, layer: str) -> None:
    table = zhoushan.layers[layer]
    outside = table["outside"].fillna(False).astype(bool) if "outside" in table else False
    assert (table["island_id"].isna() == outside).all()


def test_road_ends_lie_within_their_accuracy_of_their_island(
    zhoushan: Region, shapes: gpd.GeoSeries
) -> None:
    """Bridge heads are the sharpest test of the land: seven would be astray on GCJ-02 coasts."""
    roads = zhoushan.roads.to_crs(zhoushan.metric_crs)
    for end, place in (("from_island_id", 0), ("to_island_id", -1)):
        ours = roads[roads[end].notna()]
        spots = shapely.get_point(ours.geometry.to_numpy(), place)
        off_m = shapely.distance(spots, shapes[ours[end]].to_numpy())
        assert ours["link_id"][off_m > accuracy_m(ours)].tolist() == []


def test_islands_do_not_overlap(shapes: gpd.GeoSeries) -> None:
    assert shapes.area.sum() - shapes.union_all().area == pytest.approx(0, abs=1.0)


def test_the_donghai_bridge_is_not_land(zhoushan: Region) -> None:
    """AMap draws it as a strip of land from Xiaoyangshan towards Shanghai."""
    bridge = shapely.points([(121.90, 30.867), (121.95, 30.75), (121.97, 30.72), (122.0, 30.70)])
    assert not shapely.intersects(zhoushan.islands.union_all(), bridge).any()
    port = zhoushan.islands.set_index("island_id").geometry["xiaoyangshan"]
    assert port.contains(shapely.Point(122.06, 30.635))


def test_named_islands_are_about_as_large_as_stated(shapes: gpd.GeoSeries) -> None:
    """Never much smaller; reclaimed land and smoothing make many larger, by 70 % at most."""
    stated = {
        row["island_id"]: float(row["area_stated_km2"])
        for row in rows(HERE / "tables" / "islands.csv")
        if row["area_stated_km2"]
    }
    ratio = {name: shapes[name].area / 1e6 / km2 for name, km2 in stated.items()}
    assert {name: r for name, r in ratio.items() if not 0.9 < r < 1.7} == {}


# Landmasses.


@pytest.mark.parametrize("island", BRIDGED)
def test_bridged_islands_are_of_zhoushan_island(landmass_of: dict[str, str], island: str) -> None:
    assert landmass_of[island] == "zhoushan"


@pytest.mark.parametrize("island", NOT_BRIDGED)
def test_islands_without_a_bridge_stand_alone(landmass_of: dict[str, str], island: str) -> None:
    assert landmass_of[island] == island


def test_landmasses_are_those_that_the_sources_state(landmass_of: dict[str, str]) -> None:
    """All but Xiaoyangshan, whose bridge leads to Shanghai, outside the region."""
    named = rows(HERE / "tables" / "islands.csv")
    stated = {row["island_id"]: row["stated_landmass"] or row["island_id"] for row in named}
    differing = {name for name, of in stated.items() if landmass_of[name] != of}
    assert differing == {"xiaoyangshan"}
    assert stated["xiaoyangshan"] == "shanghai"
    assert landmass_of["xiaoyangshan"] == "xiaoyangshan"


def test_landmasses_follow_from_the_open_links(zhoushan: Region) -> None:
    found = landmass.assign(zhoushan.islands, zhoushan.roads)
    assert found.tolist() == zhoushan.islands["landmass_id"].tolist()


def test_the_liuheng_bridge_joins_nothing_until_it_opens(zhoushan: Region) -> None:
    roads = zhoushan.roads.copy()
    bridge = (roads["from_island_id"] == "fodu") & (roads["to_island_id"] == "liuheng")
    assert set(roads.loc[bridge, "status"]) == {"under_construction"}
    roads.loc[bridge, "status"] = "open"
    opened = landmass.assign(zhoushan.islands, roads).set_axis(zhoushan.islands["island_id"])
    assert opened["fodu"] == opened["liuheng"] == "liuheng"


def test_links_that_are_not_open_change_no_landmass(zhoushan: Region) -> None:
    shut = zhoushan.roads["status"] != "open"
    assert shut.sum() >= 5
    without = landmass.assign(zhoushan.islands, zhoushan.roads[~shut])
    assert without.tolist() == zhoushan.islands["landmass_id"].tolist()


# Residents.


def test_county_populations_equal_the_2020_census_exactly(zhoushan: Region) -> None:
    found = zhoushan.demand.groupby("county_zh")["population"].sum()
    assert found.to_dict() == CENSUS_2020
    assert zhoushan.demand["population"].sum() == 1_157_817
    stated = zhoushan.counties.set_index("county_zh")["population"]
    assert stated.to_dict() == CENSUS_2020


def test_residents_are_whole_people(zhoushan: Region) -> None:
    people = zhoushan.demand["population"]
    assert (people == people.round()).all()
    assert (people[zhoushan.demand["population_kind"] == "estimate"] > 0).all()


@pytest.mark.parametrize("inhabited", ["yes", "unknown"])
def test_every_island_that_may_be_inhabited_has_a_demand_point(
    zhoushan: Region, inhabited: str
) -> None:
    islands = zhoushan.islands
    wanted = islands["island_id"][(islands["inhabited"] == inhabited) & islands["named"]]
    assert len(wanted) > 10
    assert set(wanted) <= set(zhoushan.demand["island_id"])


def test_inhabited_islands_have_residents_and_uninhabited_ones_none(zhoushan: Region) -> None:
    people = zhoushan.demand.groupby("island_id")["population"].sum()
    inhabited = zhoushan.islands.set_index("island_id")["inhabited"]
    assert (people.reindex(inhabited.index[inhabited == "yes"], fill_value=0.0) > 0).all()
    assert not set(inhabited.index[inhabited == "no"]) & set(people.index)


def test_unknown_residents_are_marked_and_count_as_nobody(zhoushan: Region) -> None:
    unknown = zhoushan.demand[zhoushan.demand["population_kind"] == "unknown_residents"]
    inhabited = zhoushan.islands.set_index("island_id")["inhabited"]
    assert len(unknown) > 10
    assert (unknown["population"] == 0).all()
    assert set(inhabited[unknown["island_id"]]) == {"unknown"}


def test_no_demand_point_lies_in_the_sea(zhoushan: Region) -> None:
    land = zhoushan.islands.set_index("island_id").geometry
    demand = zhoushan.demand
    on_its_island = shapely.contains(
        land[demand["island_id"]].to_numpy(), demand.geometry.to_numpy()
    )
    assert demand["demand_id"][~on_its_island].tolist() == []


def test_towns_are_not_single_points(zhoushan: Region) -> None:
    """The lattice is 500 m; the largest point holds less than a hundredth of the city."""
    demand = zhoushan.demand
    assert demand["population"].max() < 0.01 * 1_157_817
    assert (demand["cell_size_m"] <= 500.0).all()
    xy = shapely.get_coordinates(demand.to_crs(zhoushan.metric_crs).geometry)
    lone = demand.groupby("island_id")["island_id"].transform("size").to_numpy() == 1
    off_lattice_m = np.abs(xy - 500.0 * np.round(xy / 500.0)).max(axis=1)
    assert off_lattice_m[~lone].max() < 0.2


# Zones.


def test_zones_are_disjoint(zhoushan: Region) -> None:
    zones = zhoushan.zones.to_crs(zhoushan.metric_crs).set_index("zone").geometry
    assert set(zones.index) == set(schemas.ZONES)
    assert zones["main_urban"].intersection(zones["rural"]).area < 1_000.0
    assert zones.is_valid.all()


def test_zones_cover_all_demand_as_it_is_marked(zhoushan: Region) -> None:
    zones = zhoushan.zones.set_index("zone").geometry
    demand = zhoushan.demand
    inside = shapely.intersects(zones[demand["zone"]].to_numpy(), demand.geometry.to_numpy())
    assert demand["demand_id"][~inside].tolist() == []


def test_the_main_urban_area_lies_on_zhoushan_island_and_its_bridged_neighbours(
    zhoushan: Region, landmass_of: dict[str, str]
) -> None:
    urban = zhoushan.demand[zhoushan.demand["zone"] == "main_urban"]
    assert {landmass_of[island] for island in urban["island_id"]} == {"zhoushan"}
    assert set(urban["county_zh"]) <= {"定海区", "普陀区"}


# Links.


def test_a_road_node_stands_in_one_place(zhoushan: Region) -> None:
    roads = zhoushan.roads
    ends = pd.concat(
        pd.DataFrame({"node": roads[f"{end}_node"], "xy": roads.geometry.map(spot)})
        for end, spot in (("from", lambda g: g.coords[0]), ("to", lambda g: g.coords[-1]))
    )
    places = ends.groupby("node")["xy"].nunique()
    assert places[places > 1].to_dict() == {}


def test_no_road_is_shorter_than_the_straight_line(zhoushan: Region) -> None:
    roads = zhoushan.roads.to_crs(zhoushan.metric_crs)
    straight = shapely.distance(
        shapely.get_point(roads.geometry.to_numpy(), 0),
        shapely.get_point(roads.geometry.to_numpy(), -1),
    )
    short = roads["length_km"] * 1000.0 < 0.99 * straight  # both ends are known to a hectometre
    assert roads["link_id"][short].tolist() == []


def test_ferries_run_from_port_to_port(zhoushan: Region) -> None:
    spot = zhoushan.ports.set_index("port_id").geometry
    for end, place in (("from_port_id", 0), ("to_port_id", -1)):
        quay = shapely.get_point(zhoushan.ferries.geometry.to_numpy(), place)
        assert shapely.distance(quay, spot[zhoushan.ferries[end]].to_numpy()).max() < 1e-6


def test_sea_links_join_every_boat_base_to_every_port_of_the_region(zhoushan: Region) -> None:
    posts, ports, links = zhoushan.posts, zhoushan.ports, zhoushan.sea_links
    bases = posts["post_id"][posts["vehicles"].str.contains("boat")]
    goals = ports["port_id"][ports["island_id"].notna()]
    found = set(zip(links["from_post_id"], links["to_port_id"], strict=True))
    assert found == {(base, goal) for base in bases for goal in goals}


def test_sea_links_are_as_long_as_drawn_and_no_shorter_than_straight(zhoushan: Region) -> None:
    links = zhoushan.sea_links.to_crs(zhoushan.metric_crs)
    lines = links.geometry.to_numpy()
    assert links["length_km"].to_numpy() == pytest.approx(shapely.length(lines) / 1000, abs=0.02)
    spot = {
        layer: zhoushan.layers[layer].to_crs(zhoushan.metric_crs).set_index(key).geometry
        for layer, key in (("posts", "post_id"), ("ports", "port_id"))
    }
    base = spot["posts"][links["from_post_id"]].to_numpy()
    goal = spot["ports"][links["to_port_id"]].to_numpy()
    # A base that seems to lie inland starts at the nearest water, within its stated accuracy.
    accuracy = zhoushan.posts.set_index("post_id")["position_accuracy_m"]
    start = shapely.get_point(lines, 0)
    stated = accuracy[links["from_post_id"]].to_numpy(float)
    assert (shapely.distance(base, start) <= stated).all()
    assert shapely.distance(goal, shapely.get_point(lines, -1)).max() < 2.0
    assert (links["length_km"] * 1000.0 >= shapely.distance(start, goal) - 20.0).all()


# Sources, tables and parameters.


@pytest.mark.parametrize("layer", SOURCED_LAYERS)
def test_every_row_has_sources_that_are_listed(zhoushan: Region, layer: str) -> None:
    known = set(zhoushan.sources["source_id"])
    cited = zhoushan.layers[layer]["source_ids"]
    assert len(cited)
    assert cited.notna().all()
    assert {one for text in cited for one in text.split(";")} <= known


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.stem)
def test_every_row_of_the_tables_has_sources_that_are_listed(table: Path) -> None:
    known = {row["source_id"] for row in rows(HERE / "tables" / "sources.csv")}
    cited = [row["source_ids"] for row in rows(table)] if table.stem != "sources" else ["memory"]
    assert cited
    assert {one for text in cited for one in text.split(";")} <= known


def test_positions_state_their_accuracy(zhoushan: Region) -> None:
    for layer in (*PLACED_LAYERS, "islands", "roads", "ferries"):
        assert (zhoushan.layers[layer]["position_accuracy_m"] > 0).all(), layer


def test_kinds_of_evidence_are_kept_apart(zhoushan: Region) -> None:
    """Nodes and candidates are assumed, basic centres clinics, stations and hospitals confirmed."""
    posts = zhoushan.posts
    of_tier = posts.groupby("tier")["evidence"].agg(set).to_dict()
    assert of_tier["peak"] == of_tier["sub_centre"] == {"confirmed"}
    assert of_tier["node"] == {"assumed"}
    assert "confirmed" not in of_tier["basic"]
    assert set(posts["evidence"]) == set(schemas.EVIDENCE)


MACHINE_PATH = re.compile(
    r"(?:^|[\s\"'(=;,])(?:/(?:home|root|tmp|usr|var|opt|mnt|srv|work|Users)/|[A-Za-z]:\\|~/|file:)"
)
PACKAGE_HOST = re.compile(r"registry|artifact|nexus|pypi|npm|proxy|localhost")
TEXT_FILES = [*TABLES, HERE / "zhoushan.toml", HERE / "README.md"]


@pytest.mark.parametrize("file", TEXT_FILES, ids=lambda path: path.name)
def test_no_machine_path_and_no_package_host_is_written_down(file: Path) -> None:
    for line in file.read_text("utf-8-sig").splitlines():
        assert not MACHINE_PATH.search(line)
        for url in re.findall(r"https?://[^\s;,\"')>]+", line):
            host = urlsplit(url).hostname or ""
            assert not PACKAGE_HOST.search(host)
            assert "." in host
            assert not is_private_address(host)


def is_private_address(host: str) -> bool:
    """Return whether `host` is the number of a machine on a private network."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def test_file_holds_no_machine_path() -> None:
    """The GeoPackage keeps its texts as they are, so they can be searched as bytes."""
    content = FILE.read_bytes().decode("latin-1")
    assert "Zhujiajian" in content
    assert not re.search(r"/(?:home|root|tmp|Users)/[a-z]", content)


def parameters() -> dict[str, dict[str, object]]:
    """Return the entries of the parameter file by ``group.name``."""
    groups = tomllib.loads((HERE / "zhoushan.toml").read_text("utf-8"))
    return {
        f"{group}.{name}": e for group, entries in groups.items() for name, e in entries.items()
    }


def test_parameters_are_those_that_the_model_knows() -> None:
    assert list(parameters()) == config.names()


@pytest.mark.parametrize("name", config.names())
def test_every_parameter_has_value_unit_source_and_note(zhoushan: Region, name: str) -> None:
    entry = parameters()[name]
    assert set(entry) == {"value", "unit", "source", "note", "note_zh"}
    for key in ("unit", "source", "note", "note_zh"):
        assert isinstance(entry[key], str)
        assert entry[key].strip()
    assert entry["source"] in set(zhoushan.sources["source_id"])
