"""What the report of a proposal says on how firm the answer is."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from maps import report_parts
from maps.document import Block, Cell, Column, Heading, Row, Section, Table, section
from maps.methods import entries
from maps.report_parts import noted, one, picture
from maps.verdicts import VARIANTS
from maps.words import ReportWords, clean, number


def section_of(
    result: dict[str, Any], words: ReportWords, pictures: Collection[str]
) -> Section | None:
    """Return how firm the answer is: conditions, other answers, other states of the world.

    Args:
        result: ``island-response/propose/1``; None comes of one that holds nothing of it.
        words: texts of the report.
        pictures: names of the pictures there are.
    """
    blocks: list[Block | None] = []
    for heading, made in (
        ("section.conditions", [
            picture(pictures, "resilience", words, note=noted(words, "conditions"), wide=False),
            _conditions(result, words),
        ]),
        ("section.variants", [_variants(result, words)]),
        ("section.alternatives", [_alternatives(result, words)]),
        ("section.sensitivity", [_states(result, words), _chosen(result, words)]),
    ):  # fmt: skip
        if any(made):
            blocks += [Heading(text=words.r(heading)), *made]
    return section("firmness", words.r("section.firmness"), blocks) if blocks else None


def _conditions(result: dict[str, Any], words: ReportWords) -> Table | None:
    rows = entries(result, "conditions")
    if len(rows) < 2:
        return None
    named = []
    for row in rows:
        name = words.condition_of(row)
        named.append((words.r("state_before", name=name), row.get("before") or {}, False))
        named.append((words.r("state_after", name=name), row.get("after") or {}, True))
    return report_parts.means_table(
        named,
        words,
        caption=words.r("caption.plan_conditions"),
        first=words.r("column.condition"),
        note=noted(words, "plan_conditions", n=words.r("n_conditions", n=len(rows))),
    )


def _variants(result: dict[str, Any], words: ReportWords) -> Table | None:
    """Return the same plan with other posts counted, or without the helicopter."""
    found = result.get("variants") or {}
    named = []
    for variant in VARIANTS:
        name, zones = words.code("variant", variant), found.get(variant) or {}
        named.append((words.r("state_before", name=name), zones.get("before") or {}, False))
        named.append((words.r("state_after", name=name), zones.get("after") or {}, True))
    return report_parts.means_table(
        named,
        words,
        caption=words.r("caption.plan_variants"),
        first=words.r("column.counted"),
        note=noted(words, "plan_variants", caveat="variants"),
    )


def _alternatives(result: dict[str, Any], words: ReportWords) -> Table | None:
    rows = entries(result, "alternatives")
    if len(rows) < 2:
        return None
    zones = list(result.get("after") or {})
    columns = (
        Column(title=words.r("column.rank"), number=True, width=0.5),
        *(
            Column(title=words.r("column.zone_mean", zone=words.code("zone", z)), number=True)
            for z in zones
        ),
        Column(title=words.r("column.instead"), width=1.8),
        Column(title=words.r("column.without"), width=1.8),
    )
    body = tuple(
        Row(
            cells=(
                Cell(text=words.count(number(row.get("rank"))), number=True, head=True),
                *(Cell(text=one(row.get(f"{z}_mean_min")), number=True) for z in zones),
                *(Cell(text=_named_sites(row, c, words)) for c in ("instead", "without")),
            ),
            strong=number(row.get("rank")) == 0,
        )
        for row in rows
    )
    whole = result.get("alternatives_complete") is True
    n = words.r("n_alternatives" if whole else "n_alternatives_more", n=len(rows) - 1)
    note = noted(words, "alternatives", n=n, caveat="alternatives")
    return Table(caption=words.r("caption.alternatives"), columns=columns, rows=body, note=note)


def _states(result: dict[str, Any], words: ReportWords) -> Table | None:
    rows = entries(result, "sensitivity_runs")
    if not rows:
        return None
    zones = list(result.get("after") or {})
    columns = (
        Column(title=words.r("column.state"), width=1.1),
        Column(title=words.r("column.slower"), number=True),
        *(
            Column(title=words.r("column.held", zone=words.code("zone", z)), number=True)
            for z in zones
        ),
        *(
            Column(title=words.r("column.best_there", zone=words.code("zone", z)), number=True)
            for z in zones
        ),
        Column(title=words.r("column.new"), number=True),
    )
    body = tuple(
        Row(
            cells=(
                Cell(text=words.r("state", n=place), head=True),
                Cell(text=words.percent(row.get("slower")), number=True),
                *(Cell(text=one(row.get(f"held_{z}_mean_min")), number=True) for z in zones),
                *(Cell(text=one(row.get(f"best_{z}_mean_min")), number=True) for z in zones),
                Cell(text=str(len(_ids(row.get("sites")))), number=True),
            )
        )
        for place, row in enumerate(rows, start=1)
    )
    note = noted(words, "states", n=words.r("n_states", n=len(rows)), caveat="states")
    return Table(caption=words.r("caption.states"), columns=columns, rows=body, note=note)


def _chosen(result: dict[str, Any], words: ReportWords) -> Table | None:
    rows = entries(result, "sensitivity_sites")
    if not rows:
        return None
    columns = (
        Column(title=words.r("column.site"), width=2.0),
        Column(title=words.r("column.proposed")),
        Column(title=words.r("column.chosen_share"), number=True),
    )
    body = tuple(
        Row(
            cells=(
                Cell(text=words.named(row), head=True),
                Cell(text=words.r("yes" if row.get("proposed") is True else "no")),
                Cell(text=words.percent(row.get("chosen_share")), number=True),
            ),
            strong=row.get("proposed") is True,
        )
        for row in rows
    )
    n = words.r("n_states", n=len(entries(result, "sensitivity_runs")))
    note = noted(words, "chosen", n=n)
    return Table(caption=words.r("caption.chosen"), columns=columns, rows=body, note=note)


def _named_sites(row: dict[str, Any], column: str, words: ReportWords) -> str:
    """Return the names of the sites whose ids stand in a column, ids where names are missing."""
    ids = _ids(row.get(column))
    zh, en = (_ids(row.get(f"{column}_{lang}")) for lang in ("zh", "en"))
    named = [words.name(*pair) for pair in zip(zh, en, strict=False)]
    return words("list_mark").join(named if len(zh) == len(en) == len(ids) else ids) or "–"


def _ids(value: object) -> list[str]:
    return [name for name in clean(value, limit=400).split(";") if name]
