"""A synthetic but honest log: what a 120 centre's export of a region would look like.

Calls are drawn from the region's demand in time order, crews are sent by a queue (the nearest free
one goes, a busy post's neighbour answers, and where all are out the call waits), and the usual dirt
is added. Every record says that it is simulated; nothing in it is about anybody. What is assumed
stands in `routing.audit.sample_parameters`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from geodata.region import Region
from routing.audit.sample_calls import HEADINGS, Calls
from routing.audit.sample_dirt import soiled
from routing.audit.sample_parameters import MARK, SIMULATED, SampleParameters
from routing.audit.sample_world import World
from routing.config import Parameters
from routing.land_network import LandNetwork

__all__ = ["HEADINGS", "MARK", "SIMULATED", "Sample", "SampleParameters", "draw", "is_synthetic"]


@dataclass(frozen=True)
class Sample:
    """A simulated log.

    Attributes:
        table: one row a record as a centre would export it, Chinese headings, `MARK` included;
            stamps are datetimes without zone.
        truth: one row a record in the same order: `call` (number of the call), `dirt` (what was
            done to the record, blank for nothing), `handling_extra_s`, `turnout_extra_s`,
            `waited_s` (for a free crew), `weather`, `nearest_post`, `post` (ids), `overlooked`,
            `travel_s`, `demand_row`.
        weather: `from`, `until`, `condition`: the fog and gales of the log.
    """

    table: pl.DataFrame
    truth: pl.DataFrame
    weather: pl.DataFrame


def is_synthetic(headings: Iterable[str]) -> bool:
    """Return whether records say that they are simulated: every output then has to say so too.

    Args:
        headings: columns of the log, for instance `Mapping.headings`.
    """
    return any(heading.strip() == MARK for heading in headings)


def draw(
    region: Region,
    land: LandNetwork,
    parameters: Parameters,
    n: int,
    *,
    seed: int = 0,
    given: SampleParameters | None = None,
) -> Sample:
    """Return a simulated log of `n` calls; the same arguments give the same log.

    Args:
        region: a valid region.
        land: its ambulance network.
        parameters: the response model.
        n: number of calls; records are some more.
        seed: of all random numbers.
        given: how it is simulated.
    """
    given = given or SampleParameters()
    world = World.of(region, land, parameters, given)
    calls = Calls.drawn(world, n, np.random.default_rng(seed))
    rng = np.random.default_rng([seed, 1])
    table, truth = soiled(calls.table(), calls.truth(), HEADINGS, given.dirt, rng)
    return Sample(table, truth, calls.weather)
