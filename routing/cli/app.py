"""The frame of the command line: global options, languages, exit codes.

Exit codes: 0 done; 1 done, but a target is missed where ``--check`` asks for that; 2 bad usage or
bad input; 3 no feasible answer; 70 a fault of the program itself; 130 interrupted.

Nothing heavy is imported here: a command imports what it needs when it runs.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import click

from geodata import catalogue
from routing.cli import console, frame, localised

# Each of these modules, where it exists, offers ``register(group)`` and adds its commands to the
# group; it imports what its commands need inside them.
COMMAND_MODULES = (
    "brief",
    "coverage",
    "propose",
    "compare",
    "check_year",
    "audit",
    "route",
    "care",
    "serve",
    "region",
)
DEFAULT_REGION = "zhoushan"
_WITH_VALUE = ("--region", "--config", "--lang")
_FLAGS = ("--verbose",)
# Tables and pictures are many objects that live until the end: looking through them for cycles as
# often as by default takes a tenth of the time of a command.
_SELDOM = (100_000, 50, 100)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: without the program's name; those of the process unless given.
    """
    console.survive_any_encoding()
    if arguments is None:  # the process is ours
        gc.set_threshold(*_SELDOM)
    given = list(sys.argv[1:] if arguments is None else arguments)
    lang = language(given)
    return console.guarded(
        lambda: build(lang).main(
            args=hoisted(given), prog_name="island-response", standalone_mode=False
        ),
        lang,
        verbose="--verbose" in given,
    )


def build(lang: str) -> localised.Group:
    """Return the root group with every command, its help in `lang`."""
    with frame.help_in(lang):
        root = localised.Group(
            "island-response",
            lang=lang,
            help=frame.help_text("help"),
            epilog=frame.help_text("epilog"),
            callback=_start,
            params=_global_options(),
        )
        for name in COMMAND_MODULES:
            if importlib.util.find_spec(f"routing.cli.{name}") is not None:
                importlib.import_module(f"routing.cli.{name}").register(root)
    return root


def language(arguments: Sequence[str]) -> str:
    """Return the language that `arguments` ask for, or the user's own."""
    for i, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name == "--lang":
            value = value or (arguments[i + 1] if i + 1 < len(arguments) else "")
            if value in catalogue.LANGUAGES:
                return value
    return catalogue.default_language()


def hoisted(arguments: Sequence[str]) -> list[str]:
    """Return `arguments` with the global options first, wherever they stood.

    Example:
        >>> hoisted(["region", "validate", "--region", "my.gpkg"])
        ['--region', 'my.gpkg', 'region', 'validate']
    """
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in _WITH_VALUE:
            front += [argument, *[value for value in [next(waiting, None)] if value is not None]]
        elif argument in _FLAGS or argument.startswith(tuple(f"{o}=" for o in _WITH_VALUE)):
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest


def version() -> str:
    """Return the version of the installed package."""
    try:
        return metadata.version("island-response")
    except metadata.PackageNotFoundError:
        return "0"


def _global_options() -> list[click.Parameter]:
    say = frame.help_text
    toml = click.Path(path_type=Path)
    languages = click.Choice(catalogue.LANGUAGES)
    return [
        click.Option(["--region"], default=DEFAULT_REGION, metavar="PATH", help=say("region_help")),
        click.Option(["--config"], type=toml, metavar="TOML", help=say("config_help")),
        click.Option(["--lang"], type=languages, help=say("lang_help")),
        click.Option(["--verbose"], is_flag=True, help=say("verbose_help")),
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_version,
            help=say("version_help"),
        ),
    ]


@click.pass_context
def _start(
    context: click.Context, region: str, config: Path | None, lang: str | None, verbose: bool
) -> None:
    root = context.command
    chosen = lang or (root.lang if isinstance(root, localised.Group) else "en")
    context.obj = frame.Settings(region=region, config=config, lang=chosen, verbose=verbose)
    console.start_logging(verbose=verbose)


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"island-response {version()} (Python {sys.version.split()[0]})")
        context.exit()
