"""What a report of a proposal says of the next single site of each kind."""

from __future__ import annotations

from typing import Any

from maps.document import Cell, Column, Row, Table
from maps.methods import entries
from maps.report_parts import noted
from maps.words import ReportWords, clean, number

# Over all conditions by their shares; the table of the run has every condition by itself.
_OVERALL = "all"


def next_table(result: dict[str, Any], words: ReportWords) -> Table | None:
    """Return what one more post, berth or helipad buys; None where that was not asked.

    Args:
        result: its ``next_by_kind`` is read.
        words: texts of the report.
    """
    rows = [row for row in entries(result, "next_by_kind") if row.get("condition") == _OVERALL]
    if not rows:
        return None
    columns = (
        Column(title=words.r("column.kind")),
        Column(title=words.r("column.best_for"), width=1.1),
        Column(title=words.r("column.place"), width=1.6),
        *(
            Column(title=words.r(f"column.{c}"), number=True)
            for c in ("cost", "saved", "saved_per_cost", "newly_reached")
        ),
    )
    body = tuple(_row(row, words) for row in rows)
    candidates = sum(
        number(row.get("candidates")) or 0.0 for row in rows if row.get("best_for") == "minutes"
    )
    n = words.r("n_candidates", n=words.count(candidates))
    note = noted(words, "next_by_kind", n=n, caveat="next_by_kind")
    return Table(caption=words.r("caption.next_by_kind"), columns=columns, rows=body, note=note)


def _row(row: dict[str, Any], words: ReportWords) -> Row:
    kind, aim = clean(row.get("kind")), clean(row.get("best_for"))
    some = bool(clean(row.get("id")))
    numbers = ("cost", "saved_call_min_per_year", "saved_call_min_per_cost")
    return Row(
        cells=(
            Cell(text=words.r_or(f"site_kind.{kind}", kind), head=True),
            Cell(text=words.r_or(f"best_for.{aim}", aim)),
            Cell(
                text=words.named(row) if some else words.r("next_nothing"),
                small=words.place(row.get("island_zh")),
            ),
            *(Cell(text=_short(row.get(name)), number=True) for name in numbers),
            Cell(text=words.count(row.get("newly_reached_population")), number=True),
        )
    )


def _short(value: object) -> str:
    """Return a number with as many digits as say something, a dash where it is missing."""
    found = number(value)
    if found is None:
        return "–"
    return f"{found:,.0f}" if abs(found) >= 100 else f"{found:.1f}"
