"""The OR-Library p-median instances where they are at hand, and random ones of the same recipe."""

from __future__ import annotations

import csv
import os
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import shortest_path

Costs = NDArray[np.float64]


def folder() -> Path | None:
    """Return the folder of the instances, None where it is missing."""
    beside = Path(__file__).resolve().parents[3].parent / "shared"
    shared = Path(os.environ.get("ISLAND_RESPONSE_SHARED", beside))
    return shared / "pmed" if (shared / "pmed" / "optima.csv").is_file() else None


@cache
def optima() -> dict[str, tuple[int, int]]:
    """Return p and the known optimum of each instance, by name."""
    place = folder()
    if place is None:
        return {}
    with (place / "optima.csv").open(encoding="utf-8") as file:
        return {r["instance"]: (int(r["p"]), int(r["optimum"])) for r in csv.DictReader(file)}


def read(name: str) -> Costs:
    """Return the shortest distances between all vertices of an instance."""
    place = folder()
    assert place is not None
    numbers = np.array((place / f"{name}.txt").read_text("utf-8").split(), dtype=np.int64)
    n, m = int(numbers[0]), int(numbers[1])
    return distances(n, numbers[3 : 3 + 3 * m].reshape(m, 3))


def random_network(n: int, seed: int) -> Costs:
    """Return distances on a random network: a path and more, n² / 50 edges of 1 to 100."""
    generator = np.random.default_rng(seed)
    path = np.column_stack([np.arange(1, n), np.arange(2, n + 1)])
    more = generator.integers(1, n + 1, (max(0, n * n // 50 - len(path)), 2))
    edges = np.concatenate([path, more[more[:, 0] != more[:, 1]]])
    lengths = generator.integers(1, 101, len(edges))
    return distances(n, np.column_stack([edges, lengths]))


def distances(n: int, edges: NDArray[np.int64]) -> Costs:
    """Return all shortest distances; of an edge given twice the last length counts."""
    table = np.full((n, n), np.inf)
    for i, j, length in edges.tolist():
        table[i - 1, j - 1] = table[j - 1, i - 1] = length
    return np.asarray(shortest_path(table, directed=False))
