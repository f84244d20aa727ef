"""Map layers drawn on given axes: land, cells, lines, symbols, scale bar, north arrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import geopandas as gpd
import numpy as np
import shapely
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.patches import PathPatch, Polygon, Rectangle
from matplotlib.path import Path

from maps.fonts import Type
from maps.scale import Scale

SEA = "#e6edf4"
LAND = "#f7f4ec"
COAST = "#8d99a6"
INK = "#1d2733"
MUTED = "#5c6875"
POST = "#12355b"
CLINIC = "#7b8794"
PROPOSAL = "#ffd21f"
ROOMY_BAR_PX = 80.0  # a scale bar longer than this, at 100 dots an inch, has room for three marks
ZONE = "#12355b"

# kind of post -> matplotlib marker, area in points squared, mark inside
POST_MARKERS: dict[str, tuple[str, float, str]] = {
    "ambulance_station": ("o", 40.0, "P"),
    "hospital": ("s", 34.0, "$H$"),
    "health_centre": ("D", 20.0, ""),
    "boat_base": ("v", 40.0, ""),
    "air_base": ("^", 44.0, ""),
}


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The metric extent of a map: ``west < east`` and ``south < north`` in metres."""

    west: float
    south: float
    east: float
    north: float

    @property
    def width_m(self) -> float:
        """East-west extent."""
        return self.east - self.west

    @property
    def height_m(self) -> float:
        """North-south extent."""
        return self.north - self.south

    def box(self) -> shapely.Polygon:
        """Return the extent as a polygon."""
        return shapely.box(self.west, self.south, self.east, self.north)


def fit(bounds: Sequence[float], *, aspect: float, margin: float = 0.04) -> Frame:
    """Return the smallest frame of the given width-to-height ratio around `bounds`.

    Args:
        bounds: west, south, east, north in metres.
        aspect: width over height of the axes.
        margin: empty part on each side, as a share of the extent.
    """
    west, south, east, north = (float(value) for value in bounds)
    width = max((east - west) * (1 + 2 * margin), 1000.0)
    height = max((north - south) * (1 + 2 * margin), 1000.0)
    width, height = max(width, height * aspect), max(height, width / aspect)
    x, y = (west + east) / 2, (south + north) / 2
    return Frame(west=x - width / 2, south=y - height / 2, east=x + width / 2, north=y + height / 2)


def prepare(ax: Axes, frame: Frame) -> None:
    """Make `ax` a map of `frame` over the sea: equal aspect, no ticks, a thin border."""
    ax.set_xlim(frame.west, frame.east)
    ax.set_ylim(frame.south, frame.north)
    ax.set_aspect("equal")
    ax.set_facecolor(SEA)
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set(color=COAST, linewidth=0.6)


def draw_polygons(
    ax: Axes, table: gpd.GeoDataFrame, colours: Sequence[str] | str, **style: Any
) -> None:
    """Draw each polygon or multipolygon of `table` in its colour."""
    patches, faces = [], []
    for number, geometry in enumerate(table.geometry):
        for part in _polygons(geometry):
            patches.append(PathPatch(_path(part)))
            faces.append(colours if isinstance(colours, str) else colours[number])
    ax.add_collection(PatchCollection(patches, facecolors=faces, **style), autolim=False)


def draw_land(ax: Axes, islands: gpd.GeoDataFrame) -> None:
    """Draw the islands as a quiet base."""
    draw_polygons(ax, islands, LAND, edgecolor=COAST, linewidth=0.35, zorder=1)


def draw_coast(ax: Axes, islands: gpd.GeoDataFrame) -> None:
    """Draw the coast alone, over the cells, so that islands keep their shapes."""
    draw_polygons(ax, islands, "none", edgecolor=COAST, linewidth=0.35, zorder=3)


def draw_cells(ax: Axes, cells: gpd.GeoDataFrame, *, scale: Scale, column: str) -> None:
    """Draw the cells in the colours of their bands."""
    colours = scale.colours(cells[column])
    # A hairline in the cell's own colour closes the seams that anti-aliasing leaves.
    draw_polygons(ax, cells, colours, edgecolor=colours, linewidth=0.15, zorder=2)


def draw_lines(ax: Axes, table: gpd.GeoDataFrame, **style: Any) -> None:
    """Draw the lines of `table`."""
    parts = [
        np.asarray(part.coords)[:, :2]
        for geometry in table.geometry
        if geometry is not None
        for part in getattr(geometry, "geoms", [geometry])
        if isinstance(part, shapely.LineString) and not part.is_empty
    ]
    ax.add_collection(LineCollection(parts, **style), autolim=False)


def draw_links(ax: Axes, roads: gpd.GeoDataFrame, ferries: gpd.GeoDataFrame) -> None:
    """Draw roads as thin lines and ferries dashed; planned and withdrawn links are left out."""
    draw_lines(ax, in_service(roads), colors=MUTED, linewidths=0.5, alpha=0.75, zorder=4)
    draw_lines(
        ax,
        in_service(ferries),
        colors="#4a7fb5",
        linewidths=0.45,
        alpha=0.8,
        linestyles=(0, (4, 2.5)),
        zorder=0.5,
    )


def in_service(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the links that run today: all but the planned, withdrawn and closed ones."""
    if not len(table):
        return table
    status = table["status"].fillna("").astype(str)
    gone = status.str.startswith(("planned", "withdrawn", "closed", "under_construction"))
    return table[~gone]


def draw_zone_outline(ax: Axes, zones: gpd.GeoDataFrame, *, width: float = 1.0) -> None:
    """Outline zones with a dashed line on a white one, which shows on every band."""
    for style in (
        {"edgecolor": "white", "linewidth": 2.0 * width},
        {"edgecolor": ZONE, "linewidth": width, "linestyle": (0, (4, 2))},
    ):
        draw_polygons(ax, zones, "none", zorder=5, **style)


def draw_posts(ax: Axes, posts: gpd.GeoDataFrame, *, size: float = 1.0) -> None:
    """Draw posts by kind; confirmed ones filled, assumed ones hollow, clinics as grey dots."""
    shown = posts[posts.geometry.notna() & ~posts.geometry.is_empty]
    clinics = shown[shown["evidence"] == "clinic"]
    _scatter(ax, clinics, "o", 7 * size, facecolor="white", edgecolor=CLINIC, linewidth=0.7, z=6)
    for kind, (marker, area, inner) in reversed(POST_MARKERS.items()):
        for evidence in ("assumed", "confirmed"):
            some = shown[(shown["kind"] == kind) & (shown["evidence"] == evidence)]
            face, mark = (POST, "white") if evidence == "confirmed" else ("white", POST)
            z = 7.0 if evidence == "assumed" else 8.0
            _scatter(ax, some, marker, area * size * 1.7, facecolor="white", edgecolor="white", z=z)
            _scatter(
                ax, some, marker, area * size, facecolor=face, edgecolor=POST, linewidth=0.9, z=z
            )
            if inner:
                _scatter(
                    ax, some, inner, area * size * 0.33, facecolor=mark, edgecolor="none", z=z + 0.1
                )


def draw_sites(ax: Axes, sites: gpd.GeoDataFrame, *, size: float = 1.0) -> None:
    """Draw proposed posts as yellow stars."""
    if len(sites):
        _scatter(
            ax, sites, "*", 150 * size, facecolor=PROPOSAL, edgecolor="black", linewidth=0.8, z=9
        )


def draw_dots(
    ax: Axes,
    islands: gpd.GeoDataFrame,
    *,
    scale: Scale,
    column: str,
    smaller_than_m: float,
    size: float = 1.0,
) -> None:
    """Draw a dot on inhabited islands too small to show their colour at this map's scale.

    Args:
        ax: axes to draw on.
        islands: in a metric CRS; those without ``shows_band`` are passed over.
        scale: bands.
        column: minutes that colour the dot; without that column there are no dots.
        smaller_than_m: greatest extent of an island that needs a dot.
        size: factor on the dot.
    """
    if column not in islands.columns:
        return
    box = islands.geometry.bounds
    extent = np.maximum(box["maxx"] - box["minx"], box["maxy"] - box["miny"])
    small = islands[islands["shows_band"] & (extent < smaller_than_m)]
    points = small.geometry.representative_point()
    ax.scatter(
        points.x,
        points.y,
        s=22 * size,
        c=scale.colours(small[column]),
        edgecolors=INK,
        linewidths=0.5,
        zorder=5.5,
    )


def draw_scale_bar(ax: Axes, frame: Frame, type_: Type, unit: str) -> None:
    """Draw a bar of a round length, about a fifth of the map, at the lower left."""
    length_km = round_length_km(frame.width_m / 5000)
    x, y = frame.west + 0.03 * frame.width_m, frame.south + 0.035 * frame.height_m
    thick = 0.006 * frame.height_m
    for part, face in ((0, INK), (1, "white")):
        ax.add_patch(
            Rectangle(
                (x + part * length_km * 500, y),
                length_km * 500,
                thick,
                facecolor=face,
                edgecolor=INK,
                linewidth=0.6,
                zorder=12,
            )
        )
    bar_px = np.ptp(ax.transData.transform([(0, 0), (length_km * 1000, 0)])[:, 0])
    roomy, told = bar_px > ROOMY_BAR_PX, f"{length_km:g} {unit}"
    marks = [(0.0, told)]
    if roomy:
        marks = [(0.0, "0"), (0.5, f"{length_km / 2:g}"), (1.0, told)]
    for share, text in marks:
        ax.text(
            x + share * length_km * 1000,
            y + 1.8 * thick,
            text,
            ha="center" if roomy else "left",
            va="bottom",
            fontproperties=type_.font(6.5),
            color=INK,
            zorder=12,
            path_effects=halo(),
        )


def round_length_km(upper_km: float) -> float:
    """Return the greatest of 1, 2, 5 times a power of ten that is at most `upper_km`.

    Example:
        >>> round_length_km(34.0)
        20.0
    """
    power = 10.0 ** np.floor(np.log10(upper_km))
    return float(max(step * power for step in (1, 2, 5) if step * power <= upper_km * (1 + 1e-9)))


def draw_north(ax: Axes, type_: Type, *, turn_deg: float = 0.0) -> None:
    """Draw a north arrow above the scale bar.

    Args:
        ax: map.
        type_: the figure's type.
        turn_deg: from grid to true north, degrees clockwise.
    """
    angle = np.radians(turn_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    width, height = ax.get_window_extent().size
    centre = np.array([0.045, 0.125])
    shape = np.array([[0, 0.036], [0.013, -0.016], [0, -0.006], [-0.013, -0.016]])
    tip = centre + np.array([0, 0.05]) @ turn
    shape = shape @ turn * np.array([height / width, 1.0]) + centre
    ax.add_patch(
        Polygon(shape, transform=ax.transAxes, facecolor=INK, edgecolor="white", zorder=12)
    )
    ax.text(
        tip[0],
        tip[1],
        "N",
        transform=ax.transAxes,
        ha="center",
        va="center",
        fontproperties=type_.font(8, bold=True),
        color=INK,
        zorder=12,
        path_effects=halo(),
    )


def halo(width: float = 1.8) -> list[patheffects.AbstractPathEffect]:
    """Return the white rim that keeps text readable on any colour."""
    return [patheffects.withStroke(linewidth=width, foreground="white", alpha=0.92)]


def _scatter(
    ax: Axes, table: gpd.GeoDataFrame, marker: str, area: float, *, z: float, **style: Any
) -> None:
    if not len(table):
        return
    points = table.geometry.representative_point()
    ax.scatter(points.x, points.y, s=area, marker=cast(Any, marker), zorder=z, **style)


def _polygons(geometry: Any) -> list[shapely.Polygon]:
    if geometry is None or geometry.is_empty:
        return []
    parts = getattr(geometry, "geoms", [geometry])
    return [p for part in parts for p in getattr(part, "geoms", [part]) if p.geom_type == "Polygon"]


def _path(polygon: shapely.Polygon) -> Path:
    rings = [
        Path(np.asarray(r.coords)[:, :2], closed=True)
        for r in (polygon.exterior, *polygon.interiors)
    ]
    return Path.make_compound_path(*rings)
