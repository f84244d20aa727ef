"""What the next single site of each kind buys, in each condition and per cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from routing.brief.state import State
from routing.propose import columns
from routing.propose.after import World
from routing.propose.columns import Columns, Floats, Ints
from routing.propose.conditions import OVERALL
from routing.propose.given import KINDS
from routing.propose.request import Request

COLUMNS = (
    "condition", "kind", "best_for", "id", "name_zh", "name_en", "island_id", "island_zh",
    "cost", "candidates", "saved_call_min_per_year", "saved_call_min_per_cost", "mean_fall_min",
    "newly_reached_population", "newly_reached_calls_per_year", "newly_reached_per_cost",
)  # fmt: skip


@dataclass(frozen=True)
class Gains:
    """What each of some sites would give by itself, shape (sites,) each.

    Attributes:
        saved: call-minutes a year, over those who are reached today.
        people: residents who are reached for the first time.
        calls: their calls a year.
        reached_calls: calls a year that are reached today.
    """

    saved: Floats
    people: Floats
    calls: Floats
    reached_calls: float


def table(world: World, request: Request) -> pd.DataFrame:
    """Return the best single new site of each kind, in each condition and over all of them.

    Each site is added alone to the posts of today. ``saved = sum over calls c_i (before_i -
    after_i)`` counts those who are reached today, in call-minutes a year as if the condition held
    all year; over all conditions it is weighed by their shares, and so are residents. Whoever is
    reached for the first time has no minutes to compare and is counted beside, so each kind has
    up to two rows: the site that saves most per cost (`best_for` ``minutes``) and, where any
    reaches somebody new, the one that reaches most residents per cost (``reach``).

    Args:
        world: the region and its conditions.
        request: candidates, sources and costs are taken from it; its kinds are not.

    Returns:
        Rows with `COLUMNS`; `id` is blank where no site of the kind gives anything.
    """
    sites = _sites(world, request)
    number = np.flatnonzero(~sites.table["existing"]).astype(np.int64)
    gains = {one.name: gains_of(world.states[one.name], sites, number) for one in world.held}
    if len(gains) > 1:
        gains[OVERALL] = _weighed(gains, world.shares)
    else:
        gains = {OVERALL: next(iter(gains.values())), **gains}
    names = world.region.islands.set_index("island_id")["name_zh"]
    new = sites.table.iloc[number].reset_index(drop=True)
    new = new.assign(island_zh=new["island_id"].map(names))
    rows = [
        {"condition": condition, **row}
        for condition, found in gains.items()
        for row in _rows(new, found)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def gains_of(state: State, sites: Columns, number: Ints) -> Gains:
    """Return what each new site would give by itself under one condition.

    Args:
        state: today's responses.
        sites: the sites.
        number: places of new ones in their table.
    """
    before = state.best.response_min[:, None]
    calls, people = (
        state.demand[c].to_numpy(float)[:, None] for c in ("calls_per_year", "population")
    )
    after = columns.new_minutes(sites, state, number)
    first = np.isnan(before) & ~np.isnan(after)
    gain = np.nan_to_num(np.maximum(before - after, 0.0))
    return Gains(
        saved=(gain * calls).sum(axis=0),
        people=(first * people).sum(axis=0),
        calls=(first * calls).sum(axis=0),
        reached_calls=float(calls[~np.isnan(before)].sum()),
    )


def _sites(world: World, request: Request) -> Columns:
    """Return every candidate of every kind."""
    every = {} if request.candidates is not None else dict.fromkeys(KINDS)
    asked = Request(
        candidates=request.candidates,
        coordinates=request.coordinates,
        sources=request.sources,
        lattice_km=request.lattice_km,
        costs=request.costs,
    )
    return columns.build(world.region, world.land, world.parameters, replace(asked, kinds=every))


def _weighed(gains: dict[str, Gains], shares: dict[str, float]) -> Gains:
    parts = [(shares[name], one) for name, one in gains.items() if shares[name] > 0]
    return Gains(
        saved=np.sum([share * one.saved for share, one in parts], axis=0),
        people=np.sum([share * one.people for share, one in parts], axis=0),
        calls=np.sum([share * one.calls for share, one in parts], axis=0),
        reached_calls=sum(share * one.reached_calls for share, one in parts),
    )


def _rows(new: pd.DataFrame, gains: Gains) -> Iterator[dict[str, Any]]:
    cost = new["cost"].to_numpy(float)
    for kind in KINDS:
        mine = np.flatnonzero((new["facility"] == kind).to_numpy())
        if not len(mine):
            continue
        for best_for, value in (("minutes", gains.saved), ("reach", gains.people)):
            # Of equally good sites the first counts; one without cost goes before all others.
            worth = value[mine] / np.maximum(cost[mine], 1e-9)
            best = int(mine[worth.argmax()])
            if value[best] > 0:
                yield _row(new.iloc[best], best_for, best, len(mine), gains)
            elif best_for == "minutes":
                nothing = {"saved_call_min_per_year": 0.0, "newly_reached_population": 0.0}
                yield {"kind": kind, "best_for": best_for, "candidates": len(mine), **nothing}


def _row(
    site: pd.Series, best_for: str, place: int, candidates: int, gains: Gains
) -> dict[str, Any]:
    cost, saved = float(site["cost"]), float(gains.saved[place])
    people = float(gains.people[place])
    named = {name: site[name] for name in ("id", "name_zh", "name_en", "island_id", "island_zh")}
    reached = gains.reached_calls
    return {
        "kind": site["facility"],
        "best_for": best_for,
        **named,
        "cost": cost,
        "candidates": candidates,
        "saved_call_min_per_year": saved,
        "saved_call_min_per_cost": saved / cost if cost > 0 else np.nan,
        "mean_fall_min": saved / reached if reached > 0 else np.nan,
        "newly_reached_population": people,
        "newly_reached_calls_per_year": float(gains.calls[place]),
        "newly_reached_per_cost": people / cost if cost > 0 else np.nan,
    }
