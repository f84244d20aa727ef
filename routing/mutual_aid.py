"""Crews posted outside the region: whether they count, whom they serve, how they get here.

Outside crews count in routes and definitive care wherever ``mutual_aid.enabled`` says so, and in
response times only where ``mutual_aid.crews_respond`` does as well: the targets are a goal for the
region's own posts, and what others do for it must not meet them unnoticed. `compared` shows what
would change. They never board the region's boats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.region import Region
from routing import statistics
from routing.config import Parameters
from routing.itinerary.receiving import flags, takes

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

EDGE_ID = "mainland"
# Changes below this are rounding, or a tie that went the other way.
_SAME_MIN = 1e-6


def outside(posts: pd.DataFrame) -> Flags:
    """Return whether each post stands outside the region, shape (posts,)."""
    if "outside" not in posts:
        return np.zeros(len(posts), dtype=bool)
    return flags(posts["outside"])


def crews_respond(parameters: Parameters) -> bool:
    """Return whether crews posted outside count in response times."""
    return parameters.mutual_aid.enabled and parameters.mutual_aid.crews_respond


def switched(parameters: Parameters, *, on: bool) -> Parameters:
    """Return the parameters with outside crews counting in response times, or not.

    Switched on, mutual aid as a whole is on too.
    """
    wanted = {"mutual_aid.crews_respond": on}
    if on:
        wanted["mutual_aid.enabled"] = True
    origins = dict(parameters.origins)
    for name, value in wanted.items():
        if origins[name]["value"] is not value:
            own = {"value": value, "source": "user", "note": "", "note_zh": ""}
            origins[name] = {**origins[name], **own}
    enabled = parameters.mutual_aid.enabled or on
    aid = replace(parameters.mutual_aid, crews_respond=on, enabled=enabled)
    return replace(parameters, mutual_aid=aid, origins=origins)


def responding(region: Region, parameters: Parameters) -> Region:
    """Return the region with the posts that count in response times; itself where all do."""
    away = outside(region.posts)
    if crews_respond(parameters) or not away.any():
        return region
    kept = region.posts[~away].reset_index(drop=True)
    return replace(region.replace(posts=kept), content_hash=region.content_hash)


def serves(
    region: Region, post_ids: Sequence[str], island_ids: Sequence[str], parameters: Parameters
) -> Flags:
    """Return whether each post may go to each place under the rules, shape (posts, places).

    Args:
        region: with the posts.
        post_ids: posts, in the order of the rows.
        island_ids: islands of the places, in the order of the columns.
        parameters: the rules of mutual aid.
    """
    away = dict(zip(region.posts["post_id"], outside(region.posts), strict=True))
    mask = np.array([away[post] for post in post_ids], dtype=bool)
    islands = sorted(set(island_ids))
    table = takes(post_ids, mask, parameters.mutual_aid, islands)
    column = {island: k for k, island in enumerate(islands)}
    return np.asarray(table[:, [column[island] for island in island_ids]])


def crew_edges(nodes: pd.DataFrame, posts: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """Return one-way drives from outside posts to the bridge heads and quays of the mainland.

    ``mutual_aid.detour`` times the straight line long, at ``mutual_aid.speed_kmh``, and no farther
    than ``mutual_aid.reach_km`` of straight line; there are no mainland roads in the network. They
    begin at posts that nothing leads to, so nobody else's way changes.

    Args:
        nodes: the network's nodes, with `layer`, `place_id`, `island_id` and metric `x`, `y`;
            their index numbers them.
        posts: the layer.
        parameters: the rules of mutual aid.

    Returns:
        Rows with `tail`, `head`, `length_km`, `travel_min` and what marks them as synthetic.
    """
    aid, away = parameters.mutual_aid, outside(posts)
    ids = set(posts.loc[away, "post_id"]) if aid.enabled else set()
    tails = nodes[(nodes["layer"] == "posts") & nodes["place_id"].isin(ids)]
    heads = nodes[nodes["layer"].isin(("roads", "ports")) & nodes["island_id"].isna()]
    apart = tails[["x", "y"]].to_numpy(float)[:, None] - heads[["x", "y"]].to_numpy(float)[None]
    straight_km = np.hypot(apart[..., 0], apart[..., 1]) / 1000.0
    row, column = np.nonzero(straight_km <= aid.reach_km)
    length_km = straight_km[row, column] * aid.detour
    return pd.DataFrame(
        {
            "tail": tails.index.to_numpy()[row],
            "head": heads.index.to_numpy()[column],
            "link_id": EDGE_ID,
            "kind": "access",
            "road_class": "residential",
            "oneway": True,
            "length_km": length_km,
            "travel_min": 60.0 * length_km / aid.speed_kmh,
            "wait_min": 0.0,
        }
    )


@dataclass(frozen=True)
class Dependence:
    """What depends on crews posted outside.

    Attributes:
        posts: ids of these posts.
        zones: statistics of each zone ``without`` and ``with`` them.
        islands: one row an island that they would change: `island_id`, `population` (of the places
            that change), `without_min` and `with_min` (means over these places, weighted by calls;
            NaN unreachable), `lost_min` (what their absence costs where both are known),
            `newly_reached_population`, `post_id` of the outside post of most calls.
    """

    posts: list[str]
    zones: dict[str, dict[str, dict[str, object]]]
    islands: pd.DataFrame


_COLUMNS = ["island_id", "population", "without_min", "with_min", "lost_min",
            "newly_reached_population", "post_id"]  # fmt: skip


def compared(
    region: Region, without: pd.DataFrame, with_: pd.DataFrame, parameters: Parameters
) -> Dependence:
    """Return what outside crews change.

    Args:
        region: with the outside posts.
        without, with_: demand tables of the same points, as `routing.brief.state.respond` makes
            them, without and with these crews.
        parameters: the targets.
    """
    before, after = (t["response_min"].to_numpy(float) for t in (without, with_))
    faster = (before - after > _SAME_MIN) | (np.isnan(before) & ~np.isnan(after))
    changed = with_[faster].assign(before=before[faster])
    rows = [_island(str(island), places) for island, places in changed.groupby("island_id")]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    order = ["newly_reached_population", "lost_min", "island_id"]
    return Dependence(
        posts=region.posts.loc[outside(region.posts), "post_id"].tolist(),
        zones={
            name: statistics.zones(demand, parameters.target)
            for name, demand in (("without", without), ("with", with_))
        },
        islands=table.sort_values(order, ascending=[False, False, True], ignore_index=True),
    )


def _island(island: str, places: pd.DataFrame) -> dict[str, object]:
    calls = places["calls_per_year"]
    weight = calls if calls.sum() > 0 else pd.Series(1.0, index=places.index)
    first = places["before"].isna()
    most = weight.groupby(places["post_id"]).sum().sort_index().idxmax()
    return {
        "island_id": island,
        "population": float(places["population"].sum()),
        "without_min": statistics.weighted_mean(places["before"], weight),
        "with_min": statistics.weighted_mean(places["response_min"], weight),
        "lost_min": statistics.weighted_mean(places["before"] - places["response_min"], weight),
        "newly_reached_population": float(places.loc[first, "population"].sum()),
        "post_id": most,
    }
