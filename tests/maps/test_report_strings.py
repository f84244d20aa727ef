"""The strings of reports and charts: all there, in both languages, none asked for in vain."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import maps
from geodata import catalogue

CHARTS = {k: v for k, v in catalogue.entries().items() if k.startswith("charts.")}
SOURCES = Path(maps.__file__).parent.glob("*.py")
CODE = "\n".join(file.read_text("utf-8") for file in sorted(SOURCES))


@pytest.mark.parametrize("key", CHARTS)
def test_each_string_is_there_in_both_languages_with_the_same_fields(key: str) -> None:
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    entry = CHARTS[key]
    assert set(entry) == {"zh", "en"}
    assert all(entry.values())
    assert fields(entry["zh"]) == fields(entry["en"])
    assert not re.search(r"[\u4e00-\u9fff，。；：（）]", entry["en"])


def test_every_string_that_charts_ask_for_exists() -> None:
    asked = {f"charts.{k}" for k in re.findall(r"words\.chart\(\s*\"([\w.]+)\"", CODE)}
    asked |= {f"charts.{k}" for k in re.findall(r"self\.chart\(\s*\"([\w.]+)\"", CODE)}
    assert len(asked) > 25
    assert asked <= set(CHARTS)


def test_every_definition_and_caveat_that_reports_name_exists() -> None:
    defined = {f"report.define.{k}" for k in re.findall(r"noted\(\s*words, \"(\w+)\"", CODE)}
    warned = {f"report.caveat.{k}" for k in re.findall(r"caveat=\"(\w+)\"", CODE)}
    warned |= {"report.caveat.schematic", "report.caveat.free_crew"}
    entries = set(catalogue.entries())
    assert len(defined) > 20
    assert (defined | warned) - entries == set()
    for group, used in (("define", defined), ("caveat", warned)):
        known = {key for key in entries if key.startswith(f"report.{group}.")}
        loose = {f"report.{group}.{name}" for name in ("hour_weekday", "months", "few_calls")}
        assert known - used - loose == set()


def test_every_column_and_caption_that_reports_name_exists() -> None:
    named = set(re.findall(r"\"((?:column|caption|section)\.\w+)\"", CODE))
    assert len(named) > 60
    assert {f"report.{name}" for name in named} - set(catalogue.entries()) - {
        "report.column.island", "report.column.best",
    } == set()  # fmt: skip


def test_our_own_words_on_sources_are_translated_whole() -> None:
    own = {k: v for k, v in catalogue.entries().items() if k.startswith("report.own_words.")}
    assert len(own) > 30
    for key, entry in own.items():
        assert key == f"report.own_words.{entry['en']}"


def test_the_licences_of_the_embedded_region_read_in_chinese() -> None:
    strings = catalogue.strings("zh")
    assert strings["report.own_words.facts only, cited"] == "只引用事实，注明出处"
