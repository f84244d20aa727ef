"""The command coverage, from the command line to the files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyogrio
import pytest

from geodata import region
from routing.cli import main
from routing.cli.coverage import summary_lines
from tests.routing import toy

KEYS = [f"{name}@{light}" for name in ("calm", "fog", "strong_wind", "gale", "typhoon")
        for light in ("day", "night")]  # fmt: skip


@pytest.fixture(scope="module")
def isles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("群岛 data") / "玩具.gpkg"
    region.save(toy.archipelago(), path)
    return path


@pytest.fixture(scope="module")
def everything(isles: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("结果") / "全年"
    asked = ["--lang", "zh", "--region", str(isles), "coverage", "--all-conditions"]
    assert main([*asked, "--out", str(out)]) == 0
    return out


def result(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "result.json").read_text("utf-8"))
    return found


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))


def test_all_conditions_write_their_tables_and_maps(everything: Path) -> None:
    names = {path.name for path in everything.iterdir()}
    assert {"conditions.csv", "resilience.csv", "conditions.png", "coverage.html"} <= names
    assert [row["key"] for row in rows(everything / "conditions.csv")] == KEYS
    assert {row["island_id"] for row in rows(everything / "resilience.csv")} == {"a", "b", "c"}
    demand = rows(everything / "demand.csv")
    assert demand[3]["response_min__typhoon@day"] == ""
    assert demand[3]["best_vehicle__calm@day"] == "helicopter"
    table = pyogrio.read_dataframe(everything / "tables.gpkg", layer="islands")
    assert {"mean_min__gale@night", "last_vehicle", "cut_off_days_per_year"} <= set(table.columns)


def test_result_of_all_conditions_follows_the_contract(everything: Path) -> None:
    found = result(everything)
    assert (found["condition"], found["daylight"]) == ("calm", "day")
    assert [row["key"] for row in found["conditions"]] == KEYS
    assert sum(row["probability"] for row in found["conditions"]) == pytest.approx(1.0, abs=1e-3)
    wanted = {"condition", "daylight", "name_zh", "name_en", "days_per_year", "zones", "vehicles",
              "islands", "unreachable_population"}  # fmt: skip
    assert all(wanted <= set(row) for row in found["conditions"])
    assert found["conditions"][0]["zones"] == found["zones"]
    assert set(found["expected"]["zones"]) == {"main_urban", "rural"}
    first = found["resilience"][0]
    assert {"expected_min", "worst_condition", "last_vehicle", "cut_off_days_per_year"} <= set(
        first
    )
    assert "condition_days" in {notice["key"] for notice in found["notices"]}


def test_the_record_holds_every_value_of_every_condition(everything: Path) -> None:
    record = json.loads((everything / "run.json").read_text("utf-8"))
    names = {row["name"] for row in record["parameters"]}
    assert {"ambulance.turnout_min", "fog.boat_speed_factor", "typhoon.stopped_vehicles"} <= names
    assert record["arguments"]["all_conditions"] is True


def test_the_summary_speaks_both_languages(everything: Path) -> None:
    found = result(everything)
    for lang, word in (("zh", "台风"), ("en", "typhoon")):
        lines = summary_lines(found, lang)
        assert len(lines) == len(KEYS) + 4
        assert any(word in line for line in lines)


def test_one_condition_is_named_and_felt(isles: Path, tmp_path: Path) -> None:
    out = tmp_path / "fog"
    asked = ["--region", str(isles), "coverage", "--condition", "fog", "--daylight", "night"]
    assert main([*asked, "--out", str(out)]) == 0
    found = result(out)
    assert (found["condition"], found["condition_zh"], found["daylight"]) == (
        "fog",
        "浓雾",
        "night",
    )
    assert found["vehicles"]["helicopter"]["population"] == 0
    assert found["vehicles"]["none"]["population"] == 1000
    assert found["zones"]["rural"]["target_met"] is False
    assert [notice["key"] for notice in found["notices"]][:2] == ["condition", "cut_off"]
    assert {row["name"] for row in found["condition_values"]} >= {"fog.stopped_vehicles"}


def test_a_proposal_in_foul_weather_counts_nobody_out(isles: Path, tmp_path: Path) -> None:
    """D4 has no candidate: in a typhoon nothing meets the targets, whatever the means say."""
    out = tmp_path / "typhoon"
    asked = ["--region", str(isles), "brief", "--condition", "typhoon", "--out", str(out)]
    config = tmp_path / "easy.toml"
    config.write_text("[target]\nmain_urban_min = 90\nrural_min = 90\n", "utf-8")
    assert main(["--config", str(config), *asked]) == 0
    assert result(out)["proposal"]["statement"] == "best_of_k"


def test_a_clock_time_asks_for_one_light_alone(isles: Path, tmp_path: Path) -> None:
    out = tmp_path / "at"
    asked = ["--region", str(isles), "coverage", "--all-conditions", "--when", "02:30"]
    assert main([*asked, "--condition", "gale", "--out", str(out)]) == 0
    found = result(out)
    assert [row["key"] for row in found["conditions"]] == [k for k in KEYS if k.endswith("night")]
    assert (found["condition"], found["when"]) == ("gale", "02:30")
    assert sum(row["days_per_year"] for row in found["conditions"]) == pytest.approx(
        365.25, abs=0.01
    )


def test_a_file_of_ones_own_adds_a_condition_and_stays_text(isles: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '[ice]\nname_zh = "<script>冰{x}"\ndays_per_year = 4\nstopped_links = ["F1"]\n', "utf-8"
    )
    out = tmp_path / "ice"
    asked = ["--region", str(isles), "coverage", "--conditions-file", str(file), "--all-conditions"]
    assert main([*asked, "--condition", "ice", "--out", str(out)]) == 0
    found = result(out)
    assert found["condition_zh"] == "<script>冰{x}"
    assert found["conditions"][-1]["condition"] == "ice"
    for page in ("coverage.html", "report.html"):
        assert "<script>冰" not in (out / page).read_text("utf-8")
    assert "sha256" in json.loads((out / "run.json").read_text("utf-8"))["inputs"]["conditions"]


@pytest.mark.parametrize("command", ["brief", "coverage"])
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--condition", "hail"], "typhoon"),
        (["--conditions-file", "none.toml"], "none.toml"),
        (["--conditions-file", "wrong.toml", "--condition", "ice"], "F9"),
    ],
)
def test_what_cannot_be_answered_exits_with_2(
    isles: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    asked: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.toml").write_text('[ice]\nname_en = "ice"\nstopped_links = ["F9"]', "utf-8")
    assert main(["--lang", "en", "--region", str(isles), command, *asked, "--out", "x"]) == 2
    heard = capsys.readouterr()
    assert said in heard.err
    assert "Traceback" not in heard.err
    assert not (tmp_path / "x").exists()
