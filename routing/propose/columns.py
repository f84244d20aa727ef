"""The sites that a proposal chooses from, and the minutes from each to each demand point."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.errors import Fault, InputError, NoAnswerError
from geodata.names import latin
from geodata.region import Region
from routing.brief.state import HEADLINE, State
from routing.config import Parameters
from routing.land_network import LandNetwork
from routing.propose import given, kinds
from routing.propose.conditions import Held
from routing.propose.request import Request
from routing.siting import candidates
from routing.siting.problem import SitingProblem

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_EVERY = "all"
_NAMED = 6


@dataclass(frozen=True)
class Columns:
    """The sites of a problem, existing ones first.

    Attributes:
        table: one row a site, in the order of the problem's sites: `id`, `name_zh`, `name_en`,
            `facility` (kind of site: one of `KINDS` of `routing.propose.given`, or ``air_base``),
            `kind` (what stands there),
            `island_id`, `county`, `lon`, `lat`, `node`, `access_min`, `cost`, `crews`, and the
            flags `existing`, `closable`, `movable`, `required`, `forbidden`.
        sea_km: shape (sites, ports), path over water from each new berth; NaN for other sites.
    """

    table: pd.DataFrame
    sea_km: Floats

    @property
    def candidates(self) -> pd.DataFrame:
        """Sites that are not there today."""
        return self.table[~self.table["existing"]]

    def index_of(self, ids: Sequence[str]) -> list[int]:
        """Return the places of sites in the table."""
        place = {site: i for i, site in enumerate(self.table["id"])}
        return [place[site] for site in ids]


def build(region: Region, land: LandNetwork, parameters: Parameters, request: Request) -> Columns:
    """Return the sites that a request is about.

    Raises:
        InputError: if an id is taken or unknown, or an option does not fit the site or county it
            names.
        NoAnswerError: if there is no candidate at all.
    """
    new = _candidates(region, land, parameters, request)
    if not len(new):
        raise NoAnswerError("propose.no_candidates")
    posts = _posts(region, land)
    taken = sorted(set(posts["id"]) & set(new["id"]))
    if taken:
        raise InputError([Fault("propose_id_taken", "--candidates", site) for site in taken])
    cost = posts["facility"].map(lambda kind: request.cost_of(kind, parameters)).astype(float)
    table = pd.concat([posts.assign(cost=cost), new], ignore_index=True)
    table["county"] = _counties(region, table)
    table["name_en"] = [
        en if isinstance(en, str) else latin(str(zh))
        for zh, en in zip(table["name_zh"], table["name_en"], strict=True)
    ]
    return Columns(_fated(table, request), kinds.sea_km(region, land, table))


def problem(
    columns: Columns,
    states: dict[str, State],
    held: list[Held],
    request: Request,
) -> SitingProblem:
    """Return the siting problem across conditions.

    Args:
        columns: the sites.
        states: by condition: today's responses, of the posts that are not closed beforehand.
        held: the conditions.
        request: rules for the sites.
    """
    table, exclusive = columns.table, [columns.index_of(group) for group in request.exclusive]
    flags = {
        name: np.flatnonzero(table[name]).tolist()
        for name in ("existing", "closable", "movable", "required", "forbidden")
    }
    limits = {kind: most for kind, most in request.kinds.items() if most is not None}
    by_condition = {
        one.name: SitingProblem.from_matrix(
            minutes(columns, states[one.name]),
            weights=states[one.name].demand["calls_per_year"].to_numpy(float),
            zones=states[one.name].demand["zone"].tolist(),
            islands=states[one.name].demand["island_id"].tolist(),
            site_costs=table["cost"].to_numpy(float),
            kinds=table["facility"].tolist(),
            areas=table["county"].fillna("").tolist(),
            crews=table["crews"].tolist(),
            exclusive=exclusive,
            budget=request.budget,
            max_new_by_kind=limits,
            min_new_by_area=dict(request.min_new_by_county),
            **flags,  # type: ignore[arg-type]
        )
        for one in held
    }
    if len(by_condition) == 1:  # to hold in it by itself asks nothing more then
        return by_condition[held[0].name]
    return SitingProblem.across(
        by_condition,
        shares={one.name: one.share for one in held},
        must_hold=[one.name for one in held if one.must_hold],
    )


def minutes(columns: Columns, state: State) -> Floats:
    """Return the response from each site to each demand point, shape (demand, sites).

    That of an existing post is the fastest of its vehicles under the state's condition; that of a
    new one by what its kind sends.
    """
    table, n = columns.table, len(state.demand)
    found = np.full((n, len(table)), np.nan)
    place = {post: i for i, post in enumerate(table["id"]) if table["existing"].iloc[i]}
    for row, post in enumerate(state.options.table["post_id"]):
        if post in place:
            column = found[:, place[post]]
            found[:, place[post]] = np.fmin(column, state.options.response_min[row])
    new = np.flatnonzero(~table["existing"])
    found[:, new] = new_minutes(columns, state, new)
    return found


def new_minutes(columns: Columns, state: State, sites: Ints) -> Floats:
    """Return the response from some new sites to each demand point, shape (demand, new sites)."""
    table = columns.table.iloc[sites]
    found = np.full((len(state.demand), len(sites)), np.nan)
    for facility in given.KINDS:
        mine = np.flatnonzero(table["facility"] == facility)
        if len(mine):
            sea_km = columns.sea_km[sites[mine]]
            found[:, mine] = kinds.response_min(facility, table.iloc[mine], sea_km, state).T
    return found


def _candidates(
    region: Region, land: LandNetwork, parameters: Parameters, request: Request
) -> pd.DataFrame:
    if request.candidates is not None:
        table = given.read(
            request.candidates, region, land, parameters, coordinates=request.coordinates
        )
        table = table[table["facility"].isin(request.wanted)]
    else:
        table = _generated(region, land, request)
    costs = table["facility"].map(lambda kind: request.cost_of(kind, parameters)).astype(float)
    cost = table["cost"].fillna(costs) if "cost" in table else costs
    return table.assign(cost=cost, crews=1, existing=False)


def _generated(region: Region, land: LandNetwork, request: Request) -> pd.DataFrame:
    counted = region.posts.loc[region.posts["evidence"].isin(HEADLINE), "post_id"]
    frames = []
    if "ambulance_post" in request.wanted:
        lattice_m = None if request.lattice_km is None else 1000.0 * request.lattice_km
        posts = candidates.ambulance_posts(
            region, land, counted=counted, sources=request.sources, lattice_m=lattice_m
        )
        frames.append(posts.assign(facility="ambulance_post"))
    if "boat_berth" in request.wanted:
        frames.append(kinds.berths(region, land, counted).assign(facility="boat_berth"))
    if "helipad" in request.wanted:
        frames.append(kinds.pads(region, land).assign(facility="helipad"))
    table = pd.concat(frames, ignore_index=True)
    # One place may be a candidate of several kinds, and two layers may share an id: the later one
    # then says what it is.
    for column in ("facility", "layer"):
        twice = table["id"].duplicated() | table["id"].isin(counted)
        if twice.any():
            table.loc[twice, "id"] += "@" + table.loc[twice, column].astype(str)
    return table


def _posts(region: Region, land: LandNetwork) -> pd.DataFrame:
    posts = region.posts[region.posts["evidence"].isin(HEADLINE)]
    return pd.DataFrame(
        {
            "id": posts["post_id"].to_numpy(),
            "layer": "posts",
            "name_zh": posts["name_zh"].to_numpy(),
            "name_en": posts["name_en"].to_numpy(),
            "kind": posts["kind"].to_numpy(),
            "island_id": posts["island_id"].to_numpy(),
            "lon": posts.geometry.x.to_numpy(),
            "lat": posts.geometry.y.to_numpy(),
            "node": land.node_of("posts", posts["post_id"]),
            "access_min": 0.0,
            "facility": [_facility(vehicles) for vehicles in posts["vehicles"]],
            "crews": posts["vehicle_count"].fillna(1.0).clip(lower=1.0).astype(int).to_numpy(),
            "existing": True,
        }
    )


def _facility(vehicles: object) -> str:
    """Return the kind of new site that a post of today could be exchanged for."""
    running = str(vehicles).split(";")
    kinds = {"ambulance": "ambulance_post", "boat": "boat_berth"}
    return next((kind for vehicle, kind in kinds.items() if vehicle in running), "air_base")


def _counties(region: Region, table: pd.DataFrame) -> pd.Series:
    """Return the county of the nearest demand point of each site's island; blank off every one."""
    demand = region.demand
    lon, lat = demand.geometry.x.to_numpy(), demand.geometry.y.to_numpy()
    narrow = np.cos(np.radians(float(lat.mean()))) if len(lat) else 1.0
    found: list[object] = []
    for one in table.itertuples():
        here = np.flatnonzero((demand["island_id"] == one.island_id).to_numpy())
        if not len(here):
            found.append(None)
            continue
        away = np.hypot((lon[here] - one.lon) * narrow, lat[here] - one.lat)
        found.append(demand["county_zh"].iloc[int(here[away.argmin()])])
    return pd.Series(found, index=table.index, dtype=object)


def _fated(table: pd.DataFrame, request: Request) -> pd.DataFrame:
    """Set what is asked of single sites."""
    posts = table["existing"]
    named = {*request.keep, *request.close, *request.closable, *request.movable}
    rest = posts & ~table["id"].isin(named)
    kept, closed = table["id"].isin(request.keep), table["id"].isin(request.close)
    closable, movable = table["id"].isin(request.closable), table["id"].isin(request.movable)
    if _EVERY in request.closable:
        closable |= rest
    if _EVERY in request.movable:
        movable |= rest & table["facility"].isin(request.wanted)
    table = table.assign(
        required=kept & ~posts, forbidden=closed, closable=closable, movable=movable
    )
    faults = [*_unknown(table, request), *_unfit(table, request), *_unmet(table, request)]
    if faults:
        raise InputError(faults)
    return table


def _unknown(table: pd.DataFrame, request: Request) -> Iterator[Fault]:
    """Yield the ids and counties that there are not."""
    known = set(table["id"])
    for option, ids in (
        ("--keep", request.keep),
        ("--close", request.close),
        ("--closable", set(request.closable) - {_EVERY}),
        ("--movable", set(request.movable) - {_EVERY}),
        ("--exclusive", {site for group in request.exclusive for site in group}),
    ):
        for site in sorted(set(ids) - known):
            yield Fault("propose_no_such_site", option, site, _near(site, known))
    counties = sorted(set(table["county"].dropna()))
    for name in sorted(set(request.min_new_by_county) - set(counties)):
        yield Fault("not_a_choice", "--min-per-county", name, {"choices": ", ".join(counties)})


def _unfit(table: pd.DataFrame, request: Request) -> Iterator[Fault]:
    """Yield the sites that an option does not fit."""
    by_id = table.set_index("id")
    for option, ids in (("--closable", request.closable), ("--movable", request.movable)):
        for site in sorted(set(ids) & set(by_id.index)):
            if not by_id["existing"][site]:
                yield Fault("propose_not_a_post", option, site)
            elif option == "--movable" and by_id["facility"][site] not in request.wanted:
                params: dict[str, object] = {"kind": by_id["facility"][site]}
                yield Fault("propose_no_place_to_move", option, site, params)


def _unmet(table: pd.DataFrame, request: Request) -> Iterator[Fault]:
    """Yield the groups of sites that exclude each other although several stay open anyway."""
    changing = table["closable"] | table["movable"] | table["forbidden"]
    stays = set(table.loc[table["required"] | (table["existing"] & ~changing), "id"])
    for group in request.exclusive:
        both = sorted(set(group) & stays)
        if len(both) > 1:
            yield Fault("siting_exclusive_stay", "--exclusive", ", ".join(both))


def _near(site: str, known: set[str]) -> dict[str, object]:
    """Return known ids that look like `site`."""
    near = difflib.get_close_matches(site, sorted(known), n=_NAMED, cutoff=0.5)
    return {"near": ", ".join(near or sorted(known)[:_NAMED])}
