"""How one file is to be read, and the parts that it is read in: small, frozen, sent anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field

from geodata.calls.table import STAMPS, TEXTS

NONE = -1
"""Index of a column that a file does not have."""


@dataclass(frozen=True)
class Reading:
    """Which column of a file plays which role; indices count from 0, `NONE` is absent.

    Attributes:
        columns: number of columns of the file.
        names: heading of every wanted column by index (Parquet reads by name).
        call_id, lon, lat: their columns.
        stamps, formats: column, and index in `stamps.FORMATS`, of each stamp in phase order.
        days: date columns.
        day_of: for each stamp the index in `days` of its own date column.
        shared: index in `days` of the date of all stamps.
        texts: column of each descriptive text in the order of `table.TEXTS`.
        crs: ``wgs84``, ``gcj02`` or ``bd09``.
        tz: IANA name of the audit's zone.
    """

    columns: int
    names: tuple[tuple[int, str], ...]
    call_id: int = NONE
    lon: int = NONE
    lat: int = NONE
    stamps: tuple[int, ...] = (NONE,) * len(STAMPS)
    formats: tuple[int, ...] = (0,) * len(STAMPS)
    days: tuple[int, ...] = ()
    day_of: tuple[int, ...] = (NONE,) * len(STAMPS)
    shared: int = NONE
    texts: tuple[int, ...] = (NONE,) * len(TEXTS)
    crs: str = "wgs84"
    tz: str = "Asia/Shanghai"

    @property
    def wanted(self) -> tuple[int, ...]:
        """Return every column that is read, once each, in file order."""
        roles = (self.call_id, self.lon, self.lat, *self.stamps, *self.days, *self.texts)
        return tuple(sorted({column for column in roles if column != NONE}))

    def name(self, column: int) -> str:
        """Return the heading of a wanted column."""
        return dict(self.names)[column]


@dataclass(frozen=True)
class TextForm:
    """How the bytes of a text file are to be taken.

    Attributes:
        encoding: ``utf-8`` or ``gb18030`` (which contains GBK and GB2312).
        separator: byte between fields.
        newline: byte that ends a line, line feed or (old) carriage return.
    """

    encoding: str = "utf-8"
    separator: int = ord(",")
    newline: int = ord("\n")

    @property
    def is_wide(self) -> bool:
        """Whether the separator can be the second byte of a character."""
        return self.encoding == "gb18030" and self.separator >= 0x40


@dataclass(frozen=True)
class Part:
    """A piece of one file that `read` turns into rows of the canonical table by itself.

    Attributes:
        file: index in `Source.files`.
        kind: ``text``, ``sheet`` or ``parquet``.
        path: what to open; of an archive, the unpacked copy.
        start, stop: bytes of a text file, or rows (from 0) of the others, half open.
        line: number of the first physical line.
        limit: most bytes to load, for a text whose last line is longer than can be read.
        sheet: name of the sheet.
        reading, form: how to read it.
    """

    file: int
    kind: str
    path: str
    start: int
    stop: int
    reading: Reading
    line: int = 1
    limit: int = 0
    sheet: str = ""
    form: TextForm = field(default=TextForm())

    @property
    def key(self) -> str:
        """Return a name of this part that is the same in every run over the same files."""
        return f"{self.file}-{self.start}-{self.stop}"
