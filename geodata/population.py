"""Residents as demand points: spread around settlements and rounded to exact totals."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def lattice(polygon: BaseGeometry, *, spacing_m: float) -> Floats:
    """Return the lattice points inside a polygon, shape (n, 2).

    Args:
        polygon: metric CRS, metres. The lattice is anchored at the CRS origin, so neighbouring
            islands share it and a rebuild gives the same points.
        spacing_m: distance between neighbours, metres.
    """
    west, south, east, north = polygon.bounds
    x = np.arange(np.floor(west / spacing_m), np.ceil(east / spacing_m) + 1) * spacing_m
    y = np.arange(np.floor(south / spacing_m), np.ceil(north / spacing_m) + 1) * spacing_m
    points = np.array(np.meshgrid(x, y)).reshape(2, -1).T
    shapely.prepare(polygon)
    return points[shapely.contains_xy(polygon, points[:, 0], points[:, 1])]


def spread(
    cells: Floats,
    settlements: Floats,
    people: ArrayLike,
    decay_m: ArrayLike,
    *,
    reach_decays: float = 3.0,
) -> tuple[Floats, Ints]:
    """Spread each settlement's people over the cells that are nearest to it.

    Density falls with the distance r from the settlement as ``D(r) = D0 exp(-r / decay)`` for
    ``r <= reach_decays * decay`` and is zero beyond (Clark 1951, Urban population densities,
    Journal of the Royal Statistical Society A 114(4), doi:10.2307/2981088). A settlement whose
    reach holds no cell gives all its people to its nearest cell, so that nobody is lost.

    Args:
        cells: shape (n, 2), metres; at least one.
        settlements: shape (m, 2), metres.
        people: shape (m,), residents of each settlement.
        decay_m: shape (m,), decay length of each settlement, metres.
        reach_decays: how many decay lengths the people reach.

    Returns:
        Residents of each cell, shape (n,), and the nearest settlement of each cell, shape (n,). The
        residents sum to those given.
    """
    people, decay_m = np.asarray(people, float), np.asarray(decay_m, float)
    distance_m, nearest = cKDTree(settlements).query(cells)
    nearest = nearest.astype(np.int64)
    scaled = distance_m / decay_m[nearest]
    density = np.where(scaled <= reach_decays, np.exp(-scaled), 0.0)
    _, own_cell = cKDTree(cells).query(settlements)
    residents = np.zeros(len(cells))
    for k in range(len(settlements)):
        mine = (nearest == k) & (density > 0)
        if mine.any():
            residents[mine] += people[k] * density[mine] / density[mine].sum()
        else:
            residents[own_cell[k]] += people[k]
    return residents, nearest


def apportion(weights: ArrayLike, total: int) -> Ints:
    """Return whole numbers proportional to `weights` that sum exactly to `total`.

    Largest remainders (Hamilton); ties go to the earlier entry.

    Args:
        weights: shape (n,), not negative, at least one positive.
        total: the sum wanted, not negative.

    Raises:
        ValueError: if all weights are zero while `total` is not.

    Example:
        >>> apportion([1.0, 1.0, 1.0], 10).tolist()
        [4, 3, 3]
    """
    weights = np.asarray(weights, float)
    if total == 0:
        return np.zeros(len(weights), np.int64)
    if not weights.sum() > 0:
        raise ValueError(f"{total} residents but no weight to share them by")
    exact = weights / weights.sum() * total
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return np.asarray(whole, dtype=np.int64)
