"""The command audit, from the command line to the files."""

from __future__ import annotations

import csv
import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from geodata import catalogue, region
from routing.audit import options
from routing.cli import audit, main
from tests.maps.pagecheck import Page
from tests.routing import toy
from tests.routing.audit import logs

TABLES = {
    "overall", "by_zone", "by_county", "by_township", "by_island", "by_post", "by_vehicle_kind",
    "by_call_type", "by_priority", "by_month", "by_hour", "by_weekday", "by_weekday_hour",
    "by_zone_month", "causes", "distribution", "modelled", "places", "rejected",
}  # fmt: skip
OTHERS = {"audit.docx", "audit.html", "audit.xlsx", "calibration.toml", "mapping.toml",
          "rejected.parquet", "result.json", "run.json", "tables.gpkg"}  # fmt: skip


@pytest.fixture(scope="module")
def isles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("群岛 data") / "玩具.gpkg"
    region.save(toy.archipelago(), path)
    return path


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = logs.many(toy.archipelago().demand, 600)
    return logs.write(tmp_path_factory.mktemp("记录") / "出诊记录.csv", rows, encoding="gb18030")


@pytest.fixture(scope="module")
def results(isles: Path, log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("结果") / "审核"
    given = ["--lang", "zh", "--region", str(isles), "audit", str(log), "--out", str(out)]
    assert main(given) == 0
    return out


def test_every_promised_file_is_there_and_nothing_else(results: Path) -> None:
    assert {p.name for p in results.iterdir()} == {f"{name}.csv" for name in TABLES} | OTHERS


def test_the_page_holds_the_verdict_and_no_foreign_thing(results: Path) -> None:
    page = Page((results / "audit.html").read_text("utf-8"))
    found = json.loads((results / "result.json").read_text("utf-8"))
    assert not page.foreign()
    assert not page.handlers
    assert "主城区" in page.text
    assert f"{found['zones']['main_urban']['mean_min']:.1f}" in page.text
    assert "<script>" not in page.text.replace("&lt;", "<") or "script" not in page.tags


def test_run_record_names_inputs_and_outputs(results: Path) -> None:
    found = json.loads((results / "run.json").read_text("utf-8"))
    assert {"region", "calls_1"} <= set(found["inputs"])
    assert len(found["inputs"]["calls_1"]["sha256"]) == 64
    assert set(found["outputs"]) == {p.name for p in results.iterdir()} - {"run.json"}
    assert found["duration_s"] > 0


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_summary_tells_records_verdicts_and_norms(results: Path, lang: str) -> None:
    found = json.loads((results / "result.json").read_text("utf-8"))
    lines = audit.summary_lines(found, lang)
    assert "600" in lines[0]
    told = "\n".join(lines)
    for words in (("主城区", "农村地区", "国家规范"), ("main urban area", "rural area", "norm"))[
        lang == "en"
    ]:
        assert words in told


def test_check_ends_with_one_where_a_target_is_missed(
    isles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town = toy.archipelago().demand.geometry.iloc[0]
    at = datetime(2024, 3, 5, 14)
    for name, arrive, code in (("good", 600, 0), ("bad", 1_200, 1)):
        rows = [logs.row(i, at, (town.x, town.y), 到达现场时间=arrive) for i in range(6)]
        path = logs.write(tmp_path / f"{name}.csv", rows)
        out = str(tmp_path / name)
        assert main(["--region", str(isles), "audit", str(path), "--out", out, "--check"]) == code
    capsys.readouterr()


def test_the_mapping_is_printed_and_read_back(
    isles: Path, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", str(log), "--print-mapping"]) == 0
    text = capsys.readouterr().out
    assert "到达现场时间" in text
    mapping = tmp_path / "map.toml"
    mapping.write_text(text.replace('call_type = "呼叫类型"', ""), "utf-8")
    out = tmp_path / "out"
    given = [
        "--region",
        str(isles),
        "audit",
        str(log),
        "--out",
        str(out),
        "--mapping",
        str(mapping),
    ]
    assert main(given) == 0
    found = json.loads((out / "result.json").read_text("utf-8"))
    assert set(found["groups"]["call_type"]) == {"(unknown)"}


def test_an_ambiguous_mapping_is_printed_edited_and_read_back(
    isles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = logs.write(tmp_path / "log.csv", logs.many(toy.archipelago().demand, 60))
    log.write_text(log.read_text("utf-8").replace("离开现场时间", "到达时间"), "utf-8")
    ask = ["--lang", "en", "--region", str(isles), "audit", str(log)]
    assert main([*ask, "--out", str(tmp_path / "no")]) == 2
    assert "--print-mapping" in capsys.readouterr().err
    assert main([*ask, "--print-mapping"]) == 0
    said = capsys.readouterr()
    assert "到达现场时间, 到达时间" in said.err
    mapping = tmp_path / "map.toml"
    mapping.write_text(said.out, "utf-8")
    given = [*ask, "--mapping", str(mapping)]
    assert main([*given, "--out", str(tmp_path / "no")]) == 2
    assert "keep_one" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()
    mapping.write_text(said.out.replace(', "到达时间"', ""), "utf-8")
    assert main([*given, "--out", str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out" / "result.json").read_text("utf-8"))
    assert found["records"]["used"] > 0


def test_a_mapping_is_printed_where_no_heading_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log.csv").write_text("编,开始了,到了\n1,2024-3-5 1:00,2024-3-5 1:09\n", "utf-8")
    assert main(["--lang", "en", "audit", str(tmp_path / "log.csv"), "--print-mapping"]) == 0
    said = capsys.readouterr()
    assert "# [stamps.arrive]" in said.out
    assert '#   "到了"' in said.out
    assert "no column holds the arrival" in said.err


def test_a_file_that_cannot_be_read_has_no_mapping(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log.csv").write_bytes(b"")
    assert main(["--lang", "en", "audit", str(tmp_path / "log.csv"), "--print-mapping"]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert "empty" in said.err


def test_rejected_records_tell_files_of_one_name_apart(isles: Path, tmp_path: Path) -> None:
    rows = logs.many(toy.archipelago().demand, 60)
    for folder, part in (("a", rows[:30]), ("b", rows[30:])):
        (tmp_path / folder).mkdir()
        logs.write(tmp_path / folder / "c.csv", part)
    files = [str(tmp_path / folder / "c.csv") for folder in "ab"]
    out = tmp_path / "out"
    assert main(["--region", str(isles), "audit", *files, "--out", str(out)]) == 0
    found = json.loads((out / "result.json").read_text("utf-8"))
    assert found["files"] == ["a/c.csv", "b/c.csv"]
    with (out / "rejected.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["file"] for row in csv.DictReader(file)} == {"a/c.csv", "b/c.csv"}


def test_english_notices_of_audits_are_right_for_one_and_for_many() -> None:
    params = {"count": 1, "names": 1, "limit": 240, "least": 5, "keys": "county",
              "zone": "rural area", "months": "2024-01"}  # fmt: skip
    keys = [key for key in catalogue.strings("en") if key.startswith("audit.notice.")]
    assert "audit.notice.unreadable_stamps" in keys
    for key in keys:
        said = catalogue.text(key, "en", **params)
        assert not re.search(r"\b1 \w", said), said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "--out"),
        (["--out", "x"], "CALLS"),
        (["none.csv", "--out", "x"], "none.csv"),
        (["--out", "x", "--sample", "0"], "--sample"),
        (["none.csv", "--out", "x", "--by", "colour"], "colour"),
        (["none.csv", "--out", "x", "--compare", "2024", "2025"], "2024-01..2024-06"),
        (["none.csv", "--out", "x", "--crs", "cgcs"], "--crs"),
    ],
)
def test_bad_usage_ends_with_two_and_one_clear_line(
    given: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--lang", "en", "audit", *given]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_needs_overwrite(isles: Path, log: Path, results: Path) -> None:
    given = ["--region", str(isles), "audit", str(log), "--out", str(results)]
    assert main(given) == 2


def test_choices_of_the_command_line_are_those_of_the_options() -> None:
    assert audit.RESTARTS == options.RESTARTS
    assert audit.START_STAMPS == ("dial", "answer", "dispatch")


@pytest.mark.slow
def test_scenarios_become_one_table(isles: Path, tmp_path: Path) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "night.toml").write_text('[condition]\nwhen = "02:30"\n', "utf-8")
    out = tmp_path / "out"
    given = ["--region", str(isles), "audit", "--scenarios", str(folder), "--out", str(out)]
    assert main([*given, "--workers", "1"]) == 0
    found = json.loads((out / "result.json").read_text("utf-8"))
    assert {row["scenario"] for row in found["cases"]} == {"as_is", "night"}
    assert {p.name for p in out.iterdir()} == {"result.json", "run.json", "scenarios.csv"}
