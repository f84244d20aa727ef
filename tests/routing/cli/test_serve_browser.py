"""The what-if page in a real browser, against a real server of the Coral Isles."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from geodata import region
from maps import packing
from maps.words import rounded
from routing import scenario
from routing.cli import frame, serve
from routing.cli.serve_http import Server
from tests.fixtures import archipelago

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not BROWSER or not DRIVER, reason="no Chromium with chromedriver here"),
]
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1366,768",
)  # fmt: skip
PATIENCE_S = 30.0
ROW = "return whatIf.map.answer.islands.find(row => row.island_id === arguments[0])"


@pytest.fixture(scope="module")
def isles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("isles") / "coral.gpkg"
    region.save(archipelago.build(), path)
    return path


def running(isles: Path, host: str) -> Iterator[Server]:
    settings = frame.Settings(region=str(isles), config=None, lang="en", verbose=False)
    with serve.started(settings, port=0, host=host, daylight="night") as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def server(isles: Path) -> Iterator[Server]:
    yield from running(isles, "127.0.0.1")


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, downloads: Path) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=DRIVER)
    found = webdriver.Chrome(options=options, service=service)
    found.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)}
    )
    yield found
    found.quit()


@pytest.fixture
def page(browser: Any, server: Server) -> Any:
    """The page as it opens, without what an earlier test left in the browser."""
    browser.get(serve.address(server))
    browser.execute_script("sessionStorage.clear()")
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(serve.address(server))
    answered(browser, 1)
    return browser


def answered(browser: Any, count: int) -> None:
    """Wait until the page has shown `count` answers and waits for none."""
    script = (
        "return Number(document.body.dataset.answers || 0) >= arguments[0] && "
        "document.getElementById('panel').getAttribute('aria-busy') === 'false'"
    )
    until(lambda: browser.execute_script(script, count))


def until(done: Any) -> None:
    limit = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < limit, "the page does not get there"
        time.sleep(0.02)


def text(browser: Any, selector: str) -> str:
    return str(browser.find_element("css selector", selector).text)


def hosts_asked(browser: Any) -> set[str]:
    entries = (json.loads(e["message"])["message"] for e in browser.get_log("performance"))
    sent = (e["params"] for e in entries if e["method"] == "Network.requestWillBeSent")
    urls = (s["request"]["url"] for s in sent)
    return {url.split("/")[2] for url in urls if url.startswith(("http:", "https:", "ws"))}


def mark(browser: Any, post_id: str) -> Any:
    return browser.execute_script(
        "return whatIf.map.posts[arguments[0]].marker.getElement()", post_id
    )


def state(browser: Any) -> dict[str, Any]:
    return dict(browser.execute_script("return whatIf.edits.state"))


def test_it_loads_from_its_server_alone_and_without_a_fault(page: Any, server: Server) -> None:
    assert "✓" in text(page, "#zone-main_urban .judged") or "✗" in text(
        page, "#zone-main_urban .judged"
    )
    assert text(page, "#people").startswith("0 ")
    assert hosts_asked(page) == {f"127.0.0.1:{server.access.port}"}
    assert page.get_log("browser") == []


def test_a_post_is_dragged_and_put_back(page: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    before = text(page, "#zone-main_urban .now")
    ActionChains(page).drag_and_drop_by_offset(mark(page, "P1"), 28, 22).perform()
    answered(page, 2)
    assert list(state(page)["move"]) == ["P1"]
    assert text(page, "#zone-main_urban .was") == before != text(page, "#zone-main_urban .now")
    assert "City Station" in text(page, "#changes")
    page.find_element("id", "undo").click()
    answered(page, 3)
    assert state(page)["move"] == {}
    assert text(page, "#zone-main_urban .now") == before
    page.find_element("id", "redo").click()
    answered(page, 4)
    page.find_element("id", "reset").click()
    answered(page, 5)
    assert text(page, "#zone-main_urban .now") == before
    assert page.get_log("browser") == []


def test_a_post_walks_by_the_keyboard_alone(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    marker = mark(page, "P1")
    old = page.execute_script("return whatIf.map.posts.P1.at")
    page.execute_script("arguments[0].focus()", marker)
    marker.send_keys("m")
    assert "Esc" in text(page, "#hint")
    marker.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    marker.send_keys(Keys.ENTER)
    answered(page, 2)
    lat, lon = state(page)["move"]["P1"]
    assert lat == pytest.approx(old[0], abs=2e-5)
    assert 300 < (lon - old[1]) * 111_200 * 0.95 < 600
    marker = mark(page, "P1")
    marker.send_keys("m")
    marker.send_keys(Keys.ARROW_UP)
    marker.send_keys(Keys.ESCAPE)
    assert state(page)["move"]["P1"] == [lat, lon]


def test_a_ferry_closes_from_the_list_and_the_verdict_changes(page: Any) -> None:
    from selenium.webdriver.support.ui import Select

    chooser = Select(page.find_element("id", "what"))
    for post in ("P3", "P4"):
        chooser.select_by_value(f"post:{post}")
        count = int(page.execute_script("return document.body.dataset.answers"))
        page.find_elements("css selector", "#deeds .deed")[-1].click()
        answered(page, count + 1)
    Select(page.find_element("id", "what")).select_by_value("link:F1")
    page.find_element("css selector", "#deeds .deed").click()
    answered(page, 4)
    assert state(page)["close"] == {"F1": True}
    assert "cut off" in text(page, "#people")
    assert "unreachable" in text(page, "#zone-rural ul")
    page.find_element("css selector", "#order label:nth-of-type(2)").click()
    assert "Northferry" in text(page, "#islands tbody")
    page.find_element("css selector", "#shade label:nth-of-type(2)").click()
    assert "cut off" in text(page, "#bands")
    assert page.get_log("browser") == []


def test_a_new_post_is_placed_by_a_click_and_saved_as_a_scenario(
    page: Any, downloads: Path, isles: Path
) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    page.find_element("css selector", "[data-add=ambulance]").click()
    spot = archipelago.point(1.5, 7.0)
    at = page.execute_script(
        "return whatIf.map.map.latLngToContainerPoint([arguments[0], arguments[1]])", spot.y, spot.x
    )
    box = page.find_element("id", "map")
    size = box.size
    ActionChains(page).move_to_element_with_offset(
        box, int(at["x"] - size["width"] / 2), int(at["y"] - size["height"] / 2)
    ).click().perform()
    answered(page, 2)
    assert len(state(page)["add"]) == 1
    page.find_element("id", "save").click()
    name = page.find_element("id", "save-name")
    name.clear()
    name.send_keys("West post")
    page.find_element("id", "save-do").click()
    file = downloads / "West-post.toml"
    until(lambda: file.exists() and file.stat().st_size)
    asked = scenario.load(file)
    assert (asked.name, asked.condition.daylight) == ("West post", "night")
    assert len(asked.posts_added) == 1
    scenario.apply(region.load(isles), asked)
    assert page.get_log("browser") == []


def test_a_new_helipad_is_landed_on_moved_and_saved(
    page: Any, downloads: Path, isles: Path
) -> None:
    from selenium.webdriver.support.ui import Select

    assert page.execute_script("return whatIf.map.data.helipads.length") == 2
    page.find_element("css selector", "#light label:nth-of-type(1)").click()  # by day they fly
    answered(page, 2)
    spot = archipelago.build().demand.query("island_id == 'I03'").geometry.iloc[0]
    page.execute_script("whatIf.edits.change(function (s) { s.remove = {P3: true, P4: true}; })")
    answered(page, 3)
    before = page.execute_script(ROW, "I03")
    page.find_element("css selector", "[data-add=helipad]").click()
    page.execute_script(
        "whatIf.map.map.setView([arguments[0], arguments[1]], 12, {animate: false});",
        spot.y,
        spot.x,
    )
    page.find_element("id", "map").send_keys("\ue007")  # Enter places it in the middle
    answered(page, 4)
    (added,) = state(page)["add"]
    assert (added["vehicle"], added["id"]) == ("helipad", "whatif-1")
    now = page.execute_script(ROW, "I03")
    assert now["vehicle"] == "helicopter"
    assert now["now_min"] < before["now_min"]
    assert "What-if helipad 1 (helipad)" in text(page, "#changes")
    Select(page.find_element("id", "what")).select_by_value("post:whatif-1")
    name = "Pad of I03"
    page.find_element("id", "save").click()
    page.find_element("id", "save-name").clear()
    page.find_element("id", "save-name").send_keys(name)
    page.find_element("id", "save-do").click()
    file = downloads / "Pad-of-I03.toml"
    until(lambda: file.exists() and file.stat().st_size)
    asked = scenario.load(file)
    assert [one.helipad_id for one in asked.helipads_added] == ["whatif-1"]
    assert asked.posts_added == ()
    after = scenario.apply(region.load(isles), asked)
    assert after.helipads["island_id"].iloc[-1] == "I03"
    assert page.get_log("browser") == []


def tip(browser: Any, island_id: str) -> str:
    """Return what the tip of an island's dot tells."""
    script = (
        "const dot = whatIf.map.dots.find(dot => dot.island.id === arguments[0]);"
        "return dot.getTooltip()._content(dot).innerText"
    )
    return str(browser.execute_script(script, island_id))


@pytest.mark.parametrize(
    ("lang", "told"),
    [("zh", ["全岛人口：{people}", "全岛平均反应时间", "{mean} 分钟"]),
     ("en", ["Residents of the island: {people}", "Mean response of the island", "{mean} min"])],
)  # fmt: skip
def test_the_tip_of_a_dot_tells_the_mean_of_its_island_as_its_colour_does(
    page: Any, server: Server, lang: str, told: list[str]
) -> None:
    page.get(f"{serve.address(server)}{lang}")
    answered(page, 1)
    answer = page.execute_script("return whatIf.map.answer")
    rows = {row["island_id"]: row for row in answer["islands"]}
    several = page.execute_script(
        "return whatIf.map.dots.filter(d => d.island.cells.length > 1).map(d => d.island.id)"
    )
    differ = 0
    for island_id in several:
        row, found = rows[island_id], tip(page, island_id)
        mean = page.execute_script("return whatIf.map.number(arguments[0])", row["now_min"])
        for line in told:
            assert line.format(people=f"{row['population']:,.0f}", mean=mean) in found
        first = page.execute_script(
            "const map = whatIf.map, i = map.islands[arguments[0]].cells[0];"
            "return map.minutes(map.answer.cells.now[i])",
            island_id,
        )
        differ += first not in found
    assert differ, "on no island would the first cell tell something else"


def test_a_dot_of_one_cell_tells_its_second_best_crew_too(page: Any) -> None:
    single = page.execute_script(
        "const map = whatIf.map, answer = map.answer;"
        "return map.dots.filter(dot => dot.island.cells.length === 1 &&"
        " answer.crews[answer.cells.second[dot.island.cells[0]]]).map(dot => dot.island.id)"
    )
    if not single:  # no such island: make one of the first
        single = [page.execute_script("return whatIf.map.dots[0].island.id")]
        page.execute_script("whatIf.map.dots[0].island.cells.length = 1")
    assert "Second best: " in tip(page, single[0])


def test_the_tip_of_a_dot_tells_what_was_and_whom_nobody_reaches(page: Any) -> None:
    page.execute_script(
        "const map = whatIf.map, answer = map.answer, row = answer.islands[0];"
        "Object.assign(row, {before_min: 20, now_min: 11.004, now_unreachable: 1200,"
        " population: null, vehicle: null}); map.paint(answer)"
    )
    island_id = page.execute_script("return whatIf.map.answer.islands[0].island_id")
    found = tip(page, island_id)
    assert "20.0 min → 11.01 min" in found
    assert "unreachable residents 1,200" in found
    assert "Residents of the island: unknown" in found
    colours = (
        "const map = whatIf.map, dot = map.dots.find(dot => dot.island.id === arguments[0]);"
        "return [dot.options.fillColor, map.band(11.004).colour, map.band(11).colour]"
    )
    dot, above, within = page.execute_script(colours, island_id)
    assert dot == above != within


# Class bounds of the Coral Isles are those of the targets: 11 and 14 among them.
@pytest.mark.parametrize(
    "value", [10.94, 10.96, 10.9999, 11.0, 11.0000005, 11.000002, 11.004, 11.04, 11.06, 14.0001]
)
def test_a_number_is_printed_on_the_side_of_the_bound_that_it_is_coloured_on(
    page: Any, value: float
) -> None:
    script = (
        "const map = whatIf.map, text = map.number(arguments[0]);"
        "return [text, map.band(arguments[0]).upper, map.band(Number(text)).upper,"
        " whatIf.panel.mean({mean_min: arguments[0], target_min: 11})]"
    )
    text, coloured, printed, mean = page.execute_script(script, value)
    assert printed == coloured
    assert len(text.partition(".")[2]) <= 2
    if not 11.0 < value <= 11.000001:
        (hundredths,) = packing.whole([value], [11.0, 14.0])
        assert float(text) == pytest.approx(hundredths / 100, abs=0.05)
    assert mean == rounded(value, bound=11.0), "the page and the report tell one mean"


@pytest.mark.parametrize(
    ("value", "text"), [(11.004, "11.01"), (11.000002, "11.01"), (11.0000005, "11.0")]
)
def test_a_number_just_above_a_bound_is_a_hundredth_above_it_and_rounding_is_not(
    page: Any, value: float, text: str
) -> None:
    assert page.execute_script("return whatIf.map.number(arguments[0])", value) == text


@pytest.mark.parametrize(
    ("change", "text"),
    [(0.04, "0.0"), (-0.04, "0.0"), (0, "0.0"), (0.06, "+0.1"), (-0.06, "−0.1"), (-2.5, "−2.5")],
)
def test_a_change_that_rounds_to_nothing_has_no_sign(page: Any, change: float, text: str) -> None:
    assert page.execute_script("return whatIf.map.signed(arguments[0])", change) == text


def test_what_is_dropped_into_the_sea_goes_back_with_a_word(page: Any) -> None:
    sea = archipelago.point(8, 13)
    page.execute_script("whatIf.edits.movePost('P1', [arguments[0], arguments[1]])", sea.y, sea.x)
    until(lambda: page.find_element("id", "alarm").is_displayed())
    assert "km" in text(page, "#alarm")
    assert state(page)["move"] == {}
    assert page.find_element("id", "undo").get_attribute("disabled")


def test_work_kept_for_a_region_that_has_changed_since_is_let_go(page: Any) -> None:
    page.execute_script(
        "whatIf.edits.state.remove = {nobody: true}; whatIf.edits.past = []; whatIf.edits.keep()"
    )
    page.refresh()
    answered(page, 1)
    assert page.find_element("id", "alarm").is_displayed()
    assert state(page)["remove"] == {}
    assert text(page, "#people").startswith("0 ")


def test_a_condition_is_switched_and_survives_a_reload_in_the_other_language(page: Any) -> None:
    from selenium.webdriver.support.ui import Select

    Select(page.find_element("id", "condition")).select_by_value("gale")
    answered(page, 2)
    page.find_element("link text", "中文").click()
    answered(page, 1)
    assert page.execute_script("return document.documentElement.lang") == "zh-CN"
    assert state(page)["condition"] == "gale"
    assert page.find_element("id", "condition").get_attribute("value") == "gale"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_is_accessible(page: Any, server: Server, lang: str) -> None:
    axe = pytest.importorskip("axe_core_python.selenium", reason="axe-core-python is not installed")
    page.get(f"{serve.address(server)}{lang}")
    answered(page, 1)
    found = axe.Axe().run(page)["violations"]
    assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found] == []


def test_a_server_for_the_network_asks_for_its_token_and_keeps_it_out_of_the_address(
    browser: Any, isles: Path
) -> None:
    for server in running(isles, "0.0.0.0"):
        port, token = server.access.port, server.access.token
        browser.get(f"http://127.0.0.1:{port}/")
        assert not browser.find_elements("id", "map")
        browser.find_element("id", "token").send_keys("wrong")
        browser.find_element("css selector", "button").click()
        until(lambda: text(browser, "#wrong"))
        browser.get("about:blank")
        browser.get(f"http://127.0.0.1:{port}/#{token}")
        until(lambda: browser.find_elements("id", "map"))
        answered(browser, 1)
        assert token not in browser.current_url
