"""Reading a scenario file (TOML), with every fault of its form at once."""

from __future__ import annotations

import dataclasses
import difflib
import math
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from geodata.errors import Cause, Fault, InputError
from geodata.rules_columns import DEPARTURE, HOURS
from routing.scenario.model import LISTS, ConditionAsked, Scenario

_HEAD = ("name", "name_zh", "name_en", "date", "note")
_FORMS = {"clock": (DEPARTURE, "bad_departure"), "hours": (HOURS, "bad_hours")}
_MAX_BYTES = 10_000_000


def load(path: Path) -> Scenario:
    """Return the scenario that a file states.

    Args:
        path: TOML with any of ``name``, ``name_zh``, ``name_en``, ``date``, ``note``, a table
            ``[condition]``, lists ``[[post.add]]``, ``[[post.remove]]``, ``[[post.move]]``,
            ``[[post.change]]``, ``[[helipad.add]]``, ``[[link.close]]``, ``[[link.open]]``,
            ``[[population.shift]]`` and ``[population] conserve_total``; `routing.scenario.model`
            names the keys of each.

    Raises:
        InputError: if the file cannot be read or breaks any rule of form; carries all faults.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(Fault("scenario_too_large", str(path), path.stat().st_size))
        raw = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        fault = Fault("scenario_unreadable", str(path), params={"reason": Cause.of(error)})
        raise InputError(fault) from error
    return parse(raw, place=str(path), stem=path.stem)


def examples() -> tuple[str, ...]:
    """Return the names of the scenario files that are shipped with the embedded region."""
    folder = resources.files("seeds").joinpath("scenarios")
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml")))


def find(given: Path) -> Path:
    """Return the file that is meant: the path itself, or that of a shipped example by its name."""
    if str(given) in examples() and not given.exists():
        return Path(str(resources.files("seeds").joinpath("scenarios", f"{given}.toml")))
    return given


def parse(raw: Mapping[str, Any], *, place: str = "scenario", stem: str = "scenario") -> Scenario:
    """Return the scenario of a table as TOML gives it.

    Args:
        raw: the table; see `load`.
        place: what messages call it.
        stem: name where the table gives none.

    Raises:
        InputError: with every fault of form.
    """
    faults: list[Fault] = []
    groups = {group for group, _, _ in LISTS.values()}
    _unknown(raw, {*_HEAD, "condition", *groups}, place, faults)
    head = {key: _text(raw.get(key), f"{place}: {key}", faults) for key in _HEAD if key != "date"}
    lists: dict[str, Any] = {}
    for group in sorted(groups):
        table = raw.get(group, {})
        if not isinstance(table, dict):
            faults.append(Fault("scenario_not_a_table", f"{place}: {group}", table))
            table = {}
        inner = {name for g, name, _ in LISTS.values() if g == group}
        options = {"conserve_total"} if group == "population" else set()
        _unknown(table, inner | options, f"{place}: {group}", faults)
        for field, (g, name, kind) in LISTS.items():
            if g == group:
                lists[field] = _entries(table.get(name, []), kind, f"{place}: {g}.{name}", faults)
    conserve = raw.get("population", {})
    conserve = conserve.get("conserve_total", False) if isinstance(conserve, dict) else False
    if not isinstance(conserve, bool):
        where = f"{place}: population.conserve_total"
        faults.append(Fault("scenario_not_true_or_false", where, conserve))
    condition = _condition(raw.get("condition", {}), f"{place}: condition", faults)
    since = _date(raw.get("date"), f"{place}: date", faults)
    if faults:
        raise InputError(faults)
    name = head["name"] or stem
    return Scenario(
        name=name,
        name_zh=head["name_zh"] or name,
        name_en=head["name_en"] or name,
        date=since,
        note=head["note"] or "",
        condition=condition,
        conserve_total=bool(conserve),
        place=place,
        **lists,
    )


def _condition(raw: Any, where: str, faults: list[Fault]) -> ConditionAsked:
    if not isinstance(raw, dict):
        faults.append(Fault("scenario_not_a_table", where, raw))
        return ConditionAsked()
    found = _entry(raw, ConditionAsked, where, faults)
    return found if isinstance(found, ConditionAsked) else ConditionAsked()


def _entries(raw: Any, kind: type, where: str, faults: list[Fault]) -> tuple[Any, ...]:
    if not isinstance(raw, list) or not all(isinstance(one, dict) for one in raw):
        faults.append(Fault("scenario_not_a_list", where, raw))
        return ()
    found = [_entry(one, kind, f"{where}[{k}]", faults) for k, one in enumerate(raw, start=1)]
    return tuple(one for one in found if one is not None)


def _entry(raw: Mapping[str, Any], kind: type, where: str, faults: list[Fault]) -> Any:
    """Return one entry as its class, or None where it breaks a rule."""
    before = len(faults)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    _unknown(raw, set(fields), where, faults)
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in raw:
            values[name] = _value(raw[name], field, f"{where}.{name}", faults)
        elif field.default is dataclasses.MISSING:
            faults.append(Fault("blank", f"{where}.{name}"))
    return kind(**values) if len(faults) == before else None


def _value(value: Any, field: dataclasses.Field[Any], where: str, faults: list[Fault]) -> Any:
    kind, rules = str(field.type), field.metadata
    if kind.startswith("tuple"):
        return _texts(value, rules.get("choices", ()), where, faults)
    if kind.startswith("bool"):
        if not isinstance(value, bool):
            faults.append(Fault("scenario_not_true_or_false", where, value))
        return value
    if kind.startswith("float"):
        return _number(value, rules, where, faults)
    text = _text(value, where, faults)
    form, key = _FORMS.get(rules.get("form", ""), (None, ""))
    if text is not None and form is not None and not form.fullmatch(text):
        faults.append(Fault(key, where, text))
    if text is not None and rules.get("choices"):
        _among(text, rules["choices"], where, faults)
    return text


def _texts(
    value: Any, choices: tuple[str, ...], where: str, faults: list[Fault]
) -> tuple[str, ...]:
    """Return a list of texts; one text with semicolons counts as a list, as in the tables."""
    parts = value.split(";") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(one, str) for one in parts):
        faults.append(Fault("scenario_not_a_list", where, value))
        return ()
    texts = tuple(one.strip() for one in parts if one.strip())
    for text in texts:
        _among(text, choices, where, faults)
    return tuple(dict.fromkeys(texts))


def _among(text: str, choices: tuple[str, ...], where: str, faults: list[Fault]) -> None:
    if text not in choices:
        faults.append(Fault("not_a_choice", where, text, {"choices": ", ".join(choices)}))


def _number(value: Any, rules: Mapping[str, Any], where: str, faults: list[Fault]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        faults.append(Fault("not_a_number", where, value))
        return math.nan
    low, high = rules.get("minimum"), rules.get("maximum")
    bounds: dict[str, object] = {"minimum": low, "maximum": high}
    if low is not None and value < low:
        faults.append(Fault("too_small", where, value, bounds))
    if high is not None and value > high:
        faults.append(Fault("too_large", where, value, bounds))
    return float(value)


def _text(value: Any, where: str, faults: list[Fault]) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        faults.append(Fault("scenario_not_a_text", where, value))
        return None
    return value.strip()


def _date(value: Any, where: str, faults: list[Fault]) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        faults.append(Fault("scenario_not_a_date", where, value))
        return None


def _unknown(raw: Mapping[str, Any], known: set[str], where: str, faults: list[Fault]) -> None:
    for key in raw:
        if key not in known:
            close = difflib.get_close_matches(key, sorted(known), 1)
            names = close[0] if close else ", ".join(sorted(known))
            faults.append(Fault("scenario_unknown_key", where, key, {"known": names}))
