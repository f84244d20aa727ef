"""What a new site of each kind gives: an ambulance post, a boat's berth, a helipad.

Each kind answers by itself: a new berth takes its medical crew from the nearest post of today, a
new helipad its helicopter from the air bases of today. What two new sites could do together, such
as a berth with a crew from a new post beside it, is not counted, so a plan is never better on
paper than in truth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata import searoute
from geodata.region import Region
from routing import response, travel_time
from routing.brief.state import State
from routing.land_network import LandNetwork
from routing.response import KM_PER_NAUTICAL_MILE
from routing.siting import candidates

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Who comes from a new site of each kind.
VEHICLES = {"ambulance_post": "ambulance", "boat_berth": "boat", "helipad": "helicopter"}
_PAD_APART_M = 500.0
# Coarser than the region's own sea links, so that many berths take seconds.
_SEA_CELL_M = 300.0


def berths(region: Region, land: LandNetwork, counted: pd.Series) -> pd.DataFrame:
    """Return candidate berths: listed ports of islands that have no boat base at the same quay."""
    ports = region.ports
    ports = ports[ports["island_id"].notna() & (ports["evidence"] == "confirmed")]
    bases = region.posts[region.posts["post_id"].isin(counted)]
    boats = bases[bases["vehicles"].fillna("").str.contains("boat")]
    xy = land.nodes[["x", "y"]].to_numpy(float)
    node = land.node_of("ports", ports["port_id"])
    taken = xy[land.node_of("posts", boats["post_id"])]
    free = [not len(taken) or np.hypot(*(taken - xy[n]).T).min() >= _PAD_APART_M for n in node]
    return _places(ports[free], "ports", "port_id", "port", node[np.array(free, dtype=bool)])


def pads(region: Region, land: LandNetwork) -> pd.DataFrame:
    """Return candidate helipads: settlements away from the pads there are."""
    places = region.settlements[region.settlements["island_id"].notna()]
    there = region.helipads[region.helipads["status"] == "existing"]
    xy = land.nodes[["x", "y"]].to_numpy(float)
    node = land.node_of("settlements", places["settlement_id"])
    taken = xy[land.node_of("helipads", there["helipad_id"])]
    free = [not len(taken) or np.hypot(*(taken - xy[n]).T).min() >= _PAD_APART_M for n in node]
    mask = np.array(free, dtype=bool)
    return _places(places[mask], "settlements", "settlement_id", "settlement", node[mask])


def sea_km(region: Region, land: LandNetwork, sites: pd.DataFrame) -> Floats:
    """Return the path over water from each new berth to each port, shape (sites, ports).

    NaN for sites that are no new berths, and where there is no way.

    Args:
        region: a valid region.
        land: its ambulance network.
        sites: with `facility`, `existing` and `node`.
    """
    found = np.full((len(sites), len(region.ports)), np.nan)
    berth = np.flatnonzero((sites["facility"] == "boat_berth") & ~sites["existing"].astype(bool))
    if not len(berth) or not len(region.ports):
        return found
    shore = region.islands.to_crs(region.metric_crs).union_all()
    xy = land.nodes[["x", "y"]].to_numpy(float)
    start = xy[sites["node"].to_numpy(np.int64)[berth]]
    goal = xy[land.node_of("ports", region.ports["port_id"])]
    for (i, j), path in searoute.paths(shore, start, goal, cell_m=_SEA_CELL_M).items():
        found[berth[i], j] = path.length_km
    return found


@dataclass(frozen=True)
class Start:
    """From the call until vehicles move.

    Attributes:
        fixed_min: shape (vehicles,), minutes that take as long on any road.
        crew_out_min: minutes until the crew of a boat sets out for it.
        crew_min: shape (vehicles,), minutes of that drive; NaN where there is none.
    """

    fixed_min: Floats
    crew_out_min: float
    crew_min: Floats

    def ready_min(self, slower: float = 0.0) -> Floats:
        """Return the minutes until each vehicle moves, shape (vehicles,).

        ``max(fixed, crew out + (1 + slower) drive)``: a boat waits for its crew.

        Args:
            slower: how much longer the drive takes, 0.1 for 10 %.
        """
        aboard = self.crew_out_min + (1.0 + slower) * self.crew_min
        return np.asarray(np.fmax(self.fixed_min, aboard))


def start(facility: str, sites: pd.DataFrame, state: State) -> Start:
    """Return when vehicles of new sites of one kind move.

    Args:
        facility: the kind.
        sites: the new sites, with `node`.
        state: the responses of today.
    """
    return _start(facility, sites, _applied(state))


def _start(facility: str, sites: pd.DataFrame, state: State) -> Start:
    parameters = state.parameters
    call_min, turnout_min = parameters.clock.before_dispatch_min(), parameters.ambulance.turnout_min
    alone_min = {
        "ambulance_post": turnout_min,
        "boat_berth": parameters.boat.mobilisation_min,
        "helipad": parameters.helicopter.mobilisation_min,
    }[facility]
    crew_min = np.full(len(sites), np.nan)
    if facility == "boat_berth":
        crew_min = _crew_min(state, sites["node"].to_numpy(np.int64))
    return Start(np.full(len(sites), call_min + alone_min), call_min + turnout_min, crew_min)


def response_min(facility: str, sites: pd.DataFrame, sea_km: Floats, state: State) -> Floats:
    """Return the response from new sites of one kind to each demand point, shape (sites, demand).

    NaN where the kind does not run under the state's condition, or does not get there.

    Args:
        facility: the kind.
        sites: the new sites, with `node` and `access_min`.
        sea_km: shape (sites, ports), as `sea_km` returns it; read for berths alone.
        state: the responses of today.
    """
    if VEHICLES[facility] not in state.condition.vehicles:
        return np.full((len(sites), len(state.demand)), np.nan)
    state = _applied(state)
    if facility == "boat_berth":
        return _boat(sites, sea_km, state)
    return (_ambulance if facility == "ambulance_post" else _helicopter)(sites, state)


def _applied(state: State) -> State:
    """Return the state with the parameters that hold under its condition."""
    return replace(state, parameters=state.condition.applied_to(state.parameters))


def _ambulance(sites: pd.DataFrame, state: State) -> Floats:
    drive = response.ambulance_min(
        state.region,
        state.land,
        state.parameters,
        sites["node"].to_numpy(np.int64),
        _demand_nodes(state),
        state.condition,
    )
    ready = _start("ambulance_post", sites, state).ready_min()
    access = sites["access_min"].to_numpy(float)
    return np.asarray((ready + access)[:, None] + drive)


def _boat(sites: pd.DataFrame, sea_km: Floats, state: State) -> Floats:
    """As `routing.response` has it for a base: crew by road, passage, transfer, way on shore."""
    boat, ports = state.parameters.boat, state.region.ports
    before = _start("boat_berth", sites, state)
    ready = np.where(np.isnan(before.crew_min), np.nan, before.ready_min())
    passage = 60.0 * sea_km / (boat.speed_kn * KM_PER_NAUTICAL_MILE)
    assumed = ports["port_id"].str.startswith("landing-").to_numpy()
    transfer = boat.berthing_min + boat.landing_transfer_min + boat.unlisted_landing_min * assumed
    onshore = _onshore_min(state, state.land.node_of("ports", ports["port_id"]))
    return ready[:, None] + _least_sum(passage + transfer, onshore)


def _helicopter(sites: pd.DataFrame, state: State) -> Floats:
    """By the nearest air base: flight to the new pad, then as from any other pad."""
    heli = state.parameters.helicopter
    table = state.options.table
    bases = table.loc[table["vehicle"] == "helicopter", "post_id"]
    if not len(bases):
        return np.full((len(sites), len(state.demand)), np.nan)
    xy = state.land.nodes[["x", "y"]].to_numpy(float)
    nodes = sites["node"].to_numpy(np.int64)
    away = xy[nodes][:, None, :] - xy[state.land.node_of("posts", bases)][None, :, :]
    flight = np.hypot(away[..., 0], away[..., 1]).min(axis=1) / 1000.0 / heli.cruise_kmh * 60.0
    ready = _start("helipad", sites, state).ready_min()
    arrive = ready + heli.landing_min + heli.transfer_min + flight
    return np.asarray(arrive[:, None] + _onshore_min(state, nodes))


def _crew_min(state: State, nodes: Ints) -> Floats:
    """Return the drive from the nearest post with an ambulance to each node; NaN where none."""
    table = state.options.table
    start = state.land.node_of("posts", table.loc[table["vehicle"] == "ambulance", "post_id"])
    if not len(start):
        return np.full(len(nodes), np.nan)
    drive = travel_time.matrix(state.land.without_ferries(), start, nodes)
    least = np.where(np.isnan(drive), np.inf, drive).min(axis=0)
    return np.asarray(np.where(np.isinf(least), np.nan, least))


def _onshore_min(state: State, nodes: Ints) -> Floats:
    drive = travel_time.matrix(state.land.without_ferries(), nodes, _demand_nodes(state))
    return np.asarray(drive / state.parameters.boat.onshore_speed_factor)


def _demand_nodes(state: State) -> Ints:
    return state.land.node_of("demand", state.region.demand["demand_id"])


def _least_sum(first: Floats, then: Floats) -> Floats:
    """Return min over k of ``first[i, k] + then[k, j]``, NaN where no k joins."""
    best = np.full((first.shape[0], then.shape[1]), np.inf)
    for k in range(first.shape[1]):
        total = first[:, k, None] + then[None, k, :]
        np.fmin(best, total, out=best)
    return np.where(np.isinf(best), np.nan, best)


def _places(places: pd.DataFrame, layer: str, key: str, kind: str, node: Ints) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": places[key].to_numpy(),
            "layer": layer,
            "name_zh": places["name_zh"].to_numpy(),
            "name_en": places["name_en"].to_numpy(),
            "kind": kind,
            "island_id": places["island_id"].to_numpy(),
            "lon": shapely.get_x(places.geometry),
            "lat": shapely.get_y(places.geometry),
            "node": node,
            "access_min": 0.0,
        },
        columns=list(candidates.COLUMNS),
    )
