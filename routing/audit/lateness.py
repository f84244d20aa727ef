"""What the model's side tells readers: causes by group, recorded against modelled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import polars as pl
from numpy.typing import NDArray

from geodata.region import Region
from routing.audit import calibration_file, privacy
from routing.audit.causes import CAUSES
from routing.audit.explaining import Explained
from routing.audit.findings import SUPPRESSED, UNKNOWN, Known, Table
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
_GROUP_OF_POINT = {
    "zone": "zone",
    "county": "county_zh",
    "township": "township_zh",
    "island": "island_id",
}
"""Column of the demand points that says in which group of each key they lie."""


def tables(
    found: Explained, known: Known, *, least: int, published: Mapping[str, Table] | None = None
) -> dict[str, pl.DataFrame]:
    """Return the tables ``causes`` and ``modelled``.

    Args:
        found: what the model says.
        known: labels that may be shown beside a suppressed figure.
        least: cells with fewer calls are suppressed, and those that could tell them: the minutes
            and the main causes of a group add up to its lateness, those of all groups to the log's.
        published: the published tables: groups that are suppressed there are suppressed here.

    Returns:
        ``causes``: for each group the causes by falling minutes: late calls, minutes beyond the
        target charged to the cause and their share, calls charged with it (``n``) and those mostly
        charged with it (``main_n``); suppressed ones last, without a rank. ``modelled``: recorded
        and modelled travel by road class, hour and island.
    """
    closed = _closed(published or {})
    rows = [row for key in ("zone", *found.late) for row in _rows(found, key, known, closed, least)]
    seen = pl.DataFrame(rows, schema=_SCHEMA, orient="row").unique(maintain_order=True)
    return {"causes": seen, "modelled": _modelled(found.calibration.comparison, closed, least)}


def places(
    found: Explained, place: Region, *, least: int, published: Mapping[str, Table] | None = None
) -> gpd.GeoDataFrame:
    """Return calls and the share of late ones at each demand point, for maps.

    Calls stand at their nearest demand point, never where they were. Points with fewer calls than
    `least` are left out, and so are those that could tell them or a suppressed group of calls.

    Args:
        found: what the model says.
        place: the region.
        least: least number of calls of a point.
        published: the published tables: points of groups that are suppressed there are left out.
    """
    n, late = found.places.T
    rows = np.flatnonzero((n > 0) & ~_points_hidden(n, place, _closed(published or {}), least))
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
    level = found.calibration
    return {
        "late": {"n": late if late == 0 or late >= least else None},
        "late_causes": told_causes(found, least=least),
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


def told_causes(found: Explained, *, least: int) -> list[dict[str, Any]]:
    """Return the causes of all late calls, those of most calls first; none if late calls are few.

    Args:
        found: what the model says.
        least: causes with fewer calls are suppressed, and those that could tell them.
    """
    if "zone" not in found.late or found.late["zone"].sum() < least:
        return []
    late, charges = int(found.late["zone"].sum()), found.charges["zone"].sum(axis=0)
    n, main = charges[:, 0], charges[:, 1]
    _, hidden = _hidden(n[None], main[None], np.zeros(1, np.bool_), least, across=False)
    order = sorted(np.flatnonzero(n).tolist(), key=lambda k: (bool(hidden[0, k]), -int(main[k]), k))
    return [_cause(k, charges[k], charges[:, 2].sum(), late, bool(hidden[0, k])) for k in order]


def _cause(k: int, charge: Any, seconds: Any, late: int, few: bool) -> dict[str, Any]:
    return {
        "cause": CAUSES[k],
        "n": None if few else int(charge[1]),
        "share": None if few else round(int(charge[1]) / late, _DIGITS),
        "late_min": None if few else round(int(charge[2]) / 60.0, _DIGITS),
        "share_of_late_min": None if few else round(int(charge[2]) / max(int(seconds), 1), _DIGITS),
        "suppressed": few,
    }


def _closed(published: Mapping[str, Table]) -> dict[str, frozenset[str]]:
    """Return the labels of each key that are suppressed in the published tables."""
    return {
        table.keys[0]: frozenset(
            label for (label,), gone in zip(table.labels, table.hidden, strict=True) if gone
        )
        for table in published.values()
        if len(table.keys) == 1
    }


def _rows(
    found: Explained, key: str, known: Known, closed: Mapping[str, frozenset[str]], least: int
) -> list[tuple[Any, ...]]:
    if key not in found.late:
        return []
    labels = [*found.labels.get(key, ()), UNKNOWN]
    late, charges = found.late[key], found.charges[key]
    unpublished = np.array([label in closed.get(key, ()) for label in labels], np.bool_)
    gone = unpublished | (late < least)
    # The zones are what the audit judges: they stand, as they do among the published tables.
    hidden, main_hidden = _hidden(
        charges[:, :, 0], charges[:, :, 1], gone, least, across=key != "zone"
    )
    rows: list[tuple[Any, ...]] = []
    for place, label in enumerate(labels):
        if gone[place]:
            # A suppressed group stands whether it has late calls or not, which is not told.
            if unpublished[place] or late[place]:
                name = label if known.has(key, label) else SUPPRESSED
                rows.append((key, name, *[None] * (len(_SCHEMA) - 3), True))
        elif late[place]:
            own = _causes(charges[place], hidden[place], main_hidden[place])
            rows += [(key, label, int(late[place]), *row) for row in own]
    return rows


def _causes(
    charges: NDArray[np.int64], hidden: NDArray[np.bool_], main_hidden: NDArray[np.bool_]
) -> list[tuple[Any, ...]]:
    """Return the rows of a group: published causes by falling minutes, then the suppressed ones."""
    whole = max(int(charges[:, 2].sum()), 1)
    used = np.flatnonzero(charges[:, 2]).tolist()
    shown = sorted((k for k in used if not hidden[k]), key=lambda k: (-int(charges[k, 2]), k))
    rows: list[tuple[Any, ...]] = []
    for rank, k in enumerate(shown, start=1):
        n, main, seconds = (int(value) for value in charges[k])
        minutes, share = round(seconds / 60.0, _DIGITS), round(seconds / whole, _DIGITS)
        rows.append((rank, CAUSES[k], minutes, share, n, None if main_hidden[k] else main, False))
    blank = (None, None, None, None, True)
    return rows + [(None, CAUSES[k], *blank) for k in used if hidden[k]]


def _hidden(
    n: NDArray[np.int64],
    main: NDArray[np.int64],
    gone: NDArray[np.bool_],
    least: int,
    *,
    across: bool,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return of which causes no figure is published, and of which not the calls mostly charged.

    Args:
        n: calls charged with each cause, shape (groups, causes); a call may have several.
        main: calls mostly charged with it, one cause a call, shape (groups, causes).
        gone: groups that are not published at all, shape (groups,).
        least: least number of calls.
        across: whether all groups but the last (unknown ones) add up to published figures.
    """
    few = ((n > 0) & (n < least)) | gone[:, None]
    hidden = _spread(n, main, few, gone, least, across)
    few_main = hidden | ((main > 0) & (main < least))
    return hidden, _spread(main, main, few_main, gone, least, across)


def _spread(
    n: NDArray[np.int64],
    distinct: NDArray[np.int64],
    hidden: NDArray[np.bool_],
    gone: NDArray[np.bool_],
    least: int,
    across: bool,
) -> NDArray[np.bool_]:
    """Return the hidden cells and those that protect them, along groups and across them."""
    hidden, before = hidden.copy(), -1
    while hidden.sum() > before:
        before = int(hidden.sum())
        for row in np.flatnonzero(~gone):
            more = privacy.complement(n[row], hidden[row], least=least, distinct=distinct[row])
            hidden[row, more] = True
        for column in range(n.shape[1] if across else 0):
            more = privacy.complement(n[:-1, column], hidden[:-1, column], least=least)
            hidden[more, column] = True
    return hidden


def _modelled(
    compared: pl.DataFrame, closed: Mapping[str, frozenset[str]], least: int
) -> pl.DataFrame:
    """Return recorded against modelled travel without what would tell of few calls."""
    by, group = compared["by"].to_list(), compared["group"].to_list()
    kinds = np.array(by, dtype=object)
    lines = [np.flatnonzero(kinds == kind) for kind in dict.fromkeys(by)]
    gone = [label in closed.get(kind, ()) for kind, label in zip(by, group, strict=True)]
    hidden = privacy.suppressed(compared["calls"].to_numpy(), lines, least=least, closed=gone)
    shown = pl.Series("shown", ~hidden)
    return compared.with_columns(
        pl.when(shown).then(pl.col(name).round(_DIGITS) if kind.is_float() else pl.col(name))
        .alias(name)
        for name, kind in compared.schema.items()
        if name not in ("by", "group")
    )  # fmt: skip


def _points_hidden(
    n: NDArray[np.int64], place: Region, closed: Mapping[str, frozenset[str]], least: int
) -> NDArray[np.bool_]:
    """Return which demand points are left out: they add up to the groups that they lie in."""
    gone = np.zeros(len(n), np.bool_)
    lines = [np.arange(len(n))]
    # Small lines first: what protects a point in its township protects it in the whole as well.
    for key, column in _GROUP_OF_POINT.items():
        labels = place.demand[column]
        gone |= labels.isin(closed.get(key, frozenset())).to_numpy(np.bool_)
        lines += [
            np.asarray(rows, np.int64) for rows in place.demand.groupby(column).indices.values()
        ]
    return privacy.suppressed(n, sorted(lines, key=len), least=least, closed=gone)
