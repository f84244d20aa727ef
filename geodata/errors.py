"""The errors that a user can meet, all with one base."""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from tomllib import TOMLDecodeError

from geodata import catalogue

_SYSTEM: Mapping[int, str] = {
    errno.ENOENT: "missing",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EROFS: "read_only",
    errno.EISDIR: "is_folder",
    errno.ENOTDIR: "not_folder",
    errno.ENOSPC: "disk_full",
    getattr(errno, "EDQUOT", errno.ENOSPC): "disk_full",
    errno.ENAMETOOLONG: "too_long",
    errno.EBUSY: "in_use",
    errno.EADDRINUSE: "port_in_use",
}
_TOML_PLACE = re.compile(r"at line (\d+), column (\d+)")


class IslandResponseError(Exception):
    """Base of every error raised on purpose; `exit_code` is what the command returns."""

    exit_code = 1


@dataclass(frozen=True)
class Cause:
    """Why the system or a reader refused, for the user's language.

    Attributes:
        key: catalogue key below ``cause.``.
        params: values that the text names.
    """

    key: str
    params: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, error: BaseException) -> Cause:
        """Return the cause that an exception stands for; an unknown one is told in its own words.

        Example:
            >>> Cause.of(FileNotFoundError(2, "No such file or directory")).text("en")
            'there is no such file'
        """
        if isinstance(error, OSError) and (error.errno or 0) in _SYSTEM:
            return cls(_SYSTEM[error.errno or 0])
        if isinstance(error, UnicodeDecodeError):
            return cls("not_utf8")
        place = _TOML_PLACE.search(str(error)) if isinstance(error, TOMLDecodeError) else None
        if place:
            return cls("toml", {"line": place[1], "column": place[2]})
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return cls("other", {"detail": shorten(str(said).split("\n")[0], limit=200)})

    def text(self, lang: str) -> str:
        """Return the cause in language `lang`, without a full stop."""
        return catalogue.text(f"cause.{self.key}", lang, **self.params)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in an input, as the user needs to hear it.

    Attributes:
        key: catalogue key below ``fault.`` whose text states the rule and the remedy.
        where: place of the fault, for instance ``posts row 3, column lon``.
        value: the offending value as read, or None where nothing was there.
        params: further values that the text names; a `Cause` is told in the language of the text.
    """

    key: str
    where: str
    value: object = None
    params: dict[str, object] = field(default_factory=dict)

    def text(self, lang: str) -> str:
        """Return the fault as one line: where, value, rule and remedy."""
        value = "" if self.value is None else shorten(self.value)
        told = {k: v.text(lang) if isinstance(v, Cause) else v for k, v in self.params.items()}
        rule = catalogue.text(f"fault.{self.key}", lang, value=value, **told)
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

    def __reduce__(self) -> tuple[type[InputError], tuple[Sequence[Fault]]]:
        """Pickle the faults, so that the error comes back whole from another process."""
        return type(self), (self.faults,)

    def text(self, lang: str) -> str:
        """Return all faults in language `lang`, one a line."""
        return "\n".join(fault.text(lang) for fault in self.faults)


class NoAnswerError(IslandResponseError):
    """The question is well put but has no feasible answer."""

    exit_code = 3

    def __init__(self, key: str, **params: object) -> None:
        self.key, self.params = key, params
        super().__init__(self.text("en"))

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        """Pickle key and values, so that the error comes back whole from another process."""
        return _no_answer, (self.key, self.params)

    def text(self, lang: str) -> str:
        """Return the message in language `lang`."""
        return catalogue.text(self.key, lang, **self.params)


def _no_answer(key: str, params: Mapping[str, object]) -> NoAnswerError:
    return NoAnswerError(key, **params)
