"""Rules on which sites may be open together: numbers, money, exclusion, minimums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from routing.siting.frame import Frame
from routing.siting.goal import power_of_two
from routing.siting.problem import Flags, Floats, Ints

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Rule:
    """``low <= sum_j factor_j y_j <= high`` over the free sites of a frame.

    Attributes:
        key: what the rule is about, as the catalogue names it below ``propose.rule.``.
        factors: shape (free,).
        low, high: bounds, infinite where there is none.
    """

    key: str
    factors: Floats
    low: float = -np.inf
    high: float = np.inf

    def is_kept(self, opened: Ints) -> bool:
        """Return whether the open free sites (positions) keep the rule."""
        total = float(self.factors[opened].sum())
        room = _ROUNDING * max(1.0, float(np.abs(self.factors).max(initial=0.0)))
        return self.low - room <= total <= self.high + room


@dataclass(frozen=True)
class Barred:
    """An answer that is not wanted again.

    Attributes:
        sites: its open sites, in the problem's numbering; kept ones do not matter.
        near: flags of the sites that count as the same place as one of its new sites, shape
            (sites,); another answer then has fewer new sites there. None bars this set alone.
    """

    sites: Ints
    near: Flags | None = None

    def rule(self, frame: Frame) -> Rule:
        """Return the rule that bars it."""
        mine = np.isin(frame.free, self.sites)
        if self.near is None:
            return Rule("barred", np.where(mine, -1.0, 1.0), low=1.0 - mine.sum())
        fresh = ~frame.problem.existing[frame.free]
        there = (self.near[frame.free] & fresh).astype(float)
        return Rule("barred", there, high=float((mine & fresh).sum()) - 1.0)


def rules(frame: Frame, new: int | None) -> list[Rule]:
    """Return every rule of the problem, and that at most `new` sites are new.

    A movable site that closes allows one more new site, and needs one of its kind.
    """
    return [*_numbers(frame, new), *_money(frame), *_exclusions(frame), *_minimums(frame)]


def net_cost(frame: Frame) -> tuple[Floats, float]:
    """Return cost factors of the free sites and a constant: what opening costs less what closing
    saves.

    With y = 1 for open sites the net cost is ``factors @ y - constant``.
    """
    costs = frame.problem.site_costs[frame.free]
    present = frame.problem.existing[frame.free]
    return costs, float(costs[present].sum())


def _numbers(frame: Frame, new: int | None) -> Iterator[Rule]:
    problem, free = frame.problem, frame.free
    fresh = (~problem.existing[free]).astype(float)
    movable = problem.movable[free].astype(float)
    if new is not None:
        yield Rule("new", fresh + movable, high=new + movable.sum())
    kinds = problem.kinds[free]
    for kind in sorted(set(kinds[movable > 0].tolist())):
        mine = (kinds == kind).astype(float)
        yield Rule("move", (fresh + movable) * mine, low=float(movable @ mine))
    for kind, most in sorted((problem.max_new_by_kind or {}).items()):
        mine = (kinds == kind).astype(float)
        yield Rule("kind", (fresh + movable) * mine, high=most + float(movable @ mine))
    required = problem.required[free]
    if required.any():
        yield Rule("required", required.astype(float), low=float(required.sum()))


def _money(frame: Frame) -> Iterator[Rule]:
    if frame.problem.budget is not None:
        factors, constant = net_cost(frame)
        size = power_of_two(float(factors.max(initial=0.0)))
        yield Rule("budget", factors / size, high=(frame.problem.budget + constant) / size)


def _exclusions(frame: Frame) -> Iterator[Rule]:
    problem = frame.problem
    for group in problem.exclusive:
        mine = np.isin(frame.free, group).astype(float)
        taken = int(problem.kept[list(group)].sum())
        yield Rule("exclusive", mine, high=1.0 - taken)


def _minimums(frame: Frame) -> Iterator[Rule]:
    problem, free = frame.problem, frame.free
    fresh = ~problem.existing[free]
    for area, least in sorted((problem.min_new_by_area or {}).items()):
        yield Rule("min_new", (fresh & (problem.areas[free] == area)).astype(float), low=least)
    for area, least in sorted((problem.min_open_by_area or {}).items()):
        there = int((problem.areas[frame.kept] == area).sum())
        yield Rule("min_open", (problem.areas[free] == area).astype(float), low=least - there)
