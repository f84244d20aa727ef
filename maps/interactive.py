"""The coverage map as one page that asks no other host for anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template
from markupsafe import Markup, escape

from geodata import catalogue
from geodata.errors import Fault, InputError
from maps import assets, payload
from maps.sidebar import sources_line
from maps.tables import CoverageTables
from maps.verdicts import verdicts
from maps.words import Words, clean, number, rounded

STYLES = ("page.css", "coverage.css")
SCRIPTS = ("shapes.js", "coverage_map.js", "coverage_panel.js")
_TIANDITU = (
    "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
    "&LAYER={layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
    "&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
)
_OSM = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
_SCRIPT_SLOTS = ("library", "source")
_SLOT = re.compile(r"@slot:(\w+)@")


@dataclass(frozen=True, kw_only=True)
class OnlineLayers:
    """Map tiles that the caller asks for; none by default, so a page makes no request.

    Both are in WGS84 or CGCS2000, which agree to well under a metre here: nothing is shifted.
    Tiles in GCJ-02 or BD-09 would lie hundreds of metres off and are not offered.

    Attributes:
        tianditu_key: the user's own key for Tianditu, or None.
        osm: whether to offer OpenStreetMap's tiles.

    Raises:
        InputError: if the key is not made of 16 to 64 letters and digits.
    """

    tianditu_key: str | None = None
    osm: bool = False

    def __post_init__(self) -> None:
        if self.tianditu_key is not None and not re.fullmatch(
            r"[0-9A-Za-z]{16,64}", self.tianditu_key
        ):
            raise InputError(Fault("maps_bad_key", "tianditu_key", len(self.tianditu_key)))

    @property
    def hosts(self) -> list[str]:
        """Hosts that the page may load pictures from."""
        found = ["https://*.tianditu.gov.cn"] if self.tianditu_key else []
        return [*found, "https://tile.openstreetmap.org"] if self.osm else found


class _Page(Figure):
    """A page whose frame we control: language, title, no foreign reference.

    branca renders what its elements return as a template once more, so text from data must not
    pass through it: the frame is rendered with slots, which `_filled` fills afterwards.
    """

    _template = Template(
        "<!DOCTYPE html>\n<html lang={{ this.lang|tojson }}>\n<head>\n<meta charset='utf-8'>\n"
        "@slot:policy@\n<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        "<title>@slot:title@</title>\n{{ this.header.render(**kwargs) }}\n</head>\n<body>\n"
        "{{ this.html.render(**kwargs) }}\n"
        "<script>\n{{ this.script.render(**kwargs) }}\n</script>\n</body>\n</html>\n"
    )

    def __init__(self, *, lang: str) -> None:
        super().__init__()
        self.lang = "zh-CN" if lang == "zh" else lang
        self.header = Element()  # without branca's own meta element
        self.header._parent = self


class _OfflineMap(folium.Map):
    """folium's map with Leaflet inlined and nothing else loaded."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium reads the class attribute
    default_css: list[tuple[str, str]] = []  # noqa: RUF012
    _template = Template(
        "{% macro header(this, kwargs) %}"
        "<style>\n@slot:style@\n</style>\n<script>@slot:library@</script>"
        "{% endmacro %}"
        "{% macro html(this, kwargs) %}@slot:body@{% endmacro %}"
        "{% macro script(this, kwargs) %}"
        "var map = L.map('map', {center: {{ this.location|tojson }}, "
        "...{{ this.options|tojavascript }}});"
        "{% endmacro %}"
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(tiles=None, **options)
        self._id = "0"  # names in the page come from it; branca's own would be random


class _App(MacroElement):
    """Our script: draws the data block on the map and ties it to the table."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "@slot:source@\nstartCoverage(map, ["
        "{% for layer, title in this.tiles %}"
        "{layer: {{ layer.get_name() }}, title: {{ title|tojson }}},"
        "{% endfor %}]);"
        "{% endmacro %}"
    )

    def __init__(self, tiles: list[tuple[folium.TileLayer, str]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name, self._id = "App", "0"
        self.tiles = tiles


def coverage_page(
    tables: CoverageTables,
    result: dict[str, Any],
    *,
    lang: str,
    online: OnlineLayers = OnlineLayers(),
) -> str:
    """Return the coverage map as one self-contained HTML page.

    Leaflet, styles, scripts and data are inside; a content security policy lets the browser run
    these scripts alone and load nothing, so text from data stays text whatever it holds.

    Args:
        tables: what to draw, in EPSG:4326.
        result: the run's result: zones, variants, islands worst first, proposal, notices, sources.
        lang: ``zh`` or ``en``, the one language of the page.
        online: map tiles to offer besides the islands; none unless asked for.

    Returns:
        the page; equal inputs give equal pages.
    """
    words = Words(lang)
    region = result.get("region") or {}
    title = words("title", region=words.named(region))
    slots = {
        "title": str(escape(title)),
        "style": "\n".join([assets.leaflet_style(), *map(assets.text, STYLES)]),
        "library": assets.leaflet_script(),
        "source": "\n".join(map(assets.text, SCRIPTS)),
        "body": _body(tables, result, words, title),
    }
    return _filled(_skeleton(tables, words, online), slots, online.hosts)


def _skeleton(tables: CoverageTables, words: Words, online: OnlineLayers) -> str:
    west, south, east, north = tables.bounds()
    page = _Page(lang=words.lang)
    frame = _OfflineMap(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=9,
        min_zoom=6,
        max_zoom=17,
        zoom_snap=0.25,
        prefer_canvas=True,
        zoom_control=False,
        attribution_control=False,
    )
    page.add_child(frame)
    tiles = _tile_layers(online, words)
    for layer, _ in tiles:
        frame.add_child(layer)
    frame.add_child(_App(tiles))
    return str(page.render())


def _body(tables: CoverageTables, result: dict[str, Any], words: Words, title: str) -> str:
    proposal = result.get("proposal") or {}
    after = proposal.get("after") if tables.has_after else None
    data = payload.build(tables, lang=words.lang)
    data["ui"] = _ui_texts(words.lang)
    return (
        assets.environment()
        .get_template("coverage.html.j2")
        .render(
            title=title,
            words=words,
            setting=words.setting(result),
            verdicts=verdicts(result, words),
            after=verdicts(result, words, zones=after) if after else [],
            notices=words.notices(result),
            rows=_rows(tables, result, words),
            shares=_shares(tables, words),
            credits=sources_line(result, words),
            data=Markup(payload.inert_json(data)),  # noqa: S704 - inert_json leaves no markup
        )
    )


def _ui_texts(lang: str) -> dict[str, str]:
    prefix = "maps.ui."
    return {k[len(prefix) :]: v for k, v in catalogue.strings(lang).items() if k.startswith(prefix)}


def _shares(tables: CoverageTables, words: Words) -> list[dict[str, Any]]:
    cells, scale = tables.cells, tables.scale
    now = scale.shares(cells["response_min"], cells["population"])
    after = scale.shares(cells["after_min"], cells["population"]) if tables.has_after else now
    return [
        {
            "colour": band.colour,
            "label": band.label(words.lang),
            "now": words.percent(share),
            "after": words.percent(later),
        }
        for band, share, later in zip(scale.bands, now, after, strict=True)
    ]


def _rows(tables: CoverageTables, result: dict[str, Any], words: Words) -> list[dict[str, Any]]:
    scale = tables.scale
    found = []
    for rank, island in enumerate(result.get("islands") or (), start=1):
        mean = number(island.get("mean_min"))
        band = scale.bands[int(scale.index([float("nan") if mean is None else mean])[0])]
        post = words.name(island.get("post"), island.get("post_en"))
        found.append(
            {
                "rank": rank,
                "id": clean(island.get("island_id")),
                "name": words.named(island),
                "county": words.place(island.get("county")),
                "people": number(island.get("population")),
                "people_text": words.count(island.get("population")),
                "mean": mean,
                "mean_text": "–" if mean is None else rounded(mean),
                "colour": band.colour,
                "ink": band.ink,
                "vehicle": words.vehicle(island.get("best_vehicle")),
                "post": "" if post == words("unnamed") else post,
                "search": payload.search_text(
                    island.get("name_zh"), island.get("name_en"), island.get("county")
                ),
            }
        )
    return found


def _tile_layers(online: OnlineLayers, words: Words) -> list[tuple[folium.TileLayer, str]]:
    found: list[tuple[folium.TileLayer, str]] = []
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


def _filled(skeleton: str, slots: dict[str, str], hosts: list[str]) -> str:
    """Return the page with each slot filled once; what fills a slot is not searched for slots."""
    with_scripts = _SLOT.sub(lambda m: slots[m[1]] if m[1] in _SCRIPT_SLOTS else m[0], skeleton)
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(assets.script_hashes(with_scripts))}",
            "style-src 'unsafe-inline'",
            f"img-src {' '.join(['data:', *hosts])}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return _SLOT.sub(lambda m: (slots | {"policy": meta})[m[1]], skeleton)
