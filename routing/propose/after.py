"""What a plan gives, by the response model itself: closed posts are gone, with their crews."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from geodata.region import Region
from routing.brief.state import VARIANTS, State, respond, seen_as
from routing.config import Parameters
from routing.land_network import LandNetwork
from routing.propose.columns import Columns, Floats, new_minutes
from routing.propose.conditions import Held
from routing.propose.kinds import VEHICLES
from routing.siting.result import SitingResult


@dataclass(frozen=True)
class World:
    """The region under the request's conditions.

    Attributes:
        region, land, parameters: as given.
        held: the conditions; the first is the one that maps show.
        columns: the sites.
        before: today's responses by condition.
        states: the same without the posts that are closed beforehand.
    """

    region: Region
    land: LandNetwork
    parameters: Parameters
    held: list[Held]
    columns: Columns
    before: dict[str, State]
    states: dict[str, State]

    @property
    def first(self) -> Held:
        """The condition that maps and tables show."""
        return self.held[0]

    @property
    def strict(self) -> bool:
        """Whether nobody may be given up for a mean: `routing.statistics.verdict` has why."""
        return not self.parameters.target.unreachable_share > 0

    @property
    def shares(self) -> dict[str, float]:
        """Weight of each condition, in all 1."""
        total = sum(one.share for one in self.held)
        return {one.name: one.share / total for one in self.held}


@dataclass(frozen=True)
class Change:
    """Responses before and after a plan, minutes, shape (demand points,) each; NaN unreachable.

    Attributes:
        before_min, after_min: the fastest response to each demand point.
        left: the responses of the posts that stay.
    """

    before_min: Floats
    after_min: Floats
    left: State


def world(
    region: Region,
    parameters: Parameters,
    land: LandNetwork,
    held: list[Held],
    columns: Columns,
) -> World:
    """Return the region with the responses of today under every condition."""
    table = columns.table
    shut = table.loc[table["forbidden"] & table["existing"], "id"].tolist()
    before = {one.name: _respond(region, parameters, land, one) for one in held}
    states = before
    if shut:
        open_ = _without(region, shut)
        states = {one.name: _respond(open_, parameters, land, one) for one in held}
    return World(region, land, parameters, held, columns, before, states)


def closed_ids(world: World, result: SitingResult) -> list[str]:
    """Return the ids of the posts of today that are closed with an answer, or beforehand."""
    table = world.columns.table
    shut = np.flatnonzero(table["forbidden"] & table["existing"])
    gone = np.union1d(shut, result.closed_sites).astype(np.int64)
    return table["id"].iloc[gone].tolist()


def changes(world: World, result: SitingResult) -> dict[str, Change]:
    """Return what an answer changes under each condition; without an answer nothing but closures.

    Closing a post may leave a boat elsewhere without its crew, so responses are computed anew.
    """
    states = world.states
    if result.is_answer and len(result.closed_sites):
        region = _without(world.region, closed_ids(world, result))
        states = {
            one.name: _respond(region, world.parameters, world.land, one) for one in world.held
        }
    return {
        name: Change(before.best.response_min, _with_new(world, states[name], result), states[name])
        for name, before in world.before.items()
    }


def demand(world: World, change: Change, result: SitingResult) -> pd.DataFrame:
    """Return the demand table after a plan: its responses, vehicles and posts.

    A new helipad sends nobody by itself: where one is landed on, `post_zh` and `post_en` are None.

    Args:
        world: the region and its sites.
        change: what the plan comes to under one condition.
        result: the plan.
    """
    table, left = world.columns.table, change.left
    new = new_minutes(world.columns, left, result.new_sites)
    sooner = np.where(np.isnan(new), np.inf, new)
    soonest = np.where(np.isnan(left.best.response_min), np.inf, left.best.response_min)
    told = left.demand.assign(response_min=change.after_min)
    for place, site in enumerate(result.new_sites):
        mine = sooner[:, place] < soonest
        soonest = np.minimum(soonest, sooner[:, place])
        row = table.iloc[site]
        told.loc[mine, "vehicle"] = VEHICLES[row["facility"]]
        own = row["facility"] != "helipad"
        for column, value in (("post_id", "id"), ("post_zh", "name_zh"), ("post_en", "name_en")):
            told.loc[mine, column] = row[value] if own else None
    return told


def variants(world: World, result: SitingResult) -> dict[str, Change]:
    """Return the same under other views of which posts and vehicles count (first condition)."""
    state, closed = world.before[world.first.name], closed_ids(world, result)
    left = replace(state, region=_without(world.region, closed))
    found = {}
    for name in VARIANTS:
        today = seen_as(state, name)
        then = seen_as(left, name) if closed else today
        found[name] = Change(today.best.response_min, _with_new(world, then, result), then)
    return found


def _with_new(world: World, state: State, result: SitingResult) -> Floats:
    new = new_minutes(world.columns, state, result.new_sites)
    every = np.column_stack([state.best.response_min, new])
    return np.asarray(np.fmin.reduce(every, axis=1))


def _respond(region: Region, parameters: Parameters, land: LandNetwork, one: Held) -> State:
    if one.condition.when_min is not None:
        land = land.at_hour(int(one.condition.when_min // 60) % 24, parameters)
    return respond(region, parameters, land.under(one.condition), one.condition)


def _without(region: Region, closed: list[str]) -> Region:
    if not closed:
        return region
    posts = region.posts
    return region.replace(posts=posts[~posts["post_id"].isin(closed)].reset_index(drop=True))
