"""The brief of the embedded Zhoushan and of the toy archipelago."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from geodata import region
from routing import brief, config, land_network, paths
from routing.brief import Brief
from routing.land_network import EDGE_KINDS
from tests.routing import toy


@cache
def zhoushan() -> Brief:
    return brief.compute(region.load("zhoushan"), config.load())


def result() -> dict:  # type: ignore[type-arg]
    return brief.plain(zhoushan().result)


def test_headline_of_zhoushan() -> None:
    """Golden of the embedded region: a change here is a change of what the tool tells planners."""
    zones = result()["zones"]
    assert zones["main_urban"]["mean_min"] == pytest.approx(8.89, abs=0.03)
    assert zones["rural"]["mean_min"] == pytest.approx(16.32, abs=0.03)
    assert zones["main_urban"]["target_met"] is True
    assert zones["rural"]["target_met"] is False
    assert sum(z["population"] for z in zones.values()) == 1_157_817


def test_more_posts_never_slow_the_mean() -> None:
    variants = result()["variants"]
    for zone in ("main_urban", "rural"):
        means = [
            variants[v][zone]["mean_min"]
            for v in ("confirmed", "confirmed_assumed", "with_clinics")
        ]
        assert means == sorted(means, reverse=True)
        flown = variants["confirmed_assumed"][zone]["mean_min"]
        assert variants["without_helicopter"][zone]["mean_min"] >= flown


def test_proposal_of_zhoushan_is_proven_and_meets_both_targets() -> None:
    proposal = result()["proposal"]
    assert proposal["statement"] == "reached"
    assert proposal["status"] == "optimal"
    assert proposal["objective_value"] == proposal["bound"] == len(proposal["sites"]) == 3
    assert all(zone["target_met"] for zone in proposal["after"].values())
    assert {site["island_id"] for site in proposal["sites"]} == {"dayushan", "taohua", "shengshan"}


def test_the_proposal_says_what_it_comes_to_without_the_helicopter() -> None:
    after = result()["proposal"]["after_variants"]
    assert after["confirmed_assumed"] == result()["proposal"]["after"]
    grounded = after["without_helicopter"]["rural"]
    assert grounded["mean_min"] == pytest.approx(14.5, abs=0.1)
    assert grounded["target_met"] is False


def test_every_inhabited_island_is_listed_worst_first() -> None:
    islands = region.load("zhoushan").islands
    rows = result()["islands"]
    inhabited = set(islands.loc[islands["inhabited"] == "yes", "island_id"])
    assert inhabited <= {row["island_id"] for row in rows}
    means = [np.inf if row["mean_min"] is None else row["mean_min"] for row in rows]
    assert means == sorted(means, reverse=True)


def test_cells_after_the_proposal_are_never_slower() -> None:
    cells = zhoushan().cells
    assert (cells["after_min"] <= cells["response_min"] + 1e-9).all()


def test_legs_of_each_cell_sum_to_its_response() -> None:
    cells = zhoushan().cells
    sums = [sum(leg["minutes"] for leg in json.loads(text)) for text in cells["legs"]]
    assert sums == pytest.approx(cells["response_min"].tolist(), abs=0.01)


def test_same_inputs_give_the_same_result_but_for_the_run_time() -> None:
    again = brief.plain(brief.compute(region.load("zhoushan"), config.load()).result)
    first = result()
    for one in (first, again):
        one["proposal"].pop("runtime_s")
    dumped = [json.dumps(one, ensure_ascii=False, allow_nan=False) for one in (first, again)]
    assert dumped[0] == dumped[1]


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("Dinghai to Shenjiamen by road", 20.0, 26.0),
        ("Dinghai to Gaoting by road", 48.0, 56.0),
        ("Liuheng to Putuo Hospital by helicopter (flight)", 12.0, 22.0),
        ("Base to Gouqi by helicopter (flight)", 19.0, 29.0),
        ("Main island to Dongji by helicopter (flight)", 10.0, 20.0),
        ("Gaoting (Zhuyu) to Qushan by vehicle ferry", 65.0, 65.0),
        ("Shenjiamen to Shengshan by boat (passage)", 120.0, 180.0),
    ],
)
def test_known_times_are_reproduced_within_tolerance(name: str, low: float, high: float) -> None:
    row = next(row for row in result()["known_times"] if row["name_en"] == name)
    assert low <= row["modelled_min"] <= high


def test_dinghai_to_gaoting_over_the_skeleton_alone() -> None:
    """68 km and 53 min along trunk links, without the synthetic edges that cut corners."""
    land = land_network.build(region.load("zhoushan"), config.load())
    road = (land.edges["kind"] == "road").to_numpy()
    assert set(land.edges["kind"]) == set(EDGE_KINDS)
    graph = land.graph.with_travel_min(np.where(road, land.graph.travel_min, np.inf))
    start, end = land.node_of("roads", ["定海中心", "高亭"])
    tree = paths.tree(graph, int(start))
    length_km = land.edges["length_km"].to_numpy()[tree.edges_to(int(end))].sum()
    assert tree.travel_min[end] == pytest.approx(53.0, abs=1.0)
    assert length_km == pytest.approx(68.0, abs=1.0)


def test_a_region_whose_targets_are_met_needs_no_post() -> None:
    parameters = toy.parameters()
    easy = replace(parameters, target=config.Target(main_urban_min=60.0, rural_min=60.0))
    found = brief.compute(toy.archipelago(), easy).result["proposal"]
    assert found["statement"] == "met_today"
    assert found["sites"] == []


def test_where_no_number_of_posts_suffices_the_best_few_are_named() -> None:
    """The toy isles have two candidates, the ports; 14 min stays out of reach.

    With an ambulance at PB, D3 takes 4 min; D2 20.8 and D4 52.5 keep the rural mean above 14.
    """
    found = brief.compute(toy.archipelago(), toy.parameters()).result["proposal"]
    assert found["statement"] == "best_of_k"
    assert found["status"] == "optimal"
    assert "PB" in [site["id"] for site in found["sites"]]


def test_running_out_of_time_is_not_called_impossible(monkeypatch: pytest.MonkeyPatch) -> None:
    from routing.brief import proposal
    from routing.siting.solve import solve

    def hurried(problem: object, *, objective: str, **asked: object) -> object:
        found = solve(problem, objective=objective, **asked)  # type: ignore[arg-type]
        return replace(found, status="unknown") if objective == "min-sites" else found

    monkeypatch.setattr(proposal, "solve", hurried)
    found = brief.compute(toy.archipelago(), toy.parameters()).result["proposal"]
    assert found["statement"] == "undecided"
    assert found["status"] == "optimal"


def test_coverage_asks_for_no_proposal() -> None:
    found = brief.compute(toy.archipelago(), toy.parameters(), propose=False)
    assert found.result["proposal"]["statement"] == "not_asked"
    assert "after_min" not in found.cells


def test_plain_turns_everything_into_json() -> None:
    import pandas as pd

    given = {
        "a": np.float64("nan"),
        "b": np.int64(3),
        "c": [pd.NA, np.True_],
        "d": 1.23456,
        "e": 2.0,
    }
    assert brief.plain(given) == {"a": None, "b": 3, "c": [None, True], "d": 1.2346, "e": 2}
