"""Enlarged insets for groups of small, far islands, laid over the empty sea of the main map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.cluster import hierarchy

from maps.cartography import Frame

Box = tuple[float, float, float, float]  # left, bottom, width, height as shares of the map

# Shares of the map's shorter side.
LEAST_SHARE = 0.084  # least width of what an inset shows
SMALL_SHARE = 0.036  # an island narrower than this is hard to read
GROUP_SHARE = 0.18  # greatest diameter of a group
FAR_SHARE = 0.24  # least distance of a group from where most people live
MAGNIFICATIONS = (3.5, 3.0, 2.6, 2.3, 2.0, 1.8, 1.6)
LONGEST_SIDE = 0.4  # of an inset, as a share of the map
INSETS_MAX = 3
CELLS = 96  # of the grid on which empty sea is sought, a side
MARGIN = 0.014  # kept free around an inset


@dataclass(frozen=True, kw_only=True)
class Inset:
    """One inset.

    Attributes:
        letter: ``A``, ``B`` …, written at the inset and at its frame on the main map.
        frame: extent shown, metric.
        box: where it lies on the main map.
        island_ids: the small islands it is for, most people first.
    """

    letter: str
    frame: Frame
    box: Box
    island_ids: tuple[str, ...]


def choose(
    islands: gpd.GeoDataFrame,
    frame: Frame,
    *,
    keep_free: Sequence[shapely.Geometry] = (),
    reserved: Sequence[Box] = (),
    most: int = INSETS_MAX,
) -> list[Inset]:
    """Return the insets that a map of `frame` needs and has room for.

    Small inhabited islands are joined to groups (complete linkage); a group far from where most
    people live gets an inset at the greatest magnification for which empty sea is found, the group
    of most people first. Insets never cover an inhabited island, `keep_free` or each other.

    Args:
        islands: metric, with ``island_id``, ``shows_band`` (whether people are shown there) and
            ``population`` (NaN unknown).
        frame: extent of the main map.
        keep_free: geometries in map coordinates that no inset may cover: posts, sites, frames of
            other insets.
        reserved: boxes of the main map that are taken: scale bar, north arrow.
        most: number of insets at most.
    """
    shown = islands[islands["shows_band"]]
    groups = _groups(shown, frame)
    if not groups:
        return []
    ground = Ground(frame, shown, islands, keep_free, reserved)
    found: list[Inset] = []
    for group in groups[:most]:
        ground.take(_on_map(frame, _seen(group, frame)))
    for group in groups:
        seen = _on_map(frame, _seen(group, frame))
        # The frame of a group that others covered would not be seen on the main map.
        if len(found) == most or any(_touch(seen, inset.box) for inset in found):
            continue
        inset = _placed(group, frame, ground, letter=chr(ord("A") + len(found)))
        if inset is not None:
            found.append(inset)
            ground.take(inset.box)
    return found


class Ground:
    """What of the main map is taken (inhabited, reserved) or better left open (other land)."""

    def __init__(
        self,
        frame: Frame,
        inhabited: gpd.GeoDataFrame,
        islands: gpd.GeoDataFrame,
        keep_free: Sequence[shapely.Geometry],
        reserved: Sequence[Box],
    ) -> None:
        self.taken = _raster(frame, [*inhabited.geometry, *keep_free])
        self.land = _raster(frame, list(islands.geometry)).astype(float)
        for box in reserved:
            self.take(box)

    def take(self, box: Box) -> None:
        """Mark a box of the map as taken."""
        rows, columns = _span(box[1], box[3]), _span(box[0], box[2])
        self.taken[rows, columns] = True

    def best(
        self, width: float, height: float, goal: tuple[float, float], *, besides: Box
    ) -> Box | None:
        """Return the free place for a box, near the map's edge and near `goal`; None if none.

        `besides` is a box that stays free as well: what the inset enlarges.
        """
        wide, high = (int(np.ceil((side + 2 * MARGIN) * CELLS)) for side in (width, height))
        if wide > CELLS or high > CELLS:
            return None
        taken = self.taken.copy()
        taken[_span(besides[1], besides[3]), _span(besides[0], besides[2])] = True
        free = _sums(taken.astype(float), high, wide) == 0
        if not free.any():
            return None
        bottom, left = np.nonzero(free)
        covered = _sums(self.land, high, wide)[bottom, left] / (wide * high)
        middle_x, middle_y = (left + wide / 2) / CELLS, (bottom + high / 2) / CELLS
        edge_x = np.minimum(left, CELLS - wide - left) / CELLS
        edge_y = np.minimum(bottom, CELLS - high - bottom) / CELLS
        away = np.hypot(middle_x - goal[0], middle_y - goal[1])
        best = int(np.argmin(3 * covered + 0.6 * (edge_x + edge_y) + 0.35 * away))
        x = _snapped(left[best], wide, width)
        y = _snapped(bottom[best], high, height)
        return (x, y, width, height)


def _snapped(cell: int, cells: int, side: float) -> float:
    """Return the lower edge of a side, the margin's width off the border where it stands there."""
    if cell == 0:
        return MARGIN
    if cell + cells == CELLS:
        return 1.0 - MARGIN - side
    return float(cell / CELLS + (cells / CELLS - side) / 2)


@dataclass(frozen=True)
class _Group:
    bounds: npt.NDArray[np.float64]
    island_ids: tuple[str, ...]


def _groups(shown: gpd.GeoDataFrame, frame: Frame) -> list[_Group]:
    """Return the groups of small islands far from most people, those of most people first."""
    box = shown.geometry.bounds
    extent = np.maximum(box["maxx"] - box["minx"], box["maxy"] - box["miny"])
    small = shown[extent < SMALL_SHARE * _side_m(frame)]
    if not len(small):
        return []
    x, y = _middles(small)
    labels = np.ones(1, dtype=int)
    if len(small) > 1:
        tree = hierarchy.linkage(np.column_stack([x, y]), method="complete")
        labels = hierarchy.fcluster(tree, GROUP_SHARE * _side_m(frame), criterion="distance")
    home_x, home_y = _most_people(shown)
    found = []
    for label in np.unique(labels):
        mine = small[labels == label]
        away = float(np.hypot(x[labels == label] - home_x, y[labels == label] - home_y).mean())
        people = mine["population"].astype(float).fillna(0.0)
        ids = mine["island_id"].astype(str).iloc[np.argsort(-people.to_numpy(), kind="stable")]
        if away >= FAR_SHARE * _side_m(frame) and people.sum() > 0:
            found.append((float(people.sum()), _Group(mine.total_bounds, tuple(ids))))
    return [group for _, group in sorted(found, key=lambda one: -one[0])]


def _placed(group: _Group, frame: Frame, ground: Ground, *, letter: str) -> Inset | None:
    part = _seen(group, frame)
    seen = _on_map(frame, part)
    goal = (seen[0] + seen[2] / 2, seen[1] + seen[3] / 2)
    for times in MAGNIFICATIONS:
        width, height = seen[2] * times, seen[3] * times
        if max(width, height) > LONGEST_SIDE:
            continue
        box = ground.best(width, height, goal, besides=seen)
        if box is not None:
            ground.take(seen)
            return Inset(letter=letter, frame=part, box=box, island_ids=group.island_ids)
    return None


def _touch(one: Box, other: Box) -> bool:
    """Return whether two boxes overlap, the margin around the first included."""
    apart = (
        one[0] - MARGIN > other[0] + other[2]
        or other[0] > one[0] + one[2] + MARGIN
        or one[1] - MARGIN > other[1] + other[3]
        or other[1] > one[1] + one[3] + MARGIN
    )
    return not apart


def _seen(group: _Group, frame: Frame) -> Frame:
    """Return the group's extent with room for names, which stand beside islands above all."""
    west, south, east, north = group.bounds
    room = 0.14 * max(east - west, north - south, 0.036 * _side_m(frame))
    least = LEAST_SHARE * _side_m(frame) / 2
    half_x = max((east - west) / 2 + 1.2 * room, least)
    half_y = max((north - south) / 2 + room, 0.7 * least)
    x, y = (west + east) / 2, (south + north) / 2
    return Frame(west=x - half_x, south=y - half_y, east=x + half_x, north=y + half_y)


def _most_people(shown: gpd.GeoDataFrame) -> tuple[float, float]:
    """Return the middle of the residents; of the islands where no residents are known."""
    people = shown["population"].astype(float).fillna(0.0).to_numpy()
    weight = people if people.sum() > 0 else np.ones(len(shown))
    x, y = _middles(shown)
    return float(np.average(x, weights=weight)), float(np.average(y, weights=weight))


def _middles(table: gpd.GeoDataFrame) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    middle = table.geometry.centroid
    return middle.x.to_numpy(float), middle.y.to_numpy(float)


def _side_m(frame: Frame) -> float:
    return min(frame.width_m, frame.height_m)


def _on_map(frame: Frame, part: Frame) -> Box:
    return (
        (part.west - frame.west) / frame.width_m,
        (part.south - frame.south) / frame.height_m,
        part.width_m / frame.width_m,
        part.height_m / frame.height_m,
    )


def _raster(frame: Frame, geometries: list[shapely.Geometry]) -> npt.NDArray[np.bool_]:
    """Return which cells of a grid over `frame` the geometries touch, rows from south to north."""
    grid = np.zeros((CELLS, CELLS), dtype=bool)
    wide, high = frame.width_m / CELLS, frame.height_m / CELLS
    west = frame.west + wide * np.arange(CELLS)
    south = frame.south + high * np.arange(CELLS)
    x, y = np.meshgrid(west, south)
    squares = shapely.box(x, y, x + wide, y + high).ravel()
    there = [g for g in geometries if g is not None and not shapely.is_empty(g)]
    if there:
        tree = shapely.STRtree(there)
        grid.ravel()[np.unique(tree.query(squares, predicate="intersects")[0])] = True
    return grid


def _span(start: float, length: float) -> slice:
    low = int(np.floor(np.clip(start, 0, 1) * CELLS))
    high = int(np.ceil(np.clip(start + length, 0, 1) * CELLS))
    return slice(low, max(high, low + 1))


def _sums(grid: npt.NDArray[np.float64], high: int, wide: int) -> npt.NDArray[np.float64]:
    """Return the sum over each `high` by `wide` window of `grid`."""
    total = np.pad(grid.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    windows = total[high:, wide:] - total[:-high, wide:] - total[high:, :-wide]
    return np.asarray(np.round(windows + total[:-high, :-wide], 6))
