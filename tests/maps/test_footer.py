"""The words below a map: every notice is there, or counted."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from maps import footer, static
from maps.sidebar import Sheet
from maps.tables import CoverageTables

CRS = "EPSG:32651"
LANGS = ("zh", "en")
EDGES = {"left": static.LEFT, "right": static.RIGHT}


def sheet_of(tables: CoverageTables, result: dict[str, Any], lang: str, notices: int) -> Sheet:
    texts = [
        {
            "text_zh": f"第{n}条说明：" + "道路为示意主干网，" * 4,
            "text_en": f"Notice {n}: " + "every post has a free crew; " * 3,
        }
        for n in range(notices)
    ]
    return static.make_sheet(tables, result | {"notices": texts}, lang=lang, crs=CRS)


def canvas() -> Figure:
    figure = Figure(figsize=static.A4_IN)
    FigureCanvasAgg(figure)
    return figure


def words_of(found: footer.Footer) -> str:
    """Return the text without the breaks of lines."""
    return re.sub(r"\s", "", "".join(line for column in found.columns for line in column))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("notices", [0, 1, 5, 9])
def test_every_notice_is_written_in_full(
    tables: CoverageTables, result: dict[str, Any], lang: str, notices: int
) -> None:
    sheet = sheet_of(tables, result, lang, notices)
    found = footer.lay_out(canvas(), sheet, **EDGES)
    assert found.left_out == 0
    for text in sheet.words.notices(sheet.result):
        assert re.sub(r"\s", "", sheet.type_.drawable(text, limit=600)) in words_of(found)


@pytest.mark.parametrize("lang", LANGS)
def test_notices_that_do_not_fit_are_counted_and_never_dropped_in_silence(
    tables: CoverageTables, result: dict[str, Any], lang: str
) -> None:
    sheet = sheet_of(tables, result, lang, 120)
    found = footer.lay_out(canvas(), sheet, **EDGES)
    assert 0 < found.left_out < 120
    assert found.height <= footer.HEIGHT_MAX
    first_left_out = sheet.words.notices(sheet.result)[120 - found.left_out]
    assert re.sub(r"\s", "", first_left_out)[:9] not in words_of(found)
    told = sheet.words.chart("more_notices", n=found.left_out)
    assert re.sub(r"\s", "", sheet.type_.drawable(told)) in words_of(found)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("notices", [1, 9, 120])
def test_the_footer_stays_below_the_map_and_between_its_edges(
    tables: CoverageTables, result: dict[str, Any], lang: str, notices: int
) -> None:
    figure, sheet = canvas(), sheet_of(tables, result, lang, notices)
    found = footer.lay_out(figure, sheet, **EDGES)
    footer.draw(figure, sheet, found, **EDGES)
    boxes = [text.get_window_extent() for text in figure.texts]
    width, height = figure.bbox.size
    assert boxes
    for box in boxes:
        assert box.y1 <= (found.height + 0.004) * height
        assert box.y0 >= 0
        assert box.x1 <= (static.RIGHT + 0.002) * width
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


def test_without_notices_and_sources_there_is_no_footer(tables: CoverageTables) -> None:
    sheet = static.make_sheet(tables, {}, lang="en", crs=CRS)
    assert footer.lay_out(canvas(), sheet, **EDGES).columns == ()
