"""The posts of a region under a scenario: changed, moved, removed and added."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from geodata.errors import Fault
from geodata.region import WGS84, Region
from routing.scenario.model import Scenario
from routing.scenario.places import Islands, appended, island_of, missing

_OWN_COLUMNS = (
    "post_id",
    "name_zh",
    "name_en",
    "kind",
    "evidence",
    "vehicle_count",
    "tier",
    "capabilities",
    "hours",
    "outside",
)


def changed(
    region: Region, islands: Islands, scenario: Scenario, faults: list[Fault]
) -> gpd.GeoDataFrame:
    """Return the posts after all entries of a scenario; each may name a post once.

    Args:
        region: the region as it is.
        islands: of the region.
        scenario: what to change.
        faults: gets one for each entry that does not fit.
    """
    posts = region.posts.copy()
    _check_names(posts["post_id"].tolist(), scenario, faults)
    posts = _changed_posts(posts, scenario)
    posts = _moved_posts(posts, islands, scenario, faults)
    posts = posts[~posts["post_id"].isin([one.post_id for one in scenario.posts_removed])]
    return _with_new_posts(posts, islands, scenario, faults)


def _check_names(known: list[str], scenario: Scenario, faults: list[Fault]) -> None:
    named = [
        *(("change", k, one.post_id) for k, one in enumerate(scenario.posts_changed, start=1)),
        *(("move", k, one.post_id) for k, one in enumerate(scenario.posts_moved, start=1)),
        *(("remove", k, one.post_id) for k, one in enumerate(scenario.posts_removed, start=1)),
    ]
    seen: set[tuple[bool, str]] = set()
    for kind, k, post_id in named:
        where = f"{scenario.place}: post.{kind}[{k}].post_id"
        # A post may be both moved and changed, but not moved and removed, nor either one twice.
        once = (kind == "change", post_id)
        if post_id not in known:
            faults.append(missing(post_id, known, "posts", where))
        elif once in seen:
            faults.append(Fault("scenario_twice", where, post_id))
        seen.add(once)


def _changed_posts(posts: gpd.GeoDataFrame, scenario: Scenario) -> gpd.GeoDataFrame:
    for entry in scenario.posts_changed:
        row = posts["post_id"] == entry.post_id
        given = {
            "vehicles": None if entry.vehicles is None else ";".join(entry.vehicles),
            "evidence": entry.evidence,
            "hours": entry.hours,
            "vehicle_count": entry.vehicle_count,
        }
        for column, value in given.items():
            if value is not None:
                posts.loc[row, column] = value
    return posts


def _moved_posts(
    posts: gpd.GeoDataFrame, islands: Islands, scenario: Scenario, faults: list[Fault]
) -> gpd.GeoDataFrame:
    for k, entry in enumerate(scenario.posts_moved, start=1):
        row = posts.index[posts["post_id"] == entry.post_id]
        island = island_of(entry, islands, f"{scenario.place}: post.move[{k}]", faults)
        posts.loc[row, "island_id"] = island
        posts.loc[row, "outside"] = entry.outside
        posts.loc[row, "position_accuracy_m"] = np.nan
        posts.loc[row, "geometry"] = gpd.GeoSeries(
            [shapely.Point(entry.lon, entry.lat)] * len(row), index=row, crs=WGS84
        )
    return posts


def _with_new_posts(
    posts: gpd.GeoDataFrame, islands: Islands, scenario: Scenario, faults: list[Fault]
) -> gpd.GeoDataFrame:
    rows = []
    taken = set(posts["post_id"])
    for k, entry in enumerate(scenario.posts_added, start=1):
        where = f"{scenario.place}: post.add[{k}]"
        if entry.post_id in taken:
            faults.append(Fault("scenario_taken", f"{where}.post_id", entry.post_id))
        taken.add(entry.post_id)
        island = island_of(entry, islands, where, faults)
        rows.append(
            {
                **{c: getattr(entry, c) for c in _OWN_COLUMNS},
                "vehicles": ";".join(entry.vehicles),
                "island_id": island,
                "county_zh": islands.county(island),
                "note": scenario.name_en,
                "geometry": shapely.Point(entry.lon, entry.lat),
            }
        )
    if not rows:
        return posts.reset_index(drop=True)
    new = gpd.GeoDataFrame(rows, crs=WGS84).reindex(columns=posts.columns)
    return appended(posts, new)
