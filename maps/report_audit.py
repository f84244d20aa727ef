"""What the report of an audit says, section by section.

Read from the result, each part left out where it is absent:

- ``records``: ``read``, ``used``, ``rejected``, ``rejected_by_reason`` (reason: number).
- ``overall``, ``zones`` (by zone): statistics ``n``, ``mean_min``, ``mean_low_min``,
  ``mean_high_min``, ``median_min``, ``p90_min``, ``share_within_target``, ``target_min``,
  ``target_met``, ``certain`` (false where chance may decide the verdict), ``suppressed``.
- ``groups``: by kind of group (``county``, ``township``, ``island``, ``post``, ``vehicle_kind``
  …), either rows with ``label`` and statistics or a dict from label to statistics; crosses that the
  charts show are left out.
- ``phases``: by phase (``call_handling``, ``turnout``, ``travel`` …): statistics, and where a norm
  binds it ``norm_min``, ``norm_share``, ``share_within_norm``, ``norm_met``.
- ``changes``: rows ``of``, ``earlier``, ``later`` (months), ``n_earlier``, ``n_later``,
  ``mean_earlier_min``, ``mean_later_min``, ``mean_min`` (later less earlier), ``mean_low_min``,
  ``mean_high_min``; ``trends``: rows ``of``, ``months``, ``slope_min_per_year``,
  ``low_min_per_year``, ``high_min_per_year``.
- ``late``: ``n``; ``late_causes``: rows ``cause``, ``n``, ``share``, ``suppressed``, the largest
  first; ``calibration``: ``text_zh``, ``text_en``.
- ``synthetic``: true for calls that were drawn, not recorded; ``start_stamp``; ``period`` with
  ``first`` and ``last``; ``suppress_below``; ``notices``; ``assumptions``; ``sources``.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from geodata import catalogue
from maps import findings, methods, report_brief, report_changes, report_parts
from maps.document import (
    Block,
    Bullets,
    Card,
    Cards,
    Cell,
    Column,
    Heading,
    Notice,
    Row,
    Section,
    Table,
    Text,
    section,
)
from maps.methods import entries
from maps.report_parts import noted, one, picture, verdict_of
from maps.verdicts import judged, mean_text
from maps.words import NOTE_LIMIT, ReportWords, clean, number

GROUP_ROWS = 40
CHARTED = ("weekday_hour", "zone_month")  # crosses of many cells
IN_ORDER = ("month", "hour", "weekday")  # groups that keep the order given
CODED_GROUPS = {"zone": "zone", "vehicle_kind": "vehicle"}  # whose labels are codes
UNKNOWN, SUPPRESSED = findings.UNKNOWN_ZONE, "(suppressed)"  # labels of the audit


def sections(
    result: dict[str, Any],
    words: ReportWords,
    pictures: Collection[str],
    run: dict[str, Any] | None = None,
) -> list[Section | None]:
    """Return the sections of the report, findings first; None for those without content.

    Args:
        result: ``island-response/audit/1``; see this module.
        words: texts of the report.
        pictures: names of the pictures there are.
        run: the run record, if it is to be told.
    """
    anchors = methods.anchors_of(result)
    method: list[Block | None] = [
        *methods.audit_blocks(result, words),
        *report_brief.parameter_blocks(result, words, anchors, run),
    ]
    return [
        _findings(result, words, pictures),
        _zones(result, words),
        _phases(result, words, pictures),
        _when(result, words, pictures),
        _why(result, words, pictures),
        _groups(result, words),
        _records(result, words),
        section("method", words.r("section.method"), method),
        methods.sources_section(result, words),
    ]


def used_calls(result: dict[str, Any], words: ReportWords) -> str:
    """Return how many calls the figures rest on."""
    records = result.get("records") or {}
    n = number((result.get("overall") or {}).get("n"))
    used = number(records.get("used")) if n is None else n
    return "" if used is None else words.r("n_calls", n=words.count(used))


def _findings(result: dict[str, Any], words: ReportWords, pictures: Collection[str]) -> Section:
    told = tuple(("", text) for text in findings.audit_findings(result, words))
    synthetic = result.get("synthetic") is True
    zones = result.get("zones") or {}
    # Calls without a zone have no target to be judged by: they stand in the table alone.
    cards = tuple(_card(zone, found, words) for zone, found in zones.items() if zone != UNKNOWN)
    n = used_calls(result, words)
    note = noted(words, "recorded_mean", n=n, caveat="recorded")
    warning = Notice(title=words.r("synthetic_title"), items=(words.r("synthetic"),))
    shown = noted(words, "recorded_distribution", n=n, caveat="recorded")
    return section(
        "findings",
        words.r("section.findings"),
        [
            warning if synthetic else None,
            Cards(cards=cards, note=note) if cards else None,
            Bullets(items=told, ordered=True) if told else None,
            report_parts.notices(result, words, title=words.r("audit_notices")),
            picture(pictures, "recorded", words, note=shown, wide=False),
        ],
    )


def _card(zone: str, found: dict[str, Any], words: ReportWords) -> Card:
    verdict = judged({} if _hidden(found) else found, words)
    target = number(found.get("target_min"))
    lines = [words.r("n_calls", n=words.count(found.get("n")))]
    if _interval(found):
        lines.append(words.r("interval", interval=_interval(found)))
    lines.append(words("card_share", share=words.percent(found.get("share_within_target"))))
    spread = {key: words.minutes(found.get(f"{key}_min")) for key in ("median", "p90")}
    lines.append(words("card_spread", **spread))
    if _hidden(found):
        lines = [words.r("hidden")]
    return Card(
        name=words.code("zone", zone),
        mean="–" if _hidden(found) else mean_text(found, words),
        unit=words("unit_mean"),
        met=verdict["met"],
        verdict=f"{verdict['mark']} {verdict['verdict']}",
        goal=words("goal", target=words("unknown") if target is None else f"{target:g}"),
        lines=tuple(lines),
    )


def _zones(result: dict[str, Any], words: ReportWords) -> Section | None:
    rows = [
        (_label("zone", {"label": zone}, words), found)
        for zone, found in (result.get("zones") or {}).items()
    ]
    overall = result.get("overall")
    if isinstance(overall, dict) and overall:
        rows.append((words.r("overall"), overall))
    if not rows:
        return None
    table = _statistics(rows, words, caption="caption.recorded_zones", first="column.zone")
    return section("zones", words.r("section.recorded_zones"), [table])


def _statistics(
    rows: list[tuple[str, dict[str, Any]]], words: ReportWords, *, caption: str, first: str
) -> Table:
    names = ("n", "mean", "interval", "median", "p90", "share")
    columns = (
        Column(title=words.r(first), width=1.5),
        *(Column(title=words.r(f"column.{name}"), number=True) for name in names),
        Column(title=words.r("column.verdict"), width=1.1),
    )
    body = tuple(_statistic(name, found, words) for name, found in rows[:GROUP_ROWS])
    key = "n_groups" if len(rows) == len(body) else "n_groups_shown"
    n = words.r(key, n=len(rows), shown=len(body))
    note = noted(words, "statistics", n=n, caveat="few_calls")
    return Table(caption=words.r(caption), columns=columns, rows=body, note=note)


def _statistic(name: str, found: dict[str, Any], words: ReportWords) -> Row:
    head = Cell(text=name, head=True)
    if _hidden(found):
        hidden = Cell(text=words.r("withheld"), number=True)
        return Row(cells=(head, hidden, *(Cell(text="–", number=True) for _ in range(5)), Cell()))
    share = number(found.get("share_within_target"))
    return Row(
        cells=(
            head,
            Cell(text=words.count(found.get("n")), number=True),
            Cell(text=mean_text(found, words), number=True),
            Cell(text=_interval(found) or "–", number=True),
            Cell(text=one(found.get("median_min")), number=True),
            Cell(text=one(found.get("p90_min")), number=True),
            Cell(text="–" if share is None else words.percent(share), number=True),
            verdict_of(found, words),
        )
    )


def _phases(
    result: dict[str, Any], words: ReportWords, pictures: Collection[str]
) -> Section | None:
    rows = [
        (_phase_name(phase, words), found)
        for phase, found in (result.get("phases") or {}).items()
        if isinstance(found, dict)
    ]
    note = noted(words, "phases", n=used_calls(result, words), caveat="phases")
    chart = picture(pictures, "phases", words, note=note, wide=False)
    if not rows and chart is None:
        return None
    norms = any(number(found.get("norm_min")) is not None for _, found in rows)
    columns = [
        Column(title=words.r("column.phase"), width=1.6),
        *(
            Column(title=words.r(f"column.{c}"), number=True)
            for c in ("n", "mean", "median", "p90")
        ),
    ]
    if norms:
        columns += [
            Column(title=words.r("column.norm"), number=True, width=1.3),
            Column(title=words.r("column.within_norm"), number=True),
            Column(title=words.r("column.verdict")),
        ]
    body = tuple(_phase(name, found, words, norms=norms) for name, found in rows)
    caption = words.r("caption.phases_table")
    table = Table(caption=caption, columns=tuple(columns), rows=body, note=note) if rows else None
    return section("phases", words.r("section.phases"), [chart, table])


def _phase(name: str, found: dict[str, Any], words: ReportWords, *, norms: bool) -> Row:
    hidden = _hidden(found)
    n = words.r("withheld") if hidden else words.count(found.get("n"))
    cells = [Cell(text=name, head=True), Cell(text=n, number=True)]
    minutes = (found.get(key) for key in ("mean_min", "median_min", "p90_min"))
    cells += [Cell(text="–" if hidden else one(value), number=True) for value in minutes]
    if norms:
        cells += _norm(found, words)
    return Row(cells=tuple(cells))


def _phase_name(phase: object, words: ReportWords) -> str:
    name = clean(phase)
    return catalogue.strings(words.lang).get(f"audit.phase.{name}", name)


def _norm(found: dict[str, Any], words: ReportWords) -> list[Cell]:
    """Return norm, share within it and verdict of a phase; blank where none binds it."""
    bound, least = number(found.get("norm_min")), number(found.get("norm_share"))
    if bound is None or least is None:
        return [Cell(number=True), Cell(number=True), Cell()]
    if bound < 1:
        told = words.r("norm_seconds", share=f"{100 * least:g}", bound=f"{60 * bound:.0f}")
    else:
        told = words.r("norm", share=f"{100 * least:g}", bound=f"{bound:.3g}")
    share = number(found.get("share_within_norm"))
    if _hidden(found) or share is None:
        return [Cell(text=told, number=True), Cell(text="–", number=True), Cell()]
    verdict = judged({"target_met": found.get("norm_met")}, words, short=True)
    return [
        Cell(text=told, number=True),
        Cell(text=words.percent(share), number=True),
        Cell(text=f"{verdict['mark']} {verdict['verdict']}", met=verdict["met"]),
    ]


def _when(result: dict[str, Any], words: ReportWords, pictures: Collection[str]) -> Section | None:
    n = used_calls(result, words)
    charts = [
        picture(pictures, name, words, note=noted(words, name, n=n, caveat=caveat), wide=False)
        for name, caveat in (("hour_weekday", "few_calls"), ("months", "months"))
    ]
    tables = [
        report_changes.changes_table(result, words),
        report_changes.trends_table(result, words),
    ]
    blocks: list[Block | None] = [*charts, *tables]
    return section("when", words.r("section.when"), blocks) if any(blocks) else None


def _why(result: dict[str, Any], words: ReportWords, pictures: Collection[str]) -> Section | None:
    rows = entries(result, "late_causes")
    late = number((result.get("late") or {}).get("n"))
    n = "" if late is None else words.r("n_late", n=words.count(late))
    note = noted(words, "late_causes", n=n, caveat="late_causes")
    chart = picture(pictures, "late_causes", words, note=note, wide=False)
    where_note = noted(words, "late_map", n=n, caveat="late_map")
    where = picture(pictures, "late_map", words, note=where_note, wide=False)
    if not rows and chart is None and where is None:
        return None
    columns = (
        Column(title=words.r("column.cause"), width=2.0),
        Column(title=words.r("column.n"), number=True),
        Column(title=words.r("column.share_of_late"), number=True),
        Column(title=words.r("column.share_of_late_min"), number=True),
    )
    body = tuple(
        Row(
            cells=(
                Cell(text=words.cause(row.get("cause")), head=True),
                Cell(
                    text=words.r("withheld") if _hidden(row) else words.count(row.get("n")),
                    number=True,
                ),
                *(
                    Cell(text="–" if _hidden(row) else words.percent(row.get(key)), number=True)
                    for key in ("share", "share_of_late_min")
                ),
            )
        )
        for row in rows
    )
    caption = words.r("caption.causes_table")
    table = Table(caption=caption, columns=columns, rows=body, note=note) if rows else None
    said = clean((result.get("calibration") or {}).get(f"text_{words.lang}"), limit=NOTE_LIMIT)
    calibrated: list[Block] = []
    if said:
        calibrated = [Heading(text=words.r("section.calibration")), Text(text=said)]
    return section("why", words.r("section.why"), [chart, table, where, *calibrated])


def _groups(result: dict[str, Any], words: ReportWords) -> Section | None:
    blocks: list[Block | None] = []
    groups = result.get("groups")
    for kind, found in (groups if isinstance(groups, dict) else {}).items():
        if kind in CHARTED:
            continue
        rows = _group_rows(clean(kind), found, words)
        if rows:
            name = words.r_or(f"group.{clean(kind)}", clean(kind))
            table = _statistics(rows, words, caption="caption.groups", first="column.group")
            blocks += [Heading(text=name), table]
    return section("groups", words.r("section.groups"), blocks) if blocks else None


def _group_rows(kind: str, found: object, words: ReportWords) -> list[tuple[str, dict[str, Any]]]:
    """Return label and statistics of each group, the most calls first."""
    if isinstance(found, dict):
        rows = [
            (_label(kind, {"label": k}, words), v) for k, v in found.items() if isinstance(v, dict)
        ]
    elif isinstance(found, list):
        rows = [(_label(kind, v, words), v) for v in found if isinstance(v, dict)]
    else:
        return []
    if kind in IN_ORDER:
        return rows
    return sorted(rows, key=lambda row: -(number(row[1].get("n")) or 0.0))


def _label(kind: str, row: dict[str, Any], words: ReportWords) -> str:
    """Return what a group is called: its name, a code in words, its label as it is."""
    if row.get("name_zh") or row.get("name_en"):
        return words.named(row)
    label = clean(row.get("label"))
    if label in (UNKNOWN, SUPPRESSED):
        return words("unknown") if label == UNKNOWN else words.r("other_groups")
    if kind == "weekday" and label in ("1", "2", "3", "4", "5", "6", "7"):
        return words.chart(f"weekday.{int(label) - 1}")
    if kind in CODED_GROUPS and label:
        return words.code(CODED_GROUPS[kind], label)
    return label or words("unknown")


def _records(result: dict[str, Any], words: ReportWords) -> Section | None:
    records = result.get("records")
    if not isinstance(records, dict) or not records:
        return None
    read = number(records.get("read"))
    reasons = records.get("rejected_by_reason") or {}
    known = catalogue.strings(words.lang)
    pairs = [
        (words.r("records.read"), records.get("read"), True),
        (words.r("records.used"), records.get("used"), True),
        (words.r("records.rejected"), records.get("rejected"), True),
        *((known.get(f"audit.reason.{key}", clean(key)), n, False) for key, n in reasons.items()),
    ]
    body = tuple(
        Row(
            cells=(
                Cell(text=name, head=True),
                Cell(text=words.count(n), number=True),
                Cell(text=_part_of(n, read, words), number=True),
            ),
            strong=strong,
        )
        for name, n, strong in pairs
    )
    columns = (
        Column(title=words.r("column.record"), width=3.0),
        Column(title=words.r("column.n"), number=True),
        Column(title=words.r("column.part_of_all"), number=True),
    )
    note = noted(words, "records", caveat="records")
    table = Table(caption=words.r("caption.records"), columns=columns, rows=body, note=note)
    return section("records", words.r("section.records"), [table])


def _part_of(value: object, whole: float | None, words: ReportWords) -> str:
    part = number(value)
    return words.percent(part / whole) if part is not None and whole else "–"


def _interval(found: dict[str, Any]) -> str:
    low, high = number(found.get("mean_low_min")), number(found.get("mean_high_min"))
    return "" if low is None or high is None else f"{low:.1f}–{high:.1f}"


def _hidden(found: dict[str, Any]) -> bool:
    return found.get("suppressed") is True
