"""The command propose, from the command line to the files."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely

import routing
from geodata import region
from maps import static
from routing import config, land_network
from routing import propose as proposals
from routing.cli import main, propose
from routing.propose import Request, columns
from routing.propose.conditions import parse
from routing.siting.candidates import ambulance_islands
from routing.siting.question import OBJECTIVES
from tests.routing import toy
from tests.routing.propose import isles as candidates

ROOT = Path(routing.__file__).resolve().parents[1]
TABLES = {"sites", "candidates", "demand", "parameters", "conditions", "gains_by_island",
          "gains_by_township"}  # fmt: skip
FIRM = {"curve", "alternatives", "sensitivity_runs", "sensitivity_sites"}
REST = {"result.json", "run.json", "tables.gpkg", "proposal.html", "proposal.png", "report.html",
        "report.docx"}  # fmt: skip
HOSTILE = "=cmd|'/c calc'!A1</script><img src=x onerror=alert(1)>{{7*7}}"


@pytest.fixture(scope="module", autouse=True)
def coarse() -> Iterator[None]:
    """Draw pictures with few dots, as print quality is most of the time of a run."""
    drawn = static.png_bytes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(static, "png_bytes", lambda figure, **_: drawn(figure, dpi=40))
        yield


@pytest.fixture(scope="module")
def isles(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("群岛 isles") / "toy.gpkg"
    region.save(toy.archipelago(), path)
    return str(path)


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = ["甲站", HOSTILE, "丙站"]
    return candidates.sheet(tmp_path_factory.mktemp("sheet"), name_zh=names)


@pytest.fixture(scope="module")
def firm(isles: str, sheet: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "方案"
    asked = ["--lang", "zh", "--region", isles, "propose", "--objective", "min-mean", "--new", "1",
             "--candidates", str(sheet), "--curve", "2", "--alternatives", "1", "--sensitivity",
             "1", "--conditions", "calm=0.75,no_boat=0.25"]  # fmt: skip
    assert main([*asked, "--out", str(out)]) == 0
    return out


def result(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "result.json").read_text("utf-8"))
    return found


def test_the_command_offers_every_objective() -> None:
    assert tuple(OBJECTIVES) == propose.OBJECTIVES


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_help_names_every_option(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", lang, "propose", "--help"]) == 0
    text = capsys.readouterr().out
    wanted = ("--objective", "--new", "--until-target", "--keep", "--close", "--closable",
              "--movable", "--candidates", "--lattice", "--kind", "--cost", "--budget",
              "--exclusive", "--min-per-county", "--conditions", "--curve", "--alternatives",
              "--sensitivity", "--time-limit", "--seed", "--check", "--out")  # fmt: skip
    assert all(option in text for option in wanted)


def test_help_is_light() -> None:
    code = (
        "import sys; from routing.cli import main; main(['propose', '--help']); "
        "print(sorted({'pandas', 'geopandas', 'ortools', 'folium', 'matplotlib', 'numba'}"
        " & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == "[]"


def test_every_promised_file_is_there_and_nothing_else(firm: Path) -> None:
    assert {path.name for path in firm.iterdir()} == REST | {f"{n}.csv" for n in TABLES | FIRM}


def test_result_follows_the_contract(firm: Path) -> None:
    found = result(firm)
    wanted = {"schema", "objective", "status", "objective_value", "bound", "gap", "runtime_s",
              "sites", "before", "after"}  # fmt: skip
    assert wanted <= set(found)
    assert found["schema"] == "island-response/propose/1"
    assert (found["objective"], found["status"]) == ("min-mean", "optimal")
    site = {"id", "name_zh", "lon", "lat", "kind", "island", "new", "serves_population", "gain_min"}
    assert site <= set(found["sites"][0])
    assert found["sites"][0]["new"] is True
    zone = {"population", "calls_per_year", "mean_min", "median_min", "p90_min", "target_min",
            "share_within_target", "target_met", "unreachable_population"}  # fmt: skip
    for time in ("before", "after"):
        assert set(found[time]) == {"main_urban", "rural"}
        assert all(zone <= set(one) for one in found[time].values())


def test_command_and_python_agree(firm: Path, isles: str, sheet: Path) -> None:
    request = Request(
        objective="min-mean", new=1, candidates=sheet, curve=2, alternatives=1, sensitivity=1
    )
    held = parse(["calm=0.75,no_boat=0.25"], daylight="day")
    found = proposals.compute(region.load(isles), config.load(), request, conditions=held)
    assert timeless(proposals.plain(found.result)) == timeless(result(firm))


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: timeless(inner) for key, inner in value.items() if key != "runtime_s"}
    return [timeless(inner) for inner in value] if isinstance(value, list) else value


def test_run_record_names_inputs_and_versions(firm: Path) -> None:
    record = json.loads((firm / "run.json").read_text("utf-8"))
    assert {"region", "candidates"} <= set(record["inputs"])
    assert "ortools" in record["versions"]
    assert record["arguments"]["new"] == 1
    assert set(record["outputs"]) == {path.name for path in firm.iterdir()} - {"run.json"}


def test_tables_hold_no_live_formula(firm: Path) -> None:
    for path in firm.glob("*.csv"):
        raw = path.read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(raw.decode("utf-8-sig").splitlines()))
        assert len({len(row) for row in rows}) == 1
        assert not any(cell.startswith("=") for row in rows for cell in row)


@pytest.mark.parametrize("page", ["proposal.html", "report.html"])
def test_pages_take_hostile_names_for_text(firm: Path, page: str) -> None:
    text = (firm / page).read_text("utf-8")
    assert "<img src=x" not in text
    assert "cmd|" in text


def test_the_report_tells_curve_sensitivity_and_conditions(firm: Path) -> None:
    text = (firm / "report.html").read_text("utf-8")
    assert all(word in text for word in ("新增点数", "情形", "乙岛", "船艇停航"))


def test_geopackage_holds_the_layers(firm: Path) -> None:
    layers = {str(row[0]) for row in pyogrio.list_layers(firm / "tables.gpkg")}
    assert layers == {"sites", "candidates", "demand_cells", "islands", "posts"}


def test_targets_out_of_reach_exit_with_3_and_say_why(
    isles: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["--lang", "en", "--region", isles, "propose", "--out", str(out)]) == 3
    found = result(out)
    assert found["status"] == "infeasible"
    assert found["relaxation"]["relaxed"]
    assert found["blocking"][0]["island_id"] == "c"
    assert (out / "blocking.csv").is_file()
    assert "Smallest relaxation" in capsys.readouterr().out
    assert "C" in (out / "report.html").read_text("utf-8")


def test_check_ends_with_1_where_a_target_is_missed(
    isles: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(propose, "_write_pictures", lambda *_: None)
    asked = ["--region", isles, "propose", "--objective", "min-mean", "--new", "0", "--check"]
    assert main([*asked, "--out", str(tmp_path / "out")]) == 1
    assert (tmp_path / "out" / "run.json").is_file()


BAD = {
    "objective": ["--objective", "nearest"],
    "too many": ["--objective", "min-mean", "--new", "99"],
    "unknown id": ["--keep", "nobody"],
    "no pair": ["--cost", "helipad"],
    "no number": ["--cost", "helipad=much"],
    "not whole": ["--kind", "ambulance_post=1.5"],
    "nan": ["--kind", "ambulance_post=nan"],
    "no zone": ["--busy", "moon=0.5"],
    "no condition": ["--conditions", "sunshine"],
    "no weight": ["--conditions", "calm=0"],
    "no clock": ["--when", "noon"],
    "no file": ["--candidates", "absent.csv"],
    "no source": ["--from", "moon"],
    "negative": ["--budget", "-1"],
}


@pytest.mark.parametrize("options", BAD.values(), ids=BAD)
def test_bad_questions_exit_with_2_and_write_nothing(
    isles: str, tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["--region", isles, "propose", *options, "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert said.err.strip()
    assert not said.out
    assert not out.exists()


def test_all_faults_of_the_options_are_told_at_once(
    isles: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [
        "--region",
        isles,
        "propose",
        "--objective",
        "min-mean",
        "--cost",
        "helipad=much",
        "--kind",
        "rocket",
        "--conditions",
        "sunshine",
        "--when",
        "noon",
        "--budget",
        "-1",
    ]
    assert main(["--lang", "en", *asked, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    for word in ("much", "rocket", "sunshine", "noon", "--budget", "--new"):
        assert word in said


def test_no_candidate_exits_with_3(isles: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["--region", isles, "propose", "--from", "settlements", "--out", str(out)]) == 3
    assert not out.exists()


def test_a_run_that_fails_half_way_leaves_nothing(
    isles: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(propose, "_write_pictures", broken)
    out = tmp_path / "out"
    asked = ["--region", isles, "propose", "--objective", "min-mean", "--new", "1"]
    assert main([*asked, "--out", str(out)]) == 2
    assert not out.exists()


ZHOUSHAN = {
    "fewest": [],
    "every kind and a lattice": ["--kind", "ambulance_post", "--kind", "boat_berth", "--kind",
                                 "helipad", "--lattice", "1"],
    "the curve": ["--objective", "min-mean", "--new", "5", "--curve", "20"],
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("options", ZHOUSHAN.values(), ids=ZHOUSHAN)
def test_zhoushan_is_proven(tmp_path: Path, options: list[str]) -> None:
    out = tmp_path / "out"
    assert main(["propose", *options, "--out", str(out)]) == 0
    found = result(out)
    assert found["status"] == "optimal"
    assert found["runtime_s"] < 60
    assert all(row["status"] == "optimal" for row in found.get("curve", []))


@pytest.mark.slow
def test_lattice_sites_of_zhoushan_stand_on_islands_with_roads(tmp_path: Path) -> None:
    place, model = region.load("zhoushan"), config.load()
    land = land_network.build(place, model)
    table = columns.build(place, land, model, Request(lattice_km=1.0)).candidates
    islands = place.islands.set_index("island_id").geometry
    assert set(table["island_id"]) <= ambulance_islands(place)
    lattice = table[table["id"].str.startswith("lattice-")]
    assert len(lattice) > 500
    shores = islands.loc[lattice["island_id"]].to_numpy()
    assert shapely.covers(shores, shapely.points(lattice["lon"], lattice["lat"])).all()


@pytest.mark.slow
def test_the_page_of_zhoushan_holds_every_condition_and_stays_light(tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = ["--objective", "min-mean", "--new", "2", "--conditions", "all"]
    assert main(["--lang", "en", "propose", *asked, "--out", str(out)]) == 0
    page = (out / "proposal.html").read_text("utf-8")
    assert len(page.encode()) < 5 * 2**20
    views = embedded(page)["views"]
    assert [view["key"] for view in views] == [row["name"] for row in result(out)["conditions"]]
    assert all(view["after"]["vehicle"] and view["after"]["post"] for view in views)
    stopped = {view["key"] for view in views if view["ferries"]}
    assert {"fog@day", "typhoon@night"} <= stopped
    assert "calm@day" not in stopped


def embedded(page: str) -> dict[str, Any]:
    """Return the data block of a page."""
    block = page.partition('id="coverage-data">')[2].partition("</script>")[0]
    found: dict[str, Any] = json.loads(block)
    return found
