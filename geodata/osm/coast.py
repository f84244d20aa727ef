"""Land from coastline ways: rings are islands, open chains are closed along the extract's edge.

A coastline has land on its left. Ways are joined end to end by their nodes. A chain that closes
runs around an island, or, clockwise, around water inside one. A chain that leaves the area is cut
there, and the edge of the area closes it; which side is land follows from the direction of the
line. A chain that ends inside the area is a fault of the map, unless the gap is small.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

from geodata.errors import Fault, InputError
from geodata.osm import shapes
from geodata.osm.assumptions import Assumptions
from geodata.osm.extract import Floats, Ways

_METRES_PER_DEGREE = 111_320.0
# A chain that stops this near to the edge, as a share of the area's diagonal, was cut off there by
# whoever made the extract.
_NEAR_EDGE = 0.02
_SIDE_STEP = 1e-6

# Polygon, coastline ways around it, whether the edge of the area cuts it.
_Part = tuple[BaseGeometry, frozenset[int], bool]


@dataclass
class Land:
    """Land polygons in degrees, largest first.

    Attributes:
        shapes: one polygon an island.
        ways: numbers of the coastline ways around each.
        cut: whether the edge of the area cuts through it.
        gaps_closed: number of small gaps that a straight line closed.
        gap_m: longest of them, metres.
        drawn_out: ends that the extract tore off and that were drawn on to its edge.
        dropped: chains that were left out because they do not close.
    """

    shapes: list[BaseGeometry] = field(default_factory=list)
    ways: list[frozenset[int]] = field(default_factory=list)
    cut: list[bool] = field(default_factory=list)
    gaps_closed: int = 0
    gap_m: float = 0.0
    drawn_out: int = 0
    dropped: int = 0


@dataclass
class _Chain:
    xy: Floats
    ways: frozenset[int]
    closed: bool
    # Whether the file lacks the node that comes before the first or after the last vertex.
    torn: tuple[bool, bool] = (False, False)


def assemble(
    coast: Ways,
    area: BaseGeometry,
    *,
    file: str,
    assumptions: Assumptions,
    forgive: bool = False,
) -> Land:
    """Return the land that coastline ways enclose.

    Args:
        coast: natural=coastline, degrees.
        area: polygon of the extract or of the part asked for, degrees; land ends at it.
        file: name for messages.
        assumptions: gives the longest gap that is closed.
        forgive: leave out chains that do not close, and count them.

    Raises:
        InputError: naming every place where a coastline ends inside the area.
    """
    land = Land()
    chains = _close_gaps(_chains(coast), land, assumptions.coast_gap_m)
    shapely.prepare(area)
    inside = [c for c in chains if c.closed and area.contains(shapely.LineString(c.xy))]
    others = [c for c in chains if not any(c is one for one in inside)]
    crossing = _reach_edge(others, area, land, file=file, forgive=forgive)
    parts: list[_Part] = [(shapely.Polygon(c.xy), c.ways, False) for c in inside if _is_land(c.xy)]
    parts += [(face, ways, True) for face, ways in _faces(crossing, area)]
    water: list[BaseGeometry] = [shapely.Polygon(c.xy) for c in inside if not _is_land(c.xy)]
    for shape, ways, cut in _without_water(parts, water):
        land.shapes.append(shape)
        land.ways.append(ways)
        land.cut.append(cut)
    return land


def _chains(coast: Ways) -> list[_Chain]:
    """Join ways end to end by their node numbers."""
    pieces = [piece for k in range(len(coast)) for piece in _known_runs(coast, k)]
    starting: dict[int, list[int]] = {}
    for number, piece in enumerate(pieces):
        starting.setdefault(piece.first, []).append(number)
    ended = {piece.last for piece in pieces}
    used = [False] * len(pieces)
    order = sorted(range(len(pieces)), key=lambda n: pieces[n].first in ended)
    # One walk uses up the pieces of a chain, so each start is looked at when its turn comes.
    walks = (None if used[n] else _walk(n, pieces, starting, used) for n in order)
    return [chain for chain in walks if chain is not None]


@dataclass(frozen=True)
class _Piece:
    xy: Floats
    way: int
    first: int
    last: int
    torn: tuple[bool, bool]


def _known_runs(coast: Ways, k: int) -> Iterable[_Piece]:
    """Yield the runs of a way whose nodes the file has."""
    span = coast.slice(k)
    lon, lat, refs = coast.lon[span], coast.lat[span], coast.refs[span]
    known = np.isfinite(lon)
    edges = np.flatnonzero(np.diff(np.r_[False, known, False].astype(np.int8)))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if end - begin >= 2:
            torn = (bool(begin > 0), bool(end < len(refs)))
            points = np.column_stack((lon[begin:end], lat[begin:end]))
            yield _Piece(points, int(coast.ids[k]), int(refs[begin]), int(refs[end - 1]), torn)


def _walk(
    number: int, pieces: list[_Piece], starting: dict[int, list[int]], used: list[bool]
) -> _Chain:
    first, run = pieces[number], [pieces[number]]
    used[number] = True
    while run[-1].last != first.first:
        free = [n for n in starting.get(run[-1].last, ()) if not used[n]]
        if not free:
            break
        used[free[0]] = True
        run.append(pieces[free[0]])
    xy = np.vstack([run[0].xy, *(piece.xy[1:] for piece in run[1:])])
    closed = run[-1].last == first.first and len(xy) >= 4
    torn = (first.torn[0], run[-1].torn[1])
    return _Chain(xy, frozenset(piece.way for piece in run), closed, torn)


def _close_gaps(chains: list[_Chain], land: Land, gap_m: float) -> list[_Chain]:
    """Join the end of an open chain to the start of the nearest one across small gaps."""
    open_ones = [c for c in chains if not c.closed]
    closed = [c for c in chains if c.closed]
    while open_ones:
        chain = open_ones.pop(0)
        while not chain.closed:
            options = [
                (_metres(chain.xy[-1], c.xy[0]), n) for n, c in enumerate([*open_ones, chain])
            ]
            far, n = min(options)
            if far > gap_m or chain.torn[1] or ([*open_ones, chain][n]).torn[0]:
                break
            land.gaps_closed += 1
            land.gap_m = max(land.gap_m, round(far, 1))
            if n == len(open_ones):
                ring = np.vstack([chain.xy, chain.xy[:1]])
                chain = _Chain(ring, chain.ways, len(ring) >= 4)
                if not chain.closed:
                    break
            else:
                other = open_ones.pop(n)
                torn = (chain.torn[0], other.torn[1])
                chain = _Chain(
                    np.vstack([chain.xy, other.xy]), chain.ways | other.ways, False, torn
                )
        closed.append(chain)
    return closed


def _reach_edge(
    chains: list[_Chain], area: BaseGeometry, land: Land, *, file: str, forgive: bool
) -> list[_Chain]:
    """Return the chains that cross the edge, drawn out to it where the extract tore them off."""
    low, high = np.array(area.bounds[:2]), np.array(area.bounds[2:])
    near = _NEAR_EDGE * float(np.hypot(*(high - low)))
    kept, faults = [], []
    for chain in chains:
        if not area.intersects(shapely.LineString(chain.xy)):
            continue
        loose = []
        for end in (0, -1):
            point = shapely.Point(chain.xy[end])
            if chain.closed or not area.contains(point):
                continue
            torn = chain.torn[end]
            if torn or area.boundary.distance(point) <= near:
                chain = _drawn_out(chain, end, area)
                land.drawn_out += 1
            else:
                loose.append(point)
        if not loose:
            kept.append(chain)
        elif forgive:
            land.dropped += 1
        else:
            faults += [_open_coast(file, chain, point) for point in loose]
    if faults:
        raise InputError(faults)
    return kept


def _open_coast(file: str, chain: _Chain, point: shapely.Point) -> Fault:
    gap_m = _metres(chain.xy[-1], chain.xy[0])
    ways = ", ".join(str(way) for way in sorted(chain.ways)[:3])
    said: dict[str, object] = {"gap_m": f"{gap_m:,.0f}", "ways": ways}
    return Fault("osm_coast_open", file, f"{point.x:.5f}, {point.y:.5f}", said)


def _drawn_out(chain: _Chain, end: int, area: BaseGeometry) -> _Chain:
    point = shapely.Point(chain.xy[end])
    on_edge = nearest_points(area.boundary, point)[0]
    beyond = np.array([2.0 * on_edge.x - point.x, 2.0 * on_edge.y - point.y])
    xy = np.vstack([beyond, chain.xy]) if end == 0 else np.vstack([chain.xy, beyond])
    return _Chain(xy, chain.ways, chain.closed, chain.torn)


def _faces(chains: list[_Chain], area: BaseGeometry) -> list[tuple[BaseGeometry, frozenset[int]]]:
    """Return the land among the faces that chains and the edge of the area cut out."""
    if not chains:
        return []
    lines = [shapely.LineString(chain.xy) for chain in chains]
    net = shapely.union_all([*(line.intersection(area) for line in lines), area.boundary])
    every = shapely.get_parts(shapely.polygonize([net])).tolist()
    faces: list[BaseGeometry] = [f for f in every if area.intersects(f.representative_point())]
    tree = shapely.STRtree(faces)
    votes = np.zeros(len(faces))
    ways: list[set[int]] = [set() for _ in faces]
    for chain in chains:
        middle, left, length = _sides(chain.xy, area)
        for sign, points in ((1.0, middle + left), (-1.0, middle - left)):
            at, face = tree.query(shapely.points(points), predicate="within")
            np.add.at(votes, face, sign * length[at])
            if sign > 0:
                for f in set(face.tolist()):
                    ways[f] |= chain.ways
    return [(face, frozenset(ways[k])) for k, face in enumerate(faces) if votes[k] > 0]


def _sides(xy: Floats, area: BaseGeometry) -> tuple[Floats, Floats, Floats]:
    """Return for each segment the middle of its part in the area, a tiny step left, its length."""
    step = np.diff(xy, axis=0)
    whole = np.hypot(step[:, 0], step[:, 1])
    keep = whole > 0
    step, whole, pairs = step[keep], whole[keep], np.stack((xy[:-1], xy[1:]), axis=1)[keep]
    inside = shapely.intersection(shapely.linestrings(pairs), area)
    parts, of = shapely.get_parts(inside, return_index=True)
    length = shapely.length(parts)
    parts, of, length = parts[length > 0], of[length > 0], length[length > 0]
    middle = shapely.get_coordinates(shapely.line_interpolate_point(parts, 0.5, normalized=True))
    left = np.column_stack((-step[of, 1], step[of, 0])) / whole[of, None] * _SIDE_STEP
    return middle, left, length


def _without_water(parts: list[_Part], water: list[BaseGeometry]) -> list[_Part]:
    """Return valid polygons, largest first, less the lagoons, without land drawn inside land."""
    found: list[_Part] = []
    lagoons = [shapes.areal(ring) for ring in water]
    for shape, ways, cut in parts:
        valid = shapes.areal(shape)
        # A lagoon larger than this land has it inside, as an island.
        own = [one for one in lagoons if one.area < valid.area and one.intersects(valid)]
        if own:
            valid = shapes.areal(valid.difference(shapely.union_all(own)))
        if not valid.is_empty:
            found.append((valid, ways, cut))
    if not found:
        return []
    found.sort(key=lambda part: (-part[0].area, min(part[1], default=0)))
    outlines = [shape for shape, _, _ in found]
    pairs = shapely.STRtree(outlines).query(outlines, predicate="within").T.tolist()
    inner = {a for a, b in pairs if b < a}
    return [part for k, part in enumerate(found) if k not in inner]


def _is_land(ring: Floats) -> bool:
    """Return whether a ring runs counterclockwise, with land on its left."""
    return bool(shapely.is_ccw(shapely.LinearRing(ring)))


def _metres(a: Floats, b: Floats) -> float:
    """Return the distance of two nearby points given in degrees."""
    east = (a[0] - b[0]) * np.cos(np.radians(a[1]))
    return float(np.hypot(east, a[1] - b[1]) * _METRES_PER_DEGREE)
