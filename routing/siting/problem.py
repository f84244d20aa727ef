"""A siting problem, free of any solver: sites, demand, times and what is already there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from geodata.errors import Fault, InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Texts = NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class SitingProblem:
    """Which sites could serve which demand, how fast, and what may be opened or closed.

    Build it with `from_matrix`, which checks everything; join several conditions with `across`.

    Attributes:
        times_min: shape (demand, sites), minutes from each site to each demand point; NaN where the
            site cannot reach the point.
        weights: shape (demand,), for instance expected calls a year; not negative.
        zones: zone label of each demand point, shape (demand,).
        existing: sites that are open today, shape (sites,) of bool.
        site_costs: shape (sites,): of a new site what opening it costs; of a closable or movable
            one what closing it saves; 0 for the other existing ones.
        closable: existing sites that may be closed, shape (sites,) of bool.
        movable: existing sites that may be closed if a new one of their kind opens for each, beside
            those that are asked for; shape (sites,) of bool.
        required: new sites that every answer opens, shape (sites,) of bool.
        forbidden: sites that no answer opens; an existing one is closed beforehand.
        kinds: kind of each site, shape (sites,), for instance ``ambulance_post``.
        areas: area of each site, shape (sites,), for instance its county; blank where it has none.
        crews: crews that a site has when open, shape (sites,), at least 1. Give a site that may
            hold several crews one column for each.
        islands: label of each demand point's island, shape (demand,); blank for a point that counts
            as an island of its own.
        conditions: name of the condition that each demand row belongs to, shape (demand,); blank
            where there is one only.
        condition_shares: weight of each condition in means and objectives, by name.
        must_hold: conditions in which the targets must hold by themselves too.
        exclusive: groups of sites of which at most one may be open.
        budget: most that the new sites may cost, less what closing saves; None for no limit.
        max_new_by_kind: most new sites of a kind, those for moved ones aside.
        min_new_by_area: least number of new sites in an area.
        min_open_by_area: least number of open sites in an area, existing ones included.
    """

    times_min: Floats
    weights: Floats
    zones: Texts
    existing: Flags
    site_costs: Floats
    closable: Flags
    movable: Flags
    required: Flags
    forbidden: Flags
    kinds: Texts
    areas: Texts
    crews: Ints
    islands: Texts
    conditions: Texts
    condition_shares: Mapping[str, float]
    must_hold: tuple[str, ...] = ()
    exclusive: tuple[tuple[int, ...], ...] = ()
    budget: float | None = None
    max_new_by_kind: Mapping[str, int] | None = None
    min_new_by_area: Mapping[str, int] | None = None
    min_open_by_area: Mapping[str, int] | None = None

    @classmethod
    def from_matrix(
        cls,
        times_min: ArrayLike | sparse.sparray,
        *,
        weights: ArrayLike | None = None,
        zones: Sequence[str] | None = None,
        existing: Sequence[int] = (),
        site_costs: ArrayLike | None = None,
        closable: Sequence[int] = (),
        movable: Sequence[int] = (),
        required: Sequence[int] = (),
        forbidden: Sequence[int] = (),
        kinds: Sequence[str] | None = None,
        areas: Sequence[str] | None = None,
        crews: Sequence[int] | None = None,
        islands: Sequence[str] | None = None,
        exclusive: Sequence[Collection[int]] = (),
        budget: float | None = None,
        max_new_by_kind: Mapping[str, int] | None = None,
        min_new_by_area: Mapping[str, int] | None = None,
        min_open_by_area: Mapping[str, int] | None = None,
    ) -> SitingProblem:
        """Return a problem after checking all of its parts.

        Args:
            times_min: shape (demand, sites), minutes, not negative; dense with NaN or inf for
                unreachable pairs, or a scipy sparse array whose absent entries are unreachable. A
                dense array of floats is not copied: leave it as it is.
            weights: shape (demand,), not negative; default 1 each.
            zones: label of each demand point; default one zone ``all``.
            existing: indices of sites that are open already.
            site_costs: shape (sites,), not negative; default 1 each.
            closable, movable: which of `existing` may be closed or moved.
            required, forbidden: sites that must be open, and that must not.
            kinds: kind of each site; default one kind ``post``.
            areas: area of each site; default none.
            crews: crews of each site when open; default 1 each.
            islands: island of each demand point; default each point an island of its own.
            exclusive: groups of sites of which at most one may be open.
            budget: most that may be spent.
            max_new_by_kind, min_new_by_area, min_open_by_area: numbers by label.

        Raises:
            InputError: with every fault found.

        Example:
            >>> problem = SitingProblem.from_matrix([[9.0, 4.0], [30.0, 12.0]], existing=[0])
            >>> problem.today_min().tolist()
            [9.0, 30.0]
        """
        check = _Checker(*_shape(times_min))
        times = check.times(times_min)
        n, m = times.shape
        open_ = check.mask(existing, "existing")
        may_close = check.mask(closable, "closable")
        may_move = check.mask(movable, "movable")
        must, must_not = check.mask(required, "required"), check.mask(forbidden, "forbidden")
        cost = check.numbers(site_costs, m, "site_costs")
        crew = check.numbers(crews, m, "crews", minimum=1.0)
        stays = open_ & ~may_close & ~may_move
        problem = cls(
            times_min=times,
            weights=check.numbers(weights, n, "weights"),
            zones=check.labels(zones, n, "zones", "all"),
            existing=open_,
            site_costs=np.where(stays, 0.0, cost),
            closable=may_close,
            movable=may_move,
            required=must,
            forbidden=must_not,
            kinds=check.labels(kinds, m, "kinds", "post"),
            areas=check.labels(areas, m, "areas", ""),
            crews=np.rint(crew).astype(np.int64),
            islands=check.labels(islands, n, "islands", ""),
            conditions=np.full(n, "", dtype=np.str_),
            condition_shares={"": 1.0},
            exclusive=tuple(tuple(sorted(check.sites(g, "exclusive"))) for g in exclusive),
            budget=budget,
            max_new_by_kind=max_new_by_kind,
            min_new_by_area=min_new_by_area,
            min_open_by_area=min_open_by_area,
        )
        check.contradictions(problem)
        if check.faults:
            raise InputError(check.faults)
        return problem

    @classmethod
    def across(
        cls,
        problems: Mapping[str, SitingProblem],
        *,
        shares: Mapping[str, float] | None = None,
        must_hold: Sequence[str] = (),
    ) -> SitingProblem:
        """Join problems that differ in their times alone into one that holds for all of them.

        Args:
            problems: the problem under each condition, by name. Sites and rules are those of the
                first.
            shares: weight of each condition in the means and in the objective, for instance the
                share of the year; default the same for all. A condition of weight 0 counts only if
                it is in `must_hold`.
            must_hold: conditions in which every target has to hold by itself.

        Raises:
            InputError: if there is no problem, the sites differ, or a share or name is wrong.
        """
        if not problems:
            raise InputError(Fault("siting_no_conditions", "problems"))
        first = next(iter(problems.values()))
        share = dict.fromkeys(problems, 1.0) if shares is None else dict(shares)
        faults = [
            Fault("siting_no_such_condition", place, name, {"conditions": ", ".join(problems)})
            for place, names in (("shares", share), ("must_hold", must_hold))
            for name in names
            if name not in problems
        ]
        share = {name: float(share.get(name, 0.0)) for name in problems}
        faults += [
            Fault("siting_negative", f"shares[{name}]", value)
            for name, value in share.items()
            if not 0 <= value < np.inf
        ]
        if not faults and not sum(share.values()) > 0:
            faults.append(Fault("siting_no_share", "shares"))
        faults += [
            Fault("siting_sites_differ", name, one.n_sites, {"expected": first.n_sites})
            for name, one in problems.items()
            if one.n_sites != first.n_sites
        ]
        if faults:
            raise InputError(faults)
        total = sum(share.values())
        return replace(
            first,
            times_min=np.vstack([one.times_min for one in problems.values()]),
            weights=np.concatenate([one.weights for one in problems.values()]),
            zones=np.concatenate([one.zones for one in problems.values()]),
            islands=np.concatenate([one.islands for one in problems.values()]),
            conditions=np.repeat(
                np.array(list(problems), dtype=np.str_), [one.n_demand for one in problems.values()]
            ),
            condition_shares={name: value / total for name, value in share.items()},
            must_hold=tuple(must_hold),
        )

    @property
    def n_demand(self) -> int:
        """Number of demand rows."""
        return int(self.times_min.shape[0])

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return int(self.times_min.shape[1])

    @property
    def kept(self) -> Flags:
        """Existing sites that stay open whatever is decided."""
        return np.asarray(self.existing & ~self.closable & ~self.movable & ~self.forbidden)

    @property
    def undecided(self) -> Flags:
        """Sites to be decided on: candidates, and existing ones that may close or move."""
        return np.asarray(~self.kept & ~self.forbidden)

    @property
    def importance(self) -> Floats:
        """Weight of each demand row in objectives: its weight times its condition's share."""
        if len(self.condition_shares) == 1:
            return self.weights
        share = np.zeros(self.n_demand)
        for name, value in self.condition_shares.items():
            share[self.conditions == name] = value
        return np.asarray(self.weights * share)

    def today_min(self) -> Floats:
        """Return the time from the nearest existing site to each demand point; NaN where none."""
        return nearest_min(self.times_min, np.flatnonzero(self.existing))

    def mean_min(self, times: Floats) -> dict[str, float]:
        """Return the weighted mean of known `times` by zone; NaN where a zone has no weight."""
        found, weights = {}, self.importance
        for zone in sorted(set(self.zones.tolist())):
            mine = (self.zones == zone) & ~np.isnan(times) & (weights > 0)
            weight = weights[mine]
            found[zone] = (
                float((times[mine] * weight).sum() / weight.sum()) if mine.any() else np.nan
            )
        return found

    def unreachable(self) -> Ints:
        """Return the demand rows that no site of the problem can reach, forbidden sites aside."""
        usable = self.times_min[:, ~self.forbidden] if self.forbidden.any() else self.times_min
        return np.flatnonzero(np.isnan(usable).all(axis=1))


def nearest_min(times_min: Floats, open_sites: Ints) -> Floats:
    """Return the smallest time of the open sites by demand point; NaN where none reaches it."""
    if not len(open_sites):
        return np.full(times_min.shape[0], np.nan)
    return np.asarray(np.fmin.reduce(times_min[:, open_sites], axis=1))


def _shape(times_min: ArrayLike | sparse.sparray) -> tuple[int, int]:
    given: Any = times_min
    shape = given.shape if sparse.issparse(given) else np.shape(given)
    if len(shape) != 2 or 0 in shape:
        raise InputError(Fault("siting_shape", "times_min", str(tuple(shape))))
    return int(shape[0]), int(shape[1])


class _Checker:
    """Collects the faults of a problem's parts."""

    def __init__(self, n: int, m: int) -> None:
        self.n, self.m = n, m
        self.faults: list[Fault] = []

    def times(self, given: ArrayLike | sparse.sparray) -> Floats:
        times = self._dense(given)
        lowest = float(np.fmin.reduce(times, axis=None))
        if lowest < 0:
            self.faults.append(Fault("siting_negative", "times_min", lowest))
        if np.isposinf(times).any():
            times = np.where(np.isposinf(times), np.nan, times)
        return times

    def _dense(self, given: ArrayLike | sparse.sparray) -> Floats:
        if not sparse.issparse(given):
            return np.asarray(given, dtype=np.float64)
        entries = sparse.coo_array(given)
        if np.isnan(entries.data).any():
            self.faults.append(Fault("siting_nan_entry", "times_min", float("nan")))
        dense = np.full(entries.shape, np.nan)
        dense[entries.row, entries.col] = entries.data
        return dense

    def numbers(
        self, values: ArrayLike | None, size: int, name: str, *, minimum: float = 0.0
    ) -> Floats:
        if values is None:
            return np.ones(size)
        vector = np.array(values, dtype=np.float64)
        if vector.shape != (size,):
            self._length(name, str(vector.shape), size)
            return np.ones(size)
        wrong = ~np.isfinite(vector) | (vector < minimum)
        if wrong.any():
            key = "siting_negative" if minimum == 0 else "siting_too_small"
            self.faults.append(
                Fault(key, name, float(vector[wrong][0]), {"minimum": f"{minimum:g}"})
            )
        return vector

    def labels(self, values: Sequence[str] | None, size: int, name: str, default: str) -> Texts:
        if values is None:
            return np.full(size, default)
        label = np.asarray(values, dtype=np.str_)
        if label.shape != (size,):
            self._length(name, label.size, size)
            return np.full(size, "", dtype=np.str_)
        return label

    def _length(self, name: str, value: object, expected: int) -> None:
        self.faults.append(Fault("siting_length", name, value, {"expected": expected}))

    def sites(self, given: Collection[int], name: str) -> list[int]:
        found = []
        for site in given:
            if 0 <= int(site) < self.m:
                found.append(int(site))
            else:
                self.faults.append(Fault("siting_no_such_site", name, site, {"sites": self.m}))
        return found

    def mask(self, given: Collection[int], name: str) -> Flags:
        found = np.zeros(self.m, dtype=bool)
        found[self.sites(given, name)] = True
        return found

    def contradictions(self, problem: SitingProblem) -> None:
        """Note what the parts say against each other."""
        for name, mask in (("closable", problem.closable), ("movable", problem.movable)):
            self._each(name, mask & ~problem.existing, "siting_not_existing")
        self._each("movable", problem.closable & problem.movable, "siting_close_and_move")
        self._each("forbidden", problem.required & problem.forbidden, "siting_keep_and_close")
        moving = problem.closable | problem.movable
        self._each("forbidden", moving & problem.forbidden, "siting_keep_and_close")
        stays = problem.kept | problem.required
        for group in problem.exclusive:
            both = [site for site in group if stays[site]]
            if len(both) > 1:
                self.faults.append(Fault("siting_exclusive_stay", "exclusive", str(both[:2])))
        if problem.budget is not None and not problem.budget >= 0:
            self.faults.append(Fault("siting_negative", "budget", problem.budget))
        self._counts("max_new_by_kind", problem.max_new_by_kind, problem.kinds)
        self._counts("min_new_by_area", problem.min_new_by_area, problem.areas)
        self._counts("min_open_by_area", problem.min_open_by_area, problem.areas)

    def _each(self, name: str, wrong: Flags, key: str) -> None:
        self.faults += [Fault(key, name, int(site)) for site in np.flatnonzero(wrong)]

    def _counts(self, name: str, counts: Mapping[str, int] | None, labels: Texts) -> None:
        known = set(labels.tolist())
        for label, count in (counts or {}).items():
            if label not in known:
                params: dict[str, object] = {"known": ", ".join(sorted(known))}
                self.faults.append(Fault("siting_no_such_label", name, label, params))
            if not count >= 0:
                self.faults.append(Fault("siting_negative", f"{name}[{label}]", count))
