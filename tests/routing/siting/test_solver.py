"""What happens when a solver fails instead of answering."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from ortools.math_opt.python import mathopt

from geodata.errors import IslandResponseError
from routing.cli import console
from routing.siting import SitingProblem, solve
from routing.siting.solver import SolverError

HIGHS, SCIP = mathopt.SolverType.HIGHS, mathopt.SolverType.GSCIP


@pytest.fixture
def problem() -> SitingProblem:
    """One that the relaxation alone does not prove: each two of three sites cover each row."""
    times = np.full((3, 3), 5.0) + 20.0 * np.eye(3)
    return SitingProblem.from_matrix(times, weights=[3.0, 4.0, 5.0])


def fails(monkeypatch: pytest.MonkeyPatch, *kinds: mathopt.SolverType) -> list[mathopt.SolverType]:
    """Let some solvers fail as MathOpt does; return a list of those asked."""
    asked, real = [], mathopt.solve

    def wrong(model: Any, kind: mathopt.SolverType, **given: Any) -> Any:
        asked.append(kind)
        if kind in kinds:
            try:
                raise ValueError("HighsStatus: kError")
            except ValueError:
                raise AttributeError("'StatusNotOk' object has no attribute") from None
        return real(model, kind, **given)

    monkeypatch.setattr(mathopt, "solve", wrong)
    return asked


def test_another_solver_takes_over(monkeypatch: pytest.MonkeyPatch, problem: SitingProblem) -> None:
    asked = fails(monkeypatch, HIGHS)
    found = solve(problem, objective="max-coverage", new=1, target_min=8.0)
    assert asked[:2] == [HIGHS, SCIP]
    assert (found.status, found.objective_value) == ("optimal", 9.0)


def test_where_all_fail_it_is_an_error_of_ours(
    monkeypatch: pytest.MonkeyPatch, problem: SitingProblem, capsys: pytest.CaptureFixture[str]
) -> None:
    fails(monkeypatch, HIGHS, SCIP)

    def run() -> object:
        return solve(problem, objective="max-coverage", new=1, target_min=8.0)

    with pytest.raises(SolverError, match="kError") as caught:
        run()
    assert isinstance(caught.value, IslandResponseError)
    assert "kError" in caught.value.text("zh")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert console.guarded(run, "en", verbose=False) == SolverError.exit_code
    assert "does not mean that there is no answer" in capsys.readouterr().err


def test_a_basis_that_cannot_be_gone_on_from_is_given_up(
    monkeypatch: pytest.MonkeyPatch, problem: SitingProblem
) -> None:
    def wrong(*_: Any, **__: Any) -> Any:
        raise AttributeError("'StatusNotOk' object has no attribute")

    monkeypatch.setattr(mathopt.IncrementalSolver, "solve", wrong)
    found = solve(problem, objective="max-coverage", new=1, target_min=8.0)
    assert (found.status, found.objective_value) == ("optimal", 9.0)
