"""What each layer and column of a region means, from the schemas and the catalogue of strings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from geodata import catalogue, csv_geometry, schemas

# Read where present, worked out where not: nobody has to fill them in.
NOT_IN_TEMPLATE = ("sea_links", "known_times")
_SUFFIXES = ("km2", "kmh", "km", "min", "m")
_UNITS = {
    "population": "people",
    "population_year": "year",
    "opened_year": "year",
    "calls_per_year": "per_year",
    "departures_per_day": "per_day",
    "beds": "count",
    "vehicle_count": "count",
}


@dataclass(frozen=True)
class Entry:
    """One documented column, in one language.

    Attributes:
        layer, column: names.
        meaning: what it holds.
        unit: unit of a number, or "".
        allowed: values or bounds allowed, or "".
        blank: whether it may be blank.
    """

    layer: str
    column: str
    meaning: str
    unit: str
    allowed: str
    blank: bool


def entries(layer: schemas.Layer, lang: str) -> list[Entry]:
    """Return every column of a layer as it stands in a file, in order, documented in `lang`."""
    own = [
        Entry(
            layer.name,
            column.name,
            meaning(layer.name, column.name, lang),
            unit(column.name, lang),
            _allowed(column),
            column.nullable,
        )
        for column in layer.columns
    ]
    return own + list(_geometry_entries(layer, lang))


def meaning(layer: str, column: str, lang: str) -> str:
    """Return what a column holds; "" where the catalogue does not say."""
    strings = catalogue.strings(lang)
    return strings.get(f"column.{layer}.{column}") or strings.get(f"column.any.{column}", "")


def unit(column: str, lang: str) -> str:
    """Return the unit of a column, which its name ends with; "" for texts and flags."""
    name = column.removesuffix("_low").removesuffix("_high")
    suffix = next((s for s in _SUFFIXES if name.endswith(f"_{s}")), "")
    key = _UNITS.get(column, suffix)
    return catalogue.text(f"unit.{key}", lang) if key else ""


def file_of(layer: schemas.Layer) -> str:
    """Return the name of a layer's file in a folder."""
    return f"{layer.name}.{'geojson' if layer.geometry == 'MultiPolygon' else 'csv'}"


def readme(lang: str) -> str:
    """Return the README of a region folder as Markdown in `lang`."""

    def say(key: str) -> str:
        return catalogue.text(f"template.{key}", lang)

    parts = [f"# {say('title')}", say("intro")]
    for part in ("rules", "parameters", "conditions"):
        parts += [f"## {say(f'{part}_title')}", say(part)]
    parts.append(f"## {say('layers_title')}")
    for layer in schemas.LAYERS:
        parts += _layer_section(layer, lang)
    return "\n\n".join(parts) + "\n"


def meta_entries(lang: str) -> list[tuple[str, str]]:
    """Return the entries that the meta table may hold, each with its meaning."""
    keys = (*schemas.META_KEYS, csv_geometry.COORDINATES)
    return [(key, catalogue.strings(lang).get(f"meta.{key}", "")) for key in keys]


def _layer_section(layer: schemas.Layer, lang: str) -> list[str]:
    def say(key: str) -> str:
        return catalogue.text(f"template.{key}", lang)

    need = say("required" if layer.required else "optional")
    absent = say("not_in_template") if layer.name in NOT_IN_TEMPLATE else ""
    parts = [
        f"### {file_of(layer)} ({need}) {absent}".strip(),
        catalogue.strings(lang).get(f"layer.{layer.name}", ""),
    ]
    if layer.name == "meta":
        return [*parts, _markdown([("key", say("meaning")), *meta_entries(lang)])]
    if layer.geometry == "MultiPolygon":
        parts.append(say("polygons"))
    heading = tuple(say(key) for key in ("column", "meaning", "unit", "allowed", "blank"))
    rows = [
        (e.column, e.meaning, e.unit, e.allowed, say("yes" if e.blank else "no"))
        for e in entries(layer, lang)
    ]
    return [*parts, _markdown([heading, *rows])]


def _markdown(rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def _allowed(column: schemas.Column) -> str:
    if column.choices:
        return ", ".join(column.choices)
    if column.kind == "flag":
        return "yes, no"
    if column.refers_to:
        return f"→ {column.refers_to}"
    if column.minimum is not None and column.maximum is not None:
        return f"{column.minimum:g} … {column.maximum:g}"
    return f"≥ {column.minimum:g}" if column.minimum is not None else ""


def _geometry_entries(layer: schemas.Layer, lang: str) -> Iterator[Entry]:
    if layer.geometry == "MultiPolygon":
        return
    alternative = (csv_geometry.WKT, csv_geometry.VIA)
    at_ports = layer.name in ("ferries", "sea_links")
    for name in csv_geometry.columns(layer):
        degrees = "" if name in alternative else catalogue.text("unit.degrees", lang)
        blank = name in alternative or at_ports
        yield Entry(layer.name, name, meaning(layer.name, name, lang), degrees, "", blank)
