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
    ("listed", "counts"),
    [
        ("no;destination", "destination"),
        ("private;destination", "destination"),
        ("destination;yes", "yes"),
        ("no;private", "private"),
        ("no;delivery;destination;permissive", "permissive"),
        ("private;customers", "customers"),
        ("no;discouraged", "discouraged"),
        ("military;no", "military"),
        ("no;unheard_of", "no"),
        ("unheard_of;private", "private"),
        ("unheard_of", "unheard_of"),
        ("unheard_of;other", "unheard_of"),
        ("no;;", "no"),
        (";", ""),
    ],
)
def test_the_widest_value_of_a_list_counts_whatever_the_order(listed: str, counts: str) -> None:
    assert access.narrowest({"motor_vehicle": listed}) == ("motor_vehicle", counts)
    parts = listed.split(";")
    if "other" not in parts:  # of two values without a meaning the first stands
        backwards = ";".join(reversed(parts))
        assert access.narrowest({"motor_vehicle": backwards}) == ("motor_vehicle", counts)


@pytest.mark.parametrize(
    ("listed", "private"),
    [("no;destination", False), ("no;private", True), ("destination;delivery", False)],
)
def test_a_list_with_an_opening_value_does_not_bar_a_road(listed: str, private: bool) -> None:
    assert drive(highway="residential", motor_vehicle=listed).private is private


def test_a_list_of_closing_values_bars_a_road() -> None:
    found = access.drive({"highway": "residential", "motor_vehicle": "no;unheard_of"})
    assert found == Barred("motor_vehicle=no")


def test_a_list_that_opens_a_path_makes_it_a_road() -> None:
    assert access.is_road({"highway": "footway", "motor_vehicle": "no;yes"})
    assert not access.is_road({"highway": "footway", "motor_vehicle": "no;destination"})


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


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({"oneway": "yes", "maxspeed:forward": "80", "maxspeed:backward": "40"}, 80.0),
        ({"oneway": "-1", "maxspeed:forward": "40", "maxspeed:backward": "80"}, 80.0),
        ({"oneway": "yes", "maxspeed": "50", "maxspeed:backward": "40"}, 50.0),
        ({"oneway": "yes", "maxspeed": "30", "maxspeed:forward": "50"}, 50.0),
        ({"junction": "roundabout", "maxspeed": "50", "maxspeed:backward": "40"}, 50.0),
        # Driven both ways by those who matter here.
        (
            {
                "oneway": "yes",
                "oneway:emergency": "no",
                "maxspeed:forward": "80",
                "maxspeed:backward": "40",
            },
            40.0,
        ),
    ],
)
def test_on_a_one_way_road_only_the_limit_of_its_direction_counts(
    tags: dict[str, str], kmh: float
) -> None:
    found = access.drive({"highway": "primary", **tags})
    assert isinstance(found, Drive)
    assert (found.speed_kmh, found.limit) == (kmh, "tagged")


def test_a_limit_of_the_direction_that_is_not_driven_leaves_the_speed_of_the_class() -> None:
    found = drive(highway="primary", oneway="yes", maxspeed__backward="40")
    assert (found.speed_kmh, found.limit) == (65.0, "assumed")


@pytest.mark.parametrize(
    ("general", "forward", "backward", "kmh"),
    [
        ("30", "50", "40", 40.0),
        ("60", "80", None, 60.0),  # backward has the general limit
        ("60", None, "80", 60.0),
        ("80", "50", None, 50.0),
        (None, "50", None, 50.0),
        ("60", "signals", "brisk", 60.0),
        ("brisk", "50", None, 50.0),
    ],
)
def test_limits_of_the_directions_go_before_the_general_limit(
    general: str | None, forward: str | None, backward: str | None, kmh: float
) -> None:
    limits = {"maxspeed": general, "maxspeed:forward": forward, "maxspeed:backward": backward}
    found = access.drive({"highway": "primary", **{k: v for k, v in limits.items() if v}})
    assert isinstance(found, Drive)
    assert found.speed_kmh == kmh


def test_an_impossible_limit_is_reported_in_whatever_direction() -> None:
    tags = {"highway": "primary", "oneway": "yes", "maxspeed:backward": "0"}
    assert access.drive(tags) == BadSpeed("maxspeed:backward", "0")


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
        ({"barrier": "bollard", "motor_vehicle": "destination"}, False),
        ({"barrier": "gate", "access": "no;destination"}, False),
        ({"barrier": "gate", "access": "no;unheard_of"}, True),
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
