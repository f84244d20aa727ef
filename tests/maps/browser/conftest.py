"""A headless Chromium with the network off, and what the tests ask of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--window-size=1400,900",
)  # fmt: skip
Show = Callable[[str], Any]


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser without a network; the tests skip where there is none to start."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    if not BROWSER or not DRIVER:
        pytest.skip("no Chromium with chromedriver here")
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(executable_path=DRIVER)
    )
    found.get("about:blank")
    found.execute_cdp_cmd("Network.enable", {})
    found.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
    )
    found.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 1400, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    yield found
    found.quit()


@pytest.fixture
def show(driver: Any, tmp_path: Path) -> Show:
    """Open a page from the disk; the logs begin with it."""

    def opened(page: str) -> Any:
        file = tmp_path / "page 页.html"
        file.write_text(page, "utf-8")
        driver.get("about:blank")
        driver.get_log("browser")
        driver.get_log("performance")
        driver.get(file.as_uri())
        return driver

    return opened


def requests(driver: Any) -> list[str]:
    """Return the addresses asked for since the page was opened, the page itself aside."""
    entries = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    sent = (e["params"] for e in entries if e["method"] == "Network.requestWillBeSent")
    urls = (s["request"]["url"] for s in sent)
    return [url for url in urls if not url.startswith(("file:", "data:", "about:", "chrome:"))]


def console(driver: Any) -> list[str]:
    """Return what the page wrote to the console since it was opened."""
    return [entry["message"] for entry in driver.get_log("browser")]
