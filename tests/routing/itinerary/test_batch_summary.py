"""What the result of a table of patients says of all of them."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from routing.itinerary import batch
from tests.routing.itinerary import isles


def test_nine_in_ten_is_the_smallest_time_that_holds_them_as_in_all_outputs() -> None:
    found = gpd.GeoDataFrame(
        {
            "status": ["ok"] * 3 + ["no_crew"],
            "condition": "calm",
            "daylight": "day",
            "arrive_hospital_min": [22.28, 65.8, 96.32, None],
        }
    ).astype({"arrive_hospital_min": float})
    told = batch.summary(isles.random_router(0), found, pd.DataFrame())
    (group,) = told["groups"]
    assert (group["median_hospital_min"], group["p90_hospital_min"]) == (65.8, 96.32)
    nobody = batch.summary(isles.random_router(0), found[3:], pd.DataFrame())["groups"][0]
    assert nobody["median_hospital_min"] != nobody["median_hospital_min"]
