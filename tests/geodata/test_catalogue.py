from __future__ import annotations

import ast
import string
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from geodata import catalogue, documentation, schemas

ROOT = Path(__file__).parents[2]
STRINGS = sorted((ROOT / "geodata" / "strings").glob("*.toml"))
SOURCES = [
    path
    for package in ("geodata", "routing", "maps")
    for path in sorted((ROOT / package).rglob("*.py"))
]
# Calls whose first argument, where it is a literal, is a key below this prefix.
PREFIX_OF_CALL = {
    "Fault": "fault.",
    "Notice": "notice.",
    "help_text": "cli.",
}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def keys_used() -> list[tuple[str, str]]:
    """Return (file and line, key) of every literal key in the code."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            first, name = node.args[0], ast.unparse(node.func)
            if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
                continue
            place = f"{path.relative_to(ROOT)}:{node.lineno}"
            last = name.split(".")[-1]
            if last in PREFIX_OF_CALL:
                found.append((place, PREFIX_OF_CALL[last] + first.value))
            elif name == "found.add":
                found.append((place, f"fault.{first.value}"))
            elif name == "catalogue.text":
                found.append((place, first.value))
            elif name == "settings.say":
                found.append((place, f"cli.{first.value}"))
    return found


def test_every_entry_has_both_languages() -> None:
    wrong = {k for k, e in catalogue.entries().items() if set(e) != set(catalogue.LANGUAGES)}
    assert not wrong


def test_an_entry_is_blank_only_where_the_other_language_has_a_mere_mark() -> None:
    entries = catalogue.entries().items()
    assert not [k for k, e in entries if "" in e.values() and max(map(len, e.values())) > 2]


def test_both_languages_of_an_entry_have_the_same_fields() -> None:
    wrong = {k for k, e in catalogue.entries().items() if fields(e["zh"]) != fields(e["en"])}
    assert not wrong


def test_no_key_is_defined_in_two_files() -> None:
    counts: Counter[str] = Counter()
    for path in STRINGS:
        counts.update(k for k, _ in catalogue._leaves(tomllib.loads(path.read_text("utf-8")), ""))
    assert not [key for key, count in counts.items() if count > 1]


def test_every_key_used_in_code_exists() -> None:
    used = keys_used()
    assert len(used) > 50, "the search for keys finds too few to mean anything"
    missing = [f"{place} {key}" for place, key in used if key not in catalogue.entries()]
    assert not missing


def test_every_fault_of_ours_is_used_in_code() -> None:
    text = "".join(path.read_text("utf-8") for path in SOURCES)
    entries = tomllib.loads((ROOT / "geodata/strings/faults.toml").read_text("utf-8"))
    unused = [key for key in entries["fault"] if f'"{key}"' not in text]
    assert not unused


@pytest.mark.parametrize("lang", catalogue.LANGUAGES)
@pytest.mark.parametrize("layer", schemas.LAYERS, ids=lambda layer: layer.name)
def test_every_layer_and_column_is_documented(layer: schemas.Layer, lang: str) -> None:
    assert f"layer.{layer.name}" in catalogue.entries()
    for entry in documentation.entries(layer, lang):
        assert entry.meaning, f"{layer.name}.{entry.column}"


def test_every_number_with_a_unit_in_its_name_has_one_in_the_documentation() -> None:
    assert documentation.unit("speed_kmh", "en") == "km/h"
    assert documentation.unit("position_accuracy_m", "zh") == "米"
    assert documentation.unit("known_min_high", "en") == "min"
    assert documentation.unit("name_zh", "en") == ""


def test_text_fills_fields_and_refuses_unknown_keys() -> None:
    assert "3" in catalogue.text("cli.faults", "en", count=3)
    with pytest.raises(KeyError):
        catalogue.text("fault.no_such_fault", "en")
    with pytest.raises(KeyError):
        catalogue.strings("fr")


@pytest.mark.parametrize(
    ("chosen", "locale_name", "expected"),
    [("zh", "en_GB", "zh"), ("en", "zh_CN", "en"), ("", "zh_CN", "zh"), ("xx", "de_DE", "en")],
)
def test_language_follows_the_variable_then_the_locale(
    monkeypatch: pytest.MonkeyPatch, chosen: str, locale_name: str, expected: str
) -> None:
    monkeypatch.setenv("ISLAND_RESPONSE_LANG", chosen)
    monkeypatch.setattr("locale.getlocale", lambda: (locale_name, "UTF-8"))
    assert catalogue.default_language() == expected
