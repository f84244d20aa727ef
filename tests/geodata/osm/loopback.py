"""A server on 127.0.0.1 that answers as Overpass and Nominatim do, well or badly."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import osmium

BUSY_PAGE = """<?xml version="1.0"?><html><head><title>OSM3S Response</title></head><body>
<p><strong>Error</strong>: runtime error: open64: 0 Success /osm3s_osm_base
Dispatcher_Client::request_read_and_idx::timeout. The server is probably too busy.</p></body>
</html>"""


@dataclass(frozen=True)
class Answer:
    """One answer: status, body, headers, and the share of the body sent before hanging up."""

    status: int = 200
    body: str = '{"elements": []}'
    headers: dict[str, str] = field(default_factory=dict)
    sent: float = 1.0


@dataclass
class Seen:
    """What the server was asked, in order: path, form or query, user agent."""

    asked: list[tuple[str, dict[str, list[str]], str]] = field(default_factory=list)

    def queries(self) -> list[str]:
        return [form["data"][0] for path, form, _ in self.asked if path.endswith("/interpreter")]


Reply = Callable[[str, dict[str, list[str]]], Answer]


@contextmanager
def server(reply: Reply) -> Iterator[tuple[str, Seen]]:
    """Run a server whose answers `reply` gives; yield its address and what it sees."""
    seen = Seen()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self.respond(parts.path, parse_qs(parts.query))

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            self.respond(self.path, parse_qs(self.rfile.read(size).decode()))

        def respond(self, path: str, form: dict[str, list[str]]) -> None:
            seen.asked.append((path, form, self.headers.get("User-Agent", "")))
            answer = reply(path, form)
            body = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: int(len(body) * answer.sent)])
            if answer.sent < 1.0:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}/api", seen
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def overpass(elements: list[dict[str, Any]], **more: Any) -> Answer:
    """Return an answer of the shape that Overpass gives."""
    whole = {
        "version": 0.6,
        "generator": "Overpass API 0.7.62",
        "osm3s": {"timestamp_osm_base": "2024-05-06T07:08:09Z", "copyright": "ODbL"},
        "elements": elements,
        **more,
    }
    return Answer(body=json.dumps(whole, ensure_ascii=False))


def elements_of(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file as Overpass lists them; of buildings only the centre."""
    found: list[dict[str, Any]] = []
    places: dict[int, tuple[float, float]] = {}
    for thing in osmium.FileProcessor(str(path)):
        tags = {tag.k: tag.v for tag in thing.tags}
        one: dict[str, Any] = {"id": thing.id, **({"tags": tags} if tags else {})}
        if thing.is_node():
            places[thing.id] = (thing.location.lon, thing.location.lat)
            one |= {"type": "node", "lon": thing.location.lon, "lat": thing.location.lat}
        elif thing.is_way():
            refs = [node.ref for node in thing.nodes]
            if "building" in tags:
                lon, lat = places[refs[0]]
                found.append({"type": "way", "id": thing.id, "center": {"lon": lon, "lat": lat}})
                continue
            one |= {"type": "way", "nodes": refs}
        else:
            kinds = {"n": "node", "w": "way", "r": "relation"}
            members = [{"type": kinds[m.type], "ref": m.ref, "role": m.role} for m in thing.members]
            one |= {"type": "relation", "members": members}
        found.append(one)
    return found
