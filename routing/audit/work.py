"""The work folder of a run: what is done of it survives a kill, and is taken up by the next one."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from routing.audit.clean import Cleaned
from routing.audit.codes import fixed
from routing.audit.packing import Packing, Rows, packed

log = logging.getLogger(__name__)

UNPACKED = "unpacked"
"""Folder, inside the work folder, for what archives hold."""

SHARED = "shared"
"""Folder, inside the work folder, for what the workers of a cluster share."""

_RUN = "run.fingerprint"


def fingerprint(data: object) -> str:
    """Return the SHA-256 of plain data."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def folder_of(out: Path, inside: Path | None = None) -> Path:
    """Return the work folder of results in `out`: a hidden one of its own, which may be removed.

    Args:
        out: folder for the results.
        inside: where the user wants it, or None for beside `out`.
    """
    whole = out.absolute()
    return (inside or whole.parent) / f".{whole.name}.audit-work"


@dataclass(frozen=True)
class Prepared:
    """A cleaned part on disk.

    Attributes:
        stem: path of its files without their endings.
        facts: counts and labels of `clean.Cleaned`.
    """

    stem: Path
    facts: Mapping[str, Any]

    def columns(self, group: str) -> Mapping[str, NDArray[Any]]:
        """Return the columns of ``rows``, ``rejected``, ``keys`` or ``jobs``, each read when used.

        Reading takes less time than mapping where most of a column is used.
        """
        return _Read(_with_ending(self.stem, "bin"), self.facts["columns"][group])

    def mapped(self, group: str) -> dict[str, Mapped]:
        """Return the columns of a group mapped from disk, for the use of a few rows."""
        path = _with_ending(self.stem, "bin")
        whole = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.empty(0, np.uint8)
        found = {}
        for name, (begin, count, *how) in self.facts["columns"][group].items():
            packing = Packing(*how)
            held = whole[begin : begin + packing.room(count)]
            found[name] = Mapped(held.view(packing.held) if packing.held else None, count, packing)
        return found


@dataclass(frozen=True, eq=False)
class Mapped:
    """A column on disk, of which rows are taken as they are wanted.

    Attributes:
        held: what is on disk, or None where all values are equal.
        count: number of rows.
        packing: how they are held.
    """

    held: NDArray[Any] | None
    count: int
    packing: Packing

    def __getitem__(self, rows: Rows) -> NDArray[Any]:
        """Return the values of some rows."""
        if self.held is None:
            return self.packing.unpacked(np.empty(0), self.count)[rows]
        held = self.held[rows]
        return self.packing.unpacked(held, len(held))


class _Read(Mapping[str, NDArray[Any]]):
    """Columns of a file, read at each use.

    Args:
        path: the file.
        layout: first byte, number of values and `Packing` of each column.
    """

    def __init__(self, path: Path, layout: Mapping[str, tuple[Any, ...]]) -> None:
        self.path, self.layout = path, layout

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a column; nobody may change it."""
        begin, count, *how = self.layout[name]
        packing = Packing(*how)
        if not packing.held:
            return fixed(packing.unpacked(np.empty(0), count))
        held = np.fromfile(self.path, packing.held, count, offset=begin)
        return fixed(packing.unpacked(held, count))

    def __iter__(self) -> Iterator[str]:
        """Return the names."""
        return iter(self.layout)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self.layout)


@dataclass(frozen=True)
class Store:
    """Where parts are kept; picklable.

    Attributes:
        folder: the work folder; on a cluster every worker must see it under this path.
    """

    folder: Path

    def open(self, run: str, *, resume: bool) -> None:
        """Make the folder ready for the run with fingerprint `run`.

        What another run left is removed; what the same run left is kept where `resume` is set.
        """
        mark = self.folder / _RUN
        same = mark.is_file() and mark.read_text("utf-8") == run
        if not (resume and same):
            if resume and mark.is_file():
                log.warning("inputs or options differ from the interrupted run; starting anew")
            self._clear()
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(mark, run)

    def load(self, name: str) -> Prepared | None:
        """Return the part `name` if it was finished."""
        stem = self.folder / name
        facts = _with_ending(stem, "json")
        return Prepared(stem, json.loads(facts.read_text("utf-8"))) if facts.is_file() else None

    def save(self, name: str, cleaned: Cleaned) -> Prepared:
        """Write a part; its facts go last, so that what is there is whole."""
        stem = self.folder / name
        path = _with_ending(stem, "bin")
        partial = _partial(path)
        layout: dict[str, dict[str, tuple[Any, ...]]] = {}
        with partial.open("wb") as file:
            for group in ("rows", "rejected", "keys", "jobs"):
                layout[group] = {}
                for column, values in getattr(cleaned, group).items():
                    packing, held = packed(values)
                    file.write(bytes(-file.tell() % 8))
                    layout[group][column] = (file.tell(), len(values), *astuple(packing))
                    file.write(memoryview(np.ascontiguousarray(held)).cast("B"))
        partial.replace(path)
        facts = {**cleaned.facts, "columns": layout}
        _write(_with_ending(stem, "json"), json.dumps(facts, ensure_ascii=False))
        return Prepared(stem, facts)

    def has_parts(self) -> bool:
        """Return whether any part is finished."""
        return any(self.folder.glob("*.json"))

    def _clear(self) -> None:
        """Remove all but what archives were unpacked to, which belongs to this run."""
        for path in self.folder.glob("*"):
            if path.is_dir() and path.name != UNPACKED:
                shutil.rmtree(path)
            elif not path.is_dir():
                path.unlink()

    def remove(self) -> None:
        """Remove the folder: the results are in place."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _with_ending(stem: Path, ending: str) -> Path:
    return stem.with_name(f"{stem.name}.{ending}")


def _partial(path: Path) -> Path:
    """Return where to write a file first; nobody else writes there.

    A cluster may give a part to a second worker while the first, taken for lost, goes on.
    """
    return path.with_name(f"{path.name}.{uuid4().hex}.partial")


def _write(path: Path, text: str) -> None:
    partial = _partial(path)
    partial.write_text(text, "utf-8")
    partial.replace(path)
