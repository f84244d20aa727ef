from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from geodata import region, schemas, tables
from geodata.errors import InputError
from routing.cli import app
from tests.fixtures import archipelago

ISLES = str(archipelago.FOLDER)


def run(*arguments: object, lang: str = "en") -> int:
    return app.main(["--lang", lang, *[str(a) for a in arguments]])


@pytest.fixture
def gpkg(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    region.save(archipelago.build(), tmp_path / "in" / "isles.gpkg")
    return tmp_path / "in" / "isles.gpkg"


# show


@pytest.mark.parametrize(
    ("lang", "islands", "confirmed"),
    [("zh", "海岛 12", "已证实 4"), ("en", "islands 12", "confirmed 4")],
)
def test_show_tells_what_is_in_a_region(
    capsys: pytest.CaptureFixture[str], lang: str, islands: str, confirmed: str
) -> None:
    assert run("--region", ISLES, "region", "show", lang=lang) == 0
    out, err = capsys.readouterr()
    for part in (
        "Coral Isles",
        islands,
        confirmed,
        "100,000",
        "92,500",
        "大珊瑚岛, 东桥岛",
    ):
        assert part in out
    assert err == ""


def test_show_has_words_for_every_code(capsys: pytest.CaptureFixture[str]) -> None:
    codes = {
        *(layer.name for layer in schemas.LAYERS), *schemas.EVIDENCE, *schemas.POST_KINDS,
        *schemas.VEHICLES, *schemas.LINK_STATUS, *schemas.FERRY_STATUS, *schemas.ZONES,
        "yes", "no", "unknown", "schematic",
    }  # fmt: skip
    assert run("region", "show", ISLES, lang="zh") == 0
    counts = capsys.readouterr().out.split("\n人口")[0].splitlines()[1:]
    words = {word for line in counts for word in line.replace("：", " ").split()}
    assert not words & codes


def test_show_as_json_counts_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    """Great Coral and Eastbridge are one landmass: 80,000 and 10,000 people."""
    assert run("region", "show", ISLES, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "island-response/region/1"
    assert found["population"] == 100_000
    assert found["population_by_zone"] == {"main_urban": 60_000, "rural": 40_000}
    assert found["population_by_county"] == {"珊瑚县": 92_500, "北礁县": 7_500}
    assert found["posts_by_evidence"] == {"confirmed": 4, "assumed": 1, "clinic": 1}
    assert found["posts_by_vehicle"] == {"ambulance": 4, "boat": 1, "helicopter": 1}
    assert found["rows"]["islands"] == 12
    assert found["landmasses"] == [
        {"landmass_id": "I01", "islands": ["大珊瑚岛", "东桥岛"], "population": 90_000}
    ]
    assert found["sources"][0]["source_id"] == "made_up"
    assert {n["key"] for n in found["notices"]} >= {"schematic_network", "unlocated"}


def test_hostile_names_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = archipelago.tables()
    given["meta"].loc[0, "value"] = "evil\x1b[2J\nname"
    given["islands"].loc[0, "name_zh"] = "evil\x1b]0;title\x07"
    tables.write_geopackage(given, tmp_path / "a.gpkg")
    assert run("region", "show", tmp_path / "a.gpkg") == 0
    assert "\x1b" not in capsys.readouterr().out


# validate


def test_a_valid_region_is_called_so(gpkg: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("region", "validate", "--region", gpkg) == 0
    out, err = capsys.readouterr()
    assert "no faults" in out
    assert err == ""


def spoilt(tmp_path: Path) -> Path:
    path = Path(shutil.copytree(ISLES, tmp_path / "spoilt"))
    posts = path / "posts.csv"
    text = posts.read_text("utf-8-sig").replace("boat_base", "castle").replace("24h", "always")
    posts.write_text(text, encoding="utf-8-sig")
    return path


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_all_faults_are_listed_with_row_value_rule_and_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str
) -> None:
    assert run("region", "validate", spoilt(tmp_path), lang=lang) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "posts.csv[5].kind (post_id=P4)" in err
    assert "castle" in err
    assert err.count("always") == 5


def test_validate_as_json_holds_every_fault_in_both_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("region", "validate", spoilt(tmp_path), "--json") == 2
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], found["valid"]) == ("island-response/validation/1", False)
    assert len(found["faults"]) == 6
    assert {"key", "where", "value", "text_zh", "text_en"} == set(found["faults"][0])


def test_validate_as_json_of_what_cannot_be_read_is_json_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("region", "validate", tmp_path / "none", "--json") == 2
    assert json.loads(capsys.readouterr().out)["faults"][0]["key"] == "region_missing"


def test_validate_shows_all_faults_however_many(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = archipelago.tables()
    given["demand"] = pd.concat([given["demand"]] * 10, ignore_index=True)
    del given["counties"]
    tables.write_geopackage(given, tmp_path / "a.gpkg")
    assert run("region", "validate", tmp_path / "a.gpkg") == 2
    assert capsys.readouterr().err.count("also in") == 90


# export and template


def test_an_export_reads_back_as_the_same_region(gpkg: Path, tmp_path: Path) -> None:
    assert run("region", "export", gpkg, "--out", tmp_path / "导出") == 0
    original = region.load(gpkg)
    for path in (tmp_path / "导出", tmp_path / "导出" / "region.gpkg"):
        read = region.load(path)
        for name, table in original.layers.items():
            pd.testing.assert_frame_equal(table, read.layers[name])


def test_an_export_carries_a_readme_a_result_and_a_run_record(tmp_path: Path) -> None:
    assert run("region", "export", ISLES, "--out", tmp_path / "out") == 0
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert {"README.md", "posts.csv", "islands.geojson", "result.json", "run.json"} <= names
    record = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert record["command"] == "region export"
    assert record["inputs"]["region"]["value"] == region.load(ISLES).content_hash
    assert set(record["outputs"]) == names - {"run.json"}
    result = json.loads((tmp_path / "out" / "result.json").read_text("utf-8"))
    assert result["population"] == 100_000


def test_an_export_of_the_same_region_has_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert run("region", "export", ISLES, "--out", tmp_path / name) == 0
    for file in sorted((tmp_path / "a").iterdir()):
        if file.name != "run.json":
            assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_template_is_written_and_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str
) -> None:
    assert run("region", "template", "--out", tmp_path / "模板", lang=lang) == 0
    assert "README.md" in capsys.readouterr().out
    assert run("--region", tmp_path / "模板", "region", "validate") == 0


@pytest.mark.parametrize("command", ["export", "template"])
def test_a_folder_with_files_is_left_alone_without_overwrite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert run("--region", ISLES, "region", command, "--out", tmp_path) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    assert run("--region", ISLES, "region", command, "--out", tmp_path, "--overwrite") == 0
    assert (tmp_path / "mine.txt").read_text("utf-8") == "mine"


# Bad input: a clear message, exit code 2, nothing written


def bad_inputs(folder: Path) -> dict[str, Path]:
    """Return one spoilt input of each kind, made in `folder`."""
    whole = folder / "whole.gpkg"
    region.save(archipelago.build(), whole)

    def package(name: str, **changed: pd.DataFrame) -> Path:
        tables.write_geopackage({**archipelago.tables(), **changed}, folder / f"{name}.gpkg")
        return folder / f"{name}.gpkg"

    def plain(name: str, content: bytes) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    given = archipelago.tables()
    posts, ferries, roads = given["posts"], given["ferries"], given["roads"]
    nan = posts.assign(vehicle_count=[float("inf")] * 6)
    sea = posts.set_geometry([archipelago.point(11, 9), *posts.geometry[1:]])
    nowhere = ferries.assign(to_port_id=["Atlantis", "Q4"])
    (folder / "empty_folder").mkdir()
    return {
        "missing": folder / "none.gpkg",
        "truncated": plain("cut.gpkg", whole.read_bytes()[:50_000]),
        "zero bytes": plain("zero.gpkg", b""),
        "text": plain("text.gpkg", "post_id,名称\n1,站\n".encode()),
        "empty folder": folder / "empty_folder",
        "other crs": package("crs", posts=posts.to_crs(32756)),
        "not finite": package("nan", posts=nan),
        "duplicates": package("twice", posts=pd.concat([posts, posts.head(1)])),
        "in the sea": package("sea", posts=sea),
        "to nowhere": package("nowhere", ferries=nowhere),
        "no layer": package("no_speed", roads=roads.drop(columns="speed_kmh")),
    }


BAD = [
    "missing",
    "truncated",
    "zero bytes",
    "text",
    "empty folder",
    "other crs",
    "not finite",
    "duplicates",
    "in the sea",
    "to nowhere",
    "no layer",
]


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return bad_inputs(tmp_path_factory.mktemp("bad"))


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_told_and_writes_nothing(
    bad: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    with pytest.raises(InputError):
        region.load(bad[kind])
    for lang in ("zh", "en"):
        out = tmp_path / "out"
        assert run("--region", bad[kind], "region", "export", "--out", out, lang=lang) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.strip()
        assert "Traceback" not in said.err
        assert "Internal" not in said.err
        assert list(tmp_path.iterdir()) == []
