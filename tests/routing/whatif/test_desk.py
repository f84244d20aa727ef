"""The desk against the slow route: apply the scenario, build the network, compute all responses."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geodata import region as regions
from geodata import searoute
from geodata.errors import InputError
from geodata.region import Region
from routing import conditions, config, land_network, response, scenario, statistics, whatif
from routing.brief.state import State, respond
from routing.scenario import Scenario
from routing.whatif import answer
from routing.whatif.sea import CELL_M, Sea
from tests.fixtures import archipelago

SAME_MIN = 1e-9


@cache
def coral(*, sea_links: bool = False) -> Region:
    place = archipelago.build()
    if not sea_links:
        return place
    links = response.sea_links(place)
    names = zip(links["from_post_id"], links["to_port_id"], strict=True)
    table = gpd.GeoDataFrame(
        links.assign(link_id=[f"{a}__{b}" for a, b in names], geometry=None), crs=regions.WGS84
    )
    return place.replace(sea_links=table[place.sea_links.columns])


@cache
def desk_of(*, sea_links: bool = False) -> whatif.Desk:
    return whatif.Desk(coral(sea_links=sea_links), config.load(), conditions.load())


@cache
def zhoushan() -> whatif.Desk:
    return whatif.Desk(regions.load("zhoushan"), config.load(), conditions.load())


def slow(desk: whatif.Desk, asked: Scenario) -> State:
    """Return the responses as the command line finds them."""
    after = scenario.apply(desk.region, asked)
    condition = desk.condition(asked.condition)
    land = land_network.build(after, desk.parameters).under(condition)
    return respond(after, desk.parameters, land, condition)


def assert_same(desk: whatif.Desk, asked: Scenario) -> None:
    mine = desk.responses(asked, desk.condition(asked.condition)).state
    other = slow(desk, asked)
    np.testing.assert_allclose(mine.best.response_min, other.best.response_min, atol=SAME_MIN)
    np.testing.assert_allclose(mine.best.second_min, other.best.second_min, atol=SAME_MIN)
    assert mine.land.unjoined == other.land.unjoined
    for layer in ("posts", "helipads", "roads", "ferries", "islands"):
        left, right = (state.region.layers[layer] for state in (mine, other))
        assert list(left.columns) == list(right.columns)
        assert left.drop(columns="geometry").equals(right.drop(columns="geometry")), layer
        assert left.geometry.geom_equals(right.geometry).all()


def near(x_km: float, y_km: float) -> dict[str, float]:
    spot = archipelago.point(x_km, y_km)
    return {"lon": spot.x, "lat": spot.y}


# Places on four islands of the Coral Isles, and on their shores.
SPOTS = st.one_of(
    st.tuples(st.floats(0, 10), st.floats(0, 10)),
    st.tuples(st.floats(12, 16), st.floats(3, 7)),
    st.tuples(st.floats(0, 6), st.floats(16, 20)),
    st.tuples(st.floats(20, 22), st.floats(0, 2)),
).map(lambda at: near(*at))
POSTS = st.sampled_from(sorted(archipelago.POSTS))
LINKS = st.sampled_from([*sorted(archipelago.ROADS), "F1", "F2"])
VEHICLES = st.lists(st.sampled_from(["ambulance", "boat", "helicopter"]), min_size=1, unique=True)


@st.composite
def requests(draw: Any) -> dict[str, Any]:
    named = draw(st.lists(POSTS, unique=True, max_size=3))
    split = draw(st.integers(0, len(named)))
    links = draw(st.lists(LINKS, unique=True, max_size=3))
    middle = draw(st.integers(0, len(links)))
    return {
        "condition": {
            "name": draw(st.sampled_from(["calm", "fog", "gale"])),
            "daylight": draw(st.sampled_from(["day", "night"])),
        },
        "post": {
            "add": [
                {"post_id": f"n{k}", "name_zh": "新", "vehicles": draw(VEHICLES), **draw(SPOTS)}
                for k in range(draw(st.integers(0, 2)))
            ],
            "move": [{"post_id": one, **draw(SPOTS)} for one in named[:split]],
            "remove": [{"post_id": one} for one in named[split:]],
        },
        "helipad": {
            "add": [
                {"helipad_id": f"h{k}", "name_zh": "新起降点", **draw(SPOTS)}
                for k in range(draw(st.integers(0, 2)))
            ]
        },
        "link": {
            "close": [{"link_id": one} for one in links[:middle]],
            "open": [{"link_id": one} for one in links[middle:]],
        },
    }


@pytest.mark.parametrize("sea_links", [False, True])
def test_the_last_place_of_an_island_can_be_removed(sea_links: bool) -> None:
    raw = {"post": {"remove": [{"post_id": "P6"}]}}
    assert_same(desk_of(sea_links=sea_links), whatif.read(raw))


@settings(max_examples=7, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raw=requests(), sea_links=st.booleans())
def test_any_change_gives_what_the_command_line_finds(raw: dict[str, Any], sea_links: bool) -> None:
    assert_same(desk_of(sea_links=sea_links), whatif.read(raw))


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raw=requests(), sea_links=st.booleans())
def test_very_many_changes_give_what_the_command_line_finds(
    raw: dict[str, Any], sea_links: bool
) -> None:
    assert_same(desk_of(sea_links=sea_links), whatif.read(raw))


def zhoushan_changes() -> list[dict[str, Any]]:
    place = zhoushan().region
    post = place.posts.set_index("post_id").geometry
    station = place.posts.loc[place.posts["kind"] == "ambulance_station", "post_id"].iloc[0]
    boats = place.posts.loc[place.posts["vehicles"].str.contains("boat"), "post_id"].tolist()

    def moved(one: str, east: float, north: float) -> dict[str, Any]:
        return {"post_id": one, "lon": post[one].x + east, "lat": post[one].y + north}

    bridges = place.roads[
        (place.roads["structure"] == "bridge") & (place.roads["status"] == "open")
    ]
    planned = place.roads[place.roads["status"] != "open"]
    ferries = place.ferries[place.ferries["kind"] == "car_ferry"]
    return [
        {"post": {"move": [moved(station, 0.012, 0.004)]}},
        {"post": {"move": [moved(one, 0.001, 0.0005) for one in boats[:2]]}},
        {"post": {"remove": [{"post_id": station}]}, "condition": {"name": "fog"}},
        {"link": {"close": [{"link_id": one} for one in bridges["link_id"].iloc[:4]]}},
        {"link": {"close": [{"link_id": one} for one in ferries["link_id"].iloc[:3]]}},
        {"link": {"open": [{"link_id": one} for one in planned["link_id"]]}},
        {"helipad": {"add": new_pads(place)}, "post": {"move": [moved(boats[0], 0.001, 0.0005)]}},
    ]


def new_pads(place: Region) -> list[dict[str, Any]]:
    """Return a helipad beside the slowest places of islands that helicopters serve."""
    taken = set(place.helipads["island_id"].dropna())
    demand = place.demand[~place.demand["island_id"].isin(taken)].drop_duplicates("island_id")
    return [
        {"helipad_id": f"pad-{k}", "name_zh": "新起降点", "lon": spot.x, "lat": spot.y}
        for k, spot in enumerate(demand.geometry.iloc[:20])
    ]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(7))
def test_zhoushan_changes_as_the_command_line_finds(number: int) -> None:
    assert_same(zhoushan(), whatif.read(zhoushan_changes()[number]))


@pytest.mark.slow
@pytest.mark.parametrize("number", [4, 6])
def test_the_saved_file_gives_the_numbers_of_the_page(tmp_path: Path, number: int) -> None:
    desk = zhoushan()
    raw = zhoushan_changes()[0] | zhoushan_changes()[number] | {"name": "saved"}
    asked = whatif.read(raw)
    shown = desk.answer(asked)["zones"]
    file = tmp_path / "saved.toml"
    file.write_text(whatif.as_toml(asked, lang="en"), "utf-8")
    found = slow(desk, scenario.load(file))
    brief = statistics.zones(found.demand, desk.parameters.target)
    for zone, stats in brief.items():
        assert shown[zone]["now"] == {
            k: pytest.approx(v, abs=SAME_MIN) if isinstance(v, float) else v
            for k, v in stats.items()
        }


def test_without_a_change_before_is_now() -> None:
    found = desk_of().answer(whatif.read({}))
    assert all(zone["before"] == zone["now"] for zone in found["zones"].values())
    assert found["cells"]["before"] == found["cells"]["now"]
    assert set(found["people"].values()) == {0.0}


def test_an_answer_is_plain_json() -> None:
    asked = whatif.read({"link": {"close": [{"link_id": "F1"}]}, "condition": {"name": "gale"}})
    found = desk_of().answer(asked)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_closed_ferry_cuts_off_an_island_that_nothing_else_reaches() -> None:
    # By night no helicopter flies; without its own crew and the boat only the ferry is left.
    gone = {"remove": [{"post_id": "P3"}, {"post_id": "P4"}]}
    asked = {"post": gone, "condition": {"name": "calm", "daylight": "night"}}
    with_ferry = desk_of().answer(whatif.read(asked))
    without = desk_of().answer(whatif.read(asked | {"link": {"close": [{"link_id": "F1"}]}}))
    rows = [{r["island_id"]: r for r in found["islands"]}["I03"] for found in (with_ferry, without)]
    assert rows[0]["now_min"] > rows[0]["before_min"] == rows[1]["before_min"]
    assert (rows[1]["now_min"], rows[1]["now_unreachable"]) == (None, 5000.0)
    assert without["people"]["cut_off"] >= 5000.0
    assert without["zones"]["rural"]["now"]["target_met"] is False


def test_a_helipad_brings_helicopters_to_an_island_that_only_they_reach_soon() -> None:
    # I03 has no pad: helicopters land on an unprepared site, which takes longer.
    gone = {"remove": [{"post_id": "P3"}, {"post_id": "P4"}]}
    spot = coral().demand.query("island_id == 'I03'").geometry.iloc[0]
    new = {"helipad_id": "h", "name_zh": "新", "lon": spot.x, "lat": spot.y}
    pad = {"helipad": {"add": [new]}}
    rows = [
        {r["island_id"]: r for r in desk_of().answer(whatif.read({"post": gone} | more))["islands"]}
        for more in ({}, pad)
    ]
    without, with_pad = (found["I03"] for found in rows)
    assert with_pad["vehicle"] == without["vehicle"] == "helicopter"
    assert with_pad["now_min"] < without["now_min"]
    assert all(
        with_[key] == found[key]
        for island, found in rows[0].items()
        for with_ in [rows[1][island]]
        for key in ("now_min", "vehicle")
        if island != "I03"
    )


def test_islands_come_worst_first_and_unreachable_ones_lead() -> None:
    minutes = [r["now_min"] for r in desk_of().answer(whatif.read({}))["islands"]]
    reached = [m for m in minutes if m is not None]
    assert reached == sorted(reached, reverse=True)
    assert minutes == [None] * (len(minutes) - len(reached)) + reached


def test_who_gains_and_who_loses() -> None:
    old = np.array([10.0, 10.0, 10.0, np.nan, 10.0, np.nan, 10.04])
    new = np.array([9.0, 11.0, 10.0, 12.0, np.nan, np.nan, 10.0])
    found = {kind: np.flatnonzero(mask).tolist() for kind, mask in answer.effects(old, new).items()}
    assert found == {"faster": [0], "slower": [1], "newly_reached": [3], "cut_off": [4]}


@pytest.mark.parametrize(
    ("raw", "keys"),
    [
        ({"post": {"remove": [{"post_id": "P22"}]}}, ["dangling_close"]),
        ({"post": {"move": [{"post_id": "P1", **near(40, 20)}]}}, ["scenario_off_islands"]),
        ({"link": {"close": [{"link_id": "no"}]}}, ["scenario_no_link"]),
        ({"link": {"open": [{"link_id": "no"}]}}, ["scenario_no_link"]),
        ({"condition": {"name": "hail"}}, ["scenario_condition"]),
        (
            {"post": {"add": [{"post_id": "P1", "name_zh": "x", "vehicles": ["boat"],
                               **near(40, 20)}],
                      "remove": [{"post_id": "P2"}, {"post_id": "P2"}]},
             "link": {"close": [{"link_id": "F1"}, {"link_id": "F1"}]}},
            ["scenario_twice", "scenario_taken", "scenario_off_islands", "scenario_twice"],
        ),
        (
            {"helipad": {"add": [{"helipad_id": "L1", "name_zh": "x", **near(40, 20)}]}},
            ["scenario_pad_taken", "scenario_off_islands"],
        ),
    ],
)  # fmt: skip
def test_what_the_region_lacks_is_told_all_at_once(raw: dict[str, Any], keys: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        desk_of().answer(whatif.read(raw))
    assert sorted(fault.key for fault in caught.value.faults) == sorted(keys)


def test_a_post_outside_the_region_does_not_move() -> None:
    posts = coral().posts.copy()
    posts.loc[posts["post_id"] == "P5", ["outside", "island_id"]] = [True, None]
    desk = whatif.Desk(coral().replace(posts=posts), config.load(), conditions.load())
    with pytest.raises(InputError) as caught:
        desk.answer(whatif.read({"post": {"move": [{"post_id": "P5", **near(5, 5)}]}}))
    assert [fault.key for fault in caught.value.faults] == ["whatif_outside"]


def test_the_desk_forgets_old_questions_but_not_the_region_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("routing.whatif.desk._KEPT", {"places": 3, "responses": 3})
    desk = whatif.Desk(coral(sea_links=True), config.load(), conditions.load())
    first = desk.answer(whatif.read({}))
    for k in range(4):
        desk.answer(whatif.read({"post": {"move": [{"post_id": "P1", **near(2 + 0.1 * k, 5)}]}}))
    assert {name: len(memo) for name, memo in desk._memo.items()} == {"places": 3, "responses": 3}
    base = desk._memo["places"][Scenario("", "", "")]
    assert desk.answer(whatif.read({})) == first
    assert desk._memo["places"][Scenario("", "", "")] is base


@pytest.mark.parametrize("at_km", [(5.0, 0.0), (3.0, -2.0), (0.2, 5.0), (60.0, 5.0)])
def test_passages_are_those_of_the_slow_search(at_km: tuple[float, float]) -> None:
    place = coral()
    metric = place.metric_crs
    spot = gpd.GeoSeries([archipelago.point(*at_km)], crs=regions.WGS84).to_crs(metric)
    start = shapely.get_coordinates(spot)
    goal = shapely.get_coordinates(place.ports.to_crs(metric).geometry)
    land = place.islands.to_crs(metric).union_all()
    found = Sea(place).passages(start)[0]
    slow_paths = searoute.paths(land, start, goal, cell_m=CELL_M)
    expected = [
        slow_paths[0, j].length_km if (0, j) in slow_paths else np.nan for j in range(len(goal))
    ]
    np.testing.assert_array_equal(found, expected)
    assert np.isfinite(found).any()
