"""What a scenario file can say, one frozen class an entry.

The fields of these classes are the keys of the file. `rule` gives what a value must keep; a field
without a default must be given.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from geodata import schemas
from geodata.errors import Fault, InputError
from routing import conditions
from routing.conditions import DAYLIGHT, Catalogue, Condition
from routing.config import Parameters


def rule(
    *,
    default: Any = None,
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    form: str = "",
) -> Any:
    """Return a dataclass field that may be left out, with the rule its value must keep.

    Args:
        default: value where the key is left out.
        choices: the only texts allowed, of a list of texts each.
        minimum, maximum: inclusive bounds of a number.
        form: ``clock`` (``HH:MM``), ``hours`` (as column `hours` of posts) or "" for any text.
    """
    bounds = {"choices": choices, "minimum": minimum, "maximum": maximum, "form": form}
    return field(default=default, metadata=bounds)


@dataclass(frozen=True)
class ConditionAsked:
    """State of the world, as far as the file says it.

    Attributes:
        name: name of a condition of the catalogue, or any other where `vehicles` are listed.
        daylight: ``day`` or ``night``; None leaves it to the clock time, and that to ``day``.
        when: clock time of the call, ``HH:MM``, or None for means over the day.
        vehicles: kinds of vehicle that run whatever the name says, or None where that decides.
    """

    name: str = rule(default="calm")
    daylight: str | None = rule(choices=DAYLIGHT)
    when: str | None = rule(form="clock")
    vehicles: tuple[str, ...] | None = rule(choices=schemas.VEHICLES)

    @property
    def when_min(self) -> float | None:
        """Minutes after midnight, or None."""
        if self.when is None:
            return None
        hours, minutes = self.when.split(":")
        return int(hours) * 60.0 + int(minutes)

    def condition(
        self,
        parameters: Parameters,
        *,
        catalogue: Catalogue | None = None,
        place: str = "scenario",
    ) -> Condition:
        """Return the condition for the response model.

        Args:
            parameters: tell day from night by the clock.
            catalogue: the conditions known by name; the shipped ones by default.
            place: what messages call the file.

        Raises:
            InputError: if the catalogue does not know the name and no `vehicles` say what runs.
        """
        when = self.when_min
        by_clock = "day" if when is None else parameters.helicopter.daylight_at(when)
        light = self.daylight or by_clock
        known = catalogue or conditions.load()
        if self.name in known.names:
            found = known.get(self.name, daylight=light, when_min=when)
            return found if self.vehicles is None else replace(found, vehicles=self.vehicles)
        if self.vehicles is None:
            names: dict[str, object] = {"known": ", ".join(known.names)}
            where = f"{place}: condition.name"
            raise InputError(Fault("scenario_condition", where, self.name, names))
        return Condition(self.name, light, self.vehicles, when)


@dataclass(frozen=True)
class PostAdded:
    """``[[post.add]]``: a post that the region lacks.

    `lon` and `lat` are degrees on WGS84; `island_id` is found from them unless given, and
    `outside` marks a post off the region.
    """

    post_id: str
    name_zh: str
    lon: float = field(metadata={"minimum": -180.0, "maximum": 180.0})
    lat: float = field(metadata={"minimum": -90.0, "maximum": 90.0})
    vehicles: tuple[str, ...] = field(metadata={"choices": schemas.VEHICLES})
    name_en: str | None = None
    kind: str = rule(default="ambulance_station", choices=schemas.POST_KINDS)
    evidence: str = rule(default="assumed", choices=schemas.EVIDENCE)
    vehicle_count: float | None = rule(minimum=0.0)
    tier: str | None = rule(choices=schemas.TIERS)
    capabilities: str | None = None
    hours: str | None = rule(form="hours")
    island_id: str | None = None
    outside: bool = False


@dataclass(frozen=True)
class PostRemoved:
    """``[[post.remove]]``: a post that is given up."""

    post_id: str


@dataclass(frozen=True)
class PostMoved:
    """``[[post.move]]``: a post, boat base or air base that moves; degrees on WGS84."""

    post_id: str
    lon: float = field(metadata={"minimum": -180.0, "maximum": 180.0})
    lat: float = field(metadata={"minimum": -90.0, "maximum": 90.0})
    island_id: str | None = None
    outside: bool = False


@dataclass(frozen=True)
class PostChanged:
    """``[[post.change]]``: what a post has becomes another; what is left out stays."""

    post_id: str
    vehicles: tuple[str, ...] | None = rule(choices=schemas.VEHICLES)
    evidence: str | None = rule(choices=schemas.EVIDENCE)
    hours: str | None = rule(form="hours")
    vehicle_count: float | None = rule(minimum=0.0)


@dataclass(frozen=True)
class HelipadAdded:
    """``[[helipad.add]]``: a place where helicopters can land from then on.

    No crew comes with it. `lon` and `lat` are degrees on WGS84; `island_id` is found from them
    unless given, and `outside` marks a pad off the region, where patients can be taken to alone.
    """

    helipad_id: str
    name_zh: str
    lon: float = field(metadata={"minimum": -180.0, "maximum": 180.0})
    lat: float = field(metadata={"minimum": -90.0, "maximum": 90.0})
    name_en: str | None = None
    island_id: str | None = None
    outside: bool = False


@dataclass(frozen=True)
class LinkClosed:
    """``[[link.close]]``: a road or bridge is closed, or a ferry withdrawn."""

    link_id: str


@dataclass(frozen=True)
class LinkOpened:
    """``[[link.open]]``: a road or ferry of the region comes into use, or a new one is built.

    A `link_id` that the region has is opened as it stands; `speed_kmh` then replaces its speed.
    Any of `departures_per_day`, `first_departure` and `last_departure` replaces the listed sailings
    of a ferry, both ways: what is left out of the three stays as the list has it.
    Another one is new and needs its ends: for a road `from_node` and `to_node` that other roads
    have, or `from_lon`, `from_lat`, `to_lon`, `to_lat` (degrees on WGS84), and `speed_kmh`; for a
    ferry (`kind` given) `from_port_id`, `to_port_id` and `duration_min`. An end given by
    coordinates joins the nearest node of a road within `join_m`, else it is a node of its own.
    Without `length_km` the straight line counts.
    """

    link_id: str
    name_zh: str | None = None
    name_en: str | None = None
    from_node: str | None = None
    to_node: str | None = None
    from_lon: float | None = rule(minimum=-180.0, maximum=180.0)
    from_lat: float | None = rule(minimum=-90.0, maximum=90.0)
    to_lon: float | None = rule(minimum=-180.0, maximum=180.0)
    to_lat: float | None = rule(minimum=-90.0, maximum=90.0)
    join_m: float = rule(default=500.0, minimum=0.0)
    length_km: float | None = rule(minimum=0.0)
    speed_kmh: float | None = rule(minimum=1.0, maximum=200.0)
    road_class: str = rule(default="primary", choices=schemas.ROAD_CLASSES)
    structure: str | None = rule(choices=schemas.STRUCTURES)
    oneway: bool = False
    kind: str | None = rule(choices=schemas.FERRY_KINDS)
    from_port_id: str | None = None
    to_port_id: str | None = None
    duration_min: float | None = rule(minimum=1.0, maximum=1440.0)
    departures_per_day: float | None = rule(minimum=0.0, maximum=1440.0)
    first_departure: str | None = rule(form="clock")
    last_departure: str | None = rule(form="clock")


@dataclass(frozen=True)
class PopulationShift:
    """``[[population.shift]]``: the residents of an island, township or county change.

    Exactly one of `island_id`, `township_zh` and `county_zh` says whose (a township and a county
    may go together, as township names repeat), and exactly one of `factor` and `residents` to what.
    Those who leave live on `to_island_id` or in `to_township_zh` from then on, where given, in
    proportion to the residents there.
    """

    island_id: str | None = None
    township_zh: str | None = None
    county_zh: str | None = None
    factor: float | None = rule(minimum=0.0)
    residents: float | None = rule(minimum=0.0)
    to_island_id: str | None = None
    to_township_zh: str | None = None


@dataclass(frozen=True)
class Scenario:
    """A dated change to a region and the condition to look at it under.

    Attributes:
        name: short name, unique among the files of a folder: the file's stem unless given.
        name_zh, name_en: names for readers.
        date: from when it holds, or None.
        note: free text.
        condition: the condition asked for.
        conserve_total: whether residents outside the shifts are scaled so that the region keeps its
            total.
        place: the file, for messages.
    """

    name: str
    name_zh: str
    name_en: str
    date: date | None = None
    note: str = ""
    condition: ConditionAsked = field(default_factory=ConditionAsked)
    posts_added: tuple[PostAdded, ...] = ()
    posts_removed: tuple[PostRemoved, ...] = ()
    posts_moved: tuple[PostMoved, ...] = ()
    posts_changed: tuple[PostChanged, ...] = ()
    helipads_added: tuple[HelipadAdded, ...] = ()
    links_closed: tuple[LinkClosed, ...] = ()
    links_opened: tuple[LinkOpened, ...] = ()
    shifts: tuple[PopulationShift, ...] = ()
    conserve_total: bool = False
    place: str = field(default="scenario", compare=False)

    def changes_region(self) -> bool:
        """Return whether anything but the condition differs from the region."""
        return any(getattr(self, name) for name in LISTS)


# Where each list of a scenario stands in the file, and what its entries are.
LISTS: dict[str, tuple[str, str, type]] = {
    "posts_added": ("post", "add", PostAdded),
    "posts_removed": ("post", "remove", PostRemoved),
    "posts_moved": ("post", "move", PostMoved),
    "posts_changed": ("post", "change", PostChanged),
    "helipads_added": ("helipad", "add", HelipadAdded),
    "links_closed": ("link", "close", LinkClosed),
    "links_opened": ("link", "open", LinkOpened),
    "shifts": ("population", "shift", PopulationShift),
}
