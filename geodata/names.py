"""Latin names for places that come with a Chinese name only."""

from __future__ import annotations

import re
from functools import cache


@cache
def latin(name_zh: str) -> str:
    """Return a name in Latin letters: pinyin by word run, other characters kept.

    Example:
        >>> latin("沈家门")
        'Shenjiamen'
    """
    # Its dictionaries take long to load, and most regions name every place in English too.
    from pypinyin import Style, lazy_pinyin

    # In place names 长 is all but always read chang, which the dictionary gives second.
    spelled = name_zh.replace("长", "常")
    parts = lazy_pinyin(spelled, style=Style.NORMAL, errors=lambda run: f" {run} ")
    text = ""
    for part in parts:
        joins = bool(text) and text[-1].isalpha() and part.isascii() and part.isalpha()
        text += part if joins else part.capitalize() if part.isalpha() else part
    text = " ".join(text.split())
    return re.sub(r"([（(]) | (?=[）)])", r"\1", text)


def english(name_zh: object, name_en: object) -> str:
    """Return the English name, in pinyin where it is blank."""
    return name_en if isinstance(name_en, str) and name_en else latin(str(name_zh))
