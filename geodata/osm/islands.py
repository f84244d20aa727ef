"""The islands layer: land polygons with names, and which island a point belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from geodata import crs
from geodata.osm import naming, shapes, values
from geodata.osm.assumptions import Assumptions
from geodata.osm.coast import Land
from geodata.osm.extract import Feature, Floats, point_array
from geodata.region import WGS84

_SAME_AREA = 0.5
_NAME_REACH_M = 200.0
_DIGITS = 7


@dataclass(frozen=True)
class Named:
    """The islands layer and what was left out of it.

    Attributes:
        table: rows as `geodata.schemas.ISLANDS` without `landmass_id` and `inhabited`.
        too_small: unnamed islets below the least size.
        names_without_land: island names that no land polygon took.
    """

    table: gpd.GeoDataFrame
    too_small: int
    names_without_land: list[str]


class Ground:
    """Islands in metres, for the question which island a point is on.

    Args of the constructor:
        islands: rows with `island_id`, `position_accuracy_m` (nullable) and geometry, EPSG:4326.
        metric_crs: CRS of the distances.
        tolerance_m: how far off the coast a point still belongs to an island; an island whose coast
            is less accurate than that has its own accuracy instead.
    """

    def __init__(self, islands: gpd.GeoDataFrame, metric_crs: str, tolerance_m: float) -> None:
        self.metric_crs = metric_crs
        self.ids: list[str] = islands["island_id"].tolist()
        self._to_metres = Transformer.from_crs(WGS84, metric_crs, always_xy=True)
        self.shapes = shapely.transform(islands.geometry.to_numpy(), self._project)
        accuracy = islands["position_accuracy_m"].fillna(0.0).to_numpy(float)
        self._reach_m = np.maximum(accuracy, tolerance_m)

    def metres(self, lonlat: Floats) -> Floats:
        """Return points in degrees, shape (n, 2), as metres."""
        return self._project(lonlat)

    def island_number(self, xy: Floats) -> NDArray[np.int64]:
        """Return the island of each point given in metres, -1 where none is within reach."""
        number = np.full(len(xy), -1, np.int64)
        if not len(xy) or not len(self.shapes):
            return number
        points = point_array(xy)
        # Polygons ask for their points, not points for their polygon: shapely prepares what asks.
        island, point = shapely.STRtree(points).query(self.shapes, predicate="intersects")
        number[point[::-1]] = island[::-1]
        rest = np.flatnonzero(number < 0)
        reach_m = float(self._reach_m.max())
        (which, near), far = shapely.STRtree(self.shapes).query_nearest(
            points[rest], max_distance=reach_m, return_distance=True, all_matches=False
        )
        fits = far <= self._reach_m[near]
        number[rest[which[fits]]] = near[fits]
        return number

    def island_ids(self, lonlat: Floats) -> list[str | None]:
        """Return the island of each point given in degrees, None where none is within reach."""
        if not len(lonlat):
            return []
        numbers = self.island_number(self.metres(lonlat)).tolist()
        return [self.ids[k] if k >= 0 else None for k in numbers]

    def _project(self, points: Floats) -> Floats:
        return np.column_stack(self._to_metres.transform(points[:, 0], points[:, 1]))


def metric_crs_of(outlines: Sequence[BaseGeometry]) -> str:
    """Return the UTM zone of the largest shape, all in degrees."""
    centre = max(outlines, key=lambda s: s.area).centroid
    return crs.metric_crs_for(centre.x, centre.y)


def named(
    land: Land,
    features: Sequence[Feature],
    area: BaseGeometry,
    *,
    metric_crs: str,
    assumptions: Assumptions,
) -> Named:
    """Return the islands of an extract with their names.

    Args:
        land: polygons from the coastline.
        features: places of kind island or islet; an area among them that no coastline draws becomes
            an island of its own.
        area: the area imported.
        metric_crs: CRS of areas and distances.
        assumptions: gives the least size of an unnamed islet.
    """
    outlines, cut = list(land.shapes), list(land.cut)
    taken, homeless = _matched(land, features, metric_crs)
    for feature, outline in _drawn_without_coast(homeless, outlines, area):
        taken[len(outlines)] = feature
        outlines.append(outline)
        cut.append(False)
        homeless.remove(feature)
    metric = gpd.GeoSeries(outlines, crs=WGS84).to_crs(metric_crs)
    rows, too_small = [], 0
    order = sorted(range(len(outlines)), key=lambda k: (-metric.iloc[k].area, k))
    unnamed = 0
    for k in order:
        place = taken.get(k)
        area_km2 = float(metric.iloc[k].area / 1e6)
        tags: Mapping[str, str] = place.tags if place else {}
        has_name = bool(naming.both(tags)[0])
        if not has_name and area_km2 * 1e6 < assumptions.islet_m2:
            too_small += 1
            continue
        kind = "mainland" if cut[k] else "islet"
        unnamed += not has_name
        zh, en, is_named = naming.or_unnamed(tags, kind, None if has_name else unnamed)
        rows.append(
            {
                "island_id": naming.slug(en) or (place.ident if place else "island"),
                "name_zh": zh,
                "name_en": en,
                "named": is_named,
                "area_km2": round(area_km2, 4),
                "population": values.people(tags.get("population", "")),
                "coast_source": "coastline" if k < len(land.shapes) else "place outline",
                "note": "cut at the edge of the extract" if cut[k] else None,
                "geometry": _multi(outlines[k]),
            }
        )
    names = [naming.both(f.tags)[1] for f in homeless if naming.both(f.tags)[0]]
    return Named(_table(rows, assumptions), too_small, names)


def _table(rows: list[dict[str, object]], assumptions: Assumptions) -> gpd.GeoDataFrame:
    columns = ["island_id", "name_zh", "name_en", "named", "area_km2", "population"]
    if not rows:
        empty = pd.DataFrame(columns=[*columns, "coast_source", "note"])
        return gpd.GeoDataFrame(empty, geometry=[], crs=WGS84)
    table = gpd.GeoDataFrame(rows, crs=WGS84)
    table["island_id"] = naming.unique(table["island_id"])
    table["position_accuracy_m"] = assumptions.position_accuracy_m
    return table


def _matched(
    land: Land, features: Sequence[Feature], metric_crs: str
) -> tuple[dict[int, Feature], list[Feature]]:
    """Return the place of each land polygon that has one, and the places without a polygon.

    A place belongs to the polygon whose coastline ways draw it; else to the one that it covers;
    else, for a point, to the one that it stands on or nearest to. The first of these wins, an
    island before an islet.
    """
    ranked = sorted(features, key=lambda f: (f.tags.get("place") != "island", f.ident))
    taken: dict[int, Feature] = {}
    homeless = []
    tree = shapely.STRtree(land.shapes)
    metric = gpd.GeoSeries(land.shapes, crs=WGS84).to_crs(metric_crs).to_numpy()
    near = shapely.STRtree(metric)
    for feature in [f for f in ranked if f.shape is not None or f.ways]:
        k = _by_outline(feature, land, tree)
        if k is None or k in taken:
            homeless.append(feature)
        else:
            taken[k] = feature
    for feature in [f for f in ranked if f.shape is None and not f.ways]:
        point = shapely.Point(crs.to_metric([feature.lon], [feature.lat], metric_crs)[0])
        found = near.query_nearest(point, max_distance=_NAME_REACH_M, all_matches=True)
        free = [int(k) for k in found if int(k) not in taken]
        if free:
            taken[free[0]] = feature
        elif not len(found) or not _same_name(feature, [taken[int(k)] for k in found]):
            homeless.append(feature)
    return taken, [f for f in homeless if not _same_name(f, list(taken.values()))]


def _by_outline(feature: Feature, land: Land, tree: shapely.STRtree) -> int | None:
    shared = [k for k, ways in enumerate(land.ways) if ways & feature.ways]
    if shared:
        return max(shared, key=lambda k: (len(land.ways[k] & feature.ways), land.shapes[k].area))
    if feature.shape is None:
        return None
    best, best_share = None, _SAME_AREA
    for k in tree.query(feature.shape, predicate="intersects").tolist():
        both = feature.shape.intersection(land.shapes[k]).area
        share = both / (feature.shape.area + land.shapes[k].area - both)
        if share > best_share:
            best, best_share = k, share
    return best


def _same_name(feature: Feature, others: list[Feature]) -> bool:
    return naming.both(feature.tags) in [naming.both(one.tags) for one in others]


def _drawn_without_coast(
    places: list[Feature], outlines: list[BaseGeometry], area: BaseGeometry
) -> list[tuple[Feature, BaseGeometry]]:
    """Return the places whose own outline lies in the sea of the coastline."""
    tree = shapely.STRtree(outlines)
    return [
        (f, f.shape)
        for f in places
        if f.shape is not None
        and area.contains(f.shape)
        and not len(tree.query(f.shape, predicate="intersects"))
    ]


def _multi(shape: BaseGeometry) -> BaseGeometry:
    rounded = shapely.set_precision(shape, 10.0**-_DIGITS)
    return shapes.multi(rounded if rounded.area > 0 else shape)
