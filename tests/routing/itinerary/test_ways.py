"""The ways to hospital, beside one that tries every meeting place and landing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import travel_time
from routing.itinerary.router import Journeys, Router
from routing.itinerary.ways import VEHICLES
from routing.response import Condition
from tests.routing.itinerary import isles

SEEDS = st.integers(0, 11)
WHEN = st.one_of(st.none(), st.integers(0, 1439).map(float))


def by_hand(journeys: Journeys, row: int) -> dict[str, np.ndarray]:
    """Return the arrivals of one patient by plain loops over everything that could be done."""
    state, patients = journeys.state, journeys.patients
    p, heli, region = state.parameters, state.parameters.helicopter, state.region
    leave, later = patients.leave_min[row], patients.ambulance_from_min[row]
    tasked, access = patients.tasked_min[row], patients.access_min[row]
    node, xy = int(patients.node[row]), patients.xy[row]
    factor = 1.0 if patients.by_ambulance[row] else p.boat.onshore_speed_factor
    hospitals = state.hospital_node

    def drive(a: int, b: int) -> float:
        found = travel_time.matrix(state.land.without_ferries(), [a], [b])[0, 0]
        return np.inf if np.isnan(found) else float(found)

    def carried(to: int) -> float:
        minutes = drive(node, to) + access
        return min(leave + minutes / factor, later + minutes)

    def fly(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.hypot(*(a - b)) / 1000 / heli.cruise_kmh * 60 + heli.landing_min)

    ambulances = [int(n) for n in state.post_node(state.ambulances)]
    pads, pad_xy = state.pad_node, state.xy[state.pad_node]
    boat, air = np.full(len(hospitals), np.inf), np.full(len(hospitals), np.inf)
    for h, hospital in enumerate(hospitals):

        def last(clock: float, at: int, *, on_foot: bool, goal: int) -> float:
            if on_foot:
                return clock
            turn = p.ambulance.turnout_min
            ready = min([tasked + turn + drive(a, at) for a in ambulances], default=np.inf)
            return max(clock, ready) + drive(at, goal)

        for base in state.boats:
            links = region.sea_links
            mine = links[links["from_post_id"] == region.posts["post_id"].iloc[base]]
            for port, port_id in enumerate(region.ports["port_id"]):
                km = float(mine[mine["to_port_id"] == port_id]["length_km"].iloc[0])
                ready = tasked + p.boat.mobilisation_min + 60 * km / (p.boat.speed_kn * 1.852)
                ready += p.boat.berthing_min
                board = max(carried(int(state.port_node[port])), ready)
                for column, q in enumerate(state.sea.to_port):
                    length = state.sea.length_km[port, column]
                    if np.isnan(length):
                        continue
                    clock = board + 2 * p.boat.landing_transfer_min + p.boat.berthing_min
                    clock += 60 * length / (p.boat.speed_kn * 1.852)
                    at = int(state.port_node[q])
                    boat[h] = min(boat[h], last(clock, at, on_foot=False, goal=int(hospital)))
        for base in state.helicopters:
            home = state.xy[int(state.post_node(np.array([base]))[0])]
            handover = min(p.care.handover_min, p.care.scene_min)
            starts = [(xy, leave, heli.unprepared_site_min + handover, -1)]
            starts += [(pad_xy[k], carried(int(pads[k])), 0.0, k) for k in range(len(pads))]
            for start, patient, extra, origin in starts:
                ready = tasked + heli.mobilisation_min + fly(home, start) + extra
                for k, pad in enumerate(pads):
                    if k == origin:
                        continue
                    clock = max(patient, ready) + 2 * heli.transfer_min + fly(start, pad_xy[k])
                    apart = np.hypot(*(pad_xy[k] - state.xy[hospital]))
                    foot = bool(apart <= p.care.pad_at_hospital_m)
                    arrival = last(clock, int(pad), on_foot=foot, goal=int(hospital))
                    air[h] = min(air[h], arrival)
    local = [leave + (drive(node, int(h)) + access) / factor for h in hospitals]
    if patients.by_ambulance[row]:
        local = [np.inf] * len(hospitals)
    return {"boat": boat, "helicopter": air, "local_vehicle": np.array(local)}


@given(SEEDS, st.integers(0, 10_000), WHEN)
@settings(max_examples=8, deadline=None)
def test_ways_equal_plain_loops_over_everything(
    seed: int, weather: int, when: float | None
) -> None:
    router = isles.random_router(seed)
    region = router.region
    condition = isles.random_condition(weather, region, when_min=when)
    scenes = router.demand_scenes().take(np.array([0, 4]))
    journeys = router.journeys(scenes, condition)
    for row in range(2):
        if not np.isfinite(journeys.patients.leave_min[row]):
            continue
        for vehicle, arrival in by_hand(journeys, row).items():
            np.testing.assert_allclose(journeys.ways.arrival_min[vehicle][row], arrival)


@given(SEEDS, st.integers(0, 10_000), st.integers(0, 10_000), WHEN)
@settings(max_examples=12, deadline=None)
def test_a_worse_condition_is_never_faster(
    seed: int, weather: int, other: int, when: float | None
) -> None:
    router = isles.random_router(seed)
    region = router.region
    worse = isles.random_condition(weather, region, when_min=when)
    scenes = router.demand_scenes()
    bad = router.journeys(scenes, worse)
    good = router.journeys(scenes, isles.milder(worse, other))
    assert (good.arrival_min() <= bad.arrival_min() + 1e-6).all()
    # With an ambulance on scene nobody goes by local vehicle, so that one alone may come and go.
    for vehicle in VEHICLES[:3]:
        mild, wild = good.ways.arrival_min[vehicle], bad.ways.arrival_min[vehicle]
        assert (mild <= wild + 1e-6).all()
    first = np.nan_to_num(good.crews.best.response_min, nan=np.inf)
    assert (first <= np.nan_to_num(bad.crews.best.response_min, nan=np.inf) + 1e-6).all()


def test_by_hand_on_the_toy() -> None:
    router = Router(isles.toy_with_hospitals(), isles.parameters())
    journeys = router.journeys(router.demand_scenes(), Condition())
    to_ha = {v: journeys.ways.arrival_min[v][:, 0] for v in VEHICLES}
    # D1: 13 on scene, 25 leaving, 9 km at 60 km/h.
    assert to_ha["ambulance"][0] == pytest.approx(34.0)
    # D4: the helicopter is there at 52.5434 (see toy); it lifts off from the pad or the scene after
    # 12 + 3, flies 50.16 km at 4 km a minute, lands in 6 and hands over in 3; HA is at its pad.
    flight = np.hypot(50, 4) / 4.0
    scene = journeys.crews.best.response_min[3]
    assert scene == pytest.approx(2 + 25 + np.hypot(46, 4) / 4 + 6 + 3)
    assert to_ha["helicopter"][3] == pytest.approx(scene + 12 + 3 + flight + 6 + 3)
    assert np.isinf(to_ha["ambulance"][3])
    assert np.isinf(to_ha["boat"][3])


def test_tasking_on_scene_is_never_faster_than_with_the_call(toy_router: Router) -> None:
    from dataclasses import replace

    early = isles.parameters()
    late = replace(early, care=replace(early.care, tasked_with_call=False))
    region = isles.toy_with_hospitals()
    with_call, on_scene = (
        r.journeys(r.demand_scenes(), Condition()).arrival_min()
        for r in (Router(region, early), Router(region, late))
    )
    assert (with_call <= on_scene + 1e-9).all()
    assert (with_call < on_scene - 1).any()
