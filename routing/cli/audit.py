"""The command ``audit``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geodata import catalogue
from geodata.errors import Fault, InputError, NoAnswerError
from routing.cli import audit_scenarios, frame, progress

if TYPE_CHECKING:
    from geodata.outputs import OutputFolder
    from routing.audit import Asked, Audit, Under

# Named here too, so that help needs no engine; a test holds both lists together.
START_STAMPS = ("dial", "answer", "dispatch")
RESTARTS = ("never", "year", "month", "day")
SYSTEMS = ("wgs84", "gcj02", "bd09")
ZONES = ("main_urban", "rural")
_REASONS_TOLD = 6
_CAUSES_TOLD = 3
_LEFT_TOLD = 20
_OF_THE_MODEL = ("scenario", "condition", "under", "under_clock")


def register(root: click.Group) -> None:
    """Add the command to `root`."""
    root.add_command(_audit_command())


def _audit_command() -> click.Command:
    @frame.command("audit")
    @click.argument("calls", nargs=-1, metavar="CALLS...")
    @_options
    @click.pass_obj
    def audit(settings: frame.Settings, /, **given: Any) -> int:
        if given["print_mapping"]:
            return _print_mapping(settings, given)
        if given["scenarios"] is not None:
            return audit_scenarios.run(settings, given)
        return _run(settings, given)

    return audit


def _options(function: frame.Decorated) -> frame.Decorated:
    def say(key: str) -> str:
        return frame.help_text(f"audit.{key}")

    path = click.Path(path_type=Path)
    count = click.IntRange(min=1)
    out, file = frame.help_text("out_help"), frame.help_text("conditions_file_help")
    options = [
        click.option("--out", type=path, metavar="DIR", help=out),
        click.option("--overwrite", is_flag=True, help=frame.help_text("overwrite_help")),
        click.option("--mapping", type=path, metavar="TOML", help=say("mapping")),
        click.option("--print-mapping", is_flag=True, help=say("print_mapping")),
        click.option("--crs", type=click.Choice(SYSTEMS), default="wgs84", help=say("crs")),
        click.option("--tz", default="Asia/Shanghai", metavar="ZONE", help=say("tz")),
        click.option("--start-stamp", type=click.Choice(START_STAMPS), help=say("start_stamp")),
        click.option("--longest", type=float, default=240.0, metavar="MIN", help=say("longest")),
        click.option("--suppress", type=int, default=5, metavar="N", help=say("suppress")),
        click.option("--by", multiple=True, metavar="KEYS", help=say("by")),
        click.option("--compare", nargs=2, metavar="PERIOD PERIOD", help=say("compare")),
        click.option(
            "--id-restarts", type=click.Choice(RESTARTS), default="never", help=say("id_restarts")
        ),
        click.option("--scheduler", metavar="ADDRESS", help=say("scheduler")),
        click.option("--workers", type=count, metavar="N", help=say("workers")),
        click.option("--processes", is_flag=True, help=say("processes")),
        click.option("--partitions", type=count, metavar="N", help=say("partitions")),
        click.option("--work", type=path, metavar="DIR", help=say("work")),
        click.option("--resume", is_flag=True, help=say("resume")),
        click.option("--weather", type=path, metavar="CSV", help=say("weather")),
        click.option("--scenario", multiple=True, type=path, metavar="FILE", help=say("scenario")),
        click.option("--condition", metavar="NAME", help=say("condition")),
        click.option("--conditions-file", type=path, metavar="TOML", help=file),
        click.option("--sample", type=count, metavar="N", help=say("sample")),
        click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help=say("seed")),
        click.option("--scenarios", type=path, metavar="DIR", help=say("scenarios")),
        click.option("--check", is_flag=True, help=say("check")),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def _print_mapping(settings: frame.Settings, given: Mapping[str, Any]) -> int:
    """Print a mapping to edit; what is left to settle in it goes to standard error."""
    from geodata import calls

    draft = calls.draft(_paths(given), mapping=given["mapping"], crs=given["crs"], tz=given["tz"])
    click.echo(draft.text, nl=False)
    if draft.left:
        told = [fault.text(settings.lang) for fault in draft.left[:_LEFT_TOLD]]
        click.echo(settings.say("audit.mapping_left", count=len(draft.left)), err=True)
        click.echo("\n".join(f"  {line}" for line in told), err=True)
        if more := len(draft.left) - len(told):
            click.echo(settings.say("audit.mapping_left_more", count=more), err=True)
    if draft.unread:
        raise InputError(draft.unread)
    return 0


def _run(settings: frame.Settings, given: Mapping[str, Any]) -> int:
    """Compute, write all or nothing, tell the findings; 1 if a checked target is missed."""
    from routing import audit

    asked = asked_of(settings, given)
    texts = {key: catalogue.text(f"stage.{key}", settings.lang) for key in audit.STAGES}
    with progress.stages(texts) as work:
        found = audit.execute(
            asked,
            report=_reporting(work),
            finish=lambda folder, done: _write_page(folder, done, settings.lang),
            command={**given, "region": settings.region, "lang": settings.lang},
            started=settings.started,
        )
    if not found.result["records"]["used"]:
        raise nothing_used(found.result, asked.out, settings.lang)
    for line in summary_lines(found.result, settings.lang):
        click.echo(line)
    click.echo(settings.say("audit.written", folder=str(asked.out)))
    missed = [zone for zone in found.result["zones"].values() if zone["target_met"] is False]
    return 1 if given["check"] and missed else 0


def nothing_used(result: Mapping[str, Any], out: Path, lang: str) -> NoAnswerError:
    """Return what is told, once the files are in place, of a log without a record to be used."""
    records = result["records"]
    joiner = catalogue.text("audit.summary.joiner", lang)
    reasons = [
        f"{catalogue.text(f'audit.reason.{key}', lang)} {count:,}"
        for key, count in _reasons(records)[:_REASONS_TOLD]
    ]
    key = "audit.summary.nothing_used" if records["read"] else "audit.summary.nothing_read"
    counts = {name: f"{records[name]:,}" for name in ("read", "rejected")}
    return NoAnswerError(key, **counts, reasons=joiner.join(reasons), folder=str(out))


def _reasons(records: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return the reasons of rejected records and how many each took, most first."""
    found = sorted(records["rejected_by_reason"].items(), key=lambda row: -row[1])
    return [(key, count) for key, count in found if count]


def asked_of(settings: frame.Settings, given: Mapping[str, Any]) -> Asked:
    """Return what the options ask for.

    Raises:
        InputError: with every fault found.
    """
    from routing import config
    from routing.audit import Asked, Options
    from routing.audit.asked import periods
    from routing.audit.options import crosses

    out_of(given)
    stamp = given["start_stamp"] or config.load(settings.config).clock.start_stamp
    return Asked(
        paths=() if given["sample"] else _paths(given),
        out=given["out"],
        mapping=given["mapping"],
        region=settings.region,
        config=settings.config,
        options=Options(
            start_stamp=stamp,
            longest_min=given["longest"],
            suppress_below=given["suppress"],
            by=crosses(given["by"]),
            compare=periods(*given["compare"]) if given["compare"] else None,
            id_restarts=given["id_restarts"],
        ),
        crs=given["crs"],
        tz=given["tz"],
        scheduler=given["scheduler"],
        workers=given["workers"],
        processes=given["processes"],
        partitions=given["partitions"],
        resume=given["resume"],
        overwrite=given["overwrite"],
        work=given["work"],
        weather=given["weather"],
        sample=given["sample"],
        seed=given["seed"],
        lang=settings.lang,
        under=under_of(settings, given),
    )


def under_of(settings: frame.Settings, given: Mapping[str, Any]) -> Under | None:
    """Return the scenarios and the condition of the modelled side; None where none is asked for.

    Raises:
        InputError: if a name is unknown, a file has faults, or they contradict each other.
    """
    if not (given["scenario"] or given["condition"] or given["conditions_file"]):
        return None
    from routing import config
    from routing.audit import Under

    state = {"daylight": None, "when": None}
    condition = frame.condition_under(config.load(settings.config), {**given, **state})
    known = frame.conditions_catalogue(given["conditions_file"])
    inputs = frame.scenario_inputs(given["scenario"])
    if given["conditions_file"] is not None:
        inputs["conditions"] = given["conditions_file"]
    return Under(
        tuple(frame.load_scenarios(given["scenario"])),
        condition,
        conditions_file=known.file,
        rows=tuple(known.rows_of(condition.name)),
        inputs=inputs,
    )


def out_of(given: Mapping[str, Any]) -> Path:
    """Return the folder for the results.

    Raises:
        InputError: if none is given.
    """
    if given["out"] is None:
        raise InputError(Fault("audit_no_out", "--out"))
    return Path(given["out"])


def _paths(given: Mapping[str, Any]) -> tuple[str, ...]:
    if not given["calls"]:
        raise InputError(Fault("audit_no_calls", "CALLS"))
    return tuple(given["calls"])


def _reporting(work: progress.Stages) -> Callable[[str, float], None]:
    current = ""

    def report(stage: str, done: float) -> None:
        nonlocal current
        if stage != current:
            work.begin(stage)
            current = stage
        work.advance(done)

    return report


def _write_page(folder: OutputFolder, found: Audit, lang: str) -> None:
    from routing.cli import audit_pictures, papers

    told = audit_pictures.page_result(found, lang)
    papers.write(folder, told, audit_pictures.draw(told, found, lang), lang, name="audit")


def summary_lines(result: Mapping[str, Any], lang: str) -> list[str]:
    """Return the short summary that a director can read.

    Args:
        result: the content of ``result.json``.
        lang: ``zh`` or ``en``.
    """

    def say(key: str, **params: object) -> str:
        return catalogue.text(f"audit.{key}", lang, **params)

    records, period = result["records"], result["period"]
    lines = [say("notice.synthetic")] if result["synthetic"] else []
    lines += [n[f"text_{lang}"] for n in result["notices"] if n["key"] in _OF_THE_MODEL]
    lines += [
        say(
            "summary.records",
            **{key: f"{records[key]:,}" for key in ("read", "used", "rejected")},
            start=catalogue.text(f"maps.start_stamp.{result['start_stamp']}", lang),
            first=(period["first"] or "–")[:10],
            last=(period["last"] or "–")[:10],
        )
    ]
    lines += [
        say("summary.reason", reason=say(f"reason.{key}"), count=f"{n:,}")
        for key, n in _reasons(records)[:_REASONS_TOLD]
    ]
    if not records["used"]:
        return [*lines, say("summary.nothing")]
    lines += [
        _zone_line(zone, row, say)
        for zone, row in result["zones"].items()
        if "_" in zone or zone == "rural"
    ]
    lines += [_norm_line(phase, row, say) for phase, row in result["phases"].items()]
    lines += [_change_line(row, say) for row in result["changes"] if row["of"] == "overall"]
    lines += [_causes_line(result, lang, say), result["calibration"][f"text_{lang}"]]
    return [line for line in lines if line]


def _zone_line(zone: str, row: Mapping[str, Any], say: Callable[..., str]) -> str:
    name = say(f"label.any.{zone}")
    if row.get("suppressed"):
        return say("summary.zone_hidden", zone=name)
    if row["mean_min"] is None:
        return say("summary.zone_none", zone=name)
    verdict = "met" if row["target_met"] else "missed"
    low, high = row["mean_low_min"], row["mean_high_min"]
    return say(
        "summary.zone",
        zone=name,
        n=f"{row['n']:,}",
        mean=f"{row['mean_min']:.2f}",
        low="–" if low is None else f"{low:.2f}",
        high="–" if high is None else f"{high:.2f}",
        median=f"{row['median_min']:.1f}",
        p90=f"{row['p90_min']:.1f}",
        share=f"{row['share_within_target']:.1%}",
        target=f"{row['target_min']:g}",
        verdict=say(f"verdict.{verdict}" if row["certain"] else f"verdict.{verdict}_uncertain"),
    )


def _causes_line(result: Mapping[str, Any], lang: str, say: Callable[..., str]) -> str:
    told = [row for row in result["late_causes"] if row["n"]][:_CAUSES_TOLD]
    if not told:
        return ""
    causes = [
        say(
            "summary.cause",
            cause=catalogue.text(f"audit_causes.cause.{row['cause']}", lang),
            share=f"{row['share']:.0%}",
        )
        for row in told
    ]
    late = result["late"]["n"]
    return say("summary.late", n=f"{late:,}", causes=say("summary.joiner").join(causes))


def _norm_line(phase: str, row: Mapping[str, Any], say: Callable[..., str]) -> str:
    if row.get("norm_met") is None:
        return ""
    minutes = row["norm_min"]
    bound = ("minutes", f"{minutes:g}") if minutes >= 1 else ("seconds", f"{60 * minutes:.0f}")
    return say(
        "summary.norm",
        phase=say(f"phase.{phase}"),
        share=f"{row['share_within_norm']:.1%}",
        bound=say(bound[0], value=bound[1]),
        least=f"{row['norm_share']:.0%}",
        verdict=say("verdict.met" if row["norm_met"] else "verdict.missed"),
    )


def _change_line(row: Mapping[str, Any], say: Callable[..., str]) -> str:
    def span(months: list[str]) -> str:
        return months[0] if len(months) == 1 else f"{months[0]}..{months[-1]}"

    return say(
        "summary.change",
        group=say("label.any.overall"),
        earlier=span(row["earlier"]),
        later=span(row["later"]),
        change=f"{row['mean_min']:+.2f}",
        low=f"{row['mean_low_min']:+.2f}",
        high=f"{row['mean_high_min']:+.2f}",
    )
