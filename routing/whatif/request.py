"""What a page may ask for: a scenario of a few simple changes, checked with every fault at once.

A request has the form of a scenario file (`routing.scenario.read`), but holds less: posts added,
moved and removed, helipads added, links of the region closed and opened, a condition. What it may
hold is listed here; everything else is a fault, not a surprise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from geodata.errors import Fault, InputError
from routing import scenario
from routing.scenario import Scenario

# Keys of each entry; a text among them is the only kind of entry that a group may hold.
ENTRIES: dict[str, dict[str, tuple[str, ...]]] = {
    "post": {
        "add": ("post_id", "name_zh", "name_en", "lon", "lat", "vehicles", "kind"),
        "move": ("post_id", "lon", "lat"),
        "remove": ("post_id",),
    },
    "helipad": {"add": ("helipad_id", "name_zh", "name_en", "lon", "lat")},
    "link": {"close": ("link_id",), "open": ("link_id",)},
}
_CONDITION = ("name", "daylight")
_HEAD = ("name", "name_zh", "name_en", "note")
PLACE = "scenario"


@dataclass(frozen=True)
class Limits:
    """How much one request may hold.

    Attributes:
        changes: entries of all lists together.
        text_length: characters of one text.
    """

    changes: int = 60
    text_length: int = 120


def read(raw: object, *, limits: Limits = Limits()) -> Scenario:
    """Return the scenario that a request states.

    Args:
        raw: a JSON value: an object with any of ``name``, ``name_zh``, ``name_en``, ``note``,
            ``condition`` (``name``, ``daylight``), ``post`` (lists ``add``, ``move``, ``remove``),
            ``helipad`` (list ``add``) and ``link`` (lists ``close``, ``open``); coordinates are
            degrees on WGS84.
        limits: how much it may hold.

    Raises:
        InputError: with every fault of form. Whether ids exist and places are on land only the
            region can tell, see `routing.whatif.changes`.

    Example:
        >>> read({"link": {"close": [{"link_id": "F3"}]}}).links_closed
        (LinkClosed(link_id='F3'),)
    """
    if not isinstance(raw, dict):
        raise InputError(Fault("scenario_not_a_table", PLACE, type(raw).__name__))
    faults = [*_unknown_keys(raw), *_texts(raw, PLACE, limits), *_too_many(raw, limits)]
    if faults:
        raise InputError(faults)
    return scenario.parse(raw, place=PLACE, stem=PLACE)


def _unknown_keys(raw: Mapping[str, Any]) -> list[Fault]:
    faults = _unknown(raw, (*_HEAD, "condition", *ENTRIES), PLACE)
    condition = raw.get("condition")
    if isinstance(condition, dict):
        faults += _unknown(condition, _CONDITION, f"{PLACE}: condition")
    for group, lists in ENTRIES.items():
        table = raw.get(group)
        if not isinstance(table, dict):
            continue  # the scenario's own rules tell what is wrong with it
        faults += _unknown(table, tuple(lists), f"{PLACE}: {group}")
        for name, keys in lists.items():
            entries = table.get(name)
            for k, entry in enumerate(entries if isinstance(entries, list) else (), start=1):
                if isinstance(entry, dict):
                    faults += _unknown(entry, keys, f"{PLACE}: {group}.{name}[{k}]")
    return faults


def _unknown(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> list[Fault]:
    names: dict[str, object] = {"known": ", ".join(known)}
    return [Fault("scenario_unknown_key", where, key, names) for key in table if key not in known]


def _texts(value: object, where: str, limits: Limits) -> list[Fault]:
    """Return a fault for each text that is over-long or holds what no name holds."""
    if isinstance(value, str):
        if len(value) > limits.text_length:
            params: dict[str, object] = {"limit": limits.text_length, "length": len(value)}
            return [Fault("whatif_long_text", where, value, params)]
        return [] if value.isprintable() else [Fault("whatif_unprintable", where, value)]
    if isinstance(value, dict):
        parts = [(f"{where}.{key}", inner) for key, inner in value.items()]
    elif isinstance(value, list):
        parts = [(f"{where}[{k}]", inner) for k, inner in enumerate(value, start=1)]
    else:
        return []
    return [fault for place, inner in parts for fault in _texts(inner, place, limits)]


def _too_many(raw: Mapping[str, Any], limits: Limits) -> list[Fault]:
    lists = [
        entries
        for group in ENTRIES
        if isinstance(table := raw.get(group), dict)
        for entries in table.values()
        if isinstance(entries, list)
    ]
    count = sum(map(len, lists))
    if count <= limits.changes:
        return []
    return [Fault("whatif_too_many", PLACE, count, {"limit": limits.changes})]
