"""Conditions: weather and light, what they stop and slow, and how much of the year they take.

>>> catalogue = load()
>>> catalogue.get("fog", daylight="night").key
'fog@night'
>>> round(sum(one.probability for one in catalogue.likely()), 9)
1.0
"""

from routing.conditions.catalogue import YEAR_DAYS, Catalogue, Entry, Likely, day_share
from routing.conditions.condition import DAYLIGHT, Condition, daylight_of
from routing.conditions.match import check
from routing.conditions.reading import load

__all__ = [
    "DAYLIGHT",
    "YEAR_DAYS",
    "Catalogue",
    "Condition",
    "Entry",
    "Likely",
    "check",
    "day_share",
    "daylight_of",
    "load",
]
