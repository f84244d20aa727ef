"""The graph of ferry ways: what is run as one, and the paths between its landings."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from geodata.osm import naming
from geodata.osm.extract import Extract, Floats, Relation, Tags, Ways, point_array
from geodata.osm.islands import Ground

# A line that turns back this near to a coast calls there; a pier may lead farther out.
CALL_REACH_M = 150.0
PIER_REACH_M = 1_000.0
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Service:
    """Ways that are run as one.

    Attributes:
        ident: kind and number on the map of the relation, or of the first way.
        tags: of the relation; without one, none.
        ways: positions of its ways.
        whole: whether the file has every way of the relation.
    """

    ident: str
    tags: Tags
    ways: tuple[int, ...]
    whole: bool = True


@dataclass(frozen=True)
class Hop:
    """A stretch of one way between two nodes where lines meet or end.

    Attributes:
        way: position of the way.
        begin, end: flat positions of its first and last node.
        length_km: along the way.
    """

    way: int
    begin: int
    end: int
    length_km: float


# Stretches in order, each with whether it is sailed along its way.
Path = list[tuple[Hop, bool]]


class Sea:
    """The ferries of an extract as a graph: what is run as one, and the paths between landings.

    Args of the constructor:
        extract: what was read.
        area: the area imported, degrees.
        ground: the islands.

    Attributes:
        ways: the ferry ways.
        landing: map numbers of nodes where the map lets people ashore: terminals, piers, roads.
        place: longitude and latitude of each node that the file has.
        inside: nodes in the area.
        shore_m: distance of each node from the nearest island, metres; inf beyond a kilometre.
    """

    def __init__(self, extract: Extract, area: BaseGeometry, ground: Ground) -> None:
        self.ways: Ways = extract.ferries
        self._relations: list[Relation] = extract.ferry_relations
        ashore = np.concatenate([extract.roads.refs, extract.footing])
        terminals = {
            int(f.ident[1:])
            for f in extract.features
            if f.ident.startswith("n") and f.tags.get("amenity") == "ferry_terminal"
        }
        self.landing = set(ashore[np.isin(ashore, self.ways.refs)].tolist()) | terminals
        self.place = _places(self.ways)
        self.inside, self.shore_m = self._situation(area, ground)

    def services(self) -> Iterator[Service]:
        """Yield what is run as one: a relation, else ways of one name with nameless approaches."""
        at = {int(number): k for k, number in enumerate(self.ways.ids)}
        claimed: set[int] = set()
        for relation in self._relations:
            members = tuple(dict.fromkeys(at[w] for w in relation.ways if w in at))
            claimed.update(members)
            if members:
                ident = f"r{relation.number}"
                yield Service(ident, relation.tags, members, whole=not relation.missing)
        free = [k for k in range(len(self.ways)) if k not in claimed]
        nameless = [k for k in free if not naming.both(self.ways.tags[k])[0]]
        groups: dict[str, list[int]] = defaultdict(list)
        for k in free:
            groups[naming.both(self.ways.tags[k])[0]].append(k)
        joined: set[int] = set()
        for name, group in groups.items():
            if name:
                approaches = self._approaches(group, nameless)
                joined.update(approaches)
                yield self._of_ways([*group, *approaches])
        for group in self._touching([k for k in nameless if k not in joined]):
            yield self._of_ways(group)

    def paths(self, service: Service) -> list[Path]:
        """Return the path between every two landings of a service that passes no third."""
        hops = self.hops(service)
        around: dict[int, list[tuple[Hop, bool, int]]] = defaultdict(list)
        for hop in hops:
            tail, head = int(self.ways.refs[hop.begin]), int(self.ways.refs[hop.end])
            around[tail].append((hop, True, head))
            around[head].append((hop, False, tail))
        stops = {ref for ref, here in around.items() if self._is_stop(ref, here)}
        return [
            path
            for stop in sorted(stops)
            for other, path in _reached(stop, around, stops).items()
            if stop < other
        ]

    def hops(self, service: Service) -> list[Hop]:
        """Cut the ways of a service where they meet, end, or touch a landing."""
        times = Counter(
            ref for k in service.ways for ref in set(self.ways.refs[self.ways.slice(k)].tolist())
        )
        hops = []
        for k in service.ways:
            span = self.ways.slice(k)
            known = [p for p in range(span.start, span.stop) if math.isfinite(self.ways.lon[p])]
            refs = [int(self.ways.refs[p]) for p in known]
            at = [
                n
                for n, ref in enumerate(refs)
                if n in (0, len(refs) - 1) or times[ref] > 1 or ref in self.landing
            ]
            for a, b in itertools.pairwise(at):
                hops.append(Hop(k, known[a], known[b], self.length_km(known[a], known[b])))
        return hops

    def one_direction_km(self, service: Service) -> float:
        """Return the length of a service from one end to the other.

        Where each direction has a way of its own, the shorter one counts, as it does in `paths`.
        """
        used = {hop: hop.length_km for path in self.paths(service) for hop, _ in path}
        return sum(used.values())

    def is_cut(self, service: Service) -> bool:
        """Return whether the file lacks ways of a service, or an end of one of them."""
        return not service.whole or any(self.lacks_end(k) for k in service.ways)

    def lacks_end(self, k: int) -> bool:
        """Return whether the file lacks the first or the last node of way k."""
        return not np.isfinite(self.ways.lon[self.ways.slice(k)][[0, -1]]).all()

    def length_km(self, begin: int, end: int) -> float:
        """Return the length between two flat positions of one way."""
        lon, lat = self.ways.lon[begin : end + 1], self.ways.lat[begin : end + 1]
        known = np.isfinite(lon)
        return float(_GEOD.line_length(lon[known], lat[known]) / 1000.0)

    def _is_stop(self, ref: int, here: list[tuple[Hop, bool, int]]) -> bool:
        if ref in self.landing or len(here) == 1:
            return True
        if self.shore_m.get(ref, math.inf) > CALL_REACH_M:
            return False
        return len(here) > 2 or self._turns_back(here)

    def _turns_back(self, here: list[tuple[Hop, bool, int]]) -> bool:
        """Return whether two stretches leave a node on the same side: the angle is below 90°."""
        away = []
        for hop, forward, _ in here:
            a, b = (hop.begin, hop.begin + 1) if forward else (hop.end, hop.end - 1)
            east = (self.ways.lon[b] - self.ways.lon[a]) * math.cos(math.radians(self.ways.lat[a]))
            away.append(np.array([east, self.ways.lat[b] - self.ways.lat[a]]))
        return bool(np.dot(away[0], away[1]) > 0)

    def ends(self, path: Path) -> tuple[int, int]:
        """Return the map numbers of the first and the last node of a path."""
        (first, forward), (last, onward) = path[0], path[-1]
        tail = self.ways.refs[first.begin if forward else first.end]
        head = self.ways.refs[last.end if onward else last.begin]
        return int(tail), int(head)

    def points(self, path: Path) -> Floats:
        """Return the vertices of a path, degrees, shape (n, 2)."""
        parts = []
        for hop, forward in path:
            span = slice(hop.begin, hop.end + 1)
            xy = np.column_stack((self.ways.lon[span], self.ways.lat[span]))
            xy = xy[np.isfinite(xy[:, 0])]
            parts.append(xy if forward else xy[::-1])
        return np.vstack([parts[0], *(xy[1:] for xy in parts[1:])])

    def _situation(self, area: BaseGeometry, ground: Ground) -> tuple[set[int], dict[int, float]]:
        """Return which nodes are in the area, and how far each is from an island, metres."""
        refs = list(self.place)
        if not refs:
            return set(), {}
        lonlat = np.array([self.place[r] for r in refs])
        shapely.prepare(area)
        inside = shapely.intersects_xy(area, lonlat[:, 0], lonlat[:, 1])
        far = np.full(len(refs), np.inf)
        (which, _), metres = shapely.STRtree(ground.shapes).query_nearest(
            point_array(ground.metres(lonlat)),
            max_distance=PIER_REACH_M,
            return_distance=True,
            all_matches=False,
        )
        far[which] = metres
        near = dict(zip(refs, far.tolist(), strict=True))
        return {r for r, here in zip(refs, inside.tolist(), strict=True) if here}, near

    def _of_ways(self, group: Sequence[int]) -> Service:
        return Service(f"w{self.ways.ids[group[0]]}", {}, tuple(group))

    def _approaches(self, group: list[int], nameless: list[int]) -> list[int]:
        """Return the nameless ways that lead on, at sea, from the ends of a named line."""
        found: list[int] = []
        ends = self._sea_ends(group)
        grew = True
        while grew:
            new = [k for k in nameless if k not in found and self._sea_ends([k]) & ends]
            found += new
            ends |= self._sea_ends(new)
            grew = bool(new)
        return found

    def _sea_ends(self, group: Iterable[int]) -> set[int]:
        ends = {int(self.ways.refs[self.ways.slice(k)][e]) for k in group for e in (0, -1)}
        return ends - self.landing

    def _touching(self, group: list[int]) -> Iterator[list[int]]:
        """Yield the ways that share nodes, group by group."""
        left = list(group)
        while left:
            mine = [left.pop(0)]
            refs = set(self.ways.refs[self.ways.slice(mine[0])].tolist())
            grew = True
            while grew:
                new = [k for k in left if refs & set(self.ways.refs[self.ways.slice(k)].tolist())]
                left = [k for k in left if k not in new]
                mine += new
                refs.update(*(self.ways.refs[self.ways.slice(k)].tolist() for k in new))
                grew = bool(new)
            yield mine


def _places(ways: Ways) -> dict[int, tuple[float, float]]:
    known = np.isfinite(ways.lon)
    refs, lon, lat = ways.refs[known].tolist(), ways.lon[known].tolist(), ways.lat[known].tolist()
    return {r: (x, y) for r, x, y in zip(refs, lon, lat, strict=True)}


def _reached(
    start: int, around: Mapping[int, list[tuple[Hop, bool, int]]], stops: set[int]
) -> dict[int, Path]:
    """Return the shortest path to each stop that can be reached without passing another."""
    queue: list[tuple[float, int, int]] = [(0.0, 0, start)]
    best: dict[int, float] = {start: 0.0}
    came: dict[int, tuple[int, Hop, bool]] = {}
    done: set[int] = set()
    serial = 0
    while queue:
        length, _, here = heapq.heappop(queue)
        if here in done:
            continue
        done.add(here)
        if here in stops and here != start:
            continue
        for hop, forward, there in around[here]:
            longer = length + hop.length_km
            if longer < best.get(there, math.inf):
                best[there], came[there] = longer, (here, hop, forward)
                serial += 1
                heapq.heappush(queue, (longer, serial, there))
    return {stop: _back(stop, start, came) for stop in sorted(done & stops - {start})}


def _back(stop: int, start: int, came: Mapping[int, tuple[int, Hop, bool]]) -> Path:
    path: Path = []
    while stop != start:
        stop, hop, forward = came[stop]
        path.append((hop, forward))
    return path[::-1]
