"""The passes over a file: relations, then nodes, then ways, whatever their order in it."""

from __future__ import annotations

import logging
from array import array
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import shapely
from shapely.geometry.base import BaseGeometry

from geodata.errors import Fault, InputError
from geodata.osm import access, shapes, source
from geodata.osm.extract import Extract, Feature, Relation, WayCollector, Ways

log = logging.getLogger(__name__)

ISLANDS = ("island", "islet")
SETTLEMENTS = ("city", "town", "village", "hamlet", "isolated_dwelling", "suburb")
BUILT = ("residential", "retail", "commercial", "industrial")
_WANTED = {
    "place": (*ISLANDS, *SETTLEMENTS),
    "amenity": ("hospital", "clinic", "doctors", "fire_station", "ferry_terminal"),
    "healthcare": ("hospital", "clinic", "centre", "doctor"),
    "emergency": ("ambulance_station",),
    "aeroway": ("helipad", "heliport"),
    "seamark:type": ("harbour",),
    "leisure": ("marina",),
}
_NODE_KEYS = (*_WANTED, "harbour", "barrier", "building")


def read(path: Path) -> Extract:
    """Return what an import needs of an OpenStreetMap file.

    The file is read once for relations, once for nodes and once for ways; node locations stay in
    compact arrays, so that the order of objects in the file does not matter and memory grows by
    some 20 bytes a node.

    Raises:
        InputError: if the file breaks off or cannot be read.
    """
    reader = _Reader(path)
    reader.relations()
    reader.nodes()
    reader.ways()
    return reader.finish()


def is_feature(tags: dict[str, str]) -> bool:
    """Return whether tags describe a place or a facility that an import keeps."""
    for key, wanted in _WANTED.items():
        if tags.get(key) in wanted:
            return True
    return tags.get("harbour", "no") != "no"


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.index = osmium.NodeLocationsForWays(osmium.index.create_map("flex_mem"))
        self.index.ignore_errors()
        self.roads, self.coast, self.ferry_ways = WayCollector(), WayCollector(), WayCollector()
        self.members = WayCollector()
        self.footing, self.buildings = array("q"), array("i")
        self.blocking = array("q")
        self.features: list[Feature] = []
        self.built: list[BaseGeometry] = []
        self.ferry_relations: list[Relation] = []
        self.area_relations: list[Relation] = []
        self.ferry_members, self.ferry_members_left = set[int](), set[int]()
        names = ("tagged_nodes", "ways", "relations", "turn_restrictions")
        self.counts = dict.fromkeys(names, 0)

    def relations(self) -> None:
        for relation in source.objects(self.path, osmium.osm.RELATION):
            self.counts["relations"] += 1
            kind = relation.tags.get("type", "")
            if kind == "restriction":
                self.counts["turn_restrictions"] += 1
            elif kind == "route" and relation.tags.get("route") == "ferry":
                self.ferry_relations.append(_relation(relation))
            elif kind in ("multipolygon", "boundary"):
                tags = _tags(relation)
                if _area_wanted(tags, kind):
                    self.area_relations.append(_relation(relation))
        self.ferry_members = {way for r in self.ferry_relations for way in r.ways}
        self.ferry_members_left = set(self.ferry_members)
        self.area_members = {way for r in self.area_relations for way in r.ways}

    def nodes(self) -> None:
        keys = osmium.filter.KeyFilter(*_NODE_KEYS)
        for node in source.objects(self.path, osmium.osm.NODE, self.index, keys):
            tags = _tags(node)
            if is_feature(tags) and node.location.valid():
                at = node.location
                self.features.append(Feature(f"n{node.id}", at.lon, at.lat, tags))
            if "barrier" in tags and access.blocks(tags):
                self.blocking.append(node.id)
            if tags.get("building", "no") != "no" and node.location.valid():
                self.buildings.extend((node.location.x, node.location.y))
            self.counts["tagged_nodes"] += 1

    def ways(self) -> None:
        for way in source.objects(self.path, osmium.osm.WAY, self.index):
            self.counts["ways"] += 1
            if len(way.nodes) == 0:
                continue
            self.ferry_members_left.discard(way.id)
            tags = _tags(way)
            if way.id in self.area_members:
                self.members.add(way, {})
            if tags or way.id in self.ferry_members:
                self._way(way, tags)

    def finish(self) -> Extract:
        self._assemble_areas(self.members.finish())
        lonlat = np.array(self.buildings, np.int64).reshape(-1, 2) / 1e7
        roads = self.roads.finish()
        if (roads.refs < 0).any():  # node locations are kept for positive numbers only
            first = int(roads.refs[roads.refs < 0][0])
            raise InputError(Fault("osm_negative_ids", str(self.path), first))
        return Extract(
            roads=roads,
            coast=self.coast.finish(),
            ferries=self.ferry_ways.finish(),
            ferry_relations=[
                replace(one, missing=frozenset(one.ways) & self.ferry_members_left)
                for one in self.ferry_relations
            ],
            features=self.features,
            built=self.built,
            buildings=lonlat,
            blocking=np.array(self.blocking, np.int64),
            footing=np.unique(np.array(self.footing, np.int64)),
            counts=self.counts,
        )

    def _way(self, way: Any, tags: dict[str, str]) -> None:
        if tags.get("route") == "ferry" or (way.id in self.ferry_members and "highway" not in tags):
            self.ferry_ways.add(way, tags)
        elif "highway" in tags:
            self._highway(way, tags)
        elif tags.get("man_made") == "pier":
            self.footing.extend(node.ref for node in way.nodes)
        if tags.get("natural") == "coastline":
            self.coast.add(way, {})
        if tags.get("building", "no") != "no":
            first = way.nodes[0]
            if first.location.valid():
                self.buildings.extend((first.x, first.y))
        if is_feature(tags):
            self._area_feature(way, tags)
        elif tags.get("landuse") in BUILT and (polygon := _closed(way)) is not None:
            self.built.append(polygon)

    def _highway(self, way: Any, tags: dict[str, str]) -> None:
        if access.is_road(tags):
            kept = {key: tags[key] for key in access.ROAD_KEYS if key in tags}
            self.roads.add(way, kept)
        else:
            self.footing.extend(node.ref for node in way.nodes)

    def _area_feature(self, way: Any, tags: dict[str, str]) -> None:
        polygon = _closed(way)
        known = [(n.lon, n.lat) for n in way.nodes if n.location.valid()]
        if not known:
            return
        if polygon is not None:
            inside = polygon.representative_point()
            lon, lat = inside.x, inside.y
        else:
            lon, lat = np.mean(known, axis=0).tolist()
        ways = frozenset((int(way.id),))
        self.features.append(Feature(f"w{way.id}", lon, lat, tags, polygon, ways))

    def _assemble_areas(self, members: Ways) -> None:
        at = {int(number): k for k, number in enumerate(members.ids)}
        for relation in self.area_relations:
            shape = _assembled(relation, members, at)
            tags = dict(relation.tags)
            if is_feature(tags):
                self._relation_feature(relation, shape, members, at)
            elif not shape.is_empty:
                self.built.append(shape)

    def _relation_feature(
        self, relation: Relation, shape: Any, members: Ways, at: dict[int, int]
    ) -> None:
        known = [members.xy(at[way]) for way in relation.ways if way in at]
        points = np.vstack(known) if known else np.empty((0, 2))
        if shape.is_empty and not len(points):
            return
        inside = (
            shapely.Point(points.mean(axis=0)) if shape.is_empty else shape.representative_point()
        )
        polygon = None if shape.is_empty else shape
        outline = frozenset(relation.ways) - relation.inner
        ident = f"r{relation.number}"
        self.features.append(Feature(ident, inside.x, inside.y, relation.tags, polygon, outline))


def _tags(thing: Any) -> dict[str, str]:
    return {tag.k: tag.v for tag in thing.tags}


def _relation(relation: Any) -> Relation:
    members = [(m.ref, m.role) for m in relation.members if m.type == "w"]
    return Relation(
        relation.id,
        _tags(relation),
        tuple(ref for ref, _ in members),
        frozenset(ref for ref, role in members if role == "inner"),
    )


def _area_wanted(tags: dict[str, str], kind: str) -> bool:
    if kind == "boundary":
        return tags.get("place") in ISLANDS
    return is_feature(tags) or tags.get("landuse") in BUILT


def _closed(way: Any) -> BaseGeometry | None:
    """Return a closed way as a polygon, None where it is none or has no area."""
    nodes = way.nodes
    if len(nodes) < 4 or nodes[0].ref != nodes[-1].ref:
        return None
    ring = [(node.lon, node.lat) for node in nodes if node.location.valid()]
    return _polygon(ring) if len(ring) == len(nodes) else None


def _polygon(ring: Iterable[tuple[float, float]]) -> BaseGeometry | None:
    shape = shapes.areal(shapely.Polygon(ring))
    return None if shape.is_empty else shape


def _assembled(relation: Relation, members: Ways, at: dict[int, int]) -> BaseGeometry:
    """Return the area of a multipolygon relation; empty where its outline is not complete."""
    rings: dict[bool, list[BaseGeometry]] = {True: [], False: []}
    for way in relation.ways:
        if way in at and len(members.xy(at[way])) >= 2:
            rings[way in relation.inner].append(shapely.LineString(members.xy(at[way])))
    outer, inner = (_filled(rings[is_inner]) for is_inner in (False, True))
    return outer.difference(inner) if not inner.is_empty else outer


def _filled(lines: list[BaseGeometry]) -> BaseGeometry:
    if not lines:
        return shapely.Polygon()
    return shapely.union_all(shapely.get_parts(shapely.polygonize([shapely.union_all(lines)])))
