"""The strings: both languages complete, the same fields in both, none missing that is asked for."""

from __future__ import annotations

import re
import string
from importlib import resources
from pathlib import Path

import pytest

import maps
from geodata import catalogue

OURS = {
    key: entry
    for key, entry in catalogue.entries().items()
    if key.startswith(("maps.", "report.", "fault.maps_"))
}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", OURS)
def test_each_string_is_there_in_both_languages_with_the_same_fields(key: str) -> None:
    entry = OURS[key]
    assert set(entry) == {"zh", "en"}
    assert fields(entry["zh"]) == fields(entry["en"])
    if key != "report.finding.sentence_mark":  # Chinese puts nothing between sentences
        assert all(entry.values())


@pytest.mark.parametrize("key", OURS)
def test_english_has_no_chinese_in_it(key: str) -> None:
    assert not re.search(r"[\u4e00-\u9fff，。；：（）]", OURS[key]["en"])


def test_every_string_that_code_or_templates_name_exists() -> None:
    asked = set()
    for file in Path(maps.__file__).parent.glob("*.py"):
        text = file.read_text("utf-8")
        asked |= {f"maps.{k}" for k in re.findall(r"\bwords\(\s*\"([\w.]+)\"", text)}
        asked |= {f"report.{k}" for k in re.findall(r"words\.r\(\s*\"([\w.]+)\"", text)}
    for file in resources.files("maps").joinpath("templates").iterdir():
        text = file.read_text("utf-8")
        asked |= {f"maps.{k}" for k in re.findall(r"\bwords\('([\w.]+)'", text)}
        asked |= {f"report.{k}" for k in re.findall(r"words\.r\('([\w.]+)'[,)]", text)}
        if file.name.endswith(".js") and not file.name.startswith("whatif"):
            asked |= {f"maps.ui.{k}" for k in re.findall(r"\.text\('(\w+)'[,)]", text)}
    assert len(asked) > 120
    assert asked - set(catalogue.entries()) == set()
