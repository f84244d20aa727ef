from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.errors import InputError
from routing.audit import grouped

BOUNDS = {"main_urban": 660, "rural": 840}
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
