from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.audit import privacy


def test_small_cells_and_one_more_are_suppressed() -> None:
    assert privacy.suppressed([4, 5, 90], [np.arange(3)], least=5).tolist() == [True, True, False]


def test_two_small_cells_that_hold_enough_together_stand_alone() -> None:
    found = privacy.suppressed([4, 3, 90, 80], [np.arange(4)], least=5)
    assert found.tolist() == [True, True, False, False]


def test_empty_cells_tell_nothing_and_are_published() -> None:
    assert not privacy.suppressed([0, 5, 9], [np.arange(3)], least=5).any()


def test_one_as_the_least_number_suppresses_nothing() -> None:
    assert not privacy.suppressed([1, 2, 3], [np.arange(3)], least=1).any()


def test_a_grid_is_protected_along_rows_and_columns() -> None:
    n = np.array([[3, 20, 30], [40, 50, 60], [70, 80, 90]])
    hidden = privacy.suppressed(n.ravel(), privacy.grid_lines(3, 3), least=5).reshape(3, 3)
    assert hidden[0, 0]
    assert all(line.sum() != 1 for line in (*hidden, *hidden.T))


@given(
    st.lists(st.integers(0, 30), min_size=12, max_size=12),
    st.integers(2, 8),
)
@settings(deadline=None)
def test_no_line_gives_a_suppressed_cell_away(n: list[int], least: int) -> None:
    lines = privacy.grid_lines(3, 4)
    count = np.array(n)
    hidden = privacy.suppressed(count, lines, least=least)
    assert hidden[(count > 0) & (count < least)].all()
    for line in lines:
        mine, peopled = hidden[line], count[line] > 0
        if mine.any() and peopled.sum() > 1:
            assert mine.sum() >= 2
            assert count[line][mine].sum() >= least or mine[peopled].all()


def test_a_cell_closed_for_other_reasons_takes_another_with_it() -> None:
    closed = [False, True, False]
    found = privacy.suppressed([40, 30, 90], [np.arange(3)], least=5, closed=closed)
    assert found.tolist() == [True, True, False]


def test_cells_that_share_calls_do_not_add_up_to_enough() -> None:
    # Three calls, each in the first two cells: six entries, but fewer than five calls.
    n, hidden = np.array([3, 3, 9, 20]), np.array([True, True, False, False])
    assert privacy.complement(n, hidden, least=5).tolist() == []
    assert privacy.complement(n, hidden, least=5, distinct=np.array([3, 0, 6, 15])).tolist() == [2]


def test_a_suppressed_cell_without_calls_needs_no_company() -> None:
    n, hidden = np.array([0, 9]), np.array([True, False])
    assert privacy.complement(n, hidden, least=5).tolist() == []
