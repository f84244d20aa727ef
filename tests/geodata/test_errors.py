from __future__ import annotations

import errno
import os
import pickle
import tomllib
from collections.abc import Callable

import pytest

from geodata.errors import Cause, Fault, InputError, IslandResponseError, NoAnswerError, shorten
from geodata.findings import Findings, Origin, place


def test_a_fault_says_where_what_and_the_remedy() -> None:
    fault = Fault("not_a_number", "posts[3].vehicle_count", "two")
    assert fault.text("en").startswith("posts[3].vehicle_count: 'two' is not a number.")
    assert "two" in fault.text("zh")


def test_an_input_error_carries_all_faults_and_exits_with_2() -> None:
    error = InputError([Fault("blank", "posts[1].kind"), Fault("blank", "posts[2].kind")])
    assert error.exit_code == 2
    assert len(error.text("en").splitlines()) == 2
    assert issubclass(InputError, IslandResponseError)


def test_a_single_fault_may_be_given_alone() -> None:
    assert len(InputError(Fault("blank", "posts[1].kind")).faults) == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("定海", "定海"),
        ("a\nb", "a�b"),
        ("\x1b[31mred", "�[31mred"),
        ("x" * 100, "x" * 79 + "…"),
        (7, "7"),
    ],
)
def test_shorten_gives_one_printable_line(value: object, shown: str) -> None:
    assert shorten(value) == shown


def test_braces_in_a_value_are_not_taken_for_fields() -> None:
    assert "{evil}" in Fault("not_a_number", "x", "{evil}").text("en")


def test_rows_count_from_1_and_of_a_csv_as_a_spreadsheet_shows_them() -> None:
    assert place("posts", 2, "lon") == "posts[3].lon"
    assert place("posts", 2, "lon", origin=Origin("posts.csv", (2, 3, 5))) == "posts.csv[5].lon"
    assert place("posts", None, "lon") == "posts.lon"
    assert place("posts") == "posts"


def test_findings_name_the_id_of_the_row() -> None:
    found = Findings()
    found.name_rows("posts", "post_id", ["P1", None])
    found.add("blank", "posts", 0, "kind")
    found.add("blank", "posts", 1, "kind")
    found.add("duplicate", "posts", 0, "post_id", value="P1", first="posts[2]")
    assert [f.where for f in found.faults] == [
        "posts[1].kind (post_id=P1)",
        "posts[2].kind",
        "posts[1].post_id",
    ]


@pytest.mark.parametrize(
    "known", [("posts", 1, "kind"), ("posts", None, "kind"), ("posts", 1, ""), ("posts", None, "")]
)
def test_what_an_earlier_stage_reported_is_not_reported_again(
    known: tuple[str, int | None, str],
) -> None:
    found = Findings(silent={known})
    found.add("blank", "posts", 1, "kind")
    found.add("blank", "ports", 1, "kind")
    assert [f.where for f in found.faults] == ["ports[2].kind"]


def test_texts_among_the_parameters_are_made_printable() -> None:
    found = Findings()
    found.add("dangling", "posts", 0, "island_id", value="x", target="evil\n\x1b[2J")
    assert found.faults[0].text("en").isprintable()


def raised(act: Callable[[], object]) -> ValueError:
    with pytest.raises(ValueError, match=r"\w") as error:
        act()
    return error.value


@pytest.mark.parametrize(
    ("error", "zh", "en"),
    [
        (OSError(errno.ENOENT, os.strerror(errno.ENOENT)), "没有这个文件", "no such file"),
        (OSError(errno.EACCES, os.strerror(errno.EACCES)), "权限", "denied"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "空间不足", "full"),
        (OSError(errno.EISDIR, os.strerror(errno.EISDIR)), "文件夹", "folder"),
        (raised(lambda: b"\xff".decode()), "UTF-8", "UTF-8"),
        (raised(lambda: tomllib.loads("a = 1\nb =\n")), "第 2 行", "line 2"),
        (RuntimeError("odd\nand long"), "“odd”", "odd"),
        (ValueError(), "ValueError", "ValueError"),
    ],
)
def test_a_cause_is_told_in_the_language_of_the_message(
    error: BaseException, zh: str, en: str
) -> None:
    cause = Cause.of(error)
    assert zh in cause.text("zh")
    assert en in cause.text("en")
    fault = Fault("config_unreadable", "a.toml", params={"reason": cause})
    assert cause.text("zh") in fault.text("zh")
    assert cause.text("en") in fault.text("en")
    assert fault.text("zh").startswith("a.toml: ")


@pytest.mark.parametrize(
    "error",
    [
        InputError([Fault("calls_missing", "a.csv", 3), Fault("calls_missing", "b.csv")]),
        NoAnswerError("propose.no_candidates"),
    ],
)
def test_an_error_comes_back_whole_from_another_process(error: IslandResponseError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
