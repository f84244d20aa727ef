"""A mapping fitted to the headings of one file, and first rows tried before millions are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from geodata.calls import mapping as mappings
from geodata.calls import roles, stamps
from geodata.calls.mapping import Mapping, Stamp
from geodata.calls.reading import NONE, Reading
from geodata.calls.table import STAMPS, TEXTS
from geodata.errors import Fault, InputError
from geodata.notices import Notice

Rows = Sequence[Sequence[str]]

_USABLE = frozenset((stamps.LOCAL, stamps.UTC, stamps.TIME))
_DATED = frozenset((stamps.DATE, stamps.LOCAL))
_LONGEST_HEADING = 60

OF_MAPPINGS: Final = frozenset(
    (
        *("calls_ambiguous", "calls_no_arrive", "calls_no_start", "calls_mapped_missing"),
        *("calls_column_twice", "calls_column_type", "calls_day_month", "calls_date_only"),
        *("calls_not_stamps", "calls_not_dates", "calls_no_date"),
    )
)
"""Faults of what is taken from which column: the file itself can be read."""


@dataclass(frozen=True)
class Fitted:
    """How a file is read, and what is worth knowing about it."""

    reading: Reading
    notices: tuple[Notice, ...]


class Fitter:
    """Fits one mapping, given or told by the headings, to file after file.

    Args:
        given: the user's mapping, or None.
        crs, tz: see `reading.Reading`.

    Attributes:
        refused: what the headings with faults gave; for drafts.
    """

    def __init__(self, given: Mapping | None, crs: str, tz: str) -> None:
        self.given, self.crs, self.tz = given, crs, tz
        self.encoding = given.encoding if given else "auto"
        self.separator = given.separator if given else "auto"
        self.sheet = given.sheet if given else ""
        self.refused: list[Mapping] = []
        self._found = Mapping()
        self._matched: set[str] = set()

    def hits(self, cells: Sequence[str]) -> int:
        """Return how many cells of a row are known headings, 0 if too few to be no chance."""
        if self.given:
            return len({tidy(cell) for cell in cells} & _all_headings(self.given))
        known = roles.headings()
        found = {known[key][0] for cell in cells if (key := roles.key(cell)) in known}
        return len(found) if len(found) > 1 else 0

    def fit(self, headings: Sequence[str], name: str) -> Fitted:
        """Return how a file with these headings is read.

        Raises:
            InputError: with every fault of the headings.
        """
        notices: tuple[Notice, ...] = ()
        if self.given:
            mapping, faults, seen = self.given, [], Mapping(headings=tuple(headings))
            present = {
                stamp
                for stamp, s in mapping.stamps.items()
                if _first(s.columns, headings) is not None
            }
            present |= mapping.undecided.keys()
            faults += mappings.missing(present, headings, name)
        else:
            found = mappings.survey(headings, where=name)
            mapping, faults, notices = found.mapping, list(found.faults), found.notices
            seen = mapping
        reading = self._reading(mapping, headings)
        tidied = [tidy(heading) for heading in headings]
        for column in reading.wanted:
            heading = tidied[column]
            if tidied.count(heading) > 1:
                faults.append(Fault("calls_column_twice", name, heading))
        if faults:
            self.refused.append(seen)
            raise InputError(faults)
        self._found = self._found.merged(seen)
        return Fitted(reading, notices)

    def mapping(self) -> Mapping:
        """Return the mapping over all files.

        Raises:
            InputError: if the user's mapping names columns that no file has.
        """
        if faults := self.unmatched():
            raise InputError(faults)
        return replace(self.given, headings=self._found.headings) if self.given else self._found

    def draft(self) -> Mapping:
        """Return the mapping over all files, of those too whose headings have faults."""
        found = self._found
        for refused in self.refused:
            found = found.merged(refused)
        return replace(self.given, headings=found.headings) if self.given else found

    def unmatched(self) -> list[Fault]:
        """Return a fault for every role whose column the user's mapping names and no file has."""
        return [
            Fault("calls_mapped_missing", role, ", ".join(headings))
            for role, headings in _headings_of(self.given or Mapping())
            if headings and role not in self._matched
        ]

    def _reading(self, mapping: Mapping, headings: Sequence[str]) -> Reading:
        def at(role: str, wanted: Sequence[str]) -> int:
            column = _first(wanted, headings)
            if column is None:
                return NONE
            self._matched.add(role)
            return column

        def of(role: str) -> int:
            return at(role, mapping.columns.get(role, ()))

        given = [mapping.stamps.get(stamp, Stamp(())) for stamp in STAMPS]
        columns = [at(stamp, s.columns) for stamp, s in zip(STAMPS, given, strict=True)]
        shared = of("date")
        dates = [at(f"{stamp}.date", s.date) for stamp, s in zip(STAMPS, given, strict=True)]
        days = tuple(sorted({day for day in (shared, *dates) if day != NONE}))
        seen = {shared, NONE}
        day_of = []
        for day in dates:
            # Of stamps that share a date column only the first is surely on that date.
            day_of.append(NONE if day in seen else days.index(day))
            seen.add(day)
        reading = Reading(
            columns=len(headings),
            names=(),
            call_id=of("call_id"),
            lon=of("lon"),
            lat=of("lat"),
            stamps=tuple(columns),
            formats=tuple(stamps.FORMATS.index(s.format) for s in given),
            days=days,
            day_of=tuple(day_of),
            shared=days.index(shared) if shared != NONE else NONE,
            texts=tuple(of(text) for text in TEXTS),
            crs=self.crs,
            tz=self.tz,
        )
        return _named(reading, headings)


def try_out(reading: Reading, sample: Rows, name: str) -> list[Fault]:
    """Return faults of columns in which no value of the first rows can be read.

    Args:
        reading: how the file is read.
        sample: its first rows as text, a cell for every column.
        name: the file, for messages.
    """
    faults, usable = [], set()
    for stamp, column, form in zip(STAMPS, reading.stamps, reading.formats, strict=True):
        if column == NONE:
            continue
        cells = _cells(sample, column)
        kinds = {stamps.parse(cell, form).kind for cell in cells}
        usable |= kinds
        if cells and not kinds & _USABLE:
            faults.append(_stamp_fault(cells[0], kinds, f"{name}, {stamp}"))
    dated = False
    for column in reading.days:
        cells = _cells(sample, column)
        kinds = {stamps.parse(cell).kind for cell in cells}
        dated |= bool(kinds & _DATED)
        if cells and not kinds & _DATED:
            place = f"{name}, {reading.name(column)}"
            faults.append(Fault("calls_not_dates", place, cells[0]))
    if not faults and usable == {stamps.TIME} and not dated:
        faults.append(Fault("calls_no_date", name))
    return faults


def is_of_calls(faults: Iterable[Fault]) -> bool:
    """Return whether headings with these faults are of calls: no stamp that is needed lacks."""
    return not {fault.key for fault in faults} & {"calls_no_arrive", "calls_no_start"}


def likely(cells: Sequence[str]) -> int:
    """Return how many cells of a row look like headings, 0 if too few, or if one cannot be any.

    Example:
        >>> likely(["编号", "开始", "到了"]), likely(["1", "2024-03-01 10:00", "122.2"])
        (3, 0)
    """
    words = {tidy(cell) for cell in cells} - {""}
    if any(len(w) > _LONGEST_HEADING or not w.isprintable() or "\ufffd" in w for w in words):
        return 0
    found = sum(any(sign.isalpha() for sign in word) for word in words)
    return found if found > 1 else 0


def tidy(heading: str) -> str:
    """Return a heading on one line, without blanks around it or a byte order mark."""
    return " ".join(heading.replace("\ufeff", "").split())


def _stamp_fault(example: str, kinds: set[int], where: str) -> Fault:
    orders = (stamps.DMY, stamps.MDY, stamps.YMD)
    if any(stamps.parse(example, form).kind in _USABLE for form in orders):
        return Fault("calls_day_month", where, example)
    if kinds == {stamps.DATE}:
        return Fault("calls_date_only", where, example)
    return Fault("calls_not_stamps", where, example)


def _cells(sample: Rows, column: int) -> list[str]:
    """Return what a column of the sample says, blanks left out."""
    cells = [row[column] for row in sample if column < len(row)]
    return [cell for cell in cells if stamps.parse(cell).kind != stamps.BLANK]


def _first(wanted: Sequence[str], headings: Sequence[str]) -> int | None:
    """Return the index of the first of the wanted headings that a file has."""
    places = {tidy(heading): i for i, heading in reversed(list(enumerate(headings)))}
    return next((places[tidy(w)] for w in wanted if tidy(w) in places), None)


def _headings_of(mapping: Mapping) -> list[tuple[str, tuple[str, ...]]]:
    found = list(mapping.columns.items())
    for name, stamp in mapping.stamps.items():
        found.append((name, stamp.columns))
        if stamp.date:
            found.append((f"{name}.date", stamp.date))
    return found


def _all_headings(mapping: Mapping) -> set[str]:
    decided = [heading for _, headings in _headings_of(mapping) for heading in headings]
    groups = [group for groups in mapping.undecided.values() for group in groups]
    return {tidy(heading) for heading in (*decided, *(h for group in groups for h in group))}


def _named(reading: Reading, headings: Sequence[str]) -> Reading:
    names = tuple((column, headings[column]) for column in reading.wanted)
    return Reading(**{**reading.__dict__, "names": names})
