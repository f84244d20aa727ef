"""Compiled loops over the calls of a part: which are late, and what each late one is charged with.

They say in whole numbers, call by call, what the table of `routing.audit.causes` says.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geodata.jit import compiled, inlined

Array = NDArray[Any]

FACTS: Final = ("response", "target", "before", "turnout", "travel", "node", "hour", "post",
                "vehicle", "mass")  # fmt: skip
"""Rows of the table of late calls that are known of them; -1 for unknown."""

FOUND: Final = ("near", "nearest", "free", "sent")
"""Rows that `reach` fills: seconds, and the post code of the nearest."""

_RESPONSE, _TARGET, _BEFORE, _TURNOUT, _TRAVEL, _NODE, _HOUR, _POST, _VEHICLE, _MASS = range(10)
_NEAR, _NEAREST, _FREE, _SENT, _GROUPS = range(10, 15)
_HANDLING, _LEAVING, _DISTANCE, _WATER, _BUSY, _FARTHER, _WEATHER, _SLOW, _UNEXPLAINED = range(9)
_CAUSES = 9
_FOREVER = np.iinfo(np.int64).max
_U: Any = np.uint64
_WHOLE: Any = np.int64


@compiled
def chosen(
    dropped: Array, zone: Array, target_of: Array, response: Array, start_s: Array,
    demand_row: Array, most: float, late: Array, drawn: Array, places: Array,
) -> tuple[int, int]:  # fmt: skip
    """Find the late calls of a part and those of a sample; count calls and late ones by place.

    Args:
        dropped: rows that do not count, shape (n,).
        zone: code of each call's zone, shape (n,).
        target_of: target of each code, seconds, -1 where there is none.
        response, start_s: seconds, shape (n,).
        demand_row: demand point, -1 for unknown, shape (n,).
        most: a call is drawn where the 53-bit hash of its stamps (splitmix64) is less.
        late, drawn: row numbers of these calls, with room for all.
        places: judged calls and late ones at each point, shape (points, 2): added to.

    Returns:
        how many are late (response > target) and how many are drawn.
    """
    lates, drawns = 0, 0
    for i in range(response.shape[0]):
        if dropped[i]:
            continue
        seconds = _WHOLE(response[i])
        state = _U(start_s[i]) * _U(0x9E3779B97F4A7C15) + _U(seconds)
        state = (state ^ (state >> _U(30))) * _U(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> _U(27))) * _U(0x94D049BB133111EB)
        state = state ^ (state >> _U(31))
        if np.float64(state >> _U(11)) < most:
            drawn[drawns] = i
            drawns += 1
        target = target_of[zone[i]]
        if target < 0:
            continue
        at = demand_row[i]
        if at >= 0:
            places[at, 0] += 1
        if seconds > target:
            late[lates] = i
            lates += 1
            if at >= 0:
                places[at, 1] += 1
    return lates, drawns


@compiled
def taken(column: Array, rows: Array, found: Array) -> None:
    """Fill `found` with the values of a column in some rows."""
    for i in range(rows.shape[0]):
        found[i] = column[rows[i]]


@compiled
def looked_up(column: Array, rows: Array, table: Array, found: Array) -> None:
    """Fill `found` with what the codes of a column in some rows stand for in a table."""
    for i in range(rows.shape[0]):
        found[i] = table[column[rows[i]]]


@compiled
def reach(
    facts: Array, start_s: Array, norms: tuple[int, ...], model: tuple[Array, ...],
    record: tuple[Array, ...],
) -> None:  # fmt: skip
    """Fill in the modelled travel of late calls: near, free and sent of `causes`.

    A post counts where it has crews in the month and is open at the hour; the post that went counts
    in any case, and as free. Without a time of dispatch every crew counts as free. What is used up
    before the road, or within the budget on it, needs no model and stays unknown.

    Args:
        facts: a row for each of `FACTS` and `FOUND`, shape (facts, room): those of `FOUND` are
            filled, -1 for unknown.
        start_s: start of each call, local seconds, shape (n,).
        norms: seconds before dispatch, and from it to departure by class of vehicle.
        model: ``hour_class``, ``is_open``, ``order`` and ``travel_s`` of `Modelled`.
        record: ``first``, ``begins``, ``ends`` and ``crews`` of `Crews`, when each of its months
            begins, and where begins and ends of each post were found last: any place of the post's
            will do, one near by is fast.
    """
    hour_class, is_open, order, travel_s = model
    first, begins, ends, crews, months, begun, ended = record
    month, month_from, month_until = 0, _WHOLE(0), _WHOLE(0)
    for i in range(start_s.shape[0]):
        for row in range(_NEAR, _GROUPS):
            facts[row, i] = -1
        post, node, hour, before = (
            facts[_POST, i], facts[_NODE, i], facts[_HOUR, i], _WHOLE(facts[_BEFORE, i])
        )  # fmt: skip
        if facts[_VEHICLE, i] != 0 or node < 0:
            continue
        spent = max(before - norms[0], 0) + max(_WHOLE(facts[_TURNOUT, i]) - norms[1], 0)
        used_up = _WHOLE(facts[_RESPONSE, i]) - facts[_TARGET, i] <= spent
        quick = 0 <= facts[_TRAVEL, i] <= facts[_TARGET, i] - norms[0] - norms[1]
        if used_up or quick:
            continue
        at_s = start_s[i] + before if before >= 0 else _WHOLE(-1)
        asked_s = at_s if before >= 0 else _WHOLE(0)
        if not month_from <= asked_s < month_until:
            month, month_from, month_until = _month(months, asked_s)
        speeds = hour_class[hour]
        if post >= 0:
            facts[_SENT, i] = travel_s[speeds, post, node]
        for k in range(order.shape[2]):
            p = order[speeds, node, k]
            went, number = p == post, crews[p, month]
            if not went and (number == 0 or not is_open[hour, p]):
                continue
            seconds = travel_s[speeds, p, node]
            if seconds < 0:
                break
            if facts[_NEAR, i] < 0:
                facts[_NEAR, i], facts[_NEAREST, i] = seconds, p
            if not went and at_s >= 0:
                begun[p] = _reached(begins, first[p], first[p + 1], begun[p], at_s)
                ended[p] = _reached(ends, first[p], first[p + 1], ended[p], at_s + 1)
                if begun[p] - ended[p] >= number:
                    continue
            facts[_FREE, i] = seconds
            break


@compiled
def charge(
    facts: Array, start_s: Array, norms: tuple[int, ...], model: tuple[Array, ...],
    weather: tuple[Array, Array], total: Array,
) -> None:  # fmt: skip
    """Charge late calls, and add them to their groups; see `causes` for the rules.

    Args:
        facts: a row for each of `FACTS`, of `FOUND` as `reach` fills them, and for the group of
            each key, shape (facts, room).
        start_s, norms: as of `reach`.
        model: ``by_ferry`` and ``mass_of_post`` of `Modelled`.
        weather: begins and ends of bad weather.
        total: shape (groups, causes, 3), added to: calls charged with anything, calls whose
            greatest charge it is (the first of equals), and seconds.
    """
    by_ferry, mass_of_post = model
    over = np.zeros(_CAUSES, np.int64)
    for i in range(start_s.shape[0]):
        before, travel = _WHOLE(facts[_BEFORE, i]), _WHOLE(facts[_TRAVEL, i])
        near, free, sent = facts[_NEAR, i], facts[_FREE, i], facts[_SENT, i]
        vehicle, post = facts[_VEHICLE, i], facts[_POST, i]
        over[:] = 0
        over[_HANDLING] = max(before - norms[0], 0)
        leaving = norms[1 + vehicle]
        over[_LEAVING] = max(_WHOLE(facts[_TURNOUT, i]) - leaving, 0)
        budget = _WHOLE(facts[_TARGET, i]) - norms[0] - leaving
        # No cause on the road can have cost more than the road took.
        most = max(travel, budget) if travel >= 0 else _FOREVER
        reached, step = budget, min(max(near, budget), most) if near >= 0 else budget
        if step > reached:
            ferry = by_ferry[facts[_NEAREST, i], facts[_NODE, i]]
            over[_WATER if ferry else _DISTANCE] = step - reached
        reached, step = step, min(max(free, step), most) if free >= 0 else step
        over[_BUSY] = step - reached
        reached, step = step, min(max(sent, step), most) if sent >= 0 else step
        over[_FARTHER] = step - reached
        if travel >= 0 and travel > step:
            own = mass_of_post[post] if post >= 0 else np.int32(-1)
            if _by_water(vehicle, own, facts[_MASS, i]):
                over[_WATER] += travel - step
            elif sent >= 0:
                bad = _within(weather, start_s[i] + max(before, 0))
                over[_WEATHER if bad else _SLOW] = travel - step
        excess = _WHOLE(facts[_RESPONSE, i]) - facts[_TARGET, i]
        over[_UNEXPLAINED] = excess
        _add(over, excess, facts, i, total)


@inlined
def _by_water(vehicle: Any, own: Any, mass: Any) -> bool:
    """Return where what the road's model leaves of the travel is put down to the water."""
    known = own >= 0 and mass >= 0
    flown_over = vehicle == 2 and not (known and own == mass)
    return vehicle == 1 or flown_over or (known and own != mass)


@inlined
def _add(over: Array, excess: Any, facts: Array, i: int, total: Array) -> None:
    """Charge each cause in turn with what is left of the excess, and add that to the groups."""
    left, main, greatest = excess, 0, _WHOLE(0)
    for cause in range(_CAUSES):
        seconds = min(left, over[cause])
        if seconds > 0:
            left -= seconds
            if seconds > greatest:
                main, greatest = cause, seconds
            for key in range(_GROUPS, facts.shape[0]):
                total[facts[key, i], cause, 0] += 1
                total[facts[key, i], cause, 2] += seconds
    for key in range(_GROUPS, facts.shape[0]):
        total[facts[key, i], main, 1] += 1


@inlined
def _month(months: Array, at_s: Any) -> tuple[int, Any, Any]:
    """Return the month of a time, cut to those there are, and from and until when that holds."""
    month = min(max(np.searchsorted(months, at_s, side="right") - 1, 0), months.shape[0] - 1)
    begin = months[month] if month > 0 else -_FOREVER
    return month, begin, months[month + 1] if month + 1 < months.shape[0] else _FOREVER


@inlined
def _within(spans: tuple[Array, Array], at_s: Any) -> Any:
    """Return whether a time is in one of the spans, from (inclusive) until (exclusive)."""
    place = np.searchsorted(spans[0], at_s, side="right") - 1
    return place >= 0 and at_s < spans[1][place]


@inlined
def _reached(times: Array, first: int, last: int, guess: int, at_s: Any) -> int:
    """Return the first place from `first` to `last` whose time is at least `at_s`, else `last`.

    Strides double away from the guess, and then halve (Bentley & Yao 1976,
    doi:10.1016/0020-0190(76)90071-5): calls come in order of time, so the guess is near.
    """
    low, high, stride = guess, guess, 1
    while high < last and times[high] < at_s:
        low, high = high + 1, high + stride
        stride *= 2
    while low > first and times[low - 1] >= at_s:
        low, high = low - stride, low - 1
        stride *= 2
    low, high = max(low, first), min(high, last)
    while low < high:
        middle = (low + high) // 2
        if times[middle] < at_s:
            low = middle + 1
        else:
            high = middle
    return low
