from __future__ import annotations

import io
import logging
import subprocess
import sys
from pathlib import Path

import click
import pytest

from geodata.errors import Fault, InputError, NoAnswerError
from routing.cli import app, console, frame, progress

ROOT = Path(__file__).parents[3]


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    for name, command in group.commands.items():
        inner = (*path, name)
        found += commands(command, inner) if isinstance(command, click.Group) else [inner]
    return found


ALL_COMMANDS = commands(app.build("en"))


def in_chinese(text: str) -> bool:
    return any("\u4e00" <= c <= "\u9fff" for c in text)


# Help


@pytest.mark.parametrize("path", ALL_COMMANDS, ids=" ".join)
def test_every_command_and_option_has_help_in_both_languages(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for lang in ("zh", "en"):
        assert app.main(["--lang", lang, *path, "--help"]) == 0
        shown = capsys.readouterr().out
        assert in_chinese(shown) is (lang == "zh")
        assert ("Show this message" in shown) is (lang == "en")
        command: click.Command = app.build(lang)
        for name in path:
            assert isinstance(command, click.Group)
            command = command.commands[name]
        assert command.help
        options = [p for p in command.params if isinstance(p, click.Option)]
        assert all(option.help for option in options)


def test_help_starts_without_the_heavy_libraries() -> None:
    code = (
        "import sys; from routing.cli import main; main(['region', '--help']); "
        "print(sorted({'pandas', 'geopandas', 'ortools', 'folium', 'matplotlib', 'numba', 'rich'}"
        " & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == "[]"


def test_the_module_runs_as_the_command_does() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "routing", "--version"], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0
    assert ran.stdout.startswith("island-response ")


@pytest.mark.parametrize("given", [["region"], ["region", "-h"]])
def test_a_group_alone_shows_its_help(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["--lang", "en", *given]) == 0
    assert "validate" in "".join(capsys.readouterr())


# Languages and global options


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["--lang", "en", "region"], "en"),
        (["region", "show", "--lang=en"], "en"),
        (["--lang", "fr"], "zh"),
        (["--lang"], "zh"),
        ([], "zh"),
    ],
)
def test_the_language_is_that_of_the_option_or_the_users_own(
    monkeypatch: pytest.MonkeyPatch, given: list[str], expected: str
) -> None:
    monkeypatch.setenv("ISLAND_RESPONSE_LANG", "zh")
    assert app.language(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["region", "show", "--region", "x"], ["--region", "x", "region", "show"]),
        (["brief", "--config=a.toml", "--out", "o"], ["--config=a.toml", "brief", "--out", "o"]),
        (["show", "--verbose"], ["--verbose", "show"]),
        (["show", "--", "--region", "x"], ["show", "--", "--region", "x"]),
        (["show", "--region"], ["--region", "show"]),
        ([], []),
    ],
)
def test_global_options_may_stand_anywhere(given: list[str], expected: list[str]) -> None:
    assert app.hoisted(given) == expected


# Exit codes and messages


def run(raised: BaseException | None, *, verbose: bool = False) -> int:
    def act() -> object:
        if raised is not None:
            raise raised
        return None

    return console.guarded(act, "en", verbose=verbose)


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (None, 0, ""),
        (click.exceptions.Exit(1), 1, ""),
        (InputError(Fault("blank", "posts[1].kind")), 2, "Error: posts[1].kind: must not be blank"),
        (click.UsageError("bad"), 2, "Error: bad"),
        (FileNotFoundError(2, "No such file", "a.csv"), 2, "Error: a.csv: there is no such file"),
        (KeyboardInterrupt(), 130, "Interrupted"),
        (click.Abort(), 130, "Interrupted"),
        (ZeroDivisionError("oops"), 70, "Internal error: ZeroDivisionError: oops"),
    ],
)
def test_every_error_has_its_exit_code_and_one_clear_line(
    capsys: pytest.CaptureFixture[str], raised: BaseException | None, code: int, said: str
) -> None:
    assert run(raised) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(said)
    assert len(err.splitlines()) == bool(said)
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--config", "missing.toml", "route", "--at", "定海"),
        ("route", "--at", "定海", "--conditions-file", "missing.toml"),
        ("route", "--at", "定海", "--scenario", "missing.toml"),
        ("route", "--patients", "missing.csv"),
    ],
    ids=" ".join,
)
def test_a_missing_file_is_told_in_the_language_of_the_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    for lang, said in (("zh", "没有这个文件"), ("en", "there is no such file")):
        given = ["--lang", lang, *arguments, "--out", str(tmp_path / "out")]
        assert app.main(given) == 2
        error = capsys.readouterr().err
        assert said in error
        assert "No such file" not in error
        assert not (tmp_path / "out").exists()


def test_no_feasible_answer_is_exit_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(NoAnswerError("cli.interrupted")) == 3
    assert capsys.readouterr().err


def test_the_number_that_a_command_returns_is_the_exit_code() -> None:
    assert console.guarded(lambda: 1, "en", verbose=False) == 1
    assert console.guarded(lambda: True, "en", verbose=False) == 0
    assert console.guarded(lambda: "text", "en", verbose=False) == 0


def test_a_traceback_is_shown_with_verbose_only(capsys: pytest.CaptureFixture[str]) -> None:
    run(ZeroDivisionError("oops"), verbose=True)
    assert "Traceback" in capsys.readouterr().err


def test_a_multi_line_error_of_the_program_stays_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(ValueError("a\nb\x1b[31m"))
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_of_many_faults_the_first_are_shown_and_the_rest_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(InputError([Fault("blank", f"posts[{i}].kind") for i in range(100)]))
    err = capsys.readouterr().err
    assert "100 faults" in err
    assert "80 more" in err
    assert "--verbose" in err
    assert len(err.splitlines()) == console.FAULTS_SHOWN + 2
    run(InputError([Fault("blank", f"posts[{i}].kind") for i in range(100)]), verbose=True)
    err = capsys.readouterr().err
    assert "more" not in err
    assert len(err.splitlines()) == 101


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--nonsense"], "--nonsense"),
        (["region", "exprt"], "exprt"),
        (["region", "export"], "--out"),
        (["region", "show", "--jsn"], "--json"),
        (["--lang", "fr", "region", "show"], "zh, en"),
        (["region", "show", "a", "b"], ""),
        ([], ""),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lang: str,
    given: list[str],
    said: str,
) -> None:
    monkeypatch.setenv("ISLAND_RESPONSE_LANG", lang)
    code = app.main(["--verbose", *given])
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert said in err
    assert "--help" in err
    assert in_chinese(err) is (lang == "zh")


@pytest.mark.parametrize("encoding", ["cp1252", "cp936", "ascii"])
def test_a_console_with_a_legacy_code_page_does_not_crash(encoding: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "routing", "--lang", "zh", "region", "validate", "没有—✓ỹ.gpkg"],
        cwd=ROOT,
        capture_output=True,
        env={"PYTHONIOENCODING": encoding, "PATH": "", "LANG": "C.UTF-8"},
    )
    assert ran.returncode == 2
    assert b"Traceback" not in ran.stderr
    assert b".gpkg" in ran.stderr


# Logging and progress


def test_log_messages_of_ours_are_shown_and_those_of_others_only_if_errors(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console.start_logging(verbose=False)
    logging.getLogger("geodata.sheet").warning("ours %s", "told")
    logging.getLogger("geodata.sheet").info("ours quiet")
    logging.getLogger("fontTools").warning("theirs quiet")
    logging.getLogger("fontTools").error("theirs loud")
    err = capsys.readouterr().err
    assert "ours told" in err
    assert "theirs loud" in err
    assert "quiet" not in err


def test_verbose_tells_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    console.start_logging(verbose=True)
    logging.getLogger("routing.x").info("a step")
    assert "a step" in capsys.readouterr().err
    console.start_logging(verbose=False)
    logging.getLogger("routing.x").info("another step")
    assert "another step" not in capsys.readouterr().err


def test_starting_twice_prints_once(capsys: pytest.CaptureFixture[str]) -> None:
    console.start_logging(verbose=False)
    console.start_logging(verbose=False)
    logging.getLogger("routing").warning("once")
    assert capsys.readouterr().err.count("once") == 1


def test_the_progress_bar_is_silent_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress.stages(["Loading", "Computing"]) as work:
        work.next()
        work.advance(0.5)
        work.next()
        work.next()
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_progress_bar_names_the_stage_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress.stages({"load": "读取", "compute": "计算"}) as work:
        work.begin("load")
        work.advance(0.5)
        work.begin("compute")
    assert "计算" in terminal.getvalue()


def test_an_unknown_stage_is_a_mistake_of_the_program() -> None:
    with progress.stages({"load": "x"}) as work, pytest.raises(ValueError, match="nothing"):
        work.begin("nothing")


# The frame for commands


def test_options_of_the_frame_reach_the_command() -> None:
    asked: dict[str, object] = {}

    @frame.command("try", help_key="help")
    @frame.output_options
    @frame.daylight_option
    def command(**given: object) -> None:
        asked.update(given)

    command.main(["--out", "结果", "--daylight", "night"], standalone_mode=False)
    assert asked == {"out": Path("结果"), "overwrite": False, "daylight": "night"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_help_is_in_the_language_that_is_being_built(lang: str) -> None:
    with frame.help_in(lang):
        assert in_chinese(frame.help_text("out_help")) is (lang == "zh")


def test_settings_say_strings_of_the_command_line() -> None:
    settings = frame.Settings(region="x", config=None, lang="zh", verbose=False)
    assert settings.say("faults", count=3) == "发现 3 处错误："
    assert settings.started.tzinfo is not None


def test_a_command_module_that_is_not_there_yet_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "COMMAND_MODULES", ("no_such_module", "region"))
    assert list(app.build("en").commands) == ["region"]


def test_survive_any_encoding_leaves_other_streams_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    console.survive_any_encoding()
    stream.write("舟山")
    stream.flush()
    assert stream.buffer.getvalue() == b"??"  # type: ignore[attr-defined]
