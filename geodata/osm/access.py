"""Which ways an emergency vehicle drives on, in which direction and how fast."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from geodata.osm import values
from geodata.osm.assumptions import ROAD_SPEED_KMH, TRACK_SPEED_KMH

Tags = Mapping[str, str]

ROAD_CLASS = {
    "motorway": "motorway",
    "motorway_link": "motorway",
    "trunk": "trunk",
    "trunk_link": "trunk",
    "primary": "primary",
    "primary_link": "primary",
    "secondary": "secondary",
    "secondary_link": "secondary",
    "tertiary": "tertiary",
    "tertiary_link": "tertiary",
    "unclassified": "residential",
    "residential": "residential",
    "living_street": "residential",
    "road": "residential",
    "busway": "service",
    "service": "service",
    "track": "track",
}
# Open to emergency vehicles only where the map says so.
ON_FOOT = ("pedestrian", "footway", "path", "cycleway", "bridleway")

ROAD_KEYS = (
    "highway",
    "name",
    "name:zh",
    "name:zh-Hans",
    "name:zh-Hant",
    "name:en",
    "int_name",
    "ref",
    "oneway",
    "oneway:emergency",
    "junction",
    "maxspeed",
    "maxspeed:forward",
    "maxspeed:backward",
    "maxspeed:type",
    "source:maxspeed",
    "zone:maxspeed",
    "bridge",
    "tunnel",
    "access",
    "vehicle",
    "motor_vehicle",
    "motorcar",
    "emergency",
    "tracktype",
    "area",
    "impassable",
)

# Values of access from wide to narrow, within each group too; any other value says nothing.
_OPEN = ("yes", "designated", "official", "permissive")
_NOT_THROUGH = ("discouraged", "destination")
_PRIVATE = (
    "customers", "permit", "residents", "delivery", "employees", "agricultural", "forestry",
    "psv", "bus", "taxi", "hgv", "private", "emergency",
)  # fmt: skip
_BARRED = ("restricted", "military", "dismount", "use_sidepath", "no")
_FROM_WIDE_TO_CLOSED = (*_OPEN, *_NOT_THROUGH, *_PRIVATE, *_BARRED)
_FROM_NARROW_TO_WIDE = ("motorcar", "motor_vehicle", "vehicle", "access")

_LIMIT_KEYS = ("maxspeed", "maxspeed:forward", "maxspeed:backward")
# The limits of the directions that are driven, by `Drive.oneway`.
_DRIVEN_LIMIT_KEYS = {0: _LIMIT_KEYS[1:], 1: _LIMIT_KEYS[1:2], -1: _LIMIT_KEYS[2:]}

# Barriers that stop a vehicle unless the node says who may pass.
_SOLID = frozenset(
    ("bollard", "block", "jersey_barrier", "log", "debris", "cycle_barrier", "motorcycle_barrier",
     "stile", "kissing_gate", "turnstile", "full-height_turnstile", "horse_stile", "step",
     "planter", "wall", "fence", "hedge", "retaining_wall", "ditch", "wedge")
)  # fmt: skip
_MOVABLE_BOLLARDS = frozenset(("removable", "rising", "foldable", "flexible"))
# A gate that is signed shut to everybody.
_GATES = frozenset(("gate", "lift_gate", "swing_gate", "sliding_gate", "chain", "hampshire_gate"))


@dataclass(frozen=True)
class Drive:
    """How a way is driven.

    Attributes:
        road_class: one of `geodata.schemas.ROAD_CLASSES`.
        highway: class as mapped, which the assumed speed belongs to.
        speed_kmh: speed, kilometres an hour.
        limit: how the speed was read; ``assumed`` where the map gives none.
        oneway: 1 along the way, -1 against it, 0 both.
        structure: ``none``, ``bridge`` or ``tunnel``.
        private: whether only emergency vehicles and owners may drive here.
    """

    road_class: str
    highway: str
    speed_kmh: float
    limit: str
    oneway: int
    structure: str
    private: bool


@dataclass(frozen=True)
class Barred:
    """Why a way is left out: the tag that says so, for instance ``motor_vehicle=no``."""

    tag: str


@dataclass(frozen=True)
class BadSpeed:
    """A speed limit that cannot be: the tag's key and value."""

    key: str
    value: str


def is_road(tags: Tags) -> bool:
    """Return whether a way is a road, or a path that the map opens to emergency vehicles."""
    highway = tags.get("highway", "")
    if highway not in ROAD_CLASS and highway not in ON_FOOT:
        return False
    if tags.get("area") == "yes":
        return False
    return highway in ROAD_CLASS or _path_is_open(tags)


def drive(tags: Tags, *, forgive: bool = False) -> Drive | Barred | BadSpeed:
    """Return how an emergency vehicle drives a road, or why it does not.

    Access is read from narrow to wide (motorcar, motor_vehicle, vehicle, access); `emergency=yes`
    opens any road and `emergency=no` closes it. Private roads and those for some users only are
    open, as ``service`` unless they are tracks. What is closed to all (``no``) stays closed.

    Args:
        tags: tags of a way for which `is_road` holds.
        forgive: take an impossible speed limit for a missing one.
    """
    closed, private = _closure(tags)
    if closed:
        return Barred(closed)
    highway = tags["highway"]
    road_class = ROAD_CLASS.get(highway, "service")
    if private and road_class != "track":
        road_class = "service"
    limit = _limit(tags)
    if isinstance(limit, BadSpeed):
        if not forgive:
            return limit
        limit = values.Reading(math.nan, "impossible")
    known = not math.isnan(limit.value)
    speed = limit.value if known else assumed_kmh(tags, private=private)
    how = limit.how if known else ("assumed" if limit.how == "tagged" else f"assumed:{limit.how}")
    structure = _structure(tags)
    return Drive(road_class, highway, round(speed, 2), how, _oneway(tags), structure, private)


def assumed_kmh(tags: Tags, *, private: bool = False) -> float:
    """Return the assumed speed of a road, kilometres an hour."""
    highway = tags["highway"]
    if highway == "track":
        grade = tags.get("tracktype", "")
        return TRACK_SPEED_KMH.get(grade, ROAD_SPEED_KMH["track"])
    speed = ROAD_SPEED_KMH[highway]
    return min(speed, ROAD_SPEED_KMH["service"]) if private else speed


def blocks(tags: Tags) -> bool:
    """Return whether a node with a barrier stops an emergency vehicle.

    Bollards, blocks and stiles do; gates, lift gates, toll booths and cattle grids do not, unless
    they are signed as closed to all. `emergency=yes` opens any of them, and so does an access tag
    that lets anybody drive there.
    """
    barrier = tags.get("barrier", "")
    if not barrier or tags.get("emergency") in _OPEN:
        return False
    _, said = narrowest(tags)
    if said in (*_OPEN, *_NOT_THROUGH, *_PRIVATE):
        return False
    if barrier == "bollard" and tags.get("bollard") in _MOVABLE_BOLLARDS:
        return False
    return barrier in _SOLID or (barrier in _GATES and said in _BARRED)


def narrowest(tags: Tags) -> tuple[str, str]:
    """Return the narrowest access tag that applies to an ambulance and its value, or two blanks.

    Of a list of values the widest counts, whatever their order: ``yes`` before ``destination``
    before ``private`` before ``no``, and a value of no known meaning last. Keys of other vehicles,
    as `hgv`, do not apply.

    Example:
        >>> narrowest({"vehicle": "no", "motorcar": "yes", "hgv": "no"})
        ('motorcar', 'yes')
    """
    for key in _FROM_NARROW_TO_WIDE:
        if key in tags:
            return key, _of_list(tags[key])
    return "", ""


def _path_is_open(tags: Tags) -> bool:
    if tags.get("emergency") in _OPEN:
        return True
    keys = ("motorcar", "motor_vehicle", "vehicle")
    return any(_of_list(tags.get(key, "")) in _OPEN for key in keys)


def _closure(tags: Tags) -> tuple[str, bool]:
    """Return the tag that closes a road, or "", and whether the road is private."""
    key, value = narrowest(tags)
    private = value in _PRIVATE
    if tags.get("emergency") in _OPEN:
        return "", private
    if tags.get("emergency") == "no":
        return "emergency=no", private
    if tags.get("impassable") == "yes":
        return "impassable=yes", private
    return (f"{key}={value}" if value in _BARRED else ""), private


def _of_list(text: str) -> str:
    """Return the widest of the values of a list, as ``private; yes`` is open."""
    parts = [part.strip() for part in text.split(";") if part.strip()]
    known = [value for value in _FROM_WIDE_TO_CLOSED if value in parts]
    return next(iter(known or parts), "")


def _limit(tags: Tags) -> values.Reading | BadSpeed:
    """Return the limit of a road; of the directions that are driven the lower one.

    In its direction a limit of one direction goes before the general one.
    """
    readings = {key: values.speed_kmh(tags[key]) for key in _LIMIT_KEYS if key in tags}
    for key, reading in readings.items():
        if reading.how == "impossible":
            return BadSpeed(key, tags[key])
    known = {key: one for key, one in readings.items() if not math.isnan(one.value)}
    driven = _DRIVEN_LIMIT_KEYS[_oneway(tags)]
    limits = [known.get(key, known.get("maxspeed")) for key in driven]
    if found := [one for one in limits if one is not None]:
        return min(found, key=lambda one: one.value)
    for key in ("maxspeed:type", "zone:maxspeed", "source:maxspeed"):
        zone = values.speed_kmh(tags[key]) if ":" in tags.get(key, "") else None
        if zone and zone.how in ("zone", "unlimited"):
            return zone
    said = [readings[key] for key in ("maxspeed", *driven) if key in readings]
    return said[0] if said else values.Reading(math.nan, "tagged")


def _oneway(tags: Tags) -> int:
    said = tags.get("oneway", "")
    if tags.get("oneway:emergency") == "no":
        return 0
    if said in ("yes", "true", "1"):
        return 1
    if said in ("-1", "reverse"):
        return -1
    implied = tags.get("junction") in ("roundabout", "circular") or tags["highway"] == "motorway"
    return 1 if implied and said not in ("no", "false", "0", "reversible", "alternating") else 0


def _structure(tags: Tags) -> str:
    if tags.get("bridge", "no") not in ("no", "abandoned", "proposed"):
        return "bridge"
    if re.fullmatch(r"no|building_passage|avalanche_protector", tags.get("tunnel", "no")):
        return "none"
    return "tunnel"
