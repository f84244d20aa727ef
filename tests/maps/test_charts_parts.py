"""Phases as stacked bars, and the distribution from plain tables."""

from __future__ import annotations

import numpy as np
import pytest

from maps import chart_frame, charts
from maps.chart_frame import Pen

PHASES = [
    {"zone": "main_urban", "call_handling_min": 2.0, "turnout_min": 2.5, "travel_min": 5.5,
     "target_min": 11.0, "n": 1234},
    {"zone": "Ward $x$", "call_handling_min": 2.0, "turnout_min": None, "travel_min": 7.0,
     "target_min": np.nan, "n": None},
]  # fmt: skip


def test_a_phase_that_was_not_recorded_is_told_and_not_drawn_as_nought() -> None:
    ax = charts.phases_figure(PHASES, lang="en").axes[0]
    said = [text.get_text() for text in ax.texts]
    assert "not recorded: turnout or mobilisation" in said
    assert said.count("target 11") == 1
    widths = [bar.get_width() for bar in ax.patches if bar.get_width() > 0]
    assert widths == [2.0, 2.5, 5.5, 2.0, 7.0]
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["Main urban area\nn = 1,234", "Ward $x$"]


def test_phases_that_no_row_has_are_not_in_the_key() -> None:
    ax = charts.phases_figure(PHASES, lang="en").axes[0]
    key = [text.get_text() for text in ax.get_legend().get_texts()]
    assert key == ["call handling", "turnout or mobilisation", "travel"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_distribution_from_tables_has_its_target_and_mean(lang: str) -> None:
    curves = [
        {"series": "rural", "minutes": m, "share": s} for m, s in ((0, 0), (10, 0.5), (20, 0.9))
    ]
    marks = [{"series": "rural", "mean_min": 10.0, "target_min": 14.0}]
    ax, pen = chart_frame.canvas(3.0)[1][0, 0], Pen.of(lang)
    charts.draw_distribution(ax, curves, marks, pen=pen)
    said = [text.get_text() for text in ax.texts]
    assert said == [pen.words("chart_target", target="14"), pen.words("chart_mean", value="10.0")]
    steps = next(one for one in ax.lines if len(one.get_xdata()) == 3)
    assert np.asarray(steps.get_ydata()).tolist() == [0, 50, 90]


def test_a_series_without_marks_has_neither() -> None:
    ax = chart_frame.canvas(3.0)[1][0, 0]
    charts.draw_distribution(ax, [{"series": "a", "minutes": 1, "share": 1}], [], pen=Pen.of("en"))
    assert list(ax.texts) == []


def test_pooled_minutes_are_a_slope_and_single_ones_a_step() -> None:
    curves = [
        {"series": "a", "minutes": m, "share": s, "minutes_from": since}
        for m, s, since in ((0, 0.0, 0), (1, 0.2, 0), (5, 0.6, 1), (6, 1.0, 5))
    ]
    ax = chart_frame.canvas(3.0)[1][0, 0]
    charts.draw_distribution(ax, curves, [], pen=Pen.of("en"))
    (line,) = ax.lines
    at = [0, 1, 3, 5, 5.5, 6]
    x, y = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
    # As many calls in each pooled minute: half of them by the middle of the four.
    assert np.interp(at, x, y)[[0, 2, 4, 5]].tolist() == [0, 40, 60, 100]
    assert np.interp(0.9, x, y) == 0
