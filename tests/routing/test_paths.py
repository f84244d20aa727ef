"""Shortest-path trees against the plain oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from routing import paths
from routing.network import Network
from tests.routing.oracles import network_of, networks


@given(networks())
def test_edges_of_a_route_join_up_and_sum_to_its_minutes(network: Network) -> None:
    found = paths.tree(network, 0)
    for node in np.flatnonzero(~np.isnan(found.travel_min)):
        edges = found.edges_to(int(node))
        stops = [0, *network.edge_to[edges].tolist()]
        assert stops[:-1] == network.edge_from[edges].tolist()
        assert stops[-1] == node
        assert network.travel_min[edges].sum() == pytest.approx(found.travel_min[node])


def test_an_unreachable_node_has_no_route() -> None:
    found = paths.tree(network_of(2, []), 0)
    with pytest.raises(ValueError, match="no route from node 0 to node 1"):
        found.edges_to(1)
