"""What the report of a comparison says: each scenario before and after, who gains and who loses."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from maps import methods, report_brief, report_parts
from maps.document import (
    Block,
    Bullets,
    Cell,
    Column,
    Heading,
    Picture,
    Row,
    Section,
    Table,
    Text,
    section,
)
from maps.methods import entries
from maps.report_parts import noted, one
from maps.verdicts import judged, mean_text
from maps.words import NOTE_LIMIT, ReportWords, clean, number

ISLANDS_SHOWN = 15
_YEAR = "year"
_NAME_LIMIT = 120
_NOTICED_MIN = 0.05


def sections(
    result: dict[str, Any],
    words: ReportWords,
    pictures: Collection[str],
    run: dict[str, Any] | None = None,
) -> list[Section | None]:
    """Return the sections of the report, findings first; None for those without content.

    Args:
        result: ``island-response/compare/1``; parts that are absent are left out.
        words: texts of the report.
        pictures: names of the pictures there are: ``compare_1`` and so on, one a case.
        run: the run record, if it is to be told.
    """
    anchors = methods.anchors_of(result)
    cases = entries(result, "cases")
    return [
        _findings(result, cases, words),
        *(_case(result, case, n, words, pictures) for n, case in enumerate(cases, start=1)),
        report_brief.assumed(result, words),
        report_brief.method(result, words, anchors, run, plan=None),
        methods.sources_section(result, words),
    ]


def _findings(result: dict[str, Any], cases: list[dict[str, Any]], words: ReportWords) -> Section:
    told = tuple((_name(case, words), _sentence(result, case, words)) for case in cases)
    return section(
        "findings",
        words.r("section.findings"),
        [
            Bullets(items=told, ordered=True) if told else None,
            report_parts.notices(result, words),
        ],
    )


def _sentence(result: dict[str, Any], case: dict[str, Any], words: ReportWords) -> str:
    """Return what a case does under the first condition, or over the year where there is one."""
    rows = entries(case, "zones")
    keys = [clean(row.get("condition")) for row in rows]
    if not keys:
        return ""
    key = _YEAR if _YEAR in keys else keys[0]
    mine = [row for row in rows if clean(row.get("condition")) == key]
    zones = words.r("finding.clause_mark").join(_zone_clause(row, words) for row in mine)
    told = words.r("compare_finding", condition=_condition(result, key, words), zones=zones)
    first = [row for row in rows if clean(row.get("condition")) == keys[0]]
    sums = {
        name: words.count(sum(number(row.get(column)) or 0.0 for row in first))
        for name, column in (
            ("gaining", "gaining_population"),
            ("losing", "losing_population"),
            ("reached", "newly_reached_population"),
            ("lost", "newly_cut_off_population"),
        )
    }
    people = words.r("compare_people", condition=_condition(result, keys[0], words), **sums)
    return told + words.r("finding.sentence_mark") + people


def _zone_clause(row: dict[str, Any], words: ReportWords) -> str:
    return words.r(
        "compare_zone",
        zone=words.code("zone", row.get("zone")),
        before=mean_text(_state(row, "before"), words),
        after=mean_text(_state(row, "after"), words),
        verdict=judged(_state(row, "after"), words, short=True)["verdict"],
    )


def _case(
    result: dict[str, Any],
    case: dict[str, Any],
    place: int,
    words: ReportWords,
    pictures: Collection[str],
) -> Section:
    islands = _islands(result, case, words)
    name = f"compare_{place}"
    caption = words.r("compare_caption", name=_name(case, words))
    blocks: list[Block | None] = [
        *(Text(text=text) for text in _changes(case, words)),
        _zones(result, case, words),
        Picture(name=name, caption=caption, note="", alt=caption) if name in pictures else None,
    ]
    if islands is not None:
        blocks += [Heading(text=words.r("section.islands_changed")), islands]
    return section(f"case-{place}", _name(case, words), blocks)


def _changes(case: dict[str, Any], words: ReportWords) -> list[str]:
    """Return what each part of a case changes, with its date and note."""
    told = []
    for part in entries(case, "parts"):
        changes = [
            clean(text, limit=NOTE_LIMIT) for text in part.get(f"changes_{words.lang}") or ()
        ]
        date, note = clean(part.get("date")), clean(part.get("note"), limit=NOTE_LIMIT)
        since = words.r("compare_since", date=date) if date else ""
        texts = (since, words.r("finding.clause_mark").join(changes), note)
        told.append(words.r("compare_part_mark").join(text for text in texts if text))
    return [text for text in told if text]


def _zones(result: dict[str, Any], case: dict[str, Any], words: ReportWords) -> Table | None:
    rows = tuple(
        Row(
            cells=(
                Cell(text=_condition(result, row.get("condition"), words), head=True),
                Cell(text=words.code("zone", row.get("zone"))),
                *(
                    Cell(text=mean_text(_state(row, time), words), number=True)
                    for time in ("before", "after")
                ),
                report_parts.verdict_of(_state(row, "before"), words),
                report_parts.verdict_of(_state(row, "after"), words),
                *(
                    Cell(text=_people(row.get(f"unreachable_{time}"), words), number=True)
                    for time in ("before", "after")
                ),
            ),
            strong=clean(row.get("condition")) == _YEAR,
        )
        for row in entries(case, "zones")
    )
    if not rows:
        return None
    columns = (
        Column(title=words.r("column.condition"), width=1.3),
        Column(title=words.r("column.zone"), width=1.1),
        *(Column(title=words.r(f"column.{c}"), number=True) for c in ("mean_before", "mean_then")),
        *(Column(title=words.r(f"column.{c}")) for c in ("verdict_before", "verdict_then")),
        *(
            Column(title=words.r(f"column.{c}"), number=True)
            for c in ("unreachable_before", "unreachable_then")
        ),
    )
    n = report_parts.residents(result.get("zones"), words)
    note = noted(words, "compare_zones", n=n, caveat="compare")
    caption = words.r("caption.compare_zones")
    return Table(caption=caption, columns=columns, rows=rows, note=note)


def _islands(result: dict[str, Any], case: dict[str, Any], words: ReportWords) -> Table | None:
    """Return the islands whose minutes change under the first condition."""
    first = clean(next(iter(entries(result, "conditions")), {}).get("key"))
    rows = [r for r in entries(case, "islands") if clean(r.get("condition")) == first]
    rows = [row for row in rows if _changed(row)]
    if not rows:
        return None
    columns = (
        Column(title=words("column.island"), width=1.4),
        *(
            Column(title=words.r(f"column.{c}"), number=True)
            for c in ("people", "mean_before", "mean_then", "difference")
        ),
        Column(title=words.r("column.comes_then"), width=1.8),
    )
    body = tuple(
        Row(
            cells=(
                Cell(text=words.named(row), small=words.place(row.get("county")), head=True),
                Cell(text=words.count(row.get("population_after")), number=True),
                Cell(text=one(row.get("before_min")), number=True),
                Cell(text=one(row.get("after_min")), number=True),
                Cell(text=_signed(row.get("change_min")), number=True),
                Cell(
                    text=words.vehicle(row.get("vehicle_after")),
                    small=words.place(row.get("post_after"))
                    if words.lang == "zh"
                    else clean(row.get("post_after_en")) or words.place(row.get("post_after")),
                ),
            )
        )
        for row in rows[:ISLANDS_SHOWN]
    )
    n = words.r("n_gains", shown=len(body), n=len(rows))
    note = noted(words, "compare_islands", n=n, caveat="compare")
    caption = words.r("caption.compare_islands", condition=_condition(result, first, words))
    return Table(caption=caption, columns=columns, rows=body, note=note)


def _changed(row: dict[str, Any]) -> bool:
    change = number(row.get("change_min"))
    if change is None:
        return (number(row.get("before_min")) is None) != (number(row.get("after_min")) is None)
    return abs(change) >= _NOTICED_MIN


def _people(value: object, words: ReportWords) -> str:
    return "–" if number(value) is None else words.count(value)


def _signed(value: object) -> str:
    found = number(value)
    return "–" if found is None else f"{found:+.1f}"


def _state(row: dict[str, Any], time: str) -> dict[str, Any]:
    """Return a row's figures of one time as the statistics of a zone."""
    return {
        "mean_min": row.get(f"{time}_min"),
        "target_min": row.get("target_min"),
        "target_met": row.get(f"met_{time}"),
        "target_met_reason": row.get(f"reason_{time}"),
    }


def _condition(result: dict[str, Any], key: object, words: ReportWords) -> str:
    if clean(key) == _YEAR:
        return words.r("whole_year")
    rows = {clean(row.get("key")): row for row in entries(result, "conditions")}
    row = rows.get(clean(key))
    return words.condition(key) if row is None else words.condition_of(row)


def _name(case: dict[str, Any], words: ReportWords) -> str:
    names = [
        clean(part.get(f"name_{words.lang}"), limit=_NAME_LIMIT) or words.named(part)
        for part in entries(case, "parts")
    ]
    return " + ".join(names) or clean(case.get("name"))
