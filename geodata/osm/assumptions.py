"""Every number that an import needs and the map does not give, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

# Free-flow speeds by road class, kilometres an hour.
ROAD_SPEED_KMH: Mapping[str, float] = MappingProxyType(
    {
        "motorway": 90.0,
        "motorway_link": 75.0,
        "trunk": 85.0,
        "trunk_link": 70.0,
        "primary": 65.0,
        "primary_link": 60.0,
        "secondary": 55.0,
        "secondary_link": 50.0,
        "tertiary": 40.0,
        "tertiary_link": 30.0,
        "unclassified": 25.0,
        "residential": 25.0,
        "road": 25.0,
        "living_street": 10.0,
        "busway": 40.0,
        "service": 15.0,
        "track": 20.0,
        "pedestrian": 10.0,
        "footway": 10.0,
        "path": 10.0,
        "cycleway": 10.0,
        "bridleway": 10.0,
    }
)
ROAD_SPEED_SOURCE = (
    "Default speeds of the car profile of the Open Source Routing Machine (Project-OSRM, "
    "osrm-backend, profiles/car.lua); busway, track, pedestrian, footway, path, cycleway, "
    "bridleway and road: assumed"
)
# Tracks by tracktype, the same profile; a grade1 track is paved and drives as `road` does.
TRACK_SPEED_KMH: Mapping[str, float] = MappingProxyType(
    {"grade1": 25.0, "grade2": 25.0, "grade3": 25.0, "grade4": 20.0, "grade5": 15.0}
)
# Where a settlement has no population tag: round numbers inside the bands that the map's own
# documentation gives for each kind of place.
UNTAGGED_PEOPLE: Mapping[str, float] = MappingProxyType(
    {"city": 50_000.0, "town": 5_000.0, "village": 500.0, "hamlet": 50.0, "isolated_dwelling": 5.0}
)


@dataclass(frozen=True)
class FerryTime:
    """Minutes of a crossing without a duration: ``fixed_min + min_per_km * length_km``."""

    fixed_min: float
    min_per_km: float

    def of(self, length_km: float) -> float:
        """Return the minutes of a crossing of `length_km`, at least one."""
        return max(1.0, self.fixed_min + self.min_per_km * length_km)


# Least squares over the eight vehicle ferries of Zhoushan whose durations are published; the mean
# speed of its passenger lines (17 km/h).
FERRY_TIME: Mapping[str, FerryTime] = MappingProxyType(
    {"car_ferry": FerryTime(11.0, 2.8), "passenger": FerryTime(0.0, 3.5)}
)


@dataclass(frozen=True)
class Assumptions:
    """What an import assumes; each field is written into the import report.

    Attributes:
        lattice_m: largest spacing of demand points, metres.
        decay_urban_km, decay_rural_km: decay lengths of the residents' density around a city or
            town, and around smaller places (see `geodata.population.spread`).
        reach_decays: how many decay lengths residents reach.
        city_radius_km, town_radius_km: land this near to a city or town is ``main_urban``.
        fragment_km: shorter pieces of road that nothing joins to the roads of their island are left
            out: a place snapped to one could never be reached.
        coast_gap_m: gaps in a coastline up to this length are closed by a straight line.
        islet_m2: smaller islets without a name are left out.
        place_tolerance_m: how far off the coast a place or road end still belongs to an island.
        port_cluster_m: ferry ends and terminals this near to each other are one port.
        position_accuracy_m: stated accuracy of mapped positions.
        untagged_people: residents of a place without a population, by kind of place.
    """

    lattice_m: float = 500.0
    decay_urban_km: float = 1.2
    decay_rural_km: float = 0.6
    reach_decays: float = 3.0
    city_radius_km: float = 4.0
    town_radius_km: float = 2.0
    fragment_km: float = 1.0
    coast_gap_m: float = 100.0
    islet_m2: float = 500.0
    place_tolerance_m: float = 150.0
    port_cluster_m: float = 150.0
    position_accuracy_m: float = 10.0
    untagged_people: Mapping[str, float] = field(default_factory=lambda: UNTAGGED_PEOPLE)

    def as_dict(self) -> dict[str, object]:
        """Return every assumption as plain values for the import report."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain["untagged_people"] = dict(self.untagged_people)
        plain["road_speed_kmh"] = dict(ROAD_SPEED_KMH)
        plain["road_speed_source"] = ROAD_SPEED_SOURCE
        plain["track_speed_kmh"] = dict(TRACK_SPEED_KMH)
        plain["ferry_time"] = {
            kind: {"fixed_min": time.fixed_min, "min_per_km": time.min_per_km}
            for kind, time in FERRY_TIME.items()
        }
        return plain
