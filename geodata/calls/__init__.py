"""Call records in: files of a 120 centre become one canonical table, read in parts.

`open` tells what the files are and which columns say what, `Source.parts` cuts them, `read` turns a
part into rows of `geodata.calls.table.SCHEMA`. Nothing is dropped and nothing repaired: a row that
cannot be read is there and says why. Columns without a role (addresses, names, phones) are never
taken out of the bytes.

Example:
    >>> source = open("calls_2024.csv")  # doctest: +SKIP
    >>> rows = sum(len(read(part)) for part in source.parts())  # doctest: +SKIP
"""

from geodata.calls.mapping import Mapping, Stamp
from geodata.calls.opening import File
from geodata.calls.reading import Part
from geodata.calls.source import Draft, Source, draft, open, read  # noqa: A004

__all__ = ["Draft", "File", "Mapping", "Part", "Source", "Stamp", "draft", "open", "read"]
