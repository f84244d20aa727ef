"""What commands are made of: settings, common options, help in the user's language.

A command module offers ``register(group)``; inside, it makes commands with `command` and the option
decorators of this module, and imports what they need only when they run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from geodata import catalogue
from geodata.errors import Fault, InputError
from routing.cli.localised import Command

if TYPE_CHECKING:
    from routing.config import Parameters
    from routing.response import Condition

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_lang: ContextVar[str] = ContextVar("language of the help that is being built")


@dataclass(frozen=True)
class Settings:
    """The global options, as commands get them by ``@click.pass_obj``.

    Attributes:
        region: name of an embedded region, or path of a GeoPackage or folder.
        config: parameter file, or None for the defaults.
        lang: ``zh`` or ``en``.
        verbose: whether to tell every step, and to show tracebacks.
        started: when the program started, UTC.
    """

    region: str
    config: Path | None
    lang: str
    verbose: bool
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def say(self, key: str, **params: object) -> str:
        """Return the string ``cli.<key>`` of the catalogue."""
        return catalogue.text(f"cli.{key}", self.lang, **params)


@contextmanager
def help_in(lang: str) -> Iterator[None]:
    """Make commands with help in `lang` as long as this lasts."""
    token = _lang.set(lang)
    try:
        yield
    finally:
        _lang.reset(token)


def help_text(key: str) -> str:
    """Return the string ``cli.<key>`` in the language of the help that is being built."""
    return catalogue.text(f"cli.{key}", _lang.get(catalogue.default_language()))


def command(name: str, *, help_key: str = "") -> Callable[[Callable[..., Any]], click.Command]:
    """Return a decorator that makes a command.

    Args:
        name: as typed by the user.
        help_key: catalogue key below ``cli.``; ``<name>.help`` unless given.
    """
    return click.command(name, cls=Command, help=help_text(help_key or f"{name}.help"))


def output_options(function: Decorated) -> Decorated:
    """Add ``--out DIR`` and ``--overwrite``: arguments ``out`` (Path) and ``overwrite`` (bool)."""
    out = click.option(
        "--out",
        type=click.Path(path_type=Path),
        required=True,
        metavar="DIR",
        help=help_text("out_help"),
    )
    overwrite = click.option("--overwrite", is_flag=True, help=help_text("overwrite_help"))
    return out(overwrite(function))


def daylight_option(function: Decorated) -> Decorated:
    """Add ``--daylight day|night``: argument ``daylight`` (str, or None where not given)."""
    return click.option(
        "--daylight",
        type=click.Choice(("day", "night")),
        help=help_text("daylight_help"),
    )(function)


def when_option(function: Decorated) -> Decorated:
    """Add ``--when HH:MM``: argument ``when`` (str, or None where not given)."""
    return click.option("--when", metavar="TIME", help=help_text("when_help"))(function)


def condition(parameters: Parameters, *, daylight: str | None, when: str | None) -> Condition:
    """Return the condition that the options ask for; daylight follows the clock unless given.

    Raises:
        InputError: if `when` is no clock time.
    """
    from routing.response import Condition

    minute = None if when is None else clock_minute(when)
    if daylight is None:
        daylight = "day" if minute is None else parameters.helicopter.daylight_at(minute)
    return Condition(daylight=daylight, when_min=minute)


def clock_minute(text: str) -> float:
    """Return ``HH:MM`` or ``YYYY-MM-DDTHH:MM`` as minutes after midnight.

    Raises:
        InputError: if it is neither.
    """
    for form in ("%H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"):
        with suppress(ValueError):
            moment = datetime.strptime(text, form)
            return moment.hour * 60.0 + moment.minute
    raise InputError(Fault("not_a_clock_time", "--when", text))
