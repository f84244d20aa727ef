"""Whole numbers that stay in their band, and columns that come back as they went in."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.packing import column, whole

BREAKS = (11.0, 14.0, 20.0, 30.0, 60.0, 120.0)
MINUTES = st.one_of(
    st.just(math.nan),
    st.floats(0, 500),
    st.sampled_from(BREAKS),
    st.builds(lambda b, d: b + d, st.sampled_from(BREAKS), st.floats(-0.02, 0.02)),
)


def band(minutes: float) -> int:
    """Return the number of the band, slow and obvious."""
    return sum(minutes > upper for upper in BREAKS)


@given(st.lists(MINUTES, min_size=1, max_size=20))
def test_rounding_never_moves_a_value_to_another_band(values: list[float]) -> None:
    for value, units in zip(values, whole(values, BREAKS), strict=True):
        if math.isnan(value):
            assert math.isnan(units)
        else:
            assert band(units / 100) == band(value)
            assert abs(units / 100 - value) < 0.0151


@pytest.mark.parametrize(("value", "units"), [(11.0, 1100), (11.004, 1101), (10.996, 1100)])
def test_just_beyond_a_target_stays_beyond_it(value: float, units: int) -> None:
    assert whole([value], BREAKS)[0] == units


@given(st.lists(st.tuples(MINUTES, MINUTES), min_size=1, max_size=20))
def test_differences_lead_back_to_the_values(pairs: list[tuple[float, float]]) -> None:
    base, other = (whole(values, BREAKS) for values in zip(*pairs, strict=True))
    back = [
        math.nan if step is None else step + (0.0 if math.isnan(first) else first)
        for step, first in zip(column(other, base), base, strict=True)
    ]
    np.testing.assert_array_equal(back, other)
