"""The error of schematic networks, on the toy archipelago whose minutes are known."""

from __future__ import annotations

import numpy as np
import pytest

from geodata.region import Region
from routing import schematic
from tests.routing import toy


def surveyed() -> Region:
    """The toy isles with a side road of 3 km to D2, as a region with real roads."""
    region = toy.archipelago(
        roads=toy.roads(
            [
                {"link_id": "R1", "ends": ((1, 5), (10, 5)), "nodes": ("a0", "a2")},
                {"link_id": "R2", "ends": ((10, 5), (19, 5)), "nodes": ("a2", "a1")},
                {"link_id": "R3", "ends": ((10, 5), (10, 8)), "nodes": ("a2", "a3")},
            ]
        )
    )
    roads = region.roads.copy()
    roads.loc[2, "road_class"] = "residential"
    meta = region.layers["meta"].copy()
    meta.loc[meta["key"] == "network", "value"] = "osm"
    return region.replace(roads=roads, meta=meta)


def test_reducing_keeps_the_trunk_and_says_schematic() -> None:
    found = schematic.reduced(surveyed())
    assert found.roads["link_id"].tolist() == ["R1", "R2"]
    assert found.network == "schematic"


def test_error_is_schematic_minus_real() -> None:
    """D1: 9 min both ways. D2: 9 + 3 km at 60 km/h = 12 real; schematic 9 + 3.9 km at 30 = 16.8.

    D3 lies across the ferry, 18 + 55 min both ways.
    """
    one = schematic.compare(surveyed(), toy.parameters(), detours=[1.3], speeds_kmh=[30.0])[0]
    assert one.pairs == 3
    assert one.signed_median_min == pytest.approx(0.0, abs=0.01)
    assert one.signed_mean_min == pytest.approx(4.8 / 3, abs=0.01)
    assert one.absolute_p90_min == pytest.approx(np.quantile([0.0, 0.0, 4.8], 0.9), abs=0.01)


def test_the_best_parameters_come_first() -> None:
    errors = schematic.compare(
        surveyed(), toy.parameters(), detours=[1.0, 1.3], speeds_kmh=[30.0, 60.0]
    )
    table = schematic.table(errors)
    assert len(table) == 4
    assert table["absolute_median_min"].is_monotonic_increasing
    perfect = table[(table["access_detour"] == 1.0) & (table["access_speed_kmh"] == 60.0)]
    assert perfect["absolute_p90_min"].item() == pytest.approx(0.0, abs=0.01)
