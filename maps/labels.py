"""Placement of names on a map so that none covers another, a symbol or the frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from maps.cartography import INK, halo
from maps.fonts import Type

# Where a name may stand around its place, best first: direction east and north, alignments.
_AROUND: tuple[tuple[float, float, str, str], ...] = (
    (1, 0, "left", "center"),
    (-1, 0, "right", "center"),
    (0, 1, "center", "bottom"),
    (0, -1, "center", "top"),
    (0.8, 0.8, "left", "bottom"),
    (0.8, -0.8, "left", "top"),
    (-0.8, 0.8, "right", "bottom"),
    (-0.8, -0.8, "right", "top"),
)

_INSIDE: tuple[tuple[float, float, str, str], ...] = tuple(
    (east, north, "center", "center")
    for east, north in (
        (0, 0),
        (0, 0.3),
        (0, -0.3),
        (-0.35, 0),
        (0.35, 0),
        (-0.35, 0.3),
        (0.35, -0.3),
    )
)


@dataclass(frozen=True, kw_only=True)
class Label:
    """A name to place.

    Attributes:
        text: what to write.
        x, y: the place, in data units.
        reach_x, reach_y: distances from the place to the label's near edge, in pixels.
        size: type size in points.
        bold: whether the type is bold.
        inside: whether the name may stand on the place itself (a large island).
        shorter: what to write instead where there is no room, longest first.
    """

    text: str
    x: float
    y: float
    reach_x: float
    reach_y: float
    size: float
    bold: bool = False
    inside: bool = False
    shorter: tuple[str, ...] = ()


@dataclass
class Board:
    """What is taken on the axes, in pixels."""

    frame: Bbox
    taken: list[Bbox] = field(default_factory=list)
    land: shapely.STRtree | None = None

    def free(self, box: Bbox) -> bool:
        """Return whether `box` lies in the frame and touches nothing taken."""
        inside = (
            box.x0 >= self.frame.x0
            and box.x1 <= self.frame.x1
            and box.y0 >= self.frame.y0
            and box.y1 <= self.frame.y1
        )
        return inside and not any(box.overlaps(other) for other in self.taken)

    def on_land(self, box: Bbox) -> float:
        """Return the share of `box` that covers land."""
        if self.land is None:
            return 0.0
        shape = shapely.box(box.x0, box.y0, box.x1, box.y1)
        near = self.land.geometries.take(self.land.query(shape, predicate="intersects"))
        covered = shapely.area(shapely.intersection(near, shape)).sum()
        return float(covered / max(shape.area, 1.0))


def place(
    ax: Axes,
    labels: Iterable[Label],
    *,
    type_: Type,
    obstacles: Sequence[Bbox] = (),
    land: Sequence[shapely.Geometry] = (),
) -> list[Text]:
    """Write as many labels as fit, in the order given, and return their texts.

    Each label takes the free position that covers the least land; one without a free position
    is left out.

    Args:
        ax: axes with final limits and position.
        labels: most important first.
        type_: the figure's type.
        obstacles: boxes in pixels that no label may touch.
        land: polygons in data units, for the preference of the sea.
    """
    to_pixels = ax.transData.transform
    pixels = [shapely.transform(g, to_pixels) for g in land]
    frame = ax.get_window_extent().padded(-3)
    tree = shapely.STRtree(pixels) if pixels else None
    board = Board(frame=frame, taken=list(obstacles), land=tree)
    written = []
    for label in labels:
        for words in (label.text, *label.shorter):
            text = _place_one(ax, replace(label, text=words), type_, board)
            if text is not None:
                written.append(text)
                break
    return written


def _place_one(ax: Axes, label: Label, type_: Type, board: Board) -> Text | None:
    at = ax.transData.transform((label.x, label.y))
    text = ax.text(
        label.x,
        label.y,
        label.text,
        fontproperties=type_.font(label.size, bold=label.bold),
        color=INK,
        zorder=11,
        path_effects=halo(2.2 if label.bold else 1.8),
        parse_math=False,
        clip_on=True,
    )
    best: tuple[float, np.ndarray, str, str, Bbox] | None = None
    for rank, (east, north, horizontal, vertical) in enumerate(_positions(label)):
        spot = at + np.array([east * label.reach_x, north * label.reach_y])
        text.set(position=ax.transData.inverted().transform(spot), ha=horizontal, va=vertical)
        box = text.get_window_extent().padded(1.5)
        if not board.free(box):
            continue
        own = label.inside and rank < len(_INSIDE)
        cost = (0.0 if own else board.on_land(box)) + 0.02 * rank
        if best is None or cost < best[0]:
            best = (cost, spot, horizontal, vertical, box)
    if best is None:
        text.remove()
        return None
    _, spot, horizontal, vertical, box = best
    text.set(position=ax.transData.inverted().transform(spot), ha=horizontal, va=vertical)
    board.taken.append(box)
    return text


def _positions(label: Label) -> Iterable[tuple[float, float, str, str]]:
    return [*_INSIDE, *_AROUND] if label.inside else _AROUND


def wrap(text: str, columns: float, *, measure: Callable[[str], float] | None = None) -> str:
    """Return `text` broken into lines no wider than `columns`.

    Chinese breaks anywhere but before closing punctuation; other text breaks at spaces.

    Args:
        text: one line.
        columns: greatest width of a line, in the unit of `measure`.
        measure: width of a piece of text, taken to add up; columns unless given, a wide character
            counting two. `fonts.Type.measure` gives points.
    """
    wide = measure or width
    lines, line, filled = [], "", 0.0
    for token in _tokens(text):
        if line and filled + wide(token.rstrip()) > columns:
            lines.append(line.rstrip())
            token, line, filled = token.lstrip(), "", 0.0
        line += token
        filled += wide(token)
    return "\n".join([*lines, line.rstrip()]) if line.strip() else "\n".join(lines)


def width(text: str) -> int:
    """Return the width of `text` in columns, a wide character counting two."""
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    for char in text:
        glued = tokens and (
            char in "，。；：、！？）》”’%,.;:!?)" or (_narrow(char) and _narrow(tokens[-1][-1]))
        )
        if glued:
            tokens[-1] += char
        else:
            tokens.append(char)
    return tokens


def _narrow(char: str) -> bool:
    return ord(char) <= 0x2E7F and char != " "
