"""Compiled loops that make one record of all jobs of crews: whole numbers, no table in between.

A cell is a post and one of its vehicles. Jobs are put down cell after cell, in source order within
each (distribution counting: Knuth, The Art of Computer Programming 3, 5.2), straight into the
arrays that become the record.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata.jit import compiled

Array = NDArray[Any]


@compiled
def counted(post: Array, vehicle: Array, code: Array, jobs: Array, others: Array) -> None:
    """Count the jobs of each known post and vehicle, and those of each other post.

    Args:
        post, vehicle: codes of a part, shape (n,).
        code: number of the post that each post code means, -1 for none.
        jobs: shape (posts, vehicle codes), added to.
        others: shape (post codes,), added to.
    """
    for i in range(post.shape[0]):
        known = code[post[i]]
        if known >= 0:
            jobs[known, vehicle[i]] += 1
        else:
            others[post[i]] += 1


@compiled
def put(
    post: Array, vehicle: Array, from_s: Array, until_s: Array, code: Array, cell: Array,
    free: Array, begins: Array, ends: Array,
) -> None:  # fmt: skip
    """Put the jobs of known posts down in their cells.

    Args:
        post, vehicle, code: as of `counted`.
        from_s, until_s: seconds, shape (n,).
        cell: number of each cell, shape (posts, vehicle codes).
        free: next place of each cell; moved on.
        begins, ends: of all jobs by cell; filled.
    """
    for i in range(post.shape[0]):
        known = code[post[i]]
        if known >= 0:
            at = cell[known, vehicle[i]]
            begins[free[at]] = from_s[i]
            ends[free[at]] = until_s[i]
            free[at] += 1


@compiled
def disordered(first: Array, named: Array, begins: Array, ends: Array) -> Array:
    """Return which vehicles' jobs are not in order of begin, then end; arguments as of `joined`."""
    found = np.zeros(named.shape[0], np.bool_)
    for cell in range(named.shape[0]):
        for i in range(first[cell] + 1, first[cell + 1] if named[cell] else 0):
            same = begins[i] == begins[i - 1]
            if begins[i] < begins[i - 1] or (same and ends[i] < ends[i - 1]):
                found[cell] = True
                break
    return found


@compiled
def joined(first: Array, post: Array, named: Array, begins: Array, ends: Array) -> Array:
    """Join overlapping jobs of a vehicle in place; return where each post's begin, and the end.

    Args:
        first: where each cell begins, and the end, shape (cells + 1,); cells are by post.
        post: of each cell, and the number of posts at the end.
        named: whether a cell is one vehicle; jobs without a vehicle are not joined.
        begins, ends: of all jobs by cell, those of a vehicle in order of begin, then end; what is
            left comes first.
    """
    begin = np.zeros(post[-1] + 1, np.int64)
    kept = 0
    for cell in range(named.shape[0]):
        for i in range(first[cell], first[cell + 1]):
            if i > first[cell] and named[cell] and begins[i] < ends[kept - 1]:
                ends[kept - 1] = max(ends[kept - 1], ends[i])
                continue
            begins[kept], ends[kept] = begins[i], ends[i]
            kept += 1
        for p in range(post[cell] + 1, post[cell + 1] + 1):
            begin[p] = kept
    return begin


@compiled
def crews(
    first: Array, post: Array, named: Array, begins: Array, months: Array, share: float,
    found: Array,
) -> None:  # fmt: skip
    """Count the vehicles of each post that started jobs in each month, spare ones left out.

    Args:
        first, post, named, begins: as of `joined`, before it.
        months: when each month begins, and the one after the last.
        share: a vehicle counts where its jobs >= `share` times those of the busiest of its post.
        found: shape (posts, months), added to.
    """
    busiest = np.zeros(found.shape, np.int64)
    for counts in (False, True):
        for cell in range(named.shape[0]):
            i, last = first[cell], first[cell + 1] if named[cell] else first[cell]
            while i < last:
                month = np.searchsorted(months, begins[i], side="right") - 1
                begun = i
                while i < last and begins[i] < months[month + 1]:
                    i += 1
                most = busiest[post[cell], month]
                if not counts:
                    busiest[post[cell], month] = max(most, i - begun)
                elif i - begun >= share * most:
                    found[post[cell], month] += 1
