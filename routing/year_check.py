"""A year in numbers: how many patients are carried between islands, and how many fly.

What the model gives from residents, hospital tiers and transfer rules stands beside what was
reported for a year, with the factor between them. Nothing is fitted to the reported numbers: every
share comes from a source or is marked as assumed, and all of them are parameters (group ``year``).

Rules, for the patients ``p_i = residents_i x runs per resident x patients per run`` of a place i:

1. Who lives where no road leads to a hospital of tier sub-centre or better, and needs more than a
   health centre (``hospital_share``), is carried over water: an *island transfer*.
2. Who lives where a road leads to such a hospital, but to none of the peak tier, and needs that
   tier (``peak_share``), is carried on: an *onward transfer*.
3. Rescues of ships' crews for illness or injury (``sea_operations x sea_medical_share``) are *sea
   tasks*. Rules 1 to 3 together are held against the reported transfers and sea tasks.
4. Of the patients of places from which no road leads to the peak tier, the critical ones
   (``critical_share``) fly where the way by road and water to that tier takes longer than
   ``air_after_min``, in the share of the year in which helicopters fly: *air rescues*. They are
   part of the transfers of rules 1 and 2.

Hospitals outside the region count where a road leads to them and the rules of mutual aid let them
receive the island's patients: who is driven there is not carried between islands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from routing import care, scenario, travel_time
from routing.brief.result import notice
from routing.brief.state import expected_calls
from routing.conditions import Catalogue, Condition, day_share
from routing.config import Parameters, Year
from routing.itinerary.router import Router

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SCHEMA = "island-response/check-year/1"
COMPONENTS = ("island_transfers", "onward_transfers", "sea_tasks")


@dataclass(frozen=True)
class Places:
    """What the rules look at, one entry a demand point, shape (n,) each.

    Attributes:
        island_id: islands.
        calls: runs a year.
        hospital_by_road, peak_by_road: whether a road leads to a hospital of tier sub-centre or
            better, and to one of the peak tier, that receives the island's patients.
        peak_min: minutes from the call to a hospital of the peak tier without a helicopter; NaN
            where there is no way.
    """

    island_id: NDArray[np.object_]
    calls: Floats
    hospital_by_road: Flags
    peak_by_road: Flags
    peak_min: Floats


@dataclass(frozen=True)
class Numbers:
    """A modelled year.

    Attributes:
        islands: one row an island that anybody is carried from: `island_id`, `patients`,
            `island_transfers`, `onward_transfers`, `air_rescues`, all a year.
        components: by each of `COMPONENTS`, tasks a year; and ``air_rescues``.
        flying_share: share of the year in which helicopters fly.
    """

    islands: pd.DataFrame
    components: dict[str, float]
    flying_share: float

    @property
    def transfers(self) -> float:
        """Transfers and sea tasks a year."""
        return sum(self.components[name] for name in COMPONENTS)


def count(places: Places, parameters: Parameters, *, flying_share: float) -> Numbers:
    """Return the numbers of a year by the rules above.

    Args:
        places: what the rules look at.
        parameters: the shares.
        flying_share: share of the year in which helicopters fly.

    A place with no way at all to the peak tier counts as farther than any bound.
    """
    year = parameters.year
    patients = places.calls * year.patient_share
    first = np.where(places.hospital_by_road, 0.0, patients * year.hospital_share)
    passed_on = places.hospital_by_road & ~places.peak_by_road
    onward = np.where(passed_on, patients * year.peak_share, 0.0)
    far = ~(places.peak_min <= year.air_after_min) & ~places.peak_by_road
    flown = np.where(far, patients * year.critical_share * flying_share, 0.0)
    table = pd.DataFrame(
        {
            "island_id": places.island_id,
            "patients": patients,
            "island_transfers": first,
            "onward_transfers": onward,
            "air_rescues": flown,
        }
    )
    by_island = table.groupby("island_id", sort=True).sum()
    moved = by_island[["island_transfers", "onward_transfers", "air_rescues"]].sum(axis=1) > 0
    by_island = by_island[moved]
    order = by_island["island_transfers"] + by_island["onward_transfers"]
    return Numbers(
        islands=by_island.loc[order.sort_values(ascending=False, kind="stable").index]
        .rename_axis("island_id")
        .reset_index(),
        components={
            "island_transfers": float(first.sum()),
            "onward_transfers": float(onward.sum()),
            "sea_tasks": year.sea_operations * year.sea_medical_share,
            "air_rescues": float(flown.sum()),
        },
        flying_share=flying_share,
    )


def compute(router: Router, catalogue: Catalogue) -> Numbers:
    """Return the numbers of a year for a region.

    Args:
        router: the region.
        catalogue: the conditions, which say when helicopters fly.
    """
    parameters = router.parameters
    share = flying_share(catalogue, parameters)
    return count(places(router), parameters, flying_share=share)


def flying_share(catalogue: Catalogue, parameters: Parameters) -> float:
    """Return the share of the year in which helicopters fly."""
    likely = catalogue.likely(day_share=day_share(parameters))
    return sum(
        one.probability
        for one in likely
        if "helicopter" in one.condition.vehicles
        and (one.condition.daylight == "day" or parameters.helicopter.night_allowed)
    )


def places(router: Router) -> Places:
    """Return what the rules look at, for a calm day."""
    region, scenes = router.region, router.demand_scenes()
    grounded = replace(Condition(), vehicles=("ambulance", "boat"))
    minutes, _, _ = care.arrivals(router, router.journeys(scenes, grounded), "peak")
    return Places(
        island_id=region.demand["island_id"].to_numpy(object),
        calls=expected_calls(region, router.parameters).to_numpy(float),
        hospital_by_road=_by_road(router, "sub_centre"),
        peak_by_road=_by_road(router, "peak"),
        peak_min=minutes,
    )


def _by_road(router: Router, level: str) -> Flags:
    """Return whether a road leads from each demand point to a hospital that receives its people.

    A hospital outside the region counts for a level by its tier, or where a rule of mutual aid
    names it, as general hospitals there have no tier of this region.
    """
    region, land = router.region, router.land
    nodes = land.node_of("demand", region.demand["demand_id"])
    hospitals = land.node_of("hospitals", region.hospitals["hospital_id"])
    drive = travel_time.matrix(land.without_ferries(), nodes, hospitals)
    islands = region.demand["island_id"]
    allowed = router.receiving.allowed(islands, level)
    away = router.receiving.outside[None, :] & router.receiving.allowed(islands, "any")
    return np.asarray((~np.isnan(drive) & (allowed | away)).any(axis=1))


def result(router: Router, found: Numbers) -> dict[str, Any]:
    """Return the content of ``result.json``.

    `factor` is modelled over reported; `factor_off` the same or its inverse, whichever is above 1,
    which is how far off the model is. Both are null where no number is reported.
    `implied_critical_share` is the share of critical patients with which the reported air rescues
    would come out: a reading of the gap, not a value to use.
    """
    region, year = router.region, router.parameters.year
    told = [notice("year_check"), *scenario.notices(region)]
    names = region.islands.set_index("island_id")[["name_zh", "name_en", "county_zh"]]
    islands = found.islands.join(names, on="island_id").rename(columns={"county_zh": "county"})
    rows = [{str(k): v for k, v in row.items()} for row in islands.to_dict("records")]
    parameters = [
        row for row in router.parameters.as_rows() if str(row["name"]).startswith("year.")
    ]
    return {
        "schema": SCHEMA,
        "region": {key: region.meta_value(key) for key in ("name_zh", "name_en")},
        "network": region.network,
        "numbers": {
            "transfers": compared(found.transfers, year.reported_transfers),
            "air_rescues": compared(found.components["air_rescues"], year.reported_air_rescues),
        },
        "components": found.components,
        "flying_share": found.flying_share,
        "implied_critical_share": _implied(found, year),
        "islands": rows,
        "assumptions": parameters,
        "scenarios": scenario.scenarios_of(region),
        "notices": told,
    }


def _implied(found: Numbers, year: Year) -> float | None:
    flown = found.components["air_rescues"]
    if not (flown > 0 and year.reported_air_rescues > 0):
        return None
    return year.critical_share * year.reported_air_rescues / flown


def compared(modelled: float, reported: float) -> dict[str, float | None]:
    """Return a modelled number beside the reported one.

    Example:
        >>> compared(30.0, 60.0)
        {'modelled': 30.0, 'reported': 60.0, 'factor': 0.5, 'factor_off': 2.0}
    """
    known = reported > 0 and modelled > 0
    factor = modelled / reported if known else None
    return {
        "modelled": modelled,
        "reported": reported if reported > 0 else None,
        "factor": factor,
        "factor_off": None if factor is None else max(factor, 1.0 / factor),
    }
