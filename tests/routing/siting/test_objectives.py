"""Every objective against brute force over every set of sites, rules included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.siting import SitingProblem, SitingResult, solve
from routing.siting.curve import trade_off
from routing.siting.objectives.survival import survivors
from routing.siting.question import ask
from tests.routing.siting import oracle
from tests.routing.siting.oracle import Plan

Worth = Callable[[SitingProblem, Plan], Any]
MANY = settings(max_examples=70, deadline=None)
TARGETS = {"main_urban": 2.0, "rural": 5.0}


def asked(problem: SitingProblem, new: int) -> int:
    """Return a number of new sites that the problem allows to ask for."""
    free = int((problem.undecided & ~problem.existing).sum())
    return min(max(new, int(problem.required.sum())), free)


def targets(problem: SitingProblem) -> dict[str, float]:
    return {zone: TARGETS[zone] for zone in sorted(set(problem.zones.tolist()))}


def radius(problem: SitingProblem) -> np.ndarray:  # type: ignore[type-arg]
    return np.array([TARGETS[zone] for zone in problem.zones])


def plan_of(problem: SitingProblem, found: SitingResult) -> Plan:
    return oracle.plan(problem, tuple(found.sites.tolist()))


def check(
    problem: SitingProblem,
    found: SitingResult,
    allowed: list[Plan],
    worth: Callable[[Plan], Any],
    value: Callable[[Plan], float],
) -> None:
    """The answer is allowed, the best by `worth`, and its value is the true one."""
    if not allowed:
        assert found.status == "infeasible"
        assert np.isnan(found.objective_value)
        return
    assert found.status == "optimal"
    chosen = plan_of(problem, found)
    assert chosen.sites in [one.sites for one in allowed]
    assert worth(chosen) == pytest.approx(oracle.best(allowed, worth), abs=1e-6)
    assert found.objective_value == pytest.approx(value(chosen), abs=1e-6)
    assert found.bound == found.objective_value
    assert found.gap == 0.0
    assert np.isnan(found.times_min).tolist() == np.isinf(chosen.times).tolist()


def everyone(problem: SitingProblem, reach_all: bool | None, one: Plan) -> bool:
    """Whether all are reached whom some site can reach, where that is asked for."""
    wanted = not problem.existing.any() if reach_all is None else reach_all
    lost = set(np.flatnonzero(np.isinf(one.times) & (problem.weights > 0)).tolist())
    return not wanted or lost <= set(problem.unreachable().tolist())


@MANY
@given(
    oracle.problems(),
    st.sampled_from([0.5, 2.0, 4.0]),
    st.sampled_from([1.0, 3.0, 6.0]),
    st.sampled_from([None, True, False]),
)
def test_min_sites_is_the_cheapest_that_meets_every_mean(
    problem: SitingProblem, urban: float, rural: float, reach_all: bool | None
) -> None:
    bounds = {"main_urban": urban, "rural": rural}
    bounds = {z: b for z, b in bounds.items() if z in set(problem.zones.tolist())}
    allowed = [
        one
        for one in oracle.plans(problem, None)
        if oracle.meets_means(problem, one, bounds) and everyone(problem, reach_all, one)
    ]
    found = solve(problem, objective="min-sites", target_min=bounds, reach_all=reach_all)

    def worth(one: Plan) -> tuple[float, float, float, float]:
        minutes = np.nan_to_num(oracle.mean(problem, one))
        closed = float(problem.existing.sum() - problem.existing[list(one.sites)].sum())
        return round(one.cost, 6), closed, oracle.unreached(problem, one), minutes

    check(problem, found, allowed, worth, lambda one: one.cost)


@MANY
@given(
    oracle.problems(rich=False), st.sampled_from([0.3, 0.5, 1.0]), st.sampled_from([None, 2.0, 6.0])
)
def test_shares_and_the_worst_island_bind_min_sites(
    problem: SitingProblem, share: float, island_min: float | None
) -> None:
    within = radius(problem)

    def meets(one: Plan) -> bool:
        for zone in set(problem.zones.tolist()):
            mine = problem.zones == zone
            total = problem.weights[mine].sum()
            near = problem.weights[mine & (one.times <= within)].sum()
            if total > 0 and near < share * total - 1e-6:
                return False
        own = [name or str(i) for i, name in enumerate(problem.islands)]
        for name in set(own):
            there = oracle.mean(problem, one, np.array([other == name for other in own]))
            if island_min is not None and there > island_min + oracle.ROOM:
                return False
        return oracle.meets_means(problem, one, targets(problem)) and everyone(problem, None, one)

    allowed = [one for one in oracle.plans(problem, None) if meets(one)]
    found = solve(
        problem, objective="min-sites", target_min=targets(problem), share_within=share,
        worst_island_min=island_min,
    )  # fmt: skip
    check(problem, found, allowed, lambda one: round(one.cost, 6), lambda one: one.cost)


def mean_worth(problem: SitingProblem, one: Plan) -> tuple[float, float]:
    return oracle.unreached(problem, one), np.nan_to_num(oracle.mean(problem, one))


def worst_worth(problem: SitingProblem, one: Plan) -> tuple[float, float, float]:
    minutes = np.nan_to_num(oracle.mean(problem, one))
    return oracle.unreached(problem, one), oracle.worst(problem, one), minutes


def equity_worth(problem: SitingProblem, one: Plan, step_min: float) -> tuple[float, ...]:
    longest = oracle.worst(problem, one)
    every = sorted(set(problem.times_min[~np.isnan(problem.times_min)].tolist()), reverse=True)
    levels = every if step_min == 0 else [step_min * k for k in range(20, 0, -1)]
    late = (float(problem.importance[one.times > v].sum()) for v in levels if v < longest)
    return (oracle.unreached(problem, one), longest, *late)


@MANY
@given(oracle.problems(), st.integers(0, 3), st.booleans())
def test_min_mean_reaches_the_most_weight_then_has_the_least_mean(
    problem: SitingProblem, new: int, bounded: bool
) -> None:
    new = asked(problem, new)
    bounds = targets(problem) if bounded else {}
    allowed = [p for p in oracle.plans(problem, new) if oracle.meets_means(problem, p, bounds)]
    found = solve(problem, objective="min-mean", new=new, target_min=bounds or None)
    check(
        problem, found, allowed, lambda one: mean_worth(problem, one),
        lambda one: mean_worth(problem, one)[1],
    )  # fmt: skip


@MANY
@given(oracle.problems(), st.integers(0, 3))
def test_max_coverage_reaches_the_most_weight_within_the_targets(
    problem: SitingProblem, new: int
) -> None:
    new, near = asked(problem, new), radius(problem)
    found = solve(problem, objective="max-coverage", new=new, target_min=targets(problem))

    def worth(one: Plan) -> tuple[float, float, float]:
        minutes = np.nan_to_num(oracle.mean(problem, one))
        return -oracle.weight_within(problem, one, near), oracle.unreached(problem, one), minutes

    check(problem, found, list(oracle.plans(problem, new)), worth, lambda one: -worth(one)[0])


@MANY
@given(oracle.problems())
def test_set_cover_is_the_cheapest_that_puts_everybody_within_the_targets(
    problem: SitingProblem,
) -> None:
    near, hopeless = radius(problem), set(problem.unreachable().tolist())
    asking = [i for i in range(problem.n_demand) if problem.weights[i] > 0 and i not in hopeless]
    allowed = [p for p in oracle.plans(problem, None) if (p.times <= near)[asking].all()]
    found = solve(problem, objective="set-cover", target_min=targets(problem))
    check(problem, found, allowed, lambda one: round(one.cost, 6), lambda one: one.cost)
    assert set(found.unreachable.tolist()) == {i for i in hopeless if problem.weights[i] > 0}


@MANY
@given(oracle.problems(), st.integers(0, 3))
def test_min_worst_reaches_the_most_weight_the_last_of_it_soonest(
    problem: SitingProblem, new: int
) -> None:
    new = asked(problem, new)
    found = solve(problem, objective="min-worst", new=new)
    allowed = list(oracle.plans(problem, new))
    check(
        problem, found, allowed, lambda one: worst_worth(problem, one),
        lambda one: oracle.worst(problem, one),
    )  # fmt: skip


@MANY
@given(oracle.problems(), st.integers(0, 3), st.sampled_from([0.0, 1.0, 3.0]))
def test_equity_serves_the_worst_off_first(
    problem: SitingProblem, new: int, step_min: float
) -> None:
    new = asked(problem, new)
    found = solve(problem, objective="equity", new=new, step_min=step_min)
    allowed = list(oracle.plans(problem, new))
    check(
        problem, found, allowed, lambda one: equity_worth(problem, one, step_min),
        lambda one: oracle.worst(problem, one),
    )  # fmt: skip


def check_conditions(problem: SitingProblem, new: int, step_min: float) -> None:
    """Under several conditions, one that must hold but has no weight does not count."""
    new = asked(problem, new)
    allowed = list(oracle.plans(problem, new))
    worths: dict[str, Callable[[Plan], Any]] = {
        "min-mean": lambda one: mean_worth(problem, one),
        "min-worst": lambda one: worst_worth(problem, one),
        "equity": lambda one: equity_worth(problem, one, step_min),
    }
    for objective, worth in worths.items():
        found = solve(problem, objective=objective, new=new, step_min=step_min)
        check(problem, found, allowed, worth, lambda one, worth=worth: worth(one)[1])  # type: ignore[misc]


STEPS = st.sampled_from([0.0, 1.0, 3.0])
test_conditions_by_rules, test_conditions_by_rules_many = oracle.few_and_many(
    check_conditions, oracle.across(), st.integers(0, 3), STEPS, few=25, many=1000
)
test_conditions_alone, test_conditions_alone_many = oracle.few_and_many(
    check_conditions, oracle.across(rich=False), st.integers(0, 3), STEPS, few=50, many=1500
)


def fog_of_no_weight(calm: Any, fog: Any, **given: Any) -> SitingProblem:
    """Return a problem in which fog must hold but has no weight."""
    states = {"calm": calm, "fog": fog}
    problems = {name: SitingProblem.from_matrix(t, **given) for name, t in states.items()}
    return SitingProblem.across(problems, shares={"calm": 1.0, "fog": 0.0}, must_hold=["fog"])


@pytest.mark.parametrize("objective", ["min-mean", "min-worst", "equity"])
def test_who_is_reached_in_fog_alone_does_not_decide_where_fog_has_no_weight(
    objective: str,
) -> None:
    """When calm, 0 and 1 serve both points in 5; in fog site 2 alone reaches the second one."""
    nan = float("nan")
    problem = fog_of_no_weight([[5, 30, 20], [30, 5, 20]], [[5, 30, 20], [nan, nan, 20]])
    found = solve(problem, objective=objective, new=2)
    assert (found.status, found.objective_value, found.sites.tolist()) == ("optimal", 5.0, [0, 1])
    steps = trade_off(problem, ask(problem, objective=objective, new=2), most_new=3)
    assert [step.result.objective_value for step in steps] == [0.0, *one_site(objective), 5.0, 5.0]


def one_site(objective: str) -> tuple[float]:
    """Of single sites, 0 and 1 have the least mean, 2 has the least longest time."""
    return (17.5,) if objective == "min-mean" else (20.0,)


def test_equity_does_not_hold_times_in_fog_where_fog_has_no_weight() -> None:
    """Point 0 waits 30 anyhow. Point 1 waits 5 by site 1 when calm, by site 2 in fog alone."""
    nan = float("nan")
    problem = fog_of_no_weight(
        [[30, nan, nan], [28, 5, 25]], [[30, nan, nan], [28, 26, 5]], existing=(0,)
    )
    found = solve(problem, objective="equity", new=1, step_min=5.0)
    assert (found.objective_value, found.new_sites.tolist()) == (30.0, [1])


@MANY
@given(
    oracle.problems(), st.integers(0, 3), st.sampled_from([None, 8.0]), st.sampled_from([0.0, 0.5])
)
def test_double_standard_doubles_the_most_weight(
    problem: SitingProblem, new: int, outer: float | None, share: float
) -> None:
    new, near = asked(problem, new), radius(problem)
    hopeless = set(problem.unreachable().tolist())
    asking = [i for i in range(problem.n_demand) if problem.weights[i] > 0 and i not in hopeless]

    def meets(one: Plan) -> bool:
        inside = outer is None or bool((one.times <= outer)[asking].all())
        total = problem.weights.sum()
        return inside and oracle.weight_within(problem, one, near) >= share * total - 1e-6

    def value(one: Plan) -> float:
        return float(problem.weights[oracle.crews_within(problem, one, near) >= 2].sum())

    found = solve(
        problem, objective="double-standard", new=new, target_min=targets(problem),
        outer_min=outer, covered_share=share,
    )  # fmt: skip
    allowed = [one for one in oracle.plans(problem, new) if meets(one)]
    check(problem, found, allowed, lambda one: -value(one), value)


@MANY
@given(oracle.problems(), st.integers(0, 3), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_backup_weighs_one_and_two_crews(problem: SitingProblem, new: int, first: float) -> None:
    new, near = asked(problem, new), radius(problem)

    def value(one: Plan) -> float:
        count = oracle.crews_within(problem, one, near)
        once, twice = problem.weights[count >= 1].sum(), problem.weights[count >= 2].sum()
        return float(first * once + (1 - first) * twice)

    found = solve(
        problem, objective="backup", new=new, target_min=targets(problem), first_share=first
    )
    check(problem, found, list(oracle.plans(problem, new)), lambda one: -value(one), value)


@MANY
@given(oracle.problems(), st.integers(0, 3), st.sampled_from([0.0, 0.2, 0.6, 1.0]))
def test_expected_coverage_counts_crews_that_are_free(
    problem: SitingProblem, new: int, busy: float
) -> None:
    new, near = asked(problem, new), radius(problem)
    fraction = {zone: busy if zone == "rural" else busy / 2 for zone in targets(problem)}
    q = np.array([fraction[zone] for zone in problem.zones])

    def value(one: Plan) -> float:
        return float(problem.weights @ (1 - q ** oracle.crews_within(problem, one, near)))

    found = solve(
        problem, objective="expected-coverage", new=new, target_min=targets(problem), busy=fraction
    )
    check(problem, found, list(oracle.plans(problem, new)), lambda one: -value(one), value)


@MANY
@given(oracle.problems(), st.integers(0, 3), st.sampled_from([0.0, 0.262, 2.0]))
def test_survival_saves_the_most(problem: SitingProblem, new: int, slope: float) -> None:
    new = asked(problem, new)

    def value(one: Plan) -> float:
        return float(
            sum(
                w / (1.0 + np.exp(0.679 + slope * t))
                for w, t in zip(problem.weights, one.times, strict=True)
                if np.isfinite(t)
            )
        )

    found = solve(problem, objective="survival", new=new, survival=(0.679, slope))
    check(problem, found, list(oracle.plans(problem, new)), lambda one: -value(one), value)


def test_survival_function_of_the_source() -> None:
    """At 0 and 10 minutes: 1 / (1 + e^0.679) = 33.648 %, 1 / (1 + e^3.299) = 3.561 %."""
    found = survivors(np.array([0.0, 10.0, np.inf]), (0.679, 0.262))
    assert found.tolist() == pytest.approx([0.33648, 0.03561, 0.0], abs=1e-5)


@pytest.mark.parametrize(("target", "covered"), [(7.0, 1.0), (6.999, 0.0)])
def test_a_time_equal_to_the_target_is_covered(target: float, covered: float) -> None:
    problem = SitingProblem.from_matrix([[7.0]])
    found = solve(problem, objective="max-coverage", new=1, target_min=target)
    assert found.objective_value == covered
    cover = solve(problem, objective="set-cover", target_min=target)
    assert cover.status == ("optimal" if covered else "infeasible")
    for objective in ("backup", "expected-coverage"):
        worth = solve(problem, objective=objective, new=1, target_min=target, busy=0.25)
        share = {"backup": 0.5, "expected-coverage": 0.75}[objective]
        assert worth.objective_value == pytest.approx(share * covered)


@pytest.mark.parametrize(("outer", "status"), [(9.0, "optimal"), (8.999, "infeasible")])
def test_a_time_equal_to_the_outer_bound_is_within_it(outer: float, status: str) -> None:
    problem = SitingProblem.from_matrix([[9.0]])
    found = solve(problem, objective="double-standard", new=1, target_min=1.0, outer_min=outer)
    assert found.status == status


@pytest.mark.parametrize(("share", "status"), [(0.75, "optimal"), (0.7501, "infeasible")])
def test_a_share_equal_to_its_bound_is_enough(share: float, status: str) -> None:
    problem = SitingProblem.from_matrix([[5.0], [9.0]], weights=[3.0, 1.0])
    found = solve(problem, objective="min-sites", target_min=5.0, mean_min=60.0, share_within=share)
    assert found.status == status


@pytest.mark.parametrize(("bound", "status"), [(6.0, "optimal"), (5.999, "infeasible")])
def test_an_island_mean_equal_to_its_bound_is_enough(bound: float, status: str) -> None:
    # Points 0 and 1 share an island with mean 6; point 2 is an island of its own.
    problem = SitingProblem.from_matrix([[5.0], [7.0], [1.0]], islands=["x", "x", ""])
    assert solve(problem, objective="min-sites", worst_island_min=bound).status == status


def test_a_step_of_equity_is_a_class_of_times() -> None:
    """Beside the 9, site 1 leaves 4.5 and 4.0, site 2 leaves 4.2 and 4.1.

    By single times 4.2 is better than 4.5; of the class (4, 5] site 1 leaves one point, site 2 two.
    """
    problem = SitingProblem.from_matrix(
        [[9.0, 9.0, 9.0], [8.0, 4.5, 4.2], [8.0, 4.0, 4.1]], existing=(0,)
    )
    exact = solve(problem, objective="equity", new=1, step_min=0.0)
    assert exact.new_sites.tolist() == [2]
    coarse = solve(problem, objective="equity", new=1, step_min=1.0)
    assert coarse.new_sites.tolist() == [1]
