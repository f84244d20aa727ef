"""The commands ``brief`` and ``coverage``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geodata import catalogue
from geodata.errors import shorten
from routing.cli import frame, progress

if TYPE_CHECKING:
    import geopandas as gpd

    from geodata.outputs import OutputFolder
    from geodata.region import Region
    from maps.tables import CoverageTables
    from routing.brief import Brief
    from routing.config import Parameters

STAGES = ("network", "response", "variants", "proposal", "tables", "pictures")
_MINUTE_DIGITS = 3
_ROADS_DRAWN = 3_000


def register(root: click.Group) -> None:
    """Add the commands to `root`."""
    root.add_command(_brief_command())
    root.add_command(_coverage_command())


def _brief_command() -> click.Command:
    say = frame.help_text

    @frame.command("brief")
    @frame.output_options
    @frame.daylight_option
    @frame.when_option
    @click.option("--new", type=click.IntRange(1, 100), default=5, help=say("brief.new"))
    @click.option(
        "--time-limit", type=click.FloatRange(min=1.0), default=30.0, help=say("brief.time_limit")
    )
    @click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help=say("brief.seed"))
    @click.option("--check", is_flag=True, help=say("brief.check"))
    @click.pass_obj
    def brief(
        settings: frame.Settings,
        out: Path,
        overwrite: bool,
        daylight: str | None,
        when: str | None,
        new: int,
        time_limit: float,
        seed: int,
        check: bool,
    ) -> int:
        asked = {"fallback_new": new, "time_limit_s": time_limit, "seed": seed}
        clock = {"daylight": daylight, "when": when}
        return _run(settings, "brief", out, overwrite, clock, check, propose=True, **asked)

    return brief


def _coverage_command() -> click.Command:
    @frame.command("coverage")
    @frame.output_options
    @frame.daylight_option
    @frame.when_option
    @click.option("--check", is_flag=True, help=frame.help_text("brief.check"))
    @click.pass_obj
    def coverage(
        settings: frame.Settings,
        out: Path,
        overwrite: bool,
        daylight: str | None,
        when: str | None,
        check: bool,
    ) -> int:
        clock = {"daylight": daylight, "when": when}
        return _run(settings, "coverage", out, overwrite, clock, check, propose=False)

    return coverage


def _run(
    settings: frame.Settings,
    command: str,
    out: Path,
    overwrite: bool,
    clock: dict[str, str | None],
    check: bool,
    **asked: Any,
) -> int:
    """Compute, write all or nothing, tell the findings; 1 if a checked target is missed."""
    from geodata import region
    from geodata.outputs import OutputFolder
    from routing import brief, config

    parameters = config.load(settings.config)
    condition = frame.condition(parameters, **clock)
    place = region.load(settings.region)
    texts = {key: catalogue.text(f"stage.{key}", settings.lang) for key in STAGES}
    with OutputFolder(out, overwrite=overwrite) as folder:
        with progress.stages(texts) as work:
            found = brief.compute(
                place,
                parameters,
                condition=condition,
                progress=work.begin,
                **asked,
            )
            result = brief.plain(found.result)
            work.begin("pictures")
            _write_tables(folder, found, result)
            _write_pictures(folder, found, place, result, settings.lang)
        arguments = {"out": str(out), "overwrite": overwrite, **clock, **asked}
        _write_record(folder, settings, command, arguments, place, parameters)
    for line in summary_lines(result, settings.lang):
        click.echo(line)
    click.echo(settings.say("brief.written", folder=str(out)))
    missed = [zone for zone in result["zones"].values() if zone["target_met"] is False]
    return 1 if check and missed else 0


def _write_tables(folder: OutputFolder, found: Brief, result: dict[str, Any]) -> None:
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
    }
    for name, table in sheets.items():
        tables.write_csv(table, folder.path(f"{name}.csv"), decimals=_MINUTE_DIGITS)
    layers = {
        "demand_cells": found.cells.drop(columns="legs"),
        "islands": found.islands,
        "posts": found.posts,
        "proposal": found.proposal_sites,
    }
    kinds = {
        "demand_cells": "Polygon",
        "islands": "MultiPolygon",
        "posts": "Point",
        "proposal": "Point",
    }
    layers["demand_cells"] = layers["demand_cells"].explode(index_parts=False)
    tables.write_geopackage(layers, folder.path("tables.gpkg"), geometry_types=kinds)


def _write_pictures(
    folder: OutputFolder, found: Brief, place: Region, result: dict[str, Any], lang: str
) -> None:
    from maps import charts, interactive, report, static

    drawn = _drawn(found, place, result)
    figure = static.coverage_figure(drawn, result, lang=lang, crs=place.metric_crs)
    picture = static.png_bytes(figure)
    folder.path("coverage.png").write_bytes(picture)
    page = interactive.coverage_page(drawn, result, lang=lang)
    folder.path("coverage.html").write_text(page, "utf-8", newline="\n")
    figures = {
        "coverage": figure,
        "distribution": charts.distribution_figure(drawn, result, lang=lang),
        "parts": charts.parts_figure(result, lang=lang),
    }
    if len(found.proposal_sites):
        crs = place.metric_crs
        figures["coverage_after"] = static.coverage_figure(
            drawn, result, lang=lang, crs=crs, after=True
        )
    pictures = {name: static.png_bytes(drawing, dpi=130) for name, drawing in figures.items()}
    text = report.report_page(result, pictures, lang)
    folder.path("report.html").write_text(text, "utf-8", newline="\n")


def _drawn(found: Brief, place: Region, result: dict[str, Any]) -> CoverageTables:
    from maps.tables import CoverageTables

    zones = place.zones.copy()
    zones["target_min"] = [result["zones"][zone]["target_min"] for zone in zones["zone"]]
    layers: dict[str, gpd.GeoDataFrame] = {
        name: place.layers[name] for name in ("helipads", "hospitals", "ports", "ferries")
    }
    layers["roads"] = _main_roads(place.roads)
    return CoverageTables(
        cells=found.cells,
        islands=found.islands,
        posts=found.posts,
        zones=zones,
        proposal_sites=found.proposal_sites,
        **layers,
    )


def _main_roads(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the roads to draw: all of a skeleton, but of a street network the main ones alone."""
    if len(roads) <= _ROADS_DRAWN:
        return roads
    return roads[roads["road_class"].isin(("motorway", "trunk", "primary"))]


def _write_record(
    folder: OutputFolder,
    settings: frame.Settings,
    command: str,
    arguments: dict[str, Any],
    place: Region,
    parameters: Parameters,
) -> None:
    from geodata import provenance

    inputs: dict[str, Path | str] = {"region": f"{settings.region} sha256:{place.content_hash}"}
    if settings.config is not None:
        inputs["config"] = settings.config
    record = provenance.run_record(
        command=command,
        arguments={**arguments, "region": settings.region, "lang": settings.lang},
        inputs=inputs,
        parameters=parameters.as_rows(),
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
    lines = [say("title", region=name, condition=say(f"condition.{result['condition']}"),
                 daylight=_time_of_day(result, say))]  # fmt: skip
    for zone, found in result["zones"].items():
        lines.append(_zone_line(zone, found, result, say))
    worst = next((row for row in result["islands"] if row["population"]), None)
    if worst is not None:
        lines.append(
            say("worst", island=_named(worst, lang), minutes=_minutes(worst["mean_min"], say))
        )
    cut_off = [_named(row, lang) for row in result["islands"] if row["mean_min"] is None]
    if cut_off:
        lines.append(say("nobody_reaches", islands=say("joiner").join(cut_off)))
    lines.append(_proposal_line(result["proposal"], lang, say))
    lines.append(_grounded_line(result, say))
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
    sites = say("joiner").join(_named(site, lang) for site in proposal["sites"])
    means = {f"{z}_mean": _minutes(f["mean_min"], say) for z, f in proposal["after"].items()}
    status = say(f"status.{proposal['status']}")
    return str(say(statement, count=proposal["new_posts"], sites=sites, status=status, **means))


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
    return str(say("without_helicopter", verdict=say("both_met" if met else "one_missed"), **means))


def _named(row: dict[str, Any], lang: str) -> str:
    return shorten(row.get(f"name_{lang}") or row["name_zh"])


def _minutes(value: float | None, say: Any) -> str:
    return str(say("unreachable")) if value is None else f"{value:.1f}"
