"""Mappings as TOML that a person reads and edits, with remarks in both languages."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from geodata import catalogue
from geodata.calls import roles
from geodata.calls.mapping import Mapping, Stamp, listed, union
from geodata.calls.stamps import FORMATS
from geodata.calls.table import STAMPS
from geodata.errors import Fault, InputError

ENCODINGS: Final = ("auto", "utf-8", "utf-16", "gb18030")
SEPARATORS: Final = ("auto", ",", ";", "\t", "|")
_LIMIT = 1 << 20
_SCALARS: Final = {"encoding": ENCODINGS, "separator": SEPARATORS}
_OTHER_ROLES = tuple(role for role in roles.ROLES if role not in STAMPS)
_KEEP = "keep_one"

Groups = tuple[tuple[str, ...], ...]


def dump(mapping: Mapping) -> str:
    """Return a mapping as the text of a TOML file; `parse` reads back the same mapping.

    Roles without a column stand there as remarks, and so do the headings that are not used. Where
    several columns fit a role equally well, all of them stand in ``keep_one``; as long as more than
    one does, the mapping is undecided and files are not opened with it.
    """
    lines = [*_remark("head"), ""]
    for name in ("encoding", "separator", "sheet"):
        lines += [*_remark(name), f"{name} = {_quoted(getattr(mapping, name))}"]
    lines += ["", "[columns]"]
    for role in _OTHER_ROLES:
        lines += _column(role, mapping)
    for stamp in STAMPS:
        lines += ["", *_stamp(stamp, mapping)]
    used = {h for s in mapping.stamps.values() for h in (*s.columns, *s.date)}
    used |= {h for headings in mapping.columns.values() for h in headings}
    used |= {h for groups in mapping.undecided.values() for group in groups for h in group}
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
    undecided: dict[str, Groups] = {}
    columns = dict(_columns(_table(data, "columns", where, faults), where, undecided, faults))
    stamps = dict(_stamps(_table(data, "stamps", where, faults), where, undecided, faults))
    if faults:
        raise InputError(faults)
    ordered = {stamp: stamps[stamp] for stamp in STAMPS if stamp in stamps}
    kept = {role: columns[role] for role in _OTHER_ROLES if role in columns}
    return Mapping(
        ordered, kept, scalars["encoding"], scalars["separator"], scalars["sheet"], undecided
    )


def undecided(mapping: Mapping, *, where: str = "mapping") -> list[Fault]:
    """Return a fault for every group of columns of which the user has yet to keep one."""
    return [
        Fault("calls_undecided", f"{where}, {role}", None, {"columns": listed(group)})
        for role, groups in mapping.undecided.items()
        for group in groups
    ]


def _table(data: dict[str, Any], name: str, where: str, faults: list[Fault]) -> dict[str, Any]:
    table = data.get(name, {})
    if not isinstance(table, dict):
        faults.append(Fault("calls_mapping_table", f"{where}, {name}", table))
        return {}
    return table


def _columns(
    table: dict[str, Any], where: str, undecided: dict[str, Groups], faults: list[Fault]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for role, value in table.items():
        if role not in _OTHER_ROLES:
            params: dict[str, object] = {"known": ", ".join(_OTHER_ROLES)}
            faults.append(Fault("calls_mapping_role", f"{where}, columns", role, params))
        else:
            headings, groups = _choice(value, f"{where}, columns.{role}", faults)
            if groups:
                undecided[role] = groups
            if headings:
                yield role, headings


def _stamps(
    table: dict[str, Any], where: str, undecided: dict[str, Groups], faults: list[Fault]
) -> Iterator[tuple[str, Stamp]]:
    for name, value in table.items():
        place = f"{where}, stamps.{name}"
        if name not in STAMPS:
            params: dict[str, object] = {"known": ", ".join(STAMPS)}
            faults.append(Fault("calls_mapping_role", f"{where}, stamps", name, params))
            continue
        entry = dict(value) if isinstance(value, dict) else {"column": value}
        form = entry.pop("format", "auto")
        if form not in FORMATS:
            faults.append(
                Fault("calls_mapping_value", f"{place}.format", form, {"known": ", ".join(FORMATS)})
            )
        date, dates = _choice(entry.pop("date", ()), f"{place}.date", faults)
        headings, groups = _choice(entry, place, faults, known=f"column, {_KEEP}, date, format")
        if not (headings or groups):
            continue
        undecided |= {
            role: found for role, found in ((name, groups), (f"{name}.date", dates)) if found
        }
        if headings or date or form != "auto":
            yield name, Stamp(headings, date, str(form))


def _choice(
    value: object, where: str, faults: list[Fault], *, known: str = f"column, {_KEEP}"
) -> tuple[tuple[str, ...], Groups]:
    """Return the headings that are decided on, and the groups of which one is to be kept."""
    entry = value if isinstance(value, dict) else {"column": value}
    for unknown in set(entry) - {"column", _KEEP}:
        params: dict[str, object] = {"known": known}
        faults.append(Fault("calls_mapping_key", where, unknown, params))
    named = f"{where}.column" if isinstance(value, dict) else where
    headings = _headings(entry.get("column", ()), named, faults)
    given: Any = entry.get(_KEEP, ())
    several = isinstance(given, list) and any(isinstance(item, list) for item in given)
    groups = [
        _headings(group, f"{where}.{_KEEP}", faults) for group in (given if several else [given])
    ]
    # What was kept goes first: another file's heading must not win over it.
    kept = tuple(group[0] for group in groups if len(group) == 1)
    return union(kept, headings), tuple(dict.fromkeys(g for g in groups if len(g) > 1))


def _headings(value: object, where: str, faults: list[Fault]) -> tuple[str, ...]:
    items = (value,) if isinstance(value, str) else value
    if isinstance(items, (list, tuple)) and all(isinstance(item, str) for item in items):
        return tuple(dict.fromkeys(item for item in items if item))
    faults.append(Fault("calls_mapping_heading", where, value))
    return ()


def _column(role: str, mapping: Mapping) -> list[str]:
    entry = _told(role, mapping.columns.get(role, ()), mapping)
    return [*_role_remark(role, mapping), f"{role} = {entry}" if entry else f'# {role} = "…"']


def _stamp(name: str, mapping: Mapping) -> list[str]:
    stamp, groups = mapping.stamps.get(name, Stamp(())), mapping.undecided.get(name, ())
    lines = _role_remark(name, mapping)
    if not (stamp.columns or groups):
        return [*lines, f"# [stamps.{name}]", '# column = "…"']
    lines.append(f"[stamps.{name}]")
    if groups:
        lines.append(f"{_KEEP} = {_groups(groups)}")
    if stamp.columns:
        lines.append(f"column = {_value(stamp.columns)}")
    date = _told(f"{name}.date", stamp.date, mapping)
    if f"{name}.date" in mapping.undecided:
        lines += _keep_remark()
    lines.append(f"date = {date}" if date else '# date = "…"')
    return [*lines, f"format = {_quoted(stamp.format)}"]


def _told(role: str, headings: tuple[str, ...], mapping: Mapping) -> str:
    """Return what stands right of the equals sign; blank where no column is known."""
    groups = mapping.undecided.get(role, ())
    if not groups:
        return _value(headings) if headings else ""
    column = f", column = {_value(headings)}" if headings else ""
    return f"{{ {_KEEP} = {_groups(groups)}{column} }}"


def _role_remark(role: str, mapping: Mapping) -> list[str]:
    lines = [f"# {catalogue.text(f'calls.role.{role}', lang)}" for lang in catalogue.LANGUAGES]
    if role in mapping.choices:
        headings = ", ".join(map(_quoted, mapping.choices[role]))
        lines += [
            f"# {catalogue.text('calls.mapping.choice', lang, columns=headings)}"
            for lang in catalogue.LANGUAGES
        ]
    return lines + _keep_remark() if role in mapping.undecided else lines


def _keep_remark() -> list[str]:
    return [f"# {catalogue.text('calls.mapping.keep', lang)}" for lang in catalogue.LANGUAGES]


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


def _groups(groups: Groups) -> str:
    """Return the headings of one group as a list, of several groups as a list of lists."""
    told = ["[" + ", ".join(map(_quoted, group)) + "]" for group in groups]
    return told[0] if len(told) == 1 else "[" + ", ".join(told) + "]"


def _quoted(text: str) -> str:
    """Return `text` as a TOML basic string, whose escapes are those of JSON (and DEL)."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
