"""What a condition does, in words for people."""

from __future__ import annotations

from geodata import catalogue
from geodata.schemas import VEHICLES
from routing.conditions.condition import FACTORS, Condition


def effects(condition: Condition, lang: str) -> list[str]:
    """Return what a condition stops and slows, one phrase each; none for calm weather.

    Example:
        >>> effects(Condition(vehicles=("ambulance", "boat"), boat_speed_factor=0.5), "en")
        ['stopped: helicopters', 'boats at 50 % of their speed']
    """
    found = []
    stopped = _stopped(condition, lang)
    if stopped:
        joiner = catalogue.text("conditions.joiner", lang)
        found.append(catalogue.text("conditions.stopped", lang, what=joiner.join(stopped)))
    slowed = [(name, getattr(condition, name)) for name in FACTORS]
    found += [
        catalogue.text(f"conditions.{name}", lang, percent=f"{100 * factor:g}")
        for name, factor in slowed
        if factor < 1
    ]
    found += [
        catalogue.text(
            "conditions.structure_speed_factor",
            lang,
            what=_road(road, lang),
            percent=f"{100 * factor:g}",
        )
        for road, factor in condition.structure_speed_factors
        if factor < 1
    ]
    return found


def _stopped(condition: Condition, lang: str) -> list[str]:
    say = catalogue.text
    vehicles = [v for v in VEHICLES if v not in condition.vehicles]
    return [
        *(say(f"conditions.vehicle.{vehicle}", lang) for vehicle in vehicles),
        *(say(f"conditions.ferry.{kind}", lang) for kind in condition.stopped_ferry_kinds),
        *(_road(road, lang) for road in condition.stopped_roads),
        *condition.stopped_links,
        *(say(f"conditions.post.{kind}", lang) for kind in condition.stopped_post_kinds),
        *condition.stopped_posts,
    ]


def _road(text: str, lang: str) -> str:
    structure, _, road_class = text.partition("/")
    name = catalogue.text(f"conditions.structure.{structure}", lang)
    if not road_class:
        return name
    return catalogue.text(
        "conditions.of_class",
        lang,
        structure=name,
        road_class=catalogue.text(f"conditions.road_class.{road_class}", lang),
    )
