"""Ways cut at junctions and joined again, against the plain graph of all their segments."""

from __future__ import annotations

import itertools
import math
from typing import Any

import networkx as nx
import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.osm import pieces
from geodata.osm.extract import Ways
from tests.geodata.osm import drawing

EVERYWHERE = shapely.box(-180, -90, 180, 90)
NOTHING = np.empty(0, np.int64)
SIDE = 5
GRID = {y * SIDE + x + 1: (float(x), float(y)) for x in range(SIDE) for y in range(SIDE)}

Chain = tuple[list[int], int, int, list[int]]


def cut(drawn: Ways, blocking: list[int] | None = None, area: Any = EVERYWHERE) -> pieces.Pieces:
    usable = np.ones(len(drawn), dtype=bool)
    return pieces.cut(drawn, usable, np.array(blocking or [], np.int64), area)


def chains(drawn: Ways, found: pieces.Pieces) -> list[Chain]:
    """Return (map nodes in order, from, to, positions of ways) of each chain."""
    kinds = [drawn.tags[k] for k in found.way.tolist()]
    order = sorted({str(sorted(k.items())) for k in kinds})
    same = np.array([order.index(str(sorted(k.items()))) for k in kinds], np.int64)
    oneway = np.array(["oneway" in k for k in kinds], dtype=bool)
    rows, tails, heads, paths = pieces.joined(found, same, oneway)
    return [
        (drawn.refs[p].tolist(), int(t), int(h), found.way[r].tolist())
        for r, t, h, p in zip(rows, tails, heads, paths, strict=True)
    ]


def line(*refs: int, number: int = 1, **tags: str) -> tuple[int, list[int], dict[str, str]]:
    return number, list(refs), tags


def drawn(*given: tuple[int, list[int], dict[str, str]]) -> Ways:
    return drawing.ways(*given, at=GRID)


def test_ways_that_meet_end_to_end_become_one_chain() -> None:
    ways = drawn(line(1, 2, 3), line(3, 4), line(5, 4))
    (chain,) = chains(ways, cut(ways))
    assert chain[0] in ([1, 2, 3, 4, 5], [5, 4, 3, 2, 1])


def test_a_node_where_a_turn_is_possible_is_kept() -> None:
    ways = drawn(line(1, 2, 3), line(2, 7))
    assert sorted(sorted((c[0][0], c[0][-1])) for c in chains(ways, cut(ways))) == [
        [1, 2],
        [2, 3],
        [2, 7],
    ]


def test_chains_end_where_the_kind_of_road_changes() -> None:
    ways = drawn(line(1, 2), line(2, 3, maxspeed="30"))
    assert len(chains(ways, cut(ways))) == 2


def test_one_way_pieces_are_joined_in_driving_order_only() -> None:
    ways = drawn(line(1, 2, oneway="yes"), line(2, 3, oneway="yes"))
    assert [c[0] for c in chains(ways, cut(ways))] == [[1, 2, 3]]
    facing = drawn(line(1, 2, oneway="yes"), line(3, 2, oneway="yes"))
    assert len(chains(facing, cut(facing))) == 2


def test_a_barrier_ends_the_pieces_on_both_sides_apart() -> None:
    ways = drawn(line(1, 2, 3))
    found = cut(ways, [2])
    assert len(found) == 2
    assert len({*found.tail.tolist(), *found.head.tolist()}) == 4
    assert len(chains(ways, found)) == 2


def test_a_closed_ring_without_junction_stays_whole() -> None:
    ways = drawn(line(1, 2, 7, 6, 1))
    ((refs, tail, head, _),) = chains(ways, cut(ways))
    assert tail == head
    assert refs == [1, 2, 7, 6, 1]


def test_a_ring_of_several_ways_stays_whole() -> None:
    ways = drawn(line(1, 2), line(2, 7), line(7, 6), line(6, 1))
    ((refs, tail, head, _),) = chains(ways, cut(ways))
    assert tail == head
    assert len(refs) == 5


def test_a_roundabout_is_cut_at_its_exits_only() -> None:
    one_exit = drawn(line(1, 2, 7, 6, 1, oneway="yes"), line(7, 8))
    assert sorted(c[0] for c in chains(one_exit, cut(one_exit))) == [[7, 6, 1, 2, 7], [7, 8]]
    two = drawn(line(1, 2, 7, 6, 1, oneway="yes"), line(7, 8), line(6, 11))
    assert sorted(c[0] for c in chains(two, cut(two)))[:2] == [[6, 1, 2, 7], [6, 11]]


def test_a_way_is_interrupted_where_nodes_are_missing() -> None:
    ways = drawn(line(1, 2, 99, 3, 4))
    assert [c[0] for c in chains(ways, cut(ways))] == [[1, 2], [3, 4]]


def test_a_way_is_cut_off_at_the_edge_of_the_area() -> None:
    ways = drawn(line(1, 2, 3, 4, 5))
    found = cut(ways, area=shapely.box(-1, -1, 2.5, 1))
    assert [c[0] for c in chains(ways, found)] == [[1, 2, 3]]


def test_vertices_on_top_of_each_other_are_one() -> None:
    at = {1: (0.0, 0.0), 2: (0.0, 0.0), 3: (1.0, 0.0), 4: (1.0, 0.0)}
    ways = drawing.ways((1, [1, 2, 3, 4], {}), at=at)
    ((refs, *_),) = chains(ways, cut(ways))
    assert refs == [1, 4]
    nowhere = drawing.ways((1, [1, 2], {}), at=at)
    assert len(cut(nowhere)) == 0


TWO_AT_ONE_PLACE = {
    20: (1.0, 0.0),
    21: (1.0, 0.0),
    22: (0.0, 0.0),
    23: (2.0, 0.0),
    24: (1.0, 1.0),
    25: (1.0, -1.0),
    26: (1.0, 0.0),
    27: (3.0, 0.0),
}


def joints(drawn: Ways, found: pieces.Pieces) -> set[tuple[int, int]]:
    """Return the map numbers of the ends of each piece, the lower one first."""
    a, b = found.node_ref[found.tail].tolist(), found.node_ref[found.head].tolist()
    assert np.isfinite(drawn.lon[found.node_at[[*found.tail, *found.head]]]).all()
    return {(min(pair), max(pair)) for pair in zip(a, b, strict=True)}


def test_two_junctions_at_one_place_are_one() -> None:
    ways = drawing.ways(
        (1, [22, 20, 21, 23], {}), (2, [20, 24], {}), (3, [21, 25], {}), at=TWO_AT_ONE_PLACE
    )
    found = cut(ways)
    assert joints(ways, found) == {(20, 22), (20, 23), (20, 24), (20, 25)}
    assert len(chains(ways, found)) == 4


def test_a_whole_way_without_length_joins_its_ends() -> None:
    ways = drawing.ways(
        (1, [22, 21], {}), (2, [21, 26], {}), (3, [20, 26], {}), (4, [20, 23], {}),
        at=TWO_AT_ONE_PLACE,
    )  # fmt: skip
    found = cut(ways)
    assert joints(ways, found) == {(20, 22), (20, 23)}
    ((refs, *_),) = chains(ways, found)
    assert sorted((refs[0], refs[-1])) == [22, 23]
    shape = shapely.LineString([TWO_AT_ONE_PLACE[ref] for ref in refs])
    assert shape.length == 2.0


def test_a_dead_end_without_length_does_not_rename_its_junction() -> None:
    ways = drawing.ways((1, [22, 21, 23], {}), (2, [21, 20], {}), at=TWO_AT_ONE_PLACE)
    assert joints(ways, cut(ways)) == {(21, 22), (21, 23)}


def test_nothing_passes_a_barrier_on_top_of_a_junction() -> None:
    ways = drawing.ways(
        (1, [22, 20, 21, 23], {}), (2, [21, 24], {}), (3, [20, 25], {}), at=TWO_AT_ONE_PLACE
    )
    for blocking in (20, 21):
        found = cut(ways, [blocking])
        graph = nx.Graph(list(zip(found.tail.tolist(), found.head.tolist(), strict=True)))
        at = {ref: node for node, ref in enumerate(found.node_ref.tolist())}
        assert not nx.has_path(graph, at[22], at[23])


def test_junctions_at_one_place_that_no_way_joins_stay_apart() -> None:
    ways = drawing.ways((1, [22, 20, 23], {}), (2, [24, 21, 25], {}), at=TWO_AT_ONE_PLACE)
    assert len(joints(ways, cut(ways))) == 2


def walks() -> st.SearchStrategy[tuple[list[int], dict[str, str]]]:
    """Return random walks over the grid, some one-way, some of another class."""

    def walk(start: int, steps: list[int]) -> list[int]:
        x, y = GRID[start]
        refs = [start]
        for step in steps:
            dx, dy = ((1, 0), (-1, 0), (0, 1), (0, -1))[step]
            x, y = min(max(x + dx, 0), SIDE - 1), min(max(y + dy, 0), SIDE - 1)
            ref = int(y * SIDE + x + 1)
            if ref != refs[-1]:
                refs.append(ref)
        return refs

    path = st.builds(walk, st.sampled_from(sorted(GRID)), st.lists(st.integers(0, 3), max_size=9))
    tags = st.sampled_from([{}, {}, {"oneway": "yes"}, {"maxspeed": "30"}])
    return st.tuples(path, tags)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(walks(), min_size=1, max_size=10), st.sets(st.sampled_from(sorted(GRID)), max_size=2)
)
def test_distances_and_turns_are_those_of_the_plain_graph(
    given_walks: list[tuple[list[int], dict[str, str]]], blocked: set[int]
) -> None:
    """Every kept node is as far from every other, in segments, as in the graph of all segments."""
    ways = drawn(*((n, refs, tags) for n, (refs, tags) in enumerate(given_walks) if len(refs) > 1))
    found = cut(ways, sorted(blocked))
    plain = nx.DiGraph()
    ends: dict[int, set[tuple[int, int, int]]] = {}
    for k in range(len(ways)):
        refs = ways.refs[ways.slice(k)].tolist()
        for step, (a, b) in enumerate(itertools.pairwise(refs)):
            # A blocked node becomes as many dead ends as segments touch it.
            tail = (a, k, step, 0) if a in blocked else a
            head = (b, k, step, 1) if b in blocked else b
            plain.add_edge(tail, head)
            if "oneway" not in ways.tags[k]:
                plain.add_edge(head, tail)
            for ref in (a, b):
                ends.setdefault(ref, set()).add((k, step, ref))
    simple = nx.DiGraph()
    kept: dict[int, int] = {}
    for refs, tail, head, rows in chains(ways, found):
        for node in (tail, head):
            kept[node] = int(found.node_ref[node])
        one = "oneway" in ways.tags[rows[0]]
        for a, b in ((tail, head),) if one else ((tail, head), (head, tail)):
            length = min(len(refs) - 1, simple.get_edge_data(a, b, {"weight": 99})["weight"])
            simple.add_edge(a, b, weight=length)
    crossings = {ref for ref, around in ends.items() if len(around) != 2} - blocked
    assert crossings <= set(kept.values())
    free = {node: ref for node, ref in kept.items() if ref not in blocked}
    for node, ref in free.items():
        far = nx.single_source_shortest_path_length(plain, ref)
        ours = nx.single_source_dijkstra_path_length(simple, node)
        for other, other_ref in free.items():
            assert ours.get(other) == far.get(other_ref)


# Columns of the grid two by two on top of each other.
STACKED = {ref: (float(x // 2), y) for ref, (x, y) in GRID.items()}


@settings(max_examples=200, deadline=None)
@given(st.lists(walks(), min_size=1, max_size=10))
def test_segments_without_length_join_their_ends(
    given_walks: list[tuple[list[int], dict[str, str]]],
) -> None:
    """Distances are those of the graph of all segments, where those of no length go both ways."""
    walked = [(n, refs, tags) for n, (refs, tags) in enumerate(given_walks) if len(refs) > 1]
    ways = drawing.ways(*walked, at=STACKED)
    found = cut(ways)
    if not len(found):
        return
    plain = nx.DiGraph()
    for _, refs, tags in walked:
        for a, b in itertools.pairwise(refs):
            length = math.dist(STACKED[a], STACKED[b])
            plain.add_edge(a, b, weight=length)
            if "oneway" not in tags or not length:
                plain.add_edge(b, a, weight=length)
    simple = nx.DiGraph()
    for refs, tail, head, rows in chains(ways, found):
        a, b = int(found.node_ref[tail]), int(found.node_ref[head])
        length = shapely.LineString([STACKED[ref] for ref in refs]).length
        assert length > 0.0
        one = "oneway" in ways.tags[rows[0]]
        for pair in ((a, b),) if one else ((a, b), (b, a)):
            shortest = min(length, simple.get_edge_data(*pair, {"weight": math.inf})["weight"])
            simple.add_edge(*pair, weight=shortest)
    for ref in simple:
        far = nx.single_source_dijkstra_path_length(plain, ref)
        ours = nx.single_source_dijkstra_path_length(simple, ref)
        for other in simple:
            assert ours.get(other) == far.get(other)
