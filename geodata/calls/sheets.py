"""Workbooks (XLSX, XLSM, XLSB, XLS): cells become texts, and those are read like any other."""

from __future__ import annotations

import re
import zipfile
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import python_calamine
from numpy.typing import NDArray

from geodata.calls import grid_reader, stamps
from geodata.calls.columns import Columns
from geodata.calls.frame import Grid
from geodata.calls.reading import NONE, Part
from geodata.calls.sniff import HEADING_ROWS, SAMPLE_ROWS
from geodata.errors import Fault, InputError

_DAYS_BETWEEN_SYSTEMS = stamps.EXCEL_DAYS[1900] - stamps.EXCEL_DAYS[1904]
_HALF_SECOND = timedelta(milliseconds=500)
_1904 = re.compile(rb"<(?:\w+:)?workbookPr\b[^>]*\bdate1904\s*=\s*[\"'](?:1|true)[\"']")
_BLANK = ("", None)
LAST_ROW: Final = 1 << 24
"""Beyond the last row that any workbook has."""


@dataclass(frozen=True)
class Head:
    """The headings of a sheet: their row from 0, and the first rows after it as texts."""

    row: int
    headings: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]


def open_book(path: Path | str, name: str) -> python_calamine.CalamineWorkbook:
    """Return an open workbook.

    Raises:
        InputError: if it is protected by a password, broken, or no workbook.
    """
    try:
        return python_calamine.CalamineWorkbook.from_path(str(path))
    except python_calamine.PasswordError as error:
        raise InputError(Fault("calls_sheet_password", name)) from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        params: dict[str, object] = {"reason": error}
        raise InputError(Fault("calls_sheet_broken", name, None, params)) from error


def rows(
    book: python_calamine.CalamineWorkbook, sheet: str, name: str
) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows of a sheet with their numbers from 0.

    Raises:
        InputError: if the sheet cannot be read.
    """
    try:
        yield from enumerate(book.get_sheet_by_name(sheet).iter_rows())
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        params: dict[str, object] = {"reason": error}
        raise InputError(Fault("calls_sheet_broken", f"{name} [{sheet}]", None, params)) from error


def heading(
    book: python_calamine.CalamineWorkbook,
    sheet: str,
    name: str,
    hits: Callable[[Sequence[str]], int],
) -> Head | None:
    """Return where the headings of a sheet stand, or None where there are none.

    Args:
        book, sheet: which.
        name: the workbook, for messages.
        hits: how many cells of a row are headings that are known.
    """
    first = [
        (number, [text(cell) for cell in cells])
        for number, cells in islice(rows(book, sheet, name), HEADING_ROWS + SAMPLE_ROWS)
    ]
    counts = [hits(cells) for _, cells in first[:HEADING_ROWS]]
    if not any(counts):
        return None
    best = counts.index(max(counts))
    headings = tuple(" ".join(cell.split()) for cell in first[best][1])
    return Head(first[best][0], headings, tuple(tuple(c) for _, c in first[best + 1 :]))


def text(cell: object) -> str:
    """Return a cell as the text that a person sees, dates with the year first.

    Example:
        >>> text(datetime(2024, 3, 5, 14, 2, 33)), text(20240305.0), text(None)
        ('2024-03-05 14:02:33', '20240305', '')
    """
    if isinstance(cell, str):
        return cell
    if cell in _BLANK:
        return ""
    if isinstance(cell, datetime):
        # Serials are floats: 14:02:33 may come as 14:02:32.999.
        return (cell + _HALF_SECOND).replace(microsecond=0).isoformat(" ")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e17:
        return str(int(cell))
    return str(cell)


def is_1904(path: Path | str) -> bool:
    """Return whether a workbook counts its days from 1904; only XLSX says so where we can read."""
    try:
        with zipfile.ZipFile(path) as book, book.open("xl/workbook.xml") as file:
            return _1904.search(file.read(1 << 20)) is not None
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, NotImplementedError):
        return False


def read(part: Part) -> Columns:
    """Return the columns of a sheet."""
    reading = part.reading
    timed = {c for c in (*reading.stamps, *reading.days) if c != NONE}
    columns = {c: _Column(c in timed, is_1904(part.path)) for c in reading.wanted}
    lines = array("q")
    book = open_book(part.path, Path(part.path).name)
    for number, cells in rows(book, part.sheet, Path(part.path).name):
        if number < part.start or number >= part.stop or all(cell in _BLANK for cell in cells):
            continue
        lines.append(number + 1)
        for c, column in columns.items():
            column.add(cells[c] if c < len(cells) else None)
    midnights = {c: columns[c].midnights() for c in timed}
    rows_at = np.array(lines, np.int64)
    grid = _grid([columns[c] for c in reading.wanted])
    return grid_reader.read(part, grid, rows_at, np.zeros(len(lines), np.uint8), midnights)


def _grid(columns: Sequence[_Column]) -> Grid:
    content = b"".join(bytes(column.content) for column in columns)
    begins = np.cumsum([0, *(len(column.content) for column in columns)])
    limits = [
        np.concatenate(([0], np.array(column.ends, np.int64))) + begin
        for column, begin in zip(columns, begins, strict=False)
    ]
    table = np.array(limits, np.int64).reshape(len(columns), -1)
    return Grid(np.frombuffer(content, np.uint8).copy(), table[:, :-1], table[:, 1:])


class _Column:
    """The cells of one column as bytes."""

    def __init__(self, timed: bool, system_1904: bool) -> None:
        self.timed, self.shift = timed, _DAYS_BETWEEN_SYSTEMS if system_1904 else 0
        self.content, self.ends = bytearray(), array("q")
        self.dates: list[int] = []
        self.has_times = False

    def add(self, cell: object) -> None:
        if self.timed:
            if isinstance(cell, datetime):
                self.has_times = True
            elif isinstance(cell, date):
                self.dates.append(len(self.ends))
            elif self.shift and type(cell) in (int, float) and cell < stamps.SERIAL_TO:  # type: ignore[operator]
                cell = cell + self.shift if cell >= 1 else cell  # type: ignore[operator]
        self.content += text(cell).encode("utf-8", errors="replace")
        self.ends.append(len(self.content))

    def midnights(self) -> NDArray[np.int64]:
        """Return the rows whose date cell stands for its midnight.

        A spreadsheet hands over 2024-03-05 00:00:00 as a mere date; where other cells of the column
        have a time, that is what it is.
        """
        return np.array(self.dates if self.has_times else [], np.int64)
