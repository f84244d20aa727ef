"""What readers of the model's side could work out from what is published, by trying it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from routing.audit import lateness
from routing.audit.causes import CAUSES
from routing.audit.explaining import Explained
from routing.audit.findings import UNKNOWN, Known, Table
from tests.routing import toy

LEAST = 5
NOT_ASKED = cast(Any, None)
COMPARED = {
    "by": ["all", "island", "island", "island"],
    "group": ["all", "A", "B", "C"],
    "calls": [60, 30, 20, 10],
    "recorded_min": [9.0, 8.0, 10.0, 11.0],
}


def charged(*by_cause: tuple[int, int, int]) -> NDArray[np.int64]:
    """Return (calls, calls mostly charged, seconds) of the first causes; nothing of the others."""
    found = np.zeros((len(CAUSES), 3), np.int64)
    found[: len(by_cause)] = np.reshape(by_cause, (-1, 3))
    return found


def explained(key: str, groups: dict[str, NDArray[np.int64]], **more: Any) -> Explained:
    """Return what the model says of some groups; no call is of an unknown one."""
    charges = np.stack([*groups.values(), charged()])
    found = Explained(
        {key: charges[:, :, 1].sum(axis=1)}, {key: charges}, {key: tuple(groups)},
        np.zeros((0, 2), np.int64), NOT_ASKED, {},
    )  # fmt: skip
    level = SimpleNamespace(comparison=pl.DataFrame(COMPARED))
    return replace(found, calibration=cast(Any, level), **more)


def published(key: str, *groups: str, hidden: tuple[str, ...] = ()) -> dict[str, Table]:
    labels = [(group,) for group in (*groups, UNKNOWN)]
    gone = np.array([label in hidden for (label,) in labels])
    return {key: Table((key,), NOT_ASKED, NOT_ASKED, labels, gone)}


def causes(found: Explained, **options: Any) -> list[dict[str, Any]]:
    known = Known({key: frozenset(labels) for key, labels in found.labels.items()})
    return lateness.tables(found, known, least=LEAST, **options)["causes"].to_dicts()


def test_one_hidden_cause_takes_the_smallest_other_with_it() -> None:
    group = charged((30, 29, 6000), (1, 1, 3450), (12, 9, 900))
    rows = causes(explained("zone", {"rural": group}))
    assert [(row["cause"], row["n"], row["suppressed"]) for row in rows] == [
        (CAUSES[0], 30, False), (CAUSES[1], None, True), (CAUSES[2], None, True),
    ]  # fmt: skip
    assert all(
        row[name] is None
        for row in rows[1:]
        for name in ("rank", "late_min", "share_of_late_min", "main_n")
    )


def test_a_cause_of_few_main_calls_is_not_the_rest_of_the_others() -> None:
    # All causes have enough calls, but the second is the main one of a single call.
    group = charged((30, 20, 6000), (20, 1, 3000), (25, 9, 2000))
    rows = {row["cause"]: row for row in causes(explained("zone", {"rural": group}))}
    assert [rows[cause]["n"] for cause in CAUSES[:3]] == [30, 20, 25]
    assert [rows[cause]["main_n"] for cause in CAUSES[:3]] == [20, None, None]


def test_all_causes_are_hidden_where_there_are_but_two() -> None:
    rows = causes(explained("hour", {"10": charged((14, 14, 1700), (3, 3, 3600))}))
    assert [row["suppressed"] for row in rows] == [True, True]
    assert {row["late_calls"] for row in rows} == {17}


def test_a_cause_of_one_group_is_not_the_whole_log_less_the_others() -> None:
    few, many = (
        charged((40, 40, 9000), (2, 2, 300), (9, 9, 900)),
        charged((40, 40, 9000), (30, 30, 900)),
    )
    rows = causes(explained("township", {"a": few, "b": many, "c": many + few}))
    hidden = [row["group"] for row in rows if row["cause"] == CAUSES[1] and row["suppressed"]]
    assert "a" in hidden
    assert len(hidden) >= 2


def test_a_group_that_is_suppressed_elsewhere_is_so_here() -> None:
    found = explained("county", {"定海区": charged((14, 14, 1715)), "岱山县": charged((9, 9, 900))})
    tables = published("county", "定海区", "岱山县", hidden=("定海区",))
    rows = {row["group"]: row for row in causes(found, published=tables)}
    assert {rows["定海区"][name] for name in ("late_calls", "n", "late_min", "cause")} == {None}
    assert rows["定海区"]["suppressed"]
    assert rows["岱山县"]["late_calls"] == 9


def test_a_suppressed_group_stands_whether_it_has_late_calls_or_not() -> None:
    groups = {"x": charged(), "y": charged((9, 9, 900))}
    tables = published("county", *groups, hidden=("x",))
    rows = causes(explained("county", groups), published=tables)
    assert [row["group"] for row in rows] == ["x", "y"]


def test_unknown_labels_of_suppressed_groups_are_not_shown() -> None:
    found = explained("post", {"张三的站": charged((14, 14, 1715))})
    tables = published("post", "张三的站", hidden=("张三的站",))
    shown = lateness.tables(found, Known({}), least=LEAST, published=tables)["causes"]
    assert shown["group"].to_list() == ["(suppressed)"]


def test_modelled_travel_of_a_suppressed_group_does_not_follow_from_the_rest() -> None:
    found, known = explained("island", {"A": charged()}), Known({})
    before = lateness.tables(found, known, least=LEAST)["modelled"]
    assert before["calls"].to_list() == COMPARED["calls"]
    tables = published("island", "A", "B", "C", hidden=("A",))
    after = lateness.tables(found, known, least=LEAST, published=tables)["modelled"]
    assert after["calls"].to_list() == [60, None, 20, None]
    assert after["recorded_min"].to_list() == [9.0, None, 10.0, None]


@pytest.mark.parametrize(
    ("hidden", "left"), [((), [40, 30, 20, 10]), (("a",), [20, 10]), (("none",), [40, 30, 20, 10])]
)
def test_points_of_suppressed_groups_are_on_no_map(
    hidden: tuple[str, ...], left: list[int]
) -> None:
    place = toy.archipelago()
    demand = place.demand.assign(island_id=["a", "a", "b", "b"], zone="rural",
                                 county_zh=None, township_zh=None)  # fmt: skip
    calls = np.array([[40, 0], [30, 0], [20, 0], [10, 0]])
    found = explained("island", {"a": charged(), "b": charged()}, places=calls)
    tables = published("island", "a", "b", hidden=hidden)
    spots = lateness.places(found, place.replace(demand=demand), least=LEAST, published=tables)
    assert spots["n"].tolist() == left


def test_a_point_of_few_calls_takes_another_of_its_island_with_it() -> None:
    place = toy.archipelago()
    demand = place.demand.assign(island_id=["a", "a", "b", "b"], zone="rural",
                                 county_zh=None, township_zh=None)  # fmt: skip
    calls = np.array([[40, 0], [3, 0], [20, 0], [10, 0]])
    found = explained("island", {"a": charged(), "b": charged()}, places=calls)
    spots = lateness.places(found, place.replace(demand=demand), least=LEAST)
    assert spots["n"].tolist() == [20, 10]


def test_the_whole_log_tells_no_cause_of_few_calls() -> None:
    # The second cause is nobody's main one, but one call's minutes are charged with it.
    group = charged((30, 30, 6000), (1, 0, 3450), (12, 9, 900))
    told = lateness.told_causes(explained("zone", {"rural": group}), least=LEAST)
    assert [row["n"] for row in told] == [30, None, None]
    assert all(row["late_min"] is None for row in told if row["suppressed"])


@given(st.lists(st.integers(0, 12), min_size=4, max_size=4), st.integers(2, 6))
@settings(deadline=None)
def test_no_cause_follows_from_the_others_of_its_group(calls: list[int], least: int) -> None:
    """Hidden ones are two or more, of `least` calls together, as each call has one cause here."""
    group = charged(*((n, n, 60 * n) for n in calls))
    late = sum(calls)
    rows = lateness.tables(
        explained("zone", {"rural": group}), Known({"zone": frozenset(["rural"])}), least=least
    )["causes"].to_dicts()
    if late < least:
        assert all(row["late_calls"] is None and row["n"] is None for row in rows)
        return
    hidden = [row for row in rows if row["n"] is None]
    rest = late - sum(row["n"] or 0 for row in rows)
    assert not hidden or (len(hidden) >= 2 and rest >= least)
    minutes = sum(row["late_min"] or 0.0 for row in rows)
    assert late - minutes == pytest.approx(rest)
