"""The commands route and care, from the command line to the files."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import click
import pyogrio
import pytest

from geodata import region
from routing.cli import app, care, console, main
from tests.routing import toy
from tests.routing.itinerary import isles

FILES = {
    "result.json", "run.json", "route.html", "arrival_messages.json", "itineraries.geojson",
    "tables.gpkg", "itineraries.csv", "legs.csv", "responders.csv", "infeasible.csv",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ISLAND_RESPONSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("群岛 data") / "玩具.gpkg"
    region.save(isles.toy_with_hospitals(), path)
    return path


def run(place: Path, out: Path, *arguments: str, lang: str = "zh") -> int:
    return main(["--lang", lang, "--region", str(place), "route", *arguments, "--out", str(out)])


@pytest.fixture(scope="module")
def results(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("行程") / "一"
    asked = (
        "--at",
        "乙岛",
        "--need",
        "stroke",
        "--when",
        "2026-01-15T09:30",
        "--alternatives",
        "5",
    )
    assert run(place, out, *asked) == 0
    return out


@pytest.fixture(scope="module")
def told(results: Path) -> dict:  # type: ignore[type-arg]
    return dict(json.loads((results / "result.json").read_text("utf-8")))


def test_every_promised_file_is_there_and_nothing_else(results: Path) -> None:
    assert {path.name for path in results.iterdir()} == FILES


def test_result_follows_the_contract(told: dict) -> None:  # type: ignore[type-arg]
    assert told["schema"] == "island-response/route/1"
    assert {"at", "need", "when", "condition", "itineraries"} <= set(told)
    assert told["when"] == "2026-01-15T09:30"
    for one in told["itineraries"]:
        assert {"arrive_scene_min", "arrive_hospital_min", "hospital", "legs"} <= set(one)
        wanted = {"vehicle", "from", "to", "depart", "arrive", "travel_min"}
        assert all(wanted <= set(leg) for leg in one["legs"])
        assert {"level_zh", "level_en"} <= set(one["hospital"])
    minutes = [one["arrive_hospital_min"] for one in told["itineraries"]]
    assert minutes == sorted(minutes)


def test_clock_times_run_on_along_the_legs(told: dict) -> None:  # type: ignore[type-arg]
    for one in told["itineraries"]:
        legs = one["legs"]
        assert legs[0]["depart"] == "2026-01-15T09:30"
        assert all(leg["depart"] <= leg["arrive"] for leg in legs)
        pairs = itertools.pairwise(legs)
        assert all(a["arrive_min"] == pytest.approx(b["depart_min"], abs=0.02) for a, b in pairs)
        assert legs[-1]["arrive"] == one["clock"]["arrive_hospital"]


def test_the_sailing_that_is_caught_is_named(told: dict) -> None:  # type: ignore[type-arg]
    rides = [leg for one in told["itineraries"] for leg in one["legs"] if leg["kind"] == "ferry"]
    assert rides
    assert all(leg["sailing"]["link_id"] == "F1" for leg in rides)
    assert all(leg["sailing"]["departs"] == leg["depart"] for leg in rides)
    assert all(leg["depart"].endswith(":00") for leg in rides)  # one an hour


def test_message_tells_the_hospital_without_naming_the_patient(results: Path) -> None:
    (first, *_) = json.loads((results / "arrival_messages.json").read_text("utf-8"))
    assert first["schema"] == "island-response/arrival-message/1"
    assert first["need"] == "stroke"
    assert first["legs"]
    assert first["boarding"] >= "2026-01-15T09:30"
    assert first["eta"] >= first["boarding"]
    assert "at" not in first


def test_geojson_and_geopackage_hold_legs_and_places(results: Path) -> None:
    found = json.loads((results / "itineraries.geojson").read_text("utf-8"))
    kinds = {one["geometry"]["type"] for one in found["features"]}
    assert kinds == {"LineString", "Point"}
    layers = {str(row[0]) for row in pyogrio.list_layers(results / "tables.gpkg")}
    assert layers == {"legs", "places"}


def test_page_is_whole_and_in_one_language(results: Path) -> None:
    page = (results / "route.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "Content-Security-Policy" in page
    assert "急救行程" in page


def test_run_record_names_inputs_and_parameters(results: Path) -> None:
    found = json.loads((results / "run.json").read_text("utf-8"))
    names = {row["name"] for row in found["parameters"]}
    assert {"care.scene_min", "mutual_aid.rules", "fog.boat_speed_factor"} <= names
    assert set(found["outputs"]) == FILES - {"run.json"}


def test_a_county_is_named_with_the_point_that_stands_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = isles.toy_with_hospitals()
    counties = ["甲区"] * 2 + ["乙区"] * (len(base.demand) - 2)
    path = tmp_path / "isles.gpkg"
    region.save(base.replace(demand=base.demand.assign(county_zh=counties)), path)
    out = tmp_path / "out"
    assert run(path, out, "--at", "甲区", lang="en") == 0
    found = json.loads((out / "result.json").read_text("utf-8"))
    assert found["at"]["kind"] == "county"
    at = f"{found['at']['lon']:.4f},{found['at']['lat']:.4f}"
    assert {"key": "district", "at": at} in found["notices"]
    assert at in capsys.readouterr().out


def test_no_crew_is_exit_code_3_with_the_reasons_written(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(place, out, "--at", "丙岛", "--daylight", "night", lang="en") == 3
    assert "No crew can reach the scene" in capsys.readouterr().err
    found = json.loads((out / "result.json").read_text("utf-8"))
    assert found["itineraries"] == []
    assert {row["reason"] for row in found["infeasible"]["vehicles"]} >= {"night"}
    assert (out / "route.html").exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--at", "Atlantis"), "Atlantis"),
        (("--at", "123.0,29.9"), "at sea"),
        (("--at", "29.9,122.0"), "latitude first"),
        (("--at", "0,0"), "longitude 12"),
        (("--at", "甲岛", "--when", "25:00"), "25:00"),
        (("--at", "甲岛", "--condition", "hail"), "hail"),
        ((), "--patients"),
        (("--at", "甲岛", "--patients", "x.csv"), "--patients"),
        (("--patients", "missing.csv"), "missing.csv"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    text: str,
) -> None:
    out = tmp_path / "out"
    assert run(place, out, *arguments, lang="en") == 2
    error = capsys.readouterr().err
    assert text in error
    assert "Traceback" not in error
    assert not out.exists()


def test_patients_in_a_table(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lon, lat = toy.points([{"at": (10, 5)}]).geometry.iloc[0].coords[0]
    table = tmp_path / "病人.csv"
    table.write_text(
        "patient_id,place,lon,lat,need,when,condition\n"
        f"=1+1,,{lon},{lat},stroke,02:30,\n"
        "b,乙岛,,,,,gale\n"
        "c,,,,,,\n"
        "d,丙岛,,,stroke,23:00,typhoon\n",
        "utf-8",
    )
    out = tmp_path / "out"
    assert run(place, out, "--patients", str(table), lang="en") == 0
    error = capsys.readouterr().err
    assert "[4]" in error
    rows = list(csv.DictReader((out / "patients.csv").read_text("utf-8-sig").splitlines()))
    assert next(row["status"] for row in rows) == "ok"
    assert rows[0]["patient_id"] == "'=1+1"
    assert rows[2]["status"] == "no_crew"
    assert rows[2]["arrive_hospital_min"] == ""
    rejected = list(csv.DictReader((out / "rejected.csv").read_text("utf-8-sig").splitlines()))
    assert [row["row"] for row in rejected] == ["4"]
    found = json.loads((out / "result.json").read_text("utf-8"))
    assert found["patients"]["read"] == 4
    assert found["patients"]["rejected"] == 1
    assert pyogrio.read_info(out / "tables.gpkg", layer="patients")["features"] == 3
    messages = json.loads((out / "arrival_messages.json").read_text("utf-8"))
    ok = [row["patient_id"] for row in rows if row["status"] == "ok"]
    assert [one["patient_id"] for one in messages] == [one.lstrip("'") for one in ok]
    for one in messages:
        assert one["legs"][-1]["arrive"] == one["eta"]
        assert one["boarding"] <= one["eta"]


@pytest.mark.parametrize(
    ("text", "told"),
    [("place\nNowhere\nElsewhere\n", ("all 2 are rejected", "Nowhere", "[3]")),
     ("place,need\n", ("no patients",))],
)  # fmt: skip
def test_a_table_without_one_good_row_writes_nothing_and_is_exit_code_2(
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    told: tuple[str, ...],
) -> None:
    table = tmp_path / "p.csv"
    table.write_text(text, "utf-8")
    out = tmp_path / "out"
    assert run(place, out, "--patients", str(table), lang="en") == 2
    error = capsys.readouterr().err
    assert all(one in error for one in told)
    assert not out.exists()


def test_help_is_there_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    for lang, text in (("zh", "病人"), ("en", "patient")):
        assert main(["--lang", lang, "route", "--help"]) == 0
        assert text in capsys.readouterr().out


def test_care_from_the_command_line(place: Path, tmp_path: Path) -> None:
    root = app.build("en")
    if "care" not in root.commands:
        care.register(root)
    out = tmp_path / "care"

    def call() -> object:
        given = ["--lang", "en", "--region", str(place), "care", "--condition", "strong_wind"]
        return root.main(args=[*given, "--out", str(out)], standalone_mode=False)

    assert console.guarded(call, "en", verbose=True) == 0
    assert {p.name for p in out.iterdir()} == {
        "result.json", "run.json", "tables.gpkg", "demand_care.csv", "shares.csv", "gaps.csv",
    }  # fmt: skip
    told = json.loads((out / "result.json").read_text("utf-8"))
    assert told["schema"] == "island-response/care/1"
    assert [one["key"] for one in told["conditions"]] == ["strong_wind@day"]
    assert isinstance(root, click.Group)
