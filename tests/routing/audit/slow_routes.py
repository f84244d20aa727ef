"""Why late and what is calibrated on, the slow way: tables of texts, one call a row.

What `routing.audit.charging` says of the stored numbers of parts in compiled loops is held against
this: `calls` makes a table of a part, `explain` charges every call of it with its causes by the
formulas of `routing.audit.causes`, `tally` counts them, and `rows` takes what speeds are calibrated
on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from routing.audit import calibration, codes
from routing.audit.causes import CAUSES, Explainer, Norms
from routing.audit.modelled import UNKNOWN, Modelled, vehicle_class
from routing.audit.weather import Weather
from routing.audit.work import Prepared
from tests.routing.audit import slow_crews

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

COLUMNS: Final = tuple(f"{cause}_late_s" for cause in CAUSES)
NO_CAUSE: Final = len(CAUSES)
_NUMBERS = ("response_s", "turnout_s", "travel_s", "dispatch_s", "arrive_s", "hour", "node")
_MISSING = np.iinfo(np.int64).min


def calls(part: Prepared, rows: NDArray[np.int64]) -> pl.DataFrame:
    """Return rows of a part as the model's side takes them: texts, and nulls where unknown."""
    columns = part.columns("rows")
    start = columns["start_s"][rows]
    dispatch = columns["dispatch_after_s"][rows].astype(np.int64)
    known = {
        name: _known(columns[name][rows].astype(np.int64))
        for name in ("response_s", "turnout_s", "travel_s", "node")
    }
    texts = {"zone": "zone", "island": "island_id", "post": "post", "vehicle_kind": "vehicle_kind"}
    return pl.DataFrame(
        {
            **known,
            "dispatch_s": pl.Series(start + dispatch).set(pl.Series(dispatch < 0), None),
            "arrive_s": start + columns["response_s"][rows],
            "hour": columns["hour"][rows].astype(np.int64),
            **{
                name: _texts(columns[key][rows], part.facts["labels"][key])
                for key, name in texts.items()
            },
        }
    )


def explain(by: Explainer, calls: pl.DataFrame) -> pl.DataFrame:
    """Return for each used call what it is charged with and what the model says of it.

    Args:
        by: what the causes are told from.
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
    facts = _Facts.of(calls, by)
    excess = np.maximum(facts.response - facts.target, 0)
    excess[~facts.judged] = 0
    charges = _charged(facts.over(by.norms), excess)
    main = np.where(excess > 0, charges.argmax(axis=0), NO_CAUSE)
    names = pl.Series([*by.modelled.post_ids, None], dtype=pl.String)
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
            sent=travel_seconds(modelled, post, node, hour),
            vehicle=vehicle,
            same_mass=both & (own == mass),
            other_mass=both & (own != mass),
            bad_weather=_bad_weather(by.weather, dispatch, arrive, response),
        )

    def over(self, norms: Norms) -> Ints:
        """Return seconds over the norm of each cause but the last, shape (causes - 1, n)."""
        leaving = np.array(norms.leaving_s)[self.vehicle]
        budget = self.target - norms.before_dispatch_s - leaving
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
        over[1] = _beyond(self.turnout, leaving)
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


def travel_seconds(modelled: Modelled, post: Ints, node: Ints, hour: Ints) -> Ints:
    """Return modelled travel by ambulance, whole seconds; -1 where unknown or without a way."""
    known = (post >= 0) & (node >= 0)
    if not known.any():
        return np.full(len(post), UNKNOWN)
    found = modelled.travel_s[
        modelled.hour_class[hour], np.where(known, post, 0), np.where(known, node, 0)
    ]
    return np.where(known, found, UNKNOWN).astype(np.int64)


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
    """Return the nearest post with crews, travel from it, and travel from the nearest free one.

    A post counts where it has crews in the month and is open at the hour; the post that went counts
    in any case, and as free. Without a time of dispatch every crew counts as free; without a record
    of crews the posts that count in the region's headline have one each that is always free.

    Args:
        by: what the causes are told from.
        post, node, hour: of each call, -1 for unknown post and node, shape (n,).
        dispatch: local seconds, negative where unknown, shape (n,).

    Returns:
        post code and seconds, -1 where there is none, shape (n,).
    """
    m, crews, n = by.modelled, by.crews, len(post)
    near_post, near, free = (np.full(n, UNKNOWN, np.int64) for _ in range(3))
    recorded = crews is not None and crews.crews.any()
    for i in np.flatnonzero(node >= 0):
        at_s = max(int(dispatch[i]), 0)
        manned = crews.crews[:, slow_crews.month(crews, at_s)] if recorded else m.counted
        speeds = m.hour_class[hour[i]]
        for p in m.order[speeds, node[i]]:
            seconds, went = m.travel_s[speeds, p, node[i]], p == post[i]
            if seconds < 0:
                break
            if not went and not (manned[p] and m.is_open[hour[i], p]):
                continue
            if near[i] < 0:
                near_post[i], near[i] = p, seconds
            told = recorded and not went and dispatch[i] >= 0
            if not told or slow_crews.out(crews, p, at_s) < manned[p]:
                free[i] = seconds
                break
    return near_post, near, free


def _beyond(seconds: Ints, norm: Ints | int) -> Ints:
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
        explained: of `explain`.
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


def rows(
    calls: pl.DataFrame,
    modelled: Modelled,
    *,
    least_s: int = calibration.LEAST_S,
    most: int = 20_000,
) -> pl.DataFrame:
    """Return what calibration needs of one part of a log.

    Args:
        calls: used calls with `dispatch_s`, `arrive_s`, `travel_s`, `hour`, `post`, `node`,
            `vehicle_kind`, `island_id`.
        modelled: knows the posts.
        least_s: travel shorter than this is left out.
        most: of `calibration.sample`; rows that it would leave out in any case are left out here.

    Returns:
        columns `calibration.ROW_SCHEMA`, of ambulances of known posts to known nodes; `key` is a
        fixed hash of the call's stamps and places that samples and folds go by, so that they are
        the same for any partition.
    """
    named, kinds = codes.encode(calls["post"]), codes.encode(calls["vehicle_kind"])
    post = np.array([-1, *modelled.match(named.labels)], np.int32)[named.codes]
    driven = np.array([True, *(vehicle_class(name) == 0 for name in kinds.labels)])[kinds.codes]
    fits = (
        pl.lit(pl.Series((post >= 0) & driven))
        & pl.col("node").is_not_null()
        & (pl.col("travel_s") >= least_s)
        & pl.col("dispatch_s").is_not_null()
        & pl.col("arrive_s").is_not_null()
    )
    table = calls.select(
        pl.lit(pl.Series(post)).alias("post"),
        pl.col("node").cast(pl.Int32),
        pl.col("hour").cast(pl.Int8),
        pl.col("travel_s").cast(pl.Int32),
        pl.col("dispatch_s", "arrive_s"),
        pl.col("island_id"),
        fits.alias("fits"),
    ).filter("fits")
    columns = [table[c].to_numpy() for c in ("dispatch_s", "arrive_s", "post", "node")]
    key = pl.Series(calibration.mixed(columns), dtype=pl.UInt64)
    if len(key) > most:
        low = key <= key.bottom_k(most).max()
        table, key = table.filter(low), key.filter(low)
    table = table.with_columns(pl.col("island_id").cast(pl.String), key=key)
    return table.select(list(calibration.ROW_SCHEMA))


def _known(values: NDArray[np.int64]) -> pl.Series:
    series = pl.Series(values)
    return series.set(series < 0, None)


def _texts(numbers: NDArray[Any], labels: Sequence[str]) -> pl.Series:
    """Return numbers as the texts that they stand for, null for 0."""
    names = pl.Series([None, *labels], dtype=pl.String)
    return names.gather(numbers.astype(np.uint32))
