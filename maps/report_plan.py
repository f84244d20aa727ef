"""What the report of a proposal says, section by section."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from maps import findings, methods, report_brief, report_firmness, report_next, report_parts
from maps.document import (
    Block,
    Bullets,
    Cell,
    Column,
    Heading,
    Row,
    Section,
    Table,
    Text,
    section,
)
from maps.methods import entries
from maps.report_parts import noted, one, picture
from maps.words import ReportWords, clean, number

GAINS_SHOWN = 15
_ANSWERED = ("optimal", "feasible")


def sections(
    result: dict[str, Any],
    words: ReportWords,
    pictures: Collection[str],
    run: dict[str, Any] | None = None,
) -> list[Section | None]:
    """Return the sections of the report, findings first; None for those without content.

    Args:
        result: ``island-response/propose/1``; parts that are absent are left out.
        words: texts of the report.
        pictures: names of the pictures there are.
        run: the run record, if it is to be told.
    """
    anchors = methods.anchors_of(result)
    return [
        _findings(result, words, pictures),
        _sites(result, words, pictures),
        _gains(result, words),
        _losses(result, words),
        report_firmness.section_of(result, words, pictures),
        _blocked(result, words),
        report_brief.assumed(result, words),
        report_brief.method(result, words, anchors, run, plan=result),
        methods.sources_section(result, words),
    ]


def _findings(result: dict[str, Any], words: ReportWords, pictures: Collection[str]) -> Section:
    told = tuple(("", sentence) for sentence in findings.plan_findings(result, words))
    after, before = result.get("after") or {}, result.get("before") or {}
    answered = result.get("status") in _ANSWERED
    n = report_parts.residents(after, words)
    map_note = noted(words, "coverage", n=n, caveat="map")
    return section(
        "findings",
        words.r("section.findings"),
        [
            report_parts.cards(result, words, zones=after if answered else before),
            Bullets(items=told, ordered=True) if told else None,
            report_parts.notices(result, words),
            report_parts.before_after_table(result, words, before=before, after=after)
            if answered
            else None,
            _shown_condition(result, words),
            picture(pictures, "coverage_pair", words, note=map_note),
            picture(pictures, "coverage", words, note=map_note),
            picture(pictures, "coverage_after", words, note=map_note),
        ],
    )


def _shown_condition(result: dict[str, Any], words: ReportWords) -> Text | None:
    """Return that figures cover all conditions and maps show the first, if there are several."""
    rows = entries(result, "conditions")
    if len(rows) < 2:
        return None
    name = words.condition_of(rows[0])
    return Text(text=words.r("shown_condition", n=len(rows), condition=name))


def _sites(result: dict[str, Any], words: ReportWords, pictures: Collection[str]) -> Section | None:
    sites, closed = entries(result, "sites"), entries(result, "closed")
    curve = _curve(result, words)
    shown = words.r("n_curve", n=len(entries(result, "curve")))
    note = noted(words, "tradeoff", n=shown, caveat="tradeoff")
    blocks: list[Block | None] = [report_parts.sites_table(sites, words)]
    if closed:
        blocks.append(Heading(text=words.r("section.closed")))
        blocks.append(Bullets(items=tuple((words.named(row), "") for row in closed)))
    chart = picture(pictures, "tradeoff", words, note=note, wide=False)
    if curve is not None or chart is not None:
        blocks += [Heading(text=words.r("section.curve")), chart, curve]
    if (further := report_next.next_table(result, words)) is not None:
        blocks += [Heading(text=words.r("section.next_by_kind")), further]
    if not any(blocks):
        return None
    return section("proposal", words.r("section.proposal"), blocks)


def _curve(result: dict[str, Any], words: ReportWords) -> Table | None:
    rows = entries(result, "curve")
    if not rows:
        return None
    zones = list(result.get("after") or result.get("before") or {})
    columns = [Column(title=words.r("column.new"), number=True, width=0.7)]
    for zone in zones:
        name = words.code("zone", zone)
        columns += [
            Column(title=words.r("column.zone_mean", zone=name), number=True),
            Column(title=words.r("column.zone_share", zone=name), number=True),
        ]
    columns += [
        Column(title=words.r("column.worst_island"), width=1.2),
        Column(title=words.r("column.mean"), number=True),
        Column(title=words.r("column.proof"), width=1.1),
    ]
    body = tuple(_curve_row(row, zones, words) for row in rows)
    note = noted(words, "tradeoff", n=words.r("n_curve", n=len(rows)), caveat="tradeoff")
    caption = words.r("caption.curve_table")
    return Table(caption=caption, columns=tuple(columns), rows=body, note=note)


def _curve_row(row: dict[str, Any], zones: list[str], words: ReportWords) -> Row:
    cells = [Cell(text=words.count(row.get("new")), number=True, head=True)]
    for zone in zones:
        share = number(row.get(f"{zone}_share_within_target"))
        cells += [
            Cell(text=one(row.get(f"{zone}_mean_min")), number=True),
            Cell(text="–" if share is None else words.percent(share), number=True),
        ]
    status = clean(row.get("status"))
    cells += [
        Cell(text=words.place(row.get("worst_island"))),
        Cell(text=one(row.get("worst_island_min")), number=True),
        Cell(text=words.r_or(f"status.{status}", status)),
    ]
    return Row(cells=tuple(cells))


def _gains(result: dict[str, Any], words: ReportWords) -> Section | None:
    rows = [r for r in entries(result, "gains_by_island") if _gained(r)]
    if not rows:
        return None
    note = noted(words, "gains", n=_listed(rows, words), caveat="same_model")
    table = _changed(rows, words, "newly_reached", caption=words.r("caption.gains"), note=note)
    return section("gains", words.r("section.gains"), [table])


def _losses(result: dict[str, Any], words: ReportWords) -> Section | None:
    rows = [r for r in entries(result, "gains_by_island") if _lost(r)]
    if not rows:
        return None
    rows.sort(key=lambda r: (-_number(r, "cut_off_population"), _number(r, "gain_people_min")))
    note = noted(words, "losses", n=_listed(rows, words), caveat="same_model")
    table = _changed(rows, words, "cut_off", caption=words.r("caption.losses"), note=note)
    return section("losses", words.r("section.losses"), [table])


def _listed(rows: list[dict[str, Any]], words: ReportWords) -> str:
    return words.r("n_gains", shown=min(len(rows), GAINS_SHOWN), n=len(rows))


def _changed(
    rows: list[dict[str, Any]], words: ReportWords, counted: str, *, caption: str, note: str
) -> Table:
    """Return islands before and after, the first ones alone.

    Args:
        rows: the islands in order.
        words: texts of the report.
        counted: what the last column counts: residents `newly_reached` or `cut_off`.
        caption, note: of the table.
    """
    columns = (
        Column(title=words("column.island"), width=1.5),
        *(
            Column(title=words.r(f"column.{c}"), number=True)
            for c in ("people", "mean_before", "mean_after", "gain", counted)
        ),
    )
    body = tuple(
        Row(
            cells=(
                Cell(text=words.named(row), head=True),
                Cell(text=words.count(row.get("population")), number=True),
                Cell(text=one(row.get("before_min")), number=True),
                Cell(text=one(row.get("after_min")), number=True),
                Cell(text=one(row.get("gain_min")), number=True),
                Cell(text=words.count(row.get(f"{counted}_population")), number=True),
            )
        )
        for row in rows[:GAINS_SHOWN]
    )
    return Table(caption=caption, columns=columns, rows=body, note=note)


def _gained(row: dict[str, Any]) -> bool:
    return _number(row, "gain_min") > 0 or _number(row, "newly_reached_population") > 0


def _lost(row: dict[str, Any]) -> bool:
    return _number(row, "gain_min") < 0 or _number(row, "cut_off_population") > 0


def _number(row: dict[str, Any], key: str) -> float:
    return number(row.get(key)) or 0.0


def _blocked(result: dict[str, Any], words: ReportWords) -> Section | None:
    """Return what keeps the request from having an answer, and the least that would help."""
    why, rows = result.get("relaxation"), entries(result, "blocking")
    if not isinstance(why, dict) and not rows:
        return None
    told = tuple(("", text) for text in findings.relaxations(result, words))
    return section(
        "blocked",
        words.r("section.blocked"),
        [Bullets(items=told) if told else None, _blocking(rows, words) if rows else None],
    )


def _blocking(rows: list[dict[str, Any]], words: ReportWords) -> Table:
    columns = (
        Column(title=words("column.island"), width=1.4),
        *(
            Column(title=words.r(f"column.{c}"), number=True)
            for c in ("people", "mean", "soonest", "asked", "needed")
        ),
    )
    body = tuple(
        Row(
            cells=(
                Cell(text=words.named(row), head=True),
                Cell(text=words.count(row.get("population")), number=True),
                *(
                    Cell(text=one(row.get(c)), number=True)
                    for c in ("mean_min", "soonest_min", "asked", "needed")
                ),
            )
        )
        for row in rows
    )
    n = words.r("n_islands", n=len(rows))
    note = noted(words, "blocking", n=n)
    return Table(caption=words.r("caption.blocking"), columns=columns, rows=body, note=note)
