"""Siting objectives against brute force over every set of sites."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from geodata.errors import InputError
from routing.siting.problem import SitingProblem, nearest_min
from routing.siting.solve import solve

MINUTES = st.sampled_from([0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, float("nan")])


@st.composite
def problems(draw: st.DrawFn) -> SitingProblem:
    """Small problems with ties, unreachable pairs, zero weights, two zones and existing sites."""
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    times = [[draw(MINUTES) for _ in range(m)] for _ in range(n)]
    weights = [draw(st.sampled_from([0.0, 1.0, 2.0, 7.0])) for _ in range(n)]
    zones = [draw(st.sampled_from(["main_urban", "rural"])) for _ in range(n)]
    existing = draw(st.lists(st.integers(0, m - 1), unique=True, max_size=m))
    costs = [draw(st.sampled_from([1.0, 1.0, 3.0])) for _ in range(m)]
    return SitingProblem.from_matrix(
        times, weights=weights, zones=zones, existing=existing, site_costs=costs
    )


def meets(problem: SitingProblem, opened: tuple[int, ...], target: dict[str, float]) -> bool:
    times = nearest_min(
        problem.times_min, np.r_[np.flatnonzero(problem.existing), opened].astype(int)
    )
    means = problem.mean_min(times)
    return all(np.isnan(means[z]) or means[z] <= bound + 1e-6 for z, bound in target.items())


def every_choice(problem: SitingProblem) -> list[tuple[int, ...]]:
    free = np.flatnonzero(~problem.existing).tolist()
    return [c for k in range(len(free) + 1) for c in combinations(free, k)]


@settings(max_examples=50, deadline=None)
@given(problems(), st.sampled_from([0.5, 2.0, 4.0]), st.sampled_from([1.0, 3.0, 6.0]))
def test_min_sites_finds_the_cheapest_set_that_meets_every_target(
    problem: SitingProblem, urban: float, rural: float
) -> None:
    bounds = {"main_urban": urban, "rural": rural}
    target = {z: b for z, b in bounds.items() if z in set(problem.zones.tolist())}
    feasible = [c for c in every_choice(problem) if meets(problem, c, target)]
    found = solve(problem, objective="min-sites", target_min=target, reach_all=False)
    if not feasible:
        assert found.status == "infeasible"
        return
    cheapest = min(problem.site_costs[list(c)].sum() for c in feasible)
    assert found.status == "optimal"
    assert found.objective_value == pytest.approx(cheapest, abs=1e-6)
    assert problem.site_costs[found.new_sites].sum() == pytest.approx(cheapest, abs=1e-6)
    assert meets(problem, tuple(found.new_sites.tolist()), target)


@settings(max_examples=50, deadline=None)
@given(problems(), st.integers(0, 3))
def test_min_mean_reaches_the_most_weight_and_then_takes_the_fewest_minutes(
    problem: SitingProblem, new: int
) -> None:
    new = min(new, int((~problem.existing).sum()))
    found = solve(problem, objective="min-mean", new=new)

    def worth(opened: tuple[int, ...]) -> tuple[float, float]:
        sites = np.r_[np.flatnonzero(problem.existing), opened].astype(int)
        times = nearest_min(problem.times_min, sites)
        unreached = problem.weights[np.isnan(times)].sum()
        return float(unreached), float(np.nansum(problem.weights * times))

    best = min(worth(c) for c in every_choice(problem) if len(c) <= new)
    assert found.status == "optimal"
    assert worth(tuple(found.new_sites.tolist())) == pytest.approx(best, abs=1e-6)


def test_min_mean_reaches_whom_nobody_reaches_today() -> None:
    # Point 1 is unreachable today; site 1 reaches it, site 2 only speeds up point 0.
    problem = SitingProblem.from_matrix(
        [[10.0, np.nan, 1.0], [np.nan, 12.0, np.nan]], existing=(0,)
    )
    assert solve(problem, objective="min-mean", new=1).new_sites.tolist() == [1]


def test_a_mean_equal_to_its_target_needs_no_site() -> None:
    problem = SitingProblem.from_matrix([[13.0, 1.0], [15.0, 1.0]], existing=(0,))
    assert solve(problem, objective="min-sites", target_min=14.0).objective_value == 0.0
    assert solve(problem, objective="min-sites", target_min=13.99).objective_value == 1.0


def test_among_the_fewest_sites_the_fastest_are_taken() -> None:
    problem = SitingProblem.from_matrix([[20.0, 9.0, 4.0]], existing=(0,))
    assert solve(problem, objective="min-sites", target_min=10.0).new_sites.tolist() == [2]


def test_impossible_targets_are_infeasible_and_nothing_is_invented() -> None:
    problem = SitingProblem.from_matrix([[20.0, 9.0]], existing=(0,))
    found = solve(problem, objective="min-sites", target_min=5.0)
    assert found.status == "infeasible"
    assert np.isnan(found.objective_value)
    assert np.isnan(found.bound)
    assert found.sites.size == 0


def test_sparse_times_leave_absent_pairs_unreachable() -> None:
    times = sparse.coo_array(([0.0, 7.0], ([0, 1], [0, 1])), shape=(2, 2))
    problem = SitingProblem.from_matrix(times)
    assert np.isnan(problem.times_min).tolist() == [[False, True], [True, False]]
    assert problem.times_min[0, 0] == 0.0


@settings(max_examples=40, deadline=None)
@given(problems(), st.floats(0.001, 1000.0))
def test_scaling_weights_changes_nothing(problem: SitingProblem, factor: float) -> None:
    scaled = SitingProblem.from_matrix(
        problem.times_min,
        weights=problem.weights * factor,
        zones=problem.zones.tolist(),
        existing=np.flatnonzero(problem.existing).tolist(),
        site_costs=np.where(problem.existing, 1.0, problem.site_costs),
    )
    one, other = (solve(p, objective="min-sites", target_min=3.0) for p in (problem, scaled))
    assert one.status == other.status
    if one.status == "optimal":
        assert other.objective_value == pytest.approx(one.objective_value)


def test_relaxing_the_target_never_needs_more_sites() -> None:
    rng = np.random.default_rng(7)
    problem = SitingProblem.from_matrix(
        np.c_[np.full(40, 60.0), rng.uniform(2, 60, (40, 12))], existing=(0,)
    )
    counts = [
        solve(problem, objective="min-sites", target_min=t).objective_value
        for t in (15.0, 20.0, 30.0, 60.0)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0.0


def test_existing_sites_stay_and_assignment_names_the_nearest() -> None:
    problem = SitingProblem.from_matrix([[5.0, 9.0, 1.0], [2.0, 3.0, np.nan]], existing=(0, 1))
    found = solve(problem, objective="min-mean", new=1)
    assert found.sites.tolist() == [0, 1, 2]
    assert found.assignment.tolist() == [2, 0]
    assert found.times_min.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"weights": [1.0, -1.0]}, "weights"),
        ({"weights": [1.0]}, "weights"),
        ({"weights": [1.0, np.nan]}, "weights"),
        ({"zones": ["a"]}, "zones"),
        ({"existing": [7]}, "existing"),
        ({"site_costs": [1.0, np.inf]}, "site_costs"),
    ],
)
def test_faulty_problems_are_refused(change: dict[str, object], where: str) -> None:
    with pytest.raises(InputError) as caught:
        SitingProblem.from_matrix([[1.0, 2.0], [3.0, 4.0]], **change)  # type: ignore[arg-type]
    assert caught.value.faults[0].where == where


def test_negative_times_and_empty_problems_are_refused() -> None:
    with pytest.raises(InputError):
        SitingProblem.from_matrix([[-1.0]])
    with pytest.raises(InputError):
        SitingProblem.from_matrix(np.empty((3, 0)))


@pytest.mark.parametrize(
    "asked",
    [
        {"objective": "nearest"},
        {"objective": "min-sites"},
        {"objective": "min-mean"},
        {"objective": "min-mean", "new": 3},
        {"objective": "min-mean", "new": -1},
        {"objective": "min-sites", "target_min": {"elsewhere": 5.0}},
        {"objective": "min-sites", "target_min": float("nan")},
    ],
)
def test_faulty_questions_are_refused(asked: dict[str, object]) -> None:
    problem = SitingProblem.from_matrix([[1.0, 2.0]])
    with pytest.raises(InputError):
        solve(problem, **asked)  # type: ignore[arg-type]
