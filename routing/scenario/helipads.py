"""The helipads of a region under a scenario: new places where helicopters can land."""

from __future__ import annotations

import geopandas as gpd
import shapely

from geodata.errors import Fault
from geodata.region import WGS84, Region
from routing.scenario.model import Scenario
from routing.scenario.places import Islands, appended, island_of

_OWN_COLUMNS = ("helipad_id", "name_zh", "name_en", "outside")


def with_new(
    region: Region, islands: Islands, scenario: Scenario, faults: list[Fault]
) -> gpd.GeoDataFrame:
    """Return the helipads with those that a scenario adds, as existing ones.

    Args:
        region: the region as it is.
        islands: of the region.
        scenario: what to add.
        faults: gets one for each id that is taken, island that is unknown, place off them all.
    """
    pads, rows = region.helipads, []
    taken = set(pads["helipad_id"])
    for k, entry in enumerate(scenario.helipads_added, start=1):
        where = f"{scenario.place}: helipad.add[{k}]"
        if entry.helipad_id in taken:
            faults.append(Fault("scenario_pad_taken", f"{where}.helipad_id", entry.helipad_id))
        taken.add(entry.helipad_id)
        rows.append(
            {
                **{column: getattr(entry, column) for column in _OWN_COLUMNS},
                "status": "existing",
                "island_id": island_of(entry, islands, where, faults),
                "note": scenario.name_en,
                "geometry": shapely.Point(entry.lon, entry.lat),
            }
        )
    if not rows:
        return pads
    return appended(pads, gpd.GeoDataFrame(rows, crs=WGS84).reindex(columns=pads.columns))
