"""What the user asks of an audit, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from geodata import calls
from geodata.region import Region
from routing.audit.explaining import Explained
from routing.audit.findings import Table
from routing.audit.modelled_side import Under
from routing.audit.options import Options, Period
from routing.config import Parameters


@dataclass(frozen=True)
class Asked:
    """Everything that the user asked for.

    Attributes:
        paths: files, folders and patterns.
        out: folder for the results.
        mapping: which columns say what, a file of it, or None to tell by the headings.
        region: name or path of the region.
        config: parameter file, or None for the defaults.
        options: what to count, and how.
        crs, tz: of the positions, and of the clock.
        scheduler: address of a Dask scheduler, or None for this machine.
        workers: threads or processes, or None for one a core.
        processes: local processes in place of threads.
        partitions: least number of parts, or None for what suits.
        resume: take up an interrupted run.
        overwrite: whether `out` may hold files.
        work: folder in which to keep what is done so far, or None for beside `out`.
        weather: table of when the weather was bad, or None.
        sample: number of calls to make up and audit in place of `paths`.
        seed: of the calls that are made up.
        lang: ``zh`` or ``en``: language of the workbook and the pages.
        under: scenarios and condition of the modelled side, or None for the region as it is.
    """

    paths: tuple[Path | str, ...]
    out: Path
    mapping: calls.Mapping | Path | str | None = None
    region: str | Path = "zhoushan"
    config: Path | None = None
    options: Options = field(default_factory=Options)
    crs: str = "wgs84"
    tz: str = "Asia/Shanghai"
    scheduler: str | None = None
    workers: int | None = None
    processes: bool = False
    partitions: int | None = None
    resume: bool = False
    overwrite: bool = False
    work: Path | None = None
    weather: Path | None = None
    sample: int | None = None
    seed: int = 0
    lang: str = "zh"
    under: Under | None = None


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        result: the content of ``result.json``.
        tables: published figures by name.
        more: further tables, such as the causes.
        rejected: every rejected record.
        explained: what the model says, calibration included.
        source: the files read.
        region: the region as it is.
        parameters: the response model.
        hashed: SHA-256 of the files read.
    """

    result: dict[str, Any]
    tables: Mapping[str, Table]
    more: Mapping[str, pl.DataFrame]
    rejected: pl.DataFrame
    explained: Explained
    source: calls.Source
    region: Region
    parameters: Parameters
    hashed: Mapping[Path, str]


def periods(earlier: str, later: str) -> tuple[Period, Period]:
    """Return two periods to compare; see `Period.parse`."""
    return Period.parse(earlier), Period.parse(later)
