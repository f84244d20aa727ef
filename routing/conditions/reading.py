"""Reading conditions from TOML: the shipped file, and a user's on top."""

from __future__ import annotations

import math
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from geodata import schemas
from geodata.errors import Cause, Fault, InputError
from routing.conditions.catalogue import REST, TIMES, YEAR_DAYS, Catalogue, Entry
from routing.conditions.condition import FACTORS

SHIPPED = "conditions.toml"
TEXTS = ("name_zh", "name_en", "definition_zh", "definition_en")
# Names of lists, and what they may hold; any text where nothing is named.
LISTS: dict[str, tuple[str, ...]] = {
    "stopped_vehicles": schemas.VEHICLES,
    "stopped_ferry_kinds": schemas.FERRY_KINDS,
    "stopped_roads": (),
    "stopped_links": (),
    "stopped_posts": (),
    "stopped_post_kinds": schemas.POST_KINDS,
}
BY_STRUCTURE = "structure_speed_factors"
VALUES = (*TIMES, *LISTS, *FACTORS, BY_STRUCTURE)
# Names become parts of column names.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")

Table = dict[str, dict[str, Any]]


def load(path: Path | None = None) -> Catalogue:
    """Return the shipped conditions, with those of a user's file on top.

    Args:
        path: TOML file of conditions as in ``seeds/conditions.toml``; a value is either bare or a
            table with `value` and, if wanted, `unit`, `source` and `note`. A new condition needs
            `name_zh` or `name_en`.

    Raises:
        InputError: if the file is missing or no TOML, or a name or value is not allowed; the error
            carries every fault found.
    """
    table: Table = {}
    faults: list[Fault] = []
    text = resources.files("seeds").joinpath(SHIPPED).read_text("utf-8")
    _overlay(table, tomllib.loads(text), SHIPPED, faults)
    place = SHIPPED
    if path is not None:
        place = str(path)
        _overlay(table, _read(path), place, faults)
    faults += _faults(table, place)
    if faults:
        raise InputError(faults)
    entries = {name: _entry(name, given) for name, given in table.items()}
    return Catalogue(entries, SHIPPED if path is None else f"{SHIPPED} + {path.name}")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        fault = Fault("conditions_unreadable", str(path), params={"reason": Cause.of(error)})
        raise InputError(fault) from error


def _overlay(table: Table, raw: dict[str, Any], place: str, faults: list[Fault]) -> None:
    for name, given in raw.items():
        if not isinstance(given, dict) or not _NAME.fullmatch(name):
            faults.append(Fault("condition_name", place, name))
            continue
        mine = table.setdefault(name, {})
        for key, value in given.items():
            if key in (*TEXTS, "months"):
                mine[key] = value
            elif key in VALUES:
                _put(mine, key, value, f"{place}: {name}.{key}", faults)
            else:
                params: dict[str, object] = {"choices": ", ".join((*TEXTS, "months", *VALUES))}
                faults.append(Fault("condition_unknown_value", f"{place}: {name}", key, params))


def _put(mine: dict[str, Any], key: str, value: Any, where: str, faults: list[Fault]) -> None:
    """Store a value, bare or with its source; factors by structure are a table themselves."""
    bare = not isinstance(value, dict) or (key == BY_STRUCTURE and "value" not in value)
    given = {"value": value, "source": "user", "note": "", "note_zh": ""} if bare else dict(value)
    if "value" not in given:
        faults.append(Fault("condition_without_value", where, key))
        return
    if "note" in given:  # a note in one language replaces the shipped one in both
        given.setdefault("note_zh", "")
    mine[key] = {**mine.get(key, {}), **given}


def _faults(table: Table, place: str) -> list[Fault]:
    faults: list[Fault] = []
    for name, given in table.items():
        where = f"{place}: {name}"
        if not any(_is_text(given.get(key)) for key in ("name_zh", "name_en")):
            faults.append(Fault("condition_nameless", where, name))
        faults += [
            Fault("condition_not_text", f"{where}.{key}", given[key])
            for key in TEXTS
            if key in given and not isinstance(given[key], str)
        ]
        months = given.get("months", [])
        if not isinstance(months, list) or not all(_is_month(month) for month in months):
            faults.append(Fault("condition_months", f"{where}.months", months))
        for key in VALUES:
            if key in given:
                faults += _faults_of(key, given[key]["value"], f"{where}.{key}")
        if name == REST:
            faults += [
                Fault("condition_rest_has_days", f"{where}.{key}", given[key]["value"])
                for key in TIMES
                if key in given
            ]
    return faults or _too_many_days(table, place)


def _too_many_days(table: Table, place: str) -> list[Fault]:
    days = sum(float(_value(given, "days_per_year", 0.0)) for given in table.values())
    if days <= YEAR_DAYS:
        return []
    return [Fault("conditions_too_many_days", place, f"{days:g}", {"days": f"{YEAR_DAYS:g}"})]


def _faults_of(key: str, value: Any, where: str) -> list[Fault]:
    if key in LISTS:
        return _list_faults(key, value, where)
    if key == BY_STRUCTURE:
        if not isinstance(value, dict):
            return [Fault("condition_not_a_table", where, value)]
        wrong = [fault for road in value if (fault := _road_fault(road, where))]
        return wrong + [
            Fault("condition_factor", f"{where} {road}", factor)
            for road, factor in value.items()
            if not (_is_number(factor) and 0 < factor <= 1)
        ]
    if not _is_number(value):
        return [Fault("not_a_number", where, value)]
    if key in FACTORS:
        return [] if 0 < value <= 1 else [Fault("condition_factor", where, value)]
    if key == "day_share":
        return [] if 0 <= value <= 1 else [Fault("condition_share", where, value)]
    return [] if 0 <= value <= YEAR_DAYS else [Fault("condition_days", where, value)]


def _list_faults(key: str, value: Any, where: str) -> list[Fault]:
    if not isinstance(value, list) or not all(_is_text(one) for one in value):
        return [Fault("condition_not_a_list", where, value)]
    if key == "stopped_roads":
        return [fault for road in value if (fault := _road_fault(road, where))]
    allowed = LISTS[key]
    params: dict[str, object] = {"choices": ", ".join(allowed)}
    return [
        Fault("not_a_choice", where, one, params) for one in value if allowed and one not in allowed
    ]


def _road_fault(text: str, where: str) -> Fault | None:
    structure, slash, road_class = text.partition("/")
    known = [name for name in schemas.STRUCTURES if name != "none"]
    if structure in known and (not slash or road_class in schemas.ROAD_CLASSES):
        return None
    choices = f"{', '.join(known)}; / {', '.join(schemas.ROAD_CLASSES)}"
    return Fault("not_a_choice", where, text, {"choices": choices})


def _entry(name: str, given: dict[str, Any]) -> Entry:
    effect: dict[str, Any] = {
        key: tuple(_value(given, key, ())) for key in LISTS if key != "stopped_vehicles"
    }
    stopped = _value(given, "stopped_vehicles", ())
    effect["vehicles"] = tuple(v for v in schemas.VEHICLES if v not in stopped)
    effect |= {key: float(_value(given, key, 1.0)) for key in FACTORS}
    by_structure = _value(given, BY_STRUCTURE, {})
    effect[BY_STRUCTURE] = tuple((road, float(factor)) for road, factor in by_structure.items())
    days, share = (_value(given, key, None) for key in TIMES)
    texts = {key: given.get(key, "") for key in TEXTS}
    texts["name_zh"] = texts["name_zh"] or texts["name_en"]
    texts["name_en"] = texts["name_en"] or texts["name_zh"]
    return Entry(
        name=name,
        **texts,
        months=tuple(given.get("months", ())),
        days_per_year=None if name == REST else float(days or 0.0),
        day_share=None if share is None else float(share),
        effect=effect,
        origins={key: given[key] for key in VALUES if key in given},
    )


def _value(given: dict[str, Any], key: str, default: Any) -> Any:
    return given[key]["value"] if key in given else default


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_month(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 12


def _is_number(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)  # type: ignore[arg-type]
