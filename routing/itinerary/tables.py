"""One patient's itineraries as tables: legs, itineraries, places, refusals."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata import crs
from geodata.region import WGS84
from routing.itinerary.answer import Answer
from routing.itinerary.router import Router
from routing.itinerary.steps import Step

_LEG_COLUMNS = (
    "kind", "vehicle", "vehicle_post_id", "vehicle_post_zh", "vehicle_post_en", "crew_post_id",
    "crew_post_zh", "crew_post_en", "from_zh", "from_en", "to_zh", "to_en", "depart", "arrive",
    "depart_min", "arrive_min", "travel_min", "schematic",
)  # fmt: skip


def legs(router: Router, answer: Answer, found: dict[str, Any]) -> gpd.GeoDataFrame:
    """Return every leg of every itinerary; a leg that moves has a line, others have none.

    Args:
        router: the region.
        answer: the answer.
        found: the content of ``result.json`` made of it.
    """
    rows, shapes = [], []
    for number, (story, one) in enumerate(
        zip(answer.stories, found["itineraries"], strict=True), start=1
    ):
        for place, (step, leg) in enumerate(zip(story.steps, one["legs"], strict=True), start=1):
            sailing = leg["sailing"] or {}
            rows.append(
                {
                    "itinerary": number,
                    "leg": place,
                    **{name: leg[name] for name in _LEG_COLUMNS},
                    "ferry_link_id": sailing.get("link_id"),
                    "sails": sailing.get("departs"),
                }
            )
            shapes.append(_line(step, router.region.metric_crs))
    columns = ["itinerary", "leg", *_LEG_COLUMNS, "ferry_link_id", "sails"]
    table = pd.DataFrame(rows, columns=columns)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=WGS84), crs=WGS84)


def itineraries(found: dict[str, Any]) -> pd.DataFrame:
    """Return one row an itinerary."""
    return pd.DataFrame(
        [
            {
                "itinerary": number,
                "kind": one["kind"],
                "vehicle": one["vehicle"],
                "vehicle_post_zh": one["vehicle_post_zh"],
                "hospital_id": one["hospital"]["hospital_id"],
                "hospital_zh": one["hospital"]["name_zh"],
                "hospital_en": one["hospital"]["name_en"],
                "first_hospital_zh": one["first_hospital"] and one["first_hospital"]["name_zh"],
                "arrive_scene_min": one["arrive_scene_min"],
                "leave_scene_min": one["leave_scene_min"],
                "arrive_hospital_min": one["arrive_hospital_min"],
                "slower_by_min": one["slower_by_min"],
                "arrive_scene": one["clock"]["arrive_scene"],
                "leave_scene": one["clock"]["leave_scene"],
                "arrive_hospital": one["clock"]["arrive_hospital"],
            }
            for number, one in enumerate(found["itineraries"], start=1)
        ],
        columns=[
            "itinerary", "kind", "vehicle", "vehicle_post_zh", "hospital_id", "hospital_zh",
            "hospital_en", "first_hospital_zh", "arrive_scene_min", "leave_scene_min",
            "arrive_hospital_min", "slower_by_min", "arrive_scene", "leave_scene",
            "arrive_hospital",
        ],
    )  # fmt: skip


def places(router: Router, answer: Answer, found: dict[str, Any]) -> gpd.GeoDataFrame:
    """Return the scene, the hospitals and the posts of the itineraries as points."""
    at = found["at"]
    rows = [("scene", "scene", at["name_zh"], at["name_en"], shapely.Point(at["lon"], at["lat"]))]
    posts = router.counted
    for one in found["itineraries"]:
        for hospital in (one["hospital"], one["first_hospital"]):
            if hospital:
                point = shapely.Point(hospital["lon"], hospital["lat"])
                names = hospital["name_zh"], hospital["name_en"]
                rows.append(("hospital", hospital["hospital_id"], *names, point))
    for story in answer.stories:
        used = {step.post for step in story.steps} | {step.crew for step in story.steps}
        used |= {one.post for one in story.support}
        for row in sorted(used):
            if row >= 0:
                post = posts.iloc[row]
                names = str(post["name_zh"]), str(post["name_en"])
                rows.append(("post", str(post["post_id"]), *names, post.geometry))
    table = pd.DataFrame(rows, columns=["what", "id", "name_zh", "name_en", "geometry"])
    table = table.drop_duplicates(["what", "id"]).reset_index(drop=True)
    return gpd.GeoDataFrame(table, geometry="geometry", crs=WGS84)


def infeasible(found: dict[str, Any]) -> pd.DataFrame:
    """Return what could not be used, and why, one row each."""
    rows = []
    for what, key in (("posts", "post_id"), ("vehicles", "vehicle"), ("hospitals", "hospital_id")):
        rows += [
            {
                "what": what.removesuffix("s"),
                "id": one[key],
                "name_zh": one.get("name_zh"),
                "name_en": one.get("name_en"),
                "vehicle": one.get("vehicle"),
                "reason": one["reason"],
            }
            for one in found["infeasible"][what]
        ]
    return pd.DataFrame(rows, columns=["what", "id", "name_zh", "name_en", "vehicle", "reason"])


def geojson(lines: gpd.GeoDataFrame, points: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return lines and places as one GeoJSON feature collection (EPSG:4326, six decimals)."""
    features = []
    for table in (lines[lines.geometry.notna().to_numpy()], points):
        plain = pd.DataFrame(table.drop(columns="geometry"))
        for properties, shape in zip(plain.to_dict("records"), table.geometry, strict=True):
            features.append(
                {
                    "type": "Feature",
                    "properties": {k: _plain(v) for k, v in properties.items()},
                    "geometry": {
                        "type": shape.geom_type,
                        "coordinates": _coordinates(shape),
                    },
                }
            )
    return {"type": "FeatureCollection", "features": features}


def _coordinates(shape: Any) -> Any:
    found = np.round(shapely.get_coordinates(shape), 6).tolist()
    return found[0] if shape.geom_type == "Point" else found


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    return None if value is None or value != value else value


def _line(step: Step, metric_crs: str) -> shapely.LineString | None:
    if len(step.xy) < 2:
        return None
    return shapely.LineString(crs.to_wgs84(step.xy, metric_crs))
