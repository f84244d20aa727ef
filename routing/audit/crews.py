"""Whether a post's crews were out: from the log itself, whatever parts it was read in.

Two passes: cleaning stores the jobs of each part (`routing.audit.loops.jobs`), and
`routing.audit.crew_record` merges them into one record of the whole log, the same for any partition
and order; every part then asks it. A row is a job where a crew of a post was sent, rejected rows
too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

CREW_SHARE: Final = 0.1
"""A vehicle with fewer jobs in a month than this share of those of the busiest of its post is a
spare that stands in, no further crew (assumed)."""

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


@dataclass(frozen=True, eq=False)
class Crews:
    """Which posts had how many crews out, at any time of the log; picklable.

    A crew is a vehicle by name (its jobs merged where they overlap), or one job where vehicles have
    no names. A post has as many crews in a month as vehicles of it started jobs in that month,
    those below `CREW_SHARE` left out; a log without vehicle names tells no number, and busy crews
    cannot be told from it. A crew is out at a time where it went out before and is free again
    after.

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


def month_of(at_s: Ints) -> Ints:
    """Return the months since 1970 of local seconds."""
    days = np.floor_divide(at_s, _DAY_S).astype("datetime64[D]")
    return days.astype("datetime64[M]").astype(np.int64)


def month_begins(month: int, count: int) -> Ints:
    """Return the local seconds at which so many months begin, from one on (since 1970)."""
    months = np.arange(month, month + count).astype("datetime64[M]")
    return months.astype("datetime64[s]").astype(np.int64)
