"""What a region under scenarios says of itself, and the scenario files that are shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from geodata import region as regions
from geodata import validate
from geodata.errors import InputError
from geodata.region import Region
from routing import brief, scenario
from tests.routing import toy


@pytest.fixture(scope="module")
def zhoushan() -> Region:
    return regions.load("zhoushan")


def closing(name: str = "closing") -> scenario.Scenario:
    return scenario.parse(
        {
            "name": name,
            "name_zh": "停航",
            "date": "2027-01-01",
            "link": {"close": [{"link_id": "F1"}]},
        }
    )


def test_nothing_asked_changes_nothing() -> None:
    place = toy.archipelago()
    weather = scenario.parse({"condition": {"name": "fog"}})
    assert scenario.applied(place, []) is place
    assert scenario.applied(place, [weather, weather]) is place
    assert scenario.scenarios_of(place) == []
    assert scenario.notices(place) == []


def test_the_region_says_what_it_is_under_and_keeps_saying_it(tmp_path: Path) -> None:
    once = scenario.apply(toy.archipelago(), closing())
    assert [one["name"] for one in scenario.scenarios_of(once)] == ["closing"]
    assert scenario.scenarios_of(once)[0]["changes_zh"] == ["停用 轮渡"]
    again = scenario.apply(
        once, scenario.parse({"name": "b", "post": {"remove": [{"post_id": "H"}]}})
    )
    assert [one["name"] for one in scenario.scenarios_of(again)] == ["closing", "b"]
    regions.save(again, tmp_path / "x.gpkg")
    loaded = regions.load(tmp_path / "x.gpkg")
    assert scenario.scenarios_of(loaded) == scenario.scenarios_of(again)
    assert not validate.faults(loaded)


def test_its_hash_names_the_file_and_the_change(tmp_path: Path) -> None:
    regions.save(toy.archipelago(), tmp_path / "x.gpkg")
    place = regions.load(tmp_path / "x.gpkg")
    one, other = (scenario.apply(place, closing(name)).content_hash for name in ("a", "b"))
    assert one != other
    assert one.startswith(place.content_hash + "+scenarios:")
    assert scenario.apply(toy.archipelago(), closing()).content_hash == ""


def test_a_brief_under_a_scenario_opens_with_it() -> None:
    place = scenario.apply(toy.archipelago(), closing())
    found = brief.compute(place, toy.parameters(), propose=False).result
    assert found["scenarios"][0]["date"] == "2027-01-01"
    first = found["notices"][0]
    assert first["key"] == "scenario"
    assert "停航" in first["text_zh"]
    assert "2027-01-01" in first["text_en"]
    assert (
        brief.compute(toy.archipelago(), toy.parameters(), propose=False).result["scenarios"] == []
    )


def test_two_scenarios_that_change_one_thing_are_refused() -> None:
    with pytest.raises(InputError):
        scenario.applied(toy.archipelago(), [closing("a"), closing("b")])


@pytest.mark.parametrize("name", scenario.examples())
def test_shipped_examples_fit_the_embedded_region_and_name_their_sources(
    zhoushan: Region, name: str
) -> None:
    file = scenario.find(Path(name))
    asked = scenario.load(file)
    after = scenario.apply(zhoushan, asked)
    (told,) = scenario.scenarios_of(after)
    assert told["name_zh"] != told["name_en"]
    assert told["note"]
    text = file.read_text("utf-8")
    assert "Assumed" in text or "assumed" in text or "not known" in text
    people = (zhoushan.demand["population"].sum(), after.demand["population"].sum())
    assert people[0] == pytest.approx(people[1])


def test_there_are_examples_of_each_kind() -> None:
    assert scenario.examples() == (
        "guoju-ferries-withdrawn", "helicopter-base-moves", "liuheng-bridge",
        "small-islands-resettled",
    )  # fmt: skip


def test_a_file_of_the_users_goes_before_an_example_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert scenario.find(Path("liuheng-bridge")).suffix == ".toml"
    Path("liuheng-bridge").write_text("", "utf-8")
    assert scenario.find(Path("liuheng-bridge")) == Path("liuheng-bridge")
