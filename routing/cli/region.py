"""The commands ``region show | validate | export | template``."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geodata import catalogue
from geodata.errors import InputError, shorten
from routing.cli import console, frame
from routing.cli.localised import Group

if TYPE_CHECKING:
    from geodata.outputs import OutputFolder

# Modules that, where they exist, add further commands to the group by ``register(group)``.
MORE_COMMANDS = ("routing.cli.region_osm",)
VALIDATION_SCHEMA = "island-response/validation/1"
_SOURCES_SHOWN = 10
# Where the catalogue has the words for the codes of each line of ``show``.
_WORDS = {
    "rows": "cli.region.layer",
    "posts": "maps.evidence",
    "posts_kinds": "maps.kind",
    "posts_vehicles": "maps.vehicle",
    "roads": "cli.region.road_status",
    "ferries": "cli.region.ferry_status",
    "islands": "cli.region.inhabited",
    "zones": "maps.zone",
}


def register(root: Group) -> None:
    """Add the group ``region`` and its commands to `root`."""
    group = Group("region", help=frame.help_text("region.help"))
    for command in (_show_command(), _validate_command(), _export_command(), _template_command()):
        group.add_command(command)
    for name in MORE_COMMANDS:
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name).register(group)
    root.add_command(group)


def _path(function: Any) -> Any:
    return click.argument("path", required=False, metavar="[PATH]")(function)


def _json(function: Any) -> Any:
    option = click.option("--json", "as_json", is_flag=True, help=frame.help_text("json_help"))
    return option(function)


def _show_command() -> click.Command:
    @frame.command("show", help_key="region.show_help")
    @_path
    @_json
    @click.pass_obj
    def show(settings: frame.Settings, path: str | None, as_json: bool) -> None:
        from geodata import region, summary

        found = summary.summary(region.load(path or settings.region))
        click.echo(_as_json(found) if as_json else "\n".join(_lines(found, settings)))

    return show


def _validate_command() -> click.Command:
    @frame.command("validate", help_key="region.validate_help")
    @_path
    @_json
    @click.pass_obj
    def validate(settings: frame.Settings, path: str | None, as_json: bool) -> int:
        return _validate(settings, path or settings.region, as_json=as_json)

    return validate


def _export_command() -> click.Command:
    @frame.command("export", help_key="region.export_help")
    @_path
    @frame.output_options
    @click.pass_obj
    def export(settings: frame.Settings, path: str | None, out: Path, overwrite: bool) -> None:
        _export(settings, path or settings.region, out, overwrite=overwrite)

    return export


def _template_command() -> click.Command:
    @frame.command("template", help_key="region.template_help")
    @frame.output_options
    @click.pass_obj
    def template(settings: frame.Settings, out: Path, overwrite: bool) -> None:
        from geodata import template as templates
        from geodata.outputs import OutputFolder

        with OutputFolder(out, overwrite=overwrite) as folder:
            templates.write_template(folder.path("README.md").parent, settings.lang)
            _record(folder, settings, "region template", out, overwrite=overwrite, inputs={})
        click.echo(settings.say("region.template_done", path=shorten(out, limit=300)))

    return template


def _validate(settings: frame.Settings, source: str, *, as_json: bool) -> int:
    from geodata import region, validate

    try:
        found, faults = region.examine(source)
    except InputError as error:
        found, faults = None, list(error.faults)
    notices = validate.warnings(found) if found is not None and not faults else []
    if as_json:
        click.echo(_as_json(_validation(source, faults, notices)))
    elif faults:
        console.say_faults(faults, settings.lang)
        if any("[" in fault.where for fault in faults):
            console.say_error(settings.say("region.row_numbers"))
    else:
        shown = shorten(source, limit=300)
        click.echo(settings.say("region.valid", path=shown, count=len(notices)))
        for notice in notices:
            click.echo(f"  {notice.text(settings.lang)}")
    return console.BAD_USAGE if faults else 0


def _validation(source: str, faults: list[Any], notices: list[Any]) -> dict[str, Any]:
    return {
        "schema": VALIDATION_SCHEMA,
        "region": source,
        "valid": not faults,
        "faults": [
            {
                "key": fault.key,
                "where": fault.where,
                "value": None if fault.value is None else shorten(fault.value),
                "text_zh": fault.text("zh"),
                "text_en": fault.text("en"),
            }
            for fault in faults
        ],
        "notices": [
            {"key": n.key, "where": n.where, "text_zh": n.text("zh"), "text_en": n.text("en")}
            for n in notices
        ],
    }


def _export(settings: frame.Settings, source: str, out: Path, *, overwrite: bool) -> None:
    from geodata import documentation, folder, region, summary, tables, template
    from geodata.outputs import OutputFolder

    loaded = region.load(source)
    with OutputFolder(out, overwrite=overwrite) as target:
        folder.write_folder(loaded, target.path(template.README).parent)
        readme = documentation.readme(settings.lang)
        target.path(template.README).write_text(readme, encoding="utf-8-sig")
        region.save(loaded, target.path("region.gpkg"))
        tables.write_json(summary.summary(loaded), target.path("result.json"))
        inputs = {"region": loaded.content_hash}
        _record(target, settings, "region export", out, overwrite=overwrite, inputs=inputs)
    click.echo(settings.say("region.export_done", path=shorten(out, limit=300)))


def _record(
    folder: OutputFolder,
    settings: frame.Settings,
    command: str,
    out: Path,
    *,
    overwrite: bool,
    inputs: Mapping[str, Path | str],
) -> None:
    from geodata import provenance, tables

    record = provenance.run_record(
        command=command,
        arguments={
            "region": settings.region,
            "lang": settings.lang,
            "out": out,
            "overwrite": overwrite,
        },
        inputs=inputs,
        parameters=None,
        started=settings.started,
        finished=datetime.now(UTC),
        outputs=[folder.path(name) for name in folder.names()],
    )
    tables.write_json(record, folder.path("run.json"))


def _as_json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)


def _lines(found: Mapping[str, Any], settings: frame.Settings) -> list[str]:
    """Return the summary of a region as lines of text."""

    def say(key: str, **params: object) -> str:
        return settings.say(f"region.{key}", **params)

    def listed(line: str, counts: Mapping[str, Any]) -> str:
        words = _WORDS.get(line, "")
        named = ((_worded(words, code, settings.lang), n) for code, n in counts.items())
        shown = (f"{shorten(name, limit=40)} {n:,}" for name, n in named)
        return say(line, counts=" · ".join(shown))

    names = [shorten(found[key], limit=100) for key in ("name_zh", "name_en") if found[key]]
    network = _worded("maps.network", found["network"], settings.lang)
    lines = [
        " / ".join(names),
        say("network", network=network, crs=found["metric_crs"]),
        listed("rows", {k: v for k, v in found["rows"].items() if v}),
        listed("posts", found["posts_by_evidence"]),
        listed("posts_kinds", found["posts_by_kind"]),
        listed("posts_vehicles", found["posts_by_vehicle"]),
        listed("roads", found["roads_by_status"]),
        listed("ferries", found["ferries_by_status"]),
        listed("islands", found["islands_by_habitation"]),
        say("population", population=f"{found['population']:,}"),
        listed("counties", found["population_by_county"]),
        listed("zones", found["population_by_zone"]),
    ]
    if found["landmasses"]:
        lines.append(say("landmasses"))
    for one in found["landmasses"]:
        islands = ", ".join(shorten(name, limit=40) for name in one["islands"])
        lines.append(f"  {islands} ({one['population']:,})")
    lines.append(say("sources", count=len(found["sources"])))
    if len(found["sources"]) <= _SOURCES_SHOWN:
        lines += [f"  {shorten(s['source_id'])}: {shorten(s['title'])}" for s in found["sources"]]
    if found["notices"]:
        lines.append(say("notices"))
    return lines + [f"  {notice[f'text_{settings.lang}']}" for notice in found["notices"]]


def _worded(words: str, code: str, lang: str) -> str:
    """Return the word for a code; one without a word, as it is."""
    return catalogue.strings(lang).get(f"{words}.{code}", code)
