"""The files of an audit: made-up records say so in each, and the workbook speaks one language."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import polars as pl
import pytest
import python_calamine

from geodata import catalogue, region
from routing import audit
from routing.audit import outputs, sample
from routing.audit.causes import CAUSES
from routing.audit.class_times import CLASSES
from routing.audit.phases import MEASURES
from tests.routing import toy
from tests.routing.audit import logs

COMPARED = ("2023-01..2023-12", "2024-01..2024-12")
# Files without rows of their own: each says in its own words what the records are, or nothing of
# them at all.
NO_TABLES = {"result.json", "calibration.toml", "mapping.toml", "run.json", "audit.xlsx"}
# What calls of a log are named is the log's own affair; so are names of places in English.
OF_THE_LOG = {"=1+1", "<script>"}


@pytest.fixture(scope="module")
def isles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("群岛") / "toy.gpkg"
    region.save(toy.archipelago(), path)
    return path


@pytest.fixture(scope="module")
def rows() -> list[list[Any]]:
    """Records of a region's own posts, so that the model has something to compare."""
    place = toy.archipelago()
    names = place.posts["name_zh"].tolist()
    at = logs.HEADINGS.index("急救站")
    found = logs.many(place.demand, 1_500)
    return [[*row[:at], names[i % len(names)], *row[at + 1 :]] for i, row in enumerate(found)]


@pytest.fixture(scope="module")
def recorded(rows: list[list[Any]], isles: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    log = logs.write(folder / "log.csv", rows)
    audit.run(log, out=folder / "out", region=isles, compare=COMPARED, lang="zh")
    return folder / "out"


@pytest.fixture(scope="module")
def made_up(rows: list[list[Any]], isles: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same records, with the column by which a simulated log is known."""
    folder = tmp_path_factory.mktemp("made_up")
    with (folder / "log.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*logs.HEADINGS, sample.MARK])
        writer.writerows([*row, sample.SIMULATED] for row in rows)
    out = folder / "out"
    found = audit.run(folder / "log.csv", out=out, region=isles, compare=COMPARED, lang="en")
    assert found.result["synthetic"] is True
    return out


def table(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text("utf-8-sig").splitlines()))


def sheets(path: Path) -> Mapping[str, list[list[Any]]]:
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_every_csv_of_made_up_records_says_so_in_its_last_column(
    made_up: Path, recorded: Path
) -> None:
    names = {path.name for path in made_up.glob("*.csv")}
    expected = {"overall.csv", "by_zone.csv", "causes.csv", "distribution.csv", "modelled.csv",
                "places.csv", "rejected.csv"}  # fmt: skip
    assert expected <= names
    for name in names:
        head, *body = table(made_up / name)
        assert head[-1] == "synthetic", name
        assert {row[-1] for row in body} == {"yes"}, name
        # But for that column the figures are those of the same records unmarked.
        assert [row[:-1] for row in (head, *body)] == table(recorded / name), name


def test_other_files_of_made_up_records_say_so(made_up: Path) -> None:
    rejected = pl.read_parquet(made_up / "rejected.parquet")
    assert rejected.columns[-1] == "synthetic"
    assert rejected["synthetic"].dtype == pl.Boolean
    assert rejected["synthetic"].all()
    places = gpd.read_file(made_up / "tables.gpkg")
    assert [c for c in places.columns if c != "geometry"][-1] == "synthetic"
    assert places["synthetic"].dtype == bool
    assert len(places)
    assert places["synthetic"].all()


def test_no_new_file_goes_unmarked(made_up: Path) -> None:
    known = NO_TABLES | {"rejected.parquet", "tables.gpkg"}
    others = {path.name for path in made_up.iterdir()} - known
    assert all(name.endswith(".csv") for name in others), others


def test_the_workbook_of_made_up_records_says_so_on_every_sheet(made_up: Path) -> None:
    warning = catalogue.text("audit.notice.synthetic", "en")
    found = sheets(made_up / "audit.xlsx")
    assert len(found) > 10
    for name, cells in found.items():
        assert cells[0][0] == warning, name
        assert cells[1][0] != warning, name
    with zipfile.ZipFile(made_up / "audit.xlsx") as book:
        about = book.read("docProps/core.xml").decode()
        pages = [book.read(n).decode() for n in book.namelist() if "worksheets/sheet" in n]
    assert warning in about
    assert "[Simulated data]" in about
    assert all(f"<oddHeader>&amp;C{warning}" in page for page in pages)
    # The line above the headings stays in sight with them.
    assert all('ySplit="2"' in page for page in pages)


def test_recorded_calls_are_marked_nowhere(recorded: Path) -> None:
    for path in recorded.glob("*.csv"):
        assert "synthetic" not in path.read_text("utf-8-sig").splitlines()[0], path.name
    assert "synthetic" not in pl.read_parquet(recorded / "rejected.parquet").columns
    assert "synthetic" not in gpd.read_file(recorded / "tables.gpkg").columns
    warning = catalogue.text("audit.notice.synthetic", "zh")
    cells = [cell for rows in sheets(recorded / "audit.xlsx").values() for r in rows for cell in r]
    assert warning not in cells
    with zipfile.ZipFile(recorded / "audit.xlsx") as book:
        assert warning not in book.read("docProps/core.xml").decode()


def test_the_chinese_workbook_holds_no_word_of_a_program(recorded: Path) -> None:
    found = sheets(recorded / "audit.xlsx")
    assert {"结论", "各环节", "时期比较", "超时原因", "实际与模型", "反应时间分布"} <= set(found)
    ids = {*toy.archipelago().islands["island_id"]}
    for name, cells in found.items():
        assert not re.search("[a-z]", name), name
        head, *body = cells
        named = {i for i, title in enumerate(head) if title == "英文名"}
        for row in (head, *body):
            for column, cell in enumerate(row):
                if not isinstance(cell, str) or column in named or cell in OF_THE_LOG:
                    continue
                if name == "岛" and column == 0 and cell in ids:
                    continue
                assert not re.search("[a-z_]{2,}", cell.replace("p 值", "")), (name, cell)


def test_the_english_workbook_holds_no_key(made_up: Path) -> None:
    keys = {*CAUSES, *MEASURES, *CLASSES} - {"turnout", "travel", "motorway", "weather", "ferry",
                                             "scene", "transport"}  # fmt: skip
    for name, cells in sheets(made_up / "audit.xlsx").items():
        for row in cells:
            for cell in row:
                if isinstance(cell, str) and cell not in OF_THE_LOG:
                    assert not re.search("[a-z]_[a-z]", cell), (name, cell)
                    assert cell not in keys, (name, cell)


def test_causes_and_classes_of_road_read_in_words(recorded: Path) -> None:
    found = sheets(recorded / "audit.xlsx")
    cause = found["超时原因"][0].index("原因")
    words = {catalogue.text(f"audit_causes.cause.{key}", "zh") for key in CAUSES}
    assert {row[cause] for row in found["超时原因"][1:]} <= words | {""}
    phases = [row[2] for row in found["各环节"][1:]]
    assert "受理（接听至派车）" in phases
    assert ["合计", "合计"] in [row[:2] for row in found["实际与模型"][1:]]
    # CSV is for programs: its keys stay.
    assert table(recorded / "causes.csv")[0][:3] == ["by", "group", "late_calls"]
    assert "distance" in (recorded / "causes.csv").read_text("utf-8-sig")


@pytest.mark.parametrize("lang", catalogue.LANGUAGES)
def test_every_key_of_ours_has_a_word(lang: str) -> None:
    frame = pl.DataFrame({"by": "road_class", "group": list(CLASSES)})
    groups = outputs.worded(frame, {}, lang)["group"].to_list()
    assert len(set(groups)) == len(CLASSES)
    assert "synthetic" not in groups
    if lang == "zh":
        assert not [g for g in groups if re.search("[a-z]", g)]
    for column, keys in (("cause", CAUSES), ("measure", MEASURES)):
        words = outputs.worded(pl.DataFrame({column: list(keys)}), {}, lang)[column].to_list()
        assert len(set(words)) == len(keys)
        assert not [w for w in words if "_" in w]


def test_islands_of_one_name_are_told_apart() -> None:
    rows = pl.DataFrame({"island": ["a", "b", "c"], "name_zh": ["大山", "大山", "甲岛"]})
    stub: Any = SimpleNamespace(rows=rows)
    names = outputs._island_names({"island": stub}, "zh")
    assert names == {"a": "大山 (a)", "b": "大山 (b)", "c": "甲岛"}
    frame = pl.DataFrame({"by": ["island", "island", "post", "hour"],
                          "group": ["a", None, "a", "07"]})  # fmt: skip
    found = outputs.worded(frame, names, "zh")
    assert found["group"].to_list() == ["大山 (a)", None, "a", "07"]
    assert found["by"].to_list() == ["岛", "岛", "急救点", "时（起点）"]
