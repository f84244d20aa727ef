"""Small logs for tests: records as they stand in the canonical table, and a made-up locator."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from geodata.calls import table
from geodata.calls.columns import Columns, Numbered
from routing.audit import phases
from routing.audit.clean import clean
from routing.audit.options import Options
from routing.audit.placing import OFF, TOWNSHIP, Floats, Placed
from routing.audit.work import Prepared, Store

STAMP_COLUMNS = tuple(f"{name}_s" for name in phases.STAMPS)
# Minutes after the dial at which each stamp of a smooth call is pressed.
SMOOTH = (0.0, 0.1, 2.0, 4.0, 10.0, 25.0, 40.0, 55.0)


def seconds(text: str) -> int:
    """Return a wall-clock time as the canonical table has it."""
    return int((datetime.fromisoformat(text) - datetime(1970, 1, 1)).total_seconds())


def call(at: str = "2024-03-05 14:00:00", **changes: Any) -> dict[str, Any]:
    """Return a smooth call; `changes` give columns, stamps as minutes after the dial or None."""
    dial = seconds(at)
    minutes = dict(zip(phases.STAMPS, SMOOTH, strict=True))
    minutes |= {name: changes.pop(name) for name in phases.STAMPS if name in changes}
    row: dict[str, Any] = {
        f"{name}_s": None if minute is None else dial + round(60 * minute)
        for name, minute in minutes.items()
    }
    return {"call_id": None, "township": "镇", "post": "站", **row, **changes}


def frame(rows: list[dict[str, Any]], *, file: int = 0) -> pl.DataFrame:
    """Return rows as a canonical table; lines count from 2."""
    filled = [
        {
            "file": file,
            "line": line,
            "stamp_fault": 0,
            "place_fault": False,
            **{name: row.get(name) for name in table.SCHEMA if name not in ("file", "line")},
            **{k: v for k, v in row.items() if k in ("stamp_fault", "place_fault", "line")},
        }
        for line, row in enumerate(rows, start=2)
    ]
    for row in filled:
        row["stamp_fault"] = row["stamp_fault"] or 0
        row["place_fault"] = bool(row["place_fault"])
    return pl.DataFrame(filled, schema=table.SCHEMA)


class Names:
    """A locator by township alone: 镇 is rural, 城 main urban, 海 off the map."""

    def locate(self, lon: Floats, lat: Floats, county: Numbered, township: Numbered) -> Placed:
        """Return where calls lie."""
        del lat
        zones, rows = {"镇": "rural", "城": "main_urban"}, len(lon)
        name = township.series().cast(pl.String)
        off = (name == "海").fill_null(value=False).to_numpy()
        blank = np.full(rows, -1, np.int32)
        return Placed(
            zone=Numbered.of(name.replace_strict(zones, default=None, return_dtype=pl.String)),
            county=county,
            township=township,
            island=Numbered.none(rows),
            demand_row=blank,
            node=blank,
            how=np.where(off, np.uint8(OFF), np.uint8(TOWNSHIP)),
        )


def placed_table(placed: Placed) -> pl.DataFrame:
    """Return where calls lie as a table, null where unknown."""
    names = {"zone": placed.zone, "county": placed.county, "township": placed.township}
    return pl.DataFrame(
        {
            **{key: column.series().cast(pl.String) for key, column in names.items()},
            "island_id": placed.island.series().cast(pl.String),
            "demand_row": _known(placed.demand_row),
            "node": _known(placed.node),
            "off_map": placed.how == OFF,
            "place": placed.how,
        }
    )


def _known(values: NDArray[np.int32]) -> pl.Series:
    series = pl.Series(values)
    return series.set(series < 0, None)


def prepared(folder: Path, frames: list[pl.DataFrame], options: Options) -> list[Prepared]:
    """Return frames cleaned and stored, each a part."""
    store = Store(folder)
    store.open("test", resume=False)
    return [
        store.save(f"{number}", clean(Columns.of(one), options, Names()))
        for number, one in enumerate(frames)
    ]


def cut(whole: pl.DataFrame, sizes: list[int]) -> list[pl.DataFrame]:
    """Return a table cut into pieces of the given sizes; what is left is the last piece."""
    pieces, begin = [], 0
    for size in sizes:
        pieces.append(whole.slice(begin, size))
        begin += size
    return [*pieces, whole.slice(begin)]
