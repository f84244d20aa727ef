"""Variables of a model beside the sites: gains of rows under cuts, and second crews near them.

A block is right when its cuts never exclude the truth about any set of sites, and the cuts made at
a set leave nothing but the truth there.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from ortools.math_opt.python import mathopt

from routing.siting.frame import Frame
from routing.siting.gains import Gains
from routing.siting.master import Master
from routing.siting.problem import SitingProblem
from tests.routing.siting import oracle


def solved(model: Any, opened: list[Any], values: Any, objective: Any) -> float:
    """Return the largest value of an expression with the sites set to `values`."""
    for variable, value in zip(opened, values, strict=True):
        variable.lower_bound = variable.upper_bound = float(value)
    model.maximize(objective)
    found = mathopt.solve(model, mathopt.SolverType.GLOP)
    assert found.termination.reason == mathopt.TerminationReason.OPTIMAL
    return float(found.objective_value())


def check_gains_are_told_as_they_are(seed: int, n: int, m: int) -> None:
    random = np.random.default_rng(seed)
    table = random.choice([0.0, 1.0, 2.0, 5.0, 5.0], (n, m))
    weights = random.integers(0, 4, n).astype(float)
    model = mathopt.Model()
    opened = [model.add_variable(lb=0.0, ub=1.0) for _ in range(m)]
    block = Gains(model, opened, table)
    for _ in range(3):
        near = random.random(m)
        block.cut(random.random(m), block.largest, near=near)
        block.cut(near, block.largest)
    for y in product([0.0, 1.0], repeat=m):
        point = np.array(y)
        true = float(weights @ (table * point).max(axis=1, initial=0.0))
        assert solved(model, opened, y, block.total(weights)) >= true - 1e-6
        block.cut(point, block.largest)
        assert solved(model, opened, y, block.total(weights)) == pytest.approx(true, abs=1e-6)
        assert block.cut(point, (table * point).max(axis=1, initial=0.0)[block.rows]) == 0


test_gains_are_told_as_they_are, test_gains_many = oracle.few_and_many(
    check_gains_are_told_as_they_are,
    st.integers(0, 10**6), st.integers(1, 4), st.integers(0, 4), few=12, many=300,
)  # fmt: skip


def check_second_crews_are_told_as_they_are(seed: int, n: int, m: int) -> None:
    random = np.random.default_rng(seed)
    near, crews = random.random((n, m)) < 0.6, random.integers(1, 4, m)
    times = np.where(near, 1.0, 9.0)
    master = Master(Frame(SitingProblem.from_matrix(times, crews=crews.tolist())), new=None)
    told = [master.covered_twice(row, crews) for row in near]
    for y in product([0.0, 1.0], repeat=m):
        true = (near @ (crews * np.array(y))) >= 2
        for variable, is_true in zip(told, true.tolist(), strict=True):
            most = solved(master.model, master.open, y, variable)
            # At most a half is left where a single crew is near; whole it is none.
            assert most == pytest.approx(1.0) if is_true else most < 0.5 + 1e-6
    whole = master.whole(np.zeros(m, bool), np.zeros(m, bool))
    assert all(whole.get_variable(one.id).integer for one in [*told, *master.open])


test_second_crews_are_told_as_they_are, test_second_many = oracle.few_and_many(
    check_second_crews_are_told_as_they_are,
    st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 4), few=12, many=300,
)  # fmt: skip
