from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely

from geodata.errors import InputError
from geodata.osm import area


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "osm_bbox"),
        ("1,2,3", "osm_bbox"),
        ("1,2,3,4,5", "osm_bbox"),
        ("west,2,3,4", "osm_bbox"),
        ("nan,2,3,4", "osm_bbox"),
        ("121,29,200,31", "osm_bbox"),
        ("29,121,31,123", "osm_bbox"),
        ("123,29,121,31", "osm_bbox_order"),
        ("121,31,123,29", "osm_bbox_order"),
        ("121,29,121,31", "osm_bbox_order"),
    ],
)
def test_a_malformed_bbox_is_refused_with_its_value(text: str, key: str) -> None:
    with pytest.raises(InputError) as error:
        area.parse_bbox(text)
    (fault,) = error.value.faults
    assert fault.key == key
    assert fault.value == text
    for lang in ("zh", "en"):
        assert "W,S,E,N" in fault.text(lang)


def test_a_bbox_is_read_west_south_east_north() -> None:
    assert area.parse_bbox("121.5, 29.5, 123.2, 31").bounds == (121.5, 29.5, 123.2, 31.0)


def test_the_polygons_of_a_geojson_file_are_joined(tmp_path: Path) -> None:
    squares = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    features = [
        {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(s)}
        for s in squares
    ]
    path = tmp_path / "范围.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8-sig")
    assert area.read_polygon(path).equals(shapely.box(0, 0, 2, 1))


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("", "osm_polygon"),
        ("[]", "osm_polygon"),
        ('{"type": "Nonsense"}', "osm_polygon"),
        ('{"type": "Point", "coordinates": [1, 2]}', "osm_polygon_kind"),
        ('{"type": "FeatureCollection", "features": []}', "osm_polygon_kind"),
        (
            '{"type": "Polygon", "coordinates": [[[0,0],[500000,0],[500000,9],[0,0]]]}',
            "osm_polygon_degrees",
        ),
        ('{"type": "Polygon", "coordinates": [[[0,0],[1,0],[0,0],[0,0]]]}', "osm_polygon_degrees"),
        ('{"type": "Polygon", "coordinates": [[1, 2]]}', "osm_polygon"),
    ],
)
def test_a_useless_polygon_file_is_refused(tmp_path: Path, content: str, key: str) -> None:
    path = tmp_path / "area.geojson"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError) as error:
        area.read_polygon(path)
    assert [fault.key for fault in error.value.faults] == [key]


def test_a_missing_polygon_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        area.read_polygon(tmp_path / "none.geojson")


def test_an_area_outside_the_file_is_refused_with_both_boxes() -> None:
    with pytest.raises(InputError) as error:
        area.within(shapely.box(0, 0, 1, 1), shapely.box(5, 5, 6, 6), file="x.osm")
    said = error.value.text("en")
    assert "0.0000,0.0000,1.0000,1.0000" in said
    assert "5.0000,5.0000,6.0000,6.0000" in said


def test_an_area_that_only_touches_the_file_is_outside() -> None:
    with pytest.raises(InputError):
        area.within(shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), file="x.osm")


def test_the_part_of_an_area_inside_the_file_counts() -> None:
    inside = area.within(shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3), file="x.osm")
    assert inside.bounds == (1, 1, 2, 2)
    assert area.within(None, shapely.box(1, 1, 3, 3), file="x.osm").bounds == (1, 1, 3, 3)
