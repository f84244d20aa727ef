"""Posts, hospitals, helipads and fire stations from the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Unpack

import geopandas as gpd
import pandas as pd

from geodata.osm import naming, points
from geodata.osm.assumptions import Assumptions
from geodata.osm.extract import Feature, Tags
from geodata.osm.islands import Ground

_GONE = ("abandoned", "disused", "demolished", "ruins", "razed", "proposed", "construction")


@dataclass
class Counts:
    """What was dropped or guessed, for the import report."""

    mapped_twice: int = 0
    off_islands: list[str] = field(default_factory=list)
    not_in_use: int = 0
    fire_stations: list[dict[str, object]] = field(default_factory=list)


@dataclass(frozen=True)
class Facilities:
    """The layers of facilities and what an import report says about them."""

    posts: gpd.GeoDataFrame
    hospitals: gpd.GeoDataFrame
    helipads: gpd.GeoDataFrame
    counts: Counts


def build(
    features: Sequence[Feature], ground: Ground, *, source_id: str, assumptions: Assumptions
) -> Facilities:
    """Return the facilities of an extract.

    Ambulance stations are ``confirmed`` posts; so are hospitals with `emergency=yes`. Other
    hospitals are ``assumed``, those with `emergency=no` and all clinics and doctors are ``clinic``:
    first aid, no crew on the road. Fire stations are no posts; the report lists them as possible
    sites.

    Args:
        features: places and facilities inside the area.
        ground: the islands.
        source_id: id of the source that each row names.
        assumptions: gives the accuracy of positions.
    """
    counts = Counts()
    used = [f for f in features if not _is_gone(f.tags)]
    counts.not_in_use = len(features) - len(used)
    groups = {kind: [f for f in used if _kind(f.tags) == kind] for kind in _KINDS}
    for kind, group in groups.items():
        groups[kind], twins = points.without_twins(group, ground)
        counts.mapped_twice += twins
    given: points.Given = {
        "source_id": source_id,
        "accuracy_m": assumptions.position_accuracy_m,
    }
    hospitals = _hospitals(groups["hospital"], ground, counts, **given)
    helipads = _helipads(groups["helipad"], ground, counts, **given)
    parts = [_posts(groups[kind], kind, ground, counts, **given) for kind in _POST_KIND]
    posts = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    fire, kept = points.table(groups["fire"], ground, "id", "fire_station", **given)
    counts.fire_stations = [
        {"id": f.ident, "name": str(name), "lon": round(f.lon, 6), "lat": round(f.lat, 6)}
        for f, name in zip(kept, fire["name_zh"], strict=True)
    ]
    return Facilities(_unique_ids(posts, "post_id"), hospitals, helipads, counts)


_KINDS = ("station", "hospital", "clinic", "helipad", "fire")
_POST_KIND = {
    "station": "ambulance_station",
    "hospital": "hospital",
    "clinic": "health_centre",
}


def _kind(tags: Tags) -> str:
    if tags.get("emergency") == "ambulance_station":
        return "station"
    if "hospital" in (tags.get("amenity"), tags.get("healthcare")):
        return "hospital"
    if tags.get("amenity") in ("clinic", "doctors") or tags.get("healthcare") in (
        "clinic",
        "centre",
        "doctor",
    ):
        return "clinic"
    if tags.get("aeroway") in ("helipad", "heliport"):
        return "helipad"
    return "fire" if tags.get("amenity") == "fire_station" else ""


def _is_gone(tags: Tags) -> bool:
    if "ruins" in (tags.get("historic"), tags.get("building")):
        return True
    if "ruin" in tags.get("name", "").lower().replace("ruins", "ruin").split():
        return True
    return any(tags.get(key, "no") not in ("no", "") for key in _GONE)


def evidence(tags: Tags, kind: str) -> str:
    """Return how sure it is that a place of `kind` sends crews: see `build`."""
    if kind == "station":
        return "confirmed"
    # An emergency department takes patients in; that it sends crews out is no more than likely.
    return "clinic" if kind == "clinic" or tags.get("emergency") == "no" else "assumed"


def _posts(
    features: Sequence[Feature],
    kind: str,
    ground: Ground,
    counts: Counts,
    *,
    source_id: str,
    accuracy_m: float,
) -> gpd.GeoDataFrame:
    table, kept = points.table(
        features, ground, "post_id", kind, source_id=source_id, accuracy_m=accuracy_m
    )
    if kind != "hospital":  # hospitals are counted with their own layer
        _note_strays(features, kept, counts)
    table["kind"] = _POST_KIND[kind]
    table["evidence"] = [evidence(f.tags, kind) for f in kept]
    table["vehicles"] = "ambulance"
    table["hours"] = ["24h" if _is_always_open(f.tags) else None for f in kept]
    table["note"] = [_post_note(f.tags, kind) for f in kept]
    return table


def _hospitals(
    features: Sequence[Feature], ground: Ground, counts: Counts, **given: Unpack[points.Given]
) -> gpd.GeoDataFrame:
    table, kept = points.table(features, ground, "hospital_id", "hospital", **given)
    _note_strays(features, kept, counts)
    beds = [points.first_tag(f.tags, "beds", "capacity:beds") for f in kept]
    table["beds"] = [float(b) if b.isdigit() else None for b in beds]
    table["status"] = "existing"
    return table


def _helipads(
    features: Sequence[Feature], ground: Ground, counts: Counts, **given: Unpack[points.Given]
) -> gpd.GeoDataFrame:
    table, kept = points.table(features, ground, "helipad_id", "helipad", **given)
    _note_strays(features, kept, counts)
    table["status"] = "existing"
    access = [points.first_tag(f.tags, "access", "aeroway:access", "military") for f in kept]
    table["note"] = [f"access: {a}" if a else None for a in access]
    return table


def _note_strays(features: Sequence[Feature], kept: Sequence[Feature], counts: Counts) -> None:
    here = {f.ident for f in kept}
    counts.off_islands += [
        f"{points.first_tag(f.tags, 'name:en', 'name') or '-'} ({f.ident})"
        for f in features
        if f.ident not in here
    ]


def _post_note(tags: Tags, kind: str) -> str:
    if kind == "station":
        return "emergency=ambulance_station"
    emergency = tags.get("emergency", "")
    said = f"emergency={emergency}" if emergency else "emergency: not tagged"
    return f"{tags.get('amenity') or 'healthcare=' + tags.get('healthcare', '')}; {said}"


def _is_always_open(tags: Tags) -> bool:
    return tags.get("opening_hours", "").replace(" ", "") == "24/7"


def _unique_ids(table: gpd.GeoDataFrame, key: str) -> gpd.GeoDataFrame:
    table[key] = pd.Series(naming.unique(table[key]), index=table.index, dtype=object)
    return table
