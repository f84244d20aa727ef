"""Compact and inert values for the data block of a page: pooled texts, whole numbers, steps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

UNITS_PER_DEGREE = 100_000  # five decimals, about a metre
UNITS_PER_MINUTE = 100


@dataclass
class Pool:
    """Gives each distinct value a number, so that a page carries it once."""

    values: list[Any] = field(default_factory=list)
    _numbers: dict[Any, int] = field(default_factory=dict)

    def number(self, value: Any) -> int:
        """Return the number of `value`, a new one at its first sight."""
        if value not in self._numbers:
            self._numbers[value] = len(self.values)
            self.values.append(value)
        return self._numbers[value]


def inert_json(value: object) -> str:
    """Return JSON that is safe inside a ``<script>`` element: no markup, no line separators.

    Raises:
        ValueError: if `value` holds NaN or infinity, which JSON has not.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def whole(values: npt.ArrayLike, breaks: Sequence[float]) -> npt.NDArray[np.float64]:
    """Return `values` in whole hundredths that stay on their side of every break.

    A value belongs to the band that ends at the first break which is not below it: 11.004 becomes
    1101 and not 1100, which would read as within 11.

    Args:
        values: minutes or days, shape (n,); NaN stays NaN.
        breaks: upper bounds of the bands, ascending, whole hundredths themselves.
    """
    given = np.asarray(values, dtype=float)
    edges = np.asarray(breaks, dtype=float)
    units = np.rint(given * UNITS_PER_MINUTE)
    meant = np.searchsorted(edges, given, side="left")
    got = np.searchsorted(edges, units / UNITS_PER_MINUTE, side="left")
    return np.where(np.isnan(given), np.nan, units + np.sign(meant - got))


def column(
    units: npt.NDArray[np.float64], base: npt.NDArray[np.float64] | None
) -> list[int | None]:
    """Return whole numbers for JSON, as differences to `base` where that has a value.

    Args:
        units: whole numbers, shape (n,); NaN becomes null.
        base: a column that most values are near to, or None for the numbers themselves.
    """
    steps = units if base is None else units - np.nan_to_num(base)
    return [None if np.isnan(step) else int(step) for step in steps]


def shape(geometry: Any, *, tolerance_deg: float = 0.0) -> list[list[list[int]]]:
    """Return a polygon or multipolygon as rings of whole-number steps; empty ones give ``[]``."""
    if geometry is None or geometry.is_empty:
        return []
    if tolerance_deg:
        geometry = geometry.simplify(tolerance_deg, preserve_topology=True)
    polygons = [g for g in shapely.get_parts(geometry) if g.geom_type == "Polygon"]
    rings = [[_ring(r) for r in (p.exterior, *p.interiors)] for p in polygons]
    kept = [[ring for ring in polygon if len(ring) >= 6] for polygon in rings]
    return [polygon for polygon in kept if polygon]


def path(geometry: Any) -> list[list[int]]:
    """Return a line or multiline as flat lists of whole-number steps."""
    if geometry is None or geometry.is_empty:
        return []
    lines = [g for g in shapely.get_parts(geometry) if g.geom_type == "LineString"]
    found = [_steps(np.asarray(line.coords)) for line in lines]
    return [line for line in found if len(line) >= 4]


def _ring(ring: Any) -> list[int]:
    return _steps(np.asarray(ring.coords)[:-1])  # Leaflet closes rings itself


def _steps(coordinates: Any) -> list[int]:
    units = np.rint(coordinates[:, :2] * UNITS_PER_DEGREE).astype(np.int64)
    moved = np.ones(len(units), dtype=bool)
    moved[1:] = (np.diff(units, axis=0) != 0).any(axis=1)
    units = units[moved]
    units[1:] = np.diff(units, axis=0)
    return [int(value) for value in units.ravel()]
