"""Hand the tables of a brief over to the maps, and the options that pages have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from routing.cli import frame

if TYPE_CHECKING:
    import geopandas as gpd

    from geodata.region import Region
    from maps.online import OnlineLayers
    from maps.tables import CoverageTables
    from routing.brief import Brief
    from routing.conditions import Condition
    from routing.config import Parameters

_ROADS_DRAWN = 3_000
_MAIN_ROADS = ("motorway", "trunk", "primary")
_TILES_CRS = ("wgs84", "cgcs2000", "gcj02", "bd09")


@dataclass(frozen=True)
class Tiles:
    """The options that say which map tiles a page offers from the network, as typed."""

    tianditu_key: str | None = None
    osm_tiles: bool = False
    tiles: str | None = None
    tiles_crs: str = "wgs84"

    def layers(self) -> OnlineLayers:
        """Return them as a page takes them.

        Raises:
            InputError: for a key or address that is none, and for tiles that would lie off.
        """
        from maps.online import OnlineLayers

        return OnlineLayers(
            tianditu_key=self.tianditu_key,
            osm=self.osm_tiles,
            tiles_url=self.tiles,
            tiles_crs=self.tiles_crs,
        )


def tile_options(function: frame.Decorated) -> frame.Decorated:
    """Add the options for map tiles: arguments named as the fields of `Tiles`."""
    say = frame.help_text
    key = click.option("--tianditu-key", metavar="KEY", help=say("tiles.tianditu_key"))
    osm = click.option("--osm-tiles", is_flag=True, help=say("tiles.osm_tiles"))
    tiles = click.option("--tiles", metavar="URL", help=say("tiles.tiles"))
    crs = click.option(
        "--tiles-crs", type=click.Choice(_TILES_CRS), default="wgs84", help=say("tiles.tiles_crs")
    )
    return key(osm(tiles(crs(function))))


def coverage_tables(
    found: Brief,
    place: Region,
    result: dict[str, Any],
    *,
    conditions: Sequence[Condition] = (),
    parameters: Parameters | None = None,
) -> CoverageTables:
    """Return what a coverage map shows.

    Args:
        found: the brief, or one with what a plan changes.
        place: its region.
        result: its result, as JSON holds it.
        conditions: those that the page can show: ferries, roads and posts get a column
            ``stopped__KEY`` for each.
        parameters: the response model, which says whether helicopters fly at night.
    """
    from maps.tables import CoverageTables

    zones = place.zones.copy()
    zones["target_min"] = [result["zones"][zone]["target_min"] for zone in zones["zone"]]
    layers: dict[str, gpd.GeoDataFrame] = {
        name: place.layers[name] for name in ("helipads", "hospitals", "ports", "ferries")
    }
    roads = place.roads
    if len(roads) > _ROADS_DRAWN:  # of a street network the main ones alone
        roads = roads[roads["road_class"].isin(_MAIN_ROADS)]
    night = parameters is not None and parameters.helicopter.night_allowed
    ferries = layers.pop("ferries")
    return CoverageTables(
        cells=found.cells,
        islands=found.islands,
        posts=_with(found.posts, conditions, lambda c: _posts_stopped(found.posts, c, night)),
        zones=zones,
        proposal_sites=found.proposal_sites,
        roads=_with(roads, conditions, lambda c: _roads_stopped(roads, c)),
        ferries=_with(ferries, conditions, lambda c: _ferries_stopped(ferries, c)),
        **layers,
    )


def effects(conditions: Iterable[Condition], lang: str) -> dict[str, list[str]]:
    """Return by key what each condition stops and slows, in words."""
    from routing.conditions import describe

    return {one.key: describe.effects(one, lang) for one in conditions}


def _with(
    table: gpd.GeoDataFrame,
    conditions: Sequence[Condition],
    stopped: Callable[[Condition], list[bool]],
) -> gpd.GeoDataFrame:
    return table.assign(**{f"stopped__{one.key}": stopped(one) for one in conditions})


def _ferries_stopped(ferries: gpd.GeoDataFrame, condition: Condition) -> list[bool]:
    pairs = zip(ferries["kind"], ferries["link_id"], strict=True)
    return [condition.stops_ferry(kind, link) for kind, link in pairs]


def _roads_stopped(roads: gpd.GeoDataFrame, condition: Condition) -> list[bool]:
    columns = (roads[name] for name in ("structure", "road_class", "link_id"))
    return [factor == 0 for factor in condition.road_factors(*columns)]


def _posts_stopped(posts: gpd.GeoDataFrame, condition: Condition, night: bool) -> list[bool]:
    """Return which posts send nobody: closed themselves, or none of their vehicles runs."""
    running = set(condition.vehicles)
    if condition.daylight == "night" and not night:
        running.discard("helicopter")
    return [
        condition.stops_post(kind, post)
        or (bool(own := set(str(vehicles or "").split(";")) - {""}) and not own & running)
        for kind, post, vehicles in zip(
            posts["kind"], posts["post_id"], posts["vehicles"].fillna(""), strict=True
        )
    ]
