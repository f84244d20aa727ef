"""The model that every objective builds on.

A `Master` holds one variable for each site to be decided on, the rules for sites, and whatever an
objective adds: cover variables, reach variables, and gains under cuts (`routing.siting.gains`).
`routing.siting.proof` solves it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from ortools.math_opt.python import mathopt

from routing.siting.clock import Clock
from routing.siting.frame import Frame, groups
from routing.siting.gains import Gains
from routing.siting.goal import Goal, Outcome, Terms
from routing.siting.problem import Flags, Floats, Ints
from routing.siting.requirements import Requirement, worst_excess
from routing.siting.rules import Rule, rules

# How much worse a goal may get, relative to its value, while another one is minimized.
HELD = 1e-7


def held(value: float) -> float:
    """Return how much worse than `value` a sized goal may get while another one is minimized."""
    return HELD * max(1.0, abs(value))


class Master:
    """Variables and rows for the free sites of a frame.

    Args:
        frame: what is to be decided.
        new: largest number of new sites, or None.
        required: what an answer has to satisfy beside the rules.
        extra: rules beside those of the problem.
        only: which of the problem's rules apply.
        clock: wall time left.
        seed: passed to the solvers.
    """

    def __init__(
        self,
        frame: Frame,
        *,
        new: int | None,
        required: Sequence[Requirement] = (),
        extra: Sequence[Rule] = (),
        only: Callable[[Rule], bool] = lambda _: True,
        clock: Clock | None = None,
        seed: int = 0,
    ) -> None:
        self.frame, self.seed = frame, seed
        self.clock = clock or Clock()
        self.model = mathopt.Model()
        self.open = [self.model.add_variable(lb=0.0, ub=1.0) for _ in frame.free]
        self.rules: list[Rule] = []
        self.required = list(required)
        self.goals: list[tuple[Goal, float]] = []
        self.closed = np.zeros(len(frame.free), dtype=bool)
        self.opened = np.zeros(len(frame.free), dtype=bool)
        self.start: Ints | None = None
        self.blocks: list[Gains] = []
        self._whole: list[mathopt.Variable] = []
        self._minutes: Gains | None = None
        self._covers: dict[bytes, mathopt.Variable] = {}
        self._reached: list[mathopt.Variable | float] | None = None
        for rule in (*filter(only, rules(frame, new)), *extra):
            self.add_rule(rule)
        self._keep_reached()
        for one in self.required:
            one.add_to(self)

    # Rows.

    def at_most(self, expression: Terms, bound: float) -> None:
        """Add ``expression <= bound``."""
        self.model.add_linear_constraint(expr=expression, lb=-math.inf, ub=bound)

    def at_least(self, expression: Terms, bound: float) -> None:
        """Add ``expression >= bound``."""
        self.model.add_linear_constraint(expr=expression, lb=bound, ub=math.inf)

    def pick(self, sites: Ints, factors: Floats | None = None) -> Terms:
        """Return ``sum_j factors_j y_j`` over free sites (positions)."""
        if factors is None:
            return mathopt.fast_sum([self.open[j] for j in sites.tolist()])
        pairs = zip(sites.tolist(), factors.tolist(), strict=True)
        return mathopt.fast_sum([f * self.open[j] for j, f in pairs])

    def add_rule(self, rule: Rule) -> None:
        """Add a rule for sites."""
        self.rules.append(rule)
        row = self.model.add_linear_constraint(lb=rule.low, ub=rule.high)
        for j in np.flatnonzero(rule.factors).tolist():
            row.set_coefficient(self.open[j], float(rule.factors[j]))

    def fix(self, goal: Goal, best: Outcome) -> None:
        """Let no later answer be worse in `goal` than a proven one, but for rounding."""
        sized, value = goal.sized(), best.value / goal.size
        room = held(value)
        self.goals.append((sized, value + room))
        self.at_most(sized.expression, value + 2 * room)
        self.closed[best.never] = True
        self.opened[best.always] = True
        for j in best.never.tolist():
            self.open[j].upper_bound = 0.0
        for j in best.always.tolist():
            self.open[j].lower_bound = 1.0

    def cover(self, sites: Flags) -> mathopt.Variable:
        """Return a variable that is at most the number of open sites among these, and at most 1."""
        key = np.packbits(sites).tobytes()
        if key not in self._covers:
            covered = self.model.add_variable(lb=0.0, ub=1.0)
            self.at_most(covered - self.pick(np.flatnonzero(sites)), 0.0)
            self._covers[key] = covered
        return self._covers[key]

    def covered_twice(self, sites: Flags, crews: Ints) -> mathopt.Variable:
        """Return a variable that is 1 only where two crews of open sites are among these.

        ``2 z <= sum_j min(crews_j, 2) y_j``, with z whole in an answer; the relaxation counts a
        single crew as a half.

        Args:
            sites: shape (free,), the sites to count.
            crews: shape (free,), crews of each free site.
        """
        covered = self.model.add_variable(lb=0.0, ub=1.0)
        near = np.flatnonzero(sites)
        self.at_most(2.0 * covered - self.pick(near, np.minimum(crews[near], 2).astype(float)), 0.0)
        self._whole.append(covered)
        return covered

    def covered(self, weights: Floats, within_min: Floats) -> Terms:
        """Return ``sum(w_i: t_i <= r_i)`` over the rows of the frame.

        Args:
            weights: shape (rows,); must not be negative, and the expression must be wanted large.
            within_min: shape (rows,); NaN covers nothing.
        """
        frame = self.frame
        done = frame.base <= within_min
        rows = np.flatnonzero(~done & (weights > 0))
        table = frame.times[rows] <= within_min[rows, None]
        terms: list[object] = [float(weights[done].sum())]
        for members, sites in groups(table):
            if sites.any():
                terms.append(float(weights[rows[members]].sum()) * self.cover(sites))
        return mathopt.fast_sum(terms)

    @property
    def gains(self) -> Gains:
        """Minutes gained on the frame's reference, by row."""
        if self._minutes is None:
            frame = self.frame
            table = np.maximum(frame.reference[:, None] - frame.times, 0.0)
            self._minutes = self.add_gains(table)
        return self._minutes

    def add_gains(self, table: Floats) -> Gains:
        """Add variables for the gains of rows; see `Gains`."""
        block = Gains(self.model, self.open, table)
        self.blocks.append(block)
        return block

    @property
    def reached(self) -> list[mathopt.Variable | float]:
        """For each group of `Frame.reach` whether an open site reaches it: a variable, or 1."""
        if self._reached is None:
            self._reached = [self._reach(r, np.flatnonzero(s)) for r, s in self.frame.reach]
        return self._reached

    def minutes(self, weights: Floats, *, less: float = 0.0) -> Terms:
        """Return ``sum_i w_i (t_i - less)`` over the rows that open sites reach."""
        frame = self.frame
        kept = np.isfinite(frame.base)
        extra = weights * (frame.reference - less)
        terms: list[object] = [float(extra[kept].sum())]
        for (rows, _), reached in zip(frame.reach, self.reached, strict=True):
            terms.append(float(extra[rows].sum()) * reached)
        return mathopt.fast_sum(terms) - self.gains.total(weights)

    def where_reached(self, weights: Floats, variable: mathopt.Variable) -> Terms:
        """Return ``sum(w_i v: an open site reaches row i)`` for a variable v that is wanted large.

        Args:
            weights: shape (rows,).
            variable: at least 0, with a finite upper bound.
        """
        frame, most = self.frame, variable.upper_bound
        terms = [float(weights[np.isfinite(frame.base)].sum()) * variable]
        for (rows, _), reached in zip(frame.reach, self.reached, strict=True):
            there = self.model.add_variable(lb=0.0, ub=most)
            self.at_most(there - variable, 0.0)
            self.at_most(there - most * reached, 0.0)
            terms.append(float(weights[rows].sum()) * there)
        return mathopt.fast_sum(terms)

    def _keep_reached(self) -> None:
        """Nobody who is reached today may be cut off by closing or moving a site."""
        for rows, sites in self.frame.reach:
            if np.isfinite(self.frame.today[rows[0]]):
                self.at_least(self.pick(np.flatnonzero(sites)), 1.0)

    def _reach(self, rows: Ints, sites: Ints) -> mathopt.Variable | float:
        if np.isfinite(self.frame.today[rows[0]]):
            return 1.0
        reached = self.model.add_variable(lb=0.0, ub=1.0)
        self.at_most(reached - self.pick(sites), 0.0)
        for j in sites.tolist():
            self.at_most(self.open[j] - reached, 0.0)
        return reached

    # Judging a set of sites.

    def allows(self, opened: Ints) -> bool:
        """Return whether the rules for sites allow these free sites (positions) to be open."""
        return all(rule.is_kept(opened) for rule in self.rules)

    def excess(self, opened: Ints) -> float:
        """Return what these sites lack of the requirements and of the goals fixed before, sized."""
        times = self.frame.open_times(opened)
        cut_off = np.isinf(times) & np.isfinite(self.frame.today)
        lacking = worst_excess(self.required, times) + 1e6 * int(cut_off.sum())
        for goal, most in self.goals:
            lacking += max(0.0, goal.value(opened) - most)
        return lacking

    def is_answer(self, opened: Ints) -> bool:
        """Return whether these free sites (positions) keep every rule and requirement."""
        return self.allows(opened) and self.excess(opened) == 0.0

    def cut(self, found: mathopt.SolveResult, *, near: Floats | None = None) -> int:
        """Add the cuts that a solution violates; return their number."""
        values = found.variable_values()
        point = np.array([values[y] for y in self.open])
        return sum(b.cut(point, b.values(values), near=near) for b in self.blocks)

    @property
    def has_whole(self) -> bool:
        """Whether more than the sites has to be whole in an answer."""
        return bool(self._whole)

    def whole(self, closed: Flags, opened: Flags) -> mathopt.Model:
        """Return a copy of the model with whole sites, some of them fixed."""
        proto = self.model.export_model()
        place = {number: k for k, number in enumerate(proto.variables.ids)}
        for variable in self._whole:
            proto.variables.integers[place[variable.id]] = True
        for j, variable in enumerate(self.open):
            k = place[variable.id]
            proto.variables.integers[k] = True
            if closed[j]:
                proto.variables.upper_bounds[k] = 0.0
            if opened[j]:
                proto.variables.lower_bounds[k] = 1.0
        return mathopt.Model.from_model_proto(proto)
