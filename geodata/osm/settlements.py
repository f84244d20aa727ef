"""Settlements and their residents: mapped where the map gives a count, else marked estimates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from geodata.osm import naming, points, values
from geodata.osm.assumptions import Assumptions
from geodata.osm.extract import Feature
from geodata.osm.islands import Ground
from geodata.osm.reading import SETTLEMENTS
from geodata.region import WGS84

URBAN = ("city", "town")
_SAME_NAME_M = 1_500.0
# A suburb belongs to the nearest city or town this near to it.
_SUBURB_REACH_M = 8_000.0


@dataclass
class Counts:
    """What was dropped or guessed, for the import report."""

    mapped: int = 0
    mapped_people: float = 0.0
    estimated: dict[str, int] = field(default_factory=dict)
    estimated_people: float = 0.0
    suburbs_in_towns: int = 0
    suburbs_people_in_towns: float = 0.0
    nameless: int = 0
    mapped_twice: int = 0
    off_islands: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)
    island_counts_used: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Settled:
    """Settlements of a region.

    Attributes:
        table: rows as `geodata.schemas.SETTLEMENTS` plus `place` (kind on the map), `people` (all
            residents it stands for, zero for a suburb that its town stands for) and `estimated`.
        counts: for the report.
    """

    table: gpd.GeoDataFrame
    counts: Counts


def build(
    features: Sequence[Feature],
    islands: gpd.GeoDataFrame,
    ground: Ground,
    *,
    source_id: str,
    assumptions: Assumptions,
) -> Settled:
    """Return the settlements of an extract with their residents.

    A population tag counts as it is. People of a suburb are taken out of the count of its city or
    town, so that nobody counts twice; a suburb without a count is part of its town. Another place
    without a count gets the assumed number of its kind, scaled to what is left of the count of its
    island where the map has one.

    Args:
        features: places and facilities inside the area.
        islands: rows with `island_id`, names and `population` (nullable).
        ground: the islands.
        source_id: id of the source that each row names.
        assumptions: see `Assumptions`.
    """
    counts = Counts()
    places = [f for f in features if f.tags.get("place") in SETTLEMENTS]
    named = [f for f in places if naming.both(f.tags)[0] or f.tags.get("population")]
    counts.nameless = len(places) - len(named)
    distinct = _distinct(named, ground, counts)
    given: points.Given = {
        "source_id": source_id,
        "accuracy_m": assumptions.position_accuracy_m,
    }
    table, kept = points.table(distinct, ground, "settlement_id", "settlement", **given)
    counts.off_islands = len(distinct) - len(kept)
    table["place"] = [f.tags["place"] for f in kept]
    table["population"] = _mapped(kept, counts)
    table["population_year"] = [_year(f) for f in kept]
    table = _with_people(table, ground, counts, assumptions)
    return Settled(_fitted_to_islands(table, islands, counts, source_id, assumptions), counts)


def _distinct(features: Sequence[Feature], ground: Ground, counts: Counts) -> list[Feature]:
    """Return each settlement once: the greater kind stands for a smaller one of the same name."""
    order = sorted(
        features, key=lambda f: (SETTLEMENTS.index(f.tags["place"]), f.shape is not None, f.ident)
    )
    if not order:
        return []
    xy = ground.metres(points.lonlat(order))
    near = cKDTree(xy).query_ball_point(xy, _SAME_NAME_M)
    kept: dict[int, Feature] = {}
    for k, feature in enumerate(order):
        name = naming.both(feature.tags)[0]
        twin = next(
            (j for j in near[k] if j in kept and name and naming.both(order[j].tags)[0] == name),
            None,
        )
        if twin is None:
            kept[k] = feature
        else:
            counts.mapped_twice += 1
            first = kept[twin]
            tags = {**feature.tags, **first.tags}
            kept[twin] = Feature(first.ident, first.lon, first.lat, tags, first.shape)
    return list(kept.values())


def _mapped(features: Sequence[Feature], counts: Counts) -> list[float]:
    people = []
    for feature in features:
        text = feature.tags.get("population", "")
        people.append(values.people(text) if text else math.nan)
        if text and math.isnan(people[-1]):
            counts.unreadable[feature.ident] = naming.tidy(text)[:30]
    return people


def _year(feature: Feature) -> float:
    return values.year(points.first_tag(feature.tags, "population:date", "source:population"))


def _with_people(
    table: gpd.GeoDataFrame, ground: Ground, counts: Counts, assumptions: Assumptions
) -> gpd.GeoDataFrame:
    """Add `people` and `estimated`, with the people of suburbs taken out of their towns."""
    assumed = table["place"].map(assumptions.untagged_people).fillna(0.0)
    known = table["population"].notna()
    table["people"] = table["population"].where(known, assumed).astype(float)
    table["estimated"] = ~known
    counts.mapped, counts.mapped_people = int(known.sum()), float(table["population"].sum())
    suburbs = table.index[table["place"] == "suburb"]
    towns = table.index[table["place"].isin(URBAN)]
    if not len(suburbs):
        return table
    xy = ground.metres(shapely.get_coordinates(table.geometry.to_numpy()))
    for suburb in suburbs:
        same = towns[table.loc[towns, "island_id"] == table.loc[suburb, "island_id"]]
        far = np.hypot(*(xy[same] - xy[suburb]).T) if len(same) else np.array([])
        if not len(far) or far.min() > _SUBURB_REACH_M:
            continue
        town = same[int(far.argmin())]
        counts.suburbs_in_towns += 1
        taken = min(table.loc[suburb, "people"], table.loc[town, "people"])
        table.loc[town, "people"] -= taken
        counts.suburbs_people_in_towns += float(taken)
        counts.mapped_people -= float(taken)
    return table


def _fitted_to_islands(
    table: gpd.GeoDataFrame,
    islands: gpd.GeoDataFrame,
    counts: Counts,
    source_id: str,
    assumptions: Assumptions,
) -> gpd.GeoDataFrame:
    """Scale estimates to the counts that the map gives for whole islands."""
    new = []
    for island in islands[islands["population"] > 0].itertuples():
        mine = table["island_id"] == island.island_id
        guessed = mine & table["estimated"] & (table["people"] > 0)
        rest = island.population - table.loc[mine & ~table["estimated"], "people"].sum()
        if guessed.any() and rest >= 0:
            table.loc[guessed, "people"] *= rest / table.loc[guessed, "people"].sum()
            counts.island_counts_used[island.island_id] = float(island.population)
        elif not mine.any():
            counts.island_counts_used[island.island_id] = float(island.population)
            new.append(_island_as_place(island._asdict(), source_id, assumptions))
    estimated = table[table["estimated"] & (table["people"] > 0)]
    counts.estimated = {str(k): int(n) for k, n in estimated["place"].value_counts().items()}
    counts.estimated_people = float(estimated["people"].sum())
    if new:
        table = gpd.GeoDataFrame(
            pd.concat([table, gpd.GeoDataFrame(new, crs=WGS84)], ignore_index=True), crs=WGS84
        )
        table["settlement_id"] = naming.unique(table["settlement_id"])
    return table


def _island_as_place(
    island: Mapping[str, object], source_id: str, assumptions: Assumptions
) -> dict[str, object]:
    shape = island["geometry"]
    return {
        "settlement_id": f"{island['island_id']}-residents",
        "name_zh": island["name_zh"],
        "name_en": island["name_en"],
        "island_id": island["island_id"],
        "place": "island",
        "population": island["population"],
        "people": island["population"],
        "estimated": False,
        "position_accuracy_m": max(assumptions.position_accuracy_m, 1_000.0),
        "source_ids": source_id,
        "geometry": shape.representative_point(),  # type: ignore[attr-defined]
    }
