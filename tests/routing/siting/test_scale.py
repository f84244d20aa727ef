"""The unit of weights and costs changes no answer: against enumeration in another unit."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from routing.siting import SitingProblem, SitingResult, solve
from routing.siting import alternatives as others
from routing.siting.infeasibility import explain
from routing.siting.question import ask
from tests.routing.siting import oracle

N_SITES = 10
ASKED: dict[str, dict[str, Any]] = {
    "max-coverage": {"target_min": 8.0},
    "double-standard": {"target_min": 12.0},
    "backup": {"target_min": 8.0, "first_share": 0.5},
    "expected-coverage": {"target_min": 8.0, "busy": 0.3},
    "survival": {},
}


def value(objective: str, times: np.ndarray, weights: np.ndarray) -> float:
    """Return what open sites are worth, from the definition.

    Args:
        objective: one of `ASKED`.
        times: shape (demand, open sites), minutes.
        weights: shape (demand,).
    """
    if objective == "survival":
        return float(weights @ (1.0 / (1.0 + np.exp(0.679 + 0.262 * times.min(axis=1)))))
    near = (times <= ASKED[objective]["target_min"]).sum(axis=1)
    worth = {
        "max-coverage": near >= 1,
        "double-standard": near >= 2,
        "backup": 0.5 * (near >= 1) + 0.5 * (near >= 2),
        "expected-coverage": 1.0 - 0.3**near,
    }[objective]
    return float(weights @ worth)


def most(objective: str, times: np.ndarray, weights: np.ndarray, new: int = 3) -> float:
    """Return the best value of any sites; further ones never harm, so all `new` are open."""
    sets = combinations(range(times.shape[1]), new)
    return max(value(objective, times[:, list(sites)], weights) for sites in sets)


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.random((30, N_SITES)) * 30, random.random(30) * 10


def is_the_best(found: SitingResult, objective: str, times: Any, weights: Any) -> None:
    """Check status, promised value and sites."""
    expected = pytest.approx(most(objective, times, weights), rel=1e-7, abs=0.0)
    assert found.status == "optimal"
    assert found.objective_value == expected
    assert value(objective, times[:, found.sites], weights) == expected


@pytest.mark.parametrize("unit", [1e-12, 1e-9, 1e-8, 1.0, 1e6, 1e12])
@pytest.mark.parametrize("objective", ASKED)
def test_weights_in_any_unit_have_the_answer_of_enumeration(objective: str, unit: float) -> None:
    for seed in range(4):
        times, weights = drawn(seed)
        problem = SitingProblem.from_matrix(times, weights=weights * unit)
        found = solve(problem, objective=objective, new=3, **ASKED[objective])
        is_the_best(found, objective, times, weights * unit)


@pytest.mark.parametrize("seed", [1, 30])
@pytest.mark.parametrize("objective", ["max-coverage", "backup", "survival"])
def test_residents_as_weights(objective: str, seed: int) -> None:
    """With these two the solver used to fail while it told ties apart."""
    random = np.random.default_rng(seed)
    times, weights = random.random((30, N_SITES)) * 30, random.integers(1, 1_000_000, 30)
    problem = SitingProblem.from_matrix(times, weights=weights)
    found = solve(problem, objective=objective, new=3, **ASKED[objective])
    is_the_best(found, objective, times, weights.astype(float))


@pytest.mark.parametrize("objective", ASKED)
def test_a_heavy_point_that_nobody_reaches_in_time_does_not_blur_the_others(objective: str) -> None:
    times, weights = drawn(5)
    times[0], weights[0] = 500.0, 1e12
    problem = SitingProblem.from_matrix(times, weights=weights)
    found = solve(problem, objective=objective, new=3, **ASKED[objective])
    is_the_best(found, objective, times, weights)


def test_the_best_chances_are_found_where_all_are_slim() -> None:
    """Nobody is reached within an hour and a half, so chances are some 1e-11."""
    for seed in range(4):
        times, weights = drawn(seed)
        times += 90.0
        found = solve(
            SitingProblem.from_matrix(times, weights=weights), objective="survival", new=3
        )
        is_the_best(found, "survival", times, weights)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_first_the_most_weight_is_reached_then_the_mean_is_the_least(unit: float) -> None:
    """Every site reaches but a part of the demand, so what comes first is weight."""
    for seed in range(4):
        times, weights = drawn(seed)
        times[times > 12.0] = np.nan
        problem = SitingProblem.from_matrix(times, weights=weights * unit)
        found = solve(problem, objective="min-mean", new=3)
        plan = oracle.plan(problem, tuple(found.sites.tolist()))
        plans = [oracle.plan(problem, sites) for sites in combinations(range(N_SITES), 3)]
        least = min(oracle.unreached(problem, one) for one in plans)
        mean = min(
            oracle.mean(problem, one)
            for one in plans
            if oracle.unreached(problem, one) <= least * (1 + 1e-9)
        )
        assert oracle.unreached(problem, plan) == pytest.approx(least, rel=1e-7, abs=0.0)
        assert found.objective_value == pytest.approx(mean, rel=1e-7)


@pytest.mark.parametrize("unit", [1e-12, 1e-9, 1.0, 1e9])
@pytest.mark.parametrize("objective", ["min-sites", "set-cover"])
def test_costs_in_any_unit_have_the_answer_of_enumeration(objective: str, unit: float) -> None:
    bound = {"min-sites": 7.0, "set-cover": 20.0}[objective]
    for seed in range(4):
        times, weights = drawn(seed)
        cost = np.random.default_rng(seed).uniform(1.0, 9.0, N_SITES) * unit
        problem = SitingProblem.from_matrix(times, weights=weights, site_costs=cost)
        found = solve(problem, objective=objective, target_min=bound)
        figure = oracle.mean if objective == "min-sites" else oracle.worst
        cheapest = min(
            float(cost[list(sites)].sum())
            for number in range(1, N_SITES + 1)
            for sites in combinations(range(N_SITES), number)
            if figure(problem, oracle.plan(problem, sites)) <= bound
        )
        assert found.status == "optimal"
        assert found.objective_value == pytest.approx(cheapest, rel=1e-7, abs=0.0)
        assert cost[found.new_sites].sum() == pytest.approx(cheapest, rel=1e-7, abs=0.0)


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e9])
def test_a_budget_binds_in_any_unit(unit: float) -> None:
    for seed in range(4):
        times, weights = drawn(seed)
        cost = np.random.default_rng(seed).uniform(1.0, 9.0, N_SITES) * unit
        problem = SitingProblem.from_matrix(
            times, weights=weights, site_costs=cost, budget=10.0 * unit
        )
        found = solve(problem, objective="max-coverage", new=N_SITES, target_min=8.0)
        expected = max(
            value("max-coverage", times[:, list(sites)], weights)
            for number in range(1, N_SITES + 1)
            for sites in combinations(range(N_SITES), number)
            if cost[list(sites)].sum() <= 10.0 * unit
        )
        assert found.objective_value == pytest.approx(expected)
        assert cost[found.sites].sum() <= 10.0 * unit * (1 + 1e-9)


@pytest.mark.parametrize("unit", [1e-12, 1e9])
def test_alternatives_are_those_of_another_unit(unit: float) -> None:
    times, weights = drawn(2)
    sites = []
    for scale in (1.0, unit):
        problem = SitingProblem.from_matrix(times, weights=weights * scale)
        question = ask(problem, objective="max-coverage", new=3, target_min=8.0)
        best = solve(problem, objective="max-coverage", new=3, target_min=8.0)
        found = others.find(problem, question, best, count=6, within=0.03)
        sites.append([one.sites.tolist() for one in found.answers])
    worth = sorted(
        (value("max-coverage", times[:, list(s)], weights) for s in combinations(range(10), 3)),
        reverse=True,
    )
    assert len(sites[0]) == min(7, sum(one >= 0.97 * worth[0] for one in worth)) > 1
    assert sites[1] == sites[0]


def test_who_stands_in_the_way_does_not_depend_on_the_unit() -> None:
    times, weights = drawn(3)
    times += 20.0
    told = []
    for unit in (1e-13, 1.0):
        islands = ["a", "b", "c"] * 10
        problem = SitingProblem.from_matrix(times, weights=weights * unit, islands=islands)
        question = ask(problem, objective="set-cover", target_min=21.0)
        why = explain(problem, question)
        told.append([(one.label, one.mean_min, one.soonest_min) for one in why.blocking])
    assert len(told[0]) == 3
    for small, usual in zip(*told, strict=True):
        assert small[0] == usual[0]
        assert small[1:] == pytest.approx(usual[1:])
