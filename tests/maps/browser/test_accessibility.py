"""axe-core finds nothing serious on any page.

Each page has a sample: a function that makes it in a language. Those made of the shared results are
here; another page offers ``sample_page(lang)`` in its own test module.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maps.interactive import coverage_page
from maps.report import page as report_page
from tests.maps.browser.conftest import Show
from tests.maps.conftest import make_result, make_tables
from tests.maps.results import PNG, plan
from tests.maps.results import audit as recorded
from tests.maps.yearly import with_year

pytestmark = pytest.mark.browser

# What opens what a user opens, so that it is examined too.
OPENED = {
    "coverage": """
        coverage.view.focusIsland('i2');
        document.getElementById('find').value = 'dao'; coverage.search.look();
        document.querySelector('.leaflet-control-layers').classList.add(
          'leaflet-control-layers-expanded');
    """,
}


def coverage(lang: str) -> str:
    tables = make_tables()
    effects = {key: ["effect"] for key in ("calm@day", "fog@day")}
    return coverage_page(*with_year(tables, make_result(tables)), lang=lang, effects=effects)


def report(lang: str) -> str:
    picture = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    return report_page(make_result(make_tables()), {"coverage": picture}, lang)


def proposal(lang: str) -> str:
    """The map of a proposal: today and after it, under its first condition."""
    tables = make_tables()
    told = plan(make_result(tables))
    drawn = {**make_result(tables), "proposal": {**told, "after": told["after"]}}
    return coverage_page(tables, drawn, lang=lang)


def audit(lang: str) -> str:
    return report_page(recorded(), {"hour_weekday": PNG}, lang)


SAMPLES = {"coverage": coverage, "report": report, "proposal": proposal, "audit": audit}


def sample(name: str) -> Callable[[str], str]:
    """Return what makes the page `name`."""
    if name in SAMPLES:
        return SAMPLES[name]
    tests = importlib.import_module(f"tests.maps.test_{name}_page")
    found: Callable[[str], str] = tests.sample_page
    return found


def violations(driver: Any) -> list[str]:
    """Return axe-core's serious and critical findings, one a line."""
    axe = pytest.importorskip("axe_core_python", reason="axe-core-python is not installed")
    script = Path(str(axe.__file__)).with_name("axe.min.js").read_text("utf-8")
    driver.execute_cdp_cmd("Runtime.evaluate", {"expression": script})
    driver.set_script_timeout(60)
    found = driver.execute_async_script(
        """
        var done = arguments[0];
        axe.run(document, {resultTypes: ['violations']}).then(
          function (found) { done(found.violations); },
          function (error) { done([{impact: 'critical', id: String(error), nodes: []}]); });
        """
    )
    return [
        f"{rule['impact']} {rule['id']}: {[node['html'][:160] for node in rule['nodes'][:4]]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", ["coverage", "proposal", "report", "route", "audit"])
def test_axe_finds_nothing_serious(show: Show, name: str, lang: str) -> None:
    driver = show(sample(name)(lang))
    assert violations(driver) == []
    if name in OPENED:
        driver.execute_script(OPENED[name])
        assert violations(driver) == []


@pytest.mark.parametrize("number", range(6))
def test_axe_finds_nothing_serious_in_any_view(show: Show, number: int) -> None:
    driver = show(coverage("en"))
    driver.execute_script(
        "coverage.page.chooser.value = arguments[0]; coverage.page.change()", number
    )
    assert violations(driver) == []


def test_the_examination_sees_faults(show: Show) -> None:
    driver = show("<!DOCTYPE html><title>x</title><button></button><p style='color:#ddd'>pale</p>")
    found = " ".join(violations(driver))
    assert "button-name" in found
    assert "html-has-lang" in found
