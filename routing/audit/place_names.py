"""Places by name: townships, counties and islands as people write them in call records."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from geodata.region import Region

_TOWNSHIP_ENDS = ("街道办事处", "街道", "镇人民政府", "镇", "乡", "岛", "社区")
_COUNTY_ENDS = ("区", "县", "市")
# Least share of a place's residents that one zone must hold for the place to count as that zone.
_ZONE_SHARE = 0.95


@dataclass(frozen=True)
class Named:
    """What a name tells: codes into the tables of `routing.audit.place.Places`, -1 for unknown."""

    zone: int = -1
    county: int = -1
    township: int = -1
    island: int = -1


NOTHING = Named()


class _Residents(NamedTuple):
    """A demand point; names are None where blank."""

    county: str | None
    township: str | None
    island: str
    zone: str
    population: float


def plain(text: str) -> str:
    """Return a name without spaces, in plain letters and small case, for comparison.

    Example:
        >>> plain(" 沈家门　街道 ")
        '沈家门街道'
    """
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def short(text: str, ends: Iterable[str] = _TOWNSHIP_ENDS) -> str:
    """Return a plain name without the word for what kind of place it is.

    Example:
        >>> short("沈家门街道"), short("普陀区", ("区",))
        ('沈家门', '普陀')
    """
    name = plain(text)
    for end in ends:
        if name.endswith(end) and len(name) - len(end) >= 2:
            return name.removesuffix(end)
    return name


class Gazetteer:
    """Names of a region's counties, townships and islands.

    A township is known by its full name, or by its short one where only one township of the county
    named (or, without a county, of the region) has it. A text that is no township may be an island.
    A place counts as a zone's where at least 95 % of its residents live in that zone.
    """

    def __init__(
        self,
        region: Region,
        *,
        zones: Sequence[str],
        counties: Sequence[str],
        townships: Sequence[str],
        islands: Sequence[str],
    ) -> None:
        self._zones = {name: i for i, name in enumerate(zones)}
        self._county_code = {name: i for i, name in enumerate(counties)}
        self._township_code = {name: i for i, name in enumerate(townships)}
        self._island_code = {name: i for i, name in enumerate(islands)}
        self._counties = {short(name, _COUNTY_ENDS): name for name in counties}
        by_county: dict[str, list[_Residents]] = {}
        by_township: dict[tuple[str | None, str], list[_Residents]] = {}
        by_island: dict[str, list[_Residents]] = {}
        for one in _residents(region):
            by_island.setdefault(one.island, []).append(one)
            if one.county is not None:
                by_county.setdefault(one.county, []).append(one)
            if one.township is not None:
                by_township.setdefault((one.county, one.township), []).append(one)
        self._whole = {
            county: Named(zone=self._zone(people), county=self._county_code[county])
            for county, people in by_county.items()
        }
        self._townships: dict[str, list[Named]] = {}
        for (_, township), people in by_township.items():
            named = self._of(people, township=township)
            for key in {plain(township), short(township)}:
                self._townships.setdefault(key, []).append(named)
        self._islands: dict[str, list[Named]] = {}
        names = dict(zip(region.islands["island_id"], region.islands["name_zh"], strict=True))
        for island, people in by_island.items():
            named = self._of(people, island=island)
            for key in {plain(str(names[island])), short(str(names[island]))}:
                self._islands.setdefault(key, []).append(named)

    def find(self, county: str | None, township: str | None) -> Named:
        """Return what the two names tell together."""
        above = self.county(county)
        if township:
            for table in (self._townships, self._islands):
                for key in (plain(township), short(township)):
                    entry = self._only(table.get(key, []), above)
                    if entry is not None:
                        return entry
        return self._whole[above] if above else NOTHING

    def county(self, text: str | None) -> str | None:
        """Return the county that a text means, or None."""
        return self._counties.get(short(text, _COUNTY_ENDS)) if text else None

    def _only(self, entries: list[Named], county: str | None) -> Named | None:
        """Return the one entry that agrees with the county, None where none or several do."""
        code = self._county_code.get(county, -1) if county else -1
        fitting = [e for e in entries if code < 0 or e.county in (-1, code)]
        return fitting[0] if len(fitting) == 1 else None

    def _of(self, people: list[_Residents], *, township: str = "", island: str = "") -> Named:
        islands = {one.island for one in people}
        counties = {one.county for one in people if one.county is not None}
        return Named(
            zone=self._zone(people),
            county=self._county_code[counties.pop()] if len(counties) == 1 else -1,
            township=self._township_code.get(township, -1),
            island=self._island_code.get(island or islands.pop(), -1) if len(islands) == 1 else -1,
        )

    def _zone(self, people: list[_Residents]) -> int:
        """Return the zone in which nearly all of them live, -1 where there is none."""
        living: dict[str, list[float]] = {}
        for one in people:
            living.setdefault(one.zone, []).append(one.population)
        total = {zone: math.fsum(n for n in lives if n == n) for zone, lives in living.items()}
        everybody = math.fsum(total.values())
        if len(total) > 1 and not everybody > 0:
            return -1
        # Of equally peopled zones none has enough.
        best = max(total, key=lambda zone: total[zone])
        enough = not everybody > 0 or total[best] / everybody >= _ZONE_SHARE
        return self._zones.get(best, -1) if enough else -1


def _residents(region: Region) -> list[_Residents]:
    names = ("county_zh", "township_zh", "island_id", "zone")
    texts = [
        [text if isinstance(text, str) else None for text in region.demand[name].tolist()]
        for name in names
    ]
    population = region.demand["population"].tolist()
    return [_Residents(*row) for row in zip(*texts, population, strict=True)]
