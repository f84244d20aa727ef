"""Which crews were out, the slow way: jobs from tables of stamps, joined vehicle by vehicle.

The stored jobs of parts (`routing.audit.loops.jobs`) and the record that
`routing.audit.crew_record` makes of them in compiled loops are held against this.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from itertools import accumulate, chain
from typing import Final

import numpy as np
import polars as pl

from routing.audit.crews import CREW_SHARE, Crews, JobParameters
from routing.audit.modelled import Modelled

JOB_COLUMNS: Final = ("post", "vehicle", "from_s", "until_s")

Span = tuple[int, int]


def jobs(calls: pl.DataFrame, parameters: JobParameters | None = None) -> pl.DataFrame:
    """Return the jobs of one part of a log, for `record`.

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


def record(parts: Iterable[pl.DataFrame], modelled: Modelled) -> Crews:
    """Return the record of a whole log.

    Args:
        parts: tables of `jobs`, in any order.
        modelled: knows the region's posts; posts it does not know are counted and left out.
    """
    code = cache(lambda name: int(modelled.match([name])[0]))
    of_vehicle: dict[tuple[int, str | None], list[Span]] = defaultdict(list)
    unmatched: Counter[str] = Counter()
    for name, vehicle, begin, end in chain(*(part.select(JOB_COLUMNS).rows() for part in parts)):
        if code(name) < 0:
            unmatched[name] += 1
        else:
            of_vehicle[code(name), vehicle].append((begin, end))

    spans: list[list[Span]] = [[] for _ in modelled.post_ids]
    for (post, vehicle), jobs_ in of_vehicle.items():
        spans[post] += jobs_ if vehicle is None else _union(jobs_)
    begins = [time for post in spans for time in sorted(begin for begin, _ in post)]
    ends = [time for post in spans for time in sorted(end for _, end in post)]
    month_from, crews = _by_month(of_vehicle, len(spans))
    return Crews(
        np.array([0, *accumulate(map(len, spans))], np.int64),
        np.array(begins, np.int64),
        np.array(ends, np.int64),
        month_from,
        crews,
        dict(unmatched),
    )


def _union(jobs: list[Span]) -> list[Span]:
    """Return the jobs of one vehicle, those that overlap joined."""
    joined: list[Span] = []
    for begin, end in sorted(jobs):
        if joined and begin < joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined


def _by_month(
    of_vehicle: dict[tuple[int, str | None], list[Span]], posts: int
) -> tuple[int, np.ndarray]:
    """Return the first month, and how many vehicles of each post were no spares in each."""
    months = {
        key: Counter(_month_of(begin) for begin, _ in jobs) for key, jobs in of_vehicle.items()
    }
    first, last = (which(chain(*months.values()), default=0) for which in (min, max))
    crews = np.zeros((posts, last - first + 1), np.int32)
    for (post, vehicle), begun in months.items():
        for month_, jobs in begun.items():
            others = [m[month_] for (p, v), m in months.items() if p == post and v is not None]
            crews[post, month_ - first] += vehicle is not None and jobs >= CREW_SHARE * max(others)
    return first, crews


def _month_of(at_s: int) -> int:
    """Return the months since 1970."""
    at = datetime.fromtimestamp(at_s, UTC)
    return 12 * (at.year - 1970) + at.month - 1


def out(crews: Crews, post: int, at_s: int) -> int:
    """Return how many crews of a post were out: from before `at_s` until after it."""
    own = slice(crews.first[post], crews.first[post + 1])
    gone, back = crews.begins[own] < at_s, crews.ends[own] <= at_s
    return int(np.count_nonzero(gone) - np.count_nonzero(back))


def month(crews: Crews, at_s: int) -> int:
    """Return the column of `Crews.crews` for a time, cut to the months of the log."""
    return min(max(_month_of(at_s) - crews.month_from, 0), crews.crews.shape[1] - 1)
