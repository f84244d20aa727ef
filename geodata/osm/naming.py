"""Names and ids of mapped things."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from geodata import catalogue
from geodata.names import latin

NAME_LIMIT = 200
_CHINESE_KEYS = ("name:zh-Hans", "name:zh", "name:zh-Hant")
_LATIN_KEYS = ("name:en", "int_name", "name:int")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_NO_LETTERS_OF_THEIR_OWN = str.maketrans("ħĦłŁøØđĐıðÐþÞ", "hHlLoOdDidDtT")


def both(tags: Mapping[str, str]) -> tuple[str, str]:
    """Return the Chinese and the Latin name of a thing, "" where it has none at all.

    The Chinese name is `name:zh`, else the local name in whatever script; the Latin name is
    `name:en`, else the local name in Latin letters, else the pinyin of the Chinese one.

    Example:
        >>> both({"name": "舟山岛"}), both({"name": "Għawdex", "name:en": "Gozo"})
        (('舟山岛', 'Zhoushandao'), ('Għawdex', 'Gozo'))
    """
    local = tidy(tags.get("name", ""))
    chinese = next((tidy(tags[k]) for k in _CHINESE_KEYS if tags.get(k, "").strip()), "")
    english = next((tidy(tags[k]) for k in _LATIN_KEYS if tags.get(k, "").strip()), "")
    zh = chinese or local or english
    if english:
        return zh, english
    if local and _is_latin(local):
        return zh, local
    is_han = bool(_HAN.search(zh)) and not _KANA_OR_HANGUL.search(zh)
    return zh, tidy(latin(zh)) if is_han else local or zh


def or_unnamed(
    tags: Mapping[str, str], key: str, number: int | None = None
) -> tuple[str, str, bool]:
    """Return the names of a thing, or the catalogue's word for it, and whether it has any.

    Args:
        tags: tags of the thing.
        key: catalogue key below ``osm.unnamed.``.
        number: tells unnamed things of one kind apart; None leaves it out.
    """
    zh, en = both(tags)
    if zh:
        return zh, en, True
    suffix = "" if number is None else f" {number}"
    words = [catalogue.text(f"osm.unnamed.{key}", lang) + suffix for lang in ("zh", "en")]
    return words[0].replace(" ", ""), words[1], False


def tidy(text: str) -> str:
    """Return a name on one line, printable, cut to the longest that is allowed."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:NAME_LIMIT]


def slug(name: str) -> str:
    """Return a name as lower-case ASCII letters, digits and hyphens; "" where nothing is left.

    Example:
        >>> slug("Il-Ġebla tal-Ħalfa")
        'il-gebla-tal-halfa'
    """
    plain = unicodedata.normalize("NFKD", name.translate(_NO_LETTERS_OF_THEIR_OWN))
    ascii_only = plain.encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")[:60].strip("-")


def unique(wanted: Iterable[str]) -> list[str]:
    """Return ids in order, with ``-2``, ``-3`` … behind those that were taken before."""
    taken: set[str] = set()
    ids = []
    for base in wanted:
        free, count = base, 1
        while free in taken:
            count += 1
            free = f"{base}-{count}"
        taken.add(free)
        ids.append(free)
    return ids


def _is_latin(name: str) -> bool:
    letters = [c for c in name if c.isalpha()]
    return bool(letters) and all("LATIN" in unicodedata.name(c, "") for c in letters)
