"""The canonical table of calls: what every reader makes, whatever the source."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

STAMPS: Final[tuple[str, ...]] = (
    "dial",
    "answer",
    "dispatch",
    "depart",
    "arrive",
    "leave",
    "hospital",
    "clear",
)
"""Stamps in the order of the phases; bit k of `stamp_fault` belongs to the k-th."""

STARTS: Final[tuple[str, ...]] = ("dial", "answer", "dispatch")
"""Stamps from which a response time may start."""

TEXTS: Final[tuple[str, ...]] = (
    "county",
    "township",
    "post",
    "vehicle",
    "vehicle_kind",
    "call_type",
    "priority",
    "outcome",
)
"""Descriptive columns, categorical."""

ROW_FAULTS: Final[tuple[str, ...]] = ("too_long", "nul", "open_quote", "fields", "encoding")
"""Why a whole record could not be read; texts are below ``calls.row_fault`` in the catalogue."""

ROW_FAULT_TYPE: Final = pl.Enum(ROW_FAULTS)

SCHEMA: Final[dict[str, Any]] = {
    "file": pl.UInt16(),
    "line": pl.Int64(),
    "call_id": pl.String(),
    **{f"{stamp}_s": pl.Int64() for stamp in STAMPS},
    "stamp_fault": pl.UInt16(),
    "lon": pl.Float64(),
    "lat": pl.Float64(),
    "place_fault": pl.Boolean(),
    **{text: pl.Categorical() for text in TEXTS},
    "row_fault": ROW_FAULT_TYPE,
}
"""Columns of the canonical table in order.

- ``file``: index in `Source.files`; ``line``: physical line of a text file, row of a sheet as the
  spreadsheet numbers it, or row + 2 of a Parquet file (row counted from 0).
- ``call_id``: null where blank.
- ``dial_s`` to ``clear_s``: whole seconds of the wall clock in the audit's zone since 1970-01-01
  00:00 on that same clock; null where missing or unreadable. Fractions of seconds are cut off.
  Where clocks are changed in the middle of a call, all its stamps are told by the clock of the
  first one, so that differences are true durations.
- ``stamp_fault``: bit k is set where stamp k holds text that is no stamp.
- ``lon``, ``lat``: degrees on WGS84, null where missing or unreadable; ``place_fault``: there was
  text, but it is no position on Earth.
- descriptive columns: null where blank. Their categories' codes depend on the order of reading:
  compare and sort by text.
- ``row_fault``: null, or why the record could not be read (then all columns but the first two are
  null; after ``encoding`` only the unreadable texts are).
"""


def empty() -> pl.DataFrame:
    """Return the canonical table without rows."""
    return pl.DataFrame(schema=SCHEMA)
