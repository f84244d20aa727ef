"""Bands of response time for maps: broken at the targets, safe for colour-blind eyes and print."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from geodata import catalogue

TARGETS_MIN = (11.0, 14.0)
UPPER_BREAKS_MIN = (20.0, 30.0, 60.0, 120.0)

# Cool hues keep the targets, warm ones miss them; CIE lightness falls by ten or more from band to
# band, also for the three kinds of dichromat, so the order survives a grey printer.
_WITHIN = ("#d2f0e8", "#86d0dc")
_BEYOND = ("#e09a30", "#cb602a", "#a0322f", "#701548", "#3a104e")
_UNREACHABLE = "#0a0a0a"


@dataclass(frozen=True, kw_only=True)
class Band:
    """One band of response time, ``lower_min < response_min <= upper_min``.

    Attributes:
        lower_min: exclusive lower bound in minutes; 0 in the first band.
        upper_min: inclusive upper bound in minutes; None in the last band and in `unreachable`.
        colour: ``#rrggbb``.
        reachable: False for the one band of those whom no vehicle reaches.
    """

    lower_min: float
    upper_min: float | None
    colour: str
    reachable: bool = True

    def label(self, lang: str) -> str:
        """Return the band's label for a legend, for instance ``11–14 min``."""
        if not self.reachable:
            return catalogue.text("maps.band.unreachable", lang)
        lower = f"{self.lower_min:g}"
        if self.upper_min is None:
            return catalogue.text("maps.band.above", lang, lower=lower)
        upper = f"{self.upper_min:g}"
        if self.lower_min == 0:
            return catalogue.text("maps.band.up_to", lang, upper=upper)
        return catalogue.text("maps.band.between", lang, lower=lower, upper=upper)

    @property
    def ink(self) -> str:
        """Text colour that reads on the band's colour."""
        red, green, blue = (int(self.colour[i : i + 2], 16) for i in (1, 3, 5))
        return "#111111" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#ffffff"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The bands of a map, from fastest to slowest, `unreachable` last."""

    bands: tuple[Band, ...]

    def index(self, response_min: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the band number of each response time.

        Args:
            response_min: minutes, any shape; NaN (unreachable) goes to the last band. A value
                equal to a break belongs to the band that ends there: 11.0 is within 11.
        """
        minutes = np.asarray(response_min, dtype=float)
        breaks = [band.upper_min for band in self.bands if band.upper_min is not None]
        found = np.searchsorted(np.array(breaks, dtype=float), minutes, side="left")
        return np.where(np.isfinite(minutes), found, len(self.bands) - 1).astype(np.int64)

    def shares(
        self, response_min: npt.ArrayLike, population: npt.ArrayLike
    ) -> npt.NDArray[np.float64]:
        """Return the share of `population` in each band; NaN throughout if nobody lives there."""
        weights = np.nan_to_num(np.asarray(population, dtype=float))
        summed = np.bincount(self.index(response_min), weights, minlength=len(self.bands))
        total = float(weights.sum())
        return summed / total if total > 0 else np.full(len(self.bands), np.nan)

    def colours(self, response_min: npt.ArrayLike) -> list[str]:
        """Return the colour of each response time."""
        return [self.bands[number].colour for number in self.index(response_min)]


def scale(targets_min: Iterable[Any] = TARGETS_MIN) -> Scale:
    """Return the scale whose first breaks are the targets, then 20, 30, 60 and 120 minutes.

    Args:
        targets_min: the zones' targets in minutes. The least and the greatest become breaks, as
            two cool bands are all that the eye keeps apart; NaN and None are ignored, and with
            none left the usual 11 and 14 stand.

    Example:
        >>> [band.upper_min for band in scale((11, 14)).bands]
        [11.0, 14.0, 20.0, 30.0, 60.0, 120.0, None, None]
    """
    given = sorted({float(t) for t in targets_min if t is not None and np.isfinite(float(t))})
    targets = sorted({given[0], given[-1]}) if given else list(TARGETS_MIN)
    later = [b for b in UPPER_BREAKS_MIN if b > targets[-1]]
    # The slowest colours stay with the slowest bands where a long target swallows some breaks.
    colours = [*_WITHIN[: len(targets)], *_BEYOND[len(_BEYOND) - len(later) - 1 :]]
    edges = [0.0, *targets, *later]
    bands = [
        Band(lower_min=low, upper_min=high, colour=colour)
        for low, high, colour in zip(edges, [*edges[1:], None], colours, strict=True)
    ]
    bands.append(Band(lower_min=edges[-1], upper_min=None, colour=_UNREACHABLE, reachable=False))
    return Scale(bands=tuple(bands))
