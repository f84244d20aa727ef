"""The level of a hospital in the reader's language."""

from __future__ import annotations

import re

from geodata import catalogue

_PARTS = re.compile(r"\s*(?P<grade>[^（(]*?)\s*(?:[（(](?P<note>[^）)]*)[）)])?\s*")
_GRADE = re.compile(r"([一二三])级?([特甲乙丙])?等?")


def text(level: object, lang: str) -> str:
    """Return a level as people read it; blank where it is not stated.

    Chinese readers get what the data state. English ones get the catalogue's words for the grade
    and for the remark in brackets; what the catalogue does not know is left as it is.

    Example:
        >>> text("三甲（中医）", "en")
        'grade 3A (Chinese medicine)'
    """
    if not isinstance(level, str) or lang == "zh":
        return level if isinstance(level, str) else ""
    parts = _PARTS.fullmatch(level)
    if parts is None:
        return level
    short = _GRADE.fullmatch(parts["grade"])
    key = "".join(one or "" for one in short.groups()) if short else parts["grade"]
    grade = _word("grade", key, parts["grade"], lang)
    note = parts["note"] and _word("note", parts["note"], parts["note"], lang)
    return f"{grade} ({note})" if note else grade


def _word(group: str, key: str, otherwise: str, lang: str) -> str:
    return catalogue.strings(lang).get(f"hospital_level.{group}.{key}", otherwise)
