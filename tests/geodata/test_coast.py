"""Reading the two coastlines, and which islets of the one the other lacks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from geodata import coast, crs

BOUNDS = (121.0, 29.0, 123.0, 31.0)
Ring = list[tuple[float, float]]


def square(lon: float, lat: float, size: float = 0.1) -> Ring:
    """Return a closed ring of exactly representable corners where the numbers allow it."""
    east, north = lon + size, lat + size
    return [(lon, lat), (east, lat), (east, north), (lon, north), (lon, lat)]


def shown_in_gcj02(ring: Ring) -> list[list[float]]:
    """Return a WGS84 ring as an AMap file would hold it."""
    return np.column_stack(crs.wgs84_to_gcj02(*np.array(ring).T)).tolist()


def write_gshhg(folder: Path, entries: list[tuple[int, float, Ring]]) -> Path:
    """Write a GSHHG pair of files as basemap's data package lays it out.

    The binary file holds each ring as little-endian float32 longitude and latitude; the index has a
    line for each: level (1 is land, 2 a lake), area in km2, points, south, north, offset and bytes
    in the binary file, and an id.
    """
    blobs, lines, offset = [], [], 0
    for number, (level, area_km2, ring) in enumerate(entries):
        blob = np.array(ring, "<f4").tobytes()
        lats = [lat for _, lat in ring]
        extent = f"{min(lats):.5f} {max(lats):.5f}"
        lines.append(f"{level} {area_km2} {len(ring)} {extent} {offset} {len(blob)} {number}-E")
        blobs.append(blob)
        offset += len(blob)
    (folder / "gshhsmeta_f.dat").write_text("\n".join(lines) + "\n")
    (folder / "gshhs_f.dat").write_bytes(b"".join(blobs))
    return folder


def test_amap_polygons_are_converted_to_wgs84_with_their_holes(tmp_path: Path) -> None:
    island, pond = square(122.0, 30.0), square(122.04, 30.04, 0.02)
    islet = square(122.5, 30.5, 0.01)
    file = tmp_path / "330900.geojson"
    rings = [[shown_in_gcj02(island), shown_in_gcj02(pond)], [shown_in_gcj02(islet)]]
    file.write_text(json.dumps({"type": "MultiPolygon", "coordinates": rings}), "utf-8")
    found = coast.amap_polygons(file)
    expected = [shapely.Polygon(island, [pond]), shapely.Polygon(islet)]
    assert len(found) == 2
    assert shapely.equals_exact(found, expected, tolerance=1e-9).all()


def test_amap_file_with_a_single_polygon_is_read(tmp_path: Path) -> None:
    file = tmp_path / "one.geojson"
    ring = shown_in_gcj02(square(122.0, 30.0))
    file.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}), "utf-8")
    (found,) = coast.amap_polygons(file)
    assert shapely.equals_exact(found, shapely.Polygon(square(122.0, 30.0)), tolerance=1e-9)


def test_gshhg_reader_keeps_the_land_within_bounds_only(tmp_path: Path) -> None:
    folder = write_gshhg(
        tmp_path,
        [
            (1, 5_000.0, square(119.0, 28.0, 3.0)),  # the mainland
            (1, 95.0, square(122.0, 30.0)),
            (2, 1.0, square(122.25, 30.25)),  # a lake
            (1, 95.0, square(122.0, 31.5)),  # north of the bounds
            (1, 95.0, square(122.0, 28.5)),  # south
            (1, 95.0, square(123.5, 30.0)),  # east
            (1, 95.0, square(120.5, 30.0)),  # west
            (1, 24.0, square(122.9375, 30.9375, 0.125)),  # across the corner of the bounds
            (1, 0.0, [(122.5, 30.5), (122.6, 30.5), (122.5, 30.5)]),  # no area
        ],
    )
    found = coast.gshhg_polygons(folder, BOUNDS)
    corners = [shapely.get_coordinates(p).min(axis=0).tolist() for p in found]
    assert corners == [[122.0, 30.0], [122.9375, 30.9375]]
    assert found[0].bounds == pytest.approx((122.0, 30.0, 122.1, 30.1), abs=1e-5)


def test_gshhg_reader_reads_each_ring_at_its_own_offset(tmp_path: Path) -> None:
    triangle = [(122.0, 30.0), (122.5, 30.0), (122.0, 30.5), (122.0, 30.0)]
    rings = [square(121.5, 29.5, 0.25), triangle, square(122.5, 30.5, 0.125)]
    folder = write_gshhg(tmp_path, [(1, 10.0, ring) for ring in rings])
    found = coast.gshhg_polygons(folder, BOUNDS)
    assert [p.equals(shapely.Polygon(r)) for p, r in zip(found, rings, strict=True)] == [True] * 3


def test_largest_area_kept_is_an_option(tmp_path: Path) -> None:
    folder = write_gshhg(tmp_path, [(1, 500.0, square(122, 30)), (1, 500.1, square(122.5, 30.5))])
    assert len(coast.gshhg_polygons(folder, BOUNDS)) == 2
    assert len(coast.gshhg_polygons(folder, BOUNDS, largest_km2=500.0)) == 1


def test_a_ring_that_crosses_itself_becomes_its_parts(tmp_path: Path) -> None:
    bow_tie = [(122.0, 30.0), (122.5, 30.5), (122.5, 30.0), (122.0, 30.5), (122.0, 30.0)]
    folder = write_gshhg(tmp_path, [(1, 10.0, bow_tie), (1, 10.0, square(121.5, 29.5, 0.25))])
    found = coast.gshhg_polygons(folder, BOUNDS)
    assert [p.geom_type for p in found] == ["Polygon"] * 3
    assert all(p.is_valid for p in found)
    assert [p.area for p in found] == pytest.approx([0.0625, 0.0625, 0.0625])


def islet(x_m: float, y_m: float = 0.0, size_m: float = 200.0) -> shapely.Polygon:
    """Return a square islet by its south-west corner, metres."""
    return shapely.box(x_m, y_m, x_m + size_m, y_m + size_m)


# An island of 4 km, and the mainland 40 km east of its east coast.
ISLAND = shapely.box(-4_000, -2_000, 0, 2_000)
MAINLAND = shapely.box(40_000, -50_000, 60_000, 50_000)


@pytest.mark.parametrize(
    ("candidate", "missing"),
    [
        pytest.param(islet(3_000), True, id="an islet that the land lacks"),
        pytest.param(islet(-100), False, id="overlaps the island"),
        pytest.param(islet(0), False, id="touches the shore"),
        pytest.param(islet(-3_000), False, id="lies on the island"),
        pytest.param(islet(15_000), True, id="just within reach"),
        pytest.param(islet(15_001), False, id="too far"),
        pytest.param(islet(39_000), False, id="off the mainland"),
        pytest.param(islet(39_900), False, id="touches the mainland"),
    ],
)
def test_an_islet_is_missing_when_it_is_free_near_and_ours(
    candidate: shapely.Polygon, missing: bool
) -> None:
    found = coast.missing_islets([candidate], ISLAND, mainland=MAINLAND)
    assert found == ([candidate] if missing else [])


def test_the_nearer_of_land_and_mainland_owns_an_islet() -> None:
    """Halfway between the two, at 20 km, and 1 m to either side; a tie is ours."""
    candidates = [islet(x, size_m=200.0) for x in (19_899, 19_900, 19_901)]
    found = coast.missing_islets(candidates, ISLAND, mainland=MAINLAND, reach_m=30_000.0)
    assert found == candidates[:2]


@pytest.mark.parametrize(
    ("gap_m", "size_m", "displaced"),
    [
        pytest.param(500, 200, True, id="same size, half a kilometre off"),
        pytest.param(1_000, 200, True, id="at the limit"),
        pytest.param(1_001, 200, False, id="beyond the limit"),
        pytest.param(500, 340, True, id="2.9 times the area"),
        pytest.param(500, 350, False, id="3.1 times the area"),
        pytest.param(500, 118, True, id="2.9 times smaller"),
        pytest.param(500, 114, False, id="3.1 times smaller"),
    ],
)
def test_a_displaced_twin_is_the_same_rock(gap_m: float, size_m: float, displaced: bool) -> None:
    rock = islet(5_000, size_m=200.0)
    candidate = islet(5_200 + gap_m, size_m=size_m)
    land = shapely.union_all([ISLAND, rock])
    found = coast.missing_islets([candidate], land, mainland=MAINLAND)
    assert found == ([] if displaced else [candidate])


def test_a_rock_that_has_its_own_islet_is_no_ones_twin() -> None:
    """Two rocks 500 m apart on the fine coast; the other coast draws only the first, in place."""
    rock = islet(5_000)
    here, beside = islet(5_050), islet(5_700)
    land = shapely.union_all([ISLAND, rock])
    assert coast.missing_islets([here, beside], land, mainland=MAINLAND) == [beside]
    assert coast.missing_islets([beside], land, mainland=MAINLAND) == []


def test_limits_are_options() -> None:
    rock, candidate = islet(5_000), islet(5_700, size_m=400.0)
    land = shapely.union_all([ISLAND, rock])
    find = coast.missing_islets
    assert find([candidate], land, mainland=MAINLAND) == [candidate]
    assert find([candidate], land, mainland=MAINLAND, area_ratio=4.0) == []
    assert find([candidate], land, mainland=MAINLAND, area_ratio=4.0, near_m=499.0) == [candidate]
    assert find([candidate], land, mainland=MAINLAND, reach_m=499.0) == []
