"""Click's groups and commands with help in the user's language."""

from __future__ import annotations

from typing import Any

import click

from geodata import catalogue
from geodata.errors import shorten

HELP_NAMES = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Command(click.Command):
    """A command whose headings and standard texts come from the catalogue."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["context_settings"] = HELP_NAMES | (kwargs.get("context_settings") or {})
        super().__init__(*args, **kwargs)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the line that shows how to call the command."""
        _write_usage(self, ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of options."""
        _write_options(self, ctx, formatter)


class Group(click.Group):
    """A group of commands whose headings and standard texts come from the catalogue.

    Commands are listed in the order in which they were added.
    """

    def __init__(self, *args: Any, lang: str = "en", **kwargs: Any) -> None:
        kwargs["context_settings"] = HELP_NAMES | (kwargs.get("context_settings") or {})
        kwargs.setdefault("no_args_is_help", True)
        super().__init__(*args, **kwargs)
        self.lang = lang

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that `args` begin with."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            ctx.fail(_say(ctx, "no_such_command").format(name=shorten(name)))
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands in the order in which they were added."""
        return list(self.commands)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the line that shows how to call the group."""
        _write_usage(self, ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of options, then that of commands."""
        _write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, each with its first sentence."""
        rows = [
            (name, command.get_short_help_str(limit=200))
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None and not command.hidden
        ]
        if rows:
            with formatter.section(_say(ctx, "commands")):
                formatter.write_dl(rows)


def lang_of(ctx: click.Context) -> str:
    """Return the language of the command line that `ctx` belongs to."""
    root = ctx.find_root().command
    return root.lang if isinstance(root, Group) else "en"


def _say(ctx: click.Context, key: str) -> str:
    return catalogue.text(f"cli.{key}", lang_of(ctx))


def _write_usage(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    pieces = [_say(ctx, "options_metavar")]
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    pieces += [p.human_readable_name if p.required else f"[{_bare(p)}]" for p in arguments]
    if isinstance(command, click.Group):
        pieces.append(_say(ctx, "command_metavar"))
    formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=_say(ctx, "usage"))


def _bare(argument: click.Argument) -> str:
    return argument.human_readable_name.strip("[]")


def _write_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    records = []
    own_help = command.get_help_option(ctx)
    if own_help is not None:
        own_help.help = _say(ctx, "help_help")
    for param in command.get_params(ctx):
        if not isinstance(param, click.Option):
            continue
        record = param.get_help_record(ctx)
        if record is not None:
            records.append((record[0], record[1].replace("[required]", _say(ctx, "required"))))
    if records:
        with formatter.section(_say(ctx, "options")):
            formatter.write_dl(records)
