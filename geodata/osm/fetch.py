"""Download an area tile by tile into a cache, and put the tiles together as one file.

Each tile is asked for once and kept; a run that was interrupted goes on with the next tile. A tile
that is too large for the server is divided into four.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import platformdirs
import shapely

from geodata.errors import Cause, Fault, InputError, shorten
from geodata.osm import area as areas
from geodata.osm import overpass
from geodata.osm.overpass import Server

TILE_DEG = 0.25
LEAST_TILE_DEG = 0.02
LARGEST_KM2 = 40_000.0
# Numbers of buildings as points; above any node number that the map will reach.
_BUILDING_OFFSET = 1 << 41

Tell = Callable[[int, int, str], None]


def default_server() -> str:
    """Return the address of the Overpass server that OSMnx uses."""
    import osmnx

    return str(osmnx.settings.overpass_url)


def default_geocoder() -> str:
    """Return the address of the Nominatim server that OSMnx uses."""
    import osmnx

    return str(osmnx.settings.nominatim_url)


def default_cache() -> Path:
    """Return the folder of downloaded tiles in the user's cache folder."""
    return Path(platformdirs.user_cache_dir("island-response")) / "overpass"


def find_place(place: str, geocoder: Server) -> tuple[shapely.Polygon, str]:
    """Return the bounding box of a place and its full name.

    Raises:
        InputError: if the geocoder cannot be reached or knows no such place.
    """
    found = geocoder.find(place)
    try:
        south, north, west, east = (float(n) for n in found["boundingbox"])
    except (TypeError, ValueError) as error:
        raise InputError(Fault("fetch_place", geocoder.base, place)) from error
    box = areas.parse_bbox(f"{west},{south},{east},{north}", where=geocoder.base)
    return box, str(found.get("display_name", place))


def download(
    box: shapely.Polygon,
    server: Server,
    *,
    cache: Path,
    refresh: bool = False,
    tell: Tell = lambda *_: None,
) -> Path:
    """Return an OpenStreetMap file with what an import reads of a box.

    Args:
        box: area to download, degrees.
        server: where to ask.
        cache: folder of the tiles; made if missing.
        refresh: ask again for tiles that the cache holds.
        tell: called with the number of tiles done, of all, and ``cache`` or ``server``.

    Raises:
        InputError: if the area is too large, the server cannot be reached or refuses, or there is
            nothing there.
    """
    size_km2 = _km2(box)
    if size_km2 > LARGEST_KM2:
        limit: dict[str, object] = {"limit": f"{LARGEST_KM2:,.0f}"}
        raise InputError(Fault("fetch_too_large", areas.bbox_text(box), f"{size_km2:,.0f}", limit))
    try:
        cache.mkdir(parents=True, exist_ok=True)
        tiles = list(_downloaded(box, server, cache, refresh, tell))
        return _merged(tiles, box, cache)
    except OSError as error:
        fault = Fault("fetch_cache", str(cache), params={"reason": Cause.of(error)})
        raise InputError(fault) from error


def tiles_of(box: shapely.Polygon, size_deg: float = TILE_DEG) -> list[shapely.Polygon]:
    """Return the tiles of a box: an even division into parts of at most `size_deg` degrees."""
    west, south, east, north = box.bounds
    columns, rows = (
        max(1, math.ceil((high - low) / size_deg - 1e-9))
        for low, high in ((west, east), (south, north))
    )
    x, y = np.linspace(west, east, columns + 1), np.linspace(south, north, rows + 1)
    return [
        shapely.box(x[i], y[j], x[i + 1], y[j + 1]) for j in range(rows) for i in range(columns)
    ]


def _downloaded(
    box: shapely.Polygon, server: Server, cache: Path, refresh: bool, tell: Tell
) -> Iterator[Path]:
    left = deque(tiles_of(box))
    done, total = 0, len(left)
    while left:
        tile = left.popleft()
        path = cache / f"{_key(tile, server)}.json.gz"
        divided = path.with_suffix(".divided")
        if divided.exists() and not refresh:
            left.extendleft(_quarters(tile))
            total += 3
            continue
        known = not refresh and _is_whole(path)
        if not known:
            try:
                _store(server.query(tile), path)
            except overpass.TooMuch as error:
                _check_divisible(tile, server, str(error))
                divided.touch()
                left.extendleft(_quarters(tile))
                total += 3
                continue
        done += 1
        tell(done, total, "cache" if known else "server")
        yield path


def _quarters(tile: shapely.Polygon) -> list[shapely.Polygon]:
    west, south, east, north = tile.bounds
    x, y = (west + east) / 2.0, (south + north) / 2.0
    return [
        shapely.box(west, south, x, y),
        shapely.box(x, south, east, y),
        shapely.box(west, y, x, north),
        shapely.box(x, y, east, north),
    ]


def _check_divisible(tile: shapely.Polygon, server: Server, reason: str) -> None:
    west, south, east, north = tile.bounds
    if max(east - west, north - south) <= LEAST_TILE_DEG:
        where = f"{server.base} {areas.bbox_text(tile)}"
        raise InputError(Fault("fetch_gave_up", where, params={"reason": shorten(reason)}))


def _key(tile: shapely.Polygon, server: Server) -> str:
    asked = f"{server.base}\n{overpass.query_text(tile, 0)}"
    return hashlib.sha256(asked.encode()).hexdigest()[:32]


def _store(answer: dict[str, Any], path: Path) -> None:
    part = path.with_name(f"{path.name}.partial")
    with gzip.open(part, "wt", encoding="utf-8") as file:
        json.dump(answer, file)
    part.replace(path)


def _load(path: Path) -> dict[str, Any]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        answer: dict[str, Any] = json.load(file)
    return answer


def _is_whole(path: Path) -> bool:
    try:
        return isinstance(_load(path).get("elements"), list)
    except (OSError, EOFError, ValueError, AttributeError):
        return False


def _merged(tiles: list[Path], box: shapely.Polygon, cache: Path) -> Path:
    """Write the elements of all tiles, each once and in order, as one file."""
    nodes: dict[int, dict[str, Any]] = {}
    ways: dict[int, dict[str, Any]] = {}
    relations: dict[int, dict[str, Any]] = {}
    stamps = []
    for path in tiles:
        answer = _load(path)
        stamps.append(str((answer.get("osm3s") or {}).get("timestamp_osm_base", "")))
        for element in answer["elements"]:
            _take(element, nodes, ways, relations)
    if not nodes:
        raise InputError(Fault("fetch_nothing", "overpass", areas.bbox_text(box)))
    digest = hashlib.sha256("".join(path.name for path in tiles).encode()).hexdigest()[:16]
    path = cache / f"area-{digest}.osm.pbf"
    part = cache / f"area-{digest}.partial.osm.pbf"
    _write(part, box, max(stamps), nodes, ways, relations)
    part.replace(path)
    return path


def _take(
    element: dict[str, Any],
    nodes: dict[int, dict[str, Any]],
    ways: dict[int, dict[str, Any]],
    relations: dict[int, dict[str, Any]],
) -> None:
    """Sort one element in; of an element that comes twice the one with tags is kept."""
    kind, number = element.get("type"), element.get("id")
    if not isinstance(number, int):
        return
    if kind == "node" and "lat" in element and "lon" in element:
        if number not in nodes or "tags" in element:
            nodes[number] = element
    elif kind == "way" and "nodes" in element:
        if number not in ways or "tags" in element:
            ways[number] = element
    elif kind == "way" and "center" in element:
        nodes[_BUILDING_OFFSET + number] = {**element["center"], "tags": {"building": "yes"}}
    elif kind == "relation" and "members" in element:
        relations[number] = element


def _write(
    path: Path,
    box: shapely.Polygon,
    stamp: str,
    nodes: dict[int, dict[str, Any]],
    ways: dict[int, dict[str, Any]],
    relations: dict[int, dict[str, Any]],
) -> None:
    header = osmium.io.Header()
    header.add_box(osmium.osm.Box(*box.bounds))
    header.set("generator", "island-response")
    if stamp:
        header.set("osmosis_replication_timestamp", stamp)
    new = osmium.osm.mutable
    with osmium.SimpleWriter(str(path), header=header, overwrite=True) as writer:
        for number, one in sorted(nodes.items()):
            at = (one["lon"], one["lat"])
            writer.add_node(new.Node(id=number, location=at, tags=one.get("tags") or {}))
        for number, one in sorted(ways.items()):
            writer.add_way(new.Way(id=number, nodes=one["nodes"], tags=one.get("tags") or {}))
        for number, one in sorted(relations.items()):
            members = [(m["type"][0], m["ref"], m.get("role", "")) for m in one["members"]]
            tags = one.get("tags") or {}
            writer.add_relation(new.Relation(id=number, members=members, tags=tags))


def _km2(box: shapely.Polygon) -> float:
    west, south, east, north = box.bounds
    middle = math.cos(math.radians((south + north) / 2.0))
    return (east - west) * middle * (north - south) * 111.32**2
