"""The commands compare and check-year, and --scenario, from the command line to the files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from geodata import region
from routing.cli import app, check_year, compare, main
from tests.routing import toy

HOSTILE = "=cmd|'/c calc'!A1"


@pytest.fixture(scope="module", autouse=True)
def _commands() -> Any:
    """Have the commands in the group, wherever they stand in its list."""
    before = app.COMMAND_MODULES
    app.COMMAND_MODULES = tuple(dict.fromkeys((*before, "compare", "check_year")))
    yield
    app.COMMAND_MODULES = before


@pytest.fixture(scope="module")
def isles(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("群岛 isles") / "toy.gpkg"
    region.save(toy.archipelago(), path)
    return str(path)


def written(folder: Path, name: str, text: str) -> str:
    path = folder / f"{name}.toml"
    path.write_text(text, "utf-8")
    return str(path)


NO_FLIGHT = '[[post.remove]]\npost_id = "H"\n'
NEW_POST = """
name_zh = "{name}"
name_en = "new post"
[[post.add]]
post_id = "N"
name_zh = "新站"
lon = {lon}
lat = {lat}
vehicles = "ambulance"
"""


def new_post(folder: Path, name: str = "新增急救点") -> str:
    spot = toy.points([{"id": "x", "at": (10, 5)}]).geometry.iloc[0]
    return written(folder, "new", NEW_POST.format(name=name, lon=spot.x, lat=spot.y))


def result(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "result.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def compared(isles: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compared")
    files = [new_post(folder, HOSTILE), written(folder, "grounded", NO_FLIGHT)]
    asked = ["--lang", "zh", "--region", isles, "compare", *files, "--together"]
    assert main([*asked, "--all-conditions", "--out", str(folder / "结果")]) == 0
    return folder / "结果"


def test_tables_pictures_and_record_are_there(compared: Path) -> None:
    names = {path.name for path in compared.iterdir()}
    assert names >= {"result.json", "run.json", "zones.csv", "islands.csv", "demand.csv",
                     "parameters.csv", "report.html", "report.docx",
                     *(f"compare_{n}.png" for n in (1, 2, 3))}  # fmt: skip
    record = json.loads((compared / "run.json").read_text("utf-8"))
    assert {"region", "scenario_1", "scenario_2"} <= set(record["inputs"])
    assert len(record["inputs"]["scenario_1"]["sha256"]) == 64
    assert any(row["name"] == "fog.days_per_year" for row in record["parameters"])


def test_the_report_tells_each_case_and_takes_hostile_names_for_text(compared: Path) -> None:
    text = (compared / "report.html").read_text("utf-8")
    assert all(f'id="case-{n}"' in text for n in (1, 2, 3))
    assert "cmd|" in text
    assert "情景前后" in text
    assert text.count("<img ") == 3


def test_the_maps_of_a_comparison_are_not_called_maps_of_conditions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, isles: str
) -> None:
    from maps import panels

    titles = []
    drawn = panels.conditions_figure

    def watched(*given: Any, **named: Any) -> Any:
        titles.append(named["title"])
        return drawn(*given, **named)

    monkeypatch.setattr(panels, "conditions_figure", watched)
    asked = ["--lang", "zh", "--region", isles, "compare", written(tmp_path, "gone", NO_FLIGHT)]
    assert main([*asked, "--out", str(tmp_path / "out")]) == 0
    assert titles == ["玩具群岛：情景前后的急救反应时间"]


def test_each_case_has_each_condition_the_year_and_who_it_concerns(compared: Path) -> None:
    found = result(compared)
    assert found["schema"] == "island-response/compare/1"
    assert [case["name"] for case in found["cases"]] == ["new", "grounded", "new + grounded"]
    keys = [one["key"] for one in found["conditions"]]
    for case in found["cases"]:
        assert {row["condition"] for row in case["zones"]} == {*keys, "year"}
    assert len(found["cases"][2]["parts"]) == 2
    grounded = next(
        row
        for row in found["cases"][1]["zones"]
        if (row["condition"], row["zone"]) == ("calm@day", "rural")
    )
    assert grounded["newly_cut_off_population"] == 1000
    assert grounded["reason_after"] == "mean_and_cut_off"
    assert found["notices"][0]["key"] == "compare"


def test_tables_hold_no_live_formula(compared: Path) -> None:
    for path in compared.glob("*.csv"):
        rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
        assert not any(cell.startswith("=") for row in rows for cell in row)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_summary_names_scenarios_conditions_and_islands(compared: Path, lang: str) -> None:
    lines = "\n".join(compare.summary_lines(result(compared), lang))
    wanted = {
        "zh": ["台风", "全年加权", "不再可达 1,000 人"],
        "en": ["typhoon", "over the year", "new post"],
    }
    assert all(word in lines for word in wanted[lang])


def test_check_ends_with_1_where_a_scenario_loses_a_target(
    isles: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "_write_pictures", lambda *_: None)
    config = tmp_path / "easy.toml"
    config.write_text("[target]\nmain_urban_min = 60\nrural_min = 60\n", "utf-8")
    asked = ["--region", isles, "--config", str(config), "compare", "--check"]
    gone = written(tmp_path, "gone", NO_FLIGHT)
    assert main([*asked, gone, "--out", str(tmp_path / "a")]) == 1
    assert main([*asked, new_post(tmp_path), "--out", str(tmp_path / "b")]) == 0


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "changes nothing"),
        ("[[[", "cannot be read"),
        ('[[post.remove]]\npost_id = "X"\n', "X"),
        ('[condition]\nname = "hail"\n' + NO_FLIGHT, "hail"),
    ],
)
def test_a_scenario_that_cannot_be_exits_with_2_and_writes_nothing(
    isles: str, tmp_path: Path, text: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    file = written(tmp_path, "x", text)
    assert main(["--lang", "en", "--region", isles, "compare", file, "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert word in said
    assert "Traceback" not in said
    assert not out.exists()


def test_two_scenarios_of_one_name_are_refused(isles: str, tmp_path: Path) -> None:
    file = written(tmp_path, "x", NO_FLIGHT)
    assert main(["--region", isles, "compare", file, file, "--out", str(tmp_path / "out")]) == 2


@pytest.mark.parametrize("command", ["brief", "coverage", "propose"])
def test_a_run_under_a_scenario_says_so(
    isles: str, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from routing.cli import brief, propose

    monkeypatch.setattr(brief, "write_pictures", lambda *_: None)
    monkeypatch.setattr(propose, "_write_pictures", lambda *_: None)
    out = tmp_path / "out"
    asked = ["--lang", "zh", "--region", isles, command, "--scenario", new_post(tmp_path)]
    extra = ["--objective", "min-mean", "--new", "0"] if command == "propose" else []
    assert main([*asked, *extra, "--out", str(out)]) == 0
    found = result(out)
    assert [one["name_zh"] for one in found["scenarios"]] == ["新增急救点"]
    assert found["notices"][0]["key"] == "scenario"
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert "+scenarios:" in record["inputs"]["region"]["value"]
    assert record["inputs"]["scenario_1"]["sha256"]
    assert "新增急救点" in capsys.readouterr().out
    zones = found.get("zones") or found["before"]
    assert zones["main_urban"]["mean_min"] == pytest.approx(4.16, abs=0.02)


def test_the_condition_of_a_scenario_counts_where_the_options_say_nothing(
    isles: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from routing.cli import brief

    monkeypatch.setattr(brief, "write_pictures", lambda *_: None)
    file = written(tmp_path, "night", '[condition]\nname = "fog"\ndaylight = "night"\n' + NO_FLIGHT)
    asked = ["--region", isles, "coverage", "--scenario", file]
    assert main([*asked, "--out", str(tmp_path / "a")]) == 0
    assert (result(tmp_path / "a")["condition"], result(tmp_path / "a")["daylight"]) == (
        "fog",
        "night",
    )
    assert main([*asked, "--condition", "gale", "--out", str(tmp_path / "b")]) == 2
    assert main([*asked, "--condition", "fog", "--out", str(tmp_path / "c")]) == 0


def test_propose_holds_in_the_weather_of_a_users_file(
    isles: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from routing.cli import propose

    monkeypatch.setattr(propose, "_write_pictures", lambda *_: None)
    ice = written(
        tmp_path, "ice", '[ice]\nname_zh = "海冰"\ndays_per_year = 6\nstopped_vehicles = ["boat"]\n'
    )
    asked = ["--region", isles, "propose", "--objective", "min-mean", "--new", "1", "--conditions",
             "calm,ice!", "--conditions-file", ice, "--next-best"]  # fmt: skip
    out = tmp_path / "out"
    assert main([*asked, "--out", str(out)]) == 0
    found = result(out)
    assert [one["name_zh"] for one in found["conditions"]] == ["平静天气（白天）", "海冰（白天）"]
    assert {row["name"] for row in found["condition_values"]} >= {"ice.stopped_vehicles"}
    told = next(one for one in found["notices"] if one["key"] == "condition")
    assert "ice.toml" in told["text_zh"]
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert any(row["name"] == "ice.days_per_year" for row in record["parameters"])
    assert record["inputs"]["conditions"]["path"].endswith("ice.toml")
    assert (out / "next_by_kind.csv").is_file()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_check_year_tells_how_far_off_it_is(
    tmp_path: Path, lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["--lang", lang, "check-year", "--out", str(out)]) == 0
    found = result(out)
    assert found["numbers"]["transfers"]["reported"] == 928
    assert {"islands.csv", "assumptions.csv", "run.json"} <= {p.name for p in out.iterdir()}
    said = capsys.readouterr().out
    assert "928" in said
    assert "1.8" in said
    assert check_year.summary_lines(found, lang)[-1].strip()
