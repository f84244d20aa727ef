"""The made-up world of ``two_isles.osm``, piece by piece.

East Isle (东屿, 16 km²) has the town, most roads and the hospital; West Isle (西屿, 4 km²) has a
village; a car ferry of 20 min joins them. Bridge Islet (桥屿, 0.5 km²) hangs on East Isle by a
bridge that is mapped as two ways, whose middle node lies over water, on no island.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod

from geodata import region, validate
from geodata.osm import build, report
from geodata.osm.build import Imported
from tests.geodata.osm.drawing import WORLD

GEOD = Geod(ellps="WGS84")


@pytest.fixture(scope="module")
def imported() -> Imported:
    return build.import_region(WORLD)


@pytest.fixture(scope="module")
def world(imported: Imported) -> region.Region:
    return imported.region


def roads_of(world: region.Region, way: int) -> pd.DataFrame:
    roads = world.roads
    return roads[roads["link_id"].str.startswith(f"w{way}-")]


def only(table: pd.DataFrame, column: str, value: object) -> pd.Series:
    rows = table[table[column] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def test_the_region_is_valid(world: region.Region) -> None:
    assert validate.faults(world) == []
    assert world.network == "osm"
    assert world.metric_crs == "EPSG:32651"


def test_islands_have_names_in_both_scripts(world: region.Region) -> None:
    named = world.islands[world.islands["named"].astype(bool)]
    assert dict(zip(named["name_zh"], named["name_en"], strict=True)) == {
        "东屿": "East Isle",
        "西屿": "Xiyu",
        "桥屿": "Qiaoyu",
    }


def test_a_nameless_islet_is_kept_and_a_rock_is_not(imported: Imported) -> None:
    islands = imported.region.islands
    assert (~islands["named"].astype(bool)).sum() == 1
    assert imported.report["islands"]["left_out_too_small"] == 1


def test_areas_are_those_of_the_squares_drawn(world: region.Region) -> None:
    for island in world.islands.itertuples():
        true_km2 = abs(GEOD.geometry_area_perimeter(island.geometry)[0]) / 1e6
        assert island.area_km2 == pytest.approx(true_km2, rel=0.01, abs=1e-4)


def test_a_bridge_with_its_middle_over_water_joins_two_islands(world: region.Region) -> None:
    landmass = world.islands.set_index("name_zh")["landmass_id"]
    assert landmass["东屿"] == landmass["桥屿"] == "east-isle"
    assert landmass["西屿"] == "xiyu"
    bridge = pd.concat([roads_of(world, 214), roads_of(world, 215)])
    assert (bridge["structure"] == "bridge").all()
    assert bridge["island_id"].isna().all()


def test_lengths_are_geodesic(world: region.Region) -> None:
    for road in world.roads.itertuples():
        assert road.length_km * 1000.0 == pytest.approx(
            GEOD.geometry_length(road.geometry), abs=1e-3
        )


def test_a_road_is_cut_at_junctions_and_where_its_speed_changes(world: region.Region) -> None:
    assert len(roads_of(world, 200)) == 3
    assert set(roads_of(world, 200)["speed_kmh"]) == {60.0}
    assert set(roads_of(world, 201)["speed_kmh"]) == {65.0}


def test_two_ways_of_one_street_become_one_link(world: region.Region) -> None:
    assert len(roads_of(world, 204)) == 1
    assert len(roads_of(world, 205)) == 0
    assert roads_of(world, 204)["length_km"].iloc[0] == pytest.approx(0.966, abs=0.001)


def test_a_bend_without_junction_is_no_node(world: region.Region) -> None:
    nodes = set(world.roads["from_node"]) | set(world.roads["to_node"])
    assert "n106" not in nodes
    assert "n108" in nodes  # a dead end is


def test_mph_and_kinds_of_limits_are_read(world: region.Region) -> None:
    assert set(roads_of(world, 202)["speed_kmh"]) == {48.28}
    assert set(roads_of(world, 207)["speed_kmh"]) == {70.0}
    assert set(roads_of(world, 222)["speed_kmh"]) == {5.0}
    assert set(roads_of(world, 230)["speed_kmh"]) == {40.0}


def test_a_road_against_its_drawing_is_turned(world: region.Region) -> None:
    link = roads_of(world, 203).iloc[0]
    assert (link["from_node"], link["to_node"], link["oneway"]) == ("n110", "n104", True)
    first, last = link["geometry"].coords[0], link["geometry"].coords[-1]
    assert first[1] > last[1]


def test_a_roundabout_is_one_way_between_its_exits(world: region.Region) -> None:
    ring = roads_of(world, 206)
    assert set(zip(ring["from_node"], ring["to_node"], strict=True)) == {
        ("n105", "n114"),
        ("n114", "n105"),
    }
    assert ring["oneway"].all()


def test_access_is_honoured_except_for_emergency_vehicles(imported: Imported) -> None:
    world = imported.region
    assert roads_of(world, 208)["road_class"].tolist() == ["service"]
    assert len(roads_of(world, 209)) == 0
    assert len(roads_of(world, 210)) == 1
    assert len(roads_of(world, 211)) == 0
    assert imported.report["roads"]["barred"] == {"access=no": 1}


def test_a_bollard_stops_and_a_gate_does_not(imported: Imported) -> None:
    world = imported.region
    assert len(roads_of(world, 219)) == 1
    parts = roads_of(world, 218)
    assert len(parts) == 2
    ends = [*parts["from_node"], *parts["to_node"]]
    assert len(set(ends)) == 4
    assert imported.report["roads"]["blocked_nodes"] == 1


def test_a_stretch_that_nothing_joins_is_left_out_and_counted(imported: Imported) -> None:
    assert len(roads_of(imported.region, 221)) == 0
    assert imported.report["roads"]["fragments"] == 1
    assert imported.report["roads"]["fragments_km"] == pytest.approx(0.048, abs=0.001)


def test_every_road_says_where_its_speed_comes_from(imported: Imported) -> None:
    notes = imported.region.roads["note"]
    assert notes.str.contains("speed: maxspeed|speed: assumed by class").all()
    assumed = imported.region.roads[notes.str.contains("assumed")]["length_km"].sum()
    by_class = imported.report["roads"]["by_class"].values()
    assert sum(one["km_speed_assumed"] for one in by_class) == pytest.approx(assumed, abs=0.01)


def test_the_car_ferry_keeps_its_duration_and_its_piers(world: region.Region) -> None:
    line = only(world.ferries, "name_en", "East-West Ferry")
    assert (line["kind"], line["duration_min"]) == ("car_ferry", 20.0)
    assert (line["from_port_id"], line["to_port_id"]) == ("port-east-pier", "port-xicun-pier")
    assert line["departures_per_day"] == 12.0
    ports = world.ports.set_index("port_id")
    assert ports.loc["port-east-pier", "car_ferry"]
    assert ports.loc["port-east-pier", "island_id"] == "east-isle"
    assert ports.loc["port-xicun-pier", "island_id"] == "xiyu"
    for end, port in ((0, "port-east-pier"), (-1, "port-xicun-pier")):
        x, y = line["geometry"].coords[end]
        spot = ports.loc[port, "geometry"]
        assert GEOD.line_length([x, spot.x], [y, spot.y]) < 200.0


def test_ferries_are_no_roads(world: region.Region) -> None:
    for way in (300, 301, 302, 303, 304):
        assert len(roads_of(world, way)) == 0


def test_a_line_on_foot_has_an_estimated_duration(imported: Imported) -> None:
    line = only(imported.region.ferries, "name_zh", "西桥航线")
    assert (line["kind"], line["evidence"]) == ("passenger", "duration estimated")
    assert imported.report["ferries"]["without_duration"] == ["西桥航线 (w302-1)"]


def test_lines_that_lead_nowhere_are_reported(imported: Imported) -> None:
    found = imported.report["ferries"]
    assert found["leaving"] == ["远洋线 (w303-1)"]
    assert found["round_trips"] == ["环岛游 (w304)"]


def test_posts_say_how_sure_they_are(world: region.Region) -> None:
    evidence = world.posts.set_index("name_zh")["evidence"].to_dict()
    assert evidence == {
        "东屿急救站": "confirmed",
        "东屿医院": "assumed",
        "西屿卫生院": "assumed",
        "西屿诊所": "clinic",
        "诊所1": "clinic",
    }
    assert only(world.posts, "name_zh", "东屿急救站")["hours"] == "24h"


def test_a_hospital_mapped_as_point_and_area_is_one(imported: Imported) -> None:
    hospital = only(imported.region.hospitals, "name_zh", "东屿医院")
    assert (hospital["name_en"], hospital["beds"]) == ("East Isle Hospital", 120.0)
    assert imported.report["posts"]["mapped_twice"] == 1


def test_fire_stations_are_sites_in_the_report_and_no_posts(imported: Imported) -> None:
    (station,) = imported.report["posts"]["fire_stations"]
    assert station["name"] == "东镇消防站"
    assert "东镇消防站" not in set(imported.region.posts["name_zh"])


def test_a_helipad_at_sea_is_left_out_and_named(imported: Imported) -> None:
    assert len(imported.region.helipads) == 1
    assert imported.report["posts"]["off_islands"] == ["Rig (n417)"]


def test_everybody_counts_once(imported: Imported) -> None:
    """8,000 in town, 1,500 of them in its suburb; 1,200 and 45 mapped; 500 assumed."""
    demand = imported.region.demand
    assert demand["population"].sum() == 8_000 + 1_200 + 45 + 500
    by_place = demand.groupby("name_zh")["population"].sum()
    assert by_place.drop(["东镇", "新城"]).to_dict() == {
        "北村": 500.0,
        "西村": 1200.0,
        "桥头": 45.0,
    }
    found = imported.report["settlements"]
    assert (found["mapped_people"], found["estimated_people"]) == (9_245.0, 500.0)
    assert found["estimated"] == {"village": 1}


def test_people_without_a_count_are_marked(world: region.Region) -> None:
    notes = world.demand.set_index("name_zh")["note"]
    assert "assumed" in notes["北村"]
    assert "assumed" not in notes["西村"]
    assert set(world.demand["population_kind"]) == {"estimate"}


def test_the_town_is_spread_over_its_built_up_land(world: region.Region) -> None:
    town = world.demand[world.demand["name_zh"].isin(["东镇", "新城"])]
    assert len(town) >= 6
    built = shapely.box(122.008, 30.009, 122.024, 30.013)
    assert shapely.contains(built, town.geometry.to_numpy()).all()


def test_the_village_stands_on_its_house(world: region.Region) -> None:
    spot = world.demand[world.demand["name_zh"] == "北村"].geometry.iloc[0]
    assert spot.distance(shapely.Point(122.0252, 30.0188)) < 1e-5


def test_zones_follow_the_towns_and_say_that_they_are_assumed(world: region.Region) -> None:
    assert set(world.zones["zone"]) == {"main_urban", "rural"}
    assert set(world.zones["status"]) == {"assumed"}
    zone = world.demand.groupby("name_zh")["zone"].first()
    assert zone["东镇"] == "main_urban"
    assert zone["西村"] == "rural"


def test_rows_name_a_source_with_its_licence_and_hash(imported: Imported) -> None:
    (source,) = imported.region.sources.to_dict("records")
    assert "ODbL" in source["licence"]
    assert "OpenStreetMap contributors" in source["publisher"]
    assert imported.report["file"]["sha256"] in source["title"]
    for layer in (
        "islands",
        "demand",
        "posts",
        "hospitals",
        "helipads",
        "ports",
        "roads",
        "ferries",
    ):
        assert set(imported.region.layers[layer]["source_ids"]) >= {source["source_id"]}


def test_the_same_file_gives_the_same_region(world: region.Region) -> None:
    again = build.import_region(WORLD).region
    for name, table in world.layers.items():
        pd.testing.assert_frame_equal(table, again.layers[name])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_report_reads_as_text(imported: Imported, lang: str) -> None:
    said = "\n".join(report.lines(dict(imported.report), lang))
    assert "two_isles.osm" in said
    assert "{" not in said
    assert ("转向限制 1 条" if lang == "zh" else "1 turn restrictions") in said


def test_a_saved_region_loads_and_has_its_report_beside_it(
    imported: Imported, tmp_path: Path
) -> None:
    beside = imported.save(tmp_path / "区域.gpkg")
    assert beside == tmp_path / "区域.import.json"
    loaded = region.load(tmp_path / "区域.gpkg")
    assert len(loaded.roads) == len(imported.region.roads)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["区域.gpkg", "区域.import.json"]
    assert np.isclose(loaded.demand["population"].sum(), 9_745.0)
