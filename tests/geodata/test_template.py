from __future__ import annotations

import codecs
import csv
import json
import shutil
import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from geodata import crs, documentation, folder, region, schemas, template, validate
from geodata.errors import Fault, InputError
from tests.fixtures import archipelago


@pytest.fixture
def isles(tmp_path: Path) -> Path:
    """A copy of the committed folder, to be spoilt at will."""
    return Path(shutil.copytree(archipelago.FOLDER, tmp_path / "珊瑚 群岛"))


def faults_in(path: Path) -> set[tuple[str, str]]:
    try:
        return {(f.key, f.where) for f in region.examine(path)[1]}
    except InputError as error:
        return {(f.key, f.where) for f in error.faults}


def edit(path: Path, change: Callable[[list[list[str]]], None]) -> None:
    """Change the cells of a CSV file; row 0 is the heading."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    change(rows)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)


def put(path: Path, row: int, column: str, value: str) -> None:
    """Put a value into the cell that a spreadsheet shows in `row` (the heading is row 1)."""

    def change(rows: list[list[str]]) -> None:
        if column not in rows[0]:
            rows[0].append(column)
            for other in rows[1:]:
                other.append("")
        rows[row - 1][rows[0].index(column)] = value

    edit(path, change)


# The template


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_template_as_written_is_a_valid_region(tmp_path: Path, lang: str) -> None:
    written = template.write_template(tmp_path, lang)
    assert {p.name for p in written} == {p.name for p in tmp_path.iterdir()}
    loaded = region.load(tmp_path)
    assert [w.key for w in validate.warnings(loaded)].count("template_untouched") == 1


def test_the_template_has_every_layer_that_people_fill_in_with_an_example(tmp_path: Path) -> None:
    template.write_template(tmp_path, "en")
    loaded = region.load(tmp_path)
    for layer in schemas.LAYERS:
        assert bool(len(loaded.layers[layer.name])) is (
            layer.name not in documentation.NOT_IN_TEMPLATE
        )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_readme_documents_every_file_and_column(tmp_path: Path, lang: str) -> None:
    template.write_template(tmp_path, lang)
    text = (tmp_path / "README.md").read_text("utf-8-sig")
    for layer in schemas.LAYERS:
        section = text.split(f"### {documentation.file_of(layer)}")[1].split("\n### ")[0]
        for column in layer.columns:
            if layer.name != "meta":
                assert f"| {column.name} |" in section
            for choice in column.choices:
                assert choice in section
    for key in (*schemas.META_KEYS, "coordinates"):
        assert f"| {key} |" in text


def test_the_table_of_columns_opens_in_a_spreadsheet(tmp_path: Path) -> None:
    template.write_template(tmp_path, "zh")
    table = pd.read_csv(tmp_path / "columns.csv", encoding="utf-8-sig")
    assert {"roads.csv", "islands.geojson"} <= set(table["文件"])
    row = table[(table["文件"] == "roads.csv") & (table["列"] == "speed_kmh")].iloc[0]
    assert row["单位"] == "公里/小时"


def test_the_parameter_file_changes_nothing_until_a_line_is_uncommented(tmp_path: Path) -> None:
    template.write_template(tmp_path, "en")
    text = (tmp_path / "parameters.toml").read_text("utf-8")
    assert tomllib.loads(text) == {}
    defaults = tomllib.loads(resources.files("seeds").joinpath("zhoushan.toml").read_text("utf-8"))
    bare = "\n".join(line[2:] for line in text.splitlines() if line[:3] != "#  ")
    bare = "\n".join(line for line in bare.splitlines() if " = " in line or line[:1] == "[")
    values = {g: {n: e["value"] for n, e in entries.items()} for g, entries in defaults.items()}
    assert tomllib.loads(bare) == values


def test_example_rows_among_real_ones_are_faults(isles: Path, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    template.write_template(tmp_path / "t", "en")
    example = (tmp_path / "t" / "unlocated.csv").read_text("utf-8-sig").splitlines()[1]
    with (isles / "unlocated.csv").open("a", encoding="utf-8") as file:
        file.write(example + "\r\n")
    assert faults_in(isles) == {("example_left", "unlocated.csv[3].place_id")}


# The round trip


def test_the_committed_folder_is_the_archipelago_in_code(tmp_path: Path) -> None:
    built, read = archipelago.build(), folder.read_folder(archipelago.FOLDER)
    for name, table in built.layers.items():
        if "geometry" in table:
            near = shapely.equals_exact(
                table.geometry.to_numpy(), read.layers[name].geometry.to_numpy(), 2e-9
            )
            assert near.all(), name
            table = table.drop(columns="geometry")
            pd.testing.assert_frame_equal(
                pd.DataFrame(table), pd.DataFrame(read.layers[name].drop(columns="geometry"))
            )


def test_a_written_folder_reads_as_the_same_region(tmp_path: Path) -> None:
    given = archipelago.tables()
    given["posts"] = given["posts"].assign(
        name_zh=["=1+1", "'quoted", "a,b;c", 'say "hi"', "两\n行", "<b>&amp;"],
        telephone=["120", None, "-1", "+86", "@x", "0580"],
    )
    built = region.from_tables(given)
    folder.write_folder(built, tmp_path)
    read = region.load(tmp_path)
    for name, table in built.layers.items():
        pd.testing.assert_frame_equal(table, read.layers[name])


def test_columns_that_no_layer_declares_come_back_from_csv_as_texts(tmp_path: Path) -> None:
    given = archipelago.tables()
    posts, islands = given["posts"], given["islands"]
    share = [1.1 + k for k in range(len(posts))]
    given["posts"] = posts.assign(share=share, own_id="007", checked=True)
    given["islands"] = islands.assign(share=0.5)
    built = region.from_tables(given)
    folder.write_folder(built, tmp_path)
    read = region.load(tmp_path)
    assert read.posts["share"].tolist() == [str(value) for value in share]
    assert set(read.posts["own_id"]) == {"007"}
    assert set(read.posts["checked"]) == {"yes"}
    assert read.islands["share"].tolist() == [0.5] * len(islands)
    own = ["share", "own_id", "checked"]
    pd.testing.assert_frame_equal(read.posts.drop(columns=own), built.posts.drop(columns=own))
    region.save(built, tmp_path / "kept.gpkg")
    assert region.load(tmp_path / "kept.gpkg").posts["share"].tolist() == share


def test_the_hash_of_a_folder_changes_with_any_file(isles: Path) -> None:
    before = region.load(isles).content_hash
    put(isles / "posts.csv", 2, "note", "changed")
    assert region.load(isles).content_hash != before


def test_files_of_other_kinds_are_ignored(isles: Path) -> None:
    for name in (
        "~$posts.csv",
        ".posts.csv",
        "README.md",
        "columns.csv",
        "run.json",
        "region.gpkg",
    ):
        (isles / name).write_bytes(b"\xff\xfe\x00junk")
    assert faults_in(isles) == set()


# Encodings and habits of spreadsheets


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8"),
        lambda text: text.encode("gb18030"),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: text.encode("utf-8-sig").replace(b"\r\n", b"\n"),
    ],
    ids=["utf-8", "gb18030", "utf-16", "unix lines"],
)
def test_csv_in_the_encodings_that_spreadsheets_save(
    isles: Path, encode: Callable[[str], bytes]
) -> None:
    path = isles / "posts.csv"
    path.write_bytes(encode(path.read_text("utf-8-sig").replace("\n", "\r\n")))
    assert region.load(isles).posts["name_zh"][0] == "城区急救站"


def test_gb18030_is_read_but_not_in_silence(isles: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = isles / "posts.csv"
    path.write_bytes(path.read_text("utf-8-sig").encode("gb18030"))
    region.load(isles)
    assert "posts.csv" in caplog.text
    assert "GB18030" in caplog.text


@pytest.mark.parametrize("separator", [";", "\t"])
def test_csv_with_other_separators(isles: Path, separator: str) -> None:
    path = isles / "ports.csv"
    text = path.read_text("utf-8-sig").replace(",", separator)
    path.write_text(text, encoding="utf-8-sig")
    assert len(region.load(isles).ports) == 6


def test_blank_rows_and_columns_that_spreadsheets_leave_are_skipped_but_counted(
    isles: Path,
) -> None:
    def change(rows: list[list[str]]) -> None:
        for row in rows:
            row += ["", ""]
        rows.insert(1, [""] * len(rows[0]))
        rows.append([" "] * len(rows[0]))

    edit(isles / "posts.csv", change)
    assert len(region.load(isles).posts) == 6
    put(isles / "posts.csv", 3, "kind", "castle")
    assert faults_in(isles) == {("not_a_choice", "posts.csv[3].kind (post_id=P1)")}


def test_habits_whose_meaning_is_plain_are_understood(isles: Path) -> None:
    put(isles / "posts.csv", 2, "hours", "24小时")
    put(isles / "posts.csv", 3, "hours", "8:00–18:00")
    put(isles / "posts.csv", 3, "vehicles", "ambulance，boat")
    put(isles / "posts.csv", 2, "kind", "Ambulance_Station")
    put(isles / "ports.csv", 2, "car_ferry", "TRUE")
    put(isles / "ports.csv", 3, "car_ferry", "否")
    put(isles / "ferries.csv", 2, "first_departure", "6:00:00")
    put(isles / "ferries.csv", 2, "departures", "6:40、7：30，17:30")
    edit(isles / "ports.csv", lambda rows: rows.__setitem__(0, [c.upper() for c in rows[0]]))
    loaded = region.load(isles)
    assert loaded.posts["hours"].tolist()[:2] == ["24h", "08:00-18:00"]
    assert loaded.posts["vehicles"][1] == "ambulance;boat"
    assert loaded.posts["kind"][0] == "ambulance_station"
    assert loaded.ports["car_ferry"].tolist()[:2] == [True, False]
    assert loaded.ferries["first_departure"][0] == "06:00"
    assert loaded.ferries["departures"][0] == "06:40;07:30;17:30"


def test_the_separator_line_of_excel_is_no_row(isles: Path) -> None:
    path = isles / "posts.csv"
    path.write_text("sep=,\r\n" + path.read_text("utf-8-sig"), encoding="utf-8-sig")
    put_kind = path.read_text("utf-8-sig").replace("boat_base", "castle")
    path.write_text(put_kind, encoding="utf-8-sig")
    assert faults_in(isles) == {("not_a_choice", "posts.csv[5].kind (post_id=P4)")}


SPOILT = {
    "excel error": ("posts.csv", 2, "vehicle_count", "#REF!", "spreadsheet_error"),
    "decimal comma": ("posts.csv", 2, "vehicle_count", "1,5", "not_a_number"),
    "thousands": ("demand.csv", 2, "population", "60,000", "not_a_number"),
    "degrees": ("posts.csv", 2, "lon", "122°06'", "not_degrees"),
    "no latitude": ("posts.csv", 2, "lat", "", "coordinate_missing"),
    "via": ("ferries.csv", 3, "via", "153.9 -18.0 12", "bad_via"),
    "wkt": ("posts.csv", 2, "wkt", "POINT 122 30", "geometry_unreadable"),
    "wkt and lon": ("posts.csv", 2, "wkt", "POINT (122 30)", "two_geometries"),
    "system": ("meta.csv", 8, "value", "mars", "bad_coordinates"),
    "flag": ("ports.csv", 2, "car_ferry", "sometimes", "not_a_flag"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_cell_that_cannot_be_read_is_reported_with_file_and_row(isles: Path, case: str) -> None:
    file, row, column, value, key = SPOILT[case]
    put(isles / file, row, column, value)
    found = faults_in(isles)
    assert any(k == key and w.startswith(f"{file}[{row}].{column}") for k, w in found), found


def test_a_row_without_any_coordinates_is_sent_to_unlocated(isles: Path) -> None:
    put(isles / "helipads.csv", 2, "lon", "")
    put(isles / "helipads.csv", 2, "lat", "")
    faults = region.examine(isles)[1]
    assert [(f.key, f.where) for f in faults] == [("coordinate_missing", "helipads.csv[2].lon")]
    assert "unlocated" in faults[0].text("en")


def spoil_columns(path: Path) -> None:
    edit(path, lambda rows: rows.__setitem__(0, [c.replace("kind", "sort") for c in rows[0]]))


def repeat_heading(rows: list[list[str]]) -> None:
    for row in rows:
        row.append(row[1])


EMPTY = '{"type": "FeatureCollection", "features": []'
IN_METRES = EMPTY + ', "crs": {"properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}}'
NO_RING = (
    '{"type": "FeatureCollection", "features": [{"type": "Feature", '
    '"properties": {"zone": "rural", "name_zh": "x"}, '
    '"geometry": {"type": "Polygon", "coordinates": [[1]]}}]}'
)
OPEN_QUOTE = 'post_id,note\nP1,"open\n'
BROKEN_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda p: (p / "posts.csv").write_bytes(b""), "csv_empty"),
    "no heading": (lambda p: (p / "posts.csv").write_text("P1,站,122,30\n"), "csv_heading"),
    "encoding": (lambda p: (p / "posts.csv").write_bytes(b"post_id,\xff\xff\n"), "csv_encoding"),
    "open quote": (lambda p: (p / "posts.csv").write_text(OPEN_QUOTE), "csv_broken"),
    "column": (lambda p: spoil_columns(p / "posts.csv"), "column_missing"),
    "heading twice": (lambda p: edit(p / "posts.csv", repeat_heading), "column_twice"),
    "cell too many": (
        lambda p: edit(p / "posts.csv", lambda rows: rows[1].append("5")),
        "cell_without_heading",
    ),
    "both": (lambda p: (p / "posts.geojson").write_text("{}"), "two_files"),
    "excel": (
        lambda p: (p / "posts.csv").rename(p / "posts.xlsx"),
        "wrong_format",
    ),
    "missing": (lambda p: (p / "posts.csv").unlink(), "layer_missing"),
    "json": (lambda p: (p / "islands.geojson").write_text("{"), "geojson_broken"),
    "no collection": (
        lambda p: (p / "islands.geojson").write_text('{"type": "Feature"}'),
        "geojson_no_collection",
    ),
    "old crs": (lambda p: (p / "islands.geojson").write_text(IN_METRES), "wrong_crs"),
    "shape": (lambda p: (p / "zones.geojson").write_text(NO_RING), "geometry_unreadable"),
}


@pytest.mark.parametrize("case", BROKEN_FILES)
def test_a_file_that_is_broken_gives_one_kind_of_fault(isles: Path, case: str) -> None:
    spoil, key = BROKEN_FILES[case]
    spoil(isles)
    try:
        faults = region.examine(isles)[1]
    except InputError as error:
        faults = list(error.faults)
    assert {f.key for f in faults} == {key}
    assert all(f.text("zh") and f.text("en") for f in faults)


def test_an_empty_folder_holds_no_region(tmp_path: Path) -> None:
    assert faults_in(tmp_path) == {("folder_without_layers", str(tmp_path))}


def test_a_folder_named_gpkg_is_read_as_a_folder(isles: Path) -> None:
    renamed = isles.rename(isles.with_name("isles.gpkg"))
    assert faults_in(renamed) == set()


def test_read_folder_raises_faults_of_form_only(isles: Path) -> None:
    put(isles / "posts.csv", 2, "kind", "castle")
    assert folder.read_folder(isles).posts["kind"][0] == "castle"
    put(isles / "posts.csv", 2, "vehicle_count", "two")
    with pytest.raises(InputError) as error:
        template.read_folder(isles)
    assert error.value.faults[0] == Fault(
        "not_a_number", "posts.csv[2].vehicle_count (post_id=P1)", "two"
    )


def test_faults_of_form_and_of_content_come_together(isles: Path) -> None:
    put(isles / "posts.csv", 2, "vehicle_count", "two")
    put(isles / "posts.csv", 3, "kind", "castle")
    put(isles / "roads.csv", 4, "length_km", "0.5")
    assert {key for key, _ in faults_in(isles)} == {
        "not_a_number",
        "not_a_choice",
        "shorter_than_straight",
    }


# Coordinates


def in_the_east_china_sea(path: Path) -> None:
    template.write_template(path, "en")


@pytest.mark.parametrize(
    ("name", "shift"),
    [
        ("gcj02", crs.wgs84_to_gcj02),
        ("GCJ-02", crs.wgs84_to_gcj02),
        ("bd09", lambda x, y: crs.gcj02_to_bd09(*crs.wgs84_to_gcj02(x, y))),
    ],
)
def test_shifted_coordinates_are_converted_where_the_folder_says_so(
    tmp_path: Path, name: str, shift: Callable[..., tuple[np.ndarray, np.ndarray]]
) -> None:
    in_the_east_china_sea(tmp_path)
    true = region.load(tmp_path)
    posts = true.posts.geometry
    lon, lat = shift(posts.x.to_numpy(), posts.y.to_numpy())
    for row in range(2):
        put(tmp_path / "posts.csv", row + 2, "lon", repr(float(lon[row])))
        put(tmp_path / "posts.csv", row + 2, "lat", repr(float(lat[row])))
    edit(tmp_path / "meta.csv", lambda rows: rows.append(["coordinates.posts", name]))
    read = region.load(tmp_path)
    assert np.allclose(read.posts.geometry.x, posts.x, atol=1e-8, rtol=0)
    assert np.allclose(read.posts.geometry.y, posts.y, atol=1e-8, rtol=0)
    assert read.ports.geometry.equals(true.ports.geometry)
    assert read.meta_value("converted_from") == f"coordinates.posts {name}"
    assert read.meta_value("coordinates.posts") == "wgs84"


def test_nothing_is_converted_unless_asked(tmp_path: Path) -> None:
    in_the_east_china_sea(tmp_path)
    assert region.load(tmp_path).posts.geometry[0].x == 121.03


def test_coordinates_in_metres_are_converted_for_all_layers(isles: Path) -> None:
    """Lines, points and polygons; ferries whose ends are blank take those of their ports."""
    put(isles / "meta.csv", 8, "value", "EPSG:32756")
    for name in ("demand", "posts", "hospitals", "helipads", "ports"):
        path = isles / f"{name}.csv"
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        xy = crs.to_metric([r["lon"] for r in rows], [r["lat"] for r in rows], "EPSG:32756")
        for row, (x, y) in enumerate(xy.tolist()):
            put(path, row + 2, "lon", repr(x))
            put(path, row + 2, "lat", repr(y))
    for row in (2, 3):
        for column in ("from_lon", "from_lat", "to_lon", "to_lat", "via"):
            put(isles / "ferries.csv", row, column, "")
    edit(
        isles / "meta.csv",
        lambda rows: rows.extend(
            [[f"coordinates.{n}", "wgs84"] for n in ("islands", "zones", "roads")]
        ),
    )
    read, built = region.load(isles), archipelago.build()
    assert shapely.equals_exact(
        read.posts.geometry.to_numpy(), built.posts.geometry.to_numpy(), 1e-8
    ).all()
    ports = read.ports.set_index("port_id").geometry
    assert read.ferries.geometry[0].equals(shapely.LineString([ports["Q1"], ports["Q2"]]))


def test_a_shift_outside_china_is_a_fault(isles: Path) -> None:
    put(isles / "meta.csv", 8, "value", "gcj02")
    assert {key for key, _ in faults_in(isles)} == {"shift_outside_china"}


def test_points_may_be_geojson_and_polygons_wkt(isles: Path) -> None:
    """As QGIS exports them: GeoJSON of points, CSV with the geometry as WKT."""
    before = region.load(isles)
    folder.write_geojson(before.posts, isles / "posts.geojson")
    (isles / "posts.csv").unlink()
    (isles / "islands.geojson").unlink()
    plain = pd.DataFrame(before.islands.drop(columns="geometry"))
    plain["WKT"] = shapely.to_wkt(before.islands.geometry.to_numpy(), rounding_precision=-1)
    plain.to_csv(isles / "islands.csv", index=False, encoding="utf-8")
    after = region.load(isles)
    for name in ("posts", "islands"):
        pd.testing.assert_frame_equal(before.layers[name], after.layers[name])


def test_numbers_as_ids_in_geojson_match_those_in_csv(isles: Path) -> None:
    whole = json.loads((isles / "islands.geojson").read_text("utf-8"))
    for number, feature in enumerate(whole["features"], start=1):
        feature["properties"]["island_id"] = number
    (isles / "islands.geojson").write_text(json.dumps(whole), encoding="utf-8")
    for path in isles.glob("*.csv"):
        text = path.read_text("utf-8-sig")
        for number in range(12, 0, -1):
            text = text.replace(f"I{number:02d}", str(number))
        path.write_text(text, encoding="utf-8-sig")
    assert faults_in(isles) == set()
