"""Each rule is broken once in the made-up archipelago, and must be the only thing reported."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geodata import region, validate
from geodata.errors import Fault
from tests.fixtures import archipelago

Tables = dict[str, pd.DataFrame]


def faults_after(change: Callable[[Tables], None]) -> list[Fault]:
    given = archipelago.tables()
    change(given)
    return validate.faults(region.from_tables(given))


def put(layer: str, row: int, column: str, value: object) -> Callable[[Tables], None]:
    def change(given: Tables) -> None:
        values = given[layer][column].tolist() if column in given[layer] else []
        values = values or [None] * len(given[layer])
        values[row] = value
        given[layer] = given[layer].assign(**{column: pd.Series(values, dtype=object)})

    return change


def shape(layer: str, row: int, geometry: shapely.Geometry | None) -> Callable[[Tables], None]:
    def change(given: Tables) -> None:
        shapes = given[layer].geometry.tolist()
        shapes[row] = geometry
        plain = pd.DataFrame(given[layer].drop(columns="geometry"))
        given[layer] = gpd.GeoDataFrame(plain, geometry=shapes, crs=4326)

    return change


def again(layer: str, row: int) -> Callable[[Tables], None]:
    def change(given: Tables) -> None:
        given[layer] = pd.concat([given[layer], given[layer].iloc[[row]]], ignore_index=True)

    return change


def at(x_km: float, y_km: float) -> shapely.Geometry:
    return archipelago.point(x_km, y_km)


def line(*points_km: tuple[float, float]) -> shapely.Geometry:
    return archipelago.on_earth(shapely.LineString(points_km))


def turned(geometry: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(geometry, lambda xy: xy[:, ::-1])


def drop_rows(layer: str) -> Callable[[Tables], None]:
    def change(given: Tables) -> None:
        given[layer] = given[layer].iloc[:0]

    return change


BOW_TIE = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])

CASES = {
    "blank": (put("posts", 1, "kind", None), "blank", "posts[2].kind (post_id=P2)"),
    "choice": (put("posts", 1, "kind", "castle"), "not_a_choice", "posts[2].kind (post_id=P2)"),
    "vehicle": (
        put("posts", 0, "vehicles", "ambulance;tank"),
        "bad_vehicle",
        "posts[1].vehicles (post_id=P1)",
    ),
    "no vehicle": (
        put("posts", 0, "vehicles", ";"),
        "bad_vehicle",
        "posts[1].vehicles (post_id=P1)",
    ),
    "hours": (put("posts", 0, "hours", "8-18"), "bad_hours", "posts[1].hours (post_id=P1)"),
    "equal hours": (
        put("posts", 0, "hours", "08:00-08:00"),
        "bad_hours",
        "posts[1].hours (post_id=P1)",
    ),
    "hour 25": (
        put("posts", 0, "hours", "08:00-25:00"),
        "bad_hours",
        "posts[1].hours (post_id=P1)",
    ),
    "departure": (
        put("ferries", 0, "first_departure", "6am"),
        "bad_departure",
        "ferries[1].first_departure (link_id=F1)",
    ),
    "departures": (
        put("ferries", 0, "departures", "06:40;8am"),
        "bad_departures",
        "ferries[1].departures (link_id=F1)",
    ),
    "zero speed": (
        put("roads", 0, "speed_kmh", 0),
        "zero_speed",
        "roads[1].speed_kmh (link_id=R01)",
    ),
    "great speed": (
        put("roads", 0, "speed_kmh", 900),
        "too_large",
        "roads[1].speed_kmh (link_id=R01)",
    ),
    "negative count": (
        put("posts", 0, "vehicle_count", -1),
        "too_small",
        "posts[1].vehicle_count (post_id=P1)",
    ),
    "infinite": (
        put("demand", 0, "calls_per_year", float("inf")),
        "not_finite",
        "demand[1].calls_per_year (demand_id=D01)",
    ),
    "negative duration": (
        put("ferries", 0, "duration_min", -5),
        "bad_duration",
        "ferries[1].duration_min (link_id=F1)",
    ),
    "oversized duration": (
        put("ferries", 0, "duration_min", 5000),
        "bad_duration",
        "ferries[1].duration_min (link_id=F1)",
    ),
    "long name": (
        put("posts", 0, "name_zh", "长" * 201),
        "text_too_long",
        "posts[1].name_zh (post_id=P1)",
    ),
    "long note": (
        put("posts", 0, "note", "x" * 20_001),
        "text_too_long",
        "posts[1].note (post_id=P1)",
    ),
    "duplicate": (again("helipads", 0), "duplicate", "helipads[3].helipad_id"),
    "dangling": (
        put("demand", 0, "island_id", "Atlantis"),
        "dangling",
        "demand[1].island_id (demand_id=D01)",
    ),
    "dangling, near": (
        put("ferries", 1, "to_port_id", "Q44"),
        "dangling_close",
        "ferries[2].to_port_id (link_id=F2)",
    ),
    "no geometry": (
        shape("helipads", 0, None),
        "geometry_missing",
        "helipads[1].geometry (helipad_id=L1)",
    ),
    "empty geometry": (
        shape("roads", 7, shapely.LineString()),
        "geometry_empty",
        "roads[8].geometry (link_id=R08)",
    ),
    "wrong type": (
        shape("helipads", 0, line((5, 6), (5, 7))),
        "geometry_type",
        "helipads[1].geometry (helipad_id=L1)",
    ),
    "infinite coordinate": (
        shape("helipads", 0, shapely.Point(np.inf, -18)),
        "not_finite",
        "helipads[1].lon (helipad_id=L1)",
    ),
    "lat out of range": (
        shape("helipads", 0, shapely.Point(154, -181)),
        "lat_out_of_range",
        "helipads[1].lat (helipad_id=L1)",
    ),
    "lon out of range": (
        shape("helipads", 0, shapely.Point(600_000, -18)),
        "lon_out_of_range",
        "helipads[1].lon (helipad_id=L1)",
    ),
    "swapped": (
        shape("helipads", 0, turned(at(5, 6))),
        "swapped_out_of_range",
        "helipads[1].lat (helipad_id=L1)",
    ),
    "self-crossing": (
        shape("islands", 10, BOW_TIE),
        "geometry_invalid",
        "islands[11].geometry (island_id=I11)",
    ),
    "line without length": (
        shape("roads", 7, line((26, 11), (26, 11))),
        "line_without_length",
        "roads[8].geometry (link_id=R08)",
    ),
    "post in the sea": (shape("posts", 0, at(11, 9)), "in_the_sea", "posts[1] (post_id=P1)"),
    "post on another island": (
        shape("posts", 0, at(14, 5)),
        "on_other_island",
        "posts[1] (post_id=P1)",
    ),
    "demand off its island": (
        shape("demand", 8, at(38, 38)),
        "in_the_sea",
        "demand[9] (demand_id=D09)",
    ),
    "road end off its island": (
        put("roads", 5, "to_island_id", "I07"),
        "road_end_off_island",
        "roads[6].to_island_id (link_id=R06)",
    ),
    "node disagrees": (
        shape("roads", 3, line((5, 5.2), (5, 10))),
        "node_disagrees",
        "roads[4].from_node (link_id=R04)",
    ),
    "short road": (
        put("roads", 0, "length_km", 3.0),
        "shorter_than_straight",
        "roads[1].length_km (link_id=R01)",
    ),
    "short ferry": (
        put("ferries", 0, "length_km", 0.6),
        "shorter_than_straight",
        "ferries[1].length_km (link_id=F1)",
    ),
    "ferry to itself": (
        put("ferries", 0, "to_port_id", "Q1"),
        "same_port",
        "ferries[1].to_port_id (link_id=F1)",
    ),
    "ferry to nowhere": (
        shape("ferries", 0, line((5, 10), (5, 15))),
        "line_end_off_port",
        "ferries[1].to_port_id (link_id=F1)",
    ),
    "no posts": (drop_rows("posts"), "layer_empty", "posts"),
    "no name": (put("meta", 0, "value", None), "meta_missing", "meta[1].value (key=name_zh)"),
    "crs in degrees": (
        put("meta", 2, "value", "EPSG:4326"),
        "metric_crs_not_metres",
        "meta[3].value (key=metric_crs)",
    ),
    "crs unknown": (
        put("meta", 2, "value", "my own"),
        "metric_crs_not_metres",
        "meta[3].value (key=metric_crs)",
    ),
    "crs of web maps": (
        put("meta", 2, "value", "EPSG:3857"),
        "metric_crs_elsewhere",
        "meta[3].value (key=metric_crs)",
    ),
    "network": (put("meta", 3, "value", "tube"), "not_a_choice", "meta[4].value (key=network)"),
    "time zone": (
        put("meta", 4, "value", "Mars/Base"),
        "bad_timezone",
        "meta[5].value (key=timezone)",
    ),
    "county sum": (
        put("counties", 1, "population", 8_000),
        "county_sum",
        "counties[2].population (county_zh=北礁县)",
    ),
    "example row": (
        put("helipads", 0, "helipad_id", "EXAMPLE-L1"),
        "example_left",
        "helipads[1].helipad_id",
    ),
}


@cache
def faults_of(case: str) -> tuple[Fault, ...]:
    return tuple(faults_after(CASES[case][0]))


@pytest.mark.parametrize("case", CASES)
def test_a_broken_rule_is_reported_at_its_place(case: str) -> None:
    _, key, where = CASES[case]
    found = {(fault.key, fault.where) for fault in faults_of(case)}
    assert (key, where) in found
    # A ferry to itself also ends off its port; nothing else brings another fault with it.
    allowed = {"same_port": {"line_end_off_port", "line_reversed"}}.get(key, set())
    assert {k for k, _ in found} - {key} <= allowed


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_fault_has_a_text_that_names_value_and_place(case: str, lang: str) -> None:
    _, key, where = CASES[case]
    fault = next(f for f in faults_of(case) if f.key == key)
    text = fault.text(lang)
    assert text.startswith(where)
    assert "{" not in text.replace(str(fault.value), "")


def test_the_archipelago_itself_has_no_faults() -> None:
    assert validate.faults(archipelago.build()) == []


def test_all_faults_are_found_at_once() -> None:
    def change(given: Tables) -> None:
        for case in ("choice", "zero speed", "post in the sea", "ferry to nowhere", "county sum"):
            CASES[case][0](given)

    keys = {fault.key for fault in faults_after(change)}
    assert keys == {"not_a_choice", "zero_speed", "in_the_sea", "line_end_off_port", "county_sum"}


def test_a_duplicate_names_the_row_that_has_the_id_already() -> None:
    fault = faults_after(again("helipads", 1))[0]
    assert fault.params["first"] == "helipads[2] (helipad_id=L2)"


def in_malta() -> Tables:
    """The same islands where both coordinates are possible latitudes: 14.5 E, 35.9 N."""
    given = archipelago.tables()
    middle = archipelago.point(0, 0)
    shift = np.array([14.5 - middle.x, 35.9 - middle.y])
    for name, table in given.items():
        if "geometry" in table:
            moved = [shapely.transform(g, lambda xy: xy + shift) for g in table.geometry]
            given[name] = table.set_geometry(moved)
    given["meta"].loc[2, "value"] = "EPSG:32633"
    # Degrees are of another length there, and lengths are not the point.
    given["roads"]["length_km"] = 50.0
    given["ferries"]["length_km"] = 50.0
    return given


def test_a_swapped_place_within_range_is_told_from_one_far_away() -> None:
    given = in_malta()
    shape("posts", 2, turned(given["posts"].geometry[2]))(given)
    found = validate.faults(region.from_tables(given))
    assert [(f.key, f.where) for f in found] == [("swapped", "posts[3].lon (post_id=P3)")]


def test_a_whole_region_swapped_within_range_fits_its_crs_only_once_turned_round() -> None:
    given = in_malta()
    for name, table in given.items():
        if "geometry" in table:
            given[name] = table.set_geometry([turned(g) for g in table.geometry])
    keys = {f.key for f in validate.faults(region.from_tables(given))}
    assert keys == {"region_swapped"}


def test_a_whole_region_with_lon_and_lat_swapped_is_told_as_such() -> None:
    given = archipelago.tables()
    given = {
        k: t.set_geometry([turned(g) for g in t.geometry]) if "geometry" in t else t
        for k, t in given.items()
    }
    keys = {f.key for f in validate.faults(region.from_tables(given))}
    assert keys == {"swapped_out_of_range"}


@pytest.mark.parametrize(("accuracy_m", "fault"), [(50.0, True), (999.0, True), (1001.0, False)])
def test_a_place_may_lie_off_its_island_by_its_accuracy(accuracy_m: float, fault: bool) -> None:
    def change(given: Tables) -> None:
        shape("posts", 0, at(11, 9))(given)
        given["posts"].loc[0, "position_accuracy_m"] = accuracy_m

    assert bool(faults_after(change)) is fault


@pytest.mark.parametrize(("off_km", "fault"), [(0.199, False), (0.201, True)])
def test_two_hundred_metres_are_always_allowed(off_km: float, fault: bool) -> None:
    assert bool(faults_after(shape("posts", 0, at(10 + off_km, 9)))) is fault


def test_a_place_marked_outside_is_not_held_against_any_island() -> None:
    def change(given: Tables) -> None:
        shape("helipads", 0, at(11, 9))(given)
        given["helipads"] = given["helipads"].assign(outside=[True, False], island_id=[None, "I05"])

    assert faults_after(change) == []


def test_a_place_without_island_is_held_against_the_nearest() -> None:
    def change(given: Tables) -> None:
        given["helipads"] = given["helipads"].assign(island_id=None)
        shape("helipads", 0, at(30, 30))(given)

    assert [f.where for f in faults_after(change)] == ["helipads[1] (helipad_id=L1)"]


def test_a_reversed_ferry_line_says_that_it_is_reversed() -> None:
    keys = {f.key for f in faults_after(shape("ferries", 0, line((5, 16), (5, 10))))}
    assert keys == {"line_reversed"}


def test_a_road_may_fall_short_of_the_straight_line_by_its_accuracy() -> None:
    def change(given: Tables) -> None:
        given["roads"].loc[0, "length_km"] = 4.2
        given["roads"].loc[0, "position_accuracy_m"] = 500.0

    assert faults_after(change) == []


@pytest.mark.parametrize("hours", ["24h", "08:00-18:00", "22:00-06:00", "00:00-24:00", None])
def test_hours_that_are_allowed(hours: str | None) -> None:
    assert faults_after(put("posts", 0, "hours", hours)) == []


def test_a_region_without_people_has_nothing_to_serve() -> None:
    def change(given: Tables) -> None:
        given["demand"] = given["demand"].assign(population=0.0)
        del given["counties"]

    assert {f.key for f in faults_after(change)} == {"no_population"}


def test_every_demand_point_names_a_county_of_the_table() -> None:
    def change(given: Tables) -> None:
        given["demand"].loc[[0, 1], "county_zh"] = [None, "无此县"]
        del given["counties"]

    assert faults_after(change) == []

    def keep(given: Tables) -> None:
        given["demand"].loc[[0, 1], "county_zh"] = [None, "无此县"]

    assert {"county_blank", "dangling", "county_sum"} == {f.key for f in faults_after(keep)}


def test_a_missing_metric_crs_does_not_stop_the_rules_about_distances() -> None:
    def change(given: Tables) -> None:
        given["meta"] = given["meta"][given["meta"]["key"] != "metric_crs"]
        shape("posts", 0, at(11, 9))(given)

    assert {f.key for f in faults_after(change)} == {"meta_missing", "in_the_sea"}


def test_a_region_of_empty_layers_gives_faults_and_no_crash() -> None:
    given = {name: table.iloc[:0] for name, table in archipelago.tables().items()}
    keys = {f.key for f in validate.faults(region.from_tables(given))}
    assert keys == {"layer_empty", "meta_missing"}


# Things to know


def warnings_after(change: Callable[[Tables], None]) -> dict[str, object]:
    given = archipelago.tables()
    change(given)
    return {w.key: w.value for w in validate.warnings(region.from_tables(given))}


def test_warnings_tell_what_is_assumed_planned_and_unlocated() -> None:
    found = warnings_after(lambda given: None)
    assert found["posts_assumed"] == 1
    assert found["posts_clinic"] == 1
    assert found["links_planned"] == 1
    assert found["unlocated"] == 1
    assert found["schematic_network"] == 9
    assert "coarse" not in found


def set_column(layer: str, **columns: object) -> Callable[[Tables], None]:
    return lambda given: given.update({layer: given[layer].assign(**columns)})


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (set_column("posts", position_accuracy_m=3000.0), "coarse"),
        (set_column("posts", vehicles="ambulance"), "no_vehicle"),
        (set_column("posts", evidence="clinic"), "no_crewed_post"),
        (set_column("islands", inhabited="yes"), "island_without_demand"),
        (put("demand", 0, "calls_per_year", 100), "calls_partly_blank"),
        (put("demand", 0, "zone", "rural"), "zone_differs"),
        (put("roads", 0, "length_km", 5000), "length_unit"),
        (put("ferries", 0, "duration_min", 1), "ferry_speed"),
        (put("posts", 0, "name_zh", "A\x07B"), "control_characters"),
        (set_column("posts", vehicle_cuont=1), "unknown_column_close"),
        (set_column("posts", telephone="120"), "unknown_column"),
        (put("posts", 0, "source_ids", "nobody"), "unknown_sources"),
        (put("ferries", 0, "status", "withdrawn"), "links_withdrawn"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_odd_things_are_warned_of_and_are_no_faults(
    change: Callable[[Tables], None], key: str
) -> None:
    assert faults_after(change) == []
    assert key in warnings_after(change)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_warning_has_a_text(lang: str) -> None:
    for warning in validate.warnings(archipelago.build()):
        assert warning.text(lang).startswith(warning.where)
