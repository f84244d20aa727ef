"""The command ``care``: definitive care of residents, and the gap list of the islands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geodata import catalogue
from routing.cli import brief, frame, progress, route

if TYPE_CHECKING:
    from geodata.outputs import OutputFolder
    from routing.care import Care

STAGES = ("network", "sea", "care", "tables")
_DIGITS = 2
_ISLANDS_TOLD = 5


def register(root: click.Group) -> None:
    """Add the command to `root`."""
    root.add_command(_care_command())


def _care_command() -> click.Command:
    say = frame.help_text

    @frame.command("care")
    @frame.daylight_option
    @frame.when_option
    @frame.condition_options
    @frame.scenario_option
    @click.option("--all-conditions", is_flag=True, help=say("care.all_conditions"))
    @click.option("--no-mutual-aid", is_flag=True, help=say("route.no_mutual_aid"))
    @frame.output_options
    @click.pass_obj
    def care(settings: frame.Settings, /, out: Path, overwrite: bool, **asked: Any) -> int:
        return _run(settings, out, overwrite, asked)

    return care


def _run(settings: frame.Settings, out: Path, overwrite: bool, asked: dict[str, Any]) -> int:
    from geodata.outputs import OutputFolder
    from routing import care as definitive
    from routing import conditions, config
    from routing.itinerary.router import Router

    loaded = config.load(settings.config)
    parameters = route.with_mutual_aid(loaded, off=asked["no_mutual_aid"])
    first = frame.condition_under(parameters, asked)
    known = frame.conditions_catalogue(asked["conditions_file"])
    wanted = [first]
    if asked["all_conditions"]:
        lights = (first.daylight,) if asked["daylight"] or asked["when"] else ("day", "night")
        wanted = [
            known.get(name, daylight=light, when_min=first.when_min)
            for name in known.names
            for light in lights
        ]
    here = frame.load_region(settings, asked["scenario"])
    conditions.check(wanted, here)
    texts = {key: catalogue.text(f"stage.{key}", settings.lang) for key in STAGES}
    with OutputFolder(out, overwrite=overwrite) as folder:
        with progress.stages(texts) as work:
            router = Router(here, parameters, progress=work.begin)
            work.begin("care")
            found = definitive.compute(router, wanted, progress=work.advance)
            work.begin("tables")
            told = frame.told_under(here, found.result(router))
            told["conditions"] = [
                {
                    "key": one.key,
                    "condition": one.name,
                    "daylight": one.daylight,
                    "name_zh": one.name_zh or one.name,
                    "name_en": one.name_en or one.name,
                }
                for one in wanted
            ]
            _write(folder, found, told)
        arguments = {"out": str(out), "overwrite": overwrite, **asked}
        brief.write_record(folder, settings, "care", arguments, here, parameters, known)
    for line in summary_lines(told, settings.lang):
        click.echo(line)
    click.echo(settings.say("brief.written", folder=str(out)))
    return 0


def _write(folder: OutputFolder, found: Care, told: dict[str, Any]) -> None:
    import pandas as pd

    from geodata import tables

    tables.write_json(told, folder.path("result.json"))
    sheets = {
        "demand_care": pd.DataFrame(found.demand.drop(columns="geometry")),
        "shares": found.shares,
        "gaps": found.gaps,
    }
    for name, table in sheets.items():
        digits = 4 if name == "shares" else _DIGITS
        tables.write_csv(table, folder.path(f"{name}.csv"), decimals=digits)
    layers = {"demand_care": found.demand}
    kinds = {"demand_care": "Point"}
    tables.write_geopackage(layers, folder.path("tables.gpkg"), geometry_types=kinds)


def summary_lines(told: dict[str, Any], lang: str) -> list[str]:
    """Return definitive care in a few lines a condition.

    Args:
        told: the content of ``result.json``.
        lang: ``zh`` or ``en``.
    """

    def say(key: str, **params: object) -> str:
        return catalogue.text(f"care.{key}", lang, **params)

    region = told["region"][f"name_{lang}"] or told["region"]["name_zh"]
    lines = []
    for one in told["conditions"]:
        light = catalogue.text(f"route.daylight.{one['daylight']}", lang)
        condition = f"{one[f'name_{lang}']} · {light}"
        lines.append(say("title", region=region, condition=condition))
        rows = [row for row in told["shares"] if row["condition"] == one["key"]]
        lines += _share_lines(rows, lang, say)
        lines += _gap_lines(told, one["key"], lang, say)
    aid = say("aid_on" if told["mutual_aid"] else "aid_off")
    return [*lines, say("caveat", aid=aid)]


def _share_lines(rows: list[dict[str, Any]], lang: str, say: Any) -> list[str]:
    grounded = {row["level"]: row for row in rows if row["variant"] == "without_helicopter"}
    lines = []
    for row in rows:
        if row["variant"] == "without_helicopter":
            continue
        lost = row["unreachable_population"]
        other = grounded[row["level"]]
        lines.append(
            say(
                "line",
                level=catalogue.text(f"route.need.{row['level']}", lang),
                mean="–" if row["mean_min"] is None else f"{row['mean_min']:.1f}",
                unreachable=say("unreachable", people=f"{lost:,.0f}") if lost else "",
                **{f"w{b}": _percent(row[f"within_{b}"]) for b in (60, 90, 120)},
                **{f"g{b}": _percent(other[f"within_{b}"]) for b in (60, 90, 120)},
            )
        )
    return lines


def _gap_lines(told: dict[str, Any], key: str, lang: str, say: Any) -> list[str]:
    level = "chest_pain"
    rows = [g for g in told["gaps"] if g["condition"] == key and g["level"] == level]
    if not rows:
        return []
    listed = [
        say("gap", name=row[f"name_{lang}"], people=f"{row['beyond_60']:,.0f}")
        for row in rows[:_ISLANDS_TOLD]
    ]
    named = catalogue.text(f"route.need.{level}", lang)
    return [say("gaps", level=named, islands=catalogue.text("route.joiner", lang).join(listed))]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"
