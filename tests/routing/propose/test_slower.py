"""Longer travel, by hand and against the response model with slower roads and vessels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from geodata.region import Region
from routing import land_network
from routing.config import Parameters
from routing.propose import Request, columns
from routing.propose import after as after_plan
from routing.propose.kinds import Start
from routing.propose.slower import Slower
from tests.routing import toy
from tests.routing.propose import isles
from tests.routing.propose.isles import CALM, ask

NONE = float("nan")
# P1, BB and H of today, then a new berth N at the quay of BB, a new pad at D2 and a post at D1.
PLACES = {"N": (19, 5), "A": (10, 8), "X1": (10, 5)}
KINDS = ["boat_berth", "helipad", "ambulance_post"]


def made(
    folder: Path, region: Region, parameters: Parameters
) -> tuple[columns.Columns, after_plan.World]:
    path = isles.sheet(folder, PLACES, kind=KINDS)
    land = land_network.build(region, parameters)
    request = Request(objective="min-mean", new=1, candidates=path)
    sites = columns.build(region, land, parameters, request)
    return sites, after_plan.world(region, parameters, land, [CALM], sites)


def minutes(folder: Path, slower: float) -> dict[tuple[str, str], float]:
    """Return the slowed minutes of the toy by site and demand point."""
    sites, world = made(folder, isles.region(), isles.parameters())
    state = world.states[CALM.name]
    found = Slower(sites, state, columns.minutes(sites, state)).minutes(slower)
    return _by_pair(sites, state.demand["demand_id"], found)


def _by_pair(sites: columns.Columns, demand: object, found: np.ndarray) -> dict:
    return {
        (site, point): found[i, j]
        for i, point in enumerate(demand)
        for j, site in enumerate(sites.table["id"])
    }


def test_a_late_crew_delays_its_boat_by_as_much_as_its_drive_takes_longer() -> None:
    """2.16 before dispatch; 15 to make ready; turnout 2 + a drive of 20; then 30 over water.

    Today 2.16 + 22 + 30 = 54.16, and a fifth slower 2.16 + 2 + 24 + 36 = 64.16.
    """
    boat = Start(np.array([2.16 + 15.0]), 2.16 + 2.0, np.array([20.0]))
    assert boat.ready_min() + 30.0 == pytest.approx(54.16)
    assert boat.ready_min(0.2) + 36.0 == pytest.approx(64.16)


def test_a_crew_that_is_early_either_way_delays_nothing() -> None:
    """A drive of 10 becomes 12, still within the 15 that the boat needs; one of 12.5 is late."""
    boats = Start(np.full(2, 15.0), 2.0, np.array([10.0, 12.5]))
    assert boats.ready_min(0.2).tolist() == [15.0, pytest.approx(17.0)]


def test_who_waits_for_nobody_starts_as_ever() -> None:
    assert Start(np.array([4.0]), 4.0, np.array([NONE])).ready_min(0.5).tolist() == [4.0]


def test_boats_of_today_and_new_ones_wait_for_their_crews(tmp_path: Path) -> None:
    """Crew 2 + 18, then 2 + 21.6; the 20 minutes from BB to D3 become 24, those from N likewise."""
    today, slow = minutes(tmp_path, 0.0), minutes(tmp_path, 0.2)
    assert today["BB", "D3"] == pytest.approx(42.0)
    assert slow["BB", "D3"] == pytest.approx(2.0 + 23.6 + 24.0)
    over_water = today["N", "D3"] - 22.0
    assert slow["N", "D3"] == pytest.approx(2.0 + 23.6 + 1.2 * over_water)


def test_turnout_and_mobilisation_take_as_long_as_ever(tmp_path: Path) -> None:
    """D1: 4 + 9 by road, D4: 27 + 25.5434 by air; X1 stands beside D1."""
    slow = minutes(tmp_path, 0.2)
    assert slow["P1", "D1"] == pytest.approx(4.0 + 1.2 * 9.0)
    assert slow["X1", "D1"] == pytest.approx(4.0)
    assert slow["H", "D4"] == pytest.approx(27.0 + 1.2 * 25.5434, abs=1e-3)


def test_it_is_the_response_model_with_everything_that_moves_slower(tmp_path: Path) -> None:
    base = isles.parameters()
    boat, heli, ferry = base.boat, base.helicopter, base.ferry
    slow = replace(
        base,
        ambulance=replace(base.ambulance, access_speed_kmh=base.ambulance.access_speed_kmh / 1.2),
        boat=replace(
            boat,
            speed_kn=boat.speed_kn / 1.2,
            berthing_min=boat.berthing_min * 1.2,
            landing_transfer_min=boat.landing_transfer_min * 1.2,
            unlisted_landing_min=boat.unlisted_landing_min * 1.2,
        ),
        helicopter=replace(
            heli,
            cruise_kmh=heli.cruise_kmh / 1.2,
            landing_min=heli.landing_min * 1.2,
            transfer_min=heli.transfer_min * 1.2,
            unprepared_site_min=heli.unprepared_site_min * 1.2,
        ),
        ferry=replace(ferry, boarding_min=ferry.boarding_min * 1.2),
    )
    roads = toy.roads(
        [{"link_id": "R1", "ends": ((1, 5), (19, 5)), "nodes": ("a0", "a1"), "speed_kmh": 50.0}]
    )
    # Eleven departures in 720 minutes: one waits 36 instead of 30.
    ferries = toy.ferries(duration_min=24.0, departures_per_day=11.0)
    sites, world = made(tmp_path, toy.archipelago(roads=roads, ferries=ferries), slow)
    state = world.states[CALM.name]
    expected = _by_pair(sites, state.demand["demand_id"], columns.minutes(sites, state))
    found = minutes(tmp_path, 0.2)
    assert found.keys() == expected.keys()
    compared = {pair for pair in found if not np.isnan(found[pair])}
    assert len(compared) >= 12
    for pair in compared:
        assert found[pair] == pytest.approx(expected[pair], abs=1e-6), pair
    assert {p for p in found if np.isnan(found[p])} == {
        p for p in expected if np.isnan(expected[p])
    }


def test_another_vehicle_of_a_post_may_then_be_the_fastest(tmp_path: Path) -> None:
    """The post at the quay gets an ambulance too: by ferry 2 + 2 + 55, by boat 2 + 15 + 20.

    With a boat that needs 40 minutes the ambulance (59) is faster than the boat (62), and a fifth
    slower the boat is (66 to 70).
    """
    posts = isles.region().posts.copy()
    posts.loc[posts["post_id"] == "BB", "vehicles"] = "ambulance;boat"
    base = isles.parameters()
    parameters = replace(base, boat=replace(base.boat, mobilisation_min=40.0))
    sites, world = made(tmp_path, toy.archipelago(posts=posts), parameters)
    state = world.states[CALM.name]
    longer = Slower(sites, state, columns.minutes(sites, state))
    pairs = [
        _by_pair(sites, state.demand["demand_id"], longer.minutes(slower))["BB", "D3"]
        for slower in (0.0, 0.2)
    ]
    assert pairs == [pytest.approx(59.0), pytest.approx(66.0)]


def test_the_states_of_a_proposal_are_slowed_so(tmp_path: Path) -> None:
    """D3 waits for the boat, D2 for 4 + 16.8 by road, D4 for the helicopter: the rural mean."""
    path = isles.sheet(tmp_path, {"X1": (10, 5)})
    found = ask(Request(objective="min-mean", new=0, candidates=path, sensitivity=1))
    slower = found.result["sensitivity_runs"][1]
    assert slower["state"] == "slower_20"
    by_hand = [4.0 + 1.2 * 16.8, 49.6, 27.0 + 1.2 * 25.5434]
    assert slower["held_rural_mean_min"] == pytest.approx(np.mean(by_hand), abs=1e-3)
