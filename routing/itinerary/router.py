"""The router: one region ready for many questions, under any condition and at any hour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata import schemas
from geodata.names import english
from geodata.region import Region
from routing import land_network, travel_time
from routing.config import Parameters
from routing.itinerary import ground, respond, sea, ways
from routing.itinerary.receiving import Receiving, flags, receiving
from routing.itinerary.respond import Responders, Scenes
from routing.itinerary.state import State
from routing.itinerary.ways import Patients, Ways
from routing.response import Condition, is_open

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HEADLINE = ("confirmed", "assumed")


@dataclass(frozen=True)
class Journeys:
    """Everything that was found for some scenes under one condition.

    Attributes:
        state: the condition.
        scenes: where the patients are.
        crews: who comes first.
        patients: as they leave the scene.
        ways: to every hospital.
    """

    state: State
    scenes: Scenes
    crews: Responders
    patients: Patients
    ways: Ways

    def arrival_min(self) -> Floats:
        """Return the earliest arrival at each hospital by any vehicle, (n, hospitals); inf none."""
        return np.asarray(np.minimum.reduce([self.ways.arrival_min[v] for v in ways.VEHICLES]))


class Router:
    """A region ready for questions; hold it and ask again.

    Args:
        region: a valid region.
        parameters: the response model.
        evidence: kinds of evidence of the posts that count.
        progress: called with the name of each stage as it starts: ``network``, ``sea``.

    What a condition needs is computed at its first question and kept.
    """

    def __init__(
        self,
        region: Region,
        parameters: Parameters,
        *,
        evidence: Sequence[str] = HEADLINE,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        progress("network")
        posts = region.posts
        if not parameters.mutual_aid.enabled:
            posts = posts[~flags(posts["outside"])]
        self.evidence = tuple(evidence)
        self.region = region.replace(posts=posts)
        self.counted = posts[posts["evidence"].isin(self.evidence)].reset_index(drop=True)
        self.parameters = parameters
        land = land_network.build(self.region, parameters)
        self.land = ground.with_mainland(self.region, land, parameters)
        self.receiving: Receiving = receiving(self.region, parameters)
        self.anchors = ground.Anchors(self.land)
        progress("sea")
        self.sea = sea.passages(self.region, self._landings())
        self._states: dict[object, State] = {}

    @cached_property
    def post_names(self) -> list[tuple[str, str, str]]:
        """Id, Chinese and English name of each post that counts."""
        columns = (self.counted[name] for name in ("post_id", "name_zh", "name_en"))
        return [
            (str(post), str(zh), english(zh, en)) for post, zh, en in zip(*columns, strict=True)
        ]

    def _landings(self) -> Ints:
        """Return the ports from which a road leads to a hospital."""
        nodes = self.land.node_of("ports", self.region.ports["port_id"])
        hospitals = self.land.node_of("hospitals", self.region.hospitals["hospital_id"])
        drive = travel_time.matrix(self.land.without_ferries(), nodes, hospitals)
        return np.flatnonzero(~np.isnan(drive).all(axis=1)).astype(np.int64)

    def state(self, condition: Condition) -> State:
        """Return what is common to all calls under a condition, at an hour, with the same posts."""
        key = self.state_key(condition)
        if key not in self._states:
            region = self.region.replace(posts=self.counted)
            self._states[key] = State.under(region, self.land, self.parameters, condition, self.sea)
        found = self._states[key]
        if found.condition.when_min == condition.when_min:
            return found
        # Only the response looks at the minute itself; all that is kept depends on the key.
        other = replace(found, condition=condition)
        other.__dict__.update({k: v for k, v in found.__dict__.items() if k not in _FIELDS})
        return other

    def state_key(self, condition: Condition) -> object:
        """Return what two conditions must share to share their state."""
        when = condition.when_min
        if when is None:
            return condition.effect()
        hour = int(when // 60) % 24
        traffic = self.parameters.traffic
        speeds = tuple(traffic.factor(c, hour) for c in schemas.ROAD_CLASSES)
        opened = tuple(is_open(hours, when) for hours in self.counted["hours"])
        return (replace(condition.effect(), when_min=None), speeds, opened)

    def scenes(self, table: gpd.GeoDataFrame) -> Scenes:
        """Return scenes joined to the network.

        Args:
            table: `island_id`, `name_zh`, `name_en` and points in EPSG:4326.
        """
        table = table[["island_id", "name_zh", "name_en", "geometry"]].reset_index(drop=True)
        table.insert(0, "demand_id", [f"scene:{k}" for k in range(len(table))])
        xy = shapely.get_coordinates(table.to_crs(self.region.metric_crs).geometry)
        node, apart_m = self.anchors.find(xy, table["island_id"].astype(str).tolist())
        detour = self.parameters.ambulance.access_detour
        access_km = np.where(node < 0, 0.0, np.nan_to_num(apart_m) * detour / 1000.0)
        access_km[access_km < 1e-6] = 0.0
        return Scenes(table, xy, node, access_km)

    def demand_scenes(self) -> Scenes:
        """Return every demand point of the region as a scene."""
        return self.scenes(self.region.demand)

    def journeys(
        self, scenes: Scenes, condition: Condition, *, call_min: Floats | None = None
    ) -> Journeys:
        """Return the way of every patient to every hospital under one condition.

        Args:
            scenes: where the patients are.
            condition: with a clock time unless means over the day are wanted.
            call_min: minute of the day of each call, shape (n,), where they differ; all must share
                the state key of `condition`.
        """
        state = self.state(condition)
        if call_min is None and condition.when_min is not None:
            call_min = np.full(len(scenes), condition.when_min)
        crews = respond.responders(state, scenes, evidence=self.evidence, call_min=call_min)
        leaving = respond.patients(state, scenes, crews, call_min=call_min)
        return Journeys(state, scenes, crews, leaving, ways.find(state, leaving))


def islands_of(region: Region, points: gpd.GeoSeries) -> list[str | None]:
    """Return the island that each point is on, None for one at sea."""
    joined = gpd.sjoin(
        gpd.GeoDataFrame(geometry=points.reset_index(drop=True)),
        region.islands[["island_id", "geometry"]],
        predicate="intersects",
        how="left",
    )
    first = joined[~joined.index.duplicated()]["island_id"]
    return [None if pd.isna(one) else str(one) for one in first]


_FIELDS = ("region", "land", "parameters", "calm_parameters", "condition", "sea")
