"""A time limit is never taken for a proof, whatever is asked."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from routing.siting import OBJECTIVES, SitingProblem, SitingResult, large, solve
from routing.siting.question import MAXIMIZED

Floats = NDArray[np.float64]
LIMITS = (0.0, 0.01, 0.1)


@cache
def island(rules: bool) -> SitingProblem:
    """A plane of 110 points and 16 sites, some pairs unreachable."""
    random = np.random.default_rng(11)
    points, sites = random.uniform(0, 30, (110, 2)), random.uniform(0, 30, (16, 2))
    times = np.linalg.norm(points[:, None] - sites, axis=2)
    times[times > 22] = np.nan
    given: dict[str, Any] = {"existing": (0, 1)}
    if rules:
        given |= {
            "existing": (0, 1, 2),
            "closable": (1,),
            "movable": (2,),
            "exclusive": [(5, 6)],
            "min_new_by_area": {"north": 1},
            "areas": ["north" if y > 15 else "south" for y in sites[:, 1]],
        }
    return SitingProblem.from_matrix(times, weights=random.integers(1, 50, 110), **given)


def asked(objective: str) -> dict[str, Any]:
    options: dict[str, Any] = {"target_min": 7.0, "busy": 0.3}
    if objective == "set-cover":
        options["target_min"] = 14.0
    if objective in ("min-mean", "min-worst", "survival", "equity"):
        options["target_min"] = None
    if objective not in ("min-sites", "set-cover"):
        options["new"] = 4
    return options


@cache
def proven(objective: str, rules: bool) -> SitingResult:
    found = solve(island(rules), objective=objective, **asked(objective))
    assert found.status == "optimal"
    return found


def check(found: SitingResult, best: SitingResult) -> None:
    """What is told of a stopped search is true."""
    sign = -1 if found.objective in MAXIMIZED else 1
    room = 1e-6 * max(1.0, abs(best.objective_value))
    assert found.status in ("optimal", "feasible", "unknown")
    if found.status == "optimal":
        assert found.objective_value == pytest.approx(best.objective_value, abs=room)
    if found.status == "unknown":
        assert len(found.sites) == 0
        assert np.isnan(found.objective_value)
    # Where reaching comes first, an answer that reaches less may well have the better value.
    same_reach = np.isnan(found.times_min).sum() <= np.isnan(best.times_min).sum()
    if found.status == "feasible" and same_reach:
        assert sign * found.objective_value >= sign * best.objective_value - room
    if not np.isnan(found.bound):
        assert sign * found.bound <= sign * best.objective_value + room


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("rules", [False, True])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_stopped_search_tells_no_more_than_it_knows(
    objective: str, rules: bool, limit: float
) -> None:
    found = solve(island(rules), objective=objective, time_limit_s=limit, **asked(objective))
    check(found, proven(objective, rules))


@cache
def city() -> tuple[SitingProblem, SitingResult]:
    """10^5 points and 100 sites, uniform on a 30 x 30 square, demand 1 to 100.

    A peer returned an answer 37 % below the optimum as "Optimal" when its time was up.
    """
    random = np.random.default_rng(0)
    sites, points = random.uniform(0, 30, (100, 2)), random.uniform(0, 30, (100_000, 2))
    weights = random.integers(1, 101, 100_000)
    east, north = (points[:, [k]] - sites[:, k] for k in (0, 1))
    problem = SitingProblem.from_matrix(np.hypot(east, north), weights=weights)
    return problem, solve(problem, **CITY)


# A point is covered at less than 5.5.
CITY: dict[str, Any] = {
    "objective": "max-coverage",
    "new": 10,
    "target_min": float(np.nextafter(5.5, 0)),
}


def weight_covered(problem: SitingProblem, found: SitingResult) -> float:
    return float(problem.weights[(problem.times_min[:, found.sites] < 5.5).any(axis=1)].sum())


def test_the_large_case_that_a_peer_gets_wrong_is_proven() -> None:
    problem, best = city()
    assert best.status == "optimal"
    assert len(best.sites) == 10
    assert best.objective_value == weight_covered(problem, best)
    assert best.bound == best.objective_value
    # No exchange of one site for another covers more.
    covers = problem.times_min < 5.5
    times_covered = covers[:, best.sites].sum(axis=1)
    for site in best.sites:
        left = times_covered - covers[:, site]
        gains = problem.weights[left == 0] @ covers[left == 0]
        assert best.objective_value >= problem.weights[left > 0].sum() + gains.max()


@pytest.mark.parametrize("limit", LIMITS)
def test_the_large_case_is_not_called_optimal_when_time_is_up(limit: float) -> None:
    problem, best = city()
    found = solve(problem, time_limit_s=limit, **CITY)
    check(found, best)
    assert found.is_answer
    assert found.objective_value == weight_covered(problem, found)


@pytest.mark.parametrize("existing", [(), (3,), (3, 8)])
@pytest.mark.parametrize("new", [0, 1, 3])
def test_merged_rows_give_the_answer_of_a_row_each(
    existing: tuple[int, ...], new: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(2)
    times = random.uniform(0, 20, (300, 9))
    times[random.random(times.shape) < 0.2] = np.nan
    problem = SitingProblem.from_matrix(
        times, weights=random.integers(0, 5, 300), existing=existing, forbidden=[0]
    )
    each = solve(problem, objective="max-coverage", new=new, target_min=4.0)
    monkeypatch.setattr(large, "MANY_ROWS", 10)
    merged = solve(problem, objective="max-coverage", new=new, target_min=4.0)
    assert merged.status == each.status == "optimal"
    assert merged.objective_value == each.objective_value
    assert 0 not in merged.sites
    assert set(existing) <= set(merged.sites.tolist())
    assert len(merged.new_sites) <= new
