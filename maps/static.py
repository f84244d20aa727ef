"""The coverage map as a figure for a document or a projector: 300 dpi PNG, or SVG."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Any, Literal

import geopandas as gpd
import matplotlib as mpl
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox
from pyproj import CRS, Proj

from maps import cartography, fonts, footer, insets, island_names, sidebar
from maps.cartography import Frame
from maps.fonts import Type
from maps.sidebar import Sheet
from maps.tables import CoverageTables
from maps.words import Words

A4_IN, WIDE_IN = (11.69, 8.27), (8.27 * 16 / 9, 8.27)  # the wide one is for a projector
WIDE_DPI = 1080 / 8.27  # gives 1920 by 1080 pixels
TOP = 0.888
LEFT, RIGHT = 0.022, 0.978
SIDE = 0.695  # left edge of the column beside the map
INSET_HEIGHT = 0.222  # of the enlarged main urban area, at most
MAP_MARKS, INSET_MARKS = 0.62, 0.9  # size of symbols on either map
DOT_SHARE = 0.012  # an inhabited island narrower than this share of the map gets a dot
LABELS_MAX, INSET_LABELS_MAX = 60, 14
FURNITURE_BOX = (0.0, 0.0, 0.27, 0.085)  # scale bar, of the main map
NORTH_BOX = (0.0, 0.085, 0.09, 0.115)

Box = tuple[float, float, float, float]  # left, bottom, width, height as shares of the figure
Paper = Literal["a4", "wide"]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the parts of the figure stand, as shares of it.

    Attributes:
        size_in: width and height of the figure in inches.
        bottom: lower edge of the map, above the footer.
    """

    size_in: tuple[float, float]
    bottom: float = 0.1

    @property
    def map_box(self) -> Box:
        """The main map."""
        return (LEFT, self.bottom, SIDE - LEFT - 0.021, TOP - self.bottom)

    def inset_box(self, top: float) -> Box:
        """The enlarged main urban area, below `top`."""
        height = min(INSET_HEIGHT, top - self.bottom)
        return (SIDE, self.bottom, RIGHT - SIDE, height)

    def aspect(self, box: Box) -> float:
        """Return width over height of a box on paper."""
        return box[2] * self.size_in[0] / (box[3] * self.size_in[1])


def coverage_figure(
    tables: CoverageTables,
    result: dict[str, Any],
    *,
    lang: str,
    crs: Any,
    after: bool = False,
    type_: Type | None = None,
    paper: Paper = "a4",
) -> Figure:
    """Return the coverage map as a figure of its own, without touching pyplot's state.

    Groups of small far islands are shown enlarged in insets over the empty sea, the main urban area
    beside the map. Below stand all notices of the result; a line counts those that do not fit.

    Args:
        tables: what to draw, in EPSG:4326.
        result: the run's result, for title, verdict and notices.
        lang: ``zh`` or ``en``; Chinese falls back to English where no font shows it.
        crs: metric CRS to draw in, anything pyproj takes, for instance ``EPSG:32651``.
        after: draw the response times after the proposal; today's where the cells have no
            column ``after_min``.
        type_: type to set the figure in; by default `fonts.choose` decides.
        paper: ``a4`` (landscape; prints on A3 as well) or ``wide`` (16:9, for a projector; written
            with ``dpi=WIDE_DPI`` it has 1920 by 1080 pixels).

    Returns:
        a figure with an Agg canvas; `png_bytes` and `svg_bytes` write it.
    """
    sheet = make_sheet(tables, result, lang=lang, crs=crs, after=after, type_=type_)
    layout = Layout(size_in=A4_IN if paper == "a4" else WIDE_IN)
    figure = Figure(figsize=layout.size_in, facecolor="white")
    FigureCanvasAgg(figure)
    edges = {"left": LEFT, "right": RIGHT}
    below = footer.lay_out(figure, sheet, **edges)
    layout = replace(layout, bottom=below.height + 0.016)
    sidebar.draw_heading(figure, sheet, left=LEFT)
    side = {"left": SIDE, "right": RIGHT}
    bottom = sidebar.draw_verdicts(figure, sheet, **side, top=TOP)
    bottom = sidebar.draw_bands(figure, sheet, **side, top=bottom - 0.01)
    sidebar.draw_symbols(figure, sheet, left=SIDE, top=bottom - 0.008)
    _draw_maps(figure, sheet, layout, CRS.from_user_input(crs), side_top=_lowest(figure))
    footer.draw(figure, sheet, below, **edges)
    return figure


def make_sheet(
    tables: CoverageTables,
    result: dict[str, Any],
    *,
    lang: str,
    crs: Any,
    after: bool = False,
    type_: Type | None = None,
) -> Sheet:
    """Return what every part of a map figure needs; arguments as of `coverage_figure`."""
    chosen = type_ or fonts.choose(lang)
    return Sheet(
        metric=_metric(tables, crs),
        result=result,
        words=Words(chosen.lang),
        type_=chosen,
        scale=tables.scale,
        column="after_min" if after and tables.has_after else "response_min",
    )


def png_bytes(figure: Figure, *, dpi: int = 300) -> bytes:
    """Return the figure as PNG; no time stamp is written, so equal figures give equal bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def svg_bytes(figure: Figure) -> bytes:
    """Return the figure as SVG with text as outlines, so that no font is needed to read it.

    Equal figures give equal bytes.
    """
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "island-response"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _metric(tables: CoverageTables, crs: Any) -> dict[str, gpd.GeoDataFrame]:
    found = {}
    for name in CoverageTables.__dataclass_fields__:
        table = getattr(tables, name)
        found[name] = table.to_crs(crs) if table.crs is not None else table
    served = found["islands"]["island_id"].isin(set(tables.cells["island_id"]))
    found["islands"] = found["islands"].assign(shows_band=served)
    return found


def _draw_maps(figure: Figure, sheet: Sheet, layout: Layout, crs: CRS, *, side_top: float) -> None:
    box = layout.map_box
    ax = figure.add_axes(box)
    frame = cartography.fit(extent(sheet), aspect=layout.aspect(box))
    cartography.prepare(ax, frame)
    draw_layers(ax, sheet, frame, size=MAP_MARKS)
    cartography.draw_scale_bar(ax, frame, sheet.type_, sheet.words("unit_km"))
    cartography.draw_north(ax, sheet.type_, turn_deg=grid_turn(frame, crs))
    framed: list[Bbox] = []
    city = _city(sheet, layout, side_top)
    if city is not None:
        _draw_city(figure, sheet, layout.inset_box(side_top - 0.045), city)
        _outline(ax, city, linewidth=0.7)
    chosen = _far_groups(sheet, frame, city)
    for inset in chosen:
        framed += _draw_far_group(figure, ax, sheet, inset)
    taken = [_pixels(ax, FURNITURE_BOX), _pixels(ax, NORTH_BOX), *framed]
    inside = {island for inset in chosen for island in inset.island_ids}
    island_names.write(ax, sheet, taken=taken, limit=LABELS_MAX, without=inside)


def _city(sheet: Sheet, layout: Layout, side_top: float) -> Frame | None:
    """Return the extent of the main urban area as the column beside the map shows it."""
    urban = _urban(sheet)
    box = layout.inset_box(side_top - 0.045)
    if not len(urban) or box[3] < 0.08:
        return None
    return cartography.fit(urban.total_bounds, aspect=layout.aspect(box), margin=0.06)


def _draw_city(figure: Figure, sheet: Sheet, box: Box, frame: Frame) -> None:
    inset = figure.add_axes(box)
    cartography.prepare(inset, frame)
    draw_layers(inset, sheet, frame, size=INSET_MARKS)
    cartography.draw_scale_bar(inset, frame, sheet.type_, sheet.words("unit_km"))
    urban = _urban(sheet)
    name = sheet.type_.name(urban["name_zh"].iloc[0], urban["name_en"].iloc[0])
    title = sheet.words("inset_title", name=name)
    above = (box[0], box[1] + box[3] + 0.008)
    sidebar.write(figure, sheet, above, title, size=8.5, bold=True, va="bottom")
    island_names.write(inset, sheet, taken=[_pixels(inset, FURNITURE_BOX)], limit=INSET_LABELS_MAX)


def _far_groups(sheet: Sheet, frame: Frame, city: Frame | None) -> list[insets.Inset]:
    places = [
        point.buffer(0.008 * frame.width_m)
        for name in ("posts", "proposal_sites")
        for point in sheet.metric[name].geometry
        if point is not None and not point.is_empty
    ]
    free = [*places, city.box()] if city is not None else places
    return insets.choose(
        sheet.metric["islands"], frame, keep_free=free, reserved=[FURNITURE_BOX, NORTH_BOX]
    )


def _draw_far_group(figure: Figure, ax: Axes, sheet: Sheet, chosen: insets.Inset) -> list[Bbox]:
    """Draw an inset over the sea and its frame on the map; return what they take, in pixels."""
    left, bottom, width, height = ax.get_position().bounds
    x, y, wide, high = chosen.box
    inset = figure.add_axes((left + x * width, bottom + y * height, wide * width, high * height))
    cartography.prepare(inset, chosen.frame)
    for spine in inset.spines.values():
        spine.set(color=cartography.INK, linewidth=0.8)
    # A white rim parts the inset's coast from that of the map around it.
    inset.patch.set_path_effects([patheffects.withStroke(linewidth=5, foreground="white")])
    draw_layers(inset, sheet, chosen.frame, size=INSET_MARKS)
    cartography.draw_scale_bar(inset, chosen.frame, sheet.type_, sheet.words("unit_km"))
    for place, where in ((inset, (0.0, 1.0)), (ax, None)):
        _letter(place, sheet, chosen, where)
    taken = [_pixels(inset, (0.0, 0.0, 0.3, 0.13)), _pixels(inset, (0.0, 0.86, 0.12, 0.14))]
    island_names.write(inset, sheet, taken=taken, limit=INSET_LABELS_MAX, minutes=True)
    _outline(ax, chosen.frame, linewidth=0.8)
    corners = [(chosen.frame.west, chosen.frame.south), (chosen.frame.east, chosen.frame.north)]
    on_map = Bbox(ax.transData.transform(corners))
    mark = Bbox.from_bounds(on_map.x0, on_map.y1 - 16, 16, 32)
    return [inset.get_window_extent().padded(5), mark]


def _letter(
    ax: Axes, sheet: Sheet, chosen: insets.Inset, where: tuple[float, float] | None
) -> None:
    corner = where or (chosen.frame.west, chosen.frame.north)
    # Above its frame, but inside it where the map ends there.
    room = ax.get_ylim()[1] - chosen.frame.north > 0.03 * np.ptp(ax.get_ylim())
    above = where is None and bool(room)
    ax.annotate(
        chosen.letter,
        corner,
        xycoords="axes fraction" if where else "data",
        xytext=(1.0, 1.4) if above else (3.5, -3) if where else (1.5, -1.5),
        textcoords="offset points",
        ha="left",
        va="bottom" if above else "top",
        fontproperties=sheet.type_.font(8.5 if where else 6.5, bold=True),
        color="white",
        bbox={"facecolor": cartography.INK, "edgecolor": "none", "pad": 1.6 if where else 1.0},
        zorder=13,
    )


def _outline(ax: Axes, frame: Frame, *, linewidth: float) -> None:
    ax.add_patch(
        Rectangle(
            (frame.west, frame.south),
            frame.width_m,
            frame.height_m,
            fill=False,
            edgecolor=cartography.INK,
            linewidth=linewidth,
            zorder=10,
        )
    )


def _lowest(figure: Figure) -> float:
    """Return the lower edge of what is written beside the map, as a share of the figure."""
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    beside = [t.get_window_extent(renderer) for t in figure.texts]
    low = [box.y0 for box in beside if box.x0 >= SIDE * figure.bbox.width - 1]
    return float(min(low, default=TOP * figure.bbox.height) / figure.bbox.height)


def draw_layers(ax: Axes, sheet: Sheet, frame: Frame, *, size: float, plain: bool = False) -> None:
    """Draw the layers of a map, those parts alone that lie in `frame`.

    Args:
        ax: axes that `cartography.prepare` made a map of `frame`.
        sheet: tables and bands.
        frame: extent.
        size: factor on symbols.
        plain: leave out links and posts, as on a small map of many.
    """
    metric = {
        name: table.cx[frame.west : frame.east, frame.south : frame.north] if len(table) else table
        for name, table in sheet.metric.items()
    }
    cartography.draw_land(ax, metric["islands"])
    cartography.draw_cells(ax, metric["cells"], scale=sheet.scale, column=sheet.column)
    cartography.draw_coast(ax, metric["islands"])
    if not plain:
        cartography.draw_links(ax, metric["roads"], metric["ferries"])
    cartography.draw_zone_outline(ax, _urban(sheet), width=0.6 if plain else 1.0)
    cartography.draw_dots(
        ax,
        metric["islands"],
        scale=sheet.scale,
        column="after_min" if sheet.after else "mean_min",
        smaller_than_m=(1.6 if plain else 1.0) * DOT_SHARE * frame.width_m,
        size=size / MAP_MARKS,
    )
    if not plain:
        cartography.draw_posts(ax, metric["posts"], size=size)
    cartography.draw_sites(ax, metric["proposal_sites"], size=size)


def extent(sheet: Sheet) -> Any:
    """Return west, south, east, north in metres of where people live, else of the land."""
    for name in ("cells", "islands", "posts"):
        if len(sheet.metric[name]):
            return sheet.metric[name].total_bounds
    return (0.0, 0.0, 1000.0, 1000.0)


def _urban(sheet: Sheet) -> gpd.GeoDataFrame:
    zones = sheet.metric["zones"]
    return zones[zones["zone"] == "main_urban"] if len(zones) else zones


def grid_turn(frame: Frame, crs: CRS) -> float:
    """Return the angle from grid north to true north at the map's centre, degrees clockwise."""
    if not crs.is_projected:
        return 0.0
    projection = Proj(crs)
    x, y = (frame.west + frame.east) / 2, (frame.south + frame.north) / 2
    lon, lat = projection(x, y, inverse=True)
    up_x, up_y = projection(lon, lat + 0.01)
    return float(np.degrees(np.arctan2(up_x - x, up_y - y)))


def _pixels(ax: Axes, box: Box) -> Bbox:
    """Return a box of the axes (left, bottom, width, height as shares) in pixels."""
    return Bbox.from_bounds(*box).transformed(ax.transAxes)
