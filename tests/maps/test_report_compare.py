"""The report of a comparison: each scenario before and after, from the result alone."""

from __future__ import annotations

from typing import Any

import pytest

from maps import report, word
from tests.maps.conftest import HOSTILE, poison
from tests.maps.pagecheck import Page
from tests.maps.results import PNG

LANGS = ("zh", "en")


def zone_row(condition: str, before: float, after: float, **more: Any) -> dict[str, Any]:
    return {"condition": condition, "zone": "rural", "before_min": before, "after_min": after,
            "change_min": after - before, "target_min": 14.0, "met_before": before <= 14.0,
            "met_after": after <= 14.0, "reason_before": "mean", "reason_after": "met",
            "unreachable_before": 57.0, "unreachable_after": 0.0, "gaining_population": 400.0,
            "losing_population": 21.0, "newly_reached_population": 57.0,
            "newly_cut_off_population": 0.0} | more  # fmt: skip


def island_row(condition: str, before: float | None, after: float | None) -> dict[str, Any]:
    change = None if before is None or after is None else after - before
    return {"condition": condition, "island_id": "i9", "name_zh": "远灯岛",
            "name_en": "Yuandeng Island", "county": "海东县", "population_after": 321.0,
            "before_min": before, "after_min": after, "change_min": change,
            "vehicle_after": "boat", "post_after": "外礁站",
            "post_after_en": "Outer Rock Station"}  # fmt: skip


def compared(brief: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a comparison for the region of a brief: one case, two conditions."""
    part = {"name": "bridge", "name_zh": "大桥通车", "name_en": "Bridge opens",
            "date": "2027-12-31", "note": "date assumed", "changes_zh": ["开通 跨海大桥"],
            "changes_en": ["opened: Sea Bridge"]}  # fmt: skip
    keep = ("region", "condition", "daylight", "start_stamp", "network", "zones", "assumptions",
            "sources", "notices")  # fmt: skip
    names = {"calm@day": ("平静天气", "calm weather"), "fog@day": ("浓雾", "dense fog")}
    cut_off = {"met_after": False, "reason_after": "cut_off"}
    return {
        "schema": "island-response/compare/1",
        **{key: brief[key] for key in keep},
        "conditions": [
            {"key": key, "daylight": "day", "name_zh": zh, "name_en": en}
            for key, (zh, en) in names.items()
        ],
        "cases": [
            {
                "name": "bridge",
                "parts": [part],
                "zones": [
                    zone_row("calm@day", 18.2, 13.2),
                    zone_row("fog@day", 27.3, 13.9, **cut_off),
                    zone_row("year", 18.9, 13.4),
                ],
                "islands": [
                    island_row("calm@day", 44.0, 15.5),
                    island_row("calm@day", None, 31.7),
                    island_row("calm@day", 20.04, 20.05),
                    island_row("fog@day", 77.7, 10.0),
                ],
            }
        ],
    }


@pytest.mark.parametrize("lang", LANGS)
def test_a_case_is_told_with_its_changes_its_zones_and_its_islands(
    result: dict[str, Any], lang: str
) -> None:
    page = Page(report.page(compared(result), {"compare_1": PNG}, lang))
    assert {"findings", "case-1", "method"} <= set(page.ids)
    told = {"zh": ("大桥通车", "开通 跨海大桥", "浓雾", "外礁站", "2027-12-31 起"),
            "en": ("Bridge opens", "opened: Sea Bridge", "dense fog", "Outer Rock Station",
                   "From 2027-12-31")}  # fmt: skip
    for value in (*told[lang], "18.2", "13.2", "44.0", "15.5", "-28.5", "31.7", "400", "21"):
        assert value in page.text
    assert "77.7" not in page.text  # islands are those of the first condition
    assert "20.0" not in page.text  # nor those whose minutes stay


def test_the_first_finding_is_that_of_the_whole_year(result: dict[str, Any]) -> None:
    text = Page(report.page(compared(result), {}, "en")).text
    assert "Whole year, weighed by days: Rural area 18.9 → 13.4 min (met)." in text
    assert "Under calm weather, day, 400 residents gain, 21 lose, 57 are reached" in text


def test_one_condition_alone_is_the_finding(result: dict[str, Any]) -> None:
    made = compared(result)
    case = made["cases"][0]
    case["zones"] = [row for row in case["zones"] if row["condition"] == "calm@day"]
    text = Page(report.page(made, {}, "en")).text
    assert "calm weather, day: Rural area 18.2 → 13.2 min (met)." in text


def test_a_zone_that_misses_as_people_are_cut_off_says_so(result: dict[str, Any]) -> None:
    assert "missed (cut off)" in Page(report.page(compared(result), {}, "en")).text


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("absent", ["cases", "conditions", "zones", "notices", "sources"])
def test_an_absent_part_leaves_no_gap_and_no_error(
    result: dict[str, Any], absent: str, lang: str
) -> None:
    made = compared(result) | {absent: None}
    assert "None" not in Page(report.page(made, {}, lang)).text


def test_hostile_text_stays_text(result: dict[str, Any]) -> None:
    page = Page(report.page(poison(compared(result), list(HOSTILE)), {}, "en"))
    assert page.handlers == []
    assert not {"script", "svg", "img"} & set(page.tags)


def test_planners_get_it_for_word_too(result: dict[str, Any], tmp_path: Any) -> None:
    file = tmp_path / "report.docx"
    word.write(compared(result), {"compare_1": PNG}, file, "zh")
    assert file.stat().st_size > 5_000
