from __future__ import annotations

import pickle
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from geodata import region, schemas, tables
from geodata.errors import InputError
from tests.fixtures import archipelago


@pytest.fixture
def isles() -> region.Region:
    return archipelago.build()


@pytest.fixture
def gpkg(isles: region.Region, tmp_path: Path) -> Path:
    region.save(isles, tmp_path / "珊瑚.gpkg")
    return tmp_path / "珊瑚.gpkg"


def keys(error: pytest.ExceptionInfo[InputError]) -> set[str]:
    return {fault.key for fault in error.value.faults}


def test_a_saved_region_loads_as_the_same_region(isles: region.Region, gpkg: Path) -> None:
    loaded = region.load(gpkg)
    for name, table in isles.layers.items():
        pd.testing.assert_frame_equal(table, loaded.layers[name])


def test_the_same_region_is_saved_as_the_same_bytes(isles: region.Region, tmp_path: Path) -> None:
    region.save(isles, tmp_path / "a.gpkg")
    region.save(isles, tmp_path / "b.gpkg")
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()


def test_a_region_knows_the_hash_of_its_file(gpkg: Path) -> None:
    first = region.load(gpkg).content_hash
    assert len(first) == 64
    assert first == region.load(gpkg).content_hash


def test_layers_are_attributes_and_meta_entries_have_defaults(isles: region.Region) -> None:
    assert isles.posts is isles.layers["posts"]
    assert isles.metric_crs == "EPSG:32756"
    assert isles.meta_value("nothing", "default") == "default"
    with pytest.raises(AttributeError):
        _ = isles.no_such_layer


def test_a_region_survives_pickling(isles: region.Region) -> None:
    assert len(pickle.loads(pickle.dumps(isles)).posts) == len(isles.posts)


def test_replace_changes_a_copy(isles: region.Region) -> None:
    fewer = isles.replace(posts=isles.posts.head(1))
    assert (len(fewer.posts), len(isles.posts)) == (1, 6)


def test_missing_optional_layers_and_columns_are_blank() -> None:
    given = archipelago.tables()
    del given["helipads"]
    given["posts"] = given["posts"].drop(columns="hours")
    made = region.from_tables(given)
    assert len(made.helipads) == 0
    assert list(made.helipads.columns) == [
        *[c.name for c in schemas.layer("helipads").columns],
        "geometry",
    ]
    assert made.posts["hours"].isna().all()


def test_missing_layers_and_columns_and_wrong_kinds_are_told_together() -> None:
    given = archipelago.tables()
    del given["zones"]
    given["roads"] = given["roads"].drop(columns="speed_kmh")
    given["ports"] = given["ports"].assign(car_ferry="maybe")
    given["demand"] = given["demand"].astype({"population": object})
    given["demand"].loc[2, "population"] = "many"
    with pytest.raises(InputError) as error:
        region.from_tables(given)
    places = {(f.key, f.where) for f in error.value.faults}
    assert places >= {
        ("layer_missing", "zones"),
        ("column_missing", "roads.speed_kmh"),
        ("not_a_flag", "ports[1].car_ferry (port_id=Q1)"),
        ("not_a_number", "demand[3].population (demand_id=D03)"),
    }


def test_multi_part_geometries_with_one_part_are_taken_as_qgis_saves_them() -> None:
    given = archipelago.tables()
    for layer, wrap in (("posts", shapely.MultiPoint), ("roads", shapely.MultiLineString)):
        given[layer] = given[layer].set_geometry([wrap([g]) for g in given[layer].geometry])
    flat = given["islands"].geometry
    given["islands"] = given["islands"].set_geometry(shapely.force_3d(flat.to_numpy(), 12.0))
    made = region.from_tables(given)
    assert set(made.posts.geom_type) == {"Point"}
    assert set(made.roads.geom_type) == {"LineString"}
    assert set(made.islands.geom_type) == {"MultiPolygon"}
    assert not made.islands.geometry.has_z.any()


def test_ids_that_became_numbers_match_those_that_stayed_texts() -> None:
    given = archipelago.tables()
    given["islands"] = given["islands"].assign(island_id=[float(i) for i in range(12)])
    assert region.from_tables(given).islands["island_id"].tolist()[:2] == ["0", "1"]


@pytest.mark.parametrize("text", ["nan", "1_000", "1,000", "12 km", "十二", "--"])
def test_texts_that_only_look_like_numbers_are_faults(text: str) -> None:
    given = archipelago.tables()
    given["roads"] = given["roads"].astype({"length_km": object})
    given["roads"].loc[0, "length_km"] = text
    with pytest.raises(InputError) as error:
        region.from_tables(given)
    assert keys(error) == {"not_a_number"}


def test_load_reports_faults_of_form_and_of_content_together(gpkg: Path, tmp_path: Path) -> None:
    given = archipelago.tables()
    given["roads"] = given["roads"].drop(columns="speed_kmh")
    given["posts"] = given["posts"].assign(kind="castle")
    tables.write_geopackage(given, tmp_path / "bad.gpkg")
    with pytest.raises(InputError) as error:
        region.load(tmp_path / "bad.gpkg")
    assert keys(error) == {"column_missing", "not_a_choice"}
    assert sum(f.key == "column_missing" for f in error.value.faults) == 1


# Files that are no region


def test_a_missing_file_says_which_regions_are_embedded(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="zhoushan") as error:
        region.load(tmp_path / "none.gpkg")
    assert keys(error) == {"region_missing"}


@pytest.mark.parametrize("name", ["x" * 5000, "nul\x00byte"])
def test_a_name_that_no_file_can_have_is_missing(name: str) -> None:
    with pytest.raises(InputError) as error:
        region.load(name)
    assert keys(error) == {"region_missing"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"post_id,lon,lat\n1,2,3\n",
        b'{"type": "FeatureCollection", "features": []}',
        b"PK\x03\x04",
    ],
    ids=["empty", "text", "geojson", "zip"],
)
def test_another_file_named_gpkg_is_no_geopackage(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.gpkg").write_bytes(content)
    with pytest.raises(InputError) as error:
        region.load(tmp_path / "a.gpkg")
    assert keys(error) == {"not_a_geopackage"}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_geopackage_is_recognised(gpkg: Path, share: float) -> None:
    whole = gpkg.read_bytes()
    gpkg.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError) as error:
        region.load(gpkg)
    assert keys(error) == {"geopackage_truncated"}


def test_a_geopackage_with_overwritten_pages_is_unreadable_or_has_faults(gpkg: Path) -> None:
    whole = bytearray(gpkg.read_bytes())
    whole[4096:] = b"\xff" * (len(whole) - 4096)
    gpkg.write_bytes(bytes(whole))
    with pytest.raises(InputError):
        region.load(gpkg)


def test_a_geopackage_of_something_else_says_so(tmp_path: Path) -> None:
    other = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(0, 0)], crs=4326)
    tables.write_geopackage({"trees": other}, tmp_path / "a.gpkg")
    with pytest.raises(InputError) as error:
        region.load(tmp_path / "a.gpkg")
    assert keys(error) == {"region_without_layers"}


def test_another_crs_is_named_and_the_other_layers_are_still_checked(tmp_path: Path) -> None:
    given = archipelago.tables()
    given["posts"] = given["posts"].to_crs(32756)
    given["roads"] = given["roads"].assign(speed_kmh=0.0)
    tables.write_geopackage(given, tmp_path / "a.gpkg")
    with pytest.raises(InputError, match="UTM zone 56S") as error:
        region.load(tmp_path / "a.gpkg")
    assert keys(error) == {"wrong_crs", "zero_speed"}


def test_a_point_layer_saved_without_geometry_says_so(tmp_path: Path) -> None:
    given = archipelago.tables()
    given["posts"] = pd.DataFrame(given["posts"].drop(columns="geometry"))
    tables.write_geopackage(given, tmp_path / "a.gpkg")
    with pytest.raises(InputError) as error:
        region.load(tmp_path / "a.gpkg")
    assert keys(error) == {"no_geometry"}


def test_links_to_a_region_are_followed_and_dangling_ones_are_missing(
    gpkg: Path, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.gpkg", tmp_path / "bad.gpkg"
    try:
        good.symlink_to(gpkg)
        bad.symlink_to(tmp_path / "gone.gpkg")
    except OSError:
        pytest.skip("this system does not let the test make links")
    assert len(region.load(good).posts) == 6
    with pytest.raises(InputError) as error:
        region.load(bad)
    assert keys(error) == {"region_missing"}


def test_reading_a_region_writes_nothing_beside_it(gpkg: Path) -> None:
    before = sorted(p.name for p in gpkg.parent.iterdir())
    region.load(gpkg)
    assert sorted(p.name for p in gpkg.parent.iterdir()) == before


def test_names_with_quotes_html_and_newlines_survive_the_round_trip(tmp_path: Path) -> None:
    name = 'O\'Brien "Quay" <script>alert(1)</script>\n第二行; DROP TABLE posts;--'
    given = archipelago.tables()
    given["posts"] = given["posts"].assign(name_zh=name)
    region.save(region.from_tables(given), tmp_path / "a.gpkg")
    assert region.load(tmp_path / "a.gpkg").posts["name_zh"].tolist() == [name] * 6


def test_the_embedded_region_loads_without_faults() -> None:
    try:
        loaded = region.load("zhoushan")
    except InputError as error:
        if {f.key for f in error.faults} == {"region_unreadable"}:
            pytest.skip("seeds/zhoushan.gpkg is not built yet")
        raise
    assert loaded.meta_value("name_zh")
    assert pyogrio.list_layers is not None
    assert round(loaded.demand["population"].sum()) == 1_157_817
