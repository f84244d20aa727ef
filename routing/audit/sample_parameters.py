"""How a log is simulated: profiles over the day and year, and every other number.

Sources of the profiles: `city8-2008` (eight large Chinese cities, 2008): busiest hours 20-22,
quietest 4-6, busiest quarter the first, call handling 2.16 min (sd 1.10), time on scene 12.12 min
(sd 5.96). All other numbers are assumptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from routing.audit.sample_dirt import DirtParameters

MARK: Final = "数据性质"
SIMULATED: Final = "模拟"

# Calls by hour of the day: least at 4-6 and most at 20-22 (city8-2008), the shape between assumed.
HOURS: Final = (2.9, 2.5, 2.2, 2.0, 1.8, 1.9, 2.9, 4.0, 4.9, 5.1, 4.9, 4.6,
          4.4, 4.3, 4.4, 4.5, 4.6, 4.7, 5.0, 5.4, 5.9, 5.7, 4.6, 3.6)  # fmt: skip
# Calls by month: most in the first quarter (city8-2008), the size of the difference assumed.
MONTHS: Final = (1.10, 1.08, 1.06, 0.98, 0.97, 0.97, 1.01, 1.02, 0.96, 0.95, 0.96, 1.02)
# Calls by weekday from Monday, assumed.
WEEKDAYS: Final = (1.02, 0.99, 0.98, 0.98, 1.01, 1.02, 1.00)
TYPES: Final = (("急救", 0.86), ("院间转运", 0.09), ("回家", 0.02), ("其他", 0.03))
PRIORITIES: Final = (("危重", 0.12), ("急症", 0.55), ("一般", 0.33))


@dataclass(frozen=True)
class SampleParameters:
    """How a log is simulated; means and standard deviations in minutes.

    Attributes:
        first_day: first day of the log.
        years: years it spans, or None: as many as the region needs for so many calls, 1 to 5. More
            calls than five years bring are drawn denser, with a fleet that grows along.
        answering_s: seconds to answer, median.
        handling_sd: of call handling; the mean is the parameters'.
        turnout_sd: of turnout; the mean is the parameters'.
        scene, scene_sd, handover, handover_sd: at the scene and at the hospital.
        load: greatest mean share of time that a post's vehicles are out.
        least_vehicles: of each post, where the region gives no number.
        trip_spread: spread of single trips around the mean, standard deviation of the logarithm.
        pace: true time on each class of road against the model (1.2 takes a fifth longer), by
            class of `routing.audit.class_times`.
        peak_pace: further factor at 7-9 and 16-18.
        weather_pace: further factor in fog and gales.
        slow_handling, slow_turnout: shares of calls that take long for no good reason.
        overlooked: share of calls for which the nearest free post is overlooked.
        wait_limit: longest travel, minutes, that a crew is sent for while nearer ones are out.
        flown: share of calls for which the helicopter goes where it would be fastest.
        dirt: what is wrong with the records.
    """

    first_day: date = date(2024, 1, 1)
    years: int | None = None
    answering_s: float = 6.0
    handling_sd: float = 1.10
    turnout_sd: float = 0.8
    scene: float = 12.12
    scene_sd: float = 5.96
    handover: float = 15.0
    handover_sd: float = 6.0
    load: float = 0.35
    least_vehicles: int = 1
    trip_spread: float = 0.15
    pace: Mapping[str, float] = field(default_factory=dict)
    peak_pace: float = 1.1
    weather_pace: float = 1.35
    slow_handling: float = 0.02
    slow_turnout: float = 0.03
    overlooked: float = 0.02
    wait_limit: float = 60.0
    flown: float = 0.04
    dirt: DirtParameters = field(default_factory=DirtParameters)
