"""Ferry lines, kept apart from roads: one line between two landings, never a chain of several.

A line is drawn as one way or as several that meet at sea, tagged on the ways, on a relation, or on
both. Ways that meet at a landing are different lines: simplifying the graph through such a node
would make one crossing of two. A node is a landing where the map says so (a ferry terminal, a pier,
a road or path), where ways end, and where lines turn back near a coast.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from geodata.errors import Fault, InputError
from geodata.osm import access, crossings, naming, values
from geodata.osm.assumptions import FERRY_TIME
from geodata.osm.crossings import Path, Sea, Service
from geodata.osm.extract import Extract, Floats
from geodata.osm.islands import Ground

_OPEN = ("yes", "designated", "permissive", "official", "destination", "customers", "permit")
FAST_KMH = 40.0
_SERVICE_DAY_MIN = 720.0
_DAY_MIN = 1440.0
# A duration counts for a whole line when the ways that carry it make up this share of its length.
_MOST = 0.5


@dataclass(frozen=True)
class Line:
    """One crossing.

    Attributes:
        ident: service and number on it, for instance ``r123-1``.
        name: Chinese and Latin names, "" where the map has none.
        ends: map numbers of the two landings.
        points: vertices in degrees from the first landing to the second, shape (n, 2).
        kind: one of `geodata.schemas.FERRY_KINDS`.
        kind_known: whether the map says if it takes vehicles.
        duration_min, length_km: of the crossing.
        tagged: whether the map gives the duration.
        departures_per_day: from the interval, NaN where the map has none.
        oneway: whether the map has it sail one way only.
        seasonal: what the map says about the season, "" where nothing.
    """

    ident: str
    name: tuple[str, str]
    ends: tuple[int, int]
    points: Floats
    kind: str
    kind_known: bool
    duration_min: float
    length_km: float
    tagged: bool
    departures_per_day: float
    oneway: bool
    seasonal: str

    @property
    def label(self) -> str:
        """How reports call the line."""
        return f"{self.name[0]} ({self.ident})" if self.name[0] else self.ident


@dataclass
class Counts:
    """What was dropped or guessed, for the import report; each entry names the line."""

    leaving: list[str] = field(default_factory=list)
    round_trips: list[str] = field(default_factory=list)
    ends_at_sea: list[str] = field(default_factory=list)
    unreadable_durations: dict[str, int] = field(default_factory=dict)
    forgiven: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """Ferry lines of the region, the places of their landings in degrees, and the report."""

    lines: list[Line]
    landings: dict[int, tuple[float, float]]
    counts: Counts


def find(
    extract: Extract, area: BaseGeometry, ground: Ground, *, file: str, forgive: bool = False
) -> Found:
    """Return the ferry lines between landings of the region.

    Args:
        extract: what was read.
        area: the area imported, degrees; lines that leave it are counted and left out.
        ground: the islands.
        file: name for messages.
        forgive: estimate durations that cannot be, and leave out crossings longer than a day.

    Raises:
        InputError: for every duration that is zero, negative or longer than a day.
    """
    return _Finder(extract, area, ground, file=file, forgive=forgive).find()


class _Finder:
    def __init__(
        self, extract: Extract, area: BaseGeometry, ground: Ground, *, file: str, forgive: bool
    ) -> None:
        self.sea = Sea(extract, area, ground)
        self.ways = self.sea.ways
        self.file, self.forgive = file, forgive
        self.counts, self.faults = Counts(), list[Fault]()
        self.unreadable: Counter[str] = Counter()

    def find(self) -> Found:
        lines: list[Line] = []
        for service in self.sea.services():
            paths = self.sea.paths(service)
            if not paths:
                self._explain(service)
            for number, path in enumerate(paths, start=1):
                line = self._line(service, path, number)
                if line is not None:
                    lines.append(line)
        if self.faults:
            raise InputError(self.faults)
        self.counts.unreadable_durations = dict(self.unreadable)
        used = {end for line in lines for end in line.ends}
        return Found(lines, {ref: self.sea.place[ref] for ref in sorted(used)}, self.counts)

    def _explain(self, service: Service) -> None:
        """Count a service without a line between two landings."""
        closed = [self.ways.refs[self.ways.slice(k)] for k in service.ways]
        if any(len(refs) > 2 and refs[0] == refs[-1] for refs in closed):
            self.counts.round_trips.append(self._label(service))
        elif any(ref not in self.sea.inside for refs in closed for ref in refs):
            self.counts.leaving.append(self._label(service))
        else:
            self.counts.ends_at_sea.append(self._label(service))

    def _line(self, service: Service, path: Path, number: int) -> Line | None:
        ends = self.sea.ends(path)
        label = self._label(service, number)
        if not all(ref in self.sea.inside for ref in ends):
            if any(ref in self.sea.inside for ref in ends):
                self.counts.leaving.append(label)
            return None
        if not all(self._ashore(ref) for ref in ends):
            self.counts.ends_at_sea.append(label)
            return None
        tags = [self.ways.tags[hop.way] for hop, _ in path]
        length_km = sum(hop.length_km for hop, _ in path)
        vehicles = _takes_vehicles([service.tags, *tags])
        kind = "car_ferry" if vehicles else "passenger"
        duration, tagged = self._duration(service, path, length_km, kind, label)
        if math.isnan(duration):
            return None
        if kind == "passenger" and tagged and length_km / duration * 60.0 >= FAST_KMH:
            kind = "fast_passenger"
        return Line(
            f"{service.ident}-{number}",
            self._name(service, tags),
            ends,
            self.sea.points(path),
            kind,
            vehicles is not None,
            round(duration, 2),
            round(length_km, 3),
            tagged,
            _departures([service.tags, *tags]),
            any(t.get("oneway") in ("yes", "-1", "1") for t in tags),
            next(
                (t["seasonal"] for t in (service.tags, *tags) if t.get("seasonal", "no") != "no"),
                "",
            ),
        )

    def _ashore(self, ref: int) -> bool:
        reach_m = crossings.PIER_REACH_M if ref in self.sea.landing else crossings.CALL_REACH_M
        return self.sea.shore_m.get(ref, math.inf) <= reach_m

    def _name(self, service: Service, tags: Sequence[Mapping[str, str]]) -> tuple[str, str]:
        return next((both for t in (service.tags, *tags) if (both := naming.both(t))[0]), ("", ""))

    def _label(self, service: Service, number: int | None = None) -> str:
        names = [service.tags, *(self.ways.tags[k] for k in service.ways)]
        zh = next((naming.both(t)[0] for t in names if naming.both(t)[0]), "")
        ident = service.ident if number is None else f"{service.ident}-{number}"
        return f"{zh} ({ident})" if zh else ident

    def _duration(
        self, service: Service, path: Path, length_km: float, kind: str, label: str
    ) -> tuple[float, bool]:
        """Return the minutes of a crossing and whether the map gives them; NaN drops the line."""
        known = self._known_duration(service, path, length_km)
        if not math.isnan(known) and known <= values.LONGEST_FERRY_MIN:
            return max(1.0, known), True
        estimate = FERRY_TIME[kind].of(length_km)
        if estimate <= values.LONGEST_FERRY_MIN:
            return estimate, False
        if self.forgive:
            self.counts.forgiven.append(label)
        else:
            said: dict[str, object] = {"length_km": f"{length_km:.0f}"}
            self.faults.append(
                Fault("osm_ferry_too_long", f"{self.file} {label}", f"{estimate:.0f}", said)
            )
        return math.nan, False

    def _known_duration(self, service: Service, path: Path, length_km: float) -> float:
        if "duration" in service.tags:
            whole = self._read_duration(service.tags["duration"], f"relation {service.ident[1:]}")
            if self.sea.is_cut(service):  # the share of this crossing in the whole is not known
                return math.nan
            total = self.sea.one_direction_km(service)
            return whole * min(1.0, length_km / total) if total else whole
        minutes, covered, texts = 0.0, 0.0, set()
        for way in dict.fromkeys(hop.way for hop, _ in path):
            text = self.ways.tags[way].get("duration", "")
            value = self._read_duration(text, f"way {self.ways.ids[way]}") if text else math.nan
            if math.isnan(value) or self.sea.lacks_end(way):
                continue
            used = sum(hop.length_km for hop, _ in path if hop.way == way)
            whole = self.sea.length_km(self.ways.slice(way).start, self.ways.slice(way).stop - 1)
            minutes += value * used / max(whole, 1e-9)
            covered += used
            texts.add((text, value))
        if covered < _MOST * length_km or not texts:
            return math.nan
        several = len({hop.way for hop, _ in path if "duration" in self.ways.tags[hop.way]}) > 1
        if several and len(texts) == 1:  # the duration of the whole line, written on each part
            return texts.pop()[1]
        return minutes * length_km / covered

    def _read_duration(self, text: str, where: str) -> float:
        reading = values.duration_min(text)
        if reading.how == "tagged":
            return reading.value
        if reading.how == "unreadable":
            self.unreadable[naming.tidy(text)[:30]] += 1
        elif self.forgive:
            self.counts.forgiven.append(f"{where}: {naming.tidy(text)[:30]}")
        else:
            key = "osm_ferry_day" if reading.value > 0 else "osm_ferry_duration"
            fault = Fault(key, f"{self.file} {where}", text)
            if fault not in self.faults:
                self.faults.append(fault)
        return math.nan


def _takes_vehicles(tags: Sequence[Mapping[str, str]]) -> bool | None:
    """Return whether a ferry takes ambulances, None where the map does not say.

    Args:
        tags: of its relation and of each of its ways; all that say anything must let them on.
    """
    said = [one for t in tags if (one := _lets_on(t)) is not None]
    return all(said) if said else None


def _lets_on(tags: Mapping[str, str]) -> bool | None:
    """Return what the tags of one object say: the narrowest key that applies counts, as on roads.

    `emergency` goes before it. `access` alone is about people as much as about vehicles, so it says
    nothing. Where cars are not spoken of, a ship that takes lorries takes them too.
    """
    if tags.get("emergency") in _OPEN:
        return True
    if tags.get("emergency") == "no":
        return False
    key, value = access.narrowest(tags)
    if key in ("", "access"):
        return True if tags.get("hgv") in _OPEN else None
    return value in _OPEN


def _departures(tags: Sequence[Mapping[str, str]]) -> float:
    """Return departures a day from the interval, NaN where the map has none that can be read.

    Over a service day of twelve hours; an interval of half a day to a day is one departure a day,
    and a longer one is fewer, as 0.5 for every other day.
    """
    for one in tags:
        every_min = values.duration_min(one["interval"]).value if "interval" in one else math.nan
        if every_min > _DAY_MIN:
            return round(_DAY_MIN / every_min, 3)
        if every_min > 0.0:
            return round(max(1.0, _SERVICE_DAY_MIN / every_min), 1)
    return math.nan
