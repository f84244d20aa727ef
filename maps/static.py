"""The coverage map as a figure for a document: 300 dpi PNG or SVG, A4 landscape."""

from __future__ import annotations

import io
from typing import Any

import geopandas as gpd
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox
from pyproj import CRS, Proj

from maps import cartography, fonts, labels, sidebar
from maps.cartography import Frame
from maps.fonts import Type
from maps.sidebar import Sheet
from maps.tables import CoverageTables, has_name
from maps.words import Words

SIZE_IN = (11.69, 8.27)
MAP_BOX = (0.022, 0.098, 0.652, 0.79)  # left, bottom, width, height as shares of the figure
INSET_BOX = (0.695, 0.098, 0.283, 0.222)
SIDE_LEFT, SIDE_RIGHT, SIDE_TOP = 0.695, 0.978, 0.888
MAP_MARKS, INSET_MARKS = 0.62, 0.9  # size of symbols on either map
DOT_SHARE = 0.012  # an inhabited island narrower than this share of the map gets a dot
LABELS_MAX, INSET_LABELS_MAX = 60, 14
LABEL_LAND_TOLERANCE_M = 100.0


def coverage_figure(
    tables: CoverageTables,
    result: dict[str, Any],
    *,
    lang: str,
    crs: Any,
    after: bool = False,
    type_: Type | None = None,
) -> Figure:
    """Return the coverage map as a figure of its own, without touching pyplot's state.

    Args:
        tables: what to draw, in EPSG:4326.
        result: the run's result, for title, verdict and notices.
        lang: ``zh`` or ``en``; Chinese falls back to English where no font shows it.
        crs: metric CRS to draw in, anything pyproj takes, for instance ``EPSG:32651``.
        after: draw the response times after the proposal; today's where the cells have no
            column ``after_min``.
        type_: type to set the figure in; by default `fonts.choose` decides.

    Returns:
        a figure with an Agg canvas, A4 landscape; `png_bytes` and `svg_bytes` write it.
    """
    chosen = type_ or fonts.choose(lang)
    sheet = Sheet(
        metric=_metric(tables, crs),
        result=result,
        words=Words(chosen.lang),
        type_=chosen,
        scale=tables.scale,
        column="after_min" if after and tables.has_after else "response_min",
    )
    figure = Figure(figsize=SIZE_IN, facecolor="white")
    FigureCanvasAgg(figure)
    _draw_main_map(figure, sheet, CRS.from_user_input(crs))
    sidebar.draw_heading(figure, sheet, left=MAP_BOX[0])
    edges = {"left": SIDE_LEFT, "right": SIDE_RIGHT}
    bottom = sidebar.draw_verdicts(figure, sheet, **edges, top=SIDE_TOP)
    bottom = sidebar.draw_bands(figure, sheet, **edges, top=bottom - 0.01)
    sidebar.draw_symbols(figure, sheet, left=SIDE_LEFT, top=bottom - 0.008)
    sidebar.draw_footer(figure, sheet, left=MAP_BOX[0])
    return figure


def png_bytes(figure: Figure, *, dpi: int = 300) -> bytes:
    """Return the figure as PNG; no time stamp is written, so equal figures give equal bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def svg_bytes(figure: Figure) -> bytes:
    """Return the figure as SVG with text as outlines, so that no font is needed to read it."""
    buffer = io.BytesIO()
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


def _draw_main_map(figure: Figure, sheet: Sheet, crs: CRS) -> None:
    ax = figure.add_axes(MAP_BOX)
    frame = cartography.fit(_extent(sheet), aspect=_aspect(MAP_BOX))
    cartography.prepare(ax, frame)
    _draw_layers(ax, sheet, frame, size=MAP_MARKS)
    cartography.draw_scale_bar(ax, frame, sheet.type_, sheet.words("unit_km"))
    cartography.draw_north(ax, sheet.type_, turn_deg=_grid_turn(frame, crs))
    urban = _urban(sheet)
    if len(urban):
        _draw_inset(figure, ax, sheet, urban)
    taken = [_pixels(ax, (0.0, 0.0, 0.27, 0.085)), _pixels(ax, (0.92, 0.0, 1.0, 0.13))]
    _write_labels(ax, sheet, taken=taken, limit=LABELS_MAX)


def _draw_inset(figure: Figure, ax: Axes, sheet: Sheet, urban: gpd.GeoDataFrame) -> None:
    """Draw the main urban area at a larger scale, and its frame on the main map."""
    inset = figure.add_axes(INSET_BOX)
    frame = cartography.fit(urban.total_bounds, aspect=_aspect(INSET_BOX), margin=0.06)
    cartography.prepare(inset, frame)
    _draw_layers(inset, sheet, frame, size=INSET_MARKS)
    cartography.draw_scale_bar(inset, frame, sheet.type_, sheet.words("unit_km"))
    name = sheet.type_.name(urban["name_zh"].iloc[0], urban["name_en"].iloc[0])
    title = sheet.words("inset_title", name=name)
    above = (INSET_BOX[0], INSET_BOX[1] + INSET_BOX[3] + 0.008)
    sidebar.write(figure, sheet, above, title, size=8.5, bold=True, va="bottom")
    taken = [_pixels(inset, (0.0, 0.0, 0.27, 0.16))]
    _write_labels(inset, sheet, taken=taken, limit=INSET_LABELS_MAX)
    ax.add_patch(
        Rectangle(
            (frame.west, frame.south),
            frame.width_m,
            frame.height_m,
            fill=False,
            edgecolor=cartography.INK,
            linewidth=0.7,
            zorder=10,
        )
    )


def _draw_layers(ax: Axes, sheet: Sheet, frame: Frame, *, size: float) -> None:
    metric = {
        name: table.cx[frame.west : frame.east, frame.south : frame.north] if len(table) else table
        for name, table in sheet.metric.items()
    }
    cartography.draw_land(ax, metric["islands"])
    cartography.draw_cells(ax, metric["cells"], scale=sheet.scale, column=sheet.column)
    cartography.draw_coast(ax, metric["islands"])
    cartography.draw_links(ax, metric["roads"], metric["ferries"])
    cartography.draw_zone_outline(ax, _urban(sheet))
    cartography.draw_dots(
        ax,
        metric["islands"],
        scale=sheet.scale,
        column="after_min" if sheet.after else "mean_min",
        smaller_than_m=DOT_SHARE * frame.width_m,
        size=size / MAP_MARKS,
    )
    cartography.draw_posts(ax, metric["posts"], size=size)
    cartography.draw_sites(ax, metric["proposal_sites"], size=size)


def _write_labels(ax: Axes, sheet: Sheet, *, taken: list[Bbox], limit: int) -> None:
    islands = sheet.metric["islands"]
    written = labels.place(
        ax,
        _island_labels(ax, sheet)[: 3 * limit],
        type_=sheet.type_,
        obstacles=[*taken, *_symbol_boxes(ax, sheet)],
        land=list(islands.geometry.simplify(LABEL_LAND_TOLERANCE_M)),
    )
    for text in written[limit:]:
        text.remove()


def _island_labels(ax: Axes, sheet: Sheet) -> list[labels.Label]:
    islands = sheet.metric["islands"]
    rows = islands.drop(columns="geometry").to_dict("records")
    named = islands[np.array([has_name(row) for row in rows], dtype=bool)]
    people = named["population"].astype(float).fillna(-1)
    order = np.lexsort((-named.area, -people, ~named["shows_band"].to_numpy(dtype=bool)))
    found = []
    for row in named.iloc[order].itertuples():
        text = sheet.type_.name(row.name_zh, row.name_en)
        if text:
            found.append(_island_label(ax, text, row.geometry))
    return found


def _island_label(ax: Axes, text: str, island: Any) -> labels.Label:
    point = island.representative_point()
    corners = ax.transData.transform(np.reshape(island.bounds, (2, 2)))
    width, height = np.ptp(corners, axis=0)
    large = bool(width > 9 * labels.width(text) and height > 40)
    return labels.Label(
        text=text,
        x=point.x,
        y=point.y,
        reach_x=float(6 + 0.45 * width),
        reach_y=float(6 + 0.45 * height),
        size=9.0 if large else 6.8,
        bold=large,
        inside=large,
    )


def _symbol_boxes(ax: Axes, sheet: Sheet) -> list[Bbox]:
    points = [
        (point.x, point.y)
        for name in ("proposal_sites", "posts")
        for point in sheet.metric[name].geometry
        if point is not None and not point.is_empty
    ]
    if not points:
        return []
    pixels = ax.transData.transform(np.array(points))
    return [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in pixels]


def _extent(sheet: Sheet) -> Any:
    for name in ("cells", "islands", "posts"):
        if len(sheet.metric[name]):
            return sheet.metric[name].total_bounds
    return (0.0, 0.0, 1000.0, 1000.0)


def _urban(sheet: Sheet) -> gpd.GeoDataFrame:
    zones = sheet.metric["zones"]
    return zones[zones["zone"] == "main_urban"] if len(zones) else zones


def _aspect(box: tuple[float, float, float, float]) -> float:
    return box[2] * SIZE_IN[0] / (box[3] * SIZE_IN[1])


def _grid_turn(frame: Frame, crs: CRS) -> float:
    """Return the angle from grid north to true north at the map's centre, degrees clockwise."""
    if not crs.is_projected:
        return 0.0
    projection = Proj(crs)
    x, y = (frame.west + frame.east) / 2, (frame.south + frame.north) / 2
    lon, lat = projection(x, y, inverse=True)
    up_x, up_y = projection(lon, lat + 0.01)
    return float(np.degrees(np.arctan2(up_x - x, up_y - y)))


def _pixels(ax: Axes, box: tuple[float, float, float, float]) -> Bbox:
    return Bbox.from_extents(*box).transformed(ax.transAxes)
