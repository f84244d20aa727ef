"""Rides by the clock for many at once: everyone leaves at a minute of their own.

The same search as `routing.timetable`, over arrays: only at a quay does the hour matter, and nobody
arrives earlier by leaving later, so arrival times at the quays are improved ferry by ferry until
nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing import travel_time
from routing.land_network import LandNetwork
from routing.timetable import Sailings, next_departure

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Piece(NamedTuple):
    """One road leg or one ride.

    `start` and `end` are positions of quays, -1 for where the traveller starts and ends; `minutes`
    of a ride are those from its sailing on; `sails_min` is the minute of the day of the call, above
    1440 after midnight and NaN on the road.
    """

    start: int
    end: int
    minutes: float
    ride: Sailings | None
    sails_min: float


@dataclass(frozen=True)
class Ferries:
    """The ferries of a network under one condition.

    Attributes:
        quays: nodes, shape (q,).
        between_min: road minutes from quay to quay, shape (q, q); inf where none.
        rides: (from quay, to quay, sailings) of each ferry and direction; positions in `quays`.
    """

    quays: Ints
    between_min: Floats
    rides: tuple[tuple[int, int, Sailings], ...]

    @classmethod
    def of(cls, land: LandNetwork, sailings: list[Sailings]) -> Ferries:
        """Return the ferries that sail on `land`, put under its condition already."""
        tails = [int(land.graph.edge_from[s.edge]) for s in sailings]
        heads = [int(land.graph.edge_to[s.edge]) for s in sailings]
        quays = np.unique(np.array(tails + heads, dtype=np.int64))
        position = {int(node): k for k, node in enumerate(quays)}
        between = travel_time.matrix(land.without_ferries(), quays, quays)
        rides = tuple(
            (position[a], position[b], one)
            for a, b, one in zip(tails, heads, sailings, strict=True)
        )
        return cls(quays, np.where(np.isnan(between), np.inf, between), rides)

    def at_quays(self, depart_min: Floats, to_quay_min: Floats) -> Floats:
        """Return the earliest arrival at each quay, minute of the day; inf where none.

        Args:
            depart_min: minute of the day at which each traveller leaves, shape (n,); NaN or inf for
                one who does not.
            to_quay_min: road minutes to each quay, shape (n, q); NaN where none.

        Returns:
            shape (n, q); beyond 1440 after midnight, where the next day's ferries sail.
        """
        leave = np.where(np.isnan(depart_min), np.inf, depart_min)
        arrival = leave[:, None] + np.where(np.isnan(to_quay_min), np.inf, to_quay_min)
        while True:
            before = arrival
            arrival = self._over_land(self._by_ferry(arrival))
            if not (arrival < before - 1e-9).any():
                return arrival

    def way(
        self,
        leave_min: float,
        to_quay_min: Floats,
        onward_min: Floats,
        direct_min: float,
        at_quay: Floats | None = None,
    ) -> list[Piece]:
        """Return the pieces of one traveller's fastest way, in order; road legs of no time too.

        Args:
            leave_min: minute of the day.
            to_quay_min, onward_min: road minutes to and from each quay, shape (q,); inf where none.
            direct_min: road minutes without a ferry; inf where none.
            at_quay: what `at_quays` gives for this traveller, where it is known already.

        Raises:
            ValueError: if there is no way.
        """
        if at_quay is None:
            at_quay = self.at_quays(np.array([leave_min]), to_quay_min[None, :])[0]
        total = at_quay + onward_min
        if direct_min <= total.min(initial=np.inf) - leave_min + 1e-9:
            if not np.isfinite(direct_min):
                raise ValueError("no way at this time")
            return [Piece(-1, -1, direct_min, None, np.nan)]
        quay = int(total.argmin())
        pieces = [Piece(quay, -1, float(onward_min[quay]), None, np.nan)]
        passed = {quay}
        while at_quay[quay] < leave_min + to_quay_min[quay] - 1e-9:
            piece = self._before(at_quay, quay, passed)
            pieces.append(piece)
            quay = piece.start
            passed.add(quay)
        pieces.append(Piece(-1, quay, float(to_quay_min[quay]), None, np.nan))
        return pieces[::-1]

    def _before(self, at_quay: Floats, quay: int, passed: set[int]) -> Piece:
        """Return the piece by which a quay was reached at its earliest."""
        for tail, head, ride in self.rides:
            if head == quay and tail not in passed:
                sails = ride.next_from(float(at_quay[tail]))
                if sails + ride.crossing_min <= at_quay[quay] + 1e-9:
                    return Piece(tail, quay, ride.crossing_min, ride, sails)
        by_land = at_quay + self.between_min[:, quay]
        by_land[list(passed)] = np.inf
        tail = int(by_land.argmin())
        return Piece(tail, quay, float(self.between_min[tail, quay]), None, np.nan)

    def _by_ferry(self, arrival: Floats) -> Floats:
        found = arrival.copy()
        for tail, head, ride in self.rides:
            landed = next_departure(ride.departures_min, arrival[:, tail]) + ride.crossing_min
            np.minimum(found[:, head], landed, out=found[:, head])
        return found

    def _over_land(self, arrival: Floats) -> Floats:
        found = arrival.copy()
        for quay in range(len(self.quays)):
            np.minimum(found, arrival[:, [quay]] + self.between_min[quay][None, :], out=found)
        return found
