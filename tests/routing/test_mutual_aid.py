"""Crews outside the region, worked out on the toy isles.

A post M stands on the mainland at (-2.25, 5), three kilometres from the mainland end m0 (0.75, 5)
of a bridge to a0 (1, 5): 3 km x 1.3 at 50 km/h = **4.68** min, then 0.25 km at 60 km/h = 0.25. D1
has 2 + 2 + 4.68 + 0.25 + 9 = **17.93** from M, and 13 from P1 on the island.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata import region as regions
from geodata.region import Region
from routing import brief, land_network, mutual_aid, response
from routing.brief.state import respond
from routing.config import Parameters
from routing.response import Condition
from tests.routing import toy

FROM_M = {"D1": 17.93, "D2": 25.73}


def rules(
    *rules_: str, enabled: bool = True, on: bool = True, reach_km: float = 60.0
) -> Parameters:
    base = toy.parameters()
    aid = replace(
        base.mutual_aid, rules=rules_, enabled=enabled, crews_respond=on, reach_km=reach_km
    )
    return replace(base, mutual_aid=aid)


@cache
def isles(*, own_post: bool = True) -> Region:
    """Return the toy with a bridge to the mainland and the post M beyond it."""
    place = toy.archipelago()
    bridge = toy.roads(
        [{"link_id": "R2", "ends": ((0.75, 5), (1, 5)), "nodes": ("m0", "a0")}],
        structure="bridge", island_id=None, from_island_id=None,
    )  # fmt: skip
    post = toy.points(
        [{"post_id": "M", "kind": "hospital", "vehicles": "ambulance", "at": (-2.25, 5)}],
        name_zh="大陆急救点", evidence="confirmed", island_id=None, outside=True,
    )  # fmt: skip
    own = place.posts if own_post else place.posts[place.posts["post_id"] != "P1"]
    roads = pd.concat([place.roads, bridge], ignore_index=True)
    posts = pd.concat([own.assign(outside=False), post], ignore_index=True)
    return toy.archipelago(roads=gpd.GeoDataFrame(roads), posts=gpd.GeoDataFrame(posts))


def minutes(
    place: Region, parameters: Parameters, condition: Condition | None = None
) -> list[float]:
    land = land_network.build(place, parameters)
    state = respond(place, parameters, land, condition or Condition())
    return [float(one) for one in state.best.response_min]


def test_a_crew_comes_over_the_bridge_where_the_rules_let_it() -> None:
    place = isles(own_post=False)
    found = minutes(place, rules("M: a"))
    assert found[:2] == pytest.approx(list(FROM_M.values()), abs=0.01)


def test_the_nearer_post_of_the_region_still_goes() -> None:
    assert minutes(isles(), rules("M: a"))[:2] == pytest.approx([13.0, 20.8], abs=0.01)


def test_a_rule_for_other_islands_keeps_the_crew_away() -> None:
    place = isles(own_post=False)
    without = minutes(place, rules("M: a", on=False))
    assert minutes(place, rules("M: b")) == pytest.approx(without, nan_ok=True)
    assert without[0] > FROM_M["D1"]


@pytest.mark.parametrize("parameters", [rules("M: a", on=False), rules("M: a", reach_km=2.9)])
def test_without_the_switch_or_out_of_reach_nobody_comes(parameters: Parameters) -> None:
    place = isles(own_post=False)
    assert minutes(place, parameters)[0] > FROM_M["D1"]


def test_outside_crews_do_not_board_boats() -> None:
    """Without P1 the boat at BB has no crew, though M could be driven there."""
    place, parameters = isles(own_post=False), rules("M: a, b, c")
    land = land_network.build(place, parameters)
    found = response.options(place, land, parameters)
    boats = found.response_min[(found.table["vehicle"] == "boat").to_numpy()]
    assert np.isnan(boats).all()


def test_the_switch_is_recorded_as_the_users() -> None:
    parameters = mutual_aid.switched(rules("M: a", enabled=False, on=False), on=True)
    assert mutual_aid.crews_respond(parameters)
    assert parameters.origins["mutual_aid.crews_respond"]["source"] == "user"
    assert not mutual_aid.crews_respond(mutual_aid.switched(parameters, on=False))


@pytest.mark.parametrize("on", [False, True])
def test_the_brief_says_what_depends_on_them_whichever_way_it_counts(on: bool) -> None:
    place, parameters = isles(own_post=False), rules("M: a", on=on)
    found = brief.plain(brief.compute(place, parameters, propose=False).result)
    aid = found["mutual_aid"]
    assert aid["counted"] is on
    assert [row["post_id"] for row in aid["posts"]] == ["M"]
    assert found["zones"] == aid["zones"]["with" if on else "without"]
    (row,) = aid["islands"]
    assert (row["island_id"], row["population"], row["post"]) == ("a", 2000, "大陆急救点")
    assert row["with_min"] == pytest.approx((17.93 + 25.73) / 2, abs=0.01)
    assert row["lost_min"] == pytest.approx(row["without_min"] - row["with_min"], abs=1e-3)
    assert found["posts"] == (3 if on else 2)


def test_a_region_without_such_posts_says_nothing() -> None:
    assert (
        brief.compute(toy.archipelago(), rules("M: a"), propose=False).result["mutual_aid"] is None
    )


def test_the_headline_of_zhoushan_stands_without_them() -> None:
    """The posts of Ningbo and Shanghai change nothing unless they are asked for."""
    place = regions.load("zhoushan")
    away = mutual_aid.outside(place.posts)
    assert sorted(place.posts.loc[away, "post_id"]) == [
        "bl-people",
        "sh-sixth-lingang",
        "zh-station",
    ]
    assert set(place.posts.loc[away, "evidence"]) == {"assumed"}
    from routing import config

    parameters = config.load()
    assert not mutual_aid.crews_respond(parameters)
    kept = mutual_aid.responding(place, parameters)
    bare = place.replace(posts=place.posts[~away].reset_index(drop=True))
    land, alone = (land_network.build(one, parameters) for one in (place, bare))
    one = respond(kept, parameters, land, Condition()).best.response_min
    other = respond(bare, parameters, alone, Condition()).best.response_min
    assert np.array_equal(one, other, equal_nan=True)


@settings(max_examples=15, deadline=None)
@given(
    islands=st.sets(st.sampled_from("abc")),
    own=st.booleans(),
    vehicles=st.sets(st.sampled_from(["ambulance", "boat", "helicopter"])),
)
def test_outside_crews_never_slow_anybody(islands: set[str], own: bool, vehicles: set[str]) -> None:
    place, condition = isles(own_post=own), Condition("x", vehicles=tuple(sorted(vehicles)))
    rule = f"M: {', '.join(sorted(islands)) or 'nowhere'}"
    without = np.array(minutes(place, rules(rule, on=False), condition))
    with_ = np.array(minutes(place, rules(rule), condition))
    assert (np.nan_to_num(with_, nan=np.inf) <= np.nan_to_num(without, nan=np.inf) + 1e-9).all()
