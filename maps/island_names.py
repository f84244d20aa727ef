"""Names of islands on a map: which are written, and how each may be spelled."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from maps import labels
from maps.sidebar import Sheet
from maps.tables import has_name

LABEL_LAND_TOLERANCE_M = 100.0


def write(
    ax: Axes,
    sheet: Sheet,
    *,
    taken: list[Bbox],
    limit: int,
    without: Collection[str] = (),
    minutes: bool = False,
) -> None:
    """Write the names of islands where there is room, with their minutes if asked for."""
    islands = sheet.metric["islands"]
    written = labels.place(
        ax,
        _labels(ax, sheet, without=without, minutes=minutes)[: 3 * limit],
        type_=sheet.type_,
        obstacles=[*taken, *_symbol_boxes(ax, sheet)],
        land=list(islands.geometry.simplify(LABEL_LAND_TOLERANCE_M)),
    )
    for text in written[limit:]:
        text.remove()


def _labels(
    ax: Axes, sheet: Sheet, *, without: Collection[str], minutes: bool
) -> list[labels.Label]:
    """Return the labels of the islands on the map, those where people are shown first."""
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    islands = sheet.metric["islands"].cx[west:east, south:north]
    rows = islands.drop(columns="geometry").to_dict("records")
    named = islands[np.array([has_name(row) for row in rows], dtype=bool)]
    named = named[~named["island_id"].isin(without)]
    if minutes:
        named = named[named["shows_band"]]
    people = named["population"].astype(float).fillna(-1)
    order = np.lexsort((-named.area, -people, ~named["shows_band"].to_numpy(dtype=bool)))
    column = "after_min" if sheet.after else "mean_min"
    found = []
    for row in named.iloc[order].itertuples():
        texts = _spellings(sheet, row, column if minutes and row.shows_band else None)
        if texts:
            found.append(_label(ax, texts, row.geometry))
    return found


def _spellings(sheet: Sheet, row: Any, column: str | None) -> list[str]:
    """Return what may be written at an island, best first: name and minutes, name, short name."""
    name = sheet.type_.name(row.name_zh, row.name_en)
    if not name:
        return []
    short = name.removesuffix(" Island")
    if column is None:
        return [name] if short == name else [name, short]
    told = sheet.words.minutes(getattr(row, column, None))
    timed = [sheet.words.chart("name_minutes", name=n, minutes=told) for n in (name, short)]
    return list(dict.fromkeys([*map(sheet.type_.drawable, timed), name, short]))


def _label(ax: Axes, texts: list[str], island: Any) -> labels.Label:
    text = texts[0]
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
        shorter=tuple(texts[1:]),
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
