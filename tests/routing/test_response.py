"""Response times of the toy archipelago against the minutes worked out in its docstring."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.region import Region
from routing import land_network, legs, response
from routing.response import Condition
from tests.routing import toy

FLIGHT_D4 = np.hypot(46.0, 4.0) / 4.0


def answer(
    region: Region,
    *,
    condition: Condition | None = None,
    evidence: tuple[str, ...] = ("confirmed", "assumed"),
) -> tuple[response.Options, response.Best]:
    land = land_network.build(region, toy.parameters())
    found = response.options(region, land, toy.parameters(), evidence=evidence, condition=condition)
    return found, response.best(found)


def test_each_point_is_served_by_the_vehicle_that_the_docstring_works_out() -> None:
    found, best = answer(toy.archipelago())
    vehicles = found.table["vehicle"].to_numpy()[best.option].tolist()
    assert vehicles == ["ambulance", "ambulance", "boat", "helicopter"]
    expected = [13.0, 20.8, 42.0, 2 + 25 + FLIGHT_D4 + 6 + 5 + 3]
    assert best.response_min == pytest.approx(expected, abs=1e-3)


def test_second_best_is_the_fastest_of_another_post() -> None:
    found, best = answer(toy.archipelago())
    flight_d3 = np.hypot(25.5, 3.0) / 4.0
    assert found.table["vehicle"][best.second[2]] == "helicopter"
    assert best.second_min[2] == pytest.approx(2 + 25 + flight_d3 + 6 + 5 + 3, abs=1e-3)
    assert best.second[3] == -1
    assert np.isnan(best.second_min[3])


def test_an_ambulance_rides_the_vehicle_ferry_where_nothing_else_runs() -> None:
    _, best = answer(toy.archipelago(), condition=Condition(vehicles=("ambulance",)))
    assert best.response_min[2] == pytest.approx(77.0, abs=1e-3)
    assert np.isnan(best.response_min[3])
    assert best.option[3] == -1


@pytest.mark.parametrize(
    "change",
    [{"status": "withdrawn"}, {"status": "uncertain"}, {"kind": "passenger"}],
)
def test_ferries_out_of_service_or_without_vehicles_carry_no_ambulance(
    change: dict[str, object],
) -> None:
    region = toy.archipelago(ferries=toy.ferries(**change))
    _, best = answer(region, condition=Condition(vehicles=("ambulance",)))
    assert np.isnan(best.response_min[2])


def test_no_helicopter_flies_at_night() -> None:
    _, best = answer(toy.archipelago(), condition=Condition(daylight="night"))
    assert np.isnan(best.response_min[3])
    assert best.response_min[2] == pytest.approx(42.0, abs=1e-3)


def test_a_boat_without_a_crew_by_road_does_not_sail() -> None:
    region = toy.archipelago()
    posts = region.posts.assign(island_id=["b", "a", "a"])
    posts.loc[0, "geometry"] = region.ports.geometry[1]
    found, _ = answer(region.replace(posts=posts))
    assert np.isnan(found.response_min[1]).all()


def test_posts_of_other_evidence_do_not_count() -> None:
    region = toy.archipelago()
    region = region.replace(posts=region.posts.assign(evidence="clinic"))
    found, best = answer(region)
    assert not len(found.table)
    assert np.isnan(best.response_min).all()
    assert answer(region, evidence=("clinic",))[1].response_min[0] == pytest.approx(13.0, abs=1e-3)


def test_legs_sum_to_the_response_and_name_their_ends() -> None:
    region, parameters = toy.archipelago(), toy.parameters()
    land = land_network.build(region, parameters)
    found = response.options(region, land, parameters)
    best = response.best(found)
    traced = legs.of_best(region, land, parameters, found, best)
    sums = [sum(leg.minutes for leg in one) for one in traced]
    assert sums == pytest.approx(best.response_min.tolist())
    kinds = [[leg.kind for leg in one] for one in traced]
    assert kinds[0] == ["call_handling", "turnout", "road"]
    assert kinds[2][:2] == ["call_handling", "mobilisation"]
    assert "boat" in kinds[2]
    assert kinds[3] == ["call_handling", "mobilisation", "flight", "transfer"]
    parts = legs.parts(traced)
    assert parts.sum(axis=1).to_numpy() == pytest.approx(best.response_min)


def test_ferry_legs_keep_waiting_and_crossing_apart() -> None:
    region, parameters = toy.archipelago(), toy.parameters()
    land = land_network.build(region, parameters)
    only = Condition(vehicles=("ambulance",))
    found = response.options(region, land, parameters, condition=only)
    traced = legs.of_best(region, land, parameters, found, response.best(found))
    minutes = {leg.kind: leg.minutes for leg in traced[2]}
    assert minutes["ferry_wait"] == pytest.approx(35.0)
    assert minutes["ferry"] == pytest.approx(20.0)
    assert traced[3] == []


def test_the_clock_starts_where_the_parameter_says() -> None:
    region, base = toy.archipelago(), toy.parameters()
    clock = replace(base.clock, start_stamp="dispatch")
    land = land_network.build(region, base)
    found = response.options(region, land, replace(base, clock=clock))
    assert response.best(found).response_min[0] == pytest.approx(11.0, abs=1e-3)


@settings(max_examples=15, deadline=None)
@given(st.tuples(st.floats(0.5, 19.5), st.floats(0.5, 9.5)))
def test_an_added_post_never_makes_anyone_wait_longer(at: tuple[float, float]) -> None:
    region = toy.archipelago()
    extra = toy.points(
        [{"post_id": "P2", "kind": "ambulance_station", "vehicles": "ambulance", "at": at}],
        name_zh="新点", evidence="confirmed", island_id="a",
    )  # fmt: skip
    posts = region.posts
    more = toy.archipelago(posts=posts_with(posts, extra))
    # The places are the same with and without the post, so that access edges do not change either.
    idle = toy.archipelago(posts=posts_with(posts, extra.assign(evidence="clinic")))
    before, after = answer(idle)[1].response_min, answer(more)[1].response_min
    assert (np.nan_to_num(after, nan=np.inf) <= np.nan_to_num(before, nan=np.inf) + 1e-9).all()


def posts_with(posts: object, extra: object) -> object:
    import pandas as pd

    return pd.concat([posts, extra], ignore_index=True)  # type: ignore[list-item]


@settings(max_examples=15, deadline=None)
@given(
    st.tuples(st.floats(1.0, 19.0), st.floats(1.0, 9.0)),
    st.tuples(st.floats(1.0, 19.0), st.floats(1.0, 9.0)),
)
def test_closing_a_link_never_helps(start: tuple[float, float], end: tuple[float, float]) -> None:
    two = [
        {"link_id": "R1", "ends": ((1, 5), (19, 5)), "nodes": ("a0", "a1")},
        {"link_id": "R2", "ends": (start, end), "nodes": ("b0", "b1")},
    ]
    region = toy.archipelago(roads=toy.roads(two))
    land = land_network.build(region, toy.parameters())
    open_times = response.best(response.options(region, land, toy.parameters())).response_min
    closed = (land.edges["link_id"] == "R2").to_numpy()
    graph = land.graph.with_travel_min(np.where(closed, np.inf, land.graph.travel_min))
    without = replace(land, graph=graph)
    times = response.best(response.options(region, without, toy.parameters())).response_min
    assert (np.nan_to_num(times, nan=np.inf) >= np.nan_to_num(open_times, nan=np.inf) - 1e-9).all()
