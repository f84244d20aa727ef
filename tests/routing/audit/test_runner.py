from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from geodata import region
from geodata.errors import InputError
from routing import audit
from routing.audit import counting, engine, runner, sample, work
from tests.routing import toy
from tests.routing.audit import logs

ROOT = Path(__file__).parents[3]
# A place in the main urban area of the toy archipelago, and one on its rural island B.
TOWN, ISLAND = (
    (point.x, point.y) for point in toy.archipelago().demand.geometry.iloc[[0, 2]].tolist()
)
# The one file that tells when and how a run went.
OF_THE_RUN = ("run.json",)


@pytest.fixture(scope="module")
def isles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("群岛") / "toy.gpkg"
    region.save(toy.archipelago(), path)
    return path


@pytest.fixture(scope="module", autouse=True)
def one_world() -> Iterator[None]:
    """Prepare each region once, however many runs ask for it."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (runner.regions, "load"),
            (runner.land_network, "build"),
            (runner.Places, "of"),
        ):
            patch.setattr(module, name, _once(getattr(module, name)))
        yield


def _once(make: Callable[..., Any]) -> Callable[..., Any]:
    held: dict[str, Any] = {}

    def made(first: Any, *more: Any) -> Any:
        key = first if isinstance(first, (str, Path)) else first.content_hash
        if str(key) not in held:
            held[str(key)] = make(first, *more)
        return held[str(key)]

    return made


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = logs.many(toy.archipelago().demand, 3_000)
    return logs.write(tmp_path_factory.mktemp("log") / "呼叫 2023.csv", rows)


@pytest.fixture(scope="module")
def whole(
    big: Path, isles: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, audit.Audit]:
    out = tmp_path_factory.mktemp("out") / "结果"
    return out, audit.run(big, out=out, region=isles, by=["zone,hour,post"], lang="zh")


def files(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name not in OF_THE_RUN
    }


def small(tmp_path: Path, isles: Path, rows: list[list[Any]], **options: Any) -> dict[str, Any]:
    log = logs.write(tmp_path / "log.csv", rows)
    return audit.run(log, out=tmp_path / "out", region=isles, **options).result


def test_a_small_log_by_hand(tmp_path: Path, isles: Path) -> None:
    at = datetime(2024, 3, 5, 14)
    responses_s = {TOWN: (300, 600, 660, 661, 1200), ISLAND: (600, 700, 800, 840, 1500)}
    rows = []
    for place, seconds in responses_s.items():
        for s in seconds:
            stamps = {"到达现场时间": 6 + s, "离开现场时间": None, "到达医院时间": None,
                      "任务结束时间": None, "派车时间": 20, "出车时间": 100}  # fmt: skip
            rows.append(logs.row(len(rows), at, place, **stamps))
    rows.append(logs.row(99, at, TOWN, 到达现场时间=None))
    found = small(tmp_path, isles, rows)
    assert found["records"] == {
        "read": 11, "used": 10, "rejected": 1,
        "rejected_by_reason": {**dict.fromkeys(found["records"]["rejected_by_reason"], 0),
                               "missing_arrival": 1},
    }  # fmt: skip
    urban, rural = found["zones"]["main_urban"], found["zones"]["rural"]
    assert (urban["n"], urban["mean_min"], urban["median_min"]) == (5, 11.4033, 11)
    assert urban["p90_min"] == pytest.approx((661 + 0.6 * (1200 - 661)) / 60, abs=1e-4)
    # 660 s is 11 min exactly, and within the target; 661 s is not.
    assert (urban["share_within_target"], urban["target_min"]) == (0.6, 11)
    assert (urban["target_met"], urban["certain"]) == (False, False)
    assert (rural["mean_min"], rural["share_within_target"]) == (14.8, 0.8)
    assert found["overall"]["target_min"] == 12.5
    assert found["phases"]["answering"]["mean_min"] == 0.1
    assert found["phases"]["answering"]["norm_met"] is True
    assert found["phases"]["turnout"]["mean_min"] == pytest.approx(80 / 60, abs=1e-4)
    assert found["start_stamp"] == "answer"
    assert found["period"]["first"] == "2024-03-05T14:00:06"


def test_equal_times_of_few_calls_make_no_verdict_certain(tmp_path: Path, isles: Path) -> None:
    at, rest = datetime(2024, 3, 5, 14), ("离开现场时间", "到达医院时间", "任务结束时间")
    late = dict.fromkeys(rest) | {"到达现场时间": 726}
    rows = [logs.row(i, at, TOWN, **late) for i in range(2)]
    rows += [logs.row(2 + i, at, ISLAND, **late) for i in range(5)]
    found = small(tmp_path, isles, rows, suppress_below=1)["zones"]
    urban, rural = found["main_urban"], found["rural"]
    assert (urban["mean_min"], urban["target_met"], urban["certain"]) == (12, False, False)
    assert urban["mean_low_min"] is urban["mean_high_min"] is None
    assert (rural["mean_low_min"], rural["mean_high_min"]) == (12, 12)
    assert (rural["target_met"], rural["certain"]) == (True, True)


def test_one_call_makes_no_verdict_certain(tmp_path: Path, isles: Path) -> None:
    rows = [logs.row(1, datetime(2024, 3, 5, 14), TOWN)]
    found = small(tmp_path, isles, rows, suppress_below=1)["zones"]
    assert (found["main_urban"]["target_met"], found["main_urban"]["certain"]) == (True, False)
    assert found["rural"]["target_met"] is None
    assert not found["rural"].get("certain")


def test_result_follows_the_contract(whole: tuple[Path, audit.Audit]) -> None:
    found = json.loads((whole[0] / "result.json").read_text("utf-8"))
    wanted = {"n", "mean_min", "median_min", "p90_min", "share_within_target", "target_min",
              "target_met"}  # fmt: skip
    assert found["schema"] == "island-response/audit/1"
    assert {"read", "used", "rejected", "rejected_by_reason"} == set(found["records"])
    assert all(wanted <= set(row) for row in (found["overall"], *found["zones"].values()))
    assert all(wanted <= set(row) for group in found["groups"].values() for row in group.values())
    assert {"call_handling", "turnout", "travel"} <= set(found["phases"])
    assert len(found["groups"]["weekday_hour"]) == 168
    records = found["records"]
    assert records["used"] + records["rejected"] == records["read"] == 3_000
    assert sum(records["rejected_by_reason"].values()) == records["rejected"]
    expected = {"missing_arrival": 60, "missing_start": 60, "out_of_order": 60, "off_the_map": 60}
    assert expected.items() <= records["rejected_by_reason"].items()


def test_every_rejected_record_is_written_with_its_line(whole: tuple[Path, audit.Audit]) -> None:
    out, found = whole
    rows = list(csv.DictReader((out / "rejected.csv").read_text("utf-8-sig").splitlines()))
    assert len(rows) == found.result["records"]["rejected"]
    assert rows == sorted(rows, key=lambda row: int(row["line"]))
    first = next(row for row in rows if row["reason"] == "missing_arrival")
    assert (first["file"], first["line"]) == ("呼叫 2023.csv", "3")
    table = pl.read_parquet(out / "rejected.parquet")
    assert table["line"].to_list() == [int(row["line"]) for row in rows]
    assert table.columns == ["file", "line", "reason", "kept_file", "kept_line"]


def test_no_output_holds_what_is_about_a_patient(whole: tuple[Path, audit.Audit]) -> None:
    out, _ = whole
    texts = {name: content for name, content in files(out).items() if name != "audit.xlsx"}
    with zipfile.ZipFile(out / "audit.xlsx") as book:
        texts |= {name: book.read(name) for name in book.namelist()}
    texts["run.json"] = (out / "run.json").read_bytes()
    for name, content in texts.items():
        for secret in (*logs.SECRETS, "ZS000007"):
            assert secret.encode() not in content, (name, secret)


def test_no_published_cell_has_few_calls(whole: tuple[Path, audit.Audit]) -> None:
    out, _ = whole
    for path in out.glob("by_*.csv"):
        for row in csv.DictReader(path.read_text("utf-8-sig").splitlines()):
            assert row["n"] == "" or int(row["n"]) >= 5, (path.name, row)
            if row["suppressed"] == "yes":
                assert (row["n"], row["mean_min"], row["share_within"]) == ("", "", "")


def test_no_call_follows_from_the_distribution(whole: tuple[Path, audit.Audit]) -> None:
    out, found = whole
    rows = list(csv.DictReader((out / "distribution.csv").read_text("utf-8-sig").splitlines()))
    for zone, figures in found.result["zones"].items():
        mine = [row for row in rows if row["zone"] == zone]
        ends = [int(row["minutes"]) for row in mine]
        assert [int(row["minutes_from"]) for row in mine] == [0, *ends[:-1]]
        shares = [0.0, *(float(row["share"]) for row in mine), 1.0]
        for less, more in pairwise(shares):
            # Shares have four digits, which is exact enough for the calls of this log.
            calls = round((more - less) * figures["n"])
            assert calls == 0 or calls >= 5


def test_a_zone_that_follows_from_the_whole_is_told(tmp_path: Path, isles: Path) -> None:
    at = datetime(2024, 3, 5, 14)
    rows = [logs.row(i, at, TOWN if i < 30 else ISLAND) for i in range(33)]
    found = small(tmp_path, isles, rows)
    assert found["zones"]["rural"]["n"] is None
    (told,) = (n for n in found["notices"] if n["key"] == "hidden_zone")
    assert "the rural area" in told["text_en"]
    assert "农村地区呼叫少于 5 次" in told["text_zh"]


@pytest.mark.parametrize("urban", [0, 28, 33])
def test_no_zone_is_told_to_follow_where_none_does(tmp_path: Path, isles: Path, urban: int) -> None:
    at = datetime(2024, 3, 5, 14)
    rows = [logs.row(i, at, TOWN if i < urban else ISLAND) for i in range(33)]
    found = small(tmp_path, isles, rows)
    assert "hidden_zone" not in {n["key"] for n in found["notices"]}


def test_groups_that_are_not_published_are_so_nowhere(tmp_path: Path, isles: Path) -> None:
    at = datetime(2024, 3, 5, 14)
    late = {"到达现场时间": 1800, "离开现场时间": None, "到达医院时间": None, "任务结束时间": None}
    rows = [logs.row(i, at, TOWN if i < 30 else ISLAND, **late) for i in range(33)]
    small(tmp_path, isles, rows)
    tables = {
        name: list(csv.DictReader((tmp_path / "out" / name).read_text("utf-8-sig").splitlines()))
        for name in ("by_island.csv", "causes.csv", "places.csv")
    }
    # Three calls on one island, so that the thirty on the other are not published either.
    assert {row["n"] for row in tables["by_island.csv"]} == {""}
    told = [row for row in tables["causes.csv"] if row["by"] == "island"]
    assert len(told) == 2
    assert {row["late_calls"] + row["n"] + row["late_min"] for row in told} == {""}
    assert tables["places.csv"] == []


def test_labels_of_few_calls_are_not_shown(tmp_path: Path, isles: Path) -> None:
    at = datetime(2024, 3, 5, 14)
    rows = [logs.row(i, at, TOWN, 呼叫类型="急病") for i in range(20)]
    rows += [logs.row(20 + i, at, TOWN, 呼叫类型=f"张三{i}") for i in range(3)]
    found = small(tmp_path, isles, rows)
    # The three alone would follow from the total, so the only other group is suppressed too.
    assert list(found["groups"]["call_type"]) == ["(suppressed)"]
    assert "张三" not in (tmp_path / "out" / "by_call_type.csv").read_text("utf-8-sig")
    again = tmp_path / "again"
    audit.run(tmp_path / "log.csv", out=again, region=isles, suppress_below=1)
    assert "张三" in (again / "by_call_type.csv").read_text("utf-8-sig")


def test_formulas_in_the_data_are_inert(whole: tuple[Path, audit.Audit]) -> None:
    out, _ = whole
    text = (out / "by_call_type.csv").read_text("utf-8-sig")
    assert "'=1+1" in text
    assert "\n=1+1" not in text
    with zipfile.ZipFile(out / "audit.xlsx") as book:
        sheets = [book.read(name) for name in book.namelist() if "worksheets" in name]
        assert b"=1+1" in book.read("xl/sharedStrings.xml")
    assert len(sheets) > 10
    assert not any(b"<f" in sheet for sheet in sheets)


@pytest.mark.parametrize("partitions", [2, pytest.param(9, marks=pytest.mark.slow)])
def test_the_partition_changes_no_byte(
    big: Path, isles: Path, whole: tuple[Path, audit.Audit], tmp_path: Path, partitions: int
) -> None:
    out, by = tmp_path / "结果", ["zone,hour,post"]
    audit.run(big, out=out, region=isles, by=by, partitions=partitions, workers=3)
    assert files(out) == files(whole[0])


def test_several_files_are_one_log(
    big: Path, isles: Path, whole: tuple[Path, audit.Audit], tmp_path: Path
) -> None:
    lines = big.read_text("utf-8").splitlines(keepends=True)
    for number, (first, last) in enumerate([(1, 1_200), (1_200, 1_201), (1_201, 3_001)]):
        text = lines[0] + "".join(lines[first:last])
        (tmp_path / f"{number}.csv").write_text(text, "gb18030" if number else "utf-8-sig")
    found = audit.run(str(tmp_path / "*.csv"), out=tmp_path / "out", region=isles).result
    expected = whole[1].result
    assert found["files"] == ["0.csv", "1.csv", "2.csv"]
    assert found["records"] == expected["records"]
    assert found["zones"] == expected["zones"]
    assert {k: v for k, v in expected["groups"].items() if k != "zone_hour_post"} == found["groups"]


def test_nothing_to_use_is_told_and_no_crash(tmp_path: Path, isles: Path) -> None:
    at = datetime(2024, 3, 5, 14)
    found = small(tmp_path, isles, [logs.row(1, at, TOWN, 到达现场时间=None)])
    assert found["records"]["used"] == 0
    assert found["overall"]["n"] == 0
    assert found["zones"]["rural"]["target_met"] is None
    assert found["trends"] == found["changes"] == found["late_causes"] == []


def test_a_missing_start_column_is_told_with_what_there_is(tmp_path: Path, isles: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("派车时间,到达现场时间\n2024-03-05 14:00:00,2024-03-05 14:09:00\n", "utf-8")
    with pytest.raises(InputError, match="--start-stamp"):
        audit.run(log, out=tmp_path / "out", region=isles)
    assert not (tmp_path / "out").exists()
    assert not work.folder_of(tmp_path / "out").exists()
    options: dict[str, Any] = {"start_stamp": "dispatch", "suppress_below": 1}
    found = audit.run(log, out=tmp_path / "out", region=isles, **options)
    assert found.result["overall"]["mean_min"] == 9


def test_how_calls_were_placed_is_told(tmp_path: Path, isles: Path) -> None:
    at = datetime(2024, 3, 5, 14)
    rows = [logs.row(i, at, TOWN if i < 6 else ISLAND) for i in range(9)]
    plain = small(tmp_path, isles, rows)
    assert plain["located"] == {"point": 9, "shore": 0, "township": 0, "county": 0, "unknown": 0}
    assert "by_name" not in {n["key"] for n in plain["notices"]}
    names = {"经度": "", "纬度": "", "乡镇": toy.archipelago().islands["name_zh"].iloc[1]}
    other = tmp_path / "other"
    other.mkdir()
    rows += [logs.row(9 + i, at, TOWN, **names) for i in range(2)]
    found = small(other, isles, rows)
    assert found["located"]["township"] == 2
    (told,) = (n for n in found["notices"] if n["key"] == "by_name")
    assert "county: 2." in told["text_en"]


@pytest.mark.parametrize(
    ("days", "cut"),
    [
        ([1, 31], []), ([4, 59], []), ([5, 59], ["2024-01"]), ([1, 55], ["2024-02"]),
        ([1, 56], ["2024-02"]), ([1, 57], []), ([20, 40], ["2024-01", "2024-02"]),
    ],
)  # fmt: skip
def test_months_that_the_log_does_not_cover_are_told(
    tmp_path: Path, isles: Path, days: list[int], cut: list[str]
) -> None:
    first = datetime(2024, 1, 1)
    rows = [logs.row(day, first + timedelta(days=day - 1), TOWN) for day in days]
    found = small(tmp_path, isles, rows, suppress_below=1)
    told = [n["text_en"] for n in found["notices"] if n["key"] == "cut_months"]
    assert [month for month in ("2024-01", "2024-02") if month in "".join(told)] == cut


def test_periods_are_compared(tmp_path: Path, isles: Path) -> None:
    rows = [
        logs.row(i, datetime(2024, 1 + i % 2, 1 + i // 2), TOWN,
                 到达现场时间=600 + 60 * (i % 2) + i, 离开现场时间=None, 到达医院时间=None,
                 任务结束时间=None)
        for i in range(24)
    ]  # fmt: skip
    found = small(tmp_path, isles, rows, compare=("2024-01", "2024-02..2024-03"))
    change = next(row for row in found["changes"] if row["of"] == "overall")
    assert (change["n_earlier"], change["n_later"]) == (12, 12)
    assert change["mean_min"] == pytest.approx(61 / 60, abs=1e-4)
    assert change["mean_low_min"] < change["mean_min"] < change["mean_high_min"]


@pytest.mark.parametrize(
    "options",
    [{"longest_min": 0}, {"longest_min": 1441}, {"suppress_below": 0}, {"by": ["colour"]},
     {"start_stamp": "arrive"}, {"id_restarts": "week"}, {"compare": ("2024-13", "2024-01")}],
)  # fmt: skip
def test_bad_options_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        audit.run("none.csv", out=tmp_path / "out", **options)


def test_a_given_work_folder_keeps_what_was_in_it(big: Path, isles: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "mine.txt").write_text("mine")
    audit.run(big, out=tmp_path / "out", region=isles, work_folder=scratch)
    assert [p.name for p in scratch.iterdir()] == ["mine.txt"]


def test_a_finished_run_leaves_no_work_folder(whole: tuple[Path, audit.Audit]) -> None:
    assert not work.folder_of(whole[0]).exists()


def command(big: Path, isles: Path, out: Path, *options: str) -> list[str]:
    given = ["--region", str(isles), "audit", str(big), "--out", str(out), *options]
    return [sys.executable, "-m", "routing", *given]


def killed(big: Path, isles: Path, out: Path, *options: str, after: int) -> None:
    """Run the command and kill it once `after` parts are done."""
    given = command(big, isles, out, *options)
    run = subprocess.Popen(given, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    folder = work.folder_of(out)
    until = time.monotonic() + 120
    while len(list(folder.glob("*.json"))) < after:
        assert run.poll() is None, "the run ended before it was killed"
        assert time.monotonic() < until
        time.sleep(0.005)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()


def finished(big: Path, isles: Path, out: Path, *options: str) -> None:
    given = command(big, isles, out, *options)
    subprocess.run(given, cwd=ROOT, check=True, capture_output=True)


@pytest.mark.slow
def test_a_killed_run_resumes_and_ends_with_the_same_bytes(
    big: Path, isles: Path, tmp_path: Path
) -> None:
    options = ("--partitions", "40", "--workers", "1", "--lang", "zh")
    finished(big, isles, tmp_path / "a", *options)
    killed(big, isles, tmp_path / "b", *options, after=5)
    assert not (tmp_path / "b" / "result.json").exists()
    kept = {p.name: p.stat().st_mtime_ns for p in work.folder_of(tmp_path / "b").glob("*.bin")}
    assert len(kept) >= 5
    finished(big, isles, tmp_path / "b", *options, "--resume")
    assert files(tmp_path / "b") == files(tmp_path / "a")
    assert not work.folder_of(tmp_path / "b").exists()


@pytest.mark.slow
def test_a_resumed_run_with_other_options_starts_anew(
    big: Path, isles: Path, tmp_path: Path
) -> None:
    killed(big, isles, tmp_path / "b", "--partitions", "40", "--workers", "1", after=3)
    other = ("--lang", "zh", "--longest", "20")
    finished(big, isles, tmp_path / "b", *other, "--resume")
    finished(big, isles, tmp_path / "a", *other)
    assert files(tmp_path / "b") == files(tmp_path / "a")


def test_finished_parts_are_not_read_again(
    big: Path, isles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    real = counting.prepare_one

    def interrupted(piece: Any, *rest: Any) -> Any:
        read.append(piece.key)
        if len(read) == 4:
            raise KeyboardInterrupt
        return real(piece, *rest)

    monkeypatch.setattr(counting, "prepare_one", interrupted)
    options: dict[str, Any] = {"region": isles, "partitions": 6, "workers": 1}
    with pytest.raises(KeyboardInterrupt):
        audit.run(big, out=tmp_path / "out", **options)
    assert work.folder_of(tmp_path / "out").exists()
    before = list(read)
    audit.run(big, out=tmp_path / "out", **options, resume=True)
    assert set(before[:3]).isdisjoint(read[len(before) :])


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_gives_the_same_bytes(
    big: Path, isles: Path, whole: tuple[Path, audit.Audit], tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed", reason="needs dask.distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
        host="127.0.0.1",
    ) as cluster:  # fmt: skip
        lost: list[str] = []

        def report(stage: str, done: float) -> None:
            if stage == "reading" and done > 0.2 and not lost:
                worker = next(iter(cluster.workers.values()))
                lost.append(worker.worker_address)
                os.kill(worker.process.process.pid, signal.SIGKILL)

        out = tmp_path / "结果"
        audit.run(
            big,
            out=out,
            region=isles,
            by=["zone,hour,post"],
            partitions=12,
            scheduler=cluster.scheduler_address,
            report=report,
        )
        assert lost
    assert files(out) == files(whole[0])


def test_no_scheduler_is_told(
    big: Path, isles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="needs dask.distributed")
    monkeypatch.setattr(engine, "_CONNECT_S", 1)
    with pytest.raises(InputError, match="no Dask scheduler answers"):
        audit.run(big, out=tmp_path / "out", region=isles, scheduler="tcp://127.0.0.1:1")


@pytest.mark.slow
def test_records_that_are_made_up_say_so_everywhere(tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = audit.execute(audit.Asked(paths=(), out=out, sample=400, seed=3))
    assert found.result["synthetic"] is True
    assert any(notice["key"] == "synthetic" for notice in found.result["notices"])
    assert sample.is_synthetic(
        (out / "sample.csv").read_text("utf-8-sig").split("\n")[0].split(",")
    )
    for path in out.glob("*.csv"):
        if path.name != "sample.csv":
            head, *rows = csv.reader(path.read_text("utf-8-sig").splitlines())
            assert head[-1] == "synthetic", path.name
            assert {row[-1] for row in rows} <= {"yes"}, path.name
    again = tmp_path / "again"
    audit.execute(audit.Asked(paths=(), out=again, sample=400, seed=3))
    assert files(again) == files(out)
    mapped = audit.run(out / "sample.csv", out=tmp_path / "m", mapping=out / "mapping.toml")
    assert mapped.result["synthetic"] is True


def test_an_unwritable_place_is_told(big: Path, tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("")
    with pytest.raises(InputError):
        audit.run(big, out=taken)
