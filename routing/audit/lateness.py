"""What the model's side tells readers: causes by group, recorded against modelled."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import polars as pl

from geodata.region import Region
from routing.audit import calibration_file
from routing.audit.causes import CAUSES
from routing.audit.explaining import Explained
from routing.audit.findings import SUPPRESSED, UNKNOWN, Known
from routing.audit.result import plain

_SCHEMA = {
    "by": pl.String,
    "group": pl.String,
    "late_calls": pl.Int64,
    "rank": pl.Int64,
    "cause": pl.String,
    "late_min": pl.Float64,
    "share_of_late_min": pl.Float64,
    "n": pl.Int64,
    "main_n": pl.Int64,
    "suppressed": pl.Boolean,
}
_DIGITS = 4


def tables(found: Explained, known: Known, *, least: int) -> dict[str, pl.DataFrame]:
    """Return the tables ``causes`` and ``modelled``.

    Args:
        found: what the model says.
        known: labels that may be shown beside a suppressed figure.
        least: cells with fewer calls are suppressed.

    Returns:
        ``causes``: for each group the causes by falling minutes: late calls, minutes beyond the
        target charged to the cause and their share, calls charged with it (``n``) and those mostly
        charged with it (``main_n``). ``modelled``: recorded and modelled travel by road class, hour
        and island.
    """
    rows = [row for key in ("zone", *found.late) for row in _rows(found, key, known, least)]
    seen = pl.DataFrame(rows, schema=_SCHEMA, orient="row").unique(maintain_order=True)
    compared = found.calibration.comparison
    figures = [c for c in compared.columns if c not in ("by", "group")]
    enough = pl.col("calls") >= least
    shown = compared.with_columns(
        pl.when(enough).then(pl.col(name).round(_DIGITS) if kind.is_float() else pl.col(name))
        .alias(name)
        for name, kind in compared.schema.items()
        if name in figures
    )  # fmt: skip
    return {"causes": seen, "modelled": shown}


def places(found: Explained, place: Region, *, least: int) -> gpd.GeoDataFrame:
    """Return calls and the share of late ones at each demand point, for maps.

    Calls stand at their nearest demand point, never where they were; points with fewer calls than
    `least` are left out.

    Args:
        found: what the model says.
        place: the region.
        least: least number of calls of a point.
    """
    n, late = found.places.T
    rows = np.flatnonzero(n >= least)
    points = place.demand.iloc[rows]
    few = (late[rows] > 0) & (late[rows] < least)
    return gpd.GeoDataFrame(
        {
            "demand_id": points["demand_id"].to_numpy(),
            "name_zh": points["name_zh"].to_numpy(),
            "zone": points["zone"].to_numpy(),
            "n": n[rows],
            "late_share": np.where(
                few, np.nan, np.round(late[rows] / np.maximum(n[rows], 1), _DIGITS)
            ),
        },
        geometry=points.geometry.to_numpy(),
        crs=place.demand.crs,
    )


def told(found: Explained, *, least: int) -> dict[str, Any]:
    """Return what ``result.json`` says: late calls, their causes, and the calibration."""
    late = int(found.late["zone"].sum()) if "zone" in found.late else 0
    charges = found.charges["zone"].sum(axis=0) if "zone" in found.charges else None
    causes = []
    if charges is not None and late >= least:
        order = sorted(range(len(CAUSES)), key=lambda k: (-int(charges[k, 1]), k))
        causes = [
            _cause(k, charges[k], charges[:, 2].sum(), late, least) for k in order if charges[k, 0]
        ]
    level = found.calibration
    return {
        "late": {"n": late if late == 0 or late >= least else None},
        "late_causes": causes,
        "calibration": plain(
            {
                "calls": level.calls,
                "level": level.level,
                "trials": [vars(trial) for trial in level.trials],
                "values": [
                    {k: v for k, v in vars(value).items() if k != "reason"} | {"why": value.reason}
                    for value in level.values
                ],
                **{
                    f"text_{lang}": calibration_file.statement(level, lang) for lang in ("zh", "en")
                },
            }
        ),
        "unmatched_posts": sum(found.unmatched.values()),
    }


def _cause(k: int, charge: Any, seconds: Any, late: int, least: int) -> dict[str, Any]:
    few = 0 < int(charge[1]) < least
    return {
        "cause": CAUSES[k],
        "n": None if few else int(charge[1]),
        "share": None if few else round(int(charge[1]) / late, _DIGITS),
        "late_min": None if few else round(int(charge[2]) / 60.0, _DIGITS),
        "share_of_late_min": None if few else round(int(charge[2]) / max(int(seconds), 1), _DIGITS),
        "suppressed": few,
    }


def _rows(found: Explained, key: str, known: Known, least: int) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for place, label in enumerate([*found.labels.get(key, ()), UNKNOWN]):
        late = int(found.late[key][place]) if key in found.late else 0
        if not late:
            continue
        if late < least:
            name = label if known.has(key, label) else SUPPRESSED
            rows.append((key, name, None, None, None, None, None, None, None, True))
            continue
        charges = found.charges[key][place]
        whole = max(int(charges[:, 2].sum()), 1)
        used = np.flatnonzero(charges[:, 2])
        order = sorted(used.tolist(), key=lambda k: (-int(charges[k, 2]), k))
        for rank, k in enumerate(order, start=1):
            n, main, seconds = int(charges[k, 0]), int(charges[k, 1]), int(charges[k, 2])
            few = n < least
            figures = (round(seconds / 60.0, _DIGITS), round(seconds / whole, _DIGITS), n,
                       main if main == 0 or main >= least else None)  # fmt: skip
            shown = (None, None, None, None) if few else figures
            rows.append((key, label, late, rank, CAUSES[k], *shown, few))
    return rows
