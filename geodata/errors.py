"""The errors that a user can meet, all with one base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from geodata import catalogue


class IslandResponseError(Exception):
    """Base of every error raised on purpose; `exit_code` is what the command returns."""

    exit_code = 1


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in an input, as the user needs to hear it.

    Attributes:
        key: catalogue key below ``fault.`` whose text states the rule and the remedy.
        where: place of the fault, for instance ``posts row 3, column lon``.
        value: the offending value as read, or None where nothing was there.
        params: further values that the text names.
    """

    key: str
    where: str
    value: object = None
    params: dict[str, object] = field(default_factory=dict)

    def text(self, lang: str) -> str:
        """Return the fault as one line: where, value, rule and remedy."""
        value = "" if self.value is None else shorten(self.value)
        rule = catalogue.text(f"fault.{self.key}", lang, value=value, **self.params)
        return f"{self.where}: {rule}"


def shorten(value: object, *, limit: int = 80) -> str:
    """Return `value` as printable text on one line, cut to `limit` characters."""
    text = "".join(c if c.isprintable() else "�" for c in str(value))
    return text if len(text) <= limit else text[: limit - 1] + "…"


class InputError(IslandResponseError):
    """An input that breaks one or more rules; carries all faults found, not only the first."""

    exit_code = 2

    def __init__(self, faults: Sequence[Fault] | Fault) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__(self.text("en"))

    def text(self, lang: str) -> str:
        """Return all faults in language `lang`, one a line."""
        return "\n".join(fault.text(lang) for fault in self.faults)


class NoAnswerError(IslandResponseError):
    """The question is well put but has no feasible answer."""

    exit_code = 3

    def __init__(self, key: str, **params: object) -> None:
        self.key, self.params = key, params
        super().__init__(self.text("en"))

    def text(self, lang: str) -> str:
        """Return the message in language `lang`."""
        return catalogue.text(self.key, lang, **self.params)
