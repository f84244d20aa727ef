"""The tables of a brief: islands, townships, posts and the cells of the map."""

from __future__ import annotations

import json

import geopandas as gpd
import pandas as pd

from geodata.cells import polygons
from geodata.region import WGS84, Region
from routing import legs, statistics
from routing.brief.proposal import Proposal
from routing.brief.state import State, latin_names, pick


def islands(state: State, proposal: Proposal) -> gpd.GeoDataFrame:
    """Return every island; those with demand points carry the statistics of their response.

    `population` is that of the demand points (NaN where unknown); the count that the region's own
    table states, of another year and kind, moves to `stated_population`.
    """
    stats = statistics.by_group(state.demand, "island_id").drop(columns="population")
    after = statistics.by_group(
        state.demand.assign(response_min=proposal.after_min), "island_id"
    ).rename(columns={"mean_min": "after_min"})[["island_id", "after_min"]]
    lead = leading(state.demand)
    table = state.region.islands.rename(columns={"population": "stated_population"})
    for more in (stats, lead, after):
        table = table.merge(more, on="island_id", how="left")
    residents = state.demand.groupby("island_id")["population"].sum()
    counted = state.demand["population_kind"].ne("unknown_residents")
    known = table["island_id"].isin(state.demand.loc[counted, "island_id"])
    table["population"] = table["island_id"].map(residents).where(known)
    return table.rename(columns={"vehicle": "best_vehicle"})


def leading(demand: pd.DataFrame) -> pd.DataFrame:
    """Return for each island the vehicle and post of most of its calls (else of its points)."""
    weight = demand["calls_per_year"].where(demand["calls_per_year"] > 0, 1e-9)
    table = demand.assign(weight=weight).dropna(subset="post_id")
    sums = table.groupby(["island_id", "vehicle", "post_id", "post_zh", "post_en", "zone"])[
        "weight"
    ]
    total = sums.sum().reset_index().sort_values(["weight", "post_id"], ascending=[False, True])
    return total.drop_duplicates("island_id").drop(columns="weight")


def townships(state: State) -> pd.DataFrame:
    """Return the statistics of each township, slowest first."""
    demand = state.demand.dropna(subset="township_zh")
    # Two counties may have townships of one name.
    place = demand["county_zh"].fillna("") + "\t" + demand["township_zh"]
    table = statistics.by_group(demand.assign(place=place), "place")
    parts = table.pop("place").str.split("\t", expand=True) if len(table) else table
    table.insert(0, "name_zh", parts[1] if len(table) else [])
    table.insert(1, "county", parts[0] if len(table) else [])
    return table.sort_values("mean_min", ascending=False, kind="stable").reset_index(drop=True)


def posts(region: Region) -> gpd.GeoDataFrame:
    """Return the posts, confirmed ones first, then assumed ones, then clinics."""
    order = {kind: i for i, kind in enumerate(("confirmed", "assumed", "clinic"))}
    return region.posts.sort_values("evidence", key=lambda s: s.map(order), kind="stable")


def cells(state: State, traced: list[list[legs.Leg]], proposal: Proposal) -> gpd.GeoDataFrame:
    """Return one polygon a demand point with its best and second-best response and its legs."""
    demand, islands = state.demand, state.region.islands.set_index("island_id")
    second = state.best.second
    table = pd.DataFrame(
        {
            "demand_id": demand["demand_id"],
            "island_id": demand["island_id"],
            "place_zh": demand["name_zh"],
            "place_en": latin_names(demand),
            "island_zh": demand["island_id"].map(islands["name_zh"]),
            "island_en": demand["island_id"].map(islands["name_en"]),
            "county_zh": demand["county_zh"],
            "township_zh": demand["township_zh"],
            "zone": demand["zone"],
            "population": demand["population"],
            "population_kind": demand["population_kind"],
            "calls_per_year": demand["calls_per_year"],
            "response_min": demand["response_min"],
            "target_min": demand["zone"].map(state.parameters.target.of),
            "best_vehicle": demand["vehicle"],
            "post_id": demand["post_id"],
            "post_zh": demand["post_zh"],
            "post_en": demand["post_en"],
            **{part: demand[part] for part in legs.PARTS},
            "second_min": state.best.second_min,
            "second_vehicle": pick(state.options.table["vehicle"], second),
            "second_post_zh": pick(state.options.table["name_zh"], second),
            "second_post_en": pick(latin_names(state.options.table), second),
            "legs": [
                json.dumps([leg.as_dict() for leg in one], ensure_ascii=False) for one in traced
            ],
        }
    )
    if proposal.outcome is not None:
        table["after_min"] = proposal.after_min
    return gpd.GeoDataFrame(table, geometry=polygons(state.region), crs=WGS84)
