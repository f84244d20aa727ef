"""The same models by spopt, which knows no minutes but the same mathematics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from routing.siting import SitingProblem, solve

locate = pytest.importorskip("spopt.locate")
pulp = pytest.importorskip("pulp")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

RADIUS = 9.0


def town(seed: int) -> Any:
    """Whole city blocks between 30 points and 12 sites: many are exactly at a radius."""
    random = np.random.default_rng(seed)
    points, sites = random.integers(0, 15, (30, 2)), random.integers(0, 15, (12, 2))
    times = np.abs(points[:, None] - sites).sum(axis=2).astype(float)
    return times, random.integers(1, 10, 30).astype(float)


def peer(model: Any) -> float:
    solved = model.solve(pulp.PULP_CBC_CMD(msg=False))
    assert pulp.LpStatus[solved.problem.status] == "Optimal"
    return float(pulp.value(solved.problem.objective))


@pytest.fixture(params=range(4))
def drawn(request: pytest.FixtureRequest) -> Any:
    times, weights = town(request.param)
    assert (times == RADIUS).any()
    assert (times == 4.0).any()
    return times, weights, SitingProblem.from_matrix(times, weights=weights)


def test_set_cover(drawn: Any) -> None:
    times, _, problem = drawn
    theirs = peer(locate.LSCP.from_cost_matrix(times, RADIUS))
    assert solve(problem, objective="set-cover", target_min=RADIUS).objective_value == theirs


def test_max_coverage(drawn: Any) -> None:
    times, weights, problem = drawn
    theirs = peer(locate.MCLP.from_cost_matrix(times, weights, 4.0, p_facilities=3))
    found = solve(problem, objective="max-coverage", new=3, target_min=4.0)
    assert found.objective_value == theirs


def test_max_coverage_beside_an_existing_site(drawn: Any) -> None:
    times, weights, _ = drawn
    fixed = np.zeros(12)
    fixed[5] = 1
    model = locate.MCLP.from_cost_matrix(
        times, weights, 4.0, p_facilities=3, predefined_facilities_arr=fixed
    )
    problem = SitingProblem.from_matrix(times, weights=weights, existing=(5,))
    found = solve(problem, objective="max-coverage", new=2, target_min=4.0)
    assert found.objective_value == peer(model)


def test_min_mean(drawn: Any) -> None:
    times, weights, problem = drawn
    theirs = peer(locate.PMedian.from_cost_matrix(times, weights, p_facilities=3))
    found = solve(problem, objective="min-mean", new=3)
    assert found.objective_value * weights.sum() == pytest.approx(theirs)


def test_min_worst(drawn: Any) -> None:
    times, _, problem = drawn
    theirs = peer(locate.PCenter.from_cost_matrix(times, p_facilities=3))
    assert solve(problem, objective="min-worst", new=3).objective_value == pytest.approx(theirs)


def test_backup(drawn: Any) -> None:
    """LSCP-B: of the smallest covers that with the most points covered twice.

    Ours is the double standard with both times equal and as many sites as the smallest cover has.
    Theirs counts a point that only one site could ever cover as covered twice.
    """
    times, _, _ = drawn
    problem = SitingProblem.from_matrix(times)
    sites = int(solve(problem, objective="set-cover", target_min=RADIUS).objective_value)
    model = locate.LSCPB.from_cost_matrix(times, RADIUS, pulp.PULP_CBC_CMD(msg=False))
    alone = ((times <= RADIUS).sum(axis=1) < 2).sum()
    twice = peer(model) - alone
    found = solve(
        problem, objective="double-standard", new=sites, target_min=RADIUS, outer_min=RADIUS
    )
    assert found.objective_value == twice
    # Nothing outweighs covering one more point once when the first crew counts nearly all.
    once = solve(problem, objective="backup", new=sites, target_min=RADIUS, first_share=0.999)
    assert once.objective_value == pytest.approx(0.999 * 30 + 0.001 * twice)


def test_a_time_equal_to_the_target_counts_for_both() -> None:
    times = np.array([[7.0]])
    problem = SitingProblem.from_matrix(times)
    for radius, covered in ((7.0, 1.0), (6.999, 0.0)):
        model = locate.MCLP.from_cost_matrix(times, np.ones(1), radius, p_facilities=1)
        assert peer(model) == covered
        found = solve(problem, objective="max-coverage", new=1, target_min=radius)
        assert found.objective_value == covered
