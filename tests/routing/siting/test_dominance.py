"""Sites that some best answer does without, against every set of sites."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from routing.siting import SitingProblem, solve
from routing.siting.dominance import dispensable
from routing.siting.frame import Frame
from routing.siting.objectives import crews
from routing.siting.question import ask
from routing.siting.task import Task
from tests.routing.siting import oracle

Table = NDArray[np.bool_]


@st.composite
def tables(draw: st.DrawFn) -> tuple[Table, NDArray[np.int64], NDArray[np.float64]]:
    """Who is near whom, with many nested and equal columns; crews of sites; weights of rows."""
    n, m = draw(st.integers(1, 5)), draw(st.integers(1, 7))
    reach = draw(st.lists(st.integers(0, n), min_size=m, max_size=m))
    start = draw(st.lists(st.integers(0, 1), min_size=m, max_size=m))
    rows = np.arange(n)[:, None]
    table = (rows >= np.array(start)) & (rows < np.array(reach))
    crew = np.array(draw(st.lists(st.integers(1, 2), min_size=m, max_size=m)))
    return table, crew, np.array(draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)), float)


def most(sites: Any, new: int, value: Any) -> float:
    sets = chain.from_iterable(combinations(sites, k) for k in range(new + 1))
    return max(float(value(list(chosen))) for chosen in sets)


def check_some_best_answer_has_no_dispensable_site(drawn: Any, new: int, worth: int) -> None:
    """`worth` is how many crews near a row are worth anything."""
    table, crew, weights = drawn

    def value(chosen: list[int]) -> float:
        near = table[:, chosen] @ crew[chosen]
        return float(np.sum(weights * np.minimum(near, worth) ** 2))

    idle = dispensable(table, crew, enough=min(worth, new))
    left = np.flatnonzero(~idle).tolist()
    assert most(left, new, value) == most(range(len(crew)), new, value)


test_some_best_answer_has_no_dispensable_site, test_many = oracle.few_and_many(
    check_some_best_answer_has_no_dispensable_site,
    tables(), st.integers(1, 4), st.integers(1, 3), few=150, many=3000,
)  # fmt: skip


def test_of_sites_that_are_alike_the_first_stay() -> None:
    alike = np.ones((2, 4), dtype=bool)
    crew = np.ones(4, np.int64)
    assert dispensable(alike, crew, enough=2).tolist() == [False, False, True, True]
    crew[3] = 2
    assert dispensable(alike, crew, enough=1).tolist() == [True, True, True, False]


def lattice(seed: int, **options: Any) -> SitingProblem:
    """Points and sites on a line; sites reach far or near, so many stand in for others."""
    random = np.random.default_rng(seed)
    points, sites = random.uniform(0, 20, 14), random.integers(0, 20, 9)
    times = np.abs(points[:, None] - sites) * random.choice([1.0, 1.5, 3.0], 9)
    times[random.random(times.shape) < 0.1] = np.nan
    weights = random.integers(0, 6, 14)
    crew = random.integers(1, 3, 9)
    return SitingProblem.from_matrix(times, weights=weights, crews=crew.tolist(), **options)


@pytest.mark.parametrize("existing", [(), (0,), (0, 1)])
@pytest.mark.parametrize("outer", [None, 12.0, 25.0])
@pytest.mark.parametrize("seed", range(6))
def test_double_standard_without_them_is_that_of_enumeration(
    seed: int, outer: float | None, existing: tuple[int, ...]
) -> None:
    problem, new = lattice(seed, existing=existing), 3
    hopeless = set(problem.unreachable().tolist())
    asking = [i for i in np.flatnonzero(problem.weights).tolist() if i not in hopeless]

    def value(one: oracle.Plan) -> float:
        return float(problem.weights[oracle.crews_within(problem, one, 5.0) >= 2].sum())

    allowed = [
        one
        for one in oracle.plans(problem, new)
        if outer is None or (one.times[asking] <= outer).all()
    ]
    found = solve(problem, objective="double-standard", new=new, target_min=5.0, outer_min=outer)
    if not allowed:
        assert found.status == "infeasible"
        return
    assert found.status == "optimal"
    assert found.objective_value == max(map(value, allowed))
    assert value(oracle.plan(problem, tuple(found.sites.tolist()))) == found.objective_value


def fewer(problem: SitingProblem) -> Task | None:
    question = ask(problem, objective="double-standard", new=3, target_min=5.0)
    return crews._without_dispensable(Task(Frame(problem), question))


def test_sites_are_left_out_only_where_nothing_else_matters() -> None:
    smaller = fewer(lattice(1, existing=(0,)))
    assert smaller is not None
    assert len(smaller.frame.free) < 8
    for rule in (
        {"budget": 2.0},
        {"closable": (0,)},
        {"movable": (0,)},
        {"required": (3,)},
        {"exclusive": [(2, 3)]},
        {"max_new_by_kind": {"post": 2}},
        {"min_new_by_area": {"": 1}},
        {"min_open_by_area": {"": 1}},
    ):
        assert fewer(lattice(1, existing=(0,), **rule)) is None, rule


def test_a_row_that_only_a_dispensable_site_reaches_keeps_all_sites() -> None:
    # Site 2 is near nobody, yet the only one that reaches row 2, whom nobody reaches in time.
    problem = SitingProblem.from_matrix([[1.0, 1.0, 9.0], [1.0, 1.0, 9.0], [np.nan, np.nan, 30.0]])
    assert fewer(problem) is None
    found = solve(problem, objective="double-standard", new=2, target_min=5.0, outer_min=20.0)
    assert found.status == "infeasible"
