"""One condition: the state of the world that response times hold for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geodata.errors import Fault, InputError
from routing.config import Helicopter, Parameters

DAYLIGHT = ("day", "night")
FACTORS = (
    "road_speed_factor",
    "ferry_speed_factor",
    "boat_speed_factor",
    "helicopter_speed_factor",
)


@dataclass(frozen=True)
class Condition:
    """The state of the world that response times hold for.

    Attributes:
        name: name of the condition; `calm` stops nothing.
        daylight: ``day`` or ``night``; helicopters fly at night only where a parameter allows it.
        vehicles: kinds of vehicle that run.
        when_min: minute of the day of the call, or None for means over the day. With it, ferries
            sail by their timetable, posts count in their hours and speeds follow the hour.
        stopped_ferry_kinds: kinds of ferry that do not sail.
        stopped_roads: structures that are closed, as ``bridge``, or ``bridge/motorway`` for those
            of one road class.
        stopped_links: `link_id` of closed roads and ferries.
        stopped_posts: `post_id` of closed posts.
        stopped_post_kinds: kinds of post that are closed.
        road_speed_factor: speed on roads against calm weather, above 0 and at most 1, synthetic
            edges and local vehicles included.
        structure_speed_factors: the same by structure, written as in `stopped_roads`; of several
            factors that hold for a road the smallest counts.
        ferry_speed_factor: the same for ferries; waiting and boarding stay.
        boat_speed_factor: the same for boats.
        helicopter_speed_factor: the same for helicopters.
        name_zh, name_en: its name for people; blank where the catalogue does not know it.

    Raises:
        InputError: with every factor that is not above 0 and at most 1.
    """

    name: str = "calm"
    daylight: str = "day"
    vehicles: tuple[str, ...] = ("ambulance", "boat", "helicopter")
    when_min: float | None = None
    stopped_ferry_kinds: tuple[str, ...] = ()
    stopped_roads: tuple[str, ...] = ()
    stopped_links: tuple[str, ...] = ()
    stopped_posts: tuple[str, ...] = ()
    stopped_post_kinds: tuple[str, ...] = ()
    road_speed_factor: float = 1.0
    structure_speed_factors: tuple[tuple[str, float], ...] = ()
    ferry_speed_factor: float = 1.0
    boat_speed_factor: float = 1.0
    helicopter_speed_factor: float = 1.0
    name_zh: str = ""
    name_en: str = ""

    def __post_init__(self) -> None:
        factors = [(name, getattr(self, name)) for name in FACTORS]
        factors += [(f"structure_speed_factors {k}", v) for k, v in self.structure_speed_factors]
        wrong = [
            Fault("condition_factor", f"{self.name}: {name}", factor)
            for name, factor in factors
            if not 0 < factor <= 1
        ]
        if wrong:
            raise InputError(wrong)

    @property
    def key(self) -> str:
        """Name and light, for instance ``fog@night``."""
        return f"{self.name}@{self.daylight}"

    def effect(self) -> Condition:
        """Return the same condition without its names: equal effects give equal answers."""
        return replace(self, name="", name_zh="", name_en="")

    def on_land(self) -> Condition:
        """Return that part of the condition which roads and ferries feel."""
        return Condition(
            name="",
            stopped_ferry_kinds=self.stopped_ferry_kinds,
            stopped_roads=self.stopped_roads,
            stopped_links=self.stopped_links,
            road_speed_factor=self.road_speed_factor,
            structure_speed_factors=self.structure_speed_factors,
            ferry_speed_factor=self.ferry_speed_factor,
        )

    def stops_ferry(self, kind: str, link_id: str) -> bool:
        """Return whether a ferry does not sail."""
        return kind in self.stopped_ferry_kinds or link_id in self.stopped_links

    def stops_post(self, kind: str, post_id: str) -> bool:
        """Return whether a post is closed."""
        return kind in self.stopped_post_kinds or post_id in self.stopped_posts

    def road_factors(
        self, structure: Iterable[str], road_class: Iterable[str], link_id: Iterable[str]
    ) -> NDArray[np.float64]:
        """Return the speed factor of each road, shape (n,); 0 where it is closed.

        Args:
            structure, road_class, link_id: of each road; a blank structure is that of a synthetic
                edge.
        """
        places = list(zip(structure, road_class, strict=True))
        known = {place: self._factor(*place) for place in set(places)}
        closed = set(self.stopped_links)
        return np.array(
            [
                0.0 if link in closed else known[place]
                for place, link in zip(places, link_id, strict=True)
            ],
            dtype=float,
        )

    def _factor(self, structure: str, road_class: str) -> float:
        names = {structure, f"{structure}/{road_class}"}
        if names & set(self.stopped_roads):
            return 0.0
        slowed = [factor for name, factor in self.structure_speed_factors if name in names]
        return min([self.road_speed_factor, *slowed])

    def ferry_factors(self, kind: Iterable[str], link_id: Iterable[str]) -> NDArray[np.float64]:
        """Return the speed factor of each ferry, shape (n,); 0 where it does not sail."""
        return np.array(
            [
                0.0 if self.stops_ferry(k, link) else self.ferry_speed_factor
                for k, link in zip(kind, link_id, strict=True)
            ],
            dtype=float,
        )

    def applied_to(self, parameters: Parameters) -> Parameters:
        """Return the parameters with boats and helicopters slowed."""
        boat, helicopter = parameters.boat, parameters.helicopter
        return replace(
            parameters,
            boat=replace(boat, speed_kn=boat.speed_kn * self.boat_speed_factor),
            helicopter=replace(
                helicopter, cruise_kmh=helicopter.cruise_kmh * self.helicopter_speed_factor
            ),
        )


def daylight_of(
    helicopter: Helicopter, *, daylight: str | None = None, when_min: float | None = None
) -> str:
    """Return the light as given, else that of the clock time, else ``day``."""
    if daylight is not None:
        return daylight
    return "day" if when_min is None else helicopter.daylight_at(when_min)
