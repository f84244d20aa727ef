"""Solve a master to proof.

Cuts at the linear relaxation (GLOP, warm), a local search for a first answer; then sites that
reduced costs rule out are fixed, and HiGHS or SCIP finishes what is left, with more cuts until the
model and the true value of its answer agree.
"""

from __future__ import annotations

import logging
import math

import numpy as np
from ortools.math_opt.python import mathopt

from routing.siting import improve
from routing.siting.goal import PROOF, Effort, Goal, Outcome
from routing.siting.master import Master, held
from routing.siting.problem import Flags, Floats, Ints
from routing.siting.rules import Barred
from routing.siting.solver import attempted, solved

log = logging.getLogger(__name__)

# Of a goal that takes whole units only, the part that a bound may be off.
_UNIT_ROOM = 1e-4
_MOST_ROUNDS = 500
_STALLED_ROUNDS = 12
# Simplex iterations after which going on from the last basis is given up; usual are some hundred.
_MOST_ITERATIONS = 3000
_SOLVER_PRECISION = 1e-9

# Of SCIP, where more than the sites is whole: it finds few sites to fix there, so starting anew
# gains nothing, and few trials tell it where to branch.
_SCIP_WHOLE = {
    "presolving/maxrestarts": 0,
    "branching/relpscost/initcand": 20,
    "branching/relpscost/maxlookahead": 4,
}
_SCIP_WHOLE_REALS = {
    "branching/relpscost/minreliable": 1.0,
    "branching/relpscost/maxreliable": 2.0,
}

_DECIDED = (mathopt.TerminationReason.OPTIMAL, mathopt.TerminationReason.INFEASIBLE)
_INFEASIBLE = (
    mathopt.TerminationReason.INFEASIBLE,
    mathopt.TerminationReason.INFEASIBLE_OR_UNBOUNDED,
)


def minimize(master: Master, goal: Goal, *, effort: Effort | None = None) -> Outcome:
    """Return the best answer, proven where the time allows it.

    Args:
        master: the model; cuts are added to it.
        goal: what to minimize.
        effort: what a proof is worth; anything unless given.
    """
    return _Run(master, goal, effort or Effort()).outcome()


class _Relaxation:
    """The linear relaxation of a master, solved again and again as cuts are added.

    GLOP goes on from its last basis, which mostly takes milliseconds; now and then it gets lost,
    and from then on HiGHS starts anew each time.
    """

    def __init__(self, master: Master) -> None:
        self.master = master
        self.warm: mathopt.IncrementalSolver | None = mathopt.IncrementalSolver(
            master.model, mathopt.SolverType.GLOP
        )
        self.iterations: int | None = None

    def solve(self) -> mathopt.SolveResult:
        """Solve the relaxation with the cuts made so far."""
        clock, seed = self.master.clock, self.master.seed
        if self.warm is not None:
            parameters = mathopt.SolveParameters(
                time_limit=clock.limit(), iteration_limit=self.iterations, random_seed=seed
            )
            found = attempted(self.warm, parameters)
            self.iterations = _MOST_ITERATIONS
            if found and (found.termination.reason in _DECIDED or clock.is_over()):
                return found
            log.debug("relaxation: GLOP is lost, HiGHS takes over")
            self.warm = None
        parameters = mathopt.SolveParameters(time_limit=clock.limit(), random_seed=seed)
        return solved(self.master.model, mathopt.SolverType.HIGHS, parameters)


class _Run:
    """One minimization; all values in it are in multiples of the goal's size."""

    def __init__(self, master: Master, goal: Goal, effort: Effort) -> None:
        self.master, self.goal, self.effort = master, goal.sized(), effort
        self.size = goal.size
        self.best: Ints | None = None
        self.value = math.inf
        self.bound = -math.inf
        self.lp_bound = -math.inf
        self.stuck = False
        self.cut: set[bytes] = set()
        self.point = np.zeros(len(master.open))
        self.reduced = np.zeros(len(master.open))

    def outcome(self) -> Outcome:
        self.master.model.minimize(self.goal.expression)
        if self.master.start is not None:
            self._offer(self.master.start)
        self._root()
        if not self._proven():
            self._search()
        self.stuck = self._gap() > self.effort.most_gap
        infeasible = False
        while not (self._proven() or infeasible or self.stuck or self.master.clock.is_over()):
            infeasible = self._finish()
        return self._told(infeasible)

    def _told(self, infeasible: bool) -> Outcome:
        bound = self.bound * self.size if math.isfinite(self.bound) else math.nan
        if self.best is None:
            return Outcome("infeasible") if infeasible else Outcome("unknown", bound=bound)
        value = self.value * self.size
        if infeasible or self._proven():
            decided = map(np.flatnonzero, self._beyond(self.value + 2 * held(self.value)))
            return Outcome("optimal", value, value, self.best, *decided)
        return Outcome("feasible", value, bound, self.best)

    def _proven(self) -> bool:
        """Whether no answer can be better by more than rounding, or by less than one unit."""
        room = max(PROOF * abs(self.value), _SOLVER_PRECISION, self.goal.unit * (1 - _UNIT_ROOM))
        return self.best is not None and self.value - self.bound <= room

    def _gap(self) -> float:
        """Return how far the bound is from the value, relative; 0 without an answer."""
        if self.best is None:
            return 0.0
        return (self.value - self.bound) / max(abs(self.value), 1e-12)

    def _offer(self, opened: Ints) -> bool:
        """Take a set of sites if it is a better answer; return whether it is an answer at all."""
        if not self.master.is_answer(opened):
            return False
        value = self.goal.value(opened)
        if value < self.value:
            self.best, self.value = np.sort(opened), value
        return True

    def _root(self) -> None:
        """Cut until the relaxation satisfies every cut, or stalls."""
        relaxation = _Relaxation(self.master)
        core, last, stalled = None, -math.inf, 0
        for turn in range(_MOST_ROUNDS):
            found = relaxation.solve()
            if found.termination.reason != mathopt.TerminationReason.OPTIMAL:
                return
            self._read(found)
            core = self.point if core is None else 0.5 * (core + self.point)
            near = 0.5 * (core + self.point) if turn else None
            added = self.master.cut(found, near=near)
            if not added and near is not None:
                added = self.master.cut(found)
            stalled = 0 if self.bound > last + 1e-7 * abs(last) else stalled + 1
            last = max(last, self.bound)
            if not added or stalled >= _STALLED_ROUNDS or self.master.clock.is_over():
                break
        log.debug("relaxation: bound %.9g after %d rounds", self.bound, turn + 1)

    def _read(self, found: mathopt.SolveResult) -> None:
        values = found.variable_values()
        self.point = np.array([values[y] for y in self.master.open])
        self.reduced = self._reduced_costs(found)
        self.lp_bound = found.objective_value()
        self.bound = max(self.bound, self.lp_bound - 1e-9 * max(1.0, abs(self.lp_bound)))

    def _reduced_costs(self, found: mathopt.SolveResult) -> Floats:
        if not found.has_dual_feasible_solution():
            return np.zeros(len(self.point))
        costs = found.reduced_costs()
        return np.array([costs[y] for y in self.master.open])

    def _search(self) -> None:
        """Find a first answer among the sites that the relaxation uses."""
        master = self.master

        def judge(opened: Ints) -> tuple[float, float]:
            lacking = master.excess(opened)
            return lacking, self.goal.value(opened)

        found = improve.search(
            self.point, start=self.best, judge=judge, allows=master.allows, clock=master.clock
        )
        if found is not None:
            self._offer(found)
        log.debug("local search: value %.9g", self.value)

    def _finish(self) -> bool:
        """Solve the model with whole sites; return whether nothing better than the best exists."""
        closed, opened = self._fixed()
        model = self.master.whole(closed, opened)
        found = solved(model, self._solver(), self._parameters(), self._hint(model))
        reason = found.termination.reason
        log.debug("whole sites: %s, %d free", reason.name, int((~closed & ~opened).sum()))
        if reason in _INFEASIBLE:
            # With fixed sites: nothing better than the best. Without: nothing at all.
            return True
        bound = found.termination.objective_bounds.dual_bound
        if math.isfinite(bound):
            self.bound = max(self.bound, min(bound, self.value))
        if not found.has_primal_feasible_solution():
            self.stuck = True
            return False
        values = found.variable_values()
        same = [model.get_variable(y.id) for y in self.master.open]
        chosen = np.flatnonzero(np.array([values[y] for y in same]) > 0.5)
        answer = self._offer(chosen)
        if found.termination.limit == mathopt.Limit.NODE:
            self.stuck = True
        if not self._proven() and not self._cut_at(chosen, answer):
            log.debug("the model and the true value differ by rounding alone")
            if reason == mathopt.TerminationReason.OPTIMAL:
                self.stuck = not self._is_rounding(found.objective_value(), chosen)
                return not self.stuck
        return False

    def _is_rounding(self, modelled: float, chosen: Ints) -> bool:
        """Whether the model's value of these sites is their true one but for rounding."""
        true = self.goal.value(chosen)
        return abs(true - modelled) <= self.goal.rounding * max(1.0, abs(true))

    def _cut_at(self, chosen: Ints, answer: bool) -> bool:
        """Make the model tell the truth about these sites; whether anything was added."""
        key = chosen.tobytes()
        if key in self.cut:
            return False
        self.cut.add(key)
        point = np.zeros(len(self.point))
        point[chosen] = 1.0
        added = 0
        for block in self.master.blocks:
            added += block.cut(point, block.largest)
        if not answer:
            self.master.add_rule(Barred(self.master.frame.free[chosen]).rule(self.master.frame))
            return True
        return added > 0

    def _fixed(self) -> tuple[Flags, Flags]:
        """Return the sites that no better answer has open, and those that each has open."""
        if self.best is None:
            return self.master.closed, self.master.opened
        return self._beyond(self.value - self.goal.unit * (1 - _UNIT_ROOM))

    def _beyond(self, value: float) -> tuple[Flags, Flags]:
        """Return the sites that no answer of at most `value` has open, and those that each has."""
        closed, opened = self.master.closed, self.master.opened
        if not math.isfinite(self.lp_bound):
            return closed, opened
        room = max(0.0, value - self.lp_bound) + max(1e-6 * abs(self.value), 1e-9)
        # The reduced cost of a site that is settled says nothing about the other state.
        never, always = self.reduced > room, -self.reduced > room
        return closed | (never & ~opened), opened | (always & ~closed)

    def _hint(self, model: mathopt.Model) -> mathopt.ModelSolveParameters | None:
        """Return the best answer in all variables of a model, for SCIP; None where there is none.

        SCIP does not complete the sites of an answer to a solution by itself.
        """
        if self.best is None or not self.master.has_whole:
            return None
        mine = np.zeros(len(self.point), dtype=bool)
        mine[self.best] = True
        alone = self.master.whole(~mine, mine)
        found = solved(alone, self._solver(), self._parameters())
        if not found.has_primal_feasible_solution():
            return None
        values = {model.get_variable(v.id): x for v, x in found.variable_values().items()}
        return mathopt.ModelSolveParameters(solution_hints=[mathopt.SolutionHint(values)])

    def _solver(self) -> mathopt.SolverType:
        """Return the solver that was measured best: SCIP where more than the sites is whole."""
        scip, highs = mathopt.SolverType.GSCIP, mathopt.SolverType.HIGHS
        return scip if self.master.has_whole else highs

    def _parameters(self) -> mathopt.SolveParameters:
        parameters = mathopt.SolveParameters(
            time_limit=self.master.clock.limit(),
            random_seed=self.master.seed,
            node_limit=self.effort.most_nodes,
            relative_gap_tolerance=_SOLVER_PRECISION,
            absolute_gap_tolerance=_SOLVER_PRECISION,
        )
        for name in ("mip_feasibility_tolerance", "primal_feasibility_tolerance"):
            parameters.highs.double_options[name] = _SOLVER_PRECISION
        if self.master.has_whole:
            parameters.gscip.real_params["numerics/feastol"] = _SOLVER_PRECISION
            parameters.gscip.int_params.update(_SCIP_WHOLE)
            parameters.gscip.real_params.update(_SCIP_WHOLE_REALS)
        return parameters
