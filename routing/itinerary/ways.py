"""From the scene to every hospital by every vehicle: earliest arrivals, many patients at once.

Four ways compete. **ambulance**: all the way by road and vehicle ferry. **local_vehicle**: by road
alone, with a crew that came without an ambulance. **boat**: by local vehicle
or ambulance to a port, over water, then by ambulance. **helicopter**: from the scene, or from a
helipad that the patient is driven to, to a pad, then by ambulance unless the pad is at the
hospital. What comes to fetch the patient starts when it is tasked, in parallel with the first crew,
and whoever is early waits. Every step is monotone in the one before, so the least over all meeting
places and landings is found step by step:

``alongside[q] = min over p of max(patient[p], boat[p]) + transfer[p] + passage[p, q]``
``arrival[h] = min over q of max(alongside[q] + transfer[q], ambulance[q, h]) + drive[q, h]``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing import travel_time
from routing.itinerary.ground import NOWHERE
from routing.itinerary.state import Onward, State

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

VEHICLES = ("ambulance", "boat", "helicopter", "local_vehicle")
AT_SCENE = -2


@dataclass(frozen=True)
class Patients:
    """Patients whom a crew attends; all arrays of shape (n,), minutes from the start stamp.

    Attributes:
        node: where the scene joins the network.
        access_min: ambulance minutes between the scene and that node.
        xy: the scene itself, metres, shape (n, 2).
        leave_min: when the first crew is ready to leave; inf where nobody comes.
        by_ambulance: whether the first crew has an ambulance, else it goes by local vehicle.
        ambulance_from_min: when the first ambulance is ready to leave; inf where none comes.
        tasked_min: when the vehicles that bring the patient on are tasked.
        call_min: minute of the day of the start stamp, or None for means over the day.
        handover_min: minutes from when another vehicle comes to the scene until its crew has the
            patient; that of ambulances is in `ambulance_from_min`.
    """

    node: Ints
    access_min: Floats
    xy: Floats
    leave_min: Floats
    by_ambulance: NDArray[np.bool_]
    ambulance_from_min: Floats
    tasked_min: Floats
    call_min: Floats | None
    handover_min: float

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.node)


@dataclass(frozen=True)
class Ways:
    """The earliest arrival of each patient at each hospital, and by which places.

    Attributes:
        arrival_min: by vehicle, minutes from the start stamp, shape (n, hospitals); inf where the
            vehicle brings nobody there.
        boat_from: port at which a boat to each landing is boarded, shape (n, landings).
        boat_to: landing (column of the passages) by which each hospital is reached, (n, hospitals).
        flight_from: pad at which a flight to each pad begins, shape (n, pads); `AT_SCENE` where
            it begins at the scene.
        flight_to: pad by which each hospital is reached, shape (n, hospitals).
        at_quay: when the ambulance is at each quay at the earliest, minute of the day of the call,
            shape (n, quays); None where no clock time or no ferry matters.
    """

    arrival_min: dict[str, Floats]
    boat_from: Ints
    boat_to: Ints
    flight_from: Ints
    flight_to: Ints
    at_quay: Floats | None = None


def find(state: State, patients: Patients) -> Ways:
    """Return the earliest arrivals of `patients` under the condition of `state`."""
    places = _Places(state, patients)
    by_road, at_quay = _by_road(state, patients, places)
    by_boat, boat_from, boat_to = _by_boat(state, patients, places)
    by_air, flight_from, flight_to = _by_air(state, patients, places)
    by_local = _by_local_vehicle(state, patients, places)
    arrivals = (by_road, by_boat, by_air, by_local)
    arrival = dict(zip(VEHICLES, arrivals, strict=True))
    return Ways(arrival, boat_from, boat_to, flight_from, flight_to, at_quay)


class _Places:
    """Road minutes from the scenes, each distinct node asked once."""

    def __init__(self, state: State, patients: Patients) -> None:
        self.state, self.patients = state, patients
        self.nodes, self.row = np.unique(patients.node, return_inverse=True)

    def minutes_to(self, targets: Ints, *, ferries: bool = False) -> Floats:
        """Return the ambulance's minutes from each scene to each node; inf where none."""
        network = self.state.full if ferries else self.state.roads
        found = travel_time.matrix(network, self.nodes, targets)
        found = np.where(np.isnan(found), np.inf, found)[self.row]
        return np.asarray(found + self.patients.access_min[:, None])

    def patient_at(self, targets: Ints) -> Floats:
        """Return when each patient is at each node by road, by the quicker of two carriers."""
        patients = self.patients
        drive = self.minutes_to(targets)
        local = self.state.parameters.boat.onshore_speed_factor
        factor = np.where(patients.by_ambulance, 1.0, local)[:, None]
        return np.minimum(
            patients.leave_min[:, None] + drive / factor,
            patients.ambulance_from_min[:, None] + drive,
        )


def _by_road(state: State, patients: Patients, places: _Places) -> tuple[Floats, Floats | None]:
    """Return the arrival at each hospital, and by the clock at each quay on the way."""
    start = patients.ambulance_from_min
    if "ambulance" not in state.condition.vehicles:
        return np.full((len(patients), len(state.hospital_node)), np.inf), None
    if patients.call_min is None:
        return start[:, None] + places.minutes_to(state.hospital_node, ferries=True), None
    direct = start[:, None] + places.minutes_to(state.hospital_node)
    ferries = state.ferries
    if not len(ferries.quays):
        return direct, None
    leave = patients.call_min + start
    at_quay = ferries.at_quays(leave, places.minutes_to(ferries.quays))
    onward = travel_time.matrix(state.roads, ferries.quays, state.hospital_node)
    onward = np.where(np.isnan(onward), np.inf, onward)
    best = direct
    for quay in range(len(ferries.quays)):
        arrival = at_quay[:, [quay]] - patients.call_min[:, None] + onward[quay][None, :]
        best = np.minimum(best, arrival)
    return best, at_quay


def _by_local_vehicle(state: State, patients: Patients, places: _Places) -> Floats:
    drive = places.minutes_to(state.hospital_node) / state.parameters.boat.onshore_speed_factor
    arrival = patients.leave_min[:, None] + drive
    arrival[patients.by_ambulance] = np.inf
    return np.asarray(arrival)


def _by_boat(state: State, patients: Patients, places: _Places) -> tuple[Floats, Ints, Ints]:
    ready, _ = state.boat_at_port
    transfer = state.port_transfer_min
    at_port = places.patient_at(state.port_node)
    board = np.maximum(at_port, patients.tasked_min[:, None] + ready[None, :]) + transfer[None, :]
    alongside = np.full((len(patients), len(state.sea.to_port)), np.inf)
    origin = np.full(alongside.shape, NOWHERE)
    for port in range(len(transfer)):
        rows = np.flatnonzero(np.isfinite(board[:, port]))
        later = board[rows, port][:, None] + state.passage_min[port][None, :]
        _improve(alongside, origin, rows, later, port)
    landed = alongside + transfer[state.sea.to_port][None, :]
    arrival, landing = _onward(landed, state.landing_onward, patients)
    return arrival, origin, landing


def _by_air(state: State, patients: Patients, places: _Places) -> tuple[Floats, Ints, Ints]:
    heli, pads = state.parameters.helicopter, state.pad_node
    pad_xy = state.xy[pads]
    landed = np.full((len(patients), len(pads)), np.inf)
    origin = np.full(landed.shape, NOWHERE)
    if len(state.helicopters):
        at_pad = places.patient_at(pads)
        there, _ = state.helicopter_at(pad_xy)
        board = np.maximum(at_pad, patients.tasked_min[:, None] + there[None, :])
        hop = state.flight_min(pad_xy, pad_xy)
        # Up and down again brings nobody on.
        np.fill_diagonal(hop, np.inf)
        for pad in range(len(pads)):
            rows = np.flatnonzero(np.isfinite(board[:, pad]))
            later = (board[rows, pad] + heli.transfer_min)[:, None] + hop[pad][None, :]
            _improve(landed, origin, rows, later, pad)
        there, _ = state.helicopter_at(patients.xy)
        landed_here = patients.tasked_min + there + heli.unprepared_site_min
        board_here = np.maximum(patients.leave_min, landed_here + patients.handover_min)
        rows = np.flatnonzero(np.isfinite(board_here))
        flight = state.flight_min(patients.xy[rows], pad_xy)
        later = (board_here[rows] + heli.transfer_min)[:, None] + flight
        _improve(landed, origin, rows, later, AT_SCENE)
    arrival, pad_to = _onward(landed + heli.transfer_min, state.pad_onward, patients)
    return arrival, origin, pad_to


def _onward(landed_min: Floats, onward: Onward, patients: Patients) -> tuple[Floats, Ints]:
    """Return the earliest arrival at each hospital and the landing it goes by."""
    arrival = np.full((len(patients), onward.drive_min.shape[1]), np.inf)
    by = np.full(arrival.shape, NOWHERE)
    for place in range(landed_min.shape[1]):
        columns = np.flatnonzero(
            np.isfinite(onward.drive_min[place]) & (onward.ready_min[place] < np.inf)
        )
        if not len(columns):
            continue
        meets = patients.tasked_min[:, None] + onward.ready_min[place, columns][None, :]
        start = np.maximum(landed_min[:, [place]], meets)
        later = start + onward.drive_min[place, columns][None, :]
        better = later < arrival[:, columns]
        arrival[:, columns] = np.where(better, later, arrival[:, columns])
        by[:, columns] = np.where(better, place, by[:, columns])
    return arrival, by


def _improve(best: Floats, which: Ints, rows: Ints, value: Floats, name: int) -> None:
    """Put `value` and `name` where `value` is less than the best of `rows` so far."""
    better = value < best[rows]
    best[rows] = np.where(better, value, best[rows])
    which[rows] = np.where(better, name, which[rows])
