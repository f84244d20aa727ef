"""Response times: the fastest feasible crew for each demand point, and why.

``response = before_dispatch + turnout or mobilisation + sum of legs + sum of transfers``

Three vehicles compete. An ambulance drives the land network and may ride vehicle ferries. A boat
goes from its base over water to a landing, and its crew on by local vehicle; its medical crew comes
by road from the nearest post that counts, while the boat makes ready. A helicopter flies straight
to a helipad or an unprepared site of the island; its crew goes on by local vehicle. Every post is
taken to have a crew free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata import searoute
from geodata.region import Region
from routing import mutual_aid, travel_time
from routing.conditions import DAYLIGHT, Condition
from routing.config import Parameters
from routing.land_network import LandNetwork, minute_of_day
from routing.timetable import Timetable

__all__ = [
    "DAYLIGHT",
    "KM_PER_NAUTICAL_MILE",
    "Best",
    "Condition",
    "Options",
    "ambulance_min",
    "best",
    "is_open",
    "options",
    "sea_links",
    "timed",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KM_PER_NAUTICAL_MILE = 1.852
_NOWHERE = -1


@dataclass(frozen=True)
class Options:
    """Every crew that could go to every demand point.

    Attributes:
        table: one row an option: `post_id`, `vehicle`, `name_zh`, `name_en`, `evidence`.
        response_min: shape (options, demand points), minutes; NaN where infeasible.
        prepare_min: shape (options,), minutes from dispatch until the vehicle moves; for a boat
            this includes its wait for the medical crew.
        crew_post: shape (options,), option row whose crew boards a boat, else -1.
        crew_road_min: shape (options,), the crew's drive to the boat, minutes; NaN for others.
        via: shape (options, demand points), index of the landing (row of `ports`) of a boat or of
            the helipad of a helicopter; -1 where none (an ambulance, or an unprepared site).
        sea_km: shape (options, ports), path over water from the base of a boat; NaN for others.
    """

    table: pd.DataFrame
    response_min: Floats
    prepare_min: Floats
    crew_post: Ints
    crew_road_min: Floats
    via: Ints
    sea_km: Floats


@dataclass(frozen=True)
class Best:
    """The fastest and second-fastest option of each demand point, shape (demand points,) each.

    `option` and `second` are rows of the options' table, -1 where nobody can come; the second is
    the fastest of another post. Ties go to the earlier option.
    """

    option: Ints
    response_min: Floats
    second: Ints
    second_min: Floats


def options(
    region: Region,
    land: LandNetwork,
    parameters: Parameters,
    *,
    evidence: Sequence[str] = ("confirmed", "assumed"),
    condition: Condition | None = None,
    outside: bool | None = None,
) -> Options:
    """Return every option of every post that counts.

    Args:
        region: a valid region.
        land: its ambulance network; under `condition` or not, for it is put under it here.
        parameters: the response model, in calm weather.
        evidence: kinds of evidence of the posts that count.
        condition: default calm day.
        outside: whether crews posted outside the region count, for the islands that the rules of
            mutual aid name; by default as ``mutual_aid.crews_respond`` says.
    """
    condition = condition or Condition()
    posts = region.posts[region.posts["evidence"].isin(evidence)]
    if not (mutual_aid.crews_respond(parameters) if outside is None else outside):
        posts = posts[~mutual_aid.outside(posts)]
    model = _Model(region, land, parameters, condition)
    parts = [model.ambulances(_running(posts, "ambulance", condition))]
    crews = parts[0]
    parts.append(model.boats(_running(posts, "boat", condition), crews))
    parts.append(model.helicopters(_running(posts, "helicopter", condition)))
    return _within_rules(region, _stacked(parts), parameters)


def _within_rules(region: Region, found: Options, parameters: Parameters) -> Options:
    """Return the options without those that the rules of mutual aid leave no room for."""
    ids, islands = found.table["post_id"].tolist(), region.demand["island_id"].tolist()
    if not mutual_aid.outside(region.posts[region.posts["post_id"].isin(ids)]).any():
        return found
    allowed = mutual_aid.serves(region, ids, islands, parameters)
    return replace(found, response_min=np.where(allowed, found.response_min, np.nan))


def best(found: Options) -> Best:
    """Return the fastest and second-fastest option of each demand point."""
    minutes = np.where(np.isnan(found.response_min), np.inf, found.response_min)
    if not len(minutes):
        nobody = np.full(minutes.shape[1], _NOWHERE)
        return Best(nobody, np.full(len(nobody), np.nan), nobody, np.full(len(nobody), np.nan))
    first, first_min = _fastest(minutes)
    post = pd.factorize(found.table["post_id"])[0]
    same = post[:, None] == np.where(first >= 0, post[first], -2)[None, :]
    second, second_min = _fastest(np.where(same, np.inf, minutes))
    return Best(first, first_min, second, second_min)


def _fastest(minutes: Floats) -> tuple[Ints, Floats]:
    winner = minutes.argmin(axis=0).astype(np.int64)
    value = minutes.min(axis=0)
    reached = np.isfinite(value)
    return np.where(reached, winner, _NOWHERE), np.where(reached, value, np.nan)


def _running(posts: pd.DataFrame, vehicle: str, condition: Condition) -> pd.DataFrame:
    has = posts["vehicles"].fillna("").str.split(";").map(lambda kinds: vehicle in kinds)
    posts = posts[has.astype(bool)] if vehicle in condition.vehicles else posts.iloc[:0]
    ids = zip(posts["kind"], posts["post_id"], strict=True)
    closed = np.array([condition.stops_post(kind, post) for kind, post in ids], dtype=bool)
    posts = posts[~closed]
    if condition.when_min is None:
        return posts
    running = [is_open(hours, condition.when_min) for hours in posts["hours"]]
    return posts[np.array(running, dtype=bool)]


def is_open(hours: object, minute: float) -> bool:
    """Return whether a post is open at a minute of the day.

    Args:
        hours: ``24h``, ``HH:MM-HH:MM`` (from inclusive, to exclusive, may run over midnight), or
            blank, which counts as always open.
        minute: minutes after midnight.
    """
    if not isinstance(hours, str) or "-" not in hours:
        return True
    opens, closes = (minute_of_day(end) for end in hours.split("-")[:2])
    minute %= 1440.0
    if opens <= closes:
        return opens <= minute < closes
    return minute >= opens or minute < closes


class _Model:
    """One region, network and set of parameters under one condition."""

    def __init__(
        self, region: Region, land: LandNetwork, parameters: Parameters, condition: Condition
    ) -> None:
        self.region, self.land = region, land.under(condition)
        self.parameters = condition.applied_to(parameters)
        self.condition = condition
        self.demand_node = land.node_of("demand", region.demand["demand_id"])
        self.island = region.demand["island_id"].to_numpy()
        self.before_min = parameters.clock.before_dispatch_min()
        self.roads_only = self.land.without_ferries()

    def ambulances(self, posts: pd.DataFrame) -> Options:
        node = self.land.node_of("posts", posts["post_id"])
        travel_min = ambulance_min(
            self.region, self.land, self.parameters, node, self.demand_node, self.condition
        )
        turnout = np.full(len(posts), self.parameters.ambulance.turnout_min)
        response = self.before_min + turnout[:, None] + travel_min
        return self._options(posts, "ambulance", response, turnout)

    def boats(self, bases: pd.DataFrame, crews: Options) -> Options:
        """Boats by the best landing; a base that no crew can reach by road sends none."""
        boat, ports = self.parameters.boat, self.region.ports
        sea_km = self._sea_km(bases)
        crew, crew_min = self._crew_for(bases, crews)
        prepare = np.fmax(boat.mobilisation_min, self.parameters.ambulance.turnout_min + crew_min)
        prepare = np.where(np.isnan(crew_min), np.nan, prepare)
        passage = 60.0 * sea_km / (boat.speed_kn * KM_PER_NAUTICAL_MILE) + boat.berthing_min
        assumed = ports["port_id"].str.startswith("landing-").to_numpy()
        transfer = boat.landing_transfer_min + boat.unlisted_landing_min * assumed
        onshore = self._onshore_min(self.land.node_of("ports", ports["port_id"]))
        response, via = _min_plus(passage + transfer, onshore)
        response += self.before_min + prepare[:, None]
        found = self._options(bases, "boat", response, prepare)
        via = np.where(np.isnan(response), _NOWHERE, via)
        return replace(found, crew_post=crew, crew_road_min=crew_min, via=via, sea_km=sea_km)

    def helicopters(self, bases: pd.DataFrame) -> Options:
        """Helicopters by the best listed helipad of the landmass, or an unprepared site nearby."""
        heli = self.parameters.helicopter
        if self.condition.daylight == "night" and not heli.night_allowed:
            bases = bases.iloc[:0]
        origin = self._xy("posts", bases["post_id"])
        pads = self.region.helipads
        pads = pads[(pads["status"] == "existing") & pads["island_id"].notna()]
        pad_xy, demand_xy = self._xy("helipads", pads["helipad_id"]), self._demand_xy()
        fixed = heli.landing_min + heli.transfer_min
        to_pad = _flight_min(origin, pad_xy, heli.cruise_kmh) + fixed
        onshore = self._onshore_min(self.land.node_of("helipads", pads["helipad_id"]))
        by_pad, pad = _min_plus(to_pad, onshore)
        direct = _flight_min(origin, demand_xy, heli.cruise_kmh) + fixed + heli.unprepared_site_min
        use_pad = ~(by_pad > direct) & ~np.isnan(by_pad)
        travel = np.where(use_pad, by_pad, direct)
        row = pads.index.to_numpy(np.int64)
        via = np.where(use_pad, row[pad] if len(row) else _NOWHERE, _NOWHERE)
        prepare = np.full(len(bases), heli.mobilisation_min)
        response = self.before_min + prepare[:, None] + travel
        return replace(self._options(bases, "helicopter", response, prepare), via=via)

    def _options(
        self, posts: pd.DataFrame, vehicle: str, response: Floats, prepare: Floats
    ) -> Options:
        table = posts[["post_id", "name_zh", "name_en", "evidence"]].reset_index(drop=True)
        n, m, ports = len(posts), len(self.demand_node), len(self.region.ports)
        return Options(
            table.assign(vehicle=vehicle),
            response,
            prepare,
            np.full(n, _NOWHERE),
            np.full(n, np.nan),
            np.full((n, m), _NOWHERE),
            np.full((n, ports), np.nan),
        )

    def _crew_for(self, bases: pd.DataFrame, crews: Options) -> tuple[Ints, Floats]:
        node = self.land.node_of("posts", bases["post_id"])
        start = self.land.node_of("posts", crews.table["post_id"])
        drive = travel_time.matrix(self.roads_only, start, node)
        away = self.region.posts.loc[mutual_aid.outside(self.region.posts), "post_id"]
        drive[crews.table["post_id"].isin(away).to_numpy()] = np.nan
        if not len(start):
            return np.full(len(bases), _NOWHERE), np.full(len(bases), np.nan)
        return _fastest(np.where(np.isnan(drive), np.inf, drive))

    def _onshore_min(self, nodes: Ints) -> Floats:
        drive = travel_time.matrix(self.roads_only, nodes, self.demand_node)
        return np.asarray(drive / self.parameters.boat.onshore_speed_factor)

    def _sea_km(self, bases: pd.DataFrame) -> Floats:
        links, ports = self.region.sea_links, self.region.ports
        if not len(links) and len(bases) and len(ports):
            links = sea_links(self.region)
        table = links.pivot_table(index="from_post_id", columns="to_port_id", values="length_km")
        table = table.reindex(index=bases["post_id"], columns=ports["port_id"])
        return np.asarray(table.to_numpy(float))

    def _xy(self, layer: str, ids: pd.Series) -> Floats:
        return self.land.nodes[["x", "y"]].to_numpy(float)[self.land.node_of(layer, ids)]

    def _demand_xy(self) -> Floats:
        return self.land.nodes[["x", "y"]].to_numpy(float)[self.demand_node]


def ambulance_min(
    region: Region,
    land: LandNetwork,
    parameters: Parameters,
    sources: Ints,
    targets: Ints,
    condition: Condition,
) -> Floats:
    """Return an ambulance's travel minutes from each source to each target node, NaN where none."""
    if condition.when_min is None:
        return travel_time.matrix(land.under(condition).graph, sources, targets)
    return timed(region, land, parameters, sources, targets, condition).matrix()


def timed(
    region: Region,
    land: LandNetwork,
    parameters: Parameters,
    sources: Ints,
    targets: Ints,
    condition: Condition,
) -> Timetable:
    """Return the travel times of ambulances that turn out after a call at the condition's time."""
    ready = parameters.clock.before_dispatch_min() + parameters.ambulance.turnout_min
    return Timetable(
        land.under(condition),
        region.ferries,
        parameters,
        sources=sources,
        targets=targets,
        depart_min=(condition.when_min or 0.0) + ready,
    )


def sea_links(region: Region, *, cell_m: float = 300.0) -> pd.DataFrame:
    """Return the paths over water from each boat base to each port, for a region that lacks them.

    Columns as the layer ``sea_links``. The lattice is coarser than in the embedded region, so that
    this takes seconds; straits narrower than about two cells count as closed.
    """
    bases = region.posts[region.posts["vehicles"].fillna("").str.contains("boat")]
    ports = region.ports
    if not len(bases) or not len(ports):
        return pd.DataFrame({"from_post_id": [], "to_port_id": [], "length_km": []})
    land = region.islands.to_crs(region.metric_crs).union_all()
    start, goal = (
        shapely.get_coordinates(t.to_crs(region.metric_crs).geometry) for t in (bases, ports)
    )
    found = searoute.paths(land, start, goal, cell_m=cell_m)
    base_id, port_id = bases["post_id"].tolist(), ports["port_id"].tolist()
    return pd.DataFrame(
        [
            {"from_post_id": base_id[i], "to_port_id": port_id[j], "length_km": path.length_km}
            for (i, j), path in sorted(found.items())
        ]
    )


def _flight_min(origin: Floats, target: Floats, cruise_kmh: float) -> Floats:
    offset = origin[:, None, :] - target[None, :, :]
    return np.asarray(np.hypot(offset[..., 0], offset[..., 1]) / 1000.0 / cruise_kmh * 60.0)


def _min_plus(first: Floats, then: Floats) -> tuple[Floats, Ints]:
    """Return min over k of ``first[i, k] + then[k, j]``, NaN where no k joins, and the k itself."""
    best_min = np.full((first.shape[0], then.shape[1]), np.inf)
    which = np.full(best_min.shape, _NOWHERE)
    a, b = (np.where(np.isnan(x), np.inf, x) for x in (first, then))
    for k in range(first.shape[1]):
        total = a[:, k, None] + b[None, k, :]
        better = total < best_min
        best_min[better], which[better] = total[better], k
    return np.where(np.isfinite(best_min), best_min, np.nan), which


def _stacked(parts: Sequence[Options]) -> Options:
    return Options(
        pd.concat([p.table for p in parts], ignore_index=True),
        np.vstack([p.response_min for p in parts]),
        np.concatenate([p.prepare_min for p in parts]),
        np.concatenate([p.crew_post for p in parts]),
        np.concatenate([p.crew_road_min for p in parts]),
        np.vstack([p.via for p in parts]),
        np.vstack([p.sea_km for p in parts]),
    )
