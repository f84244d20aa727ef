"""The local server of the what-if page: who may ask, what may be asked, how it is answered.

The standard library's server does: a handful of routes, one planner, nothing read from the disk.
What it leaves open is closed here: the Host header is checked (against DNS rebinding), so is the
Origin of what changes nothing but costs time; a body has one type and a bound on its length; a
connection has bounds on its time, and all of them on their number; no error shows what is inside.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import logging
import os
import re
import secrets
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Protocol
from urllib.parse import quote

from geodata import catalogue
from geodata.errors import InputError, IslandResponseError

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024
MAX_CONNECTIONS = 24
SILENCE_S, CONNECTION_S = 10.0, 60.0
_LENGTH = re.compile(r"[0-9]{1,9}")
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+)(?::([0-9]{1,5}))?")


class Site(Protocol):
    """What the server serves."""

    def page(self, lang: str) -> tuple[str, str]:
        """Return the page and its content security policy."""

    def door(self, lang: str) -> tuple[str, str]:
        """Return the page that asks for the token, and its policy."""

    def answer(self, raw: object) -> dict[str, Any]:
        """Return the responses under a request."""

    def saved(self, raw: object, lang: str) -> tuple[str, str]:
        """Return a name and the text of a scenario file."""


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Attributes:
        host: address that the server binds.
        port: its port.
        token: what a browser must show first, or "" on the loopback.
        pass_: what a browser that has shown it carries in its cookie.
    """

    host: str
    port: int
    token: str = ""
    pass_: str = ""

    @classmethod
    def to(cls, host: str, port: int) -> Access:
        """Return the access to an address: the loopback is open, any other needs a new token."""
        if is_loopback(host):
            return cls(host, port)
        return cls(host, port, secrets.token_urlsafe(24), secrets.token_urlsafe(32))

    @property
    def cookie(self) -> str:
        """Name of the cookie: a browser keeps those of all ports of a host together."""
        return f"island_response_{self.port}"

    def is_mine(self, host_header: str | None) -> bool:
        """Return whether a Host header names this server.

        A page of another site reaches a local server by a name of its own that it points here
        (DNS rebinding). An IP address cannot be such a name, nor can ``localhost``.
        """
        found = _HOST.fullmatch(host_header or "")
        if not found or int(found[2] or 80) != self.port:
            return False
        name = found[1].strip("[]").lower()
        if is_loopback(self.host):
            return is_loopback(name)
        return name == self.host.lower() or _is_address(name) or is_loopback(name)

    def is_own_page(self, origin: str | None, host_header: str | None) -> bool:
        """Return whether an Origin header is that of a page of this server."""
        return origin == f"http://{host_header}"

    def lets_in(self, shown: str) -> bool:
        """Return whether `shown` is the token; takes as long either way."""
        return bool(self.token) and _same(shown, self.token)

    def knows(self, cookies: str | None, authorization: str | None) -> bool:
        """Return whether a request carries the pass, or the token as ``Bearer``."""
        if not self.token:
            return True
        kind, _, shown = (authorization or "").partition(" ")
        if kind.lower() == "bearer" and _same(shown.strip(), self.token):
            return True
        try:
            carried = SimpleCookie(cookies or "").get(self.cookie)
        except CookieError:
            return False
        return carried is not None and _same(carried.value, self.pass_)


def is_loopback(name: str) -> bool:
    """Return whether a host is this machine and nobody else's."""
    if name.lower() == "localhost":
        return True
    return _is_address(name) and ipaddress.ip_address(name).is_loopback


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _same(shown: str, kept: str) -> bool:
    return hmac.compare_digest(shown.encode("utf-8", "replace"), kept.encode("utf-8"))


class Server(socketserver.ThreadingMixIn, HTTPServer):
    """An HTTP server of one site; each connection is one request in a thread of its own."""

    daemon_threads = True
    # On Windows the option would let another program take the port over.
    allow_reuse_address = os.name != "nt"
    request_queue_size = 32

    def __init__(self, host: str, port: int, site: Site, *, lang: str) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.site, self.lang = site, lang
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__((host, port), _Handler)
        self.access = Access.to(host, int(self.server_address[1]))

    def server_bind(self) -> None:
        """Bind without asking a name server who we are."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection in, or hang up where too many are open."""
        if not self._free.acquire(blocking=False):
            log.warning("more than %d connections at once: one refused", MAX_CONNECTIONS)
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one connection within its time."""
        watch = threading.Timer(CONNECTION_S, _hang_up, (request,))
        watch.daemon = True
        watch.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            watch.cancel()
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Say that a connection broke: browsers close theirs at any time."""
        log.debug("a connection broke", exc_info=True)


def _hang_up(request: socket.socket) -> None:
    try:
        request.shutdown(socket.SHUT_RDWR)
    except OSError:
        log.debug("the connection was closed already")


class _Refusal(Exception):  # noqa: N818 - an answer, not a failure
    """A request that is not answered, with its status and what to say."""

    def __init__(self, status: HTTPStatus, key: str, **params: object) -> None:
        super().__init__(key)
        self.status, self.key, self.params = status, key, params


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = SILENCE_S
    server_version, sys_version = "island-response", ""

    def do_GET(self) -> None:
        self._guarded(self._get)

    def do_HEAD(self) -> None:
        self._guarded(self._get)

    def do_POST(self) -> None:
        self._guarded(self._post)

    def _guarded(self, run: Callable[[], None]) -> None:
        """Run a request; whatever goes wrong becomes a short message without insides."""
        try:
            self._check_host()
            run()
        except _Refusal as no:
            self._refuse(no.status, [self._say(no.key, **no.params)])
        except InputError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, [f.text(self._lang()) for f in error.faults])
        except IslandResponseError as error:
            text = getattr(error, "text", None)
            said = text(self._lang()) if callable(text) else str(error)
            self._refuse(HTTPStatus.BAD_REQUEST, [said])
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception as error:  # the last resort: nobody should meet a traceback
            log.error("%s %s failed: %s", self.command, self._route(), type(error).__name__)
            log.debug("traceback", exc_info=True)
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, [self._say("internal")])

    def _check_host(self) -> None:
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or not self.server.access.is_mine(hosts[0]):
            raise _Refusal(HTTPStatus.MISDIRECTED_REQUEST, "wrong_host")

    def _get(self) -> None:
        route = self._route()
        if route in ("/answer", "/scenario", "/enter"):
            raise _Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "method")
        if route not in ("/", "/zh", "/en"):
            raise _Refusal(HTTPStatus.NOT_FOUND, "not_found")
        lang = route[1:] or self.server.lang
        site = self.server.site
        page, policy = site.page(lang) if self._known() else site.door(lang)
        self._send(HTTPStatus.OK, "text/html", page, {"Content-Security-Policy": policy})

    def _post(self) -> None:
        route = self._route()
        if route not in ("/answer", "/scenario", "/enter"):
            known = route in ("/", "/zh", "/en")
            raise _Refusal(
                HTTPStatus.METHOD_NOT_ALLOWED if known else HTTPStatus.NOT_FOUND,
                "method" if known else "not_found",
            )
        if not self.server.access.is_own_page(self.headers["Origin"], self.headers["Host"]):
            raise _Refusal(HTTPStatus.FORBIDDEN, "wrong_origin")
        if route == "/enter":
            self._enter(self._body())
            return
        if not self._known():
            raise _Refusal(HTTPStatus.UNAUTHORIZED, "token_needed")
        if route == "/answer":
            found = self.server.site.answer(self._body())
            self._send_json(HTTPStatus.OK, found)
            return
        name, text = self.server.site.saved(self._body(), self._lang())
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
        disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
        self._send(HTTPStatus.OK, "application/toml", text, {"Content-Disposition": disposition})

    def _enter(self, body: object) -> None:
        shown = body.get("token") if isinstance(body, dict) else None
        access = self.server.access
        if not isinstance(shown, str) or not access.lets_in(shown):
            log.warning("a wrong token from %s", self.client_address[0])
            raise _Refusal(HTTPStatus.FORBIDDEN, "wrong_token")
        cookie = f"{access.cookie}={access.pass_}; HttpOnly; SameSite=Strict; Path=/"
        self._send_json(HTTPStatus.OK, {}, {"Set-Cookie": cookie})

    def _known(self) -> bool:
        return self.server.access.knows(self.headers["Cookie"], self.headers["Authorization"])

    def _body(self) -> object:
        """Return the JSON of the body.

        Another site's page can send no JSON here without asking first, and gets no answer then.
        """
        kind = (self.headers["Content-Type"] or "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise _Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json_type")
        lengths = self.headers.get_all("Content-Length") or []
        if self.headers["Transfer-Encoding"] or len(lengths) != 1:
            raise _Refusal(HTTPStatus.LENGTH_REQUIRED, "length")
        if not _LENGTH.fullmatch(lengths[0].strip()):
            raise _Refusal(HTTPStatus.BAD_REQUEST, "length")
        length = int(lengths[0])
        if length > MAX_BODY_BYTES:
            limit = MAX_BODY_BYTES // 1024
            raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", limit=limit)
        data = self.rfile.read(length)
        if len(data) < length:
            raise ConnectionError("the body ended early")
        try:
            return json.loads(
                data.decode("utf-8"), parse_constant=_no_number, object_pairs_hook=_no_twins
            )
        except (ValueError, RecursionError) as error:
            raise _Refusal(HTTPStatus.BAD_REQUEST, "not_json") from error

    def _route(self) -> str:
        return self.path.partition("?")[0]

    def _lang(self) -> str:
        asked = (self.headers["Accept-Language"] or "")[:2].lower()
        return asked if asked in catalogue.LANGUAGES else self.server.lang

    def _say(self, key: str, **params: object) -> str:
        return catalogue.text(f"serve.{key}", self._lang(), **params)

    def _refuse(self, status: HTTPStatus, faults: list[str]) -> None:
        more = {"Allow": "GET, HEAD, POST"} if status == HTTPStatus.METHOD_NOT_ALLOWED else {}
        self._send_json(status, {"faults": faults}, more)

    def _send_json(
        self, status: HTTPStatus, value: object, more: Mapping[str, str] | None = None
    ) -> None:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._send(status, "application/json", text, more)

    def _send(
        self, status: HTTPStatus, kind: str, text: str, more: Mapping[str, str] | None = None
    ) -> None:
        body = text.encode("utf-8")
        headers = {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
            "Connection": "close",
            **(more or {}),
        }
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no request that we know, without repeating any of it."""
        log.debug("refused: %s %s %s", code, message, explain)
        self.close_connection = True
        if not hasattr(self, "headers"):
            self.requestline, self.request_version = "", "HTTP/1.0"
            self.command, self.headers = "", self.MessageClass()
        said = "method" if code == HTTPStatus.NOT_IMPLEMENTED else "bad_request"
        status = HTTPStatus.METHOD_NOT_ALLOWED if said == "method" else HTTPStatus(code)
        self._refuse(status, [self._say(said)])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ARG002 - the base's
        """Tell of a request without its query, cookies or body."""
        log.debug("%s %s", self.client_address[0], getattr(self, "command", ""))


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("one key twice in one object")
    return found
