"""What the command line says of scenarios: the lines of the comparison, and the help."""

from __future__ import annotations

from typing import Any

import pytest

from geodata import catalogue
from routing.cli import audit_scenarios


def line(lang: str = "en", **row: Any) -> str:
    given = {"scenario": "gale", "scenario_zh": "大风", "scenario_en": "gale", "zone": "rural",
             "mean_min": 13.39, "change_min": None, "more_cut_off": False,
             "unreachable_population": 0.0}  # fmt: skip
    return audit_scenarios._line(given | row, lang)


@pytest.mark.parametrize(
    ("change", "told"),
    [(-0.001, "+0.00"), (-0.0, "+0.00"), (0.0, "+0.00"), (-0.006, "-0.01"), (2.5, "+2.50")],
)
def test_no_change_has_no_minus(change: float, told: str) -> None:
    assert f", {told} against today" in line(change_min=change)


def test_means_of_other_people_are_not_compared_and_it_says_why() -> None:
    cut_off = {"more_cut_off": True, "unreachable_population": 88_440.0}
    assert "– against today (more people are cut off" in line(**cut_off)
    assert "88,440 people" in line(**cut_off)
    assert "不作比较" in line("zh", **cut_off)
    assert "populations" not in line()


@pytest.mark.parametrize("lang", catalogue.LANGUAGES)
def test_the_help_names_the_layout_and_the_keys(lang: str) -> None:
    told = catalogue.text("cli.audit.scenarios", lang)
    for word in ("1-light/day.toml", "[condition]", "name", "daylight", "when", "vehicles"):
        assert word in told
