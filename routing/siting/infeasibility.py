"""Why a question has no answer: the smallest relaxation, and who stands in the way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from ortools.math_opt.python import mathopt

from routing.siting.clock import Clock
from routing.siting.frame import Frame
from routing.siting.goal import Goal, Outcome
from routing.siting.master import Master
from routing.siting.objectives.covering import CoverAll
from routing.siting.problem import Floats, Ints, SitingProblem
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
from routing.siting.rules import rules

_SECONDS_OF_A_MINUTE = 60.0


@dataclass(frozen=True)
class Relaxed:
    """One bound and what it would have to be.

    Attributes:
        what: ``mean`` (minutes), ``share`` or ``cover`` (minutes).
        of: ``zone`` or ``island``.
        label: which one.
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
        mean_min: mean of these rows in the relaxed answer.
        soonest_min: mean if every site were open.
        excess_min: minutes that the island adds to the excess over the bound.
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
        rules: if rules for sites contradict each other, the kinds of rule of which giving up any
            single one would do; empty where the rules are not the reason.
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

    Bounds on means and shares: ``min sum_b s_b / b`` with each bound b relaxed by s_b >= 0, so that
    minutes and shares weigh by how much of the bound they are; that on islands is one number. Cover
    radii: the smallest number of minutes that all of them would have to grow by.

    Args:
        problem: the problem.
        question: the question that was found infeasible.
        clock: wall time left.
        seed: passed to the solvers.
    """
    clock = clock or Clock()
    frame = Frame(problem)
    bare = Master(frame, new=question.new, clock=clock, seed=seed)
    nothing = Goal(mathopt.LinearSum([0.0]), lambda _: 0.0)
    if minimize(bare, nothing).status == "infeasible":
        return Relaxation(proven=True, rules=_guilty_rules(frame, question, clock, seed))
    radius = _radius(problem, question)
    if radius is not None:
        return _wider(frame, question, radius[frame.rows], clock, seed)
    return _looser(frame, question, clock, seed)


def _guilty_rules(frame: Frame, question: Question, clock: Clock, seed: int) -> tuple[str, ...]:
    kinds = sorted({rule.key for rule in rules(frame, question.new)})
    return tuple(kind for kind in kinds if _is_feasible_without(frame, question, kind, clock, seed))


def _is_feasible_without(
    frame: Frame, question: Question, kind: str, clock: Clock, seed: int
) -> bool:
    master = Master(
        frame, new=question.new, clock=clock, seed=seed, only=lambda rule: rule.key != kind
    )
    nothing = Goal(mathopt.LinearSum([0.0]), lambda _: 0.0)
    return minimize(master, nothing).status == "optimal"


def _radius(problem: SitingProblem, question: Question) -> Floats | None:
    """Return the time within which everybody has to be, for objectives that ask for it."""
    if question.objective == "set-cover":
        return question.radius(problem)
    if question.objective == "double-standard" and question.outer_min:
        return by_row(problem, question.outer_min)
    return None


def _looser(frame: Frame, question: Question, clock: Clock, seed: int) -> Relaxation:
    everyone: list[Requirement] = [EveryoneReached()] if question.reach_all else []
    asked = bounds(frame, question)
    master = Master(frame, new=question.new, required=everyone, clock=clock, seed=seed)
    terms, together = [], _together(asked)
    for same in together:
        slack = master.model.add_variable(lb=0.0)
        for one in same:
            one.add_to(master, relaxed_by=slack)
        terms.append(slack / _scale(same[0]))

    def value(opened: Ints) -> float:
        times = frame.open_times(opened)
        worst = ((max(one.excess(times) for one in same), _scale(same[0])) for same in together)
        return sum(max(0.0, excess - SLACK) / scale for excess, scale in worst)

    found = minimize(master, Goal(mathopt.fast_sum(terms), value))
    if not found.is_answer:
        return Relaxation(proven=False)
    times = frame.open_times(found.opened)
    relaxed = [(one, _needed(one, times)) for one in asked if one.excess(times) > SLACK]
    blocking = [
        entry
        for one, what in relaxed
        if isinstance(one, MeanBound)
        for entry in _blocking(frame, one, what, times)
    ]
    blocking.sort(key=lambda entry: (-entry.excess_min, entry.label))
    return Relaxation(
        proven=found.status == "optimal",
        relaxed=tuple(what for _, what in relaxed),
        blocking=tuple(blocking),
        sites=np.sort(np.concatenate([frame.kept, frame.free[found.opened]])),
    )


def _together(asked: list[MeanBound | ShareBound]) -> list[list[MeanBound | ShareBound]]:
    """Return bounds in groups that are relaxed by as much: that on islands is one number."""
    groups: dict[object, list[MeanBound | ShareBound]] = {}
    for number, one in enumerate(asked):
        groups.setdefault("island" if one.of == "island" else number, []).append(one)
    return list(groups.values())


def _scale(one: MeanBound | ShareBound) -> float:
    return max(one.bound_min, 1.0) if isinstance(one, MeanBound) else max(one.bound, 0.01)


def _needed(one: MeanBound | ShareBound, times: Floats) -> Relaxed:
    if isinstance(one, MeanBound):
        needed = one.bound_min + one.excess(times)
        return Relaxed("mean", one.of, one.label, one.condition, one.bound_min, needed)
    needed = one.bound - one.excess(times)
    return Relaxed("share", one.of, one.label, one.condition, one.bound, needed)


def _blocking(frame: Frame, one: MeanBound, what: Relaxed, times: Floats) -> list[Blocking]:
    """Return the islands that lie above a bound on a mean, by what they add to its excess."""
    reached = np.isfinite(times) & (one.weights > 0)
    soonest = np.minimum(frame.base, frame.times.min(axis=1, initial=np.inf))
    total, found = float(one.weights[reached].sum()), []
    for island in np.unique(frame.islands[reached]):
        rows = np.flatnonzero(reached & (frame.islands == island))
        weights = one.weights[rows]
        excess = float((weights * (times[rows] - one.bound_min)).sum()) / total
        if excess > 0:
            found.append(_entry(frame, rows, weights, what, times, soonest, excess))
    return found


def _entry(
    frame: Frame,
    rows: Ints,
    weights: Floats,
    what: Relaxed,
    times: Floats,
    soonest: Floats,
    excess: float,
) -> Blocking:
    original = frame.rows[rows]
    label = str(frame.problem.islands[original[0]]) or str(original[0])
    mean = float(np.average(times[rows], weights=weights))
    best = float(np.average(soonest[rows], weights=weights))
    return Blocking(label, what, original, mean, best, excess)


def _wider(frame: Frame, question: Question, radius: Floats, clock: Clock, seed: int) -> Relaxation:
    """Find the smallest number of minutes by which all radii have to grow."""
    every = np.concatenate([frame.base[:, None], frame.times], axis=1) - radius[:, None]
    growths = np.unique(every[np.isfinite(every) & (every > 0)])
    low, high, best, proven = 0, len(growths), Outcome("unknown"), True
    while low < high:
        middle = (low + high) // 2
        found = _within(frame, question, radius + growths[middle], clock, seed)
        if found.is_answer:
            best, high = found, middle
        elif found.status == "infeasible":
            low = middle + 1
        else:
            proven = False
            break
    if not best.is_answer:
        return Relaxation(proven=False)
    times = frame.open_times(best.opened)
    return _wider_told(frame, radius, times, best, proven)


def _within(frame: Frame, question: Question, radius: Floats, clock: Clock, seed: int) -> Outcome:
    master = Master(frame, new=question.new, required=[CoverAll(radius)], clock=clock, seed=seed)
    return minimize(master, Goal(mathopt.LinearSum([0.0]), lambda _: 0.0))


def _wider_told(
    frame: Frame, radius: Floats, times: Floats, best: Outcome, proven: bool
) -> Relaxation:
    soonest = np.minimum(frame.base, frame.times.min(axis=1, initial=np.inf))
    relaxed: dict[str, Relaxed] = {}
    for zone in sorted(set(frame.zones.tolist())):
        mine = (frame.zones == zone) & (times > radius)
        if mine.any():
            asked = float(radius[mine][0])
            relaxed[zone] = Relaxed("cover", "zone", zone, "", asked, float(times[mine].max()))
    blocking = []
    for island in np.unique(frame.islands[times > radius]):
        rows = np.flatnonzero((frame.islands == island) & (times > radius))
        excess = float((times[rows] - radius[rows]).max())
        weights = np.maximum(frame.weights[rows], 1e-12)
        what = relaxed[str(frame.zones[rows[0]])]
        blocking.append(_entry(frame, rows, weights, what, times, soonest, excess))
    blocking.sort(key=lambda entry: (-entry.excess_min, entry.label))
    sites = np.sort(np.concatenate([frame.kept, frame.free[best.opened]]))
    return Relaxation(proven, (), tuple(relaxed.values()), tuple(blocking), sites)


def relaxed_question(question: Question, relaxation: Relaxation) -> Question:
    """Return the question with its zone bounds on means and shares relaxed, rounded outwards."""
    means, shares = dict(question.mean_min), dict(question.share_within)
    worst = question.worst_island_min
    for one in relaxation.relaxed:
        if one.what == "mean" and one.of == "zone":
            means[one.label] = max(means[one.label], _up(one.needed))
        elif one.what == "mean" and worst is not None:
            worst = max(worst, _up(one.needed))
        elif one.what == "share":
            shares[one.label] = min(shares[one.label], np.floor(one.needed * 1e4) / 1e4)
    return replace(question, mean_min=means, share_within=shares, worst_island_min=worst)


def _up(minutes: float) -> float:
    """Return minutes rounded up to the second."""
    return float(np.ceil(minutes * _SECONDS_OF_A_MINUTE) / _SECONDS_OF_A_MINUTE)
