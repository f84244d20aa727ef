"""Charts from a result alone: those it has tables for, under the names reports know."""

from __future__ import annotations

from typing import Any

import pytest

from maps import report
from maps.result_charts import charts_of, resilience_rows
from tests.maps.conftest import HOSTILE, poison, zones
from tests.maps.results import audit, infeasible, plan, recorded

LANGS = ("zh", "en")
MORE = {
    "hour_weekday": [{"hour": 1, "weekday": 2, "n": 9, "mean_min": 12.0}],
    "months": [{"month": "2024-01", "n": 9, "mean_min": 12.0, "mean_low_min": 11.0,
                "mean_high_min": 13.0}],
    "phases_by_zone": [{"zone": "rural", "call_handling_min": 2.0}],
    "distribution": [{"series": "rural", "minutes": 9.0, "share": 0.5}],
}  # fmt: skip


def year(brief: dict[str, Any]) -> dict[str, Any]:
    """Return a brief with two conditions of the year."""
    conditions = [
        {"key": f"{name}@day", "condition": name, "daylight": "day", "name_zh": zh, "name_en": en,
         "days_per_year": 10.0, "unreachable_population": 57, "zones": zones(10.0, 18.0)}
        for name, zh, en in (("calm", "平静天气", "calm weather"), ("ice", "海冰", "sea ice"))
    ]  # fmt: skip
    resilience = [
        {"island_id": "i9", "name_zh": "远灯岛", "name_en": "", "county_zh": "海东县",
         "population": 300.0, "cut_off_days_per_year": 3.5, "worst_condition": "ice@day",
         "last_condition": "calm@day", "last_min": 44.0, "last_vehicle": "boat"},
    ]  # fmt: skip
    return brief | {"conditions": conditions, "resilience": resilience,
                    "expected": {"zones": zones(10.2, 18.4)}}  # fmt: skip


def test_each_result_gives_the_charts_it_has_tables_for(result: dict[str, Any]) -> None:
    assert set(charts_of(result, lang="en")) == {"parts"}
    assert set(charts_of(year(result), lang="en")) == {"parts", "resilience"}
    assert set(charts_of(plan(result), lang="en")) == {"resilience", "tradeoff"}
    assert set(charts_of(audit(), lang="zh")) == {"late_causes"}
    assert set(charts_of(audit() | MORE, lang="zh")) == {
        "late_causes", "hour_weekday", "months", "phases", "recorded",
    }  # fmt: skip
    assert charts_of({}, lang="zh") == {}


def test_conditions_are_called_what_the_result_calls_them(result: dict[str, Any]) -> None:
    rows = resilience_rows(year(result), lang="zh")
    assert [row["condition"] for row in rows[::2]] == ["平静天气，白天", "海冰，白天"]
    assert rows[1]["share_cut_off"] == pytest.approx(57 / 12_345)
    after = resilience_rows(plan(result), lang="en")
    assert [row["mean_min"] for row in after] == [9.9, 13.2, 9.9, 15.5]


@pytest.mark.parametrize("lang", LANGS)
def test_every_chart_has_its_place_in_the_report(result: dict[str, Any], lang: str) -> None:
    for one in (year(result), plan(result), audit() | MORE):
        names = tuple(charts_of(one, lang=lang))
        sections = report.document(one, names, lang).sections
        assert "pictures" not in {section.anchor for section in sections}


@pytest.mark.parametrize("lang", LANGS)
def test_the_report_of_a_year_tells_conditions_and_who_is_cut_off(
    result: dict[str, Any], lang: str
) -> None:
    text = report.page(year(result), {}, lang)
    for expected in ("海冰" if lang == "zh" else "sea ice", "3.5", "20.0", "18.4", "44.0"):
        assert expected in text


@pytest.mark.parametrize("lang", LANGS)
def test_hostile_text_is_drawn_as_text(result: dict[str, Any], lang: str) -> None:
    for one in (year(result), plan(result), infeasible(result), audit() | MORE):
        for figure in charts_of(poison(one, list(HOSTILE)) | {"months": []}, lang=lang).values():
            figure.canvas.draw()


def test_suppressed_zones_leave_no_mark_on_the_distribution() -> None:
    hidden = recorded(3, 77.0, 14.0, mean_min=None, suppressed=True)
    made = audit() | MORE | {"zones": {"rural": hidden}}
    said = [t.get_text() for t in charts_of(made, lang="en")["recorded"].axes[0].texts]
    assert said == ["target 14"]
