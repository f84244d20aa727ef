"""What a change does: responses before and now, by zone, island and demand point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from routing import statistics
from routing.brief import tables
from routing.brief.state import State

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Changes below this are rounding, or a tie that went the other way.
NOTICED_MIN = 0.05
_NOBODY = dict.fromkeys(("vehicle", "post_id", "post_zh", "post_en"))


@dataclass(frozen=True)
class Responses:
    """Responses of one state of a region.

    Attributes:
        state: the responses.
        zones: statistics of each zone.
        islands: statistics of each island with demand points, by `island_id`.
    """

    state: State
    zones: dict[str, dict[str, Any]]
    islands: pd.DataFrame

    @classmethod
    def of(cls, state: State) -> Responses:
        """Return the responses of `state` with their statistics."""
        islands = statistics.by_group(state.demand, "island_id").set_index("island_id")
        return cls(state, statistics.zones(state.demand, state.parameters.target), islands)


def compare(was: Responses, found: Responses) -> dict[str, Any]:
    """Return what a change does, ready for JSON: NaN is None.

    Args:
        was, found: responses of the same demand points under the same condition, before and now.

    Returns:
        ``zones`` (by zone, ``before`` and ``now`` as `routing.statistics.zones` gives them),
        ``islands`` (slowest first, unreachable ones leading; `before_min` and `now_min` are means
        weighted by calls over those whom somebody reaches, `gained_min` the mean of what the
        residents reached both times gain), ``people`` (residents by what the change does to
        them), ``cells`` (columns in the order of the demand points; `post` counts in ``crews``) and
        ``crews``.
    """
    now = found.state
    old, new = was.state.best.response_min, now.best.response_min
    return {
        "zones": {
            zone: {"before": _plain(was.zones[zone]), "now": _plain(stats)}
            for zone, stats in found.zones.items()
        },
        "people": _people(now.demand["population"].to_numpy(float), old, new),
        "islands": _islands(was, found),
        "cells": {
            "before": _known(old),
            "now": _known(new),
            "crew": now.best.option.tolist(),
            "second": now.best.second.tolist(),
            "second_min": _known(now.best.second_min),
        },
        "crews": [
            _plain(row)
            for row in now.options.table[
                ["post_id", "vehicle", "name_zh", "name_en", "evidence"]
            ].to_dict("records")
        ],
        "islands_of_posts": dict(
            zip(now.region.posts["post_id"], now.region.posts["island_id"], strict=True)
        ),
    }


def effects(old: Floats, new: Floats) -> dict[str, Flags]:
    """Return which demand points gain and lose, one mask a kind; no point has two.

    Args:
        old, new: minutes, shape (n,); NaN unreachable.
    """
    reached, was = ~np.isnan(new), ~np.isnan(old)
    change = np.where(reached & was, new - old, 0.0)
    return {
        "faster": change < -NOTICED_MIN,
        "slower": change > NOTICED_MIN,
        "newly_reached": reached & ~was,
        "cut_off": ~reached & was,
    }


def _people(population: Floats, old: Floats, new: Floats) -> dict[str, float]:
    residents = np.nan_to_num(population)
    return {kind: float(residents[mask].sum()) for kind, mask in effects(old, new).items()}


def _islands(was: Responses, found: Responses) -> list[dict[str, Any]]:
    now = found.state
    names = _rows(now.region.islands[["island_id", "name_zh", "name_en", "county_zh"]])
    lead = _rows(tables.leading(now.demand)[["island_id", *_NOBODY]])
    before = _rows(was.islands.reset_index())
    slowest = found.islands.sort_values("mean_min", ascending=False).reset_index()
    known = now.demand["population_kind"].ne("unknown_residents")
    counted = set(now.demand.loc[known, "island_id"])
    gained = _gained(was.state, now)
    rows = [
        {
            "island_id": island,
            **names[island],
            "population": row["population"] if island in counted else None,
            "before_min": before[island]["mean_min"],
            "now_min": row["mean_min"],
            "before_unreachable": before[island]["unreachable_population"],
            "now_unreachable": row["unreachable_population"],
            "gained_min": gained.get(island, np.nan),
            **lead.get(island, _NOBODY),
        }
        for island, row in _rows(slowest).items()
    ]
    rows.sort(key=lambda row: not np.isnan(row["now_min"]))
    return [_plain(row) for row in rows]


def _rows(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the rows of a table by their `island_id`, in order."""
    rows = table.drop(columns="island_id").to_dict("records")
    names = table["island_id"].tolist()
    return {
        name: {str(key): value for key, value in row.items()}
        for name, row in zip(names, rows, strict=True)
    }


def _gained(before: State, now: State) -> dict[str, float]:
    """Return the mean gain of each island over the points reached both times, minutes."""
    island, calls = now.demand["island_id"], now.demand["calls_per_year"].to_numpy(float)
    gain = before.best.response_min - now.best.response_min
    table = pd.DataFrame({"island": island.to_numpy(), "gain": gain, "calls": calls}).dropna()
    table["weight"] = table["calls"].where(table["calls"] > 0, 1e-9)
    table["weighted"] = table["gain"] * table["weight"]
    sums = table.groupby("island")[["weighted", "weight"]].sum()
    return dict((sums["weighted"] / sums["weight"]).items())  # type: ignore[arg-type]


def _known(minutes: Floats) -> list[float | None]:
    return [None if np.isnan(value) else value for value in minutes.tolist()]


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(k): _json(v) for k, v in row.items()}


def _json(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    number = float(value)
    return number if np.isfinite(number) else None
