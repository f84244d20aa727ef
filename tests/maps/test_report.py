"""The report: complete, inert, from the result and the figures alone."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from maps import assets
from maps.report import page as report_page
from tests.maps.conftest import HOSTILE
from tests.maps.pagecheck import Page

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
LANGS = ("zh", "en")


@pytest.mark.parametrize("lang", LANGS)
def test_findings_come_before_everything_else(result: dict[str, Any], lang: str) -> None:
    text = report_page(result, {"coverage": PNG}, lang)
    parts = "findings zones islands proposal assumed checks method sources"
    order = [text.index(f'id="{name}"') for name in parts.split()]
    assert order == sorted(order)


@pytest.mark.parametrize("lang", LANGS)
def test_the_report_refers_to_nothing_outside_but_by_links_to_sources(
    result: dict[str, Any], lang: str
) -> None:
    page = Page(report_page(result, {"coverage": PNG, "parts": b"<svg/>"}, lang))
    assert page.foreign() == []
    assert page.anchors() == ["https://example.org/a?b=1&c=2"]
    assert "script" not in page.tags


def test_only_web_addresses_become_links(result: dict[str, Any]) -> None:
    bad = ["javascript:alert(1)", "data:text/html,x", "//evil", "https://a b", "file:///etc"]
    bad += ["", None, "http://["]
    result["sources"] = [{"source_id": str(n), "title": "t", "url": u} for n, u in enumerate(bad)]
    assert Page(report_page(result, {}, "en")).anchors() == []


@pytest.mark.parametrize("lang", LANGS)
def test_hostile_text_stays_text(hostile: tuple[Any, dict[str, Any]], lang: str) -> None:
    page = Page(report_page(hostile[1], {HOSTILE[0]: PNG}, lang))
    assert page.handlers == []
    assert page.anchors() == []
    assert not {"script", "svg"} & set(page.tags)
    assert page.tags.count("img") == 1
    assert "{{ 7*7 }}" in page.text


def test_every_figure_is_shown_known_ones_in_their_place(result: dict[str, Any]) -> None:
    figures = {"coverage": PNG, "distribution": PNG, "parts": PNG, "coverage_after": PNG, "x": PNG}
    text = report_page(result, figures, "zh")
    assert text.count(assets.data_url(PNG)) == 5
    assert all(alt for alt in re.findall(r'<img [^>]*alt="([^"]*)"', text))


@pytest.mark.parametrize("lang", LANGS)
def test_numbers_of_the_result_are_in_the_report(result: dict[str, Any], lang: str) -> None:
    words = Page(report_page(result, {}, lang)).text
    for value in (
        "10.4",
        "18.2",
        "12.9",
        "24.0",
        "7.7",
        "13.1",
        "57",
        "12,345",
        "61.0%",
        "+0.4 (+3%)",
    ):
        assert value in words


def test_every_island_township_source_and_parameter_has_its_row(result: dict[str, Any]) -> None:
    text = report_page(result, {}, "zh")
    words = Page(text).text
    for island in result["islands"]:
        assert (island["name_zh"] or "") in words
    for expected in (
        "松屿镇",
        "孤礁乡",
        "Road data",
        "ambulance.turnout_min",
        "救护车出车",
        "新增急救点",
    ):
        assert expected in words
    assert '<a href="#source-1">src-a</a>; <a href="#source-2">src-b</a>' in text


def test_the_start_of_the_clock_is_stated(result: dict[str, Any]) -> None:
    for stamp, words in (
        ("dial", "caller dials"),
        ("answer", "is answered"),
        ("dispatch", "at dispatch"),
    ):
        assert words in report_page(result | {"start_stamp": stamp}, {}, "en")


def test_schematic_roads_are_named_only_where_they_were_used(result: dict[str, Any]) -> None:
    assert "schematic trunk network" in report_page(result, {}, "en")
    assert "schematic trunk network" not in report_page(result | {"network": "osm"}, {}, "en")


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    "absent",
    ["proposal", "variants", "parts", "vehicles", "townships", "unlocated", "assumptions", "checks",
     "sources", "notices", "islands", "zones", "region"],
)  # fmt: skip
def test_an_absent_part_leaves_no_gap_and_no_error(
    result: dict[str, Any], absent: str, lang: str
) -> None:
    without = {key: value for key, value in result.items() if key != absent}
    null = copy.deepcopy(result) | {absent: None}
    assert "None" not in Page(report_page(without, {}, lang)).text
    assert report_page(null, {}, lang) == report_page(without, {}, lang)


def test_equal_inputs_give_equal_reports(result: dict[str, Any]) -> None:
    assert report_page(result, {"x": PNG}, "zh") == report_page(result, {"x": PNG}, "zh")


def test_a_known_range_counts_as_met_anywhere_inside_it(result: dict[str, Any]) -> None:
    inside = {"name_en": "A", "modelled_min": 150.0, "known_min_low": 120, "known_min_high": 180}
    above = {"name_en": "B", "modelled_min": 198.0, "known_min_low": 120, "known_min_high": 180}
    unknown = {"name_en": "C", "modelled_min": 5.0, "known_min_low": None, "known_min_high": None}
    words = Page(report_page(result | {"known_times": [inside, above, unknown]}, {}, "en")).text
    assert "120–180" in words
    assert "within range" in words
    assert "+18.0 (+10%)" in words
    assert " C " not in words


def test_a_run_without_a_proposal_has_no_section_on_it(result: dict[str, Any]) -> None:
    result["proposal"] = {"statement": "not_asked", "sites": [], "before": {}, "after": {}}
    text = report_page(result, {}, "zh")
    assert 'id="proposal"' not in text


def test_a_zone_without_a_mean_is_not_judged(result: dict[str, Any]) -> None:
    result["zones"]["rural"] |= {"mean_min": None, "target_met": None}
    assert "cannot be judged" in Page(report_page(result, {}, "en")).text


def test_places_off_the_network_are_counted(result: dict[str, Any]) -> None:
    words = Page(report_page(result | {"unjoined_places": {"ports": 2, "posts": 0}}, {}, "en")).text
    assert "too far off): ports 2." in words


def test_notes_are_chinese_in_the_chinese_report_where_they_have_been_translated(
    result: dict[str, Any],
) -> None:
    both = {"note": "English note {}", "note_zh": "中文备注{}"}
    notes = [{key: text.format(n) for key, text in both.items()} for n in range(3)]
    result["assumptions"] = [{"name": "boat.speed_kn", "value": 20.0, **notes[0]}]
    result["known_times"] = [
        {"name_zh": "甲", "known_min_low": 5, "modelled_min": 5.0, **notes[1]},
        {"name_zh": "乙", "known_min_low": 5, "modelled_min": 5.0, "note": "left", "note_zh": None},
    ]
    result["unlocated"] = [
        {"name_zh": "丙", **notes[2]},
        {"name_zh": "丁", "note": "lost", "note_zh": float("nan")},
    ]
    zh, en = (Page(report_page(result, {}, lang)).text for lang in ("zh", "en"))
    for note in notes:
        assert note["note_zh"] in zh
        assert note["note"] not in zh
        assert note["note"] in en
        assert note["note_zh"] not in en
    assert "left" in zh
    assert "lost" in zh


def test_a_value_overridden_without_a_note_does_not_keep_the_note_of_the_default(
    result: dict[str, Any],
) -> None:
    row = {"name": "boat.speed_kn", "value": 25.0, "source": "user", "status": "user"}
    result["assumptions"] = [row | {"note": "", "note_zh": "默认值的依据"}]
    words = Page(report_page(result, {}, "zh")).text
    assert "用户设定" in words
    assert "默认值的依据" not in words


def test_codes_of_sources_and_units_read_in_the_language_of_the_report(
    result: dict[str, Any],
) -> None:
    row = {"name": "helicopter.day_from_h", "value": 6.0, "unit": "hour of day"}
    result["assumptions"] = [row | {"source": "assumed", "status": "assumed"}]
    result["sources"] = [{"source_id": "assumed", "title": "own"}]
    text = report_page(result, {}, "zh")
    assert '<a href="#source-1">假定</a>' in text
    assert "白天开始" in text
    assert "hour of day" not in text


PEAKS = [0.85 if hour in (7, 8, 16, 17) else 1.0 for hour in range(24)]


@pytest.mark.parametrize(
    ("factors", "zh", "en"),
    [
        (PEAKS, "07–09、16–18 时 0.85；其余 1", "0.85 at 07–09, 16–18; else 1"),
        ([1.0] * 24, "全天 1", "1 at all hours"),
        ([0.5, *PEAKS[1:23], 0.9], "00–01 时 0.5；07–09、16–18 时 0.85；23–24 时 0.9；其余 1",
         "0.5 at 00–01; 0.85 at 07–09, 16–18; 0.9 at 23–24; else 1"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [list, tuple])
def test_hourly_values_are_told_by_the_hours_that_differ(
    result: dict[str, Any], factors: list[float], zh: str, en: str, kind: type
) -> None:
    result["assumptions"] = [{"name": "traffic.trunk", "value": kind(factors)}]
    assert zh in Page(report_page(result, {}, "zh")).text
    assert en in Page(report_page(result, {}, "en")).text


def test_a_list_that_is_not_hourly_is_shown_as_it_is(result: dict[str, Any]) -> None:
    for value in ([1.0, 2.0], ["x", *[1.0] * 23]):
        result["assumptions"] = [{"name": "traffic.trunk", "value": value}]
        assert str(value)[:8] in Page(report_page(result, {}, "en")).text
