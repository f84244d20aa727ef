from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geodata.errors import InputError
from routing.siting import coverage
from routing.siting.coverage import solve_max_coverage
from routing.siting.coverage_loops import lower_uncovered
from routing.siting.merging import CoverGroups, CoverMerger, merge_plane

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def merged(covers: Bools, weights: Floats) -> CoverGroups:
    merger = CoverMerger(covers.shape[1])
    merger.add_table(covers, weights)
    return merger.finish()


def as_sets(groups: CoverGroups) -> dict[tuple[int, ...], float]:
    found: dict[tuple[int, ...], float] = {}
    for g, weight in enumerate(groups.weights.tolist()):
        members = tuple(groups.sites[groups.starts[g] : groups.starts[g + 1]].tolist())
        assert members not in found
        found[members] = weight
    return found


def naive_sets(covers: Bools, weights: Floats) -> dict[tuple[int, ...], float]:
    found: dict[tuple[int, ...], float] = {}
    for row, weight in zip(covers, weights.tolist(), strict=True):
        members = tuple(np.flatnonzero(row).tolist())
        if members:
            found[members] = found.get(members, 0.0) + weight
    return found


def best_cover(covers: Bools, weights: Floats, p: int, fixed: list[int]) -> float:
    sets = map(list, itertools.combinations(range(covers.shape[1]), p))
    return max(float(weights[covers[:, s].any(axis=1)].sum()) for s in sets if set(fixed) <= set(s))


@st.composite
def problems(draw: st.DrawFn) -> tuple[Bools, Floats, int, list[int]]:
    n, m = draw(st.integers(1, 14)), draw(st.integers(1, 8))
    density = draw(st.sampled_from([0.1, 0.3, 0.6]))
    generator = np.random.default_rng(draw(st.integers(0, 10**6)))
    covers = generator.random((n, m)) < density
    weights = generator.integers(0, 9, n) * draw(st.sampled_from([1.0, 0.37, 1000.0]))
    p = draw(st.integers(1, m))
    return covers, weights, p, draw(st.lists(st.integers(0, m - 1), max_size=p, unique=True))


@settings(max_examples=200, deadline=None)
@given(problem=problems(), seed=st.integers(0, 2))
def test_answer_is_that_of_enumeration(
    problem: tuple[Bools, Floats, int, list[int]], seed: int
) -> None:
    covers, weights, p, fixed = problem
    best = best_cover(covers, weights, p, fixed)
    found = solve_max_coverage(merged(covers, weights), p, fixed_open=fixed, seed=seed)
    assert found.status == "optimal"
    assert found.objective == pytest.approx(best, rel=1e-6, abs=1e-9)
    assert found.bound >= best - 1e-9
    assert set(fixed) <= set(found.sites.tolist())
    assert len(found.sites) == p
    covered = weights[covers[:, found.sites].any(axis=1)].sum()
    assert found.objective == pytest.approx(covered, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(problem=problems())
def test_bound_without_search_is_true(problem: tuple[Bools, Floats, int, list[int]]) -> None:
    covers, weights, p, fixed = problem
    groups = merged(covers, weights)
    found = solve_max_coverage(groups, p, fixed_open=fixed, time_limit_s=0.0)
    best = best_cover(covers, weights, p, fixed)
    assert found.objective <= best + 1e-9 <= found.bound + 1e-6
    if found.status == "optimal":
        assert found.objective == pytest.approx(best, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seed", range(30))
def test_lagrangian_bound_never_exceeds_what_stays_uncovered(seed: int) -> None:
    generator = np.random.default_rng(seed)
    covers = generator.random((15, 7)) < 0.3
    weights = generator.integers(1, 20, 15).astype(float)
    groups = merged(covers, weights)
    left = groups.weights.sum() - groups.covered([0, 1, 2])
    bound = lower_uncovered(
        groups.starts, groups.sites, groups.weights, 7, 3, left, 300,
        0.6 * groups.weights, np.zeros(7), np.inf,
    )  # fmt: skip
    truth = groups.weights.sum() - best_cover(covers, weights, 3, [])
    assert bound <= truth + 1e-9


def test_merging_gives_the_sums_by_cover_set_however_the_points_come() -> None:
    generator = np.random.default_rng(3)
    covers = generator.random((5000, 14)) < 0.4
    weights = generator.integers(0, 100, 5000).astype(float)
    groups = merged(covers, weights)
    merger = CoverMerger(14)
    for part in np.array_split(np.arange(5000), 7):
        merger.add_table(covers[part], weights[part])
    assert as_sets(groups) == as_sets(merger.finish()) == naive_sets(covers, weights)
    assert groups.out_of_reach == weights[~covers.any(axis=1)].sum()
    assert groups.n_points == 5000


def test_groups_without_some_sites_are_those_of_the_smaller_problem() -> None:
    generator = np.random.default_rng(4)
    covers = generator.random((400, 9)) < 0.3
    weights = generator.integers(1, 100, 400).astype(float)
    groups = merged(covers, weights).without([2], [0, 5])
    rest = ~covers[:, 2]
    smaller = covers[rest].copy()
    smaller[:, [0, 5]] = False
    assert as_sets(groups) == naive_sets(smaller, weights[rest])
    assert groups.weights.sum() + groups.out_of_reach == weights[rest].sum() + 0.0


@pytest.mark.parametrize("inclusive", [True, False])
def test_points_on_a_plane_are_covered_as_their_distance_says(inclusive: bool) -> None:
    # Whole coordinates and a radius of 5 put many points at exactly that distance (3, 4, 5).
    generator = np.random.default_rng(6)
    points = generator.integers(-8, 40, (3000, 2)).astype(float)
    sites = generator.integers(0, 30, (12, 2)).astype(float)
    weights = generator.integers(1, 9, 3000).astype(float)
    square = ((points[:, None] - sites[None]) ** 2).sum(axis=2)
    covers = square <= 25 if inclusive else square < 25
    assert (square == 25).any()
    groups = merge_plane(sites, [(points, weights)], 5.0, inclusive=inclusive)
    assert as_sets(groups) == naive_sets(covers, weights)


def uniform_square(n_points: int, n_sites: int, seed: int) -> tuple[Floats, Floats, Floats]:
    """Sites, then points, uniform on a square of side 30; demand 1 to 100."""
    generator = np.random.default_rng(seed)
    sites = generator.uniform(0, 30, (n_sites, 2))
    points = generator.uniform(0, 30, (n_points, 2))
    return sites, points, generator.integers(1, 101, n_points).astype(float)


def test_time_limit_is_never_reported_as_optimal() -> None:
    # At 100,000 points a peer took its time limit for a proof, 37 % below the optimum.
    sites, points, weights = uniform_square(100_000, 100, 0)
    groups = merge_plane(sites, [(points, weights)], 5.5, inclusive=False)
    stopped = solve_max_coverage(groups, 10, time_limit_s=0.0)
    proven = solve_max_coverage(groups, 10)
    assert stopped.status == "feasible"
    assert proven.status == "optimal"
    assert stopped.objective <= proven.objective <= stopped.bound
    assert proven.gap <= 1e-6


def test_problem_too_large_for_the_search_is_answered_with_its_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sites, points, weights = uniform_square(20_000, 60, 2)
    groups = merge_plane(sites, [(points, weights)], 5.5)
    proven = solve_max_coverage(groups, 6)
    monkeypatch.setattr(coverage, "_TABLE_ENTRIES", 0)
    found = solve_max_coverage(groups, 6)
    assert found.objective <= proven.objective <= found.bound + 1e-6
    assert found.status == "feasible" or found.objective == proven.objective


def test_same_seed_gives_the_same_sites() -> None:
    sites, points, weights = uniform_square(5000, 50, 1)
    groups = merge_plane(sites, [(points, weights)], 4.0)
    first, again = (solve_max_coverage(groups, 8, seed=2) for _ in range(2))
    np.testing.assert_array_equal(first.sites, again.sites)


def test_more_sites_never_cover_less() -> None:
    sites, points, weights = uniform_square(3000, 25, 7)
    groups = merge_plane(sites, [(points, weights)], 4.0)
    values = [solve_max_coverage(groups, p).objective for p in range(1, 12)]
    assert values == sorted(values)


def test_demand_that_no_site_reaches_is_counted_apart() -> None:
    found = merged(np.array([[True, False], [False, False]]), np.array([2.0, 5.0]))
    assert found.out_of_reach == 5.0
    assert solve_max_coverage(found, 1).objective == 2.0


def test_bad_input_is_refused() -> None:
    groups = merged(np.array([[True, False]]), np.array([1.0]))
    for p, fixed in ((0, []), (3, []), (1, [0, 1]), (1, [7])):
        with pytest.raises(InputError):
            solve_max_coverage(groups, p, fixed_open=fixed)
    for weights in ([-1.0], [np.nan], [1.0, 2.0]):
        with pytest.raises(InputError):
            CoverMerger(2).add_table([[True, False]], weights)
    with pytest.raises(InputError):
        CoverMerger(2).add_table([[True]], [1.0])
