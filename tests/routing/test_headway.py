"""Waits for ferries with listed sailings, against people who come to the quay every minute."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.region import Region
from routing import headway, land_network, response, timetable
from routing.response import Condition
from tests.routing import toy

BLANK = {"departures_per_day": np.nan, "first_departure": None, "last_departure": None}


def wait_min(back: bool = False, **ferry: object) -> float:
    """Return the wait for one ferry; what is not given is blank."""
    table = pd.DataFrame({name: [value] for name, value in {**BLANK, **ferry}.items()})
    (wait,) = headway.ferry_wait_min(table, toy.parameters(), back=back).tolist()
    return float(wait)


def clocks(minutes: list[int]) -> str:
    return ";".join(f"{m // 60 % 24:02d}:{m % 60:02d}" for m in minutes)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("07:00;17:00", 300.0),
        ("06:00;07:00;08:00;09:00", 30.0),
        # One in ten comes to the hour before 08:00 and waits 30 min, nine in ten wait 270 min.
        ("07:00;08:00;17:00", 246.0),
        ("05:00; 20:00", 450.0),
        ("17:00;07:00", 300.0),  # out of order, as the longer pause is at night
        ("09:00;07:00;08:00", 30.0),
        ("07:00;17:00;07:00;", 300.0),  # named twice
        # 60 min and 90 min after 22:00: 2/5 wait 30 min and 3/5 wait 45 min.
        ("22:00;23:00;00:30", 39.0),
        ("08:30", 360.0),  # as with one sailing a day
        ("08:30;08:30", 360.0),
    ],
)
@pytest.mark.parametrize("number", [np.nan, 0.0, 1.0, 13.0])
def test_listed_sailings_alone_make_the_wait(listed: str, expected: float, number: float) -> None:
    others = {"departures_per_day": number, "first_departure": "06:00", "last_departure": "18:00"}
    assert wait_min(departures=listed) == pytest.approx(expected)
    assert wait_min(departures=listed, **others) == pytest.approx(expected)


@pytest.mark.parametrize("blank", [None, np.nan, "", " ; "])
def test_without_a_list_number_and_ends_make_the_wait(blank: object) -> None:
    spread = {"departures_per_day": 2.0, "first_departure": "09:20", "last_departure": "15:20"}
    assert wait_min(departures=blank, **spread) == 180.0
    assert wait_min(departures=blank) == 60.0


@given(st.lists(st.integers(0, 1439), min_size=2, max_size=8, unique=True))
def test_the_wait_is_the_mean_of_those_who_come_in_every_minute_of_service(
    sails: list[int],
) -> None:
    sails = sorted(sails)
    # Halfway through a minute stands for all of it: waits fall evenly from sailing to sailing.
    waits = [
        min(s for s in sails if s > minute) - (minute + 0.5)
        for minute in range(sails[0], sails[-1])
    ]
    assert wait_min(departures=clocks(sails)) == pytest.approx(np.mean(waits))


@given(st.integers(2, 9), st.integers(1, 90), st.integers(0, 1439))
def test_an_even_list_waits_as_number_first_and_last_do(number: int, gap: int, first: int) -> None:
    """Past midnight too: the span of 720 min at most leaves the longest pause to the night."""
    sails = [first + gap * k for k in range(number)]
    ends = {"first_departure": clocks(sails[:1]), "last_departure": clocks(sails[-1:])}
    spread = wait_min(departures_per_day=float(number), **ends)
    assert wait_min(departures=clocks(sails)) == pytest.approx(spread)


def test_sailings_back_have_a_wait_of_their_own() -> None:
    ferry = {"departures": "07:00;17:00", "departures_back": "08:00;09:00"}
    assert wait_min(**ferry) == 300.0
    assert wait_min(back=True, **ferry) == 30.0
    assert wait_min(back=True, departures="07:00;17:00", departures_back=None) == 300.0
    assert wait_min(departures_back="08:00;09:00") == 60.0  # out is not listed: 120 min assumed


def ferry_of_toy(**ferry: object) -> Region:
    return toy.archipelago(ferries=toy.ferries(**ferry))


@pytest.mark.parametrize("number", [None, 13.0])
def test_listed_sailings_count_in_the_response_without_a_clock_time(number: float | None) -> None:
    """D3 on island B: call and turnout 4, road 18, wait 300, boarding 5, passage 20 = 347 min."""
    place = ferry_of_toy(departures="07:00;17:00", departures_per_day=number)
    land = land_network.build(place, toy.parameters())
    condition = Condition(vehicles=("ambulance",))
    found = response.best(response.options(place, land, toy.parameters(), condition=condition))
    assert found.response_min[2] == pytest.approx(347.0, abs=1e-3)


def test_each_direction_of_the_network_waits_for_the_sailings_of_the_timetable() -> None:
    place = ferry_of_toy(departures="07:00;17:00", departures_back="08:00;10:00;12:00")
    land = land_network.build(place, toy.parameters())
    ferries = land.edges[land.edges["kind"] == "ferry"]
    # Boarding takes 5 min.
    assert (ferries["wait_min"] - 5.0).tolist() == [300.0, 60.0]
    sails = timetable.sailings(land, place.ferries, toy.parameters())
    assert [one.departures_min.tolist() for one in sails] == [
        [420.0, 1020.0],
        [480.0, 600.0, 720.0],
    ]
    assert [one.edge for one in sails] == ferries.index.tolist()
    ends = land.nodes["place_id"].to_numpy()[land.graph.edge_from[ferries.index]]
    assert ends.tolist() == ["PA", "PB"]
    graph_min = land.graph.travel_min[ferries.index]
    assert graph_min.tolist() == pytest.approx([325.0, 85.0])
