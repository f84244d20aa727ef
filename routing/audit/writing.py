"""The files of an audit, all into one folder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata import provenance, tables
from geodata.calls import mapping_file
from geodata.outputs import OutputFolder
from routing.audit import calibration_file, lateness, modelled_side, outputs
from routing.audit.asked import Asked, Audit


def write(folder: OutputFolder, found: Audit, lang: str) -> None:
    """Write the result, the tables, the workbook and the rejected records."""
    inside = folder.path("result.json").parent
    synthetic: bool = found.result["synthetic"]
    tables.write_json(found.result, inside / "result.json")
    outputs.write_tables(found.tables, inside, synthetic=synthetic)
    for name, frame in found.more.items():
        outputs.write_csv(outputs.marked(frame, synthetic), inside / f"{name}.csv")
    calibration_file.write(
        found.explained.calibration,
        inside / "calibration.toml",
        log=found.result["files"][0] if len(found.result["files"]) == 1 else "",
        synthetic=synthetic,
        under=modelled_side.state(found.result),
    )
    least = found.result["suppress_below"]
    spots = lateness.places(found.explained, found.region, least=least, published=found.tables)
    _write_places(spots, inside, synthetic=synthetic)
    outputs.write_rejected(found.rejected, found.result["files"], inside, synthetic=synthetic)
    text = mapping_file.dump(found.source.mapping)
    (inside / "mapping.toml").write_text(text, "utf-8", newline="\n")
    outputs.write_workbook(found.result, found.tables, found.more, inside / "audit.xlsx", lang=lang)


def _write_places(spots: gpd.GeoDataFrame, inside: Path, *, synthetic: bool) -> None:
    """Write the points as CSV and as a layer; made-up records are marked in the last column."""
    table: pd.DataFrame = spots
    if synthetic:
        mark = {outputs.SYNTHETIC: np.ones(len(spots), np.bool_)}
        at = {"lon": spots.geometry.x, "lat": spots.geometry.y}
        table = pd.DataFrame(spots.drop(columns=spots.geometry.name)).assign(**at, **mark)
        spots = spots.assign(**mark)
    tables.write_csv(table, inside / "places.csv")
    kinds: dict[str, str | None] = {"places": "Point"}
    tables.write_geopackage({"places": spots}, inside / "tables.gpkg", geometry_types=kinds)


def write_record(
    folder: OutputFolder,
    asked: Asked,
    found: Audit,
    command: Mapping[str, object] | None,
    started: datetime,
) -> None:
    """Write the run record: what was asked, of which inputs, with which outputs.

    Args:
        folder: holds all other files by now.
        asked: what the user asked for.
        found: what was found.
        command: arguments as given; those of `asked` unless given.
        started: when the program began.
    """
    inputs: dict[str, Path | str] = {"region": f"{asked.region} sha256:{found.region.content_hash}"}
    given = {"config": asked.config, "weather": asked.weather}
    inputs |= {role: path for role, path in given.items() if path is not None}
    for number, path in enumerate(dict.fromkeys(file.path for file in found.source.files)):
        inputs[f"calls_{number + 1}"] = path
    parameters = found.parameters.as_rows()
    if asked.under is not None:
        inputs |= asked.under.inputs
        parameters = [*parameters, *map(dict, asked.under.rows)]
    own = {k: v for k, v in vars(asked).items() if k not in ("options", "under")}
    arguments = own | vars(asked.options) | modelled_side.names(asked.under)
    record = provenance.run_record(
        command="audit",
        arguments=dict(command or arguments),
        inputs=inputs,
        parameters=parameters,
        started=started,
        outputs=[folder.path(name) for name in folder.names()],
        seed=asked.seed if asked.sample is not None else None,
        hashed=found.hashed,
    )
    tables.write_json(record, folder.path("run.json"))
