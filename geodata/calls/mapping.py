"""Which columns of call records say what: found by their headings, or told by the user."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from geodata.calls import roles
from geodata.calls.table import STAMPS, STARTS
from geodata.errors import Fault, InputError, shorten
from geodata.notices import Notice


@dataclass(frozen=True)
class Stamp:
    """Where a stamp stands.

    Attributes:
        columns: headings that hold it; the first that a file has is read.
        date: headings of the date column that belongs to this stamp alone, where the stamp is a
            mere time of day.
        format: one of `stamps.FORMATS`.
    """

    columns: tuple[str, ...]
    date: tuple[str, ...] = ()
    format: str = "auto"


@dataclass(frozen=True)
class Mapping:
    """Which columns say what.

    Attributes:
        stamps: by name of `table.STAMPS`.
        columns: headings of ``call_id``, ``date``, ``lon``, ``lat`` and the descriptive texts; the
            first heading that a file has is read.
        encoding: ``auto``, ``utf-8``, ``utf-16`` or ``gb18030``.
        separator: ``auto`` or one of ``, ; | `` and tab.
        sheet: name of the sheet of workbooks; blank for all sheets with calls in them.
        headings: all headings of the files, where known; only shown to the user.
        undecided: by role (``<stamp>.date`` for the date of one stamp), groups of headings that fit
            it equally well and of which the user has to keep one before files are opened.
        choices: headings that fit a role equally well, the first of which is read; only shown to
            the user.
    """

    stamps: dict[str, Stamp] = field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    encoding: str = "auto"
    separator: str = "auto"
    sheet: str = ""
    undecided: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    headings: tuple[str, ...] = field(default=(), compare=False)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False)

    def merged(self, other: Mapping) -> Mapping:
        """Return a mapping with what `other` adds: further stamps, roles, groups and headings."""
        stamps = dict(self.stamps)
        for name, theirs in other.stamps.items():
            mine = stamps.get(name, Stamp(()))
            stamps[name] = Stamp(
                union(mine.columns, theirs.columns), union(mine.date, theirs.date), mine.format
            )
        columns = {
            role: union(self.columns.get(role, ()), other.columns.get(role, ()))
            for role in (*self.columns, *(r for r in other.columns if r not in self.columns))
        }
        undecided = {
            role: union(self.undecided.get(role, ()), other.undecided.get(role, ()))
            for role in self.undecided | other.undecided
        }
        return Mapping(
            {name: stamps[name] for name in STAMPS if name in stamps},
            {role: columns[role] for role in roles.ROLES if role in columns},
            self.encoding,
            self.separator,
            self.sheet,
            undecided,
            union(self.headings, other.headings),
            self.choices | other.choices,
        )


@dataclass(frozen=True)
class Detection:
    """What headings gave: a mapping, what is wrong with it, and what is worth knowing."""

    mapping: Mapping
    faults: tuple[Fault, ...]
    notices: tuple[Notice, ...]


def detect(columns: Sequence[str], *, where: str = "") -> Mapping:
    """Return the mapping that headings suggest.

    Args:
        columns: headings of one file.
        where: name of the file, for messages.

    Raises:
        InputError: with every fault: two columns that fit a stamp, the call's number or the
            position equally well; no stamp from which a response could start; no arrival.

    Example:
        >>> detect(["流水号", "受理时间", "到达现场时间"]).stamps["arrive"].columns
        ('到达现场时间',)
    """
    found = survey(columns, where=where)
    if found.faults:
        raise InputError(found.faults)
    return found.mapping


def survey(columns: Sequence[str], *, where: str = "") -> Detection:
    """Return what headings suggest together with all faults, as `detect` without raising."""
    named: dict[str, dict[int, list[str]]] = {}
    known = roles.headings()
    for heading in columns:
        if fits := known.get(roles.key(heading)):
            named.setdefault(fits[0], {}).setdefault(fits[1], []).append(heading)
    chosen: dict[str, str] = {}
    choices: dict[str, tuple[str, ...]] = {}
    undecided: dict[str, tuple[str, ...]] = {}
    faults: list[Fault] = []
    notices: list[Notice] = []
    for role, ranks in named.items():
        # A heading that occurs twice is no choice that a mapping could make.
        best = tuple(dict.fromkeys(ranks[min(ranks)]))
        params: dict[str, object] = {"role": role, "columns": listed(best)}
        if len(best) > 1 and role.partition(".")[0] in roles.DECISIVE:
            undecided[role] = best
            faults.append(Fault("calls_ambiguous", where or role, None, params))
            continue
        chosen[role] = best[0]
        if len(best) > 1:
            choices[role] = best
            notices.append(Notice("calls_choice", where or role, best[0], params))
    mapping = _mapping(chosen, undecided, tuple(columns), choices)
    faults += missing({*mapping.stamps, *undecided}, columns, where)
    return Detection(mapping, tuple(faults), tuple(notices))


def missing(stamps: Iterable[str], columns: Sequence[str], where: str) -> list[Fault]:
    """Return faults for the stamps without which there is no response time."""
    given = set(stamps)
    params: dict[str, object] = {"columns": listed(columns)}
    found = []
    if "arrive" not in given:
        found.append(Fault("calls_no_arrive", where or "columns", None, params))
    if not given & set(STARTS):
        found.append(Fault("calls_no_start", where or "columns", None, params))
    return found


def _mapping(
    chosen: dict[str, str],
    undecided: dict[str, tuple[str, ...]],
    headings: tuple[str, ...],
    choices: dict[str, tuple[str, ...]],
) -> Mapping:
    stamps = {}
    for stamp in STAMPS:
        day = chosen.get(f"{stamp}.date")
        if stamp in chosen or (day and stamp in undecided):
            columns = (chosen[stamp],) if stamp in chosen else ()
            stamps[stamp] = Stamp(columns, (day,) if day else ())
    found: dict[str, tuple[str, ...]] = {
        role: (chosen[role],) for role in roles.ROLES if role in chosen and role not in STAMPS
    }
    groups: dict[str, tuple[tuple[str, ...], ...]] = {
        role: (group,) for role, group in undecided.items()
    }
    dates = [role for role in (*chosen, *undecided) if role.endswith(".date")]
    if "date" not in found and len(dates) == 1:
        # With the date of one stamp only, that date serves all of them.
        if dates[0] in chosen:
            found = {"date": (chosen[dates[0]],), **found}
            stamps = {name: Stamp(s.columns, (), s.format) for name, s in stamps.items()}
            stamps = {name: s for name, s in stamps.items() if s.columns}
        else:
            groups["date"] = groups.pop(dates[0])
    # The date of a stamp that the headings lack is of no use.
    known = {*roles.ROLES, *(f"{name}.date" for name in (*stamps, *undecided))}
    groups = {role: group for role, group in groups.items() if role in known}
    return Mapping(stamps, found, undecided=groups, headings=headings, choices=choices)


_Item = TypeVar("_Item")


def union(first: tuple[_Item, ...], second: tuple[_Item, ...]) -> tuple[_Item, ...]:
    """Return the items of both, each once and in the order in which they come."""
    return tuple(dict.fromkeys((*first, *second)))


def listed(columns: Sequence[str]) -> str:
    """Return headings on one line for a message, long ones and long lists cut."""
    names = [shorten(name, limit=30) for name in columns[:40]]
    return ", ".join(names) + (" …" if len(columns) > 40 else "")
