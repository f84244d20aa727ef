"""How long one waits for a ferry that sails by headway, and clock times as minutes of the day."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from routing.config import Parameters


def ferry_wait_min(ferries: pd.DataFrame, parameters: Parameters) -> NDArray[np.float64]:
    """Return the mean wait for each ferry, minutes: half the headway.

    Args:
        ferries: rows with `departures_per_day` (nullable) and `first_departure`, `last_departure`
            (``HH:MM``, nullable).

    With n >= 2 sailings between the first and the last (after midnight where it is earlier than the
    first) the headway is their distance over n - 1; without clock times it is the service day over
    n; one sailing a day gives the whole service day, fewer than one a day 24 hours over n; an
    unknown frequency gives the assumed headway; none at all is no ferry (inf).
    """
    sailings = ferries["departures_per_day"].to_numpy(float)
    first = ferries["first_departure"].map(minute_of_day).to_numpy(float)
    last = ferries["last_departure"].map(minute_of_day).to_numpy(float)
    last = np.where(last < first, last + 1440.0, last)
    span = np.where((last > first) & (sailings >= 2), last - first, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        headway = np.where(
            np.isfinite(span), span / (sailings - 1), parameters.ferry.service_day_min / sailings
        )
        headway = np.where(sailings < 1, 1440.0 / sailings, headway)
    headway = np.where(np.isnan(sailings), parameters.ferry.assumed_headway_min, headway)
    return np.asarray(headway / 2.0)


def minute_of_day(clock: object) -> float:
    """Return ``HH:MM`` as minutes after midnight, NaN where blank."""
    if not isinstance(clock, str) or ":" not in clock:
        return float("nan")
    hours, minutes = clock.split(":")[:2]
    return int(hours) * 60.0 + int(minutes)
