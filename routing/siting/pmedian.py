"""The p-median problem solved to proven optimality.

Lagrangian bounds with reduced-cost fixing and a fast interchange in compiled loops, branch and
bound, and OR-Tools on a small core where that is the faster prover (`routing.siting.lagrangian`,
`routing.siting.swap`, `routing.siting.radius`).
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geodata.errors import Fault, InputError
from routing.siting import lagrangian, radius
from routing.siting.grid import Grid, lay_grid
from routing.siting.result import Status
from routing.siting.swap import interchange, two_nearest

logger = logging.getLogger(__name__)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Relative distance from the best value at which a proof ends where whole units are finer than that.
PROOF_TOLERANCE = 1e-7
# What is deducted, relative to the value, from a bound that comes from a floating-point solver.
_SOLVER_TOLERANCE = 1e-8

# Control vectors of `lagrangian.ascend`, in its order; measured on random road networks.
_ROOT_CONTROL = (1.2, 8.0, 0.6, 0.005, 0.004, 0.0, 0.1)
_NODE_CONTROL = (0.3, 6.0, 0.45, 0.03, 0.025, 0.0, 0.1)
_ROOT_STEPS, _NODE_STEPS = 3000, 300
_SWAP_EVERY = 40
# Table entries looked at between two looks at the clock, and in about one millisecond.
_ENTRIES_PER_LOOK, _ENTRIES_PER_MS = 2_000_000_000, 8_000_000
# Expected time of OR-Tools on a core: fixed part and part per level; and the largest core it gets.
_CORE_MS, _CORE_MS_PER_LEVEL, _CORE_MAX_LEVELS = 20.0, 0.25, 20_000
_CORE_NODES = 2000


@dataclass(frozen=True)
class MedianSolution:
    """Answer to a p-median problem.

    Attributes:
        status: ``optimal`` only when proven: no solution is cheaper by more than the smallest
            difference that whole costs allow, or by more than `PROOF_TOLERANCE` of the objective,
            whichever is larger. ``feasible`` when the time limit stopped the proof, ``infeasible``
            when proven that p sites cannot serve everybody, ``unknown`` when the time limit came
            before any answer.
        objective: sum over the demand points of the cost from the nearest open site; NaN without an
            answer.
        bound: proven lower bound on the optimum; NaN when infeasible.
        sites: the p open sites, ascending; empty without an answer.
        assignment: for each demand point the open site that serves it most cheaply, the lowest
            number winning ties; -1 without an answer.
        runtime_s: wall time in seconds.
        nodes: nodes of branch and bound.
    """

    status: Status
    objective: float
    bound: float
    sites: Ints
    assignment: Ints
    runtime_s: float
    nodes: int

    @property
    def gap(self) -> float:
        """Relative distance of the objective from the bound; NaN without an answer."""
        if self.objective == self.bound:
            return 0.0
        return (self.objective - self.bound) / max(abs(self.objective), 1e-12)


def solve_pmedian(
    costs: ArrayLike,
    p: int,
    *,
    fixed_open: Sequence[int] = (),
    time_limit_s: float | None = None,
    seed: int = 0,
) -> MedianSolution:
    """Open exactly p sites so that the sum of every point's cost from its nearest one is smallest.

    ``min sum_i min_{j open} c_ij`` (Hakimi 1964, doi:10.1287/opre.12.3.450). Weight the costs
    before: ``weights[:, None] * times_min``. Costs that are all whole numbers, or whole multiples of
    one, are recognised and prove faster than others.

    Args:
        costs: shape (demand, site); inf where the site may not serve the point.
        p: number of open sites, the fixed ones included.
        fixed_open: sites that are open in every solution.
        time_limit_s: wall-time limit; the best answer so far is returned with its true bound.
        seed: of the first set of sites; the same seed gives the same answer on every machine unless
            a time limit stops the search.

    Raises:
        InputError: if the costs are no table or hold NaN or -inf, if p is out of range, or if a
            fixed site does not exist.

    Example:
        >>> solve_pmedian([[0, 4, 9], [4, 0, 5], [9, 5, 0]], 2).objective
        4.0
    """
    started = time.perf_counter()
    table = np.asarray(costs, dtype=np.float64)
    kept = np.unique(np.asarray(fixed_open, dtype=np.int64))
    _check(table, p, kept)
    deadline = math.inf if time_limit_s is None else started + time_limit_s
    grid = lay_grid(table)
    search = _Search(grid, p, kept, seed, deadline)
    if grid.servable:
        search.run()
    return _solution(search, table, started)


def _check(costs: Floats, p: int, kept: Ints) -> None:
    if costs.ndim != 2 or costs.shape[1] == 0:
        raise InputError(Fault("solver_table", "costs", str(costs.shape)))
    faults = []
    if np.isnan(costs).any() or np.isneginf(costs).any():
        wrong = np.argwhere(np.isnan(costs) | np.isneginf(costs))[0]
        where = f"costs[{wrong[0]}, {wrong[1]}]"
        faults.append(Fault("solver_not_a_cost", where, costs[wrong[0], wrong[1]]))
    outside = kept[(kept < 0) | (kept >= costs.shape[1])]
    if len(outside):
        faults.append(
            Fault("solver_no_such_site", "fixed_open", int(outside[0]), {"sites": costs.shape[1]})
        )
    low, high = max(1, len(kept)), costs.shape[1]
    if not low <= p <= high:
        faults.append(Fault("solver_p_range", "p", p, {"low": low, "high": high}))
    if faults:
        raise InputError(faults)


def _solution(search: _Search, costs: Floats, started: float) -> MedianSolution:
    answered, proven = search.answered, search.proven
    sites = np.sort(search.best) if answered else np.empty(0, np.int64)
    assignment = np.full(len(costs), -1, np.int64)
    objective = bound = math.nan
    if answered:
        status: Status = "optimal" if proven else "feasible"
        assignment = sites[np.argmin(costs[:, sites], axis=1)].astype(np.int64)
        objective = math.fsum(costs[np.arange(len(costs)), assignment].tolist())
        bound = min(search.grid.to_cost(search.bound()), objective)
    elif proven:
        status = "infeasible"
    else:
        status, bound = "unknown", search.grid.to_cost(search.bound())
    return MedianSolution(
        status=status,
        objective=objective,
        bound=bound,
        sites=sites,
        assignment=assignment,
        runtime_s=time.perf_counter() - started,
        nodes=search.nodes,
    )


@dataclass
class _Node:
    """A subproblem: its proven bound, what is decided, and where the multipliers stand."""

    bound: int
    state: NDArray[np.int8]
    cap: Ints
    u: Ints
    share: Floats


class _Search:
    """Branch and bound over the sites, depth first, the weaker bound first.

    Attributes:
        upper: grid cost of the incumbent, or ``grid.far`` as long as there is none.
        best: its sites, the kept ones first.
        stack: nodes still to be looked at.
    """

    def __init__(self, grid: Grid, p: int, kept: Ints, seed: int, deadline: float) -> None:
        self.grid, self.p, self.kept, self.seed, self.deadline = grid, p, kept, seed, deadline
        self.upper = grid.far
        self.best = self._first_sites()
        self.stack: list[_Node] = []
        self.nodes = 0
        self._work = 0.0
        self._budget_ms = 0.0
        self._root: _Node | None = None
        self._out_of_time = False

    @property
    def answered(self) -> bool:
        """Whether `best` serves everybody."""
        return self.upper < self.grid.far

    @property
    def proven(self) -> bool:
        """Whether nothing that matters is left to be found."""
        return not self.stack and not self._out_of_time

    def margin(self) -> int:
        """Return how much cheaper than the incumbent a solution must be to matter, in grid steps."""
        value = abs(self.upper + self.grid.offset / self.grid.step)
        return max(self.grid.unit, math.ceil(PROOF_TOLERANCE * value))

    def bound(self) -> int:
        """Return the proven lower bound in grid steps, rounded up to the unit of whole costs."""
        margin, unit = self.margin(), self.grid.unit
        closed = self.upper - (0 if margin == unit and self.grid.whole else margin)
        left = min((node.bound for node in self.stack), default=closed)
        return min(-(-left // unit) * unit if self.grid.whole else left, closed)

    def run(self) -> None:
        """Search until everything is proven or the time is up."""
        cost = interchange(
            self.grid.costs_by_demand, self.best, len(self.kept), self.grid.far, 100 * self.p + 1000
        )
        self.upper = min(int(cost), self.grid.far)
        self._root = self._first_node()
        self.stack = [self._root]
        self._ascend(self._root, _ROOT_CONTROL, _ROOT_STEPS, _SWAP_EVERY)
        logger.debug("root bound %s of %s", self._root.bound, self.upper)
        while self.stack:
            if self._late():
                return
            node = self.stack.pop()
            if not self._closed(node) and not self._handed_over(node):
                self._branch(node)

    def _first_sites(self) -> Ints:
        others = np.setdiff1d(np.arange(self.grid.costs.shape[0]), self.kept)
        generator = np.random.default_rng(self.seed)
        drawn = generator.choice(others, self.p - len(self.kept), replace=False)
        return np.concatenate([self.kept, np.sort(drawn)]).astype(np.int64)

    def _first_node(self) -> _Node:
        m, n = self.grid.costs.shape
        state = np.zeros(m, np.int8)
        state[self.kept] = lagrangian.OPEN
        cap = self.grid.costs[self.kept].min(axis=0, initial=self.grid.far)
        u = np.empty(n, np.int64)
        for i in range(n):
            first, second, _, _ = two_nearest(self.grid.costs_by_demand[i], self.best, self.grid.far)
            u[i] = (first + second) // 2 if self.p > 1 else first + first // 2
        return _Node(0, state, cap, np.minimum(u, self.grid.dearest), np.zeros(m))

    def _late(self) -> bool:
        self._out_of_time = self._out_of_time or time.perf_counter() > self.deadline
        return self._out_of_time

    def _closed(self, node: _Node) -> bool:
        return node.bound > self.upper - self.margin()

    def _ascend(self, node: _Node, control: Sequence[float], steps: int, swap_every: int) -> None:
        """Raise the bound of `node` in place, looking at the clock now and then."""
        self.nodes += 1
        m, n = self.grid.costs.shape
        settings, momentum = np.array(control), np.zeros(n)
        node.share[:] = 0.5
        going = True
        while going and steps > 0 and not self._late():
            entries = float((int((node.state == lagrangian.FREE).sum()) + 64) * n)
            chunk = min(steps, max(40, int(_ENTRIES_PER_LOOK / entries)))
            bound, self.upper, taken, going = lagrangian.ascend(
                self.grid.costs,
                self.grid.costs_by_demand,
                self.grid.far,
                node.state,
                node.cap,
                node.u,
                momentum,
                node.share,
                settings,
                self.p,
                len(self.kept),
                self.margin(),
                self.upper,
                self.best,
                chunk,
                swap_every,
            )
            node.bound = max(node.bound, int(bound))
            self._work += taken * entries
            steps -= chunk

    def _branch(self, node: _Node) -> None:
        """Close and open the site that the multipliers are least sure of."""
        free = np.flatnonzero(node.state == lagrangian.FREE)
        site = int(free[np.argmin(np.abs(node.share[free] - 0.5))])
        children = [
            self._child(node, site, choice) for choice in (lagrangian.CLOSED, lagrangian.OPEN)
        ]
        children.sort(key=lambda child: -child.bound)
        self.stack += [child for child in children if not self._closed(child)]

    def _child(self, node: _Node, site: int, choice: int) -> _Node:
        state, cap = node.state.copy(), node.cap.copy()
        state[site] = choice
        if choice == lagrangian.OPEN:
            cap = np.minimum(cap, self.grid.costs[site])
        child = _Node(node.bound, state, cap, node.u.copy(), np.zeros(len(state)))
        self._ascend(child, _NODE_CONTROL, _NODE_STEPS, 0)
        return child

    def _handed_over(self, node: _Node) -> bool:
        """Let OR-Tools settle `node`, or all that is left, once the search has cost as much.

        The search may spend what OR-Tools is expected to need, so that neither can stall the other
        for long.
        """
        spent_ms = self._work / _ENTRIES_PER_MS - self._budget_ms
        if spent_ms < _CORE_MS:
            return False
        root, self._root = self._root, None
        if root is not None:
            core = self._core(root)
            if self._affordable(core, spent_ms):
                if self._settle(root, core):
                    self.stack.clear()
                    return True
            else:
                self._root = root
        core = self._core(node)
        return self._affordable(core, spent_ms) and self._settle(node, core)

    def _core(self, node: _Node) -> radius.Core:
        free = np.flatnonzero(node.state == lagrangian.FREE)
        q = self.p - int((node.state == lagrangian.OPEN).sum())
        costs = self.grid.costs_by_demand[:, free]
        slack = self.upper - self.margin() - node.bound
        return radius.Core(costs, node.cap, np.maximum(node.u, 0) + slack, q)

    @staticmethod
    def _affordable(core: radius.Core, spent_ms: float) -> bool:
        levels = core.n_levels()
        return levels <= _CORE_MAX_LEVELS and spent_ms >= _CORE_MS + _CORE_MS_PER_LEVEL * levels

    def _settle(self, node: _Node, core: radius.Core) -> bool:
        """Solve the core of `node` with OR-Tools; return whether that leaves nothing to look for."""
        started = time.perf_counter()
        unit, margin = float(self.grid.unit), self.margin()
        found = radius.solve_core(
            core,
            scale=unit,
            gap=0.8 * margin / unit,
            node_limit=_CORE_NODES,
            time_limit_s=None if math.isinf(self.deadline) else self.deadline - started,
            seed=self.seed,
        )
        self._budget_ms = self._work / _ENTRIES_PER_MS
        if found.chosen is not None:
            self._adopt(node, found.chosen)
        safe = found.bound - _SOLVER_TOLERANCE * abs(found.bound)
        logger.debug("core of %s x %s: bound %s of %s", *core.costs.shape, safe, self.upper)
        return safe > self.upper - self.margin()

    def _adopt(self, node: _Node, chosen: Ints) -> None:
        free = np.flatnonzero(node.state == lagrangian.FREE)
        opened = np.union1d(np.flatnonzero(node.state == lagrangian.OPEN), free[chosen])
        cost = int(self.grid.costs[opened].min(axis=0).sum())
        if cost < self.upper:
            self.upper = cost
            self.best = np.concatenate([self.kept, np.setdiff1d(opened, self.kept)])
