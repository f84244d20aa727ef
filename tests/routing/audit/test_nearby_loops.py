"""Places near a spot: the loops against looking at every place."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from routing.audit import nearby_loops

# Small whole numbers, so that many places share an x, a distance or even a spot.
SPOTS = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=20)


@given(places=SPOTS, spots=SPOTS, slack=st.sampled_from([0.0, 0.5, 3.0, 50.0]))
def test_the_places_are_all_that_lie_within_reach_of_the_nearest(
    places: list[tuple[int, int]], spots: list[tuple[int, int]], slack: float
) -> None:
    xy, at = np.array(places, float), np.array(spots, float)
    far = np.hypot(*(at[:, None, :] - xy[None, :, :]).transpose(2, 0, 1))
    reach = far.min(axis=1) + slack
    expected = [
        sorted(np.flatnonzero(row <= limit + 1e-9).tolist(), key=lambda k: (row[k], k))
        for row, limit in zip(np.sqrt(np.square(far).round()), reach, strict=True)
    ]

    order = np.argsort(xy[:, 0], kind="stable")
    x, y = (np.ascontiguousarray(column) for column in xy[order].T)
    spot_x, spot_y = (np.ascontiguousarray(column) for column in at.T)
    found, count = np.empty(len(at)), np.empty(len(at), np.int64)
    nearby_loops.reaches(x, y, spot_x, spot_y, slack + 1e-9, found, count)
    listed = np.empty(int(count.sum()), np.int64)
    nearby_loops.within(x, y, order, spot_x, spot_y, found, listed)

    np.testing.assert_allclose(found, reach + 1e-9)
    parts = np.split(listed, np.cumsum(count)[:-1])
    assert [part.tolist() for part in parts] == expected
