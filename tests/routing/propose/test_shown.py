"""What maps get of a proposal: every condition as a proposal under it alone would have it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from routing import propose
from routing.propose import Request
from routing.propose.conditions import Held, parse
from tests.routing.propose import isles
from tests.routing.propose.isles import ask

CALM, NO_BOAT, FOG = parse(["calm=0.6", "no_boat=0.3", "fog=0.1"], daylight="day")
CELLS = ("response_min", "best_vehicle", "post_zh", "post_en")
ISLANDS = ("mean_min", "best_vehicle", "unreachable_population")
AFTER = ("after_min", "after_vehicle", "after_post_zh", "after_post_en")


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return isles.sheet(tmp_path_factory.mktemp("sheet"))


def asked(sheet: Path, *held: Held) -> propose.Proposal:
    """Return the plan that opens X2 and closes nothing, whatever the conditions."""
    request = Request(objective="min-mean", new=1, keep=("X2",), candidates=sheet)
    return ask(request, held=held)


@pytest.fixture(scope="module")
def several(sheet: Path) -> propose.Proposal:
    return asked(sheet, CALM, NO_BOAT, FOG)


@pytest.mark.parametrize("one", [CALM, NO_BOAT, FOG], ids=lambda held: held.name)
def test_each_condition_shows_what_a_plan_under_it_alone_shows(
    several: propose.Proposal, sheet: Path, one: Held
) -> None:
    alone = asked(sheet, Held(one.name, one.condition)).today
    own = "" if one is CALM else f"__{one.name}"
    for table in ("cells", "islands"):
        mine, theirs = getattr(several.today, table), getattr(alone, table)
        for column in (*AFTER, *(("after_unreachable_population",) if table == "islands" else ())):
            pd.testing.assert_series_equal(
                mine[column + own], theirs[column], check_names=False, obj=f"{table} {column}"
            )
    for table, names in (("cells", CELLS), ("islands", ISLANDS)):
        mine, theirs = getattr(several.today, table), getattr(alone, table)
        for name in names:
            pd.testing.assert_series_equal(
                mine[f"{name}__{one.name}"], theirs[name], check_names=False, obj=f"{table} {name}"
            )
    (row,) = [r for r in several.today.result["conditions"] if r["key"] == one.name]
    assert row["zones"] == alone.result["proposal"]["before"]
    assert row["after"] == alone.result["proposal"]["after"]


def test_a_new_post_is_named_where_it_comes_first(several: propose.Proposal) -> None:
    """X2 stands beside D3, which nothing but the boat and the helicopter reached."""
    cells = several.today.cells.set_index("demand_id")
    told = cells.loc["D3", ["after_vehicle", "after_post_zh", "after_vehicle__no_boat@day"]]
    assert told.tolist() == ["ambulance", "X2", "ambulance"]
    assert cells.loc["D1", "after_post_zh"] == cells.loc["D1", "post_zh"]


def test_whom_nobody_reaches_in_a_condition_has_no_vehicle_there(
    several: propose.Proposal,
) -> None:
    """In fog neither boat nor helicopter goes to D4, and X2 is on another island."""
    row = several.today.cells.set_index("demand_id").loc["D4"]
    assert np.isnan(row["after_min__fog@day"])
    assert pd.isna(row["after_vehicle__fog@day"])
    islands = several.today.islands.set_index("island_id")
    assert islands.loc["c", "after_unreachable_population__fog@day"] == 1000.0


def test_a_new_helipad_sends_a_helicopter_and_no_crew_of_its_own(tmp_path: Path) -> None:
    sheet = isles.sheet(tmp_path, {"X2": isles.PLACES["X2"]}, kind=["helipad"])
    request = Request(
        objective="min-mean", new=1, keep=("X2",), close=("BB",), kinds={"helipad": None},
        candidates=sheet,
    )  # fmt: skip
    found = ask(request).today.cells.set_index("demand_id").loc["D3"]
    assert found["after_vehicle"] == "helicopter"
    assert pd.isna(found["after_post_zh"])


def test_one_condition_alone_needs_no_columns_by_condition(sheet: Path) -> None:
    found = asked(sheet, CALM).today
    assert not [name for name in found.cells.columns if "__" in name]
    assert "conditions" not in found.result


def test_a_question_without_an_answer_still_shows_today_in_every_condition(sheet: Path) -> None:
    found = ask(Request(candidates=sheet), held=(CALM, NO_BOAT), rural_min=5.0)
    assert not found.plan.result.is_answer
    assert f"response_min__{NO_BOAT.name}" in found.today.cells
    assert "after_min" not in found.today.cells
    assert [row["key"] for row in found.today.result["conditions"]] == [CALM.name, NO_BOAT.name]
