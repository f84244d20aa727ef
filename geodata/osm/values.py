"""Tag values that carry a number: speed limits, durations, counts of people."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

How = Literal["tagged", "zone", "unlimited", "variable", "unreadable", "impossible"]

KMH_PER_MPH = 1.609344
KMH_PER_KNOT = 1.852
UNLIMITED_KMH = 120.0
WALK_KMH = 5.0
LEAST_KMH, MOST_KMH = 1.0, 200.0
LONGEST_FERRY_MIN = 1440.0

# Limits by country and kind of road, kilometres an hour. China: Regulations for the Implementation
# of the Road Traffic Safety Law, articles 45 and 78 (roads with one lane each way). The others: the
# table of default limits in the documentation of the map.
ZONE_KMH = {
    "CN": {"urban": 50.0, "rural": 70.0, "motorway": 120.0},
    "DE": {"rural": 100.0},
    "DK": {"rural": 80.0, "motorway": 130.0},
    "ES": {"rural": 90.0, "motorway": 120.0},
    "FR": {"rural": 80.0, "motorway": 130.0},
    "GB": {
        "urban": 48.28,
        "nsl_restricted": 48.28,
        "nsl_single": 96.56,
        "nsl_dual": 112.65,
        "motorway": 112.65,
    },
    "GR": {"rural": 90.0, "motorway": 130.0},
    "HR": {"rural": 90.0, "motorway": 130.0},
    "IT": {"rural": 90.0, "motorway": 130.0},
    "MT": {"rural": 80.0},
    "NO": {"rural": 80.0},
    "PT": {"rural": 90.0, "motorway": 120.0},
    "RU": {"urban": 60.0, "rural": 90.0, "motorway": 110.0},
    "SE": {"rural": 70.0},
}
_ANY_COUNTRY_KMH = {"urban": 50.0, "living_street": 10.0, "pedestrian_zone": WALK_KMH}

_NUMBER = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*(km/?h|kmph|kph|mph|knots?)?", re.IGNORECASE)
_ZONE = re.compile(r"([A-Z]{2}):(?:zone:?)?([a-z_]+|\d+)", re.IGNORECASE)
_UNIT = {"mph": KMH_PER_MPH, "knot": KMH_PER_KNOT, "knots": KMH_PER_KNOT}

_CLOCK = re.compile(r"([+-])?(\d+):([0-5]\d)(?::([0-5]\d))?")
_ISO = re.compile(
    r"([+-])?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?"
    r"(?:(\d+(?:[.,]\d+)?)S)?)?",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"([+-])?(?:(\d+(?:\.\d+)?)\s*h(?:ours?|rs?)?)?\s*(?:(\d+(?:\.\d+)?)\s*(?:m(?:in(?:ute)?s?)?)?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Reading:
    """A value as read.

    Attributes:
        value: the number in the unit of the caller, NaN where there is none.
        how: where it comes from, or why there is none; ``impossible`` is a value that can be read
            but breaks a rule, and `value` then holds it.
    """

    value: float
    how: How


def speed_kmh(text: str) -> Reading:
    """Return a `maxspeed` in kilometres an hour.

    Understands numbers in km/h, mph and knots; kinds of road such as ``CN:urban``, ``DE:zone:30``;
    ``walk`` (5 km/h); ``none`` (120 km/h); and lists, of which the lowest counts. ``signals`` and
    ``variable`` have no number.

    Example:
        >>> speed_kmh("30 mph").value, speed_kmh("CN:urban").value, speed_kmh("60;50").value
        (48.28032, 50.0, 50.0)
    """
    parts = [_one_speed(part.strip()) for part in re.split(r"[;|]", text) if part.strip()]
    if not parts:
        return Reading(math.nan, "unreadable")
    for bad in ("impossible", "unreadable"):
        for part in parts:
            if part.how == bad:
                return part
    known = [part for part in parts if not math.isnan(part.value)]
    return min(known, key=lambda part: part.value) if known else parts[0]


def duration_min(text: str) -> Reading:
    """Return a `duration` in minutes.

    Understands ISO 8601 (``PT1H30M``, ``PT0,5H``), ``HH:MM``, ``HH:MM:SS``, minutes (``45``) and
    words (``1 h 30 min``). A duration is impossible where it is not above zero or is longer than a
    day.

    Example:
        >>> duration_min("PT1H30M").value, duration_min("1:45").value, duration_min("25").value
        (90.0, 105.0, 25.0)
    """
    text = text.strip()
    minutes = _iso_min(text)
    if minutes is None:
        minutes = _clock_min(text)
    if minutes is None:
        minutes = _words_min(text)
    if minutes is None:
        return Reading(math.nan, "unreadable")
    fits = 0.0 < minutes <= LONGEST_FERRY_MIN
    return Reading(minutes, "tagged" if fits else "impossible")


def people(text: str) -> float:
    """Return a `population`, NaN where it is no count of people.

    Example:
        >>> people("1,234"), people("~500"), people("12 000 (2011)")
        (1234.0, 500.0, 12000.0)
    """
    plain = re.sub(r"\(.*?\)", "", text).strip().lstrip("~≈").strip()
    if re.fullmatch(r"\d{1,3}([ ,.'’\u00a0\u202f]\d{3})+", plain):
        plain = re.sub(r"\D", "", plain)
    return float(plain) if re.fullmatch(r"\d{1,9}(\.0+)?", plain) else math.nan


def year(text: str) -> float:
    """Return the year of a date, NaN where it has none between 1900 and 2100."""
    found = re.search(r"(?<!\d)(19\d\d|20\d\d)(?!\d)", text)
    return float(found.group(1)) if found else math.nan


def _one_speed(text: str) -> Reading:
    lower = text.lower()
    if lower == "none":
        return Reading(UNLIMITED_KMH, "unlimited")
    if lower in ("signals", "variable"):
        return Reading(math.nan, "variable")
    if lower == "walk" or lower.endswith(":walk"):
        return Reading(WALK_KMH, "zone")
    if zone := _ZONE.fullmatch(text):
        return _zone_speed(zone.group(1).upper(), zone.group(2).lower())
    number = _NUMBER.fullmatch(text)
    if not number:
        return Reading(math.nan, "unreadable")
    unit = _UNIT.get((number.group(2) or "").lower(), 1.0)
    kmh = float(number.group(1).replace(",", ".")) * unit
    fits = LEAST_KMH <= kmh <= MOST_KMH
    return Reading(kmh, "tagged" if fits else "impossible")


def _zone_speed(country: str, kind: str) -> Reading:
    digits = re.fullmatch(r"(?:zone)?(\d+)", kind)
    if digits:
        kmh = float(digits.group(1)) * (KMH_PER_MPH if country == "GB" else 1.0)
        return Reading(kmh, "zone" if LEAST_KMH <= kmh <= MOST_KMH else "impossible")
    kmh = ZONE_KMH.get(country, {}).get(kind, _ANY_COUNTRY_KMH.get(kind, math.nan))
    if country == "DE" and kind == "motorway":
        return Reading(UNLIMITED_KMH, "unlimited")
    return Reading(kmh, "unreadable" if math.isnan(kmh) else "zone")


def _iso_min(text: str) -> float | None:
    found = _ISO.fullmatch(text)
    if not found or not any(found.groups()[1:]):
        return None
    sign = found.group(1)
    # Before the fraction of an hour, minute or second, ISO 8601 has a comma or a point.
    numbers = [float((part or "0").replace(",", ".")) for part in found.groups()[1:]]
    weeks, days, hours, minutes, seconds = numbers
    total = 10_080.0 * weeks + 1_440.0 * days + 60.0 * hours + minutes + seconds / 60.0
    return -total if sign == "-" else total


def _clock_min(text: str) -> float | None:
    found = _CLOCK.fullmatch(text)
    if not found:
        return None
    sign, hours, minutes, seconds = found.groups()
    total = 60.0 * float(hours) + float(minutes) + float(seconds or 0) / 60.0
    return -total if sign == "-" else total


def _words_min(text: str) -> float | None:
    found = _WORDS.fullmatch(text)
    if not found or not any(found.groups()[1:]):
        return None
    sign, hours, minutes = found.groups()
    total = 60.0 * float(hours or 0) + float(minutes or 0)
    return -total if sign == "-" else total
