"""What an audit is asked for: frozen, checked when made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from geodata.errors import Fault, InputError
from routing.audit import phases

KEYS: Final = (
    "zone",
    "county",
    "township",
    "island",
    "post",
    "vehicle",
    "vehicle_kind",
    "call_type",
    "priority",
    "hour",
    "weekday",
    "month",
)
"""What calls can be grouped by."""

RESTARTS: Final = ("never", "year", "month", "day")
"""How often the numbering of calls may start anew."""

LONGEST_LIMIT_MIN: Final = 1440.0
_PERIOD = re.compile(r"(\d{4})-(\d{2})(?:\.\.(\d{4})-(\d{2}))?")


@dataclass(frozen=True, order=True)
class Period:
    """Months from `first` to `last`, both included, as YYYYMM."""

    first: int
    last: int

    @property
    def text(self) -> str:
        """The period as typed: ``2024-01..2024-12``."""
        return f"{_month_text(self.first)}..{_month_text(self.last)}"

    @classmethod
    def parse(cls, text: str) -> Period:
        """Return the period that `text` names: ``2024-03`` or ``2024-01..2024-06``.

        Raises:
            InputError: if it names none.
        """
        match = _PERIOD.fullmatch(text.strip())
        if match:
            year, month, last_year, last_month = match.groups()
            first = int(year) * 100 + int(month)
            last = int(last_year) * 100 + int(last_month) if last_year else first
            if all(1 <= value % 100 <= 12 for value in (first, last)) and first <= last:
                return cls(first, last)
        raise InputError(Fault("audit_period", "--compare", text))


@dataclass(frozen=True)
class Options:
    """What to count, and how.

    Attributes:
        start_stamp: ``dial``, ``answer`` or ``dispatch``: where the response time begins.
        longest_min: a response time greater than this is rejected, at most a day; a later phase
            greater than this is left out of the statistics of that phase.
        suppress_below: published cells with fewer calls are suppressed; 1 suppresses nothing.
        by: further groups, each a cross of `KEYS`.
        compare: two periods to compare, or None for each year with the one before.
        id_restarts: how often call ids may start anew: the same id in another year (month, day)
            of the start stamp is then another call.
        confidence: level of every interval.
    """

    start_stamp: str = "answer"
    longest_min: float = 240.0
    suppress_below: int = 5
    by: tuple[tuple[str, ...], ...] = ()
    compare: tuple[Period, Period] | None = None
    id_restarts: str = "never"
    confidence: float = field(default=0.95)

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            InputError: with every value that breaks its rule.
        """
        faults = [
            *_choice("--start-stamp", self.start_stamp, phases.STARTS),
            *_choice("--id-restarts", self.id_restarts, RESTARTS),
            *(f for cross in self.by for key in cross for f in _choice("--by", key, KEYS)),
        ]
        if not 0 < self.longest_min <= LONGEST_LIMIT_MIN:
            limit: dict[str, object] = {"most": f"{LONGEST_LIMIT_MIN:g}"}
            faults.append(Fault("audit_longest", "--longest", f"{self.longest_min:g}", limit))
        if self.suppress_below < 1:
            params: dict[str, object] = {"minimum": 1}
            faults.append(Fault("too_small", "--suppress", self.suppress_below, params))
        if not 0.5 <= self.confidence < 1:
            faults.append(Fault("audit_confidence", "confidence", f"{self.confidence:g}"))
        if faults:
            raise InputError(faults)

    @property
    def start(self) -> int:
        """Which of `phases.STAMPS` starts the clock."""
        return phases.STAMPS.index(self.start_stamp)

    @property
    def limit_s(self) -> int:
        """Longest response time in whole seconds."""
        return int(self.longest_min * 60.0 + 1e-9)


def crosses(texts: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the crosses that ``--by`` texts name: ``zone,hour`` is one cross of two keys."""
    found = [tuple(dict.fromkeys(k.strip() for k in text.split(","))) for text in texts]
    return tuple(dict.fromkeys(found))


def _choice(where: str, value: str, choices: Sequence[str]) -> list[Fault]:
    params: dict[str, object] = {"choices": ", ".join(choices)}
    return [] if value in choices else [Fault("not_a_choice", where, value, params)]


def _month_text(month: int) -> str:
    return f"{month // 100:04d}-{month % 100:02d}"
