"""The conditions of a file: what it may hold, and how the year is shared out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata import region
from geodata.errors import InputError
from routing import conditions, config, response
from routing.conditions import Catalogue, Condition, Entry
from tests.routing import toy

SHIPPED = ("calm", "fog", "strong_wind", "gale", "typhoon")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "我的 conditions.toml"
    path.write_text(text, "utf-8")
    return path


def faults_of(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        conditions.load(written(tmp_path, text))
    return [fault.key for fault in caught.value.faults]


def test_the_shipped_conditions_run_from_mild_to_severe() -> None:
    assert conditions.load().names == SHIPPED
    assert response.Condition is Condition


def test_calm_stops_and_slows_nothing() -> None:
    assert conditions.load().get("calm").effect() == Condition().effect()


def test_each_step_of_the_wind_stops_no_less_and_is_no_faster_than_the_one_before() -> None:
    catalogue = conditions.load()
    places = [("bridge", "motorway"), ("bridge", "primary"), ("", "residential")]
    milder = None
    for name in ("calm", "strong_wind", "gale", "typhoon"):
        one = catalogue.get(name)
        factors = [*one.road_factors(*zip(*places, strict=True), ["x"] * 3)]
        factors += [0.0 if one.stops_ferry(kind, "x") else one.ferry_speed_factor
                    for kind in ("car_ferry", "passenger", "fast_passenger")]  # fmt: skip
        by_vehicle = {"boat": one.boat_speed_factor, "helicopter": one.helicopter_speed_factor}
        factors += [f if v in one.vehicles else 0.0 for v, f in by_vehicle.items()]
        if milder is not None:
            assert all(now <= before for now, before in zip(factors, milder, strict=True)), name
        milder = factors


def test_every_shipped_value_has_a_known_source_and_notes_in_both_languages() -> None:
    known = {*region.load("zhoushan").sources["source_id"], "assumed"}
    rows = conditions.load().as_rows()
    assert len(rows) > 20
    for row in rows:
        assert set(row["source"].split(";")) <= known, row["name"]
        assert row["note"], row["name"]
        assert row["note_zh"], row["name"]
        assert row["unit"], row["name"]
    assert all(one.name_zh and one.name_en and one.definition_zh and one.definition_en
               for one in map(conditions.load().entry, SHIPPED))  # fmt: skip


def test_the_year_is_shared_out_by_days_and_calm_takes_the_rest() -> None:
    likely = {one.key: one for one in conditions.load().likely(day_share=0.5)}
    assert sum(one.probability for one in likely.values()) == pytest.approx(1.0)
    assert sum(one.days_per_year for one in likely.values()) == pytest.approx(365.25)
    assert likely["fog@day"].days_per_year == pytest.approx(7.5)
    assert likely["calm@day"].days_per_year == pytest.approx((365.25 - 15 - 25 - 5 - 3) / 2)


def test_one_light_alone_has_probabilities_of_its_own() -> None:
    catalogue = conditions.load()
    night = catalogue.likely(day_share=0.25, daylight="night")
    assert [one.condition.daylight for one in night] == ["night"] * len(SHIPPED)
    assert sum(one.probability for one in night) == pytest.approx(1.0)
    assert sum(one.days_per_year for one in night) == pytest.approx(0.75 * 365.25)


def test_every_day_of_the_year_has_the_clock_time_asked_for() -> None:
    night = conditions.load().likely(day_share=0.25, daylight="night", when_min=150.0)
    assert sum(one.days_per_year for one in night) == pytest.approx(365.25)
    assert all(one.condition.when_min == 150.0 for one in night)


def test_where_there_is_no_daylight_its_mix_is_that_of_the_year() -> None:
    day = conditions.load().likely(day_share=0.0, daylight="day")
    assert sum(one.probability for one in day) == pytest.approx(1.0)
    assert sum(one.days_per_year for one in day) == pytest.approx(0.0)


SHARES = st.floats(0.0, 1.0)


@given(
    st.lists(st.tuples(st.floats(0.0, 60.0), st.none() | SHARES), max_size=6),
    SHARES,
    st.sampled_from([None, "day", "night"]),
)
def test_probabilities_sum_to_one_or_the_days_are_refused(
    given_days: list[tuple[float, float | None]], day_share: float, light: str | None
) -> None:
    entries = {"calm": Entry("calm", "平静", "calm")} | {
        f"c{i}": Entry(f"c{i}", "某", "some", days_per_year=days, day_share=share)
        for i, (days, share) in enumerate(given_days)
    }
    catalogue = Catalogue(entries)
    by_day = sum(d * (day_share if s is None else s) for d, s in given_days)
    by_night = sum(d for d, _ in given_days) - by_day
    room = (365.25 * day_share, 365.25 * (1 - day_share))
    if by_day > room[0] + 1e-6 or by_night > room[1] + 1e-6:
        with pytest.raises(InputError):
            catalogue.likely(day_share=day_share, daylight=light)
    elif by_day < room[0] - 1e-6 and by_night < room[1] - 1e-6:
        likely = catalogue.likely(day_share=day_share, daylight=light)
        assert all(one.probability >= 0 for one in likely)
        assert sum(one.probability for one in likely) == pytest.approx(1.0)


def test_daylight_is_read_from_the_parameters() -> None:
    assert conditions.day_share(config.load()) == pytest.approx(0.5)


def test_a_users_file_goes_on_top_and_may_add_conditions(tmp_path: Path) -> None:
    text = """
    [fog]
    days_per_year = 20
    boat_speed_factor = { value = 0.25, source = "harbour office" }
    [ice]
    name_zh = "海冰"
    days_per_year = 6.0
    stopped_vehicles = ["boat"]
    stopped_links = ["F1"]
    structure_speed_factors = { bridge = 0.5 }
    """
    catalogue = conditions.load(written(tmp_path, text))
    assert catalogue.names == (*SHIPPED, "ice")
    assert catalogue.entry("fog").days_per_year == 20.0
    assert catalogue.get("fog").boat_speed_factor == 0.25
    assert catalogue.get("fog").stopped_ferry_kinds == ("car_ferry", "passenger", "fast_passenger")
    ice = catalogue.get("ice", daylight="night")
    assert (ice.key, ice.name_en, ice.vehicles) == (
        "ice@night",
        "海冰",
        ("ambulance", "helicopter"),
    )
    assert ice.structure_speed_factors == (("bridge", 0.5),)
    rows = {row["name"]: row for row in catalogue.as_rows()}
    assert rows["fog.days_per_year"]["source"] == "user"
    assert rows["fog.days_per_year"]["note"] == ""
    assert rows["fog.boat_speed_factor"]["source"] == "harbour office"


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = """
    loose = 1
    ["Bad Name"]
    days_per_year = 3
    [calm]
    days_per_year = 3
    [fog]
    boat_speed_factor = 0
    road_speed_factor = 1.5
    ferry_speed_factor = "slow"
    day_share = 2
    months = [13]
    name_zh = 5
    colour = "grey"
    stopped_vehicles = "boat"
    stopped_ferry_kinds = ["raft"]
    stopped_roads = ["bridge/alley"]
    structure_speed_factors = 0.5
    [gale]
    days_per_year = 400
    helicopter_speed_factor = { note = "no value" }
    [ice]
    days_per_year = 1
    """
    assert sorted(faults_of(tmp_path, text)) == sorted(
        ["condition_name", "condition_name", "condition_rest_has_days", "condition_factor",
         "condition_factor", "not_a_number", "condition_share", "condition_months",
         "condition_not_text", "condition_unknown_value", "condition_not_a_list", "not_a_choice",
         "not_a_choice", "condition_not_a_table", "condition_days", "condition_without_value",
         "condition_nameless"]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[fog]\nstructure_speed_factors = { bridge = 2.0 }", "condition_factor"),
        ("[fog]\nstructure_speed_factors = { hill = 0.5 }", "not_a_choice"),
        ("[fog]\ndays_per_year = true", "not_a_number"),
        ("[fog]\nboat_speed_factor = nan", "not_a_number"),
        ("[fog]\ndays_per_year = 200\n[gale]\ndays_per_year = 200", "conditions_too_many_days"),
        ("[fog", "conditions_unreadable"),
    ],
)
def test_a_value_out_of_its_rule_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    assert faults_of(tmp_path, text) == [fault]


def test_every_fault_reads_in_both_languages(tmp_path: Path) -> None:
    path = written(tmp_path, "[fog]\nboat_speed_factor = 3\nmonths = 1\nstopped_links = 1")
    with pytest.raises(InputError) as caught:
        conditions.load(path)
    assert all(fault.text(lang) for fault in caught.value.faults for lang in ("zh", "en"))


def test_a_missing_file_is_a_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        conditions.load(tmp_path / "none.toml")


def test_an_unknown_condition_names_those_there_are() -> None:
    with pytest.raises(InputError, match="typhoon"):
        conditions.load().get("hail")
    with pytest.raises(InputError, match="night"):
        conditions.load().get("fog", daylight="dusk")


def test_nothing_runs_faster_than_in_calm_weather() -> None:
    with pytest.raises(InputError):
        Condition(boat_speed_factor=1.2)
    with pytest.raises(InputError):
        Condition(structure_speed_factors=(("bridge", 0.0),))


def test_ids_that_the_region_lacks_are_named_once() -> None:
    place = toy.archipelago()
    conditions.check(Condition(stopped_links=("F1", "R1"), stopped_posts=("BB",)), place)
    wrong = Condition(name="ice", stopped_links=("F1", "F9"), stopped_posts=("P9",))
    again = replace(wrong, daylight="night", stopped_posts=())
    with pytest.raises(InputError) as caught:
        conditions.check([wrong, again], place)
    assert [fault.value for fault in caught.value.faults] == ["F9", "P9"]
    conditions.check(conditions.load(), place)
