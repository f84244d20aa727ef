"""Bad weather by the clock: a table of when which condition held."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from geodata.calls import zones
from geodata.errors import Fault, InputError

FINE: Final = ("calm", "clear", "fine", "晴", "正常", "良好")
_COLUMNS: Final = {
    "from": ("from", "from_time", "开始", "开始时间"),
    "until": ("until", "until_time", "结束", "结束时间"),
    "condition": ("condition", "weather", "条件", "天气"),
}


@dataclass(frozen=True, eq=False)
class Weather:
    """Times of bad weather, merged; picklable.

    Attributes:
        begins, ends: local wall-clock seconds since 1970-01-01, ascending and apart; from
            (inclusive) until (exclusive).
    """

    begins: NDArray[np.int64]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, spans: Iterable[tuple[int, int]]) -> Weather:
        """Return the union of spans (from, until) of bad weather."""
        merged: list[list[int]] = []
        for begin, end in sorted(spans):
            if merged and begin <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([begin, end])
        table = np.array(merged, np.int64).reshape(-1, 2)
        return cls(table[:, 0].copy(), table[:, 1].copy())

    def bad(self, at_s: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether the weather was bad at each time, shape (n,)."""
        if not len(self.begins):
            return np.zeros(len(at_s), dtype=bool)
        place = np.searchsorted(self.begins, at_s, side="right") - 1
        return np.asarray((place >= 0) & (at_s < self.ends[np.maximum(place, 0)]))


def load(path: Path, *, tz: str = zones.DEFAULT) -> Weather:
    """Return the bad weather of a CSV with columns ``from``, ``until`` and ``condition``.

    Times are local, as ``2024-03-05 14:00`` or ``2024-03-05``, or have a zone of their own, as
    ``2024-03-05T06:00Z``; the Chinese headings 开始时间, 结束时间 and 天气 do as well. Rows of fine
    weather (``calm``, 晴, 正常 …) are passed over.

    Args:
        path: the file.
        tz: the zone whose clock the audit goes by.

    Raises:
        InputError: if the file cannot be read or a row breaks a rule; carries all faults.
    """
    try:
        text = path.read_bytes()
        lines = _decoded(text).splitlines()
        reader = csv.DictReader(lines)
        columns = {key: _heading(reader.fieldnames or [], names) for key, names in _COLUMNS.items()}
        rows = list(reader)
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        fault = Fault("audit_weather_unreadable", str(path), params={"reason": str(error)})
        raise InputError(fault) from error
    missing = [key for key, found in columns.items() if found is None]
    if missing:
        names: dict[str, object] = {"missing": ", ".join(missing)}
        raise InputError(Fault("audit_weather_columns", str(path), params=names))
    faults: list[Fault] = []
    zone = ZoneInfo(tz)
    spans = []
    for number, row in enumerate(rows, start=2):
        cell = {key: (row.get(str(name)) or "").strip() for key, name in columns.items()}
        begin, end = (
            _seconds(cell[key], zone, f"{path}[{number}].{key}", faults)
            for key in ("from", "until")
        )
        if begin is None or end is None:
            continue
        if end <= begin:
            faults.append(Fault("audit_weather_order", f"{path}[{number}]", cell["until"]))
        elif cell["condition"].casefold() not in FINE:
            spans.append((begin, end))
    if faults:
        raise InputError(faults)
    return Weather.of(spans)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def _heading(found: Iterable[str], names: tuple[str, ...]) -> str | None:
    return next((f for f in found if f.strip().casefold() in names), None)


def _seconds(text: str, zone: ZoneInfo, where: str, faults: list[Fault]) -> int | None:
    """Return seconds on the clock of a zone."""
    try:
        stamp = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        faults.append(Fault("audit_weather_stamp", where, text))
        return None
    local = stamp if stamp.tzinfo is None else stamp.astimezone(zone)
    return int(local.replace(tzinfo=UTC).timestamp())
