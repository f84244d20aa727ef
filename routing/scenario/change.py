"""A region with a scenario's changes made, and every fault of them at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from geodata import landmass, searoute, validate
from geodata.errors import Fault, InputError
from geodata.region import WGS84, Region
from routing.scenario import helipads, links, people, posts
from routing.scenario.combine import combined
from routing.scenario.model import Scenario
from routing.scenario.places import Islands, appended
from routing.scenario.told import stamped

_SEA_CELL_M = 300.0


def applied(region: Region, parts: Sequence[Scenario]) -> Region:
    """Return the region under several scenarios taken together; see `apply`.

    Args:
        region: a valid region.
        parts: scenarios; none changes nothing.

    Raises:
        InputError: if an entry does not fit the region, or two parts contradict each other.
    """
    if not parts:
        return region
    return _changed(region, combined(parts), [one for one in parts if one.changes_region()])


def apply(region: Region, scenario: Scenario) -> Region:
    """Return the region under a scenario; the region given stays as it is.

    Args:
        region: a valid region.
        scenario: what to change; its condition changes nothing here.

    Landmasses follow the links that are open afterwards, and boats that are new or moved get their
    ways over water. The region says what it is under: `routing.scenario.scenarios_of`.

    Raises:
        InputError: if an entry names what the region lacks, or the region would break a rule; the
            error carries every fault.

    Example:
        >>> from geodata import region
        >>> from routing import scenario
        >>> there = region.load("zhoushan")
        >>> bridge = scenario.parse({"link": {"open": [{"link_id": "R179"}]}})
        >>> roads = scenario.apply(there, bridge).roads
        >>> roads.loc[roads["link_id"] == "R179", "status"].item()
        'open'
    """
    return _changed(region, scenario, [scenario])


def _changed(region: Region, scenario: Scenario, parts: Sequence[Scenario]) -> Region:
    if not scenario.changes_region():
        return region
    faults: list[Fault] = []
    islands = Islands(region)
    altered = posts.changed(region, islands, scenario, faults)
    pads = helipads.with_new(region, islands, scenario, faults)
    roads, ferries = links.changed(region, islands, scenario, faults)
    demand, counties = people.changed(region, scenario, faults)
    if faults:
        raise InputError(faults)
    changed = region.replace(
        posts=altered,
        helipads=pads,
        roads=roads,
        ferries=ferries,
        demand=demand,
        counties=counties,
    )
    landmasses = landmass.assign(changed.islands, changed.roads)
    changed = changed.replace(
        islands=changed.islands.assign(landmass_id=landmasses),
        sea_links=_sea_links(changed, scenario),
    )
    _check(region, changed, scenario)
    told = stamped(region, changed, parts)
    return replace(told, content_hash=_hash(region, parts))


def _hash(region: Region, parts: Sequence[Scenario]) -> str:
    """Return the hash of the file the region came from, with one of what was changed since."""
    if not region.content_hash:
        return ""
    text = json.dumps(
        [asdict(replace(one, place="")) for one in parts], sort_keys=True, default=str
    )
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{region.content_hash}+scenarios:{digest}"


def _check(before: Region, after: Region, scenario: Scenario) -> None:
    """Raise for the faults that the scenario brought in."""
    found = validate.faults(after)
    if not found:
        return
    known = {(f.key, str(f.value)) for f in validate.faults(before)}
    new = [
        Fault(f.key, f"{scenario.place}: {f.where}", f.value, f.params)
        for f in found
        if (f.key, str(f.value)) not in known
    ]
    if new:
        raise InputError(new)


def _sea_links(region: Region, scenario: Scenario) -> gpd.GeoDataFrame:
    """Return the ways over water: old ones of posts that stayed, new ones of those that did not."""
    links = region.sea_links
    if not len(links):  # a region without any computes them all when it needs them
        return links
    moved = {one.post_id for one in scenario.posts_moved}
    touched = moved | {one.post_id for one in scenario.posts_added}
    touched |= {one.post_id for one in scenario.posts_changed}
    after = region.posts
    boats = after[after["vehicles"].fillna("").str.contains("boat")]
    stays = links["from_post_id"].isin(after["post_id"]) & ~links["from_post_id"].isin(moved)
    kept = links[stays].reset_index(drop=True)
    bases = boats[boats["post_id"].isin(touched - set(kept["from_post_id"]))]
    if not len(bases):
        return kept
    return appended(kept, _new_sea_links(region, bases).reindex(columns=kept.columns))


def _new_sea_links(region: Region, bases: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    metric, ports = region.metric_crs, region.ports
    start, goal = (shapely.get_coordinates(t.to_crs(metric).geometry) for t in (bases, ports))
    land = region.islands.to_crs(metric).union_all()
    found = searoute.paths(land, start, goal, cell_m=_SEA_CELL_M)
    back = pyproj.Transformer.from_crs(metric, WGS84, always_xy=True)
    base_id, port_id = bases["post_id"].tolist(), ports["port_id"].tolist()
    berth = shapely.get_coordinates(bases.geometry)
    rows = [
        {
            "link_id": f"{base_id[i]}__{port_id[j]}",
            "from_post_id": base_id[i],
            "to_port_id": port_id[j],
            # A base inland of its water must not come nearer by that.
            "length_km": max(path.length_km, float(np.hypot(*(start[i] - goal[j]))) / 1000.0),
            # Drawn from the base itself: its path begins at the nearest water.
            "geometry": shapely.LineString(
                np.vstack([berth[i], np.column_stack(back.transform(*path.xy.T))])
            ),
        }
        for (i, j), path in sorted(found.items())
    ]
    return gpd.GeoDataFrame(rows, columns=list(region.sea_links.columns), crs=WGS84)
