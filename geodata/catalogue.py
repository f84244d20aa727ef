"""The one catalogue of user-facing strings: ``strings/*.toml``, every entry in zh and en."""

from __future__ import annotations

import locale
import os
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources

LANGUAGES = ("zh", "en")


def text(key: str, lang: str, **params: object) -> str:
    """Return the string `key` in language `lang`, with ``{name}`` fields filled from `params`.

    Args:
        key: dotted name, for instance ``fault.missing_column``.
        lang: ``zh`` or ``en``.
        params: values for the fields of the string.

    Raises:
        KeyError: if the catalogue has no such key; a test keeps both languages complete.
    """
    template = strings(lang)[key]
    return template.format(**params) if params else template


@cache
def strings(lang: str) -> dict[str, str]:
    """Return every string of language `lang` by dotted key."""
    if lang not in LANGUAGES:
        raise KeyError(f"no language {lang!r}; the catalogue has {', '.join(LANGUAGES)}")
    return {key: entry[lang] for key, entry in entries().items()}


@cache
def entries() -> dict[str, dict[str, str]]:
    """Return the whole catalogue: dotted key to its texts by language."""
    found: dict[str, dict[str, str]] = {}
    folder = resources.files("geodata").joinpath("strings")
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            for key, entry in _leaves(tomllib.loads(file.read_text("utf-8")), ""):
                if key in found:
                    raise KeyError(f"{file.name} defines {key} again")
                found[key] = entry
    return found


def default_language() -> str:
    """Return the user's language.

    ISLAND_RESPONSE_LANG decides where it is set; else Chinese in a Chinese locale, else English.
    """
    chosen = os.environ.get("ISLAND_RESPONSE_LANG", "")
    if chosen in LANGUAGES:
        return chosen
    name = locale.getlocale()[0] or os.environ.get("LANG", "")
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


def _leaves(table: dict[str, dict], prefix: str) -> Iterator[tuple[str, dict[str, str]]]:  # type: ignore[type-arg]
    for key, value in table.items():
        if all(isinstance(inner, str) for inner in value.values()):
            yield f"{prefix}{key}", value
        else:
            yield from _leaves(value, f"{prefix}{key}.")
