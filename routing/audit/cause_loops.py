"""Compiled loop that finds the nearest post, and the nearest one with a crew free."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from geodata.jit import compiled
from routing.audit.crews import count_out

Array = NDArray[Any]


@compiled
def nearest(
    post: Array, node: Array, hour: Array, at_s: Array, month: Array,
    hour_class: Array, is_open: Array, order: Array, travel_s: Array,
    record: tuple[Array, Array, Array, Array],
    near_post: Array, near: Array, free: Array,
) -> None:  # fmt: skip
    """Fill the nearest post with crews, travel from it, and travel from the nearest free one.

    A post counts where it has crews in the month and is open at the hour; the post that went counts
    in any case, and as free. Without a time of dispatch every crew counts as free.

    Args:
        post, node, hour, at_s, month: of each call, -1 for unknown post, node and time, shape (n,).
        hour_class, is_open, order, travel_s: of `Modelled`.
        record: first, begins, ends and crews of `Crews`.
        near_post, near, free: results, -1 where there is none, shape (n,).
    """
    first, begins, ends, crews = record
    for i in range(post.shape[0]):
        if node[i] < 0:
            continue
        speeds = hour_class[hour[i]]
        for k in range(order.shape[2]):
            p = order[speeds, node[i], k]
            seconds = travel_s[speeds, p, node[i]]
            if seconds < 0:
                break
            went = p == post[i]
            number = crews[p, month[i]]
            if not went and (number == 0 or not is_open[hour[i], p]):
                continue
            if near[i] < 0:
                near_post[i], near[i] = p, seconds
            busy = False
            if not went and at_s[i] >= 0:
                busy = count_out(first[p], first[p + 1], begins, ends, at_s[i]) >= number
            if not busy:
                free[i] = seconds
                break
