"""The toy archipelago as a siting problem, with candidates whose minutes can be worked out.

Beside those of `tests.routing.toy`, three candidates that a user brings:

* X1 beside D1: D1 in call handling 2 + turnout 2 = **4**, D2 in 4 + 7.8 = **11.8**
* X2 at port PB, beside D3: D3 in **4**
* X3 two kilometres from D1: 2 km x 1.3 at 30 km/h = 5.2 min more, D1 in **9.2**, D2 in **17**

Without its boat D3 waits for the helicopter: 2 + 25 + 25.676 km (6.419 min) + 6 + 5 + 3 =
**47.419**. Every demand point has 1000 residents and thus the same calls.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from geodata.region import Region
from routing import land_network, propose
from routing.config import Parameters
from routing.propose import Proposal, Request, columns
from routing.propose import after as after_plan
from routing.propose.conditions import Held
from routing.propose.plan import make
from routing.response import Condition
from tests.routing import toy

TODAY = {"D1": 13.0, "D2": 20.8, "D3": 42.0, "D4": 52.5434}
FLOWN_D3 = 47.41897
PLACES = {"X1": (10, 5), "X2": (30.5, 2), "X3": (12, 5)}
CALM = Held("calm@day", Condition())


def sheet(folder: Path, places: dict[str, Any] | None = None, **columns: Any) -> Path:
    """Write candidates as a CSV file; further columns by name."""
    places = PLACES if places is None else places
    spots = toy.points([{"id": key, "at": at} for key, at in places.items()])
    table = pd.DataFrame({"id": list(places), "lon": spots.geometry.x, "lat": spots.geometry.y})
    path = folder / "candidates.csv"
    table.assign(**columns).to_csv(path, index=False)
    return path


def with_counties() -> Region:
    """Return the toy with the county 甲县 on island A and 乙县 on the others."""
    demand = toy.archipelago().demand
    county = ["甲县" if island == "a" else "乙县" for island in demand["island_id"]]
    return toy.archipelago(demand=gpd.GeoDataFrame(demand.assign(county_zh=county)))


def parameters(**target: float) -> Parameters:
    """Return the toy's parameters, with targets such as ``rural_min=25.0``."""
    base = toy.parameters()
    return replace(base, target=replace(base.target, **target))


@functools.cache
def region() -> Region:
    """Return the toy."""
    return toy.archipelago()


def plan(request: Request, place: Region | None = None, **target: float) -> list[str]:
    """Return the ids of the new sites of the answer to a request for the toy, and nothing else."""
    place = region() if place is None else place
    model = parameters(**target)
    land = land_network.build(place, model)
    sites = columns.build(place, land, model, request)
    world = after_plan.world(place, model, land, [CALM], sites)
    found = make(world, request).result
    assert found.is_answer
    return sorted(sites.table["id"].iloc[found.new_sites])


def ask(
    request: Request,
    *,
    place: Region | None = None,
    held: Sequence[Held] = (CALM,),
    **target: float,
) -> Proposal:
    """Answer a request for the toy."""
    place = region() if place is None else place
    return propose.compute(place, parameters(**target), request, conditions=held)


def after(found: Proposal) -> dict[str, float]:
    """Return the minutes after by demand point."""
    return dict(zip(found.demand["demand_id"], found.demand["after_min"], strict=True))


def opened(found: Proposal) -> list[str]:
    """Return the ids of the new sites."""
    return sorted(found.sites["id"])
