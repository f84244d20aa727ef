"""The pages in a real browser, network off: no request, no error, nothing runs from data."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest

from maps.interactive import coverage_page
from maps.report import page as report_page
from maps.tables import CoverageTables
from tests.maps.browser.conftest import Show, console, requests
from tests.maps.browser.test_coverage_page import PAINT, painted
from tests.maps.conftest import HOSTILE, make_result, poison
from tests.maps.yearly import with_year

pytestmark = pytest.mark.browser


def hostile_year(
    hostile: tuple[CoverageTables, dict[str, Any]],
) -> tuple[CoverageTables, dict[str, Any]]:
    """Return the hostile archipelago under all conditions, their names hostile as well."""
    tables, result = with_year(*hostile)
    words = list(HOSTILE)
    for state in result["conditions"]:
        state["islands"] = poison(state["islands"], words)
        state |= {"name_zh": f"{words[0]}{state['key']}", "name_en": f"{words[1]}{state['key']}"}
    return tables, result


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_map_loads_without_request_or_error(
    show: Show, tables: CoverageTables, result: dict[str, Any], lang: str
) -> None:
    driver = show(coverage_page(tables, result, lang=lang))
    shown = driver.execute_script("return coverage.view.cells.length")
    assert shown == len(tables.cells)
    assert requests(driver) == []
    assert console(driver) == []
    assert driver.execute_script("return document.images.length") == 0


def test_the_report_loads_without_request_or_error(show: Show, result: dict[str, Any]) -> None:
    driver = show(
        report_page(result, {"coverage": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}, "zh")
    )
    assert driver.find_element("id", "findings").is_displayed()
    assert requests(driver) == []
    assert console(driver) == []


def test_a_row_takes_the_map_to_its_island(
    show: Show, tables: CoverageTables, result: dict[str, Any]
) -> None:
    driver = show(coverage_page(tables, result, lang="zh"))
    row = driver.find_element("css selector", "#islands tbody tr:nth-child(3)")
    row.find_element("tag name", "button").click()
    popup = driver.find_element("css selector", ".leaflet-popup-content h3")
    assert popup.get_attribute("textContent") == result["islands"][2]["name_zh"]
    island = row.get_attribute("data-id")
    inside = driver.execute_script(
        "return coverage.map.getBounds().contains(coverage.view.islands[arguments[0]].bounds)",
        island,
    )
    assert inside
    assert "chosen" in row.get_attribute("class")


def test_rows_are_found_by_pinyin_and_sorted_by_a_click(
    show: Show, tables: CoverageTables, result: dict[str, Any]
) -> None:
    driver = show(coverage_page(tables, result, lang="zh"))
    driver.find_element("id", "find").send_keys("qingluo")
    rows = driver.find_elements("css selector", "#islands tbody tr")
    assert [r.get_attribute("data-id") for r in rows if r.is_displayed()] == ["i5"]
    driver.find_element("id", "find").clear()
    driver.find_element("id", "find").send_keys("\b")
    driver.execute_script("document.querySelector('[data-sort=people]').click()")
    rows = driver.find_elements("css selector", "#islands tbody tr")
    people = [float(r.get_attribute("data-people") or -1) for r in rows]
    assert people == sorted(people, reverse=True)


def test_a_cell_explains_its_response(
    show: Show, tables: CoverageTables, result: dict[str, Any]
) -> None:
    driver = show(coverage_page(tables, result, lang="en"))
    card = driver.execute_script("return coverage.view.cellCard(0).innerText")
    expected = [
        f"{tables.cells['response_min'].iloc[0]:.1f} min",
        "ambulance from Songyu station",
        "call handling",
        "Songyu station → demand point",
        "schematic",
        "Second best: helicopter",
    ]
    assert [words for words in expected if words not in card] == []
    last = len(tables.cells) - 1
    assert "unreachable" in driver.execute_script(
        f"return coverage.view.cellCard({last}).innerText"
    )


def test_the_switch_repaints_the_map_and_changes_the_verdict(
    show: Show, tables: CoverageTables, result: dict[str, Any]
) -> None:
    driver = show(coverage_page(tables, result, lang="en"))
    assert driver.execute_script(PAINT) == painted(tables, "response_min")
    driver.execute_script("document.querySelector('#state input[value=after]').click()")
    assert driver.execute_script(PAINT) == painted(tables, "after_min")
    shown = [
        e.text for e in driver.find_elements("css selector", ".verdict .figure") if e.is_displayed()
    ]
    assert [text.split()[0] for text in shown] == ["9.9", "13.2"]


def test_the_map_prints_on_paper_with_its_legend(
    show: Show, tables: CoverageTables, result: dict[str, Any]
) -> None:
    driver = show(coverage_page(tables, result, lang="zh"))
    printed = driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF")
    assert not driver.execute_script("return document.body.classList.contains('printing')")
    assert driver.execute_script("return document.querySelector('#map .legend') !== null")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("guarded", [True, False])
def test_hostile_names_run_nowhere_even_without_the_policy(
    show: Show, hostile: tuple[CoverageTables, dict[str, Any]], lang: str, guarded: bool
) -> None:
    page = coverage_page(*hostile_year(hostile), lang=lang, effects={"calm@day": HOSTILE})
    if not guarded:
        page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page, count=1)
    driver = show(page)
    driver.execute_script(
        """
        var view = coverage.view, map = coverage.map;
        var more = ['helipads', 'ports'].map(function (k) { return view.layers[k]; });
        more = more.concat(Object.values(view.layers.tiers), Object.values(view.layers.ferries));
        Object.values(view.layers.kinds).concat(more).forEach(function (g) { g.addTo(map); });
        document.getElementById('find').value = 'o';
        coverage.search.look();
        Object.keys(coverage.search.hits).forEach(function (n) { coverage.search.go(n); });
        view.data.townships.forEach(function (t) {
          document.body.appendChild(view.townshipCard(t));
        });
        view.data.views.forEach(function (v, n) {
          coverage.page.chooser.value = n; coverage.page.change();
          document.body.appendChild(view.cellCard(0));
        });
        [0, 50, 100].forEach(function (i) {
          document.body.appendChild(view.cellCard(i)); document.body.appendChild(view.cellTip(i));
        });
        Object.values(view.islands).forEach(function (island) {
          document.body.appendChild(view.islandCard(island));
        });
        map.eachLayer(function (layer) {
          if (layer.getPopup && layer.getPopup()) layer.openPopup();
          if (layer.getTooltip && layer.getTooltip()) layer.openTooltip();
        });
        view.data.ferries.forEach(function (f) { document.body.appendChild(view.ferryTip(f)); });
        document.querySelectorAll('#islands tbody button').forEach(function (b) { b.click(); });
        """
    )
    assert driver.execute_script("return window.pwned") is None
    assert driver.execute_script("return document.images.length") == 0
    assert driver.execute_script("return document.querySelectorAll('script').length") == 3
    assert "<img src=x onerror=window.pwned=1>" in driver.execute_script(
        "return document.body.innerText"
    )
    assert requests(driver) == []
    assert console(driver) == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_hostile_report_runs_nothing_even_without_the_policy(
    show: Show, hostile: tuple[CoverageTables, dict[str, Any]], lang: str
) -> None:
    page = report_page(hostile[1], {}, lang)
    driver = show(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page, count=1))
    assert driver.execute_script(
        "return [window.pwned, document.images.length, document.scripts.length]"
    ) == [None, 0, 0]
    assert console(driver) == []


def test_controls_have_names_and_the_page_a_language(
    show: Show, tables: CoverageTables, result: dict[str, Any]
) -> None:
    driver = show(coverage_page(tables, result, lang="zh"))
    nameless = driver.execute_script(
        """
        return Array.from(document.querySelectorAll('button, input, a, [role=button]')).filter(
          function (e) {
            var label = e.labels && e.labels.length ? e.labels[0].textContent : '';
            var spoken = [e.textContent, e.getAttribute('aria-label') || '', e.title, label];
            return spoken.join('').trim() === '';
          }).map(function (e) { return e.outerHTML; });
        """
    )
    assert nameless == []
    assert driver.execute_script("return document.documentElement.lang") == "zh-CN"


def test_four_thousand_cells_are_drawn(
    show: Show, many_cells: Callable[[], CoverageTables]
) -> None:
    tables = many_cells()
    driver = show(coverage_page(tables, make_result(tables), lang="zh"))
    assert driver.execute_script("return coverage.view.cells.length") == len(tables.cells)
    assert console(driver) == []
