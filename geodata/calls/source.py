"""Files of call records opened: found, unpacked, told apart, mapped and checked; then cut in parts.

`open` reads headings and small samples only. Everything wrong is collected and raised at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from geodata.calls import fitting, given, mapping_file, parquet, sheets, text, zones
from geodata.calls.archives import Limits
from geodata.calls.columns import Columns
from geodata.calls.mapping import Mapping
from geodata.calls.opening import File, Opener
from geodata.calls.reading import Part
from geodata.errors import Fault, InputError
from geodata.notices import Notice


@dataclass(frozen=True)
class Source:
    """Files of call records, ready to be read in parts.

    Attributes:
        files: tables in reading order.
        mapping: which columns say what, over all files.
        notices: what was chosen or left out.
    """

    files: tuple[File, ...]
    mapping: Mapping
    notices: tuple[Notice, ...]
    _keep: object = field(default=None, repr=False, compare=False)

    def parts(self, *, bytes_per_part: int = text.BYTES_PER_PART) -> list[Part]:
        """Return all parts in reading order; the rows do not depend on `bytes_per_part`.

        Args:
            bytes_per_part: bytes of a text file in a part; of Parquet a row for every 192 of them;
                sheets are read whole.
        """
        found: list[Part] = []
        for index, file in enumerate(self.files):
            if file.kind == "text":
                found += text.parts(
                    file.data,
                    file=index,
                    begin=file.begin,
                    line=file.line,
                    reading=file.reading,
                    form=file.form,
                    bytes_per_part=bytes_per_part,
                )
            elif file.kind == "parquet":
                found += parquet.parts(
                    file.data, file=index, reading=file.reading, bytes_per_part=bytes_per_part
                )
            else:
                last = sheets.LAST_ROW
                found.append(
                    Part(
                        index,
                        "sheet",
                        file.data,
                        file.begin,
                        last,
                        file.reading,
                        sheet=file.sheet,
                    )
                )
        return found


@dataclass(frozen=True)
class Draft:
    """A mapping to be edited.

    Attributes:
        text: the mapping as the text of a TOML file.
        left: what has to be settled in it before files can be opened with it.
        unread: why files or sheets could not be looked at.
    """

    text: str
    left: tuple[Fault, ...]
    unread: tuple[Fault, ...]


def open(  # noqa: A001 - callers write `calls.open`, as they write `gzip.open`
    paths: Path | str | Iterable[Path | str],
    *,
    mapping: Mapping | Path | str | None = None,
    crs: str = "wgs84",
    tz: str = zones.DEFAULT,
    unpack_to: Path | str | None = None,
    limits: Limits | None = None,
) -> Source:
    """Open files of call records.

    Args:
        paths: files, folders (taken with all below) and patterns such as ``2024*.csv``.
        mapping: which columns say what, or a TOML file of it; None to tell by the headings.
        crs: of the positions: ``wgs84``, ``gcj02`` or ``bd09``.
        tz: zone of the audit's clock; stamps without a zone are on it already.
        unpack_to: folder for what archives and files in UTF-16 hold, which must last as long as
            parts are read (and be seen by every worker that reads them); None for a temporary one
            that goes with the source.
        limits: on what archives may unpack to.

    Raises:
        InputError: with every fault of every file.
    """
    opener = Opener(mapping, crs, tz, unpack_to=unpack_to, limits=limits)
    if faults := mapping_file.undecided(opener.fitter.given or Mapping(), where=opener.told_in):
        raise InputError(faults)
    found, skipped = given.find(paths)
    opener.add(found)
    files, told = opener.tables(), opener.fitter.mapping()
    return Source(files, told, (*skipped, *opener.notices), opener.keep)


def draft(
    paths: Path | str | Iterable[Path | str],
    *,
    mapping: Mapping | Path | str | None = None,
    crs: str = "wgs84",
    tz: str = zones.DEFAULT,
    limits: Limits | None = None,
) -> Draft:
    """Return a mapping file for the user to edit, however little the headings say.

    Args:
        paths, mapping, crs, tz, limits: as of `open`.

    Raises:
        InputError: if there are no headings to be read at all.
    """
    opener = Opener(mapping, crs, tz, limits=limits, is_draft=True)
    found, _ = given.find(paths)
    opener.add(found)
    drawn = opener.fitter.draft()
    if not drawn.headings:
        raise InputError(opener.faults)
    faults = (*opener.faults, *opener.fitter.unmatched())
    unread = tuple(fault for fault in faults if fault.key not in fitting.OF_MAPPINGS)
    left = [fault for fault in faults if fault.key in fitting.OF_MAPPINGS]
    # Without a mapping, the faults of the headings tell the same.
    open_in = mapping_file.undecided(opener.fitter.given or Mapping(), where=opener.told_in)
    return Draft(mapping_file.dump(drawn), (*open_in, *left), unread)


def read(part: Part) -> Columns:
    """Return the columns of a part; ``read(part).table()`` is its canonical table.

    Uses one thread for most of its work and lets others run meanwhile: read parts side by side in
    threads or processes.

    Raises:
        InputError: if the file is gone, was changed or breaks off.
    """
    readers = {"text": text.read, "parquet": parquet.read, "sheet": sheets.read}
    try:
        return readers[part.kind](part)
    except FileNotFoundError as error:
        raise InputError(Fault("calls_missing", Path(part.path).name)) from error
