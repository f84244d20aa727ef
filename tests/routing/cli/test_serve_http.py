"""The local server as somebody meets it who does not wish it well."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from geodata.errors import Fault, InputError
from routing.cli import serve_http
from routing.cli.serve_http import MAX_BODY_BYTES, Access, Server, is_loopback

POLICY = "default-src 'none'; script-src 'sha256-x'"


class Site:
    """Echoes what it is asked; some names make it fail."""

    def page(self, lang: str) -> tuple[str, str]:
        return f"<p>page {lang}</p>", POLICY

    def door(self, lang: str) -> tuple[str, str]:
        return f"<p>door {lang}</p>", POLICY

    def answer(self, raw: Any) -> dict[str, Any]:
        if raw == "fault":
            raise InputError([Fault("blank", "a"), Fault("blank", "b")])
        if raw == "bug":
            raise ZeroDivisionError("secret path /etc/passwd")
        return {"asked": raw}

    def saved(self, raw: Any, lang: str) -> tuple[str, str]:
        return '推演 "x"; y.toml', f"# {lang}\n"


def served(host: str = "127.0.0.1") -> Iterator[Server]:
    with Server(host, 0, Site(), lang="en") as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def server() -> Iterator[Server]:
    yield from served()


@pytest.fixture
def guarded() -> Iterator[Server]:
    """A server that the whole network may reach; asked through the loopback here."""
    yield from served("0.0.0.0")


def ask(
    server: Server, method: str, path: str, body: bytes | None = None, **headers: str | None
) -> http.client.HTTPResponse:
    """Ask as the page does, but for the headers given; underscores are dashes, None leaves out."""
    own = f"127.0.0.1:{server.access.port}"
    sent: dict[str, str | None] = {"Host": own}
    if method == "POST":
        sent |= {"Origin": f"http://{own}", "Content-Type": "application/json"}
        sent["Content-Length"] = str(len(body or b""))
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", server.access.port, timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in sent.items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders(body)
    return connection.getresponse()


def told(response: http.client.HTTPResponse) -> Any:
    return json.loads(response.read())


def raw(server: Server, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.access.port), timeout=10) as plug:
        plug.sendall(data)
        plug.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: plug.recv(65536), b""))


def test_the_page_comes_with_its_policy_and_stays_out_of_frames_and_caches(server: Server) -> None:
    page = ask(server, "GET", "/")
    assert (page.status, page.read()) == (200, b"<p>page en</p>")
    assert page.headers["Content-Security-Policy"] == POLICY
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "Python" not in str(page.headers)
    assert ask(server, "GET", "/zh").read() == b"<p>page zh</p>"


def test_head_has_the_headers_and_nothing_else(server: Server) -> None:
    page = ask(server, "HEAD", "/")
    assert (page.status, page.headers["Content-Length"], page.read()) == (200, "14", b"")


def test_a_question_is_answered(server: Server) -> None:
    body = json.dumps({"a": ["山", 1.5]}).encode()
    assert told(ask(server, "POST", "/answer", body)) == {"asked": {"a": ["山", 1.5]}}


def test_a_scenario_is_a_file_to_keep_under_a_harmless_name(server: Server) -> None:
    found = ask(server, "POST", "/scenario", b"{}", Accept_Language="zh")
    assert found.read() == b"# zh\n"
    assert found.headers["Content-Disposition"] == (
        'attachment; filename="____x___y.toml"; '
        "filename*=UTF-8''%E6%8E%A8%E6%BC%94%20%22x%22%3B%20y.toml"
    )


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil:{port}",
     "127.0.0.1:{port}@evil", "169.254.169.254:{port}", "", None],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_host_name_is_not_served(server: Server, host: str | None, method: str) -> None:
    name = None if host is None else host.format(port=server.access.port)
    found = ask(server, method, "/" if method == "GET" else "/answer", b"{}", Host=name)
    assert found.status == 421
    assert "page" not in told(found)["faults"][0]


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}"])
def test_every_name_of_this_machine_is_served(server: Server, host: str) -> None:
    assert ask(server, "GET", "/", Host=host.format(port=server.access.port)).status == 200


def test_two_hosts_are_no_host(server: Server) -> None:
    host = f"Host: 127.0.0.1:{server.access.port}\r\n"
    assert b" 421 " in raw(server, f"GET / HTTP/1.1\r\n{host}{host}\r\n".encode())


@pytest.mark.parametrize(
    "origin",
    [None, "null", "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1:1"],
)
def test_only_its_own_page_may_ask(server: Server, origin: str | None) -> None:
    name = None if origin is None else origin.format(port=server.access.port)
    assert ask(server, "POST", "/answer", b"{}", Origin=name).status == 403


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "json"])
def test_only_json_is_read(server: Server, kind: str | None) -> None:
    assert ask(server, "POST", "/answer", b"{}", Content_Type=kind).status == 415


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{'a': 1}", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1, "a": 2}', b"\xff\xfe",
     b"[" * 60_000, b"9" * 5000],
)  # fmt: skip
def test_malformed_json_is_refused(server: Server, body: bytes) -> None:
    found = ask(server, "POST", "/answer", body)
    assert (found.status, len(told(found)["faults"])) == (400, 1)


def test_a_body_has_a_bound_before_it_is_read(server: Server) -> None:
    found = ask(server, "POST", "/answer", b"{}", Content_Length=str(MAX_BODY_BYTES + 1))
    assert found.status == 413
    full = b'"' + b"x" * (MAX_BODY_BYTES - 2) + b'"'
    assert ask(server, "POST", "/answer", full).status == 200


@pytest.mark.parametrize("length", [None, "-1", "1e3", "٣", "0x10", "9" * 20, ""])
def test_the_length_of_a_body_is_a_plain_number(server: Server, length: str | None) -> None:
    if length == "٣":
        head = f"POST /answer HTTP/1.1\r\nHost: 127.0.0.1:{server.access.port}\r\n"
        head += (
            f"Origin: http://127.0.0.1:{server.access.port}\r\nContent-Type: application/json\r\n"
        )
        assert b" 400 " in raw(server, f"{head}Content-Length: ٣\r\n\r\n{{}}".encode())
        return
    assert ask(server, "POST", "/answer", b"{}", Content_Length=length).status in (400, 411)


def test_a_chunked_body_is_refused(server: Server) -> None:
    found = ask(server, "POST", "/answer", b"{}", Transfer_Encoding="chunked")
    assert found.status == 411


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//evil.example/", "/zh/",
     "/answer/", "/static/whatif.js", "/favicon.ico", "http://evil.example/", "/\\..\\"],
)  # fmt: skip
def test_there_is_no_other_page(server: Server, path: str) -> None:
    assert ask(server, "GET", path).status == 404
    assert ask(server, "POST", path, b"{}").status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "X"])
def test_other_methods_are_refused(server: Server, method: str) -> None:
    found = ask(server, method, "/answer")
    assert found.status == 405
    assert found.headers["Allow"] == "GET, HEAD, POST"


def test_a_route_has_its_method(server: Server) -> None:
    assert ask(server, "GET", "/answer").status == 405
    assert ask(server, "POST", "/", b"{}").status == 405


def test_faults_are_told_in_the_language_of_the_page(server: Server) -> None:
    said = {
        lang: told(ask(server, "POST", "/answer", b'"fault"', Accept_Language=lang))["faults"]
        for lang in ("zh", "en", "fr")
    }
    assert len(said["zh"]) == 2
    assert said["zh"] != said["en"] == said["fr"]


def test_a_fault_of_the_program_shows_nothing_of_it(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        found = ask(server, "POST", "/answer", b'"bug"')
    said = found.read().decode()
    assert found.status == 500
    assert not [word for word in ("Zero", "secret", "Traceback", ".py") if word in said]
    assert "ZeroDivisionError" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "data", [b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n\r\n",
             b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
             b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n"],
)  # fmt: skip
def test_what_is_no_request_gets_no_page_and_does_no_harm(server: Server, data: bytes) -> None:
    assert b"page en" not in raw(server, data)
    assert ask(server, "GET", "/").status == 200


def test_a_body_that_ends_early_is_dropped(server: Server) -> None:
    host = f"127.0.0.1:{server.access.port}"
    head = f"POST /answer HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{}"
    assert raw(server, head.encode()) == b""


def test_a_silent_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve_http._Handler, "timeout", 0.1)
    for server in served():
        with socket.create_connection(("127.0.0.1", server.access.port), timeout=5) as plug:
            plug.sendall(b"GET / HT")
            assert plug.recv(100) == b""


def test_a_connection_that_drips_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve_http, "CONNECTION_S", 0.2)
    for server in served():
        with socket.create_connection(("127.0.0.1", server.access.port), timeout=5) as plug:
            plug.sendall(b"GET / HTTP/1.1\r\n")
            assert plug.recv(100) == b""


def test_too_many_connections_are_refused_and_the_rest_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serve_http, "MAX_CONNECTIONS", 2)
    for server in served():
        where = ("127.0.0.1", server.access.port)
        with socket.create_connection(where) as one, socket.create_connection(where) as two:
            for plug in (one, two):
                plug.sendall(b"GET / HT")
            refused = False
            for _ in range(100):  # until both are seen to be open
                try:
                    ask(server, "GET", "/").read()
                except (ConnectionError, http.client.HTTPException):
                    refused = True
                    break
            assert refused


def test_the_loopback_needs_no_token_and_any_other_address_does() -> None:
    assert [is_loopback(h) for h in ("127.0.0.1", "127.8.8.8", "::1", "localhost")] == [True] * 4
    assert [is_loopback(h) for h in ("0.0.0.0", "192.168.1.5", "::", "evil", "")] == [False] * 5
    assert Access.to("127.0.0.1", 80).token == ""
    one, two = Access.to("192.168.1.5", 80), Access.to("192.168.1.5", 80)
    assert len(one.token) >= 32
    assert len({one.token, two.token, one.pass_, two.pass_}) == 4


def test_without_the_token_there_is_a_door_and_nothing_behind_it(guarded: Server) -> None:
    assert ask(guarded, "GET", "/").read() == b"<p>door en</p>"
    assert ask(guarded, "POST", "/answer", b"{}").status == 401
    assert ask(guarded, "POST", "/scenario", b"{}").status == 401
    for wrong in ("", "x", guarded.access.token[:-1], guarded.access.pass_):
        body = json.dumps({"token": wrong}).encode()
        assert ask(guarded, "POST", "/enter", body).status == 403
    for body in (b"[]", b'{"token": 5}', b'{"token": null}', b'"x"'):
        assert ask(guarded, "POST", "/enter", body).status == 403


def test_the_token_opens_the_door_once_for_all(guarded: Server) -> None:
    body = json.dumps({"token": guarded.access.token}).encode()
    entered = ask(guarded, "POST", "/enter", body)
    cookie = entered.headers["Set-Cookie"]
    assert entered.status == 200
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert guarded.access.token not in cookie
    carried = cookie.partition(";")[0]
    assert ask(guarded, "GET", "/", Cookie=carried).read() == b"<p>page en</p>"
    assert ask(guarded, "POST", "/answer", b"{}", Cookie=carried).status == 200
    assert ask(guarded, "POST", "/answer", b"{}", Cookie=carried[:-1]).status == 401
    assert ask(guarded, "POST", "/answer", b"{}", Cookie="]\x01=;;;").status == 401


def test_a_program_shows_the_token_in_a_header(guarded: Server) -> None:
    good = f"Bearer {guarded.access.token}"
    assert ask(guarded, "POST", "/answer", b"{}", Authorization=good).status == 200
    for bad in (guarded.access.token, "Bearer", "Bearer x", f"Basic {guarded.access.token}"):
        assert ask(guarded, "POST", "/answer", b"{}", Authorization=bad).status == 401


def test_a_server_for_the_network_takes_addresses_but_no_foreign_names(guarded: Server) -> None:
    port = guarded.access.port
    assert ask(guarded, "GET", "/", Host=f"192.168.1.5:{port}").status == 200
    assert ask(guarded, "GET", "/", Host=f"evil.example:{port}").status == 421


def test_no_secret_is_logged(guarded: Server, caplog: pytest.LogCaptureFixture) -> None:
    access = guarded.access
    with caplog.at_level("DEBUG"):
        ask(guarded, "GET", f"/?token={access.token}", Cookie=f"{access.cookie}={access.pass_}")
        ask(guarded, "POST", "/enter", json.dumps({"token": access.token}).encode())
        ask(guarded, "POST", "/enter", b'{"token": "wrong-one"}')
        ask(guarded, "POST", "/answer", b'"bug"', Authorization=f"Bearer {access.token}")
    assert "ZeroDivisionError" in caplog.text
    assert not [s for s in (access.token, access.pass_, "wrong-one") if s in caplog.text]
