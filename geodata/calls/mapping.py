"""Which columns of call records say what: found by their headings, or told by the user."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

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
        choices: headings that fit a role equally well; only shown to the user.
    """

    stamps: dict[str, Stamp] = field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    encoding: str = "auto"
    separator: str = "auto"
    sheet: str = ""
    headings: tuple[str, ...] = field(default=(), compare=False)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False)

    def merged(self, other: Mapping) -> Mapping:
        """Return a mapping with what `other` adds: further stamps, roles and headings."""
        stamps = dict(self.stamps)
        for name, theirs in other.stamps.items():
            mine = stamps.get(name, Stamp(()))
            stamps[name] = Stamp(
                _union(mine.columns, theirs.columns), _union(mine.date, theirs.date), mine.format
            )
        columns = {
            role: _union(self.columns.get(role, ()), other.columns.get(role, ()))
            for role in (*self.columns, *(r for r in other.columns if r not in self.columns))
        }
        return Mapping(
            {name: stamps[name] for name in STAMPS if name in stamps},
            {role: columns[role] for role in roles.ROLES if role in columns},
            self.encoding,
            self.separator,
            self.sheet,
            _union(self.headings, other.headings),
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
    faults: list[Fault] = []
    notices: list[Notice] = []
    for role, ranks in named.items():
        best = ranks[min(ranks)]
        chosen[role] = best[0]
        if len(best) == 1:
            continue
        choices[role] = tuple(best)
        params: dict[str, object] = {"role": role, "columns": _listed(best)}
        if role.partition(".")[0] in roles.DECISIVE:
            faults.append(Fault("calls_ambiguous", where or role, None, params))
        else:
            notices.append(Notice("calls_choice", where or role, best[0], params))
    mapping = _mapping(chosen, tuple(columns), choices)
    faults += missing(mapping.stamps, columns, where)
    return Detection(mapping, tuple(faults), tuple(notices))


def missing(stamps: Iterable[str], columns: Sequence[str], where: str) -> list[Fault]:
    """Return faults for the stamps without which there is no response time."""
    given = set(stamps)
    params: dict[str, object] = {"columns": _listed(columns)}
    found = []
    if "arrive" not in given:
        found.append(Fault("calls_no_arrive", where or "columns", None, params))
    if not given & set(STARTS):
        found.append(Fault("calls_no_start", where or "columns", None, params))
    return found


def _mapping(
    chosen: dict[str, str], headings: tuple[str, ...], choices: dict[str, tuple[str, ...]]
) -> Mapping:
    stamps = {}
    for stamp in STAMPS:
        if stamp in chosen:
            day = chosen.get(f"{stamp}.date")
            stamps[stamp] = Stamp((chosen[stamp],), (day,) if day else ())
    columns: dict[str, tuple[str, ...]] = {
        role: (chosen[role],) for role in roles.ROLES if role in chosen and role not in STAMPS
    }
    if "date" not in columns:
        # With the date of one stamp only, that date serves all of them.
        dates = [day for role, day in chosen.items() if role.endswith(".date")]
        if len(dates) == 1:
            columns = {"date": (dates[0],), **columns}
            stamps = {name: Stamp(s.columns, (), s.format) for name, s in stamps.items()}
    return Mapping(stamps, columns, headings=headings, choices=choices)


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _listed(columns: Sequence[str]) -> str:
    names = [shorten(name, limit=30) for name in columns[:40]]
    return ", ".join(names) + (" …" if len(columns) > 40 else "")
