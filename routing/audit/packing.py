"""Whole numbers in as few bytes as they need: less to write, to hold in memory and to read again.

Numbers that lie within a span of less than 2**32 are kept as their distance from the least one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = slice | NDArray[np.int64]

_NARROW = (np.uint8, np.uint16, np.uint32)


@dataclass(frozen=True)
class Packing:
    """How the values of a column are held.

    Attributes:
        kind: type of the column, as numpy names it.
        held: type of what is held; empty where all values are `least` and nothing is.
        least: is added to what is held.
    """

    kind: str
    held: str
    least: int

    def room(self, count: int) -> int:
        """Return the bytes of `count` values."""
        return count * np.dtype(self.held).itemsize if self.held else 0

    def unpacked(self, held: NDArray[Any], count: int) -> NDArray[Any]:
        """Return `count` values from what is held of them."""
        kind = np.dtype(self.kind)
        if not self.held:
            return np.full(count, self.least, kind)
        if self.held == self.kind:
            return held
        # Sums wrap around as differences did.
        values = held.astype(kind)
        values += kind.type(self.least)
        return values


def packed(values: NDArray[Any]) -> tuple[Packing, NDArray[Any]]:
    """Return how a column is held, and what is held of it; other than whole numbers stay.

    Args:
        values: shape (n,).

    Example:
        >>> packing, held = packed(np.array([1_700_000_060, 1_700_000_000]))
        >>> held.tolist(), packing.unpacked(held, 2).tolist()
        ([60, 0], [1700000060, 1700000000])
    """
    kind = values.dtype
    if kind.kind not in "iu" or kind.itemsize == 1 or not len(values):
        return Packing(kind.str, kind.str, 0), values
    least, most = int(values.min()), int(values.max())
    if least == most:
        return Packing(kind.str, "", least), values[:0]
    narrow = next((n for n in _NARROW if most - least <= np.iinfo(n).max), None)
    if narrow is None or np.dtype(narrow).itemsize >= kind.itemsize:
        return Packing(kind.str, kind.str, 0), values
    held = np.empty(len(values), narrow)
    np.subtract(values, kind.type(least), out=held, casting="unsafe")
    return Packing(kind.str, held.dtype.str, least), held
