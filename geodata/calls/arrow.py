"""Texts of polars columns as bytes and limits, without a Python object for each.

The way out is the Arrow C stream interface (Apache Arrow specification, "The Arrow C stream
interface"), which polars exports and whose layout is fixed for good; `ctypes` reads it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from geodata.calls import value_loops
from geodata.calls.columns import Spans
from geodata.jit import compiled

_VIEW_BYTES = 16
# So many rows tell whether like texts share their place.
_HEAD = 4096
_MOST_RUNS = 100
# Places of a hash table for each text that it has room for; both are powers of two.
_SPREAD = 4
_MIX = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)

Taken = TypeVar("Taken")


class _Array(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_int64),
        ("null_count", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("buffers", ctypes.POINTER(ctypes.c_void_p)),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


class _Schema(ctypes.Structure):
    _fields_ = (
        ("format", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("metadata", ctypes.c_char_p),
        ("flags", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


_Get = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_Release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class _Stream(ctypes.Structure):
    _fields_ = (
        ("get_schema", ctypes.c_void_p),
        ("get_next", ctypes.c_void_p),
        ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


def spans(series: pl.Series) -> Spans:
    """Return the texts of a column as limits in a buffer; null has a negative start.

    Args:
        series: of type String.
    """
    pieces = _each(series, _copy)
    if len(pieces) == 1:
        return pieces[0]
    shifts = [0, *np.cumsum([len(piece.buffer) for piece in pieces])][: len(pieces)]
    nothing = np.zeros(0, np.int64)
    return Spans(
        np.concatenate([piece.buffer for piece in pieces] or [np.zeros(0, np.uint8)]),
        np.concatenate(
            [np.where(p.starts < 0, -1, p.starts + s) for p, s in zip(pieces, shifts, strict=True)]
            or [nothing]
        ),
        np.concatenate(
            [np.where(p.starts < 0, -1, p.ends + s) for p, s in zip(pieces, shifts, strict=True)]
            or [nothing]
        ),
    )


def visit(series: pl.Series, use: Callable[[slice, Spans], None]) -> None:
    """Hand the texts of a column to `use`, run of rows by run of rows, without a copy.

    Args:
        series: of type String.
        use: takes rows and their texts as of `spans`, which are gone when it returns.
    """
    first = 0

    def take(chunk: _Array) -> None:
        nonlocal first
        rows, data = chunk.length, _buffers(chunk)
        starts, ends, owner = (
            np.empty(rows, np.int64),
            np.empty(rows, np.int64),
            np.empty(rows, int),
        )
        _places(data[0].view(np.int32).reshape(-1, 4), _valid(chunk), starts, ends, owner)
        cuts = [0, *(np.flatnonzero(owner[1:] != owner[:-1]) + 1).tolist(), rows]
        if len(cuts) > _MOST_RUNS:
            use(slice(first, first + rows), _copy(chunk))
        else:
            for low, high in pairwise(cuts):
                buffer = data[owner[low]] if high > low else data[0]
                use(
                    slice(first + low, first + high),
                    Spans(buffer, starts[low:high], ends[low:high]),
                )
        first += rows

    _each(series, take)


def numbers(series: pl.Series) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the texts of a column so that unlike ones differ; like ones may have several numbers.

    A text of up to 12 bytes is its own view, and of a longer one that Parquet holds once there is
    one copy, whose place tells it. Where each row has a copy of its own the texts are compared.

    Args:
        series: of type String.

    Returns:
        The number of each row's text, -1 for null; and a row of each number.
    """
    if (found := numbers_by_place(series)) is not None:
        return found
    whole = spans(series)
    return value_loops.encode(whole.buffer, whole.starts, whole.ends)


def numbers_by_place(series: pl.Series) -> tuple[NDArray[np.int32], NDArray[np.int64]] | None:
    """Number the texts of a column as `numbers` does, by their views alone.

    Args:
        series: of type String.

    Returns:
        As of `numbers`; None where so many rows have a text of their own that it does not pay.
    """
    found = []
    for piece in _each(series, _numbered):
        if piece is None:
            return None
        found.append(piece)
    if len(found) == 1:
        return found[0]
    rows = np.cumsum([0, *(len(codes) for codes, _ in found)])
    before = np.cumsum([0, *(len(firsts) for _, firsts in found)])
    return (
        np.concatenate(
            [
                np.where(codes < 0, -1, codes + n)
                for (codes, _), n in zip(found, before, strict=False)
            ]
            or [np.zeros(0, np.int32)]
        ).astype(np.int32),
        np.concatenate(
            [firsts + n for (_, firsts), n in zip(found, rows, strict=False)]
            or [np.zeros(0, np.int64)]
        ),
    )


def _numbered(chunk: _Array) -> tuple[NDArray[np.int32], NDArray[np.int64]] | None:
    skip, valid = chunk.offset, _valid(chunk)
    views = _bytes(chunk.buffers[1], (skip + chunk.length) * _VIEW_BYTES).view(np.uint64)
    views = views.reshape(-1, 2)[skip:]
    room = _HEAD // 4
    if _told(views[:_HEAD], valid[:_HEAD], room) is None:
        return None
    while (found := _told(views, valid, room)) is None:
        room *= 8
    return found


def _told(
    views: NDArray[np.uint64], valid: NDArray[np.bool_], room: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]] | None:
    """Return the number of each row's view and a row of each number; None if more than `room`."""
    codes, firsts = np.empty(len(views), np.int32), np.empty(room, np.int64)
    table = np.full(_SPREAD * room, -1, np.int32)
    found = _tell(views, valid, codes, firsts, table)
    return None if found < 0 else (codes, firsts[:found])


def _each(series: pl.Series, take: Callable[[_Array], Taken]) -> list[Taken]:
    """Return what `take` makes of each chunk of a column; the chunk's memory is gone afterwards."""
    capsule = series.__arrow_c_stream__(None)
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    address = pointer(capsule, b"arrow_array_stream")
    stream = ctypes.cast(address, ctypes.POINTER(_Stream)).contents
    layout = _layout(stream, address)
    if layout != b"vu":
        raise TypeError(f"texts come as {layout!r} from this polars; views (vu) are read")
    return list(_taken(stream, address, take))


def _layout(stream: _Stream, address: int) -> bytes:
    schema = _Schema()
    if _Get(stream.get_schema)(address, ctypes.addressof(schema)) != 0:
        raise OSError("the column's schema cannot be read")
    layout = bytes(schema.format)
    _Release(schema.release)(ctypes.addressof(schema))
    return layout


def _taken(stream: _Stream, address: int, take: Callable[[_Array], Taken]) -> Iterator[Taken]:
    while True:
        chunk = _Array()
        if _Get(stream.get_next)(address, ctypes.addressof(chunk)) != 0:
            raise OSError("the column's values cannot be read")
        if not chunk.release:
            return
        try:
            yield take(chunk)
        finally:
            _Release(chunk.release)(ctypes.addressof(chunk))


def _copy(chunk: _Array) -> Spans:
    """Return the texts of a chunk as limits in one buffer that holds all its bytes."""
    rows, data = chunk.length, _buffers(chunk)
    starts, ends, owner = np.empty(rows, np.int64), np.empty(rows, np.int64), np.empty(rows, int)
    _places(data[0].view(np.int32).reshape(-1, 4), _valid(chunk), starts, ends, owner)
    bases = np.cumsum([0, *(len(buffer) for buffer in data)])[owner]
    there = starts >= 0
    return Spans(np.concatenate(data), np.where(there, starts + bases, -1), ends + bases)


def _buffers(chunk: _Array) -> list[NDArray[np.uint8]]:
    """Return the views of a chunk, and the buffers that they point into."""
    rows, skip, n_data = chunk.length, chunk.offset, chunk.n_buffers - 3
    sizes = [int(size) for size in _bytes(chunk.buffers[2 + n_data], n_data * 8).view(np.int64)]
    views = _bytes(chunk.buffers[1], (skip + rows) * _VIEW_BYTES)[skip * _VIEW_BYTES :]
    return [views, *(_bytes(chunk.buffers[2 + i], size) for i, size in enumerate(sizes))]


def _valid(chunk: _Array) -> NDArray[np.bool_]:
    """Return which rows of a chunk have a value; nothing where all have."""
    if not chunk.buffers[0] or chunk.null_count == 0:
        return np.zeros(0, bool)
    stop = chunk.offset + chunk.length
    bits = np.unpackbits(_bytes(chunk.buffers[0], (stop + 7) // 8), bitorder="little")
    return bits[chunk.offset : stop].astype(bool)


def _bytes(address: int | None, size: int) -> NDArray[np.uint8]:
    if not address or size <= 0:
        return np.zeros(0, np.uint8)
    return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address))


@compiled
def _places(
    views: NDArray[np.int32],
    valid: NDArray[np.bool_],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    owner: NDArray[np.int64],
) -> None:
    """Fill in where each text lies: up to 12 bytes in the view itself, longer ones in a buffer.

    Args:
        views: shape (rows, 4).
        valid: of `_valid`.
        starts, ends: filled, in the text's buffer; -1 for none.
        owner: filled: 0 for the views, else 1 + the number of the buffer; none has that of the row
            before.
    """
    before = 0
    for row in range(len(starts)):
        if len(valid) and not valid[row]:
            starts[row], ends[row] = -1, -1
        else:
            size, start, before = np.int64(views[row, 0]), np.int64(row * 16 + 4), 0
            if size > 12:
                start, before = np.int64(views[row, 3]), views[row, 2] + 1
            starts[row], ends[row] = start, start + size
        owner[row] = before


@compiled
def _tell(
    views: NDArray[np.uint64],
    valid: NDArray[np.bool_],
    codes: NDArray[np.int32],
    firsts: NDArray[np.int64],
    table: NDArray[np.int32],
) -> int:
    """Number the views of a chunk in the order of their first appearance.

    Args:
        views: shape (rows, 2).
        valid: of `_valid`.
        codes: filled: the number of each row's view, -1 for null, shape (rows,).
        firsts: filled: the first row of each number, with room for the most that there may be.
        table: -1 throughout; its length is a power of two, and greater than that of `firsts`.

    Returns:
        How many numbers there are; -1 where they are more than there is room for.
    """
    mask, count, all_valid = np.uint64(len(table) - 1), 0, len(valid) == 0
    for row in range(len(codes)):
        if all_valid or valid[row]:
            low, high = views[row, 0], views[row, 1]
            mixed = (low * _MIX) ^ high
            place = (((mixed ^ (mixed >> _HALF)) * _MIX) >> _HALF) & mask
            while True:
                code = table[place]
                if code < 0:
                    if count == len(firsts):
                        return -1
                    firsts[count], table[place], code = row, count, count
                    count += 1
                    break
                first = firsts[code]
                if views[first, 0] == low and views[first, 1] == high:
                    break
                place = (place + np.uint64(1)) & mask
            codes[row] = code
        else:
            codes[row] = -1
    return count
