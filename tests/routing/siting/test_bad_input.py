"""What a problem or a question is refused for, and how it is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from geodata.errors import InputError
from routing.siting import SitingProblem, solve
from routing.siting.frame import Frame

TIMES = [[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]]
NAN, INF = float("nan"), float("inf")


def faults_of(times: Any = TIMES, **given: Any) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as caught:
        SitingProblem.from_matrix(times, **given)
    # Each fault is told in both languages without a gap left open.
    for fault in caught.value.faults:
        for lang in ("zh", "en"):
            assert "{" not in fault.text(lang)
    return [(fault.key, fault.where) for fault in caught.value.faults]


@pytest.mark.parametrize("times", [np.empty((3, 0)), np.empty((0, 3)), [], [1.0, 2.0], 5.0])
def test_no_candidate_or_no_demand_is_no_problem(times: Any) -> None:
    assert faults_of(times) == [("siting_shape", "times_min")]


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"times": [[-1.0, 2.0]]}, "siting_negative"),
        ({"times": [[-INF, 2.0]]}, "siting_negative"),
        ({"times": sparse.coo_array(([NAN], ([0], [1])), shape=(2, 2))}, "siting_nan_entry"),
        ({"weights": [1.0, -1.0]}, "siting_negative"),
        ({"weights": [1.0, NAN]}, "siting_negative"),
        ({"weights": [1.0, INF]}, "siting_negative"),
        ({"weights": [1.0]}, "siting_length"),
        ({"site_costs": [1.0, -2.0, 1.0]}, "siting_negative"),
        ({"crews": [1, 0, 1]}, "siting_too_small"),
        ({"zones": ["a", "b", "c"]}, "siting_length"),
        ({"existing": [3]}, "siting_no_such_site"),
        ({"forbidden": [-1]}, "siting_no_such_site"),
        ({"exclusive": [(0, 9)]}, "siting_no_such_site"),
        ({"closable": [1]}, "siting_not_existing"),
        ({"movable": [1]}, "siting_not_existing"),
        ({"existing": [1], "closable": [1], "movable": [1]}, "siting_close_and_move"),
        ({"required": [2], "forbidden": [2]}, "siting_keep_and_close"),
        ({"existing": [0], "closable": [0], "forbidden": [0]}, "siting_keep_and_close"),
        ({"existing": [0, 1], "exclusive": [(0, 1)]}, "siting_exclusive_stay"),
        ({"existing": [0], "required": [1], "exclusive": [(0, 1)]}, "siting_exclusive_stay"),
        ({"budget": -1.0}, "siting_negative"),
        ({"budget": NAN}, "siting_negative"),
        ({"max_new_by_kind": {"berth": 1}}, "siting_no_such_label"),
        ({"max_new_by_kind": {"post": -1}}, "siting_negative"),
        ({"min_new_by_area": {"north": 1}}, "siting_no_such_label"),
    ],
)
def test_a_wrong_part_is_named(given: dict[str, Any], key: str) -> None:
    assert [fault for fault, _ in faults_of(**given)] == [key]


def test_all_faults_are_told_at_once() -> None:
    found = faults_of(
        [[-1.0, 2.0, 3.0], [3.0, 4.0, 5.0]],
        weights=[NAN, 1.0],
        existing=[7],
        required=[1, 2],
        forbidden=[1, 2],
        budget=-3.0,
        max_new_by_kind={"berth": -2},
    )
    assert sorted(found) == [
        ("siting_keep_and_close", "forbidden"),
        ("siting_keep_and_close", "forbidden"),
        ("siting_negative", "budget"),
        ("siting_negative", "max_new_by_kind[berth]"),
        ("siting_negative", "times_min"),
        ("siting_negative", "weights"),
        ("siting_no_such_label", "max_new_by_kind"),
        ("siting_no_such_site", "existing"),
    ]


def question_faults(problem: SitingProblem, **asked: Any) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as caught:
        solve(problem, **asked)
    for fault in caught.value.faults:
        for lang in ("zh", "en"):
            assert "{" not in fault.text(lang)
    return [(fault.key, fault.where) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("asked", "faults"),
    [
        ({"objective": "nearest", "new": 1}, [("not_a_choice", "objective")]),
        ({"objective": "min-sites"}, [("siting_needs_target", "target_min")]),
        ({"objective": "min-mean"}, [("siting_needs_new", "new")]),
        ({"objective": "min-mean", "new": 4}, [("siting_new_range", "new")]),
        ({"objective": "min-mean", "new": -1}, [("siting_new_range", "new")]),
        ({"objective": "min-mean", "new": 1.5}, [("siting_new_range", "new")]),
        ({"objective": "min-mean", "new": NAN}, [("siting_new_range", "new")]),
        ({"objective": "max-coverage", "new": 1}, [("siting_needs_radius", "target_min[all]")]),
        (
            {"objective": "min-mean", "new": 1, "target_min": -1.0},
            [("siting_negative", "target_min")],
        ),
        (
            {"objective": "min-mean", "new": 1, "target_min": INF},
            [("siting_negative", "target_min")],
        ),
        (
            {"objective": "min-sites", "target_min": {"rural": 5.0}},
            [("siting_no_such_zone", "target_min")],
        ),
        (
            {"objective": "min-sites", "target_min": 5.0, "share_within": 1.2},
            [("siting_too_large", "share_within")],
        ),
        (
            {"objective": "min-sites", "mean_min": 5.0, "share_within": 0.5},
            [("siting_needs_radius", "target_min[all]")],
        ),
        (
            {"objective": "min-sites", "worst_island_min": NAN},
            [("siting_negative", "worst_island_min")],
        ),
        (
            {"objective": "double-standard", "new": 1, "target_min": 5.0, "outer_min": 4.0},
            [("siting_outer", "outer_min[all]")],
        ),
        (
            {"objective": "double-standard", "new": 1, "target_min": 5.0, "outer_min": -4.0},
            [("siting_negative", "outer_min")],
        ),
        (
            {"objective": "double-standard", "new": 1, "outer_min": NAN},
            [("siting_negative", "outer_min"), ("siting_needs_radius", "target_min[all]")],
        ),
        (
            {"objective": "expected-coverage", "new": 1, "target_min": 5.0},
            [("siting_needs_busy", "busy[all]")],
        ),
        (
            {"objective": "expected-coverage", "new": 1, "target_min": 5.0, "busy": 1.5},
            [("siting_too_large", "busy")],
        ),
        (
            {"objective": "survival", "new": 1, "survival": (0.0, -1.0)},
            [("siting_survival", "survival")],
        ),
        ({"objective": "equity", "new": 1, "step_min": NAN}, [("siting_negative", "step_min")]),
        (
            {"objective": "backup", "new": 9, "first_share": 2.0},
            [
                ("siting_too_large", "first_share"),
                ("siting_needs_radius", "target_min[all]"),
                ("siting_new_range", "new"),
            ],
        ),
    ],
)
def test_a_wrong_question_is_refused(asked: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    assert question_faults(SitingProblem.from_matrix(TIMES), **asked) == faults


def test_more_sites_have_to_open_than_may() -> None:
    problem = SitingProblem.from_matrix(TIMES, required=[0, 2])
    assert question_faults(problem, objective="min-mean", new=1) == [
        ("siting_new_below_required", "new")
    ]


def test_without_candidates_only_today_can_be_asked_for() -> None:
    problem = SitingProblem.from_matrix(TIMES, existing=[0, 1, 2])
    assert question_faults(problem, objective="min-mean", new=1) == [("siting_new_range", "new")]
    found = solve(problem, objective="min-mean", new=0)
    assert (found.status, found.objective_value) == ("optimal", 2.0)
    assert solve(problem, objective="min-sites", target_min=1.5).status == "infeasible"


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"problems": {}}, "siting_no_conditions"),
        ({"shares": {"storm": 1.0}}, "siting_no_such_condition"),
        ({"must_hold": ["storm"]}, "siting_no_such_condition"),
        ({"shares": {"calm": -1.0}}, "siting_negative"),
        ({"shares": {"calm": NAN}}, "siting_negative"),
        ({"shares": {"calm": 0.0}}, "siting_no_share"),
        ({"problems": "unlike"}, "siting_sites_differ"),
    ],
)
def test_conditions_that_do_not_fit_together_are_refused(given: dict[str, Any], key: str) -> None:
    calm, fog = SitingProblem.from_matrix(TIMES), SitingProblem.from_matrix([[9.0, 9.0, 9.0]])
    problems = {"calm": calm, "fog": fog}
    if given.get("problems") == "unlike":
        problems = {"calm": calm, "fog": SitingProblem.from_matrix([[9.0]])}
        given = {}
    with pytest.raises(InputError) as caught:
        SitingProblem.across(**({"problems": problems} | given))
    assert [fault.key for fault in caught.value.faults] == [key]


def test_inf_and_absent_entries_are_unreachable() -> None:
    dense = SitingProblem.from_matrix([[INF, 2.0], [NAN, INF]])
    assert np.isnan(dense.times_min).tolist() == [[True, False], [True, True]]
    assert dense.unreachable().tolist() == [1]
    stored = sparse.coo_array(([0.0], ([0], [1])), shape=(2, 2))
    thin = SitingProblem.from_matrix(stored)
    assert thin.times_min[0, 1] == 0.0
    assert np.isnan(thin.times_min).sum() == 3


def test_labels_have_defaults() -> None:
    problem = SitingProblem.from_matrix(TIMES)
    assert set(problem.zones) == {"all"}
    assert set(problem.kinds) == {"post"}
    assert set(problem.areas) == {""}


@pytest.mark.parametrize("objective", ["min-mean", "set-cover", "max-coverage", "min-worst"])
def test_demand_that_nobody_can_reach_is_named_and_not_dropped(objective: str) -> None:
    # Site 2, which alone reaches row 1, may not be opened; row 3 has no weight.
    times = [[5.0, 9.0, 1.0], [NAN, NAN, 4.0], [NAN, NAN, NAN], [NAN, NAN, NAN]]
    problem = SitingProblem.from_matrix(times, weights=[1, 2, 4, 0], forbidden=[2])
    covering = objective in ("set-cover", "max-coverage")
    found = solve(
        problem,
        objective=objective,
        new=None if objective == "set-cover" else 1,
        target_min=6.0 if covering else None,
    )
    assert found.status == "optimal"
    assert found.unreachable.tolist() == [1, 2]
    assert found.assignment.tolist() == [0, -1, -1, -1]
    assert np.isnan(found.times_min).tolist() == [False, True, True, True]
    # They count in shares: 1 of 7 is within the target.
    share = solve(problem, objective="min-sites", target_min=6.0, share_within=1 / 7)
    assert share.status == "optimal"
    more = solve(problem, objective="min-sites", target_min=6.0, share_within=1 / 7 + 0.01)
    assert more.status == "infeasible"


def test_a_point_that_is_reached_under_one_condition_is_told_by_row() -> None:
    calm = SitingProblem.from_matrix([[5.0], [6.0]])
    fog = SitingProblem.from_matrix([[7.0], [NAN]])
    problem = SitingProblem.across({"calm": calm, "fog": fog})
    found = solve(problem, objective="min-mean", new=1)
    assert found.unreachable.tolist() == [3]
    assert problem.conditions[found.unreachable].tolist() == ["fog"]
    assert Frame(problem).rows.tolist() == [0, 1, 2]
