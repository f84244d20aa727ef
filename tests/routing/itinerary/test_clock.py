"""Rides by the clock: the quick search beside one that tries every sailing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.itinerary.clock import Ferries
from routing.land_network import build
from routing.timetable import Sailings, Timetable, next_departure, sailings
from tests.routing import toy
from tests.routing.itinerary import isles


def every_sailing(
    ferries: Ferries, to_quay: np.ndarray, onward: np.ndarray, direct: float, leave: float
) -> float:
    """Return the arrival by trying every order of rides, on any day: slow and obvious.

    At each quay every sailing of the 24 hours from then on is tried; a later one repeats one.
    """
    best = leave + direct

    def at(quay: int, now: float, rides_left: int) -> None:
        nonlocal best
        best = min(best, (now + ferries.between_min[quay] + onward).min())
        if not rides_left:
            return
        for tail, head, ride in ferries.rides:
            quayside = now + ferries.between_min[quay, tail]
            if not np.isfinite(quayside):
                continue
            for departure in (day + ride.departures_min for day in range(0, 7 * 1440, 1440)):
                for sails in departure[(departure >= quayside - 1e-9)
                                       & (departure < quayside + 1440.0)]:  # fmt: skip
                    at(head, sails + ride.crossing_min, rides_left - 1)

    for quay, minutes in enumerate(to_quay):
        if np.isfinite(minutes):
            at(quay, leave + minutes, 3)
    return best


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Ferries, np.ndarray, np.ndarray, float]:
    n = draw(st.integers(2, 4))
    maybe = st.one_of(st.just(np.inf), st.floats(0, 90))
    square = np.array(draw(st.lists(maybe, min_size=n * n, max_size=n * n))).reshape(n, n)
    between = np.minimum(square, square.T)
    np.fill_diagonal(between, 0.0)
    for k in range(n):  # shortest paths, as a road network has them
        between = np.minimum(between, between[:, [k]] + between[[k], :])
    rides = tuple(
        (a, b, Sailings(0, np.sort(np.array(times, float)), crossing))
        for a, b, times, crossing in draw(
            st.lists(
                st.tuples(st.integers(0, n - 1), st.integers(0, n - 1),
                          st.lists(st.integers(0, 1439), min_size=0, max_size=3, unique=True),
                          st.floats(1, 60)),
                max_size=3,
            )
        )
    )  # fmt: skip
    ends = st.lists(maybe, min_size=n, max_size=n)
    ferries = Ferries(np.arange(n), between, rides)
    return ferries, np.array(draw(ends)), np.array(draw(ends)), draw(maybe)


@given(worlds(), st.floats(0, 1440))
@settings(max_examples=60, deadline=None)
def test_quick_search_equals_one_that_tries_every_sailing(
    world: tuple[Ferries, np.ndarray, np.ndarray, float], leave: float
) -> None:
    ferries, to_quay, onward, direct = world
    at_quay = ferries.at_quays(np.array([leave]), to_quay[None, :])[0]
    quick = min(leave + direct, (at_quay + onward).min())
    slow = every_sailing(ferries, to_quay, onward, direct, leave)
    assert quick == pytest.approx(slow) or (np.isinf(quick) and np.isinf(slow))


@given(worlds(), st.floats(0, 1440))
@settings(max_examples=60, deadline=None)
def test_pieces_join_up_and_sum_to_the_arrival(
    world: tuple[Ferries, np.ndarray, np.ndarray, float], leave: float
) -> None:
    ferries, to_quay, onward, direct = world
    at_quay = ferries.at_quays(np.array([leave]), to_quay[None, :])[0]
    arrival = min(leave + direct, (at_quay + onward).min())
    if np.isinf(arrival):
        with pytest.raises(ValueError, match="no way"):
            ferries.way(leave, to_quay, onward, direct)
        return
    pieces = ferries.way(leave, to_quay, onward, direct)
    assert pieces[0].start == pieces[-1].end == -1
    assert all(a.end == b.start for a, b in itertools.pairwise(pieces))
    clock = leave
    for piece in pieces:
        if piece.ride is not None:
            assert piece.sails_min % 1440.0 in piece.ride.departures_min
            assert piece.sails_min >= clock - 1e-6
            clock = piece.sails_min
        clock += piece.minutes
    assert clock == pytest.approx(arrival)


@given(st.integers(0, 10_000), st.lists(st.integers(0, 1439), min_size=1, max_size=4))
@settings(max_examples=6, deadline=None)
def test_many_travellers_at_once_equal_the_timetable_of_each(seed: int, minutes: list[int]) -> None:
    region, parameters = isles.random_region(seed), toy.parameters()
    land = build(region, parameters)
    posts = land.node_of("posts", region.posts["post_id"])
    demand = land.node_of("demand", region.demand["demand_id"])
    ferries = Ferries.of(land, sailings(land, region.ferries, parameters))
    from routing import travel_time

    roads = land.without_ferries()
    for minute in minutes:
        table = Timetable(land, region.ferries, parameters, sources=posts, targets=demand,
                          depart_min=float(minute)).matrix()  # fmt: skip
        direct = travel_time.matrix(roads, posts, demand)
        found = np.where(np.isnan(direct), np.inf, direct)
        if len(ferries.quays):
            to_quay = travel_time.matrix(roads, posts, ferries.quays)
            onward = travel_time.matrix(roads, ferries.quays, demand)
            at_quay = ferries.at_quays(np.full(len(posts), float(minute)), to_quay) - minute
            for quay in range(len(ferries.quays)):
                way = at_quay[:, [quay]] + np.nan_to_num(onward[[quay]], nan=np.inf)
                found = np.minimum(found, way)
        np.testing.assert_allclose(np.where(np.isinf(found), np.nan, found), table)


def test_a_sailing_at_the_very_minute_is_caught_and_after_the_last_comes_the_next_day() -> None:
    departures = np.array([400.0, 500.0])
    minutes = np.array([399.0, 400.0, 400.5, 500.0, 500.1, 1900.0, np.inf])
    found = next_departure(departures, minutes)
    assert found.tolist() == [400.0, 400.0, 500.0, 500.0, 1840.0, 1940.0, np.inf]
