"""The local search over sets of sites."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from routing.siting import improve
from routing.siting.clock import Clock
from tests.routing.siting import oracle

Ints = NDArray[np.int64]


def moves(found: list[int], pool: list[int]) -> list[set[int]]:
    """Return every set that adds, drops or exchanges one site of the pool."""
    outside = [j for j in pool if j not in found]
    added = [{*found, j} for j in outside]
    dropped = [set(found) - {i} for i in found]
    return added + dropped + [(set(found) - {i}) | {j} for i in found for j in outside]


def check_no_single_move_of_the_answer_helps(seed: int, most: int, with_start: bool) -> None:
    random = np.random.default_rng(seed)
    times, point = random.integers(1, 20, (6, 7)), random.choice([0.0, 0.0, 0.3, 1.0], 7)
    barred = set(random.choice(7, 2, replace=False).tolist())

    def judge(opened: Ints) -> tuple[float, float]:
        lacking = float((times[:, opened].min(axis=1, initial=99) > 15).sum())
        return lacking, float(times[:, opened].min(axis=1, initial=99).sum())

    def allows(opened: Ints) -> bool:
        return len(opened) <= most and not barred <= set(opened.tolist())

    start = np.arange(min(most, 1)) if with_start else None
    found = improve.search(point, start=start, judge=judge, allows=allows, clock=Clock())
    assert found is not None
    assert allows(found)
    if start is not None:
        assert judge(found) <= judge(start)
    pool = sorted({*np.flatnonzero(point).tolist(), *([] if start is None else start.tolist())})
    assert set(found.tolist()) <= set(pool)
    for other in moves(found.tolist(), pool):
        opened = np.array(sorted(other), dtype=np.int64)
        assert not allows(opened) or judge(opened) >= judge(found)


test_no_single_move_of_the_answer_helps, test_many = oracle.few_and_many(
    check_no_single_move_of_the_answer_helps,
    st.integers(0, 10**6), st.integers(0, 4), st.booleans(), few=60, many=1000,
)  # fmt: skip


def test_a_minimum_that_a_rule_asks_for_is_met_before_anything_is_allowed() -> None:
    point = np.array([0.2, 0.9, 0.6, 0.4])
    found = improve.search(
        point,
        start=None,
        judge=lambda opened: (0.0, float(len(opened))),
        allows=lambda opened: len(opened) >= 3,
        clock=Clock(),
    )
    assert found is not None
    assert len(found) == 3


def test_where_the_rules_allow_nothing_there_is_no_answer() -> None:
    found = improve.search(
        np.ones(3), start=None, judge=lambda _: (0.0, 0.0), allows=lambda _: False, clock=Clock()
    )
    assert found is None


def test_without_time_the_start_comes_back_or_better() -> None:
    times = np.array([[9, 5, 1]])

    def judge(opened: Ints) -> tuple[float, float]:
        return 0.0, float(times[:, opened].min(initial=99))

    sets = chain.from_iterable(combinations(range(3), k) for k in range(3))
    assert min(judge(np.array(one, dtype=np.int64)) for one in sets) == (0.0, 1.0)
    found = improve.search(
        np.ones(3),
        start=np.array([0]),
        judge=judge,
        allows=lambda opened: len(opened) <= 1,
        clock=Clock(0.0),
    )
    assert found is not None
    assert judge(found) <= judge(np.array([0]))
