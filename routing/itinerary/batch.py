"""Many patients at once: those that share condition and hour are answered in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.names import english
from routing import statistics
from routing.conditions import Catalogue
from routing.itinerary import arrivals, ways
from routing.itinerary.receiving import ANY
from routing.itinerary.respond import Scenes
from routing.itinerary.router import Journeys, Router
from routing.response import Condition

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SCHEMA = "island-response/route-batch/1"
COLUMNS = (
    "status", "arrive_scene_min", "first_vehicle", "first_post_id", "first_post_zh",
    "leave_scene_min", "vehicle", "vehicle_post_id", "vehicle_post_zh", "hospital_id",
    "hospital_zh", "hospital_en", "hospital_by_assumption", "arrive_hospital_min",
)  # fmt: skip


class Answered(NamedTuple):
    """The answer for many patients.

    Attributes:
        patients: the rows asked, in their order, with `COLUMNS`; `status` is ``ok``, ``no_crew``
            (nobody can come) or ``no_hospital`` (none that receives the patient can be reached);
            minutes are NaN then.
        messages: the arrival message of each patient that is ``ok``, in the same order.
    """

    patients: gpd.GeoDataFrame
    messages: list[dict[str, Any]]


def answer(
    router: Router,
    patients: gpd.GeoDataFrame,
    catalogue: Catalogue,
    *,
    progress: Callable[[float], None] = lambda _: None,
) -> Answered:
    """Return the best itinerary of each of `patients` and what the hospitals are told.

    Args:
        router: the region.
        patients: rows as of `routing.itinerary.patients.Given.accepted`.
        catalogue: the conditions that they name.
        progress: called with the share done.
    """
    table = patients.reset_index(drop=True)
    scenes = router.scenes(table)
    groups = _groups(router, table, catalogue)
    found = pd.DataFrame(index=table.index, columns=list(COLUMNS), dtype=object)
    told: list[tuple[int, dict[str, Any]]] = []
    for done, (condition, rows) in enumerate(groups):
        minutes = table["when_min"].to_numpy(float)[rows]
        call = None if condition.when_min is None else minutes
        journeys = router.journeys(scenes.take(rows), condition, call_min=call)
        needs = table["need"].iloc[rows].tolist()
        way = fastest(router, journeys, needs)
        part = best(router, journeys, needs, way)
        found.iloc[rows] = part.to_numpy(object)
        asked = pd.concat([table.iloc[rows].reset_index(drop=True), part], axis=1)
        ok = rows[(part["status"] == "ok").to_numpy()].tolist()
        told += zip(ok, arrivals.messages(router, journeys, asked, way.vehicle, way.hospital),
                    strict=True)  # fmt: skip
        progress((done + 1) / len(groups))
    numbers = [name for name in COLUMNS if name.endswith("_min")]
    found = found.astype(dict.fromkeys(numbers, float))
    whole = pd.concat([table, found], axis=1)
    told.sort(key=lambda one: one[0])
    return Answered(
        gpd.GeoDataFrame(whole, geometry="geometry", crs=table.crs), [one for _, one in told]
    )


def _groups(
    router: Router, table: pd.DataFrame, catalogue: Catalogue
) -> list[tuple[Condition, Ints]]:
    """Return the rows that one computation answers, with the condition of the first of them."""
    groups: dict[object, tuple[Condition, list[int]]] = {}
    asked = zip(table["condition"], table["daylight"], table["when_min"], strict=True)
    conditions: dict[tuple[str, str, float | None], tuple[object, Condition]] = {}
    for row, (name, daylight, minute) in enumerate(asked):
        when = None if minute is None or minute != minute else float(minute)
        if (name, daylight, when) not in conditions:
            one = catalogue.get(name, daylight=daylight, when_min=when)
            conditions[name, daylight, when] = (router.state_key(one), one)
        key, one = conditions[name, daylight, when]
        groups.setdefault(key, (one, []))[1].append(row)
    return [(one, np.array(rows, dtype=np.int64)) for one, rows in groups.values()]


class Fastest(NamedTuple):
    """The best way of each scene: vehicle (of `ways.VEHICLES`), hospital, arrival (inf: none)."""

    vehicle: Ints
    hospital: Ints
    arrival_min: Floats


def best(router: Router, journeys: Journeys, needs: Sequence[object], way: Fastest) -> pd.DataFrame:
    """Return the best itinerary of each scene for its need, columns `COLUMNS`."""
    vehicle, hospital, arrival = way
    crews, posts = journeys.crews, router.counted
    first = crews.best.option
    reached, cared = first >= 0, np.isfinite(arrival)
    first_post = _lookup(router, crews.found.table["post_id"].tolist())
    post = _vehicle_post(journeys, vehicle, hospital, first_post)
    hospitals = router.region.hospitals
    english_names = [english(zh, en) for zh, en in
                     zip(hospitals["name_zh"], hospitals["name_en"], strict=True)]  # fmt: skip
    assumed = [
        bool(router.receiving.assumed[_level(need)][h]) if ok else None
        for need, h, ok in zip(needs, hospital, cared, strict=True)
    ]
    row = np.where(cared, hospital, -1)
    home = np.where(reached, np.append(first_post, -1)[first], -1)
    return pd.DataFrame(
        {
            "status": np.where(cared, "ok", np.where(reached, "no_hospital", "no_crew")),
            "arrive_scene_min": crews.best.response_min,
            "first_vehicle": _pick(crews.found.table["vehicle"], first),
            "first_post_id": _pick(posts["post_id"], home),
            "first_post_zh": _pick(posts["name_zh"], home),
            "leave_scene_min": _nan(journeys.patients.leave_min),
            "vehicle": _pick(pd.Series(ways.VEHICLES), np.where(cared, vehicle, -1)),
            "vehicle_post_id": _pick(posts["post_id"], np.where(cared, post, -1)),
            "vehicle_post_zh": _pick(posts["name_zh"], np.where(cared, post, -1)),
            "hospital_id": _pick(hospitals["hospital_id"], row),
            "hospital_zh": _pick(hospitals["name_zh"], row),
            "hospital_en": _pick(pd.Series(english_names, dtype=object), row),
            "hospital_by_assumption": assumed,
            "arrive_hospital_min": _nan(arrival),
        }
    )


def fastest(router: Router, journeys: Journeys, needs: Sequence[object]) -> Fastest:
    """Return the best way of each scene to a hospital that receives its patient."""
    scenes: Scenes = journeys.scenes
    n, hospitals = len(scenes), len(router.region.hospitals)
    islands = scenes.table["island_id"].tolist()
    allowed = np.zeros((n, hospitals), dtype=bool)
    levels = np.array([_level(need) for need in needs], dtype=object)
    for level in set(levels.tolist()):
        mine = np.flatnonzero(levels == level)
        allowed[mine] = router.receiving.allowed([islands[k] for k in mine], level)
    # Vehicle first: of equally fast ways the same is named as in the answer for one patient.
    arrival = np.stack([journeys.ways.arrival_min[v] for v in ways.VEHICLES], axis=1)
    arrival = np.where(allowed[:, None, :], arrival, np.inf).reshape(n, -1)
    if not arrival.shape[1]:
        return Fastest(np.zeros(n, np.int64), np.zeros(n, np.int64), np.full(n, np.inf))
    at = arrival.argmin(axis=1)
    return Fastest(at // hospitals, at % hospitals, arrival[np.arange(n), at])


def _vehicle_post(journeys: Journeys, vehicle: Ints, hospital: Ints, first_post: Ints) -> Ints:
    """Return the row of the post of the vehicle that brings each patient on, -1 for none."""
    n = len(vehicle)
    rows = np.arange(n)
    found, state = journeys.ways, journeys.state
    post = np.full(n, -1)
    own = np.where(journeys.patients.by_ambulance, journeys.crews.best.option,
                   journeys.crews.ambulance)  # fmt: skip
    post = np.where((vehicle == 0) & (own >= 0), np.append(first_post, -1)[own], post)
    if found.boat_from.shape[1]:
        landing = found.boat_to[rows, hospital]
        port = found.boat_from[rows, landing]
        post = np.where(vehicle == 1, state.boat_at_port[1][port], post)
    if found.flight_from.shape[1] and len(state.helicopters):
        origin = found.flight_from[rows, found.flight_to[rows, hospital]]
        from_pad = state.helicopter_at(state.xy[state.pad_node])[1][origin]
        from_scene = state.helicopter_at(journeys.patients.xy)[1]
        flown = np.where(origin == ways.AT_SCENE, from_scene, from_pad)
        post = np.where(vehicle == 2, flown, post)
    return np.asarray(post, dtype=np.int64)


def _lookup(router: Router, ids: list[str]) -> Ints:
    row = {post: k for k, post in enumerate(router.counted["post_id"])}
    return np.array([row[one] for one in ids], dtype=np.int64)


def _level(need: object) -> str:
    return need if isinstance(need, str) else ANY


def _pick(values: pd.Series, rows: Ints) -> NDArray[np.object_]:
    table = np.array([*values, None], dtype=object)
    return np.asarray(table[rows])


def _nan(minutes: Floats) -> Floats:
    return np.where(np.isfinite(minutes), minutes, np.nan)


def summary(router: Router, found: gpd.GeoDataFrame, rejected: pd.DataFrame) -> dict[str, Any]:
    """Return the content of ``result.json`` of a table of patients."""
    status = found["status"].value_counts()
    counts = {name: int(status.get(name, 0)) for name in ("ok", "no_hospital", "no_crew")}
    groups = []
    for (condition, daylight), part in found.groupby(["condition", "daylight"], sort=True):
        minutes = part["arrive_hospital_min"].to_numpy(float)
        reached = minutes[~np.isnan(minutes)]
        each = np.ones(len(reached))
        groups.append(
            {
                "condition": condition,
                "daylight": daylight,
                "patients": len(part),
                "with_itinerary": len(reached),
                **{
                    f"{name}_hospital_min": statistics.weighted_quantile(reached, each, q)
                    for name, q in (("median", 0.5), ("p90", 0.9))
                },
            }
        )
    return {
        "schema": SCHEMA,
        "network": router.region.network,
        "start_stamp": router.parameters.clock.start_stamp,
        "mutual_aid": router.parameters.mutual_aid.enabled,
        "patients": {"read": len(found) + len(rejected), **counts, "rejected": len(rejected)},
        "groups": groups,
    }
