"""Who comes first, and when the patient can leave the scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from routing import mutual_aid, response, travel_time
from routing.itinerary import ground
from routing.itinerary.state import State
from routing.itinerary.ways import Patients
from routing.land_network import LandNetwork
from routing.response import Best, Options

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Scenes:
    """Places where patients are.

    Attributes:
        table: one row a scene: `demand_id` (unique), `name_zh`, `name_en`, `island_id`, point in
            EPSG:4326.
        xy: the same, metres, shape (n, 2).
        node: where each joins the network, -1 where its island has no road, shape (n,).
        access_km: drive between scene and node, shape (n,); 0 where there is no node.
    """

    table: gpd.GeoDataFrame
    xy: Floats
    node: Ints
    access_km: Floats

    def __len__(self) -> int:
        """Return the number of scenes."""
        return len(self.table)

    @cached_property
    def names(self) -> list[tuple[str, str]]:
        """Chinese and Latin name of each scene; the Chinese one where the other is blank."""
        pairs = zip(self.table["name_zh"], self.table["name_en"], strict=True)
        return [(str(zh), en if isinstance(en, str) and en else str(zh)) for zh, en in pairs]

    def take(self, rows: Ints) -> Scenes:
        """Return some of the scenes."""
        table = self.table.iloc[rows].reset_index(drop=True)
        return Scenes(table, self.xy[rows], self.node[rows], self.access_km[rows])


@dataclass(frozen=True)
class Responders:
    """The crews that could come, as `routing.response` has them, the access to the scene included.

    Attributes:
        found: every option of every scene.
        best: the fastest and second-fastest of each scene.
        ambulance_min: arrival of the first ambulance at each scene; inf where none comes.
        land: the network with the scenes as its demand points.
    """

    found: Options
    best: Best
    ambulance_min: Floats
    land: LandNetwork

    @cached_property
    def post_ids(self) -> list[str]:
        """Post of each option."""
        return [str(one) for one in self.found.table["post_id"]]

    @cached_property
    def ambulance(self) -> Ints:
        """Option of the first ambulance at each scene; -1 where none comes, shape (n,)."""
        mine = (self.found.table["vehicle"] == "ambulance").to_numpy(bool)
        minutes = np.where(mine[:, None], _inf(self.found.response_min), np.inf)
        if not len(minutes):
            return np.full(minutes.shape[1], -1)
        return np.where(np.isfinite(minutes.min(axis=0)), minutes.argmin(axis=0), -1)


def access_min(state: State, scenes: Scenes) -> Floats:
    """Return an ambulance's minutes between each scene and its node."""
    speed = state.parameters.ambulance.access_speed_kmh * state.condition.road_speed_factor
    return np.asarray(60.0 * scenes.access_km / speed)


def responders(
    state: State, scenes: Scenes, *, evidence: Sequence[str], call_min: Floats | None = None
) -> Responders:
    """Return the crews for each scene.

    Args:
        state: condition and hour; its clock time is that of every call unless `call_min` is given.
        scenes: where the patients are.
        evidence: kinds of evidence of the posts that count.
        call_min: minute of the day of each call, shape (n,), all in the hour of `state` and with
            the same posts open.
    """
    region = state.region.replace(demand=scenes.table)
    land = ground.places_at(state.region, state.land, scenes.table, scenes.node)
    found = response.options(
        region,
        land,
        state.calm_parameters,
        evidence=evidence,
        condition=state.condition,
        outside=state.parameters.mutual_aid.enabled,
    )
    ambulance = (found.table["vehicle"] == "ambulance").to_numpy(bool)
    minutes = found.response_min.copy()
    if call_min is not None and (call_min != state.condition.when_min).any():
        node = land.node_of("demand", scenes.table["demand_id"])
        timed = _by_the_clock(state, found, ambulance, node, call_min)
        ids, islands = (
            found.table["post_id"][ambulance].tolist(),
            scenes.table["island_id"].tolist(),
        )
        may = mutual_aid.serves(region, ids, islands, state.parameters)
        minutes[ambulance] = np.where(may, timed, np.nan)
    local = np.where(ambulance, 1.0, state.parameters.boat.onshore_speed_factor)
    minutes += access_min(state, scenes)[None, :] / local[:, None]
    found = replace(found, response_min=minutes)
    reached = np.where(np.isnan(minutes[ambulance]), np.inf, minutes[ambulance])
    first = reached.min(axis=0) if len(reached) else np.full(len(scenes), np.inf)
    return Responders(found, response.best(found), first, land)


def patients(
    state: State, scenes: Scenes, crews: Responders, *, call_min: Floats | None = None
) -> Patients:
    """Return the patients as the first crews leave the scene with them."""
    care = state.parameters.care
    arrive = np.where(np.isnan(crews.best.response_min), np.inf, crews.best.response_min)
    leave = arrive + care.scene_min
    first = np.array([*(crews.found.table["vehicle"] == "ambulance"), False])[crews.best.option]
    handover_min = min(care.handover_min, care.scene_min)
    handed = crews.ambulance_min + handover_min
    before = state.parameters.clock.before_dispatch_min()
    lost = scenes.node < 0
    return Patients(
        node=np.where(lost, 0, scenes.node),
        access_min=np.where(lost, np.inf, access_min(state, scenes)),
        xy=scenes.xy,
        leave_min=leave,
        by_ambulance=first.astype(bool),
        ambulance_from_min=np.where(first, leave, np.maximum(leave, handed)),
        tasked_min=np.full(len(scenes), before) if care.tasked_with_call else arrive,
        call_min=call_min,
        handover_min=handover_min,
    )


def _by_the_clock(
    state: State, found: Options, ambulance: NDArray[np.bool_], node: Ints, call_min: Floats
) -> Floats:
    """Return the response of each ambulance to each scene, each call at a minute of its own."""
    before = state.parameters.clock.before_dispatch_min()
    ready = before + state.parameters.ambulance.turnout_min
    posts = state.land.node_of("posts", found.table["post_id"][ambulance])
    # A scene without a road has a node of its own, beyond those of the network.
    joined = node < state.land.graph.n_nodes
    target = np.where(joined, node, 0)
    best = _inf(travel_time.matrix(state.roads, posts, target))
    ferries = state.ferries
    if len(ferries.quays) and len(posts):
        minutes, moment = np.unique(call_min, return_inverse=True)
        to_quay = travel_time.matrix(state.roads, posts, ferries.quays)
        leave = np.tile(minutes + ready, len(posts))
        at_quay = ferries.at_quays(leave, np.repeat(to_quay, len(minutes), axis=0))
        at_quay = (at_quay - leave[:, None]).reshape(len(posts), len(minutes), -1)
        onward = _inf(travel_time.matrix(state.roads, ferries.quays, target))
        for quay in range(len(ferries.quays)):
            best = np.minimum(best, at_quay[:, moment, quay] + onward[quay][None, :])
    best[:, ~joined] = np.inf
    return np.where(np.isfinite(best), ready + best, np.nan)


def _inf(minutes: Floats) -> Floats:
    return np.where(np.isnan(minutes), np.inf, minutes)
