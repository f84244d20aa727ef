"""Exact counts of whole seconds by group: mergeable in any order, the same for any partition.

A cut is a cross of keys, such as zone × month; for each cut and measure a table counts how often
each second occurs in each group. Values beyond the table's width are kept one by one. From these
follow n, mean, variance and every quantile without error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata.errors import Fault, InputError
from routing.audit import count_loops, phases
from routing.audit.codes import MOST_GROUPS, fixed, lookup, merged
from routing.audit.work import Prepared

MOST_CROSSED = 60_000
"""Most groups of a cross of keys; group numbers are 16-bit."""

MOST_TOGETHER = 1_500
"""Most groups of several keys that are counted in one cross to save a pass over the rows."""

CELLS = 32_000_000
"""Cells of all tables of a tally together, four bytes each."""

WITHOUT_MISSING = ("hour", "weekday", "month")
"""Keys that every call in use has."""

_WIDEST, _NARROWEST = 4_096, 80
# Seconds of a table's row that one line of the processor's cache holds.
_LINE = 16
_LOOSE = 1 << 20
_NONE_OVER = np.empty((0, 3), np.int64)
_FIXED = {
    "hour": tuple(f"{hour:02d}" for hour in range(24)),
    "weekday": tuple(str(day) for day in range(1, 8)),
}


@dataclass(frozen=True)
class Keys:
    """Labels of every key over all parts, in order; missing values are one more group at the end.

    Attributes:
        labels: key to its labels.
        crowded: keys with so many different values that they are no grouping.
    """

    labels: dict[str, tuple[str, ...]]
    crowded: tuple[str, ...]

    @classmethod
    def of(cls, parts: Sequence[Prepared]) -> Keys:
        """Return the keys of all parts."""
        names = list(parts[0].facts["labels"]) if parts else []
        found = {
            name: merged((p.facts["labels"][name] for p in parts), most=MOST_GROUPS)
            for name in names
        }
        months = [[f"{m // 100:04d}-{m % 100:02d}" for m in p.facts["months"]] for p in parts]
        found["month"] = merged(months, most=MOST_GROUPS)
        crowded = tuple(name for name, labels in found.items() if labels is None)
        kept = {name: labels for name, labels in found.items() if labels is not None}
        return cls({**kept, **_FIXED}, crowded)

    def size(self, key: str) -> int:
        """Return the number of groups of `key`, that of missing values included."""
        return len(self.labels[key]) + (key not in WITHOUT_MISSING)

    def groups(self, cut: Sequence[str]) -> int:
        """Return the number of groups of a cross."""
        return int(np.prod([self.size(key) for key in cut], dtype=np.int64))


@dataclass
class Counts:
    """Counts of one measure in one cut.

    Attributes:
        table: shape (groups, width), uint32: how often each second occurs.
        over: shape (m, 3), int64: group, seconds and number of calls beyond the table's width; a
            pair of group and seconds may stand there more than once.
    """

    table: NDArray[np.uint32]
    over: NDArray[np.int64]

    @classmethod
    def empty(cls, groups: int, width: int) -> Counts:
        """Return counts of nothing."""
        return cls(np.zeros((groups, width), np.uint32), _NONE_OVER)

    def add(self, other: Counts) -> None:
        """Add the counts of other calls, in place."""
        self.table += other.table
        self.add_over(other.over)

    def add_over(self, over: NDArray[np.int64]) -> None:
        """Add calls beyond the table's width, in place; equal pairs are joined when many."""
        self.over = np.concatenate([self.over, over])
        if len(self.over) > _LOOSE:
            self.over = joined(self.over)


def joined(over: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return calls beyond a table with equal pairs joined, by group and seconds."""
    order = np.lexsort((over[:, 1], over[:, 0]))
    ordered = over[order]
    first = np.ones(len(over), np.bool_)
    first[1:] = (ordered[1:, :2] != ordered[:-1, :2]).any(axis=1)
    number = np.add.reduceat(ordered[:, 2], np.flatnonzero(first)) if len(over) else over[:, 2]
    return np.column_stack([ordered[first, :2], number])


@dataclass
class Tally:
    """All counts of some calls.

    Attributes:
        counts: by cut, then measure.
        judged, within: by cut, shape (groups, targets): calls that each target binds, and those
            within it; they go with the response time.
    """

    counts: dict[tuple[str, ...], dict[str, Counts]]
    judged: dict[tuple[str, ...], NDArray[np.int64]] = field(default_factory=dict)
    within: dict[tuple[str, ...], NDArray[np.int64]] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Add the counts of other calls, or other measures of these, in place."""
        for cut, measures in other.counts.items():
            mine = self.counts.setdefault(cut, {})
            for measure, counts in measures.items():
                if measure in mine:
                    mine[measure].add(counts)
                else:
                    mine[measure] = counts
            self.counts[cut] = {m: mine[m] for m in phases.MEASURES if m in mine}
        for flags, others in ((self.judged, other.judged), (self.within, other.within)):
            for cut, numbers in others.items():
                flags[cut] = flags[cut] + numbers if cut in flags else numbers


@dataclass(frozen=True)
class Plan:
    """What to count; picklable.

    Attributes:
        keys: labels of all keys.
        cuts: crosses counted with every measure.
        extra: crosses counted with the response time alone.
        bounds_s: zone to its target in whole seconds; a call is within when response <= bound.
    """

    keys: Keys
    cuts: tuple[tuple[str, ...], ...]
    extra: tuple[tuple[str, ...], ...]
    bounds_s: dict[str, int]

    @property
    def width(self) -> int:
        """Seconds that tables hold: all of them together stay within `CELLS`.

        A row is an odd number of lines of the cache: after an even one the short times of all
        groups would push each other out of it, and counting them takes six times as long.
        """
        groups = sum(map(self.keys.groups, self.cuts)) * len(phases.MEASURES)
        groups += sum(map(self.keys.groups, self.extra))
        lines = int(np.clip(CELLS // max(groups, 1), _NARROWEST, _WIDEST)) // _LINE
        return (lines - 1 + lines % 2) * _LINE

    def empty(self, measures: Sequence[str] = phases.MEASURES) -> Tally:
        """Return a tally of nothing, for some of the measures."""
        first = phases.MEASURES[0]
        counts = {cut: self._tables(cut, measures) for cut in self.cuts}
        if first not in measures:
            return Tally(counts)
        counts |= {cut: self._tables(cut, (first,)) for cut in self.extra}
        shapes = {cut: (self.keys.groups(cut), len(self.bounds_s)) for cut in counts}
        judged = {cut: np.zeros(shape, np.int64) for cut, shape in shapes.items()}
        within = {cut: np.zeros(shape, np.int64) for cut, shape in shapes.items()}
        return Tally(counts, judged, within)

    def _tables(self, cut: tuple[str, ...], measures: Sequence[str]) -> dict[str, Counts]:
        # In one piece of memory, which comes in larger pages than many small ones do.
        whole = np.zeros((len(measures), self.keys.groups(cut), self.width), np.uint32)
        return {m: Counts(table, _NONE_OVER) for m, table in zip(measures, whole, strict=True)}


def count(
    parts: Iterable[tuple[Prepared, NDArray[np.bool_]]],
    plan: Plan,
    measures: Sequence[str] = phases.MEASURES,
) -> Tally:
    """Return the counts of parts.

    Args:
        parts: each with the mask of its rows that do not count.
        plan: what to count.
        measures: what is counted of it.
    """
    tally = plan.empty(measures)
    for part, dropped in parts:
        _add_part(tally, part, dropped, plan)
    return tally


def groups(part: Prepared, cut: Sequence[str], keys: Keys) -> NDArray[np.uint16]:
    """Return the group of each row of a part in a cross of keys."""
    columns = part.columns("rows")
    group = np.zeros(part.facts["used"], np.uint16)
    for key in cut:
        count_loops.crossed(columns[key], _lookup(key, part, keys), keys.size(key), group)
    return group


def affordable(keys: Keys, cut: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return crosses that hold the groups of every key of `cut`; one, if it is small enough."""
    if not cut:
        return []
    if keys.groups(cut) <= MOST_TOGETHER:
        return [cut]
    if len(cut) == 3 and all(keys.groups((key, cut[2])) <= MOST_CROSSED for key in cut[:2]):
        return [(cut[0], cut[2]), (cut[1], cut[2])]
    return [(key,) for key in cut]


def check(keys: Keys, cuts: Sequence[tuple[str, ...]]) -> None:
    """Raise what is wrong with crosses that a user asked for.

    Raises:
        InputError: if one has too many groups, or a key that is no grouping in this log.
    """
    faults = []
    for cut in cuts:
        name = ",".join(cut)
        if crowded := [key for key in cut if key in keys.crowded]:
            params: dict[str, object] = {"key": crowded[0], "most": MOST_GROUPS}
            faults.append(Fault("audit_crowded", "--by", name, params))
        elif keys.groups(cut) > MOST_CROSSED:
            params = {"groups": keys.groups(cut), "most": MOST_CROSSED}
            faults.append(Fault("audit_many_groups", "--by", name, params))
    if faults:
        raise InputError(faults)


def marginal(tally: Tally, plan: Plan, cut: tuple[str, ...], onto: tuple[str, ...]) -> Tally:
    """Return the counts of `cut` summed over the keys that are not in `onto`.

    Args:
        tally: counts that hold `cut`.
        plan: what was counted.
        cut: a cross counted.
        onto: keys that stay, in their order in `cut`; none for the whole.
    """
    sizes = [plan.keys.size(key) for key in cut]
    kept = [axis for axis, key in enumerate(cut) if key in onto]
    gone = tuple(axis for axis in range(len(cut)) if axis not in kept)
    numbers = np.indices(sizes).reshape(len(cut), -1)
    target = reduce(
        lambda g, axis: g * sizes[axis] + numbers[axis], kept, np.zeros_like(numbers[0])
    )

    def summed(table: NDArray[Any]) -> NDArray[Any]:
        shaped = table.reshape(*sizes, table.shape[1])
        return np.asarray(shaped.sum(axis=gone, dtype=table.dtype).reshape(-1, table.shape[1]))

    counts = {
        measure: Counts(summed(c.table), np.column_stack([target[c.over[:, 0]], c.over[:, 1:]]))
        for measure, c in tally.counts[cut].items()
    }
    return Tally(
        {onto: counts}, {onto: summed(tally.judged[cut])}, {onto: summed(tally.within[cut])}
    )


def _add_part(tally: Tally, part: Prepared, dropped: NDArray[np.bool_], plan: Plan) -> None:
    columns = part.columns("rows")
    held = {cut: groups(part, cut, plan.keys) for cut in tally.counts}
    first = phases.MEASURES[0]
    for measure in next(iter(tally.counts.values()), ()):
        values = columns[phases.MEASURE_COLUMNS[phases.MEASURES.index(measure)]]
        beyond = int(np.count_nonzero(values >= plan.width))
        for cut, counts in tally.counts.items():
            if measure in counts:
                _add(counts[measure], values, held[cut], dropped, beyond)
        if measure == first:
            verdict = np.empty(len(values), np.uint8)
            targets, bounds = _targets(part, plan), np.array(list(plan.bounds_s.values()), np.int64)
            count_loops.verdicts(values, dropped, columns["zone"], targets, bounds, verdict)
            for cut, group in held.items():
                _add_verdicts(tally.judged[cut], tally.within[cut], group, verdict)


def _add(
    counts: Counts,
    values: NDArray[Any],
    groups: NDArray[np.uint16],
    dropped: NDArray[np.bool_],
    beyond: int,
) -> None:
    over = np.empty(beyond, np.uint16), np.empty(beyond, np.int32)
    many = count_loops.tally(values, groups, dropped, counts.table, *over)
    if many:
        one = np.ones(many, np.int64)
        counts.add_over(np.column_stack([over[0][:many], over[1][:many], one]))


def _lookup(key: str, part: Prepared, keys: Keys) -> NDArray[np.uint16]:
    """Return the group of each code that the column `key` of a part holds."""
    if key in _FIXED:
        return np.arange(len(_FIXED[key]), dtype=np.uint16)
    if key == "month":
        months = part.facts["months"] or [0]
        place = {label: i for i, label in enumerate(keys.labels["month"])}
        table = np.zeros(months[-1] + 1, np.uint16)
        for month in part.facts["months"]:
            table[month] = place[f"{month // 100:04d}-{month % 100:02d}"]
        return table
    return lookup(part.facts["labels"][key], keys.labels[key])


def _add_verdicts(
    judged: NDArray[np.int64],
    within: NDArray[np.int64],
    groups: NDArray[np.uint16],
    verdict: NDArray[np.uint8],
) -> None:
    """Add the calls that each target binds, and those within it, of each group."""
    found = np.zeros((len(judged), 2 * judged.shape[1] + 1), np.int64)
    count_loops.number_by(groups, verdict, found)
    hits = found[:, 1:-1:2]
    within += hits
    judged += found[:, :-1:2] + hits


def _targets(part: Prepared, plan: Plan) -> NDArray[np.uint8]:
    """Return which target binds each zone code of a part, their number where none does."""
    bound = list(plan.bounds_s)
    of_label = [bound.index(z) if z in bound else len(bound) for z in part.facts["labels"]["zone"]]
    return fixed(np.array([len(bound), *of_label], np.uint8))
