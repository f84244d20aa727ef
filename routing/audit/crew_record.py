"""The record of all jobs of a log, from the stored numbers of its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing.audit import codes, crew_loops
from routing.audit.codes import fixed
from routing.audit.crews import CREW_SHARE, Crews, month_begins, month_of
from routing.audit.modelled import UNKNOWN, Modelled

Ints = NDArray[np.int64]
Columns = Mapping[str, NDArray[Any]]
Labels = Mapping[str, Sequence[str]]


def merged(parts: Sequence[tuple[Columns, Labels]], model: Modelled) -> Crews:
    """Return who was out when; jobs are held once, in what becomes the record.

    Args:
        parts: in any order, the columns ``post``, ``vehicle`` (codes), ``from_s`` and ``until_s``
            (local seconds) of a part, and the labels of its codes, from 1 on.
        model: knows the region's posts; posts it does not know are counted and left out.
    """
    names, vehicles = (
        codes.merged(labels[key] for _, labels in parts) or () for key in ("post", "vehicle")
    )
    code = dict(zip(names, model.match(names).tolist(), strict=True))
    number = {name: k for k, name in enumerate(vehicles, start=1)}
    held = [_Held.of(*part, code, number, len(model.post_ids)) for part in parts]
    unmatched = dict.fromkeys(names, 0)
    for one, (_, labels) in zip(held, parts, strict=True):
        for name, jobs in zip(labels["post"], one.others[1:].tolist(), strict=True):
            unmatched[name] += jobs
    unmatched = {name: jobs for name, jobs in unmatched.items() if jobs}
    cells, size = _cells(held)
    begins, ends = _put(parts, held, cells, size)
    post, vehicle = np.divmod(cells, len(vehicles) + 1)
    return _record(_Cells.of(post, vehicle, size, len(model.post_ids)), begins, ends, unmatched)


@dataclass(frozen=True, eq=False)
class _Held:
    """The cells of one part: a cell is a post and a vehicle.

    Attributes:
        code: post that each post code means, -1 for none.
        at: rows and columns, in a table of posts by vehicle codes, of the cells that have jobs.
        shape: of that table.
        key: post and vehicle of these cells as one number, the same in all parts.
        jobs: number of their jobs.
        others: jobs by post code, of posts that the region does not know.
    """

    code: NDArray[np.int32]
    at: tuple[Ints, Ints]
    shape: tuple[int, int]
    key: Ints
    jobs: Ints
    others: Ints

    @classmethod
    def of(
        cls,
        columns: Columns,
        labels: Labels,
        code: Mapping[str, int],
        number: Mapping[str, int],
        posts: int,
    ) -> _Held:
        post = np.array([UNKNOWN, *(code[name] for name in labels["post"])], np.int32)
        vehicle = np.array([0, *(number[name] for name in labels["vehicle"])], np.int64)
        jobs, others = np.zeros((posts, len(vehicle)), np.int64), np.zeros(len(post), np.int64)
        crew_loops.counted(columns["post"], columns["vehicle"], fixed(post), jobs, others)
        at = np.nonzero(jobs)
        key = at[0] * (len(number) + 1) + vehicle[at[1]]
        return cls(post, (at[0], at[1]), (posts, len(vehicle)), key, jobs[at], others)


def _cells(held: Sequence[_Held]) -> tuple[Ints, Ints]:
    """Return the keys of all cells, in order, and the number of their jobs."""
    nothing = np.empty(0, np.int64)
    keys = np.concatenate([nothing, *(one.key for one in held)])
    cells, place = np.unique(keys, return_inverse=True)
    size = np.zeros(len(cells), np.int64)
    np.add.at(size, place, np.concatenate([nothing, *(one.jobs for one in held)]))
    return cells, size


def _put(
    parts: Sequence[tuple[Columns, Labels]], held: Sequence[_Held], cells: Ints, size: Ints
) -> tuple[Ints, Ints]:
    """Return begins and ends of all jobs, cell after cell."""
    free = np.cumsum(size) - size
    begins, ends = np.empty(int(size.sum()), np.int64), np.empty(int(size.sum()), np.int64)
    for one, (columns, _) in zip(held, parts, strict=True):
        cell = np.zeros(one.shape, np.int64)
        cell[one.at] = np.searchsorted(cells, one.key)
        crew_loops.put(
            columns["post"], columns["vehicle"], columns["from_s"], columns["until_s"],
            fixed(one.code), cell, free, begins, ends,
        )  # fmt: skip
    return begins, ends


@dataclass(frozen=True, eq=False)
class _Cells:
    """All cells, by post.

    Attributes:
        first: where the jobs of each begin, and the end of all, shape (cells + 1,).
        post: of each, and the number of posts, shape (cells + 1,).
        named: whether it is a vehicle with a name, shape (cells,).
    """

    first: Ints
    post: Ints
    named: NDArray[np.bool_]

    @classmethod
    def of(cls, post: Ints, vehicle: Ints, size: Ints, posts: int) -> _Cells:
        return cls(np.append(0, np.cumsum(size)), np.append(post, posts), vehicle > 0)


def _record(cells: _Cells, begins: Ints, ends: Ints, unmatched: dict[str, int]) -> Crews:
    """Return the record; `begins` and `ends` become part of it."""
    _order(cells, begins, ends)
    days = [begins.min(), begins.max()] if len(begins) else [0, 0]
    month_from, month_to = month_of(np.array(days, np.int64)).tolist()
    crews = np.zeros((int(cells.post[-1]), month_to - month_from + 1), np.int32)
    months = month_begins(month_from, crews.shape[1] + 1)
    crew_loops.crews(cells.first, cells.post, cells.named, begins, months, CREW_SHARE, crews)
    first = crew_loops.joined(cells.first, cells.post, cells.named, begins, ends)
    for low, high in pairwise(first.tolist()):
        begins[low:high].sort()
        ends[low:high].sort()
    kept = int(first[-1])
    return Crews(first, begins[:kept], ends[:kept], month_from, crews, unmatched)


def _order(cells: _Cells, begins: Ints, ends: Ints) -> None:
    """Put the jobs of each vehicle in order of begin, then end: mostly they are."""
    late = crew_loops.disordered(cells.first, cells.named, begins, ends)
    for k in np.flatnonzero(late):
        rows = slice(cells.first[k], cells.first[k + 1])
        order = np.lexsort((ends[rows], begins[rows]))
        begins[rows], ends[rows] = begins[rows][order], ends[rows][order]
