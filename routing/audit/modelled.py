"""What the model says of recorded calls: travel from the post that went and from the nearest one.

Times of ambulances from every post to every road node are worked out once for each set of hours
with the same speeds, in whole seconds; a call then costs one look-up. Ferries count with their mean
wait at any hour, so crossings at night look easier than they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata import landmass
from geodata.region import Region
from routing import mutual_aid, response, travel_time
from routing.audit.place_names import plain
from routing.conditions import Condition
from routing.config import Parameters, Traffic
from routing.land_network import LandNetwork
from routing.network import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNKNOWN: Final = -1
VEHICLE_CLASSES: Final = ("ambulance", "boat", "helicopter")
_AFLOAT = ("船", "艇", "轮渡", "boat", "ship", "ferry", "vessel")
_ALOFT = ("直升", "飞机", "航空", "helicopter", "aircraft", "heli")
_BRACKETS = re.compile(r"[(（\[【].*?[)）\]】]")


def vehicle_class(text: str | None) -> int:
    """Return what kind of vehicle a recorded kind or name means: a place in `VEHICLE_CLASSES`.

    Blank counts as an ambulance, which all but few vehicles are.

    Example:
        >>> [vehicle_class(t) for t in ("救护车", "急救船", "直升机", None)]
        [0, 1, 2, 0]
    """
    name = plain(text or "")
    if any(word in name for word in _ALOFT):
        return 2
    return 1 if any(word in name for word in _AFLOAT) else 0


@dataclass(frozen=True, eq=False)
class Modelled:
    """Modelled minutes of a region; picklable.

    Attributes:
        post_ids: posts that send ambulances, of any evidence; a post's code is its place here.
        names: plain names and ids of these posts to their codes.
        counted: whether a post counts in the headline (confirmed or assumed), shape (posts,).
        is_open: whether a post is open in each hour of the day, shape (24, posts).
        hour_class: class of each hour of the day, shape (24,).
        travel_s: whole seconds from each post to each node, -1 for no way, shape (classes, posts,
            nodes).
        by_ferry: whether that way takes a ferry (all hours alike), shape (posts, nodes).
        order: posts by rising travel time, then by code, shape (classes, nodes, posts).
        mass_of_post: landmass of each post, -1 off the region, shape (posts,).
        mass_of_island: landmass by island id.
        best_response_s: response by the fastest vehicle of a counted post with a free crew to each
            demand point in each hour, -1 for none, shape (24, demand points).
        best_option: its place in `best_posts`, -1 for none, same shape.
        best_posts: post id and vehicle of each option.
    """

    post_ids: tuple[str, ...]
    names: Mapping[str, int]
    counted: NDArray[np.bool_]
    is_open: NDArray[np.bool_]
    hour_class: NDArray[np.int8]
    travel_s: NDArray[np.int32]
    by_ferry: NDArray[np.bool_]
    order: NDArray[np.int16]
    mass_of_post: NDArray[np.int32]
    mass_of_island: Mapping[str, int]
    best_response_s: NDArray[np.int32]
    best_option: NDArray[np.int16]
    best_posts: tuple[tuple[str, str], ...]

    @classmethod
    def of(
        cls,
        region: Region,
        land: LandNetwork,
        parameters: Parameters,
        *,
        aliases: Mapping[str, str] | None = None,
    ) -> Modelled:
        """Return the modelled times of a region in calm weather.

        Args:
            region: a valid region.
            land: its ambulance network, at no hour of its own.
            parameters: the response model; its start stamp is the audit's.
            aliases: further names of posts, by name to `post_id`.
        """
        posts = region.posts
        crewed = posts["vehicles"].fillna("").str.split(";").map(lambda v: "ambulance" in v)
        posts = posts[crewed.astype(bool)].reset_index(drop=True)
        nodes = land.node_of("posts", posts["post_id"])
        classes, hour_class = hour_classes(land, parameters)
        travel_s = np.stack([_seconds(at.graph, nodes) for at in classes])
        on_roads = _seconds(classes[0].without_ferries(), nodes)
        masses = _masses(region)
        best_s, option, table = _best(region, classes, parameters, hour_class)
        hours = [[response.is_open(h, 60.0 * k + 30.0) for h in posts["hours"]] for k in range(24)]
        return cls(
            tuple(posts["post_id"]),
            _names(posts, aliases or {}),
            _counted(posts, parameters),
            np.array(hours, dtype=bool).reshape(24, len(posts)),
            hour_class,
            travel_s,
            (on_roads < 0) | (on_roads > travel_s[0]),
            _order(travel_s),
            np.array([masses.get(i, UNKNOWN) for i in posts["island_id"]], np.int32),
            masses,
            best_s,
            option,
            table,
        )

    def match(self, names: Iterable[str | None]) -> NDArray[np.int32]:
        """Return the code of the post that each recorded name means, -1 where none does."""
        return np.array([self._code(name) for name in names], np.int32)

    def _code(self, name: str | None) -> int:
        if not name:
            return UNKNOWN
        for form in _forms(name):
            if (code := self.names.get(form, UNKNOWN)) >= 0:
                return code
        return UNKNOWN

    def travel_seconds(self, post: Ints, node: Ints, hour: Ints) -> NDArray[np.int32]:
        """Return modelled travel by ambulance, whole seconds; -1 where unknown or without a way.

        Args:
            post: post codes, -1 for unknown, shape (n,).
            node: road nodes, -1 for unknown, shape (n,).
            hour: hours of the day of the calls, 0 to 23, shape (n,).
        """
        if not len(self.post_ids):
            return np.full(len(post), UNKNOWN, np.int32)
        known = (post >= 0) & (node >= 0)
        found = self.travel_s[
            self.hour_class[hour], np.where(known, post, 0), np.where(known, node, 0)
        ]
        return np.where(known, found, UNKNOWN).astype(np.int32)

    def travel_min(
        self, post: Sequence[str | None], node: Ints, hour: Ints, vehicle_kind: Sequence[str | None]
    ) -> Floats:
        """Return modelled travel, minutes; NaN where unknown, without a way, or no ambulance.

        Args:
            post, vehicle_kind: as recorded, shape (n,).
            node: road nodes, -1 for unknown, shape (n,).
            hour: hours of the day, shape (n,).
        """
        seconds = self.travel_seconds(self.match(post).astype(np.int64), node, hour)
        driven = np.array([vehicle_class(kind) == 0 for kind in vehicle_kind], dtype=bool)
        return np.where(driven & (seconds >= 0), seconds / 60.0, np.nan)

    def best(self, demand_row: Ints, hour: Ints) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
        """Return the modelled response (seconds) and option of calls at demand points, -1 for none.

        Args:
            demand_row: rows of the layer ``demand``, -1 for unknown, shape (n,).
            hour: hours of the day, shape (n,).
        """
        known = demand_row >= 0
        row = np.where(known, demand_row, 0)
        seconds = np.where(known, self.best_response_s[hour, row], UNKNOWN).astype(np.int32)
        return seconds, np.where(known, self.best_option[hour, row], UNKNOWN).astype(np.int16)


def hour_classes(
    land: LandNetwork, parameters: Parameters
) -> tuple[list[LandNetwork], NDArray[np.int8]]:
    """Return the network at each set of speeds of the day, and which one each hour has."""
    used = sorted(c for c in land.edges["road_class"].dropna().unique() if c)
    keys = [_speeds(parameters.traffic, used, hour) for hour in range(24)]
    first = list(dict.fromkeys(keys))
    networks = [land.at_hour(keys.index(key), parameters) for key in first]
    return networks, np.array([first.index(key) for key in keys], np.int8)


def _speeds(traffic: Traffic, classes: Sequence[str], hour: int) -> tuple[float, ...]:
    return tuple(traffic.factor(name, hour) for name in classes)


def _seconds(network: Network, posts: Ints) -> NDArray[np.int32]:
    """Return whole seconds from each post to every node, -1 for no way, shape (posts, nodes)."""
    minutes = travel_time.matrix(network, posts, np.arange(network.n_nodes))
    return np.where(np.isnan(minutes), UNKNOWN, np.rint(minutes * 60.0)).astype(np.int32)


def _order(travel_s: NDArray[np.int32]) -> NDArray[np.int16]:
    last = np.where(travel_s < 0, np.iinfo(np.int32).max, travel_s)
    order = np.argsort(last, axis=1, kind="stable").astype(np.int16)
    return np.ascontiguousarray(order.transpose(0, 2, 1))


def _counted(posts: pd.DataFrame, parameters: Parameters) -> NDArray[np.bool_]:
    """Return whether each post counts: those outside the region only where the parameters say."""
    sends = posts["evidence"].isin(("confirmed", "assumed")).to_numpy(bool)
    return sends & (mutual_aid.crews_respond(parameters) | ~mutual_aid.outside(posts))


def _masses(region: Region) -> dict[str, int]:
    islands = region.islands
    names = islands["landmass_id"]
    if names.isna().any():
        names = landmass.assign(islands, region.roads)
    number = {name: k for k, name in enumerate(sorted(set(names)))}
    return {i: number[m] for i, m in zip(islands["island_id"], names, strict=True)}


def _best(
    region: Region,
    classes: Sequence[LandNetwork],
    parameters: Parameters,
    hour_class: NDArray[np.int8],
) -> tuple[NDArray[np.int32], NDArray[np.int16], tuple[tuple[str, str], ...]]:
    """Return the best response to each demand point by hour, and by whom."""
    demand = len(region.demand)
    best_s = np.full((24, demand), UNKNOWN, np.int32)
    option = np.full((24, demand), UNKNOWN, np.int16)
    table: dict[tuple[str, str], int] = {}
    seen: dict[tuple[object, ...], int] = {}
    for hour in range(24):
        light = parameters.helicopter.daylight_at(60.0 * hour + 30.0)
        shut = [h for h in region.posts["hours"] if not response.is_open(h, 60.0 * hour + 30.0)]
        key = (int(hour_class[hour]), light, *sorted(map(str, shut)))
        if key in seen:
            best_s[hour], option[hour] = best_s[seen[key]], option[seen[key]]
            continue
        seen[key] = hour
        is_open = [response.is_open(h, 60.0 * hour + 30.0) for h in region.posts["hours"]]
        running = region.replace(posts=region.posts[np.array(is_open, dtype=bool)])
        found = response.options(
            running, classes[hour_class[hour]], parameters, condition=Condition(daylight=light)
        )
        choice = response.best(found)
        minutes = choice.response_min
        best_s[hour] = np.where(np.isnan(minutes), UNKNOWN, np.rint(minutes * 60.0))
        pairs = list(zip(found.table["post_id"], found.table["vehicle"], strict=True))
        codes = [table.setdefault((str(p), str(v)), len(table)) for p, v in pairs] + [UNKNOWN]
        option[hour] = np.array(codes, np.int16)[choice.option]
    return best_s, option, tuple(table)


def _names(posts: pd.DataFrame, aliases: Mapping[str, str]) -> dict[str, int]:
    """Return the names that mean one post each: ids first, then full names, then shorter forms."""
    code = {str(post_id): k for k, post_id in enumerate(posts["post_id"])}
    found = {plain(post_id): k for post_id, k in code.items()}
    found |= {plain(name): code[post_id] for name, post_id in aliases.items() if post_id in code}
    for level in range(4):
        claims: dict[str, set[int]] = {}
        for k, names in enumerate(zip(posts["name_zh"], posts["name_en"], strict=True)):
            for name in names:
                if isinstance(name, str):
                    forms = _forms(name)
                    claims.setdefault(forms[min(level, len(forms) - 1)], set()).add(k)
        for form, claimants in claims.items():
            if len(claimants) == 1:
                found.setdefault(form, *claimants)
    return found


def _forms(name: str) -> list[str]:
    """Return a name as it stands, without what is in brackets, the city before it, and 区 and 县.

    Example:
        >>> _forms("舟山市普陀区急救站（分中心）")
        ['舟山市普陀区急救站(分中心)', '舟山市普陀区急救站', '普陀区急救站', '普陀急救站']
    """
    full = plain(name)
    bare = plain(_BRACKETS.sub("", name)) or full
    city = bare.find("市")
    local = bare[city + 1 :] if 0 < city < len(bare) - 2 else bare
    return [full, bare, local, local.replace("区", "").replace("县", "") or local]


def with_start(parameters: Parameters, start_stamp: str) -> Parameters:
    """Return the parameters with the audit's start stamp, so that both clocks start alike."""
    return replace(parameters, clock=replace(parameters.clock, start_stamp=start_stamp))
