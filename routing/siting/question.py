"""What is asked of a siting problem: the objective and its parameters, checked once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from geodata.errors import Fault, InputError
from routing.siting.problem import Floats, SitingProblem

OBJECTIVES = (
    "min-sites",
    "max-coverage",
    "set-cover",
    "min-mean",
    "min-worst",
    "double-standard",
    "backup",
    "expected-coverage",
    "survival",
    "equity",
)
# Objectives whose targets are times within which a point counts as covered, not bounds on means.
COVERING = ("max-coverage", "set-cover", "double-standard", "backup", "expected-coverage")
# Objectives that decide how many sites there are; all others are told.
COUNTING = ("min-sites", "set-cover")
# Objectives that first reach as much weight as can be.
REACH_FIRST = ("min-mean", "min-worst", "equity")
MAXIMIZED = ("max-coverage", "double-standard", "backup", "expected-coverage", "survival")
# Survival after cardiac arrest by response time in minutes, as Erkut et al. (2008) take it from De
# Maio et al. (2003).
DE_MAIO = (0.679, 0.262)

ByZone = float | Mapping[str, float] | None


@dataclass(frozen=True)
class Question:
    """A checked question; make it with `ask`.

    Attributes:
        objective: one of `OBJECTIVES`.
        new: largest number of new sites, or None for any number.
        target_min: target of each zone that has one, minutes.
        mean_min: bound on the mean of each zone that has one, minutes.
        share_within: least share of each zone's weight that is reached within its target.
        worst_island_min: bound on the mean of every island, or None.
        outer_min: of ``double-standard``, the outer time of each zone.
        covered_share: of ``double-standard``, least share of all weight within the inner time.
        first_share: of ``backup``, weight of being covered once; being covered twice has the rest.
        busy: of ``expected-coverage``, busy fraction of the crews that serve each zone.
        survival: of ``survival``, the parameters a and b of ``1 / (1 + exp(a + b t))``.
        step_min: of ``equity``, width of a class of times that count as equal; 0 for none.
        reach_all: of ``min-sites``, whether everybody whom some site can reach has to be reached.
    """

    objective: str
    new: int | None = None
    target_min: Mapping[str, float] = field(default_factory=dict)
    mean_min: Mapping[str, float] = field(default_factory=dict)
    share_within: Mapping[str, float] = field(default_factory=dict)
    worst_island_min: float | None = None
    outer_min: Mapping[str, float] = field(default_factory=dict)
    covered_share: float = 0.0
    first_share: float = 0.5
    busy: Mapping[str, float] = field(default_factory=dict)
    survival: tuple[float, float] = DE_MAIO
    step_min: float = 1.0
    reach_all: bool = False

    @property
    def sign(self) -> int:
        """Factor that turns the objective's value into one to be minimized."""
        return -1 if self.objective in MAXIMIZED else 1

    @property
    def is_plain(self) -> bool:
        """Whether nothing is asked beside the objective and the number of new sites."""
        bounds = (self.mean_min, self.share_within)
        return not any(bounds) and self.worst_island_min is None

    def radius(self, problem: SitingProblem) -> Floats:
        """Return for each demand row the time within which it counts as covered."""
        return by_row(problem, self.target_min)


def by_row(problem: SitingProblem, by_zone: Mapping[str, float]) -> Floats:
    """Return the value of each demand row's zone; NaN where the zone has none."""
    found = np.full(problem.n_demand, np.nan)
    for zone, value in by_zone.items():
        found[problem.zones == zone] = value
    return found


def ask(
    problem: SitingProblem,
    *,
    objective: str,
    new: int | None = None,
    target_min: ByZone = None,
    mean_min: ByZone = None,
    share_within: ByZone = None,
    worst_island_min: float | None = None,
    outer_min: ByZone = None,
    covered_share: float = 0.0,
    first_share: float = 0.5,
    busy: ByZone = None,
    survival: tuple[float, float] = DE_MAIO,
    step_min: float = 1.0,
    reach_all: bool | None = None,
) -> Question:
    """Return the question after checking that it fits the problem; see `routing.siting.solve`.

    Raises:
        InputError: with every fault found.
    """
    check = _Checker(problem, objective)
    covering = objective in COVERING
    target = check.by_zone("target_min", target_min)
    means = check.by_zone("mean_min", mean_min)
    question = Question(
        objective=objective,
        new=new,
        target_min=target,
        mean_min=means if covering else {**target, **means},
        share_within=check.by_zone("share_within", share_within, most=1.0),
        worst_island_min=check.number("worst_island_min", worst_island_min),
        outer_min=check.by_zone("outer_min", outer_min),
        covered_share=check.share("covered_share", covered_share),
        first_share=check.share("first_share", first_share),
        busy=check.by_zone("busy", busy, most=1.0),
        survival=survival,
        step_min=step_min,
        reach_all=objective == "min-sites" and _everyone(problem, reach_all),
    )
    check.whole(question)
    if check.faults:
        raise InputError(check.faults)
    return question


class _Checker:
    def __init__(self, problem: SitingProblem, objective: str) -> None:
        self.problem, self.objective = problem, objective
        self.zones = sorted(set(problem.zones.tolist()))
        self.faults: list[Fault] = []

    def by_zone(self, name: str, given: ByZone, *, most: float = math.inf) -> dict[str, float]:
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            return {zone: self._bounded(name, float(given), most) for zone in self.zones}
        known: dict[str, object] = {"known": ", ".join(self.zones)}
        self.faults += [
            Fault("siting_no_such_zone", name, zone, known)
            for zone in given
            if zone not in self.zones
        ]
        return {z: self._bounded(f"{name}[{z}]", float(v), most) for z, v in sorted(given.items())}

    def number(self, name: str, value: float | None) -> float | None:
        return None if value is None else self._bounded(name, float(value), math.inf)

    def share(self, name: str, value: float) -> float:
        return self._bounded(name, float(value), 1.0)

    def _bounded(self, name: str, value: float, most: float) -> float:
        if not (math.isfinite(value) and value >= 0):
            self.faults.append(Fault("siting_negative", name, value))
        elif value > most:
            self.faults.append(Fault("siting_too_large", name, value, {"most": f"{most:g}"}))
        return value

    def whole(self, question: Question) -> None:
        """Note what the question lacks, and what contradicts the problem."""
        asked, problem = question.objective, self.problem
        if asked not in OBJECTIVES:
            choices: dict[str, object] = {"choices": ", ".join(OBJECTIVES)}
            self.faults.append(Fault("not_a_choice", "objective", asked, choices))
            return
        if asked == "min-sites" and not _bounds_anything(question):
            self._needs("siting_needs_target", "target_min")
        if asked in COVERING or question.share_within:
            wanted = question.share_within if asked not in COVERING else self.zones
            for zone in wanted:
                if zone not in question.target_min:
                    self._needs("siting_needs_radius", f"target_min[{zone}]")
        if asked not in COUNTING and question.new is None:
            self._needs("siting_needs_new", "new")
        self._count(question.new, int((problem.undecided & ~problem.existing).sum()))
        if asked == "double-standard":
            for zone, outer in question.outer_min.items():
                inner = question.target_min.get(zone, 0.0)
                if 0 <= outer < inner:
                    where = f"outer_min[{zone}]"
                    self.faults.append(Fault("siting_outer", where, outer, {"inner": inner}))
        if asked == "expected-coverage":
            for zone in self.zones:
                if zone not in question.busy:
                    self._needs("siting_needs_busy", f"busy[{zone}]")
        if not (question.survival[1] >= 0 and all(map(math.isfinite, question.survival))):
            self.faults.append(Fault("siting_survival", "survival", str(question.survival)))
        if not 0 <= question.step_min < math.inf:
            self.faults.append(Fault("siting_negative", "step_min", question.step_min))

    def _count(self, new: int | None, free: int) -> None:
        if new is None:
            return
        required = int((self.problem.required & ~self.problem.existing).sum())
        if not 0 <= new <= free or new != int(new):
            self.faults.append(Fault("siting_new_range", "new", new, {"candidates": free}))
        elif new < required:
            params: dict[str, object] = {"required": required}
            self.faults.append(Fault("siting_new_below_required", "new", new, params))

    def _needs(self, key: str, where: str) -> None:
        self.faults.append(Fault(key, where, params={"objective": self.objective}))


def _everyone(problem: SitingProblem, asked: bool | None) -> bool:
    return not problem.existing.any() if asked is None else asked


def _bounds_anything(question: Question) -> bool:
    return bool(question.mean_min or question.share_within or question.worst_island_min is not None)
