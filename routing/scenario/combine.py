"""Several scenarios as one: a bridge opens, a post is added, and it is night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from geodata.errors import Fault, InputError
from routing.scenario.model import LISTS, ConditionAsked, Scenario


def combined(parts: Sequence[Scenario]) -> Scenario:
    """Return one scenario with the changes of all parts, in their order.

    What a part leaves at its default (``calm``, no daylight, no clock time, all vehicles) is taken
    from the others. The date is the latest.

    Args:
        parts: at least one.

    Raises:
        InputError: if two parts ask for different conditions; the error carries every clash.

    Example:
        >>> from routing.scenario import parse
        >>> night = parse({"name": "night", "condition": {"daylight": "night"}})
        >>> fog = parse({"name": "fog", "condition": {"name": "fog"}})
        >>> both = combined([fog, night])
        >>> both.name, both.condition.name, both.condition.daylight
        ('fog + night', 'fog', 'night')
    """
    if len(parts) == 1:
        return parts[0]
    faults: list[Fault] = []
    condition = {f.name: _only(parts, f.name, f.default, faults) for f in fields(ConditionAsked)}
    if faults:
        raise InputError(faults)
    lists: dict[str, Any] = {
        name: tuple(entry for part in parts for entry in getattr(part, name)) for name in LISTS
    }
    dates = [part.date for part in parts if part.date is not None]
    return Scenario(
        name=" + ".join(part.name for part in parts),
        name_zh=" + ".join(part.name_zh for part in parts),
        name_en=" + ".join(part.name_en for part in parts),
        date=max(dates) if dates else None,
        note=" ".join(part.note for part in parts if part.note),
        condition=ConditionAsked(**condition),
        conserve_total=any(part.conserve_total for part in parts),
        place=" + ".join(part.place for part in parts),
        **lists,
    )


def _only(parts: Sequence[Scenario], field: str, default: Any, faults: list[Fault]) -> Any:
    """Return the one value other than the default that the parts ask for."""
    found = default
    for part in parts:
        value = getattr(part.condition, field)
        if value == default:
            continue
        if found not in (default, value):
            params: dict[str, object] = {"field": field, "other": str(found)}
            faults.append(Fault("scenario_clash", part.place, str(value), params))
        found = value
    return found
