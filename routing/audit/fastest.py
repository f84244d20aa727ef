"""Who would be first at each demand point by the model, hour by hour, over land, sea and air."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.region import Region
from routing import response
from routing.audit.modelled import UNKNOWN, hour_classes
from routing.conditions import Condition
from routing.config import Parameters
from routing.land_network import LandNetwork


@dataclass(frozen=True, eq=False)
class Fastest:
    """The fastest response of a counted post whose crews are all free, in calm weather.

    Attributes:
        response_s: to each demand point in each hour, seconds, -1 for none, shape (24, points).
        option: who gives it, a place in `options`, -1 for none, same shape.
        options: post id and vehicle of each.
    """

    response_s: NDArray[np.int32]
    option: NDArray[np.int16]
    options: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, region: Region, land: LandNetwork, parameters: Parameters) -> Fastest:
        """Return the fastest responses of a region.

        Args:
            region: a valid region.
            land: its ambulance network, at no hour of its own.
            parameters: the response model.
        """
        classes, hour_class = hour_classes(land, parameters)
        shape = (24, len(region.demand))
        best_s, option = np.full(shape, UNKNOWN, np.int32), np.full(shape, UNKNOWN, np.int16)
        table: dict[tuple[str, str], int] = {}
        seen: dict[tuple[object, ...], int] = {}
        for hour in range(24):
            light = parameters.helicopter.daylight_at(60.0 * hour + 30.0)
            is_open = [response.is_open(h, 60.0 * hour + 30.0) for h in region.posts["hours"]]
            key = (int(hour_class[hour]), light, *is_open)
            if key in seen:
                best_s[hour], option[hour] = best_s[seen[key]], option[seen[key]]
                continue
            seen[key] = hour
            running = region.replace(posts=region.posts[np.array(is_open, dtype=bool)])
            found = response.options(
                running, classes[hour_class[hour]], parameters, condition=Condition(daylight=light)
            )
            choice = response.best(found)
            minutes = choice.response_min
            best_s[hour] = np.where(np.isnan(minutes), UNKNOWN, np.rint(minutes * 60.0))
            pairs = zip(found.table["post_id"], found.table["vehicle"], strict=True)
            codes = [table.setdefault((str(p), str(v)), len(table)) for p, v in pairs]
            option[hour] = np.array([*codes, UNKNOWN], np.int16)[choice.option]
        return cls(best_s, option, tuple(table))
