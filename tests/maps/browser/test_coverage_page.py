"""The coverage page used as people use it: conditions, hover, search, keys, paper."""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np
import pytest

from maps.interactive import coverage_page
from maps.tables import CoverageTables
from tests.maps.browser.conftest import Show, console, requests
from tests.maps.conftest import make_result, make_tables
from tests.maps.yearly import CUT_OFF, FACTORS, with_plan, with_year

pytestmark = pytest.mark.browser

PAINT = """
return coverage.view.cells.map(function (c) {
  return typeof c[1].options.fillColor === 'string' ? c[1].options.fillColor : 'hatched';
})"""
ROWS = """
return Array.from(document.querySelectorAll('#islands tbody tr')).filter(function (row) {
  return !row.classList.contains('hidden');
}).map(function (row) { return [row.dataset.id, row.querySelector('.chip').textContent]; })"""
Year = tuple[CoverageTables, dict[str, Any]]


@pytest.fixture(scope="module")
def year() -> Year:
    tables = make_tables()
    return with_year(tables, make_result(tables))


@pytest.fixture
def page(show: Show, year: Year) -> Any:
    """The page of all conditions in English, open in the browser."""
    return show(coverage_page(*year, lang="en", effects={"fog@day": ["stopped: ferries"]}))


def painted(tables: CoverageTables, column: str) -> list[str]:
    """Return the colours that the cells should have."""
    minutes = tables.cells[column]
    colours = tables.scale.colours(minutes)
    return ["hatched" if np.isnan(m) else c for m, c in zip(minutes, colours, strict=True)]


def choose(driver: Any, label: str) -> None:
    """Choose a view as a user does, by its label."""
    from selenium.webdriver.support.ui import Select

    Select(driver.find_element("id", "view")).select_by_visible_text(label)


def press(driver: Any, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(driver).send_keys(*keys).perform()


def at_cell(driver: Any, number: int) -> tuple[int, int]:
    """Return where on the screen the middle of a cell is, the map brought there."""
    x, y = driver.execute_script(
        """
        var layer = coverage.view.cells[arguments[0]][1];
        coverage.map.setView(layer.getBounds().getCenter(), 14, {animate: false});
        var p = coverage.map.latLngToContainerPoint(layer.getCenter());
        var box = coverage.map.getContainer().getBoundingClientRect();
        return [box.left + p.x, box.top + p.y];
        """,
        number,
    )
    return round(x), round(y)


def mouse(driver: Any, kind: str, x: int, y: int) -> None:
    driver.execute_cdp_cmd(
        "Input.dispatchMouseEvent",
        {"type": kind, "x": x, "y": y, "button": "none" if kind == "mouseMoved" else "left",
         "clickCount": 0 if kind == "mouseMoved" else 1},
    )  # fmt: skip


def means_of(page: Any) -> list[float]:
    """Return the means of the verdict cards on show."""
    figures = page.find_elements("css selector", ".verdict .figure")
    return [float(e.text.split()[0]) for e in figures if e.is_displayed()]


@pytest.mark.parametrize("key", FACTORS)
def test_each_condition_paints_its_own_minutes(page: Any, year: Year, key: str) -> None:
    labels = {"calm@day": "calm weather · day", "calm@night": "calm weather · night",
              "fog@day": "dense fog · day", "typhoon@day": "typhoon · day"}  # fmt: skip
    choose(page, labels[key])
    assert page.execute_script(PAINT) == painted(year[0], f"response_min__{key}")
    assert means_of(page) == pytest.approx([10.4 * FACTORS[key], 18.2 * FACTORS[key]], abs=0.1)
    assert requests(page) == []
    assert console(page) == []


def test_a_condition_refills_and_reorders_the_table_and_is_announced(page: Any) -> None:
    before = dict(page.execute_script(ROWS))
    choose(page, "dense fog · day")
    after = page.execute_script(ROWS)
    shown = {i: float(text) for i, text in after if text != "none"}
    assert list(shown.values()) == sorted(shown.values(), reverse=True)
    assert shown["i0"] == pytest.approx(float(before["i0"]) * 1.5, abs=0.1)
    assert next(text for _, text in after) == "none"  # nobody gets to the outermost at all
    said = page.find_element("id", "said").get_attribute("textContent")
    assert said.startswith("dense fog · day: Main urban area mean 15.6 minutes, target missed")
    assert page.find_element("css selector", ".effects:not(.hidden)").text == "stopped: ferries"
    assert "dense fog" in page.find_element("id", "setting").text


def test_a_typhoon_marks_the_islands_cut_off_and_stops_the_ferries(page: Any) -> None:
    style = "return coverage.view.ferryLayers.map(function (f) { return f.options.color; })"
    assert set(page.execute_script(style)) == {"#3a76b0"}
    choose(page, "typhoon · day")
    cut = page.execute_script("return coverage.view.cutOff")
    assert set(cut) == CUT_OFF - {"i11"}  # the unnamed rock has nobody
    assert set(page.execute_script(style)) == {"#a0322f"}
    tip = "return coverage.view.ferryTip(coverage.data.ferries[0], true).textContent"
    assert "does not sail" in page.execute_script(tip)
    assert (
        page.execute_script(
            "return coverage.view.postMarkers.filter(function (m) { return m.stopped; }).length"
        )
        == 1
    )
    assert page.find_element("css selector", ".oncut").is_displayed()


def test_the_year_shows_days_in_their_own_colours(page: Any, year: Year) -> None:
    choose(page, "days a year without help")
    colours = set(page.execute_script(PAINT))
    bands = page.execute_script("return coverage.data.day_bands")
    assert colours == {bands[0]["colour"], bands[3]["colour"]}
    assert not colours & set(year[0].scale.colours(year[0].cells["response_min"]))
    rows = page.execute_script(ROWS)
    assert next(text for _, text in rows) == "5.0"
    assert page.find_element("id", "value-head").text == "Days a year"


def test_the_state_after_the_proposal_is_offered_only_where_it_is_known(page: Any) -> None:
    after = page.find_element("css selector", "#state input[value=after]")
    assert after.is_enabled()
    page.execute_script("arguments[0].click()", after)
    assert page.execute_script("return coverage.view.isAfter")
    choose(page, "dense fog · day")
    assert not after.is_enabled()
    assert not page.execute_script("return coverage.view.isAfter")


def test_a_proposal_is_shown_before_and_after_in_every_condition(show: Show) -> None:
    tables, result = with_plan(make_tables(), make_result(make_tables()))
    page = show(coverage_page(tables, result, lang="en"))
    before = page.find_element("css selector", "#state input[value=now]")
    after = page.find_element("css selector", "#state input[value=after]")
    labels = {"calm@day": "calm weather · day", "fog@day": "dense fog · day",
              "typhoon@day": "typhoon · day"}  # fmt: skip
    for key, label in labels.items():
        own = "" if key == "calm@day" else f"__{key}"
        choose(page, label)
        for state, column, share in (
            (before, f"response_min__{key}", 1.0), (after, f"after_min{own}", 0.4),
        ):  # fmt: skip
            page.execute_script("arguments[0].click()", state)
            assert page.execute_script(PAINT) == painted(tables, column)
            means = [10.4 * FACTORS[key] * share, 18.2 * FACTORS[key] * share]
            assert means_of(page) == pytest.approx(means, abs=0.1)
            shown = dict(page.execute_script(ROWS))
            mean = tables.islands.set_index("island_id").loc["i0", f"mean_min__{key}"]
            assert float(shown["i0"]) == pytest.approx(mean * share, abs=0.1)
        assert after.is_selected()
    choose(page, "dense fog · day")
    assert page.execute_script("return coverage.view.isAfter")  # a choice of condition keeps it
    card = page.execute_script("return coverage.view.cellCard(60).innerText")
    minutes = tables.cells["response_min__fog@day"].iloc[60]
    for words in (f"{minutes * 0.4:.1f} min", f"{minutes:.1f} min", "boat from New berth"):
        assert words in card
    island = page.execute_script(
        "return coverage.view.islandCard(coverage.view.islands.i5).innerText"
    )
    assert "boat from New berth" in island
    assert console(page) == []


def test_hovering_and_clicking_a_cell_explain_it(page: Any, year: Year) -> None:
    x, y = at_cell(page, 60)
    mouse(page, "mouseMoved", x - 3, y)
    mouse(page, "mouseMoved", x, y)
    tip = page.find_element("css selector", ".leaflet-tooltip").text
    minutes = year[0].cells["response_min"].iloc[60]
    assert f"{minutes:.1f} min" in tip
    mouse(page, "mousePressed", x, y)
    mouse(page, "mouseReleased", x, y)
    card = page.find_element("css selector", ".leaflet-popup-content").text
    for words in (
        "Fastest: ambulance from Songyu station",
        "call handling",
        "Second best",
        "typhoon",
    ):
        assert words in card
    table = page.find_element("css selector", ".leaflet-popup-content .conditions")
    assert f"{minutes * 1.5:.1f}" in table.text


@pytest.mark.parametrize("typed", ["松屿镇", "songyuzhen", "songyu zh", "syz", "Songyu Town"])
def test_a_township_is_found_and_shown(show: Show, year: Year, typed: str) -> None:
    driver = show(coverage_page(*year, lang="zh"))
    driver.execute_script("document.getElementById('find').focus()")
    if typed == "Songyu Town":
        typed = "SONGYU ZHEN"
    driver.find_element("id", "find").send_keys(typed)
    hits = driver.find_elements("css selector", "#hits li")
    assert any(hit.text.startswith("松屿镇") for hit in hits)
    driver.execute_script(
        "coverage.search.go(coverage.search.hits.findIndex(h => h.name === '松屿镇'))"
    )
    assert driver.find_element("css selector", ".leaflet-popup-content h3").text == "松屿镇"


def test_the_search_works_by_keys_alone(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    page.execute_script("document.getElementById('find').focus()")
    press(page, "wanghai")
    find = page.find_element("id", "find")
    assert find.get_attribute("aria-expanded") == "true"
    press(page, Keys.ARROW_DOWN)
    assert find.get_attribute("aria-activedescendant") == "hit0"
    press(page, Keys.ENTER)
    assert page.find_element("css selector", ".leaflet-popup-content h3").text == "Wanghai Island"
    press(page, Keys.ESCAPE)
    assert find.get_attribute("aria-expanded") == "false"
    press(page, Keys.ESCAPE)
    assert find.get_attribute("value") == ""
    assert len(page.execute_script(ROWS)) == 11


def test_what_is_not_there_is_said(page: Any) -> None:
    page.find_element("id", "find").send_keys("atlantis")
    assert page.execute_script(ROWS) == []
    assert page.find_element("id", "none-found").is_displayed()
    assert "0 places" in page.find_element("id", "said").get_attribute("textContent")


def test_the_table_is_walked_with_arrows_and_opened_with_enter(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    page.execute_script("document.querySelector('#islands tbody button').focus()")
    press(page, Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    third = page.execute_script(ROWS)[2][0]
    focused = "return document.activeElement.closest('tr').dataset.id"
    assert page.execute_script(focused) == third
    press(page, Keys.ENTER)
    assert page.find_element("css selector", "tr.chosen").get_attribute("data-id") == third
    press(page, Keys.ESCAPE)
    assert not page.execute_script("return coverage.map._popup && coverage.map._popup.isOpen()")
    assert page.execute_script(focused) == third
    press(page, Keys.END)
    assert page.execute_script(focused) == page.execute_script(ROWS)[-1][0]
    stops = "return document.querySelectorAll('#islands tbody button[tabindex=\"0\"]').length"
    assert page.execute_script(stops) == 1


def test_the_first_stop_of_the_keyboard_skips_to_the_list(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    page.execute_script("document.activeElement.blur()")
    press(page, Keys.TAB)
    assert "skip" in page.execute_script("return document.activeElement.className")
    press(page, Keys.ENTER)
    assert page.execute_script("return location.hash") == "#find"


def test_the_canvas_shows_the_colours_of_the_scale(page: Any, year: Year) -> None:
    colours = year[0].scale.colours(year[0].cells["response_min"])
    page.execute_script(
        "['zones', 'roads', 'dots', 'sites', 'cut'].forEach(k => coverage.view.layers[k].remove());"
        "Object.values(coverage.view.layers.kinds).forEach(g => g.remove());"
    )
    for number in (3, 25, 60, 90):
        at_cell(page, number)
        got = page.execute_async_script(
            """
            var layer = coverage.view.cells[arguments[0]][1], done = arguments[1];
            requestAnimationFrame(function () { requestAnimationFrame(function () {
              var renderer = coverage.view.renderer, ink = renderer._container.getContext('2d');
              var at = coverage.map.latLngToLayerPoint(layer.getCenter());
              var p = at.subtract(renderer._bounds.min);
              done(Array.from(ink.getImageData(p.x, p.y, 1, 1).data));
            }); });
            """,
            number,
        )
        meant = [int(colours[number][i : i + 2], 16) for i in (1, 3, 5)]
        assert np.abs(np.array(got[:3]) - meant).max() <= 2


@pytest.mark.parametrize(
    ("width_in", "height_in"), [(11.69, 8.27), (16.54, 11.69)], ids=["A4", "A3"]
)
def test_the_page_fits_a_sheet_and_its_table_another(
    page: Any, width_in: float, height_in: float
) -> None:
    choose(page, "typhoon · day")
    printed = page.execute_cdp_cmd(
        "Page.printToPDF",
        {"paperWidth": width_in, "paperHeight": height_in, "printBackground": True,
         "marginTop": 0.39, "marginBottom": 0.39, "marginLeft": 0.39, "marginRight": 0.39},
    )  # fmt: skip
    document = base64.b64decode(printed["data"])
    assert re.findall(rb"/Count (\d+)", document) == [b"2"]
    boxes = {tuple(map(float, m.split())) for m in re.findall(rb"/MediaBox \[([^\]]+)\]", document)}
    ((_, _, width, height),) = boxes
    assert (width / 72, height / 72) == pytest.approx((width_in, height_in), abs=0.1)
    assert not page.execute_script("return document.body.classList.contains('printing')")


def test_paper_gets_the_legend_the_notices_and_a_map_of_paper_size(page: Any) -> None:
    page.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        sizes = page.execute_script(
            """
            function box(s) { return document.querySelector(s).getBoundingClientRect(); }
            var map = coverage.map.getSize(), legend = box('#paper-legend');
            var notice = document.querySelector('.notice'), verdict = box('.judgement');
            return [map.x, map.y, notice.open, legend.top >= verdict.bottom - 1,
                    legend.left >= map.x, legend.bottom <= box('#map').bottom + 60];
            """
        )
        hidden = [
            e.get_attribute("id") or e.get_attribute("class")
            for e in page.find_elements("css selector", ".buttons, .chooser, .searchbox")
            if e.is_displayed()
        ]
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        page.execute_script("window.dispatchEvent(new Event('afterprint'))")
    assert sizes == [700, 610, True, True, True, True]
    assert hidden == []
    assert page.execute_script("return document.querySelector('#map .legend') !== null")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)], ids=["laptop", "projector"])
def test_nothing_sticks_out_to_the_side(show: Show, lang: str, size: tuple[int, int]) -> None:
    tables, result = with_plan(make_tables(), make_result(make_tables()))
    driver = show(coverage_page(tables, result, lang=lang))
    try:
        screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        out = driver.execute_script(
            """
            var wide = document.documentElement.clientWidth;
            return Array.from(document.querySelectorAll('header *, aside *')).filter(function (e) {
              return e.getBoundingClientRect().right > wide + 1 && !e.closest('.unseen, .tablebox');
            }).map(function (e) { return e.id || e.className || e.tagName; });
            """
        )
    finally:
        screen = {"width": 1400, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    assert out == []


def test_first_paint_is_reported(page: Any, record_property: Any) -> None:
    entries = page.execute_async_script(
        "var done = arguments[0];"
        "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done("
        "performance.getEntriesByType('paint').map(e => [e.name, e.startTime])), 50)))"
    )
    found = dict(entries)
    record_property("first_paint_ms", found["first-paint"])
    assert "first-contentful-paint" in found
