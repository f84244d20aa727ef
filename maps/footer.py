"""The notices and credits below a map figure: all of them, or a count of those left out."""

from __future__ import annotations

import bisect
from dataclasses import dataclass

from matplotlib.figure import Figure

from maps import labels, sidebar
from maps.cartography import MUTED
from maps.sidebar import Sheet
from maps.words import Words

COLUMNS = 2
GAP = 0.026  # between the columns, as a share of the figure's width
SIZES_PT = (6.8, 6.3, 5.8)  # tried in this order
LINE_SPACING = 1.35
HEIGHT_MAX = 0.15  # share of the figure; what does not fit in it at the least size is counted
BASE = 0.018
BULLET = "•\u00a0"  # no line ends with it


@dataclass(frozen=True, kw_only=True)
class Footer:
    """Laid-out text.

    Attributes:
        columns: lines of each column.
        size_pt: type size.
        height: share of the figure's height that the text takes, with the margin below it.
        left_out: notices that did not fit; the last line counts them.
    """

    columns: tuple[tuple[str, ...], ...]
    size_pt: float
    height: float
    left_out: int = 0


def lay_out(figure: Figure, sheet: Sheet, *, left: float, right: float) -> Footer:
    """Return the footer of `sheet` between `left` and `right`, shares of the figure's width.

    The notices run through two columns and the credits close the second. Type shrinks until all
    fits; if the smallest is too large still, the last notices go and a line says how many.
    """
    notices = [sheet.type_.drawable(t, limit=600) for t in sheet.words.notices(sheet.result)]

    def fitted(size: float, shown: int) -> Footer:
        left_out = len(notices) - shown
        return _fitted(figure, sheet, notices[:shown], left_out, size, left, right)

    for size in SIZES_PT:
        found = fitted(size, len(notices))
        if found.height <= HEIGHT_MAX:
            return found
    # As many as fit at the least size; none at all is always taken.
    shown = bisect.bisect_left(
        range(1, len(notices)), True, key=lambda n: fitted(SIZES_PT[-1], n).height > HEIGHT_MAX
    )
    return fitted(SIZES_PT[-1], shown)


def draw(figure: Figure, sheet: Sheet, footer: Footer, *, left: float, right: float) -> None:
    """Write a footer that `lay_out` made for the same edges."""
    step = (right - left + GAP) / COLUMNS
    for place, lines in enumerate(footer.columns):
        sidebar.write(
            figure,
            sheet,
            (left + place * step, footer.height),
            "\n".join(lines),
            size=footer.size_pt,
            colour=MUTED,
        )


def _fitted(
    figure: Figure,
    sheet: Sheet,
    notices: list[str],
    left_out: int,
    size: float,
    left: float,
    right: float,
) -> Footer:
    width_in, height_in = figure.get_size_inches()
    column_pt = ((right - left + GAP) / COLUMNS - GAP) * width_in * 72
    lines: list[str] = []
    # Slack for hinting: a renderer may set a line a little wider than its outlines are.
    measure, limit = sheet.type_.measure(size), 0.97 * column_pt
    for paragraph in _paragraphs(sheet, notices, left_out):
        lines += labels.wrap(paragraph, limit, measure=measure).split("\n")
    rows = -(-len(lines) // COLUMNS)
    columns = tuple(tuple(lines[i : i + rows]) for i in range(0, len(lines), rows)) if rows else ()
    height = rows * size * LINE_SPACING / (height_in * 72) + BASE
    return Footer(columns=columns, size_pt=size, height=height, left_out=left_out)


def _paragraphs(sheet: Sheet, notices: list[str], left_out: int) -> list[str]:
    """Return the notices as one run of text, then the credits."""
    told = [f"{BULLET}{notice}" for notice in notices]
    if left_out:
        told.append(BULLET + sheet.type_.drawable(_more(sheet.words, left_out)))
    lead = sheet.type_.drawable(sheet.words("notice_lead"))
    run = " ".join([lead, *told]) if told else ""
    credits_ = sheet.type_.drawable(sidebar.sources_line(sheet.result, sheet.words), limit=600)
    return [text for text in (run, credits_) if text]


def _more(words: Words, n: int) -> str:
    return words.chart("more_notices", n=n)
