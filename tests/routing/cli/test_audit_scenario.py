"""The command audit under scenarios and conditions, and on logs without a usable record."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

from geodata import region
from geodata.region import Region
from routing import scenario
from routing.audit import counting
from routing.cli import audit, main
from tests.routing import toy
from tests.routing.audit import logs

# Of the model's side; every other table is of what was recorded.
MODELLED = {"causes.csv", "modelled.csv"}
RECORDED = {"overall", "by_zone", "by_island", "by_post", "by_month", "by_hour", "distribution",
            "places", "rejected"}  # fmt: skip
RECORDED_KEYS = ("records", "overall", "zones", "groups", "phases", "trends", "changes", "period")
ROADS = [
    {"link_id": "R1", "ends": ((1, 5), (10, 5)), "nodes": ("a0", "a2")},
    {"link_id": "R2", "ends": ((10, 5), (19, 5)), "nodes": ("a2", "a1")},
    # A road to the village D2, which is not there yet.
    {"link_id": "R3", "ends": ((10, 5), (10, 8)), "nodes": ("a2", "a3"), "status": "planned"},
]
OPENED = '[[link.open]]\nlink_id = "R3"\n'


WRITE_PAGE = audit._write_page


@pytest.fixture(scope="module", autouse=True)
def no_pages() -> Iterator[None]:
    """Leave out what takes longest and is tested elsewhere; `pages` brings it back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "_write_page", lambda *_: None)
        yield


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_write_page", WRITE_PAGE)


def isles() -> Region:
    """Return the toy archipelago with another post P2 beside D2, and a road that is planned."""
    roads = toy.roads(ROADS)
    roads["status"] = roads["status"].fillna("open")
    old = toy.archipelago().posts
    new = toy.points(
        [{"post_id": "P2", "kind": "ambulance_station", "vehicles": "ambulance", "at": (11, 8)}],
        name_zh="二站", evidence="confirmed", island_id="a",
    )  # fmt: skip
    both = gpd.pd.concat([old.dropna(axis=1, how="all"), new], ignore_index=True)
    return toy.archipelago(roads=roads, posts=gpd.GeoDataFrame(both, crs=old.crs))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("群岛") / "玩具.gpkg"
    region.save(isles(), path)
    return path


def village_log(path: Path, *, second: bool = True, vehicle: str | None = None) -> Path:
    """Write late calls, most at D2 and some at D1: P1 went, and every month P2 now and then."""
    spots = [(p.x, p.y) for p in toy.archipelago().demand.geometry]
    rows = []
    for i in range(120):
        at = spots[0] if i % 4 == 0 else spots[1]
        dial = datetime(2024, 1 + i % 5, 1 + i % 27, i % 24, 7)
        post = "P2" if second and i // 5 % 5 == 3 else "P1"
        more = {"急救站": post, "到达现场时间": 1_900 + i}
        if vehicle is not None:
            more["车牌号"] = vehicle
        late = {"离开现场时间": 2_400, "到达医院时间": 3_000, "任务结束时间": 3_300}
        rows.append(logs.row(i, dial, at, **more, **late))
    return logs.write(path, rows)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return village_log(tmp_path_factory.mktemp("记录") / "记录.csv")


def audited(place: Path, log: Path, out: Path, *options: str) -> Path:
    assert main(["--region", str(place), "--lang", "en", "audit", str(log), "--out", str(out),
                 *options]) == 0  # fmt: skip
    return out


@pytest.fixture(scope="module")
def plain(place: Path, log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return audited(place, log, tmp_path_factory.mktemp("plain") / "out")


def result(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "result.json").read_text("utf-8"))
    return found


def table(out: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((out / name).read_text("utf-8-sig").splitlines()))


def late_min(out: Path) -> dict[str, float]:
    """Return the minutes that each cause is charged with, of all calls in the country."""
    return {
        row["cause"]: float(row["late_min"] or 0)
        for row in table(out, "causes.csv")
        if (row["by"], row["group"]) == ("zone", "rural")
    }


def file(tmp_path: Path, text: str, name: str = "情景.toml") -> str:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return str(path)


def with_post(tmp_path: Path) -> str:
    at = toy.archipelago().demand.geometry.iloc[1]
    return file(
        tmp_path,
        f'[[post.add]]\npost_id = "P9"\nname_zh = "新站"\nlon = {at.x}\nlat = {at.y}\n'
        'vehicles = "ambulance"\n',
    )


def same_records(out: Path, plain: Path) -> None:
    for name in RECORDED:
        assert (out / f"{name}.csv").read_bytes() == (plain / f"{name}.csv").read_bytes(), name
    one, other = result(out), result(plain)
    assert {k: one[k] for k in RECORDED_KEYS} == {k: other[k] for k in RECORDED_KEYS}


def test_without_a_scenario_nothing_is_said_of_one(plain: Path) -> None:
    assert not {"scenarios", "condition"} & set(result(plain))


def test_a_road_that_opens_changes_the_model_and_no_record(
    place: Path, log: Path, plain: Path, tmp_path: Path
) -> None:
    out = audited(place, log, tmp_path / "out", "--scenario", file(tmp_path, OPENED))
    same_records(out, plain)
    # The same as the audit of a region in which the road is open.
    after = tmp_path / "after.gpkg"
    region.save(scenario.apply(isles(), scenario.parse({"link": {"open": [{"link_id": "R3"}]}})),
                after)  # fmt: skip
    expected = audited(after, log, tmp_path / "expected")
    for name in MODELLED:
        assert (out / name).read_bytes() == (expected / name).read_bytes()
        assert (out / name).read_bytes() != (plain / name).read_bytes()


@pytest.mark.usefixtures("pages")
def test_a_fog_slows_the_model_and_no_record(
    place: Path, log: Path, plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = audited(place, log, tmp_path / "out", "--condition", "fog")
    same_records(out, plain)
    whole = [next(r for r in table(o, "modelled.csv") if r["by"] == "all") for o in (out, plain)]
    fog, calm = (float(row["modelled_min"]) for row in whole)
    # Fog leaves 0.8 of the speed on roads.
    assert fog == pytest.approx(calm / 0.8, rel=1e-4)
    assert whole[0]["recorded_min"] == whole[1]["recorded_min"]
    found = result(out)
    assert (found["condition"], found["condition_en"]) == ("fog", "dense fog")
    assert [n["key"] for n in found["notices"][:2]] == ["condition", "under"]
    assert "model's side only" in capsys.readouterr().out
    page = (out / "audit.html").read_text("utf-8")
    assert "dense fog" in page
    assert "side only" in page
    assert "under dense fog;" in (out / "calibration.toml").read_text("utf-8")
    assert "“浓雾”" in (out / "calibration.toml").read_text("utf-8")
    assert "under" not in (plain / "calibration.toml").read_text("utf-8")


def test_calm_weather_is_what_an_audit_has_anyway(
    place: Path, log: Path, plain: Path, tmp_path: Path
) -> None:
    out = audited(place, log, tmp_path / "out", "--condition", "calm")
    for path in plain.glob("*.csv"):
        assert (out / path.name).read_bytes() == path.read_bytes(), path.name
    assert result(out) == {**result(plain), "condition": "calm",
                           "condition_zh": "平静天气", "condition_en": "calm weather"}  # fmt: skip


@pytest.mark.parametrize("vehicle", [None, ""])
def test_a_post_that_a_scenario_adds_is_near(place: Path, tmp_path: Path, vehicle: str) -> None:
    """Also where the log tells which posts had crews, and cannot tell it of the new one."""
    log = village_log(tmp_path / "log.csv", second=False, vehicle=vehicle)
    # Without P2, whom nothing but the log knows to be near.
    removed = '[[post.remove]]\npost_id = "P2"\n'
    far = audited(place, log, tmp_path / "far", "--scenario", file(tmp_path, removed, "a.toml"))
    out = audited(place, log, tmp_path / "out", "--scenario", str(tmp_path / "a.toml"),
                  "--scenario", with_post(tmp_path))  # fmt: skip
    before, after = late_min(far), late_min(out)
    assert before["distance"] > 0
    assert "farther_post" not in before
    assert "distance" not in after
    assert after["farther_post"] == pytest.approx(before["distance"], abs=1e-3)
    named = result(out)["scenarios"]
    assert [one["name"] for one in named] == ["a", "情景"]


def test_a_post_that_the_condition_closes_is_not_near(
    place: Path, log: Path, plain: Path, tmp_path: Path
) -> None:
    shut = file(
        tmp_path,
        '[strike]\nname_zh = "停班"\nname_en = "strike"\n'
        '[strike.days_per_year]\nvalue = 1.0\nunit = "d"\nsource = "user"\nnote = ""\n'
        '[strike.stopped_posts]\nvalue = ["P2"]\nunit = "posts"\nsource = "user"\nnote = ""\n',
    )
    out = audited(place, log, tmp_path / "out", "--conditions-file", shut, "--condition", "strike")
    same_records(out, plain)
    before, after = late_min(plain), late_min(out)
    assert "distance" not in before
    assert before["farther_post"] > 0
    # What P2 itself did is still known, so that its own calls are held against its own way.
    assert after["distance"] == pytest.approx(before["farther_post"], abs=1e-3)
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert "conditions" in record["inputs"]
    assert "strike.stopped_posts" in {row["name"] for row in record["parameters"]}


def test_the_clock_of_a_scenario_does_not_count_and_it_says_so(
    place: Path, log: Path, plain: Path, tmp_path: Path
) -> None:
    asked = file(tmp_path, '[condition]\nwhen = "02:30"\n')
    out = audited(place, log, tmp_path / "out", "--scenario", asked)
    for name in MODELLED:
        assert (out / name).read_bytes() == (plain / name).read_bytes()
    assert "under_clock" in [notice["key"] for notice in result(out)["notices"]]
    assert "scenario_1" in json.loads((out / "run.json").read_text("utf-8"))["inputs"]


@pytest.mark.parametrize("option", ["--scenario", "--condition"])
def test_a_resumed_run_under_something_else_starts_anew(
    place: Path, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    value = {"--scenario": file(tmp_path, OPENED), "--condition": "fog"}[option]
    read: list[str] = []
    real = counting.prepare_one

    def interrupted(piece: Any, *rest: Any) -> Any:
        read.append(piece.key)
        if len(read) == 4:
            raise KeyboardInterrupt
        return real(piece, *rest)

    monkeypatch.setattr(counting, "prepare_one", interrupted)
    given = ["--region", str(place), "audit", str(log), "--out", str(tmp_path / "out"),
             "--partitions", "6", "--workers", "1"]  # fmt: skip
    assert main(given) == 130
    assert main([*given, "--resume", option, value]) == 0
    assert set(read[:4]) < set(read[4:])
    expected = audited(place, log, tmp_path / "expected", option, value)
    for name in MODELLED:
        assert (tmp_path / "out" / name).read_bytes() == (expected / name).read_bytes()


def test_a_resumed_run_under_the_same_goes_on(
    place: Path, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = counting.prepare_one

    def interrupted(piece: Any, *rest: Any) -> Any:
        read.append(piece.key)
        if len(read) == 4:
            raise KeyboardInterrupt
        return real(piece, *rest)

    monkeypatch.setattr(counting, "prepare_one", interrupted)
    given = ["--region", str(place), "audit", str(log), "--out", str(tmp_path / "out"),
             "--partitions", "6", "--workers", "1", "--condition", "fog",
             "--scenario", file(tmp_path, OPENED)]  # fmt: skip
    assert main(given) == 130
    assert main([*given, "--resume"]) == 0
    assert set(read[:3]).isdisjoint(read[4:])


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("options", "text", "said"),
    [
        (["--condition", "foggy"], "", "foggy"),
        (["--scenario", "none.toml"], "", "none.toml"),
        (["--scenario", "s.toml"], '[[link.open]]\nlink_id = "R99"\n', "R99"),
        (["--scenario", "s.toml"], '[condition]\nname = "gales"\n', "gales"),
        (["--scenario", "s.toml"], "[[link.opened]]\n", "opened"),
        (["--scenario", "s.toml", "--condition", "gale"], '[condition]\nname = "fog"\n', "gale"),
        (["--conditions-file", "c.toml"], "", "c.toml"),
    ],
)
def test_what_is_not_known_ends_with_two_and_one_clear_message(
    place: Path,
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lang: str,
    options: list[str],
    text: str,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    if text:
        file(tmp_path, text, "s.toml")
    given = ["--lang", lang, "--region", str(place), "audit", str(log), "--out", "out", *options]
    assert main(given) == 2
    told = capsys.readouterr().err
    assert len([line for line in told.splitlines() if said in line]) == 1
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("lang", "said"), [("zh", "记录本身的统计不变"), ("en", "statistics of")])
def test_help_tells_of_both(lang: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", lang, "audit", "--help"]) == 0
    told = "".join(line.strip() for line in capsys.readouterr().out.splitlines())
    for name in ("--scenario FILE", "--condition NAME", "--conditions-file TOML"):
        assert name in told
    assert told.count(said) >= 2


def test_a_comparison_of_scenarios_has_the_baseline_that_is_asked_for(
    place: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    both = f'{OPENED}[condition]\nname = "fog"\n'
    file(folder, both, "both.toml")
    file(folder, '[condition]\nname = "gale"\n', "gale.toml")

    def cases(out: Path, *options: str) -> dict[tuple[str, str], dict[str, Any]]:
        given = ["--region", str(place), "audit", "--scenarios", str(folder), "--out", str(out)]
        assert main([*given, "--workers", "1", *options]) == 0
        return {(row["scenario"], row["zone"]): row for row in result(out)["cases"]}

    plain = cases(tmp_path / "plain")
    (folder / "both.toml").unlink()
    out = tmp_path / "out"
    found = cases(out, "--scenario", file(tmp_path, OPENED), "--condition", "fog")
    for zone in ("main_urban", "rural"):
        base, case = found["as_is", zone], plain["both", zone]
        assert base["condition"] == "fog"
        assert base["mean_min"] == case["mean_min"] != plain["as_is", zone]["mean_min"]
        assert found["gale", zone]["condition"] == "gale"
    told = result(out)
    assert (told["condition"], told["scenarios"][0]["name"]) == ("fog", "情景")


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_log_without_a_usable_record_is_written_and_ends_with_three(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str
) -> None:
    at = next(iter(toy.archipelago().demand.geometry))
    rows = [
        logs.row(i, datetime(2024, 3, 1 + i), (at.x, at.y), 到达现场时间=None) for i in range(5)
    ]
    rows += [logs.row(9 + i, datetime(2024, 4, 1), (125.0, 31.0)) for i in range(2)]
    log, out = logs.write(tmp_path / "log.csv", rows), tmp_path / "out"
    given = ["--lang", lang, "--region", str(place), "audit", str(log), "--out", str(out)]
    assert main(given) == 3
    told = capsys.readouterr()
    line = next(row for row in told.err.splitlines() if "rejected.csv" in row)
    reasons = ("缺到达现场时刻 5", "位置不在区域内 2")
    if lang == "en":
        reasons = ("arrival stamp missing 5", "place off the map 2")
    assert line.index(reasons[0]) < line.index(reasons[1])
    assert "7" in line
    assert str(out) in line
    assert len(table(out, "rejected.csv")) == 7
    assert {"result.json", "run.json", "audit.html", "audit.xlsx"} <= {
        p.name for p in out.iterdir()
    }
    assert not list(tmp_path.glob(".*"))


@pytest.mark.usefixtures("pages")
def test_a_file_with_headings_alone_ends_with_three(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, out = logs.write(tmp_path / "log.csv", []), tmp_path / "out"
    given = ["--lang", "en", "--region", str(place), "audit", str(log), "--out", str(out)]
    assert main(given) == 3
    assert "hold no record" in capsys.readouterr().err
    assert result(out)["records"]["read"] == 0


@pytest.mark.slow
@pytest.mark.usefixtures("pages")
def test_processes_give_the_bytes_that_threads_give(
    place: Path, log: Path, plain: Path, tmp_path: Path
) -> None:
    lines = log.read_text("utf-8").splitlines(keepends=True)
    folder = tmp_path / "logs"
    folder.mkdir()
    for k in range(4):
        text = lines[0] + "".join(lines[1 + 30 * k : 31 + 30 * k])
        (folder / f"{k}.csv").write_text(text, "utf-8")
    out = [
        audited(place, folder, tmp_path / name, "--workers", "2", *options)
        for name, options in (("a", ()), ("b", ("--processes",)))
    ]
    names = sorted(p.name for p in out[0].iterdir())
    assert names == sorted(p.name for p in out[1].iterdir())
    for name in names:
        if name != "run.json":
            assert (out[0] / name).read_bytes() == (out[1] / name).read_bytes(), name
    assert result(out[0])["zones"] == result(plain)["zones"]
