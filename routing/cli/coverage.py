"""The command ``coverage``: response times without a proposal, under one condition or all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from geodata import catalogue
from routing.cli import brief, drawing, frame, progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from geodata.region import Region
    from maps.tables import CoverageTables

STAGES = ("network", "response", "variants", "proposal", "tables", "conditions", "pictures")
_ISLANDS_TOLD = 5


def register(root: click.Group) -> None:
    """Add the command to `root`."""
    root.add_command(_coverage_command())


def _coverage_command() -> click.Command:
    say = frame.help_text

    @frame.command("coverage")
    @brief.shared_options
    @click.option("--all-conditions", is_flag=True, help=say("coverage.all_conditions"))
    @click.pass_obj
    def coverage(settings: frame.Settings, /, all_conditions: bool, **given: Any) -> int:
        asked = brief.Asked.of(given)
        if all_conditions:
            return _run_all(settings, asked)
        return brief.run(settings, "coverage", asked, propose=False)

    return coverage


def _run_all(settings: frame.Settings, asked: brief.Asked) -> int:
    from geodata.outputs import OutputFolder

    online = asked.tiles.layers()
    parameters = frame.load_parameters(settings, mutual_aid=asked.mutual_aid)
    shown = frame.condition_under(parameters, asked.state)
    known = frame.conditions_catalogue(asked.conditions_file)
    place = frame.load_region(settings, asked.scenario)
    texts = {key: catalogue.text(f"stage.{key}", settings.lang) for key in STAGES}
    with OutputFolder(asked.out, overwrite=asked.overwrite) as folder:
        with progress.stages(texts) as work:
            from routing import brief as briefs
            from routing import conditions, land_network, resilience
            from routing.brief import year

            # One light alone where a clock time or --daylight says which.
            asked_light = None if asked.daylight is asked.when is None else shown.daylight
            likely = known.likely(
                day_share=conditions.day_share(parameters),
                daylight=asked_light,
                when_min=shown.when_min,
            )
            conditions.check([one.condition for one in likely], place)
            work.begin("network")
            land = land_network.build(place, parameters)
            found = briefs.compute(
                place,
                parameters,
                condition=shown,
                catalogue=known,
                land=land,
                propose=False,
                progress=lambda stage: None if stage == "network" else work.begin(stage),
            )
            work.begin("conditions")
            outcomes = resilience.outcomes(place, land, parameters, likely, progress=work.advance)
            whole = year.extended(found, place, parameters, outcomes, catalogue=known)
            result = briefs.plain(whole.brief.result)
            work.begin("pictures")
            from maps import static

            brief.write_tables(
                folder, whole.brief, result, conditions=whole.states, resilience=whole.islands
            )
            every = [one.condition for one in likely]
            drawn = drawing.coverage_tables(
                whole.brief, place, result, conditions=every, parameters=parameters
            )
            brief.write_page(folder, drawn, result, settings.lang, every, online)
            panels = _panels(drawn, place, result, settings.lang)
            folder.path("conditions.png").write_bytes(static.png_bytes(panels, dpi=200))
            brief.write_pictures(folder, drawn, place, result, settings.lang, conditions=panels)
        arguments = {**asked.arguments, "all_conditions": True}
        brief.write_record(folder, settings, "coverage", arguments, place, parameters, known)
    for line in summary_lines(result, settings.lang):
        click.echo(line)
    click.echo(settings.say("brief.written", folder=str(asked.out)))
    return brief.missed(result) if asked.check else 0


def _panels(drawn: CoverageTables, place: Region, result: dict[str, Any], lang: str) -> Figure:
    """Return small maps side by side; a condition that is the same by day and night has one."""
    from maps import panels

    maps = []
    for rows in _alike(result["conditions"]):
        first = rows[0]
        lights = [catalogue.text(f"brief.daylight.{row['daylight']}", lang) for row in rows]
        light = catalogue.text("coverage.and", lang).join(lights)
        title = catalogue.text("coverage.panel", lang, name=first[f"name_{lang}"], daylight=light)
        column = f"response_min__{first['key']}"
        maps.append(panels.Panel(title=title, column=column, zones=first["zones"]))
    # Islands too small to show a colour get a dot in that of their mean.
    means = {m.column: drawn.islands[m.column.replace("response", "mean")] for m in maps}
    drawn = replace(drawn, islands=drawn.islands.assign(**means))
    return panels.conditions_figure(drawn, result, maps, lang=lang, crs=place.metric_crs)


def _alike(conditions: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the conditions, those of one name and the same answer together."""
    found: list[list[dict[str, Any]]] = []
    for row in conditions:
        last = found[-1][0] if found else None
        same = ("condition", "islands", "zones")
        if last is not None and all(row[name] == last[name] for name in same):
            found[-1].append(row)
        else:
            found.append([row])
    return found


def summary_lines(result: dict[str, Any], lang: str) -> list[str]:
    """Return the short summary of all conditions that a director can read.

    Args:
        result: the content of ``result.json``.
        lang: ``zh`` or ``en``.
    """

    def say(key: str, **params: object) -> str:
        return catalogue.text(f"coverage.{key}", lang, **params)

    name = result["region"][f"name_{lang}"] or result["region"]["name_zh"]
    lines = [say("title", region=name), *brief.scenario_lines(result, lang)]
    for row in result["conditions"]:
        means = {
            f"{zone}_mean": _minutes(found["mean_min"], say) for zone, found in row["zones"].items()
        }
        cut_off = row["unreachable_population"]
        lines.append(
            say(
                "condition",
                name=row[f"name_{lang}"],
                daylight=catalogue.text(f"brief.daylight.{row['daylight']}", lang),
                days=f"{row['days_per_year']:.1f}",
                **means,
            )
            + (say("cut_off", people=f"{cut_off:,.0f}") if cut_off else "")
        )
    year = result["expected"]["zones"]
    means = {f"{zone}_mean": _minutes(found["mean_min"], say) for zone, found in year.items()}
    calls = sum(f["calls_per_year"] * (f["unreachable_call_share"] or 0.0) for f in year.values())
    lines.append(say("year", **means, calls=f"{calls:.0f}"))
    worst = [r for r in result["resilience"] if r["cut_off_resident_days_per_year"]]
    if worst:
        told = [
            say(
                "island",
                name=brief.named(row, lang),
                people=f"{row['most_cut_off_population']:,.0f}",
                days=f"{row['cut_off_days_per_year']:.1f}",
            )
            for row in worst[:_ISLANDS_TOLD]
        ]
        lines.append(say("worst", count=len(worst), islands=say("joiner").join(told)))
    lines += brief.aid_lines(result, lang)
    lines.append(say("caveat"))
    return lines


def _minutes(value: float | None, say: Any) -> str:
    return str(say("nobody")) if value is None else f"{value:.1f}"
