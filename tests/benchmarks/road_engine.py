"""Our drive times beside those of OSRM's car profile, on the same OpenStreetMap extract.

Usage: ``python tests/benchmarks/road_engine.py REGION.gpkg EXTRACT.osrm`` where the first was made
by ``island-response region import-osm`` and the second by ``osrm-extract`` and ``osrm-contract`` of
the package osrm-bindings (Python 3.12 or newer), from one file. Prints quantiles of ours / theirs.
"""

from __future__ import annotations

import argparse
from importlib import metadata

import numpy as np

from geodata import crs, region
from routing import config, land_network, travel_time

PAIRS_FROM, SEED = 300, 1
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def main() -> None:
    """Print the ratios, pairs on one island apart from pairs that need a ferry."""
    import osrm

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("region")
    parser.add_argument("osrm")
    asked = parser.parse_args()
    place = region.load(asked.region)
    land = land_network.build(place, config.load())
    ends = land.nodes.index[land.nodes["layer"] == "roads"].to_numpy()
    node = np.random.default_rng(SEED).choice(ends, PAIRS_FROM, replace=False)
    xy = land.nodes[["x", "y"]].to_numpy(float)[node]
    spots = [tuple(spot) for spot in crs.to_wgs84(xy, place.metric_crs).tolist()]
    answer = osrm.OSRM(asked.osrm).Table(osrm.TableParameters(coordinates=spots))
    rows = [[np.nan if s is None else s for s in row] for row in answer["durations"]]
    theirs = np.array(rows, float) / 60.0
    island = land.nodes["island_id"].fillna("").to_numpy()[node]
    together = island[:, None] == island[None, :]
    print(f"osrm-bindings {metadata.version('osrm-bindings')}, car profile; ours / theirs\n")
    print("| pairs | number | " + " | ".join(f"{100 * q:.0f} %" for q in QUANTILES) + " |")
    print("| --- " * (2 + len(QUANTILES)) + "|")
    for name, network, mine in (
        ("one island, roads alone", land.without_ferries(), together),
        ("across, with ferries", land.graph, ~together),
    ):
        ours = travel_time.matrix(network, node, node)
        both = mine & (ours > 0) & (theirs > 1.0)
        ratio = np.quantile(ours[both] / theirs[both], QUANTILES)
        print(f"| {name} | {both.sum():,} | " + " | ".join(f"{r:.2f}" for r in ratio) + " |")


if __name__ == "__main__":
    main()
