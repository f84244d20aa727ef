"""The model beside times and lengths that are known from elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from geodata.region import Region
from routing import paths
from routing.config import Parameters
from routing.land_network import LandNetwork
from routing.response import KM_PER_NAUTICAL_MILE, sea_links


def compare(region: Region, land: LandNetwork, parameters: Parameters) -> list[dict[str, Any]]:
    """Return one row for each known time of the region, with what the model gives for it.

    Rows hold `name_zh`, `name_en`, `mode`, `modelled_min`, `modelled_km` (null where not modelled),
    `known_min_low`, `known_min_high`, `known_km` (null where not known), `source` and `note`.
    Modelled minutes are those of the movement alone: no call handling, no mobilisation.
    """
    rows = []
    for row in region.layers["known_times"].to_dict("records"):
        minutes, length_km = _MODES[row["mode"]](region, land, parameters, row)
        known = {k: _number(row[k]) for k in ("known_min_low", "known_min_high", "known_km")}
        rows.append(
            {
                "name_zh": row["name_zh"],
                "name_en": row["name_en"],
                "mode": row["mode"],
                "modelled_min": _number(minutes),
                "modelled_km": _number(length_km),
                **known,
                "source": row["source_ids"],
                "note": row["note"],
            }
        )
    return rows


def _road(
    region: Region, land: LandNetwork, parameters: Parameters, row: dict[str, Any]
) -> tuple[float, float]:
    start, end = (_node(land, row[k]) for k in ("from_id", "to_id"))
    if start is None or end is None:
        return np.nan, np.nan
    tree = paths.tree(land.without_ferries(), start)
    if np.isnan(tree.travel_min[end]):
        return np.nan, np.nan
    length = land.edges["length_km"].to_numpy()[tree.edges_to(end)].sum()
    return float(tree.travel_min[end]), float(length)


def _ferry(
    region: Region, land: LandNetwork, parameters: Parameters, row: dict[str, Any]
) -> tuple[float, float]:
    ferries = region.ferries
    ends = {row["from_id"], row["to_id"]}
    ports = zip(ferries["from_port_id"], ferries["to_port_id"], strict=True)
    same = np.array([{a, b} == ends for a, b in ports], dtype=bool)
    found = ferries[same & (ferries["kind"] == "car_ferry") & (ferries["status"] == "in_service")]
    if not len(found):
        return np.nan, np.nan
    fastest = found.sort_values("duration_min").iloc[0]
    return float(fastest["duration_min"]), float(fastest["length_km"])


def _boat(
    region: Region, land: LandNetwork, parameters: Parameters, row: dict[str, Any]
) -> tuple[float, float]:
    links = region.sea_links if len(region.sea_links) else sea_links(region)
    found = links[(links["from_post_id"] == row["from_id"]) & (links["to_port_id"] == row["to_id"])]
    if not len(found):
        return np.nan, np.nan
    length_km = float(found["length_km"].iloc[0])
    boat = parameters.boat
    return 60.0 * length_km / (boat.speed_kn * KM_PER_NAUTICAL_MILE) + boat.berthing_min, length_km


def _flight(
    region: Region, land: LandNetwork, parameters: Parameters, row: dict[str, Any]
) -> tuple[float, float]:
    start, end = (_node(land, row[k]) for k in ("from_id", "to_id"))
    if start is None or end is None:
        return np.nan, np.nan
    xy = land.nodes.loc[[start, end], ["x", "y"]].to_numpy(float)
    length_km = float(np.hypot(*(xy[0] - xy[1])) / 1000.0)
    heli = parameters.helicopter
    return 60.0 * length_km / heli.cruise_kmh + heli.landing_min, length_km


def _node(land: LandNetwork, place_id: str) -> int | None:
    found = land.nodes.index[land.nodes["place_id"] == place_id]
    return int(found[0]) if len(found) else None


def _number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), 2)  # type: ignore[arg-type, call-overload]


_MODES = {"road": _road, "ferry": _ferry, "boat": _boat, "flight": _flight}
