"""The commands brief and coverage, from the command line to the files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyogrio
import pytest

from geodata import region
from routing.cli import main
from routing.cli.brief import summary_lines
from tests.routing import toy

TABLES = ("demand", "islands", "townships", "posts", "proposal", "parameters")


@pytest.fixture(scope="module")
def isles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("群岛 data") / "玩具.gpkg"
    region.save(toy.archipelago(), path)
    return path


@pytest.fixture(scope="module")
def results(isles: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("结果") / "简报"
    assert main(["--lang", "zh", "--region", str(isles), "brief", "--out", str(out)]) == 0
    return out


def test_every_promised_file_is_there_and_nothing_else(results: Path) -> None:
    tables = {f"{name}.csv" for name in TABLES}
    pictures = {"coverage.html", "coverage.png", "coverage.svg", "report.html", "report.docx"}
    records = {"result.json", "run.json", "tables.gpkg"}
    assert {path.name for path in results.iterdir()} == tables | pictures | records


def test_result_follows_the_contract(results: Path) -> None:
    found = json.loads((results / "result.json").read_text("utf-8"))
    assert found["schema"] == "island-response/brief/1"
    assert {"region", "condition", "start_stamp", "network", "posts", "proposal"} <= set(found)
    wanted = {"population", "calls_per_year", "mean_min", "median_min", "p90_min", "target_met",
              "share_within_target", "target_min", "unreachable_population"}  # fmt: skip
    assert all(wanted <= set(zone) for zone in found["zones"].values())
    assert {
        "name_zh",
        "name_en",
        "county",
        "population",
        "mean_min",
        "best_vehicle",
        "post",
    } <= set(found["islands"][0])
    sites = found["proposal"]["sites"]
    site = {"id", "lon", "lat", "kind", "island", "serves_population", "gain_min"}
    assert all(site <= set(one) for one in sites)


def test_run_record_names_inputs_parameters_and_versions(results: Path) -> None:
    found = json.loads((results / "run.json").read_text("utf-8"))
    assert "sha256" in found["inputs"]["region"]["value"]
    assert any(row["name"] == "ambulance.turnout_min" for row in found["parameters"])
    assert "ortools" in found["versions"]
    assert set(found["outputs"]) == {p.name for p in results.iterdir()} - {"run.json"}


@pytest.mark.parametrize("name", TABLES)
def test_tables_open_in_excel_with_chinese_intact(results: Path, name: str) -> None:
    raw = (results / f"{name}.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(raw.decode("utf-8-sig").splitlines()))
    assert len({len(row) for row in rows}) == 1


def test_geopackage_holds_the_layers(results: Path) -> None:
    layers = {str(row[0]) for row in pyogrio.list_layers(results / "tables.gpkg")}
    assert layers == {"demand_cells", "islands", "posts", "proposal"}


def test_summary_is_short_and_speaks_both_languages(results: Path) -> None:
    found = json.loads((results / "result.json").read_text("utf-8"))
    for lang in ("zh", "en"):
        lines = summary_lines(found, lang)
        assert 4 <= len(lines) <= 8
    assert "玩具群岛" in summary_lines(found, "zh")[0]
    assert "Toy Isles" in summary_lines(found, "en")[0]


def test_check_turns_a_missed_target_into_exit_code_1(isles: Path, tmp_path: Path) -> None:
    asked = ["--region", str(isles), "coverage", "--out"]
    assert main([*asked, str(tmp_path / "a")]) == 0
    assert main([*asked, str(tmp_path / "b"), "--check"]) == 1


def test_a_clock_time_sets_daylight_and_is_recorded(isles: Path, tmp_path: Path) -> None:
    out = tmp_path / "night"
    asked = ["--region", str(isles), "coverage", "--when", "2026-01-15T02:30", "--out", str(out)]
    assert main(asked) == 0
    found = json.loads((out / "result.json").read_text("utf-8"))
    assert (found["when"], found["daylight"]) == ("02:30", "night")
    assert found["vehicles"]["helicopter"]["population"] == 0


@pytest.mark.parametrize(
    "asked",
    [
        ["--region", "nowhere.gpkg", "brief", "--out", "x"],
        ["brief", "--when", "25:00", "--out", "x"],
        ["brief", "--daylight", "dusk", "--out", "x"],
        ["brief", "--new", "0", "--out", "x"],
        ["--config", "none.toml", "brief", "--out", "x"],
        ["brief"],
    ],
)
def test_bad_usage_exits_with_2_and_writes_nothing(
    asked: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(asked) == 2
    said = capsys.readouterr()
    assert said.err.strip()
    assert "Traceback" not in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_files_is_kept_unless_overwrite_is_asked(isles: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me", "utf-8")
    asked = ["--region", str(isles), "coverage", "--out", str(tmp_path)]
    assert main(asked) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert main([*asked, "--overwrite"]) == 0
    assert (tmp_path / "mine.txt").read_text("utf-8") == "keep me"


def test_hostile_names_stay_text_everywhere(tmp_path: Path) -> None:
    wild = "=1+1</script><img src=x onerror=alert(1)>\"'\n{{7*7}}"
    place = toy.archipelago()
    tables = {
        name: place.layers[name].assign(name_zh=wild)
        for name in ("islands", "posts", "demand", "ports")
    }
    path = tmp_path / "wild.gpkg"
    region.save(place.replace(**tables), path)
    out = tmp_path / "out"
    assert main(["--region", str(path), "brief", "--out", str(out)]) == 0
    for page in ("coverage.html", "report.html"):
        text = (out / page).read_text("utf-8")
        assert "<img src=x" not in text
        assert ">49<" not in text
    cells = (out / "posts.csv").read_text("utf-8-sig")
    assert "'=1+1" in cells
