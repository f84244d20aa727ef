"""What every part of a brief builds on: the region, its network and today's responses."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.names import latin
from geodata.region import Region
from routing import response
from routing.config import Parameters
from routing.land_network import LandNetwork
from routing.response import Best, Condition, Options

HEADLINE = ("confirmed", "assumed")
_ALL_VEHICLES = ("ambulance", "boat", "helicopter")
# Other views of what counts: kinds of evidence and of vehicle.
VARIANTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "confirmed": (("confirmed",), _ALL_VEHICLES),
    "confirmed_assumed": (HEADLINE, _ALL_VEHICLES),
    "with_clinics": (("confirmed", "assumed", "clinic"), _ALL_VEHICLES),
    "without_helicopter": (HEADLINE, ("ambulance", "boat")),
}


@dataclass(frozen=True)
class State:
    """The responses of today.

    Attributes:
        region, parameters, land, condition: what was asked.
        demand: one row a demand point: the layer's columns, `calls_per_year`, `response_min`,
            `vehicle` and the post (`post_id`, `post_zh`, `post_en`); the parts of the response once
            its legs are traced.
        options: every crew that counts in the headline.
        best: the fastest and second-fastest of them for each demand point.
    """

    region: Region
    parameters: Parameters
    land: LandNetwork
    condition: Condition
    demand: pd.DataFrame
    options: Options
    best: Best


def respond(
    region: Region, parameters: Parameters, land: LandNetwork, condition: Condition
) -> State:
    """Return the responses of the posts that count in the headline."""
    found = response.options(region, land, parameters, evidence=HEADLINE, condition=condition)
    winner = response.best(found)
    demand = pd.DataFrame(region.demand.drop(columns="geometry"))
    demand["calls_per_year"] = expected_calls(region, parameters)
    demand["response_min"] = winner.response_min
    demand["vehicle"] = pick(found.table["vehicle"], winner.option)
    demand["post_id"] = pick(found.table["post_id"], winner.option)
    demand["post_zh"] = pick(found.table["name_zh"], winner.option)
    demand["post_en"] = pick(latin_names(found.table), winner.option)
    return State(region, parameters, land, condition, demand, found, winner)


def seen_as(state: State, variant: str) -> State:
    """Return the responses under another view of what counts; the demand table stays.

    Args:
        state: the responses of today.
        variant: one of `VARIANTS`.
    """
    evidence, vehicles = VARIANTS[variant]
    running = tuple(v for v in state.condition.vehicles if v in vehicles)
    condition = replace(state.condition, vehicles=running)
    found = response.options(
        state.region, state.land, state.parameters, evidence=evidence, condition=condition
    )
    return replace(state, condition=condition, options=found, best=response.best(found))


def expected_calls(region: Region, parameters: Parameters) -> pd.Series:
    """Return the expected calls a year of each demand point: as given, else from its residents."""
    rate = parameters.demand.runs_per_1000_per_year / 1000.0
    calls: pd.Series = region.demand["calls_per_year"].fillna(region.demand["population"] * rate)
    return calls


def pick(values: pd.Series, rows: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return `values` at `rows`, None where a row is -1."""
    table = np.array([*values, None], dtype=object)
    return np.asarray(table[rows])


def latin_names(table: pd.DataFrame) -> pd.Series:
    """Return `name_en`, and pinyin of `name_zh` where it is blank."""
    names = [
        en if isinstance(en, str) else latin(str(zh))
        for zh, en in zip(table["name_zh"], table["name_en"], strict=True)
    ]
    return pd.Series(names, index=table.index, dtype=object)
