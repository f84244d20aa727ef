"""The command ``serve``: the what-if page on a local server."""

from __future__ import annotations

import re
import threading
import time
import webbrowser
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geodata import catalogue
from geodata.errors import Cause, Fault, InputError
from routing.cli import frame, progress

if TYPE_CHECKING:
    from maps.whatif_page import Page, WhatIfTables
    from routing.cli.serve_http import Server
    from routing.conditions import Catalogue, Condition
    from routing.whatif import Desk

DEFAULT_PORT = 8118
_ROADS_DRAWN = 3_000
_MAIN_ROADS = ("motorway", "trunk", "primary")


def register(root: click.Group) -> None:
    """Add the command to `root`."""
    root.add_command(_serve_command())


def _serve_command() -> click.Command:
    say = frame.help_text

    @frame.command("serve")
    @click.option(
        "--port", type=click.IntRange(0, 65_535), default=DEFAULT_PORT, help=say("serve.port")
    )
    @click.option("--host", default="127.0.0.1", metavar="ADDRESS", help=say("serve.host"))
    @frame.daylight_option
    @frame.condition_options
    @click.option("--no-browser", is_flag=True, help=say("serve.no_browser"))
    @click.pass_obj
    def serve(
        settings: frame.Settings,
        port: int,
        host: str,
        daylight: str | None,
        condition: str | None,
        conditions_file: Path | None,
        no_browser: bool,
    ) -> int:
        server = started(
            settings,
            port=port,
            host=host,
            daylight=daylight,
            condition=condition,
            conditions_file=conditions_file,
        )
        with server:
            for line in greeting(server, settings.lang):
                click.echo(line)
            # A token on a command line would stand in the list of processes.
            if not no_browser and not server.access.token:
                webbrowser.open(address(server))
            try:
                server.serve_forever(poll_interval=0.2)
            except KeyboardInterrupt:
                click.echo(settings.say("serve.stopped"))
        return 0

    return serve


def started(
    settings: frame.Settings,
    *,
    port: int,
    host: str,
    daylight: str | None = None,
    condition: str | None = None,
    conditions_file: Path | None = None,
) -> Server:
    """Return a server that is bound and ready to serve.

    Raises:
        InputError: if the region, the parameters or the condition have faults, or the address
            cannot be bound.
    """
    from geodata import region
    from routing import conditions, config
    from routing.cli.serve_http import Server
    from routing.whatif import Desk

    parameters = config.load(settings.config)
    shown = frame.condition(
        parameters,
        daylight=daylight,
        when=None,
        condition=condition,
        conditions_file=conditions_file,
    )
    known = frame.conditions_catalogue(conditions_file)
    keys = ("region", "network", "page")
    texts = {key: catalogue.text(f"serve.stage.{key}", settings.lang) for key in keys}
    with progress.stages(texts) as work:
        work.begin("region")
        place = region.load(settings.region)
        conditions.check(known, place)
        work.begin("network")
        desk = Desk(place, parameters, known)
        site = Site(desk, known, shown)
        site.answer({"condition": {"name": shown.name, "daylight": shown.daylight}})
        threading.Thread(target=desk.prepare, daemon=True).start()
        work.begin("page")
        site.page(settings.lang)
    try:
        return Server(host, port, site, lang=settings.lang)
    except (OSError, OverflowError, UnicodeError) as error:
        params: dict[str, object] = {"reason": Cause.of(error)}
        raise InputError(Fault("serve_bind", "--port", f"{host}:{port}", params)) from error


def address(server: Server) -> str:
    """Return the address to open; a token stands behind the mark that no browser sends on."""
    host = server.access.host
    shown = f"[{host}]" if ":" in host else host
    token = f"#{server.access.token}" if server.access.token else ""
    return f"http://{shown}:{server.access.port}/{token}"


def greeting(server: Server, lang: str) -> list[str]:
    """Return what to tell when the server is up."""

    def say(key: str, **params: object) -> str:
        return catalogue.text(f"serve.{key}", lang, **params)

    lines = [say("at", address=address(server))]
    if server.access.token:
        lines.append(say("with_token"))
    return [*lines, say("how_to_stop")]


class Site:
    """The what-if page and its answers.

    Args:
        desk: answers questions about the region.
        known: the conditions to offer.
        shown: the condition that the page begins with.
    """

    def __init__(self, desk: Desk, known: Catalogue, shown: Condition) -> None:
        self._desk, self._known, self._shown = desk, known, shown
        self.page = cache(self._page)
        self.door = cache(self._door)

    def answer(self, raw: object) -> dict[str, Any]:
        """Return the responses under a request; see `routing.whatif.Desk.answer`."""
        from routing import whatif

        began = time.perf_counter()
        found = self._desk.answer(whatif.read(raw))
        return {**found, "took_ms": round(1000.0 * (time.perf_counter() - began))}

    def saved(self, raw: object, lang: str) -> tuple[str, str]:
        """Return the scenario file of a request, once all of it holds for the region."""
        from routing import scenario, whatif

        asked = whatif.read(raw)
        self._desk.condition(asked.condition)
        scenario.apply(self._desk.region, asked)
        stem = re.sub(r"[^\w.-]+", "-", asked.name).strip("-.")[:60] or "scenario"
        return f"{stem}.toml", whatif.as_toml(asked, lang=lang)

    def _page(self, lang: str) -> tuple[str, str]:
        from maps import whatif_page

        return _parts(whatif_page.page(_tables(self._desk), self._setting(lang), lang=lang))

    def _door(self, lang: str) -> tuple[str, str]:
        from maps import whatif_page

        return _parts(whatif_page.door(lang=lang))

    def _setting(self, lang: str) -> dict[str, Any]:
        from routing.conditions.describe import effects

        place, parameters = self._desk.region, self._desk.parameters
        names = {key: place.meta_value(key) for key in ("name_zh", "name_en")}
        conditions = [
            {
                "name": name,
                "label": getattr(self._known.entry(name), f"name_{lang}"),
                "effects": effects(self._known.get(name), lang),
            }
            for name in self._known.names
        ]
        return {
            "region": names,
            "network": place.network,
            "start_stamp": parameters.clock.start_stamp,
            "conditions": conditions,
            "shown": {"condition": self._shown.name, "daylight": self._shown.daylight},
        }


def _parts(page: Page) -> tuple[str, str]:
    return page.html, page.policy


def _tables(desk: Desk) -> WhatIfTables:
    """Return what the page shows before it asks."""
    import geopandas as gpd

    from geodata.cells import polygons
    from geodata.region import WGS84
    from maps.whatif_page import WhatIfTables

    place = desk.region
    demand = place.demand.drop(columns="geometry")
    demand = demand.assign(target_min=demand["zone"].map(desk.parameters.target.of))
    roads = place.roads
    if len(roads) > _ROADS_DRAWN:  # of a street network the main ones and the crossings alone
        crossing = roads["structure"] != "none"
        roads = roads[crossing | roads["road_class"].isin(_MAIN_ROADS)]
    ferries = place.ferries[place.ferries["kind"] == "car_ferry"]
    return WhatIfTables(
        cells=gpd.GeoDataFrame(demand, geometry=polygons(place), crs=WGS84),
        islands=place.islands,
        posts=place.posts,
        helipads=place.helipads,
        roads=roads,
        ferries=ferries,
        zones=place.zones,
    )
