from __future__ import annotations

import numpy as np
import pytest

from routing.audit import fit_loops

CLASSES, BANDS = 9, 4
COLUMNS = {
    "one": np.zeros((CLASSES, BANDS), np.int64),
    "each class": np.repeat(np.arange(CLASSES)[:, None], BANDS, axis=1),
    "each class and band": np.arange(CLASSES * BANDS).reshape(CLASSES, BANDS),
}


@pytest.mark.parametrize("shared", [*COLUMNS])
def test_rows_without_their_zeros_give_what_whole_tables_give(shared: str) -> None:
    rng = np.random.default_rng(7)
    group, number = COLUMNS[shared], int(COLUMNS[shared].max()) + 1
    x = rng.uniform(0, 9, (200, CLASSES)) * (rng.random((200, CLASSES)) < 0.4)
    band, pace = rng.integers(0, BANDS, 200), rng.uniform(0.5, 2.0, (CLASSES, BANDS))
    y, weight = rng.normal(size=200), rng.random(200)
    whole = np.zeros((200, number))
    for c in range(CLASSES):
        whole[np.arange(200), group[c, band]] += x[:, c] * pace[c, band]
    rows = fit_loops.packed(x, pace, group, band)
    factor = rng.uniform(0.5, 2.0, number)
    assert np.allclose(fit_loops.predicted(*rows, factor), whole @ factor, rtol=1e-13)
    product, right = fit_loops.normal(*rows, number, y, weight)
    assert np.allclose(product, whole.T @ (whole * weight[:, None]), rtol=1e-12)
    assert np.allclose(right, whole.T @ (weight * y), rtol=1e-12, atol=1e-12)
