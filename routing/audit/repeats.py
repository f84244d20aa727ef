"""Records of the same call: duplicates, and vehicles that arrived after the first.

The answer depends on the records alone, never on how they were cut into parts. Two records belong
to the same call when the 128-bit digests of their ids are equal.

1. Of records with the same call and the same vehicle the first in source order is kept; the others
   are duplicates. Records without a vehicle are of the same one only if they arrive at the same
   second: else they may be several vehicles, and rule 2 decides.
2. Of the records left of a call, that with the earliest arrival is used (ties: source order); the
   others are later vehicles.

Only records that pass every other check take part: a record without an arrival cannot keep a good
one out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from routing.audit import loops, reasons
from routing.audit.clean import BUCKETS
from routing.audit.codes import merged
from routing.audit.work import Mapped, Prepared

ROWS_AT_ONCE = 1 << 24
"""Records held in memory at once while looking for repeated ids."""

Run = Callable[..., list[Any]]
_DAY_S = 86_400


@dataclass(frozen=True)
class Repeats:
    """Records that are not used because of another one.

    Attributes:
        rows: ``part``, ``row``, ``file``, ``line``, ``reason`` (code), ``kept_file``,
            ``kept_line``, by part and row.
        far_apart: how many of them start more than a day from the record that is kept: a sign that
            the numbering of calls starts anew.
    """

    rows: pl.DataFrame
    far_apart: int

    def of(self, part: int) -> pl.DataFrame:
        """Return the rows of one part."""
        first, last = np.searchsorted(self.rows["part"].to_numpy(), [part, part + 1])
        return self.rows.slice(int(first), int(last - first))

    def dropped(self, part: int, count: int) -> NDArray[np.bool_]:
        """Return which of the `count` rows of a part are not used."""
        mask = np.zeros(count, np.bool_)
        mask[self.of(part)["row"].to_numpy()] = True
        return mask


def find(parts: Sequence[Prepared], run: Run) -> Repeats:
    """Return the repeats in all parts together.

    Args:
        parts: cleaned parts in source order.
        run: applies a function to every item, with the arguments that follow (`Engine.run`).
    """
    vehicles = merged(part.facts["labels"]["vehicle"] for part in parts) or ()
    found: list[NDArray[np.uint64]] = []
    for first, last in _spans(parts):
        keys = [part.mapped("keys") for part in parts]
        begins = [np.asarray(p.facts["bucket_begins"][first : last + 1]) for p in parts]
        found += run(_repeated, range(last - first), keys, begins)
    suspects = np.concatenate(found) if found else np.empty((0, 3), np.uint64)
    return _resolved(_details(parts, suspects, vehicles))


def _spans(parts: Sequence[Prepared]) -> list[tuple[int, int]]:
    """Return runs of buckets, each of at most `ROWS_AT_ONCE` records where buckets allow it."""
    sizes = np.zeros(BUCKETS, np.int64)
    for part in parts:
        sizes += np.diff(part.facts["bucket_begins"])
    spans, first, held = [], 0, 0
    for bucket, size in enumerate(sizes.tolist()):
        if held and held + size > ROWS_AT_ONCE:
            spans.append((first, bucket))
            first, held = bucket, 0
        held += size
    return [*spans, (first, BUCKETS)]


def _repeated(
    bucket: int,
    keys: Sequence[dict[str, Mapped]],
    begins: Sequence[NDArray[np.int64]],
) -> NDArray[np.uint64]:
    """Return part, row and digest of the records of one bucket whose digest's half repeats."""
    spans = [(b[bucket], b[bucket + 1]) for b in begins]
    high = np.concatenate([k["high"][i:j] for k, (i, j) in zip(keys, spans, strict=True)])
    again = np.flatnonzero(loops.repeated(high))
    if not len(again):
        return np.empty((0, 3), np.uint64)
    ends = np.cumsum([j - i for i, j in spans])
    part = np.searchsorted(ends, again, side="right")
    row = np.concatenate([k["row"][i:j] for k, (i, j) in zip(keys, spans, strict=True)])
    return np.column_stack([part.astype(np.uint64), row[again].astype(np.uint64), high[again]])


def _details(
    parts: Sequence[Prepared], suspects: NDArray[np.uint64], vehicles: tuple[str, ...]
) -> pl.DataFrame:
    """Return what decides between suspects: id, vehicle, arrival, place in the source."""
    place = {label: code for code, label in enumerate(vehicles, start=1)}
    tables = []
    for number in np.unique(suspects[:, 0]).astype(int).tolist():
        mine = suspects[suspects[:, 0] == number]
        rows = mine[:, 1].astype(np.int64)
        columns = ("file", "line", "start_s", "response_s", "vehicle", "low")
        held = parts[number].mapped("rows")
        taken = pl.DataFrame({name: held[name][rows] for name in columns})
        labels = parts[number].facts["labels"]["vehicle"]
        code = np.array([0, *(place[label] for label in labels)], np.int64)
        tables.append(
            taken.with_columns(
                part=pl.lit(number, pl.Int32),
                row=pl.Series(rows),
                high=pl.Series(mine[:, 2]),
                vehicle=pl.Series(code[taken["vehicle"].to_numpy()]),
                arrive_s=pl.col("start_s") + pl.col("response_s"),
            ).with_columns(
                nameless_s=pl.when(pl.col("vehicle") == 0).then(pl.col("arrive_s")).otherwise(0)
            )
        )
    return pl.concat(tables) if tables else _nothing()


def _resolved(suspects: pl.DataFrame) -> Repeats:
    call, source = ["high", "low"], ["file", "line"]
    crew = [*call, "vehicle", "nameless_s"]
    ordered = suspects.sort(*crew, *source)
    twin = ~ordered.select(pl.struct(*crew).is_first_distinct().alias("first"))["first"]
    duplicates = _against(ordered.filter(twin), ordered.filter(~twin), crew)
    left = ordered.filter(~twin).sort(*call, "arrive_s", *source)
    winner = left.select(pl.struct(*call).is_first_distinct().alias("first"))["first"]
    later = _against(left.filter(~winner), left.filter(winner), call)
    codes = {"duplicate": duplicates, "later_vehicle": later}
    rows = pl.concat(
        [
            table.with_columns(reason=pl.lit(reasons.CODE[key], pl.UInt8))
            for key, table in codes.items()
        ]
    ).sort("part", "row")
    far = int((rows["start_s"] - rows["kept_start_s"]).abs().gt(_DAY_S).sum())
    names = ("part", "row", "file", "line", "reason", "kept_file", "kept_line")
    return Repeats(rows.select(names), far)


def _against(lost: pl.DataFrame, kept: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Return `lost` with place and start of the record of the same key that is kept."""
    winners = kept.select(*key, kept_file="file", kept_line="line", kept_start_s="start_s")
    return lost.join(winners, on=key, how="left")


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "file": pl.UInt16,
            "line": pl.Int64,
            "start_s": pl.Int64,
            "response_s": pl.Int32,
            "vehicle": pl.Int64,
            "low": pl.UInt64,
            "part": pl.Int32,
            "row": pl.Int64,
            "high": pl.UInt64,
            "arrive_s": pl.Int64,
            "nameless_s": pl.Int64,
        }
    )
