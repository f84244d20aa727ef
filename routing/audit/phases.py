"""The phases of a call and the norms that bind some of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

STAMPS: Final = ("dial", "answer", "dispatch", "depart", "arrive", "leave", "hospital", "clear")
"""Stamps in the order of the phases; bit k of ``stamp_fault`` belongs to the k-th."""

DISPATCH: Final = STAMPS.index("dispatch")
ARRIVE: Final = STAMPS.index("arrive")
STARTS: Final = STAMPS[:3]

PHASES: Final = (
    "answering",
    "call_handling",
    "turnout",
    "travel",
    "scene",
    "transport",
    "handover",
)
"""The k-th phase lasts from the k-th stamp to the next; unknown where either is missing."""

MEASURES: Final = ("response", *PHASES)
"""What is measured of each call: the response time and every phase, in whole seconds."""

MEASURE_COLUMNS: Final = (
    "response_s",
    "answering_s",
    "handling_s",
    "turnout_s",
    "travel_s",
    "scene_s",
    "transport_s",
    "handover_s",
)
"""The columns that hold the measures, in their order."""


@dataclass(frozen=True)
class Norm:
    """A share of calls that must be done within a bound: met when share >= `share`.

    Attributes:
        bound_s: whole seconds; a call is within when its phase <= `bound_s`.
        share: least share of calls within the bound.
        source: source of the norm.
    """

    bound_s: int
    share: float
    source: str


NORMS: Final[dict[str, Norm]] = {
    "answering": Norm(10, 0.95, "nat2020"),
    "turnout": Norm(180, 0.95, "nat2020"),
}
"""National norms of 2020: 95 % of calls answered within 10 s, 95 % of crews out within 3 min.

The 3 minutes (3 分钟出车率) are taken from dispatch to departure; the text names no stamps.
"""
