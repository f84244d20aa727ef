from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.errors import InputError
from routing.audit import grouped

BOUNDS = {"main_urban": 660, "rural": 840}
EPOCH = datetime(1970, 1, 1)
stamp = st.none() | st.integers(-3_000_000_000_000, 3_000_000_000_000)
row = st.tuples(
    st.sampled_from(["main_urban", "rural", None]),
    st.sampled_from(["甲", "乙", None]),
    st.integers(-2, 1_500),
    st.integers(0, 3),
)


@given(st.lists(row, max_size=60), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_figures_are_those_of_polars(rows: list[tuple[object, ...]], workers: int) -> None:
    schema = {"zone": pl.String, "station": pl.String, "s": pl.Int32, "hour": pl.Int8}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    found = grouped.by(
        table, ("zone", "hour", "station"), seconds="s", bounds_s=BOUNDS, workers=workers
    )
    bound = pl.col("zone").replace_strict(BOUNDS, default=None, return_dtype=pl.Int32)
    expected = (
        table.filter(pl.col("s") >= 0)
        .group_by("zone", pl.col("hour").cast(pl.String), "station")
        .agg(
            n=pl.len().cast(pl.Int64),
            mean=pl.col("s").mean() / 60,
            p90=pl.col("s").quantile(0.9, "linear") / 60,
            share=(pl.col("s") <= bound).mean(),
        )
    )
    assert len(found) == len(expected)
    both = found.join(expected, on=["zone", "hour", "station"], nulls_equal=True)
    assert len(both) == len(expected)
    for ours, theirs in (("mean_min", "mean"), ("p90_min", "p90"), ("share_within", "share")):
        theirs_known = both[theirs].fill_null(float("nan")).to_list()
        assert both[ours].to_list() == pytest.approx(theirs_known, nan_ok=True)
    assert both["n"].to_list() == both["n_right"].to_list()


def test_durations_and_hours_come_from_the_stamps() -> None:
    start = datetime(2024, 3, 5, 23, 59, 30)
    ends = [start + timedelta(seconds=90), start - timedelta(seconds=1), None]
    table = pl.DataFrame({"zone": ["rural"] * 4, "a": [start] * 3 + [None], "b": [*ends, start]})
    found = grouped.timed(table, start="a", end="b")
    assert found["seconds"].to_list() == [90, -1, -1, -1]
    assert found["hour"].to_list() == [23, 23, 23, 24]


def test_too_many_groups_are_refused() -> None:
    texts = [str(i) for i in range(300)]
    table = pl.DataFrame({"a": texts, "b": texts, "s": [1] * 300})
    with pytest.raises(InputError, match="90601 groups"):
        grouped.by(table, ("a", "b"), seconds="s")


@given(st.lists(st.tuples(stamp, st.none() | st.integers(-5_000, 5_000_000_000)), max_size=30))
def test_stamps_before_and_after_1970_are_read_as_by_hand(
    rows: list[tuple[int | None, int | None]],
) -> None:
    starts = [start for start, _ in rows]
    ends = [None if s is None or length is None else s + length for s, length in rows]
    columns = {"a": pl.Series(starts, dtype=pl.Int64), "b": pl.Series(ends, dtype=pl.Int64)}
    table = pl.DataFrame(columns).cast(pl.Datetime("ms"))
    found = grouped.timed(table, start="a", end="b")
    for start, end, seconds, hour in zip(
        starts, ends, found["seconds"], found["hour"], strict=True
    ):
        known = None if start is None else EPOCH + timedelta(milliseconds=start)
        length = -1 if start is None or end is None else end // 1_000 - start // 1_000
        assert hour == (24 if known is None else known.hour)
        assert seconds == max(length, -1)


@pytest.mark.parametrize(
    ("start", "end"), [(-(2**63) + 1, 2**63 - 1), (0, 2**63 - 1), (0, 2**31 * 1_000)]
)
def test_durations_that_32_bits_do_not_hold_are_unknown(start: int, end: int) -> None:
    table = pl.DataFrame({"a": [start], "b": [end]}).cast(pl.Datetime("ms"))
    assert grouped.timed(table, start="a", end="b")["seconds"].to_list() == [-1]


def _by_hand(
    table: pl.DataFrame, keys: tuple[str, ...]
) -> dict[tuple[str | None, ...], tuple[float, ...]]:
    """Return n, mean, median, p90, share within and bound of each group, one row after another."""
    found: dict[tuple[str | None, ...], list[tuple[float, int | None]]] = {}
    for one in table.iter_rows(named=True):
        start, end = one["start"], one["arrive"]
        if start is None or end is None or end < start:
            continue
        named = one | {"hour": start.hour}
        key = tuple(None if named[k] is None else str(named[k]) for k in keys)
        found.setdefault(key, []).append(((end - start).seconds, BOUNDS.get(one["zone"])))
    return {
        key: (
            len(rows),
            float(np.mean([s for s, _ in rows])) / 60,
            float(np.median([s for s, _ in rows])) / 60,
            float(np.percentile([s for s, _ in rows], 90)) / 60,
            *_judged([(s, bound) for s, bound in rows if bound is not None]),
        )
        for key, rows in found.items()
    }


def _judged(rows: list[tuple[float, int]]) -> tuple[float, float]:
    if not rows:
        return math.nan, math.nan
    within = sum(s <= bound for s, bound in rows) / len(rows)
    return within, sum(bound for _, bound in rows) / len(rows) / 60


def _calls(count: int, *, seed: int) -> pl.DataFrame:
    """Return calls with texts short and long, nulls, and a few very long response times."""
    rng = np.random.default_rng(seed)
    zones = ["main_urban", "rural", "a zone that has no bound", None]
    stations = [*("急救站" + str(i) * (1 + 5 * (i % 2)) for i in range(9)), None]
    start = rng.integers(1_700_000_000, 1_700_200_000, count)
    length = rng.gamma(3, 200, count).astype(int) + rng.choice([-400, 0, 60_000], count)
    missing = rng.random(count) < 0.1
    return pl.DataFrame(
        {
            "zone": [zones[i] for i in rng.integers(0, 4, count)],
            "station": [stations[i] for i in rng.integers(0, 10, count)],
            "number": rng.integers(-2, 3, count),
            "start": [EPOCH + timedelta(seconds=int(s)) for s in start],
            "arrive": [
                None if gone else EPOCH + timedelta(seconds=int(s + more))
                for s, more, gone in zip(start, length, missing, strict=True)
            ],
        }
    )


@pytest.mark.parametrize(
    "keys", [("zone", "hour", "station"), ("station",), ("number", "zone"), ("hour",), ()]
)
@pytest.mark.parametrize("kind", ["parquet", "chunks", "categories", "frame"])
def test_every_way_in_gives_the_figures_counted_by_hand(
    keys: tuple[str, ...], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces are made small, so that there are many, which hold different labels."""
    monkeypatch.setattr(grouped, "_ROWS_A_PIECE", 300)
    monkeypatch.setattr(grouped, "_FEWEST_A_PIECE", 100)
    monkeypatch.setattr(grouped, "ROWS_AT_ONCE", 900)
    calls = _calls(3_000, seed=4)
    given_as: pl.DataFrame | pl.LazyFrame = calls
    if kind == "parquet":
        calls.write_parquet(tmp_path / "calls.parquet", row_group_size=700)
        given_as = pl.scan_parquet(tmp_path / "calls.parquet")
    elif kind == "chunks":
        cuts = [0, 3, 450, 450, 2_000, 3_000]
        parts = [calls[low:high] for low, high in pairwise(cuts)]
        given_as = pl.concat(parts, rechunk=False)
    elif kind == "categories":
        given_as = calls.with_columns(pl.col("zone", "station").cast(pl.Categorical))
    found = grouped.by(given_as, keys, between=("start", "arrive"), bounds_s=BOUNDS, workers=3)
    expected = _by_hand(calls, keys)
    names = ("n", "mean_min", "median_min", "p90_min", "share_within", "bound_min")
    rows = {row[: len(keys)]: row[len(keys) :] for row in found.select(*keys, *names).iter_rows()}
    assert rows.keys() == expected.keys()
    for key, figures in expected.items():
        assert rows[key] == pytest.approx(figures, nan_ok=True)


def test_texts_that_lie_apart_are_grouped_by_what_they_say() -> None:
    """Texts built row by row: each long one lies in a place of its own."""
    texts = [f"a station with a long name, number {i % 7}" for i in range(6_000)]
    found = grouped.by(pl.DataFrame({"a": texts, "s": range(6_000)}), ("a",), seconds="s")
    assert found["a"].to_list() == sorted(set(texts))
    assert found["n"].to_list() == [858, 857, 857, 857, 857, 857, 857]


def test_durations_beyond_32_bits_do_not_count_and_parts_of_seconds_are_refused() -> None:
    table = pl.DataFrame({"a": ["x", "x", "x"], "s": [5, 2**31, None]})
    assert grouped.by(table, ("a",), seconds="s")["n"].to_list() == [1]
    with pytest.raises(TypeError, match="Float64, not whole seconds"):
        grouped.by(table.cast({"s": pl.Float64}), ("a",), seconds="s")
