"""What tells where a call lies in the region."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import polars as pl


class Locator(Protocol):
    """Finds the zone, township and road node of calls; picklable, and the same on every machine."""

    def locate(self, calls: pl.DataFrame) -> pl.DataFrame:
        """Return a row for each call.

        Args:
            calls: ``lon``, ``lat`` (degrees on WGS84, null where unknown), ``county`` and
                ``township`` (names as recorded, null where blank); other columns do not count.

        Returns:
            columns ``zone``, ``county``, ``township``, ``island_id`` (texts, null where unknown),
            ``demand_row``, ``node``, ``node_km`` (null where unknown) and ``off_map`` (true where
            the position is too far from any land).
        """
        ...


class Later:
    """A locator that is being made in a thread while the first records are read.

    Args:
        make: makes the locator.
    """

    def __init__(self, make: Callable[[], Locator]) -> None:
        pool = ThreadPoolExecutor(1)
        self._made = pool.submit(make)
        pool.shutdown(wait=False)

    def ready(self) -> Locator:
        """Return the locator once it is made; raises what stood in the way."""
        return self._made.result()

    def locate(self, calls: pl.DataFrame) -> pl.DataFrame:
        """Return a row for each call; see `Locator`."""
        return self.ready().locate(calls)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the locator itself."""
        return _same, (self.ready(),)


def _same(locator: Locator) -> Locator:
    return locator
