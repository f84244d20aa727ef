"""Roads from a GraphML file that OSMnx saved."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geodata.errors import Fault, InputError
from geodata.osm import access, source
from geodata.osm.assumptions import ROAD_SPEED_KMH
from geodata.osm.extract import Extract, WayCollector

_TEXT_KEYS = ("name", "ref", "maxspeed")
# Of several values, the first that says more than yes or no stands for the edge.
_STATE_KEYS = ("junction", "access", "bridge", "tunnel")


def read(path: Path) -> Extract:
    """Return the roads of a graph as an extract without anything else.

    An edge becomes a way; of the two edges of a two-way street one is kept. Where simplification
    has merged several values into a list, the slowest class and the lowest limit count.

    Raises:
        InputError: if the file is no such graph or its coordinates are not WGS84.
    """
    graph = _load(path)
    collected = WayCollector()
    seen: set[object] = set()
    between = -1
    for tail, head, data in graph.edges(data=True):
        tags = _tags(data)
        if not access.is_road(tags):
            continue
        twin = (frozenset((tail, head)), str(_sorted(data.get("osmid"))), round(_length(data), 1))
        if tags["oneway"] == "no":
            if twin in seen:
                continue
            seen.add(twin)
        line = _line(graph, tail, head, data)
        inner = np.arange(between, between - (len(line) - 2), -1)
        between -= max(len(line) - 2, 0)
        collected.append(_number(data), tags)
        refs = np.concatenate([[tail], inner, [head]]).astype(np.int64)
        collected.extend(refs, line[:, 0], line[:, 1])
    return Extract(
        roads=collected.finish(),
        coast=WayCollector().finish(),
        ferries=WayCollector().finish(),
        ferry_relations=[],
        features=[],
        built=[],
        buildings=np.empty((0, 2)),
        blocking=np.empty(0, np.int64),
        footing=np.empty(0, np.int64),
        counts={"tagged_nodes": graph.number_of_nodes(), "ways": graph.number_of_edges()},
    )


def _load(path: Path) -> Any:
    import networkx  # type: ignore[import-untyped,unused-ignore]
    import osmnx

    try:
        graph = osmnx.load_graphml(path)
    except (
        OSError,
        SyntaxError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        networkx.NetworkXException,
    ) as error:
        raise source.unreadable(path, error) from error
    crs = str(graph.graph.get("crs", "epsg:4326")).lower()
    if crs not in ("epsg:4326", "ogc:crs84", "wgs84"):
        raise InputError(Fault("osm_graphml_crs", str(path), crs))
    nodes = list(graph.nodes(data=True))
    known = all("x" in data and "y" in data for _, data in nodes)
    numbers = all(isinstance(node, int) for node, _ in nodes)
    if not nodes or not known or not numbers:
        raise InputError(Fault("osm_unreadable", str(path), params={"reason": "no OSMnx graph"}))
    return graph


def _tags(data: dict[str, Any]) -> dict[str, str]:
    """Return the attributes of an edge as tags of a way."""
    classes = [h for h in _several(data.get("highway")) if h in access.ROAD_CLASS]
    tags = {"oneway": "yes" if data.get("oneway") in (True, "True", "yes") else "no"}
    if classes:
        tags["highway"] = min(classes, key=lambda h: ROAD_SPEED_KMH[h])
    for key in _TEXT_KEYS:
        parts = list(dict.fromkeys(_several(data.get(key))))
        if parts:
            tags[key] = (";" if key == "maxspeed" else " / ").join(parts)
    for key in _STATE_KEYS:
        parts = sorted(_several(data.get(key)), key=lambda p: (p in ("yes", "no"), p == "no"))
        if parts:
            tags[key] = parts[0]
    return tags


def _several(value: Any) -> list[str]:
    if value is None or value != value:
        return []
    items: Iterable[Any] = value if isinstance(value, (list, tuple, set)) else [value]
    return [str(item) for item in items if str(item) not in ("", "nan", "None")]


def _sorted(value: Any) -> list[str]:
    return sorted(_several(value))


def _length(data: dict[str, Any]) -> float:
    try:
        return float(data.get("length", 0.0))
    except (TypeError, ValueError):
        return 0.0


def _number(data: dict[str, Any]) -> int:
    digits = [item for item in _several(data.get("osmid")) if item.lstrip("-").isdigit()]
    return int(digits[0]) if digits else 0


def _line(graph: Any, tail: int, head: int, data: dict[str, Any]) -> Any:
    geometry = data.get("geometry")
    if isinstance(geometry, shapely.LineString) and len(geometry.coords) >= 2:
        return shapely.get_coordinates(geometry)
    ends = [graph.nodes[node] for node in (tail, head)]
    return np.array([(float(node["x"]), float(node["y"])) for node in ends])
