"""Scenario audits: a folder of scenario files becomes one comparison table.

Files in the folder itself are one case each. Subfolders are dimensions, in the order of their
names: the cases are all combinations of one file of each, so that ``1-light/{day,night}.toml``,
``2-sea/{calm,fog,gale}.toml`` and ``3-bridge/{as-is,open}.toml`` give twelve. The region as it is,
on a calm day or under the condition that is asked for, comes first and is what the others are
compared with; a case that asks for no condition of its own is under the same.

Each case is computed on its own and stored as soon as it is done, under a hash of all it depends
on; a run that was killed goes on with the cases that are left, and ends with the same table.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from geodata.errors import Fault, InputError
from geodata.region import Region
from routing import land_network, scenario, statistics
from routing.audit import engine
from routing.brief.result import plain
from routing.brief.state import respond
from routing.conditions import Catalogue, Condition
from routing.config import Parameters
from routing.land_network import LandNetwork
from routing.scenario import Scenario

SCHEMA: Final = "island-response/scenario-case/1"
AS_IS: Final = "as_is"
MOST_CASES: Final = 10_000
_HALF_A_PERSON: Final = 0.5

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        scenario: all its files as one.
        labels: the file of each dimension (its stem), by dimension; empty for a file of its own.
        condition: for the response model.
        key: hash of everything that the result depends on.
    """

    scenario: Scenario
    labels: Mapping[str, str]
    condition: Condition
    key: str


def cases(
    folder: Path,
    region: Region,
    parameters: Parameters,
    *,
    base: Condition | None = None,
    known: Catalogue | None = None,
) -> list[Case]:
    """Return the cases of a folder, the region as it is first.

    Args:
        folder: scenario files, or folders of them.
        region: the region as it is.
        parameters: the response model.
        base: condition of cases that ask for none; calm weather by default.
        known: conditions that cases may name; the shipped ones by default.

    Raises:
        InputError: if the folder has no scenario or any file breaks a rule; carries all faults.
    """
    if not folder.is_dir():
        raise InputError(Fault("scenario_folder", str(folder)))
    faults: list[Fault] = []
    alone = _loaded(folder, faults)
    dimensions = [d for d in sorted(folder.iterdir()) if d.is_dir() and any(d.glob("*.toml"))]
    parts = [_loaded(d, faults) for d in dimensions]
    if faults:
        raise InputError(faults)
    names = [d.name for d in dimensions]
    crossed = itertools.product(*parts) if parts else ()
    picks: list[tuple[dict[str, str], list[Scenario]]] = [({}, [one]) for one in alone]
    for combination in itertools.islice(crossed, MOST_CASES + 1):
        labels = dict(zip(names, (one.name for one in combination), strict=True))
        picks.append((labels, list(combination)))
    if not picks:
        raise InputError(Fault("scenario_folder", str(folder)))
    if len(picks) > MOST_CASES:
        raise InputError(Fault("scenario_too_many", str(folder), None, {"most": MOST_CASES}))
    return _made(picks, region, parameters, base, known)


def _loaded(folder: Path, faults: list[Fault]) -> list[Scenario]:
    found = []
    for file in sorted(folder.glob("*.toml")):
        try:
            found.append(scenario.load(file))
        except InputError as error:
            faults += error.faults
    return found


def _made(
    picks: Sequence[tuple[dict[str, str], list[Scenario]]],
    region: Region,
    parameters: Parameters,
    base: Condition | None,
    known: Catalogue | None,
) -> list[Case]:
    world = _digest(_region_hash(region), json.dumps(plain(parameters.as_rows()), sort_keys=True))
    as_is = Scenario(AS_IS, "现状", "as it is")
    found, faults = [], []
    for labels, parts in [({}, [as_is]), *picks]:
        try:
            whole = scenario.combined(parts)
            condition = _condition(whole, parameters, base, known)
        except InputError as error:
            faults += list(error.faults)
            continue
        key = _digest(world, _changes(whole), repr(condition))
        found.append(Case(whole, labels, condition, key))
    if faults:
        raise InputError(list({fault.text("en"): fault for fault in faults}.values()))
    return found


def _condition(
    whole: Scenario, parameters: Parameters, base: Condition | None, known: Catalogue | None
) -> Condition:
    """Return the condition of a case: its own, else the base at the case's light and hour."""
    asked = whole.condition
    own = asked.condition(parameters, catalogue=known, place=whole.place)
    if base is None or asked.name != "calm" or asked.vehicles is not None:
        return own
    if asked.when is None and asked.daylight is None:
        return base
    return replace(base, daylight=own.daylight, when_min=own.when_min)


def compute(
    found: Sequence[Case],
    region: Region,
    parameters: Parameters,
    *,
    store: Path,
    workers: int | None = None,
    progress: Progress = lambda *_: None,
) -> pl.DataFrame:
    """Return the comparison table of some cases; see `table`.

    Args:
        found: of `cases`.
        region: the region as it is.
        parameters: the response model.
        store: folder for the results of single cases; those there already are not computed again.
        workers: processes; one computes in this process. All cores by default.
        progress: called with the number of cases done and of all.

    Raises:
        InputError: if a scenario does not fit the region; carries the faults of all such cases.
    """
    store.mkdir(parents=True, exist_ok=True)
    done = {case.key for case in found if _read(store, case.key) is not None}
    progress(len(done), len({case.key for case in found}))
    groups: dict[str, list[Case]] = {}
    for case in {c.key: c for c in found if c.key not in done}.values():
        groups.setdefault(_changes(case.scenario), []).append(case)
    faults: list[Fault] = []
    count = len(done)
    total = count + sum(map(len, groups.values()))
    for faulty, size in _run(list(groups.values()), region, parameters, store, workers):
        faults += faulty
        count += size
        progress(count, total)
    if faults:
        raise InputError(faults)
    return table(found, {case.key: _known(store, case.key) for case in found})


def _run(
    groups: list[list[Case]],
    region: Region,
    parameters: Parameters,
    store: Path,
    workers: int | None,
) -> Any:
    """Yield (faults, cases) of each group of cases with the same changes to the region."""
    number = min(workers or os.cpu_count() or 1, len(groups))
    if number <= 1:
        for group in groups:
            yield _group(group, region, parameters, store), len(group)
        return
    context = multiprocessing.get_context("spawn")
    world = (region, parameters, store)
    with ProcessPoolExecutor(number, context, _remember, world) as pool:
        jobs = {pool.submit(_remembered, group): len(group) for group in groups}
        for job in as_completed(jobs):
            yield job.result(), jobs[job]


_world: dict[str, Any] = {}


def _remember(region: Region, parameters: Parameters, store: Path) -> None:
    """Keep in a worker what all its jobs need, so that it is sent once."""
    engine.end_with_parent()
    _world.update(region=region, parameters=parameters, store=store)


def _remembered(group: list[Case]) -> list[Fault]:
    return _group(group, **_world)


def _group(group: list[Case], region: Region, parameters: Parameters, store: Path) -> list[Fault]:
    """Compute and store the cases of one changed region; return what is wrong with it."""
    try:
        changed = scenario.apply(region, group[0].scenario)
    except InputError as error:
        return list(error.faults)
    land = land_network.build(changed, parameters)
    for case in group:
        _write(store, case.key, _result(case, changed, land, parameters))
    return []


def _result(
    case: Case, region: Region, land: LandNetwork, parameters: Parameters
) -> dict[str, Any]:
    when = case.condition.when_min
    if when is not None:
        land = land.at_hour(int(when // 60) % 24, parameters)
    state = respond(region, parameters, land, case.condition)
    vehicles = state.demand.groupby(state.demand["vehicle"].fillna("none"))["calls_per_year"].sum()
    return {
        "schema": SCHEMA,
        "zones": plain(statistics.zones(state.demand, parameters.target)),
        "calls_by_vehicle": plain({str(k): float(v) for k, v in vehicles.items()}),
    }


def table(found: Sequence[Case], results: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    """Return the comparison: one row a case and zone.

    Returns:
        `scenario`, `scenario_zh`, `scenario_en`, one column a dimension, `condition`, `daylight`,
        `when`, `zone`, the statistics of `routing.statistics.zones`, and `change_min`: mean less
        that of the region as it is; null where either is unknown, and where more people are cut
        off than there (`more_cut_off`): a mean that leaves out more of the worst reached may fall
        while all are served worse.
    """
    dimensions = list(dict.fromkeys(name for case in found for name in case.labels))
    bases = results[found[0].key]["zones"] if found else {}
    rows = []
    for case in found:
        for zone, values in results[case.key]["zones"].items():
            more = more_cut_off(values, bases[zone])
            when = case.scenario.condition.when
            rows.append(
                {
                    "scenario": case.scenario.name,
                    "scenario_zh": case.scenario.name_zh,
                    "scenario_en": case.scenario.name_en,
                    **{name: case.labels.get(name) for name in dimensions},
                    "condition": case.condition.name,
                    "daylight": case.condition.daylight,
                    "when": when,
                    "zone": zone,
                    **values,
                    "change_min": None if more else _change(values, bases[zone]),
                    "more_cut_off": more,
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)


def more_cut_off(values: Mapping[str, Any], base: Mapping[str, Any]) -> bool:
    """Return whether more people are cut off than in `base`, by more than half a person."""
    lost, before = (zone.get("unreachable_population") or 0.0 for zone in (values, base))
    return bool(lost > before + _HALF_A_PERSON)


def _change(values: Mapping[str, Any], base: Mapping[str, Any]) -> float | None:
    mean, before = values.get("mean_min"), base.get("mean_min")
    # Nought is added so that no change is never written as -0.
    return None if mean is None or before is None else round(mean - before, 4) + 0.0


def _write(store: Path, key: str, result: Mapping[str, Any]) -> None:
    """Store one result whole or not at all."""
    beside = store / f".{key}.{os.getpid()}"
    beside.write_text(json.dumps(result, ensure_ascii=False, sort_keys=True), "utf-8")
    beside.replace(store / f"{key}.json")


def _read(store: Path, key: str) -> dict[str, Any] | None:
    """Return a stored result, or None where there is none that can be used."""
    try:
        found = json.loads((store / f"{key}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    usable = isinstance(found, dict) and found.get("schema") == SCHEMA
    return found if usable else None


def _known(store: Path, key: str) -> dict[str, Any]:
    found = _read(store, key)
    if found is None:
        raise InputError(Fault("scenario_result_lost", str(store / f"{key}.json")))
    return found


def _changes(one: Scenario) -> str:
    """Return what a scenario does to the region as text, the same for equal changes."""
    blank = replace(
        one, name="", name_zh=one.name_zh, name_en=one.name_en, note="", place="",
        condition=scenario.ConditionAsked(),
    )  # fmt: skip
    if not one.changes_region():
        blank = replace(blank, name_zh="", name_en="", date=None, conserve_total=False)
    return json.dumps(asdict(blank), sort_keys=True, default=str, ensure_ascii=False)


def _region_hash(region: Region) -> str:
    """Return the hash of the file that a region came from, or of its content."""
    if region.content_hash:
        return region.content_hash
    digest = hashlib.sha256()
    for name in sorted(region.layers):
        layer = region.layers[name]
        shapes = layer.geometry.to_wkb(hex=True) if hasattr(layer, "geometry") else None
        flat = layer.drop(columns="geometry") if shapes is not None else layer
        if shapes is not None:
            flat = flat.assign(geometry=shapes)
        digest.update(f"{name}\n{flat.to_csv(index=False)}".encode())
    return digest.hexdigest()


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join((SCHEMA, *texts)).encode()).hexdigest()[:32]
