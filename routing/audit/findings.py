"""The figures of every group as tables, small cells suppressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray

from routing.audit import phases, privacy, summary, tally
from routing.audit.counting import Counted
from routing.audit.options import Options
from routing.audit.tally import WITHOUT_MISSING, Keys, Plan, Tally

UNKNOWN = "(unknown)"
"""Label of the calls for which a key is not known."""

SUPPRESSED = "(suppressed)"
"""Label of all groups together whose own label is not published."""

FIGURES = (
    "n", "mean_min", "mean_low_min", "mean_high_min", "median_min", "median_low_min",
    "median_high_min", "p90_min", "p90_low_min", "p90_high_min", "share_within", "share_low",
    "share_high", "bound_min", "met",
)  # fmt: skip
"""Columns of figures: calls, minutes with the bounds of their intervals, share within the bound."""

GROUPS = ("zone", "county", "township", "island", "post", "vehicle_kind", "call_type", "priority",
          "month", "hour", "weekday")  # fmt: skip
CROSSES = (("weekday", "hour"), ("zone", "month"))
_DIGITS = 4
_LAST_MIN = 60
_TAIL_MIN = 10


@dataclass(frozen=True)
class Table:
    """Figures of the groups of a cross.

    Attributes:
        keys: the keys of the cross; each is a column of labels.
        rows: the keys' columns, ``measure``, `FIGURES`, ``suppressed``, and ``groups`` (how many
            groups a row stands for); null where suppressed or unknown.
        exact: the counts behind it, for tests of change; never published.
        labels: labels of every group of `exact`.
        hidden: which of these groups are suppressed.
    """

    keys: tuple[str, ...]
    rows: pl.DataFrame
    exact: Tally = field(repr=False)
    labels: list[tuple[str, ...]] = field(repr=False)
    hidden: NDArray[np.bool_] = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the table: its keys, or ``overall``."""
        return "_".join(self.keys) or "overall"

    def of(self, measure: str) -> pl.DataFrame:
        """Return the rows of one measure."""
        return self.rows.filter(pl.col("measure") == measure)


@dataclass(frozen=True)
class Known:
    """Labels that a region publishes anyway: they stay, even beside a suppressed figure.

    Attributes:
        labels: key to labels; every other text of a log may be anything, even a name.
    """

    labels: Mapping[str, frozenset[str]]

    def has(self, key: str, label: str) -> bool:
        """Return whether `label` may be shown whatever the number of calls."""
        return key in WITHOUT_MISSING or label == UNKNOWN or label in self.labels.get(key, ())


def tables(counted: Counted, options: Options, known: Known) -> dict[str, Table]:
    """Return the table of every group: overall, each key, each cross asked for."""
    plan, exact = counted.plan, counted.tally
    wanted: list[tuple[str, ...]] = [(), *((key,) for key in GROUPS), *CROSSES, *options.by]
    found = {}
    for keys in dict.fromkeys(wanted):
        cut = _source(plan, keys)
        if cut is not None:
            counts = tally.marginal(exact, plan, cut, keys) if cut != keys else _only(exact, cut)
            table = _table(counts, keys, counted, options, known)
            found[table.name] = table
    return found


def distribution(table: Table, least: int) -> pl.DataFrame:
    """Return the share of calls of each zone with a response time of at most so many minutes.

    Args:
        table: figures by ``zone``.
        least: zones with fewer calls are left out, and minutes are pooled until as many calls, or
            none, fall between one row and the next.

    Returns:
        columns ``zone``, ``minutes`` (rising, at most 60), ``share`` (of the calls within so many
        minutes), ``minutes_from`` (where the bin that ends there begins: a minute before, unless
        minutes are pooled; 0 for minute 0). What is left to 1 after the last row took longer.
    """
    counts = table.exact.counts[table.keys][phases.MEASURES[0]]
    n = summary.sums(counts).n
    schema = {"zone": pl.String, "minutes": pl.Int64, "share": pl.Float64,
              "minutes_from": pl.Int64}  # fmt: skip
    frames = []
    for place, (zone,) in enumerate(table.labels):
        if n[place] < least or zone == UNKNOWN:
            continue
        reached = [_reached(counts, place, 60 * minute) for minute in range(_LAST_MIN + 1)]
        ends = _ends(np.diff([0, *reached, int(n[place])]).tolist(), least)[:-1]
        frames.append(
            pl.DataFrame(
                {
                    "zone": [zone] * len(ends),
                    "minutes": ends,
                    "share": [round(float(reached[end] / n[place]), _DIGITS) for end in ends],
                    "minutes_from": [0, *ends][: len(ends)],
                },
                schema=schema,
            )
        )
    return pl.concat([pl.DataFrame(schema=schema), *frames])


def _ends(calls: list[int], least: int) -> list[int]:
    """Return where pooled bins end, so that each has `least` calls at least, or none.

    Args:
        calls: of each minute and, last, of all later ones; not fewer than `least` in all.
        least: least number of calls of a bin that has any.

    Returns:
        places in `calls`, rising; the last one always. Where the slowest calls are few, they are
        pooled up to the next full ten minutes, which does not tell when the last of them arrived.
    """
    ends: list[int] = []
    held = filled = 0
    for place, number in enumerate(calls):
        held += number
        if held == 0 or held >= least:
            filled = len(ends) if held else filled
            ends.append(place)
            held = 0
    if not held:
        return ends
    slowest = max(place for place, number in enumerate(calls) if number)
    last = -(-slowest // _TAIL_MIN) * _TAIL_MIN
    return [*ends[:filled], *range(min(last, len(calls) - 1), len(calls))]


def _reached(counts: tally.Counts, group: int, seconds: int) -> int:
    inside = int(counts.table[group, : seconds + 1].sum(dtype=np.int64))
    over = counts.over[(counts.over[:, 0] == group) & (counts.over[:, 1] <= seconds)]
    return inside + int(over[:, 2].sum())


def named(table: Table, islands: pd.DataFrame) -> Table:
    """Return the table of islands with their names beside their ids.

    Args:
        table: figures by ``island``.
        islands: rows ``island_id``, ``name_zh``, ``name_en``.
    """
    columns = [
        table.rows["island"]
        .replace_strict(
            dict(zip(islands["island_id"], islands[name], strict=True)),
            default=None,
            return_dtype=pl.String,
        )
        .alias(name)
        for name in ("name_zh", "name_en")
    ]
    first, rest = table.rows.select("island"), table.rows.drop("island")
    return replace(table, rows=pl.concat([first, pl.DataFrame(columns), rest], how="horizontal"))


def _source(plan: Plan, keys: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return a cross counted that holds `keys` in this order, or None where none does."""
    for cut in (*plan.cuts, *plan.extra):
        if tuple(key for key in cut if key in keys) == keys and (
            keys in plan.extra or cut in plan.cuts
        ):
            return cut
    return None


def _only(exact: Tally, cut: tuple[str, ...]) -> Tally:
    return Tally({cut: exact.counts[cut]}, {cut: exact.judged[cut]}, {cut: exact.within[cut]})


def _table(
    counts: Tally, keys: tuple[str, ...], counted: Counted, options: Options, known: Known
) -> Table:
    plan, least = counted.plan, options.suppress_below
    n = summary.sums(counts.counts[keys][phases.MEASURES[0]]).n
    labels = _labels(keys, plan.keys)
    named = np.array([UNKNOWN not in row for row in labels], np.bool_)
    lines = _lines(keys, plan.keys, counted)
    hidden = privacy.suppressed(np.where(named, n, 0), lines, least=least)
    folded = hidden & ~np.array([_may_show(known, keys, row) for row in labels], np.bool_)
    rows = np.flatnonzero((n > 0) & ~folded)
    together = np.flatnonzero(folded)
    frames = []
    for measure, c in counts.counts[keys].items():
        figures = _figures(measure, c, counts, keys, plan, options)
        few = (figures["n"] > 0) & (figures["n"] < least)
        frames.append(_shown(measure, figures, hidden | few, rows))
        if len(together):
            calls = int(n[folded].sum()) if measure == phases.MEASURES[0] else 0
            one = _shown(measure, figures, np.ones_like(hidden), together[:1])
            frames.append(one | {"n": [calls if calls >= least else None]})
    names = [
        [labels[row] for row in rows.tolist()],
        *([[(SUPPRESSED,) * len(keys)]] * bool(len(together))),
    ]
    return Table(keys, _joined(frames, names, keys, len(together)), counts, labels, hidden)


def _figures(
    measure: str,
    c: tally.Counts,
    counts: Tally,
    keys: tuple[str, ...],
    plan: Plan,
    options: Options,
) -> dict[str, NDArray[Any]]:
    """Return all figures of a measure; NaN where there are none, ``met`` as 1, 0 or NaN."""
    found = summary.describe(c, confidence=options.confidence)
    size = len(c.table)
    blank = np.full(size, np.nan)
    if measure == phases.MEASURES[0]:
        found |= summary.against_targets(
            counts.judged[keys], counts.within[keys], plan.bounds_s, confidence=options.confidence
        )
        met = (found["mean_min"] <= found["bound_min"]).astype(float)
    elif measure in phases.NORMS:
        norm = phases.NORMS[measure]
        found |= summary.share_within(c, norm.bound_s, confidence=options.confidence)
        met = (found["share_within"] >= norm.share).astype(float)
    else:
        names = ("share_within", "share_low", "share_high", "bound_min")
        found |= dict.fromkeys(names, blank)
        met = blank
    known = ~np.isnan(found["bound_min"]) & (found["n"] > 0)
    return {**found, "met": np.where(known, met, np.nan)}


def _shown(
    measure: str,
    figures: dict[str, NDArray[Any]],
    blank: NDArray[np.bool_],
    rows: NDArray[np.int64],
) -> dict[str, list[Any]]:
    """Return the figures of some groups as they are published: None where suppressed or unknown."""
    gone = blank[rows]
    # The mean target of a group tells the mix of its calls; one that is the same for all tells
    # nothing.
    bound = figures["bound_min"]
    fixed = len(np.unique(bound[~np.isnan(bound)])) <= 1
    found: dict[str, list[Any]] = {"measure": [measure] * len(rows)}
    for name in FIGURES:
        values = figures[name][rows].astype(float)
        lost = np.isnan(values) | (gone & ~(fixed and name == "bound_min"))
        told = [None if out else value for value, out in zip(values.tolist(), lost, strict=True)]
        if name == "n":
            found[name] = [None if value is None else int(value) for value in told]
        elif name == "met":
            found[name] = [None if value is None else bool(value) for value in told]
        else:
            found[name] = [None if value is None else round(value, _DIGITS) for value in told]
    return found | {"suppressed": gone.tolist(), "groups": [1] * len(rows)}


def _joined(
    frames: list[dict[str, list[Any]]],
    names: list[list[tuple[str, ...]]],
    keys: tuple[str, ...],
    together: int,
) -> pl.DataFrame:
    """Return the pieces of a table one below the other; every second one may stand for many."""
    kinds = dict.fromkeys(FIGURES, pl.Float64) | {"n": pl.Int64, "met": pl.Boolean}
    schema: dict[str, Any] = dict.fromkeys((*keys, "measure"), pl.String)
    schema |= kinds | {"suppressed": pl.Boolean, "groups": pl.Int64}
    columns: dict[str, list[Any]] = {name: [] for name in schema}
    for place, frame in enumerate(frames):
        labels = names[place % len(names)]
        for i, key in enumerate(keys):
            columns[key] += [label[i] for label in labels]
        for name, values in frame.items():
            columns[name] += [together] if name == "groups" and place % len(names) else values
    return pl.DataFrame(columns, schema=schema)


def _may_show(known: Known, keys: tuple[str, ...], labels: tuple[str, ...]) -> bool:
    return all(known.has(key, label) for key, label in zip(keys, labels, strict=True))


def _labels(keys: tuple[str, ...], of: Keys) -> list[tuple[str, ...]]:
    columns = [[*of.labels[key], *([] if key in WITHOUT_MISSING else [UNKNOWN])] for key in keys]
    if not keys:
        return [()]
    grid = np.indices([len(column) for column in columns]).reshape(len(keys), -1).T
    return [tuple(c[i] for c, i in zip(columns, row, strict=True)) for row in grid.tolist()]


def _lines(keys: tuple[str, ...], of: Keys, counted: Counted) -> list[NDArray[np.int64]]:
    """Return the sets of cells that add up to a figure published elsewhere.

    The zones have none: they are what the audit judges, and stand whenever they have enough calls
    themselves, even where the other zone has too few.
    """
    if keys == ("zone",):
        return []
    if len(keys) == 2:
        return privacy.grid_lines(of.size(keys[0]), of.size(keys[1]))
    count = of.groups(keys)
    if not keys:
        return []
    lines: list[NDArray[np.int64]] = [np.arange(count)]
    for pair, calls in counted.nested.items():
        if len(keys) == 1 and pair[1] == keys[0]:
            lines += _inside(calls)
    return lines


def _inside(calls: NDArray[np.int64]) -> Sequence[NDArray[np.int64]]:
    """Return, for each outer group, the inner ones that lie wholly in it."""
    whole = calls.sum(axis=0)
    inside = (calls == whole) & (whole > 0)
    return [np.flatnonzero(row) for row in inside if row.any()]
