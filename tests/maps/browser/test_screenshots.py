"""The map as it is seen against pictures of it: what no single check of an element would notice.

The pictures in `reference/` are screenshots of the map alone and without its texts (fonts differ
from machine to machine) boiled down to `BLOCKS` mean colours, so that a newer browser still fits,
and a map without its cells, or with those of another condition, does not. After a change that is
meant, look at the page itself, then write them anew with ``ISLAND_RESPONSE_NEW_PICTURES=1``.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from maps.interactive import coverage_page
from maps.tables import CoverageTables
from tests.maps.browser.conftest import Show
from tests.maps.browser.test_coverage_page import choose
from tests.maps.conftest import make_result, make_tables
from tests.maps.yearly import with_year

pytestmark = pytest.mark.browser

REFERENCE = Path(__file__).parent / "reference"
BLOCKS = (140, 125)
MEAN, FAR, SHARE_FAR = 0.25, 40, 0.001
"""At most: mean difference of a block (of 255), and the share of blocks that differ by `FAR`."""
ALONE = """
const style = document.createElement('style');
style.textContent = '.place, .leaflet-tooltip, .leaflet-control { visibility: hidden !important }' +
  'header, aside { display: none !important }' +
  '.leaflet-container { position: fixed !important; left: 0; top: 0; ' +
  'width: 930px !important; height: 830px !important }';
document.head.append(style);
coverage.map.invalidateSize({animate: false});
coverage.map.fitBounds(arguments[0], {animate: false});"""
DRAWN = "requestAnimationFrame(() => setTimeout(arguments[0], 300))"
Year = tuple[CoverageTables, dict[str, Any]]
Picture = np.ndarray[Any, np.dtype[np.uint8]]


@pytest.fixture(scope="module")
def year() -> Year:
    tables = make_tables()
    return with_year(tables, make_result(tables))


@pytest.fixture
def page(show: Show, year: Year, request: pytest.FixtureRequest) -> Any:
    """The map alone, in the view that the test asks for."""
    driver = show(coverage_page(*year, lang="en"))
    if view := getattr(request, "param", None):
        choose(driver, view)
    west, south, east, north = year[0].islands.total_bounds
    driver.execute_script(ALONE, [[south, west], [north, east]])
    return driver


def seen(driver: Any) -> Picture:
    """Return the map as mean colours, shape (rows, columns, 3)."""
    driver.execute_async_script(DRAWN)
    picture = driver.find_element("css selector", ".leaflet-container").screenshot_as_png
    whole = Image.open(io.BytesIO(picture)).convert("RGB")
    return np.asarray(whole.resize(BLOCKS, Image.Resampling.BOX))


def known(name: str) -> Picture:
    return np.asarray(Image.open(REFERENCE / f"{name}.png").convert("RGB"))


def is_like(one: Picture, other: Picture) -> bool:
    away = np.abs(one.astype(int) - other).max(axis=2)
    return bool(away.mean() <= MEAN and (away >= FAR).mean() <= SHARE_FAR)


def compared(driver: Any, name: str) -> bool:
    found = seen(driver)
    if os.environ.get("ISLAND_RESPONSE_NEW_PICTURES"):
        REFERENCE.mkdir(exist_ok=True)
        Image.fromarray(found).save(REFERENCE / f"{name}.png", optimize=True)
    return is_like(found, known(name))


@pytest.mark.parametrize(
    ("page", "name"),
    [(None, "calm"), ("dense fog · day", "fog"), ("typhoon · day", "typhoon")],
    indirect=["page"],
)
def test_the_map_looks_as_it_did(page: Any, name: str) -> None:
    assert compared(page, name)


def test_no_picture_passes_for_another() -> None:
    pictures = [known(name) for name in ("calm", "fog", "typhoon")]
    assert not any(is_like(pictures[i], pictures[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


@pytest.mark.parametrize("pane", ["overlay", "marker"])
def test_a_map_that_lacks_a_part_is_not_passed(page: Any, pane: str) -> None:
    page.execute_script(f"document.querySelector('.leaflet-{pane}-pane').remove()")
    assert not is_like(seen(page), known("calm"))


def test_another_font_is_passed(page: Any) -> None:
    page.execute_script("document.body.style.fontFamily = 'serif'")
    assert is_like(seen(page), known("calm"))
