"""Points of the map as rows: those that lie on an island, with names and ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from geodata.osm import naming
from geodata.osm.extract import Feature, Floats
from geodata.osm.islands import Ground
from geodata.region import WGS84

# Two features of one kind this near to each other are one, when a name does not tell them apart.
_SAME_PLACE_M = 200.0
_SAME_NAME_M = 600.0


class Given(TypedDict):
    """Source and accuracy that every row of an import shares."""

    source_id: str
    accuracy_m: float


def lonlat(features: Sequence[Feature]) -> Floats:
    """Return the positions of features, degrees, shape (n, 2)."""
    return np.array([(f.lon, f.lat) for f in features], dtype=float).reshape(-1, 2)


def in_area(features: Sequence[Feature], area: BaseGeometry) -> list[Feature]:
    """Return the features that lie in the area."""
    at = lonlat(features)
    shapely.prepare(area)
    inside = np.flatnonzero(shapely.intersects_xy(area, at[:, 0], at[:, 1]))
    return [features[k] for k in inside.tolist()]


def without_twins(features: Sequence[Feature], ground: Ground) -> tuple[list[Feature], int]:
    """Return features once each, and how many were mapped twice.

    A point inside the area of another of the same kind is that one; so is a nameless one next to
    another, and one of the same name in the neighbourhood. Areas are kept before points, named ones
    before nameless ones; what the twin knows and the kept one does not is taken over.
    """
    if not features:
        return [], 0
    order = sorted(
        features,
        key=lambda f: (f.shape is None, not naming.both(f.tags)[0], -_size(f), f.ident),
    )
    xy = ground.metres(lonlat(order))
    near = cKDTree(xy).query_ball_point(xy, _SAME_NAME_M)
    kept: list[int] = []
    tags: dict[int, dict[str, str]] = {}
    for k, feature in enumerate(order):
        twin = next(
            (j for j in near[k] if j in tags and _are_twins(order[j], feature, xy[j] - xy[k])), None
        )
        if twin is None:
            kept.append(k)
            tags[k] = dict(feature.tags)
        else:
            tags[twin] = {**feature.tags, **tags[twin]}
    unique = [
        Feature(order[k].ident, order[k].lon, order[k].lat, tags[k], order[k].shape) for k in kept
    ]
    return sorted(unique, key=_position), len(order) - len(unique)


def table(
    features: Sequence[Feature],
    ground: Ground,
    key: str,
    unnamed: str,
    *,
    source_id: str,
    accuracy_m: float,
) -> tuple[gpd.GeoDataFrame, list[Feature]]:
    """Return rows for the features that are on an island, and those features in the same order.

    Args:
        features: what to list.
        ground: the islands.
        key: name of the id column.
        unnamed: catalogue key below ``osm.unnamed.`` for those without a name.
        source_id, accuracy_m: source and accuracy of every row.
    """
    island = ground.island_ids(lonlat(features))
    here = [(f, i) for f, i in zip(features, island, strict=True) if i is not None]
    names = [naming.or_unnamed(f.tags, unnamed, n) for n, (f, _) in enumerate(here, start=1)]
    rows = pd.DataFrame(
        {
            key: naming.unique(
                naming.slug(en) if named and naming.slug(en) else f"{unnamed}-{f.ident}"
                for (f, _), (_, en, named) in zip(here, names, strict=True)
            ),
            "name_zh": [zh for zh, _, _ in names],
            "name_en": [en for _, en, _ in names],
            "island_id": [i for _, i in here],
            "position_accuracy_m": accuracy_m,
            "source_ids": source_id,
        }
    )
    at = lonlat([f for f, _ in here])
    return gpd.GeoDataFrame(rows, geometry=shapely.points(at), crs=WGS84), [f for f, _ in here]


def first_tag(tags: Mapping[str, str], *keys: str) -> str:
    """Return the value of the first of `keys` that a thing has, "" where it has none."""
    return next((tags[k].strip() for k in keys if tags.get(k, "").strip()), "")


def _are_twins(one: Feature, other: Feature, apart: Floats) -> bool:
    if one.shape is not None and one.shape.intersects(shapely.Point(other.lon, other.lat)):
        return True
    far_m = float(np.hypot(*apart))
    a, b = naming.both(one.tags)[0], naming.both(other.tags)[0]
    if a and b:
        return a == b and far_m <= _SAME_NAME_M
    return far_m <= _SAME_PLACE_M and not b


def _size(feature: Feature) -> float:
    return 0.0 if feature.shape is None else float(feature.shape.area)


def _position(feature: Feature) -> tuple[str, int]:
    return feature.ident[0], int(feature.ident[1:])
