"""The report of a proposal: complete, from its result alone, honest about its proof."""

from __future__ import annotations

from typing import Any

import pytest

from maps import report
from tests.maps.conftest import HOSTILE, poison
from tests.maps.pagecheck import Page
from tests.maps.results import PNG, infeasible, plan

LANGS = ("zh", "en")


def words_of(result: dict[str, Any], lang: str, **pictures: bytes) -> str:
    return Page(report.page(result, pictures, lang)).text


@pytest.mark.parametrize("lang", LANGS)
def test_findings_come_first_and_every_part_has_its_section(
    result: dict[str, Any], lang: str
) -> None:
    text = report.page(plan(result), {"tradeoff": PNG}, lang)
    parts = "findings proposal gains firmness assumed method sources"
    order = [text.index(f'id="{name}"') for name in parts.split()]
    assert order == sorted(order)


@pytest.mark.parametrize("lang", LANGS)
def test_the_figures_of_the_result_are_told(result: dict[str, Any], lang: str) -> None:
    words = words_of(plan(result), lang)
    for value in ("10.4", "13.2", "18.2", "75.0%", "44.0", "15.5", "30.0000, 122.0000"):
        assert value in words


def test_the_findings_say_what_it_achieves_its_proof_and_how_firm_it_is(
    result: dict[str, Any],
) -> None:
    words = words_of(plan(result), "en")
    assert "New sites that bring every zone mean under its target: 1" in words
    assert "Rural area: the mean goes from 18.2 to 13.2 min (met)" in words
    assert "Under no helicopter, night, after the proposal" in words
    assert "In 1 of 2 states" in words
    assert "Songyu Island (2.5 min saved)" in words


def test_an_unproven_answer_is_never_called_best(result: dict[str, Any]) -> None:
    loose = plan(result) | {"status": "feasible", "bound": 0.5, "gap": 0.5, "statement": "found"}
    words = words_of(loose, "en")
    assert "not proven best in the time allowed: the bound is 0.5, the gap at most 50.0%" in words
    assert "Proven: " not in words


@pytest.mark.parametrize("lang", LANGS)
def test_without_an_answer_the_report_says_what_blocks_it(
    result: dict[str, Any], lang: str
) -> None:
    page = Page(report.page(infeasible(result), {}, lang))
    assert "blocked" in page.ids
    for value in ("15.2", "80.0%", "31.0", "远灯岛" if lang == "zh" else "Yuandeng"):
        assert value in page.text
    if lang == "en":
        assert "Proven: no choice among the 42 candidates" in page.text
        assert "the mean goes from" not in page.text


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    "absent",
    ["sites", "closed", "before", "after", "conditions", "curve", "alternatives",
     "sensitivity_runs", "sensitivity_sites", "gains_by_island", "unreachable", "sources",
     "assumptions", "notices", "statement", "gap", "objective"],
)  # fmt: skip
def test_an_absent_part_leaves_no_gap_and_no_error(
    result: dict[str, Any], absent: str, lang: str
) -> None:
    whole = plan(result)
    without = {key: value for key, value in whole.items() if key != absent}
    assert "None" not in words_of(without, lang)
    assert report.page(whole | {absent: None}, {}, lang) == report.page(without, {}, lang)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("made", [plan, infeasible])
def test_hostile_text_stays_text(result: dict[str, Any], lang: str, made: Any) -> None:
    page = Page(report.page(poison(made(result), list(HOSTILE)), {}, lang))
    assert page.handlers == []
    assert not {"script", "svg", "img"} & set(page.tags)
    assert page.anchors() == []


def test_who_loses_is_told_beside_who_gains(result: dict[str, Any]) -> None:
    row = {"island_id": "x", "name_zh": "慢岛", "name_en": "Slow Island", "population": 100,
           "before_min": 10.0, "after_min": 17.3, "gain_min": -7.3, "gain_people_min": -730.0,
           "newly_reached_population": 0, "cut_off_population": 40}  # fmt: skip
    made = plan(result)
    page = Page(report.page(made | {"gains_by_island": [*made["gains_by_island"], row]}, {}, "en"))
    assert "losses" in page.ids
    assert "Slow Island (7.3 min more)" in page.text
    assert "40 residents are reached today and no longer after: Slow Island" in page.text
    assert "losses" not in Page(report.page(made, {}, "en")).ids


def test_other_counts_of_posts_and_the_number_it_takes_are_told(result: dict[str, Any]) -> None:
    made = plan(result)
    told = {
        "variants": {"confirmed": {"before": made["before"], "after": made["after"]}},
        "fewest": {"new_posts": 3, "status": "feasible"},
    }
    words = words_of(made | told, "en")
    assert "The same plan under other counts" in words
    assert "Meeting the targets on the means takes 3 new sites (feasible, not proven)." in words


def test_only_a_number_of_sites_is_called_the_fewest(result: dict[str, Any]) -> None:
    fewest = plan(result) | {"objective": "min-sites", "statement": "reached", "status": "optimal",
                             "new_posts": 1, "objective_value": 1}  # fmt: skip
    proof = "no smaller number will do"
    assert proof in words_of(fewest, "en")
    assert proof not in words_of(fewest | {"objective": "min-mean"}, "en")
    assert proof not in words_of(fewest | {"objective_value": 2.5}, "en")


def test_a_relaxed_bound_names_its_condition_and_all_calls(result: dict[str, Any]) -> None:
    bound = {"what": "share", "of": "all", "label": "", "condition": "fog@day", "asked": 0.9,
             "needed": 0.8}  # fmt: skip
    made = infeasible(result) | {"relaxation": {"proven": True, "rules": [], "relaxed": [bound]}}
    words = words_of(made, "en")
    assert "All calls (" in words
    assert "fog" in words
    nothing = made | {"relaxation": {"proven": True, "rules": [], "relaxed": []}}
    assert "giving up one kind alone is not enough" in words_of(nothing, "en")


def next_row(kind: str, aim: str, **more: Any) -> dict[str, Any]:
    return {"condition": "all", "kind": kind, "best_for": aim, "id": "x", "name_zh": "外礁",
            "name_en": "Outer Rock", "island_zh": "远灯岛", "cost": 0.5, "candidates": 12,
            "saved_call_min_per_year": 4321.0, "saved_call_min_per_cost": 8642.0,
            "newly_reached_population": 57.0} | more  # fmt: skip


@pytest.mark.parametrize("lang", LANGS)
def test_the_next_site_of_each_kind_is_told_over_all_conditions(
    result: dict[str, Any], lang: str
) -> None:
    rows = [
        next_row("boat_berth", "minutes"),
        next_row("helipad", "minutes", id=None, name_zh=None, name_en=None, cost=None,
                 saved_call_min_per_year=0.0, saved_call_min_per_cost=None, candidates=30),
        next_row("boat_berth", "reach", condition="fog@day", saved_call_min_per_year=99.5),
    ]  # fmt: skip
    words = words_of(plan(result) | {"next_by_kind": rows}, lang)
    for value in ("4,321", "8,642", "42", "外礁" if lang == "zh" else "Outer Rock"):
        assert value in words
    assert "99.5" not in words  # of a single condition: in the table of the run alone
    assert ("没有点能带来改进" if lang == "zh" else "no site gives anything") in words


def test_other_answers_name_their_sites(result: dict[str, Any]) -> None:
    made = plan(result)
    told = {"instead": "port-x", "instead_zh": "外礁码头", "instead_en": "Outer Rock quay"}
    others = [made["alternatives"][0], made["alternatives"][1] | told]
    assert "Outer Rock quay" in words_of(made | {"alternatives": others}, "en")
    assert "port-x" not in words_of(made | {"alternatives": others}, "en")
    lacking = [made["alternatives"][0], made["alternatives"][1] | {"instead": "port-x"}]
    assert "port-x" in words_of(made | {"alternatives": lacking}, "en")


def test_hostile_names_of_the_next_sites_stay_text(result: dict[str, Any]) -> None:
    made = poison(plan(result) | {"next_by_kind": [next_row("helipad", "reach")]}, list(HOSTILE))
    rows = [row | {"condition": "all"} for row in made["next_by_kind"]]
    page = Page(report.page(made | {"next_by_kind": rows}, {}, "en"))
    assert page.handlers == []
    assert not {"script", "svg", "img"} & set(page.tags)
