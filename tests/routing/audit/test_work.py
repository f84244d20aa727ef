"""Cleaned parts on disk: what is read, or mapped, is what was saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from routing.audit import work
from routing.audit.clean import Cleaned
from routing.audit.work import Prepared, Store

STAMPS = np.array([1_700_000_000, 1_700_000_300, 1_700_070_000], np.int64)
COLUMNS = {
    "line": np.array([2, 3, 4], np.int64),
    "file": np.zeros(3, np.uint16),
    "start_s": STAMPS,
    "low": np.array([0, 2**63, 2**64 - 1], np.uint64),
    "zone": np.array([1, 0, 2], np.uint8),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a store that is open."""
    store = Store(tmp_path / "work")
    store.open("a run", resume=False)
    return store


def saved(store: Store, columns: dict[str, np.ndarray]) -> Prepared:
    """Return a part with these rows and nothing else."""
    return store.save("part", Cleaned(columns, {}, {}, {}, {"used": 3}))


def test_columns_come_back_as_they_were(store: Store) -> None:
    saved(store, COLUMNS)
    part = store.load("part")
    assert part is not None
    found = part.columns("rows")
    assert list(found) == list(COLUMNS)
    for name, values in COLUMNS.items():
        assert found[name].dtype == values.dtype
        assert np.array_equal(found[name], values)
        assert not found[name].flags.writeable


@pytest.mark.parametrize("rows", [np.array([2, 0]), slice(1, 3), np.array([], np.int64)])
def test_rows_that_are_mapped_are_those_rows(store: Store, rows: slice | np.ndarray) -> None:
    held = saved(store, COLUMNS).mapped("rows")
    for name, values in COLUMNS.items():
        assert held[name][rows].dtype == values.dtype
        assert np.array_equal(held[name][rows], values[rows])


def test_a_part_without_rows_has_columns_without_values(store: Store) -> None:
    part = saved(store, {name: values[:0] for name, values in COLUMNS.items()})
    for name, values in COLUMNS.items():
        assert part.columns("rows")[name].dtype == values.dtype
        assert len(part.mapped("rows")[name][np.array([], np.int64)]) == 0


def test_equal_and_near_values_take_little_room(store: Store) -> None:
    path = saved(store, COLUMNS).stem.with_suffix(".bin")
    # line 3, file 0, start_s 12, low 24, zone 3 bytes, each from a multiple of 8 on
    assert path.stat().st_size == 8 + 16 + 24 + 3


def test_two_workers_may_save_one_part_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, turns = work.packed, iter(range(100))

    def packed(values: np.ndarray) -> object:
        if next(turns) == 1:
            saved(store, COLUMNS)
        return real(values)

    monkeypatch.setattr(work, "packed", packed)
    part = saved(store, COLUMNS)
    assert next(turns) > len(COLUMNS)
    for name, values in COLUMNS.items():
        assert np.array_equal(part.columns("rows")[name], values)
    assert not [*store.folder.glob("*.partial")]
