"""The pieces between bytes and the table: texts out of polars, categories, numbers, zones."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.calls import arrow, frame, table, texts, value_loops, zones
from geodata.calls.columns import Columns, Spans
from geodata.errors import InputError

# The first example of a loop waits for its compilation.
unhurried = settings(deadline=None)
TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=20)


def spans(cells: list[str], encoding: str = "utf-8") -> Spans:
    content = [cell.encode(encoding) for cell in cells]
    ends = np.cumsum([len(c) for c in content], dtype=np.int64)
    starts = ends - np.array([len(c) for c in content], np.int64)
    return Spans(np.frombuffer(b"".join(content), np.uint8).copy(), starts, ends, encoding)


@unhurried
@given(TEXTS, st.integers(0, 5), st.booleans())
def test_texts_come_out_of_polars_as_they_are(
    values: list[str | None], skip: int, twice: bool
) -> None:
    series = pl.Series(values, dtype=pl.String)
    series = (pl.concat([series, series], rechunk=False) if twice else series)[skip:]
    found = arrow.spans(series)
    assert [
        None if start < 0 else found.buffer[start:end].tobytes().decode()
        for start, end in zip(found.starts, found.ends, strict=True)
    ] == series.to_list()


@unhurried
@given(TEXTS, st.integers(0, 5), st.integers(1, 200), st.booleans())
def test_texts_are_visited_in_place_as_they_are(
    values: list[str | None], skip: int, times: int, shuffled: bool
) -> None:
    series = pl.concat([pl.Series(values, dtype=pl.String)] * times, rechunk=False)[skip:]
    series = series.shuffle(seed=1) if shuffled else series
    found: list[str | None] = [None] * len(series)
    seen = np.zeros(len(series), int)

    def use(rows: slice, texts: Spans) -> None:
        seen[rows] += 1
        found[rows] = [
            None if start < 0 else texts.buffer[start:end].tobytes().decode()
            for start, end in zip(texts.starts, texts.ends, strict=True)
        ]

    arrow.visit(series, use)
    assert (seen == 1).all()
    assert found == series.to_list()


@unhurried
@given(st.lists(st.text(st.sampled_from("ab 甲\u3000'=-"), max_size=4), max_size=50))
def test_categories_are_the_clean_texts(cells: list[str]) -> None:
    found, undecodable = frame.categories_of(spans(cells, "gb18030"))
    assert found.series().to_list() == [texts.category(cell) for cell in cells]
    assert not undecodable.any()


def test_categories_beyond_the_first_table_keep_apart() -> None:
    cells = [f"unit {i % 3000}" for i in range(9000)]
    assert frame.categories_of(spans(cells))[0].series().to_list() == cells


@unhurried
@given(st.lists(st.sampled_from(["", "甲", "乙港", "丙"]), max_size=30), st.integers(0, 3000))
def test_few_and_many_texts_are_numbered_like_each_column_alone(
    cells: list[str], many: int
) -> None:
    rows = len(cells)
    columns = [cells, [f"unit {i % max(many, 1)}" for i in range(rows)], cells[::-1]]
    whole = spans([c for column in columns for c in column])
    shape = (3, rows)
    starts, ends = whole.starts.reshape(shape), whole.ends.reshape(shape)
    codes, firsts, _, counts = room = value_loops.few(2, rows)
    for begin, stop in ((0, rows // 3), (rows // 3, rows)):
        chosen = np.array([2, 1])
        value_loops.encode_few(whole.buffer, starts, ends, chosen, begin, stop, *room)
    for k, column in enumerate((2, 1)):
        expected, first = value_loops.encode(whole.buffer, starts[column], ends[column])
        assert codes[k].tolist() == expected.tolist()
        assert firsts[k, : counts[k]].tolist() == first.tolist()


def test_a_column_of_too_many_texts_says_so() -> None:
    whole = spans([f"unit {i}" for i in range(1500)] + ["港"] * 1500)
    shape = (2, 1500)
    grid = whole.starts.reshape(shape), whole.ends.reshape(shape)
    codes, _, _, counts = room = value_loops.few(2, 1500)
    value_loops.encode_few(whole.buffer, *grid, np.array([0, 1]), 0, 1500, *room)
    assert counts.tolist() == [-1, 1]
    assert codes[1].tolist() == [0] * 1500


@unhurried
@given(TEXTS, st.integers(0, 5), st.integers(1, 300), st.booleans())
def test_texts_of_polars_are_numbered_apart(
    values: list[str | None], skip: int, times: int, shared: bool
) -> None:
    """`shared`: as from a dictionary page, like texts lie in one place."""
    texts_here = [v for _ in range(times) for v in values]
    if shared:
        series = pl.Series(values, dtype=pl.String).gather([*range(len(values))] * times)
    else:
        series = pl.Series(texts_here, dtype=pl.String)
    codes, firsts = arrow.numbers(series[skip:])
    found = [None if code < 0 else texts_here[skip:][firsts[code]] for code in codes]
    # What is blank has no number or one of its own; both mean nothing.
    assert [v or None for v in found] == [v or None for v in texts_here[skip:]]


def test_texts_are_numbered_by_place_only_where_they_are_few_at_first() -> None:
    """The first 4,096 rows say whether it pays; later ones may be any number."""
    late = ["甲"] * 5_000 + [f"text {i // 2}" for i in range(9_000)]
    found = arrow.numbers_by_place(pl.Series(late, dtype=pl.String))
    assert found is not None
    codes, firsts = found
    assert [late[firsts[code]] for code in codes] == late
    assert len(firsts) == 4_501
    assert arrow.numbers_by_place(pl.Series([f"text {i}" for i in range(5_000)])) is None


ID_CELLS = st.text(st.sampled_from("aNul-/\\# \t\n0é\u3000"), max_size=6)


@unhurried
@given(st.lists(ID_CELLS, max_size=12), st.booleans())
def test_identifiers_that_are_ascii_are_the_clean_texts(cells: list[str], feeds: bool) -> None:
    found = spans(cells)
    plain = all(cell.isascii() and (feeds or "\n" not in cell) for cell in cells)
    assert frame.take_blanks_away(found.buffer, found.starts, found.ends, feeds=feeds) == plain
    if plain:
        assert found.texts() == [texts.clean(cell) for cell in cells]


@unhurried
@given(st.lists(ID_CELLS, max_size=12), st.sampled_from(["utf-8", "gb18030"]))
def test_identifiers_are_the_clean_texts_on_one_line(cells: list[str], encoding: str) -> None:
    found, bad = frame.identifiers_of(spans(cells, encoding))
    assert found.texts() == [texts.clean(cell.replace("\n", " ")) for cell in cells]
    assert not bad.any()


def test_a_table_becomes_arrays_and_a_table_again() -> None:
    rows: list[dict[str, object]] = [
        {"file": 1, "line": 2, "call_id": "甲1", "dial_s": 5, "stamp_fault": 2, "lon": 122.1},
        {"file": 1, "line": 3, "post": "港", "place_fault": True, "row_fault": "nul"},
        {"file": 2, "line": 2, "call_id": "", "clear_s": -7, "lat": 29.9, "post": "山"},
    ]
    blank = dict.fromkeys(table.SCHEMA) | {"stamp_fault": 0, "place_fault": False}
    whole = pl.DataFrame([blank | row for row in rows], schema=table.SCHEMA)
    found = Columns.of(whole).table()
    assert found.schema == whole.schema
    assert found.to_dicts() == whole.to_dicts()
    assert Columns.of(table.empty()).table().equals(table.empty())


def test_texts_of_several_chunks_are_numbered_apart() -> None:
    pieces = [["港", None, "a long text, beyond a view"], ["港", "山"], ["山", None]]
    series = pl.concat([pl.Series(p, dtype=pl.String) for p in pieces], rechunk=False)
    codes, firsts = arrow.numbers(series)
    values = [value for piece in pieces for value in piece]
    assert [None if c < 0 else values[firsts[c]] for c in codes] == values


def test_a_long_text_is_cut_and_a_broken_line_joined() -> None:
    assert len(texts.category("x" * 300) or "") == texts.LONGEST
    assert texts.category(" a\nb\x00 ") == "a b"


@unhurried
@given(
    st.lists(
        st.one_of(
            st.floats(allow_nan=False, allow_infinity=False).map(repr),
            st.from_regex(r"[+-]?\d{0,20}\.?\d{0,25}", fullmatch=True),
            st.decimals(-180, 180, places=9).map(str),
        ),
        max_size=20,
    )
)
def test_degrees_are_the_nearest_floats(cells: list[str]) -> None:
    values, unread = frame.degrees_of(spans(cells))
    for cell, value, odd in zip(cells, values, unread, strict=True):
        expected = texts.coordinate(cell)
        assert odd == (expected is not None and math.isnan(expected))
        assert math.isnan(value) if expected is None or odd else value == expected, cell


def test_positions_beyond_the_earth_are_faults() -> None:
    lon = np.array([122.0, 181.0, 29.9, 0.0, np.nan, np.nan, np.inf])
    lat = np.array([29.9, 29.9, 122.0, 0.0, 29.9, np.nan, 1.0])
    x, y, fault = texts.positions(lon, lat, np.zeros(7, bool), "wgs84")
    assert fault.tolist() == [False, True, True, True, True, False, True]
    assert np.isnan(x).tolist() == np.isnan(y).tolist() == [False] + [True] * 6


@pytest.mark.parametrize("tz", ["Asia/Shanghai", "Europe/Malta", "Australia/Lord_Howe", "UTC"])
@unhurried
@given(moment=st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1)))
def test_clocks_of_zones(tz: str, moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    switches, offsets = zones.switches(tz)
    at = int(np.searchsorted(switches, int(moment.timestamp()), side="right")) - 1
    ahead = moment.astimezone(ZoneInfo(tz)).utcoffset()
    assert ahead == timedelta(seconds=int(offsets[at]))


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(InputError):
        zones.switches("../etc/passwd")
