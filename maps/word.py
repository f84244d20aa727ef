"""The report as a Word file that planners can edit: true headings, tables, captions, equations."""

from __future__ import annotations

import copy
import io
import re
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docx
from docx.document import Document as WordFile
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Cm, Emu, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from geodata.errors import Fault, InputError
from maps import document, report, word_xml
from maps.document import (
    Bullets,
    Cards,
    Cell,
    Formulas,
    Heading,
    Notice,
    Picture,
    Section,
    Table,
    Terms,
    Text,
)
from maps.formulas import Formula
from maps.words import ReportWords

MARGIN = Cm(2.2)
PAGE_WIDTH, PAGE_HEIGHT = Cm(21.0), Cm(29.7)
TEXT_WIDTH = Emu(PAGE_WIDTH - 2 * MARGIN)
CHART_WIDTH = Cm(14.5)
INK, MUTED, NAVY = "1D2733", "55616E", "12355B"
MET, MISSED = "1B6E4B", "A0322F"
HEAD_FILL, STRONG_FILL, NOTICE_FILL, CARD_FILL = "E8EDF3", "EEF4FB", "FFF6DF", "F4F6F9"
TAG_FILLS = {"sourced": "EDF7F2", "doubt": "FFF6DF"}
# Latin and East Asian type of body and headings; all come with Word for Windows and for the Mac.
FONTS = {
    "zh": {"body": ("Times New Roman", "宋体"), "head": ("Arial", "黑体")},
    "en": {"body": ("Calibri", "宋体"), "head": ("Calibri", "黑体")},
}
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # of a report without a run record


def write(
    result: dict[str, Any],
    pictures: report.Pictures,
    path: Path,
    lang: str,
    *,
    run: dict[str, Any] | None = None,
) -> None:
    """Write the report as a Word file.

    Args:
        result: content of ``result.json`` of a brief, a coverage, a proposal or an audit.
        pictures: PNG by name, as bytes or as the path of a file; names as of `maps.report.page`.
        path: file to write, ``.docx``.
        lang: ``zh`` or ``en``.
        run: the run record, told among the methods; None leaves it out.

    Raises:
        InputError: if a picture is no PNG, as Word files cannot hold others.

    Equal inputs give equal bytes.
    """
    told = report.document(result, tuple(pictures), lang, run=run)
    path.write_bytes(file_bytes(told, pictures, created=_created(run)))


def file_bytes(
    told: document.Document, pictures: report.Pictures, *, created: datetime = EPOCH
) -> bytes:
    """Return a document as the bytes of a Word file; arguments as of `write`."""
    file = docx.Document()
    writer = _Writer(file, told.lang, _checked(pictures))
    writer.set_up(told, created)
    for section in told.sections:
        writer.section(section)
    buffer = io.BytesIO()
    file.save(buffer)
    return _without_times(buffer.getvalue())


class _Writer:
    """Writes blocks at the end of a file."""

    def __init__(self, file: WordFile, lang: str, pictures: dict[str, bytes]) -> None:
        self.file, self.lang, self.pictures = file, lang, pictures
        self.words = ReportWords(lang)
        self.bookmarks = 0
        self.looks: dict[tuple[bool, float | None, str], Any] = {}
        self.by_kind: dict[str, Callable[[Any], None]] = {
            "table": self._table,
            "picture": self._picture,
            "heading": self._heading,
            "text": self._text,
            "bullets": self._bullets,
            "notice": self._notice,
            "cards": self._cards,
            "terms": self._terms,
            "formulas": self._formulas,
        }

    def set_up(self, told: document.Document, created: datetime) -> None:
        """Set page, styles, properties, header, footer, title and contents."""
        page = self.file.sections[0]
        page.page_width, page.page_height = PAGE_WIDTH, PAGE_HEIGHT
        page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = MARGIN
        self._styles()
        core = self.file.core_properties
        core.title, core.author, core.comments = word_xml.safe(told.title), "", ""
        core.language = "zh-CN" if self.lang == "zh" else "en-GB"
        core.created = core.modified = created
        core.last_modified_by, core.revision = "", 1
        header = page.header.paragraphs[0]
        self._run(header, told.title, size=8.5, colour=MUTED)
        self._page_numbers(page.footer.paragraphs[0])
        self._run(self.file.add_paragraph(style="Title"), told.title)
        self._run(self.file.add_paragraph(style="Subtitle"), told.lead)
        self._contents(told)

    def section(self, section: Section) -> None:
        """Write a section under its heading."""
        heading = self.file.add_paragraph(style="Heading 1")
        self._run(heading, section.title)
        self._bookmark(heading, section.anchor)
        for block in section.blocks:
            self.by_kind[block.kind](block)

    # Blocks.

    def _heading(self, block: Heading) -> None:
        paragraph = self.file.add_paragraph(style="Heading 2")
        self._run(paragraph, block.text)
        if block.anchor:
            self._bookmark(paragraph, block.anchor)

    def _text(self, block: Text) -> None:
        self._run(self.file.add_paragraph(), block.text, colour=MUTED if block.quiet else "")

    def _bullets(self, block: Bullets) -> None:
        for lead, text in block.items:
            style = "List Number" if block.ordered else "List Bullet"
            paragraph = self.file.add_paragraph(style=style)
            if lead:
                self._run(paragraph, lead, bold=True)
                self._run(paragraph, " — " if text else "")
            self._run(paragraph, text)

    def _notice(self, block: Notice) -> None:
        box = self.file.add_table(1, 1)
        word_xml.borders(box, "E2B84A", inside=False)
        cell = box.cell(0, 0)
        word_xml.shade(cell, NOTICE_FILL)
        self._run(cell.paragraphs[0], block.title, bold=True)
        for item in block.items:
            paragraph = cell.add_paragraph(style="List Bullet")
            self._run(paragraph, item, size=9.5)
        self._gap()

    def _cards(self, block: Cards) -> None:
        table = self.file.add_table(1, max(len(block.cards), 1))
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        word_xml.borders(table, "D5DCE3", inside=True)
        for place, card in enumerate(block.cards):
            cell = table.cell(0, place)
            colour = {True: MET, False: MISSED, None: INK}[card.met]
            word_xml.shade(cell, CARD_FILL)
            first = cell.paragraphs[0]
            self._run(first, card.name, bold=True, colour=MUTED)
            figure = cell.add_paragraph()
            self._run(figure, card.mean, bold=True, size=26)
            self._run(figure, f" {card.unit}", size=11)
            verdict = cell.add_paragraph()
            self._run(verdict, card.verdict, bold=True, size=12, colour=colour)
            self._run(verdict, f"  {card.goal}", colour=MUTED)
            for line in card.lines:
                self._run(cell.add_paragraph(), line, size=9, colour=MUTED)
            for paragraph in cell.paragraphs:
                paragraph.paragraph_format.space_after = Pt(1)
        self._note(block.note)

    def _terms(self, block: Terms) -> None:
        for term, meaning in block.pairs:
            paragraph = self.file.add_paragraph(style="List Continue")
            if isinstance(term, Formula):
                paragraph._p.append(word_xml.equation(term))
            else:
                self._run(paragraph, term, bold=True)
            self._run(paragraph, "：" if self.lang == "zh" else ": ")
            self._run(paragraph, meaning)

    def _formulas(self, block: Formulas) -> None:
        for formula in block.formulas:
            paragraph = self.file.add_paragraph()
            paragraph.paragraph_format.left_indent = Cm(0.8)
            paragraph._p.append(word_xml.equation(formula, alone=True))

    def _picture(self, block: Picture) -> None:
        paragraph = self.file.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.keep_with_next = True
        width = TEXT_WIDTH if block.wide else CHART_WIDTH
        shape = paragraph.add_run().add_picture(io.BytesIO(self.pictures[block.name]), width=width)
        word_xml.describe(shape, word_xml.safe(block.alt), word_xml.safe(block.caption))
        self._caption(block.label, block.number, block.caption, keep=bool(block.note))
        self._note(block.note)

    def _table(self, block: Table) -> None:
        self._caption(block.label, block.number, block.caption, keep=True)
        table = self.file.add_table(1 + len(block.rows), len(block.columns))
        table.autofit = False
        word_xml.borders(table, "C9D1D9", inside=True, upright=False)
        whole = sum(column.width for column in block.columns)
        widths = [Emu(int(TEXT_WIDTH * column.width / whole)) for column in block.columns]
        word_xml.set_grid(table, widths)
        size = 8.0 if block.small or len(block.columns) > 7 else 9.0
        # One pass over the row objects: python-docx looks a cell up by walking the whole table.
        rows = list(table.rows)
        for place, column in enumerate(rows[0].cells):
            heading = block.columns[place]
            self._run(column.paragraphs[0], heading.title, bold=True, size=size)
            self._align(column, heading.number)
            word_xml.shade(column, HEAD_FILL)
        word_xml.repeat_header(rows[0])
        for row, made in zip(block.rows, rows[1:], strict=True):
            word_xml.keep_whole(made)
            for target, cell in zip(made.cells, row.cells, strict=True):
                self._cell(target, cell, size=size, strong=row.strong)
            if row.anchor:
                self._bookmark(made.cells[0].paragraphs[0], row.anchor)
        self._note(block.note)

    def _cell(self, target: _Cell, cell: Cell, *, size: float, strong: bool) -> None:
        paragraph = target.paragraphs[0]
        colour = {True: MET, False: MISSED, None: ""}[cell.met]
        fill = cell.fill.lstrip("#").upper() or TAG_FILLS.get(cell.tag, "")
        if strong and not fill:
            fill = STRONG_FILL
        if cell.fill:
            colour = cell.ink.lstrip("#").upper()
        self._run(paragraph, cell.text, size=size, colour=colour, bold=strong or cell.head)
        if cell.small:
            if cell.text:
                paragraph.add_run().add_break()
            self._run(paragraph, cell.small, size=size - 1, colour=MUTED)
        if cell.references:
            self._references(paragraph, cell, size)
        if fill:
            word_xml.shade(target, fill)
        self._align(target, cell.number)

    def _references(self, paragraph: Paragraph, cell: Cell, size: float) -> None:
        if cell.text or cell.small:
            paragraph.add_run().add_break()
        for place, reference in enumerate(cell.references):
            if place:
                self._run(paragraph, "; ", size=size)
            text, anchor = word_xml.safe(reference.text), reference.anchor
            if anchor is None:
                self._run(paragraph, text, size=size)
            elif "://" in anchor:
                word_xml.link(paragraph, text, address=word_xml.safe(anchor), size=size - 1)
            else:
                word_xml.link(paragraph, text, anchor=word_xml.bookmark_name(anchor), size=size)

    # Parts of blocks.

    def _caption(self, label: str, n: int, caption: str, *, keep: bool) -> None:
        paragraph = self.file.add_paragraph(style="Caption")
        paragraph.paragraph_format.keep_with_next = keep
        self._run(paragraph, f"{label} ", bold=True)
        # The field counts captions of one label, so that Word can list and renumber them.
        word_xml.field(paragraph, f"SEQ {label} \\* ARABIC", str(n), bold=True)
        self._run(paragraph, f"{'　' if self.lang == 'zh' else '. '}{caption}")

    def _note(self, note: str) -> None:
        if note:
            paragraph = self.file.add_paragraph()
            paragraph.paragraph_format.space_after = Pt(10)
            paragraph.paragraph_format.space_before = Pt(2)
            self._run(paragraph, note, size=8.5, colour=MUTED)
        else:
            self._gap()

    def _gap(self) -> None:
        paragraph = self.file.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(0)
        self._run(paragraph, " ", size=5)

    def _run(
        self,
        paragraph: Paragraph,
        text: str,
        *,
        bold: bool | None = None,
        size: float | None = None,
        colour: str = "",
    ) -> None:
        run = paragraph.add_run(word_xml.safe(text))
        look = (bool(bold), size, colour)
        if look in self.looks:
            # A copy takes a fraction of the time, and a table has thousands of runs.
            run._r.insert(0, copy.deepcopy(self.looks[look]))
            return
        run.bold = True if bold else None
        if size is not None:
            run.font.size = Pt(size)
        if colour:
            run.font.color.rgb = RGBColor.from_string(colour)
        self.looks[look] = run._r.rPr

    def _align(self, cell: _Cell, number: bool) -> None:
        for paragraph in cell.paragraphs:
            paragraph.paragraph_format.space_after = Pt(0)
            if number:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT

    def _bookmark(self, paragraph: Paragraph, anchor: str) -> None:
        self.bookmarks += 1
        word_xml.bookmark(paragraph, word_xml.bookmark_name(anchor), self.bookmarks)

    def _page_numbers(self, paragraph: Paragraph) -> None:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        parts = re.split(
            r"(\{page\}|\{pages\})", self.words.r("page_of", page="{page}", pages="{pages}")
        )
        for part in parts:
            if part in ("{page}", "{pages}"):
                word_xml.field(paragraph, "PAGE" if part == "{page}" else "NUMPAGES", "1", size=8.5)
            else:
                self._run(paragraph, part, size=8.5, colour=MUTED)

    def _contents(self, told: document.Document) -> None:
        """Write the contents as a field, filled with the sections so that it reads at once."""
        heading = self.file.add_paragraph()
        self._run(heading, self.words.r("contents"), bold=True, size=13, colour=NAVY)
        entries = [(s.title, word_xml.bookmark_name(s.anchor)) for s in told.sections]
        word_xml.contents(self.file, 'TOC \\o "1-2" \\h \\z \\u', entries)
        self._run(self.file.add_paragraph(), self.words.r("contents_hint"), size=8.5, colour=MUTED)

    def _styles(self) -> None:
        fonts = FONTS[self.lang]
        word_xml.defaults(self.file, *fonts["body"])
        for name, size, colour, font, before, after in (
            ("Normal", 10.5, INK, "body", 0, 5), ("Title", 22, NAVY, "head", 0, 4),
            ("Subtitle", 11, MUTED, "body", 0, 10), ("Heading 1", 16, NAVY, "head", 20, 8),
            ("Heading 2", 12.5, INK, "head", 12, 4), ("Caption", 9.5, INK, "body", 8, 3),
            ("List Bullet", 10.5, INK, "body", 0, 3), ("List Number", 11, INK, "body", 0, 5),
            ("List Continue", 10, INK, "body", 0, 3), ("Header", 8.5, MUTED, "body", 0, 0),
            ("Footer", 8.5, MUTED, "body", 0, 0),
        ):  # fmt: skip
            style = self.file.styles[name]
            word_xml.style_fonts(style, *fonts[font])
            style.font.size, style.font.italic = Pt(size), False
            style.font.bold = name.startswith(("Heading", "Title"))
            style.font.color.rgb = RGBColor.from_string(colour)
            layout = style.paragraph_format
            layout.space_before, layout.space_after = Pt(before), Pt(after)


def _checked(pictures: report.Pictures) -> dict[str, bytes]:
    """Return the pictures' bytes; raise one fault for each that is no PNG."""
    found = {name: report.bytes_of(picture) for name, picture in pictures.items()}
    faults = [
        Fault("maps_not_a_png", f"picture {name}")
        for name, picture in found.items()
        if not picture.startswith(b"\x89PNG\r\n\x1a\n")
    ]
    if faults:
        raise InputError(faults)
    return found


def _created(run: dict[str, Any] | None) -> datetime:
    with suppress(KeyError, TypeError, ValueError):
        return datetime.fromisoformat(str((run or {})["started_utc"])) if run else EPOCH
    return EPOCH


def _without_times(archive: bytes) -> bytes:
    """Return a zip archive whose members carry no time of writing."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            member = zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(member, old.read(name))
    return buffer.getvalue()
