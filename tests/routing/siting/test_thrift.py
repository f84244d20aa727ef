"""Equally good answers: no closure, move or new site that gains nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from routing.siting.problem import SitingProblem
from routing.siting.result import SitingResult
from routing.siting.solve import solve
from tests.routing.siting import oracle

# Site 0 is open today; site 1 is as fast, site 2 faster for the second point alone.
TIMES = [[5.0, 5.0, 9.0], [8.0, 8.0, 7.0]]
ROOM = 1e-6


def open_today(**rules: object) -> SitingProblem:
    return SitingProblem.from_matrix(TIMES, existing=[0], **rules)  # type: ignore[arg-type]


@pytest.mark.parametrize("objective", ["min-mean", "min-worst", "equity", "survival"])
@pytest.mark.parametrize("new", [0, 1])
def test_a_post_that_moves_for_no_gain_stays(objective: str, new: int) -> None:
    found = solve(open_today(movable=[0]), objective=objective, new=new)
    assert found.closed_sites.tolist() == []
    assert found.new_sites.tolist() == [2][:new]


def test_a_new_site_that_nobody_needs_is_left_out() -> None:
    found = solve(open_today(), objective="max-coverage", new=2, target_min=9.0)
    assert found.new_sites.tolist() == [2]


def test_a_required_site_stays_even_if_nobody_needs_it() -> None:
    found = solve(open_today(required=[1]), objective="min-worst", new=2)
    assert found.new_sites.tolist() == [1, 2]


def test_the_fewest_sites_move_as_few_posts_as_can_be() -> None:
    # Moving post 0 to site 2 and post 1 to site 3 would have the least mean; the second suffices.
    times = [[6.0, 30.0, 5.0, 30.0], [30.0, 20.0, 30.0, 6.0]]
    problem = SitingProblem.from_matrix(times, existing=[0, 1], movable=[0, 1])
    found = solve(problem, objective="min-sites", target_min=10.0)
    assert (found.objective_value, found.closed_sites.tolist()) == (0.0, [1])
    assert found.new_sites.tolist() == [3]


def check_fewest_changes(problem: SitingProblem, target: float) -> None:
    every = [judged(problem, one, target) for one in oracle.plans(problem, None)]
    kept = [(cost, closed) for cost, closed, met in every if met]
    assume(kept)
    found = solve(problem, objective="min-sites", target_min=target, reach_all=False)
    least = min(cost for cost, _ in kept)
    fewest = min(closed for cost, closed in kept if cost <= least + ROOM)
    assert found.objective_value == pytest.approx(least)
    assert len(found.closed_sites) == fewest


def judged(problem: SitingProblem, one: oracle.Plan, target: float) -> tuple[float, int, bool]:
    """Return a plan's cost, the number of posts it closes or moves, and whether it meets."""
    open_now = np.flatnonzero(problem.existing & ~problem.forbidden)
    closed = len(set(open_now.tolist()) - set(one.sites))
    bounds = dict.fromkeys(set(problem.zones.tolist()), target)
    return one.cost, closed, oracle.meets_means(problem, one, bounds)


def check_no_change_is_needless(problem: SitingProblem, new: int) -> None:
    new = min(new, int((problem.undecided & ~problem.existing).sum()))
    required = int((problem.required & ~problem.existing).sum())
    found = least_mean(problem, max(new, required))
    mine = oracle.plan(problem, tuple(found.sites.tolist()))
    for other in oracle.plans(problem, max(new, required)):
        changed = set(other.sites) ^ set(mine.sites)
        there = set(np.flatnonzero(problem.existing).tolist())
        undone = all((site in there) == (site in other.sites) for site in changed)
        # One post back, or one new site less, or both.
        if changed and undone and len(changed & there) <= 1 and len(changed - there) <= 1:
            worth = [(oracle.unreached(problem, p), oracle.mean(problem, p)) for p in (other, mine)]
            assert worth[0][0] > worth[1][0] + 1e-9 or worth[0][1] > worth[1][1] + 1e-12


def least_mean(problem: SitingProblem, new: int) -> SitingResult:
    found = solve(problem, objective="min-mean", new=new)
    assume(found.status == "optimal")
    assume(problem.importance.sum() > 0)
    return found


test_fewest_changes_of_all_cheapest_plans, test_fewest_changes_of_many = oracle.few_and_many(
    check_fewest_changes, oracle.problems(), st.sampled_from([2.0, 4.0, 9.0])
)
test_no_single_change_is_needless, test_no_single_change_of_many = oracle.few_and_many(
    check_no_change_is_needless, oracle.problems(), st.integers(0, 4)
)
