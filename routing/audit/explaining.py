"""The model's side of an audit: causes of late calls, recorded against modelled, calibration.

A third pass over the cleaned parts. Everything handed on is a sum of whole numbers or a sample by a
fixed hash, so the outcome is the same for any partition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from geodata.region import Region
from routing.audit import calibration, causes, codes, count_loops, loops, modelled, summary, tally
from routing.audit.calibration import Calibration, Moments
from routing.audit.causes import CAUSES, Explainer, Norms
from routing.audit.codes import fixed
from routing.audit.counting import Counted
from routing.audit.crews import Crews
from routing.audit.engine import Engine
from routing.audit.modelled import UNKNOWN, Modelled
from routing.audit.tally import Keys
from routing.audit.weather import Weather
from routing.audit.work import Prepared
from routing.config import Parameters
from routing.land_network import LandNetwork

GROUPS: Final = ("zone", "county", "township", "island", "post", "hour")
"""Keys by which causes are told."""

SAMPLED: Final = 15_000
"""Most calls that speeds are calibrated on."""

JOBS_AT_ONCE: Final = 750_000
"""Jobs of crews that are sorted at once."""

_DRAWN_FIRST = 4 * SAMPLED


@dataclass(frozen=True)
class Explained:
    """What the model says of a log.

    Attributes:
        late: late calls by key of `GROUPS`, shape (groups + 1,): unknown ones last.
        charges: by key: shape (groups + 1, causes, 3); see `causes.tally`.
        labels: labels of the groups of each key.
        places: calls and late calls at each demand point, shape (demand points, 2).
        calibration: speeds and phases as the log has them.
        unmatched: jobs of posts that the region does not know, by name as recorded.
    """

    late: dict[str, NDArray[np.int64]]
    charges: dict[str, NDArray[np.int64]]
    labels: dict[str, tuple[str, ...]]
    places: NDArray[np.int64]
    calibration: Calibration
    unmatched: dict[str, int]


def explain(
    counted: Counted,
    place: Region,
    land: LandNetwork,
    parameters: Parameters,
    *,
    model: Modelled,
    crews: Crews,
    start_stamp: str,
    weather: Weather | None,
    engine: Engine,
    report: Callable[[str, float], None],
) -> Explained:
    """Return what the model says of the calls in use.

    Args:
        counted: the cleaned parts and their counts.
        place, land: the region and its ambulance network.
        parameters: the response model.
        model: the modelled times of all this, with the clock's start at `start_stamp`.
        crews: who was out when; see `crews_of`.
        start_stamp: where the audit's clock starts.
        weather: times of bad weather, if known.
        engine: runs the parts.
        report: told the share done.
    """
    given = modelled.with_start(parameters, start_stamp)
    known = crews if crews.crews.any() else None
    explainer = Explainer(model, Norms.of(given), known, weather)
    used = sum(part.facts["used"] for part in counted.parts)
    share = min(1.0, _DRAWN_FIRST / max(used, 1))
    items = [
        (part, counted.repeats.of(number)["row"].to_numpy())
        for number, part in enumerate(counted.parts)
    ]
    results = engine.run(
        explain_one,
        items,
        explainer,
        counted.plan.keys,
        share,
        len(place.demand),
        done=lambda n: report("causes", n / max(len(items), 1)),
    )
    labels = {key: counted.plan.keys.labels[key] for key in _keys(counted.plan.keys)}
    late = {key: np.zeros(len(labels[key]) + 1, np.int64) for key in labels}
    charges = {key: np.zeros((len(labels[key]) + 1, len(CAUSES), 3), np.int64) for key in labels}
    places = np.zeros((len(place.demand), 2), np.int64)
    for result in results:
        places += result.places
        for key in labels:
            late[key] += result.late[key]
            charges[key] += result.charges[key]
    drawn = calibration.sample([result.drawn for result in results], most=SAMPLED)
    calibrated = calibration.calibrate(
        drawn, land, _post_nodes(model, land), parameters, phases=_moments(counted)
    )
    return Explained(late, charges, labels, places, calibrated, crews.unmatched)


@dataclass(frozen=True)
class Piece:
    """What one part adds."""

    late: dict[str, NDArray[np.int64]]
    charges: dict[str, NDArray[np.int64]]
    places: NDArray[np.int64]
    drawn: pl.DataFrame


def explain_one(
    item: tuple[Prepared, NDArray[Any]], explainer: Explainer, keys: Keys, share: float, points: int
) -> Piece:
    """Return what one part adds: charges of its late calls, and its share of the sample."""
    part, dropped_rows = item
    columns = part.columns("rows")
    kept = np.ones(part.facts["used"], np.bool_)
    kept[dropped_rows] = False
    target = _targets(columns["zone"], part, explainer.norms)
    rows = np.flatnonzero(kept & (target >= 0) & (columns["response_s"] > target))
    explained = explainer.explain(calls(part, rows))
    seconds = np.stack([explained[name].to_numpy() for name in causes.COLUMNS])
    main = explained["main_cause"].cast(pl.Int64).fill_null(loops.NONE).to_numpy()
    late, charges = {}, {}
    for key in _keys(keys):
        size = len(keys.labels[key]) + 1
        group = tally.groups(part, (key,), keys)[rows]
        late[key] = np.bincount(group, minlength=size)
        charges[key] = np.zeros((size, len(CAUSES), 3), np.int64)
        count_loops.charge(seconds, fixed(main), group, charges[key])
    drawn = np.flatnonzero(kept & _drawn(columns, share))
    sampled = calibration.rows(calls(part, drawn), explainer.modelled)
    at = columns["demand_row"]
    judged = kept & (at >= 0) & (target >= 0)
    placed = [np.bincount(at[mask], minlength=points) for mask in (judged, _only(judged, rows))]
    return Piece(
        late, charges, np.column_stack(placed), calibration.sample([sampled], most=SAMPLED)
    )


def calls(part: Prepared, rows: NDArray[np.int64]) -> pl.DataFrame:
    """Return rows of a part as the model's side takes them: texts, and nulls where unknown."""
    columns = part.columns("rows")
    start = columns["start_s"][rows]
    dispatch = columns["dispatch_after_s"][rows].astype(np.int64)
    known = {
        name: _nullable(columns[name][rows].astype(np.int64))
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


def crews_of(parts: Sequence[Prepared], model: Modelled) -> Crews:
    """Return who was out when, by the whole log, as `Crews.of` does of all jobs at once.

    Posts are taken some at a time, so that no more than `JOBS_AT_ONCE` jobs (or those of one post)
    are in memory besides the record itself.
    """
    post_codes = [
        np.append(np.int32(UNKNOWN), model.match(part.facts["job_labels"]["post"]))
        for part in parts
    ]
    jobs = np.zeros(len(model.post_ids), np.int64)
    unmatched: dict[str, int] = {}
    for part, code in zip(parts, post_codes, strict=True):
        number = np.bincount(part.columns("jobs")["post"], minlength=len(code))
        np.add.at(jobs, code[code >= 0], number[code >= 0])
        names = [None, *part.facts["job_labels"]["post"]]
        for k in np.flatnonzero((code < 0) & (number > 0)):
            if (name := names[k]) is not None:
                unmatched[name] = unmatched.get(name, 0) + int(number[k])
    vehicles = codes.merged(part.facts["job_labels"]["vehicle"] for part in parts) or ()
    place = {name: k for k, name in enumerate(vehicles, start=1)}
    of_vehicle = [
        np.array([0, *(place[name] for name in part.facts["job_labels"]["vehicle"])], np.int32)
        for part in parts
    ]
    pieces = [
        Crews.of_codes(
            *_jobs_of(parts, post_codes, of_vehicle, first, last),
            posts=len(model.post_ids),
            unmatched={},
        )
        for first, last in _spans(jobs)
    ]
    return _together(pieces, len(jobs), dict(sorted(unmatched.items())))


def _jobs_of(
    parts: Sequence[Prepared],
    post_codes: Sequence[NDArray[np.int32]],
    of_vehicle: Sequence[NDArray[np.int32]],
    first: int,
    last: int,
) -> list[NDArray[Any]]:
    """Return post, vehicle, begin and end of the jobs of the posts `first` to before `last`."""
    found: list[list[NDArray[Any]]] = [[np.empty(0, np.int64)] for _ in range(4)]
    for part, code, vehicle in zip(parts, post_codes, of_vehicle, strict=True):
        columns = part.columns("jobs")
        rows = np.flatnonzero(((code >= first) & (code < last))[columns["post"]])
        if len(rows):
            found[0].append(code[columns["post"][rows]])
            found[1].append(vehicle[columns["vehicle"][rows]])
            found[2].append(columns["from_s"][rows])
            found[3].append(columns["until_s"][rows])
    return [np.concatenate(arrays) for arrays in found]


def _spans(jobs: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return runs of posts, each of at most `JOBS_AT_ONCE` jobs where one post has no more."""
    spans, first, held = [], 0, 0
    for post, number in enumerate(jobs.tolist()):
        if held and held + number > JOBS_AT_ONCE:
            spans.append((first, post))
            first, held = post, 0
        held += number
    return [*spans, (first, len(jobs))]


def _together(pieces: Sequence[Crews], posts: int, unmatched: dict[str, int]) -> Crews:
    """Return the record of all posts from those of runs of posts, in order."""
    busy = [piece for piece in pieces if len(piece.begins)]
    if not busy:
        return Crews(
            first=np.zeros(posts + 1, np.int64),
            begins=np.empty(0, np.int64),
            ends=np.empty(0, np.int64),
            month_from=0,
            crews=np.zeros((posts, 1), np.int32),
            unmatched=unmatched,
        )
    month_from = min(piece.month_from for piece in busy)
    until = max(piece.month_from + piece.crews.shape[1] for piece in busy)
    crews = np.zeros((posts, until - month_from), np.int32)
    for piece in busy:
        begin = piece.month_from - month_from
        crews[:, begin : begin + piece.crews.shape[1]] += piece.crews
    return Crews(
        first=np.sum([piece.first for piece in busy], axis=0),
        begins=np.concatenate([piece.begins for piece in busy]),
        ends=np.concatenate([piece.ends for piece in busy]),
        month_from=month_from,
        crews=crews,
        unmatched=unmatched,
    )


def _keys(keys: Keys) -> list[str]:
    return [key for key in GROUPS if key in keys.labels]


def _targets(zones: NDArray[Any], part: Prepared, norms: Norms) -> NDArray[np.int64]:
    """Return the target of each row in seconds, -1 where its zone has none."""
    table = [-1, *(norms.target_s.get(zone, -1) for zone in part.facts["labels"]["zone"])]
    return np.asarray(np.array(table, np.int64)[zones])


def _drawn(columns: Mapping[str, NDArray[Any]], share: float) -> NDArray[np.bool_]:
    """Return which rows belong to a share of all, by a hash of their stamps (splitmix64)."""
    state = columns["start_s"].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    state = state + columns["response_s"].astype(np.uint64)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state = state ^ (state >> np.uint64(31))
    return np.asarray((state >> np.uint64(11)).astype(np.float64) < share * float(1 << 53))


def _moments(counted: Counted) -> dict[str, Moments]:
    """Return the exact sums of the phases that parameters are the means of."""
    found = {}
    for phase in calibration.PHASE_OF.values():
        cut = counted.plan.cuts[0]
        s = summary.sums(counted.tally.counts[cut][phase])
        found[phase] = Moments(int(s.n.sum()), int(s.total.sum()), int(s.squares.sum()))
    return found


def _post_nodes(model: Modelled, land: LandNetwork) -> NDArray[np.int64]:
    return land.node_of("posts", model.post_ids)


def _only(mask: NDArray[np.bool_], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    found = np.zeros_like(mask)
    found[rows] = mask[rows]
    return found


def _nullable(values: NDArray[np.int64]) -> pl.Series:
    series = pl.Series(values)
    return series.set(series < 0, None)


def _texts(numbers: NDArray[Any], labels: Sequence[str]) -> pl.Series:
    """Return numbers as the texts that they stand for, null for 0."""
    names = pl.Series([None, *labels], dtype=pl.String)
    return names.gather(numbers.astype(np.uint32))
