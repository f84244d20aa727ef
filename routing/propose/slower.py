"""The minutes of a proposal's sites when travel takes longer.

Call handling, turnout and mobilisation stay what they are. All that comes after a vehicle moves
takes longer, and so does the drive of a medical crew to its boat, which leaves when it is ready and
its crew on board (`routing.propose.kinds.Start`).
"""

from __future__ import annotations

import numpy as np

from routing.brief.state import State
from routing.propose.columns import Columns
from routing.propose.kinds import Start, start
from routing.siting.problem import Floats, Ints
from routing.siting.sensitivity import lengthened


class Slower:
    """The minutes under one condition, for any lengthening of travel.

    Args:
        columns: the sites.
        state: today's responses under the condition.
        times_min: shape (demand, sites), as `routing.propose.columns.minutes` returns them.
    """

    def __init__(self, columns: Columns, state: State, times_min: Floats) -> None:
        table = columns.table
        fresh = ~table["existing"].to_numpy(bool)
        self._times_min = times_min
        self._new = [
            (mine, start(facility, table.iloc[mine], state))
            for facility in sorted(set(table.loc[fresh, "facility"]))
            for mine in [np.flatnonzero(fresh & (table["facility"] == facility).to_numpy())]
        ]
        place = {post: i for i, post in enumerate(table["id"]) if not fresh[i]}
        site = state.options.table["post_id"].map(place).fillna(-1).to_numpy(np.int64)
        self._options: Ints = np.flatnonzero(site >= 0)
        self._site: Ints = site[self._options]
        self._response_min = state.options.response_min[self._options].T
        self._start = _start_of_options(state, self._options)

    def minutes(self, slower: float) -> Floats:
        """Return the minutes from each site to each demand point, shape (demand, sites).

        Args:
            slower: how much longer travel takes, 0.1 for 10 %.
        """
        found = np.full(self._times_min.shape, np.nan)
        for mine, before in self._new:
            found[:, mine] = _longer(self._times_min[:, mine], before, slower)
        # Of the vehicles of a post another one may now be the fastest.
        options = _longer(self._response_min, self._start, slower)
        for site, minutes in zip(self._site.tolist(), options.T, strict=True):
            found[:, site] = np.fmin(found[:, site], minutes)
        return found


def _longer(times_min: Floats, before: Start, slower: float) -> Floats:
    return lengthened(times_min, slower, before.ready_min(), before.ready_min(slower))


def _start_of_options(state: State, options: Ints) -> Start:
    """Return when the vehicles of today move, as `routing.response` has it."""
    parameters, found = state.condition.applied_to(state.parameters), state.options
    call_min = parameters.clock.before_dispatch_min()
    crew_min = found.crew_road_min[options]
    alone = np.where(
        np.isnan(crew_min), found.prepare_min[options], parameters.boat.mobilisation_min
    )
    return Start(call_min + alone, call_min + parameters.ambulance.turnout_min, crew_min)
