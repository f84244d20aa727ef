"""Mappings as TOML that a person reads and edits, with remarks in both languages."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from geodata import catalogue
from geodata.calls import roles
from geodata.calls.mapping import Mapping, Stamp
from geodata.calls.stamps import FORMATS
from geodata.calls.table import STAMPS
from geodata.errors import Fault, InputError

ENCODINGS: Final = ("auto", "utf-8", "utf-16", "gb18030")
SEPARATORS: Final = ("auto", ",", ";", "\t", "|")
_LIMIT = 1 << 20
_SCALARS: Final = {"encoding": ENCODINGS, "separator": SEPARATORS}
_OTHER_ROLES = tuple(role for role in roles.ROLES if role not in STAMPS)


def dump(mapping: Mapping) -> str:
    """Return a mapping as the text of a TOML file; `parse` reads back the same mapping.

    Roles without a column stand there as remarks, and so do the headings that are not used.
    """
    lines = [*_remark("head"), ""]
    for name in ("encoding", "separator", "sheet"):
        lines += [*_remark(name), f"{name} = {_quoted(getattr(mapping, name))}"]
    lines += ["", "[columns]"]
    for role in _OTHER_ROLES:
        lines += _entry(role, "", mapping.columns.get(role, ()), mapping)
    for stamp in STAMPS:
        lines += ["", *_stamp(stamp, mapping)]
    used = {h for s in mapping.stamps.values() for h in (*s.columns, *s.date)}
    used |= {h for headings in mapping.columns.values() for h in headings}
    spare = [heading for heading in mapping.headings if heading not in used]
    if spare:
        lines += ["", *_remark("unused"), *(f"#   {_quoted(h)}" for h in spare)]
    return "\n".join(lines) + "\n"


def load(path: Path | str) -> Mapping:
    """Read a mapping from a TOML file.

    Raises:
        InputError: if the file cannot be read, or with every entry that is not understood.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LIMIT:
            raise InputError(Fault("calls_mapping_size", str(path)))
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputError(Fault("calls_mapping_unreadable", str(path), error)) from error
    return parse(text, where=path.name)


def parse(text: str, *, where: str = "mapping") -> Mapping:
    """Return the mapping that a TOML text describes.

    Raises:
        InputError: with every entry that is not understood.
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(Fault("calls_mapping_toml", where, error)) from error
    faults: list[Fault] = []
    scalars = {"encoding": "auto", "separator": "auto", "sheet": ""}
    for name, value in data.items():
        if name in scalars:
            if not isinstance(value, str) or value not in _SCALARS.get(name, (value,)):
                known = ", ".join(map(_quoted, _SCALARS.get(name, ())))
                faults.append(
                    Fault("calls_mapping_value", f"{where}, {name}", value, {"known": known})
                )
            else:
                scalars[name] = value
        elif name not in ("columns", "stamps"):
            known = ", ".join(("columns", "stamps", *scalars))
            faults.append(Fault("calls_mapping_key", where, name, {"known": known}))
    columns = dict(_columns(_table(data, "columns", where, faults), where, faults))
    stamps = dict(_stamps(_table(data, "stamps", where, faults), where, faults))
    if faults:
        raise InputError(faults)
    ordered = {stamp: stamps[stamp] for stamp in STAMPS if stamp in stamps}
    kept = {role: columns[role] for role in _OTHER_ROLES if role in columns}
    return Mapping(ordered, kept, scalars["encoding"], scalars["separator"], scalars["sheet"])


def _table(data: dict[str, Any], name: str, where: str, faults: list[Fault]) -> dict[str, Any]:
    table = data.get(name, {})
    if not isinstance(table, dict):
        faults.append(Fault("calls_mapping_table", f"{where}, {name}", table))
        return {}
    return table


def _columns(
    table: dict[str, Any], where: str, faults: list[Fault]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for role, value in table.items():
        if role not in _OTHER_ROLES:
            params: dict[str, object] = {"known": ", ".join(_OTHER_ROLES)}
            faults.append(Fault("calls_mapping_role", f"{where}, columns", role, params))
        else:
            headings = _headings(value, f"{where}, columns.{role}", faults)
            if headings:
                yield role, headings


def _stamps(table: dict[str, Any], where: str, faults: list[Fault]) -> Iterator[tuple[str, Stamp]]:
    for name, value in table.items():
        place = f"{where}, stamps.{name}"
        if name not in STAMPS:
            params: dict[str, object] = {"known": ", ".join(STAMPS)}
            faults.append(Fault("calls_mapping_role", f"{where}, stamps", name, params))
            continue
        entry = value if isinstance(value, dict) else {"column": value}
        for unknown in set(entry) - {"column", "date", "format"}:
            known: dict[str, object] = {"known": "column, date, format"}
            faults.append(Fault("calls_mapping_key", place, unknown, known))
        form = entry.get("format", "auto")
        if form not in FORMATS:
            faults.append(
                Fault("calls_mapping_value", f"{place}.format", form, {"known": ", ".join(FORMATS)})
            )
        headings = _headings(entry.get("column", ()), f"{place}.column", faults)
        if headings:
            yield name, Stamp(headings, _headings(entry.get("date", ()), place, faults), str(form))


def _headings(value: object, where: str, faults: list[Fault]) -> tuple[str, ...]:
    listed = (value,) if isinstance(value, str) else value
    if isinstance(listed, (list, tuple)) and all(isinstance(item, str) for item in listed):
        return tuple(dict.fromkeys(item for item in listed if item))
    faults.append(Fault("calls_mapping_heading", where, value))
    return ()


def _stamp(name: str, mapping: Mapping) -> list[str]:
    stamp = mapping.stamps.get(name)
    if stamp is None:
        return _entry(name, "stamps.", (), mapping)
    lines = [*_role_remark(name, mapping), f"[stamps.{name}]", f"column = {_value(stamp.columns)}"]
    if stamp.date:
        lines.append(f"date = {_value(stamp.date)}")
    else:
        lines.append('# date = "…"')
    lines.append(f"format = {_quoted(stamp.format)}")
    return lines


def _entry(role: str, prefix: str, headings: tuple[str, ...], mapping: Mapping) -> list[str]:
    lines = _role_remark(role, mapping)
    if headings:
        return [*lines, f"{role} = {_value(headings)}"]
    if prefix:
        return [*lines, f"# [{prefix}{role}]", '# column = "…"']
    return [*lines, f'# {role} = "…"']


def _role_remark(role: str, mapping: Mapping) -> list[str]:
    lines = [f"# {catalogue.text(f'calls.role.{role}', lang)}" for lang in catalogue.LANGUAGES]
    if role in mapping.choices:
        headings = ", ".join(map(_quoted, mapping.choices[role]))
        lines += [
            f"# {catalogue.text('calls.mapping.choice', lang, columns=headings)}"
            for lang in catalogue.LANGUAGES
        ]
    return lines


def _remark(name: str) -> list[str]:
    return [
        f"# {line}"
        for lang in catalogue.LANGUAGES
        for line in catalogue.text(f"calls.mapping.{name}", lang).splitlines()
    ]


def _value(headings: tuple[str, ...]) -> str:
    if len(headings) == 1:
        return _quoted(headings[0])
    return "[" + ", ".join(map(_quoted, headings)) + "]"


def _quoted(text: str) -> str:
    """Return `text` as a TOML basic string, whose escapes are those of JSON (and DEL)."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
