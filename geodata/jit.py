"""One place that turns Python functions into compiled loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(function: Loop) -> Loop:
    """Compile `function` at its first call, keep the machine code on disk, release the GIL.

    Never compiled with ``fastmath``: its licence to ignore infinities gives wrong travel times
    wherever a place cannot be reached, which is the normal case between islands.
    """
    return cast(Loop, numba.njit(function, cache=True, nogil=True))


def inlined(function: Loop) -> Loop:
    """Compile `function` into each loop that calls it.

    A call from loop to loop counts references to every array that it hands over, which takes longer
    than what a small function does.
    """
    return cast(Loop, numba.njit(function, cache=True, nogil=True, inline="always"))
