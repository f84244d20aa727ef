"""The n best answers, against the list of every answer there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from routing.siting import SitingProblem
from routing.siting.alternatives import Alternatives, differences, find
from routing.siting.answer import answer
from routing.siting.clock import Clock
from routing.siting.objectives.survival import survivors
from routing.siting.question import DE_MAIO, REACH_FIRST, Question, ask
from tests.routing.siting import oracle
from tests.routing.siting.oracle import Plan

RADIUS = 3.0
# What is minimized; values of ``min-mean`` count only among plans that reach as much.
WORTH: dict[str, Callable[[SitingProblem, Plan], float]] = {
    "min-mean": lambda p, one: float(np.nan_to_num(oracle.mean(p, one))),
    "min-worst": oracle.worst,
    "max-coverage": lambda p, one: -oracle.weight_within(p, one, RADIUS),
    "survival": lambda p, one: -float(p.importance @ survivors(one.times, DE_MAIO)),
    "double-standard": lambda p, one: (
        -float(p.importance[oracle.crews_within(p, one, RADIUS) >= 2].sum())
    ),
    "set-cover": lambda p, one: one.cost,
}


def question_for(problem: SitingProblem, objective: str, new: int) -> Question:
    free = int((problem.undecided & ~problem.existing).sum())
    new = min(max(new, int((problem.required & ~problem.existing).sum())), free)
    target = None if objective in ("min-mean", "min-worst", "survival") else RADIUS
    return ask(problem, objective=objective, new=new, target_min=target)


def candidates(problem: SitingProblem, question: Question) -> list[Plan]:
    allowed = list(oracle.plans(problem, question.new))
    if question.objective != "set-cover":
        return allowed
    hopeless = set(problem.unreachable().tolist())
    asking = [i for i in np.flatnonzero(problem.weights > 0).tolist() if i not in hopeless]
    return [one for one in allowed if (one.times[asking] <= RADIUS).all()]


def order(problem: SitingProblem, objective: str, one: Plan) -> tuple[float, float]:
    lost = oracle.unreached(problem, one) if objective in REACH_FIRST else 0.0
    return lost, WORTH[objective](problem, one)


def check_they_are_the_best_there_are(
    problem: SitingProblem, objective: str, new: int, count: int, within: float
) -> None:
    question = question_for(problem, objective, new)
    best = answer(problem, question)
    if not best.is_answer:
        return
    found = find(problem, question, best, count=count, within=within)
    plans = candidates(problem, question)
    ordered = sorted(order(problem, objective, one) for one in plans)
    lost, value = ordered[0]
    good = [o for o in ordered if o[0] == lost and o[1] <= value + within * abs(value) + 1e-9]
    told = [oracle.plan(problem, tuple(one.sites.tolist())) for one in found.answers]
    assert len(told) == min(len(good), count + 1)
    assert len({one.sites for one in told}) == len(told)
    assert {one.sites for one in told} <= {one.sites for one in plans}
    assert [order(problem, objective, one) for one in told] == [
        pytest.approx(expected, abs=1e-6) for expected in good[: len(told)]
    ]
    assert all(one.status == "optimal" for one in found.answers)
    assert found.complete == (len(good) <= count)


test_they_are_the_best_there_are, test_many = oracle.few_and_many(
    check_they_are_the_best_there_are,
    oracle.problems(), st.sampled_from(sorted(WORTH)), st.integers(0, 3), st.integers(1, 4),
    st.sampled_from([0.01, 0.5]), few=35, many=1000,
)  # fmt: skip


def near_in_pairs(n_sites: int) -> NDArray[np.bool_]:
    place = np.arange(n_sites) // 2
    return np.asarray(place[:, None] == place)


def check_near_sites_count_as_one_place(problem: SitingProblem, objective: str, new: int) -> None:
    question = question_for(problem, objective, new)
    best = answer(problem, question)
    if not best.is_answer:
        return
    near = near_in_pairs(problem.n_sites)
    found = find(problem, question, best, count=3, within=0.5, near=near)
    plans = candidates(problem, question)
    taken: list[list[int]] = []
    for one in found.answers:
        fresh = one.new_sites.tolist()
        left = [p for p in plans if all(elsewhere(problem, p, other, near) for other in taken)]
        assert one.sites.tolist() in [list(p.sites) for p in left]
        least = min(order(problem, objective, p) for p in left)
        mine = oracle.plan(problem, tuple(one.sites.tolist()))
        assert order(problem, objective, mine) == pytest.approx(least, abs=1e-6)
        taken.append(fresh or one.sites.tolist())
        if not fresh:
            return


def elsewhere(problem: SitingProblem, one: Plan, other: list[int], near: NDArray[np.bool_]) -> bool:
    """Whether a plan has fewer new sites near those of another one than that one has."""
    fresh = [site for site in one.sites if not problem.existing[site]]
    return sum(bool(near[site, other].any()) for site in fresh) < len(other)


test_near_sites_count_as_one_place, test_near_many = oracle.few_and_many(
    check_near_sites_count_as_one_place,
    oracle.problems(), st.sampled_from(["min-mean", "max-coverage", "survival"]),
    st.integers(1, 3), few=20, many=600,
)  # fmt: skip


def plane(seed: int) -> SitingProblem:
    random = np.random.default_rng(seed)
    points, sites = random.uniform(0, 30, (60, 2)), random.uniform(0, 30, (12, 2))
    away = np.linalg.norm(points[:, None] - sites, axis=2)
    return SitingProblem.from_matrix(away, weights=random.integers(1, 9, 60))


def told(found: Alternatives) -> list[Any]:
    return [one.sites.tolist() for one in found.answers]


def test_on_a_plane_they_come_best_first_and_the_same_every_time() -> None:
    problem = plane(1)
    question = ask(problem, objective="min-mean", new=4)
    best = answer(problem, question)
    found = find(problem, question, best, count=5, within=0.05)
    values = [one.objective_value for one in found.answers]
    assert values == sorted(values)
    assert len(set(map(tuple, told(found)))) == len(values)
    assert values[-1] <= values[0] * 1.05
    assert told(find(problem, question, best, count=5, within=0.05)) == told(found)


def test_without_time_nothing_is_called_complete() -> None:
    problem = plane(2)
    question = ask(problem, objective="max-coverage", new=4, target_min=6.0)
    best = answer(problem, question)
    found = find(problem, question, best, count=3, clock=Clock(0.0))
    assert told(found)[0] == best.sites.tolist()
    assert not found.complete
    for one in found.answers[1:]:
        assert one.objective_value >= 0.99 * best.objective_value


def test_differences_name_what_is_instead_of_what() -> None:
    problem = SitingProblem.from_matrix([[1.0, 1.0, 1.0, 9.0]])
    question = ask(problem, objective="min-mean", new=1)
    found = find(problem, question, answer(problem, question), count=3)
    assert told(found) == [[0], [1], [2]]
    assert differences(found.answers) == [([], []), ([1], [0]), ([2], [0])]
    assert found.complete


def test_progress_is_told() -> None:
    problem, heard = plane(3), list[float]()
    question = ask(problem, objective="min-mean", new=2)
    find(problem, question, answer(problem, question), count=2, within=1.0, progress=heard.append)
    assert heard == [0.0, 0.5]
