"""Lagrangian bounds for the p-median problem, in compiled loops over whole numbers.

Relaxing "every demand point is served once" with multipliers ``u`` gives, for p open sites,

    L(u) = sum_i u_i + (sum of the p smallest rho_j),    rho_j = sum_i min(0, c_ij - u_i)

and ``L(u) <= optimum`` for every u (Cornuéjols, Fisher & Nemhauser 1977,
doi:10.1287/mnsc.23.8.789). Costs and multipliers are whole numbers on a fine grid, so L is exact
and the same on every machine: no rounding can make a bound too high.

A node of the search is a pair (`state`, `cap`): `state` says for each site whether it is free, open
or closed, and ``cap[i]`` is the smallest cost of point i over the open ones. Multipliers never
exceed the cap, so open sites add nothing to L and drop out of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.jit import compiled
from routing.siting.swap import interchange

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FREE, OPEN, CLOSED = 0, 1, -1
# Larger than any bound; what a node without any improving solution is given.
NOTHING_LEFT = 2**62
# Above this the sums below could overflow; such multipliers are far from any optimum.
_SAFE_MASS = 4e18
# Places in the control vector of `ascend`.
STEP, PATIENCE, SHRINK, MIN_STEP, PROGRESS, WAITED, SHARE_SPAN, INERTIA = range(8)


@compiled
def _price(costs: Ints, u: Ints, free: Ints, n_free: int, rho: Ints) -> None:
    """Set ``rho[k]`` to what opening the k-th free site would save at `u`, at most 0."""
    for k in range(n_free):
        row = costs[free[k]]
        saved = 0
        for i in range(len(u)):
            saved += min(row[i] - u[i], 0)
        rho[k] = saved


@compiled
def _order_statistic(values: Ints, n: int, rank: int) -> int:
    """Return the value of zero-based `rank` among the first n of `values`, which are reordered."""
    low, high = 0, n - 1
    while low < high:
        pivot = values[(low + high) >> 1]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if rank <= j:
            high = j
        elif rank >= i:
            low = i
        else:
            break
    return int(values[rank])


@compiled
def _choose(rho: Ints, n: int, q: int, chosen: Ints, work: Ints) -> tuple[int, int, int]:
    """Put the positions of the q smallest of the first n `rho` into `chosen`, the first of equals.

    Returns their sum, the largest value chosen and the smallest one left out.
    """
    work[:n] = rho[:n]
    last_in = _order_statistic(work, n, q - 1)
    ties = q
    for k in range(n):
        if rho[k] < last_in:
            ties -= 1
    total, count = 0, 0
    first_out = NOTHING_LEFT
    for k in range(n):
        take = rho[k] < last_in
        if rho[k] == last_in and ties > 0:
            take = True
            ties -= 1
        if take:
            chosen[count] = k
            count += 1
            total += rho[k]
        elif rho[k] < first_out:
            first_out = rho[k]
    return total, last_in, first_out


@compiled
def _served_cost(costs: Ints, cap: Ints, free: Ints, chosen: Ints, q: int, work: Ints) -> int:
    """Return the cost when the chosen free sites open beside those already in `cap`."""
    work[:] = cap
    for k in range(q):
        row = costs[free[chosen[k]]]
        for i in range(len(cap)):
            work[i] = min(work[i], row[i])
    return int(work.sum())


@compiled
def _subgradient(costs: Ints, u: Ints, free: Ints, chosen: Ints, q: int, slope: Ints) -> None:
    """Set ``slope[i]`` to one less how often the chosen sites serve point i: a slope of L at u."""
    slope[:] = 1
    for k in range(q):
        row = costs[free[chosen[k]]]
        for i in range(len(u)):
            slope[i] -= 1 if row[i] < u[i] else 0


@compiled
def _collect(
    state: NDArray[np.int8], free: Ints, chosen: Ints, q: int, best: Ints, n_kept: int, sites: Ints
) -> None:
    """Write the open and the chosen sites into `sites`, the first `n_kept` as in `best`."""
    sites[:n_kept] = best[:n_kept]
    count = n_kept
    for j in range(len(state)):
        if state[j] == OPEN and not (best[:n_kept] == j).any():
            sites[count] = j
            count += 1
    for k in range(q):
        sites[count] = free[chosen[k]]
        count += 1


@compiled
def _fix(
    costs: Ints,
    state: NDArray[np.int8],
    cap: Ints,
    free: Ints,
    n_free: int,
    rho: Ints,
    is_chosen: NDArray[np.bool_],
    bound: int,
    last_in: int,
    first_out: int,
    cut: int,
) -> tuple[int, int]:
    """Close or open the sites whose other choice lifts the bound above `cut`.

    Opening a site that was left out costs at least ``rho_j - last_in`` more, closing a chosen one
    at least ``first_out - rho_j``. Returns how many sites stay free and how many were opened.
    """
    kept, opened = 0, 0
    for k in range(n_free):
        j = free[k]
        if not is_chosen[k] and bound + rho[k] - last_in > cut:
            state[j] = CLOSED
        elif is_chosen[k] and first_out < NOTHING_LEFT and bound - rho[k] + first_out > cut:
            state[j] = OPEN
            opened += 1
            for i in range(len(cap)):
                cap[i] = min(cap[i], costs[j, i])
        else:
            free[kept] = j
            kept += 1
    return kept, opened


@compiled
def _sum_capped(u: Ints, cap: Ints) -> tuple[int, float]:
    """Lower each multiplier to its cap; return their sum, and the sum of their sizes as a float."""
    total, mass = 0, 0.0
    for i in range(len(u)):
        u[i] = min(u[i], cap[i])
        total += u[i]
        mass += abs(float(u[i]))
    return total, mass


@compiled
def _note_shares(share: Floats, free: Ints, n_free: int, chosen: Ints, q: int, span: float) -> None:
    for k in range(n_free):
        share[free[k]] *= 1.0 - span
    for k in range(q):
        share[free[chosen[k]]] += span


@compiled
def _move(
    u: Ints, cap: Ints, slope: Ints, pace: Floats, momentum: Floats, inertia: float, reach: float
) -> bool:
    """Move the multipliers by `reach` over the squared length of the direction; False if zero."""
    norm = 0.0
    for i in range(len(u)):
        if slope[i] > 0 and u[i] >= cap[i]:
            slope[i] = 0
        momentum[i] = slope[i] + inertia * momentum[i]
        norm += pace[i] * momentum[i] * momentum[i]
    if norm == 0.0:
        return False
    for i in range(len(u)):
        u[i] += np.int64(np.rint(reach / norm * pace[i] * momentum[i]))
    return True


@compiled
def ascend(
    costs: Ints,
    costs_by_demand: Ints,
    far: int,
    state: NDArray[np.int8],
    cap: Ints,
    u: Ints,
    pace: Floats,
    momentum: Floats,
    share: Floats,
    control: Floats,
    p: int,
    n_kept: int,
    margin: int,
    upper: int,
    best: Ints,
    max_steps: int,
    swap_every: int,
) -> tuple[int, int, int, bool]:
    """Raise the bound of one node by subgradient steps, fixing sites and finding better answers.

    Steps of Polyak's length towards the incumbent along the slope with momentum (Camerini, Fratta &
    Maffioli 1975, doi:10.1007/BFb0120697). Only solutions cheaper than ``upper - margin`` matter:
    a site is fixed when its other choice has none, and the node ends when it has none itself.

    Args:
        costs: shape (site, demand), whole numbers from 0; `far` where service is not allowed.
        costs_by_demand: the same, transposed.
        far: cost of leaving a point unserved.
        state: shape (site,), FREE, OPEN or CLOSED; changed in place, as are the next five.
        cap: shape (demand,), smallest cost over the open sites.
        u: shape (demand,), multipliers; on return those of the best bound seen in this call.
        pace: shape (demand,), above 0: how far each multiplier moves along the slope, best in
            proportion to the costs of the point.
        momentum: shape (demand,), direction carried from step to step; zeros at first.
        share: shape (site,), running share of the steps in which a free site was chosen.
        control: step factor, patience, shrink factor, smallest step factor, progress that counts,
            steps waited so far, the weight of one step in `share`, and of the direction so far.
        p: number of sites to open, the OPEN ones included.
        n_kept: the first so many of `best` must stay open.
        margin: how much cheaper than the incumbent a solution must be to matter; at least 1.
        upper: cost of the incumbent.
        best: shape (p,), sites of the incumbent; changed in place when a better one is found.
        max_steps: return after so many.
        swap_every: interchange from the chosen sites after every so many steps; 0 never, except
            on finding a better incumbent.

    Returns:
        the bound (`NOTHING_LEFT` or any bound above ``upper - margin``: nothing left that matters),
        the cost of the incumbent, the steps taken and whether further steps would be of use.
    """
    m, n = costs.shape
    free = np.flatnonzero(state == FREE)
    n_free = len(free)
    q = p - int((state == OPEN).sum())
    rho = np.empty(m, np.int64)
    work = np.empty(m, np.int64)
    chosen = np.empty(m, np.int64)
    is_chosen = np.zeros(m, np.bool_)
    served = np.empty(n, np.int64)
    slope = np.empty(n, np.int64)
    sites = np.empty(p, np.int64)
    best_u = u.copy()
    bound = -NOTHING_LEFT
    for step in range(max_steps):
        if q < 0 or n_free < q:
            return NOTHING_LEFT, upper, step, False
        if q == 0 or n_free == q:
            # Nothing left to decide: the cost itself is the bound.
            chosen[:q] = np.arange(q)
            cost = _served_cost(costs, cap, free, chosen, q, served)
            if cost < upper:
                upper = cost
                _collect(state, free, chosen, q, best, n_kept, sites)
                best[:] = sites
            return cost, upper, step, False
        base, mass = _sum_capped(u, cap)
        if mass * (q + 1) > _SAFE_MASS:
            u[:] = best_u
            return bound, upper, step, False
        _price(costs, u, free, n_free, rho)
        total, last_in, first_out = _choose(rho, n_free, q, chosen, work)
        here = base + total
        _note_shares(share, free, n_free, chosen, q, control[SHARE_SPAN])
        control[WAITED] += 1.0
        if here > bound:
            if float(here - bound) > float(upper - bound) * control[PROGRESS]:
                control[WAITED] = 0.0
            bound = here
            best_u[:] = u
        if bound > upper - margin:
            u[:] = best_u
            return bound, upper, step + 1, False
        if step % 4 == 3:
            cost = _served_cost(costs, cap, free, chosen, q, served)
            swap = swap_every > 0 and (step + 1) % swap_every == 0
            if cost < upper or swap:
                _collect(state, free, chosen, q, best, n_kept, sites)
                cost = interchange(costs_by_demand, sites, n_kept, far, 10 * p + 100)
                if cost < upper:
                    upper = cost
                    best[:] = sites
        cut = upper - margin
        if step % 5 == 0 and here > cut - (upper >> 4):
            is_chosen[:n_free] = False
            for k in range(q):
                is_chosen[chosen[k]] = True
            before = n_free
            n_free, opened = _fix(
                costs, state, cap, free, n_free, rho, is_chosen, here, last_in, first_out, cut
            )
            q -= opened
            if n_free < before:
                continue
        if control[WAITED] >= control[PATIENCE]:
            control[STEP] *= control[SHRINK]
            control[WAITED] = 0.0
            u[:] = best_u
            if control[STEP] < control[MIN_STEP]:
                return bound, upper, step + 1, False
            continue
        _subgradient(costs, u, free, chosen, q, slope)
        reach = control[STEP] * float(upper + (upper >> 11) - here)
        if not _move(u, cap, slope, pace, momentum, control[INERTIA], reach):
            u[:] = best_u
            return bound, upper, step + 1, False
    u[:] = best_u
    return bound, upper, max_steps, True
