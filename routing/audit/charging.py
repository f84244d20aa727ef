"""The late calls of cleaned parts, charged and counted from their stored numbers.

Causes are those of `routing.audit.causes`. What each text means is looked up once a label, and
compiled loops do the rest. Everything is a sum of whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from routing.audit import calibration, charge_loops, codes
from routing.audit.causes import CAUSES, Explainer
from routing.audit.codes import fixed
from routing.audit.crews import Crews, month_begins
from routing.audit.modelled import UNKNOWN, Modelled, vehicle_class
from routing.audit.work import Prepared

Ints = NDArray[np.int64]

_COLUMN_OF = {"response": "response_s", "target": "zone", "before": "dispatch_after_s",
              "turnout": "turnout_s", "travel": "travel_s", "vehicle": "vehicle_kind",
              "mass": "island"}  # fmt: skip
_BY = "by "
_DRAWN = ("start_s", "dispatch_after_s", "response_s", "travel_s", "node", "hour")

Drawn = tuple[NDArray[Any], ...]
"""Columns of `calibration.ROW_SCHEMA`, islands by number."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Where each key's groups stand in one table of all groups.

    Attributes:
        labels: labels of each key; unknown ones make one group more.
        first: row of each key's first group.
        row: row of each label, by key.
    """

    labels: Mapping[str, tuple[str, ...]]
    first: Mapping[str, int]
    row: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, labels: Mapping[str, tuple[str, ...]]) -> Groups:
        """Return the groups of some keys."""
        sizes = [len(names) + 1 for names in labels.values()]
        first = dict(zip(labels, [0, *np.cumsum(sizes).tolist()], strict=False))
        row = {
            key: {name: k for k, name in enumerate(names, start=first[key])}
            for key, names in labels.items()
        }
        return cls(labels, first, row)

    @property
    def size(self) -> int:
        """Rows of the table."""
        return sum(len(names) + 1 for names in self.labels.values())

    def split(self, table: Ints) -> dict[str, Ints]:
        """Return the rows of each key."""
        return {k: table[self.first[k] :][: len(v) + 1] for k, v in self.labels.items()}

    def unknown(self, key: str) -> int:
        """Return the row of what has no label."""
        return self.first[key] + len(self.labels[key])


@dataclass(frozen=True, eq=False)
class Meaning:
    """What the labels of a log mean to the model; found once for all parts; picklable.

    Attributes:
        post, vehicle: post code and class of vehicle of each name.
        island: place of each id in their order.
        groups: by which late calls are told.
        explainer: what they are told from.
        share: share of the calls that speeds are calibrated on.
        most: most of these that are taken.
        points: number of demand points.
    """

    post: Mapping[str, int]
    vehicle: Mapping[str, int]
    island: Mapping[str, int]
    groups: Groups
    explainer: Explainer
    share: float
    most: int
    points: int

    @classmethod
    def of(
        cls,
        parts: Iterable[Prepared],
        labels: Mapping[str, tuple[str, ...]],
        explainer: Explainer,
        *,
        share: float,
        most: int,
        points: int,
    ) -> Meaning:
        """Return what the labels of all parts mean.

        Args:
            parts: the whole log.
            labels: groups of the keys by which late calls are told.
            explainer, share, most, points: see the attributes.
        """
        named = [part.facts["labels"] for part in parts]
        posts, kinds, islands = (
            codes.merged(one[key] for one in named) or ()
            for key in ("post", "vehicle_kind", "island")
        )
        code = explainer.modelled.match(posts).tolist()
        return cls(
            dict(zip(posts, code, strict=True)),
            {kind: vehicle_class(kind) for kind in kinds},
            {name: k for k, name in enumerate(islands)},
            Groups.of(labels),
            explainer,
            share,
            most,
            points,
        )

    def tables(self, part: Prepared) -> dict[str, NDArray[np.int32]]:
        """Return what each code of a part's columns stands for, by fact or key."""
        labels, by = part.facts["labels"], self.explainer
        of: dict[str, tuple[str, Mapping[str, int], int]] = {
            "target": ("zone", by.norms.target_s, UNKNOWN),
            "post": ("post", self.post, UNKNOWN),
            "vehicle": ("vehicle_kind", self.vehicle, 0),
            "mass": ("island", by.modelled.mass_of_island, UNKNOWN),
            "island": ("island", self.island, len(self.island)),
        }
        found = {
            fact: [other, *(table.get(name, other) for name in labels[key])]
            for fact, (key, table, other) in of.items()
        }
        for key, row in self.groups.row.items():
            coded = [self.groups.unknown(key), *(row[name] for name in labels.get(key, ()))]
            found[f"{_BY}{key}"] = [*row.values()] if key == "hour" else coded
        return {name: fixed(np.array(table, np.int32)) for name, table in found.items()}


@dataclass(frozen=True, eq=False)
class Piece:
    """What some parts add.

    Attributes:
        total: shape (groups, causes, 3); see `charge_loops.charge`.
        places: judged calls and late ones at each demand point, shape (points, 2).
        drawn: their share of the sample; see `calibration.sample`.
    """

    total: Ints
    places: Ints
    drawn: pl.DataFrame


def charged(items: Sequence[tuple[Prepared, NDArray[Any]]], meaning: Meaning) -> Piece:
    """Return what some parts add.

    Args:
        items: parts, each with the rows that do not count.
        meaning: of the labels of the whole log.
    """
    state = _State.of(meaning, max((part.facts["used"] for part, _ in items), default=0))
    total = np.zeros((meaning.groups.size, len(CAUSES), 3), np.int64)
    places = np.zeros((meaning.points, 2), np.int64)
    drawn = [
        state.add(part, dropped, meaning, total, places)
        for part, dropped in items
        if part.facts["used"]
    ]
    return Piece(total, places, _sample(drawn, meaning))


@dataclass(frozen=True, eq=False)
class _State:
    """Room that is used part after part, and what the loops are told of the model."""

    names: tuple[str, ...]
    facts: NDArray[np.int32]
    rows: tuple[Ints, Ints]
    model: tuple[NDArray[Any], ...]
    ways: tuple[NDArray[Any], ...]
    record: tuple[NDArray[Any], ...]
    weather: tuple[Ints, Ints]

    @classmethod
    def of(cls, meaning: Meaning, room: int) -> _State:
        by = meaning.explainer
        m, bad, nothing = by.modelled, by.weather, np.empty(0, np.int64)
        weather = (nothing, nothing) if bad is None else (bad.begins, bad.ends)
        model = (m.hour_class, m.is_open, m.order, m.travel_s)
        ways = (m.by_ferry, m.mass_of_post)
        keys = (f"{_BY}{key}" for key in meaning.groups.labels)
        names = (*charge_loops.FACTS, *charge_loops.FOUND, *keys)
        return cls(
            names,
            np.empty((len(names), room), np.int32),
            (np.empty(room, np.int64), np.empty(room, np.int64)),
            tuple(fixed(array.view()) for array in model),
            tuple(fixed(array.view()) for array in ways),
            _record(by.crews, m),
            (fixed(weather[0].view()), fixed(weather[1].view())),
        )

    def add(
        self,
        part: Prepared,
        dropped_rows: NDArray[Any],
        meaning: Meaning,
        total: Ints,
        places: Ints,
    ) -> Drawn:
        """Add a part to the sums, and return its share of the sample."""
        columns, tables = part.columns("rows"), meaning.tables(part)
        dropped = np.zeros(part.facts["used"], np.bool_)
        dropped[dropped_rows] = True
        lates, drawns = charge_loops.chosen(
            dropped, columns["zone"], tables["target"], columns["response_s"], columns["start_s"],
            columns["demand_row"], meaning.share * float(1 << 53), *self.rows, places,
        )  # fmt: skip
        late, drawn = self.rows[0][:lates], self.rows[1][:drawns]
        start_s = self._gather(columns, tables, late)
        given = meaning.explainer.norms
        norms = (given.before_dispatch_s, *given.leaving_s)
        charge_loops.reach(self.facts, start_s, norms, self.model, self.record)
        charge_loops.charge(self.facts, start_s, norms, self.ways, self.weather, total)
        return _drawn(columns, tables, drawn, meaning.most)

    def _gather(
        self, columns: Mapping[str, NDArray[Any]], tables: Mapping[str, NDArray[Any]], rows: Ints
    ) -> Ints:
        """Fill the facts of some rows, and return their starts."""
        for fact, room in zip(self.names, self.facts, strict=True):
            if fact in charge_loops.FOUND:
                continue
            column = columns[_COLUMN_OF.get(fact, fact.removeprefix(_BY))]
            if fact in tables:
                charge_loops.looked_up(column, rows, tables[fact], room)
            else:
                charge_loops.taken(column, rows, room)
        start_s = np.empty(len(rows), np.int64)
        charge_loops.taken(columns["start_s"], rows, start_s)
        return start_s


def _drawn(
    columns: Mapping[str, NDArray[Any]], tables: Mapping[str, NDArray[Any]], rows: Ints, most: int
) -> Drawn:
    """Return what calibration takes of some rows of a part, in the order of `ROW_SCHEMA`.

    These are ambulances of known posts to known nodes whose dispatch is known, and no more than
    the sample can hold.
    """
    start_s, before, response, travel_s, node, hour = (columns[name][rows] for name in _DRAWN)
    post, vehicle, island = (
        tables[name][columns[column][rows]]
        for name, column in (("post", "post"), ("vehicle", "vehicle_kind"), ("island", "island"))
    )
    fits = (post >= 0) & (vehicle == 0) & (node >= 0) & (before >= 0)
    fits &= travel_s >= calibration.LEAST_S
    key = calibration.mixed([start_s + before, start_s + response, post, node])
    if np.count_nonzero(fits) > most:
        fits &= key <= np.partition(key[fits], most - 1)[most - 1]
    return tuple(array[fits] for array in (key, post, node, hour, travel_s, island))


def _sample(drawn: Sequence[Drawn], meaning: Meaning) -> pl.DataFrame:
    """Return the sample of some parts as a table; see `calibration.sample`."""
    if not drawn:
        return calibration.sample([], most=meaning.most)
    columns = [np.concatenate(arrays) for arrays in zip(*drawn, strict=True)]
    islands = pl.Series([*meaning.island, None], dtype=pl.String).gather(columns.pop())
    schema = dict(calibration.ROW_SCHEMA)
    table = pl.DataFrame(dict(zip(schema, [*columns, islands], strict=True)))
    return calibration.sample(
        [table.select(pl.col(name).cast(kind) for name, kind in schema.items())], most=meaning.most
    )


def _record(crews: Crews | None, modelled: Modelled) -> tuple[NDArray[Any], ...]:
    """Return the record of crews as `charge_loops.reach` takes it.

    Without one, the posts that count in the region's headline have one crew that is always free.
    """
    if crews is None or not crews.crews.any():
        manned = modelled.counted.astype(np.int32)[:, None]
        nobody = np.empty(0, np.int64)
        crews = Crews(np.zeros(len(manned) + 1, np.int64), nobody, nobody, 0, manned, {})
    begins_s = month_begins(crews.month_from, crews.crews.shape[1])
    told = (crews.first, crews.begins, crews.ends, crews.crews, begins_s)
    near = crews.first[:-1].copy(), crews.first[:-1].copy()
    return (*(fixed(array.view()) for array in told), *near)
