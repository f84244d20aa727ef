"""Type: a font with the glyphs where there is one, English where there is none, never boxes."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import pytest

from maps import charts, fonts, static
from maps.tables import CoverageTables

CHINESE = fonts.choose("zh").lang == "zh"
needs_chinese = pytest.mark.skipif(not CHINESE, reason="no font with Chinese glyphs is installed")


def test_without_a_chinese_font_the_type_is_english_and_a_warning_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        found = fonts.choose("zh", families=("No Such Font",))
    assert found.lang == "en"
    assert found.families == (fonts.LATIN_FAMILY,)
    assert "no installed font shows Chinese" in caplog.text


def test_a_font_without_the_glyphs_is_passed_over() -> None:
    assert fonts.choose("zh", families=(fonts.LATIN_FAMILY,)).lang == "en"


@needs_chinese
def test_the_chosen_font_has_the_glyphs() -> None:
    found = fonts.choose("zh")
    assert found.shows("枸杞岛反应时间")
    assert found.name("枸杞岛", "Gouqi") == "枸杞岛"


def test_a_name_that_cannot_be_drawn_falls_back_to_pinyin_then_to_what_is_left() -> None:
    latin = fonts.choose("zh", families=())
    assert latin.name("枸杞岛", "") == "Gouqi Island"
    assert latin.name("", "岛 Gouqi \U0001f691") == "Gouqi"
    assert latin.shows(latin.drawable("a\u0301\U0010ffff 岛 é"))


@pytest.mark.parametrize("families", [(), fonts.CJK_FAMILIES])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_figure_asks_for_a_glyph_that_its_font_lacks(
    tables: CoverageTables, result: dict[str, Any], families: tuple[str, ...], lang: str
) -> None:
    type_ = fonts.choose(lang, families=families)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of each missing glyph
        figures = [
            static.coverage_figure(tables, result, lang=lang, crs="EPSG:32651", type_=type_),
            charts.distribution_figure(tables, result, lang=lang, type_=type_),
            charts.parts_figure(result, lang=lang, type_=type_),
        ]
        for figure in figures:
            assert static.png_bytes(figure, dpi=60).startswith(b"\x89PNG")


def test_fonts_installed_later_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts.font_manager, "findSystemFonts", lambda: ["/no/such/font.ttf"])
    assert fonts.choose("zh", families=("No Such Font",)).lang == "en"
