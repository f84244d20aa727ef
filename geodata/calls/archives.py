"""Packed files unpacked into a folder, within limits that a real export never meets."""

from __future__ import annotations

import codecs
import gzip
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from geodata.errors import Fault, InputError

ENTRIES: Final = 10_000
"""Most files in one archive."""
UNPACKED: Final = 64 << 30
"""Most bytes that one archive may unpack to."""
RATIO: Final = 250
"""Most bytes unpacked from one byte packed: tables of calls reach 5 to 40."""
RATIO_FROM: Final = 64 << 20
"""Unpacked bytes from which the ratio counts."""
BOOK: Final = 4 << 30
"""Most bytes that the inner files of a workbook may unpack to: they are read into memory."""
_BLOCK = 1 << 20
_DEFLATE_MOST = 1032
_SPARE_DISK = 256 << 20


@dataclass(frozen=True)
class Limits:
    """Limits on what an archive may unpack to; the defaults are this module's constants."""

    entries: int = ENTRIES
    unpacked: int = UNPACKED
    ratio: int = RATIO
    ratio_from: int = RATIO_FROM
    book: int = BOOK


def gunzip(path: Path, target: Path, name: str, limits: Limits) -> None:
    """Unpack a gzip file.

    Raises:
        InputError: if it breaks off, is broken, or unpacks to more than `limits` allow.
    """
    try:
        with path.open("rb") as packed, gzip.open(packed) as file:
            _copy(file, target, name, limits, packed.tell)
    except EOFError as error:
        raise InputError(Fault("calls_truncated", name)) from error
    except (OSError, zlib.error) as error:
        raise InputError(Fault("calls_packed_broken", name, None, {"reason": error})) from error


def is_workbook(path: Path) -> bool:
    """Return whether a zip file is a workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist()[: ENTRIES * 10])
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return bool(names & {"xl/workbook.xml", "xl/workbook.bin"})


def members(path: Path, name: str, limits: Limits) -> list[zipfile.ZipInfo]:
    """Return the files of a zip archive in order of their names, folders and junk left out.

    Raises:
        InputError: if the archive is broken, encrypted, or declares more than `limits` allow.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(Fault("calls_packed_broken", name, None, {"reason": error})) from error
    if len(found) > limits.entries:
        raise InputError(Fault("calls_bomb_entries", name, len(found), {"limit": limits.entries}))
    kept = [info for info in found if not info.is_dir() and not _is_junk(info.filename)]
    faults = [
        Fault("calls_packed_password", f"{name} / {shown(info)}")
        for info in kept
        if info.flag_bits & 1
    ]
    unpacked = sum(info.file_size for info in kept)
    packed = max(sum(info.compress_size for info in kept), 1)
    if fault := _bomb(name, unpacked, packed, limits):
        faults.append(fault)
    if faults:
        raise InputError(faults)
    return sorted(kept, key=lambda info: info.filename)


def unzip(path: Path, info: zipfile.ZipInfo, target: Path, name: str, limits: Limits) -> None:
    """Unpack one file of a zip archive; never more of it than the archive declares.

    Raises:
        InputError: if it is broken or packed in a way that is not read.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(info) as file:
            _copy(file, target, name, limits, lambda: info.compress_size)
    except EOFError as error:
        raise InputError(Fault("calls_truncated", name)) from error
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
        raise InputError(Fault("calls_packed_broken", name, None, {"reason": error})) from error


def shown(info: zipfile.ZipInfo) -> str:
    """Return the name of a zip entry; names without a mark of UTF-8 are tried as GB18030."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return info.filename


def check_book(path: Path, name: str, limits: Limits) -> None:
    """Check that a workbook's inner files unpack to what can be held in memory.

    What the archive declares is not believed: unless the packed bytes are too few to do harm, they
    are unpacked once to be counted.

    Raises:
        InputError: if they are too large, encrypted or broken.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = archive.infolist()
            if len(found) > limits.entries:
                params: dict[str, object] = {"limit": limits.entries}
                raise InputError(Fault("calls_bomb_entries", name, len(found), params))
            declared = sum(info.file_size for info in found)
            packed = max(path.stat().st_size, 1)
            if declared <= limits.book and packed * _DEFLATE_MOST > limits.book:
                declared = max(declared, _counted(path, found, limits.book))
    except (zipfile.BadZipFile, OSError, ValueError, zlib.error, NotImplementedError) as error:
        raise InputError(Fault("calls_packed_broken", name, None, {"reason": error})) from error
    if declared > limits.book:
        raise InputError(_too_large(name, declared, limits.book))
    if fault := _bomb(name, declared, packed, limits):
        raise InputError(fault)


def from_utf16(path: Path, target: Path) -> None:
    """Write a text file in UTF-16 with a byte order mark again in UTF-8.

    What is no character becomes U+FFFD.
    """
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
    with path.open("rb") as file, target.open("wb") as out:
        for block in _blocks(file):
            out.write(decoder.decode(block).encode("utf-8", errors="replace"))
        out.write(decoder.decode(b"", final=True).encode("utf-8", errors="replace"))


def _counted(path: Path, found: list[zipfile.ZipInfo], most: int) -> int:
    """Return how many bytes the deflated entries really unpack to, at least `most` + 1 if more."""
    total = 0
    with path.open("rb") as file:
        for info in found:
            if info.compress_type != zipfile.ZIP_DEFLATED:
                continue
            file.seek(info.header_offset + 26)
            lengths = file.read(4)
            file.seek(sum(int.from_bytes(lengths[i : i + 2], "little") for i in (0, 2)), 1)
            total += _inflated(file, info.compress_size, most - total)
            if total > most:
                break
    return total


def _inflated(file: IO[bytes], left: int, most: int) -> int:
    stream, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while left > 0 and total <= most and (block := file.read(min(left, _BLOCK))):
        left -= len(block)
        while block and not stream.eof and total <= most:
            total += len(stream.decompress(block, _BLOCK * 4))
            block = stream.unconsumed_tail
    return total


def _copy(
    file: IO[bytes] | gzip.GzipFile,
    target: Path,
    name: str,
    limits: Limits,
    packed: Callable[[], int],
) -> None:
    """Write what `file` unpacks to, watching its size, its ratio and the disk."""
    total = 0
    with target.open("wb") as out:
        for block in _blocks(file):
            total += len(block)
            if fault := _bomb(name, total, max(packed(), 1), limits):
                raise InputError(fault)
            if total % (64 * _BLOCK) < len(block):
                free = shutil.disk_usage(target.parent).free
                if free < _SPARE_DISK:
                    raise InputError(Fault("calls_disk", name, str(target.parent)))
            out.write(block)


def _blocks(file: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _bomb(name: str, unpacked: int, packed: int, limits: Limits) -> Fault | None:
    if unpacked > limits.unpacked:
        return _too_large(name, unpacked, limits.unpacked)
    if unpacked > limits.ratio_from and unpacked > packed * limits.ratio:
        params: dict[str, object] = {"limit": limits.ratio}
        return Fault("calls_bomb_ratio", name, unpacked // packed, params)
    return None


def _too_large(name: str, size: int, limit: int) -> Fault:
    params: dict[str, object] = {"limit": f"{limit / 2**30:.3g}"}
    return Fault("calls_bomb_size", name, f"{size / 2**30:.3g}", params)


def _is_junk(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts or parts[-1].startswith((".", "~$")) or not parts[-1]
