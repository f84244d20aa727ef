"""Charts of a plan: what each further post buys, and what holds when the weather turns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from maps import chart_frame
from maps.cartography import INK, halo
from maps.chart_frame import (
    OTHER_COLOUR,
    ZONE_MARKERS,
    Pen,
    Rows,
    numbers,
    table_of,
    zone_colour,
)
from maps.fonts import Type
from maps.words import rounded

RESILIENCE_COLUMNS = ("condition", "zone", "mean_min", "share_cut_off")

# Share of the axis by which two targets have to differ for both names to stand above their lines.
_TARGETS_APART = 0.09
# Share of the axis up to which a text right of a point stays inside.
_EARLY = 0.55


def draw_tradeoff_means(ax: Axes, table: Rows, targets_min: dict[str, float], *, pen: Pen) -> None:
    """Draw the mean of each zone against the number of new posts, with the targets.

    Args:
        ax: axes to draw on.
        table: columns ``new`` (number of new posts), ``<zone>_mean_min`` for each zone (NaN breaks
            the line), ``status`` (a point that is not ``optimal`` is drawn hollow; may be
            missing).
        targets_min: target by zone; its keys are the zones drawn.
        pen: type and words.
    """
    rows = table_of(table, ("new",), name="curve")
    for zone, target in targets_min.items():
        colour, values = zone_colour(zone), numbers(rows, f"{zone}_mean_min")
        _line(ax, pen, rows, values, zone)
        if np.isfinite(target):
            ax.axhline(target, color=colour, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1.5)
        met, new = np.flatnonzero(values <= target), numbers(rows, "new")
        if len(met) and met[0] > 0:
            first = (float(new[met[0]]), float(values[met[0]]))
            lowest = target <= min(targets_min.values())
            early = bool(first[0] <= _EARLY * new.max())
            where = "below" if lowest else "right" if early else "left"
            _tell_first_met(ax, pen, first, target, where=where)
    ax.set_ylim(bottom=0)
    _tell_targets(ax, pen, targets_min)
    _count_axis(ax, pen, y=pen.words.chart("mean_minutes"))


def draw_tradeoff_shares(ax: Axes, table: Rows, zones: tuple[str, ...], *, pen: Pen) -> None:
    """Draw the share of calls within the target against the number of new posts.

    Args:
        ax: axes to draw on.
        table: columns ``new``, ``<zone>_share_within_target`` (0 to 1) for each zone, ``status``.
        zones: zones to draw.
        pen: type and words.
    """
    rows = table_of(table, ("new",), name="curve")
    for zone in zones:
        _line(ax, pen, rows, 100 * numbers(rows, f"{zone}_share_within_target"), zone)
    ax.set_ylim(0, 100)
    _count_axis(ax, pen, y=pen.words.chart("share_within"))


def draw_tradeoff_worst(ax: Axes, table: Rows, *, pen: Pen) -> None:
    """Draw the mean of the worst inhabited island against the number of new posts.

    Args:
        ax: axes to draw on.
        table: columns ``new``, ``worst_island_min``, ``worst_island`` (its name, written where it
            changes; may be missing), ``status``.
        pen: type and words.
    """
    rows = table_of(table, ("new",), name="curve")
    values = numbers(rows, "worst_island_min")
    _line(ax, pen, rows, values, "")
    names = rows["worst_island"] if "worst_island" in rows.columns else [None] * len(rows)
    before, last_x = None, numbers(rows, "new").max(initial=0.0)
    for x, y, name in zip(numbers(rows, "new"), values, names, strict=True):
        if np.isfinite(y) and name != before and isinstance(name, str):
            told, last = pen.type_.name(name, name if name.isascii() else None), x == last_x
            pen.beside(
                ax, x, y, told, (0, 6), size=7, color=INK, ha="right" if last else "left",
                path_effects=halo(),
            )  # fmt: skip
        before = name
    ax.set_ylim(0, 1.25 * np.nanmax(values) if np.isfinite(values).any() else 1)
    _count_axis(ax, pen, y=pen.words.chart("worst_minutes"))


def draw_resilience_means(
    ax: Axes, table: Rows, targets_min: dict[str, float], *, pen: Pen
) -> None:
    """Draw the mean of each zone under each condition, worst condition where the table puts it.

    Args:
        ax: axes to draw on.
        table: columns ``condition`` (a code such as ``fog``, ``fog@night``, or any name), ``zone``,
            ``mean_min`` (NaN: nobody is reached, told in words), ``share_cut_off``.
        targets_min: target by zone.
        pen: type and words.
    """
    rows = table_of(table, RESILIENCE_COLUMNS, name="resilience")
    conditions = list(dict.fromkeys(rows["condition"]))
    for zone in dict.fromkeys(rows["zone"]):
        mine, colour = rows[rows["zone"] == zone], zone_colour(str(zone))
        y = np.array([conditions.index(c) for c in mine["condition"]], dtype=float)
        y += _lane(list(dict.fromkeys(rows["zone"])), str(zone))
        x, target = numbers(mine, "mean_min"), targets_min.get(str(zone), np.nan)
        ax.plot(
            x, y, ls="", marker=ZONE_MARKERS.get(str(zone), "D"), ms=6, color=colour,
            label=pen.type_.drawable(pen.words.code("zone", zone)),
        )  # fmt: skip
        if np.isfinite(target):
            ax.axvline(target, color=colour, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1.5)
        for value, place in zip(x, y, strict=True):
            told = rounded(value, bound=target) if np.isfinite(value) else None
            _tell(ax, pen, value, place, told, colour)
    known = numbers(rows, "mean_min")
    high = max([*known[np.isfinite(known)], *targets_min.values(), 1.0])
    ax.set_xlim(0, 1.18 * high)
    _condition_axis(ax, pen, conditions, x=pen.words.chart("mean_minutes_targets"))


def draw_resilience_cut_off(ax: Axes, table: Rows, *, pen: Pen) -> None:
    """Draw the share of residents that nothing reaches, by condition and zone.

    Args:
        ax: axes to draw on.
        table: as of `draw_resilience_means`; ``share_cut_off`` is 0 to 1, NaN where unknown.
        pen: type and words.
    """
    rows = table_of(table, RESILIENCE_COLUMNS, name="resilience")
    conditions, zones = (list(dict.fromkeys(rows[c])) for c in ("condition", "zone"))
    shares = 100 * numbers(rows, "share_cut_off")
    longest = max(float(np.nanmax(shares)) if np.isfinite(shares).any() else 0.0, 1.0)
    for condition, zone, share in zip(rows["condition"], rows["zone"], shares, strict=True):
        place = conditions.index(condition) + _lane(zones, str(zone))
        if np.isfinite(share):
            ax.barh(place, share, height=0.26, color=zone_colour(str(zone)))
            told = pen.words.percent(share / 100)
        else:
            chart_frame.absent(ax, 0, place - 0.13, 0.04 * longest, 0.26)
            share, told = 0.04 * longest, pen.words.chart("unknown")
        pen.beside(ax, share, place, told, (4, 0), size=7, color=INK, va="center")
    ax.set_xlim(0, 1.35 * longest)
    _condition_axis(ax, pen, conditions, x=pen.words.chart("cut_off_share"))


def tradeoff_figure(
    table: Rows, targets_min: dict[str, float], *, lang: str, type_: Type | None = None
) -> Figure:
    """Return means, shares within target and the worst island against the number of new posts."""
    rows, pen = table_of(table, ("new",), name="curve"), Pen.of(lang, type_)
    if not len(rows):
        return chart_frame.alone(lambda ax: chart_frame.nothing(ax, pen), 1.5)
    figure, axes = chart_frame.canvas(2.9, columns=3)
    draw_tradeoff_means(axes[0, 0], rows, targets_min, pen=pen)
    draw_tradeoff_shares(axes[0, 1], rows, tuple(targets_min), pen=pen)
    draw_tradeoff_worst(axes[0, 2], rows, pen=pen)
    handles, names = axes[0, 0].get_legend_handles_labels()
    if "status" in rows.columns and (rows["status"].astype(str) != "optimal").any():
        handles.append(axes[0, 0].plot([], [], ls="", marker="o", mfc="white", mec=INK, ms=5)[0])
        names.append(pen.words.chart("not_proven"))
    figure.legend(
        handles, names, prop=pen.type_.font(8), frameon=False, loc="outside upper left", ncols=4
    )
    return figure


def resilience_figure(
    table: Rows, targets_min: dict[str, float], *, lang: str, type_: Type | None = None
) -> Figure:
    """Return means and the share cut off, condition by condition."""
    rows, pen = table_of(table, RESILIENCE_COLUMNS, name="resilience"), Pen.of(lang, type_)
    if not len(rows):
        return chart_frame.alone(lambda ax: chart_frame.nothing(ax, pen), 1.5)
    height = 1.2 + 0.52 * rows["condition"].nunique()
    figure, axes = chart_frame.canvas(
        height, columns=2, sharey=True, gridspec_kw={"width_ratios": [1.5, 1]}
    )
    draw_resilience_means(axes[0, 0], rows, targets_min, pen=pen)
    draw_resilience_cut_off(axes[0, 1], rows, pen=pen)
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(
        handles, names, prop=pen.type_.font(8), frameon=False, loc="outside upper left", ncols=3
    )
    return figure


def _line(ax: Axes, pen: Pen, rows: pd.DataFrame, values: np.ndarray, zone: str) -> None:
    colour = zone_colour(zone) if zone else OTHER_COLOUR
    marker, x = ZONE_MARKERS.get(zone, "D"), numbers(rows, "new")
    name = pen.type_.drawable(pen.words.code("zone", zone)) if zone else None
    ax.plot(x, values, color=colour, lw=1.6, marker=marker, ms=4.5, label=name)
    if "status" in rows.columns:
        open_ = (rows["status"].astype(str) != "optimal").to_numpy()
        ax.plot(x[open_], values[open_], ls="", marker=marker, ms=4.5, mfc="white", mec=colour)


def _tell_first_met(
    ax: Axes, pen: Pen, first: tuple[float, float], target: float, *, where: str
) -> None:
    """Say with how many new posts a zone first meets its target, where a falling line leaves room.

    Args:
        ax: axes to write on.
        pen: type and words.
        first: number of new posts and mean.
        target: of the zone.
        where: ``below`` the point, above and ``right`` of it, or below and ``left``.
    """
    x, y = first
    told = pen.words.chart("first_met", n=f"{x:.0f}", mean=rounded(y, bound=target))
    offset, ha, va = {
        "below": ((0, -8), "center", "top"),
        "right": ((4, 3), "left", "bottom"),
        "left": ((-4, -4), "right", "top"),
    }[where]
    pen.beside(ax, x, y, told, offset, ha=ha, va=va, size=7, color=INK, path_effects=halo())


def _tell_targets(ax: Axes, pen: Pen, targets_min: dict[str, float]) -> None:
    """Name the targets at the right end of their lines; of two close ones the lower stands below.

    Zones with the same target share one name.
    """
    by_value: dict[float, list[str]] = {}
    for zone, target in targets_min.items():
        if np.isfinite(target):
            by_value.setdefault(target, []).append(zone)
    room = _TARGETS_APART * ax.get_ylim()[1]
    values = sorted(by_value)
    for place, target in enumerate(values):
        close = place + 1 < len(values) and values[place + 1] - target < room
        zones = by_value[target]
        pen.write(
            ax, 1.0, target, pen.words("chart_target", target=f"{target:g}"),
            transform=ax.get_yaxis_transform(), ha="right", va="top" if close else "bottom",
            size=7, color=zone_colour(zones[0]) if len(zones) == 1 else INK, path_effects=halo(),
        )  # fmt: skip


def _count_axis(ax: Axes, pen: Pen, *, y: str) -> None:
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    chart_frame.finish(ax, pen, x=pen.words.chart("new_posts"), y=y)


def _lane(zones: list[str], zone: str) -> float:
    """Return how far a zone's mark stands below the middle of its condition."""
    return 0.3 * (zones.index(zone) - (len(zones) - 1) / 2)


def _tell(ax: Axes, pen: Pen, value: float, place: float, told: str | None, colour: str) -> None:
    """Write a mean beside its mark; at the axis where there is none."""
    if told is None:
        lost = pen.words("band.unreachable")
        pen.beside(ax, 0, place, lost, (4, 0), size=7, color=colour, va="center")
        return
    pen.beside(
        ax, value, place, told, (6, 0), size=7.2, color=colour, va="center", path_effects=halo()
    )


def _condition_axis(ax: Axes, pen: Pen, conditions: list[str], *, x: str) -> None:
    names = [pen.type_.drawable(pen.words.condition(condition)) for condition in conditions]
    ax.set_yticks(range(len(conditions)), names)
    ax.set_ylim(len(conditions) - 0.45, -0.55)
    chart_frame.finish(ax, pen, x=x, grid="x")
