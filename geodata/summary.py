"""What is in a region, as one table-free summary."""

from __future__ import annotations

from typing import Any

import pandas as pd

from geodata import landmass, schemas, validate
from geodata.region import Region

SCHEMA = "island-response/region/1"


def summary(region: Region) -> dict[str, Any]:
    """Return counts, population, landmasses, sources and notices of a valid region.

    Returns:
        A dict of plain values, ready for JSON: rows by layer, posts by evidence and by kind and by
        vehicle, population by county and by zone and by island, landmasses of more than one island,
        links by status, sources, and what to know about the data in both languages.
    """
    layers = region.layers
    posts, demand, islands = layers["posts"], layers["demand"], layers["islands"]
    vehicles = posts["vehicles"].fillna("").str.split(";").explode().str.strip()
    return {
        "schema": SCHEMA,
        "name_zh": region.meta_value("name_zh"),
        "name_en": region.meta_value("name_en"),
        "network": region.network,
        "metric_crs": region.metric_crs,
        "content_sha256": region.content_hash,
        "rows": {one.name: len(layers[one.name]) for one in schemas.LAYERS},
        "posts_by_evidence": _counts(posts["evidence"], schemas.EVIDENCE),
        "posts_by_kind": _counts(posts["kind"], schemas.POST_KINDS),
        "posts_by_vehicle": _counts(vehicles, schemas.VEHICLES),
        "roads_by_status": _counts(layers["roads"]["status"], schemas.LINK_STATUS),
        "ferries_by_status": _counts(layers["ferries"]["status"], schemas.FERRY_STATUS),
        "islands_by_habitation": _counts(islands["inhabited"], ("yes", "no", "unknown")),
        "population": _round(demand["population"].sum()),
        "population_by_county": _sums(demand, "county_zh"),
        "population_by_zone": _sums(demand, "zone"),
        "landmasses": landmasses(region),
        "sources": _records(layers["sources"]),
        "notices": [
            {"key": n.key, "where": n.where, "text_zh": n.text("zh"), "text_en": n.text("en")}
            for n in validate.warnings(region)
        ],
    }


def landmasses(region: Region) -> list[dict[str, Any]]:
    """Return the landmasses of more than one island, by population and then by id.

    Each has the id of its largest island, the names of its islands and its population.
    """
    islands = region.layers["islands"]
    own = landmass.assign(islands, region.layers["roads"])
    people = region.layers["demand"].groupby("island_id")["population"].sum()
    table = pd.DataFrame(
        {
            "landmass_id": own,
            "name_zh": islands["name_zh"],
            "population": islands["island_id"].map(people).fillna(0.0),
        }
    )
    found = [
        {
            "landmass_id": str(ident),
            "islands": group["name_zh"].tolist(),
            "population": _round(group["population"].sum()),
        }
        for ident, group in table.groupby("landmass_id", sort=True)
        if len(group) > 1
    ]
    return sorted(found, key=lambda one: (-one["population"], one["landmass_id"]))


def _counts(values: pd.Series, order: tuple[str, ...]) -> dict[str, int]:
    counts = values.value_counts()
    return {name: int(counts.get(name, 0)) for name in order}


def _sums(demand: pd.DataFrame, column: str) -> dict[str, float]:
    sums = demand.groupby(column, sort=False)["population"].sum()
    return {str(name): _round(total) for name, total in sums.items()}


def _round(value: float) -> float:
    """Return people as a whole number where they are one."""
    rounded = round(float(value), 3)
    return int(rounded) if rounded.is_integer() else rounded


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    plain = table.astype(object).where(table.notna(), None)
    return [{str(k): v for k, v in row.items()} for row in plain.to_dict("records")]
