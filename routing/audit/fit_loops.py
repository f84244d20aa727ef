"""Compiled loops of the regression, on rows that hold only the columns that they have.

A call drives on a few classes of road in one band, so most columns of its row are 0. Sums are those
of the table with all its columns, added as numpy adds them, to the last digit: rows pairwise
(Higham 1993, doi:10.1137/0914050), columns one row after the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.jit import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TOGETHER = 8


@compiled
def packed(x: Floats, pace: Floats, group: Ints, band: Ints) -> tuple[Ints, Floats]:
    """Return the columns of each row, rising, and its values: minutes by pace that is shared.

    Args:
        x: minutes on each class, shape (n, classes).
        pace: by which they are multiplied first, shape (classes, bands).
        group: column of each class and band, rising by class, same shape.
        band: hour band of each call, shape (n,).

    Returns:
        columns and values, shape (n, width): one where all classes share a column, and are added
        up, else one a class.
    """
    n, classes = x.shape
    width = 1 if group[0, 0] == group[classes - 1, 0] else classes
    columns, values = np.zeros((n, width), np.int64), np.zeros((n, width))
    for row in range(n):
        place = 0
        for c in range(classes):
            column = group[c, band[row]]
            if c > 0 and column != columns[row, place]:
                place += 1
            columns[row, place] = column
            values[row, place] += x[row, c] * pace[c, band[row]]
    return columns, values


@compiled
def predicted(columns: Ints, values: Floats, factor: Floats) -> Floats:
    """Return the sum of the values of each row times the factors of their columns."""
    found, parts = np.empty(columns.shape[0]), np.zeros(_TOGETHER)
    paired = factor.shape[0] - factor.shape[0] % _TOGETHER
    for row in range(columns.shape[0]):
        parts[:] = 0.0
        place = 0
        while place < columns.shape[1] and columns[row, place] < paired:
            column = columns[row, place]
            parts[column % _TOGETHER] += values[row, place] * factor[column]
            place += 1
        total = (parts[0] + parts[1]) + (parts[2] + parts[3])
        total += (parts[4] + parts[5]) + (parts[6] + parts[7])
        while place < columns.shape[1]:
            total += values[row, place] * factor[columns[row, place]]
            place += 1
        found[row] = total
    return found


@compiled
def normal(
    columns: Ints, values: Floats, number: int, b: Floats, weight: Floats
) -> tuple[Floats, Floats]:
    """Return ``a' diag(weight) a`` and ``a' diag(weight) b`` of rows ``a`` with `number` columns.

    A library's product of matrices may add in another order on another machine, and its threads
    wait for each other where the processor is shared.
    """
    product, right = np.zeros((number, number)), np.zeros(number)
    for row in range(columns.shape[0]):
        for place in range(columns.shape[1]):
            weighed = values[row, place] * weight[row]
            if weighed != 0.0:
                i = columns[row, place]
                right[i] += weighed * b[row]
                for other in range(place + 1):
                    product[i, columns[row, other]] += weighed * values[row, other]
    for i in range(number):
        for j in range(i):
            product[j, i] = product[i, j]
    return product, right
