"""The wall time that a solver still has."""

from __future__ import annotations

import datetime
import math
import time


class Clock:
    """Time since it was made, and what is left of a limit.

    Args:
        limit_s: seconds from now, or None for no limit.
    """

    def __init__(self, limit_s: float | None = None) -> None:
        self._started = time.perf_counter()
        self._limit = math.inf if limit_s is None else limit_s

    def spent_s(self) -> float:
        """Return the seconds since the clock was made."""
        return time.perf_counter() - self._started

    def left_s(self) -> float:
        """Return the seconds left, not below 0; inf without a limit."""
        return max(0.0, self._limit - self.spent_s())

    def is_over(self) -> bool:
        """Return whether no time is left."""
        return self.left_s() <= 0.0

    def limit(self) -> datetime.timedelta | None:
        """Return the time left as solvers want it, at least a hundredth of a second."""
        left = self.left_s()
        return None if math.isinf(left) else datetime.timedelta(seconds=max(0.01, left))
