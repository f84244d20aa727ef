"""What commands are made of: settings, common options, help in the user's language.

A command module offers ``register(group)``; inside, it makes commands with `command` and the option
decorators of this module, and imports what they need only when they run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from geodata import catalogue
from geodata.errors import Fault, InputError
from routing.cli.localised import Command

if TYPE_CHECKING:
    from geodata.region import Region
    from routing.conditions import Catalogue, Condition
    from routing.config import Parameters
    from routing.scenario import Scenario

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


def condition_options(function: Decorated) -> Decorated:
    """Add ``--condition NAME`` and ``--conditions-file FILE``.

    Arguments: ``condition`` (str, or None where not given) and ``conditions_file`` (Path or None).
    """
    name = click.option("--condition", metavar="NAME", help=help_text("condition_help"))
    file = click.option(
        "--conditions-file",
        type=click.Path(path_type=Path),
        metavar="TOML",
        help=help_text("conditions_file_help"),
    )
    return name(file(function))


def conditions_catalogue(conditions_file: Path | None) -> Catalogue:
    """Return the conditions that may be asked for: the shipped ones, a user's file on top.

    Raises:
        InputError: with every fault of the file.
    """
    from routing import conditions

    return conditions.load(conditions_file)


def condition(
    parameters: Parameters,
    *,
    daylight: str | None,
    when: str | None,
    condition: str | None = None,
    conditions_file: Path | None = None,
) -> Condition:
    """Return the condition that the options ask for; daylight follows the clock unless given.

    Raises:
        InputError: if `when` is no clock time, there is no such condition, or its file has faults.
    """
    from routing.conditions import daylight_of

    minute = None if when is None else clock_minute(when)
    light = daylight_of(parameters.helicopter, daylight=daylight, when_min=minute)
    catalogue = conditions_catalogue(conditions_file)
    return catalogue.get(condition or "calm", daylight=light, when_min=minute)


def scenario_option(function: Decorated) -> Decorated:
    """Add ``--scenario FILE``, repeatable: argument ``scenario`` (tuple of Path)."""
    return click.option(
        "--scenario",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=help_text("scenario_help"),
    )(function)


def mutual_aid_option(function: Decorated) -> Decorated:
    """Add ``--mutual-aid / --no-mutual-aid``: argument ``mutual_aid`` (bool, None if not given)."""
    return click.option(
        "--mutual-aid/--no-mutual-aid", default=None, help=help_text("mutual_aid_help")
    )(function)


def load_parameters(settings: Settings, *, mutual_aid: bool | None = None) -> Parameters:
    """Return the parameters, with crews from outside counting in response times or not if asked.

    Raises:
        InputError: with every fault of the user's file.
    """
    from routing import config
    from routing import mutual_aid as aid

    parameters = config.load(settings.config)
    return parameters if mutual_aid is None else aid.switched(parameters, on=mutual_aid)


def load_scenarios(files: Sequence[Path]) -> list[Scenario]:
    """Return the scenarios of some files.

    Raises:
        InputError: with every fault of form of all of them.
    """
    from routing import scenario

    found: list[Scenario] = []
    faults: list[Fault] = []
    for file in files:
        try:
            found.append(scenario.load(scenario.find(file)))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return found


def load_region(settings: Settings, scenario: Sequence[Path] = ()) -> Region:
    """Return the region, under the scenarios of some files taken together.

    Raises:
        InputError: if the region or a file has faults, or an entry does not fit the region.
    """
    from geodata import region
    from routing import scenario as scenarios

    asked = load_scenarios(scenario)
    return scenarios.applied(region.load(settings.region), asked)


def told_under(place: Region, told: dict[str, Any]) -> dict[str, Any]:
    """Return a result with the scenarios that its region is under, and their notices in front."""
    from routing import scenario

    found = scenario.scenarios_of(place)
    if not found:
        return told
    notices = [*scenario.notices(place), *told.get("notices", [])]
    return {**told, "scenarios": found, "notices": notices}


def scenario_inputs(files: Sequence[Path]) -> dict[str, Path | str]:
    """Return scenario files as the run record names its inputs."""
    from routing import scenario

    return {f"scenario_{n}": scenario.find(file) for n, file in enumerate(files, start=1)}


_STATE = ("daylight", "when", "condition", "conditions_file")


def condition_under(parameters: Parameters, asked: Mapping[str, Any]) -> Condition:
    """Return the condition that options and scenarios ask for together; see `condition`.

    Args:
        parameters: tell day from night by the clock.
        asked: options as typed: ``daylight``, ``when``, ``condition``, ``conditions_file`` and
            ``scenario``. What a scenario asks for counts where the options say nothing.

    Raises:
        InputError: as `condition`, and if an option and a scenario contradict each other.
    """
    from routing import scenario

    state = {name: asked[name] for name in _STATE}
    if not asked["scenario"]:
        return condition(parameters, **state)
    own = scenario.combined(load_scenarios(asked["scenario"])).condition
    wanted = {
        "condition": None if own.name == "calm" else own.name,
        "daylight": own.daylight,
        "when": own.when,
    }
    clashes = [
        Fault("scenario_option_clash", f"--{name}", state[name], {"other": value})
        for name, value in wanted.items()
        if value is not None and state[name] not in (None, value)
    ]
    if clashes:
        raise InputError(clashes)
    merged = {**state, **{k: state[k] if v is None else v for k, v in wanted.items()}}
    known = conditions_catalogue(state["conditions_file"])
    if own.vehicles is None:
        return condition(parameters, **merged)
    if merged["condition"] in (None, *known.names):
        return replace(condition(parameters, **merged), vehicles=own.vehicles)
    calm = condition(parameters, **{**merged, "condition": None})
    return replace(calm, name=own.name, vehicles=own.vehicles, name_zh="", name_en="")


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
