"""Regions for itineraries: the toy archipelago with hospitals, and small random archipelagos.

The toy (see `tests.routing.toy`) gets, in kilometres::

    HA general hospital of tier peak at a0 (1, 5), stroke; HB at D3 on island B (30.5, 2), tier node
    pad KA at HA, pad KC on island C at D4 (51, 1)

With scene time 12, by hand: D1 (10, 5), 13 min by ambulance, leaves at 25, 9 km back to HA: **34**.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from geodata import region
from geodata.region import Region
from routing.conditions import Condition
from routing.config import Parameters
from routing.itinerary.router import Router
from tests.routing import toy

ISLAND_KM = 6.0
GAP_KM = 4.0


def toy_with_hospitals(**changes: pd.DataFrame) -> Region:
    """Return the toy archipelago with two hospitals, two pads and a port on island C."""
    layers: dict[str, pd.DataFrame] = {
        "hospitals": toy.points(
            [
                {"hospital_id": "HA", "tier": "peak", "capabilities": "stroke", "island_id": "a",
                 "at": (1, 5)},
                {"hospital_id": "HB", "tier": "node", "capabilities": "trauma", "island_id": "b",
                 "at": (30.5, 2)},
            ],
            name_zh="医院",
            status="existing",
        ),
        "helipads": toy.points(
            [
                {"helipad_id": "KA", "island_id": "a", "at": (1, 5)},
                {"helipad_id": "KC", "island_id": "c", "at": (51, 1)},
            ],
            name_zh="起降点",
            status="existing",
        ),
    }  # fmt: skip
    return toy.archipelago(**{**layers, **changes})


def parameters() -> Parameters:
    """Return the toy's parameters with a scene time of 12 minutes."""
    base = toy.parameters()
    return replace(base, care=replace(base.care, scene_min=12.0))


@cache
def random_router(seed: int) -> Router:
    """Return a router of the random region of `seed`, made once."""
    return Router(random_region(seed), parameters())


def random_region(seed: int) -> Region:
    """Return a row of two to four islands with random posts, quays, ferries, hospitals and pads."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 5))
    names = [f"i{k}" for k in range(count)]
    west = {name: k * (ISLAND_KM + GAP_KM) for k, name in enumerate(names)}

    def spot(name: str) -> tuple[float, float]:
        x, y = rng.uniform(0.3, ISLAND_KM - 0.3, 2).round(2)
        return float(west[name] + x), float(y)

    def quay(name: str) -> tuple[float, float]:
        return float(west[name] + rng.uniform(0.5, ISLAND_KM - 0.5)), 0.05

    demand = [
        {"demand_id": f"{n}-d{k}", "island_id": n, "at": spot(n)} for n in names for k in range(3)
    ]
    posts = []
    for k in range(int(rng.integers(2, 6))):
        kind = ("ambulance", "boat", "helicopter")[int(rng.integers(3))] if k else "ambulance"
        island = str(rng.choice(names))
        home = {"ambulance": "hospital", "boat": "boat_base", "helicopter": "air_base"}[kind]
        hours = str(rng.choice(["24h", "06:00-20:00", "20:00-06:00"]))
        at = quay(island) if kind == "boat" else spot(island)
        posts.append({"post_id": f"P{k}", "kind": home, "vehicles": kind, "hours": hours,
                      "island_id": island, "at": at})  # fmt: skip
    ports = [{"port_id": f"Q-{n}", "island_id": n, "at": quay(n)} for n in names]
    hospitals = [
        {"hospital_id": f"H{k}", "tier": str(rng.choice(["peak", "sub_centre", "node"])),
         "capabilities": str(rng.choice(["stroke", "trauma", "stroke;trauma"])),
         "island_id": (n := str(rng.choice(names))), "at": spot(n)}
        for k in range(int(rng.integers(1, 4)))
    ]  # fmt: skip
    pads = [{"helipad_id": f"K-{n}", "island_id": n, "at": spot(n)} for n in names
            if rng.random() < 0.7]  # fmt: skip
    pads = pads or [{"helipad_id": "K", "island_id": names[0], "at": spot(names[0])}]
    return _assembled(rng, names, west, demand, posts, ports, hospitals, pads)


def _assembled(rng, names, west, demand, posts, ports, hospitals, pads) -> Region:  # type: ignore[no-untyped-def]
    at = {port["island_id"]: port["at"] for port in ports}
    ferries = []
    for a, b in itertools.pairwise(names):
        for line in range(int(rng.integers(0, 3))):
            minutes = np.sort(rng.integers(5 * 60, 22 * 60, int(rng.integers(1, 5))))
            clocks = [f"{m // 60:02d}:{m % 60:02d}" for m in minutes.tolist()]
            ferries.append(
                {"link_id": f"F-{a}-{b}-{line}", "from_port_id": f"Q-{a}", "to_port_id": f"Q-{b}",
                 "kind": "car_ferry", "duration_min": float(rng.integers(10, 60)),
                 "departures": ";".join(clocks), "departures_per_day": float(len(clocks)),
                 "status": "in_service", "name_zh": "轮渡", "length_km": 5.0,
                 "ends": (at[a], at[b])}
            )  # fmt: skip
    roads = [
        {"link_id": f"R-{n}-{k}", "ends": ends, "nodes": (f"{n}{k}", f"{n}{k + 1}"),
         "island_id": n, "from_island_id": n, "to_island_id": n,
         "structure": "none", "road_class": "primary"}
        for n in names
        for k, ends in enumerate(
            [((west[n] + 0.5, 3.0), (west[n] + 3.0, 3.0)),
             ((west[n] + 3.0, 3.0), (west[n] + 5.5, 3.0))]
        )
    ]  # fmt: skip
    for a, b in itertools.pairwise(names):
        if rng.random() < 0.4:
            ends = ((west[a] + 5.5, 3.0), (west[b] + 0.5, 3.0))
            roads.append({"link_id": f"B-{a}-{b}", "ends": ends, "nodes": (f"{a}2", f"{b}0"),
                          "island_id": None, "from_island_id": a, "to_island_id": b,
                          "structure": "bridge", "road_class": "primary"})  # fmt: skip
    links = [
        {"link_id": f"S-{p['post_id']}-{q['port_id']}", "from_post_id": p["post_id"],
         "to_port_id": q["port_id"], "length_km": 1.0 + float(np.hypot(*np.subtract(p["at"],
         q["at"]))), "ends": (p["at"], (q["at"][0], q["at"][1] - 0.01))}
        for p in posts if p["vehicles"] == "boat" for q in ports
    ]  # fmt: skip
    boxes = [{"island_id": n, "name_zh": f"{n}岛", "name_en": n,
              "box": (west[n], 0, west[n] + ISLAND_KM, ISLAND_KM)} for n in names]  # fmt: skip
    layers: dict[str, pd.DataFrame] = {
        "meta": pd.DataFrame({"key": ["name_zh", "name_en", "metric_crs", "network"],
                              "value": ["随机群岛", "Random Isles", toy.CRS, "schematic"]}),
        "islands": toy.polygons(boxes, inhabited="yes", area_km2=36.0),
        "zones": toy.polygons([{"zone": "main_urban", "name_zh": "城", "box": (0, 0, 1, 1)},
                               {"zone": "rural", "name_zh": "乡", "box": (1, 0, 40, 6)}]),
        "demand": toy.points(demand, name_zh="村", population=100.0, zone="rural"),
        "posts": toy.points(posts, name_zh="急救点", evidence="confirmed"),
        "ports": toy.points(ports, name_zh="码头", car_ferry=True, evidence="confirmed"),
        "hospitals": toy.points(hospitals, name_zh="医院", status="existing"),
        "helipads": toy.points(pads, name_zh="起降点", status="existing"),
        "roads": toy.roads(roads),
    }  # fmt: skip
    if ferries:
        layers["ferries"] = toy.lines(ferries)
    if links:
        layers["sea_links"] = toy.lines(links)
    return region.from_tables(layers)


def random_condition(seed: int, place: Region, *, when_min: float | None) -> Condition:
    """Return a random condition over a region."""
    rng = np.random.default_rng(seed)

    def some(values: list[str], share: float) -> tuple[str, ...]:
        return tuple(v for v in values if rng.random() < share)

    vehicles = some(["ambulance", "boat", "helicopter"], 0.8) or ("ambulance",)
    return Condition(
        name="wild",
        daylight=str(rng.choice(["day", "night"])),
        vehicles=vehicles,
        when_min=when_min,
        stopped_roads=some(["bridge"], 0.3),
        stopped_links=some(place.ferries["link_id"].tolist(), 0.3),
        stopped_posts=some(place.posts["post_id"].tolist(), 0.2),
        road_speed_factor=float(rng.uniform(0.5, 1.0)),
        boat_speed_factor=float(rng.uniform(0.4, 1.0)),
        helicopter_speed_factor=float(rng.uniform(0.5, 1.0)),
        ferry_speed_factor=float(rng.uniform(0.6, 1.0)),
    )


def milder(condition: Condition, seed: int) -> Condition:
    """Return a condition that stops and slows no more than `condition`."""
    rng = np.random.default_rng(seed)

    def fewer(values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(v for v in values if rng.random() < 0.5)

    def faster(factor: float) -> float:
        return float(factor + rng.uniform(0, 1) * (1 - factor))

    every = ("ambulance", "boat", "helicopter")
    return replace(
        condition,
        daylight=condition.daylight if rng.random() < 0.5 else "day",
        vehicles=tuple(v for v in every if v in condition.vehicles or rng.random() < 0.5),
        stopped_roads=fewer(condition.stopped_roads),
        stopped_links=fewer(condition.stopped_links),
        stopped_posts=fewer(condition.stopped_posts),
        road_speed_factor=faster(condition.road_speed_factor),
        boat_speed_factor=faster(condition.boat_speed_factor),
        helicopter_speed_factor=faster(condition.helicopter_speed_factor),
        ferry_speed_factor=faster(condition.ferry_speed_factor),
    )
