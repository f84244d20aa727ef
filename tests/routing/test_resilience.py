"""Response over the year: by hand, against slow sums, and on the embedded Zhoushan."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata import region
from geodata.schemas import VEHICLES
from routing import conditions, config, land_network, resilience, response, statistics
from routing.brief import year
from routing.conditions import Condition, Likely
from routing.resilience import Outcome
from tests.routing import toy

CALM = Likely(Condition(name_zh="平静", name_en="calm"), 0.75, 300.0)
STORM = Likely(
    Condition(name="storm", name_zh="风暴", name_en="storm", vehicles=("ambulance",),
              stopped_ferry_kinds=("car_ferry",), road_speed_factor=0.5),
    0.25,
    100.0,
)  # fmt: skip


@cache
def toy_year() -> list[Outcome]:
    """The toy isles, calm on 300 days of 400 and in a storm on 100: all but island A is cut off.

    D1: 13 calm, 22 in the storm. D2: 20.8 and 37.6. D3: 42, D4: 52.5434.
    """
    place, parameters = toy.archipelago(), toy.parameters()
    land = land_network.build(place, parameters)
    return resilience.outcomes(place, land, parameters, [CALM, STORM])


def made(minutes: list[list[float]], probability: list[float]) -> list[Outcome]:
    """Outcomes of any minutes; every point has ten residents and one call."""
    reach = dict.fromkeys(VEHICLES, np.ones(len(minutes[0]), dtype=bool))
    return [
        Outcome(
            Likely(Condition(name=f"c{k}"), p, 365.25 * p),
            pd.DataFrame(
                {"zone": "rural", "population": 10.0, "calls_per_year": 1.0, "response_min": row}
            ),
            reach,
        )
        for k, (row, p) in enumerate(zip(minutes, probability, strict=True))
    ]


def test_expected_response_is_over_the_time_in_which_help_comes() -> None:
    found = resilience.expected(toy_year())
    assert found["expected_min"].tolist() == pytest.approx(
        [0.75 * 13 + 0.25 * 22, 0.75 * 20.8 + 0.25 * 37.6, 42.0, 52.5434], abs=1e-3
    )
    assert found["unreachable_days_per_year"].tolist() == pytest.approx([0, 0, 100, 100])


def test_who_is_never_reached_has_no_expected_response() -> None:
    found = resilience.expected(made([[np.nan, 5.0], [np.nan, np.nan]], [0.5, 0.5]))
    assert np.isnan(found["expected_min"][0])
    assert found["unreachable_days_per_year"].tolist() == pytest.approx([365.25, 365.25 / 2])


def test_the_island_table_worked_out_by_hand() -> None:
    table = resilience.islands(toy.archipelago(), toy_year()).set_index("island_id")
    a, b, c = table.loc["a"], table.loc["b"], table.loc["c"]
    assert a["expected_min"] == pytest.approx((0.75 * 33.8 + 0.25 * 59.6) / 2, abs=1e-3)
    assert (a["worst_condition"], a["last_condition"]) == ("storm@day", "storm@day")
    assert (a["last_vehicle"], a["cut_off_days_per_year"]) == ("ambulance", 0.0)
    assert (b["worst_condition"], b["last_condition"]) == ("storm@day", "calm@day")
    assert (b["last_vehicle"], c["last_vehicle"]) == ("boat", "helicopter")
    assert b["last_min"] == pytest.approx(42.0, abs=1e-3)
    assert b["cut_off_days_per_year"] == c["cut_off_days_per_year"] == pytest.approx(100.0)
    assert b["cut_off_resident_days_per_year"] == pytest.approx(100_000.0)
    assert b["most_cut_off_population"] == 1000.0
    assert b["unreachable_call_share"] == pytest.approx(0.25)
    days = ["ambulance_days_per_year", "boat_days_per_year", "helicopter_days_per_year"]
    assert a[days].tolist() == pytest.approx([400, 0, 300])
    assert b[days].tolist() == pytest.approx([300, 300, 300])
    assert c[days].tolist() == pytest.approx([0, 0, 300])
    assert np.isnan(b["mean_min__storm@day"])
    assert b["best_vehicle__calm@day"] == "boat"
    assert table.index.tolist()[-1] == "a"


def test_clinics_on_an_island_are_counted_though_they_send_nobody() -> None:
    place = toy.archipelago()
    clinic = place.posts.iloc[[0]].assign(post_id="K", evidence="clinic", island_id="b")
    posts = pd.concat([place.posts, clinic], ignore_index=True)
    table = resilience.islands(place.replace(posts=posts), toy_year()).set_index("island_id")
    assert table["clinics"].to_dict() == {"a": 0, "b": 1, "c": 0}


def test_an_island_of_unknown_residents_has_no_population_and_counts_its_places() -> None:
    place, parameters = toy.archipelago(), toy.parameters()
    demand = place.demand.copy()
    demand["population_kind"] = ["census", "census", "unknown_residents", "census"]
    demand.loc[2, "population"] = 0.0
    place = place.replace(demand=demand)
    land = land_network.build(place, parameters)
    found = resilience.outcomes(place, land, parameters, [CALM, STORM])
    row = resilience.islands(place, found).set_index("island_id").loc["b"]
    assert np.isnan(row["population"])
    assert row["worst_condition"] == "storm@day"
    assert row["unreachable_call_share"] == pytest.approx(0.25)


def test_zones_over_the_year_leave_nobody_out_of_the_share_within_target() -> None:
    zones = resilience.zones(toy_year(), toy.parameters())
    rural = zones["rural"]
    reached = 0.75 * (20.8 + 42.0 + 52.5434) + 0.25 * 37.6
    assert rural["mean_min"] == pytest.approx(reached / (0.75 * 3 + 0.25), abs=1e-3)
    assert rural["unreachable_call_share"] == pytest.approx(0.25 * 2 / 3)
    assert rural["unreachable_resident_days_per_year"] == pytest.approx(100 * 2000)
    assert rural["most_unreachable_population"] == 2000.0
    assert rural["share_within_target"] == 0.0
    urban = zones["main_urban"]
    assert urban["unreachable_call_share"] == 0.0
    assert urban["p90_min"] == pytest.approx(22.0, abs=1e-3)
    assert urban["median_min"] == pytest.approx(13.0, abs=1e-3)


def test_no_target_counts_as_met_while_residents_are_cut_off() -> None:
    """In the storm the rural mean over those who are reached falls; that is no success."""
    parameters = toy.parameters()
    parameters = replace(parameters, target=config.Target(main_urban_min=60.0, rural_min=60.0))
    calm, storm = (resilience.zones_of(one, parameters) for one in toy_year())
    assert storm["rural"]["mean_min"] < calm["rural"]["mean_min"]
    assert calm["rural"]["target_met"] is True
    assert storm["rural"]["target_met"] is False
    assert storm["main_urban"]["target_met"] is True


MINUTES = st.floats(1.0, 500.0) | st.just(float("nan"))


@given(
    st.integers(1, 4).flatmap(
        lambda k: st.tuples(
            st.lists(st.lists(MINUTES, min_size=3, max_size=3), min_size=k, max_size=k),
            st.lists(st.floats(0.01, 1.0), min_size=k, max_size=k),
        )
    )
)
def test_sums_over_the_year_against_slow_ones(
    given_: tuple[list[list[float]], list[float]],
) -> None:
    minutes, weights = given_
    probability = [w / sum(weights) for w in weights]
    outcomes = made(minutes, probability)
    found = resilience.expected(outcomes)
    for i in range(3):
        pairs = [(p, row[i]) for p, row in zip(probability, minutes, strict=True)]
        reached = [(p, t) for p, t in pairs if not np.isnan(t)]
        lost = 365.25 * sum(p for p, t in pairs if np.isnan(t))
        assert found["unreachable_days_per_year"][i] == pytest.approx(lost)
        if reached:
            mean = sum(p * t for p, t in reached) / sum(p for p, _ in reached)
            assert found["expected_min"][i] == pytest.approx(mean)
        else:
            assert np.isnan(found["expected_min"][i])
    year_ = resilience.zones(outcomes, config.load())["rural"]
    lost_days = sum(
        365.25 * p * 10 * np.isnan(row).sum() for p, row in zip(probability, minutes, strict=True)
    )
    assert year_["unreachable_resident_days_per_year"] == pytest.approx(lost_days)
    assert year_["unreachable_call_share"] == pytest.approx(lost_days / 365.25 / 30, abs=1e-12)


@cache
def zhoushan() -> tuple[region.Region, config.Parameters, list[Outcome]]:
    place, parameters = region.load("zhoushan"), config.load()
    land = land_network.build(place, parameters)
    likely = conditions.load().likely(day_share=conditions.day_share(parameters))
    return place, parameters, resilience.outcomes(place, land, parameters, likely)


def test_conditions_that_come_to_the_same_are_computed_once_and_right() -> None:
    place, parameters, found = zhoushan()
    land = land_network.build(place, parameters)
    for one in found:
        options = response.options(place, land, parameters, condition=one.likely.condition)
        best = response.best(options)
        np.testing.assert_array_equal(one.response_min, best.response_min)
    by_key = {one.key: one for one in found}
    assert by_key["fog@day"].demand is by_key["fog@night"].demand
    assert by_key["calm@day"].demand is not by_key["calm@night"].demand


def test_zhoushan_under_every_condition() -> None:
    """Golden: a change here is a change of what the tool tells planners."""
    _, parameters, found = zhoushan()
    table = resilience.states(found, parameters).set_index("key")
    assert len(table) == 10
    assert table["probability"].sum() == pytest.approx(1.0)
    calm = table.loc["calm@day"]
    assert calm["mean_min__main_urban"] == pytest.approx(8.89, abs=0.03)
    assert calm["mean_min__rural"] == pytest.approx(16.32, abs=0.03)
    assert table.loc["fog@day", "mean_min__rural"] == pytest.approx(24.3, abs=0.2)
    cut_off = table["unreachable_population"]
    others = ["calm@day", "calm@night", "fog@day", "strong_wind@night", "gale@day"]
    assert (cut_off[others] == 0).all()
    assert cut_off["gale@night"] == pytest.approx(88_440, rel=0.01)
    assert cut_off["typhoon@day"] == cut_off["typhoon@night"] == pytest.approx(129_072, rel=0.01)


def test_on_zhoushan_a_worse_wind_and_the_night_are_never_faster() -> None:
    _, _, found = zhoushan()
    minutes = {one.key: np.nan_to_num(one.response_min, nan=np.inf) for one in found}
    for light in ("day", "night"):
        order = [f"{name}@{light}" for name in ("calm", "strong_wind", "gale", "typhoon")]
        for milder, worse in pairwise(order):
            assert (minutes[worse] >= minutes[milder] - 1e-9).all(), worse
    for name in ("calm", "fog", "strong_wind", "gale", "typhoon"):
        assert (minutes[f"{name}@night"] >= minutes[f"{name}@day"] - 1e-9).all(), name


def test_the_island_table_agrees_with_the_statistics_of_a_brief() -> None:
    place, _, found = zhoushan()
    table = resilience.islands(place, found).set_index("island_id")
    for one in (found[0], found[7]):
        plain = statistics.by_group(one.demand, "island_id").set_index("island_id")
        mine = table[f"mean_min__{one.key}"].reindex(plain.index)
        np.testing.assert_allclose(mine, plain["mean_min"])
    people = sum(
        one.likely.days_per_year
        * one.demand.loc[one.demand["response_min"].isna(), "population"].sum()
        for one in found
    )
    assert table["cut_off_resident_days_per_year"].sum() == pytest.approx(people)
    gouqi = table.loc["gouqi"]
    assert (gouqi["best_vehicle__calm@day"], gouqi["last_vehicle"]) == ("helicopter", "boat")
    assert gouqi["cut_off_days_per_year"] == pytest.approx(2.5 + 3.0)


def test_the_year_beside_a_brief_fills_every_promised_column() -> None:
    from routing import brief

    place, parameters = toy.archipelago(), toy.parameters()
    found = brief.compute(place, parameters, propose=False)
    whole = year.extended(found, place, parameters, toy_year(), catalogue=conditions.load())
    cells, islands = whole.brief.cells, whole.brief.islands
    for key in ("calm@day", "storm@day"):
        assert {f"response_min__{key}", f"best_vehicle__{key}"} <= set(cells.columns)
        assert {f"mean_min__{key}", f"unreachable_population__{key}"} <= set(islands.columns)
    assert {"expected_min", "unreachable_days_per_year"} <= set(cells.columns)
    assert cells["response_min__calm@day"].tolist() == pytest.approx(cells["response_min"].tolist())
    assert len(islands) == len(place.islands)
    result = brief.plain(whole.brief.result)
    assert [row["key"] for row in result["conditions"]] == ["calm@day", "storm@day"]
    assert result["conditions"][1]["unreachable_population"] == 2000
    assert result["conditions"][1]["name_zh"] == "风暴"
