"""Names on a map: none on another, none outside, none on a symbol; lines of text that fit."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from maps import fonts, labels

TYPE = fonts.choose("en")
POINTS = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0, 100), st.booleans()), min_size=1, max_size=25
)


def axes() -> tuple[Figure, object]:
    figure = Figure(figsize=(5, 5))
    FigureCanvasAgg(figure)
    ax = figure.add_axes((0.05, 0.05, 0.9, 0.9))
    ax.set_xlim(0, 100)
    ax.set_ylim(0, 100)
    return figure, ax


@settings(deadline=None, max_examples=40)
@given(POINTS)
def test_written_names_touch_neither_each_other_nor_frame_nor_obstacles(points: list) -> None:
    _, ax = axes()
    wanted = [
        labels.Label(text=f"Island {n}", x=x, y=y, reach_x=8, reach_y=8, size=8, inside=inside)
        for n, (x, y, inside) in enumerate(points)
    ]
    obstacle = Bbox.from_extents(100, 100, 160, 160)
    written = labels.place(ax, wanted, type_=TYPE, obstacles=[obstacle])
    boxes = [text.get_window_extent() for text in written]
    frame = ax.get_window_extent()
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    assert not any(box.overlaps(obstacle) for box in boxes)
    assert all(frame.x0 <= b.x0 and b.x1 <= frame.x1 and frame.y0 <= b.y0 for b in boxes)
    assert len(ax.texts) == len(written)


def test_a_single_name_is_written() -> None:
    _, ax = axes()
    label = labels.Label(text="Songyu", x=50, y=50, reach_x=8, reach_y=8, size=8)
    assert [t.get_text() for t in labels.place(ax, [label], type_=TYPE)] == ["Songyu"]


def test_dollar_signs_are_no_formula() -> None:
    figure, ax = axes()
    label = labels.Label(text="$\\frac{x", x=50, y=50, reach_x=8, reach_y=8, size=8)
    labels.place(ax, [label], type_=TYPE)
    figure.canvas.draw()  # would raise on broken mathtext


@settings(deadline=None, max_examples=40)
@given(st.text(alphabet="岛舟山，。 abcde", max_size=200), st.integers(8, 60))
def test_wrapping_keeps_the_text_and_the_width(text: str, columns: int) -> None:
    lines = labels.wrap(text, columns).split("\n")
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    longest_token = max([labels.width(t.rstrip()) for t in labels._tokens(text)], default=0)
    assert all(labels.width(line) <= max(columns, longest_token) for line in lines)


def test_no_line_begins_with_closing_punctuation() -> None:
    lines = labels.wrap("舟山群岛的急救反应时间，分区统计。" * 6, 20).split("\n")
    assert not any(line[0] in "，。" for line in lines)
