"""Fast interchange for the p-median problem, in compiled loops over integer costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.jit import compiled

Ints = NDArray[np.int64]


@compiled
def two_nearest(row: Ints, sites: Ints, far: int) -> tuple[int, int, int, int]:
    """Return the two smallest costs of `row` over `sites` and where in `sites` they stand.

    The earlier place wins a tie. A place that no site can serve more cheaply than `far` gets cost
    `far` and position -1.
    """
    first, second = far, far
    at_first, at_second = -1, -1
    for k in range(len(sites)):
        cost = row[sites[k]]
        if cost < first:
            second, at_second = first, at_first
            first, at_first = cost, k
        elif cost < second:
            second, at_second = cost, k
    return first, second, at_first, at_second


@compiled
def _count_demand(row: Ints, first: int, second: int, gain: Ints, extra: Ints, sign: int) -> None:
    """Add (or take away) what one demand point says about every possible insertion.

    ``gain[f]`` is saved whichever site leaves; ``extra[f]`` more is saved when the site that leaves
    is the nearest one, as the point then need not fall back on its second nearest.
    """
    for f in range(len(row)):
        cost = row[f]
        gain[f] += sign * max(first - cost, 0)
        extra[f] += sign * max(second - max(cost, first), 0)


@compiled
def _best_swap(gain: Ints, loss: Ints, extra: Ints, n_kept: int) -> tuple[int, int]:
    """Return the position that leaves and the site that enters; (-1, -1) if no swap helps."""
    best = 0
    leaving = -1
    for r in range(n_kept, len(loss)):
        most = 0
        row = extra[r]
        for f in range(len(gain)):
            most = max(most, gain[f] + row[f])
        if most - loss[r] > best:
            best = most - loss[r]
            leaving = r
    if leaving < 0:
        return -1, -1
    for f in range(len(gain)):
        if gain[f] + extra[leaving, f] - loss[leaving] == best:
            return leaving, f
    return -1, -1


@compiled
def interchange(costs: Ints, sites: Ints, n_kept: int, far: int, max_swaps: int) -> int:
    """Swap one open site for a closed one, the best swap first, until none helps; return the cost.

    Whitaker's fast interchange with the incremental tables of Resende & Werneck (2007,
    doi:10.1007/s10479-006-0154-0): only the demand points whose two nearest sites change are
    looked at after a swap. The first of equally good swaps is taken.

    Args:
        costs: shape (demand, site), whole numbers; `far` where a site may not serve a point.
        sites: the open sites, changed in place; the first `n_kept` of them stay.
        n_kept: how many leading entries of `sites` may not leave.
        far: cost of leaving a point unserved, larger than any other.
        max_swaps: stop after so many.
    """
    n, m = costs.shape
    first = np.empty(n, np.int64)
    second = np.empty(n, np.int64)
    at_first = np.empty(n, np.int64)
    at_second = np.empty(n, np.int64)
    gain = np.zeros(m, np.int64)
    loss = np.zeros(len(sites), np.int64)
    extra = np.zeros((len(sites), m), np.int64)
    touched = np.arange(n)
    n_touched = n
    swaps = 0
    while True:
        for k in range(n_touched):
            i = touched[k]
            first[i], second[i], at_first[i], at_second[i] = two_nearest(costs[i], sites, far)
            at = max(at_first[i], 0)
            loss[at] += second[i] - first[i]
            _count_demand(costs[i], first[i], second[i], gain, extra[at], 1)
        if swaps >= max_swaps:
            break
        leaving, entering = _best_swap(gain, loss, extra, n_kept)
        if leaving < 0:
            break
        n_touched = 0
        for i in range(n):
            near = at_first[i] == leaving or at_second[i] == leaving
            if near or costs[i, entering] < second[i]:
                touched[n_touched] = i
                n_touched += 1
                at = max(at_first[i], 0)
                loss[at] -= second[i] - first[i]
                _count_demand(costs[i], first[i], second[i], gain, extra[at], -1)
        sites[leaving] = entering
        swaps += 1
    return int(first.sum())
