"""The content of ``result.json`` of one patient."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from geodata import catalogue, hospital_level
from geodata.names import english
from routing.itinerary import reasons
from routing.itinerary.answer import Answer
from routing.itinerary.place import Place
from routing.itinerary.router import Router
from routing.itinerary.steps import MOVING, Step
from routing.itinerary.story import FIRST_HOSPITAL, HOSPITAL, Story, total

SCHEMA = "island-response/route/1"
_DIGITS = 2
_SENDERS = {HOSPITAL: "hospital", FIRST_HOSPITAL: "first_hospital"}


@dataclass(frozen=True)
class Clock:
    """How minutes from the start stamp read as clock times.

    Attributes:
        call_min: minute of the day of the start stamp, or None where no time was given.
        date: day of the call, or None.
    """

    call_min: float | None = None
    date: datetime | None = None

    def text(self, minute: float) -> str:
        """Return a time: ``2026-01-15T02:30`` on a known day, ``26:05`` (past midnight hours go on)
        at a known hour, else ``+00:25`` from the start stamp. Later times sort later.
        """
        whole = round(minute + (self.call_min or 0.0))
        if self.call_min is None:
            return f"+{whole // 60:02d}:{whole % 60:02d}"
        if self.date is None:
            return f"{whole // 60:02d}:{whole % 60:02d}"
        day = self.date.replace(hour=0, minute=0, second=0, microsecond=0)
        return (day + timedelta(minutes=whole)).strftime("%Y-%m-%dT%H:%M")


@dataclass(frozen=True)
class Question:
    """What was asked.

    Attributes:
        at: the scene as given.
        place: the scene as understood.
        need: or None.
        clock: of the call.
    """

    at: str
    place: Place
    need: str | None
    clock: Clock


def assemble(router: Router, answer: Answer, question: Question) -> dict[str, Any]:
    """Return the content of ``result.json``; minutes are rounded, missing ones null."""
    region, condition = router.region, answer.journeys.state.condition
    calm = reasons.calm_journeys(router, answer)
    refused = {
        "posts": [_refused_post(router, r) for r in reasons.crews(router, answer, calm)],
        "vehicles": [
            {"vehicle": r.vehicle, "reason": r.reason}
            for r in reasons.vehicles(router, answer, calm)
        ],
        "hospitals": [
            _refused_hospital(router, r) for r in reasons.hospitals(router, answer, calm)
        ],
    }
    found = {
        "schema": SCHEMA,
        "region": {
            "name_zh": region.meta_value("name_zh"),
            "name_en": region.meta_value("name_en"),
        },
        "network": region.network,
        "at": _at(question, answer),
        "need": question.need,
        "when": question.clock.text(0.0) if question.clock.call_min is not None else None,
        "condition": condition.name,
        "condition_zh": condition.name_zh or condition.name,
        "condition_en": condition.name_en or condition.name,
        "daylight": condition.daylight,
        "start_stamp": router.parameters.clock.start_stamp,
        "mutual_aid": router.parameters.mutual_aid.enabled,
        "responders": responders(router, answer),
        "itineraries": [
            itinerary(router, answer, story, question.clock) for story in answer.stories
        ],
        "other_feasible": _others(router, answer),
        "infeasible": refused,
    }
    found["notices"] = notices(router, answer, question)
    found["sources"] = _sources(router)
    return found


def itinerary(router: Router, answer: Answer, story: Story, clock: Clock) -> dict[str, Any]:
    """Return one itinerary with its legs and clock times."""
    fastest = answer.stories[0].arrive_hospital_min
    first_post = max((step.post for step in story.steps[:3]), default=-1)
    events = {
        "call_min": 0.0,
        "dispatch_min": router.parameters.clock.before_dispatch_min(),
        "arrive_scene_min": story.arrive_scene_min,
        "leave_scene_min": story.leave_scene_min,
        "arrive_hospital_min": story.arrive_hospital_min,
    }
    first = None
    if story.first_hospital >= 0:
        first = _hospital(router, answer, story.first_hospital)
        events["arrive_first_hospital_min"] = story.arrive_first_hospital_min
    return {
        "kind": "secondary" if first else "direct",
        **{name: _number(minute) for name, minute in events.items()},
        "clock": {name.removesuffix("_min"): clock.text(minute) for name, minute in events.items()},
        "slower_by_min": _number(story.arrive_hospital_min - fastest),
        "vehicle": story.vehicle,
        **_post(router, story.post, "vehicle_post"),
        "hospital": _hospital(router, answer, story.hospital),
        "first_hospital": first,
        "legs": _legs(router, story, clock),
        "meets": [
            {
                "vehicle": s.vehicle,
                **_post(router, s.post, "post"),
                "at_zh": s.place[0],
                "at_en": s.place[1],
                "tasked_min": _number(s.tasked_min),
                "ready_min": _number(s.ready_min),
                "tasked": clock.text(s.tasked_min),
                "ready": clock.text(s.ready_min),
                "from_post_of_first_crew": s.vehicle != "ambulance" and s.post == first_post,
            }
            for s in story.support
        ],
    }


def responders(router: Router, answer: Answer) -> list[dict[str, Any]]:
    """Return every crew that can come, the fastest first."""
    crews, posts = answer.journeys.crews, router.region.posts.set_index("post_id")
    minutes = crews.found.response_min[:, 0]
    order = [k for k in np.argsort(minutes, kind="stable").tolist() if not math.isnan(minutes[k])]
    found = []
    for k in order:
        row = crews.found.table.iloc[k]
        post = posts.loc[row["post_id"]]
        found.append(
            {
                "post_id": str(row["post_id"]),
                "name_zh": str(row["name_zh"]),
                "name_en": english(row["name_zh"], row["name_en"]),
                "vehicle": str(row["vehicle"]),
                "evidence": str(row["evidence"]),
                "island_id": _text(post["island_id"]),
                "arrive_scene_min": _number(minutes[k]),
                "slower_by_min": _number(minutes[k] - minutes[order[0]]),
            }
        )
    return found


def notices(router: Router, answer: Answer, question: Question) -> list[dict[str, str]]:
    """Return what a reader must know, as keys of ``route.notice`` with their values."""
    found = []
    if router.region.network == "schematic":
        found.append({"key": "schematic"})
    if question.place.kind == "island":
        found.append({"key": "island"})
    if question.place.kind in ("county", "township"):
        at = f"{question.place.lon:.4f},{question.place.lat:.4f}"
        found.append({"key": "district", "at": at})
    if question.place.moved_m > 0:
        found.append({"key": "ashore", "metres": f"{question.place.moved_m:.0f}"})
    if answer.journeys.scenes.node[0] < 0:
        found.append({"key": "no_road"})
    assumed = router.receiving.assumed[answer.level]
    if any(assumed[story.hospital] for story in answer.stories):
        found.append({"key": "assumed_capability"})
    outside = router.receiving.outside
    if any(outside[story.hospital] for story in answer.stories):
        found.append({"key": "mainland"})
    return [*found, {"key": "free_crews"}]


def _sources(router: Router) -> list[dict[str, Any]]:
    """Return the sources under a licence of what an itinerary is drawn on and leads over."""
    region = router.region
    tables = (region.islands, region.roads, region.posts, region.hospitals)
    cells = (cell for table in tables if "source_ids" in table for cell in table["source_ids"])
    cited = {one for cell in cells if isinstance(cell, str) for one in cell.split(";")}
    columns = ["source_id", "title", "publisher", "url", "licence"]
    rows = region.sources[region.sources["source_id"].isin(cited)][columns]
    found = [{name: _text(v) for name, v in row.items()} for row in rows.to_dict("records")]
    return [{str(name): value for name, value in row.items()} for row in found if row["licence"]]


def _at(question: Question, answer: Answer) -> dict[str, Any]:
    place = question.place
    return {
        "given": question.at,
        "kind": place.kind,
        "lon": round(place.lon, 6),
        "lat": round(place.lat, 6),
        "island_id": place.island_id,
        "name_zh": place.name_zh,
        "name_en": place.name_en,
        "access_km": _number(float(answer.journeys.scenes.access_km[0])),
    }


def _legs(router: Router, story: Story, clock: Clock) -> list[dict[str, Any]]:
    found = []
    for step, end in zip(story.steps, total(story.steps).tolist(), strict=True):
        (_, _, vehicle_en), (_, _, crew_en) = _names(router, step.post), _names(router, step.crew)
        found.append(
            {
                **plain_leg(router, step, end - step.minutes, end, clock),
                "vehicle_post_en": vehicle_en,
                "crew_post_en": crew_en,
                "from": step.start[0] or None,
                "to": step.end[0] or None,
                "from_en": step.start[1],
                "to_en": step.end[1],
                "travel_min": _number(step.minutes),
                "moving": step.kind in MOVING,
                "schematic": step.schematic,
                "sailing": _sailing(router, step, clock),
            }
        )
    return found


def plain_leg(
    router: Router, step: Step, begin_min: float, end_min: float, clock: Clock
) -> dict[str, Any]:
    """Return what a leg is at least told with: its kind, crew, ends and times."""
    vehicle, crew = _names(router, step.post), _names(router, step.crew)
    return {
        "kind": step.kind,
        "vehicle": step.vehicle or None,
        "vehicle_post_id": vehicle[0],
        "vehicle_post_zh": vehicle[1],
        "crew_post_id": crew[0],
        "crew_post_zh": crew[1],
        "from_zh": step.start[0],
        "to_zh": step.end[0],
        "depart": clock.text(begin_min),
        "arrive": clock.text(end_min),
        "depart_min": _number(begin_min),
        "arrive_min": _number(end_min),
    }


def _sailing(router: Router, step: Step, clock: Clock) -> dict[str, Any] | None:
    if not step.link_id:
        return None
    ferries = router.region.ferries
    row = ferries[(ferries["link_id"] == step.link_id).to_numpy()].iloc[0]
    known = clock.call_min is not None and not math.isnan(step.sails_min)
    return {
        "link_id": step.link_id,
        "name_zh": str(row["name_zh"]),
        "name_en": english(row["name_zh"], row["name_en"]),
        "departs": clock.text(step.sails_min - (clock.call_min or 0.0)) if known else None,
        "evidence": _text(row["evidence"]),
    }


def _post(router: Router, row: int, prefix: str) -> dict[str, Any]:
    keys = (f"{prefix}_id", f"{prefix}_zh", f"{prefix}_en")
    return dict(zip(keys, _names(router, row), strict=True))


def _names(router: Router, row: int) -> tuple[str | None, str | None, str | None]:
    """Return id, Chinese and English name of a post or of the hospital that sends; None of none."""
    if row in _SENDERS:
        sender = _SENDERS[row]
        zh, en = (catalogue.text(f"route.sender.{sender}", lang) for lang in ("zh", "en"))
        return sender, zh, en
    return router.post_names[row] if row >= 0 else (None, None, None)


def _hospital(router: Router, answer: Answer, row: int) -> dict[str, Any]:
    hospital = router.region.hospitals.iloc[row]
    return {
        **_named_hospital(router, row),
        "tier": _text(hospital["tier"]),
        "level_zh": _text(hospital["level"]),
        "level_en": hospital_level.text(hospital["level"], "en") or None,
        "capabilities": _text(hospital["capabilities"]),
        "receives_by_assumption": bool(router.receiving.assumed[answer.level][row]),
        "outside": bool(router.receiving.outside[row]),
        "lon": round(float(hospital.geometry.x), 6),
        "lat": round(float(hospital.geometry.y), 6),
    }


def _others(router: Router, answer: Answer) -> list[dict[str, Any]]:
    fastest = answer.choices[0].arrive_hospital_min if answer.choices else math.nan
    return [
        {
            "vehicle": choice.vehicle,
            **_named_hospital(router, choice.hospital),
            **_named_hospital(router, choice.first_hospital, "first_"),
            "arrive_hospital_min": _number(choice.arrive_hospital_min),
            "slower_by_min": _number(choice.arrive_hospital_min - fastest),
        }
        for choice in answer.choices[len(answer.stories) :]
    ]


def _named_hospital(router: Router, row: int, prefix: str = "") -> dict[str, str | None]:
    """Return id and names of a hospital; None for row -1, which is none."""
    names = [f"{prefix}{name}" for name in ("hospital_id", "name_zh", "name_en")]
    if row < 0:
        return dict.fromkeys(names)
    found = router.region.hospitals.iloc[row]
    name = str(found["name_zh"])
    values = (str(found["hospital_id"]), name, english(name, found["name_en"]))
    return dict(zip(names, values, strict=True))


def _refused_post(router: Router, refused: reasons.Refused) -> dict[str, Any]:
    post = router.region.posts.iloc[refused.row]
    return {
        "post_id": str(post["post_id"]),
        "name_zh": str(post["name_zh"]),
        "name_en": english(post["name_zh"], post["name_en"]),
        "vehicle": refused.vehicle,
        "reason": refused.reason,
        "hours": _text(post["hours"]),
    }


def _refused_hospital(router: Router, refused: reasons.Refused) -> dict[str, Any]:
    return {**_named_hospital(router, refused.row), "reason": refused.reason}


def _number(value: float) -> float | None:
    return None if not math.isfinite(value) else round(float(value), _DIGITS) + 0.0


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
