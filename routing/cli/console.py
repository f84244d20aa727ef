"""What a person at the terminal meets: messages, exit codes, encodings, logging."""

from __future__ import annotations

import io
import logging
import sys
import traceback
from collections.abc import Callable, Sequence

import click

from geodata import catalogue
from geodata.errors import Cause, Fault, InputError, IslandResponseError, shorten

BAD_USAGE = 2
PROGRAM_FAULT = 70
INTERRUPTED = 130
# All are told by ``region validate`` and with ``--verbose``.
FAULTS_SHOWN = 20
OURS = ("geodata", "routing", "maps", "seeds")


def survive_any_encoding() -> None:
    """Let output be replaced, not fail, where a console's code page lacks a character."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def start_logging(*, verbose: bool) -> None:
    """Send log messages to standard error: our warnings and others' errors, or with `verbose` all.

    Python's own warnings are for programmers and are told with `verbose` only.
    """
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    handlers = [h for h in root.handlers if isinstance(h, _StandardError)] or [_StandardError()]
    handlers[0].verbose = verbose
    root.addHandler(handlers[0])
    for name in OURS:
        logging.getLogger(name).setLevel(logging.DEBUG if verbose else logging.NOTSET)


class _StandardError(logging.Handler):
    """Prints to whatever standard error is at the time."""

    verbose = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is for the user's eyes."""
        ours = record.name.split(".")[0] in OURS
        return self.verbose or ours or record.levelno >= logging.ERROR

    def emit(self, record: logging.LogRecord) -> None:
        """Print the record as one line."""
        say_error(f"{record.levelname} {record.name}: {record.getMessage()}")


def guarded(run: Callable[[], object], lang: str, *, verbose: bool) -> int:
    """Run a command line and return its exit code; every error becomes a clear message.

    Args:
        run: the command line; an integer that it returns is the exit code.
        lang: language of messages.
        verbose: whether a fault of the program shows its traceback, and many faults are all told.
    """
    try:
        result = run()
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.Abort, KeyboardInterrupt):
        say_error(catalogue.text("cli.interrupted", lang))
        return INTERRUPTED
    except click.ClickException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # click before 8.2 lacks the class
            click.echo(error.message)
            return 0
        say_error(f"{catalogue.text('cli.error', lang)}{usage_text(error, lang)}")
        return BAD_USAGE
    except IslandResponseError as error:
        report(error, lang, verbose=verbose)
        return error.exit_code
    except OSError as error:
        name = "" if error.filename is None else shorten(error.filename, limit=200)
        reason = Cause.of(error).text(lang)
        say_error(catalogue.text("cli.os_error", lang, name=name, reason=reason))
        return _after_fault(BAD_USAGE, verbose=verbose)
    except Exception as error:  # the last resort: nobody should meet a traceback
        said = f"{type(error).__name__}: {shorten(error, limit=300)}"
        say_error(catalogue.text("cli.unexpected", lang, error=said))
        return _after_fault(PROGRAM_FAULT, verbose=verbose)
    return result if isinstance(result, int) and not isinstance(result, bool) else 0


def report(error: IslandResponseError, lang: str, *, verbose: bool = False) -> None:
    """Print an error of ours; of many faults the first, or with `verbose` all."""
    head = catalogue.text("cli.error", lang)
    if isinstance(error, InputError):
        say_faults(error.faults, lang, limit=None if verbose else FAULTS_SHOWN)
        return
    text = getattr(error, "text", None)
    say_error(head + (text(lang) if callable(text) else str(error)))


def say_faults(faults: Sequence[Fault], lang: str, *, limit: int | None = None) -> None:
    """Print faults to standard error, one a line; beyond `limit` only how many."""
    if len(faults) == 1:
        say_error(catalogue.text("cli.error", lang) + faults[0].text(lang))
        return
    say_error(catalogue.text("cli.faults", lang, count=len(faults)))
    for fault in faults[:limit]:
        say_error(f"  {fault.text(lang)}")
    if limit is not None and len(faults) > limit:
        say_error(catalogue.text("cli.more_faults", lang, count=len(faults) - limit))


def say_error(text: str) -> None:
    """Print one message to standard error."""
    click.echo(text, err=True)


def usage_text(error: click.ClickException, lang: str) -> str:
    """Return what is wrong with the way a command was called."""

    def say(key: str, **params: object) -> str:
        return catalogue.text(f"cli.{key}", lang, **params)

    hint = ""
    context = getattr(error, "ctx", None)
    if context is not None:
        hint = " " + say("try_help", command=context.command_path)
    if isinstance(error, click.NoSuchOption):
        near = ", ".join(error.possibilities or [])
        key = "no_such_option_near" if near else "no_such_option"
        return say(key, option=error.option_name, near=near) + hint
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return say("missing_option", option=_name(error.param)) + hint
    if isinstance(error, click.BadParameter) and error.param is not None:
        if isinstance(error.param.type, click.Choice):
            choices = ", ".join(str(c) for c in error.param.type.choices)
            return say("bad_choice", option=_name(error.param), choices=choices) + hint
        return say("bad_option", option=_name(error.param), reason=error.message) + hint
    if error.message == "Missing command.":
        return say("no_command") + hint
    return error.format_message() + hint


def _name(param: click.Parameter) -> str:
    return param.opts[-1] if isinstance(param, click.Option) else str(param.name).upper()


def _after_fault(code: int, *, verbose: bool) -> int:
    if verbose:
        traceback.print_exc()
    return code
