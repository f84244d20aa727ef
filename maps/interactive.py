"""The coverage map as one page that asks no other host for anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template
from markupsafe import Markup, escape

from geodata import catalogue
from maps import assets, payload, views
from maps.online import OnlineLayers, tile_layers
from maps.sidebar import sources_line
from maps.tables import CoverageTables
from maps.verdicts import verdicts
from maps.views import View
from maps.words import Words, clean, number, rounded

__all__ = ["SCRIPTS", "STYLES", "OnlineLayers", "coverage_page"]

STYLES = ("page.css", "coverage.css", "coverage_print.css")
SCRIPTS = (
    "shapes.js", "coverage_map.js", "coverage_views.js", "coverage_cards.js", "coverage_panel.js",
    "coverage_table.js", "coverage_search.js", "coverage_start.js",
)  # fmt: skip
OFFLINE = OnlineLayers()
_SCRIPT_SLOTS = ("library", "source")
_SLOT = re.compile(r"@slot:(\w+)@")


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
    online: OnlineLayers = OFFLINE,
    effects: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Return the coverage map as one self-contained HTML page.

    Leaflet, styles, scripts and data are inside; a content security policy lets the browser run
    these scripts alone and load nothing, so text from data stays text whatever it holds.

    Args:
        tables: what to draw, in EPSG:4326.
        result: the run's result: zones, variants, islands worst first, proposal, notices, sources.
        lang: ``zh`` or ``en``, the one language of the page.
        online: map tiles to offer besides the islands; none unless asked for.
        effects: by key of a condition (``fog@day``) what it stops and slows, in words.

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
        "body": _body(tables, result, words, title, effects or {}),
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
        fade_animation=False,
        attribution_control=False,
    )
    page.add_child(frame)
    tiles = tile_layers(online, words)
    for layer, _ in tiles:
        frame.add_child(layer)
    frame.add_child(_App(tiles))
    return str(page.render())


def _body(
    tables: CoverageTables,
    result: dict[str, Any],
    words: Words,
    title: str,
    effects: Mapping[str, Sequence[str]],
) -> str:
    shown = views.build(tables, result, words, effects=effects)
    data = payload.build(tables, lang=words.lang, result=result, shown=shown)
    data["ui"] = _ui_texts(words.lang)
    return (
        assets.environment()
        .get_template("coverage.html.j2")
        .render(
            title=title,
            words=words,
            setting=data["views"][data["shown"]]["setting"],
            first=data["shown"],
            has_after=tables.has_after,
            choices=_choices(shown, words),
            cards=list(_cards(shown, result, words)),
            effects=[words("clause").join(view.effects) for view in shown],
            notices=words.notices(result),
            rows=_rows(tables, result, words),
            credits=sources_line(result, words),
            data=Markup(payload.inert_json(data)),  # noqa: S704 - inert_json leaves no markup
        )
    )


def _choices(shown: Sequence[View], words: Words) -> list[dict[str, Any]]:
    """Return the groups of the selector: conditions, then the whole year."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for place, view in enumerate(shown):
        group = words("view.year" if view.key in ("expected", "days") else "view.conditions")
        groups.setdefault(group, []).append({"value": place, "label": view.label})
    return [{"label": label, "views": found} for label, found in groups.items()]


def _cards(shown: Sequence[View], result: dict[str, Any], words: Words) -> Iterator[dict[str, Any]]:
    """Yield the verdict cards of each view, today and after the proposal."""
    for place, view in enumerate(shown):
        mine = view.key == views.headline(result)
        cards = verdicts(result, words, zones=None if mine else dict(view.zones))
        told = [card | {"more": _over_the_year(view.zones[card["zone"]], words)} for card in cards]
        yield {"view": place, "after": False, "cards": told}
        if view.after_zones:
            cards = verdicts(result, words, zones=dict(view.after_zones))
            yield {"view": place, "after": True, "cards": [c | {"more": []} for c in cards]}


def _over_the_year(zone: Mapping[str, Any], words: Words) -> list[str]:
    """Return what statistics of the whole year say of the time in which nobody comes."""
    share, people = (
        number(zone.get(n)) for n in ("unreachable_call_share", "most_unreachable_population")
    )
    found = [words("card_unanswered", share=words.percent(share))] if share else []
    if people:
        found.append(words("card_most_cut_off", n=words.count(people)))
    return found


def _ui_texts(lang: str) -> dict[str, str]:
    prefix = "maps.ui."
    return {k[len(prefix) :]: v for k, v in catalogue.strings(lang).items() if k.startswith(prefix)}


def _rows(tables: CoverageTables, result: dict[str, Any], words: Words) -> list[dict[str, Any]]:
    scale = tables.scale
    townships = payload.served_townships(tables)
    found = []
    for rank, island in enumerate(result.get("islands") or (), start=1):
        mean = number(island.get("mean_min"))
        band = scale.bands[int(scale.index([float("nan") if mean is None else mean])[0])]
        post = words.name(island.get("post"), island.get("post_en"))
        names = island.get("name_zh"), island.get("name_en")
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
                "names": payload.search_text(*names),
                "search": payload.search_text(
                    island.get("county"), *townships.get(clean(island.get("island_id")), ())
                ),
                "initials": payload.initials(names[0]),
            }
        )
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
