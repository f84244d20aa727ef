"""What the ways to hospital need under one condition and hour, computed once and kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.region import Region
from routing import travel_time
from routing.config import Parameters
from routing.itinerary import ground
from routing.itinerary.clock import Ferries
from routing.itinerary.receiving import flags
from routing.itinerary.sea import Passages
from routing.land_network import LandNetwork
from routing.response import KM_PER_NAUTICAL_MILE, Condition, sea_links
from routing.timetable import sailings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class State:
    """One region under one condition, at the speeds of one hour.

    Attributes:
        region: with the posts that count.
        land: its network under the condition, mainland drives included.
        parameters: the response model, boats and helicopters slowed as the condition says.
        calm_parameters: the same in calm weather.
        condition: with a clock time, which fixes the hour and the posts that are open, or without,
            for means over the day.
        sea: passages from every port to those that a patient may be landed at.
    """

    region: Region
    land: LandNetwork
    parameters: Parameters
    calm_parameters: Parameters
    condition: Condition
    sea: Passages

    @classmethod
    def under(
        cls,
        region: Region,
        land: LandNetwork,
        parameters: Parameters,
        condition: Condition,
        sea: Passages,
    ) -> State:
        """Return the state of a region, from its calm network."""
        if condition.when_min is not None:
            land = land.at_hour(int(condition.when_min // 60) % 24, parameters)
        slowed = condition.applied_to(parameters)
        return cls(region, land.under(condition), slowed, parameters, condition, sea)

    @cached_property
    def roads(self) -> travel_time.Prepared:
        """The network without ferries."""
        return travel_time.prepare(self.land.without_ferries())

    @cached_property
    def full(self) -> travel_time.Prepared:
        """The network with ferries at their mean waits."""
        return travel_time.prepare(self.land.graph)

    @cached_property
    def ferries(self) -> Ferries:
        """The ferries that sail, by the clock."""
        found = sailings(self.land, self.region.ferries, self.calm_parameters)
        return Ferries.of(self.land, found)

    @cached_property
    def hospital_node(self) -> Ints:
        """Node of each hospital, shape (h,)."""
        return self.land.node_of("hospitals", self.region.hospitals["hospital_id"])

    @cached_property
    def port_node(self) -> Ints:
        """Node of each port, shape (p,)."""
        return self.land.node_of("ports", self.region.ports["port_id"])

    @cached_property
    def port_transfer_min(self) -> Floats:
        """Minutes between boat and vehicle at each port, shape (p,)."""
        boat = self.parameters.boat
        assumed = self.region.ports["port_id"].str.startswith("landing-").to_numpy(bool)
        return np.asarray(boat.landing_transfer_min + boat.unlisted_landing_min * assumed)

    @cached_property
    def pads(self) -> pd.DataFrame:
        """Helipads that exist and, if outside, count; index: rows of the layer."""
        pads = self.region.helipads
        counts = ~flags(pads["outside"]) | self.parameters.mutual_aid.enabled
        kept: pd.DataFrame = pads[(pads["status"] == "existing").to_numpy() & counts]
        return kept

    @cached_property
    def pad_node(self) -> Ints:
        """Node of each pad of `pads`, shape (k,)."""
        return self.land.node_of("helipads", self.pads["helipad_id"])

    @cached_property
    def pad_row(self) -> Ints:
        """Row of the layer of each pad of `pads`, shape (k,)."""
        return np.asarray(self.region.helipads.index.get_indexer(self.pads.index), dtype=np.int64)

    @cached_property
    def xy(self) -> Floats:
        """Coordinates of the nodes, metres."""
        return self.land.nodes[["x", "y"]].to_numpy(float)

    # Posts whose vehicles run; rows of the layer ``posts``.

    @cached_property
    def ambulances(self) -> Ints:
        """Rows of the posts whose ambulances run."""
        return self._rows("ambulance")

    @cached_property
    def boats(self) -> Ints:
        """Rows of the boat bases that run."""
        return self._rows("boat")

    @cached_property
    def helicopters(self) -> Ints:
        """Rows of the air bases that run."""
        return self._rows("helicopter")

    def _rows(self, vehicle: str) -> Ints:
        posts = self.region.posts.reset_index(drop=True)
        found = ground.running(posts, vehicle, self.condition, self.parameters)
        return found.index.to_numpy(np.int64)

    def post_node(self, rows: Ints) -> Ints:
        """Return the nodes of posts."""
        return self._post_nodes[rows]

    @cached_property
    def _post_nodes(self) -> Ints:
        return self.land.node_of("posts", self.region.posts["post_id"])

    @cached_property
    def post_row(self) -> dict[str, int]:
        """Row of each post by its id."""
        return {str(post): k for k, post in enumerate(self.region.posts["post_id"])}

    # Vehicles that come to fetch the patient, minutes from their tasking.

    @cached_property
    def boat_at_port(self) -> tuple[Floats, Ints]:
        """Minutes until the first boat is alongside at each port (inf: none), and its post row."""
        boat = self.parameters.boat
        passage = 60.0 * self._base_km() / (boat.speed_kn * KM_PER_NAUTICAL_MILE)
        ready = boat.mobilisation_min + passage + boat.berthing_min
        return _first(ready, self.boats)

    def _base_km(self) -> Floats:
        posts, ports = self.region.posts, self.region.ports
        links = self.region.sea_links
        if not len(links) and len(self.boats) and len(ports):
            links = sea_links(self.region)
        table = links.pivot_table(index="from_post_id", columns="to_port_id", values="length_km")
        table = table.reindex(index=posts["post_id"].iloc[self.boats], columns=ports["port_id"])
        return np.asarray(table.to_numpy(float))

    def helicopter_at(self, xy: Floats) -> tuple[Floats, Ints]:
        """Minutes until the first helicopter has landed at each point (inf: none), its post row."""
        base = self.xy[self.post_node(self.helicopters)]
        ready = self.parameters.helicopter.mobilisation_min + self.flight_min(base, xy)
        return _first(ready, self.helicopters)

    def flight_min(self, origin: Floats, target: Floats) -> Floats:
        """Minutes in the air and for landing, shape (origins, targets)."""
        heli = self.parameters.helicopter
        km = np.hypot(*(origin[:, None, :] - target[None, :, :]).transpose(2, 0, 1)) / 1000.0
        return np.asarray(60.0 * km / heli.cruise_kmh + heli.landing_min)

    @cached_property
    def passage_min(self) -> Floats:
        """Minutes of a boat from each port to each landing, shape (p, q); inf where none."""
        boat = self.parameters.boat
        minutes = 60.0 * self.sea.length_km / (boat.speed_kn * KM_PER_NAUTICAL_MILE)
        return np.where(np.isnan(minutes), np.inf, minutes + boat.berthing_min)

    # From where boat or helicopter lands to the hospital.

    @cached_property
    def landing_onward(self) -> Onward:
        """From each landing of `sea` to each hospital."""
        return self._onward(self.port_node[self.sea.to_port], pads=False)

    @cached_property
    def pad_onward(self) -> Onward:
        """From each pad of `pads` to each hospital."""
        return self._onward(self.pad_node, pads=True)

    def _onward(self, nodes: Ints, *, pads: bool) -> Onward:
        drive = _inf(travel_time.matrix(self.roads, nodes, self.hospital_node))
        # Outside hospitals send their own; otherwise outside crews meet nobody but by their rules.
        away = flags(self.region.posts["outside"])[self.ambulances]
        start = self.ambulances[~away]
        turnout = self.parameters.ambulance.turnout_min
        drives = travel_time.matrix(self.roads, self.post_node(start), nodes)
        ready, post = _first(turnout + drives, start)
        ready = np.repeat(ready[:, None], len(self.hospital_node), axis=1)
        post = np.repeat(post[:, None], len(self.hospital_node), axis=1)
        own = turnout + self._from_hospital(nodes)
        sooner = own < ready
        ready, post = np.where(sooner, own, ready), np.where(sooner, ground.NOWHERE, post)
        walk = np.zeros(drive.shape, dtype=bool)
        if pads:
            apart = self.xy[nodes][:, None, :] - self.xy[self.hospital_node][None, :, :]
            walk = np.hypot(*apart.transpose(2, 0, 1)) <= self.parameters.care.pad_at_hospital_m
        ready = np.where(walk, -np.inf, ready)
        return Onward(np.where(walk, 0.0, drive), ready, post, walk)

    def _from_hospital(self, nodes: Ints) -> Floats:
        """Minutes that an outside hospital's own ambulance drives to a landing; inf where none."""
        closed = np.full((len(nodes), len(self.hospital_node)), np.inf)
        if not self.parameters.mutual_aid.enabled or "ambulance" not in self.condition.vehicles:
            return closed
        gates = ground.mainland_gates(self.land.nodes)
        outside = np.flatnonzero(flags(self.region.hospitals["outside"]))
        km = ground.mainland_km(
            self.land.nodes, gates, self.hospital_node[outside], self.parameters
        )
        speed = self.parameters.mutual_aid.speed_kmh * self.condition.road_speed_factor
        abroad = _inf(60.0 * km / speed)
        home = _inf(travel_time.matrix(self.roads, gates, nodes))
        for gate in range(len(gates)):
            way = home[gate][:, None] + abroad[gate][None, :]
            closed[:, outside] = np.minimum(closed[:, outside], way)
        return closed


@dataclass(frozen=True)
class Onward:
    """The last stretch, from landings to hospitals; arrays of shape (landings, hospitals).

    Attributes:
        drive_min: by ambulance; inf where no road joins them.
        ready_min: from tasking until an ambulance is there; inf where none is, -inf where none is
            needed.
        post: row of the ambulance's post; -1 where the hospital sends its own.
        on_foot: whether the pad is at the hospital.
    """

    drive_min: Floats
    ready_min: Floats
    post: Ints
    on_foot: NDArray[np.bool_]


def _first(ready_min: Floats, rows: Ints) -> tuple[Floats, Ints]:
    """Return for each column the least of `ready_min` (inf: none) and which of `rows` it is."""
    minutes = _inf(ready_min)
    if not len(minutes):
        return np.full(ready_min.shape[1], np.inf), np.full(ready_min.shape[1], ground.NOWHERE)
    best = minutes.min(axis=0)
    which = rows[minutes.argmin(axis=0)]
    return best, np.where(np.isfinite(best), which, ground.NOWHERE)


def _inf(minutes: Floats) -> Floats:
    return np.where(np.isnan(minutes), np.inf, minutes)
