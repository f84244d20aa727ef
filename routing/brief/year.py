"""A brief that goes on to every condition of the year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import pandas as pd

from geodata.region import Region
from routing import resilience
from routing.brief import Brief
from routing.brief.result import notice
from routing.conditions import Catalogue
from routing.config import Parameters
from routing.resilience import Outcome

_ISLAND = {"mean_min": "mean_min", "best_vehicle": "best_vehicle", "post_zh": "post",
           "post_en": "post_en", "unreachable_population": "unreachable_population"}  # fmt: skip


@dataclass(frozen=True)
class Year:
    """A brief of one condition, and all conditions beside it.

    Attributes:
        brief: the brief; its cells carry `response_min__KEY` and `best_vehicle__KEY` for each
            condition, `expected_min` and `unreachable_days_per_year`, its islands the columns of
            the resilience table, its result `conditions`, `expected` and `resilience`.
        states: one row a condition; see `routing.resilience.states`.
        islands: the resilience table; see `routing.resilience.islands`.
    """

    brief: Brief
    states: pd.DataFrame
    islands: pd.DataFrame


def extended(
    found: Brief,
    region: Region,
    parameters: Parameters,
    outcomes: Sequence[Outcome],
    *,
    catalogue: Catalogue,
) -> Year:
    """Return a brief with every condition of the year beside its own.

    Args:
        found: the brief of one condition.
        region, parameters: what it was computed from.
        outcomes: the responses under each condition, from `routing.resilience.outcomes`.
        catalogue: where the conditions come from.
    """
    states = resilience.states(outcomes, parameters)
    islands = resilience.islands(region, outcomes)
    result = {
        **found.result,
        "conditions": _conditions(region, parameters, outcomes, states),
        "expected": {"zones": resilience.zones(outcomes, parameters)},
        "resilience": _rows(islands[_summary_columns(islands)]),
        "condition_values": catalogue.as_rows(),
        "notices": [*found.result["notices"], notice("condition_days")],
        "sources": _with_sources(found, region, catalogue),
    }
    brief = replace(
        found,
        result=result,
        cells=_cells(found.cells, outcomes),
        islands=_islands(found.islands, islands),
    )
    return Year(brief, states, islands)


def _conditions(
    region: Region, parameters: Parameters, outcomes: Sequence[Outcome], states: pd.DataFrame
) -> list[dict[str, Any]]:
    names = region.islands.set_index("island_id")
    rows = []
    for one, state in zip(outcomes, _rows(states), strict=True):
        table = resilience.by_island(one.demand)
        place = names.reindex(table.index)
        people = one.demand.groupby(one.demand["vehicle"].fillna("none"))["population"].sum()
        head = place[["name_zh", "name_en", "county_zh"]].set_axis(
            ["name_zh", "name_en", "county"], axis=1
        )
        body = table[[*_ISLAND]].set_axis([*_ISLAND.values()], axis=1)
        whole = pd.concat([head, table["population"], body], axis=1).reset_index()
        keep = ("key", "condition", "daylight", "name_zh", "name_en", "probability",
                "days_per_year", "unreachable_population")  # fmt: skip
        rows.append(
            {
                **{name: state[name] for name in keep},
                "zones": resilience.zones_of(one, parameters),
                "vehicles": {str(k): {"population": float(v)} for k, v in people.items()},
                "islands": _rows(whole),
            }
        )
    return rows


def _summary_columns(islands: pd.DataFrame) -> list[str]:
    return [name for name in islands.columns if "__" not in name]


def _cells(cells: gpd.GeoDataFrame, outcomes: Sequence[Outcome]) -> gpd.GeoDataFrame:
    columns: dict[str, Any] = {}
    for one in outcomes:
        columns[f"response_min__{one.key}"] = one.response_min
        columns[f"best_vehicle__{one.key}"] = one.demand["vehicle"].to_numpy()
    year = resilience.expected(outcomes)
    columns |= {name: year[name].to_numpy() for name in year.columns}
    return _joined(cells, pd.DataFrame(columns, index=cells.index))


def _islands(islands: gpd.GeoDataFrame, table: pd.DataFrame) -> gpd.GeoDataFrame:
    new = [c for c in table.columns if c not in islands.columns]
    more = table.set_index("island_id")[new].reindex(islands["island_id"])
    return _joined(islands, more.set_index(islands.index))


def _joined(table: gpd.GeoDataFrame, more: pd.DataFrame) -> gpd.GeoDataFrame:
    columns = [c for c in table.columns if c != "geometry"]
    whole = pd.concat([table[columns], more], axis=1)
    return gpd.GeoDataFrame(whole, geometry=table.geometry, crs=table.crs)


def _with_sources(found: Brief, region: Region, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return the sources of the brief and, behind them, those of the other conditions."""
    cited = [s for row in catalogue.as_rows() for s in str(row.get("source", "")).split(";")]
    have = {row["source_id"] for row in found.result["sources"]}
    table = region.sources[region.sources["source_id"].isin(set(cited) - have)]
    columns = ["source_id", "title", "publisher", "date", "url", "licence"]
    return [*found.result["sources"], *_rows(table[columns])]


def _rows(table: pd.DataFrame) -> list[Mapping[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]
