"""Map tiles from the network, for those who ask for them; tiles that would lie off are refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import folium

from geodata.errors import Fault, InputError
from maps.words import Words

TILES_CRS = ("wgs84", "cgcs2000", "gcj02", "bd09")
_TIANDITU = (
    "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
    "&LAYER={layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
    "&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
)
_OSM = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?/[A-Za-z0-9._~/?&=%:,;@+{}-]*")
# Services known by their hosts, whatever their tiles are said to be in.
_SHIFTED_HOSTS = {
    "autonavi.com": "gcj02", "amap.com": "gcj02", "gaode.com": "gcj02", "gtimg.com": "gcj02",
    "map.qq.com": "gcj02", "google.cn": "gcj02", "bdimg.com": "bd09", "baidu.com": "bd09",
}  # fmt: skip
_NAMES = {"gcj02": "GCJ-02", "bd09": "BD-09"}


@dataclass(frozen=True, kw_only=True)
class OnlineLayers:
    """Map tiles that the caller asks for; none by default, so a page makes no request.

    Pages are drawn in WGS84. CGCS2000, Tianditu's, agrees with it to well under a metre here:
    nothing is shifted. Tiles in GCJ-02 or BD-09 would lie hundreds of metres off and are refused.

    Attributes:
        tianditu_key: the user's own key for Tianditu, or None.
        osm: whether to offer OpenStreetMap's tiles.
        tiles_url: address of tiles of the user's own with ``{z}``, ``{x}`` and ``{y}``, or None.
        tiles_crs: what these are in, one of `TILES_CRS`.

    Raises:
        InputError: with every fault: a key that is not 16 to 64 letters and digits, an address
            that is none, a system unknown, or one that would lie off.
    """

    tianditu_key: str | None = None
    osm: bool = False
    tiles_url: str | None = None
    tiles_crs: str = "wgs84"

    def __post_init__(self) -> None:
        faults = [*_key_faults(self.tianditu_key), *_tile_faults(self.tiles_url, self.tiles_crs)]
        if faults:
            raise InputError(faults)

    @property
    def hosts(self) -> list[str]:
        """Hosts that the page may load pictures from."""
        found = ["https://*.tianditu.gov.cn"] if self.tianditu_key else []
        if self.osm:
            found.append("https://tile.openstreetmap.org")
        if self.tiles_url:
            address = urlsplit(self.tiles_url)
            found.append(f"{address.scheme}://{address.netloc}")
        return found


def tile_layers(online: OnlineLayers, words: Words) -> list[tuple[folium.TileLayer, str]]:
    """Return the layers with their titles; one with a blank title belongs to that before it."""
    found: list[tuple[folium.TileLayer, str]] = []
    if online.tiles_url:
        host = urlsplit(online.tiles_url).netloc
        found.append((folium.TileLayer(online.tiles_url, attr=host), host))
    if online.tianditu_key:
        for layer in ("vec", "cva"):  # the map and its lettering
            url = _TIANDITU.format(layer=layer, key=online.tianditu_key)
            tile = folium.TileLayer(url, attr=words("ui.tianditu"), subdomains="01234567")
            found.append((tile, words("ui.tianditu") if layer == "vec" else ""))
    if online.osm:
        tile = folium.TileLayer(_OSM, attr="© OpenStreetMap contributors", max_zoom=19)
        found.append((tile, "OpenStreetMap"))
    for place, (tile, _) in enumerate(found):
        tile._id = str(place)
    return found


def _key_faults(key: str | None) -> list[Fault]:
    if key is None or re.fullmatch(r"[0-9A-Za-z]{16,64}", key):
        return []
    return [Fault("maps_bad_key", "tianditu_key", len(key))]


def _tile_faults(url: str | None, crs: str) -> list[Fault]:
    found = []
    if crs not in TILES_CRS:
        found.append(Fault("not_a_choice", "tiles_crs", crs, {"choices": ", ".join(TILES_CRS)}))
    if url is None:
        return found
    host = url.partition("://")[2].partition("/")[0].partition(":")[0].lower()
    known = [c for name, c in _SHIFTED_HOSTS.items() if f".{host}".endswith(f".{name}")]
    meant = known[0] if known else crs
    if meant in _NAMES:
        found.append(Fault("maps_shifted_tiles", "tiles_url", host, {"crs": _NAMES[meant]}))
    elif not _URL.fullmatch(url) or set(re.findall(r"{(.*?)}", url)) != {"x", "y", "z"}:
        found.append(Fault("maps_bad_tiles", "tiles_url", url))
    return found
