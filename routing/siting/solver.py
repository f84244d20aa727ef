"""One call of a solver of OR-Tools, with another to fall back on and an error of ours."""

from __future__ import annotations

import logging

from ortools.math_opt.python import mathopt

from geodata import catalogue
from geodata.errors import IslandResponseError, shorten

log = logging.getLogger(__name__)

_INSTEAD = {
    mathopt.SolverType.HIGHS: mathopt.SolverType.GSCIP,
    mathopt.SolverType.GSCIP: mathopt.SolverType.HIGHS,
}


class SolverError(IslandResponseError):
    """No solver could handle a model, which says nothing about whether there is an answer.

    Attributes:
        detail: what the solver said.
    """

    # 1 would read as a target that is missed, 3 as a question without an answer.
    exit_code = 70

    def __init__(self, detail: str) -> None:
        self.detail = shorten(detail, limit=200)
        super().__init__(self.text("en"))

    def __reduce__(self) -> tuple[type[SolverError], tuple[str]]:
        """Pickle the detail, so that the error comes back whole from another process."""
        return type(self), (self.detail,)

    def text(self, lang: str) -> str:
        """Return the message in language `lang`."""
        return catalogue.text("siting.solver_failed", lang, detail=self.detail)


def solved(
    model: mathopt.Model,
    solver: mathopt.SolverType,
    parameters: mathopt.SolveParameters,
    hints: mathopt.ModelSolveParameters | None = None,
) -> mathopt.SolveResult:
    """Solve a model, by HiGHS where SCIP fails and the other way round.

    Args:
        model: what to solve.
        solver: HiGHS or SCIP.
        parameters: limits and precision for both.
        hints: for `solver` alone.

    Raises:
        SolverError: if both fail.
    """
    try:
        return mathopt.solve(model, solver, params=parameters, model_params=hints)
    except Exception as error:  # what MathOpt raises for a status depends on its version
        log.warning("%s failed: %s", solver.name, _said(error))
    try:
        return mathopt.solve(model, _INSTEAD[solver], params=parameters)
    except Exception as error:
        raise SolverError(_said(error)) from error


def attempted(
    solver: mathopt.IncrementalSolver, parameters: mathopt.SolveParameters
) -> mathopt.SolveResult | None:
    """Solve a model that a solver holds already; None if it fails."""
    try:
        return solver.solve(params=parameters)
    except Exception as error:
        log.warning("going on from the last basis failed: %s", _said(error))
        return None


def _said(error: Exception) -> str:
    """Return what went wrong in the words of the solver, not of what stumbled over them."""
    cause = error.__cause__ or error.__context__ or error
    return f"{type(cause).__name__}: {cause}"
