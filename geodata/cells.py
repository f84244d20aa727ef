"""The piece of land that each demand point stands for, to be drawn."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from geodata.region import WGS84, Region

_DEFAULT_SIZE_M = 500.0
_WHOLE_ISLAND_KM2 = 6.0


def polygons(region: Region) -> gpd.GeoSeries:
    """Return one polygon a demand point, in the order of `region.demand`, EPSG:4326.

    A cell is the square of `cell_size_m` (500 m where blank) around the point, cut by its island;
    the only point of an island of at most 6 km2 stands for the whole island. A square that misses
    the island, as happens to a point a little off its shore, is kept whole.
    """
    demand = region.demand.to_crs(region.metric_crs)
    islands = region.islands.to_crs(region.metric_crs).set_index("island_id").geometry
    land = islands.loc[demand["island_id"]].to_numpy()
    half = demand["cell_size_m"].fillna(_DEFAULT_SIZE_M).to_numpy(float) / 2.0
    x, y = shapely.get_x(demand.geometry), shapely.get_y(demand.geometry)
    squares = shapely.box(x - half, y - half, x + half, y + half)
    cut = shapely.intersection(squares, land)
    cut = np.where(shapely.area(cut) > 0, cut, squares)
    alone = demand.groupby("island_id")["island_id"].transform("size").to_numpy() == 1
    whole = alone & (shapely.area(land) <= _WHOLE_ISLAND_KM2 * 1e6)
    found = np.where(whole, shapely.simplify(land, 20.0), cut)
    return gpd.GeoSeries(found, crs=region.metric_crs, index=region.demand.index).to_crs(WGS84)
