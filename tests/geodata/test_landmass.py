"""Landmasses against a plain union-find."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata import landmass, schemas

ISLANDS = ["a", "b", "c", "d", "e", "f"]
LINK_COLUMNS = ["from_island_id", "to_island_id", "status"]
Link = tuple[str | None, str | None, str]
untimed = settings(deadline=None)

links = st.lists(
    st.tuples(
        st.sampled_from([*ISLANDS, None, "mainland"]),
        st.sampled_from([*ISLANDS, None, "mainland"]),
        st.sampled_from(schemas.LINK_STATUS),
    ),
    max_size=10,
)
areas = st.lists(
    st.sampled_from([None, 1.0, 2.0, 3.0]), min_size=len(ISLANDS), max_size=len(ISLANDS)
)


def assign(area_km2: dict[str, float | None], roads: list[Link]) -> dict[str, str]:
    """Return the landmass by island, as `landmass.assign` finds it."""
    islands = pd.DataFrame({"island_id": list(area_km2), "area_km2": list(area_km2.values())})
    islands["area_km2"] = islands["area_km2"].astype(float)
    found = landmass.assign(islands, pd.DataFrame(roads, columns=LINK_COLUMNS))
    return dict(zip(area_km2, found, strict=True))


def oracle(area_km2: dict[str, float | None], roads: list[Link]) -> dict[str, str]:
    """Union-find with lists: merge the groups of each open link's ends, then name each group."""
    groups = [[island] for island in area_km2]
    for tail, head, status in roads:
        if status == "open" and tail in area_km2 and head in area_km2:
            joined = [g for g in groups if tail in g or head in g]
            groups = [g for g in groups if g not in joined] + [[i for g in joined for i in g]]
    name = {}
    for group in groups:
        largest = min(group, key=lambda island: (-(area_km2[island] or 0.0), island))
        name |= dict.fromkeys(group, largest)
    return name


@untimed
@given(area=areas, roads=links)
def test_landmasses_equal_union_find(area: list[float | None], roads: list[Link]) -> None:
    area_km2 = dict(zip(ISLANDS, area, strict=True))
    assert assign(area_km2, roads) == oracle(area_km2, roads)


@untimed
@given(area=areas, roads=links, data=st.data())
def test_order_of_links_and_islands_does_not_matter(
    area: list[float | None], roads: list[Link], data: st.DataObject
) -> None:
    area_km2 = dict(zip(ISLANDS, area, strict=True))
    shuffled = dict(data.draw(st.permutations(list(area_km2.items()))))
    assert assign(shuffled, data.draw(st.permutations(roads))) == assign(area_km2, roads)


def test_a_chain_of_bridges_joins_all_to_the_largest_island() -> None:
    area_km2 = {"jintang": 82.0, "cezi": 15.0, "zhoushan": 502.0, "liuheng": 119.0}
    roads: list[Link] = [("jintang", "cezi", "open"), ("cezi", "zhoushan", "open")]
    assert assign(area_km2, roads) == {
        "jintang": "zhoushan",
        "cezi": "zhoushan",
        "zhoushan": "zhoushan",
        "liuheng": "liuheng",
    }


@pytest.mark.parametrize("status", [s for s in schemas.LINK_STATUS if s != "open"])
def test_a_link_that_is_not_open_joins_nothing(status: str) -> None:
    area_km2 = {"fodu": 7.2, "liuheng": 118.8}
    assert assign(area_km2, [("fodu", "liuheng", "open")])["fodu"] == "liuheng"
    assert assign(area_km2, [("fodu", "liuheng", status)])["fodu"] == "fodu"


def test_islands_are_not_joined_through_land_off_the_region() -> None:
    roads: list[Link] = [("a", None, "open"), (None, "b", "open"), ("a", "x", "open")]
    assert assign({"a": 1.0, "b": 1.0}, roads) == {"a": "a", "b": "b"}


def test_equal_and_unknown_areas_fall_back_to_the_id() -> None:
    assert assign({"b": 2.0, "a": 2.0}, [("a", "b", "open")]) == {"a": "a", "b": "a"}
    assert assign({"z": 0.1, "a": None}, [("a", "z", "open")]) == {"a": "z", "z": "z"}


def test_result_keeps_the_index_of_the_islands() -> None:
    islands = pd.DataFrame({"island_id": ["a", "b"], "area_km2": [1.0, 2.0]}, index=[7, 3])
    found = landmass.assign(islands, pd.DataFrame([("a", "b", "open")], columns=LINK_COLUMNS))
    assert found.index.tolist() == [7, 3]
    assert found.name == "landmass_id"
    assert found.tolist() == ["b", "b"]
