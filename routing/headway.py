"""How long one waits for a ferry that sails by headway, and clock times as minutes of the day."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from routing.config import Parameters

Floats = NDArray[np.float64]

_DAY_MIN = 1440.0
_LISTS = ("departures", "departures_back")


def ferry_wait_min(
    ferries: pd.DataFrame, parameters: Parameters, *, back: bool = False
) -> NDArray[np.float64]:
    """Return the mean wait for each ferry, minutes: half the headway.

    Args:
        ferries: rows with `departures_per_day` (nullable), `first_departure`, `last_departure`
            (``HH:MM``, nullable) and, where the table has them, `departures` and
            `departures_back` (``HH:MM;HH:MM``, nullable).
        parameters: service day and assumed headway.
        back: whether from the far end.

    Listed sailings alone count where there are any, see `listed_departures`. Who comes at a random
    moment between the first and the last waits, with gaps g between successive sailings,
    ``sum(g^2) / (2 sum(g))`` on average, which is half the headway where all gaps are equal (Osuna
    and Newell 1972, doi:10.1287/trsc.6.1.52). A single listed sailing gives half the service day,
    as one sailing a day does.

    Without a list, n >= 2 sailings between the first and the last (after midnight where it is
    earlier than the first) have a headway of their distance over n - 1; without clock times it is
    the service day over n; one sailing a day gives the whole service day, fewer than one a day 24
    hours over n; an unknown frequency gives the assumed headway; none at all is no ferry (inf).

    Example:
        A ferry listed as ``07:00;17:00`` makes one wait 300 minutes, one listed as
        ``07:00;08:00;17:00`` (60^2 + 540^2) / (2 x 600) = 246.
    """
    wait = _evenly_spread_min(ferries, parameters)
    lists = ferries[[name for name in _LISTS if name in ferries]]
    for position, row in enumerate(lists.to_dict("records")):
        sails = listed_departures({str(name): text for name, text in row.items()}, back=back)
        if sails is not None:
            wait[position] = _mean_wait_min(sails, parameters)
    return wait


def _evenly_spread_min(ferries: pd.DataFrame, parameters: Parameters) -> Floats:
    sailings = ferries["departures_per_day"].to_numpy(float)
    first = ferries["first_departure"].map(minute_of_day).to_numpy(float)
    last = ferries["last_departure"].map(minute_of_day).to_numpy(float)
    last = np.where(last < first, last + _DAY_MIN, last)
    span = np.where((last > first) & (sailings >= 2), last - first, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        headway = np.where(
            np.isfinite(span), span / (sailings - 1), parameters.ferry.service_day_min / sailings
        )
        headway = np.where(sailings < 1, _DAY_MIN / sailings, headway)
    headway = np.where(np.isnan(sailings), parameters.ferry.assumed_headway_min, headway)
    return np.asarray(headway / 2.0)


def _mean_wait_min(sails_min: Floats, parameters: Parameters) -> float:
    if len(sails_min) < 2:
        return parameters.ferry.service_day_min / 2.0
    gaps = np.diff(sails_min)
    return float((gaps**2).sum() / (2.0 * gaps.sum()))


def listed_departures(ferry: Mapping[str, object], *, back: bool = False) -> Floats | None:
    """Return the listed sailings of one ferry in the order of its day, None where none are listed.

    Args:
        ferry: row of the layer ``ferries``; only `departures` and `departures_back` are read, each
            ``HH:MM;HH:MM`` or blank.
        back: whether from the far end, which sails as out where it has no list of its own.

    Returns:
        minutes after the midnight before the first sailing, strictly ascending, spanning less than
        a day; beyond 1440 after midnight.

    A list that falls back once runs past midnight, if its longest pause then is the one from the
    last sailing to the first: ``22:00;23:00;00:30``. Any other list out of order is put in order.

    Example:
        >>> listed_departures({"departures": "22:00;23:00;00:30"}).tolist()
        [1320.0, 1380.0, 1470.0]
        >>> listed_departures({"departures": "09:00;08:10"}).tolist()
        [490.0, 540.0]
    """
    names = ("departures_back", "departures") if back else ("departures",)
    for name in names:
        text = ferry.get(name)
        if isinstance(text, str) and text.strip(" ;"):
            clocks = [clock.strip() for clock in text.split(";") if clock.strip()]
            return _in_order(np.array([*dict.fromkeys(map(minute_of_day, clocks))]))
    return None


def _in_order(minutes: Floats) -> Floats:
    pauses = np.diff(minutes, append=minutes[0]) % _DAY_MIN
    falls = int((np.diff(minutes) < 0).sum())
    past_midnight = falls == 1 and minutes[-1] < minutes[0] and pauses[-1] == pauses.max()
    if not past_midnight:
        return np.sort(minutes)
    return np.where(minutes < minutes[0], minutes + _DAY_MIN, minutes)


def minute_of_day(clock: object) -> float:
    """Return ``HH:MM`` as minutes after midnight, NaN where blank."""
    if not isinstance(clock, str) or ":" not in clock:
        return float("nan")
    hours, minutes = clock.split(":")[:2]
    return int(hours) * 60.0 + int(minutes)
