"""Before and after on the toy isles; see `tests.routing.toy` for the minutes of today."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.errors import InputError
from geodata.region import Region
from routing import compare, conditions, scenario
from routing.compare import Comparison
from routing.conditions import Condition, Likely
from routing.scenario import Scenario
from tests.routing import toy

CALM = Likely(Condition(), 0.75, 0.75 * 365.25)
GROUNDED = Likely(Condition("storm", vehicles=("ambulance", "boat")), 0.25, 0.25 * 365.25)
STATION = {
    "post_id": "N", "name_zh": "新站", "lon": 0.0, "lat": 0.0, "vehicles": "ambulance",
}  # fmt: skip


@cache
def isles() -> Region:
    return toy.archipelago()


def spot(east: float, north: float) -> dict[str, float]:
    point = toy.points([{"id": "x", "at": (east, north)}]).geometry.iloc[0]
    return {"lon": float(point.x), "lat": float(point.y)}


def asked(name: str = "case", **table: Any) -> Scenario:
    return scenario.parse({"name": name, **table})


def new_post(east: float = 10.0) -> Scenario:
    return asked(post={"add": [{**STATION, **spot(east, 5.0)}]})


def compared(*cases: Scenario, likely: tuple[Likely, ...] = (CALM,)) -> Comparison:
    return compare.compute(isles(), toy.parameters(), [[one] for one in cases], likely)


def row(table: pd.DataFrame, **which: str) -> pd.Series:
    for name, value in which.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_a_post_beside_d1_in_numbers() -> None:
    """N beside D1: D1 in 4 instead of 13, D2 in 11.8 instead of 20.8.

    The boat's crew drives 9 min from N instead of 18, so the boat no longer waits for it: D3 in 37
    instead of 42. D4 stays as it was.
    """
    found = compared(new_post())
    urban = row(found.zones, zone="main_urban")
    assert (urban["before_min"], urban["after_min"]) == pytest.approx((13.0, 4.0), abs=0.02)
    assert urban["change_min"] == pytest.approx(-9.0, abs=0.02)
    assert (urban["met_before"], urban["met_after"]) == (False, True)
    rural = row(found.zones, zone="rural")
    assert rural["change_min"] == pytest.approx(-14.0 / 3.0, abs=0.02)
    assert rural["gaining_population"] == 2000.0
    assert rural["losing_population"] == 0.0
    island = row(found.islands, island_id="a")
    assert (island["post_before"], island["post_after"]) == ("急救点", "新站")
    assert found.islands["island_id"].iloc[0] == "a"
    assert compare.changed_islands(found.islands)["island_id"].tolist() == ["a", "b"]


def test_a_closed_post_leaves_people_to_others() -> None:
    """Without the helicopter nobody reaches D4."""
    found = compared(asked(post={"remove": [{"post_id": "H"}]}))
    rural = row(found.zones, zone="rural")
    assert rural["newly_cut_off_population"] == 1000.0
    assert rural["reason_after"] == "mean_and_cut_off"
    assert rural["after_min"] < rural["before_min"]
    island = row(found.islands, island_id="c")
    assert np.isnan(island["after_min"])
    assert compare.changed_islands(found.islands)["island_id"].tolist() == ["c"]


def test_people_who_move_change_the_mean_and_nobodys_minutes() -> None:
    moved = asked(population={"shift": [{"island_id": "c", "factor": 0.0, "to_island_id": "a"}]})
    found = compared(moved)
    rural = row(found.zones, zone="rural")
    # D2 has half of the thousand from C, D3 and D4 stay at a thousand and none.
    assert rural["after_min"] == pytest.approx((1500 * 20.8 + 1000 * 42) / 2500, abs=0.02)
    assert rural["gaining_population"] == rural["losing_population"] == 0.0
    assert (found.demand["case"]["change_min"].abs() < 1e-9).all()


def test_the_year_weighs_the_conditions_by_their_time() -> None:
    found = compared(new_post(), likely=(CALM, GROUNDED))
    year = row(found.zones, zone="rural", condition="year")
    calm = row(found.zones, zone="rural", condition="calm@day")
    storm = row(found.zones, zone="rural", condition="storm@day")
    # In the storm D4 is out of reach: two thirds of the calls remain.
    for time in ("before", "after"):
        mean = (0.75 * 3 * calm[f"{time}_min"] + 0.25 * 2 * storm[f"{time}_min"]) / 2.75
        assert year[f"{time}_min"] == pytest.approx(mean, abs=0.01)
    assert np.isnan(year["gaining_population"])
    island = row(found.islands, island_id="c", condition="year")
    assert island["unreachable_after"] == pytest.approx(250.0)


def test_a_scenario_that_does_not_fit_is_refused_before_anything_is_computed() -> None:
    with pytest.raises(InputError):
        compared(asked(post={"remove": [{"post_id": "nobody"}]}))


@settings(max_examples=12, deadline=None)
@given(east=st.floats(1.0, 19.0), vehicles=st.sampled_from([("ambulance",), ("boat",), ()]))
def test_an_added_post_never_slows_and_a_removed_one_never_helps(
    east: float, vehicles: tuple[str, ...]
) -> None:
    likely = (Likely(Condition("x", vehicles=("helicopter", *vehicles)), 1.0, 365.25),)
    added = compare.compute(isles(), toy.parameters(), [[new_post(round(east, 3))]], likely)
    gone = asked(post={"remove": [{"post_id": "P1"}]})
    closed = compare.compute(isles(), toy.parameters(), [[gone]], likely)
    for found, sign in ((added, -1.0), (closed, 1.0)):
        (table,) = found.demand.values()
        before, after = (
            np.nan_to_num(table[f"{time}_min"].to_numpy(float), nan=np.inf)
            for time in ("before", "after")
        )
        with np.errstate(invalid="ignore"):
            change = np.where(before == after, 0.0, after - before)
        assert (sign * change >= -1e-9).all()


def test_a_worse_condition_is_never_faster_under_a_scenario_either() -> None:
    catalogue = conditions.load()
    likely = tuple(Likely(catalogue.get(name), 0.2, 73.0) for name in catalogue.names)
    found = compared(new_post(), likely=likely)
    for island in ("a", "b", "c"):
        mine = found.islands[found.islands["island_id"] == island].set_index("condition")
        calm = mine.loc["calm@day", "after_min"]
        slower = mine.loc[[c for c in mine.index if c not in ("calm@day", "year")], "after_min"]
        assert (slower.dropna() >= calm - 1e-9).all()
