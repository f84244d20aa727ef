from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.audit import reasons, repeats
from routing.audit.engine import Threads
from routing.audit.options import Options
from routing.audit.repeats import Repeats
from tests.routing.audit.records import call, cut, frame, prepared

Rows = list[dict[str, Any]]


def found(tmp: Path, rows: Rows, sizes: list[int] | None = None, **options: Any) -> Repeats:
    parts = prepared(tmp, cut(frame(rows), sizes or []), Options(**options))
    return repeats.find(parts, Threads(2).run)


def told(result: Repeats) -> dict[int, tuple[str, int]]:
    """Return line to reason and line of the record that is kept."""
    return {
        row["line"]: (reasons.key_of(row["reason"]), row["kept_line"])
        for row in result.rows.to_dicts()
    }


def test_the_first_of_equal_records_is_kept(tmp_path: Path) -> None:
    rows = [call(call_id="A", vehicle="1"), call(call_id="B"), call(call_id="A", vehicle="1")]
    assert told(found(tmp_path, rows)) == {4: ("duplicate", 2)}


def test_of_several_vehicles_the_first_to_arrive_is_used(tmp_path: Path) -> None:
    rows = [
        call(call_id="A", vehicle="1", arrive=12.0),
        call(call_id="A", vehicle="2", arrive=9.0),
        call(call_id="A", vehicle="3", arrive=9.0),
    ]
    assert told(found(tmp_path, rows)) == {2: ("later_vehicle", 3), 4: ("later_vehicle", 3)}


def test_vehicles_without_a_name_are_told_apart_by_their_arrival(tmp_path: Path) -> None:
    rows = [call(call_id="A", vehicle=None, arrive=minutes) for minutes in (10.0, 8.0, 8.0)]
    assert told(found(tmp_path, rows)) == {2: ("later_vehicle", 3), 4: ("duplicate", 3)}


def test_a_rejected_record_keeps_no_good_one_out(tmp_path: Path) -> None:
    rows = [call(call_id="A", arrive=None), call(call_id="A")]
    assert told(found(tmp_path, rows)) == {}


def test_records_without_id_are_never_repeats(tmp_path: Path) -> None:
    assert told(found(tmp_path, [call(), call(), call()])) == {}


def test_an_id_far_apart_is_told(tmp_path: Path) -> None:
    rows = [call(call_id="7"), call("2024-03-07 10:00:00", call_id="7")]
    assert found(tmp_path, rows).far_apart == 1


@pytest.mark.parametrize(
    ("restarts", "repeats"), [("never", 3), ("year", 2), ("month", 1), ("day", 0)]
)
def test_ids_that_start_anew_are_other_calls(tmp_path: Path, restarts: str, repeats: int) -> None:
    days = (
        "2023-03-05 10:00:00",
        "2024-03-05 10:00:00",
        "2024-04-05 10:00:00",
        "2024-04-06 10:00:00",
    )
    rows = [call(day, call_id="7") for day in days]
    assert len(found(tmp_path, rows, id_restarts=restarts).rows) == repeats


def test_ids_are_looked_for_in_runs_that_fit_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [call(call_id=str(i % 40)) for i in range(100)]
    whole = told(found(tmp_path / "a", rows, [30]))
    monkeypatch.setattr(repeats, "ROWS_AT_ONCE", 7)
    assert told(found(tmp_path / "b", rows, [30])) == whole
    assert len(whole) == 60


def crew(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return what tells a crew from others of its call."""
    named = row["vehicle"] is not None
    return (row["call_id"], row["vehicle"], None if named else row["arrive_s"])


def slow(rows: Rows) -> dict[int, tuple[str, int]]:
    """The two rules of the module, read aloud."""
    lines = {line: row for line, row in enumerate(rows, start=2) if row["call_id"] is not None}
    lost: dict[int, tuple[str, int]] = {}
    for line, row in lines.items():
        twins = [m for m, one in lines.items() if crew(one) == crew(row)]
        if line != min(twins):
            lost[line] = ("duplicate", min(twins))
    left = {line: row for line, row in lines.items() if line not in lost}
    for line, row in left.items():
        crews = [m for m, other in left.items() if other["call_id"] == row["call_id"]]
        first = min(crews, key=lambda m: (left[m]["arrive_s"], m))
        if line != first:
            lost[line] = ("later_vehicle", first)
    return lost


record = st.builds(
    lambda call_id, vehicle, arrive: call(call_id=call_id, vehicle=vehicle, arrive=float(arrive)),
    st.none() | st.sampled_from("ABC"),
    st.none() | st.sampled_from("12"),
    st.integers(5, 8),
)


@given(st.lists(record, max_size=14), st.lists(st.integers(0, 5), max_size=4))
@settings(max_examples=30, deadline=None)
def test_repeats_are_those_of_the_rules_for_any_partition(
    tmp_path_factory: pytest.TempPathFactory, rows: Rows, sizes: list[int]
) -> None:
    result = found(tmp_path_factory.mktemp("work"), rows, sizes)
    assert told(result) == slow(rows)
