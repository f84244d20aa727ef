"""Map layers: extents, scale bar, links that run."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maps import cartography
from maps.tables import CoverageTables


@settings(deadline=None)
@given(
    st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(1, 4e5), st.floats(1, 4e5),
    st.floats(0.3, 3),
)  # fmt: skip
def test_a_frame_has_its_aspect_and_holds_its_bounds(
    west: float, south: float, width: float, height: float, aspect: float
) -> None:
    frame = cartography.fit((west, south, west + width, south + height), aspect=aspect)
    assert frame.width_m / frame.height_m == pytest.approx(aspect)
    assert frame.west < west
    assert frame.east > west + width
    assert frame.south < south
    assert frame.north > south + height


@pytest.mark.parametrize(
    ("upper_km", "length_km"), [(34.0, 20.0), (50.0, 50.0), (1.0, 1.0), (0.7, 0.5), (999.0, 500.0)]
)
def test_the_scale_bar_has_a_round_length_that_fits(upper_km: float, length_km: float) -> None:
    assert cartography.round_length_km(upper_km) == pytest.approx(length_km)


def test_planned_and_withdrawn_links_are_not_drawn(tables: CoverageTables) -> None:
    assert list(cartography.in_service(tables.roads)["name_zh"]) == ["跨海大桥"]
    gone = tables.ferries.assign(status=["withdrawn_2019", None])
    assert len(cartography.in_service(gone)) == 1
