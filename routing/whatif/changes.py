"""A region with simple changes made, without the full check that a scenario file goes through.

`routing.scenario.apply` examines every layer of the region that it gives, which takes longer than
all the rest. Moving a post within the islands or closing a link cannot break a rule of another
layer; what it can break is looked at here. The tables are equal to those of `apply`.
"""

from __future__ import annotations

import geopandas as gpd

from geodata import landmass
from geodata.errors import Fault, InputError
from geodata.region import Region
from routing import mutual_aid
from routing.scenario import Scenario, helipads, links, posts
from routing.scenario.places import Islands
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
    faults = _of_outside(region.posts, asked)
    altered = posts.changed(region, islands, asked, faults)
    pads = helipads.with_new(region, islands, asked, faults)
    roads, ferries = links.changed(region, islands, asked, faults)
    if faults:
        raise InputError(faults)
    landmasses = landmass.assign(region.islands, roads)
    return region.replace(
        posts=altered,
        helipads=pads,
        roads=roads,
        ferries=ferries,
        islands=region.islands.assign(landmass_id=landmasses),
        sea_links=sea.links(
            altered,
            moved={one.post_id for one in asked.posts_moved},
            added={one.post_id for one in asked.posts_added},
        ),
    )


def _of_outside(posts: gpd.GeoDataFrame, asked: Scenario) -> list[Fault]:
    """Return a fault for each post outside the region that should move."""
    away = set(posts.loc[mutual_aid.outside(posts), "post_id"])
    return [
        Fault("whatif_outside", f"{asked.place}: post.move[{k}].post_id", one.post_id)
        for k, one in enumerate(asked.posts_moved, start=1)
        if one.post_id in away
    ]
