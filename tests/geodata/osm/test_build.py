"""What stops an import, what it forgives, and roads into a region that exists."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest
import shapely

from geodata import region, tables, validate
from geodata.errors import Fault, InputError
from geodata.osm import build
from tests.geodata.osm import drawing
from tests.geodata.osm.drawing import WORLD


def faults(drawn: drawing.Map, tmp_path: Path, **options: object) -> list[Fault]:
    with pytest.raises(InputError) as error:
        build.import_region(drawn.save(tmp_path / "x.osm"), **options)  # type: ignore[arg-type]
    return list(error.value.faults)


def keys(found: list[Fault]) -> list[str]:
    return [fault.key for fault in found]


def imported(drawn: drawing.Map, tmp_path: Path, **options: object) -> build.Imported:
    return build.import_region(drawn.save(tmp_path / "x.osm"), **options)  # type: ignore[arg-type]


def test_the_least_map_makes_a_region(tmp_path: Path) -> None:
    found = imported(drawing.least(), tmp_path).region
    assert validate.faults(found) == []
    assert found.demand["population"].sum() == 900
    assert set(found.zones["zone"]) == {"rural"}


def test_a_map_without_bounds_is_taken_whole(tmp_path: Path) -> None:
    assert len(imported(drawing.least(None), tmp_path).region.roads) == 1


def test_a_map_without_roads_is_refused(tmp_path: Path) -> None:
    drawn = drawing.least()
    drawn.parts = [part for part in drawn.parts if "highway" not in part]
    assert keys(faults(drawn, tmp_path)) == ["osm_no_roads"]


def test_a_map_whose_roads_are_all_closed_is_refused(tmp_path: Path) -> None:
    drawn = drawing.least()
    drawn.parts = [
        p.replace('v="primary"/>', 'v="primary"/><tag k="access" v="no"/>') for p in drawn.parts
    ]
    assert keys(faults(drawn, tmp_path)) == ["osm_no_roads"]


def test_an_empty_map_is_refused(tmp_path: Path) -> None:
    assert keys(faults(drawing.Map(), tmp_path)) == ["osm_no_roads"]


def test_a_map_without_coast_is_refused(tmp_path: Path) -> None:
    drawn = drawing.least()
    drawn.parts = [part for part in drawn.parts if "coastline" not in part]
    assert keys(faults(drawn, tmp_path)) == ["osm_no_coast"]


def test_an_island_drawn_without_coastline_is_land(tmp_path: Path) -> None:
    drawn = drawing.least()
    drawn.parts = [part.replace('<tag k="natural" v="coastline"/>', "") for part in drawn.parts]
    found = imported(drawn, tmp_path).region
    assert found.islands["coast_source"].tolist() == ["place outline"]


def test_a_coast_that_does_not_close_is_refused_or_left_out(tmp_path: Path) -> None:
    drawn = drawing.least()
    for number, (lon, lat) in enumerate([(122.10, 30.0), (122.12, 30.0), (122.12, 30.02)], 50):
        drawn.node(number, lon, lat)
    drawn.way(77, [50, 51, 52], natural="coastline")
    found = faults(drawn, tmp_path)
    assert keys(found) == ["osm_coast_open"] * 2
    assert "way 77" in found[0].text("zh")
    kept = imported(drawn, tmp_path, forgive=True)
    assert kept.report["islands"]["coast_chains_left_out"] == 1
    assert len(kept.region.islands) == 1


def test_roads_that_share_no_nodes_are_refused(tmp_path: Path) -> None:
    drawn = drawing.least()
    for k in range(20):
        a = drawn.node(100 + 2 * k, 122.005 + 0.002 * k, 30.030)
        b = drawn.node(101 + 2 * k, 122.005 + 0.002 * k, 30.048)
        drawn.way(100 + k, [a, b], highway="residential")
    (fault,) = faults(drawn, tmp_path)
    assert fault.key == "osm_roads_in_pieces"
    assert fault.params["parts"] == 21


def test_a_road_goes_on_over_two_junctions_at_one_place(tmp_path: Path) -> None:
    drawn = drawing.least()
    places = {20: (122.03, 30.03), 21: (122.03, 30.03), 23: (122.03, 30.04), 24: (122.04, 30.03)}
    for number, place in {**places, 25: (122.02, 30.03)}.items():
        drawn.node(number, *place)
    drawn.way(11, [2, 20, 21, 23], highway="primary")
    drawn.way(12, [20, 24], highway="residential")
    drawn.way(13, [21, 25], highway="residential")
    found = imported(drawn, tmp_path)
    assert validate.faults(found.region) == []
    assert found.report["roads"]["components"] == 1
    ends = found.region.roads[["from_node", "to_node"]].to_numpy().ravel().tolist()
    assert ends.count("n20") == 4
    assert (found.region.roads["length_km"] > 0.0).all()


def test_every_impossible_speed_is_reported_at_once_or_forgiven(tmp_path: Path) -> None:
    drawn = drawing.least()
    drawn.node(5, 122.03, 30.03)
    drawn.way(11, [2, 5], highway="residential", maxspeed="0")
    drawn.way(12, [1, 5], highway="residential", maxspeed="-30")
    found = faults(drawn, tmp_path)
    assert [(f.key, f.value, f.where) for f in found] == [
        ("osm_speed", "0", "x.osm way 11 maxspeed"),
        ("osm_speed", "-30", "x.osm way 12 maxspeed"),
    ]
    kept = imported(drawn, tmp_path, forgive=True)
    assert kept.report["roads"]["forgiven_limits"] == 2
    assert set(kept.region.roads["speed_kmh"]) == {65.0, 25.0}


def test_a_map_without_posts_is_refused(tmp_path: Path) -> None:
    drawn = drawing.least()
    drawn.parts = [part for part in drawn.parts if "ambulance_station" not in part]
    assert keys(faults(drawn, tmp_path)) == ["osm_no_posts"]


def test_a_map_without_people_is_refused(tmp_path: Path) -> None:
    drawn = drawing.least()
    drawn.parts = [part for part in drawn.parts if "village" not in part]
    assert keys(faults(drawn, tmp_path)) == ["osm_no_people"]


def test_an_area_outside_the_file_is_refused(tmp_path: Path) -> None:
    found = faults(drawing.least(), tmp_path, area=shapely.box(10, 10, 11, 11))
    assert keys(found) == ["osm_area_outside"]


def test_a_part_of_the_file_can_be_imported() -> None:
    """Only West Isle and the sea around it; the ferries leave it."""
    found = build.import_region(WORLD, area=shapely.box(121.95, 29.99, 121.992, 30.03))
    assert found.region.islands["name_zh"].tolist() == ["西屿"]
    assert found.region.demand["population"].sum() == 1_200
    assert len(found.region.ferries) == 0
    assert len(found.report["ferries"]["leaving"]) == 2


def test_an_island_cut_by_the_area_says_so() -> None:
    found = build.import_region(WORLD, area=shapely.box(122.0, 29.95, 122.03, 30.05))
    notes = found.region.islands.set_index("name_zh")["note"]
    assert notes["东屿"] == "cut at the edge of the extract"
    assert notes["桥屿"] is None
    assert found.region.roads.geometry.total_bounds[2] <= 122.03


def test_a_hostile_name_becomes_plain_text(tmp_path: Path) -> None:
    drawn = drawing.least()
    drawn.node(6, 122.02, 30.022, amenity="clinic", name="=1+1\n<script>\u202e\x7f" + "很长" * 110)
    name = imported(drawn, tmp_path).region.posts["name_zh"].iloc[-1]
    assert "\n" not in name
    assert name.isprintable()
    assert len(name) == 200


def test_places_of_one_name_get_ids_of_their_own(tmp_path: Path) -> None:
    drawn = drawing.least()
    drawn.node(6, 122.005, 30.005, place="hamlet", name="Town")
    drawn.node(7, 122.045, 30.045, place="hamlet", name="Town")
    assert imported(drawn, tmp_path).region.settlements["settlement_id"].is_unique


def test_the_name_of_the_region_is_the_users_or_the_largest_islands(tmp_path: Path) -> None:
    assert imported(drawing.least(), tmp_path).region.meta_value("name_zh") == "Solo"
    named = imported(drawing.least(), tmp_path, name_zh="单岛", name_en="One").region
    assert (named.meta_value("name_zh"), named.meta_value("name_en")) == ("单岛", "One")


def test_an_island_with_houses_and_no_settlement_keeps_a_point(tmp_path: Path) -> None:
    drawn = drawing.least()
    drawn.ring(910, 122.1, 30.0, 0.02, natural="coastline", place="island", name="Quiet")
    drawn.ring(911, 122.11, 30.01, 0.0002, building="yes")
    found = imported(drawn, tmp_path).region
    quiet = found.demand[found.demand["island_id"] == "quiet"]
    assert quiet["population"].tolist() == [0.0]
    assert quiet["population_kind"].tolist() == ["unknown_residents"]
    assert found.islands.set_index("island_id").loc["quiet", "inhabited"] == "unknown"
    assert "landing-quiet" in set(found.ports["port_id"])


def test_the_count_of_an_island_without_settlements_is_used(tmp_path: Path) -> None:
    drawn = drawing.least()
    drawn.ring(
        910, 122.1, 30.0, 0.02, natural="coastline", place="island", name="Few", population="7"
    )
    found = imported(drawn, tmp_path)
    assert found.region.demand.set_index("island_id").loc["few", "population"] == 7.0
    assert found.report["settlements"]["island_counts_used"] == {"few": 7.0}


def test_estimates_are_fitted_to_the_count_of_their_island(tmp_path: Path) -> None:
    drawn = drawing.least()
    drawn.ring(910, 122.1, 30.0, 0.02, natural="coastline", place="island", name="Some",
               population="110")  # fmt: skip
    drawn.node(8, 122.105, 30.005, place="village", name="V", population="60")
    drawn.node(9, 122.115, 30.015, place="hamlet", name="H")
    people = imported(drawn, tmp_path).region.demand.set_index("name_zh")["population"]
    assert people["H"] == 50.0
    assert people["V"] == 60.0


def test_roads_replace_those_of_a_region_and_nothing_else(tmp_path: Path) -> None:
    base = build.import_region(WORLD).region
    drawn = drawing.Map((121.9, 29.9, 122.2, 30.1))
    for number, (lon, lat) in enumerate([(122.005, 30.01), (122.045, 30.01), (122.045, 30.025)], 1):
        drawn.node(number, lon, lat)
    drawn.way(1, [1, 2, 3], highway="trunk", maxspeed="80", name="新路")
    found = build.import_roads(drawn.save(tmp_path / "new.osm"), base)
    made = found.region
    assert made.roads["name_zh"].tolist() == ["新路"]
    assert made.roads["island_id"].tolist() == ["east-isle"]
    for layer in ("demand", "posts", "hospitals", "helipads", "ports", "ferries", "settlements"):
        pd.testing.assert_frame_equal(made.layers[layer], base.layers[layer])
    assert len(made.sources) == 2
    landmass = made.islands.set_index("island_id")["landmass_id"]
    assert landmass["qiaoyu"] == "qiaoyu"  # the bridge is gone


def test_roads_of_the_embedded_region_can_be_replaced(tmp_path: Path) -> None:
    """A road across Dinghai: posts and demand stay, and the network is called osm."""
    base = region.load("zhoushan")
    drawn = drawing.Map((121.9, 29.9, 122.3, 30.1))
    drawn.node(1, 122.10, 30.03)
    drawn.node(2, 122.20, 30.01)
    drawn.node(3, 121.70, 29.95)  # on the mainland
    drawn.node(4, 121.75, 29.95)
    drawn.way(1, [1, 2], highway="primary")
    drawn.way(2, [3, 4], highway="primary")
    drawn.bounds = (121.6, 29.9, 122.3, 30.1)
    found = build.import_roads(drawn.save(tmp_path / "zs.osm"), base)
    assert base.network == "schematic"
    assert found.region.network == "osm"
    assert found.region.roads["island_id"].tolist() == ["zhoushan"]
    assert found.report["roads"]["off_islands_km"] == pytest.approx(4.8, abs=0.1)
    pd.testing.assert_frame_equal(found.region.posts, base.posts)
    pd.testing.assert_frame_equal(found.region.demand, base.demand)


def test_roads_of_another_place_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        build.import_roads(drawing.least().save(tmp_path / "x.osm"), region.load("zhoushan"),
                           area=shapely.box(121.95, 29.95, 122.005, 30.0))  # fmt: skip
    assert keys(list(error.value.faults)) == ["osm_no_roads"]
    far = drawing.Map((10.0, 50.0, 11.0, 51.0))
    far.node(1, 10.1, 50.1)
    far.node(2, 10.2, 50.1)
    far.way(1, [1, 2], highway="primary")
    with pytest.raises(InputError) as error:
        build.import_roads(far.save(tmp_path / "far.osm"), region.load("zhoushan"))
    assert keys(list(error.value.faults)) == ["osm_roads_off_islands"]


def test_a_graph_makes_no_region(tmp_path: Path) -> None:
    path = tmp_path / "roads.graphml"
    path.write_text("<graphml/>", "utf-8")
    with pytest.raises(InputError) as error:
        build.import_region(path)
    assert keys(list(error.value.faults)) == ["osm_graphml_region"]


def test_a_save_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = imported(drawing.least(), tmp_path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tables, "write_json", fail)
    with pytest.raises(OSError, match="No space"):
        found.save(tmp_path / "out.gpkg")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.osm"]


def test_a_zipped_world_is_the_same_world(tmp_path: Path) -> None:
    packed = tmp_path / "w.osm.gz"
    packed.write_bytes(gzip.compress(WORLD.read_bytes()))
    roads = build.import_region(packed).region.roads
    plain = build.import_region(WORLD).region.roads
    columns = ["link_id", "from_node", "to_node", "length_km", "speed_kmh", "oneway"]
    pd.testing.assert_frame_equal(roads[columns], plain[columns])
