"""A table of patients: nothing is lost, and the batch says what the single answer says."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geodata.errors import InputError
from routing import conditions
from routing.conditions import Catalogue
from routing.itinerary import answer, arrivals, batch, patients, result
from routing.itinerary.place import Place
from routing.itinerary.router import Router
from tests.routing import toy
from tests.routing.itinerary import isles


@pytest.fixture(scope="module")
def known() -> Catalogue:
    return conditions.load()


def read(router: Router, known: Catalogue, path: Path, text: str, **options) -> patients.Given:  # type: ignore[no-untyped-def]
    path.write_text(text, "utf-8")
    return patients.read(path, router.region, router.parameters, known, **options)


def test_every_row_is_accepted_or_rejected_with_all_its_reasons(
    toy_router: Router, known: Catalogue, tmp_path: Path
) -> None:
    lon, lat = toy.points([{"at": (10, 5)}]).geometry.iloc[0].coords[0]
    text = (
        "编号,经度,纬度,地点,病种,时间,天气,昼夜\n"
        f"a,{lon},{lat},,卒中,2026-01-15 02:30,浓雾,\n"
        "b,,,乙岛,trauma,,,夜间\n"
        "\n"
        "c,,,,stroke,,,\n"
        "d,,,Nowhere,measles,25:00,hail,dusk\n"
        f"e,abc,{lat},,,,,\n"
        "f,10,10,,,,,\n"
    )
    found = read(toy_router, known, tmp_path / "p.csv", text)
    assert found.accepted["patient_id"].tolist() == ["a", "b"]
    assert found.accepted["need"].tolist() == ["stroke", "trauma"]
    assert found.accepted["condition"].tolist() == ["fog", "calm"]
    assert found.accepted["daylight"].tolist() == ["night", "night"]
    assert found.accepted["island_id"].tolist() == ["a", "b"]
    assert found.accepted["when_min"].tolist()[0] == 150.0
    assert found.accepted["date"].tolist()[0] == "2026-01-15"
    assert found.rejected["row"].tolist() == [5, 6, 7, 8]
    assert found.rejected["patient_id"].tolist() == ["c", "d", "e", "f"]
    places = [fault.where for fault in found.faults]
    assert [p for p in places if "[6]" in p] == [
        f"p.csv[6].{c}" for c in ("place", "need", "when", "condition", "daylight")
    ]
    assert len(found.accepted) + len(found.rejected) == 6


def test_blank_cells_take_the_defaults(
    toy_router: Router, known: Catalogue, tmp_path: Path
) -> None:
    defaults = patients.Defaults("stroke", "gale", "night", "06:00")
    text = "place\n甲岛\n"
    found = read(toy_router, known, tmp_path / "p.csv", text, defaults=defaults).accepted.iloc[0]
    assert (found["need"], found["condition"], found["daylight"]) == ("stroke", "gale", "night")
    assert found["when_min"] == 360.0
    assert found["patient_id"] == "row 2"


@pytest.mark.parametrize("text", ["", "name,age\nx,3\n", "lon\n122\n"])
def test_a_file_that_holds_no_patients_is_refused(
    toy_router: Router, known: Catalogue, tmp_path: Path, text: str
) -> None:
    with pytest.raises(InputError):
        read(toy_router, known, tmp_path / "p.csv", text)


def test_a_missing_file_is_told(toy_router: Router, known: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        patients.read(tmp_path / "no.csv", toy_router.region, toy_router.parameters, known)
    assert error.value.faults[0].key == "route_patients_unreadable"


@pytest.mark.parametrize("seed", range(8))
def test_batch_equals_single_answers(seed: int, known: Catalogue) -> None:
    router = isles.random_router(seed)
    table = some_patients(router, seed)
    found, messages = batch.answer(router, table, known)
    told_to = {one["row"]: one for one in messages}
    assert list(told_to) == found["row"][found["status"] == "ok"].tolist()
    for k in range(len(table)):
        row = table.iloc[k]
        when = None if np.isnan(row["when_min"]) else float(row["when_min"])
        condition = known.get(row["condition"], daylight=row["daylight"], when_min=when)
        scene = router.scenes(table.iloc[[k]])
        one = answer.find(router, scene, condition=condition, need=row["need"], alternatives=1)
        told = found.iloc[k]
        if not one.stories:
            reached = np.isfinite(one.journeys.patients.leave_min[0])
            assert told["status"] == ("no_hospital" if reached else "no_crew")
            assert np.isnan(told["arrive_hospital_min"])
            continue
        story = one.stories[0]
        assert told["arrive_hospital_min"] == pytest.approx(story.arrive_hospital_min)
        assert told["arrive_scene_min"] == pytest.approx(story.arrive_scene_min)
        assert told["vehicle"] == story.vehicle
        posts = router.counted["post_id"]
        if story.post >= 0:
            assert told["vehicle_post_id"] == posts.iloc[story.post]
        else:
            assert pd.isna(told["vehicle_post_id"])
        hospital = router.region.hospitals["hospital_id"].iloc[story.hospital]
        assert told["hospital_id"] == hospital
        check_message(router, one, row, told_to[row["row"]])


def check_message(router: Router, one: answer.Answer, row: pd.Series, message: dict) -> None:  # type: ignore[type-arg]
    """The message of the batch is that of the single answer, leg by leg."""
    minute = None if np.isnan(row["when_min"]) else float(row["when_min"])
    place = Place(0.0, 0.0, row["island_id"], "", "", "coordinates")
    asked = result.Question("", place, row["need"], result.Clock(minute))
    single = arrivals.message(
        told := result.assemble(router, one, asked), told["itineraries"][0], 1
    )
    assert message["legs"]
    for key in single.keys() & message.keys() - {"legs", "eta_min"}:
        assert message[key] == single[key], key
    assert message["eta_min"] == pytest.approx(single["eta_min"], abs=0.011)
    for leg, other in zip(message["legs"], single["legs"], strict=True):
        assert leg.keys() == other.keys()
        for key in leg.keys() - {"depart_min", "arrive_min"}:
            assert leg[key] == other[key], key
        assert leg["depart_min"] == pytest.approx(other["depart_min"], abs=0.011)
        assert leg["arrive_min"] == pytest.approx(other["arrive_min"], abs=0.011)
    assert message["legs"][-1]["arrive_min"] == pytest.approx(message["eta_min"], abs=0.011)


def some_patients(router: Router, seed: int, n: int = 12) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(router.region.demand), n)
    table = router.region.demand.iloc[rows].reset_index(drop=True)
    table = table[["island_id", "name_zh", "name_en", "geometry"]].copy()
    table["need"] = rng.choice(np.array(["stroke", "trauma"], dtype=object), n)
    table["condition"] = rng.choice(np.array(["calm", "gale"], dtype=object), n)
    table["daylight"] = rng.choice(np.array(["day", "night"], dtype=object), n)
    minutes = rng.integers(0, 1440, n).astype(float)
    table["when_min"] = np.where(rng.random(n) < 0.3, np.nan, minutes)
    table["date"] = None
    table["row"] = range(2, n + 2)
    table["patient_id"] = [f"p{k}" for k in range(n)]
    return table


@pytest.mark.parametrize("row", ["a,乙岛,stroke,too,many", "a,乙岛,#N/A"])
def test_a_row_that_may_mean_something_else_is_rejected(
    toy_router: Router, known: Catalogue, tmp_path: Path, row: str
) -> None:
    found = read(toy_router, known, tmp_path / "p.csv", f"id,place,need\n{row}\nb,乙岛,stroke\n")
    assert found.accepted["patient_id"].tolist() == ["b"]
    assert found.rejected["row"].tolist() == [2]
    assert found.rejected["reasons"].iloc[0] != ""
    assert [fault.where.split("]")[0] for fault in found.faults] == ["p.csv[2"]


def test_messages_hold_no_more_than_they_need(known: Catalogue) -> None:
    router = isles.random_router(1)
    found, told = batch.answer(router, some_patients(router, 1), known)
    assert len(told) == (found["status"] == "ok").sum() > 0
    assert all("name" not in key for one in told for key in one)


@pytest.mark.parametrize(
    ("text", "minute"),
    [("02:30", 150.0), ("2026-01-15T02:30", 150.0), ("2026/1/5 23:59:30", 1439.5)],
)
def test_clock_times(text: str, minute: float) -> None:
    found = patients.clock_time(text)
    assert found is not None
    assert found[0] == minute


@pytest.mark.parametrize("text", ["24:10", "noon", "2026-02-30T10:00", ""])
def test_what_is_no_clock_time(text: str) -> None:
    assert patients.clock_time(text) is None
