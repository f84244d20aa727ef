"""What python-docx has no call for: fields, bookmarks, links, borders, fonts, equations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from docx.document import Document as WordFile
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shape import InlineShape
from docx.shared import Emu, Pt, RGBColor
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph

from maps.formulas import Formula, Fraction, Part, Sign, Size, Sum

LINK = "0B62C4"
BOOKMARK_LIMIT = 40
# Characters that XML 1.0 forbids, and lone surrogates, which cannot be encoded.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What ends the term that a sum sums up.
_ENDS_TERM = ("=", "+", "≥", "≤", "}", ":", "/")


def safe(text: str) -> str:
    """Return `text` with what XML cannot hold replaced by U+FFFD."""
    return _FORBIDDEN.sub("\ufffd", text)


def defaults(file: WordFile, latin: str, east_asian: str) -> None:
    """Set the fonts and languages that hold where no style says otherwise.

    The language is that of each script: Chinese text is checked as Chinese in either report.
    """
    found = file.styles.element.xpath("w:docDefaults/w:rPrDefault/w:rPr")
    properties = found[0]
    _fonts(properties, latin, east_asian)
    for old in properties.findall(qn("w:lang")):
        properties.remove(old)
    properties.append(_element("w:lang", {"w:val": "en-GB", "w:eastAsia": "zh-CN"}))


def style_fonts(style: Any, latin: str, east_asian: str) -> None:
    """Set a style's fonts for Latin and for Chinese text."""
    _fonts(style.element.get_or_add_rPr(), latin, east_asian)


def _fonts(properties: Any, latin: str, east_asian: str) -> None:
    for old in properties.findall(qn("w:rFonts")):
        properties.remove(old)
    names = {"w:ascii": latin, "w:hAnsi": latin, "w:eastAsia": east_asian, "w:cs": latin}
    properties.insert(0, _element("w:rFonts", names))


def field(
    paragraph: Paragraph, code: str, shown: str, *, bold: bool = False, size: float | None = None
) -> None:
    """Append a field with the text that stands until Word updates it."""
    whole = _element("w:fldSimple", {"w:instr": f" {code} "})
    run = paragraph.add_run(shown)
    run.bold = True if bold else None
    if size is not None:
        run.font.size = Pt(size)
    paragraph._p.remove(run._r)
    whole.append(run._r)
    paragraph._p.append(whole)


def contents(file: WordFile, code: str, entries: Sequence[tuple[str, str]]) -> None:
    """Append a table of contents as a field of several paragraphs, filled with links.

    Args:
        file: where to.
        code: the field's instruction.
        entries: text and bookmark of each entry.
    """
    last: Paragraph | None = None
    for place, (text, anchor) in enumerate(entries):
        paragraph = file.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(2)
        if place == 0:
            for kind in ("begin", "separate"):
                run = paragraph.add_run()
                run._r.append(_element("w:fldChar", {"w:fldCharType": kind}))
                if kind == "begin":
                    instruction = _element("w:instrText", {"xml:space": "preserve"})
                    instruction.text = f" {code} "
                    paragraph.add_run()._r.append(instruction)
        link(paragraph, safe(text), anchor=anchor, plain=True)
        last = paragraph
    if last is not None:
        last.add_run()._r.append(_element("w:fldChar", {"w:fldCharType": "end"}))


def bookmark_name(anchor: str) -> str:
    """Return an anchor as the name of a bookmark: letters, digits and low lines, 40 at most."""
    return "_" + re.sub(r"\W", "_", anchor)[: BOOKMARK_LIMIT - 1]


def bookmark(paragraph: Paragraph, name: str, number: int) -> None:
    """Make a paragraph the target of links to `name`."""
    start = _element("w:bookmarkStart", {"w:id": str(number), "w:name": name})
    properties = paragraph._p.pPr
    paragraph._p.insert(0 if properties is None else 1, start)
    paragraph._p.append(_element("w:bookmarkEnd", {"w:id": str(number)}))


def link(
    paragraph: Paragraph,
    text: str,
    *,
    anchor: str = "",
    address: str = "",
    size: float | None = None,
    plain: bool = False,
) -> None:
    """Append a link to a bookmark or to a web address."""
    if address:
        part = paragraph.part
        relation = part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        whole = _element("w:hyperlink", {"r:id": relation})
    else:
        whole = _element("w:hyperlink", {"w:anchor": anchor, "w:history": "1"})
    run = paragraph.add_run(text)
    if size is not None:
        run.font.size = Pt(size)
    if not plain:
        run.font.color.rgb = RGBColor.from_string(LINK)
        run.font.underline = True
    paragraph._p.remove(run._r)
    whole.append(run._r)
    paragraph._p.append(whole)


def shade(cell: _Cell, fill: str) -> None:
    """Fill a cell with a colour ``RRGGBB``."""
    shading = _element("w:shd", {"w:val": "clear", "w:color": "auto", "w:fill": fill})
    cell._tc.get_or_add_tcPr().append(shading)


def borders(table: Table, colour: str, *, inside: bool, upright: bool = True) -> None:
    """Draw thin lines around a table and, if wanted, inside; upright ones may be left out."""
    sides = ["top", "bottom", *(["left", "right"] if upright else [])]
    sides += (["insideH", *(["insideV"] if upright else [])]) if inside else []
    # The schema asks for this order.
    order = ("top", "left", "bottom", "right", "insideH", "insideV")
    whole = OxmlElement("w:tblBorders")
    for side in order:
        if side in sides:
            line = {"w:val": "single", "w:sz": "4", "w:space": "0", "w:color": colour}
            whole.append(_element(f"w:{side}", line))
    properties = table._tbl.tblPr
    following = ("w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")
    properties.insert_element_before(whole, *following)


def set_grid(table: Table, widths: Sequence[Emu]) -> None:
    """Set the widths of a table's columns, in the grid and in every cell."""
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for row in table._tbl.tr_lst:
        for cell, width in zip(row.tc_lst, widths, strict=True):
            cell.width = width


def repeat_header(row: _Row) -> None:
    """Repeat a row at the top of each page that the table runs over."""
    row._tr.get_or_add_trPr().append(_element("w:tblHeader", {"w:val": "true"}))
    keep_whole(row)


def keep_whole(row: _Row) -> None:
    """Keep a row from being divided between pages."""
    properties = row._tr.get_or_add_trPr()
    properties.insert(0, _element("w:cantSplit", {"w:val": "true"}))


def describe(shape: InlineShape, alt: str, title: str) -> None:
    """Give a picture its text for those who cannot see it."""
    properties = shape._inline.docPr
    properties.set("descr", alt)
    properties.set("title", title)


def equation(formula: Formula, *, alone: bool = False) -> Any:
    """Return a formula as an equation that Word can edit; `alone` on a line of its own, left."""
    whole = _math("oMath", *_math_parts(formula))
    if not alone:
        return whole
    justified = _math("oMathParaPr", _valued("jc", "left"))
    return _math("oMathPara", justified, whole)


def _math_parts(formula: Formula) -> list[Any]:
    found: list[Any] = []
    parts = list(formula.parts)
    while parts:
        part = parts.pop(0)
        if not isinstance(part, Sum):
            found.append(_math_part(part))
            continue
        term = []
        while parts and not isinstance(parts[0], Sum) and not _ends_term(parts[0]):
            term.append(parts.pop(0))
        found.append(_math_sum(part, [_math_part(one) for one in term]))
    return found


def _ends_term(part: Part) -> bool:
    return isinstance(part, Sign) and part.text in _ENDS_TERM


def _math_part(part: Part) -> Any:
    if isinstance(part, Fraction):
        return _math(
            "f", _math("num", *_math_parts(part.top)), _math("den", *_math_parts(part.bottom))
        )
    if isinstance(part, Size):
        bars = _math("dPr", _valued("begChr", "|"), _valued("endChr", "|"))
        return _math("d", bars, _math("e", *_math_parts(part.inner)))
    if isinstance(part, Sum):
        return _math_sum(part, [])
    if not part.index:
        return _math_run(part.text, upright=part.upright)
    base = _math("e", _math_run(part.text, upright=part.upright))
    return _math("sSub", base, _math("sub", _math_run(part.index, upright=len(part.index) > 3)))


def _math_sum(part: Sum, term: list[Any]) -> Any:
    properties = _math(
        "naryPr", _valued("chr", "∑"), _valued("limLoc", "undOvr"), _valued("supHide", "1")
    )
    below = _math("sub", *_math_parts(part.over))
    return _math("nary", properties, below, _math("sup"), _math("e", *term))


def _math_run(text: str, *, upright: bool) -> Any:
    shown = _math("t")
    # Operators stand apart from what they join.
    shown.text = f" {text} " if upright and not text.isalnum() else text
    shown.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    if upright:
        return _math("r", _math("rPr", _valued("sty", "p")), shown)
    return _math("r", shown)


def _math(name: str, *children: Any) -> Any:
    element = OxmlElement(f"m:{name}")
    for child in children:
        element.append(child)
    return element


def _valued(name: str, value: str) -> Any:
    element = _math(name)
    element.set(qn("m:val"), value)
    return element


def _element(name: str, attributes: dict[str, str]) -> Any:
    element = OxmlElement(name)
    for key, value in attributes.items():
        prefix, _, local = key.partition(":")
        space = "{http://www.w3.org/XML/1998/namespace}" + local
        element.set(space if prefix == "xml" else qn(key), value)
    return element
