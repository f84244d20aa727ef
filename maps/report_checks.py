"""What a report says on how the model compares with values known from elsewhere."""

from __future__ import annotations

from typing import Any

from maps.document import Cell, Column, Row, Section, Table, Text, section
from maps.methods import entries, references
from maps.report_parts import noted, one
from maps.words import ReportWords, number


def section_of(
    result: dict[str, Any], words: ReportWords, anchors: dict[str, str]
) -> Section | None:
    """Return the comparison with known values; None where nothing is known."""
    rows = [
        _check(row, quantity, known, words, anchors)
        for row in [*entries(result, "checks"), *entries(result, "known_times")]
        for quantity in ("min", "km")
        if (known := _known(row, quantity))
    ]
    if not rows:
        return None
    columns = (
        Column(title=words.r("column.check"), width=2.6),
        *(
            Column(title=words.r(f"column.{c}"), number=True)
            for c in ("modelled", "known", "difference")
        ),
        Column(title=words.r("column.unit"), width=0.6),
        Column(title=words.r("column.source")),
    )
    n = words.r("n_checks", n=len(rows))
    table = Table(
        caption=words.r("caption.checks"),
        columns=columns,
        rows=tuple(rows),
        note=noted(words, "checks", n=n, caveat="checks"),
    )
    return section("checks", words.r("section.checks"), [Text(text=words.r("checks_lead")), table])


def _check(
    row: dict[str, Any],
    quantity: str,
    known: list[float],
    words: ReportWords,
    anchors: dict[str, str],
) -> Row:
    modelled = number(row.get(f"modelled_{quantity}"))
    told = "–".join(dict.fromkeys(f"{bound:g}" for bound in known)) or "–"
    return Row(
        cells=(
            Cell(text=words.named(row), small=words.note(row), head=True),
            Cell(text=one(modelled), number=True),
            Cell(text=told, number=True),
            Cell(text=_difference(modelled, known, words), number=True),
            Cell(text=words.r(f"unit_{quantity}")),
            Cell(references=references(row.get("source"), words, anchors)),
        )
    )


def _known(row: dict[str, Any], quantity: str) -> list[float]:
    """Return the known value, or both bounds of a known range; empty where nothing is known."""
    keys = (f"known_{quantity}", f"known_{quantity}_low", f"known_{quantity}_high")
    found = [number(row.get(key)) for key in keys]
    return sorted(value for value in found if value is not None)


def _difference(modelled: float | None, known: list[float], words: ReportWords) -> str:
    """Return modelled less known; against a range, less its nearer bound."""
    if modelled is None:
        return "–"
    nearest = min(max(modelled, known[0]), known[-1])
    if nearest == modelled and len(set(known)) > 1:
        return words.r("in_range")
    if abs(modelled - nearest) < 0.05:
        return "0"
    percent = f" ({100 * (modelled - nearest) / nearest:+.0f}%)" if nearest else ""
    return f"{modelled - nearest:+.1f}{percent}"
