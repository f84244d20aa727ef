"""Charts for the report: who is reached by when, and what the minutes are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from maps import fonts
from maps.cartography import COAST, INK, MUTED, halo
from maps.fonts import Type
from maps.tables import CoverageTables
from maps.words import Words, number

ZONE_COLOURS = {"main_urban": "#12355b", "rural": "#c2571f"}
OTHER_COLOUR = "#5c6875"
# call handling, turnout, travel, transfers: dark to light, so the order survives a grey printer
PART_COLOURS = {
    "call_handling_min": "#12355b",
    "turnout_min": "#3f6f9f",
    "travel_min": "#e09a30",
    "transfer_min": "#f3d9a4",
}
SHOWN_MIN = 60.0


def distribution_figure(
    tables: CoverageTables, result: dict[str, Any], *, lang: str, type_: Type | None = None
) -> Figure:
    """Return the share of residents reached within each time, one curve a zone.

    A curve that ends below 100 per cent shows those reached later or not at all. The dashed line
    is the zone's target and the dot its mean, which is what the target binds.

    Args:
        tables: the cells' zone, population and response time are read.
        result: the zones' means and targets are read.
        lang: ``zh`` or ``en``.
        type_: type to set the figure in; by default `fonts.choose` decides.
    """
    chosen = type_ or fonts.choose(lang)
    words = Words(chosen.lang)
    figure, ax = _canvas(7.2, 3.3)
    for zone, found in (result.get("zones") or {}).items():
        cells = tables.cells[tables.cells["zone"] == zone]
        minutes, share = reached(cells["response_min"], cells["population"])
        colour = ZONE_COLOURS.get(zone, OTHER_COLOUR)
        ax.step(
            minutes,
            100 * share,
            where="post",
            color=colour,
            linewidth=2,
            label=words.code("zone", zone),
        )
        _mark_mean(ax, found, minutes, share, colour=colour, type_=chosen, words=words)
    ax.set_xlim(0, SHOWN_MIN)
    ax.set_ylim(0, 101)
    _axis_titles(ax, chosen, words("chart_minutes"), words("chart_reached"))
    if ax.get_legend_handles_labels()[0]:
        ax.legend(prop=chosen.font(8.5), frameon=False, loc="lower right")
    return figure


def parts_figure(result: dict[str, Any], *, lang: str, type_: Type | None = None) -> Figure:
    """Return the mean parts of the response as one bar a zone, with the zone's target.

    Args:
        result: ``parts`` (minutes by zone) and the zones' targets are read.
        lang: ``zh`` or ``en``.
        type_: type to set the figure in; by default `fonts.choose` decides.
    """
    chosen = type_ or fonts.choose(lang)
    words = Words(chosen.lang)
    zones = dict(result.get("parts") or {})
    figure, ax = _canvas(7.2, 0.9 + 0.62 * max(len(zones), 1))
    for row, (zone, parts) in enumerate(zones.items()):
        left = 0.0
        for part, colour in PART_COLOURS.items():
            minutes = number(parts.get(part)) or 0.0
            ax.barh(
                row,
                minutes,
                left=left,
                height=0.5,
                color=colour,
                edgecolor="white",
                label=words.code("part", part) if row == 0 else None,
            )
            if minutes >= 0.6:
                ink = "white" if part in ("call_handling_min", "turnout_min") else INK
                ax.text(
                    left + minutes / 2,
                    row,
                    f"{minutes:.1f}",
                    ha="center",
                    va="center",
                    color=ink,
                    fontproperties=chosen.font(8),
                )
            left += minutes
        target = number(((result.get("zones") or {}).get(zone) or {}).get("target_min"))
        if target is not None:
            ax.plot([target, target], [row - 0.36, row + 0.36], color="#a0322f", linewidth=1.8)
            ax.text(
                target,
                row - 0.4,
                words("chart_target", target=f"{target:g}"),
                color="#a0322f",
                ha="center",
                va="bottom",
                fontproperties=chosen.font(7),
                path_effects=halo(),
            )
    ax.set_yticks(range(len(zones)), [words.code("zone", zone) for zone in zones])
    ax.invert_yaxis()
    _axis_titles(ax, chosen, words("chart_minutes"), "")
    if zones:
        ax.legend(
            prop=chosen.font(8),
            frameon=False,
            ncols=4,
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            handlelength=1.0,
        )
    return figure


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


def _mark_mean(
    ax: Axes,
    found: dict[str, Any],
    minutes: npt.NDArray[np.float64],
    share: npt.NDArray[np.float64],
    *,
    colour: str,
    type_: Type,
    words: Words,
) -> None:
    mean, target = number(found.get("mean_min")), number(found.get("target_min"))
    if target is not None:
        ax.axvline(target, color=colour, linewidth=1, linestyle=(0, (4, 3)))
        ax.text(
            target + 0.4,
            3,
            words("chart_target", target=f"{target:g}"),
            color=colour,
            rotation=90,
            va="bottom",
            fontproperties=type_.font(7.5),
            path_effects=halo(),
        )
    if mean is not None:
        height = 100 * float(np.interp(mean, minutes, share))
        ax.plot([mean], [height], marker="o", markersize=7, color=colour, markeredgecolor="white")
        ax.annotate(
            words("chart_mean", value=f"{mean:.1f}"),
            (mean, height),
            xytext=(9, -11),
            textcoords="offset points",
            color=colour,
            fontproperties=type_.font(8),
            path_effects=halo(),
        )


def _canvas(width_in: float, height_in: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width_in, height_in), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _axis_titles(ax: Axes, type_: Type, x_title: str, y_title: str) -> None:
    ax.set_xlabel(x_title, fontproperties=type_.font(8.5), color=MUTED)
    ax.set_ylabel(y_title, fontproperties=type_.font(8.5), color=MUTED)
    for label in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        label.set_fontproperties(type_.font(8.5))
    ax.grid(axis="x" if not y_title else "both", color="#e5e9ee", linewidth=0.7)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(COAST)
    ax.tick_params(colors=INK, length=0)
