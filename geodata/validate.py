"""All rules that a region must keep, checked in one go: every fault is found, not only the first.

`faults` says what is wrong and stops a run; `warnings` says what is right but good to know. Rules
on single columns come from `geodata.schemas` (`geodata.rules_columns`); rules on geometry and on
links are in `geodata.rules_shapes` and `geodata.rules_links`; this module holds the rest: the meta
table, totals, and leftovers of the template.
"""

from __future__ import annotations

from collections.abc import Collection
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
import shapely

from geodata import crs, notices, rules_columns, rules_links, rules_shapes, schemas
from geodata.errors import Fault
from geodata.findings import Cell, Findings
from geodata.notices import EXAMPLE, Notice
from geodata.region import Region

NETWORKS = ("schematic", "osm", "surveyed")
_NOT_EMPTY = ("islands", "zones", "demand", "posts")
_SUM_ERROR = 0.001


def faults(region: Region, *, silent: Collection[Cell] = ()) -> list[Fault]:
    """Return every fault of a region, in the order of its layers within each group of rules.

    Args:
        region: any region, however broken its content.
        silent: cells (layer, row index or None for all, column or "" for all) whose faults were
            reported while reading, so that they are not reported twice.
    """
    found = Findings(origins=region.origins, silent=silent)
    for layer in schemas.LAYERS:
        found.name_rows(layer.name, layer.key, region.layers[layer.name][layer.key].tolist())
    _check_emptiness(region, found)
    rules_columns.check(region, found)
    ground = rules_shapes.check(region, found)
    rules_links.check(region, ground, found)
    _check_meta(region, ground, found)
    _check_population(region, found)
    _check_examples(region, found)
    return found.faults


def warnings(region: Region) -> list[Notice]:
    """Return what a user should know about a region that breaks no rule; see `geodata.notices`."""
    return notices.notices(region)


def untouched_template(region: Region) -> bool:
    """Return whether the region is the template as written: its islands are all example rows."""
    return bool(len(region.layers["islands"])) and bool(_examples(region, "islands").all())


def _check_emptiness(region: Region, found: Findings) -> None:
    for name in _NOT_EMPTY:
        if not len(region.layers[name]):
            found.add("layer_empty", name)


def _check_meta(region: Region, ground: rules_shapes.Ground, found: Findings) -> None:
    rows = {str(key): row for row, key in enumerate(region.layers["meta"]["key"])}
    for key in ("name_zh", "metric_crs"):
        if not region.meta_value(key):
            found.add("meta_missing", "meta", rows.get(key), "value", name=key)
    if region.metric_crs:
        _check_metric_crs(region, ground, rows["metric_crs"], found)
    if region.network not in NETWORKS:
        choices = ", ".join(NETWORKS)
        value = region.network
        found.add("not_a_choice", "meta", rows["network"], "value", value=value, choices=choices)
    if zone := region.meta_value("timezone"):
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            found.add("bad_timezone", "meta", rows["timezone"], "value", value=zone)


def _check_metric_crs(
    region: Region, ground: rules_shapes.Ground, row: int, found: Findings
) -> None:
    if not crs.is_metric(region.metric_crs):
        found.add("metric_crs_not_metres", "meta", row, "value", value=region.metric_crs)
        return
    shapes = region.layers["islands"].geometry.to_numpy()[ground.whole["islands"]]
    if not len(shapes):
        return
    lon, lat = np.median(shapely.get_coordinates(shapely.centroid(shapes)), axis=0)
    stretch = rules_shapes.stretch(region.metric_crs, lon, lat)
    if stretch > rules_shapes.SCALE_ERROR:
        turned = (
            abs(lon) <= 90.0
            and rules_shapes.stretch(region.metric_crs, lat, lon) <= rules_shapes.SCALE_ERROR
        )
        found.add(
            "region_swapped" if turned else "metric_crs_elsewhere",
            "meta",
            row,
            "value",
            value=region.metric_crs,
            percent=f"{100.0 * stretch:.0f}" if np.isfinite(stretch) else "∞",
            suggestion=crs.metric_crs_for(float(lon), float(lat)),
            lon=f"{lon:.3f}",
            lat=f"{lat:.3f}",
        )


def _check_population(region: Region, found: Findings) -> None:
    demand = region.layers["demand"]
    if len(demand) and not demand["population"].fillna(0.0).sum() > 0.0:
        found.add("no_population", "demand", None, "population")
    counties = region.layers["counties"]
    if not len(counties) or found.knows("demand", None, "county_zh"):
        return
    known = set(counties["county_zh"])
    for row, county in enumerate(demand["county_zh"]):
        if county is None:
            found.add("county_blank", "demand", row, "county_zh")
        elif county not in known:
            found.add("dangling", "demand", row, "county_zh", value=county, target="counties")
    sums = demand.groupby("county_zh")["population"].sum()
    for row, (county, census) in enumerate(
        zip(counties["county_zh"], counties["population"], strict=True)
    ):
        total = float(sums.get(county, 0.0))
        if abs(total - census) > max(1.0, _SUM_ERROR * census):
            found.add(
                "county_sum",
                "counties",
                row,
                "population",
                value=f"{census:,.0f}",
                county=str(county),
                total=f"{total:,.0f}",
                difference=f"{total - census:+,.0f}",
            )


def _check_examples(region: Region, found: Findings) -> None:
    """Report example rows of the template that were left among a user's own."""
    if untouched_template(region):
        return
    for layer in schemas.LAYERS:
        for row in np.flatnonzero(_examples(region, layer.name)):
            value = region.layers[layer.name][layer.key][int(row)]
            found.add("example_left", layer.name, int(row), layer.key, value=value)


def _examples(region: Region, layer: str) -> pd.Series:
    ids = region.layers[layer][schemas.layer(layer).key]
    return pd.Series([str(i).startswith(EXAMPLE) for i in ids], index=ids.index, dtype=bool)
