from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.errors import InputError
from routing.audit import phases, summary, tally
from routing.audit.counting import count
from routing.audit.engine import Threads
from routing.audit.options import Options
from routing.audit.tally import Counts, Keys, Plan
from tests.routing.audit.records import call, cut, frame, prepared

BOUNDS = {"main_urban": 660, "rural": 840}


def counts_of(values: list[int], groups: list[int], size: int, width: int) -> Counts:
    """Return counts made value by value."""
    counts = Counts.empty(size, width)
    over = [(g, v, 1) for g, v in zip(groups, values, strict=True) if v >= width]
    for group, value in zip(groups, values, strict=True):
        if value < width:
            counts.table[group, value] += 1
    counts.add_over(np.array(over, np.int64).reshape(-1, 3))
    return counts


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60)), min_size=1, max_size=60),
    st.sampled_from([1, 7, 64]),
)
@settings(max_examples=200, deadline=None)
def test_figures_are_those_of_numpy_for_any_width(pairs: list[tuple[int, int]], width: int) -> None:
    groups, values = [g for g, _ in pairs], [v for _, v in pairs]
    found = summary.describe(counts_of(values, groups, 3, width), confidence=0.95)
    for group in range(3):
        mine = np.array([v for g, v in pairs if g == group], float) / 60.0
        row = {name: values[group] for name, values in found.items()}
        assert row["n"] == len(mine)
        if len(mine) == 0:
            assert np.isnan(row["mean_min"])
            continue
        assert row["mean_min"] == pytest.approx(mine.mean())
        assert row["median_min"] == pytest.approx(np.median(mine))
        assert row["p90_min"] == pytest.approx(np.quantile(mine, 0.9))
        if len(mine) > 1:
            assert row["sd_min"] == pytest.approx(mine.std(ddof=1))
        if len(mine) > 5:
            assert row["median_low_min"] <= row["median_min"] <= row["median_high_min"]
        else:
            assert np.isnan([row["median_low_min"], row["median_high_min"]]).all()


def test_the_bounds_of_six_calls_by_hand() -> None:
    six = summary.describe(counts_of([60, 120, 180, 240, 300, 360], [0] * 6, 1, 64),
                           confidence=0.95)  # fmt: skip
    # P(all six below the median) = 1/64 < 2.5 %; for p90 P(all six below) = 0.53: no upper bound.
    assert (six["median_low_min"].item(), six["median_high_min"].item()) == (1, 6)
    # At most three of six up to p90: 1.6 %; at most four: 11 %.
    assert six["p90_low_min"].item() == 4
    assert np.isnan(six["p90_high_min"].item())


def test_excel_agrees_by_hand() -> None:
    # MEDIAN(10,20) = 15 and PERCENTILE.INC(1..10; 0.9) = 9.1
    two = summary.describe(counts_of([600, 1200], [0, 0], 1, 64), confidence=0.95)
    assert two["median_min"].item() == 15.0
    ten = summary.describe(counts_of([60 * i for i in range(1, 11)], [0] * 10, 1, 64),
                           confidence=0.95)  # fmt: skip
    assert ten["p90_min"].item() == pytest.approx(9.1)


def test_a_call_of_exactly_the_norm_is_within() -> None:
    share = summary.share_within(counts_of([9, 10, 11], [0, 0, 0], 1, 4), 10, confidence=0.95)
    assert share["share_within"].item() == pytest.approx(2 / 3)


def test_shares_of_mixed_groups_go_by_each_calls_own_target() -> None:
    judged, within = np.array([[3, 1], [0, 0]]), np.array([[2, 1], [0, 0]])
    found = summary.against_targets(judged, within, BOUNDS, confidence=0.95)
    assert found["share_within"][0] == pytest.approx(0.75)
    assert found["bound_min"][0] == pytest.approx((3 * 11 + 14) / 4)
    assert np.isnan(found["bound_min"][1])


def logs() -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.builds(
        lambda minute, township, post, month, call_id, kind: call(
            f"2024-{month:02d}-05 14:00:00", arrive=5.0 + minute, leave=None, hospital=None,
            clear=None, township=township, post=post, call_id=call_id, vehicle_kind=kind,
        ),
        st.integers(0, 90),
        st.sampled_from(["城", "镇", None]),
        st.sampled_from(["甲", "乙", None]),
        st.integers(1, 3),
        st.sampled_from([None, "A", "B"]),
        st.sampled_from([None, "救护车"]),
    )  # fmt: skip
    return st.lists(one, min_size=1, max_size=25)


def counted(folder: Path, rows: list[dict[str, Any]], sizes: list[int], workers: int) -> Any:
    options = Options(by=(("post", "hour"),))
    parts = prepared(folder, cut(frame(rows), sizes), options)
    return count(parts, options, BOUNDS, Threads(workers), lambda *_: None)


@given(logs(), st.lists(st.integers(0, 8), max_size=4))
@settings(max_examples=10, deadline=None)
def test_counts_do_not_depend_on_the_partition(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], sizes: list[int]
) -> None:
    one = counted(tmp_path_factory.mktemp("one"), rows, [], 1)
    many = counted(tmp_path_factory.mktemp("many"), rows, sizes, 3)
    assert one.plan.keys == many.plan.keys
    for cut_, measures in one.tally.counts.items():
        for measure, expected in measures.items():
            found = many.tally.counts[cut_][measure]
            assert (found.table == expected.table).all()
            assert (tally.joined(found.over) == tally.joined(expected.over)).all()
        assert (many.tally.judged[cut_] == one.tally.judged[cut_]).all()
        assert (many.tally.within[cut_] == one.tally.within[cut_]).all()
    for pair, expected in one.nested.items():
        assert (many.nested[pair] == expected).all()


@given(logs())
@settings(max_examples=10, deadline=None)
def test_a_marginal_is_the_sum_of_its_cells(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    whole = counted(tmp_path_factory.mktemp("work"), rows, [], 1)
    cut_ = ("zone", "county", "month")
    assert cut_ in whole.plan.cuts
    by_month = tally.marginal(whole.tally, whole.plan, cut_, ("month",))
    n = summary.sums(by_month.counts[("month",)]["response"]).n
    assert len(n) == len(whole.plan.keys.labels["month"])
    every = tally.marginal(whole.tally, whole.plan, cut_, ())
    assert summary.sums(every.counts[()]["response"]).n.tolist() == [n.sum()]
    assert every.judged[()].sum() == whole.tally.judged[cut_].sum()


def test_many_pairs_beyond_the_table_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "_LOOSE", 4)
    counts = Counts.empty(2, 1)
    for _ in range(6):
        counts.add_over(np.array([[0, 5, 1], [1, 7, 2]]))
    assert len(counts.over) <= 4 + 2
    assert summary.sums(counts).n.tolist() == [6, 12]


@pytest.mark.parametrize("width", [16, 4_096])
def test_the_width_of_the_tables_changes_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr(tally, "_NARROWEST", width)
    monkeypatch.setattr(tally, "_WIDEST", width)
    rows = [call(arrive=5.0 + i, leave=90.0 + i, hospital=None, clear=None) for i in range(40)]
    whole = counted(tmp_path, rows, [7], 2)
    every = tally.marginal(whole.tally, whole.plan, ("zone", "county", "month"), ())
    found = summary.describe(every.counts[()]["response"], confidence=0.95)
    assert found["p90_min"].item() == pytest.approx(np.quantile(4.9 + np.arange(40), 0.9))
    assert found["median_low_min"].item() > 4.9


def keys_of(**sizes: int) -> Keys:
    labels = {key: tuple(map(str, range(size))) for key, size in sizes.items()}
    return Keys(labels, ())


def test_keys_with_many_values_are_counted_apart() -> None:
    keys = keys_of(zone=2, county=400, month=60)
    cut_ = ("zone", "county", "month")
    assert tally.affordable(keys, cut_) == [("zone", "month"), ("county", "month")]
    keys = keys_of(zone=2, county=4_000, month=60)
    assert tally.affordable(keys, cut_) == [("zone",), ("county",), ("month",)]


def test_a_cross_with_too_many_groups_is_refused() -> None:
    with pytest.raises(InputError, match="at most 60000"):
        tally.check(keys_of(post=4_000, month=60), [("post", "month")])


def test_tables_stay_within_their_memory() -> None:
    keys = keys_of(post=4_000, zone=2)
    plan = Plan(keys, (("post",),), (("zone", "post"),), BOUNDS)
    cells = plan.width * (4_001 * len(phases.MEASURES) + 3 * 4_001)
    assert cells <= tally.CELLS


@pytest.mark.parametrize("posts", [1, 300, 4_000, 60_000])
def test_rows_of_tables_are_an_odd_number_of_cache_lines(posts: int) -> None:
    plan = Plan(keys_of(post=posts, zone=2), (("post",),), (), BOUNDS)
    assert plan.width % 32 == 16
    assert 80 <= plan.width <= 4_096
