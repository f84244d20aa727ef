"""Candidates that a user brings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geodata import crs
from geodata.errors import InputError
from geodata.region import Region
from routing import land_network
from routing.land_network import LandNetwork
from routing.propose import given
from tests.routing import toy
from tests.routing.propose import isles


@pytest.fixture(scope="module")
def land() -> tuple[Region, LandNetwork]:
    return isles.region(), land_network.build(isles.region(), toy.parameters())


def to_bd09(lon: Any, lat: Any) -> tuple[Any, Any]:
    """Return Baidu's coordinates of GCJ-02 ones, by the formula that is passed around."""
    turn = np.pi * 3000.0 / 180.0
    length = np.hypot(lon, lat) + 2e-5 * np.sin(lat * turn)
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(lon * turn)
    return length * np.cos(angle) + 0.0065, length * np.sin(angle) + 0.006


def read(path: Path, land: tuple[Region, LandNetwork], **options: Any) -> Any:
    return given.read(path, *land, toy.parameters(), **options)


def faults(path: Path, land: tuple[Region, LandNetwork]) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as error:
        read(path, land)
    return [(fault.key, fault.where.removeprefix("candidates.csv")) for fault in error.value.faults]


def test_a_site_joins_the_nearest_place_of_its_island(tmp_path: Path, land: Any) -> None:
    """X3 is two kilometres from D1: x 1.3 at 30 km/h."""
    table = read(isles.sheet(tmp_path), land).set_index("id")
    assert table.loc["X1", "access_min"] == pytest.approx(0.0, abs=1e-3)
    assert table.loc["X3", "access_min"] == pytest.approx(5.2, abs=1e-3)
    assert table["island_id"].tolist() == ["a", "b", "a"]
    assert set(table["facility"]) == {"ambulance_post"}


def test_every_fault_of_a_sheet_is_told_with_its_row(tmp_path: Path, land: Any) -> None:
    places = {"ok": (10, 5), "sea": (25, 5), "far": (10, 5), "ok2": (10, 5)}
    path = isles.sheet(
        tmp_path,
        places,
        kind=["ambulance_post", "helipad", "rocket", "helipad"],
        cost=["1", "-1", "1", "cheap"],
    )
    text = path.read_text("utf-8").replace("far,", "ok,")
    path.write_text(text, "utf-8")
    assert set(faults(path, land)) == {
        ("not_a_choice", "[4].kind"),
        ("siting_negative", "[3].cost"),
        ("not_a_number", "[5].cost"),
        ("duplicate", "[4].id"),
    }


def test_a_site_in_the_sea_is_refused(tmp_path: Path, land: Any) -> None:
    (fault,) = faults(isles.sheet(tmp_path, {"X": (25, 5)}), land)
    assert fault == ("propose_in_the_sea", "[2]")


def test_a_site_half_a_world_away_is_told_the_bounds_of_the_region(
    tmp_path: Path, land: Any
) -> None:
    path = tmp_path / "candidates.csv"
    path.write_text("id,lon,lat,facility\nX,0,0,ambulance\n", "utf-8")
    (fault,) = faults(path, land)
    assert fault == ("outside_region", "[2]")


def test_an_ambulance_on_an_islet_without_roads_is_refused(tmp_path: Path, land: Any) -> None:
    """Island C has 1000 residents, which gives it streets; with fewer it has none."""
    region = toy.archipelago(demand=isles.region().demand.assign(population=500.0))
    path = isles.sheet(tmp_path, {"X": (51, 1)})
    (fault,) = faults(path, (region, land[1]))
    assert fault == ("propose_no_road", "[2]")


def test_blank_and_absent_columns_are_told(tmp_path: Path, land: Any) -> None:
    path = tmp_path / "candidates.csv"
    path.write_text("id,lon\nX1,\n", "utf-8")
    assert faults(path, land) == [("column_missing", ".lat")]
    path.write_text("id,lon,lat\nX1,,30\n,nan,95\n", "utf-8")
    assert set(faults(path, land)) == {
        ("blank", "[2].lon"),
        ("blank", "[3].id"),
        ("not_a_number", "[3].lon"),
        ("lat_out_of_range", "[3].lat"),
    }


@pytest.mark.parametrize("content", [b"", b"id,lon,lat\n", b"\x00\xff\xfe", b'id,lon,lat\n"X1,1,2'])
def test_files_without_candidates_are_input_errors(
    tmp_path: Path, land: Any, content: bytes
) -> None:
    path = tmp_path / "candidates.csv"
    path.write_bytes(content)
    assert faults(path, land)


@pytest.mark.parametrize("name", ["absent.csv", "absent.gpkg"])
def test_an_absent_file_is_told(tmp_path: Path, land: Any, name: str) -> None:
    assert [key for key, _ in faults(tmp_path / name, land)] == ["propose_no_file"]


def test_a_layer_that_is_no_layer_is_told(tmp_path: Path, land: Any) -> None:
    path = tmp_path / "candidates.gpkg"
    path.write_text("no database", "utf-8")
    assert [key for key, _ in faults(path, land)] == ["region_unreadable"]


def test_sheets_as_spreadsheets_save_them_are_read(tmp_path: Path, land: Any) -> None:
    """GB18030, semicolons, headings in capitals, a neutralised formula as a name."""
    text = isles.sheet(tmp_path, {"X1": (10, 5)}, name_zh=["'=定海卫生站"]).read_text("utf-8")
    path = tmp_path / "候选.csv"
    head, *rows = text.replace(",", ";").splitlines()
    path.write_bytes("\r\n".join([head.upper(), *rows]).encode("gb18030"))
    assert read(path, land)["name_zh"].tolist() == ["=定海卫生站"]


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_shifted_coordinates_come_back(tmp_path: Path, land: Any, system: str) -> None:
    path = isles.sheet(tmp_path)
    plain = read(path, land)
    lon, lat = crs.wgs84_to_gcj02(plain["lon"].to_numpy(), plain["lat"].to_numpy())
    if system == "bd09":
        lon, lat = to_bd09(lon, lat)
    shifted = isles.sheet(tmp_path, lon=lon, lat=lat)
    back = read(shifted, land, coordinates=system)
    assert back["lon"].tolist() == pytest.approx(plain["lon"].tolist(), abs=1e-6)
    assert back["lat"].tolist() == pytest.approx(plain["lat"].tolist(), abs=1e-6)


@pytest.mark.parametrize("name", ["points.gpkg", "points.geojson"])
def test_layers_of_points_are_read_in_their_own_system(
    tmp_path: Path, land: Any, name: str
) -> None:
    points = toy.points([{"id": "X1", "at": (10, 5)}])
    if name.endswith("gpkg"):
        points = points.to_crs("EPSG:32651")
    points.to_file(tmp_path / name)
    assert read(tmp_path / name, land)["access_min"].tolist() == pytest.approx([0.0], abs=1e-2)


@pytest.mark.parametrize(
    "shape", [shapely.LineString([(121, 29), (122, 30)]), shapely.MultiPoint(), None]
)
def test_layers_of_other_shapes_are_told(tmp_path: Path, land: Any, shape: Any) -> None:
    path = tmp_path / "lines.gpkg"
    gpd.GeoDataFrame({"id": ["X"]}, geometry=[shape], crs="EPSG:4326").to_file(path)
    assert [key for key, _ in faults(path, land)] == ["propose_no_points"]
