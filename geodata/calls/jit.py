"""One place that turns Python functions of this package into compiled loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(function: Loop) -> Loop:
    """Compile `function` at its first call, keep the machine code on disk, release the GIL."""
    return cast(Loop, numba.njit(function, cache=True, nogil=True))


def inlined(function: Loop) -> Loop:
    """Compile `function` into each loop that calls it.

    A call from loop to loop counts references to every array that it hands over, which takes longer
    than what a small function does.
    """
    return cast(Loop, numba.njit(function, cache=True, nogil=True, inline="always"))


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
