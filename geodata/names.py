"""Latin names for places that come with a Chinese name only."""

from __future__ import annotations

from functools import cache

from pypinyin import Style, lazy_pinyin


@cache
def latin(name_zh: str) -> str:
    """Return a name in Latin letters: pinyin by word run, other characters kept.

    Example:
        >>> latin("沈家门")
        'Shenjiamen'
    """
    parts = lazy_pinyin(name_zh, style=Style.NORMAL, errors=lambda run: f" {run} ")
    text = ""
    for part in parts:
        joins = bool(text) and text[-1].isalpha() and part.isascii() and part.isalpha()
        text += part if joins else part.capitalize() if part.isalpha() else part
    return " ".join(text.split())
