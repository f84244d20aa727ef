"""Bands: their borders, their colours for every eye and printer, their labels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maps.scale import scale

# Severity 1.0 of Machado, Oliveira & Fernandes (2009), doi:10.1109/TVCG.2009.113, linear RGB.
EYES = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.01182, 0.04294, 0.968881],
        ]
    ),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.3039],
        ]
    ),
}

SRGB_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.072175],
        [0.0193339, 0.119192, 0.9503041],
    ]
)


def lab(colour: str, eye: str) -> np.ndarray:
    """Return CIE L*a*b* (D65) of `colour` as `eye` sees it."""
    coded = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    seen = np.clip(EYES[eye] @ linear, 0, 1)
    xyz = SRGB_TO_XYZ @ seen / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize(
    ("minutes", "band"),
    [(0.0, 0), (11.0, 0), (11.0000001, 1), (14.0, 1), (14.01, 2), (20.0, 2), (30.0, 3), (60.0, 4),
     (120.0, 5), (120.1, 6), (np.nan, 7), (np.inf, 7)],
)  # fmt: skip
def test_a_break_belongs_to_the_band_that_ends_there(minutes: float, band: int) -> None:
    assert scale().index([minutes])[0] == band


@settings(deadline=None)
@given(st.lists(st.floats(0, 400), min_size=1))
def test_every_value_lies_within_the_bounds_of_its_band(minutes: list[float]) -> None:
    bands = scale().bands
    for value, number in zip(minutes, scale().index(minutes), strict=True):
        band = bands[number]
        assert band.lower_min < value or (value == 0 and band.lower_min == 0)
        assert band.upper_min is None or value <= band.upper_min


@pytest.mark.parametrize("eye", EYES)
def test_lightness_falls_from_band_to_band_for_every_eye(eye: str) -> None:
    lightness = [lab(band.colour, eye)[0] for band in scale().bands]
    steps = -np.diff(lightness)
    assert (steps > 5).all(), steps


@pytest.mark.parametrize("eye", EYES)
def test_any_two_bands_differ_clearly_for_every_eye(eye: str) -> None:
    seen = [lab(band.colour, eye) for band in scale().bands]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 14


def test_other_targets_become_the_first_breaks() -> None:
    assert [b.upper_min for b in scale((8, 25)).bands] == [8.0, 25.0, 30.0, 60.0, 120.0, None, None]
    assert [b.upper_min for b in scale((10,)).bands][:2] == [10.0, 20.0]
    assert [b.upper_min for b in scale((np.nan, None)).bands][:2] == [11.0, 14.0]


@settings(deadline=None)
@given(st.lists(st.floats(0.5, 200), min_size=0, max_size=6))
def test_any_targets_give_a_scale_with_distinct_colours(targets: list[float]) -> None:
    bands = scale(targets).bands
    assert len({band.colour for band in bands}) == len(bands)
    assert not bands[-1].reachable


def test_shares_weigh_by_people_and_keep_the_unreachable() -> None:
    shares = scale().shares([5.0, 12.0, np.nan], [50, 30, 20])
    assert shares[[0, 1, 7]] == pytest.approx([0.5, 0.3, 0.2])
    assert np.isnan(scale().shares([5.0], [0])).all()


def test_labels_name_the_bounds_in_both_languages() -> None:
    bands = scale().bands
    assert [b.label("en") for b in (bands[0], bands[1], bands[6], bands[7])] == [
        "≤ 11 min", "11–14 min", "> 120 min", "unreachable",
    ]  # fmt: skip
    assert bands[7].label("zh") == "无法到达"
