"""Passages over water from every port to the ports that a patient may be landed at.

Finding them takes seconds for a whole archipelago and depends on coast and ports alone, so they are
kept on disk. Only lengths and vertices are kept: a file that fails its checks is made anew.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata import searoute
from geodata.region import Region
from routing.hierarchy.cache import cache_folder

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CELL_M = 300.0


@dataclass(frozen=True)
class Passages:
    """Shortest paths over water from every port to some of them.

    Attributes:
        to_port: rows of the layer ``ports`` that passages lead to, shape (q,).
        length_km: shape (ports, q); NaN where no water joins them, and between
            ports of one island, where a patient goes by road.
        xy: vertices of all paths one after another, metres, shape (n, 2).
        first: where each path begins in `xy`, shape (ports * q + 1,), by row of `length_km`.
    """

    to_port: Ints
    length_km: Floats
    xy: Floats
    first: Ints

    def path(self, port: int, landing: int) -> Floats:
        """Return the vertices from `port` to the landing in column `landing`, shape (k, 2)."""
        at = port * len(self.to_port) + landing
        return self.xy[self.first[at] : self.first[at + 1]]


def passages(region: Region, landings: Ints, *, cell_m: float = CELL_M) -> Passages:
    """Return the passages from every port of `region` to the ports in `landings`.

    Args:
        region: a valid region.
        landings: rows of the layer ``ports``, ascending, shape (q,).
        cell_m: spacing of the lattice over the sea, metres; see `geodata.searoute.paths`.
    """
    ports = shapely.get_coordinates(region.ports.to_crs(region.metric_crs).geometry)
    if not len(ports) or not len(landings):
        return Passages(
            landings,
            np.full((len(ports), len(landings)), np.nan),
            np.empty((0, 2)),
            np.zeros(len(ports) * len(landings) + 1, np.int64),
        )
    key = _key(region, ports, landings, cell_m)
    found = _load(key, landings, len(ports))
    if found is None:
        found = _computed(region, ports, landings, cell_m)
        _save(key, found)
    return found


def _computed(region: Region, ports: Floats, landings: Ints, cell_m: float) -> Passages:
    land = region.islands.to_crs(region.metric_crs).union_all()
    # The lattice is searched from the fewer end; a path runs the same way back.
    back = searoute.paths(land, ports[landings], ports, cell_m=cell_m)
    length = np.full((len(ports), len(landings)), np.nan)
    island = region.ports["island_id"].fillna("").to_numpy(object)
    same = (island[:, None] == island[None, :]) & (island != "")[:, None]
    same |= np.eye(len(ports), dtype=bool)
    pieces: list[Floats] = []
    first = [0]
    for port in range(len(ports)):
        for column, landing in enumerate(landings.tolist()):
            route = back.get((column, port))
            xy = np.empty((0, 2)) if route is None else route.xy[::-1]
            if route is not None and not same[port, landing]:
                length[port, column] = route.length_km
            pieces.append(xy)
            first.append(first[-1] + len(xy))
    return Passages(landings, length, np.vstack(pieces), np.array(first, np.int64))


def _key(region: Region, ports: Floats, landings: Ints, cell_m: float) -> str:
    islands = region.ports["island_id"].fillna("").tolist()
    digest = hashlib.blake2b(f"{region.metric_crs} {cell_m} {islands}".encode(), digest_size=16)
    for shape in region.islands.geometry:
        digest.update(shapely.to_wkb(shape))
    digest.update(ports.astype("<f8").tobytes() + landings.astype("<i8").tobytes())
    return digest.hexdigest()


def _path(key: str) -> Path:
    return cache_folder() / "passages" / f"{key}.npz"


def _checksum(found: Passages) -> NDArray[np.uint8]:
    digest = hashlib.blake2b(digest_size=16)
    for array in (found.to_port, found.length_km, found.xy, found.first):
        digest.update(np.ascontiguousarray(array).tobytes())
    return np.frombuffer(digest.digest(), np.uint8)


def _load(key: str, landings: Ints, n_ports: int) -> Passages | None:
    path = _path(key)
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            found = Passages(landings, file["length_km"], file["xy"], file["first"])
            whole = np.array_equal(file["checksum"], _checksum(found))
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        log.warning("the kept sea passages %s cannot be read (%s); making them anew", path, error)
        return None
    if not whole or found.length_km.shape != (n_ports, len(landings)):
        log.warning("the kept sea passages %s are damaged; making them anew", path)
        return None
    return found


def _save(key: str, found: Passages) -> None:
    path, partial = _path(key), None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f"{path.stem}-", suffix=".partial", delete=False
        ) as file:
            partial = Path(file.name)
            np.savez_compressed(
                file,
                length_km=found.length_km,
                xy=found.xy,
                first=found.first,
                checksum=_checksum(found),
            )
        partial.replace(path)
    except OSError as error:
        log.warning("the sea passages cannot be kept in %s (%s)", path.parent, error)
        if partial is not None:
            partial.unlink(missing_ok=True)
