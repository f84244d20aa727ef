"""One small log, worked out by hand, in every format and encoding: always the same table."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
import xlwt

import geodata.calls as calls
from geodata.calls.parquet import BYTES_PER_ROW
from geodata.calls.table import SCHEMA
from geodata.errors import InputError

# 2024-03-05 is day 19787 of 1970: 19787 × 86400 = 1709596800 s; 14:02:33 is 50553 s later.
NOON = 1_709_596_800 + 50_553
HEADINGS = ["流水号", "受理时间", "出车时间", "到达现场时间", "经度", "纬度", "乡镇", "病人姓名"]
# A plain call; one over midnight; one whose arrival cannot be read and whose place is blank.
RECORDS = [
    [
        *("C1", datetime(2024, 3, 5, 14, 2, 33), datetime(2024, 3, 5, 14, 3, 33)),
        *(datetime(2024, 3, 5, 14, 12, 33), 122.1, 29.95, "沈家门", "=SECRET()"),
    ],
    [
        *("C2", datetime(2024, 3, 5, 23, 59, 0), datetime(2024, 3, 6, 0, 0, 0)),
        *(datetime(2024, 3, 6, 0, 9, 0), 122.2, 30.0, "朱家尖", "<b>某</b>"),
    ],
    ["C3", datetime(2024, 3, 5, 14, 2, 33), None, "很快", None, None, "沈家门", ""],
]
EXPECTED = [
    {"call_id": "C1", "answer_s": NOON, "depart_s": NOON + 60, "arrive_s": NOON + 600}
    | {"stamp_fault": 0, "lon": 122.1, "lat": 29.95, "township": "沈家门"},
    {"call_id": "C2", "answer_s": 1_709_683_140, "depart_s": 1_709_683_200}
    | {
        "arrive_s": 1_709_683_740,
        "stamp_fault": 0,
        "lon": 122.2,
        "lat": 30.0,
        "township": "朱家尖",
    },
    {"call_id": "C3", "answer_s": NOON, "depart_s": None, "arrive_s": None}
    | {"stamp_fault": 16, "lon": None, "lat": None, "township": "沈家门"},
]


def chinese(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.year}年{value.month}月{value.day}日{value:%H时%M分%S秒}"
    return "" if value is None else str(value)


def text(separator: str = ",", end: str = "\n", cell: Callable[[object], str] = chinese) -> str:
    rows = [HEADINGS, *([cell(value) for value in record] for record in RECORDS)]
    return "".join(separator.join(row) + end for row in rows)


def rows(path: Path | str, **options: object) -> list[dict[str, object]]:
    source = calls.open(path, **options)  # type: ignore[arg-type]
    table = pl.concat([calls.read(part).table() for part in source.parts()])
    assert dict(table.schema) == SCHEMA
    return table.to_dicts()


def check(found: list[dict[str, object]], *, first_line: int = 2) -> None:
    assert [{key: row[key] for key in EXPECTED[0]} for row in found] == EXPECTED
    assert [row["line"] for row in found] == [first_line, first_line + 1, first_line + 2]
    assert all(row["row_fault"] is None and not row["place_fault"] for row in found)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-be"]
)
def test_text_in_every_encoding_and_separator(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    content = text(separator).encode(encoding)
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    (tmp_path / "log.csv").write_bytes(mark + content)
    check(rows(tmp_path / "log.csv"))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end(tmp_path: Path, end: str) -> None:
    (tmp_path / "log.csv").write_bytes(text(end=end).encode("gb18030"))
    check(rows(tmp_path / "log.csv"))


@pytest.mark.parametrize(
    "form",
    [
        *("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y.%m.%d %H:%M:%S"),
        *("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S+08:00", "%Y-%m-%d %H:%M:%S.250"),
    ],
)
def test_every_layout_of_stamps(tmp_path: Path, form: str) -> None:
    def cell(value: object) -> str:
        return value.strftime(form) if isinstance(value, datetime) else chinese(value)

    (tmp_path / "log.csv").write_text(text(cell=cell), "utf-8")
    check(rows(tmp_path / "log.csv"))


@pytest.mark.parametrize("unit", [1, 1000])
def test_epochs_are_utc_and_shown_on_the_local_clock(tmp_path: Path, unit: int) -> None:
    def cell(value: object) -> str:
        if isinstance(value, datetime):
            return str(int((value - datetime(1970, 1, 1)).total_seconds() - 8 * 3600) * unit)
        return chinese(value)

    (tmp_path / "log.csv").write_text(text(cell=cell), "utf-8")
    check(rows(tmp_path / "log.csv"))


def test_a_zone_other_than_shanghai_moves_stamps_with_an_offset_only(tmp_path: Path) -> None:
    log = "answer,arrive\n2024-03-05T14:02:33Z,2024-03-05 14:12:33\n"
    (tmp_path / "log.csv").write_text(log, "utf-8")
    (row,) = rows(tmp_path / "log.csv", tz="Europe/Malta")
    assert (row["answer_s"], row["arrive_s"]) == (NOON + 3600, NOON + 600)


def test_serials_as_text_count_from_1900_or_as_the_mapping_says(tmp_path: Path) -> None:
    # 25569 days lie between serial 0 and 1970-01-01, in the system of 1904 24107.
    log = f"answer,arrive\n{25569 + 19787 + 50553 / 86400:.10f},{25569 + 19787.6}\n"
    (tmp_path / "log.csv").write_text(log, "utf-8")
    (row,) = rows(tmp_path / "log.csv")
    assert (row["answer_s"], row["arrive_s"]) == (NOON, 1_709_596_800 + 51_840)
    told = calls.Mapping(
        {
            "answer": calls.Stamp(("answer",), format="excel1904"),
            "arrive": calls.Stamp(("arrive",), format="excel1904"),
        }
    )
    (row,) = rows(tmp_path / "log.csv", mapping=told)
    assert row["answer_s"] == NOON + (25569 - 24107) * 86400


def workbook(path: Path, *, from_1904: bool = False, serials: bool = False, above: int = 0) -> Path:
    with xlsxwriter.Workbook(path, {"date_1904": from_1904}) as book:
        book.add_worksheet("说明").write(0, 0, "120 急救记录")
        sheet = book.add_worksheet("记录")
        form = book.add_format({"num_format": "yyyy/m/d h:mm:ss"})
        if above:
            sheet.write(0, 0, "舟山市急救中心 2024 年出车记录")
        for row, record in enumerate([HEADINGS, *RECORDS]):
            for column, value in enumerate(record):
                if isinstance(value, datetime):
                    sheet.write_datetime(row + above, column, value, None if serials else form)
                elif value is not None:
                    sheet.write(row + above, column, value)
    return path


@pytest.mark.parametrize("from_1904", [False, True])
@pytest.mark.parametrize("serials", [False, True])
def test_workbooks_count_days_as_they_say(tmp_path: Path, from_1904: bool, serials: bool) -> None:
    path = workbook(tmp_path / "log.xlsx", from_1904=from_1904, serials=serials)
    check(rows(path))
    assert calls.open(path).files[0].name == "log.xlsx [记录]"


@pytest.mark.parametrize("draft", [False, True])
def test_a_sheet_of_calls_with_a_fault_is_not_passed_over(tmp_path: Path, *, draft: bool) -> None:
    path = tmp_path / "log.xlsx"
    sheets = {
        "一月": ["流水号", "受理时间", "到达现场时间"],
        "二月": ["流水号", "受理时间", "到达现场时间", "到现场时间"],
        "汇总": ["流水号", "受理时间", "次数"],
    }
    with xlsxwriter.Workbook(path) as book:
        for name, headings in sheets.items():
            book.add_worksheet(name).write_row(0, 0, headings)
    if draft:
        told = calls.draft(path)
        assert "keep_one" in told.text
        assert [f.key for f in told.left] == ["calls_ambiguous"]
        return
    with pytest.raises(InputError) as caught:
        calls.open(path)
    assert [(f.key, f.where) for f in caught.value.faults] == [
        ("calls_ambiguous", "log.xlsx [二月]")
    ]


def test_a_sheet_without_stamps_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("一月").write_row(0, 0, ["流水号", "受理时间", "到达现场时间"])
        book.add_worksheet("汇总").write_row(0, 0, ["流水号", "受理时间", "次数"])
    source = calls.open(path)
    assert [file.name for file in source.files] == ["log.xlsx [一月]"]
    assert ("calls_sheet_without_stamps", "log.xlsx [汇总]") in {
        (n.key, n.where) for n in source.notices
    }


def test_headings_below_a_title_are_found(tmp_path: Path) -> None:
    check(rows(workbook(tmp_path / "log.xlsx", above=3)), first_line=5)
    (tmp_path / "log.csv").write_bytes(("急救记录,,\n\n" + text()).encode("gb18030"))
    check(rows(tmp_path / "log.csv"), first_line=4)


def test_old_workbooks(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("记录")
    style = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
    for row, record in enumerate([HEADINGS, *RECORDS]):
        for column, value in enumerate(record):
            if isinstance(value, datetime):
                sheet.write(row, column, value, style)
            elif value is not None:
                sheet.write(row, column, value)
    book.save(str(tmp_path / "log.xls"))
    check(rows(tmp_path / "log.xls"))


def frame(stamps: str) -> pl.DataFrame:
    columns: dict[str, list[object]] = {h: [r[i] for r in RECORDS] for i, h in enumerate(HEADINGS)}
    if stamps == "text":
        return pl.DataFrame({h: [chinese(v) for v in c] for h, c in columns.items()})
    columns["到达现场时间"] = [
        v if isinstance(v, datetime) else None for v in columns["到达现场时间"]
    ]
    table = pl.DataFrame(columns)
    times = [pl.col(HEADINGS[i]) for i in (1, 2, 3)]
    if stamps == "zoned":
        return table.with_columns(
            t.dt.replace_time_zone("Asia/Shanghai").dt.convert_time_zone("America/Lima")
            for t in times
        )
    if stamps in ("ms", "ns"):
        return table.with_columns(t.dt.cast_time_unit(stamps) for t in times)  # type: ignore[arg-type]
    if stamps == "epoch":
        return table.with_columns(t.dt.epoch("s") - 8 * 3600 for t in times)
    return table.with_columns(t.dt.strftime("%Y%m%d%H%M%S").cast(pl.Int64) for t in times)


@pytest.mark.parametrize("stamps", ["text", "ms", "ns", "zoned", "epoch", "digits"])
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_parquet_with_every_kind_of_stamp(tmp_path: Path, stamps: str, step: int) -> None:
    path = tmp_path / "log.parquet"
    frame(stamps).write_parquet(path, row_group_size=2)
    source = calls.open(path)
    parts = source.parts(bytes_per_part=step)
    assert len(parts) == (3 if step == 1 else 1)
    found = pl.concat([calls.read(part).table() for part in parts]).to_dicts()
    if stamps != "text":
        found[2]["stamp_fault"] = 16  # A typed column has no text that could not be read.
    check(found)


def test_packed_files_read_as_what_they_hold(tmp_path: Path) -> None:
    content = text().encode("gb18030")
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(content))
    check(rows(tmp_path / "log.csv.gz"))
    with zipfile.ZipFile(tmp_path / "log.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2024/一月.csv", content)
        archive.write(workbook(tmp_path / "inner.xlsx"), "二月.xlsx")
        archive.writestr("__MACOSX/一月.csv", b"junk")
        archive.writestr("readme.md", b"# hello")
    source = calls.open(tmp_path / "log.zip")
    names = [file.name for file in source.files]
    assert names == ["log.zip / 2024/一月.csv", "log.zip / 二月.xlsx [记录]"]
    tables = [calls.read(part).table() for part in source.parts()]
    for table in tables:
        check(table.to_dicts())
    assert {n.key for n in source.notices} == {"calls_passed_over_one", "calls_sheet_passed_over"}


def test_an_archive_may_unpack_to_a_folder_that_stays(tmp_path: Path) -> None:
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(text().encode()))
    parts = calls.open(tmp_path / "log.csv.gz", unpack_to=tmp_path / "room").parts()
    check(calls.read(parts[0]).table().to_dicts())
    assert Path(parts[0].path).parent == tmp_path / "room"


def test_a_folder_or_pattern_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    (folder / "deep").mkdir(parents=True)
    (folder / "b.csv").write_text(text(), "utf-8")
    (folder / "a.tsv").write_text(text("\t"), "gb18030")
    (folder / "deep" / "c.csv").write_text(text(";"), "utf-16")
    (folder / "notes.docx").write_bytes(b"x")
    (folder / ".hidden.csv").write_bytes(b"x")
    source = calls.open(folder)
    assert [f.name for f in source.files] == ["a.tsv", "b.csv", "c.csv"]
    assert [(n.key, n.value) for n in source.notices] == [("calls_passed_over", 1)]
    assert [row["file"] for row in rows(folder)] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    pattern = calls.open([str(folder / "*.csv"), folder / "b.csv"])
    assert [f.name for f in pattern.files] == ["b.csv"]
    assert [n.key for n in pattern.notices] == ["calls_twice"]


def test_files_headed_differently_are_read_together(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("受理时间,到达现场时间\n2024-3-5 1:00,2024-3-5 1:09\n", "gbk")
    (tmp_path / "b.csv").write_text("Call Answered,On Scene\n2024-3-5 1:00,2024-3-5 1:08\n")
    source = calls.open(tmp_path)
    assert source.mapping.stamps["arrive"].columns == ("到达现场时间", "On Scene")
    found = rows(tmp_path, mapping=source.mapping)
    assert [row["arrive_s"] - row["answer_s"] for row in found] == [540, 480]  # type: ignore[operator]


def test_times_of_day_roll_over_midnight_with_the_phases(tmp_path: Path) -> None:
    log = (
        "日期,呼救时间,受理时间,出车时间,到达现场时间\n"
        "2024-03-05,23:58:00,23:58:30,00:01:00,00:12:00\n"
        "2024年3月5日,,23:59:50,23:59:40,11:05\n"
        "20240305,8:00,8:01,,\n"
        ",8:00,8:01,,\n"
    )
    (tmp_path / "log.csv").write_text(log, "utf-8")
    day = 1_709_596_800
    names = ("dial_s", "answer_s", "depart_s", "arrive_s", "stamp_fault")
    assert [tuple(row[name] for name in names) for row in rows(tmp_path / "log.csv")] == [
        (day + 86_280, day + 86_310, day + 86_460, day + 87_120, 0),
        # Ten seconds backwards is disorder, not a day; 11:05 is the next morning.
        (None, day + 86_390, day + 86_380, day + 86_400 + 39_900, 0),
        (day + 28_800, day + 28_860, None, None, 0),
        (None, None, None, None, 0b11),
    ]


def test_a_time_of_day_joins_the_full_stamps_of_its_row(tmp_path: Path) -> None:
    log = "dial,answer,arrive\n23:59:30,2024-03-06 00:00:10,00:09\n,,2024-03-05 12:00\n"
    (tmp_path / "log.csv").write_text(log, "utf-8")
    first, second = rows(tmp_path / "log.csv")
    assert [first[k] for k in ("dial_s", "answer_s", "arrive_s")] == [
        1_709_683_200 - 30,
        1_709_683_200 + 10,
        1_709_683_200 + 540,
    ]
    assert second["arrive_s"] == 1_709_640_000


def test_each_stamp_may_have_a_date_column_of_its_own(tmp_path: Path) -> None:
    log = "answer date,answer time,arrive date,arrive time\n2024-03-05,23:00,2024-03-07,01:00\n"
    (tmp_path / "log.csv").write_text(log, "utf-8")
    (row,) = rows(tmp_path / "log.csv")
    assert row["arrive_s"] - row["answer_s"] == 26 * 3600  # type: ignore[operator]


def test_date_and_time_cells_of_a_workbook(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "log.xlsx") as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy/m/d"})
        clock = book.add_format({"num_format": "h:mm:ss"})
        sheet.write_row(0, 0, ["日期", "受理时间", "到达现场时间"])
        sheet.write_datetime(1, 0, date(2024, 3, 5), day)  # type: ignore[arg-type]
        sheet.write_datetime(1, 1, time(23, 59, 0), clock)  # type: ignore[arg-type]
        sheet.write_datetime(1, 2, time(0, 9, 0), clock)  # type: ignore[arg-type]
    (row,) = rows(tmp_path / "log.xlsx")
    assert (row["answer_s"], row["arrive_s"]) == (1_709_683_140, 1_709_683_740)


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_positions_are_converted_to_wgs84(tmp_path: Path, system: str) -> None:
    from geodata import crs

    forward = crs.wgs84_to_gcj02(122.1, 29.95)
    lon, lat = forward if system == "gcj02" else crs.gcj02_to_bd09(*forward)
    log = f"answer,arrive,lon,lat\n2024-3-5 1:00,2024-3-5 1:09,{float(lon)!r},{float(lat)!r}\n"
    (tmp_path / "log.csv").write_text(log, "utf-8")
    (row,) = rows(tmp_path / "log.csv", crs=system)
    assert row["lon"] == pytest.approx(122.1, abs=1e-9)
    assert row["lat"] == pytest.approx(29.95, abs=1e-9)


def test_names_and_addresses_are_nowhere_in_the_table(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(text(), "utf-8")
    assert "SECRET" not in str(rows(tmp_path / "log.csv"))


def test_an_unknown_crs_or_zone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(text(), "utf-8")
    with pytest.raises(InputError, match="wgs84, gcj02, bd09"):
        calls.open(tmp_path / "log.csv", crs="cgcs")
    with pytest.raises(InputError, match="Asia/Shanghai"):
        calls.open(tmp_path / "log.csv", tz="Asia/Nowhere")


@pytest.mark.parametrize(
    ("asked", "expected"), [(30, [30, 30, 30, 10]), (20, [20] * 5), (70, [60, 40]), (200, [100])]
)
def test_parts_of_parquet_are_whole_row_groups_or_shares_of_one(
    tmp_path: Path, asked: int, expected: list[int]
) -> None:
    """Row groups have 30 rows, and 40 where half of that is asked for."""
    rows = 100
    stamp = pl.datetime_range(
        datetime(2024, 1, 1), datetime(2024, 1, 2), "1m", eager=True, time_unit="ms"
    ).head(rows)
    log = pl.DataFrame({"受理时间": stamp, "到达现场时间": stamp, "经度": [122.0] * rows})
    group = 40 if asked == 20 else 30
    log.write_parquet(tmp_path / "log.parquet", row_group_size=group)
    parts = calls.open(tmp_path / "log.parquet").parts(bytes_per_part=asked * BYTES_PER_ROW)
    assert [part.stop - part.start for part in parts] == expected
    assert sum(len(calls.read(part)) for part in parts) == rows
