"""The two passes over the parts: clean each, find repeats among all, then count each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from geodata import calls
from geodata.calls import table
from geodata.calls.columns import Columns
from routing.audit import clean, count_loops, phases, repeats, tally
from routing.audit.engine import Engine, Threads
from routing.audit.options import Options
from routing.audit.placing import Locator
from routing.audit.repeats import Repeats
from routing.audit.tally import Keys, Plan, Tally
from routing.audit.work import Prepared, Store

Report = Callable[[str, float], None]
Read = Callable[[calls.Part], Columns]

_BLANK = "blank"

NESTED = (("county", "township"), ("county", "island"), ("county", "post"))
"""Crosses of which only the number of calls is needed: who lies in what."""


@dataclass(frozen=True)
class Counted:
    """Everything that the findings are made from.

    Attributes:
        parts: cleaned parts in source order.
        repeats: records not used because of another one.
        plan: what was counted.
        tally: the counts.
        nested: calls by cross of `NESTED`, shape (groups of the first, groups of the second).
    """

    parts: Sequence[Prepared]
    repeats: Repeats
    plan: Plan
    tally: Tally
    nested: dict[tuple[str, str], Any]


def prepare(
    pieces: Sequence[Any],
    store: Store,
    options: Options,
    locator: Locator,
    engine: Engine,
    report: Report,
    read: Read = calls.read,
) -> list[Prepared]:
    """Return the cleaned parts in source order; those that the store holds are not made again.

    A source without records has one part without rows.

    Args:
        pieces: parts of the source, each with a ``key``.
        store: where cleaned parts are kept.
        options, locator: what is asked, and where calls lie.
        engine: runs the parts.
        report: told the share done.
        read: reads a part.
    """
    if not pieces:  # files with headings alone
        return [store.save(_BLANK, clean.clean(Columns.of(table.empty()), options, locator))]
    held = {piece.key: store.load(piece.key) for piece in pieces}
    missing = [piece for piece in pieces if held[piece.key] is None]
    total, ready = max(len(pieces), 1), len(pieces) - len(missing)
    made = engine.run(
        prepare_one,
        missing,
        store,
        options,
        locator,
        read,
        done=lambda n: report("reading", (ready + n) / total),
    )
    held |= {piece.key: part for piece, part in zip(missing, made, strict=True)}
    return [part for piece in pieces if (part := held[piece.key]) is not None]


def prepare_one(
    piece: Any, store: Store, options: Options, locator: Locator, read: Read
) -> Prepared:
    """Read, clean and store one part."""
    return store.save(piece.key, clean.clean(read(piece), options, locator))


def count(
    parts: Sequence[Prepared],
    options: Options,
    bounds_s: dict[str, int],
    engine: Engine,
    report: Report,
) -> Counted:
    """Return the counts of all parts.

    Args:
        parts: cleaned parts in source order.
        options: what is asked.
        bounds_s: zone to its target in whole seconds.
        engine: runs the parts.
        report: told the stage and the share done.
    """
    report("repeats", 0.0)
    threads = Threads(engine.workers if isinstance(engine, Threads) else None)
    found = repeats.find(parts, threads.run)
    report("counting", 0.0)
    plan = plan_of(Keys.of(parts), options, bounds_s)
    batches = _batches(parts, found, engine)
    share = max(len(batches), 1)
    results = engine.run(count_batch, batches, plan, done=lambda n: report("counting", n / share))
    nested = {pair: _no_pairs(plan.keys, pair) for pair in _pairs(plan.keys)}
    for _, pairs in results:
        for pair, numbers in pairs.items():
            nested[pair] += numbers
    # Tables of counts are large: the first one takes in the others.
    tallies = [counts for counts, _ in results][::-1]
    whole = tallies.pop()
    while tallies:
        whole.add(tallies.pop())
    return Counted(parts, found, plan, whole, nested)


@dataclass(frozen=True)
class Batch:
    """Work that makes one tally.

    Attributes:
        parts: each with the rows that do not count.
        measures: what is counted of them.
        nests: whether the crosses of `NESTED` are.
    """

    parts: Sequence[tuple[Prepared, Any]]
    measures: Sequence[str]
    nests: bool


def count_batch(batch: Batch, plan: Plan) -> tuple[Tally, dict[Any, Any]]:
    """Return the counts of a batch, and its calls by cross of `NESTED`."""
    masked = []
    pairs = _pairs(plan.keys) if batch.nests else []
    nested = {pair: _no_pairs(plan.keys, pair) for pair in pairs}
    for part, rows in batch.parts:
        dropped = np.zeros(part.facts["used"], np.bool_)
        dropped[rows] = True
        masked.append((part, dropped))
        for pair in nested:
            groups = tally.groups(part, pair, plan.keys)
            count_loops.number_of(groups, dropped, nested[pair].reshape(-1))
    return tally.count(masked, plan, batch.measures), nested


def plan_of(keys: Keys, options: Options, bounds_s: dict[str, int]) -> Plan:
    """Return what is counted: as few crosses as hold all groups that are asked for.

    Raises:
        InputError: if a cross asked for has too many groups.
    """
    wanted = [("zone", "county", "month"), ("township",), ("island",), ("post",),
              ("vehicle_kind", "call_type", "priority"), ("weekday", "hour")]  # fmt: skip
    cuts: list[tuple[str, ...]] = []
    for cut in wanted:
        known = tuple(key for key in cut if key not in keys.crowded)
        cuts += tally.affordable(keys, known)
    extra = tuple(cut for cut in options.by if cut not in cuts)
    tally.check(keys, extra)
    return Plan(keys, tuple(dict.fromkeys(cuts)), extra, bounds_s)


def rejected(counted: Counted) -> pl.DataFrame:
    """Return every rejected record: ``file``, ``line``, ``reason`` (code), ``kept_file``,
    ``kept_line`` (the record kept in its place, else null), in source order."""
    tables = [_own(part) for part in counted.parts]
    again = counted.repeats.rows.select("file", "line", "reason", "kept_file", "kept_line")
    return pl.concat([*tables, again]).sort("file", "line")


def _own(part: Prepared) -> pl.DataFrame:
    blank = {"kept_file": pl.lit(None, pl.UInt16), "kept_line": pl.lit(None, pl.Int64)}
    return pl.DataFrame(part.columns("rejected")).with_columns(**blank)


def _batches(parts: Sequence[Prepared], repeats: Repeats, engine: Engine) -> list[Batch]:
    """Return work in about equal shares.

    Threads take some of the measures each, so that none holds all tables; processes and machines
    take some of the parts each, so that none has to see all of them.
    """
    whole = [(part, repeats.of(k)["row"].to_numpy()) for k, part in enumerate(parts)]
    workers, every = engine.workers, phases.MEASURES
    if isinstance(engine, Threads):
        shares = [every[w::workers] for w in range(min(workers, len(every)))]
        return [Batch(whole, share, nests=k == len(shares) - 1) for k, share in enumerate(shares)]
    cuts = [whole[w::workers] for w in range(workers)]
    return [Batch(cut, every, nests=True) for cut in cuts if cut] or [Batch([], every, nests=True)]


def _pairs(keys: Keys) -> list[tuple[str, str]]:
    return [
        pair
        for pair in NESTED
        if not set(pair) & set(keys.crowded) and keys.groups(pair) <= tally.MOST_CROSSED
    ]


def _no_pairs(keys: Keys, pair: tuple[str, str]) -> Any:
    return np.zeros([keys.size(key) for key in pair], np.int64)
