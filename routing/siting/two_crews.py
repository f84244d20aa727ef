"""Good sites for two crews near, by exchanges in compiled loops.

The first of two crews near a place is worth nothing, so exchanging one site at a time gets stuck
early: two are exchanged at once where that is affordable. Nothing is proven here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.jit import compiled
from routing.siting.clock import Clock
from routing.siting.coverage_loops import transpose

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_STARTS = 6
# Entries that one round of exchanges of two sites may go through; about a second.
_PAIR_ENTRIES = 5e8
# What an exchange has to gain, relative to all weight, so that rounding makes no circles.
_ROUNDING = 1e-11


def exchanged(
    near: Flags,
    *,
    lack: Ints,
    weights: Floats,
    crews: Ints,
    n_open: int,
    seed: int,
    clock: Clock,
) -> Ints:
    """Return sites that no exchange improves: the best of some random starts, the first of equals.

    A row counts with its weight when the open sites near it have the crews that it lacks.

    Args:
        near: shape (rows, sites), whether a site is near a row.
        lack: shape (rows,), crews that a row still needs; at least 1.
        weights: shape (rows,), not negative.
        crews: shape (sites,), crews that a site has when open; at least 1.
        n_open: number of sites to open.
        seed: of the random starts.
        clock: no further start is made when it is over.
    """
    n_sites = near.shape[1]
    sizes = near.sum(axis=1)
    starts, sites = np.r_[0, np.cumsum(sizes)].astype(np.int64), np.nonzero(near)[1]
    begin, rows = transpose(starts, sites, n_sites)
    pairs = n_open * (n_open - 1) / 2
    in_pairs = bool(pairs * float((sizes.astype(float) ** 2).sum()) <= _PAIR_ENTRIES)
    generator = np.random.default_rng(seed)
    best, most = np.empty(0, np.int64), -1.0
    room = _ROUNDING * float(weights.sum())
    for _ in range(_STARTS):
        chosen = generator.choice(n_sites, n_open, replace=False).astype(np.int64)
        reached = _exchange(
            starts, sites, begin, rows, lack, weights, crews, chosen, in_pairs, room
        )
        if reached > most + room:
            best, most = chosen, reached
        if clock.is_over():
            break
    return np.sort(best)


@compiled
def _flip(
    site: int,
    change: int,
    starts: Ints,
    sites: Ints,
    begin: Ints,
    rows: Ints,
    weights: Floats,
    crews: Ints,
    lack: Ints,
    gain: Floats,
) -> None:
    """Open (`change` 1) or close (-1) a site: keep what rows lack and what each site would add."""
    for k in range(begin[site], begin[site + 1]):
        row = rows[k]
        before = lack[row]
        after = before - change * crews[site]
        lack[row] = after
        if before <= 0 and after <= 0:
            continue
        for e in range(starts[row], starts[row + 1]):
            there = crews[sites[e]]
            if 0 < before <= there:
                gain[sites[e]] -= weights[row]
            if 0 < after <= there:
                gain[sites[e]] += weights[row]


@compiled
def _exchange(
    starts: Ints,
    sites: Ints,
    begin: Ints,
    rows: Ints,
    lack: Ints,
    weights: Floats,
    crews: Ints,
    chosen: Ints,
    in_pairs: bool,
    room: float,
) -> float:
    """Exchange open sites, one or two at a time, until nothing helps; return the weight reached.

    `chosen` changes in place. An exchange has to gain more than `room`.
    """
    n_sites = len(begin) - 1
    left, gain = lack.copy(), np.zeros(n_sites)
    for row in range(len(lack)):
        for e in range(starts[row], starts[row + 1]):
            if 0 < lack[row] <= crews[sites[e]]:
                gain[sites[e]] += weights[row]
    is_open = np.zeros(n_sites, np.bool_)
    reached = 0.0
    for site in chosen:
        reached += gain[site]
        is_open[site] = True
        _flip(site, 1, starts, sites, begin, rows, weights, crews, left, gain)
    while True:
        more = _alone(starts, sites, begin, rows, weights, crews, chosen, room, left, gain, is_open)
        if more == 0.0 and in_pairs:
            more = _in_pairs(
                starts, sites, begin, rows, weights, crews, chosen, room, left, gain, is_open
            )
        reached += more
        if more == 0.0:
            return reached


@compiled
def _alone(
    starts: Ints,
    sites: Ints,
    begin: Ints,
    rows: Ints,
    weights: Floats,
    crews: Ints,
    chosen: Ints,
    room: float,
    left: Ints,
    gain: Floats,
    is_open: Flags,
) -> float:
    """Give each open site in turn the best place for it; return what that gains."""
    total = 0.0
    for r in range(len(chosen)):
        old = chosen[r]
        _flip(old, -1, starts, sites, begin, rows, weights, crews, left, gain)
        is_open[old] = False
        best = old
        for j in range(len(gain)):
            if not is_open[j] and gain[j] > gain[best] + room:
                best = j
        total += gain[best] - gain[old]
        chosen[r] = best
        is_open[best] = True
        _flip(best, 1, starts, sites, begin, rows, weights, crews, left, gain)
    return total


@compiled
def _in_pairs(
    starts: Ints,
    sites: Ints,
    begin: Ints,
    rows: Ints,
    weights: Floats,
    crews: Ints,
    chosen: Ints,
    room: float,
    left: Ints,
    gain: Floats,
    is_open: Flags,
) -> float:
    """Give each two open sites in turn the best places for them; return what that gains."""
    total = 0.0
    for r in range(len(chosen)):
        for s in range(r):
            worth = 0.0
            for place in (r, s):
                old = chosen[place]
                _flip(old, -1, starts, sites, begin, rows, weights, crews, left, gain)
                is_open[old] = False
                worth += gain[old]
            most, first, second = worth + room, chosen[r], chosen[s]
            for i in range(len(gain)):
                if is_open[i]:
                    continue
                alone = gain[i]
                _flip(i, 1, starts, sites, begin, rows, weights, crews, left, gain)
                for j in range(len(gain)):
                    if j != i and not is_open[j] and alone + gain[j] > most:
                        most, first, second = alone + gain[j], i, j
                _flip(i, -1, starts, sites, begin, rows, weights, crews, left, gain)
            if first != chosen[r] or second != chosen[s]:
                total += most - worth
                chosen[r], chosen[s] = first, second
            for place in (r, s):
                is_open[chosen[place]] = True
                _flip(chosen[place], 1, starts, sites, begin, rows, weights, crews, left, gain)
    return total
