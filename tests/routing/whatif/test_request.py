"""What a page may ask for: form, limits, and every fault at once."""

from __future__ import annotations

import math
from typing import Any

import pytest

from geodata.errors import InputError
from routing import whatif
from routing.whatif import Limits

ADDED = {"post_id": "n1", "name_zh": "新点", "lon": 122.0, "lat": 30.0, "vehicles": ["boat"]}


def faults(raw: object, **limits: int) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as caught:
        whatif.read(raw, limits=Limits(**limits))
    return [(fault.key, fault.where) for fault in caught.value.faults]


def test_a_request_is_a_small_scenario() -> None:
    asked = whatif.read(
        {
            "name": "two things",
            "condition": {"name": "fog", "daylight": "night"},
            "post": {"add": [ADDED], "move": [{"post_id": "p", "lon": 1, "lat": 2.5}]},
            "helipad": {"add": [{"helipad_id": "h", "name_zh": "新", "lon": 3, "lat": 4}]},
            "link": {"close": [{"link_id": "F1"}], "open": [{"link_id": "R9"}]},
        }
    )
    assert (asked.condition.name, asked.condition.daylight) == ("fog", "night")
    assert asked.posts_added[0].vehicles == ("boat",)
    assert (asked.posts_moved[0].lon, asked.posts_moved[0].lat) == (1.0, 2.5)
    assert (asked.helipads_added[0].helipad_id, asked.helipads_added[0].lon) == ("h", 3.0)
    assert asked.links_closed[0].link_id == "F1"
    assert asked.links_opened[0].link_id == "R9"


def test_nothing_asked_is_the_region_as_it_is() -> None:
    assert not whatif.read({}).changes_region()


@pytest.mark.parametrize("raw", [None, [], "post", 3, True])
def test_what_is_no_object_is_refused(raw: object) -> None:
    assert faults(raw) == [("scenario_not_a_table", "scenario")]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "122", None, True, 181.0, [1]])
def test_a_coordinate_is_a_number_on_earth(value: Any) -> None:
    found = faults({"post": {"move": [{"post_id": "p", "lon": value, "lat": 30.0}]}})
    assert [where for _, where in found] == ["scenario: post.move[1].lon"]


def test_all_faults_are_told_at_once() -> None:
    raw = {
        "post": {
            "add": [ADDED | {"vehicles": ["submarine"], "lat": 95.0}],
            "move": [{"post_id": "p", "lon": 1.0}],
        },
        "link": {"close": "F1"},
    }
    assert {where for _, where in faults(raw)} == {
        "scenario: post.add[1].vehicles",
        "scenario: post.add[1].lat",
        "scenario: post.move[1].lat",
        "scenario: link.close",
    }


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        ({"population": {"shift": []}}, "scenario"),
        ({"condition": {"vehicles": ["boat"]}}, "scenario: condition"),
        ({"post": {"change": [{"post_id": "p"}]}}, "scenario: post"),
        ({"post": {"add": [ADDED | {"island_id": "i"}]}}, "scenario: post.add[1]"),
        ({"helipad": {"add": [{"helipad_id": "h", "outside": True}]}}, "scenario: helipad.add[1]"),
        ({"helipad": {"remove": [{"helipad_id": "h"}]}}, "scenario: helipad"),
        ({"post": {"move": [{"post_id": "p", "outside": True}]}}, "scenario: post.move[1]"),
        ({"link": {"open": [{"link_id": "x", "speed_kmh": 5}]}}, "scenario: link.open[1]"),
    ],
)
def test_what_only_a_scenario_file_may_say_is_refused(raw: object, where: str) -> None:
    assert ("scenario_unknown_key", where) in faults(raw)


def test_texts_and_lists_have_bounds() -> None:
    long = {"post": {"remove": [{"post_id": "x" * 121}]}}
    assert [key for key, _ in faults(long)] == ["whatif_long_text"]
    two = {"link": {"close": [{"link_id": "a"}, {"link_id": "b"}]}}
    assert [key for key, _ in faults(two, changes=1)] == ["whatif_too_many"]
    whatif.read(two, limits=Limits(changes=2))


@pytest.mark.parametrize("text", ["a\nb", "tab\there", "\x00", "\x7f", "\u2028", "\ud800"])
def test_texts_that_cannot_be_shown_are_refused(text: str) -> None:
    assert [key for key, _ in faults({"name": text})] == ["whatif_unprintable"]
