"""What one pass over a file collects: ways as flat arrays, points and relations of interest."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Tags = Mapping[str, str]

_MISSING = 2**31 - 1
_PER_DEGREE = 10_000_000


@dataclass(frozen=True)
class Ways:
    """Ways in file order; the nodes of way k are ``start[k]:start[k + 1]`` of the flat arrays.

    Attributes:
        ids: number of each way, shape (n,).
        start: offsets, shape (n + 1,).
        refs: node numbers, shape (m,).
        lon, lat: degrees, shape (m,); NaN where the file lacks the node.
        tags: tags of each way.
    """

    ids: Ints
    start: Ints
    refs: Ints
    lon: Floats
    lat: Floats
    tags: list[dict[str, str]]

    def __len__(self) -> int:
        return len(self.ids)

    def slice(self, k: int) -> slice:
        """Return where the nodes of way k stand."""
        return slice(int(self.start[k]), int(self.start[k + 1]))

    def xy(self, k: int) -> Floats:
        """Return the known vertices of way k, degrees, shape (p, 2)."""
        span = self.slice(k)
        points = np.column_stack((self.lon[span], self.lat[span]))
        return points[np.isfinite(points[:, 0])]

    def subset(self, keep: Ints) -> Ways:
        """Return the ways at the positions `keep`."""
        collected = WayCollector()
        for k in keep.tolist():
            span = self.slice(k)
            collected.append(int(self.ids[k]), self.tags[k])
            collected.extend(self.refs[span], self.lon[span], self.lat[span])
        return collected.finish()


class WayCollector:
    """Grows a `Ways` with a few bytes a node."""

    def __init__(self) -> None:
        self._ids, self._start = array("q"), array("q", [0])
        self._refs, self._x, self._y = array("q"), array("i"), array("i")
        self._tags: list[dict[str, str]] = []

    def add(self, way: Any, tags: dict[str, str]) -> None:
        """Take over a way of the stream with its node locations."""
        self._ids.append(way.id)
        self._tags.append(tags)
        refs, x, y = self._refs, self._x, self._y
        for node in way.nodes:
            refs.append(node.ref)
            x.append(node.x)
            y.append(node.y)
        self._start.append(len(refs))

    def append(self, way_id: int, tags: dict[str, str]) -> None:
        """Start a way without nodes; `extend` gives it some."""
        self._ids.append(way_id)
        self._tags.append(tags)
        self._start.append(len(self._refs))

    def extend(self, refs: Ints, lon: Floats, lat: Floats) -> None:
        """Add nodes to the last way."""
        known = np.isfinite(lon) & np.isfinite(lat)
        self._refs.extend(refs.tolist())
        for values, into in ((lon, self._x), (lat, self._y)):
            scaled = np.where(known, np.round(np.nan_to_num(values) * _PER_DEGREE), _MISSING)
            into.extend(scaled.astype(np.int64).tolist())
        self._start[-1] = len(self._refs)

    def finish(self) -> Ways:
        """Return what was collected."""
        x, y = np.array(self._x, np.int64), np.array(self._y, np.int64)
        missing = (x == _MISSING) | (y == _MISSING)
        return Ways(
            np.array(self._ids, np.int64),
            np.array(self._start, np.int64),
            np.array(self._refs, np.int64),
            np.where(missing, np.nan, x / _PER_DEGREE),
            np.where(missing, np.nan, y / _PER_DEGREE),
            self._tags,
        )


@dataclass(frozen=True)
class Feature:
    """A place or facility.

    Attributes:
        ident: kind and number on the map, for instance ``n123`` or ``w45``.
        lon, lat: degrees; of an area, a point inside it.
        tags: its tags.
        shape: its polygon in degrees, or None for a point.
        ways: numbers of the ways that draw its outline.
    """

    ident: str
    lon: float
    lat: float
    tags: Tags
    shape: BaseGeometry | None = None
    ways: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Relation:
    """A relation of interest.

    Attributes:
        number: its number.
        tags: its tags.
        ways: numbers of its member ways, in order.
        inner: those among them with the role ``inner``.
        missing: those among them that the file lacks; known of ferries only.
    """

    number: int
    tags: Tags
    ways: tuple[int, ...]
    inner: frozenset[int] = frozenset()
    missing: frozenset[int] = frozenset()


@dataclass
class Extract:
    """Everything an import needs of one file.

    Attributes:
        roads: drivable and possibly drivable ways, with their tags.
        coast: natural=coastline.
        ferries: route=ferry and the members of ferry relations.
        ferry_relations: relations of ferries.
        features: places and facilities: points, areas and relations.
        built: polygons of built-up land, degrees.
        buildings: one point a building, degrees, shape (n, 2).
        blocking: nodes that no emergency vehicle passes.
        footing: nodes of ways on foot and of piers, where a ferry can land people.
        counts: things counted while reading, for the report.
    """

    roads: Ways
    coast: Ways
    ferries: Ways
    ferry_relations: list[Relation]
    features: list[Feature]
    built: list[BaseGeometry]
    buildings: Floats
    blocking: Ints
    footing: Ints
    counts: dict[str, int] = field(default_factory=dict)

    def box(self) -> shapely.Polygon:
        """Return the bounding box of roads, coast and features, degrees."""
        lon = np.concatenate([self.roads.lon, self.coast.lon, _of(self.features, "lon")])
        lat = np.concatenate([self.roads.lat, self.coast.lat, _of(self.features, "lat")])
        if not np.isfinite(lon).any():
            return shapely.Polygon()
        box: shapely.Polygon = shapely.box(
            np.nanmin(lon), np.nanmin(lat), np.nanmax(lon), np.nanmax(lat)
        )
        return box


def point_array(xy: Floats) -> NDArray[np.object_]:
    """Return points as an array of geometries, shape (n,)."""
    return np.asarray(shapely.points(xy.reshape(-1, 2)), dtype=object)


def _of(features: Iterable[Feature], name: str) -> Floats:
    return np.array([getattr(one, name) for one in features], dtype=float)
