"""Exchanges of sites for two crews near, and the proofs that start from them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from routing.siting import SitingProblem, solve, two_crews
from routing.siting.clock import Clock
from routing.siting.objectives import crews as crews_objective
from tests.routing.siting import oracle

Ints = NDArray[np.int64]


class Case:
    """A random problem: which sites are near which rows, and what the rows lack."""

    def __init__(self, seed: int, n: int, m: int) -> None:
        random = np.random.default_rng(seed)
        self.near = random.random((n, m)) < 0.5
        self.lack = random.integers(1, 3, n)
        self.weights = random.choice([0.0, 1.0, 2.5, 7.0], n)
        self.crews = random.choice([1, 1, 1, 2, 3], m)

    def reached(self, sites: set[int]) -> float:
        """Return the weight of the rows whose lack the sites make good, row by row."""
        total = 0.0
        for row, lack in enumerate(self.lack):
            there = sum(int(self.crews[j]) for j in sites if self.near[row, j])
            total += float(self.weights[row]) if there >= lack else 0.0
        return total

    def exchanged(self, n_open: int, seed: int = 0, clock: Clock | None = None) -> Ints:
        return two_crews.exchanged(
            self.near, lack=self.lack, weights=self.weights, crews=self.crews, n_open=n_open,
            seed=seed, clock=clock or Clock(),
        )  # fmt: skip


def neighbours(found: set[int], m: int, most: int) -> list[set[int]]:
    """Return every set in which at most so many of the sites are others."""
    return [
        set(other)
        for other in combinations(range(m), len(found))
        if len(found - set(other)) <= most
    ]


def check_no_exchange_of_two_sites_helps(seed: int, n: int, m: int, n_open: int) -> None:
    case, n_open = Case(seed, n, m), min(n_open, m)
    opened = case.exchanged(n_open)
    found = set(opened.tolist())
    assert opened.tolist() == sorted(found)
    assert len(found) == n_open
    assert case.exchanged(n_open).tolist() == opened.tolist()
    best = max(case.reached(other) for other in neighbours(found, m, 2))
    assert case.reached(found) == pytest.approx(best)


test_no_exchange_of_two_sites_helps, test_exchange_many = oracle.few_and_many(
    check_no_exchange_of_two_sites_helps,
    st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 8), st.integers(1, 4),
    few=60, many=1000,
)  # fmt: skip


def test_where_pairs_are_too_many_sites_are_exchanged_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(two_crews, "_PAIR_ENTRIES", 0.0)
    for seed in range(20):
        case = Case(seed, 12, 8)
        found = set(case.exchanged(3).tolist())
        best = max(case.reached(other) for other in neighbours(found, 8, 1))
        assert case.reached(found) == pytest.approx(best)


def test_sites_come_when_the_time_is_over_too() -> None:
    assert len(Case(1, 12, 8).exchanged(3, clock=Clock(0.0))) == 3


def town(seed: int) -> SitingProblem:
    """Forty places and twelve sites in a town of ten minutes across, two of them open."""
    random = np.random.default_rng(seed)
    places, sites = random.uniform(0, 10, (40, 2)), random.uniform(0, 10, (12, 2))
    times = np.linalg.norm(places[:, None] - sites, axis=2)
    crews = random.choice([1, 1, 2], 12).tolist()
    weights = random.integers(1, 9, 40)
    return SitingProblem.from_matrix(times, weights=weights, crews=crews, existing=[0, 5])


def most_doubled(problem: SitingProblem, new: int, radius: float) -> float:
    """Return the most weight near two crews, by trying every set of new sites."""
    near = problem.times_min <= radius
    others = np.flatnonzero(~problem.existing).tolist()
    return max(
        float(problem.weights[near[:, [0, 5, *chosen]] @ problem.crews[[0, 5, *chosen]] >= 2].sum())
        for chosen in combinations(others, new)
    )


@pytest.mark.parametrize("new", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_town_gets_the_most_weight_near_two_crews(new: int, seed: int) -> None:
    found = solve(town(seed), objective="double-standard", new=new, target_min=2.5)
    assert found.status == "optimal"
    assert found.bound == found.objective_value
    assert found.objective_value == most_doubled(town(seed), new, 2.5)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_poor_start_makes_no_difference_to_what_is_proven(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = []

    def poor(near: Ints, *, n_open: int, **_: object) -> Ints:
        starts.append(n_open)
        return np.arange(near.shape[1])[-n_open:]

    monkeypatch.setattr(crews_objective, "exchanged", poor)
    found = solve(town(seed), objective="double-standard", new=3, target_min=2.5)
    assert starts == [3]
    assert found.status == "optimal"
    assert found.objective_value == most_doubled(town(seed), 3, 2.5)
