"""The columns of a part as arrays, for loops over millions of rows; `table` has them as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from geodata.calls.table import ROW_FAULT_TYPE, ROW_FAULTS, SCHEMA, STAMPS, TEXTS

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]

MISSING: Final = np.iinfo(np.int64).min
"""A stamp that is not there; in arrays alone, null in tables."""


@dataclass(frozen=True)
class Spans:
    """Texts of one column as limits in a buffer; a negative start is none.

    Attributes:
        buffer: bytes.
        starts, ends: one a row.
        encoding: ``utf-8`` or ``gb18030``.
    """

    buffer: Bytes
    starts: Integers
    ends: Integers
    encoding: str = "utf-8"

    @classmethod
    def of(cls, texts: list[str | None]) -> Spans:
        """Return texts in UTF-8."""
        cells = [None if text is None else text.encode() for text in texts]
        ends = np.cumsum([0 if cell is None else len(cell) for cell in cells], dtype=np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), ends])[:-1]
        none = np.array([cell is None for cell in cells], bool)
        buffer = np.frombuffer(b"".join(filter(None, cells)), np.uint8)
        return cls(buffer, np.where(none, -1, starts), np.where(none, -1, ends))

    @classmethod
    def none(cls, rows: int) -> Spans:
        """Return so many rows without a text."""
        nothing = np.full(rows, -1, np.int64)
        return cls(np.zeros(0, np.uint8), nothing, nothing)

    def texts(self) -> list[str | None]:
        """Return the texts."""
        content, limits = self.buffer.tobytes(), zip(self.starts, self.ends, strict=True)
        return [None if s < 0 else content[s:e].decode(self.encoding) for s, e in limits]


@dataclass(frozen=True)
class Numbered:
    """A column of texts of which many are alike.

    Attributes:
        codes: place in `labels` of each row's text, -1 for null, shape (n,).
        labels: the different texts, and perhaps some that no row has.
    """

    codes: NDArray[np.int32]
    labels: tuple[str, ...]

    @classmethod
    def none(cls, rows: int) -> Numbered:
        """Return so many rows without a text."""
        return cls(np.full(rows, -1, np.int32), ())

    @classmethod
    def of(cls, texts: pl.Series) -> Numbered:
        """Return a column of texts or categories as numbers."""
        plain = texts.cast(pl.String)
        labels = plain.drop_nulls().unique(maintain_order=True).to_list()
        place = {label: k for k, label in enumerate(labels)}
        codes = np.array([-1 if text is None else place[text] for text in plain], np.int32)
        return cls(codes, tuple(labels))

    def series(self) -> pl.Series:
        """Return the texts as categories."""
        names = pl.Series([*self.labels, None], dtype=pl.String()).cast(pl.Categorical())
        where = np.where(self.codes < 0, len(self.labels), self.codes)
        return names.gather(pl.Series(where.astype(np.uint32)))


@dataclass(frozen=True)
class Columns:
    """One part of a log; what the columns mean is said in `table.SCHEMA`.

    Attributes:
        file, line: where each row stands, uint16 and int64, shape (n,).
        call_id: in UTF-8.
        stamps: seconds of the wall clock, `MISSING` where there are none, shape (8, n).
        stamp_fault: bit k where stamp k holds text that is none, uint16, shape (n,).
        lon, lat: degrees on WGS84, NaN where unknown, shape (n,).
        place_fault: where text is no position, shape (n,).
        texts: descriptive columns by name; those that the file lacks are not in it.
        row_fault: 0, or 1 + place in `table.ROW_FAULTS`, uint8, shape (n,).
    """

    file: NDArray[np.uint16]
    line: Integers
    call_id: Spans
    stamps: Integers
    stamp_fault: NDArray[np.uint16]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    place_fault: NDArray[np.bool_]
    texts: Mapping[str, Numbered]
    row_fault: NDArray[np.uint8]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.line)

    def text(self, name: str) -> Numbered:
        """Return a descriptive column, rows of null if the file lacks it."""
        return self.texts.get(name) or Numbered.none(len(self))

    @classmethod
    def of(cls, table: pl.DataFrame) -> Columns:
        """Return a canonical table as arrays.

        Args:
            table: columns of `table.SCHEMA`.
        """

        def filled(name: str, blank: float) -> NDArray[np.generic]:
            return table[name].fill_null(blank).to_numpy()

        stamps = [filled(f"{name}_s", MISSING) for name in STAMPS]
        faults = table["row_fault"].cast(ROW_FAULT_TYPE).to_physical().cast(pl.Int16)
        return cls(
            file=table["file"].to_numpy(),
            line=table["line"].to_numpy(),
            call_id=Spans.of(table["call_id"].to_list()),
            stamps=np.array(stamps, np.int64).reshape(len(STAMPS), len(table)),
            stamp_fault=np.asarray(filled("stamp_fault", 0), np.uint16),
            lon=np.asarray(filled("lon", np.nan), np.float64),
            lat=np.asarray(filled("lat", np.nan), np.float64),
            place_fault=np.asarray(table["place_fault"].fill_null(value=False).to_numpy(), bool),
            texts={name: Numbered.of(table[name]) for name in TEXTS},
            row_fault=(faults.fill_null(-1).to_numpy() + 1).astype(np.uint8),
        )

    def table(self) -> pl.DataFrame:
        """Return the canonical table."""
        row_faults = pl.Series([None, *ROW_FAULTS], dtype=ROW_FAULT_TYPE)
        columns: dict[str, pl.Series] = {
            "file": pl.Series(self.file),
            "line": pl.Series(self.line),
            "call_id": pl.Series(self.call_id.texts(), dtype=pl.String()),
            **{f"{name}_s": _stamps(at) for name, at in zip(STAMPS, self.stamps, strict=True)},
            "stamp_fault": pl.Series(self.stamp_fault),
            "lon": pl.Series(self.lon, nan_to_null=True),
            "lat": pl.Series(self.lat, nan_to_null=True),
            "place_fault": pl.Series(self.place_fault),
            **{name: self.text(name).series() for name in TEXTS},
            "row_fault": row_faults.gather(pl.Series(self.row_fault.astype(np.uint32))),
        }
        return pl.DataFrame({name: columns[name].alias(name) for name in SCHEMA}, schema=SCHEMA)


def _stamps(seconds: Integers) -> pl.Series:
    series = pl.Series(seconds)
    return series.set(series == MISSING, None)
