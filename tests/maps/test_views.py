"""The views of the page: every condition with its own values, texts and statistics."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from geodata import catalogue
from maps import assets, payload, views
from maps.interactive import SCRIPTS, coverage_page
from maps.tables import CoverageTables
from maps.words import Words
from tests.maps.conftest import make_result, make_tables
from tests.maps.pagecheck import Page
from tests.maps.yearly import CUT_OFF, FACTORS, with_plan, with_year

Year = tuple[CoverageTables, dict[str, Any]]


@pytest.fixture(scope="module")
def year() -> Year:
    tables = make_tables()
    return with_year(tables, make_result(tables))


def unpacked(data: dict[str, Any]) -> list[list[float]]:
    """Return the values of each view, decoded slowly and obviously."""
    found: list[list[float]] = []
    first = data["views"][0]["values"]
    for number, view in enumerate(data["views"]):
        steps = view["values"]
        if isinstance(steps, int):
            found.append(found[steps])
            continue
        base = [0] * len(first) if number == 0 or view["kind"] == "days" else first
        found.append(
            [
                math.nan if step is None else (step + (start or 0)) / 100
                for step, start in zip(steps, base, strict=True)
            ]
        )
    return found


def test_a_run_of_one_condition_has_one_view(
    tables: CoverageTables, result: dict[str, Any]
) -> None:
    (view,) = views.build(tables, result, Words("en"))
    assert (view.key, view.kind, view.label) == ("calm@day", "minutes", "calm weather · day")
    assert view.after is not None


def test_conditions_come_in_their_order_and_the_year_after_them(year: Year) -> None:
    found = views.build(*year, Words("zh"))
    assert [view.key for view in found] == [*FACTORS, "expected", "days"]
    assert [view.kind for view in found] == ["minutes"] * 5 + ["days"]
    assert [view.after is not None for view in found] == [True, *[False] * 5]


def test_the_values_of_every_view_come_back(year: Year) -> None:
    tables, result = year
    data = payload.build(tables, lang="en", result=result)
    names = [f"response_min__{key}" for key in FACTORS]
    names += ["expected_min", "unreachable_days_per_year"]
    for values, name in zip(unpacked(data), names, strict=True):
        np.testing.assert_allclose(values, tables.cells[name], atol=0.0151)


def test_equal_columns_are_carried_once(year: Year) -> None:
    tables, result = year
    same = tables.cells["response_min__fog@day"].to_numpy()
    cells = tables.cells.assign(**{"response_min__typhoon@day": same})
    data = payload.build(replace(tables, cells=cells), lang="en", result=result)
    assert data["views"][3]["values"] == 2


def test_the_headline_keeps_its_place_where_the_conditions_leave_it_out(year: Year) -> None:
    tables, result = year
    others = [row for row in result["conditions"] if row["key"] != "calm@day"]
    found = views.build(tables, result | {"conditions": others}, Words("en"))
    assert [view.key for view in found][:2] == ["calm@day", "calm@night"]


def test_a_condition_without_columns_is_left_out(year: Year) -> None:
    tables, result = year
    cells = tables.cells.drop(columns="response_min__fog@day")
    found = views.build(replace(tables, cells=cells), result, Words("en"))
    assert "fog@day" not in [view.key for view in found]


def test_a_proposal_can_be_known_for_other_conditions(year: Year) -> None:
    tables, result = year
    cells = tables.cells.assign(**{"after_min__fog@day": 9.0})
    data = payload.build(replace(tables, cells=cells), lang="en", result=result)
    assert [i for i, view in enumerate(data["views"]) if "after" in view] == [0, 2]


def test_a_proposal_has_its_own_verdicts_vehicles_and_posts_in_each_condition() -> None:
    tables, result = with_plan(make_tables(), make_result(make_tables()))
    by_key = {view.key: view for view in views.build(tables, result, Words("en"))}
    for state in result["conditions"]:
        view = by_key[state["key"]]
        assert view.after_zones == state["after"]
        assert set(view.after_vehicle or ()) == {"boat"}
        assert set(view.after_post or ()) == {"New berth"}
        island = {k: v for k, v in view.after_islands["i5"].items() if k != "value"}
        assert island == {"vehicle": "boat", "post": "New berth", "out": 0}
    assert by_key["typhoon@day"].after_islands["i5"]["value"] == 30.0


def test_what_a_condition_stops_is_told_in_full(year: Year) -> None:
    long = "stopped: helicopters, vehicle ferries, passenger ferries, fast passenger ferries"
    shown = views.build(*year, Words("en"), effects={"fog@day": [long], "calm@day": [long]})
    assert [view.effects for view in shown if view.effects] == [[long], [long]]


def test_an_island_that_nobody_reaches_has_no_mean_and_says_how_many_live_there(
    year: Year,
) -> None:
    tables, result = year
    typhoon = views.build(tables, result, Words("en"))[3]
    row = typhoon.islands["i5"]
    assert row["value"] is None
    assert row["vehicle"] == "none"
    assert row["out"] == tables.islands.set_index("island_id").loc["i5", "population"]
    assert typhoon.islands["i0"]["value"] > 0


def test_stopped_links_are_named_by_their_place_in_the_data(year: Year) -> None:
    data = payload.build(year[0], lang="en", result=year[1])
    by_key = {view["key"]: view for view in data["views"]}
    assert by_key["calm@day"]["ferries"] == []
    assert by_key["fog@day"]["ferries"] == list(range(len(data["ferries"])))
    assert by_key["typhoon@day"]["roads"] == [0]  # the planned bridge is not drawn at all
    (boats,) = by_key["typhoon@day"]["posts"]
    assert data["posts"][boats]["kind"] == "boat_base"


def test_shares_of_days_count_people_in_the_band_that_ends_at_the_break() -> None:
    shares = views.day_shares(np.array([0.0, 1.0, 3.0, 3.01, 400.0]), [10, 20, 30, 20, 20])
    assert shares.tolist() == pytest.approx([0.1, 0.2, 0.3, 0.2, 0.0, 0.2])


def test_a_screen_reader_hears_the_verdict_of_the_view(year: Year) -> None:
    fog = views.build(*year, Words("en"))[2]
    told = views.said(fog, Words("en"))
    assert told.startswith("dense fog · day: Main urban area mean 15.6 minutes, target missed")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_offers_every_view_and_judges_each(year: Year, lang: str) -> None:
    effects = {"fog@day": ["boats <b>stopped</b>"]}
    text = coverage_page(*year, lang=lang, effects=effects)
    page = Page(text)
    assert text.count("<option ") == 6
    assert text.count('class="verdicts') == 7
    assert "boats <b>stopped</b>" in page.text
    assert page.foreign() == []
    assert page.handlers == []


def test_townships_are_found_with_what_the_run_says_of_them(year: Year) -> None:
    data = payload.build(year[0], lang="en", result=year[1])
    (town,) = data["townships"]
    assert (town["name"], town["mean"], town["people"]) == ("Songyu Town", 10.2, 9000)
    assert "songyuzhen" in town["search"]
    assert town["initials"] == "syz"


def test_every_text_that_the_scripts_ask_for_is_there() -> None:
    asked: set[str] = set()
    for name in SCRIPTS:
        for call in re.findall(r"\.text\(([^)]*)", assets.text(name)):
            # Values of fields and composed keys such as 'tier_' + kind are no keys.
            plain = re.sub(r"\{.*", "", call)
            asked |= set(re.findall(r"'(\w+)'(?!\s*\+)", plain))
    known = {k.removeprefix("maps.ui.") for k in catalogue.entries() if k.startswith("maps.ui.")}
    assert len(asked) > 50
    assert asked - known == set()


def test_islands_cut_off_follow_from_the_cells(year: Year) -> None:
    data = payload.build(year[0], lang="en", result=year[1])
    values = unpacked(data)[3]
    lost = {
        data["names"][island]
        for island, value in zip(data["cells"]["island"], values, strict=True)
        if math.isnan(value)
    }
    assert lost == CUT_OFF & set(year[0].cells["island_id"])
