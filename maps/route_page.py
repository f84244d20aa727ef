"""The itineraries of one patient as one page that asks no other host for anything."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
from markupsafe import Markup, escape

from geodata import catalogue
from geodata.errors import Fault, InputError
from maps import assets, payload
from maps.sidebar import sources_line
from maps.words import Words, clean, rounded

STYLES = ("page.css", "route.css")
SCRIPTS = ("shapes.js", "route_map.js")
LEG_COLUMNS = ("itinerary", "leg", "kind", "depart", "arrive")
PLACE_COLUMNS = ("what", "name_zh", "name_en")
_REASONS_SHOWN = 6


def route_page(
    result: dict[str, Any],
    legs: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    islands: gpd.GeoDataFrame,
    *,
    lang: str,
) -> str:
    """Return the itineraries as one self-contained HTML page.

    Leaflet, styles, scripts and data are inside; a content security policy lets the browser run
    these scripts alone and load nothing.

    Args:
        result: the content of ``result.json`` of the command ``route``.
        legs: lines of the legs that move, columns `LEG_COLUMNS`, EPSG:4326.
        places: scene, hospitals and posts as points, columns `PLACE_COLUMNS`, EPSG:4326.
        islands: multipolygons with `name_zh` and `name_en`, EPSG:4326.
        lang: ``zh`` or ``en``, the one language of the page.

    Raises:
        InputError: with every table that lacks a column or is in another CRS.
    """
    _check(legs=(legs, LEG_COLUMNS), places=(places, PLACE_COLUMNS), islands=(islands, ()))
    told = _Told(lang)
    scene = clean(result["at"][f"name_{lang}"])
    title = told.say("page.title", place=scene)
    body = (
        assets.environment()
        .get_template("route.html.j2")
        .render(
            say=told.say,
            title=title,
            setting=told.setting(result),
            itineraries=[told.itinerary(n, one) for n, one in _numbered(result["itineraries"])],
            responders=[told.responder(row) for row in result["responders"]],
            others=[told.other(row) for row in result["other_feasible"]],
            refused=told.refused(result["infeasible"]),
            notices=[told.notice(row) for row in result["notices"]],
            data=Markup(payload.inert_json(_data(result, legs, places, islands, told))),  # noqa: S704 - inert_json leaves no markup
        )
    )
    return _page(title, body, lang)


class _Told:
    """How the parts of a result read in one language."""

    def __init__(self, lang: str) -> None:
        self.lang, self.words = lang, Words(lang)

    def say(self, key: str, **params: object) -> str:
        return catalogue.text(f"route.{key}", self.lang, **params)

    def name(self, row: dict[str, Any], prefix: str = "name") -> str:
        return clean(row.get(f"{prefix}_{self.lang}") or row.get(f"{prefix}_zh"))

    def map_texts(self, result: dict[str, Any]) -> dict[str, str]:
        """Return what the map's legend and controls say."""
        texts = {kind: self.say(f"kind.{kind}") for kind in ("road", "ferry", "boat", "flight")}
        texts |= {what: self.say(f"page.{what}") for what in ("hospital", "post", "scene")}
        told = (
            sources_line(result, self.words, key="sources_line_result"),
            self.words("ui.engine"),
        )
        texts["credits"] = str(escape(" · ".join(text for text in told if text)))
        return {**texts, "north": self.words("ui.north")}

    def setting(self, result: dict[str, Any]) -> str:
        need = self.say(f"need.{result['need']}") if result["need"] else self.say("need_any")
        return self.say(
            "title",
            place=self.name(result["at"]),
            need=need,
            condition=clean(result[f"condition_{self.lang}"]),
            daylight=self.say(f"daylight.{result['daylight']}"),
            time=self.say("time", when=clean(result["when"])) if result["when"] else "",
        )

    def itinerary(self, number: int, one: dict[str, Any]) -> dict[str, Any]:
        late = one["slower_by_min"]
        first = one["first_hospital"]
        return {
            "number": number,
            "vehicle": self.vehicle(one["vehicle"]),
            "hospital": self.name(one["hospital"]),
            "after": self.say("page.arrives_after", minutes=rounded(one["arrive_hospital_min"])),
            "clock": clean(one["clock"]["arrive_hospital"]),
            "slower": self.say("slower", minutes=rounded(late)) if late else "",
            "first": self.say("page.first", name=self.name(first)) if first else "",
            "legs": [self.leg(leg) for leg in one["legs"]],
            "meets": [
                self.say(
                    "meets",
                    vehicle=self.vehicle(met["vehicle"]),
                    post=self.name(met, "post"),
                    ready=_time(met["ready"]),
                    place=self.name(met, "at"),
                )
                for met in one["meets"]
            ],
        }

    def leg(self, leg: dict[str, Any]) -> dict[str, str]:
        ends = self.name(leg, "from"), self.name(leg, "to")
        places = f"{ends[0]} → {ends[1]}" if leg["moving"] else ends[0]
        sailing = leg["sailing"]
        if sailing and sailing["departs"] and leg["kind"] == "ferry":
            places += self.say("sailing", name=self.name(sailing), time=_time(sailing["departs"]))
        who = [self.vehicle(leg["vehicle"]), self.name(leg, "vehicle_post")]
        crew = self.name(leg, "crew_post")
        if crew and crew != who[1]:
            who.append(f"{self.say('page.crew')} {crew}")
        return {
            "kind": clean(leg["kind"]),
            "depart": _time(leg["depart"]),
            "arrive": _time(leg["arrive"]),
            "minutes": rounded(leg["travel_min"]),
            "what": self.say(f"kind.{leg['kind']}"),
            "places": places,
            "who": " · ".join(text for text in who if text),
        }

    def vehicle(self, name: str | None) -> str:
        return self.say(f"vehicle.{name}") if name else ""

    def responder(self, row: dict[str, Any]) -> str:
        text = f"{self.name(row)} · {self.vehicle(row['vehicle'])} · "
        text += self.words.minutes(row["arrive_scene_min"])
        assumed = f" · {self.say('page.assumed')}" if row["evidence"] == "assumed" else ""
        return text + assumed

    def other(self, row: dict[str, Any]) -> str:
        first = self.name(row, "first_name")
        return self.say(
            "other_secondary" if first else "other",
            first=first,
            vehicle=self.vehicle(row["vehicle"]),
            hospital=self.name(row),
            minutes=rounded(row["slower_by_min"]),
        )

    def refused(self, found: dict[str, Any]) -> list[str]:
        told = [
            self.say(
                "refused_one",
                what=self.say("straight", vehicle=self.vehicle(row["vehicle"])),
                reason=self.say(f"reason.{row['reason']}"),
            )
            for row in found["vehicles"]
        ]
        for what in ("posts", "hospitals"):
            by_reason: dict[str, list[str]] = {}
            for row in found[what]:
                by_reason.setdefault(row["reason"], []).append(self.name(row))
            for reason, names in by_reason.items():
                listed = self.words("list_mark").join(names[:_REASONS_SHOWN])
                if len(names) > _REASONS_SHOWN:
                    listed = self.say("counted", first=listed, count=len(names))
                told.append(
                    self.say("refused_one", what=listed, reason=self.say(f"reason.{reason}"))
                )
        return told

    def notice(self, row: dict[str, Any]) -> str:
        params = {name: clean(value) for name, value in row.items() if name != "key"}
        ready = params.get(f"text_{self.lang}")  # what a scenario changes is told as it is
        return ready or self.say(f"notice.{row['key']}", **params)


def _data(
    result: dict[str, Any],
    legs: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    islands: gpd.GeoDataFrame,
    told: _Told,
) -> dict[str, Any]:
    lines = []
    plain = legs.drop(columns="geometry").to_dict("records")
    for row, shape in zip(plain, legs.geometry, strict=True):
        times = f"{_time(row['depart'])} – {_time(row['arrive'])}"
        label = f"{told.say('kind.' + str(row['kind']))} · {times}"
        shared = {"itinerary": int(row["itinerary"]), "kind": str(row["kind"]), "label": label}
        lines += [{**shared, "line": line} for line in payload.path(shape)]
    points = [
        {
            "what": str(row["what"]),
            "name": told.name(row),
            "at": [round(shape.x, 5), round(shape.y, 5)],
        }
        for row, shape in zip(
            places.drop(columns="geometry").to_dict("records"), places.geometry, strict=True
        )
    ]
    shapes = zip(islands["name_zh"], islands["name_en"], islands.geometry, strict=True)
    return {
        "first": 1,
        "ui": told.map_texts(result),
        "centre": [result["at"]["lon"], result["at"]["lat"]],
        "legs": lines,
        "places": points,
        "islands": [
            {
                "name": told.words.name(zh, en),
                "shape": payload.shape(shape, tolerance_deg=payload.ISLAND_TOLERANCE_DEG),
            }
            for zh, en, shape in shapes
        ],
    }


def _page(title: str, body: str, lang: str) -> str:
    style = "\n".join([assets.leaflet_style(), *map(assets.text, STYLES)])
    script = "\n".join(map(assets.text, SCRIPTS))
    language = "zh-CN" if lang == "zh" else lang
    scripts = f"<script>{assets.leaflet_script()}</script>", f"<script>\n{script}\n</script>"
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(assets.script_hashes(''.join(scripts)))}",
            "style-src 'unsafe-inline'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}\n</style>\n{scripts[0]}\n</head>\n"
        f"<body>\n{body}\n{scripts[1]}\n</body>\n</html>\n"
    )


def _check(**tables: tuple[gpd.GeoDataFrame, tuple[str, ...]]) -> None:
    faults = []
    for name, (table, columns) in tables.items():
        missing = [c for c in columns if c not in table.columns]
        if missing:
            faults.append(Fault("maps_missing_columns", name, ", ".join(missing)))
        if table.crs is None or table.crs.to_epsg() != 4326:
            faults.append(Fault("maps_wrong_crs", name, table.crs))
    if faults:
        raise InputError(faults)


def _numbered(rows: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    return list(enumerate(rows, start=1))


def _time(clock: object) -> str:
    """Return the time of day of a clock time; the day stands in the heading."""
    return clean(clock).split("T")[-1]
