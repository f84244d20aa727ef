"""The command serve: what it starts, what it says, what it answers and saves."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from geodata import region
from geodata.errors import InputError
from routing import conditions, config, land_network, scenario, statistics
from routing.brief.state import respond
from routing.cli import frame, main, serve
from routing.cli.serve_http import Server
from tests.fixtures import archipelago


@pytest.fixture(scope="module")
def isles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("群岛 data") / "珊瑚.gpkg"
    region.save(archipelago.build(), path)
    return path


def settings(isles: Path, lang: str = "zh") -> frame.Settings:
    return frame.Settings(region=str(isles), config=None, lang=lang, verbose=False)


@pytest.fixture(scope="module")
def server(isles: Path) -> Iterator[Server]:
    with serve.started(settings(isles), port=0, host="127.0.0.1", condition="fog") as found:
        threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True).start()
        yield found
        found.shutdown()


def ask(server: Server, path: str, raw: object = None, lang: str = "en") -> tuple[int, Any, str]:
    host = f"127.0.0.1:{server.access.port}"
    connection = http.client.HTTPConnection(host, timeout=60)
    headers = {"Accept-Language": lang}
    if raw is None:
        connection.request("GET", path, headers=headers)
    else:
        headers |= {"Origin": f"http://{host}", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(raw), headers)
    reply = connection.getresponse()
    text = reply.read().decode()
    plain = reply.headers["Content-Type"].startswith("application/json")
    return reply.status, json.loads(text) if plain else text, str(reply.headers)


def test_the_page_begins_with_the_condition_asked_for(server: Server) -> None:
    status, page, headers = ask(server, "/")
    assert status == 200
    assert '<html lang="zh-CN">' in page
    assert '<option value="fog" selected>' in page
    assert "connect-src 'self'" in headers
    assert "unsafe" not in headers
    assert '<html lang="en">' in ask(server, "/en")[1]


def test_the_saved_file_gives_on_the_command_line_what_the_page_shows(
    server: Server, isles: Path, tmp_path: Path
) -> None:
    spot = archipelago.point(1.5, 5.5)
    new = {"post_id": "whatif-1", "name_zh": "新点", "lon": spot.x, "lat": spot.y,
           "vehicles": ["ambulance"]}  # fmt: skip
    raw = {
        "name": "西村 新点", "condition": {"name": "strong_wind", "daylight": "night"},
        "post": {"add": [new], "remove": [{"post_id": "P3"}]},
        "link": {"close": [{"link_id": "F1"}]},
    }  # fmt: skip
    status, shown, _ = ask(server, "/answer", {k: v for k, v in raw.items() if k != "name"})
    assert status == 200
    status, text, headers = ask(server, "/scenario", raw)
    assert status == 200
    assert "attachment" in headers
    file = tmp_path / "saved.toml"
    file.write_text(text, "utf-8")
    asked = scenario.load(file)
    parameters = config.load()
    after = scenario.apply(region.load(isles), asked)
    condition = asked.condition.condition(parameters, catalogue=conditions.load())
    land = land_network.build(after, parameters).under(condition)
    brief = statistics.zones(respond(after, parameters, land, condition).demand, parameters.target)
    for zone, stats in brief.items():
        now = shown["zones"][zone]["now"]
        assert now == {
            k: pytest.approx(v, abs=1e-9) if isinstance(v, float) and v == v else now[k]
            for k, v in stats.items()
        }
        assert now["target_met"] == stats["target_met"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_places_in_the_sea_and_unknown_ids_are_told_in_the_users_language(
    server: Server, lang: str
) -> None:
    sea = archipelago.point(20, 30)
    raw = {
        "post": {
            "move": [{"post_id": "P1", "lon": sea.x, "lat": sea.y}],
            "remove": [{"post_id": "nobody"}],
        }
    }
    status, found, _ = ask(server, "/answer", raw, lang)
    assert (status, len(found["faults"])) == (400, 2)
    assert any("nobody" in text for text in found["faults"])
    assert ("海岛" in "".join(found["faults"])) == (lang == "zh")
    assert ask(server, "/scenario", raw, lang)[0] == 400


def test_the_name_of_the_saved_file_leads_nowhere(server: Server) -> None:
    _, _, headers = ask(server, "/scenario", {"name": "../../etc/passwd"})
    assert 'filename="etc-passwd.toml"' in headers
    _, _, headers = ask(server, "/scenario", {"name": "..."})
    assert 'filename="scenario.toml"' in headers


def test_a_taken_port_is_bad_input_with_a_remedy(isles: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError) as caught:
        serve.started(settings(isles), port=taken.getsockname()[1], host="127.0.0.1")
    assert caught.value.faults[0].key == "serve_bind"
    assert "--port" in caught.value.text("en")


def test_an_address_that_is_not_ours_is_bad_input(
    isles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--region", str(isles), "--lang", "en", "serve", "--no-browser"]
    assert main([*arguments, "--host", "203.0.113.7", "--port", "0"]) == 2
    assert main([*arguments, "--condition", "hail"]) == 2
    assert main([*arguments, "--port", "70000"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_greeting_tells_the_token_only_where_there_is_one(isles: Path, server: Server) -> None:
    assert serve.greeting(server, "en")[0].endswith(f"http://127.0.0.1:{server.access.port}/")
    with serve.started(settings(isles), port=0, host="0.0.0.0") as open_:
        lines = serve.greeting(open_, "en")
        assert f"/#{open_.access.token}" in lines[0]
        assert "not encrypted" in lines[1]


def test_the_command_serves_until_it_is_stopped(
    isles: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr(Server, "serve_forever", interrupted)
    assert main(["--region", str(isles), "--lang", "en", "serve", "--port", "0"]) == 0
    assert "Stopped." in capsys.readouterr().out
    assert len(opened) == 1
    arguments = ["--lang", "en", "serve", "--port", "0", "--host", "0.0.0.0"]
    assert main(["--region", str(isles), *arguments]) == 0
    assert len(opened) == 1, "a token must not stand on the command line of a browser"


def interrupted(self: Server, poll_interval: float) -> None:
    raise KeyboardInterrupt
