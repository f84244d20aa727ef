from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.audit import findings


@pytest.mark.parametrize(
    ("calls", "ends"),
    [
        # Every minute has enough calls, or none: each is a bin.
        ([0, 9, 0, 7, 0], [0, 1, 2, 3, 4]),
        # Two and three make five.
        ([0, 2, 3, 8, 0], [0, 2, 3, 4]),
        # The slowest are few: they go with those before, up to full ten minutes.
        ([0, 9, 8, 0, 1, *[0] * 10], [0, 1, 10, 11, 12, 13, 14]),
        # Some of them are beyond the table.
        ([0, 9, 8, 0, 0, 1], [0, 1, 5]),
        ([5], [0]),
    ],
)
def test_minutes_of_few_calls_are_pooled(calls: list[int], ends: list[int]) -> None:
    assert findings._ends(calls, 5) == ends


@given(st.lists(st.integers(0, 7), min_size=1, max_size=62), st.integers(0, 9))
@settings(deadline=None)
def test_every_pooled_bin_has_enough_calls_or_none(calls: list[int], least: int) -> None:
    calls = [*calls, least]
    ends = findings._ends(calls, least)
    assert ends[-1] == len(calls) - 1
    sizes = [sum(calls[after + 1 : end + 1]) for after, end in pairwise([-1, *ends])]
    assert all(size == 0 or size >= least for size in sizes)
    assert sum(sizes) == sum(calls)
    if least <= 1:
        assert ends == list(range(len(calls)))
