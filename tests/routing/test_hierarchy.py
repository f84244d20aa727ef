"""The contraction hierarchy: orders, arcs, threads and the cache on disk."""

from __future__ import annotations

import logging
import math
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from geodata.errors import InputError
from routing import travel_time
from routing.hierarchy import cache, ordering, sweeps
from routing.hierarchy.engine import Hierarchy
from routing.hierarchy.topology import eliminate
from routing.network import Network
from tests.routing.oracles import all_travel_times, archipelago, network_of, networks

WITHIN = {"rtol": 0.0, "atol": 1e-9, "equal_nan": True}
ORDERS = ["hops"]
if ordering.choose_method() == "metis":
    ORDERS.append("metis")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, in which even small networks are kept."""
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr("routing.hierarchy.engine.LEAST_CACHED_NODES", 1)
    return tmp_path / "orders"


@pytest.fixture
def network() -> Network:
    return archipelago(7)


def again(network: Network) -> Network:
    """Return the same network with nothing remembered."""
    return Network(network.n_nodes, network.edge_from, network.edge_to, network.travel_min)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seed", range(3))
def test_every_order_gives_exact_times(order: str, seed: int) -> None:
    network = archipelago(seed, sides=(12, 7, 6, 2, 1, 1))
    everyone = np.arange(network.n_nodes, dtype=np.int32)
    hierarchy = Hierarchy.of(network, order=order)
    found = hierarchy.matrix(everyone, everyone, math.inf)
    np.testing.assert_allclose(found, all_travel_times(network), **WITHIN)


@pytest.mark.parametrize("order", ORDERS)
def test_order_names_every_node_once_and_saves_arcs(order: str) -> None:
    network = archipelago(1, sides=(40, 1))
    joined = ordering.neighbours(network.n_nodes, network.edge_from, network.edge_to)
    position = ordering.order(joined, order)
    assert sorted(position) == list(range(network.n_nodes))
    row_by_row = np.arange(network.n_nodes, dtype=np.int32)
    arcs, naive = (
        eliminate(network, joined, positions).n_arcs for positions in (position, row_by_row)
    )
    assert arcs < 0.5 * naive


def test_neighbours_survive_many_parallel_edges() -> None:
    joined = ordering.neighbours(
        3, np.zeros(256, np.int32), np.array([1] * 128 + [2] * 128, np.int32)
    )
    assert joined.ptr.tolist() == [0, 2, 3, 4]
    assert joined.node.tolist() == [1, 2, 0, 0]


def test_unknown_order_is_refused(network: Network) -> None:
    with pytest.raises(InputError, match="order"):
        Hierarchy.of(network, order="alphabetic")


@settings(deadline=None)
@given(network=networks())
def test_arcs_lead_up_and_parents_are_the_nearest_above(network: Network) -> None:
    topology = Hierarchy.of(network, cached=False).topology
    np.testing.assert_array_equal(topology.position[topology.node], np.arange(network.n_nodes))
    for v in range(network.n_nodes):
        heads = topology.arc_head[topology.arc_ptr[v] : topology.arc_ptr[v + 1]]
        assert np.all(np.diff(heads) > 0)
        assert np.all(heads < v)
        assert topology.parent[v] == (heads[-1] if len(heads) else -1)
        # The heads above the parent are the parent's too, so all lie on one way to the root.
        parent = topology.parent[v]
        theirs = topology.arc_head[topology.arc_ptr[parent] : topology.arc_ptr[parent + 1]]
        assert parent == -1 or set(heads[:-1]) <= set(theirs)
    loops = network.edge_from == network.edge_to
    assert np.array_equal(topology.edge_arc == -1, loops)


def test_number_of_threads_changes_nothing(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "ARCS_PER_THREAD", 1)
    hierarchy = Hierarchy.of(network)
    everyone = hierarchy.topology.position
    one, three = (
        sweeps.many_to_many(
            hierarchy.topology,
            hierarchy.metric,
            everyone,
            everyone[:101],
            limit_min=math.inf,
            threads=threads,
        )
        for threads in (1, 3)
    )
    np.testing.assert_array_equal(one, three)


def test_prepared_network_may_be_asked_from_several_threads(network: Network) -> None:
    prepared = travel_time.prepare(network, engine="hierarchy")
    everyone = np.arange(network.n_nodes)
    expected = travel_time.matrix(prepared, everyone, everyone)
    found: list[np.ndarray] = []

    def ask() -> None:
        found.append(travel_time.matrix(prepared, everyone, everyone))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len(found) == 4
    for times in found:
        np.testing.assert_array_equal(times, expected)


def test_topology_is_shared_between_conditions(network: Network) -> None:
    first = travel_time.prepare(network, engine="hierarchy")
    other = travel_time.prepare(network.with_travel_min(network.travel_min * 2), engine="hierarchy")
    assert isinstance(first.engine, Hierarchy)
    assert isinstance(other.engine, Hierarchy)
    assert other.engine.topology is first.engine.topology
    assert travel_time.prepare(network, engine="hierarchy").engine is first.engine


def test_second_preparation_reads_the_order_from_disk(
    network: Network, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Hierarchy.of(network)
    assert [file.suffix for file in own_cache.iterdir()] == [".bin"]

    def dissect_again(*_: object) -> None:
        raise AssertionError("the order was not read from disk")

    monkeypatch.setattr(ordering, "order", dissect_again)
    second = Hierarchy.of(again(network))
    np.testing.assert_array_equal(second.topology.position, first.topology.position)


def test_small_networks_are_not_kept_on_disk(
    network: Network, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("routing.hierarchy.engine.LEAST_CACHED_NODES", network.n_nodes + 1)
    Hierarchy.of(network)
    assert not own_cache.exists()


def truncated(content: bytes) -> bytes:
    return content[:-4]


def emptied(content: bytes) -> bytes:
    return b""


def one_bit_off(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def of_another_version(content: bytes) -> bytes:
    return content.replace(b"order 1", b"order 0")


@pytest.mark.parametrize("damage", [truncated, emptied, one_bit_off, of_another_version])
def test_damaged_cache_is_rebuilt_and_not_trusted(
    network: Network, own_cache: Path, damage: object, caplog: pytest.LogCaptureFixture
) -> None:
    first = Hierarchy.of(network)
    (file,) = own_cache.iterdir()
    intact = file.read_bytes()
    file.write_bytes(damage(intact))  # type: ignore[operator]
    with caplog.at_level(logging.WARNING):
        second = Hierarchy.of(again(network))
    assert "damaged" in caplog.text
    np.testing.assert_array_equal(second.topology.position, first.topology.position)
    assert file.read_bytes() == intact


def test_cached_order_of_another_topology_is_not_trusted(
    network: Network, own_cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Hierarchy.of(network)
    (file,) = own_cache.iterdir()
    turned = Network(network.n_nodes, network.edge_to, network.edge_from, network.travel_min)
    file.rename(file.with_name(file.name.replace(network.topology_hash(), turned.topology_hash())))
    with caplog.at_level(logging.WARNING):
        Hierarchy.of(turned)
    assert "damaged" in caplog.text


@pytest.mark.parametrize("position", [[0, 0], [1, 2], [-1, 0]])
def test_cached_order_must_name_every_node_once(position: list[int]) -> None:
    cache.save_order("key", np.array(position, np.int32))
    assert cache.load_order("key", 2) is None


def test_unusable_cache_folder_only_costs_time(
    network: Network,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING):
        found = travel_time.matrix(network, [0], [1], engine="hierarchy")
    assert "cannot be kept" in caplog.text
    np.testing.assert_allclose(found, travel_time.matrix(network, [0], [1], engine="scipy"))


def test_cache_folder_is_the_platforms_own_unless_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache.cache_folder() == tmp_path
    monkeypatch.delenv(cache.CACHE_VARIABLE)
    assert cache.cache_folder().name == "island-response"


def test_sweep_of_every_orientation_and_size() -> None:
    # 16 lanes share a pass: sizes below, at and above that, more sources than targets and fewer.
    network = archipelago(3, sides=(8, 3))
    times = all_travel_times(network)
    hierarchy = Hierarchy.of(network)
    rng = np.random.default_rng(0)
    for n_sources, n_targets in [(1, 40), (16, 16), (17, 50), (40, 1), (50, 33), (33, 32)]:
        sources = rng.integers(0, network.n_nodes, n_sources).astype(np.int32)
        targets = rng.integers(0, network.n_nodes, n_targets).astype(np.int32)
        found = hierarchy.matrix(sources, targets, math.inf)
        np.testing.assert_allclose(found, times[np.ix_(sources, targets)], **WITHIN)


def test_long_chain_neither_overflows_nor_loses_minutes() -> None:
    n = 3000
    network = network_of(n, [(i, i + 1, 0.1) for i in range(n - 1)])
    found = travel_time.matrix(network, [0], [n - 1], engine="hierarchy")
    assert found.item() == pytest.approx(0.1 * (n - 1), abs=1e-9)
