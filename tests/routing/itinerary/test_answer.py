"""Itineraries leg by leg: what they may use, how their times run, that they sum to the answer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.region import Region
from routing import response
from routing.conditions import Condition
from routing.itinerary import answer, reasons
from routing.itinerary.answer import Answer
from routing.itinerary.router import Router
from routing.itinerary.story import Story, total
from tests.routing.itinerary import isles

SEEDS = st.integers(0, 11)
WHEN = st.one_of(st.none(), st.integers(0, 1439).map(float))


def used_posts(story: Story) -> set[int]:
    rows = {s.post for s in story.steps} | {s.crew for s in story.steps}
    return {row for row in rows | {s.post for s in story.support} if row >= 0}


def closed_roads(router: Router, condition: Condition) -> set[tuple[tuple[float, ...], ...]]:
    """Return the ends of roads that the condition closes and nothing else joins."""
    land = router.land.under(condition)
    xy = land.nodes[["x", "y"]].round(3).to_numpy()
    ends = [
        tuple(sorted((tuple(xy[a]), tuple(xy[b]))))
        for a, b in zip(land.graph.edge_from, land.graph.edge_to, strict=True)
    ]
    road = (land.edges["kind"] != "ferry").to_numpy()
    closed = np.isinf(land.graph.travel_min) & road
    open_ = {end for end, gone in zip(ends, closed, strict=True) if not gone}
    return {end for end, gone in zip(ends, closed, strict=True) if gone} - open_


def check(router: Router, found: Answer) -> None:
    condition = found.journeys.state.condition
    shut = closed_roads(router, condition)
    ferries = router.region.ferries.set_index("link_id")
    for story in found.stories:
        ends = total(story.steps)
        assert (np.array([s.minutes for s in story.steps]) >= -1e-9).all()
        assert ends[-1] == pytest.approx(story.arrive_hospital_min)
        kinds = [s.kind for s in story.steps]
        scene = kinds.index("scene")
        assert ends[scene - 1] == pytest.approx(story.arrive_scene_min)
        assert ends[scene] == pytest.approx(story.leave_scene_min)
        for step, end in zip(story.steps, ends, strict=True):
            assert step.vehicle in ("", "local_vehicle", *condition.vehicles)
            if step.vehicle == "helicopter" or step.kind == "flight":
                assert condition.daylight == "day"
            if step.kind == "ferry":
                row = ferries.loc[step.link_id]
                assert not condition.stops_ferry(row["kind"], step.link_id)
                if condition.when_min is not None:
                    minute = int(step.sails_min) % 1440
                    clock = f"{minute // 60:02d}:{minute % 60:02d}"
                    assert clock in row["departures"].split(";")
                    aboard = condition.when_min + end - step.minutes
                    assert step.sails_min == pytest.approx(aboard)
            if step.kind == "road":
                spots = [tuple(one) for one in step.xy.round(3).tolist()]
                pairs = {tuple(sorted(p)) for p in itertools.pairwise(spots)}
                assert not pairs & shut
        for row in used_posts(story):
            post = router.counted.iloc[row]
            assert not condition.stops_post(post["kind"], post["post_id"])
            if condition.when_min is not None:
                assert response.is_open(post["hours"], condition.when_min)
        for one in story.support:
            assert one.ready_min >= one.tasked_min - 1e-9


@given(SEEDS, st.integers(0, 10_000), WHEN, st.integers(0, 100))
@settings(max_examples=12, deadline=None)
def test_itineraries_use_nothing_stopped_closed_or_out_of_its_limits(
    seed: int, weather: int, when: float | None, pick: int
) -> None:
    router = isles.random_router(seed)
    region = router.region
    scenes = router.demand_scenes()
    one = scenes.take(np.array([pick % len(scenes)]))
    condition = isles.random_condition(weather, region, when_min=when)
    for need in (None, "stroke"):
        level = "node" if need is None else None
        found = answer.find(
            router, one, condition=condition, need=need, level=level, alternatives=9
        )
        check(router, found)
        minutes = [choice.arrive_hospital_min for choice in found.choices]
        assert minutes == sorted(minutes)


@given(SEEDS, st.integers(0, 10_000), WHEN)
@settings(max_examples=12, deadline=None)
def test_the_first_crew_is_that_of_the_response_tables(
    seed: int, weather: int, when: float | None
) -> None:
    router = isles.random_router(seed)
    region, parameters = router.region, router.parameters
    condition = isles.random_condition(weather, region, when_min=when)
    land = router.land
    if when is not None:
        land = land.at_hour(int(when // 60), parameters)
    evidence = ("confirmed", "assumed")
    wanted = response.best(
        response.options(region, land, parameters, evidence=evidence, condition=condition)
    )
    found = router.journeys(router.demand_scenes(), condition)
    np.testing.assert_allclose(found.crews.best.response_min, wanted.response_min)


def test_a_secondary_transfer_stops_at_the_hospital_reached_first(toy_router: Router) -> None:
    scene = toy_router.demand_scenes().take(np.array([2]))  # D3, at the door of HB
    found = answer.find(toy_router, scene, condition=Condition(), need="stroke", alternatives=9)
    second = [story for story in found.stories if story.first_hospital >= 0]
    assert second
    assert all(story.first_hospital == 1 and story.hospital == 0 for story in second)
    assert all("stabilise" in [s.kind for s in story.steps] for story in second)
    assert found.stories[0].arrive_hospital_min < second[0].arrive_hospital_min
    check(toy_router, found)


def test_no_hospital_of_another_capability_is_taken(toy_router: Router) -> None:
    scene = toy_router.demand_scenes().take(np.array([0]))  # next to HA, which does stroke only
    found = answer.find(toy_router, scene, condition=Condition(), need="trauma")
    assert {choice.hospital for choice in found.choices} == {1}


def test_without_any_crew_there_is_no_itinerary_but_reasons(toy_router: Router) -> None:
    scene = toy_router.demand_scenes().take(np.array([3]))  # D4: by helicopter only
    night = Condition(daylight="night")
    found = answer.find(toy_router, scene, condition=night)
    assert found.stories == ()
    calm = reasons.calm_journeys(toy_router, found)
    why = {(r.vehicle, r.reason) for r in reasons.crews(toy_router, found, calm)}
    assert why == {("ambulance", "no_way"), ("boat", "no_way"), ("helicopter", "night")}


def test_what_weather_cuts_off_is_told_apart_from_what_has_no_way(toy_router: Router) -> None:
    scene = toy_router.demand_scenes().take(np.array([2]))
    stopped = Condition(name="x", vehicles=("ambulance",), stopped_links=("F1",))
    found = answer.find(toy_router, scene, condition=stopped)
    calm = reasons.calm_journeys(toy_router, found)
    why = {r.vehicle: r.reason for r in reasons.crews(toy_router, found, calm)}
    assert why == {
        "ambulance": "cut_off",
        "boat": "vehicle_stopped",
        "helicopter": "vehicle_stopped",
    }


def test_after_the_last_ferry_the_itinerary_takes_the_first_of_the_next_day(
    toy_router: Router,
) -> None:
    scene = toy_router.demand_scenes().take(np.array([2]))  # D3, on island B
    late = Condition(daylight="night", vehicles=("ambulance",), when_min=1300.0)
    found = answer.find(toy_router, scene, condition=late)
    story = found.stories[0]
    assert total(story.steps)[-1] == pytest.approx(story.arrive_hospital_min)
    first = next(s for s in story.steps if s.kind == "ferry")
    assert first.sails_min == 1440.0 + 6 * 60.0


def test_an_islet_without_a_road_is_reached_by_air_alone(toy_router: Router) -> None:
    import geopandas as gpd

    from tests.routing import toy

    region: Region = toy_router.region
    spot = toy.points([{"island_id": "zz", "name_zh": "礁", "name_en": "Rock", "at": (60, 3)}])
    scene = toy_router.scenes(gpd.GeoDataFrame(spot))
    assert scene.node.tolist() == [-1]
    found = answer.find(toy_router, scene, condition=Condition(), need="stroke")
    assert [story.vehicle for story in found.stories] == ["helicopter"]
    ends = total(found.stories[0].steps)
    assert ends[-1] == pytest.approx(found.stories[0].arrive_hospital_min)
    assert len(region.islands) == 3
