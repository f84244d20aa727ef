"""What a report says of crews posted outside the region."""

from __future__ import annotations

from typing import Any

import pytest

from maps import report
from tests.maps.conftest import HOSTILE, poison, zones
from tests.maps.pagecheck import Page

LANGS = ("zh", "en")


def aid(*, counted: bool = False, islands: bool = True) -> dict[str, Any]:
    row = {"island_id": "i9", "name_zh": "远灯岛", "name_en": "Yuandeng Island", "county": "海东县",
           "population": 321.0, "without_min": 46.2, "with_min": 33.9, "lost_min": 12.3,
           "newly_reached_population": 0.0, "post": "彼岸站",
           "post_en": "Far Shore Station"}  # fmt: skip
    cut_off = row | {"name_zh": "孤礁", "name_en": "Gujiao", "without_min": None}
    return {
        "counted": counted,
        "zones": {"without": zones(10.4, 18.2), "with": zones(10.4, 17.7)},
        "islands": [cut_off, row] if islands else [],
    }


@pytest.mark.parametrize("lang", LANGS)
def test_islands_and_means_stand_without_and_with_the_crews(
    result: dict[str, Any], lang: str
) -> None:
    page = Page(report.page(result | {"mutual_aid": aid()}, {}, lang))
    assert "mutual_aid" in page.ids
    for value in ("46.2", "33.9", "321", "18.2 → 17.7", "彼岸站" if lang == "zh" else "Far Shore"):
        assert value in page.text
    assert ("未计区域外" if lang == "zh" else "leave out crews") in page.text


def test_a_report_says_whether_they_are_counted(result: dict[str, Any]) -> None:
    told = Page(report.page(result | {"mutual_aid": aid(counted=True)}, {}, "en")).text
    assert "count crews posted outside" in told
    assert "leave out crews" not in told


def test_crews_that_change_nothing_have_no_table(result: dict[str, Any]) -> None:
    told = Page(report.page(result | {"mutual_aid": aid(islands=False)}, {}, "en")).text
    assert "change the response time of no island" in told
    assert "Islands where crews from outside" not in told


@pytest.mark.parametrize("absent", [None, {}, "on"])
def test_without_such_crews_there_is_no_section(result: dict[str, Any], absent: Any) -> None:
    page = Page(report.page(result | {"mutual_aid": absent}, {}, "en"))
    assert "mutual_aid" not in page.ids


def test_hostile_names_stay_text(result: dict[str, Any]) -> None:
    made = poison(result | {"mutual_aid": aid()}, list(HOSTILE))
    page = Page(report.page(made, {}, "en"))
    assert page.handlers == []
    assert not {"script", "svg", "img"} & set(page.tags)


@pytest.mark.parametrize(("lang", "said"), [("zh", "无人被隔断"), ("en", "Nobody may be cut off")])
def test_the_meaning_of_the_target_says_that_nobody_may_be_cut_off(
    result: dict[str, Any], lang: str, said: str
) -> None:
    assert said in Page(report.page(result, {}, lang)).text
