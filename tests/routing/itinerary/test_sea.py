"""Passages between ports: lengths, lines, and the copy on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from routing.itinerary import sea
from tests.routing import toy
from tests.routing.itinerary import isles

LANDINGS = np.array([0, 1])


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ISLAND_RESPONSE_CACHE", str(tmp_path))
    return tmp_path


def test_length_is_about_the_straight_line_and_the_same_both_ways(cache: Path) -> None:
    found = sea.passages(isles.toy_with_hospitals(), LANDINGS)
    straight = np.hypot(11.5, 3.0)
    assert found.length_km[0, 1] == pytest.approx(straight, rel=0.1)
    assert found.length_km[1, 0] == pytest.approx(found.length_km[0, 1], rel=0.05)
    assert np.isnan(np.diag(found.length_km)).all()


def test_the_line_leads_from_port_to_port(cache: Path) -> None:
    found = sea.passages(isles.toy_with_hospitals(), LANDINGS)
    path = found.path(0, 1)
    ends = np.array([[19.0, 5.0], [30.5, 2.0]]) * 1000 + np.array(toy.ORIGIN)
    assert np.hypot(*(path[[0, -1]] - ends).T).max() < 700  # both quays are inland of the coast
    assert len(found.path(0, 0)) == 0 or np.isnan(found.length_km[0, 0])


def test_the_copy_on_disk_is_used_and_a_damaged_one_made_anew(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    region = isles.toy_with_hospitals()
    first = sea.passages(region, LANDINGS)
    calls: list[int] = []
    compute = sea._computed
    monkeypatch.setattr(sea, "_computed", lambda *a: calls.append(1) or compute(*a))
    again = sea.passages(region, LANDINGS)
    assert not calls
    np.testing.assert_array_equal(again.length_km, first.length_km)
    np.testing.assert_array_equal(again.xy, first.xy)
    (file,) = (cache / "passages").iterdir()
    file.write_bytes(file.read_bytes()[:200])
    mended = sea.passages(region, LANDINGS)
    assert calls == [1]
    assert "making them anew" in caplog.text
    np.testing.assert_array_equal(mended.length_km, first.length_km)


def test_a_region_without_landings_has_no_passages(cache: Path) -> None:
    found = sea.passages(isles.toy_with_hospitals(), np.empty(0, np.int64))
    assert found.length_km.shape == (2, 0)
