"""A polite client of Overpass and Nominatim: one request at a time, waits when told to wait."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
import shapely

from geodata.errors import Fault, InputError, shorten

log = logging.getLogger(__name__)

_TRY_AGAIN = frozenset((429, 500, 502, 503, 504))
_TOO_MUCH = re.compile(r"timed out|timeout|out of memory|too (?:much|many)", re.IGNORECASE)
_SLOT = re.compile(r"in (-?\d+) seconds")
_LARGEST_ANSWER = 512 * 1024 * 1024
_LONGEST_WAIT_S = 120.0

_PLACE = "island|islet|city|town|village|hamlet|isolated_dwelling|suburb"
_AMENITY = "hospital|clinic|doctors|fire_station|ferry_terminal"
_HEALTH = "hospital|clinic|centre|doctor"
_BUILT = "residential|retail|commercial|industrial"
# Island relations are not followed to their members: one of them may be a continent.
_QUERY = f"""[out:json][timeout:{{timeout}}][bbox:{{bbox}}];
(way["highway"];way["natural"="coastline"];way["route"="ferry"];way["man_made"="pier"];
nw["place"~"^({_PLACE})$"];node["barrier"];nwr["amenity"~"^({_AMENITY})$"];
nwr["healthcare"~"^({_HEALTH})$"];nwr["emergency"="ambulance_station"];
nwr["aeroway"~"^(helipad|heliport)$"];nw["harbour"];nw["seamark:type"="harbour"];
nw["leisure"="marina"];wr["landuse"~"^({_BUILT})$"];relation["type"="route"]["route"="ferry"];);
out body;>;out skel qt;
relation["place"~"^(island|islet)$"];out body;
way["building"];out ids center;"""


class TooMuch(Exception):  # noqa: N818 - no error of the user's: the tile is then divided
    """The server gave up on a query that was too large for it."""


@dataclass(frozen=True)
class Server:
    """Where to ask, and how patiently.

    Attributes:
        url: base address, for instance ``https://host/api``; ``/interpreter`` may follow.
        timeout_s: seconds that one query may take.
        tries: how often a request is made before giving up.
        pause_s: first wait after a refusal; it doubles each time, up to two minutes.
        sleep: called to wait.
    """

    url: str
    timeout_s: int = 180
    tries: int = 6
    pause_s: float = 5.0
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        check_url(self.url)

    @property
    def base(self) -> str:
        """Address without ``/interpreter`` and without a slash at its end."""
        return self.url.rstrip("/").removesuffix("/interpreter")

    def query(self, box: shapely.Polygon) -> dict[str, Any]:
        """Return the answer for a box in degrees.

        Raises:
            InputError: if the server cannot be reached, refuses, or its answers are of no use.
            TooMuch: if the query was too large for the server.
        """
        self._wait_for_slot()
        body = {"data": query_text(box, self.timeout_s)}
        answer = self._ask("POST", f"{self.base}/interpreter", data=body)
        if not isinstance(answer, dict) or not isinstance(answer.get("elements"), list):
            self._give_up("fetch_broken", reason="no list of elements")
        remark = str(answer.get("remark", ""))
        if "error" in remark.lower():
            if _TOO_MUCH.search(remark):
                raise TooMuch(shorten(remark))
            self._give_up("fetch_broken", reason=shorten(remark))
        return answer

    def find(self, place: str) -> dict[str, Any]:
        """Return what a Nominatim server knows best under the name `place`.

        Raises:
            InputError: as of `query`, or if there is no such place.
        """
        asked = {"q": place, "format": "jsonv2", "limit": "1"}
        answer = self._ask("GET", f"{self.base}/search", params=asked)
        found = answer[0] if isinstance(answer, list) and answer else {}
        if not isinstance(found, dict) or "boundingbox" not in found:
            raise InputError(Fault("fetch_place", self.base, place))
        return found

    def _ask(self, method: str, url: str, **content: Any) -> Any:
        """Return the decoded JSON of one request, made again while the server asks for patience."""
        reason, refused, wait_s = "", 0, 0.0
        for attempt in range(self.tries):
            if attempt:
                self.sleep(self._pause(attempt, wait_s))
                wait_s = 0.0
            try:
                status, text, wait_s = self._request(method, url, **content)
            except requests.RequestException as error:
                reason, refused = _plain_reason(error), 0
                log.info("%s: %s", url, reason)
                continue
            if status in _TRY_AGAIN:
                reason, refused = f"HTTP {status}", status
                log.info("%s: %s, waiting", url, reason)
                continue
            if status != 200:
                self._give_up("fetch_refused", value=status, reason=_page_title(text))
            try:
                return json.loads(text)
            except ValueError:
                reason, refused = _page_title(text) or "not JSON", 200
        if refused == 200:
            self._give_up("fetch_broken", reason=reason)
        if refused:
            self._give_up("fetch_busy", value=refused)
        return self._give_up("fetch_unreachable", reason=reason)

    def _request(self, method: str, url: str, **content: Any) -> tuple[int, str, float]:
        """Return status, text and the seconds that the server asks to wait."""
        headers = {"User-Agent": user_agent(), "Accept": "application/json"}
        with requests.request(
            method,
            url,
            headers=headers,
            timeout=(30.0, self.timeout_s + 30.0),
            allow_redirects=False,
            stream=True,
            **content,
        ) as response:
            parts, size = [], 0
            for part in response.iter_content(1 << 16):
                size += len(part)
                if size > _LARGEST_ANSWER:
                    raise TooMuch(f"more than {_LARGEST_ANSWER >> 20} MB")
                parts.append(part)
            wait = response.headers.get("Retry-After", "")
            text = b"".join(parts).decode("utf-8", "replace")
            return response.status_code, text, float(wait) if wait.isdigit() else 0.0

    def _pause(self, attempt: int, asked_s: float) -> float:
        return min(max(asked_s, self.pause_s * 2.0 ** (attempt - 1)), _LONGEST_WAIT_S)

    def _wait_for_slot(self) -> None:
        """Wait until the server says that it has a slot for us; servers without a say are asked."""
        try:
            status, text, _ = self._request("GET", f"{self.base}/status")
        except (requests.RequestException, TooMuch):
            return
        if status != 200 or "available now" in text:
            return
        waits = [int(seconds) for seconds in _SLOT.findall(text)]
        if waits and min(waits) > 0:
            log.info("waiting %d s for a slot", min(waits))
            self.sleep(min(min(waits) + 1.0, _LONGEST_WAIT_S))

    def _give_up(self, key: str, *, value: object = None, reason: str = "") -> NoReturn:
        said: dict[str, object] = {"tries": self.tries, "reason": reason}
        raise InputError(Fault(key, shorten(self.base), value, said))


def query_text(box: shapely.Polygon, timeout_s: int) -> str:
    """Return the query for everything that an import reads, in the box given in degrees."""
    west, south, east, north = box.bounds
    return _QUERY.format(timeout=timeout_s, bbox=f"{south:.7f},{west:.7f},{north:.7f},{east:.7f}")


def user_agent() -> str:
    """Return how requests name this program."""
    try:
        version = metadata.version("island-response")
    except metadata.PackageNotFoundError:
        version = "0"
    return f"island-response/{version} (emergency planning; region fetch)"


def check_url(url: str) -> None:
    """Refuse what is no web address.

    Raises:
        InputError: unless `url` begins with http:// or https:// and names a host.
    """
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        fits = False
    if not fits:
        raise InputError(Fault("fetch_url", "url", url))


def _plain_reason(error: Exception) -> str:
    """Return what went wrong with a connection, without Python's own words for it."""
    text = str(error)
    for words in ("Connection refused", "Name or service not known", "timed out", "reset by peer"):
        if words.lower() in text.lower():
            return words
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the answer broke off"
    return shorten(text.split("(Caused by")[-1].strip("() "), limit=120)


def _page_title(text: str) -> str:
    """Return the title or first words of a page that came instead of data."""
    title = re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    words = title.group(1) if title else re.sub(r"<[^>]*>", " ", text[:500])
    return shorten(" ".join(words.split()))
