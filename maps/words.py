"""How values and names read for people: minutes, shares, names in two languages."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import pandas as pd

from geodata import catalogue
from geodata.errors import shorten

# By how much minutes may exceed a bound and keep it: the rounding of a sum, as in verdicts.
ROUNDING_MIN = 1e-6
NAME_LIMIT = 60
NOTE_LIMIT = 600
DECIMALS = 3
_KINDS_OF_PLACE = {
    "街道": "Subdistrict", "新区": "New Area", "县": "County", "区": "District", "市": "City",
    "镇": "Town", "乡": "Township", "岛": "Island",
}  # fmt: skip
# A name with another one in brackets, perhaps its former one: 登步（原登步乡）.
_BRACKETED = re.compile(r"([^（(）)]+)[（(](原)?([^（(）)]+)[）)]")


def is_missing(value: object) -> bool:
    """Return whether `value` is None, NaN, NA, NaT or blank text."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or pd.isna(value) is True  # type: ignore[call-overload]


def clean(value: object, *, limit: int = NAME_LIMIT) -> str:
    """Return `value` as one printable line of at most `limit` characters; missing gives ``""``."""
    if is_missing(value):
        return ""
    return shorten(" ".join(str(value).split()), limit=limit)


def number(value: object) -> float | None:
    """Return `value` as a finite float, or None where it is missing or no number."""
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def pinyin(name_zh: str) -> str:
    """Return `name_zh` in pinyin without tones, first letter large: 岱山 gives ``Daishan``."""
    # Its dictionaries take long to load, and few names come in Chinese alone.
    from pypinyin import lazy_pinyin

    joined = "".join(lazy_pinyin(name_zh)).strip()
    return joined[:1].upper() + joined[1:]


def romanised(name_zh: str) -> str:
    """Return a Chinese place name for English text: 岱山县 gives ``Daishan County``.

    Of several places (定海区/普陀区) each is put so, and what stands in brackets by itself.
    """
    if "/" in name_zh:
        return "/".join(romanised(part) for part in name_zh.split("/"))
    if bracketed := _BRACKETED.fullmatch(name_zh):
        before, former, inside = bracketed.groups()
        told = f"formerly {romanised(inside)}" if former else romanised(inside)
        return clean(f"{romanised(before)} ({told})")
    for ending, kind in _KINDS_OF_PLACE.items():
        if name_zh.endswith(ending) and len(name_zh) > len(ending) + 1:
            return clean(f"{pinyin(name_zh.removesuffix(ending))} {kind}")
    return clean(pinyin(name_zh))


def rounded(value: float, *, bound: float | None = None, digits: int = 1) -> str:
    """Return `value` with as many decimals, up to three, as put it on its side of `bound`.

    11.04 against a target of 11 reads ``11.04``, not ``11.0``, which would look like target met.
    What three do not part from the bound reads as a thousandth off it: 11.00001 as ``11.001``. A
    value above the bound by no more than `ROUNDING_MIN` keeps it. The pages' scripts do the same.
    """
    text = f"{value:.{digits}f}"
    if bound is None:
        return text
    kept = value <= bound + ROUNDING_MIN
    while (float(text) <= bound) != kept and digits < DECIMALS:
        digits += 1
        text = f"{value:.{digits}f}"
    if (float(text) <= bound) != kept:
        text = f"{float(text) + (-1 if kept else 1) / 10**digits:.{digits}f}"
    return text


@dataclass(frozen=True)
class Words:
    """Texts in one language.

    Attributes:
        lang: ``zh`` or ``en``.
    """

    lang: str

    def __call__(self, key: str, **params: object) -> str:
        """Return the catalogue text `key` (without its leading ``maps.``)."""
        return catalogue.text(f"maps.{key}", self.lang, **params)

    def chart(self, key: str, **params: object) -> str:
        """Return the catalogue text ``charts.key``."""
        return catalogue.text(f"charts.{key}", self.lang, **params)

    def condition(self, value: object) -> str:
        """Return the text for a condition such as ``fog`` or ``fog@night``; others as they are."""
        name, _, light = clean(value).partition("@")
        strings = catalogue.strings(self.lang)
        known = strings.get(f"maps.condition.{name}") or strings.get(f"charts.condition.{name}")
        if not light:
            return known or name
        return self.chart("in_light", name=known or name, light=self.code("daylight", light))

    def condition_of(self, row: dict[str, Any]) -> str:
        """Return the name that a row of a result gives its condition, with the light if told."""
        name = clean(row.get(f"name_{self.lang}"))
        if not name:
            return self.condition(row.get("key") or row.get("name"))
        light = row.get("daylight")
        if is_missing(light):
            return name
        return self.chart("in_light", name=name, light=self.code("daylight", light))

    def cause(self, value: object) -> str:
        """Return the text for the cause of a late call; an unknown one as it is."""
        return catalogue.strings(self.lang).get(f"audit_causes.cause.{value}", clean(value))

    def code(self, group: str, value: object) -> str:
        """Return the text for a coded value such as vehicle ``boat``; an unknown code as it is."""
        if is_missing(value):
            return self("none")
        try:
            return self(f"{group}.{value}")
        except KeyError:
            return clean(value)

    def vehicle(self, value: object) -> str:
        """Return the text for a vehicle; a missing one means that none gets there."""
        return self.code("vehicle", "none" if is_missing(value) else value)

    def name(self, name_zh: object, name_en: object) -> str:
        """Return the name to show: Chinese, or English, in pinyin where that is blank."""
        zh, en = clean(name_zh), clean(name_en)
        if self.lang == "zh":
            return zh or en or self("unnamed")
        return en or (romanised(zh) if zh else self("unnamed"))

    def place(self, name_zh: object) -> str:
        """Return a name that the data give in Chinese alone; blank stays blank."""
        return "" if is_missing(name_zh) else self.name(name_zh, None)

    def named(self, row: dict[str, Any]) -> str:
        """Return the name of a row that has ``name_zh`` and ``name_en``."""
        return self.name(row.get("name_zh"), row.get("name_en"))

    def note(self, row: dict[str, Any]) -> str:
        """Return the note of a row: in Chinese its ``note_zh``, ``note`` where that is blank."""
        translated = clean(row.get("note_zh"), limit=NOTE_LIMIT) if self.lang == "zh" else ""
        return translated or clean(row.get("note"), limit=NOTE_LIMIT)

    def minutes(self, value: object, *, bound: float | None = None) -> str:
        """Return minutes with their unit; missing reads as unreachable."""
        found = number(value)
        if found is None:
            return self("band.unreachable")
        return self("minutes", value=rounded(found, bound=bound))

    def count(self, value: object) -> str:
        """Return a whole number with thousands marks, or the word for unknown."""
        found = number(value)
        return self("unknown") if found is None else f"{found:,.0f}"

    def percent(self, share: object) -> str:
        """Return a share of 0 to 1 in per cent; small shares never read as nothing."""
        found = number(share)
        if found is None:
            return self("unknown")
        if 0 < found < 0.0005:
            return "<0.1%"
        if 0.9995 < found < 1:
            return ">99.9%"
        return f"{100 * found:.1f}%"

    def setting(self, result: dict[str, Any]) -> str:
        """Return one line on what was assumed: weather, light, clock and network."""
        named = clean(result.get(f"condition_{self.lang}"))
        return self(
            "setting",
            condition=named or self.code("condition", result.get("condition")),
            daylight=self.code("daylight", result.get("daylight")),
            start_stamp=self.code("start_stamp", result.get("start_stamp")),
            network=self.code("network", result.get("network")),
        )

    def notices(self, result: dict[str, Any]) -> list[str]:
        """Return the result's notices in this language, the other language where one is blank."""
        keys = ("text_zh", "text_en") if self.lang == "zh" else ("text_en", "text_zh")
        texts = (
            next((clean(notice.get(k), limit=NOTE_LIMIT) for k in keys if notice.get(k)), "")
            for notice in result.get("notices") or ()
        )
        return [text for text in texts if text]


class ReportWords(Words):
    """Texts of the report, found below ``report.``; codes stay those of the maps."""

    def r(self, key: str, **params: object) -> str:
        """Return the catalogue text ``report.key``."""
        return catalogue.text(f"report.{key}", self.lang, **params)

    def r_or(self, key: str, fallback: str) -> str:
        """Return the catalogue text ``report.key``, or `fallback` where there is none."""
        return catalogue.strings(self.lang).get(f"report.{key}", fallback)

    def own(self, text: object, *, limit: int) -> str:
        """Return a title, publisher or licence; those that are our own words in this language.

        Titles of others stay as their authors wrote them.
        """
        found = clean(text, limit=limit)
        return catalogue.strings(self.lang).get(f"report.own_words.{found}", found)
