"""The model's side of an audit: causes of late calls, recorded against modelled, calibration.

A third pass over the cleaned parts. Everything handed on is a sum of whole numbers or a sample by a
fixed hash, so the outcome is the same for any partition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geodata.region import Region
from routing.audit import calibration, charging, crew_record, modelled, summary
from routing.audit.calibration import Calibration, Moments
from routing.audit.causes import CAUSES, Explainer, Norms
from routing.audit.charging import Meaning
from routing.audit.counting import Counted
from routing.audit.crews import Crews
from routing.audit.engine import Engine
from routing.audit.modelled import Modelled
from routing.audit.weather import Weather
from routing.audit.work import Prepared
from routing.config import Parameters
from routing.land_network import LandNetwork

GROUPS: Final = ("zone", "county", "township", "island", "post", "hour")
"""Keys by which causes are told."""

SAMPLED: Final = 15_000
"""Most calls that speeds are calibrated on."""

_DRAWN_FIRST = 4 * SAMPLED
# Batches of parts a worker: so often is progress told.
_BATCHES = 4


@dataclass(frozen=True)
class Explained:
    """What the model says of a log.

    Attributes:
        late: late calls by key of `GROUPS`, shape (groups + 1,): unknown ones last.
        charges: by key: shape (groups + 1, causes, 3); see `charge_loops.charge`.
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
    meaning = Meaning.of(
        counted.parts,
        {key: counted.plan.keys.labels[key] for key in GROUPS if key in counted.plan.keys.labels},
        explainer,
        share=min(1.0, _DRAWN_FIRST / max(used, 1)),
        most=SAMPLED,
        points=len(place.demand),
    )
    batches = _batches(counted, engine.workers)
    results = engine.run(
        charging.charged,
        batches,
        meaning,
        done=lambda n: report("causes", n / max(len(batches), 1)),
    )
    total = np.zeros((meaning.groups.size, len(CAUSES), 3), np.int64)
    places = np.zeros((len(place.demand), 2), np.int64)
    for result in results:
        total += result.total
        places += result.places
    charges = meaning.groups.split(total)
    # Every late call is charged mostly to one cause.
    late = {key: table[:, :, 1].sum(axis=1) for key, table in charges.items()}
    drawn = calibration.sample([result.drawn for result in results], most=SAMPLED)
    calibrated = calibration.calibrate(
        drawn, land, _post_nodes(model, land), parameters, phases=_moments(counted)
    )
    labels = dict(meaning.groups.labels)
    unmatched = {k: n for k, n in crews.unmatched.items() if not model.sends_others(k)}
    return Explained(late, charges, labels, places, calibrated, unmatched)


def _batches(counted: Counted, workers: int) -> list[list[tuple[Prepared, NDArray[Any]]]]:
    """Return the parts, each with the rows that do not count, in about equal shares."""
    rows = counted.repeats.rows
    limits = np.searchsorted(rows["part"].to_numpy(), np.arange(len(counted.parts) + 1))
    dropped = np.split(rows["row"].to_numpy(), limits[1:-1])
    items = list(zip(counted.parts, dropped, strict=True))
    shares = _BATCHES * workers
    return [batch for k in range(shares) if (batch := items[k::shares])]


def crews_of(parts: Sequence[Prepared], model: Modelled) -> Crews:
    """Return who was out when, by the whole log; the same for any partition.

    Args:
        parts: cleaned parts, in any order.
        model: knows the region's posts.
    """
    return crew_record.merged(
        [(part.columns("jobs"), part.facts["job_labels"]) for part in parts], model
    )


def _moments(counted: Counted) -> dict[str, Moments]:
    """Return the exact sums of the phases that parameters are the means of."""
    found = {}
    for name, phase in calibration.PHASE_OF.items():
        cut, rows = _driven(counted) if name.startswith("ambulance.") else _every(counted)
        s = summary.sums(counted.tally.counts[cut][phase])
        n, total, squares = (int(sums[rows].sum()) for sums in (s.n, s.total, s.squares))
        found[phase] = Moments(n, total, squares)
    return found


def _every(counted: Counted) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
    """Return a cross that was counted, and its groups: all of them."""
    cut = counted.plan.cuts[0]
    return cut, np.ones(counted.plan.keys.groups(cut), np.bool_)


def _driven(counted: Counted) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
    """Return a cross that was counted, and its groups of ambulances; none if kinds are no groups.

    Boats and helicopters get ready by rules of their own.
    """
    keys, kind = counted.plan.keys, "vehicle_kind"
    cut = next((cut for cut in counted.plan.cuts if kind in cut), None)
    if cut is None:
        every, rows = _every(counted)
        return every, ~rows
    sizes = [keys.size(key) for key in cut]
    code = np.indices(sizes)[cut.index(kind)].reshape(-1)
    drives = [modelled.vehicle_class(label) == 0 for label in (*keys.labels[kind], None)]
    return cut, np.array(drives, np.bool_)[code]


def _post_nodes(model: Modelled, land: LandNetwork) -> NDArray[np.int64]:
    return land.node_of("posts", model.post_ids)
