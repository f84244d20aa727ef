"""Counting loops against plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from routing.audit import count_loops
from routing.audit.codes import fixed

BOUNDS_S = (660, 840)
NONE = len(BOUNDS_S)
TARGETS = (NONE, 0, 1, NONE)  # unknown zone, main urban, rural, a zone without a target

rows = st.tuples(
    st.sampled_from([-1, 0, 659, 660, 661, 840, 841, 32_000]),  # response, seconds
    st.booleans(),  # dropped
    st.integers(0, len(TARGETS) - 1),  # zone
    st.integers(0, 2),  # group
)


@given(calls=st.lists(rows, max_size=30))
def test_verdicts_are_counted_by_group_and_target(
    calls: list[tuple[int, bool, int, int]],
) -> None:
    columns = list(zip(*calls, strict=True)) or [(), (), (), ()]
    kinds = (np.int16, np.bool_, np.uint8, np.uint16)
    values, dropped, zone, group = (
        fixed(np.array(c, k)) for c, k in zip(columns, kinds, strict=True)
    )
    verdict = np.empty(len(calls), np.uint8)
    targets, bounds = fixed(np.array(TARGETS, np.uint8)), np.array(BOUNDS_S, np.int64)
    count_loops.verdicts(values, dropped, zone, targets, bounds, verdict)
    found = np.zeros((3, 2 * NONE + 1), np.int64)
    count_loops.number_by(group, verdict, found)
    expected = np.zeros_like(found)
    for seconds, gone, of_zone, of_group in calls:
        which = TARGETS[of_zone]
        counts = which < NONE and seconds >= 0 and not gone
        hit = counts and seconds <= BOUNDS_S[which]
        expected[of_group, 2 * which + hit if counts else 2 * NONE] += 1
    assert np.array_equal(found, expected)
