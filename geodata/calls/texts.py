"""Short texts of call records: what counts as blank, what a cell says, positions as numbers."""

from __future__ import annotations

import math
import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geodata import crs, tables

SPACES: Final = " \t\r\n\u3000\u00a0\ufeff"
"""Characters taken off both ends of a cell."""
BLANKS: Final = frozenset(("", "-", "--", "/", "\\n", "null", "none", "nan", "nat", "n/a", "#n/a"))
"""Cells that say nothing, in small letters."""
LONGEST: Final = 200
"""Characters of a descriptive text that are kept."""

CRS: Final = ("wgs84", "gcj02", "bd09")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_TO_WGS84 = {"gcj02": crs.gcj02_to_wgs84, "bd09": crs.bd09_to_wgs84}

Floats = NDArray[np.float64]


def clean(text: str) -> str | None:
    """Return a cell's text without blanks around it, or None where it says nothing."""
    text = text.strip(SPACES)
    return None if len(text) <= 4 and text.lower() in BLANKS else text


def category(text: str) -> str | None:
    """Return a descriptive text as it is kept: clean, on one line, at most `LONGEST` characters."""
    cleaned = clean(text)
    if cleaned is None:
        return None
    kept = tables.plain(" ".join(cleaned.splitlines()).replace("\x00", ""))
    return (kept if len(kept) <= LONGEST else kept[: LONGEST - 1] + "…") or None


def coordinate(text: str) -> float | None:
    """Return degrees, None where blank, NaN where the text is no decimal number."""
    cleaned = clean(text)
    if cleaned is None:
        return None
    return float(cleaned) if _NUMBER.fullmatch(cleaned) else math.nan


def positions(
    lon: Floats, lat: Floats, unread: NDArray[np.bool_], system: str
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return positions on WGS84, NaN where there is none, and where there was text but no position.

    Half a position, a point outside the ranges of longitude and latitude, and (0, 0), which
    software writes for an unknown place, are no positions.

    Args:
        lon, lat: degrees in `system`, NaN where blank or unread.
        unread: rows with a text that is no number.
        system: ``wgs84``, ``gcj02`` or ``bd09``.
    """
    here = np.isfinite(lon) & np.isfinite(lat)
    with np.errstate(invalid="ignore"):
        good = here & (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0) & ((lon != 0.0) | (lat != 0.0))
    some = ~np.isnan(lon) | ~np.isnan(lat) | unread
    good &= ~unread
    x, y = np.where(good, lon, np.nan), np.where(good, lat, np.nan)
    if system in _TO_WGS84 and good.any():
        x[good], y[good] = _TO_WGS84[system](lon[good], lat[good])
    return x, y, some & ~good
