"""What a report says of crews posted outside the region: what they change, counted or not."""

from __future__ import annotations

from typing import Any

from maps.document import Block, Cell, Column, Row, Section, Table, Text, section
from maps.methods import entries
from maps.report_parts import noted, one
from maps.verdicts import verdicts
from maps.words import ReportWords


def section_of(result: dict[str, Any], words: ReportWords) -> Section | None:
    """Return the section on mutual aid; None where the result holds nothing of it.

    Args:
        result: its ``mutual_aid`` is read: `counted`, `zones` ``without`` and ``with`` the crews,
            and the `islands` that they change, worst first.
        words: texts of the report.
    """
    aid = result.get("mutual_aid")
    if not isinstance(aid, dict) or not aid:
        return None
    rows = entries(aid, "islands")
    lead = "aid_counted" if aid.get("counted") is True else "aid_left_out"
    blocks: list[Block | None] = [
        Text(text=words.r(lead)),
        _means(result, aid, words),
        _islands(rows, words) if rows else Text(text=words.r("aid_nothing")),
    ]
    return section("mutual_aid", words.r("section.mutual_aid"), blocks)


def _means(result: dict[str, Any], aid: dict[str, Any], words: ReportWords) -> Text | None:
    """Return the mean of each zone without and with these crews, in one sentence."""
    zones = aid.get("zones") or {}
    pairs = zip(
        verdicts(result, words, zones=zones.get("without") or {}),
        verdicts(result, words, zones=zones.get("with") or {}),
        strict=False,
    )
    told = [
        words.r("aid_zone", zone=old["name"], without=old["mean"], with_=new["mean"])
        for old, new in pairs
    ]
    if not told:
        return None
    return Text(text=words.r("aid_zones", zones=words.r("finding.clause_mark").join(told)))


def _islands(rows: list[dict[str, Any]], words: ReportWords) -> Table:
    columns = (
        Column(title=words("column.island"), width=1.4),
        Column(title=words("column.people"), number=True),
        *(Column(title=words.r(f"column.{c}"), number=True) for c in ("without_aid", "with_aid")),
        Column(title=words.r("column.newly_reached"), number=True),
        Column(title=words.r("column.aid_post"), width=1.6),
    )
    body = tuple(
        Row(
            cells=(
                Cell(text=words.named(row), small=words.place(row.get("county")), head=True),
                Cell(text=words.count(row.get("population")), number=True),
                Cell(text=one(row.get("without_min")), number=True),
                Cell(text=one(row.get("with_min")), number=True),
                Cell(text=words.count(row.get("newly_reached_population")), number=True),
                Cell(text=words.name(row.get("post"), row.get("post_en"))),
            )
        )
        for row in rows
    )
    note = noted(words, "mutual_aid", n=words.r("n_islands", n=len(rows)), caveat="mutual_aid")
    return Table(caption=words.r("caption.mutual_aid"), columns=columns, rows=body, note=note)
