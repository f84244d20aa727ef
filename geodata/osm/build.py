"""From an OpenStreetMap file to a region, or to the roads of one."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypedDict

import geopandas as gpd
import pandas as pd
from shapely.geometry.base import BaseGeometry

from geodata import landmass, region, tables, validate
from geodata.errors import Fault, InputError
from geodata.osm import area as areas
from geodata.osm import (
    coast,
    demand,
    facilities,
    ferries,
    graphml,
    islands,
    naming,
    points,
    ports,
    reading,
    report,
    roads,
    settlements,
    source,
)
from geodata.osm.assumptions import Assumptions
from geodata.osm.extract import Extract
from geodata.osm.source import Source
from geodata.region import Region

log = logging.getLogger(__name__)

STAGES = ("read", "coast", "roads", "ferries", "people", "check")
_NOT_A_COLUMN = ("highway", "assumed")
_ATTRIBUTION = "© OpenStreetMap contributors"
_LICENCE = "ODbL 1.0 (© OpenStreetMap contributors)"
_COPYRIGHT_URL = "https://www.openstreetmap.org/copyright"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Imported:
    """A region and the report on its import (see `geodata.osm.report`)."""

    region: Region
    report: Mapping[str, Any]

    def save(self, path: Path) -> Path:
        """Write the region and, beside it, the report; return the report's path.

        Both files are made whole in a folder of their own and then moved into place, so that
        nothing half-written is left behind.
        """
        beside = report_path(path)
        with tempfile.TemporaryDirectory(prefix=".island-response-", dir=path.parent) as folder:
            staged, written = Path(folder) / "region.gpkg", Path(folder) / "report.json"
            region.save(self.region, staged)
            tables.write_json(dict(self.report), written)
            with contextlib.suppress(FileNotFoundError):
                beside.unlink()
            shutil.move(staged, path)
            shutil.move(written, beside)
        return beside


def report_path(path: Path) -> Path:
    """Return where the report on a region at `path` stands: ``region.import.json``."""
    return path.with_name(f"{path.stem}.import.json")


def import_region(
    path: Path,
    *,
    area: BaseGeometry | None = None,
    name_zh: str = "",
    name_en: str = "",
    assumptions: Assumptions | None = None,
    forgive: bool = False,
    tell: Tell = lambda _: None,
) -> Imported:
    """Return a complete region made from an OpenStreetMap file.

    Args:
        path: ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.
        area: part of the file to import, degrees on WGS84; all of it unless given.
        name_zh, name_en: names of the region; the largest island's unless given.
        assumptions: what the map does not give; see `Assumptions`.
        forgive: take impossible speed limits and durations for missing ones and leave out
            coastlines that do not close, instead of stopping.
        tell: called with the key of each stage in `STAGES` as it begins.

    Raises:
        InputError: if the file cannot be read, has no coast, roads or posts, breaks a rule, or the
            area lies outside it; the error carries every fault of its kind.

    Example:
        >>> imported = import_region(Path("malta.osm.pbf"))  # doctest: +SKIP
        >>> imported.report["roads"]["km"]  # doctest: +SKIP
        3305.694
    """
    assumptions = assumptions or Assumptions()
    tell("read")
    found = source.look(path)
    if source.is_graphml(path):
        raise InputError(Fault("osm_graphml_region", str(path)))
    return _Import(found, area, assumptions, forgive, tell).run(name_zh, name_en)


def import_roads(
    path: Path,
    base: Region,
    *,
    area: BaseGeometry | None = None,
    assumptions: Assumptions | None = None,
    forgive: bool = False,
    tell: Tell = lambda _: None,
) -> Imported:
    """Return `base` with its roads replaced by those of an OpenStreetMap or GraphML file.

    Posts, demand, ferries and all other layers stay; landmasses follow the new roads.

    Args:
        path: as of `import_region`, or ``.graphml``.
        base: a valid region.
        area, assumptions, forgive, tell: as of `import_region`.

    Raises:
        InputError: as of `import_region`, or if no road is on an island of `base`.
    """
    assumptions = assumptions or Assumptions()
    tell("read")
    found = source.look(path)
    extract = graphml.read(path) if source.is_graphml(path) else reading.read(path)
    here = areas.within(area, found.box or extract.box(), file=path.name)
    tell("roads")
    ground = islands.Ground(base.islands, base.metric_crs, assumptions.place_tolerance_m)
    links = roads.build(
        extract,
        here,
        ground,
        file=path.name,
        source_id=_source_id(found),
        assumptions=assumptions,
        forgive=forgive,
    )
    said = report.start(found, extract, here, assumptions)
    said["roads"] = report.roads(links.table, links.counts)
    said["places"] = report.places(base.layers, links.table, ground)
    table = links.table.drop(columns=list(_NOT_A_COLUMN))
    built = f"{base.meta_value('built_from')}; roads: {_built_from(found)}".lstrip("; ")
    land = base.islands.assign(
        landmass_id=landmass.assign(base.islands, roads.landmass_links(table))
    )
    made = region.from_tables(
        {
            **base.layers,
            "roads": table,
            "islands": land,
            "meta": _with_meta(base.meta, {"network": "osm", "built_from": built}),
            "sources": _with_source(base.sources, found, "roads"),
        }
    )
    tell("check")
    return Imported(_checked(made), said)


class _Given(TypedDict):
    source_id: str
    assumptions: Assumptions


class _Import:
    """One import of a complete region."""

    def __init__(
        self,
        found: Source,
        area: BaseGeometry | None,
        assumptions: Assumptions,
        forgive: bool,
        tell: Tell,
    ) -> None:
        self.source, self.assumptions, self.forgive, self.tell = found, assumptions, forgive, tell
        self.file, self.source_id = found.path.name, _source_id(found)
        self.extract: Extract = reading.read(found.path)
        box = found.box or self.extract.box()
        self.area = areas.within(area, box, file=self.file) if not box.is_empty else box
        if not len(self.extract.roads):
            raise InputError(Fault("osm_no_roads", self.file, 0))
        self.features = points.in_area(self.extract.features, self.area)
        self.given: _Given = {"source_id": self.source_id, "assumptions": assumptions}

    def run(self, name_zh: str, name_en: str) -> Imported:
        self.tell("coast")
        land, named, ground = self._islands()
        self.tell("roads")
        links = roads.build(
            self.extract, self.area, ground, file=self.file, forgive=self.forgive, **self.given
        )
        self.tell("ferries")
        lines = ferries.find(self.extract, self.area, ground, file=self.file, forgive=self.forgive)
        self.tell("people")
        site = facilities.build(self.features, ground, **self.given)
        if not len(site.posts):
            raise InputError(Fault("osm_no_posts", self.file))
        settled = settlements.build(self.features, named.table, ground, **self.given)
        harbour = ports.build(lines, self.features, settled.table, ground, **self.given)
        zone_layer = demand.zones(settled.table, ground, **self.given)
        homes = demand.build(
            self.extract, settled.table, named.table, zone_layer, ground, **self.given
        )
        said = report.start(self.source, self.extract, self.area, self.assumptions)
        del self.extract  # the largest thing in memory, and used up
        if not homes["population"].sum() > 0:
            raise InputError(Fault("osm_no_people", self.file))
        quays = ports.with_landings(
            harbour.ports, named.table, homes, ground, source_id=self.source_id
        )
        harbour.counts.assumed_landings = len(quays) - len(harbour.ports)
        layers: dict[str, Any] = {
            "islands": _peopled(named.table, homes, links.table, self.source_id),
            "zones": zone_layer,
            "demand": homes,
            "settlements": settled.table.drop(columns=["place", "people", "estimated"]),
            "posts": site.posts,
            "hospitals": site.hospitals,
            "helipads": site.helipads,
            "ports": quays,
            "roads": links.table.drop(columns=list(_NOT_A_COLUMN)),
            "ferries": harbour.ferries,
        }
        said["islands"] = report.islands(named, land, layers["islands"], links.table)
        said["roads"] = report.roads(links.table, links.counts)
        said["ferries"] = report.ferries(harbour, lines.counts)
        evidence = site.posts["evidence"].value_counts()
        by_evidence = {str(k): int(n) for k, n in evidence.items()}
        said["posts"] = {"by_evidence": by_evidence, **asdict(site.counts)}
        said["settlements"] = asdict(settled.counts)
        said["demand"] = {"points": len(homes), "population": float(homes["population"].sum())}
        said["places"] = report.places(layers, links.table, ground)
        layers["meta"] = self._meta(named.table, name_zh, name_en, ground.metric_crs)
        layers["sources"] = _with_source(None, self.source, "every layer")
        self.tell("check")
        return Imported(_checked(region.from_tables(layers)), said)

    def _islands(self) -> tuple[coast.Land, islands.Named, islands.Ground]:
        land = coast.assemble(
            self.extract.coast,
            self.area,
            file=self.file,
            assumptions=self.assumptions,
            forgive=self.forgive,
        )
        places = [f for f in self.extract.features if f.tags.get("place") in reading.ISLANDS]
        outlines = [f.shape for f in places if f.shape is not None]
        if not land.shapes and not outlines:
            raise InputError(Fault("osm_no_coast", self.file, len(self.extract.coast)))
        metric_crs = islands.metric_crs_of(land.shapes or outlines)
        named = islands.named(
            land, places, self.area, metric_crs=metric_crs, assumptions=self.assumptions
        )
        if not len(named.table):
            raise InputError(Fault("osm_no_coast", self.file, len(self.extract.coast)))
        reach_m = self.assumptions.place_tolerance_m
        return land, named, islands.Ground(named.table, metric_crs, reach_m)

    def _meta(
        self, table: gpd.GeoDataFrame, name_zh: str, name_en: str, metric_crs: str
    ) -> pd.DataFrame:
        rows = {
            "name_zh": naming.tidy(name_zh) or naming.tidy(name_en) or table["name_zh"].iloc[0],
            "name_en": naming.tidy(name_en) or naming.tidy(name_zh) or table["name_en"].iloc[0],
            "metric_crs": metric_crs,
            "network": "osm",
            "built_from": _built_from(self.source),
        }
        return _with_meta(None, rows)


def _peopled(
    table: gpd.GeoDataFrame, homes: gpd.GeoDataFrame, links: gpd.GeoDataFrame, source_id: str
) -> gpd.GeoDataFrame:
    """Add residents, whether anybody lives there, the landmass and the source of each island."""
    people = homes.groupby("island_id")["population"].sum()
    residents = table["island_id"].map(people[people > 0])
    return table.assign(
        population=residents,
        population_kind=residents.notna().map({True: "estimate", False: None}),
        inhabited=residents.notna().map({True: "yes", False: "unknown"}),
        landmass_id=landmass.assign(table, roads.landmass_links(links)),
        source_ids=source_id,
    )


def _checked(made: Region) -> Region:
    faults = validate.faults(made)
    if faults:
        raise InputError(faults)
    return made


def _source_id(found: Source) -> str:
    return f"osm-{found.sha256[:8]}"


def _built_from(found: Source) -> str:
    stamp = found.timestamp or "date not stated"
    return f"OpenStreetMap {naming.tidy(found.path.name)} ({stamp}), sha256 {found.sha256}"


def _with_meta(base: pd.DataFrame | None, rows: Mapping[str, object]) -> pd.DataFrame:
    kept = base[~base["key"].isin(rows)] if base is not None else None
    new = pd.DataFrame({"key": list(rows), "value": [str(v) for v in rows.values()]})
    return new if kept is None else pd.concat([kept, new], ignore_index=True)


def _with_source(base: pd.DataFrame | None, found: Source, gave: str) -> pd.DataFrame:
    row = {
        "source_id": _source_id(found),
        "title": f"OpenStreetMap, {naming.tidy(found.path.name)}, sha256 {found.sha256}",
        "publisher": _ATTRIBUTION,
        "date": found.timestamp[:10] or None,
        "url": _COPYRIGHT_URL,
        "what_it_gave": gave,
        "licence": _LICENCE,
    }
    new = pd.DataFrame([row])
    if base is None or not len(base):
        return new
    kept = base[base["source_id"] != row["source_id"]]
    return pd.concat([kept, new], ignore_index=True)
