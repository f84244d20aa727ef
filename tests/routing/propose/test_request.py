"""What may be asked, before any region is known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from geodata.errors import InputError
from routing.propose import Request
from routing.siting.question import OBJECTIVES


def keys(**asked: Any) -> set[str]:
    with pytest.raises(InputError) as error:
        Request(**asked)
    return {fault.key for fault in error.value.faults}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_may_be_asked(objective: str) -> None:
    assert Request(objective=objective, new=1).objective == objective


@pytest.mark.parametrize("objective", sorted(set(OBJECTIVES) - {"min-sites", "set-cover"}))
def test_objectives_that_do_not_count_need_a_number(objective: str) -> None:
    assert keys(objective=objective) == {"propose_needs_new"}
    assert Request(objective=objective, until_target=True).new is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"objective": "nearest"}, "not_a_choice"),
        ({"kinds": {"rocket": None}}, "not_a_choice"),
        ({"costs": {"rocket": 1.0}}, "not_a_choice"),
        ({"sources": ("moon",)}, "not_a_choice"),
        ({"coordinates": "utm"}, "not_a_choice"),
        ({"coordinates": "gcj02"}, "propose_no_coordinates"),
        ({"coordinates": "gcj02", "candidates": Path("a.gpkg")}, "propose_no_coordinates"),
        ({"keep": ("a",), "close": ("a",)}, "propose_both"),
        ({"keep": ("a",), "movable": ("a",)}, "propose_both"),
        ({"closable": ("all",), "movable": ("all",)}, "propose_both"),
        ({"new": 1, "until_target": True}, "propose_new_and_until"),
        ({"new": -1}, "siting_negative"),
        ({"budget": math.nan}, "siting_negative"),
        ({"budget": math.inf}, "siting_negative"),
        ({"costs": {"helipad": -1.0}}, "siting_negative"),
        ({"kinds": {"helipad": -1}}, "siting_negative"),
        ({"min_new_by_county": {"甲": -1}}, "siting_negative"),
        ({"lattice_km": 0.0}, "number_too_small"),
        ({"time_limit_s": 0.0}, "number_too_small"),
        ({"share_within": 1.1}, "propose_not_a_share"),
        ({"busy": {"rural": 2.0}}, "propose_not_a_share"),
    ],
)
def test_what_cannot_be_is_refused(asked: dict[str, Any], expected: str) -> None:
    assert keys(**asked) == {expected}


def test_all_faults_are_told_at_once() -> None:
    asked = {"objective": "nearest", "budget": -1.0, "keep": ("a",), "close": ("a",)}
    assert keys(**asked) == {"not_a_choice", "siting_negative", "propose_both"}


def test_kinds_follow_the_file_unless_stated() -> None:
    assert Request().wanted == ("ambulance_post",)
    assert "helipad" in Request(candidates=Path("a.csv")).wanted
    assert Request(kinds={"helipad": 2}, candidates=Path("a.csv")).wanted == ("helipad",)
