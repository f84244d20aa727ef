"""The tables that the command line hands over to be drawn, checked at the border."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import geopandas as gpd

from geodata.errors import Fault, InputError
from maps.scale import Scale, scale
from maps.words import is_missing

# name -> columns that the drawing reads; further columns are ignored
COLUMNS: dict[str, tuple[str, ...]] = {
    "cells": (
        "demand_id", "island_id", "place_zh", "place_en", "island_zh", "island_en", "county_zh",
        "township_zh", "zone", "population", "response_min", "target_min", "best_vehicle",
        "post_zh", "post_en", "second_min", "second_vehicle", "second_post_zh", "second_post_en",
        "legs",
    ),
    "islands": (
        "island_id", "name_zh", "name_en", "county_zh", "population", "inhabited", "mean_min",
        "best_vehicle", "post_zh", "post_en",
    ),
    "posts": ("post_id", "name_zh", "name_en", "kind", "evidence", "position_accuracy_m"),
    "helipads": ("name_zh", "name_en", "position_accuracy_m"),
    "hospitals": ("name_zh", "name_en", "position_accuracy_m"),
    "ports": ("name_zh", "name_en", "position_accuracy_m"),
    "roads": ("name_zh", "road_class", "structure", "status"),
    "ferries": ("name_zh", "name_en", "kind", "status", "duration_min", "departures_per_day"),
    "zones": ("zone", "name_zh", "name_en", "target_min"),
    "proposal_sites": ("id", "name_zh", "name_en", "kind", "serves_population", "gain_min"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CoverageTables:
    """What a coverage map shows, every table a GeoDataFrame in EPSG:4326.

    Text may be blank and is never trusted. NaN minutes mean unreachable, other NaN unknown.

    Attributes:
        cells: polygons, one per demand point, with the best and second-best response and its
            legs as JSON text (see `maps.legs`); column ``after_min`` (minutes after the
            proposal, NaN unreachable) may be absent.
        islands: multipolygons of the land; ``after_min`` may be absent here as well, and then
            small islands have no dot on the map of the proposal.
        posts: points; ``kind`` and ``evidence`` are codes of the catalogue.
        helipads, hospitals, ports: points.
        roads, ferries: lines.
        zones: multipolygons of the planning zones.
        proposal_sites: points of the posts that the proposal adds; may be empty.

    Further columns show more conditions than one, each named after its key, as ``fog@day``: cells
    and islands ``response_min__KEY`` or ``mean_min__KEY`` and ``best_vehicle__KEY``, cells
    ``post_zh__KEY`` and ``post_en__KEY``, islands ``unreachable_population__KEY``, and over the
    year the cells' ``expected_min`` and ``unreachable_days_per_year``. Ferries, roads and posts may
    say by ``stopped__KEY`` that the condition stops them.

    Beside ``after_min`` cells and islands may have ``after_vehicle``, ``after_post_zh`` and
    ``after_post_en`` (who comes then), islands ``after_unreachable_population``; all of them exist
    for other conditions too, as ``after_min__KEY``.

    Raises:
        InputError: with one fault for each missing column and each table in another CRS.
    """

    cells: gpd.GeoDataFrame
    islands: gpd.GeoDataFrame
    posts: gpd.GeoDataFrame
    helipads: gpd.GeoDataFrame
    hospitals: gpd.GeoDataFrame
    ports: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    ferries: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    proposal_sites: gpd.GeoDataFrame

    def __post_init__(self) -> None:
        faults = list(_faults(self))
        if faults:
            raise InputError(faults)

    @property
    def has_after(self) -> bool:
        """Whether the cells know their response time after the proposal."""
        return "after_min" in self.cells.columns

    @property
    def scale(self) -> Scale:
        """The bands that fit the targets of the cells."""
        return scale(self.cells["target_min"].dropna().unique())

    def bounds(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north in degrees of where people live, else of the land."""
        for table in (self.cells, self.islands, self.posts):
            if len(table):
                west, south, east, north = (float(edge) for edge in table.total_bounds)
                return west, south, east, north
        return (-180.0, -85.0, 180.0, 85.0)


def has_name(row: dict[str, Any]) -> bool:
    """Return whether an island has a name of its own; ``named`` False marks a made-up one."""
    blank = is_missing(row["name_zh"]) and is_missing(row["name_en"])
    return not blank and row.get("named", True) is not False


def _faults(tables: CoverageTables) -> Iterator[Fault]:
    for field in fields(tables):
        table = getattr(tables, field.name)
        where = f"table {field.name}"
        if not isinstance(table, gpd.GeoDataFrame):
            yield Fault("maps_no_geometry", where, type(table).__name__)
            continue
        missing = [c for c in COLUMNS[field.name] if c not in table.columns]
        if missing and (len(table) or field.name in ("cells", "islands")):
            yield Fault("maps_missing_columns", where, ", ".join(missing))
        if len(table) and (table.crs is None or table.crs.to_epsg() != 4326):
            yield Fault("maps_wrong_crs", where, table.crs)
