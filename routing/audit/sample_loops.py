"""Compiled loop that sends crews to simulated calls, one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata.jit import compiled

Array = NDArray[Any]


@compiled
def send(
    ready: Array, hour: Array, place: Array, order: Array, travel: Array, first: Array,
    free_at: Array, ignored: Array, pace: Array, turnout: Array, busy_after: Array, limit: int,
    post: Array, vehicle: Array, nearest: Array, waited: Array, moving: Array,
) -> None:  # fmt: skip
    """Give each call the nearest free vehicle, in order of time; who is far waits for the first.

    Args:
        ready: when each call is handled, seconds, ascending enough to be a queue, shape (n,).
        hour, place: hour and demand point of each call.
        order, travel: posts by rising travel (hours, places, posts), and seconds (hours, posts,
            places), -1 for no way.
        first: where the vehicles of each post begin in `free_at`, shape (posts + 1,).
        free_at: when each vehicle is free; changed.
        ignored: whether the dispatcher overlooks the nearest free post.
        pace: how much longer this trip takes than the mean, shape (n,).
        turnout, busy_after: seconds from dispatch to departure and from arrival to free again.
        limit: longest travel that a vehicle is sent for at once, seconds.
        post, vehicle, nearest, waited, moving: results; -1 where no post has a way.
    """
    for i in range(ready.shape[0]):
        h, d, now = hour[i], place[i], ready[i]
        post[i] = vehicle[i] = nearest[i] = -1
        overlook = ignored[i]
        soonest, soonest_at = -1, np.int64(0)
        for k in range(order.shape[2]):
            p = order[h, d, k]
            seconds = travel[h, p, d]
            if seconds < 0 or (seconds > limit and nearest[i] >= 0):
                break
            if nearest[i] < 0:
                nearest[i] = p
            for v in range(first[p], first[p + 1]):
                if free_at[v] <= now:
                    if overlook:
                        overlook = False
                        break
                    post[i], vehicle[i] = p, v
                    break
                if soonest < 0 or free_at[v] + seconds < soonest_at:
                    soonest, soonest_at = v, free_at[v] + seconds
                    waited[i] = free_at[v] - now
            if post[i] >= 0:
                break
        if post[i] < 0:
            if nearest[i] < 0:
                waited[i] = 0
                continue
            if soonest < 0:  # overlooked the only free one, so it goes after all
                soonest = first[nearest[i]]
                waited[i] = max(0, free_at[soonest] - now)
            for p in range(first.shape[0] - 1):
                if first[p] <= soonest < first[p + 1]:
                    post[i], vehicle[i] = p, soonest
        else:
            waited[i] = 0
        seconds = travel[h, post[i], d]
        moving[i] = np.int64(np.rint(seconds * pace[i]))
        free_at[vehicle[i]] = now + waited[i] + turnout[i] + moving[i] + busy_after[i]
