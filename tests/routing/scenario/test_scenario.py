from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geodata import region as regions
from geodata.errors import InputError
from geodata.region import Region
from routing import config, land_network, response, scenario, timetable, travel_time
from tests.routing import toy

LON_LAT_OF_B = (122.0, 29.8)


@pytest.fixture(scope="module")
def zhoushan() -> Region:
    return regions.load("zhoushan")


def there(**table: Any) -> scenario.Scenario:
    return scenario.parse(table)


def faults_of(region: Region, **table: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        scenario.apply(region, there(**table))
    return [fault.key for fault in caught.value.faults]


def test_a_file_says_everything_it_can(tmp_path: Path) -> None:
    file = tmp_path / "bridge.toml"
    file.write_text(
        """
name_zh = "六横大桥通车"
date = 2027-12-31
[condition]
name = "no_helicopter"
when = "02:30"
vehicles = ["ambulance", "boat"]
[[post.add]]
post_id = "new"
name_zh = "新站"
lon = 122.1
lat = 29.7
vehicles = "ambulance"
[[post.remove]]
post_id = "zs-tcm"
[[helipad.add]]
helipad_id = "pad"
name_zh = "新起降点"
lon = 122.1
lat = 29.7
[[link.open]]
link_id = "R179"
[[link.close]]
link_id = "F001"
[population]
conserve_total = true
[[population.shift]]
island_id = "dengbu"
factor = 0.5
to_island_id = "zhoushan"
""",
        "utf-8",
    )
    asked = scenario.load(file)
    assert (asked.name, asked.name_zh, asked.name_en) == ("bridge", "六横大桥通车", "bridge")
    assert asked.date == date(2027, 12, 31)
    assert asked.posts_added[0].vehicles == ("ambulance",)
    assert asked.helipads_added[0].name_zh == "新起降点"
    assert asked.shifts[0].factor == 0.5
    assert asked.conserve_total
    condition = asked.condition.condition(config.load())
    assert condition.when_min == 150.0
    assert condition.daylight == "night"
    assert condition.vehicles == ("ambulance", "boat")


def test_a_condition_of_the_catalogue_stops_what_it_stops() -> None:
    asked = there(condition={"name": "typhoon"}).condition.condition(config.load())
    assert "helicopter" not in asked.vehicles
    with pytest.raises(InputError, match="no condition 'hail'"):
        there(condition={"name": "hail"}).condition.condition(config.load())


def test_every_fault_of_form_is_found_at_once() -> None:
    with pytest.raises(InputError) as caught:
        there(
            dat="2027",
            date="soon",
            condition={"daylight": "dusk", "when": "25:00", "vehicles": ["car"]},
            post={"add": [{"post_id": "x", "lon": "east", "lat": 95.0}], "shut": []},
            link={"open": {"link_id": "R1"}},
            population={"conserve_total": 1},
        )
    keys = sorted(fault.key for fault in caught.value.faults)
    assert keys == sorted(
        ["scenario_unknown_key", "scenario_not_a_date", "not_a_choice", "bad_departure",
         "not_a_choice", "blank", "blank", "not_a_number", "too_large", "scenario_unknown_key",
         "scenario_not_a_list", "scenario_not_true_or_false"]
    )  # fmt: skip
    assert all(fault.text("zh") and fault.text("en") for fault in caught.value.faults)


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text("[[[", "utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        scenario.load(file)
    with pytest.raises(InputError, match="cannot be read"):
        scenario.load(tmp_path / "missing.toml")


def test_every_fault_of_content_is_found_at_once(zhoushan: Region) -> None:
    keys = faults_of(
        zhoushan,
        post={
            "remove": [{"post_id": "zs-tcn"}, {"post_id": "zs-tcm"}],
            "move": [{"post_id": "zs-tcm", "lon": 122.0, "lat": 29.0}],
            "add": [{"post_id": "cz-hc", "name_zh": "站", "lon": 122.1, "lat": 30.0,
                     "vehicles": "ambulance"}],
        },
        link={"close": [{"link_id": "R1790000"}], "open": [{"link_id": "new"},
              {"link_id": "new2", "from_lon": 122.0, "from_lat": 30.0}]},
        population={"shift": [{"island_id": "dengbu"}, {"island_id": "atlantis", "factor": 0.0},
                              {"factor": 1.0}]},
    )  # fmt: skip
    assert sorted(keys) == sorted(
        ["dangling_close", "scenario_twice", "scenario_off_islands", "scenario_taken",
         "dangling_close", "scenario_no_link", "scenario_link_missing", "scenario_shift_what",
         "scenario_shift_nobody", "scenario_shift_whose"]
    )  # fmt: skip


def test_a_scenario_of_a_condition_alone_leaves_the_region_as_it_is(zhoushan: Region) -> None:
    assert scenario.apply(zhoushan, there(condition={"daylight": "night"})) is zhoushan


def test_the_bridge_joins_two_landmasses_and_is_driven_over(zhoushan: Region) -> None:
    after = scenario.apply(zhoushan, there(link={"open": [{"link_id": "R179"}]}))
    landmass = after.islands.set_index("island_id")["landmass_id"]
    assert landmass["fodu"] == landmass["liuheng"] == "liuheng"
    assert zhoushan.islands.set_index("island_id")["landmass_id"]["fodu"] == "fodu"
    parameters = config.load()
    land = land_network.build(after, parameters)
    post = land.node_of("posts", ["lh-hospital"])
    fodu = land.node_of("demand", after.demand.query("island_id == 'fodu'")["demand_id"])
    minutes = travel_time.matrix(land.without_ferries(), post, fodu)
    assert np.isfinite(minutes).all()


def test_a_withdrawn_ferry_and_a_closed_road_are_never_used() -> None:
    there_ = scenario.parse({"link": {"close": [{"link_id": "F1"}, {"link_id": "R1"}]}})
    from routing.scenario import links
    from routing.scenario.places import Islands

    region = toy.archipelago()
    roads, ferries = links.changed(region, Islands(region), there_, [])
    land = land_network.build(region.replace(roads=roads, ferries=ferries), toy.parameters())
    assert set(land.edges["kind"]) <= {"access", "local"}


def test_a_new_road_joins_the_nearest_node_and_the_island_across(zhoushan: Region) -> None:
    point = zhoushan.demand.query("island_id == 'dengbu'").geometry.iloc[0]
    end = zhoushan.roads.query("to_island_id == 'zhujiajian' and status == 'open'").iloc[0]
    from_lon, from_lat = end.geometry.coords[-1]
    link = {"link_id": "NEW", "from_lon": from_lon + 0.001, "from_lat": from_lat,
            "to_lon": point.x, "to_lat": point.y, "speed_kmh": 80.0}  # fmt: skip
    after = scenario.apply(zhoushan, there(link={"open": [link]}))
    road = after.roads.set_index("link_id").loc["NEW"]
    assert road["from_node"] == end["to_node"]
    assert (road["from_island_id"], road["to_island_id"]) == ("zhujiajian", "dengbu")
    assert road["structure"] == "bridge"
    assert road["length_kind"] == "estimate"
    landmass = after.islands.set_index("island_id")["landmass_id"]
    assert landmass["dengbu"] == landmass["zhujiajian"]


def test_a_new_ferry_runs_between_ports(zhoushan: Region) -> None:
    ferry = {"link_id": "FX", "kind": "car_ferry", "from_port_id": "port-sanjiang",
             "to_port_id": "port-qushan", "duration_min": 60, "departures_per_day": 4}  # fmt: skip
    after = scenario.apply(zhoushan, there(link={"open": [ferry]}))
    row = after.ferries.set_index("link_id").loc["FX"]
    assert row["status"] == "in_service"
    assert row["length_km"] == pytest.approx(34.4, abs=0.1)


def ferry_after(listed: dict[str, object], **entry: object) -> dict[str, Any]:
    """Return ferry F1 of the toy region, with `listed` sailings, after a scenario opens it."""
    place = toy.archipelago(ferries=toy.ferries(**listed))
    after = scenario.apply(place, there(link={"open": [{"link_id": "F1", **entry}]}))
    land = land_network.build(after, toy.parameters())
    row = after.ferries.iloc[0].to_dict()
    wait_min = land.edges.loc[land.edges["kind"] == "ferry", "wait_min"] - 5.0
    sails = [timetable.departures(row, toy.parameters(), back=back) for back in (False, True)]
    return {**row, "wait_min": wait_min.tolist(), "sails": [one.tolist() for one in sails]}


LISTED = {"departures": "07:00;17:00", "departures_back": "12:00"}


def test_more_sailings_replace_the_listed_ones_by_headway_and_by_the_clock() -> None:
    """41 from 07:00 to 17:00 are one every 15 minutes."""
    after = ferry_after(LISTED, departures_per_day=41)
    assert after["wait_min"] == pytest.approx([7.5, 7.5])
    every_quarter = [420.0 + 15.0 * k for k in range(41)]
    assert after["sails"][0] == after["sails"][1] == pytest.approx(every_quarter)
    assert pd.isna(after["departures"])
    assert pd.isna(after["departures_back"])


def test_another_first_sailing_keeps_number_and_last_of_the_list() -> None:
    after = ferry_after(LISTED, first_departure="05:00")
    assert after["wait_min"] == [360.0, 360.0]
    assert after["sails"] == [[300.0, 1020.0], [300.0, 1020.0]]


def test_a_list_past_midnight_keeps_its_end_after_midnight() -> None:
    after = ferry_after({"departures": "22:00;23:00;00:30"}, departures_per_day=6)
    assert (after["first_departure"], after["last_departure"]) == ("22:00", "00:30")
    assert after["wait_min"] == [15.0, 15.0]
    assert after["sails"][0] == [0.0, 30.0, 1320.0, 1350.0, 1380.0, 1410.0]


def test_a_single_listed_sailing_becomes_as_many_as_the_scenario_says() -> None:
    after = ferry_after({"departures": "08:00"}, departures_per_day=3)
    assert after["sails"][0] == [480.0, 780.0, 1080.0]


def test_a_scenario_that_stops_a_listed_ferry_stops_it_on_both_sides() -> None:
    after = ferry_after(LISTED, departures_per_day=0)
    assert after["wait_min"] == [np.inf, np.inf]
    assert after["sails"] == [[], []]


def test_another_passage_leaves_the_listed_sailings_as_they_are() -> None:
    after = ferry_after(LISTED, duration_min=11.0)
    assert (after["departures"], after["departures_back"]) == ("07:00;17:00", "12:00")
    assert after["sails"] == [[420.0, 1020.0], [720.0]]


def test_a_helicopter_base_moves_and_flies_from_there(zhoushan: Region) -> None:
    move = {"post_id": "zs-h225-base", "lon": 122.45, "lat": 30.72}
    after = scenario.apply(zhoushan, there(post={"move": [move]}))
    base = after.posts.set_index("post_id").loc["zs-h225-base"]
    assert base["island_id"] == "sijiao"
    assert (base.geometry.x, base.geometry.y) == (122.45, 30.72)


def test_a_new_helipad_is_landed_on_and_named(zhoushan: Region) -> None:
    spot = zhoushan.demand.query("island_id == 'taohua'").geometry.iloc[0]
    pad = {"helipad_id": "new", "name_zh": "桃花起降点", "lon": spot.x, "lat": spot.y}
    after = scenario.apply(zhoushan, there(helipad={"add": [pad]}))
    row = after.helipads.iloc[-1]
    assert (row["helipad_id"], row["status"], row["island_id"]) == ("new", "existing", "taohua")
    assert after.helipads.dtypes.to_dict() == zhoushan.helipads.dtypes.to_dict()
    assert scenario.scenarios_of(after)[0]["changes_zh"] == ["新增起降点 桃花起降点"]
    land = land_network.build(after, config.load())
    found = response.options(after, land, config.load())
    flown = found.via[(found.table["vehicle"] == "helicopter").to_numpy()]
    there_ = (after.demand["island_id"] == "taohua").to_numpy()
    assert (flown[:, there_] == len(after.helipads) - 1).any()
    assert not (flown[:, ~there_] == len(after.helipads) - 1).any()


def test_a_new_helipad_never_makes_a_helicopter_later(zhoushan: Region) -> None:
    spots = zhoushan.demand.drop_duplicates("island_id").geometry.iloc[:30]
    pads = [
        {"helipad_id": f"p{k}", "name_zh": "新", "lon": spot.x, "lat": spot.y}
        for k, spot in enumerate(spots)
    ]
    minutes = []
    for region in (zhoushan, scenario.apply(zhoushan, there(helipad={"add": pads}))):
        land = land_network.build(region, config.load())
        found = response.options(region, land, config.load())
        flies = (found.table["vehicle"] == "helicopter").to_numpy()
        minutes.append(np.nan_to_num(found.response_min[flies].min(axis=0), nan=1e9))
    assert (minutes[1] <= minutes[0] + 1e-9).all()
    assert (minutes[1] < minutes[0] - 1.0).any()


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"helipad_id": "zsn-airport"}, "scenario_pad_taken"),
        ({"lon": 123.9}, "scenario_off_islands"),
        ({"island_id": "atlantis"}, "dangling"),
    ],
)
def test_a_helipad_that_does_not_fit_is_refused(
    zhoushan: Region, more: dict[str, Any], key: str
) -> None:
    pad = {"helipad_id": "new", "name_zh": "新", "lon": 122.1, "lat": 30.0} | more
    assert faults_of(zhoushan, helipad={"add": [pad]}) == [key]


@pytest.mark.slow
def test_a_boat_that_moves_gets_new_ways_over_water(zhoushan: Region) -> None:
    quay = zhoushan.ports.set_index("port_id").geometry["port-qushan"]
    island = zhoushan.ports.set_index("port_id")["island_id"]["port-qushan"]
    move = {"post_id": "msa-maao", "lon": quay.x, "lat": quay.y, "island_id": island}
    after = scenario.apply(zhoushan, there(post={"move": [move]}))
    old, new = (
        r.sea_links.query("from_post_id == 'msa-maao'").set_index("to_port_id")["length_km"]
        for r in (zhoushan, after)
    )
    assert old["port-qushan"] > 20
    assert new["port-qushan"] < 5
    others = after.sea_links.query("from_post_id != 'msa-maao'")
    assert len(others) == (zhoushan.sea_links["from_post_id"] != "msa-maao").sum()


def test_a_removed_post_takes_its_sea_links_along(zhoushan: Region) -> None:
    after = scenario.apply(zhoushan, there(post={"remove": [{"post_id": "msa-maao"}]}))
    assert "msa-maao" not in set(after.posts["post_id"])
    assert "msa-maao" not in set(after.sea_links["from_post_id"])


def test_an_added_post_never_makes_anyone_wait_longer(zhoushan: Region) -> None:
    spot = zhoushan.demand.query("island_id == 'taohua'").geometry.iloc[0]
    post = {"post_id": "new", "name_zh": "桃花急救点", "lon": spot.x, "lat": spot.y,
            "vehicles": ["ambulance"]}  # fmt: skip
    after = scenario.apply(zhoushan, there(post={"add": [post]}))
    minutes = []
    for region in (zhoushan, after):
        land = land_network.build(region, config.load())
        found = response.best(response.options(region, land, config.load()))
        minutes.append(np.nan_to_num(found.response_min, nan=1e9))
    assert after.posts["island_id"].iloc[-1] == "taohua"
    assert (minutes[1] <= minutes[0] + 1e-9).all()
    assert (minutes[1] < minutes[0] - 1.0).any()


def test_people_who_leave_arrive_where_the_file_says(zhoushan: Region) -> None:
    shift = {"island_id": "dengbu", "factor": 0.25, "to_island_id": "zhujiajian"}
    after = scenario.apply(zhoushan, there(population={"shift": [shift]}))
    old, new = (r.demand.groupby("island_id")["population"].sum() for r in (zhoushan, after))
    assert new["dengbu"] == pytest.approx(0.25 * old["dengbu"])
    assert new["zhujiajian"] - old["zhujiajian"] == pytest.approx(0.75 * old["dengbu"])
    assert new.sum() == pytest.approx(old.sum())


def test_the_total_is_conserved_on_request_and_counties_follow(zhoushan: Region) -> None:
    shift = [{"county_zh": "嵊泗县", "residents": 50_000}]
    asked = there(population={"conserve_total": True, "shift": shift})
    after = scenario.apply(zhoushan, asked)
    sums = after.demand.groupby("county_zh")["population"].sum()
    assert sums["嵊泗县"] == pytest.approx(50_000)
    assert sums.sum() == pytest.approx(zhoushan.demand["population"].sum())
    totals = after.counties.set_index("county_zh")["population"]
    assert np.allclose(totals, sums[totals.index], rtol=1e-3)


def test_shifts_that_meet_in_one_place_are_refused(zhoushan: Region) -> None:
    shift = [{"island_id": "dengbu", "factor": 0.5}, {"county_zh": "普陀区", "factor": 1.1}]
    assert faults_of(zhoushan, population={"shift": shift}) == ["scenario_overlap"]


def test_a_change_that_breaks_a_rule_of_regions_is_refused(zhoushan: Region) -> None:
    link = {"link_id": "NEW", "from_node": "金塘收费站", "to_node": "沈家门", "speed_kmh": 80.0,
            "length_km": 1.0}  # fmt: skip
    keys = faults_of(zhoushan, link={"open": [link]})
    assert keys == ["shorter_than_straight"]
