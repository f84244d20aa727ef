"""The legs of a response, as the cells table carries them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from maps.words import clean, number


@dataclass(frozen=True, kw_only=True)
class Leg:
    """One part of a response, in the order of the clock.

    Attributes:
        kind: call_handling, turnout, mobilisation, road, ferry, ferry_wait, boat, flight or
            transfer.
        from_zh, from_en, to_zh, to_en: place names, blank where there is no place.
        minutes: duration; None where the table has none.
        schematic: whether the leg runs over links that are schematic or synthetic.
    """

    kind: str
    from_zh: str
    from_en: str
    to_zh: str
    to_en: str
    minutes: float | None
    schematic: bool


def parse(text: object) -> list[Leg]:
    """Return the legs in the JSON array `text`; blank or malformed text has none.

    A map must not fail for one broken row: what cannot be read is not shown.
    """
    if not isinstance(text, str):
        return []
    try:
        rows = json.loads(text)
    except ValueError:
        return []
    return [_leg(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _leg(row: dict[str, Any]) -> Leg:
    return Leg(
        kind=clean(row.get("kind")),
        from_zh=clean(row.get("from_zh")),
        from_en=clean(row.get("from_en")),
        to_zh=clean(row.get("to_zh")),
        to_en=clean(row.get("to_en")),
        minutes=number(row.get("minutes")),
        schematic=row.get("schematic") is True,
    )
