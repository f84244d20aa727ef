"""What holds for every objective, whatever the problem."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from routing.siting import OBJECTIVES, SitingProblem, SitingResult, solve
from routing.siting.question import COUNTING, COVERING, MAXIMIZED, REACH_FIRST
from tests.routing.siting import oracle

OBJECTIVE = st.sampled_from(OBJECTIVES)
NEW = st.integers(0, 3)


def find(problem: SitingProblem, objective: str, new: int, target: float = 3.0) -> SitingResult:
    options: dict[str, Any] = {"busy": 0.3} if objective == "expected-coverage" else {}
    if objective in COVERING or objective == "min-sites":
        options["target_min"] = target
    if objective not in COUNTING:
        free = int((problem.undecided & ~problem.existing).sum())
        options["new"] = min(max(new, int((problem.required & ~problem.existing).sum())), free)
    return solve(problem, objective=objective, **options)


def unreached(problem: SitingProblem, found: SitingResult) -> float:
    return round(float(problem.importance[np.isnan(found.times_min)].sum()), 9)


def worth(problem: SitingProblem, found: SitingResult) -> tuple[float, float]:
    """Return what is minimized; reaching comes first where the objective says so."""
    lost = unreached(problem, found) if found.objective in REACH_FIRST else 0.0
    sign = -1 if found.objective in MAXIMIZED else 1
    return lost, round(sign * found.objective_value, 6)


def same(problem: SitingProblem, one: SitingResult, other: SitingResult) -> None:
    assert one.status == other.status
    if one.is_answer:
        assert worth(problem, one) == pytest.approx(worth(problem, other), abs=2e-6)


def check_weights_may_be_scaled(
    problem: SitingProblem, objective: str, new: int, factor: float
) -> None:
    one = find(problem, objective, new)
    other = find(replace(problem, weights=problem.weights * factor), objective, new)
    assert one.status == other.status
    if one.is_answer:
        scale = factor if objective in MAXIMIZED else 1.0
        assert other.objective_value == pytest.approx(one.objective_value * scale, rel=1e-6)
        assert unreached(problem, one) == pytest.approx(unreached(problem, other))


test_weights_may_be_scaled, test_weights_many = oracle.few_and_many(
    check_weights_may_be_scaled,
    oracle.problems(), OBJECTIVE, NEW, st.sampled_from([0.125, 3.0, 1000.0]), few=25, many=600,
)  # fmt: skip


def check_the_order_of_sites_and_points_makes_no_difference(
    problem: SitingProblem, objective: str, new: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    rows, sites = random.permutation(problem.n_demand), random.permutation(problem.n_sites)
    place = np.argsort(sites)
    mixed = replace(
        problem,
        times_min=problem.times_min[np.ix_(rows, sites)],
        **{name: getattr(problem, name)[rows] for name in ("weights", "zones", "conditions")},
        islands=np.where(
            problem.islands == "", np.arange(problem.n_demand).astype(str), problem.islands
        )[rows],
        **{
            name: getattr(problem, name)[sites]
            for name in ("existing", "site_costs", "closable", "movable", "required", "forbidden",
                         "kinds", "areas", "crews")
        },
        exclusive=tuple(tuple(int(place[j]) for j in group) for group in problem.exclusive),
    )  # fmt: skip
    one, other = find(problem, objective, new), find(mixed, objective, new)
    same(problem, one, replace(other, times_min=other.times_min[np.argsort(rows)]))
    if one.ties == other.ties == "proven":
        # Of equally good answers both take one that reaches as much with the same mean.
        means = [
            oracle.mean(p, oracle.plan(p, tuple(found.sites.tolist())))
            for p, found in ((problem, one), (mixed, other))
        ]
        assert means[0] == pytest.approx(means[1], nan_ok=True, abs=1e-6)
        assert unreached(problem, one) == pytest.approx(unreached(mixed, other))


test_order_makes_no_difference, test_order_many = oracle.few_and_many(
    check_the_order_of_sites_and_points_makes_no_difference,
    oracle.problems(), OBJECTIVE, NEW, st.integers(0, 99), few=25, many=600,
)  # fmt: skip


def check_the_same_question_has_the_same_answer(
    problem: SitingProblem, objective: str, new: int
) -> None:
    one, other = find(problem, objective, new), find(problem, objective, new)
    assert one.sites.tolist() == other.sites.tolist()
    assert one.assignment.tolist() == other.assignment.tolist()


test_same_answer_every_time, test_same_many = oracle.few_and_many(
    check_the_same_question_has_the_same_answer,
    oracle.problems(), OBJECTIVE, NEW, few=25, many=300,
)  # fmt: skip


def check_sites_that_are_kept_stay(problem: SitingProblem, objective: str, new: int) -> None:
    found = find(problem, objective, new)
    assume(found.is_answer)
    opened = np.zeros(problem.n_sites, dtype=bool)
    opened[found.sites] = True
    assert opened[problem.kept].all()
    assert opened[problem.required].all()
    assert not opened[problem.forbidden].any()
    gone = np.flatnonzero(problem.existing & ~problem.forbidden & ~opened)
    assert found.closed_sites.tolist() == gone.tolist()
    assert (problem.closable | problem.movable)[gone].all()
    assert found.new_sites.tolist() == np.flatnonzero(opened & ~problem.existing).tolist()


test_sites_that_are_kept_stay, test_kept_many = oracle.few_and_many(
    check_sites_that_are_kept_stay, oracle.problems(), OBJECTIVE, NEW, few=25, many=600
)


def check_more_room_never_hurts(problem: SitingProblem, objective: str, new: int) -> None:
    """One more site, one more candidate, more money, fewer rules: nothing gets worse."""
    one = find(problem, objective, new)
    assume(one.is_answer)
    freer = replace(
        problem, budget=None, exclusive=(), max_new_by_kind=None, min_new_by_area=None,
        min_open_by_area=None,
    )  # fmt: skip
    for other in (find(problem, objective, new + 1), find(freer, objective, new)):
        assert other.status == "optimal"
        assert worth(problem, other) <= tuple(w + 2e-6 for w in worth(problem, one))


test_more_room_never_hurts, test_room_many = oracle.few_and_many(
    check_more_room_never_hurts, oracle.problems(), OBJECTIVE, NEW, few=25, many=600
)


def check_one_more_candidate_never_hurts(
    problem: SitingProblem, objective: str, new: int, site: int
) -> None:
    site %= problem.n_sites
    assume(not problem.existing[site] and not problem.required[site])
    only = np.arange(problem.n_sites) == site
    without = replace(problem, forbidden=problem.forbidden | only)
    one = find(without, objective, new)
    # Whom this site alone reaches counts as soon as it is a candidate.
    assume(one.is_answer and len(without.unreachable()) == len(problem.unreachable()))
    other = find(replace(problem, forbidden=problem.forbidden & ~only), objective, new)
    assert worth(problem, other) <= tuple(w + 2e-6 for w in worth(problem, one))


test_one_more_candidate_never_hurts, test_candidate_many = oracle.few_and_many(
    check_one_more_candidate_never_hurts,
    oracle.problems(), OBJECTIVE, NEW, st.integers(0, 4), few=25, many=400,
)  # fmt: skip


def check_a_looser_target_never_needs_more_sites(
    problem: SitingProblem, objective: str, target: float, more: float
) -> None:
    tight = find(problem, objective, 0, target)
    assume(tight.is_answer)
    loose = find(problem, objective, 0, target + more)
    assert loose.status == "optimal"
    assert loose.objective_value <= tight.objective_value + 1e-6


test_a_looser_target_never_needs_more_sites, test_looser_many = oracle.few_and_many(
    check_a_looser_target_never_needs_more_sites,
    oracle.problems(), st.sampled_from(COUNTING), st.sampled_from([0.5, 2.0, 5.0]),
    st.sampled_from([0.0, 0.5, 3.0]), few=25, many=600,
)  # fmt: skip


def test_of_sites_alike_in_everything_the_first_are_taken() -> None:
    times = np.array([[9.0, 4.0, 4.0, 4.0], [9.0, 6.0, 6.0, 6.0]])
    problem = SitingProblem.from_matrix(times, existing=(0,))
    for objective in OBJECTIVES:
        found = find(problem, objective, 1, 6.0)
        assert found.new_sites.tolist() in ([1], []), objective
    both = find(SitingProblem.from_matrix(times), "double-standard", 2, 6.0)
    assert both.sites.tolist() == [1, 2]


def test_a_post_is_closed_where_that_saves_and_moved_where_that_helps() -> None:
    # Post 0 serves nobody best; post 1 would serve better from site 2.
    times = [[9.0, 5.0, 1.0], [9.0, 5.0, 2.0]]
    closing = SitingProblem.from_matrix(times, existing=(0, 1), closable=(0,))
    found = solve(closing, objective="min-sites", target_min=5.0)
    assert (found.objective_value, found.closed_sites.tolist()) == (-1.0, [0])
    moving = SitingProblem.from_matrix(times, existing=(0, 1), movable=(1,))
    moved = solve(moving, objective="min-mean", new=0)
    assert moved.closed_sites.tolist() == [1]
    assert moved.new_sites.tolist() == [2]


def test_kinds_have_their_own_costs_and_limits() -> None:
    """A boat berth at 1 reaches half the points, an ambulance post at 3 all of them."""
    times = [[4.0, 4.0], [np.nan, 4.0]]
    given: dict[str, Any] = {"kinds": ["boat_berth", "ambulance_post"], "site_costs": [1.0, 3.0]}
    problem = SitingProblem.from_matrix(times, **given)
    needed = solve(problem, objective="set-cover", target_min=5.0)
    assert (needed.objective_value, needed.sites.tolist()) == (3.0, [1])
    poor = SitingProblem.from_matrix(times, budget=2.0, **given)
    assert solve(poor, objective="max-coverage", new=2, target_min=5.0).sites.tolist() == [0]
    none = SitingProblem.from_matrix(times, max_new_by_kind={"ambulance_post": 0}, **given)
    assert solve(none, objective="set-cover", target_min=5.0).status == "infeasible"


def test_targets_may_have_to_hold_in_fog_too() -> None:
    """By site 1 the mean is 4 when calm but 20 in fog, by site 2 it is 9 in both."""
    calm = SitingProblem.from_matrix([[30.0, 4.0, 9.0]], existing=(0,))
    fog = SitingProblem.from_matrix([[30.0, 20.0, 9.0]], existing=(0,))
    both = {"calm": calm, "fog": fog}
    shares = {"calm": 0.9, "fog": 0.1}
    mixed = SitingProblem.across(both, shares=shares)
    assert solve(mixed, objective="min-sites", target_min=10.0).new_sites.tolist() == [1]
    strict = SitingProblem.across(both, shares=shares, must_hold=["fog"])
    assert solve(strict, objective="min-sites", target_min=10.0).new_sites.tolist() == [2]
    only = SitingProblem.across(both, shares={"calm": 1.0}, must_hold=["fog"])
    assert solve(only, objective="min-sites", target_min=10.0).new_sites.tolist() == [2]
    assert solve(only, objective="min-mean", new=1).new_sites.tolist() == [1]
