"""The files that the user means, and short names that tell them apart."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from geodata.errors import Fault, InputError
from geodata.notices import Notice

SUFFIXES: Final = (
    *(".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls"),
    *(".parquet", ".pq", ".gz", ".zip"),
)
"""Endings of the files that are taken from a folder."""
_FILES = 65_535


def find(paths: Path | str | Iterable[Path | str]) -> tuple[list[Path], list[Notice]]:
    """Return the files meant, each once and in a fixed order, and what was passed over.

    Args:
        paths: files, folders (taken with all below) and patterns such as ``2024*.csv``.

    Raises:
        InputError: if there are none or too many, or nothing fits one of the paths.
    """
    given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    found: dict[Path, Path] = {}
    faults: list[Fault] = []
    notices: list[Notice] = []
    for item in given:
        listed = list(_listed(Path(item), notices))
        if not listed:
            key = "calls_folder_empty" if Path(item).is_dir() else "calls_missing"
            faults.append(Fault(key, str(item), None, {"known": " ".join(SUFFIXES)}))
        for path in listed:
            if path.resolve() in found:
                notices.append(Notice("calls_twice", path.name))
            found.setdefault(path.resolve(), path)
    if len(found) > _FILES:
        faults.append(Fault("calls_many_files", "calls", len(found), {"limit": _FILES}))
    if not given:
        faults.append(Fault("calls_missing", "calls"))
    if faults:
        raise InputError(faults)
    return list(found.values()), notices


def names(paths: Sequence[Path]) -> list[str]:
    """Return a name for every file: its own, after as few folders as tell it from its namesakes.

    Folders that all namesakes share are never named.

    Example:
        >>> names([Path("logs/2023/c.csv"), Path("logs/2024/c.csv"), Path("logs/d.csv")])
        ['2023/c.csv', '2024/c.csv', 'd.csv']
    """
    namesakes: dict[str, list[int]] = {}
    for index, path in enumerate(paths):
        namesakes.setdefault(path.name, []).append(index)
    found = [path.name for path in paths]
    for indices in namesakes.values():
        if len(indices) > 1:
            for index, name in zip(indices, _apart([paths[i] for i in indices]), strict=True):
                found[index] = name
    return found


def distinct(names: Sequence[str]) -> list[str]:
    """Return names of which repeats are numbered, as in an archive with two files of one name.

    Example:
        >>> distinct(["a.zip / c.csv", "a.zip / c.csv"])
        ['a.zip / c.csv', 'a.zip / c.csv (2)']
    """
    taken, found = set(names), []
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        told = name
        if seen[name] > 1:
            while told in taken:
                told = f"{name} ({seen[name]})"
                seen[name] += told in taken
            taken.add(told)
        found.append(told)
    return found


def _apart(paths: Sequence[Path]) -> list[str]:
    """Return names of files that have one name, told apart by folders where there are any."""
    # Folders as the user wrote them: a link's own name says more than that of its target.
    whole = [Path(os.path.abspath(path)).parts[1:] for path in paths]  # noqa: PTH100
    shared = 0
    while len({parts[shared : shared + 1] for parts in whole}) == 1 and all(
        len(parts) > shared + 1 for parts in whole
    ):
        shared += 1
    below = [parts[shared:] for parts in whole]
    found: list[str] = [""] * len(paths)
    waiting = list(range(len(paths)))
    for count in range(1, max(map(len, below)) + 1):
        ends = Counter(parts[-count:] for parts in below)
        for index in waiting:
            if ends[below[index][-count:]] == 1 or count >= len(below[index]):
                found[index] = "/".join(below[index][-count:])
        waiting = [index for index in waiting if not found[index]]
    return found


def _listed(path: Path, notices: list[Notice]) -> Iterator[Path]:
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        visible = [p for p in files if not _is_hidden(p.relative_to(path))]
        taken = [p for p in visible if p.suffix.lower() in SUFFIXES]
        if len(taken) < len(visible):
            others = sorted(p.name for p in visible if p.suffix.lower() not in SUFFIXES)
            params: dict[str, object] = {"names": ", ".join(others[:5])}
            where = path.name or path.resolve().name or str(path)
            notices.append(Notice("calls_passed_over", where, len(others), params))
        yield from taken
    elif path.exists():
        yield path
    else:
        matched = glob.glob(str(path), recursive=True)  # noqa: PTH207 - absolute patterns too
        yield from sorted(Path(p) for p in matched if Path(p).is_file())


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "~$", "_")) for part in path.parts)
