"""Text parts read the slow and obvious way: a regular expression, then plain Python."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from geodata.calls import stamps, texts
from geodata.calls.reading import NONE, Part, TextForm
from geodata.calls.record_loops import LINE_LIMIT, QUOTED_LIMIT
from geodata.calls.table import SCHEMA, STAMPS, TEXTS

EPOCH = datetime(1970, 1, 1)
Row = dict[str, object]


def rows(part: Part) -> list[Row]:
    """Return the rows of a part of a text file as the canonical table has them."""
    content = Path(part.path).read_bytes()[part.start : part.stop]
    found = []
    for line, fault, fields in records(content, part.form, part.reading.columns, part.line):
        row: Row = {**dict.fromkeys(SCHEMA), "file": part.file, "line": line, "row_fault": fault}
        row |= {"stamp_fault": 0, "place_fault": False}
        if fields is not None:
            fill(row, fields, part)
        found.append(row)
    return found


def records(
    content: bytes, form: TextForm, columns: int, line: int
) -> Iterator[tuple[int, str | None, list[bytes] | None]]:
    sep, end = re.escape(bytes([form.separator])), re.escape(bytes([form.newline]))
    other = rb"[^" + sep + end + rb"]"
    if form.is_wide:
        other = rb"(?:[\x81-\xff][\x40-\xff]|" + other + rb")"
    inside = rb'"(?:[^"' + end + rb']|"")*+"'
    across = rb'"(?:[^"]|"")*+"(?=[' + sep + end + rb"\r]|\Z)"
    field = re.compile(rb"(?:" + inside + rb"|" + across + rb'|(?!"))' + other + rb"*+", re.DOTALL)
    at = 0
    while at < len(content):
        fields, stop = [], at
        while (match := field.match(content, stop)) is not None:
            fields.append(match[0])
            stop = match.end()
            if stop >= len(content) or content[stop] == form.newline:
                break
            stop += 1
        extra = b"".join(fields[columns:])
        wrong = len(fields) < columns or bool(extra.strip(b'" \t\r\n' + bytes([form.separator])))
        breaks = content[at:stop].count(form.newline)
        stray = match is None or (breaks and (wrong or stop - at > QUOTED_LIMIT))
        if stray:
            stop = content.find(bytes([form.newline]), at)
            stop, breaks = (len(content) if stop < 0 else stop), 0
        record = content[at:stop]
        blank = not record.strip(b'" \t\r\n' + bytes([form.separator]))
        if not blank:
            if stop - at > LINE_LIMIT:
                fault = "too_long"
            elif stray:
                fault = "open_quote"
            elif b"\x00" in record:
                fault = "nul"
            else:
                fault = "fields" if wrong else None
            if fault is None and form.newline != 13 and fields[-1].endswith(b"\r"):
                fields[-1] = fields[-1][:-1]
            yield line, fault, [unquoted(f) for f in fields[:columns]] if fault is None else None
        line += breaks + 1
        at = stop + 1


def unquoted(field: bytes) -> bytes:
    if not field.startswith(b'"'):
        return field
    match = re.match(rb'"((?:[^"]|"")*+)"?(.*)', field, re.DOTALL)
    assert match
    return match[1].replace(b'""', b'"') + match[2]


def fill(row: Row, fields: list[bytes], part: Part) -> None:
    reading, encoding = part.reading, part.form.encoding

    def text(column: int) -> str | None:
        try:
            return fields[column].decode(encoding)
        except UnicodeDecodeError:
            row["row_fault"] = "encoding"
            return None

    def lenient(column: int) -> str:
        return fields[column].decode(encoding, errors="replace")

    if reading.call_id != NONE and (name := text(reading.call_id)) is not None:
        row["call_id"] = texts.clean(name.replace("\n", " "))
    for role, column in zip(TEXTS, reading.texts, strict=True):
        if column != NONE and (said := text(column)) is not None:
            row[role] = texts.category(said)
    if reading.lon != NONE and reading.lat != NONE:
        place(row, texts.coordinate(lenient(reading.lon)), texts.coordinate(lenient(reading.lat)))
    days = [stamps.parse(lenient(column)) for column in reading.days]
    values = [
        stamps.parse(lenient(column), form) if column != NONE else stamps.Value(stamps.BLANK)
        for column, form in zip(reading.stamps, reading.formats, strict=True)
    ]
    clock(row, values, days, part)


def place(row: Row, lon: float | None, lat: float | None) -> None:
    if lon is None and lat is None:
        return
    good = lon is not None and lat is not None and not math.isnan(lon) and not math.isnan(lat)
    if good and abs(lon) <= 180 and abs(lat) <= 90 and (lon, lat) != (0, 0):  # type: ignore[arg-type]
        row["lon"], row["lat"] = lon, lat
    else:
        row["place_fault"] = True


def clock(row: Row, values: list[stamps.Value], days: list[stamps.Value], part: Part) -> None:
    reading, zone = part.reading, ZoneInfo(part.reading.tz)
    dates = [
        d.seconds // 86400 * 86400 if d.kind in (stamps.DATE, stamps.LOCAL) else None for d in days
    ]
    out: list[int | None] = [None] * len(STAMPS)
    fault = 0
    for k, value in enumerate(values):
        if value.kind == stamps.UTC:
            moment = (EPOCH + timedelta(seconds=value.seconds)).replace(tzinfo=UTC)
            out[k] = int((moment.astimezone(zone).replace(tzinfo=None) - EPOCH).total_seconds())
        elif value.kind == stamps.LOCAL:
            out[k] = value.seconds
        elif value.kind == stamps.TIME:
            own = dates[reading.day_of[k]] if reading.day_of[k] != NONE else None
            out[k] = own + value.seconds if own is not None else None
        elif value.kind != stamps.BLANK:
            fault |= 1 << k
    shared = dates[reading.shared] if reading.shared != NONE else None
    before: int | None = None
    for k, value in enumerate(values):
        if value.kind == stamps.TIME and out[k] is None:
            if before is not None:
                out[k] = nearest(value.seconds, before)
            elif shared is not None:
                out[k] = shared + value.seconds
        before = before if out[k] is None else out[k]
    after: int | None = None
    for k in reversed(range(len(values))):
        if values[k].kind == stamps.TIME and out[k] is None:
            if after is None:
                fault |= 1 << k
            else:
                out[k] = nearest(values[k].seconds, after)
        after = after if out[k] is None else out[k]
    row["stamp_fault"] = fault
    on_first_clock(out, values, zone)
    row |= {f"{stamp}_s": seconds for stamp, seconds in zip(STAMPS, out, strict=True)}


def on_first_clock(out: list[int | None], values: list[stamps.Value], zone: ZoneInfo) -> None:
    """Tell all stamps by the clock of the first one, where they are of one call."""
    there = [k for k, seconds in enumerate(out) if seconds is not None]
    if not there or max(out[k] for k in there) - min(out[k] for k in there) > 7 * 86400:
        return
    moments = [
        [values[k].seconds] if values[k].kind == stamps.UTC else readings(out[k], zone)
        for k in there
    ]
    last = [max(found) for found in moments]
    at = last[0] if last == sorted(last) else min(moments[0])
    shift = out[there[0]] - at
    for k, found in zip(there[1:], moments[1:], strict=True):
        at = min((moment for moment in found if moment >= at), default=max(found))
        out[k] = at + shift


def readings(seconds: int, zone: ZoneInfo) -> list[int]:
    """Return the seconds UTC at which the wall clock read this; by the clock before a gap."""
    wall = EPOCH + timedelta(seconds=seconds)
    moments = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    good = [m for m in moments if m.astimezone(zone).replace(tzinfo=None) == wall]
    return [int(m.timestamp()) for m in good or moments[:1]]


def nearest(seconds: int, anchor: int) -> int:
    days = (anchor // 86400 + shift for shift in (-1, 0, 1))
    found = [day * 86400 + seconds for day in days]
    return next(f for f in found if -43200 < f - anchor <= 43200)
