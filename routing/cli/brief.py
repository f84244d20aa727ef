"""The command ``brief``, and what it shares with ``coverage``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geodata import catalogue
from geodata.errors import shorten
from routing.cli import drawing, frame, papers, progress

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from geodata.outputs import OutputFolder
    from geodata.region import Region
    from maps.online import OnlineLayers
    from maps.tables import CoverageTables
    from routing.brief import Brief
    from routing.conditions import Catalogue, Condition
    from routing.config import Parameters


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the options of `shared_options` ask, as typed."""

    out: Path
    overwrite: bool
    daylight: str | None
    when: str | None
    condition: str | None
    conditions_file: Path | None
    scenario: tuple[Path, ...]
    mutual_aid: bool | None
    check: bool
    tiles: drawing.Tiles

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Asked:
        """Return what the arguments of a command ask; further ones are left alone."""
        tiles = drawing.Tiles(**{f.name: given[f.name] for f in fields(drawing.Tiles)})
        own = {f.name: given[f.name] for f in fields(cls) if f.name != "tiles"}
        return cls(tiles=tiles, **own)

    @property
    def state(self) -> dict[str, Any]:
        """The options that say of which region and under which condition."""
        return {name: getattr(self, name) for name in _STATE}

    @property
    def arguments(self) -> dict[str, Any]:
        """All of them as the run record holds them."""
        told = {"out": str(self.out), "overwrite": self.overwrite}
        return {**told, **self.state, **asdict(self.tiles)}


_STATE = ("daylight", "when", "condition", "conditions_file", "scenario", "mutual_aid")
STAGES = ("network", "response", "variants", "proposal", "tables", "pictures")
AID_COLUMNS = ("island_id", "name_zh", "name_en", "county", "population", "without_min",
               "with_min", "lost_min", "newly_reached_population", "post", "post_en")  # fmt: skip
_MINUTE_DIGITS = 3


def register(root: click.Group) -> None:
    """Add the command to `root`."""
    root.add_command(_brief_command())


def shared_options(function: frame.Decorated) -> frame.Decorated:
    """Add the options of every map of response times: arguments named as the fields of `Asked`."""
    check = click.option("--check", is_flag=True, help=frame.help_text("brief.check"))
    first_last = (
        frame.output_options,
        frame.daylight_option,
        frame.when_option,
        frame.condition_options,
        frame.scenario_option,
        frame.mutual_aid_option,
        drawing.tile_options,
        check,
    )
    for option in reversed(first_last):
        function = option(function)
    return function


def _brief_command() -> click.Command:
    say = frame.help_text

    @frame.command("brief")
    @shared_options
    @click.option("--new", type=click.IntRange(1, 100), default=5, help=say("brief.new"))
    @click.option(
        "--time-limit", type=click.FloatRange(min=1.0), default=30.0, help=say("brief.time_limit")
    )
    @click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help=say("brief.seed"))
    @click.pass_obj
    def brief(
        settings: frame.Settings, /, new: int, time_limit: float, seed: int, **given: Any
    ) -> int:
        question = {"fallback_new": new, "time_limit_s": time_limit, "seed": seed}
        return run(settings, "brief", Asked.of(given), propose=True, **question)

    return brief


def run(settings: frame.Settings, command: str, asked: Asked, **question: Any) -> int:
    """Compute, write all or nothing, tell the findings; 1 if a checked target is missed."""
    from geodata.outputs import OutputFolder
    from routing import brief, conditions

    online = asked.tiles.layers()
    parameters = frame.load_parameters(settings, mutual_aid=asked.mutual_aid)
    condition = frame.condition_under(parameters, asked.state)
    catalogue_ = frame.conditions_catalogue(asked.conditions_file)
    place = frame.load_region(settings, asked.scenario)
    conditions.check(condition, place)
    texts = {key: catalogue.text(f"stage.{key}", settings.lang) for key in STAGES}
    with OutputFolder(asked.out, overwrite=asked.overwrite) as folder:
        with progress.stages(texts) as work:
            found = brief.compute(
                place,
                parameters,
                condition=condition,
                catalogue=catalogue_,
                progress=work.begin,
                **question,
            )
            result = brief.plain(found.result)
            work.begin("pictures")
            write_tables(folder, found, result)
            drawn = drawing.coverage_tables(
                found, place, result, conditions=[condition], parameters=parameters
            )
            write_page(folder, drawn, result, settings.lang, [condition], online)
            write_pictures(folder, drawn, place, result, settings.lang)
        arguments = {**asked.arguments, **question}
        write_record(folder, settings, command, arguments, place, parameters, catalogue_)
    for line in summary_lines(result, settings.lang):
        click.echo(line)
    click.echo(settings.say("brief.written", folder=str(asked.out)))
    return missed(result) if asked.check else 0


def missed(result: dict[str, Any]) -> int:
    """Return the exit code 1 if any zone misses its target, else 0."""
    return int(any(zone["target_met"] is False for zone in result["zones"].values()))


def write_tables(
    folder: OutputFolder,
    found: Brief,
    result: dict[str, Any],
    **more: pd.DataFrame,
) -> None:
    """Write ``result.json``, the tables as CSV and GeoPackage, and `more` tables as CSV."""
    import pandas as pd

    from geodata import tables

    text = json.dumps(result, ensure_ascii=False, allow_nan=False, indent=1)
    folder.path("result.json").write_text(text + "\n", "utf-8", newline="\n")
    demand = found.cells.drop(columns="geometry")
    sheets = {
        "demand": demand.drop(columns="legs"),
        "islands": pd.DataFrame(result["islands"]),
        "townships": found.townships,
        "posts": found.posts,
        "proposal": found.proposal_sites.drop(columns="geometry"),
        "parameters": pd.DataFrame(result["assumptions"]),
        **more,
    }
    if result.get("mutual_aid"):
        sheets["mutual_aid"] = pd.DataFrame(result["mutual_aid"]["islands"], columns=AID_COLUMNS)
    for name, table in sheets.items():
        tables.write_csv(table, folder.path(f"{name}.csv"), decimals=_MINUTE_DIGITS)
    layers = {
        "demand_cells": tables.multipolygons(found.cells.drop(columns="legs")),
        "islands": found.islands,
        "posts": found.posts,
        "proposal": found.proposal_sites,
    }
    kinds = {
        "demand_cells": "MultiPolygon",
        "islands": "MultiPolygon",
        "posts": "Point",
        "proposal": "Point",
    }
    tables.write_geopackage(layers, folder.path("tables.gpkg"), geometry_types=kinds)


def write_page(
    folder: OutputFolder,
    drawn: CoverageTables,
    result: dict[str, Any],
    lang: str,
    conditions: Sequence[Condition],
    online: OnlineLayers,
) -> None:
    """Write the interactive map."""
    from maps import interactive

    effects = drawing.effects(conditions, lang)
    page = interactive.coverage_page(drawn, result, lang=lang, online=online, effects=effects)
    folder.path("coverage.html").write_text(page, "utf-8", newline="\n")


def write_pictures(
    folder: OutputFolder,
    drawn: CoverageTables,
    place: Region,
    result: dict[str, Any],
    lang: str,
    **more: Figure,
) -> None:
    """Write the map as PNG and SVG, and the reports with it and with `more` figures."""
    from maps import charts, panels, static
    from maps.result_charts import charts_of

    crs = place.metric_crs
    figure = static.coverage_figure(drawn, result, lang=lang, crs=crs)
    folder.path("coverage.png").write_bytes(static.png_bytes(figure))
    folder.path("coverage.svg").write_bytes(static.svg_bytes(figure))
    figures = {
        "coverage": figure,
        "distribution": charts.distribution_figure(drawn, result, lang=lang),
        **charts_of(result, lang=lang),
        **more,
    }
    if len(drawn.proposal_sites) and drawn.has_after:
        figures["coverage_pair"] = panels.pair_figure(drawn, result, lang=lang, crs=crs)
    papers.write(folder, result, figures, lang)


def write_record(
    folder: OutputFolder,
    settings: frame.Settings,
    command: str,
    arguments: dict[str, Any],
    place: Region,
    parameters: Parameters,
    conditions: Catalogue,
    **files: Path | None,
) -> None:
    """Write ``run.json``; `files` are further inputs by the part they play."""
    from geodata import provenance

    inputs: dict[str, Path | str] = {"region": f"{settings.region} sha256:{place.content_hash}"}
    files = {"config": settings.config, "conditions": arguments["conditions_file"], **files}
    inputs |= {role: file for role, file in files.items() if file is not None}
    inputs |= frame.scenario_inputs(arguments.get("scenario", ()))
    record = provenance.run_record(
        command=command,
        arguments={**arguments, "region": settings.region, "lang": settings.lang},
        inputs=inputs,
        parameters=[*parameters.as_rows(), *conditions.as_rows()],
        started=settings.started,
        outputs=[folder.path(name) for name in folder.names()],
        seed=arguments.get("seed"),
    )
    text = json.dumps(record, ensure_ascii=False, indent=1, default=str)
    folder.path("run.json").write_text(text + "\n", "utf-8", newline="\n")


def summary_lines(result: dict[str, Any], lang: str) -> list[str]:
    """Return the short summary that a director can read.

    Args:
        result: the content of ``result.json``.
        lang: ``zh`` or ``en``.
    """

    def say(key: str, **params: object) -> str:
        return catalogue.text(f"brief.{key}", lang, **params)

    name = result["region"][f"name_{lang}"] or result["region"]["name_zh"]
    lines = [say("title", region=name, condition=result[f"condition_{lang}"],
                 daylight=_time_of_day(result, say)), *scenario_lines(result, lang)]  # fmt: skip
    for zone, found in result["zones"].items():
        lines.append(_zone_line(zone, found, result, say))
    worst = next((row for row in result["islands"] if row["population"]), None)
    if worst is not None:
        lines.append(
            say("worst", island=named(worst, lang), minutes=_minutes(worst["mean_min"], say))
        )
    cut_off = [named(row, lang) for row in result["islands"] if row["mean_min"] is None]
    if cut_off:
        lines.append(say("nobody_reaches", islands=say("joiner").join(cut_off)))
    lines.append(_proposal_line(result["proposal"], lang, say))
    lines.append(_grounded_line(result, say))
    lines += aid_lines(result, lang)
    schematic = result["network"] == "schematic"
    lines.append(say("caveat_schematic" if schematic else "caveat"))
    return [line for line in lines if line]


def _zone_line(zone: str, found: dict[str, Any], result: dict[str, Any], say: Any) -> str:
    if found["mean_min"] is None:
        return str(say("no_calls", zone=say(f"zone.{zone}")))
    confirmed = result["variants"]["confirmed"][zone]["mean_min"]
    left_out = found["unreachable_population"]
    return str(
        say(
            "zone_met" if found["target_met"] else "zone_missed",
            zone=say(f"zone.{zone}"),
            mean=_minutes(found["mean_min"], say),
            target=f"{found['target_min']:g}",
            p90=_minutes(found["p90_min"], say),
            share=f"{100 * found['share_within_target']:.0f}",
            confirmed=_minutes(confirmed, say),
        )
    ) + (str(say("unreachable_people", people=f"{left_out:,.0f}")) if left_out else "")


def _proposal_line(proposal: dict[str, Any], lang: str, say: Any) -> str:
    statement = proposal["statement"]
    if statement in ("not_asked", "met_today"):
        return "" if statement == "not_asked" else str(say("met_today"))
    sites = say("joiner").join(named(site, lang) for site in proposal["sites"])
    means = {f"{z}_mean": _minutes(f["mean_min"], say) for z, f in proposal["after"].items()}
    status = say(f"status.{proposal['status']}")
    said = say(statement, count=proposal["new_posts"], sites=sites, status=status, **means)
    return str(said) + _left_out(proposal["after"], say)


def _time_of_day(result: dict[str, Any], say: Any) -> str:
    daylight = say(f"daylight.{result['daylight']}")
    when = result.get("when")
    return f"{daylight} {say('at_time', time=when)}" if when else str(daylight)


def _grounded_line(result: dict[str, Any], say: Any) -> str:
    """Return what the proposal comes to when the one helicopter does not fly."""
    proposal = result["proposal"]
    flown = result["vehicles"]["helicopter"]["calls_per_year"]
    if not proposal["sites"] or not flown:
        return ""
    after = proposal["after_variants"]["without_helicopter"]
    means = {f"{z}_mean": _minutes(f["mean_min"], say) for z, f in after.items()}
    met = all(f["target_met"] is not False for f in after.values())
    verdict = say("both_met" if met else "one_missed")
    return str(say("without_helicopter", verdict=verdict, **means)) + _left_out(after, say)


def _left_out(zones: dict[str, Any], say: Any) -> str:
    """Return how many residents nobody reaches, whom the means leave out."""
    people = sum(found["unreachable_population"] or 0.0 for found in zones.values())
    return str(say("unreachable_people", people=f"{people:,.0f}")) if people >= 0.5 else ""


def scenario_lines(result: dict[str, Any], lang: str) -> list[str]:
    """Return what a result says of the scenarios that it is under."""
    return [f"  {one[f'text_{lang}']}" for one in result["notices"] if one["key"] == "scenario"]


def aid_lines(result: dict[str, Any], lang: str) -> list[str]:
    """Return what depends on crews from outside the region, where anything does."""
    aid = result.get("mutual_aid")
    if not aid or not aid["islands"]:
        return []
    islands = [
        catalogue.text(
            "mutual_aid.island",
            lang,
            name=named(row, lang),
            without=_or_nobody(row["without_min"], lang),
            with_=_or_nobody(row["with_min"], lang),
        )
        for row in aid["islands"]
    ]
    key = "counted" if aid["counted"] else "left_out"
    joiner = catalogue.text("brief.joiner", lang)
    return [catalogue.text(f"mutual_aid.{key}", lang, islands=joiner.join(islands))]


def _or_nobody(value: float | None, lang: str) -> str:
    return catalogue.text("brief.unreachable", lang) if value is None else f"{value:.0f}"


def named(row: dict[str, Any], lang: str) -> str:
    """Return the name of a row for people."""
    return shorten(row.get(f"name_{lang}") or row["name_zh"])


def _minutes(value: float | None, say: Any) -> str:
    return str(say("unreachable")) if value is None else f"{value:.1f}"
