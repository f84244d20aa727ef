from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import land_network
from routing.audit.crews import Crews, JobParameters
from routing.audit.modelled import Modelled
from tests.routing import toy
from tests.routing.audit import slow_crews
from tests.routing.audit.slow_crews import jobs

MARCH = int(datetime(2024, 3, 5, tzinfo=UTC).timestamp())
APRIL = int(datetime(2024, 4, 5, tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def modelled() -> Modelled:
    region = toy.archipelago()
    parameters = toy.parameters()
    return Modelled.of(region, land_network.build(region, parameters), parameters)


def table(*rows: tuple[str, str | None, int, int]) -> pl.DataFrame:
    names = ["post", "vehicle", "from_s", "until_s"]
    kinds = [pl.String, pl.String, pl.Int64, pl.Int64]
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")


def out(crews: Crews, *times: int) -> list[int]:
    return [slow_crews.out(crews, 0, time) for time in times]


def test_a_crew_is_out_from_after_dispatch_until_clear(modelled: Modelled) -> None:
    crews = slow_crews.record([table(("P1", "v1", MARCH, MARCH + 60))], modelled)
    assert out(crews, MARCH, MARCH + 1, MARCH + 59, MARCH + 60) == [0, 1, 1, 0]


def test_a_vehicle_with_two_calls_at_once_is_one_crew(modelled: Modelled) -> None:
    rows = table(("P1", "v1", MARCH, MARCH + 60), ("P1", "v1", MARCH + 30, MARCH + 90))
    crews = slow_crews.record([rows], modelled)
    assert out(crews, MARCH + 40, MARCH + 80, MARCH + 95) == [1, 1, 0]
    assert crews.crews.tolist() == [[1]]


def test_crews_are_counted_by_month(modelled: Modelled) -> None:
    rows = table(("P1", "v1", MARCH, MARCH + 1), ("P1", "v2", MARCH, MARCH + 1),
                 ("P1", "v1", APRIL, APRIL + 1))  # fmt: skip
    crews = slow_crews.record([rows], modelled)
    assert crews.crews.tolist() == [[2, 1]]
    times = (MARCH - 10**8, MARCH, APRIL, APRIL + 10**8)
    assert [slow_crews.month(crews, time) for time in times] == [0, 0, 1, 1]


def test_a_log_without_vehicle_names_tells_no_number_of_crews(modelled: Modelled) -> None:
    crews = slow_crews.record([table(("P1", None, MARCH, MARCH + 60))], modelled)
    assert crews.crews.tolist() == [[0]]


def test_posts_that_the_region_lacks_are_counted_and_left_out(modelled: Modelled) -> None:
    crews = slow_crews.record(
        [table(("月球", "v1", MARCH, MARCH + 1), ("P1", "v", MARCH, MARCH + 2))], modelled
    )
    assert crews.unmatched == {"月球": 1}
    assert len(crews.begins) == 1


def test_an_empty_log_has_nobody_out(modelled: Modelled) -> None:
    assert out(slow_crews.record([], modelled), MARCH) == [0]


def test_the_end_of_a_job_is_the_last_stamp_that_is_known() -> None:
    calls = pl.DataFrame(
        {
            "post": ["P1"] * 6 + [None],
            "vehicle": ["v"] * 7,
            "dispatch_s": [0, 0, 0, 0, 0, None, 0],
            "arrive_s": [600, 600, 600, None, 600, 600, 600],
            "leave_s": [900, 900, 900, None, None, 900, 900],
            "hospital_s": [1500, 1500, None, None, None, 1500, 1500],
            "clear_s": [2000, None, None, None, -5, 2000, 2000],
        }
    )
    given_ = JobParameters(after_hospital_min=10, after_scene_min=20, unknown_min=30)
    assert jobs(calls, given_)["until_s"].to_list() == [2000, 2100, 2100, 1800, 1800]
    assert jobs(calls, JobParameters(longest_min=20))["until_s"].max() == 1200


times = st.integers(0, 400)
spans = st.tuples(st.sampled_from(["v1", "v2", "v3", None]), times, st.integers(1, 90))


@settings(max_examples=60, deadline=None)
@given(st.lists(spans, max_size=25), st.lists(times, min_size=1, max_size=10), st.integers(1, 4))
def test_any_partition_counts_what_counting_by_hand_counts(
    modelled: Modelled, rows: list[tuple[str | None, int, int]], at: list[int], parts: int
) -> None:
    whole = table(*[("P1", v, b, b + d) for v, b, d in rows])
    split = [whole[k::parts] for k in range(parts)]
    found = out(slow_crews.record(split[::-1], modelled), *at)
    for time, number in zip(at, found, strict=True):
        named = _busy_vehicles(rows, time)
        unnamed = sum(v is None and b < time < b + d for v, b, d in rows)
        assert number == named + unnamed


def _busy_vehicles(rows: list[tuple[str | None, int, int]], time: int) -> int:
    """Return how many named vehicles are in the middle of a chain of overlapping jobs."""
    count = 0
    for vehicle in {v for v, _, _ in rows if v is not None}:
        merged: list[list[int]] = []
        for b, e in sorted((b, b + d) for v, b, d in rows if v == vehicle):
            if merged and b < merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], e)
            else:
                merged.append([b, e])
        count += any(b < time < e for b, e in merged)
    return count
