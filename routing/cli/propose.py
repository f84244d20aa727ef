"""The command ``propose``."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geodata import catalogue
from geodata.errors import Fault, InputError
from routing.cli import frame, papers, progress

if TYPE_CHECKING:
    from geodata.outputs import OutputFolder
    from geodata.region import Region
    from routing.conditions import Condition
    from routing.config import Parameters
    from routing.propose import Proposal, Request
    from routing.propose.conditions import Held

# Named here too, so that help needs no solver; a test holds both lists together.
OBJECTIVES = (
    "min-sites",
    "max-coverage",
    "set-cover",
    "min-mean",
    "min-worst",
    "double-standard",
    "backup",
    "expected-coverage",
    "survival",
    "equity",
)
NO_ANSWER = 3
_MINUTE_DIGITS = 3
_ZONES = ("main_urban", "rural")
_COUNTY = "--min-per-county"
# Options that a request has by the same name.
_AS_GIVEN = (
    "objective", "new", "until_target", "keep", "close", "closable", "movable", "candidates",
    "coordinates", "budget", "covered_share", "first_share", "curve", "alternatives",
    "sensitivity", "seed", "next_best",
)  # fmt: skip


def register(root: click.Group) -> None:
    """Add the command to `root`."""
    root.add_command(_propose_command())


def _propose_command() -> click.Command:
    @frame.command("propose")
    @frame.output_options
    @frame.daylight_option
    @frame.when_option
    @frame.condition_options
    @frame.scenario_option
    @frame.mutual_aid_option
    @_options
    @click.pass_obj
    def propose(settings: frame.Settings, /, **given: Any) -> int:
        return _run(settings, given)

    return propose


def _options(function: frame.Decorated) -> frame.Decorated:
    """Add the options of the question; lists may be repeated, numbers are checked by `Request`."""

    def say(key: str) -> str:
        return frame.help_text(f"propose.{key}")

    path = click.Path(path_type=Path)
    choices = click.Choice(OBJECTIVES)
    systems = click.Choice(("wgs84", "gcj02", "bd09"))
    sources = click.Choice(("health_centres", "settlements", "ports"))
    options = [
        click.option("--objective", type=choices, default="min-sites", help=say("objective")),
        click.option("--new", type=int, metavar="K", help=say("new")),
        click.option("--until-target", is_flag=True, help=say("until_target")),
        *(
            click.option(f"--{name}", multiple=True, metavar="ID", help=say(name))
            for name in ("keep", "close", "closable", "movable")
        ),
        click.option("--candidates", type=path, metavar="FILE", help=say("candidates")),
        click.option("--coordinates", type=systems, default="wgs84", help=say("coordinates")),
        click.option("--from", "sources", multiple=True, type=sources, help=say("from")),
        click.option("--lattice", type=float, metavar="KM", help=say("lattice")),
        click.option("--kind", "kinds", multiple=True, metavar="KIND[=MAX]", help=say("kind")),
        click.option("--cost", "costs", multiple=True, metavar="KIND=COST", help=say("cost")),
        click.option("--budget", type=float, metavar="COST", help=say("budget")),
        click.option("--exclusive", multiple=True, metavar="IDS", help=say("exclusive")),
        click.option(_COUNTY, multiple=True, metavar="NAME=N", help=say("min_per_county")),
        click.option("--share", type=float, metavar="SHARE", help=say("share")),
        click.option("--worst-island", type=float, metavar="MIN", help=say("worst_island")),
        click.option("--outer", type=float, metavar="MIN", help=say("outer")),
        click.option("--covered-share", type=float, default=0.0, help=say("covered_share")),
        click.option("--first-share", type=float, default=0.5, help=say("first_share")),
        click.option("--busy", multiple=True, metavar="FRACTION", help=say("busy")),
        click.option("--conditions", multiple=True, metavar="LIST", help=say("conditions")),
        click.option("--next-best", is_flag=True, help=say("next_best")),
        click.option("--curve", type=int, metavar="K", help=say("curve")),
        click.option("--alternatives", type=int, default=0, metavar="N", help=say("alternatives")),
        click.option("--apart", type=float, default=0.0, metavar="KM", help=say("apart")),
        click.option("--sensitivity", type=int, default=0, metavar="N", help=say("sensitivity")),
        click.option("--time-limit", type=float, default=60.0, metavar="S", help=say("time_limit")),
        click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help=say("seed")),
        click.option("--check", is_flag=True, help=say("check")),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def _run(settings: frame.Settings, given: Mapping[str, Any]) -> int:
    """Compute, write all or nothing, tell the findings."""
    from geodata.outputs import OutputFolder
    from routing import conditions, propose
    from routing.propose import result as results
    from routing.propose import summary

    parameters = frame.load_parameters(settings, mutual_aid=given["mutual_aid"])
    request, held = asked(given, parameters)
    known = frame.conditions_catalogue(given["conditions_file"])
    place = frame.load_region(settings, given["scenario"])
    conditions.check([one.condition for one in held], place)
    stages = (*propose.STAGES, "pictures")
    texts = {key: catalogue.text(f"stage.{key}", settings.lang) for key in stages}
    with OutputFolder(given["out"], overwrite=given["overwrite"]) as folder:
        with progress.stages(texts) as work:
            found = propose.compute(
                place,
                parameters,
                request,
                conditions=held,
                catalogue=known,
                report=_reporting(work),
            )
            result = propose.plain(found.result)
            work.begin("pictures")
            _write_tables(folder, found, result)
            weather = [one.condition for one in held]
            _write_pictures(folder, found, result, place, parameters, weather, settings.lang)
        rows = [*parameters.as_rows(), *known.as_rows()]
        _write_record(folder, settings, given, place, rows)
    for line in summary.lines(result, settings.lang):
        click.echo(line)
    click.echo(settings.say("propose.written", folder=str(given["out"])))
    if result["status"] not in ("optimal", "feasible"):
        return NO_ANSWER
    return 1 if given["check"] and results.missed(result) else 0


def _reporting(work: progress.Stages) -> Callable[[str, float], None]:
    current = ""

    def report(stage: str, done: float) -> None:
        nonlocal current
        if stage != current:
            work.begin(stage)
            current = stage
        work.advance(done)

    return report


def asked(given: Mapping[str, Any], parameters: Parameters) -> tuple[Request, list[Held]]:
    """Return the request and the conditions that options ask for.

    Raises:
        InputError: with every fault found.
    """
    from routing.conditions import Condition, day_share
    from routing.propose import conditions
    from routing.propose.conditions import Held

    faults: list[Fault] = []
    texts = [*given["conditions"], *([given["condition"]] if given["condition"] else [])]
    first, known = Condition(daylight=given["daylight"] or "day"), None
    with _gathered(faults):
        known = frame.conditions_catalogue(given["conditions_file"])
    with _gathered(faults):
        first = frame.condition_under(parameters, {**given, "condition": None})
    with _gathered(faults):
        held = conditions.parse(
            texts,
            daylight=first.daylight,
            when_min=first.when_min,
            catalogue=known,
            day_share=day_share(parameters),
        )
        if not texts and first.name != "calm":  # a scenario says under which condition
            held = [Held(first.key, first)]
    with _gathered(faults):
        request = request_of(given)
    if faults:
        raise InputError(faults)
    return request, held


@contextlib.contextmanager
def _gathered(faults: list[Fault]) -> Iterator[None]:
    """Add the faults of an input error to `faults` and go on."""
    try:
        yield
    except InputError as error:
        faults += error.faults


def request_of(given: Mapping[str, Any]) -> Request:
    """Return the request that options ask for.

    Raises:
        InputError: with every fault found.
    """
    from routing.propose import Request
    from routing.siting.candidates import SOURCES

    faults: list[Fault] = []
    numbers: dict[str, Any] = {
        "kinds": _pairs("--kind", given["kinds"], faults, whole=True, bare=True),
        "costs": _pairs("--cost", given["costs"], faults),
        "min_new_by_county": _pairs(_COUNTY, given["min_per_county"], faults, whole=True),
        "busy": _busy(given["busy"], faults),
    }
    with _gathered(faults):
        request = Request(
            **{name: given[name] for name in _AS_GIVEN},
            sources=given["sources"] or SOURCES,
            lattice_km=given["lattice"],
            exclusive=tuple(_ids(group) for group in given["exclusive"]),
            share_within=given["share"],
            worst_island_min=given["worst_island"],
            outer_min=given["outer"],
            apart_km=given["apart"],
            time_limit_s=given["time_limit"],
            **numbers,
        )
    if faults:
        raise InputError(faults)
    return request


def _ids(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _pairs(
    option: str,
    texts: Sequence[str],
    faults: list[Fault],
    *,
    whole: bool = False,
    bare: bool = False,
) -> dict[str, Any]:
    """Return ``NAME=NUMBER`` pairs.

    Args:
        option: the option, for faults.
        texts: as typed.
        faults: where to add what is wrong.
        whole: whether the numbers have to be whole.
        bare: whether a name may stand without a number, which is None then.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, number = (part.strip() for part in text.partition("="))
        if name in found:
            faults.append(Fault("propose_twice", option, name))
        if not equals and bare:
            found[name] = None
            continue
        value = _number(number)
        if not name or value is None or not equals:
            faults.append(Fault("propose_pair", option, text))
        elif whole and not value.is_integer():
            faults.append(Fault("propose_not_whole", option, text))
        else:
            found[name] = int(value) if whole else value
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _busy(texts: Sequence[str], faults: list[Fault]) -> dict[str, float]:
    """Return busy fractions by zone; a bare number holds for all zones."""
    named = [text if "=" in text else f"{zone}={text}" for text in texts for zone in _ZONES]
    found = _pairs("--busy", list(dict.fromkeys(named)), faults)
    choices: dict[str, object] = {"choices": ", ".join(_ZONES)}
    faults += [Fault("not_a_choice", "--busy", z, choices) for z in found if z not in _ZONES]
    return found


def _write_tables(folder: OutputFolder, found: Proposal, result: dict[str, Any]) -> None:
    import pandas as pd

    from geodata import tables

    tables.write_json(result, folder.path("result.json"))
    sheets = {
        "sites": found.sites.drop(columns="geometry"),
        "candidates": found.candidates.drop(columns="geometry"),
        "demand": found.demand,
        "parameters": pd.DataFrame(result["assumptions"]),
        **found.sheets,
    }
    for name, table in sheets.items():
        tables.write_csv(table, folder.path(f"{name}.csv"), decimals=_MINUTE_DIGITS)
    cells = found.today.cells
    # The names of posts by condition are for the page: here they would be most of the file.
    named = [name for name in cells.columns if re.search("post_(zh|en)__", name)]
    layers = {
        "sites": found.sites,
        "candidates": found.candidates,
        "demand_cells": tables.multipolygons(cells.drop(columns=["legs", *named])),
        "islands": found.today.islands,
        "posts": found.today.posts,
    }
    kinds = dict.fromkeys(layers, "Point") | dict.fromkeys(
        ("demand_cells", "islands"), "MultiPolygon"
    )
    tables.write_geopackage(layers, folder.path("tables.gpkg"), geometry_types=kinds)


def _write_pictures(
    folder: OutputFolder,
    found: Proposal,
    result: dict[str, Any],
    place: Region,
    parameters: Parameters,
    conditions: Sequence[Condition],
    lang: str,
) -> None:
    from maps import interactive, panels, static
    from maps.result_charts import charts_of
    from routing import propose
    from routing.cli import drawing

    shown = propose.plain(found.today.result)
    drawn = drawing.coverage_tables(
        found.today, place, shown, conditions=conditions, parameters=parameters
    )
    effects = drawing.effects(conditions, lang)
    page = interactive.coverage_page(drawn, shown, lang=lang, effects=effects)
    folder.path("proposal.html").write_text(page, "utf-8", newline="\n")
    if drawn.has_after:
        figure = panels.pair_figure(drawn, shown, lang=lang, crs=place.metric_crs)
        figures = {"coverage_pair": figure}
    else:
        figure = static.coverage_figure(drawn, shown, lang=lang, crs=place.metric_crs)
        figures = {"coverage": figure}
    folder.path("proposal.png").write_bytes(static.png_bytes(figure))
    figures |= charts_of(result, lang=lang)
    papers.write(folder, result, figures, lang)


def _write_record(
    folder: OutputFolder,
    settings: frame.Settings,
    given: Mapping[str, Any],
    place: Region,
    parameters: list[dict[str, Any]],
) -> None:
    from geodata import provenance, tables

    inputs: dict[str, Path | str] = {"region": f"{settings.region} sha256:{place.content_hash}"}
    files = {
        "config": settings.config,
        "candidates": given["candidates"],
        "conditions": given["conditions_file"],
    }
    inputs |= {name: path for name, path in files.items() if path is not None}
    inputs |= frame.scenario_inputs(given["scenario"])
    record = provenance.run_record(
        command="propose",
        arguments={**given, "region": settings.region, "lang": settings.lang},
        inputs=inputs,
        parameters=parameters,
        started=settings.started,
        outputs=[folder.path(name) for name in folder.names()],
        seed=given["seed"],
    )
    tables.write_json(record, folder.path("run.json"))
