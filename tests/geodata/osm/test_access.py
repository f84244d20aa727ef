from __future__ import annotations

import pytest

from geodata import schemas
from geodata.osm import access
from geodata.osm.access import BadSpeed, Barred, Drive


def drive(**tags: str) -> Drive:
    found = access.drive({k.replace("__", ":"): v for k, v in tags.items()})
    assert isinstance(found, Drive)
    return found


@pytest.mark.parametrize("highway", access.ROAD_CLASS)
def test_every_road_has_a_class_of_the_schema_and_a_speed(highway: str) -> None:
    found = drive(highway=highway)
    assert found.road_class in schemas.ROAD_CLASSES
    assert 1.0 <= found.speed_kmh <= 200.0
    assert found.limit == "assumed"


@pytest.mark.parametrize("highway", ["footway", "path", "pedestrian", "cycleway"])
def test_a_path_is_a_road_only_where_it_is_open_to_emergency_vehicles(highway: str) -> None:
    assert not access.is_road({"highway": highway})
    assert access.is_road({"highway": highway, "emergency": "yes"})
    assert access.is_road({"highway": highway, "motor_vehicle": "yes"})


@pytest.mark.parametrize(
    "highway", ["steps", "construction", "proposed", "platform", "raceway", ""]
)
def test_what_nobody_drives_on_is_no_road(highway: str) -> None:
    assert not access.is_road({"highway": highway, "emergency": "yes"})


def test_a_square_drawn_as_an_area_is_no_road() -> None:
    assert not access.is_road({"highway": "residential", "area": "yes"})


@pytest.mark.parametrize("key", ["access", "vehicle", "motor_vehicle", "motorcar"])
def test_a_road_closed_to_all_is_barred(key: str) -> None:
    assert access.drive({"highway": "residential", key: "no"}) == Barred(f"{key}=no")


def test_emergency_vehicles_pass_where_the_map_says_so() -> None:
    assert drive(highway="residential", access="no", emergency="yes").road_class == "residential"
    assert access.drive({"highway": "service", "emergency": "no"}) == Barred("emergency=no")


def test_a_narrower_access_tag_wins_over_a_wider_one() -> None:
    assert drive(highway="residential", access="no", motor_vehicle="yes").private is False
    assert access.drive({"highway": "residential", "access": "yes", "motorcar": "no"}) == Barred(
        "motorcar=no"
    )


def test_a_private_road_is_driven_as_a_service_road() -> None:
    found = drive(highway="residential", access="private")
    assert (found.road_class, found.private, found.speed_kmh) == ("service", True, 15.0)
    assert drive(highway="track", access="private").road_class == "track"


def test_the_widest_of_several_access_values_counts() -> None:
    assert drive(highway="residential", access="private; yes").private is False


@pytest.mark.parametrize(
    ("tags", "oneway"),
    [
        ({"oneway": "yes"}, 1),
        ({"oneway": "1"}, 1),
        ({"oneway": "-1"}, -1),
        ({"oneway": "no"}, 0),
        ({}, 0),
        ({"junction": "roundabout"}, 1),
        ({"junction": "circular"}, 1),
        ({"junction": "roundabout", "oneway": "no"}, 0),
        ({"junction": "roundabout", "oneway": "-1"}, -1),
        ({"oneway": "reversible"}, 0),
        ({"oneway": "yes", "oneway:emergency": "no"}, 0),
    ],
)
def test_directions_follow_the_map(tags: dict[str, str], oneway: int) -> None:
    found = access.drive({"highway": "residential", **tags})
    assert isinstance(found, Drive)
    assert found.oneway == oneway


def test_a_motorway_is_one_way_unless_the_map_says_no() -> None:
    assert drive(highway="motorway").oneway == 1
    assert drive(highway="motorway", oneway="no").oneway == 0
    assert drive(highway="motorway_link").oneway == 0


@pytest.mark.parametrize(
    ("tags", "structure"),
    [
        ({"bridge": "yes"}, "bridge"),
        ({"bridge": "viaduct"}, "bridge"),
        ({"bridge": "no"}, "none"),
        ({"tunnel": "yes"}, "tunnel"),
        ({"tunnel": "building_passage"}, "none"),
        ({}, "none"),
    ],
)
def test_bridges_and_tunnels_are_told(tags: dict[str, str], structure: str) -> None:
    found = access.drive({"highway": "primary", **tags})
    assert isinstance(found, Drive)
    assert found.structure == structure


def test_a_speed_limit_wins_over_the_class() -> None:
    assert drive(highway="residential", maxspeed="30").limit == "tagged"
    assert drive(highway="residential", maxspeed="30").speed_kmh == 30.0


def test_of_two_directions_the_lower_limit_counts() -> None:
    found = drive(highway="primary", maxspeed__forward="80", maxspeed__backward="60")
    assert found.speed_kmh == 60.0


def test_a_kind_of_limit_stands_in_for_a_missing_number() -> None:
    assert drive(highway="primary", source__maxspeed="CN:urban").speed_kmh == 50.0
    assert drive(highway="primary", source__maxspeed="sign").limit == "assumed"


def test_an_unreadable_limit_gives_the_speed_of_the_class() -> None:
    found = drive(highway="primary", maxspeed="brisk")
    assert (found.speed_kmh, found.limit) == (65.0, "assumed:unreadable")


def test_an_impossible_limit_is_reported_or_forgiven() -> None:
    tags = {"highway": "primary", "maxspeed": "0"}
    assert access.drive(tags) == BadSpeed("maxspeed", "0")
    forgiven = access.drive(tags, forgive=True)
    assert isinstance(forgiven, Drive)
    assert (forgiven.speed_kmh, forgiven.limit) == (65.0, "assumed:impossible")


def test_tracks_slow_down_with_their_grade() -> None:
    speeds = [drive(highway="track", tracktype=f"grade{n}").speed_kmh for n in range(1, 6)]
    assert speeds == sorted(speeds, reverse=True)


@pytest.mark.parametrize(
    ("tags", "stops"),
    [
        ({"barrier": "bollard"}, True),
        ({"barrier": "block"}, True),
        ({"barrier": "bollard", "bollard": "removable"}, False),
        ({"barrier": "bollard", "emergency": "yes"}, False),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, False),
        ({"barrier": "gate"}, False),
        ({"barrier": "gate", "access": "private"}, False),
        ({"barrier": "gate", "access": "no"}, True),
        ({"barrier": "lift_gate"}, False),
        ({"barrier": "toll_booth"}, False),
        ({"barrier": "cattle_grid"}, False),
        ({}, False),
    ],
)
def test_bollards_stop_an_ambulance_and_gates_do_not(tags: dict[str, str], stops: bool) -> None:
    assert access.blocks(tags) is stops
