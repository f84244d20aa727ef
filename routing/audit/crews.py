"""Whether a post's crews were out: from the log itself, whatever parts it was read in.

Two passes: `jobs` gathers the jobs of each part, and `Crews.of` merges them into one record of the
whole log, the same for any partition and order; every part then asks it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from geodata.jit import compiled, inlined
from routing.audit import codes
from routing.audit.modelled import UNKNOWN, Modelled

Ints = NDArray[np.int64]

JOB_COLUMNS: Final = ("post", "vehicle", "from_s", "until_s")
_DAY_S = 86_400


@dataclass(frozen=True)
class JobParameters:
    """How long a crew is taken to be out where the log does not say.

    Attributes:
        after_hospital_min: from the arrival at the hospital until the crew is free again.
        after_scene_min: from the arrival at the scene, where nothing later is known.
        unknown_min: from dispatch, where nothing at all is known.
        longest_min: no job counts longer than this.
    """

    after_hospital_min: float = 20.0
    after_scene_min: float = 45.0
    unknown_min: float = 60.0
    longest_min: float = 360.0

    def seconds(self) -> tuple[int, int, int, int]:
        """Return all of them, in their order, in whole seconds."""
        minutes = (
            self.after_hospital_min,
            self.after_scene_min,
            self.unknown_min,
            self.longest_min,
        )
        return tuple(round(60 * value) for value in minutes)  # type: ignore[return-value]


def jobs(calls: pl.DataFrame, parameters: JobParameters | None = None) -> pl.DataFrame:
    """Return the jobs of one part of a log, for `Crews.of`.

    Args:
        calls: canonical rows with `post`, `vehicle`, `dispatch_s`, `arrive_s`, `leave_s`,
            `hospital_s`, `clear_s`; rejected rows count too where a crew was sent (duplicates do
            not, one crew is out once). Rows without post or dispatch are no jobs.
        parameters: what is taken where a stamp is missing.

    Returns:
        columns `post` and `vehicle` (categories, `vehicle` nullable), `from_s` and `until_s` (whole
        local seconds): out from dispatch (inclusive) until clear (exclusive).
    """
    given = parameters or JobParameters()
    start = pl.col("dispatch_s")
    until = pl.coalesce(
        _after(pl.col("clear_s")),
        _after(pl.col("hospital_s"), given.after_hospital_min),
        _after(pl.max_horizontal("leave_s", "arrive_s"), given.after_scene_min),
        start + round(60 * given.unknown_min),
    )
    longest = start + round(60 * given.longest_min)
    return (
        calls.lazy()
        .filter(start.is_not_null() & pl.col("post").is_not_null())
        .select(
            pl.col("post").cast(pl.Categorical),
            pl.col("vehicle").cast(pl.Categorical),
            from_s=start,
            until_s=pl.min_horizontal(until, longest),
        )
        .collect()
    )


def _after(stamp: pl.Expr, minutes: float = 0.0) -> pl.Expr:
    """Return the stamp and some minutes, null where it is not after dispatch."""
    return pl.when(stamp > pl.col("dispatch_s")).then(stamp + round(60 * minutes))


@dataclass(frozen=True, eq=False)
class Crews:
    """Which posts had how many crews out, at any time of the log; picklable.

    A crew is a vehicle by name (its jobs merged where they overlap), or one job where vehicles have
    no names. A post has as many crews in a month as vehicles of it started jobs in that month; a
    log without vehicle names tells no number, and busy crews cannot be told from it.

    Attributes:
        first: where each post's times begin, shape (posts + 1,).
        begins, ends: times at which crews of a post go out and are free again, ascending within the
            post, local seconds.
        month_from: first month of the log, months since 1970.
        crews: crews of each post by month, shape (posts, months); 0 where it sent none.
        unmatched: jobs of posts that the region does not know, by name.
    """

    first: Ints
    begins: Ints
    ends: Ints
    month_from: int
    crews: NDArray[np.int32]
    unmatched: dict[str, int]

    @classmethod
    def of(cls, parts: Iterable[pl.DataFrame], modelled: Modelled) -> Crews:
        """Return the record of a whole log.

        Args:
            parts: tables of `jobs`, in any order.
            modelled: knows the region's posts; posts it does not know are counted and left out.
        """
        kinds = (pl.Categorical, pl.Categorical, pl.Int64, pl.Int64)
        schema = dict(zip(JOB_COLUMNS, kinds, strict=True))
        table = pl.concat([pl.DataFrame(schema=schema), *(p.cast(schema) for p in parts)])  # type: ignore[arg-type]
        named, vehicles = codes.encode(table["post"]), codes.encode(table["vehicle"])
        of_name = np.array([UNKNOWN, *modelled.match(named.labels)], np.int64)
        counts = np.bincount(named.codes, minlength=len(of_name))
        unmatched = {
            label: int(counts[k]) for k, label in enumerate(named.labels, start=1) if of_name[k] < 0
        }
        times = (table[name].to_numpy() for name in ("from_s", "until_s"))
        post = of_name[named.codes]
        return cls.of_codes(
            post, vehicles.codes, *times, posts=len(modelled.post_ids), unmatched=unmatched
        )

    @classmethod
    def of_codes(
        cls,
        post: NDArray[np.integer],
        vehicle: NDArray[np.integer],
        begin: Ints,
        end: Ints,
        *,
        posts: int,
        unmatched: dict[str, int],
    ) -> Crews:
        """Return the record of jobs whose posts and vehicles are numbers.

        Args:
            post: post codes, -1 for jobs that are left out, shape (n,).
            vehicle: number of the vehicle, 0 where it has no name, shape (n,).
            begin, end: local seconds, shape (n,).
            posts: number of posts.
            unmatched: as of `Crews`.
        """
        order = np.lexsort((end, begin, vehicle, post))
        order = order[post[order] >= 0]
        post, vehicle, begin, end = post[order], vehicle[order], begin[order], end[order]
        new = np.ones(len(post), dtype=bool)
        new[1:] = (post[1:] != post[:-1]) | (vehicle[1:] != vehicle[:-1])
        kept, begins, ends = _union(new | (vehicle == 0), begin, end)
        first = np.searchsorted(post[kept], np.arange(posts + 1)).astype(np.int64)
        months = month_of(begin)
        month_from = int(months.min()) if len(months) else 0
        width = int(months.max()) - month_from + 1 if len(months) else 1
        # A vehicle's jobs are in order of time: each month begins once.
        once = (vehicle > 0) & new
        once[1:] |= (vehicle[1:] > 0) & (months[1:] != months[:-1])
        crews = np.zeros((posts, width), np.int32)
        np.add.at(crews, (post[once], months[once] - month_from), 1)
        return cls(
            first, _sorted_within(begins, first), _sorted_within(ends, first), month_from, crews,
            unmatched,
        )  # fmt: skip

    def out(self, post: Ints, at_s: Ints) -> NDArray[np.int32]:
        """Return how many crews of each post were out: from before `at_s` until after it."""
        found = np.empty(len(post), np.int32)
        _out(self.first, self.begins, self.ends, post, at_s, found)
        return found

    def month(self, at_s: Ints) -> Ints:
        """Return the column of `crews` for a time, cut to the months of the log."""
        return np.clip(month_of(at_s) - self.month_from, 0, self.crews.shape[1] - 1)


def _sorted_within(times: Ints, first: Ints) -> Ints:
    """Return times ascending within each post."""
    whole = times.copy()
    for low, high in pairwise(first.tolist()):
        whole[low:high].sort()
    return whole


def month_of(at_s: Ints) -> Ints:
    """Return the months since 1970 of local seconds."""
    days = np.floor_divide(at_s, _DAY_S).astype("datetime64[D]")
    return days.astype("datetime64[M]").astype(np.int64)


def month_begins(month: int, count: int) -> Ints:
    """Return the local seconds at which so many months begin, from one on (since 1970)."""
    months = np.arange(month, month + count).astype("datetime64[M]")
    return months.astype("datetime64[s]").astype(np.int64)


@compiled
def _union(
    new: NDArray[np.bool_], begin: Ints, end: Ints
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Join overlapping jobs of a vehicle; rows are sorted by vehicle and begin."""
    n = begin.shape[0]
    row, first, last = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    kept = 0
    for i in range(n):
        if not new[i] and kept > 0 and begin[i] < last[kept - 1]:
            last[kept - 1] = max(last[kept - 1], end[i])
            continue
        row[kept], first[kept], last[kept] = i, begin[i], end[i]
        kept += 1
    return row[:kept], first[:kept], last[:kept]


@inlined
def count_out(first: int, last: int, begins: Ints, ends: Ints, at_s: int) -> int:
    """Return how many intervals of one post began before `at_s` and end after it."""
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        if begins[middle] < at_s:
            low = middle + 1
        else:
            high = middle
    started = low - first
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        if ends[middle] <= at_s:
            low = middle + 1
        else:
            high = middle
    return started - (low - first)


@compiled
def _out(
    first: Ints, begins: Ints, ends: Ints, post: Ints, at_s: Ints, found: NDArray[np.int32]
) -> None:
    for i in range(post.shape[0]):
        p = post[i]
        found[i] = count_out(first[p], first[p + 1], begins, ends, at_s[i])
