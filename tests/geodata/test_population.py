"""Residents on the lattice: nobody is lost, nobody lives beyond reach, totals are exact."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geodata import population

untimed = settings(deadline=None)
coordinates = st.tuples(st.integers(-5_000, 5_000), st.integers(-5_000, 5_000))
boxes = st.tuples(coordinates, st.integers(1, 4_000), st.integers(1, 4_000))


def box_of(corner_and_size: tuple[tuple[int, int], int, int]) -> shapely.Polygon:
    """Return a rectangle with whole coordinates."""
    (x, y), width, height = corner_and_size
    return shapely.box(x, y, x + width, y + height)


@untimed
@given(boxes, st.sampled_from([100.0, 250.0, 500.0]))
def test_lattice_holds_exactly_the_multiples_of_the_spacing_inside(
    corner_and_size: tuple[tuple[int, int], int, int], spacing_m: float
) -> None:
    (x, y), width, height = corner_and_size
    expected = {
        (i * spacing_m, j * spacing_m)
        for i in range(-100, 101)
        for j in range(-100, 101)
        if x < i * spacing_m < x + width and y < j * spacing_m < y + height
    }
    found = population.lattice(box_of(corner_and_size), spacing_m=spacing_m)
    assert found.shape == (len(expected), 2)
    assert set(map(tuple, found.tolist())) == expected


@untimed
@given(boxes, boxes)
def test_two_islands_share_one_lattice(
    first: tuple[tuple[int, int], int, int], second: tuple[tuple[int, int], int, int]
) -> None:
    """What the lattices of two overlapping shapes hold of the overlap is the same."""
    a, b = box_of(first), box_of(second)
    in_a, in_b = (
        {tuple(p) for p in population.lattice(one, spacing_m=250.0).tolist()} for one in (a, b)
    )
    both = {p for p in in_a | in_b if a.contains(shapely.Point(p)) and b.contains(shapely.Point(p))}
    assert in_a & in_b == both


def test_lattice_of_a_shape_with_a_lagoon_leaves_the_lagoon_out() -> None:
    ring = shapely.box(-1_000, -1_000, 1_000, 1_000) - shapely.box(-600, -600, 600, 600)
    found = {tuple(p) for p in population.lattice(ring, spacing_m=500.0).tolist()}
    assert (0.0, 0.0) not in found
    assert not found  # -500, 0 and 500 lie in the lagoon, -1000 and 1000 on the shore
    assert len(population.lattice(ring, spacing_m=400.0)) == 5 * 5 - 3 * 3


def test_lattice_of_an_islet_between_the_points_is_empty() -> None:
    assert population.lattice(shapely.box(10, 10, 90, 90), spacing_m=500.0).shape == (0, 2)


def test_spread_of_a_hand_worked_shore() -> None:
    """A village of 100 at the end of a shore with cells at 0, 1 and 2 km, decay 1 km.

    Weights are 1, 1/e = 0.36788 and 1/e^2 = 0.13534, in all 1.50321; so 66.52, 24.47 and 9.00
    residents.
    """
    cells = np.array([[0.0, 0.0], [1_000.0, 0.0], [2_000.0, 0.0]])
    residents, nearest = population.spread(cells, cells[:1], [100.0], [1_000.0])
    assert residents == pytest.approx([66.524, 24.473, 9.003], abs=5e-4)
    assert nearest.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("reach_decays", "peopled"), [(1.999, [True, True, False]), (2.0, [True, True, True])]
)
def test_the_reach_itself_still_counts(reach_decays: float, peopled: list[bool]) -> None:
    cells = np.array([[0.0, 0.0], [1_000.0, 0.0], [2_000.0, 0.0]])
    residents, _ = population.spread(
        cells, cells[:1], [100.0], [1_000.0], reach_decays=reach_decays
    )
    assert (residents > 0).tolist() == peopled


def test_each_cell_belongs_to_its_nearest_settlement_only() -> None:
    """Two villages 3 km apart on a shore with cells at 0, 1, 2 and 3 km; decays differ."""
    cells = np.array([[x, 0.0] for x in (0.0, 1_000.0, 2_000.0, 3_000.0)])
    residents, nearest = population.spread(
        cells, cells[[0, 3]], [100.0, 40.0], [1_000.0, 500.0], reach_decays=9.0
    )
    near, far = 1 / (1 + math.exp(-1)), 1 / (1 + math.exp(-2))
    assert nearest.tolist() == [0, 0, 1, 1]
    expected = [100 * near, 100 * (1 - near), 40 * (1 - far), 40 * far]
    assert residents == pytest.approx(expected)


def test_a_settlement_without_a_cell_in_reach_keeps_its_people_in_the_nearest_cell() -> None:
    """The hamlet at 5 km reaches 0.3 km; the other settlement shares its cell with it."""
    cells = np.array([[0.0, 0.0], [1_000.0, 0.0]])
    settlements = np.array([[0.0, 0.0], [5_000.0, 0.0]])
    residents, _ = population.spread(cells, settlements, [10.0, 7.0], [100.0, 100.0])
    assert residents == pytest.approx([10.0, 7.0])


@st.composite
def shores(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cells, settlements, people and decay lengths; some settlements far from any cell."""
    cells = draw(st.lists(coordinates, min_size=1, max_size=30, unique=True))
    settlements = draw(st.lists(coordinates, min_size=1, max_size=6, unique=True))
    count = len(settlements)
    people = draw(st.lists(st.integers(0, 50_000), min_size=count, max_size=count))
    decay_m = draw(st.lists(st.integers(50, 2_000), min_size=count, max_size=count))
    return tuple(np.array(part, float) for part in (cells, settlements, people, decay_m))


@untimed
@given(shores())
def test_spreading_loses_nobody(
    shore: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    residents, _ = population.spread(*shore)
    assert residents.min() >= 0
    assert residents.sum() == pytest.approx(shore[2].sum(), abs=1e-6)


@untimed
@given(shores())
def test_spread_equals_the_formula_cell_by_cell(
    shore: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """The slow way: settlement by settlement, over the cells nearer to it than to any other.

    Nobody lives beyond the reach, but for those whose reach holds no cell.
    """
    cells, settlements, people, decay_m = shore
    residents, nearest = population.spread(*shore)
    expected = np.zeros(len(cells))
    for k, here in enumerate(settlements):
        far_m = [math.dist(cell, here) for cell in cells]
        weight = [
            math.exp(-r / decay_m[k]) if nearest[i] == k and r <= 3 * decay_m[k] else 0.0
            for i, r in enumerate(far_m)
        ]
        if sum(weight) == 0:
            closest = sorted(far_m)
            assume(len(closest) == 1 or closest[1] - closest[0] > 1e-6)  # else either may take them
            weight[far_m.index(closest[0])] = 1.0
        expected += people[k] * np.array(weight) / sum(weight)
    np.testing.assert_allclose(residents, expected, rtol=1e-9, atol=1e-6)
    for i, k in enumerate(nearest):
        nearer = min(math.dist(cells[i], s) for s in settlements)
        assert math.dist(cells[i], settlements[k]) == pytest.approx(nearer)


weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(any)
totals = st.integers(0, 2 * 10**6)


@untimed
@given(
    st.lists(st.floats(0.0, 1e9), min_size=1, max_size=60).filter(lambda w: sum(w) > 1e-6), totals
)
def test_shares_sum_exactly_to_the_total(given_weights: list[float], total: int) -> None:
    shares = population.apportion(given_weights, total)
    assert shares.dtype == np.int64
    assert int(shares.sum()) == total
    assert shares.min() >= 0


@untimed
@given(weights, totals)
def test_shares_stay_within_one_of_the_exact_share(given_weights: list[int], total: int) -> None:
    shares = population.apportion(given_weights, total)
    for weight, share in zip(given_weights, shares.tolist(), strict=True):
        exact = Fraction(weight * total, sum(given_weights))
        assert abs(share - exact) < 1 + Fraction(1, 10**6)
        assert weight > 0 or share == 0


@untimed
@given(weights, totals)
def test_rounded_up_are_the_largest_remainders(given_weights: list[int], total: int) -> None:
    """Hamilton's rule in exact fractions; floats may settle ties of the remainders."""
    shares = population.apportion(given_weights, total).tolist()
    exact = [Fraction(w * total, sum(given_weights)) for w in given_weights]
    up = [e - math.floor(e) for e, s in zip(exact, shares, strict=True) if s > e]
    down = [e - math.floor(e) for e, s in zip(exact, shares, strict=True) if s < e]
    if up and down:
        assert min(up) >= max(down) - Fraction(1, 10**6)


@untimed
@given(weights, totals, st.data())
def test_order_moves_a_share_by_one_at_most(
    given_weights: list[int], total: int, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(given_weights))))
    shares = population.apportion(given_weights, total)
    shuffled = population.apportion([given_weights[k] for k in order], total)
    assert np.abs(shuffled - shares[list(order)]).max() <= 1
    remainders = [w * total % sum(given_weights) for w in given_weights]
    if len(set(remainders)) == len(remainders):  # no ties, which go to the earlier entry
        assert np.array_equal(shuffled, shares[list(order)])


@untimed
@given(weights, totals)
def test_a_larger_weight_never_gets_less(given_weights: list[int], total: int) -> None:
    ranked = sorted(zip(given_weights, population.apportion(given_weights, total), strict=True))
    for (light, fewer), (heavy, more) in pairwise(ranked):
        assert light == heavy or fewer <= more


def test_ties_go_to_the_earlier_entry() -> None:
    assert population.apportion([1.0, 1.0, 1.0], 10).tolist() == [4, 3, 3]
    assert population.apportion([1.0, 0.0, 1.0, 1.0], 2).tolist() == [1, 0, 1, 0]
    assert population.apportion([1.0] * 100, 130).tolist() == [2] * 30 + [1] * 70


def test_nothing_to_share_needs_no_weight() -> None:
    assert population.apportion([0.0, 0.0], 0).tolist() == [0, 0]


@pytest.mark.parametrize("no_weight", [[0.0, 0.0], []])
def test_people_without_a_weight_to_share_them_by_are_an_error(no_weight: list[float]) -> None:
    with pytest.raises(ValueError, match="5 residents but no weight"):
        population.apportion(no_weight, 5)
