"""``audit --scenarios``: a folder of scenario files becomes one comparison table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from geodata import catalogue
from geodata.errors import Fault, InputError
from routing.cli import frame, progress

SCHEMA = "island-response/scenarios/1"
_DIGITS = 4


def run(settings: frame.Settings, given: Mapping[str, Any]) -> int:
    """Compute every case, write the comparison, tell it; 1 if a checked target is missed."""
    from geodata import provenance, tables
    from geodata.outputs import OutputFolder
    from routing import conditions, config
    from routing.audit import outputs, scenarios, work
    from routing.brief.result import named

    out = given["out"]
    if out is None:
        raise InputError(Fault("audit_no_out", "--out"))
    parameters = config.load(settings.config)
    asked = {**given, "daylight": None, "when": None}
    base = frame.condition_under(parameters, asked)
    known = frame.conditions_catalogue(given["conditions_file"])
    place = frame.load_region(settings, given["scenario"])
    conditions.check(base, place)
    cases = scenarios.cases(given["scenarios"], place, parameters, base=base, known=known)
    store = work.Store(work.folder_of(out, given["work"]))
    if not given["resume"]:
        store.remove()
    texts = {"scenarios": catalogue.text("stage.scenarios", settings.lang)}
    with OutputFolder(out, overwrite=given["overwrite"]) as folder:
        with progress.stages(texts) as stage:
            stage.begin("scenarios")
            table = scenarios.compute(
                cases,
                place,
                parameters,
                store=store.folder,
                workers=given["workers"],
                progress=lambda done, total: stage.advance(done / max(total, 1)),
            )
        inside = folder.path("scenarios.csv").parent
        outputs.write_csv(table, inside / "scenarios.csv")
        rows = table.to_dicts()
        told: dict[str, Any] = {"schema": SCHEMA, "cases": rows}
        if given["condition"] or given["conditions_file"] or given["scenario"]:
            names = {f"condition_{lang}": named(base, lang) for lang in catalogue.LANGUAGES}
            told = frame.told_under(place, {**told, "condition": base.name, **names})
        tables.write_json(told, inside / "result.json")
        inputs: dict[str, Path | str] = {"scenarios": given["scenarios"]}
        inputs |= frame.scenario_inputs(given["scenario"])
        if given["conditions_file"] is not None:
            inputs["conditions"] = given["conditions_file"]
        inputs["region"] = f"{settings.region} sha256:{place.content_hash}"
        record = provenance.run_record(
            command="audit",
            arguments={**given, "region": settings.region, "lang": settings.lang},
            inputs=inputs,
            parameters=parameters.as_rows(),
            started=settings.started,
            outputs=[folder.path(name) for name in folder.names()],
        )
        tables.write_json(record, folder.path("run.json"))
    store.remove()
    for row in rows:
        click.echo(_line(row, settings.lang))
    click.echo(settings.say("audit.written", folder=str(out)))
    return 1 if given["check"] and any(row["target_met"] is False for row in rows) else 0


def _line(row: Mapping[str, Any], lang: str) -> str:
    change = row["change_min"]
    mean = row["mean_min"]
    return catalogue.text(
        "audit.summary.scenario_cut_off" if row["more_cut_off"] else "audit.summary.scenario",
        lang,
        name=row[f"scenario_{lang}"] or row["scenario"],
        zone=catalogue.text(f"audit.label.any.{row['zone']}", lang),
        mean="–" if mean is None else f"{mean:.2f}",
        change="–" if change is None else f"{round(change, 2) + 0.0:+.2f}",
        lost=f"{row['unreachable_population'] or 0:,.0f}",
    )
