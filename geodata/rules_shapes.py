"""Rules on geometry: whole and valid shapes, plausible coordinates, places on their islands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from geodata import crs, schemas
from geodata.findings import Findings
from geodata.region import WGS84, Region

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST_TOLERANCE_M = 200.0
# A metric CRS may stretch distances at the islands by this share and no more.
SCALE_ERROR = 0.01
PLACES = ("demand", "settlements", "posts", "hospitals", "helipads", "ports")
_LAND = ("islands", "zones")
# Lon and lat are called swapped where swapping brings a place this near to the middle of the
# islands, in degrees, or farther for a region of greater extent.
_LEAST_REACH_DEG = 1.0


@dataclass(frozen=True)
class Ground:
    """The region on the ground, in metres, for the rules about distances.

    Attributes:
        whole: for each layer with geometry, which rows have a usable shape.
        shapes: for each layer with geometry, its shapes in metres, None where not usable.
        islands: shape of each island by id.
        accuracy_m: position accuracy of each island's coast by id, 0 where unknown.
    """

    whole: Mapping[str, Flags]
    shapes: Mapping[str, NDArray[Any]]
    islands: Mapping[str, Any]
    accuracy_m: Mapping[str, float]

    def distance_m(self, points: NDArray[Any], island_ids: list[Any]) -> Floats:
        """Return the distance of each point from its island; NaN where either is unknown."""
        island = np.array([self.islands.get(i) for i in island_ids], dtype=object)
        shapely.prepare(island)
        inside = shapely.intersects(island, points)
        distances: Floats = np.zeros(len(points))
        distances[~inside] = shapely.distance(island[~inside], points[~inside])
        return distances

    def tolerance_m(self, accuracy_m: pd.Series, island_ids: list[Any]) -> Floats:
        """Return how far from its island each place may lie: its accuracy or the coast's."""
        coast = np.array([self.accuracy_m.get(i, 0.0) for i in island_ids], dtype=float)
        own = accuracy_m.fillna(0.0).to_numpy(float)
        tolerance: Floats = np.maximum(np.maximum(own, coast), LEAST_TOLERANCE_M)
        return tolerance

    def nearest(self, points: NDArray[Any]) -> tuple[list[str], Floats]:
        """Return the island nearest to each point and how far it is; no name for no point."""
        nearest, metres = [""] * len(points), np.full(len(points), np.nan)
        if len(points):
            ids = list(self.islands)
            (which, index), distance = self._tree.query_nearest(
                points, return_distance=True, all_matches=False
            )
            for row, island, far in zip(which, index, distance, strict=True):
                nearest[row], metres[row] = ids[island], far
        return nearest, metres

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(list(self.islands.values()))


def check(region: Region, found: Findings) -> Ground:
    """Check every geometry and every place, and return the region on the ground.

    Raises nothing: where the metric CRS is unusable, the UTM zone of the islands stands in.
    """
    whole = {
        layer.name: _check_shapes(region, layer, found)
        for layer in schemas.LAYERS
        if layer.geometry is not None
    }
    centre = _centre(region, whole)
    if centre is not None:
        for layer in whole:
            whole[layer] &= ~_check_swapped(region, layer, whole[layer], centre, found)
    ground = _ground(region, whole, centre)
    for layer in PLACES:
        _check_places(region, layer, ground, found)
    return ground


def stretch(metric_crs: str, lon: float, lat: float) -> float:
    """Return by which share distances at a point differ from true ones; inf off the projection."""
    factors = pyproj.Proj(metric_crs).get_factors(lon, lat)
    scales = np.array([factors.meridional_scale, factors.parallel_scale])
    return float(np.abs(scales - 1.0).max()) if np.isfinite(scales).all() else float("inf")


def _check_shapes(region: Region, layer: schemas.Layer, found: Findings) -> Flags:
    """Report unusable shapes of a layer and return which rows are usable."""
    shapes = region.layers[layer.name].geometry.to_numpy()
    missing = shapely.is_missing(shapes)
    empty = ~missing & shapely.is_empty(shapes)
    wrong = ~missing & ~empty & _is_other_type(shapes, layer)
    for key, rows in (("geometry_missing", missing), ("geometry_empty", empty)):
        for row in np.flatnonzero(rows):
            found.add(key, layer.name, int(row), "geometry")
    for row in np.flatnonzero(wrong):
        kind = shapes[row].geom_type
        found.add(
            "geometry_type", layer.name, int(row), "geometry", value=kind, type=layer.geometry
        )
    off = _check_coordinates(shapes, layer, found)
    bad = missing | empty | wrong | off
    bad[~bad] |= _check_validity(shapes, np.flatnonzero(~bad), layer, found)
    usable: Flags = ~bad
    return usable


def _is_other_type(shapes: NDArray[Any], layer: schemas.Layer) -> Flags:
    kind = shapely.get_type_id(shapes)
    own = shapely.GeometryType[str(layer.geometry).upper()]
    return np.asarray((kind >= 0) & (kind != own), dtype=bool)


def _check_coordinates(shapes: NDArray[Any], layer: schemas.Layer, found: Findings) -> Flags:
    """Report coordinates that are no numbers or no longitude and latitude."""
    bad = np.zeros(len(shapes), dtype=bool)
    points, row_of = shapely.get_coordinates(shapes, return_index=True)
    lon, lat = points[:, 0], points[:, 1]
    for key, axis, value, wrong in (
        ("not_finite", "lon", lon, ~np.isfinite(lon)),
        ("not_finite", "lat", lat, ~np.isfinite(lat)),
        ("lon_out_of_range", "lon", lon, np.isfinite(lon) & (np.abs(lon) > 180.0)),
        ("lat_out_of_range", "lat", lat, np.isfinite(lat) & (np.abs(lat) > 90.0)),
    ):
        for row in np.unique(row_of[wrong]):
            first = np.flatnonzero(wrong & (row_of == row))[0]
            other = abs(lon[first]) <= 90.0 and 90.0 < abs(value[first]) <= 180.0
            key_here = "swapped_out_of_range" if axis == "lat" and other else key
            column = axis if layer.geometry == "Point" else "geometry"
            found.add(key_here, layer.name, int(row), column, value=float(value[first]))
            bad[row] = True
    return bad


def _check_validity(
    shapes: NDArray[Any], rows: NDArray[np.int64], layer: schemas.Layer, found: Findings
) -> Flags:
    if layer.geometry == "Point":
        return np.zeros(len(rows), dtype=bool)
    if layer.geometry == "LineString":
        bad = shapely.length(shapes[rows]) == 0.0
        for row in rows[bad]:
            found.add("line_without_length", layer.name, int(row), "geometry")
        return np.asarray(bad, dtype=bool)
    bad = ~shapely.is_valid(shapes[rows])
    for row in rows[bad]:
        reason = shapely.is_valid_reason(shapes[row])
        found.add("geometry_invalid", layer.name, int(row), "geometry", reason=reason)
    return np.asarray(bad, dtype=bool)


def _middles(shapes: NDArray[Any]) -> Floats:
    """Return the middle of each shape's bounding box, degrees, shape (n, 2)."""
    west, south, east, north = shapely.bounds(shapes).T
    return np.column_stack(((west + east) / 2.0, (south + north) / 2.0))


def _centre(region: Region, whole: Mapping[str, Flags]) -> tuple[Floats, Floats] | None:
    """Return the median island and how far the region reaches around it, degrees."""
    shapes = region.layers["islands"].geometry.to_numpy()[whole["islands"]]
    if not len(shapes):
        return None
    middles = _middles(shapes)
    centre = np.median(middles, axis=0)
    spread = np.median(np.abs(middles - centre), axis=0)
    bounds = shapely.bounds(shapes)
    widest = (bounds[:, 2:] - bounds[:, :2]).max(axis=0)
    return centre, np.maximum(np.maximum(_LEAST_REACH_DEG, 6.0 * spread), widest)


def _check_swapped(
    region: Region,
    layer: str,
    whole: Flags,
    centre: tuple[Floats, Floats],
    found: Findings,
) -> Flags:
    """Report shapes that lie among the islands only once lon and lat change places."""
    swapped = np.zeros(len(whole), dtype=bool)
    rows = np.flatnonzero(whole)
    if not len(rows):
        return swapped
    middles = _middles(region.layers[layer].geometry.to_numpy()[rows])
    middle, reach = centre
    here = (np.abs(middles - middle) <= reach).all(axis=1)
    there = (np.abs(middles[:, ::-1] - middle) <= reach).all(axis=1)
    swapped[rows[~here & there]] = True
    column = "geometry" if layer in _LAND or schemas.layer(layer).geometry != "Point" else "lon"
    for row, (lon, lat) in zip(rows, middles, strict=True):
        if swapped[row]:
            value = f"{lon:.5f}, {lat:.5f}"
            found.add("swapped", layer, int(row), column, value=value)
    return swapped


def _ground(
    region: Region, whole: Mapping[str, Flags], centre: tuple[Floats, Floats] | None
) -> Ground:
    metric = region.metric_crs
    lon, lat = (float(degrees) for degrees in (centre[0] if centre else (0.0, 0.0)))
    fits = centre is None or (crs.is_metric(metric) and stretch(metric, lon, lat) <= SCALE_ERROR)
    if not (crs.is_metric(metric) and fits):
        metric = crs.metric_crs_for(lon, lat)
    project = pyproj.Transformer.from_crs(WGS84, metric, always_xy=True)

    def to_metres(points: Floats) -> Floats:
        return np.column_stack(project.transform(points[:, 0], points[:, 1]))

    shapes = {}
    for layer, usable in whole.items():
        shapes[layer] = region.layers[layer].geometry.to_numpy().copy()
        shapes[layer][~usable] = None
        shapes[layer] = shapely.transform(shapes[layer], to_metres)
    ids = region.layers["islands"]["island_id"].tolist()
    accuracy = region.layers["islands"]["position_accuracy_m"].fillna(0.0).tolist()
    return Ground(
        whole=whole,
        shapes=shapes,
        islands={i: s for i, s in zip(ids, shapes["islands"], strict=True) if i and s},
        accuracy_m=dict(zip(ids, accuracy, strict=True)),
    )


def _check_places(region: Region, layer: str, ground: Ground, found: Findings) -> None:
    """Report places that lie farther from their island than their accuracy allows.

    A place without `island_id` is held against the nearest island; one that is marked `outside`
    (on the mainland, say) is not held against any.
    """
    table = region.layers[layer]
    outside = table["outside"].fillna(False) if "outside" in table else np.zeros(len(table))
    rows = np.flatnonzero(ground.whole[layer] & ~np.asarray(outside, dtype=bool))
    if not len(rows) or not ground.islands:
        return
    table = table.iloc[rows]
    points = ground.shapes[layer][rows]
    island = table["island_id"].tolist()
    unnamed = [row for row, name in enumerate(island) if not name]
    for row, near in zip(unnamed, ground.nearest(points[unnamed])[0], strict=True):
        island[row] = near
    distance = ground.distance_m(points, island)
    tolerance = ground.tolerance_m(table["position_accuracy_m"], island)
    far = np.flatnonzero(distance > tolerance)
    lon, lat = shapely.get_x(table.geometry), shapely.get_y(table.geometry)
    for i, nearest_id, nearest_m in zip(far, *ground.nearest(points[far]), strict=True):
        other = nearest_m <= LEAST_TOLERANCE_M and nearest_id != island[i]
        found.add(
            "on_other_island" if other else "in_the_sea",
            layer,
            int(rows[i]),
            value=f"{lon[i]:.5f}, {lat[i]:.5f}",
            distance=f"{distance[i] / 1000.0:.1f}",
            island=str(island[i]),
            other=str(nearest_id),
            tolerance=f"{tolerance[i]:.0f}",
        )
