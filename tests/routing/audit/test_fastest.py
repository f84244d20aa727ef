from __future__ import annotations

import numpy as np
import pytest

from geodata import region as regions
from routing import config, land_network, response
from routing.audit.fastest import Fastest
from routing.conditions import Condition


@pytest.mark.parametrize(("hour", "light"), [(2, "night"), (8, "day")])
def test_the_fastest_response_is_that_of_the_response_model(hour: int, light: str) -> None:
    region, parameters = regions.load("zhoushan"), config.load()
    land = land_network.build(region, parameters)
    found = response.options(
        region, land.at_hour(hour, parameters), parameters, condition=Condition(daylight=light)
    )
    best = response.best(found)
    fastest = Fastest.of(region, land, parameters)
    seconds, option = fastest.response_s[hour], fastest.option[hour]
    reached = ~np.isnan(best.response_min)
    assert np.array_equal(seconds >= 0, reached)
    assert np.array_equal(option >= 0, reached)
    assert np.abs(seconds[reached] - 60 * best.response_min[reached]).max() <= 0.5 + 1e-6
    who = found.table.iloc[best.option[reached]]
    ours = [fastest.options[k] for k in option[reached]]
    assert ours == list(zip(who["post_id"], who["vehicle"], strict=True))
