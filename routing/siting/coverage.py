"""The maximal covering problem solved to proven optimality: most demand within reach of p sites."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.errors import Fault, InputError
from routing.siting.coverage_loops import exchange, lower_uncovered, transpose
from routing.siting.grid import lay_grid
from routing.siting.merging import CoverGroups
from routing.siting.result import Status, relative_gap
from routing.siting.search import Search

logger = logging.getLogger(__name__)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_STARTS = 20
_STEPS = 3000
# Entries of the cover sets that one core goes through in a second, and at most on starts and bound.
_ENTRIES_PER_S = 3e8
_START_ENTRIES, _BOUND_ENTRIES = 5e7, 6e9
# Largest table of groups by sites that branch and bound works on.
_TABLE_ENTRIES = 20_000_000
# What is deducted, relative to all demand, from a bound summed in floating point.
_ROUNDING = 1e-11


@dataclass(frozen=True)
class CoverageSolution:
    """Answer to a maximal covering problem.

    Attributes:
        status: ``optimal`` only when proven (as in `routing.siting.pmedian.MedianSolution`, for the
            demand left uncovered); ``feasible`` when the time limit or the size stopped the proof.
        objective: demand covered.
        bound: proven upper bound on it.
        sites: the p open sites, ascending.
        runtime_s: wall time in seconds, merging not included.
        nodes: nodes of branch and bound.
        n_groups: number of different cover sets.
    """

    status: Status
    objective: float
    bound: float
    sites: Ints
    runtime_s: float
    nodes: int
    n_groups: int

    @property
    def gap(self) -> float:
        """Relative distance of the objective from the bound."""
        return relative_gap(self.objective, self.bound)


def solve_max_coverage(
    groups: CoverGroups,
    p: int,
    *,
    fixed_open: Sequence[int] = (),
    time_limit_s: float | None = None,
    seed: int = 0,
) -> CoverageSolution:
    """Open exactly p sites that cover the most demand.

    ``max sum(w_g: some open site covers g)`` (Church & ReVelle 1974, doi:10.1007/BF01942293).
    Demand comes merged by equal cover sets (`routing.siting.merging`), which is what makes millions
    of points a small problem; whether a point at exactly the limit is covered is decided there.

    Exchanges give an answer; a Lagrangian bound drops the sites that no better answer opens; the
    rest is a p-median problem in which a group costs its demand unless it is covered, for
    `routing.siting.search`.

    Args:
        groups: merged demand.
        p: number of open sites, the fixed ones included.
        fixed_open: sites that are open in every solution.
        time_limit_s: wall-time limit; the best answer so far is returned with its true bound.
        seed: the same seed gives the same answer unless a time limit stops the search.

    Raises:
        InputError: if p is out of range or a fixed site does not exist.
    """
    started = time.perf_counter()
    kept = _check(groups, p, fixed_open)
    deadline = math.inf if time_limit_s is None else started + time_limit_s
    best = _exchanges(groups, p, kept, seed)
    total = float(groups.weights.sum())
    left = total - groups.covered(best)
    core, bound = _drop_sites(groups, p, kept, left, deadline)
    search = None
    if core.q in (0, len(core.free)):
        # Nothing is left to choose: only this answer could still be better.
        last = np.concatenate([core.taken, core.free[: core.q]])
        if total - groups.covered(last) < left:
            best, left = last, total - groups.covered(last)
        bound = left
    elif bound < left and core.size() <= _TABLE_ENTRIES:
        search = core.search(left, seed, deadline)
        if search.answered:
            best = np.concatenate([core.taken, core.free[search.best]])
            left = total - groups.covered(best)
        bound = max(bound, min(search.grid.to_cost(search.bound()), left))
    proven = bound >= left or (search is not None and search.proven)
    return CoverageSolution(
        status="optimal" if proven else "feasible",
        objective=total - left,
        bound=total - min(bound, left),
        sites=np.sort(best),
        runtime_s=time.perf_counter() - started,
        nodes=search.nodes if search is not None else 0,
        n_groups=len(groups.weights),
    )


def _check(groups: CoverGroups, p: int, fixed_open: Sequence[int]) -> Ints:
    kept = np.unique(np.asarray(fixed_open, dtype=np.int64))
    faults = []
    outside = kept[(kept < 0) | (kept >= groups.n_sites)]
    if len(outside):
        rule: dict[str, object] = {"sites": groups.n_sites}
        faults.append(Fault("solver_no_such_site", "fixed_open", int(outside[0]), rule))
    low, high = max(1, len(kept)), groups.n_sites
    if not low <= p <= high:
        faults.append(Fault("solver_p_range", "p", p, {"low": low, "high": high}))
    if faults:
        raise InputError(faults)
    return kept


def _exchanges(groups: CoverGroups, p: int, kept: Ints, seed: int) -> Ints:
    """Return the best answer of a greedy and several random starts; the first of equals."""
    begin, of_site = transpose(groups.starts, groups.sites, groups.n_sites)
    others = np.setdiff1d(np.arange(groups.n_sites), kept)
    generator = np.random.default_rng(seed)
    tolerance = 1e-12 * float(groups.weights.sum())
    n_starts = int(min(_STARTS, 1 + _START_ENTRIES / (1 + len(groups.sites))))
    best, most = np.empty(0, np.int64), -1.0
    for start in range(n_starts):
        chosen = np.concatenate([kept, generator.choice(others, p - len(kept), replace=False)])
        covered = exchange(
            groups.starts, groups.sites, begin, of_site, groups.weights, chosen,
            p if start else len(kept), len(kept), tolerance, 1000,
        )  # fmt: skip
        if covered > most + tolerance:
            best, most = chosen, covered
    return best


@dataclass(frozen=True)
class _Core:
    """The sites that a better answer might open, and the groups they tell apart."""

    groups: CoverGroups
    taken: Ints
    free: Ints
    q: int

    def size(self) -> int:
        return len(self.groups.weights) * len(self.free)

    def search(self, left: float, seed: int, deadline: float) -> Search:
        """Look for q free sites that leave less than `left` uncovered."""
        table = np.repeat(self.groups.weights[:, None], len(self.free), axis=1)
        place = np.full(self.groups.n_sites, -1)
        place[self.free] = np.arange(len(self.free))
        rows = np.repeat(np.arange(len(self.groups.weights)), np.diff(self.groups.starts))
        table[rows, place[self.groups.sites]] = 0.0
        beyond = self.groups.out_of_reach
        grid = lay_grid(np.concatenate([table, np.full((1, len(self.free)), beyond)]))
        below = math.ceil((left - grid.offset) / grid.step)
        search = Search(grid, self.q, np.empty(0, np.int64), seed, deadline, below=below)
        search.run()
        return search


def _drop_sites(
    groups: CoverGroups, p: int, kept: Ints, left: float, deadline: float
) -> tuple[_Core, float]:
    """Return the core for answers that leave less than `left`, and a bound on what any leaves.

    A site that the best multipliers did not open is dropped if opening it lifts the bound to
    `left`; one that they did open is taken if closing it does.
    """
    core = groups.without(kept, []) if len(kept) else groups
    beyond = core.out_of_reach - groups.out_of_reach
    sites = np.setdiff1d(np.arange(groups.n_sites), kept)
    q = p - len(kept)
    if q in (0, len(sites)) or not len(core.weights):
        return _Core(core, kept, sites, q), left
    u, worth = 0.6 * core.weights, np.zeros(groups.n_sites)
    entries = 1 + 2 * len(core.sites)
    allowed = min(_BOUND_ENTRIES, _ENTRIES_PER_S * (deadline - time.perf_counter()))
    bound = beyond + lower_uncovered(
        core.starts, core.sites, core.weights, groups.n_sites, q, left - beyond,
        int(min(_STEPS, max(1, allowed / entries))), u, worth, left - beyond,
    )  # fmt: skip
    bound -= _ROUNDING * float(groups.weights.sum())
    order = sites[np.argsort(-worth[sites], kind="stable")]
    last_in, first_out = worth[order[q - 1]], worth[order[q]]
    dropped = order[q:][bound + last_in - worth[order[q:]] >= left]
    taken = order[:q][bound + worth[order[:q]] - first_out >= left]
    logger.debug("bound %s of %s: %s dropped, %s taken", bound, left, len(dropped), len(taken))
    decided = np.concatenate([kept, taken])
    free = np.setdiff1d(sites, np.concatenate([taken, dropped]))
    return _Core(groups.without(decided, dropped), decided, free, q - len(taken)), bound
