"""Demand points: residents spread over built-up land, and the zones around towns."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from geodata import catalogue, crs, population
from geodata.osm import shapes
from geodata.osm.assumptions import Assumptions
from geodata.osm.extract import Extract, Floats, point_array
from geodata.osm.islands import Ground
from geodata.osm.settlements import URBAN
from geodata.region import WGS84

_SAMPLE_M = 100.0
_DIGITS = 6
_LEAST_ZONE_M2 = 100.0


def zones(
    settlements: gpd.GeoDataFrame,
    ground: Ground,
    *,
    source_id: str,
    assumptions: Assumptions,
) -> gpd.GeoDataFrame:
    """Return the zones: land near a city or town is ``main_urban``, the rest ``rural``; assumed."""
    land = shapely.union_all(ground.shapes)
    towns = settlements[settlements["place"].isin(URBAN)]
    xy = ground.metres(shapely.get_coordinates(towns.geometry.to_numpy()))
    radius_m = 1_000.0 * np.where(
        towns["place"] == "city", assumptions.city_radius_km, assumptions.town_radius_km
    )
    reach = shapely.union_all(shapely.buffer(shapely.points(xy), radius_m)) if len(xy) else None
    urban = land.intersection(reach) if reach is not None else shapely.Polygon()
    split = {"main_urban": urban, "rural": land.difference(urban)}
    whole = {zone: shapes.multi(s, least_area=_LEAST_ZONE_M2) for zone, s in split.items()}
    rows = [
        {
            "zone": zone,
            "name_zh": catalogue.text(f"osm.zone.{zone}", "zh"),
            "name_en": catalogue.text(f"osm.zone.{zone}", "en"),
            "status": "assumed",
            "source_ids": source_id,
            "note": f"within {assumptions.city_radius_km:g} km of a city or "
            f"{assumptions.town_radius_km:g} km of a town; no official boundary",
            "geometry": _degrees(shape, ground),
        }
        for zone, shape in whole.items()
        if not shape.is_empty
    ]
    return gpd.GeoDataFrame(rows, crs=WGS84)


def build(
    extract: Extract,
    settlements: gpd.GeoDataFrame,
    islands: gpd.GeoDataFrame,
    zone_layer: gpd.GeoDataFrame,
    ground: Ground,
    *,
    source_id: str,
    assumptions: Assumptions,
) -> gpd.GeoDataFrame:
    """Return demand points whose residents sum to those of the settlements.

    Residents of a settlement live in the built-up cells nearest to it (see
    `geodata.population.spread`), cells being squares of the lattice that hold built-up land or a
    building; the point of a cell stands on the built-up land itself. A settlement without built-up
    land nearby is one point. An island with buildings but no settlement keeps one point with no
    known residents.
    """
    samples = _samples(extract, ground)
    island = ground.island_number(samples)
    people = settlements[settlements["people"] > 0]
    frames = []
    for island_id in sorted(set(people["island_id"]), key=ground.ids.index):
        mine = samples[island == ground.ids.index(island_id)]
        here = people[people["island_id"] == island_id]
        frames.append(_spread(mine, here, island_id, ground, assumptions))
    settled = set(people["island_id"])
    unknown = [
        _unknown(samples[island == k], islands, ground, k)
        for k in np.unique(island[island >= 0]).tolist()
        if ground.ids[k] not in settled
    ]
    table = pd.concat([*frames, *unknown], ignore_index=True) if frames or unknown else _none()
    return _layer(table, zone_layer, ground, source_id=source_id, assumptions=assumptions)


def _samples(extract: Extract, ground: Ground) -> Floats:
    """Return points on built-up land, metres, shape (n, 2): buildings and a fine lattice."""
    parts = [ground.metres(extract.buildings)] if len(extract.buildings) else []
    built = shapely.transform(np.array(extract.built, dtype=object), ground.metres)
    for shape in built:
        inside = population.lattice(shape, spacing_m=_SAMPLE_M)
        spot = shape.representative_point()
        parts.append(inside if len(inside) else np.array([[spot.x, spot.y]]))
    return np.vstack(parts) if parts else np.empty((0, 2))


def cells_of(samples: Floats, spacing_m: float) -> Floats:
    """Return a point for each lattice square with samples: the sample nearest to their mean."""
    if not len(samples):
        return samples
    square = np.floor(samples / spacing_m).astype(np.int64)
    _, number, size = np.unique(square, axis=0, return_inverse=True, return_counts=True)
    number = number.ravel()
    mean = np.column_stack([np.bincount(number, samples[:, k]) / size for k in (0, 1)])
    off = np.hypot(*(samples - mean[number]).T)
    order = np.lexsort((samples[:, 1], samples[:, 0], off, number))
    first = np.r_[True, number[order][1:] != number[order][:-1]]
    return np.asarray(samples[order][first])


def _spread(
    samples: Floats,
    settlements: gpd.GeoDataFrame,
    island_id: str,
    ground: Ground,
    assumptions: Assumptions,
) -> pd.DataFrame:
    xy = ground.metres(shapely.get_coordinates(settlements.geometry.to_numpy()))
    cells = _with_lonely_places(cells_of(samples, assumptions.lattice_m), xy, assumptions.lattice_m)
    urban = settlements["place"].isin(URBAN).to_numpy(bool)
    decay_m = 1_000.0 * np.where(urban, assumptions.decay_urban_km, assumptions.decay_rural_km)
    people = settlements["people"].to_numpy(float)
    residents, nearest = population.spread(
        cells, xy, people, decay_m, reach_decays=assumptions.reach_decays
    )
    whole = population.apportion(residents, round(float(people.sum())))
    own = settlements.iloc[nearest].reset_index(drop=True)
    frame = pd.DataFrame(
        {
            "island_id": island_id,
            "name_zh": own["name_zh"],
            "name_en": own["name_en"],
            "township_zh": own["name_zh"],
            "population": whole.astype(float),
            "population_kind": "estimate",
            "note": np.where(
                own["estimated"],
                "residents of place=" + own["place"] + " assumed, spread around it",
                "mapped residents, spread around the place",
            ),
            "x": cells[:, 0],
            "y": cells[:, 1],
        }
    )
    return frame[frame["population"] > 0]


def _with_lonely_places(cells: Floats, settlements: Floats, spacing_m: float) -> Floats:
    """Return the cells and those settlements that have none within a cell's width."""
    if not len(cells):
        return settlements
    far, _ = cKDTree(cells).query(settlements)
    return np.vstack([cells, settlements[far > 0.8 * spacing_m]])


def _unknown(
    samples: Floats, islands: gpd.GeoDataFrame, ground: Ground, number: int
) -> pd.DataFrame:
    island = islands.iloc[number]
    spot = cells_of(samples, 1e9)[:1] if len(samples) else samples
    return pd.DataFrame(
        {
            "island_id": ground.ids[number],
            "name_zh": island["name_zh"],
            "name_en": island["name_en"],
            "township_zh": None,
            "population": 0.0,
            "population_kind": "unknown_residents",
            "note": "buildings mapped, no settlement: residents unknown",
            "x": spot[:, 0],
            "y": spot[:, 1],
        }
    )


def _none() -> pd.DataFrame:
    texts = ("island_id", "name_zh", "name_en", "township_zh", "population_kind", "note")
    return pd.DataFrame(
        {c: pd.Series(dtype=object) for c in texts}
        | {c: pd.Series(dtype=float) for c in ("population", "x", "y")}
    )


def _layer(
    table: pd.DataFrame,
    zone_layer: gpd.GeoDataFrame,
    ground: Ground,
    *,
    source_id: str,
    assumptions: Assumptions,
) -> gpd.GeoDataFrame:
    table = table.sort_values(["island_id", "y", "x"], kind="stable").reset_index(drop=True)
    number = table.groupby("island_id").cumcount() + 1
    ids = [f"{i}-{n:04d}" for i, n in zip(table["island_id"], number, strict=True)]
    xy = table[["x", "y"]].to_numpy(float)
    lonlat = crs.to_wgs84(xy, ground.metric_crs).round(_DIGITS) if len(xy) else xy
    where = point_array(lonlat)
    urban = zone_layer[zone_layer["zone"] == "main_urban"].geometry.tolist()
    inside = shapely.intersects(urban[0], where) if urban else np.zeros(len(where), dtype=bool)
    rural = "rural" if (zone_layer["zone"] == "rural").any() else "main_urban"
    plain = table.drop(columns=["x", "y"]).assign(
        demand_id=ids,
        zone=np.where(inside, "main_urban", rural),
        cell_size_m=assumptions.lattice_m,
        position_accuracy_m=assumptions.lattice_m,
        source_ids=source_id,
    )
    return gpd.GeoDataFrame(plain, geometry=where, crs=WGS84)


def _degrees(shape: BaseGeometry, ground: Ground) -> BaseGeometry:
    def vertices(xy: Floats) -> Floats:
        return crs.to_wgs84(xy, ground.metric_crs).round(_DIGITS)

    return shapes.multi(shapely.transform(shape, vertices))
