"""A pencil for small maps: writes OpenStreetMap files that a test needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import osmium
import shapely
from shapely.geometry.base import BaseGeometry

from geodata.osm.assumptions import Assumptions
from geodata.osm.coast import Land
from geodata.osm.extract import WayCollector, Ways
from geodata.osm.islands import Ground, metric_crs_of, named

WORLD = Path(__file__).parents[2] / "fixtures" / "osm" / "two_isles.osm"
BOX = shapely.box(121.9, 29.9, 122.2, 30.1)


class Map:
    """Nodes, ways and relations in the order in which they are drawn.

    `tags` use ``__`` for a colon: ``name__en`` is ``name:en``.
    """

    def __init__(self, bounds: tuple[float, float, float, float] | None = None) -> None:
        self.bounds = bounds
        self.parts: list[str] = []

    def node(self, number: int, lon: float, lat: float, **tags: str) -> int:
        head = f'<node id="{number}" version="1" lon="{lon:.7f}" lat="{lat:.7f}">'
        self.parts.append(f"{head}{_tags(tags)}</node>")
        return number

    def way(self, number: int, refs: Sequence[int], **tags: str) -> int:
        nodes = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        self.parts.append(f'<way id="{number}" version="1">{nodes}{_tags(tags)}</way>')
        return number

    def relation(self, number: int, ways: Sequence[int], role: str = "", **tags: str) -> int:
        members = "".join(f'<member type="way" ref="{w}" role="{role}"/>' for w in ways)
        self.parts.append(f'<relation id="{number}" version="1">{members}{_tags(tags)}</relation>')
        return number

    def ring(self, number: int, west: float, south: float, size: float, **tags: str) -> int:
        """Draw a closed square, counterclockwise, with nodes ``number * 10`` and on."""
        corners = ((0, 0), (1, 0), (1, 1), (0, 1))
        refs = [
            self.node(number * 10 + k, west + size * x, south + size * y)
            for k, (x, y) in enumerate(corners)
        ]
        return self.way(number, [*refs, refs[0]], **tags)

    def save(self, path: Path) -> Path:
        bounds = ""
        if self.bounds:
            west, south, east, north = self.bounds
            bounds = f'<bounds minlon="{west}" minlat="{south}" maxlon="{east}" maxlat="{north}"/>'
        body = "\n".join(self.parts)
        path.write_text(
            f'<?xml version="1.0"?><osm version="0.6">{bounds}\n{body}\n</osm>', "utf-8"
        )
        return path


def least(bounds: tuple[float, float, float, float] | None = (121.9, 29.9, 122.2, 30.1)) -> Map:
    """Return a map that makes a valid region: one square island of 0.05 degrees, a road, a post.

    Its road runs from node 1 (122.01, 30.02) to node 2 (122.03, 30.02).
    """
    drawn = Map(bounds)
    drawn.ring(900, 122.0, 30.0, 0.05, natural="coastline", place="island", name="Solo")
    drawn.node(1, 122.01, 30.02)
    drawn.node(2, 122.03, 30.02)
    drawn.node(3, 122.02, 30.021, place="village", name="Town", population="900")
    drawn.node(4, 122.02, 30.019, emergency="ambulance_station", name="Post")
    drawn.way(10, [1, 2], highway="primary")
    return drawn


def converted(source: Path, target: Path) -> Path:
    """Write the objects of `source` in the format that the name of `target` says."""
    with osmium.io.Reader(str(source)) as reader:
        header = reader.header()
    with osmium.SimpleWriter(str(target), header=header, overwrite=True) as writer:
        for thing in osmium.FileProcessor(str(source)):
            writer.add(thing)
    return target


def ways(
    *drawn: tuple[int, Sequence[int], dict[str, str]], at: dict[int, tuple[float, float]]
) -> Ways:
    """Return ways in memory: (number, refs, tags) each, with nodes at `at`; others are missing."""
    collected = WayCollector()
    for number, refs, tags in drawn:
        collected.append(number, tags)
        points = np.array([at.get(ref, (np.nan, np.nan)) for ref in refs], dtype=float)
        collected.extend(np.array(refs, np.int64), points[:, 0], points[:, 1])
    return collected.finish()


def ground(*squares: tuple[float, float, float]) -> Ground:
    """Return islands that are squares: west, south, size in degrees each."""
    shapes: list[BaseGeometry] = [shapely.box(w, s, w + size, s + size) for w, s, size in squares]
    land = Land(shapes, [frozenset()] * len(shapes), [False] * len(shapes))
    crs = metric_crs_of(shapes)
    found = named(land, [], BOX, metric_crs=crs, assumptions=Assumptions())
    return Ground(found.table, crs, Assumptions().place_tolerance_m)


def _tags(tags: dict[str, str]) -> str:
    return "".join(
        f"<tag k={quoteattr(k.replace('__', ':'))} v={quoteattr(v)}/>" for k, v in tags.items()
    )
