"""Compiled loops of the maximal covering solver: answers by exchange, bounds by Lagrange."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.jit import compiled

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_MOMENTUM = 0.95


@compiled
def transpose(starts: Ints, sites: Ints, n_sites: int) -> tuple[Ints, Ints]:
    """Return the groups of each site from the sites of each group."""
    begin = np.zeros(n_sites + 1, np.int64)
    for k in range(len(sites)):
        begin[sites[k] + 1] += 1
    for j in range(n_sites):
        begin[j + 1] += begin[j]
    place = begin[:-1].copy()
    groups = np.empty(len(sites), np.int64)
    for g in range(len(starts) - 1):
        for k in range(starts[g], starts[g + 1]):
            groups[place[sites[k]]] = g
            place[sites[k]] += 1
    return begin, groups


@compiled
def _flip(
    site: int,
    change: int,
    starts: Ints,
    sites: Ints,
    begin: Ints,
    groups: Ints,
    weights: Floats,
    count: Ints,
    gain: Floats,
) -> None:
    """Open (`change` 1) or close (-1) a site: keep cover counts and what each site would add."""
    for k in range(begin[site], begin[site + 1]):
        g = groups[k]
        count[g] += change
        if count[g] == (1 if change > 0 else 0):
            for e in range(starts[g], starts[g + 1]):
                gain[sites[e]] -= change * weights[g]


@compiled
def exchange(
    starts: Ints,
    sites: Ints,
    begin: Ints,
    groups: Ints,
    weights: Floats,
    chosen: Ints,
    n_given: int,
    n_kept: int,
    tolerance: float,
    max_passes: int,
) -> float:
    """Fill `chosen` greedily from place `n_given` on, then exchange one site at a time.

    The first `n_kept` stay. Every open site in turn is replaced by the one that adds most, the
    lowest number winning ties, until a pass changes nothing. Returns the demand covered.
    """
    n_sites = len(begin) - 1
    count = np.zeros(len(weights), np.int64)
    gain = np.zeros(n_sites)
    for j in range(n_sites):
        for k in range(begin[j], begin[j + 1]):
            gain[j] += weights[groups[k]]
    is_open = np.zeros(n_sites, np.bool_)
    covered = 0.0
    for r in range(len(chosen)):
        if r >= n_given:
            best = -1
            for j in range(n_sites):
                if not is_open[j] and (best < 0 or gain[j] > gain[best]):
                    best = j
            chosen[r] = best
        covered += gain[chosen[r]]
        is_open[chosen[r]] = True
        _flip(chosen[r], 1, starts, sites, begin, groups, weights, count, gain)
    for _ in range(max_passes):
        changed = False
        for r in range(n_kept, len(chosen)):
            old = chosen[r]
            _flip(old, -1, starts, sites, begin, groups, weights, count, gain)
            best = old
            for j in range(n_sites):
                if not is_open[j] and gain[j] > gain[best] + tolerance:
                    best = j
            if best != old:
                covered += gain[best] - gain[old]
                is_open[old], is_open[best] = False, True
                chosen[r] = best
                changed = True
            _flip(best, 1, starts, sites, begin, groups, weights, count, gain)
        if not changed:
            break
    return covered


@compiled
def lower_uncovered(
    starts: Ints,
    sites: Ints,
    weights: Floats,
    n_sites: int,
    p: int,
    target: float,
    max_steps: int,
    u: Floats,
    worth: Floats,
    stop_at: float,
) -> float:
    """Return a lower bound on the demand that p sites leave uncovered, by subgradient steps.

    For multipliers ``0 <= u_g <= w_g``, ``L(u) = sum_g u_g - (sum of the p largest v_j)`` with
    ``v_j = sum(u_g: j covers g)`` never exceeds it. Steps are in proportion to the demand. `target`
    is the demand that a known answer leaves uncovered. On return `u` and `worth` (the v_j) belong
    to the best bound; the steps end once it passes `stop_at`.
    """
    n = len(weights)
    value = np.empty(n_sites)
    momentum = np.zeros(n)
    here_u = u.copy()
    best = -np.inf
    step, waited = 1.0, 0
    for _ in range(max_steps):
        value[:] = 0.0
        total = 0.0
        for g in range(n):
            x = here_u[g]
            total += x
            if x > 0.0:
                for k in range(starts[g], starts[g + 1]):
                    value[sites[k]] += x
        order = np.argsort(-value, kind="mergesort")
        is_open = np.zeros(n_sites, np.int64)
        for k in range(p):
            is_open[order[k]] = 1
            total -= value[order[k]]
        waited += 1
        if total > best:
            if total - best > 0.002 * (target - best):
                waited = 0
            best = total
            u[:] = here_u
            worth[:] = value
            if best > stop_at:
                break
        if waited >= 20:
            step *= 0.8
            waited = 0
            here_u[:] = u
            if step < 0.002:
                break
            continue
        norm = 0.0
        for g in range(n):
            s = 1
            for k in range(starts[g], starts[g + 1]):
                s -= is_open[sites[k]]
            if (s > 0 and here_u[g] >= weights[g]) or (s < 0 and here_u[g] <= 0.0):
                s = 0
            momentum[g] = s + _MOMENTUM * momentum[g]
            norm += weights[g] * momentum[g] * momentum[g]
        if norm == 0.0:
            break
        length = step * (target * 1.0005 - total) / norm
        for g in range(n):
            here_u[g] = min(max(here_u[g] + length * weights[g] * momentum[g], 0.0), weights[g])
    return best
