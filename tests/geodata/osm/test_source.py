"""Files that are missing, broken off, renamed or of another kind."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import pytest

from geodata.errors import Fault, InputError
from geodata.osm import build, graphml, reading, source
from tests.geodata.osm import drawing
from tests.geodata.osm.drawing import WORLD


def fault_of(path: Path) -> Fault:
    with pytest.raises(InputError) as error:
        build.import_region(path)
    (fault,) = error.value.faults
    for lang in ("zh", "en"):
        assert str(path) in fault.text(lang)
    return fault


@pytest.fixture(scope="module")
def pbf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawing.converted(WORLD, tmp_path_factory.mktemp("pbf") / "world.osm.pbf")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "none.osm.pbf").key == "osm_missing"
    assert fault_of(tmp_path).key == "osm_missing"


def test_another_format_is_told_with_those_that_are_known(tmp_path: Path) -> None:
    path = tmp_path / "roads.shp"
    path.write_bytes(b"x")
    assert ".osm.pbf" in str(fault_of(path).params["known"])


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "empty.osm.pbf"
    path.touch()
    assert fault_of(path).key == "osm_empty"


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_truncated_pbf_is_told(pbf: Path, tmp_path: Path, share: float) -> None:
    content = pbf.read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(content[: int(len(content) * share)])
    assert fault_of(path).key in ("osm_truncated", "osm_unreadable")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_xml_is_told(tmp_path: Path, share: float) -> None:
    text = WORLD.read_text("utf-8")
    path = tmp_path / "cut.osm"
    path.write_text(text[: int(len(text) * share)], "utf-8")
    assert fault_of(path).key == "osm_truncated"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_truncated_archive_is_told(tmp_path: Path, pack: object) -> None:
    packed = pack(WORLD.read_bytes())  # type: ignore[operator]
    path = tmp_path / ("cut.osm.gz" if pack is gzip.compress else "cut.osm.bz2")
    path.write_bytes(packed[: len(packed) // 2])
    assert fault_of(path).key in ("osm_truncated", "osm_unreadable")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.osm.pbf", b"hello world " * 50),
        ("page.osm", b"<html><body>404 not found</body></html>"),
        ("page.osm.pbf", b"<!DOCTYPE html><html></html>"),
        ("notes.osm", b"just notes"),
        ("plain.osm.gz", b"not packed at all"),
        ("graph.graphml", b"<graphml/>"),
        ("ids.osm", b'<osm version="0.6"><node id="x1" lat="1" lon="2"/></osm>'),
        ("old.osm", b'<osm version="0.5"></osm>'),
        ("far.osm", b'<osm version="0.6"><node id="1" lat="30" lon="500"/></osm>'),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_told(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    if name.endswith(".graphml"):
        with pytest.raises(InputError) as error:
            graphml.read(path)
        assert error.value.faults[0].key in ("osm_unreadable", "osm_truncated")
    else:
        assert fault_of(path).key in ("osm_unreadable", "osm_truncated")


def test_xml_renamed_as_pbf_is_told(tmp_path: Path) -> None:
    path = tmp_path / "renamed.osm.pbf"
    path.write_bytes(WORLD.read_bytes())
    assert fault_of(path).key == "osm_unreadable"


def test_the_header_gives_hash_and_area(pbf: Path) -> None:
    found = source.look(pbf)
    assert len(found.sha256) == 64
    assert found.box is not None
    assert found.box.bounds == pytest.approx((121.9, 29.9, 122.2, 30.1))


def test_every_format_gives_the_same_content(pbf: Path, tmp_path: Path) -> None:
    packed = tmp_path / "w.osm.gz"
    packed.write_bytes(gzip.compress(WORLD.read_bytes()))
    squeezed = tmp_path / "w.osm.bz2"
    squeezed.write_bytes(bz2.compress(WORLD.read_bytes()))
    first = reading.read(WORLD)
    for path in (pbf, packed, squeezed):
        other = reading.read(path)
        assert other.roads.refs.tolist() == first.roads.refs.tolist()
        assert other.roads.tags == first.roads.tags
        assert other.features == first.features


def test_ways_before_their_nodes_are_read_all_the_same(tmp_path: Path) -> None:
    drawn = drawing.least()
    usual = reading.read(drawn.save(tmp_path / "usual.osm"))
    drawn.parts.reverse()
    turned = reading.read(drawn.save(tmp_path / "turned.osm"))
    assert turned.roads.lon.tolist() == usual.roads.lon.tolist()
    assert len(turned.coast) == len(usual.coast) == 1


def test_objects_that_were_never_uploaded_are_told(tmp_path: Path) -> None:
    path = drawing.least().save(tmp_path / "editor.osm")
    text = path.read_text("utf-8").replace('id="1"', 'id="-1"').replace('ref="1"', 'ref="-1"')
    path.write_text(text, "utf-8")
    fault = fault_of(path)
    assert (fault.key, fault.value) == ("osm_negative_ids", -1)


@pytest.mark.parametrize(
    "odd",
    [
        '<way id="78" version="1"><nd ref="1"/><tag k="highway" v="service"/></way>',
        '<way id="79" version="1"><tag k="highway" v="service"/></way>',
        '<way id="80" version="1"><nd ref="1"/><nd ref="1"/><tag k="highway" v="service"/></way>',
        '<relation id="3" version="1"><tag k="type" v="multipolygon"/>'
        '<tag k="place" v="island"/></relation>',
        '<relation id="3" version="1"><member type="way" ref="999" role="outer"/>'
        '<tag k="type" v="multipolygon"/><tag k="amenity" v="hospital"/></relation>',
        '<relation id="4" version="1"><tag k="type" v="route"/>'
        '<tag k="route" v="ferry"/></relation>',
        '<node id="99999999999999" version="1" lon="122.02" lat="30.02"/>',
        '<way id="81" version="1"><nd ref="1"/><nd ref="2"/><nd ref="1"/><nd ref="1"/>'
        '<tag k="landuse" v="residential"/></way>',
    ],
)
def test_odd_objects_do_no_harm(tmp_path: Path, odd: str) -> None:
    drawn = drawing.least()
    drawn.parts.append(odd)
    made = build.import_region(drawn.save(tmp_path / "odd.osm")).region
    assert len(made.roads) == 1
    assert len(made.posts) == 1
