"""A made-up archipelago of a dozen small islands and about 200 cells, and its result.

The islands are wobbly discs near 30 N 122 E; the largest carries the main urban zone. Minutes grow
with the distance from the post on that island; the two outermost islands are reached by boat and
by nobody. All values are invented and fixed by a seed.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from maps.tables import CoverageTables

METRIC = "EPSG:32651"
HOSTILE = (
    "</script><img src=x onerror=window.pwned=1>",
    '"><svg onload=window.pwned=1>',
    "' onmouseover='window.pwned=1",
    "<!--<script>window.pwned=1//",
    "{{ 7*7 }}{% raw %}{% endraw %}{{ 6*7 }}@slot:body@",
    "line one\nline two\u2028three\u2029four\r\x00\x1b[31m",
    "javascript:window.pwned=1",
    '=HYPERLINK("x")',
    "$\\frac{broken",
    "&lt;b&gt; & 'quotes' \"double\" `back` \\u003c",
    "\ud800 lone surrogate \U0001f691",
)
NAMES = (
    ("松屿岛", "Songyu Island"), ("竹岙岛", ""), ("东白岛", "Dongbai Island"), ("石门岛", None),
    ("望海岛", "Wanghai Island"), ("青螺岛", "Qingluo Island"), ("小月山", ""), ("鹭洲", "Luzhou"),
    ("沙头岛", "Shatou Island"), ("远灯岛", "Yuandeng Island"), ("孤礁", "Gujiao"), (None, None),
)  # fmt: skip


def disc(x: float, y: float, radius_m: float, rng: np.random.Generator) -> shapely.Polygon:
    """Return an island: a disc whose radius wobbles by a fifth."""
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    wobble = 1 + 0.2 * np.sin(3 * angles + rng.uniform(0, 6)) * rng.uniform(0.4, 1)
    return shapely.Polygon(
        np.column_stack(
            [x + radius_m * wobble * np.cos(angles), y + radius_m * wobble * np.sin(angles)]
        )
    )


def lattice(island: shapely.Polygon, step_m: float) -> list[shapely.Geometry]:
    """Return the island cut along a square lattice."""
    west, south, east, north = island.bounds
    squares = [
        shapely.box(x, y, x + step_m, y + step_m)
        for x in np.arange(west, east, step_m)
        for y in np.arange(south, north, step_m)
    ]
    pieces = [square.intersection(island) for square in squares]
    return [piece for piece in pieces if piece.area > 0.02 * step_m**2]


def make_tables(*, step_m: float = 520.0, after: bool = True) -> CoverageTables:
    """Return the tables of the archipelago; a smaller `step_m` gives more cells."""
    rng = np.random.default_rng(7)
    centres = [(400_000.0, 3_320_000.0, 2600.0)]
    for number in range(1, len(NAMES)):
        angle = 2.4 * number
        away = 5200.0 + 1900.0 * number
        centres.append(
            (
                400_000 + away * np.cos(angle),
                3_320_000 + away * np.sin(angle),
                350.0 + 130 * (number % 5),
            )
        )
    shapes = [disc(*centre, rng) for centre in centres]
    cells = _cells(shapes, step_m)
    if after:
        cells["after_min"] = cells["response_min"] * np.where(cells["response_min"] > 20, 0.6, 1.0)
    urban = gpd.GeoDataFrame(
        {
            "zone": ["main_urban"],
            "name_zh": ["主城区"],
            "name_en": ["Main urban area"],
            "target_min": [11.0],
        },
        geometry=[shapely.Point(400_000, 3_320_000).buffer(1700)],
        crs=METRIC,
    )
    sites = [0, 1, 4, 8] if after else []
    return CoverageTables(
        cells=cells.to_crs(4326),
        islands=_islands(shapes, cells).to_crs(4326),
        posts=_posts(shapes).to_crs(4326),
        helipads=_points(shapes, [0, 4], "helipad_id").to_crs(4326),
        hospitals=_points(shapes, [0], "hospital_id").to_crs(4326),
        ports=_points(shapes, [0, 2, 9], "port_id").to_crs(4326),
        roads=_roads(shapes).to_crs(4326),
        ferries=_ferries(shapes).to_crs(4326),
        zones=urban.to_crs(4326),
        proposal_sites=_sites(shapes, sites).to_crs(4326),
    )


def _cells(shapes: list[shapely.Polygon], step_m: float) -> gpd.GeoDataFrame:
    rows = []
    for number, island in enumerate(shapes[:-1]):  # the unnamed rock has nobody
        name_zh, name_en = NAMES[number]
        for piece in lattice(island, step_m):
            away_km = piece.centroid.distance(shapely.Point(400_000, 3_320_000)) / 1000
            vehicle = "ambulance" if number < 6 else "boat"
            minutes = 5.2 + 2.6 * away_km + (0 if number == 0 else 14)
            if number == 10:
                minutes, vehicle = np.nan, None
            rows.append(
                {
                    "demand_id": f"d{len(rows)}", "island_id": f"i{number}",
                    "place_zh": f"{name_zh}村", "place_en": "", "island_zh": name_zh,
                    "island_en": name_en, "county_zh": "海东县", "township_zh": "松屿镇",
                    "zone": "main_urban" if number == 0 and away_km < 1.7 else "rural",
                    "population": int(40 + 900 * np.exp(-away_km)), "response_min": minutes,
                    "target_min": 11.0 if number == 0 and away_km < 1.7 else 14.0,
                    "best_vehicle": vehicle, "post_zh": "松屿急救站" if vehicle else None,
                    "post_en": "Songyu station" if vehicle else None,
                    "second_min": minutes + 6.5,
                    "second_vehicle": "helicopter" if vehicle else None,
                    "second_post_zh": "望海直升机基地", "second_post_en": "Wanghai air base",
                    "legs": _legs(minutes, vehicle), "geometry": piece,
                }
            )  # fmt: skip
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=METRIC)


def _legs(minutes: float, vehicle: str | None) -> str:
    if vehicle is None:
        return "[]"
    station = {"from_zh": "松屿急救站", "from_en": "Songyu station"}
    way = "road" if vehicle == "ambulance" else "boat"
    return json.dumps(
        [
            {"kind": "call_handling", "minutes": 2.2, "schematic": False},
            {"kind": "turnout", **station, "minutes": 2.0, "schematic": False},
            {"kind": way, **station, "to_zh": "需求点", "to_en": "demand point",
             "minutes": minutes - 4.2, "schematic": True},
        ],
        ensure_ascii=False,
    )  # fmt: skip


def _islands(shapes: list[shapely.Polygon], cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    means = cells.groupby("island_id")["response_min"].mean()
    rows = []
    for number, island in enumerate(shapes):
        served = number < len(shapes) - 1
        rows.append(
            {
                "island_id": f"i{number}", "name_zh": NAMES[number][0], "name_en": NAMES[number][1],
                "county_zh": "海东县",
                "population": 900.0 * (12 - number) if number % 4 else np.nan,
                "inhabited": "yes" if served else "no", "landmass_id": f"l{number}",
                "mean_min": means.get(f"i{number}", np.nan),
                "best_vehicle": ("ambulance" if number < 6 else "boat") if served else None,
                "post_zh": "松屿急救站" if served else None,
                "post_en": "Songyu station" if served else None,
                "named": NAMES[number][0] is not None,
                "geometry": shapely.MultiPolygon([island]),
            }
        )  # fmt: skip
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=METRIC)


def _posts(shapes: list[shapely.Polygon]) -> gpd.GeoDataFrame:
    kinds = (
        ("ambulance_station", "confirmed"), ("hospital", "confirmed"), ("health_centre", "assumed"),
        ("health_centre", "clinic"), ("boat_base", "assumed"), ("air_base", "confirmed"),
    )  # fmt: skip
    rows = [
        {
            "post_id": f"p{number}", "name_zh": f"{NAMES[number][0]}点", "name_en": "",
            "kind": kind, "evidence": evidence, "tier": None, "vehicles": "ambulance;boat",
            "position_accuracy_m": 500.0 if number else np.nan, "island_id": f"i{number}",
            "geometry": shapes[number].representative_point(),
        }
        for number, (kind, evidence) in enumerate(kinds)
    ]  # fmt: skip
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=METRIC)


def _points(shapes: list[shapely.Polygon], numbers: list[int], key: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            key: [f"x{n}" for n in numbers],
            "name_zh": [f"{NAMES[n][0]}设施" for n in numbers],
            "name_en": ["" for _ in numbers],
            "status": ["listed" for _ in numbers],
            "position_accuracy_m": [800.0 for _ in numbers],
        },
        geometry=[shapely.Point(shapes[n].exterior.coords[0]) for n in numbers],
        crs=METRIC,
    )


def _roads(shapes: list[shapely.Polygon]) -> gpd.GeoDataFrame:
    ends = [(0, 1), (0, 2)]
    return gpd.GeoDataFrame(
        {
            "name_zh": ["跨海大桥", "规划二桥"],
            "road_class": ["bridge", "bridge"],
            "structure": ["bridge", "bridge"],
            "status": ["open", "planned_2028"],
            "network": ["schematic", "schematic"],
        },
        geometry=[shapely.LineString([shapes[a].centroid, shapes[b].centroid]) for a, b in ends],
        crs=METRIC,
    )


def _ferries(shapes: list[shapely.Polygon]) -> gpd.GeoDataFrame:
    ends = [(0, 3), (0, 8)]
    return gpd.GeoDataFrame(
        {
            "name_zh": ["松屿—石门", "松屿—沙头"],
            "name_en": ["", ""],
            "kind": ["car_ferry", "fast_passenger"],
            "status": ["in_service_notice_2021", "memory"],
            "duration_min": [25.0, np.nan],
            "departures_per_day": [12.0, np.nan],
        },
        geometry=[shapely.LineString([shapes[a].centroid, shapes[b].centroid]) for a, b in ends],
        crs=METRIC,
    )


def _sites(shapes: list[shapely.Polygon], numbers: list[int]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "id": [f"s{n}" for n in numbers],
            "name_zh": [f"{NAMES[n][0]}新点" for n in numbers],
            "name_en": ["" for _ in numbers],
            "kind": ["ambulance_station" for _ in numbers],
            "serves_population": [1200 + n for n in numbers],
            "gain_min": [4.5 for _ in numbers],
        },
        geometry=[shapes[n].centroid for n in numbers],
        crs=METRIC,
    )


def zone(mean: float, target: float, **more: Any) -> dict[str, Any]:
    """Return the statistics of one zone."""
    return {
        "population": 12_345, "calls_per_year": 185.2, "mean_min": mean, "median_min": mean - 1,
        "p90_min": mean + 9, "share_within_target": 0.61, "target_min": target,
        "target_met": mean <= target, "unreachable_population": 0,
    } | more  # fmt: skip


def zones(urban: float, rural: float) -> dict[str, Any]:
    """Return the statistics of both zones."""
    return {
        "main_urban": zone(urban, 11.0),
        "rural": zone(rural, 14.0, unreachable_population=57),
    }


def make_result(tables: CoverageTables) -> dict[str, Any]:
    """Return a result as the command line hands it over, islands worst first."""
    islands = [
        {
            "island_id": row.island_id, "name_zh": row.name_zh, "name_en": row.name_en or "",
            "county": "海东县",
            "population": None if np.isnan(row.population) else int(row.population),
            "mean_min": None if np.isnan(row.mean_min) else float(row.mean_min),
            "worst_min": None if np.isnan(row.mean_min) else float(row.mean_min) + 2,
            "best_vehicle": row.best_vehicle, "post": row.post_zh, "post_en": row.post_en,
            "zone": "rural", "calls_per_year": 12.0, "notice": ["schematic_network"],
        }
        for row in tables.islands.itertuples()
        if row.inhabited == "yes"
    ]  # fmt: skip
    islands.sort(key=lambda i: -(i["mean_min"] or 1e9))
    return {
        "schema": "island-response/brief/1",
        "region": {"name_zh": "松屿群岛", "name_en": "Songyu Islands"},
        "condition": "calm", "daylight": "day", "start_stamp": "answer", "network": "schematic",
        "zones": zones(10.4, 18.2),
        "variants": {
            "confirmed": zones(12.9, 24.0),
            "confirmed_assumed": zones(10.4, 18.2),
            "with_clinics": zones(7.7, 13.1),
            "without_helicopter": zones(10.4, 21.6),
        },
        "posts_by_evidence": {"confirmed": 3, "assumed": 2, "clinic": 1},
        "posts": 5,
        "parts": {
            z: {"call_handling_min": 2.2, "turnout_min": 2.0, "travel_min": t, "transfer_min": 0.4}
            for z, t in (("main_urban", 5.8), ("rural", 13.6))
        },
        "vehicles": {
            "ambulance": {"population": 20_000}, "boat": {"population": 3_100},
            "helicopter": {"population": 900}, "none": {"population": 57},
        },
        "islands": islands,
        "townships": [
            {"name_zh": "松屿镇", "county": "海东县", "population": 9000, "mean_min": 10.2,
             "median_min": 9.8, "p90_min": 15.0},
            {"name_zh": "孤礁乡", "county": "海东县", "population": 57, "mean_min": None,
             "median_min": None, "p90_min": None},
        ],
        "unlocated": [
            {"name_zh": "新增急救点", "name_en": "New points", "note": "no published names"},
        ],
        "proposal": {
            "objective": "min-sites", "status": "optimal", "objective_value": 4, "bound": 4.0,
            "gap": 0.0, "runtime_s": 1.25, "solver": "CP-SAT", "statement_key": "reached",
            "new_posts": 4,
            "sites": [
                {"id": "s0", "name_zh": "松屿岛新点", "name_en": "", "lon": 122.0, "lat": 30.0,
                 "kind": "ambulance_station", "island": "松屿岛", "new": True,
                 "serves_population": 1200, "gain_min": 4.5},
            ],
            "before": zones(10.4, 18.2), "after": zones(9.9, 13.2),
        },
        "assumptions": [
            {"name": "ambulance.turnout_min", "value": 2.0, "unit": "min", "source": "assumed",
             "note": "crew on standby", "status": "assumed"},
            {"name": "target.rural_min", "value": 14.0, "unit": "min", "source": "src-a;src-b",
             "note": "", "status": "sourced"},
            {"name": "helicopter.night_allowed", "value": False, "unit": "yes/no",
             "source": "assumed", "note": "", "status": "assumed"},
        ],
        "checks": [
            {"name_zh": "松屿—竹岙", "name_en": "Songyu–Zhuao", "modelled_min": 12.4,
             "known_min": 12, "source": "src-a", "note": ""},
            {"name_zh": "松屿—望海", "name_en": "Songyu–Wanghai", "modelled_km": 9.1,
             "known_km": 10, "source": "src-b", "note": "by road"},
        ],
        "sources": [
            {"source_id": "src-a", "title": "Year book", "publisher": "Statistics office",
             "date": "2024", "url": "https://example.org/a?b=1&c=2", "licence": ""},
            {"source_id": "src-b", "title": "Road data", "publisher": "Map makers", "date": "2023",
             "url": "javascript:alert(1)", "licence": "ODbL"},
        ],
        "notices": [
            {"key": "roads", "text_zh": "道路为示意网。", "text_en": "Roads are schematic."},
        ],
    }  # fmt: skip


def poison(value: Any, words: list[str]) -> Any:
    """Return `value` with every text in it replaced by a hostile one, codes excepted."""
    codes = {"zone", "kind", "evidence", "best_vehicle", "second_vehicle", "structure", "status",
             "island_id", "condition", "daylight", "start_stamp", "network", "schema",
             "statement_key", "objective", "source_id"}  # fmt: skip
    if isinstance(value, dict):
        return {k: v if k in codes else poison(v, words) for k, v in value.items()}
    if isinstance(value, list):
        return [poison(item, words) for item in value]
    if isinstance(value, str):
        words.append(words.pop(0))
        return words[-1]
    return value


def hostile_tables(tables: CoverageTables) -> CoverageTables:
    """Return the tables with hostile text in every text column that is no code."""
    words = list(HOSTILE)
    codes = {"zone", "kind", "evidence", "best_vehicle", "second_vehicle", "structure", "status",
             "island_id", "inhabited", "legs"}  # fmt: skip
    changed = {}
    for name in CoverageTables.__dataclass_fields__:
        table = getattr(tables, name).copy()
        for column in table.columns.difference(["geometry", *codes]):
            if not pd.api.types.is_numeric_dtype(table[column]):
                values = [poison("x", words) for _ in range(len(table))]
                table[column] = pd.Series(values, index=table.index, dtype=object)
        changed[name] = table
    cells = changed["cells"]
    leg = {"kind": HOSTILE[0], "from_zh": HOSTILE[1], "to_zh": HOSTILE[3], "to_en": HOSTILE[3],
           "minutes": 3.0, "schematic": True}  # fmt: skip
    cells["legs"] = json.dumps([leg])
    return CoverageTables(**changed)


@pytest.fixture(scope="session")
def tables() -> CoverageTables:
    return make_tables()


@pytest.fixture
def result(tables: CoverageTables) -> dict[str, Any]:
    return make_result(tables)


@pytest.fixture(scope="session")
def hostile(tables: CoverageTables) -> tuple[CoverageTables, dict[str, Any]]:
    """The archipelago with hostile text wherever a file could put it."""
    return hostile_tables(tables), poison(copy.deepcopy(make_result(tables)), list(HOSTILE))


@pytest.fixture
def many_cells() -> Callable[[], CoverageTables]:
    return lambda: make_tables(step_m=95.0)
