"""Land of a region from two coastlines: current but smoothed, and fine but older.

AMap's county polygons follow reclaimed land but are smoothed and drawn in GCJ-02; GSHHG is in
WGS84, finer, older and off by up to a kilometre in places, and has the small islets. The first
gives the islands, the second those islets that the first lacks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from geodata import crs

# Columns of the GSHHG index shipped with basemap's data.
_LEVEL, _AREA, _SOUTH, _NORTH, _OFFSET, _BYTES = 0, 1, 3, 4, 5, 6
_LAND = 1


def amap_polygons(path: Path) -> list[shapely.Polygon]:
    """Return the polygons of an AMap GeoJSON file, converted from GCJ-02 to WGS84."""
    geometry = shape(json.loads(path.read_text("utf-8")))
    parts: list[shapely.Polygon] = shapely.get_parts(geometry).tolist()
    return [crs.geometry_to_wgs84(polygon) for polygon in parts]


def gshhg_polygons(
    folder: Path, bounds: tuple[float, float, float, float], *, largest_km2: float = 3_000.0
) -> list[shapely.Polygon]:
    """Return the GSHHG land polygons that lie within `bounds`.

    Args:
        folder: holds ``gshhsmeta_f.dat`` and ``gshhs_f.dat``.
        bounds: west, south, east, north in degrees.
        largest_km2: larger polygons (the mainland) are left out.
    """
    west, south, east, north = bounds
    index = np.genfromtxt(folder / "gshhsmeta_f.dat", usecols=range(7))
    wanted = (index[:, _LEVEL] == _LAND) & (index[:, _AREA] <= largest_km2)
    wanted &= (index[:, _NORTH] >= south) & (index[:, _SOUTH] <= north)
    rings = _rings(folder / "gshhs_f.dat", index[wanted])
    inside = (r for r in rings if r[:, 0].min() <= east and r[:, 0].max() >= west and len(r) >= 4)
    return [part for ring in inside for part in _polygons(ring)]


def missing_islets(
    islets: list[shapely.Polygon],
    land: shapely.Geometry,
    *,
    near_m: float = 1_000.0,
    area_ratio: float = 3.0,
    reach_m: float = 15_000.0,
    mainland: shapely.Geometry,
) -> list[shapely.Polygon]:
    """Return those of `islets` that `land` lacks; all geometries in one metric CRS.

    An islet counts as present when it touches `land`, or when a polygon of `land` that no islet
    touches lies within `near_m` and is of similar area: then both are the same rock, displaced.

    Args:
        islets: candidates.
        land: polygons already known.
        near_m: how far the two coastlines may disagree on one rock, metres.
        area_ratio: how much their areas may differ.
        reach_m: islets farther from `land` than this belong to other regions.
        mainland: islets nearer to this than to `land`, or touching it, belong to the mainland.
    """
    parts = shapely.get_parts(land)
    tree = shapely.STRtree(parts)
    touched = {int(k) for islet in islets for k in tree.query(islet, predicate="intersects")}
    free = [part for k, part in enumerate(parts) if k not in touched]
    free_tree = shapely.STRtree(free) if free else None
    found = []
    for islet in islets:
        distance_m = shapely.distance(islet, land)
        ours = 0 < distance_m <= min(reach_m, shapely.distance(islet, mainland))
        if ours and not _is_displaced(islet, free, free_tree, near_m, area_ratio):
            found.append(islet)
    return found


def _is_displaced(
    islet: shapely.Polygon,
    free: list[shapely.Polygon],
    tree: shapely.STRtree | None,
    near_m: float,
    area_ratio: float,
) -> bool:
    if tree is None:
        return False
    near = tree.query(islet, predicate="dwithin", distance=near_m)
    return any(1 / area_ratio <= free[int(k)].area / islet.area <= area_ratio for k in near)


def _rings(path: Path, index: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    with path.open("rb") as file:
        for row in index:
            file.seek(int(row[_OFFSET]))
            data = np.frombuffer(file.read(int(row[_BYTES])), "<f4")
            yield data.reshape(-1, 2).astype(float)


def _polygons(ring: NDArray[np.float64]) -> list[shapely.Polygon]:
    valid = shapely.make_valid(shapely.Polygon(ring))
    return [part for part in shapely.get_parts(valid) if part.geom_type == "Polygon"]
