"""One part of a log: which records are used, why others are not, and what is measured of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from routing.audit import crews, loops, phases, reasons
from routing.audit.codes import Coded, encode, fixed
from routing.audit.options import Options
from routing.audit.placing import Locator

BUCKETS = 256
CODED = ("zone", "county", "township", "island", "post", "vehicle", "vehicle_kind", "call_type",
         "priority")  # fmt: skip
"""Texts that the cleaned table holds as numbers."""

_CANCELLED = re.compile(
    r"(?<!未)(?<!没有)(?<!不)(取消|撤销|撤消|作废|退车|中途返回|中途折返|任务中止)"
    r"|(?<!not )\b(cancel\w*|abort\w*|stood down|stand down)",
    re.IGNORECASE,
)
_PLACE_COLUMNS = ("lon", "lat", "county", "township")


@dataclass(frozen=True)
class Cleaned:
    """One part, every row accounted for.

    Attributes:
        rows: records in use so far (repeats are found later), in source order: ``file``, ``line``,
            ``start_s``, ``dispatch_after_s`` (from the start to dispatch), the columns of
            `phases.MEASURE_COLUMNS` (-1 where unknown), ``hour``, ``weekday``, ``month`` (YYYYMM),
            the columns of `CODED` (codes), ``demand_row`` and ``node`` (-1 where unknown),
            ``node_km``, ``low`` (second half of the id's digest).
        rejected: ``file``, ``line``, ``reason`` (code).
        keys: records with an id by bucket: ``high`` (first half of the digest), ``row``.
        jobs: of every record for which a crew was sent, in use or not: ``post``, ``vehicle``
            (codes), ``from_s``, ``until_s``; see `crews.jobs`.
        facts: counts and labels, as JSON can hold them.
    """

    rows: dict[str, NDArray[Any]]
    rejected: dict[str, NDArray[Any]]
    keys: dict[str, NDArray[Any]]
    jobs: dict[str, NDArray[Any]]
    facts: dict[str, Any]


def clean(frame: pl.DataFrame, options: Options, locator: Locator) -> Cleaned:
    """Return a part of the canonical table cleaned; used + rejected = read.

    Args:
        frame: canonical table of calls (`geodata.calls.table.SCHEMA`).
        options: what is asked.
        locator: finds zone and road node.
    """
    stamps = tuple(_numbers(frame[f"{name}_s"]) for name in phases.STAMPS)
    reason = np.zeros(len(frame), np.uint8)
    fault = _flags(frame["place_fault"])
    bits = frame["stamp_fault"].fill_null(0).cast(pl.UInt16).to_numpy()
    loops.judge(stamps, fixed(bits), fault, _early(frame), options.start, options.limit_s, reason)
    rows = np.flatnonzero(reason == reasons.USED)
    placed = _located(_taken(frame.select(_PLACE_COLUMNS), rows), locator)
    off = placed["off_map"].fill_null(value=False).to_numpy()
    if off.any():
        reason[rows[off]] = reasons.CODE["off_the_map"]
        rows, placed = rows[~off], placed.filter(~pl.Series(off))
    kept = _taken(frame.drop([f"{name}_s" for name in phases.STAMPS]), rows)
    measured, over_limit = _measured(stamps, rows, options)
    coded = _coded(kept, placed)
    high, low, has_id = _digests(kept["call_id"], measured, options.id_restarts)
    begins, order = loops.bucketed(high, has_id, BUCKETS)
    jobs, job_labels = _jobs(frame)
    facts = {
        "read": len(frame),
        "used": len(rows),
        "rejected": _counts(reason),
        "stamps": _stamp_counts(frame, bits),
        "over_limit": over_limit,
        "without_id": int(len(rows) - has_id.sum()),
        "span_s": _span(measured["start_s"]),
        "months": _different(measured["month"]),
        "labels": {name: list(column.labels) for name, column in coded.items()},
        "job_labels": job_labels,
        "bucket_begins": begins.tolist(),
    }
    return Cleaned(
        rows={
            "file": kept["file"].to_numpy(),
            "line": kept["line"].to_numpy(),
            **measured,
            **{name: _narrowed(column) for name, column in coded.items()},
            **_road_node(placed),
            "low": low,
        },
        rejected=_rejected(frame, reason),
        keys={"high": high[order], "row": order},
        jobs=jobs,
        facts=facts,
    )


def is_cancelled(outcome: str) -> bool:
    """Return whether the text of an outcome says that no crew was wanted in the end.

    Example:
        >>> is_cancelled("家属取消"), is_cancelled("送医院"), is_cancelled("未取消")
        (True, False, False)
    """
    return _CANCELLED.search(outcome) is not None


def _early(frame: pl.DataFrame) -> NDArray[np.uint8]:
    """Return the reasons that need no stamp: malformed rows, then cancelled calls."""
    early = np.zeros(len(frame), np.uint8)
    outcome = encode(frame["outcome"])
    called_off = np.array([False, *(is_cancelled(text) for text in outcome.labels)])
    early[called_off[outcome.codes]] = reasons.CODE["cancelled"]
    early[frame["row_fault"].is_not_null().to_numpy()] = reasons.CODE["malformed_row"]
    return early


def _located(places: pl.DataFrame, locator: Locator) -> pl.DataFrame:
    placed = locator.locate(places)
    numbers = {"demand_row": pl.Int32, "node": pl.Int32, "node_km": pl.Float32}
    return placed.with_columns(pl.col(name).cast(kind) for name, kind in numbers.items())


def _measured(
    stamps: tuple[NDArray[np.int64], ...], rows: NDArray[np.int64], options: Options
) -> tuple[dict[str, NDArray[Any]], list[int]]:
    count = len(rows)
    start_s = np.empty(count, np.int64)
    narrow = options.limit_s <= np.iinfo(np.int16).max
    kind = np.int16 if narrow else np.int32
    measures = np.empty((len(phases.MEASURES), count), kind)
    dispatch_after_s = np.empty(count, kind)
    hour, weekday = np.empty(count, np.uint8), np.empty(count, np.uint8)
    month = np.empty(count, np.int32)
    over = np.zeros(len(phases.MEASURES), np.int64)
    loops.measure(
        stamps, rows, options.start, options.limit_s,
        start_s, dispatch_after_s, measures, hour, weekday, month, over,
    )  # fmt: skip
    found = {"start_s": start_s, "dispatch_after_s": dispatch_after_s}
    found |= dict(zip(phases.MEASURE_COLUMNS, measures, strict=True))
    return {**found, "hour": hour, "weekday": weekday, "month": month}, over.tolist()


def _coded(kept: pl.DataFrame, placed: pl.DataFrame) -> dict[str, Coded]:
    columns = {
        "zone": placed["zone"],
        "county": placed["county"],
        "township": placed["township"],
        "island": placed["island_id"],
        **{
            name: kept[name]
            for name in ("post", "vehicle", "vehicle_kind", "call_type", "priority")
        },
    }
    return {name: encode(columns[name]) for name in CODED}


def _narrowed(column: Coded) -> NDArray[Any]:
    return column.codes.astype(np.min_scalar_type(len(column.labels)))


def _digests(
    ids: pl.Series, measured: dict[str, NDArray[Any]], restarts: str
) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.bool_]]:
    has_id = ids.is_not_null().to_numpy()
    offsets = np.zeros(len(ids) + 1, np.int64)
    np.cumsum(ids.str.len_bytes().fill_null(0).to_numpy(), out=offsets[1:])
    text = ids.str.join("").item() if len(ids) else ""
    data = (text or "").encode("utf-8")
    words = np.frombuffer(data + bytes(16 - len(data) % 8), "<u8")
    high, low = np.empty(len(ids), np.uint64), np.empty(len(ids), np.uint64)
    loops.digests(words, offsets, _seeds(measured, restarts), high, low)
    return high, low, has_id


def _seeds(measured: dict[str, NDArray[Any]], restarts: str) -> NDArray[np.uint64]:
    """Return the period that a call id belongs to, 0 where ids never start anew."""
    if restarts == "never":
        return np.zeros(len(measured["month"]), np.uint64)
    if restarts == "day":
        days: NDArray[np.int64] = measured["start_s"] // 86_400 + 1_000_000
        return days.astype(np.uint64)
    month: NDArray[np.int32] = measured["month"]
    return (month // 100 if restarts == "year" else month).astype(np.uint64)


def _rejected(frame: pl.DataFrame, reason: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    where = np.flatnonzero(reason)
    place = {name: frame[name].to_numpy()[where] for name in ("file", "line")}
    return {**place, "reason": reason[where]}


def _jobs(frame: pl.DataFrame) -> tuple[dict[str, NDArray[Any]], dict[str, list[str]]]:
    """Return the jobs of crews, and the labels of their codes."""
    table = crews.jobs(frame)
    coded = {name: encode(table[name]) for name in ("post", "vehicle")}
    times = {name: table[name].to_numpy() for name in ("from_s", "until_s")}
    codes = {name: _narrowed(column) for name, column in coded.items()}
    return {**codes, **times}, {name: list(column.labels) for name, column in coded.items()}


def _different(values: NDArray[np.int32]) -> list[int]:
    """Return the values that occur, in order; most are like the one before."""
    new = np.ones(len(values), np.bool_)
    new[1:] = values[1:] != values[:-1]
    return sorted({int(value) for value in values[new]})


def _span(start_s: NDArray[np.int64]) -> list[int] | None:
    return [int(start_s.min()), int(start_s.max())] if len(start_s) else None


def _road_node(placed: pl.DataFrame) -> dict[str, NDArray[Any]]:
    """Return demand point, node and distance to it; -1 and NaN where unknown."""
    return {
        "demand_row": placed["demand_row"].fill_null(-1).to_numpy(),
        "node": placed["node"].fill_null(-1).to_numpy(),
        "node_km": placed["node_km"].fill_null(np.nan).to_numpy(),
    }


def _counts(reason: NDArray[np.uint8]) -> dict[str, int]:
    counts = np.bincount(reason, minlength=len(reasons.REASONS) + 1)
    return {key: int(counts[code]) for key, code in reasons.CODE.items() if counts[code]}


def _stamp_counts(frame: pl.DataFrame, bits: NDArray[np.uint16]) -> dict[str, list[int]]:
    """Return, for each stamp, how many rows have it and how many have text that is none."""
    return {
        name: [
            len(frame) - frame[f"{name}_s"].null_count(),
            int(np.count_nonzero(bits & np.uint16(1 << bit))) if bits.any() else 0,
        ]
        for bit, name in enumerate(phases.STAMPS)
    }


def _taken(frame: pl.DataFrame, rows: NDArray[np.int64]) -> pl.DataFrame:
    return frame if len(rows) == len(frame) else frame[rows]


def _numbers(column: pl.Series) -> NDArray[np.int64]:
    column = column.cast(pl.Int64)
    return fixed((column.fill_null(loops.NO_STAMP) if column.null_count() else column).to_numpy())


def _flags(column: pl.Series) -> NDArray[np.bool_]:
    return fixed(column.fill_null(value=False).to_numpy())
