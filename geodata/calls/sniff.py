"""What a file is, told by its content and never by its name; and how a text file is written."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from geodata.calls.reading import TextForm
from geodata.errors import Fault, InputError

SAMPLE: Final = 1 << 20
"""Bytes from which the form of a text file is told."""
COLUMNS: Final = 4096
"""Most columns that a table may have."""
HEADING_ROWS: Final = 20
"""Rows among which the headings are looked for: titles may stand above them."""
SAMPLE_ROWS: Final = 200
"""First rows that are tried out."""
_SEPARATORS: Final = (",", ";", "\t", "|")
_SCAN = 8 << 20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MAGIC: Final = (
    (b"PAR1", "parquet"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (_OLE, "xls"),
)
_REFUSED: Final = (
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"%PDF", "PDF"),
    (b"SQLite format 3", "SQLite"),
    (b"{\\rtf", "RTF"),
    (b"ARROW1", "Arrow IPC"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
)
_HTML: Final = (b"<html", b"<!doctype html", b"<table", b"<head", b"<meta")
_XML: Final = (b"<?xml",)


@dataclass(frozen=True)
class TextLook:
    """How a text file is written.

    Attributes:
        form: encoding, separator and line end.
        headings: names of the columns.
        begin: byte behind the heading's record.
        line: number of the physical line at `begin`.
        sample: first records.
        mixed: whether lines of the sample are in another encoding.
    """

    form: TextForm
    headings: tuple[str, ...]
    begin: int
    line: int
    sample: tuple[tuple[str, ...], ...] = ()
    mixed: bool = False


def kind(path: Path, name: str) -> str:
    """Return ``parquet``, ``gzip``, ``zip``, ``xls`` or ``text``.

    Raises:
        InputError: if the file is empty, cannot be read, or is something else.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        params: dict[str, object] = {"reason": error.strerror or error}
        raise InputError(Fault("calls_unreadable", name, None, params)) from error
    if not head:
        raise InputError(Fault("calls_empty", name))
    for magic, what in _MAGIC:
        if head.startswith(magic):
            if what == "xls" and _is_encrypted(path):
                raise InputError(Fault("calls_sheet_password", name))
            return what
    for magic, what in _REFUSED:
        if head.startswith(magic):
            raise InputError(Fault("calls_kind", name, what))
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if start.startswith(_HTML) or (start.startswith(_XML) and b"<html" in start):
        raise InputError(Fault("calls_web_page", name))
    if start.startswith(_XML):
        raise InputError(Fault("calls_kind", name, "XML"))
    return "text"


def is_utf16(path: Path) -> bool:
    """Return whether a text file begins with a byte order mark of UTF-16."""
    with path.open("rb") as file:
        return file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def look(
    path: Path,
    name: str,
    hits: Callable[[Sequence[str]], int],
    *,
    encoding: str = "auto",
    separator: str = "auto",
) -> TextLook:
    """Return how a text file is written.

    Args:
        path: file in UTF-8 or GB18030.
        name: its name in messages.
        hits: how many cells of a row are headings that are known.
        encoding, separator: ``auto``, or what the user says.

    Raises:
        InputError: if no row of headings is found, or it has too many columns.
    """
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    begin = len(codecs.BOM_UTF8) if sample.startswith(codecs.BOM_UTF8) else 0
    newline = "\r" if b"\r" in sample and b"\n" not in sample else "\n"
    whole = len(sample) < SAMPLE
    cut = len(sample) if whole else sample.rfind(newline.encode()) + 1
    if cut == 0:
        raise InputError(Fault("calls_heading_long", name, sample[:60].decode("utf-8", "replace")))
    lines = sample[begin:cut].split(newline.encode())
    if encoding == "auto":
        encoding, mixed = _encoding(path, lines, bool(begin))
    else:
        mixed = False
    best: tuple[int, int, str] | None = None
    for candidate in _SEPARATORS if separator == "auto" else (separator,):
        for row, cells in enumerate(_records(lines, encoding, candidate, HEADING_ROWS)):
            found = hits(cells)
            if len(cells) > COLUMNS and found:
                raise InputError(_too_wide(name, len(cells)))
            if found and (best is None or found > best[0]):
                best = found, row, candidate
    if best is None:
        raise InputError(_no_heading(name, lines, encoding))
    reader = _records(lines, encoding, best[2], HEADING_ROWS + SAMPLE_ROWS)
    cells = next(record for row, record in enumerate(reader) if row == best[1])
    used = cells.lines
    end = begin + sum(len(line) + 1 for line in lines[:used])
    form = TextForm(encoding, ord(best[2]), ord(newline))
    rows = tuple(tuple(record) for record in islice(reader, SAMPLE_ROWS))
    size = path.stat().st_size
    return TextLook(form, tuple(cells), min(end, size), used + 1, rows, mixed)


class _Cells(list[str]):
    """A record of the sample, with the number of physical lines read when it ended."""

    lines = 0


def _records(lines: list[bytes], encoding: str, separator: str, most: int) -> Iterator[_Cells]:
    """Yield the first records that are not blank."""
    texts = (line.decode(encoding, errors="replace") + "\n" for line in lines)
    reader = csv.reader((text.replace("\x00", "\ufffd") for text in texts), delimiter=separator)
    given = 0
    try:
        for record in reader:
            cells = _Cells(_tidy(cell) for cell in record)
            cells.lines = reader.line_num
            if not any(cells):
                continue
            yield cells
            given += 1
            if given == most:
                return
    except csv.Error:
        return


def _tidy(cell: str) -> str:
    return " ".join(cell.replace("\ufeff", "").split())


def _encoding(path: Path, lines: list[bytes], marked: bool) -> tuple[str, bool]:
    """Return the encoding of most lines that are not ASCII, and whether others are in another."""
    if marked:
        return "utf-8", False
    if all(line.isascii() for line in lines):
        lines = _later_lines(path)
    foreign = [line for line in lines if not line.isascii()]
    valid = sum(_decodes(line, "utf-8") for line in foreign)
    if not foreign or valid == len(foreign):
        return "utf-8", False
    chinese = sum(_decodes(line, "gb18030") for line in foreign)
    if valid * 2 >= len(foreign):
        return "utf-8", True
    return "gb18030", chinese < len(foreign) or valid * 10 > len(foreign)


def _later_lines(path: Path) -> list[bytes]:
    """Return lines around the first byte beyond ASCII, however late in the file it stands."""
    with path.open("rb") as file:
        file.seek(SAMPLE)
        while block := file.read(_SCAN):
            if not block.isascii():
                at = next(
                    i for i in range(0, len(block), 4096) if not block[i : i + 4096].isascii()
                )
                return block[at : at + SAMPLE].split(b"\n")[1:-1] or [block]
    return []


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_encrypted(path: Path) -> bool:
    """Return whether a compound file wraps an encrypted workbook of the newer format."""
    with path.open("rb") as file:
        tail = b""
        while block := file.read(_SCAN):
            if _ENCRYPTED in tail + block:
                return True
            tail = block[-len(_ENCRYPTED) :]
    return False


def _too_wide(name: str, columns: int) -> Fault:
    return Fault("calls_columns", name, columns, {"limit": COLUMNS})


def _no_heading(name: str, lines: list[bytes], encoding: str) -> Fault:
    first = next((line for line in lines if line.strip()), b"")
    if not first:
        return Fault("calls_empty", name)
    if b"\x00" in first:
        return Fault("calls_kind", name, "binary")
    widest = max(first.count(separator.encode()) for separator in _SEPARATORS)
    if widest >= COLUMNS:
        return _too_wide(name, widest + 1)
    return Fault("calls_heading", name, first.decode(encoding, errors="replace"))
