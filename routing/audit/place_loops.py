"""Compiled loops that find the island, zone, demand point and road node of many points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata.jit import compiled, inlined
from routing.audit.placing import OFF, POINT, SHORE

Array = NDArray[Any]
# Arrays of one polygon layer, one set of places, or one set of edges; see `place_grid`.
Arrays = tuple[Any, ...]


@compiled
def cells_of_segments(
    edges: Arrays, frame: tuple[float, ...], shape: tuple[int, int], fill: bool, start: Array,
    out: Array,
) -> None:  # fmt: skip
    """Count (fill False) or list (fill True) the segments that touch each cell.

    A segment is listed in every cell that it touches and in some that it all but touches.
    """
    x1, y1, x2, y2 = edges
    west, south, width, height = frame
    columns, rows = shape
    slack = 1e-6
    for s in range(x1.shape[0]):
        ax, ay = (x1[s] - west) / width, (y1[s] - south) / height
        bx, by = (x2[s] - west) / width, (y2[s] - south) / height
        if ax > bx:
            ax, ay, bx, by = bx, by, ax, ay
        first = max(0, int(np.floor(ax - slack)))
        last = min(columns - 1, int(np.floor(bx + slack)))
        for column in range(first, last + 1):
            low, high = max(ax, column - slack), min(bx, column + 1 + slack)
            if bx > ax:
                slope = (by - ay) / (bx - ax)
                ya = ay + slope * (min(max(low, ax), bx) - ax)
                yb = ay + slope * (min(max(high, ax), bx) - ax)
            else:
                ya, yb = ay, by
            bottom = max(0, int(np.floor(min(ya, yb) - slack)))
            top = min(rows - 1, int(np.floor(max(ya, yb) + slack)))
            for row in range(bottom, top + 1):
                cell = row * columns + column
                if fill:
                    out[start[cell]] = s
                start[cell] += 1


@compiled
def crossings(
    edges: Arrays, south: float, height: float, rows: int, fill: bool, row_of: Array, x_of: Array,
    segment_of: Array,
) -> int:  # fmt: skip
    """Count or list where segments cross the middle line of each row (half-open at their ends)."""
    x1, y1, x2, y2 = edges
    found = 0
    for s in range(x1.shape[0]):
        low, high = min(y1[s], y2[s]), max(y1[s], y2[s])
        first = max(0, int(np.ceil((low - south) / height - 0.5)) - 1)
        last = min(rows - 1, int(np.floor((high - south) / height - 0.5)) + 1)
        for row in range(first, last + 1):
            y = south + (row + 0.5) * height
            if (y1[s] <= y) != (y2[s] <= y):
                if fill:
                    row_of[found] = row
                    x_of[found] = x1[s] + (y - y1[s]) * (x2[s] - x1[s]) / (y2[s] - y1[s])
                    segment_of[found] = s
                found += 1
    return found


@inlined
def projected(u: float, v: float, coefficients: Array, terms: int) -> tuple[float, float]:
    """Return two polynomials of two variables on [-1, 1], degree terms - 1 in each.

    Unsigned places cannot count from the end, which spares a check at each step.
    """
    x, y = 0.0, 0.0
    k = np.uint64(terms * terms)
    for _ in range(terms):
        inner_x, inner_y = 0.0, 0.0
        for _ in range(terms):
            k -= np.uint64(1)
            inner_x = inner_x * v + coefficients[k, 0]
            inner_y = inner_y * v + coefficients[k, 1]
        x, y = x * u + inner_x, y * u + inner_y
    return x, y


@inlined
def polygon_at(
    px: float, py: float, cell: int, rx: float, ry: float, layer: Arrays, edges: Arrays
) -> int:
    """Return the first polygon that holds a point of a cell, or -1.

    Whether the cell's middle lies in a polygon is known; each segment crossed on the way from the
    point to the middle, first along x and then along y, turns inside into outside.
    """
    cover, group_start, group_tag, group_inside, group_from, listed = layer
    x1, y1, x2, y2 = edges
    best: int = cover[cell]
    for g in range(group_start[cell], group_start[cell + 1]):
        tag = group_tag[g]
        if 0 <= best < tag:
            continue
        inside = group_inside[g]
        for k in range(group_from[g], group_from[g + 1]):
            s = listed[k]
            if (y1[s] <= py) != (y2[s] <= py):
                x = x1[s] + (py - y1[s]) * (x2[s] - x1[s]) / (y2[s] - y1[s])
                if (x > px) != (x > rx):
                    inside = not inside
            if (x1[s] <= rx) != (x2[s] <= rx):
                y = y1[s] + (rx - x1[s]) * (y2[s] - y1[s]) / (x2[s] - x1[s])
                if (y > py) != (y > ry):
                    inside = not inside
        if inside:
            best = tag
    return best


@inlined
def shore_near(
    mx: float, my: float, column: int, row: int, shape: tuple[int, int], reach: int, layer: Arrays,
    edges: Arrays, limit_m: float,
) -> tuple[int, float]:  # fmt: skip
    """Return the polygon whose edge is nearest within `limit_m` (metres), or -1, and the metres.

    Of equally near polygons the first one counts.
    """
    _, group_start, group_tag, _, group_from, listed = layer
    ax, ay, bx, by = edges
    columns, rows = shape
    best, best_2 = -1, limit_m * limit_m
    for r in range(max(0, row - reach), min(rows, row + reach + 1)):
        for c in range(max(0, column - reach), min(columns, column + reach + 1)):
            cell = r * columns + c
            for g in range(group_start[cell], group_start[cell + 1]):
                tag = group_tag[g]
                for k in range(group_from[g], group_from[g + 1]):
                    s = listed[k]
                    dx, dy = bx[s] - ax[s], by[s] - ay[s]
                    length_2 = dx * dx + dy * dy
                    t = 0.0
                    if length_2 > 0:
                        t = min(1.0, max(0.0, ((mx - ax[s]) * dx + (my - ay[s]) * dy) / length_2))
                    ex, ey = ax[s] + t * dx - mx, ay[s] + t * dy - my
                    far_2 = ex * ex + ey * ey
                    if far_2 < best_2 or (far_2 == best_2 and (best < 0 or tag < best)):
                        best, best_2 = tag, far_2
    return best, np.sqrt(best_2)


@inlined
def nearest_of(mx: float, my: float, cell: int, mass: int, places: Arrays, xy: Arrays) -> int:
    """Return the nearest listed place of a landmass, -1 where it has none.

    Of equally near places the one with the lower number counts.
    """
    start, group_mass, group_from, listed = places
    x, y = xy
    best, best_2 = -1, np.inf
    for g in range(start[cell], start[cell + 1]):
        if group_mass[g] == mass:
            for k in range(group_from[g], group_from[g + 1]):
                p = listed[k]
                dx, dy = x[p] - mx, y[p] - my
                far_2 = dx * dx + dy * dy
                if far_2 < best_2 or (far_2 == best_2 and p < best):
                    best, best_2 = p, far_2
    return best


@compiled
def locate(
    lon: Array, lat: Array, frame: tuple[float, ...], shape: tuple[int, int],
    projection: Array, terms: int, land: Arrays, land_edges: Arrays, land_metric: Arrays,
    zones: Arrays, zone_edges: Arrays, demand: Arrays, demand_xy: Arrays, nodes: Arrays,
    node_xy: Arrays, numbers: Arrays, reach: int, limit_m: float, out: Arrays,
) -> None:  # fmt: skip
    """Fill the outputs for every point whose coordinates are known; see `routing.audit.place`.

    Args:
        lon, lat: degrees, NaN where unknown, shape (n,).
        frame: west, south, width, height, then middle and half of the lattice, degrees.
        shape: columns and rows of the lattice.
        projection: coefficients of x and y, shape (terms², 2); `terms` is their degree + 1.
        land, zones: polygon layers; `land_edges`, `zone_edges` their edges in degrees and
            `land_metric` in metres.
        demand, nodes: nearby places by cell; `demand_xy`, `node_xy` in metres.
        numbers: landmass of each island; zone, county and township of each demand point; network
            node of each place.
        reach: rows and columns around a cell to look for a shore in.
        limit_m: greatest distance off the shore, metres.
        out: island, zone, county, township, demand row, node and how, shape (n,) each.
    """
    west, south, width, height, mid_lon, mid_lat, half_lon, half_lat = frame
    columns, rows = shape
    mass_of_island, zone_of_demand, county_of_demand, township_of_demand, node_number = numbers
    island, zone, county, township, demand_row, node, how = out
    for i in range(lon.shape[0]):
        px, py = lon[i], lat[i]
        if not (px == px and py == py):
            continue
        how[i] = OFF
        fc, fr = np.floor((px - west) / width), np.floor((py - south) / height)
        if not (0 <= fc < columns and 0 <= fr < rows):
            continue
        column, row = int(fc), int(fr)
        cell = row * columns + column
        rx, ry = west + (column + 0.5) * width, south + (row + 0.5) * height
        u, v = (px - mid_lon) / half_lon, (py - mid_lat) / half_lat
        mx, my = projected(u, v, projection, terms)
        found = polygon_at(px, py, cell, rx, ry, land, land_edges)
        off = 0.0
        if found < 0:
            found, off = shore_near(mx, my, column, row, shape, reach, land, land_metric, limit_m)
        if found < 0:
            continue
        how[i] = SHORE if off > 0 else POINT
        island[i] = found
        mass = mass_of_island[found]
        place = nearest_of(mx, my, cell, mass, demand, demand_xy)
        if place >= 0:
            demand_row[i] = place
            county[i], township[i] = county_of_demand[place], township_of_demand[place]
        own = polygon_at(px, py, cell, rx, ry, zones, zone_edges)
        if own < 0 and place >= 0:
            own = zone_of_demand[place]
        zone[i] = own
        stop = nearest_of(mx, my, cell, mass, nodes, node_xy)
        if stop >= 0:
            node[i] = node_number[stop]
