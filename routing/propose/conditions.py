"""Conditions that a proposal holds under, as typed: ``calm@day=0.6,fog@night=0.1!,no_boat!``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from geodata import catalogue as strings
from geodata.errors import Fault, InputError
from routing.conditions import Catalogue, load
from routing.response import DAYLIGHT, Condition

# What still runs in calm weather. A state of the fleet is a condition like the weather's.
RUNNING = {
    "no_helicopter": ("ambulance", "boat"),
    "no_boat": ("ambulance", "helicopter"),
    "road_only": ("ambulance",),
}
# Every condition of the catalogue by day and by night, weighed by its share of the year.
EVERY = ("all", "likely")
# All conditions together, each by its share.
OVERALL = "all"


@dataclass(frozen=True)
class Held:
    """A condition of a proposal.

    Attributes:
        name: as it stands in tables, for instance ``calm@night``.
        condition: for the response model.
        share: weight in means and objectives.
        must_hold: whether the targets have to hold in it by themselves.
    """

    name: str
    condition: Condition
    share: float = 1.0
    must_hold: bool = False

    def named(self, lang: str) -> str:
        """Return the condition's name and light for people."""
        one = self.condition
        name = (one.name_zh if lang == "zh" else one.name_en) or strings.strings(lang).get(
            f"brief.condition.{one.name}", one.name
        )
        light = strings.text(f"brief.daylight.{one.daylight}", lang)
        return strings.text("propose.condition_name", lang, name=name, daylight=light)


def names(catalogue: Catalogue | None = None) -> tuple[str, ...]:
    """Return every name that a text may start with."""
    return (*(catalogue or load()).names, *RUNNING, *EVERY)


def parse(
    texts: Sequence[str],
    *,
    daylight: str,
    when_min: float | None = None,
    catalogue: Catalogue | None = None,
    day_share: float = 0.5,
) -> list[Held]:
    """Return the conditions of ``NAME[@day|night][=SHARE][!]``, comma-separated or one a text.

    Args:
        texts: as typed; none of them gives calm weather.
        daylight: ``day`` or ``night``, where a text does not say.
        when_min: clock time of the call, minutes after midnight, or None.
        catalogue: the weather conditions that there are; the shipped ones by default.
        day_share: share of all hours that are daylight, for `EVERY`.

    ``all`` (or ``likely``) stands for every weather condition by day and by night, each with its
    share of the year; ``all@night`` for those of the night, ``all!`` asks the targets to hold in
    each by itself. A share of 0 needs the ``!``, which asks the targets to hold in the condition by
    itself. Without any share, conditions with ``!`` have none and all others weigh the same; where
    every condition has ``!``, all of them do.

    Raises:
        InputError: with every fault found.

    Example:
        >>> asked = parse(["calm,fog@night=0.1!,no_boat!"], daylight="day")
        >>> [(one.name, one.share, one.must_hold) for one in asked]
        [('calm@day', 1.0, False), ('fog@night', 0.1, True), ('no_boat@day', 0.0, True)]
    """
    words = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    faults: list[Fault] = []
    reader = _Reader(catalogue or load(), daylight, when_min, day_share, faults)
    found = [one for word in words or ["calm"] for one in reader.read(word)]
    told = [one.name for one in found]
    faults += [
        Fault("propose_condition_twice", "--conditions", name)
        for name in sorted({n for n in told if told.count(n) > 1})
    ]
    if not any("=" in word for word in words) and all(one.share <= 0 for one in found):
        found = [replace(one, share=1.0) for one in found]
    if not faults and not any(one.share > 0 for one in found):
        faults.append(Fault("siting_no_share", "--conditions"))
    if faults:
        raise InputError(faults)
    # The first one is what maps and tables show, so it has to weigh something.
    return sorted(found, key=lambda one: one.share <= 0)


@dataclass(frozen=True)
class _Reader:
    catalogue: Catalogue
    daylight: str
    when_min: float | None
    day_share: float
    faults: list[Fault]

    def read(self, word: str) -> list[Held]:
        must_hold = word.endswith("!")
        name, _, share_text = word.rstrip("!").partition("=")
        name, _, light = (part.strip() for part in name.partition("@"))
        wrong = len(self.faults)
        if name not in names(self.catalogue):
            choices: dict[str, object] = {"choices": ", ".join(names(self.catalogue))}
            self.faults.append(Fault("not_a_choice", "--conditions", name, choices))
        if light and light not in DAYLIGHT:
            params: dict[str, object] = {"choices": ", ".join(DAYLIGHT)}
            self.faults.append(Fault("not_a_choice", "--conditions", light, params))
        share = self._share(share_text, 0.0 if must_hold and name not in EVERY else 1.0)
        if len(self.faults) > wrong:
            return []
        if name in EVERY:
            return self._every(light or None, share, must_hold)
        condition = self._condition(name, light or self.daylight)
        return [Held(condition.key, condition, share, must_hold)]

    def _condition(self, name: str, light: str) -> Condition:
        if name not in RUNNING:
            return self.catalogue.get(name, daylight=light, when_min=self.when_min)
        return Condition(
            name,
            light,
            RUNNING[name],
            self.when_min,
            name_zh=strings.text(f"charts.condition.{name}", "zh"),
            name_en=strings.text(f"charts.condition.{name}", "en"),
        )

    def _every(self, light: str | None, share: float, must_hold: bool) -> list[Held]:
        if light is None and self.when_min is not None:
            light = self.daylight
        likely = self.catalogue.likely(
            day_share=self.day_share, daylight=light, when_min=self.when_min
        )
        return [Held(one.key, one.condition, share * one.probability, must_hold) for one in likely]

    def _share(self, text: str, default: float) -> float:
        if not text.strip():
            return default
        try:
            share = float(text)
        except ValueError:
            share = math.nan
        if not 0 <= share < math.inf:
            self.faults.append(Fault("siting_negative", "--conditions", text))
        return share
