"""What a user's words for a place lead to."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from geodata import crs
from geodata.errors import InputError
from geodata.region import Region
from routing.itinerary.place import Gazetteer, folded, scene_table
from tests.fixtures import archipelago


@pytest.fixture(scope="module")
def places(zhoushan: Region) -> Gazetteer:
    return Gazetteer(zhoushan)


@pytest.mark.parametrize(
    ("text", "island", "kind"),
    [
        ("枸杞岛", "gouqi", "island"),
        ("枸杞", "gouqi", "settlement"),
        ("gouqi", "gouqi", "settlement"),
        ("Gouqi Island", "gouqi", "island"),
        ("liuheng", "liuheng", "island"),
        ("  LIU HENG ", "liuheng", "island"),
        ("沈家门", "zhoushan", "settlement"),
        ("122.77,30.716", "gouqi", "coordinates"),
        ("122.77，30.716", "gouqi", "coordinates"),
        ("122.77 30.716", "gouqi", "coordinates"),
    ],
)
def test_names_in_any_of_their_forms(places: Gazetteer, text: str, island: str, kind: str) -> None:
    found = places.find(text)
    assert (found.island_id, found.kind) == (island, kind)


def test_an_island_stands_for_its_most_populous_place(places: Gazetteer, zhoushan: Region) -> None:
    found = places.find("六横岛")
    mine = zhoushan.demand[zhoushan.demand["island_id"] == "liuheng"]
    top = mine.loc[mine["population"].idxmax()].geometry
    assert (found.lon, found.lat) == pytest.approx((top.x, top.y))


def test_a_point_at_sea_is_told_with_the_nearest_island(places: Gazetteer) -> None:
    with pytest.raises(InputError) as error:
        places.find("122.6,30.4")
    (fault,) = error.value.faults
    assert fault.key == "route_at_sea"
    assert "km" in fault.text("en")


def test_a_point_just_off_the_coast_counts_as_ashore(zhoushan: Region, places: Gazetteer) -> None:
    shape = zhoushan.islands.to_crs(zhoushan.metric_crs).set_index("island_id").geometry["gouqi"]
    east = shape.bounds[2] + 200.0
    y = shape.representative_point().y
    near = shape.boundary.interpolate(shape.boundary.project(shapely.Point(east, y)))
    lon, lat = crs.to_wgs84(np.array([[near.x + 150.0, near.y]]),
                            zhoushan.metric_crs)[0]  # fmt: skip
    found = places.at(float(lon), float(lat))
    assert found.island_id
    assert 0 <= found.moved_m <= 500


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("30.0,122.2", "route_lon_lat_swapped"),
        ("222.0,30.0", "route_lon_lat"),
        ("0,0", "outside_region"),
        ("-122.2,30.0", "outside_region"),
        ("Atlantis", "route_no_such_place"),
    ],
)
def test_what_cannot_be_a_place_is_told_why(places: Gazetteer, text: str, key: str) -> None:
    with pytest.raises(InputError) as error:
        places.find(text)
    assert error.value.faults[0].key == key
    for lang in ("zh", "en"):
        assert error.value.faults[0].text(lang)


def test_a_misspelt_name_brings_the_near_ones(places: Gazetteer) -> None:
    with pytest.raises(InputError) as error:
        places.find("Gouqii")
    assert "枸杞" in error.value.faults[0].text("en")


def test_a_township_of_several_places_lists_them(places: Gazetteer) -> None:
    with pytest.raises(InputError) as error:
        places.find("东极镇")
    text = error.value.faults[0].text("zh")
    assert error.value.faults[0].key == "route_ambiguous_place"
    assert "庙子湖" in text
    assert "青浜" in text


@pytest.mark.parametrize(
    ("names", "county", "english"),
    [
        (("定海", "定海区", "dinghai", "Dinghai District", "dinghai qu"), "定海区", "Dinghai"),
        (("普陀", "普陀区", "Putuo"), "普陀区", "Putuo District"),
        (("岱山县", "Daishan County"), "岱山县", "Daishan County"),
        (("嵊泗", "嵊泗县", "shengsi"), "嵊泗县", "Shengsi County"),
    ],
)
def test_a_county_stands_for_its_most_populous_demand_point(
    places: Gazetteer, zhoushan: Region, names: tuple[str, ...], county: str, english: str
) -> None:
    mine = zhoushan.demand[zhoushan.demand["county_zh"] == county]
    top = mine.loc[mine["population"].idxmax()]
    for name in names:
        found = places.find(name)
        assert (found.kind, found.island_id) == ("county", top["island_id"])
        assert (found.lon, found.lat) == pytest.approx((top.geometry.x, top.geometry.y))
        assert found.name_zh == f"{county}（{top['name_zh']}）"
        assert found.name_en.startswith(english)


def test_an_island_goes_before_the_county_of_its_name(places: Gazetteer) -> None:
    assert places.find("岱山").kind == "island"


def test_districts_of_one_short_name_are_listed_and_others_found_without_other_layers(
    zhoushan: Region,
) -> None:
    swapped = zhoushan.demand["county_zh"].replace({"定海区": "东区", "普陀区": "东县"})
    demand = zhoushan.demand.assign(county_zh=swapped, township_zh=None)
    few = zhoushan.replace(
        demand=demand, settlements=zhoushan.layers["settlements"].iloc[:0],
        counties=zhoushan.counties.iloc[:0],
    )  # fmt: skip
    places = Gazetteer(few)
    with pytest.raises(InputError) as error:
        places.find("东")
    (fault,) = error.value.faults
    assert fault.key == "route_ambiguous_place"
    assert "东区" in fault.text("zh")
    assert "东县" in fault.text("zh")
    assert places.find("东县").name_en.startswith("Dongxian (")
    assert places.find("嵊泗").kind == "county"


def test_a_township_without_settlements_stands_for_its_most_populous_point(
    zhoushan: Region,
) -> None:
    few = zhoushan.replace(settlements=zhoushan.layers["settlements"].iloc[:0])
    found = Gazetteer(few).find("沈家门街道")
    assert (found.kind, found.name_zh) == ("township", "沈家门街道（沈家门）")


def test_other_coordinate_systems_are_converted(places: Gazetteer) -> None:
    lon, lat = crs.wgs84_to_gcj02(122.2, 30.0)
    found = places.at(float(lon), float(lat), system="gcj02")
    assert (found.lon, found.lat) == pytest.approx((122.2, 30.0), abs=1e-6)


def test_names_of_another_region_work_as_well() -> None:
    region = archipelago.build()
    found = Gazetteer(region).find("Padholm")
    assert found.island_id == "I05"
    assert scene_table([found]).crs.to_epsg() == 4326


@pytest.mark.parametrize(("a", "b"), [("Gou Qi", "gouqi"), ("Lühua", "luhua"), ("ＡＢ", "ab")])
def test_folding(a: str, b: str) -> None:
    assert folded(a) == folded(b)
