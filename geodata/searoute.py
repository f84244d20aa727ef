"""Shortest paths over water: a great circle is wrong where an island is in between.

The sea is a lattice of square cells; neighbouring cells, out to a knight's move, are joined unless
a land cell is in the way. Dijkstra's paths over it are then pulled straight wherever the straight
line stays off the land, so that lengths in open water are those of straight lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Half of the sixteen moves; the others are their opposites.
_MOVES = ((1, 0), (0, 1), (1, 1), (1, -1), (2, 1), (1, 2), (2, -1), (1, -2))
_MAX_CELLS = 1_500_000


@dataclass(frozen=True)
class SeaPath:
    """One path over water.

    Attributes:
        length_km: length along the path, from the origin itself to the target itself.
        xy: vertices, shape (n, 2), metres in the metric CRS of the land given.
    """

    length_km: float
    xy: Floats


def paths(
    land: BaseGeometry,
    origins: Floats,
    targets: Floats,
    *,
    cell_m: float = 200.0,
    margin_m: float = 5_000.0,
) -> dict[tuple[int, int], SeaPath]:
    """Return the shortest path over water from each origin to each target that has one.

    Args:
        land: polygons in a metric CRS (metres).
        origins: shape (n, 2), metres; a point on land starts at the nearest open water.
        targets: shape (m, 2), metres, likewise.
        cell_m: lattice spacing, metres; straits narrower than about two cells are closed, land
            narrower than one cell may be sailed through, and a path may cut a corner of land by
            up to half a cell.
        margin_m: how far the lattice reaches beyond the points.

    Returns:
        Paths by (origin index, target index); a pair that no water joins is absent. Only the
        largest body of water within reach is sailed: a point on a lagoon has no path.

    Raises:
        ValueError: if the lattice would have more than 1.5 million cells.

    The length errs towards too long: by at most 3 % of a lattice path (angles of the sixteen moves)
    before straightening, and by nothing in open water after it.
    """
    waters = Waters(
        land, targets, around=np.vstack([origins, targets]), cell_m=cell_m, margin_m=margin_m
    )
    return {
        (i, j): path
        for i, origin in enumerate(origins)
        for j, path in waters.paths_from(origin).items()
    }


class Waters:
    """Open water around some points as a lattice, laid once for searches from many origins.

    Args:
        land: polygons in a metric CRS (metres).
        targets: shape (m, 2), metres; a point on land is reached at the nearest open water.
        around: points that the lattice spans, shape (n, 2), metres. The lattice, and so each path,
            depends on their extent alone.
        cell_m, margin_m: as of `paths`.

    Raises:
        ValueError: if the lattice would have more than 1.5 million cells.
    """

    def __init__(
        self,
        land: BaseGeometry,
        targets: Floats,
        *,
        around: Floats,
        cell_m: float = 200.0,
        margin_m: float = 5_000.0,
    ) -> None:
        shapely.prepare(land)
        self._land, self._targets = land, targets
        self._grid = grid = _Grid.over(around, cell_m=cell_m, margin_m=margin_m)
        water = ~_land_cells(land, grid)
        self._graph = _moves(water, grid)
        self._sea = _largest_component(self._graph, water)
        if not len(self._sea):
            return
        self._shore = land.buffer(-0.25 * cell_m)
        shapely.prepare(self._shore)
        self._cells = cKDTree(grid.centres(self._sea))
        corners = grid.centres(np.array([0, grid.columns * grid.rows - 1])).ravel()
        bodies = shapely.get_parts(shapely.difference(shapely.box(*corners), land))
        self._bodies, self._largest = shapely.STRtree(bodies), np.argmax(shapely.area(bodies))
        self._goal, self._goal_at_sea = self._nearest_cell(targets), self._at_sea(targets)

    def paths_from(self, origin: Floats) -> dict[int, SeaPath]:
        """Return the shortest path over water to each target that has one, by target index.

        Args:
            origin: shape (2,), metres; as of `paths`.
        """
        here = origin[None, :]
        if not len(self._sea) or not self._at_sea(here)[0]:
            return {}
        cell = int(self._nearest_cell(here)[0])
        length_m, before = csgraph.dijkstra(self._graph, indices=cell, return_predecessors=True)
        # A boat whose berth is known only so well that it seems to lie inland is at the nearest
        # water: the way there is no passage.
        afloat = here[~shapely.contains_xy(self._land, here[:, 0], here[:, 1])]
        found = {}
        for j in np.flatnonzero(self._goal_at_sea & np.isfinite(length_m[self._goal])):
            cells = _walk_back(before, cell, int(self._goal[j]))
            route = np.vstack([afloat, self._grid.centres(cells), self._targets[j]])
            found[int(j)] = _straightened(route, self._shore)
        return found

    def _nearest_cell(self, points: Floats) -> Ints:
        return np.asarray(self._sea[self._cells.query(points)[1]], dtype=np.int64)

    def _at_sea(self, points: Floats) -> NDArray[np.bool_]:
        """Return whether the water nearest to each point is the largest body, not a lagoon."""
        return np.asarray(self._bodies.nearest(shapely.points(points)) == self._largest)


@dataclass(frozen=True)
class _Grid:
    x0: float
    y0: float
    columns: int
    rows: int
    cell_m: float

    @classmethod
    def over(cls, points: Floats, *, cell_m: float, margin_m: float) -> _Grid:
        low, high = points.min(axis=0) - margin_m, points.max(axis=0) + margin_m
        columns, rows = (int(n) + 1 for n in np.ceil((high - low) / cell_m))
        if columns * rows > _MAX_CELLS:
            raise ValueError(f"{columns} x {rows} sea cells of {cell_m:.0f} m: choose larger cells")
        return cls(float(low[0]), float(low[1]), columns, rows, cell_m)

    def centres(self, cells: Ints) -> Floats:
        return np.column_stack(
            [
                self.x0 + (cells % self.columns) * self.cell_m,
                self.y0 + (cells // self.columns) * self.cell_m,
            ]
        )


def _land_cells(land: BaseGeometry, grid: _Grid) -> NDArray[np.bool_]:
    mask = np.zeros((grid.rows, grid.columns), dtype=bool)
    for polygon in shapely.get_parts(land):
        west, south, east, north = polygon.bounds
        i0, i1 = (int((x - grid.x0) // grid.cell_m) for x in (west, east))
        j0, j1 = (int((y - grid.y0) // grid.cell_m) for y in (south, north))
        columns = np.arange(max(i0, 0), min(i1 + 2, grid.columns))
        rows = np.arange(max(j0, 0), min(j1 + 2, grid.rows))
        if len(columns) and len(rows):
            shapely.prepare(polygon)
            x, y = np.meshgrid(grid.x0 + columns * grid.cell_m, grid.y0 + rows * grid.cell_m)
            mask[np.ix_(rows, columns)] |= shapely.contains_xy(polygon, x, y)
    return mask


def _moves(water: NDArray[np.bool_], grid: _Grid) -> sparse.csr_array:
    number = np.arange(water.size).reshape(water.shape)
    tails, heads, costs = [], [], []
    for dx, dy in _MOVES:
        here, there = _shifted(number, dx, dy)
        open_ = _shifted(water, dx, dy)[0] & _shifted(water, dx, dy)[1]
        if abs(dx) + abs(dy) > 1:
            open_ &= _corners_open(water, dx, dy)
        tails.append(here[open_])
        heads.append(there[open_])
        costs.append(np.full(int(open_.sum()), np.hypot(dx, dy) * grid.cell_m))
    tail, head, cost = np.concatenate(tails), np.concatenate(heads), np.concatenate(costs)
    return sparse.coo_array(
        (np.r_[cost, cost], (np.r_[tail, head], np.r_[head, tail])), shape=(water.size, water.size)
    ).tocsr()


def _shifted(array: NDArray, dx: int, dy: int) -> tuple[NDArray, NDArray]:  # type: ignore[type-arg]
    rows, columns = array.shape
    here = array[max(0, -dy) : rows - max(0, dy), max(0, -dx) : columns - max(0, dx)]
    there = array[max(0, dy) : rows + min(0, dy), max(0, dx) : columns + min(0, dx)]
    return here, there


def _corners_open(water: NDArray[np.bool_], dx: int, dy: int) -> NDArray[np.bool_]:
    """Return for each start of the move whether the cells that it passes between are water."""
    steps = {(dx // 2, dy // 2), (dx - dx // 2, dy - dy // 2)} | {
        (np.sign(dx), 0),
        (0, np.sign(dy)),
    }
    rows, columns = water.shape
    j0, j1 = max(0, -dy), rows - max(0, dy)
    i0, i1 = max(0, -dx), columns - max(0, dx)
    result = np.ones((j1 - j0, i1 - i0), dtype=bool)
    for sx, sy in steps:
        result &= water[j0 + sy : j1 + sy, i0 + sx : i1 + sx]
    return result


def _largest_component(graph: sparse.csr_array, water: NDArray[np.bool_]) -> Ints:
    _, label = csgraph.connected_components(graph, directed=False)
    wet = water.ravel()
    largest = np.bincount(label[wet]).argmax() if wet.any() else -1
    return np.flatnonzero(wet & (label == largest))


def _walk_back(before: NDArray[np.int32], start: int, end: int) -> Ints:
    cells = [end]
    while cells[-1] != start:
        cells.append(int(before[cells[-1]]))
    return np.array(cells[::-1])


def _straightened(route: Floats, shore: BaseGeometry) -> SeaPath:
    """Drop every vertex whose neighbours see each other across water (greedy, farthest first)."""
    kept = [0]
    last = len(route) - 1
    while kept[-1] != last:
        here = kept[-1]
        step = last
        while step > here + 1 and shore.intersects(shapely.LineString(route[[here, step]])):
            step = here + max(1, (step - here) // 2)
        while step < last and not shore.intersects(shapely.LineString(route[[here, step + 1]])):
            step += 1
        kept.append(step)
    xy = route[kept]
    return SeaPath(float(np.hypot(*np.diff(xy, axis=0).T).sum() / 1000.0), xy)
