"""Charts of a plan: the curve as given, proof told, means and shares in their lanes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from maps import chart_frame, charts_plan, static
from maps.chart_frame import Pen

TARGETS = {"main_urban": 11.0, "rural": 14.0}
CURVE = [
    {"new": n, "main_urban_mean_min": 9.0, "rural_mean_min": rural, "worst_island": island,
     "main_urban_share_within_target": 0.8, "rural_share_within_target": share,
     "worst_island_min": worst, "status": status}
    for n, rural, share, island, worst, status in (
        (0, 17.0, 0.5, "滩浒山", 87.0, "optimal"), (1, 14.0, None, "滩浒山", 87.0, "feasible"),
        (2, None, 0.6, "花鸟山", None, "optimal"), (3, 12.0, 0.7, "花鸟山", 60.0, "optimal"),
    )
]  # fmt: skip
STATES = [
    {"condition": condition, "zone": zone, "mean_min": mean, "share_cut_off": share}
    for condition, zone, mean, share in (
        ("calm@day", "main_urban", 9.0, 0.0), ("calm@day", "rural", 16.0, 0.0),
        ("typhoon", "main_urban", 10.0, 0.0), ("typhoon", "rural", None, None),
        ("my own", "main_urban", 9.5, 0.1), ("my own", "rural", 18.0, 0.2),
    )
]  # fmt: skip


def axes() -> Axes:
    return chart_frame.canvas(3.0)[1][0, 0]


def said(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def line(ax: Axes, name: str) -> np.ndarray:
    found = next(one for one in ax.lines if one.get_label() == name)
    return np.asarray(found.get_ydata(), dtype=float)


def test_means_are_drawn_as_given_with_gaps_where_unknown() -> None:
    ax = axes()
    charts_plan.draw_tradeoff_means(ax, CURVE, TARGETS, pen=Pen.of("en"))
    assert np.allclose(line(ax, "Rural area"), [17, 14, np.nan, 12], equal_nan=True)
    assert {"target 11", "target 14"} <= set(said(ax))
    assert "1 new: 14.0" in said(ax)  # a mean equal to the target meets it
    assert not any(text.startswith("0 new") for text in said(ax))


def test_points_that_are_not_proven_are_hollow() -> None:
    ax = axes()
    charts_plan.draw_tradeoff_worst(ax, CURVE, pen=Pen.of("en"))
    hollow = [one for one in ax.lines if one.get_markerfacecolor() == "white"]
    assert [one.get_xdata().tolist() for one in hollow] == [[1.0]]
    figure = charts_plan.tradeoff_figure(CURVE, TARGETS, lang="en")
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["Main urban area", "Rural area", "hollow: not proven best"]
    proven = [row | {"status": "optimal"} for row in CURVE]
    figure = charts_plan.tradeoff_figure(proven, TARGETS, lang="en")
    assert len(figure.legends[0].get_texts()) == 2


def test_the_worst_island_is_named_where_it_changes() -> None:
    ax = axes()
    charts_plan.draw_tradeoff_worst(ax, CURVE, pen=Pen.of("en"))
    assert said(ax) == ["Tanhushan"]
    named = [row | {"worst_island_min": 70.0} for row in CURVE]
    charts_plan.draw_tradeoff_worst(ax2 := axes(), named, pen=Pen.of("en"))
    assert said(ax2) == ["Tanhushan", "Huaniaoshan"]


def test_shares_are_in_per_cent() -> None:
    ax = axes()
    charts_plan.draw_tradeoff_shares(ax, CURVE, ("rural",), pen=Pen.of("en"))
    assert np.allclose(line(ax, "Rural area"), [50, np.nan, 60, 70], equal_nan=True)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_condition_has_its_lane_and_an_absent_mean_is_told_in_words(lang: str) -> None:
    ax, pen = axes(), Pen.of(lang)
    charts_plan.draw_resilience_means(ax, STATES, TARGETS, pen=pen)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == [pen.words.condition(c) for c in ("calm@day", "typhoon", "my own")]
    rural = pen.words.code("zone", "rural")
    marks = next(one for one in ax.lines if one.get_label() == rural)
    assert np.allclose(marks.get_xdata(), [16, np.nan, 18], equal_nan=True)
    assert np.allclose(np.round(marks.get_ydata()), [0, 1, 2])
    assert pen.words("band.unreachable") in said(ax)


def test_an_unknown_share_is_hatched_and_nought_is_written() -> None:
    ax = axes()
    charts_plan.draw_resilience_cut_off(ax, STATES, pen=Pen.of("en"))
    assert said(ax) == ["0.0%", "0.0%", "0.0%", "unknown", "10.0%", "20.0%"]
    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("draw", [charts_plan.tradeoff_figure, charts_plan.resilience_figure])
def test_nothing_overlaps_the_legend_and_nothing_gives_a_picture(draw: Any, lang: str) -> None:
    rows = CURVE if draw is charts_plan.tradeoff_figure else STATES
    figure = draw(rows, TARGETS, lang=lang)
    figure.canvas.draw()
    legend = figure.legends[0].get_window_extent()
    assert not any(legend.overlaps(ax.get_window_extent()) for ax in figure.axes)
    assert static.png_bytes(draw([], TARGETS, lang=lang), dpi=40)


@pytest.mark.parametrize(("targets", "places"), [
    ((11.0, 14.0), {"target 11": "bottom", "target 14": "bottom"}),
    ((13.5, 14.0), {"target 13.5": "top", "target 14": "bottom"}),
    ((14.0, 14.0), {"target 14": "bottom"}),
])  # fmt: skip
def test_names_of_close_targets_stand_on_either_side(
    targets: tuple[float, float], places: dict[str, str]
) -> None:
    ax = axes()
    both = dict(zip(TARGETS, targets, strict=True))
    charts_plan.draw_tradeoff_means(ax, CURVE, both, pen=Pen.of("en"))
    named = [text for text in ax.texts if text.get_text().startswith("target")]
    assert {text.get_text(): text.get_va() for text in named} == places
    assert len(named) == len(places)
