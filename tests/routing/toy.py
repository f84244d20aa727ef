"""A toy archipelago whose minutes can be worked out by hand.

Plane coordinates in kilometres east and north of one corner (EPSG:32651, x = 400 km, y = 3300 km)::

    island A  20 x 10 at (0, 0)    road a0 (1, 5) -- a1 (19, 5), 18 km at 60 km/h
              post P1 at a0, port PA and boat base BB at a1, air base H at (5, 5)
              D1 at (10, 5) on the road, D2 at (10, 8) three kilometres off it
    island B  4 x 4 at (30, 0)     port PB and D3, both at (30.5, 2)
    island C  2 x 2 at (50, 0)     D4 at (51, 1), no port

With `parameters()` (call handling 2 min, turnout 2 min, boat 1 and helicopter 4 km a minute):

* D1 by ambulance: 2 + 2 + 9 km at 60 km/h = **13**
* D2 by ambulance: 13 + 3 km x 1.3 at 30 km/h = 13 + 7.8 = **20.8**
* D3 by boat: the crew needs 2 + 18 = 20 min to the boat, which is ready after 15: 20;
  2 + 20 + 12 km (12 min) + 3 berthing + 5 transfer = **42**
* D3 by ambulance on the ferry: 2 + 2 + 18 + (wait 30 + boarding 5 + crossing 20) = **77**
* D4 by helicopter: 2 + 25 + 46.174 km (11.5434 min) + 6 landing + 5 unprepared site + 3 transfer
  = **52.5434**; by boat or ambulance it cannot be reached
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from geodata import region
from geodata.region import Region
from routing import config
from routing.config import Parameters

ORIGIN = (400_000.0, 3_300_000.0)
CRS = "EPSG:32651"


def parameters() -> Parameters:
    """Return round parameters; see the module's docstring."""
    base = config.load()
    return replace(
        base,
        clock=replace(base.clock, call_handling_min=2.0),
        ambulance=replace(base.ambulance, access_detour=1.3, access_speed_kmh=30.0),
        boat=replace(base.boat, speed_kn=60.0 / 1.852, mobilisation_min=15.0),
        helicopter=replace(base.helicopter, cruise_kmh=240.0, mobilisation_min=25.0),
    )


def archipelago(**changes: pd.DataFrame) -> Region:
    """Return the toy region, with the given layers replaced."""
    layers: dict[str, pd.DataFrame] = {
        "meta": pd.DataFrame(
            {"key": ["name_zh", "name_en", "metric_crs", "network"],
             "value": ["玩具群岛", "Toy Isles", CRS, "schematic"]}
        ),
        "islands": polygons(
            [
                {"island_id": "a", "name_zh": "甲岛", "name_en": "A", "box": (0, 0, 20, 10)},
                {"island_id": "b", "name_zh": "乙岛", "name_en": "B", "box": (30, 0, 34, 4)},
                {"island_id": "c", "name_zh": "丙岛", "name_en": "C", "box": (50, 0, 52, 2)},
            ],
            inhabited="yes",
            area_km2=1.0,
        ),
        "zones": polygons(
            [
                {"zone": "main_urban", "name_zh": "城区", "name_en": "Town", "box": (9, 4, 11, 6)},
                {"zone": "rural", "name_zh": "乡村", "name_en": "Country", "box": (29, 0, 53, 4)},
            ]
        ),
        "demand": points(
            [
                {"demand_id": "D1", "island_id": "a", "zone": "main_urban", "at": (10, 5)},
                {"demand_id": "D2", "island_id": "a", "zone": "rural", "at": (10, 8)},
                {"demand_id": "D3", "island_id": "b", "zone": "rural", "at": (30.5, 2)},
                {"demand_id": "D4", "island_id": "c", "zone": "rural", "at": (51, 1)},
            ],
            name_zh="村",
            population=1000.0,
        ),
        "posts": points(
            [
                {"post_id": "P1", "kind": "hospital", "vehicles": "ambulance", "at": (1, 5)},
                {"post_id": "BB", "kind": "boat_base", "vehicles": "boat", "at": (19, 5)},
                {"post_id": "H", "kind": "air_base", "vehicles": "helicopter", "at": (5, 5)},
            ],
            name_zh="急救点",
            evidence="confirmed",
            island_id="a",
        ),
        "ports": points(
            [
                {"port_id": "PA", "island_id": "a", "at": (19, 5)},
                {"port_id": "PB", "island_id": "b", "at": (30.5, 2)},
            ],
            name_zh="码头",
            car_ferry=True,
            evidence="confirmed",
        ),
        "roads": roads([{"link_id": "R1", "ends": ((1, 5), (19, 5)), "nodes": ("a0", "a1")}]),
        "ferries": ferries(),
        "sea_links": lines(
            [{"link_id": "S1", "from_post_id": "BB", "to_port_id": "PB", "length_km": 12.0,
              "ends": ((19, 5), (30.5, 2))}]
        ),
    }  # fmt: skip
    return region.from_tables({**layers, **changes})


def roads(rows: list[dict[str, Any]], **common: object) -> gpd.GeoDataFrame:
    """Return two-way roads of island A at 60 km/h from ends in kilometres; lengths are straight."""
    table = lines(rows)
    table["from_node"], table["to_node"] = zip(*(row["nodes"] for row in rows), strict=True)
    table["length_km"] = [shapely.LineString(row["ends"]).length for row in rows]
    defaults = {"name_zh": "路", "road_class": "primary", "structure": "none", "speed_kmh": 60.0,
                "oneway": False, "status": "open", "island_id": "a", "from_island_id": "a",
                "to_island_id": "a"}  # fmt: skip
    for name, value in {**defaults, **common}.items():
        if name not in table:
            table[name] = value
    return table.drop(columns="nodes")


def ferries(**common: object) -> gpd.GeoDataFrame:
    """Return the vehicle ferry PA to PB: 20 min, one an hour from 06:00 to 18:00."""
    row = {"link_id": "F1", "from_port_id": "PA", "to_port_id": "PB", "kind": "car_ferry",
           "duration_min": 20.0, "departures_per_day": 13.0, "first_departure": "06:00",
           "last_departure": "18:00", "status": "in_service", "name_zh": "轮渡",
           "length_km": 11.9, "ends": ((19, 5), (30.5, 2))}  # fmt: skip
    return lines([{**row, **common}])


def points(rows: list[dict[str, Any]], **common: object) -> gpd.GeoDataFrame:
    """Return points from ``at`` in kilometres."""
    return _table(rows, common, [shapely.Point(_metres(row["at"])) for row in rows], "at")


def lines(rows: list[dict[str, Any]], **common: object) -> gpd.GeoDataFrame:
    """Return lines from ``ends`` in kilometres."""
    shapes = [shapely.LineString([_metres(end) for end in row["ends"]]) for row in rows]
    return _table(rows, common, shapes, "ends")


def polygons(rows: list[dict[str, Any]], **common: object) -> gpd.GeoDataFrame:
    """Return rectangles from ``box`` (west, south, east, north) in kilometres."""
    boxes = [shapely.box(*_metres(row["box"][:2]), *_metres(row["box"][2:])) for row in rows]
    return _table(rows, common, [shapely.MultiPolygon([box]) for box in boxes], "box")


def _table(
    rows: list[dict[str, Any]], common: dict[str, object], shapes: list[Any], place: str
) -> gpd.GeoDataFrame:
    table = pd.DataFrame(rows).drop(columns=place)
    for name, value in common.items():
        table[name] = value
    return gpd.GeoDataFrame(table, geometry=shapes, crs=CRS).to_crs("EPSG:4326")


def _metres(at: tuple[float, float]) -> tuple[float, float]:
    return ORIGIN[0] + at[0] * 1000.0, ORIGIN[1] + at[1] * 1000.0
