"""Charts of an audit: hour by weekday, why calls were late, the trend from month to month.

Cells with few calls come in suppressed and are shown hatched, with the rule in words: no value can
be read from the picture.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from maps import chart_frame
from maps.cartography import INK, MUTED, halo
from maps.chart_frame import Pen, Rows, flags, numbers, table_of
from maps.fonts import Type
from maps.words import rounded

# The cool and warm ends of the maps' bands: light to dark within the target, darker beyond it.
WITHIN = LinearSegmentedColormap.from_list("within", ["#e6f7f2", "#86d0dc"])
BEYOND = LinearSegmentedColormap.from_list("beyond", ["#e6a94e", "#cb602a", "#a0322f", "#701548"])
ALONE = LinearSegmentedColormap.from_list("alone", ["#e6f7f2", "#86d0dc", "#3f6f9f", "#12355b"])
WITHIN_KEY, BEYOND_KEY = "#b0e0de", "#cb602a"
BAR, BAND = "#3f6f9f", "#b9cde0"
HEAT_COLUMNS = ("hour", "weekday", "n", "mean_min")
CAUSE_COLUMNS = ("cause", "n", "share")
MONTH_COLUMNS = ("month", "n", "mean_min", "mean_low_min", "mean_high_min")


def draw_hour_weekday(ax: Axes, table: Rows, *, pen: Pen, target_min: float | None = None) -> None:
    """Draw mean minutes by hour and weekday: cool within the target, warm and framed beyond it.

    Args:
        ax: axes to draw on.
        table: columns ``hour`` (0 to 23), ``weekday`` (0 Monday to 6 Sunday), ``n`` (calls),
            ``mean_min`` (NaN where suppressed or no call), ``suppressed`` (few calls; may be
            missing). Cells without a row had no call and stay blank.
        pen: type and words.
        target_min: bound on the mean, inclusive; None shades by minutes alone.
    """
    cells = table_of(table, HEAT_COLUMNS, name="hour_weekday")
    if not len(cells):
        chart_frame.nothing(ax, pen)
        return
    mean, hidden = numbers(cells, "mean_min"), flags(cells, "suppressed")
    shades = _shades(np.where(hidden, np.nan, mean), target_min)
    for x, y, value, few, shade in zip(
        numbers(cells, "hour"), numbers(cells, "weekday"), mean, hidden, shades, strict=True
    ):
        if few:
            chart_frame.absent(ax, x - 0.5, y - 0.5, 1, 1)
        elif np.isfinite(value):
            late = target_min is not None and value > target_min
            _heat_cell(ax, pen, x, y, value, shade, late=late, target_min=target_min)
    ax.set_xlim(-0.5, 23.5)
    ax.set_ylim(6.5, -0.5)
    ax.set_xticks(range(24), [f"{hour}" for hour in range(24)])
    ax.set_yticks(range(7), [pen.words.chart(f"weekday.{day}") for day in range(7)])
    chart_frame.finish(ax, pen, x=pen.words.chart("hour_of_day"), grid="")
    ax.tick_params(axis="x", labelsize=7)
    ax.spines[["left", "bottom"]].set_visible(False)
    _heat_key(ax, pen, target_min, suppressed=bool(hidden.any()))


def draw_late_causes(ax: Axes, table: Rows, *, pen: Pen) -> None:
    """Draw the causes of late calls as bars, in the order given.

    Args:
        ax: axes to draw on.
        table: columns ``cause`` (code of the catalogue below ``audit_causes.cause``, or any name),
            ``n`` (late calls with it as their main cause; NaN where suppressed), ``share`` (of the
            late calls, 0 to 1; NaN where suppressed), ``suppressed`` (may be missing); the largest
            first.
        pen: type and words.
    """
    rows = table_of(table, CAUSE_COLUMNS, name="late_causes")
    if not len(rows):
        chart_frame.nothing(ax, pen)
        return
    counts, shares = numbers(rows, "n"), numbers(rows, "share")
    hidden = flags(rows, "suppressed")
    longest = float(np.nanmax(counts)) if np.isfinite(counts[~hidden]).any() else 1.0
    for place, (count, share, few) in enumerate(zip(counts, shares, hidden, strict=True)):
        if few or not np.isfinite(count):
            chart_frame.absent(ax, 0, place - 0.3, 0.03 * longest, 0.6)
            told, end = pen.words.chart("suppressed" if few else "unknown"), 0.03 * longest
        else:
            ax.barh(place, count, height=0.6, color=BAR)
            told = pen.words.chart("count_share", n=f"{count:,.0f}", share=pen.words.percent(share))
            end = count
        pen.beside(ax, end, place, told, (4, 0), size=7.8, color=INK, va="center")
    names = [_cause(pen, cause) for cause in rows["cause"]]
    ax.set_yticks(range(len(rows)), names)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, 1.25 * longest)
    chart_frame.finish(ax, pen, x=pen.words.chart("late_calls"), grid="x")


def draw_trend(ax: Axes, table: Rows, *, pen: Pen, target_min: float | None = None) -> None:
    """Draw the mean of each month with its confidence interval as a band.

    Args:
        ax: axes to draw on.
        table: columns ``month`` (``2024-03`` or 202403), ``n`` (calls), ``mean_min``,
            ``mean_low_min`` and ``mean_high_min`` (bounds of its 95 % interval) with NaN where
            suppressed or without a call, ``suppressed`` (may be missing). A month without a row or
            a value breaks the line.
        pen: type and words.
        target_min: bound on the mean; None draws none.
    """
    rows = table_of(table, MONTH_COLUMNS, name="months")
    if not len(rows):
        chart_frame.nothing(ax, pen)
        return
    rows, x = _by_month(rows)
    hidden = flags(rows, "suppressed")
    mean, low, high = (
        np.where(hidden, np.nan, numbers(rows, c))
        for c in ("mean_min", "mean_low_min", "mean_high_min")
    )
    every = np.arange(x.min(), x.max() + 1)
    on_axis = {name: _spread(every, x, v) for name, v in (("m", mean), ("l", low), ("h", high))}
    ax.fill_between(
        every, on_axis["l"], on_axis["h"], color=BAND, linewidth=0, label=pen.words.chart("ci95")
    )
    # A month between two gaps has no area: its interval shows as a bar.
    ax.vlines(every, on_axis["l"], on_axis["h"], color=BAND, linewidth=2.5, zorder=1.8)
    ax.plot(
        every,
        on_axis["m"],
        color="#12355b",
        marker="o",
        ms=4,
        lw=1.6,
        label=pen.words.chart("mean"),
    )
    if target_min is not None:
        chart_frame.target_line(ax, pen, target_min)
    _trend_axes(ax, pen, every, x[hidden], target_min, on_axis)


def hour_weekday_figure(
    table: Rows, *, lang: str, target_min: float | None = None, type_: Type | None = None
) -> Figure:
    """Return `draw_hour_weekday` as a figure of its own."""
    pen = Pen.of(lang, type_)
    return chart_frame.alone(
        lambda ax: draw_hour_weekday(ax, table, pen=pen, target_min=target_min), 2.6
    )


def late_causes_figure(table: Rows, *, lang: str, type_: Type | None = None) -> Figure:
    """Return `draw_late_causes` as a figure of its own."""
    pen, rows = Pen.of(lang, type_), table_of(table, CAUSE_COLUMNS, name="late_causes")
    height = 0.7 + 0.3 * max(len(rows), 2)
    return chart_frame.alone(lambda ax: draw_late_causes(ax, rows, pen=pen), height)


def trend_figure(
    table: Rows, *, lang: str, target_min: float | None = None, type_: Type | None = None
) -> Figure:
    """Return `draw_trend` as a figure of its own."""
    pen = Pen.of(lang, type_)
    return chart_frame.alone(lambda ax: draw_trend(ax, table, pen=pen, target_min=target_min), 2.7)


def _shades(mean: np.ndarray, target_min: float | None) -> np.ndarray:
    """Return the colour of each mean, shape (n, 4)."""
    known = mean[np.isfinite(mean)]
    low = float(known.min()) if len(known) else 0.0
    high = float(known.max()) if len(known) else 1.0
    if target_min is None:
        return np.asarray(ALONE(Normalize(low, max(high, low + 1.0))(mean)))
    cool = WITHIN(Normalize(min(low, target_min - 1.0), target_min)(mean))
    # At least as far again as the target, so that a slight excess never looks like the worst.
    warm = BEYOND(Normalize(target_min, max(high, 2.0 * target_min))(mean))
    return np.asarray(np.where((mean > target_min)[:, None], warm, cool))


def _heat_cell(
    ax: Axes,
    pen: Pen,
    x: float,
    y: float,
    value: float,
    shade: np.ndarray,
    *,
    late: bool,
    target_min: float | None,
) -> None:
    ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=shade, edgecolor="white", lw=1))
    light = 0.299 * shade[0] + 0.587 * shade[1] + 0.114 * shade[2] > 0.55
    told = rounded(value, bound=target_min, digits=1 if value < 99.95 else 0)
    ink = INK if light else "white"
    size = 6.4 if len(told) <= 4 else 5.2
    pen.write(ax, x, y, told, size=size, bold=late, color=ink, ha="center", va="center")


def _heat_key(ax: Axes, pen: Pen, target_min: float | None, *, suppressed: bool) -> None:
    """Explain the cells above the axes."""
    entries: list[tuple[str, str]] = []
    if target_min is not None:
        entries.append((WITHIN_KEY, pen.words.chart("within", target=f"{target_min:g}")))
        entries.append((BEYOND_KEY, pen.words.chart("beyond", target=f"{target_min:g}")))
    handles = [Rectangle((0, 0), 1, 1, facecolor=c, label=t) for c, t in entries]
    if suppressed:
        few = pen.words.chart("suppressed")
        handles.append(
            Rectangle(
                (0, 0),
                1,
                1,
                facecolor=chart_frame.ABSENT,
                edgecolor=chart_frame.ABSENT_EDGE,
                hatch=chart_frame.HATCH,
                linewidth=0,
                label=few,
            )
        )
    none = pen.words.chart("no_calls")
    handles.append(Rectangle((0, 0), 1, 1, facecolor="white", edgecolor="#c9d1d9", label=none))
    ax.legend(
        handles=handles,
        prop=pen.type_.font(7.5),
        frameon=False,
        ncols=len(handles),
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        borderaxespad=0.2,
        handlelength=1.1,
        columnspacing=1.4,
    )


def _cause(pen: Pen, cause: object) -> str:
    """Return a cause in words; an unknown one as it is."""
    return pen.type_.drawable(pen.words.cause(cause))


def _by_month(rows: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows in the order of their months, and months counted from year 0."""
    texts = rows["month"].astype(str).str.replace(r"\.0$", "", regex=True)
    digits = texts.str.replace(r"\D", "", regex=True).str[:6]
    counted = 12 * digits.str[:4].astype(int) + digits.str[4:6].astype(int) - 1
    order = np.argsort(counted.to_numpy(), kind="stable")
    return rows.iloc[order].reset_index(drop=True), counted.to_numpy()[order]


def _spread(every: np.ndarray, x: np.ndarray, values: np.ndarray) -> np.ndarray:
    found = np.full(len(every), np.nan)
    found[x - every[0]] = values
    return found


def _trend_axes(
    ax: Axes,
    pen: Pen,
    every: np.ndarray,
    suppressed: np.ndarray,
    target_min: float | None,
    on_axis: dict[str, np.ndarray],
) -> None:
    known = np.concatenate([*on_axis.values(), [target_min if target_min is not None else np.nan]])
    low, high = (f(known) if np.isfinite(known).any() else d for f, d in
                 ((np.nanmin, 0.0), (np.nanmax, 1.0)))  # fmt: skip
    pad = max(0.12 * (high - low), 0.5)
    bottom, top = max(0.0, low - pad), high + pad
    ax.set_ylim(bottom, top)
    ax.set_xlim(every[0] - 0.6, every[-1] + 0.6)
    for place, month in enumerate(suppressed):
        chart_frame.absent(ax, month - 0.4, bottom, 0.8, top - bottom)
        if place == 0:
            ax.bar(0, 0, color=chart_frame.ABSENT, hatch=chart_frame.HATCH,
                   edgecolor=chart_frame.ABSENT_EDGE, lw=0,
                   label=pen.words.chart("suppressed"))  # fmt: skip
    step = max(1, -(-len(every) // 12))
    shown = every[::step]
    texts = [f"{month // 12}-{month % 12 + 1:02d}" for month in shown]
    ax.set_xticks(shown, texts, rotation=0 if len(shown) <= 9 else 35)
    chart_frame.finish(ax, pen, y=pen.words.chart("mean_minutes"))
    chart_frame.legend(ax, pen)
    if bottom > 0:
        pen.write(
            ax,
            0.006,
            0.02,
            pen.words.chart("axis_not_from_zero"),
            transform=ax.transAxes,
            size=6.5,
            color=MUTED,
            va="bottom",
            ha="left",
            path_effects=halo(),
        )
