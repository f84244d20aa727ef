"""Logs as files for tests of whole audits: made by a rule, so that truth is known."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

STAMPS = (
    *("拨打时间", "受理时间", "派车时间", "出车时间"),
    *("到达现场时间", "离开现场时间", "到达医院时间", "任务结束时间"),
)
HEADINGS = (
    *("呼叫编号", *STAMPS, "经度", "纬度", "乡镇", "急救站", "车牌号", "呼叫类型"),
    *("患者姓名", "联系电话", "地址"),
)
SECRETS = ("王小明", "13812345678", "解放路88号3单元")
SMOOTH_S = (0, 6, 120, 240, 600, 1500, 2400, 3300)


def write(path: Path, rows: list[list[Any]], *, encoding: str = "utf-8") -> Path:
    """Write rows below the headings."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        writer.writerows(rows)
    return path


def row(number: int, dial: datetime, at: tuple[float, float], **changes: Any) -> list[Any]:
    """Return one record; `changes` by heading, stamps as seconds after the dial or None."""
    seconds = dict(zip(STAMPS, SMOOTH_S, strict=True))
    seconds |= {k: changes.pop(k) for k in STAMPS if k in changes}
    cells: dict[str, Any] = {
        "呼叫编号": f"ZS{number:06d}",
        **{k: "" if s is None else dial + timedelta(seconds=int(s)) for k, s in seconds.items()},
        "经度": f"{at[0]:.5f}",
        "纬度": f"{at[1]:.5f}",
        "乡镇": "",
        "急救站": "舟山医院",
        "车牌号": f"浙L{number % 7}",
        "呼叫类型": "急病",
        **dict(zip(HEADINGS[-3:], SECRETS, strict=True)),
    }
    cells |= changes
    return [cells[heading] for heading in HEADINGS]


def many(demand: gpd.GeoDataFrame, count: int, *, seed: int = 0) -> list[list[Any]]:
    """Return records all over a region with every kind of dirt, by a fixed rule."""
    rng = np.random.default_rng(seed)
    people = demand["population"].fillna(0).to_numpy()
    places = demand.geometry.iloc[rng.choice(len(demand), count, p=people / people.sum())]
    first = datetime(2023, 1, 1)
    rows = []
    for i, point in enumerate(places):
        dial = first + timedelta(minutes=int(rng.integers(0, 730 * 1440)))
        travel = int(rng.gamma(3, 160))
        stamps = np.cumsum([0, rng.integers(2, 20), rng.integers(30, 200), rng.integers(20, 240),
                            travel, 900, 700, 600])  # fmt: skip
        changes: dict[str, Any] = dict(zip(STAMPS, stamps.tolist(), strict=True))
        changes["呼叫类型"] = str(rng.choice(["急病", "外伤", "=1+1", "<script>"]))
        if i % 50 == 1:
            changes["到达现场时间"] = None
        if i % 50 == 2:
            changes["受理时间"] = None
        if i % 50 == 3:
            changes["出车时间"] = 5
        number = i - 1 if i % 50 in (4, 5) else i
        if i % 50 == 4:
            changes["车牌号"] = f"浙L{number % 7}"
        at = (point.x, point.y) if i % 50 != 6 else (125.0, 31.0)
        rows.append(row(number, dial, at, **changes))
    return rows
