"""The conditions of a file, each with its share of the year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from geodata.errors import Fault, InputError
from routing.conditions.condition import DAYLIGHT, Condition
from routing.config import Parameters

YEAR_DAYS = 365.25
# What is left of the year when all other conditions have had their days.
REST = "calm"
# Values that are no part of the condition itself.
TIMES = ("days_per_year", "day_share")


@dataclass(frozen=True)
class Entry:
    """A condition as its file describes it.

    Attributes:
        name: name in the file.
        name_zh, name_en: its name for people.
        definition_zh, definition_en: when it holds, for people; may be blank.
        months: its season, 1 to 12, for information; may be empty.
        days_per_year: its time in a year, full days; None for calm, which takes the rest.
        day_share: share of its time that falls into daylight, or None for that of all hours.
        effect: what it stops and slows, as fields of `Condition`.
        origins: by name of the value: value, unit, source, note and note_zh.
    """

    name: str
    name_zh: str
    name_en: str
    definition_zh: str = ""
    definition_en: str = ""
    months: tuple[int, ...] = ()
    days_per_year: float | None = None
    day_share: float | None = None
    effect: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Likely:
    """A condition and how much of the year it takes.

    Attributes:
        condition: the condition.
        probability: share of the time looked at in which it holds; 0 to 1.
        days_per_year: its time in a year, full days.
    """

    condition: Condition
    probability: float
    days_per_year: float

    @property
    def key(self) -> str:
        """Name and light of the condition, for instance ``fog@night``."""
        return self.condition.key


@dataclass(frozen=True)
class Catalogue:
    """Conditions by name, from mild to severe.

    Attributes:
        entries: by name.
        file: name of the file or files that they are from, for people.
    """

    entries: Mapping[str, Entry]
    file: str = "conditions.toml"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all conditions, in the order of the file."""
        return tuple(self.entries)

    def entry(self, name: str) -> Entry:
        """Return the entry `name`.

        Raises:
            InputError: if there is no such condition.
        """
        if name not in self.entries:
            choices: dict[str, object] = {"choices": ", ".join(self.names)}
            raise InputError(Fault("not_a_choice", "--condition", name, choices))
        return self.entries[name]

    def get(self, name: str, *, daylight: str = "day", when_min: float | None = None) -> Condition:
        """Return a condition by day or night.

        Args:
            name: one of `names`.
            daylight: ``day`` or ``night``.
            when_min: minute of the day of the call, or None.

        Raises:
            InputError: if there is no such condition or light.
        """
        entry = self.entry(name)
        if daylight not in DAYLIGHT:
            raise InputError(
                Fault("not_a_choice", "--daylight", daylight, {"choices": ", ".join(DAYLIGHT)})
            )
        return Condition(
            name=name,
            daylight=daylight,
            when_min=when_min,
            name_zh=entry.name_zh,
            name_en=entry.name_en,
            **entry.effect,
        )

    def likely(
        self,
        *,
        day_share: float = 0.5,
        daylight: str | None = None,
        when_min: float | None = None,
    ) -> tuple[Likely, ...]:
        """Return every condition by day and by night with its share of the year.

        ``P(c, day) = d_c s_c / 365.25`` with d_c the days of condition c and s_c the share of them
        in daylight; calm has what is left of the day and of the night. The shares sum to 1.

        Args:
            day_share: share of all hours that are daylight.
            daylight: ``day`` or ``night`` alone; the probabilities are then those given that light,
                and sum to 1 as well. Both where None.
            when_min: minute of the day of the call, or None. Every day has such a minute, so with
                it a condition's days are its probability times those of the whole year.

        Raises:
            InputError: if the conditions other than calm take more than all daylight, or night.
        """
        whole = {"day": day_share, "night": 1.0 - day_share}
        shares = self._shares(whole)
        lights = DAYLIGHT if daylight is None else (daylight,)
        time = sum(whole[light] for light in lights)
        if not time > 0:  # there is no such light: the mix of the whole year is the best guess
            shares = {
                name: dict.fromkeys(DAYLIGHT, sum(mine.values())) for name, mine in shares.items()
            }
        scale = 1.0 / sum(shares[name][light] for name in self.names for light in lights)
        year = YEAR_DAYS * (time if when_min is None else 1.0)
        return tuple(
            Likely(
                self.get(name, daylight=light, when_min=when_min),
                scale * shares[name][light],
                year * scale * shares[name][light],
            )
            for name in self.names
            for light in lights
        )

    def _shares(self, whole: Mapping[str, float]) -> dict[str, dict[str, float]]:
        """Return the share of all time of each condition by light; calm has the rest."""
        shares = {}
        for name in self.names:
            entry = self.entries[name]
            share = (entry.days_per_year or 0.0) / YEAR_DAYS
            by_day = whole["day"] if entry.day_share is None else entry.day_share
            shares[name] = {"day": share * by_day, "night": share * (1.0 - by_day)}
        taken = {light: sum(mine[light] for mine in shares.values()) for light in DAYLIGHT}
        faults = [
            Fault(
                "conditions_overfull",
                "conditions",
                f"{YEAR_DAYS * taken[light]:.1f}",
                {"daylight": light, "days": f"{YEAR_DAYS * whole[light]:.1f}"},
            )
            for light in DAYLIGHT
            if taken[light] > whole[light] + 1e-9
        ]
        if faults:
            raise InputError(faults)
        shares[REST] = {light: max(whole[light] - taken[light], 0.0) for light in DAYLIGHT}
        return shares

    def as_rows(self) -> list[dict[str, Any]]:
        """Return every value as a row: name, value, unit, source, note, as parameters have them."""
        return [row for name in self.names for row in self.rows_of(name)]

    def rows_of(self, name: str) -> list[dict[str, Any]]:
        """Return the values of one condition as rows; none for one it does not know."""
        entry = self.entries.get(name)
        origins = entry.origins if entry else {}
        return [{"name": f"{name}.{value}", **origin} for value, origin in origins.items()]


def day_share(parameters: Parameters) -> float:
    """Return the share of all hours that count as daylight."""
    heli = parameters.helicopter
    return min(max((heli.day_until_h - heli.day_from_h) / 24.0, 0.0), 1.0)
