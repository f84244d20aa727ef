from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geodata.errors import InputError
from routing.siting import covering
from routing.siting.pcenter import solve_pcenter
from tests.routing.siting import or_library
from tests.routing.siting.test_pmedian import needs_instances

Times = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Published optima of the p-center problem on the same networks.
RADII = {"pmed1": 127, "pmed11": 59, "pmed21": 40, "pmed31": 30, "pmed35": 30, "pmed39": 23}


def by_enumeration(times: Times, p: int, fixed: list[int]) -> float:
    sets = map(list, itertools.combinations(range(times.shape[1]), p))
    return min(
        (float(times[:, s].min(axis=1).max()) for s in sets if set(fixed) <= set(s)), default=np.inf
    )


@st.composite
def problems(draw: st.DrawFn) -> tuple[Times, int, list[int]]:
    n, m = draw(st.integers(1, 8)), draw(st.integers(1, 7))
    entry = st.sampled_from([0.0, 1.0, 2.0, 2.5, 7.1, 11.0, 14.0, np.inf])
    times = np.array(draw(st.lists(entry, min_size=n * m, max_size=n * m))).reshape(n, m)
    p = draw(st.integers(1, m))
    return times, p, draw(st.lists(st.integers(0, m - 1), max_size=p, unique=True))


@settings(max_examples=300, deadline=None)
@given(problem=problems())
def test_answer_is_that_of_enumeration(problem: tuple[Times, int, list[int]]) -> None:
    times, p, fixed = problem
    best = by_enumeration(times, p, fixed)
    found = solve_pcenter(times, p, fixed_open=fixed)
    if np.isinf(best):
        assert found.status == "infeasible"
        return
    assert (found.status, found.objective, found.bound, found.gap) == ("optimal", best, best, 0.0)
    assert set(fixed) <= set(found.sites.tolist())
    assert len(found.sites) == p
    assert times[np.arange(len(times)), found.assignment].max() == best


def smallest_cover(reaches: Bools, kept: list[int]) -> float:
    m = reaches.shape[1]
    for size in range(len(kept), m + 1):
        for sites in itertools.combinations(range(m), size):
            if set(kept) <= set(sites) and reaches[:, list(sites)].any(axis=1).all():
                return size
    return np.inf


def random_cover(seed: int) -> tuple[Bools, NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    n, m = generator.integers(1, 12), generator.integers(1, 9)
    reaches = generator.random((n, m)) < generator.uniform(0.15, 0.6)
    reaches[np.arange(n), generator.integers(0, m, n)] = True
    return reaches, np.sort(generator.choice(m, generator.integers(0, min(3, m)), replace=False))


@pytest.mark.parametrize("seed", range(80))
def test_reductions_keep_the_size_of_the_smallest_cover(seed: int) -> None:
    reaches, kept = random_cover(seed)
    core = covering.reduce_cover(reaches, kept)
    rest = reaches[np.ix_(core.points, core.sites)]
    left = smallest_cover(rest, []) if len(core.points) else 0
    assert len(core.taken) + left == smallest_cover(reaches, kept.tolist())


@pytest.mark.parametrize("bounds_first", [True, False])
@pytest.mark.parametrize("seed", range(60))
def test_cover_is_found_where_there_is_one(
    seed: int, bounds_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not bounds_first:
        monkeypatch.setattr(
            covering.Search, "run", lambda self, node_limit: self.stack.append(None)
        )
    reaches, kept = random_cover(seed)
    smallest = smallest_cover(reaches, kept.tolist())
    for p in range(max(1, len(kept)), reaches.shape[1] + 1):
        found = covering.find_cover(reaches, p, kept=kept)
        assert found.status == ("optimal" if p >= smallest else "infeasible")
        if p >= smallest:
            assert len(found.sites) == p
            assert set(kept.tolist()) <= set(found.sites.tolist())
            assert reaches[:, found.sites].any(axis=1).all()


@needs_instances
@pytest.mark.parametrize("name", sorted(RADII))
def test_published_radius_is_proven(name: str) -> None:
    found = solve_pcenter(or_library.read(name), or_library.optima()[name][0])
    assert (found.status, found.objective, found.bound) == ("optimal", RADII[name], RADII[name])


def test_stopped_search_keeps_a_true_bound() -> None:
    times = or_library.random_network(120, 8)
    whole = solve_pcenter(times, 6)
    stopped = solve_pcenter(times, 6, time_limit_s=0.0)
    assert whole.status == "optimal"
    assert stopped.status in ("feasible", "unknown")
    assert stopped.bound <= whole.objective


def test_more_sites_never_widen_the_radius() -> None:
    times = or_library.random_network(60, 2)
    radii = [solve_pcenter(times, p).objective for p in range(1, 10)]
    assert radii == sorted(radii, reverse=True)


def test_same_seed_gives_the_same_sites() -> None:
    times = or_library.random_network(100, 4)
    first, again = (solve_pcenter(times, 7, seed=1) for _ in range(2))
    np.testing.assert_array_equal(first.sites, again.sites)


def test_no_demand_needs_no_time() -> None:
    assert solve_pcenter(np.empty((0, 2)), 1).objective == 0.0


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError):
        solve_pcenter([[1.0, np.nan]], 1)
    with pytest.raises(InputError):
        solve_pcenter([[1.0, 2.0]], 3)
