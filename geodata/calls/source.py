"""Files of call records opened: found, unpacked, told apart, mapped and checked; then cut in parts.

`open` reads headings and small samples only. Everything wrong is collected and raised at once.
"""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from geodata.calls import (
    archives,
    fitting,
    mapping_file,
    parquet,
    sheets,
    sniff,
    text,
    texts,
    zones,
)
from geodata.calls.archives import Limits
from geodata.calls.columns import Columns
from geodata.calls.fitting import Fitted, Fitter, Rows
from geodata.calls.mapping import Mapping
from geodata.calls.reading import Part, Reading, TextForm
from geodata.errors import Fault, InputError
from geodata.notices import Notice

SUFFIXES = (
    *(".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls"),
    *(".parquet", ".pq", ".gz", ".zip"),
)
"""Endings of the files that are taken from a folder."""
_FILES = 65_535


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


@dataclass(frozen=True)
class Source:
    """Files of call records, ready to be read in parts.

    Attributes:
        files: tables in reading order.
        mapping: which columns say what, over all files.
        notices: what was chosen or left out.
    """

    files: tuple[File, ...]
    mapping: Mapping
    notices: tuple[Notice, ...]
    _keep: object = field(default=None, repr=False, compare=False)

    def parts(self, *, bytes_per_part: int = text.BYTES_PER_PART) -> list[Part]:
        """Return all parts in reading order; the rows do not depend on `bytes_per_part`.

        Args:
            bytes_per_part: bytes of a text file in a part; of Parquet a row for every 192 of them;
                sheets are read whole.
        """
        found: list[Part] = []
        for index, file in enumerate(self.files):
            if file.kind == "text":
                found += text.parts(
                    file.data,
                    file=index,
                    begin=file.begin,
                    line=file.line,
                    reading=file.reading,
                    form=file.form,
                    bytes_per_part=bytes_per_part,
                )
            elif file.kind == "parquet":
                found += parquet.parts(
                    file.data, file=index, reading=file.reading, bytes_per_part=bytes_per_part
                )
            else:
                last = sheets.LAST_ROW
                found.append(
                    Part(
                        index,
                        "sheet",
                        file.data,
                        file.begin,
                        last,
                        file.reading,
                        sheet=file.sheet,
                    )
                )
        return found


def open(  # noqa: A001 - callers write `calls.open`, as they write `gzip.open`
    paths: Path | str | Iterable[Path | str],
    *,
    mapping: Mapping | Path | str | None = None,
    crs: str = "wgs84",
    tz: str = zones.DEFAULT,
    unpack_to: Path | str | None = None,
    limits: Limits | None = None,
) -> Source:
    """Open files of call records.

    Args:
        paths: files, folders (taken with all below) and patterns such as ``2024*.csv``.
        mapping: which columns say what, or a TOML file of it; None to tell by the headings.
        crs: of the positions: ``wgs84``, ``gcj02`` or ``bd09``.
        tz: zone of the audit's clock; stamps without a zone are on it already.
        unpack_to: folder for what archives and files in UTF-16 hold, which must last as long as
            parts are read (and be seen by every worker that reads them); None for a temporary one
            that goes with the source.
        limits: on what archives may unpack to.

    Raises:
        InputError: with every fault of every file.
    """
    if crs not in texts.CRS:
        raise InputError(Fault("calls_crs", "crs", crs, {"known": ", ".join(texts.CRS)}))
    zones.switches(tz)
    if isinstance(mapping, (str, Path)):
        mapping = mapping_file.load(mapping)
    opener = _Opener(mapping, crs, tz, unpack_to, limits or Limits())
    found, skipped = _found(paths)
    for path in found:
        opener.add(path)
    return opener.source(skipped)


def draft(paths: Path | str | Iterable[Path | str], *, limits: Limits | None = None) -> str:
    """Return a mapping file for the user to check and edit, even where headings are ambiguous.

    Raises:
        InputError: if no headings can be read at all.
    """
    opener = _Opener(None, "wgs84", zones.DEFAULT, None, limits or Limits())
    for path in _found(paths)[0]:
        opener.add(path)
    if not opener.fitter.mapping().headings:
        raise InputError(opener.faults)
    return mapping_file.dump(opener.fitter.mapping())


def read(part: Part) -> Columns:
    """Return the columns of a part; ``read(part).table()`` is its canonical table.

    Uses one thread for most of its work and lets others run meanwhile: read parts side by side in
    threads or processes.

    Raises:
        InputError: if the file is gone, was changed or breaks off.
    """
    readers = {"text": text.read, "parquet": parquet.read, "sheet": sheets.read}
    try:
        return readers[part.kind](part)
    except FileNotFoundError as error:
        raise InputError(Fault("calls_missing", Path(part.path).name)) from error


def _found(paths: Path | str | Iterable[Path | str]) -> tuple[list[Path], list[Notice]]:
    """Return the files meant, each once and in a fixed order, and what was passed over."""
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
                notices.append(Notice("calls_twice", str(path)))
            found.setdefault(path.resolve(), path)
    if len(found) > _FILES:
        faults.append(Fault("calls_many_files", "calls", len(found), {"limit": _FILES}))
    if not given:
        faults.append(Fault("calls_missing", "calls"))
    if faults:
        raise InputError(faults)
    return list(found.values()), notices


def _listed(path: Path, notices: list[Notice]) -> Iterator[Path]:
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        visible = [p for p in files if not _is_hidden(p.relative_to(path))]
        taken = [p for p in visible if p.suffix.lower() in SUFFIXES]
        if len(taken) < len(visible):
            others = sorted(p.name for p in visible if p.suffix.lower() not in SUFFIXES)
            params: dict[str, object] = {"names": ", ".join(others[:5])}
            notices.append(Notice("calls_passed_over", str(path), len(others), params))
        yield from taken
    elif path.exists():
        yield path
    else:
        matched = glob.glob(str(path), recursive=True)  # noqa: PTH207 - absolute patterns too
        yield from sorted(Path(p) for p in matched if Path(p).is_file())


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "~$", "_")) for part in path.parts)


class _Opener:
    """Collects tables, faults and notices file by file."""

    def __init__(
        self,
        mapping: Mapping | None,
        crs: str,
        tz: str,
        unpack_to: Path | str | None,
        limits: Limits,
    ) -> None:
        self.fitter = Fitter(mapping, crs, tz)
        self.limits = limits
        self.files: list[File] = []
        self.faults: list[Fault] = []
        self.notices: list[Notice] = []
        self.unpacked = 0
        self._keep: tempfile.TemporaryDirectory[str] | None = None
        self._folder = Path(unpack_to) if unpack_to is not None else None

    def add(self, path: Path) -> None:
        """Add all tables of one file that the user gave; note what is wrong with it."""
        try:
            self._any(path, path, path.name, packed=False)
        except InputError as error:
            self.faults += error.faults

    def source(self, notices: Sequence[Notice]) -> Source:
        """Return the source, or raise all faults."""
        if self.faults:
            raise InputError(self.faults)
        mapping = self.fitter.mapping()
        return Source(
            tuple(self.files),
            mapping,
            (*notices, *self.notices),
            self._keep,
        )

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
            if Path(info.filename).suffix.lower() not in SUFFIXES:
                self.notices.append(Notice("calls_passed_over_one", inner))
                continue
            target = self._room()
            try:
                archives.unzip(data, info, target, inner, self.limits)
                self._any(target, path, inner, packed=True)
            except InputError as error:
                self.faults += error.faults
        if len(self.files) == before and not self.faults:
            raise InputError(Fault("calls_folder_empty", name, None, {"known": " ".join(SUFFIXES)}))

    def _text(self, data: Path, path: Path, name: str) -> None:
        fitter, encoding = self.fitter, self.fitter.encoding
        if sniff.is_utf16(data) or encoding == "utf-16":
            target = self._room()
            archives.from_utf16(data, target)
            data, encoding = target, "utf-8"
        look = sniff.look(data, name, fitter.hits, encoding=encoding, separator=fitter.separator)
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
        taken: list[str] = []
        refused: list[Fault] = []
        passed_over: list[Notice] = []
        for sheet in [wanted] if wanted else book.sheet_names:
            inner = f"{name} [{sheet}]"
            head = sheets.heading(book, sheet, name, self.fitter.hits)
            if head is None:
                passed_over.append(Notice("calls_sheet_passed_over", inner))
                continue
            try:
                fitted = self.fitter.fit(head.headings, inner)
            except InputError as error:
                refused += error.faults
                passed_over.append(Notice("calls_sheet_passed_over", inner))
                continue
            taken.append(sheet)
            file = File(inner, path, "sheet", str(data), fitted.reading, head.headings)
            file = replace(file, begin=head.row + 1, line=head.row + 2, sheet=sheet)
            self._take(file, fitted, head.sample)
        if not taken:
            raise InputError(refused or Fault("calls_sheet_without_calls", name))
        self.notices += passed_over

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
            self._keep = tempfile.TemporaryDirectory(prefix="calls-", ignore_cleanup_errors=True)
            self._folder = Path(self._keep.name)
        self._folder.mkdir(parents=True, exist_ok=True)
        self.unpacked += 1
        return self._folder / f"unpacked-{self.unpacked}"
