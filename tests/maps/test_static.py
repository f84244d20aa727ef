"""The figure: size, aspect, determinism, hostile names, empty tables."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure
from PIL import Image

from maps import sidebar, static
from maps.tables import CoverageTables
from maps.words import Words

CRS = "EPSG:32651"


@pytest.fixture(scope="module")
def figure(tables: CoverageTables) -> Figure:
    from tests.maps.conftest import make_result

    return static.coverage_figure(tables, make_result(tables), lang="en", crs=CRS)


def texts(figure: Figure) -> list[str]:
    found = [text.get_text() for text in figure.texts]
    return found + [text.get_text() for ax in figure.axes for text in ax.texts]


def test_the_picture_is_a4_at_300_dots_an_inch(figure: Figure) -> None:
    picture = Image.open(io.BytesIO(static.png_bytes(figure)))
    assert picture.size == (3507, 2481)
    assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.5)


def test_a_metre_is_as_long_north_as_east(figure: Figure) -> None:
    for ax in figure.axes:
        (x0, y0), (x1, y1) = ax.transData.transform([(400_000, 3_320_000), (401_000, 3_321_000)])
        assert x1 - x0 == pytest.approx(y1 - y0)


def test_title_verdict_legend_notice_and_names_are_on_it(figure: Figure) -> None:
    found = texts(figure)
    for expected in (
        "Emergency response times, Songyu Islands", "Main urban area", "mean 10.4 min", "≤ 11 min",
        "unreachable", "Enlarged: Main urban area", "Songyu Island", "N", "proposed post",
    ):  # fmt: skip
        assert expected in found
    assert any("Roads are schematic." in text for text in found)


def test_every_text_stays_on_the_page(figure: Figure) -> None:
    figure.canvas.draw()
    page = figure.bbox.padded(1)
    for text in figure.texts:
        box = text.get_window_extent()
        assert page.x0 <= box.x0 and box.x1 <= page.x1, text.get_text()  # noqa: PT018
        assert page.y0 <= box.y0 and box.y1 <= page.y1, text.get_text()  # noqa: PT018


def test_equal_inputs_give_equal_pictures(tables: CoverageTables, result: dict[str, Any]) -> None:
    first, second = (
        static.png_bytes(static.coverage_figure(tables, result, lang="zh", crs=CRS), dpi=50)
        for _ in range(2)
    )
    assert first == second


def test_the_state_after_the_proposal_is_its_own_picture(
    tables: CoverageTables, result: dict[str, Any]
) -> None:
    after = static.coverage_figure(tables, result, lang="en", crs=CRS, after=True)
    assert "mean 9.9 min" in texts(after)
    assert any("after the proposal" in text for text in texts(after))


def test_hostile_names_are_drawn_as_they_are(
    hostile: tuple[CoverageTables, dict[str, Any]],
) -> None:
    for lang in ("zh", "en"):
        figure = static.coverage_figure(*hostile, lang=lang, crs=CRS)
        assert static.png_bytes(figure, dpi=40)
        assert not any("\n" in text.get_text() for ax in figure.axes for text in ax.texts)


@pytest.mark.parametrize("more", [(), ("cells",), ("cells", "islands")])
def test_empty_tables_give_a_picture(tables: CoverageTables, more: tuple[str, ...]) -> None:
    names = (*more, "posts", "helipads", "hospitals", "ports", "roads", "ferries", "zones",
             "proposal_sites")  # fmt: skip
    empty = replace(tables, **{name: getattr(tables, name).iloc[:0] for name in names})
    assert static.png_bytes(static.coverage_figure(empty, {}, lang="en", crs=CRS), dpi=40)


def test_an_svg_needs_no_font_and_is_the_same_each_time(figure: Figure) -> None:
    drawing = static.svg_bytes(figure)
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(drawing).iter()}
    assert {"svg", "path", "use"} <= tags
    assert "text" not in tags
    assert not tags & {"script", "foreignObject", "image"}
    assert static.svg_bytes(figure) == drawing


def test_hostile_names_leave_a_readable_svg(
    hostile: tuple[CoverageTables, dict[str, Any]],
) -> None:
    drawing = static.svg_bytes(static.coverage_figure(*hostile, lang="zh", crs=CRS))
    assert "script" not in {
        e.tag.rpartition("}")[2] for e in ElementTree.fromstring(drawing).iter()
    }


def test_the_wide_figure_fills_a_projector(tables: CoverageTables, result: dict[str, Any]) -> None:
    wide = static.coverage_figure(tables, result, lang="en", crs=CRS, paper="wide")
    picture = Image.open(io.BytesIO(static.png_bytes(wide, dpi=static.WIDE_DPI)))
    assert picture.size == (1920, 1080)
    for text in wide.texts:
        assert text.get_window_extent().x1 <= wide.bbox.x1


def test_far_islands_are_enlarged_with_their_minutes(figure: Figure) -> None:
    insets = figure.axes[2:]
    assert insets
    assert any(" min" in text.get_text() for ax in insets for text in ax.texts)


def test_drawing_leaves_the_state_of_pyplot_alone() -> None:
    code = "import sys, maps.static, maps.charts; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_only_licensed_sources_are_credited_on_the_map() -> None:
    sources = [
        {"publisher": "City", "licence": "facts only, cited"},
        {"publisher": "Road mappers", "licence": "ODbL 1.0"},
        {"publisher": "A reseller", "licence": "MIT (chart-data)"},
        {"publisher": "Nobody", "licence": None},
    ]
    line = sidebar.sources_line({"sources": sources}, Words("en"))
    listed = "Road mappers (ODbL 1.0); MIT (chart-data)"
    assert line == f"Data: {listed}. Sources listed in the report: 4."
