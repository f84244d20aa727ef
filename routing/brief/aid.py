"""What a brief says on crews posted outside the region."""

from __future__ import annotations

from typing import Any

import pandas as pd

from geodata.region import Region
from routing import mutual_aid
from routing.brief.state import State, latin_names, respond


def dependence(region: Region, state: State) -> dict[str, Any] | None:
    """Return what depends on crews posted outside, None where there are none or aid is off.

    Args:
        region: with the outside posts.
        state: the responses of the brief, with these crews or without.

    Returns:
        `counted`: whether the brief counts them; `posts`; `zones` ``without`` and ``with`` them;
        `islands`: those that they would change, see `routing.mutual_aid.Dependence`.
    """
    parameters = state.parameters
    if not parameters.mutual_aid.enabled or not mutual_aid.outside(region.posts).any():
        return None
    counted = mutual_aid.crews_respond(parameters)
    other = respond(
        region, mutual_aid.switched(parameters, on=not counted), state.land, state.condition
    )
    without, with_ = (other, state) if counted else (state, other)
    found = mutual_aid.compared(region, without.demand, with_.demand, parameters)
    posts = region.posts.set_index("post_id").loc[found.posts].reset_index()
    return {
        "counted": counted,
        "posts": _rows(posts[["post_id", "name_zh"]].assign(name_en=latin_names(posts))),
        "zones": found.zones,
        "islands": _rows(_named(found.islands, region)),
    }


def _named(table: pd.DataFrame, region: Region) -> pd.DataFrame:
    islands = region.islands.set_index("island_id")
    posts = region.posts.set_index("post_id")
    names = pd.Series(latin_names(posts), index=posts.index)
    return table.assign(
        name_zh=table["island_id"].map(islands["name_zh"]),
        name_en=table["island_id"].map(islands["name_en"]),
        county=table["island_id"].map(islands["county_zh"]),
        post=table["post_id"].map(posts["name_zh"]),
        post_en=table["post_id"].map(names),
    )


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
