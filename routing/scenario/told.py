"""What a region under scenarios says of them: kept in the region itself, so that no output forgets.

The layer ``meta`` holds them as JSON under the key ``scenarios``, also when the region is saved.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from geodata import catalogue
from geodata.region import Region
from routing.scenario.model import LISTS, PopulationShift, Scenario

KEY = "scenarios"
_NAMED = 12
_IDS = ("post_id", "helipad_id", "link_id")


def scenarios_of(region: Region) -> list[dict[str, Any]]:
    """Return the scenarios that a region is under, in order; none for a region as it is.

    Each has `name`, `name_zh`, `name_en`, `date` (ISO text or None), `note`, and `changes_zh` and
    `changes_en`, one text a kind of change.
    """
    found: list[dict[str, Any]] = json.loads(region.meta_value(KEY) or "[]")
    return found


def stamped(before: Region, after: Region, parts: Sequence[Scenario]) -> Region:
    """Return the region after some scenarios with a statement of them.

    Args:
        before: the region as it was, for the names of what is closed or removed.
        after: the region under all of them.
        parts: the scenarios, in order.
    """
    told = scenarios_of(before) + [_summary(part, before, after) for part in parts]
    meta = after.layers["meta"]
    row = pd.DataFrame({"key": [KEY], "value": [json.dumps(told, ensure_ascii=False)]})
    kept = meta[meta["key"] != KEY]
    return after.replace(meta=pd.concat([kept, row], ignore_index=True)[list(meta.columns)])


def notices(region: Region) -> list[dict[str, str]]:
    """Return one notice for each scenario that the region is under, in both languages."""
    found = []
    for one in scenarios_of(region):
        texts = {}
        for lang in catalogue.LANGUAGES:
            changes = catalogue.text("scenario.joiner", lang).join(one[f"changes_{lang}"])
            since = catalogue.text("scenario.since", lang, date=one["date"]) if one["date"] else ""
            texts[f"text_{lang}"] = catalogue.text(
                "caveat.scenario", lang, name=one[f"name_{lang}"], since=since, changes=changes
            )
        found.append({"key": "scenario", **texts})
    return found


def _summary(one: Scenario, before: Region, after: Region) -> dict[str, Any]:
    return {
        "name": one.name,
        "name_zh": one.name_zh,
        "name_en": one.name_en,
        "date": None if one.date is None else one.date.isoformat(),
        "note": one.note,
        **{
            f"changes_{lang}": list(_changes(one, before, after, lang))
            for lang in catalogue.LANGUAGES
        },
    }


def _changes(one: Scenario, before: Region, after: Region, lang: str) -> Iterator[str]:
    names = {**_names(before, lang), **_names(after, lang)}
    for field in LISTS:
        entries = getattr(one, field)
        if not entries:
            continue
        labels = [_label(entry, names) for entry in entries]
        shown = catalogue.text("scenario.names", lang).join(labels[:_NAMED])
        more = len(labels) - _NAMED
        if more > 0:
            shown += catalogue.text("scenario.more", lang, count=more)
        yield catalogue.text(f"scenario.{field}", lang, what=shown)
    if one.conserve_total:
        yield catalogue.text("scenario.conserve_total", lang)


def _label(entry: Any, names: dict[str, str]) -> str:
    if not isinstance(entry, PopulationShift):
        ident = next(str(getattr(entry, key)) for key in _IDS if hasattr(entry, key))
        return names.get(ident, ident)
    whose = [entry.island_id, entry.county_zh, entry.township_zh]
    goal = entry.to_island_id or entry.to_township_zh
    what = f"× {entry.factor:g}" if entry.factor is not None else f"= {entry.residents:,.0f}"
    text = " ".join(names.get(name, name) for name in whose if name)
    text += f" {what}"
    return text if goal is None else f"{text} → {names.get(goal, goal)}"


def _names(region: Region, lang: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for layer, key in (("posts", "post_id"), ("helipads", "helipad_id"), ("roads", "link_id"),
                       ("ferries", "link_id"), ("islands", "island_id")):  # fmt: skip
        table = region.layers[layer]
        zh, en = (table[f"name_{one}"] for one in ("zh", "en"))
        first, second = (zh, en) if lang == "zh" else (en, zh)
        found |= dict(zip(table[key], first.fillna(second).fillna(table[key]), strict=True))
    return found
