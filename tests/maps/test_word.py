"""The Word file: read again by python-docx, it has what the page has, and nothing breaks it."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.document import Document
from docx.oxml.ns import qn

from geodata.errors import InputError
from maps import report, word, word_xml
from tests.maps.conftest import HOSTILE, poison
from tests.maps.pagecheck import Page
from tests.maps.results import PNG, audit, infeasible, plan

LANGS = ("zh", "en")
PICTURES = dict.fromkeys(("coverage", "distribution", "parts", "coverage_after", "own"), PNG)


def written(result: dict[str, Any], lang: str, folder: Path, **more: Any) -> Document:
    path = folder / "report.docx"
    word.write(result, more.pop("pictures", PICTURES), path, lang, **more)
    return docx.Document(str(path))


def headings(file: Document, level: int) -> list[str]:
    name = f"Heading {level}"
    return [p.text for p in file.paragraphs if p.style is not None and p.style.name == name]


def every_word(file: Document) -> str:
    return "".join(node.text or "" for node in file.element.iter(qn("w:t"), qn("m:t")))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("made", ["brief", "plan", "infeasible", "audit"])
def test_sections_are_true_headings_in_the_order_of_the_page(
    result: dict[str, Any], lang: str, made: str, tmp_path: Path
) -> None:
    results = {"brief": result, "plan": plan(result), "infeasible": infeasible(result),
               "audit": audit()}  # fmt: skip
    told = report.document(results[made], tuple(PICTURES), lang)
    file = written(results[made], lang, tmp_path)
    assert headings(file, 1) == [section.title for section in told.sections]
    assert headings(file, 1)[0] == ("主要结论" if lang == "zh" else "Findings")


@pytest.mark.parametrize("lang", LANGS)
def test_tables_are_true_tables_with_a_header_that_repeats(
    result: dict[str, Any], lang: str, tmp_path: Path
) -> None:
    told = report.document(result, tuple(PICTURES), lang)
    tables = [b for s in told.sections for b in s.blocks if b.kind == "table"]
    file = written(result, lang, tmp_path)
    found = [t for t in file.tables if t._tbl.tr_lst[0].find(f".//{qn('w:tblHeader')}") is not None]
    assert len(found) == len(tables) > 5
    for made, wanted in zip(found, tables, strict=True):
        heads = [cell.text for cell in made.rows[0].cells]
        assert heads == [column.title for column in wanted.columns]
        assert len(made.rows) == 1 + len(wanted.rows)
        grid = [column.width for column in made.columns]
        assert sum(grid) <= word.TEXT_WIDTH + 635 * len(grid)  # Word counts in twips


@pytest.mark.parametrize("lang", LANGS)
def test_the_words_of_the_page_are_in_the_file(
    result: dict[str, Any], lang: str, tmp_path: Path
) -> None:
    said = every_word(written(result, lang, tmp_path))
    page = Page(report.page(result, PICTURES, lang)).text
    for piece in re.findall(r"[\d.,]{4,}%?", page):
        assert piece.strip(".,") in said or piece in ("122.0000", "30.0000")


@pytest.mark.parametrize("lang", LANGS)
def test_captions_count_by_fields_and_pictures_have_their_text(
    result: dict[str, Any], lang: str, tmp_path: Path
) -> None:
    file = written(result, lang, tmp_path)
    fields = [node.get(qn("w:instr")) for node in file.element.iter(qn("w:fldSimple"))]
    label = "图" if lang == "zh" else "Figure"
    assert sum(f" SEQ {label} " in f for f in fields) == len(PICTURES) == len(file.inline_shapes)
    for shape in file.inline_shapes:
        assert shape._inline.docPr.get("descr")
        assert shape.width <= word.TEXT_WIDTH
    captions = [
        "".join(node.text or "" for node in p._p.iter(qn("w:t")))
        for p in file.paragraphs
        if p.style is not None and p.style.name == "Caption"
    ]
    numbers = [int(m[1]) for c in captions if (m := re.match(rf"{label} (\d+)", c))]
    assert numbers == sorted(numbers) == list(range(1, len(PICTURES) + 1))


@pytest.mark.parametrize("lang", LANGS)
def test_every_style_in_use_names_a_chinese_font(
    result: dict[str, Any], lang: str, tmp_path: Path
) -> None:
    file = written(result, lang, tmp_path)
    used = {p.style.name for p in file.paragraphs if p.style is not None}
    for name in used:
        fonts = file.styles[name].element.find(f"{qn('w:rPr')}/{qn('w:rFonts')}")
        assert fonts is not None, name
        assert re.search(r"[\u4e00-\u9fff]", fonts.get(qn("w:eastAsia"))), name
        assert not any("Theme" in key for key in fonts.keys()), name  # noqa: SIM118
    defaults = file.styles.element.find(f".//{qn('w:rPrDefault')}")
    assert defaults.find(f".//{qn('w:lang')}").get(qn("w:eastAsia")) == "zh-CN"


@pytest.mark.parametrize("lang", LANGS)
def test_links_lead_to_bookmarks_or_to_web_addresses(
    result: dict[str, Any], lang: str, tmp_path: Path
) -> None:
    file = written(result, lang, tmp_path)
    marks = [node.get(qn("w:name")) for node in file.element.iter(qn("w:bookmarkStart"))]
    assert len(marks) == len(set(marks))
    links = list(file.element.iter(qn("w:hyperlink")))
    inside = {node.get(qn("w:anchor")) for node in links if node.get(qn("w:anchor"))}
    assert inside
    assert inside <= set(marks)
    outside = {r.target_ref for r in file.part.rels.values() if r.is_external}
    assert outside == {"https://example.org/a?b=1&c=2"}


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("made", ["brief", "plan", "infeasible", "audit"])
def test_hostile_text_and_control_characters_leave_a_readable_file(
    result: dict[str, Any], lang: str, made: str, tmp_path: Path
) -> None:
    results = {"brief": result, "plan": plan(result), "infeasible": infeasible(result),
               "audit": audit()}  # fmt: skip
    hostile = poison(results[made], [*HOSTILE, "\x01\x0b\ufffe]]>\ud800 <w:p/>"])
    file = written(hostile, lang, tmp_path, pictures={HOSTILE[0]: PNG, "\x00\ud800": PNG})
    assert "<script>" in every_word(file) or made == "audit"
    assert not any(r.is_external for r in file.part.rels.values())
    assert file.element.find(f".//{qn('w:object')}") is None


def test_forbidden_characters_are_replaced() -> None:
    assert word_xml.safe("a\x00b\ud800c\ufffed\te") == "a\ufffdb\ufffdc\ufffdd\te"
    assert word_xml.safe("岛\U0001f691") == "岛\U0001f691"


def test_a_picture_that_is_no_png_is_refused_by_name(
    result: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="picture parts: is no PNG"):
        word.write(result, {"parts": b"<svg/>"}, tmp_path / "x.docx", "en")
    assert not (tmp_path / "x.docx").exists()


def test_equal_inputs_give_equal_bytes(result: dict[str, Any], tmp_path: Path) -> None:
    run = {"command": "brief", "started_utc": "2026-01-02T03:04:05Z", "seed": 0}
    paths = [tmp_path / name for name in ("a.docx", "b.docx")]
    for path in paths:
        word.write(result, PICTURES, path, "zh", run=run)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert docx.Document(str(paths[0])).core_properties.created.year == 2026
    with zipfile.ZipFile(io.BytesIO(paths[0].read_bytes())) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_pictures_may_be_files(result: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "map.png").write_bytes(PNG)
    path = tmp_path / "map.png"
    assert len(written(result, "en", tmp_path, pictures={"coverage": path}).inline_shapes) == 1
    assert report.page(result, {"coverage": path}, "en") == report.page(
        result, {"coverage": PNG}, "en"
    )


def test_equations_are_equations(result: dict[str, Any], tmp_path: Path) -> None:
    file = written(result, "zh", tmp_path)
    assert len(list(file.element.iter(qn("m:oMathPara")))) >= 6
    assert len(list(file.element.iter(qn("m:f")))) >= 3


def test_the_run_record_is_told_where_it_is_given(result: dict[str, Any], tmp_path: Path) -> None:
    run = {
        "command": "brief",
        "versions": {"python": "3.11.7"},
        "inputs": {"region": {"value": "z"}},
    }
    assert "python: 3.11.7" in every_word(written(result, "en", tmp_path, run=run))
    assert "python: 3.11.7" not in every_word(written(result, "en", tmp_path))
