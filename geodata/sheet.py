"""CSV files as people save them: encodings, separators and habits of spreadsheets.

Nothing is guessed in silence: a file in GB18030 is read and said so in the log; a cell that holds a
spreadsheet's error is a fault.
"""

from __future__ import annotations

import codecs
import csv
import io
import logging
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from geodata import tables
from geodata.findings import Findings, Origin

log = logging.getLogger(__name__)

_SEPARATORS = (",", ";", "\t")
_ERRORS = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|#+)")
_SEPARATOR_LINE = re.compile(r"^\"?sep=.\"?$", re.IGNORECASE)


@dataclass(frozen=True)
class Sheet:
    """A CSV file as text.

    Attributes:
        columns: headings.
        rows: cells of each row that is not blank, as many as headings; "" is blank.
        numbers: number of each row as a spreadsheet shows it.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]


def read(path: Path, layer: str, known: Collection[str], found: Findings) -> Sheet | None:
    """Read a CSV file; add what is wrong with it to `found`.

    Args:
        path: file in UTF-8, UTF-16 with a byte order mark, or GB18030; cells apart by comma,
            semicolon or tab.
        layer: layer that the file holds, for the places of faults.
        known: column names that the layer may have; a heading that differs in case only is meant.
        found: faults so far.

    Returns:
        The sheet, or None where no table can be made out.
    """
    found.stands_in(layer, Origin(path.name, ()))
    text = decode(path.read_bytes(), path.name)
    if text is None:
        found.add("csv_encoding", layer)
        return None
    if not text.strip():
        found.add("csv_empty", layer)
        return None
    lines = text.split("\n", 1)
    if _SEPARATOR_LINE.match(lines[0].strip()):
        text = lines[1] if len(lines) > 1 else ""
    separator = _separator(text, known)
    if separator is None:
        names = ", ".join(sorted(known)[:6])
        found.add("csv_heading", layer, value=text.split("\n", 1)[0], names=names)
        return None
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        found.add("csv_broken", layer, reason=str(error))
        return None
    return _sheet(records, path.name, layer, known, found)


def decode(content: bytes, name: str) -> str | None:
    """Return the text of a file, or None where it is in no encoding that is read."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "gb18030":
            log.warning("%s is not UTF-8; read as GB18030", name)
        return text
    return None


def _separator(text: str, known: Collection[str]) -> str | None:
    """Return the separator that makes most known headings out of the first row."""
    lowered = {name.lower() for name in known}
    heading = text.lstrip("\r\n").split("\n", 1)[0].strip("\r")

    def hits(separator: str) -> int:
        cells = next(csv.reader([heading], delimiter=separator), [])
        return len({c.strip().lower() for c in cells} & lowered)

    best = max(_SEPARATORS, key=hits)
    return best if hits(best) else None


def _sheet(
    records: list[list[str]],
    file: str,
    layer: str,
    known: Collection[str],
    found: Findings,
) -> Sheet:
    at = next(i for i, record in enumerate(records) if any(c.strip() for c in record))
    spelled = {name.lower(): name for name in known}
    heading = [spelled.get(c.strip().lower(), c.strip()) for c in records[at]]
    numbered = [
        (number, record)
        for number, record in enumerate(records[at + 1 :], start=at + 2)
        if any(c.strip() for c in record)
    ]
    numbers = tuple(number for number, _ in numbered)
    found.stands_in(layer, Origin(file, numbers))
    for name in sorted({n for n in heading if n and heading.count(n) > 1}):
        found.add("column_twice", layer, None, name)
    used = [i for i, name in enumerate(heading) if name and name not in heading[:i]]
    rows = []
    for row, (_, record) in enumerate(numbered):
        # A decimal comma or an unquoted comma in a text shows up as a cell too many.
        extra = [c for i, c in enumerate(record) if c.strip() and not _has_heading(heading, i)]
        if extra:
            found.add("cell_without_heading", layer, row, value=extra[0])
        cells = [record[i] if i < len(record) else "" for i in used]
        rows.append(
            tuple(_cell(c, layer, row, heading[i], found) for i, c in zip(used, cells, strict=True))
        )
    return Sheet(tuple(heading[i] for i in used), tuple(rows), numbers)


def _has_heading(heading: list[str], i: int) -> bool:
    return i < len(heading) and bool(heading[i])


def _cell(text: str, layer: str, row: int, column: str, found: Findings) -> str:
    text = tables.plain(text.strip())
    if _ERRORS.fullmatch(text):
        found.add("spreadsheet_error", layer, row, column, value=text)
        return ""
    return text
