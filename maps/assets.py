"""Files that pages carry inside themselves: Leaflet from its package, our styles and scripts."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib import resources
from pathlib import Path

import jinja2

_URL = re.compile(r"url\(\s*['\"]?(?!data:|#)([^'\")]+)['\"]?\s*\)")
_SOURCE_MAP = re.compile(r"^//[#@] sourceMappingURL=.*$", re.MULTILINE)


@cache
def text(name: str) -> str:
    """Return the text of the template file `name`."""
    found = resources.files("maps").joinpath("templates", name).read_text("utf-8")
    return _plain_lines(found)


@cache
def environment() -> jinja2.Environment:
    """Return the template environment: everything is escaped, a missing value is an error."""
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def leaflet_script() -> str:
    """Return Leaflet's script without its pointer to a source map."""
    return _SOURCE_MAP.sub("", _plain_lines(_leaflet_file("leaflet.js").decode("utf-8")))


@cache
def leaflet_style() -> str:
    """Return Leaflet's style sheet, its few pictures inlined."""

    def inlined(match: re.Match[str]) -> str:
        picture = base64.b64encode(_leaflet_file(match[1])).decode("ascii")
        return f"url(data:image/png;base64,{picture})"

    return _URL.sub(inlined, _plain_lines(_leaflet_file("leaflet.css").decode("utf-8")))


def script_hashes(page: str) -> list[str]:
    """Return the content-security hashes of the plain ``<script>`` elements in `page`."""
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = [hashlib.sha256(script.encode("utf-8")).digest() for script in scripts]
    return [f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests]


def data_url(picture: bytes) -> str:
    """Return a PNG or SVG as a data address."""
    kind = "image/png" if picture.startswith(b"\x89PNG") else "image/svg+xml"
    return f"data:{kind};base64,{base64.b64encode(picture).decode('ascii')}"


def _leaflet_file(name: str) -> bytes:
    from xstatic.pkg import leaflet  # imported late: only interactive pages need it

    return Path(leaflet.BASE_DIR).joinpath(name).read_bytes()


def _plain_lines(source: str) -> str:
    return source.replace("\r\n", "\n").replace("\r", "\n")
