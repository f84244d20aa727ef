"""Packed columns are the columns again, whatever numbers they hold, and take fewer bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from routing.audit.packing import packed

WHOLE = [np.dtype(kind) for kind in ("u1", "i2", "u2", "i4", "u4", "i8", "u8")]


@st.composite
def columns(draw: st.DrawFn) -> NDArray[np.generic]:
    """Return whole numbers of any type, often close together, as stamps and lines are."""
    kind = draw(st.sampled_from(WHOLE))
    limits = np.iinfo(kind)
    low = draw(st.integers(limits.min, limits.max))
    span = draw(st.sampled_from([0, 1, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**64]))
    values = st.integers(low, min(low + span, limits.max))
    return draw(arrays.arrays(kind, st.integers(0, 8), elements=values))


@given(values=columns())
def test_what_is_packed_comes_back(values: NDArray[np.generic]) -> None:
    before = values.copy()
    packing, held = packed(values)
    again = packing.unpacked(held, len(values))
    assert again.dtype == values.dtype
    assert np.array_equal(again, before)
    assert np.array_equal(values, before)
    assert held.nbytes == packing.room(len(values)) <= values.nbytes


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array([7, 7], np.int64), ""),
        (np.array([0, 255], np.int64), "|u1"),
        (np.array([-1, 255], np.int64), "<u2"),
        (np.array([10**12, 10**12 + 65_536], np.int64), "<u4"),
        (np.array([0, 2**32], np.int64), "<i8"),
        (np.array([-(2**63), 2**63 - 1], np.int64), "<i8"),
        (np.array([-32_768, 32_767], np.int16), "<i2"),
        (np.array([5, 5], np.uint8), "|u1"),
        (np.array([0.5, 0.5]), "<f8"),
        (np.empty(0, np.int64), "<i8"),
    ],
)
def test_the_narrowest_type_that_holds_the_span_is_taken(
    values: NDArray[np.generic], kind: str
) -> None:
    packing, held = packed(values)
    assert packing.held == kind
    assert np.array_equal(packing.unpacked(held, len(values)), values)
