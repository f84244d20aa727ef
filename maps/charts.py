"""Charts of response times: who is reached by when, and what the minutes are made of.

Each `draw_*` function draws a plain table on the axes it is given and computes nothing; each
`*_figure` function makes a figure of its own for a document. Every chart works in zh and en; a
missing value is NaN or None and shows as a gap or a hatched box, never as nought.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from maps import chart_frame
from maps.cartography import INK, halo
from maps.chart_frame import Pen, Rows, numbers, table_of, zone_colour
from maps.fonts import Type
from maps.tables import CoverageTables
from maps.words import number, rounded

# handling, turnout, travel, transfers: dark to light, so the order survives a grey printer
PART_COLOURS = {
    "call_handling_min": "#12355b",
    "turnout_min": "#3f6f9f",
    "travel_min": "#e09a30",
    "transfer_min": "#f3d9a4",
}
LIGHT_INK = ("call_handling_min", "turnout_min")  # parts so dark that text on them is white
SHOWN_MIN = 60.0
NARROW_MIN = 0.6  # a part shorter than this has no room for its minutes


def draw_distribution(
    ax: Axes,
    curves: Rows,
    marks: Rows,
    *,
    pen: Pen,
    y: Literal["residents", "calls"] = "residents",
) -> None:
    """Draw the share reached within each time, a curve for each series, with target and mean.

    A curve that ends below 100 per cent shows those reached later or not at all. The dashed line
    is the series' target and the dot its mean, which is what the target binds.

    Args:
        ax: axes to draw on.
        curves: columns ``series`` (a zone code or any name), ``minutes`` (rising in a series),
            ``share`` (0 to 1, reached within so many minutes); where ``minutes_from`` is given and
            more than a minute before, minutes are pooled: a slope from there, as nobody may know
            when in between.
        marks: one row a series, columns ``series``, ``mean_min`` (NaN: no dot), ``target_min``
            (NaN: no line).
        pen: type and words.
        y: whose share it is.
    """
    drawn = table_of(curves, ("series", "minutes", "share"), name="curves")
    marked = table_of(marks, ("series", "mean_min", "target_min"), name="marks")
    by_series = {row["series"]: row for row in marked.to_dict("records")}
    for place, (series, rows) in enumerate(drawn.groupby("series", sort=False)):
        minutes, share = numbers(rows, "minutes"), numbers(rows, "share")
        colour = zone_colour(str(series))
        name = pen.type_.drawable(pen.words.code("zone", series))
        style = "-" if place % 2 == 0 else (0, (6, 1.5))  # told apart without colour as well
        look: dict[str, Any] = {"color": colour, "linewidth": 2, "label": name, "linestyle": style}
        since = numbers(rows, "minutes_from")
        if (minutes - since > 1).any():
            ax.plot(*_slopes(minutes, 100 * share, since), **look)
        else:
            ax.step(minutes, 100 * share, where="post", **look)
        _mark_target(ax, pen, by_series.get(series, {}), colour, place)
        _mark_mean(ax, pen, by_series.get(series, {}), minutes, share, colour, place)
    ax.set_xlim(0, SHOWN_MIN)
    ax.set_ylim(0, 101)
    chart_frame.finish(ax, pen, x=pen.words("chart_minutes"), y=pen.words.chart(f"reached.{y}"))
    chart_frame.legend(ax, pen, loc="lower right")


def draw_parts(ax: Axes, table: Rows, *, pen: Pen) -> None:
    """Draw the mean parts of the response as one stacked bar a row, with the row's target.

    Args:
        ax: axes to draw on.
        table: columns ``zone`` (a zone code or any name) and, in minutes, ``call_handling_min``,
            ``turnout_min``, ``travel_min``, ``transfer_min`` (a missing column is left out; NaN is
            a part that was not recorded, told beside the bar), ``target_min`` (NaN: no mark),
            ``n`` (runs or calls behind the row, told with its name; may be missing).
        pen: type and words.
    """
    rows = table_of(table, ("zone",), name="parts")
    parts = [part for part in PART_COLOURS if part in rows.columns]
    if not len(rows) or not parts:
        chart_frame.nothing(ax, pen)
        return
    for place, row in enumerate(rows.to_dict("records")):
        _draw_bar(ax, pen, row, parts, place)
    ax.set_yticks(range(len(rows)), [_row_name(pen, row) for row in rows.to_dict("records")])
    ax.set_ylim(len(rows) - 0.45, -0.62)
    chart_frame.finish(ax, pen, x=pen.words("chart_minutes"), grid="x")
    handles = [ax.barh(0, 0, color=PART_COLOURS[p], label=pen.words.code("part", p)) for p in parts]
    ax.legend(
        handles=handles,
        prop=pen.type_.font(8),
        frameon=False,
        ncols=4,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        handlelength=1.0,
    )


def distribution_figure(
    tables: CoverageTables, result: dict[str, Any], *, lang: str, type_: Type | None = None
) -> Figure:
    """Return the share of residents reached within each time, one curve a zone.

    Args:
        tables: the cells' zone, population and response time are read.
        result: the zones' means and targets are read.
        lang: ``zh`` or ``en``.
        type_: type to set the figure in; by default `fonts.choose` decides.
    """
    zones = result.get("zones") or {}
    curves = []
    for zone in zones:
        cells = tables.cells[tables.cells["zone"] == zone]
        minutes, share = reached(cells["response_min"], cells["population"])
        curves.append(pd.DataFrame({"series": zone, "minutes": minutes, "share": share}))
    joined: Rows = pd.concat(curves) if curves else []
    marks = [
        {"series": zone, "mean_min": found.get("mean_min"), "target_min": found.get("target_min")}
        for zone, found in zones.items()
    ]
    return curves_figure(joined, marks, lang=lang, type_=type_, y="residents")


def curves_figure(
    curves: Rows,
    marks: Rows,
    *,
    lang: str,
    type_: Type | None = None,
    y: Literal["residents", "calls"] = "calls",
) -> Figure:
    """Return `draw_distribution` as a figure of its own; `y` says whose share it is."""
    pen = Pen.of(lang, type_)
    return chart_frame.alone(lambda ax: draw_distribution(ax, curves, marks, pen=pen, y=y), 3.3)


def parts_figure(result: dict[str, Any], *, lang: str, type_: Type | None = None) -> Figure:
    """Return the mean parts of the response as one bar a zone, with the zone's target.

    Args:
        result: ``parts`` (minutes by zone) and the zones' targets are read.
        lang: ``zh`` or ``en``.
        type_: type to set the figure in; by default `fonts.choose` decides.
    """
    zones = result.get("zones") or {}
    rows = [
        {"zone": zone, **parts, "target_min": (zones.get(zone) or {}).get("target_min")}
        for zone, parts in (result.get("parts") or {}).items()
    ]
    return phases_figure(rows, lang=lang, type_=type_)


def phases_figure(table: Rows, *, lang: str, type_: Type | None = None) -> Figure:
    """Return `draw_parts` as a figure of its own."""
    rows, pen = table_of(table, ("zone",), name="parts"), Pen.of(lang, type_)
    height = 0.9 + 0.62 * max(len(rows), 1)
    return chart_frame.alone(lambda ax: draw_parts(ax, rows, pen=pen), height)


def reached(
    response_min: npt.ArrayLike, population: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return times in rising order, from 0, and the share of residents reached by each.

    Args:
        response_min: minutes; NaN is never reached but counts among the residents.
        population: residents.
    """
    minutes = np.asarray(response_min, dtype=float)
    people = np.nan_to_num(np.asarray(population, dtype=float))
    order = np.argsort(minutes[np.isfinite(minutes)], kind="stable")
    times = minutes[np.isfinite(minutes)][order]
    shares = np.cumsum(people[np.isfinite(minutes)][order]) / max(float(people.sum()), 1.0)
    return np.concatenate([[0.0], times]), np.concatenate([[0.0], shares])


def _slopes(
    minutes: npt.NDArray[np.float64],
    height: npt.NDArray[np.float64],
    since: npt.NDArray[np.float64],
) -> tuple[list[float], list[float]]:
    """Return the corners of a curve that steps at single minutes and slopes over pooled ones."""
    x, y = [float(np.fmin(since[0], minutes[0]))], [0.0]
    for end, up, begin in zip(minutes.tolist(), height.tolist(), since.tolist(), strict=True):
        if not end - begin > 1:
            x.append(end)
            y.append(y[-1])
        x.append(end)
        y.append(up)
    return x, y


def _mark_target(ax: Axes, pen: Pen, mark: dict[Any, Any], colour: str, place: int) -> None:
    target = number(mark.get("target_min"))
    if target is None:
        return
    ax.axvline(target, color=colour, linewidth=1, linestyle=(0, (4, 3)))
    pen.write(
        ax,
        target + (0.4 if place else -0.4),
        3,
        pen.words("chart_target", target=f"{target:g}"),
        color=colour,
        rotation=90,
        va="bottom",
        ha="left" if place else "right",
        path_effects=halo(),
    )


def _mark_mean(
    ax: Axes,
    pen: Pen,
    mark: dict[Any, Any],
    minutes: npt.NDArray[np.float64],
    share: npt.NDArray[np.float64],
    colour: str,
    place: int,
) -> None:
    mean = number(mark.get("mean_min"))
    if mean is None or not len(minutes):
        return
    height = 100 * float(np.interp(mean, minutes, share))
    ax.plot([mean], [height], marker="o", markersize=7, color=colour, markeredgecolor="white")
    told = rounded(mean, bound=number(mark.get("target_min")))
    pen.beside(
        ax,
        mean,
        height,
        pen.words("chart_mean", value=told),
        (9, -4) if place else (-8, 5),
        ha="left" if place else "right",
        va="top" if place else "center",
        size=8,
        color=colour,
        path_effects=halo(),
    )


def _draw_bar(ax: Axes, pen: Pen, row: dict[Any, Any], parts: list[str], place: int) -> None:
    left, unknown = 0.0, []
    for part in parts:
        minutes = number(row.get(part))
        if minutes is None:
            unknown.append(pen.words.code("part", part))
            continue
        ax.barh(
            place,
            minutes,
            left=left,
            height=0.5,
            color=PART_COLOURS[part],
            edgecolor="white",
        )
        if minutes >= NARROW_MIN:
            ink = "white" if part in LIGHT_INK else INK
            centre = left + minutes / 2
            pen.write(
                ax, centre, place, f"{minutes:.1f}", size=8, color=ink, ha="center", va="center"
            )
        left += minutes
    if unknown:
        names = pen.words("list_mark").join(unknown)
        told = pen.words.chart("not_recorded", names=names)
        pen.beside(ax, left, place, told, (4, 0), size=7, color=INK, va="center")
    _mark_bar_target(ax, pen, number(row.get("target_min")), place)


def _mark_bar_target(ax: Axes, pen: Pen, target: float | None, place: int) -> None:
    if target is None:
        return
    colour = chart_frame.TARGET
    ax.plot([target, target], [place - 0.36, place + 0.36], color=colour, linewidth=1.8)
    pen.write(
        ax,
        target,
        place - 0.38,
        pen.words("chart_target", target=f"{target:g}"),
        size=7,
        color=colour,
        ha="center",
        va="bottom",
        path_effects=halo(),
    )


def _row_name(pen: Pen, row: dict[Any, Any]) -> str:
    name, n = pen.words.code("zone", row["zone"]), number(row.get("n"))
    if n is None:
        return pen.type_.drawable(name)
    return f"{pen.type_.drawable(name)}\n{pen.words.chart('n', n=f'{n:,.0f}')}"
