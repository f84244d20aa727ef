"""The page of itineraries: whole, closed to the world, and text from data stays text."""

from __future__ import annotations

import json
from typing import Any

import geopandas as gpd
import pytest
import shapely

from geodata.errors import InputError
from maps import assets
from maps.route_page import route_page
from tests.maps.pagecheck import Page

EVIL = "</script><img src=x onerror=alert(1)>"


def leg(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind, "vehicle": "boat", "vehicle_post_zh": "基地", "vehicle_post_en": "Base",
        "crew_post_zh": "站", "crew_post_en": "Station", "from_zh": "甲", "from_en": "A",
        "to_zh": EVIL, "to_en": EVIL, "depart": "2026-01-15T02:30", "arrive": "2026-01-15T02:52",
        "travel_min": 22.0, "moving": kind == "boat", "sailing": None, **more,
    }  # fmt: skip


def make_result() -> dict[str, Any]:
    one = {
        "kind": "direct", "vehicle": "boat", "arrive_hospital_min": 99.5, "slower_by_min": 0.0,
        "clock": {"arrive_hospital": "2026-01-15T04:10"}, "first_hospital": None,
        "hospital": {"name_zh": "医院", "name_en": "Hospital"},
        "legs": [leg("call_handling", vehicle=None), leg("boat"), leg("scene")],
        "meets": [{"vehicle": "boat", "post_zh": EVIL, "post_en": EVIL, "at_zh": "码头",
                   "at_en": "Quay", "ready": "2026-01-15T02:52"}],
    }  # fmt: skip
    other = {**one, "vehicle": "helicopter", "slower_by_min": 3.0,
             "first_hospital": {"name_zh": "首诊", "name_en": "First"}}  # fmt: skip
    return {
        "at": {"name_zh": EVIL, "name_en": EVIL, "lon": 122.0, "lat": 30.0},
        "need": "stroke", "when": "2026-01-15T02:30", "condition_zh": "浓雾",
        "condition_en": "dense fog", "daylight": "night", "itineraries": [one, other],
        "responders": [{"name_zh": "站", "name_en": "Station", "vehicle": "boat",
                        "arrive_scene_min": 42.0, "evidence": "assumed"}],
        "other_feasible": [
            {"vehicle": "ambulance", "name_zh": "医院", "name_en": "Hospital",
             "first_name_zh": None, "first_name_en": None, "slower_by_min": 12.0},
            {"vehicle": "boat", "name_zh": "医院", "name_en": "Hospital",
             "first_name_zh": EVIL, "first_name_en": EVIL, "slower_by_min": 15.0},
        ],
        "infeasible": {
            "vehicles": [{"vehicle": "helicopter", "reason": "night"}],
            "posts": [{"name_zh": f"点{k}", "name_en": f"P{k}", "reason": "no_way"}
                      for k in range(9)],
            "hospitals": [{"name_zh": EVIL, "name_en": EVIL, "reason": "tier"}],
        },
        "notices": [{"key": "schematic"}, {"key": "ashore", "metres": "120"}],
        "sources": [{"source_id": "s", "title": EVIL, "publisher": EVIL, "licence": "CC BY 4.0"}],
    }  # fmt: skip


def tables() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    legs = gpd.GeoDataFrame(
        {"itinerary": [1], "leg": [2], "kind": ["boat"], "depart": ["02:30"], "arrive": ["02:52"]},
        geometry=[shapely.LineString([(122, 30), (122.1, 30.1)])],
        crs=4326,
    )
    places = gpd.GeoDataFrame(
        {
            "what": ["scene", "hospital", "post"],
            "name_zh": [EVIL, "医院", "站"],
            "name_en": [EVIL, "Hospital", "Station"],
        },
        geometry=[shapely.Point(122, 30), shapely.Point(122.1, 30.1), shapely.Point(122.1, 30)],
        crs=4326,
    )
    islands = gpd.GeoDataFrame(
        {"name_zh": ["甲"], "name_en": ["A"]}, geometry=[shapely.box(121.9, 29.9, 122.05, 30.05)],
        crs=4326,
    )  # fmt: skip
    return legs, places, islands


@pytest.fixture
def result() -> dict[str, Any]:
    return make_result()


def sample_page(lang: str) -> str:
    """Return the page of this module, for those who look at it in a browser."""
    return route_page(make_result(), *tables(), lang=lang)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_page_refers_to_nothing_outside_and_runs_only_its_own_scripts(
    result: dict[str, Any], lang: str
) -> None:
    text = route_page(result, *tables(), lang=lang)
    page = Page(text)
    assert page.foreign() == []
    assert page.anchors() == []
    assert page.handlers == []
    assert "img" not in page.tags
    assert len(page.ids) == len(set(page.ids))
    for digest in assets.script_hashes(text):
        assert digest in text.split("script-src")[1].split(";")[0]
    assert "onerror=alert(1)>" in page.text  # shown as text


def test_data_block_is_whole_json(result: dict[str, Any]) -> None:
    page = Page(route_page(result, *tables(), lang="en"))
    (block,) = [text for attrs, text in page.scripts if attrs.get("id") == "route-data"]
    data = json.loads(block)
    assert data["places"][0]["what"] == "scene"
    assert data["legs"][0]["itinerary"] == 1
    assert data["ui"]["boat"] == "boat"
    assert "CC BY 4.0" in data["ui"]["credits"]
    assert "<img" not in data["ui"]["credits"]  # Leaflet writes it as markup


def test_page_tells_legs_reasons_and_notices(result: dict[str, Any]) -> None:
    text = Page(route_page(result, *tables(), lang="en")).text
    for piece in (
        "02:30", "99.5", "does not fly at night", "9 in all", "120 m off", "First",
        "then boat to Hospital (+15.0 min)", "helicopter straight to a hospital",
    ):  # fmt: skip
        assert piece in text


def test_page_without_an_itinerary_says_so(result: dict[str, Any]) -> None:
    legs, places, islands = tables()
    empty = {**result, "itineraries": []}
    text = Page(route_page(empty, legs.iloc[:0], places.iloc[:1], islands, lang="zh")).text
    assert "没有可行的行程" in text


def test_equal_inputs_give_equal_pages(result: dict[str, Any]) -> None:
    assert route_page(result, *tables(), lang="zh") == route_page(result, *tables(), lang="zh")


def test_every_wrong_table_is_told(result: dict[str, Any]) -> None:
    legs, places, islands = tables()
    with pytest.raises(InputError) as error:
        route_page(result, legs.drop(columns="kind"), places.to_crs(3857), islands, lang="zh")
    keys = [fault.key for fault in error.value.faults]
    assert keys == ["maps_missing_columns", "maps_wrong_crs"]
