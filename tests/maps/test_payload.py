"""The data block: inert, small, and the same shapes as the tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from maps import payload
from maps.tables import CoverageTables
from tests.maps.conftest import HOSTILE


def points(steps: list[int]) -> np.ndarray:
    """Decode a ring or line, slow and obvious: running sums of the steps."""
    x = y = 0
    found = []
    for dx, dy in zip(steps[::2], steps[1::2], strict=True):
        x, y = x + dx, y + dy
        found.append((x / 1e5, y / 1e5))
    return np.array(found)


@settings(deadline=None)
@given(st.lists(st.text(), max_size=5) | st.dictionaries(st.text(), st.text(), max_size=4))
def test_inert_json_reads_back_and_holds_no_markup(value: Any) -> None:
    text = payload.inert_json(value)
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")


def test_inert_json_refuses_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        payload.inert_json([float("nan")])


def test_a_shape_survives_to_the_metre_with_its_holes_and_parts() -> None:
    ring = shapely.Point(122.1, 30.0).buffer(0.01)
    hole = shapely.Point(122.1, 30.0).buffer(0.004)
    whole = shapely.MultiPolygon([ring.difference(hole), shapely.box(122.2, 30.1, 122.21, 30.12)])
    coded = payload.shape(whole)
    assert [len(polygon) for polygon in coded] == [2, 1]
    back = shapely.MultiPolygon(
        [
            shapely.Polygon(points(rings[0]), [points(inner) for inner in rings[1:]])
            for rings in coded
        ]
    )
    assert shapely.hausdorff_distance(whole, back) < 1e-5
    assert back.area == pytest.approx(whole.area, rel=1e-2)


@pytest.mark.parametrize("geometry", [None, shapely.Polygon(), shapely.box(0, 0, 1e-7, 1e-7)])
def test_nothing_to_draw_gives_no_rings(geometry: Any) -> None:
    assert payload.shape(geometry) == []


def test_a_line_survives() -> None:
    line = shapely.LineString([(122.0, 30.0), (122.00001, 30.0), (122.5, 30.5)])
    assert points(payload.path(line)[0]) == pytest.approx(np.array(line.coords))


def test_every_row_of_the_cells_has_every_value(tables: CoverageTables) -> None:
    data = payload.build(tables, lang="en")
    cells = data["cells"]
    assert {len(column) for column in cells.values()} == {len(tables.cells)}
    band = tables.scale.index(tables.cells["response_min"])
    breaks = [b["upper"] for b in data["bands"] if b["upper"] is not None]
    now = data["views"][0]["values"]
    assert [
        len(data["bands"]) - 1 if v is None else sum(v / 100 > b for b in breaks) for v in now
    ] == band.tolist()
    unreachable = int(tables.cells["response_min"].isna().sum())
    assert unreachable > 0
    assert now.count(None) == unreachable
    first = [data["legs"][n] for n in cells["legs"][0]]
    assert [data["names"][leg[0]] for leg in first] == ["call handling", "turnout", "road"]
    assert first[2][4] == 1


def test_equal_values_are_carried_once(tables: CoverageTables) -> None:
    data = payload.build(tables, lang="zh")
    assert len(set(data["names"])) == len(data["names"])
    assert len({tuple(leg) for leg in data["legs"]}) == len(data["legs"])


def test_an_island_with_a_made_up_name_shows_none(tables: CoverageTables) -> None:
    nameless = tables.islands.assign(named=[n != 2 for n in range(len(tables.islands))])
    islands = payload.build(replace(tables, islands=nameless), lang="zh")["islands"]
    assert ["name" in island for island in islands] == [n not in (2, 11) for n in range(12)]


def test_search_finds_chinese_and_pinyin() -> None:
    found = payload.search_text("竹岙岛", None)
    assert "竹岙" in found
    assert "zhuao" in found


def test_hostile_names_pass_through_the_data_block_as_text(
    hostile: tuple[CoverageTables, dict[str, Any]],
) -> None:
    data = payload.build(hostile[0], lang="zh")
    back = json.loads(payload.inert_json(data))
    assert HOSTILE[0] in back["names"]


def test_four_thousand_cells_stay_far_below_the_limit(
    many_cells: Callable[[], CoverageTables],
) -> None:
    tables = many_cells()
    assert len(tables.cells) > 4000
    assert len(payload.inert_json(payload.build(tables, lang="zh"))) < 3_000_000
