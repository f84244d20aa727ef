"""Why a question has no answer: the smallest relaxation, and who stands in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from ortools.math_opt.python import mathopt

from routing.siting.clock import Clock
from routing.siting.frame import Frame
from routing.siting.goal import Goal, Outcome, nothing
from routing.siting.master import Master
from routing.siting.objectives.covering import CoverAll
from routing.siting.problem import Flags, Floats, Ints, SitingProblem
from routing.siting.proof import minimize
from routing.siting.question import Question, by_row
from routing.siting.requirements import (
    SLACK,
    EveryoneReached,
    MeanBound,
    Requirement,
    ShareBound,
    bounds,
)
from routing.siting.rules import Rule, rules

_SECONDS_OF_A_MINUTE = 60.0
# Minutes: longer than anything, but less than never.
_EVER = float(np.finfo(np.float64).max)
_ROUNDING = 1e-9
# Weight of rows that have none in the objective, in means, against the largest.
_TINY = 1e-12


@dataclass(frozen=True)
class Relaxed:
    """One bound and what it would have to be.

    Attributes:
        what: ``mean`` (minutes), ``share`` or ``cover`` (minutes).
        of: ``zone``, ``island``, or ``all`` for the covered share of ``double-standard``.
        label: which one; blank for all.
        condition: condition in which it has to hold by itself, or blank.
        asked: the bound as asked.
        needed: what it has to be relaxed to.
    """

    what: str
    of: str
    label: str
    condition: str
    asked: float
    needed: float


@dataclass(frozen=True)
class Blocking:
    """An island that keeps a bound from being met.

    Attributes:
        label: the island.
        bound: the relaxed bound it stands in the way of.
        rows: demand rows of the island that count, in the problem's numbering.
        mean_min: mean of these rows in the relaxed answer, over those that are reached; NaN where
            none is.
        soonest_min: mean if every site were open; NaN where no site reaches them.
        excess_min: for a mean, minutes that the island adds to the excess over the bound; for a
            share or a cover, minutes by which its slowest row is late, NaN where nobody comes.
    """

    label: str
    bound: Relaxed
    rows: Ints
    mean_min: float
    soonest_min: float
    excess_min: float


@dataclass(frozen=True)
class Relaxation:
    """The smallest relaxation found.

    Attributes:
        proven: whether no smaller one exists.
        rules: if rules for sites contradict each other, or leave somebody out of reach, the kinds
            of rule of which giving up any single one would do; empty where no single one would, or
            the rules are not the reason.
        relaxed: the bounds to relax.
        blocking: who stands in the way, the largest excess first.
        sites: open sites of the relaxed answer.
    """

    proven: bool
    rules: tuple[str, ...] = ()
    relaxed: tuple[Relaxed, ...] = ()
    blocking: tuple[Blocking, ...] = ()
    sites: Ints = field(default_factory=lambda: np.empty(0, np.int64))


def explain(
    problem: SitingProblem, question: Question, *, clock: Clock | None = None, seed: int = 0
) -> Relaxation:
    """Return the smallest relaxation of a question that has no answer.

    Rules for sites come first: where they contradict each other, or leave somebody whom they ask
    for out of reach, nothing else is looked at. Then times within which everybody has to be: the
    smallest number of minutes that all of them would have to grow by and, starting from there, the
    smallest for each zone by itself, one after another in the order of their labels, the others
    staying as far as they are by then. So no zone is told that could keep its time, and none more
    than it needs, with the others as told. Then, with these times, bounds on means and shares:
    ``min sum_b s_b / b`` with each bound b relaxed by s_b >= 0, so that minutes and shares weigh by
    how much of the bound they are; that on islands is one number.

    Args:
        problem: the problem.
        question: the question that was found infeasible.
        clock: wall time left.
        seed: passed to the solvers.
    """
    case = _Case(Frame(problem), question, clock or Clock(), seed)
    frame, radius = case.frame, case.radius
    needed: list[Requirement] = [EveryoneReached()] if question.reach_all else []
    reach = CoverAll(np.where(np.isnan(radius), np.nan, _EVER))
    found = case.any_answer([*needed, reach])
    if found.status == "infeasible":
        return Relaxation(proven=True, rules=_guilty_rules(case, [*needed, reach]))
    grown, proven = radius, True
    if not np.isnan(radius).all():
        found, grown, proven = _wider(case, needed, found)
    asked = bounds(frame, question)
    if found.is_answer and asked:
        found = _looser(case, [*needed, CoverAll(grown)], asked)
        proven = proven and found.status == "optimal"
    if not found.is_answer:
        return Relaxation(proven=False)
    return _told(case, asked, found.opened, proven)


@dataclass(frozen=True)
class _Case:
    """A question without an answer."""

    frame: Frame
    question: Question
    clock: Clock
    seed: int

    @property
    def radius(self) -> Floats:
        """Minutes within which each row has to be reached; NaN where the question does not ask."""
        question, problem = self.question, self.frame.problem
        by_zone: Mapping[str, float] = {}
        if question.objective == "set-cover":
            by_zone = question.target_min
        elif question.objective == "double-standard":
            by_zone = question.outer_min
        return by_row(problem, by_zone)[self.frame.rows]

    def master(
        self, required: Sequence[Requirement], only: Callable[[Rule], bool] = lambda _: True
    ) -> Master:
        return Master(
            self.frame,
            new=self.question.new,
            required=required,
            only=only,
            clock=self.clock,
            seed=self.seed,
        )

    def any_answer(
        self, required: Sequence[Requirement], only: Callable[[Rule], bool] = lambda _: True
    ) -> Outcome:
        return minimize(self.master(required, only), nothing())


def _guilty_rules(case: _Case, required: Sequence[Requirement]) -> tuple[str, ...]:
    keys = sorted({rule.key for rule in rules(case.frame, case.question.new)})
    freed = {
        key: case.any_answer(required, lambda rule, key=key: rule.key != key)  # type: ignore[misc]
        for key in keys
    }
    return tuple(key for key, found in freed.items() if found.is_answer)


def _wider(
    case: _Case, needed: Sequence[Requirement], known: Outcome
) -> tuple[Outcome, Floats, bool]:
    """Find the least growth of all radii together, then of each zone's radius by itself.

    Returns:
        An answer, the radii it keeps, and whether no smaller growth has one.
    """
    frame, radius = case.frame, case.radius
    asked = ~np.isnan(radius)
    best, least, proven = _least_growth(case, needed, np.zeros(len(radius)), asked, known)
    growth = np.where(asked, least, 0.0)
    for zone in sorted(set(frame.zones[asked].tolist())):
        if not (best.is_answer and proven):
            break
        mine = asked & (frame.zones == zone)
        best, least, proven = _least_growth(case, needed, growth, mine, best)
        growth[mine] = least
    return best, _grown(radius, growth), proven


def _least_growth(
    case: _Case, needed: Sequence[Requirement], growth: Floats, mine: Flags, known: Outcome
) -> tuple[Outcome, float, bool]:
    """Find the least growth of some radii that has an answer.

    Args:
        case: the question.
        needed: what else has to hold.
        growth: of the other radii, shape (rows of the frame,), minutes.
        mine: flags of the rows whose radii are to grow.
        known: an answer with all else; without one the longest growth is taken to have an answer.

    Returns:
        An answer, the growth in minutes, and whether no smaller one has an answer.
    """
    frame, radius = case.frame, case.radius
    late = np.column_stack([frame.base, frame.times])[mine] - radius[mine, None]
    # Not even all sites together keep a smaller growth.
    floor = max(0.0, float(late.min(axis=1).max(initial=0.0)))
    growths = np.unique(np.append(late[np.isfinite(late) & (late > floor)], floor))

    def place(found: Outcome) -> int:
        latest = (frame.open_times(found.opened) - radius)[mine].max(initial=0.0)
        return int(np.searchsorted(growths, latest))

    low, high, best = 0, len(growths) - 1, known
    if known.is_answer:
        high = min(high, place(known))
    halve = True
    while low < high:
        # The floor often has an answer; and of what is known, that it is the best often shows long
        # before halving comes there.
        halve = not halve
        middle = 0 if low == 0 else (low + high) // 2 if halve else high - 1
        grown = _grown(radius, np.where(mine, growths[middle], growth))
        found = case.any_answer([*needed, CoverAll(grown)])
        if found.is_answer:
            best, high = found, min(middle, place(found))
        elif found.status == "infeasible":
            low = middle + 1
        else:
            break
    return best, float(growths[high]), low == high


def _grown(radius: Floats, growth: Floats) -> Floats:
    """Return radii after growth; those that do not grow stay exactly what they are."""
    return np.asarray(radius + np.where(growth > 0, growth + _ROUNDING, 0.0))


def _looser(
    case: _Case, needed: Sequence[Requirement], asked: list[MeanBound | ShareBound]
) -> Outcome:
    """Relax bounds on means and shares as little as can be."""
    frame, master = case.frame, case.master(needed)
    longest = float(frame.times[np.isfinite(frame.times)].max(initial=0.0))
    most = max(1.0, longest, float(frame.base[np.isfinite(frame.base)].max(initial=0.0)))
    terms, together = [], _together(asked)
    for same in together:
        slack = master.model.add_variable(lb=0.0, ub=most)
        for one in same:
            one.add_to(master, relaxed_by=slack)
        terms.append(slack / _scale(same[0]))

    def value(opened: Ints) -> float:
        times = frame.open_times(opened)
        worst = ((max(one.excess(times) for one in same), _scale(same[0])) for same in together)
        return sum(max(0.0, excess - SLACK) / scale for excess, scale in worst)

    # Of a mean the model divides `SLACK` by all weight, and the true value by what is reached.
    return minimize(master, Goal(mathopt.fast_sum(terms), value, rounding=10 * SLACK))


def _together(asked: list[MeanBound | ShareBound]) -> list[list[MeanBound | ShareBound]]:
    """Return bounds in groups that are relaxed by as much: that on islands is one number."""
    groups: dict[object, list[MeanBound | ShareBound]] = {}
    for number, one in enumerate(asked):
        groups.setdefault("island" if one.of == "island" else number, []).append(one)
    return list(groups.values())


def _scale(one: MeanBound | ShareBound) -> float:
    return max(one.bound_min, 1.0) if isinstance(one, MeanBound) else max(one.bound, 0.01)


def _told(
    case: _Case, asked: list[MeanBound | ShareBound], opened: Ints, proven: bool
) -> Relaxation:
    """Return what a relaxed answer relaxes, and who stands in the way."""
    frame, radius, times = case.frame, case.radius, case.frame.open_times(opened)
    relaxed, blocking = [], []
    weights = np.maximum(frame.weights, _TINY * (float(frame.weights.max(initial=0.0)) or 1.0))
    for zone in sorted(set(frame.zones[times > radius].tolist())):
        late = (frame.zones == zone) & (times > radius)
        needed = float(times[late].max())
        what = Relaxed("cover", "zone", zone, "", float(radius[late][0]), needed)
        relaxed.append(what)
        blocking += _late(frame, what, weights, times, late, radius)
    for one in asked:
        if one.excess(times) > SLACK:
            what = _needed(one, times)
            relaxed.append(what)
            blocking += _in_the_way(frame, one, what, times)
    # Whoever is not reached at all comes first.
    blocking.sort(key=lambda entry: (-np.nan_to_num(entry.excess_min, nan=np.inf), entry.label))
    sites = np.sort(np.concatenate([frame.kept, frame.free[opened]]))
    return Relaxation(proven, (), tuple(relaxed), tuple(blocking), sites)


def _needed(one: MeanBound | ShareBound, times: Floats) -> Relaxed:
    if isinstance(one, MeanBound):
        needed = one.bound_min + one.excess(times)
        return Relaxed("mean", one.of, one.label, one.condition, one.bound_min, needed)
    needed = one.bound - one.excess(times)
    return Relaxed("share", one.of, one.label, one.condition, one.bound, needed)


def _in_the_way(
    frame: Frame, one: MeanBound | ShareBound, what: Relaxed, times: Floats
) -> list[Blocking]:
    """Return the islands that keep a bound on a mean or a share from being met."""
    if isinstance(one, ShareBound):
        late = (one.weights > 0) & (times > one.within_min)
        never = list(_never(frame, one, what))
        return never + _late(frame, what, one.weights, times, late, one.within_min)
    reached = np.isfinite(times) & (one.weights > 0)
    total = float(one.weights[reached].sum())
    over = np.where(reached, one.weights * (np.where(reached, times, 0.0) - one.bound_min), 0.0)
    found = []
    for island in np.unique(frame.islands[reached]):
        rows = np.flatnonzero(reached & (frame.islands == island))
        excess = float(over[rows].sum()) / total
        if excess > 0:
            found.append(_entry(frame, rows, one.weights[rows], what, times, excess))
    return found


def _late(
    frame: Frame, what: Relaxed, weights: Floats, times: Floats, late: Flags, within: Floats
) -> list[Blocking]:
    """Return the islands of rows that come too late for a time, with the most that one does."""
    found = []
    for island in np.unique(frame.islands[late]):
        rows = np.flatnonzero(late & (frame.islands == island))
        excess = float((times[rows] - within[rows]).max())
        excess = excess if np.isfinite(excess) else np.nan
        found.append(_entry(frame, rows, weights[rows], what, times, excess))
    return found


def _never(frame: Frame, one: ShareBound, what: Relaxed) -> Iterator[Blocking]:
    """Yield the islands of rows that no site reaches at all, which count in a share."""
    problem = frame.problem
    alone = problem.conditions == one.condition
    weights = np.where(alone, problem.weights, 0.0) if one.condition else problem.importance
    rows = problem.unreachable()
    rows = rows[weights[rows] > 0]
    if one.of == "zone":
        rows = rows[problem.zones[rows] == one.label]
    labels = np.where(problem.islands == "", np.arange(problem.n_demand), problem.islands)[rows]
    for label in np.unique(labels):
        yield Blocking(str(label), what, rows[labels == label], np.nan, np.nan, np.nan)


def _entry(
    frame: Frame, rows: Ints, weights: Floats, what: Relaxed, times: Floats, excess: float
) -> Blocking:
    original = frame.rows[rows]
    label = str(frame.problem.islands[original[0]]) or str(original[0])
    soonest = np.minimum(frame.base[rows], frame.times[rows].min(axis=1, initial=np.inf))
    reached = np.isfinite(times[rows])
    mean = (
        float(np.average(times[rows][reached], weights=weights[reached]))
        if reached.any()
        else np.nan
    )
    return Blocking(
        label, what, original, mean, float(np.average(soonest, weights=weights)), excess
    )


def relaxed_question(question: Question, relaxation: Relaxation) -> Question:
    """Return the question with its bounds relaxed, rounded outwards: minutes to the second."""
    means, shares = dict(question.mean_min), dict(question.share_within)
    covers = dict(question.target_min if question.objective == "set-cover" else question.outer_min)
    worst, covered = question.worst_island_min, question.covered_share
    for one in relaxation.relaxed:
        if one.what == "cover":
            covers[one.label] = _up(one.needed)
        elif one.what == "share" and one.of == "all":
            covered = _down(one.needed)
        elif one.what == "share":
            shares[one.label] = min(shares[one.label], _down(one.needed))
        elif one.of == "zone":
            means[one.label] = max(means[one.label], _up(one.needed))
        elif worst is not None:
            worst = max(worst, _up(one.needed))
    name = "target_min" if question.objective == "set-cover" else "outer_min"
    changed = replace(question, mean_min=means, share_within=shares, covered_share=covered)
    return replace(changed, worst_island_min=worst, **{name: covers})  # type: ignore[arg-type]


def _down(share: float) -> float:
    """Return a share rounded down to a hundredth of a percent."""
    return float(np.floor(share * 1e4) / 1e4)


def _up(minutes: float) -> float:
    """Return minutes rounded up to the second."""
    return float(np.ceil(minutes * _SECONDS_OF_A_MINUTE) / _SECONDS_OF_A_MINUTE)
