"""A scenario as a file that the command line takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from geodata import catalogue
from routing.scenario import Scenario
from routing.scenario.model import LISTS


def as_toml(scenario: Scenario, *, lang: str) -> str:
    """Return a scenario as TOML that `routing.scenario.load` reads back as the same scenario.

    Args:
        scenario: any scenario.
        lang: language of the comment at its head, ``zh`` or ``en``.

    Example:
        >>> from routing import whatif
        >>> asked = whatif.read({"name": "F3 rests", "link": {"close": [{"link_id": "F3"}]}})
        >>> print(as_toml(asked, lang="en").split("\\n", 5)[-1])
        [condition]
        name = "calm"
        <BLANKLINE>
        [[link.close]]
        link_id = "F3"
        <BLANKLINE>
    """
    lines = [f"# {catalogue.text('whatif.file_head', lang)}", *_head(scenario), ""]
    lines += ["[condition]", *_entry(scenario.condition), ""]
    if scenario.conserve_total:
        lines += ["[population]", "conserve_total = true", ""]
    for name, (group, list_name, _) in LISTS.items():
        for entry in getattr(scenario, name):
            lines += [f"[[{group}.{list_name}]]", *_entry(entry), ""]
    return "\n".join(lines)


def _head(scenario: Scenario) -> Iterator[str]:
    for name in ("name", "name_zh", "name_en"):
        yield f"{name} = {_value(getattr(scenario, name))}"
    if scenario.date is not None:
        yield f"date = {scenario.date.isoformat()}"
    if scenario.note:
        yield f"note = {_value(scenario.note)}"


def _entry(entry: Any) -> Iterator[str]:
    """Yield what of an entry says more than its class does by default."""
    for field in fields(entry):
        value = getattr(entry, field.name)
        if value is not None and (value != field.default or field.name == "name"):
            yield f"{field.name} = {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return repr(float(value))
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    # JSON's escapes are TOML's, but for the one control character that JSON lets stand.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
