from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

import geodata.calls as calls
from geodata import catalogue
from geodata.calls import given
from geodata.notices import Notice

LOG = "受理时间,到达现场时间\n2024-3-5 1:00,2024-3-5 1:09\n"


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["/home/li/a.csv", "/home/li/x/b.csv"], ["a.csv", "b.csv"]),
        (["/home/li/a/c.csv", "/home/li/b/c.csv"], ["a/c.csv", "b/c.csv"]),
        (["/home/li/c.csv", "/home/li/b/c.csv"], ["c.csv", "b/c.csv"]),
        (["/x/a/m/c.csv", "/x/b/m/c.csv", "/x/d.csv"], ["a/m/c.csv", "b/m/c.csv", "d.csv"]),
        (["/x/a/m/c.csv", "/x/b/m/c.csv", "/x/n/c.csv"], ["a/m/c.csv", "b/m/c.csv", "n/c.csv"]),
        (["/x/m/c.csv", "/x/a/m/c.csv"], ["m/c.csv", "a/m/c.csv"]),
        (["/x/a/../p/c.csv", "/x/a/c.csv"], ["p/c.csv", "a/c.csv"]),
    ],
)
def test_namesakes_are_told_apart_by_as_few_folders_as_needed(
    paths: list[str], names: list[str]
) -> None:
    assert given.names([Path(path) for path in paths]) == names


FOLDERS = st.lists(st.sampled_from("ab"), max_size=4).map("/".join)


@any_of(st.lists(st.tuples(FOLDERS, st.sampled_from(["c.csv", "d.csv"])), unique=True))
def test_names_are_unique_ends_of_their_paths(files: list[tuple[str, str]]) -> None:
    paths = [Path("/home/li", folder, name) for folder, name in files]
    names = given.names(paths)
    assert len(set(names)) == len(names)
    for path, name in zip(paths, names, strict=True):
        assert path.as_posix().endswith(f"/{name}")
        assert "home" not in name
        if [p.name for p in paths].count(path.name) == 1:
            assert name == path.name


@any_of(st.lists(st.sampled_from(["a", "a (2)", "a (3)", "b"])))
def test_repeats_are_numbered_and_first_ones_stay(names: list[str]) -> None:
    found = given.distinct(names)
    assert len(set(found)) == len(names)
    for name in set(names):
        assert found[names.index(name)] == name


def test_files_and_archives_of_one_name_have_names_of_their_own(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "c.csv").write_text(LOG, "utf-8")
        with zipfile.ZipFile(tmp_path / folder / "log.zip", "w") as archive:
            archive.writestr("c.csv", LOG)
    names = [file.name for file in calls.open(tmp_path).files]
    assert names == ["a/c.csv", "a/log.zip / c.csv", "b/c.csv", "b/log.zip / c.csv"]


def test_two_members_of_one_name_have_names_of_their_own(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "log.zip", "w") as archive:
        archive.writestr("c.csv", LOG)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("c.csv", LOG)
    names = [file.name for file in calls.open(tmp_path).files]
    assert names == ["log.zip / c.csv", "log.zip / c.csv (2)"]


def test_notices_name_no_folder_above_the_one_that_was_given(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "c.csv").write_text(LOG, "utf-8")
    (tmp_path / "logs" / "notes.docx").write_bytes(b"x")
    source = calls.open([tmp_path / "logs", tmp_path / "logs" / "c.csv"])
    assert [n.where for n in source.notices] == ["logs", "c.csv"]


def test_english_notices_of_call_records_are_right_for_one_and_for_many() -> None:
    fields = {"value": 1, "names": "notes.docx", "role": "dial", "columns": "a, b"}
    keys = [k for k in catalogue.strings("en") if k.startswith("notice.calls_")]
    keys.remove("notice.calls_partly_blank")  # Of demand points, not of records.
    assert "notice.calls_passed_over" in keys
    for key in keys:
        params = {k: v for k, v in fields.items() if k != "value"}
        said = Notice(key.removeprefix("notice."), "x", 1, params).text("en")
        assert not re.search(r"\b1 \w", said), said
