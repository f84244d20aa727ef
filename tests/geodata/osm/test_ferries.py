"""Ferry lines between three square islands in a row: A (west), B (middle), C (east).

A spans 122.00–122.02, B 122.06–122.08, C 122.12–122.14, all of latitude 30.00–30.02. Piers stand on
their shores at latitude 30.01: a 122.02, b1 122.06, b2 122.08, c 122.12.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

from geodata.errors import InputError
from geodata.osm import ferries, reading
from geodata.osm.assumptions import FERRY_TIME
from geodata.osm.ferries import Found, Line
from tests.geodata.osm import drawing

GROUND = drawing.ground((122.0, 30.0, 0.02), (122.06, 30.0, 0.02), (122.12, 30.0, 0.02))
A, B1, B2, C = 1, 2, 3, 4
PIER = {A: 122.02, B1: 122.06, B2: 122.08, C: 122.12}


def sea(**piers: str) -> drawing.Map:
    """Return a map with the four piers as nodes; `piers` gives tags, for instance a="terminal"."""
    drawn = drawing.Map((121.9, 29.9, 122.2, 30.1))
    for name, number in (("a", A), ("b1", B1), ("b2", B2), ("c", C)):
        tags = {"amenity": "ferry_terminal"} if piers.get(name) == "terminal" else {}
        drawn.node(number, PIER[number], 30.01, **tags)
    drawn.node(10, 122.04, 30.01)
    drawn.node(11, 122.10, 30.01)
    drawn.node(12, 122.04, 30.03)
    drawn.node(13, 122.07, 30.03)
    drawn.node(14, 122.10, 30.03)
    return drawn


def find(drawn: drawing.Map, tmp_path: Path, *, forgive: bool = False) -> Found:
    extract = reading.read(drawn.save(tmp_path / "x.osm"))
    return ferries.find(extract, drawing.BOX, GROUND, file="x.osm", forgive=forgive)


def only(found: Found) -> Line:
    (line,) = found.lines
    return line


def ends(found: Found) -> list[list[int]]:
    return sorted(sorted(line.ends) for line in found.lines)


def test_one_way_on_the_map_is_one_line(tmp_path: Path) -> None:
    drawn = sea()
    drawn.way(1, [A, 10, B1], route="ferry", name="渡", motor_vehicle="yes", duration="00:25")
    line = only(find(drawn, tmp_path))
    assert (line.kind, line.duration_min, line.tagged, line.name[0]) == (
        "car_ferry",
        25.0,
        True,
        "渡",
    )
    assert line.length_km == pytest.approx(3.86, abs=0.01)
    assert shapely.LineString(line.points).is_simple


def test_lines_that_meet_at_a_terminal_stay_two(tmp_path: Path) -> None:
    """What simplifying the graph would make one crossing of 100 km."""
    drawn = sea(b1="terminal")
    drawn.way(1, [A, 10, B1], route="ferry", name="Line")
    drawn.way(2, [B1, 13, 14, C], route="ferry", name="Line")
    assert ends(find(drawn, tmp_path)) == [[A, B1], [B1, C]]


@pytest.mark.parametrize(
    "tags", [{"highway": "footway"}, {"man_made": "pier"}, {"highway": "service"}]
)
def test_lines_that_meet_at_a_pier_or_road_stay_two(tmp_path: Path, tags: dict[str, str]) -> None:
    drawn = sea()
    drawn.node(20, 122.065, 30.01)
    drawn.way(5, [B1, 20], **tags)
    drawn.way(1, [A, 10, B1], route="ferry", name="Line")
    drawn.way(2, [B1, 13, 14, C], route="ferry", name="Line")
    assert ends(find(drawn, tmp_path)) == [[A, B1], [B1, C]]


def test_lines_that_turn_back_at_a_shore_stay_two_even_without_a_pier(tmp_path: Path) -> None:
    drawn = sea()
    drawn.way(1, [A, 10, B1], route="ferry", name="Operator")
    drawn.way(2, [B1, 12, 13, 14, C], route="ferry", name="Operator")
    assert ends(find(drawn, tmp_path)) == [[A, B1], [B1, C]]


def test_lines_of_other_names_stay_two_wherever_they_meet(tmp_path: Path) -> None:
    drawn = sea()
    drawn.way(1, [A, 10, B1], route="ferry", name="West Line")
    drawn.way(2, [B1, 13, 14, C], route="ferry", name="East Line")
    assert ends(find(drawn, tmp_path)) == [[A, B1], [B1, C]]


def test_ways_that_meet_at_sea_are_one_line(tmp_path: Path) -> None:
    drawn = sea()
    drawn.way(1, [A, 12], route="ferry", name="Long")
    drawn.way(2, [12, 13, 14], route="ferry")
    drawn.way(3, [C, 14], route="ferry", name="Long")
    assert ends(find(drawn, tmp_path)) == [[A, C]]


def test_a_line_with_a_fork_at_sea_joins_every_two_of_its_ports(tmp_path: Path) -> None:
    drawn = sea()
    drawn.way(1, [A, 12, 13], route="ferry", name="Fork")
    drawn.way(2, [13, 14, C], route="ferry", name="Fork")
    drawn.way(3, [13, B2], route="ferry", name="Fork")
    assert ends(find(drawn, tmp_path)) == [[A, B2], [A, C], [B2, C]]


def test_a_stop_on_the_way_divides_a_line_and_its_duration(tmp_path: Path) -> None:
    drawn = sea(b1="terminal")
    drawn.way(1, [A, 10, B1, 13, 14, C], route="ferry", name="Island Hopper", duration="60")
    found = find(drawn, tmp_path)
    assert ends(found) == [[A, B1], [B1, C]]
    assert sum(line.duration_min for line in found.lines) == pytest.approx(60.0, abs=0.02)


def test_the_duration_of_a_relation_is_that_of_its_whole_line(tmp_path: Path) -> None:
    drawn = sea()
    drawn.way(1, [A, 10], route="ferry")
    drawn.way(2, [10, B1])
    drawn.relation(
        9, [1, 2], type="route", route="ferry", name="R", duration="PT20M", motorcar="yes"
    )
    line = only(find(drawn, tmp_path))
    assert (line.duration_min, line.kind, line.ident) == (20.0, "car_ferry", "r9-1")


def back_and_forth(**return_tags: str) -> drawing.Map:
    """Return a relation of half an hour with a way for each direction, the way back longer."""
    drawn = sea()
    drawn.way(1, [A, 10, B1], route="ferry", oneway="yes")
    drawn.way(2, [B1, 12, A], route="ferry", **return_tags)
    drawn.relation(9, [1, 2], type="route", route="ferry", name="R", duration="00:30")
    return drawn


@pytest.mark.parametrize("tags", [{"oneway": "yes"}, {}])
def test_the_duration_of_a_relation_is_that_of_one_direction(
    tmp_path: Path, tags: dict[str, str]
) -> None:
    line = only(find(back_and_forth(**tags), tmp_path))
    assert (line.duration_min, line.tagged) == (30.0, True)


def test_a_way_back_that_differs_on_a_part_only_does_not_shorten_the_crossing(
    tmp_path: Path,
) -> None:
    drawn = sea()
    drawn.node(20, 122.03, 30.01)
    drawn.way(1, [A, 20], route="ferry")
    drawn.way(2, [20, 10, B1], route="ferry", oneway="yes")
    drawn.way(3, [B1, 12, 20], route="ferry", oneway="yes")
    drawn.relation(9, [1, 2, 3], type="route", route="ferry", name="R", duration="00:30")
    assert only(find(drawn, tmp_path)).duration_min == 30.0


def test_a_way_for_each_direction_of_a_line_with_a_stop_leaves_its_duration(
    tmp_path: Path,
) -> None:
    drawn = sea(b1="terminal")
    drawn.way(1, [A, 10, B1], route="ferry", oneway="yes")
    drawn.way(2, [B1, 13, 14, C], route="ferry", oneway="yes")
    drawn.way(3, [C, 14, 13, B1], route="ferry", oneway="yes")
    drawn.way(4, [B1, 12, A], route="ferry", oneway="yes")
    drawn.relation(9, [1, 2, 3, 4], type="route", route="ferry", name="R", duration="01:00")
    found = find(drawn, tmp_path)
    assert ends(found) == [[A, B1], [B1, C]]
    assert sum(line.duration_min for line in found.lines) == pytest.approx(60.0, abs=0.02)


def legs(*, second: bool = True, members: tuple[int, ...] = (1, 2)) -> drawing.Map:
    """Return a relation A-B-C of an hour; the file need not have its second leg."""
    drawn = sea(b1="terminal")
    drawn.way(1, [A, 10, B1], route="ferry")
    if second:
        drawn.way(2, [B1, 13, 14, C], route="ferry")
    drawn.relation(9, members, type="route", route="ferry", name="R", duration="01:00")
    return drawn


def first_leg(found: Found) -> Line:
    (line,) = [line for line in found.lines if set(line.ends) == {A, B1}]
    return line


def assert_estimated(line: Line) -> None:
    assert not line.tagged
    assert line.duration_min == pytest.approx(FERRY_TIME[line.kind].of(line.length_km), abs=0.01)


def test_a_relation_that_the_file_has_in_part_only_gives_no_duration(tmp_path: Path) -> None:
    whole = find(legs(), tmp_path)
    assert all(line.tagged for line in whole.lines)
    assert first_leg(whole).duration_min < 60.0
    assert_estimated(only(find(legs(second=False), tmp_path)))


def test_a_relation_whose_way_is_cut_off_gives_no_duration(tmp_path: Path) -> None:
    drawn = legs(second=False)
    drawn.way(2, [B1, 13, 998, 999], route="ferry")
    found = find(drawn, tmp_path)
    assert_estimated(only(found))
    assert found.counts.ends_at_sea == ["R (r9-2)"]


def test_a_road_among_the_ways_of_a_relation_is_not_missing(tmp_path: Path) -> None:
    drawn = legs(members=(1, 2, 5))
    drawn.node(20, 122.01, 30.01)
    drawn.way(5, [20, A], highway="footway")
    found = find(drawn, tmp_path)
    assert all(line.tagged for line in found.lines)
    assert first_leg(found).duration_min == first_leg(find(legs(), tmp_path)).duration_min


def test_an_impossible_duration_of_a_relation_in_part_is_still_a_fault(tmp_path: Path) -> None:
    drawn = sea()
    drawn.way(1, [A, 10, B1], route="ferry")
    drawn.relation(9, [1, 2], type="route", route="ferry", name="R", duration="0")
    with pytest.raises(InputError) as error:
        find(drawn, tmp_path)
    assert [fault.key for fault in error.value.faults] == ["osm_ferry_duration"]


def test_a_way_that_the_file_cuts_off_gives_no_duration(tmp_path: Path) -> None:
    drawn = sea(b1="terminal")
    drawn.way(1, [A, 10, B1, 13, 999], route="ferry", name="Cut", duration="01:00")
    assert_estimated(first_leg(find(drawn, tmp_path)))


def test_durations_of_the_parts_of_a_line_add_up(tmp_path: Path) -> None:
    drawn = sea()
    drawn.way(1, [A, 10], route="ferry", name="L", duration="10")
    drawn.way(2, [10, B1], route="ferry", name="L", duration="12")
    assert only(find(drawn, tmp_path)).duration_min == 22.0


def test_the_same_duration_on_every_part_is_that_of_the_whole(tmp_path: Path) -> None:
    drawn = sea()
    drawn.way(1, [A, 10], route="ferry", name="L", duration="00:30")
    drawn.way(2, [10, B1], route="ferry", name="L", duration="00:30")
    assert only(find(drawn, tmp_path)).duration_min == 30.0


def test_a_missing_duration_is_estimated_from_the_length(tmp_path: Path) -> None:
    drawn = sea()
    drawn.way(1, [A, 10, B1], route="ferry", motor_vehicle="yes")
    line = only(find(drawn, tmp_path))
    assert not line.tagged
    assert line.duration_min == pytest.approx(FERRY_TIME["car_ferry"].of(line.length_km), abs=0.01)


def test_an_unreadable_duration_is_missing_and_counted(tmp_path: Path) -> None:
    drawn = sea()
    drawn.way(1, [A, 10, B1], route="ferry", duration="half an hour")
    found = find(drawn, tmp_path)
    assert not only(found).tagged
    assert found.counts.unreadable_durations == {"half an hour": 1}


@pytest.mark.parametrize(
    ("duration", "key"),
    [
        ("-00:20", "osm_ferry_duration"),
        ("0", "osm_ferry_duration"),
        ("00:00", "osm_ferry_duration"),
        ("24:01", "osm_ferry_day"),
        ("P2D", "osm_ferry_day"),
    ],
)
def test_an_impossible_duration_is_a_fault_with_its_value(
    tmp_path: Path, duration: str, key: str
) -> None:
    drawn = sea()
    drawn.way(17, [A, 10, B1], route="ferry", duration=duration)
    with pytest.raises(InputError) as error:
        find(drawn, tmp_path)
    (fault,) = error.value.faults
    assert (fault.key, fault.value, fault.where) == (key, duration, "x.osm way 17")
    found = find(drawn, tmp_path, forgive=True)
    assert not only(found).tagged
    assert found.counts.forgiven == [f"way 17: {duration}"]


def test_a_crossing_of_exactly_a_day_is_allowed(tmp_path: Path) -> None:
    drawn = sea()
    drawn.way(1, [A, 10, B1], route="ferry", duration="24:00")
    assert only(find(drawn, tmp_path)).duration_min == 1440.0


def test_every_impossible_duration_is_reported_at_once(tmp_path: Path) -> None:
    drawn = sea()
    drawn.way(1, [A, 10, B1], route="ferry", duration="-5", name="one")
    drawn.way(2, [B2, 11, C], route="ferry", duration="30:00", name="two")
    with pytest.raises(InputError) as error:
        find(drawn, tmp_path)
    assert len(error.value.faults) == 2


def test_a_line_that_leaves_the_area_is_left_out_whatever_its_duration(tmp_path: Path) -> None:
    drawn = sea()
    drawn.node(30, 123.5, 31.0)
    drawn.way(1, [A, 30], route="ferry", name="Overseas", duration="48:00")
    found = find(drawn, tmp_path)
    assert found.lines == []
    assert found.counts.leaving == ["Overseas (w1-1)"]


def test_a_line_to_a_node_that_the_file_lacks_is_left_out(tmp_path: Path) -> None:
    drawn = sea()
    drawn.way(1, [A, 10, 12, 999], route="ferry", name="Cut")
    found = find(drawn, tmp_path)
    assert found.lines == []
    assert found.counts.ends_at_sea == ["Cut (w1-1)"]


def test_a_round_trip_is_left_out_and_counted(tmp_path: Path) -> None:
    drawn = sea(a="terminal")
    drawn.way(1, [A, 10, 12, A], route="ferry", name="Cruise")
    found = find(drawn, tmp_path)
    assert found.lines == []
    assert found.counts.round_trips == ["Cruise (w1)"]


@pytest.mark.parametrize(
    ("tags", "kind", "known"),
    [
        ({"motor_vehicle": "yes"}, "car_ferry", True),
        ({"motorcar": "designated"}, "car_ferry", True),
        ({"vehicle": "no"}, "passenger", True),
        ({"motor_vehicle": "no", "foot": "yes"}, "passenger", True),
        ({"foot": "yes"}, "passenger", False),
        ({}, "passenger", False),
        ({"motor_vehicle": "no", "duration": "00:04"}, "fast_passenger", True),
        # The narrowest key that an ambulance falls under counts, and lorries are another matter.
        ({"motor_vehicle": "yes", "hgv": "no"}, "car_ferry", True),
        ({"motorcar": "yes", "hgv": "no"}, "car_ferry", True),
        ({"vehicle": "no", "motorcar": "yes"}, "car_ferry", True),
        ({"access": "no", "motor_vehicle": "permit"}, "car_ferry", True),
        ({"motor_vehicle": "yes", "motorcar": "no"}, "passenger", True),
        ({"vehicle": "yes", "motor_vehicle": "no", "hgv": "yes"}, "passenger", True),
        ({"motor_vehicle": "no", "emergency": "yes"}, "car_ferry", True),
        ({"motor_vehicle": "yes", "emergency": "no"}, "passenger", True),
        ({"motorcar": "no; yes"}, "car_ferry", True),
        ({"motorcar": "private;customers"}, "car_ferry", True),
        ({"motor_vehicle": "no;destination"}, "car_ferry", True),
        ({"hgv": "yes"}, "car_ferry", True),
        ({"hgv": "no"}, "passenger", False),
        ({"access": "yes"}, "passenger", False),
    ],
)
def test_vehicles_ride_only_where_the_map_says_so(
    tmp_path: Path, tags: dict[str, str], kind: str, known: bool
) -> None:
    drawn = sea()
    drawn.way(1, [A, 10, B1], route="ferry", **tags)
    line = only(find(drawn, tmp_path))
    assert (line.kind, line.kind_known) == (kind, known)


def test_one_way_without_room_for_cars_makes_the_whole_line_one_for_passengers(
    tmp_path: Path,
) -> None:
    drawn = sea()
    drawn.way(1, [A, 10], route="ferry", motorcar="yes", hgv="no")
    drawn.way(2, [10, B1], route="ferry", motor_vehicle="no")
    drawn.relation(9, [1, 2], type="route", route="ferry", name="R", motor_vehicle="yes")
    assert only(find(drawn, tmp_path)).kind == "passenger"


@pytest.mark.parametrize(
    ("interval", "a_day"),
    [("12:00", 1.0), ("18:00", 1.0), ("24:00", 1.0), ("P2D", 0.5), ("48:00", 0.5), ("P1W", 0.143)],
)
def test_an_interval_of_a_day_is_one_departure_and_a_longer_one_fewer(
    tmp_path: Path, interval: str, a_day: float
) -> None:
    drawn = sea()
    drawn.way(1, [A, 10, B1], route="ferry", interval=interval)
    assert only(find(drawn, tmp_path)).departures_per_day == a_day


@pytest.mark.parametrize("interval", ["on demand", "0", "-00:30"])
def test_an_interval_that_says_nothing_leaves_the_departures_blank(
    tmp_path: Path, interval: str
) -> None:
    drawn = sea()
    drawn.way(1, [A, 10, B1], route="ferry", interval=interval)
    assert np.isnan(only(find(drawn, tmp_path)).departures_per_day)


def test_an_interval_becomes_departures_a_day(tmp_path: Path) -> None:
    drawn = sea()
    drawn.way(1, [A, 10, B1], route="ferry", interval="00:30")
    assert only(find(drawn, tmp_path)).departures_per_day == 24.0
    drawn = sea()
    drawn.way(1, [A, 10, B1], route="ferry")
    assert np.isnan(only(find(drawn, tmp_path)).departures_per_day)


def test_a_pier_may_lead_far_out_to_a_landing(tmp_path: Path) -> None:
    """The landing lies 480 m off the shore of A, at the end of a pier."""
    drawn = sea()
    drawn.node(40, 122.025, 30.01)
    drawn.way(5, [A, 40], man_made="pier")
    drawn.way(1, [40, 10, B1], route="ferry")
    assert ends(find(drawn, tmp_path)) == [[B1, 40]]
    without = sea()
    without.node(40, 122.025, 30.01)
    without.way(1, [40, 10, B1], route="ferry", name="Adrift")
    assert find(without, tmp_path).counts.ends_at_sea == ["Adrift (w1-1)"]


def test_a_road_is_never_part_of_a_ferry(tmp_path: Path) -> None:
    drawn = sea()
    drawn.node(20, 122.01, 30.01)
    drawn.way(5, [20, A], highway="service")
    drawn.way(1, [A, 10, B1], route="ferry")
    drawn.relation(9, [5, 1], type="route", route="ferry", name="R")
    assert ends(find(drawn, tmp_path)) == [[A, B1]]
