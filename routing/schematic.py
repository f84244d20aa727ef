"""How wrong a schematic network is: the same region over its trunk roads alone, and over all.

A region with real roads is reduced to the kind of network that the embedded Zhoushan has, trunk
links joined by synthetic edges, and both are asked the same question.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.region import Region
from routing import land_network, travel_time
from routing.config import Parameters

Floats = NDArray[np.float64]

TRUNK_CLASSES = ("motorway", "trunk", "primary")


@dataclass(frozen=True)
class SchematicError:
    """Error of travel times over the schematic network against the real one.

    Attributes:
        island_id: the island whose points were compared, or "" for all.
        access_detour, access_speed_kmh: the parameters that were tried.
        pairs: number of demand points compared (reached by both networks).
        signed_median_min: median of schematic minus real, minutes; positive means too slow.
        signed_mean_min: mean of the same, weighted by residents.
        absolute_median_min, absolute_p90_min: median and 90th percentile of its size.
        relative_median: median of |schematic - real| / real.
    """

    island_id: str
    access_detour: float
    access_speed_kmh: float
    pairs: int
    signed_median_min: float
    signed_mean_min: float
    absolute_median_min: float
    absolute_p90_min: float
    relative_median: float


def reduced(region: Region, *, classes: Sequence[str] = TRUNK_CLASSES) -> Region:
    """Return `region` with the roads of `classes` alone, marked as schematic."""
    roads = region.roads[region.roads["road_class"].isin(classes)].reset_index(drop=True)
    meta = region.layers["meta"].copy()
    meta.loc[meta["key"] == "network", "value"] = "schematic"
    return region.replace(roads=roads, meta=meta)


def nearest_min(region: Region, parameters: Parameters, *, evidence: Sequence[str]) -> Floats:
    """Return the minutes from the nearest ambulance post to each demand point; NaN if none."""
    land = land_network.build(region, parameters)
    posts = region.posts[region.posts["evidence"].isin(evidence)]
    posts = posts[posts["vehicles"].fillna("").str.contains("ambulance").astype(bool)]
    node = land.node_of("demand", region.demand["demand_id"])
    found = travel_time.nearest(land.graph, land.node_of("posts", posts["post_id"]))
    return np.asarray(found.travel_min[node])


def compare(
    region: Region,
    parameters: Parameters,
    *,
    detours: Iterable[float],
    speeds_kmh: Iterable[float],
    classes: Sequence[str] = TRUNK_CLASSES,
    evidence: Sequence[str] = ("confirmed", "assumed"),
    islands: Sequence[str] = ("",),
) -> list[SchematicError]:
    """Return the error for each pair of detour factor and access speed, and each island.

    Parameters chosen on one island and judged on another say what to expect elsewhere; the error
    on the island they were chosen on is too small by nature.

    Args:
        region: a region with real roads.
        parameters: the response model; its access parameters are replaced by those tried.
        detours, speeds_kmh: values to try.
        classes: road classes that the schematic network keeps.
        evidence: posts that count.
        islands: ids of the islands whose points to compare; "" stands for all of them.
    """
    real = nearest_min(region, parameters, evidence=evidence)
    schematic, people = (
        reduced(region, classes=classes),
        region.demand["population"].to_numpy(float),
    )
    found = []
    for detour in detours:
        for speed in speeds_kmh:
            ambulance = replace(parameters.ambulance, access_detour=detour, access_speed_kmh=speed)
            tried = replace(parameters, ambulance=ambulance)
            minutes = nearest_min(schematic, tried, evidence=evidence)
            for island in islands:
                mine = (region.demand["island_id"] == island).to_numpy() | (island == "")
                points = (minutes[mine], real[mine], people[mine])
                found.append(_error(*points, island, detour, speed))
    return found


def _error(
    schematic: Floats, real: Floats, people: Floats, island: str, detour: float, speed: float
) -> SchematicError:
    both = np.isfinite(schematic) & np.isfinite(real) & (people > 0)
    off, weight = (schematic - real)[both], people[both]
    return SchematicError(
        island_id=island,
        access_detour=detour,
        access_speed_kmh=speed,
        pairs=int(both.sum()),
        signed_median_min=float(np.median(off)),
        signed_mean_min=float((off * weight).sum() / weight.sum()),
        absolute_median_min=float(np.median(np.abs(off))),
        absolute_p90_min=float(np.quantile(np.abs(off), 0.9)),
        relative_median=float(np.median(np.abs(off) / np.maximum(real[both], 0.5))),
    )


def table(errors: Sequence[SchematicError]) -> pd.DataFrame:
    """Return the errors as a table, the smallest median error first."""
    rows = pd.DataFrame([vars(error) for error in errors])
    return rows.sort_values(["absolute_median_min", "absolute_p90_min"]).reset_index(drop=True)
