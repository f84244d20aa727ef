"""The report of an audit: n beside every mean, few calls withheld, synthetic data named as such."""

from __future__ import annotations

import copy
import zipfile
from pathlib import Path
from typing import Any

import pytest

from maps import report, word
from tests.maps.conftest import HOSTILE, poison
from tests.maps.pagecheck import Page
from tests.maps.results import PNG, audit, recorded

LANGS = ("zh", "en")
PICTURES = dict.fromkeys(("recorded", "phases", "hour_weekday", "months", "late_causes"), PNG)


def page_of(result: dict[str, Any], lang: str) -> Page:
    return Page(report.page(result, PICTURES, lang))


@pytest.mark.parametrize("lang", LANGS)
def test_findings_come_first_and_every_part_has_its_section(lang: str) -> None:
    ids = page_of(audit(), lang).ids
    wanted = ["findings", "zones", "phases", "when", "why", "groups", "records", "method"]
    assert [name for name in ids if name in wanted] == wanted


@pytest.mark.parametrize("lang", LANGS)
def test_every_picture_is_shown_once(lang: str) -> None:
    assert page_of(audit(), lang).tags.count("img") == len(PICTURES)


def test_each_mean_has_its_number_and_interval() -> None:
    words = page_of(audit(), "en").text
    assert "over 1,200 calls the mean response time is 10.5 min (95 % confidence interval" in words
    assert "10.2–10.8" in words
    assert "2,000 calls" in words


def test_a_verdict_that_chance_may_decide_is_said_to_be_unsure() -> None:
    words = page_of(audit(), "en").text
    assert words.count("The target lies inside the interval") == 1  # rural: 13.8 to 14.4 around 14


@pytest.mark.parametrize("lang", LANGS)
def test_cards_and_tables_say_which_verdicts_are_uncertain(lang: str) -> None:
    result = audit()
    doubtful = ("✗ missed (uncertain)", "✗ target missed (uncertain)")
    legend = "A verdict is uncertain where"
    if lang == "zh":
        doubtful, legend = ("✗ 未达标（不确定）", "✗ 未达标（不确定）"), "判定注明“不确定”"
    text = page_of(result, lang).text
    assert not any(words in text for words in doubtful)
    missed = recorded(6, 28.1, 14.0, mean_low_min=0.0, mean_high_min=61.3, certain=False)
    result["zones"]["rural"] = missed
    result["groups"]["county"] = [{"label": "定海区", **missed}]
    text = page_of(result, lang).text
    table, card = (text.count(words) for words in doubtful)
    # Card of the zone, its row, the row of the county; in Chinese both forms read alike.
    assert (table, card) == ((2, 1) if lang == "en" else (3, 3))
    assert text.count(legend) >= 3
    certain = missed | {"certain": True}
    result["zones"]["rural"] = certain
    result["groups"]["county"] = [{"label": "定海区", **certain}]
    text = page_of(result, lang).text
    assert not any(words in text for words in doubtful)


def test_word_says_which_verdicts_are_uncertain(tmp_path: Path) -> None:
    result = audit()
    result["zones"]["rural"]["certain"] = False
    word.write(result, PICTURES, tmp_path / "audit.docx", "en")
    with zipfile.ZipFile(tmp_path / "audit.docx") as book:
        text = book.read("word/document.xml").decode()
    assert text.count("(uncertain)") >= 2


def test_withheld_figures_are_nowhere() -> None:
    result = audit()
    secret = {"n": 3, "mean_min": 77.7, "median_min": 77.8, "p90_min": 77.9, "share": 0.777,
              "mean_low_min": 77.1, "mean_high_min": 77.2, "share_within_target": 0.777,
              "target_min": 14.0, "target_met": False, "suppressed": True}  # fmt: skip
    result["zones"]["rural"] = dict(secret)
    result["phases"]["scene"] = dict(secret)
    result["groups"]["county"][1] = {"label": "外岛县", **secret}
    result["late_causes"][1] |= secret
    for lang in LANGS:
        words = page_of(result, lang).text
        assert "77." not in words
        assert ("withheld" if lang == "en" else "不公布") in words


@pytest.mark.parametrize("lang", LANGS)
def test_synthetic_calls_are_named_before_any_figure(lang: str) -> None:
    word = "Synthetic data" if lang == "en" else "合成数据"
    text = page_of(audit(), lang).text
    assert text.index(word) < text.index("10.5")
    real = audit() | {"synthetic": False}
    assert word not in page_of(real, lang).text


def test_records_add_up_in_sight() -> None:
    words = page_of(audit(), "en").text
    assert "Of 2,100 records 2,000 are used and 100 rejected" in words
    assert "95.2%" in words


def test_codes_of_groups_read_in_words() -> None:
    assert "救护车" in page_of(audit(), "zh").text
    assert "附近无急救点" in page_of(audit(), "zh").text


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("absent", [*audit()])
def test_an_absent_part_leaves_no_gap_and_no_error(absent: str, lang: str) -> None:
    if absent == "schema":
        pytest.skip("the schema says that it is an audit")
    without = {key: value for key, value in audit().items() if key != absent}
    assert "None" not in page_of(without, lang).text
    null = copy.deepcopy(audit()) | {absent: None}
    assert report.page(null, PICTURES, lang) == report.page(without, PICTURES, lang)


@pytest.mark.parametrize("lang", LANGS)
def test_hostile_text_stays_text(lang: str) -> None:
    page = page_of(poison(audit(), list(HOSTILE)), lang)
    assert page.handlers == []
    assert not {"script", "svg"} & set(page.tags)


def test_norms_changes_trends_and_calibration_are_told() -> None:
    words = page_of(audit(), "en").text
    for expected in (
        "95 % ≤ 3 min", "92.1%", "✗ missed", "95 % ≤ 10 s", "-0.9 (-1.3 to -0.5)",
        "2023-01–2023-02", "-0.4 (-0.9 to +0.1)", "A tenth slower than modelled.", "800 late calls",
    ):  # fmt: skip
        assert expected in words


def test_days_keep_their_order_and_crosses_of_many_cells_are_left_to_the_charts() -> None:
    words = page_of(audit(), "en").text
    assert words.index("Mon") < words.index("Tue")
    assert "55.5" not in words


def test_calls_without_a_zone_have_a_row_and_no_verdict_of_their_own() -> None:
    result = audit()
    result["zones"]["(unknown)"] = audit()["overall"] | {"n": 17, "mean_min": 33.3}
    page = page_of(result, "en")
    assert "33.3" in page.text
    assert page.text.count("cannot be judged") == 2  # their row and that of all calls
    assert "unknown: over" not in page.text


def test_groups_beyond_the_limit_are_counted() -> None:
    result = audit()
    few = {f"township {n:03d}": recorded(1000 - n, 12.0, 14.0) for n in range(45)}
    result["groups"] = {"township": few}
    words = page_of(result, "en").text
    assert "township 039" in words
    assert "township 040" not in words
    assert "the 40 groups of most calls of 45" in words
