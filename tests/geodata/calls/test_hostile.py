"""Files that are broken, foreign or malicious: refused clearly, or read with faults in place."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

import geodata.calls as calls
from geodata.calls import archives, record_loops, sniff
from geodata.calls.archives import Limits
from geodata.errors import InputError

HEADING = "流水号,受理时间,到达现场时间,乡镇\n"
ROW = "C1,2024-03-05 14:02:33,2024-03-05 14:12:33,沈家门\n"


def refused(path: Path, **options: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        calls.open(path, **options)  # type: ignore[arg-type]
    for lang in ("zh", "en"):
        assert "Traceback" not in caught.value.text(lang)
    return [fault.key for fault in caught.value.faults]


def table(path: Path, step: int = 1 << 20) -> pl.DataFrame:
    parts = calls.open(path).parts(bytes_per_part=step)
    return pl.concat([calls.read(part).table() for part in parts])


def put(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "calls_empty"),
        (b"\n \n", "calls_empty"),
        (b"\xef\xbb\xbf", "calls_empty"),
        (b"hello\nworld\n", "calls_heading"),
        (b"Rar!\x1a\x07\x00", "calls_kind"),
        (b"%PDF-1.7", "calls_kind"),
        (b"<?xml version='1.0'?><Workbook/>", "calls_kind"),
        (b"\xef\xbb\xbf  <!DOCTYPE html><table>", "calls_web_page"),
        (b"\x00" * 5000, "calls_kind"),
        (b"PAR1 and nothing else", "calls_parquet"),
        (b"PK\x03\x04 and nothing else", "calls_packed_broken"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "calls_sheet_broken"),
    ],
)
def test_what_is_no_log_is_refused_by_what_it_is(tmp_path: Path, content: bytes, key: str) -> None:
    assert refused(put(tmp_path / "log.csv", content)) == [key]


def test_nothing_at_all_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.csv") == ["calls_missing"]
    assert refused(tmp_path / "*.csv") == ["calls_missing"]
    assert refused(tmp_path) == ["calls_folder_empty"]


def test_a_wrong_ending_does_not_matter(tmp_path: Path) -> None:
    assert len(table(put(tmp_path / "log.xls", HEADING + ROW))) == 1
    with xlsxwriter.Workbook(tmp_path / "book.csv") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADING.strip().split(","))
        sheet.write_row(1, 0, ROW.strip().split(","))
    assert table(tmp_path / "book.csv")["township"].to_list() == ["沈家门"]


def test_headings_alone_are_no_rows_and_a_notice(tmp_path: Path) -> None:
    source = calls.open(put(tmp_path / "log.csv", HEADING))
    assert source.parts() == []
    assert [notice.key for notice in source.notices] == ["calls_no_records"]


def test_a_million_columns_are_refused(tmp_path: Path) -> None:
    wide = ",".join(["受理时间", "到达时间", *(f"c{i}" for i in range(10**6))])
    assert refused(put(tmp_path / "log.csv", wide + "\n1\n")) == ["calls_heading_long"]
    wide = ",".join(["受理时间", "到达时间", *(f"c{i}" for i in range(10**5))])
    assert refused(put(tmp_path / "log.csv", wide + "\n1\n")) == ["calls_columns"]
    frame = pl.DataFrame({f"c{i}": [1] for i in range(sniff.COLUMNS + 1)})
    frame.write_parquet(tmp_path / "log.parquet")
    assert refused(tmp_path / "log.parquet") == ["calls_columns"]


def test_a_heading_needed_twice_is_refused(tmp_path: Path) -> None:
    log = "受理时间,到达时间,到达时间\n2024-3-5 1:00,2024-3-5 1:01,2024-3-5 1:02\n"
    assert refused(put(tmp_path / "log.csv", log)) == ["calls_column_twice"]
    told = calls.Mapping(
        {"answer": calls.Stamp(("受理时间",)), "arrive": calls.Stamp(("到达时间",))}
    )
    assert refused(tmp_path / "log.csv", mapping=told) == ["calls_column_twice"]


def test_faults_of_all_files_are_said_at_once(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", "")
    put(tmp_path / "b.csv", "受理时间,乡镇\n")
    put(tmp_path / "c.csv", HEADING + ROW)
    assert refused(tmp_path) == ["calls_empty", "calls_no_arrive"]


def test_columns_without_stamps_are_refused_before_reading(tmp_path: Path) -> None:
    log = "受理时间,到达时间\n2024-03-05,soon\n2024-03-06,later\n"
    assert refused(put(tmp_path / "log.csv", log)) == ["calls_date_only", "calls_not_stamps"]
    log = "受理时间,到达时间\n14:02,14:12\n"
    assert refused(put(tmp_path / "log.csv", log)) == ["calls_no_date"]


def test_faulty_records_stay_in_place_and_say_why(tmp_path: Path) -> None:
    good = ROW.encode("gb18030")
    content = b"".join(
        [
            HEADING.encode("gb18030"),
            good,
            b"C2,2024-03-05 14:02:33\n",
            good.replace(b"C1", b"C\x003"),
            good.replace("沈家门".encode("gb18030"), b"\xff\xff"),
            b'C5,"2024-03-05 14:02:33,x,y\n',
            good.replace(b"\n", b",,,\r\n"),
            b",,,\n\n",
            good.replace(b"\n", b",more\n"),
            good.rstrip(b"\n"),
        ]
    )
    found = table(put(tmp_path / "log.csv", content), 30)
    assert found["line"].to_list() == [2, 3, 4, 5, 6, 7, 10, 11]
    assert found["row_fault"].to_list() == [
        *(None, "fields", "nul", "encoding", "open_quote", None, "fields", None)
    ]
    assert found["call_id"].to_list() == ["C1", None, None, "C1", None, "C1", None, "C1"]


def test_formulas_and_pages_in_fields_are_mere_text(tmp_path: Path) -> None:
    row = '"=HYPERLINK(""http://x"",""y"")",2024-03-05 14:02,2024-03-05 14:12,<script>1</script>\n'
    found = table(put(tmp_path / "log.csv", HEADING + row))
    assert found["call_id"].to_list() == ['=HYPERLINK("http://x","y")']
    assert found["township"].to_list() == ["<script>1</script>"]


def test_a_stray_quote_costs_one_record_only(tmp_path: Path) -> None:
    rows = [ROW] * 50 + ['"' + ROW] + [ROW] * 50 + [ROW.replace("沈", '"沈')] + [ROW] * 50
    found = table(put(tmp_path / "log.csv", HEADING + "".join(rows)), 200)
    assert len(found) == 152
    assert found.filter(pl.col("row_fault") == "open_quote")["line"].to_list() == [52, 103]


@pytest.mark.parametrize("step", [1 << 14, 1 << 20, 1 << 30])
def test_a_line_without_end_is_one_faulty_record(tmp_path: Path, step: int) -> None:
    long = b"x" * (record_loops.LINE_LIMIT * 5 // 2)
    content = (HEADING + ROW).encode() + long + b"\n" + ROW.encode() + b'"' + long
    parts = calls.open(put(tmp_path / "log.csv", content)).parts(bytes_per_part=step)
    assert all(part.limit <= step + record_loops.LINE_LIMIT + 2 for part in parts)
    found = pl.concat([calls.read(part).table() for part in parts])
    assert found["row_fault"].to_list() == [None, "too_long", None, "too_long"]
    assert found["line"].to_list() == [2, 3, 4, 5]


def test_a_field_over_many_lines_ends_at_the_limit(tmp_path: Path) -> None:
    inside = "line\n" * (record_loops.QUOTED_LIMIT // 5 + 1)
    within = "line\n" * 1000
    content = HEADING + ROW.replace("沈家门", f'"{within}"') + ROW
    found = table(put(tmp_path / "log.csv", content), 3000)
    assert found["line"].to_list() == [2, 1003]
    content = HEADING + ROW.replace("沈家门", f'"{inside}"')
    found = table(put(tmp_path / "log.csv", content), 3000)
    assert found["row_fault"].to_list()[0] == "open_quote"
    # The first line is at fault, and the last holds a quote only, which is no record.
    assert len(found) == inside.count("\n")


def test_mixed_encodings_are_noticed_and_undecodable_rows_kept(tmp_path: Path) -> None:
    content = (HEADING + ROW * 9).encode("gb18030") + ROW.replace("沈家门", "é").encode() * 3
    source = calls.open(put(tmp_path / "log.csv", content))
    assert source.files[0].form.encoding == "gb18030"
    assert len(table(tmp_path / "log.csv")) == 12


def test_bytes_that_cannot_be_decoded_matter_in_columns_that_are_used_only(tmp_path: Path) -> None:
    heading = "受理时间,到达时间,乡镇,电话\n".encode()
    place, phone, whole = (
        b"2024-3-5 1:00,2024-3-5 1:09," + rest
        for rest in (b"\xff\xfe,1\n", b"Putuo,\xff\xfe\n", "普陀,1\n".encode())
    )
    path = put(tmp_path / "log.csv", heading + place + phone + whole * 9)
    assert table(path)["row_fault"].to_list() == ["encoding", *[None] * 10]
    (notice,) = calls.open(path).notices
    assert notice.key == "calls_mixed"
    assert "used" in notice.text("en")
    assert "所用" in notice.text("zh")


def test_the_encoding_shows_late_in_the_file(tmp_path: Path) -> None:
    row = "C1,2024-03-05 14:02:33,2024-03-05 14:12:33,Putuo\n"
    many = sniff.SAMPLE // len(row) + 10
    content = ("id,answer,arrive,township\n" + row * many + row.replace("Putuo", "普陀")).encode(
        "gbk"
    )
    assert table(put(tmp_path / "log.csv", content))["township"][-1] == "普陀"


def test_truncated_and_corrupt_packed_files_are_refused(tmp_path: Path) -> None:
    packed = gzip.compress((HEADING + ROW * 1000).encode())
    assert refused(put(tmp_path / "a.gz", packed[:-20])) == ["calls_truncated"]
    assert refused(put(tmp_path / "b.gz", packed[:40] + b"\xff" * 40 + packed[80:])) == [
        "calls_packed_broken"
    ]
    with zipfile.ZipFile(tmp_path / "c.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", HEADING + ROW * 1000)
    content = (tmp_path / "c.zip").read_bytes()
    put(tmp_path / "c.zip", content[:50] + b"\xff" * 9 + content[59:])
    assert refused(tmp_path / "c.zip") == ["calls_packed_broken"]


def test_bombs_are_refused(tmp_path: Path) -> None:
    tight = Limits(ratio_from=1 << 16, unpacked=1 << 22, entries=3, book=1 << 20)
    zeros = b"0" * (1 << 21)
    assert refused(put(tmp_path / "a.gz", gzip.compress(zeros)), limits=tight) == [
        "calls_bomb_ratio"
    ]
    assert refused(put(tmp_path / "b.gz", gzip.compress(zeros * 3, 0)), limits=tight) == [
        "calls_bomb_size"
    ]
    with zipfile.ZipFile(tmp_path / "c.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", zeros)
    assert refused(tmp_path / "c.zip", limits=tight) == ["calls_bomb_ratio"]
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        for i in range(4):
            archive.writestr(f"{i}.csv", HEADING)
    assert refused(tmp_path / "d.zip", limits=tight) == ["calls_bomb_entries"]


def test_an_archive_in_an_archive_is_refused(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.csv", HEADING + ROW)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("b.zip", inner.getvalue())
    assert refused(tmp_path / "a.zip") == ["calls_nested"]
    put(tmp_path / "b.gz", gzip.compress(gzip.compress(ROW.encode())))
    assert refused(tmp_path / "b.gz") == ["calls_nested"]


def test_a_member_that_leads_out_of_the_folder_stays_inside(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../../evil.csv", HEADING + ROW)
    source = calls.open(tmp_path / "a.zip", unpack_to=tmp_path / "room")
    assert [p.name for p in (tmp_path / "room").iterdir()] == ["unpacked-1"]
    assert not (tmp_path.parent / "evil.csv").exists()
    assert source.files[0].name == "a.zip / ../../evil.csv"


def test_password_protected_files_are_refused(tmp_path: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 1000
    content = ole + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 1000
    assert refused(put(tmp_path / "a.xlsx", content)) == ["calls_sheet_password"]
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("a.csv", HEADING)
    raw = bytearray((tmp_path / "b.zip").read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = raw.find(mark) + offset
        raw[at : at + 2] = struct.pack("<H", 1)
    assert refused(put(tmp_path / "b.zip", bytes(raw))) == ["calls_packed_password"]


def test_workbooks_that_unpack_to_too_much_are_refused(tmp_path: Path) -> None:
    tight = Limits(book=1 << 20)
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (1 << 22))
    assert refused(tmp_path / "a.xlsx", limits=tight) == ["calls_bomb_size"]


def test_a_workbook_that_lies_about_its_size_is_found_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (1 << 22))
    raw = (tmp_path / "a.xlsx").read_bytes()
    put(tmp_path / "a.xlsx", raw.replace(struct.pack("<I", 1 << 22), struct.pack("<I", 10)))
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert sum(info.file_size for info in archive.infolist()) < 100
    assert refused(tmp_path / "a.xlsx", limits=Limits(book=1 << 20)) == ["calls_bomb_size"]


def test_counting_stops_at_the_limit() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(b"\x00" * (50 << 20)) + packer.flush()
    counted = archives._inflated(io.BytesIO(packed), len(packed), 1 << 20)
    assert 1 << 20 < counted <= 6 << 20


def test_a_workbook_without_calls_or_the_sheet_is_refused(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        book.add_worksheet("x").write(0, 0, "hello")
    assert refused(tmp_path / "a.xlsx") == ["calls_sheet_without_calls"]
    told = calls.Mapping({"answer": calls.Stamp(("a",))}, sheet="y")
    assert refused(tmp_path / "a.xlsx", mapping=told) == ["calls_no_sheet"]


def test_parquet_columns_that_hold_no_stamps_are_refused(tmp_path: Path) -> None:
    frame = pl.DataFrame({"answer": [[1]], "arrive": [True], "lon": [1.0], "lat": [1.0]})
    frame.write_parquet(tmp_path / "a.parquet")
    assert refused(tmp_path / "a.parquet") == ["calls_column_type"] * 2


def test_a_file_that_goes_away_is_an_input_error(tmp_path: Path) -> None:
    (part,) = calls.open(put(tmp_path / "log.csv", HEADING + ROW)).parts()
    (tmp_path / "log.csv").unlink()
    with pytest.raises(InputError, match="no such file"):
        calls.read(part).table()
