"""What the terminal says about a proposal."""

from __future__ import annotations

from typing import Any

import pytest

from routing import propose
from routing.propose import Request, summary
from tests.routing.propose import isles


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    sheet = isles.sheet(tmp_path_factory.mktemp("s"), name_zh=["甲站", "乙站", "丙站"])
    firm = {"curve": 1, "alternatives": 1, "sensitivity": 1}
    asked = {
        "answer": Request(objective="min-mean", new=1, candidates=sheet, **firm),  # type: ignore[arg-type]
        "closing": Request(objective="min-mean", new=0, close=("H",), candidates=sheet),
        "blocked": Request(candidates=sheet),
        "rules": Request(candidates=sheet, min_new_by_county={"甲县": 2}, budget=1.0),
        "island": Request(candidates=sheet, worst_island_min=14.0),
    }
    place = isles.with_counties()
    return {
        k: propose.plain(isles.ask(request, place=place).result) for k, request in asked.items()
    }


def told(results: dict[str, dict[str, Any]], name: str, lang: str = "en") -> str:
    return "\n".join(summary.lines(results[name], lang))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", ["answer", "closing", "blocked", "rules", "island"])
def test_every_kind_of_result_can_be_told(
    results: dict[str, dict[str, Any]], name: str, lang: str
) -> None:
    text = told(results, name, lang)
    assert "{" not in text
    assert "nan" not in text.lower()


def test_the_answer_says_sites_minutes_and_proof(results: dict[str, dict[str, Any]]) -> None:
    text = told(results, "answer", "zh")
    assert "乙站" in text
    assert "已证明最优" in text
    assert "38.4 → 25.8 分钟" in text


def test_means_say_whom_they_leave_out(results: dict[str, dict[str, Any]]) -> None:
    grounded = [line for line in told(results, "answer").split("\n") if "helicopter" in line]
    assert all("1,000" in line for line in grounded)


def test_closing_says_who_is_reached_no_longer(results: dict[str, dict[str, Any]]) -> None:
    assert "No longer reached, as posts close: C (1,000 people)" in told(results, "closing")


def test_no_answer_says_what_would_have_to_give_and_who_blocks(
    results: dict[str, dict[str, Any]],
) -> None:
    text = told(results, "blocked")
    assert "the mean of Rural area 14.0 -> 22.8 min" in text
    assert "C · Rural area (52.5 min" in text


def test_contradicting_rules_are_named_as_options(results: dict[str, dict[str, Any]]) -> None:
    text = told(results, "rules")
    assert "--budget" in text
    assert "--min-per-county" in text


def test_a_mean_just_over_its_target_never_reads_as_on_it() -> None:
    assert summary._minutes(14.004, bound=14.0) == "14.004"
    assert summary._minutes(13.96, bound=14.0) == "14.0"


def test_a_bound_on_all_calls_in_one_condition_has_words_for_both(
    results: dict[str, dict[str, Any]],
) -> None:
    told_ = results["blocked"]
    name, named = (told_["conditions"][0][key] for key in ("name", "name_en"))
    bound = {"what": "share", "of": "all", "label": "", "name_zh": None, "name_en": None,
             "condition": name, "asked": 0.9, "needed": 0.8}  # fmt: skip
    row = {**told_["blocking"][0], "zone_or_island": "", "mean_min": None}
    never = {**row, "soonest_min": None}
    late = {**row, "soonest_min": 12.0}
    changed = {**told_, "relaxation": {**told_["relaxation"], "relaxed": [bound]}}
    text = "\n".join(summary.lines({**changed, "blocking": [never, late]}, "en"))
    assert f"the share within target of all calls ({named}) 90 % -> 80 %" in text
    assert "C (reached by nobody), C (reached by nobody in the relaxed answer; 12.0 min" in text


def test_islands_that_get_slower_are_told(results: dict[str, dict[str, Any]]) -> None:
    row = {**results["answer"]["gains_by_island"][0], "gain_min": -7.3, "gain_people_min": -10.0}
    text = "\n".join(summary.lines({**results["answer"], "gains_by_island": [row]}, "en"))
    assert "Slower: " in text
    assert "7.3 min more" in text
