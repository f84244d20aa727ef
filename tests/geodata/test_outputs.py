from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from geodata import outputs
from geodata.errors import InputError
from geodata.outputs import OutputFolder

ROOT = Path(__file__).parents[2]


def tree(path: Path) -> dict[str, str]:
    return {
        p.relative_to(path).as_posix(): p.read_text("utf-8")
        for p in sorted(path.rglob("*"))
        if p.is_file()
    }


def fill(path: Path, text: str = "new", *, overwrite: bool = False) -> None:
    with OutputFolder(path, overwrite=overwrite) as out:
        out.path("result.json").write_text(text, encoding="utf-8")
        out.path("maps/图.html").write_text(text, encoding="utf-8")
        out.path("run.json").write_text(text, encoding="utf-8")


def fail(path: Path, error: type[BaseException], *, overwrite: bool = False) -> None:
    with OutputFolder(path, overwrite=overwrite) as out:
        out.path("result.json").write_text("half", encoding="utf-8")
        raise error("boom")


def key_of(error: pytest.ExceptionInfo[InputError]) -> str:
    assert error.value.exit_code == 2
    return error.value.faults[0].key


@pytest.mark.parametrize("name", ["out", "结果 文件夹", "a/b/c"])
def test_a_missing_folder_is_made_and_filled(tmp_path: Path, name: str) -> None:
    fill(tmp_path / name)
    assert tree(tmp_path / name) == {"maps/图.html": "new", "result.json": "new", "run.json": "new"}


def test_nothing_is_in_place_before_the_end(tmp_path: Path) -> None:
    with OutputFolder(tmp_path / "out") as out:
        out.path("result.json").write_text("x", encoding="utf-8")
        assert not (tmp_path / "out" / "result.json").exists()
        assert out.names() == ["result.json"]
    assert (tmp_path / "out" / "result.json").exists()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failed_run_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        fail(tmp_path / "a" / "b", error)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_run_leaves_an_earlier_result_as_it_was(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")
    before = tree(tmp_path / "out")
    with pytest.raises(ValueError, match="boom"):
        fail(tmp_path / "out", ValueError, overwrite=True)
    assert tree(tmp_path / "out") == before


def test_a_folder_with_files_needs_overwrite(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError) as error:
        fill(tmp_path)
    assert key_of(error) == "out_not_empty"
    assert tree(tmp_path) == {"mine.txt": "mine"}


def test_overwrite_replaces_files_of_the_same_names_and_no_others(tmp_path: Path) -> None:
    fill(tmp_path, "old")
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    fill(tmp_path, "new", overwrite=True)
    assert tree(tmp_path) == {
        "maps/图.html": "new",
        "mine.txt": "mine",
        "result.json": "new",
        "run.json": "new",
    }


def test_what_file_managers_leave_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "Thumbs.db").write_text("", encoding="utf-8")
    (tmp_path / ".DS_Store").write_text("", encoding="utf-8")
    fill(tmp_path)
    assert "result.json" in tree(tmp_path)


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError) as error:
        fill(tmp_path / "out")
    assert key_of(error) == "out_is_a_file"
    with pytest.raises(InputError) as error:
        fill(tmp_path / "out" / "deeper")
    assert key_of(error) == "out_unusable"
    assert tree(tmp_path) == {"out": "mine"}


@pytest.mark.parametrize(
    ("name", "key"), [("x" * 300, "out_path_too_long"), ("a\x00b", "out_unusable")]
)
def test_a_path_that_cannot_be_is_told(tmp_path: Path, name: str, key: str) -> None:
    with pytest.raises(InputError) as error:
        fill(tmp_path / name)
    assert key_of(error) == key


def test_a_path_over_the_limit_of_windows_is_told_as_such(tmp_path: Path) -> None:
    error = OSError(2, "not found")
    error.winerror = 206  # type: ignore[attr-defined]
    long = Path("C:/" + "x" * 240)
    assert outputs._fault_of(long, error).key == "out_path_too_long"
    assert outputs._fault_of(Path("C:/short"), error).key == "out_unusable"


def test_a_folder_that_may_not_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path))

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(InputError, match="access is denied") as error:
        fill(tmp_path / "out")
    assert key_of(error) == "out_unusable"
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error, OutputFolder(tmp_path / "out"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert key_of(error) == "out_unusable"
    assert list(tmp_path.iterdir()) == []


def test_a_file_open_in_another_program_stops_the_run_before_any_file_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where an open file can neither be written nor replaced."""
    fill(tmp_path, "old")
    held = tmp_path / "result.json"
    plain = Path.open

    def held_open(self: Path, mode: str = "r", *args: object, **kwargs: object) -> object:
        if self == held and mode == "r+b":
            raise PermissionError(errno.EACCES, "in use", str(self))
        return plain(self, mode, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", held_open)
    with pytest.raises(InputError) as error:
        fill(tmp_path, "new", overwrite=True)
    assert key_of(error) == "out_file_open"
    monkeypatch.undo()
    assert set(tree(tmp_path).values()) == {"old"}


def test_a_folder_or_file_in_the_way_stops_the_run_before_any_file_moves(tmp_path: Path) -> None:
    (tmp_path / "result.json").mkdir()
    (tmp_path / "maps").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError) as error:
        fill(tmp_path, overwrite=True)
    assert {f.key for f in error.value.faults} == {"out_name_taken", "out_is_a_file"}
    assert tree(tmp_path) == {"maps": "mine"}


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", ""])
def test_a_name_may_not_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with OutputFolder(tmp_path / "out") as out, pytest.raises(ValueError, match="no name inside"):
        out.path(name)


def test_the_run_record_is_moved_last_and_the_old_one_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "old")
    moved: list[tuple[str, bool]] = []
    plain = Path.replace

    def watched(self: Path, target: Path) -> Path:
        moved.append((Path(target).name, (tmp_path / "run.json").exists()))
        return plain(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    fill(tmp_path, "new", overwrite=True)
    assert moved[-1][0] == "run.json"
    assert not any(present for _, present in moved)


def test_the_output_folder_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    try:
        (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    except OSError:
        pytest.skip("this system does not let the test make links")
    fill(tmp_path / "link")
    assert "result.json" in tree(tmp_path / "real")


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from geodata.outputs import OutputFolder
    with OutputFolder(Path(sys.argv[1])) as out:
        out.path("result.json").write_text("half")
        print("ready", flush=True)
        sys.stdin.read()
"""


def started(path: Path) -> subprocess.Popen[str]:
    run = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    assert run.stdout.readline().strip() == "ready"
    return run


def test_what_a_killed_run_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    run = started(tmp_path / "out")
    run.kill()
    run.communicate()
    assert "result.json" not in {p.name for p in (tmp_path / "out").iterdir()}
    fill(tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "maps",
        "result.json",
        "run.json",
    ]


def test_a_folder_in_use_by_another_run_is_refused_and_left_alone(tmp_path: Path) -> None:
    run = started(tmp_path / "out")
    try:
        with pytest.raises(InputError) as error:
            fill(tmp_path / "out", overwrite=True)
        assert key_of(error) == "out_busy"
    finally:
        run.communicate("")
    assert tree(tmp_path / "out") == {"result.json": "half"}


@pytest.mark.skipif(os.name == "nt", reason="signals of this kind are POSIX only")
def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    run = started(tmp_path / "out")
    run.send_signal(signal.SIGINT)
    run.communicate()
    assert not (tmp_path / "out").exists()
