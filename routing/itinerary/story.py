"""An itinerary as it is told: its steps, who meets the patient, where it began."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.itinerary.steps import Name, Step
from routing.itinerary.ways import Patients, Ways

HOSPITAL = -2
FIRST_HOSPITAL = -3
NOBODY = -1


@dataclass(frozen=True)
class Support:
    """A vehicle that comes to meet the patient, while others are on their way.

    Attributes:
        vehicle: ambulance, boat or helicopter.
        post: row of its post, `HOSPITAL` or `FIRST_HOSPITAL`.
        tasked_min, ready_min: from the start stamp; when it is told, and when it is at the place.
        place: Chinese and Latin name of the meeting place.
    """

    vehicle: str
    post: int
    tasked_min: float
    ready_min: float
    place: Name


@dataclass(frozen=True)
class Story:
    """One itinerary.

    Attributes:
        steps: from the start stamp to the door of the hospital.
        support: vehicles that meet the patient on the way.
        vehicle: what brings the patient on.
        post: row of that vehicle's post.
        hospital: row of the hospital.
        arrive_scene_min, leave_scene_min, arrive_hospital_min: from the start stamp.
        first_hospital: row of the hospital of a secondary transfer's first stop, else -1.
        arrive_first_hospital_min: likewise, else NaN.
    """

    steps: tuple[Step, ...]
    support: tuple[Support, ...]
    vehicle: str
    post: int
    hospital: int
    arrive_scene_min: float
    leave_scene_min: float
    arrive_hospital_min: float
    first_hospital: int = NOBODY
    arrive_first_hospital_min: float = float("nan")


@dataclass(frozen=True)
class Origin:
    """Where a patient is brought on from: a scene, or a first hospital.

    Attributes:
        patients, row: the patient among those that `Ways` were found for.
        ways: those ways.
        name: of the place.
        crew: row of the post of the crew with the patient.
        ambulance: row of the post of the first ambulance there.
    """

    patients: Patients
    row: int
    ways: Ways
    name: Name
    crew: int
    ambulance: int


def total(steps: tuple[Step, ...] | list[Step]) -> NDArray[np.float64]:
    """Return when each step ends, minutes from the start stamp, shape (steps,)."""
    return np.cumsum([step.minutes for step in steps])
