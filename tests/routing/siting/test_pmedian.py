from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geodata.errors import InputError
from routing.siting import lagrangian, radius, search
from routing.siting.grid import lay_grid
from routing.siting.pmedian import MedianSolution, solve_pmedian
from routing.siting.swap import interchange
from tests.routing.siting import or_library

Costs = NDArray[np.float64]

needs_instances = pytest.mark.skipif(
    or_library.folder() is None,
    reason="the OR-Library instances are not at hand (ISLAND_RESPONSE_SHARED, or ../shared)",
)


def by_enumeration(costs: Costs, p: int, fixed: list[int]) -> float:
    sets = itertools.combinations(range(costs.shape[1]), p)
    return min(
        (float(costs[:, s].min(axis=1).sum()) for s in map(list, sets) if set(fixed) <= set(s)),
        default=np.inf,
    )


@st.composite
def problems(draw: st.DrawFn) -> tuple[Costs, int, list[int]]:
    """Small tables with ties, zeros, forbidden pairs, whole and other costs, some below zero."""
    n, m = draw(st.integers(1, 9)), draw(st.integers(1, 8))
    top = draw(st.sampled_from([1, 3, 30, 10**6]))
    scale = draw(st.sampled_from([1.0, 6.0, 0.1, 1 / 3]))
    shift = draw(st.sampled_from([0.0, 0.0, -7.0]))
    some = st.integers(0, top).map(lambda k: k * scale + shift)
    entry = st.one_of(some, some, some, st.just(np.inf)) if draw(st.booleans()) else some
    costs = np.array(draw(st.lists(entry, min_size=n * m, max_size=n * m))).reshape(n, m)
    p = draw(st.integers(1, m))
    fixed = draw(st.lists(st.integers(0, m - 1), max_size=p, unique=True))
    return costs, p, fixed


def check(problem: tuple[Costs, int, list[int]], found: MedianSolution) -> None:
    costs, p, fixed = problem
    best = by_enumeration(costs, p, fixed)
    if np.isinf(best):
        assert found.status == "infeasible"
        assert np.isnan(found.objective)
        assert len(found.sites) == 0
        return
    assert found.status == "optimal"
    assert found.objective == pytest.approx(best, rel=1e-7, abs=1e-9)
    assert found.bound <= best + 1e-12 * abs(best)
    size = 1.0 + np.abs(costs[np.isfinite(costs)]).sum()
    assert found.objective - found.bound <= 2e-7 * max(abs(best), 1e-6 * size)
    assert sorted({*found.sites.tolist(), *fixed}) == found.sites.tolist()
    assert len(found.sites) == p
    served = costs[np.arange(len(costs)), found.assignment]
    np.testing.assert_array_equal(served, costs[:, found.sites].min(axis=1))


@settings(max_examples=400, deadline=None)
@given(problem=problems(), seed=st.integers(0, 3))
def test_answer_is_that_of_enumeration(problem: tuple[Costs, int, list[int]], seed: int) -> None:
    costs, p, fixed = problem
    check(problem, solve_pmedian(costs, p, fixed_open=fixed, seed=seed))


@pytest.fixture
def _hand_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_expected_ms", lambda _: -1.0)
    monkeypatch.setattr(search, "_ROOT_STEPS", 2)


@pytest.mark.usefixtures("_hand_over_at_once")
@pytest.mark.parametrize("seed", range(60))
def test_answer_is_that_of_enumeration_when_or_tools_gets_the_core(seed: int) -> None:
    generator = np.random.default_rng(seed)
    n, m = generator.integers(3, 12), generator.integers(3, 10)
    costs = generator.integers(0, 9, (n, m)) * generator.choice([1.0, 0.7])
    costs[generator.random((n, m)) < 0.2] = np.inf
    p = int(generator.integers(1, m))
    check((costs, p, []), solve_pmedian(costs, p))


@pytest.mark.parametrize("seed", range(40))
def test_core_is_solved_like_by_enumeration(seed: int) -> None:
    generator = np.random.default_rng(seed)
    n, m = 6, 6
    costs = generator.integers(0, 10, (n, m))
    cap = generator.integers(3, 14, n)
    limit = generator.integers(4, 20, n).astype(np.int64)
    q = int(generator.integers(1, 4))
    core = radius.Core(costs, cap, limit, q)
    found = radius.solve_core(core, scale=1.0, gap=0.5, node_limit=1000, time_limit_s=20.0)
    served = [
        np.minimum(cap, costs[:, s].min(axis=1))
        for s in map(list, itertools.combinations(range(m), q))
    ]
    allowed = [int(s.sum()) for s in served if (s <= limit).all()]
    assert found.complete
    if not allowed:
        assert found.bound == np.inf
    else:
        assert found.bound == pytest.approx(min(allowed), abs=0.5)
        assert found.chosen is not None
        assert np.minimum(cap, costs[:, found.chosen].min(axis=1)).sum() == min(allowed)


@settings(max_examples=100, deadline=None)
@given(problem=problems())
def test_bound_of_a_stopped_search_is_true(problem: tuple[Costs, int, list[int]]) -> None:
    costs, p, fixed = problem
    found = solve_pmedian(costs, p, fixed_open=fixed, time_limit_s=0.0)
    best = by_enumeration(costs, p, fixed)
    if np.isfinite(best):
        assert found.status in ("feasible", "unknown")
        assert found.bound <= best + 1e-9 * abs(best)
    else:
        assert found.status in ("infeasible", "unknown")
    if found.status == "feasible":
        assert found.objective >= best - 1e-9 * abs(best)


def test_time_limit_is_never_reported_as_optimal() -> None:
    costs = or_library.random_network(200, 5)
    whole = solve_pmedian(costs, 20)
    stopped = solve_pmedian(costs, 20, time_limit_s=0.0)
    assert whole.status == "optimal"
    assert stopped.status == "feasible"
    assert stopped.bound <= whole.objective <= stopped.objective


@settings(max_examples=60, deadline=None)
@given(problem=problems(), data=st.data())
def test_lagrangian_bound_never_exceeds_the_optimum(
    problem: tuple[Costs, int, list[int]], data: st.DataObject
) -> None:
    costs, p, _ = problem
    best = by_enumeration(costs, p, [])
    if not np.isfinite(best):
        return
    grid = lay_grid(costs)
    n = len(costs)
    top = max(1, int(grid.dearest.max()))
    u = np.array(data.draw(st.lists(st.integers(0, top), min_size=n, max_size=n)), dtype=np.int64)
    bound, _, _, _ = lagrangian.ascend(
        grid.costs, grid.costs_by_demand, grid.far, np.zeros(costs.shape[1], np.int8),
        np.full(n, grid.far), u, np.ones(n), np.zeros(n), np.zeros(costs.shape[1]),
        np.array([1.0, 8.0, 0.6, 0.01, 0.004, 0.0, 0.1, 0.85]), p, 0, 1, grid.far, np.arange(p),
        1, 0,
    )  # fmt: skip
    assert grid.to_cost(int(bound)) <= best + 1e-9 * max(1.0, abs(best))


@pytest.mark.parametrize("seed", range(20))
def test_no_single_swap_improves_on_interchange(seed: int) -> None:
    generator = np.random.default_rng(seed)
    n, m, p, kept = 12, 9, 4, 1
    costs = generator.integers(0, 20, (n, m))
    far = 1000
    costs[generator.random((n, m)) < 0.3] = far
    sites = generator.choice(m, p, replace=False)
    first = sites[0]
    cost = interchange(costs, sites, kept, far, 1000)
    assert sites[0] == first
    assert cost == costs[:, sites].min(axis=1).sum()
    for r, f in itertools.product(range(kept, p), set(range(m)) - set(sites.tolist())):
        other = sites.copy()
        other[r] = f
        assert costs[:, other].min(axis=1).sum() >= cost


@needs_instances
@pytest.mark.parametrize("name", sorted(or_library.optima()))
def test_known_optimum_is_proven(name: str) -> None:
    p, optimum = or_library.optima()[name]
    found = solve_pmedian(or_library.read(name), p)
    assert (found.status, found.objective, found.bound) == ("optimal", optimum, optimum)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "p"), [(400, 10), (300, 60), (500, 50), (200, 67), (600, 10)])
def test_costs_that_are_not_whole_lead_to_the_same_sites_cost(n: int, p: int) -> None:
    costs = or_library.random_network(n, n + p)
    whole = solve_pmedian(costs, p)
    scaled = solve_pmedian(costs * (60 / 37.3), p)
    assert (whole.status, scaled.status) == ("optimal", "optimal")
    assert scaled.objective == pytest.approx(whole.objective * 60 / 37.3, rel=1e-6)


def test_same_seed_gives_the_same_sites() -> None:
    costs = or_library.random_network(150, 3)
    first, again = (solve_pmedian(costs, 12, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.sites, again.sites)
    assert first.nodes == again.nodes


def test_more_sites_never_cost_more_and_weights_scale_the_objective() -> None:
    costs = or_library.random_network(80, 9)
    values = [solve_pmedian(costs, p).objective for p in range(1, 12)]
    assert values == sorted(values, reverse=True)
    assert solve_pmedian(costs * 3, 5).objective == 3 * values[4]


def test_lowest_site_wins_a_tie() -> None:
    found = solve_pmedian([[2, 1, 1], [9, 1, 1]], 3)
    assert found.assignment.tolist() == [1, 1]


def test_one_site_and_all_sites() -> None:
    costs = np.array([[0.0, 4, 9], [4, 0, 5], [9, 5, 0]])
    assert solve_pmedian(costs, 1).sites.tolist() == [1]
    assert solve_pmedian(costs, 3).objective == 0.0


def test_no_demand_costs_nothing() -> None:
    found = solve_pmedian(np.empty((0, 3)), 2, fixed_open=[2])
    assert (found.status, found.objective, len(found.sites)) == ("optimal", 0.0, 2)
    assert 2 in found.sites


def test_point_that_nobody_may_serve_makes_it_infeasible() -> None:
    assert solve_pmedian([[1.0, 2.0], [np.inf, np.inf]], 1).status == "infeasible"


@pytest.mark.parametrize(
    ("costs", "p", "fixed"),
    [
        ([[1.0, 2.0]], 0, []),
        ([[1.0, 2.0]], 3, []),
        ([[1.0, 2.0]], 1, [0, 1]),
        ([[1.0, 2.0]], 1, [2]),
        ([[1.0, np.nan]], 1, []),
        ([[1.0, -np.inf]], 1, []),
        ([1.0, 2.0], 1, []),
        (np.empty((2, 0)), 1, []),
    ],
)
def test_bad_input_is_refused(costs: object, p: int, fixed: list[int]) -> None:
    with pytest.raises(InputError):
        solve_pmedian(np.asarray(costs), p, fixed_open=fixed)
