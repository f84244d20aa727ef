"""The command ``route``: the itinerary of one patient, or of a table of patients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geodata import catalogue
from geodata.errors import Fault, InputError
from routing.cli import brief, console, frame, progress

if TYPE_CHECKING:
    from geodata.outputs import OutputFolder
    from routing.config import Parameters
    from routing.itinerary.batch import Answered
    from routing.itinerary.patients import Given
    from routing.itinerary.router import Router

NEEDS = ("stroke", "chest_pain", "trauma", "maternal", "neonatal")
SYSTEMS = ("wgs84", "gcj02", "bd09")
STAGES = ("network", "sea", "itineraries", "pictures")
NO_ANSWER = 3
_DIGITS = 2
_LISTED = 4

Say = Callable[..., str]


def register(root: click.Group) -> None:
    """Add the command to `root`."""
    root.add_command(_route_command())


def _route_command() -> click.Command:
    say = frame.help_text

    @frame.command("route")
    @click.option("--at", metavar="PLACE", help=say("route.at"))
    @click.option("--patients", type=click.Path(path_type=Path), metavar="CSV",
                  help=say("route.patients"))  # fmt: skip
    @click.option("--need", type=click.Choice(NEEDS), help=say("route.need"))
    @click.option("--when", metavar="TIME", help=say("route.when"))
    @frame.daylight_option
    @frame.condition_options
    @frame.scenario_option
    @click.option("--alternatives", type=click.IntRange(1, 50), default=3,
                  help=say("route.alternatives"))  # fmt: skip
    @click.option("--crs", type=click.Choice(SYSTEMS), default="wgs84", help=say("route.crs"))
    @click.option("--no-mutual-aid", is_flag=True, help=say("route.no_mutual_aid"))
    @frame.output_options
    @click.pass_obj
    def route(settings: frame.Settings, /, out: Path, overwrite: bool, **asked: Any) -> int:
        if (asked["at"] is None) == (asked["patients"] is None):
            raise InputError(Fault("route_at_or_patients", "--at, --patients"))
        run = _one if asked["patients"] is None else _many
        return run(settings, out, overwrite, asked)

    return route


def with_mutual_aid(parameters: Parameters, *, off: bool) -> Parameters:
    """Return the parameters, with mutual aid switched off if asked, and recorded so."""
    from routing import config

    if not off:
        return parameters
    name = "mutual_aid.enabled"
    entry = {**parameters.origins[name], "value": False, "source": "user", "note": "",
             "note_zh": ""}  # fmt: skip
    return config.from_table({**parameters.origins, name: entry})


def _one(settings: frame.Settings, out: Path, overwrite: bool, asked: dict[str, Any]) -> int:
    from geodata.outputs import OutputFolder
    from routing import conditions, config
    from routing.itinerary import answer, patients, place, result
    from routing.itinerary.router import Router

    parameters = with_mutual_aid(config.load(settings.config), off=asked["no_mutual_aid"])
    condition = frame.condition_under(parameters, asked)
    known = frame.conditions_catalogue(asked["conditions_file"])
    here = frame.load_region(settings, asked["scenario"])
    conditions.check(condition, here)
    scene = place.Gazetteer(here).find(asked["at"], system=asked["crs"])
    moment = patients.clock_time(asked["when"]) if asked["when"] else None
    clock = result.Clock(*moment) if moment else result.Clock()
    texts = {key: catalogue.text(f"stage.{key}", settings.lang) for key in STAGES}
    with OutputFolder(out, overwrite=overwrite) as folder:
        with progress.stages(texts) as work:
            router = Router(here, parameters, progress=work.begin)
            work.begin("itineraries")
            found = answer.find(
                router,
                router.scenes(place.scene_table([scene])),
                condition=condition,
                need=asked["need"],
                alternatives=asked["alternatives"],
            )
            question = result.Question(asked["at"], scene, asked["need"], clock)
            told = frame.told_under(here, result.assemble(router, found, question))
            work.begin("pictures")
            _write_one(folder, router, found, told, settings.lang)
        arguments = {"out": str(out), "overwrite": overwrite, **asked}
        brief.write_record(folder, settings, "route", arguments, here, parameters, known)
    for line in summary_lines(told, settings.lang):
        click.echo(line)
    click.echo(settings.say("brief.written", folder=str(out)))
    if told["itineraries"]:
        return 0
    console.say_error(no_answer(told, settings.lang))
    return NO_ANSWER


def _write_one(
    folder: OutputFolder, router: Router, found: Any, told: dict[str, Any], lang: str
) -> None:
    import pandas as pd

    from geodata import tables
    from maps import route_page
    from routing.itinerary import arrivals
    from routing.itinerary import tables as made

    legs, places = made.legs(router, found, told), made.places(router, found, told)
    messages = [
        arrivals.message(told, one, number)
        for number, one in enumerate(told["itineraries"], start=1)
    ]
    tables.write_json(told, folder.path("result.json"))
    tables.write_json(messages, folder.path("arrival_messages.json"))
    tables.write_json(made.geojson(legs, places), folder.path("itineraries.geojson"))
    sheets = {
        "itineraries": made.itineraries(told),
        "legs": pd.DataFrame(legs.drop(columns="geometry")),
        "responders": pd.DataFrame(told["responders"]),
        "infeasible": made.infeasible(told),
    }
    for name, table in sheets.items():
        tables.write_csv(table, folder.path(f"{name}.csv"), decimals=_DIGITS)
    lines = legs[legs.geometry.notna().to_numpy()]
    kinds = {"legs": "LineString", "places": "Point"}
    tables.write_geopackage(
        {"legs": lines, "places": places}, folder.path("tables.gpkg"), geometry_types=kinds
    )
    page = route_page.route_page(told, lines, places, router.region.islands, lang=lang)
    folder.path("route.html").write_text(page, "utf-8", newline="\n")


def _many(settings: frame.Settings, out: Path, overwrite: bool, asked: dict[str, Any]) -> int:
    from geodata.outputs import OutputFolder
    from routing import conditions, config
    from routing.itinerary import batch, patients
    from routing.itinerary.router import Router

    parameters = with_mutual_aid(config.load(settings.config), off=asked["no_mutual_aid"])
    frame.condition_under(parameters, asked)  # names and times are checked before the work
    known = frame.conditions_catalogue(asked["conditions_file"])
    here = frame.load_region(settings, asked["scenario"])
    conditions.check(known, here)
    defaults = patients.Defaults(
        asked["need"], asked["condition"] or "calm", asked["daylight"], asked["when"]
    )
    given = patients.read(asked["patients"], here, parameters, known, system=asked["crs"],
                          defaults=defaults, lang=settings.lang)  # fmt: skip
    if not len(given.accepted):
        raise InputError(_nobody(asked["patients"], given))
    texts = {key: catalogue.text(f"stage.{key}", settings.lang) for key in STAGES[:3]}
    with OutputFolder(out, overwrite=overwrite) as folder:
        with progress.stages(texts) as work:
            router = Router(here, parameters, progress=work.begin)
            work.begin("itineraries")
            found = batch.answer(router, given.accepted, known, progress=work.advance)
            summed = batch.summary(router, found.patients, given.rejected)
            told = frame.told_under(here, summed)
            _write_many(folder, found, given.rejected, told)
        arguments = {"out": str(out), "overwrite": overwrite, **asked}
        brief.write_record(folder, settings, "route", arguments, here, parameters, known,
                           patients=asked["patients"])  # fmt: skip
    if given.faults:
        click.echo(catalogue.text("route.batch_rejected", settings.lang), err=True)
        limit = None if settings.verbose else console.FAULTS_SHOWN
        console.say_faults(given.faults, settings.lang, limit=limit)
    click.echo(catalogue.text("route.batch_done", settings.lang, **told["patients"]))
    click.echo(settings.say("brief.written", folder=str(out)))
    return 0


def _nobody(path: Path, given: Given) -> list[Fault]:
    """Return why a table of patients has nobody to answer for."""
    if not given.faults:
        return [Fault("route_patients_empty", str(path))]
    count = len(given.rejected)
    return [Fault("route_no_patients", str(path), params={"count": count}), *given.faults]


def _write_many(folder: OutputFolder, found: Answered, rejected: Any, told: dict[str, Any]) -> None:
    import pandas as pd

    from geodata import tables

    tables.write_json(told, folder.path("result.json"))
    tables.write_json_rows(found.messages, folder.path("arrival_messages.json"))
    tables.write_csv(found.patients, folder.path("patients.csv"), decimals=_DIGITS)
    tables.write_csv(pd.DataFrame(rejected), folder.path("rejected.csv"))
    tables.write_geopackage(
        {"patients": found.patients},
        folder.path("tables.gpkg"),
        geometry_types={"patients": "Point"},
    )


def summary_lines(told: dict[str, Any], lang: str) -> list[str]:
    """Return the itineraries as people at a dispatch desk read them.

    Args:
        told: the content of ``result.json``.
        lang: ``zh`` or ``en``.
    """
    say = _sayer(lang)
    need = say(f"need.{told['need']}") if told["need"] else say("need_any")
    time = say("time", when=told["when"]) if told["when"] else ""
    lines = [say("title", place=told["at"][f"name_{lang}"], need=need, time=time,
                 condition=told[f"condition_{lang}"],
                 daylight=say(f"daylight.{told['daylight']}"))]  # fmt: skip
    lines += _responder_lines(told, lang, say)
    for number, one in enumerate(told["itineraries"], start=1):
        lines += _itinerary_lines(number, one, lang, say)
    lines += _other_lines(told, lang, say)
    for notice in told["notices"]:
        params = {k: v for k, v in notice.items() if k != "key"}
        ready = notice.get(f"text_{lang}")  # what a scenario changes is told as it is
        lines.append("  " + (ready or say(f"notice.{notice['key']}", **params)))
    return lines


def no_answer(told: dict[str, Any], lang: str) -> str:
    """Return why there is no itinerary."""
    say = _sayer(lang)
    if not told["responders"]:
        return say("none_scene")
    return say("none_hospital", minutes=_short(told["responders"][0]["arrive_scene_min"]))


def _responder_lines(told: dict[str, Any], lang: str, say: Say) -> list[str]:
    rows = told["responders"]
    if not rows:
        return []
    first, vehicle = rows[0], say(f"vehicle.{rows[0]['vehicle']}")
    minutes = _short(first["arrive_scene_min"])
    text = say("responders", post=first[f"name_{lang}"], minutes=minutes, vehicle=vehicle)
    if len(rows) > 1:
        other, vehicle = rows[1], say(f"vehicle.{rows[1]['vehicle']}")
        minutes = _short(other["slower_by_min"])
        text += say("second", post=other[f"name_{lang}"], minutes=minutes, vehicle=vehicle)
    return ["  " + text]


def _itinerary_lines(number: int, one: dict[str, Any], lang: str, say: Say) -> list[str]:
    slower = say("slower", minutes=_short(one["slower_by_min"])) if one["slower_by_min"] else ""
    first = one["first_hospital"]
    key = "itinerary_secondary" if first else "itinerary"
    lines = [say(key, number=number, vehicle=say(f"vehicle.{one['vehicle']}"),
                 hospital=one["hospital"][f"name_{lang}"], slower=slower,
                 first=first[f"name_{lang}"] if first else "",
                 minutes=_short(one["arrive_hospital_min"]),
                 clock=one["clock"]["arrive_hospital"])]  # fmt: skip
    lines += [f"    {_leg_line(leg, lang, say)}" for leg in one["legs"]]
    for met in one["meets"]:
        lines.append("    " + say("meets", vehicle=say(f"vehicle.{met['vehicle']}"),
                                  post=met[f"post_{lang}"], ready=_time(met["ready"]),
                                  place=met[f"at_{lang}"]))  # fmt: skip
    return lines


def _leg_line(leg: dict[str, Any], lang: str, say: Say) -> str:
    start = leg[f"from_{lang}"] or say("scene")
    end = leg[f"to_{lang}"] or say("scene")
    kind = say(f"kind.{leg['kind']}")
    if leg["moving"]:
        what = say("leg_moves", kind=kind, start=start, end=end)
    else:
        what = say("leg_stays", kind=kind, start=start) if leg[f"from_{lang}"] else kind
    sailing = leg["sailing"]
    if sailing and sailing["departs"] and leg["kind"] == "ferry":
        what += say("sailing", name=sailing[f"name_{lang}"], time=_time(sailing["departs"]))
    who = ""
    if leg["vehicle"]:
        post = leg[f"vehicle_post_{lang}"] or ""
        who = say("who", vehicle=say(f"vehicle.{leg['vehicle']}"), post=post).rstrip()
    return say("leg", depart=_time(leg["depart"]), arrive=_time(leg["arrive"]), what=what, who=who,
               minutes=_short(leg["travel_min"]))  # fmt: skip


def _other_lines(told: dict[str, Any], lang: str, say: Say) -> list[str]:
    lines = []
    others = [
        say("other_secondary" if row["first_hospital_id"] else "other",
            vehicle=say(f"vehicle.{row['vehicle']}"), hospital=row[f"name_{lang}"],
            first=row[f"first_name_{lang}"], minutes=_short(row["slower_by_min"]))
        for row in told["other_feasible"][:_LISTED]
    ]  # fmt: skip
    if others:
        lines.append("  " + say("others", listed=say("joiner").join(others)))
    refused = told["infeasible"]
    listed = [
        say(
            "refused_one",
            what=say("straight", vehicle=say(f"vehicle.{row['vehicle']}")),
            reason=say(f"reason.{row['reason']}"),
        )
        for row in refused["vehicles"]
    ]
    for what in ("posts", "hospitals"):
        by_reason: dict[str, list[str]] = {}
        for row in refused[what]:
            by_reason.setdefault(row["reason"], []).append(row[f"name_{lang}"])
        for reason, names in by_reason.items():
            name = names[0] if len(names) == 1 else say("counted", first=names[0], count=len(names))
            listed.append(say("refused_one", what=name, reason=say(f"reason.{reason}")))
    if listed:
        lines.append("  " + say("refused", listed=say("joiner").join(listed)))
    return lines


def _sayer(lang: str) -> Say:
    def say(key: str, **params: object) -> str:
        return catalogue.text(f"route.{key}", lang, **params)

    return say


def _short(minutes: float | None) -> str:
    return "–" if minutes is None else f"{minutes:.1f}"


def _time(clock: str) -> str:
    """Return the time of day of a clock time; the day stands in the heading."""
    return clock.split("T")[-1]
