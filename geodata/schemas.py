"""The layers of a region: their columns, units, nullability and allowed values.

One declaration serves loading, validation, the template and the documentation. Every layer with a
geometry is stored in EPSG:4326 (longitude, latitude on WGS84).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "integer", "flag"]

ZONES = ("main_urban", "rural")
EVIDENCE = ("confirmed", "assumed", "clinic")
VEHICLES = ("ambulance", "boat", "helicopter")
POST_KINDS = (
    "ambulance_station",
    "hospital",
    "health_centre",
    "boat_base",
    "air_base",
)
TIERS = ("peak", "sub_centre", "node", "basic")
ROAD_CLASSES = (
    "motorway",
    "trunk",
    "primary",
    "secondary",
    "tertiary",
    "residential",
    "service",
    "track",
)
STRUCTURES = ("none", "bridge", "tunnel", "causeway")
LINK_STATUS = ("open", "uncertain", "under_construction", "planned", "closed")
FERRY_KINDS = ("car_ferry", "passenger", "fast_passenger")
FERRY_STATUS = ("in_service", "uncertain", "withdrawn")
SITE_STATUS = ("existing", "planned", "unknown")


@dataclass(frozen=True)
class Column:
    """One column of a layer.

    Attributes:
        name: column name; a measured quantity carries its unit as suffix.
        kind: ``text``, ``number`` (float), ``integer`` or ``flag`` (true/false).
        nullable: whether blank is allowed; blank means unknown, never zero.
        choices: the only values allowed, or empty.
        minimum, maximum: inclusive bounds of a number, or None.
        unique: whether values must differ from row to row.
        refers_to: ``layer.column`` whose values this column may take, or empty.
        optional: whether the whole column may be missing (it is then added as blank).
    """

    name: str
    kind: Kind = "text"
    nullable: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unique: bool = False
    refers_to: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Layer:
    """One layer of a region.

    Attributes:
        name: layer name in the GeoPackage.
        geometry: ``MultiPolygon``, ``Point``, ``LineString`` or None for a plain table.
        columns: its columns, in order.
        required: whether a region without it is invalid.
    """

    name: str
    geometry: Literal["MultiPolygon", "Point", "LineString"] | None
    columns: tuple[Column, ...]
    required: bool = True

    def column(self, name: str) -> Column:
        """Return the column `name`."""
        return next(c for c in self.columns if c.name == name)

    @property
    def key(self) -> str:
        """Name of the column that identifies a row."""
        return next(c.name for c in self.columns if c.unique)


def _id(name: str) -> Column:
    return Column(name, unique=True)


def _optional(name: str, kind: Kind = "text", **rule: object) -> Column:
    return Column(name, kind, nullable=True, optional=True, **rule)  # type: ignore[arg-type]


_NAMES = (Column("name_zh"), Column("name_en", nullable=True, optional=True))
_ORIGIN = (
    _optional("position_accuracy_m", "number", minimum=0.0),
    _optional("source_ids"),
    _optional("note"),
)

META = Layer("meta", None, (_id("key"), Column("value", nullable=True)))
META_KEYS = ("name_zh", "name_en", "metric_crs", "network", "timezone", "built_from")

ISLANDS = Layer(
    "islands",
    "MultiPolygon",
    (
        _id("island_id"),
        *_NAMES,
        _optional("named", "flag"),
        _optional("county_zh"),
        _optional("landmass_id"),
        _optional("area_km2", "number", minimum=0.0),
        _optional("population", "number", minimum=0.0),
        _optional("population_year", "number", minimum=1900.0, maximum=2100.0),
        _optional("population_kind"),
        Column("inhabited", choices=("yes", "no", "unknown")),
        _optional("coast_source"),
        *_ORIGIN,
    ),
)
COUNTIES = Layer(
    "counties",
    None,
    (
        Column("county_zh", unique=True),
        _optional("county_en"),
        Column("population", "number", minimum=0.0),
        _optional("population_year", "number", minimum=1900.0, maximum=2100.0),
        _optional("source_ids"),
        _optional("note"),
    ),
    required=False,
)
ZONE_LAYER = Layer(
    "zones",
    "MultiPolygon",
    (
        Column("zone", choices=ZONES, unique=True),
        *_NAMES,
        _optional("status"),
        _optional("source_ids"),
        _optional("note"),
    ),
)
DEMAND = Layer(
    "demand",
    "Point",
    (
        _id("demand_id"),
        Column("island_id", refers_to="islands.island_id"),
        *_NAMES,
        _optional("county_zh"),
        _optional("township_zh"),
        Column("zone", choices=ZONES),
        Column("population", "number", minimum=0.0),
        _optional("calls_per_year", "number", minimum=0.0),
        _optional("cell_size_m", "number", minimum=1.0),
        _optional("population_kind"),
        *_ORIGIN,
    ),
)
SETTLEMENTS = Layer(
    "settlements",
    "Point",
    (
        _id("settlement_id"),
        *_NAMES,
        Column("island_id", refers_to="islands.island_id"),
        _optional("township_zh"),
        _optional("population", "number", minimum=0.0),
        _optional("population_year", "number"),
        *_ORIGIN,
    ),
    required=False,
)
POSTS = Layer(
    "posts",
    "Point",
    (
        _id("post_id"),
        *_NAMES,
        Column("kind", choices=POST_KINDS),
        Column("evidence", choices=EVIDENCE),
        Column("vehicles"),
        _optional("vehicle_count", "number", minimum=0.0),
        _optional("tier", choices=TIERS),
        _optional("capabilities"),
        _optional("hours"),
        Column("island_id", nullable=True, optional=True, refers_to="islands.island_id"),
        _optional("county_zh"),
        _optional("outside", "flag"),
        *_ORIGIN,
    ),
)
HOSPITALS = Layer(
    "hospitals",
    "Point",
    (
        _id("hospital_id"),
        *_NAMES,
        _optional("level"),
        _optional("tier", choices=TIERS),
        _optional("capabilities"),
        _optional("beds", "number", minimum=0.0),
        Column("status", choices=SITE_STATUS),
        Column("island_id", nullable=True, optional=True, refers_to="islands.island_id"),
        _optional("county_zh"),
        _optional("outside", "flag"),
        *_ORIGIN,
    ),
    required=False,
)
HELIPADS = Layer(
    "helipads",
    "Point",
    (
        _id("helipad_id"),
        *_NAMES,
        Column("status", choices=SITE_STATUS),
        Column("island_id", nullable=True, optional=True, refers_to="islands.island_id"),
        _optional("outside", "flag"),
        *_ORIGIN,
    ),
    required=False,
)
PORTS = Layer(
    "ports",
    "Point",
    (
        _id("port_id"),
        *_NAMES,
        Column("island_id", nullable=True, optional=True, refers_to="islands.island_id"),
        Column("car_ferry", "flag"),
        Column("evidence", choices=("confirmed", "assumed")),
        _optional("outside", "flag"),
        *_ORIGIN,
    ),
    required=False,
)
ROADS = Layer(
    "roads",
    "LineString",
    (
        _id("link_id"),
        *_NAMES,
        Column("road_class", choices=ROAD_CLASSES),
        Column("structure", choices=STRUCTURES),
        Column("from_node"),
        Column("to_node"),
        Column("length_km", "number", minimum=0.0),
        Column("speed_kmh", "number", minimum=1.0, maximum=200.0),
        Column("oneway", "flag"),
        Column("status", choices=LINK_STATUS),
        _optional("opened_year", "number"),
        Column("island_id", nullable=True, optional=True, refers_to="islands.island_id"),
        _optional("from_island_id", refers_to="islands.island_id"),
        _optional("to_island_id", refers_to="islands.island_id"),
        _optional("length_kind", choices=("given", "estimate")),
        *_ORIGIN,
    ),
)
FERRIES = Layer(
    "ferries",
    "LineString",
    (
        _id("link_id"),
        *_NAMES,
        Column("from_port_id", refers_to="ports.port_id"),
        Column("to_port_id", refers_to="ports.port_id"),
        Column("kind", choices=FERRY_KINDS),
        Column("duration_min", "number", minimum=1.0, maximum=1440.0),
        _optional("length_km", "number", minimum=0.0),
        _optional("departures_per_day", "number", minimum=0.0, maximum=1440.0),
        _optional("first_departure"),
        _optional("last_departure"),
        _optional("departures"),
        _optional("departures_back"),
        Column("status", choices=FERRY_STATUS),
        _optional("evidence"),
        *_ORIGIN,
    ),
    required=False,
)
SEA_LINKS = Layer(
    "sea_links",
    "LineString",
    (
        _id("link_id"),
        Column("from_post_id", refers_to="posts.post_id"),
        Column("to_port_id", refers_to="ports.port_id"),
        Column("length_km", "number", minimum=0.0),
    ),
    required=False,
)
UNLOCATED = Layer(
    "unlocated",
    None,
    (
        _id("place_id"),
        *_NAMES,
        _optional("kind"),
        _optional("note"),
        _optional("note_zh"),
        _optional("source_ids"),
    ),
    required=False,
)
KNOWN_TIMES = Layer(
    "known_times",
    None,
    (
        _id("known_id"),
        *_NAMES,
        Column("mode", choices=("road", "ferry", "boat", "flight")),
        Column("from_id"),
        Column("to_id"),
        _optional("known_min_low", "number", minimum=0.0),
        _optional("known_min_high", "number", minimum=0.0),
        _optional("known_km", "number", minimum=0.0),
        _optional("source_ids"),
        _optional("note"),
        _optional("note_zh"),
    ),
    required=False,
)
SOURCES = Layer(
    "sources",
    None,
    (
        _id("source_id"),
        Column("title"),
        _optional("publisher"),
        _optional("date"),
        _optional("url"),
        _optional("what_it_gave"),
        _optional("licence"),
    ),
    required=False,
)

LAYERS: tuple[Layer, ...] = (
    META,
    ISLANDS,
    COUNTIES,
    ZONE_LAYER,
    DEMAND,
    SETTLEMENTS,
    POSTS,
    HOSPITALS,
    HELIPADS,
    PORTS,
    ROADS,
    FERRIES,
    SEA_LINKS,
    UNLOCATED,
    KNOWN_TIMES,
    SOURCES,
)


def layer(name: str) -> Layer:
    """Return the declaration of layer `name`."""
    return next(one for one in LAYERS if one.name == name)
