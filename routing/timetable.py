"""Vehicle ferries by the clock: an ambulance waits for the next sailing, overnight if need be.

Every day has the same sailings: the data names no weekdays. After the last one of a day the next is
the first of the day after. Minutes count on from the midnight before, beyond 1440 on the next day.

Between sailings the world is as the road network has it; only at a quay does the hour matter. So
the search runs over the quays alone: road times between them come from the network, and Dijkstra's
algorithm over arrival times at the quays is exact because nobody arrives earlier by leaving later.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from routing import travel_time
from routing.config import Parameters
from routing.headway import listed_departures, minute_of_day
from routing.land_network import LandNetwork

Floats = NDArray[np.float64]

_DEFAULT_FIRST, _DEFAULT_LAST = 6.0 * 60.0, 18.0 * 60.0
DAY_MIN = 1440.0


class Crossing(NamedTuple):
    """One ride on a ferry: its edge, the wait at the quay and the minutes on board and boarding."""

    edge: int
    wait_min: float
    board_min: float


@dataclass(frozen=True)
class Sailings:
    """Sailings of one ferry in one direction.

    Attributes:
        edge: its edge in the land network.
        departures_min: minutes after midnight, ascending, below 1440; the same every day.
        crossing_min: minutes from departure until off the ferry, boarding included.
    """

    edge: int
    departures_min: Floats
    crossing_min: float

    def next_from(self, minute: float) -> float:
        """Return the first departure at or after `minute`, inf if the ferry never sails."""
        return float(next_departure(self.departures_min, np.array(minute)))


def next_departure(departures_min: Floats, minute: Floats) -> Floats:
    """Return the first departure at or after each minute, of that day or the next.

    Args:
        departures_min: minutes after midnight, ascending, below 1440, shape (d,).
        minute: of the day of the call, beyond 1440 on later days; inf for never.

    Returns:
        shape of `minute`, counted as it is; inf for never, and where there is no departure at all.

    Example:
        >>> next_departure(np.array([420.0, 1080.0]), np.array([430.0, 1200.0])).tolist()
        [1080.0, 1860.0]
    """
    if not len(departures_min):
        return np.full(np.shape(minute), np.inf)
    travels = np.isfinite(minute)
    midnight = np.floor(np.where(travels, minute, 0.0) / DAY_MIN) * DAY_MIN
    both_days = np.append(departures_min, departures_min[0] + DAY_MIN)
    position = np.searchsorted(departures_min, np.where(travels, minute, 0.0) - midnight - 1e-9)
    return np.where(travels, midnight + both_days[position], np.inf)


def departures(ferry: dict[str, object], parameters: Parameters, *, back: bool = False) -> Floats:
    """Return the departures of one ferry, minutes after midnight, ascending and below 1440.

    Args:
        ferry: row of the layer ``ferries``. Listed `departures` (``HH:MM;HH:MM``; `departures_back`
            from the other end) are taken as they are. Else `departures_per_day` sailings are spread
            evenly from the first to the last departure, or from 06:00 to 18:00 where these are
            blank, and the same both ways; a last one earlier than the first is after midnight; an
            unknown frequency gives the assumed headway. Several sailings whose last is not after
            the first are spread until 18:00, or over a service day where the first is later.
        parameters: the assumed headway and the service day.
        back: whether from the far end.
    """
    listed = listed_departures(ferry, back=back)
    if listed is not None:
        return _of_one_day(listed)
    first, last = (minute_of_day(ferry.get(k)) for k in ("first_departure", "last_departure"))
    first = _DEFAULT_FIRST if np.isnan(first) else first
    if np.isnan(last):
        last = max(_DEFAULT_LAST, first)
    elif last < first:
        last += DAY_MIN
    number = ferry.get("departures_per_day")
    if number is None or pd.isna(number):  # type: ignore[call-overload]
        return _of_one_day(np.arange(first, last + 1e-9, parameters.ferry.assumed_headway_min))
    # Less than one a day is one on some days: a clock time without a date cannot tell which.
    count = int(np.ceil(float(number)))  # type: ignore[arg-type]
    if count > 1 and last <= first:
        # One minute for all of them would be one sailing a day.
        late = first >= _DEFAULT_LAST
        last = first + parameters.ferry.service_day_min if late else _DEFAULT_LAST
    return _of_one_day(np.linspace(first, last, count) if count > 1 else np.full(count, first))


def _of_one_day(minutes: Floats) -> Floats:
    return np.unique(minutes % DAY_MIN)


def sailings(land: LandNetwork, ferries: pd.DataFrame, parameters: Parameters) -> list[Sailings]:
    """Return the sailings of every ferry that sails; the second edge of a link runs back.

    A ferry that the network's condition stops has minutes of inf and no sailings.
    """
    rows = ferries.set_index("link_id", drop=False)
    edges = np.flatnonzero((land.edges["kind"] == "ferry").to_numpy())
    found, seen = [], set()
    for edge in edges:
        link = land.edges["link_id"].iloc[edge]
        row = rows.loc[link].to_dict()
        times = departures(row, parameters, back=link in seen)
        seen.add(link)
        crossing = float(land.edges["travel_min"].iloc[edge]) + parameters.ferry.boarding_min
        if np.isinf(crossing):
            continue
        found.append(Sailings(int(edge), times, crossing))
    return found


class Timetable:
    """Travel times of an ambulance that leaves at a given minute of the day.

    Args:
        land: the ambulance network, at the speeds of the hour.
        ferries: layer ``ferries`` of its region.
        parameters: the response model.
        sources, targets: nodes, shapes (s,) and (t,).
        depart_min: minute of the day at which each source leaves, one number for all.
    """

    def __init__(
        self,
        land: LandNetwork,
        ferries: pd.DataFrame,
        parameters: Parameters,
        *,
        sources: ArrayLike,
        targets: ArrayLike,
        depart_min: float,
    ) -> None:
        self.depart_min = depart_min
        self.sailings = sailings(land, ferries, parameters)
        ends = [
            (int(land.graph.edge_from[s.edge]), int(land.graph.edge_to[s.edge]))
            for s in self.sailings
        ]
        self.quays = np.unique(np.array(ends, dtype=np.int64).reshape(-1))
        position = {int(node): k for k, node in enumerate(self.quays)}
        self._rides: dict[int, list[tuple[int, Sailings]]] = {}
        for (tail, head), ride in zip(ends, self.sailings, strict=True):
            self._rides.setdefault(position[tail], []).append((position[head], ride))
        roads = land.without_ferries()
        self._direct = travel_time.matrix(roads, sources, targets)
        self._to_quay = travel_time.matrix(roads, sources, self.quays)
        self._between = travel_time.matrix(roads, self.quays, self.quays)
        self._from_quay = travel_time.matrix(roads, self.quays, targets)
        self._trees = [self._search(row) for row in range(len(self._to_quay))]

    def matrix(self) -> Floats:
        """Return minutes from each source to each target, waits included; NaN where none."""
        found = np.where(np.isnan(self._direct), np.inf, self._direct)
        onward = np.where(np.isnan(self._from_quay), np.inf, self._from_quay)
        for row, (arrival, _) in enumerate(self._trees):
            if len(self.quays):
                by_quay = (arrival - self.depart_min)[:, None] + onward
                found[row] = np.minimum(found[row], by_quay.min(axis=0))
        return np.where(np.isfinite(found), found, np.nan)

    def legs(self, source: int, target: int) -> list[tuple[int, int, float, Crossing | None]]:
        """Return the pieces of the fastest way as (from node or -1, to node or -1, minutes, ride).

        -1 stands for the source itself and for the target. A ride's minutes are those on board.

        Raises:
            ValueError: if there is no way.
        """
        minutes = self.matrix()[source, target]
        if np.isnan(minutes):
            raise ValueError(f"no way from source {source} to target {target} at this time")
        if self._direct[source, target] <= minutes + 1e-9:
            return [(-1, -1, float(self._direct[source, target]), None)]
        arrival, before = self._trees[source]
        total = arrival - self.depart_min + np.nan_to_num(self._from_quay[:, target], nan=np.inf)
        quay = int(total.argmin())
        pieces = [(int(self.quays[quay]), -1, float(self._from_quay[quay, target]), None)]
        while True:
            previous, ride = before[quay]
            here = int(self.quays[quay])
            if previous < 0:
                pieces.append((-1, here, float(self._to_quay[source, quay]), None))
                return pieces[::-1]  # type: ignore[return-value]
            there = int(self.quays[previous])
            minutes = ride.board_min if ride else float(self._between[previous, quay])
            pieces.append((there, here, minutes, ride))  # type: ignore[arg-type]
            quay = previous

    def _search(self, row: int) -> tuple[Floats, list[tuple[int, Crossing | None]]]:
        arrival = np.full(len(self.quays), np.inf)
        before: list[tuple[int, Crossing | None]] = [(-1, None)] * len(self.quays)
        queue = []
        for k, minutes in enumerate(self._to_quay[row]):
            if np.isfinite(minutes):
                arrival[k] = self.depart_min + minutes
                queue.append((arrival[k], k))
        heapq.heapify(queue)
        while queue:
            now, quay = heapq.heappop(queue)
            if now > arrival[quay]:
                continue
            for then, other, ride in self._onward(quay, now):
                if then < arrival[other]:
                    arrival[other], before[other] = then, (quay, ride)
                    heapq.heappush(queue, (then, other))
        return arrival, before

    def _onward(self, quay: int, now: float) -> list[tuple[float, int, Crossing | None]]:
        found: list[tuple[float, int, Crossing | None]] = [
            (now + minutes, other, None)
            for other, minutes in enumerate(self._between[quay])
            if np.isfinite(minutes) and other != quay
        ]
        for other, ride in self._rides.get(quay, []):
            leaves = ride.next_from(now)
            if np.isfinite(leaves):
                crossing = Crossing(ride.edge, leaves - now, ride.crossing_min)
                found.append((leaves + ride.crossing_min, other, crossing))
        return found
