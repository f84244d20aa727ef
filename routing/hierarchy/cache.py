"""Node orders kept on disk, so that a topology is dissected once per machine.

Only the order is kept: whatever it holds, travel times stay exact as long as it names every node
once, which is checked at every load. A file that fails is ignored and written anew.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

CACHE_VARIABLE = "ISLAND_RESPONSE_CACHE"
MAGIC = b"island-response order 1\n"
DIGEST_BYTES = 32

_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return the folder for files that can be made again.

    ISLAND_RESPONSE_CACHE names it where it is set, else it is the platform's own.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("island-response"))


def load_order(key: str, n_nodes: int) -> NDArray[np.int32] | None:
    """Return the positions kept under `key`, shape (n_nodes,), or None where there are none."""
    path = _path(key)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning("the cached node order %s cannot be read (%s); making it anew", path, error)
        return None
    position = _decoded(content, key, n_nodes)
    if position is None:
        _log.warning("the cached node order %s is damaged; making it anew", path)
    return position


def save_order(key: str, position: NDArray[np.int32]) -> None:
    """Keep `position` under `key`; where the disk refuses, log that and carry on."""
    payload = position.astype("<i4").tobytes()
    path = _path(key)
    partial = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Renamed into place when complete: a killed run or a second one leaves no broken file.
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f"{path.stem}-", suffix=".partial", delete=False
        ) as file:
            partial = Path(file.name)
            file.write(MAGIC + _digest(key, payload) + payload)
        partial.replace(path)
    except OSError as error:
        _log.warning("the node order cannot be kept in %s (%s)", path.parent, error)
        if partial is not None:
            partial.unlink(missing_ok=True)


def _path(key: str) -> Path:
    return cache_folder() / "orders" / f"{key}.bin"


def _digest(key: str, payload: bytes) -> bytes:
    return hashlib.blake2b(key.encode() + payload, digest_size=DIGEST_BYTES).digest()


def _decoded(content: bytes, key: str, n_nodes: int) -> NDArray[np.int32] | None:
    head = len(MAGIC) + DIGEST_BYTES
    payload = content[head:]
    if content[:head] != MAGIC + _digest(key, payload) or len(payload) != 4 * n_nodes:
        return None
    position = np.frombuffer(payload, "<i4").astype(np.int32)
    inside = (position >= 0) & (position < n_nodes)
    if not inside.all() or (np.bincount(position, minlength=n_nodes) != 1).any():
        return None
    return position
