"""The commands ``region import-osm`` and ``region fetch`` as a user meets them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import osmnx
import pytest

from geodata import provenance, region
from routing.cli import console, frame, region_osm
from routing.cli.localised import Group
from tests.geodata.osm import drawing, loopback
from tests.geodata.osm.drawing import WORLD
from tests.geodata.osm.loopback import Answer

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``region ARGUMENTS`` and return exit code, output and messages."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def call(*arguments: object, lang: str = "en", base: str = "zhoushan") -> tuple[int, str, str]:
        settings = frame.Settings(region=base, config=None, lang=lang, verbose=False)
        with frame.help_in(lang):
            group = Group("region", lang=lang)
            region_osm.register(group)
        code = console.guarded(
            lambda: group.main([str(a) for a in arguments], obj=settings, standalone_mode=False),
            lang,
            verbose=False,
        )
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def test_an_import_writes_region_and_report_and_tells(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "新文件夹" / "岛.gpkg"
    code, said, errors = run("import-osm", WORLD, "--out", out, "--name-zh", "双岛", lang="zh")
    assert (code, errors) == (0, "")
    assert "航线 2 条，其中车客渡 1 条" in said
    assert region.load(out).meta_value("name_zh") == "双岛"
    report = json.loads((out.parent / "岛.import.json").read_text("utf-8"))
    assert report["schema"] == "island-response/osm-import/1"
    assert report["assumptions"]["road_speed_kmh"]["primary"] == 65.0
    assert "profiles/car.lua" in report["assumptions"]["road_speed_source"]
    names = ["岛.gpkg", "岛.import.json", "岛.run.json"]
    assert sorted(p.name for p in out.parent.iterdir()) == names
    record = json.loads((out.parent / "岛.run.json").read_text("utf-8"))
    assert record["schema"] == "island-response/run/1"
    assert record["command"] == "region import-osm"
    assert record["arguments"]["name_zh"] == "双岛"
    assert record["inputs"]["osm"]["sha256"] == provenance.sha256_of(WORLD)
    assert record["outputs"] == {name: provenance.sha256_of(out.parent / name)
                                 for name in names[:2]}  # fmt: skip
    assert {"name": "osm.lattice_m", "value": 500.0} in record["parameters"]


def test_a_record_of_an_earlier_run_does_not_outlive_its_files(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "r.gpkg"
    assert run("import-osm", WORLD, "--out", out)[0] == 0
    assert (tmp_path / "r.run.json").exists()

    def breaks(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("geodata.osm.build.Imported.save", breaks)
    assert run("import-osm", WORLD, "--out", out, "--overwrite")[0] == 2
    assert not (tmp_path / "r.run.json").exists()


def test_an_existing_file_is_replaced_only_on_request(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "r.gpkg"
    out.write_text("precious", "utf-8")
    code, _, errors = run("import-osm", WORLD, "--out", out)
    assert code == 2
    assert "--overwrite" in errors
    assert out.read_text("utf-8") == "precious"
    assert run("import-osm", WORLD, "--out", out, "--overwrite")[0] == 0
    assert len(region.load(out).islands) == 4


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--bbox", "1,2,3"), "1,2,3"),
        (("--bbox", "10,10,11,11"), "10.0000,10.0000,11.0000,11.0000"),
        (("--bbox", "121,29,123,31", "--polygon", "x.geojson"), "--polygon"),
        (("--polygon", "no-such.geojson"), "no-such.geojson"),
    ],
)
def test_a_bad_area_is_told_and_nothing_is_written(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], word: str
) -> None:
    code, said, errors = run("import-osm", WORLD, "--out", tmp_path / "r.gpkg", *arguments)
    assert (code, said) == (2, "")
    assert word in errors
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_broken_file_is_told_and_nothing_is_written(run: Run, tmp_path: Path, lang: str) -> None:
    broken = tmp_path / "in" / "断.osm.pbf"
    broken.parent.mkdir()
    whole = drawing.converted(WORLD, tmp_path / "in" / "whole.osm.pbf")
    broken.write_bytes(whole.read_bytes()[:-100])
    code, said, errors = run("import-osm", broken, "--out", tmp_path / "r.gpkg", lang=lang)
    assert (code, said) == (2, "")
    assert "断.osm.pbf" in errors
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_a_mistake_on_the_map_is_told_and_lenient_goes_on(run: Run, tmp_path: Path) -> None:
    drawn = drawing.least()
    drawn.node(5, 122.03, 30.03)
    drawn.way(11, [2, 5], highway="residential", maxspeed="0")
    file, out = drawn.save(tmp_path / "x.osm"), tmp_path / "r.gpkg"
    code, _, errors = run("import-osm", file, "--out", out)
    assert code == 2
    assert "way 11" in errors
    assert "--lenient" in errors
    assert not out.exists()
    code, said, _ = run("import-osm", file, "--out", out, "--lenient")
    assert code == 0
    assert "1 impossible speed limits" in said


def test_an_output_that_is_no_geopackage_is_refused(run: Run, tmp_path: Path) -> None:
    code, _, errors = run("import-osm", WORLD, "--out", tmp_path / "r.shp")
    assert code == 2
    assert ".gpkg" in errors


def test_roads_only_keeps_the_rest_of_a_region(run: Run, tmp_path: Path) -> None:
    base = tmp_path / "base.gpkg"
    assert run("import-osm", WORLD, "--out", base)[0] == 0
    streets = osmnx.graph_from_xml(WORLD, simplify=False, retain_all=True)
    osmnx.save_graphml(streets, tmp_path / "s.graphml")
    out = tmp_path / "new.gpkg"
    code, _, errors = run("import-osm", tmp_path / "s.graphml", "--out", out)
    assert code == 2
    assert "--roads-only" in errors
    code, said, _ = run(
        "import-osm", tmp_path / "s.graphml", "--roads-only", "--out", out, base=str(base)
    )
    assert code == 0
    assert "road links" in said
    assert region.load(out).posts["name_zh"].tolist() == region.load(base).posts["name_zh"].tolist()
    record = json.loads((tmp_path / "new.run.json").read_text("utf-8"))
    assert region.load(base).content_hash in record["inputs"]["region"]["value"]


def test_a_place_is_fetched_by_its_name(run: Run, tmp_path: Path) -> None:
    elements = loopback.overpass(loopback.elements_of(WORLD))
    found = [{"boundingbox": ["29.95", "30.05", "121.95", "122.15"], "display_name": "Isles, Sea"}]

    def reply(path: str, form: dict[str, list[str]]) -> Answer:
        if path.endswith("/search"):
            return Answer(body=json.dumps(found))
        return elements if path.endswith("/interpreter") else Answer(404)

    with loopback.server(reply) as (url, _):
        servers = ("--overpass-url", url, "--nominatim-url", url, "--cache", tmp_path / "cache")
        out = tmp_path / "isles.gpkg"
        code, said, errors = run("fetch", "Isles", "--out", out, *servers)
    assert (code, errors) == (0, "")
    assert "121.9500,29.9500,122.1500,30.0500" in said
    assert region.load(out).meta_value("name_en") == "Isles"
    record = json.loads((tmp_path / "isles.run.json").read_text("utf-8"))
    assert (record["command"], record["arguments"]["place"]) == ("region fetch", "Isles")


def test_a_refused_download_is_told_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    with loopback.server(lambda *_: Answer(403, "<title>Forbidden</title>")) as (url, _):
        cache = tmp_path / "cache"
        code, said, errors = run(
            "fetch", "--bbox", "122,30,122.1,30.1", "--overpass-url", url,
            "--cache", cache, "--out", tmp_path / "r.gpkg", lang="zh",
        )  # fmt: skip
    assert (code, said) == (2, "")
    assert "403" in errors
    assert "Forbidden" in errors
    assert not (tmp_path / "r.gpkg").exists()


@pytest.mark.parametrize("arguments", [(), ("Malta", "--bbox", "1,2,3,4")])
def test_a_download_needs_a_place_or_a_box(
    run: Run, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    code, _, errors = run("fetch", *arguments, "--out", tmp_path / "r.gpkg")
    assert code == 2
    assert "--bbox" in errors


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("command", ["import-osm", "fetch"])
def test_every_option_has_help(run: Run, command: str, lang: str) -> None:
    code, said, _ = run(command, "--help", lang=lang)
    assert code == 0
    for option in ("--out", "--overwrite", "--lenient", "--roads-only", "--bbox"):
        assert option in said
