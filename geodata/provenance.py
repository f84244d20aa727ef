"""The run record: what was asked, of which inputs, with which parameters and versions."""

from __future__ import annotations

import contextlib
import hashlib
import platform
import re
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any

SCHEMA = "island-response/run/1"
DISTRIBUTION = "island-response"
HIDDEN = "***"
_SECRET = re.compile(r"(^|[-_.])(key|token|secret|password|passwd|credentials?)s?$", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"([?&](?:tk|ak|key|token|secret|password)=)[^&\s]+", re.IGNORECASE)
_USER_IN_ADDRESS = re.compile(r"(\w+://)[^/@\s]+@")
_BLOCK = 1 << 22
_NONE: Mapping[Path, str] = MappingProxyType({})


def run_record(
    *,
    command: str,
    arguments: Mapping[str, object],
    inputs: Mapping[str, Path | str],
    parameters: object,
    started: datetime,
    finished: datetime | None = None,
    outputs: Sequence[Path] = (),
    seed: int | None = None,
    hashed: Mapping[Path, str] | None = None,
) -> dict[str, Any]:
    """Return the run record, ready for ``run.json``.

    Args:
        command: name of the command, for instance ``brief``.
        arguments: options as given; those whose names mean a secret, and keys inside addresses, are
            hidden.
        inputs: what was read, by role (``region``, ``config``): a file or folder, of which the
            SHA-256 is recorded, or a text such as a content hash, recorded as it is.
        parameters: every parameter of the model with its origin.
        started, finished: times with a time zone; `finished` is now unless given.
        outputs: files written, of which name and SHA-256 are recorded.
        seed: seed of random numbers, where any were drawn.
        hashed: SHA-256 of inputs for which it is known already.

    Environment variables, host and user names are not recorded.
    """
    finished = finished or datetime.now(UTC)
    return {
        "schema": SCHEMA,
        "command": command,
        "arguments": {name: _shown(name, value) for name, value in arguments.items()},
        "inputs": {role: input_entry(source, hashed or {}) for role, source in inputs.items()},
        "parameters": parameters,
        "seed": seed,
        "outputs": {path.name: sha256_of(path) for path in sorted(outputs)},
        "versions": versions(),
        "platform": {
            "system": platform.system(),
            "release": platform.release(),
            "machine": platform.machine(),
        },
        "started_utc": _utc(started),
        "finished_utc": _utc(finished),
        "duration_s": round((finished - started).total_seconds(), 3),
    }


def input_entry(source: Path | str, hashed: Mapping[Path, str] = _NONE) -> dict[str, str]:
    """Return what is recorded of one input: its name and SHA-256, or the text itself."""
    if isinstance(source, str):
        return {"value": source}
    return {"path": str(source), "sha256": hashed.get(source) or sha256_of(source)}


class Hashing:
    """SHA-256 of files, made in a thread beside other work, which may end before it does.

    Args:
        paths: the files.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._found: dict[Path, str] = {}
        self._thread = threading.Thread(target=self._work, args=(list(paths),), daemon=True)
        self._thread.start()

    def _work(self, paths: list[Path]) -> None:
        # A file that cannot be read is left to whoever asks for it later.
        with contextlib.suppress(OSError):
            for path in paths:
                self._found[path] = sha256_of(path)

    def found(self) -> Mapping[Path, str]:
        """Return the hashes once all are made; without those of files that cannot be read."""
        self._thread.join()
        return self._found


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder: of the names and hashes of its files."""
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            name = file.relative_to(path).as_posix()
            digest.update(f"{name}\0{sha256_of(file)}\n".encode())
        return digest.hexdigest()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of this package, of Python, and of every package it depends on."""
    found = {"python": sys.version.split()[0]}
    for name in (DISTRIBUTION, *_dependencies()):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found | _library_versions()


def _dependencies() -> list[str]:
    try:
        required = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return sorted(_FALLBACK)
    names = [re.split(r"[^A-Za-z0-9._-]", line)[0] for line in required if "extra ==" not in line]
    return sorted(set(names))


def _library_versions() -> dict[str, str]:
    """Return the versions of the C libraries behind the geometry and the coordinates."""
    import pyogrio
    import pyproj
    import shapely

    gdal = ".".join(str(part) for part in pyogrio.__gdal_version__)
    return {"gdal": gdal, "geos": shapely.geos_version_string, "proj": pyproj.proj_version_str}


# A checkout that is not installed has no metadata to read.
_FALLBACK = ("geopandas", "numba", "numpy", "ortools", "pandas", "pyogrio", "scipy", "shapely")


def _shown(name: str, value: object) -> object:
    if _SECRET.search(name) and value:
        return HIDDEN
    if isinstance(value, Path):
        return _without_secrets(str(value))
    if isinstance(value, (list, tuple)):
        return [_shown("", item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _without_secrets(str(value))


def _without_secrets(text: str) -> str:
    text = _IN_ADDRESS.sub(rf"\g<1>{HIDDEN}", text)
    return _USER_IN_ADDRESS.sub(rf"\g<1>{HIDDEN}@", text)


def _utc(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
