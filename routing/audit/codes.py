"""Texts as small numbers: a dictionary a part, merged into one of all parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from routing.audit import loops

MOST_GROUPS = 5_000
"""A column with more different values than this is no grouping: it is left out of the tables."""


@dataclass(frozen=True)
class Coded:
    """A column as numbers.

    Attributes:
        codes: 0 for missing, else 1 + position in `labels`; uint32, shape (n,).
        labels: the different texts, in order.
    """

    codes: NDArray[np.uint32]
    labels: tuple[str, ...]


def encode(column: pl.Series) -> Coded:
    """Return a column of texts or categories as numbers."""
    if column.dtype == pl.Null or column.null_count() == len(column):
        return Coded(np.zeros(len(column), np.uint32), ())
    if not isinstance(column.dtype, (pl.Categorical, pl.Enum)):
        column = column.cast(pl.String).cast(pl.Categorical)
    codes, missing = _physical(column)
    first = np.full(int(codes.max()) + 1, -1, np.int64)
    loops.firsts(codes, first)
    first[missing:] = -1
    used = np.flatnonzero(first >= 0)
    texts = column.gather(first[used]).cast(pl.String).to_list()
    order = sorted(range(len(texts)), key=texts.__getitem__)
    table = np.zeros(len(first), np.uint32)
    table[used[order]] = np.arange(1, len(order) + 1, dtype=np.uint32)
    return Coded(table[codes], tuple(texts[i] for i in order))


def _physical(column: pl.Series) -> tuple[NDArray[np.uint32], int]:
    """Return the codes of the library's own dictionary, and that which stands for missing."""
    physical = column.to_physical()
    missing = int(physical.max()) + 1  # type: ignore[arg-type]
    physical = physical.cast(pl.UInt32)
    if physical.null_count():
        physical = physical.fill_null(missing)
    return fixed(physical.to_numpy()), missing


def renumbered(codes: NDArray[np.int32], labels: Sequence[str]) -> Coded:
    """Return numbers of texts in the order of those texts, in the narrowest type that holds them.

    Args:
        codes: place in `labels` of each row's text, -1 where missing, shape (n,).
        labels: the different texts, in any order, and perhaps some that no row has.
    """
    seen = np.zeros(len(labels) + 1, np.bool_)
    loops.see(codes, seen)
    order = sorted(np.flatnonzero(seen[:-1]).tolist(), key=labels.__getitem__)
    # The last place is that of -1: missing.
    table = np.zeros(len(labels) + 1, np.min_scalar_type(len(order)))
    table[order] = np.arange(1, len(order) + 1)
    found: NDArray[Any] = np.empty(len(codes), table.dtype)
    loops.look_up(codes, table, found)
    return Coded(found, tuple(labels[k] for k in order))


def fixed(array: NDArray[Any]) -> NDArray[Any]:
    """Return `array` read-only, whichever way it came: loops are compiled for one kind alone."""
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def merged(
    dictionaries: Iterable[Sequence[str]], *, most: int | None = None
) -> tuple[str, ...] | None:
    """Return all labels of several dictionaries, in order; None where they are more than `most`."""
    found: set[str] = set()
    for labels in dictionaries:
        found.update(labels)
        if most is not None and len(found) > most:
            return None
    return tuple(sorted(found))


def lookup(local: Sequence[str], whole: Sequence[str]) -> NDArray[np.uint16]:
    """Return, for each code of a part, the position in `whole`; missing comes last.

    Args:
        local: labels of the part, code 1 on.
        whole: labels of all parts, in order, fewer than 65,535.
    """
    place = {label: position for position, label in enumerate(whole)}
    return np.array([len(whole), *(place[label] for label in local)], np.uint16)
