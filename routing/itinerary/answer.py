"""The answer for one patient: itineraries best first, what else was feasible, and what was not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from routing.itinerary import ways
from routing.itinerary.receiving import ANY
from routing.itinerary.respond import Scenes
from routing.itinerary.router import Journeys, Router
from routing.itinerary.steps import Step
from routing.itinerary.story import FIRST_HOSPITAL, Origin, Story
from routing.itinerary.trace import Tracer
from routing.itinerary.ways import Patients, Ways
from routing.response import Condition

Floats = NDArray[np.float64]

# Where a patient may be taken first before a secondary transfer.
FIRST_STOP = "node"


@dataclass(frozen=True)
class Choice:
    """One feasible way to a hospital that receives the patient.

    Attributes:
        vehicle: what brings the patient on (of a secondary transfer: on from the first hospital).
        hospital: row of the hospital.
        arrive_hospital_min: from the start stamp.
        first_hospital: row of the first stop of a secondary transfer, else -1.
        first_vehicle: what brings the patient there, else blank.
    """

    vehicle: str
    hospital: int
    arrive_hospital_min: float
    first_hospital: int = -1
    first_vehicle: str = ""


@dataclass(frozen=True)
class Answer:
    """Everything that can be said of one patient.

    Attributes:
        journeys: the times behind it, of one scene.
        level: the need, or ``any``.
        allowed: whether each hospital receives this patient.
        stories: itineraries, best first; empty where there is none.
        choices: every feasible choice, best first; the first ones are the stories'.
    """

    journeys: Journeys
    level: str
    allowed: NDArray[np.bool_]
    stories: tuple[Story, ...]
    choices: tuple[Choice, ...]


def find(
    router: Router,
    scene: Scenes,
    *,
    condition: Condition,
    need: str | None = None,
    level: str | None = None,
    alternatives: int = 3,
) -> Answer:
    """Return the itineraries of one patient.

    Args:
        router: the region.
        scene: one scene.
        condition: weather, light and, where the clock counts, the time of the call.
        need: one of `receiving.NEEDS`, or None where it is not stated.
        level: a tier level instead of a need.
        alternatives: how many itineraries at most; two differ in vehicle, hospital or stops.
    """
    journeys = router.journeys(scene, condition)
    asked = level or need or ANY
    island = str(scene.table["island_id"].iloc[0])
    allowed = router.receiving.allowed([island], asked)[0]
    if not np.isfinite(journeys.patients.leave_min[0]):
        return Answer(journeys, asked, allowed, (), ())
    choices = _direct(journeys, allowed)
    transfer = _Transfer.of(router, journeys, island, allowed)
    if transfer is not None:
        choices += transfer.choices(allowed)
    order = ways.VEHICLES.index
    choices.sort(key=lambda one: (one.arrive_hospital_min, order(one.vehicle), one.hospital))
    tracer = Tracer(journeys)
    stories = []
    for choice in choices[:alternatives]:
        if choice.first_hospital < 0:
            stories.append(tracer.direct(choice.vehicle, choice.hospital))
        elif transfer is not None:
            stories.append(transfer.story(tracer, choice))
    return Answer(journeys, asked, allowed, tuple(stories), tuple(choices))


def _direct(journeys: Journeys, allowed: NDArray[np.bool_]) -> list[Choice]:
    found = []
    for vehicle in ways.VEHICLES:
        arrival = journeys.ways.arrival_min[vehicle][0]
        reached = np.flatnonzero(allowed & np.isfinite(arrival)).tolist()
        found += [Choice(vehicle, hospital, float(arrival[hospital])) for hospital in reached]
    return found


@dataclass(frozen=True)
class _Transfer:
    """A first stop at the hospital reached first, then on to one that receives the patient."""

    journeys: Journeys
    stop: int
    vehicle: str
    arrive_min: float
    patients: Patients
    ways: Ways

    @classmethod
    def of(
        cls, router: Router, journeys: Journeys, island: str, allowed: NDArray[np.bool_]
    ) -> _Transfer | None:
        """Return the transfer, or None where the hospital reached first is the right one."""
        first = router.receiving.allowed([island], FIRST_STOP)[0] & ~allowed
        arrival = np.array([journeys.ways.arrival_min[v][0] for v in ways.VEHICLES])
        direct = arrival[:, allowed].min(initial=np.inf)
        arrival = np.where(first[None, :], arrival, np.inf)
        best = arrival.min(initial=np.inf)
        if not best < direct:
            return None
        vehicle, stop = np.unravel_index(int(arrival.argmin()), arrival.shape)
        state = journeys.state
        node = state.hospital_node[[stop]]
        at = np.array([best])
        leave = at + state.parameters.care.stabilise_min
        ambulance = "ambulance" in state.condition.vehicles
        patients = Patients(
            node=node,
            access_min=np.zeros(1),
            xy=state.xy[node],
            leave_min=leave,
            by_ambulance=np.array([ambulance]),
            ambulance_from_min=leave if ambulance else np.array([np.inf]),
            tasked_min=at,
            call_min=journeys.patients.call_min,
            # A hospital hands over while it stabilises.
            handover_min=0.0,
        )
        found = ways.find(state, patients)
        return cls(journeys, int(stop), ways.VEHICLES[vehicle], float(best), patients, found)

    def choices(self, allowed: NDArray[np.bool_]) -> list[Choice]:
        """Return the best second stretch by each vehicle."""
        found = []
        for vehicle in ways.VEHICLES:
            arrival = np.where(allowed, self.ways.arrival_min[vehicle][0], np.inf)
            if len(arrival) and np.isfinite(arrival.min()):
                hospital = int(arrival.argmin())
                minutes = float(arrival[hospital])
                found.append(Choice(vehicle, hospital, minutes, self.stop, self.vehicle))
        return found

    def story(self, tracer: Tracer, choice: Choice) -> Story:
        """Return the itinerary over the first stop."""
        there = tracer.direct(self.vehicle, self.stop)
        name = tracer.make.name("hospitals", self.stop)
        minutes = self.journeys.state.parameters.care.stabilise_min
        origin = Origin(self.patients, 0, self.ways, name, FIRST_HOSPITAL, FIRST_HOSPITAL)
        onward, support, post = tracer.onward(origin, choice.vehicle, choice.hospital)
        stop = Step("stabilise", minutes, name, name)
        return replace(
            there,
            steps=(*there.steps, stop, *onward),
            support=(*there.support, *support),
            vehicle=choice.vehicle,
            post=post,
            hospital=choice.hospital,
            arrive_hospital_min=choice.arrive_hospital_min,
            first_hospital=self.stop,
            arrive_first_hospital_min=self.arrive_min,
        )
