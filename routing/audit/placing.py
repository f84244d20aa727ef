"""What tells where a call lies in the region."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from geodata.calls.columns import Numbered

HOW: Final = ("point", "shore", "township", "county", "off_map", "unknown")
"""How a call was placed, by its code; texts are below ``audit_place``.

- ``point``: by its coordinates, on land; ``shore``: by its coordinates, off the shore within reach;
- ``township``, ``county``: by name, for want of coordinates;
- ``off_map``: its coordinates are too far from any land;
- ``unknown``: neither coordinates nor a name that the region knows.
"""
POINT, SHORE, TOWNSHIP, COUNTY, OFF, UNKNOWN = range(len(HOW))

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Placed:
    """Where calls lie, one entry a call.

    Attributes:
        zone, county, township, island: names; islands by their ids.
        demand_row, node: int32, -1 where unknown, shape (n,).
        how: codes of `HOW`, uint8, shape (n,).
    """

    zone: Numbered
    county: Numbered
    township: Numbered
    island: Numbered
    demand_row: NDArray[np.int32]
    node: NDArray[np.int32]
    how: NDArray[np.uint8]

    def of(self, rows: NDArray[np.int64]) -> Placed:
        """Return some of the calls."""

        def some(names: Numbered) -> Numbered:
            return Numbered(names.codes[rows], names.labels)

        return Placed(
            zone=some(self.zone),
            county=some(self.county),
            township=some(self.township),
            island=some(self.island),
            demand_row=self.demand_row[rows],
            node=self.node[rows],
            how=self.how[rows],
        )


class Locator(Protocol):
    """Finds the zone, township and road node of calls; picklable, and the same on every machine."""

    def locate(self, lon: Floats, lat: Floats, county: Numbered, township: Numbered) -> Placed:
        """Return where calls lie.

        Args:
            lon, lat: degrees on WGS84, NaN where unknown, shape (n,).
            county, township: names as recorded.
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

    def locate(self, lon: Floats, lat: Floats, county: Numbered, township: Numbered) -> Placed:
        """Return where calls lie; see `Locator`."""
        return self.ready().locate(lon, lat, county, township)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the locator itself."""
        return _same, (self.ready(),)


def _same(locator: Locator) -> Locator:
    return locator
