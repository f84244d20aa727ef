"""Files of call records one after another: unpacked, told apart, fitted to a mapping, tried."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from geodata.calls import (
    archives,
    fitting,
    given,
    mapping_file,
    parquet,
    sheets,
    sniff,
    texts,
    zones,
)
from geodata.calls.archives import Limits
from geodata.calls.fitting import Fitted, Fitter, Rows
from geodata.calls.mapping import Mapping
from geodata.calls.reading import Reading, TextForm
from geodata.errors import Fault, InputError
from geodata.notices import Notice

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook


@dataclass(frozen=True)
class File:
    """One table of calls: a file, a file in an archive, or a sheet.

    Attributes:
        name: how messages and tables of rejected rows call it.
        path: the file that the user gave.
        kind: ``text``, ``sheet`` or ``parquet``.
        data: what is opened; of an archive, the unpacked copy.
        sheet: name of the sheet.
        reading, form: how it is read.
        begin, line: byte (or row) at which the records begin, and its line number.
        headings: names of all its columns.
    """

    name: str
    path: Path
    kind: str
    data: str
    reading: Reading
    headings: tuple[str, ...]
    begin: int = 0
    line: int = 1
    sheet: str = ""
    form: TextForm = field(default=TextForm())


class Opener:
    """Collects tables, faults and notices file by file.

    Args:
        mapping, crs, tz, unpack_to, limits: as of `source.open`.
        is_draft: whether rows that only look like headings will do where no known ones are found.

    Attributes:
        told_in: name of the file of the user's mapping, for messages.
        keep: what must live as long as unpacked files are read.

    Raises:
        InputError: if the mapping cannot be read, or there is no such CRS or time zone.
    """

    def __init__(
        self,
        mapping: Mapping | Path | str | None,
        crs: str,
        tz: str,
        *,
        unpack_to: Path | str | None = None,
        limits: Limits | None = None,
        is_draft: bool = False,
    ) -> None:
        if crs not in texts.CRS:
            raise InputError(Fault("calls_crs", "crs", crs, {"known": ", ".join(texts.CRS)}))
        zones.switches(tz)
        self.told_in = "mapping"
        if isinstance(mapping, (str, Path)):
            self.told_in = Path(mapping).name
            mapping = mapping_file.load(mapping)
        self.fitter = Fitter(mapping, crs, tz)
        self.is_draft = is_draft
        self.limits = limits or Limits()
        self.files: list[File] = []
        self.faults: list[Fault] = []
        self.notices: list[Notice] = []
        self.unpacked = 0
        self.keep: tempfile.TemporaryDirectory[str] | None = None
        self._folder = Path(unpack_to) if unpack_to is not None else None

    def add(self, paths: Sequence[Path]) -> None:
        """Add all tables of the files that the user gave; note what is wrong with them."""
        for path, name in zip(paths, given.names(paths), strict=True):
            try:
                self._any(path, path, name, packed=False)
            except InputError as error:
                self.faults += error.faults

    def tables(self) -> tuple[File, ...]:
        """Return all tables in reading order, each with a name of its own.

        Raises:
            InputError: with every fault found.
        """
        if self.faults:
            raise InputError(self.faults)
        names = given.distinct([file.name for file in self.files])
        return tuple(replace(f, name=name) for f, name in zip(self.files, names, strict=True))

    def _any(self, data: Path, path: Path, name: str, *, packed: bool) -> None:
        kind = sniff.kind(data, name)
        if kind == "zip" and archives.is_workbook(data):
            archives.check_book(data, name, self.limits)
            self._book(data, path, name)
        elif kind == "xls":
            self._book(data, path, name)
        elif kind == "parquet":
            self._parquet(data, path, name)
        elif kind == "text":
            self._text(data, path, name)
        elif packed:
            raise InputError(Fault("calls_nested", name))
        elif kind == "gzip":
            target = self._room()
            archives.gunzip(data, target, name, self.limits)
            self._any(target, path, name, packed=True)
        else:
            self._zip(data, path, name)

    def _zip(self, data: Path, path: Path, name: str) -> None:
        before = len(self.files)
        for info in archives.members(data, name, self.limits):
            inner = f"{name} / {archives.shown(info)}"
            if Path(info.filename).suffix.lower() not in given.SUFFIXES:
                self.notices.append(Notice("calls_passed_over_one", inner))
                continue
            target = self._room()
            try:
                archives.unzip(data, info, target, inner, self.limits)
                self._any(target, path, inner, packed=True)
            except InputError as error:
                self.faults += error.faults
        if len(self.files) == before and not self.faults:
            raise InputError(
                Fault("calls_folder_empty", name, None, {"known": " ".join(given.SUFFIXES)})
            )

    def _text(self, data: Path, path: Path, name: str) -> None:
        fitter, encoding = self.fitter, self.fitter.encoding
        if sniff.is_utf16(data) or encoding == "utf-16":
            target = self._room()
            archives.from_utf16(data, target)
            data, encoding = target, "utf-8"
        form = {"encoding": encoding, "separator": fitter.separator}
        try:
            look = sniff.look(data, name, fitter.hits, **form)
        except InputError as error:
            if not (self.is_draft and error.faults[0].key == "calls_heading"):
                raise
            look = sniff.look(data, name, fitting.likely, **form)
        fitted = fitter.fit(look.headings, name)
        if look.mixed:
            self.notices.append(Notice("calls_mixed", name, look.form.encoding))
        file = File(name, path, "text", str(data), fitted.reading, look.headings)
        file = replace(file, begin=look.begin, line=look.line, form=look.form)
        self._take(file, fitted, look.sample)

    def _parquet(self, data: Path, path: Path, name: str) -> None:
        headings = parquet.headings(data, name)
        if len(headings) > sniff.COLUMNS:
            raise InputError(Fault("calls_columns", name, len(headings), {"limit": sniff.COLUMNS}))
        fitted = self.fitter.fit(headings, name)
        if faults := parquet.faults(data, name, fitted.reading):
            raise InputError(faults)
        file = File(name, path, "parquet", str(data), fitted.reading, tuple(headings))
        self._take(file, fitted, parquet.sample(data, fitted.reading))

    def _book(self, data: Path, path: Path, name: str) -> None:
        book = sheets.open_book(data, name)
        wanted = self.fitter.sheet
        if wanted and wanted not in book.sheet_names:
            params: dict[str, object] = {"known": ", ".join(book.sheet_names)}
            raise InputError(Fault("calls_no_sheet", name, wanted, params))
        names = [wanted] if wanted else book.sheet_names
        passed = self._sheets(book, data, path, name, names, self.fitter.hits)
        if len(passed.notices) == len(names) and not passed.faults and self.is_draft:
            passed = self._sheets(book, data, path, name, names, fitting.likely)
        if len(passed.notices) == len(names):
            self.fitter.refused += passed.headings
            raise InputError(passed.faults or Fault("calls_sheet_without_calls", name))
        self.notices += passed.notices

    def _sheets(
        self,
        book: CalamineWorkbook,
        data: Path,
        path: Path,
        name: str,
        names: Sequence[str],
        hits: Callable[[Sequence[str]], int],
    ) -> _PassedOver:
        """Take the sheets that hold calls, and the faults of those; return what of the others."""
        passed = _PassedOver([], [], [])
        for sheet in names:
            inner = f"{name} [{sheet}]"
            head = sheets.heading(book, sheet, name, hits)
            if head is None:
                passed.notices.append(Notice("calls_sheet_passed_over", inner))
                continue
            try:
                fitted = self.fitter.fit(head.headings, inner)
            except InputError as error:
                if fitting.is_of_calls(error.faults):
                    self.faults += error.faults
                else:
                    passed.notices.append(Notice("calls_sheet_without_stamps", inner))
                    passed.faults.extend(error.faults)
                    passed.headings.append(self.fitter.refused.pop())
                continue
            file = File(inner, path, "sheet", str(data), fitted.reading, head.headings)
            file = replace(file, begin=head.row + 1, line=head.row + 2, sheet=sheet)
            self._take(file, fitted, head.sample)
        return passed

    def _take(self, file: File, fitted: Fitted, sample: Rows) -> None:
        """Add a table, or what is wrong with its first rows."""
        self.faults += fitting.try_out(file.reading, sample, file.name)
        self.files.append(file)
        self.notices += fitted.notices
        if not sample:
            self.notices.append(Notice("calls_no_records", file.name))

    def _room(self) -> Path:
        """Return a new path to unpack to."""
        if self._folder is None:
            self.keep = tempfile.TemporaryDirectory(prefix="calls-", ignore_cleanup_errors=True)
            self._folder = Path(self.keep.name)
        self._folder.mkdir(parents=True, exist_ok=True)
        self.unpacked += 1
        return self._folder / f"unpacked-{self.unpacked}"


@dataclass(frozen=True)
class _PassedOver:
    """Sheets of a workbook that hold no calls.

    Attributes:
        notices: one a sheet.
        faults, headings: of those with some headings of call records.
    """

    notices: list[Notice]
    faults: list[Fault]
    headings: list[Mapping]
