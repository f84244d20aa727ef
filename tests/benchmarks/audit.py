"""Audits side by side: grouped statistics against duckdb and polars, then whole audits.

    python tests/benchmarks/audit.py [--rows 5000000] [--repeat 3] [--only grouped|whole]
                                     [--kinds KIND ...] [--temp DIR] [--out F.md]

Grouped: mean, p90 and share within target by zone, hour and station of the same Parquet file, read
anew each time; our figures hold the intervals too. Whole: the audit from files to files, of a
Parquet file and a GB18030 CSV with Chinese date-times, by threads and by processes of a local Dask
cluster. Every tool runs in a process of its own, after one small run that is not counted; times are
the least of the repeats; memory is the greatest resident set of a process. A peer that is not
installed is left out. Compare figures of one run only; CPU seconds (of the process itself, not of a
cluster's workers) tell more where the machine is shared.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

GROUPED = ("ours", "polars", "duckdb")
WHOLE = ("parquet", "gb18030", "parquet-dask", "gb18030-dask")
TARGETS_S = {"main_urban": 660, "rural": 840}
STATIONS = 60
STAMPS = (
    *("拨打时间", "受理时间", "派车时间", "出车时间"),
    *("到达现场时间", "离开现场时间", "到达医院时间", "任务结束时间"),
)
MEANS_S = (0, 7, 100, 100, 400, 900, 700, 600)
CHINESE = "%Y年%-m月%-d日%H时%M分%S秒"
_BLOCK = 250_000

Row = dict[str, Any]


def main() -> None:
    options = _options()
    if options.child:
        print(json.dumps(_child(options.child, Path(options.folder), options.repeat)))
        return
    with tempfile.TemporaryDirectory(dir=options.temp) as folder:
        rows = _all(options, Path(folder))
    text = _report(rows, options.rows)
    print(text)
    if options.out:
        Path(options.out).write_text(text, "utf-8")


def _all(options: argparse.Namespace, folder: Path) -> list[Row]:
    rows: list[Row] = []
    if options.only in (None, "grouped"):
        write_grouped(folder / "grouped.parquet", options.rows, seed=1)
        write_grouped(folder / "grouped-small.parquet", 10_000, seed=2)
        rows += [_run(f"grouped {tool}", folder, options.repeat) for tool in GROUPED]
    if options.only in (None, "whole"):
        write_log(folder / "whole", options.rows)
        write_log(folder / "whole-small", 10_000)
        rows += [_run(f"whole {kind}", folder, options.repeat) for kind in options.kinds]
    return [row for row in rows if row]


def write_grouped(path: Path, count: int, *, seed: int) -> None:
    """Write zone, station, start and arrival of `count` calls."""
    rng = np.random.default_rng(seed)
    station = rng.integers(0, STATIONS, count)
    start = np.sort(rng.integers(1_640_995_200, 1_735_689_600, count))
    response = rng.gamma(3, 200, count).astype(np.int64) + 60
    zone = np.array(["main_urban", "rural"])[(station % 3 > 0).astype(int)]
    stamp = pl.Datetime("ms")
    pl.DataFrame(
        {
            "zone": zone,
            "station": np.array([f"急救站{i:02d}" for i in range(STATIONS)])[station],
            "start": pl.Series(start * 1_000).cast(stamp),
            "arrive": pl.Series((start + response) * 1_000).cast(stamp),
        }
    ).write_parquet(path)


def write_log(stem: Path, count: int) -> None:
    """Write a log with Chinese date-times as Parquet and as CSV in GB18030."""
    from geodata import region

    place = region.load()
    demand = place.demand
    crewed = place.posts["evidence"] != "clinic"
    posts = place.posts.loc[crewed, "name_zh"].to_numpy(str)
    people = demand["population"].fillna(1).clip(lower=0.5).to_numpy(float)
    rng = np.random.default_rng(3)
    whole = []
    for first in range(0, count, _BLOCK):
        n = min(_BLOCK, count - first)
        where = rng.choice(len(demand), n, p=people / people.sum())
        stamp = 1_640_995_200 + (np.arange(first, first + n) * 94_694_400) // count
        columns: dict[str, Any] = {"呼叫编号": [f"ZS{first + i:010d}" for i in range(n)]}
        for name, mean in zip(STAMPS, MEANS_S, strict=True):
            stamp = stamp + (rng.gamma(2, mean / 2 + 1, n).astype(np.int64) if mean else 0)
            columns[name] = (pl.Series(stamp) * 1_000).cast(pl.Datetime("ms")).dt.strftime(CHINESE)
        columns |= {
            "经度": np.round(demand.geometry.x.to_numpy()[where] + rng.normal(0, 0.001, n), 6),
            "纬度": np.round(demand.geometry.y.to_numpy()[where] + rng.normal(0, 0.001, n), 6),
            "乡镇": demand["township_zh"].to_numpy(str)[where],
            "地址": [f"解放路{i % 900}号" for i in range(n)],
            "急救站": posts[rng.integers(0, len(posts), n)],
            "车牌号": np.array([f"浙L{i:03d}" for i in range(120)])[rng.integers(0, 120, n)],
            "呼叫类型": np.array(["急病", "外伤", "转院", "孕产"])[rng.integers(0, 4, n)],
        }
        whole.append(pl.DataFrame(columns))
    with stem.with_suffix(".csv").open("wb") as file:
        for i, block in enumerate(whole):
            file.write(block.write_csv(include_header=i == 0).encode("gb18030"))
    pl.concat(whole).write_parquet(stem.with_suffix(".parquet"))


def grouped_ours(path: Path) -> Row:
    from routing.audit import grouped

    keys, between = ("zone", "hour", "station"), ("start", "arrive")
    found = grouped.by(pl.scan_parquet(path), keys, between=between, bounds_s=TARGETS_S)
    return _check(found["n"], found["mean_min"], found["p90_min"], found["share_within"])


def grouped_polars(path: Path) -> Row:
    minutes = (pl.col("arrive") - pl.col("start")).dt.total_seconds() / 60.0
    target = pl.when(pl.col("zone") == "main_urban").then(11.0).otherwise(14.0)
    found = (
        pl.scan_parquet(path)
        .with_columns(hour=pl.col("start").dt.hour(), minutes=minutes, target=target)
        .group_by("zone", "hour", "station")
        .agg(
            n=pl.len(),
            mean=pl.col("minutes").mean(),
            p90=pl.col("minutes").quantile(0.9, "linear"),
            share=(pl.col("minutes") <= pl.col("target")).mean(),
        )
        .collect()
    )
    return _check(found["n"], found["mean"], found["p90"], found["share"])


def grouped_duckdb(path: Path) -> Row:
    import duckdb

    found = duckdb.sql(
        f"""
        SELECT zone, hour(start) AS hour, station, count(*) AS n, avg(minutes) AS mean,
               quantile_cont(minutes, 0.9) AS p90,
               avg((minutes <= CASE WHEN zone = 'main_urban' THEN 11 ELSE 14 END)::INT) AS share
        FROM (SELECT *, date_diff('second', start, arrive) / 60.0 AS minutes FROM '{path}')
        GROUP BY zone, hour, station
        """
    ).fetchnumpy()
    return _check(*(pl.Series(found[c]) for c in ("n", "mean", "p90", "share")))


def _check(n: pl.Series, mean: pl.Series, p90: pl.Series, share: pl.Series) -> Row:
    """Return figures that show that all tools found the same."""
    weighed = {"mean": mean, "p90": p90, "share": share}
    total = int(n.sum())
    return {"groups": len(n), "n": total} | {
        k: round(float((v * n).sum()) / total, 9) for k, v in weighed.items()
    }


def whole(path: Path, *, dask: bool) -> Row:
    from routing import audit

    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        if not dask:
            return _used(audit.run(path, out=Path(folder) / "out"))
        from distributed import LocalCluster

        workers = os.cpu_count() or 1
        with LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster:
            begin = time.perf_counter()
            found = audit.run(path, out=Path(folder) / "out", scheduler=cluster.scheduler_address)
            return _used(found) | {"seconds": time.perf_counter() - begin}


def _used(found: Any) -> Row:
    return {k: found.result["records"][k] for k in ("read", "used")}


def _child(name: str, folder: Path, repeat: int) -> Row:
    question, tool = name.split(" ")
    if question == "grouped":
        act: Callable[[Path], Row] = globals()[f"grouped_{tool}"]
        small, large = folder / "grouped-small.parquet", folder / "grouped.parquet"
    else:
        kind, _, dask = tool.partition("-")
        ending = ".parquet" if kind == "parquet" else ".csv"
        small, large = folder / f"whole-small{ending}", folder / f"whole{ending}"

        def act(path: Path) -> Row:
            return whole(path, dask=bool(dask))

    act(small)
    times, busy, found = [], [], {}
    for _ in range(repeat):
        begin, worked = time.perf_counter(), time.process_time()
        found = act(large)
        times.append(found.pop("seconds", time.perf_counter() - begin))
        busy.append(time.process_time() - worked)
    return {"seconds": min(times), "cpu_s": min(busy), "memory_mb": _peak_mb(), "found": found}


def _peak_mb() -> float:
    """Return the greatest resident set of this process alone, without what it inherited."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _run(name: str, folder: Path, repeat: int) -> Row:
    needed = {"duckdb": "duckdb", "dask": "distributed"}
    for word, package in needed.items():
        if word in name and importlib.util.find_spec(package) is None:
            return {}
    command = [
        sys.executable,
        __file__,
        "--child",
        name,
        "--folder",
        str(folder),
        "--repeat",
        str(repeat),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if ran.returncode:
        print(ran.stderr, file=sys.stderr)
        return {"name": name, "error": ran.stderr.strip().splitlines()[-1][:80]}
    return {"name": name, **json.loads(ran.stdout.splitlines()[-1])}


def _report(rows: list[Row], count: int) -> str:
    versions = {}
    for package in ("polars", "duckdb", "numba", "numpy", "distributed"):
        if importlib.util.find_spec(package):
            versions[package] = metadata.version(package)
    known = ", ".join(f"{k} {v}" for k, v in versions.items())
    lines = [
        f"{count:,} records; {platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, {known}",
        "",
        "| what | seconds | CPU seconds | peak memory, MB | against the faster peer | found |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    peers = [
        r["seconds"]
        for r in rows
        if r["name"] in ("grouped polars", "grouped duckdb") and "seconds" in r
    ]
    for row in rows:
        if "error" in row:
            lines.append(f"| {row['name']} | {row['error']} | | | | |")
            continue
        ratio = f"{row['seconds'] / min(peers):.2f}" if peers and "grouped" in row["name"] else ""
        found = ", ".join(f"{k} {v}" for k, v in row["found"].items())
        times = (f"{row[name]:.2f}" for name in ("seconds", "cpu_s"))
        cells = (row["name"], *times, f"{row['memory_mb']:,.0f}", ratio, found)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", choices=("grouped", "whole"))
    parser.add_argument("--kinds", nargs="+", choices=WHOLE, default=WHOLE)
    parser.add_argument("--temp")
    parser.add_argument("--out")
    parser.add_argument("--child")
    parser.add_argument("--folder", default=".")
    return parser.parse_args()


if __name__ == "__main__":
    main()
