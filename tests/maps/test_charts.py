"""Charts: the curve counts everyone, the bars add up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from maps import charts, static
from maps.tables import CoverageTables


def test_the_curve_ends_at_the_share_that_is_reached() -> None:
    minutes, share = charts.reached([10.0, np.nan, 5.0], [30, 20, 50])
    assert minutes.tolist() == [0.0, 5.0, 10.0]
    assert share == pytest.approx([0.0, 0.5, 0.8])


def test_nobody_gives_an_empty_curve() -> None:
    minutes, share = charts.reached([], [])
    assert (minutes.tolist(), share.tolist()) == ([0.0], [0.0])


def test_one_curve_a_zone(tables: CoverageTables, result: dict[str, Any]) -> None:
    ax = charts.distribution_figure(tables, result, lang="en").axes[0]
    labels = ax.get_legend_handles_labels()[1]
    assert labels == ["Main urban area", "Rural area"]


def test_the_bars_of_a_zone_add_up_to_its_parts(result: dict[str, Any]) -> None:
    ax = charts.parts_figure(result, lang="en").axes[0]
    widths = [bar.get_width() for bar in ax.patches]
    assert sum(widths[:4]) == pytest.approx(sum(result["parts"]["main_urban"].values()))


@pytest.mark.parametrize("empty", [{}, {"zones": None, "parts": None}])
def test_charts_of_nothing_are_drawn(tables: CoverageTables, empty: dict[str, Any]) -> None:
    for figure in (
        charts.distribution_figure(tables, empty, lang="zh"),
        charts.parts_figure(empty, lang="zh"),
    ):
        assert static.png_bytes(figure, dpi=40)
