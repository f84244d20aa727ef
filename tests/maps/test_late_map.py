"""The map of late calls."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from matplotlib.colors import to_hex
from shapely.geometry import box

from geodata.errors import InputError
from maps import late_map

LAND = gpd.GeoDataFrame({"island_id": ["a"]}, geometry=[box(122.0, 30.0, 122.4, 30.3)], crs=4326)
PLACES = [
    {"lon": 122.1, "lat": 30.1, "n": 40, "late_share": 0.1},
    {"lon": 122.2, "lat": 30.1, "n": 160, "late_share": 0.11},
    {"lon": 122.3, "lat": 30.2, "n": 10, "late_share": float("nan")},
]


def drawn(lang: str = "en") -> tuple[list[str], list[float], list[str]]:
    figure = late_map.late_map_figure(LAND, PLACES, crs="EPSG:32651", lang=lang)
    ax = figure.axes[0]
    circles = ax.collections[-1]
    colours = [to_hex(colour) for colour in np.asarray(circles.get_facecolors())]
    return colours, list(circles.get_sizes()), [t.get_text() for t in ax.get_legend().get_texts()]


def test_bands_include_their_upper_end_and_too_few_late_stay_white() -> None:
    """Large circles first: 160 calls at 11 %, 40 at exactly 10 %, 10 that may not be told."""
    lowest, second = late_map.BANDS[0][1], late_map.BANDS[1][1]
    assert drawn()[0] == [second, lowest, "#ffffff"]


def test_areas_are_as_the_numbers_of_calls() -> None:
    sizes = drawn()[1]
    assert sizes[0] / sizes[1] == pytest.approx(4.0)


@pytest.mark.parametrize(("lang", "words"), [("en", "largest circle"), ("zh", "最大圆")])
def test_the_key_tells_bands_and_size(lang: str, words: str) -> None:
    told = drawn(lang)[2]
    assert len(told) == len(late_map.BANDS) + 2
    assert "160" in told[-1]
    assert words in told[-1] or lang == "zh"  # without a Chinese font it is told in English


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError, match="late_share"):
        late_map.late_map_figure(
            LAND, [{"lon": 122.1, "lat": 30.1, "n": 9}], crs="EPSG:32651", lang="en"
        )
