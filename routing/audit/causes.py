"""Why late: the seconds that a call took beyond its target, split over causes without remainder.

A late call has the excess ``E = response - target > 0``, whole seconds. With norms ``h`` for what
passes before dispatch and ``u`` for turnout, the road has the budget ``a = target - h - u``. Let
``near`` be the modelled travel from the nearest post that had crews, ``free`` that from the
nearest one with a crew free by the log itself, ``sent`` that from the post that went, and ``t``
the recorded travel. Times over the norm, in the order of `CAUSES`:

====================  ===========================================================================
``handling``          ``(recorded before dispatch - h)+``
``turnout``           ``(recorded turnout - u)+``
``distance``          ``(near - a)+``: no post is near enough even with a free crew
``crossing_water``    the same where the nearest post's way takes a ferry; all of ``(t - a)+`` where
                      the vehicle was a boat, or a helicopter to another landmass; what no model
                      of the road explains where post and call lie on different landmasses
``crew_busy``         ``(free - max(near, a))+``: crews of every nearer post were out by the log
``farther_post``      ``(sent - max(free, a))+``: a nearer post had a crew free by the log
``weather``           ``(t - max(sent, a))+`` where a table of conditions says bad weather
``slow_travel``       the same in other weather: slower than modelled
``unexplained``       what remains: stamps or places are missing
====================  ===========================================================================

The road's terms telescope, so that with all stamps and places known they add up to ``(t - a)+`` and
nothing is unexplained. Where something was faster than its norm, the terms add up to more than E.
The attribution is a sequence of counterfactuals: each cause in turn is set to its norm, and is
charged with what that takes off the lateness still there. So charges add up to E exactly, and a
cause that comes later in the order is charged only what earlier ones leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from routing.audit import cause_loops, codes
from routing.audit.crews import Crews
from routing.audit.modelled import UNKNOWN, Modelled, vehicle_class
from routing.audit.weather import Weather
from routing.config import Parameters

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

CAUSES: Final = (
    "handling",
    "turnout",
    "distance",
    "crossing_water",
    "crew_busy",
    "farther_post",
    "weather",
    "slow_travel",
    "unexplained",
)
"""Causes in the order in which they are charged; texts are below ``audit_causes.cause``."""

_NUMBERS = ("response_s", "turnout_s", "travel_s", "dispatch_s", "arrive_s", "hour", "node")
COLUMNS: Final = tuple(f"{cause}_late_s" for cause in CAUSES)
NO_CAUSE: Final = len(CAUSES)
_MISSING = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Norms:
    """What a call may take before the road, and when it is late; whole seconds.

    Attributes:
        before_dispatch_s: from the start stamp to dispatch.
        turnout_s: from dispatch to departure.
        target_s: by zone; a call is late when its response is greater.
    """

    before_dispatch_s: int
    turnout_s: int
    target_s: dict[str, int]

    @classmethod
    def of(cls, parameters: Parameters) -> Norms:
        """Return the norms of the response model; its start stamp is the audit's."""
        return cls(
            round(60 * parameters.clock.before_dispatch_min()),
            round(60 * parameters.ambulance.turnout_min),
            {zone: round(60 * parameters.target.of(zone)) for zone in ("main_urban", "rural")},
        )


@dataclass(frozen=True)
class Explainer:
    """All that the causes of a late call are told from; picklable.

    Attributes:
        modelled: modelled times of the region.
        norms: what is within the norm.
        crews: record of all jobs of the log, or None where it cannot be told who was out. Without
            one, or where it names no vehicle of any post that the region knows, the posts that
            count in the region's headline are taken, with a crew always free.
        weather: table of conditions, or None.
    """

    modelled: Modelled
    norms: Norms
    crews: Crews | None = None
    weather: Weather | None = None

    def explain(self, calls: pl.DataFrame) -> pl.DataFrame:
        """Return for each used call what it is charged with and what the model says of it.

        Args:
            calls: used calls with `response_s`, `turnout_s`, `travel_s`, `dispatch_s`, `arrive_s`,
                `hour`, `zone`, `island_id`, `node`, `post`, `vehicle_kind`.

        Returns:
            one row a call in the same order: `excess_s` (0 where in time, null where the zone and
            so the target is unknown); the charges `COLUMNS` (whole seconds, their sum is
            `excess_s`); `main_cause` (place in `CAUSES` of the greatest charge, the earlier of
            equals; null where not late); `modelled_s` (travel from the post that went),
            `nearest_s` and `free_s` (travel from the nearest post with crews and from the nearest
            with one free) and `nearest_post` (post id); null where unknown.
        """
        facts = _Facts.of(calls, self)
        excess = np.maximum(facts.response - facts.target, 0)
        excess[~facts.judged] = 0
        charges = _charged(facts.over(self.norms), excess)
        main = np.where(excess > 0, charges.argmax(axis=0), NO_CAUSE)
        names = pl.Series([*self.modelled.post_ids, None], dtype=pl.String)
        columns = {
            "excess_s": pl.Series(excess.astype(np.int32)).set(pl.Series(~facts.judged), None),
            **{c: pl.Series(charges[k].astype(np.int32)) for k, c in enumerate(COLUMNS)},
            "main_cause": _nullable(np.where(main == NO_CAUSE, UNKNOWN, main), pl.Int8()),
            "modelled_s": _nullable(facts.sent, pl.Int32()),
            "nearest_s": _nullable(facts.near, pl.Int32()),
            "free_s": _nullable(facts.free, pl.Int32()),
            "nearest_post": names.gather(
                np.where(facts.near_post < 0, len(names) - 1, facts.near_post)
            ),
        }
        return pl.DataFrame(columns)


@dataclass(frozen=True)
class _Facts:
    """Arrays of one part, shape (n,); seconds, -1 for unknown among modelled times."""

    response: Ints
    target: Ints
    judged: Flags
    before: Ints
    turnout: Ints
    travel: Ints
    near: Ints
    near_post: Ints
    near_by_ferry: Flags
    free: Ints
    sent: Ints
    vehicle: Ints
    same_mass: Flags
    other_mass: Flags
    bad_weather: Flags

    @classmethod
    def of(cls, calls: pl.DataFrame, by: Explainer) -> _Facts:
        modelled, norms = by.modelled, by.norms
        target = _coded(calls["zone"], norms.target_s)
        response, turnout, travel, dispatch, arrive, hour, node = (
            _filled(calls[name]) for name in _NUMBERS
        )
        known = (dispatch != _MISSING) & (arrive != _MISSING)
        before = np.where(known, response - (arrive - dispatch), _MISSING)
        post = _coded(calls["post"], None, modelled)
        vehicle = _classes(calls["vehicle_kind"])
        mass = _coded(calls["island_id"], modelled.mass_of_island)
        own = np.append(modelled.mass_of_post, np.int32(UNKNOWN))[post]
        both = (own >= 0) & (mass >= 0)
        node = np.where(node < 0, UNKNOWN, node)
        near_post, near, free = _nearest(by, post, node, hour, dispatch)
        ferry = np.zeros(len(calls), dtype=bool)
        found = near_post >= 0
        ferry[found] = modelled.by_ferry[near_post[found], node[found]]
        return cls(
            response=response,
            target=target,
            judged=target >= 0,
            before=before,
            turnout=turnout,
            travel=travel,
            near=near,
            near_post=near_post,
            near_by_ferry=ferry,
            free=free,
            sent=modelled.travel_seconds(post, node, hour).astype(np.int64),
            vehicle=vehicle,
            same_mass=both & (own == mass),
            other_mass=both & (own != mass),
            bad_weather=_bad_weather(by.weather, dispatch, arrive, response),
        )

    def over(self, norms: Norms) -> Ints:
        """Return seconds over the norm of each cause but the last, shape (causes - 1, n)."""
        budget = self.target - norms.before_dispatch_s - norms.turnout_s
        driven = self.vehicle == 0
        timed = self.travel != _MISSING
        # No cause on the road can have cost more than the road took.
        most = np.where(timed, np.maximum(self.travel, budget), np.iinfo(np.int64).max)
        reach = [budget]
        for modelled in (self.near, self.free, self.sent):
            known = driven & (modelled >= 0)
            step = np.where(known, np.maximum(modelled, reach[-1]), reach[-1])
            reach.append(np.minimum(step, most))
        near, busy, farther = (reach[k + 1] - reach[k] for k in range(3))
        rest = np.where(timed, np.maximum(self.travel - reach[3], 0), 0)
        by_water = self._by_water()
        slow = np.where(driven & (self.sent >= 0) & ~by_water, rest, 0)
        over = np.zeros((len(CAUSES) - 1, len(budget)), np.int64)
        over[0] = _beyond(self.before, norms.before_dispatch_s)
        over[1] = _beyond(self.turnout, norms.turnout_s)
        over[2] = np.where(self.near_by_ferry, 0, near)
        over[3] = np.where(self.near_by_ferry, near, 0) + np.where(by_water, rest, 0)
        over[4], over[5] = busy, farther
        over[6] = np.where(self.bad_weather, slow, 0)
        over[7] = np.where(self.bad_weather, 0, slow)
        return over

    def _by_water(self) -> Flags:
        """Return where what the road's model leaves of the travel is put down to the water."""
        flown_over = (self.vehicle == 2) & ~self.same_mass
        return np.asarray((self.vehicle == 1) | flown_over | self.other_mass)


def _charged(over: Ints, excess: Ints) -> Ints:
    """Return what each cause is charged with, shape (causes, n): in order, until E is used up."""
    left = excess.copy()
    charges = np.empty((len(CAUSES), len(excess)), np.int64)
    for k, seconds in enumerate(over):
        charges[k] = np.minimum(left, seconds)
        left -= charges[k]
    charges[-1] = left
    return charges


def _nearest(
    by: Explainer, post: Ints, node: Ints, hour: Ints, dispatch: Ints
) -> tuple[Ints, Ints, Ints]:
    """Return the nearest post with crews, travel from it, and travel from the nearest free one."""
    modelled, crews, n = by.modelled, by.crews, len(post)
    near_post, near, free = (np.full(n, UNKNOWN, np.int64) for _ in range(3))
    if not len(modelled.post_ids):
        return near_post, near, free
    if crews is None or not crews.crews.any():
        manned = modelled.counted.astype(np.int32)[:, None]
        first = np.zeros(len(manned) + 1, np.int64)
        nobody = np.empty(0, np.int64)
        record = (first, nobody, nobody, manned)
        month = np.zeros(n, np.int64)
    else:
        record = (crews.first, crews.begins, crews.ends, crews.crews)
        month = crews.month(np.where(dispatch == _MISSING, 0, dispatch))
    cause_loops.nearest(
        post, node, hour, np.where(dispatch == _MISSING, UNKNOWN, dispatch), month,
        modelled.hour_class, modelled.is_open, modelled.order, modelled.travel_s, record,
        near_post, near, free,
    )  # fmt: skip
    return near_post, near, free


def _beyond(seconds: Ints, norm: int) -> Ints:
    return np.where(seconds == _MISSING, 0, np.maximum(seconds - norm, 0))


def _bad_weather(weather: Weather | None, dispatch: Ints, arrive: Ints, response: Ints) -> Flags:
    """Return whether the weather was bad when the crew was sent, or the call came in."""
    if weather is None:
        return np.zeros(len(dispatch), dtype=bool)
    came = np.where(arrive == _MISSING, _MISSING, arrive - response)
    return weather.bad(np.where(dispatch == _MISSING, came, dispatch))


def _filled(series: pl.Series) -> Ints:
    if series.dtype == pl.Int64 and not series.null_count():
        return series.to_numpy()
    return series.cast(pl.Int64).fill_null(int(_MISSING)).to_numpy()


def _coded(
    series: pl.Series, table: Mapping[str, int] | None, modelled: Modelled | None = None
) -> Ints:
    """Return the number that each text stands for, -1 where it stands for none."""
    found = codes.encode(series)
    if modelled is not None:
        numbers = modelled.match(found.labels).tolist()
    else:
        numbers = [(table or {}).get(name, UNKNOWN) for name in found.labels]
    return np.array([UNKNOWN, *numbers], np.int64)[found.codes]


def _classes(series: pl.Series) -> Ints:
    found = codes.encode(series)
    return np.array([0, *map(vehicle_class, found.labels)], np.int64)[found.codes]


def _nullable(values: Ints, kind: pl.DataType) -> pl.Series:
    series = pl.Series(values).cast(kind)
    return series if (values >= 0).all() else series.set(pl.Series(values < 0), None)


def tally(explained: pl.DataFrame, group: pl.Series, labels: tuple[str, ...]) -> NDArray[np.int64]:
    """Return late calls and charged seconds by group and cause; tallies of parts add up.

    Args:
        explained: of `Explainer.explain`.
        group: group of each call (text, null for unknown), shape (n,).
        labels: all groups.

    Returns:
        shape (groups + 1, causes, 3), the last group for unknown: calls charged with anything,
        calls whose greatest charge it is, and seconds.
    """
    place = {label: k for k, label in enumerate(labels)}
    code = _coded(group, place)
    code = np.where(code < 0, len(labels), code)
    main = explained["main_cause"].cast(pl.Int64).fill_null(NO_CAUSE).to_numpy()
    total = np.zeros((len(labels) + 1, len(CAUSES), 3), np.int64)
    for k, column in enumerate(COLUMNS):
        seconds = explained[column].to_numpy().astype(np.int64)
        for slot, values in enumerate((seconds > 0, main == k, seconds)):
            # Sums below 2^53 stay whole in floats: 10^8 calls of a day each are within.
            sums = np.bincount(code, weights=values.astype(float), minlength=len(labels) + 1)
            total[:, k, slot] = np.rint(sums).astype(np.int64)
    return total
