"""What all charts share: canvas, type, axes, colours, and how absent values are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from geodata.errors import Fault, InputError
from maps import fonts
from maps.cartography import COAST, INK, MUTED, halo
from maps.fonts import Type
from maps.words import Words

WIDTH_IN = 7.2
TARGET = "#a0322f"
GRID = "#e5e9ee"
ABSENT = "#eceff2"  # a cell or bar without a value
ABSENT_EDGE = "#a9b3bd"
HATCH = "////"
# Dark and light enough apart to be told on a grey printer; both safe for dichromats.
ZONE_COLOURS = {"main_urban": "#12355b", "rural": "#c2571f"}
ZONE_MARKERS = {"main_urban": "o", "rural": "s"}
OTHER_COLOUR = "#5c6875"
Rows = pd.DataFrame | Iterable[dict[str, Any]]


@dataclass(frozen=True)
class Pen:
    """The type and the words of a chart.

    Attributes:
        type_: type the chart is set in.
        words: texts in the language of that type.
    """

    type_: Type
    words: Words

    @classmethod
    def of(cls, lang: str, type_: Type | None = None) -> Pen:
        """Return the pen for language `lang`; `fonts.choose` decides the type unless given."""
        chosen = type_ or fonts.choose(lang)
        return cls(chosen, Words(chosen.lang))

    def write(self, ax: Axes, x: float, y: float, text: str, **style: Any) -> Any:
        """Write `text` on `ax` with what its type can show; ``size``, ``bold`` as wanted."""
        font = self.type_.font(style.pop("size", 7.5), bold=style.pop("bold", False))
        shown = self.type_.drawable(text)
        return ax.text(x, y, shown, fontproperties=font, parse_math=False, **style)

    def beside(self, ax: Axes, x: float, y: float, text: str, offset: tuple[float, float],
               **style: Any) -> Any:  # fmt: skip
        """Write `text` so many points east and north of a point of `ax`."""
        font = self.type_.font(style.pop("size", 7.5), bold=style.pop("bold", False))
        return ax.annotate(
            self.type_.drawable(text),
            (x, y),
            xytext=offset,
            textcoords="offset points",
            fontproperties=font,
            parse_math=False,
            **style,
        )


def table_of(rows: Rows, columns: tuple[str, ...], *, name: str) -> pd.DataFrame:
    """Return `rows` as a table that has `columns`; None becomes NaN, no rows an empty table.

    Args:
        rows: a table, or rows as ``result.json`` holds them.
        columns: columns that the chart reads.
        name: what the table is called in a fault.

    Raises:
        InputError: if columns are missing.
    """
    table = (
        rows.copy() if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows), dtype=object)
    )
    if not len(table):
        return pd.DataFrame(columns=list(columns))
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise InputError(Fault("maps_missing_columns", f"table {name}", ", ".join(missing)))
    return table.reset_index(drop=True)


def numbers(table: pd.DataFrame, column: str) -> np.ndarray:
    """Return a column as floats, NaN where it is missing, absent or no number."""
    if column not in table.columns:
        return np.full(len(table), np.nan)
    found = pd.to_numeric(table[column], errors="coerce").to_numpy(float)
    return np.where(np.isfinite(found), found, np.nan)


def flags(table: pd.DataFrame, column: str) -> np.ndarray:
    """Return a column as booleans, False where it is missing or absent."""
    if column not in table.columns:
        return np.zeros(len(table), dtype=bool)
    return np.asarray(table[column].map(lambda value: value is True or value == 1), dtype=bool)


def canvas(
    height_in: float, *, columns: int = 1, rows: int = 1, **grid: Any
) -> tuple[Figure, np.ndarray]:
    """Return a figure as wide as a column of text, and its axes, shape (rows, columns)."""
    figure = Figure(figsize=(WIDTH_IN, height_in), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, **grid)


def alone(draw: Callable[[Axes], None], height_in: float) -> Figure:
    """Return a figure of one chart that `draw` draws."""
    figure, axes = canvas(height_in)
    draw(axes[0, 0])
    return figure


def finish(ax: Axes, pen: Pen, *, x: str = "", y: str = "", grid: str = "both") -> None:
    """Set the titles, type, grid and spines of an axes."""
    for title, put in ((x, ax.set_xlabel), (y, ax.set_ylabel)):
        put(pen.type_.drawable(title), fontproperties=pen.type_.font(8.5), color=MUTED)
    for label in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        label.set_fontproperties(pen.type_.font(8.5))
    if grid:
        ax.grid(axis=grid, color=GRID, linewidth=0.7)  # type: ignore[arg-type]
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(COAST)
    ax.tick_params(colors=INK, length=0)


def legend(ax: Axes, pen: Pen, **where: Any) -> None:
    """Draw a legend if there is anything to explain; above the axes unless told where."""
    if not ax.get_legend_handles_labels()[0]:
        return
    usual = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "ncols": 5, "borderaxespad": 0.2}
    style: dict[str, Any] = {"frameon": False, "handlelength": 1.4, "columnspacing": 1.4}
    ax.legend(prop=pen.type_.font(8), **(style | (where or usual)))


def nothing(ax: Axes, pen: Pen) -> None:
    """Say that there is nothing to draw."""
    ax.set_axis_off()
    pen.write(
        ax,
        0.5,
        0.5,
        pen.words.chart("nothing"),
        transform=ax.transAxes,
        ha="center",
        va="center",
        size=9,
        color=MUTED,
    )


def target_line(ax: Axes, pen: Pen, target_min: float, *, colour: str = TARGET) -> None:
    """Draw a target as a dashed line across the axes, its value at the right end."""
    ax.axhline(target_min, color=colour, linewidth=1.1, linestyle=(0, (4, 3)), zorder=1.5)
    pen.write(
        ax,
        1.0,
        target_min,
        pen.words("chart_target", target=f"{target_min:g}"),
        transform=ax.get_yaxis_transform(),
        ha="right",
        va="bottom",
        size=7.2,
        color=colour,
        path_effects=halo(),
    )


def absent(ax: Axes, x: float, y: float, width: float, height: float) -> None:
    """Draw a hatched box where there is no value to show."""
    ax.add_patch(
        Rectangle(
            (x, y),
            width,
            height,
            facecolor=ABSENT,
            edgecolor=ABSENT_EDGE,
            hatch=HATCH,
            linewidth=0.0,
            zorder=2,
        )
    )


def zone_colour(zone: str) -> str:
    """Return the colour of a zone."""
    return ZONE_COLOURS.get(zone, OTHER_COLOUR)
