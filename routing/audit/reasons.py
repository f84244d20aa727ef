"""Why a record is not used: one reason each, the first that applies in the order given here."""

from __future__ import annotations

from typing import Final

USED: Final = 0

REASONS: Final = (
    "malformed_row",
    "cancelled",
    "unreadable_start",
    "missing_start",
    "unreadable_arrival",
    "missing_arrival",
    "negative_response",
    "out_of_order",
    "too_long",
    "unreadable_place",
    "off_the_map",
    "duplicate",
    "later_vehicle",
)
"""Keys of the reasons in the order in which they are tried; texts are below ``audit.reason``.

- ``malformed_row``: the reader could not make a record of the row.
- ``cancelled``: the outcome says that the call was cancelled or the crew turned back.
- ``unreadable_start``, ``unreadable_arrival``: there is text that is no stamp.
- ``missing_start``, ``missing_arrival``: there is none.
- ``negative_response``: the crew arrives before the clock starts (arrival < start).
- ``out_of_order``: two other stamps contradict the order of the phases (later phase < earlier).
- ``too_long``: the response time is greater than the limit.
- ``unreadable_place``: there is text that is no position.
- ``off_the_map``: the position is too far from any land of the region.
- ``duplicate``: an earlier row has the same call id and the same vehicle.
- ``later_vehicle``: another vehicle of the same call arrived first.
"""

CODE: Final[dict[str, int]] = {key: code for code, key in enumerate(REASONS, start=1)}
"""Reason key to the code that the tables hold; 0 is a record in use."""


def key_of(code: int) -> str:
    """Return the key of a reason's code, 1 to ``len(REASONS)``."""
    return REASONS[code - 1]
