"""What the log says of the model's parameters: speeds by class and hour, turnout, call handling.

Recorded travel of ambulances is held against the modelled way; see `routing.audit.calibration_fit`
for the regression and when its result is refused. The outcome is a parameter file for ``--config``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from geodata import schemas
from geodata.jit import compiled
from routing.audit import calibration_fit, class_times
from routing.audit.calibration_fit import Fit, FitParameters, Trial
from routing.audit.class_times import CLASSES, FERRY, SYNTHETIC
from routing.config import Parameters
from routing.land_network import LandNetwork

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BANDS: Final = ("night", "morning_peak", "day", "evening_peak")
_BAND_OF_HOUR = np.array([0] * 6 + [2] + [1] * 2 + [2] * 7 + [3] * 2 + [2] * 4 + [0] * 2)
LEAST_S: Final = 60
"""Shorter travel is left out: the crew was there, or the stamp was pressed late."""
# Speeds that change by less are left as they are.
_LEAST_CHANGE = 0.005
ROW_SCHEMA: Final[dict[str, type[pl.DataType]]] = {
    "key": pl.UInt64,
    "post": pl.Int32,
    "node": pl.Int32,
    "hour": pl.Int8,
    "travel_s": pl.Int32,
    "island_id": pl.String,
}
"""Recorded travel of one call; `key` is a fixed hash of the call's stamps and places that samples
and folds go by, so that they are the same for any partition."""
PHASE_OF: Final = {
    "clock.call_handling_min": "call_handling",
    "ambulance.turnout_min": "turnout",
}
"""Which phase each parameter is the mean of."""


def is_peak(hour: int) -> bool:
    """Return whether an hour of the day belongs to a peak of the traffic."""
    return BANDS[_BAND_OF_HOUR[hour]].endswith("peak")


@dataclass(frozen=True)
class Moments:
    """Exact sums of a phase over all calls: number, seconds and squared seconds."""

    n: int
    total_s: int
    squares: int


@dataclass(frozen=True)
class Value:
    """One parameter as the log has it.

    Attributes:
        name: ``group.name`` of `routing.config`.
        value: as the parameter file takes it: a number, or 24 for the hours.
        before: the present value.
        n: calls that it rests on.
        low, high: 95 % interval, NaN where there is none for a list of hours.
        changed: whether it is written; else `reason` says why the present value stays.
        reason: ``changed``, ``few_calls``, ``no_difference`` or ``no_gain``.
    """

    name: str
    value: float | tuple[float, ...]
    before: float | tuple[float, ...]
    n: int
    low: float
    high: float
    changed: bool
    reason: str


@dataclass(frozen=True)
class Calibration:
    """The outcome.

    Attributes:
        calls: rows of recorded travel used.
        level: the model taken, one of `LEVELS`; ``present`` refuses any change of speeds.
        trials: how well each model predicts calls that it has not seen.
        values: parameters, changed or kept.
        pace: by class and band: pace, its interval, and calls.
        comparison: recorded against modelled by class, hour and island; see `compared`.
        least_calls: a class with fewer has no pace of its own.
    """

    calls: int
    level: str
    trials: tuple[Trial, ...]
    values: tuple[Value, ...]
    pace: pl.DataFrame
    comparison: pl.DataFrame
    least_calls: int
    fit: Fit = field(repr=False)


def sample(parts: Iterable[pl.DataFrame], *, most: int = 20_000) -> pl.DataFrame:
    """Return at most `most` rows of all parts, those with the smallest keys, in a fixed order.

    It may be applied to some parts first and then to their samples: the result is the same.
    """
    whole = pl.concat([pl.DataFrame(schema=ROW_SCHEMA), *parts])
    order = [name for name in ROW_SCHEMA if name != "key"]
    return whole.sort("key", *order, nulls_last=True).head(most)


def mixed(columns: Sequence[NDArray[Any]]) -> NDArray[np.uint64]:
    """Return a hash of several whole numbers (splitmix64, Steele et al. 2014)."""
    state = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        _mix(state, column.astype(np.int64))
    return state


@compiled
def _mix(state: NDArray[np.uint64], column: Ints) -> None:
    for i in range(state.shape[0]):
        word = state[i] + np.uint64(column[i]) + np.uint64(0x9E3779B97F4A7C15)
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state[i] = word ^ (word >> np.uint64(31))


def calibrate(
    table: pl.DataFrame,
    land: LandNetwork,
    post_nodes: Ints,
    parameters: Parameters,
    *,
    phases: Mapping[str, Moments] | None = None,
    given: FitParameters | None = None,
) -> Calibration:
    """Return the parameters that the log speaks for, and whether they predict better.

    Args:
        table: rows of `sample`.
        land: the ambulance network at no hour of its own, made with `parameters`.
        post_nodes: network node of each post code.
        parameters: the present ones.
        phases: sums of ``call_handling`` and ``turnout`` over all used calls.
        given: how speeds are fitted and judged.
    """
    given = given or FitParameters()
    base, keep = _minutes(table, land, post_nodes)
    table, base = table.filter(pl.Series(keep)), base[keep]
    hour = table["hour"].to_numpy().astype(np.int64)
    recorded = table["travel_s"].to_numpy() / 60.0
    present = base / _factors(parameters)[:, hour].T
    band = _BAND_OF_HOUR[hour]
    fold = (table["key"].to_numpy() % np.uint64(given.folds)).astype(np.int64)
    tried = calibration_fit.trials(present, recorded, band, len(BANDS), fold, given)
    level = next((t.level for t in reversed(tried) if t.taken), "present")
    fit = calibration_fit.fitted(present, recorded, band, len(BANDS), level, given)
    after = calibration_fit.predicted(present, band, fit.pace)
    values = [
        *_phase_values(parameters, phases or {}, given),
        *_speed_values(parameters, fit, base, hour, level, given),
    ]
    return Calibration(
        len(table), level, tuple(tried), tuple(values), _pace_table(fit),
        compared(table, base, present.sum(axis=1), after), given.least_calls, fit,
    )  # fmt: skip


def _minutes(
    table: pl.DataFrame, land: LandNetwork, post_nodes: Ints
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return minutes by road class at base speeds, and which rows have a way without a ferry."""
    start = np.asarray(post_nodes)[table["post"].to_numpy()]
    by_class = class_times.split(land, start, table["node"].to_numpy().astype(np.int64))
    ferry = by_class[:, CLASSES.index(FERRY)]
    minutes = by_class[:, : CLASSES.index(FERRY)].astype(float)
    return minutes, np.asarray((ferry == 0) & (minutes.sum(axis=1) >= 0.5))


def _factors(parameters: Parameters) -> Floats:
    """Return the present speed factor by class and hour, shape (classes without ferry, 24)."""
    names = [*schemas.ROAD_CLASSES, "residential"]
    return np.array([getattr(parameters.traffic, name) for name in names], float)


def _phase_values(
    parameters: Parameters, phases: Mapping[str, Moments], given: FitParameters
) -> list[Value]:
    """Return means of phases; one replaces the present value where its interval excludes that."""
    found = []
    for name, phase in PHASE_OF.items():
        group, key = name.split(".")
        before = float(getattr(getattr(parameters, group), key))
        sums = phases.get(phase)
        if sums is None or sums.n < given.least_calls:
            n = 0 if sums is None else sums.n
            found.append(Value(name, before, before, n, np.nan, np.nan, False, "few_calls"))
            continue
        mean = sums.total_s / sums.n
        variance = (sums.n * sums.squares - sums.total_s**2) / (sums.n * (sums.n - 1))
        half = 1.96 * np.sqrt(variance / sums.n)
        low, high = (mean - half) / 60.0, (mean + half) / 60.0
        value = round(mean / 60.0, 3)
        changed = not low <= before <= high
        reason = "changed" if changed else "no_difference"
        found.append(
            Value(name, value if changed else before, before, sums.n, low, high, changed, reason)
        )
    return found


def _speed_values(
    parameters: Parameters,
    fit: Fit,
    base: Floats,
    hour: Ints,
    level: str,
    given: FitParameters,
) -> list[Value]:
    """Return speed_factor, access_speed_kmh and the hours of each class.

    Without a clock time only the first two count, so they carry the mean over the log; the hours
    hold what is left.
    """
    factors = _factors(parameters)
    speed = factors / fit.pace[:, _BAND_OF_HOUR]  # against base speeds, by class and hour
    real, synthetic = slice(0, len(schemas.ROAD_CLASSES)), CLASSES.index(SYNTHETIC)
    minutes_after = base / speed[:, hour].T if len(base) else base
    overall = _ratio(base[:, real], minutes_after[:, real])
    access = _ratio(base[:, synthetic], minutes_after[:, synthetic])
    residential = schemas.ROAD_CLASSES.index("residential")
    calls = fit.calls.sum(axis=1)
    now, streets = parameters.ambulance, int(calls[synthetic])
    trips = int((base[:, real].sum(axis=1) >= calibration_fit.LEAST_DRIVEN_MIN).sum())
    found = [
        _scaled("ambulance.speed_factor", now.speed_factor, overall, trips, level, given),
        _scaled("ambulance.access_speed_kmh", now.access_speed_kmh, access, streets, level, given),
    ]
    overall = overall if found[0].changed else 1.0
    access = access if found[1].changed else 1.0
    for k, name in enumerate(schemas.ROAD_CLASSES):
        before = tuple(float(f) for f in factors[k])
        hours = speed[k] / overall
        n = int(calls[k])
        if k == residential and n < streets:
            # Streets are synthetic here, and take the hours of residential roads.
            hours, n = speed[synthetic] / access, streets
        after_hours = tuple(round(float(f), 4) for f in hours)
        moved = max(abs(a - b) for a, b in zip(after_hours, before, strict=True))
        # Of a class with few calls too: it keeps the pace that the fit gave it, as the mean of all
        # roads moves.
        changed = level != "present" and moved > _LEAST_CHANGE
        reason = _reason(changed, n, level, given)
        value = after_hours if changed else before
        found.append(Value(f"traffic.{name}", value, before, n, np.nan, np.nan, changed, reason))
    return found


def _ratio(minutes: Floats, after: Floats) -> float:
    """Return by which factor the mean speed rises; 1 where nothing was driven."""
    return float(minutes.sum() / after.sum()) if after.sum() > 0 else 1.0


def _scaled(
    name: str, before: float, ratio: float, n: int, level: str, given: FitParameters
) -> Value:
    value = round(before * ratio, 4)
    changed = level != "present" and n >= given.least_calls and abs(ratio - 1) > _LEAST_CHANGE
    reason = _reason(changed, n, level, given)
    return Value(name, value if changed else before, before, n, np.nan, np.nan, changed, reason)


def _reason(changed: bool, n: int, level: str, given: FitParameters) -> str:
    if changed:
        return "changed"
    if level == "present":
        return "no_gain"
    return "few_calls" if n < given.least_calls else "no_difference"


def _pace_table(fit: Fit) -> pl.DataFrame:
    table = [
        {
            "road_class": CLASSES[c],
            "hours": band,
            "pace": float(fit.pace[c, b]),
            "pace_low": float(fit.low[c, b]),
            "pace_high": float(fit.high[c, b]),
            "calls": int(fit.calls[c, b]),
        }
        for c in range(len(fit.pace))
        for b, band in enumerate(BANDS)
        if fit.calls[c, b] > 0
    ]
    schema = {"road_class": pl.String, "hours": pl.String, "pace": pl.Float64,
              "pace_low": pl.Float64, "pace_high": pl.Float64, "calls": pl.Int64}  # fmt: skip
    return pl.DataFrame(table, schema=schema).with_columns(
        pl.col("pace_low", "pace_high").fill_nan(None)
    )


def compared(table: pl.DataFrame, base: Floats, before: Floats, after: Floats) -> pl.DataFrame:
    """Return recorded against modelled travel by class, hour and island.

    Args:
        table: rows with `hour`, `island_id` and `travel_s`.
        base: minutes by class, shape (n, classes); a call counts to the class it drove longest on.
        before, after: minutes modelled with the present and the calibrated speeds, shape (n,).

    Returns:
        `by` (``all``, ``road_class``, ``hour`` or ``island``), `group`, `calls`, and means
        `recorded_min`, `modelled_min`, `calibrated_min`, medians of the ratios recorded/modelled
        and recorded/calibrated, `ratio_before` and `ratio_after`.
    """
    longest = [CLASSES[k] for k in base.argmax(axis=1)] if len(base) else []
    frame = pl.DataFrame(
        {
            "all": ["all"] * len(table),
            "road_class": longest,
            "hour": table["hour"].cast(pl.String).str.zfill(2),
            "island": table["island_id"],
            "recorded_min": table["travel_s"] / 60.0,
            "modelled_min": before,
            "calibrated_min": after,
        },
        schema_overrides={"road_class": pl.String, "all": pl.String},
    )
    minutes = ("recorded_min", "modelled_min", "calibrated_min")
    ratio = {f"ratio_{w}": (pl.col("recorded_min") / pl.col(m)).median()
             for w, m in (("before", "modelled_min"), ("after", "calibrated_min"))}  # fmt: skip
    parts = [
        frame.filter(pl.col(by).is_not_null())
        .group_by(pl.col(by).alias("group"))
        .agg(pl.len().cast(pl.Int64).alias("calls"), *(pl.col(m).mean() for m in minutes), **ratio)
        .sort("group")
        .select(pl.lit(by).alias("by"), pl.all())
        for by in ("all", "road_class", "hour", "island")
    ]
    return pl.concat(parts)
