"""An audit from files to files."""

from __future__ import annotations

import gc
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from geodata import calls, catalogue, provenance
from geodata import region as regions
from geodata.errors import Fault, InputError
from geodata.outputs import OutputFolder
from geodata.region import Region
from routing import config, land_network
from routing.audit import (
    counting,
    engine,
    explaining,
    findings,
    lateness,
    modelled,
    modelled_side,
    reasons,
    result,
    sample,
    sample_file,
    weather,
    work,
    writing,
)
from routing.audit.ahead import Ahead
from routing.audit.asked import Asked, Audit, periods
from routing.audit.counting import Counted
from routing.audit.engine import Engine, Threads
from routing.audit.explaining import Explained
from routing.audit.findings import Known, Table
from routing.audit.modelled import Modelled
from routing.audit.modelled_side import Under, World
from routing.audit.options import Options, crosses
from routing.audit.place import Places
from routing.audit.placing import Later
from routing.audit.result import ZONES
from routing.audit.work import Store
from routing.config import Parameters
from routing.land_network import LandNetwork

log = logging.getLogger(__name__)

STAGES = ("opening", "region", "reading", "repeats", "counting", "causes", "tables", "pictures")
Report = Callable[[str, float], None]
_BYTES_PER_PART = 24 << 20
_OBJECTS_BETWEEN_LOOKS = 100_000
_REVISION = 3
"""Raised whenever cleaned parts on disk change their meaning."""


def run(
    paths: Path | str | Iterable[Path | str],
    *,
    out: Path | str,
    mapping: calls.Mapping | Path | str | None = None,
    region: str | Path = "zhoushan",
    config_file: Path | None = None,
    start_stamp: str | None = None,
    longest_min: float = 240.0,
    suppress_below: int = 5,
    by: Iterable[str] = (),
    compare: tuple[str, str] | None = None,
    id_restarts: str = "never",
    crs: str = "wgs84",
    tz: str = "Asia/Shanghai",
    scheduler: str | None = None,
    workers: int | None = None,
    processes: bool = False,
    partitions: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    work_folder: Path | None = None,
    weather_file: Path | None = None,
    lang: str = "zh",
    under: Under | None = None,
    report: Report = lambda _stage, _share: None,
) -> Audit:
    """Audit call records and write the results into `out`.

    Args:
        paths: files, folders or patterns of call records.
        out: folder for the results; made if missing.
        mapping: which columns say what, a TOML file of it, or None to tell by the headings.
        region: name or path of the region.
        config_file: parameter file on top of the defaults.
        start_stamp: ``dial``, ``answer`` or ``dispatch``; that of the parameters unless given.
        longest_min: a response time greater than this is rejected.
        suppress_below: published cells with fewer calls are suppressed.
        by: further groups, each of keys joined by commas, such as ``zone,hour``.
        compare: two periods, such as ``("2023-01..2023-06", "2024-01..2024-06")``.
        id_restarts: ``never``, ``year``, ``month`` or ``day``: how often call ids start anew.
        crs, tz: reference system of the positions; zone of the clock.
        scheduler: address of a Dask scheduler; None for this machine.
        workers, partitions: threads or processes, and least number of parts.
        processes: local processes in place of threads.
        resume: take up an interrupted run with the same inputs and options.
        overwrite: whether `out` may hold files.
        work_folder: in which what is done so far is kept until the end; beside `out` unless given.
        weather_file: CSV of when the weather was bad: ``from``, ``until``, ``condition``.
        lang: language of the workbook.
        under: scenarios and condition of the modelled side; what was recorded stays the same.
        report: told each stage and the share of it that is done.

    Returns:
        what was found; everything in it is in `out` as well.

    Raises:
        InputError: with what is wrong with the files, the mapping or the options.

    Example:
        >>> found = run("calls_2024.csv", out="audit")  # doctest: +SKIP
        >>> found.result["records"]["used"]  # doctest: +SKIP
        18211
    """
    asked = Asked(
        paths=(paths,) if isinstance(paths, (str, Path)) else tuple(paths),
        out=Path(out),
        mapping=mapping,
        region=region,
        config=config_file,
        options=Options(
            start_stamp=start_stamp or config.load(config_file).clock.start_stamp,
            longest_min=longest_min,
            suppress_below=suppress_below,
            by=crosses(list(by)),
            compare=None if compare is None else periods(*compare),
            id_restarts=id_restarts,
        ),
        crs=crs,
        tz=tz,
        scheduler=scheduler,
        workers=workers,
        processes=processes,
        partitions=partitions,
        resume=resume,
        overwrite=overwrite,
        work=work_folder,
        weather=weather_file,
        lang=lang,
        under=under,
    )
    return execute(asked, report=report)


def execute(
    asked: Asked,
    *,
    report: Report = lambda _stage, _share: None,
    finish: Callable[[OutputFolder, Audit], None] = lambda _folder, _audit: None,
    command: Mapping[str, object] | None = None,
    started: datetime | None = None,
) -> Audit:
    """Run an audit and write its files: all or none.

    Args:
        asked: what the user asked for.
        report: told each stage and the share of it that is done.
        finish: adds pages and pictures before the files are moved into place.
        command: arguments for the run record; those of `asked` unless given.
        started: when the program began.
    """
    started = started or datetime.now(UTC)
    with _looking_seldom(), OutputFolder(asked.out, overwrite=asked.overwrite) as folder:
        store = Store(work.folder_of(asked.out, asked.work))
        with _kept_if_worth_it(store):
            found = compute(asked, store, report)
            report("tables", 0.0)
            writing.write(folder, found, asked.lang)
            if asked.sample is not None:
                for path in (store.folder / work.UNPACKED).glob("sample*.csv"):
                    shutil.copyfile(path, folder.path(path.name))
            report("pictures", 0.0)
            finish(folder, found)
            writing.write_record(folder, asked, found, command, started)
    store.remove()
    return found


@contextmanager
def _looking_seldom() -> Iterator[None]:
    """Look for cycles of garbage less often for a while: tables live until the end of an audit."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _OBJECTS_BETWEEN_LOOKS) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def compute(asked: Asked, store: Store, report: Report) -> Audit:
    """Return what an audit finds; see `run`."""
    parameters = config.load(asked.config)
    start = asked.options.start_stamp
    if asked.sample is not None:
        report("region", 0.0)
        asked = _drawn(asked, parameters, store)
    report("opening", 0.0)
    source = _opened(asked, store)
    hashing = provenance.Hashing(dict.fromkeys(file.path for file in source.files))
    # What needs the region alone, or one record of the whole log, is made beside the parts.
    with (
        engine.of(
            asked.scheduler,
            asked.workers,
            store.folder / work.SHARED,
            in_processes=asked.processes,
        ) as workers,
        ThreadPoolExecutor(1) as aside,
    ):
        pieces = source.parts(bytes_per_part=_bytes_per_part(source, asked, workers))
        is_ahead = _reads_ahead(asked, workers)
        with Ahead(pieces if is_ahead else ()) as ahead:
            report("region", 0.0)
            place = regions.load(asked.region)
            land = land_network.build(place, parameters)
            there = modelled_side.world(asked.under, place, land, parameters)
            locator = Later(there.locator)
            store.open(_fingerprint(asked, source, there, parameters), resume=asked.resume)
            given = modelled.with_start(parameters, start)
            model = aside.submit(Modelled.of, there.region, there.land, given)
        report("reading", 0.0)
        read = ahead.read if is_ahead else calls.read
        parts = counting.prepare(pieces, store, asked.options, locator, workers, report, read)
        more = modelled_side.standby_parts(parts, there, model.result(), asked.options, store)
        crews = aside.submit(explaining.crews_of, [*parts, *more], model.result())
        bounds_s = {zone: int(parameters.target.of(zone) * 60.0 + 1e-9) for zone in ZONES}
        counted = counting.count(parts, asked.options, bounds_s, workers, report)
        known = known_labels(place)
        published = aside.submit(findings.tables, counted, asked.options, known)
        report("causes", 0.0)
        explained = explaining.explain(
            counted,
            there.region,
            there.land,
            parameters,
            model=model.result(),
            crews=crews.result(),
            start_stamp=start,
            weather=None if asked.weather is None else weather.load(asked.weather, tz=asked.tz),
            engine=workers,
            report=report,
        )
    found = _found(asked, counted, explained, source, there, known, published.result())
    return Audit(*found, explained, source, there.recorded[0], parameters, hashing.found())


def _opened(asked: Asked, store: Store) -> calls.Source:
    source = calls.open(
        asked.paths,
        mapping=asked.mapping,
        crs=asked.crs,
        tz=asked.tz,
        unpack_to=store.folder / work.UNPACKED,
    )
    _check_stamps(source, asked.options)
    return source


def _reads_ahead(asked: Asked, workers: Engine) -> bool:
    """Return whether parts are read while the region is loaded: not by others, nor in vain."""
    return isinstance(workers, Threads) and workers.workers > 1 and not asked.resume


def _drawn(asked: Asked, parameters: Parameters, store: Store) -> Asked:
    """Return what was asked, of a log that is made up."""
    place = regions.load(asked.region)
    land = land_network.build(place, parameters)
    made = draw(place, land, parameters, asked.sample or 0, asked.seed, store.folder)
    return replace(asked, paths=(made.log,), weather=made.weather)


@dataclass(frozen=True)
class Made:
    """Files of a log that is made up: its records, and when the weather was bad."""

    log: Path
    weather: Path


def draw(
    place: Region, land: LandNetwork, parameters: Parameters, count: int, seed: int, folder: Path
) -> Made:
    """Write a made-up log into `folder`; the same arguments give the same files, times included."""
    found = sample.draw(place, land, parameters, count, seed=seed)
    inside = folder / work.UNPACKED
    inside.mkdir(parents=True, exist_ok=True)
    made = Made(inside / "sample.csv", inside / "sample_weather.csv")
    sample_file.write(found.table, made.log)
    sample_file.write_weather(found.weather, made.weather)
    os.utime(made.log, (0, 0))
    return made


def _found(
    asked: Asked,
    counted: Counted,
    explained: Explained,
    source: calls.Source,
    there: World,
    known: Known,
    published: dict[str, Table],
) -> tuple[dict[str, Any], dict[str, Table], dict[str, pl.DataFrame], pl.DataFrame]:
    """Return the result, the published tables, further tables and the rejected records."""
    place = there.recorded[0]
    options = asked.options
    synthetic = sample.is_synthetic(source.mapping.headings)
    if "island" in published:
        published["island"] = findings.named(published["island"], place.islands)
    more = lateness.tables(explained, known, least=options.suppress_below, published=published)
    more["distribution"] = findings.distribution(published["zone"], options.suppress_below)
    told = result.assemble(
        counted,
        published,
        options,
        region={key: place.meta_value(key) for key in ("name_zh", "name_en")},
        files=[file.name for file in source.files],
        tz=asked.tz,
        crs=asked.crs,
        synthetic=synthetic,
        model={
            **lateness.told(explained, least=options.suppress_below),
            **modelled_side.told(there),
        },
        notices=[
            *modelled_side.notices(there),
            *([result.notice("synthetic")] if synthetic else []),
            *(
                {"key": n.key, "text_zh": n.text("zh"), "text_en": n.text("en")}
                for n in source.notices
            ),
            *result.notices(counted, published, options),
            *_model_notices(explained, asked),
        ],
    )
    rejected = counting.rejected(counted)
    if len(rejected) != told["records"]["rejected"]:
        raise AssertionError("the table of rejected records lacks some of them")
    return told, published, more, rejected


def _model_notices(explained: Explained, asked: Asked) -> list[dict[str, str]]:
    """Return the rules by which causes are told, and what they cannot know."""
    keys = ["rule", "rule_busy", *(["rule_weather"] if asked.weather is None else [])]
    found = [
        {
            "key": f"causes_{key}",
            **{
                f"text_{lang}": catalogue.text(f"audit_causes.{key}", lang) for lang in ("zh", "en")
            },
        }
        for key in keys
    ]
    if explained.unmatched:
        count = sum(explained.unmatched.values())
        found.append(
            result.notice(
                "unmatched_posts", count=f"{count:,}", names=f"{len(explained.unmatched):,}"
            )
        )
    return found


def known_labels(place: Region) -> Known:
    """Return the labels that the region itself publishes."""
    demand, posts = place.demand, place.posts
    named = {
        "zone": [*ZONES],
        "county": demand["county_zh"],
        "township": demand["township_zh"],
        "island": place.islands["island_id"],
        "post": [*posts["post_id"], *posts["name_zh"], *posts["name_en"]],
        "vehicle_kind": ["ambulance", "boat", "helicopter", "救护车", "船", "急救船", "直升机"],
    }
    labels = {k: frozenset(t for t in texts if isinstance(t, str)) for k, texts in named.items()}
    return Known(labels)


def _check_stamps(source: calls.Source, options: Options) -> None:
    """Refuse to begin without the stamp that starts the clock.

    Raises:
        InputError: naming the stamps that there are.
    """
    there = [name for name, stamp in source.mapping.stamps.items() if stamp.columns]
    if options.start_stamp not in there:
        params: dict[str, object] = {"there": ", ".join(there) or "–"}
        raise InputError(Fault("audit_no_start", "mapping", options.start_stamp, params))


def _bytes_per_part(source: calls.Source, asked: Asked, workers: Engine) -> int:
    size = sum(Path(file.data).stat().st_size for file in source.files)
    least = max(asked.partitions or 1, workers.workers if size > _BYTES_PER_PART else 1)
    return max(min(_BYTES_PER_PART, -(-size // least)), 1)


def _fingerprint(asked: Asked, source: calls.Source, there: World, parameters: Parameters) -> str:
    """Return a text that differs whenever cleaned parts would, or what the model says of them."""
    stats = [Path(file.path).stat() for file in source.files]
    return work.fingerprint(
        {
            "revision": _REVISION,
            "versions": provenance.versions(),
            "files": [
                (str(f.path), f.name, repr(f.reading), repr(f.form), s.st_size, s.st_mtime_ns)
                for f, s in zip(source.files, stats, strict=True)
            ],
            "options": repr(asked.options),
            "crs": asked.crs,
            "tz": asked.tz,
            "region": [str(asked.region), there.recorded[0].content_hash, *there.key()],
            "parameters": parameters.as_rows(),
            "locator": Places.__qualname__,
            "reasons": reasons.REASONS,
        }
    )


class _kept_if_worth_it:  # noqa: N801 - reads as what it does in a with statement
    """Removes the work folder of a run that failed before any part was done."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Remove what nobody can take up."""
        if kind is not None and not self.store.has_parts():
            self.store.remove()
