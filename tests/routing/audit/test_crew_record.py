from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import land_network
from routing.audit import codes, crew_record
from routing.audit.modelled import Modelled
from tests.routing import toy
from tests.routing.audit import slow_crews

MARCH = int(datetime(2024, 3, 5, tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def model() -> Modelled:
    """The toy with every post twice, so that two posts send ambulances."""
    place, parameters = toy.archipelago(), toy.parameters()
    again = place.posts.assign(post_id=lambda t: t["post_id"] + "x")
    both = place.replace(posts=pd.concat([place.posts, again], ignore_index=True))
    return Modelled.of(both, land_network.build(both, parameters), parameters)


def table(rows: list[Any]) -> pl.DataFrame:
    kinds = {"post": pl.String, "vehicle": pl.String, "from_s": pl.Int64, "until_s": pl.Int64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def stored(jobs: pl.DataFrame) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return jobs as a cleaned part holds them."""
    coded = {name: codes.encode(jobs[name]) for name in ("post", "vehicle")}
    columns = {name: codes.fixed(one.codes.astype(np.uint8)) for name, one in coded.items()}
    times = {name: codes.fixed(jobs[name].to_numpy()) for name in ("from_s", "until_s")}
    return {**columns, **times}, {name: one.labels for name, one in coded.items()}


any_job = st.tuples(
    st.sampled_from(["P1", "P1x", "月球", "无名站"]), st.sampled_from(["v1", "v2", "v3", None]),
    st.integers(0, 400) | st.integers(0, 100 * 86_400), st.integers(0, 90),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(any_job, max_size=40), st.integers(1, 4))
def test_the_record_of_parts_is_that_of_one_table(
    model: Modelled, rows: list[Any], parts: int
) -> None:
    jobs = table([(p, v, MARCH + begin, MARCH + begin + span) for p, v, begin, span in rows])
    expected = slow_crews.record([jobs], model)
    found = crew_record.merged([stored(jobs[k::parts]) for k in range(parts)], model)
    assert len(model.post_ids) == 2
    assert found.month_from == expected.month_from
    for name in ("first", "begins", "ends", "crews"):
        assert getattr(found, name).dtype == getattr(expected, name).dtype
        assert getattr(found, name).tolist() == getattr(expected, name).tolist()
    assert found.unmatched == expected.unmatched


@pytest.mark.parametrize(("jobs", "crews"), [(1, 1), (2, 2)])
def test_a_vehicle_that_stands_in_now_and_then_is_no_further_crew(
    model: Modelled, jobs: int, crews: int
) -> None:
    day = 86_400
    regular = [("P1", "v1", MARCH + k * day, MARCH + k * day + 60) for k in range(20)]
    spare = [("P1", "v1B", MARCH + k * day + 90, MARCH + k * day + 95) for k in range(jobs)]
    found = crew_record.merged([stored(table(regular + spare))], model)
    assert found.crews[model.match(["P1"])[0]].tolist() == [crews]
    assert found.first[1] == 20 + jobs  # out it is all the same


def test_a_log_without_parts_has_no_jobs(model: Modelled) -> None:
    found = crew_record.merged([], model)
    assert found.first.tolist() == [0, 0, 0]
    assert found.crews.tolist() == [[0], [0]]
