"""Whatever stands in a file: no crash, and every line is used or rejected."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata import calls
from routing.audit import counting, result
from routing.audit.engine import Threads
from routing.audit.options import Options
from routing.audit.work import Store
from tests.routing.audit.records import Names

HEADINGS = ("呼叫编号", "受理时间", "派车时间", "到达现场时间", "经度", "纬度", "乡镇", "车牌号")
GOOD = ("A1", "2024-03-05 14:00:00", "2024-03-05 14:01:00", "2024-03-05 14:09:00", "122.1", "30.0",
        "镇", "1")  # fmt: skip
NASTY = st.one_of(
    st.sampled_from(
        ["", " ", "=cmd()", "<script>", "NULL", "-1", "24:00", "2024-13-45 99:99:99", "1e308",
         "nan", "2024-03-05 14:20:00", "0000-00-00 00:00:00", "'", '"', "\ufeff", "1709618400"]
    ),
    st.text(
        st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), max_size=12
    ),
)  # fmt: skip


@given(
    st.lists(
        st.lists(st.none() | NASTY, min_size=len(HEADINGS), max_size=len(HEADINGS)), max_size=12
    ),
    st.integers(1, 400),
)
@settings(max_examples=25, deadline=None)
def test_used_and_rejected_are_all_that_was_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str | None]], size: int
) -> None:
    folder = tmp_path_factory.mktemp("dirt")
    path = folder / "log.csv"
    lines = [[g if c is None else c for c, g in zip(row, GOOD, strict=True)] for row in rows]
    with path.open("w", encoding="utf-8", newline="") as file:
        # Three good lines first, so that the columns can be told.
        csv.writer(file).writerows([HEADINGS, GOOD, GOOD, GOOD, *lines])
    found = audited(path, folder / "work", size)
    assert found["read"] == 3 + len(lines)
    assert found["used"] + found["rejected"] == found["read"]
    assert sum(found["rejected_by_reason"].values()) == found["rejected"]
    assert found["rejected_by_reason"]["duplicate"] >= 2


def audited(path: Path, folder: Path, size: int) -> dict[str, int]:
    store, options, threads = Store(folder), Options(), Threads(2)
    store.open("dirt", resume=False)
    pieces = calls.open(path).parts(bytes_per_part=size)
    parts = counting.prepare(pieces, store, options, Names(), threads, lambda *_: None)
    bounds = {"main_urban": 660, "rural": 840}
    counted = counting.count(parts, options, bounds, threads, lambda *_: None)
    assert len(counting.rejected(counted)) == result.records(counted)["rejected"]
    return result.records(counted)
