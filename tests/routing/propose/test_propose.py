"""Proposals for the toy isles, against numbers worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from geodata.errors import InputError, NoAnswerError
from routing import propose
from routing.propose import Request
from routing.propose.conditions import Held
from routing.response import Condition
from tests.routing.propose import isles
from tests.routing.propose.isles import TODAY, after, ask, opened, plan


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return isles.sheet(tmp_path_factory.mktemp("sheet"))


def mean_of(*minutes: float) -> Any:
    return pytest.approx(sum(minutes) / len(minutes), abs=1e-3)


def test_today_is_what_the_toy_says(sheet: Path) -> None:
    found = ask(Request(objective="min-mean", new=0, candidates=sheet))
    assert after(found) == pytest.approx(TODAY, abs=1e-3)
    assert found.result["statement"] == "nothing_new"
    assert found.result["before"] == found.result["after"]


def test_one_new_post_goes_where_the_sum_of_gains_is_largest(sheet: Path) -> None:
    """X2 saves D3 38 minutes; X1 saves D1 and D2 nine each, X3 3.8 each."""
    found = ask(Request(objective="min-mean", new=1, candidates=sheet))
    assert opened(found) == ["X2"]
    assert after(found) == pytest.approx(TODAY | {"D3": 4.0}, abs=1e-3)
    assert found.result["objective_value"] == mean_of(13.0, 20.8, 4.0, 52.5434)
    site = found.result["sites"][0]
    assert (site["serves_population"], site["gain_min"]) == (1000.0, pytest.approx(38.0))


def test_two_new_posts_are_better_than_one(sheet: Path) -> None:
    found = ask(Request(objective="min-mean", new=2, candidates=sheet))
    expected = TODAY | {"D1": 4.0, "D2": 11.8, "D3": 4.0}
    assert after(found) == pytest.approx(expected, abs=1e-3)
    assert found.result["after"]["rural"]["mean_min"] == mean_of(11.8, 4.0, 52.5434)


def test_fewest_sites_meet_both_targets(sheet: Path) -> None:
    """Rural needs D2 and D3 sooner: 22.8 with both, 25.8 with X2 alone; urban needs D1 sooner."""
    found = ask(Request(candidates=sheet), rural_min=25.0)
    assert opened(found) == ["X1", "X2"]
    assert found.result["statement"] == "reached"
    assert all(zone["target_met"] for zone in found.result["after"].values())


def test_what_is_met_today_needs_nothing(sheet: Path) -> None:
    found = ask(Request(candidates=sheet), main_urban_min=13.1, rural_min=39.0)
    assert found.result["statement"] == "met_today"
    assert opened(found) == []


def test_until_target_finds_the_number_first(sheet: Path) -> None:
    request = Request(objective="min-worst", until_target=True, candidates=sheet)
    found = ask(request, rural_min=25.0)
    assert found.result["fewest"]["new_posts"] == 2
    assert found.result["fewest"]["status"] == "optimal"
    assert found.result["objective"] == "min-worst"
    assert opened(found) == ["X1", "X2"]


@pytest.fixture(scope="module")
def blocked(sheet: Path) -> propose.Proposal:
    return ask(Request(candidates=sheet, curve=2))


def test_what_cannot_be_met_names_the_smallest_relaxation(blocked: propose.Proposal) -> None:
    """X1 and X2 bring the rural mean to (11.8 + 4 + 52.5434) / 3, and nothing helps D4."""
    result = blocked.result
    assert result["status"] == result["statement"] == "infeasible"
    (relaxed,) = [r for r in result["relaxation"]["relaxed"] if r["label"] == "rural"]
    assert relaxed["asked"] == 14.0
    assert relaxed["needed"] == mean_of(11.8, 4.0, 52.5434)
    assert result["relaxation"]["proven"]
    assert {s["id"] for s in result["relaxation"]["sites"]} >= {"X1", "X2"}


def test_what_cannot_be_met_names_the_island_that_causes_it(blocked: propose.Proposal) -> None:
    first = blocked.result["blocking"][0]
    assert (first["island_id"], first["name_zh"]) == ("c", "丙岛")
    assert first["soonest_min"] == pytest.approx(52.5434, abs=1e-3)


def test_the_curve_shows_how_far_sites_get_where_targets_cannot_be_met(
    blocked: propose.Proposal,
) -> None:
    means = [row["rural_mean_min"] for row in blocked.result["curve"]]
    assert means[0] == mean_of(20.8, 42.0, 52.5434)
    assert means[1] == mean_of(20.8, 4.0, 52.5434)
    assert sorted(means, reverse=True) == means


def test_a_kept_candidate_is_opened_though_another_is_better(sheet: Path) -> None:
    assert plan(Request(objective="min-mean", new=1, keep=("X3",), candidates=sheet)) == ["X3"]


def test_a_closed_candidate_is_never_opened(sheet: Path) -> None:
    assert plan(Request(objective="min-mean", new=1, close=("X2",), candidates=sheet)) == ["X1"]


def test_a_closed_boat_base_leaves_the_helicopter(sheet: Path) -> None:
    found = ask(Request(objective="min-mean", new=0, close=("BB",), candidates=sheet))
    assert after(found) == pytest.approx(TODAY | {"D3": isles.FLOWN_D3}, abs=1e-3)
    assert [post["id"] for post in found.result["closed"]] == ["BB"]


def test_closing_the_helicopter_names_who_is_reached_no_longer(sheet: Path) -> None:
    found = ask(Request(objective="min-mean", new=0, close=("H",), candidates=sheet))
    assert np.isnan(after(found)["D4"])
    lost = {row["island_id"]: row["cut_off_population"] for row in found.result["gains_by_island"]}
    assert lost == {"a": 0.0, "b": 0.0, "c": 1000.0}
    assert [row["island_id"] for row in found.result["unreachable"]] == ["c"]
    assert found.result["after"]["rural"]["unreachable_population"] == 1000.0


def test_a_boat_loses_its_crew_with_the_post_that_closes(sheet: Path) -> None:
    """Without P1 the boat has no crew, though X1 has one: new sites do not help each other."""
    request = Request(objective="min-mean", new=1, close=("P1",), keep=("X1",), candidates=sheet)
    expected = {"D1": 4.0, "D2": 11.8, "D3": isles.FLOWN_D3, "D4": 52.5434}
    assert after(ask(request)) == pytest.approx(expected, abs=1e-3)


def test_a_closable_post_closes_where_that_saves_money(sheet: Path) -> None:
    request = Request(closable=("BB",), candidates=sheet, costs={"boat_berth": 3.0})
    found = ask(request, main_urban_min=60.0, rural_min=60.0)
    assert [post["id"] for post in found.result["closed"]] == ["BB"]
    assert found.result["objective_value"] == -3.0
    assert after(found)["D3"] == pytest.approx(isles.FLOWN_D3)


@pytest.mark.parametrize(("budget", "expected"), [(1.9, []), (2.0, ["X2"]), (4.0, ["X1", "X2"])])
def test_a_budget_is_never_overspent(sheet: Path, budget: float, expected: list[str]) -> None:
    costs = {"ambulance_post": 2.0}
    request = Request(objective="min-mean", new=3, candidates=sheet, costs=costs, budget=budget)
    assert plan(request) == expected


def test_exclusive_sites_are_not_open_together(sheet: Path) -> None:
    request = Request(objective="min-mean", new=3, candidates=sheet, exclusive=(("X1", "X3"),))
    assert plan(request) == ["X1", "X2"]


def test_a_county_gets_the_sites_that_it_is_promised(sheet: Path) -> None:
    request = Request(objective="min-mean", new=1, candidates=sheet, min_new_by_county={"甲县": 1})
    assert plan(request, isles.with_counties()) == ["X1"]


def test_costs_of_the_file_count(tmp_path: Path) -> None:
    path = isles.sheet(tmp_path, cost=[1, 9, 1])
    request = Request(objective="min-mean", new=3, candidates=path, budget=5.0)
    assert plan(request) == ["X1"]


NO_BOAT = Held("no_boat@day", Condition("no_boat", vehicles=("ambulance", "helicopter")), 0.25)


def test_figures_over_conditions_are_weighted_by_their_shares(sheet: Path) -> None:
    """D3 takes 42 with a boat (share 3/4) and 47.42 without (1/4)."""
    held = (Held("calm@day", Condition(), 0.75), NO_BOAT)
    found = ask(Request(objective="min-mean", new=0, candidates=sheet), held=held)
    result = found.result
    d3 = 0.75 * 42.0 + 0.25 * isles.FLOWN_D3
    assert result["before"]["rural"]["mean_min"] == mean_of(20.8, d3, 52.5434)
    assert result["before"]["rural"]["population"] == pytest.approx(3000.0)
    by_name = {one["name"]: one["after"]["rural"]["mean_min"] for one in result["conditions"]}
    assert by_name["calm@day"] == mean_of(20.8, 42.0, 52.5434)
    assert by_name["no_boat@day"] == mean_of(20.8, isles.FLOWN_D3, 52.5434)


def test_a_condition_that_must_hold_asks_for_more_sites(sheet: Path) -> None:
    """With the boat the mean is 38.4 today; without it 40.3, which X2 brings down to 25.8."""
    must = Held(NO_BOAT.name, NO_BOAT.condition, 0.0, must_hold=True)
    request = Request(candidates=sheet)
    targets: dict[str, Any] = {"main_urban_min": 20.0, "rural_min": 39.0}
    assert opened(ask(request, **targets)) == []
    found = ask(request, held=(isles.CALM, must), **targets)
    assert len(opened(found)) == 1
    assert found.result["statement"] == "reached"


def test_figures_without_the_helicopter_say_who_is_left_out(sheet: Path) -> None:
    found = ask(Request(objective="min-mean", new=1, candidates=sheet))
    rural = found.result["variants"]["without_helicopter"]["after"]["rural"]
    assert rural["mean_min"] == mean_of(20.8, 4.0)
    assert rural["unreachable_population"] == 1000.0
    headline = found.result["variants"]["confirmed_assumed"]
    assert headline == {key: found.result[key] for key in ("before", "after")}


@pytest.fixture(scope="module")
def firm(sheet: Path) -> propose.Proposal:
    request = Request(
        objective="min-mean", new=1, candidates=sheet, curve=3, alternatives=2, sensitivity=3
    )
    return ask(request)


def test_the_curve_never_gets_worse_with_more_sites(firm: propose.Proposal) -> None:
    values = [row["objective_value"] for row in firm.result["curve"]]
    assert [row["new"] for row in firm.result["curve"]] == [0, 1, 2, 3]
    assert values == sorted(values, reverse=True)


def test_alternatives_are_within_one_per_cent_and_the_best_leads(firm: propose.Proposal) -> None:
    """No other site comes within 1 %, which is proven."""
    assert [row["sites"] for row in firm.result["alternatives"]] == ["X2"]
    assert firm.result["alternatives_complete"]


def test_sensitivity_tries_two_fixed_states_and_those_asked_for(firm: propose.Proposal) -> None:
    states = [row["state"] for row in firm.result["sensitivity_runs"]]
    assert states == ["slower_10", "slower_20", "random_1", "random_2", "random_3"]
    assert firm.result["sites"][0]["chosen_share"] == 1.0


def test_slower_travel_lengthens_travel_alone(firm: propose.Proposal) -> None:
    """D1 at 10 % slower: 4 min stay, 9 become 9.9."""
    slower = firm.result["sensitivity_runs"][0]
    assert slower["held_main_urban_mean_min"] == pytest.approx(13.9)


def test_the_same_question_has_the_same_answer(sheet: Path) -> None:
    request = Request(objective="min-mean", new=2, candidates=sheet, sensitivity=1, seed=7)
    first, again = (propose.plain(ask(request).result) for _ in range(2))
    for result in (first, again):
        del result["runtime_s"]
        for row in result["sensitivity_runs"]:
            del row["runtime_s"]
    assert first == again


def test_candidates_of_the_region_stand_on_its_islands() -> None:
    found = ask(Request(objective="min-mean", new=1, lattice_km=1.0))
    assert {"PA", "PB"} <= set(found.candidates["id"])
    assert any(site.startswith("lattice-") for site in found.candidates["id"])
    land = isles.region().islands.union_all()
    assert found.candidates.geometry.intersects(land).all()


def test_no_candidate_at_all_is_no_answer() -> None:
    with pytest.raises(NoAnswerError):
        ask(Request(sources=("health_centres",)))


def test_every_unknown_id_and_county_is_told_at_once(sheet: Path) -> None:
    request = Request(
        keep=("nobody",),
        close=("X9",),
        movable=("X1", "H"),
        exclusive=(("P1", "BB"),),
        min_new_by_county={"火星": 1},
        candidates=sheet,
        kinds={"ambulance_post": None},
    )
    with pytest.raises(InputError) as error:
        ask(request, place=isles.with_counties())
    assert {fault.key for fault in error.value.faults} == {
        "propose_no_such_site",
        "not_a_choice",
        "propose_not_a_post",
        "propose_no_place_to_move",
        "siting_exclusive_stay",
    }


def test_near_ids_are_suggested(sheet: Path) -> None:
    with pytest.raises(InputError, match="X1"):
        ask(Request(keep=("X11",), candidates=sheet))


def test_in_foul_weather_no_target_is_met_by_giving_people_up(sheet: Path) -> None:
    """Without a helicopter nobody reaches D4; the others' mean of 12.4 is no success."""
    alone = Held("no_helicopter@day", Condition("no_helicopter", vehicles=("ambulance", "boat")))
    found = ask(Request(candidates=sheet), held=(alone,), main_urban_min=20.0, rural_min=40.0)
    rural = found.result["after"]["rural"]
    assert (rural["unreachable_population"], rural["target_met"]) == (1000.0, False)
    assert found.result["statement"] in ("nothing_new", "best_found")
