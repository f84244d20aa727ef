"""The words around a map figure: heading, verdicts, legend with shares, symbols, notices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from maps import cartography
from maps.cartography import INK, MUTED
from maps.fonts import Type
from maps.scale import Scale
from maps.verdicts import judged, mean_text
from maps.words import Words, clean, number

MET, MISSED = "#1b6e4b", "#a0322f"
CREDITS = 5
UNLICENSED = "facts only"  # cited for single facts: listed in the report, no credit on the map
ROW = 0.021  # height of a line of the legend, as a share of the figure


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What every part of a map figure needs.

    Attributes:
        metric: the tables by name, in the metric CRS of the figure.
        result: the run's result.
        words: texts in the figure's language.
        type_: type of the figure.
        scale: bands of response time.
        column: column of the cells that colours the map.
    """

    metric: dict[str, gpd.GeoDataFrame]
    result: dict[str, Any]
    words: Words
    type_: Type
    scale: Scale
    column: str

    @property
    def after(self) -> bool:
        """Whether the figure shows the state after the proposal."""
        return self.column == "after_min"

    def zones(self) -> dict[str, dict[str, Any]]:
        """Return the zones' statistics in the state shown."""
        found = self.result.get("zones") or {}
        if self.after:
            found = (self.result.get("proposal") or {}).get("after") or found
        return dict(found)


def write(
    figure: Figure,
    sheet: Sheet,
    place: tuple[float, float],
    text: str,
    *,
    size: float,
    bold: bool = False,
    colour: str = INK,
    ha: str = "left",
    va: str = "top",
) -> None:
    """Write `text` at `place` (shares of the figure), without what no font can show."""
    figure.text(
        *place,
        "\n".join(sheet.type_.drawable(line) for line in text.split("\n")),
        fontproperties=sheet.type_.font(size, bold=bold),
        color=colour,
        ha=ha,
        va=va,
        linespacing=1.35,
        parse_math=False,
    )


def draw_heading(figure: Figure, sheet: Sheet, *, left: float) -> None:
    """Write the title and, below it, the condition, the clock and the network."""
    region = sheet.result.get("region") or {}
    name = sheet.type_.name(region.get("name_zh"), region.get("name_en"))
    title = sheet.words("title_after" if sheet.after else "title", region=name)
    write(figure, sheet, (left, 0.957), title, size=19, bold=True, va="center")
    setting = sheet.words.setting(sheet.result)
    write(figure, sheet, (left, 0.915), setting, size=9.5, colour=MUTED, va="center")


def draw_verdicts(figure: Figure, sheet: Sheet, *, left: float, right: float, top: float) -> float:
    """Write the verdict of each zone; return the lower edge."""
    words = sheet.words
    small = 7.5 if sheet.type_.lang == "zh" else 6.8
    for zone, found in sheet.zones().items():
        target = number(found.get("target_min"))
        verdict = judged(found, words, short=found.get("target_met_reason") == "cut_off")
        mean = words("verdict_mean", value=mean_text(found, words))
        mark = f"{verdict['mark']} {verdict['verdict']}"
        detail = words(
            "verdict_detail",
            target="–" if target is None else f"{target:g}",
            share=words.percent(found.get("share_within_target")),
            p90=words.minutes(found.get("p90_min")),
        )
        colour = MET if verdict["met"] else MISSED
        write(figure, sheet, (left, top), words.code("zone", zone), size=10, bold=True)
        write(figure, sheet, (left, top - 0.024), mean, size=15, bold=True)
        write(
            figure, sheet, (right, top - 0.029), mark, size=11, bold=True, colour=colour, ha="right"
        )
        write(figure, sheet, (left, top - 0.062), detail, size=small, colour=MUTED)
        top -= 0.09
    return top + 0.006


def draw_bands(figure: Figure, sheet: Sheet, *, left: float, right: float, top: float) -> float:
    """Draw the legend of bands with the share of residents in each; return the lower edge."""
    words, cells = sheet.words, sheet.metric["cells"]
    shares = sheet.scale.shares(cells[sheet.column], cells["population"])
    write(figure, sheet, (left, top), words("legend_title"), size=8.5, bold=True)
    write(figure, sheet, (right, top), words("legend_share"), size=7, colour=MUTED, ha="right")
    y = top - 0.04
    for band, share in zip(sheet.scale.bands, shares, strict=True):
        middle = y + 0.0085
        _block(figure, (left, y), 0.024, 0.0165, band.colour, edge=cartography.COAST)
        write(figure, sheet, (left + 0.032, middle), band.label(words.lang), size=8, va="center")
        length = 0.1 * float(np.nan_to_num(share))
        _block(figure, (left + 0.128, y + 0.003), length, 0.0105, "#9fb0c1", edge="none")
        write(figure, sheet, (right, middle), words.percent(share), size=8, ha="right", va="center")
        y -= ROW
    return y + 0.018


def draw_symbols(figure: Figure, sheet: Sheet, *, left: float, top: float) -> None:
    """Draw the legend of symbols, only those that the map uses, in two columns."""
    items = _symbol_items(sheet)
    rows = (len(items) + 1) // 2
    for place, (text, marker, face, edge, area, inner) in enumerate(items):
        column, row = divmod(place, rows)
        x, y = left + 0.012 + 0.142 * column, top - 0.012 - 0.0225 * row
        _symbol(figure, x, y, marker, face, edge, area * 0.8)
        if inner:
            _symbol(figure, x, y, inner, "white", "none", area * 0.26)
        write(figure, sheet, (x + 0.016, y), text, size=7.2, va="center")


def sources_line(result: dict[str, Any], words: Words, *, key: str = "sources_line") -> str:
    """Return one line that credits the sources under a licence and counts all.

    Args:
        result: its ``sources``.
        words: texts in the reader's language.
        key: text of the line; it says where the sources are listed.
    """
    sources = result.get("sources") or []
    credited = [
        _credit(source)
        for source in sources
        if source.get("licence") and not str(source["licence"]).startswith(UNLICENSED)
    ]
    listed = list(dict.fromkeys(credited))[:CREDITS]
    if not listed:
        return words("sources_count", n=len(sources)) if sources else ""
    return words(key, credits="; ".join(listed), n=len(sources))


def _credit(source: dict[str, Any]) -> str:
    """Return holder and licence; a licence that names its holder in brackets says it all."""
    licence = clean(source["licence"])
    holder = clean(source.get("publisher") or source.get("title"), limit=40)
    return licence if "(" in licence or not holder else f"{holder} ({licence})"


def _symbol_items(sheet: Sheet) -> list[tuple[str, str, str, str, float, str]]:
    words, posts = sheet.words, sheet.metric["posts"]
    navy = cartography.POST
    kinds = set(posts["kind"]) if len(posts) else set()
    items = [
        (words.code("kind", kind), marker, navy, navy, area, inner)
        for kind, (marker, area, inner) in cartography.POST_MARKERS.items()
        if kind in kinds
    ]
    if len(posts):
        items.append((words("symbol_confirmed"), "o", navy, navy, 40.0, ""))
        items.append((words("symbol_assumed"), "o", "white", navy, 40.0, ""))
    if len(posts) and (posts["evidence"] == "clinic").any():
        items.append((words("symbol_clinic"), "o", "white", cartography.CLINIC, 9.0, ""))
    if len(sheet.metric["proposal_sites"]):
        items.append((words("symbol_proposal"), "*", cartography.PROPOSAL, "black", 110.0, ""))
    items.append((words("symbol_land"), "s", cartography.LAND, cartography.COAST, 40.0, ""))
    if not sheet.after or sheet.column in sheet.metric["islands"].columns:
        items.append((words("symbol_dot"), "o", sheet.scale.bands[2].colour, INK, 22.0, ""))
    return items


def _block(
    figure: Figure,
    corner: tuple[float, float],
    width: float,
    height: float,
    colour: str,
    *,
    edge: str,
) -> None:
    figure.add_artist(
        Rectangle(
            corner,
            width,
            height,
            facecolor=colour,
            edgecolor=edge,
            linewidth=0.5,
            transform=figure.transFigure,
        )
    )


def _symbol(
    figure: Figure, x: float, y: float, marker: str, face: str, edge: str, area: float
) -> None:
    figure.add_artist(
        Line2D(
            [x],
            [y],
            marker=marker,
            markersize=float(np.sqrt(area)),
            markerfacecolor=face,
            markeredgecolor=edge,
            markeredgewidth=0.9,
            linestyle="none",
            transform=figure.transFigure,
        )
    )
