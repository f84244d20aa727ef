"""What the user means by a place: coordinates, or an island, settlement or district by name."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata import crs
from geodata import region as regions
from geodata.errors import Fault, InputError
from geodata.names import english, latin
from geodata.region import WGS84, Region
from routing.itinerary.receiving import flags

SYSTEMS = ("wgs84", "gcj02", "bd09")
# A point this close to land is on it: coasts and positions are not better known.
ASHORE_M = 500.0
_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_COORDINATES = re.compile(rf"^\s*({_NUMBER})\s*°?\s*[,，;；\s]\s*({_NUMBER})\s*°?\s*$")
_ENDINGS_ZH = ("街道", "镇", "乡", "岛", "村")
_ENDINGS_EN = ("island", "islands", "town", "township", "subdistrict", "village")
_DISTRICT_ENDINGS = (
    "区", "县", "市", "街道", "镇", "乡",
    "subdistrict", "district", "county", "city", "township", "town",
)  # fmt: skip
_SHOWN = 12
# Districts by kind: the column of the layer ``demand`` that names them.
_DISTRICTS = {"township": "township_zh", "county": "county_zh"}


@dataclass(frozen=True)
class Place:
    """A scene as the user named it.

    Attributes:
        lon, lat: WGS84, degrees.
        island_id: the island it is on.
        name_zh, name_en: of the settlement or island, or the coordinates; of a district with the
            demand point that stands for it in brackets.
        kind: ``coordinates``, ``island``, ``settlement``, ``township`` or ``county``.
        moved_m: how far the point was off the coast, metres; 0 on land.
    """

    lon: float
    lat: float
    island_id: str
    name_zh: str
    name_en: str
    kind: str
    moved_m: float = 0.0


class Gazetteer:
    """Finds places of a region by name or coordinates.

    Args:
        region: a valid region.
    """

    def __init__(self, region: Region) -> None:
        self.region = region

    def find(self, text: str, *, system: str = "wgs84", where: str = "--at") -> Place:
        """Return the place that `text` names.

        Args:
            text: ``LON,LAT``, or the name of an island or settlement: Chinese, English, pinyin or
                its id, with or without 岛, 镇, Island and the like; a township's name stands for
                its settlements. The name of a county or district, or of a township without
                settlements, stands for the demand point where most of its residents live; an
                island or settlement of that name goes before it.
            system: of coordinates: ``wgs84``, ``gcj02`` or ``bd09``.
            where: how to call the text in a message.

        Raises:
            InputError: if nothing has that name, several places have, or the point is at sea.
        """
        pair = _COORDINATES.match(unicodedata.normalize("NFKC", text))
        if pair:
            return self.at(float(pair[1]), float(pair[2]), system=system, where=where)
        return self.named(text, where=where)

    def at(self, lon: float, lat: float, *, system: str = "wgs84", where: str = "--at") -> Place:
        """Return the place at coordinates.

        Raises:
            InputError: if they are no coordinates, far from the region, or more than `ASHORE_M` off
                every island.
        """
        shown = f"{lon:g},{lat:g}"
        if not (abs(lon) <= 180 and abs(lat) <= 90):
            key = "route_lon_lat_swapped" if abs(lon) <= 90 and abs(lat) <= 180 else "route_lon_lat"
            raise InputError(Fault(key, where, shown))
        if system == "gcj02":
            lon, lat = (float(v) for v in crs.gcj02_to_wgs84(lon, lat))
        elif system == "bd09":
            lon, lat = (float(v) for v in crs.bd09_to_wgs84(lon, lat))
        bounds = regions.far_outside(self.region, lon, lat)
        if bounds is not None:
            raise InputError(Fault("outside_region", where, shown, dict(bounds)))
        point = shapely.Point(*crs.to_metric([lon], [lat], self.region.metric_crs)[0])
        row = int(self._shapes.distance(point).argmin())
        away = float(self._shapes.iloc[row].distance(point))
        island = self.region.islands.iloc[row]
        if away > ASHORE_M:
            raise InputError(Fault("route_at_sea", where, shown, self._nearest_named(point)))
        return Place(lon, lat, str(island["island_id"]), shown, shown, "coordinates", away)

    def _nearest_named(self, point: shapely.Point) -> dict[str, object]:
        """Return the nearest island that people know by a name, and how far it is."""
        islands = self.region.islands
        named = flags(islands["named"])
        apart = self._shapes.distance(point).to_numpy(float)
        row = int(np.where(named | ~named.any(), apart, np.inf).argmin())
        island = islands.iloc[row]
        near = f"{island['name_zh']} ({english(island['name_zh'], island['name_en'])})"
        return {"island": near, "km": f"{apart[row] / 1000.0:.1f}"}

    def named(self, text: str, *, where: str = "--at") -> Place:
        """Return the island, settlement or district called `text`.

        Raises:
            InputError: if there is none or more than one; the message lists the choices.
        """
        wanted = folded(text)
        names = self._names
        for level in (0, 1, 2, 3):
            same = names["name"].isin((wanted, _bare(wanted)) if level else (wanted,))
            rows = names[same & (names["level"] <= level)].drop_duplicates("place")
            if len(rows):
                return self._chosen(rows.to_dict("records"), text, where)
        near = difflib.get_close_matches(wanted, self._names["name"].unique().tolist(), n=5)
        shown = self._names[self._names["name"].isin(near)].drop_duplicates("place")
        params: dict[str, object] = {"near": self._listed(shown.to_dict("records")) or "-"}
        raise InputError(Fault("route_no_such_place", where, text, params))

    def _chosen(self, rows: list[dict[Hashable, Any]], text: str, where: str) -> Place:
        """Return the one place meant: a settlement goes before the island that bears its name."""
        islands = {row["island_id"] for row in rows}
        settlements = [row for row in rows if row["kind"] == "settlement"]
        if len(islands) == 1 and len(settlements) <= 1:
            return self._place((settlements or rows)[0])
        params: dict[str, object] = {"choices": self._listed(rows), "count": len(rows)}
        raise InputError(Fault("route_ambiguous_place", where, text, params))

    def _listed(self, rows: list[dict[Hashable, Any]]) -> str:
        """Return places as text that can be typed: their ids, with names and coordinates."""
        found = []
        for row in rows[:_SHOWN]:
            place = self._place(row)
            at = f"{place.lon:.4f},{place.lat:.4f}"
            found.append(f"{row['id']} ({place.name_zh} {place.name_en}, {row['kind']}, {at})")
        more = f" … +{len(rows) - _SHOWN}" if len(rows) > _SHOWN else ""
        return "; ".join(found) + more

    def _place(self, row: dict[Hashable, Any]) -> Place:
        kind = str(row["kind"])
        if kind in _DISTRICTS:
            return self._district(row)
        layer = self.region.layers["islands" if kind == "island" else "settlements"]
        there = layer.iloc[int(str(row["row"]))]
        point = self._main_point(there) if kind == "island" else there.geometry
        return Place(
            float(point.x),
            float(point.y),
            str(there["island_id"]),
            str(there["name_zh"]),
            english(there["name_zh"], there["name_en"]),
            kind,
        )

    def _district(self, row: dict[Hashable, Any]) -> Place:
        """Return where most residents of a county or township live."""
        demand, kind = self.region.demand, str(row["kind"])
        mine = demand[(demand[_DISTRICTS[kind]] == row["id"]).to_numpy(dtype=bool, na_value=False)]
        there = mine.iloc[int(mine["population"].to_numpy(float).argmax())]
        name = english(there["name_zh"], there["name_en"])
        point = there.geometry
        return Place(
            float(point.x),
            float(point.y),
            str(there["island_id"]),
            f"{row['id']}（{there['name_zh']}）",
            f"{self._district_english(str(row['id']))} ({name})",
            kind,
        )

    def _district_english(self, name_zh: str) -> str:
        counties = self.region.counties
        mine = counties[(counties["county_zh"] == name_zh).to_numpy()]
        return english(name_zh, mine["county_en"].iloc[0] if len(mine) else None)

    def _main_point(self, island: pd.Series) -> shapely.Point:
        """Return where most people of an island live; without any, a point on it."""
        demand = self.region.demand
        mine = demand[(demand["island_id"] == island["island_id"]).to_numpy()]
        if len(mine):
            most = int(mine["population"].to_numpy(float).argmax())
            return shapely.Point(mine.geometry.iloc[most])
        return shapely.Point(island["geometry"].representative_point())

    @cached_property
    def _shapes(self) -> gpd.GeoSeries:
        return self.region.islands.to_crs(self.region.metric_crs).geometry.reset_index(drop=True)

    @cached_property
    def _names(self) -> pd.DataFrame:
        rows = [*self._spelled("islands", "island"), *self._spelled("settlements", "settlement"),
                *self._spelled_districts()]  # fmt: skip
        columns = ["name", "level", "kind", "row", "id", "island_id", "place"]
        return pd.DataFrame(rows, columns=columns)

    def _spelled(self, layer: str, kind: str) -> Iterator[tuple[object, ...]]:
        table = self.region.layers[layer]
        if not len(table):
            return
        towns = table["township_zh"].tolist() if "township_zh" in table else [None] * len(table)
        for row, (ident, zh, en, island) in enumerate(
            zip(table[f"{kind}_id"], table["name_zh"], table["name_en"], table["island_id"],
                strict=True)
        ):  # fmt: skip
            names = [str(zh), latin(str(zh)), str(ident)]
            names += [en, re.sub(r"[（(].*?[)）]", "", en)] if isinstance(en, str) else []
            spelled = {(folded(name), 0) for name in names if name}
            spelled |= {(bare, 1) for name, _ in spelled if (bare := _bare(name)) != name}
            if isinstance(towns[row], str):
                town = str(towns[row])
                spelled |= {(folded(name), 2) for name in (town, latin(town))}
                spelled |= {(_bare(folded(name)), 2) for name in (town, latin(town))}
            for name, level in sorted(spelled):
                yield name, level, kind, row, ident, island, (kind, row)

    def _spelled_districts(self) -> Iterator[tuple[object, ...]]:
        demand = self.region.demand
        for kind, column in _DISTRICTS.items():
            names = demand[column].dropna().unique() if column in demand else []
            for row, zh in enumerate(names):
                full = {folded(n) for n in (zh, latin(zh), self._district_english(zh))}
                short = {_bare(name, _DISTRICT_ENDINGS) for name in full}
                short.add(folded(latin(_bare(zh, _DISTRICT_ENDINGS))))
                for name in sorted(full | short):
                    # Two districts of one name are two places, whatever island they are on.
                    yield name, 3, kind, row, zh, f"{kind} {zh}", (kind, row)


def scene_table(places: list[Place]) -> gpd.GeoDataFrame:
    """Return places as the table that `Router.scenes` takes."""
    return gpd.GeoDataFrame(
        {
            "island_id": [p.island_id for p in places],
            "name_zh": [p.name_zh for p in places],
            "name_en": [p.name_en for p in places],
        },
        geometry=shapely.points(
            np.array([[p.lon, p.lat] for p in places], dtype=float).reshape(-1, 2)
        ),
        crs=WGS84,
    )


def folded(text: str) -> str:
    """Return a name as names are compared: width, case, accents, spaces and signs do not count."""
    wide = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in wide if c.isalnum())


def _bare(name: str, endings: tuple[str, ...] = (*_ENDINGS_ZH, *_ENDINGS_EN, "dao")) -> str:
    """Return a folded name without what says that it is an island or a town."""
    for ending in endings:
        if name.endswith(ending) and len(name) > len(ending):
            return name.removesuffix(ending)
    return name
