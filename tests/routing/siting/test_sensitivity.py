"""How firm an answer is, recomputed by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st

from routing.siting import SitingProblem, SitingResult, solve
from routing.siting.answer import answer
from routing.siting.clock import Clock
from routing.siting.question import ask
from routing.siting.result import Status
from routing.siting.sensitivity import Run, Variant, lengthened, runs, share_chosen, shifted
from tests.routing.siting import oracle

NAN = float("nan")


def slowed(
    problem: SitingProblem, slower: float, fixed_min: np.ndarray | float = 0.0
) -> SitingProblem:
    """Return the problem with longer travel, but for minutes that never count for more than all."""
    fixed = np.fmin(problem.times_min, fixed_min)
    return replace(problem, times_min=lengthened(problem.times_min, slower, fixed, fixed))


def test_only_travel_is_slowed() -> None:
    problem = SitingProblem.from_matrix([[12.0, NAN], [2.0, 30.0]])
    assert slowed(problem, 0.1).times_min.tolist() == [
        pytest.approx([13.2, NAN], nan_ok=True),
        pytest.approx([2.2, 33.0]),
    ]
    # 4 minutes before rolling stay; a time of 2 minutes is all before rolling.
    slow = slowed(problem, 0.1, 4.0).times_min
    assert slow.tolist() == [pytest.approx([12.8, NAN], nan_ok=True), pytest.approx([2.0, 32.6])]
    by_pair = slowed(problem, 0.5, np.array([[0.0, 5.0], [1.0, 10.0]])).times_min
    assert by_pair.tolist() == [
        pytest.approx([18.0, NAN], nan_ok=True),
        pytest.approx([2.5, 40.0]),
    ]


def test_demand_of_a_group_shifts_together_and_within_the_spread() -> None:
    problem = SitingProblem.from_matrix(np.ones((6, 1)), weights=[1, 2, 3, 4, 5, 0])
    groups = np.array(["a", "a", "b", "b", "c", "c"])
    other = shifted(problem, groups, 0.2, np.random.default_rng(5))
    factor = other.weights[:5] / problem.weights[:5]
    assert factor[0] == factor[1]
    assert factor[2] == factor[3]
    assert len(set(factor.tolist())) == 3
    assert (np.abs(factor - 1) <= 0.2).all()
    assert other.weights[5] == 0
    again = shifted(problem, groups, 0.2, np.random.default_rng(5))
    assert again.weights.tolist() == other.weights.tolist()


def ran(problem: SitingProblem, new_sites: list[int], status: Status = "optimal") -> Run:
    result = solve(problem, objective="min-mean", new=1)
    changed = replace(result, new_sites=np.array(new_sites, dtype=np.int64), status=status)
    held = runs([Variant("as it is", problem)], ask(problem, objective="min-mean", new=1), result)
    return replace(held[0], result=changed)


def test_shares_are_counted_over_the_runs_that_have_an_answer() -> None:
    problem = SitingProblem.from_matrix([[1.0, 2.0, 3.0, 4.0]])
    done = [ran(problem, [0]), ran(problem, [0, 2]), ran(problem, [3]),
            ran(problem, [1], "infeasible")]  # fmt: skip
    assert share_chosen(done, 4).tolist() == pytest.approx([2 / 3, 0.0, 1 / 3, 1 / 3])
    near = np.eye(4, dtype=bool)
    near[0, 1] = near[1, 0] = True
    assert share_chosen(done, 4, near).tolist() == pytest.approx([2 / 3, 2 / 3, 1 / 3, 1 / 3])
    assert np.isnan(share_chosen(done[3:], 4)).all()


def value_of(problem: SitingProblem, result: SitingResult) -> tuple[float, float]:
    one = oracle.plan(problem, tuple(result.sites.tolist()))
    return oracle.unreached(problem, one), float(np.nan_to_num(oracle.mean(problem, one)))


def check_no_answer_holds_better_than_the_best_of_its_world(
    problem: SitingProblem, new: int, slower: float
) -> None:
    free = int((problem.undecided & ~problem.existing).sum())
    new = min(max(new, int((problem.required & ~problem.existing).sum())), free)
    question = ask(problem, objective="min-mean", new=new)
    original = answer(problem, question)
    if not original.is_answer:
        return
    random = np.random.default_rng(1)
    slow = slowed(problem, slower, 1.0)
    variants = [
        Variant("slower", slow, slower=slower),
        Variant("random", shifted(slow, problem.islands, 0.5, random), slower=slower, shift=0.5),
    ]
    done = runs(variants, question, original)
    assert [run.variant for run in done] == variants
    shares = np.zeros(problem.n_sites)
    for run in done:
        world = run.variant.problem
        assert run.result.status == "optimal"
        held = value_of(world, original)
        best = value_of(world, run.result)
        assert best <= (held[0] + 1e-9, held[1] + 1e-6)
        shares[run.result.new_sites] += 1 / len(done)
        assert run.best is not None
        for figures, result in ((run.held, original), (run.best, run.result)):
            one = oracle.plan(world, tuple(result.sites.tolist()))
            for zone, shown in figures.zones.items():
                expected = oracle.mean(world, one, world.zones == zone)
                assert shown.mean_min == pytest.approx(expected, nan_ok=True)
    assert share_chosen(done, problem.n_sites).tolist() == pytest.approx(shares.tolist())


test_no_answer_holds_better_than_the_best, test_many = oracle.few_and_many(
    check_no_answer_holds_better_than_the_best_of_its_world,
    oracle.problems(), st.integers(0, 3), st.sampled_from([0.0, 0.1, 0.2]), few=20, many=300,
)  # fmt: skip


def test_slower_travel_alone_keeps_the_sites_of_the_least_mean() -> None:
    """All times grow by one factor, so the order of answers stays."""
    random = np.random.default_rng(8)
    problem = SitingProblem.from_matrix(random.uniform(1, 60, (80, 12)), existing=(0,))
    question = ask(problem, objective="min-mean", new=3)
    original = answer(problem, question)
    variants = [Variant(f"{s}", slowed(problem, s), slower=s) for s in (0.1, 0.2)]
    done = runs(variants, question, original)
    share = share_chosen(done, 12)
    assert share[original.new_sites].tolist() == [1.0, 1.0, 1.0]
    assert share.sum() == 3.0


def test_a_world_without_an_answer_is_told_as_such() -> None:
    problem = SitingProblem.from_matrix([[10.0, 4.0]], existing=(0,))
    question = ask(problem, objective="min-sites", target_min=5.0)
    original = answer(problem, question)
    assert original.new_sites.tolist() == [1]
    heard: list[float] = []
    variants = [Variant("slow", slowed(problem, 1.0)), Variant("same", problem)]
    done = runs(variants, question, original, clock=Clock(60.0), progress=heard.append)
    assert [run.result.status for run in done] == ["infeasible", "optimal"]
    assert done[0].best is None
    assert done[0].held.zones["all"].mean_min == 8.0
    assert share_chosen(done, 2).tolist() == [0.0, 1.0]
    assert heard == [0.0, 0.5]
