"""One OpenStreetMap file: what it is, and its objects one after another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import osmium
import shapely

from geodata.errors import Fault, InputError, shorten
from geodata.provenance import sha256_of

FORMATS = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".osm.xml")
GRAPHML = ".graphml"

_GIVES_UP = (RuntimeError, ValueError, osmium.InvalidLocationError)
_CUT_OFF = re.compile(
    r"\beof\b|end of file|no element found|unclosed|premature|truncated|end of stream", re.I
)


@dataclass(frozen=True)
class Source:
    """A file that could be opened.

    Attributes:
        path: the file.
        sha256: hash of its bytes.
        timestamp: date of its data as the header states it, or "".
        box: the area that the header states, degrees, or None.
    """

    path: Path
    sha256: str
    timestamp: str
    box: shapely.Polygon | None


def look(path: Path) -> Source:
    """Return what the header of an OpenStreetMap file says.

    Raises:
        InputError: if the file is missing, of no known format, empty, or its header is unreadable.
    """
    if not path.is_file():
        raise InputError(Fault("osm_missing", str(path)))
    if not path.name.lower().endswith((*FORMATS, GRAPHML)):
        known = ", ".join((*FORMATS, GRAPHML))
        raise InputError(Fault("osm_format", str(path), path.name, {"known": known}))
    if path.stat().st_size == 0:
        raise InputError(Fault("osm_empty", str(path)))
    if is_graphml(path):
        return Source(path, sha256_of(path), "", None)
    try:
        with osmium.io.Reader(str(path)) as reader:
            header = reader.header()
            box = header.box()
            stamp = header.get("osmosis_replication_timestamp") or header.get("timestamp") or ""
            shape = _shape(box) if box.valid() else None
    except _GIVES_UP as error:
        raise unreadable(path, error) from error
    return Source(path, sha256_of(path), stamp, shape)


def is_graphml(path: Path) -> bool:
    """Return whether the file is a graph, by its name."""
    return path.name.lower().endswith(GRAPHML)


def objects(path: Path, entities: Any, *filters: Any) -> Iterator[Any]:
    """Yield the objects of a file; each is valid until the next is asked for.

    Args:
        path: the file.
        entities: which kinds: ``osmium.osm.NODE``, ``WAY``, ``RELATION``.
        filters: handlers and filters that each object passes on its way.

    Raises:
        InputError: if the file breaks off or is not what its name says.
    """
    processor = osmium.FileProcessor(str(path), entities)
    for one in filters:
        processor.with_filter(one)
    try:
        stream = iter(processor)
    except _GIVES_UP as error:
        raise unreadable(path, error) from error
    while True:
        try:
            found = next(stream)
        except StopIteration:
            return
        except _GIVES_UP as error:
            raise unreadable(path, error) from error
        yield found


def unreadable(path: Path, error: Exception) -> InputError:
    """Return the fault of a file whose reader gave up with `error`."""
    reason = shorten(str(error).split("\n")[0])
    key = "osm_truncated" if _CUT_OFF.search(reason) else "osm_unreadable"
    return InputError(Fault(key, str(path), params={"reason": reason}))


def _shape(box: Any) -> shapely.Polygon:
    low, high = box.bottom_left, box.top_right
    shape: shapely.Polygon = shapely.box(low.lon, low.lat, high.lon, high.lat)
    return shape
