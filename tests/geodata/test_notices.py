"""What is told of a region that breaks no rule."""

from __future__ import annotations

import numpy as np

from geodata import notices, region
from tests.fixtures import archipelago


def without_frequency(**ferry: object) -> list[object]:
    """Return how many ferries are told to have none, where the first has what `ferry` says."""
    tables = archipelago.tables()
    ferries = tables["ferries"].astype({"departures_per_day": float})
    for name in ("departures", "departures_back"):
        ferries[name] = None
    for name, value in ferry.items():
        ferries.loc[ferries.index[0], name] = value
    place = region.from_tables({**tables, "ferries": ferries})
    told = notices.notices(place)
    return [one.value for one in told if one.key == "ferry_without_frequency"]


def test_a_ferry_with_listed_sailings_is_not_told_to_lack_a_frequency() -> None:
    """The second ferry of the fixture has neither a number nor a list."""
    assert without_frequency() == [1]
    assert without_frequency(departures_per_day=np.nan) == [2]
    assert without_frequency(departures_per_day=np.nan, departures="07:00;17:00") == [1]
