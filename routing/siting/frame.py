"""What is left of a siting problem to decide, as arrays that the models share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from routing.siting.problem import Flags, Floats, Ints, SitingProblem


@dataclass(frozen=True)
class Scope:
    """Demand rows over which targets hold together: all conditions by their shares, or one alone.

    Attributes:
        condition: name of the condition that holds alone, or blank.
        weights: weight of each row of the frame in this scope, shape (rows,).
    """

    condition: str
    weights: Floats


class Frame:
    """The undecided sites and the demand rows that matter.

    A row matters when it has weight, in the objective or in a condition that must hold, and some
    site that is not forbidden can reach it.

    Attributes:
        problem: the problem it was made from.
        free: sites to be decided on, in the problem's numbering, shape (free,).
        kept: sites that stay open.
        rows: demand rows that matter, in the problem's numbering, shape (rows,).
        times: shape (rows, free), minutes; inf where the site cannot reach the row.
        base: minutes from the nearest kept site, shape (rows,); inf where none reaches the row.
        weights: weight of each row in the objective; 0 in a condition that only must hold.
        zones: zone of each row.
        scopes: the scopes in which targets hold.
    """

    def __init__(self, problem: SitingProblem) -> None:
        self.problem = problem
        self.free = np.flatnonzero(problem.undecided)
        self.kept = np.flatnonzero(problem.kept)
        importance = problem.importance
        held = np.isin(problem.conditions, problem.must_hold) & (problem.weights > 0)
        rows = np.flatnonzero((importance > 0) | held)
        base = _fastest(problem.times_min, rows, self.kept)
        times = _without_nan(problem.times_min[np.ix_(rows, self.free)])
        known = np.isfinite(base) | np.isfinite(times).any(axis=1)
        self.rows, self.base, self.times = rows[known], base[known], times[known]
        self.weights = importance[self.rows]
        self.zones = problem.zones[self.rows]
        self.scopes = self._scopes()

    def _scopes(self) -> list[Scope]:
        found = [Scope("", self.weights)]
        for name in self.problem.must_hold:
            mine = self.problem.conditions[self.rows] == name
            found.append(Scope(name, np.where(mine, self.problem.weights[self.rows], 0.0)))
        return found

    @cached_property
    def heavy(self) -> Ints:
        """Rows that count in the objective; the others only have to hold what must hold."""
        return np.flatnonzero(self.weights > 0)

    @cached_property
    def islands(self) -> Ints:
        """Number of the island of each row; rows without one are islands of their own."""
        label = self.problem.islands[self.rows]
        own = np.array([f"\0{row}" for row in self.rows]) if (label == "").any() else label
        return np.unique(np.where(label == "", own, label), return_inverse=True)[1]

    @cached_property
    def today(self) -> Floats:
        """Minutes from the nearest site that is open today, shape (rows,); inf where none."""
        problem = self.problem
        open_now = np.flatnonzero(problem.existing & ~problem.forbidden)
        return _fastest(problem.times_min, self.rows, open_now)

    @cached_property
    def soonest(self) -> Floats:
        """Minutes of each row if every free site were open, shape (rows,)."""
        return np.asarray(np.minimum(self.base, self.times.min(axis=1, initial=np.inf)))

    @cached_property
    def reach(self) -> list[tuple[Ints, Flags]]:
        """Rows that no kept site reaches, grouped by who could: rows, and flags of free sites."""
        lost = np.flatnonzero(np.isinf(self.base))
        return [(lost[group], sites) for group, sites in groups(np.isfinite(self.times[lost]))]

    @cached_property
    def reference(self) -> Floats:
        """Minutes that gains are counted from: the base, else the longest time of a free site."""
        longest = np.where(np.isfinite(self.times), self.times, -np.inf).max(
            axis=1, initial=-np.inf
        )
        return np.where(np.isfinite(self.base), self.base, longest)

    def total_weight(self, zone: str, condition: str) -> float:
        """Return the weight of a zone in a scope, rows that nobody can reach included."""
        problem = self.problem
        mine = problem.zones == zone
        if condition:
            return float(problem.weights[mine & (problem.conditions == condition)].sum())
        return float(problem.importance[mine].sum())

    def open_times(self, opened: Ints) -> Floats:
        """Return the minutes of each row when these free sites open; inf where nobody comes.

        Args:
            opened: positions in `free`.
        """
        if not len(opened):
            return self.base
        return np.asarray(np.minimum(self.base, self.times[:, opened].min(axis=1)))

    def positions(self, sites: Ints) -> Ints:
        """Return the positions in `free` of sites in the problem's numbering."""
        return np.searchsorted(self.free, sites)


def groups(table: NDArray[np.bool_]) -> list[tuple[Ints, Flags]]:
    """Return the distinct rows of a table of flags, each with the numbers of the rows that have it.

    The order is that of the first row of each group.
    """
    if not len(table):
        return []
    packed = np.packbits(table, axis=1)
    if not packed.shape[1]:
        return [(np.arange(len(table)), table[0])]
    keys = packed.view([("bits", f"V{packed.shape[1]}")]).ravel()
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    members = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
    order = np.argsort(first)
    return [(members[g], table[first[g]]) for g in order]


def _fastest(times_min: Floats, rows: Ints, sites: Ints) -> Floats:
    if not len(sites):
        return np.full(len(rows), np.inf)
    return np.asarray(_without_nan(times_min[np.ix_(rows, sites)]).min(axis=1))


def _without_nan(times: Floats) -> Floats:
    times[np.isnan(times)] = np.inf
    return times
