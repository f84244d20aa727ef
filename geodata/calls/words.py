"""Numbers out of bytes, for the compiled loops of this package."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata.jit import inlined


@inlined
def integer(value: Any) -> Any:
    """Return a machine number of any width as an integer of 64 bits; bytes would overflow."""
    return np.int64(value)


@inlined
def word_at(buffer: NDArray[np.uint8], at: int) -> np.uint64:
    """Return eight bytes as one number; the compiler makes one load of it.

    Unsigned positions cannot count from the end, which spares a check for each byte.
    """
    place = np.uint64(at)
    word = np.uint64(buffer[place])
    word |= np.uint64(buffer[place + np.uint64(1)]) << np.uint64(8)
    word |= np.uint64(buffer[place + np.uint64(2)]) << np.uint64(16)
    word |= np.uint64(buffer[place + np.uint64(3)]) << np.uint64(24)
    word |= np.uint64(buffer[place + np.uint64(4)]) << np.uint64(32)
    word |= np.uint64(buffer[place + np.uint64(5)]) << np.uint64(40)
    word |= np.uint64(buffer[place + np.uint64(6)]) << np.uint64(48)
    word |= np.uint64(buffer[place + np.uint64(7)]) << np.uint64(56)
    return word
