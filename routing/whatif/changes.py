"""A region with simple changes made, without the full check that a scenario file goes through.

`routing.scenario.apply` examines every layer of the region that it gives, which takes longer than
all the rest. Moving a post within the islands or closing a link cannot break a rule of another
layer; what it can break is looked at here. The tables are equal to those of `apply`.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata import landmass
from geodata.errors import Fault, InputError
from geodata.region import WGS84, Region
from routing import mutual_aid
from routing.scenario import PostAdded, PostMoved, Scenario, links
from routing.scenario.places import Islands, appended, missing
from routing.whatif.sea import Sea


def apply(region: Region, asked: Scenario, *, islands: Islands, sea: Sea) -> Region:
    """Return the region under a request; the region given stays as it is.

    Args:
        region: a valid region.
        asked: from `routing.whatif.read`; its condition changes nothing here.
        islands: of the region.
        sea: its waters.

    Raises:
        InputError: with a fault for each id that the region lacks, each one changed twice, each
            place off the islands, and each post outside the region that should move.
    """
    faults = _names(region.posts, asked)
    posts = _moved(region.posts, asked, islands, faults)
    posts = posts[~posts["post_id"].isin([one.post_id for one in asked.posts_removed])]
    posts = _with_new(posts, asked, islands, faults)
    roads, ferries = links.changed(region, islands, asked, faults)
    if faults:
        raise InputError(faults)
    landmasses = landmass.assign(region.islands, roads)
    return region.replace(
        posts=posts,
        roads=roads,
        ferries=ferries,
        islands=region.islands.assign(landmass_id=landmasses),
        sea_links=sea.links(
            posts,
            moved={one.post_id for one in asked.posts_moved},
            added={one.post_id for one in asked.posts_added},
        ),
    )


def _names(posts: pd.DataFrame, asked: Scenario) -> list[Fault]:
    known = posts["post_id"].tolist()
    away = set(posts.loc[mutual_aid.outside(posts), "post_id"])
    named = [
        *(("move", k, one.post_id) for k, one in enumerate(asked.posts_moved, start=1)),
        *(("remove", k, one.post_id) for k, one in enumerate(asked.posts_removed, start=1)),
    ]
    faults: list[Fault] = []
    seen: set[str] = set()
    for kind, k, post_id in named:
        where = f"{asked.place}: post.{kind}[{k}].post_id"
        if post_id not in known:
            faults.append(missing(post_id, known, "posts", where))
        elif post_id in seen:
            faults.append(Fault("scenario_twice", where, post_id))
        elif kind == "move" and post_id in away:
            faults.append(Fault("whatif_outside", where, post_id))
        seen.add(post_id)
    return faults


def _moved(
    posts: gpd.GeoDataFrame, asked: Scenario, islands: Islands, faults: list[Fault]
) -> gpd.GeoDataFrame:
    posts = posts.copy()
    for k, entry in enumerate(asked.posts_moved, start=1):
        row = posts.index[posts["post_id"] == entry.post_id]
        island = _island(entry, islands, f"{asked.place}: post.move[{k}]", faults)
        posts.loc[row, "island_id"] = island
        posts.loc[row, "outside"] = False
        posts.loc[row, "position_accuracy_m"] = np.nan
        posts.loc[row, "geometry"] = gpd.GeoSeries(
            [shapely.Point(entry.lon, entry.lat)] * len(row), index=row, crs=WGS84
        )
    return posts


def _with_new(
    posts: gpd.GeoDataFrame, asked: Scenario, islands: Islands, faults: list[Fault]
) -> gpd.GeoDataFrame:
    taken, rows = set(posts["post_id"]), []
    for k, entry in enumerate(asked.posts_added, start=1):
        where = f"{asked.place}: post.add[{k}]"
        if entry.post_id in taken:
            faults.append(Fault("scenario_taken", f"{where}.post_id", entry.post_id))
        taken.add(entry.post_id)
        island = _island(entry, islands, where, faults)
        rows.append(
            {
                "post_id": entry.post_id,
                "name_zh": entry.name_zh,
                "name_en": entry.name_en,
                "kind": entry.kind,
                "evidence": entry.evidence,
                "outside": False,
                "vehicles": ";".join(entry.vehicles),
                "island_id": island,
                "county_zh": islands.county(island),
                "note": asked.name_en,
                "geometry": shapely.Point(entry.lon, entry.lat),
            }
        )
    if not rows:
        return posts.reset_index(drop=True)
    return appended(posts, gpd.GeoDataFrame(rows, crs=WGS84).reindex(columns=posts.columns))


def _island(entry: PostAdded | PostMoved, islands: Islands, where: str, faults: list[Fault]) -> str:
    found, distance_m = islands.nearest(entry.lon, entry.lat)
    if distance_m > islands.tolerance_m(found):
        params: dict[str, object] = {
            "distance": f"{distance_m / 1000.0:.1f}",
            "tolerance": f"{islands.tolerance_m(found):.0f}",
        }
        value = f"{entry.lon:.5f}, {entry.lat:.5f}"
        faults.append(Fault("scenario_off_islands", where, value, params))
    return found
