"""The model beside times and lengths that are known from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
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
    rows, model = [], _Model(region, land, parameters)
    for row in region.layers["known_times"].to_dict("records"):
        minutes, length_km = model.modelled(row["mode"], row["from_id"], row["to_id"])
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
                "note_zh": row["note_zh"],
            }
        )
    return rows


@dataclass(frozen=True)
class _Model:
    region: Region
    land: LandNetwork
    parameters: Parameters

    def modelled(self, mode: str, start: str, end: str) -> tuple[float, float]:
        """Return minutes and kilometres from `start` to `end`, NaN where not modelled."""
        by_mode = {"road": self._road, "ferry": self._ferry, "boat": self._boat}
        return by_mode.get(mode, self._flight)(start, end)

    def _road(self, start: str, end: str) -> tuple[float, float]:
        tail, head = _node(self.land, start), _node(self.land, end)
        if tail is None or head is None:
            return np.nan, np.nan
        tree = paths.tree(self.land.without_ferries(), tail)
        if np.isnan(tree.travel_min[head]):
            return np.nan, np.nan
        length = self.land.edges["length_km"].to_numpy()[tree.edges_to(head)].sum()
        return float(tree.travel_min[head]), float(length)

    def _ferry(self, start: str, end: str) -> tuple[float, float]:
        ferries = self.region.ferries
        ports = zip(ferries["from_port_id"], ferries["to_port_id"], strict=True)
        same = np.array([{a, b} == {start, end} for a, b in ports], dtype=bool)
        running = (ferries["kind"] == "car_ferry") & (ferries["status"] == "in_service")
        found = ferries[same & running].sort_values("duration_min")
        if not len(found):
            return np.nan, np.nan
        return float(found["duration_min"].iloc[0]), float(found["length_km"].iloc[0])

    def _boat(self, start: str, end: str) -> tuple[float, float]:
        links = self.region.sea_links if len(self.region.sea_links) else sea_links(self.region)
        found = links[(links["from_post_id"] == start) & (links["to_port_id"] == end)]
        if not len(found):
            return np.nan, np.nan
        length_km, boat = float(found["length_km"].iloc[0]), self.parameters.boat
        minutes = 60.0 * length_km / (boat.speed_kn * KM_PER_NAUTICAL_MILE)
        return minutes + boat.berthing_min, length_km

    def _flight(self, start: str, end: str) -> tuple[float, float]:
        tail, head = _node(self.land, start), _node(self.land, end)
        if tail is None or head is None:
            return np.nan, np.nan
        xy = self.land.nodes[["x", "y"]].to_numpy(float)
        length_km = float(np.hypot(*(xy[tail] - xy[head])) / 1000.0)
        heli = self.parameters.helicopter
        return 60.0 * length_km / heli.cruise_kmh + heli.landing_min, length_km


def _node(land: LandNetwork, place_id: str) -> int | None:
    found = land.nodes.index[land.nodes["place_id"] == place_id]
    return int(found[0]) if len(found) else None


def _number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), 2)  # type: ignore[arg-type, call-overload]
