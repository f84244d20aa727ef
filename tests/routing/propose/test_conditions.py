"""Conditions as typed for a proposal: the weather's by name, the fleet's, all of the year."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from geodata.errors import InputError
from routing import conditions
from routing.propose.conditions import EVERY, Held, names, parse


def read(*texts: str, daylight: str = "day", **more: Any) -> list[Held]:
    return parse(texts, daylight=daylight, **more)


def keys(*texts: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(*texts)
    return sorted(fault.key for fault in caught.value.faults)


def test_nothing_typed_is_calm_weather() -> None:
    (held,) = read()
    assert (held.name, held.share, held.must_hold) == ("calm@day", 1.0, False)


@pytest.mark.parametrize("name", conditions.load().names)
def test_weather_is_that_of_the_catalogue(name: str) -> None:
    (held,) = read(f"{name}@night=0.1")
    assert held.condition == conditions.load().get(name, daylight="night")
    assert (held.name, held.share) == (f"{name}@night", 0.1)


def test_it_must_also_hold_in_fog() -> None:
    calm, fog = read("calm,fog@night!")
    assert (calm.share, calm.must_hold) == (1.0, False)
    assert (fog.name, fog.share, fog.must_hold) == ("fog@night", 0.0, True)
    assert "helicopter" not in fog.condition.vehicles


@pytest.mark.parametrize(
    ("name", "running"),
    [
        ("no_boat", ("ambulance", "helicopter")),
        ("no_helicopter", ("ambulance", "boat")),
        ("road_only", ("ambulance",)),
    ],
)
def test_names_of_the_fleet_are_kept(name: str, running: tuple[str, ...]) -> None:
    (held,) = read(name)
    assert held.condition.vehicles == running
    assert held.name == f"{name}@day"
    assert held.named("zh") != held.named("en")


@pytest.mark.parametrize("name", EVERY)
def test_all_stands_for_the_whole_year(name: str) -> None:
    found = read(name, day_share=0.5)
    likely = conditions.load().likely(day_share=0.5)
    assert [(one.name, one.share) for one in found] == [(o.key, o.probability) for o in likely]
    assert sum(one.share for one in found) == pytest.approx(1.0)


def test_all_of_the_night_at_half_the_weight_and_binding() -> None:
    found = read("all@night=0.5!", "no_boat=0.5")
    assert {one.condition.daylight for one in found[:-1]} == {"night"}
    assert all(one.must_hold for one in found[:-1])
    assert sum(one.share for one in found) == pytest.approx(1.0)


def test_a_users_condition_counts_as_any_other(tmp_path: Path) -> None:
    file = tmp_path / "ice.toml"
    file.write_text(
        '[ice]\nname_zh = "海冰"\ndays_per_year = 6\nstopped_vehicles = ["boat"]\n', "utf-8"
    )
    catalogue = conditions.load(file)
    assert "ice" in names(catalogue)
    assert catalogue.file == "conditions.toml + ice.toml"
    (held,) = read("ice", catalogue=catalogue)
    assert held.named("zh") == "海冰（白天）"
    assert "ice@day" in {one.name for one in read("all", catalogue=catalogue)}
    assert keys("ice") == ["not_a_choice"]


def test_every_name_is_told_in_both_languages() -> None:
    for one in read(*(f"{name}@night" for name in names() if name not in EVERY)):
        assert one.condition.name not in one.named("zh")
        assert "夜间" in one.named("zh")
        assert "night" in one.named("en")


def test_every_fault_is_found_at_once() -> None:
    assert keys("hail", "fog@dusk", "calm=-1", "calm=x") == [
        "not_a_choice", "not_a_choice", "siting_negative", "siting_negative",
    ]  # fmt: skip
    assert keys("calm", "calm@day") == ["propose_condition_twice"]
    assert keys("all", "fog") == ["propose_condition_twice"]
    assert keys("fog=0!") == ["siting_no_share"]


def test_where_every_condition_must_hold_all_weigh_the_same() -> None:
    assert [(one.share, one.must_hold) for one in read("fog!,gale!")] == [(1.0, True), (1.0, True)]
