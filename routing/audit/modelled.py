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
        others: the same of posts that send no ambulance.
        counted: whether a post counts in the headline (confirmed or assumed), shape (posts,).
        is_open: whether a post is open in each hour of the day, shape (24, posts).
        hour_class: class of each hour of the day, shape (24,).
        travel_s: whole seconds from each post to each node, -1 for no way, shape (classes, posts,
            nodes).
        by_ferry: whether that way takes a ferry (all hours alike), shape (posts, nodes).
        order: posts by rising travel time, then by code, shape (classes, nodes, posts).
        mass_of_post: landmass of each post, -1 off the region, shape (posts,).
        mass_of_island: landmass by island id.
    """

    post_ids: tuple[str, ...]
    names: Mapping[str, int]
    others: Mapping[str, int]
    counted: NDArray[np.bool_]
    is_open: NDArray[np.bool_]
    hour_class: NDArray[np.int8]
    travel_s: NDArray[np.int32]
    by_ferry: NDArray[np.bool_]
    order: NDArray[np.int16]
    mass_of_post: NDArray[np.int32]
    mass_of_island: Mapping[str, int]

    @classmethod
    def of(cls, region: Region, land: LandNetwork, parameters: Parameters) -> Modelled:
        """Return the modelled times of a region in calm weather.

        Args:
            region: a valid region.
            land: its ambulance network, at no hour of its own.
            parameters: the response model; its start stamp is the audit's.
        """
        crewed = region.posts["vehicles"].fillna("").str.split(";")
        crewed = crewed.map(lambda kinds: "ambulance" in kinds).astype(bool)
        posts = region.posts[crewed].reset_index(drop=True)
        nodes = land.node_of("posts", posts["post_id"])
        classes, hour_class = hour_classes(land, parameters)
        travel_s = np.stack([_seconds(at.graph, nodes) for at in classes])
        on_roads = _seconds(classes[0].without_ferries(), nodes)
        masses = _masses(region)
        hours = [[response.is_open(h, 60.0 * k + 30.0) for h in posts["hours"]] for k in range(24)]
        return cls(
            tuple(posts["post_id"]),
            _names(posts),
            _names(region.posts[~crewed]),
            _counted(posts, parameters),
            np.array(hours, dtype=bool).reshape(24, len(posts)),
            hour_class,
            travel_s,
            (on_roads < 0) | (on_roads > travel_s[0]),
            _order(travel_s),
            np.array([masses.get(i, UNKNOWN) for i in posts["island_id"]], np.int32),
            masses,
        )

    def match(self, names: Iterable[str | None]) -> NDArray[np.int32]:
        """Return the code of the post that each recorded name means, -1 where none does."""
        return np.array([_code(self.names, name) for name in names], np.int32)

    def sends_others(self, name: str | None) -> bool:
        """Return whether a recorded name means a post of boats or helicopters alone."""
        return _code(self.others, name) >= 0


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


def _names(posts: pd.DataFrame) -> dict[str, int]:
    """Return the names that mean one post each: ids first, then full names, then shorter forms."""
    code = {str(post_id): k for k, post_id in enumerate(posts["post_id"])}
    found = {plain(post_id): k for post_id, k in code.items()}
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


def _code(names: Mapping[str, int], name: str | None) -> int:
    """Return the code that a recorded name has among `names` in any form of it, -1 if none."""
    codes = (names.get(form, UNKNOWN) for form in _forms(name)) if name else iter(())
    return next((code for code in codes if code >= 0), UNKNOWN)


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
