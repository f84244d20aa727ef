"""The brief: today's response times, the verdict, the islands worst first, and a first proposal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.region import Region
from routing import land_network, legs, response
from routing.brief import tables
from routing.brief.proposal import Proposal
from routing.brief.result import assemble, plain
from routing.brief.state import HEADLINE, State, respond
from routing.config import Parameters
from routing.response import Condition

__all__ = ["STAGES", "VARIANTS", "Brief", "compute", "plain"]

VARIANTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "confirmed": (("confirmed",), ("ambulance", "boat", "helicopter")),
    "confirmed_assumed": (HEADLINE, ("ambulance", "boat", "helicopter")),
    "with_clinics": (("confirmed", "assumed", "clinic"), ("ambulance", "boat", "helicopter")),
    "without_helicopter": (HEADLINE, ("ambulance", "boat")),
}
STAGES = ("network", "response", "variants", "proposal", "tables")

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Brief:
    """Everything a brief has to say.

    Attributes:
        result: the content of ``result.json``.
        cells: one polygon a demand point with its best and second-best response, EPSG:4326.
        islands: every island with its statistics, EPSG:4326.
        posts: the posts that count first, then the clinics, EPSG:4326.
        proposal_sites: the sites proposed, EPSG:4326; may be empty.
        townships: statistics by township.
    """

    result: dict[str, Any]
    cells: gpd.GeoDataFrame
    islands: gpd.GeoDataFrame
    posts: gpd.GeoDataFrame
    proposal_sites: gpd.GeoDataFrame
    townships: pd.DataFrame


def compute(
    region: Region,
    parameters: Parameters,
    *,
    condition: Condition | None = None,
    propose: bool = True,
    fallback_new: int = 5,
    time_limit_s: float = 30.0,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> Brief:
    """Return the brief of a region.

    Args:
        region: a valid region.
        parameters: the response model.
        condition: default calm day.
        propose: whether to look for new posts.
        fallback_new: how many posts to propose where no number of them meets the targets.
        time_limit_s: wall-time limit of each optimization.
        seed: passed to the solver.
        progress: called with the name of each stage as it starts.
    """
    condition = condition or Condition()
    progress("network")
    land = land_network.build(region, parameters)
    if condition.when_min is not None:
        land = land.at_hour(int(condition.when_min // 60) % 24, parameters)
    progress("response")
    state = respond(region, parameters, land, condition)
    traced = legs.of_best(region, land, parameters, state.options, state.best, condition=condition)
    state = replace(state, demand=pd.concat([state.demand, legs.parts(traced)], axis=1))
    progress("variants")
    variants = _variants(state)
    progress("proposal")
    proposal = (
        Proposal.find(state, fallback_new=fallback_new, limit_s=time_limit_s, seed=seed)
        if propose
        else Proposal.nothing(state)
    )
    progress("tables")
    islands, townships = tables.islands(state, proposal), tables.townships(state)
    result = assemble(state, variants, proposal, islands, townships)
    cells = tables.cells(state, traced, proposal)
    return Brief(result, cells, islands, tables.posts(region), proposal.sites, townships)


def _variants(state: State) -> dict[str, NDArray[np.float64]]:
    """Return the response of each demand point under other views of what counts, minutes."""
    found = {}
    for name, (evidence, vehicles) in VARIANTS.items():
        running = tuple(v for v in state.condition.vehicles if v in vehicles)
        other = replace(state.condition, vehicles=running)
        choice = response.best(
            response.options(
                state.region, state.land, state.parameters, evidence=evidence, condition=other
            )
        )
        found[name] = choice.response_min
    return found
