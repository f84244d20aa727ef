"""A folder that people of another archipelago fill in with a spreadsheet and QGIS."""

from __future__ import annotations

import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from geodata import catalogue, documentation, schemas, tables
from geodata.folder import read_folder, write_folder
from geodata.notices import EXAMPLE
from geodata.region import WGS84, Region, from_tables

__all__ = ["example_region", "parameters_text", "read_folder", "write_template"]

README, COLUMNS, PARAMETERS, CONDITIONS = (
    "README.md", "columns.csv", "parameters.toml", "conditions.toml",
)  # fmt: skip


def write_template(folder: Path, lang: str) -> list[Path]:
    """Write a region folder to fill in: README, parameters, conditions, layers with example rows.

    The folder as written is a small valid region, so it also shows what a whole one looks like.

    Args:
        folder: existing folder; files of the same names are replaced.
        lang: ``zh`` or ``en``, the language of the README and of the example's names.

    Returns:
        The files written.
    """
    written = write_folder(example_region(lang), folder)
    written += [folder / name for name in (README, COLUMNS, PARAMETERS, CONDITIONS)]
    written[-4].write_text(documentation.readme(lang), encoding="utf-8-sig")
    tables.write_csv(column_table(lang), written[-3])
    written[-2].write_text(parameters_text(lang), encoding="utf-8")
    written[-1].write_text(conditions_text(lang), encoding="utf-8")
    return written


def column_table(lang: str) -> pd.DataFrame:
    """Return every column of every layer as one table, for those who prefer it to the README."""
    said = {k: catalogue.text(f"template.{k}", lang) for k in ("yes", "no")}
    rows = [
        (
            documentation.file_of(layer),
            entry.column,
            entry.meaning,
            entry.unit,
            entry.allowed,
            said["yes" if entry.blank else "no"],
        )
        for layer in schemas.LAYERS
        for entry in documentation.entries(layer, lang)
    ]
    heading = ("file", "column", "meaning", "unit", "allowed", "blank")
    return pd.DataFrame(rows, columns=[catalogue.text(f"template.{k}", lang) for k in heading])


def parameters_text(lang: str) -> str:
    """Return a parameter file that changes nothing: each default commented out."""
    defaults = resources.files("seeds").joinpath("zhoushan.toml").read_text("utf-8")
    lines = catalogue.text("template.parameters_head", lang).splitlines()
    for group, entries in tomllib.loads(defaults).items():
        lines += ["", f"# [{group}]"]
        for name, entry in entries.items():
            lines += ["", f"#   {entry.get('unit', '')}: {entry.get('note', '')}"]
            # JSON writes numbers, texts and true/false as TOML does.
            lines.append(f"# {name} = {json.dumps(entry['value'], ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def conditions_text(lang: str) -> str:
    """Return a file of weather conditions that changes nothing: each value commented out."""
    shipped = resources.files("seeds").joinpath("conditions.toml").read_text("utf-8")
    lines = catalogue.text("template.conditions_head", lang).splitlines()
    for name, entries in tomllib.loads(shipped).items():
        lines += ["", f"# [{name}]"]
        for key, entry in entries.items():
            value = entry
            if isinstance(entry, dict):
                note = entry.get(f"note_{lang}") or entry.get("note", "")
                lines += ["", f"#   {entry.get('unit', '')}: {note}"]
                value = entry["value"]
            lines.append(f"# {key} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """Return a value as TOML; JSON writes all but tables alike."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(k, ensure_ascii=False)} = {_toml(v)}" for k, v in value.items())
        return f"{{ {', '.join(pairs)} }}"
    return json.dumps(value, ensure_ascii=False)


def example_region(lang: str) -> Region:
    """Return the made-up region of the template: two islands, one row or two in each layer."""
    made = _Example(lang)
    return from_tables({**made.land(), **made.places(), **made.links(), **made.plain()})


class _Example:
    """Builds the example's tables; a plain holder of the language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def say(self, key: str) -> str:
        return catalogue.text(f"template.{key}", self.lang)

    def names(self, key: str) -> dict[str, str]:
        return {f"name_{lang}": catalogue.text(f"template.{key}", lang) for lang in ("zh", "en")}

    def row(self, number: int, key: str, **values: Any) -> dict[str, Any]:
        """Return one row; its first value is the id, without the part that marks it as example."""
        ident, *rest = values.items()
        marked = {ident[0]: f"{EXAMPLE}-{ident[1]}{number}"}
        note = {"note": self.say("example_note")}
        return {**marked, **self.names(key), **dict(rest), **note}

    def land(self) -> dict[str, pd.DataFrame]:
        big, small = (
            shapely.box(121.0, 27.5, 121.06, 27.56),
            shapely.box(121.1, 27.5, 121.12, 27.52),
        )
        town = shapely.box(121.02, 27.5, 121.06, 27.53)
        islands = [
            self.row(1, "example_big", island_id="I", inhabited="yes", population=3000),
            self.row(2, "example_small", island_id="I", inhabited="yes", population=500),
        ]
        zones = [
            {"zone": "main_urban", **self.names("zone_main_urban")},
            {"zone": "rural", **self.names("zone_rural")},
        ]
        rural = shapely.union_all([big, small]).difference(town)
        return {
            "islands": _placed(islands, [big, small]),
            "zones": _placed(zones, [town, rural]),
        }

    def places(self) -> dict[str, pd.DataFrame]:
        county = {"county_zh": self.say("example_county")}
        sure = {"position_accuracy_m": 50, "source_ids": f"{EXAMPLE}-S1"}
        big, small = {"island_id": f"{EXAMPLE}-I1"}, {"island_id": f"{EXAMPLE}-I2"}
        town, village = (121.03, 27.51), (121.11, 27.51)
        quay, far_quay = (121.06, 27.51), (121.1, 27.51)
        crew = {
            "evidence": "confirmed",
            "vehicle_count": 1,
            "hours": "24h",
            **big,
            **county,
            **sure,
        }
        demand = [
            self.row(1, "example_town", demand_id="D", **big, zone="main_urban", population=3000),
            self.row(2, "example_village", demand_id="D", **small, zone="rural", population=500),
        ]
        posts = [
            self.row(
                1, "example_station", post_id="P", kind="ambulance_station", vehicles="ambulance"
            ),
            self.row(2, "example_boat", post_id="P", kind="boat_base", vehicles="boat"),
        ]
        settlements = [self.row(1, "example_town", settlement_id="T", **big, population=3000)]
        hospital = self.row(1, "example_hospital", hospital_id="H", status="existing", beds=100)
        hospital |= {"capabilities": "chest_pain;stroke;trauma"}
        helipad = self.row(1, "example_helipad", helipad_id="L", status="existing", **small)
        ports = [
            self.row(1, "example_port", port_id="Q", **big, car_ferry=True, evidence="confirmed"),
            self.row(2, "example_port", port_id="Q", **small, car_ferry=True, evidence="confirmed"),
        ]
        return {
            "demand": _placed([d | county | sure for d in demand], _points(town, village)),
            "settlements": _placed([s | sure for s in settlements], _points(town)),
            "posts": _placed([p | crew for p in posts], _points(town, quay)),
            "hospitals": _placed([hospital | big | sure], _points(town)),
            "helipads": _placed([helipad | sure], _points(village)),
            "ports": _placed([p | sure for p in ports], _points(quay, far_quay)),
        }

    def links(self) -> dict[str, pd.DataFrame]:
        kind = {"road_class": "secondary", "structure": "none", "oneway": False, "status": "open"}
        road = kind | {"speed_kmh": 40, "length_kind": "given", "position_accuracy_m": 50}
        ends = [
            {
                "from_node": "town",
                "to_node": "quay",
                "length_km": 3.2,
                "island_id": f"{EXAMPLE}-I1",
            },
            {"from_node": "far_quay", "to_node": "village", "length_km": 1.1},
        ]
        ends[1]["island_id"] = f"{EXAMPLE}-I2"
        roads = [
            self.row(i + 1, "example_road", link_id="R") | road | e for i, e in enumerate(ends)
        ]
        ferry = self.row(1, "example_ferry", link_id="F", kind="car_ferry", duration_min=15)
        ferry |= {"from_port_id": f"{EXAMPLE}-Q1", "to_port_id": f"{EXAMPLE}-Q2", "length_km": 4.0}
        ferry |= {"departures_per_day": 12, "first_departure": "06:30", "last_departure": "17:30"}
        lines = [
            shapely.LineString([(121.03, 27.51), (121.045, 27.512), (121.06, 27.51)]),
            shapely.LineString([(121.1, 27.51), (121.11, 27.51)]),
        ]
        passage = shapely.LineString([(121.06, 27.51), (121.1, 27.51)])
        return {
            "roads": _placed(roads, lines),
            "ferries": _placed([ferry | {"status": "in_service"}], [passage]),
        }

    def plain(self) -> dict[str, pd.DataFrame]:
        meta = {
            **self.names("example_region"),
            "metric_crs": "EPSG:32651",
            "network": "schematic",
            "timezone": "Asia/Shanghai",
            "built_from": self.say("example_built"),
            "coordinates": "wgs84",
        }
        county = {"county_zh": self.say("example_county"), "population": 3500}
        lost = self.row(1, "example_unlocated", place_id="U", kind="clinic")
        source = self.row(1, "example_source", source_id="S", date="2024")
        source["title"] = self.say("example_source")
        columns = {c.name for c in schemas.layer("sources").columns}
        return {
            "meta": pd.DataFrame({"key": list(meta), "value": list(meta.values())}),
            "counties": pd.DataFrame([county]),
            "unlocated": pd.DataFrame([lost]),
            "sources": pd.DataFrame([{k: v for k, v in source.items() if k in columns}]),
        }


def _placed(rows: list[dict[str, Any]], shapes: list[Any]) -> pd.DataFrame:
    table: pd.DataFrame = gpd.GeoDataFrame(rows, geometry=shapes, crs=WGS84)
    return table


def _points(*pairs: tuple[float, float]) -> list[Any]:
    return [shapely.Point(pair) for pair in pairs]
