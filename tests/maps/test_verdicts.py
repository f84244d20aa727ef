"""Verdicts: as the result says, with its variants beside them."""

from __future__ import annotations

from typing import Any

import pytest

from maps.verdicts import judged, verdicts
from maps.words import Words
from tests.maps.conftest import zone, zones


def test_each_zone_has_mean_target_and_verdict(result: dict[str, Any]) -> None:
    urban, rural = verdicts(result, Words("en"))
    assert (urban["mean"], urban["target"], urban["met"]) == ("10.4", "11", True)
    assert (rural["mean"], rural["verdict"], rural["unreachable"]) == ("18.2", "target missed", 57)
    assert [v["name"] for v in urban["variants"]] == [
        "confirmed only",
        "with clinics",
        "without helicopter",
    ]
    assert [v["met"] for v in urban["variants"]] == [False, True, True]


def test_a_mean_a_trifle_above_target_does_not_read_as_met() -> None:
    result = {"zones": {"main_urban": zone(11.02, 11.0)}}
    (found,) = verdicts(result, Words("en"))
    assert (found["mean"], found["met"]) == ("11.02", False)


@pytest.mark.parametrize("short", [False, True])
def test_a_verdict_says_that_chance_may_decide_it(short: bool) -> None:
    met = zone(9.0, 11.0)
    plain = judged(met, Words("en"), short=short)
    assert judged(met | {"certain": True}, Words("en"), short=short) == plain
    doubtful = judged(met | {"certain": False}, Words("en"), short=short)
    assert doubtful == plain | {"verdict": f"{plain['verdict']} (uncertain)"}
    # Without a verdict there is nothing to doubt.
    none = met | {"target_met": None, "certain": False}
    assert "uncertain" not in judged(none, Words("en"), short=short)["verdict"]


def test_the_state_after_the_proposal_has_no_variants(result: dict[str, Any]) -> None:
    found = verdicts(result, Words("zh"), zones=zones(9.0, 12.0))
    assert [v["verdict"] for v in found] == ["达标", "达标"]
    assert not any(v["variants"] for v in found)


def test_a_zone_nobody_is_reached_in_has_an_unknown_mean() -> None:
    nobody = zone(1.0, 14.0) | {"mean_min": None, "target_met": False}
    (found,) = verdicts({"zones": {"rural": nobody}}, Words("en"))
    assert (found["mean"], found["met"]) == ("unknown", False)


@pytest.mark.parametrize(
    ("reason", "said", "short"),
    [
        ("cut_off", "target missed: people cut off", "missed (cut off)"),
        ("mean", "target missed", "missed"),
        ("mean_and_cut_off", "target missed", "missed"),
    ],
)
def test_a_mean_within_its_target_says_that_people_are_cut_off(
    reason: str, said: str, short: str
) -> None:
    found = zone(9.0, 11.0) | {"target_met": False, "target_met_reason": reason}
    assert judged(found, Words("en"))["verdict"] == said
    assert judged(found, Words("en"), short=True)["verdict"] == short
