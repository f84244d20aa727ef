"""What a report consists of, before it is a page or a Word file.

The builders (`maps.report_brief`, `maps.report_plan`, `maps.report_audit`) make a `Document` from a
result; `maps.report` writes it as a page and `maps.word` as an editable file. So both say the same.
All texts are plain: whoever writes them escapes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from maps.formulas import Formula


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A source named in a cell; `anchor` is that of its row among the sources, if it has one."""

    text: str
    anchor: str | None = None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: what it says; may be blank.
        small: a second, quieter line.
        number: whether it is set to the right.
        met: colours a verdict: True good, False bad, None neither.
        fill, ink: colours of a chip behind the text, ``#rrggbb``.
        tag: a box around the text, ``sourced`` or ``doubt``.
        references: sources, after the text.
        head: whether it heads its row.
    """

    text: str = ""
    small: str = ""
    number: bool = False
    met: bool | None = None
    fill: str = ""
    ink: str = ""
    tag: str = ""
    references: tuple[Reference, ...] = ()
    head: bool = False


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table: its heading, whether it holds numbers, its share of the width."""

    title: str
    number: bool = False
    width: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table; `strong` marks the headline, `anchor` what references point at."""

    cells: tuple[Cell, ...]
    strong: bool = False
    anchor: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with its caption and, below it, what defines and limits its figures."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""
    small: bool = False
    number: int = 0
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture by name, with caption and what defines and limits it.

    Attributes:
        name: key of the picture among those given.
        caption: what it shows.
        note: its definition, the number of cases behind it, its caveat.
        alt: what it shows, for those who cannot see it.
        wide: whether it takes the full width (a map) or that of a chart.
    """

    kind: ClassVar[str] = "picture"
    name: str
    caption: str
    note: str = ""
    alt: str = ""
    wide: bool = True
    number: int = 0
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A heading inside a section."""

    kind: ClassVar[str] = "heading"
    text: str
    anchor: str = ""


@dataclass(frozen=True, kw_only=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class Bullets:
    """A list; each item is a bold lead (may be blank) and a text. Findings are ordered."""

    kind: ClassVar[str] = "bullets"
    items: tuple[tuple[str, str], ...]
    ordered: bool = False


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a reader has to know before trusting a figure, in a box."""

    kind: ClassVar[str] = "notice"
    title: str
    items: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Card:
    """The verdict of one zone, large.

    Attributes:
        name: the zone.
        mean, unit: the figure and what it is.
        met: whether the target is met; None where it cannot be judged.
        verdict: mark and verdict in words.
        goal: the target.
        lines: what the mean hides, and the number of cases behind it.
    """

    name: str
    mean: str
    unit: str
    met: bool | None
    verdict: str
    goal: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Cards:
    """Verdicts side by side, and below them what defines and limits the figures."""

    kind: ClassVar[str] = "cards"
    cards: tuple[Card, ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Terms, or symbols of a formula, and their meanings."""

    kind: ClassVar[str] = "terms"
    pairs: tuple[tuple[str | Formula, str], ...]


@dataclass(frozen=True, kw_only=True)
class Formulas:
    """Formulas, one a line."""

    kind: ClassVar[str] = "formulas"
    formulas: tuple[Formula, ...]


Block = Table | Picture | Heading | Text | Bullets | Notice | Cards | Terms | Formulas


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section: title, anchor, blocks."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True)
class Document:
    """A report.

    Attributes:
        lang: ``zh`` or ``en``.
        title, lead: title, and the line below it on what was assumed.
        sections: in reading order, findings first.
    """

    lang: str
    title: str
    lead: str
    sections: tuple[Section, ...]

    def pictures(self) -> list[str]:
        """Return the names of the pictures shown, in reading order."""
        blocks = (block for section in self.sections for block in section.blocks)
        return [block.name for block in blocks if isinstance(block, Picture)]


def section(anchor: str, title: str, blocks: Iterable[Block | None]) -> Section:
    """Return a section of those blocks that are there."""
    return Section(anchor=anchor, title=title, blocks=tuple(b for b in blocks if b is not None))


def numbered(sections: Iterable[Section], *, table: str, figure: str) -> tuple[Section, ...]:
    """Return the sections with tables and pictures numbered, and without empty ones.

    Args:
        sections: in reading order.
        table, figure: the words for table and figure.
    """
    counts = {"table": 0, "picture": 0}
    words = {"table": table, "picture": figure}
    found = []
    for one in sections:
        blocks: list[Block] = []
        for block in one.blocks:
            if isinstance(block, (Table, Picture)):
                counts[block.kind] += 1
                block = replace(block, number=counts[block.kind], label=words[block.kind])
            blocks.append(block)
        if blocks:
            found.append(replace(one, blocks=tuple(blocks)))
    return tuple(found)
