"""Travel times of both engines against the plain-Python oracle and networkx."""

from __future__ import annotations

import importlib.util
import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.errors import InputError
from routing import travel_time
from routing.network import Network
from tests.routing.oracles import MINUTES, all_travel_times, archipelago, network_of, networks

ENGINES = ["scipy", "hierarchy"]
# The first call of a compiled loop waits for the compiler.
untimed = settings(deadline=None)
WITHIN = {"rtol": 0.0, "atol": 1e-9, "equal_nan": True}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def node_lists(network: Network) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, network.n_nodes - 1), max_size=20)


@pytest.mark.parametrize("engine", ENGINES)
@untimed
@given(data=st.data(), network=networks())
def test_matrix_equals_plain_dijkstra(engine: str, data: st.DataObject, network: Network) -> None:
    sources = data.draw(node_lists(network))
    targets = data.draw(node_lists(network))
    expected = all_travel_times(network)[np.ix_(sources, targets)]
    found = travel_time.matrix(network, sources, targets, engine=engine)
    assert found.shape == (len(sources), len(targets))
    np.testing.assert_allclose(found, expected, **WITHIN)


@pytest.mark.parametrize("engine", ENGINES)
@untimed
@given(data=st.data(), network=networks(), towards=st.booleans())
def test_nearest_is_the_least_of_the_matrix(
    engine: str, data: st.DataObject, network: Network, towards: bool
) -> None:
    sources = data.draw(node_lists(network))
    found = travel_time.nearest(network, sources, towards_sources=towards, engine=engine)
    times = oriented(network, sources, towards)
    least = np.min(np.where(np.isnan(times), np.inf, times), axis=0, initial=np.inf)
    np.testing.assert_allclose(found.travel_min, np.where(np.isinf(least), np.nan, least), **WITHIN)
    assert np.array_equal(found.source == -1, np.isnan(found.travel_min))
    for node in np.flatnonzero(found.source >= 0):
        assert times[found.source[node], node] == pytest.approx(least[node], abs=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
@untimed
@given(data=st.data(), network=networks(), k=st.integers(1, 5), towards=st.booleans())
def test_k_nearest_are_the_least_of_the_matrix(
    engine: str, data: st.DataObject, network: Network, k: int, towards: bool
) -> None:
    sources = data.draw(node_lists(network))
    targets = data.draw(st.none() | node_lists(network))
    found = travel_time.k_nearest(
        network, sources, k, targets=targets, towards_sources=towards, engine=engine
    )
    times = oriented(network, sources, towards)
    times = times if targets is None else times[:, targets]
    padded = np.vstack([times, np.full((k, times.shape[1]), np.nan)])
    np.testing.assert_allclose(found.travel_min, np.sort(padded, axis=0)[:k].T, **WITHIN)
    assert np.array_equal(found.source == -1, np.isnan(found.travel_min))
    for target, row in enumerate(found.source):
        named = row[row >= 0]
        assert len(set(named)) == len(named)
        np.testing.assert_allclose(
            times[named, target], found.travel_min[target, : len(named)], **WITHIN
        )


def oriented(network: Network, sources: list[int], towards: bool) -> np.ndarray:
    """Return oracle minutes of shape (sources, nodes), from the sources or towards them."""
    times = all_travel_times(network)
    return times[:, sources].T if towards else times[sources]


@pytest.mark.parametrize("engine", ENGINES)
@untimed
@given(network=networks(), limit=MINUTES)
def test_limit_drops_what_is_longer_and_nothing_else(
    engine: str, network: Network, limit: float
) -> None:
    everyone = np.arange(network.n_nodes)
    times = travel_time.matrix(network, everyone, everyone, engine=engine)
    limited = travel_time.matrix(network, everyone, everyone, limit_min=limit, engine=engine)
    with np.errstate(invalid="ignore"):
        expected = np.where(times <= limit, times, np.nan)
    np.testing.assert_array_equal(limited, expected)
    nearest = travel_time.nearest(network, [0], limit_min=limit, engine=engine)
    np.testing.assert_allclose(nearest.travel_min, expected[0], **WITHIN)
    assert np.array_equal(nearest.source == -1, np.isnan(nearest.travel_min))
    ranks = travel_time.k_nearest(network, [0], 2, limit_min=limit, engine=engine)
    np.testing.assert_allclose(ranks.travel_min[:, 0], expected[0], **WITHIN)


@pytest.mark.parametrize("engine", ENGINES)
@untimed
@given(data=st.data(), network=networks())
def test_reweighting_equals_a_fresh_preparation(
    engine: str, data: st.DataObject, network: Network
) -> None:
    everyone = np.arange(network.n_nodes)
    minutes = data.draw(st.lists(MINUTES, min_size=network.n_edges, max_size=network.n_edges))
    prepared = travel_time.prepare(network, engine=engine)
    before = travel_time.matrix(prepared, everyone, everyone)
    reweighted = travel_time.matrix(prepared.reweight(minutes), everyone, everyone)
    fresh = Network(network.n_nodes, network.edge_from, network.edge_to, np.array(minutes))
    expected = travel_time.matrix(fresh, everyone, everyone, engine=engine)
    np.testing.assert_array_equal(reweighted, expected)
    np.testing.assert_array_equal(travel_time.matrix(prepared, everyone, everyone), before)


@untimed
@given(network=networks())
def test_path_is_fastest_and_hangs_together(network: Network) -> None:
    times = all_travel_times(network)[0]
    for target, way in enumerate(travel_time.paths(network, 0, np.arange(network.n_nodes))):
        if math.isnan(times[target]):
            assert (len(way.nodes), len(way.edges)) == (0, 0)
            continue
        assert way.nodes[0] == 0
        assert way.nodes[-1] == target
        assert len(set(way.nodes)) == len(way.nodes) == len(way.edges) + 1
        np.testing.assert_array_equal(network.edge_from[way.edges], way.nodes[:-1])
        np.testing.assert_array_equal(network.edge_to[way.edges], way.nodes[1:])
        assert network.travel_min[way.edges].sum() == pytest.approx(times[target], abs=1e-9)


@untimed
@given(data=st.data(), network=networks())
def test_another_post_never_makes_anyone_wait_longer(data: st.DataObject, network: Network) -> None:
    posts = data.draw(node_lists(network))
    more = [*posts, data.draw(st.integers(0, network.n_nodes - 1))]
    before = travel_time.nearest(network, posts, engine="hierarchy").travel_min
    after = travel_time.nearest(network, more, engine="hierarchy").travel_min
    assert not np.any(np.isnan(after) & ~np.isnan(before))
    assert not np.any(after > before)


@pytest.mark.parametrize("seed", range(3))
def test_matrix_equals_networkx_between_islands(engine: str, seed: int) -> None:
    network = archipelago(seed)
    rng = np.random.default_rng(seed)
    sources = rng.integers(0, network.n_nodes, 45)
    targets = rng.integers(0, network.n_nodes, 60)
    found = travel_time.matrix(network, sources, targets, engine=engine)
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(network.n_nodes))
    for u, v, minutes in zip(network.edge_from, network.edge_to, network.travel_min, strict=True):
        if math.isfinite(minutes):
            graph.add_edge(int(u), int(v), minutes=float(minutes))
    for row, source in enumerate(sources):
        times = nx.single_source_dijkstra_path_length(graph, int(source), weight="minutes")
        expected = [times.get(int(target), math.nan) for target in targets]
        np.testing.assert_allclose(found[row], expected, **WITHIN)
    assert np.isnan(found).any()
    assert np.isfinite(found).any()


def test_the_faster_of_parallel_edges_counts_and_they_never_add_up(engine: str) -> None:
    network = network_of(2, [(0, 1, 5.0), (0, 1, 3.0), (0, 1, math.inf)])
    assert travel_time.matrix(network, [0], [1], engine=engine).item() == 3.0


def test_edge_of_zero_minutes_is_open(engine: str) -> None:
    network = network_of(3, [(0, 1, 0.0), (1, 2, 0.0), (0, 2, 1.0)])
    np.testing.assert_array_equal(
        travel_time.matrix(network, [0], [0, 1, 2], engine=engine), [[0.0, 0.0, 0.0]]
    )


def test_closed_edge_is_never_used(engine: str) -> None:
    network = network_of(3, [(0, 1, math.inf), (1, 2, 1.0), (2, 0, 1.0)])
    found = travel_time.matrix(network, [0, 1], [0, 1, 2], engine=engine)
    np.testing.assert_array_equal(found, [[0.0, np.nan, np.nan], [2.0, 0.0, 1.0]])


def test_one_way_street_leads_one_way(engine: str) -> None:
    network = network_of(2, [(0, 1, 2.0)])
    to_scene = travel_time.nearest(network, [0], engine=engine)
    from_scene = travel_time.nearest(network, [0], towards_sources=True, engine=engine)
    np.testing.assert_array_equal(to_scene.travel_min, [0.0, 2.0])
    np.testing.assert_array_equal(from_scene.travel_min, [0.0, np.nan])
    np.testing.assert_array_equal(from_scene.source, [0, -1])


def test_of_posts_at_one_node_the_first_is_named(engine: str) -> None:
    network = network_of(3, [(0, 1, 2.0), (2, 1, 9.0)])
    found = travel_time.nearest(network, [2, 0, 0], engine=engine)
    np.testing.assert_array_equal(found.source, [1, 1, 0])
    ranks = travel_time.k_nearest(network, [2, 0, 0], 2, targets=[1], engine=engine)
    np.testing.assert_array_equal(ranks.source, [[1, 2]])


@pytest.mark.parametrize(("sources", "targets"), [([], [0]), ([0], []), ([], [])])
def test_empty_lists_give_empty_tables(engine: str, sources: list[int], targets: list[int]) -> None:
    network = network_of(2, [(0, 1, 2.0)])
    shape = (len(sources), len(targets))
    assert travel_time.matrix(network, sources, targets, engine=engine).shape == shape
    ranks = travel_time.k_nearest(network, sources, 2, targets=targets, engine=engine)
    assert ranks.travel_min.shape == (len(targets), 2)


def test_network_without_nodes_has_empty_answers(engine: str) -> None:
    network = network_of(0, [])
    assert travel_time.matrix(network, [], [], engine=engine).shape == (0, 0)
    assert travel_time.nearest(network, [], engine=engine).travel_min.shape == (0,)


def test_path_takes_fewest_edges_then_the_first_edge() -> None:
    # Two ways of two edges and one of three, all of 4 minutes, and a loop of no minutes.
    network = network_of(
        6,
        [
            (2, 5, 2.0),
            (0, 3, 1.0),
            (3, 4, 1.0),
            (4, 5, 2.0),
            (0, 2, 2.0),
            (1, 5, 2.0),
            (0, 1, 2.0),
            (0, 1, 2.0),
            (1, 1, 0.0),
        ],
    )
    way = travel_time.path(network, 0, 5)
    assert way.nodes.tolist() == [0, 2, 5]
    assert way.edges.tolist() == [4, 0]
    assert travel_time.path(network, 0, 1).edges.tolist() == [6]
    assert travel_time.path(network, 0, 0).nodes.tolist() == [0]


def test_engine_of_a_prepared_network_can_be_overruled() -> None:
    network = network_of(2, [(0, 1, 2.0)])
    prepared = travel_time.prepare(network, engine="scipy")
    assert travel_time.matrix(prepared, [0], [1], engine="hierarchy").item() == 2.0


def test_auto_takes_the_hierarchy_for_large_networks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    network = archipelago(0)
    assert travel_time.prepare(network).engine.name == "scipy"
    monkeypatch.setattr(travel_time, "HIERARCHY_FROM_SIZE", network.n_nodes + network.n_edges)
    assert travel_time.prepare(network).engine.name == "hierarchy"


def test_without_numba_auto_falls_back_and_the_hierarchy_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "numba" else found(name)
    )
    monkeypatch.setattr(travel_time, "HIERARCHY_FROM_SIZE", 0)
    network = network_of(2, [(0, 1, 2.0)])
    assert travel_time.prepare(network).engine.name == "scipy"
    with pytest.raises(InputError, match="numba"):
        travel_time.prepare(network, engine="hierarchy")


@pytest.mark.parametrize("options", [{"limit_min": -1.0}, {"limit_min": math.nan}, {"engine": "x"}])
def test_senseless_options_are_refused(options: dict[str, object]) -> None:
    network = network_of(2, [(0, 1, 2.0)])
    with pytest.raises(InputError, match=next(iter(options))):
        travel_time.matrix(network, [0], [1], **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("k", [0, -1, 1.5])
def test_k_must_be_at_least_one(k: object) -> None:
    network = network_of(2, [(0, 1, 2.0)])
    with pytest.raises(InputError, match="k"):
        travel_time.k_nearest(network, [0], k)  # type: ignore[arg-type]


def test_unknown_nodes_are_refused_by_name() -> None:
    network = network_of(2, [(0, 1, 2.0)])
    with pytest.raises(InputError, match=r"targets\[1\]"):
        travel_time.matrix(network, [0], [1, 7])
