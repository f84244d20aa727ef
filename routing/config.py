"""Parameters of the response model: frozen, validated, each with unit and source."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from geodata.errors import Cause, Fault, InputError

START_STAMPS = ("dial", "answer", "dispatch")


@dataclass(frozen=True)
class Clock:
    """When the response time starts, and what passes before a crew is told."""

    start_stamp: str
    answer_delay_min: float
    call_handling_min: float

    def before_dispatch_min(self) -> float:
        """Return the minutes from the start stamp to dispatch."""
        if self.start_stamp == "dispatch":
            return 0.0
        delay = self.answer_delay_min if self.start_stamp == "dial" else 0.0
        return delay + self.call_handling_min


@dataclass(frozen=True)
class Target:
    """Bounds on the mean response time of each zone, minutes.

    `routing.statistics.verdict` says when one is met: the mean is at most the bound, and at most
    `unreachable_share` of the zone's residents (0 to 1) are out of reach.
    """

    main_urban_min: float
    rural_min: float
    unreachable_share: float = 0.0

    def of(self, zone: str) -> float:
        """Return the bound of `zone`."""
        return self.main_urban_min if zone == "main_urban" else self.rural_min


@dataclass(frozen=True)
class Demand:
    """How many crew runs the residents call for."""

    runs_per_1000_per_year: float


@dataclass(frozen=True)
class Ambulance:
    """Road vehicle."""

    turnout_min: float
    speed_factor: float
    access_speed_kmh: float
    access_detour: float


@dataclass(frozen=True)
class Schematic:
    """Error to expect of travel times over a schematic network, to be stated beside them."""

    error_median_min: float
    error_p90_min: float
    error_mean_min: float


@dataclass(frozen=True)
class Ferry:
    """Vehicle ferries that an ambulance rides."""

    assumed_headway_min: float
    service_day_min: float
    boarding_min: float


@dataclass(frozen=True)
class Boat:
    """Patrol or rescue boat with a medical crew on board."""

    mobilisation_min: float
    speed_kn: float
    berthing_min: float
    landing_transfer_min: float
    unlisted_landing_min: float
    onshore_speed_factor: float


@dataclass(frozen=True)
class Helicopter:
    """Rescue helicopter with a medical crew on board."""

    mobilisation_min: float
    cruise_kmh: float
    landing_min: float
    unprepared_site_min: float
    transfer_min: float
    night_allowed: bool
    day_from_h: float
    day_until_h: float

    def daylight_at(self, minute_of_day: float) -> str:
        """Return ``day`` from `day_from_h` until before `day_until_h`, else ``night``."""
        return "day" if self.day_from_h <= minute_of_day / 60.0 < self.day_until_h else "night"


@dataclass(frozen=True)
class Traffic:
    """Speed of each road class by hour of day, as a factor on the speeds of the roads table.

    Each field holds 24 factors, from 00:00-00:59 on; they count only where a clock time is given.
    Synthetic edges take those of ``residential``.
    """

    motorway: tuple[float, ...]
    trunk: tuple[float, ...]
    primary: tuple[float, ...]
    secondary: tuple[float, ...]
    tertiary: tuple[float, ...]
    residential: tuple[float, ...]
    service: tuple[float, ...]
    track: tuple[float, ...]

    def factor(self, road_class: str, hour: int) -> float:
        """Return the factor of `road_class` in the hour that begins at `hour` (0 to 23)."""
        factors: tuple[float, ...] = getattr(self, road_class)
        return factors[hour]


@dataclass(frozen=True)
class Population:
    """How residents are spread around settlements when a region is built."""

    decay_urban_km: float
    decay_rural_km: float
    reach_decays: float
    lattice_m: float


@dataclass(frozen=True)
class Care:
    """What happens between the arrival on scene and the hospital, and who receives patients."""

    scene_min: float
    handover_min: float
    stabilise_min: float
    tasked_with_call: bool
    pad_at_hospital_m: float
    receiving_tiers: tuple[str, ...]
    not_receiving: tuple[str, ...]


@dataclass(frozen=True)
class MutualAid:
    """Hospitals and posts outside the region, and the roads to them.

    `rules` and `capabilities` hold entries ``<id>: <values, comma apart>``; see
    `routing.itinerary.receiving`.
    """

    enabled: bool
    crews_respond: bool
    rules: tuple[str, ...]
    capabilities: tuple[str, ...]
    speed_kmh: float
    detour: float
    reach_km: float


@dataclass(frozen=True)
class Zone:
    """How the main urban area is drawn when a region is built."""

    urban_radius_km: float


@dataclass(frozen=True)
class Cost:
    """Cost of a new site of each kind against that of an ambulance post."""

    ambulance_post: float
    boat_berth: float
    helipad: float

    def of(self, kind: str) -> float:
        """Return the cost of a new site of `kind`; 1 for kinds that nobody builds anew."""
        return float(getattr(self, kind, 1.0))


@dataclass(frozen=True)
class Year:
    """Who is carried between islands in a year, and what was reported; see `routing.year_check`.

    A reported number of 0 means that none is known.
    """

    patient_share: float
    hospital_share: float
    peak_share: float
    critical_share: float
    air_after_min: float
    sea_operations: float
    sea_medical_share: float
    reported_transfers: float
    reported_air_rescues: float


@dataclass(frozen=True)
class Parameters:
    """All parameters, and for each where it comes from.

    Attributes:
        origins: by ``group.name``: value, unit, source and note, as the run record stores them.
    """

    clock: Clock
    target: Target
    demand: Demand
    ambulance: Ambulance
    schematic: Schematic
    ferry: Ferry
    boat: Boat
    helicopter: Helicopter
    traffic: Traffic
    population: Population
    zone: Zone
    care: Care
    mutual_aid: MutualAid
    cost: Cost
    year: Year
    origins: Mapping[str, Mapping[str, Any]] = field(repr=False, compare=False)

    def as_rows(self) -> list[dict[str, Any]]:
        """Return every parameter as a row: name, value, unit, source, note."""
        return [{"name": name, **entry} for name, entry in self.origins.items()]


GROUPS: dict[str, type] = {
    "clock": Clock,
    "target": Target,
    "demand": Demand,
    "ambulance": Ambulance,
    "schematic": Schematic,
    "ferry": Ferry,
    "boat": Boat,
    "helicopter": Helicopter,
    "traffic": Traffic,
    "population": Population,
    "zone": Zone,
    "care": Care,
    "mutual_aid": MutualAid,
    "cost": Cost,
    "year": Year,
}
# Parameters that may be zero; every other number must be greater.
_MAY_BE_ZERO = {
    "target.unreachable_share",
    "clock.answer_delay_min",
    "clock.call_handling_min",
    "ambulance.turnout_min",
    "schematic.error_median_min",
    "schematic.error_p90_min",
    "schematic.error_mean_min",
    "ferry.boarding_min",
    "boat.mobilisation_min",
    "boat.berthing_min",
    "boat.landing_transfer_min",
    "boat.unlisted_landing_min",
    "helicopter.mobilisation_min",
    "helicopter.landing_min",
    "helicopter.unprepared_site_min",
    "helicopter.transfer_min",
    "demand.runs_per_1000_per_year",
    "care.scene_min",
    "care.handover_min",
    "care.stabilise_min",
    "care.pad_at_hospital_m",
    "year.patient_share",
    "year.hospital_share",
    "year.peak_share",
    "year.critical_share",
    "year.air_after_min",
    "year.sea_operations",
    "year.sea_medical_share",
    "year.reported_transfers",
    "year.reported_air_rescues",
}
# Parameters that are a share of something, so at most 1.
_SHARES = {
    "target.unreachable_share",
    "year.patient_share",
    "year.hospital_share",
    "year.peak_share",
    "year.critical_share",
    "year.sea_medical_share",
}


def load(path: Path | None = None) -> Parameters:
    """Return the default parameters, with those of a user's file on top.

    Args:
        path: TOML file of groups and names as in ``zhoushan.toml``; an entry is either a bare value
            or a table with `value` and, if wanted, `unit`, `source` and `note`.

    Raises:
        InputError: if the file is missing or no TOML, or a group, name or value is not allowed; the
            error carries every fault found.
    """
    table = _defaults()
    faults: list[Fault] = []
    if path is not None:
        _overlay(table, _read(path), str(path), faults)
    faults += _faults(table, str(path or "zhoushan.toml"))
    if faults:
        raise InputError(faults)
    return from_table(table)


def from_table(table: Mapping[str, Mapping[str, Any]], *, place: str = "parameters") -> Parameters:
    """Return parameters from ``{"group.name": {"value": …, "unit": …, "source": …, "note": …}}``.

    Raises:
        InputError: with every value that breaks its rule.
    """
    faults = _faults(table, place)
    if faults:
        raise InputError(faults)
    groups = {
        group: kind(*(table[f"{group}.{f.name}"]["value"] for f in dataclasses.fields(kind)))
        for group, kind in GROUPS.items()
    }
    return Parameters(**groups, origins=table)


def names() -> list[str]:
    """Return every parameter as ``group.name``, in order."""
    return [f"{g}.{f.name}" for g, kind in GROUPS.items() for f in dataclasses.fields(kind)]


def _defaults() -> dict[str, dict[str, Any]]:
    text = resources.files("seeds").joinpath("zhoushan.toml").read_text("utf-8")
    table: dict[str, dict[str, Any]] = {}
    _overlay(table, tomllib.loads(text), "zhoushan.toml", [])
    return table


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        fault = Fault("config_unreadable", str(path), params={"reason": Cause.of(error)})
        raise InputError(fault) from error


def _overlay(
    table: dict[str, dict[str, Any]], raw: dict[str, Any], place: str, faults: list[Fault]
) -> None:
    allowed = set(names())
    for group, entries in raw.items():
        for name, entry in (entries if isinstance(entries, dict) else {"": entries}).items():
            key = f"{group}.{name}".strip(".")
            if key not in allowed:
                faults.append(Fault("unknown_parameter", place, key))
                continue
            bare = {"value": entry, "source": "user", "note": "", "note_zh": ""}
            given = dict(entry) if isinstance(entry, dict) else bare
            if "note" in given:  # a note in one language replaces the default's in both
                given.setdefault("note_zh", "")
            if "value" not in given:
                faults.append(Fault("parameter_without_value", place, key))
                continue
            value = _as_floats(given["value"])
            table[key] = {**table.get(key, {}), **given, "value": value}


def _as_floats(value: Any) -> Any:
    """Return whole numbers as floats and lists as tuples, as TOML users write either."""
    if isinstance(value, list):
        return tuple(_as_floats(v) for v in value)
    return float(value) if type(value) is int else value


def _faults(table: Mapping[str, Mapping[str, Any]], place: str) -> list[Fault]:
    return [fault for name in names() if (fault := _fault(name, table[name]["value"], place))]


def _fault(name: str, value: object, place: str) -> Fault | None:
    group, field_name = name.split(".")
    kind = {f.name: str(f.type) for f in dataclasses.fields(GROUPS[group])}[field_name]
    if name == "clock.start_stamp":
        params: dict[str, object] = {"choices": ", ".join(START_STAMPS)}
        wrong = Fault("not_a_choice", f"{place}: {name}", value, params)
        return None if value in START_STAMPS else wrong
    if kind == "tuple[str, ...]":
        texts = isinstance(value, tuple) and all(isinstance(one, str) for one in value)
        return None if texts else Fault("not_texts", f"{place}: {name}", value)
    if kind.startswith("tuple"):
        factors = value if isinstance(value, tuple) else ()
        good = len(factors) == 24 and all(
            isinstance(factor, float) and 0 < factor < math.inf for factor in factors
        )
        return None if good else Fault("not_24_factors", f"{place}: {name}", value)
    if kind == "bool":
        return None if isinstance(value, bool) else Fault("not_a_flag", f"{place}: {name}", value)
    if isinstance(value, bool) or not isinstance(value, float) or not math.isfinite(value):
        return Fault("not_a_number", f"{place}: {name}", value)
    if value < 0 or (value == 0 and name not in _MAY_BE_ZERO):
        return Fault("number_too_small", f"{place}: {name}", value, {"minimum": 0})
    if name in _SHARES and value > 1:
        return Fault("too_large", f"{place}: {name}", value, {"minimum": 0, "maximum": 1})
    return None
