"""Ferries by the clock, against a search that tries every sailing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import land_network, response
from routing.land_network import LandNetwork
from routing.response import Condition
from routing.timetable import Timetable, departures, next_departure
from tests.routing import toy

CLOCK = st.integers(5, 20).flatmap(lambda h: st.integers(0, 59).map(lambda m: f"{h:02d}:{m:02d}"))


def minutes_at(clock_min: float, **ferry: object) -> float:
    """Response of an ambulance to D3, called at `clock_min`."""
    region = toy.archipelago(ferries=toy.ferries(**ferry))
    land = land_network.build(region, toy.parameters())
    condition = Condition(vehicles=("ambulance",), when_min=clock_min)
    found = response.options(region, land, toy.parameters(), condition=condition)
    return float(response.best(found).response_min[2])


def test_the_ambulance_waits_for_the_next_sailing() -> None:
    """Called 07:30: leaves 07:34, at the quay 07:52, sails 08:00, off the ferry 08:25 = 55 min."""
    assert minutes_at(7 * 60 + 30.0) == pytest.approx(55.0, abs=1e-3)


def test_reaching_the_quay_as_the_ferry_leaves_catches_it() -> None:
    assert minutes_at(7 * 60 + 38.0 - 0.01) == pytest.approx(2 + 2 + 18 + 25, abs=0.1)
    assert minutes_at(7 * 60 + 38.5) == pytest.approx(2 + 2 + 18 + 59.5 + 25, abs=0.1)


def test_after_the_last_sailing_the_ambulance_waits_for_the_first_of_the_next_day() -> None:
    """Called 18:00, after the quay's last 18:00: on the ferry of 06:00, off it at 06:25."""
    assert minutes_at(17 * 60 + 30.0) == pytest.approx(55.0, abs=1e-3)
    assert minutes_at(18 * 60.0) == pytest.approx(12 * 60 + 25.0, abs=1e-3)


def test_a_call_before_midnight_catches_the_sailing_after_it() -> None:
    """Called 23:40, at the quay 00:02 of the next day, sails 00:10, off the ferry 00:35."""
    ferry = {"departures": "00:10;12:00"}
    assert minutes_at(23 * 60 + 40.0, **ferry) == pytest.approx(55.0, abs=1e-3)
    assert minutes_at(10.0, **ferry) == pytest.approx(12 * 60 + 15.0, abs=1e-3)


def test_a_ferry_that_never_sails_is_none_on_any_day() -> None:
    assert np.isnan(minutes_at(12 * 60.0, departures_per_day=0.0))
    assert next_departure(np.array([]), np.array([5.0, np.inf])).tolist() == [np.inf, np.inf]


DAY_MINUTES = st.integers(0, 1439).map(float)


@given(st.lists(DAY_MINUTES, min_size=1, max_size=5, unique=True), st.floats(0.0, 3 * 1440.0 - 1.0))
def test_next_departure_is_the_first_of_all_sailings_of_four_days(
    times: list[float], minute: float
) -> None:
    every = [day * 1440.0 + time for day in range(4) for time in times]
    expected = min(time for time in every if time >= minute - 1e-9)
    assert next_departure(np.sort(times), np.array([minute])).tolist() == [expected]


def test_a_blank_list_is_no_list_whatever_stands_for_blank() -> None:
    out = {"departures": "09:00"}
    for blank in (None, np.nan, "", " "):
        back = out | {"departures_back": blank}
        assert departures(back, toy.parameters(), back=True).tolist() == [540.0]
        unlisted = {"departures": blank, "departures_per_day": 2.0}
        assert departures(unlisted, toy.parameters()).tolist() == [360.0, 1080.0]


def test_listed_departures_are_taken_as_they_are_in_each_direction() -> None:
    ferry = {"departures": "09:00; 08:10", "departures_back": "12:00"}
    assert departures(ferry, toy.parameters()).tolist() == [490.0, 540.0]
    assert departures(ferry, toy.parameters(), back=True).tolist() == [720.0]
    assert departures({"departures": "09:00"}, toy.parameters(), back=True).tolist() == [540.0]
    assert minutes_at(7 * 60 + 30.0, departures="08:10") == pytest.approx(65.0, abs=1e-3)


@pytest.mark.parametrize(
    ("ferry", "expected"),
    [
        ({"departures_per_day": 3.0, "first_departure": "08:00", "last_departure": "10:00"},
         [480.0, 540.0, 600.0]),
        ({"departures_per_day": 1.0, "first_departure": "08:30"}, [510.0]),
        ({"departures_per_day": 2.0}, [360.0, 1080.0]),
        ({"departures_per_day": None}, [360.0, 480.0, 600.0, 720.0, 840.0, 960.0, 1080.0]),
        ({"departures_per_day": 0.0}, []),
        ({"departures_per_day": 3.0, "first_departure": "22:00", "last_departure": "02:00"},
         [0.0, 120.0, 1320.0]),
        ({"departures_per_day": None, "first_departure": "21:00", "last_departure": "01:00"},
         [60.0, 1260.0, 1380.0]),
        # Three cannot all leave at 08:00, nor at 20:00, after which a service day of 12 hours runs.
        ({"departures_per_day": 3.0, "first_departure": "08:00", "last_departure": "08:00"},
         [480.0, 780.0, 1080.0]),
        ({"departures_per_day": 3.0, "first_departure": "20:00"}, [120.0, 480.0, 1200.0]),
    ],
)  # fmt: skip
def test_unlisted_departures_are_spread_over_the_service_day(
    ferry: dict[str, object], expected: list[float]
) -> None:
    assert departures(ferry, toy.parameters()).tolist() == expected


def two_ferries(first: list[str], second: list[str]) -> LandNetwork:
    """Island A to B by F1 and F2 in parallel, the second slower but perhaps sooner."""
    one = toy.ferries(departures=";".join(first))
    other = toy.ferries(departures=";".join(second)).assign(link_id="F2", duration_min=33.0)
    region = toy.archipelago(ferries=pd.concat([one, other], ignore_index=True))
    return land_network.build(region, toy.parameters()), region


@settings(max_examples=60, deadline=None)
@given(
    st.lists(CLOCK, min_size=1, max_size=6),
    st.lists(CLOCK, min_size=1, max_size=6),
    st.floats(240.0, 1300.0),
)
def test_search_agrees_with_trying_every_sailing(
    first: list[str], second: list[str], depart: float
) -> None:
    land, region = two_ferries(first, second)
    source = land.node_of("posts", ["P1"])
    target = land.node_of("demand", ["D3"])
    table = Timetable(
        land, region.ferries, toy.parameters(), sources=source, targets=target, depart_min=depart
    )
    at_quay = depart + 18.0
    arrivals = [
        sails + crossing + 5.0
        for clocks, crossing in ((first, 20.0), (second, 33.0))
        for clock in clocks
        for sails in (land_network.minute_of_day(clock) + day * 1440.0 for day in (0, 1))
        if sails >= at_quay - 1e-3
    ]
    assert table.matrix()[0, 0] == pytest.approx(min(arrivals) - depart, abs=2e-3)


@settings(max_examples=30, deadline=None)
@given(st.lists(CLOCK, min_size=1, max_size=6), st.floats(240.0, 1200.0))
def test_legs_follow_each_other_in_time_and_sum_to_the_matrix(
    clocks: list[str], depart: float
) -> None:
    land, region = two_ferries(clocks, clocks)
    nodes = land.node_of("posts", ["P1"]), land.node_of("demand", ["D3"])
    table = Timetable(
        land,
        region.ferries,
        toy.parameters(),
        sources=nodes[0],
        targets=nodes[1],
        depart_min=depart,
    )
    total = table.matrix()[0, 0]
    pieces = table.legs(0, 0)
    spent = sum(minutes + (ride.wait_min if ride else 0.0) for _, _, minutes, ride in pieces)
    assert spent == pytest.approx(total)
    assert all(ride.wait_min >= 0 for *_, ride in pieces if ride)
    assert all(one[1] == other[0] for one, other in pairwise(pieces))


def test_posts_outside_their_hours_send_nobody() -> None:
    region = toy.archipelago()
    posts = region.posts.assign(hours=["08:00-20:00", "24h", None])
    region = region.replace(posts=posts)
    land = land_network.build(region, toy.parameters())

    def first(when: float) -> float:
        found = response.options(
            region, land, toy.parameters(),
            condition=Condition(vehicles=("ambulance",), when_min=when),
        )  # fmt: skip
        return float(response.best(found).response_min[0]) if len(found.table) else np.nan

    assert first(12 * 60.0) == pytest.approx(13.0, abs=1e-3)
    assert np.isnan(first(20 * 60.0))
    assert np.isnan(first(2 * 60.0))


@pytest.mark.parametrize(
    ("hours", "when", "expected"),
    [
        ("24h", 0.0, True),
        (None, 0.0, True),
        ("22:00-06:00", 23 * 60.0, True),
        ("22:00-06:00", 5 * 60.0, True),
        ("22:00-06:00", 6 * 60.0, False),
        ("08:00-20:00", 8 * 60.0, True),
        ("08:00-20:00", 7 * 60 + 59.0, False),
    ],
)
def test_opening_hours(hours: str | None, when: float, expected: bool) -> None:
    assert response.is_open(hours, when) is expected


def test_speeds_follow_the_hour_by_road_class() -> None:
    base = toy.parameters()
    slow = tuple(0.5 if hour == 8 else 1.0 for hour in range(24))
    parameters = replace(base, traffic=replace(base.traffic, primary=slow))
    land = land_network.build(toy.archipelago(), parameters)
    road = (land.edges["kind"] == "road").to_numpy()
    ferry = (land.edges["kind"] == "ferry").to_numpy()
    rush = land.at_hour(8, parameters)
    before, after = (one.edges["travel_min"].to_numpy() for one in (land, rush))
    assert after[road] == pytest.approx(2.0 * before[road])
    assert after[ferry].tolist() == before[ferry].tolist()
    assert land.at_hour(9, parameters).graph.travel_min == pytest.approx(land.graph.travel_min)
