from __future__ import annotations

import csv
import json
import math
import sqlite3
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point

from geodata import tables

FORMULAS = [
    "=1+1",
    "+86 580",
    "-x",
    "@SUM(A1)",
    "\tx",
    "\rx",
    " =1",
    "'=1",
    "＝1",
    "\n=cmd|' /C calc'!A0",
]


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert tables.neutral(text) == "'" + text


@pytest.mark.parametrize("text", ["定海", "a=b", "1-2", "", "it's", "'t Eiland"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert tables.neutral(text) == text


@given(st.text())
def test_plain_undoes_neutral_for_every_text(text: str) -> None:
    assert tables.plain(tables.neutral(text)) == text


def test_numbers_are_written_as_numbers_even_when_negative(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"gain_min": [-3.5, np.nan, 2.0], "n": [-1, 0, 1], "text": ["-3", None, "x"]}
    )
    tables.write_csv(table, tmp_path / "t.csv")
    assert rows_of(tmp_path / "t.csv") == [
        ["gain_min", "n", "text"],
        ["-3.5", "-1", "'-3"],
        ["", "0", ""],
        ["2", "1", "x"],
    ]


def test_csv_starts_with_a_byte_order_mark_so_that_excel_shows_chinese(tmp_path: Path) -> None:
    tables.write_csv(pd.DataFrame({"名称": ["舟山"]}), tmp_path / "中文.csv")
    content = (tmp_path / "中文.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert "舟山" in content.decode("utf-8")


def test_a_hostile_heading_is_neutralised_too(tmp_path: Path) -> None:
    tables.write_csv(pd.DataFrame({"=1+1": [1]}), tmp_path / "t.csv")
    assert rows_of(tmp_path / "t.csv")[0] == ["'=1+1"]


def test_points_become_lon_and_lat_and_flags_yes_and_no(tmp_path: Path) -> None:
    table = gpd.GeoDataFrame(
        {"new": pd.array([True, None], "boolean")}, geometry=[Point(122.1, 30.2), None], crs=4326
    )
    tables.write_csv(table, tmp_path / "t.csv")
    assert rows_of(tmp_path / "t.csv") == [
        ["new", "lon", "lat"],
        ["yes", "122.1", "30.2"],
        ["", "", ""],
    ]


def test_decimals_round_floats_only(tmp_path: Path) -> None:
    table = pd.DataFrame({"minutes": [1.23456, np.nan], "id": ["1.23456", "x"]})
    tables.write_csv(table, tmp_path / "t.csv", decimals=2)
    assert rows_of(tmp_path / "t.csv")[1:] == [["1.23", "1.23456"], ["", "x"]]


def test_degrees_keep_their_digits(tmp_path: Path) -> None:
    table = gpd.GeoDataFrame(
        {"minutes": [1.23456], "from_lat": [30.123456789]},
        geometry=gpd.points_from_xy([122.20449], [30.00449]),
        crs="EPSG:4326",
    )
    tables.write_csv(table, tmp_path / "a.csv", decimals=2)
    (row,) = csv.DictReader((tmp_path / "a.csv").read_text("utf-8-sig").splitlines())
    assert row == {
        "minutes": "1.23", "from_lat": "30.123457", "lon": "122.20449", "lat": "30.00449",
    }  # fmt: skip


def test_polygons_of_several_pieces_stay_one_row(tmp_path: Path) -> None:
    one, two = shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)
    cells = gpd.GeoDataFrame(
        {"people": [5, 7]}, geometry=[one, shapely.MultiPolygon([one, two])], crs="EPSG:4326"
    )
    kinds = {"cells": "MultiPolygon"}
    layers = {"cells": tables.multipolygons(cells)}
    tables.write_geopackage(layers, tmp_path / "a.gpkg", geometry_types=kinds)
    found = gpd.read_file(tmp_path / "a.gpkg", layer="cells")
    assert found["people"].tolist() == [5, 7]
    assert set(found.geom_type) == {"MultiPolygon"}
    assert shapely.area(found.geometry.to_numpy()).tolist() == [1, 2]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_the_same_float(value: float) -> None:
    assert float(tables.number(value)) == value


def test_json_has_null_for_nan_and_plain_numbers_for_numpy(tmp_path: Path) -> None:
    data = {"a": np.float64("nan"), "b": np.int64(3), "c": [float("inf"), pd.NA, "舟山"], 1: True}
    tables.write_json(data, tmp_path / "t.json")
    text = (tmp_path / "t.json").read_text("utf-8")
    assert json.loads(text) == {"a": None, "b": 3, "c": [None, None, "舟山"], "1": True}
    assert "舟山" in text


def points(**columns: list[object] | pd.Series) -> gpd.GeoDataFrame:
    n = len(next(iter(columns.values())))
    return gpd.GeoDataFrame(columns, geometry=[Point(122 + i, 30) for i in range(n)], crs=4326)


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    layers = {"posts": points(name=["甲", "乙"]), "plain": pd.DataFrame({"key": ["a"], "n": [1.5]})}
    tables.write_geopackage(layers, tmp_path / "a.gpkg")
    tables.write_geopackage(layers, tmp_path / "b.gpkg")
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.gpkg", "b.gpkg"]


def test_the_time_stamp_setting_of_gdal_is_put_back(tmp_path: Path) -> None:
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2020-02-02T00:00:00Z"})
    try:
        tables.write_geopackage({"p": points(a=[1])}, tmp_path / "a.gpkg")
        assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == "2020-02-02T00:00:00Z"
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def test_a_geopackage_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    tables.write_geopackage({"p": points(a=[1])}, path)
    before = path.read_bytes()
    broken = points(a=[1]).assign(b=[complex(1)])
    with pytest.raises((TypeError, ValueError, NotImplementedError)):
        tables.write_geopackage({"p": points(a=[2]), "q": broken}, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.gpkg"]


def test_columns_that_sqlite_cannot_tell_apart_get_names_of_their_own(tmp_path: Path) -> None:
    table = points(Name=["a"], name=["b"], fid=["c"], geom=["d"])
    tables.write_geopackage({"p": table}, tmp_path / "a.gpkg")
    back = pyogrio.read_dataframe(tmp_path / "a.gpkg", layer="p")
    assert [c for c in back.columns if c != "geometry"] == ["Name", "name_2", "fid_", "geom_"]


def test_nul_and_lone_surrogates_do_not_stop_the_writers(tmp_path: Path) -> None:
    # As objects: where pyarrow is installed, pandas would try to make Arrow text of them.
    table = points(name=pd.Series(["a\x00b", "c\ud800d"], dtype=object))
    tables.write_geopackage({"p": table}, tmp_path / "a.gpkg")
    tables.write_csv(table, tmp_path / "a.csv")
    assert pyogrio.read_dataframe(tmp_path / "a.gpkg")["name"].tolist() == ["a�b", "c�d"]
    assert [row[0] for row in rows_of(tmp_path / "a.csv")] == ["name", "a�b", "c�d"]


def test_a_table_without_geometry_is_an_attribute_layer(tmp_path: Path) -> None:
    tables.write_geopackage({"meta": pd.DataFrame({"key": ["a"]})}, tmp_path / "a.gpkg")
    with sqlite3.connect(tmp_path / "a.gpkg") as base:
        kinds = base.execute("select table_name, data_type from gpkg_contents").fetchall()
    assert kinds == [("meta", "attributes")]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_rows_are_one_list_with_a_row_on_each_line(tmp_path: Path, count: int) -> None:
    rows = [{"n": n, "名": "岛\n", "gap": math.nan} for n in range(count)]
    tables.write_json_rows(iter(rows), tmp_path / "rows.json")
    text = (tmp_path / "rows.json").read_text("utf-8")
    assert json.loads(text) == [{**row, "gap": None} for row in rows]
    assert len(text.splitlines()) == (count + 2 if count else 1)
