"""What a report says on the conditions of the year: weather, light, who is cut off and when."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from maps import report_parts
from maps.document import Cell, Column, Row, Section, Table, Text, section
from maps.methods import entries
from maps.report_parts import noted, one, picture
from maps.words import ReportWords, number


def section_of(
    result: dict[str, Any], words: ReportWords, pictures: Collection[str]
) -> Section | None:
    """Return what holds under each condition of the year; None for a run of one condition."""
    rows = entries(result, "conditions")
    if not rows:
        return None
    named = [(words.condition_of(row), row.get("zones") or {}, False) for row in rows]
    days = [one(row.get("days_per_year")) for row in rows]
    cut_off = [words.count(row.get("unreachable_population")) for row in rows]
    year = (result.get("expected") or {}).get("zones") or {}
    if year:
        named.append((words.r("whole_year"), year, True))
        days.append(one(sum(number(row.get("days_per_year")) or 0.0 for row in rows)))
        cut_off.append("–")
    n = report_parts.residents(result.get("zones"), words)
    note = noted(words, "conditions", n=n, caveat="conditions")
    more = [(words.r("column.days"), days), (words.r("column.cut_off"), cut_off)]
    return section(
        "conditions",
        words.r("section.conditions"),
        [
            Text(text=words.r("conditions_lead")),
            picture(pictures, "resilience", words, note=note, wide=False),
            report_parts.means_table(
                named,
                words,
                caption=words.r("caption.conditions_table"),
                first=words.r("column.condition"),
                note=note,
                more=more,
            ),
            picture(
                pictures, "conditions", words, note=noted(words, "coverage", n=n, caveat="map")
            ),
            _cut_off(result, words),
        ],
    )


def _cut_off(result: dict[str, Any], words: ReportWords) -> Table | None:
    """Return the islands that are cut off at some time of the year, the worst first."""
    rows = [
        row
        for row in entries(result, "resilience")
        if (number(row.get("cut_off_days_per_year")) or 0) > 0
    ]
    if not rows:
        return None
    names = {one.get("key"): words.condition_of(one) for one in entries(result, "conditions")}
    columns = (
        Column(title=words("column.island"), width=1.5),
        Column(title=words("column.people"), number=True),
        Column(title=words.r("column.cut_off_days"), number=True),
        Column(title=words.r("column.worst_condition"), width=1.3),
        Column(title=words.r("column.last_condition"), width=1.3),
        Column(title=words.r("column.last_min"), number=True),
        Column(title=words.r("column.last_vehicle")),
    )
    body = tuple(
        Row(
            cells=(
                Cell(text=words.named(row), small=words.place(row.get("county_zh")), head=True),
                Cell(text=words.count(row.get("population")), number=True),
                Cell(text=one(row.get("cut_off_days_per_year")), number=True),
                *(
                    Cell(text=names.get(row.get(key), words.condition(row.get(key))) or "–")
                    for key in ("worst_condition", "last_condition")
                ),
                Cell(text=one(row.get("last_min")), number=True),
                Cell(text=words.vehicle(row.get("last_vehicle"))),
            )
        )
        for row in rows
    )
    n = words.r("n_islands", n=len(rows))
    note = noted(words, "cut_off", n=n, caveat="conditions")
    return Table(caption=words.r("caption.cut_off"), columns=columns, rows=body, note=note)
