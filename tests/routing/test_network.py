"""What a network accepts, and what its hashes tell apart."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from geodata.errors import InputError
from routing.network import Network, checked_nodes


@pytest.fixture
def triangle() -> Network:
    """Three nodes in a ring, the last street closed."""
    return Network(
        n_nodes=3,
        edge_from=np.array([0, 1, 2]),
        edge_to=np.array([1, 2, 0]),
        travel_min=np.array([1.0, 2.0, math.inf]),
        node_xy=np.zeros((3, 2)),
    )


def fault_keys(error: InputError) -> list[str]:
    return [fault.key for fault in error.faults]


def test_arrays_are_copied_and_cannot_be_written(triangle: Network) -> None:
    minutes = np.array([1.0, 2.0, 3.0])
    network = triangle.with_travel_min(minutes)
    minutes[0] = 99.0
    assert network.travel_min[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        network.travel_min[0] = 99.0
    assert network.edge_from.dtype == np.int32


def test_network_may_be_empty() -> None:
    network = Network(0, np.array([]), np.array([]), np.array([]))
    assert (network.n_nodes, network.n_edges) == (0, 0)


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(InputError) as raised:
        Network(
            n_nodes=2,
            edge_from=np.array([0, 5, -1]),
            edge_to=np.array([0.5, 1.0, 1.0]),
            travel_min=np.array([math.nan, -1.0, 1.0]),
        )
    keys = fault_keys(raised.value)
    assert keys == ["network_no_such_node", "network_node_array", "network_minutes"]
    assert "5" in str(raised.value)
    assert "2 such entries" in str(raised.value)
    assert "共 2 处" in raised.value.text("zh")


@pytest.mark.parametrize("n_nodes", [-1, 2.5, True, None, 2**31])
def test_number_of_nodes_must_be_a_whole_number_in_range(n_nodes: object) -> None:
    with pytest.raises(InputError) as raised:
        Network(n_nodes, np.array([]), np.array([]), np.array([]))  # type: ignore[arg-type]
    assert fault_keys(raised.value) == ["network_n_nodes"]


def test_edge_beyond_int32_is_refused_rather_than_wrapped() -> None:
    with pytest.raises(InputError) as raised:
        Network(5, np.array([2**32 + 1]), np.array([0]), np.array([1.0]))
    assert fault_keys(raised.value) == ["network_no_such_node"]


def test_edge_arrays_must_be_equally_long() -> None:
    with pytest.raises(InputError) as raised:
        Network(2, np.array([0]), np.array([1]), np.array([1.0, 2.0]))
    assert fault_keys(raised.value) == ["network_edge_lengths"]


@pytest.mark.parametrize(
    ("node_xy", "key"),
    [
        (np.zeros((2, 2)), "network_xy_shape"),
        (np.full((3, 2), math.nan), "network_xy_finite"),
    ],
)
def test_coordinates_must_be_one_finite_pair_a_node(node_xy: np.ndarray, key: str) -> None:
    with pytest.raises(InputError) as raised:
        Network(3, np.array([0]), np.array([1]), np.array([1.0]), node_xy)
    assert fault_keys(raised.value) == [key]


def test_reweighting_keeps_the_topology_and_leaves_the_original(triangle: Network) -> None:
    other = triangle.with_travel_min([3.0, 2.0, 1.0])
    assert other.travel_min.tolist() == [3.0, 2.0, 1.0]
    assert triangle.travel_min.tolist() == [1.0, 2.0, math.inf]
    assert other.edge_to is triangle.edge_to
    assert other.node_xy is triangle.node_xy


@pytest.mark.parametrize(
    ("travel_min", "key"),
    [
        ([1.0], "network_reweight"),
        ([1.0, 1.0, math.nan], "network_minutes"),
        ([1.0, 1.0, -0.1], "network_minutes"),
        ([[1.0, 1.0, 1.0]], "network_minutes_shape"),
    ],
)
def test_reweighting_checks_the_minutes(triangle: Network, travel_min: object, key: str) -> None:
    with pytest.raises(InputError) as raised:
        triangle.with_travel_min(travel_min)  # type: ignore[arg-type]
    assert fault_keys(raised.value) == [key]


def test_topology_hash_ignores_minutes_and_content_hash_does_not(triangle: Network) -> None:
    other = triangle.with_travel_min([3.0, 2.0, 1.0])
    assert other.topology_hash() == triangle.topology_hash()
    assert other.content_hash() != triangle.content_hash()
    again = triangle.with_travel_min(triangle.travel_min)
    assert again.content_hash() == triangle.content_hash()


def test_topology_hash_tells_other_topologies_apart(triangle: Network) -> None:
    hashes = {
        triangle.topology_hash(),
        Network(4, triangle.edge_from, triangle.edge_to, triangle.travel_min).topology_hash(),
        Network(3, triangle.edge_to, triangle.edge_from, triangle.travel_min).topology_hash(),
        Network(3, np.array([0]), np.array([1]), np.array([1.0])).topology_hash(),
    }
    assert len(hashes) == 4


def test_derived_data_stay_with_their_condition_and_process(triangle: Network) -> None:
    triangle.topology_memo["shared"] = 1
    triangle.condition_memo["own"] = 1
    other = triangle.with_travel_min([3.0, 2.0, 1.0])
    assert other.topology_memo is triangle.topology_memo
    assert other.condition_memo == {}
    sent = pickle.loads(pickle.dumps(triangle))
    assert (sent.topology_memo, sent.condition_memo) == ({}, {})
    assert sent.content_hash() == triangle.content_hash()


@pytest.mark.parametrize("nodes", [[3], [-1], [0.5], [[0]], 1, ["0"]])
def test_nodes_of_a_question_must_exist(triangle: Network, nodes: object) -> None:
    with pytest.raises(InputError, match="posts"):
        checked_nodes(nodes, "posts", triangle)  # type: ignore[arg-type]


def test_nodes_of_a_question_may_repeat_or_be_none(triangle: Network) -> None:
    assert checked_nodes([2, 2], "posts", triangle).tolist() == [2, 2]
    assert checked_nodes([], "posts", triangle).tolist() == []
