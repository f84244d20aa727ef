"""Charts of an audit: every cell in its place, few calls never readable, gaps stay gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from geodata.errors import InputError
from maps import chart_frame, charts_audit, static
from maps.chart_frame import Pen

HEAT = [
    {"hour": 8, "weekday": 0, "n": 40, "mean_min": 12.0, "suppressed": False},
    {"hour": 17, "weekday": 4, "n": 30, "mean_min": 14.04, "suppressed": False},
    {"hour": 3, "weekday": 6, "n": None, "mean_min": 99.0, "suppressed": True},
    {"hour": 4, "weekday": 6, "n": 7, "mean_min": 14.0, "suppressed": False},
]
CAUSES = [
    {"cause": "distance", "n": 400, "share": 0.5, "suppressed": False},
    {"cause": "turnout", "n": 300, "share": 0.375, "suppressed": False},
    {"cause": "weather", "n": 3, "share": 0.004, "suppressed": True},
]


def months(values: list[float | None]) -> list[dict[str, Any]]:
    return [
        {"month": f"2024-{place:02d}", "n": 100, "mean_min": value,
         "mean_low_min": None if value is None else value - 0.5,
         "mean_high_min": None if value is None else value + 0.5}
        for place, value in enumerate(values, start=1)
    ]  # fmt: skip


def axes() -> Axes:
    return chart_frame.canvas(3.0)[1][0, 0]


def written(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def key(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_hour_stands_in_its_column_and_each_day_in_its_row(lang: str) -> None:
    ax = axes()
    pen = Pen.of(lang)
    charts_audit.draw_hour_weekday(ax, HEAT, pen=pen, target_min=14.0)
    assert {(t.get_position(), t.get_text()) for t in ax.texts} == {
        ((8, 0), "12.0"), ((17, 4), "14.04"), ((4, 6), "14.0"),
    }  # fmt: skip
    days = [label.get_text() for label in ax.get_yticklabels()]
    assert days == [pen.words.chart(f"weekday.{day}") for day in range(7)]
    assert ax.get_ylim() == (6.5, -0.5)


def test_suppressed_cells_are_hatched_and_show_no_value() -> None:
    ax = axes()
    charts_audit.draw_hour_weekday(ax, HEAT, pen=Pen.of("en"), target_min=14.0)
    hatched = [patch for patch in ax.patches if patch.get_hatch()]
    assert [patch.get_xy() for patch in hatched] == [(2.5, 5.5)]
    assert not any("99" in text for text in written(ax))
    assert "too few calls, not shown" in key(ax)
    charts_audit.draw_hour_weekday(ax2 := axes(), HEAT[:2], pen=Pen.of("en"))
    assert "too few calls, not shown" not in key(ax2)


def test_a_suppressed_value_moves_no_colour() -> None:
    drawn = []
    for value in (99.0, 1.0):
        ax = axes()
        rows = [*HEAT[:2], HEAT[2] | {"mean_min": value}]
        charts_audit.draw_hour_weekday(ax, rows, pen=Pen.of("en"), target_min=14.0)
        drawn.append([to_hex(patch.get_facecolor()) for patch in ax.patches])
    assert drawn[0] == drawn[1]


def test_a_mean_beyond_the_target_is_warm_and_bold_one_equal_to_it_is_not() -> None:
    ax = axes()
    charts_audit.draw_hour_weekday(ax, HEAT, pen=Pen.of("en"), target_min=14.0)
    bold = {t.get_text(): t.get_fontproperties().get_weight() == "bold" for t in ax.texts}
    assert bold == {"12.0": False, "14.04": True, "14.0": False}
    red_over_blue = {
        patch.get_xy(): patch.get_facecolor()[0] > patch.get_facecolor()[2]
        for patch in ax.patches
        if not patch.get_hatch()
    }
    assert red_over_blue == {(7.5, -0.5): False, (16.5, 3.5): True, (3.5, 5.5): False}


def test_causes_keep_their_order_and_hide_few_calls() -> None:
    ax = axes()
    charts_audit.draw_late_causes(ax, CAUSES, pen=Pen.of("en"))
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["no post near enough", "turnout", "bad weather"]
    widths = [bar.get_width() for bar in ax.patches if not bar.get_hatch()]
    assert widths == [400, 300]
    assert written(ax) == ["400 (50.0%)", "300 (37.5%)", "too few calls, not shown"]
    low, high = ax.get_ylim()
    assert low > high


def test_months_without_a_value_break_the_line_and_keep_their_place() -> None:
    rows = months([12.0, 13.0, None, 12.5])
    rows[1] |= {"suppressed": True}
    rows.append(rows[3] | {"month": 202407.0, "mean_min": 11.0})  # May and June have no row
    ax = axes()
    charts_audit.draw_trend(ax, rows[::-1], pen=Pen.of("en"), target_min=14.0)
    line = next(line for line in ax.lines if line.get_marker() == "o")
    values = np.asarray(line.get_ydata(), dtype=float)
    expected = [12.0, np.nan, np.nan, 12.5, np.nan, np.nan, 11.0]
    assert np.allclose(values, expected, equal_nan=True)
    assert "target 14" in written(ax)
    assert "axis does not start at 0" in written(ax)
    assert sum(bool(p.get_hatch()) for p in ax.patches) >= 1


def test_the_band_is_the_interval() -> None:
    ax = axes()
    charts_audit.draw_trend(ax, months([12.0, 13.0]), pen=Pen.of("en"))
    corners = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (corners.min(), corners.max()) == pytest.approx((11.5, 13.5))
    assert "95 % confidence interval" in key(ax)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    "rows", [[], pd.DataFrame(), [{"cause": None, "n": None, "share": None, "hour": None,
                                  "weekday": None, "mean_min": None, "month": "2024-01",
                                  "mean_low_min": None, "mean_high_min": None}]]
)  # fmt: skip
def test_charts_of_nothing_are_drawn(lang: str, rows: Any) -> None:
    for figure in (
        charts_audit.hour_weekday_figure(rows, lang=lang, target_min=14.0),
        charts_audit.late_causes_figure(rows, lang=lang),
        charts_audit.trend_figure(rows, lang=lang),
    ):
        assert static.png_bytes(figure, dpi=40)


def test_a_table_without_its_columns_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"table hour_weekday.*weekday, n, mean_min"):
        charts_audit.hour_weekday_figure([{"hour": 1}], lang="en")


def test_hostile_causes_are_text() -> None:
    rows = [
        {"cause": "$\\frac{x", "n": 5, "share": 1.0},
        {"cause": "a\x00\ud800", "n": 5, "share": 0},
    ]
    assert static.png_bytes(charts_audit.late_causes_figure(rows, lang="en"), dpi=40)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_legend_covers_no_cell(lang: str) -> None:
    figure = charts_audit.hour_weekday_figure(HEAT, lang=lang, target_min=14.0)
    figure.canvas.draw()
    ax = figure.axes[0]
    legend = ax.get_legend().get_window_extent()
    assert legend.y0 >= ax.get_window_extent().y1 - 1
    assert legend.x1 <= figure.bbox.x1 + 1
