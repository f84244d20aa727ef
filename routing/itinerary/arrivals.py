"""What receiving hospitals are told: legs and ETAs, of one patient or of many at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from routing import travel_time
from routing.itinerary import result, ways
from routing.itinerary.router import Journeys, Router
from routing.itinerary.state import State
from routing.itinerary.steps import Maker, Step
from routing.itinerary.trace import Tracer

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SCHEMA = "island-response/arrival-message/1"
_LEG = (
    "kind", "vehicle", "vehicle_post_id", "vehicle_post_zh", "crew_post_id", "crew_post_zh",
    "from_zh", "to_zh", "depart", "arrive", "depart_min", "arrive_min",
)  # fmt: skip


def message(found: dict[str, Any], one: dict[str, Any], number: int) -> dict[str, Any]:
    """Return what the receiving hospital is told while the patient is on the way.

    It holds times, vehicles and crew posts; of the patient the need alone.

    Args:
        found: content of ``result.json``.
        one: one of its itineraries.
        number: which, from 1.
    """
    legs = [
        {key: leg[key] for key in _LEG}
        for leg in one["legs"]
        if leg["depart_min"] >= one["leave_scene_min"] - 0.01
    ]
    return {
        "schema": SCHEMA,
        "itinerary": number,
        "hospital_id": one["hospital"]["hospital_id"],
        "hospital_zh": one["hospital"]["name_zh"],
        "hospital_en": one["hospital"]["name_en"],
        "need": found["need"],
        "condition": found["condition"],
        "eta": one["clock"]["arrive_hospital"],
        "eta_min": one["arrive_hospital_min"],
        "boarding": _boarding(legs),
        "kind": one["kind"],
        "first_hospital_zh": one["first_hospital"] and one["first_hospital"]["name_zh"],
        "legs": legs,
        "schematic": found["network"] == "schematic",
    }


def messages(
    router: Router, journeys: Journeys, patients: pd.DataFrame, vehicle: Ints, hospital: Ints
) -> Iterator[dict[str, Any]]:
    """Yield the arrival message of each patient that has an itinerary, legs and ETAs included.

    A message holds the row and the table's id of the patient, and the need: no names.

    Args:
        router: the region.
        journeys: the patients' scenes under one condition.
        patients: one row a scene, as `routing.itinerary.batch.answer` returns them.
        vehicle, hospital: of the best way of each, see `routing.itinerary.batch.fastest`.
    """
    cared = np.flatnonzero((patients["status"] == "ok").to_numpy())
    if not len(cared):
        return
    make = _Unlined(journeys.state, journeys.patients.node[cared],
                    by_clock=journeys.patients.call_min is not None)  # fmt: skip
    plain = patients.drop(columns="geometry").iloc[cared].to_dict("records")
    for k, row in zip(cared.tolist(), plain, strict=True):
        tracer = Tracer(journeys, k, make)
        vehicle_name = ways.VEHICLES[int(vehicle[k])]
        steps, _, _ = tracer.onward(tracer.origin(), vehicle_name, int(hospital[k]))
        yield _message(router, row, steps, schematic=make.schematic)


def _message(
    router: Router, row: dict[Any, Any], steps: list[Step], *, schematic: bool
) -> dict[str, Any]:
    clock = _clock(row)
    legs = _legs(router, steps, row["leave_scene_min"], clock)
    return {
        "schema": SCHEMA,
        "row": int(row["row"]),
        "patient_id": row["patient_id"],
        "hospital_id": row["hospital_id"],
        "hospital_zh": row["hospital_zh"],
        "hospital_en": row["hospital_en"],
        "need": row["need"] if isinstance(row["need"], str) else None,
        "condition": row["condition"],
        "eta": clock.text(row["arrive_hospital_min"]),
        "eta_min": round(row["arrive_hospital_min"], 2),
        "boarding": _boarding(legs),
        "leave_scene": clock.text(row["leave_scene_min"]),
        "vehicle": row["vehicle"],
        "vehicle_post_id": row["vehicle_post_id"],
        "crew_post_id": row["first_post_id"],
        "kind": "direct",
        "first_hospital_zh": None,
        "legs": legs,
        "schematic": schematic,
    }


def _legs(
    router: Router, steps: Sequence[Step], leave_min: float, clock: result.Clock
) -> list[dict[str, Any]]:
    """Return the legs from leaving the scene to the door of the hospital."""
    found, begin = [], float(leave_min)
    for step in steps:
        found.append(result.plain_leg(router, step, begin, begin + step.minutes, clock))
        begin += step.minutes
    return found


def _boarding(legs: Sequence[dict[str, Any]]) -> str | None:
    """Return when the patient is first aboard a vehicle: from then on the hospital counts."""
    return next((leg["depart"] for leg in legs if leg["kind"] != "wait"), None)


def _clock(row: dict[Any, Any]) -> result.Clock:
    minute = row["when_min"]
    if minute is None or minute != minute:
        return result.Clock()
    date = datetime.fromisoformat(row["date"]) if isinstance(row["date"], str) else None
    return result.Clock(float(minute), date)


class _Unlined(Maker):
    """Makes steps without lines; road minutes come from one table, not from a search per scene.

    Args:
        state: the condition.
        scenes: nodes of the scenes.
        by_clock: whether ferries sail by the clock.
    """

    def __init__(self, state: State, scenes: Ints, *, by_clock: bool) -> None:
        super().__init__(state, lines=False)
        quays = state.ferries.quays if by_clock else np.empty(0, np.int64)
        places = (state.hospital_node, state.port_node, state.pad_node, quays)
        self._ends = np.unique(np.concatenate(places))
        self._starts = np.unique(np.concatenate([scenes, self._ends]))
        self._minutes = travel_time.matrix(state.roads, self._starts, self._ends)
        self._row = {node: k for k, node in enumerate(self._starts.tolist())}
        self._column = {node: k for k, node in enumerate(self._ends.tolist())}
        self._quay_rows = np.searchsorted(self._starts, quays)
        self._quay_columns = np.searchsorted(self._ends, quays)

    def road_min(self, start: int, end: int) -> float:
        """Return an ambulance's minutes by road alone; NaN where there is no way."""
        return float(self._minutes[self._row[start], self._column[end]])

    def quays_min(self, start: int, end: int) -> tuple[Floats, Floats]:
        """Return road minutes from `start` to each quay and from there to `end`; inf for none."""
        there = self._minutes[self._row[start], self._quay_columns]
        onward = self._minutes[self._quay_rows, self._column[end]]
        return np.where(np.isnan(there), np.inf, there), np.where(np.isnan(onward), np.inf, onward)

    def mean_pieces(self, start: int, end: int) -> Iterator[Step]:
        """Yield the way with ferries at their mean waits; edge by edge only where it has any."""
        road = self.road_min(start, end)
        if road <= self._full[self._row[start], self._column[end]] + 1e-9:
            yield Step("road", road)
        else:
            yield from super().mean_pieces(start, end)

    @cached_property
    def _full(self) -> Floats:
        """Minutes with ferries at their mean waits."""
        return travel_time.matrix(self.state.full, self._starts, self._ends)
