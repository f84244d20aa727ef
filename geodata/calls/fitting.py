"""A mapping fitted to the headings of one file, and first rows tried before millions are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    """

    def __init__(self, given: Mapping | None, crs: str, tz: str) -> None:
        self.given, self.crs, self.tz = given, crs, tz
        self.encoding = given.encoding if given else "auto"
        self.separator = given.separator if given else "auto"
        self.sheet = given.sheet if given else ""
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
            mapping, faults = self.given, []
            present = {
                stamp
                for stamp, s in mapping.stamps.items()
                if _first(s.columns, headings) is not None
            }
            faults += mappings.missing(present, headings, name)
        else:
            found = mappings.survey(headings, where=name)
            mapping, faults, notices = found.mapping, list(found.faults), found.notices
            self._found = self._found.merged(mapping)
        reading = self._reading(mapping, headings)
        tidied = [tidy(heading) for heading in headings]
        for column in reading.wanted:
            heading = tidied[column]
            if tidied.count(heading) > 1 and not any(f.key == "calls_ambiguous" for f in faults):
                faults.append(Fault("calls_column_twice", name, heading))
        if faults:
            raise InputError(faults)
        return Fitted(reading, notices)

    def mapping(self) -> Mapping:
        """Return the mapping over all files.

        Raises:
            InputError: if the user's mapping names columns that no file has.
        """
        if self.given is None:
            return self._found
        faults = [
            Fault("calls_mapped_missing", role, ", ".join(headings))
            for role, headings in _headings_of(self.given)
            if role not in self._matched
        ]
        if faults:
            raise InputError(faults)
        return self.given

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
    return {tidy(heading) for _, headings in _headings_of(mapping) for heading in headings}


def _named(reading: Reading, headings: Sequence[str]) -> Reading:
    names = tuple((column, headings[column]) for column in reading.wanted)
    return Reading(**{**reading.__dict__, "names": names})
