"""A slow, obvious oracle for siting: try every set of sites and judge it from the definitions.

Nothing of the solvers is used here but the problem object itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.siting.problem import SitingProblem

ZONES = ("main_urban", "rural")
MINUTES = st.sampled_from([0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, float("nan")])
WEIGHTS = st.sampled_from([0.0, 1.0, 2.0, 7.0])
ROOM = 1e-6


def few_and_many(
    check: Callable[..., None], *drawn: Any, few: int = 40, many: int = 500
) -> tuple[Callable[..., None], Callable[..., None]]:
    """Return a property as an everyday test of few examples and a slow one of many."""
    everyday = settings(max_examples=few, deadline=None)(given(*drawn)(check))
    slow = pytest.mark.slow(settings(max_examples=many, deadline=None)(given(*drawn)(check)))
    return everyday, slow


@st.composite
def problems(draw: st.DrawFn, *, rich: bool = True) -> SitingProblem:
    """Small problems with ties, unreachable pairs and zero weights; `rich` ones with every rule."""
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    sites = st.integers(0, m - 1)
    existing = draw(st.lists(sites, unique=True, max_size=m))
    given: dict[str, Any] = {
        "weights": [draw(WEIGHTS) for _ in range(n)],
        "zones": [draw(st.sampled_from(ZONES)) for _ in range(n)],
        "islands": [draw(st.sampled_from(["", "a", "b"])) for _ in range(n)],
        "existing": existing,
        "site_costs": [draw(st.sampled_from([1.0, 1.0, 3.0, 0.5])) for _ in range(m)],
        "crews": [draw(st.integers(1, 2)) for _ in range(m)],
    }
    if rich:
        given |= _rules(draw, m, existing)
    times = [[draw(MINUTES) for _ in range(m)] for _ in range(n)]
    return SitingProblem.from_matrix(times, **given)


@st.composite
def across(draw: st.DrawFn, *, rich: bool = True) -> SitingProblem:
    """Small problems under two conditions; in fog the targets may have to hold by themselves."""
    calm = draw(problems(rich=rich))
    times = [[draw(MINUTES) for _ in range(calm.n_sites)] for _ in range(calm.n_demand)]
    fog = replace(calm, times_min=np.array(times))
    return SitingProblem.across(
        {"calm": calm, "fog": fog},
        shares={"calm": 1.0, "fog": draw(st.sampled_from([0.0, 0.5]))},
        must_hold=draw(st.sampled_from([(), ("fog",)])),
    )


def _rules(draw: st.DrawFn, m: int, existing: list[int]) -> dict[str, Any]:
    fate = {site: draw(st.sampled_from(["stay", "close", "move", "shut"])) for site in existing}
    wish = {
        site: draw(st.sampled_from(["", "", "", "require", "forbid"]))
        for site in range(m)
        if site not in existing
    }
    kinds = [draw(st.sampled_from(["post", "berth"])) for _ in range(m)]
    areas = [draw(st.sampled_from(["north", "south"])) for _ in range(m)]
    open_ = [s for s, f in fate.items() if f == "stay"] + [
        s for s, w in wish.items() if w == "require"
    ]
    pair = draw(st.lists(st.integers(0, m - 1), unique=True, max_size=2))
    return {
        "closable": [s for s, f in fate.items() if f == "close"],
        "movable": [s for s, f in fate.items() if f == "move"],
        "required": [s for s, w in wish.items() if w == "require"],
        "forbidden": [s for s, w in wish.items() if w == "forbid"]
        + [s for s, f in fate.items() if f == "shut"],
        "kinds": kinds,
        "areas": areas,
        "exclusive": [pair] if len(set(pair) & set(open_)) < 2 else [],
        "budget": draw(st.sampled_from([None, None, 1.0, 2.5])),
        "max_new_by_kind": draw(st.sampled_from([None, None, {kinds[0]: 1}])),
        "min_new_by_area": draw(st.sampled_from([None, None, None, {areas[0]: 1}])),
        "min_open_by_area": draw(st.sampled_from([None, None, None, {areas[-1]: 1}])),
    }


@dataclass(frozen=True)
class Plan:
    """One set of open sites and what follows from it.

    Attributes:
        sites: the open ones.
        times: minutes of each demand row, inf where nobody comes.
        cost: what the new sites cost less what closing saves.
    """

    sites: tuple[int, ...]
    times: np.ndarray[Any, Any]
    cost: float


def plan(problem: SitingProblem, sites: tuple[int, ...]) -> Plan:
    """Return what follows from these open sites."""
    times = np.full(problem.n_demand, np.inf)
    for i in range(problem.n_demand):
        for j in sites:
            if not np.isnan(problem.times_min[i, j]):
                times[i] = min(times[i], problem.times_min[i, j])
    cost = 0.0
    for j in range(problem.n_sites):
        if j in sites and not problem.existing[j]:
            cost += problem.site_costs[j]
        leaves = problem.existing[j] and not problem.forbidden[j] and j not in sites
        cost -= problem.site_costs[j] if leaves else 0.0
    return Plan(sites, times, cost)


def plans(problem: SitingProblem, new: int | None, without: str = "") -> Iterator[Plan]:
    """Yield every plan that the rules for sites allow, at most `new` new sites.

    Args:
        problem: the problem.
        new: largest number of new sites, or None.
        without: kind of rule that is given up.
    """
    free = [j for j in range(problem.n_sites) if not problem.kept[j] and not problem.forbidden[j]]
    kept = [j for j in range(problem.n_sites) if problem.kept[j]]
    today = [j for j in range(problem.n_sites) if problem.existing[j] and not problem.forbidden[j]]
    reached = np.isfinite(plan(problem, tuple(today)).times)
    for chosen in chain.from_iterable(combinations(free, k) for k in range(len(free) + 1)):
        one = plan(problem, tuple(sorted([*kept, *chosen])))
        broken = broken_rules(problem, one, new) - {without}
        if not broken and not (reached & counts(problem) & np.isinf(one.times)).any():
            yield one


def counts(problem: SitingProblem) -> np.ndarray[Any, Any]:
    """Whether each row has weight in an objective or in a condition that must hold."""
    held = np.isin(problem.conditions, problem.must_hold) & (problem.weights > 0)
    return np.asarray((problem.importance > 0) | held)


def broken_rules(problem: SitingProblem, one: Plan, new: int | None) -> set[str]:
    """Return the kinds of rule that a plan breaks."""
    sites = set(one.sites)
    fresh = [j for j in sites if not problem.existing[j]]
    moved = [j for j in np.flatnonzero(problem.movable) if j not in sites]
    kinds = [problem.kinds[j] for j in fresh]
    left = [problem.kinds[j] for j in moved]
    areas = [problem.areas[j] for j in fresh]
    every = [problem.areas[j] for j in sites]
    most = problem.max_new_by_kind or {}
    kept = {
        "new": new is None or len(fresh) - len(moved) <= new,
        "required": all(problem.required[j] <= (j in sites) for j in range(problem.n_sites)),
        "budget": problem.budget is None or one.cost <= problem.budget + 1e-9,
        "exclusive": all(len(sites & set(group)) <= 1 for group in problem.exclusive),
        "move": all(kinds.count(k) >= left.count(k) for k in left),
        "kind": all(kinds.count(k) - left.count(k) <= n for k, n in most.items()),
        "min_new": all(areas.count(a) >= n for a, n in (problem.min_new_by_area or {}).items()),
        "min_open": all(every.count(a) >= n for a, n in (problem.min_open_by_area or {}).items()),
    }
    return {rule for rule, is_kept in kept.items() if not is_kept}


def mean(problem: SitingProblem, one: Plan, mine: Any = True) -> float:
    """Return the weighted mean over the reached rows of `mine`; NaN where there are none."""
    weights = np.where(np.isfinite(one.times) & mine, problem.importance, 0.0)
    if not weights.sum() > 0:
        return float("nan")
    return float((weights * np.where(weights > 0, one.times, 0.0)).sum() / weights.sum())


def meets_means(problem: SitingProblem, one: Plan, bounds: Mapping[str, float]) -> bool:
    """Whether each zone's mean is at most its bound; one without reached weight has no mean."""
    means = {zone: mean(problem, one, problem.zones == zone) for zone in bounds}
    return all(np.isnan(means[z]) or means[z] <= bound + ROOM for z, bound in bounds.items())


def unreached(problem: SitingProblem, one: Plan) -> float:
    """Return the weight that nobody reaches."""
    return float(problem.importance[np.isinf(one.times)].sum())


def weight_within(problem: SitingProblem, one: Plan, radius: Any) -> float:
    """Return the weight reached within a time."""
    return float(problem.importance[one.times <= radius].sum())


def crews_within(problem: SitingProblem, one: Plan, radius: Any) -> np.ndarray[Any, Any]:
    """Return how many crews of open sites are within a time of each row."""
    count = np.zeros(problem.n_demand, dtype=int)
    for i in range(problem.n_demand):
        for j in one.sites:
            if problem.times_min[i, j] <= np.broadcast_to(radius, problem.n_demand)[i]:
                count[i] += problem.crews[j]
    return count


def worst(problem: SitingProblem, one: Plan) -> float:
    """Return the longest time of a row with weight that is reached, 0 if none is.

    A row in a condition of weight 0 has none, even where the condition must hold.
    """
    mine = np.isfinite(one.times) & (problem.importance > 0)
    return float(one.times[mine].max(initial=0.0))


def best(found: Iterator[Plan] | list[Plan], worth: Callable[[Plan], Any]) -> Any:
    """Return the smallest worth of any plan, None without one."""
    return min((worth(one) for one in found), default=None)
