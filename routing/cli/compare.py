"""The command ``compare``: before and after scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geodata import catalogue
from geodata.errors import Fault, InputError, shorten
from routing.cli import brief, drawing, frame, progress

if TYPE_CHECKING:
    from geodata.outputs import OutputFolder
    from geodata.region import Region
    from routing.brief import Brief
    from routing.compare import Comparison
    from routing.conditions import Likely
    from routing.scenario import Scenario

STAGES = ("network", "response", "variants", "proposal", "tables", "compare", "pictures")
_DIGITS = 3
_ISLANDS_TOLD = 5
_TOLD_MIN = 0.05


def register(root: click.Group) -> None:
    """Add the command to `root`."""
    root.add_command(_compare_command())


def _compare_command() -> click.Command:
    say = frame.help_text
    path = click.Path(path_type=Path)

    @frame.command("compare")
    @click.argument("scenario", nargs=-1, required=True, type=path, metavar="SCENARIO...")
    @frame.output_options
    @frame.daylight_option
    @frame.when_option
    @frame.condition_options
    @frame.mutual_aid_option
    @click.option("--all-conditions", is_flag=True, help=say("compare.all_conditions"))
    @click.option("--together", is_flag=True, help=say("compare.together"))
    @click.option("--check", is_flag=True, help=say("compare.check"))
    @click.pass_obj
    def compare(settings: frame.Settings, /, **given: Any) -> int:
        return _run(settings, given)

    return compare


def _run(settings: frame.Settings, given: Mapping[str, Any]) -> int:
    """Compute, write all or nothing, tell the findings."""
    from geodata import region
    from geodata.outputs import OutputFolder
    from routing import brief as briefs
    from routing import compare as comparing

    parameters = frame.load_parameters(settings, mutual_aid=given["mutual_aid"])
    cases = _cases(frame.load_scenarios(given["scenario"]), together=given["together"])
    likely = _likely(parameters, given)
    known = frame.conditions_catalogue(given["conditions_file"])
    place = region.load(settings.region)
    texts = {key: catalogue.text(f"stage.{key}", settings.lang) for key in STAGES}
    with OutputFolder(given["out"], overwrite=given["overwrite"]) as folder:
        with progress.stages(texts) as work:
            today = briefs.compute(
                place,
                parameters,
                condition=likely[0].condition,
                catalogue=known,
                propose=False,
                progress=work.begin,
            )
            work.begin("compare")
            found = comparing.compute(place, parameters, cases, likely, progress=work.advance)
            result = briefs.plain(assemble(found, today, likely))
            work.begin("pictures")
            _write_tables(folder, found, result)
            _write_pictures(folder, found, today, place, result, settings.lang)
        arguments = {**given, "out": str(given["out"])}
        brief.write_record(folder, settings, "compare", arguments, place, parameters, known)
    for line in summary_lines(result, settings.lang):
        click.echo(line)
    click.echo(settings.say("brief.written", folder=str(given["out"])))
    lost = (row["met_before"] is True and row["met_after"] is False for row in _zone_rows(result))
    return int(given["check"] and any(lost))


def _cases(scenarios: Sequence[Scenario], *, together: bool) -> list[list[Scenario]]:
    """Return each scenario by itself, and all of them where asked.

    Raises:
        InputError: if one changes nothing, or two have one name.
    """
    names = [one.name for one in scenarios]
    faults = [
        Fault("compare_nothing", one.place, one.name)
        for one in scenarios
        if not one.changes_region()
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    faults += [Fault("compare_twice", "SCENARIO", name) for name in twice]
    if faults:
        raise InputError(faults)
    cases = [[one] for one in scenarios]
    return [*cases, list(scenarios)] if together and len(cases) > 1 else cases


def _likely(parameters: Any, given: Mapping[str, Any]) -> list[Likely]:
    """Return the conditions to compare under, with what they weigh in the year."""
    from routing import conditions

    shown = frame.condition_under(parameters, given)
    if not given["all_conditions"]:
        return [conditions.Likely(shown, 1.0, conditions.YEAR_DAYS)]
    one_light = given["daylight"] is not None or given["when"] is not None
    known = frame.conditions_catalogue(given["conditions_file"])
    return list(
        known.likely(
            day_share=conditions.day_share(parameters),
            daylight=shown.daylight if one_light else None,
            when_min=shown.when_min,
        )
    )


def assemble(found: Comparison, today: Brief, likely: Sequence[Likely]) -> dict[str, Any]:
    """Return the content of ``result.json``.

    Args:
        found: the comparison.
        today: the brief of the region as it is under the first condition.
        likely: the conditions.
    """
    from routing import compare as comparing
    from routing.brief.result import named, notice

    shared = ("region", "condition", "condition_zh", "condition_en", "daylight", "when",
              "start_stamp", "network", "zones", "scenarios", "assumptions", "condition_values",
              "sources")  # fmt: skip
    changed = comparing.changed_islands(found.islands)
    noticed = f"{comparing.NOTICED_MIN:g}"
    return {
        "schema": comparing.SCHEMA,
        **{key: today.result[key] for key in shared},
        "conditions": [
            {
                "key": one.key,
                "condition": one.condition.name,
                "daylight": one.condition.daylight,
                **{f"name_{lang}": named(one.condition, lang) for lang in catalogue.LANGUAGES},
                "probability": one.probability,
                "days_per_year": one.days_per_year,
            }
            for one in likely
        ],
        "cases": [
            {
                **case,
                "zones": _records(found.zones, case["name"]),
                "islands": _records(changed, case["name"]),
            }
            for case in found.scenarios
        ],
        "notices": [notice("compare", noticed=noticed), *today.result["notices"]],
    }


def _records(table: Any, scenario: str) -> list[dict[str, Any]]:
    mine = table[table["scenario"] == scenario].drop(columns="scenario")
    return [{str(k): v for k, v in row.items()} for row in mine.to_dict("records")]


def _write_tables(folder: OutputFolder, found: Comparison, result: dict[str, Any]) -> None:
    import pandas as pd

    from geodata import tables

    tables.write_json(result, folder.path("result.json"))
    demand = [table.assign(scenario=name) for name, table in found.demand.items()]
    sheets = {
        "zones": found.zones,
        "islands": found.islands,
        "demand": pd.concat(demand, ignore_index=True),
        "parameters": pd.DataFrame(result["assumptions"]),
    }
    for name, table in sheets.items():
        tables.write_csv(table, folder.path(f"{name}.csv"), decimals=_DIGITS)


def _write_pictures(
    folder: OutputFolder,
    found: Comparison,
    today: Brief,
    place: Region,
    result: dict[str, Any],
    lang: str,
) -> None:
    """Write a pair of maps for each case, as it is and under the scenario, and the reports."""
    from maps import panels, static
    from routing.cli import papers

    figures = {}

    drawn = drawing.coverage_tables(today, place, result)
    islands = found.islands[found.islands["condition"] == result["conditions"][0]["key"]]
    condition = _condition(result["conditions"][0], lang)
    for number, case in enumerate(result["cases"], start=1):
        name = case["name"]
        after = found.demand[name]["after_min"].to_numpy()
        mine = islands[islands["scenario"] == name].set_index("island_id")["after_min"]
        shown = replace(
            drawn,
            cells=drawn.cells.assign(after_scenario=after),
            islands=drawn.islands.assign(
                response_min=drawn.islands["mean_min"],
                after_scenario=drawn.islands["island_id"].map(mine),
            ),
        )
        key = result["conditions"][0]["key"]
        rows = [row for row in case["zones"] if row["condition"] == key]
        zones = {row["zone"]: _as_zone(row) for row in rows}
        pair = [
            panels.Panel(
                title=catalogue.text("compare.as_is", lang, condition=condition),
                column="response_min",
                zones=result["zones"],
            ),
            panels.Panel(title=shorten(_name(case, lang)), column="after_scenario", zones=zones),
        ]
        crs = place.metric_crs
        figure = panels.conditions_figure(
            shown, result, pair, lang=lang, crs=crs, title=_title(result, lang)
        )
        folder.path(f"compare_{number}.png").write_bytes(static.png_bytes(figure, dpi=200))
        figures[f"compare_{number}"] = figure
    papers.write(folder, result, figures, lang)


def _as_zone(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "mean_min": row["after_min"],
        "target_min": row["target_min"],
        "target_met": row["met_after"],
        "share_within_target": row["share_after"],
        "unreachable_population": row["unreachable_after"],
    }


def summary_lines(result: Mapping[str, Any], lang: str) -> list[str]:
    """Return what the scenarios change, as a director reads it at the terminal.

    Args:
        result: the content of ``result.json``.
        lang: ``zh`` or ``en``.
    """

    def say(key: str, **params: object) -> str:
        return catalogue.text(f"compare.{key}", lang, **params)

    lines = [_title(result, lang)]
    names = {row["key"]: _condition(row, lang) for row in result["conditions"]}
    names["year"] = say("year")
    for case in result["cases"]:
        for key in dict.fromkeys(row["condition"] for row in case["zones"]):
            lines.append(say("scenario", name=shorten(_name(case, lang)), condition=names[key]))
            rows = [row for row in case["zones"] if row["condition"] == key]
            lines += [_zone_line(row, lang, say) for row in rows]
            if rows[0]["gaining_population"] is not None:
                sums = {
                    short: f"{sum(row[column] for row in rows):,.0f}"
                    for short, column in (
                        ("gaining", "gaining_population"),
                        ("losing", "losing_population"),
                        ("reached", "newly_reached_population"),
                        ("lost", "newly_cut_off_population"),
                    )
                }
                lines.append(say("moves", **sums))
            lines.append(_islands_line(case, key, lang, say))
    return lines


def _title(result: Mapping[str, Any], lang: str) -> str:
    region = result["region"][f"name_{lang}"] or result["region"]["name_zh"]
    return catalogue.text("compare.title", lang, region=shorten(region))


def _zone_line(row: Mapping[str, Any], lang: str, say: Any) -> str:
    verdict = {True: "met", False: "missed", None: "no_mean"}[row["met_after"]]
    lost = ""
    if row["unreachable_before"] or row["unreachable_after"]:
        lost = say(
            "cut_off",
            before=f"{row['unreachable_before'] or 0:,.0f}",
            after=f"{row['unreachable_after'] or 0:,.0f}",
        )
    return str(
        say(
            "zone",
            zone=catalogue.text(f"brief.zone.{row['zone']}", lang),
            before=_minutes(row["before_min"], lang),
            after=_minutes(row["after_min"], lang),
            target=f"{row['target_min']:g}",
            verdict=say(verdict),
            lost=lost,
        )
    )


def _islands_line(case: Mapping[str, Any], key: str, lang: str, say: Any) -> str:
    rows = [row for row in case["islands"] if row["condition"] == key and _other_minutes(row)]
    rows = rows[:_ISLANDS_TOLD]
    if not rows:
        return str(say("unchanged"))
    told = [
        say(
            "island",
            name=brief.named(row, lang),
            before=_minutes(row["before_min"], lang),
            after=_minutes(row["after_min"], lang),
        )
        for row in rows
    ]
    return str(say("islands", islands=say("joiner").join(told)))


def _other_minutes(row: Mapping[str, Any]) -> bool:
    """Return whether an island's minutes change, not its residents alone."""
    if row["change_min"] is None:
        return (row["before_min"] is None) != (row["after_min"] is None)
    return bool(abs(row["change_min"]) >= _TOLD_MIN)


def _minutes(value: float | None, lang: str) -> str:
    return catalogue.text("brief.unreachable", lang) if value is None else f"{value:.1f}"


def _condition(row: Mapping[str, Any], lang: str) -> str:
    light = catalogue.text(f"brief.daylight.{row['daylight']}", lang)
    name = row[f"name_{lang}"]
    return catalogue.text("propose.condition_name", lang, name=name, daylight=light)


def _name(case: Mapping[str, Any], lang: str) -> str:
    parts = [part[f"name_{lang}"] for part in case["parts"]]
    return " + ".join(parts) or str(case["name"])


def _zone_rows(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for case in result["cases"]:
        yield from case["zones"]
