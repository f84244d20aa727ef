"""A local search over sets of sites: what a relaxation likes, then single moves while they help."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from routing.siting.clock import Clock
from routing.siting.problem import Floats, Ints

Judge = Callable[[Ints], tuple[float, float]]
Allows = Callable[[Ints], bool]

_MOST_PASSES = 200
_MOST_IN_POOL = 150


def search(
    point: Floats, *, start: Ints | None, judge: Judge, allows: Allows, clock: Clock
) -> Ints | None:
    """Return a good set of sites (positions), None where none was found that the rules allow.

    Args:
        point: how much the relaxation opens each site; sites at 0 are left alone.
        start: a set to start from, or None to start from `point`.
        judge: what a set lacks of its requirements, and its value; the smaller pair is the better.
        allows: whether the rules allow a set.
        clock: when to stop.
    """
    pool = np.flatnonzero(point > 1e-7)
    if start is not None:
        pool = np.union1d(pool, start)
    pool = pool[np.argsort(-point[pool], kind="stable")][:_MOST_IN_POOL]
    best = _rounded(point, pool, allows) if start is None else np.sort(start)
    if best is None:
        return None
    worth = judge(best)
    for _ in range(_MOST_PASSES):
        moved = _best_move(best, worth, pool, judge, allows, clock)
        if moved is None or clock.is_over():
            break
        best, worth = moved
    return best


def _rounded(point: Floats, pool: Ints, allows: Allows) -> Ints | None:
    """Open the sites of the pool in falling order while the rules allow it."""
    opened: list[int] = []
    allowed: Ints | None = None
    for site in pool.tolist():
        if point[site] < 0.05 and allowed is not None:
            break
        trial = np.array(sorted([*opened, site]), dtype=np.int64)
        # A rule that asks for a minimum is not kept before enough sites are open.
        if allows(trial):
            opened, allowed = trial.tolist(), trial
        elif allowed is None:
            opened = trial.tolist()
    none = np.empty(0, np.int64)
    return allowed if allowed is not None else (none if allows(none) else None)


def _best_move(
    best: Ints, worth: tuple[float, float], pool: Ints, judge: Judge, allows: Allows, clock: Clock
) -> tuple[Ints, tuple[float, float]] | None:
    found = None
    for trial in _moves(best, pool):
        if not allows(trial):
            continue
        value = judge(trial)
        if _is_better(value, worth):
            found, worth = trial, value
        if clock.is_over():
            break
    return None if found is None else (found, worth)


def _is_better(one: tuple[float, float], other: tuple[float, float]) -> bool:
    if abs(one[0] - other[0]) > 1e-12:
        return one[0] < other[0]
    return one[1] < other[1] - 1e-9 * max(1.0, abs(other[1]))


def _moves(best: Ints, pool: Ints) -> Iterator[Ints]:
    outside = np.setdiff1d(pool, best)
    for site in outside:
        yield np.sort(np.append(best, site))
    for leaving in range(len(best)):
        rest = np.delete(best, leaving)
        yield rest
        for site in outside:
            yield np.sort(np.append(rest, site))
