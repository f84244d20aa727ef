"""The command ``check-year``: the model beside the numbers reported for a year."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from geodata import catalogue
from geodata.errors import shorten
from routing.cli import brief, frame, progress

STAGES = ("network", "sea", "check_year")
_DIGITS = 3
_ISLANDS_TOLD = 5


def register(root: click.Group) -> None:
    """Add the command to `root`."""
    root.add_command(_check_year_command())


def _check_year_command() -> click.Command:
    @frame.command("check-year")
    @frame.output_options
    @frame.scenario_option
    @click.option(
        "--conditions-file",
        type=click.Path(path_type=Path),
        metavar="TOML",
        help=frame.help_text("conditions_file_help"),
    )
    @click.pass_obj
    def check_year(settings: frame.Settings, /, **given: Any) -> int:
        return _run(settings, given)

    return check_year


def _run(settings: frame.Settings, given: Mapping[str, Any]) -> int:
    import pandas as pd

    from geodata import tables
    from geodata.outputs import OutputFolder
    from routing import brief as briefs
    from routing import year_check
    from routing.itinerary.router import Router

    parameters = frame.load_parameters(settings)
    known = frame.conditions_catalogue(given["conditions_file"])
    place = frame.load_region(settings, given["scenario"])
    texts = {key: catalogue.text(f"stage.{key}", settings.lang) for key in STAGES}
    with OutputFolder(given["out"], overwrite=given["overwrite"]) as folder:
        with progress.stages(texts) as work:
            router = Router(place, parameters, progress=work.begin)
            work.begin("check_year")
            found = year_check.compute(router, known)
            result = briefs.plain(year_check.result(router, found))
        tables.write_json(result, folder.path("result.json"))
        for name in ("islands", "assumptions"):
            sheet = pd.DataFrame(result[name])
            tables.write_csv(sheet, folder.path(f"{name}.csv"), decimals=_DIGITS)
        arguments = {**given, "out": str(given["out"])}
        brief.write_record(folder, settings, "check-year", arguments, place, parameters, known)
    for line in summary_lines(result, settings.lang):
        click.echo(line)
    click.echo(settings.say("brief.written", folder=str(given["out"])))
    return 0


def summary_lines(result: Mapping[str, Any], lang: str) -> list[str]:
    """Return the numbers in a few lines.

    Args:
        result: the content of ``result.json``.
        lang: ``zh`` or ``en``.
    """

    def say(key: str, **params: object) -> str:
        return catalogue.text(f"year_check.{key}", lang, **params)

    region = result["region"][f"name_{lang}"] or result["region"]["name_zh"]
    lines = [say("title", region=shorten(region))]
    for name, one in result["numbers"].items():
        modelled = f"{one['modelled']:,.0f}"
        if one["factor"] is None:
            lines.append(say("line_alone", name=say(name), modelled=modelled))
            continue
        lines.append(
            say(
                "line",
                name=say(name),
                modelled=modelled,
                reported=f"{one['reported']:,.0f}",
                factor=f"{one['factor_off']:.1f}",
                way=say("high" if one["factor"] > 1 else "low"),
            )
        )
    counts = {key: f"{value:,.0f}" for key, value in result["components"].items()}
    lines.append(say("parts", **counts, flying=f"{100 * result['flying_share']:.0f}"))
    if result["implied_critical_share"] is not None:
        share = next(
            row["value"] for row in result["assumptions"] if row["name"] == "year.critical_share"
        )
        implied = f"{100 * result['implied_critical_share']:.1f}"
        lines.append(say("implied", implied=implied, share=f"{100 * share:g}"))
    told = [
        say(
            "island",
            name=brief.named(row, lang),
            tasks=f"{row['island_transfers'] + row['onward_transfers']:.0f}",
        )
        for row in result["islands"][:_ISLANDS_TOLD]
    ]
    if told:
        lines.append(say("islands", islands=say("joiner").join(told)))
    return lines + [f"  {one[f'text_{lang}']}" for one in result["notices"]]
