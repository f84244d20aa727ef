"""The compiled reader against the oracle, on logs of any dirt, however they are cut."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import geodata.calls as calls
from geodata.calls import stamps, text
from geodata.calls.reading import Part, Reading, TextForm
from geodata.errors import IslandResponseError
from tests.geodata.calls import oracle

RELAXED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# Columns: id, dial, answer, arrive, day, lon, lat, township, address (not read).
READING = Reading(
    columns=9,
    names=(),
    call_id=0,
    stamps=(1, 2, -1, -1, 3, -1, -1, -1),
    days=(4,),
    shared=0,
    lon=5,
    lat=6,
    texts=(-1, 7, -1, -1, -1, -1, -1, -1),
)
STAMP_TEXTS = st.sampled_from(
    [
        *("2024年3月5日14时02分33秒", "2024/3/5 14:02", "2024-03-05T06:02:33Z", "45356.5851"),
        *("23:59:50", "00:05", "下午2:02:33", "2024年3月5日 下午2:02", "1709618553", "2024-03-05"),
        *(
            "",
            " ",
            "-",
            "NULL",
            "无",
            "x",
            "24:00",
            "２０２４-０３-０５ １４：０２",
            "05/03/2024 1:02",
        ),
        *("1899-12-30 14:02:33", "0000-00-00 00:00:00", "'2024-3-5 1:2:3.25", "1986-07-01T00:00Z"),
    ]
)
WORDS = st.sampled_from(
    [
        "沈家门",
        " 朱家尖 ",
        "=1+1",
        "<b>",
        "",
        "null",
        "a,b",
        'say "hi"',
        "two\nlines",
        "'=x",
        "é\u3000",
    ]
)
NUMBERS = st.sampled_from(
    ["122.1", "29.95", "0", "", "-", "1e2", "181", "-91", "122.12345678901234567", "东经122", "+5."]
)
ENCODINGS = st.sampled_from(["utf-8", "gb18030"])
DIRT = st.sampled_from(
    [b"\x00", b'"', b"\n", b"\r", b"\xff", b"\xe6\x9c", b",", b"\xb0", b'",', b'"\n', b"|", b"\t"]
)


@st.composite
def cells(draw: st.DrawFn) -> list[str]:
    ids = draw(st.sampled_from(["A1", "甲-2", "", " 7 ", "N/A", '1"2']))
    stamped = [draw(STAMP_TEXTS) for _ in range(4)]
    return [ids, *stamped, draw(NUMBERS), draw(NUMBERS), draw(WORDS), draw(WORDS)]


@st.composite
def logs(draw: st.DrawFn, separator: str = ",") -> tuple[bytes, str]:
    """Return the bytes of a log without heading, mostly sound, with dirt strewn in."""
    encoding = draw(ENCODINGS)
    content = b""
    for row in draw(st.lists(cells(), max_size=8)):
        quote = draw(st.booleans())
        record = separator.join(
            '"' + c.replace('"', '""') + '"' if quote or set(c) & {separator, '"', "\n"} else c
            for c in row
        )
        content += record.encode(encoding) + draw(st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(content)))
        content = content[:at] + draw(DIRT) + content[at:]
    return content, encoding


def parts_of(
    content: bytes, form: TextForm, folder: Path, bytes_per_part: int, columns: int = 9
) -> list[Part]:
    path = folder / "log"
    path.write_bytes(b"heading\n" + content)
    reading = READING if columns == 9 else Reading(columns=columns, names=(), call_id=0)
    return text.parts(
        str(path),
        file=3,
        begin=8,
        line=2,
        reading=reading,
        form=form,
        bytes_per_part=bytes_per_part,
    )


def rows_of(parts: list[Part]) -> list[oracle.Row]:
    return [row for part in parts for row in calls.read(part).table().to_dicts()]


@RELAXED
@given(logs(), st.integers(1, 300))
def test_any_cut_gives_the_rows_of_the_oracle(log: tuple[bytes, str], step: int) -> None:
    content, encoding = log
    form = TextForm(encoding)
    with tempfile.TemporaryDirectory() as folder:
        whole = parts_of(content, form, Path(folder), 1 << 20)
        expected = [row for part in whole for row in oracle.rows(part)]
        assert rows_of(whole) == expected
        assert rows_of(parts_of(content, form, Path(folder), step)) == expected


@RELAXED
@given(logs("|"), st.integers(1, 300))
def test_pipes_inside_chinese_characters_are_no_separators(
    log: tuple[bytes, str], step: int
) -> None:
    content, encoding = log
    form = TextForm(encoding, ord("|"))
    with tempfile.TemporaryDirectory() as folder:
        whole = parts_of(content, form, Path(folder), 1 << 20)
        expected = [row for part in whole for row in oracle.rows(part)]
        assert rows_of(whole) == expected
        assert rows_of(parts_of(content, form, Path(folder), step)) == expected


@RELAXED
@given(
    st.lists(st.sampled_from([b'"', b",", b"\n", b"a", b'""', b"\r", b" ", b"\x00"]), max_size=60),
    st.integers(1, 20),
    st.integers(1, 3),
    st.sampled_from([10, 13]),
)
def test_quotes_and_breaks_in_any_order_cut_alike(
    pieces: list[bytes], step: int, columns: int, newline: int
) -> None:
    content, form = b"".join(pieces), TextForm("utf-8", ord(","), newline)
    with tempfile.TemporaryDirectory() as folder:
        whole = parts_of(content, form, Path(folder), 1 << 20, columns)
        expected = [row for part in whole for row in oracle.rows(part)]
        assert rows_of(whole) == expected
        assert rows_of(parts_of(content, form, Path(folder), step, columns)) == expected


SIGNS = "0123456789-/.:年月日时分秒上午下AMPTZ+ ,'，：０９　x\u00a0号點UTC"


@RELAXED
@given(
    st.lists(
        st.one_of(
            st.text(SIGNS, max_size=24),
            st.from_regex(
                r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[ T]\d{1,2}:\d\d(:\d\d(\.\d+)?)?"
                r"(Z| ?[+-]\d\d:?\d\d)?",
                fullmatch=True,
            ),
            st.from_regex(
                r"\d{4}年\d{1,2}月\d{1,2}日? ?(上午|下午)?\d{1,2}[时:]\d\d(分(\d\d秒?)?)?",
                fullmatch=True,
            ),
            st.from_regex(
                r"\d{1,2}[./-]\d{1,2}[./-](\d\d|20\d\d) \d\d:\d\d( ?[AP]M)?", fullmatch=True
            ),
            st.from_regex(r"(\d{5}|\d{8}|\d{10}|\d{12,14}|\d{16,18})(\.\d*)?", fullmatch=True),
            st.from_regex(
                r"20[0-4]\d(0\d|1[0-2])[0-3]\d[ T]?([01]\d|2[0-3])[0-5]\d[0-5]\d(Z|\+08)?",
                fullmatch=True,
            ),
            STAMP_TEXTS,
        ),
        min_size=1,
        max_size=30,
    ),
    ENCODINGS,
    st.integers(0, len(stamps.FORMATS) - 1),
)
def test_stamps_from_bytes_say_what_stamps_from_text_say(
    values: list[str], encoding: str, form: int
) -> None:
    assert_alike(values, encoding, form)


def assert_alike(values: list[str], encoding: str, form: int) -> None:
    from geodata.calls import frame

    grid = grid_of([[value.encode(encoding) for value in values]], encoding)
    found = frame.Stamped.room(1, len(values))
    frame.stamps_of(grid, [0], [form], found)
    for value, kind, second in zip(values, found.kinds[0], found.seconds[0], strict=True):
        expected = stamps.parse(value, form)
        assert (int(kind), int(second)) == tuple(expected), value


LAYOUTS = [
    "{y}年{m}月{d}日{H}时{M}分{S}秒",
    "{y}年{m:02}月{d:02}日 {H:02}:{M:02}",
    "{y}-{m:02}-{d:02} {H:02}:{M:02}:{S:02}",
    "{y}/{m}/{d} {H}:{M:02}:{S:02}.{f}",
    "{y}-{m:02}-{d:02}T{H:02}:{M:02}:{S:02}Z",
]
# Days and clocks that are none are among them, and dates that stand for no date.
MOMENTS = st.fixed_dictionaries(
    {
        "y": st.sampled_from([2024, 2023, 1899, 1900, 24, 20245]),
        "m": st.integers(0, 13),
        "d": st.sampled_from([1, 5, 28, 29, 30, 31, 32]),
        "H": st.sampled_from([0, 9, 23, 24]),
        "M": st.sampled_from([0, 7, 59, 60]),
        "S": st.sampled_from([0, 7, 59, 60]),
        "f": st.sampled_from(["0", "25", "999999"]),
    }
)


@RELAXED
@given(
    st.lists(st.tuples(st.sampled_from(LAYOUTS), MOMENTS), min_size=1, max_size=4),
    st.lists(st.integers(0, 15), min_size=1, max_size=60),
    ENCODINGS,
)
def test_stamps_written_like_the_one_before_say_what_the_slow_rule_says(
    some: list[tuple[str, dict[str, Any]]], order: list[int], encoding: str
) -> None:
    values = [some[i % len(some)] for i in order]
    # The same date again, at another minute.
    again = [
        layout.format(**{**moment, "M": (moment["M"] + i // 4) % 61})
        for i, (layout, moment) in zip(order, values, strict=True)
    ]
    assert_alike(again, encoding, 0)


def test_columns_read_together_are_read_as_each_alone() -> None:
    from geodata.calls import frame

    texts = [[f"2024-03-{d:02} 0{k}:00:{d:02}".encode() for d in range(1, 29)] for k in range(3)]
    grid = grid_of(texts, "utf-8")
    found = frame.Stamped.room(2, 28)
    frame.stamps_of(grid, [2, 0], [0, 0], found)
    for row, k in enumerate((2, 0)):
        expected = [stamps.parse(cell.decode(), 0).seconds for cell in texts[k]]
        assert found.seconds[row].tolist() == expected


@RELAXED
@given(
    st.lists(
        st.one_of(st.floats(), st.floats(0, 1e17), st.integers(0, 10**17).map(float)), min_size=1
    ),
    st.integers(0, len(stamps.FORMATS) - 1),
)
def test_numbers_say_what_the_slow_rule_says(values: list[float], form: int) -> None:
    import numpy as np

    from geodata.calls import stamp_loops

    kinds, seconds = np.empty(len(values), np.uint8), np.empty(len(values), np.int64)
    stamp_loops.parse_numbers(np.array(values), form, kinds, seconds)
    for value, kind, second in zip(values, kinds, seconds, strict=True):
        assert (int(kind), int(second)) == tuple(stamps.number(value, form)), value


def grid_of(columns: list[list[bytes]], encoding: str):  # type: ignore[no-untyped-def]
    """Return columns of texts as a reader hands them over, with other texts behind them."""
    import numpy as np

    from geodata.calls.frame import Grid

    ends = np.cumsum([len(c) for cells in columns for c in cells], dtype=np.int64)
    starts = ends - np.array([len(c) for cells in columns for c in cells])
    content = b"".join(c for cells in columns for c in cells) + b"2024-01-01 " * 20
    shape = (len(columns), -1)
    buffer = np.frombuffer(content, np.uint8).copy()
    return Grid(buffer, starts.reshape(shape), ends.reshape(shape), encoding)


@RELAXED
@given(logs(), st.integers(1, 300))
def test_any_window_gives_the_rows_of_the_oracle(log: tuple[bytes, str], window: int) -> None:
    content, encoding = log
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_WINDOW", window)
        whole = parts_of(content, TextForm(encoding), Path(folder), 1 << 20)
        assert rows_of(whole) == [row for part in whole for row in oracle.rows(part)]


@RELAXED
@given(st.binary(max_size=400), st.sampled_from(["csv", "xlsx", "xls", "parquet", "gz", "zip"]))
def test_any_bytes_are_rows_or_a_clear_refusal(content: bytes, suffix: str) -> None:
    heading = "流水号,受理时间,到达现场时间\n".encode()
    magic = {"xlsx": b"PK\x03\x04", "zip": b"PK\x03\x04", "gz": b"\x1f\x8b", "parquet": b"PAR1"}
    magic["xls"] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"log.{suffix}"
        path.write_bytes(magic.get(suffix, heading) + content)
        try:
            source = calls.open(path)
            tables = [calls.read(part).table() for part in source.parts()]
        except IslandResponseError:
            pass
        else:
            assert all(isinstance(table, pl.DataFrame) for table in tables)


@pytest.mark.parametrize("step", [1, 7, 40, 1000])
def test_line_numbers_are_physical_lines(tmp_path: Path, step: int) -> None:
    rows = [
        b'A,,,,,,,"one\ntwo\nthree",',
        b"B,,,,,,,,",
        b"",
        b"C,,,,,,,,",
        b'"D"" ,,,,,,,,',
        b"E,,,,,,,,",
    ]
    parts = parts_of(b"\n".join(rows), TextForm(), tmp_path, step)
    found = {row["call_id"] or row["row_fault"]: row["line"] for row in rows_of(parts)}
    assert found == {"A": 2, "B": 5, "C": 7, "open_quote": 8, "E": 9}
