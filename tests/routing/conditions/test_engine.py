"""What conditions do to response times, by hand and against a region that is built that way.

Minutes of the toy archipelago are worked out in `tests.routing.toy`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.region import Region
from routing import land_network, legs, response
from routing.conditions import Condition
from routing.config import Parameters
from tests.routing import toy

FOG = Condition(
    name="fog",
    vehicles=("ambulance", "boat"),
    stopped_ferry_kinds=("car_ferry",),
    road_speed_factor=0.5,
    boat_speed_factor=0.5,
)
ONLY_ROAD = ("ambulance",)


def times(
    region: Region, condition: Condition, parameters: Parameters | None = None
) -> tuple[response.Options, response.Best]:
    parameters = parameters or toy.parameters()
    land = land_network.build(region, parameters)
    if condition.when_min is not None:
        land = land.at_hour(int(condition.when_min // 60) % 24, parameters)
    found = response.options(region, land, parameters, condition=condition)
    return found, response.best(found)


def minutes(region: Region, condition: Condition) -> list[float]:
    return times(region, condition)[1].response_min.tolist()


def test_fog_worked_out_by_hand() -> None:
    """D1: 2 + 2 + 18; D2: + 15.6; D3: the crew takes 2 + 36 to the boat, which then needs 24 min at
    half speed, 3 berthing and 5 transfer: 2 + 38 + 32 = 72; nobody flies to D4."""
    found = minutes(toy.archipelago(), FOG)
    assert found[:3] == pytest.approx([22.0, 37.6, 72.0], abs=1e-3)
    assert np.isnan(found[3])


def test_wind_slows_the_flight_and_nothing_else_of_it() -> None:
    windy = Condition(helicopter_speed_factor=0.5, vehicles=("ambulance", "helicopter"))
    flight = 2 * np.hypot(46.0, 4.0) / 4.0
    assert minutes(toy.archipelago(), windy)[3] == pytest.approx(2 + 25 + flight + 14, abs=1e-3)


def test_a_slower_ferry_still_makes_you_wait_and_board() -> None:
    slow = Condition(vehicles=ONLY_ROAD, ferry_speed_factor=0.5)
    assert minutes(toy.archipelago(), slow)[2] == pytest.approx(77.0 + 20.0, abs=1e-3)


@pytest.mark.parametrize(
    "stop", [{"stopped_ferry_kinds": ("car_ferry",)}, {"stopped_links": ("F1",)}]
)
@pytest.mark.parametrize("when_min", [None, 7 * 60 + 30.0])
def test_a_stopped_ferry_carries_nobody_by_the_clock_or_without(
    stop: dict[str, Any], when_min: float | None
) -> None:
    condition = Condition(vehicles=ONLY_ROAD, when_min=when_min, **stop)
    assert np.isnan(minutes(toy.archipelago(), condition)[2])
    assert not np.isnan(minutes(toy.archipelago(), Condition(when_min=when_min))[2])


def test_a_slower_ferry_by_the_clock() -> None:
    """Called 07:30: off the ferry at 08:00 + 40 + 5 = 08:45, 75 min after the call."""
    slow = Condition(vehicles=ONLY_ROAD, ferry_speed_factor=0.5, when_min=7 * 60 + 30.0)
    assert minutes(toy.archipelago(), slow)[2] == pytest.approx(75.0, abs=1e-3)


def bridged(structure: str = "bridge") -> Region:
    """The toy isles with the last third of the road of island A a bridge."""
    rows = [
        {"link_id": "R1", "ends": ((1, 5), (13, 5)), "nodes": ("a0", "am"),
         "structure": "none", "road_class": "primary"},
        {"link_id": "R2", "ends": ((13, 5), (19, 5)), "nodes": ("am", "a1"),
         "structure": structure, "road_class": "motorway"},
    ]  # fmt: skip
    table = toy.roads(rows)
    return toy.archipelago(roads=table)


@pytest.mark.parametrize(
    ("selector", "slowed"),
    [("bridge", True), ("bridge/motorway", True), ("bridge/primary", False), ("tunnel", False)],
)
def test_structures_are_slowed_by_kind_and_class(selector: str, slowed: bool) -> None:
    region, parameters = bridged(), toy.parameters()
    land = land_network.build(region, parameters)
    windy = land.under(Condition(structure_speed_factors=((selector, 0.5),)))
    bridge = (land.edges["structure"] == "bridge").to_numpy()
    assert bridge.any()
    expected = land.edges["travel_min"] * np.where(bridge & slowed, 2.0, 1.0)
    np.testing.assert_allclose(windy.edges["travel_min"], expected)


def test_of_several_factors_the_smallest_counts() -> None:
    condition = Condition(
        road_speed_factor=0.8,
        structure_speed_factors=(("bridge", 0.9), ("bridge/motorway", 0.6)),
    )
    found = condition.road_factors(
        ["bridge", "bridge", ""], ["motorway", "primary", "primary"], "abc"
    )
    assert found.tolist() == [0.6, 0.8, 0.8]


def test_a_closed_bridge_is_no_edge_and_a_closed_link_neither() -> None:
    land = land_network.build(bridged(), toy.parameters())
    for condition in (Condition(stopped_roads=("bridge",)), Condition(stopped_links=("R2",))):
        closed = land.under(condition)
        bridge = (land.edges["link_id"] == "R2").to_numpy()
        assert np.isinf(closed.graph.travel_min[bridge]).all()
        assert np.isfinite(closed.graph.travel_min[~bridge]).all()


def test_synthetic_edges_are_slowed_and_never_closed() -> None:
    land = land_network.build(toy.archipelago(), toy.parameters())
    foggy = land.under(Condition(road_speed_factor=0.5, stopped_links=("access", "local")))
    synthetic = land.edges["kind"].isin(("access", "local")).to_numpy()
    assert synthetic.any()
    before, after = (one.edges["travel_min"].to_numpy()[synthetic] for one in (land, foggy))
    np.testing.assert_allclose(after, 2.0 * before)


def test_closed_posts_send_nobody_and_board_no_boat() -> None:
    found, best = times(toy.archipelago(), Condition(stopped_posts=("P1",)))
    assert "P1" not in set(found.table["post_id"])
    assert set(found.table["vehicle"][best.option[best.option >= 0]]) == {"helicopter"}
    found, _ = times(toy.archipelago(), Condition(stopped_post_kinds=("boat_base",)))
    assert set(found.table["post_id"]) == {"P1", "H"}


def test_a_network_put_under_conditions_again_and_again_is_slowed_once() -> None:
    land = land_network.build(toy.archipelago(), toy.parameters())
    foggy = land.under(FOG)
    assert foggy.under(FOG) is foggy
    assert foggy.under(Condition()) is land
    assert foggy.calm() is land
    other = Condition(road_speed_factor=0.8)
    direct, detour = land.under(other), foggy.under(other)
    assert np.array_equal(direct.graph.travel_min, detour.graph.travel_min)
    assert direct.calm() is detour.calm()
    hourly = land.at_hour(8, toy.parameters()).under(FOG)
    assert np.array_equal(
        hourly.graph.travel_min, foggy.at_hour(8, toy.parameters()).graph.travel_min
    )


def test_an_edge_closed_by_hand_stays_closed_under_a_condition() -> None:
    land = land_network.build(toy.archipelago(), toy.parameters())
    shut = (land.edges["link_id"] == "R1").to_numpy()
    graph = land.graph.with_travel_min(np.where(shut, np.inf, land.graph.travel_min))
    assert np.isinf(replace(land, graph=graph).under(FOG).graph.travel_min[shut]).all()


def test_options_are_the_same_whether_or_not_the_network_is_under_the_condition_already() -> None:
    region, parameters = toy.archipelago(), toy.parameters()
    land = land_network.build(region, parameters)
    one, two = (
        response.options(region, network, parameters, condition=FOG).response_min
        for network in (land, land.under(FOG))
    )
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("when_min", [None, 450.0])
def test_legs_sum_to_the_response_under_a_condition(when_min: float | None) -> None:
    region, parameters = toy.archipelago(), toy.parameters()
    land = land_network.build(region, parameters)
    rough = replace(FOG, vehicles=("ambulance", "boat", "helicopter"), helicopter_speed_factor=0.7,
                    when_min=when_min)  # fmt: skip
    found = response.options(region, land, parameters, condition=rough)
    best = response.best(found)
    traced = legs.of_best(region, land, parameters, found, best, condition=rough)
    sums = [sum(leg.minutes for leg in one) for one in traced]
    assert sums == pytest.approx(best.response_min.tolist())


# Random regions: two more roads of island A, one of them a bridge, a second demand point there, a
# ferry of some frequency, and a post on B or not.
SPOT = st.tuples(st.floats(0.5, 19.5), st.floats(0.5, 9.5))
FACTOR = st.sampled_from([1.0, 0.9, 0.75, 0.5, 0.25])


@st.composite
def regions(draw: st.DrawFn) -> Region:
    rows = [{"link_id": "R1", "ends": ((1, 5), (19, 5)), "nodes": ("a0", "a1"),
             "structure": "none", "road_class": "primary"}]  # fmt: skip
    for i, structure in enumerate(("none", "bridge")):
        ends = (draw(SPOT), draw(SPOT))
        nodes = ("a0", f"x{i}") if draw(st.booleans()) else (f"x{i}", f"y{i}")
        ends = ((1, 5), ends[1]) if nodes[0] == "a0" else ends
        road_class = draw(st.sampled_from(["motorway", "primary", "tertiary"]))
        rows.append({"link_id": f"X{i}", "ends": ends, "nodes": nodes, "structure": structure,
                     "road_class": road_class})  # fmt: skip
    number = draw(st.sampled_from([1.0, 2.0, 13.0]))
    base = toy.archipelago(roads=toy.roads(rows), ferries=toy.ferries(departures_per_day=number))
    extra = toy.points(
        [{"post_id": "P2", "kind": "ambulance_station", "vehicles": "ambulance;boat",
          "at": (31.0, 2.5), "island_id": "b"}],
        name_zh="新点", evidence=draw(st.sampled_from(["confirmed", "clinic"])),
    )  # fmt: skip
    return base.replace(posts=pd.concat([base.posts, extra], ignore_index=True))


SOME = {
    "stopped_ferry_kinds": ("car_ferry",),
    "stopped_roads": ("bridge", "bridge/motorway"),
    "stopped_links": ("F1", "X0", "X1"),
    "stopped_posts": ("P1", "BB", "H", "P2"),
    "stopped_post_kinds": ("boat_base", "air_base"),
}
SPEEDS = ("road_speed_factor", "ferry_speed_factor", "boat_speed_factor", "helicopter_speed_factor")


@st.composite
def states(draw: st.DrawFn, when: bool = True) -> Condition:
    stops = {
        name: tuple(v for v in values if draw(st.integers(0, 3)) == 0)
        for name, values in SOME.items()
    }
    clock = st.none() | st.sampled_from([150.0, 430.0, 610.0, 1085.0])
    return Condition(
        name="some",
        daylight=draw(st.sampled_from(["day", "night"])),
        vehicles=tuple(
            v for v in ("ambulance", "boat", "helicopter") if draw(st.integers(0, 4)) > 0
        ),
        when_min=draw(clock) if when else None,
        **stops,
        **{name: draw(FACTOR) for name in SPEEDS},
        structure_speed_factors=draw(
            st.sampled_from([(), (("bridge", 0.5),), (("bridge/motorway", 0.4), ("bridge", 0.9))])
        ),
    )


@st.composite
def worse(draw: st.DrawFn, milder: Condition) -> Condition:
    """A condition under which no less is stopped and nothing faster, at the same time of day."""
    other = draw(states(when=False))
    return replace(
        other,
        daylight="night" if "night" in (milder.daylight, other.daylight) else "day",
        vehicles=tuple(v for v in milder.vehicles if v in other.vehicles),
        when_min=milder.when_min,
        **{name: (*getattr(milder, name), *getattr(other, name)) for name in SOME},
        **{name: min(getattr(milder, name), getattr(other, name)) for name in SPEEDS},
        structure_speed_factors=(*milder.structure_speed_factors, *other.structure_speed_factors),
    )


@settings(max_examples=15, deadline=None)
@given(regions(), states().flatmap(lambda one: st.tuples(st.just(one), worse(one))))
def test_a_worse_condition_never_gives_a_faster_answer(
    region: Region, pair: tuple[Condition, Condition]
) -> None:
    mild, foul = (
        np.nan_to_num(times(region, condition)[1].response_min, nan=np.inf) for condition in pair
    )
    assert (foul >= mild - 1e-9).all()


@settings(max_examples=15, deadline=None)
@given(regions(), states())
def test_no_answer_uses_what_is_stopped(region: Region, condition: Condition) -> None:
    parameters = toy.parameters()
    land = land_network.build(region, parameters)
    found = response.options(region, land, parameters, condition=condition)
    assert set(found.table["vehicle"]) <= set(condition.vehicles)
    closed = set(condition.stopped_posts)
    kinds = region.posts.set_index("post_id")["kind"]
    closed |= set(kinds.index[kinds.isin(condition.stopped_post_kinds)])
    assert not closed & set(found.table["post_id"])
    if condition.daylight == "night":
        assert "helicopter" not in set(found.table["vehicle"])
    best = response.best(found)
    traced = legs.of_best(region, land, parameters, found, best, condition=condition)
    no_ferry = "F1" in condition.stopped_links or condition.stopped_ferry_kinds
    for one in traced:
        assert not (no_ferry and any(leg.kind == "ferry" for leg in one))
    under = land.under(condition)
    shut = under.edges["link_id"].isin(condition.stopped_links) & (under.edges["kind"] == "road")
    bridges = (under.edges["structure"] == "bridge") & ("bridge" in condition.stopped_roads)
    assert np.isinf(under.graph.travel_min[(shut | bridges).to_numpy()]).all()


@settings(max_examples=15, deadline=None)
@given(regions(), states())
def test_the_answer_is_that_of_a_region_built_that_way(
    region: Region, condition: Condition
) -> None:
    """The slow route: take closed links out of the tables and write the slower speeds in."""
    wanted = times(region, condition)[1].response_min
    built, parameters = rebuilt(region, condition)
    plain = Condition(
        daylight=condition.daylight, vehicles=condition.vehicles, when_min=condition.when_min
    )
    found = times(built, plain, parameters)[1].response_min
    np.testing.assert_allclose(found, wanted, atol=1e-9)


def rebuilt(region: Region, condition: Condition) -> tuple[Region, Parameters]:
    roads, ferries, posts = region.roads.copy(), region.ferries.copy(), region.posts.copy()
    names = roads["structure"] + "/" + roads["road_class"]
    factor = pd.Series(condition.road_speed_factor, index=roads.index)
    for selector, slower in condition.structure_speed_factors:
        hit = (roads["structure"] == selector) | (names == selector)
        factor[hit] = np.minimum(factor[hit], slower)
    roads["speed_kmh"] *= factor
    shut = roads["link_id"].isin(condition.stopped_links)
    shut |= roads["structure"].isin(condition.stopped_roads) | names.isin(condition.stopped_roads)
    # Roads out of the table would change where places join it: they become too slow to matter.
    roads.loc[shut, "speed_kmh"] = 1e-12
    ferries["duration_min"] /= condition.ferry_speed_factor
    ferries.loc[ferries["link_id"].isin(condition.stopped_links), "status"] = "withdrawn"
    ferries.loc[ferries["kind"].isin(condition.stopped_ferry_kinds), "status"] = "withdrawn"
    gone = posts["post_id"].isin(condition.stopped_posts)
    gone |= posts["kind"].isin(condition.stopped_post_kinds)
    posts.loc[gone, "evidence"] = "clinic"
    base = toy.parameters()
    ambulance, boat, heli = base.ambulance, base.boat, base.helicopter
    parameters = replace(
        base,
        ambulance=replace(
            ambulance, access_speed_kmh=ambulance.access_speed_kmh * condition.road_speed_factor
        ),
        boat=replace(boat, speed_kn=boat.speed_kn * condition.boat_speed_factor),
        helicopter=replace(heli, cruise_kmh=heli.cruise_kmh * condition.helicopter_speed_factor),
    )
    return region.replace(roads=roads, ferries=ferries, posts=posts), parameters
