"""What the modelled side of an audit is looked at under: scenarios and a condition.

What was recorded stays what it is: zone, township, island and demand point of a call are those of
the region as it is. Modelled travel, the comparison with recorded travel, and the causes that the
model tells belong to the region under the scenarios, on roads and ferries under the condition. Each
call counts at its own hour, whatever clock time or light a scenario asks for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray

from geodata.calls import table
from geodata.calls.columns import Columns, Numbered
from geodata.region import Region
from routing import conditions, land_network, mutual_aid, scenario
from routing.audit import clean, placing, result
from routing.audit.modelled import Modelled
from routing.audit.options import Options
from routing.audit.place import Places
from routing.audit.placing import Floats, Locator, Placed
from routing.audit.work import Prepared, Store
from routing.brief.result import condition_notice, named
from routing.brief.state import HEADLINE
from routing.conditions import Condition
from routing.config import Parameters
from routing.land_network import LandNetwork
from routing.scenario import Scenario

STANDBY: Final = "standby"
"""Name of the part, in the work folder, that holds the crews of posts that a scenario adds."""

_CLOSED: Final = "00:00-00:00"


@dataclass(frozen=True)
class Under:
    """What was asked.

    Attributes:
        scenarios: taken together, in order.
        condition: of which roads, ferries and posts feel something; its clock time and light do
            not count.
        conditions_file: where conditions are from, for people.
        rows: values of the condition with their sources, for the run record.
        inputs: files that all this is from, for the run record.
    """

    scenarios: tuple[Scenario, ...] = ()
    condition: Condition = field(default_factory=Condition)
    conditions_file: str = "conditions.toml"
    rows: tuple[Mapping[str, Any], ...] = ()
    inputs: Mapping[str, Path | str] = field(default_factory=dict)

    @property
    def is_timed(self) -> bool:
        """Whether a clock time or a light was asked for, which do not count here."""
        asked = [(one.condition.when, one.condition.daylight) for one in self.scenarios]
        own = (self.condition.when_min, None if self.condition.daylight == "day" else "night")
        return any(value is not None for pair in (*asked, own) for value in pair)


@dataclass(frozen=True)
class World:
    """The region and network of the modelled side.

    Attributes:
        asked: scenarios and condition, or None where there are none.
        region: under the scenarios; posts that the condition closes are never open.
        land: its ambulance network under the condition.
        recorded: the region and network as they are.
        standby: crews of the posts that send ambulances only under the scenarios, by `post_id`.
    """

    asked: Under | None
    region: Region
    land: LandNetwork
    recorded: tuple[Region, LandNetwork]
    standby: Mapping[str, int]

    def key(self) -> list[str]:
        """Return texts that differ where modelled times may; none for the region as it is."""
        if self.asked is None:
            return []
        return [self.region.content_hash, repr(self.asked.condition.effect())]

    def locator(self) -> Locator:
        """Return what tells where calls lie, and on which nodes of the modelled network."""
        region, land = self.recorded
        places, calm = Places.of(region, land), self.land.calm()
        return places if calm is land else Both(places, Places.of(self.region, calm))


class Both:
    """Places of the region as it is, on the road nodes of another one; picklable.

    Args:
        recorded: tells zone, township, island and demand point.
        modelled: tells the road node.
    """

    def __init__(self, recorded: Locator, modelled: Locator) -> None:
        self.recorded, self.modelled = recorded, modelled

    def locate(self, lon: Floats, lat: Floats, county: Numbered, township: Numbered) -> Placed:
        """Return where calls lie; see `Locator`."""
        placed = self.recorded.locate(lon, lat, county, township)
        road = self.modelled.locate(lon, lat, county, township)
        return replace(placed, node=road.node)


def world(asked: Under | None, place: Region, land: LandNetwork, parameters: Parameters) -> World:
    """Return the region and network of the modelled side.

    Args:
        asked: scenarios and condition; None for the region as it is, in calm weather.
        place, land: the region as it is and its ambulance network.
        parameters: the response model.

    Raises:
        InputError: if a scenario does not fit the region, or the condition names what it lacks.
    """
    if asked is None:
        return World(None, place, land, (place, land), {})
    changed = scenario.applied(place, asked.scenarios)
    conditions.check(asked.condition, changed)
    roads = land if changed is place else land_network.build(changed, parameters)
    standby = _standby(place.posts, changed.posts, parameters)
    region = _with_closed(changed, asked.condition)
    return World(asked, region, roads.under(asked.condition), (place, land), standby)


def _with_closed(region: Region, condition: Condition) -> Region:
    """Return the region with posts that the condition stops open at no hour.

    They stay in the region, so that recorded calls of theirs keep their modelled travel.
    """
    posts = region.posts
    if "ambulance" in condition.vehicles:
        ids = zip(posts["kind"], posts["post_id"], strict=True)
        closed = np.array([condition.stops_post(kind, post) for kind, post in ids], dtype=bool)
    else:
        closed = np.ones(len(posts), dtype=bool)
    if not closed.any():
        return region
    shut = region.replace(posts=posts.assign(hours=posts["hours"].mask(closed, _CLOSED)))
    return replace(shut, content_hash=region.content_hash)


def _standby(before: pd.DataFrame, after: pd.DataFrame, parameters: Parameters) -> dict[str, int]:
    """Return the ambulance crews of posts that count afterwards and did not before."""
    counted = set(before.loc[_sends(before, parameters), "post_id"])
    new = after[_sends(after, parameters) & ~after["post_id"].isin(counted).to_numpy(bool)]
    crews = new["vehicle_count"].fillna(1.0).clip(lower=1.0)
    return {str(post): int(number) for post, number in zip(new["post_id"], crews, strict=True)}


def _sends(posts: pd.DataFrame, parameters: Parameters) -> NDArray[np.bool_]:
    kinds = posts["vehicles"].fillna("").str.split(";")
    crewed = np.array(["ambulance" in one for one in kinds], dtype=bool)
    counts = posts["evidence"].isin(HEADLINE).to_numpy(bool)
    near = mutual_aid.crews_respond(parameters) | ~mutual_aid.outside(posts)
    return np.asarray(crewed & counts & near)


def standby_parts(
    parts: Sequence[Prepared], there: World, model: Modelled, options: Options, store: Store
) -> list[Prepared]:
    """Return a part with crews for posts that the log cannot know; none where there are none.

    Where the log tells which posts had crews, one that a scenario adds would never be near. It gets
    a part of its own without calls: of each of its vehicles one job a month, that takes no time. A
    log that tells of no crew needs none: every post that counts then has one that is always free.

    Args:
        parts: the log, cleaned.
        there: the modelled side.
        model: its times.
        options: those of the audit.
        store: where parts are kept.
    """
    months = _months(parts, model) if there.standby else np.empty(0, "datetime64[M]")
    if not len(months):
        return []
    starts = months.astype("datetime64[s]").astype(np.int64).tolist()
    jobs = [
        # Out until the next second, which no call falls between.
        {"post": post, "vehicle": f"{post} {k}", "dispatch_s": at_s, "clear_s": at_s + 1}
        for post, crews in there.standby.items()
        for k in range(crews)
        for at_s in starts
    ]
    row = {**dict.fromkeys(table.SCHEMA), "file": 0, "line": 0}
    frame = pl.DataFrame([row | job for job in jobs], schema=table.SCHEMA)
    return [store.save(STANDBY, clean.clean(Columns.of(frame), options, _Nowhere()))]


def _months(parts: Sequence[Prepared], model: Modelled) -> NDArray[np.datetime64]:
    """Return every month from the first job of a known post to the last.

    None where no job is of a named vehicle: such a log does not tell which posts had crews.
    """
    ends, named = [], False
    for part in parts:
        jobs = part.columns("jobs")
        known = np.append(False, model.match(part.facts["job_labels"]["post"]) >= 0)[jobs["post"]]
        begins = jobs["from_s"][known]
        named |= bool((jobs["vehicle"][known] > 0).any())
        ends += [int(begins.min()), int(begins.max())] if len(begins) else []
    if not named:
        return np.empty(0, "datetime64[M]")
    first, last = np.array([min(ends), max(ends)]).astype("datetime64[s]").astype("datetime64[M]")
    return np.arange(first, last + np.timedelta64(1, "M"))


class _Nowhere:
    """Knows no place."""

    def locate(self, lon: Floats, lat: Floats, county: Numbered, township: Numbered) -> Placed:
        """Return that no call is known to lie anywhere; see `Locator`."""
        del lat, county, township
        rows = len(lon)
        names, numbers = Numbered.none(rows), np.full(rows, -1, np.int32)
        how = np.full(rows, placing.UNKNOWN, np.uint8)
        return Placed(names, names, names, names, numbers, numbers, how)


def told(there: World) -> dict[str, Any]:
    """Return what ``result.json`` says of scenarios and condition; nothing where there are none."""
    if there.asked is None:
        return {}
    condition = there.asked.condition
    found: dict[str, Any] = {
        "condition": condition.name,
        **{f"condition_{lang}": named(condition, lang) for lang in ("zh", "en")},
    }
    scenarios = scenario.scenarios_of(there.region)
    return found | ({"scenarios": scenarios} if scenarios else {})


def state(told: Mapping[str, Any]) -> dict[str, str] | None:
    """Return by language what a result calls the modelled side; None for that as it is."""
    if "condition" not in told:
        return None
    return {
        lang: ("、" if lang == "zh" else ", ").join(
            [one[f"name_{lang}"] for one in told.get("scenarios", [])] + [told[f"condition_{lang}"]]
        )
        for lang in ("zh", "en")
    }


def notices(there: World) -> list[dict[str, str]]:
    """Return what readers of figures under scenarios or a condition have to know."""
    asked = there.asked
    if asked is None:
        return []
    found = [
        *scenario.notices(there.region),
        *condition_notice(asked.condition, asked.conditions_file),
    ]
    if found:
        found.append(result.notice("under"))
    if asked.is_timed:
        found.append(result.notice("under_clock"))
    return found


def names(asked: Under | None) -> dict[str, Sequence[str] | str]:
    """Return what was asked as the run record of a library call names it."""
    if asked is None:
        return {}
    return {"scenario": [one.name for one in asked.scenarios], "condition": asked.condition.name}
