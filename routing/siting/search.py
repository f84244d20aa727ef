"""Branch and bound for the p-median problem on a grid of whole costs."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.siting import lagrangian, radius
from routing.siting.grid import Grid
from routing.siting.swap import interchange, two_nearest

logger = logging.getLogger(__name__)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Relative distance from the best value at which a proof ends where whole units are finer than that.
PROOF_TOLERANCE = 1e-7
# What is deducted, relative to the value, from a bound that comes from a floating-point solver.
_SOLVER_TOLERANCE = 1e-8

# Control vectors of `lagrangian.ascend`, in its order; measured on random road networks.
_ROOT_CONTROL = (1.2, 8.0, 0.6, 0.005, 0.004, 0.0, 0.1, 0.85)
_POLISH_CONTROL = (2.0, 40.0, 0.85, 0.0005, 0.0003, 0.0, 0.01, 0.97)
_NODE_CONTROL = (0.3, 6.0, 0.45, 0.03, 0.025, 0.0, 0.1, 0.85)
_TRIAL_CONTROL = (0.3, 3.0, 0.5, 0.001, 0.025, 0.0, 0.1, 0.85)
_ROOT_STEPS, _POLISH_STEPS, _NODE_STEPS, _TRIAL_STEPS = 3000, 8000, 300, 12
# A search that has cost so many times its root goes back and improves the bound there.
_POLISH_AFTER = 6.0
# How many sites are weighed at a node, beside one for every eight to open, and how often each is
# tried before its mean is trusted.
_CANDIDATES, _TRIES = 8, 3
_SWAP_EVERY = 40
# Table entries looked at between two looks at the clock, and in about one millisecond.
_ENTRIES_PER_LOOK, _ENTRIES_PER_MS = 2_000_000_000, 8_000_000
# Where OR-Tools is not tried on the whole: it would be expected to take longer.
_CORE_MAX_MS = 800.0
_CORE_NODES = 200
# What the objective is scaled to for OR-Tools where costs are not whole.
_SCALED_VALUE = 1e6


def _expected_ms(n_entries: int) -> float:
    """Return about how long OR-Tools takes for a core, as measured on road networks."""
    return 15.0 + 0.1 * n_entries + 1.5 * (n_entries / 250.0) ** 2


def _pace(grid: Grid, p: int, kept: Ints) -> Floats:
    """Return about how large each multiplier will be: heavy and remote points move faster.

    That is the cost from the site that is nearest but so many as there are to each open one, or
    from the nearest kept one.
    """
    m, n = grid.costs.shape
    rank = min(m - 1, m // p)
    size = np.partition(grid.costs_by_demand, rank, axis=1)[:, rank] if n else np.empty(0)
    cap = grid.costs[kept].min(axis=0, initial=grid.far)
    size = np.minimum(size, np.minimum(cap, grid.dearest)).astype(np.float64)
    size = np.where(size > 0.0, size, grid.dearest)
    typical = float(size.mean()) if size.any() else 1.0
    return np.asarray(np.maximum(size, 1e-3 * typical) / typical)


@dataclass
class Node:
    """A subproblem: its proven bound, what is decided, and where the multipliers stand."""

    bound: int
    state: NDArray[np.int8]
    cap: Ints
    u: Ints
    share: Floats


class Search:
    """Branch and bound over the sites, depth first, the weaker bound first.

    Attributes:
        upper: grid cost of the incumbent; before there is one, what it must stay below.
        best: its sites, the kept ones first.
        answered: whether there is an incumbent.
        stack: nodes still to be looked at.
    """

    def __init__(
        self,
        grid: Grid,
        p: int,
        kept: Ints,
        seed: int,
        deadline: float,
        *,
        below: int | None = None,
    ) -> None:
        self.grid, self.p, self.kept, self.seed, self.deadline = grid, p, kept, seed, deadline
        self.upper = grid.far if below is None else min(below, grid.far)
        self.answered = False
        self.best = self._first_sites()
        self.stack: list[Node] = []
        self.nodes = 0
        m = grid.costs.shape[0]
        # Sum and number of the lifts seen on closing (row 0) and on opening (row 1) each site.
        self._lifts, self._tries = np.zeros((2, m)), np.zeros((2, m), np.int64)
        self._pace = _pace(grid, p, kept)
        self._work = 0.0
        self._next_look_ms = _expected_ms(0)
        self._last_settled_ms = 0.0
        self._root: Node | None = None
        self._root_tried = False

    @property
    def proven(self) -> bool:
        """Whether nothing that matters is left to be found."""
        return not self.stack

    def margin(self) -> int:
        """Return how many grid steps cheaper than the incumbent a solution must be to matter."""
        if self.upper == self.grid.far:
            return self.grid.far - int(self.grid.dearest.sum())
        value = abs(self.upper + self.grid.offset / self.grid.step)
        return max(self.grid.unit, math.ceil(PROOF_TOLERANCE * value))

    def bound(self) -> int:
        """Return the proven lower bound in grid steps, rounded up to the unit of whole costs."""
        margin, unit = self.margin(), self.grid.unit
        closed = self.upper - (0 if margin == unit and self.grid.whole else margin)
        left = min((node.bound for node in self.stack), default=closed)
        return max(0, min(-(-left // unit) * unit if self.grid.whole else left, closed))

    def run(self, *, node_limit: int | None = None) -> None:
        """Search until everything is proven, the time is up or so many nodes are done."""
        cost = interchange(
            self.grid.costs_by_demand, self.best, len(self.kept), self.grid.far, 100 * self.p + 1000
        )
        self._lower_to(int(cost))
        self._root = self._first_node()
        self.stack = [self._root]
        self.nodes = 1
        self._ascend(self._root, _ROOT_CONTROL, _ROOT_STEPS, _SWAP_EVERY)
        polish_at = _POLISH_AFTER * self._work
        logger.debug("root bound %s of %s", self._root.bound, self.upper)
        while self.stack:
            if self._late() or (self.nodes == node_limit and not self._closed(self.stack[-1])):
                return
            if self._work > polish_at:
                polish_at = math.inf
                self._polish()
                continue
            node = self.stack.pop()
            if not self._closed(node) and not self._handed_over(node):
                self._branch(node)

    def _polish(self) -> None:
        """Start again from the root, with the bound and the fixed sites that patience buys.

        The polished multipliers themselves are kept only where they close most of the gap: those of
        the first, coarser ascent have proven the better start for branching.
        """
        root = self._root
        if root is None:
            return
        before, u, share = self.upper - root.bound, root.u.copy(), root.share.copy()
        self._ascend(root, _POLISH_CONTROL, _POLISH_STEPS, 4 * _SWAP_EVERY)
        logger.debug("polished root bound %s of %s", root.bound, self.upper)
        if self.upper - root.bound > before // 2:
            root.u, root.share = u, share
        self.stack = [root]
        self._root_tried = False

    def _first_sites(self) -> Ints:
        others = np.setdiff1d(np.arange(self.grid.costs.shape[0]), self.kept)
        generator = np.random.default_rng(self.seed)
        drawn = generator.choice(others, self.p - len(self.kept), replace=False)
        return np.concatenate([self.kept, np.sort(drawn)]).astype(np.int64)

    def _first_node(self) -> Node:
        m, n = self.grid.costs.shape
        state = np.zeros(m, np.int8)
        state[self.kept] = lagrangian.OPEN
        cap = self.grid.costs[self.kept].min(axis=0, initial=self.grid.far)
        u = np.empty(n, np.int64)
        for i in range(n):
            first, second, _, _ = two_nearest(
                self.grid.costs_by_demand[i], self.best, self.grid.far
            )
            u[i] = (first + second) // 2 if self.p > 1 else first + first // 2
        typical = max(self.grid.unit, int(self.grid.dearest.mean())) if n else 0
        return Node(0, state, cap, np.minimum(u, self.grid.dearest + typical), np.zeros(m))

    def _lower_to(self, cost: int) -> None:
        """Take note that `best` now costs `cost`, if that is less than before."""
        if cost < self.upper:
            self.upper, self.answered = cost, True

    def _late(self) -> bool:
        return time.perf_counter() > self.deadline

    def _closed(self, node: Node) -> bool:
        return node.bound > self.upper - self.margin()

    def _ascend(self, node: Node, control: Sequence[float], steps: int, swap_every: int) -> None:
        """Raise the bound of `node` in place, looking at the clock now and then."""
        n = self.grid.costs.shape[1]
        settings, momentum = np.array(control), np.zeros(n)
        node.share[:] = 0.5
        going = True
        while going and steps > 0 and not self._late():
            entries = float((int((node.state == lagrangian.FREE).sum()) + 64) * max(n, 1))
            chunk = min(steps, max(40, int(_ENTRIES_PER_LOOK / entries)))
            bound, upper, taken, going = lagrangian.ascend(
                self.grid.costs,
                self.grid.costs_by_demand,
                self.grid.far,
                node.state,
                node.cap,
                node.u,
                self._pace,
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
            self._lower_to(int(upper))
            node.bound = max(node.bound, int(bound))
            self._work += taken * entries
            steps -= chunk

    def _branch(self, node: Node) -> None:
        """Replace `node` by its two children, or put it back if trials have already changed it."""
        site = self._pick(node)
        if site is None:
            if not self._closed(node):
                self.stack.append(node)
            return
        children = [
            self._child(node, site, choice, trial=False)
            for choice in (lagrangian.CLOSED, lagrangian.OPEN)
        ]
        children.sort(key=lambda child: -child.bound)
        self.stack += [child for child in children if not self._closed(child)]

    def _pick(self, node: Node) -> int | None:
        """Return the site whose two choices lift the bound most, None if trials settled them all.

        Reliability branching (Achterberg, Koch & Martin 2005, doi:10.1016/j.orl.2004.04.002): the
        lift is tried with a few steps until a site has been tried often enough to trust the mean.
        Where a trial shows one choice to be useless, `node` takes the other.
        """
        free = np.flatnonzero(node.state == lagrangian.FREE)
        unsure = np.argsort(np.abs(node.share[free] - 0.5), kind="stable")
        picked, best = None, -1.0
        for site in free[unsure[: _CANDIDATES + self.p // 8]].tolist():
            if node.state[site] != lagrangian.FREE:
                continue
            if self._tries[:, site].min() < _TRIES and not self._try(node, site):
                if self._closed(node):
                    return None
                continue
            down, up = self._lifts[:, site] / self._tries[:, site]
            score = max(down, 1.0) * max(up, 1.0)
            if score > best:
                picked, best = site, score
        return picked if picked is not None and node.state[picked] == lagrangian.FREE else None

    def _try(self, node: Node, site: int) -> bool:
        """Try both choices; return whether both stay worth looking at, else decide `node`."""
        closing, opening = (
            self._child(node, site, choice, trial=True)
            for choice in (lagrangian.CLOSED, lagrangian.OPEN)
        )
        if not self._closed(closing) and not self._closed(opening):
            return True
        other = opening if self._closed(closing) else closing
        node.bound, node.state, node.cap, node.u = other.bound, other.state, other.cap, other.u
        return False

    def _child(self, node: Node, site: int, choice: int, *, trial: bool) -> Node:
        state, cap = node.state.copy(), node.cap.copy()
        state[site] = choice
        if choice == lagrangian.OPEN:
            cap = np.minimum(cap, self.grid.costs[site])
        child = Node(node.bound, state, cap, node.u.copy(), np.zeros(len(state)))
        if trial:
            self._ascend(child, _TRIAL_CONTROL, _TRIAL_STEPS, 0)
        else:
            self.nodes += 1
            self._ascend(child, _NODE_CONTROL, _NODE_STEPS, 0)
        row = 1 if choice == lagrangian.OPEN else 0
        self._lifts[row, site] += min(child.bound, self.upper) - node.bound
        self._tries[row, site] += 1
        return child

    def _handed_over(self, node: Node) -> bool:
        """Let OR-Tools settle all that is left, or `node`, once the search has cost as much.

        The search may spend what OR-Tools is expected to need, so that neither can stall the other
        for long.
        """
        spent_ms = self._work / _ENTRIES_PER_MS
        if spent_ms < self._next_look_ms:
            return False
        root = self._root
        if root is not None and not self._root_tried:
            core = self._core(root)
            expected_ms = _expected_ms(core.n_entries())
            if expected_ms < _CORE_MAX_MS:
                self._next_look_ms = expected_ms
                if spent_ms < expected_ms:
                    return False
                self._root_tried = True
                if self._settle(root, core):
                    self.stack.clear()
                    return True
        core = self._core(node)
        expected_ms = _expected_ms(core.n_entries())
        if spent_ms - self._last_settled_ms < expected_ms:
            return False
        return self._settle(node, core)

    def _core(self, node: Node) -> radius.Core:
        free = np.flatnonzero(node.state == lagrangian.FREE)
        q = self.p - int((node.state == lagrangian.OPEN).sum())
        costs = self.grid.costs_by_demand[:, free]
        slack = self.upper - self.margin() - node.bound
        return radius.Core(costs, node.cap, np.maximum(node.u, 0) + slack, q)

    def _settle(self, node: Node, core: radius.Core) -> bool:
        """Solve the core of `node` with OR-Tools; return whether nothing is left to look for."""
        margin = self.margin()
        # Far more than expected, so that the clock cuts off only what would stall.
        patience_s = 1.0 + 0.002 * _expected_ms(core.n_entries())
        scale = float(self.grid.unit) if self.grid.whole else max(1.0, self.upper / _SCALED_VALUE)
        found = radius.solve_core(
            core,
            scale=scale,
            gap=0.8 * margin / scale,
            node_limit=_CORE_NODES,
            time_limit_s=max(0.01, min(patience_s, self.deadline - time.perf_counter())),
            seed=self.seed,
        )
        self._last_settled_ms = self._work / _ENTRIES_PER_MS
        self._next_look_ms = self._last_settled_ms + _expected_ms(0)
        safe = found.bound
        if found.complete and found.chosen is not None:
            self._adopt(node, found.chosen)
        if math.isfinite(safe):
            safe -= _SOLVER_TOLERANCE * abs(safe)
        logger.debug("core of %s x %s: bound %s of %s", *core.costs.shape, safe, self.upper)
        return safe > self.upper - self.margin()

    def _adopt(self, node: Node, chosen: Ints) -> None:
        free = np.flatnonzero(node.state == lagrangian.FREE)
        opened = np.union1d(np.flatnonzero(node.state == lagrangian.OPEN), free[chosen])
        cost = int(self.grid.costs[opened].min(axis=0).sum())
        if cost < self.upper:
            self._lower_to(cost)
            self.best = np.concatenate([self.kept, np.setdiff1d(opened, self.kept)])
