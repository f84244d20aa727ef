"""What a simulated log is drawn from: demand, true travel and the fleet of a region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from geodata import schemas
from geodata.region import Region
from routing import response, travel_time
from routing.audit import calibration, class_times
from routing.audit.fastest import Fastest
from routing.audit.modelled import Modelled
from routing.audit.sample_parameters import SampleParameters
from routing.brief.state import expected_calls
from routing.conditions import Condition
from routing.config import Parameters
from routing.land_network import LandNetwork

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_DAY_S = 86_400


@dataclass(frozen=True)
class World:
    """What is drawn from.

    Attributes:
        region, parameters, given, modelled: what was asked.
        weight: expected calls a year of each demand point; 0 where nobody can come.
        lon_lat, jitter_m: its place (degrees) and how far calls spread around it.
        travel_s: true mean travel, seconds, -1 for no way, shape (24, crewed posts, points).
        order: posts by rising travel, shape (24, points, crewed posts).
        names: `post_id`, `name` and `vehicles` of all posts, those with ambulances first.
        hospital_min: drive from each point to a hospital.
        water_s, water_post: response and post of the fastest boat where that beats every
            ambulance, else -1, shape (points,).
        air_s, air_post: the same of the helicopter, by hour, shape (24, points).
    """

    region: Region
    parameters: Parameters
    given: SampleParameters
    modelled: Modelled
    weight: Floats
    lon_lat: Floats
    jitter_m: Floats
    travel_s: NDArray[np.int32]
    order: NDArray[np.int16]
    names: pl.DataFrame
    hospital_min: Floats
    water_s: Ints
    water_post: Ints
    air_s: Ints
    air_post: Ints

    @classmethod
    def of(
        cls, region: Region, land: LandNetwork, parameters: Parameters, given: SampleParameters
    ) -> World:
        """Return what logs of a region are drawn from."""
        modelled = Modelled.of(region, land, parameters)
        demand = land.node_of("demand", region.demand["demand_id"])
        counted = np.flatnonzero(modelled.counted)
        start = land.node_of("posts", [modelled.post_ids[k] for k in counted])
        travel = _true_travel(land, parameters, given, start, demand)
        last = np.where(travel < 0, np.iinfo(np.int32).max, travel)
        order = np.argsort(last, axis=1, kind="stable").transpose(0, 2, 1).astype(np.int16)
        hospitals = region.hospitals[region.hospitals["status"] == "existing"]
        goals = land.node_of("hospitals", hospitals["hospital_id"])
        to_hospital = np.full(len(demand), np.nan)
        if len(goals):
            found = travel_time.nearest(land.graph, goals, towards_sources=True)
            to_hospital = found.travel_min[demand]
        cell = region.demand["cell_size_m"].fillna(500.0).to_numpy(float)
        names = _post_names(region, counted, modelled)
        water = _boats(region, land, parameters, names)
        air = _flights(Fastest.of(region, land, parameters), names)
        anybody = (travel[12] >= 0).any(axis=0) | (water[0] >= 0)
        calls = expected_calls(region, parameters).to_numpy(float)
        return cls(
            region, parameters, given, modelled, np.where(anybody, calls, 0.0),
            shapely.get_coordinates(region.demand.geometry), cell / 2.0, travel,
            np.ascontiguousarray(order), names,
            np.where(np.isnan(to_hospital), 40.0, to_hospital), *water, *air,
        )  # fmt: skip


def _true_travel(
    land: LandNetwork, parameters: Parameters, given: SampleParameters, start: Ints, demand: Ints
) -> NDArray[np.int32]:
    """Return true mean travel by hour, post and demand point, seconds, -1 for no way."""
    pairs = (np.repeat(start, len(demand)), np.tile(demand, len(start)))
    minutes = class_times.split(land, *pairs).astype(float)
    pace = np.array([given.pace.get(c, 1.0) for c in class_times.CLASSES])
    names = (*schemas.ROAD_CLASSES, "residential")
    travel = np.empty((24, len(start), len(demand)), np.int32)
    for hour in range(24):
        factor = np.array([parameters.traffic.factor(c, hour) for c in names] + [1.0])
        peak = given.peak_pace if calibration.is_peak(hour) else 1.0
        slower = pace / factor * np.append(np.full(len(names), peak), 1.0)
        seconds = np.rint((minutes @ slower) * 60.0)
        seconds = np.where(np.isnan(seconds), -1, seconds)
        travel[hour] = seconds.reshape(len(start), len(demand))
    return travel


def _post_names(region: Region, counted: Ints, modelled: Modelled) -> pl.DataFrame:
    posts = region.posts.set_index("post_id")
    crewed = [modelled.post_ids[k] for k in counted]
    ids = [*crewed, *(p for p in posts.index if p not in set(crewed))]
    counts = posts["vehicle_count"].reindex(ids).to_numpy(float)
    return pl.DataFrame(
        {"post_id": ids, "name": [str(posts["name_zh"][p]) for p in ids], "vehicles": counts},
        schema={"post_id": pl.String, "name": pl.String, "vehicles": pl.Float64},
    )


def _boats(
    region: Region, land: LandNetwork, parameters: Parameters, names: pl.DataFrame
) -> tuple[Ints, Ints]:
    """Return response (seconds) and post of the boat where it beats every ambulance, else -1."""
    afloat = Condition(vehicles=("ambulance", "boat"))
    found = response.options(region, land, parameters, condition=afloat)
    best = response.best(found)
    boat = (found.table["vehicle"] == "boat").to_numpy()
    chosen = (best.option >= 0) & np.append(boat, False)[best.option]
    place = {post: k for k, post in enumerate(names["post_id"])}
    code = np.array([*(place[p] for p in found.table["post_id"]), -1], np.int64)
    seconds = np.where(chosen, np.rint(np.nan_to_num(best.response_min) * 60.0), -1)
    return seconds.astype(np.int64), np.where(chosen, code[best.option], -1)


def _flights(fastest: Fastest, names: pl.DataFrame) -> tuple[Ints, Ints]:
    """Return response and base of the helicopter where it is the fastest, by hour, else -1."""
    place = {post: k for k, post in enumerate(names["post_id"])}
    code = np.array([*(place[p] for p, _ in fastest.options), -1], np.int64)
    flies = np.array([*(v == "helicopter" for _, v in fastest.options), False])
    chosen = flies[fastest.option]
    seconds = np.where(chosen, fastest.response_s, -1).astype(np.int64)
    return seconds, np.where(chosen, code[fastest.option], -1)


def fleet(
    world: World, ready: Ints, hour: Ints, place: Ints, busy: Ints, given: SampleParameters
) -> tuple[Ints, Ints]:
    """Return when each vehicle is free (at once), and where those of each post begin."""
    posts = world.travel_s.shape[1]
    near = world.order[hour, place, 0]
    seconds = world.travel_s[hour, near, place]
    work = np.bincount(
        near, weights=(busy + np.maximum(seconds, 0) + 120).astype(float), minlength=posts
    )
    span = float(ready[-1] - ready[0] + _DAY_S) if len(ready) else 1.0
    stated = world.names["vehicles"].to_numpy()[:posts]
    least = np.where(np.isnan(stated), given.least_vehicles, np.maximum(stated, 1))
    number = np.maximum(np.ceil(work[:posts] / span / given.load), least).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(number)]).astype(np.int64)
    return np.full(int(first[-1]), np.iinfo(np.int64).min // 2, np.int64), first
