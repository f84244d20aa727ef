"""A lattice over a region that answers at once what is where.

Most cells lie wholly inside one polygon or in open water and are decided when the lattice is made.
A cell that an edge runs through keeps its edges, and a point in it is decided by counting how many
of them lie between the point and the cell's middle, whose place is known. That is exact up to
points that lie on an edge. The nearest place of a landmass is exact too: a cell keeps every place
that is nearest to any of its points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from geodata.region import WGS84
from routing.audit import nearby_loops, place_loops

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]

_MAX_CELLS = 4_000_000
# Terms of each variable in the polynomials: as few as will do.
_TERMS = (4, 5, 6, 7)
_KNOTS = 14
# Largest error of the polynomial that stands in for the projection.
_PROJECTION_ERROR_M = 0.001


@dataclass(frozen=True)
class Lattice:
    """Cells of equal degrees over a region, and its projection to metres.

    Attributes:
        west, south: corner, degrees.
        width, height: of a cell, degrees.
        columns, rows: number of cells.
        half_diagonal_m: greatest distance of a point of a cell from its middle.
        least_side_m: shortest side of any cell.
        middle, half: of the frame, degrees, shape (2,), for the polynomials.
        coefficients: of the projection to x and y, shape (terms², 2).
        terms: of each variable.
    """

    west: float
    south: float
    width: float
    height: float
    columns: int
    rows: int
    half_diagonal_m: float
    least_side_m: float
    middle: Floats
    half: Floats
    coefficients: Floats
    terms: int

    @classmethod
    def over(
        cls, bounds: Floats, metric_crs: str, *, cell_m: float, margin_m: float
    ) -> Lattice | None:
        """Return a lattice over `bounds` (west, south, east, north, degrees) and a margin.

        None where the projection is too crooked for the polynomials, which no region of some
        hundreds of kilometres is.
        """
        lat = float(np.clip((bounds[1] + bounds[3]) / 2, -89.0, 89.0))
        per_lat = 111_000.0
        per_lon = per_lat * float(np.cos(np.radians(lat)))
        margin = np.array([(margin_m + 2 * cell_m) / per_lon, (margin_m + 2 * cell_m) / per_lat])
        low, high = bounds[:2] - margin, bounds[2:] + margin
        size = (high - low) * np.array([per_lon, per_lat])
        cell_m = max(cell_m, float(np.sqrt(size[0] * size[1] / _MAX_CELLS)))
        width, height = cell_m / per_lon, cell_m / per_lat
        # Off round numbers, so that no vertex of a hand-drawn polygon lies on a middle line.
        low -= np.array([width, height]) * 0.3819660112501051
        columns, rows = (int(n) + 1 for n in np.ceil((high - low) / (width, height)))
        middle = low + np.array([columns * width, rows * height]) / 2
        half = np.array([columns * width, rows * height]) / 2
        project = Transformer.from_crs(WGS84, metric_crs, always_xy=True)
        tried = (_polynomials(project, middle, half, terms) for terms in _TERMS)
        fitted = next((found for found in tried if found is not None), None)
        if fitted is None:
            return None
        diagonal, side = _cell_sizes(project, low, width, height, columns, rows)
        return cls(
            float(low[0]), float(low[1]), width, height, columns, rows, diagonal, side, middle,
            half, *fitted,
        )  # fmt: skip

    @property
    def cells(self) -> int:
        """Number of cells; cell ``row * columns + column``."""
        return self.columns * self.rows

    def middles(self, cells: Ints) -> Floats:
        """Return the middles of cells, degrees, shape (n, 2)."""
        row, column = np.divmod(cells, self.columns)
        lon = self.west + (column + 0.5) * self.width
        return np.column_stack([lon, self.south + (row + 0.5) * self.height])

    def around(self, cells: Ints, reach: int) -> Ints:
        """Return the cells within `reach` rows and columns of any of `cells`, in order."""
        if not len(cells):
            return cells
        row, column = np.divmod(cells, self.columns)
        top, left = row.min() - reach, column.min() - reach
        near = np.zeros((row.max() - top + reach + 1, column.max() - left + reach + 1), bool)
        near[row - top, column - left] = True
        for axis in (near, near.T):
            here = axis.copy()
            for step in range(1, reach + 1):
                axis[step:] |= here[:-step]
                axis[:-step] |= here[step:]
        row, column = np.nonzero(near)
        row, column = row + top, column + left
        good = (row >= 0) & (row < self.rows) & (column >= 0) & (column < self.columns)
        return np.asarray(row[good] * self.columns + column[good])


def _polynomials(
    project: Transformer, middle: Floats, half: Floats, terms: int
) -> tuple[Floats, int] | None:
    """Return the projection as polynomials in u, v on [-1, 1], or None where they do not fit."""

    def at(axis: Floats) -> tuple[Floats, Floats]:
        u, v = (a.ravel() for a in np.meshgrid(axis, axis, indexing="ij"))
        goal = project.transform(middle[0] + u * half[0], middle[1] + v * half[1])
        return _powers(u, v, terms), np.column_stack(goal)

    design, goal = at(np.cos(np.pi * (np.arange(_KNOTS) + 0.5) / _KNOTS))
    fitted = np.linalg.lstsq(design, goal, rcond=None)[0]
    design, goal = at(np.linspace(-1, 1, 31))
    if not np.abs(design @ fitted - goal).max() <= _PROJECTION_ERROR_M:
        return None
    return np.ascontiguousarray(fitted), terms


def _powers(u: Floats, v: Floats, terms: int) -> Floats:
    powers = np.polynomial.polynomial.polyvander2d(u, v, [terms - 1, terms - 1])
    return np.asarray(powers, np.float64)


def _cell_sizes(
    project: Transformer, low: Floats, width: float, height: float, columns: int, rows: int
) -> tuple[float, float]:
    """Return the greatest half diagonal and the least side of a cell, metres, with some slack."""
    c, r = (a.ravel() for a in np.meshgrid(np.linspace(0, columns, 9), np.linspace(0, rows, 9)))

    def at(dx: float, dy: float) -> Floats:
        return np.column_stack(
            project.transform(low[0] + (c + dx) * width, low[1] + (r + dy) * height)
        )

    middle = at(0.5, 0.5)
    corners = [np.hypot(*(at(dx, dy) - middle).T).max() for dx in (0.0, 1.0) for dy in (0.0, 1.0)]
    sides = [np.hypot(*(at(*d) - at(0, 0)).T).min() for d in ((1.0, 0.0), (0.0, 1.0))]
    return float(max(corners)) * 1.001, float(min(sides)) * 0.999


class Polygons(NamedTuple):
    """Polygons on a lattice; those with lower numbers come first where they overlap.

    Attributes:
        cover: first polygon that holds the whole cell, or -1, shape (cells,).
        group_start: groups of each cell, shape (cells + 1,); a group is a polygon with edges there.
        group_tag, group_inside: its polygon, and whether that holds the cell's middle.
        group_from, listed: its edges are ``listed[group_from[g]:group_from[g + 1]]``.
        edges: ends of all edges, degrees: x1, y1, x2, y2.
        tag: polygon of each edge.
    """

    cover: Int32s
    group_start: Int32s
    group_tag: Int32s
    group_inside: NDArray[np.bool_]
    group_from: Int32s
    listed: Int32s
    edges: tuple[Floats, Floats, Floats, Floats]
    tag: Int32s

    @property
    def layer(self) -> tuple[Any, ...]:
        """What the loops take besides the edges."""
        return self[:6]

    @classmethod
    def of(cls, shapes: NDArray[Any], lattice: Lattice) -> Polygons:
        """Return polygons (degrees) on a lattice."""
        edges, tag = _edges(shapes)
        cell_of, edge_of = _touched(edges, lattice)
        inside = _middles_inside(edges, tag, lattice)
        order = np.lexsort((edge_of, tag[edge_of], cell_of))
        cell_of, edge_of = cell_of[order], edge_of[order]
        key = cell_of * np.int64(len(shapes) or 1) + tag[edge_of]
        group_key, first = np.unique(key, return_index=True)
        group_cell, group_tag = np.divmod(group_key, len(shapes) or 1)
        within = np.sort(inside[0] * np.int64(len(shapes) or 1) + inside[1])
        spot = np.searchsorted(within, group_key)
        holds = (spot < len(within)) & (within[np.minimum(spot, len(within) - 1)] == group_key) \
            if len(within) else np.zeros(len(group_key), bool)  # fmt: skip
        whole = within[~np.isin(within, group_key)]
        cover = np.full(lattice.cells, -1, np.int32)
        cell, polygon = np.divmod(whole[::-1], len(shapes) or 1)
        cover[cell] = polygon  # in falling order, so that the lowest number is written last
        return cls(
            cover,
            _starts(group_cell, lattice.cells),
            group_tag.astype(np.int32),
            np.asarray(holds, bool),
            np.append(first, len(key)).astype(np.int32),
            edge_of.astype(np.int32),
            edges,
            tag,
        )


def _edges(shapes: NDArray[Any]) -> tuple[tuple[Floats, Floats, Floats, Floats], Int32s]:
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[:-1] == ring[1:]
    moved = (xy[:-1] != xy[1:]).any(axis=1)
    keep = np.flatnonzero(same & moved)
    tag = owner[part[ring[keep]]].astype(np.int32)
    a, b = xy[keep], xy[keep + 1]
    columns = [np.ascontiguousarray(c) for c in (a[:, 0], a[:, 1], b[:, 0], b[:, 1])]
    return (columns[0], columns[1], columns[2], columns[3]), tag


def _touched(edges: tuple[Floats, ...], lattice: Lattice) -> tuple[Ints, Ints]:
    """Return (cell, edge) for every cell that an edge touches, sorted by cell."""
    frame = (lattice.west, lattice.south, lattice.width, lattice.height)
    counts = np.zeros(lattice.cells + 1, np.int64)
    nothing = np.empty(0, np.int64)
    shape = (lattice.columns, lattice.rows)
    place_loops.cells_of_segments(edges, frame, shape, False, counts, nothing)
    starts = np.concatenate([[0], np.cumsum(counts[:-1])])
    edge_of = np.empty(int(counts.sum()), np.int64)
    place_loops.cells_of_segments(edges, frame, shape, True, starts.copy(), edge_of)
    return np.repeat(np.arange(lattice.cells), counts[:-1]), edge_of


def _middles_inside(edges: tuple[Floats, ...], tag: Int32s, lattice: Lattice) -> tuple[Ints, Ints]:
    """Return (cell, polygon) for every cell whose middle a polygon holds."""
    span = (lattice.south, lattice.height, lattice.rows)
    none_i, none_f = np.empty(0, np.int64), np.empty(0)
    count = int(place_loops.crossings(edges, *span, False, none_i, none_f, none_i))
    row, x, edge = np.empty(count, np.int64), np.empty(count), np.empty(count, np.int64)
    place_loops.crossings(edges, *span, True, row, x, edge)
    owner = tag[edge].astype(np.int64)
    order = np.lexsort((x, row, owner))
    row, x, owner = row[order], x[order], owner[order]
    # A closed ring crosses a line an even number of times: between odd and even it is inside.
    enter, leave = x[0::2], x[1::2]
    first = np.ceil((enter - lattice.west) / lattice.width - 0.5).astype(np.int64)
    last = np.ceil((leave - lattice.west) / lattice.width - 0.5).astype(np.int64) - 1
    first, last = np.maximum(first, 0), np.minimum(last, lattice.columns - 1)
    length = np.maximum(last - first + 1, 0)
    base = np.repeat(row[0::2] * lattice.columns + first, length)
    step = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
    return base + step, np.repeat(owner[0::2], length)


class Ground(NamedTuple):
    """Where calls of one landmass can lie.

    Attributes:
        cells: in order.
        x, y: their middles, metres.
    """

    cells: Ints
    x: Floats
    y: Floats

    @classmethod
    def of(cls, cells: Ints, lattice: Lattice) -> Ground:
        """Return the ground that cells of a lattice are."""
        x, y = project(lattice, lattice.middles(cells)).T
        return cls(cells, np.ascontiguousarray(x), np.ascontiguousarray(y))


class Nearby(NamedTuple):
    """For each cell and landmass the places that are nearest to some point of the cell.

    Attributes:
        start: groups of each cell, shape (cells + 1,).
        mass: landmass of each group.
        begin, listed: its places are ``listed[begin[g]:begin[g + 1]]``.
    """

    start: Int32s
    mass: Int32s
    begin: Int32s
    listed: Int32s

    @classmethod
    def of(cls, xy: Floats, mass: Ints, grounds: Mapping[int, Ground], lattice: Lattice) -> Nearby:
        """Return the places near every cell.

        Args:
            xy: places in metres, shape (n, 2).
            mass: landmass of each, -1 for none.
            grounds: by landmass, rising.
            lattice: the lattice.
        """
        nothing = np.empty(0, np.int64)
        cells, owners, counts, lists = [nothing], [nothing], [nothing], [nothing]
        for m, ground in grounds.items():
            mine = np.flatnonzero(mass == m)
            if not len(mine):
                continue
            # The nearest place of the middle is at most a half diagonal farther from any other
            # point of the cell, and no place beyond a whole diagonal more can beat it.
            size, listed = _within(xy, mine, ground, 2.0 * lattice.half_diagonal_m + 0.01)
            cells.append(ground.cells)
            owners.append(np.full(len(size), m, np.int64))
            counts.append(size)
            lists.append(listed)
        cell, owner, count, flat = (np.concatenate(p) for p in (cells, owners, counts, lists))
        # Landmass by landmass so far, now cell by cell.
        order = np.argsort(cell, kind="stable")
        size, begin = count[order], (np.cumsum(count) - count)[order]
        starts = np.append(0, np.cumsum(size)).astype(np.int32)
        moved = flat[np.repeat(begin - starts[:-1], size) + np.arange(len(flat))]
        return cls(
            _starts(cell, lattice.cells), owner[order].astype(np.int32), starts,
            moved.astype(np.int32),
        )  # fmt: skip


def _within(xy: Floats, mine: Ints, ground: Ground, slack: float) -> tuple[Ints, Ints]:
    """Return the places that are at most `slack` farther from a spot than the nearest one.

    Returns:
        How many there are for each spot, and their numbers, spot by spot and in order.
    """
    mine = mine[np.argsort(xy[mine, 0], kind="stable")]
    x, y = (np.ascontiguousarray(column) for column in xy[mine].T)
    reach, count = np.empty(len(ground.cells)), np.empty(len(ground.cells), np.int64)
    nearby_loops.reaches(x, y, ground.x, ground.y, slack, reach, count)
    listed = np.empty(int(count.sum()), np.int64)
    nearby_loops.within(x, y, mine, ground.x, ground.y, reach, listed)
    return count, listed


def project(lattice: Lattice, lon_lat: Floats) -> Floats:
    """Return points (degrees, shape (n, 2)) in metres as the loops see them."""
    u, v = ((lon_lat - lattice.middle) / lattice.half).T
    by_v = lattice.coefficients.reshape(lattice.terms, lattice.terms, 2).transpose(1, 0, 2)
    return np.asarray(np.polynomial.polynomial.polyval2d(v, u, by_v)).T


def _starts(cells: Ints, n: int) -> Int32s:
    """Return where each cell's rows begin in a table sorted by cell."""
    return np.append(0, np.cumsum(np.bincount(cells, minlength=n))).astype(np.int32)
