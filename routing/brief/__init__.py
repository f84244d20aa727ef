"""The brief: today's response times, the verdict, the islands worst first, and a first proposal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import pandas as pd

from geodata.region import Region
from routing import land_network, legs, mutual_aid
from routing.brief import tables
from routing.brief.aid import dependence
from routing.brief.proposal import Proposal
from routing.brief.result import assemble, plain
from routing.brief.state import VARIANTS, respond, seen_as
from routing.conditions import Catalogue
from routing.config import Parameters
from routing.land_network import LandNetwork
from routing.response import Condition

__all__ = ["STAGES", "VARIANTS", "Brief", "compute", "plain"]

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
    catalogue: Catalogue | None = None,
    land: LandNetwork | None = None,
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
        catalogue: the conditions that it comes from, whose sources are then cited.
        land: the region's ambulance network in calm weather, where it is built already.
        propose: whether to look for new posts.
        fallback_new: how many posts to propose where no number of them meets the targets.
        time_limit_s: wall-time limit of each optimization.
        seed: passed to the solver.
        progress: called with the name of each stage as it starts.
    """
    condition, whole = condition or Condition(), region
    progress("network")
    land = land or land_network.build(region, parameters)
    region = mutual_aid.responding(region, parameters)
    if condition.when_min is not None:
        land = land.at_hour(int(condition.when_min // 60) % 24, parameters)
    land = land.under(condition)
    progress("response")
    state = respond(region, parameters, land, condition)
    traced = legs.of_best(region, land, parameters, state.options, state.best, condition=condition)
    state = replace(state, demand=pd.concat([state.demand, legs.parts(traced)], axis=1))
    progress("variants")
    variants = {name: seen_as(state, name).best.response_min for name in VARIANTS}
    progress("proposal")
    proposal = (
        Proposal.find(state, fallback_new=fallback_new, limit_s=time_limit_s, seed=seed)
        if propose
        else Proposal.nothing(state)
    )
    progress("tables")
    islands, townships = tables.islands(state, proposal), tables.townships(state)
    rows = catalogue.rows_of(condition.name) if catalogue else []
    result = assemble(
        state,
        variants,
        proposal,
        islands,
        townships,
        condition_values=rows,
        conditions_file=catalogue.file if catalogue else "conditions.toml",
    )
    result["mutual_aid"] = dependence(whole, state)
    cells = tables.cells(state, traced, proposal)
    return Brief(result, cells, islands, tables.posts(region), proposal.sites, townships)
