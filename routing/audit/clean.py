"""One part of a log: which records are used, why others are not, and what is measured of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata.calls.columns import Columns, Numbered, Spans
from routing.audit import crews, loops, phases, reasons
from routing.audit.codes import Coded, fixed, renumbered
from routing.audit.options import Options
from routing.audit.placing import HOW, OFF, Locator, Placed

BUCKETS = 256
CODED = ("zone", "county", "township", "island", "post", "vehicle", "vehicle_kind", "call_type",
         "priority")  # fmt: skip
"""Texts that the cleaned table holds as numbers."""

_CANCELLED = re.compile(
    r"(?<!未)(?<!没有)(?<!不)(取消|撤销|撤消|作废|退车|中途返回|中途折返|任务中止)"
    r"|(?<!not )\b(cancel\w*|abort\w*|stood down|stand down)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Cleaned:
    """One part, every row accounted for.

    Attributes:
        rows: records in use so far (repeats are found later), in source order: ``file``, ``line``,
            ``start_s``, ``dispatch_after_s`` (from the start to dispatch), the columns of
            `phases.MEASURE_COLUMNS` (-1 where unknown), ``hour``, ``weekday``, ``month`` (YYYYMM),
            the columns of `CODED` (codes), ``demand_row`` and ``node`` (-1 where unknown),
            ``low`` (second half of the id's digest).
        rejected: ``file``, ``line``, ``reason`` (code).
        keys: records with an id by bucket: ``high`` (first half of the digest), ``row``.
        jobs: of every record for which a crew was sent, in use or not: ``post``, ``vehicle``
            (codes), ``from_s``, ``until_s``; see `loops.jobs`.
        facts: counts and labels, as JSON can hold them.
    """

    rows: dict[str, NDArray[Any]]
    rejected: dict[str, NDArray[Any]]
    keys: dict[str, NDArray[Any]]
    jobs: dict[str, NDArray[Any]]
    facts: dict[str, Any]


def clean(part: Columns, options: Options, locator: Locator) -> Cleaned:
    """Return a part of a log cleaned; used + rejected = read.

    Args:
        part: columns of calls.
        options: what is asked.
        locator: finds zone and road node.
    """
    reason = np.empty(len(part), np.uint8)
    stamps, faults = fixed(part.stamps), fixed(part.stamp_fault)
    place_fault = fixed(part.place_fault)
    loops.judge(stamps, faults, place_fault, _early(part), options.start, options.limit_s, reason)
    rows, placed = _placed(part, reason, locator)
    measured, over_limit = _measured(stamps, rows, options)
    coded = _coded(part, placed, rows)
    high, low, has_id = _digests(part.call_id, rows, measured, options.id_restarts)
    begins, order = loops.bucketed(high, has_id, BUCKETS)
    jobs, job_labels = _jobs(part, stamps)
    facts = {
        "read": len(part),
        "used": len(rows),
        "rejected": _counts(reason),
        "stamps": _stamp_counts(stamps, faults),
        "over_limit": over_limit,
        "located": np.bincount(placed.how, minlength=len(HOW)).tolist(),
        "without_id": int(len(rows) - has_id.sum()),
        "span_s": _span(measured["start_s"]),
        "months": _different(measured["month"]),
        "labels": {name: list(column.labels) for name, column in coded.items()},
        "job_labels": job_labels,
        "bucket_begins": begins.tolist(),
    }
    return Cleaned(
        rows={
            "file": _taken(part.file, rows),
            "line": _taken(part.line, rows),
            **measured,
            **{name: column.codes for name, column in coded.items()},
            "demand_row": placed.demand_row,
            "node": placed.node,
            "low": low,
        },
        rejected=_rejected(part, reason),
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


def _early(part: Columns) -> NDArray[np.uint8]:
    """Return the reasons that need no stamp: malformed rows, then cancelled calls."""
    outcome = part.text("outcome")
    early = np.zeros(len(part), np.uint8)
    if outcome.labels:
        off = [*(is_cancelled(text) for text in outcome.labels), False]
        early = np.where(off, np.uint8(reasons.CODE["cancelled"]), np.uint8(0))[outcome.codes]
    early[part.row_fault > 0] = reasons.CODE["malformed_row"]
    return early


def _placed(
    part: Columns, reason: NDArray[np.uint8], locator: Locator
) -> tuple[NDArray[np.int64], Placed]:
    """Return the rows in use and where they lie; what is off the map is rejected in `reason`."""
    rows = np.flatnonzero(reason == reasons.USED)
    names = (part.text(name) for name in ("county", "township"))
    county, township = (Numbered(_taken(name.codes, rows), name.labels) for name in names)
    placed = locator.locate(_taken(part.lon, rows), _taken(part.lat, rows), county, township)
    off = placed.how == OFF
    if off.any():
        reason[rows[off]] = reasons.CODE["off_the_map"]
        rows, placed = rows[~off], placed.of(np.flatnonzero(~off))
    return rows, placed


def _measured(
    stamps: NDArray[np.int64], rows: NDArray[np.int64], options: Options
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


def _coded(part: Columns, placed: Placed, rows: NDArray[np.int64]) -> dict[str, Coded]:
    """Return the columns of `CODED` for the rows in use."""
    where = {name: getattr(placed, name) for name in ("zone", "county", "township", "island")}
    found = {}
    for name in CODED:
        column = where.get(name) or part.text(name)
        codes = column.codes if name in where else _taken(column.codes, rows)
        found[name] = renumbered(codes, column.labels)
    return found


def _digests(
    ids: Spans, rows: NDArray[np.int64], measured: dict[str, NDArray[Any]], restarts: str
) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.bool_]]:
    high, low = np.empty(len(rows), np.uint64), np.empty(len(rows), np.uint64)
    has_id = np.empty(len(rows), np.bool_)
    limits = fixed(ids.starts), fixed(ids.ends)
    seeds = _seeds(measured, restarts)
    loops.digests(fixed(ids.buffer), *limits, rows, seeds, high, low, has_id)
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


def _rejected(part: Columns, reason: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    where = np.flatnonzero(reason)
    return {"file": part.file[where], "line": part.line[where], "reason": reason[where]}


def _jobs(
    part: Columns, stamps: NDArray[np.int64]
) -> tuple[dict[str, NDArray[Any]], dict[str, list[str]]]:
    """Return the jobs of crews, and the labels of their codes; see `loops.jobs`."""
    post, vehicle = part.text("post"), part.text("vehicle")
    row, from_s, until_s = loops.jobs(stamps, fixed(post.codes), crews.JobParameters().seconds())
    coded = {
        name: renumbered(_taken(column.codes, row), column.labels)
        for name, column in (("post", post), ("vehicle", vehicle))
    }
    codes = {name: column.codes for name, column in coded.items()}
    labels = {name: list(column.labels) for name, column in coded.items()}
    return {**codes, "from_s": from_s, "until_s": until_s}, labels


def _different(values: NDArray[np.int32]) -> list[int]:
    """Return the values that occur, in order; most are like the one before."""
    new = np.ones(len(values), np.bool_)
    new[1:] = values[1:] != values[:-1]
    return sorted({int(value) for value in values[new]})


def _span(start_s: NDArray[np.int64]) -> list[int] | None:
    return [int(start_s.min()), int(start_s.max())] if len(start_s) else None


def _counts(reason: NDArray[np.uint8]) -> dict[str, int]:
    counts = np.bincount(reason, minlength=len(reasons.REASONS) + 1)
    return {key: int(counts[code]) for key, code in reasons.CODE.items() if counts[code]}


def _stamp_counts(stamps: NDArray[np.int64], faults: NDArray[np.uint16]) -> dict[str, list[int]]:
    """Return, for each stamp, how many rows have it and how many have text that is none."""
    numbers = np.stack(loops.counts_of(stamps, faults), axis=1).tolist()
    return dict(zip(phases.STAMPS, numbers, strict=True))


def _taken(column: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    return column if len(rows) == len(column) else column[rows]
