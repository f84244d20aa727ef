"""What is wrong with real logs, done to a clean one on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from geodata import crs

Flags = NDArray[np.bool_]

_TOWNSHIP_ENDS = "(街道|镇|乡)$"


@dataclass(frozen=True)
class DirtParameters:
    """Shares of records with each fault; 0 everywhere leaves the log clean.

    Attributes:
        cancelled: called off before arrival.
        second_vehicle: another vehicle came as well, later (a record of its own).
        duplicate: exported twice.
        missing: of each stamp on its own, by name.
        out_of_order: departure after arrival.
        wrong_day: arrival stamped a day too late.
        without_place: no coordinates, only the township.
        off_map: coordinates 0, 0.
        short_township: township without the word for what it is.
        gcj02: coordinates of all records in GCJ-02, as Chinese online maps give them.
    """

    cancelled: float = 0.04
    second_vehicle: float = 0.03
    duplicate: float = 0.005
    missing: Mapping[str, float] | None = None
    out_of_order: float = 0.004
    wrong_day: float = 0.001
    without_place: float = 0.03
    off_map: float = 0.002
    short_township: float = 0.1
    gcj02: bool = False

    @classmethod
    def none(cls) -> DirtParameters:
        """Return no dirt at all."""
        return cls(0, 0, 0, {}, 0, 0, 0, 0, 0)


_MISSING = {
    "dial": 0.01,
    "answer": 0.003,
    "dispatch": 0.004,
    "depart": 0.015,
    "arrive": 0.008,
    "leave": 0.02,
    "hospital": 0.02,
    "clear": 0.03,
}
_TIMES = ("dispatch", "depart", "arrive", "leave", "hospital", "clear")


def soiled(
    table: pl.DataFrame,
    truth: pl.DataFrame,
    headings: Mapping[str, str],
    given: DirtParameters,
    rng: np.random.Generator,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the records with faults and the truth beside them, `dirt` naming what was done.

    Args:
        table: clean records, one a call.
        truth: one row a call in the same order.
        headings: heading of each stamp.
        given: how much dirt.
        rng: source of randomness.
    """
    table, truth = _with_more_records(table, truth, headings, given, rng)
    n = len(table)
    dirt = truth["dirt"].to_numpy().astype(object)

    def hit(name: str, share: float) -> pl.Series:
        """Choose clean records for one fault, so that each has one at most."""
        chosen = (rng.random(n) < share) & (dirt == "")
        dirt[chosen] = name
        return pl.Series(chosen)

    edits: list[pl.Expr] = []
    called_off = hit("cancelled", given.cancelled)
    disordered = hit("out_of_order", given.out_of_order)
    wrong_day = hit("wrong_day", given.wrong_day)
    missing = _MISSING if given.missing is None else given.missing
    gone = {name: hit(f"missing_{name}", share) for name, share in missing.items()}
    minutes = pl.Series(rng.integers(60, 300, n) * 1000).cast(pl.Duration("ms"))
    for name, heading in headings.items():
        stamp = pl.col(heading)
        blank = gone.get(name, pl.Series(np.zeros(n, bool)))
        if name in ("arrive", "leave", "hospital"):
            blank = blank | called_off
        if name == "depart":
            later = pl.col(headings["arrive"]) + pl.lit(minutes)
            stamp = pl.when(pl.lit(disordered)).then(later).otherwise(stamp)
        if name == "arrive":
            stamp = pl.when(pl.lit(wrong_day)).then(stamp + pl.duration(days=1)).otherwise(stamp)
        edits.append(pl.when(~pl.lit(blank)).then(stamp).alias(heading))
    edits += _places(
        table, hit("without_place", given.without_place), hit("off_map", given.off_map), given
    )
    result = (
        pl.when(pl.lit(called_off))
        .then(pl.lit("途中取消"))
        .otherwise(pl.col("出车结果").cast(pl.String))
    )
    short = pl.Series(rng.random(n) < given.short_township)
    town = pl.col("乡镇").cast(pl.String)
    town = pl.when(pl.lit(short)).then(town.str.replace(_TOWNSHIP_ENDS, "")).otherwise(town)
    edits += [result.alias("出车结果"), town.cast(pl.Categorical).alias("乡镇")]
    return table.with_columns(edits), truth.with_columns(
        dirt=pl.Series(dirt.tolist(), dtype=pl.String)
    )


def _places(
    table: pl.DataFrame, none: pl.Series, zero: pl.Series, given: DirtParameters
) -> list[pl.Expr]:
    lon, lat = table["经度"].to_numpy(), table["纬度"].to_numpy()
    if given.gcj02:
        lon, lat = (values.round(6) for values in crs.wgs84_to_gcj02(lon, lat))
    return [
        pl.when(pl.lit(none)).then(None).when(pl.lit(zero)).then(0.0).otherwise(pl.lit(pl.Series(v)))
        .alias(heading)
        for heading, v in (("经度", lon), ("纬度", lat))
    ]  # fmt: skip


def _with_more_records(
    table: pl.DataFrame,
    truth: pl.DataFrame,
    headings: Mapping[str, str],
    given: DirtParameters,
    rng: np.random.Generator,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Add second vehicles and duplicates right below the record that they repeat."""
    n = len(table)
    second = np.flatnonzero(rng.random(n) < given.second_vehicle)
    twice = np.flatnonzero(rng.random(n) < given.duplicate)
    source = np.concatenate([np.arange(n), second, twice])
    kind = np.concatenate([np.zeros(n, int), np.ones(len(second), int), np.full(len(twice), 2)])
    order = np.lexsort((kind, source))
    source, kind = source[order], kind[order]
    delay = pl.Series(np.where(kind == 1, rng.integers(60, 480, len(kind)), 0) * 1000)
    late = pl.lit(delay.cast(pl.Duration("ms")))
    table = table[source].with_columns(
        *(pl.col(headings[name]) + late for name in _TIMES),
        pl.when(pl.lit(pl.Series(kind == 1)))
        .then(pl.col("车辆编号") + "B")
        .otherwise(pl.col("车辆编号"))
        .alias("车辆编号"),
    )
    names = np.array(["", "second_vehicle", "duplicate"], dtype=object)[kind]
    return table, truth[source].with_columns(dirt=pl.Series(names.tolist(), dtype=pl.String))
