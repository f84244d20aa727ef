"""The commands ``region import-osm`` and ``region fetch``."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geodata.errors import Cause, Fault, InputError, shorten
from routing.cli import frame, progress

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from geodata.osm.build import Imported

_STAGES = ("download", "read", "coast", "roads", "ferries", "people", "check")


def register(region_group: click.Group) -> None:
    """Add the commands to the group ``region``."""
    region_group.add_command(_import_command())
    region_group.add_command(_fetch_command())


def _import_command() -> click.Command:
    @frame.command("import-osm", help_key="region.import_osm_help")
    @click.argument("file", type=click.Path(path_type=Path))
    @click.option("--bbox", metavar="W,S,E,N", help=frame.help_text("region.osm_bbox_help"))
    @click.option(
        "--polygon",
        type=click.Path(path_type=Path),
        metavar="GEOJSON",
        help=frame.help_text("region.osm_polygon_help"),
    )
    @click.option("--roads-only", is_flag=True, help=frame.help_text("region.osm_roads_only_help"))
    @_common_options
    @click.pass_obj
    def import_osm(settings: frame.Settings, /, **asked: Any) -> None:
        _import(settings, **asked)

    return import_osm  # fmt: skip


def _fetch_command() -> click.Command:
    @frame.command("fetch", help_key="region.fetch_help")
    @click.argument("place", required=False)
    @click.option("--bbox", metavar="W,S,E,N", help=frame.help_text("region.fetch_bbox_help"))
    @click.option(
        "--cache",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help=frame.help_text("region.fetch_cache_help"),
    )
    @click.option("--refresh", is_flag=True, help=frame.help_text("region.fetch_refresh_help"))
    @click.option("--overpass-url", metavar="URL", help=frame.help_text("region.fetch_url_help"))
    @click.option(
        "--nominatim-url", metavar="URL", help=frame.help_text("region.fetch_geocoder_help")
    )
    @click.option("--roads-only", is_flag=True, help=frame.help_text("region.osm_roads_only_help"))
    @_common_options
    @click.pass_obj
    def fetch(settings: frame.Settings, /, **asked: Any) -> None:
        _fetch(settings, **asked)

    return fetch  # fmt: skip


def _common_options(function: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option("--out", type=click.Path(path_type=Path), required=True, metavar="GPKG",
                     help=frame.help_text("region.osm_out_help")),
        click.option("--overwrite", is_flag=True,
                     help=frame.help_text("region.osm_overwrite_help")),
        click.option("--lenient", is_flag=True, help=frame.help_text("region.osm_lenient_help")),
        click.option("--name-zh", default="", help=frame.help_text("region.osm_name_zh_help")),
        click.option("--name-en", default="", help=frame.help_text("region.osm_name_en_help")),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def _import(
    settings: frame.Settings,
    *,
    file: Path,
    bbox: str | None,
    polygon: Path | None,
    out: Path,
    overwrite: bool,
    **asked: Any,
) -> None:
    from geodata.osm import area as areas

    if bbox and polygon:
        raise InputError(Fault("osm_one_area", "--bbox, --polygon"))
    _check_out(out, overwrite=overwrite)
    area = areas.parse_bbox(bbox) if bbox else areas.read_polygon(polygon) if polygon else None
    with _stages(settings, skip=("download",)) as work:
        imported, inputs = _imported(settings, file, area, work.begin, **asked)
    if polygon:
        inputs["polygon"] = polygon
    arguments = {"file": file, "bbox": bbox, "polygon": polygon, "overwrite": overwrite, **asked}
    _finish(settings, imported, out, "region import-osm", arguments, inputs)


def _fetch(
    settings: frame.Settings,
    *,
    place: str | None,
    bbox: str | None,
    cache: Path | None,
    refresh: bool,
    overpass_url: str | None,
    nominatim_url: str | None,
    out: Path,
    overwrite: bool,
    **asked: Any,
) -> None:
    from geodata.osm import area as areas
    from geodata.osm import fetch
    from geodata.osm.overpass import Server

    if bool(place) == bool(bbox):
        raise InputError(Fault("osm_place_or_bbox", "PLACE, --bbox"))
    _check_out(out, overwrite=overwrite)
    with _stages(settings) as work:
        work.begin("download")
        if bbox:
            box = areas.parse_bbox(bbox)
        else:
            geocoder = Server(nominatim_url or fetch.default_geocoder())
            box, full_name = fetch.find_place(str(place), geocoder)
            asked["name_en"] = asked["name_en"] or full_name.split(",")[0]
        file = fetch.download(
            box,
            Server(overpass_url or fetch.default_server()),
            cache=cache or fetch.default_cache(),
            refresh=refresh,
            tell=lambda done, total, _: work.advance(done / total),
        )
        imported, inputs = _imported(settings, file, box, work.begin, **asked)
    arguments = {
        "place": place, "bbox": bbox, "cache": cache, "refresh": refresh,
        "overpass_url": overpass_url, "nominatim_url": nominatim_url, "overwrite": overwrite,
        **asked,
    }  # fmt: skip
    _finish(settings, imported, out, "region fetch", arguments, inputs)


def _imported(
    settings: frame.Settings,
    file: Path,
    area: BaseGeometry | None,
    tell: Callable[[str], None],
    *,
    roads_only: bool,
    lenient: bool,
    name_zh: str,
    name_en: str,
) -> tuple[Imported, dict[str, Path | str]]:
    """Return what was imported, and the inputs by the part they play."""
    from geodata import region
    from geodata.osm import build

    inputs: dict[str, Path | str] = {"osm": file}
    if roads_only:
        base = region.load(settings.region)
        inputs["region"] = f"{settings.region} sha256:{base.content_hash}"
        return build.import_roads(file, base, area=area, forgive=lenient, tell=tell), inputs
    made = build.import_region(
        file, area=area, name_zh=name_zh, name_en=name_en, forgive=lenient, tell=tell
    )
    return made, inputs


def _finish(
    settings: frame.Settings,
    imported: Imported,
    out: Path,
    command: str,
    arguments: Mapping[str, object],
    inputs: Mapping[str, Path | str],
) -> None:
    from geodata.osm import report

    # The record goes last: that of an earlier run must not vouch for the files of this one.
    record = out.with_name(f"{out.stem}.run.json")
    record.unlink(missing_ok=True)
    beside = imported.save(out)
    _write_record(settings, record, imported, command, {**arguments, "out": out}, inputs,
                  outputs=[out, beside])  # fmt: skip
    for line in report.lines(dict(imported.report), settings.lang):
        click.echo(line)
    paths = {"path": out, "report": beside, "record": record}
    shown = {name: shorten(path, limit=300) for name, path in paths.items()}
    click.echo(settings.say("region.import_done", **shown))


def _write_record(
    settings: frame.Settings,
    path: Path,
    imported: Imported,
    command: str,
    arguments: Mapping[str, object],
    inputs: Mapping[str, Path | str],
    *,
    outputs: list[Path],
) -> None:
    """Write the run record of an import, whole or not at all."""
    from geodata import provenance, tables

    assumed = imported.report["assumptions"]
    found = provenance.run_record(
        command=command,
        arguments={**arguments, "region": settings.region, "lang": settings.lang},
        inputs=inputs,
        parameters=[{"name": f"osm.{name}", "value": value} for name, value in assumed.items()],
        started=settings.started,
        outputs=outputs,
    )
    with tempfile.TemporaryDirectory(prefix=".island-response-", dir=path.parent) as folder:
        staged = Path(folder) / "run.json"
        tables.write_json(found, staged)
        staged.replace(path)


def _check_out(out: Path, *, overwrite: bool) -> None:
    """Refuse, before any work, a file that could not be written at the end."""
    if out.suffix.lower() != ".gpkg":
        raise InputError(Fault("osm_out_name", "--out", out.name))
    if out.is_dir() or (out.exists() and not overwrite):
        raise InputError(Fault("osm_out_exists", str(out)))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out.parent).close()
    except OSError as error:
        fault = Fault("osm_out_folder", str(out.parent), params={"reason": Cause.of(error)})
        raise InputError(fault) from error


def _stages(settings: frame.Settings, *, skip: tuple[str, ...] = ()) -> Any:
    texts = {key: settings.say(f"region.import_stage.{key}") for key in _STAGES if key not in skip}
    return progress.stages(texts)
