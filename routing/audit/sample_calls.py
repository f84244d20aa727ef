"""Simulated calls in time order: when, where, who went, and how long each phase took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from routing.audit import sample_loops
from routing.audit.sample_parameters import (
    HOURS,
    MARK,
    MONTHS,
    PRIORITIES,
    SIMULATED,
    TYPES,
    WEEKDAYS,
    SampleParameters,
)
from routing.audit.sample_world import World, fleet
from routing.audit.weather import Weather

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HEADINGS: Final = {
    "dial": "呼救时间",
    "answer": "受理时间",
    "dispatch": "派车时间",
    "depart": "出车时间",
    "arrive": "到达现场时间",
    "leave": "离开现场时间",
    "hospital": "到达医院时间",
    "clear": "返站时间",
}
_DAY_S = 86_400
_ROAD, _BOAT, _AIR = range(3)


@dataclass(frozen=True)
class Calls:
    """Simulated calls in time order, arrays of shape (n,); stamps in seconds, -1 for none."""

    world: World
    stamps: dict[str, Ints]
    lon: Floats
    lat: Floats
    place: Ints
    post: Ints
    vehicle: Ints
    kind: Ints
    kinds: dict[str, Ints]
    transported: NDArray[np.bool_]
    facts: dict[str, NDArray[Any]]
    weather: pl.DataFrame

    @classmethod
    def drawn(cls, world: World, n: int, rng: np.random.Generator) -> Calls:
        """Return `n` calls."""
        given, minutes = world.given, world.parameters
        days = _days(n, float(world.weight.sum()), given)
        dial = _times(n, days, given.first_day, rng)
        hour = (dial % _DAY_S) // 3600
        place = rng.choice(len(world.weight), n, p=world.weight / world.weight.sum())
        answer = dial + np.maximum(1, _rounded(rng.lognormal(np.log(given.answering_s), 0.5, n)))
        slow = np.where(rng.random(n) < given.slow_handling, rng.integers(300, 900, n), 0)
        handling = _gamma(minutes.clock.call_handling_min, given.handling_sd, n, rng) + slow
        late = np.where(rng.random(n) < given.slow_turnout, rng.integers(180, 480, n), 0)
        turnout = _gamma(minutes.ambulance.turnout_min, given.turnout_sd, n, rng) + late
        weather, spells = _weather(days, given, rng)
        bad = weather.bad(answer)
        pace = rng.lognormal(-(given.trip_spread**2) / 2, given.trip_spread, n)
        pace *= np.where(bad, given.weather_pace, 1.0)
        scene = np.maximum(60, _gamma(given.scene, given.scene_sd, n, rng))
        ride = _rounded(world.hospital_min[place] * 60.0 * pace) + 60
        handover = np.maximum(120, _gamma(given.handover, given.handover_sd, n, rng))
        transported = rng.random(n) < 0.85
        back = np.where(transported, ride + handover + ride // 2, 600)
        ready = answer + handling
        sent = _sent(world, ready, hour, place, pace, turnout, scene + back, given, rng)
        dispatch = ready + sent["waited"]
        depart = dispatch + np.where(sent["water"], sent["mobilisation"], turnout)
        arrive = depart + sent["moving"]
        leave = arrive + scene
        hospital = leave + ride
        clear = np.where(transported, hospital + handover + ride // 2, leave + 600)
        times = (dial, answer, dispatch, depart, arrive, leave, hospital, clear)
        stamps = dict(zip(HEADINGS, times, strict=True))
        lon, lat = _jittered(world, place, rng)
        facts = {
            "handling_extra_s": slow, "turnout_extra_s": np.where(sent["water"], 0, late),
            "waited_s": sent["waited"], "weather": bad, "nearest": sent["nearest"],
            "overlooked": sent["overlooked"], "travel_s": sent["moving"], "demand_row": place,
        }  # fmt: skip
        kinds = {"type": _pick(TYPES, n, rng), "priority": _pick(PRIORITIES, n, rng)}
        return cls(world, stamps, lon, lat, place, sent["post"], sent["vehicle"], sent["kind"],
                   kinds, transported, facts, spells)  # fmt: skip

    def table(self) -> pl.DataFrame:
        """Return the calls as clean records, as a centre would export them."""
        n, demand = len(self.place), self.world.region.demand
        number = pl.Series(np.arange(n) + 1).cast(pl.String).str.zfill(8)
        stamps = {
            HEADINGS[name]: pl.Series(values * 1000).cast(pl.Datetime("ms"))
            for name, values in self.stamps.items()
        }
        went = pl.Series(self.transported)
        stamps[HEADINGS["hospital"]] = stamps[HEADINGS["hospital"]].set(~went, None)
        return pl.DataFrame(
            {
                MARK: pl.Series([SIMULATED], dtype=pl.Enum([SIMULATED])).new_from_index(0, n),
                "呼救编号": "M" + number,
                **stamps,
                "经度": self.lon.round(6),
                "纬度": self.lat.round(6),
                "县区": _gathered(demand["county_zh"].tolist(), self.place),
                "乡镇": _gathered(demand["township_zh"].tolist(), self.place),
                "出车站点": _gathered(self.world.names["name"].to_list(), self.post),
                "车辆编号": "舟模" + pl.Series(self.vehicle + 1).cast(pl.String).str.zfill(3),
                "车辆类型": _gathered(["救护车", "急救船", "直升机"], self.kind),
                "呼叫类型": _gathered([name for name, _ in TYPES], self.kinds["type"]),
                "病情等级": _gathered([name for name, _ in PRIORITIES], self.kinds["priority"]),
                "出车结果": _gathered(["送医院", "现场处置"], (~self.transported).astype(int)),
            }
        )

    def truth(self) -> pl.DataFrame:
        """Return what really happened, one row a call."""
        ids = self.world.names["post_id"].to_list()
        facts = dict(self.facts)
        nearest = facts.pop("nearest")
        return pl.DataFrame(
            {
                "call": np.arange(len(self.place)),
                **facts,
                "post": _gathered(ids, self.post),
                "nearest_post": _gathered(ids, np.asarray(nearest, np.int64)),
            }
        )


def _days(n: int, per_year: float, given: SampleParameters) -> int:
    years = given.years
    if years is None:
        years = int(np.clip(round(n / max(per_year, 1.0)), 1, 5))
    first = given.first_day
    return (date(first.year + years, first.month, min(first.day, 28)) - first.replace(
        day=min(first.day, 28))).days  # fmt: skip


def _times(n: int, days: int, first: date, rng: np.random.Generator) -> Ints:
    """Return the times of calls, local seconds, ascending."""
    start = np.datetime64(first, "D")
    day = start + np.arange(days)
    month = day.astype("datetime64[M]").astype(np.int64) % 12
    weekday = (day.astype(np.int64) + 3) % 7
    share = np.array(MONTHS)[month] * np.array(WEEKDAYS)[weekday]
    chosen = rng.choice(days, n, p=share / share.sum())
    hour = rng.choice(24, n, p=np.array(HOURS) / sum(HOURS))
    base = int(start.astype(np.int64)) * _DAY_S
    return np.sort(base + chosen * _DAY_S + hour * 3600 + rng.integers(0, 3600, n))


def _sent(
    world: World,
    ready: Ints,
    hour: Ints,
    place: Ints,
    pace: Floats,
    turnout: Ints,
    busy_after: Ints,
    given: SampleParameters,
    rng: np.random.Generator,
) -> dict[str, Ints]:
    """Return who went: by water where no road leads or boats are faster, else by the queue."""
    n = len(ready)
    post, vehicle, nearest = (np.full(n, -1, np.int64) for _ in range(3))
    waited, moving = np.zeros(n, np.int64), np.zeros(n, np.int64)
    overlooked = rng.random(n) < given.overlooked
    flown = (world.air_s[hour, place] >= 0) & (rng.random(n) < given.flown)
    kind = np.where(flown, _AIR, np.where(world.water_s[place] >= 0, _BOAT, _ROAD))
    rows = np.flatnonzero(kind == _ROAD)
    free_at, first = fleet(world, ready, hour, place, busy_after, given)
    order = rows[np.argsort(ready[rows], kind="stable")]
    out = [np.full(len(order), -1, np.int64) for _ in range(3)]
    out += [np.zeros(len(order), np.int64) for _ in range(2)]
    sample_loops.send(
        ready[order], hour[order], place[order], world.order, world.travel_s, first,
        free_at, overlooked[order], pace[order], turnout[order], busy_after[order],
        round(60 * given.wait_limit), *out,
    )  # fmt: skip
    for whole, part in zip((post, vehicle, nearest, waited, moving), out, strict=True):
        whole[order] = part
    water = kind != _ROAD
    seconds = np.where(flown, world.air_s[hour, place], world.water_s[place])
    base = np.where(flown, world.air_post[hour, place], world.water_post[place])
    minutes = world.parameters
    ready_min = np.array([0.0, minutes.boat.mobilisation_min, minutes.helicopter.mobilisation_min])
    ready_s = _rounded(ready_min[kind] * 60.0)
    rest = seconds - round(60 * minutes.clock.before_dispatch_min()) - ready_s
    return {
        "post": np.where(water, base, post),
        "vehicle": np.where(water, 900 + base, vehicle),
        "nearest": np.where(water, base, nearest),
        "waited": waited,
        "moving": np.where(water, _rounded(np.maximum(rest, 300) * pace), moving),
        "kind": kind,
        "water": water,
        "mobilisation": ready_s,
        "overlooked": overlooked & ~water & (post != nearest),
    }


def _weather(
    days: int, given: SampleParameters, rng: np.random.Generator
) -> tuple[Weather, pl.DataFrame]:
    """Return fog (mornings, March to June) and gales (autumn and winter), about 35 a year."""
    start = int(np.datetime64(given.first_day, "D").astype(np.int64))
    day = start + np.arange(days)
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    fog = np.isin(month, (3, 4, 5, 6)) & (rng.random(days) < 0.2)
    gale = np.isin(month, (11, 12, 1, 2)) & (rng.random(days) < 0.09)
    rows = []
    for which, name, first, last in ((fog, "大雾", 1, 12), (gale, "大风", 0, 24)):
        for d in day[which]:
            begin = int(d) * _DAY_S + int(rng.integers(first, first + 4)) * 3600
            rows.append((begin, begin + int(rng.integers(4, last)) * 3600, name))
    rows.sort()
    table = pl.DataFrame(
        rows, schema={"from": pl.Int64, "until": pl.Int64, "condition": pl.String}, orient="row"
    ).with_columns((pl.col("from", "until") * 1000).cast(pl.Datetime("ms")))
    return Weather.of((b, e) for b, e, _ in rows), table


def _jittered(world: World, place: Ints, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return places spread over the cell of their demand point, degrees."""
    reach = world.jitter_m[place]
    lon, lat = world.lon_lat[place].T
    north = rng.uniform(-1, 1, len(place)) * reach / 111_000.0
    east = rng.uniform(-1, 1, len(place)) * reach / (111_000.0 * np.cos(np.radians(lat)))
    return lon + east, lat + north


def _gamma(mean_min: float, sd_min: float, n: int, rng: np.random.Generator) -> Ints:
    """Return whole seconds of a gamma distribution."""
    if mean_min <= 0:
        return np.zeros(n, np.int64)
    shape = (mean_min / sd_min) ** 2
    return _rounded(rng.gamma(shape, 60.0 * mean_min / shape, n))


def _rounded(seconds: Floats) -> Ints:
    return np.rint(seconds).astype(np.int64)


def _pick(table: tuple[tuple[str, float], ...], n: int, rng: np.random.Generator) -> Ints:
    share = np.array([s for _, s in table])
    return rng.choice(len(table), n, p=share / share.sum())


def _gathered(names: Sequence[object], codes: NDArray[np.integer]) -> pl.Series:
    """Return names by their place, null for -1 and for a blank name."""
    known = [name if isinstance(name, str) else None for name in names]
    kind = pl.Enum(list(dict.fromkeys(n for n in known if n is not None)))
    table = pl.Series([*known, None], dtype=kind)
    return table.gather(np.where(codes < 0, len(known), codes).astype(np.uint32))
