"""Write the road network of a region as arrays that ``travel_time.py --network`` takes.

Usage: ``python tests/benchmarks/network_of_region.py REGION.gpkg OUT.npz``
"""

from __future__ import annotations

import argparse

import numpy as np

from geodata import region
from routing import config, land_network


def main() -> None:
    """Write the arrays and print how large the network is."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("region")
    parser.add_argument("out")
    asked = parser.parse_args()
    graph = land_network.build(region.load(asked.region), config.load()).graph
    np.savez(
        asked.out,
        edge_from=graph.edge_from,
        edge_to=graph.edge_to,
        travel_min=graph.travel_min,
        node_xy=graph.node_xy,
    )
    print(f"{graph.n_nodes:,} nodes, {graph.n_edges:,} edges")


if __name__ == "__main__":
    main()
