"""Rules on roads, ferries and sea links: their ends, their nodes, their lengths."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata.findings import Findings
from geodata.region import Region
from geodata.rules_shapes import LEAST_TOLERANCE_M, Floats, Ground

NODE_TOLERANCE_M = 50.0
_OVER_WATER = ("bridge", "tunnel", "causeway")
# A length may fall short of the straight line by the scale error of the metric CRS and by rounding.
_LENGTH_RATIO = 0.01
_LENGTH_SLACK_M = 50.0


def check(region: Region, ground: Ground, found: Findings) -> None:
    """Check roads, ferries and sea links."""
    _check_road_islands(region, ground, found)
    _check_nodes(region, ground, found)
    _check_lengths(region, "roads", ground, found)
    _check_same_port(region, found)
    _check_ends(
        region, "ferries", ("ports", "from_port_id"), ("ports", "to_port_id"), ground, found
    )
    _check_lengths(region, "ferries", ground, found)
    _check_ends(
        region, "sea_links", ("posts", "from_post_id"), ("ports", "to_port_id"), ground, found
    )
    _check_lengths(region, "sea_links", ground, found)


def accuracy_m(table: pd.DataFrame) -> Floats:
    """Return the position accuracy of each row in metres, 0 where unknown."""
    if "position_accuracy_m" not in table:
        return np.zeros(len(table))
    return table["position_accuracy_m"].fillna(0.0).to_numpy(float)


def _check_road_islands(region: Region, ground: Ground, found: Findings) -> None:
    """Report road ends far from the island that the row names for them."""
    roads, lines = region.layers["roads"], ground.shapes["roads"]
    whole_island = roads["island_id"].where(~roads["structure"].isin(_OVER_WATER), None)
    for column, end in (("from_island_id", 0), ("to_island_id", -1)):
        named = roads[column].where(roads[column].notna(), whole_island).tolist()
        points = shapely.get_point(lines, end)
        distance = ground.distance_m(points, named)
        tolerance = ground.tolerance_m(roads["position_accuracy_m"], named)
        for row in np.flatnonzero(distance > tolerance):
            own = column if roads[column][row] is not None else "island_id"
            found.add(
                "road_end_off_island",
                "roads",
                int(row),
                own,
                value=named[row],
                distance=f"{distance[row] / 1000.0:.1f}",
                tolerance=f"{tolerance[row]:.0f}",
            )


def _check_nodes(region: Region, ground: Ground, found: Findings) -> None:
    """Report road ends that share a node but not its place."""
    roads, lines = region.layers["roads"], ground.shapes["roads"]
    ends = pd.concat(
        pd.DataFrame(
            {
                "node": roads[column],
                "row": np.arange(len(roads)),
                "column": column,
                "x": shapely.get_x(shapely.get_point(lines, end)),
                "y": shapely.get_y(shapely.get_point(lines, end)),
            }
        )
        for column, end in (("from_node", 0), ("to_node", -1))
    ).dropna()
    ends = ends.sort_values("row", kind="stable").reset_index(drop=True)
    first = ends.groupby("node")[["x", "y", "row"]].transform("first")
    apart = np.hypot(*(ends[["x", "y"]] - first[["x", "y"]]).to_numpy(float).T)
    for i in np.flatnonzero(apart > NODE_TOLERANCE_M):
        end = ends.iloc[i]
        found.add(
            "node_disagrees",
            "roads",
            int(end["row"]),
            str(end["column"]),
            value=end["node"],
            distance=f"{apart[i]:.0f}",
            first=found.place("roads", int(first["row"][i])),
            tolerance=f"{NODE_TOLERANCE_M:.0f}",
        )


def _check_lengths(region: Region, layer: str, ground: Ground, found: Findings) -> None:
    """Report links that are shorter than the straight line between their ends."""
    table = region.layers[layer]
    straight = straight_m(ground.shapes[layer])
    slack = 2.0 * accuracy_m(table) + _LENGTH_RATIO * straight + _LENGTH_SLACK_M
    short = table["length_km"].to_numpy(float) * 1000.0 < straight - slack
    for row in np.flatnonzero(short):
        found.add(
            "shorter_than_straight",
            layer,
            int(row),
            "length_km",
            value=float(table["length_km"][row]),
            straight=f"{straight[row] / 1000.0:.2f}",
        )


def straight_m(lines: NDArray[Any]) -> Floats:
    """Return the straight distance between the ends of each line; NaN for a missing line."""
    start, end = shapely.get_point(lines, 0), shapely.get_point(lines, -1)
    return np.asarray(shapely.distance(start, end), dtype=float)


def _check_same_port(region: Region, found: Findings) -> None:
    ferries = region.layers["ferries"]
    same = (ferries["from_port_id"] == ferries["to_port_id"]) & ferries["from_port_id"].notna()
    for row in np.flatnonzero(np.asarray(same, dtype=bool)):
        found.add("same_port", "ferries", int(row), "to_port_id", value=ferries["to_port_id"][row])


def _check_ends(
    region: Region,
    layer: str,
    start: tuple[str, str],
    end: tuple[str, str],
    ground: Ground,
    found: Findings,
) -> None:
    """Report lines whose ends lie far from the port or post that the row names for them."""
    lines = ground.shapes[layer]
    for (target, column), at, opposite in ((start, 0, -1), (end, -1, 0)):
        named, tolerance = _targets(region, layer, target, column, ground)
        distance = shapely.distance(shapely.get_point(lines, at), named)
        other = shapely.distance(shapely.get_point(lines, opposite), named)
        for row in np.flatnonzero(distance > tolerance):
            found.add(
                "line_reversed" if other[row] <= tolerance[row] else "line_end_off_port",
                layer,
                int(row),
                column,
                value=region.layers[layer][column][row],
                distance=f"{distance[row] / 1000.0:.1f}",
                tolerance=f"{tolerance[row]:.0f}",
            )


def _targets(
    region: Region, layer: str, target: str, column: str, ground: Ground
) -> tuple[NDArray[Any], Floats]:
    """Return the named place of each line, None where unknown, and the tolerance in metres."""
    places = region.layers[target]
    key = column.removeprefix("from_").removeprefix("to_")
    shape = dict(zip(places[key], ground.shapes[target], strict=True))
    accuracy = dict(zip(places[key], accuracy_m(places), strict=True))
    names = region.layers[layer][column].tolist()
    own = accuracy_m(region.layers[layer])
    theirs = np.array([accuracy.get(name, 0.0) for name in names], dtype=float)
    tolerance = np.maximum(np.maximum(own, theirs), LEAST_TOLERANCE_M)
    return np.array([shape.get(name) for name in names], dtype=object), tolerance
