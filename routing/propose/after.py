"""What a plan gives, by the response model itself: closed posts are gone, with their crews."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from geodata.region import Region
from routing.brief.state import VARIANTS, State, respond, seen_as
from routing.config import Parameters
from routing.land_network import LandNetwork
from routing.propose.columns import Columns, Floats, new_minutes
from routing.propose.conditions import Held
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
    """Responses before and after a plan, minutes, shape (demand points,) each; NaN unreachable."""

    before_min: Floats
    after_min: Floats


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
        name: Change(before.best.response_min, _with_new(world, states[name], result))
        for name, before in world.before.items()
    }


def variants(world: World, result: SitingResult) -> dict[str, Change]:
    """Return the same under other views of which posts and vehicles count (first condition)."""
    state, closed = world.before[world.first.name], closed_ids(world, result)
    left = replace(state, region=_without(world.region, closed))
    found = {}
    for name in VARIANTS:
        today = seen_as(state, name)
        then = seen_as(left, name) if closed else today
        found[name] = Change(today.best.response_min, _with_new(world, then, result))
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
