"""Why a crew, a vehicle or a hospital was not chosen: nothing infeasible is left unexplained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata import schemas
from routing.itinerary import ground
from routing.itinerary.answer import Answer
from routing.itinerary.router import Journeys, Router
from routing.response import Condition

# Every reason that `crews`, `hospitals` and `vehicles` give; texts are route.reason.<name>.
REASONS = (
    "vehicle_stopped", "post_stopped", "post_closed", "night", "clinic", "no_crew", "cut_off",
    "no_way", "not_confirmed", "no_emergency", "mutual_aid_off", "mutual_aid_island", "tier",
    "not_capable", "capability_unknown",
)  # fmt: skip


@dataclass(frozen=True)
class Refused:
    """One thing that could not be used.

    Attributes:
        what: ``post``, ``hospital`` or ``vehicle``.
        row: row of the posts (of the router's region) or hospitals; -1 for a vehicle.
        vehicle: kind of vehicle, blank for a hospital.
        reason: one of `REASONS`.
    """

    what: str
    row: int
    vehicle: str
    reason: str


def crews(router: Router, answer: Answer, calm: Journeys | None) -> list[Refused]:
    """Return why each vehicle of each post that does not come to the scene does not.

    Args:
        router: the region; clinics of the scene's own island are named too.
        answer: the answer.
        calm: the same scene on a calm day without a clock, or None where nothing is cut off.
    """
    posts, journeys = router.region.posts.reset_index(drop=True), answer.journeys
    condition = journeys.state.condition
    island = journeys.scenes.table["island_id"].iloc[0]
    came, had_way = _coming(journeys), set() if calm is None else _coming(calm)
    table = journeys.crews.found.table
    crewless = set(
        table["post_id"][((table["vehicle"] == "boat") & (journeys.crews.found.crew_post < 0))]
    )
    found = []
    for vehicle in schemas.VEHICLES:
        idle = ground.idle_because(posts, vehicle, condition, router.parameters)
        for row, (post, evidence, at, why) in enumerate(
            zip(posts["post_id"], posts["evidence"], posts["island_id"], idle, strict=True)
        ):
            if why == "no_such_vehicle" or (post, vehicle) in came:
                continue
            if evidence not in router.evidence:
                if at == island:
                    found.append(Refused("post", row, vehicle, "clinic"))
                continue
            if not why and vehicle == "boat" and post in crewless:
                why = "no_crew"
            why = why or _no_way(had_way=(post, vehicle) in had_way)
            found.append(Refused("post", row, vehicle, why))
    return found


def hospitals(router: Router, answer: Answer, calm: Journeys | None) -> list[Refused]:
    """Return why each hospital that is in no choice is in none."""
    receiving, journeys = router.receiving, answer.journeys
    island = str(journeys.scenes.table["island_id"].iloc[0])
    here = receiving.takes_from[
        :, receiving.islands.index(island) if island in receiving.islands else -1
    ]
    chosen = {choice.hospital for choice in answer.choices}
    found = []
    for row, why in enumerate(receiving.reasons[answer.level]):
        if row in chosen:
            continue
        if not why and not here[row]:
            why = "mutual_aid_island"
        if not why:
            had = calm is not None and bool(np.isfinite(calm.arrival_min()[0, row]))
            why = _no_way(had_way=had)
        found.append(Refused("hospital", row, "", why))
    return found


def vehicles(router: Router, answer: Answer, calm: Journeys | None) -> list[Refused]:
    """Return why a kind of vehicle brings the patient to no hospital that receives them."""
    journeys, posts = answer.journeys, router.counted
    found = []
    for vehicle in schemas.VEHICLES:
        if _brings(journeys, vehicle, answer.allowed):
            continue
        idle = ground.idle_because(posts, vehicle, journeys.state.condition, router.parameters)
        stops = [why for why in idle if why != "no_such_vehicle"]
        if stops and all(stops):
            why = stops[0]
        else:
            had = calm is not None and _brings(calm, vehicle, answer.allowed)
            why = _no_way(had_way=had)
        found.append(Refused("vehicle", -1, vehicle, why))
    return found


def calm_journeys(router: Router, answer: Answer) -> Journeys | None:
    """Return the same scene on a calm day without a clock; None where that is the question."""
    calm = Condition()
    if answer.journeys.state.condition.effect() == calm.effect():
        return None
    return router.journeys(answer.journeys.scenes, calm)


def _brings(journeys: Journeys, vehicle: str, allowed: NDArray[np.bool_]) -> bool:
    return bool(np.isfinite(journeys.ways.arrival_min[vehicle][0, allowed]).any())


def _no_way(*, had_way: bool) -> str:
    return "cut_off" if had_way else "no_way"


def _coming(journeys: Journeys) -> set[tuple[str, str]]:
    found: pd.DataFrame = journeys.crews.found.table
    comes = ~np.isnan(journeys.crews.found.response_min[:, 0])
    return set(zip(found["post_id"][comes], found["vehicle"][comes], strict=True))
