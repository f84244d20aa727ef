"""What the report of an audit says on better or worse: periods compared, trend of the months."""

from __future__ import annotations

from typing import Any

from maps.document import Cell, Column, Row, Table
from maps.methods import entries
from maps.report_parts import noted, one
from maps.words import ReportWords, clean, number


def changes_table(result: dict[str, Any], words: ReportWords) -> Table | None:
    """Return what changed between two periods, with the interval of the difference."""
    rows = tuple(
        Row(
            cells=(
                Cell(text=_of(row, words), head=True),
                Cell(text=_months(row.get("earlier"))),
                Cell(text=_months(row.get("later"))),
                Cell(text=one(row.get("mean_earlier_min")), number=True),
                Cell(text=one(row.get("mean_later_min")), number=True),
                Cell(text=_difference(row, "mean", "_min", words), number=True),
            )
        )
        for row in entries(result, "changes")
    )
    if not rows:
        return None
    columns = (
        Column(title=words.r("column.zone"), width=1.1),
        *(Column(title=words.r(f"column.{c}"), width=1.3) for c in ("earlier", "later")),
        *(
            Column(title=words.r(f"column.{c}"), number=True)
            for c in ("mean_earlier", "mean_later")
        ),
        Column(title=words.r("column.change"), number=True, width=1.5),
    )
    n = words.r("n_comparisons", n=len(rows))
    note = noted(words, "changes", n=n, caveat="changes")
    return Table(caption=words.r("caption.changes"), columns=columns, rows=rows, note=note)


def trends_table(result: dict[str, Any], words: ReportWords) -> Table | None:
    """Return the trend of the monthly means, overall and by zone; None without any."""
    rows = tuple(
        Row(
            cells=(
                Cell(text=_of(row, words), head=True),
                Cell(text=words.count(row.get("months")), number=True),
                Cell(text=_difference(row, "", "_min_per_year", words), number=True),
            )
        )
        for row in entries(result, "trends")
    )
    if not rows:
        return None
    columns = (
        Column(title=words.r("column.zone")),
        Column(title=words.r("column.months"), number=True),
        Column(title=words.r("column.slope"), number=True, width=1.6),
    )
    n = words.r("n_comparisons", n=len(rows))
    note = noted(words, "trends", n=n, caveat="changes")
    return Table(caption=words.r("caption.trends"), columns=columns, rows=rows, note=note)


def _of(row: dict[str, Any], words: ReportWords) -> str:
    code = row.get("of")
    return words.r("overall") if code == "overall" else words.code("zone", code)


def _months(value: object) -> str:
    """Return the first and the last of some months."""
    named = [clean(month) for month in value] if isinstance(value, list) else []
    return "–".join(dict.fromkeys((named[0], named[-1]))) if named else "–"


def _difference(row: dict[str, Any], kind: str, unit: str, words: ReportWords) -> str:
    """Return a difference with its sign and interval."""
    prefix = f"{kind}_" if kind else ""
    middle = number(row.get(f"{kind}{unit}" if kind else f"slope{unit}"))
    low, high = number(row.get(f"{prefix}low{unit}")), number(row.get(f"{prefix}high{unit}"))
    if middle is None:
        return "–"
    if low is None or high is None:
        return f"{middle:+.1f}"
    return words.r("difference", value=f"{middle:+.1f}", low=f"{low:+.1f}", high=f"{high:+.1f}")
