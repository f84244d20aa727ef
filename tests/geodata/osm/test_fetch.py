"""Downloads from a server on this machine: well-behaved, busy, broken, gone."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import shapely

from geodata.errors import Fault, InputError
from geodata.osm import build, fetch, overpass
from geodata.osm.overpass import Server
from tests.geodata.osm import loopback
from tests.geodata.osm.drawing import WORLD
from tests.geodata.osm.loopback import Answer, Seen

BOX = shapely.box(121.9, 29.9, 122.2, 30.1)
ONE_TILE = shapely.box(122.0, 30.0, 122.2, 30.1)
FREE = "Connected as: 1\nRate limit: 2\n2 slots available now.\nCurrently running queries:\n"


class Patience(list[float]):
    """Stands for time.sleep and keeps how long it was asked to wait."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


class Script:
    """Gives its answers one after another; the last one for ever. The status is always free."""

    def __init__(self, *answers: Answer, status: str = FREE) -> None:
        self.answers, self.status = list(answers), status

    def __call__(self, path: str, form: dict[str, list[str]]) -> Answer:
        if path.endswith("/status"):
            return Answer(body=self.status)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def patience() -> Patience:
    return Patience()


def asked(url: str, patience: Patience, tries: int = 3) -> Server:
    return Server(url, timeout_s=5, tries=tries, pause_s=5.0, sleep=patience)


def failure(
    script: Script, cache: Path, patience: Patience, box: shapely.Polygon = ONE_TILE
) -> tuple[Fault, Seen]:
    with loopback.server(script) as (url, seen), pytest.raises(InputError) as error:
        fetch.download(box, asked(url, patience), cache=cache)
    (fault,) = error.value.faults
    assert fault.text("zh")
    assert fault.text("en")
    return fault, seen


WHOLE = loopback.overpass(loopback.elements_of(WORLD))


def test_a_download_gives_the_region_that_the_file_gives(
    tmp_path: Path, patience: Patience
) -> None:
    with loopback.server(Script(WHOLE)) as (url, seen):
        path = fetch.download(BOX, asked(url, patience), cache=tmp_path)
    assert len(seen.queries()) == 2  # 0.3 degrees wide: two tiles, each the whole world here
    downloaded, read = build.import_region(path), build.import_region(WORLD)
    for layer in ("islands", "roads", "ferries", "posts", "demand", "ports"):
        ours, theirs = downloaded.region.layers[layer], read.region.layers[layer]
        columns = [c for c in ours.columns if c not in ("source_ids", "geometry")]
        pd.testing.assert_frame_equal(ours[columns], theirs[columns])
    assert downloaded.report["file"]["timestamp"] == "2024-05-06T07:08:09Z"
    assert downloaded.report["file"]["turn_restrictions"] == 1
    assert patience == []


def test_tiles_are_asked_for_once(tmp_path: Path, patience: Patience) -> None:
    told: list[tuple[int, int, str]] = []
    with loopback.server(Script(WHOLE)) as (url, seen):
        server = asked(url, patience)
        first = fetch.download(BOX, server, cache=tmp_path, tell=lambda *t: told.append(t))
        content = first.read_bytes()
        before = len(seen.queries())
        again = fetch.download(BOX, server, cache=tmp_path, tell=lambda *t: told.append(t))
        assert len(seen.queries()) == before
        fetch.download(BOX, server, cache=tmp_path, refresh=True)
        assert len(seen.queries()) == 2 * before
    assert again == first
    assert first.read_bytes() == content
    assert told == [(1, 2, "server"), (2, 2, "server"), (1, 2, "cache"), (2, 2, "cache")]


def test_an_interrupted_download_goes_on_where_it_stopped(
    tmp_path: Path, patience: Patience
) -> None:
    """The second of two tiles is refused; the next run asks for that one only."""
    gone = Answer(status=400, body="<title>Bad Request</title>")
    with loopback.server(Script(WHOLE, gone, WHOLE)) as (url, seen):
        server = asked(url, patience)
        with pytest.raises(InputError):
            fetch.download(BOX, server, cache=tmp_path)
        assert [p.suffix for p in tmp_path.iterdir()] == [".gz"]
        first, refused = seen.queries()
        fetch.download(BOX, server, cache=tmp_path)
        assert seen.queries() == [first, refused, refused]


def test_tiles_of_another_server_are_kept_apart(tmp_path: Path, patience: Patience) -> None:
    for _ in range(2):
        with loopback.server(Script(WHOLE)) as (url, seen):
            fetch.download(ONE_TILE, asked(url, patience), cache=tmp_path)
            assert len(seen.queries()) == 1


def test_a_tile_that_was_cut_off_in_the_cache_is_asked_for_again(
    tmp_path: Path, patience: Patience
) -> None:
    with loopback.server(Script(WHOLE)) as (url, seen):
        server = asked(url, patience)
        fetch.download(ONE_TILE, server, cache=tmp_path)
        (tile,) = tmp_path.glob("*.json.gz")
        tile.write_bytes(tile.read_bytes()[:-200])
        fetch.download(ONE_TILE, server, cache=tmp_path)
        assert len(seen.queries()) == 2


def test_queries_name_the_program_and_the_box(tmp_path: Path, patience: Patience) -> None:
    with loopback.server(Script(WHOLE)) as (url, seen):
        fetch.download(ONE_TILE, asked(url, patience), cache=tmp_path)
    assert all(agent.startswith("island-response/") for _, _, agent in seen.asked)
    (query,) = seen.queries()
    assert "[bbox:30.0000000,122.0000000,30.1000000,122.2000000]" in query
    assert "[out:json][timeout:5]" in query
    assert query.count("(") == query.count(")")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again_after_a_pause(
    tmp_path: Path, patience: Patience, status: int
) -> None:
    script = Script(Answer(status, loopback.BUSY_PAGE), Answer(status, loopback.BUSY_PAGE), WHOLE)
    with loopback.server(script) as (url, _):
        assert fetch.download(ONE_TILE, asked(url, patience), cache=tmp_path).exists()
    assert patience == [5.0, 10.0]


def test_the_server_says_how_long_to_wait(tmp_path: Path, patience: Patience) -> None:
    script = Script(Answer(429, "", {"Retry-After": "42"}), WHOLE)
    with loopback.server(script) as (url, _):
        fetch.download(ONE_TILE, asked(url, patience), cache=tmp_path)
    assert patience == [42.0]


def test_no_wait_is_longer_than_two_minutes(tmp_path: Path, patience: Patience) -> None:
    script = Script(Answer(429, "", {"Retry-After": "86400"}), WHOLE)
    with loopback.server(script) as (url, _):
        fetch.download(ONE_TILE, asked(url, patience), cache=tmp_path)
    assert patience == [120.0]


def test_a_download_waits_for_a_slot(tmp_path: Path, patience: Patience) -> None:
    status = "Rate limit: 2\nSlot available after: 2024-05-06T07:08:09Z, in 7 seconds.\n"
    with loopback.server(Script(WHOLE, status=status)) as (url, _):
        fetch.download(ONE_TILE, asked(url, patience), cache=tmp_path)
    assert patience == [8.0]


def test_a_server_that_stays_busy_is_told(tmp_path: Path, patience: Patience) -> None:
    fault, seen = failure(Script(Answer(429, loopback.BUSY_PAGE)), tmp_path, patience)
    assert (fault.key, fault.value) == ("fetch_busy", 429)
    assert len(seen.queries()) == 3
    assert "429" in fault.text("zh")
    fault, _ = failure(Script(Answer(504, loopback.BUSY_PAGE)), tmp_path, patience)
    assert (fault.key, fault.value) == ("fetch_busy", 504)


@pytest.mark.parametrize("status", [301, 400, 403, 404])
def test_a_refusal_is_told_at_once(tmp_path: Path, patience: Patience, status: int) -> None:
    page = "<html><title>403 Forbidden</title></html>"
    fault, seen = failure(Script(Answer(status, page)), tmp_path, patience)
    assert (fault.key, fault.value) == ("fetch_refused", status)
    assert "403 Forbidden" in fault.text("en")
    assert len(seen.queries()) == 1


def test_a_page_instead_of_data_is_told(tmp_path: Path, patience: Patience) -> None:
    fault, seen = failure(Script(Answer(200, loopback.BUSY_PAGE)), tmp_path, patience)
    assert fault.key == "fetch_broken"
    assert "OSM3S Response" in fault.text("en")
    assert len(seen.queries()) == 3


@pytest.mark.parametrize("body", ["[]", "{}", '{"elements": 5}', "null", '"text"'])
def test_json_of_another_shape_is_told(tmp_path: Path, patience: Patience, body: str) -> None:
    fault, _ = failure(Script(Answer(200, body)), tmp_path, patience)
    assert fault.key == "fetch_broken"


def test_truncated_json_is_asked_for_again_and_then_told(
    tmp_path: Path, patience: Patience
) -> None:
    cut = Answer(200, WHOLE.body[: len(WHOLE.body) // 2])
    with loopback.server(Script(cut, WHOLE)) as (url, _):
        assert fetch.download(ONE_TILE, asked(url, patience), cache=tmp_path / "a").exists()
    fault, _ = failure(Script(cut), tmp_path / "b", patience)
    assert fault.key == "fetch_broken"


def test_an_answer_that_breaks_off_is_told(tmp_path: Path, patience: Patience) -> None:
    fault, _ = failure(Script(Answer(200, WHOLE.body, sent=0.5)), tmp_path, patience)
    assert fault.key == "fetch_unreachable"
    assert list(tmp_path.glob("*.json.gz*")) == []


def test_an_empty_area_is_told(tmp_path: Path, patience: Patience) -> None:
    fault, _ = failure(Script(loopback.overpass([])), tmp_path, patience)
    assert fault.key == "fetch_nothing"
    assert fault.value == "122.0000,30.0000,122.2000,30.1000"


def test_a_server_that_is_not_there_is_told(tmp_path: Path, patience: Patience) -> None:
    with loopback.server(Script(WHOLE)) as (url, _):
        pass
    with pytest.raises(InputError) as error:
        fetch.download(ONE_TILE, asked(url, patience), cache=tmp_path)
    (fault,) = error.value.faults
    assert fault.key == "fetch_unreachable"
    assert "Connection refused" in fault.text("en")
    assert patience == [5.0, 10.0]


def test_a_tile_that_is_too_large_for_the_server_is_divided(
    tmp_path: Path, patience: Patience
) -> None:
    elements = loopback.elements_of(WORLD)

    def reply(path: str, form: dict[str, list[str]]) -> Answer:
        if path.endswith("/status"):
            return Answer(body=FREE)
        _, west, _, east = overpass_box(form["data"][0])
        if east - west > 0.15:
            remark = 'runtime error: Query timed out in "query" at line 2 after 181 seconds.'
            return loopback.overpass([], remark=remark)
        return loopback.overpass(elements)

    with loopback.server(reply) as (url, seen):
        server = asked(url, patience)
        path = fetch.download(ONE_TILE, server, cache=tmp_path)
        assert len(seen.queries()) == 5
        assert build.import_region(path).region.islands["name_zh"].iloc[0] == "东屿"
        fetch.download(ONE_TILE, server, cache=tmp_path)
        assert len(seen.queries()) == 5


def overpass_box(query: str) -> tuple[float, ...]:
    inside = query.split("[bbox:")[1].split("]")[0]
    return tuple(float(n) for n in inside.split(","))


def test_a_tile_that_cannot_be_divided_further_is_told(tmp_path: Path, patience: Patience) -> None:
    remark = "runtime error: Query run out of memory using about 2048 MB of RAM."
    tiny = shapely.box(122.0, 30.0, 122.01, 30.01)
    fault, _ = failure(Script(loopback.overpass([], remark=remark)), tmp_path, patience, tiny)
    assert fault.key == "fetch_gave_up"
    assert "out of memory" in fault.text("en")


def test_another_error_of_the_server_is_told(tmp_path: Path, patience: Patience) -> None:
    answer = loopback.overpass([], remark="runtime error: open64: 2 No such file or directory")
    fault, _ = failure(Script(answer), tmp_path, patience)
    assert fault.key == "fetch_broken"


def test_too_large_an_area_is_refused_before_asking(tmp_path: Path, patience: Patience) -> None:
    fault, seen = failure(Script(WHOLE), tmp_path, patience, shapely.box(120, 28, 123, 31))
    assert fault.key == "fetch_too_large"
    assert seen.asked == []


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, patience: Patience) -> None:
    (tmp_path / "file").touch()
    fault, _ = failure(Script(WHOLE), tmp_path / "file", patience)
    assert fault.key == "fetch_cache"


@pytest.mark.parametrize(
    "url", ["overpass", "ftp://host/api", "http://", "javascript:alert(1)", ""]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InputError) as error:
        Server(url)
    assert error.value.faults[0].key == "fetch_url"


@pytest.mark.parametrize("end", ["", "/", "/interpreter", "/interpreter/"])
def test_an_address_may_end_in_interpreter(end: str) -> None:
    assert Server(f"https://host/api{end}").base == "https://host/api"


def test_the_tiles_cover_the_box_without_overlap() -> None:
    tiles = fetch.tiles_of(BOX, 0.1)
    assert len(tiles) == 6
    assert shapely.union_all(tiles).equals(BOX)
    assert sum(t.area for t in tiles) == pytest.approx(BOX.area)


def test_a_place_is_found_by_its_name(patience: Patience) -> None:
    found = [{"boundingbox": ["35.7", "36.1", "14.1", "14.6"], "display_name": "Malta, Europe"}]
    with loopback.server(Script(Answer(body=json.dumps(found)))) as (url, seen):
        box, name = fetch.find_place("Malta & Gozo", asked(url, patience))
    assert box.bounds == (14.1, 35.7, 14.6, 36.1)
    assert name == "Malta, Europe"
    path, form, agent = seen.asked[0]
    assert path.endswith("/search")
    assert form["q"] == ["Malta & Gozo"]
    assert agent.startswith("island-response/")


@pytest.mark.parametrize("body", ["[]", "{}", '[{"boundingbox": ["a", "b", "c", "d"]}]', "[1]"])
def test_a_place_that_nobody_knows_is_told(patience: Patience, body: str) -> None:
    with (
        loopback.server(Script(Answer(body=body))) as (url, _),
        pytest.raises(InputError) as error,
    ):
        fetch.find_place("Atlantis", asked(url, patience))
    (fault,) = error.value.faults
    assert (fault.key, fault.value) == ("fetch_place", "Atlantis")


def test_the_servers_of_osmnx_are_asked_by_default() -> None:
    assert Server(fetch.default_server()).base.startswith("https://")
    assert Server(fetch.default_geocoder()).base.startswith("https://")


def test_a_query_asks_for_everything_that_an_import_reads() -> None:
    query = overpass.query_text(ONE_TILE, 180)
    for word in (
        "highway",
        "coastline",
        "ferry",
        "ambulance_station",
        "helipad",
        "landuse",
        "pier",
    ):
        assert word in query


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
