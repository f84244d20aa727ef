"""The map of late calls: circles where many calls come from, never a single call."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from maps import cartography, chart_frame
from maps.cartography import COAST, INK
from maps.chart_frame import Pen, Rows
from maps.fonts import Type

COLUMNS = ("lon", "lat", "n", "late_share")
# Upper ends of the bands of the late share; the colours darken evenly, so that grey prints tell.
BANDS = ((0.1, "#d3efe9"), (0.25, "#8fcbd8"), (0.5, "#e09a2f"), (1.0, "#8e2a2a"))
_HIDDEN = "#ffffff"
_HEIGHT_IN, _AREA_PT2 = 6.6, 260.0


def late_map_figure(
    islands: gpd.GeoDataFrame, places: Rows, *, crs: Any, lang: str, type_: Type | None = None
) -> Figure:
    """Return a map of the share of calls beyond their target, by place.

    Args:
        islands: the land, with a CRS.
        places: rows `lon`, `lat` (WGS84 degrees), `n` (calls) and `late_share` (0 to 1, NaN where
            too few calls are late to tell). Places with few calls are expected to be left out
            already: nothing is suppressed here.
        crs: metric CRS to draw in.
        lang: ``zh`` or ``en``.
        type_: type to set it in; by default `fonts.choose` decides.

    Raises:
        InputError: if columns are missing.
    """
    pen, rows = Pen.of(lang, type_), chart_frame.table_of(places, COLUMNS, name="places")
    land = islands.to_crs(crs)
    lon, lat = (chart_frame.numbers(rows, name) for name in ("lon", "lat"))
    spots = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326).to_crs(crs)
    n, share = (chart_frame.numbers(rows, name) for name in ("n", "late_share"))
    figure, axes = chart_frame.canvas(_HEIGHT_IN)
    ax = axes[0, 0]
    shown = spots.total_bounds if len(spots) else land.total_bounds
    frame = cartography.fit(shown, aspect=chart_frame.WIDTH_IN / _HEIGHT_IN, margin=0.08)
    cartography.prepare(ax, frame)
    cartography.draw_land(ax, land)
    order = np.argsort(-n, kind="stable")  # small circles over large ones
    most = max(float(np.nanmax(n, initial=1.0)), 1.0)
    ax.scatter(
        spots.x.to_numpy()[order],
        spots.y.to_numpy()[order],
        s=np.maximum(_AREA_PT2 * n[order] / most, 6.0),
        c=[_colour(value) for value in share[order]],
        edgecolors=INK,
        linewidths=0.4,
        zorder=5,
    )
    cartography.draw_scale_bar(ax, frame, pen.type_, pen.words("unit_km"))
    cartography.draw_north(ax, pen.type_)
    _draw_key(ax, pen, most)
    return figure


def _colour(share: float) -> str:
    return next((colour for upper, colour in BANDS if share <= upper), _HIDDEN)


def _draw_key(ax: Any, pen: Pen, most: float) -> None:
    """Draw what colours and the largest circle stand for."""
    lower, marks = 0.0, []
    for upper, colour in BANDS:
        told = pen.words.chart("late_band", low=f"{lower:.0%}", high=f"{upper:.0%}")
        marks.append((told, colour, 7.0))
        lower = upper
    marks.append((pen.words.chart("late_hidden"), _HIDDEN, 7.0))
    marks.append((pen.words.chart("late_size", n=f"{most:,.0f}"), "none", _AREA_PT2**0.5))
    handles = [
        Line2D([], [], marker="o", linestyle="", markersize=size, markerfacecolor=colour,
               markeredgecolor=INK, markeredgewidth=0.4, label=pen.type_.drawable(told))
        for told, colour, size in marks
    ]  # fmt: skip
    key = ax.legend(
        handles=handles,
        title=pen.type_.drawable(pen.words.chart("late_share")),
        prop=pen.type_.font(7.5),
        title_fontproperties=pen.type_.font(7.5, bold=True),
        loc="upper left",
        labelspacing=0.9,
        frameon=True,
        edgecolor=COAST,
    )
    key.set_zorder(12)
