"""Several maps side by side: before and after a proposal, or one for each condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from pyproj import CRS

from maps import cartography, footer, labels, sidebar, static
from maps.cartography import INK, MUTED, Frame
from maps.fonts import Type
from maps.sidebar import MET, MISSED, Sheet
from maps.tables import CoverageTables
from maps.verdicts import judged, mean_text
from maps.words import number

LEFT, RIGHT, TOP = static.LEFT, static.RIGHT, 0.885
GAP = 0.014
BAND_ROW = 0.045  # height of the legend's row
HEAD = 0.078  # height of a panel's title and verdicts


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One map of several.

    Attributes:
        title: what the map shows, in the figure's language.
        column: column of the cells with the minutes that colour it; NaN unreachable. Islands that
            have the same column get dots where they are too small to show a colour.
        zones: statistics by zone as in ``result.json``; empty writes none.
        sites: whether the proposed posts are drawn.
        closed: ``post_id`` of posts that are left out.
    """

    title: str
    column: str
    zones: dict[str, Any]
    sites: bool = False
    closed: frozenset[str] = frozenset()


def pair_figure(
    tables: CoverageTables,
    result: dict[str, Any],
    *,
    lang: str,
    crs: Any,
    type_: Type | None = None,
    paper: static.Paper = "a4",
) -> Figure:
    """Return the maps of today and of the state after the proposal beside each other.

    Args:
        tables: what to draw; the cells need ``after_min``, the islands may have it.
        result: a brief with its ``proposal``, or a proposal: title, zones before and after,
            notices are read, and ``closed``: posts (``id``) that only the first map shows.
        lang: ``zh`` or ``en``.
        crs: metric CRS to draw in.
        type_: type to set the figure in; by default `fonts.choose` decides.
        paper: as of `static.coverage_figure`.
    """
    sheet = static.make_sheet(tables, result, lang=lang, crs=crs, type_=type_)
    words, stated = sheet.words, result.get("proposal") or result
    before = stated.get("before") or result.get("zones") or {}
    pair = (
        Panel(title=words("ui.now"), column="response_min", zones=before),
        Panel(
            title=words("ui.after"),
            column="after_min" if tables.has_after else "response_min",
            zones=stated.get("after") or {},
            sites=True,
            closed=frozenset(str(row.get("id")) for row in stated.get("closed") or ()),
        ),
    )
    return _drawn(sheet, words.chart("pair_title", region=_region(sheet)), pair, crs, paper)


def conditions_figure(
    tables: CoverageTables,
    result: dict[str, Any],
    panels: Sequence[Panel],
    *,
    lang: str,
    crs: Any,
    title: str = "",
    type_: Type | None = None,
    paper: static.Paper = "a4",
) -> Figure:
    """Return one small map for each condition or scenario, all with the same bands and extent.

    Args:
        tables: what to draw; the cells need the column of each panel.
        result: region, notices and sources are read.
        panels: one for each condition or scenario, in reading order.
        lang, crs, type_, paper: as of `pair_figure`.
        title: of the figure; blank says that it shows response times by condition.
    """
    sheet = static.make_sheet(tables, result, lang=lang, crs=crs, type_=type_)
    title = title or sheet.words.chart("conditions_title", region=_region(sheet))
    return _drawn(sheet, title, panels, crs, paper)


def _drawn(
    sheet: Sheet, title: str, panels: Sequence[Panel], crs: Any, paper: static.Paper
) -> Figure:
    figure = Figure(figsize=static.A4_IN if paper == "a4" else static.WIDE_IN, facecolor="white")
    FigureCanvasAgg(figure)
    below = footer.lay_out(figure, sheet, left=LEFT, right=RIGHT)
    sidebar.write(figure, sheet, (LEFT, 0.957), title, size=19, bold=True, va="center")
    setting = sheet.words.setting(sheet.result) if len(panels) == 2 else _common(sheet)
    sidebar.write(figure, sheet, (LEFT, 0.915), setting, size=9.5, colour=MUTED, va="center")
    bottom = below.height + BAND_ROW + 0.016
    size_in = static.A4_IN if paper == "a4" else static.WIDE_IN
    boxes = _boxes(len(panels), bottom, size_in=size_in, extent=static.extent(sheet))
    for place, (panel, box) in enumerate(zip(panels, boxes, strict=True)):
        _draw_panel(figure, sheet, panel, box, crs, first=place == 0, large=len(panels) <= 2)
    _draw_bands(figure, sheet, bottom - 0.01, sites=any(panel.sites for panel in panels))
    footer.draw(figure, sheet, below, left=LEFT, right=RIGHT)
    return figure


def _common(sheet: Sheet) -> str:
    """Return the setting that all conditions share: clock and network."""
    return sheet.words.chart(
        "conditions_setting",
        start_stamp=sheet.words.code("start_stamp", sheet.result.get("start_stamp")),
        network=sheet.words.code("network", sheet.result.get("network")),
    )


def _boxes(
    n: int, bottom: float, *, size_in: tuple[float, float], extent: Sequence[float]
) -> list[static.Box]:
    """Return the map boxes of `n` panels in rows, each below its own heading.

    Of all numbers of columns, that counts which shows the extent largest.
    """
    aspect = max(extent[2] - extent[0], 1.0) / max(extent[3] - extent[1], 1.0)

    def box(columns: int) -> tuple[float, float]:
        width = (RIGHT - LEFT - GAP * (columns - 1)) / columns
        return width, (TOP - bottom) / -(-n // columns) - HEAD

    def shown(columns: int) -> float:
        width, height = box(columns)
        return min(width * size_in[0] / aspect, height * size_in[1])

    columns = max(range(1, max(n, 1) + 1), key=shown)
    width, height = box(columns)
    return [
        (
            LEFT + (width + GAP) * (place % columns),
            TOP - (height + HEAD) * (place // columns + 1),
            width,
            height,
        )
        for place in range(n)
    ]


def _draw_panel(
    figure: Figure,
    sheet: Sheet,
    panel: Panel,
    box: static.Box,
    crs: Any,
    *,
    first: bool,
    large: bool,
) -> None:
    width_in, height_in = figure.get_size_inches()
    ax = figure.add_axes(box)
    aspect = box[2] * width_in / (box[3] * height_in)
    frame = cartography.fit(static.extent(sheet), aspect=aspect)
    cartography.prepare(ax, frame)
    shown = _of_panel(sheet, panel)
    static.draw_layers(ax, shown, frame, size=0.55 if large else 0.4, plain=not large)
    if first:
        cartography.draw_scale_bar(ax, frame, sheet.type_, sheet.words("unit_km"))
        turn = static.grid_turn(frame, CRS.from_user_input(crs))
        cartography.draw_north(ax, sheet.type_, turn_deg=turn)
    if panel.sites:
        _name_sites(ax, shown, frame)
    _write_head(figure, sheet, panel, box, large=large)


def _of_panel(sheet: Sheet, panel: Panel) -> Sheet:
    """Return the sheet with the panel's minutes; islands without them get no dots."""
    metric = dict(sheet.metric)
    islands = metric["islands"]
    if panel.column != "response_min":
        known = islands[panel.column] if panel.column in islands.columns else np.nan
        shown = islands["shows_band"] & (panel.column in islands.columns)
        metric["islands"] = islands.assign(mean_min=known, after_min=known, shows_band=shown)
    if not panel.sites:
        metric["proposal_sites"] = metric["proposal_sites"].iloc[:0]
    if panel.closed:
        posts = metric["posts"]
        metric["posts"] = posts[~posts["post_id"].astype(str).isin(panel.closed)]
    return replace(sheet, metric=metric, column=panel.column)


def _name_sites(ax: Axes, sheet: Sheet, frame: Frame) -> None:
    sites = sheet.metric["proposal_sites"]
    wanted = [
        labels.Label(
            text=text, x=row.geometry.x, y=row.geometry.y, reach_x=8, reach_y=8, size=7.5, bold=True
        )
        for row in sites.itertuples()
        if (text := sheet.type_.name(row.name_zh, row.name_en))
        and frame.box().contains(row.geometry)
    ]
    labels.place(ax, wanted, type_=sheet.type_, land=list(sheet.metric["cells"].geometry))


def _write_head(
    figure: Figure, sheet: Sheet, panel: Panel, box: static.Box, *, large: bool
) -> None:
    """Write a panel's title and, in one line a zone, mean and verdict."""
    x, top = box[0], box[1] + box[3] + HEAD - 0.012
    width_pt = box[2] * figure.get_size_inches()[0] * 72
    size = _fitting(sheet, panel.title, 11 if large else 9, width_pt, bold=True)
    sidebar.write(figure, sheet, (x, top), sheet.type_.drawable(panel.title), size=size, bold=True)
    for row, (zone, found) in enumerate(panel.zones.items()):
        told, colour = _told(sheet, zone, found, large=large)
        beside, below = (x + row * box[2] / 2, top - 0.033), (x, top - 0.024 - 0.0185 * row)
        room = width_pt / 2 if large else width_pt
        size = _fitting(sheet, told, 8.5 if large else 7.0, room)
        sidebar.write(figure, sheet, beside if large else below, told, size=size, colour=colour)


def _told(sheet: Sheet, zone: str, found: dict[str, Any], *, large: bool) -> tuple[str, str]:
    """Return a zone's mean, verdict and residents cut off on one line, and the verdict's colour."""
    verdict = judged(found, sheet.words, short=True)
    told = sheet.words.chart(
        "panel_zone" if large else "panel_zone_short",
        zone=sheet.words.code("zone", zone),
        mean=mean_text(found, sheet.words),
        mark=verdict["mark"],
        verdict=verdict["verdict"],
    )
    lost = number(found.get("unreachable_population"))
    if lost:
        told += sheet.words.chart("panel_cut_off", n=sheet.words.count(lost))
    return told, {True: MET, False: MISSED, None: INK}[verdict["met"]]


def _fitting(sheet: Sheet, text: str, size: float, room_pt: float, *, bold: bool = False) -> float:
    """Return the type size, `size` or less, at which `text` fits into so many points."""
    width = sheet.type_.measure(size, bold=bold)(sheet.type_.drawable(text))
    return min(size, size * 0.97 * room_pt / max(width, 1.0))


def _draw_bands(figure: Figure, sheet: Sheet, top: float, *, sites: bool) -> None:
    """Draw the bands in one row across the figure."""
    title = sheet.words("legend_title")
    measure = sheet.type_.measure(8.0, bold=True)
    width_pt = figure.get_size_inches()[0] * 72
    x, y = LEFT, top - 0.026
    sidebar.write(figure, sheet, (x, y), title, size=8, bold=True, va="center")
    start = x + (measure(sheet.type_.drawable(title)) + 14) / width_pt
    entries = len(sheet.scale.bands) + (1 if sites else 0)
    step = (RIGHT - start) / entries
    for place, band in enumerate(sheet.scale.bands):
        x = start + place * step
        figure.add_artist(
            Rectangle(
                (x, y - 0.009),
                0.02,
                0.018,
                facecolor=band.colour,
                edgecolor=cartography.COAST,
                linewidth=0.5,
                transform=figure.transFigure,
            )
        )
        label = band.label(sheet.words.lang)
        sidebar.write(figure, sheet, (x + 0.025, y), label, size=7.5, va="center")
    if sites:
        x = start + len(sheet.scale.bands) * step
        ax = figure.add_axes((x, y - 0.012, 0.02, 0.024))
        ax.set_axis_off()
        ax.scatter([0], [0], s=90, marker="*", c=cartography.PROPOSAL, edgecolors="black", lw=0.8)
        label = sheet.words("symbol_proposal")
        sidebar.write(figure, sheet, (x + 0.025, y), label, size=7.5, va="center")


def _region(sheet: Sheet) -> str:
    region = sheet.result.get("region") or {}
    return sheet.type_.name(region.get("name_zh"), region.get("name_en"))
