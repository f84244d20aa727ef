"""Findings: what the sentences say follows from the result alone."""

from __future__ import annotations

from typing import Any

import pytest

from maps.findings import findings, proof_sentence, proposal_sentence
from maps.words import ReportWords
from tests.maps.conftest import zones

EN = ReportWords("en")


def test_the_verdict_of_each_zone_comes_first(result: dict[str, Any]) -> None:
    first, second = findings(result, EN)[:2]
    assert first.startswith("Main urban area: the mean response time is 10.4 min")
    assert "target met" in first
    assert "target missed" in second


def test_a_verdict_that_changes_with_the_posts_counted_is_said_to_hinge(
    result: dict[str, Any],
) -> None:
    assert any("hinges" in sentence for sentence in findings(result, EN))
    result["variants"] = dict.fromkeys(result["variants"], zones(10.4, 18.2))
    said = findings(result, EN)
    assert any("The verdict stands" in sentence for sentence in said)
    assert not any("hinges" in sentence for sentence in said)


def test_people_whom_nothing_reaches_are_counted_and_their_islands_named(
    result: dict[str, Any],
) -> None:
    said = " ".join(findings(result, EN))
    assert "57 residents are reached by no vehicle" in said
    assert "Gujiao" in said
    for found in result["zones"].values():
        found["unreachable_population"] = 0
    said = " ".join(findings(result, EN))
    assert "every resident is reached" not in said
    assert "islands whose residents are not known are reached by no vehicle: Gujiao" in said
    result["islands"] = [i for i in result["islands"] if i["mean_min"] is not None]
    assert "every resident is reached" in " ".join(findings(result, EN))


def test_the_means_without_the_helicopter_stand_beside(result: dict[str, Any]) -> None:
    said = " ".join(findings(result, EN))
    assert "Without the helicopter: Main urban area 10.4 min (met), Rural area 21.6 min" in said


def test_the_slowest_islands_are_named_slowest_first(result: dict[str, Any]) -> None:
    reached = [i for i in result["islands"] if i["mean_min"] is not None and i["population"]]
    assert any(i["mean_min"] is not None and not i["population"] for i in result["islands"])
    sentence = next(s for s in findings(result, ReportWords("zh")) if "最慢的是" in s)
    places = [sentence.index(island["name_zh"]) for island in reached[:3]]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("key", "words"),
    [("met_today", "no new post is needed"), ("reached", "4 new posts bring"),
     ("best_of_k", "No choice among the candidate sites"), (None, "4 new posts are proposed")],
)  # fmt: skip
def test_the_proposal_says_what_it_achieves(
    result: dict[str, Any], key: str | None, words: str
) -> None:
    assert words in proposal_sentence(result["proposal"] | {"statement_key": key}, EN)


@pytest.mark.parametrize(
    ("values", "words"),
    [({"status": "optimal"}, "no better choice"),
     ({"status": "feasible", "bound": 3.0, "gap": 0.25}, "the bound is 3, the gap at most 25.0%"),
     ({"status": "feasible", "bound": None, "gap": None}, "gave no bound"),
     ({"status": "infeasible"}, "no choice among these candidates")],
)  # fmt: skip
def test_only_a_proven_answer_is_called_proven(values: dict[str, Any], words: str) -> None:
    said = proof_sentence(values, EN)
    assert words in said
    assert ("Proven" in said) == (values["status"] != "feasible")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_empty_result_still_gives_sentences(lang: str) -> None:
    assert all(isinstance(s, str) for s in findings({"zones": {}}, ReportWords(lang)))
